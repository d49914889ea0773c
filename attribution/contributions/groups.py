"""Which group each asset belongs to."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.cube import Cube
from attribution.rows import CASH, CASH_STOCK, PROXY, UNCLASSIFIED
from riskmodel.errors import InputError, counted, listed

Groups: TypeAlias = "pd.Series | Mapping[Hashable, str]"


def asset_groups(cube: Cube, grouping: str | Groups) -> pd.Series:
    """The group of every asset of a course.

    Parameters
    ----------
    cube
        A course's.
    grouping
        A column of its `securities`, such as "sector", or (ticker -> group), see `read_grouping`.

    Returns
    -------
    Series
        (asset) text; CASH is a group of its own, an empty group is "(unclassified)".

    Raises
    ------
    InputError
        For an unknown column, a ticker in two groups, codes that are numbers, tickers without a group.
    """
    assets = cube.assets
    if isinstance(grouping, str):
        columns = list(map(str, cube.securities))
        if grouping not in columns:
            raise InputError(
                f"grouping '{grouping}': the columns of securities here are {', '.join(sorted(columns))}. "
                f"For another, give ticker -> group; attribution.read_grouping reads it."
            )
        groups = cube.securities[grouping].to_series()
    else:
        if not is_grouping(grouping):
            raise InputError(
                f"grouping: a {type(grouping).__name__}. Give a column's name, or a Series or dict ticker -> group."
            )
        groups = pd.Series(grouping)
        if groups.index.nlevels > 1:
            raise InputError(
                f"grouping: {groups.index.nlevels} levels of labels. Give one group a ticker; a group that changes from "
                f"day to day is not read: explain the months before and after the change each with its own grouping."
            )
        if CASH_STOCK in assets and CASH_STOCK not in groups.index and not groups[groups.index == CASH].eq(CASH).any():
            groups = groups.rename(index={CASH: CASH_STOCK})  # the securities name the stock by its ticker
        require_groups(groups, assets)
        groups = groups.reindex(assets)
    groups = groups.astype(object).where(groups.notna() & (groups != ""), UNCLASSIFIED)
    groups[CASH] = CASH
    return groups.rename_axis("asset")


def is_grouping(value: object) -> bool:
    """Whether something may be (ticker -> group): a Dataset is a mapping too, but none of groups."""
    return isinstance(value, pd.Series | Mapping) and not isinstance(value, xr.Dataset)


def require_groups(groups: pd.Series, assets: pd.Index) -> None:
    again = groups.index[groups.index.duplicated()]
    if len(again):
        raise InputError(
            f"grouping: {counted(len(again), 'ticker')} in two groups: "
            f"{listed(f'{ticker} in {listed(groups[[ticker]].astype(str))}' for ticker in again.unique())}. Keep one each."
        )
    numbers = groups[np.array([not isinstance(label, str) for label in groups], bool) & groups.notna().to_numpy()]
    if len(numbers):
        raise InputError(
            f"grouping: {counted(len(numbers), 'group')} that are not text: {listed(numbers.unique())}. "
            f"Write codes as text; '0130' is damaged once it is a number."
        )
    reserved = groups[groups.isin([CASH, PROXY, UNCLASSIFIED]) & (groups.index != CASH)]
    if len(reserved):
        raise InputError(
            f"grouping: {counted(len(reserved), 'ticker')} in a reserved group: "
            f"{listed(f'{t} {g}' for t, g in reserved.items())}. Rename it."
        )
    lacking = assets[(assets != CASH) & ~assets.isin(groups.index)]
    if len(lacking):
        raise InputError(
            f"grouping: {counted(len(lacking), 'ticker')} of the course without a group: {listed(lacking)}. "
            f"Give each a group; an empty one is shown as {UNCLASSIFIED}."
        )
