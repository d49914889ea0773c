"""Two cuts at once of many accounts: sector by factor, from the lists of weights that the accounts were explained with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from attribution.accounts.arrays import MarketDays, factor_errors, linked_rows, measured_benchmark, measured_weights, runs_of
from attribution.accounts.lists import AccountLists
from attribution.rows import PROXY

PAIR_BYTES = 32e6  # of the largest array of a block of accounts


@dataclass(frozen=True)
class Explained:
    """What accounts were explained with: their lists, and what they share, by position."""

    lists: AccountLists
    market: MarketDays


def sector_by_factor(
    source: Explained, sectors: pd.Index, coefficient: np.ndarray, *, absolute: bool = False, errors: bool = False
) -> xr.DataArray:
    """Linked contributions of every account by sector and factor, or their standard errors.

    Parameters
    ----------
    source
        The accounts' lists and their market.
    sectors
        Of each asset of the market.
    coefficient
        (portfolio, time) linking coefficients: of the return where `absolute`, else of the excess.
    absolute
        Of the account's return instead of its excess.
    errors
        Standard errors instead of contributions.

    Returns
    -------
    DataArray
        (portfolio, sector, factor) decimals; "(proxy)" is the last sector. 8 bytes a cell; blocks of accounts bound what is
        taken beside it.

    Notes
    -----
    C_pgk = sum_t lambda_pt x_pgkt f_kt with x_pgkt the active exposure through the names of sector g: a product of a
    sparse with a dense matrix for each sector, every name in one of them. Var(C_pgk) = sum_t (lambda_pt x_pgkt)^2
    Cov(f_t)_kk, of specific sum_t lambda_pt^2 x_pgt' Cov(f_t) x_pgt; docs/methodology/accounts.md.
    """
    lists, market = source.lists, source.market
    names, number = sectors.unique(), len(lists.portfolios)
    out = np.zeros((number, len(names) + 1, len(market.factors)))
    size = max(int(PAIR_BYTES / market.bytes_of_account), 1)
    members = [np.flatnonzero(sectors == name) for name in names]
    less = [0.0 if absolute else measured_benchmark(market, member) for member in members]
    with threadpool_limits(limits=1, user_api="blas"):  # the same bits whatever the number of cores
        for first in range(0, number, size):
            block = slice(first, min(first + size, number))
            own, scale = lists.of(block.start, block.stop), coefficient[block]
            runs = list(runs_of(own, market))
            for place, (member, benchmark) in enumerate(zip(members, less, strict=True)):
                measured = measured_weights(own, market, runs, member) - benchmark
                if errors:
                    exposed = measured[:, :, : market.factor_return.shape[1]] * scale[:, :, None]
                    out[block, place] = factor_errors(exposed, market)
                else:
                    out[block, place, :-1] = linked_rows(measured, scale, market)
    if not (absolute or errors):
        out[:, -1, -1] = coefficient @ (market.constituents_return - market.benchmark_return)
    labels = {"portfolio": lists.portfolios, "sector": names.append(pd.Index([PROXY])), "factor": market.factors}
    return xr.DataArray(out, labels, ("portfolio", "sector", "factor"))
