"""Brinson attribution in steps: among sectors, then among the industries of each, then within them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attribution.brinson.choices import INTERACTIONS, METHODS
from attribution.brinson.effects import (
    BrinsonEffects,
    labelled_effects,
    require_choice,
    require_growth,
)
from attribution.brinson.sides import SIDE, WEIGHT_TOLERANCE, Sides, read_sides
from attribution.rows import SEPARATOR as SEPARATOR
from riskmodel.arrays.labels import labelled, require_kind
from riskmodel.errors import InputError, counted, listed

NESTING_TOLERANCE = 1e-9
SMALLEST_OFFSET = 1e-14


def nested(groups: Sequence[pd.Series]) -> list[pd.Series]:
    """Paths from the coarsest grouping to each finer one, so that equal names under two parents stay apart.

    Parameters
    ----------
    groups
        (asset) names, from the coarsest grouping to the finest.

    Examples
    --------
    >>> sector = pd.Series({"A": "Energy", "B": "Financials", "CASH": "CASH"})
    >>> industry = pd.Series({"A": "Services", "B": "Services", "CASH": "CASH"})
    >>> nested([sector, industry])[1].tolist()
    ['Energy > Services', 'Financials > Services', 'CASH']
    """
    paths = [groups[0]]
    for finer in groups[1:]:
        above = paths[-1]
        below = finer.reindex(above.index)
        paths.append((above + SEPARATOR + below).where(below != above, above))
    return paths


def hierarchical_effects(
    levels: Sequence[xr.Dataset | pd.DataFrame],
    parents: Sequence[Mapping[str, str]],
    *,
    method: str = "fachler",
    interaction: str = "separate",
    missing: str = "other-side",
    anchored: bool = False,
    geometric: bool = False,
    weight_tolerance: float = WEIGHT_TOLERANCE,
) -> list[BrinsonEffects]:
    """Split each period's excess return into allocation at every level and selection within the last.

    Parameters
    ----------
    levels
        From the coarsest to the finest, each a Dataset on (time, segment[, portfolio]) with what `brinson_effects` takes,
        or a DataFrame of one period with segments in its rows.
    parents
        For each level after the first: its segments -> segments of the level above.
    method, interaction, missing, weight_tolerance
        As in `attribution.brinson.brinson_effects`; "bhb" concerns the first level, deeper ones are always measured against
        their parent; interaction is that of the last level.
    anchored
        Compare a segment's weight with the benchmark's weight scaled to what the portfolio holds of the parent, so that an
        overweight of the parent is not counted again in its children. Totals of a parent are the same either way.
    geometric
        Effects that close on (1 + R) / (1 + B), top-down; interaction is then part of selection.

    Returns
    -------
    list of BrinsonEffects
        One a level: allocation, and at the last level selection and interaction. All of them sum to R - B; geometric totals
        of the levels multiply, (1 + A_1)(1 + A_2)...(1 + S) = (1 + R) / (1 + B).

    Raises
    ------
    InputError
        As `brinson_effects`; for a segment without a parent, or whose siblings do not add up to it.

    Notes
    -----
    Level l: A_i = (w_i - v_i)(s_i - s_parent) with v_i = b_i, or anchored b_i W_parent / B_parent; geometric A_i divides by
    1 + N_{l-1}, N_l = sum w_i s_i at level l and N_0 = B. Under a parent they sum to what N_l adds to N_{l-1}. Where the
    benchmark's parent has no weight, or long and short positions of the parent or its children offset, there is nothing to
    scale and v_i = b_i. Bacon (2008), chapter 5.

    Examples
    --------
    >>> def level(names, **sides):
    ...     return xr.Dataset({k: ("segment", v) for k, v in sides.items()}, {"segment": names})
    >>> sectors = level(["Tech", "Rest"], portfolio_weight=[0.6, 0.4], benchmark_weight=[0.5, 0.5],
    ...                 portfolio_return=[0.08, 0.01], benchmark_return=[0.06, 0.02])
    >>> industries = level(["Chips", "Software", "Rest"], portfolio_weight=[0.4, 0.2, 0.4],
    ...                    benchmark_weight=[0.25, 0.25, 0.5], portfolio_return=[0.10, 0.04, 0.01],
    ...                    benchmark_return=[0.09, 0.03, 0.02])
    >>> parents = {"Chips": "Tech", "Software": "Tech", "Rest": "Rest"}
    >>> among, within = hierarchical_effects([sectors, industries], [parents], interaction="selection", anchored=True)
    >>> among.effects.sum("segment").round(6).values, within.effects.sum("segment").round(6).values
    (array([0.004]), array([0.006, 0.002]))
    """
    require_choice("method", method, METHODS)
    require_choice("interaction", interaction, INTERACTIONS)
    for name, listing in {"levels": levels, "parents": parents}.items():
        if not isinstance(listing, list | tuple):
            kind = type(listing).__name__
            raise InputError(f"{name}: is of type {kind}, not a list. Give one from the coarsest level to the finest.")
    if len(parents) != len(levels) - 1:
        raise InputError(f"parents: {counted(len(parents), 'mapping')} for {counted(len(levels), 'level')}; give one less.")
    read: list[Sides] = []
    offsets: list[np.ndarray] = []
    out: list[BrinsonEffects] = []
    for depth, level in enumerate(map(_as_level, levels)):
        given: dict[str, Any] = {f"{side}_contribution": None for side in ("portfolio", "benchmark")}
        given |= {str(name): level[name] for name in level.data_vars}
        sides = read_sides(**given, missing=missing, weight_tolerance=weight_tolerance)
        offset = _benchmark_offset(sides, level)
        if depth == 0:
            base = sides.benchmark[..., None] if method == "fachler" else np.zeros(())
            allocation, before = (sides.w - sides.b) * (sides.s - base), sides.benchmark
        else:
            above = read[-1]
            parent = _parents(sides.segments, above.segments, parents[depth - 1])
            _require_nested(sides, above, parent)
            held = _anchor(sides, above, parent, offset, offsets[-1], level) if anchored else sides.b
            allocation, before = (sides.w - held) * (sides.s - above.s[..., parent]), above.allocation
        last = depth == len(levels) - 1
        parts = [allocation]
        if last:
            parts = _last(sides, allocation, "selection" if geometric else interaction)
        remainder = sides.uninvested if depth == 0 and method == "fachler" else np.zeros(())
        if geometric:
            require_growth(
                sides, **{"N of the level above" if depth else "B": before}, **({"N": sides.allocation} if last else {})
            )
            scale = [before, sides.allocation]
            parts = [part / (1 + scale[k][..., None]) for k, part in enumerate(parts)]
            remainder = remainder / (1 + before)
        out.append(labelled_effects(sides, np.stack(parts), remainder))
        read.append(sides)
        offsets.append(offset)
    return out


def _as_level(given: xr.Dataset | pd.DataFrame) -> xr.Dataset:
    """A level as a Dataset; a frame of one period has segments in its rows."""
    if isinstance(given, pd.DataFrame):
        return xr.Dataset({str(name): labelled(str(name), column, SIDE) for name, column in given.items()})
    return require_kind("levels", given, xr.Dataset, "Give Datasets on (time, segment), or frames of one period.")


def _last(sides: Sides, allocation: np.ndarray, interaction: str) -> list[np.ndarray]:
    """Allocation, selection and interaction of the finest level, folded as asked."""
    spread = sides.r - sides.s
    selection = (sides.w if interaction == "selection" else sides.b) * spread
    if sides.offset is not None:
        selection = selection + sides.offset
    both = (sides.w - sides.b) * spread
    if interaction == "separate":
        return [allocation, selection, both]
    return [allocation + both if interaction == "allocation" else allocation, selection]


def _benchmark_offset(sides: Sides, level: xr.Dataset) -> np.ndarray:
    """What the benchmark's segments contribute beyond weight times return."""
    if "benchmark_contribution" not in level:
        return np.zeros_like(sides.b)
    given = level["benchmark_contribution"].reindex(segment=sides.segments, fill_value=0.0)
    return given.transpose(*[dim for dim in sides.dims if dim in given.dims], "segment").to_numpy() - sides.b * sides.s


def _anchor(
    sides: Sides, above: Sides, parent: np.ndarray, offset: np.ndarray, offset_above: np.ndarray, level: xr.Dataset
) -> np.ndarray:
    """The benchmark's weights scaled to the portfolio's weight of the parent, where there is something to scale.

    One answer for all that share a benchmark's weights, so that sources of a return are anchored as the return is.
    """
    children = _summed(np.abs(offset), parent, above)
    usable = (above.b != 0) & (np.abs(offset_above) <= SMALLEST_OFFSET) & (children <= SMALLEST_OFFSET)
    shared = tuple(axis for axis, dim in enumerate(sides.dims) if dim not in level["benchmark_weight"].dims)
    usable = np.broadcast_to(usable.all(axis=shared, keepdims=True), usable.shape)
    scale = np.divide(above.w, above.b, out=np.ones_like(above.w), where=usable)
    return sides.b * scale[..., parent]


def _parents(segments: pd.Index, above: pd.Index, parents: Mapping[str, str]) -> np.ndarray:
    names = [parents.get(segment, "") for segment in segments]
    place = above.get_indexer(names)
    lost = segments[place < 0]
    if len(lost):
        raise InputError(
            f"parents: {counted(len(lost), 'segment')} without a parent in the level above: {listed(lost)}. "
            f"The level above has {listed(above, 10)}."
        )
    return place


def _summed(values: np.ndarray, parent: np.ndarray, above: Sides) -> np.ndarray:
    """Children summed into their parents, (..., segment of the level above)."""
    member = np.zeros((len(parent), len(above.segments)))
    member[np.arange(len(parent)), parent] = 1.0
    return np.asarray(values @ member)


def _require_nested(sides: Sides, above: Sides, parent: np.ndarray) -> None:
    """Children add up to their parent, in weight and in the benchmark's contribution."""
    for name, fine, coarse in (("portfolio_weight", sides.w, above.w), ("benchmark_weight", sides.b, above.b)):
        wrong = np.abs(_summed(fine, parent, above) - coarse) > NESTING_TOLERANCE
        if wrong.any():
            places = xr.DataArray(wrong, {**above.coords, "segment": above.segments}, (*above.dims, "segment"))
            names = places.get_index("segment")[places.any([dim for dim in places.dims if dim != "segment"]).to_numpy()]
            raise InputError(
                f"{name}: segments under {listed(names)} do not add up to {'it' if len(names) == 1 else 'them'}. "
                f"Sum both levels from the same holdings."
            )
    for name, fine, coarse in (
        ("benchmark", sides.benchmark, above.benchmark),
        ("portfolio", sides.portfolio, above.portfolio),
    ):
        if (np.abs(fine - coarse) > NESTING_TOLERANCE).any():
            raise InputError(f"{name}_return: the levels have different totals. Sum both levels from the same holdings.")
