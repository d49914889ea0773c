"""Errors of a day's coefficients where residuals of one industry move together: the arithmetic, some days at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

SIZES = (1, 2, 4, 8, 16, 32, 64)  # clusters of up to so many names are solved at once
SMALLEST_UNFITTED_SHARE = 1e-8  # 1 - leverage, below which a residual is rounding
LIFT = 1e-12  # keeps what is left of the identity from being singular


class Independent(Protocol):
    """What makes errors independent that share more than a cluster: see `riskmodel.estimation.nested.HalfDemeaned`."""

    def values(self, values: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Of the values of names, (day, name), whose weights are w."""

    def of_sector(self, through: np.ndarray) -> np.ndarray:
        """Of the rows of names what lies beside their styles, (day, name, column)."""


@dataclass(frozen=True)
class Clusters:
    """Which names share a cluster; one without a label is a cluster of its own.

    Attributes
    ----------
    sector
        (name) place of its sector.
    by_piece, cuts
        Places of the names ordered by cluster and sector, and where among them those of one of each begin, (piece).
    cluster
        (name) place of its cluster.
    classes
        Places of the names of clusters of like size, (cluster, name), and whether a place is taken.
    """

    sector: np.ndarray
    by_piece: np.ndarray
    cuts: np.ndarray
    cluster: np.ndarray
    classes: tuple[tuple[np.ndarray, np.ndarray], ...]


def clusters_of(labels: np.ndarray, sector: np.ndarray) -> Clusters:
    """Clusters of names by their labels, empty where there is none; `sector` is the place of each name's sector."""
    _, code = np.unique(labels, return_inverse=True)
    code = np.where(labels == "", len(labels) + np.arange(len(labels)), code)
    _, cluster, size = np.unique(code, return_inverse=True, return_counts=True)
    order = np.lexsort([sector, cluster])
    members = np.split(order, np.cumsum(size)[:-1])
    here, there = np.stack([cluster, sector])[:, order][:, 1:], np.stack([cluster, sector])[:, order][:, :-1]
    classes = []
    for least, most in zip((0, *SIZES), (*SIZES, size.max(initial=0)), strict=True):
        if own := [names for names in members if least < len(names) <= most]:
            taken = np.arange(max(map(len, own))) < np.array(list(map(len, own)))[:, None]
            classes.append((np.array([np.resize(names, taken.shape[1]) for names in own]), taken))
    return Clusters(
        sector=sector,
        by_piece=order,
        cuts=np.append(0, np.flatnonzero((here != there).any(axis=0)) + 1),
        cluster=cluster,
        classes=tuple(classes),
    )


def clustered_covariance(
    x: np.ndarray,
    w: np.ndarray,
    error: np.ndarray,
    variance: np.ndarray,
    whole: np.ndarray,
    gram: np.ndarray,
    clusters: Clusters,
    demeaned: Independent | None = None,
) -> np.ndarray:
    """CR3 covariance of the sector and style coefficients, (day, coefficient, coefficient).

    The arguments are those of a solved day in `riskmodel.estimation.least_squares`; `gram` is positive definite, `whole` is
    each sector's weight, (day, sector). `demeaned` makes errors independent where the model has industries. With H_g
    the leverages among the names of cluster g, (I - H_g)^-1 e_g stand in place of its residuals, and what they add to the
    moments is summed over the cluster before it is squared: the jackknife that leaves out one cluster at a time. Names of a
    cluster that is all of its sector count singly, since without them their sector has no coefficient; a name alone in its
    sector has the day's classical variance.
    """
    if not w.shape[1]:  # nobody has a sector: no day is estimated
        return np.zeros_like(gram)
    s = gram.shape[1] - x.shape[1]
    whiten = np.linalg.inv(np.linalg.cholesky(gram)).transpose(0, 2, 1)  # the inverse of gram is this times its transpose
    z = x.transpose(0, 2, 1) @ whiten[:, s:]
    z += whiten[:, clusters.sector] if demeaned is None else demeaned.of_sector(whiten)
    error = error if demeaned is None else demeaned.values(error, w)
    apart = _whole_sectors(
        w, whole, clusters
    )  # z is (day, name, coefficient): the leverage between two names is their product
    together = np.where(apart, 0.0, w)
    moved = [_moved(z, together, error, variance, *of_size) for of_size in clusters.classes]
    if apart.any():
        everyone = np.arange(w.shape[1])[:, None]
        moved.append(_moved(z, np.where(apart, w, 0.0), error, variance, everyone, np.ones_like(everyone, dtype=bool)))
    added = np.concatenate(moved, axis=1)
    return np.asarray(whiten @ (added.transpose(0, 2, 1) @ added) @ whiten.transpose(0, 2, 1))


def _whole_sectors(w: np.ndarray, whole: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Names of clusters that are all of a sector, (day, name); `whole` is each sector's weight, (day, sector)."""
    first = clusters.by_piece[clusters.cuts]
    of_piece = np.add.reduceat(w[:, clusters.by_piece], clusters.cuts, axis=1)
    days, pieces = np.nonzero(of_piece > (1 - SMALLEST_UNFITTED_SHARE) * whole[:, clusters.sector[first]])
    of_cluster = np.zeros((len(w), int(clusters.cluster.max()) + 1), dtype=bool)
    of_cluster[days, clusters.cluster[first[pieces]]] = True
    return of_cluster[:, clusters.cluster]


def _moved(
    z: np.ndarray, w: np.ndarray, error: np.ndarray, variance: np.ndarray, place: np.ndarray, taken: np.ndarray
) -> np.ndarray:
    """What each of some clusters moves the whitened coefficients, (day, cluster, coefficient)."""
    own, weight, left = z[:, place], w[:, place] * taken, error[:, place]
    size = place.shape[1]
    if size == 1:
        unfitted = 1 - weight * (own**2).sum(axis=3)
        alone = unfitted < SMALLEST_UNFITTED_SHARE
        pull = np.where(alone, np.sqrt(weight * variance[:, None, None]), weight * left / np.where(alone, 1.0, unfitted))
        return np.asarray(own[:, :, 0] * pull)
    root = np.sqrt(weight)
    own *= root[..., None]
    if size > own.shape[3]:  # the smaller of the two systems
        fitted, score = own.swapaxes(2, 3) @ own, own.swapaxes(2, 3) @ (root * left)[..., None]
        return np.asarray(np.linalg.solve(_less(fitted), score)[..., 0])
    pull = np.linalg.solve(_less(own @ own.swapaxes(2, 3)), (root * left)[..., None])
    return np.asarray((own.swapaxes(2, 3) @ pull)[..., 0])


def _less(fitted: np.ndarray) -> np.ndarray:
    """The identity less what is fitted."""
    unfitted = -fitted
    diagonal = np.arange(fitted.shape[-1])
    unfitted[..., diagonal, diagonal] += 1 + LIFT
    return unfitted
