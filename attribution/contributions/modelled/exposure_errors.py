"""What the errors of estimated exposures do to contributions: those of benchmarks of which only returns are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from riskmodel.estimation.returns_based import WINDOW


@dataclass(frozen=True)
class ExposureErrors:
    """Errors of exposures that are estimated from returns, those of benchmarks of which nothing else is known.

    Attributes
    ----------
    covariance
        (estimated, time, factor, factor_other) of each such name's exposures; 0 on a day without.
    window
        Sessions that an estimate looks at: the errors of two closes are as correlated as their windows overlap.
    """

    covariance: xr.DataArray
    window: int

    @property
    def names(self) -> list[str]:
        """The names, as they stand among the assets."""
        return [str(name) for name in self.covariance.get_index("estimated")]

    def over_factors(self, f: np.ndarray) -> Iterator[np.ndarray]:
        """Of each name what its exposures' errors are worth at factor returns (time, factor): (time, factor, error).

        Rows of independent errors of variance one: f_tk times the symmetric root of the covariance.
        """
        for covariance in self.covariance.transpose("estimated", "time", "factor", "factor_other").to_numpy():
            values, vectors = np.linalg.eigh(covariance)
            root = (vectors * np.sqrt(values.clip(min=0.0))[:, None, :]) @ vectors.transpose(0, 2, 1)
            yield f[:, :, None] * root

    def overlap(self, days: int) -> np.ndarray:
        """(time, time) correlation of the errors of two closes: the share of their windows that both look at."""
        apart = np.abs(np.arange(days)[:, None] - np.arange(days))
        return np.asarray(np.clip(1 - apart / self.window, 0.0, None))


def estimated_sentence(benchmark: str) -> str:
    """That the exposures of a benchmark of which only returns are known are estimated, for a terminal."""
    return f"exposures of {benchmark} are estimated from its returns of up to {WINDOW} sessions; the errors include it"


def variances_of_rows(
    errors: ExposureErrors,
    held: list[np.ndarray],
    f: np.ndarray,
    day: np.ndarray,
    member: np.ndarray,
    specific: int,
) -> np.ndarray:
    """Variances of contributions by the errors of estimated exposures, (day, stock, factor row).

    Parameters
    ----------
    errors
        Of the estimated names.
    held
        Of each of them the weight (time, stock) that a row has of it, linked.
    f
        (time, factor) factor returns.
    day
        (time) the row of each day.
    member
        (factor row, factor) 1 where a row of the cut has the factor.
    specific
        The row of what factors do not explain: it has the error of all factors together, mirrored.

    Notes
    -----
    Var = sum_ts h_t h_s rho_ts p_t' p_s, with h the weight, p_t = sum_k f_kt V_t^(1/2)_k over the row's factors and rho the
    overlap of the two closes' windows. docs/methodology/returns_only.md.
    """
    rho, days = errors.overlap(len(f)), int(day.max()) + 1
    out = np.zeros((days, held[0].shape[1], len(member)))
    of_row = member.copy()
    of_row[specific] = 1.0
    for own, worth in zip(held, errors.over_factors(f), strict=True):
        for row in np.flatnonzero(of_row.any(axis=1)):
            along = np.tensordot(worth, of_row[row], axes=(1, 0))  # (time, error)
            kernel = rho * (along @ along.T)
            for place in range(days):
                there = np.flatnonzero(day == place)
                out[place, :, row] += ((kernel[np.ix_(there, there)] @ own[there]) * own[there]).sum(axis=0)
    return out


def variance_of_sum(errors: ExposureErrors, held: list[np.ndarray], f: np.ndarray) -> float:
    """Variance by the errors of estimated exposures of one sum of cells.

    `held` has of each estimated name the weight (time, factor) with which its exposure to each factor counts, linked.
    """
    rho, total = errors.overlap(len(f)), 0.0
    for own, worth in zip(held, errors.over_factors(f), strict=True):
        along = np.einsum("tk,tkq->tq", own, worth)
        total += float((rho * (along @ along.T)).sum())
    return total
