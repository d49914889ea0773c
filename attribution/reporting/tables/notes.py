"""What a reader must know of a month's data and policies, as facts that the pages turn into sentences."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import xarray as xr

from attribution.contributions.result import AttributionResult
from attribution.portfolio.book import Book
from attribution.portfolio.periods import Period
from attribution.rows import CASH, CASH_STOCK, PROXY
from riskmodel.errors import listed
from riskmodel.market.market import alignment_report
from riskmodel.model.results import RiskModelResults

SMALLEST_WEIGHT = 5e-5  # what would show as 0.00 % is not worth a note


@dataclass(frozen=True)
class Note:
    """A fact about data or policies that a reader must know; `key` names its sentence, `values` fill it in."""

    key: str
    values: dict[str, object]


def weekdays_left(day: pd.Timestamp) -> bool:
    """Whether the month has weekdays after a day: sessions are still to come, unless those are holidays.

    Examples
    --------
    >>> weekdays_left(pd.Timestamp("2025-03-28")), weekdays_left(pd.Timestamp("2025-05-30"))
    (True, False)
    """
    return bool((day + pd.offsets.BDay()).month == day.month)


def collect_notes(
    book: Book,
    market: xr.Dataset,
    model: RiskModelResults,
    period: Period,
    coverage: pd.DataFrame,
    results: dict[str, AttributionResult],
    sleeves: dict[str, AttributionResult],
) -> list[Note]:
    """What was filled, left out, carried, unmodelled or not aligned, with counts; and that the month may not be over."""
    notes = []
    if period.end == market.get_index("time")[-1] and weekdays_left(period.end):
        notes.append(Note("unfinished", {"date": f"{period.end:%Y-%m-%d}"}))
    notes += [Note("universe", {"names": int(model.data["estimating_names"].sel(time=period.days).mean())})]
    notes.append(Note("ordinary_income", {"sources": str(model.data.attrs["ordinary_income"])}))
    for row in coverage[coverage["reason"] != ""].itertuples():
        notes.append(Note("left_out", {"factor": row.factor, "descriptor": row.descriptor, "reason": row.reason}))
    filled = coverage.drop_duplicates("factor").set_index("factor")["filled"]
    for factor, share in filled[filled > 0.05].items():
        notes.append(Note("filled", {"factor": str(factor), "share": float(share)}))
    for row in model.thin_sectors(period.days).itertuples():
        notes.append(Note("thin_sector", {"sector": row.sector, "share": float(row.largest_share_lent)}))
    flag = model.data["flag"].sel(time=period.days).to_series()
    for day, reason in flag[flag != ""].items():
        notes.append(Note("flagged", {"date": f"{day:%Y-%m-%d}", "reason": str(reason)}))
    for sleeve, result in sleeves.items():
        followed, data = result.followed, result.data
        for row in followed.stopped[sleeve].itertuples():
            values = {"sleeve": sleeve, "ticker": row.ticker, "date": f"{row.last_trade:%Y-%m-%d}"}
            if pd.notna(row.resumes):
                notes.append(Note("stopped_resumes", values | {"resumes": f"{row.resumes:%Y-%m-%d}"}))
            else:
                notes.append(Note("stopped", values))
        benchmark = book.sleeves[sleeve].benchmark
        gone = followed.benchmark_stopped[benchmark]["ticker"]
        if len(gone):
            notes.append(Note("stopped_benchmark", {"benchmark": benchmark, "names": listed(gone)}))
        stocks = data.drop_sel(asset=CASH)
        held = (stocks["portfolio_live"] != 0) & ~stocks["modelled"]
        if bool(held.any()):
            names = listed(stocks["asset"].to_numpy()[held.any("time").to_numpy()])
            notes.append(Note("unmodelled_held", {"course": result.course, "names": names, "days": int(held.sum())}))
        outside = float(stocks["benchmark_live"].where(~stocks["modelled"], 0.0).sum("asset").mean())
        if outside > SMALLEST_WEIGHT:
            notes.append(Note("unmodelled_benchmark", {"benchmark": benchmark, "weight": outside}))
        if CASH_STOCK in stocks["asset"].to_numpy():
            notes.append(Note("cash_stock", {"label": CASH_STOCK}))
    for course, result in results.items():
        notes.append(Note("proxy", {"course": course, "contribution": float(result.by("stock")[PROXY])}))
    for row in alignment_report(market).itertuples():
        notes.append(Note("unaligned", {"finding": row.finding, "rows": int(row.rows), "examples": row.examples}))
    return list({(note.key, str(note.values)): note for note in notes}.values())
