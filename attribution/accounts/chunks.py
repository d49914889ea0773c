"""Accounts that dask holds: the same numbers, a task for each chunk of accounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts.arrays import FORM, OWN, Arrays, coordinates, explain, require_covered
from attribution.accounts.basis import Reader
from attribution.accounts.lists import ACCOUNTS
from attribution.accounts.market_days import MarketDays
from riskmodel.arrays.labels import labelled
from riskmodel.arrays.threads import one_thread


def explain_lazily(accounts: xr.DataArray, read: Reader, keep: np.ndarray, days: MarketDays) -> xr.Dataset:
    """`explain` of accounts that dask holds, on (portfolio, ...) arrays of the same chunks.

    Parameters
    ----------
    accounts
        (portfolio, asset) weights; chunks of asset are joined.
    read
        Lists of a chunk, and what stopped in it; raises where they are unfit.
    keep
        Positions of the assets of `days` among those of the market.
    days
        What the accounts share.

    Returns
    -------
    Dataset
        As of `explain`, with what each held name contributes dense by (portfolio, asset), and `stopped`, the number of held
        names that stopped trading. What a chunk is refused for is raised when it is computed.

    Raises
    ------
    InputError
        For dimensions or labels that are unfit, which are known beforehand.
    """
    import dask.array as da
    from dask import delayed

    values = labelled("accounts", accounts, ACCOUNTS).chunk(asset=-1)  # no task sees labels that repeat in two chunks
    portfolios, assets = values.get_index("portfolio"), values.get_index("asset")
    shared = delayed((read, keep, days, assets), pure=False, traverse=False)
    columns = coordinates(days)
    dims = FORM | dict.fromkeys(OWN, "asset")
    pieces: dict[str, list[da.Array]] = {}
    lengths = values.chunksizes["portfolio"]
    for block, last, length in zip(values.data.to_delayed().ravel(), np.cumsum(lengths), lengths, strict=True):
        names = portfolios[last - length : last]
        task = delayed(_chunk, pure=False)(block, names, shared)
        for name, dim in dims.items():
            pieces.setdefault(name, []).append(da.from_delayed(task[name], (length, len(columns[dim])), dtype=float))
        pieces.setdefault("stopped", []).append(da.from_delayed(task["stopped"], (length,), dtype=int))
    variables = {name: (("portfolio", dim), da.concatenate(pieces[name])) for name, dim in dims.items()}
    stopped = {"stopped": (("portfolio",), da.concatenate(pieces["stopped"]))}
    return xr.Dataset(variables | stopped, coords={"portfolio": portfolios} | columns)


def _chunk(values: np.ndarray, portfolios: pd.Index, shared: tuple[Reader, np.ndarray, MarketDays, pd.Index]) -> Arrays:
    read, keep, days, assets = shared
    lists, stopped = read(xr.DataArray(values, {"portfolio": portfolios, "asset": assets}, ("portfolio", "asset")))
    with one_thread():  # dask decides how many chunks run at once
        arrays, own = explain(lists.among(keep), days)
    require_covered(arrays["uncovered_weight"], lists.among(keep), days)
    for name in OWN:
        dense = np.zeros((len(portfolios), len(days.assets)))
        dense[own["portfolio"], own["asset"]] = own[name]
        arrays[name] = dense
    place = portfolios.get_indexer(pd.Index(stopped["portfolio"]))
    return arrays | {"stopped": np.bincount(place, minlength=len(portfolios))}
