"""Many scores walked at once: the best names of each month, equally weighted, drifting, and what trading them costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attribution.construction.search.panel import Panel
from riskmodel.errors import InputError, counted, listed

MOST_RETURNS = 2**27  # of trials times days: a gigabyte
BLOCK_BYTES = 2**24  # of what a block of trials holds at once; larger ones leave the processor's cache and take longer


@dataclass(frozen=True)
class Backtest:
    """Simulated returns: what lists would have earned that nobody held.

    Attributes
    ----------
    returns
        (trial, day) after costs, decimals.
    charges
        (trial, month) what the month's trades cost, as a share of the portfolio, paid on its first day.
    turnover
        (trial, month) bought and sold, one-way; the first list is bought whole.
    """

    returns: np.ndarray
    charges: np.ndarray
    turnover: np.ndarray


def backtest(
    panel: Panel,
    weights: np.ndarray,
    *,
    names: int,
    cost: float = 0.0,
    impact: float = 0.0,
    turned: np.ndarray | None = None,
    charges: np.ndarray | None = None,
) -> Backtest:
    """Hold each month the names that score highest, bought in equal parts at the close before it.

    Parameters
    ----------
    panel
        What is known at each close, and what was earned after it.
    weights
        (trial, factor) of the scores.
    names
        How many are held.
    cost, impact
        One-way: a share of what is traded, and of its 3/2 power.
    turned
        (month, factor) that the weights are multiplied by: other weights each month, or exposures turned round by -1.
    charges
        (trial, month) costs that are known, as a placebo pays those of the trial that it turns round; turnover is 0 then.

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        Where fewer names than `names` may be held at a close; for more returns than `MOST_RETURNS`.

    Notes
    -----
    At close m the score is S_i = sum_k v_k X_mik; w_i = 1 / N for the N highest, of equals the first. Over the month
    V_t = sum_i w_i G_ti with G the names' growth, r_t = V_t / V_{t-1} - 1; traded are d_i = w_i - w'_i with w' the list
    before, drifted; the charge is c = cost sum |d_i| + impact sum |d_i|^(3/2), and the first day's return
    (1 - c)(1 + r) - 1. Nothing of a name that stopped is sold: it is cash.
    """
    if len(weights) * len(panel.days) > MOST_RETURNS:
        raise InputError(
            f"trials: {len(weights):,} over {len(panel.days):,} days are more than {MOST_RETURNS:,} returns. Search fewer "
            f"factors, fewer in a combination, or fewer months."
        )
    few = panel.members.sum(axis=1) < names
    if few.any():
        raise InputError(
            f"universe: fewer than {names} names with an exposure to every factor at "
            f"{counted(int(few.sum()), 'close')}: {listed(panel.closes[few].strftime('%Y-%m-%d'))}. Search fewer "
            f"factors, later months, or a larger universe."
        )
    made = Backtest(*(np.zeros((len(weights), size)) for size in (len(panel.days), len(few), len(few))))
    longest = max(span.stop - span.start for span in panel.spans)
    block = max(1, BLOCK_BYTES // (8 * (3 * len(panel.assets) + names * longest)))
    growth = [np.ascontiguousarray(panel.growth[span].T) for span in panel.spans]
    for first in range(0, len(weights), block):
        rows = slice(first, first + block)
        _walked(
            Backtest(made.returns[rows], made.charges[rows], made.turnover[rows]),
            panel,
            growth,
            weights[rows],
            names=names,
            rates=(cost, impact),
            turned=turned,
            charges=None if charges is None else charges[rows],
        )
    return made


def _walked(
    made: Backtest,
    panel: Panel,
    growth: list[np.ndarray],
    weights: np.ndarray,
    *,
    names: int,
    rates: tuple[float, float],
    turned: np.ndarray | None,
    charges: np.ndarray | None,
) -> None:
    """Fill in the rows of a block of trials, month by month."""
    before: tuple[np.ndarray, np.ndarray] | None = None
    for month, span in enumerate(panel.spans):
        members = np.flatnonzero(panel.members[month])
        own = weights if turned is None else weights * turned[month]
        chosen = members[best(own @ panel.exposures[month, members].T, names)]
        worth = growth[month][chosen].sum(axis=1) / names
        if not (worth > 0).all():
            raise InputError(
                f"back-test: a list of the close {panel.closes[month]:%Y-%m-%d} is worth nothing by the month's end. Check "
                f"the returns and finals of that month, or hold more names."
            )
        if charges is None:
            traded = _traded(chosen, before, len(panel.assets), names)
            made.turnover[:, month] = traded.sum(axis=1)
            made.charges[:, month] = rates[0] * traded.sum(axis=1) + rates[1] * (traded**1.5).sum(axis=1)
            ended = growth[month][chosen, -1] / (names * worth[:, -1:])
            before = chosen, np.where(panel.stopped[month, chosen], 0.0, ended)
        else:
            made.charges[:, month] = charges[:, month]
        made.returns[:, span.start] = (1 - made.charges[:, month]) * worth[:, 0] - 1
        made.returns[:, span.start + 1 : span.stop] = worth[:, 1:] / worth[:, :-1] - 1


def best(scores: np.ndarray, number: int) -> np.ndarray:
    """Places of the highest scores of each row, (trial, number), in order of place; of equal scores the first count.

    Examples
    --------
    >>> best(np.array([[0.1, 0.3, 0.3, 0.2], [5.0, 5.0, 5.0, 4.0]]), 2).tolist()
    [[1, 2], [0, 1]]
    """
    place = scores.shape[1] - number
    order = np.argpartition(scores, place, axis=1)[:, place:]
    lowest = np.take_along_axis(scores, order[:, :1], axis=1)
    tied = (scores >= lowest).sum(axis=1) > number
    if tied.any():
        order[tied] = np.argsort(-scores[tied], axis=1, kind="stable")[:, :number]
    return np.sort(order, axis=1)


def _traded(chosen: np.ndarray, before: tuple[np.ndarray, np.ndarray] | None, assets: int, names: int) -> np.ndarray:
    """Sizes of trades, (trial, place): of the names that are held now, then of those that were and are not."""
    if before is None:
        return np.full(chosen.shape, 1 / names)
    held, weight = before
    rows = np.arange(len(chosen))[:, None]
    drifted = np.zeros((len(chosen), assets))
    drifted[rows, held] = weight
    bought = np.abs(1 / names - drifted[rows, chosen])
    drifted[rows, chosen] = 0.0
    return np.hstack([bought, drifted[rows, held]])
