"""What the tables say of drivers: columns of the factor cut, and figures on the whole of it and on the specific part."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from attribution.contributions.result import AttributionResult
from attribution.measures.drivers import judge
from attribution.measures.selection import SpecificForecast, specific_risk_of_period
from attribution.portfolio.settings.sections import UNCOVERED_MAX, Drivers
from attribution.reporting.tables.facts import named_rows
from attribution.rows import SPECIFIC
from riskmodel.arrays.rounding import over, settled
from riskmodel.errors import counted


def judged_factors_table(result: AttributionResult, rule: Drivers) -> pd.DataFrame:
    """Contributions by factor: the columns of `AttributionResult.factors`, second_contribution, and those of `judge`."""
    frame = result.factors.copy()
    second = result.second_contributions
    frame["second_contribution"] = np.nan if second is None else second.to_numpy()
    return pd.concat([frame, judge(frame, rule)], axis=1)


def driver_figures(
    factors: pd.DataFrame,
    result: AttributionResult,
    forecast: SpecificForecast | None,
    uncovered_max: float = UNCOVERED_MAX,
) -> pd.DataFrame:
    """Rows of `figures` on a course: what its drivers add up to, and how usual its specific part was.

    Parameters
    ----------
    factors
        Its rows of the table `factor_contributions`.
    result
        Its attribution.
    forecast
        Of the close before the month.
    uncovered_max
        As for `attribution.measures.selection.specific_risk_of_period`.
    """
    named = factors.loc[factors["driver"], "contribution"]
    told = named_rows(factors)["contribution"]
    together, excess = math.fsum(named), result.excess_return
    scale = 2 + abs(result.portfolio_return) + abs(result.benchmark_return)
    part = float(factors.loc[factors["factor"] == SPECIFIC, "contribution"].iloc[0])
    cube = result.cube
    risk = specific_risk_of_period(cube.portfolio_live, cube.benchmark_live, cube.coefficient, forecast, uncovered_max)
    rows, days = counted(len(named), "row"), counted(len(cube.days), "day")
    known = "no forecast" if forecast is None else f"close of {forecast.close:%Y-%m-%d}"
    table = [
        ("drivers", together, rows),
        ("beside_drivers", excess - together, counted(len(factors) - len(named), "row")),
        ("beside_named", excess - math.fsum(told), counted(len(factors) - len(told), "row")),
        ("drivers_share", over(together, settled(excess, scale)), rows),
        ("specific_part", part, days),
        ("specific_part_risk", risk, f"{days}, {known}"),
        ("specific_part_ratio", over(part, risk), f"{days}, {known}"),
    ]
    return pd.DataFrame(table, columns=["measure", "value", "basis"]).assign(course=result.course)
