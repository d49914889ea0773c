"""What a market must hold for a fit."""

from __future__ import annotations

import numpy as np
import xarray as xr

from riskmodel.arrays.labels import label_text, require_increasing, require_kind
from riskmodel.errors import InputError, counted, listed

PANELS = ("close", "total_return", "volume", "traded_price", "shares_out")  # raw facts, by (time, asset)
COUNTS = ("volume", "shares_out")  # of shares: more of them after a split
PER_SHARE = ("dividends_per_share", "eps_estimate", "eps_actual")  # on the basis of closes; never in a unit of totals
PANEL_VARIABLES = (*PANELS, "market_cap", "life")  # of a market, by (time, asset)

OTHER_VARIABLES = (
    "sector",
    *("filing_ticker", "filing_known", "filing_period_end"),
    *("announcement_ticker", "announcement_known", "eps_actual", "eps_estimate"),
)

READ = "Give what riskmodel.read_market returns."


def require_dataset(market: object) -> xr.Dataset:
    """A market, however little it holds, or that it is something else, and what to give."""
    dataset = require_kind("market", market, xr.Dataset, READ)
    if "total_return" not in dataset or set(dataset["total_return"].dims) != {"time", "asset"}:
        raise InputError(f"market: a Dataset without total_return by (time, asset). {READ}")
    return dataset


def require_market(market: xr.Dataset) -> None:
    """Refuse what is no market, and labels that cannot be lagged; no value is looked at."""
    require_kind("market", market, xr.Dataset, READ)
    if lost := [name for name in (*PANEL_VARIABLES, *OTHER_VARIABLES) if name not in market]:
        raise InputError(f"market: without {counted(len(lost), 'variable')} of a fit: {listed(lost)}. {READ}")
    if wrong := [f"{name} {market[name].dims}" for name in PANEL_VARIABLES if set(market[name].dims) != {"time", "asset"}]:
        raise InputError(f"market: {counted(len(wrong), 'variable')} not by ('time', 'asset'): {listed(wrong)}. {READ}")
    for dim in ("time", "asset"):
        index = market.get_index(dim)
        if dim not in market.coords or not len(index):
            raise InputError(f"market: '{dim}' is empty or has no labels. {READ}")
        if not index.is_unique:
            raise InputError(
                f"market: labels of '{dim}' repeat: {listed(map(label_text, index[index.duplicated()].unique()))}. Keep the "
                f"one of each that is right; market.drop_duplicates('{dim}') keeps the first."
            )
    require_increasing("market", market.get_index("time"))


def require_volumes(volume: xr.DataArray) -> None:
    cells = np.argwhere((volume < 0).transpose("time", "asset").to_numpy())
    if len(cells):
        sessions, assets = volume.get_index("time"), volume.get_index("asset")
        places = listed(f"{label_text(sessions[day])} {assets[column]}" for day, column in cells)
        raise InputError(
            f"market: {counted(len(cells), 'negative value')} in 'volume': {places}. Use NaN for what is missing."
        )
