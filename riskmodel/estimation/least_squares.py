"""The arithmetic of the cross-sectional regression: some days at once, arrays without labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from riskmodel.arrays.robust import MAD_TO_DEVIATION, row_median
from riskmodel.errors import InputError, counted
from riskmodel.estimation.clusters import SMALLEST_UNFITTED_SHARE, Clusters, clustered_covariance
from riskmodel.estimation.kernel import leverages, products
from riskmodel.estimation.nested import (
    Nest,
    Shrinkage,
    eliminated,
    half_demeaned,
    industry_effects,
    nested_returns,
    shrinkage,
    variance_ratio,
)
from riskmodel.facts import Fact

LEAST_NAMES_PER_COEFFICIENT = 2
LARGEST_CONDITION = 1e6
WELL_CONDITIONED, REFINEMENTS = 1e3, 2  # beyond, normal equations lose six digits; each refinement wins them back
HUBER_ROUNDS, HUBER_SETTLED = 100, 1e-12


@dataclass(frozen=True)
class Solution:
    """Some days solved, arrays with the day first; factors are [market, sectors, industries, styles]."""

    factor_returns: np.ndarray
    classical_standard_errors: np.ndarray
    covariance: np.ndarray | None
    r_squared: np.ndarray
    condition_number: np.ndarray
    names: np.ndarray
    downweighted: np.ndarray
    sector_shrinkage: np.ndarray
    industry_shrinkage: np.ndarray
    variance_inflation: np.ndarray
    flag: np.ndarray


@dataclass(frozen=True)
class _WeightedSums:
    """Some days at the weights w, (day, asset): gram matrix and moments of [sectors, styles].

    `of_pieces`, of sectors or, where they have returns, industries, is what `riskmodel.estimation.kernel.products` sums over
    them, (day, style + 2, piece).
    """

    w: np.ndarray
    gram: np.ndarray
    moment: np.ndarray
    of_pieces: np.ndarray


@dataclass(frozen=True)
class _Fit:
    """Coefficients of [sectors, styles], the system that they solve, its inverse; residuals before and after industries."""

    system: np.ndarray
    inverse: np.ndarray
    coefficients: np.ndarray
    alone: np.ndarray
    residual: np.ndarray
    shrunk: Shrinkage | None


@dataclass(frozen=True)
class _Days:
    """What some days are solved from at any weights, arrays with the day first; x (day, style, asset) and y (day, asset).

    `unfed` (day, style) and `vacant` (day, sector) are left out; `lent` (day, sector) is the weight of names that earn
    `target` (day).
    """

    x: np.ndarray
    y: np.ndarray
    unfed: np.ndarray
    vacant: np.ndarray
    lent: np.ndarray
    target: np.ndarray
    starts: np.ndarray
    nest: Nest | None

    def at(self, days: np.ndarray) -> _Days:
        """Some of the days, by their places."""
        some = {name: getattr(self, name)[days] for name in ("x", "y", "unfed", "vacant", "lent", "target")}
        return replace(self, **some, nest=None if self.nest is None else self.nest.at(days))

    def sums(self, w: np.ndarray) -> _WeightedSums:
        """The normal equations at some weights, (day, asset); a coefficient left out gets a lone 1 on the diagonal."""
        k, nest = self.x.shape[1], self.nest
        of_styles, of_pieces = products(self.x, w, self.y, self.starts if nest is None else nest.cuts)
        of_sectors = of_pieces if nest is None else nest.by_sector(of_pieces)
        gram = _bordered(of_sectors[:, k + 1] + self.lent + self.vacant, of_sectors[:, :k], of_styles[:, :k])
        style = np.arange(len(self.starts), len(self.starts) + k)
        gram[:, style, style] += self.unfed
        moment = np.concatenate([of_sectors[:, k] + self.lent * self.target[:, None], of_styles[:, k]], axis=1)
        return _WeightedSums(w, gram, moment, of_pieces)

    def fitted(self, sums: _WeightedSums, ratio: np.ndarray, sound: np.ndarray, ill: np.ndarray) -> _Fit:
        """Coefficients and residuals, where industries are shrunk by a ratio of variances: 0 is altogether.

        Days that are not `sound`, (day), are not solved; those that are `ill` are refined.
        """
        x, y, starts, nest = self.x, self.y, self.starts, self.nest
        s, segment = len(starts), np.diff(np.append(starts, y.shape[1]))
        w, system, moment, shrunk = sums.w, sums.gram, sums.moment, None
        if nest is not None:
            shrunk = shrinkage(w, sums.of_pieces, ratio, nest)
            system, moment = eliminated(system, moment, shrunk, nest)
        system = np.where(sound[:, None, None], system, np.eye(system.shape[1]))
        inverse = np.linalg.inv(system)
        g = (inverse @ moment[..., None])[..., 0]

        def left_by(g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            """Residuals of sectors and styles, and of industries too."""
            alone = y - np.repeat(g[:, :s], segment, axis=1) - (g[:, None, s:] @ x)[:, 0]
            if nest is None or shrunk is None:
                return alone, alone
            return alone, alone - nest.spread(industry_effects(w, alone, shrunk, nest))

        alone, residual = left_by(g)
        for _ in range(REFINEMENTS if ill.any() else 0):
            missed = self.target[:, None] - g[:, :s]
            left = _moments(x, w * residual, starts, self.lent * missed)
            g = np.where(ill[:, None], g + (inverse @ left[..., None])[..., 0], g)
            alone, residual = left_by(g)
        return _Fit(system, inverse, g, alone, residual, shrunk)


def solve_days(
    r: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    cap: np.ndarray,
    starts: np.ndarray,
    sectors: np.ndarray,
    *,
    robust: bool,
    huber: float | None,
    thin_sector: float,
    clusters: Clusters | None = None,
    nest: Nest | None = None,
    sharing: np.ndarray | None = None,
) -> tuple[Solution, np.ndarray]:
    """Solve some days; r, w, cap and the specific returns are (day, asset), x is (day, style, asset), by sector.

    The other arguments are those of `riskmodel.cross_sectional_regression`; `starts` is where each of `sectors` begins, and
    `clusters` says whose residuals move together, `nest` which industries have returns of their own, `sharing` (day, asset)
    which names make one where others do than those that estimate.
    """
    s, segment = len(starts), np.diff(np.append(starts, r.shape[1]))
    x, unfed, seen = filled(x, np.isnan(r))
    used = seen & (w > 0) & (cap > 0)
    if nest is not None and sharing is not None:
        nest = nest.of_days(sharing & seen & (cap > 0))
    w, y, cap = np.where(used, w, 0.0), np.where(seen, r, 0.0), np.where(used, cap, 0.0)
    with np.errstate(invalid="ignore"):  # infinities, which are refused below
        lent, target = _lent_weight(w, cap, y, starts, thin_sector)
        vacant = np.add.reduceat(w, starts, axis=-1) + lent == 0  # (day, sector): nobody estimates it
        days = _Days(x, y, unfed, vacant, lent, target, starts, nest)
        plain = days.sums(w)
    gram, moment = plain.gram, plain.moment
    if not (np.isfinite(gram).all() and np.isfinite(moment).all()):
        infinite = int(np.isinf(r).sum() + np.isinf(x).sum())
        raise InputError(f"returns, exposures: {counted(infinite, 'infinite value')}; use NaN for what is missing.")
    condition = _condition_number(gram)
    number = used.sum(axis=1)
    coefficients = gram.shape[1] - vacant.sum(axis=1) - unfed.sum(axis=1)
    thin = number < LEAST_NAMES_PER_COEFFICIENT * np.maximum(coefficients, 1)
    singular = ~thin & (condition > LARGEST_CONDITION)
    sound = ~thin & ~singular
    ill = sound & (condition > WELL_CONDITIONED)

    sums, ratio = plain, np.zeros(len(r))
    fit = days.fitted(sums, ratio, sound, ill)
    inflation = _variance_inflation(gram, fit.inverse, s)
    if nest is not None:
        ratio = np.where(sound, variance_ratio(w, fit.residual, coefficients, nest), 0.0)
        fit = days.fitted(sums, ratio, sound, ill)
    downweighted, unsettled = np.zeros(len(r), dtype=np.int64), np.zeros(len(r), dtype=bool)
    if huber is not None:
        share, unsettled = _settled_shares(days, w, used, fit, (ratio, sound, ill), huber)
        sums = days.sums(w * share)
        fit = days.fitted(sums, ratio, sound, ill)
        downweighted = (used & (share < 1)).sum(axis=1)
    w, alone, residual = sums.w, fit.alone, fit.residual
    left = _weighted(w, alone, residual)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(number > coefficients, left / (number - coefficients), np.nan)  # of none left nothing is known
        share = np.add.reduceat(cap, starts, axis=-1) / cap.sum(axis=1, keepdims=True)
    change = _restriction(share, x.shape[1])
    absent = np.concatenate([np.zeros((len(r), 1), bool), vacant, unfed], axis=1) | ~sound[:, None]
    if nest is None or fit.shrunk is None:
        through, returns, shrunk = change, (change @ fit.coefficients[..., None])[..., 0], np.zeros((len(r), 0))
        own_classical, own_covariance = np.zeros(1), np.zeros(1)
    else:
        family = nested_returns(change, fit.coefficients, w, cap, alone, fit.shrunk, nest)
        through, returns, shrunk = family.through, family.returns, family.shrunk
        own_classical = family.classical_variance(variance)
        own_covariance = family.error_covariance(w, np.where(used, residual, 0.0), variance, nest) if robust else np.zeros(1)
        residual = residual - nest.spread(family.left_to_sector)
        of_industry = ~family.shrinkage.alive[:, nest.named] | ~sound[:, None]
        absent, inflation = (
            np.concatenate([values[:, : 1 + s], own, values[:, 1 + s :]], axis=1)
            for values, own in ((absent, of_industry), (inflation, np.full(of_industry.shape, np.nan)))
        )
    covariance = None
    if robust:
        if clusters is None:
            of_coefficients = _robust(x, w, np.where(used, residual, 0.0), variance, fit.inverse, starts)
        else:
            demeaned = None if nest is None or fit.shrunk is None else half_demeaned(fit.shrunk, nest)
            whole = sums.gram[:, np.arange(s), np.arange(s)]
            error = np.where(used, alone, 0.0)
            of_coefficients = clustered_covariance(x, w, error, variance, whole, fit.system, clusters, demeaned)
        covariance = through @ of_coefficients @ through.transpose(0, 2, 1) + own_covariance
        covariance = np.where(absent[:, :, None] | absent[:, None, :], np.nan, covariance)
    stranded = np.repeat(vacant, segment, axis=1)  # covered assets whose sector has no return that day
    unexplained = left if nest is None else _weighted(w, residual, residual)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = y - (np.einsum("dn,dn->d", w, y) / w.sum(axis=1))[:, None]
        total = _weighted(w, apart, apart)
        r_squared = np.where(sound & (total > 0), 1 - unexplained / total, np.nan)
        classical = np.sqrt(((through @ fit.inverse) * through).sum(axis=2) * variance[:, None] + own_classical)
    solution = Solution(
        factor_returns=np.where(absent, np.nan, returns),
        classical_standard_errors=np.where(absent, np.nan, classical),
        covariance=covariance,
        r_squared=r_squared,
        condition_number=condition,
        names=number,
        downweighted=downweighted,
        sector_shrinkage=lent / np.where(lent > 0, np.add.reduceat(w, starts, axis=-1) + lent, 1.0),
        industry_shrinkage=np.where(absent[:, 1 + s : 1 + s + shrunk.shape[1]], np.nan, shrunk),
        variance_inflation=np.where(absent, np.nan, inflation),
        flag=_flags(number, coefficients, thin, singular, condition, unsettled & sound, vacant, sectors),
    )
    return solution, np.where(seen & ~stranded & sound[:, None], residual, np.nan)


def _weighted(w: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum of w a b over the assets, (day); w is 0 for who does not estimate."""
    return np.asarray(np.einsum("dn,dn,dn->d", w, a, b))


def filled(x: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exposures with 0 for NaN; styles left out, (day, style); assets with a return and exposures, (day, asset)."""
    with np.errstate(invalid="ignore"):
        whole = np.isfinite(x @ np.ones(x.shape[2])).all()  # one product tells that no exposure is NaN
    if whole:
        return x, np.zeros(x.shape[:2], dtype=bool), ~missing
    empty = np.isnan(x)
    unfed = empty.all(axis=2)
    blank = (empty & ~unfed[:, :, None]).any(axis=1)
    return np.where(empty, 0.0, x), unfed, ~(missing | blank)


def _variance_inflation(gram: np.ndarray, inverse: np.ndarray, sectors: int) -> np.ndarray:
    """Variance inflation of each style by sectors and other styles, (day, factor); NaN for the market and the sectors."""
    own, inverted = (np.diagonal(a, axis1=1, axis2=2) for a in (gram, inverse))
    whole = own[:, :sectors].sum(axis=1, keepdims=True)
    total = gram[:, sectors:, :sectors].sum(axis=2)
    inflation = np.full((len(gram), 1 + gram.shape[1]), np.nan)
    inflation[:, 1 + sectors :] = (own[:, sectors:] - total**2 / np.where(whole > 0, whole, 1.0)) * inverted[:, sectors:]
    return inflation


def _lent_weight(
    w: np.ndarray, cap: np.ndarray, y: np.ndarray, starts: np.ndarray, thin_sector: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weight of a name that earns the market's return, lent to each thin sector, (day, sector); and that return, (day)."""
    if thin_sector == 0:
        return np.zeros((len(w), len(starts))), np.zeros(len(w))
    whole, squares = np.add.reduceat(w, starts, axis=-1), np.add.reduceat(w**2, starts, axis=-1)
    effective = whole**2 / np.where(squares > 0, squares, 1.0)
    mean = w.sum(axis=1) / np.maximum((w > 0).sum(axis=1), 1)
    capital = cap.sum(axis=1)
    return np.clip(thin_sector - effective, 0, None) * mean[:, None], (cap * y).sum(axis=1) / np.where(
        capital > 0, capital, 1.0
    )


def _condition_number(gram: np.ndarray) -> np.ndarray:
    """Condition number of each day's weighted design, its columns scaled to length one."""
    scale = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    scale = np.where(scale > 0, scale, 1.0)
    eigenvalues = np.linalg.eigvalsh(gram / (scale[:, :, None] * scale[:, None, :]))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(eigenvalues[:, -1] / np.maximum(eigenvalues[:, 0], 0.0)))


def _settled_shares(
    days: _Days, w: np.ndarray, used: np.ndarray, fit: _Fit, fixed: tuple[np.ndarray, np.ndarray, np.ndarray], huber: float
) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the weights w once Huber's stay, (day, asset), and which days do not settle; `fixed` goes to `fitted`.

    A day that has settled is left alone, whatever others were solved with it.
    """
    share, root, left = np.ones_like(w), np.sqrt(w), np.arange(len(w))
    for _ in range(HUBER_ROUNDS):
        fresh = _huber_share(root[left] * fit.residual, used[left], huber)
        moved = np.abs(fresh - share[left]).max(axis=1) > HUBER_SETTLED
        if not moved.all():
            left, fresh, days = left[moved], fresh[moved], days.at(moved)
        if not len(left):
            break
        share[left] = fresh
        fit = days.fitted(days.sums(w[left] * fresh), *(of[left] for of in fixed))
    return share, np.isin(np.arange(len(w)), left)


def _huber_share(scaled: np.ndarray, used: np.ndarray, huber: float) -> np.ndarray:
    """Huber's weights of weighted residuals, (day, asset): 1 up to `huber` robust deviations, then falling."""
    size = np.abs(scaled)
    limit = huber * MAD_TO_DEVIATION * row_median(np.where(used, size, np.nan))[:, None]
    return np.where(used & (size > limit), limit / np.where(size > 0, size, 1.0), 1.0)


def _bordered(of_sectors: np.ndarray, between: np.ndarray, of_styles: np.ndarray) -> np.ndarray:
    """Products of [sector dummies, styles]: `of_sectors` (day, sector) is a diagonal, `between` is (day, style, sector)."""
    days, k, s = between.shape
    gram, sector = np.zeros((days, s + k, s + k)), np.arange(s)
    gram[:, sector, sector] = of_sectors
    gram[:, s:, :s] = between
    gram[:, :s, s:] = between.transpose(0, 2, 1)
    gram[:, s:, s:] = of_styles
    return gram


def _moments(x: np.ndarray, weighted: np.ndarray, starts: np.ndarray, lent: np.ndarray) -> np.ndarray:
    """Products of [sector dummies, styles] with weighted returns, (day, coefficient), the lent names' among them."""
    return np.concatenate([np.add.reduceat(weighted, starts, axis=-1) + lent, (x @ weighted[..., None])[..., 0]], axis=1)


def _flags(
    number: np.ndarray,
    coefficients: np.ndarray,
    thin: np.ndarray,
    singular: np.ndarray,
    condition: np.ndarray,
    unsettled: np.ndarray,
    vacant: np.ndarray,
    sectors: np.ndarray,
) -> np.ndarray:
    """What is wrong with each day, a fact as text; empty where nothing is."""
    flag = np.full(len(number), "", dtype=object)
    for day in np.flatnonzero(thin | singular | unsettled | vacant.any(axis=1)):
        if thin[day]:
            fact = Fact("thin", {"names": int(number[day]), "coefficients": int(coefficients[day])})
        elif singular[day]:
            fact = Fact("singular", {"condition": float(f"{condition[day]:.1e}")})  # the rest of its digits is noise
        elif unsettled[day]:
            fact = Fact("unsettled", {"rounds": HUBER_ROUNDS})
        else:
            fact = Fact("vacant", {"sectors": tuple(map(str, sectors[vacant[day]]))})
        flag[day] = str(fact)
    return flag


def _robust(
    x: np.ndarray, w: np.ndarray, error: np.ndarray, variance: np.ndarray, inverse: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """HC3 covariance of the sector and style coefficients, (day, coefficient, coefficient).

    An asset alone in its sector is fitted exactly and tells nothing of its own variance: the day's classical one stands in.
    """
    k = x.shape[1]
    share = 1 - w * leverages(x, inverse, starts)
    alone = share < SMALLEST_UNFITTED_SHARE
    squared = np.where(alone, w * variance[:, None], (w * error / np.where(alone, 1.0, share)) ** 2)
    of_styles, of_sectors = products(x, squared, error, starts)
    meat = _bordered(of_sectors[:, k + 1], of_sectors[:, :k], of_styles[:, :k])
    return np.asarray(inverse @ meat @ inverse)


def _restriction(share: np.ndarray, styles: int) -> np.ndarray:
    """Map from [g_s, f_k] to [f_mkt, f_s, f_k]: f_mkt = sum c_s g_s, f_s = g_s - f_mkt; (day, factor, coefficient)."""
    days, sectors = share.shape
    share = np.nan_to_num(share)
    change = np.repeat(np.eye(1 + sectors + styles, sectors + styles, k=-1)[None], days, axis=0)
    change[:, 0, :sectors] = share
    change[:, 1 : 1 + sectors, :sectors] -= share[:, None, :]
    return change
