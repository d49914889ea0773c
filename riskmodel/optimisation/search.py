"""The best list: branch and bound over which names are held, each node a cone problem that bounds every list below it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numpy as np

from riskmodel.optimisation.cones import Relaxed, relaxed
from riskmodel.optimisation.programme import Programme

WHOLE = 1e-6  # within which a name is held or not
ROUNDING = 1e-9  # of a cone problem's value
CORE = 1e-3  # a name that the root holds to less is not looked at before the others are


@dataclass(frozen=True)
class Effort:
    """How near to the best a list is proved, and how many cone problems that may take.

    Attributes
    ----------
    gap
        Bound less value, as a share of what score, risk and costs of the list amount to.
    nodes
        After which the best list so far is given, with its gap.
    """

    gap: float = 1e-3
    nodes: int = 2000


@dataclass(frozen=True)
class Best:
    """A list and what is proved of it."""

    weights: np.ndarray
    cash: float
    value: float
    bound: float
    nodes: int


@dataclass
class Search:
    """One search: names that are out, names that are in, and the best list so far."""

    programme: Programme
    effort: Effort
    nodes: int = 0
    closed: float = -np.inf  # the highest bound of what was put away unsearched
    best: tuple[float, np.ndarray, float] | None = None

    def solve(self, out: np.ndarray, held: np.ndarray) -> Relaxed | None:
        """The bound of every list without the names `out` and with the names `held`."""
        self.nodes += 1
        inside = ~out
        among = self.programme.among(inside)
        found = relaxed(replace(among, forced=held[inside]))
        if found is None:
            return None

        def over_all(values: np.ndarray, outside: float) -> np.ndarray:
            whole = np.full(len(out), outside)
            whole[inside] = values
            return whole

        return replace(
            found,
            weights=over_all(found.weights, 0.0),
            held=over_all(found.held, 0.0),
            if_held=over_all(found.if_held, -np.inf),
            if_not=over_all(found.if_not, -np.inf),
        )

    def enough(self) -> float:
        """The bound under which nothing need be searched."""
        if self.best is None:
            return -np.inf
        value, weights, _ = self.best
        return value + self.effort.gap * self.programme.size(weights) + ROUNDING

    def round_off(self, node: Relaxed) -> None:
        """Hold the names that the node holds most of, and see whether that is the best list yet."""
        count = round(float(node.held.sum()))
        names = np.zeros(len(node.held), dtype=bool)
        names[np.argsort(-node.held, kind="stable")[:count]] = True
        self.nodes += 1
        found = relaxed(self.programme.among(names, forced=True))
        if found is None:
            return
        weights = np.zeros(len(names))
        weights[names] = np.maximum(found.weights, 0.0)
        value = self.programme.value(weights)
        if self.best is None or value > self.best[0]:
            self.best = value, weights, found.cash

    def run(self, out: np.ndarray, root: Relaxed, nodes: int) -> float:
        """Search below a root; the bound of what is left."""
        queue, number = [(-root.value, 0, root, out, self.programme.forced.copy())], 0
        stop = self.nodes + nodes
        while queue and self.nodes < stop:
            if -queue[0][0] <= self.enough():
                break
            _, _, node, out, held = heapq.heappop(queue)
            self.round_off(node)
            enough, free = self.enough(), ~out & ~held
            lost, sure = free & (node.if_held <= enough), free & (node.if_not <= enough)
            self.closed = max(self.closed, node.if_held[lost].max(initial=-np.inf), node.if_not[sure].max(initial=-np.inf))
            out, held = out | lost, held | sure
            part = np.where(out | held, 0.0, np.minimum(node.held, 1 - node.held))
            name = int(np.argmax(part))
            if part[name] < WHOLE:  # what the node holds is a list already, and the best below it
                self.closed = max(self.closed, node.value)
                continue
            one = np.arange(len(out)) == name
            for without, within in ((out | one, held), (out, held | one)):
                child = self.solve(without, within)
                if child is None:
                    continue
                if child.value <= enough:
                    self.closed = max(self.closed, child.value)
                    continue
                number += 1
                heapq.heappush(queue, (-child.value, number, child, without, within))
        return -queue[0][0] if queue else -np.inf


def best_list(programme: Programme, effort: Effort = Effort()) -> Best | None:
    """The best list under a programme's rules; None where there is none.

    Notes
    -----
    The root is the perspective relaxation over all names. The names that it holds anything of are searched first, which is
    quick and gives a good list; then all names that its reduced costs do not rule out. Which node is next, and which name it
    branches on, depends on values and places alone, so that the same problem gives the same list.

    A name whose dual price says that no list with it can be better than what is found is left out for good, and one that
    no such list is without is held for good: reduced-cost fixing.
    """
    search = Search(programme, effort)
    barred = programme.most <= 0
    root = search.solve(barred, programme.forced)
    if root is None:
        return None
    small = barred | ((root.held < CORE) & ~programme.forced)
    if small.sum() > barred.sum():
        first = search.solve(small, programme.forced)
        if first is not None:
            search.run(small, first, effort.nodes // 4)
        search.closed = -np.inf
    left = search.run(barred, root, effort.nodes - search.nodes)
    if search.best is None:
        return None
    value, weights, cash = search.best
    return Best(weights, cash, value, min(root.value, max(value, search.closed, left)), search.nodes)
