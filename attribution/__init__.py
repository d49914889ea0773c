"""A book of courses and a risk model -> contributions -> report."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attribution.book import Book, read_book
    from attribution.brinson import BrinsonEffects, brinson_effects, geometric_effects
    from attribution.grouping import read_grouping
    from attribution.hierarchy import hierarchical_effects
    from attribution.linking import link
    from attribution.reconcile import ReconciliationError
    from attribution.report.write import ReportFiles
    from attribution.report.write import report as report
    from attribution.result import AttributionResult, attribute
    from riskmodel.errors import InputError

_HOME = {
    "AttributionResult": "attribution.result",
    "BrinsonEffects": "attribution.brinson",
    "Book": "attribution.book",
    "InputError": "riskmodel.errors",
    "ReconciliationError": "attribution.reconcile",
    "ReportFiles": "attribution.report.write",
    "attribute": "attribution.result",
    "brinson_effects": "attribution.brinson",
    "geometric_effects": "attribution.brinson",
    "hierarchical_effects": "attribution.hierarchy",
    "link": "attribution.linking",
    "read_book": "attribution.book",
    "read_grouping": "attribution.grouping",
}

__all__ = [
    "AttributionResult",
    "Book",
    "BrinsonEffects",
    "InputError",
    "ReconciliationError",
    "ReportFiles",
    "attribute",
    "brinson_effects",
    "geometric_effects",
    "hierarchical_effects",
    "link",
    "read_book",
    "read_grouping",
    "report",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `attribution --help` loads no numerics."""
    if name == "report":
        return import_module("attribution.report")
    if name not in _HOME:
        raise AttributeError(f"module 'attribution' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOME[name]), name)
