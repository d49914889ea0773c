"""A book of courses and a risk model -> contributions -> report: why a portfolio beat its benchmark.

It splits each course's excess return into contributions that add up exactly, by factor, stock, sector or day, with a
standard error on whatever the model splits, and prints the month. To start::

    import riskmodel as rm, attribution as at
    market = rm.read_market("fixtures/small")
    book = at.read_book("fixtures/small/book.toml")
    result = at.attribute(book, "Major 100", rm.RiskModel().fit(market), market, period="2025-03")
    result.by("sector", "factor")                # result.plot.waterfall() draws it

Wherever an array by (time, asset) is taken, a DataFrame with days in its rows will do.

A course and its month::

    read_book                   a book of courses, sleeves, benchmarks and limits, checked
    Book                        what that returns
    read_grouping               any column of the securities, to cut by
    attribute                   explain a course's excess return over a period
    AttributionResult           what that returns: by, top, path, brinson, factors, stocks, plot, reconciliation
    course_figures              active share, turnover, hit rates and the like
    ratio_table                 ratios of a track record: drawdowns, downside, shape, benchmark
    check_limits                a sleeve against the rules of its book

Risk::

    ex_ante_risk                forecast risk of a course against its benchmark at one close
    decompose                   forecast volatility of any weights, by factor, family and stock

The report::

    report                      write a month: pages, PDF, workbook, tables, commentary
    ReportFiles                 what that wrote
    prepare_report              the same content, with nothing written
    report_charts               its figures by name
    report_commentary           the draft of its commentary
    audit_report                is a published report consistent with itself, and with the data?

Strategies::

    construct                   the list that a strategy holds from a close on, why, and the proof of it
    walk                        lists month by month, with nothing known later than its day
    search                      combinations of factors tried on the past, and how far the best is to be believed
    attribute_rules             what each rule of a strategy contributed to a course's excess return

Methods on arrays::

    link                        effects of days -> effects of a period that add to the compounded excess
    brinson_effects             allocation, selection and interaction by segment
    geometric_effects           the same for the geometric excess
    hierarchical_effects        the same in steps: sectors, then industries, then stocks
    BrinsonEffects              what these return
    karnosky_singer             markets apart from currencies, in log returns
    linked_contributions        contributions of some portfolios, stock by factor

Many accounts::

    attribute_accounts          what attribute does, for many accounts at once
    AccountsResult              what that returns

    InputError                  an input that is not fit for use: what, where, how many, how to repair it
    ReconciliationError         contributions do not add up: a defect of the software, never of the inputs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.public import public_names

if TYPE_CHECKING:
    from attribution.accounts.accounts import attribute_accounts
    from attribution.accounts.result import AccountsResult
    from attribution.audit import audit_report
    from attribution.brinson.effects import BrinsonEffects, brinson_effects, geometric_effects
    from attribution.brinson.hierarchy import hierarchical_effects
    from attribution.construction.construct import construct
    from attribution.construction.course_rules import attribute_rules
    from attribution.construction.search.search import search
    from attribution.construction.walk import walk
    from attribution.contributions.arrays import linked_contributions
    from attribution.contributions.attribute import attribute
    from attribution.contributions.karnosky_singer import karnosky_singer
    from attribution.contributions.result import AttributionResult
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
    "attribute": "attribution.contributions.attribute",
    "attribute_accounts": "attribution.accounts.accounts",
    "attribute_rules": "attribution.construction.course_rules",
    "audit_report": "attribution.audit",
    "brinson_effects": "attribution.brinson.effects",
    "check_limits": "attribution.measures.limits",
    "construct": "attribution.construction.construct",
    "course_figures": "attribution.measures.figures",
    "decompose": "attribution.measures.risk",
    "ex_ante_risk": "attribution.measures.risk",
    "geometric_effects": "attribution.brinson.effects",
    "hierarchical_effects": "attribution.brinson.hierarchy",
    "karnosky_singer": "attribution.contributions.karnosky_singer",
    "link": "attribution.linking.linking",
    "linked_contributions": "attribution.contributions.arrays",
    "prepare_report": "attribution.reporting.pieces",
    "ratio_table": "attribution.measures.ratios",
    "read_book": "attribution.portfolio.book",
    "read_grouping": "attribution.portfolio.securities",
    "report": "attribution.reporting.write",
    "search": "attribution.construction.search.search",
    "report_charts": "attribution.reporting.pieces",
    "report_commentary": "attribution.reporting.pieces",
    "walk": "attribution.construction.walk",
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
    "attribute_rules",
    "audit_report",
    "brinson_effects",
    "check_limits",
    "construct",
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
    "search",
    "walk",
]

__getattr__, __dir__ = public_names(__name__, _HOMES)
