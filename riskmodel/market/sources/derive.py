"""Columns that an export lacks and arithmetic gives: stated in the book, worked out row by row, never guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import CASH
from riskmodel.market.contents import COUNTS
from riskmodel.market.timeline import BRIDGE_SESSIONS

DAY = np.timedelta64(1, "D")
KNOWN_FOR = pd.Timedelta(days=31)  # a rate of a year, which may be given by month
NANOSECONDS = "datetime64[ns]"  # Parquet has days in other units too, and only equal ones merge


def return_of_index(prices: pd.DataFrame) -> pd.Series:
    """Total return of each row from a total-return index: I(t) / I(t-1) - 1 over the ticker's rows that have one.

    Examples
    --------
    >>> days = pd.bdate_range("2025-03-03", periods=3)
    >>> prices = pd.DataFrame({"date": days, "ticker": "A", "total_return_index": [100.0, 102.0, 101.49]})
    >>> return_of_index(prices).round(4).tolist()
    [nan, 0.02, -0.005]
    """
    ordered = prices.sort_values(["ticker", "date"], kind="stable")
    known = ordered[ordered["total_return_index"].notna()]
    returns = known.groupby("ticker", sort=False)["total_return_index"].pct_change(fill_method=None)
    return returns.reindex(prices.index)


def return_of_dividends(prices: pd.DataFrame) -> pd.Series:
    """Total return of each row from closes and dividends of the ex-date: (P(t) + D(t)) / P(t-1) - 1; no dividend is 0.

    Examples
    --------
    >>> days = pd.bdate_range("2025-03-03", periods=2)
    >>> prices = pd.DataFrame({"date": days, "ticker": "A", "close": [10.0, 9.9], "dividend": [None, 0.2]})
    >>> return_of_dividends(prices).round(4).tolist()
    [nan, 0.01]
    """
    require_closes_of_dividends(prices)
    ordered = prices.sort_values(["ticker", "date"], kind="stable")
    known = ordered[ordered["close"].notna()]
    before = known.groupby("ticker", sort=False)["close"].shift(1)
    return ((known["close"] + known["dividend"].fillna(0.0)) / before - 1).reindex(prices.index)


def require_closes_of_dividends(prices: pd.DataFrame) -> None:
    """Refuse dividends on rows without a close: no return would have them."""
    lost = (prices["dividend"].fillna(0.0) != 0.0) & prices["close"].isna()
    if lost.any():
        rows = prices[lost].sort_values(["date", "ticker"])
        shown = (f"{day:%Y-%m-%d} {name} {paid:g}" for day, name, paid in rows[["date", "ticker", "dividend"]].to_numpy())
        raise InputError(
            f"prices: {counted(len(rows), 'dividend')} on a day without a close of the name: {listed(shown)}. No return "
            f"would have it. The day of a dividend is its ex-date, a session: correct the day, or add the close."
        )


def close_then(rows: pd.DataFrame, date: str, prices: pd.DataFrame, name: str) -> pd.Series:
    """The last close of each row's ticker at or before its date; NaN where there is none.

    Parameters
    ----------
    rows, date
        Of the table `name`, and its column of days.
    prices
        Their days are the sessions; after the last one weekdays are.

    Raises
    ------
    InputError
        For closes that are more than `BRIDGE_SESSIONS` sessions old: what is gone for longer begins a new life, at a price
        of its own.
    """
    closes = prices.loc[prices["close"].notna(), ["date", "ticker", "close"]].astype({"date": NANOSECONDS})
    wanted = rows.loc[rows[date].notna(), [date, "ticker"]].rename(columns={date: "date"}).astype({"date": NANOSECONDS})
    closes, wanted = (frame.sort_values("date", kind="stable") for frame in (closes, wanted.reset_index()))
    found = pd.merge_asof(wanted, closes.assign(closed=closes["date"]), on="date", by="ticker")
    found["apart"] = 0
    there = found["closed"].notna()
    found.loc[there, "apart"] = _sessions_apart(found["closed"][there], found["date"][there], closes["date"].to_numpy())
    old = found[found["apart"] > BRIDGE_SESSIONS]
    if len(old):
        days = old[["date", "ticker", "closed"]].sort_values(["date", "ticker"]).to_numpy()
        shown = listed(f"{day:%Y-%m-%d} {ticker} (of {closed:%Y-%m-%d})" for day, ticker, closed in days)
        raise InputError(
            f"{name}: {counted(len(old), 'row')} with a last close that is more than {BRIDGE_SESSIONS} sessions old, and "
            f"values nothing: {shown}. Give prices up to that day, or leave out the rows of what trades no more."
        )
    return found.set_index("index")["close"].reindex(rows.index)


def _sessions_apart(first: pd.Series, last: pd.Series, sessions: np.ndarray) -> np.ndarray:
    """Sessions after a first day up to a last one, and weekdays where there are no sessions any more."""
    if first.empty:
        return np.zeros(0, int)
    known = np.unique(sessions)
    apart = np.searchsorted(known, last, side="right") - np.searchsorted(known, first, side="right")
    after = (last.clip(lower=known[-1]) + DAY).to_numpy().astype("datetime64[D]")
    return apart + np.busday_count((known[-1] + DAY).astype("datetime64[D]"), after)


COUNTED = (*COUNTS, "quantity")
ADJUSTABLE = {  # the day of a row, and ours that are on the split basis of the close, of each table
    "prices": ("date", ("close", "dividend", "volume")),
    "shares": ("available_from", ("shares_out",)),
    "holdings": ("date", ("quantity",)),
    "fundamentals": ("available_from", ("dividends_per_share",)),
    "earnings": ("announced", ("eps_estimate", "eps_actual")),
}


def with_later_splits(rows: pd.DataFrame, name: str, columns: Sequence[str], splits: pd.DataFrame | None) -> pd.DataFrame:
    """Rows whose columns are on the split basis of their own day on today's: prices over later ratios, counts times them.

    Parameters
    ----------
    rows
        Of the table `name`.
    columns
        Ours, of `ADJUSTABLE`.
    splits
        The table: a split counts for all days before its ex-date.

    Raises
    ------
    InputError
        For a column that has no split basis, and where there are no splits.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-03-03", "2025-03-04"])
    >>> prices = pd.DataFrame({"date": days, "ticker": "A", "close": [90.0, 45.0], "volume": [10.0, 20.0]})
    >>> splits = pd.DataFrame({"ticker": ["A"], "ex_date": days[1:], "ratio": [2.0]})
    >>> with_later_splits(prices, "prices", ["close", "volume"], splits)[["close", "volume"]].to_numpy().tolist()
    [[45.0, 20.0], [45.0, 20.0]]
    """
    place = f"[tables.{name}] unadjusted"
    day, can = ADJUSTABLE.get(name, ("", ()))
    if wrong := [column for column in columns if column not in can or column not in rows]:
        there = listed(column for column in can if column in rows)
        raise InputError(
            f"{name}: {place}: '{wrong[0]}' is no column with a split basis. These are: {there or 'none here'}."
        )
    if splits is None or splits.empty:
        raise InputError(
            f"{name}: {place} wants the table of splits, and there is none: {listed(columns)} would stay on the basis of "
            f"each day. Give [tables.splits], or take out unadjusted where nothing was split."
        )
    later = splits.sort_values("ex_date", ascending=False).astype({"ex_date": NANOSECONDS})
    later = later.assign(factor=later.groupby("ticker")["ratio"].cumprod())[["ticker", "ex_date", "factor"]]
    wanted = rows.loc[rows[day].notna(), [day, "ticker"]].rename(columns={day: "ex_date"}).astype({"ex_date": NANOSECONDS})
    wanted, later = (frame.sort_values("ex_date", kind="stable") for frame in (wanted.reset_index(), later))
    found = pd.merge_asof(wanted, later, on="ex_date", by="ticker", direction="forward", allow_exact_matches=False)
    factor = found.set_index("index")["factor"].reindex(rows.index).fillna(1.0)
    return rows.assign(**{ours: rows[ours] * factor if ours in COUNTED else rows[ours] / factor for ours in columns})


def shares_of_cap(shares: pd.DataFrame, prices: pd.DataFrame) -> pd.Series:
    """Share counts from capitalisations: over the last close at or before the day they are known."""
    return shares["market_cap"] / close_then(shares, "available_from", prices, "shares")


def weights_of_values(holdings: pd.DataFrame) -> pd.Series:
    """Weights from market values, cash included: each over the sum of its portfolio and day.

    Examples
    --------
    >>> rows = pd.DataFrame({"portfolio": "m", "date": "2025-03-31", "market_value": [75.0, 25.0]})
    >>> weights_of_values(rows).tolist()
    [0.75, 0.25]
    """
    total = holdings.groupby(["portfolio", "date"], sort=False)["market_value"].transform("sum")
    return holdings["market_value"] / total


def weights_of_quantities(holdings: pd.DataFrame, prices: pd.DataFrame) -> pd.Series:
    """Weights from quantities at the last close; a quantity of CASH is money."""
    close = close_then(holdings, "date", prices, "holdings").where(holdings["ticker"] != CASH, 1.0)
    without = close.isna()
    if without.any():
        raise InputError(
            f"holdings: no close to value {listed(holdings.loc[without, 'ticker'].unique())} by. Add its prices."
        )
    return weights_of_values(holdings.assign(market_value=holdings["quantity"] * close))


def daily_rates(rates: pd.DataFrame, prices: pd.DataFrame, *, days_of_year: int, calendar: bool) -> pd.DataFrame:
    """Returns of the days of prices from rates of a year, of days or months: the last one known, no more than 31 days old.

    Parameters
    ----------
    days_of_year
        252 sessions, or 360 or 365 days.
    calendar
        Whether a session earns the rate of each day since the session before: three on a Monday. Before the first session
        of prices lies a weekday.

    Examples
    --------
    >>> prices = pd.DataFrame({"date": pd.to_datetime(["2025-02-28", "2025-03-03", "2025-03-04"])})
    >>> rates = pd.DataFrame({"date": pd.to_datetime(["2025-02-28"]), "yearly_rate": [0.036]})
    >>> daily_rates(rates, prices, days_of_year=360, calendar=True)["risk_free"].round(6).tolist()
    [0.0001, 0.0003, 0.0001]
    """
    sessions = pd.DataFrame({"date": np.sort(prices["date"].unique())}).astype({"date": NANOSECONDS})
    known = rates[rates["yearly_rate"].notna() & rates["date"].notna()].astype({"date": NANOSECONDS}).sort_values("date")
    if known["date"].duplicated().any():
        twice = known.loc[known["date"].duplicated(), "date"]
        raise InputError(f"rates: two rates of {listed(f'{day:%Y-%m-%d}' for day in twice)}. Keep one row each.")
    before = sessions["date"].shift(1)
    before.iloc[:1] = sessions["date"].iloc[:1] - pd.tseries.offsets.BDay(1)
    days = (sessions["date"] - before).dt.days if calendar else 1
    found = pd.merge_asof(sessions.assign(days=days), known, on="date", tolerance=KNOWN_FOR)
    found["risk_free"] = found["yearly_rate"] * found["days"] / days_of_year
    return found.dropna(subset=["risk_free"]).drop(columns="days").reset_index(drop=True)


Where = Callable[[int], str]  # the place of a row of a table in its files


def filled(code: str, digits: int) -> str:
    """A code of digits alone with the zeros in front that a number lost; another as it is.

    Examples
    --------
    >>> filled("5930", 6), filled("A5930", 6)
    ('005930', 'A5930')
    """
    return code.zfill(digits) if code.isdecimal() else code


def respelt(codes: pd.Series, beginnings: Mapping[str, str], endings: Mapping[str, str], digits: int = 0) -> pd.Series:
    """Codes as ours are spelt: with what stands before and behind, and with the zeros in front that a number lost.

    What no code begins or ends with changes nothing, nor do `digits` a code with a letter or one that is as long.

    Examples
    --------
    >>> respelt(pd.Series(["A US", "B LN", "CASH"]), {}, {" US": " US Equity"}).tolist()
    ['A US Equity', 'B LN', 'CASH']
    >>> respelt(pd.Series(["XA:A", "XB:B"]), {"XA:": "", "XB:": ""}, {"": " US"}).tolist()
    ['A US', 'B US']
    >>> respelt(pd.Series(["5930", "660", "A5930"]), {}, {}, 6).tolist()
    ['005930', '000660', 'A5930']
    """
    known = {code: code for code in codes.dropna().unique()}
    for code in known:
        if code == CASH:
            continue
        beginning = max((text for text in beginnings if code.startswith(text)), key=len, default="")
        ending = max((text for text in endings if code.endswith(text)), key=len, default="")
        plain = code.removeprefix(beginning).removesuffix(ending)
        known[code] = beginnings.get(beginning, "") + filled(plain, digits) + endings.get(ending, "")
    return codes.map(known)


def tickers_of(codes: pd.Series, securities: pd.DataFrame, column: str, name: str, where: Where | None = None) -> pd.Series:
    """Tickers of the codes by which an export names stocks; CASH is no code. `where` a row was read from is for messages.

    Raises
    ------
    InputError
        For a code that two tickers have, and one that nobody has.
    """
    there = securities.loc[securities[column].notna(), [column, "ticker"]]
    twice = there[column][there[column].duplicated()].unique()
    if len(twice):
        raise InputError(f"securities: {listed(twice)} of '{column}' belong to several tickers. Give each its own.")
    known = there.set_index(column)["ticker"]
    out = codes.map(known).where(codes != CASH, CASH)
    unknown = codes[out.isna() & codes.notna()].drop_duplicates()
    if len(unknown):
        shown = listed(code if where is None else f"{code} ({where(row)})" for row, code in unknown.items())
        raise InputError(
            f"{name}: {counted(len(unknown), 'code')} that no row of securities has as '{column}': {shown}. Add "
            f"them there, or correct them; leave a row of totals, which is no stock, out of the export."
        )
    return out


@dataclass(frozen=True)
class Derivation:
    """How a column is worked out.

    Attributes
    ----------
    columns
        Of the same table, from which it is.
    work_out
        The table's rows, and the prices where it needs them -> the column, or the table of the sessions.
    of_prices
        Whether it needs the table of prices too.
    of_sessions
        Whether it gives the whole table, a row for each session, for the column.
    """

    columns: tuple[str, ...]
    work_out: Callable[[pd.DataFrame, pd.DataFrame], Any]
    of_prices: bool = False
    of_sessions: bool = False


def _yearly(days_of_year: int, *, calendar: bool) -> Derivation:
    daily = partial(daily_rates, days_of_year=days_of_year, calendar=calendar)
    return Derivation(("yearly_rate",), daily, of_prices=True, of_sessions=True)


DERIVED: dict[tuple[str, str], dict[str, Derivation]] = {  # by table and column of ours, then as the book names it
    ("prices", "total_return"): {
        "total_return_index": Derivation(("total_return_index",), lambda rows, _: return_of_index(rows)),
        "close and dividend": Derivation(("close", "dividend"), lambda rows, _: return_of_dividends(rows)),
    },
    ("shares", "shares_out"): {"market_cap / close": Derivation(("market_cap",), shares_of_cap, of_prices=True)},
    ("holdings", "weight"): {
        "market_value": Derivation(("market_value",), lambda rows, _: weights_of_values(rows)),
        "quantity x close": Derivation(("quantity",), weights_of_quantities, of_prices=True),
    },
    ("rates", "risk_free"): {
        "yearly_rate / 252": _yearly(252, calendar=False),
        "yearly_rate x days / 360": _yearly(360, calendar=True),
        "yearly_rate x days / 365": _yearly(365, calendar=True),
    },
}
