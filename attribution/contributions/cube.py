"""The cube: a course's weights, exposures and factor returns, day x asset x factor, linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.modelled.exposure_errors import ExposureErrors
from attribution.contributions.modelled.parts import model_parts
from attribution.linking.linking import coefficients
from attribution.portfolio.beside import Beside
from attribution.portfolio.course import Course
from attribution.portfolio.coverage import require_covered
from attribution.portfolio.settings.sections import UNCOVERED_MAX
from attribution.rows import CASH, MARKET, PROXY_FACTOR, UNCLASSIFIED, among_stocks
from riskmodel.errors import InputError
from riskmodel.market.sector_order import sectors_in_order
from riskmodel.model.results import RiskModelResults

Side: TypeAlias = Literal["portfolio", "benchmark"]
SECURITIES = ["sector", "name", "name_ja"]
BY_NAME, BY_DAY = ("time", "asset"), ("time",)
DIMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("portfolio_weight", "benchmark_weight", "portfolio_live", "benchmark_live"), BY_NAME),
    **dict.fromkeys(("asset_return", "specific_return", "modelled"), BY_NAME),
    **dict.fromkeys(("closing_weight", "benchmark_closing_weight"), ("asset",)),
    "exposure": ("time", "factor", "asset"),
    "factor_return": ("time", "factor"),
    "covariance": ("time", "factor", "factor_other"),
    **dict.fromkeys(("portfolio_return", "benchmark_return", "holdings_return", "official_return"), BY_DAY),
    **dict.fromkeys(("constituents_return", "coefficient", "absolute_coefficient"), BY_DAY),
}


@dataclass(frozen=True)
class Sleeves:
    """What the sleeves of a course hold of both sides, each with its share of the course; they sum to the course's.

    Attributes
    ----------
    portfolio_weight, benchmark_weight, portfolio_live, benchmark_live
        (sleeve, time, asset), as in `Cube`.
    proxy
        (sleeve, time) return of the constituents of the sleeve's benchmark less the official one.
    """

    portfolio_weight: xr.DataArray
    benchmark_weight: xr.DataArray
    portfolio_live: xr.DataArray
    benchmark_live: xr.DataArray
    proxy: xr.DataArray


@dataclass(frozen=True)
class CurrencyView:
    """The rates by which a course is seen from another currency.

    Attributes
    ----------
    rate, returned, carried
        (time) units of the investor's currency for one of the book's, its return over the day, and whether the rate is the
        last one known.
    base_rate
        The rate at the close before the first day.
    """

    rate: xr.DataArray
    returned: xr.DataArray
    carried: xr.DataArray
    base_rate: float


@dataclass(frozen=True)
class Cube:
    """Everything that a cut of a course's return or excess return needs; decimals, the dimensions in the order given.

    Attributes
    ----------
    portfolio_weight, benchmark_weight
        (time, asset) at the start of each day, CASH last; each sums to one.
    portfolio_live, benchmark_live
        (time, asset) the part of the weights that earns the asset's return.
    closing_weight, benchmark_closing_weight
        (asset) at the last close, before any list of that day.
    asset_return, specific_return, modelled
        (time, asset) return, its part that no factor explains (0 where not modelled), and whether the model explains it.
    exposure
        (time, factor, asset) at the start of the day, 0 where not modelled.
    factor_return, covariance
        (time, factor), 0 for a factor left out that day, and the covariance of its errors (time, factor, factor_other).
    portfolio_return, benchmark_return
        (time) of what is explained: the actual return where there is one, in the currency of the view.
    holdings_return, official_return, constituents_return
        (time) in the book's currency: of the course's holdings, of the official benchmark and of its constituents.
    coefficient, absolute_coefficient
        (time) linking coefficients of the excess return and of the return.
    securities
        Columns of text on (asset): `sector`, `name`, `name_ja`.
    groups
        Factor -> its group: market, sector or style.
    second_factor_return
        (time, factor) of the model's second specification; None where it has none on every day.
    sleeves
        The same by sleeve; None where a course was not followed through sleeves.
    beside
        Rows that neither names nor factors earn, such as trading and fees; None where there are none.
    currency
        The rates of a view in another currency; None in the book's own.
    sectors
        The sectors in their official order; empty where the market has none.
    exposure_errors
        Of names whose exposures are estimated; None where there are none.
    """

    portfolio_weight: xr.DataArray
    benchmark_weight: xr.DataArray
    portfolio_live: xr.DataArray
    benchmark_live: xr.DataArray
    closing_weight: xr.DataArray
    benchmark_closing_weight: xr.DataArray
    asset_return: xr.DataArray
    specific_return: xr.DataArray
    modelled: xr.DataArray
    exposure: xr.DataArray
    factor_return: xr.DataArray
    covariance: xr.DataArray
    portfolio_return: xr.DataArray
    benchmark_return: xr.DataArray
    holdings_return: xr.DataArray
    official_return: xr.DataArray
    constituents_return: xr.DataArray
    coefficient: xr.DataArray
    absolute_coefficient: xr.DataArray
    securities: xr.Dataset
    groups: Mapping[str, str]
    second_factor_return: xr.DataArray | None = None
    sleeves: Sleeves | None = None
    beside: Beside | None = None
    currency: CurrencyView | None = None
    sectors: tuple[str, ...] = ()
    exposure_errors: ExposureErrors | None = None

    @property
    def days(self) -> pd.DatetimeIndex:
        """The sessions."""
        return pd.DatetimeIndex(self.asset_return.get_index("time"))

    @property
    def assets(self) -> pd.Index:
        """Held and benchmark names, CASH last."""
        return self.asset_return.get_index("asset")

    @property
    def factors(self) -> list[str]:
        """The model's factors."""
        return [str(factor) for factor in self.factor_return.get_index("factor")]

    @property
    def group_order(self) -> tuple[str, ...]:
        """The sectors in their official order, then what is none; empty where there is no such order."""
        return (*self.sectors, UNCLASSIFIED, CASH) if self.sectors else ()

    def weights(self, side: Side) -> np.ndarray:
        """Start-of-day weights of a side, (time, asset)."""
        return (self.portfolio_weight if side == "portfolio" else self.benchmark_weight).to_numpy()

    def live(self, side: Side) -> np.ndarray:
        """Weights of a side that earn a return, (time, asset)."""
        return (self.portfolio_live if side == "portfolio" else self.benchmark_live).to_numpy()

    def idle(self, side: Side) -> np.ndarray:
        """Weights of a side that are not invested, (time, asset): cash, and positions that no longer trade."""
        return not_invested(self.assets, self.weights(side), self.live(side))

    @property
    def market(self) -> int | None:
        """Place of the factor of the market, to which every stock has an exposure; None where no one factor is it."""
        places = [place for place, factor in enumerate(self.factors) if self.groups.get(factor) == MARKET]
        return places[0] if len(places) == 1 else None

    @property
    def returns_only(self) -> list[str]:
        """Benchmarks of which only returns are known, as they stand among the names."""
        return [] if self.exposure_errors is None else self.exposure_errors.names

    @property
    def beside_names(self) -> list[str]:
        """Rows of a factor cut beside the model's and the proxy, such as trading and fees."""
        return [] if self.beside is None else self.beside.names

    @property
    def beside_factors(self) -> list[str]:
        """The rows of a factor cut that no stock earns: proxy, then `beside_names`."""
        return [PROXY_FACTOR, *self.beside_names]

    @property
    def beside_stocks(self) -> list[str]:
        """The same rows as a stock cut names them: in brackets."""
        return [among_stocks(row) for row in self.beside_factors]

    def beside_values(self, absolute: bool = False) -> np.ndarray:
        """What each of these rows contributed on each day before linking, (time, row).

        The proxy is the return of the constituents less the official benchmark's; it is no part of the course's own return.
        """
        gap = (self.constituents_return - self.official_return).to_numpy()
        gap = np.zeros_like(gap) if absolute else gap
        if self.beside is None:
            return gap[:, None]
        return np.column_stack([gap, (self.beside.absolute if absolute else self.beside.active).to_numpy()])

    def beside_of_benchmark(self) -> np.ndarray:
        """What of the official benchmark's return is in each of these rows on each day, (time, row): no name earns it."""
        gap = (self.official_return - self.constituents_return).to_numpy()[:, None]
        return gap if self.beside is None else np.hstack([gap, self.beside.of_benchmark.to_numpy()])

    def in_sleeves(self) -> Sleeves:
        """What the sleeves hold.

        Raises
        ------
        InputError
            Where the course was not followed through sleeves.
        """
        if self.sleeves is None:
            raise InputError("cut 'sleeve': these data know of no sleeves. Take the result of attribution.attribute.")
        return self.sleeves

    def by_second_specification(self) -> Cube | None:
        """The same course by the factor returns of the second specification: what they do not explain is specific."""
        if self.second_factor_return is None:
            return None
        gap = (self.factor_return - self.second_factor_return).transpose("time", "factor").to_numpy()
        moved = (gap[:, None, :] @ self.exposure.to_numpy())[:, 0]
        return replace(self, factor_return=self.second_factor_return, specific_return=self.specific_return + moved)

    def dataset(self) -> xr.Dataset:
        """All parts as one Dataset under the names here; optional ones where there are any.

        Parts of `sleeves` begin with `sleeve_`, those of `beside` with `beside_`; those of `currency` are `currency_rate`,
        `currency_return`, `rate_carried` and `currency_base_rate`.
        """
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays = {name: part for name, part in named.items() if isinstance(part, xr.DataArray)}
        if self.exposure_errors is not None:
            arrays["exposure_error_covariance"] = self.exposure_errors.covariance
        for prefix, part in (("sleeve", self.sleeves), ("beside", self.beside)):
            if part is not None:
                arrays |= {f"{prefix}_{field.name}": getattr(part, field.name) for field in fields(part)}
        if self.currency is not None:
            view = self.currency
            arrays |= {"currency_rate": view.rate, "currency_return": view.returned, "rate_carried": view.carried}
            arrays["currency_base_rate"] = xr.DataArray(view.base_rate)
        return xr.Dataset(arrays).assign(self.securities)


def not_invested(assets: pd.Index, weights: np.ndarray, live: np.ndarray) -> np.ndarray:
    """What of start-of-day weights (..., asset) is cash, or of positions that no longer trade."""
    return np.where(assets == CASH, weights, weights - live)


def make_cube(
    course: Course, model: RiskModelResults, market: xr.Dataset, *, link: str, uncovered_max: float = UNCOVERED_MAX
) -> Cube:
    """Lay a course's positions over the model, and link its days.

    Parameters
    ----------
    course
        From `follow_course`.
    model
        A fit of the same market.
    market
        From `riskmodel.read_market`.
    link
        How the days' excess returns become the period's; returns themselves are linked by Carino.
    uncovered_max
        Largest weight, as a mean over days with a solution, of held names that the model leaves out: beyond it a split by
        factor would say nothing of much of the course.

    Raises
    ------
    InputError
        Where the model was fitted on other days, other names or other returns, or leaves out more than `uncovered_max`.

    Notes
    -----
    For each day a_it r_it = sum_k a_it X_ik,t-1 f_kt + a_it u_it where i is modelled; a name without exposures or without a
    proper return that day is unmodelled, and its a_it r_it stands in a row of its own.
    """
    data = course.data
    parts, errors = model_parts(
        data.get_index("asset"), course.period.days, model, market, course.levels, carried=course.carried
    )
    solved = parts["modelled"].any("asset").to_numpy()  # a day without a solution is the model's, and flagged there
    left_out = (abs(data["portfolio_live"]) * ~parts["modelled"]).isel(time=solved, asset=(data["asset"] != CASH).to_numpy())
    left_out = left_out.sel(asset=~left_out["asset"].isin(course.carried))
    of_names = left_out.sum("time").to_series() / max(int(solved.sum()), 1)
    require_covered(f"contributions of '{course.name}'", of_names, uncovered_max, what="exposures on some days")
    portfolio, benchmark = data["portfolio_return"], data["benchmark_return"]
    linked = {
        "coefficient": coefficients(portfolio, benchmark, method=link),
        "absolute_coefficient": coefficients(portfolio, 0.0),
        "official_return": benchmark,
    }
    whole = data.assign(parts).assign(linked)
    arrays: dict[str, Any] = {name: whole[name].transpose(*dims) for name, dims in DIMS.items()}
    return Cube(
        **arrays,
        securities=parts[SECURITIES],
        groups=model.groups,
        second_factor_return=_second_factor_return(model, parts),
        sleeves=Sleeves(**{field.name: data[f"sleeve_{field.name}"] for field in fields(Sleeves)}),
        beside=course.beside,
        sectors=sectors_in_order(market),
        exposure_errors=errors,
    )


def _second_factor_return(model: RiskModelResults, parts: xr.Dataset) -> xr.DataArray | None:
    """Factor returns of the second specification; None where it lacks a factor that the first has on a day."""
    second = model.second_factor_returns
    if second is None:
        return None
    first = model.factor_returns.sel(time=parts["time"], factor=parts["factor"])
    second = second.sel(time=parts["time"], factor=parts["factor"]).transpose(*first.dims)
    return None if bool((second.isnull() & first.notnull()).any()) else second.where(first.notnull(), 0.0)
