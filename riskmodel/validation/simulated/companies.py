"""The companies of a simulated market: labels and traits, trading days, splits, shares, dividends, filings, estimates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

Tables = dict[str, pd.DataFrame]

SECTORS = (
    *("Communication Services", "Consumer Discretionary", "Consumer Staples", "Energy", "Financials", "Health Care"),
    *("Industrials", "Information Technology", "Materials", "Real Estate", "Utilities"),
)
KANA = "カキクケコサスセソタテトナニヌネノハヒヘホマミムメモヤユヨラリルレロワ"
ROMAJI = "kakikukekosasusesotatetonaninunenohahihehomamimumemoyayuyorarirurerowa"  # two letters a kana
PARTS = {  # by place in the order of size: the companies with a part in the market's events, and their tickers
    0.05: ("held split", "NA"),
    0.10: ("held gap", "TRUE"),
    0.15: ("split", "1E10"),
    0.20: ("held delisted", "0130"),
    0.25: ("delisted", ""),
    0.30: ("long gap", ""),
    0.35: ("late", ""),
    0.45: ("late", ""),
    0.60: ("no filings", ""),
    0.65: ("no estimates", ""),
    0.70: ("late", ""),
    0.85: ("late", ""),
}


def companies(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Labels and traits of the companies, by ticker; `part` names those with a part in the events of the market."""
    letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(rng.choice(letters, 4))] = None
    names = rng.permutation(len(KANA) ** 3)[:count]
    digits = np.stack(np.unravel_index(names, (len(KANA),) * 3), axis=1)
    company = pd.DataFrame(
        {
            "ticker": list(made),
            "name": ["".join(ROMAJI[2 * d : 2 * d + 2] for d in row).capitalize() + " (simulated)" for row in digits],
            "name_ja": ["".join(KANA[d] for d in row) + "（架空）" for row in digits],
            "sector": rng.permutation(np.resize(SECTORS, count)),
            "cap": np.sort(5e9 * np.exp(1.2 * rng.normal(size=count)))[::-1],
            "price": np.clip(45 * np.exp(0.6 * rng.normal(size=count)), 6, 400).round(2),
            "beta": 1 + 0.35 * rng.normal(size=count),
        }
    )
    for trait in ("quality", "growth", "safety", "steadiness", "turnover", "payout"):
        company[trait] = rng.normal(size=count)
    company["part"] = ""
    for place, (part, ticker) in PARTS.items():
        row = company.index[int(place * count)]
        company.loc[row, "part"] = part
        company.loc[row, ["quality", "growth", "safety", "steadiness"]] = 3.0 if "held" in part else -1.0
        if ticker:
            company.loc[row, "ticker"] = ticker
    company.loc[rng.random(count) < 0.02, "name_ja"] = np.nan
    labels = dict.fromkeys(["ticker", "name", "name_ja", "sector"], "str")
    company = company.sort_values("ticker", ignore_index=True)
    return company.astype(labels).where(company.notna())  # pandas before 3 writes "nan" for what is missing


def company_tables(streams: Iterator[np.random.Generator], company: pd.DataFrame, sessions: pd.DatetimeIndex) -> Tables:
    """The tables that come before prices; three of them are drawn, each from a stream of its own."""
    filed = filings(next(streams), company, sessions)
    return {
        "securities": company[[c for c in ("ticker", "name", "name_ja", "sector", "industry") if c in company]],
        "splits": split_events(company, sessions),
        "fundamentals": filed,
        "earnings": announcements(next(streams), company, filed, sessions),
        "shares": share_counts(next(streams), company, sessions),
    }


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
    """Splits of two named companies and of every fortieth, some of these the wrong way round."""
    named, others = company["part"].str.contains("split"), company["part"] == ""
    rows = np.r_[np.flatnonzero(named), np.flatnonzero(others)[20::40]]
    place = (np.linspace(0.9, 0.4, len(rows)) * len(sessions)).astype(int)
    ratio = np.resize([2.0, 3.0, 0.5, 1.5], len(rows))
    table = pd.DataFrame({"ticker": company["ticker"].array.take(rows), "ex_date": sessions[place], "ratio": ratio})
    return table.sort_values(["ticker", "ex_date"], ignore_index=True)


def share_counts(rng: np.random.Generator, company: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Shares outstanding, anew every half year from before the first session."""
    dates = pd.date_range(sessions[0] - pd.Timedelta(days=45), sessions[-1], freq="182D")
    drift = np.cumprod(1 + rng.normal(0, 0.01, (len(company), len(dates))), axis=1)
    count = ((company["cap"] / company["price"]).to_numpy()[:, None] * drift).round(-3)
    ticker = company["ticker"].repeat(len(dates)).array
    return pd.DataFrame({"ticker": ticker, "available_from": np.tile(dates, len(company)), "shares_out": count.ravel()})


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

    growth = np.cumsum(0.05 + 0.08 * trait("growth") + noise(0.05), axis=1)
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
    dates = {"period_end": "datetime64[ns]", "available_from": "datetime64[ns]"}
    return pd.DataFrame(table[~young].astype(dates).reset_index(drop=True))


def announcements(
    rng: np.random.Generator, company: pd.DataFrame, filed: pd.DataFrame, sessions: pd.DatetimeIndex
) -> pd.DataFrame:
    """Quarterly earnings a share, estimated and actual, announced 20 to 51 days after the quarter, a few on a weekend."""
    company = company[company["part"] != "no estimates"]
    quarters = pd.date_range(sessions[0] - pd.Timedelta(days=230), sessions[-1] - pd.Timedelta(days=50), freq="QE")
    shape = (len(company), len(quarters))
    income = filed.groupby("ticker")["net_income"].mean().reindex(company["ticker"]).fillna(0.0).to_numpy()
    usual = (income / 4 / (company["cap"] / company["price"]).to_numpy())[:, None]
    estimate = usual * (1 + rng.normal(0, 0.1, shape))
    actual = estimate + 0.004 * company["price"].to_numpy()[:, None] * rng.normal(0, 1, shape)
    estimate[rng.random(shape) < 0.02] = np.nan
    planned = (quarters.to_numpy("datetime64[D]") + rng.integers(20, 50, shape)).ravel()
    announced = np.where(rng.random(estimate.size) < 0.05, planned, np.busday_offset(planned, 0, roll="forward"))
    return pd.DataFrame(
        {
            "ticker": company["ticker"].repeat(len(quarters)).array,
            "announced": announced.astype("datetime64[ns]"),
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
    return {
        "rates": pd.DataFrame({"date": sessions, "risk_free": (yearly / 252).round(8)}),
        "fx": fx[known].reset_index(drop=True),
    }


def stored(values: np.ndarray, *, decimals: int) -> np.ndarray:
    """Round as the tables hold it: `decimals` places, single precision."""
    return np.round(values, decimals).astype(np.float32).astype(np.float64)
