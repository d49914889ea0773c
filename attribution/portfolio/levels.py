"""Are the levels of an index fit to follow it over some days?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError, counted, listed
from riskmodel.market.fitness.needs import rare

GREATEST_MOVE = 2.0  # of a level in a day, either way: no index doubles or halves, one that changes its unit does


def require_levels(market: xr.Dataset, index: str, days: pd.DatetimeIndex, base: pd.Timestamp) -> None:
    """Refuse levels of an index that are not fit to follow it over some days.

    Raises
    ------
    InputError
        Where a level is missing on a session of the period, or more than doubles or halves from one to the next.
    """
    sessions = days.insert(0, base)
    level = market["index_level"].sel(index=index, time=sessions).to_numpy()
    missing = sessions[np.isnan(level)]
    if len(missing):
        raise InputError(
            f"indices: {counted(len(missing), 'session')} without a level of '{index}': "
            f"{listed(missing.strftime('%Y-%m-%d'))}. {_levels_wanted(market, index)}"
        )
    growth = level[1:] / level[:-1]
    jumps = np.flatnonzero((growth > GREATEST_MOVE) | (growth < 1 / GREATEST_MOVE))
    if len(jumps):
        lines = listed(f"{days[day]:%Y-%m-%d} {growth[day]:.4g} times the level before" for day in jumps)
        raise InputError(
            f"indices: {counted(len(jumps), 'session')} on which the level of '{index}' more than doubles or halves: "
            f"{lines}. A level is mistyped, or the index's unit or base changes. Put all levels on one base."
        )


def _levels_wanted(market: xr.Dataset, index: str) -> str:
    level = market["index_level"].sel(index=index)
    kind = rare(level.get_index("time")[level.notnull().to_numpy()].to_numpy())
    if not kind:
        return "Add the levels."
    return (
        f"The levels are {kind}: add those of every session. Or leave the index out of the table, so that a benchmark "
        f"follows its constituents, and out of [report] indices."
    )
