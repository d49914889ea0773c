"""The tables of a report: what each holds, and the keys that name a row of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.brinson_by_factor import family_table
from attribution.contributions.cuts import untold
from attribution.contributions.groups import asset_groups
from attribution.contributions.result import AttributionResult
from attribution.measures.estimated import estimated_at
from attribution.measures.figures import followed_figures
from attribution.measures.performance import WINDOWS, History, month_factor_returns
from attribution.measures.risk_results import CourseRisk
from attribution.portfolio.book import Book
from attribution.portfolio.course import Course
from attribution.portfolio.holdings import apart_from_cash
from attribution.portfolio.periods import Period
from attribution.portfolio.tracks import Tracks
from attribution.rows import EFFECTS, FAMILIES, in_order
from riskmodel.arrays.rounding import EPSILON
from riskmodel.model.results import RiskModelResults

KEYS: Mapping[str, tuple[str, ...]] = {
    "performance": ("course",),
    "trailing": ("name",),
    "periods": ("course", "period"),
    "record": ("course", "window", "measure"),
    "index_weeks": ("week_from",),
    "index_months": ("index",),
    "cumulative": ("date", "name"),
    "factor_returns": ("date", "factor"),
    "factor_month": ("factor",),
    "factor_contributions": ("course", "factor"),
    "group_contributions": ("course", "group"),
    "characteristics": ("course", "side", "measure"),
    "holdings": ("course", "ticker"),
    "stock_contributions": ("course", "ticker"),
    "stock_factor": ("course", "ticker", "factor"),
    "brinson": ("course", "group"),
    "brinson_by_factor": ("course", "group", "effect", "factor"),
    "brinson_families": ("course", "effect", "family"),
    "exposures": ("course", "factor"),
    "sector_weights": ("course", "sector"),
    "drawdowns": ("course", "date"),
    "past_exposures": ("course", "date", "factor"),
    "past_contributions": ("course", "date", "factor"),
    "past_errors": ("course", "month"),
    "risk": ("course", "measure"),
    "risk_factors": ("course", "factor"),
    "rules": ("course", "rung"),
    "limits": ("sleeve", "rule", "detail"),
    "realised": ("sleeve", "measure"),
    "figures": ("course", "measure"),
    "coverage": ("factor", "descriptor"),
    "reconciliation": ("course", "identity"),
}


BRINSON = ("course", "grouping", "group", "portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return",
           *EFFECTS)  # fmt: skip
BRINSON_BY_FACTOR = ("course", "grouping", "group", "effect", "factor", "contribution", "standard_error", "t")
BRINSON_FAMILIES = ("course", "effect", "family", "contribution", "standard_error", "t")
SECTOR_WEIGHTS = ("course", "sector", "portfolio_weight", "benchmark_weight", "active_weight")
RULES = ("course", "rung", "contribution", "score", "tracking_error")
RISK = ("course", "measure", "value")
RISK_FACTORS = ("course", "factor", "group", "active_exposure", "contribution", "share_of_variance")


def stack(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Frames below each other."""
    return pd.concat(frames, ignore_index=True)


def stacked_or_empty(parts: Iterable[pd.DataFrame | None], columns: Sequence[str]) -> pd.DataFrame:
    """The parts that there are, one below the other; without any an empty frame."""
    known = [part for part in parts if part is not None and len(part)]
    return stack(known) if known else pd.DataFrame(columns=list(columns))


def stocks_table(result: AttributionResult) -> pd.DataFrame:
    """Contributions by stock: the columns of `AttributionResult.stocks`, and held, whether on any day of the period."""
    weight = result.cube.portfolio_weight
    held = (weight != 0).any([dim for dim in weight.dims if dim != "asset"]).to_series()
    return result.stocks.assign(held=result.stocks["ticker"].map(held).eq(True))


def factor_returns_table(days: xr.Dataset, model: RiskModelResults, sectors: Sequence[str] = ()) -> pd.DataFrame:
    """The month's factor returns: date, factor, group, return, standard_error; sectors in an order of their own, if any."""
    days = days.isel(factor=in_order(days["factor"].to_numpy(), sectors))
    frame = days[["factor_returns", "robust_standard_errors"]].to_dataframe().reset_index()
    frame = frame.rename(columns={"time": "date", "factor_returns": "return", "robust_standard_errors": "standard_error"})
    frame["group"] = frame["factor"].map(model.groups)
    return frame[["date", "factor", "group", "return", "standard_error"]]


def factor_month_table(daily: pd.DataFrame) -> pd.DataFrame:
    """Factor returns compounded over the month: factor, group, return, standard_error, t."""
    return month_factor_returns(daily).rename(columns={"month_return": "return"})


def group_contributions_table(result: AttributionResult) -> pd.DataFrame:
    """Contributions by group of factors: course, group, contribution, standard_error, t."""
    frame = result.with_errors("group").reset_index()
    frame = frame.sort_values("group", key=lambda group: group.map(FAMILIES.index), kind="stable", ignore_index=True)
    frame.insert(0, "course", result.course)
    return frame


def stock_factor_table(result: AttributionResult) -> pd.DataFrame:
    """Active contributions: course, ticker, factor, contribution; cells that are zero but for rounding are left out."""
    cells = result.by("stock", "factor")
    frame = cells[cells.abs() > EPSILON].rename_axis(index={"stock": "ticker"}).reset_index()
    frame.insert(0, "course", result.course)
    return frame


def brinson_families_table(result: AttributionResult) -> pd.DataFrame:
    """Each Brinson effect by family: course, effect, family, contribution, standard_error, t."""
    return told(result, family_table(result.cube, result.course, "sector").drop(columns="grouping"), family="group")


def brinson_by_factor_table(result: AttributionResult) -> pd.DataFrame:
    """Each Brinson effect by sector and factor; see `attribution.contributions.brinson_by_factor.factor_table`."""
    return told(result, result.sector_brinson_by_factor, factor="factor")


def told(result: AttributionResult, frame: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """A table with NaN in rows of a model that explains no day of the period; `columns`: its name -> factor or group."""
    if bool(result.cube.modelled.any()):
        return frame
    index = pd.MultiIndex.from_frame(frame[list(columns)].set_axis(list(columns.values()), axis=1))
    numbers = frame[["contribution", "standard_error", "t"]].mask(np.tile(untold(result.cube, index)[:, None], 3))
    return frame.assign(**{str(name): numbers[name] for name in numbers})


def index_months_table(history: History, period: Period) -> pd.DataFrame:
    """The month's return of every index of the report and of every benchmark that has a level: index, return."""
    daily = {name: returns.reindex(period.days) for name, returns in history.indices.items()}
    rows = [(name, float((1 + returns).prod(skipna=False) - 1)) for name, returns in daily.items()]
    return pd.DataFrame(rows, columns=["index", "return"])


def cumulative_table(history: History, book: Book, trailing: pd.DataFrame) -> pd.DataFrame:
    """Compounded returns of courses and benchmarks: date, name, kind, return of the day, three_months, itd.

    `three_months` runs over the last three months and is NaN before them; throughout where `trailing` has none, the history
    being shorter. All is NaN before a course begins.
    """
    since = history.inception
    courses = {("course", course): history.courses[course][since:] for course in book.courses}
    oldest = sorted(book.courses, key=lambda course: -history.benchmarks[course].count())  # of courses that share one
    longest = {book.benchmark_name(course): course for course in reversed(oldest)}
    names = dict.fromkeys(book.benchmark_name(course) for course in book.courses)
    benchmarks = {("benchmark", name): history.benchmarks[longest[name]][since:] for name in names}
    known = trailing.set_index("name")["3m"].notna()
    frames = []
    for (kind, name), daily in (courses | benchmarks).items():
        month = daily.index.to_period("M")
        months = WINDOWS["3m"] if known[name if kind == "course" else longest[name]] else 0
        late = daily[month > month[-1] - months]
        frame = pd.DataFrame({"date": daily.index, "name": name, "kind": kind, "return": daily.to_numpy()})
        frame["three_months"] = ((1 + late).cumprod() - 1).reindex(daily.index).to_numpy()
        frame["itd"] = (1 + daily).cumprod().to_numpy() - 1
        frames.append(frame)
    return stack(frames)


def style_exposures(followed: Course, model: RiskModelResults, market: xr.Dataset) -> pd.DataFrame:
    """Exposures to the styles at the close that a course was followed to, by style: portfolio, benchmark.

    Names without exposures count as 0; a style that nobody has is NaN. Those of a benchmark of which only returns are known
    are estimated; before there are returns enough its side is NaN.
    """
    styles = model.exposures.sel(time=followed.period.end).transpose("asset", "factor").to_pandas()
    observed = styles.notna().any()
    styles = styles.set_axis(apart_from_cash(styles.index), axis=0).fillna(0.0)
    weights = followed.data[["closing_weight", "benchmark_closing_weight"]].to_dataframe()
    weights = weights[["closing_weight", "benchmark_closing_weight"]].set_axis(["portfolio", "benchmark"], axis=1)
    sides: pd.DataFrame = styles.reindex(weights.index, fill_value=0.0).T @ weights
    for label, index in followed.levels.items():
        found = estimated_at(model, market, followed.period.end, index)["exposure"]
        own = found.sel(factor=list(styles.columns)).to_series()
        sides["benchmark"] += float(weights.loc[label, "benchmark"]) * own
    return sides.where(observed, axis=0)


def exposures_table(
    book: Book,
    followed: Course,
    sleeves_before: Mapping[str, Course],
    model: RiskModelResults,
    market: xr.Dataset,
    course_before: Course | None = None,
) -> pd.DataFrame:
    """Exposures to the styles at the month's last close, beside the active ones a month before.

    Parameters
    ----------
    book, model, market
        As for the report.
    followed
        A course over the month.
    sleeves_before
        The sleeves of the book over the month before; empty where the book begins with the month.
    course_before
        The course over the month before, where its shares are not reset each month.

    Returns
    -------
    DataFrame
        course, factor, group, portfolio_exposure, benchmark_exposure, active_exposure, active_before, change; weights are
        those held until the close, before a list that takes effect at it. NaN before the book's inception, and for a style
        that nobody has.

    Notes
    -----
    A blend's exposure is that of its sleeves with the shares they have drifted to: w_s (1 + R_s) / sum_s w_s (1 + R_s).
    """
    now = style_exposures(followed, model, market)
    active, before = now["portfolio"] - now["benchmark"], pd.Series(np.nan, index=now.index)
    if course_before is not None:
        earlier = style_exposures(course_before, model, market)
        before = earlier["portfolio"] - earlier["benchmark"]
    elif sleeves_before:
        before = pd.Series(0.0, index=now.index)
        parts = {sleeve: (share, sleeves_before[sleeve]) for sleeve, share in book.shares(followed.name).items()}
        for side, sign, returns in (("portfolio", 1.0, "sleeves"), ("benchmark", -1.0, "benchmarks")):
            grown = pd.Series(
                {
                    sleeve: share * float((1 + getattr(part, returns).squeeze("part")).prod())
                    for sleeve, (share, part) in parts.items()
                }
            )
            for sleeve, share in (grown / grown.sum()).items():
                before = before + sign * share * style_exposures(parts[str(sleeve)][1], model, market)[side]
    return pd.DataFrame(
        {
            "course": followed.name,
            "factor": now.index,
            "group": "style",
            "portfolio_exposure": now["portfolio"].to_numpy(),
            "benchmark_exposure": now["benchmark"].to_numpy(),
            "active_exposure": active.to_numpy(),
            "active_before": before.to_numpy(),
            "change": (active - before).to_numpy(),
        }
    )


def risk_factors_table(risk: CourseRisk, sectors: Sequence[str] = ()) -> pd.DataFrame:
    """Parts of the tracking error: course, factor, group, active_exposure, contribution, share_of_variance."""
    frame = risk.by("factor")
    frame = frame[frame["side"] == "active"].rename(columns={"family": "group", "exposure": "active_exposure"})
    return frame[list(RISK_FACTORS)].iloc[in_order(frame["factor"].to_numpy(), sectors)]


def figures_table(tracks: Tracks, followed: Course) -> pd.DataFrame:
    """Active share, turnover and their like: course, measure, value, basis."""
    frame = followed_figures(tracks, followed)
    frame.insert(0, "course", followed.name)
    return frame


def sector_weights_table(results: Iterable[AttributionResult]) -> pd.DataFrame:
    """Weights by sector at the last close: course, sector (with CASH), portfolio_weight, benchmark_weight, active_weight.

    Weights are those held until the close. Of a course whose benchmark's constituents nobody knows there are no rows.
    """
    return stacked_or_empty(map(_sector_weights, results), SECTOR_WEIGHTS)


def _sector_weights(result: AttributionResult) -> pd.DataFrame | None:
    cube = result.cube
    if cube.returns_only:
        return None
    sides = {"portfolio_weight": cube.closing_weight, "benchmark_weight": cube.benchmark_closing_weight}
    frame = pd.DataFrame({name: weights.to_series() for name, weights in sides.items()})
    frame = frame.groupby(asset_groups(cube, "sector"), sort=False).sum().rename_axis("sector").reset_index()
    frame = frame.iloc[in_order(frame["sector"].to_numpy(), cube.group_order)].reset_index(drop=True)
    frame["active_weight"] = frame["portfolio_weight"] - frame["benchmark_weight"]
    return frame.assign(course=result.course)[list(SECTOR_WEIGHTS)]
