"""Ratios of a track record: Bacon's published ones, and what is wrong with some; a peer, identities, wording."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import attribution as at
from attribution.measures.figures import regression_figures
from attribution.measures.performance import follow_book, monthly_returns
from attribution.measures.ratios import (
    benchmark_figures,
    downside_figures,
    drawdown,
    drawdown_figures,
    losing_runs,
    ratio_table,
    shape_figures,
)
from tests.conftest import ROOT, SMALL_MONTH, dear_examples

BACON = tomllib.loads((ROOT / "fixtures" / "worked_examples" / "bacon2008_ratios.toml").read_text(encoding="utf-8"))
MONTHS = pd.period_range("2000-01", periods=24, freq="M")
RETURNS = pd.DataFrame({side: BACON[side] for side in ("portfolio", "benchmark")}, MONTHS).assign(risk_free=0.0)
LEAST = BACON["least_acceptable"]


def annual(returns):
    return float((1 + returns).prod() ** 0.5 - 1)


def down(returns, least=LEAST):
    return downside_figures(returns, least_acceptable=least)["downside_deviation"]


@pytest.fixture(scope="module")
def figures():
    """Every figure with Bacon's divisor n; the adjusted Sharpe ratio is printed with the divisor n - 1."""
    table = ratio_table(RETURNS, least_acceptable=LEAST, ddof=0).set_index("measure")["value"]
    line = regression_figures(RETURNS, a_year=12, ddof=0)
    other = {
        "a_year": round(24 / ((RETURNS.index[-1] - RETURNS.index[0]).n + 1) * 12),
        "adjusted_sharpe_ratio": shape_figures(RETURNS["portfolio"], RETURNS["risk_free"], a_year=12)[
            "adjusted_sharpe_ratio"
        ],
        "selectivity": line["jensen_alpha"],
        "epsilon": line["jensen_alpha"] - 12 * table["regression_alpha"],
    }
    return table.to_dict() | line | other


@pytest.mark.parametrize("name", BACON["printed"])
def test_bacons_figures_are_reproduced_to_the_printed_digits(figures, name):
    printed = BACON["printed"][name]
    assert figures[name] == pytest.approx(printed["value"], abs=printed["tolerance"])


def as_printed():
    """How each figure that the months do not give comes about."""
    own, other = RETURNS["portfolio"], RETURNS["benchmark"]
    p, b = annual(own), annual(other)
    line = regression_figures(RETURNS, a_year=12, ddof=0)
    right = benchmark_figures(RETURNS, a_year=12, least_acceptable=LEAST, ddof=0)
    turned = p * own.std() / other.std()  # M squared with s_P / s_B
    falling = (own < 0).to_numpy()
    runs = own[falling].groupby((np.diff(falling, prepend=False)).cumsum()[falling]).sum()
    level, below = 0.0, []
    for month in own:
        level = min(level + month, 0.0)
        below.append(-level)
    burke = p / float((runs**2).sum()) ** 0.5
    felt = float((own.clip(lower=0) + 2.25 * own.clip(upper=0)).mean())
    month = downside_figures(own, least_acceptable=LEAST)
    return {
        "systematic_risk": line["systematic_risk"] / 10,
        "total_risk": right["total_risk"] / 10,
        "selectivity": np.trunc(line["jensen_alpha"] * 1e4) / 1e4,
        "net_selectivity": np.trunc(right["net_selectivity"] * 1e3) / 1e3,
        "epsilon": line["jensen_alpha"] - right["regression_alpha"],
        "m_squared_excess_geometric": (1 + turned) / (1 + b) - 1,
        "m_squared_excess": turned - b,
        "m_squared_sortino": p + month["kappa_2"] * (down(other) - down(own)) * 12**0.5,
        "pain_ratio": p / float(np.mean(below)),
        "burke_ratio": burke,
        "modified_burke_ratio": burke * 24**0.5,
        "martin_ratio": p / round(drawdown_figures(own, RETURNS["risk_free"], a_year=12)["ulcer_index"], 3),
        "prospect_ratio": np.trunc((felt - 0.05 / 24) / down(own, 0.05) * 1e3) / 1e3,
        "upside_variance": 100 * month["upside_variance"],
    }


@pytest.mark.parametrize("name", BACON["misprinted"])
def test_bacons_other_figures_are_not_what_his_months_give_but_what_is_said_of_each(figures, name):
    case = BACON["misprinted"][name]
    assert figures[name] == pytest.approx(case["value"], abs=1e-12)
    assert abs(figures[name] - case["printed"]) > case["tolerance"]
    assert as_printed()[name] == pytest.approx(case["printed"], abs=case["tolerance"])


def test_the_odd_m_squared_is_the_one_an_earlier_manual_prints():
    own, other = RETURNS["portfolio"], RETURNS["benchmark"]
    assert annual(own) * own.std() / other.std() == pytest.approx(0.1068, abs=5e-5)


def test_no_published_figure_is_in_neither_list():
    assert not set(BACON["printed"]) & set(BACON["misprinted"])
    assert len(BACON["printed"]) + len(BACON["misprinted"]) == 40


# ---------------------------------------------------------------- another implementation


@pytest.mark.parametrize("seed", range(5))
def test_drawdowns_and_moments_agree_with_skfolio(seed):
    peer = pytest.importorskip("skfolio.measures")
    months = pd.Series(np.random.default_rng(seed).normal(0.01, 0.05, 36))
    zero = 0.0 * months
    ours = drawdown_figures(months, zero, a_year=12)
    theirs = peer.get_drawdowns(months.to_numpy(), compounded=True)
    np.testing.assert_allclose(np.minimum(drawdown(months), 0.0), theirs, rtol=1e-10, atol=1e-14)
    assert ours["maximum_drawdown"] == pytest.approx(-peer.max_drawdown(theirs), rel=1e-10)
    assert ours["pain_index"] == pytest.approx(peer.average_drawdown(theirs), rel=1e-10)
    assert ours["ulcer_index"] == pytest.approx(peer.ulcer_index(theirs), rel=1e-10)
    shape = shape_figures(months, zero, a_year=12)
    assert shape["mean_absolute_deviation"] == pytest.approx(peer.mean_absolute_deviation(months.to_numpy()), rel=1e-10)
    third, fourth = (peer.third_central_moment(months.to_numpy()), peer.fourth_central_moment(months.to_numpy()))
    assert shape["skewness"] == pytest.approx(third / months.var(ddof=0) ** 1.5, rel=1e-10)
    assert shape["kurtosis"] == pytest.approx(fourth / months.var(ddof=0) ** 2, rel=1e-10)
    low = downside_figures(months, least_acceptable=0.01)
    assert low["downside_potential"] == pytest.approx(
        peer.first_lower_partial_moment(months.to_numpy(), min_acceptable_return=0.01), rel=1e-10
    )


# ---------------------------------------------------------------- identities


RECORDS = arrays(float, (18, 2), elements=st.floats(-0.3, 0.3).map(lambda r: round(r, 4)))


@settings(max_examples=dear_examples())
@given(RECORDS, st.sampled_from([0.0, 0.01]))
def test_ratios_keep_their_identities(values, least):
    returns = pd.DataFrame(values, columns=["portfolio", "benchmark"]).assign(risk_free=0.001)
    if min(returns["portfolio"].std(), returns["benchmark"].std()) < 1e-3:
        return
    low = downside_figures(returns["portfolio"], least_acceptable=least)
    assert low["downside_frequency"] + low["upside_frequency"] <= 1
    assert low["upside_potential"] - low["downside_potential"] == pytest.approx(values[:, 0].mean() - least, abs=1e-14)
    if low["downside_potential"] > 1e-6:
        assert low["omega"] == pytest.approx(1 + low["omega_sharpe_ratio"], rel=1e-9)
        assert low["variability_skewness"] ** 2 == pytest.approx(low["volatility_skewness"], rel=1e-12)
    runs = losing_runs(returns["portfolio"])
    lost = values[values[:, 0] < 0, 0]
    assert np.prod(1 + runs) == pytest.approx(np.prod(1 + lost), rel=1e-12)
    deep = drawdown_figures(returns["portfolio"], returns["risk_free"], a_year=12)
    assert 0 <= deep["pain_index"] <= deep["ulcer_index"] + 1e-15 <= -deep["maximum_drawdown"] + 1e-14
    beside = benchmark_figures(returns, a_year=12, least_acceptable=least)
    line = regression_figures(returns, a_year=12)
    assert beside["net_selectivity"] + beside["diversification"] == pytest.approx(line["jensen_alpha"], abs=1e-12)
    assert beside["fama_beta"] >= abs(line["beta"]) - 1e-12  # less than perfectly correlated


def test_a_benchmark_held_against_itself_earns_its_own_return_for_its_risk():
    own = RETURNS.assign(portfolio=RETURNS["benchmark"])
    beside = benchmark_figures(own, a_year=12, least_acceptable=LEAST)
    assert beside["m_squared"] == pytest.approx(annual(own["benchmark"]), abs=1e-15)
    assert beside["m_squared_sortino"] == pytest.approx(annual(own["benchmark"]), abs=1e-15)
    assert beside["m_squared_excess"] == pytest.approx(0.0, abs=1e-15)
    assert beside["net_selectivity"] == pytest.approx(0.0, abs=1e-14)


def test_losses_by_hand():
    """Up 10 %, down 10 % twice, up 5 %: 0.891 of the peak's 1.1 is 19 % down, and the last month leaves 14.95 %."""
    months = pd.Series([0.10, -0.10, -0.10, 0.05])
    assert drawdown(months).tolist() == pytest.approx([0.0, -0.10, -0.19, -0.1495])
    assert losing_runs(months).to_dict() == {1: pytest.approx(-0.19)}
    figures = drawdown_figures(months, 0.0 * months, a_year=4)
    assert figures["pain_index"] == pytest.approx((0.10 + 0.19 + 0.1495) / 4)
    assert figures["burke_ratio"] == pytest.approx((1.1 * 0.81 * 1.05 - 1) / 0.19)


def test_a_record_that_never_falls_has_no_ratio_over_its_losses():
    months = pd.DataFrame({"portfolio": [0.01, 0.02] * 6, "benchmark": [0.02, 0.01] * 6, "risk_free": 0.0})
    table = ratio_table(months).set_index("measure")["value"]
    assert (
        table[["maximum_drawdown", "average_drawdown", "pain_index", "downside_deviation", "d_ratio"]].tolist() == [0.0] * 5
    )
    without = ["calmar_ratio", "sterling_ratio", "pain_ratio", "burke_ratio", "omega", "kappa_2", "bernardo_ledoit_ratio"]
    assert table[without].isna().all()


def test_a_record_that_never_moves_says_nothing_of_its_shape_and_warns_of_nothing():
    months = pd.DataFrame({"portfolio": [0.01] * 12, "benchmark": [0.02, 0.01] * 6, "risk_free": 0.0})
    table = ratio_table(months).set_index("measure")["value"]
    assert table[["skewness", "kurtosis", "sample_kurtosis", "adjusted_sharpe_ratio", "m_squared"]].isna().all()
    assert table["mean_absolute_deviation"] == pytest.approx(0.0, abs=1e-16)


def test_the_ratios_of_a_course(small_book, small_market):
    history = follow_book(small_book, small_market, SMALL_MONTH)
    daily = {"portfolio": history.courses["Major 100"], "benchmark": history.benchmarks["Major 100"]}
    months = pd.DataFrame({name: monthly_returns(side) for name, side in (daily | {"risk_free": history.risk_free}).items()})
    table = ratio_table(months)
    assert list(table.columns) == ["family", "measure", "value"]
    assert table["measure"].is_unique
    assert table["value"].notna().all()
    deepest = table.set_index("measure").loc["maximum_drawdown", "value"]
    assert -1 < deepest <= months["portfolio"].min() < 0


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (RETURNS.drop(columns="risk_free"), "returns: no column 'risk_free'. They are portfolio, benchmark, risk_free."),
        (RETURNS[:11], "returns: 11 rows; ratios of fewer than 12 say nothing."),
        (
            RETURNS.assign(portfolio=RETURNS["portfolio"].where(RETURNS.index != "2000-03")),
            "returns of 'portfolio': 1 value missing or infinite: 2000-03. Give them, or the record since the last of them: "
            "without those rows it is another record.",
        ),
        (
            RETURNS.assign(benchmark=-1.5),
            "returns of 'benchmark': 24 values below -1 (a loss of more than 100 %): 2000-01, 2000-02, 2000-03, 2000-04, "
            "2000-05 and 19 more. Returns are decimals: -0.05 is a loss of 5 %.",
        ),
    ],
)
def test_returns_that_are_unfit_are_refused_in_these_words(given, message):
    with pytest.raises(at.InputError) as caught:
        ratio_table(given)
    assert str(caught.value) == message
