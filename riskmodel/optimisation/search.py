"""The best list: branch and bound over which names are held; prices of a node's cone problem bound every list below it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from time import monotonic

import numpy as np

from riskmodel.bounds import Bound, require_settings, whole_number
from riskmodel.optimisation.cones import relaxed
from riskmodel.optimisation.inputs import DUST
from riskmodel.optimisation.prices import Priced, priced
from riskmodel.optimisation.programme import Programme

WHOLE = 1e-5  # within which a name is held or not
BROKEN = 1e-6  # a rule that a list misses by more
FIRST, MORE = 120, 60  # names that a search starts with, and that are added at once because their price is right
NEAR = 10  # names beside those of a node that the cone problems below it begin with
EASY = 10  # nodes after which a search that goes on looks for better lists beside the best
EXCHANGED = 5  # names of a list, and outside it, that are exchanged for each other
ROUNDS = 12  # of adding names to a cone problem
PART = 0.02  # of the gap that is asked for: what names outside a cone problem may promise together


@dataclass(frozen=True)
class Effort:
    """How near to the best a list is proved, and what that may take.

    Attributes
    ----------
    gap
        Bound less value, as a share of what score, risk and costs of the list amount to.
    nodes
        Cone problems, after which the best list so far is given, with its gap.
    seconds
        Of the clock, after which it is given too: such a list depends on the machine, and its certificate says so.
    """

    gap: float = 1e-3
    nodes: int = 2000
    seconds: float | None = None

    def __post_init__(self) -> None:
        require_settings("effort", self, GAP, ["gap"])
        require_settings("effort", self, whole_number("cone problems"), ["nodes"])
        if self.seconds is not None:
            require_settings("effort", self, SECONDS, ["seconds"])


GAP = Bound("a decimal from 0 to 1 (0.001 is 0.1 %)", least=0, most=1)
SECONDS = Bound("a number of seconds above 0, or None", above=0)


@dataclass(frozen=True)
class Outcome:
    """What a search found and what it proved.

    Attributes
    ----------
    weights, cash, value
        Of the best list; None where there is none.
    bound
        No list is better; minus infinity where it is proved that there is none.
    nodes
        Cone problems solved.
    unsolved
        Of them, those that the solver could neither solve nor prove to have no solution.
    ended
        Whether nothing is left to search.
    """

    weights: np.ndarray | None
    cash: float
    value: float
    bound: float
    nodes: int
    unsolved: int
    ended: bool

    @property
    def impossible(self) -> bool:
        """Whether it is proved that no list keeps the rules."""
        return self.bound == -np.inf


@dataclass(frozen=True)
class Node:
    """Lists without the names `out` and with the names `held`: a bound on all of them, and what is best if held in part."""

    out: np.ndarray
    held: np.ndarray
    bound: float
    part: np.ndarray
    priced: Priced | None


def near(node: Node) -> np.ndarray:
    """Names that a node below is likely to hold anything of: those of this one, and those whose price is not far off."""
    names = node.part > WHOLE
    if node.priced is not None:
        others = np.where(names | node.out, -np.inf, node.priced.if_held)
        names[np.argsort(-others, kind="stable")[:NEAR]] = True
    return names


@dataclass
class Experience:
    """By how much the bound fell, a unit of what was rounded, where a name was left out (0) or held (1): pseudo-costs."""

    fell: np.ndarray
    times: np.ndarray

    def choice(self, part: np.ndarray, undecided: np.ndarray) -> int | None:
        """The undecided name of which both sides are expected to lower the bound most, by the product of the two."""
        if not undecided.any():
            return None
        known = self.times.sum(axis=1, keepdims=True)
        usual = np.where(known > 0, self.fell.sum(axis=1, keepdims=True) / np.maximum(known, 1), 1.0)
        expected = (self.fell + usual) / (self.times + 1)
        gain = np.maximum(expected[0] * part, 1e-12) * np.maximum(expected[1] * (1 - part), 1e-12)
        return int(np.argmax(np.where(undecided, gain, -1.0)))

    def add(self, name: int, side: int, node: Node, child: Node | None, enough: float) -> None:
        """What came of a branch; one without lists lowered the bound to what is enough."""
        distance = abs(side - node.part[name])
        if distance > WHOLE:
            to = enough if child is None else child.bound
            self.fell[side, name] += max(node.bound - to, 0.0) / distance if np.isfinite([node.bound, to]).all() else 0.0
            self.times[side, name] += 1


@dataclass
class Search:
    """One search: the names looked at, the best list so far, and what was put away."""

    programme: Programme
    effort: Effort
    any_list: bool = False
    core: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=bool))
    nodes: int = 0
    unsolved: int = 0
    closed: float = -np.inf  # the highest bound of what was put away unsearched
    best: tuple[float, np.ndarray, float] | None = None
    exchanged: float = -np.inf  # value of the best list whose names were exchanged for others
    tried: set[bytes] = field(default_factory=set)
    experience: Experience = field(default_factory=lambda: Experience(np.empty(0), np.empty(0)))
    until: float = np.inf

    @property
    def over(self) -> bool:
        """Whether the effort is spent."""
        return self.nodes >= self.effort.nodes or monotonic() > self.until

    def enough(self) -> float:
        """The bound under which nothing need be searched."""
        if self.best is None:
            return -np.inf
        if self.any_list:
            return np.inf
        return self.best[0] + self.effort.gap * self.programme.size(self.best[1])

    def node(self, out: np.ndarray, held: np.ndarray, parent: Node | None = None) -> Node | None:
        """Bound the lists without `out` and with `held`; None where it is proved that there are none.

        The cone problem is of the names that may matter; prices at its best say which others do, and bound all of them.
        """
        if (self.programme.least > self.programme.most)[held].any():
            return None
        bound = np.inf if parent is None else parent.bound  # which stands where a cone problem is not solved
        part, last = np.zeros(len(out)) if parent is None else parent.part.copy(), None
        core = self.core if parent is None or parent.priced is None else near(parent)
        for _ in range(ROUNDS):
            self.nodes += 1
            inside = (core | held) & ~out
            found = relaxed(replace(self.programme.among(inside), forced=held[inside]))
            if found is None:
                self.unsolved += 1
                return Node(out, held, bound, part, last)
            judged = self.programme.without_value() if found.impossible else self.programme
            proof = priced(judged, found.prices, out, held)
            more = np.where(~inside & ~out, proof.if_held - proof.if_not, -1.0)
            if found.impossible:
                if proof.bound < -proof.rounding:
                    return None
                slack = 0.0
            else:
                bound, last = min(bound, proof.bound), proof
                part[:] = 0.0
                part[inside] = np.clip(found.held, 0.0, 1.0)
                weights = np.zeros(len(out))
                weights[inside] = np.clip(found.weights, 0.0, 1.0)  # of a problem that was not solved they are anything
                slack = PART * self.effort.gap * self.programme.size(weights)
                if bound <= self.enough() or np.maximum(more, 0.0).sum() <= slack:
                    return Node(out, held, bound, part, last)
            added = np.argsort(-more, kind="stable")[:MORE]
            added = added[more[added] > 0]
            if not len(added):
                self.unsolved += found.impossible
                return Node(out, held, bound, part, last)
            core = core.copy()
            core[added] = True
        return Node(out, held, bound, part, last)

    def try_names(self, names: np.ndarray) -> None:
        """See whether the best weights of just these names are the best list yet."""
        key = np.packbits(names).tobytes()
        if key in self.tried or not names.any():
            return
        self.tried.add(key)
        self.nodes += 1
        found = relaxed(self.programme.among(names, forced=True))
        if found is None or found.impossible:
            return
        weights = np.zeros(len(names))
        weights[names] = found.weights
        weights, cash = self.programme.tidied(weights, found.cash, DUST)
        if self.programme.missed(weights, cash) > BROKEN:
            return
        value = self.programme.value(weights)
        if self.best is None or value > self.best[0]:
            self.best = value, weights, cash

    def round_off(self, node: Node) -> None:
        """Try the names that the node holds most of."""
        count = round(float(node.part.sum()))
        names = np.zeros(len(node.part), dtype=bool)
        names[np.argsort(-node.part, kind="stable")[:count]] = True
        self.try_names((names | node.held) & ~node.out)

    def exchange(self) -> None:
        """Exchange names of the best list, worth least at its prices, for those outside worth most, while that helps."""
        nobody = np.zeros(len(self.programme.score), dtype=bool)
        while self.best is not None and not self.over and self.best[0] > self.exchanged:
            self.exchanged, weights, _ = self.best
            names = weights > 0
            found = relaxed(self.programme.among(names, forced=True))
            if found is None or found.impossible:
                return
            proof = priced(self.programme, found.prices, nobody, nobody)
            worth = proof.if_held - proof.if_not
            may_go, may_come = names & ~self.programme.forced, ~names & (self.programme.most > 0)
            for into in np.argsort(np.where(may_come, -worth, np.inf), kind="stable")[: min(EXCHANGED, may_come.sum())]:
                for out in np.argsort(np.where(may_go, worth, np.inf), kind="stable")[: min(EXCHANGED, may_go.sum())]:
                    other = names.copy()
                    other[into], other[out] = True, False
                    self.try_names(other)

    def settled(self, node: Node) -> tuple[np.ndarray, np.ndarray]:
        """Names that are out, and in, of every list below a node that is better than the best by more than the gap."""
        out, held, enough = node.out, node.held, self.enough()
        if node.priced is None:
            return out, held
        free = ~out & ~held
        lost, sure = free & (node.priced.if_held <= enough), free & (node.priced.if_not <= enough)
        for bounds, names in ((node.priced.if_held, lost), (node.priced.if_not, sure)):
            self.closed = max(self.closed, bounds[names].max(initial=-np.inf))
        return out | lost, held | sure

    def parts(self, node: Node) -> list[tuple[int | None, int, np.ndarray, np.ndarray]]:
        """Into what a node is split: name and side, names that are out and that are in; nothing where it is a list."""
        out, held = self.settled(node)
        undecided = np.where(out | held, 0.0, np.minimum(node.part, 1 - node.part))
        name = self.experience.choice(node.part, undecided > WHOLE)
        if name is None and ((out != node.out) | (held != node.held)).any():
            return [(None, 0, out, held)]  # all that was undecided is settled by prices
        if name is None:  # a list already, or not solved: what is not decided is, one name after the other
            free = np.flatnonzero(~out & ~held & ((node.part > 0) | (node.priced is None)))
            if not len(free):
                return []
            name = int(free[np.argmax(node.part[free])])
        one = np.arange(len(out)) == name
        return [(name, 0, out | one, held), (name, 1, out, held | one)]

    def run(self, root: Node) -> float:
        """Search below a root; the bound of what is left."""
        queue, number, taken = [(-root.bound, 0, root)], 0, 0
        while queue and not self.over:
            if -queue[0][0] <= self.enough():
                break
            node = heapq.heappop(queue)[-1]
            self.round_off(node)
            taken += 1
            if taken > EASY:
                self.exchange()
            if node.bound <= self.enough():
                self.closed = max(self.closed, node.bound)
                continue
            parts = self.parts(node)
            if not parts:
                self.closed = max(self.closed, node.bound)
            for name, side, out, held in parts:
                child = self.node(out, held, node)
                if name is not None:
                    self.experience.add(name, side, node, child, self.enough())
                if child is None:
                    continue
                if child.bound <= self.enough():
                    self.closed = max(self.closed, child.bound)
                    continue
                number += 1
                heapq.heappush(queue, (-child.bound, number, child))
        return -queue[0][0] if queue else -np.inf


def best_list(programme: Programme, effort: Effort = Effort(), *, any_list: bool = False) -> Outcome:
    """The best list under a programme's rules, and what is proved of all others.

    Parameters
    ----------
    programme
        Whose names with `most` of 0 are not held.
    effort
        When to stop.
    any_list
        Whether any list that keeps the rules will do.

    Notes
    -----
    Which node is next, and which name it branches on, depends on values and places alone, so that the same problem gives the
    same list. A name whose price says that no list with it can be better than what is found is left out below a node, and
    one that no such list is without is held: reduced-cost fixing.
    """
    search = Search(programme, effort, any_list)
    if effort.seconds is not None:
        search.until = monotonic() + effort.seconds
    barred = (programme.most <= 0) & ~programme.forced
    alone = programme.score + 2 * programme.aversion * programme.specific * programme.benchmark
    promise = np.where(barred, -np.inf, alone * programme.most - programme.aversion * programme.specific * programme.most**2)
    search.core = programme.forced | ((programme.before > 0) & ~barred)
    search.core[np.argsort(-promise, kind="stable")[:FIRST]] = True
    search.core &= ~barred
    search.experience = Experience(np.zeros((2, len(barred))), np.zeros((2, len(barred))))
    root = search.node(barred, programme.forced)
    if root is None:
        return Outcome(None, 0.0, -np.inf, -np.inf, search.nodes, search.unsolved, True)
    search.try_names(((programme.before > 0) & ~barred) | programme.forced)
    left = search.run(root)
    bound = float(min(root.bound, max(search.closed, left)))
    if search.best is None:
        return Outcome(None, 0.0, -np.inf, bound, search.nodes, search.unsolved, left == -np.inf)
    value, weights, cash = search.best
    return Outcome(weights, cash, value, max(bound, value), search.nodes, search.unsolved, left == -np.inf)
