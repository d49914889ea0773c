"""Actual returns of a portfolio beside those of its holdings: the trading effect and the fees."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn, TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from attribution.portfolio.actual_table import TABLE, checked_actual_returns
from attribution.portfolio.beside import with_rows
from attribution.portfolio.blends import blend_shares
from attribution.portfolio.book import Book
from attribution.portfolio.course import Course
from attribution.rows import FEES, TRADING
from riskmodel.errors import InputError, counted, listed

Daily = TypeVar("Daily", xr.DataArray, pd.Series)
PERCENT_RATIO, TELLING_DAYS = 20.0, 5  # actual returns so much larger than the holdings' over so many days are percent


def with_actual_returns(course: Course, book: Book, table: pd.DataFrame | None = None) -> Course:
    """A course whose return is the actual one, with the rows `trading` and `fees`; the same course where there is none.

    Parameters
    ----------
    course
        From `attribution.contributions.follow_course`.
    book
        Its `actual_returns` are used where `table` is None; they are None unless [book] returns = "actual".
    table
        portfolio, date, return (of that day, after fees, a decimal), fee (optional; what was taken that day, a positive
        decimal). `portfolio` is the course, or each of its sleeves' portfolios as the holdings table names them.

    Returns
    -------
    Course
        `portfolio_return` is the actual return, `holdings_return` that of the holdings.

    Raises
    ------
    InputError
        For a session of the period without a return (named), rows on days without trading, a portfolio that the table lacks,
        returns that look like percent, a fee below zero.

    Notes
    -----
    trading_t = R_t + fee_t - sum_i w_it r_it and fees_t = -fee_t, so that holdings + trading + fees = R_t. A blend's actual
    return is blended from its sleeves' like its holdings' return: fixed shares, reset as the book says, run with the
    actual returns.
    """
    table = book.actual_returns if table is None else checked_actual_returns(table)
    if table is None:
        return course
    actual = actual_returns(course, book, table)
    held = course.data["portfolio_return"]  # of what is held, funds as they returned
    _require_decimals(course.name, actual["return"], held)
    rows = {TRADING: actual["return"] + actual["fee"] - held, FEES: -actual["fee"]}
    data = course.data.assign(portfolio_return=actual["return"])
    return replace(course, data=data, beside=with_rows(course.beside, rows, rows))


def actual_returns(course: Course, book: Book, table: pd.DataFrame) -> xr.Dataset:
    """Actual `return` and `fee` of a course on each session of its period, (time)."""
    days = course.period.days
    portfolios = set(table["portfolio"])
    if course.name in portfolios and course.name not in book.sleeves:
        return actual_of(table, course.name, days)
    names = {sleeve: book.sleeves[sleeve].holdings for sleeve in course.shares}
    lacking = [name for name in dict.fromkeys(names.values()) if name not in portfolios]
    if lacking:
        _refuse_lacking(lacking, course.name, table)
    days_since = course.sleeves_since.get_index("time")
    parts = [actual_of(table, name, days_since) for name in names.values()]
    stacked = xr.concat(parts, pd.Index(list(names), name="part"))
    shares = blend_shares(stacked["return"], course.shares, course.reset)
    return (shares * stacked).sum("part").sel(time=days)


def actual_of(table: pd.DataFrame, portfolio: str, days: pd.DatetimeIndex) -> xr.Dataset:
    """Actual `return` and `fee` of one portfolio on each of some sessions, (time)."""
    own = table[table["portfolio"] == portfolio].set_index("date").sort_index()
    missing = days.difference(own.index)
    if len(missing):
        raise InputError(
            f"{TABLE}: {counted(len(missing), 'session')} of the period without a return of '{portfolio}': "
            f"{listed(missing.strftime('%Y-%m-%d'))}. Add them; a day on which nothing moved has return 0."
        )
    closed = own.index[(own.index >= days[0]) & (own.index <= days[-1])].difference(days)
    if len(closed):
        raise InputError(
            f"{TABLE}: {counted(len(closed), 'row')} of '{portfolio}' on days without trading: "
            f"{listed(closed.strftime('%Y-%m-%d'))}. Compound them with the next session's return, or correct the dates."
        )
    chosen = own.loc[days]
    return xr.Dataset({name: ("time", chosen[name].to_numpy()) for name in ("return", "fee")}, {"time": days})


def _require_decimals(name: str, actual: xr.DataArray, held: xr.DataArray) -> None:
    size, own = float(np.abs(actual).mean()), float(np.abs(held).mean())
    if actual.sizes["time"] >= TELLING_DAYS and own > 0 and size > PERCENT_RATIO * own:
        raise InputError(
            f"{TABLE}: returns of '{name}' are {size / own:,.0f} times as large as those of its holdings. "
            f"They look like percent; divide by 100."
        )


def actual_or_held(book: Book, name: str, held: Daily) -> Daily:
    """Daily returns of a sleeve or course: the actual ones where the book has them, else those of the holdings.

    Raises
    ------
    InputError
        As `with_actual_returns`; a sleeve must have actual returns where the book has any.
    """
    table = book.actual_returns
    if table is None:
        return held
    portfolio = book.sleeves[name].holdings if name in book.sleeves else name
    if not (table["portfolio"] == portfolio).any():
        if name not in book.sleeves:
            return held
        _refuse_lacking([portfolio], name, table)
    days = held.get_index("time") if isinstance(held, xr.DataArray) else pd.DatetimeIndex(held.index)
    own = actual_of(table, portfolio, days)["return"]
    return held.copy(data=own.to_numpy()) if isinstance(held, xr.DataArray) else own.to_series().rename(held.name)


def _refuse_lacking(lacking: list[str], name: str, table: pd.DataFrame) -> NoReturn:
    raise InputError(
        f"{TABLE}: no returns of {listed(map(repr, lacking))}, which '{name}' holds. "
        f"Found: {listed(sorted(set(table['portfolio']))) or 'none'}. Add them, or returns of '{name}' itself."
    )
