"""The arithmetic of a day's regression on several families of groups: sums over groups, arrays without labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import linalg, sparse

from riskmodel.errors import InputError, counted
from riskmodel.estimation.clusters import SMALLEST_UNFITTED_SHARE
from riskmodel.estimation.least_squares import (
    LARGEST_CONDITION,
    LEAST_NAMES_PER_COEFFICIENT,
    REFINEMENTS,
    WELL_CONDITIONED,
    filled,
)
from riskmodel.facts import Fact

NAMES_AT_ONCE = 8192  # of a block: its exposures stay in the processor's cache
NO_LENGTH = 1e-8  # of a combination of groups' columns of length one, or of a group's part in it: rounding


@dataclass(frozen=True)
class FamilyDay:
    """One day solved; factors are [market, groups family by family, styles]."""

    factor_returns: np.ndarray
    classical_standard_errors: np.ndarray
    covariance: np.ndarray | None
    r_squared: float
    condition_number: float
    names: int
    flag: str


@dataclass(frozen=True)
class Block:
    """Some names of a day's design [one, dummies family by family, styles] without its zeros.

    Attributes
    ----------
    x
        (asset, style), nothing missing.
    codes
        (family, asset) place of each asset's group among all groups, families one after the other.
    member
        (asset, group) the dummies, sparse.
    sums
        (group, asset) the same turned, which sums over groups.
    families
        The groups of each family.
    """

    x: np.ndarray
    codes: np.ndarray
    member: sparse.csr_array
    sums: sparse.csc_array
    families: Sequence[slice]

    def add_gram(self, gram: np.ndarray, w: np.ndarray) -> None:
        """Z' diag(w) Z above the diagonal but for the first row: sums over groups and pairs, segment sums, products."""
        number = self.member.shape[1]
        weighted = self.x * w[:, None]
        groups = gram[1 : 1 + number, 1 : 1 + number]
        groups[np.diag_indices(number)] += self.sums @ w
        for (a, of_a), (b, of_b) in combinations(zip(self.families, self.codes, strict=True), 2):
            rows, columns = a.stop - a.start, b.stop - b.start
            pairs = np.bincount((of_a - a.start) * columns + (of_b - b.start), w, minlength=rows * columns)
            groups[a, b] += pairs.reshape(rows, columns)
        gram[1 : 1 + number, 1 + number :] += self.sums @ weighted
        gram[1 + number :, 1 + number :] += weighted.T @ self.x

    def moments(self, weighted: np.ndarray) -> np.ndarray:
        """Z' of weighted returns."""
        return np.concatenate([[weighted.sum()], self.sums @ weighted, weighted @ self.x])

    def fitted(self, f: np.ndarray) -> np.ndarray:
        """Z f."""
        stop = 1 + self.member.shape[1]
        return np.asarray(f[0] + self.member @ f[1:stop] + self.x @ f[stop:])

    def squared_length(self, v: np.ndarray) -> np.ndarray:
        """z_i' V z_i of each asset, V symmetric."""
        stop = 1 + self.member.shape[1]
        between = v[1:stop, 1:stop]
        out = v[0, 0] + self.member @ (2 * v[0, 1:stop] + np.diagonal(between))
        for a, b in combinations(self.codes, 2):
            out += 2 * between[a, b]
        toward = self.member @ (2 * v[1:stop, stop:])
        toward += self.x @ v[stop:, stop:]
        toward += 2 * v[0, stop:]
        return np.asarray(out + np.einsum("nk,nk->n", toward, self.x))


@dataclass(frozen=True)
class Design:
    """A day's design in blocks of names that fit into the processor's cache."""

    blocks: Sequence[Block]
    parts: Sequence[slice]

    @property
    def groups(self) -> slice:
        """The columns of the dummies; the first is of ones, those after are the styles."""
        return slice(1, 1 + self.blocks[0].member.shape[1])

    def gram(self, w: np.ndarray) -> np.ndarray:
        """Z' diag(w) Z."""
        size = self.groups.stop + self.blocks[0].x.shape[1]
        first = slice(1, 1 + self.blocks[0].families[0].stop)  # the groups of any family are everybody
        gram = np.zeros((size, size))
        for block, part in self._each():
            block.add_gram(gram, w[part])
        gram[0] = np.where(np.arange(size) < self.groups.stop, np.diagonal(gram), gram[first].sum(axis=0))
        gram[0, 0] = gram[0, first].sum()
        return np.asarray(np.triu(gram) + np.triu(gram, 1).T)

    def moments(self, weighted: np.ndarray) -> np.ndarray:
        """Z' of weighted returns."""
        return np.asarray(sum(block.moments(weighted[part]) for block, part in self._each()))

    def fitted(self, f: np.ndarray) -> np.ndarray:
        """Z f."""
        return np.concatenate([block.fitted(f) for block in self.blocks])

    def squared_length(self, v: np.ndarray) -> np.ndarray:
        """z_i' V z_i of each asset, V symmetric."""
        return np.concatenate([block.squared_length(v) for block in self.blocks])

    def without_styles(self) -> Design:
        """The dummies alone."""
        return Design([replace(block, x=block.x[:, :0]) for block in self.blocks], self.parts)

    def _each(self) -> Iterator[tuple[Block, slice]]:
        return zip(self.blocks, self.parts, strict=True)


def solve_day(
    r: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    cap: np.ndarray,
    codes: np.ndarray,
    families: Sequence[slice],
    names: Sequence[str],
    *,
    robust: bool,
) -> tuple[FamilyDay, np.ndarray]:
    """Solve one day; r, w, cap and the specific returns are (asset), x is (style, asset), `names` are of all groups.

    `codes` (family, asset) are places among all groups, -1 where an asset has no label.
    """
    (x,), (unfed,), (seen,) = filled(x[None], (np.isnan(r) | (codes < 0).any(axis=0))[None])
    used = seen & (w > 0) & (cap > 0)
    w, y, cap = np.where(used, w, 0.0), np.where(seen, r, 0.0), np.where(used, cap, 0.0)
    codes = np.where(seen, codes, [[family.start] for family in families])  # any group: what is not seen has no weight
    design, number = _design(x, codes, families), int(used.sum())
    groups = design.groups
    with np.errstate(invalid="ignore"):  # infinities, which are refused here
        gram, moment = design.gram(w), design.moments(w * y)
    if not (np.isfinite(gram).all() and np.isfinite(moment).all()):
        infinite = int(np.isinf(r).sum() + np.isinf(x).sum())
        raise InputError(f"returns, exposures: {counted(infinite, 'infinite value')}; use NaN for what is missing.")

    share = design.without_styles().moments(cap)[groups]
    absent = np.concatenate([[False], share == 0, unfed])
    pinned = np.zeros_like(absent)
    change = restriction(share, absent, families)
    reduced, condition = _reduced(gram, change)
    if number and condition > LARGEST_CONDITION:
        pinned = _aliased(design, families, used, share, absent)
        change = restriction(share, absent | pinned, families)
        reduced, condition = _reduced(gram, change)
    coefficients = change.shape[1]
    thin = number < LEAST_NAMES_PER_COEFFICIENT * max(coefficients, 1)
    facts = _facts(number, coefficients, condition, absent[groups], pinned[groups], names, thin=thin)
    flag = str(facts[0] if len(facts) == 1 else Fact("said", {"text": tuple(facts)})) if facts else ""
    if thin or condition > LARGEST_CONDITION:
        none = np.full(len(absent), np.nan)
        covariance = np.full((len(absent),) * 2, np.nan) if robust else None
        return FamilyDay(none, none, covariance, np.nan, condition, number, flag), np.full(len(r), np.nan)

    v = change @ np.linalg.inv(reduced) @ change.T
    f = v @ moment
    residual = y - design.fitted(f)
    for _ in range(REFINEMENTS if condition > WELL_CONDITIONED else 0):
        f = f + v @ design.moments(w * residual)
        residual = y - design.fitted(f)
    left = w @ residual**2
    variance = left / (number - coefficients)
    total = w @ (y - w @ y / w.sum()) ** 2
    unknown = absent | pinned
    covariance = None
    if robust:
        share_left = 1 - w * design.squared_length(v)
        alone = share_left < SMALLEST_UNFITTED_SHARE  # fitted exactly: the day's classical variance stands in
        jackknifed = w * np.where(used, residual, 0.0) / np.where(alone, 1.0, share_left)
        covariance = v @ design.gram(np.where(alone, w * variance, jackknifed**2)) @ v
        covariance[unknown] = np.nan
        covariance[:, unknown] = np.nan
    stranded = absent[groups][codes].any(axis=0)
    return FamilyDay(
        factor_returns=np.where(absent, np.nan, f),
        classical_standard_errors=np.where(unknown, np.nan, np.sqrt(np.clip(np.diagonal(v), 0, None) * variance)),
        covariance=covariance,
        r_squared=1 - left / total if total > 0 else np.nan,
        condition_number=condition,
        names=number,
        flag=flag,
    ), np.where(seen & ~stranded, residual, np.nan)


def restriction(share: np.ndarray, absent: np.ndarray, families: Sequence[slice]) -> np.ndarray:
    """Map from the free coefficients to all, (factor, coefficient): f = C b keeps each family's sum share_g f_g at zero.

    The largest group of a family that is there is written as minus the others' sum; what is `absent` has no coefficient.
    """
    free = ~absent
    change = np.eye(len(absent))
    for family in families:
        weight = np.where(free[1 + family.start : 1 + family.stop], share[family], 0.0)
        if weight.any():
            largest = 1 + family.start + int(weight.argmax())
            change[largest, 1 + family.start : 1 + family.stop] = -weight / weight.max()
            free[largest] = False
    return change[:, free]


def _design(x: np.ndarray, codes: np.ndarray, families: Sequence[slice]) -> Design:
    parts = [slice(first, first + NAMES_AT_ONCE) for first in range(0, x.shape[1], NAMES_AT_ONCE)]
    return Design([_block(x[:, part], codes[:, part], families) for part in parts], parts)


def _block(x: np.ndarray, codes: np.ndarray, families: Sequence[slice]) -> Block:
    number, assets = codes.shape
    ends = np.arange(0, number * assets + 1, number)
    member = sparse.csr_array((np.ones(codes.size), codes.T.ravel(), ends), shape=(assets, families[-1].stop))
    return Block(np.ascontiguousarray(x.T), codes, member, member.T, families)


def _reduced(gram: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, float]:
    """The normal equations of the free coefficients, and the condition number of their design, columns of length one."""
    reduced = change.T @ gram @ change
    values = np.linalg.eigvalsh(_of_length_one(reduced)[0])
    return reduced, float(np.sqrt(values[-1] / values[0])) if values[0] > 0 else np.inf


def _of_length_one(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = np.sqrt(np.diagonal(gram))
    scale = np.where(scale > 0, scale, 1.0)
    return gram / np.outer(scale, scale), scale


def _aliased(
    design: Design, families: Sequence[slice], used: np.ndarray, share: np.ndarray, absent: np.ndarray
) -> np.ndarray:
    """Groups to pin at zero so that the families can be told apart, (factor) bool; counts tell, whatever the weights.

    From the last family back: first the groups that have the same names as one of an earlier family, then the smallest by
    cap; one that is left alone in its family is zero by the restriction.
    """
    counts = design.without_styles().gram(used.astype(float))
    change = restriction(share, absent[: len(counts)], families)
    scaled, scale = _of_length_one(change.T @ counts @ change)
    values, vectors = np.linalg.eigh(scaled)
    free = change @ (vectors[:, values < NO_LENGTH] / scale[:, None])  # combinations that fit nothing
    pinned = np.zeros_like(absent)
    size = np.diagonal(counts)
    for family in reversed(families):
        own = np.arange(1 + family.start, 1 + family.stop)[share[family] > 0]
        earlier = counts[own, 1 : 1 + family.start]
        same = ((earlier == size[own, None]) & (earlier == size[1 : 1 + family.start])).any(axis=1)
        for group in own[np.lexsort([share[own - 1], ~same])]:
            if free.shape[1] and np.linalg.norm(free[group]) > NO_LENGTH * np.linalg.norm(free):
                free = free @ linalg.null_space(free[group][None])
                pinned[group] = True
        if pinned[own].sum() == len(own) - 1 > 0:
            pinned[own] = True
    return pinned


def _facts(
    number: int,
    coefficients: int,
    condition: float,
    vacant: np.ndarray,
    pinned: np.ndarray,
    names: Sequence[str],
    *,
    thin: bool,
) -> list[Fact]:
    """What is wrong with the day."""
    if thin:
        return [Fact("thin", {"names": number, "coefficients": coefficients})]
    if condition > LARGEST_CONDITION:
        return [Fact("singular", {"condition": float(f"{condition:.1e}")})]
    named = {
        key: tuple(name for name, is_so in zip(names, of, strict=True) if is_so)
        for key, of in {"vacant_groups": vacant, "aliased": pinned}.items()
    }
    found = [Fact("vacant_groups", {"groups": named["vacant_groups"]}), Fact("aliased", {"groups": named["aliased"]})]
    return [fact for fact in found if fact.values["groups"]]
