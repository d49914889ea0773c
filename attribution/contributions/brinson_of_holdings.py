"""From holdings to segments: a course's names by any grouping, cash and the benchmark's proxy beside them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr

from attribution.brinson.effects import BrinsonEffects
from attribution.brinson.hierarchy import hierarchical_effects, nested
from attribution.contributions.cube import Cube, Side
from attribution.contributions.groups import Groups, asset_groups
from attribution.rows import EFFECTS, SEPARATOR, in_order
from riskmodel.errors import InputError

OFFSETTING = 1e-3  # net weight as a share of gross below which a return on the net would be noise


def group_sides(cube: Cube, groups: pd.Series) -> xr.Dataset:
    """Sum both sides of a course by group.

    Parameters
    ----------
    cube
        A course's.
    groups
        (asset) group names.

    Returns
    -------
    Dataset
        (time, segment): weight, contribution and return of each side, named as `brinson_effects` takes them; after the
        groups come segments without a weight: `(proxy)`, the official benchmark less its constituents, and where the course
        has them `(funds)`, of either side, and `(trading)`, `(currency)` and their like, which are the portfolio's. A return
        is NaN where the net weight is zero, or under a thousandth of the gross: long and short positions that offset have
        none, and what they contribute is selection.

    Notes
    -----
    w_g = sum of w_i over the names of g, c_g = sum of live_i r_i (a name that does not trade keeps its weight and earns
    nothing), r_g = c_g / w_g. Blends are looked through: the weights are the blend's.
    """
    asset_return, beside_stocks = cube.asset_return.to_numpy(), cube.beside_stocks
    names, code = np.unique(groups.loc[cube.assets].to_numpy().astype(str), return_inverse=True)
    placed = in_order(names, cube.group_order)
    names, code = names[placed], np.argsort(placed)[code]
    member = np.zeros((len(code), len(names)))
    member[np.arange(len(code)), code] = 1.0
    official = cube.beside_of_benchmark()
    own = cube.beside_values() + official
    columns: dict[str, np.ndarray] = {}
    beyond_of: dict[Side, np.ndarray] = {"portfolio": own, "benchmark": official}
    for side, beyond in beyond_of.items():
        weights = cube.weights(side)
        contributions = (cube.live(side) * asset_return) @ member
        net, gross = weights @ member, np.abs(weights) @ member
        telling = np.abs(net) > OFFSETTING * gross
        returns = np.divide(contributions, net, out=np.full_like(net, np.nan), where=telling)
        last = np.zeros_like(beyond)
        columns[f"{side}_weight"] = np.hstack([net, last])
        columns[f"{side}_contribution"] = np.hstack([contributions, last + beyond])
        columns[f"{side}_return"] = np.hstack([returns, last * np.nan])
    labels = {"time": cube.days, "segment": np.append(names, beside_stocks).astype(object)}
    return xr.Dataset({name: (("time", "segment"), values) for name, values in columns.items()}, labels)


def require_listed_benchmark(cube: Cube, course: str) -> None:
    """Refuse effects by group against a benchmark of which only returns are known.

    Raises
    ------
    InputError
        Names the course, and what would do.
    """
    if cube.returns_only:
        raise InputError(
            f"brinson: n/a of '{course}': its benchmark, or a part of it, says returns_only in the book, so that nobody "
            f"knows what of it is in which group. Give it constituents or largest, or explain the course by factor or stock."
        )


def grouping_levels(cube: Cube, groupings: Sequence[str | Groups]) -> tuple[list[str], list[pd.Series]]:
    """Names of the levels, such as "sector > industry", and the path of every asset at each.

    Raises
    ------
    InputError
        For no grouping, or one that does not fit.
    """
    if not groupings:
        raise InputError("brinson: no grouping. Name one, such as 'sector'.")
    levels = [asset_groups(cube, grouping) for grouping in groupings]
    names = [g if isinstance(g, str) else str(getattr(g, "name", None) or "group") for g in groupings]
    labels = [SEPARATOR.join(names[:depth]) for depth in range(1, len(names) + 1)]
    return labels, nested(levels)


def parents_of(cube: Cube, paths: Sequence[pd.Series]) -> list[dict[str, str]]:
    """For each level after the first its segments -> segments of the level above; rows beside stocks are their own."""
    beside = {name: name for name in cube.beside_stocks}
    return [dict(zip(child, parent, strict=True)) | beside for parent, child in pairwise(paths)]


def linked_table(sides: xr.Dataset, effects: BrinsonEffects, coefficient: xr.DataArray) -> pd.DataFrame:
    """One row a group: group, portfolio_weight, benchmark_weight, portfolio_return, benchmark_return and the linked effects.

    Weights are means over days; returns compound over the days on which the group has one, NaN where it never has.
    """
    linked = (effects.effects * coefficient).sum("time").to_pandas()
    weights = sides[["portfolio_weight", "benchmark_weight"]].mean("time").to_dataframe()
    daily = sides[["portfolio_return", "benchmark_return"]]
    returns = ((1 + daily).prod("time") - 1).where(daily.notnull().any("time")).to_dataframe()
    table = weights.reindex(linked.index, fill_value=0.0).join(returns).join(linked)
    return table.rename_axis("group").reset_index()


def brinson_table(
    cube: Cube,
    course: str,
    *groupings: str | Groups,
    method: str = "fachler",
    interaction: str = "separate",
    missing: str = "other-side",
    anchored: bool = False,
) -> pd.DataFrame:
    """Brinson attribution of a course's holdings, linked like every other cut of its cube.

    Parameters
    ----------
    cube
        A course's.
    course
        For the column of that name.
    groupings
        One, or several from the coarsest to the finest; see `asset_groups`.
    method, interaction, missing
        As in `attribution.brinson.brinson_effects`.
    anchored
        As in `attribution.brinson.hierarchy.hierarchical_effects`; for several groupings.

    Returns
    -------
    DataFrame
        course, grouping, group, portfolio_weight, benchmark_weight, portfolio_return, benchmark_return, allocation,
        selection, interaction (0 where folded). For one grouping the effects sum to the linked R - B. For several, the rows
        of a level hold its allocation within the level above; those of the last level hold selection and interaction too;
        all together they sum to R - B.

    Raises
    ------
    InputError
        For a grouping that does not fit, an unknown word.
    """
    require_listed_benchmark(cube, course)
    labels, paths = grouping_levels(cube, groupings)
    levels = [group_sides(cube, path) for path in paths]
    split = hierarchical_effects(
        levels, parents_of(cube, paths), method=method, interaction=interaction, missing=missing, anchored=anchored
    )
    tables = [
        linked_table(sides, effects, cube.coefficient).assign(grouping=label)
        for label, sides, effects in zip(labels, levels, split, strict=True)
    ]
    table = pd.concat(tables, ignore_index=True).assign(course=course)
    columns = ["portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return", *EFFECTS]
    table = table.reindex(columns=["course", "grouping", "group", *columns])
    return table.fillna(dict.fromkeys(EFFECTS, 0.0))
