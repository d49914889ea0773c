"""A least volatility, which is not convex: lists are sought above tangents of the variance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from riskmodel.optimisation.inputs import Inputs
from riskmodel.optimisation.programme import Programme, Rows
from riskmodel.optimisation.rules import Rule, VolatilityBand, label
from riskmodel.optimisation.search import Effort, Outcome, best_list

ROUNDS = 6  # of tangents, and of steps towards more variance
KEPT = 1 - 1e-9  # of the least variance


def least_variance(inputs: Inputs, rules: tuple[Rule, ...]) -> tuple[str, float]:
    """The highest of the lower bounds on variance, with its rule; 0 where there is none."""
    lowest = ("", 0.0)
    for rule in rules:
        if isinstance(rule, VolatilityBand) and rule.lower is not None:
            least = rule.lower**2 * inputs.variance(inputs.reference(rule.reference))
            lowest = max(lowest, (label(rule), least), key=lambda each: each[1])
    return lowest


def best_list_above(
    programme: Programme, name: str, least: float, effort: Effort, *, any_list: bool = False
) -> tuple[Outcome, float]:
    """The best list, of those found, whose variance is `least` or more; and the highest variance that was seen.

    w'Vw >= 2 x'Vw - x'Vx for any x, so that a list above the tangent at x keeps the bound. The tangent at a list that keeps
    it has room for the list itself: the next is no worse. The first point is the best list without the bound; where no
    list is above the tangent there, lists of more and more variance are sought from several starts. What is proved is
    against every list, with the bound or without, and that none was found proves nothing.
    """
    free = best_list(programme, effort, any_list=any_list and not least)
    if free.weights is None or programme.risk(free.weights) >= least * KEPT:
        return free, np.inf
    nodes, unsolved, highest = free.nodes, free.unsolved, 0.0
    for point, climbed in _lists(programme, free.weights, least, effort):
        best, at = None, point
        nodes, highest = nodes + climbed, max(highest, programme.risk(point))
        for _ in range(ROUNDS):
            found = best_list(replace(programme, rows=(*programme.rows, _above(programme, name, at, least))), effort)
            nodes, unsolved = nodes + found.nodes, unsolved + found.unsolved
            if found.weights is None or programme.risk(found.weights) < least * KEPT:
                break
            gained = np.inf if best is None else found.value - best.value
            best, at = (found if gained > 0 else best), found.weights
            if any_list or gained <= effort.gap * programme.size(found.weights):
                break
        if best is not None:
            return replace(best, bound=free.bound, nodes=nodes, unsolved=unsolved), np.inf
    return replace(free, weights=None, nodes=nodes, unsolved=unsolved, ended=False), highest


def _slope(programme: Programme, point: np.ndarray) -> np.ndarray:
    return programme.loadings.T @ (programme.loadings @ point) + programme.specific * point


def _above(programme: Programme, name: str, point: np.ndarray, least: float) -> Rows:
    slope = _slope(programme, point)
    side = np.array([least + point @ slope])
    return Rows(name, 2 * slope[None, :], 0 * slope[None, :], side, np.array([np.inf]))


def _lists(programme: Programme, best: np.ndarray, least: float, effort: Effort) -> Iterator[tuple[np.ndarray, int]]:
    """The best list, and lists of more variance, with the cone problems that each took.

    The others come from several starts: the best list, the names of most variance, and those furthest along the largest
    direction of the factors. From each, lists under the rules, best along the slope of the variance at the one before.
    """
    yield best, 0
    alone = np.where(programme.most > 0, (programme.loadings**2).sum(axis=0) + programme.specific, 0.0)
    along = np.where(programme.most > 0, np.linalg.svd(programme.loadings, full_matrices=False)[2][0], 0.0)
    for start in (best, alone, np.maximum(along, 0.0), np.maximum(-along, 0.0)):
        at, nodes, reached = start, 0, 0.0
        for _ in range(ROUNDS):
            found = best_list(replace(programme.without_value(), score=_slope(programme, at)), effort)
            nodes += found.nodes
            if found.weights is None or programme.risk(found.weights) <= reached * (1 + 1e-6):
                break
            at, reached = found.weights, programme.risk(found.weights)
            if reached >= least * KEPT:
                break
        if reached:
            yield at, nodes
