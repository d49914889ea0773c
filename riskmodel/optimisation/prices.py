"""What prices of the rules prove: a bound that no list is above, by arithmetic alone, wherever the prices came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskmodel.optimisation.programme import Programme


@dataclass(frozen=True)
class Prices:
    """What a little more of each rule's room is worth. Any numbers will do; good ones make a good bound.

    Attributes
    ----------
    budget
        Of the sum of weights and cash.
    rows
        (row,) over the rows of every rule in their order: above 0 of the upper side, below 0 of the lower.
    tracking, variance, turnover
        Of those limits; what is below 0 counts as 0.
    point
        (factor,): where the square of the factor part is replaced by its tangent.
    """

    budget: float
    rows: np.ndarray
    tracking: float
    variance: float
    turnover: float
    point: np.ndarray


@dataclass(frozen=True)
class Priced:
    """What is proved.

    Attributes
    ----------
    bound
        No list is better.
    if_held, if_not
        (asset,): no list with the name is better than the one, none without it than the other.
    rounding
        What the arithmetic itself may be off.
    """

    bound: float
    if_held: np.ndarray
    if_not: np.ndarray
    rounding: float


def priced(programme: Programme, prices: Prices, out: np.ndarray, held: np.ndarray) -> Priced:
    """The Lagrangian bound over lists without the names `out` and with the names `held`.

    Notes
    -----
    With rules in the objective at their prices, and |y|^2 >= 2 p'y - |p|^2 for the factor part, each name stands alone:
    it is best not held, or held at the weight where a concave function of one variable is largest. The sum over names, each
    at its best, bounds every list (weak duality), so that nothing rests on what a solver says of itself.
    """
    tracked = programme.aversion + (max(prices.tracking, 0.0) if np.isfinite(programme.tracking_variance) else 0.0)
    varied = max(prices.variance, 0.0) if np.isfinite(programme.variance) else 0.0
    traded = max(prices.turnover, 0.0) if np.isfinite(programme.turnover) else 0.0
    curved, point, centre = tracked + varied, prices.point, programme.centre

    slope = programme.score + 2 * tracked * programme.specific * programme.benchmark - prices.budget
    slope = slope - programme.loadings.T @ (2 * curved * point + 2 * varied * centre)
    charge = np.zeros_like(slope)
    parts = [prices.budget, curved * (2 * point @ centre + point @ point), -tracked * programme.spread, -programme.sold_cost]
    if varied:
        parts.append(varied * (centre @ centre + programme.variance))
    if tracked > programme.aversion:
        parts.append((tracked - programme.aversion) * programme.tracking_variance)
    if traded:
        parts.append(traded * (2 * programme.turnover - programme.sold))
    first = 0
    for row in programme.rows:
        price = prices.rows[first : first + len(row.lower)]
        first += len(price)
        price = np.where(np.isfinite(np.where(price > 0, row.upper, row.lower)), price, 0.0)
        slope = slope - price @ row.weights
        charge = charge + price @ row.held
        side = np.where(price > 0, row.upper, row.lower)
        parts.append(float(price[price != 0] @ side[price != 0]))
    parts.append(_cash(programme, prices.budget, traded))

    linear = programme.cost + traded
    without = -linear * np.abs(programme.before) - programme.impact * np.abs(programme.before) ** 1.5
    within = _held(programme, slope, curved * programme.specific, linear) - charge
    gain = within - without
    best = np.where(held, within, np.where(out, without, np.maximum(within, without)))
    bound = float(sum(parts) + best.sum())
    terms = np.concatenate([parts, within, without])
    rounding = 1e-13 * float(np.abs(terms[np.isfinite(terms)]).sum())
    return Priced(
        bound=bound,
        if_held=np.where(out, -np.inf, bound + np.where(held, 0.0, np.minimum(gain, 0.0))),
        if_not=np.where(held, -np.inf, bound - np.where(out, 0.0, np.maximum(gain, 0.0))),
        rounding=rounding,
    )


def _cash(programme: Programme, budget: float, traded: float) -> float:
    least, most = programme.cash
    points = np.array([least, most, min(max(programme.cash_before, least), most)])
    return float((-budget * points - traded * np.abs(points - programme.cash_before)).max())


def _held(programme: Programme, slope: np.ndarray, curve: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """The most of slope w - curve w^2 - linear |w - before| - impact |w - before|^(3/2) over the bounds of a held name.

    Concave: the best point is an end, the kink at `before`, or where one of the two sides is level.
    """
    before, impact = programme.before, programme.impact
    least, most = programme.least, programme.most
    best = np.full(len(slope), -np.inf)
    for point in (least, most, before, *(_level(slope, curve, linear, impact, before, sign) for sign in (1.0, -1.0))):
        weight = np.minimum(np.maximum(point, least), most)
        change = np.abs(weight - before)
        best = np.maximum(best, slope * weight - curve * weight**2 - linear * change - impact * change**1.5)
    return np.where(least > most, -np.inf, best)  # of a name that must be held and may not


def _level(
    slope: np.ndarray, curve: np.ndarray, linear: np.ndarray, impact: np.ndarray, before: np.ndarray, sign: float
) -> np.ndarray:
    """Where buying (sign 1) or selling (-1) a little more gains nothing: 2 curve g + 1.5 impact sqrt(g) = room."""
    room = np.maximum(sign * (slope - 2 * curve * before) - linear, 0.0)
    b, a = 1.5 * impact, 2 * curve
    divisor = b + np.sqrt(b**2 + 4 * a * room)
    root = np.divide(2 * room, divisor, out=np.zeros_like(room), where=divisor > 0)
    return before + sign * np.where(divisor > 0, root**2, np.where(room > 0, 1e9, 0.0))
