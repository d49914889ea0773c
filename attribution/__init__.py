"""A book of courses and a risk model -> contributions -> report."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attribution.accounts import attribute_accounts
    from attribution.accounts_result import AccountsResult
    from attribution.audit import audit_report
    from attribution.book import Book, read_book
    from attribution.brinson import BrinsonEffects, brinson_effects, geometric_effects
    from attribution.contribution_arrays import linked_contributions as linked_contributions
    from attribution.figures import course_figures
    from attribution.grouping import read_grouping
    from attribution.hierarchy import hierarchical_effects
    from attribution.karnosky_singer import karnosky_singer
    from attribution.limits import check_limits
    from attribution.linking import link
    from attribution.ratios import ratio_table
    from attribution.reconcile import ReconciliationError
    from attribution.report.write import ReportFiles
    from attribution.report.write import report as report
    from attribution.result import AttributionResult, attribute
    from attribution.risk import decompose, ex_ante_risk
    from riskmodel.errors import InputError

_HOME = {
    "audit_report": "attribution.audit",
    "AccountsResult": "attribution.accounts_result",
    "AttributionResult": "attribution.result",
    "Book": "attribution.book",
    "BrinsonEffects": "attribution.brinson",
    "InputError": "riskmodel.errors",
    "ReconciliationError": "attribution.reconcile",
    "ReportFiles": "attribution.report.write",
    "attribute": "attribution.result",
    "attribute_accounts": "attribution.accounts",
    "brinson_effects": "attribution.brinson",
    "check_limits": "attribution.limits",
    "decompose": "attribution.risk",
    "ex_ante_risk": "attribution.risk",
    "course_figures": "attribution.figures",
    "geometric_effects": "attribution.brinson",
    "hierarchical_effects": "attribution.hierarchy",
    "karnosky_singer": "attribution.karnosky_singer",
    "link": "attribution.linking",
    "ratio_table": "attribution.ratios",
    "linked_contributions": "attribution.contribution_arrays",
    "read_book": "attribution.book",
    "read_grouping": "attribution.grouping",
}

__all__ = [
    "AccountsResult",
    "AttributionResult",
    "Book",
    "BrinsonEffects",
    "InputError",
    "ReconciliationError",
    "ReportFiles",
    "attribute",
    "attribute_accounts",
    "audit_report",
    "brinson_effects",
    "check_limits",
    "course_figures",
    "decompose",
    "ex_ante_risk",
    "geometric_effects",
    "hierarchical_effects",
    "karnosky_singer",
    "link",
    "linked_contributions",
    "ratio_table",
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
