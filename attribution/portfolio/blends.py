"""Fixed shares of sleeves, which drift with their returns from one reset to the next."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from attribution.portfolio.book import Book
from attribution.portfolio.periods import Period, sessions_from
from attribution.portfolio.settings.bound_types import Reset

PERIODS: dict[Reset, str] = {"monthly": "M", "quarterly": "Q", "yearly": "Y"}  # of the calendar; never has none


def blend_shares(returns: xr.DataArray, shares: dict[str, float], reset: Reset = "monthly") -> xr.DataArray:
    """Share of each part at the start of each day, the fixed shares on the first day and at each reset.

    Parameters
    ----------
    returns
        (part, time) daily returns; the first day is one on which the shares are the fixed ones.
    shares
        Fixed shares by part, summing to one.
    reset
        When they are reset: on the first day of each "monthly", "quarterly" (January, April, July, October) or "yearly"
        period of the calendar, or "never".

    Returns
    -------
    DataArray
        (part, time). s_p,t = s_p G_p,t-1 / sum_q s_q G_q,t-1 with G the growth since the last reset.
    """
    axis = returns.get_axis_num("time")
    begins = np.flatnonzero(_begins(returns.get_index("time"), reset))[1:]
    grown = np.split(1 + returns.to_numpy(), begins, axis=axis)
    before = [np.delete(np.nancumprod(np.insert(run, 0, 1.0, axis), axis), -1, axis) for run in grown]
    fixed = xr.DataArray([shares[str(p)] for p in returns["part"].to_numpy()], dims="part")
    value = returns.copy(data=np.concatenate(before, axis=axis)) * fixed
    return value / value.sum("part")


def blend_return(returns: xr.DataArray, shares: dict[str, float], reset: Reset, base: pd.Timestamp) -> float:
    """Compounded return of a blend from a close on, from what it is worth: linear in its parts from reset to reset.

    Parameters
    ----------
    returns, shares, reset
        As for `blend_shares`.
    base
        The close at which the return starts; before the first day for all of it.

    Notes
    -----
    V_T / V_base - 1 with V_t = prod_k sum_p s_p prod_{s in k, s <= t} (1 + r_p,s) over the runs k between resets. It
    does not take the path of the shares, which it can be held against.
    """
    frame = 1 + returns.transpose("time", "part").to_pandas()
    days = pd.DatetimeIndex(frame.index)
    run = np.cumsum(_begins(days, reset))
    fixed = pd.Series({str(part): shares[str(part)] for part in frame.columns})

    def worth(grown: pd.DataFrame) -> float:
        return float((grown.groupby(run[: len(grown)]).prod() @ fixed).prod())

    return worth(frame) / worth(frame[days <= base]) - 1


def since_reset(book: Book, market: xr.Dataset, course: str, period: Period) -> Period:
    """A period of a blend from its last reset on, so that the shares at the period's start are known.

    Parameters
    ----------
    book
        Its inception is the first reset.
    market
        From `riskmodel.read_market`.
    course
        A course, or a sleeve, which has no shares to reset.
    period
        The days that are asked for.

    Returns
    -------
    Period
        To the same end, from the same or an earlier base.
    """
    reset = book.reset_of(course)
    if reset == "monthly" or len(book.shares(course)) == 1:
        return period  # which begins with a month, or with the inception
    base, days = sessions_from(book, market)
    days = days[days <= period.end]
    held = np.flatnonzero(_begins(days, reset) & (days <= period.days[0]))
    if not len(held) or days[held[-1]] >= period.days[0]:
        return period
    return Period(period.label, days[held[-1] - 1] if held[-1] else base, days[held[-1] :])


def _begins(days: pd.DatetimeIndex, reset: Reset) -> np.ndarray:
    """Whether the shares are reset at the start of each day; on the first they are."""
    first = np.arange(len(days)) == 0
    if reset == "never":
        return first
    periods = days.to_period(PERIODS[reset])
    return first | (periods != periods[np.maximum(np.arange(len(days)) - 1, 0)])
