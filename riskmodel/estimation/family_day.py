"""The arithmetic of a day's regression on several families of groups: sums over groups, arrays without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
)
from riskmodel.facts import Fact

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
class Design:
    """A day's design [one, dummies family by family, styles] without its zeros.

    Attributes
    ----------
    x
        (asset, style), nothing missing.
    codes
        (family, asset) place of each asset's group among all groups, families one after the other.
    member
        (asset, group) the dummies, sparse.
    families
        The groups of each family.
    """

    x: np.ndarray
    codes: np.ndarray
    member: sparse.csr_array
    families: Sequence[slice]

    @property
    def groups(self) -> slice:
        """The columns of all groups; those of the styles come after."""
        return slice(1, 1 + self.member.shape[1])

    def gram(self, w: np.ndarray) -> np.ndarray:
        """Z' diag(w) Z: sums of w over groups and over pairs of groups, segment sums of styles, products of styles."""
        (start, stop), number = (self.groups.start, self.groups.stop), self.member.shape[1]
        weighted = self.x * w[:, None]
        gram = np.zeros((stop + self.x.shape[1],) * 2)
        gram[0, 0], gram[0, stop:] = w.sum(), w @ self.x
        whole = np.sum([np.bincount(code, w, minlength=number) for code in self.codes], axis=0)
        gram[0, start:stop] = whole
        gram[np.arange(start, stop), np.arange(start, stop)] = whole
        for (a, of_a), (b, of_b) in combinations(zip(self.families, self.codes, strict=True), 2):
            rows, columns = a.stop - a.start, b.stop - b.start
            pairs = np.bincount((of_a - a.start) * columns + (of_b - b.start), w, minlength=rows * columns)
            gram[start + a.start : start + a.stop, start + b.start : start + b.stop] = pairs.reshape(rows, columns)
        gram[start:stop, stop:] = self.member.T @ weighted
        gram[stop:, stop:] = weighted.T @ self.x
        return np.triu(gram) + np.triu(gram, 1).T

    def moments(self, weighted: np.ndarray) -> np.ndarray:
        """Z' of weighted returns."""
        return np.concatenate([[weighted.sum()], self.member.T @ weighted, weighted @ self.x])

    def fitted(self, f: np.ndarray) -> np.ndarray:
        """Z f."""
        return np.asarray(f[0] + self.member @ f[self.groups] + self.x @ f[self.groups.stop :])

    def squared_length(self, v: np.ndarray) -> np.ndarray:
        """z_i' V z_i of each asset, V symmetric."""
        groups, stop = self.groups, self.groups.stop
        between = v[groups, groups]
        out = v[0, 0] + self.member @ (2 * v[0, groups] + np.diagonal(between))
        for a, b in combinations(self.codes, 2):
            out += 2 * between[a, b]
        toward = self.member @ v[groups, stop:]
        toward *= 2
        toward += self.x @ v[stop:, stop:] + 2 * v[0, stop:]
        return np.asarray(out + np.einsum("nk,nk->n", toward, self.x))


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
    empty = np.isnan(x)
    unfed = empty.all(axis=1)
    seen = ~(np.isnan(r) | (codes < 0).any(axis=0) | empty[~unfed].any(axis=0))
    used = seen & (w > 0) & (cap > 0)
    w, y, cap = np.where(used, w, 0.0), np.where(seen, r, 0.0), np.where(used, cap, 0.0)
    design = _design(
        np.where(seen & ~unfed[:, None], x, 0.0), np.where(seen, codes, [[f.start] for f in families]), families
    )
    groups, number = design.groups, int(used.sum())
    with np.errstate(invalid="ignore"):  # infinities, which are refused here
        gram, moment = design.gram(w), design.moments(w * y)
    if not (np.isfinite(gram).all() and np.isfinite(moment).all()):
        infinite = int(np.isinf(r).sum() + np.isinf(x).sum())
        raise InputError(f"returns, exposures: {counted(infinite, 'infinite value')}; use NaN for what is missing.")

    share = design.member.T @ cap
    absent = np.concatenate([[False], share == 0, unfed])
    pinned = np.zeros_like(absent)
    change = restriction(share, absent, families)
    reduced, condition = _reduced(gram, change)
    if number and condition > LARGEST_CONDITION:
        pinned = _aliased(design, used, share, absent)
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
    stranded = absent[groups][design.codes].any(axis=0)
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
    number, assets = codes.shape
    ends = np.arange(0, number * assets + 1, number)
    member = sparse.csr_array((np.ones(codes.size), codes.T.ravel(), ends), shape=(assets, families[-1].stop))
    return Design(np.ascontiguousarray(x.T), codes, member, families)


def _reduced(gram: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, float]:
    """The normal equations of the free coefficients, and the condition number of their design, columns of length one."""
    reduced = change.T @ gram @ change
    values = np.linalg.eigvalsh(_of_length_one(reduced)[0])
    return reduced, float(np.sqrt(values[-1] / values[0])) if values[0] > 0 else np.inf


def _of_length_one(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = np.sqrt(np.diagonal(gram))
    scale = np.where(scale > 0, scale, 1.0)
    return gram / np.outer(scale, scale), scale


def _aliased(design: Design, used: np.ndarray, share: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """Groups to pin at zero so that the families can be told apart, (factor) bool; counts tell, whatever the weights.

    From the last family back: first the groups that have the same names as one of an earlier family, then the smallest by
    cap; one that is left alone in its family is zero by the restriction.
    """
    stop = design.groups.stop
    counts = Design(design.x[:, :0], design.codes, design.member, design.families).gram(used.astype(float))
    change = restriction(share, absent[:stop], design.families)
    scaled, scale = _of_length_one(change.T @ counts @ change)
    values, vectors = np.linalg.eigh(scaled)
    free = change @ (vectors[:, values < NO_LENGTH] / scale[:, None])  # combinations that fit nothing
    pinned = np.zeros_like(absent)
    size = np.diagonal(counts)
    for family in reversed(design.families):
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
