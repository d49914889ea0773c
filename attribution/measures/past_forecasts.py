"""What was forecast of sleeves at the closes before the last months, beside what each earned in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field, fields
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from attribution.measures.forecast import Forecast
from attribution.measures.realised import MONTHS, Realised, realised_ratio, realised_volatility, without_numbers
from attribution.portfolio.actual_returns import actual_or_held
from attribution.portfolio.book import Book
from attribution.portfolio.funds.lists import carried_funds
from attribution.portfolio.holdings import Track
from attribution.portfolio.periods import Period, sessions_from
from attribution.portfolio.tracks import Tracks
from attribution.rows import CASH, is_pseudo_name
from riskmodel.arrays.rounding import active, deviation
from riskmodel.bounds import DAYS_A_YEAR
from riskmodel.errors import InputError
from riskmodel.validation.bias import bias_band, kurtosis

RATIO = "risk_ratio"  # the measure that [limits] risk_band bounds
MONTH_ERRORS = ("sleeve", "month", "days", "forecast", "realised", "forecast_low", "forecast_high")
COLUMNS = ("sleeve", "measure", *(each.name for each in fields(Realised)), "uncovered_weight")


@dataclass(frozen=True)
class SleeveRealised:
    """A row of the table `realised`.

    Attributes
    ----------
    sleeve
        Key of the sleeve.
    measure
        "volatility" and "tracking_error" of the sleeve; where the book has a `risk_band`, "index_volatility" of its index
        and "risk_ratio", the one volatility over the other.
    realised
        What was forecast and what followed.
    uncovered_weight
        Largest weight in any of the months, on either side, of names without a forecast, which were left out; a month of
        which that is more than the book's `uncovered_max` on the sleeve's side is left out whole.
    """

    sleeve: str
    measure: str
    realised: Realised
    uncovered_weight: float


def last_months(book: Book, market: xr.Dataset, end: pd.Timestamp) -> list[Period]:
    """The last twelve months up to a session, or those since the inception; the first and the last maybe in part."""
    base, days = sessions_from(book, market)
    days = days[days <= end]
    month = days.to_period("M")
    periods = []
    for each in month.unique():
        inside = days[month == each]
        periods.append(Period(label=str(each), base=base, days=inside))
        base = inside[-1]
    return periods[-MONTHS:]


def run_of(months: list[Period]) -> Period:
    """Months one after the other as one period."""
    days = months[0].days.append([month.days for month in months[1:]])
    return Period(label=f"{months[0].label}/{months[-1].label}", base=months[0].base, days=days)


def past_of(tracks: Tracks, forecasts: Mapping[pd.Timestamp, Forecast]) -> Past:
    """The last months of a book with what was forecast before each.

    Parameters
    ----------
    tracks
        Of the book, over days up to the one on which is looked back.
    forecasts
        By close; months whose base has none are left out.
    """
    return Past(tracks, last_months(tracks.book, tracks.market, tracks.period.end), forecasts)


def realised_of_sleeves(past: Past, sleeves: Iterable[str]) -> list[SleeveRealised]:
    """Forecast against realised risk of sleeves over the last months, one row a sleeve and measure.

    Parameters
    ----------
    past
        From `past_of`, of the book in which the sleeves are.
    sleeves
        Their keys.

    Returns
    -------
    list of SleeveRealised
        At each month's base what is held from that close on, a list that takes effect at it included, is forecast with what
        was known then. Returns are the actual ones where the book has them; those of an index are its level's where it has
        one.
    """
    book = past.tracks.book
    band, rows = book.limits.risk_band, []
    for sleeve in sleeves:
        own, benchmark = past.sleeve(sleeve), past.index(book.sleeves[sleeve].benchmark)
        rows.append(_judged(sleeve, "volatility", past, own))
        rows.append(_judged(sleeve, "tracking_error", past, own, benchmark, of_active=True))
        if band is not None and band.index in book.benchmarks:
            index = past.index(band.index)
            rows.append(_judged(sleeve, "index_volatility", past, index))
            rows.append(_judged(sleeve, RATIO, past, own, index, within=band.within))
    return rows


def realised_table(rows: Iterable[SleeveRealised]) -> pd.DataFrame:
    """As the table `realised`: sleeve, measure, months, days, forecast, realised, ratio, low, high, verdict, bound,
    uncovered_weight.
    """
    cells = [(row.sleeve, row.measure, *astuple(row.realised), row.uncovered_weight) for row in rows]
    whole = {"months": int, "days": int} | dict.fromkeys(("sleeve", "measure", "verdict"), object)
    kinds = {name: whole.get(name, float) for name in COLUMNS}
    return pd.DataFrame(cells, columns=list(COLUMNS)).astype(kinds)


def month_errors(past: Past, sleeves: Iterable[str]) -> pd.DataFrame:
    """Tracking errors of sleeves month by month, as forecast at the close before each and as realised in it.

    Parameters
    ----------
    past, sleeves
        As for `realised_of_sleeves`.

    Returns
    -------
    DataFrame
        sleeve, month ("2025-03"), days, forecast, realised, forecast_low, forecast_high; volatilities a year, decimals, of
        active returns by day. `realised` lies between the last two 95 times in 100 where the forecast was right. NaN for a
        month before which nothing was forecast; no rows of a sleeve that cannot be followed.

    Notes
    -----
    forecast (1 -+ 2 sqrt((kappa - 1) / (4 T))) with T the days of the month and kappa the kurtosis of all days' outcomes;
    see `attribution.measures.realised.realised_volatility`.
    """
    rows = []
    for sleeve in sleeves:
        own, benchmark = past.sleeve(sleeve), past.index(past.tracks.book.sleeves[sleeve].benchmark)
        if own is None or benchmark is None:
            continue
        returns, made = own.returns - benchmark.returns, past.volatility(own, benchmark)[0]
        outcomes = (returns / made.where(made > 0)).dropna().to_xarray()
        tails = max(float(kurtosis(outcomes, dim=outcomes.dims)), 1.0) if outcomes.size > 1 else np.nan
        for month in past.months:
            days = len(month.days)
            forecast = float(made[month.days[0]]) * DAYS_A_YEAR**0.5
            realised = deviation(returns[month.days].to_numpy()) * DAYS_A_YEAR**0.5 if days > 1 else np.nan
            low, high = (forecast * max(float(end), 0.0) for end in bias_band(days, tails))
            rows.append((sleeve, f"{month.end:%Y-%m}", days, forecast, realised, low, high))
    return pd.DataFrame(rows, columns=list(MONTH_ERRORS)).astype({"days": int})


@dataclass(frozen=True)
class Side:
    """A portfolio over the last months: its returns, and what is held from each month's base on, cash apart."""

    name: str
    returns: pd.Series
    held: Mapping[pd.Timestamp, pd.Series]


@dataclass(frozen=True)
class Past:
    """The last months of a book: sleeves and indices, and what was forecast of them; each is looked up once.

    Attributes
    ----------
    tracks
        Of the book.
    months
        The last ones.
    forecasts
        By close.
    """

    tracks: Tracks
    months: list[Period]
    forecasts: Mapping[pd.Timestamp, Forecast]
    _sides: dict[str, Side | None] = field(default_factory=dict)
    _made: dict[tuple[str, str], tuple[pd.Series, float]] = field(default_factory=dict)

    @cached_property
    def over(self) -> Tracks:
        return self.tracks.over(run_of(self.months))

    @cached_property
    def carried(self) -> list[str]:
        return carried_funds(self.tracks.book)

    def sleeve(self, sleeve: str) -> Side | None:
        """A sleeve; None where it cannot be followed over all the months: where a fund's list begins within them, say."""
        name = f"sleeve {sleeve}"
        if name not in self._sides:
            try:
                track = self.over.looked_through(sleeve)
                returns = actual_or_held(self.tracks.book, sleeve, track.returns)
                self._sides[name] = Side(name, returns.to_series(), _held(track, self.months))
            except InputError:  # what the month in question needs is refused where that month is followed
                self._sides[name] = None
        return self._sides[name]

    def index(self, name: str) -> Side | None:
        """An index; None where it cannot be followed: no sleeve has it and its lists begin within the months, say."""
        key = f"index {name}"
        if key not in self._sides:
            try:
                track, returns = self.over.benchmark(name), self.over.benchmark_return(name)
                self._sides[key] = Side(key, returns.to_series(), _held(track, self.months))
            except InputError:
                self._sides[key] = None
        return self._sides[key]

    def volatility(self, own: Side, other: Side | None = None) -> tuple[pd.Series, float]:
        """What was forecast of a day, on each day of its month, active where there is another side, NaN where nothing was;
        and the largest weight that was left out.
        """
        key = (own.name, "" if other is None else other.name)
        if key not in self._made:
            found = [self._at(month.base, own, other) for month in self.months]
            days = [pd.Series(value, month.days) for month, (value, _) in zip(self.months, found, strict=True)]
            self._made[key] = pd.concat(days), max(left for _, left in found)
        return self._made[key]

    def _at(self, close: pd.Timestamp, own: Side, other: Side | None) -> tuple[float, float]:
        if close not in self.forecasts:
            return np.nan, 0.0
        known, held, left = self.forecasts[close].checked, [], []
        for side in (own, other):
            weights = pd.Series(dtype=float) if side is None else side.held[close]
            place = known.assets.get_indexer(weights.index)
            there = (place >= 0) & ~weights.index.isin(self.carried)
            a = np.zeros(len(known.assets))
            a[place[there]] = weights.to_numpy()[there]
            held.append(a)
            lacking = weights[(place < 0) & ~weights.index.isin(self.carried)]
            left.append(float(lacking.abs().sum()))
            if any(map(is_pseudo_name, lacking.index)):
                return np.nan, 0.0
        if left[0] > self.tracks.book.book.uncovered_max:
            return np.nan, 0.0
        there = (held[0] != 0) | (held[1] != 0)
        among = known.among(known.assets[there])
        return float(np.sqrt(among.variance(active(held[0], held[1])[there]))), max(left)


def _judged(
    sleeve: str,
    measure: str,
    past: Past,
    own: Side | None,
    other: Side | None = None,
    *,
    of_active: bool = False,
    within: float | None = None,
) -> SleeveRealised:
    """A row: of one portfolio, of the active return against another, or of the ratio of their volatilities."""
    if own is None or (other is None and (of_active or within is not None)):
        return SleeveRealised(sleeve, measure, without_numbers("not_followed"), 0.0)
    if other is None or of_active:
        returns = own.returns if other is None else own.returns - other.returns
        made, left = past.volatility(own, other)
        return SleeveRealised(sleeve, measure, realised_volatility(returns, made), left)
    (made, left), (of_index, left_of_index) = past.volatility(own), past.volatility(other)
    found = realised_ratio(own.returns, other.returns, made, of_index, within=float(within or 0.0))
    return SleeveRealised(sleeve, measure, found, max(left, left_of_index))


def _held(track: Track, months: list[Period]) -> dict[pd.Timestamp, pd.Series]:
    """By base what is held from that close on: a list of the day counts, and without one what no longer trades is cash."""
    days, labels, ended = track.weights.get_index("time"), track.weights.get_index("asset"), track.ended
    weights, live = track.weights.to_numpy(), track.live.to_numpy()
    held = {}
    for month in months:
        row = days.get_loc(month.days[0])
        keep = (weights[row] != 0) & (labels != CASH)
        if row and month.base not in track.lists:
            paid = labels.isin(ended.loc[ended["final"] == month.base, "ticker"])
            keep &= ~(((weights[row - 1] != 0) & (live[row - 1] == 0)) | paid)
        held[month.base] = pd.Series(weights[row][keep], labels[keep])
    return held
