"""A course's forecast risk and limits at one close, from the book, the market and the fitted model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attribution.measures.estimated import with_estimated_exposures, with_estimated_variance
from attribution.measures.limits import Limit, held_limits, limits_table
from attribution.measures.risk import CourseRisk, split_risk, weighed_risk
from attribution.measures.risk_inputs import RiskArrays, aligned_arrays
from attribution.portfolio.begun import book_of
from attribution.portfolio.book import Book
from attribution.portfolio.course import Course, blend_tracks, carried_as_cash
from attribution.portfolio.funds.lists import carried_funds
from attribution.portfolio.holdings import apart_from_cash, sleeve_lists
from attribution.portfolio.periods import Period, sessions_from, whose_inception
from attribution.portfolio.settings.sections import UNCOVERED_MAX
from attribution.portfolio.tracks import Tracks
from attribution.rows import CASH
from riskmodel.errors import InputError
from riskmodel.estimation.share_classes import linked_correlation, linked_covariance
from riskmodel.facts import Fact, ForecastUnavailableError
from riskmodel.model.forecast import RiskForecast
from riskmodel.model.results import RiskModelResults


@dataclass(frozen=True)
class Forecast:
    """What a risk decomposition takes, known at the close of a day; factors without a forecast are left out and named.

    `linked_covariance` is that of share classes of one company; None where the market names no issuer of two or more.
    `earlier` are the tables of a given model of which the last one known is of an earlier day -> that day.
    """

    exposures: xr.DataArray
    factor_covariance: xr.DataArray
    specific_variance: xr.DataArray
    groups: dict[str, str]
    left_out: list[str]
    linked_covariance: xr.DataArray | None = None
    earlier: Mapping[str, pd.Timestamp] = field(default_factory=dict)

    def covers(self) -> xr.DataArray:
        """Whether an asset has a forecast, (asset)."""
        return self.exposures.notnull().all("factor") & self.specific_variance.notnull()

    @cached_property
    def checked(self) -> RiskArrays:
        """The forecast of every asset that has one, checked once for all the weights that are held against it."""
        covered = self.specific_variance[self.covers().to_numpy()]
        arrays = (self.exposures, self.factor_covariance, self.specific_variance, self.linked_covariance)
        return aligned_arrays(covered, *arrays)

    def arrays(self) -> dict[str, Any]:
        """Keyword arguments of `attribution.measures.risk.decompose`."""
        return {
            "exposures": self.exposures,
            "factor_covariance": self.factor_covariance,
            "specific_variance": self.specific_variance,
            "linked_covariance": self.linked_covariance,
            "groups": self.groups,
        }


def forecast_risk(
    model: RiskModelResults,
    market: xr.Dataset,
    date: pd.Timestamp,
    made: RiskForecast | None = None,
    *,
    levels: Mapping[str, str] | None = None,
) -> Forecast:
    """Factor covariance, specific variances and exposures known at the close of a session.

    Parameters
    ----------
    model, market
        A fit and its market; only what is stamped `date` or before is used.
    date
        A session.
    made
        The model's forecast at `date`, and maybe at other closes, where there is one already.
    levels
        Labels of benchmarks of which only returns are known -> their indices, `Book.levels_among_names`: assets of the
        forecast too, with exposures estimated from returns up to the close.

    Returns
    -------
    Forecast
        Daily variances; asset labels as in a course, the stock CASH apart from cash. Names without exposures are NaN.
    """
    forecast = model.forecast([date]) if made is None else made
    covariance = forecast.factor_covariance.sel(time=date, drop=True)
    exposures = model.design(pd.DatetimeIndex([date])).isel(time=0, drop=True).transpose("asset", "factor").to_pandas()
    unfed = exposures.columns[exposures.isna().all()]  # nobody has it at this close, whatever it returned before
    factors = covariance.get_index("factor")
    known = factors[~np.isnan(np.diagonal(covariance.to_numpy())) & ~factors.isin(unfed)]
    labels = apart_from_cash(market.get_index("asset"))
    frame = exposures.reindex(index=market.get_index("asset"), columns=known).set_axis(labels, axis=0)
    frame[frame.isna().any(axis=1)] = np.nan
    specific_variance, linked = specific_variances(model, market, date, forecast.specific_volatility, levels=levels)
    own = xr.DataArray(frame.to_numpy(), {"asset": labels, "factor": list(known)}, ("asset", "factor"))
    return Forecast(
        exposures=with_estimated_exposures(own, model, market, date, levels or {}),
        factor_covariance=covariance.sel(factor=known, factor_other=known),
        specific_variance=specific_variance,
        groups={str(name): model.group(str(name)) for name in known},
        left_out=[str(name) for name in model.data["factor"].to_numpy() if name not in known],
        linked_covariance=linked,
        earlier=_of_earlier_days(forecast, date),
    )


def _of_earlier_days(forecast: RiskForecast, date: pd.Timestamp) -> dict[str, pd.Timestamp]:
    """Tables of a given model of which what is known at a close is of an earlier day -> that day; of a fit none."""
    of_tables = {"model_covariance": forecast.factor_risk, "model_specific_risk": forecast.specific_risk}
    given = {
        name: pd.Timestamp(risk["given_on"].sel(time=date).item()) for name, risk in of_tables.items() if "given_on" in risk
    }
    return {name: day for name, day in given.items() if day < date}


def forecasts_at(
    model: RiskModelResults,
    market: xr.Dataset,
    closes: Iterable[pd.Timestamp],
    *,
    levels: Mapping[str, str] | None = None,
) -> dict[pd.Timestamp, Forecast]:
    """`forecast_risk` by close, made in one pass, from the first close on from which all have one.

    Raises
    ------
    ForecastUnavailableError
        Where the last close has none.
    """
    ordered = sorted(closes)
    for first, close in enumerate(ordered):
        try:
            made = model.forecast(ordered[first:]).compute()
        except ForecastUnavailableError:
            if close == ordered[-1]:
                raise
        else:
            break
    return {close: forecast_risk(model, market, close, made, levels=levels) for close in ordered[first:]}


def specific_variances(
    model: RiskModelResults,
    market: xr.Dataset,
    date: pd.Timestamp,
    volatility: xr.DataArray,
    *,
    levels: Mapping[str, str] | None = None,
) -> tuple[xr.DataArray, xr.DataArray | None]:
    """Specific variance of a day (asset), labels as in a course, and the covariance of share classes of one company.

    `volatility` (time, asset) is forecast at the close `date`; only what is stamped then or before is used.
    """
    labels, issuer = apart_from_cash(market.get_index("asset")), model.data["issuer"].sel(asset=market["asset"])
    own = volatility.sel(time=date, drop=True).sel(asset=market["asset"])
    correlation = linked_correlation(model.specific_returns.sel(time=slice(None, date)), issuer)
    linked = linked_covariance(own.assign_coords(asset=labels), issuer.assign_coords(asset=labels), correlation)
    variance = xr.DataArray(own.to_numpy() ** 2, {"asset": labels}, ("asset",))
    return with_estimated_variance(variance, model, market, date, levels or {}), linked


def month_to(book: Book, market: xr.Dataset, date: pd.Timestamp) -> Period:
    """The month of a session, up to it.

    Raises
    ------
    InputError
        Where the day is not a session of the book.
    """
    base, days = sessions_from(book, market)
    if date not in days:
        raise InputError(
            f"date {date:%Y-%m-%d} is not a session of the book, which runs from {days[0]:%Y-%m-%d}{whose_inception(book)} "
            f"to {days[-1]:%Y-%m-%d}."
        )
    month = days[(days.to_period("M") == date.to_period("M")) & (days <= date)]
    before = days[days < month[0]]
    return Period(label=f"{date:%Y-%m-%d}", base=before[-1] if len(before) else base, days=month)


def closing_course(book: Book, course: str, market: xr.Dataset, date: pd.Timestamp) -> Course:
    """A course followed through the month of a session, up to it; raises as `month_to`."""
    book = book_of(book, course)
    return blend_tracks(Tracks(book, market, month_to(book, market, date)), course)


def course_risk(book: Book, course: str, forecast: Forecast, market: xr.Dataset, date: pd.Timestamp) -> CourseRisk:
    """Forecast risk of a course against its benchmark at the drifted weights of a close."""
    followed = closing_course(book, course, market, date)
    return closing_risk(followed, forecast, uncovered_max=book.book.uncovered_max)


def closing_risk(followed: Course, forecast: Forecast, *, uncovered_max: float = UNCOVERED_MAX) -> CourseRisk:
    """Forecast risk of a course that was followed to the close of the forecast; what no longer trades is cash.

    Refused where names without a forecast have more than `uncovered_max` of the weight.
    """
    known = forecast.checked
    return weighed_risk(
        followed.name,
        followed.invested(),
        known.assets,
        lambda of: known.among(of.get_index("asset")),
        groups=forecast.groups,
        uncovered_max=uncovered_max,
        carried=followed.carried,
    )


def sleeve_limits(book: Book, sleeve: str, forecast: Forecast, market: xr.Dataset, date: pd.Timestamp) -> pd.DataFrame:
    """The book's rules held against a sleeve at a close: sleeve, rule, value, bound, ok, detail."""
    book = book_of(book, sleeve)
    tracks = Tracks(book, market, month_to(book, market, date))
    followed = blend_tracks(tracks, sleeve)
    risk = closing_risk(followed, forecast, uncovered_max=book.book.uncovered_max)
    return limits_table(closing_limits(tracks, followed, sleeve, forecast=forecast, risk=risk))


def uncovered_weights(followed: Course, forecast: Forecast) -> pd.Series:
    """What a course holds at its last close of names without a forecast, by ticker; the largest first.

    A benchmark of which only returns are known, and of which nothing is estimated, is held as the benchmark holds it.
    """
    invested = followed.invested().drop_sel(asset=CASH)
    weights = invested["portfolio_weight"].where(
        ~invested["asset"].isin(list(followed.levels)), invested["benchmark_weight"]
    )
    weights = weights.sel(asset=~weights["asset"].isin(followed.carried))
    lacking = (weights != 0) & ~forecast.covers().sel(asset=weights["asset"])
    return weights[lacking.to_numpy()].to_series().sort_values(ascending=False, kind="stable")


def followed_funds(tracks: Tracks, sleeve: str) -> pd.Series | None:
    """Weights at the close of what a sleeve holds, its funds as funds; None where it holds none that is looked through."""
    looked_through = [ticker for ticker, fund in tracks.book.funds.items() if fund.constituents is not None]
    track = tracks.sleeve(sleeve)
    closing = carried_as_cash(track.closing, track.closing_stopped).to_series()
    return closing if (closing.reindex(looked_through).fillna(0.0) != 0).any() else None


def closing_limits(
    tracks: Tracks,
    followed: Course,
    sleeve: str,
    *,
    forecast: Forecast | None,
    risk: CourseRisk | None,
) -> list[Limit]:
    """`sleeve_limits` of a sleeve that was followed to a close; rules of risk are not tested without a forecast or risk."""
    book, market, date = tracks.book, tracks.market, tracks.period.end
    invested, returns_only = followed.invested(), bool(followed.levels)
    held, listed = (invested[f"{side}_weight"].to_series() for side in ("portfolio", "benchmark"))
    funds = followed_funds(tracks, sleeve)
    sectors = market["sector"].to_series().set_axis(apart_from_cash(market.get_index("asset")))
    lists = sleeve_lists(book, sleeve)
    last = lists.loc[lists["date"] < date, "date"].max()
    bought = lists[lists["date"] == last].set_index("ticker")["weight"]
    index_risk, missing, uncounted = None, None, tuple[Fact, ...]()
    whole = held[held.index.isin(followed.carried) & (held != 0)]  # funds without exposures, by choice
    if risk is not None and len(whole):
        uncounted = (Fact("carried", {"names": len(whole), "weight": float(whole.sum())}),)
    band = book.limits.risk_band
    if band is not None and band.index in book.benchmarks and forecast is not None:
        track = tracks.benchmark(band.index)
        closing = carried_as_cash(track.closing, track.closing_stopped)
        weights = closing.isel(asset=((closing != 0) & (closing["asset"] != CASH)).to_numpy()).to_series()
        here = weights.index.isin(forecast.checked.assets) & ~weights.index.isin(carried_funds(book))
        arrays = forecast.checked.among(weights.index[here])
        index_risk = split_risk(weights.to_numpy()[here], arrays, groups=forecast.groups).volatility
        if risk is not None and not here.all():
            left = float(weights[~here].sum())
            uncounted += (Fact("left_out", {"names": int((~here).sum()), "weight": left}),)
        if book.benchmarks[band.index].returns_only and risk is not None and here.all():
            uncounted += (Fact("estimated", {"index": band.index}),)
    elif band is not None and band.index not in book.benchmarks:
        missing = Fact("no_constituents", {"index": band.index})
    limits = held_limits(
        book,
        sleeve,
        weights=held[held != 0],
        as_held=None if funds is None else funds[funds != 0],
        sectors=sectors,
        benchmark_weights=listed[listed != 0],
        rebalance_weights=bought,
        risk=None if risk is None else risk.portfolio.volatility,
        index_risk=index_risk,
        risk_missing=missing,
        sectors_missing=Fact("no_sectors", {"benchmark": book.sleeves[sleeve].benchmark}) if returns_only else None,
    )
    return [replace(x, details=x.details + uncounted) if x.rule == "risk_band" else x for x in limits]
