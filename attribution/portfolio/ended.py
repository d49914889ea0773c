"""Positions whose life ended while they were held: by a final, which pays them out, or without a word of what they got."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from attribution.rows import CASH
from riskmodel.market.finals import ends_of_lives
from riskmodel.market.timeline import next_lives

STOPPED = ["ticker", "last_trade", "resumes", "weight", "list_date", "final"]
ENDED = ["ticker", "last_trade", "final", "weight", "list_date"]


def padded_lives(market: xr.Dataset, beyond: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the lives, and where a final's return ends one, (time, asset); last those that live one life: CASH, and
    what is not among the market's names, `beyond` in all.
    """
    life, ends = market["life"].transpose("time", "asset").to_numpy(), ends_of_lives(market)
    return np.pad(life, ((0, 0), (0, beyond))), np.pad(ends, ((0, 0), (0, beyond)))


def earning_lives(life: np.ndarray, ends: np.ndarray, begun: np.ndarray) -> np.ndarray:
    """The life whose holder earns each asset's return of each day, (time, asset); -1 where nobody does any more.

    The life in which the asset trades next, that day included; on the day on which a final pays out, the life that it ends.

    Parameters
    ----------
    life, ends
        From `padded_lives`, some of the days.
    begun
        (time, asset) the last life so far.
    """
    return np.where(ends, begun, next_lives(life))


def gone_positions(
    opening: np.ndarray,
    life: np.ndarray,
    ends: np.ndarray,
    start: int,
    stop: int,
    last: int,
    labels: pd.Index,
    sessions: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Positions of one list that are without a price at its end and do not trade again by the last day.

    Returns
    -------
    DataFrame
        ticker, last_trade, weight and list_date; `resumes`, when a new life of the ticker begins by the last day; `final`,
        the session on which a final of the position's life pays out, after the last day too; NaT where there is none;
        `until`, the close at which the list ends.
    """
    held = np.flatnonzero((opening != 0) & (labels != CASH))
    own = life[: start + 1, held].max(axis=0)
    traded = (life[: last + 1, held] == own) & (own >= 0)
    traded_last = np.where(traded.any(axis=0), last - np.argmax(traded[::-1], axis=0), -1)
    gone = traded_last < stop
    again = (life[: last + 1, held] > own) & (np.arange(last + 1)[:, None] > start)
    resumes = np.where(again.any(axis=0), again.argmax(axis=0), -1)
    final = np.full(len(held), -1)
    for place in np.flatnonzero(ends[:, held].any(axis=0)):  # few, of many that are held
        days = start + 1 + np.flatnonzero(ends[start + 1 :, held[place]])
        paid = [day for day in days if life[:day, held[place]].max() == own[place]]
        final[place] = paid[0] if paid else -1
    dates = sessions.append(pd.DatetimeIndex([pd.NaT]))  # where -1 stands for never
    return pd.DataFrame(
        {
            "ticker": labels[held[gone]],
            "last_trade": dates[traded_last[gone]],
            "resumes": dates[resumes[gone]],
            "weight": opening[held[gone]],
            "list_date": dates[np.full(int(gone.sum()), start)],
            "final": dates[final[gone]],
            "until": dates[np.full(int(gone.sum()), stop)],
        }
    )


def paid_out_as_cash(values: xr.DataArray, gone: pd.DataFrame, *, closes: bool) -> np.ndarray:
    """Weights (time, asset), at the closes or at the starts of days, in which who was paid out is CASH: nobody sells it."""
    out = values.transpose("time", "asset").to_numpy()
    days, labels = values.get_index("time"), values.get_index("asset")
    for row in gone[gone["final"] <= gone["until"]].itertuples():
        after = (days >= row.final if closes else days > row.final) & (days <= row.until)
        column, cash = labels.get_loc(row.ticker), labels.get_loc(CASH)
        out = out.copy()
        out[after, cash] += out[after, column]
        out[after, column] = 0.0
    return out


def stopped_of(gone: pd.DataFrame) -> pd.DataFrame:
    """Those of `gone_positions` that no final paid out while their list counted."""
    return gone.loc[~(gone["final"] <= gone["until"]), STOPPED].reset_index(drop=True)


def ended_of(gone: pd.DataFrame) -> pd.DataFrame:
    """Those of `gone_positions` that a final paid out while their list counted."""
    return gone.loc[gone["final"] <= gone["until"], ENDED].reset_index(drop=True)
