"""A benchmark of which only returns are known: a pseudo-name whose exposures are estimated, and what cannot be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.accounts import attribute_accounts
from attribution.contributions.sums import contributions
from attribution.measures.figures import followed_figures
from attribution.measures.forecast import closing_course, course_risk, forecast_risk, sleeve_limits
from attribution.portfolio.course import follow_course
from attribution.portfolio.periods import read_period
from attribution.portfolio.settings.sections import Benchmark
from attribution.portfolio.tracks import Tracks
from attribution.rows import BENCHMARK, PROXY, PROXY_FACTOR, SPECIFIC
from tests.conftest import REAL, of_few_draws

MONTH, BLEND = "2025-03", "Major 70 : Next 30"
CLOSE = pd.Timestamp("2025-03-31")


def returns_only(book, *names):
    """The book, of whose named benchmarks, or of all, only returns are known."""
    benchmarks = {
        name: Benchmark(returns_only=True) if name in (names or book.benchmarks) else benchmark
        for name, benchmark in book.benchmarks.items()
    }
    return book.model_copy(update={"benchmarks": benchmarks})


@pytest.fixture(scope="module")
def book(small_book):
    return returns_only(small_book, "Large Index")


@pytest.fixture(scope="module")
def result(book, small_model, small_market):
    return at.attribute(book, "Major 100", small_model, small_market, period=MONTH)


@pytest.fixture(scope="module")
def blend(book, small_model, small_market):
    return at.attribute(book, BLEND, small_model, small_market, period=MONTH)


def test_contributions_sum_to_the_excess_over_the_level_and_nothing_is_proxy(result, small_market):
    level = small_market["index_level"].sel(index="Large Index").to_series()
    assert result.benchmark_return == pytest.approx(level["2025-03-31"] / level["2025-02-28"] - 1, abs=1e-14)
    for cut in ("factor", "stock", "sector", "day", "sleeve"):
        assert result.by(cut).sum() == pytest.approx(result.excess_return, abs=1e-13)
    assert result.by("factor")[PROXY_FACTOR] == 0.0 and result.by("stock")[PROXY] == 0.0
    assert result.by("stock")[BENCHMARK] == pytest.approx(0.0, abs=1e-15)  # measured against itself
    linked = float((result.cube.coefficient * result.cube.official_return).sum())
    assert result.by("stock", against="zero")[BENCHMARK] == pytest.approx(-linked, abs=1e-15)
    assert result.reconciliation["passed"].all()
    assert not result.reconciliation["identity"].str.contains("Brinson").any()


def test_the_split_is_the_estimated_exposures_times_the_factor_returns(result):
    cube = result.cube
    place = cube.assets.get_loc(BENCHMARK)
    exposure, f = cube.exposure.to_numpy()[:, :, place], cube.factor_return.to_numpy()
    explained = (exposure * f).sum(axis=1) + cube.specific_return.to_numpy()[:, place]
    np.testing.assert_allclose(explained, cube.official_return, atol=1e-15)
    earned = contributions(cube, ["stock", "factor"], against="zero")[BENCHMARK]
    scale = cube.coefficient.to_numpy()
    expected = -(scale[:, None] * exposure * f).sum(axis=0)
    np.testing.assert_allclose(earned[cube.factors], expected, atol=1e-15)


def test_the_estimate_is_near_what_the_constituents_say(result, small_result, small_model, small_market, small_book):
    listed = at.attribute(small_book, "Major 100", small_model, small_market, period=MONTH)
    own, other = result.with_errors("group"), listed.with_errors("group")
    gap = own["contribution"] - other["contribution"]
    assert (gap.abs() <= 2.5 * own["standard_error"] + 1e-12)[["style", SPECIFIC]].all()
    assert (own["standard_error"] >= other["standard_error"] - 1e-15).all()


def brute_errors(cube, weight):
    """Standard errors of the factors, and of specific, of linked weights (time, asset), by loops over pairs of days."""
    errors, place = cube.exposure_errors, cube.assets.get_loc(BENCHMARK)
    f, x = cube.factor_return.to_numpy(), cube.exposure.to_numpy()
    roots = []
    for covariance in errors.covariance.to_numpy()[0]:
        values, vectors = np.linalg.eigh(covariance)
        roots.append(vectors * np.sqrt(values.clip(0)) @ vectors.T)
    factors = np.zeros((f.shape[1], f.shape[1]))
    for t, of_day in enumerate(cube.covariance.to_numpy()):
        z = x[t] @ weight[t]
        factors += z[:, None] * of_day * z
        for s in range(len(f)):
            rho = max(0.0, 1 - abs(t - s) / errors.window) * weight[t, place] * weight[s, place]
            factors += rho * (f[t][:, None] * roots[t]) @ (f[s][:, None] * roots[s]).T
    return np.sqrt(np.append(np.diag(factors), factors.sum()))


def test_the_errors_of_exposures_flow_into_those_of_contributions(result):
    cube = result.cube
    active = (cube.portfolio_live - cube.benchmark_live).to_numpy() * cube.coefficient.to_numpy()[:, None]
    expected = brute_errors(cube, active)
    found = result.standard_errors("factor")
    rows = [factor for factor in cube.factors if factor != "market"]  # the market has what is not invested, moved
    there = [cube.factors.index(factor) for factor in rows]
    np.testing.assert_allclose(found[rows], expected[there], rtol=1e-9, atol=1e-15)
    assert found[SPECIFIC] == pytest.approx(expected[-1], rel=1e-9)


def test_a_stock_measured_against_the_benchmark_shares_its_error(result):
    cube = result.cube
    held = cube.portfolio_live.to_numpy()[0]
    stock = int(np.argmax(held * (cube.assets != "CASH")))
    scale = cube.coefficient.to_numpy()[:, None]
    own = np.zeros_like(cube.portfolio_live.to_numpy())
    own[:, stock] = cube.portfolio_live.to_numpy()[:, stock]
    own[:, cube.assets.get_loc(BENCHMARK)] -= cube.portfolio_weight.to_numpy()[:, stock]
    expected = brute_errors(cube, own * scale)
    found = result.standard_errors("stock", "factor")[cube.assets[stock]]
    np.testing.assert_allclose(found[cube.factors[1:]], expected[1:-1], rtol=1e-9, atol=1e-15)
    assert found[SPECIFIC] == pytest.approx(expected[-1], rel=1e-9)


def test_days_and_months_have_their_own_errors_and_the_rest_has_that_of_its_sum(result):
    by_day = result.standard_errors("day", "factor").unstack("factor")
    assert (by_day[SPECIFIC] < result.standard_errors("factor")[SPECIFIC]).all()
    whole = result.standard_errors("month", "factor").droplevel("month")
    np.testing.assert_allclose(whole, result.standard_errors("factor"), rtol=1e-12)
    rows = result.top_with_errors(1, "factor")
    left_out = [row for row in result.factor_names if row not in rows.index]
    assert rows.loc["(rest)", "contribution"] == pytest.approx(result.by("factor")[left_out].sum(), abs=1e-15)
    assert rows.loc["(rest)", "standard_error"] > 0


def test_a_blend_has_one_sleeve_against_a_series_and_one_against_a_list(blend, result, book, small_model, small_market):
    assert blend.reconciliation["passed"].all()
    assert blend.by("sleeve").sum() == pytest.approx(blend.excess_return, abs=1e-13)
    both = returns_only(book)
    labels = list(at.attribute(both, BLEND, small_model, small_market, period=MONTH).followed.levels)
    assert labels == ["(benchmark Large Index)", "(benchmark Small Index)"]
    with pytest.raises(rm.InputError, match=r"^brinson: n/a of 'Major 70 : Next 30': its benchmark, or a part of it"):
        blend.brinson("sector")
    assert blend.sector_brinson is None and result.sector_brinson_by_factor is None


def test_what_happens_later_changes_no_estimate(result, book, small_model, small_market):
    level = small_market["index_level"].copy()
    level.loc[{"time": slice("2025-04-01", None)}] *= 1.05
    later = at.attribute(book, "Major 100", small_model, small_market.assign(index_level=level), period=MONTH)
    xr.testing.assert_identical(later.data, result.data)
    level.loc[{"time": slice("2025-03-31", None)}] *= 1.01  # the last day's return, known at its close
    moved = at.attribute(book, "Major 100", small_model, small_market.assign(index_level=level), period=MONTH)
    xr.testing.assert_identical(moved.cube.exposure, result.cube.exposure)
    assert moved.benchmark_return != result.benchmark_return


def test_before_there_are_returns_enough_the_benchmark_is_not_modelled(book, small_model, small_market):
    level = small_market["index_level"].copy()
    level.loc[{"time": slice(None, "2025-02-03"), "index": "Large Index"}] = np.nan
    early = at.attribute(book, "Major 100", small_model, small_market.assign(index_level=level), period=MONTH)
    assert not early.cube.modelled.sel(asset=BENCHMARK).any()
    row = early.by("factor")["unmodelled"]
    assert row == pytest.approx(-early.benchmark_return, rel=0.05) and early.reconciliation["passed"].all()


def test_risk_takes_the_estimated_exposures_and_specific_variance(book, small_model, small_market):
    forecast = forecast_risk(of_few_draws(small_model), small_market, CLOSE, levels=book.levels_among_names)
    risk = course_risk(book, "Major 100", forecast, small_market, CLOSE)
    weights = closing_course(book, "Major 100", small_market, CLOSE).invested()["portfolio_weight"].drop_sel(asset="CASH")
    own = forecast.exposures.sel(asset=weights["asset"]).to_numpy().T @ weights.to_numpy()
    x = own - forecast.exposures.sel(asset=BENCHMARK).to_numpy()
    specific = float((forecast.specific_variance.sel(asset=weights["asset"]) * weights**2).sum())
    specific += float(forecast.specific_variance.sel(asset=BENCHMARK))
    expected = np.sqrt((x @ forecast.factor_covariance.to_numpy() @ x + specific) * 252)
    assert risk.tracking_error == pytest.approx(expected, rel=1e-9)
    assert risk.reconciliation["passed"].all()


def test_risk_without_an_estimate_is_refused_and_never_that_of_cash(book, small_model, small_market):
    level = small_market["index_level"].copy()
    level.loc[{"time": slice(None, "2025-02-03"), "index": "Large Index"}] = np.nan
    market = small_market.assign(index_level=level)
    forecast = forecast_risk(of_few_draws(small_model), market, CLOSE, levels=book.levels_among_names)
    with pytest.raises(rm.InputError, match=r"^risk of 'Major 100': n/a: of its benchmark only returns are"):
        course_risk(book, "Major 100", forecast, market, CLOSE)


def test_limits_that_need_the_benchmarks_sectors_are_not_tested_and_those_of_its_risk_say_estimated(
    book, small_model, small_market
):
    forecast = forecast_risk(of_few_draws(small_model), small_market, CLOSE, levels=book.levels_among_names)
    limits = sleeve_limits(book, "major", forecast, small_market, CLOSE).set_index("rule")
    assert pd.isna(limits.loc["sector_deviation_max", "ok"]) and pd.isna(limits.loc["sector_deviation_max", "value"])
    assert limits.loc["sector_deviation_max", "detail"] == "n/a: of 'Large Index' only returns are known"
    assert limits.loc["risk_band", "detail"].endswith("; that of Large Index by estimated exposures")


def test_active_share_is_not_told_and_says_why(book, small_market):
    tracks = Tracks(book, small_market, read_period(MONTH, book, small_market))
    figures = followed_figures(tracks, follow_course(book, BLEND, small_market, tracks.period)).set_index("measure")
    for measure in ("active_share_mean", "active_share_end"):
        assert pd.isna(figures.loc[measure, "value"])
        assert figures.loc[measure, "basis"] == "n/a: of the benchmark, or a part of it, only returns are known"


def test_a_view_in_yen_adds_up_too(result, small_market):
    view = result.in_currency("JPY", small_market)
    assert view.by("factor").sum() == pytest.approx(view.excess_return, abs=1e-13)
    assert view.by("factor")[PROXY_FACTOR] == 0.0 and BENCHMARK in repr(view.by("stock").index.tolist())


def test_accounts_against_it_are_what_the_course_is(result, book, small_model, small_market):
    benchmark = follow_course(book, "Major 100", small_market, read_period(MONTH, book, small_market))
    held = book.holdings[(book.holdings["portfolio"] == "major") & (book.holdings["date"] == "2025-02-28")]
    accounts = attribute_accounts(held, benchmark, small_model, small_market, period=MONTH)
    for cut in (("factor",), ("group",), ("sector", "factor")):
        own = accounts.by(*cut).sel(portfolio="major").to_series()
        np.testing.assert_allclose(own, result.by(*cut).reindex(own.index), atol=1e-15)
        errors = accounts.standard_errors(*cut).sel(portfolio="major").to_series()
        np.testing.assert_allclose(errors, result.standard_errors(*cut).reindex(errors.index), atol=1e-15)
    stolen = held.assign(ticker=held["ticker"].where(held["ticker"] != held["ticker"].iloc[0], BENCHMARK))
    with pytest.raises(rm.InputError, match=r"1 row with a ticker that has no prices: \(benchmark\)"):
        attribute_accounts(stolen, benchmark, small_model, small_market, period=MONTH)


def test_what_a_terminal_shows_says_that_exposures_are_estimated(result):
    assert "exposures of Large Index are estimated from its returns of up to 120 sessions" in repr(result)


@pytest.mark.slow
@pytest.mark.real_market
def test_on_the_real_market_the_estimate_is_near_the_constituents_and_its_errors_cover_them(real_market, real_model):
    """Of one month and two indices; docs/methodology/returns_only.md has the figures of all months."""
    book, gaps = at.read_book(REAL / "book.toml"), []
    for sleeve in book.sleeves:
        listed, alone = (
            at.attribute(each, sleeve, real_model, real_market, period="2016-03").with_errors("factor")
            for each in (book, returns_only(book))
        )
        styles = [factor for factor in listed.index if real_model.group(factor) == "style"]
        own, other = (table.loc[styles, "contribution"] for table in (alone, listed))
        gaps.append(((own - other) / alone.loc[styles, "standard_error"]).to_numpy())
        assert np.corrcoef(own, other)[0, 1] > 0.85
    assert np.mean(np.abs(np.concatenate(gaps)) < 2) > 0.9
