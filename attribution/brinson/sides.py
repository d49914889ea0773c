"""Two sides by segment under the same labels: what Brinson attribution is given, checked and made whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from attribution.brinson.choices import MISSING
from attribution.linking.labelled import TELLING_SHARE, Given
from riskmodel.arrays.labels import Labelled, aligned, places, require_finite, require_one_kind
from riskmodel.bounds import MISFIT, require_bounded
from riskmodel.errors import InputError, counted, listed

WEIGHT_TOLERANCE = 1e-6
ROUNDING = 1e-12  # of a sum of decimals: 0.6 + 0.4001 misses 1.0001
SIDE = Labelled(("segment",), also=("time", "segment"), more=True, plain_dates=True)
Arrays = dict[str, xr.DataArray]


@dataclass(frozen=True)
class Sides:
    """Both sides as arrays (..., segment), every return present, and their totals (...).

    Attributes
    ----------
    w, b
        Weights of portfolio and benchmark.
    r, s
        Their returns, with what was missing filled by the policy.
    offset
        What a segment contributes beyond weight times return, portfolio less benchmark; None where there is none.
    portfolio, benchmark
        R and B.
    allocation, selection
        N = sum w s and Q = sum b r, each with the offsets of its own returns.
    gap
        Sum of w less sum of b.
    dims, coords, segments
        Labels: dimensions other than segment, their coordinates, the segments.
    """

    w: np.ndarray
    b: np.ndarray
    r: np.ndarray
    s: np.ndarray
    offset: np.ndarray | None
    portfolio: np.ndarray
    benchmark: np.ndarray
    allocation: np.ndarray
    selection: np.ndarray
    gap: np.ndarray
    dims: tuple[str, ...]
    coords: dict[str, pd.Index]
    segments: pd.Index

    @property
    def uninvested(self) -> np.ndarray:
        """What the difference of the weights' sums allocates against the benchmark's total, (...)."""
        return self.gap * self.benchmark

    def places_of_periods(self, wrong: np.ndarray) -> str:
        """Name the first periods of a mask (...)."""
        return listed(places(xr.DataArray(wrong, self.coords, self.dims))) if self.dims else "the period"


def read_sides(
    *,
    portfolio_weight: Given,
    benchmark_weight: Given,
    portfolio_return: Given,
    benchmark_return: Given,
    portfolio_contribution: Given | None,
    benchmark_contribution: Given | None,
    missing: str,
    weight_tolerance: float,
) -> Sides:
    """Align, check and complete what `attribution.brinson.brinson_effects` is given; its docstring has the terms.

    Raises
    ------
    InputError
        For labels that do not match, values that are not fit, weights that do not sum to one, an unknown policy.
    """
    require_bounded("weight_tolerance", weight_tolerance, MISFIT)
    if missing not in MISSING:
        raise InputError(f"missing '{missing}': the choices are {', '.join(MISSING)}.")
    given = {
        "portfolio_weight": portfolio_weight,
        "benchmark_weight": benchmark_weight,
        "portfolio_return": portfolio_return,
        "benchmark_return": benchmark_return,
        "portfolio_contribution": portfolio_contribution,
        "benchmark_contribution": benchmark_contribution,
    }
    arrays = _aligned(given)
    for side in ("portfolio", "benchmark"):
        contribution = arrays.get(f"{side}_contribution")
        _require_side(side, arrays[f"{side}_weight"], arrays[f"{side}_return"], contribution, weight_tolerance)
    return _completed(arrays, missing)


def _require_side(
    side: str, weight: xr.DataArray, returns: xr.DataArray, contribution: xr.DataArray | None, weight_tolerance: float
) -> None:
    """Refuse weights and returns that cannot be decimals of one side."""
    require_finite(f"{side}_weight", weight, "A segment that is not held has weight 0.")
    if contribution is not None:
        require_finite(f"{side}_contribution", contribution, "A segment that is not held contributes 0.")
    _require_sums_of_one(side, weight, weight_tolerance)
    _require_decimals(f"{side}_return", weight, returns, contribution is not None)


def _require_sums_of_one(side: str, weight: xr.DataArray, tolerance: float) -> None:
    off = np.abs(weight.to_numpy().sum(axis=weight.get_axis_num("segment")) - 1) > tolerance + ROUNDING
    if off.any():
        sums = weight.sum("segment")
        wrong = sums.copy(data=off)
        percent = wrong & (sums > 50) & (sums < 150)
        shown = percent if percent.any() else wrong
        totals = sums.to_numpy()[shown.to_numpy()] if sums.dims else [float(sums)]
        where = [f"{place} sum to" for place in places(shown)] if sums.dims else ["all segments sum to"]
        lines = listed(f"{place} {total:.6g}" for place, total in zip(where, totals, strict=True))
        if percent.any():
            advice = "They look like percent; divide by 100."
        elif np.isclose(totals, 2, rtol=0, atol=tolerance).all():
            advice = "A row of totals seems to be among them; leave it out."
        else:
            advice = "Add what is missing, or give decimals; cash is a segment of its own."
        raise InputError(f"{side}_weight: weights of {lines}, not 1. {advice}")


def _require_decimals(name: str, weight: xr.DataArray, returns: xr.DataArray, contributes: bool) -> None:
    """Returns that are present where there is a weight, finite, not below -1 and not in percent.

    With contributions, returns were divided out of them: on a small net weight they may have any size.
    """
    values = returns.to_numpy()
    if values.min() >= -1 and values.max() <= 1:  # false where a value is missing
        return
    infinite = np.isinf(values)
    if infinite.any():
        raise InputError(
            f"{name}: {counted(int(infinite.sum()), 'infinite value')}: {_cells(returns, infinite)}. "
            f"Usually a division by zero upstream; leave the return of a segment that is not held empty."
        )
    here = ~np.isnan(values)
    large = np.abs(values) > 1  # NaN is not
    if not contributes and large.any() and large.sum() > TELLING_SHARE * (here & (values != 0)).sum():
        raise InputError(
            f"{name}: {counted(int(large.sum()), 'value')} of {int(here.sum()):,} above 1 in size: "
            f"{_cells(returns, large)}. They look like percent (divide by 100) or prices (give returns)."
        )
    below = values < -1
    if below.any() and not contributes:
        raise InputError(
            f"{name}: {counted(int(below.sum()), 'return')} below -1 (a loss of more than 100 %): {_cells(returns, below)}. "
            f"Returns are decimals: -0.05 is a loss of 5 %."
        )
    absent = ~here & (weight.to_numpy() != 0)
    if absent.any() and not contributes:
        raise InputError(
            f"{name}: {counted(int(absent.sum()), 'return')} missing where the weight (shown) is not zero: "
            f"{_cells(weight, absent)}. It is never taken as 0; give the return."
        )


def _cells(array: xr.DataArray, wrong: np.ndarray) -> str:
    """Label and value of the first five cells of a mask."""
    values = array.to_numpy()[wrong]
    return listed(f"{place} {value:g}" for place, value in zip(places(array.copy(data=wrong)), values, strict=True))


def _aligned(given: Mapping[str, Given | None]) -> Arrays:
    """The same labels on every array, in the order of the portfolio's weights; only segments may be on one side alone."""
    arrays = {
        name: array.astype(float, copy=False)
        for name, array in aligned(given, dict.fromkeys(given, SIDE), free=("segment",)).items()
    }
    indices = {name: array.get_index("segment") for name, array in arrays.items()}
    require_one_kind("segment", indices)
    segments = indices["portfolio_weight"]
    for index in indices.values():
        if not index.equals(segments):
            segments = segments.union(index, sort=False)
    fitted = {}
    for name, array in arrays.items():
        if not indices[name].equals(segments):
            array = array.reindex(segment=segments, fill_value=np.nan if name.endswith("return") else 0.0)
        fitted[name] = array
    dims = list(dict.fromkeys(dim for array in fitted.values() for dim in array.dims if dim != "segment"))
    dims.sort(key=lambda dim: dim != "time")
    whole = fitted.values() if len({array.dims for array in fitted.values()}) == 1 else xr.broadcast(*fitted.values())
    return dict(zip(fitted, (array.transpose(*dims, "segment") for array in whole), strict=True))


def _completed(arrays: Arrays, missing: str) -> Sides:
    """Fill missing returns by the policy; what that leaves unexplained of a contribution is an offset."""
    template = arrays["portfolio_weight"]
    w, b, r, s = (
        arrays[name].to_numpy() for name in ("portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return")
    )
    no_r, no_s = np.isnan(r), np.isnan(s)
    gaps = bool(no_r.any() or no_s.any())
    explicit = "portfolio_contribution" in arrays or "benchmark_contribution" in arrays
    dims = tuple(str(dim) for dim in template.dims[:-1])
    sides = Sides(
        w=w,
        b=b,
        r=r,
        s=s,
        offset=None,
        portfolio=np.empty(0),
        benchmark=np.empty(0),
        allocation=np.empty(0),
        selection=np.empty(0),
        gap=w.sum(axis=-1) - b.sum(axis=-1),
        dims=dims,
        coords={dim: template.get_index(dim) for dim in dims},
        segments=template.get_index("segment"),
    )

    def contribution(side: str, weight: np.ndarray, returns: np.ndarray) -> np.ndarray:
        name = f"{side}_contribution"
        if name in arrays:
            return arrays[name].to_numpy()
        return weight * (np.nan_to_num(returns) if gaps else returns)

    if not gaps and not explicit:
        return replace(
            sides,
            portfolio=np.einsum("...i,...i->...", w, r),
            benchmark=np.einsum("...i,...i->...", b, s),
            allocation=np.einsum("...i,...i->...", w, s),
            selection=np.einsum("...i,...i->...", b, r),
        )
    own, other = contribution("portfolio", w, r), contribution("benchmark", b, s)
    total = other.sum(axis=-1)
    if gaps:
        if missing == "error":
            one_sided = xr.DataArray((no_s & (w != 0)) | (no_r & (b != 0)), template.coords, template.dims)
            if one_sided.any():
                raise InputError(
                    f"segment: {counted(int(one_sided.sum()), 'segment')} with a weight on one side and no return on the "
                    f"other: {listed(places(one_sided))}. Give the return, or choose what to take for it: "
                    f"{', '.join(MISSING[:-1])}."
                )
        if missing == "zero":
            r, s = np.where(no_r, 0.0, r), np.where(no_s, 0.0, s)
        else:
            nowhere = no_s & no_r if missing == "other-side" else no_s
            s = np.where(nowhere, total[..., None], np.where(no_s, r, s))
            r = np.where(no_r, s, r)
    own_offset, other_offset = own - w * r, other - b * s
    return replace(
        sides,
        r=r,
        s=s,
        offset=own_offset - other_offset,
        portfolio=own.sum(axis=-1),
        benchmark=total,
        allocation=(w * s + other_offset).sum(axis=-1),
        selection=(b * r + own_offset).sum(axis=-1),
    )
