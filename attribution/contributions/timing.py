"""Did a factor's contribution come from holding it throughout, or from holding it at the right time?"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from attribution.contributions.cube import Cube
from attribution.rows import VENDOR_RESIDUAL
from riskmodel.arrays.labels import FACTOR_RETURNS, Labelled, aligned, require_finite

ARRAYS = {"exposures": FACTOR_RETURNS, "factor_returns": FACTOR_RETURNS, "coefficients": Labelled(("time",))}


def timing_effects(
    exposures: xr.DataArray, factor_returns: xr.DataArray, coefficients: xr.DataArray | None = None
) -> xr.Dataset:
    """Split each factor's contribution into that of its average exposure and that of the exposure's timing.

    Parameters
    ----------
    exposures
        (time, factor) exposures at the start of each day, active or absolute.
    factor_returns
        (time, factor) decimals.
    coefficients
        (time) linking coefficients, from `attribution.linking.coefficients`; without them days are added as they are.

    Returns
    -------
    Dataset
        (factor): `average_exposure`, the plain mean over days; `average_effect` and `timing_effect`, which sum to
        `contribution`.

    Raises
    ------
    InputError
        Where labels do not match or a number is missing or infinite.

    Notes
    -----
    With x the mean of x_t, sum_t lambda_t x_t f_t = x sum_t lambda_t f_t + sum_t lambda_t (x_t - x) f_t. Where the days are
    not linked the second sum is T times the covariance of exposure and factor return over the T days. Grinold & Kahn (2000),
    *Active Portfolio Management*, chapter 17: the active part and the timing of a factor position.

    Examples
    --------
    >>> exposures = xr.DataArray([[0.4], [0.0]], {"time": [1, 2], "factor": ["value"]}, ("time", "factor"))
    >>> timing_effects(exposures, exposures.copy(data=[[0.01], [-0.01]])).to_dataframe().round(4).to_dict("records")
    [{'average_exposure': 0.2, 'average_effect': 0.0, 'timing_effect': 0.004, 'contribution': 0.004}]
    """
    arrays = aligned({"exposures": exposures, "factor_returns": factor_returns, "coefficients": coefficients}, ARRAYS)
    for name, array in arrays.items():
        require_finite(name, array, "A factor that is left out on a day has return 0.")
    exposures, scaled = arrays["exposures"], arrays["factor_returns"] * arrays.get("coefficients", 1)
    average = exposures.mean("time")
    effects = {
        "average_exposure": average,
        "average_effect": average * scaled.sum("time"),
        "timing_effect": ((exposures - average) * scaled).sum("time"),
    }
    return xr.Dataset({**effects, "contribution": effects["average_effect"] + effects["timing_effect"]})


def timing_table(cube: Cube, exposures: xr.DataArray, contributions: pd.Series) -> pd.DataFrame:
    """Average and timing effect of every factor of a course, and the rows that have neither.

    Parameters
    ----------
    cube
        A course's.
    exposures
        (time, factor) active exposures at the start of each day.
    contributions
        The linked contributions by factor, specific, cash and the like below the model's factors.

    Returns
    -------
    DataFrame
        factor, average_exposure, average_effect, timing_effect, contribution; NaN in the middle three for rows that have no
        exposure. `contribution` sums to R - B.
    """
    effects = timing_effects(exposures, cube.factor_return, cube.coefficient).to_dataframe()
    effects = effects.drop(VENDOR_RESIDUAL, errors="ignore")
    columns = ["average_exposure", "average_effect", "timing_effect"]
    table = effects[columns].reindex(contributions.index)
    return table.assign(contribution=contributions.to_numpy()).rename_axis("factor").reset_index()
