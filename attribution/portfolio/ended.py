"""Positions whose life ended while they were held: by a final, which pays them out, or without a word of what they got."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from attribution.rows import CASH
from riskmodel.market.finals import ends_of_lives
from riskmodel.market.timeline import next_lives

STOPPED = ["ticker", "last_trade", "resumes", "weight", "list_date", "final"]
ENDED = ["ticker", "last_trade", "final", "weight", "list_date"]
NEVER = -1


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
    openings: Sequence[tuple[int, int, np.ndarray]],
    life: np.ndarray,
    ends: np.ndarray,
    last: int,
    labels: pd.Index,
    sessions: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Positions of lists that are without a price at the end of their list and do not trade again by the last day.

    Parameters
    ----------
    openings
        Of each list the sessions at which it begins and ends, and its weights by `labels`.
    life, ends
        From `padded_lives`.
    last, labels, sessions
        The last session followed; the names; all sessions.

    Returns
    -------
    DataFrame
        ticker, last_trade, weight and list_date; `resumes`, when a new life of the ticker begins by the last day; `final`,
        the session on which a final of the position's life pays out, after the last day too; NaT where there is none;
        `until`, the close at which the list ends.
    """
    rows: list[tuple[int, int, int, float, int, int, int]] = []
    stocks = labels != CASH
    for start, stop, opening in openings:
        goes_on = (life[start] >= 0) & (life[stop] == life[start])  # nearly every name
        for name in np.flatnonzero((opening != 0) & stocks & ~goes_on):
            lives, own = life[: last + 1, name], life[: start + 1, name].max()
            traded = np.flatnonzero((lives == own) & (own >= 0))
            traded_last = int(traded[-1]) if len(traded) else NEVER
            if traded_last >= stop:
                continue
            again = start + 1 + np.flatnonzero(lives[start + 1 :] > own)
            days = start + 1 + np.flatnonzero(ends[start + 1 :, name])
            paid = [int(day) for day in days if life[:day, name].max() == own]
            final = paid[0] if paid else NEVER
            resumes = int(again[0]) if len(again) else NEVER
            rows.append((int(name), traded_last, resumes, float(opening[name]), start, final, stop))
    found = pd.DataFrame(rows, columns=["ticker", "last_trade", "resumes", "weight", "list_date", "final", "until"])
    dates = sessions.append(pd.DatetimeIndex([pd.NaT]))  # where NEVER points to
    places = found.drop(columns="weight").astype(int)
    stamped = {name: dates[places[name]] for name in places.columns.drop("ticker")}
    return found.assign(ticker=labels[places["ticker"]], weight=found["weight"].astype(float), **stamped)


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
