"""The walk in arrays against one written name by name, and what it may not see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from attribution.construction.search import backtest as module
from attribution.construction.search.backtest import backtest
from attribution.construction.search.trials import combined
from riskmodel.errors import InputError
from tests.attribution.construction.search.panels import simulated_panel


def walked_by_names(panel, weights: pd.Series, names: int, cost: float, impact: float) -> tuple[pd.Series, pd.Series]:
    """Daily returns and monthly turnover of one score, a name and a day at a time."""
    returns, turnover, held, cash = {}, {}, pd.Series(dtype=float), 0.0
    for number, close in enumerate(panel.closes):
        exposures = pd.DataFrame(panel.exposures[number], panel.assets, list(panel.factors)).dropna()
        score = (exposures * weights).sum(axis=1).sort_values(ascending=False, kind="stable")
        new = pd.Series(1 / names, score.index[:names])
        trades = new.sub(held, fill_value=0.0).abs()
        turnover[close] = trades.sum()
        charge = cost * trades.sum() + impact * (trades**1.5).sum()
        rows = np.flatnonzero(panel.month == number)
        growth = pd.DataFrame(panel.growth[rows], panel.days[rows], panel.assets)
        worth_before, worth = 1.0, {}
        for day in growth.index:
            worth[day] = sum(new[name] * growth.loc[day, name] for name in new.index)
            returns[day] = worth[day] / worth_before - 1
            if day == growth.index[0]:
                returns[day] = (1 - charge) * (1 + returns[day]) - 1
            worth_before = worth[day]
        ended = {name: new[name] * growth[name].iloc[-1] / worth_before for name in new.index}
        stopped = {name for name, stops in zip(panel.assets, panel.stopped[number], strict=True) if stops}
        held = pd.Series({name: weight for name, weight in ended.items() if name not in stopped}, dtype=float)
        cash = sum(weight for name, weight in ended.items() if name in stopped)
        assert abs(held.sum() + cash - 1) < 1e-12
    return pd.Series(returns), pd.Series(turnover)


@pytest.mark.parametrize("block", [1, 2**24])
def test_each_trial_is_walked_as_name_by_name(block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", block)
    panel = simulated_panel(5, months=6, assets=30, factors=3, missing=0.2, stopping=0.1)
    trials = combined(panel.factors, least=1, most=3, weights=[1, -0.5])
    made = backtest(panel, trials.weights, names=7, cost=0.002, impact=0.01)
    assert made.returns.shape == (len(trials), len(panel.days)) and len(trials) == 26
    for row, weights in enumerate(trials.weights):
        returns, turnover = walked_by_names(panel, pd.Series(weights, panel.factors), 7, 0.002, 0.01)
        np.testing.assert_allclose(made.returns[row], returns.loc[panel.days], atol=1e-12, rtol=0)
        np.testing.assert_allclose(made.turnover[row], turnover, atol=1e-12, rtol=0)


def test_no_return_of_a_month_depends_on_what_is_known_later():
    panel = simulated_panel(6, months=8, assets=30, factors=3)
    weights = combined(panel.factors, least=1, most=3).weights
    later = np.random.default_rng(1).standard_normal(panel.exposures[5:].shape)
    changed = replace(
        panel,
        exposures=np.concatenate([panel.exposures[:5], later]),
        growth=np.where(panel.month[:, None] >= 5, panel.growth[::-1], panel.growth),
    )
    before, after = (backtest(each, weights, names=5, cost=0.001).returns for each in (panel, changed))
    known = panel.month < 5
    assert (before[:, known] == after[:, known]).all() and (before[:, ~known] != after[:, ~known]).any()
    part = backtest(panel.over(0, 5), weights, names=5, cost=0.001).returns
    assert (part == before[:, known]).all()


def test_of_equal_scores_the_first_names_are_held():
    panel = simulated_panel(7, months=1, assets=10, factors=1)
    tied = replace(panel, exposures=np.round(panel.exposures * 0.4))
    score = pd.Series(tied.exposures[0, :, 0], panel.assets)
    first = score.sort_values(ascending=False, kind="stable").index[:4]
    assert score[first].iloc[-1] in score.drop(first).to_numpy()
    mean = pd.DataFrame(panel.growth, panel.days, panel.assets)[first].mean(axis=1)
    made = backtest(tied, np.ones((1, 1)), names=4)
    np.testing.assert_allclose((1 + made.returns[0]).cumprod(), mean, rtol=1e-12)


def test_signals_turned_round_hold_the_names_that_scored_lowest_and_pay_what_the_trial_paid():
    panel = simulated_panel(8, months=4, assets=20, factors=2)
    weights = combined(panel.factors, least=1, most=2).weights
    own = backtest(panel, weights, names=5, cost=0.01)
    turned = backtest(panel, weights, names=5, turned=-np.ones((4, 2)), charges=own.charges)
    opposite = backtest(panel, -weights, names=5)
    first = np.isin(np.arange(len(panel.days)), [span.start for span in panel.spans])
    np.testing.assert_allclose(turned.returns[:, ~first], opposite.returns[:, ~first], rtol=1e-12)
    charged = (1 - own.charges) * (1 + opposite.returns[:, first]) - 1
    np.testing.assert_allclose(turned.returns[:, first], charged, rtol=1e-12)


def test_a_close_with_too_few_names_and_a_list_that_is_worth_nothing_are_refused():
    panel = simulated_panel(9, months=3, assets=6, factors=2, missing=0.5)
    with pytest.raises(InputError, match=r"universe: fewer than 6 names with an exposure to every factor at 3 closes: 2000"):
        backtest(panel, np.ones((1, 2)), names=6)
    lost = replace(simulated_panel(9, months=3, assets=6, factors=2), growth=np.zeros((12, 6)))
    with pytest.raises(InputError, match="a list of the close 2000-01-31 is worth nothing by the month's end"):
        backtest(lost, np.ones((1, 2)), names=2)


@pytest.mark.parametrize(
    ("factors", "choices", "message"),
    [
        (["a", "b", "a"], {}, "factors: more than once: a. Name each once."),
        (["a", "b"], {}, "factors: 2 to combine, and a combination has at least 3. Name more, or set least lower."),
        (["a", "b"], {"least": 2, "most": 1}, "most: is 1, and least is 2. Give the smaller number of factors as least."),
        (
            list("abcdefghijklmnopqrst"),
            {"most": 20},
            "factors: 1,048,365 trials of 3 to 20 of 20 factors, each with 1 weight.",
        ),
        (["a", "b"], {"least": 1, "weights": [0]}, "weights: is 0. Give a number from -1,000 to 1,000, not 0."),
        (["a", "b"], {"least": 0}, "least: is 0. Give a whole number of factors from 1 to 1,000."),
    ],
)
def test_combinations_that_cannot_be_are_refused(factors, choices, message):
    with pytest.raises(InputError) as caught:
        combined(factors, **choices)
    assert str(caught.value).startswith(message)
