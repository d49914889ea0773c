"""What a row of sleeves holds, and what the benchmark earned, against which the part of each of its names is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attribution.contributions.cube import Cube, Sleeves, not_invested
from attribution.contributions.cuts import Layout, factor_rows
from attribution.rows import AGAINST, CASH
from riskmodel.errors import InputError


@dataclass(frozen=True)
class Piece:
    """One row of sleeves before linking: both sides' difference, or the portfolio alone.

    Attributes
    ----------
    live
        (time, asset) weights that earn the asset's return.
    weight
        (time, asset) weights at the start of the day, a position that no longer trades with its own.
    idle
        (time, asset) what of them is not invested, of which the market's part moves to the row of what is not invested; None
        where nothing moves: in absolute cuts, and without one factor of the market.
    beside
        (time, row) contributions of the rows that no name earns.
    """

    live: np.ndarray
    weight: np.ndarray
    idle: np.ndarray | None
    beside: np.ndarray

    def scaled(self, scale: np.ndarray) -> Piece:
        """The same times a coefficient of each day, (time)."""
        by_day = scale[:, None]
        idle = None if self.idle is None else self.idle * by_day
        return Piece(self.live * by_day, self.weight * by_day, idle, self.beside * by_day)


@dataclass(frozen=True)
class Yardstick:
    """What a name's part is measured against on each day: the benchmark's return, whole and by row of a factor cut.

    Attributes
    ----------
    returns
        (time) of the official benchmark, in the book's currency.
    rows
        (time, row of a factor cut) what it earned by each, nothing moved; over rows they are `returns`.
    exposures
        (time, factor) of its live weights.
    idle
        (time) what of it is not invested.
    """

    returns: np.ndarray
    rows: np.ndarray
    exposures: np.ndarray
    idle: np.ndarray


def require_against(against: str) -> None:
    """Refuse what no name's part can be measured against."""
    if against not in AGAINST:
        raise InputError(f"against '{against}': write " + " or ".join(f'"{word}"' for word in AGAINST) + ".")


def less_benchmark(held: Cube | Sleeves, kind: str, absolute: bool) -> np.ndarray:
    """Weights or live weights, less the benchmark's unless `absolute`, ([sleeve,] time, asset)."""
    own, other = (
        (held.portfolio_weight, held.benchmark_weight) if kind == "weight" else (held.portfolio_live, held.benchmark_live)
    )
    return np.asarray(own.to_numpy() if absolute else own.to_numpy() - other.to_numpy())


def weights_of_rows(cube: Cube, rows: Layout, kind: str, absolute: bool) -> np.ndarray:
    """Weights behind each row of sleeves, (sleeve, time, asset); those of the whole course where sleeves are not apart."""
    if rows.sleeve.names:
        return less_benchmark(cube.in_sleeves(), kind, absolute)
    return less_benchmark(cube, kind, absolute)[None]


def pieces(cube: Cube, rows: Layout, absolute: bool) -> list[Piece]:
    """What each row of sleeves holds.

    The proxy is that of the sleeve's own benchmark. No sleeve earns the other rows beside: each is a piece of its own.
    """
    live, weights = (weights_of_rows(cube, rows, kind, absolute) for kind in ("live", "weight"))
    moves, beside = not absolute and cube.market is not None, cube.beside_values(absolute)
    idle = [not_invested(cube.assets, *both) if moves else None for both in zip(weights, live, strict=True)]
    if not rows.sleeve.names:
        return [Piece(live[0], weights[0], idle[0], beside)]
    gaps = cube.in_sleeves().proxy.to_numpy()
    of_sleeves = []
    for place, gap in enumerate(gaps):
        own = np.zeros_like(beside)
        own[:, 0] = 0.0 if absolute else gap
        of_sleeves.append(Piece(live[place], weights[place], idle[place], own))
    nothing = np.zeros_like(live[0])
    alone = np.zeros((beside.shape[1], *beside.shape))
    for place in range(1, beside.shape[1]):
        alone[place, :, place] = beside[:, place]
    return of_sleeves + [Piece(nothing, nothing, None, row) for row in alone[1:]]


def outside(cube: Cube, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What weights (time, asset) earn beside the factors: specific, cash and unmodelled, each (time, asset)."""
    earned = weights * cube.asset_return.to_numpy()
    earned *= ~cube.modelled.to_numpy()
    cash = np.where(cube.assets == CASH, earned, 0.0)
    return weights * cube.specific_return.to_numpy(), cash, earned - cash


def yardstick(cube: Cube) -> Yardstick:
    """What the parts of names are measured against.

    Notes
    -----
    B = sum_k X_Bk f_k + u_B + cash + unmodelled + funds - proxy with X_Bk the exposure of the benchmark's live weights.
    """
    live, names = cube.live("benchmark"), factor_rows(cube)
    exposures: np.ndarray = (cube.exposure.to_numpy() @ live[..., None])[..., 0]
    rows = np.zeros((len(exposures), len(names)))
    rows[:, : exposures.shape[1]] = exposures * cube.factor_return.to_numpy()
    for place, part in enumerate(outside(cube, live), start=exposures.shape[1]):
        rows[:, place] = part.sum(axis=1)
    rows[:, -len(cube.beside_factors) :] = cube.beside_of_benchmark()
    return Yardstick(cube.official_return.to_numpy(), rows, exposures, cube.idle("benchmark").sum(axis=1))
