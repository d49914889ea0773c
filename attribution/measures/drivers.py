"""Which rows of a factor cut are drivers: large enough to matter, told from noise, and kept by a second specification."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from attribution.portfolio.settings.sections import Drivers
from attribution.rows import SMALLEST_ERROR

BASIS_POINT = 1e-4
ALIKE = 2.0  # a second contribution of the same sign is the same in size up to this ratio, either way
OFFSET = 0.5  # of what the drivers add up to: taken back by the rows beside them, it must be said by whom


def judge(rows: pd.DataFrame, rule: Drivers) -> pd.DataFrame:
    """Hold every row of a portfolio's factor cut against the rule for drivers.

    Parameters
    ----------
    rows
        `contribution` and `standard_error`, decimals, one row a factor or row beside the factors, specific among them; all
        rows of one portfolio and period, so that the contributions sum to its excess return. An error that is NaN, 0 or
        rounding: the row is observed, or its model has no errors. `second_contribution`, where the model has a second
        specification. `group`, where there are industries: the rows of group "industry" are told from noise among
        themselves.
    rule
        The book's `[drivers]`.

    Returns
    -------
    DataFrame
        With the rows' index: `material` (bool); `significant` and `robust` (boolean, missing where the row has no error, or
        is zero or without a second specification); `driver` (bool): material, and significant unless it has no error.

    Notes
    -----
    Material: |C_k| >= material_bp and |C_k| >= material_share x sum_j |C_j|. Significant: p_k = 2 (1 - Phi(|C_k| / s_k)) of
    the m rows with an error, ordered; those up to the largest j with p_(j) <= j q / m are told from noise, and of them at
    most the share q is false on average (Benjamini & Hochberg 1995); industries by themselves and all other rows by
    themselves, which holds the share in each (Efron 2008), so that a hundred small industries do not hide a style. Robust:
    the second specification has the same sign and no less than half, no more than twice the size.
    docs/methodology/drivers.md.

    Examples
    --------
    >>> rows = pd.DataFrame({"contribution": [0.010, 0.002, 0.0004, -0.003], "standard_error": [0.002, 0.0015, 0.0001, 0.0],
    ...     "second_contribution": [0.009, 0.0001, 0.0004, -0.003]}, ["value", "size", "growth", "proxy"])
    >>> judge(rows, Drivers())
            material  significant  robust  driver
    value       True         True    True    True
    size        True        False   False   False
    growth     False         True    True   False
    proxy       True         <NA>    True    True
    """
    contribution = np.nan_to_num(rows["contribution"].to_numpy(dtype=float))  # what nobody knows is no driver
    error = rows["standard_error"].to_numpy(dtype=float)
    size = np.abs(contribution)
    material = (size >= rule.material_bp * BASIS_POINT) & (size >= rule.material_share * size.sum())
    estimated = error > SMALLEST_ERROR
    significant = pd.array([pd.NA] * len(rows), dtype="boolean")
    nested = (rows["group"] == "industry").to_numpy() if "group" in rows else np.zeros(len(rows), dtype=bool)
    for together in (estimated & nested, estimated & ~nested):
        if together.any():
            z = size[together] / error[together]
            p = np.array([math.erfc(each / math.sqrt(2)) for each in z])  # 2 (1 - Phi(z)), without a second's import
            significant[together] = _told_from_noise(p, rule.false_discovery_rate)
    robust = pd.array([pd.NA] * len(rows), dtype="boolean")
    if "second_contribution" in rows and rows["second_contribution"].notna().all():
        second = rows["second_contribution"].to_numpy(dtype=float)
        robust[size > 0] = (
            (contribution * second > 0) & (size <= ALIKE * np.abs(second)) & (np.abs(second) <= ALIKE * size)
        )[size > 0]
    driver = material & significant.fillna(True).to_numpy(dtype=bool)
    found = {"material": material, "significant": significant, "robust": robust, "driver": driver}
    return pd.DataFrame(found, index=rows.index)


def _told_from_noise(p: np.ndarray, rate: float) -> np.ndarray:
    """Those up to the largest j with p_(j) <= j q / m. Here, for scipy.stats, which has it, takes a second to load."""
    ordered = np.sort(p)
    below = np.flatnonzero(ordered * (len(p) / np.arange(1, len(p) + 1)) <= rate)
    return p <= ordered[below[-1]] if below.size else np.zeros(len(p), dtype=bool)


def is_offset(drivers: float, others: float) -> bool:
    """Whether the rows beside the drivers take back so much of what these add up to that a text must name them.

    Whatever has another sign than the excess return has: the others then take back more than all of it.

    Examples
    --------
    >>> is_offset(0.010, -0.004), is_offset(0.010, -0.013), is_offset(0.010, 0.002)
    (False, True, False)
    """
    return drivers * others < 0 and abs(others) > OFFSET * abs(drivers)
