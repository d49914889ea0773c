"""RiskModel.fit: no look-ahead, labels before positions, and tables that read well."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.exposures.styles import ExposureSettings
from riskmodel.exposures.universe import UniverseRule
from riskmodel.factors import STYLES
from riskmodel.market.market import build_market
from tests.riskmodel.builders import Tables, as_read, flat_close, long, plain_tables, random_tables

STAMPED = [
    "exposures",
    "universe",
    "factor_returns",
    "robust_standard_errors",
    "classical_standard_errors",
    "estimation_error_covariance",
    "specific_returns",
    "r_squared",
    "condition_number",
    "estimating_names",
    "flag",
    "covered",
    "descriptor_observed",
    "descriptor_clipped",
    "filled",
    "fed",
]
CUT = 95  # of 130 sessions: 35 days estimated before it, 35 after


def fit(tables: Tables) -> rm.RiskModelResults:
    return rm.RiskModel().fit(build_market(tables))


def close_to(actual: xr.Dataset, wanted: xr.Dataset, tolerance: float) -> None:
    """Equal but for rounding, each variable on its own scale."""
    assert set(actual.data_vars) == set(wanted.data_vars)
    for name in wanted.data_vars:
        if wanted[name].dtype.kind == "f":
            values = wanted[name].to_numpy()
            scale = float(np.abs(values[~np.isnan(values)]).max(initial=0)) or 1.0
            tolerated = tolerance * (1e3 if name == "condition_number" else 1)
            np.testing.assert_allclose(actual[name], wanted[name], rtol=0, atol=tolerated * scale, err_msg=str(name))
        else:
            np.testing.assert_array_equal(actual[name].values, wanted[name].values, err_msg=str(name))


# ---------------------------------------------------------------- no look-ahead


def after(table: pd.DataFrame, column: str, day: pd.Timestamp) -> np.ndarray:
    return (table[column] > day).to_numpy()


def future_prices(tables: Tables, day: pd.Timestamp) -> Tables:
    """All closes after the day are others, returns with them; volumes too."""
    rng = np.random.default_rng(1)
    prices = tables["prices"].copy()
    late = after(prices, "date", day)
    close = prices.pivot(index="date", columns="ticker", values="close")
    later = close.index > day
    close.loc[later] *= np.exp(np.cumsum(rng.normal(0, 0.05, (later.sum(), close.shape[1])), axis=0))
    key = ["date", "ticker"]
    moved = prices[key].merge(long(close / close.shift(1) - 1, "move"), on=key)["move"]
    prices["close"] = prices[key].merge(long(close, "close"), on=key)["close"]
    prices.loc[late, "total_return"] = moved[late]
    prices.loc[late, "volume"] *= rng.lognormal(0, 2, late.sum())
    return tables | {"prices": prices}


def future_delisting(tables: Tables, day: pd.Timestamp) -> Tables:
    prices = tables["prices"]
    gone = after(prices, "date", day) & prices["ticker"].isin(["T004", "T010"]).to_numpy()
    return tables | {"prices": prices[~gone].reset_index(drop=True)}


def future_filings(tables: Tables, day: pd.Timestamp) -> Tables:
    frame = tables["fundamentals"].copy()
    late = after(frame, "available_from", day)
    assert late.sum() > 3
    frame.loc[late, ["revenue", "net_income", "equity", "total_assets", "dividends_per_share"]] *= 7.0
    return tables | {"fundamentals": frame}


def restatements_to_come(tables: Tables, day: pd.Timestamp) -> Tables:
    frame = tables["fundamentals"]
    again = frame[frame["period_end"] < day].drop_duplicates(["ticker", "period_end"]).copy()
    again["available_from"] = day + pd.Timedelta(days=1)
    again["net_income"] *= -3.0
    return tables | {"fundamentals": pd.concat([frame, again], ignore_index=True)}


def filings_taken_away(tables: Tables, day: pd.Timestamp) -> Tables:
    frame = tables["fundamentals"]
    return tables | {"fundamentals": frame[~after(frame, "available_from", day)].reset_index(drop=True)}


def future_announcements(tables: Tables, day: pd.Timestamp) -> Tables:
    frame = tables["earnings"].copy()
    late = after(frame, "announced", day)
    assert late.sum() > 3
    frame.loc[late, "eps_actual"] += 5.0
    return tables | {"earnings": frame}


def an_announcement_after_the_close_of_the_day(tables: Tables, day: pd.Timestamp) -> Tables:
    frame = tables["earnings"]
    frame = frame[frame["announced"] != day]
    new = pd.DataFrame(
        {
            "ticker": [f"T{i:03d}" for i in range(40)],
            "announced": day,
            "session": "post",
            "eps_estimate": 1.0,
            "eps_actual": np.linspace(-3, 3, 40),
        }
    )
    assert not frame.empty
    return tables | as_read({"earnings": pd.concat([frame, new])})


def future_shares(tables: Tables, day: pd.Timestamp) -> Tables:
    frame = tables["shares"].copy()
    late = after(frame, "available_from", day)
    assert late.sum() > 3
    frame.loc[late, "shares_out"] *= np.linspace(0.2, 5, late.sum())
    return tables | {"shares": frame}


CHANGES = [
    future_prices,
    future_delisting,
    future_filings,
    restatements_to_come,
    filings_taken_away,
    future_announcements,
    an_announcement_after_the_close_of_the_day,
    future_shares,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)
def test_what_is_stamped_later_changes_nothing_before(
    change: Callable[[Tables, pd.Timestamp], Tables], tables: Tables, results: rm.RiskModelResults
) -> None:
    days = results.data["time"].to_index()
    # an announcement after Friday's close is known on Monday; elsewhere the day is the last that knows nothing
    day = days[CUT] if change is not an_announcement_after_the_close_of_the_day else days[CUT - CUT % 5 + 4]
    start = tables if change is not an_announcement_after_the_close_of_the_day else (
        tables | {"earnings": tables["earnings"][tables["earnings"]["announced"] != day].reset_index(drop=True)}
    )  # fmt: skip
    before = fit(start) if start is not tables else results
    changed = fit(change(start, day))
    until, later = slice(None, day), slice(day + pd.Timedelta(days=1), None)
    for name in STAMPED:
        was, now = before.data[name].sel(time=until), changed.data[name].sel(time=until)
        np.testing.assert_array_equal(now.values, was.values, err_msg=name)
    noticed = not before.data["factor_returns"].sel(time=later).equals(changed.data["factor_returns"].sel(time=later))
    assert noticed, "the change has no effect at all, so that the test shows nothing"


@pytest.mark.parametrize("day", [80, 100])
def test_a_market_that_ends_earlier_gives_the_same_days(day: int, tables: Tables, results: rm.RiskModelResults) -> None:
    last = results.data["time"].to_index()[day]
    cut = {
        name: frame[(frame["date"] <= last)].reset_index(drop=True) if "date" in frame else frame
        for name, frame in tables.items()
    }
    shorter = fit(cut)
    assert shorter.data["time"].to_index()[-1] == last
    close_to(shorter.data[STAMPED], results.data[STAMPED].sel(time=slice(None, last)), 1e-12)


def test_a_listing_to_come_changes_nothing_before(tables: Tables, results: rm.RiskModelResults) -> None:
    last = results.data["time"].to_index()[CUT]
    prices = tables["prices"]
    listed = prices[(prices["ticker"] == "T003") & (prices["date"] > last)].assign(ticker="T003B")
    listed.iloc[0, listed.columns.get_loc("total_return")] = np.nan
    more = {"prices": pd.concat([prices, listed])}
    for name in ("shares", "securities", "fundamentals"):
        frame = tables[name]
        more[name] = pd.concat([frame, frame[frame["ticker"] == "T003"].assign(ticker="T003B")])
    later = fit(tables | as_read(more)).data[STAMPED].sel(time=slice(None, last))
    assert (later["universe"].sel(asset="T003B") == 0).all()
    close_to(later.drop_sel(asset="T003B"), results.data[STAMPED].sel(time=slice(None, last)), 1e-12)


SPLIT_RATIO = 3.0


def split_later(tables: Tables, ticker: str, ex_date: pd.Timestamp) -> Tables:
    """The same history told after a split: everything per share before the ex-date on the new basis."""

    def rescaled(name: str, date: str, columns: dict[str, float]) -> pd.DataFrame:
        frame = tables[name].copy()
        rows = ((frame["ticker"] == ticker) & (frame[date] < ex_date)).to_numpy()
        for column, factor in columns.items():
            frame.loc[rows, column] *= factor
        return frame

    split = pd.DataFrame({"ticker": [ticker], "ex_date": [ex_date], "ratio": [SPLIT_RATIO]})
    return tables | as_read(
        {
            "prices": rescaled("prices", "date", {"close": 1 / SPLIT_RATIO, "volume": SPLIT_RATIO}),
            "shares": rescaled("shares", "available_from", {"shares_out": SPLIT_RATIO}),
            "fundamentals": rescaled("fundamentals", "available_from", {"dividends_per_share": 1 / SPLIT_RATIO}),
            "earnings": rescaled("earnings", "announced", dict.fromkeys(("eps_estimate", "eps_actual"), 1 / SPLIT_RATIO)),
            "splits": pd.concat([tables["splits"], split]),
        }
    )


@pytest.mark.parametrize("ticker", ["T000", "T001", "T017"])  # T001 has a split already
def test_a_split_to_come_changes_nothing(ticker: str, tables: Tables, results: rm.RiskModelResults) -> None:
    beyond = results.data["time"].to_index()[-1] + pd.Timedelta(days=20)
    changed = fit(split_later(tables, ticker, beyond))
    close_to(changed.data[STAMPED], results.data[STAMPED], 1e-10)


def test_a_split_within_the_data_changes_nothing_before_its_day(tables: Tables, results: rm.RiskModelResults) -> None:
    day = results.data["time"].to_index()[CUT]
    prices = tables["prices"].copy()
    rows = ((prices["ticker"] == "T017") & (prices["date"] >= day)).to_numpy()
    # the same wealth in three shares for one: the price drops, the return does not, shares and volume grow
    prices.loc[rows, "close"] /= SPLIT_RATIO
    prices.loc[rows, "volume"] *= SPLIT_RATIO
    after_it = tables["shares"].copy()
    late = ((after_it["ticker"] == "T017") & (after_it["available_from"] >= day)).to_numpy()
    after_it.loc[late, "shares_out"] *= SPLIT_RATIO
    told = split_later(tables | {"prices": prices, "shares": after_it}, "T017", day)
    changed = fit(told)
    until = slice(None, results.data["time"].to_index()[CUT - 1])
    close_to(changed.data[STAMPED].sel(time=until), results.data[STAMPED].sel(time=until), 1e-10)
    price_level = changed.exposures.sel(asset="T017", factor="price_level").to_series().diff()
    assert price_level.abs().idxmax() == day


# ---------------------------------------------------------------- yesterday's exposures explain today's return


@pytest.mark.parametrize("day", [61, 90, 129])
def test_exposures_stamped_yesterday_explain_the_return_of_today(
    day: int, market: xr.Dataset, results: rm.RiskModelResults
) -> None:
    exposures = results.exposures.values[day - 1]
    universe = results.data["universe"].values[day - 1].astype(bool)
    cap = market["market_cap"].values[day - 1]
    r = market["total_return"].values[day]
    sectors = market["sector"].values
    names = sorted(set(sectors))
    design = np.column_stack([*((sectors == s).astype(float) for s in names), exposures])
    fitted = sm.WLS(r[universe], design[universe], weights=np.sqrt(cap[universe])).fit()
    share = np.array([cap[universe & (sectors == s)].sum() for s in names]) / cap[universe].sum()
    g = fitted.params[: len(names)]
    wanted = [share @ g, *(g - share @ g), *fitted.params[len(names) :]]
    np.testing.assert_allclose(results.factor_returns.values[day], wanted, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(results.specific_returns.values[day], r - design @ fitted.params, rtol=1e-8, atol=1e-12)
    t_of_style = fitted.bse[len(names) :]
    np.testing.assert_allclose(
        results.data["classical_standard_errors"].values[day, 1 + len(names) :], t_of_style, rtol=1e-8
    )
    hc3 = fitted.HC3_se[len(names) :]
    np.testing.assert_allclose(results.robust_standard_errors.values[day, 1 + len(names) :], hc3, rtol=1e-8)
    assert results.data["estimating_names"].values[day] == universe.sum()


def test_a_return_is_market_and_sector_and_styles_and_specific(market: xr.Dataset, results: rm.RiskModelResults) -> None:
    f = results.factor_returns
    styles = np.einsum("tak,tk->ta", results.exposures.values[:-1], f.sel(factor=results.styles).values[1:])
    sector = f.sel(factor=market["sector"].values.tolist()).values[1:]
    whole = f.sel(factor="market").values[1:, None] + sector + styles + results.specific_returns.values[1:]
    estimated = results.data["r_squared"].notnull().values[1:]
    np.testing.assert_allclose(whole[estimated], market["total_return"].values[1:][estimated], rtol=1e-12, atol=1e-15)
    assert (
        estimated.sum() == 69
    )  # sixty returns are there at the close of the 61st session, the first return after it is the 62nd


def test_an_asset_outside_the_universe_has_a_specific_return() -> None:
    market = build_market(random_tables(assets=60, sessions=75, seed=3))
    results = rm.RiskModel(universe=UniverseRule(largest=50)).fit(market)
    outside = ~results.data["universe"].values[60:-1].astype(bool)
    assert outside.sum(axis=1).tolist() == [10] * 14
    assert results.specific_returns.notnull().values[61:][outside].all()
    assert (results.data["estimating_names"][61:] == 50).all()


def test_days_without_a_universe_have_no_factor_returns_at_all(results: rm.RiskModelResults) -> None:
    before = results.data.isel(time=slice(0, 61))
    for name in ("factor_returns", "robust_standard_errors", "estimation_error_covariance", "specific_returns", "r_squared"):
        assert before[name].isnull().all(), name
    assert (before["flag"] != "").all()


# ---------------------------------------------------------------- labels before positions


def test_the_order_of_rows_changes_nothing(tables: Tables, results: rm.RiskModelResults) -> None:
    shuffled = {n: frame.sample(frac=1, random_state=7).reset_index(drop=True) for n, frame in tables.items()}
    close_to(fit(shuffled).data, results.data, 1e-12)


def test_other_tickers_change_nothing_but_the_labels(tables: Tables, results: rm.RiskModelResults) -> None:
    old = sorted(tables["securities"]["ticker"])
    traps = ["NA", "0130", "TRUE", "1E10", "nan"]
    new = dict(
        zip(old, np.random.default_rng(3).permutation([*traps, *(f"X{i:03d}" for i in range(len(old) - 5))]), strict=True)
    )
    renamed = {
        n: frame.assign(ticker=frame["ticker"].map(new).astype("str")) if "ticker" in frame else frame
        for n, frame in tables.items()
    }
    relabelled = fit(renamed).data.sel(asset=[new[t] for t in old]).assign_coords(asset=old)
    close_to(relabelled, results.data, 1e-12)


def test_other_sector_names_change_nothing_but_the_labels(tables: Tables, results: rm.RiskModelResults) -> None:
    new = {"Energy": "Z", "Health Care": "A", "Utilities": "M"}
    securities = tables["securities"].assign(sector=tables["securities"]["sector"].map(new).astype("str"))
    renamed = fit(tables | {"securities": securities}).factor_returns
    assert renamed["factor"].values[1:4].tolist() == ["A", "M", "Z"]
    for old, other in new.items():
        np.testing.assert_allclose(renamed.sel(factor=other), results.factor_returns.sel(factor=old), rtol=0, atol=1e-13)
    np.testing.assert_allclose(renamed[:, 4:], results.factor_returns[:, 4:], rtol=0, atol=1e-13)


def test_shares_in_thousands_change_nothing_but_what_is_per_cap(tables: Tables, results: rm.RiskModelResults) -> None:
    shares = tables["shares"].assign(shares_out=tables["shares"]["shares_out"] * 1000)
    scaled = fit(tables | {"shares": shares})
    close_to(scaled.data[STAMPED], results.data[STAMPED], 1e-10)


def test_a_fit_leaves_the_market_as_it_was(tables: Tables) -> None:
    market = build_market(tables)
    before = market.copy(deep=True)
    rm.RiskModel().fit(market)
    xr.testing.assert_identical(market, before)


# ---------------------------------------------------------------- what is shown


def test_factors_are_the_market_the_sectors_and_the_fourteen_styles(results: rm.RiskModelResults) -> None:
    sectors = ["Energy", "Health Care", "Utilities"]
    assert results.factor_returns["factor"].values.tolist() == ["market", *sectors, *(style.name for style in STYLES)]
    assert results.sectors == sectors
    assert len(STYLES) == 14
    assert [results.group(f) for f in ("market", "Energy", "size", "specific", "cash")] == [
        *("market", "sector", "style", "specific", "other")
    ]


def test_a_fit_reads_well_in_a_terminal(results: rm.RiskModelResults) -> None:
    lines = repr(results).split("\n")
    assert lines[0] == "RiskModelResults: 69 of 130 days estimated, 2024-01-01 to 2024-06-28"
    assert lines[1].startswith(f"60 assets, {len(STYLES) + 4} factors, mean R-squared 0.")
    assert lines[1].endswith(", 61 days flagged, errors HC3")
    for factor in results.factor_returns["factor"].values:
        assert any(line.startswith(factor) for line in lines[2:]), factor


def test_a_fit_reads_well_in_a_notebook(results: rm.RiskModelResults) -> None:
    html = results._repr_html_()
    assert "69 of 130 days estimated" in html
    assert html.count("<table") == 1
    assert "market_sensitivity" in html


def test_the_summary_counts_the_days_that_were_estimated(results: rm.RiskModelResults) -> None:
    summary = results.summary()
    estimated = results.factor_returns.to_pandas().iloc[61:]
    assert (summary["days"] == 69).all()
    np.testing.assert_allclose(summary["mean_a_year"], estimated.mean() * 252, rtol=1e-10)
    np.testing.assert_allclose(summary["volatility_a_year"], estimated.std() * np.sqrt(252), rtol=1e-10)
    t = estimated / results.robust_standard_errors.to_pandas().iloc[61:]
    np.testing.assert_allclose(summary["share_t_above_2"], (t.abs() > 2).mean(), rtol=1e-12)


def test_the_coverage_table_has_a_row_for_every_descriptor(results: rm.RiskModelResults) -> None:
    coverage = results.coverage(results.data["time"].to_index()[61:])
    assert list(coverage.columns)[:5] == ["factor", "descriptor", "share_of_names", "filled", "reason"]
    wanted = [(style.name, descriptor) for style in STYLES for descriptor in style.parts]
    assert list(zip(coverage["factor"], coverage["descriptor"], strict=True)) == wanted
    shares = coverage[["share_of_names", "filled", "clipped"]]
    assert ((shares >= 0) & (shares <= 1)).all(axis=None)
    # 130 sessions are fewer than the 168 returns of a year's dividends
    assert coverage.set_index("descriptor").loc["paid_dividend_yield", "share_of_names"] == 0


def test_a_descriptor_that_no_name_has_is_said(results: rm.RiskModelResults) -> None:
    coverage = results.coverage(results.data["time"].to_index()[61:]).set_index("descriptor")
    assert coverage.loc["paid_dividend_yield", "share_of_names"] == 0
    assert coverage.loc["paid_dividend_yield", "reason"] != ""


def test_flagged_lists_the_days_with_their_reasons(tables: Tables) -> None:
    prices = tables["prices"]
    day = sorted(prices["date"].unique())[100]
    # everyone but ten misses the session; three sectors and the styles take a coefficient each
    gone = (prices["date"] == day) & ~prices["ticker"].isin([f"T{i:03d}" for i in range(10)])
    results = fit(tables | {"prices": prices[~gone].reset_index(drop=True)})
    flagged = results.flagged()
    assert flagged.index[0] == results.data["time"].to_index()[0]
    assert flagged.iloc[0] == "first session: no exposures before it"
    assert flagged[day] == f"thin: 10 names for {len(STYLES) + 3} coefficients"
    assert results.flags()[day] == rm.Fact("thin", {"names": 10, "coefficients": 17})
    assert list(results.flags()) == list(flagged.index) and list(results.flags(flagged.index[:1])) == [flagged.index[0]]
    assert results.factor_returns.sel(time=day).isnull().all()
    assert (flagged != "").all()
    sound = results.data["time"].to_index().difference(flagged.index)
    assert results.factor_returns.sel(time=sound).notnull().all()


def test_a_market_too_short_to_estimate_is_refused() -> None:
    market = build_market(random_tables(assets=40, sessions=40))
    with pytest.raises(InputError, match=r"^model: no day can be estimated \(.*Give more names or a longer history\.$"):
        rm.RiskModel().fit(market)


def test_a_market_with_too_few_names_is_refused() -> None:
    market = build_market(random_tables(assets=12, sessions=80))
    with pytest.raises(
        InputError, match=rf"^model: no day can be estimated \(.*thin: 12 names for {len(STYLES) + 3} coefficients"
    ):
        rm.RiskModel().fit(market)


def test_a_market_without_filings_and_announcements_is_fitted_on_what_prices_give() -> None:
    rng = np.random.default_rng(0)
    close = flat_close([f"T{i:02d}" for i in range(50)], 75)
    tables = plain_tables(close * np.exp(np.cumsum(rng.normal(0, 0.02, close.shape), axis=0)))
    tables["shares"]["shares_out"] = rng.lognormal(15, 1, 50)
    tables["prices"]["volume"] *= rng.lognormal(0, 1, len(tables["prices"]))
    results = fit(tables)
    fed = results.factor_returns.isel(time=-1).notnull().to_series()
    # price_level and size differ by the share count; all the rest wants filings
    from_prices = {"market_sensitivity", "size", "price_level", "momentum", "volatility", "liquidity"}
    assert set(fed[fed].index) == {"market", "Energy"} | from_prices
    coverage = results.coverage().set_index("factor")
    assert (coverage.drop(index=list(from_prices))["reason"] != "").all()
    reasons = {place: fact.words() for place, fact in results.left_out().items()}
    told = results.coverage().set_index(["factor", "descriptor"])["reason"]
    assert reasons == told[told != ""].to_dict()
    assert results.left_out()["surprise", "earnings_surprise"] == rm.Fact("no_announcements")


def test_settings_are_kept_with_the_results(market: xr.Dataset) -> None:
    model = rm.RiskModel(
        universe=UniverseRule(largest=50), exposures=ExposureSettings(orthogonalise={"volatility": ("market_sensitivity",)})
    )
    settings = model.fit(market).settings
    assert settings["universe"] == {"least_price": 1.0, "least_history": 60, "largest": 50}
    assert settings["exposures"]["orthogonalise"] == {"volatility": ["market_sensitivity"], "liquidity": ["size"]}


# ---------------------------------------------------------------- what is no market


def spoilt_volume(market: xr.Dataset) -> xr.Dataset:
    volume = market["volume"].copy()
    volume[3, :2] = -1.0
    return market.assign(volume=volume)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda m: m["close"], "market: is of type DataArray, not Dataset. Give what riskmodel.read_market returns."),
        (
            lambda m: m.drop_vars(["life", "sector"]),
            "market: without 2 variables of a fit: life, sector. Give what riskmodel.read_market returns.",
        ),
        (
            lambda m: m.assign(close=m["close"][0]),
            "market: 1 variable not by ('time', 'asset'): close ('asset',). Give what riskmodel.read_market returns.",
        ),
        (
            lambda m: m.isel(time=[1, 0, 2]),
            "market: 'time' is not sorted: 2024-01-01 follows 2024-01-02. Use market.sortby('time'), of "
            "pandas sort_index().",
        ),
        (
            lambda m: m.isel(time=[0, 0, 1]),
            "market: labels of 'time' repeat: 2024-01-01. Keep the one of each that is right; "
            "market.drop_duplicates('time') keeps the first.",
        ),
        (
            lambda m: m.isel(asset=[0, 1, 0]),
            "market: labels of 'asset' repeat: T000. Keep the one of each that is right; "
            "market.drop_duplicates('asset') keeps the first.",
        ),
        (
            lambda m: m.isel(time=slice(0)),
            "market: 'time' is empty or has no labels. Give what riskmodel.read_market returns.",
        ),
    ],
)
def test_what_is_no_market_is_refused_by_fit_and_update(
    spoil: Callable[[xr.Dataset], object], message: str, market: xr.Dataset, results: rm.RiskModelResults
) -> None:
    for call in (rm.RiskModel().fit, lambda wrong: rm.RiskModel().update(results, wrong)):
        with pytest.raises(InputError) as caught:
            call(spoil(market))  # type: ignore[operator]
        assert str(caught.value) == message


def test_negative_volumes_are_refused_and_counted(market: xr.Dataset) -> None:
    with pytest.raises(InputError) as caught:
        rm.RiskModel().fit(spoilt_volume(market))
    assert str(caught.value) == (
        "market: 2 negative values in 'volume': 2024-01-04 T000, 2024-01-04 T001. Use NaN for what is missing."
    )


def test_parts_and_results_of_another_kind_are_refused(market: xr.Dataset) -> None:
    with pytest.raises(InputError) as caught:
        rm.RiskModel(UniverseRule(), UniverseRule())  # type: ignore[arg-type]
    assert str(caught.value) == (
        "risk model: exposures: is of type UniverseRule, not ExposureSettings. Use riskmodel.ExposureSettings()."
    )
    with pytest.raises(InputError) as caught:
        rm.RiskModel().update(market, market)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "results: is of type Dataset, not RiskModelResults. Give what RiskModel.fit or riskmodel.load returns."
    )
