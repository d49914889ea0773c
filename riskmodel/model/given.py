"""A model that somebody else estimated, from its tables: what a fit returns, so that everything works on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import require_kind
from riskmodel.arrays.requested import requested_columns, requested_rows
from riskmodel.errors import InputError, counted
from riskmodel.facts import Fact
from riskmodel.market.contents import require_dataset
from riskmodel.market.market import read_market
from riskmodel.model.arrays import STYLE
from riskmodel.model.forecast import RiskForecast
from riskmodel.model.given_risk import Form, as_known, given_covariance, given_specific_risk
from riskmodel.model.given_tables import Given, GivenTables, given_tables, left_out, rows_of
from riskmodel.model.given_units import (
    require_error_decimals,
    require_explained_decimals,
    require_specific_decimals,
    require_yearly_risk,
)
from riskmodel.model.results import RiskModelResults
from riskmodel.progress import Progress, Step, inside, stages

ERRORS, NO_ERRORS = "given", "none"  # what a given model's standard errors are
DESCRIPTOR = "given"  # in the coverage table: what each factor of a given model is made of
VENDOR, RESIDUAL = "vendor", "residual"  # whose specific returns are: the model's own, or what its factors leave


@dataclass(frozen=True)
class GivenModelResults(RiskModelResults):
    """A model that somebody else estimated, as `given_model` lays it out; everything that takes a fit takes it.

    Attributes
    ----------
    data
        As of `RiskModelResults`, with the exposures to all factors in `exposures`, no regression's diagnostics but
        `r_squared`; and where they are given `given_covariance` (covariance_date, factor, factor_other) and
        `given_volatility` (risk_date, asset), of a day.
    """

    def compute(self) -> GivenModelResults:
        """Itself: it is in memory."""
        return self

    @property
    def vendor_specific(self) -> bool:
        """Whether the specific returns are the model's own, so that they and the factors may disagree with the prices."""
        return bool(self.data.attrs["specific"] == VENDOR)

    @property
    def exposures(self) -> xr.DataArray:
        """(time, asset, factor) of the styles, stamped at the close at which they are known; `design` has all factors."""
        first = len(self.groups) - len(self.styles)  # styles come last: no copy of an array that may take gigabytes
        return self._all.isel(factor=slice(first, None)).transpose("time", "asset", "factor")

    @property
    def styles(self) -> list[str]:
        """The factors of group style."""
        return [name for name, group in self.groups.items() if group == "style"]

    @property
    def style_texts(self) -> dict[str, dict[str, str]]:
        """Factor -> language -> its name on pages, where it has one."""
        return dict(self.settings["texts"])

    @property
    def _all(self) -> xr.DataArray:
        return self.data["exposures"].rename({STYLE: "factor"})

    def design(self, times: pd.Index | None = None, assets: pd.Index | None = None) -> xr.DataArray:
        """Exposures to every factor at some closes, of some assets (default: all).

        Returns
        -------
        DataArray
            (time, factor, asset); 0 to a factor that the tables have no row for, NaN to all where they have none at all.
        """
        exposures = self._all.transpose("time", "factor", "asset")
        if times is not None:
            exposures = exposures[requested_rows(exposures.get_index("time"), times, name="the model")]
        if assets is not None:
            exposures = exposures[..., requested_columns(exposures.get_index("asset"), "assets", assets, of="the model")]
        return exposures.astype(float)

    def forecast(self, times: object = None, *, progress: Progress = None) -> RiskForecast:
        """Factor covariance and specific risk as given for some closes: the last date of each, for at most 31 days.

        `given_on` (time) of `RiskForecast.factor_risk` and `specific_risk` is that date.

        Raises
        ------
        ForecastUnavailableError
            Where the model has none, or none so recent.
        """
        closes = self._closes(times)
        with stages(progress, 2) as step:
            step("factor covariance")
            covariance, dates = as_known(self.data.get("given_covariance"), "model_covariance", closes)
            step("specific risk")
            specific = self.specific_forecast(closes)
        return RiskForecast(factor_risk=xr.Dataset({"covariance": covariance, "given_on": dates}), specific_risk=specific)

    def specific_forecast(self, times: object = None) -> xr.Dataset:
        """The specific risk of `forecast` alone, `volatility` (time, asset) and `given_on` (time); raises as it does."""
        volatility, dates = as_known(self.data.get("given_volatility"), "model_specific_risk", self._closes(times))
        return xr.Dataset({"volatility": volatility, "given_on": dates})

    def _closes(self, times: object) -> pd.DatetimeIndex:
        sessions = self.data.get_index("time")
        return pd.DatetimeIndex(sessions[requested_rows(sessions, times, name="the model")])

    def thin_sectors(self, times: pd.DatetimeIndex | None = None) -> pd.DataFrame:
        """None: what a vendor does with thin sectors is in its factor returns."""
        return pd.DataFrame(columns=["sector", "days", "largest_share_lent"])

    def coverage(self, times: pd.DatetimeIndex | None = None) -> pd.DataFrame:
        """The share of names with an exposure other than 0, factor by factor, averaged over the days of `times`.

        Returns
        -------
        DataFrame
            As of `RiskModelResults`: nothing is filled or clipped here, and every factor has one descriptor, "given".
        """
        data = self._on(times)
        known = data["exposures"].notnull().any(STYLE)
        there = ((data["exposures"] != 0) & known).sum(["time", "asset"]).to_series()
        return pd.DataFrame(
            {
                "factor": there.index.astype(str),
                "descriptor": DESCRIPTOR,
                "share_of_names": there.to_numpy() / (int(known.sum()) or np.nan),
                "filled": 0.0,
                "reason": "",
                "clipped": 0.0,
            }
        )

    def left_out(self, times: pd.DatetimeIndex | None = None) -> dict[tuple[str, str], Fact]:
        """None: a given model says nothing of descriptors; days without a factor's return are in `flags`."""
        return {}

    def __repr__(self) -> str:
        times, data = self.factor_returns["time"].to_index(), self.data
        sound = data["estimating_names"] > 0
        days = times[sound.to_numpy()]
        lines = [
            f"GivenModelResults: {counted(int(sound.sum()), 'day')} explained of {len(times)}, "
            f"{days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}",
            f"{data.sizes['asset']} assets, {data.sizes['factor']} factors, mean R-squared "
            f"{float(data['r_squared'].mean()):.3f}, {counted(len(self.flagged()), 'day')} flagged, errors {self.errors}, "
            f"specific returns {'of the vendor' if self.vendor_specific else 'computed'}",
            self.summary().to_string(float_format="{:.4f}".format),
        ]
        return "\n".join(lines)


def given_model(
    given: Given, market: xr.Dataset | None = None, *, covariance: Form = "full", progress: Progress = None
) -> RiskModelResults:
    """What a fit returns, of a model that somebody else estimated.

    Parameters
    ----------
    given
        A folder or a source with the tables model_exposures and model_factor_returns, and where there are any
        model_specific_returns, model_covariance, model_specific_risk, model_factors (docs/reference/tables.md); or these
        tables as DataFrames, by name.
    market
        From `riskmodel.read_market`; by default the one in the same folder.
    covariance
        Whether `model_covariance` has "full" matrices or one half of each, a "triangle": the other is filled with it.
    progress
        True for a bar on standard error, where that is a terminal; or a function, called with the name of each stage as it
        begins.

    Returns
    -------
    RiskModelResults
        On the sessions and assets of the market. A name without a row of exposures at a close is unmodelled on the next
        day; of one that has some, a factor without a row is an exposure of 0. Specific returns are the vendor's, or what
        factors leave of the market's returns where it gives none. Days on which a factor has a return and no exposures, or
        exposures and no return, are in `flags`.

    Raises
    ------
    InputError
        For duplicate keys, unknown tickers, days that are no sessions, names that are taken, a covariance that is none,
        numbers in percent, and where not one day can be explained.

    Notes
    -----
    r_i,t = sum_k X_ik,t-1 f_k,t + u_i,t + v_i,t: with the vendor's u, v is what the three leave of the price's return, the
    row `vendor_residual` of contributions; without, u is the rest and there is no v. docs/methodology/given_model.md.

    Examples
    --------
    >>> import riskmodel as rm
    >>> market = rm.read_market("fixtures/small")
    >>> days, names = market.get_index("time")[:3], market.get_index("asset")[:2]
    >>> rows = [(day, name, "world", 1.0) for day in days for name in names]
    >>> returns = [(day, "world", 0.01) for day in days[1:]]
    >>> model = rm.given_model(
    ...     {
    ...         "model_exposures": pd.DataFrame(rows, columns=["date", "ticker", "factor", "exposure"]),
    ...         "model_factor_returns": pd.DataFrame(returns, columns=["date", "factor", "return"]),
    ...     },
    ...     market,
    ... )
    >>> model.groups, int(model.data["estimating_names"].sum())
    ({'world': 'style'}, 4)
    """
    if market is not None:
        require_kind("market", market, xr.Dataset, "Give what riskmodel.read_market returns.")
    with stages(progress, 3 if market is not None else 4) as step:
        step("tables of the given model")
        tables = given_tables(given)
        if market is None:
            if isinstance(given, Mapping):
                raise InputError(
                    "market: not given, and tables as frames have none beside them. Give riskmodel.read_market's."
                )
            step("market")
            market = read_market(given, progress=inside(step, "market"))
        return _laid_out(tables, require_dataset(market), covariance, step)


def _laid_out(tables: GivenTables, market: xr.Dataset, form: Form, step: Step) -> GivenModelResults:
    step("exposures and returns")
    sessions, assets = market.get_index("time"), market.get_index("asset")
    factors = pd.Index(tables.factors, dtype=object, name="factor")
    days, known, exposed = _exposures(tables, market, factors)
    returns, errors = _factor_returns(tables, market, factors)
    market_returns = market["total_return"].transpose("time", "asset").to_numpy()
    explained = np.full(market_returns.shape, np.nan)
    solved = known[:-1].any(axis=1) & np.isfinite(returns[1:]).any(axis=1)
    f = np.nan_to_num(returns)
    for day in np.flatnonzero(solved) + 1:  # a day at a time: exposures may take gigabytes, and NaN says who has none
        explained[day] = f[day] @ days[day - 1]
    require_explained_decimals(explained, market_returns)
    require_error_decimals(returns, errors)
    residual = market_returns - explained
    specific, computed = residual, np.zeros(len(sessions), dtype=int)
    if "model_specific_returns" in tables.frames:
        specific, computed = _specific_returns(tables, market, residual)
    if not np.isfinite(specific).any():
        raise InputError(
            "given model: not one return of the market can be explained: no name has exposures at a close before a day with "
            "factor returns and a price. Check the dates of the tables, and that exposures are stamped by the session."
        )
    exposures = xr.DataArray(days, {"time": sessions, STYLE: list(factors), "asset": assets}, ("time", STYLE, "asset"))
    by_factor, labels = ("time", "factor"), np.full(len(assets), "", dtype=object)
    modelled, cap = np.isfinite(specific), market["market_cap"].transpose("time", "asset").to_numpy()
    error_covariance = np.full((len(sessions), len(factors), len(factors)), np.nan)  # nobody says how errors move together
    error_covariance[:, np.arange(len(factors)), np.arange(len(factors))] = errors**2
    data = xr.Dataset(
        {
            "exposures": exposures,
            "universe": (("time", "asset"), known),
            "market_cap": market["market_cap"],
            "sector": market["sector"],
            "industry": ("asset", labels),
            "industry_factor": ("asset", labels),
            "issuer": market["issuer"],
            "factor_group": ("factor", np.array([tables.groups[name] for name in factors], dtype=object)),
            "factor_returns": (by_factor, returns),
            "robust_standard_errors": (by_factor, errors),
            "classical_standard_errors": (by_factor, errors),
            "estimation_error_covariance": (("time", "factor", "factor_other"), error_covariance),
            "specific_returns": (("time", "asset"), specific),
            "r_squared": ("time", _r_squared(market_returns, residual, modelled, cap)),
            "condition_number": ("time", np.full(len(sessions), np.nan)),
            "estimating_names": ("time", modelled.sum(axis=1)),
            "flag": ("time", _flags(factors, exposed, np.isfinite(returns), known.sum(axis=1))),
            "variance_inflation": (by_factor, np.full(returns.shape, np.nan)),
            "specific_computed": ("time", computed),
        },
        coords={"time": sessions, "asset": assets, "factor": list(factors), "factor_other": list(factors)},
        attrs={
            "errors": ERRORS if np.isfinite(errors).any() else NO_ERRORS,
            "specific": VENDOR if "model_specific_returns" in tables.frames else RESIDUAL,
            "left_out": json.dumps(left_out(tables, market)),
        },
    )
    step("covariance")
    seen = xr.DataArray(exposed, {"time": sessions, "factor": factors}, ("time", "factor"))
    matrices, volatility = given_covariance(tables, form, seen), given_specific_risk(tables, assets)
    if matrices is not None:
        deviations = np.sqrt(np.diagonal(matrices.to_numpy(), axis1=1, axis2=2))
        require_yearly_risk("model_covariance", _median(deviations), returns, 'covariance = "percent_squared"')
        data["given_covariance"] = matrices
    if volatility is not None:
        require_yearly_risk("model_specific_risk", _median(volatility.to_numpy()), specific, 'volatility = "percent"')
        data["given_volatility"] = volatility
    return GivenModelResults(data=data, settings={"source": "tables", "covariance": form, "texts": tables.texts})


def _exposures(tables: GivenTables, market: xr.Dataset, factors: pd.Index) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exposures (time, factor, asset), NaN where a name has no row; who has one; and whether anybody has one to a factor."""
    frame, day = rows_of(tables, "model_exposures", market)
    name, factor = market.get_index("asset").get_indexer(frame["ticker"]), factors.get_indexer(frame["factor"])
    shape = (market.sizes["time"], len(factors), market.sizes["asset"])
    known = np.zeros((shape[0], shape[2]), dtype=bool)
    known[day, name] = True
    values = np.zeros(shape)
    values[day, factor, name] = frame["exposure"].to_numpy()
    exposed = (values != 0).any(axis=2)
    np.copyto(values, np.nan, where=~known[:, None, :])
    return values, known, exposed


def _factor_returns(tables: GivenTables, market: xr.Dataset, factors: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Returns and their errors, (time, factor), NaN where there are none."""
    frame, day = rows_of(tables, "model_factor_returns", market)
    factor = factors.get_indexer(frame["factor"])
    returns, errors = (np.full((market.sizes["time"], len(factors)), np.nan) for _ in range(2))
    returns[day, factor] = frame["return"].to_numpy()
    if "standard_error" in frame:
        errors[day, factor] = frame["standard_error"].to_numpy()
    return returns, errors


def _specific_returns(tables: GivenTables, market: xr.Dataset, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vendor's where it has one for a name that is explained, else what factors leave; and how many a day are that."""
    frame, day = rows_of(tables, "model_specific_returns", market)
    vendor = np.full(residual.shape, np.nan)
    vendor[day, market.get_index("asset").get_indexer(frame["ticker"])] = frame["return"].to_numpy()
    vendor[np.isnan(residual)] = np.nan
    require_specific_decimals(vendor, residual)
    lacking = np.isnan(vendor) & np.isfinite(residual)
    return np.where(lacking, residual, vendor), lacking.sum(axis=1)


def _flags(factors: pd.Index, exposed: np.ndarray, paid: np.ndarray, names: np.ndarray) -> np.ndarray:
    """What is missing of each day's model, as text of facts; nothing where it is whole.

    Parameters
    ----------
    factors
        Their labels.
    exposed, paid
        (time, factor) whether somebody has an exposure at the close, and whether there is a return.
    names
        (time) how many names have exposures at the close.
    """
    flags = np.full(len(paid), "", dtype=object)
    flags[0] = str(Fact("first_session"))
    for day in range(1, len(paid)):
        unexposed, unpaid = factors[paid[day] & ~exposed[day - 1]], factors[exposed[day - 1] & ~paid[day]]
        if not names[day - 1]:
            flags[day] = str(Fact("no_given_exposures"))
        elif not paid[day].any():
            flags[day] = str(Fact("no_given_returns"))
        elif len(unexposed) and len(unpaid):
            flags[day] = str(Fact("given_gaps", {"unexposed": tuple(unexposed), "unpaid": tuple(unpaid)}))
        elif len(unexposed):
            flags[day] = str(Fact("unexposed", {"factors": tuple(unexposed)}))
        elif len(unpaid):
            flags[day] = str(Fact("unpaid", {"factors": tuple(unpaid)}))
    return flags


def _r_squared(returns: np.ndarray, residual: np.ndarray, modelled: np.ndarray, cap: np.ndarray) -> np.ndarray:
    """Of each day, with the roots of the caps at the close before as weights, as of a regression; NaN without names."""
    weights = np.zeros(returns.shape)
    weights[1:] = np.sqrt(np.nan_to_num(cap[:-1])) * modelled[1:]
    y, error = np.where(modelled, returns, 0.0), np.where(modelled, residual, 0.0)
    total = weights.sum(axis=1)
    mean = (weights * y).sum(axis=1) / np.where(total > 0, total, np.nan)
    spread = (weights * (y - mean[:, None]) ** 2).sum(axis=1)
    return np.asarray(1 - (weights * error**2).sum(axis=1) / np.where(spread > 0, spread, np.nan))


def _median(values: np.ndarray) -> np.ndarray:
    """Over the dates, NaN where none has one."""
    there = np.isfinite(values).any(axis=0)
    out = np.full(values.shape[1], np.nan)
    out[there] = np.nanmedian(values[:, there], axis=0)
    return out
