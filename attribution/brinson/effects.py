"""Brinson attribution: allocation, selection and interaction of each segment, from weights and returns of two sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from attribution.brinson.choices import INTERACTIONS, METHODS
from attribution.brinson.sides import WEIGHT_TOLERANCE, Sides, read_sides
from attribution.rows import EFFECTS
from riskmodel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

REMAINDER = "(remainder)"
SMALLEST_REMAINDER = 1e-12


@dataclass(frozen=True)
class BrinsonEffects:
    """Effects of each period, before linking, and the returns that linking wants.

    Attributes
    ----------
    effects
        (time, segment[, portfolio], effect), decimals. Arithmetic effects of a period sum to `portfolio_return` less
        `benchmark_return`; geometric ones close as 1 + portfolio_return = (1 + benchmark_return)(1 + A)(1 + S).
    portfolio_return, benchmark_return
        (time[, portfolio]): R_t and B_t, the sums of weight times return.
    allocation_return
        N_t = sum of w_p r_b, Brinson, Hood & Beebower's quadrant II: the portfolio's weights in the benchmark's segments.
    selection_return
        Q_t = sum of w_b r_p, quadrant III: the benchmark's weights in the portfolio's segments.
    """

    effects: xr.DataArray
    portfolio_return: xr.DataArray
    benchmark_return: xr.DataArray
    allocation_return: xr.DataArray
    selection_return: xr.DataArray

    def table(self) -> pd.DataFrame:
        """Effects by segment, with their sum; of several periods or portfolios the mean of each."""
        over = [dim for dim in self.effects.dims if dim not in ("segment", "effect")]
        frame = self.effects.mean(over).transpose("segment", "effect").to_pandas()
        frame.index.name, frame.columns.name = "segment", None
        return frame.assign(total=frame.sum(axis=1))

    def __repr__(self) -> str:
        return "\n".join([self._head(), self.table().to_string(float_format="{:+.6f}".format)])

    def _repr_html_(self) -> str:
        return f"<p>{self._head()}</p>" + str(self.table().to_html(float_format="{:+.6f}".format))

    def _head(self) -> str:
        over = {str(dim): n for dim, n in self.effects.sizes.items() if dim not in ("segment", "effect")}
        means = f", means over {' x '.join(f'{n} of {dim}' for dim, n in over.items())}" if over else ""
        excess = float((self.portfolio_return - self.benchmark_return).mean())
        return f"BrinsonEffects{means}: portfolio less benchmark {excess:+.6f}"


def brinson_effects(
    *,
    portfolio_weight: xr.DataArray | pd.DataFrame | pd.Series,
    benchmark_weight: xr.DataArray | pd.DataFrame | pd.Series,
    portfolio_return: xr.DataArray | pd.DataFrame | pd.Series,
    benchmark_return: xr.DataArray | pd.DataFrame | pd.Series,
    portfolio_contribution: xr.DataArray | pd.DataFrame | pd.Series | None = None,
    benchmark_contribution: xr.DataArray | pd.DataFrame | pd.Series | None = None,
    method: str = "fachler",
    interaction: str = "separate",
    missing: str = "other-side",
    weight_tolerance: float = WEIGHT_TOLERANCE,
) -> BrinsonEffects:
    """Split each period's excess return into allocation, selection and interaction by segment.

    Parameters
    ----------
    portfolio_weight, benchmark_weight
        (time, segment[, portfolio]) at the start of the period, decimals; each period sums to one, cash included; negative
        where short. `time` may be absent. A segment that only one side has counts as weight 0 on the other.
    portfolio_return, benchmark_return
        Same dimensions, decimals. NaN says that a side has no return there, and is refused where it has a weight, unless the
        contribution is given. A number is used as given, also where the weight is zero.
    portfolio_contribution, benchmark_contribution
        What each segment adds to its side's return, where that is not weight times return: a segment whose long and short
        positions offset has no return but contributes. By default weight times return.
    method
        "fachler": allocation is measured against the benchmark's total; "bhb": against nothing.
    interaction
        "separate"; "selection" folds it into selection (top-down: weights are chosen first); "allocation" folds it into
        allocation (bottom-up: securities are chosen first).
    missing
        The return of a side that has none. "other-side": the other side's, so that all of the segment's effect is
        allocation; "benchmark-total": B for a missing benchmark return, so that what is held outside the benchmark earned
        against all of it; "zero"; "error": refuse. A missing portfolio return is the benchmark's of that segment but for
        "zero".
    weight_tolerance
        How far a period's weights may miss one.

    Returns
    -------
    BrinsonEffects
        Effect labels are allocation, selection and, unless folded, interaction. Where the weights of the two sides have
        different sums, a segment "(remainder)" holds what that difference allocates, as if it lay in cash that earns 0.

    Raises
    ------
    InputError
        For labels that do not match, weights that do not sum to one, missing or infinite values, returns below -1, percent.

    Notes
    -----
    With w, b the weights and r, s the returns of portfolio and benchmark in segment i, B = sum b s:

    allocation (w - b)(s - B), or (w - b) s for BHB; selection b (r - s); interaction (w - b)(r - s). Brinson, Hood &
    Beebower (1986), "Determinants of portfolio performance", Financial Analysts Journal 42(4); Brinson & Fachler (1985),
    "Measuring non-US equity portfolio performance", Journal of Portfolio Management 11(3). What contributes beyond weight
    times return is selection.

    Examples
    --------
    >>> sides = dict(portfolio_weight=[0.6, 0.4], benchmark_weight=[0.5, 0.5], portfolio_return=[0.05, 0.01],
    ...              benchmark_return=[0.04, 0.02])
    >>> sides = {k: xr.DataArray(v, {"segment": ["Growth", "Value"]}) for k, v in sides.items()}
    >>> brinson_effects(**sides).effects.sum("segment").round(6).values
    array([0.002, 0.   , 0.002])
    """
    require_choice("method", method, METHODS)
    require_choice("interaction", interaction, INTERACTIONS)
    sides = read_sides(
        portfolio_weight=portfolio_weight,
        benchmark_weight=benchmark_weight,
        portfolio_return=portfolio_return,
        benchmark_return=benchmark_return,
        portfolio_contribution=portfolio_contribution,
        benchmark_contribution=benchmark_contribution,
        missing=missing,
        weight_tolerance=weight_tolerance,
    )
    active = sides.w - sides.b
    relative = sides.s - sides.benchmark[..., None] if method == "fachler" else sides.s
    spread = sides.r - sides.s
    parts = np.empty((3 if interaction == "separate" else 2, *active.shape))
    if interaction == "allocation":
        relative = relative + spread
    np.multiply(active, relative, out=parts[0])
    np.multiply(sides.w if interaction == "selection" else sides.b, spread, out=parts[1])
    if interaction == "separate":
        np.multiply(active, spread, out=parts[2])
    if sides.offset is not None:
        parts[1] += sides.offset
    remainder = sides.uninvested if method == "fachler" else np.zeros(())
    return labelled_effects(sides, parts, remainder)


def geometric_effects(
    *,
    portfolio_weight: xr.DataArray | pd.DataFrame | pd.Series,
    benchmark_weight: xr.DataArray | pd.DataFrame | pd.Series,
    portfolio_return: xr.DataArray | pd.DataFrame | pd.Series,
    benchmark_return: xr.DataArray | pd.DataFrame | pd.Series,
    portfolio_contribution: xr.DataArray | pd.DataFrame | pd.Series | None = None,
    benchmark_contribution: xr.DataArray | pd.DataFrame | pd.Series | None = None,
    method: str = "fachler",
    interaction: str = "selection",
    missing: str = "other-side",
    weight_tolerance: float = WEIGHT_TOLERANCE,
) -> BrinsonEffects:
    """Split each period's geometric excess (1 + R) / (1 + B) - 1 into allocation and selection by segment.

    Parameters
    ----------
    portfolio_weight, benchmark_weight, portfolio_return, benchmark_return, portfolio_contribution, benchmark_contribution,
    missing, weight_tolerance
        As in `brinson_effects`.
    method
        "fachler", or "bhb", whose segments are not measured against the total; totals are the same.
    interaction
        There is none: decisions follow one another. "selection" (and "separate"): weights are chosen first; "allocation":
        securities are chosen first.

    Returns
    -------
    BrinsonEffects
        Effect labels allocation and selection; with A and S their sums over segments, (1 + A)(1 + S) = (1 + R) / (1 + B).

    Raises
    ------
    InputError
        As `brinson_effects`, and where 1 + B, 1 + N or 1 + Q is not positive.

    Notes
    -----
    Weights first: A_i = (w - b)[(1 + s) / (1 + B) - 1], S_i = w (r - s) / (1 + N) with N = sum w s. Securities first:
    S_i = b (r - s) / (1 + B), A_i = (w - b)[(1 + r) / (1 + Q) - 1] with Q = sum b r. Burnie, Knowles & Teder (1998),
    "Arithmetic and geometric attribution", Journal of Performance Measurement 3(1); Bacon (2008), chapter 5.

    Examples
    --------
    >>> sides = dict(portfolio_weight=[0.6, 0.4], benchmark_weight=[0.5, 0.5], portfolio_return=[0.05, 0.01],
    ...              benchmark_return=[0.04, 0.02])
    >>> sides = {k: xr.DataArray(v, {"segment": ["Growth", "Value"]}) for k, v in sides.items()}
    >>> days = geometric_effects(**sides)
    >>> total = float((1 + days.effects.sum("segment")).prod())
    >>> round(total, 12) == round((1 + 0.034) / (1 + 0.03), 12)
    True
    """
    require_choice("method", method, METHODS)
    require_choice("interaction", interaction, INTERACTIONS)
    sides = read_sides(
        portfolio_weight=portfolio_weight,
        benchmark_weight=benchmark_weight,
        portfolio_return=portfolio_return,
        benchmark_return=benchmark_return,
        portfolio_contribution=portfolio_contribution,
        benchmark_contribution=benchmark_contribution,
        missing=missing,
        weight_tolerance=weight_tolerance,
    )
    bottom_up = interaction == "allocation"
    between = sides.selection if bottom_up else sides.allocation
    require_growth(sides, B=sides.benchmark, **{"Q" if bottom_up else "N": between})
    first, second = 1 + sides.benchmark[..., None], 1 + between[..., None]
    base = (between if bottom_up else sides.benchmark)[..., None] if method == "fachler" else 0.0
    chosen, spread = (sides.r, sides.b) if bottom_up else (sides.s, sides.w)
    allocation = (sides.w - sides.b) * (chosen - base) / (second if bottom_up else first)
    picks = spread * (sides.r - sides.s)
    if sides.offset is not None:
        picks = picks + sides.offset
    selection = picks / (first if bottom_up else second)
    missed = sides.gap * between / (1 + between) if bottom_up else sides.gap * sides.benchmark / (1 + sides.benchmark)
    return labelled_effects(sides, np.stack([allocation, selection]), missed if method == "fachler" else np.zeros(()))


def require_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a word that an option does not have.

    Examples
    --------
    >>> require_choice("method", "bhb", ["fachler", "bhb"])
    """
    if value not in choices:
        raise InputError(f"{option} '{value}': the choices are {', '.join(choices)}.")


def require_growth(sides: Sides, **returns: np.ndarray) -> None:
    """Refuse a return (...) of -100 % or less where growth is divided by."""
    for name, value in returns.items():
        if (value <= -1).any():
            raise InputError(
                f"geometric attribution: 1 + {name} is not positive in {sides.places_of_periods(value <= -1)}. "
                f"It has no meaning where everything is lost; use arithmetic effects."
            )


def labelled_effects(sides: Sides, parts: np.ndarray, remainder: np.ndarray) -> BrinsonEffects:
    """Labels on the parts (effect, ..., segment), and the segment that takes what unequal sums of weights allocate."""
    segments = sides.segments
    if np.abs(remainder).max() > SMALLEST_REMAINDER:
        last = np.zeros((*parts.shape[:-1], 1))
        last[0, ..., 0] = remainder
        parts, segments = np.concatenate([parts, last], axis=-1), segments.append(segments[:0].insert(0, REMAINDER))
    effects = xr.DataArray(
        parts,
        {**sides.coords, "segment": segments, "effect": list(EFFECTS[: len(parts)])},
        ("effect", *sides.dims, "segment"),
    )
    order = [dim for dim in ("time", "segment", *sides.dims) if dim in effects.dims]

    def total(values: np.ndarray) -> xr.DataArray:
        return xr.DataArray(values, sides.coords, sides.dims)

    return BrinsonEffects(
        effects=effects.transpose(*dict.fromkeys(order), "effect"),
        portfolio_return=total(sides.portfolio),
        benchmark_return=total(sides.benchmark),
        allocation_return=total(sides.allocation),
        selection_return=total(sides.selection),
    )
