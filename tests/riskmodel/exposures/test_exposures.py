"""Winsorising, standardising, filling, and who estimates; by hand and against statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import xarray as xr

import riskmodel as rm
from riskmodel.arrays.robust import row_median
from riskmodel.errors import InputError
from riskmodel.exposures.descriptors import DESCRIPTORS
from riskmodel.exposures.from_filings import yearly_figures
from riskmodel.exposures.standardise import fill_missing, residual, standardise, winsorise
from riskmodel.exposures.styles import ExposureSettings, factor_exposures, orthogonalisation
from riskmodel.exposures.universe import UniverseRule, covered, estimation_universe, sector_codes
from riskmodel.factors import STYLES
from riskmodel.market.market import build_market
from tests.riskmodel.builders import Tables, plain_tables, prices_of, random_tables, sessions_from

PARTS = {style.name: style.parts for style in STYLES}
STYLE_NAMES = list(PARTS)


def exposed(market: xr.Dataset, rule: UniverseRule | None = None, **settings: object) -> tuple[xr.Dataset, xr.DataArray]:
    universe = estimation_universe(market, rule or UniverseRule())
    return factor_exposures(market, universe, ExposureSettings(**settings)), universe  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def styled(market: xr.Dataset) -> tuple[xr.Dataset, xr.DataArray]:
    return exposed(market)


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=float)


# ---------------------------------------------------------------- winsorise


def test_values_are_clipped_to_the_median_and_k_deviations() -> None:
    raw = row(1, 2, 3, 4, 100)
    # median 3, absolute deviations 2 1 0 1 97, their median 1: bound 3 x 1.4826022
    values, clipped = winsorise(raw, np.isfinite(raw), 3.0)
    np.testing.assert_allclose(values, row(1, 2, 3, 4, 3 + 3 * 1.482602218505602), rtol=1e-15)
    assert clipped.tolist() == [1]


def test_the_bound_grows_with_k() -> None:
    values, clipped = winsorise(row(1, 2, 3, 4, 100), np.ones((1, 5), bool), 1.0)
    np.testing.assert_allclose(values, row(3 - 1.482602218505602, 2, 3, 4, 3 + 1.482602218505602), rtol=1e-15)
    assert clipped.tolist() == [2]


def test_where_most_values_are_equal_the_mean_deviation_takes_over() -> None:
    raw = row(0, 0, 0, 0, 0, 0, 0, 1, 1, 8)
    # median 0, median deviation 0, mean deviation (1 + 1 + 8) / 10 = 1: bound 3 x sqrt(pi / 2)
    values, clipped = winsorise(raw, np.isfinite(raw), 3.0)
    np.testing.assert_allclose(values, row(*[0] * 7, 1, 1, 3 * np.sqrt(np.pi / 2)), rtol=1e-15)
    assert clipped.tolist() == [1]


def test_the_bounds_come_from_the_universe_and_hold_for_everyone() -> None:
    raw = row(1, 2, 3, 4, 5, 1000, -1000)
    inside = np.array([[True] * 5 + [False] * 2])
    # of 1 to 5: median 3, median deviation 1
    bound = 3 * 1.482602218505602
    values, clipped = winsorise(raw, inside, 3.0)
    np.testing.assert_allclose(values, row(1, 2, 3, 4, 5, 3 + bound, 3 - bound), rtol=1e-15)
    assert clipped.tolist() == [2]


def test_missing_values_stay_missing_and_are_not_counted() -> None:
    raw = row(1, np.nan, 2, 3, 4, 100)
    values, clipped = winsorise(raw, np.ones((1, 6), bool), 3.0)
    assert np.isnan(values[0, 1])
    assert clipped.tolist() == [1]


def test_each_day_has_its_own_bounds() -> None:
    raw = np.vstack([row(1, 2, 3, 4, 100), row(10, 20, 30, 40, 100)])
    values, clipped = winsorise(raw, np.ones((2, 5), bool), 3.0)
    assert clipped.tolist() == [1, 1]
    assert values[1, 4] == pytest.approx(30 + 3 * 14.82602218505602)


@pytest.mark.parametrize("seed", range(3))
def test_the_median_of_a_row_is_numpys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((20, 9)) < 0.4, np.nan, rng.normal(size=(20, 9)))
    values[:, 0] = rng.normal(size=20)
    np.testing.assert_array_equal(row_median(values), np.nanmedian(values, axis=1))
    assert np.isnan(row_median(np.full((1, 4), np.nan))).all()


# ---------------------------------------------------------------- standardise


def test_standardising_by_hand() -> None:
    values, cap = row(1, 2, 3, 10), row(1, 1, 2, 5)
    inside = np.array([[True, True, True, False]])
    # cap-weighted mean (1 + 2 + 6) / 4 = 2.25; equal-weighted std of 1 2 3 is sqrt(2 / 3)
    expected = (values - 2.25) / np.sqrt(2 / 3)
    np.testing.assert_allclose(standardise(values, np.where(inside, cap, 0), inside), expected, rtol=1e-14)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
def test_a_day_on_which_all_values_are_equal_has_no_exposure(value: float) -> None:
    inside = np.ones((1, 7), bool)
    assert np.isnan(standardise(np.full((1, 7), value), np.arange(1.0, 8)[None], inside)).all()


def test_every_style_on_every_day_is_centred_by_cap_and_has_deviation_one_over_the_universe(
    market: xr.Dataset, styled: tuple[xr.Dataset, xr.DataArray]
) -> None:
    exposures, universe = styled
    cap = market["market_cap"].to_numpy()
    checked = 0
    for day in np.flatnonzero(universe.any("asset")):
        member = universe.values[day]
        x = exposures["exposures"].values[day][:, member]
        fed = exposures["fed"].values[day].astype(bool)
        assert np.isfinite(x[fed]).all()
        np.testing.assert_allclose(x[fed] @ cap[day, member] / cap[day, member].sum(), 0, atol=1e-12)
        np.testing.assert_allclose(x[fed].std(axis=1, ddof=0), 1, rtol=1e-12)
        checked += fed.sum()
    assert checked == len(STYLES) * 70  # sixty returns are there from the 61st of 130 sessions on


def test_exposures_belong_to_every_covered_asset_and_to_no_other(
    market: xr.Dataset, styled: tuple[xr.Dataset, xr.DataArray]
) -> None:
    exposures, universe = styled
    days = universe.any("asset").values
    there = exposures["exposures"].notnull().values[days]
    assert (there == covered(market).values[days][:, None, :]).all()


# ---------------------------------------------------------------- descriptors into styles


def plain_style(market: xr.Dataset, universe: xr.DataArray, style: str, day: int) -> np.ndarray:
    """Steps of the exposure of one style on one day, in plain pandas, before filling."""
    member, cap = universe.values[day], market["market_cap"].values[day]
    here = covered(market).values[day]
    known = yearly_figures(market)

    def scaled(values: pd.Series) -> pd.Series:
        seen = member & values.notna().to_numpy()
        mean = np.average(values[seen], weights=cap[seen])
        return (values - mean) / np.std(values[seen])

    parts = []
    for descriptor in PARTS[style]:
        raw = pd.Series(DESCRIPTORS[descriptor](market, known).values[day]).where(here)
        median = raw[member].median()
        bound = ExposureSettings().winsorise * 1.482602218505602 * (raw[member] - median).abs().median()
        parts.append(scaled(raw.clip(median - bound, median + bound)))
    share = pd.Series(list(PARTS[style].values()))
    table = pd.concat(parts, axis=1).set_axis(share.index, axis=1)
    weights = table.notna() * share
    return scaled((table.fillna(0) * share).sum(axis=1) / weights.sum(axis=1).where(lambda w: w > 0)).to_numpy()


@pytest.mark.parametrize("style", [s for s in STYLE_NAMES if s not in ("shareholder_return",)])
def test_a_style_is_the_weighted_mean_of_its_standardised_descriptors(style: str) -> None:
    market = build_market(random_tables(assets=50, sessions=75, seed=8))
    exposures, universe = exposed(market, orthogonalise={style: ()})
    day = 70
    member = universe.values[day]
    own = plain_style(market, universe, style, day)
    # filling may have followed, and standardising once more: the observed assets keep their order and distances
    shown = exposures["exposures"].sel(factor=style).values[day]
    seen = member & ~np.isnan(own)
    slope, intercept = np.polyfit(own[seen], shown[seen], 1)
    np.testing.assert_allclose(shown[seen], intercept + slope * own[seen], atol=1e-10)
    if seen.sum() == member.sum():
        assert (slope, intercept) == pytest.approx((1, 0), abs=1e-10)


def blanked(tables: Tables, column: str, tickers: list[str]) -> Tables:
    frame = tables["fundamentals"].copy()
    frame.loc[frame["ticker"].isin(tickers), column] = np.nan
    return tables | {"fundamentals": frame}


def test_a_missing_descriptor_is_reweighted_away() -> None:
    tables = blanked(random_tables(assets=50, sessions=75, seed=8), "operating_cash_flow", ["T004", "T005"])
    market = build_market(tables)
    exposures, universe = exposed(market)
    day = 70
    own = plain_style(market, universe, "financial_safety", day)
    np.testing.assert_allclose(exposures["exposures"].sel(factor="financial_safety").values[day], own, rtol=1e-10)
    assert int(exposures["filled"].sel(factor="financial_safety")[day]) == 0
    seen = exposures["observed"].values[day][
        [list(exposures["descriptor"].values).index(d) for d in PARTS["financial_safety"]]
    ]
    assert seen.tolist() == [50, 48]


def test_reweighting_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    market = build_market(random_tables(assets=30, sessions=70, seed=4))
    first = market["close"].copy(data=np.tile(np.arange(30.0), (70, 1)))
    second = market["close"].copy(data=np.tile(np.arange(30.0)[::-1] ** 1.1, (70, 1)))
    second[:, 7] = np.nan
    monkeypatch.setitem(DESCRIPTORS, "equity_ratio", lambda market, known: first)
    monkeypatch.setitem(DESCRIPTORS, "cash_flow_to_liabilities", lambda market, known: second)
    exposures, universe = exposed(market)
    cap, day = market["market_cap"].values[65], 65

    def scaled(x: np.ndarray) -> np.ndarray:
        seen = ~np.isnan(x)
        return (x - np.average(x[seen], weights=cap[seen])) / np.std(x[seen])

    assert universe.values[day].all()
    one, two = scaled(first.values[day]), scaled(second.values[day])
    combined = (one + two) / 2
    combined[7] = one[7]
    shown = exposures["exposures"].sel(factor="financial_safety").values[day]
    np.testing.assert_allclose(shown, scaled(combined), rtol=1e-12)


# ---------------------------------------------------------------- filling


def sector_and_size(observed: np.ndarray, y: np.ndarray, size: np.ndarray, sector: np.ndarray) -> np.ndarray:
    """Fitted values for everyone from OLS of y on sector dummies and size over `observed`."""
    codes = np.unique(sector[observed])
    design = np.column_stack([*(sector == s for s in codes), size]).astype(float)
    return np.asarray(sm.OLS(y[observed], design[observed]).fit().predict(design))


@pytest.mark.parametrize("sectors", [1, 2, 6])
@pytest.mark.parametrize("seed", range(3))
def test_a_fill_is_the_fit_of_ols_on_sector_and_size_over_the_universe(seed: int, sectors: int) -> None:
    rng = np.random.default_rng(seed)
    days, assets = 5, 80
    sector = np.arange(assets) % sectors
    size = rng.normal(size=(days, assets))
    values = 0.5 * size + 0.1 * sector + rng.normal(size=(days, assets))
    values[rng.random((days, assets)) < 0.25] = np.nan
    inside = rng.random((days, assets)) < 0.7
    here = inside | (rng.random((days, assets)) < 0.8)
    filled, counts = fill_missing(values, size, sector, inside, here)
    for day in range(days):
        expected = sector_and_size(inside[day] & ~np.isnan(values[day]), values[day], size[day], sector)
        missing = np.isnan(values[day]) & here[day]
        np.testing.assert_allclose(filled[day, missing], expected[missing], rtol=1e-8)
        assert counts[day] == missing.sum()
    np.testing.assert_array_equal(filled[~np.isnan(values)], values[~np.isnan(values)])
    assert np.isnan(filled[np.isnan(values) & ~here]).all()


def test_a_style_is_filled_from_sector_and_size_over_the_universe() -> None:
    tables = random_tables(assets=60, sessions=75, seed=3)
    gone = ["T003", "T010", "T020", "T021"]
    frame = tables["fundamentals"]
    market = build_market(tables | {"fundamentals": frame[~frame["ticker"].isin(gone)]})
    exposures, universe = exposed(market)
    day = 70
    member, cap = universe.values[day], market["market_cap"].values[day]
    own = plain_style(market, universe, "activity", day)
    size = plain_style(market, universe, "size", day)
    fit = sector_and_size(member & ~np.isnan(own), own, size, sector_codes(market))
    whole = np.where(np.isnan(own), fit, own)
    expected = (whole - np.average(whole[member], weights=cap[member])) / np.std(whole[member])
    shown = exposures["exposures"].sel(factor="activity").values[day]
    assert market["asset"].values[np.isnan(own)].tolist() == gone
    np.testing.assert_allclose(shown, expected, rtol=1e-8)
    assert int(exposures["filled"].sel(factor="activity")[day]) == len(gone)


def test_a_sector_in_which_nobody_is_observed_takes_the_universe_mean() -> None:
    values, size = row(1.0, 3.0, np.nan, np.nan), row(0.0, 0.0, 0.0, 0.0)
    inside = np.ones((1, 4), bool)
    filled, counts = fill_missing(values, size, np.array([0, 0, 1, 1]), inside, inside)
    assert filled[0].tolist() == [1, 3, 2, 2]
    assert counts.tolist() == [2]


# ---------------------------------------------------------------- coverage


def test_the_coverage_table_counts_exactly_the_cells_that_were_taken_out() -> None:
    tables = random_tables(assets=50, sessions=80, seed=6)
    gone = ["T001", "T002", "T003", "T004", "T005"]
    results = rm.RiskModel().fit(build_market(blanked(tables, "revenue", gone)))
    coverage = results.coverage(results.data["time"].to_index()[60:]).set_index("descriptor")
    # 5 of 50 assets have no revenue in any filing; sixty returns are there from the 61st session on
    assert coverage.loc["capital_turnover", "share_of_names"] == 0.9
    assert coverage.loc["capital_turnover", "filled"] == pytest.approx(0.1, rel=1e-12)
    assert coverage.loc["revenue_growth", "share_of_names"] == 0.9
    assert coverage.loc["revenue_growth", "filled"] == 0  # ordinary_income_growth is there, and takes its weight
    assert coverage.loc["book_to_price", "share_of_names"] == 1
    assert (coverage["reason"].drop("paid_dividend_yield") == "").all()


def test_a_descriptor_that_every_name_has_on_every_day_covers_all_names(results: rm.RiskModelResults) -> None:
    coverage = results.coverage().set_index("descriptor")
    assert coverage.loc[["log_market_cap", "log_price"], "share_of_names"].tolist() == [1, 1]


def test_on_days_without_a_universe_nothing_was_filled(styled: tuple[xr.Dataset, xr.DataArray]) -> None:
    exposures, universe = styled
    before = ~universe.any("asset").values
    assert before.sum() == 60
    assert exposures["exposures"].isnull().values[before].all()
    assert (exposures["filled"].values[before] == 0).all()


def test_filled_counts_the_assets_without_any_descriptor_of_the_style() -> None:
    tables = random_tables(assets=50, sessions=80, seed=6)
    frame = tables["fundamentals"]
    gone = ["T001", "T002", "T003", "T004", "T005"]
    exposures, universe = exposed(build_market(tables | {"fundamentals": frame[~frame["ticker"].isin(gone)]}))
    days = universe.any("asset").values
    for style in ("profitability", "growth", "activity", "financial_safety", "value", "eps_stability"):
        assert (exposures["filled"].sel(factor=style).values[days] == 5).all(), style
    for style in ("size", "price_level", "momentum", "liquidity"):
        assert (exposures["filled"].sel(factor=style).values[days] == 0).all(), style


def test_observed_counts_the_covered_assets_that_have_the_descriptor(market: xr.Dataset) -> None:
    exposures, _ = exposed(market)
    here = covered(market).values
    for name in ("market_sensitivity", "operating_margin", "earnings_surprise", "log_price"):
        raw = DESCRIPTORS[name](market, yearly_figures(market)).values
        expected = (here & ~np.isnan(raw)).sum(axis=1)
        days = estimation_universe(market, UniverseRule()).any("asset").values
        np.testing.assert_array_equal(exposures["observed"].sel(descriptor=name).values[days], expected[days])


def without_column(tables: Tables, column: str) -> xr.Dataset:
    return build_market(tables | {"fundamentals": tables["fundamentals"].drop(columns=column)})


def test_a_descriptor_whose_column_is_absent_is_left_out_and_said() -> None:
    market = without_column(random_tables(assets=50, sessions=80, seed=6), "operating_income")
    results = rm.RiskModel().fit(market)
    coverage = results.coverage().set_index("descriptor")
    assert coverage.loc["operating_margin", "reason"] == "fundamentals has no operating_income"
    assert coverage.loc["operating_margin", "share_of_names"] == 0
    assert results.factor_returns.sel(factor="profitability").notnull().any()


@pytest.fixture(scope="module")
def without_announcements() -> rm.RiskModelResults:
    tables = random_tables(assets=50, sessions=80, seed=6)
    return rm.RiskModel().fit(build_market(tables | {"earnings": tables["earnings"][:0]}))


def test_a_factor_whose_data_are_absent_is_left_out_and_said(without_announcements: rm.RiskModelResults) -> None:
    coverage = without_announcements.coverage().set_index("factor")
    assert coverage.loc["surprise", "reason"] == "no announcements in earnings"
    assert without_announcements.factor_returns.sel(factor="surprise").isnull().all()
    assert without_announcements.exposures.sel(factor="surprise").isnull().all()
    assert without_announcements.factor_returns.sel(factor="value").notnull().any()


def test_a_factor_that_is_left_out_was_not_filled(without_announcements: rm.RiskModelResults) -> None:
    assert without_announcements.coverage().set_index("factor").loc["surprise", "filled"] == 0


def test_a_factor_observed_on_less_than_a_tenth_of_the_universe_is_left_out_that_day() -> None:
    tables = random_tables(assets=50, sessions=80, seed=6)
    earnings = tables["earnings"]
    four, five = ([f"T{i:03d}" for i in range(n)] for n in (4, 5))
    for names, fed in ((four, False), (five, True)):
        market = build_market(tables | {"earnings": earnings[earnings["ticker"].isin(names)]})
        exposures, universe = exposed(market)
        assert universe.values[70].sum() == 50
        assert int(exposures["observed"].sel(descriptor="earnings_surprise")[70]) == len(names)
        assert bool(exposures["fed"].sel(factor="surprise")[70]) is fed
        assert np.isnan(exposures["exposures"].sel(factor="surprise").values[70]).all() != fed


# ---------------------------------------------------------------- who estimates


def universe_of(market: xr.Dataset, **rule: float) -> pd.DataFrame:
    return estimation_universe(market, UniverseRule(**rule)).to_pandas()  # type: ignore[arg-type]


def moving(tickers: str, count: int, price: float = 100.0) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    walk = np.exp(np.cumsum(rng.normal(0, 0.01, (count, len(tickers))), axis=0))
    return pd.DataFrame(price * walk, index=sessions_from(count=count), columns=list(tickers))


def test_an_asset_estimates_once_it_has_sixty_returns() -> None:
    market = build_market(plain_tables(moving("AB", 70)))
    # the first session has no return, so that the sixtieth is that of the 61st session
    assert universe_of(market)["A"].tolist() == [False] * 60 + [True] * 10


def test_history_counts_within_the_current_life() -> None:
    close = moving("AB", 60)
    tables = plain_tables(close)
    prices = tables["prices"]
    gone = (prices["ticker"] == "A") & prices["date"].isin(close.index[20:26])
    market = build_market(tables | {"prices": prices[~gone]})
    member = universe_of(market, least_history=10)
    # six sessions without a price, then one without a return, then ten with one
    assert member["A"].tolist() == [False] * 10 + [True] * 10 + [False] * 6 + [False] * 10 + [True] * 24
    assert member["B"].tolist() == [False] * 10 + [True] * 50


def test_history_goes_on_over_a_short_gap() -> None:
    close = moving("AB", 40)
    tables = plain_tables(close)
    prices = tables["prices"]
    gone = (prices["ticker"] == "A") & prices["date"].isin(close.index[20:23])
    member = universe_of(build_market(tables | {"prices": prices[~gone]}), least_history=10)
    assert member["A"].tolist() == [False] * 10 + [True] * 10 + [False] * 3 + [True] * 17


def test_the_price_rule_looks_at_the_price_as_traded() -> None:
    close = moving("AB", 20, price=0.9).clip(0.8, 0.99)
    splits = pd.DataFrame({"ticker": ["A"], "ex_date": [close.index[15]], "ratio": [4.0]})
    member = universe_of(build_market(plain_tables(close, splits=splits)), least_history=5)
    assert member["A"].tolist() == [False] * 5 + [True] * 10 + [False] * 5  # traded at four times the close until the split
    assert not member["B"].any()


def test_only_the_largest_estimate() -> None:
    tables = plain_tables(moving("ABCDE", 20))
    tables["shares"]["shares_out"] = [5.0, 1.0, 4.0, 2.0, 3.0]
    market = build_market(tables)
    member = universe_of(market, least_history=5, largest=2)
    cap = market["market_cap"].to_pandas()
    for date in member.index[5:]:
        assert set(member.columns[member.loc[date]]) == set(cap.loc[date].nlargest(2).index)
    assert not member.iloc[:5].any(axis=None)


@pytest.mark.parametrize("lacking", ["sector", "shares"])
def test_an_asset_without_a_sector_or_a_share_count_is_not_covered(lacking: str) -> None:
    tables = plain_tables(moving("ABC", 20))
    if lacking == "sector":
        tables["securities"].loc[1, "sector"] = np.nan
    else:
        tables["shares"] = tables["shares"][tables["shares"]["ticker"] != "B"]
    market = build_market(tables)
    assert not universe_of(market, least_history=5)["B"].any()
    assert not covered(market).sel(asset="B").any()
    assert universe_of(market, least_history=5)["C"].iloc[5:].all()


# ---------------------------------------------------------------- orthogonalise


@pytest.mark.parametrize("style", [style for style in STYLES if style.orthogonal_to], ids=lambda style: style.name)
def test_an_orthogonalised_style_is_uncorrelated_with_the_others_over_the_universe(
    market: xr.Dataset, style: rm.Style
) -> None:
    names = [style.name, *style.orthogonal_to]
    plain, universe = exposed(market, orthogonalise={style.name: ()})
    exposures, _ = exposed(market)
    cap = market["market_cap"].values
    for day in np.flatnonzero(universe.any("asset"))[::9]:
        member = universe.values[day]
        x = exposures["exposures"].sel(factor=names).values[day][:, member]
        before = plain["exposures"].sel(factor=names).values[day][:, member]
        assert np.abs(np.corrcoef(before)[0, 1:]).max() > 0.05
        np.testing.assert_allclose(np.corrcoef(x)[0, 1:], 0, atol=1e-12)
        assert x[0].std() == pytest.approx(1, rel=1e-12)
        assert np.average(x[0], weights=cap[day, member]) == pytest.approx(0, abs=1e-12)
    untouched = [name for name in STYLE_NAMES if name != style.name]
    np.testing.assert_allclose(
        exposures["exposures"].sel(factor=untouched), plain["exposures"].sel(factor=untouched), atol=1e-12
    )


def test_what_is_taken_out_of_a_style_is_finished_before_and_the_settings_go_before_the_style() -> None:
    styles = [
        rm.Style("liquidity", ["traded_value"], orthogonal_to=["volatility"]),
        rm.Style("volatility", ["volatility"], orthogonal_to=["size"]),
        rm.Style("size", ["log_market_cap"]),
        rm.Style("value", ["book_to_price"], orthogonal_to=["size", "momentum"]),
    ]
    wanted = orthogonalisation(ExposureSettings(), styles)
    assert list(wanted.items()) == [("volatility", ("size",)), ("value", ("size",)), ("liquidity", ("volatility",))]
    settings = ExposureSettings(orthogonalise={"volatility": (), "value": ("liquidity",)})
    assert orthogonalisation(settings, styles) == {"liquidity": ("volatility",), "value": ("liquidity",)}


def test_a_model_without_size_takes_it_out_of_nothing() -> None:
    styles = [style for style in STYLES if style.name != "size"]
    assert orthogonalisation(ExposureSettings(), styles) == {"volatility": ("market_sensitivity",)}


def test_a_style_that_names_a_stranger_or_itself_is_refused() -> None:
    with pytest.raises(rm.InputError, match=r"^orthogonalise: unknown style 'beta'. Known: own.$"):
        rm.RiskModel(styles=[rm.Style("own", ["momentum"], orthogonal_to=["beta"])])
    with pytest.raises(rm.InputError, match=r"^orthogonalise: 'own' is taken out of itself, directly"):
        rm.RiskModel(styles=[rm.Style("own", ["momentum"], orthogonal_to=["own"])])
    with pytest.raises(rm.InputError, match=r"^style 'own': orthogonal_to is 'size'; give a list of styles.$"):
        rm.Style("own", ["momentum"], orthogonal_to="size")


def test_a_residual_is_that_of_ols() -> None:
    rng = np.random.default_rng(0)
    values, others = rng.normal(size=(2, 40)), rng.normal(size=(2, 2, 40))
    inside = rng.random((2, 40)) < 0.8
    left = residual(values, others, inside)
    for day in range(2):
        design = sm.add_constant(others[day].T)
        fit = sm.OLS(values[day][inside[day]], design[inside[day]]).fit()
        np.testing.assert_allclose(left[day], values[day] - fit.predict(design), rtol=1e-10, atol=1e-12)


def test_an_unknown_style_to_orthogonalise_is_refused() -> None:
    with pytest.raises(rm.InputError) as caught:
        rm.RiskModel(exposures=ExposureSettings(orthogonalise={"volatility": ("beta",)}))
    assert str(caught.value) == f"orthogonalise: unknown style 'beta'. Known: {', '.join(STYLE_NAMES)}."


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"winsorise": -1}, "exposure settings: winsorise is -1; it must be a positive number."),
        ({"winsorise": np.nan}, "exposure settings: winsorise is nan; it must be a positive number."),
        ({"winsorise": "3"}, "exposure settings: winsorise is '3'; it must be a positive number."),
        ({"least_observed": 2}, "exposure settings: least_observed is 2; it must be a number, at least 0 and at most 1."),
        (
            {"orthogonalise": ["size"]},
            "orthogonalise: ['size']; it must be a dictionary of a style and the styles taken out of it.",
        ),
        (
            {"orthogonalise": {"volatility": "size"}},
            "orthogonalise: of 'volatility' is 'size'; it must be a tuple of styles.",
        ),
        (
            {"orthogonalise": {"volatility": ("size", "value", "size")}},
            "orthogonalise: 'volatility' names 'size' more than once. Name each style once.",
        ),
        (
            {"orthogonalise": {"size": ("size",)}},
            "orthogonalise: 'size' is taken out of itself, directly or by way of others. Leave out one of size -> size.",
        ),
        (
            {"orthogonalise": {"size": ("value",), "value": ("growth", "size")}},
            "orthogonalise: 'size' is taken out of itself, directly or by way of others. Leave out one of size -> value, "
            "value -> growth, value -> size.",
        ),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(rm.InputError) as caught:
        ExposureSettings(**wrong)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"largest": 0}, "largest is 0; it must be a whole number, at least 1."),
        ({"largest": 10.5}, "largest is 10.5; it must be a whole number, at least 1."),
        ({"least_history": -1}, "least_history is -1; it must be a whole number, at least 0."),
        ({"least_price": "1"}, "least_price is '1'; it must be a number, at least 0."),
    ],
)
def test_rules_of_the_universe_out_of_range_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(rm.InputError) as caught:
        UniverseRule(**wrong)  # type: ignore[arg-type]
    assert str(caught.value) == f"universe rule: {message}"


def test_dividends_reach_shareholder_return_when_no_filing_has_them() -> None:
    tables = random_tables(assets=50, sessions=260, seed=6)
    close = tables["prices"].pivot(index="date", columns="ticker", values="close")
    paid = close * 0
    paid.iloc[100::40, ::2] = 1.0
    prices = prices_of(close, paid)
    plain = tables | {"prices": prices, "fundamentals": tables["fundamentals"].drop(columns="dividends_per_share")}
    exposures, _ = exposed(build_market(plain))
    payer, other = (exposures["exposures"].sel(factor="shareholder_return").values[-1][i::2].mean() for i in (0, 1))
    assert payer > other


def test_a_market_of_which_nobody_trades_at_the_least_price_is_refused_with_its_cause(small_market):
    """It ended in "thin: 0 names": cents were stated of closes in dollars."""
    cents = small_market.assign({name: small_market[name] * 1e-4 for name in ("close", "traded_price", "market_cap")})
    with pytest.raises(InputError, match=r"no close of 400 names is, as traded, at least 1, the least .* another unit"):
        rm.RiskModel().fit(cents)
