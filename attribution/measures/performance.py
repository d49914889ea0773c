"""Returns of courses and indices over windows, their ratios, the ranking and the weeks of a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from attribution.measures.record import require_record, require_returns, require_same_rows
from attribution.portfolio.actual_returns import actual_or_held
from attribution.portfolio.blends import blend_shares
from attribution.portfolio.book import Book
from attribution.portfolio.periods import Period, read_period, sessions_from
from attribution.portfolio.tracks import Tracks
from attribution.rows import SMALLEST_ERROR
from riskmodel.arrays.rounding import deviation, growth, over, settled

WINDOWS = {"1m": 1, "3m": 3, "6m": 6, "1y": 12}
MONTHS_A_YEAR = 12
LEAST_MONTHS = 12


@dataclass(frozen=True)
class History:
    """Daily returns to a month's end, decimals, one column a name; from the inception or the track record's start,
    whichever is earlier.

    Attributes
    ----------
    courses, benchmarks
        (day, course): each course and its blended benchmark; missing before the course begins.
    sleeves, sleeve_benchmarks
        (day, sleeve): the same of each sleeve.
    indices
        Daily returns of every index of the report and every benchmark that has levels, each from its first level on.
    risk_free
        (day) the risk-free return that the ratios use.
    inception
        First session that trailing and inception-to-date returns count from.
    track_record
        First session that ratios count from.
    """

    courses: pd.DataFrame
    benchmarks: pd.DataFrame
    sleeves: pd.DataFrame
    sleeve_benchmarks: pd.DataFrame
    indices: dict[str, pd.Series]
    risk_free: pd.Series
    inception: pd.Timestamp
    track_record: pd.Timestamp

    def sides(self, name: str) -> tuple[pd.Series, pd.Series]:
        """Daily returns of a course, or a sleeve by its key, and of its benchmark, since the inception or its own."""
        course = name in self.courses
        own, other = (self.courses, self.benchmarks) if course else (self.sleeves, self.sleeve_benchmarks)
        held = own.loc[self.inception :, name].dropna()
        return held, other.loc[held.index, name]


def follow_book(book: Book, market: xr.Dataset, month: str) -> History:
    """Daily returns of every course and its benchmark to the end of a month."""
    return history_of(tracks_to(book, market, month))


def tracks_to(book: Book, market: xr.Dataset, month: str) -> Tracks:
    """Every sleeve and benchmark from the inception or the track record's start, the earlier, to the end of a month."""
    end = read_period(month, book, market).end
    base, since = sessions_from(book, market, min(_inception(book), _track_record(book)))
    return Tracks(book, market, Period(label=f"to {month}", base=base, days=since[since <= end]))


def history_of(tracks: Tracks) -> History:
    """Daily returns of every course and its benchmark over the days of `tracks_to`."""
    book, market, days = tracks.book, tracks.market, tracks.period.days
    inception, track_record = _inception(book), _track_record(book)
    sleeves = {name: tracks.sleeve(name) for name in book.sleeves}
    benchmarks = dict.fromkeys(sleeve.benchmark for sleeve in book.sleeves.values())
    levels = {name: tracks.level(name) for name in benchmarks}
    of_benchmark = {name: tracks.benchmark(name).returns if level is None else level for name, level in levels.items()}
    indices = dict.fromkeys([*book.report.indices, *(name for name, level in levels.items() if level is not None)])
    own = {name: actual_or_held(book, name, track.returns) for name, track in sleeves.items()}
    other = {name: of_benchmark[sleeve.benchmark] for name, sleeve in book.sleeves.items()}
    return History(
        courses=pd.DataFrame(
            {course: actual_or_held(book, course, _blend(own, book, course, inception)) for course in book.courses}
        ),
        benchmarks=pd.DataFrame({course: _blend(other, book, course, inception) for course in book.courses}),
        sleeves=pd.DataFrame({name: returns.to_series() for name, returns in own.items()}),
        sleeve_benchmarks=pd.DataFrame({name: returns.to_series() for name, returns in other.items()}),
        indices={name: tracks.index(name).to_series() for name in indices},
        risk_free=risk_free_returns(book, market, days),
        inception=days[days >= inception][0],
        track_record=track_record,
    )


def history_of_parts(parts: Sequence[Tracks]) -> History:
    """`history_of` of a book whose parts begin on other days, the oldest first; missing before a course begins."""
    first, *others = histories = [history_of(tracks) for tracks in parts]
    if not others:
        return first
    return replace(
        first,
        courses=pd.concat([history.courses for history in histories], axis=1),
        benchmarks=pd.concat([history.benchmarks for history in histories], axis=1),
        sleeves=_each_once([history.sleeves for history in histories]),
        sleeve_benchmarks=_each_once([history.sleeve_benchmarks for history in histories]),
        indices={name: daily for history in reversed(histories) for name, daily in history.indices.items()},
    )


def _each_once(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Frames side by side; of a sleeve that younger courses hold too, its own, which comes first."""
    frame = pd.concat(frames, axis=1)
    return frame.loc[:, ~frame.columns.duplicated()]


def _inception(book: Book) -> pd.Timestamp:
    return pd.Timestamp(book.book.inception)


def _track_record(book: Book) -> pd.Timestamp:
    return pd.Timestamp(book.book.track_record_start or book.book.inception)


def _blend(parts: dict[str, xr.DataArray], book: Book, course: str, inception: pd.Timestamp) -> pd.Series:
    """Daily returns of a blend, reset as the book says and at the inception."""
    shares, reset = book.shares(course), book.reset_of(course)
    stacked = xr.concat([parts[s] for s in shares], pd.Index(list(shares), name="part"), coords="minimal", compat="override")
    runs = [stacked.sel(time=slice(None, inception - pd.Timedelta(days=1))), stacked.sel(time=slice(inception, None))]
    blended = [(blend_shares(run, shares, reset) * run).sum("part").to_series() for run in runs if run.sizes["time"]]
    return pd.concat(blended)


def risk_free_returns(book: Book, market: xr.Dataset, days: pd.DatetimeIndex) -> pd.Series:
    """The book's risk-free return on each day: the rates table's, or a number a year spread over the months' sessions."""
    rate = book.book.risk_free
    if rate == "rates":
        return market["risk_free"].sel(time=days).to_series()
    months = pd.Series(days.to_period("M"), index=days)
    per_month = (1 + float(rate)) ** (1 / MONTHS_A_YEAR)
    return per_month ** (1 / months.groupby(months).transform("size")) - 1


def monthly_returns(daily: pd.Series) -> pd.Series:
    """Compounded return of each calendar month present; a partial month counts as one."""
    return (1 + daily).groupby(daily.index.to_period("M")).prod() - 1


def sharpe_ratio(monthly: pd.Series, risk_free: pd.Series) -> float:
    """Annualised geometric return less the risk-free's, over annualised volatility; NaN for fewer than 12 months.

    Parameters
    ----------
    monthly, risk_free
        Returns by month, decimals, with the same labels: dates of any kind, or none.

    Raises
    ------
    InputError
        For returns that are missing, infinite or below -1; for labels that differ, or that are dates out of order, twice,
        with a month missing, or not of months.

    Notes
    -----
    [prod(1 + r)^(12/n) - prod(1 + f)^(12/n)] / (sqrt(12) s), s the standard deviation of r (ddof 1). Sharpe (1994) with
    geometric means, as the book's convention has it. A deviation that is rounding (`riskmodel.arrays.rounding`) is none, and
    the ratio NaN.
    """
    _require_months(monthly, risk_free)
    spread = deviation(monthly) * MONTHS_A_YEAR**0.5
    return over(_excess_a_year(monthly, risk_free), spread) if len(monthly) >= LEAST_MONTHS else float("nan")


def sortino_ratio(monthly: pd.Series, risk_free: pd.Series) -> float:
    """Annualised geometric return less the risk-free's, over annualised downside deviation; NaN for fewer than 12 months.

    Parameters
    ----------
    monthly, risk_free
        As for `sharpe_ratio`.

    Raises
    ------
    InputError
        As for `sharpe_ratio`.

    Notes
    -----
    The denominator is sqrt(12) sqrt(mean(min(r - f, 0)^2)) over all months, with the month's risk-free return as target.
    Sortino & Price (1994).
    """
    _require_months(monthly, risk_free)
    short = np.minimum(settled((monthly - risk_free).to_numpy(float), growth(monthly, risk_free)), 0.0)
    if len(monthly) < LEAST_MONTHS:
        return float("nan")
    return over(_excess_a_year(monthly, risk_free), float(np.sqrt((short**2).mean() * MONTHS_A_YEAR)))


def _require_months(monthly: pd.Series, risk_free: pd.Series) -> None:
    require_returns(monthly)
    require_returns(risk_free, "returns of 'risk_free'")
    require_same_rows(monthly, risk_free)
    require_record(monthly.index, a_year=MONTHS_A_YEAR)


def annualised(returns: pd.Series, a_year: float) -> float:
    """Geometric mean return of a year: prod(1 + r)^(a_year / n) - 1."""
    return float((1 + returns).prod() ** (a_year / len(returns)) - 1)


def _excess_a_year(monthly: pd.Series, risk_free: pd.Series) -> float:
    return annualised(monthly, MONTHS_A_YEAR) - annualised(risk_free, MONTHS_A_YEAR)


def performance_table(history: History, book: Book, month: str) -> pd.DataFrame:
    """The month's ranking by excess return: rank, course, return, benchmark, benchmark_return, excess; then `Average`."""
    days = history.courses.index
    inside = (days.to_period("M") == pd.Period(month, "M")) & (days >= history.inception)
    returned = (1 + history.courses[inside]).prod() - 1
    benchmark = (1 + history.benchmarks[inside]).prod() - 1
    frame = pd.DataFrame(
        {
            "course": list(book.courses),
            "return": returned.to_numpy(),
            "benchmark": [book.benchmark_name(course) for course in book.courses],
            "benchmark_return": benchmark.to_numpy(),
            "excess": (returned - benchmark).to_numpy(),
        }
    ).sort_values("excess", ascending=False, kind="stable", ignore_index=True)
    frame.insert(0, "rank", frame["excess"].rank(ascending=False, method="min").astype("Int64"))
    means = frame[["return", "benchmark_return", "excess"]].mean()
    average = pd.DataFrame([{"rank": pd.NA, "course": "Average", "benchmark": "", **means}]).astype({"rank": "Int64"})
    return pd.concat([frame, average], ignore_index=True)[list(frame.columns)]


def trailing_table(history: History, book: Book, market: xr.Dataset, month: str) -> pd.DataFrame:
    """Courses and indices: name, 1m, 3m, 6m, 1y, itd, sharpe, sortino; NaN where the history is too short.

    Windows run from month end to month end; itd from the close before the book's inception. Ratios come from monthly returns
    from the track record's start.
    """
    own = {course: history.courses[course].dropna() for course in book.courses}
    series = own | {index: history.indices[index] for index in book.report.indices}
    rows = {
        name: window_returns(daily if name not in own else daily[history.inception :], pd.Period(month, "M"), market)
        | {"itd": inception_return(daily, history)}
        | ratios(daily, history)
        for name, daily in series.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name").reset_index()


def window_returns(daily: pd.Series, month: pd.Period, market: xr.Dataset) -> dict[str, float]:
    """Compounded returns of the windows that end with a month; NaN where the history is shorter than the window."""
    if daily.empty:
        return dict.fromkeys(WINDOWS, float("nan"))
    months, earliest = daily.index.to_period("M"), first_whole_month(daily, market)
    out = {}
    for label, count in WINDOWS.items():
        first = month - (count - 1)
        inside = daily[(months >= first) & (months <= month)]
        out[label] = float((1 + inside).prod() - 1) if first >= earliest else float("nan")
    return out


def first_whole_month(daily: pd.Series, market: xr.Dataset) -> pd.Period:
    """The first month of which daily returns have every session; `market` says which sessions were before them."""
    first = daily.index[0].to_period("M")
    sessions = market.get_index("time")
    before = sessions[sessions < daily.index[0]]
    return first if len(before) and before[-1].to_period("M") < first else first + 1


def inception_return(daily: pd.Series, history: History) -> float:
    """Compounded return since the book's inception; NaN where the returns start later."""
    if daily.empty or daily.index[0] > history.inception:
        return float("nan")
    return float((1 + daily[history.inception :]).prod() - 1)


def ratios(daily: pd.Series, history: History) -> dict[str, float]:
    """Sharpe and Sortino ratios from monthly returns since the track record's start; NaN where the returns start later."""
    record = daily[history.track_record :]
    first = history.courses.index[history.courses.index >= history.track_record]
    if record.empty or daily.index[0] > first[0]:
        return {"sharpe": float("nan"), "sortino": float("nan")}
    monthly, risk_free = monthly_returns(record), monthly_returns(history.risk_free[history.track_record :])
    return {"sharpe": sharpe_ratio(monthly, risk_free), "sortino": sortino_ratio(monthly, risk_free)}


def index_weeks_table(history: History, book: Book, market: xr.Dataset, month: str) -> pd.DataFrame:
    """Returns of the indices week by week: week_from, week_to, then one column an index; the weeks tile the month."""
    days = read_period(month, book, market).days
    frame = pd.DataFrame({name: history.indices[name].reindex(days) for name in book.report.indices}, index=days)
    week = days.to_period("W-SUN")
    table = ((1 + frame).groupby(week).prod() - 1).where(frame.notna().groupby(week).all())
    bounds = pd.Series(days, index=days).groupby(week).agg(["min", "max"])
    table.insert(0, "week_from", bounds["min"])
    table.insert(1, "week_to", bounds["max"])
    return table.reset_index(drop=True)


def month_factor_returns(daily: pd.DataFrame) -> pd.DataFrame:
    """Compound daily factor returns over their days.

    Parameters
    ----------
    daily
        date, factor, group, return, standard_error: decimals; NaN on a day without the factor, which counts as no return.

    Returns
    -------
    DataFrame
        factor, group, month_return, standard_error, t; NaN for a factor that no day has.

    Notes
    -----
    F = prod(1 + f_t) - 1, and with independent days Var(F) = sum_t [(1 + F) / (1 + f_t)]^2 s_t^2 to first order.
    """
    growth = 1 + daily["return"]
    factor = daily["factor"]
    total = growth.groupby(factor, sort=False).prod(min_count=1)
    scaled = (daily["standard_error"] / growth) ** 2
    error = total * np.sqrt(scaled.groupby(factor, sort=False).sum(min_count=1))
    frame = daily.drop_duplicates("factor")[["factor", "group"]].set_index("factor")
    frame["month_return"], frame["standard_error"] = total - 1, error
    frame["t"] = frame["month_return"] / frame["standard_error"].where(frame["standard_error"] > SMALLEST_ERROR)
    return frame.reset_index()
