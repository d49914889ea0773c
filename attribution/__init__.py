"""A book of courses and a risk model -> contributions -> report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.public import public_names

if TYPE_CHECKING:
    from attribution.accounts.accounts import attribute_accounts
    from attribution.accounts.result import AccountsResult
    from attribution.audit import audit_report
    from attribution.brinson.effects import BrinsonEffects, brinson_effects, geometric_effects
    from attribution.brinson.hierarchy import hierarchical_effects
    from attribution.contributions.arrays import linked_contributions
    from attribution.contributions.karnosky_singer import karnosky_singer
    from attribution.contributions.result import AttributionResult, attribute
    from attribution.identities import ReconciliationError
    from attribution.linking.linking import link
    from attribution.measures.figures import course_figures
    from attribution.measures.limits import check_limits
    from attribution.measures.ratios import ratio_table
    from attribution.measures.risk import decompose, ex_ante_risk
    from attribution.portfolio.book import Book, read_book
    from attribution.portfolio.securities import read_grouping
    from attribution.reporting.pieces import prepare_report, report_charts, report_commentary
    from attribution.reporting.write import ReportFiles, report
    from riskmodel.errors import InputError

_HOMES = {
    "AccountsResult": "attribution.accounts.result",
    "AttributionResult": "attribution.contributions.result",
    "Book": "attribution.portfolio.book",
    "BrinsonEffects": "attribution.brinson.effects",
    "InputError": "riskmodel.errors",
    "ReconciliationError": "attribution.identities",
    "ReportFiles": "attribution.reporting.write",
    "attribute": "attribution.contributions.result",
    "attribute_accounts": "attribution.accounts.accounts",
    "audit_report": "attribution.audit",
    "brinson_effects": "attribution.brinson.effects",
    "check_limits": "attribution.measures.limits",
    "course_figures": "attribution.measures.figures",
    "decompose": "attribution.measures.risk",
    "ex_ante_risk": "attribution.measures.risk",
    "geometric_effects": "attribution.brinson.effects",
    "hierarchical_effects": "attribution.brinson.hierarchy",
    "karnosky_singer": "attribution.contributions.karnosky_singer",
    "link": "attribution.linking.linking",
    "linked_contributions": "attribution.contributions.arrays",
    "ratio_table": "attribution.measures.ratios",
    "prepare_report": "attribution.reporting.pieces",
    "report_charts": "attribution.reporting.pieces",
    "report_commentary": "attribution.reporting.pieces",
    "read_book": "attribution.portfolio.book",
    "read_grouping": "attribution.portfolio.securities",
    "report": "attribution.reporting.write",
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
    "prepare_report",
    "ratio_table",
    "read_book",
    "read_grouping",
    "report",
    "report_charts",
    "report_commentary",
]

__getattr__, __dir__ = public_names(__name__, _HOMES)
