"""What a reader must know of a month's data and policies, as facts that the pages turn into sentences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr

from attribution.contributions.cube import Cube
from attribution.contributions.result import AttributionResult
from attribution.measures.forecast import Forecast, uncovered_weights
from attribution.measures.performance import History
from attribution.measures.risk_results import CourseRisk
from attribution.portfolio.begun import inception_of
from attribution.portfolio.book import Book
from attribution.portfolio.course import Course
from attribution.portfolio.evidence.judged import Judged, by_kind
from attribution.portfolio.funds.lists import without_returns
from attribution.portfolio.funds.look_through import average_weights
from attribution.portfolio.periods import Period
from attribution.portfolio.tracks import Tracks
from attribution.rows import CASH, CASH_STOCK, PROXY
from riskmodel.arrays.industries import coded
from riskmodel.estimation.regression import HETEROSKEDASTIC
from riskmodel.estimation.returns_based import WINDOW
from riskmodel.facts import Fact
from riskmodel.market.calendar import last_session
from riskmodel.market.evidence.finding import summed_up
from riskmodel.market.industries import industry_column
from riskmodel.model.results import RiskModelResults

LEAST_FIT = 0.05  # R-squared below which a given model's dates or units may not be those of the prices
SMALLEST = 5e-5  # what would show as 0.00 % is not worth a note


def sessions_left(day: pd.Timestamp, exchange: str | None = None) -> bool:
    """Whether the month has sessions of an exchange after a day; of none in particular weekdays, which may be holidays.

    Examples
    --------
    >>> sessions_left(pd.Timestamp("2025-03-28")), sessions_left(pd.Timestamp("2025-05-30"))
    (True, False)
    >>> sessions_left(pd.Timestamp("2024-12-30")), sessions_left(pd.Timestamp("2024-12-30"), "XTKS")
    (True, False)
    """
    if exchange is not None:
        return last_session((day.year, day.month), exchange) > day.date()
    return bool((day + pd.offsets.BDay()).month == day.month)


def begun_notes(whole: Book, book: Book, history: History, month: Period) -> list[Fact]:
    """Which courses begin later than the book, and so have windows that are n/a; which within the month, so that the mean
    over courses is of unlike times; and which of the whole book not yet.
    """
    left_out = [name for name in whole.courses if name not in book.courses]
    notes = [
        Fact("course_not_begun", {"course": name, "date": f"{inception_of(whole, name):%Y-%m-%d}"}) for name in left_out
    ]
    for name in book.courses:
        start = inception_of(book, name)
        if start > history.inception and start > pd.Timestamp(book.book.inception):
            notes.append(Fact("course_begun", {"course": name, "date": f"{start:%Y-%m-%d}"}))
    starts = {name: max(inception_of(book, name), month.days[0]) for name in book.courses}
    within = tuple(name for name, start in starts.items() if start > min(starts.values()))
    return [*notes, Fact("begun_within", {"courses": within})] if within else notes


def industries_note(model: RiskModelResults, days: pd.DatetimeIndex) -> Fact | None:
    """How many industries have a return of their own, of how many names; and the names of others, and of none."""
    industries = model.industries(days)
    if industries.empty:
        return None
    sector, label = model.data["sector"] != "", model.data["industry"] != ""
    placed = sector.any("time") if "time" in sector.dims else sector
    known = placed & (label.any("time") if "time" in label.dims else label)
    names = int(industries["names"].sum())
    values = {
        "number": len(industries),
        "names": names,
        "least": int(model.settings["regression"]["industry_names"]),
        "thin": int(known.sum()) - names,
        "without": int(placed.sum() - known.sum()),
        "share": float(industries["left_to_sector"].mean()),
    }
    return Fact("industries", values)


def codes_note(model: RiskModelResults, market: xr.Dataset) -> Fact | None:
    """What the numbers are that industries are called by, where they are codes of a column of the market."""
    chosen = model.settings["industry"]
    column = industry_column(market, chosen["column"])
    if not column or not coded(model.data["industry"].to_numpy()):
        return None
    if model.data.attrs.get("industry_codes"):
        return Fact("industry_groups", {"column": column})
    return Fact("industry_codes", {"column": column, "digits": int(chosen["digits"])})


def model_notes(model: RiskModelResults, period: Period) -> list[Fact]:
    """From how many names factor returns were estimated, or that they are given, and the days that are not whole.

    Of a given model that explains no day of the period that alone: all else would be said of nothing.
    """
    names, flags = int(model.data["estimating_names"].sel(time=period.days).mean()), model.flags(period.days)
    if model.settings.get("source") != "tables":
        flagged = [Fact("flagged", {"date": f"{day:%Y-%m-%d}", "reason": reason}) for day, reason in flags.items()]
        return [Fact("universe", {"names": names}), Fact.read(model.data.attrs["ordinary_income"]), *flagged]
    days = model.data.sel(time=period.days)
    if not days["estimating_names"].any():
        return [Fact("given_explains_nothing")]
    notes = [Fact("given", {"names": names, "number": int(days["factor_returns"].notnull().any("time").sum())})]
    notes.append(Fact("given_specific" if model.vendor_specific else "computed_specific"))
    if computed := int(days["specific_computed"].sum()):
        notes.append(Fact("given_specific_lacking", {"number": computed}))
    if without := int((days["estimating_names"] == 0).sum()):
        notes.append(Fact("given_explains_part", {"days": without, "number": days.sizes["time"]}))
    left_out = json.loads(days.attrs["left_out"])
    notes += [Fact("given_left_out", {"table": table, "number": rows}) for table, rows in left_out.items()]
    fit = float(days["r_squared"].mean())
    if fit < LEAST_FIT:
        notes.append(Fact("explains_little", {"r_squared": fit}))
    alike: dict[str, list[pd.Timestamp]] = {}
    for day, reason in flags.items():
        alike.setdefault(str(reason), []).append(day)
    for text, when in alike.items():
        first, last = (f"{day:%Y-%m-%d}" for day in (when[0], when[-1]))
        reason = Fact.read(text)
        if len(when) == 1:
            notes.append(Fact("given_flagged_day", {"date": first, "reason": reason}))
        else:
            notes.append(Fact("given_flagged", {"first": first, "last": last, "days": len(when), "reason": reason}))
    return notes


def ended_note(sleeve: str, row: Any, cube: Cube, market: xr.Dataset) -> Fact:
    """What a holder got for a name of `Track.ended`, beside its last close and its weight of that day."""
    session, label = row.final, str(row.ticker)
    ticker = CASH if label == CASH_STOCK else label
    there = (market["final_ticker"].to_numpy() == ticker) & (market["final_known"].to_numpy() == session.to_datetime64())
    final = market[["final_date", "final_value", "final_close"]].isel(final=int(there.argmax()))
    there_too = label in cube.assets  # a fund that was looked through is not
    day = cube.days.get_loc(session)
    weight = cube.weights("portfolio")[day, cube.assets.get_loc(label)] if there_too else float(row.weight)
    values = {
        "sleeve": sleeve,
        "ticker": label,
        "date": f"{pd.Timestamp(final['final_date'].item()):%Y-%m-%d}",
        "last_trade": f"{row.last_trade:%Y-%m-%d}",
        "close": float(final["final_close"]),
        "weight": float(weight),
    }
    value = float(final["final_value"])
    return Fact("ended", values | {"value": value}) if value else Fact("ended_worthless", values)


def fund_note(of: str, name: str, ticker: str, weight: float, tracks: Tracks) -> Fact:
    """How a fund of a "sleeve" or a "benchmark" is counted: by its list, which returned what beside the fund, or whole."""
    fund, values = tracks.book.funds[ticker], {of: name, "fund": ticker, "weight": weight}
    if fund.constituents is None:
        return Fact("fund_carried" if of == "sleeve" else "benchmark_fund_carried", values)
    values |= {"list": fund.constituents}
    if ticker in without_returns(tracks.book, tracks.market):
        return Fact("fund_without_returns" if of == "sleeve" else "benchmark_fund_without_returns", values)
    return Fact("fund_looked_through" if of == "sleeve" else "benchmark_fund_looked_through", values)


def fund_notes(of_sleeve: Mapping[str, Tracks], sleeves: Iterable[str]) -> list[Fact]:
    """Notes on the funds that sleeves and their benchmarks hold, each once; by sleeve its tracks."""
    notes: dict[tuple[str, str, str], Fact] = {}
    for sleeve in sleeves:
        tracks = of_sleeve[sleeve]
        funds, benchmark = list(tracks.book.funds), tracks.book.sleeves[sleeve].benchmark
        for of, name, track in (
            ("sleeve", sleeve, tracks.sleeve(sleeve)),
            ("benchmark", benchmark, tracks.constituents(benchmark)),
        ):
            for ticker, weight in average_weights(track, funds).items():
                notes.setdefault((of, name, ticker), fund_note(of, name, ticker, weight, tracks))
    return list(notes.values())


def carried_weight(cube: Cube, ticker: str, last_trade: pd.Timestamp, otherwise: float) -> float:
    """Weight of a held name that stopped trading, as a mean over the days of the period on which it is carried.

    `otherwise` is that of its list: of a fund that is looked through.
    """
    if ticker not in cube.assets:  # a fund that was looked through
        return otherwise
    place = cube.assets.get_loc(ticker)
    weight, live = (cube.weights("portfolio")[:, place], cube.live("portfolio")[:, place])
    carried = (cube.days > last_trade) & (weight != 0) & (live == 0)
    return float(weight[carried].mean()) if carried.any() else 0.0


def collect_notes(
    book: Book,
    market: xr.Dataset,
    model: RiskModelResults,
    period: Period,
    coverage: pd.DataFrame,
    left_out: dict[tuple[str, str], Fact],
    results: dict[str, AttributionResult],
    sleeves: dict[str, AttributionResult],
) -> list[Fact]:
    """What was filled, left out, carried, unmodelled or not aligned, with counts; and that the month may not be over."""
    notes = []
    if period.end == market.get_index("time")[-1] and sessions_left(period.end, book.book.calendar):
        notes.append(Fact("unfinished", {"date": f"{period.end:%Y-%m-%d}"}))
    notes += model_notes(model, period)
    unexplained = Fact("given_explains_nothing") in notes  # which names are not modelled is then no news
    for (factor, descriptor), reason in left_out.items():
        notes.append(Fact("left_out", {"factor": factor, "descriptor": descriptor, "reason": reason}))
    filled = coverage.drop_duplicates("factor").set_index("factor")["filled"]
    for factor, share in filled[filled > 0.05].items():
        notes.append(Fact("filled", {"factor": str(factor), "share": float(share)}))
    for row in model.thin_sectors(period.days).itertuples():
        notes.append(Fact("thin_sector", {"sector": row.sector, "share": float(row.largest_share_lent)}))
    if (of_industries := industries_note(model, period.days)) is not None:
        notes.append(of_industries)
    if of_industries is not None and (of_codes := codes_note(model, market)) is not None:
        notes.append(of_codes)
    if model.data.attrs.get("errors") == HETEROSKEDASTIC:  # of a fit: a given model has none
        notes.append(Fact("no_industries"))
    for sleeve, result in sleeves.items():
        followed, cube = result.followed, result.cube
        for row in followed.stopped[sleeve].itertuples():
            values = {"sleeve": sleeve, "ticker": row.ticker, "date": f"{row.last_trade:%Y-%m-%d}"}
            values["weight"] = carried_weight(cube, str(row.ticker), row.last_trade, float(row.weight))
            if pd.notna(row.resumes):
                notes.append(Fact("stopped_resumes", values | {"resumes": f"{row.resumes:%Y-%m-%d}"}))
            else:
                notes.append(Fact("stopped", values))
        for row in followed.ended[sleeve].itertuples():
            notes.append(ended_note(sleeve, row, cube, market))
        benchmark = book.sleeves[sleeve].benchmark
        paid = followed.benchmark_ended[benchmark]["ticker"]
        if len(paid):
            notes.append(Fact("ended_benchmark", {"benchmark": benchmark, "names": tuple(paid)}))
        gone = followed.benchmark_stopped[benchmark]["ticker"]
        if len(gone):
            notes.append(Fact("stopped_benchmark", {"benchmark": benchmark, "names": tuple(gone)}))
        unmodelled = ~cube.modelled.to_numpy() & (cube.assets != CASH)
        held = (cube.live("portfolio") != 0) & unmodelled & ~cube.assets.isin(followed.carried)
        if held.any() and not unexplained:
            names = tuple(cube.assets[held.any(axis=0)])
            notes.append(Fact("unmodelled_held", {"course": result.course, "names": names, "days": int(held.sum())}))
        outside = float((cube.live("benchmark") * unmodelled).sum(axis=1).mean())
        if outside > SMALLEST and not unexplained:
            notes.append(Fact("unmodelled_benchmark", {"benchmark": benchmark, "weight": outside}))
        for label, name in followed.levels.items():
            notes.append(Fact("estimated_benchmark", {"benchmark": name, "label": label, "window": WINDOW}))
        if CASH_STOCK in cube.assets or (CASH in market.get_index("asset") and cube.weights("portfolio")[:, -1].any()):
            notes.append(Fact("cash_stock", {"label": CASH_STOCK}))
    for course, result in results.items():
        contribution = float(result.by("stock")[PROXY])
        if abs(contribution) > SMALLEST:
            notes.append(Fact("proxy", {"course": course, "contribution": contribution}))
    return list({(note.key, str(note.values)): note for note in notes}.values())


def forecast_notes(
    courses: dict[str, Course], made: Forecast | Fact, risks: dict[str, CourseRisk], period: Period
) -> list[Fact]:
    """Why there is no forecast, or none of some courses' risk; which factors it leaves out; what of it is of another day."""
    if isinstance(made, Fact):
        return [Fact("no_forecast", {"date": f"{period.end:%Y-%m-%d}", "reason": made})]
    notes = []
    for table, day in made.earlier.items():
        of_factors, date = table == "model_covariance", f"{day:%Y-%m-%d}"
        notes.append(Fact("earlier_model_covariance" if of_factors else "earlier_model_specific_risk", {"date": date}))
    notes += [Fact("forecast_left_out", {"factor": factor}) for factor in made.left_out]
    for name, followed in courses.items():
        if name not in risks:
            weights = uncovered_weights(followed, made)
            values = {"course": name, "names": tuple(weights.index), "weight": float(weights.abs().sum())}
            notes.append(Fact("no_forecast_of_course", values))
    return notes


def evidence_notes(evidence: Sequence[Judged]) -> list[Fact]:
    """What is found in the tables, a note for each kind, what may move most first; then what the book accepts."""
    notes = []
    for kind in by_kind([each for each in evidence if each.accepted is None]):
        notes.append(Fact("found", {"finding": kind.fact, **_moved(kind.worst)}))
    for each in evidence:
        if each.accepted is not None:
            values = {"finding": summed_up([each.finding])[0], "by": each.accepted.by, "why": each.accepted.why}
            notes.append(Fact("accepted", values | _moved(each)))
    return notes


def _moved(each: Judged) -> dict[str, Any]:
    """What a finding may move, where it may move anything."""
    return {"harm": each.harm, "course": each.course, "month": each.month} if each.harm > 0 else {}
