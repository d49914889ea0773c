"""What many accounts are given as -> their lists of weights, as rows of one sparse matrix."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy.sparse import csr_array

from attribution.accounts.rejects import UnfitAccountsError, rejects, rejects_of_rows
from attribution.portfolio.ended import STOPPED, gone_positions, padded_lives, stopped_of
from attribution.portfolio.periods import MONTH, YEAR, Period
from attribution.rows import CASH
from riskmodel.arrays.labels import Labelled, labelled, require_finite
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.checks import SUMS_OF_HOLDINGS, WEIGHT_SUM_TOLERANCE
from riskmodel.market.tables import DATE, NUMBER, TEXT, Table, checked_table

LISTS = Table(
    key=("portfolio", "date", "ticker"),
    columns={"portfolio": TEXT, "date": DATE, "ticker": TEXT, "weight": NUMBER},
)

ACCOUNTS = Labelled(("portfolio", "asset"), may_be_empty=("portfolio",))


@dataclass(frozen=True)
class AccountLists:
    """Lists of weights, each a row; rows of one account follow each other in time.

    Attributes
    ----------
    portfolios, assets
        Labels of the accounts and of the columns.
    weights
        (list, asset) sparse, as given.
    portfolio
        (list) position of the account in `portfolios`.
    start, stop
        (list) positions of the sessions at whose closes the list begins and ends to count.
    """

    portfolios: pd.Index
    assets: pd.Index
    weights: csr_array
    portfolio: np.ndarray
    start: np.ndarray
    stop: np.ndarray

    def of(self, first: int, last: int) -> AccountLists:
        """The lists of the accounts from position `first` up to `last`."""
        rows = slice(*np.searchsorted(self.portfolio, [first, last]))
        return AccountLists(
            portfolios=self.portfolios[first:last],
            assets=self.assets,
            weights=self.weights[rows],
            portfolio=self.portfolio[rows] - first,
            start=self.start[rows],
            stop=self.stop[rows],
        )

    def among(self, keep: np.ndarray) -> AccountLists:
        """The same lists on some of the columns, which hold every weight that is not zero."""
        return replace(self, assets=self.assets[keep], weights=self.weights[:, keep])


def read_lists(
    accounts: xr.DataArray | pd.DataFrame,
    assets: pd.Index,
    market: xr.Dataset,
    period: Period,
    *,
    delisted: str,
    funds: Collection[str] = (),
) -> tuple[AccountLists, pd.DataFrame]:
    """The accounts' lists that count in a period, and their positions that stop trading, which `delisted` may refuse.

    Parameters
    ----------
    accounts
        As in `attribution.accounts.attribute_accounts`.
    assets
        Every asset of the market, CASH last.
    market
        Its `life` (time, asset) and its finals are all that is read.
    funds
        Assets that may be held without prices.
    """
    rows = tidy_lists(accounts, market, period, name="accounts")
    lists = list_rows(*rows, assets, market, period, name="accounts", funds=funds)
    stopped = stopped_names(lists, market, period)
    if delisted == "error":
        require_trading(stopped, period)
    return lists, stopped


def read_run_of_months(text: str, market: xr.Dataset) -> Period:
    """A month "2016-06", a run of months "2016-01/2016-06" or a year "2016", on the sessions of a market.

    Raises
    ------
    InputError
        For another form, a run that ends before it starts, or a period without sessions or without a close before it.
    """
    run = re.fullmatch(f"({MONTH})(?:/({MONTH}))?", text)
    if run is None and not re.fullmatch(YEAR, text):
        raise InputError(
            f"period '{text}': write a month as YYYY-MM, a run of months as YYYY-MM/YYYY-MM, or a year as YYYY."
        )
    names = (run[1], run[2] or run[1]) if run else (f"{text}-01", f"{text}-12")
    first, last = (pd.Period(name, "M") for name in names)
    if last < first:
        raise InputError(f"period '{text}' ends before it starts. Write the earlier month first: {last}/{first}.")
    sessions = market.get_index("time")
    inside = (sessions >= first.start_time) & (sessions <= last.end_time)
    if not inside.any() or inside[0] or last > sessions[-1].to_period("M"):
        raise InputError(
            f"period {text} is outside the data: prices run from {sessions[0]:%Y-%m-%d} to {sessions[-1]:%Y-%m-%d}, "
            f"and the close before the period is its base."
        )
    return Period(label=text, base=sessions[int(inside.argmax()) - 1], days=sessions[inside])


def tidy_lists(
    given: xr.DataArray | pd.DataFrame, market: xr.Dataset, period: Period, *, name: str
) -> tuple[pd.Index, pd.DataFrame]:
    """Lists that count in a period, as rows of portfolio, date, ticker, weight; weights of 0 are left out: nothing is held.

    Parameters
    ----------
    given
        (portfolio, asset) weights at the close before the period, as an array or as a frame with tickers in its columns; or
        a frame with portfolio, ticker, weight and perhaps date.
    market
        Whose sessions count.
    period
        Weights without a date are of its base.
    name
        For messages.

    Returns
    -------
    Index, DataFrame
        Every portfolio in the order given, and the rows.

    Raises
    ------
    InputError
        For duplicate keys, missing or infinite weights, portfolios without holdings, weights that do not sum to one.
    """
    if isinstance(given, xr.DataArray) or is_wide(given):
        portfolios, rows = _rows_of_array(given, name, period.base)
    elif isinstance(given, pd.DataFrame):
        if lost := [column for column in LISTS.columns if column != "date" and column not in given]:
            raise InputError(
                f"{name}: missing {'column' if len(lost) == 1 else 'columns'} {listed(map(repr, lost))}. Found: "
                f"{listed(given.columns, 20)}. Give a row a holding, with portfolio, ticker and weight; or accounts in rows "
                f"and tickers in columns, none of them called {' or '.join(LISTS.columns)}."
            )
        dated = given if "date" in given else given.assign(date=period.base)
        rows = checked_table(dated, name, LISTS)
        portfolios = pd.Index(rows["portfolio"].unique(), dtype=object)
    else:
        raise InputError(
            f"{name}: a {type(given).__name__}. Give a DataArray or a frame (portfolio, asset), or a frame with the columns "
            f"portfolio, ticker, weight."
        )
    if not len(portfolios):
        raise InputError(f"{name}: there are none at all. Check how they were selected.")
    held = rows[rows["weight"] != 0]
    empty = portfolios.difference(pd.Index(held["portfolio"].unique()), sort=False)
    if len(empty):
        raise UnfitAccountsError(
            f"{name}: {counted(len(empty), 'account')} without holdings: {listed(empty)}. "
            f"Add its holdings or leave the account out; one that is all in cash has {CASH} with weight 1.",
            rejects("no_holdings", empty),
        )
    rows = _that_count(rows, market, period)
    _require_sums(rows, name)
    return portfolios, rows[rows["weight"] != 0]


def _that_count(rows: pd.DataFrame, market: xr.Dataset, period: Period) -> pd.DataFrame:
    """Rows of each account's last list by the base of a period, and of the last one at each later close before its end."""
    sessions = market.get_index("time")
    first, last = sessions.get_loc(period.base), sessions.get_loc(period.end)
    close = (sessions.searchsorted(pd.DatetimeIndex(rows["date"]), side="right") - 1).clip(min=first)
    newest = rows.groupby(["portfolio", close], sort=False)["date"].transform("max")
    return rows[(rows["date"] == newest) & (close < last)]


def is_wide(given: object) -> bool:
    """Whether a frame has accounts in its rows and tickers in its columns: no column is one of a list of holdings."""
    return isinstance(given, pd.DataFrame) and not set(LISTS.columns) & set(given.columns)


def _rows_of_array(given: xr.DataArray | pd.DataFrame, name: str, base: pd.Timestamp) -> tuple[pd.Index, pd.DataFrame]:
    given = labelled(name, given, ACCOUNTS)
    require_finite(name, given, "A name that an account does not hold has weight 0.")
    portfolios, assets = given.get_index("portfolio"), given.get_index("asset")
    values = given.to_numpy()
    row, column = np.nonzero(values)
    weights = values[row, column].astype(float)
    rows = pd.DataFrame({"portfolio": portfolios[row], "date": base, "ticker": assets[column], "weight": weights})
    return portfolios, rows


def _require_sums(rows: pd.DataFrame, name: str) -> None:
    account, labels = pd.factorize(rows["portfolio"])
    date, dates = pd.factorize(rows["date"])
    total = np.bincount(account * len(dates) + date, rows["weight"], minlength=len(labels) * len(dates))
    there = np.bincount(account * len(dates) + date, minlength=len(total)) > 0
    wrong = np.flatnonzero(there & (np.abs(total - 1) > WEIGHT_SUM_TOLERANCE))
    if not len(wrong):
        return
    percent = wrong[(total[wrong] > 50) & (total[wrong] < 150)]
    shown = percent if len(percent) else wrong
    lines = listed(f"'{labels[i // len(dates)]}' on {dates[i % len(dates)]:%Y-%m-%d} sum to {total[i]:.6g}" for i in shown)
    raise UnfitAccountsError(
        f"{name}: weights of {counted(len(wrong), 'list')} do not sum to 1: {lines}. "
        + ("They look like percent; divide by 100." if len(percent) else SUMS_OF_HOLDINGS),
        rejects("weight_sum", labels[wrong // len(dates)], date=dates[wrong % len(dates)], value=total[wrong]),
    )


def list_rows(
    portfolios: pd.Index,
    rows: pd.DataFrame,
    assets: pd.Index,
    market: xr.Dataset,
    period: Period,
    *,
    name: str,
    funds: Collection[str] = (),
) -> AccountLists:
    """Rows of `tidy_lists` -> one sparse matrix of the lists.

    Raises
    ------
    InputError
        For tickers without prices by the list's date, and accounts without a list by the close at which the period starts.
    """
    sessions = market.get_index("time")
    first, last = sessions.get_loc(period.base), sessions.get_loc(period.end)
    account = portfolios.get_indexer(pd.Index(rows["portfolio"]))
    column = assets.get_indexer(pd.Index(rows["ticker"]))
    start = sessions.searchsorted(pd.DatetimeIndex(rows["date"]), side="right") - 1
    _require_priced(rows, column, start, assets, market, name, funds)
    key = account * (len(sessions) + 1) + start + 1
    lists, place = np.unique(key, return_inverse=True)
    owner, start = lists // (len(sessions) + 1), lists % (len(sessions) + 1) - 1
    final = np.append(owner[1:] != owner[:-1], True)
    stop = np.where(final, last, np.append(start[1:], last)).clip(max=last)
    opened = np.zeros(len(portfolios), bool)
    opened[owner[(start >= 0) & (start <= first)]] = True
    if not opened.all():
        late = portfolios[~opened]
        raise UnfitAccountsError(
            f"{name}: {counted(len(late), 'account')} without a list of weights on or before {period.base:%Y-%m-%d}, the "
            f"close at which the period starts: {listed(late)}. Add a list, or explain a later period.",
            rejects("no_list", late, date=period.base),
        )
    weights = csr_array((rows["weight"].to_numpy(), (place, column)), shape=(len(lists), len(assets)))
    return AccountLists(portfolios, assets, weights, owner, start, stop)


def _require_priced(
    rows: pd.DataFrame,
    column: np.ndarray,
    start: np.ndarray,
    assets: pd.Index,
    market: xr.Dataset,
    name: str,
    funds: Collection[str],
) -> None:
    """Every ticker is known, and has a price by the close at which its list begins."""
    known = market.sizes["asset"]
    pseudo = ~assets[known:-1].isin(list(funds))  # what no portfolio holds: it stands for a benchmark
    no_ticker = (column < 0) | np.isin(column, known + np.flatnonzero(pseudo))
    if no_ticker.any():
        strange = pd.Index(rows["ticker"])[no_ticker]
        numbers = (
            ""
            if strange.inferred_type in ("string", "empty")
            else f" They are {strange.inferred_type}s, the prices' are text."
        )
        raise UnfitAccountsError(
            f"{name}: {counted(len(strange), 'row')} with a ticker that has no prices: {listed(strange.unique())}.{numbers} "
            f"Correct the ticker, or add its prices; cash is written {CASH}.",
            rejects_of_rows("unknown_ticker", rows[no_ticker]),
        )
    first = (market["life"].to_numpy() >= 0).argmax(axis=0)
    begins = np.append(first, np.full(len(assets) - known, -1))  # CASH has no first price
    early = (begins[column] > start) & (start >= 0)
    if early.any():
        named = rows[early]
        where = named["portfolio"].astype(str) + " " + named["date"].dt.strftime("%Y-%m-%d") + " " + named["ticker"]
        raise UnfitAccountsError(
            f"{name}: {counted(int(early.sum()), 'row')} dated before the ticker's first price: {listed(where)}. "
            f"Correct the date or the ticker, or add the prices.",
            rejects_of_rows("before_first_price", named),
        )


def stopped_names(lists: AccountLists, market: xr.Dataset, period: Period) -> pd.DataFrame:
    """Positions that do not trade again in the period: portfolio, and the columns of `Track.stopped`."""
    sessions = market.get_index("time")
    last = sessions.get_loc(period.end)
    life, ends = padded_lives(market, len(lists.assets) - market.sizes["asset"])
    found = []
    for start, stop in np.unique(np.column_stack([lists.start, lists.stop]), axis=0):
        rows = np.flatnonzero((lists.start == start) & (lists.stop == stop))
        weights = lists.weights[rows].tocoo()
        anywhere = np.zeros(len(lists.assets))
        anywhere[weights.col] = 1.0
        gone = stopped_of(gone_positions([(start, stop, anywhere)], life, ends, last, lists.assets, sessions))
        gone = gone.drop(columns="weight")
        held = pd.DataFrame(
            {
                "portfolio": lists.portfolios[lists.portfolio[rows][weights.row]],
                "ticker": lists.assets[weights.col],
                "weight": weights.data,
            }
        )
        found.append(held[held["ticker"].isin(gone["ticker"])].merge(gone, on="ticker"))
    return pd.concat(found, ignore_index=True)[["portfolio", *STOPPED]]


def require_trading(stopped: pd.DataFrame, period: Period) -> None:
    """Refuse held names that stop trading, by account; those of which a final says what they brought do not count."""
    stopped = stopped[stopped["final"].isna()]
    if stopped.empty:
        return
    traded = stopped["last_trade"].dt.strftime("last trade %Y-%m-%d")
    lines = listed(stopped["portfolio"].astype(str) + " " + stopped["ticker"] + " (" + traded + ")")
    raise UnfitAccountsError(
        f"accounts: {counted(len(stopped), 'held name')} of {counted(stopped['portfolio'].nunique(), 'account')} stop "
        f"trading and do not go on trading by {period.end:%Y-%m-%d}: {lines}. Add the missing prices; where a name's life "
        f"is over, say in the market's table finals what a holder got for a share (0 for a total loss), and hold it no "
        f'longer. As long as nobody knows, delisted="cash" carries it at its last value.',
        rejects_of_rows("stops_trading", stopped.assign(date=stopped["last_trade"])),
    )
