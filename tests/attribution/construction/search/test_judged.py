"""The search on markets whose truth is known: where nothing is rewarded nothing is found, one reward is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from attribution.construction.search.backtest import backtest
from attribution.construction.search.judged import Earlier, Judgement, Terms, judge
from attribution.construction.search.panel import Panel
from attribution.construction.search.periods import Periods
from attribution.construction.search.regimes import REGIMES, regimes
from attribution.construction.search.trials import combined
from attribution.construction.search.walk_forward import walk_forward
from riskmodel.errors import InputError
from tests.attribution.construction.search.panels import simulated_panel

QUICK = Terms(names=20, cost_bps=10, draws=19)
NOISE_MARKETS = 200
LONG = {"months": 240, "days": 1, "assets": 200, "premium": 0.05, "volatility": 0.04}  # a factor's ratio of 1.25 a year


def searched(panel: Panel, terms: Terms = QUICK, earlier: Earlier | None = None) -> Judgement:
    return judge(panel, combined(panel.factors, least=1, most=3), terms, earlier=earlier)


@pytest.fixture(scope="module")
def noise() -> Judgement:
    return searched(simulated_panel(1))


@pytest.fixture(scope="module")
def rewarded() -> Judgement:
    return searched(simulated_panel(2, **LONG), replace(QUICK, frequency="month", held_out=60, names=25))


def test_where_nothing_is_rewarded_nothing_is_found(noise):
    assert not noise.found and noise.verdict.key == "search_nothing"
    assert noise.verdict.values["trials"] == noise.counted == 41
    others = [searched(simulated_panel(seed)) for seed in (3, 4)]
    assert not any(other.found for other in others)


def test_one_rewarded_factor_is_found_and_named(rewarded):
    assert rewarded.found and rewarded.verdict.key == "search_found"
    assert "factor 0" in rewarded.verdict.values["score"]
    assert rewarded.p_value == 0.05 and rewarded.deflated > 0.95  # no search of nineteen among noise found so much
    assert rewarded.overfitting.probability < 0.2


@pytest.mark.slow
def test_of_two_hundred_markets_without_a_reward_at_most_one_in_twenty_passes():
    terms = replace(QUICK, draws=39)
    found = [searched(simulated_panel(1000 + seed), replace(terms, seed=seed)) for seed in range(NOISE_MARKETS)]
    low = np.mean([each.p_value <= 0.05 for each in found])
    print(f"passed {np.mean([each.found for each in found]):.3f}, placebo alone {low:.3f}")
    assert np.mean([each.found for each in found]) <= 0.05
    assert low <= 0.05 + 2 * (0.05 * 0.95 / NOISE_MARKETS) ** 0.5  # the placebo alone keeps its level, within its error


@pytest.mark.slow
def test_of_two_hundred_markets_with_one_reward_most_are_found_by_its_name():
    terms = replace(QUICK, frequency="month", held_out=60, names=25)
    found = [searched(simulated_panel(5000 + seed, **LONG), replace(terms, seed=seed)) for seed in range(NOISE_MARKETS)]
    named = [each.found and "factor 0" in each.verdict.values["score"] for each in found]
    print(f"found by name {np.mean(named):.3f}")
    assert np.mean(named) >= 0.5


def test_what_is_chosen_and_all_that_doubts_it_sees_nothing_of_the_last_year(noise):
    panel = noise.panel
    draw = np.random.default_rng(9)
    last = panel.month >= noise.months_in_sample
    changed = replace(
        panel,
        growth=np.where(last[:, None], panel.growth * draw.uniform(0.5, 2, panel.growth.shape), panel.growth),
        benchmark=np.where(last, draw.normal(0, 0.05, len(last)), panel.benchmark),
        exposures=np.concatenate([panel.exposures[:48], draw.standard_normal(panel.exposures[48:].shape)]),
    )
    other = searched(changed)
    for name in ("chosen", "p_value", "deflated", "effective"):
        assert getattr(other, name) == getattr(noise, name), name
    assert (other.in_sample == noise.in_sample).all() and (other.out_of_sample != noise.out_of_sample).any()
    assert (other.overfitting.logits == noise.overfitting.logits).all() and (other.placebo.best == noise.placebo.best).all()


def test_windows_have_the_figures_of_the_chosen_trial_and_the_months_they_are_of(noise):
    windows = noise.windows.set_index("window")
    assert windows.loc["in_sample", "figure"] == pytest.approx(noise.in_sample.max(), rel=1e-12)
    assert windows.loc["out_of_sample", "figure"] == pytest.approx(noise.out_of_sample[noise.chosen], rel=1e-12)
    assert windows["months"].tolist() == [48, 12, 48]
    assert windows.loc["in_sample", ["from", "to"]].tolist() == ["2000-02", "2004-01"]
    assert ((windows["lower"] < windows["figure"]) & (windows["figure"] < windows["upper"])).all()
    own = pd.Series(noise.lists.returns[noise.chosen], noise.panel.days)[noise.panel.month >= 48]
    assert windows.loc["out_of_sample", "return"] == pytest.approx((1 + own).prod() ** (252 / len(own)) - 1, rel=1e-12)


def test_earlier_trials_count_for_every_doubt():
    panel = simulated_panel(2, months=72, premium=0.1)
    alone, later = searched(panel), searched(panel, earlier=Earlier(trials=41 * 3, looks=2))
    assert later.counted == 4 * 41 and later.chosen == alone.chosen
    assert later.p_value == pytest.approx(1 - (1 - alone.p_value) ** 4)
    assert later.deflated < alone.deflated and later.effective > alone.effective


def test_the_walk_forward_holds_the_best_of_the_months_before_and_pays_for_changing():
    panel = simulated_panel(3, months=16, assets=30, factors=3)
    weights = combined(panel.factors, least=1, most=2).weights
    lists = backtest(panel, weights, names=6, cost=0.01)
    periods = Periods.of(panel, lists.returns, "day")
    made = walk_forward(panel, weights, periods, figure_name="return", names=6, cost=0.01)
    returns = pd.DataFrame(lists.returns.T)
    expected = [(1 + returns[panel.month < month]).prod().idxmax() for month in range(12, 16)]
    assert made.chosen.tolist() == expected
    assert len(set(expected)) > 1  # else nothing changes
    for place, month in enumerate(range(12, 16)):
        days = made.panel.month == place
        alone = backtest(panel.over(month, month + 1), weights[[expected[place]]], names=6).returns[0]
        np.testing.assert_allclose(made.returns[days][1:], alone[1:], rtol=1e-12)
        assert made.returns[days][0] < alone[0]
    assert walk_forward(panel.over(0, 12), weights, periods.of_months(0, 12), figure_name="return", names=6) is None


def test_regimes_are_those_of_the_months_and_their_parts_are_the_whole(noise):
    weights = noise.trials.weights[noise.chosen]
    inside = regimes(noise.panel, weights)
    monthly = (1 + pd.Series(noise.panel.benchmark, noise.panel.days)).groupby(noise.panel.month).prod() - 1
    assert (inside["index_up"].to_numpy() == (monthly > 0)).all()
    for first, second in (("index_up", "index_down"), ("calm", "wild")):
        assert (inside[first] != inside[second]).all()
    assert not inside.loc[inside.index[:3], ["trend_up", "trend_down"]].any().any()  # no quarter before them is known
    trend = (noise.panel.trends[3:] * weights).sum(axis=1)
    assert (inside["trend_up"].to_numpy()[3:] == (trend > 0)).all()
    table = noise.regimes
    assert table["regime"].drop_duplicates().tolist() == list(REGIMES)
    months = table.groupby(["sample", table["regime"].isin(["index_up", "index_down"])])["months"].sum()
    assert months[("in_sample", True)] == 48 and months[("out_of_sample", True)] == 12
    assert (table["trials"] == 41).all()


def test_too_few_months_and_terms_that_cannot_be_are_refused():
    panel = simulated_panel(1, months=20, assets=30)
    with pytest.raises(InputError, match="months: 20, of which the last 12 are held out: 8 are left to choose on"):
        searched(panel)
    for wrong, message in (
        ({"figure": "calmar"}, "figure: is 'calmar'. Give one of sortino, sharpe"),
        ({"frequency": "week"}, "frequency: is 'week'. Give one of day, month."),
        ({"draws": 5}, "draws: is 5. Give a whole number of draws from 19 to 100,000."),
        ({"seed": -1}, "seed: is -1. Give a whole number from 0."),
    ):
        with pytest.raises(InputError) as caught:
            Terms(**wrong)
        assert str(caught.value).startswith(message)
