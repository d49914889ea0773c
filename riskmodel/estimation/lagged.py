"""Every session regressed on what was known at the close before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.chunks import call_by_blocks, is_lazy
from riskmodel.arrays.industries import LEAST_NAMES
from riskmodel.arrays.labels import (
    aligned,
    label_text,
    require_increasing,
    require_kind,
    require_numbers,
    require_whole_numbers,
)
from riskmodel.errors import InputError, listed
from riskmodel.estimation.regression import cross_sectional_regression
from riskmodel.estimation.weights import WINDOW, inverse_specific_variance
from riskmodel.facts import Fact

WEIGHTS = ("root_cap", "inverse_specific_variance")


@dataclass(frozen=True)
class RegressionSettings:
    """Choices of the cross-sectional regression; see `riskmodel.cross_sectional_regression`.

    `weights` is "root_cap", the square root of market cap, or "inverse_specific_variance", by
    `riskmodel.estimation.weights.inverse_specific_variance` from the specific returns of a first regression.
    """

    thin_sector: float = 5.0  # effective names below which a sector is shrunk towards the market
    industry_returns: bool = True  # whether industries have returns of their own; errors are clustered by them all the same
    industry_names: int = LEAST_NAMES  # estimating names that an industry needs on a day for a return of its own
    huber: float | None = None
    weights: str = "root_cap"

    def __post_init__(self) -> None:
        owner = "regression settings"
        require_numbers(owner, self, ["thin_sector"], least=0)
        require_whole_numbers(owner, self, {"industry_names": 1})
        require_kind(f"{owner}: industry_returns", self.industry_returns, bool, "Give True or False.")
        if self.huber is not None:
            require_numbers(owner, self, ["huber"])
        if self.weights not in WEIGHTS:
            raise InputError(f"regression settings: unknown weights {self.weights!r}. Known: {', '.join(WEIGHTS)}.")

    @property
    def look_back(self) -> int:
        """Sessions before a day that its weights depend on."""
        return 0 if self.weights == "root_cap" else WINDOW + 1


def lagged_regression(
    *,
    returns: xr.DataArray | pd.DataFrame,
    exposures: xr.DataArray,
    sectors: xr.DataArray | pd.DataFrame | pd.Series,
    market_cap: xr.DataArray | pd.DataFrame,
    universe: xr.DataArray | pd.DataFrame | None = None,
    industries: xr.DataArray | pd.DataFrame | pd.Series | None = None,
    industry_factors: xr.DataArray | pd.DataFrame | pd.Series | None = None,
    industry_universe: xr.DataArray | None = None,
    ending: xr.DataArray | None = None,
    settings: RegressionSettings | None = None,
    covariance: bool = True,
) -> xr.Dataset:
    """Regress the return of every session on what was known at the close before.

    The arguments are those of `estimate`, `covariance` that of `riskmodel.cross_sectional_regression`; `ending`
    (time, asset) bool is where a return ends a life: it is explained like others, and estimates nothing. A total loss is
    the news of one name, fifty deviations large, and the day's factor returns would take a part of it for theirs.

    Returns
    -------
    Dataset
        Of `riskmodel.cross_sectional_regression`, on all sessions, the first flagged, and `weights_floored` (time), the
        names whose specific variance met the floor.

    Raises
    ------
    InputError
        As `riskmodel.cross_sectional_regression`; where time is not sorted, there is but one session, or `universe` is
        not bool.
    """
    settings = RegressionSettings() if settings is None else settings
    require_kind("settings", settings, RegressionSettings, "Its fields are thin_sector, huber and weights.")
    needed = {"returns": returns, "exposures": exposures, "sectors": sectors, "market_cap": market_cap}
    require_arrays(**needed)
    chosen = {"universe": universe, "industry_universe": industry_universe, "ending": ending}
    given = aligned({**needed, **chosen, "industries": industries, "industry_factors": industry_factors})
    returns = given.pop("returns")
    sessions = returns.get_index("time")
    require_increasing("returns", sessions)
    if len(sessions) < 2:
        raise InputError(
            f"returns: one session, {label_text(sessions[0])}. A return is explained by what was known at the close before "
            f"it: give at least two."
        )
    if is_lazy(returns, *given.values()):
        look_back = 1 + settings.look_back
        options = {"settings": settings, "covariance": covariance}
        return call_by_blocks(lagged_regression, {"returns": returns, **given}, options, look_back=look_back)
    exposures, sectors, market_cap = (given[name] for name in ("exposures", "sectors", "market_cap"))
    universe = given.get("universe")
    after = sessions[1:]

    def lagged(array: xr.DataArray) -> xr.DataArray:
        return array.isel(time=slice(0, -1)).assign_coords(time=after)

    def of_close(labels: xr.DataArray) -> xr.DataArray:
        return lagged(labels) if "time" in labels.dims else labels

    cap = lagged(market_cap)
    estimating = None if universe is None else lagged(universe)
    counted = lagged(given["industry_universe"]) if "industry_universe" in given else None
    if "ending" in given:
        goes_on = ~given["ending"]
        of_day = goes_on.isel(time=slice(1, None))
        estimating = of_day if estimating is None else estimating & of_day
        counted = None if counted is None else counted & of_day

    def regress(weights: xr.DataArray | None, *, covariance: bool) -> xr.Dataset:
        return cross_sectional_regression(
            returns=returns.isel(time=slice(1, None)),
            exposures=lagged(exposures),
            weights=weights,
            sectors=of_close(sectors),
            market_cap=cap,
            **{name: of_close(given[name]) for name in ("industries", "industry_factors") if name in given},
            industry_universe=counted,
            covariance=covariance,
            huber=settings.huber,
            thin_sector=settings.thin_sector,
            industry_names=settings.industry_names,
        )

    root_cap = None if estimating is None else cap.where(estimating) ** 0.5
    if settings.weights == "root_cap":
        fit = regress(root_cap, covariance=covariance).assign(weights_floored=("time", np.zeros(len(after), dtype=int)))
    else:
        first = regress(root_cap, covariance=False)["specific_returns"].reindex(time=returns["time"])
        known, floored = inverse_specific_variance(first if "ending" not in given else first.where(goes_on), market_cap)
        weights = lagged(known)
        fit = regress(weights if estimating is None else weights.where(estimating), covariance=covariance)
        fit["weights_floored"] = lagged(floored)
    fit = fit.reindex(time=returns["time"])
    fit["flag"][0] = str(Fact("first_session"))
    for name in ("names", "weights_floored"):
        fit[name] = fit[name].fillna(0).astype(int)
    return fit


def require_arrays(**arrays: object) -> None:
    """Refuse None where an array is needed."""
    if missing := [name for name, array in arrays.items() if array is None]:
        raise InputError(
            f"{listed(missing)}: None, not an xarray.DataArray. Without sectors of its own give every asset the same label."
        )
