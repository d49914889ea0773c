"""In which weather a trial earned what it did: by the index, its calm, and the trend of the trial's factors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from attribution.construction.search.figures import annual, figure
from attribution.construction.search.panel import Panel
from attribution.construction.search.periods import Periods
from attribution.construction.search.walk_forward import LEAST_MONTHS

REGIMES = ("index_up", "index_down", "calm", "wild", "trend_up", "trend_down")
COLUMNS = ("months", "figure", "return", "benchmark_return")


def regimes(panel: Panel, weights: np.ndarray) -> pd.DataFrame:
    """(month, regime) whether a month is of it.

    Parameters
    ----------
    panel
        The months.
    weights
        (factor) of the trial whose factors' trends are meant.

    Notes
    -----
    The index is up where the benchmark's return of the month is above 0; wild where the volatility of its daily returns in
    the month is above the months' median; a trend is up where sum_k v_k F_k > 0, with F_k what the factor returned over the
    quarter before the month. The first two are known only afterwards: they describe, and nothing can be chosen by them.
    """
    months = [panel.benchmark[span] for span in panel.spans]
    up = np.array([np.prod(1 + month) > 1 for month in months])
    spread = np.array([month.std() for month in months])
    wild = spread > np.median(spread)
    own = weights != 0
    trend = panel.trends[:, own] @ weights[own]
    columns = (up, ~up, ~wild, wild, trend > 0, trend <= 0)
    return pd.DataFrame(dict(zip(REGIMES, columns, strict=True)), index=panel.months)


def regime_table(panel: Panel, periods: Periods, weights: np.ndarray, *, figure_name: str, in_sample: int) -> pd.DataFrame:
    """A trial by regime, in the months on which it was chosen and in those after.

    Parameters
    ----------
    panel
        All months.
    periods
        Of the one trial over them.
    weights
        (factor) of the trial.
    figure_name
        A figure of `FIGURES`.
    in_sample
        How many months are those on which it was chosen.

    Returns
    -------
    DataFrame
        regime, sample (in_sample, out_of_sample), months, figure, return, benchmark_return; returns a year, NaN of
        fewer than twelve months; the figure where a regime has none.
    """
    inside = regimes(panel, weights)
    chosen_on = np.arange(len(panel.closes)) < in_sample
    rows = []
    for regime in inside:
        for sample, here in (("in_sample", chosen_on), ("out_of_sample", ~chosen_on)):
            months = inside[regime].to_numpy() & here
            row = {"regime": regime, "sample": sample, "months": int(months.sum())}
            if months.any():
                sums = periods.sums(periods.in_months(months[:, None]))
                row["figure"] = float(figure(figure_name, sums, periods.a_year).item())
            if months.sum() >= LEAST_MONTHS:  # a return a year says nothing of less
                row |= {
                    "return": float(annual(sums.log_return, sums.periods, periods.a_year).item()),
                    "benchmark_return": float(annual(sums.log_benchmark, sums.periods, periods.a_year).item()),
                }
            rows.append(row)
    table = pd.DataFrame(rows, columns=["regime", "sample", *COLUMNS])
    return table.astype(dict.fromkeys(COLUMNS[1:], float))
