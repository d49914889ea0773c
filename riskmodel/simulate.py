"""Simulated markets whose factor returns, exposures and specific returns are known, seen through the usual raw tables.

Nothing here is a real company or a real price. The calendar is that of US federal holidays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from pandas.tseries.holiday import USFederalHolidayCalendar
from pandas.tseries.offsets import CustomBusinessDay

from riskmodel.errors import InputError, listed
from riskmodel.exposures import ExposureSettings, UniverseRule, estimation_universe, factor_exposures, sector_codes
from riskmodel.factors import MARKET, STYLES
from riskmodel.market import build_market

Tables = dict[str, pd.DataFrame]

SECTORS = (
    *("Communication Services", "Consumer Discretionary", "Consumer Staples", "Energy", "Financials", "Health Care"),
    *("Industrials", "Information Technology", "Materials", "Real Estate", "Utilities"),
)
SYLLABLES = dict(
    zip(
        "ka ki ku ko sa shi so ta chi to na ni no ha hi fu ma mi mo ya yu ra ri ro wa".split(),
        "カ キ ク コ サ シ ソ タ チ ト ナ ニ ノ ハ ヒ フ マ ミ モ ヤ ユ ラ リ ロ ワ".split(),
        strict=True,
    )
)
# Daily volatilities. Each style is either well above three times the error of its estimate, or well below.
STYLE_VOLATILITY = {
    "profitability": 0.0050,
    "growth": 0.0040,
    "activity": 0.0008,
    "financial_safety": 0.0040,
    "value": 0.0050,
    "shareholder_return": 0.0008,
    "surprise": 0.0040,
    "eps_stability": 0.0008,
    "market_sensitivity": 0.0040,
    "size": 0.0060,
    "price_level": 0.0008,
    "momentum": 0.0050,
    "volatility": 0.0055,
    "liquidity": 0.0060,
}
MARKET_MEAN, MARKET_VOLATILITY, SECTOR_VOLATILITY = 0.0005, 0.010, 0.004
MARKET_PART_OF_SENSITIVITY = 0.35  # market_sensitivity's return on the market's, so that betas persist
SPECIFIC_VOLATILITY = 0.014  # of the median company, a day
SPECIFIC_RISK = {"inverse_sqrt_cap": -0.25, "flat": 0.0, "sqrt_cap": 0.25}  # its variance ~ cap ** (2 x power)
CONVERGED, MOST_ROUNDS = 2e-6, 60

LARGE, SMALL, WIDE = "Large Index", "Small Index", "Wide Index"
LARGE_SHARE, SMALL_SHARE = 3 / 8, 1 / 2  # of all companies, by market cap; the rest are in neither
TRACKING_NOISE = 2e-4  # of an official index level, a day
SLEEVES = {  # portfolio: index, names, the exposures whose sum ranks them
    "major": (LARGE, 22, ("profitability", "financial_safety", "eps_stability")),
    "next_major": (SMALL, 23, ("growth", "growth", "momentum")),
}
SLEEVE_LISTS, WEIGHT_MAX = 14, 0.09
LEAST_MONTHS, LEAST_ASSETS = 8, 150


@dataclass(frozen=True)
class SimulatedMarket:
    """A market and what is true of it.

    Attributes
    ----------
    tables
        The raw tables, as `riskmodel.tables.read_table` returns them; `build_market` takes them as they are. Prices and
        earnings are numbers of single precision, which is how they may be stored.
    truth
        `factor_returns` (time, factor), `exposures` (time, style, asset) stamped with the close at which they are known, and
        `specific_returns` (time, asset), decimals, for the tables as they stand: total_return of day t is the market's
        return, the sector's, exposures of t-1 times the styles', and the specific return, to rounding. NaN on the days before
        an estimation universe is known.
    """

    tables: Tables
    truth: xr.Dataset


def simulate(
    *,
    assets: int = 400,
    seed: int = 20250331,
    start: str = "2023-08-01",
    end: str = "2025-03-31",
    specific: str = "inverse_sqrt_cap",
) -> SimulatedMarket:
    """Make a market from a seed: companies with prices, filings, estimates, dividends and splits, two indices, two sleeves.

    Parameters
    ----------
    assets
        Number of companies, at least 150.
    seed
        The same seed gives the same market.
    start, end
        First and last date, at least eight months apart. The first sixty sessions have no estimation universe.
    specific
        How the variance of specific returns goes with market capitalisation: "inverse_sqrt_cap" (what the regression's
        weights suppose), "flat" or "sqrt_cap" (the other way round).

    Returns
    -------
    SimulatedMarket

    Raises
    ------
    InputError
        Where `specific` is unknown, or there are too few companies or months for the events that a market has: two
        splits, one of them of a held name, a held name that misses three sessions and another that delists in mid-month, a
        delisting and a long gap outside the sleeves, late listings, missing volumes, estimates and filed figures.

    Notes
    -----
    r_i,t = f_mkt,t + f_sector(i),t + sum_k X_ik,t-1 f_k,t + u_i,t, where X_t-1 is what the model itself makes of the tables at
    the close of t-1, and the sector returns, weighted by the caps of t-1, sum to zero. Prices make exposures and exposures
    make the next day's prices, so that the market is a fixed point: starting from returns of a latent beta model, all
    exposures are computed from the tables and all returns from the exposures, until nothing moves by more than 2e-6. A
    day depends on earlier days only, which is why this converges, in a dozen rounds. What is left goes to the specific returns.
    """
    if specific not in SPECIFIC_RISK:
        raise InputError(f"specific: unknown kind {specific!r}. Known: {', '.join(SPECIFIC_RISK)}.")
    sessions = pd.date_range(start, end, freq=CustomBusinessDay(calendar=USFederalHolidayCalendar()), unit="ns")
    months = sessions.to_period("M")
    if assets < LEAST_ASSETS or months.nunique() < LEAST_MONTHS:
        raise InputError(
            f"simulate: {assets} companies over {months.nunique()} months; the events of a market need at least "
            f"{LEAST_ASSETS} and {LEAST_MONTHS}."
        )
    streams = iter([np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(10)])
    company = companies(next(streams), assets)
    traded = trading_days(next(streams), company, months)
    filed = filings(next(streams), company, sessions)
    dividends = dividends_paid(next(streams), company, traded)
    volume = traded_volume(next(streams), company, traded)
    known = {
        "securities": company[["ticker", "name", "name_ja", "sector"]],
        "splits": split_events(company, sessions),
        "fundamentals": filed,
        "earnings": announcements(next(streams), company, filed, sessions),
        "shares": share_counts(next(streams), company, sessions),
    }
    drawn = drawn_returns(next(streams), company, sessions, SPECIFIC_RISK[specific])
    prices, market, truth = fixed_point(drawn, known, company, traded, dividends, volume)

    rng = next(streams)
    lists = constituent_lists(market, np.flatnonzero(~months.duplicated(keep="last")))
    tables = known | {
        "prices": prices,
        "constituents": lists,
        "indices": index_levels(rng, market, lists),
        "holdings": sleeve_holdings(rng, market, truth["exposures"], lists),
    }
    return SimulatedMarket(tables=tables | rates_and_fx(next(streams), sessions), truth=truth)


# ---------------------------------------------------------------- the loop from prices to exposures to prices


def drawn_returns(rng: np.random.Generator, company: pd.DataFrame, sessions: pd.DatetimeIndex, power: float) -> xr.Dataset:
    """Factor returns and specific returns as drawn, and the returns of the latent beta model that begins the market."""
    days, count = len(sessions), len(company)
    market = rng.normal(MARKET_MEAN, MARKET_VOLATILITY, days)
    sector = rng.normal(0, SECTOR_VOLATILITY, (days, len(SECTORS)))
    style = rng.normal(0, list(STYLE_VOLATILITY.values()), (days, len(STYLES)))
    sensitivity = list(STYLES).index("market_sensitivity")
    style[:, sensitivity] += MARKET_PART_OF_SENSITIVITY * (market - MARKET_MEAN)
    scale = (company["cap"] / company["cap"].median()) ** power * np.exp(rng.normal(0, 0.25, count))
    specific = rng.normal(0, 1, (days, count)) * SPECIFIC_VOLATILITY * scale.to_numpy()
    own_sector = sector[:, np.searchsorted(SECTORS, company["sector"].to_numpy())]
    latent = company["beta"].to_numpy() * market[:, None] + own_sector + specific
    factors = [MARKET, *SECTORS, *STYLES]
    return xr.Dataset(
        {
            "factor_returns": (("time", "factor"), np.hstack([market[:, None], sector, style])),
            "specific_returns": (("time", "asset"), specific),
            "latent": (("time", "asset"), latent),
        },
        coords={"time": sessions, "asset": company["ticker"].to_numpy(dtype=object), "factor": factors},
    )


def fixed_point(
    drawn: xr.Dataset, known: Tables, company: pd.DataFrame, traded: np.ndarray, dividends: np.ndarray, volume: np.ndarray
) -> tuple[pd.DataFrame, xr.Dataset, xr.Dataset]:
    """The prices table whose returns are the model's own exposures times the factor returns, its market, and its truth."""
    no_index = pd.DataFrame({"date": drawn["time"].to_index()[:0], "index": pd.Series(dtype="str"), "level": np.zeros(0)})
    returns = drawn["latent"].to_numpy()
    for _ in range(MOST_ROUNDS):
        prices = price_table(returns, company, traded, dividends, volume, drawn["time"].to_index())
        market = build_market(known | {"prices": prices, "indices": no_index})
        truth = explained(market, drawn["factor_returns"])
        modelled = (market["total_return"] - truth["specific_returns"] + drawn["specific_returns"]).to_numpy()
        wanted = np.where(np.isnan(modelled), drawn["latent"].to_numpy(), modelled)
        moved, returns = np.abs(wanted - returns).max(), wanted
        if moved < CONVERGED:
            return prices, market, truth
    raise RuntimeError(f"returns still move by {moved:.1e} after {MOST_ROUNDS} rounds")


def explained(market: xr.Dataset, drawn: xr.DataArray) -> xr.Dataset:
    """Truth of a market: the factor returns with the sectors' centred, the model's exposures, and what is left of each return.

    Parameters
    ----------
    market
        From `build_market`.
    drawn
        (time, factor), decimals; of the sectors' returns only the differences count.
    """
    universe = estimation_universe(market, UniverseRule()).to_numpy()
    exposures = factor_exposures(market, universe=market["close"].copy(data=universe), settings=ExposureSettings())["exposures"]
    total, sector = market["total_return"].to_numpy(), sector_codes(market)
    member = sector[:, None] == np.arange(len(SECTORS))
    factor = drawn.to_numpy().copy()
    first_style = 1 + len(SECTORS)
    estimating = universe[:-1] & ~np.isnan(total[1:])
    cap = np.where(estimating, market["market_cap"].to_numpy()[:-1], 0.0) @ member
    mean = (cap * factor[1:, 1:first_style]).sum(axis=1) / np.where(estimating.any(axis=1), cap.sum(axis=1), np.nan)
    factor[1:, 1:first_style] -= mean[:, None]
    factor[np.append(True, np.isnan(mean))] = np.nan
    styled = np.einsum("tk,tka->ta", factor[1:, first_style:], exposures.to_numpy()[:-1])
    modelled = factor[1:, :1] + factor[1:, 1:first_style][:, sector] + styled
    specific = total - np.vstack([np.full((1, total.shape[1]), np.nan), modelled])
    return xr.Dataset(
        {
            "factor_returns": drawn.copy(data=factor),
            "exposures": exposures.rename(factor="style"),
            "specific_returns": market["total_return"].copy(data=specific),
        }
    )


def price_table(
    returns: np.ndarray,
    company: pd.DataFrame,
    traded: np.ndarray,
    dividends: np.ndarray,
    volume: np.ndarray,
    sessions: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Closes that follow the returns less dividends, and the total returns of the rounded closes; a row a traded day."""
    close = np.full(returns.shape, np.nan)
    last = company["price"].to_numpy()
    for day in range(len(sessions)):
        move = returns[day] if day else 0.0
        last = np.where(traded[day], stored(last * (1 + move) - dividends[day], decimals=4), last)
        close[day] = np.where(traded[day], last, np.nan)
    total = np.full_like(close, np.nan)
    total[1:] = stored((close[1:] + dividends[1:]) / close[:-1] - 1, decimals=7)
    asset, day = np.nonzero(traded.T)
    ticker = company["ticker"].array.take(asset)
    cells = {"close": close[day, asset], "total_return": total[day, asset], "volume": volume[day, asset]}
    return pd.DataFrame({"date": sessions[day], "ticker": ticker} | cells)


def stored(values: np.ndarray, *, decimals: int) -> np.ndarray:
    """Round as the tables hold it: `decimals` places, single precision."""
    return np.round(values, decimals).astype(np.float32).astype(np.float64)


# ---------------------------------------------------------------- the companies and their raw facts


def companies(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Labels and traits of the companies, by ticker; `part` names those with a part in the events of the market."""
    letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(rng.choice(letters, 4))] = None
    names = rng.permutation(len(SYLLABLES) ** 3)[:count]
    spoken, written = list(SYLLABLES), list(SYLLABLES.values())
    digits = np.stack(np.unravel_index(names, (len(SYLLABLES),) * 3), axis=1)
    company = pd.DataFrame(
        {
            "ticker": list(made),
            "name": ["".join(spoken[d] for d in row).capitalize() + " (simulated)" for row in digits],
            "name_ja": ["".join(written[d] for d in row) + "（架空）" for row in digits],
            "sector": rng.permutation(np.resize(SECTORS, count)),
            "cap": np.sort(5e9 * np.exp(1.2 * rng.normal(size=count)))[::-1],
            "price": np.clip(45 * np.exp(0.6 * rng.normal(size=count)), 6, 400).round(2),
            "beta": 1 + 0.35 * rng.normal(size=count),
        }
    )
    for trait in ("quality", "growth", "safety", "steadiness", "turnover", "payout"):
        company[trait] = rng.normal(size=count)
    company["part"] = ""
    # In order of size: 3/8 of the companies make the large index. The traits make the first three sleeve picks.
    for ticker, part, place in (
        ("NA", "held split", 0.05),
        ("TRUE", "held gap", 0.10),
        ("1E10", "split", 0.15),
        ("", "delisted", 0.25),
        ("", "long gap", 0.30),
        ("0130", "held delisted", 0.55),
        ("", "no filings", 0.60),
        ("", "no estimates", 0.65),
        *(("", "late", place) for place in (0.35, 0.45, 0.70, 0.85)),
    ):
        row = int(place * count)
        company.loc[row, "part"] = part
        if ticker:
            company.loc[row, "ticker"] = ticker
        company.loc[row, ["quality", "growth", "safety", "steadiness"]] = 2.0 if "held" in part else -1.0
    company.loc[rng.random(count) < 0.02, "name_ja"] = np.nan
    return company.sort_values("ticker", ignore_index=True).astype(dict.fromkeys(["ticker", "name", "name_ja", "sector"], "str"))


def trading_days(rng: np.random.Generator, company: pd.DataFrame, months: pd.PeriodIndex) -> np.ndarray:
    """Which company trades on which session, (time, asset) bool: late listings, gaps, and the end of some."""
    traded = np.ones((len(months), len(company)), dtype=bool)
    begin = np.flatnonzero(~months.duplicated())
    part = company["part"].to_numpy()
    traded[begin[-4] + 10 :, part == "held delisted"] = False
    traded[begin[-3] + 8 : begin[-3] + 11, part == "held gap"] = False
    traded[begin[-7] + 6 :, part == "delisted"] = False
    traded[begin[-6] + 4 : begin[-6] + 16, part == "long gap"] = False
    for late in np.flatnonzero(part == "late"):
        traded[: rng.integers(begin[1], begin[-5]), late] = False
    return traded


def split_events(company: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Splits of two named companies and of every fortieth, one of these the wrong way round."""
    parts = company["part"]
    rows = np.r_[np.flatnonzero(parts == "held split"), np.flatnonzero(parts == "split"), np.flatnonzero(parts == "")[20::40]]
    place = np.r_[len(sessions) - 45, np.linspace(0.4, 0.95, len(rows) - 1) * (len(sessions) - 1)].astype(int)
    ratio = np.resize([2.0, 3.0, 0.5, 1.5], len(rows))
    table = pd.DataFrame({"ticker": company["ticker"].array.take(rows), "ex_date": sessions[place], "ratio": ratio})
    return table.sort_values(["ticker", "ex_date"], ignore_index=True)


def share_counts(rng: np.random.Generator, company: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Shares outstanding, anew every half year from before the first session."""
    dates = pd.date_range(sessions[0] - pd.Timedelta(days=45), sessions[-1], freq="182D")
    drift = np.cumprod(1 + rng.normal(0, 0.01, (len(company), len(dates))), axis=1)
    count = ((company["cap"] / company["price"]).to_numpy()[:, None] * drift).round(-3)
    return pd.DataFrame(
        {
            "ticker": company["ticker"].repeat(len(dates)).array,
            "available_from": np.tile(dates, len(company)),
            "shares_out": count.ravel(),
        }
    )


def yearly_dividend(company: pd.DataFrame) -> np.ndarray:
    """Dividends a share a year, of the companies that pay: about 60 %, 1 to 5 % of the first price."""
    payout = company["payout"].to_numpy()
    quarterly = (company["price"] / 4 * np.clip(0.025 + 0.012 * payout, 0.01, 0.05)).round(2).to_numpy()
    return np.where(payout > -0.25, 4 * quarterly, 0.0)


def dividends_paid(rng: np.random.Generator, company: pd.DataFrame, traded: np.ndarray) -> np.ndarray:
    """Dividends a share by ex-date, (time, asset): every 63 sessions, on days that follow a traded day."""
    day = np.arange(len(traded))[:, None]
    due = (day + rng.integers(0, 63, len(company))) % 63 == 0
    due[1:] &= traded[1:] & traded[:-1]
    due[0] = False
    return np.where(due, yearly_dividend(company) / 4, 0.0)


def traded_volume(rng: np.random.Generator, company: pd.DataFrame, traded: np.ndarray) -> np.ndarray:
    """Shares traded, (time, asset); one cell in 500 is missing."""
    shares = (company["cap"] / company["price"]).to_numpy()
    usual = 0.006 * np.exp(0.9 * company["turnover"].to_numpy()) * shares
    volume = stored(usual * np.exp(rng.normal(0, 0.3, traded.shape)), decimals=-2)
    return np.where(rng.random(traded.shape) < 0.002, np.nan, volume)


def filings(rng: np.random.Generator, company: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Yearly figures of six fiscal years, filed 30 to 120 days after their end, some from before the first session.

    Some companies never file an operating income, a gross profit or a dividend; single figures are missing too.
    """
    company = company[company["part"] != "no filings"]
    year = np.arange(sessions[0].year - 4, sessions[-1].year)
    shape = (len(company), len(year))

    def trait(name: str) -> np.ndarray:
        return company[name].to_numpy()[:, None]

    def noise(scale: float) -> np.ndarray:
        return rng.normal(0, scale, shape)

    growth = np.cumsum(0.05 + 0.06 * trait("growth") + noise(0.05), axis=1)
    equity_share = np.clip(0.45 + 0.13 * trait("safety") + noise(0.02), 0.08, 0.92)
    book = trait("cap") * np.exp(rng.normal(-0.9, 0.5, (len(company), 1)))
    assets = (book / equity_share[:, :1]) * np.exp(growth - growth[:, 3:4])
    revenue = assets * np.exp(rng.normal(-0.3, 0.5, (len(company), 1)) + noise(0.05))
    income = assets * (0.06 + 0.03 * trait("quality") + noise(0.015) * np.exp(-0.6 * trait("steadiness")))
    liabilities = (assets * (1 - equity_share)).round(-3)
    operating = 1.3 * income + assets * noise(0.003)
    month_end = rng.choice([12, 12, 12, 6, 9, 3], len(company))
    period_end = pd.to_datetime({"year": np.tile(year, len(company)), "month": month_end.repeat(len(year)), "day": 1})
    figures = {
        "revenue": revenue,
        "gross_profit": revenue * np.clip(0.4 + 0.08 * trait("quality") + noise(0.01), 0.05, 0.95),
        "operating_income": operating,
        "ordinary_income": operating + assets * noise(0.002),
        "net_income": income,
        "total_assets": assets.round(-3),
        "total_liabilities": liabilities,
        "equity": assets.round(-3) - liabilities,
        "total_debt": liabilities * rng.uniform(0.2, 0.6, (len(company), 1)),
        "operating_cash_flow": income + assets * (0.04 + noise(0.01)),
    }
    never = {"operating_income": 0.2, "gross_profit": 0.25, "ordinary_income": 0.85, "dividends_per_share": 0.1}
    table = pd.DataFrame({"ticker": company["ticker"].repeat(len(year)).array})
    table["period_end"] = (period_end + pd.offsets.MonthEnd(0)).to_numpy()
    table["available_from"] = table["period_end"] + pd.to_timedelta(rng.integers(30, 121, len(table)), unit="D")
    for name, values in figures.items():
        table[name] = values.ravel().round(-3)
    paid = yearly_dividend(company)[:, None] * 1.04 ** (year - year[-1])
    table["dividends_per_share"] = paid.ravel().round(2)
    for name, share in never.items():
        table.loc[(rng.random(len(company)) < share).repeat(len(year)), name] = np.nan
    table.loc[rng.random(len(table)) < 0.01, "revenue"] = np.nan
    table.loc[rng.random(len(table)) < 0.01, "operating_cash_flow"] = np.nan
    young = table["ticker"].isin(company.loc[company["part"] == "late", "ticker"]) & (table["period_end"].dt.year < year[2])
    return table[~young].astype({"period_end": "datetime64[ns]", "available_from": "datetime64[ns]"}).reset_index(drop=True)


def announcements(
    rng: np.random.Generator, company: pd.DataFrame, filed: pd.DataFrame, sessions: pd.DatetimeIndex
) -> pd.DataFrame:
    """Quarterly earnings a share, estimated and actual, announced 20 to 49 days after the quarter, weekends not spared."""
    company = company[company["part"] != "no estimates"]
    quarters = pd.date_range(sessions[0] - pd.Timedelta(days=230), sessions[-1] - pd.Timedelta(days=50), freq="QE")
    shape = (len(company), len(quarters))
    income = filed.groupby("ticker")["net_income"].mean().reindex(company["ticker"]).fillna(0.0).to_numpy()
    usual = (income / 4 / (company["cap"] / company["price"]).to_numpy())[:, None]
    estimate = usual * (1 + rng.normal(0, 0.1, shape))
    actual = estimate + 0.004 * company["price"].to_numpy()[:, None] * rng.normal(0, 1, shape)
    estimate[rng.random(shape) < 0.02] = np.nan
    days = pd.to_timedelta(rng.integers(20, 50, shape).ravel(), unit="D")
    return pd.DataFrame(
        {
            "ticker": company["ticker"].repeat(len(quarters)).array,
            "announced": (pd.DatetimeIndex(np.tile(quarters, len(company))) + days).as_unit("ns"),
            "session": pd.array(rng.choice(["pre", "post"], shape[0] * shape[1]), dtype="str"),
            "eps_estimate": stored(estimate.ravel(), decimals=2),
            "eps_actual": stored(actual.ravel(), decimals=2),
        }
    )


def rates_and_fx(rng: np.random.Generator, sessions: pd.DatetimeIndex) -> Tables:
    """A risk-free return that falls from 5.3 to 4.3 % a year, and yen for a dollar, unknown on one session in a hundred."""
    yearly = np.linspace(0.053, 0.043, len(sessions)).round(3)
    yen = (142 * np.exp(np.cumsum(rng.normal(0, 0.006, len(sessions))))).round(2)
    fx = pd.DataFrame({"date": sessions, "pair": pd.array(["USDJPY"] * len(sessions), dtype="str"), "rate": yen})
    known = np.append(True, rng.random(len(sessions) - 1) > 0.01)
    return {"rates": pd.DataFrame({"date": sessions, "risk_free": (yearly / 252).round(8)}), "fx": fx[known].reset_index(drop=True)}


# ---------------------------------------------------------------- indices and sleeves, by rules


def constituent_lists(market: xr.Dataset, month_ends: np.ndarray) -> pd.DataFrame:
    """Cap-weighted lists of the two indices at the first session and at each month's last, by size among what trades."""
    cap, tickers, sessions = market["market_cap"].to_numpy(), market["asset"].to_numpy(), market["time"].to_index()
    large = int(LARGE_SHARE * cap.shape[1])
    ranks = {LARGE: slice(0, large), SMALL: slice(large, large + int(SMALL_SHARE * cap.shape[1]))}
    parts = []
    for day in [0, *month_ends]:
        order = np.argsort(-np.nan_to_num(cap[day]), kind="stable")[: np.isfinite(cap[day]).sum()]
        for index, rank in ranks.items():
            inside = np.sort(order[rank])
            weight = cap[day, inside] / cap[day, inside].sum()
            parts.append(pd.DataFrame({"index": index, "date": sessions[day], "ticker": tickers[inside], "weight": weight}))
    table = pd.concat(parts, ignore_index=True).sort_values(["index", "date", "ticker"], ignore_index=True)
    return table.astype({"index": "str", "ticker": "str"})


def index_levels(rng: np.random.Generator, market: xr.Dataset, lists: pd.DataFrame) -> pd.DataFrame:
    """Total-return levels: the lists held from each date to the next, plus tracking noise; and one of all companies, unlisted.

    A name that does not trade keeps its value; the return of the day on which it resumes is that of its close.
    """
    sessions = market["time"].to_index()
    moved = market["total_return"].fillna(market["bridged_return"]).fillna(0.0).to_pandas()
    cap = market["market_cap"].shift(time=1)
    daily = {WIDE: ((cap * moved.to_numpy()).sum("asset") / cap.sum("asset")).fillna(0.0).to_numpy()}
    for index, own in lists.groupby("index", sort=True):
        held = own.pivot(index="date", columns="ticker", values="weight").fillna(0.0)
        until = [*held.index[1:], sessions[-1]]
        spans = [
            (1 + moved.loc[(sessions > begin) & (sessions <= last), held.columns]).cumprod() @ weight
            for (begin, weight), last in zip(held.iterrows(), until, strict=True)
        ]
        daily[str(index)] = np.append(0.0, np.concatenate([np.diff(span, prepend=1.0) / np.append(1.0, span[:-1]) for span in spans]))
    parts = []
    for index in (LARGE, SMALL, WIDE):
        noise = np.where(np.arange(len(sessions)) > 0, rng.normal(0, TRACKING_NOISE, len(sessions)), 0.0)
        parts.append(pd.DataFrame({"date": sessions, "index": index, "level": (1000 * np.cumprod(1 + daily[index] + noise)).round(4)}))
    return pd.concat(parts, ignore_index=True).astype({"index": "str"})


def sleeve_holdings(
    rng: np.random.Generator, market: xr.Dataset, exposures: xr.DataArray, lists: pd.DataFrame
) -> pd.DataFrame:
    """Two sleeves at each month's last close: the best two names of each sector and the next best, and some cash.

    A sector's weight is half its index weight and half the same for all; inside a sector weights go with the square root of
    market cap, none above 9 %.
    """
    sector = market["sector"].to_series()
    parts = []
    for portfolio, (index, count, styles) in SLEEVES.items():
        own = lists[lists["index"] == index]
        for date in own["date"].drop_duplicates().iloc[1:].tail(SLEEVE_LISTS):
            weight = own[own["date"] == date].set_index("ticker")["weight"]
            score = exposures.sel(time=date, style=list(styles)).sum("style", skipna=False).to_series().reindex(weight.index)
            ranked = score.dropna().sort_values(ascending=False, kind="stable").index
            first = ranked.to_series().groupby(sector.reindex(ranked)).head(2).index
            chosen = first.append(ranked.difference(first, sort=False))[:count].sort_values()
            budget = weight.groupby(sector).sum() / 2 + 1 / (2 * len(SECTORS))
            root = np.sqrt(weight[chosen])
            share = root / root.groupby(sector).transform("sum") * budget.reindex(sector[chosen]).to_numpy()
            cash = rng.uniform(0.01, 0.02)
            share = (share.clip(upper=WEIGHT_MAX) / share.clip(upper=WEIGHT_MAX).sum() * (1 - cash)).clip(upper=WEIGHT_MAX).round(4)
            share["CASH"] = round(1 - share.sum(), 4)
            parts.append(pd.DataFrame({"portfolio": portfolio, "date": date, "ticker": share.index, "weight": share.to_numpy()}))
    return pd.concat(parts, ignore_index=True).astype({"portfolio": "str", "ticker": "str"})
