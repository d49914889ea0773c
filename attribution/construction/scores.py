"""Scores of a universe: weighted exposures to factors, or a score of one's own, as standard deviations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed

SCORE_LASTS = 45  # days for which a score of one's own counts: a monthly one, and the days until the next comes in


def factor_scores(exposures: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """What each factor adds to the score of each name.

    Parameters
    ----------
    exposures
        (asset, factor) at one close, of the universe, without missing values.
    weights
        Factor -> its weight; a negative one wants little of it.

    Returns
    -------
    DataFrame
        (asset, factor); the sum over factors is the score, of mean 0 and standard deviation 1 over the universe.

    Raises
    ------
    InputError
        For factors that there are not, and where all names score the same.

    Notes
    -----
    s_i = (y_i - mean(y)) / std(y) with y_i = sum_k v_k X_ik; the part of factor k is v_k (X_ik - mean_i X_ik) / std(y).

    Examples
    --------
    >>> names = pd.Index(["A", "B", "C"], name="asset")
    >>> exposures = pd.DataFrame({"value": [1.0, 0.0, -1.0], "growth": [0.0, 3.0, 0.0]}, names)
    >>> factor_scores(exposures, {"value": 1.0, "growth": 0.5}).round(2).to_numpy().tolist()
    [[0.93, -0.46], [0.0, 0.93], [-0.93, -0.46]]
    """
    unknown = [factor for factor in weights if factor not in exposures.columns]
    if unknown:
        raise InputError(
            f"score: no factor {listed(map(repr, unknown))} with a forecast at this close. There are: "
            f"{listed(map(str, exposures.columns), 40)}."
        )
    own = exposures[list(weights)]
    parts = (own - own.mean()) * pd.Series(weights)
    return parts / _spread(parts.sum(axis=1))


def own_scores(table: pd.DataFrame | None, name: str, date: pd.Timestamp, universe: pd.Index) -> pd.DataFrame:
    """A score of one's own, the last known at a close, as standard deviations.

    Parameters
    ----------
    table
        date, ticker, score, value; None where there is none.
    name
        Which of its scores.
    date
        The close; rows of later days do not count.
    universe
        Names that may be held; those without a value have no row.

    Returns
    -------
    DataFrame
        (asset, 1), the column has the score's name.

    Raises
    ------
    InputError
        Where there is no such score, or none of the last `SCORE_LASTS` days.
    """
    if table is None:
        raise InputError(
            f"scores: no table of scores, and score = '{name}' asks for one. Add it (date, ticker, score, value)."
        )
    rows = table[table["score"] == name]
    if rows.empty:
        known = sorted(table["score"].unique())
        raise InputError(f"scores: no score '{name}'. The table has: {listed(known) or 'no rows'}.")
    known = rows[rows["date"] <= date]
    newest = known["date"].max()
    if known.empty or (date - newest).days > SCORE_LASTS:
        when = "the first is of " + f"{rows['date'].min():%Y-%m-%d}" if known.empty else f"the last is of {newest:%Y-%m-%d}"
        raise InputError(
            f"scores: no '{name}' of the {SCORE_LASTS} days up to {date:%Y-%m-%d}: {when}. Add that day's scores, or ask "
            f"for another date."
        )
    values = known[known["date"] == newest].set_index("ticker")["value"].dropna()
    values = values[values.index.isin(universe)].reindex(universe[universe.isin(values.index)])
    if values.empty:
        raise InputError(f"scores: none of the {counted(len(universe), 'name')} that may be held has a '{name}'.")
    return ((values - values.mean()) / _spread(values)).to_frame(name)


def _spread(score: pd.Series) -> float:
    spread = float(score.std(ddof=0))
    if not spread > 1e-12 * max(float(np.abs(score).max()), 1.0):
        raise InputError(f"score: all {counted(len(score), 'name')} score the same, so that nothing tells them apart.")
    return spread
