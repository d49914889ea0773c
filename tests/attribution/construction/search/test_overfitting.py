"""Deflated Sharpe ratio, probability of over-fitting and bootstrap: against published numbers and loops of pandas."""

from __future__ import annotations

from itertools import combinations
from math import log
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from attribution.construction.search.figures import Sums, figure
from attribution.construction.search.overfitting import (
    deflated_sharpe_ratio,
    effective_trials,
    expected_maximum,
    overfitting_probability,
)
from attribution.construction.search.resampling import bootstrap_interval, stationary_counts
from attribution.measures.performance import sharpe_ratio, sortino_ratio
from riskmodel.errors import InputError

RATIOS = {"sortino": sortino_ratio, "sharpe": sharpe_ratio}


@pytest.mark.parametrize(
    ("trials", "shape", "published"),
    [  # Bailey & Lopez de Prado (2014), "A numerical example": SR 2.5 a year, 1,250 days, V = 1/2
        (100, {"skewness": -3, "kurtosis": 10}, 0.9004),
        (46, {"skewness": -3, "kurtosis": 10}, 0.9505),
        (88, {}, 0.9505),
    ],
)
def test_the_deflated_sharpe_ratio_is_that_of_its_authors_example(trials, shape, published):
    benchmark = expected_maximum(trials, 1 / 2 / 250)
    found = deflated_sharpe_ratio(2.5 / 250**0.5, benchmark=benchmark, periods=1250, **shape)
    assert found == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_deflated_sharpe_ratio_is_that_of_the_formula(seed):
    draw = np.random.default_rng(seed)
    trials, variance, mean = int(draw.integers(2, 10_000)), draw.uniform(0.0001, 0.01), draw.normal(0, 0.01)
    sharpe, periods, skewness, kurtosis = (
        draw.normal(0.1, 0.05),
        int(draw.integers(50, 3000)),
        draw.normal(),
        3 + draw.random(),
    )
    normal, euler = NormalDist(), 0.57721566490153286
    beyond = (1 - euler) * normal.inv_cdf(1 - 1 / trials) + euler * normal.inv_cdf(1 - 1 / (trials * np.e))
    benchmark = mean + variance**0.5 * beyond
    spread = (1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2) ** 0.5
    assert expected_maximum(trials, variance, mean) == pytest.approx(benchmark, rel=1e-8)
    assert deflated_sharpe_ratio(
        sharpe, benchmark=benchmark, periods=periods, skewness=skewness, kurtosis=kurtosis
    ) == pytest.approx(normal.cdf((sharpe - benchmark) * (periods - 1) ** 0.5 / spread), rel=1e-8)


def test_trials_that_resemble_each_other_are_worth_fewer():
    draw = np.random.default_rng(1)
    returns = 0.01 * draw.standard_normal((40, 300)) + 0.01 * draw.standard_normal(300)
    correlation = pd.DataFrame(returns.T).corr().to_numpy()
    mean = correlation[~np.eye(40, dtype=bool)].mean()
    assert effective_trials(returns) == pytest.approx(mean + (1 - mean) * 40, rel=1e-8)
    assert effective_trials(returns, 500) == pytest.approx(mean + (1 - mean) * 500, rel=1e-8)
    still = np.vstack([returns, np.full((2, 300), 0.01)])  # who never moves resembles nobody
    assert effective_trials(still) == pytest.approx(mean + (1 - mean) * 42, rel=1e-8)


@pytest.mark.parametrize("name", ["sortino", "sharpe"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_probability_of_overfitting_is_that_of_a_loop_over_the_splits(name, seed):
    draw = np.random.default_rng(seed)
    months = 6 * 12
    returns = pd.DataFrame(draw.normal(0.01, 0.04, (months, 9)))
    returns[8] = returns[7]  # a tie
    risk_free = pd.Series(draw.normal(0.002, 0.0002, months))
    block = np.arange(months) // 12
    logits = []
    for half in combinations(range(6), 3):
        inside = np.isin(block, half)
        figures = [
            pd.Series({
                trial: RATIOS[name](
                    returns.loc[rows, trial].reset_index(drop=True), risk_free[rows].reset_index(drop=True)
                )
                for trial in returns
            })
            for rows in (inside, ~inside)
        ]  # fmt: skip
        share = figures[1].rank()[figures[0].idxmax()] / (len(figures[1]) + 1)
        logits.append(log(share / (1 - share)))
    counts = (block[:, None] == np.arange(6)).astype(float)
    sums = Sums.of(returns.to_numpy().T, risk_free.to_numpy(), np.zeros(months), counts)
    found = overfitting_probability(sums, name, 12)
    np.testing.assert_allclose(found.logits, logits, rtol=1e-8, atol=1e-8)
    assert found.probability == np.mean(np.array(logits) <= 0)


def test_a_trial_that_is_always_best_is_never_overfitted_and_one_that_reverses_always_is():
    draw = np.random.default_rng(2)
    noise = draw.normal(0, 0.01, (8, 120))
    counts = (np.arange(120)[:, None] // 10 == np.arange(12)).astype(float)
    best = noise.copy()
    best[3] += 0.05
    sums = Sums.of(best, np.zeros(120), np.zeros(120), counts)
    found = overfitting_probability(sums, "sharpe", 12)
    assert found.probability == 0.0 and (found.chosen == 3).all() and len(found.logits) == 924
    reversing = np.full((2, 120), 0.0)
    reversing[0] = np.where(np.arange(120) < 60, 0.02, -0.02)
    halves = (np.arange(120)[:, None] // 60 == np.arange(2)).astype(float)
    assert overfitting_probability(Sums.of(reversing, np.zeros(120), np.zeros(120), halves), "return", 12).probability == 1.0
    with pytest.raises(InputError, match="blocks: 3; take an even number of them"):
        overfitting_probability(Sums.of(noise, np.zeros(120), np.zeros(120), counts[:, :3]), "sharpe", 12)


def test_the_bootstrap_draws_runs_and_its_interval_is_that_of_records_drawn_so():
    counts = stationary_counts(50, 400, 5.0, np.random.default_rng(0))
    assert (counts.sum(axis=0) == 50).all() and counts.shape == (50, 400)
    np.testing.assert_allclose(counts.mean(axis=1), 1.0, atol=0.25)  # 400 draws: a deviation of about 0.05 to 0.1
    draw = np.random.default_rng(1)
    returns, beside = draw.normal(0.01, 0.04, 120), np.zeros(120)
    lower, upper = bootstrap_interval(returns, beside, beside, "sortino", 12, seed=4)
    random = np.random.default_rng(4)
    drawn = stationary_counts(120, 2000, 120 ** (1 / 3), random)
    records = [np.repeat(returns, column.astype(int)) for column in drawn.T[:300]]
    zero = pd.Series(np.zeros(120))
    ratios = [sortino_ratio(pd.Series(record), zero) for record in records]
    sums = Sums.of(returns[None], beside, beside, drawn[:, :300])
    np.testing.assert_allclose(figure("sortino", sums, 12)[0], ratios, rtol=1e-8)
    whole = sortino_ratio(pd.Series(returns), zero)
    assert lower < whole < upper
    assert bootstrap_interval(returns, beside, beside, "sortino", 12, seed=4) == (lower, upper)


def test_runs_of_the_bootstrap_keep_what_hangs_together():
    """Of a record that swings slowly the mean of draws in long runs varies more than that of draws one by one."""
    swing = np.sin(np.arange(240) * 2 * np.pi / 60)
    spread = [(swing @ stationary_counts(240, 1000, block, np.random.default_rng(3)) / 240).std() for block in (1.0, 12.0)]
    assert spread[0] == pytest.approx(swing.std() / 240**0.5, rel=0.1)
    assert spread[1] > 2 * spread[0]
