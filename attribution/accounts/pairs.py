"""Two cuts at once of many accounts: sector by factor, from the lists of weights that the accounts were explained with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts.arrays import (
    factor_errors,
    linked_rows,
    measured_weights,
    runs_of,
    weights_in,
)
from attribution.accounts.lists import AccountLists
from attribution.accounts.market_days import MarketDays, measured_benchmark
from attribution.contributions.pieces import require_against
from attribution.rows import AGAINST, PROXY
from riskmodel.arrays.threads import one_blas_thread

PAIR_BYTES = 32e6  # of the largest array of a block of accounts


@dataclass(frozen=True)
class Explained:
    """What accounts were explained with: their lists, and what they share, by position."""

    lists: AccountLists
    market: MarketDays


def sector_by_factor(
    source: Explained,
    sectors: pd.Index,
    coefficient: np.ndarray,
    *,
    absolute: bool = False,
    against: str = AGAINST[0],
    errors: bool = False,
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
    against
        What the part of a sector's names is measured against: "benchmark" or "zero".
    errors
        Standard errors instead of contributions.

    Returns
    -------
    DataArray
        (portfolio, sector, factor) decimals; "(proxy)" is the last sector. 8 bytes a cell; blocks of accounts bound what is
        taken beside it.

    Notes
    -----
    C_pgk = sum_t lambda_pt x_pgkt f_kt with x_pgkt the active exposure through the names of sector g, a product of a
    sparse with a dense matrix for each sector, every name in one of them, less a_pgt X_Bkt, the sector's active weight times
    the benchmark's exposure. Var(C_pgk) = sum_t (lambda_pt x_pgkt)^2 Cov(f_t)_kk, of specific sum_t lambda_pt^2 x_pgt'
    Cov(f_t) x_pgt; docs/methodology/accounts.md.
    """
    require_against(against)
    lists, market = source.lists, source.market
    taken = measured_benchmark(market) if against == AGAINST[0] and not absolute else None
    gap = market.constituents_return - market.benchmark_return
    names, number = sectors.unique(), len(lists.portfolios)
    out = np.zeros((number, len(names) + 1, len(market.factors)))
    size = max(int(PAIR_BYTES / market.bytes_of_account), 1)
    unsure = [] if market.exposure_errors is None else market.exposure_errors.names
    columns = [market.assets.get_loc(name) for name in unsure]
    members = [np.flatnonzero(sectors == name) for name in names]
    less = [0.0 if absolute else measured_benchmark(market, member) for member in members]
    with one_blas_thread():  # the same bits whatever the number of cores
        for first in range(0, number, size):
            block = slice(first, min(first + size, number))
            own, scale = lists.of(block.start, block.stop), coefficient[block]
            runs = list(runs_of(own, market))
            for place, (member, benchmark) in enumerate(zip(members, less, strict=True)):
                measured = measured_weights(own, market, runs, member) - benchmark
                active = None if taken is None else weights_in(own, market, runs, member)
                if taken is not None and active is not None:
                    measured -= active[:, :, None] * taken
                if errors:
                    estimated = []
                    for share, column in zip(market.benchmark_estimated, columns, strict=True):
                        own_share = -share if column in member and not absolute else np.zeros_like(share)
                        held = own_share if active is None else own_share - active * share
                        estimated.append(held * scale)
                    linked = measured * scale[:, :, None]
                    out[block, place] = factor_errors(linked, market, estimated, moves=not absolute)
                else:
                    out[block, place, :-1] = linked_rows(measured, scale, market, moves=not absolute)
                    out[block, place, -1] = 0.0 if active is None else (scale * active) @ gap
    if not (absolute or errors):
        out[:, -1, -1] = coefficient @ gap
    labels = {"portfolio": lists.portfolios, "sector": names.append(pd.Index([PROXY])), "factor": market.factors}
    return xr.DataArray(out, labels, ("portfolio", "sector", "factor"))
