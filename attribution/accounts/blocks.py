"""Accounts explained in blocks, which bound the memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts.arrays import FORM, coordinates, explain
from attribution.accounts.lists import AccountLists
from attribution.accounts.market_days import MarketDays
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.progress import Step, silent

BLOCK_BYTES = 32e6  # of the largest array of a block of accounts


def explain_blocks(lists: AccountLists, days: MarketDays, step: Step = silent) -> tuple[xr.Dataset, pd.DataFrame]:
    """`attribution.accounts.arrays.explain` of blocks of accounts, one after the other.

    Parameters
    ----------
    lists, days
        As of `explain`.
    step
        Told which block of how many begins.

    Returns
    -------
    Dataset, DataFrame
        `data` by portfolio, and `shares`, of an `attribution.AccountsResult`.
    """
    number = len(lists.portfolios)
    size = max(int(BLOCK_BYTES / days.bytes_of_account), 1)
    out: dict[str, np.ndarray] = {}
    shares = []
    for first in range(0, number, size):
        place = slice(first, min(first + size, number))
        step(f"{first // size + 1} of {-(-number // size)}")
        with one_blas_thread():  # the same bits whatever the number of cores
            arrays, own = explain(lists.of(place.start, place.stop), days)
        for name, values in arrays.items():
            out.setdefault(name, np.empty((number, *values.shape[1:])))[place] = values
        shares.append(own | {"portfolio": own["portfolio"] + first})
    columns = {name: np.concatenate([own[name] for own in shares]) for name in shares[0]}
    columns |= {"portfolio": lists.portfolios[columns["portfolio"]], "asset": lists.assets[columns["asset"]]}
    frame = pd.DataFrame(columns).rename(columns={"asset": "ticker"})
    variables = {name: (("portfolio", FORM[name]), values) for name, values in out.items()}
    return xr.Dataset(variables, coords={"portfolio": lists.portfolios} | coordinates(days)), frame
