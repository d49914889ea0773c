"""Industries nested in sectors, their returns shrunk by what the day's data support: the arithmetic, some days at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from riskmodel.estimation.clusters import SMALLEST_UNFITTED_SHARE


@dataclass(frozen=True)
class Nest:
    """The industries of names that are ordered by sector and, within it, by industry.

    Attributes
    ----------
    cuts
        (piece) where the names of one sector and industry begin; those without an industry are a piece of their sector.
    length
        (piece) how many there are.
    sector
        (piece) place of its sector.
    industry
        (piece) place of its industry, -1 where it has none.
    least_names
        Names that an industry must have on a day for a return of its own.
    open
        (day, piece) which industries have enough names, where others count than those that estimate: one of these will do.
    """

    cuts: np.ndarray
    length: np.ndarray
    sector: np.ndarray
    industry: np.ndarray
    least_names: int
    open: np.ndarray | None = None

    @property
    def named(self) -> np.ndarray:
        """Which pieces are industries, (piece)."""
        return self.industry >= 0

    def alive(self, w: np.ndarray) -> np.ndarray:
        """Which pieces have a return of their own on each day, (day, piece), by the names that have a weight then."""
        return self._shared(w > 0, self.least_names) if self.open is None else self.open & self._shared(w > 0, 1)

    def of_days(self, sharing: np.ndarray) -> Nest:
        """The nest of some days on which other names than those that estimate make an industry, (day, name) bool."""
        return replace(self, open=self._shared(sharing, self.least_names))

    def at(self, days: np.ndarray) -> Nest:
        """The nest of some of its days, by their places."""
        return self if self.open is None else replace(self, open=self.open[days])

    def _shared(self, names: np.ndarray, least: int) -> np.ndarray:
        """Which industries have at least so many of some names, (day, piece)."""
        return np.asarray(self.named & (self.sums(names.astype(np.int64)) >= least))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over the names of each piece, (..., piece), of (..., name)."""
        return np.add.reduceat(values, self.cuts, axis=-1)

    def by_sector(self, values: np.ndarray) -> np.ndarray:
        """Sums over the pieces of each sector, (..., sector), of (..., piece)."""
        return np.add.reduceat(values, np.unique(self.sector, return_index=True)[1], axis=-1)

    def spread(self, values: np.ndarray, axis: int = -1) -> np.ndarray:
        """What a piece has, for each of its names: (..., piece) -> (..., name)."""
        return np.repeat(values, self.length, axis=axis)


@dataclass(frozen=True)
class Shrinkage:
    """What the industries of some days are shrunk by.

    Attributes
    ----------
    ratio
        (day) tau^2 / sigma^2, the variance between industries over that of a name of weight one within them.
    weight
        (day, piece) sum of the names' weights.
    alive
        (day, piece) which pieces are industries with a return of their own.
    gain
        (day, piece) ratio / (1 + ratio weight), 0 elsewhere: an industry's return is its gain times the weighted sum of its
        names' residuals.
    styles, returns
        (day, style, piece) and (day, piece) sums of the names' weights times exposures, and times returns.
    """

    ratio: np.ndarray
    weight: np.ndarray
    alive: np.ndarray
    gain: np.ndarray
    styles: np.ndarray
    returns: np.ndarray


def nest_of(labels: np.ndarray, sector: np.ndarray, least_names: int) -> tuple[Nest, list[str]]:
    """The nest of names by their industry, empty for none, and the industries in order; sorted by sector and then label."""
    change = np.ones(len(labels), dtype=bool)
    change[1:] = (labels[1:] != labels[:-1]) | (sector[1:] != sector[:-1])
    cuts = np.flatnonzero(change)
    named = labels[cuts] != ""
    place = np.where(named, np.cumsum(named) - 1, -1)
    length = np.diff(np.append(cuts, len(labels)))
    nest = Nest(cuts=cuts, length=length, sector=sector[cuts], industry=place, least_names=least_names)
    return nest, [str(label) for label in labels[cuts][named]]


def variance_ratio(w: np.ndarray, residual: np.ndarray, coefficients: np.ndarray, nest: Nest) -> np.ndarray:
    """tau^2 / sigma^2 of each day, (day), by moments of the residuals without industries; 0 where none is seen.

    Notes
    -----
    With SSB and SSW the weighted squares between and within the industries, G of them in S sectors, n names, W_g and W_s
    sums of weights, K styles: E SSW = (n - G - K) sigma^2, E SSB = (G - S) sigma^2 + (sum W_g - sum_s sum_g W_g^2 / W_s)
    tau^2 (Searle, Casella & McCulloch 1992, chapter 5, of layouts without styles).
    """
    used = np.where(nest.spread(nest.alive(w)), w, 0.0)
    weight = nest.sums(used)
    present = weight > 0
    mean = np.divide(nest.sums(used * residual), weight, out=np.zeros_like(weight), where=present)
    between = (weight * mean**2).sum(axis=1)
    within = (used * (residual - nest.spread(mean)) ** 2).sum(axis=1)
    inside = nest.sector[:, None] == np.unique(nest.sector)
    whole = weight @ inside
    own = np.divide(weight**2 @ inside, whole, out=np.zeros_like(whole), where=whole > 0).sum(axis=1)
    industries, sectors = present.sum(axis=1), (whole > 0).sum(axis=1)
    free = (used > 0).sum(axis=1) - industries - (coefficients - sectors)
    variance = np.divide(within, free, out=np.zeros_like(within), where=free > 0)
    scale = (weight.sum(axis=1) - own) * variance
    excess = between - (industries - sectors) * variance
    return np.maximum(np.divide(excess, scale, out=np.zeros_like(excess), where=(scale > 0) & (free > 0)), 0.0)


def variance_of_ratio(weight: np.ndarray, ratio: np.ndarray, nest: Nest) -> np.ndarray:
    """Variance of what `variance_ratio` finds, (day), of the sums of weights of the pieces, (day, piece).

    Notes
    -----
    2 sum_g (1 - W_g / W_s) (1 + ratio W_g)^2 / (sum W_g - sum_s sum_g W_g^2 / W_s)^2: SSB / sigma^2 is a sum of squares of
    variance 1 + ratio W_g, as many as there are industries less one a sector.
    """
    held = np.where(nest.named, weight, 0.0)
    whole = held @ (nest.sector[:, None] == nest.sector)
    beside = np.where(held > 0, 1 - np.divide(held, whole, out=np.zeros_like(held), where=whole > 0), 0.0)
    scale = (held * beside).sum(axis=1)
    squares = (beside * (1 + ratio[:, None] * held) ** 2).sum(axis=1)
    return np.divide(2 * squares, scale**2, out=np.zeros_like(scale), where=scale > 0)


def shrinkage(w: np.ndarray, sums: np.ndarray, ratio: np.ndarray, nest: Nest) -> Shrinkage:
    """How much each industry is shrunk at weights w; `riskmodel.estimation.kernel.products` has the sums of its names."""
    weight, alive = sums[:, -1], nest.alive(w)
    gain = np.where(alive, ratio[:, None] / (1 + ratio[:, None] * weight), 0.0)
    return Shrinkage(ratio=ratio, weight=weight, alive=alive, gain=gain, styles=sums[:, :-2], returns=sums[:, -2])


def eliminated(gram: np.ndarray, moment: np.ndarray, shrunk: Shrinkage, nest: Nest) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations of sectors and styles after the industries are taken out.

    Notes
    -----
    Henderson's equations have a diagonal block of the industries, W_g + sigma^2 / tau^2, whose elimination leaves
    X'V^-1 X and X'V^-1 y of generalised least squares (Henderson 1975). The sectors' block stays diagonal.
    """
    s = gram.shape[1] - shrunk.styles.shape[1]
    inside = nest.sector[:, None] == np.arange(s)
    left, taken = gram.copy(), shrunk.returns * shrunk.gain
    diagonal = np.arange(s)
    left[:, diagonal, diagonal] -= (shrunk.weight**2 * shrunk.gain) @ inside
    scaled = shrunk.styles * shrunk.gain[:, None, :]
    cross = (scaled * shrunk.weight[:, None, :]) @ inside
    left[:, s:, :s] -= cross
    left[:, :s, s:] -= cross.transpose(0, 2, 1)
    left[:, s:, s:] -= scaled @ shrunk.styles.transpose(0, 2, 1)
    less = np.concatenate([(shrunk.weight * taken) @ inside, (shrunk.styles @ taken[..., None])[..., 0]], axis=1)
    return left, moment - less


def industry_effects(w: np.ndarray, residual: np.ndarray, shrunk: Shrinkage, nest: Nest) -> np.ndarray:
    """What each piece earned beside its sector and styles, (day, piece); `residual` is without industries."""
    return shrunk.gain * nest.sums(w * residual)


@dataclass(frozen=True)
class HalfDemeaned:
    """What makes the errors of an industry's names independent: each value less a share of its piece's mean.

    Attributes
    ----------
    share
        (day, piece) of the weighted sum of a piece's values, what each of its names is less: 1 - sqrt(1 - W gain) over W.
    shrunk
        The pieces' sums.
    nest
        Where they begin.
    """

    share: np.ndarray
    shrunk: Shrinkage
    nest: Nest

    def values(self, values: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Of the values of the names, (day, name), whose weights are w."""
        return np.asarray(values - self.nest.spread(self.nest.sums(values * w) * self.share))

    def of_sector(self, through: np.ndarray) -> np.ndarray:
        """What a name's rows of dummies and styles, d'through, have beside its styles', (day, name, column).

        The mean of a piece's rows is one sum over its names, which the shrinkage has.
        """
        s = through.shape[1] - self.shrunk.styles.shape[1]
        dummy = through[:, self.nest.sector]
        summed = self.shrunk.styles.transpose(0, 2, 1) @ through[:, s:] + self.shrunk.weight[..., None] * dummy
        return self.nest.spread(dummy - self.share[..., None] * summed, axis=1)


def half_demeaned(shrunk: Shrinkage, nest: Nest) -> HalfDemeaned:
    """What is taken off the values of a piece's names, at the ratio and the weights of the day."""
    kept = 1 / np.sqrt(1 + shrunk.ratio[:, None] * shrunk.weight)  # root of 1 - W gain
    share = np.where(shrunk.alive, (1 - kept) / np.where(shrunk.weight > 0, shrunk.weight, 1.0), 0.0)
    return HalfDemeaned(share=share, shrunk=shrunk, nest=nest)


@dataclass(frozen=True)
class NestedReturns:
    """Returns of [market, sectors, industries, styles], and what their errors are made of.

    Attributes
    ----------
    returns
        (day, factor).
    through
        (day, factor, coefficient) by how much a factor moves with the error of a coefficient of sectors and styles.
    of_effects
        (day, factor, piece) by how much a factor moves with the error of an industry's own estimate.
    shrunk
        (day, industry) the share of an industry's mean residual that is left to its sector.
    left_to_sector
        (day, piece) what names without an industry get of their sector's industries, whose mean by cap is the sector's.
    """

    returns: np.ndarray
    through: np.ndarray
    of_effects: np.ndarray
    shrunk: np.ndarray
    left_to_sector: np.ndarray
    shrinkage: Shrinkage

    def classical_variance(self, variance: np.ndarray) -> np.ndarray:
        """Variance of the industries' own estimates where a name's is one over its weight, (day, factor)."""
        of_piece = variance[:, None] * self.shrinkage.gain
        return np.asarray((self.of_effects**2 @ of_piece[..., None])[..., 0])

    def of_ratio(self, variance: np.ndarray, nest: Nest) -> np.ndarray:
        """What the error of the ratio itself adds, (day, piece): twice W Var(ratio) sigma^2 / (1 + ratio W)^3.

        Once for how it moves the estimate, once for what the rest understates by (Prasad & Rao 1990).
        """
        ratio, weight = self.shrinkage.ratio, np.where(self.shrinkage.alive, self.shrinkage.weight, 0.0)
        own = variance * variance_of_ratio(weight, ratio, nest)
        return np.asarray(2 * own[:, None] * weight / (1 + ratio[:, None] * weight) ** 3)

    def error_covariance(self, w: np.ndarray, error: np.ndarray, variance: np.ndarray, nest: Nest) -> np.ndarray:
        """The same for names of any variance and a ratio that is estimated, (day, factor, factor).

        gain^2 sum_i (w_i e_i / (1 - w_i gain))^2 is the names' own returns in the estimate, sigma^2 ratio / (1 + ratio W)^2
        what shrinking leaves out of it; `of_ratio` comes on top. An industry is one of its kind a day: no clustering can
        tell the second.
        """
        shrunk = self.shrinkage
        unfitted = np.maximum(1 - w * nest.spread(shrunk.gain), SMALLEST_UNFITTED_SHARE)
        ratio = np.where(shrunk.alive, shrunk.ratio[:, None], 0.0)
        bias = variance[:, None] * ratio / (1 + ratio * shrunk.weight) ** 2
        names = shrunk.gain**2 * nest.sums((w * error / unfitted) ** 2)
        own = self.of_effects * np.sqrt(names + bias + self.of_ratio(variance, nest))[:, None, :]
        return np.asarray(own @ own.transpose(0, 2, 1))


def nested_returns(
    change: np.ndarray,
    g: np.ndarray,
    w: np.ndarray,
    cap: np.ndarray,
    alone: np.ndarray,
    shrunk: Shrinkage,
    nest: Nest,
) -> NestedReturns:
    """Industries' returns that sum to zero by cap within each sector, which takes their mean.

    `change` maps the coefficients g to [market, sectors, styles]. An effect's error owes nothing to the coefficients'
    (Henderson 1975) but the gain times what their errors move its names by.
    """
    days, factors, coefficients = change.shape
    styles, pieces = shrunk.styles.shape[1], len(nest.cuts)
    s, named = coefficients - styles, np.flatnonzero(nest.named)
    held = np.where(shrunk.alive, nest.sums(cap), 0.0)
    whole = held @ (nest.sector[:, None] == nest.sector)
    share = np.divide(held, whole, out=np.zeros_like(held), where=whole > 0)
    means = (nest.sector[:, None] == nest.sector) * share[:, None, :]  # (day, piece, piece): the mean of a piece's sector
    to_sectors = (np.arange(coefficients)[:, None] == nest.sector) * share[:, None, :]
    of_effects = np.concatenate([change @ to_sectors, np.zeros((days, len(named), pieces))], axis=1)
    of_coefficients = np.concatenate([change, np.zeros((days, len(named), coefficients))], axis=1)
    of_effects[:, factors:] = np.eye(pieces)[named] - means[:, named]
    order = np.concatenate([np.arange(1 + s), factors + np.arange(len(named)), np.arange(1 + s, factors)])
    of_effects, of_coefficients = of_effects[:, order], of_coefficients[:, order]
    effects = industry_effects(w, alone, shrunk, nest)
    moved = np.zeros((days, pieces, coefficients))
    moved[:, np.arange(pieces), nest.sector] = shrunk.weight * shrunk.gain
    moved[:, :, s:] = (shrunk.styles * shrunk.gain[:, None, :]).transpose(0, 2, 1)
    mean = (means @ effects[..., None])[..., 0]
    return NestedReturns(
        returns=(of_coefficients @ g[..., None] + of_effects @ effects[..., None])[..., 0],
        through=of_coefficients - of_effects @ moved,
        of_effects=of_effects,
        shrunk=1 - (shrunk.weight * shrunk.gain)[:, named],
        left_to_sector=np.where(shrunk.alive, 0.0, mean),
        shrinkage=shrunk,
    )
