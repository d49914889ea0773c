"""What a book says of funds: lists of their own, or that they are carried whole; and what gives their returns."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from attribution.portfolio.benchmarks import constituent_lists
from attribution.portfolio.book import Book
from attribution.portfolio.holdings import apart_from_cash
from attribution.portfolio.periods import Period
from attribution.rows import CASH
from riskmodel.errors import InputError, counted, listed


def fund_levels(book: Book, market: xr.Dataset) -> dict[str, str]:
    """Funds whose returns are those of a level in the table indices: they have no prices. Ticker -> index."""
    indices, priced = {str(name) for name in market["index"].to_numpy()}, set(market.get_index("asset"))
    return {ticker: ticker for ticker in book.funds if ticker not in priced and ticker in indices}


def without_returns(book: Book, market: xr.Dataset) -> list[str]:
    """Funds with neither prices nor a level: they return what their list does."""
    known = {*market.get_index("asset"), *fund_levels(book, market)}
    return [ticker for ticker, fund in book.funds.items() if ticker not in known and fund.constituents is not None]


def require_known_funds(book: Book, market: xr.Dataset) -> None:
    """Every fund of the book has what it says of it.

    Raises
    ------
    InputError
        For a fund carried unmodelled without returns of its own, a list that is in no table or in two, and a list that holds
        a fund of the book: one level is looked through.
    """
    levels = fund_levels(book, market)
    for ticker, fund in book.funds.items():
        if fund.carried is not None and ticker not in levels and ticker not in market.get_index("asset"):
            raise InputError(
                f'{book.path.name}: [funds."{ticker}"] is carried unmodelled, but has no returns: neither prices nor '
                f"a level in indices under its name. Add its total returns, or look through it with constituents."
            )
        if fund.constituents is not None:
            fund_lists(book, ticker, market)
            nested = [name for name in book.funds if name in _listed_names(book, fund.constituents, market)]
            if nested:
                raise InputError(
                    f"{book.path.name}: the list '{fund.constituents}' of [funds.\"{ticker}\"] holds "
                    f"{counted(len(nested), 'fund')} of [funds]: {listed(nested)}. One level is looked through: give a list "
                    f'of stocks, or carry the fund as a whole with carried = "unmodelled".'
                )


def _listed_names(book: Book, name: str, market: xr.Dataset) -> set[object]:
    own = set(book.holdings.loc[book.holdings["portfolio"] == name, "ticker"])
    if "constituent_index" not in market:
        return own
    return own | set(market["constituent_ticker"].to_numpy()[market["constituent_index"].to_numpy() == name])


def fund_lists(book: Book, ticker: str, market: xr.Dataset, period: Period | None = None) -> pd.DataFrame:
    """A fund's own lists, date, ticker and weight, from constituents or holdings; of those of `period` prices are needed.

    Raises
    ------
    InputError
        Where no table has them, or both do.
    """
    name = book.funds[ticker].constituents
    indices = set(market["constituent_index"].to_numpy()) if "constituent_index" in market else set[object]()
    portfolios = set(book.holdings["portfolio"])
    if (name in indices) == (name in portfolios):
        found = "both constituents and holdings have one" if name in indices else "neither constituents nor holdings has one"
        known = listed(sorted(map(str, indices | portfolios)))
        raise InputError(
            f"{book.path.name}: [funds.\"{ticker}\"] asks for the list '{name}', and {found}. Name the list of one of the "
            f'two tables; there are {known}. To leave the fund whole, say carried = "unmodelled".'
        )
    if name in portfolios:
        rows = book.holdings[(book.holdings["portfolio"] == name) & (book.holdings["weight"] != 0)]
        return rows[["date", "ticker", "weight"]].reset_index(drop=True)
    lists = constituent_lists(f'[funds."{ticker}"]', str(name), market, period)
    priced_as_cash = CASH in market.get_index("asset")
    return lists.assign(ticker=apart_from_cash(pd.Index(lists["ticker"]))) if priced_as_cash else lists


def carried_funds(book: Book) -> list[str]:
    """Funds that the book carries without exposures, by choice."""
    return [ticker for ticker, fund in book.funds.items() if fund.carried is not None]
