"""A name's part is measured against the benchmark, and what is not invested has a row of its own."""

from __future__ import annotations

from dataclasses import replace
from math import fsum

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import attribution as at
from attribution.contributions.pieces import yardstick
from attribution.measures.forecast import closing_course, course_risk, forecast_risk, sleeve_limits
from attribution.rows import CASH, CASH_AND_STOPPED, EFFECTS
from tests.attribution.contributions.cubes import as_cube, drawn_cube, linked, result_of
from tests.conftest import REAL, dear_examples, of_few_draws

quick = settings(deadline=None, max_examples=dear_examples(), derandomize=True)
COURSE, BLEND = "Major 100", "Major 70 : Next 30"
STOPPED, STOPPED_MONTH = "0130", "2024-12"  # last trade on 13 December


@pytest.fixture(scope="module")
def stopped_result(small_book, small_model, small_market):
    return at.attribute(small_book, COURSE, small_model, small_market, period=STOPPED_MONTH)


# ---------------------------------------------------------------- against the benchmark


@quick
@given(st.integers(0, 10_000), st.booleans())
def test_a_name_that_did_as_the_benchmark_is_worth_nothing_held_or_not(seed, shorts):
    data = drawn_cube(seed, days=5, assets=8, shorts=shorts)
    name = "A003"
    there = data["asset"] == name
    returns = data["asset_return"].where(~there, data["benchmark_return"])
    explained = (data["exposure"] * data["factor_return"]).sum("factor")
    specific = data["specific_return"].where(~there, returns - explained) * data["modelled"]
    constituents = (data["benchmark_live"] * returns).sum("asset")
    portfolio = (data["portfolio_live"] * returns).sum("asset")
    gap = constituents - data["benchmark_return"]
    data = data.assign(
        asset_return=returns, specific_return=specific, constituents_return=constituents, portfolio_return=portfolio,
        sleeve_proxy=(("sleeve", "time"), np.stack([0.3 * gap, 0.7 * gap])),
    )  # fmt: skip
    result = result_of(linked(data))
    assert result.by("stock")[name] == pytest.approx(0.0, abs=1e-17)
    assert fsum(result.by("stock", "factor")[name]) == pytest.approx(0.0, abs=1e-16)
    assert fsum(result.by("stock")) == pytest.approx(result.excess_return, abs=1e-12)


@quick
@given(st.integers(0, 10_000))
def test_what_is_taken_off_adds_to_nothing_over_the_names_in_every_row(seed):
    result = result_of(drawn_cube(seed, days=5, assets=7))
    off = result.by("stock", "factor") - result.by("stock", "factor", against="zero")
    assert off.groupby("factor").sum().abs().max() < 1e-16
    for row in (CASH_AND_STOPPED, "proxy"):
        assert off.xs(row, level="factor").drop("(proxy)").abs().max() > 0
    assert (off["(proxy)"] == 0).all()


@quick
@given(st.integers(0, 10_000))
def test_cash_is_measured_against_the_benchmark_too(seed):
    data = drawn_cube(seed, days=5, assets=7)
    active = (data["portfolio_weight"] - data["benchmark_weight"]).sel(asset=CASH)
    gained = data["asset_return"].sel(asset=CASH) - data["benchmark_return"]
    expected = float((data["coefficient"] * active * gained).sum())
    assert result_of(data).by("stock")[CASH] == pytest.approx(expected, abs=1e-16)


@settings(quick, max_examples=dear_examples() // 4)
@given(st.integers(0, 10_000))
def test_other_names_for_the_names_change_nothing(seed):
    data = drawn_cube(seed, days=4, assets=6)
    renamed = {name: name if name == CASH else f"Z{name}" for name in data["asset"].values}
    other = data.assign_coords(asset=list(renamed.values()))
    for cuts in (("stock",), ("stock", "factor"), ("sleeve", "stock")):
        one, two = result_of(data).with_errors(*cuts), result_of(other).with_errors(*cuts)
        two.index = two.index.map(
            lambda key: tuple(part.removeprefix("Z") for part in key) if isinstance(key, tuple) else key.removeprefix("Z")
        )
        pd.testing.assert_frame_equal(two, one, check_names=False)


@quick
@given(st.integers(0, 10_000))
def test_cuts_that_name_no_names_are_the_same_to_the_last_bit(seed):
    result = result_of(drawn_cube(seed, days=5, assets=6))
    for cuts in (("factor",), ("group",), ("day",), ("month", "factor")):
        pd.testing.assert_frame_equal(result.with_errors(*cuts), result.with_errors(*cuts, against="zero"), check_exact=True)
    for cuts in (("stock",), ("sector", "factor"), ("sleeve",)):
        own = result.with_errors(*cuts, absolute=True)
        pd.testing.assert_frame_equal(own, result.with_errors(*cuts, absolute=True, against="zero"), check_exact=True)


def test_the_yardstick_is_the_official_benchmark_by_row():
    cube = as_cube(drawn_cube(3))
    measure = yardstick(cube)
    np.testing.assert_allclose(measure.rows.sum(axis=1), cube.benchmark_return, rtol=0, atol=1e-16)
    np.testing.assert_array_equal(measure.returns, cube.benchmark_return)


@pytest.mark.parametrize("course", [COURSE, BLEND, "next_major"])
@pytest.mark.parametrize("currency", [None, "JPY"])
def test_a_sectors_row_is_its_fachler_effects_in_any_view(small_book, small_model, small_market, course, currency):
    result = at.attribute(small_book, course, small_model, small_market, period=STOPPED_MONTH)
    result = result if currency is None else result.in_currency(currency, small_market)
    effects = result.brinson("sector").set_index("group")[list(EFFECTS)].sum(axis=1)
    sectors = result.by("sector")
    np.testing.assert_allclose(effects[sectors.index], sectors, rtol=0, atol=1e-15)
    row = result.reconciliation.set_index("identity").loc["sectors = Brinson-Fachler effects"]
    assert row["passed"]


def test_what_else_a_part_could_be_measured_against_is_refused(small_result):
    message = 'against \'index\': write "benchmark" or "zero".'
    for call in (small_result.by, small_result.path, small_result.standard_errors):
        with pytest.raises(at.InputError) as caught:
            call("stock", against="index")
        assert str(caught.value) == message


# ---------------------------------------------------------------- not invested


def test_a_stopped_name_and_cash_make_the_row_of_what_is_not_invested(stopped_result):
    """By hand: weights that earn nothing against the market, cash with its interest against it."""
    data, day = stopped_result.data, pd.Timestamp("2024-12-13")
    weight = data["portfolio_weight"].sel(asset=STOPPED)
    carried = weight.where(data["time"] > day, 0.0)
    assert float(carried.max()) > 0.03
    assert (data["portfolio_live"].sel(asset=STOPPED, time=slice("2024-12-16", None)) == 0).all()
    assert (data["portfolio_live"].sel(asset=STOPPED, time=slice(None, day)) == weight.sel(time=slice(None, day))).all()
    official = data["benchmark_weight"] - data["benchmark_live"]
    cash = (data["portfolio_weight"] - data["benchmark_weight"]).sel(asset=CASH)
    idle = cash + carried - official.drop_sel(asset=CASH).sum("asset")
    earned = cash * data["asset_return"].sel(asset=CASH) - idle * data["factor_return"].sel(factor="market")
    expected = float((earned * data["coefficient"]).sum())
    assert stopped_result.by("factor")[CASH_AND_STOPPED] == pytest.approx(expected, abs=1e-15)
    assert stopped_result.by("factor")["unmodelled"] == pytest.approx(0.0, abs=1e-15)
    assert abs(stopped_result.by("factor")["market"]) < 1e-15


def test_what_moves_out_of_the_market_is_all_that_changes(stopped_result):
    """Without a factor that is the market's, nothing moves."""
    cube = stopped_result.cube
    plain = replace(stopped_result, cube=replace(cube, groups={**cube.groups, "market": "style"}))
    moved, still = stopped_result.by("factor"), plain.by("factor")
    assert moved["market"] + moved[CASH_AND_STOPPED] == pytest.approx(still["market"] + still[CASH_AND_STOPPED], abs=1e-16)
    rows = moved.index.drop(["market", CASH_AND_STOPPED])
    pd.testing.assert_series_equal(moved[rows], still[rows], check_exact=True)
    own = stopped_result.by("factor", absolute=True)
    pd.testing.assert_series_equal(own, plain.by("factor", absolute=True), check_exact=True)


def test_risk_and_limits_take_a_stopped_name_as_cash(small_book, small_model, small_market):
    date = pd.Timestamp("2024-12-31")
    forecast = forecast_risk(of_few_draws(small_model), small_market, date)
    followed = closing_course(small_book, COURSE, small_market, date)
    risk = course_risk(small_book, COURSE, forecast, small_market, date)
    closing = followed.data["closing_weight"]
    assert float(closing.sel(asset=STOPPED)) > 0.03
    assert STOPPED not in set(risk.uncovered["ticker"])
    assert risk.cash_weight == pytest.approx(float(closing.sel(asset=[CASH, STOPPED]).sum()), abs=1e-15)
    assert float(followed.invested()["portfolio_weight"].sum()) == pytest.approx(1.0, abs=1e-12)
    limits = sleeve_limits(small_book, "major", forecast, small_market, date).set_index("rule")
    assert limits.loc["names_min", "value"] == int((closing.drop_sel(asset=CASH) != 0).sum()) - 1


def test_the_notes_and_the_commentary_name_a_stopped_name_with_its_weight(small_book_of_one, small_model, small_market):
    content = at.prepare_report(small_book_of_one, month=STOPPED_MONTH, market=small_market, model=of_few_draws(small_model))
    (note,) = (note for note in content.notes if note.key == "stopped" and note.values["sleeve"] == "major")
    assert note.values["ticker"] == STOPPED
    assert note.values["weight"] == pytest.approx(0.039, abs=0.002)
    row = f"<#factor_contributions|{COURSE}|{CASH_AND_STOPPED}|contribution>"
    for language, day in (("en", "13 December 2024"), ("ja", "2024年12月13日")):
        text = at.report_commentary(content, lang=language)
        (sentence,) = (line for line in text.split("\n") if f"|{STOPPED}|weight_end>" in line and day in line)
        assert row in sentence


@pytest.mark.real_market
@pytest.mark.slow
def test_a_takeover_of_the_real_market_is_no_market_call(real_market, real_model):
    """Cablevision was taken over in June 2016, last traded on the 20th: 8.8 % of it, carried flat."""
    market, model, book = real_market, real_model, at.read_book(REAL / "book.toml")
    held = book.holdings
    begun = (held["portfolio"] == "major") & (held["date"] == held.loc[held["date"] < "2016-06-01", "date"].max())
    lists = held[begun].assign(weight=lambda frame: 0.912 * frame["weight"])
    name = lists.iloc[:1].assign(ticker="CVC", weight=0.088)
    changed = book.model_copy(update={"holdings": pd.concat([held[~begun], lists, name], ignore_index=True)})
    result = at.attribute(changed, COURSE, model, market, period="2016-06")
    rows = result.with_errors("factor")
    assert abs(rows.loc["market", "contribution"]) < 1e-12
    assert not np.isfinite(rows.loc["market", "t"])
    data = result.data
    carried = (data["portfolio_weight"] - data["portfolio_live"]).sel(asset="CVC")
    assert float(carried.isel(time=-1)) == pytest.approx(0.088, abs=0.005)
    lost = float(-(carried * data["factor_return"].sel(factor="market") * data["coefficient"]).sum())
    assert abs(lost) > 5e-5
    assert rows.loc[CASH_AND_STOPPED, "contribution"] == pytest.approx(lost, abs=3e-4)  # and some cash
    assert rows.loc["unmodelled", "contribution"] == pytest.approx(0.0, abs=1e-4)
    date = pd.Timestamp("2016-06-30")
    forecast = forecast_risk(model, market, date)
    risk = course_risk(changed, COURSE, forecast, market, date)
    assert np.isfinite(risk.tracking_error)
    assert risk.cash_weight > 0.08
    assert sleeve_limits(changed, "major", forecast, market, date).set_index("rule").loc["risk_band", "ok"] is not pd.NA
