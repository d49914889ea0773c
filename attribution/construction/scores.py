"""Scores of a universe: weighted exposures to factors, or a score of one's own, as standard deviations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed
from riskmodel.facts import Fact

SCORE_LASTS = 45  # days for which a score of one's own counts: a monthly one, and the days until the next comes in
FAR = 10.0  # standard deviations, by the median's deviation, from which on a score is looked at


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


def own_scores(
    table: pd.DataFrame | None, name: str, date: pd.Timestamp, universe: pd.Index, priced: pd.Index
) -> tuple[pd.DataFrame, list[Fact]]:
    """A score of one's own, of each name the last known at a close, as standard deviations; and what is to be known of it.

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
    priced
        Every name of the market: others among the scores are misspelt, or have no prices.

    Returns
    -------
    tuple
        (asset, 1), the column has the score's name; and facts: names without a score, names that the market does not have,
        scores older than the newest, scores far from the others.

    Raises
    ------
    InputError
        Where there is no such score, or none of the last `SCORE_LASTS` days.

    Notes
    -----
    A name's newest row counts, up to `SCORE_LASTS` days: a table may bring some names only. A row without a value takes the
    name's score away.
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
    last = known[(date - known["date"]).dt.days <= SCORE_LASTS].sort_values("date").groupby("ticker").tail(1)
    last = last.dropna(subset=["value"]).set_index("ticker")
    strange = sorted(last.index[~last.index.isin(priced)])
    last = last.reindex(universe[universe.isin(last.index)])
    values = last["value"]
    if values.empty:
        raise InputError(f"scores: none of the {counted(len(universe), 'name')} that may be held has a '{name}'.")
    facts = []
    if len(values) < len(universe):
        facts.append(Fact("no_score_of", {"names": len(universe) - len(values), "of": len(universe)}))
    if strange:
        facts.append(Fact("scores_of_nobody", {"score": name, "names": len(strange), "tickers": tuple(strange)}))
    older = last["date"] < newest
    if older.any():
        told = {"score": name, "names": int(older.sum()), "of": len(values), "date": f"{newest:%Y-%m-%d}"}
        facts.append(Fact("scores_older", told | {"days": int((date - last["date"]).dt.days.max())}))
    if len(far := _far(values)):
        told = {"score": name, "names": len(far), "of": len(values), "tickers": tuple(map(str, far.index))}
        facts.append(Fact("scores_far", told | {"largest": f"{float(far.iloc[0]):g}"}))
    return ((values - values.mean()) / _spread(values)).to_frame(name), facts


def _far(values: pd.Series) -> pd.Series:
    """Scores that are `FAR` away from the others, the furthest first."""
    away = (values - values.median()).abs()
    deviation = 1.4826 * float(away.median()) or float(values.std(ddof=0))
    return values[away > FAR * deviation].reindex(away.sort_values(ascending=False, kind="stable").index).dropna()


def _spread(score: pd.Series) -> float:
    spread = float(score.std(ddof=0))
    if not spread > 1e-12 * max(float(np.abs(score).max()), 1.0):
        raise InputError(f"score: all {counted(len(score), 'name')} score the same, so that nothing tells them apart.")
    return spread
