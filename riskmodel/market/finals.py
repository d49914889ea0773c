"""The end of a life: what a holder got for a share, as a return of the session at whose close it is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError, counted, listed
from riskmodel.market.findings import Findings
from riskmodel.market.tables import places
from riskmodel.market.timeline import BRIDGE_SESSIONS, session_from

KEY = ("ticker", "date")
ENDS = ("final_ticker", "final_known")  # what says where lives end, in a market and in a fit of it


def without_total_losses(
    prices: pd.DataFrame, finals: pd.DataFrame | None, sessions: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The prices without closes of 0 that end a life with a total_return of -1, and the finals with a value of 0 for each.

    A close of 0 that later prices of the same life follow, or beside another return, stays for the check of closes.

    Examples
    --------
    >>> days = pd.bdate_range("2025-03-03", periods=2)
    >>> prices = pd.DataFrame({"date": days, "ticker": "A", "close": [2.0, 0.0], "total_return": [0.1, -1.0]})
    >>> kept, finals = without_total_losses(prices, None, days.to_numpy())
    >>> kept["close"].tolist(), finals["value"].tolist()
    ([2.0], [0.0])
    """
    lost = ((prices["close"] == 0) & (prices["total_return"] == -1)).to_numpy(copy=True)
    if not lost.any():
        return prices, finals
    day = np.searchsorted(sessions, prices["date"].to_numpy())
    priced = prices["close"].notna().to_numpy()
    for row in np.flatnonzero(lost):
        after = day[priced & (prices["ticker"] == prices["ticker"].iloc[row]).to_numpy()] - day[row]
        lost[row] = not ((after > 0) & (after <= BRIDGE_SESSIONS + 1)).any()
    ends = prices.loc[lost, ["ticker", "date"]].assign(value=0.0)
    both = ends if finals is None else pd.concat([finals, ends])
    return prices[~lost], both.reset_index(drop=True)


def final_events(
    table: pd.DataFrame, close: np.ndarray, life: np.ndarray, sessions: np.ndarray, assets: np.ndarray, findings: Findings
) -> tuple[dict[str, tuple[str, np.ndarray]], np.ndarray]:
    """Each final with the session on which its return falls, and these returns.

    Parameters
    ----------
    table
        Of `finals`: ticker, date, value.
    close, life
        (time, asset), as of `build_market`.

    Returns
    -------
    dict, ndarray
        Variables on the dimension `final`; (time, asset) value over the last close less 1, NaN where no life ends.

    Raises
    ------
    InputError
        For an unknown ticker, a value below zero, a date that is not after all prices of the life it ends or as late as the
        next life, and two finals of one life.

    Notes
    -----
    The return falls on the first session at or after the date that follows the last price: on the next one where the date
    is the last price's. Nothing of it is known before.
    """
    asset = pd.Index(assets).get_indexer(table["ticker"])
    if (asset < 0).any():
        raise InputError(
            f"finals: {counted(int((asset < 0).sum()), 'row')} with a ticker that has no prices: "
            f"{places(table, asset < 0, KEY)}. Correct the ticker, or add its prices."
        )
    if (negative := (table["value"] < 0).to_numpy()).any():
        raise InputError(
            f"finals: {counted(int(negative.sum()), 'value')} below zero: {places(table, negative, KEY)}. Give what a "
            f"holder got for a share; 0 is a total loss."
        )
    known = session_from(table["date"], sessions)
    on_date = np.searchsorted(sessions, table["date"].to_numpy(), side="right")  # sessions up to the date
    day = np.arange(len(sessions))[:, None]
    priced = life[:, asset] >= 0
    last = np.where(priced & (day < on_date), day, -1).max(axis=0, initial=-1)
    following = np.where(priced & (day >= on_date), day, len(sessions)).min(axis=0, initial=len(sessions))
    _require_ended(table, last, following, sessions)
    lands = np.maximum(known, last + 1)
    late = (lands >= following) & (following < len(sessions))
    if late.any():
        raise InputError(
            f"finals: {counted(int(late.sum()), 'row')} that would count when another life of the ticker has begun: "
            f"{places(table, late, KEY)}. Date it on the last session before that, or give the later prices, and all that "
            f"belongs to them, a ticker of their own."
        )
    if (again := pd.DataFrame({"asset": asset, "last": last}).duplicated(keep=False).to_numpy()).any():
        raise InputError(
            f"finals: {counted(int(again.sum()), 'row')} for the same life: {places(table, again, KEY)}. A life ends once: "
            f"keep one row, with all that a holder got for a share. A close of 0 with a total_return of -1 is a row too."
        )
    last_close = close[last, asset]
    returns = np.full(close.shape, np.nan)
    there = lands < len(sessions)
    returns[lands[there], asset[there]] = table["value"].to_numpy()[there] / last_close[there] - 1
    findings.add("finals", "later_final", table["ticker"][~there])
    order = np.lexsort([table["ticker"].astype(str), lands])
    return {
        "final_ticker": ("final", table["ticker"].to_numpy(dtype=object)[order]),
        "final_date": ("final", table["date"].to_numpy()[order]),
        "final_value": ("final", table["value"].to_numpy()[order]),
        "final_close": ("final", last_close[order]),
        "final_known": ("final", np.append(sessions, np.datetime64("NaT", "ns"))[lands[order].clip(max=len(sessions))]),
    }, returns


def _require_ended(table: pd.DataFrame, last: np.ndarray, following: np.ndarray, sessions: np.ndarray) -> None:
    """Refuse finals dated before their life's last price."""
    early = (last < 0) | ((following < len(sessions)) & (following - last <= BRIDGE_SESSIONS + 1))
    if early.any():
        priced = pd.DatetimeIndex(np.append(sessions, np.datetime64("NaT", "ns"))[following[early]])
        shown = [
            f"{row.ticker} {row.date:%Y-%m-%d} ({'has no price' if pd.isna(next_) else f'priced on {next_:%Y-%m-%d}'})"
            for row, next_ in zip(table[early].itertuples(), priced, strict=True)
        ]
        raise InputError(
            f"finals: {counted(int(early.sum()), 'row')} dated before the last price of the life that it ends: "
            f"{listed(shown)}. Correct the date; leave out prices that a feed only repeats after the end; or, where another "
            f"company has the ticker now, give that one's prices, and all that belongs to them, a ticker of their own."
        )


def ends_by_now(market: xr.Dataset) -> dict[str, xr.DataArray]:
    """`ENDS` of a market without the finals that its sessions do not reach; nothing where there are none."""
    there = market["final_known"].notnull().to_numpy() if "final_known" in market else np.array([], dtype=bool)
    return {name: market[name].isel(final=there) for name in ENDS} if there.any() else {}


def ends_of_lives(market: xr.Dataset) -> np.ndarray:
    """Where the return of a session is what a final brings, (time, asset) bool.

    Parameters
    ----------
    market
        From `riskmodel.read_market`, some of its sessions or assets, or anything with its labels and finals; without finals
        there is no such place.

    Examples
    --------
    >>> days = pd.DatetimeIndex(["2025-03-13", "2025-03-14"])
    >>> ends = {"final_ticker": ("final", ["B"]), "final_known": ("final", days[1:])}
    >>> ends_of_lives(xr.Dataset(ends, coords={"time": days, "asset": ["A", "B"]})).tolist()
    [[False, False], [False, True]]
    """
    out = np.zeros((market.sizes["time"], market.sizes["asset"]), dtype=bool)
    if "final_known" in market:
        day = market.get_index("time").get_indexer(pd.DatetimeIndex(market["final_known"].to_numpy()))
        asset = market.get_index("asset").get_indexer(pd.Index(market["final_ticker"].to_numpy(), dtype=object))
        there = (day >= 0) & (asset >= 0)
        out[day[there], asset[there]] = True
    return out
