"""The raw indicators, each a pure function of the market: (time, asset), higher means more of the name it bears.

Row t uses only what is known at the close of day t. Per-share figures stand on the split basis of `close`, as in the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.windows import trailing_sum
from riskmodel.errors import InputError
from riskmodel.exposures.own import values_of
from riskmodel.factors import Descriptor
from riskmodel.facts import Fact
from riskmodel.market.timeline import as_of

RETURN_WINDOW = 60
LIQUIDITY_WINDOW = 20
DIVIDEND_WINDOW = 252
LEAST_SHARE_OF_WINDOW = 2 / 3
LEAST_YEARLY_CHANGES = 2
YEAR, YEAR_TOLERANCE = pd.Timedelta(days=365), pd.Timedelta(days=35)
FILING_LASTS = np.timedelta64(548, "D")  # eighteen months after the period's end a yearly figure is stale
ANNOUNCEMENT_LASTS = np.timedelta64(190, "D")  # two quarters
ORDINARY_INCOME = ("ordinary_income", "operating_income", "net_income")  # the first that is filed


class Unavailable(Exception):
    """The market has no data for a descriptor: why, as a fact or in words of your own, is in the coverage table."""

    def __init__(self, reason: Fact | str) -> None:
        super().__init__(reason)
        self.fact = Fact("said", {"text": reason}) if isinstance(reason, str) else reason

    def __str__(self) -> str:
        return self.fact.words()


@dataclass(frozen=True)
class Known:
    """Yearly figures as known at each filing: the latest year's, the year's before it, and the history of changes."""

    latest: pd.DataFrame
    prior: pd.DataFrame
    income_change_deviation: pd.Series
    asset: np.ndarray
    session: np.ndarray
    expires: np.ndarray


# ---------------------------------------------------------------- from prices


def market_return(market: xr.Dataset) -> xr.DataArray:
    """Return of the market, weighted by the capitalisation at the close before; (time), decimals.

    Every asset with a capitalisation the day before and a return counts.
    """
    cap = market["market_cap"].shift(time=1).where(market["total_return"].notnull())
    return (cap * market["total_return"]).sum("asset") / cap.sum("asset").where(lambda total: total > 0)


def market_sensitivity(market: xr.Dataset) -> xr.DataArray:
    """Slope of the last 60 daily returns on the market's; at least 40 returns.

    Notes
    -----
    beta_i = cov(r_i, r_m) / var(r_m) over the days on which i has a return; r_m as in `market_return`.
    Sharpe (1964); the 60-day window is the published indicator's.
    """
    own = market["total_return"].to_numpy()
    common = np.broadcast_to(market_return(market).to_numpy()[:, None], own.shape)
    common = np.where(np.isnan(own), np.nan, common)
    life = market["life"].to_numpy()
    sums = {
        name: trailing_sum(values, RETURN_WINDOW, life)[0]
        for name, values in {"i": own, "m": common, "im": own * common, "mm": common**2}.items()
    }
    count = trailing_sum(own * common, RETURN_WINDOW, life)[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = sums["im"] - sums["i"] * sums["m"] / count
        variance = sums["mm"] - sums["m"] ** 2 / count
        slope = covariance / variance
    return _where_enough(market, np.where(variance > 0, slope, np.nan), count, RETURN_WINDOW)


def momentum(market: xr.Dataset) -> xr.DataArray:
    """Log of the compounded total return of the last 60 days, no day skipped; at least 40 returns.

    Jegadeesh & Titman (1993), with the published indicator's window.
    """
    with np.errstate(divide="ignore"):
        logs = np.log1p(market["total_return"].to_numpy())
    total, count = trailing_sum(np.where(np.isneginf(logs), np.nan, logs), RETURN_WINDOW, market["life"].to_numpy())
    return _where_enough(market, total, count, RETURN_WINDOW)


def volatility(market: xr.Dataset) -> xr.DataArray:
    """Standard deviation (ddof 1) of the last 60 daily returns; at least 40 returns. Ang, Hodrick, Xing & Zhang (2006)."""
    own = market["total_return"].to_numpy()
    total, count = trailing_sum(own, RETURN_WINDOW, market["life"].to_numpy())
    squares, _ = trailing_sum(own**2, RETURN_WINDOW, market["life"].to_numpy())
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (squares - total**2 / count) / (count - 1)
    return _where_enough(market, np.sqrt(np.clip(variance, 0, None)), count, RETURN_WINDOW)


def traded_value(market: xr.Dataset) -> xr.DataArray:
    """Log of the mean traded value (close x volume) of the last 20 days; at least 14 days.

    Amihud & Mendelson (1986) for traded value as a measure of liquidity.
    """
    total, count = trailing_sum((market["close"] * market["volume"]).to_numpy(), LIQUIDITY_WINDOW, market["life"].to_numpy())
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(total / count)
    return _where_enough(market, np.where(np.isfinite(logs), logs, np.nan), count, LIQUIDITY_WINDOW)


def paid_dividend_yield(market: xr.Dataset) -> xr.DataArray:
    """Distributions of the last 252 days over price: the sum of total return less the move of the close; at least 168 days.

    d = sum_t [r_t - (close_t / close_t-1 - 1)]. Spin-offs are in it, as in total_return; winsorising meets the few large
    ones. Litzenberger & Ramaswamy (1979).
    """
    move = market["close"].to_numpy()[1:] / market["close"].to_numpy()[:-1] - 1
    paid = market["total_return"].to_numpy() - np.vstack([np.full((1, move.shape[1]), np.nan), move])
    total, count = trailing_sum(paid, DIVIDEND_WINDOW, market["life"].to_numpy())
    return _where_enough(market, total, count, DIVIDEND_WINDOW)


def log_market_cap(market: xr.Dataset) -> xr.DataArray:
    """Log of market capitalisation. Banz (1981)."""
    cap = market["market_cap"]
    return cap.copy(data=np.log(cap.where(cap > 0).to_numpy()))


def log_price(market: xr.Dataset) -> xr.DataArray:
    """Log of the price as traded: close times the ratios of later splits. Miller & Scholes (1982)."""
    return market["close"].copy(data=np.log(market["traded_price"].to_numpy()))


# ---------------------------------------------------------------- from filings


def yearly_figures(market: xr.Dataset) -> Known:
    """What is known of each company's yearly figures at each of its filings.

    At each filing the known history is the latest version of every period filed until then; `latest` is the newest
    period, `prior` the one that ended 330 to 400 days before it. `best_income` is ordinary income, or operating, or net
    income, the first that is filed. `income_change_deviation` is the standard deviation (ddof 1) of the yearly changes of
    net income over assets in that history, at least two changes.
    """
    columns = [str(name) for name in market.data_vars if market[name].dims == ("filing",)]
    filings = market[columns].to_dataframe().reset_index(drop=True)
    ordinary = [filings[c] for c in ORDINARY_INCOME if c in filings]
    filings["best_income"] = pd.concat(ordinary, axis=1).bfill(axis=1).iloc[:, 0]
    filings["income_to_assets"] = _ratio(filings["net_income"], filings["total_assets"])
    filings["event"] = np.arange(len(filings))
    session = np.searchsorted(market["time"].to_numpy(), filings["filing_known"].to_numpy())
    session = np.where(filings["filing_known"].isna(), market.sizes["time"], session)
    filings["session"] = session

    keys = filings[["filing_ticker", "session", "event"]]
    history = keys.merge(filings, on="filing_ticker", suffixes=("_at", ""))
    seen = (history["session"] < history["session_at"]) | (
        (history["session"] == history["session_at"]) & (history["event"] <= history["event_at"])
    )
    history = history[seen].sort_values(["event_at", "filing_period_end", "event"])
    history = history.drop_duplicates(["event_at", "filing_period_end"], keep="last")
    before = _a_year_before(history)
    change = history["income_to_assets"] - before["income_to_assets"]
    deviation = change.groupby(history["event_at"]).agg(["std", "count"])
    newest = ~history.duplicated("event_at", keep="last")
    latest = history[newest].set_index("event_at")
    return Known(
        latest=latest,
        prior=before[newest].set_index(latest.index),
        income_change_deviation=deviation["std"].where(deviation["count"] >= LEAST_YEARLY_CHANGES),
        asset=pd.Index(market["asset"].to_numpy()).get_indexer(filings["filing_ticker"]),
        session=session,
        expires=(latest["filing_period_end"] + FILING_LASTS).to_numpy(),
    )


def _a_year_before(history: pd.DataFrame) -> pd.DataFrame:
    """For each row the same history's period that ended 330 to 400 days before, the nearest to a year; on its index."""
    wanted = history[["event_at"]].assign(day=history["filing_period_end"] - YEAR, row=history.index)
    nearest = pd.merge_asof(
        wanted.sort_values("day"),
        history.assign(day=history["filing_period_end"]).sort_values("day"),
        on="day",
        by="event_at",
        tolerance=YEAR_TOLERANCE,
        direction="nearest",
    )
    return nearest.set_index("row").reindex(history.index)


def operating_margin(known: Known) -> pd.Series:
    """Operating income over revenue; revenue above zero. Soliman (2008)."""
    _require(known, "operating_income")
    return _ratio(known.latest["operating_income"], known.latest["revenue"])


def return_on_equity(known: Known) -> pd.Series:
    """Net income over book equity; equity above zero. Haugen & Baker (1996)."""
    return _ratio(known.latest["net_income"], known.latest["equity"])


def return_on_assets(known: Known) -> pd.Series:
    """Net income over total assets. Balakrishnan, Bartov & Faurel (2010)."""
    return known.latest["income_to_assets"]


def revenue_growth(known: Known) -> pd.Series:
    """Revenue over the prior year's, less one; both years known. Lakonishok, Shleifer & Vishny (1994)."""
    return _ratio(known.latest["revenue"], known.prior["revenue"]) - 1


def ordinary_income_growth(known: Known) -> pd.Series:
    """Change of ordinary income on the prior year over its absolute value then; both years from the same line of the filing.

    The absolute value keeps the sign of the change where the prior year was a loss. Lakonishok, Shleifer & Vishny (1994)
    use earnings growth in this sense.
    """
    growth = pd.Series(np.nan, known.latest.index)
    for source in (c for c in ORDINARY_INCOME if c in known.latest):
        now, before = known.latest[source], known.prior[source]
        growth = growth.fillna(_ratio(now - before, before.abs()))
    return growth


def capital_turnover(known: Known) -> pd.Series:
    """Revenue over total assets. Altman (1968), fifth ratio."""
    return _ratio(known.latest["revenue"], known.latest["total_assets"])


def equity_ratio(known: Known) -> pd.Series:
    """Book equity over total assets: the inverse of financial leverage, so that more is safer.

    Unlike assets over equity it stays in order where equity is negative. Bhandari (1988) for leverage as a risk factor.
    """
    return _ratio(known.latest["equity"], known.latest["total_assets"])


def cash_flow_to_liabilities(known: Known) -> pd.Series:
    """Operating cash flow over total liabilities; defined for companies without interest-bearing debt.

    Beaver (1966), whose total debt is all liabilities.
    """
    return _ratio(known.latest["operating_cash_flow"], known.latest["total_liabilities"])


def income_stability(known: Known) -> pd.Series:
    """Minus the standard deviation of yearly changes of net income over assets; two or more. Dichev & Tang (2009)."""
    return -known.income_change_deviation


def ordinary_income_known(known: Known) -> pd.Series:
    """Ordinary income of the latest year, to be set against the market's capitalisation. Basu (1977)."""
    return known.latest["best_income"]


def equity_known(known: Known) -> pd.Series:
    """Book equity of the latest year, to be set against the market's capitalisation. Rosenberg, Reid & Lanstein (1985)."""
    return known.latest["equity"]


def dividends_known(known: Known) -> pd.Series:
    """Dividends a share of the latest year, to be set against the close. Litzenberger & Ramaswamy (1979)."""
    _require(known, "dividends_per_share")
    return known.latest["dividends_per_share"]


# ---------------------------------------------------------------- from announcements


def earnings_surprise(market: xr.Dataset) -> xr.DataArray:
    """Actual less estimated earnings a share of the last announcement, over the close; for 190 days.

    Livnat & Mendenhall (2006), with the analysts' estimate and scaled by price.
    """
    if not market.sizes["announcement"]:
        raise Unavailable(Fact("no_announcements"))
    known = market["announcement_known"].to_numpy()
    session = np.where(np.isnat(known), market.sizes["time"], np.searchsorted(market["time"].to_numpy(), known))
    asset = pd.Index(market["asset"].to_numpy()).get_indexer(market["announcement_ticker"].to_numpy())
    difference = (market["eps_actual"] - market["eps_estimate"]).to_numpy()
    return _carried(market, asset, session, difference, known + ANNOUNCEMENT_LASTS) / market["close"]


# ---------------------------------------------------------------- all of them


def _from_filings(figure: Callable[[Known], pd.Series], over: str | None = None) -> Callable[..., xr.DataArray]:
    def descriptor(market: xr.Dataset, known: Known) -> xr.DataArray:
        carried = _carried(market, known.asset, known.session, figure(known).to_numpy(dtype=float), known.expires)
        return carried if over is None else carried / market[over].where(market[over] > 0)

    return descriptor


def _from_market(function: Callable[[xr.Dataset], xr.DataArray]) -> Callable[..., xr.DataArray]:
    return lambda market, known: function(market)


DESCRIPTORS: dict[str, Callable[[xr.Dataset, Known], xr.DataArray]] = {
    "operating_margin": _from_filings(operating_margin),
    "return_on_equity": _from_filings(return_on_equity),
    "return_on_assets": _from_filings(return_on_assets),
    "revenue_growth": _from_filings(revenue_growth),
    "ordinary_income_growth": _from_filings(ordinary_income_growth),
    "capital_turnover": _from_filings(capital_turnover),
    "equity_ratio": _from_filings(equity_ratio),
    "cash_flow_to_liabilities": _from_filings(cash_flow_to_liabilities),
    "ordinary_income_to_price": _from_filings(ordinary_income_known, over="market_cap"),
    "book_to_price": _from_filings(equity_known, over="market_cap"),
    "dividend_yield": _from_filings(dividends_known, over="close"),
    "paid_dividend_yield": _from_market(paid_dividend_yield),
    "earnings_surprise": _from_market(earnings_surprise),
    "income_stability": _from_filings(income_stability),
    "market_sensitivity": _from_market(market_sensitivity),
    "log_market_cap": _from_market(log_market_cap),
    "log_price": _from_market(log_price),
    "momentum": _from_market(momentum),
    "volatility": _from_market(volatility),
    "traded_value": _from_market(traded_value),
}


def raw_descriptor(descriptor: str | Descriptor, market: xr.Dataset, known: Known) -> np.ndarray:
    """Values of a descriptor, (time, asset): of a function of one's own, a built-in one, or the table `descriptors`.

    Raises
    ------
    Unavailable
        Where the market has no data for it.
    InputError
        For a name that nobody knows, and for a function whose answer is not by (time, asset).
    """
    if isinstance(descriptor, Descriptor):
        return values_of(descriptor, market)
    given = [str(name) for name in market["descriptor"].to_numpy()] if "descriptor_value" in market else []
    if descriptor in DESCRIPTORS and descriptor in given:
        raise InputError(f"styles: '{descriptor}' is built in and in the table descriptors. Rename that of the table.")
    if descriptor in DESCRIPTORS:
        return np.asarray(DESCRIPTORS[descriptor](market, known).to_numpy())
    if descriptor not in given:
        raise InputError(
            f"styles: no descriptor '{descriptor}'. Built in: {', '.join(DESCRIPTORS)}. "
            f"In the table descriptors: {', '.join(given) or 'no table'}."
        )
    values = market["descriptor_value"].isel(descriptor=given.index(descriptor)).transpose("time", "asset").to_numpy()
    return np.where(market["life"].to_numpy() >= 0, values, np.nan)


def ordinary_income_sources(market: xr.Dataset) -> Fact:
    """Which items stand for ordinary income, each with its share of the filings that have any."""
    there = [c for c in ORDINARY_INCOME if c in market]
    filled = pd.DataFrame({c: market[c].notnull().to_numpy() for c in there})
    first = filled.idxmax(axis=1).where(filled.any(axis=1))
    shares = first.value_counts(normalize=True).reindex(there).dropna()
    return Fact("ordinary_income", {"sources": {str(name): float(share) for name, share in shares.items()}})


def _ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    return numerator / denominator.where(denominator > 0)


def _require(known: Known, column: str) -> None:
    if column not in known.latest or known.latest[column].isna().all():
        raise Unavailable(Fact("no_column", {"column": column}))


def _where_enough(market: xr.Dataset, values: np.ndarray, count: np.ndarray, window: int) -> xr.DataArray:
    enough = (count >= np.ceil(LEAST_SHARE_OF_WINDOW * window)) & (market["life"].to_numpy() >= 0)
    return market["close"].copy(data=np.where(enough, values, np.nan))


def _carried(
    market: xr.Dataset, asset: np.ndarray, session: np.ndarray, values: np.ndarray, expires: np.ndarray
) -> xr.DataArray:
    """Carry the last event's value forward until it expires; an asset without a price has none."""
    shape = (market.sizes["time"], market.sizes["asset"])
    event = as_of(session, asset, np.arange(len(values), dtype=float), shape)
    position = np.where(np.isnan(event), len(values), event).astype(np.intp)
    value = np.append(values, np.nan)[position]
    until = np.append(expires.astype("datetime64[ns]"), np.datetime64("NaT", "ns"))[position]
    fresh = (market["time"].to_numpy()[:, None] <= until) & (market["life"].to_numpy() >= 0)
    return market["close"].copy(data=np.where(fresh, value, np.nan))
