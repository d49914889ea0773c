"""Each descriptor against a plain computation of its own definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import linregress

from riskmodel.exposures.descriptors import DESCRIPTORS
from riskmodel.exposures.events import Unavailable
from riskmodel.exposures.from_filings import ordinary_income_sources, yearly_figures
from riskmodel.exposures.from_prices import market_return
from riskmodel.factors import STYLE_TABLES
from riskmodel.facts import Fact
from riskmodel.market.market import build_market
from tests.riskmodel.builders import Tables, as_read, flat_close, plain_tables, prices_of, random_tables, sessions_from

YEARLY = ("revenue", "net_income", "total_assets", "total_liabilities", "equity", "operating_cash_flow")


def computed(name: str, market: xr.Dataset) -> pd.DataFrame:
    return DESCRIPTORS[name](market, yearly_figures(market)).transpose("time", "asset").to_pandas()


@pytest.fixture(scope="module")
def long_tables() -> Tables:
    return random_tables(assets=8, sessions=300, seed=5)


@pytest.fixture(scope="module")
def long_market(long_tables: Tables) -> xr.Dataset:
    return build_market(long_tables)


def panel(market: xr.Dataset, name: str) -> pd.DataFrame:
    return market[name].to_pandas()


def agree(actual: pd.DataFrame, expected: pd.DataFrame, rtol: float = 1e-8) -> None:
    assert expected.notna().any(axis=None)
    np.testing.assert_allclose(actual.to_numpy(), expected.to_numpy(), rtol=rtol, atol=1e-12)


def test_every_descriptor_of_a_style_has_a_function() -> None:
    assert set(DESCRIPTORS) == {d for table in STYLE_TABLES.values() for style in table for d in style.parts}


# ---------------------------------------------------------------- from prices


def plain_market_return(market: xr.Dataset) -> pd.Series:
    returns, cap = panel(market, "total_return"), panel(market, "market_cap").shift(1)
    out = {}
    for date in returns.index:
        both = returns.loc[date].notna() & cap.loc[date].notna()
        out[date] = np.average(returns.loc[date][both], weights=cap.loc[date][both]) if both.any() else np.nan
    return pd.Series(out)


def test_the_market_return_is_weighted_by_the_caps_of_the_close_before(long_market: xr.Dataset) -> None:
    np.testing.assert_allclose(market_return(long_market).to_numpy(), plain_market_return(long_market), rtol=1e-12)


def test_the_market_return_leaves_out_whoever_has_no_return_or_no_cap() -> None:
    close = flat_close("ABC", 4)
    close.iloc[3] = [110.0, 90.0, np.nan]
    tables = plain_tables(close)
    tables["shares"]["shares_out"] = [3.0, 1.0, 100.0]
    # (3 x 0.10 - 1 x 0.10) / 4 = 0.05; C, a hundred times as large, has no return
    assert market_return(build_market(tables)).values[3] == pytest.approx(0.05, rel=1e-12)


def test_market_sensitivity_is_the_slope_on_the_market_over_60_days(long_market: xr.Dataset) -> None:
    returns, common = panel(long_market, "total_return"), plain_market_return(long_market)
    rolling = returns.rolling(60, min_periods=40)
    expected = rolling.cov(common).div(common.where(returns.iloc[:, 0].notna()).rolling(60, min_periods=40).var(), axis=0)
    agree(computed("market_sensitivity", long_market), expected)


def test_volatility_is_the_standard_deviation_of_60_days(long_market: xr.Dataset) -> None:
    agree(computed("volatility", long_market), panel(long_market, "total_return").rolling(60, min_periods=40).std())


def test_momentum_is_the_log_of_the_compounded_return_of_60_days(long_market: xr.Dataset) -> None:
    returns = panel(long_market, "total_return")
    expected = np.log((1 + returns).rolling(60, min_periods=40).apply(np.nanprod, raw=True))
    agree(computed("momentum", long_market), expected)


def test_traded_value_is_the_log_of_the_mean_of_close_times_volume_of_20_days(long_market: xr.Dataset) -> None:
    value = panel(long_market, "close") * panel(long_market, "volume")
    agree(computed("traded_value", long_market), np.log(value.rolling(20, min_periods=14).mean()))


def test_sensitivity_and_residual_volatility_of_a_year_are_those_of_a_plain_regression(long_market: xr.Dataset) -> None:
    returns, common = panel(long_market, "total_return"), plain_market_return(long_market)
    last = returns.iloc[-252:]
    slope, deviation = {}, {}
    for name, own in last.items():
        both = own.notna() & common[last.index].notna()
        fit = linregress(common[last.index][both], own[both])
        left = own[both] - fit.intercept - fit.slope * common[last.index][both]
        slope[name], deviation[name] = fit.slope, np.sqrt((left**2).sum() / (both.sum() - 2))
    np.testing.assert_allclose(computed("market_sensitivity_252", long_market).iloc[-1], pd.Series(slope), rtol=1e-8)
    np.testing.assert_allclose(computed("residual_volatility", long_market).iloc[-1], pd.Series(deviation), rtol=1e-8)


def test_momentum_12_1_is_the_return_of_a_year_without_its_last_month(long_market: xr.Dataset) -> None:
    returns = panel(long_market, "total_return").shift(21)
    expected = np.log((1 + returns).rolling(231, min_periods=154).apply(np.nanprod, raw=True))
    agree(computed("momentum_12_1", long_market), expected)


def test_reversal_is_the_return_of_a_month_turned_round(long_market: xr.Dataset) -> None:
    returns = panel(long_market, "total_return")
    agree(
        computed("reversal_21", long_market), -np.log((1 + returns).rolling(21, min_periods=14).apply(np.nanprod, raw=True))
    )


def test_share_turnover_is_the_log_of_the_mean_share_of_the_company_traded_in_63_days(long_market: xr.Dataset) -> None:
    traded = panel(long_market, "volume") / panel(long_market, "shares_out")
    agree(computed("share_turnover", long_market), np.log(traded.rolling(63, min_periods=42).mean()))


def test_paid_dividend_yield_is_what_returns_had_over_the_move_of_the_close_in_252_days(long_market: xr.Dataset) -> None:
    paid = panel(long_market, "total_return") - panel(long_market, "close").pct_change()
    agree(computed("paid_dividend_yield", long_market), paid.rolling(252, min_periods=168).sum())


def test_paid_dividend_yield_adds_up_two_dividends() -> None:
    close = flat_close("A", 200, price=50.0)
    paid = close * 0
    paid.iloc[[20, 110], 0] = [1.0, 0.5]
    market = build_market(plain_tables(close) | {"prices": as_read({"prices": prices_of(close, paid)})["prices"]})
    # (1.0 + 0.5) / 50; 168 returns are there on the 169th day
    shown = computed("paid_dividend_yield", market)["A"]
    assert shown.iloc[:168].isna().all()
    np.testing.assert_allclose(shown.iloc[168:], 0.03, rtol=1e-12)


def test_log_market_cap_and_log_price(long_market: xr.Dataset) -> None:
    agree(computed("log_market_cap", long_market), np.log(panel(long_market, "close") * panel(long_market, "shares_out")))
    half = long_market.sizes["time"] // 2
    traded = panel(long_market, "close").copy()
    traded.iloc[:half, 1] *= 2  # the builder's one split: T001, two for one, in the middle of the days
    agree(computed("log_price", long_market), np.log(traded))


@pytest.mark.parametrize(
    ("name", "least"),
    [("market_sensitivity", 40), ("volatility", 40), ("momentum", 40), ("traded_value", 14), ("paid_dividend_yield", 168)],
)
def test_a_window_needs_two_thirds_of_its_days(long_market: xr.Dataset, name: str, least: int) -> None:
    # two thirds of 60, 20 and 252; the first day has a traded value but no return
    first = least - 1 if name == "traded_value" else least
    shown = computed(name, long_market)
    assert shown.iloc[:first].isna().all(axis=None)
    assert shown.iloc[first:].notna().all(axis=None)


@pytest.mark.parametrize("name", ["market_sensitivity", "volatility", "momentum", "traded_value"])
def test_a_window_does_not_reach_into_an_earlier_life(name: str) -> None:
    tables = random_tables(assets=6, sessions=150, seed=2)
    dates = sessions_from(count=150)
    prices = tables["prices"]
    gone = (prices["ticker"] == "T000") & prices["date"].isin(dates[70:76])
    gapped = tables | {"prices": prices[~gone].reset_index(drop=True)}
    reborn = tables | {
        "prices": prices[~((prices["ticker"] == "T000") & (prices["date"] < dates[76]))].reset_index(drop=True)
    }
    own = computed(name, build_market(gapped))["T000"]
    alone = computed(name, build_market(reborn))["T000"]
    assert own.iloc[70:76].isna().all()
    if name != "market_sensitivity":  # the market's return of the days before differs, and with it nothing of these days
        np.testing.assert_allclose(own.iloc[76:], alone.iloc[76:], rtol=1e-9)
    assert own.iloc[76 : 76 + (13 if name == "traded_value" else 40)].isna().all()
    assert own.iloc[76 + 40 :].notna().all()


def test_a_short_gap_leaves_the_window_whole() -> None:
    tables = random_tables(assets=6, sessions=120, seed=2)
    dates = sessions_from(count=120)
    prices = tables["prices"]
    gone = (prices["ticker"] == "T000") & prices["date"].isin(dates[70:75])
    market = build_market(tables | {"prices": prices[~gone].reset_index(drop=True)})
    own = panel(market, "total_return")["T000"]
    # the five missing days and the day that trading resumes have no return: 54 of 60 are left
    assert own.iloc[41:101].count() == 54
    assert computed("volatility", market)["T000"].iloc[100] == pytest.approx(own.iloc[41:101].std(), rel=1e-9)
    assert computed("volatility", market)["T000"].iloc[70:75].isna().all()


def test_an_asset_that_lost_everything_has_no_infinite_descriptor() -> None:
    tables = random_tables(assets=6, sessions=120, seed=2)
    prices = tables["prices"].copy()
    prices.loc[(prices["ticker"] == "T000") & (prices["date"] == sessions_from(count=120)[80]), "total_return"] = -1.0
    fundamentals = tables["fundamentals"].assign(gross_profit=tables["fundamentals"]["revenue"] / 3)
    market = build_market(tables | {"prices": prices, "fundamentals": fundamentals})
    for name in DESCRIPTORS:
        assert not np.isinf(computed(name, market).to_numpy()).any(), name


def test_an_asset_that_is_not_traded_has_no_traded_value() -> None:
    close = flat_close("AB", 40)
    tables = plain_tables(close)
    tables["prices"].loc[tables["prices"]["ticker"] == "B", "volume"] = 0.0
    shown = computed("traded_value", build_market(tables))
    assert shown["B"].isna().all()
    assert shown["A"].iloc[-1] == pytest.approx(np.log(100.0 * 1e6))


# ---------------------------------------------------------------- from filings


def filing(period: str, available: str, ticker: str = "A", **values: float) -> dict[str, object]:
    numbers: dict[str, float] = dict.fromkeys(YEARLY, 1.0)
    return {"ticker": ticker, "period_end": period, "available_from": available} | numbers | values


def filed(*filings: dict[str, object], start: str = "2024-01-01", count: int = 500, price: float = 100.0) -> xr.Dataset:
    """A market of A and B with closes that never move, a million shares each, and these filings."""
    close = flat_close("AB", count, start=start, price=price)
    return build_market(plain_tables(close, fundamentals=pd.DataFrame(list(filings))))


def changes(name: str, market: xr.Dataset, ticker: str = "A") -> dict[str, float | None]:
    """The days on which a descriptor takes a new value; None for missing."""
    shown = computed(name, market)[ticker]
    out: dict[str, float | None] = {}
    before: float | None = None
    for date, value in shown.items():
        now = None if np.isnan(value) else round(float(value), 10)
        if now != before:
            out[f"{date:%Y-%m-%d}"] = before = now
    return out


RATIOS: dict[str, Callable[[pd.Series, float, float], float]] = {
    "operating_margin": lambda f, cap, close: f["operating_income"] / f["revenue"],
    "return_on_equity": lambda f, cap, close: f["net_income"] / f["equity"],
    "return_on_assets": lambda f, cap, close: f["net_income"] / f["total_assets"],
    "capital_turnover": lambda f, cap, close: f["revenue"] / f["total_assets"],
    "equity_ratio": lambda f, cap, close: f["equity"] / f["total_assets"],
    "cash_flow_to_liabilities": lambda f, cap, close: f["operating_cash_flow"] / f["total_liabilities"],
    "book_to_price": lambda f, cap, close: f["equity"] / cap,
    "dividend_yield": lambda f, cap, close: f["dividends_per_share"] / close,
    "ordinary_income_to_price": lambda f, cap, close: (
        (f["net_income"] if np.isnan(f["operating_income"]) else f["operating_income"]) / cap
    ),
}


def known_at(filings: pd.DataFrame, ticker: str, date: pd.Timestamp) -> pd.DataFrame:
    """The latest version of every period, as known at the close of a session."""
    seen = filings[(filings["ticker"] == ticker) & (filings["available_from"] <= date)]
    versions = seen.sort_values("available_from").drop_duplicates("period_end", keep="last")
    return versions.set_index("period_end").sort_index()


@pytest.mark.parametrize("name", [*RATIOS, "revenue_growth", "ordinary_income_growth", "income_stability"])
def test_a_descriptor_of_filings_is_the_ratio_of_what_was_known(
    name: str, long_tables: Tables, long_market: xr.Dataset
) -> None:
    shown = computed(name, long_market)
    fundamentals = long_tables["fundamentals"]
    seen = 0
    for ticker in ("T000", "T003", "T005"):
        for date in shown.index[::23]:
            history = known_at(fundamentals, ticker, date)
            latest, prior = history.iloc[-1], history.iloc[-2]
            if (date - history.index[-1]).days > 548:
                expected = np.nan
            elif name in RATIOS:
                cap, close = (float(long_market[v].sel(time=date, asset=ticker)) for v in ("market_cap", "close"))
                expected = RATIOS[name](latest, cap, close)
            elif name == "revenue_growth":
                expected = latest["revenue"] / prior["revenue"] - 1
            elif name == "ordinary_income_growth":
                both = np.isfinite(latest["operating_income"]) and np.isfinite(prior["operating_income"])
                now, then = (f["operating_income" if both else "net_income"] for f in (latest, prior))
                expected = (now - then) / abs(then)
            else:
                expected = -(history["net_income"] / history["total_assets"]).diff().std(ddof=1)
            np.testing.assert_allclose(shown.loc[date, ticker], expected, rtol=1e-9, err_msg=f"{ticker} {date}")
            seen += bool(np.isfinite(expected))
    assert seen > 10


def test_a_filing_counts_from_the_day_it_was_available() -> None:
    market = filed(
        filing("2022-12-31", "2023-03-01", net_income=10, equity=100),
        filing("2023-12-31", "2024-03-02", net_income=30, equity=100),  # a Saturday: known at Monday's close
    )
    assert changes("return_on_equity", market) == {"2024-01-01": 0.1, "2024-03-04": 0.3, "2025-07-02": None}


def test_a_yearly_figure_is_stale_after_eighteen_months() -> None:
    market = filed(filing("2022-12-31", "2023-03-01", net_income=10, equity=100))
    # 2022-12-31 + 548 days = 2024-07-01
    assert changes("return_on_equity", market) == {"2024-01-01": 0.1, "2024-07-02": None}


def test_a_restatement_counts_from_the_day_it_was_filed() -> None:
    market = filed(
        filing("2023-12-31", "2024-02-01", net_income=10, equity=100),
        filing("2023-12-31", "2024-05-01", net_income=8, equity=100),
        count=200,
    )
    assert changes("return_on_equity", market) == {"2024-02-01": 0.1, "2024-05-01": 0.08}


def test_a_restatement_of_the_prior_year_changes_growth_and_not_the_latest_year() -> None:
    market = filed(
        filing("2022-12-31", "2023-02-01", revenue=100, total_assets=100),
        filing("2023-12-31", "2024-02-01", revenue=120, total_assets=100),
        filing("2022-12-31", "2024-05-01", revenue=80, total_assets=100),
        count=200,
    )
    assert changes("capital_turnover", market) == {"2024-01-01": 1.0, "2024-02-01": 1.2}
    # 120 / 100 - 1, then 120 / 80 - 1
    assert changes("revenue_growth", market) == {"2024-02-01": 0.2, "2024-05-01": 0.5}


def test_a_late_filing_of_an_older_year_does_not_replace_the_latest() -> None:
    market = filed(
        filing("2023-12-31", "2024-02-01", revenue=120, net_income=12, equity=100),
        filing("2022-12-31", "2024-04-01", revenue=100, net_income=50, equity=100),
        count=200,
    )
    assert changes("return_on_equity", market) == {"2024-02-01": 0.12}
    assert changes("revenue_growth", market) == {"2024-04-01": 0.2}


@pytest.mark.parametrize(
    ("before", "grows"),
    [
        ("2022-12-31", True),  # 365 days
        ("2022-12-26", True),  # 370: a year of 53 weeks
        ("2023-02-04", True),  # 330
        ("2023-02-05", False),  # 329
        ("2022-11-26", True),  # 400
        ("2022-11-25", False),  # 401
        ("2021-12-31", False),  # two years
    ],
)
def test_the_prior_year_ended_330_to_400_days_before(before: str, grows: bool) -> None:
    market = filed(filing(before, "2023-06-01", revenue=100), filing("2023-12-31", "2024-02-01", revenue=130), count=60)
    assert changes("revenue_growth", market) == ({"2024-02-01": 0.3} if grows else {})


def test_the_prior_year_is_found_behind_a_transition_period() -> None:
    market = filed(
        filing("2022-12-31", "2023-02-01", revenue=100),
        filing("2023-06-30", "2023-08-01", revenue=55),  # six months, on the way to another year end and back
        filing("2023-12-31", "2024-02-01", revenue=130),
        count=60,
    )
    assert changes("revenue_growth", market) == {"2024-02-01": 0.3}


def test_ordinary_income_growth_keeps_the_sign_of_the_change_where_the_prior_year_was_a_loss() -> None:
    market = filed(
        filing("2022-12-31", "2023-02-01", net_income=-50), filing("2023-12-31", "2024-02-01", net_income=25), count=60
    )
    # (25 - -50) / |-50|
    assert changes("ordinary_income_growth", market) == {"2024-02-01": 1.5}


def test_growth_over_a_prior_year_of_zero_is_missing() -> None:
    market = filed(
        filing("2022-12-31", "2023-02-01", net_income=0, revenue=0),
        filing("2023-12-31", "2024-02-01", net_income=25, revenue=10),
        count=60,
    )
    assert changes("ordinary_income_growth", market) == {}
    assert changes("revenue_growth", market) == {}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("return_on_equity", {"equity": -5.0}),
        ("return_on_equity", {"equity": 0.0}),
        ("return_on_assets", {"total_assets": 0.0}),
        ("capital_turnover", {"total_assets": 0.0}),
        ("equity_ratio", {"total_assets": 0.0}),
        ("cash_flow_to_liabilities", {"total_liabilities": 0.0}),
        ("operating_margin", {"revenue": 0.0, "operating_income": 1.0}),
        ("return_on_equity", {"net_income": np.nan}),
    ],
)
def test_a_ratio_over_what_is_not_above_zero_is_missing(name: str, values: dict[str, float]) -> None:
    whole = filing("2023-12-31", "2024-01-02", ticker="B", operating_income=1.0)
    market = filed(filing("2023-12-31", "2024-01-02", **values), whole, count=20)
    assert changes(name, market) == {}
    assert changes(name, market, "B") == {"2024-01-02": 1.0}


def test_negative_equity_is_kept_where_it_is_the_numerator() -> None:
    market = filed(filing("2023-12-31", "2024-01-02", equity=-2e7, total_assets=1e8), count=20)
    assert changes("equity_ratio", market) == {"2024-01-02": -0.2}
    # a million shares at 100
    assert changes("book_to_price", market) == {"2024-01-02": -0.2}


def test_research_descriptors_of_filings_follow_their_definitions() -> None:
    market = filed(
        filing("2022-12-31", "2023-02-01", total_assets=8e7),
        filing(
            "2023-12-31", "2024-01-02", gross_profit=2e7, net_income=6e6, operating_cash_flow=9e6, total_liabilities=3e7,
            total_assets=1e8,
        ),
        start="2024-01-01",
        count=20,
    )  # fmt: skip
    # a million shares at 100: market capitalisation 1e8
    assert changes("gross_profitability", market) == {"2024-01-02": 0.2}
    assert changes("net_income_to_price", market)["2024-01-02"] == 0.06
    assert changes("cash_flow_to_price", market)["2024-01-02"] == 0.09
    assert changes("market_leverage", market)["2024-01-02"] == round(3 / 13, 10)
    assert changes("asset_growth", market) == {"2024-01-02": 0.25}


def test_income_stability_is_minus_the_deviation_of_yearly_changes_of_income_over_assets() -> None:
    market = filed(
        filing("2020-12-31", "2021-02-01", net_income=10, total_assets=100),
        filing("2021-12-31", "2022-02-01", net_income=12, total_assets=100),
        filing("2022-12-31", "2024-01-15", net_income=13, total_assets=100),
        filing("2023-12-31", "2024-02-01", net_income=32, total_assets=200),
        count=60,
    )
    # ratios .10 .12 .13 .16; changes .02 .01: std .01 / sqrt(2); changes .02 .01 .03: std .01
    assert changes("income_stability", market) == {
        "2024-01-15": pytest.approx(-0.01 / np.sqrt(2)),
        "2024-02-01": pytest.approx(-0.01),
    }


def test_income_stability_leaves_out_a_change_over_a_missing_year() -> None:
    market = filed(
        filing("2018-12-31", "2019-02-01", net_income=90, total_assets=100),
        filing("2020-12-31", "2021-02-01", net_income=10, total_assets=100),
        filing("2021-12-31", "2022-02-01", net_income=12, total_assets=100),
        filing("2022-12-31", "2023-02-01", net_income=13, total_assets=100),
        count=60,
    )
    assert changes("income_stability", market) == {"2024-01-01": pytest.approx(-0.01 / np.sqrt(2))}


def test_income_stability_needs_two_changes() -> None:
    market = filed(
        filing("2022-12-31", "2023-02-01", net_income=12, total_assets=100),
        filing("2023-12-31", "2024-02-01", net_income=13, total_assets=100),
        count=60,
    )
    assert changes("income_stability", market) == {}


def test_a_dividend_yield_is_over_the_close_of_the_day() -> None:
    close = flat_close("AB", 6)
    close.iloc[3:, 0] = 80.0
    fundamentals = pd.DataFrame([filing("2023-12-31", "2024-01-02", dividends_per_share=4.0)])
    assert changes("dividend_yield", build_market(plain_tables(close, fundamentals=fundamentals))) == {
        "2024-01-02": 0.04,
        "2024-01-04": 0.05,
    }


def test_filings_of_one_company_say_nothing_of_another() -> None:
    market = filed(filing("2023-12-31", "2024-01-02", ticker="B", net_income=10, equity=100), count=20)
    assert changes("return_on_equity", market, "A") == {}
    assert changes("return_on_equity", market, "B") == {"2024-01-02": 0.1}


# ---------------------------------------------------------------- ordinary income


def test_ordinary_income_falls_back_to_operating_then_to_net_income() -> None:
    market = filed(
        filing("2021-12-31", "2024-01-02", ordinary_income=3e7, operating_income=2e7, net_income=1e7),
        filing("2022-12-31", "2024-01-03", operating_income=2e7, net_income=1e7),
        filing("2023-12-31", "2024-01-04", net_income=1e7),
        count=20,
    )
    # the first is stale by then; over a capitalisation of 1e8
    assert changes("ordinary_income_to_price", market) == {"2024-01-03": 0.2, "2024-01-04": 0.1}


def test_ordinary_income_sources_says_what_stands_for_it() -> None:
    market = filed(
        filing("2021-12-31", "2024-01-02", operating_income=2.0),
        filing("2022-12-31", "2024-01-03", operating_income=np.nan),
        filing("2023-12-31", "2024-01-04", operating_income=np.nan),
        count=20,
    )
    assert ordinary_income_sources(market).values["sources"] == pytest.approx(
        {"operating_income": 1 / 3, "net_income": 2 / 3}
    )


def test_ordinary_income_sources_leaves_out_filings_without_any() -> None:
    market = filed(
        filing("2021-12-31", "2024-01-02", ordinary_income=2.0),
        filing("2022-12-31", "2024-01-03", net_income=np.nan),
        count=20,
    )
    assert ordinary_income_sources(market).values["sources"] == {"ordinary_income": 1.0}


@pytest.mark.parametrize(
    ("name", "column"), [("operating_margin", "operating_income"), ("dividend_yield", "dividends_per_share")]
)
def test_a_descriptor_whose_column_is_absent_or_empty_says_why(name: str, column: str) -> None:
    for market in (
        filed(filing("2023-12-31", "2024-01-02"), count=5),
        filed(filing("2023-12-31", "2024-01-02", **{column: np.nan}), count=5),
    ):
        with pytest.raises(Unavailable, match=f"fundamentals has no {column}") as caught:
            computed(name, market)
        assert caught.value.fact == Fact("no_column", {"column": column})


def test_a_descriptor_of_one_s_own_says_why_in_its_own_words() -> None:
    reason = Unavailable("the vendor has no patents before 2015")
    assert str(reason) == reason.fact.words() == "the vendor has no patents before 2015"
    assert reason.fact.key == "said"


# ---------------------------------------------------------------- announcements


def surprised(*events: tuple[str, str, float, float], count: int = 30) -> xr.Dataset:
    """A market whose close of A goes from 100 to 125 on 4 January 2024, with these announcements of A."""
    earnings = pd.DataFrame(events, columns=["announced", "session", "eps_estimate", "eps_actual"]).assign(ticker="A")
    close = flat_close("AB", count)
    close.loc["2024-01-04":, "A"] = 125.0
    return build_market(plain_tables(close, earnings=earnings))


def test_surprise_is_actual_less_estimate_over_the_close_of_the_day() -> None:
    market = surprised(("2024-01-02", "pre", 1.0, 1.5), ("2024-01-05", "post", 1.0, 0.8))
    # 0.5 / 100, 0.5 / 125, -0.2 / 125
    assert changes("earnings_surprise", market) == {"2024-01-02": 0.005, "2024-01-04": 0.004, "2024-01-08": -0.0016}


def test_a_surprise_lasts_190_days() -> None:
    market = surprised(("2024-01-02", "pre", 1.0, 1.5), count=160)
    # 2024-01-02 + 190 days = 2024-07-10
    assert changes("earnings_surprise", market) == {"2024-01-02": 0.005, "2024-01-04": 0.004, "2024-07-11": None}


def test_an_announcement_without_an_estimate_has_no_surprise() -> None:
    market = surprised(("2024-01-02", "pre", np.nan, 1.5))
    assert changes("earnings_surprise", market) == {}


def test_a_market_without_announcements_says_so() -> None:
    with pytest.raises(Unavailable, match="no announcements in earnings"):
        computed("earnings_surprise", build_market(plain_tables(flat_close("AB"))))
