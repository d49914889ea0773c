"""What each rule cost: rungs that sum to the excess, whatever the lists are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.construction.course_rules import rules_of
from attribution.construction.rungs import follow_rungs, rule_costs
from attribution.portfolio.periods import read_period
from attribution.portfolio.tracks import Tracks
from attribution.rows import LIST, NO_STRATEGY
from tests.conftest import SMALL_MONTH

BASE = pd.Timestamp("2025-02-28")


@pytest.fixture(scope="module")
def tracks(strategies, small_market):
    return Tracks(strategies, small_market, read_period(SMALL_MONTH, strategies, small_market))


@pytest.fixture(scope="module")
def costs(once, tracks, small_model):
    return once("rules", lambda: rules_of(tracks, "major", small_model))


def lists_of(*rungs):
    return pd.concat(
        [
            pd.DataFrame({"date": BASE, "rung": rung, "ticker": list(weights), "weight": list(weights.values())})
            for rung, weights in rungs
        ]
    )


def test_the_rungs_sum_to_the_excess_and_what_no_rule_gives_is_a_row(costs):
    table = costs.table
    assert table["contribution"].sum() == pytest.approx(costs.excess_return, abs=1e-12)
    assert table["rung"].tolist()[0] == "score"
    assert LIST in set(table["rung"])  # the shipped lists were made by a simpler rule
    assert costs.reconciliation["passed"].all()


def test_rungs_of_factors_and_stocks_are_those_of_the_result(costs, strategies, small_model, small_market):
    result = at.attribute(strategies, "major", small_model, small_market, period=SMALL_MONTH)
    by_factor = costs.by("factor").groupby(level="factor").sum()
    of_course = result.by("factor")
    np.testing.assert_allclose(by_factor.reindex(of_course.index), of_course, atol=1e-12)
    by_stock = costs.by("stock").groupby(level="stock").sum()
    of_stocks = result.by("stock")
    np.testing.assert_allclose(by_stock.reindex(of_stocks.index), of_stocks, atol=1e-12)
    assert (by_stock.drop(of_stocks.index).abs() < 1e-12).all()  # names of rungs alone bring nothing in the end


def test_a_rung_by_hand(tracks, small_model, small_market):
    """One day, two rungs of one name each: the return of the one less that of the other, times the day's coefficient."""
    whole = small_market["total_return"].sel(time=SMALL_MONTH).to_pandas().notna().all()
    names = [str(name) for name in whole.index[whole][:2]]
    rungs = lists_of(("score", {names[0]: 1.0}), ("cap", {names[1]: 1.0}))
    costs = rule_costs(tracks, "major", small_model, {"major": follow_rungs(tracks, "major", rungs)})
    returns = small_market["total_return"].sel(time=tracks.period.days, asset=names).to_pandas()
    expected = (costs.cube.coefficient.to_series() * (returns[names[1]] - returns[names[0]])).sum()
    assert costs.by()["cap"] == pytest.approx(expected, abs=1e-12)


def test_a_rung_that_changes_nothing_brings_nothing(tracks, small_model):
    held = tracks.book.holdings
    last = held[(held["portfolio"] == "major") & (held["date"] <= BASE)]
    last = last[last["date"] == last["date"].max()].set_index("ticker")["weight"].to_dict()
    rungs = lists_of(("score", last), ("cap", last))
    costs = rule_costs(tracks, "major", small_model, {"major": follow_rungs(tracks, "major", rungs)})
    assert costs.by()["cap"] == 0
    assert LIST not in costs.by().index


def test_a_blend_has_a_row_for_sleeves_that_no_strategy_makes(tracks, small_model, costs):
    held = tracks.book.holdings
    last = held[(held["portfolio"] == "major") & (held["date"] <= BASE)]
    last = last[last["date"] == last["date"].max()].set_index("ticker")["weight"].to_dict()
    rungs = lists_of(("score", last))
    blend = rule_costs(tracks, "Major 70 : Next 30", small_model, {"major": follow_rungs(tracks, "major", rungs)})
    table = blend.table.set_index("rung")["contribution"]
    assert set(table.index) >= {"score", NO_STRATEGY}
    assert table.sum() == pytest.approx(blend.excess_return, abs=1e-12)
    assert blend.table["score"].isna().all()


def test_errors_of_rungs_are_of_their_factors_alone(costs):
    table = costs.with_errors("group")
    observed = costs.with_errors()
    assert (observed["standard_error"] == 0).all()
    assert (table.xs("style", level="group")["standard_error"] >= 0).all()
    assert table["contribution"].sum() == pytest.approx(costs.excess_return, abs=1e-12)


def test_a_course_without_a_strategy_is_told_how_to_name_one(small_book, small_model, small_market):
    with pytest.raises(
        at.InputError, match=r"no sleeve of 'Major 100' has a strategy; \[strategies\] of the book are: none"
    ):
        at.attribute_rules(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH)


def test_against_zero_moves_names_within_a_rung_and_no_rung(costs):
    benchmark, zero = costs.by("stock"), costs.by("stock", against="zero")
    assert (benchmark - zero).abs().max() > 1e-6
    np.testing.assert_allclose(benchmark.groupby(level="rung").sum(), zero.groupby(level="rung").sum(), atol=1e-12)
