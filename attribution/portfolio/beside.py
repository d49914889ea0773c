"""Rows beside stocks and factors: benchmark proxy, trading and fees, currency and its hedge; they keep every sum exact."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from attribution.linking.linking import compound
from attribution.rows import PROXY

PROXY_FACTOR = "proxy"


def beside_factors(data: xr.Dataset) -> list[str]:
    """The rows of a factor cut that no stock earns: proxy, then those of the cube's own such as trading and fees."""
    return [PROXY_FACTOR, *_names(data)]


def beside_stocks(data: xr.Dataset) -> list[str]:
    """The same rows as a stock cut names them: in brackets."""
    return [PROXY, *(f"({name})" for name in _names(data))]


def beside_values(data: xr.Dataset, absolute: bool = False) -> np.ndarray:
    """What each of these rows contributed on each day before linking, (time, row).

    The proxy is the return of the constituents less the official benchmark's; it is no part of the course's own return.
    """
    gap = (data["constituents_return"] - official_return(data)).to_numpy()
    gap = np.zeros_like(gap) if absolute else gap
    if "beside" not in data.dims:
        return gap[:, None]
    own = data["beside_absolute" if absolute else "beside_active"].transpose("time", "beside").to_numpy()
    return np.column_stack([gap, own])


def holdings_return(data: xr.Dataset) -> xr.DataArray:
    """The course's daily return from its holdings, in the book's currency, (time)."""
    return data["holdings_return"] if "holdings_return" in data else data["portfolio_return"]


def official_return(data: xr.Dataset) -> xr.DataArray:
    """The benchmark's daily return in the book's currency, (time)."""
    return data["official_return"] if "official_return" in data else data["benchmark_return"]


def with_rows(data: xr.Dataset, active: dict[str, xr.DataArray], absolute: dict[str, xr.DataArray]) -> xr.Dataset:
    """Add rows to a course's data: by name the daily contribution to R - B and to R, (time)."""

    def stacked(rows: dict[str, xr.DataArray], earlier: str) -> xr.DataArray:
        own = xr.DataArray(
            np.column_stack([row.to_numpy() for row in rows.values()]),
            {"time": data["time"], "beside": np.array(list(rows), dtype=object)},
            ("time", "beside"),
        )
        return xr.concat([data[earlier], own], "beside") if earlier in data else own

    both = {"beside_active": stacked(active, "beside_active"), "beside_absolute": stacked(absolute, "beside_absolute")}
    return data.drop_dims("beside", errors="ignore").assign(both)


def beside_identities(data: xr.Dataset, result: str) -> dict[str, tuple[float, float]]:
    """Identities of these rows with both sides, by name; none where the cube has only the proxy."""
    if "beside" not in data.dims:
        return {}
    totals = data["beside_absolute"].sum("beside")
    rows = " + ".join(_names(data))
    excess = holdings_return(data) - official_return(data) + data["beside_active"].sum("beside")
    identities = {
        f"holdings + {rows} = R of each day": _furthest(
            (holdings_return(data) + totals).to_series(), data["portfolio_return"].to_series()
        ),
        f"holdings + {rows} - benchmark = R - B of each day": _furthest(
            excess.to_series(), (data["portfolio_return"] - data["benchmark_return"]).to_series()
        ),
    }
    if "currency_rate" in data and "hedge" not in _names(data):
        local = [name for name in _names(data) if name != "currency"]
        own = holdings_return(data) + data["beside_absolute"].sel(beside=local).sum("beside")
        grown = float(data["currency_rate"][-1] / data["currency_base_rate"])
        identities |= {
            f"(1 + R before currency) x {result} at the end / at the start = 1 + R": (
                (1 + compound(own.to_numpy())) * grown,
                1 + compound(data["portfolio_return"].to_numpy()),
            ),
            f"(1 + B before currency) x {result} at the end / at the start = 1 + B": (
                (1 + compound(official_return(data).to_numpy())) * grown,
                1 + compound(data["benchmark_return"].to_numpy()),
            ),
        }
    return identities


def _names(data: xr.Dataset) -> list[str]:
    return [str(name) for name in data["beside"].to_numpy()] if "beside" in data.dims else []


def _furthest(left: pd.Series, right: pd.Series) -> tuple[float, float]:
    place = int((left - right).abs().to_numpy().argmax())
    return float(left.iloc[place]), float(right.iloc[place])
