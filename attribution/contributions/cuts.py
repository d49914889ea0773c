"""Which rows a cut has: labels of days, names and factors, and the largest rows of a table."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from attribution.contributions.cube import Cube
from attribution.contributions.groups import asset_groups, is_grouping
from attribution.rows import OTHER, REST, SPECIFIC, in_order
from riskmodel.arrays.labels import require_count, require_kind
from riskmodel.errors import InputError

FACTOR_CUTS = ("factor", "group")
STOCK_CUTS = ("stock", "sector")
DAY_CUTS = ("day", "month")
SLEEVE = "sleeve"
CUTS = (*FACTOR_CUTS, *STOCK_CUTS, *DAY_CUTS, SLEEVE)
Cut: TypeAlias = "str | pd.Series | Mapping[Hashable, str]"


@dataclass(frozen=True)
class Axis:
    """One side of the cube (its sleeves, days, names or factors) summed into the rows of a cut.

    Attributes
    ----------
    names
        The cuts along this side in the order asked for; none where all of it is summed.
    labels
        For each of `names` its different labels.
    codes
        (row, cut) the place of each row's label in `labels`.
    row
        (cell) the row to which each sleeve, day, name or factor belongs.
    """

    names: tuple[str, ...]
    labels: tuple[pd.Index, ...]
    codes: np.ndarray
    row: np.ndarray

    @property
    def whole(self) -> bool:
        """Whether every cell is a row of its own, in order."""
        return len(self.codes) == len(self.row) and bool((self.row == np.arange(len(self.row))).all())

    def summed(self, values: np.ndarray, side: int) -> np.ndarray:
        """Values of which the dimension `side` is the cells of this axis, summed into its rows."""
        if self.whole:
            return values
        if len(self.codes) == 1:
            return values.sum(axis=side, keepdims=True)
        order = np.argsort(self.row, kind="stable")
        starts = np.searchsorted(self.row[order], np.arange(len(self.codes)))
        values = values if (order[1:] > order[:-1]).all() else np.take(values, order, axis=side)
        return np.add.reduceat(values, starts, axis=side)


@dataclass(frozen=True)
class Layout:
    """The four sides of a cut, and the cuts in the order asked for."""

    names: tuple[str, ...]
    sleeve: Axis
    day: Axis
    stock: Axis
    factor: Axis

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows of sleeves, days, stocks and factors."""
        return tuple(len(axis.codes) for axis in (self.sleeve, self.day, self.stock, self.factor))

    def padded(self, values: np.ndarray) -> np.ndarray:
        """Values (..., asset) with a zero for the proxy where it is a row of names."""
        beside = len(self.stock.row) - values.shape[-1]
        return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, beside)]) if beside else values

    def of_names(self, values: np.ndarray) -> np.ndarray:
        """(time, asset) -> (time, stock)."""
        return self.stock.summed(self.padded(values), 1)

    def summed(self, values: np.ndarray) -> np.ndarray:
        """(time, name) -> (day, stock)."""
        return self.stock.summed(self.padded(self.day.summed(values, 0)), 1)

    def series(self, values: np.ndarray, name: str) -> pd.Series:
        """Rows from values (sleeve, day, stock, factor), in the order of the cuts and, in each, of the cube."""
        axes = (self.sleeve, self.day, self.stock, self.factor)
        place = {cut: (side, axis.names.index(cut)) for side, axis in enumerate(axes) for cut in axis.names}
        order = list(dict.fromkeys(place[cut][0] for cut in self.names))
        order += [side for side in range(4) if side not in order]
        values = np.ascontiguousarray(values.transpose(order))
        levels, codes = [], []
        for cut in self.names:
            side, column = place[cut]
            shape = np.ones(4, int)
            shape[order.index(side)] = len(axes[side].codes)
            code = axes[side].codes[:, column].reshape(shape)
            levels.append(axes[side].labels[column])
            codes.append(np.broadcast_to(code, values.shape).ravel())
        flat = values.ravel()
        if [place[cut][0] for cut in self.names] != sorted((place[cut][0] for cut in self.names), key=order.index):
            rows = np.lexsort(codes[::-1])  # cuts of one side asked for apart, such as month, stock, day
            flat, codes = flat[rows], [code[rows] for code in codes]
        if len(self.names) == 1:
            return pd.Series(flat, levels[0].take(codes[0]).rename(self.names[0]), name=name)
        index = pd.MultiIndex(levels=levels, codes=codes, names=self.names, verify_integrity=False)
        return pd.Series(flat, index, name=name)


def require_cuts(cuts: Sequence[Cut]) -> None:
    """Refuse cuts that are unknown, missing or named twice.

    Examples
    --------
    >>> require_cuts(["stock", "factor"])
    """
    known = f"name one or more, once, of {', '.join(CUTS)}, or give ticker -> group, as attribution.read_grouping reads it."
    if strange := [type(cut).__name__ for cut in cuts if not isinstance(cut, str) and not is_grouping(cut)]:
        raise InputError(f"cuts: one is of type {strange[0]}; {known}")
    names = [cut_name(cut) for cut in cuts]
    unknown = [cut for cut in cuts if isinstance(cut, str) and cut not in CUTS]
    if not cuts or unknown or len(set(names)) < len(names):
        raise InputError(f"cut {', '.join(map(repr, names)) or 'missing'}: {known}")


def cut_name(cut: Cut) -> str:
    """What a cut is called in the index: its word, or the name of its grouping, "grouping" where that has none."""
    return cut if isinstance(cut, str) else str(getattr(cut, "name", None) or "grouping")


def splits_factors(cuts: Sequence[Cut]) -> bool:
    """Whether a cut wants the model; others are sums of observed returns."""
    return any(isinstance(cut, str) and cut in FACTOR_CUTS for cut in cuts)


def factor_group(cube: Cube, factor: str) -> str:
    """market, sector, style, specific or other, of a factor of a cube or of a row beside its factors."""
    require_kind("factor", factor, str, "Give the name of a factor, or of a row beside them.")
    return cube.groups.get(factor, SPECIFIC if factor == SPECIFIC else "other")


def factor_rows(cube: Cube) -> list[str]:
    """Every row of a factor cut: the model's factors, specific, cash, unmodelled, and what no name earns, such as proxy."""
    return [*cube.factors, SPECIFIC, *OTHER, *cube.beside_factors]


def untold(cube: Cube, index: pd.Index) -> np.ndarray:
    """Which rows of a cut are the model's, on days of which it explains not one: nobody knows what they are, not 0.

    Parameters
    ----------
    cube
        A course's.
    index
        Of a cut by factor or group, by days or not.
    """
    solved = cube.modelled.any("asset").to_series()
    if solved.all():
        return np.zeros(len(index), dtype=bool)
    model = {*cube.factors, SPECIFIC}
    of = {"factor": model, "group": {factor_group(cube, name) for name in model} - {factor_group(cube, OTHER[0])}}
    levels = {name: index.get_level_values(name) for name in index.names}
    own = np.logical_or.reduce([levels[name].isin(list(rows)) for name, rows in of.items() if name in levels])
    if "day" in levels:
        known = solved.reindex(levels["day"]).to_numpy()
    elif "month" in levels:
        known = solved.groupby(cube.days.strftime("%Y-%m")).any().reindex(levels["month"]).to_numpy()
    else:
        known = np.full(len(index), bool(solved.any()))
    return np.asarray(own & ~known)


def layout(cube: Cube, cuts: Sequence[Cut], *, factors: Sequence[str], proxy: bool = True) -> Layout:
    """Lay cuts over the sides of a cube.

    Parameters
    ----------
    cube
        A course's.
    cuts
        Words of `CUTS`, and ticker -> group.
    factors
        Labels along the side of the factors; one, "", where nothing is split.
    proxy
        Whether `(proxy)` and its like are last names beside the assets. The proxy is the sleeves' own; its like, such as
        `(trading)`, stand beside them too.

    Raises
    ------
    InputError
        For an unknown cut, a grouping that does not fit, a cut by sleeve of a cube that has none.
    """
    require_cuts(cuts)
    days, assets = cube.days, cube.assets
    sides: dict[str, dict[str, pd.Index]] = {"sleeve": {}, "day": {}, "stock": {}, "factor": {}}
    beside = cube.beside_stocks if proxy else []
    for cut in cuts:
        name = cut_name(cut)
        if isinstance(cut, str) and cut == SLEEVE:
            sides["sleeve"][name] = pd.Index([*cube.in_sleeves().proxy.get_index("sleeve"), *beside[1:]])
        elif not isinstance(cut, str) or cut == "sector":
            sides["stock"][name] = pd.Index([*asset_groups(cube, cut).loc[assets], *beside])
        elif cut == "stock":
            sides["stock"][name] = pd.Index([*map(str, assets), *beside])
        elif cut in DAY_CUTS:
            sides["day"][name] = days if cut == "day" else pd.Index(days.strftime("%Y-%m"))
        else:
            sides["factor"][name] = pd.Index([factor_group(cube, f) if cut == "group" else f for f in factors])
    return Layout(
        names=tuple(map(cut_name, cuts)),
        sleeve=_axis(max(map(len, sides["sleeve"].values()), default=1), sides["sleeve"]),
        day=_axis(len(days), sides["day"]),
        stock=_axis(len(assets) + len(beside), sides["stock"], cube.group_order),
        factor=_axis(len(factors), sides["factor"]),
    )


def _axis(cells: int, given: Mapping[str, pd.Index], order: Sequence[str] = ()) -> Axis:
    if not given:
        return Axis((), (), np.zeros((1, 0), np.int32), np.zeros(cells, np.intp))
    columns, labels = zip(*(_coded(index, order) for index in given.values()), strict=True)
    codes, row = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    return Axis(tuple(given), tuple(map(pd.Index, labels)), codes.astype(np.int32), row.ravel())


def _coded(index: pd.Index, order: Sequence[str]) -> tuple[np.ndarray, pd.Index]:
    """The different labels as they first come, those of an order in it, and which each is."""
    codes, labels = pd.factorize(index)
    if not order:
        return codes, labels
    official = in_order(labels, order)
    return np.argsort(official)[codes], labels.take(official)


def top(contributions: pd.Series, n: int) -> pd.Series:
    """The largest and the smallest rows of a table, and what the others add up to.

    Parameters
    ----------
    contributions
        Any sums that add up, such as a cut of `AttributionResult.by`.
    n
        How many at each end.

    Returns
    -------
    Series
        The n largest and the n smallest, from the largest down, then a row `(rest)`; the sum is that of `contributions`.
        Where there are no more than 2 n rows, all of them and no rest.

    Raises
    ------
    InputError
        Where `n` is not a whole number above 0.

    Examples
    --------
    >>> top(pd.Series({"A": 1.0, "B": -3.0, "C": 4.0, "D": 0.5}), 1).to_dict()
    {'C': 4.0, 'B': -3.0, '(rest)': 1.5}
    """
    require_count("n", n)
    ordered = contributions.sort_values(ascending=False, kind="stable")
    if len(ordered) <= 2 * n:
        return ordered
    ends = pd.concat([ordered.iloc[:n], ordered.iloc[-n:]])
    levels = ordered.index.nlevels
    label = REST if levels == 1 else (REST,) * levels
    rest = pd.Series([ordered.iloc[n:-n].sum()], ends.index[:0].astype(object).insert(0, label), name=ordered.name)
    if levels > 1:
        rest.index = pd.MultiIndex.from_tuples([label])
    out = pd.concat([ends, rest])
    out.index.names = contributions.index.names
    return out
