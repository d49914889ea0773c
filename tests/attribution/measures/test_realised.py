"""Forecast risk against what followed: against slow computations of pandas and statsmodels, and on simulated returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from attribution.measures.realised import LEAST_MONTHS, log_ratio_error, realised_ratio, realised_volatility
from riskmodel.errors import InputError

DAYS = pd.bdate_range("2024-03-01", "2025-02-28")
MONTH = DAYS.to_period("M")


def simulated(seed, days=DAYS, correlation=0.8, freedom=None):
    """Two returns of each day with what was forecast of them: right, another in each month."""
    rng = np.random.default_rng(seed)
    shape = (len(days), 2)
    z = rng.standard_normal(shape) if freedom is None else rng.standard_t(freedom, shape) * np.sqrt((freedom - 2) / freedom)
    z[:, 1] = correlation * z[:, 0] + np.sqrt(1 - correlation**2) * z[:, 1]
    of_month = pd.DataFrame(rng.uniform(0.008, 0.012, (days.to_period("M").nunique(), 2)), days.to_period("M").unique())
    volatility = of_month.loc[days.to_period("M")].set_axis(days)
    returns = volatility * z
    return returns[0], returns[1], volatility[0], volatility[1]


def test_a_volatility_is_judged_as_a_slow_computation_does():
    own, _, sigma, _ = simulated(1)
    sigma[MONTH == "2024-05"] = np.nan
    kept = sigma.notna()
    b = (own / sigma)[kept]
    kurtosis = ((b - b.mean()) ** 4).mean() / ((b - b.mean()) ** 2).mean() ** 2
    half = 2 * np.sqrt((kurtosis - 1) / (4 * kept.sum()))
    found = realised_volatility(own, sigma)
    assert (found.months, found.days) == (11, kept.sum())
    expected = [np.sqrt((sigma**2).mean() * 252), own[kept].std() * np.sqrt(252), b.std(), 1 - half, 1 + half]
    assert [found.forecast, found.realised, found.ratio, found.low, found.high] == pytest.approx(expected, rel=1e-10)
    assert np.isnan(found.bound)


def test_the_error_of_a_ratio_is_that_of_a_mean_by_statsmodels():
    own, index, *_ = simulated(2)
    squares = pd.DataFrame({"own": own, "index": index}).apply(lambda r: (r - r.mean()) ** 2 / ((r - r.mean()) ** 2).mean())
    u = (squares["own"] - squares["index"]) / 2
    lags = int(4 * (len(u) / 100) ** (2 / 9))
    fitted = sm.OLS(u.to_numpy(), np.ones(len(u))).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    assert log_ratio_error(own.to_numpy(), index.to_numpy()) == pytest.approx(float(fitted.bse[0]), rel=1e-10)


def test_a_ratio_is_the_mean_of_the_months_and_that_of_the_deviations_of_the_same_days():
    own, index, sigma, other = simulated(3)
    sigma[MONTH == "2024-05"] = np.nan
    other[MONTH == "2024-07"] = np.nan
    kept = sigma.notna() & other.notna()
    found = realised_ratio(own, index, sigma, other, within=0.1)
    months = (sigma / other)[kept].groupby(MONTH[kept]).first()
    realised = own[kept].std() / index[kept].std()
    se = log_ratio_error(own[kept].to_numpy(), index[kept].to_numpy())
    assert (found.months, found.days) == (10, kept.sum())
    expected = [months.mean(), realised, realised / months.mean(), np.exp(-2 * se), np.exp(2 * se)]
    assert [found.forecast, found.realised, found.ratio, found.low, found.high] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("times", "forecast", "verdict", "bound"),
    [
        (1.05, 1.07, "kept", 1.1),
        (0.95, 0.95, "kept", 0.9),
        (1.12, 1.07, "may_be_chance", 1.1),
        (1.30, 1.07, "broken_in_fact", 1.1),
        (0.88, 0.95, "may_be_chance", 0.9),
        (0.70, 0.95, "broken_in_fact", 0.9),
        (1.30, 1.20, "broken_as_forecast", 1.1),
        (1.05, 1.20, "kept_in_fact", 1.1),
    ],
)
def test_a_limit_is_held_against_the_forecast_and_against_what_followed(times, forecast, verdict, bound):
    _, index, _, sigma = simulated(4, correlation=0.0)
    noise = simulated(5)[0]
    noise -= noise.cov(index) / index.var() * (index - index.mean())  # so that deviations are known
    noise *= index.std() / noise.std()
    own = times * (0.95 * index + np.sqrt(1 - 0.95**2) * noise)
    found = realised_ratio(own, index, forecast * sigma, sigma, within=0.1)
    assert found.realised == pytest.approx(times, rel=1e-12)
    assert found.forecast == pytest.approx(forecast, rel=1e-12)
    assert (found.verdict, found.bound) == (verdict, pytest.approx(bound))


def test_what_moves_with_the_index_has_a_narrow_band():
    flat = pd.Series(0.01, DAYS)
    together, apart = (
        realised_ratio(own / sigma, index / other, flat, flat, within=0.1)
        for own, index, sigma, other in (simulated(6, correlation=rho) for rho in (0.99, 0.0))
    )
    assert together.high - together.low < (apart.high - apart.low) / 3
    index = simulated(6)[1]
    assert realised_ratio(1.1 * index, index, flat, flat, within=0.1).high == pytest.approx(1, abs=1e-7)


def test_fewer_than_six_months_tell_nothing():
    own, index, sigma, other = simulated(7)
    short = sigma.where(MONTH.isin(MONTH.unique()[: LEAST_MONTHS - 1]))
    for found in (realised_volatility(own, short), realised_ratio(own, index, short, other, within=0.1)):
        assert (found.months, found.verdict) == (5, "too_short")
        assert np.isnan([found.forecast, found.realised, found.ratio, found.low, found.high]).all()
    assert realised_volatility(own, sigma.where(MONTH.isin(MONTH.unique()[:LEAST_MONTHS]))).verdict != "too_short"


def test_what_has_no_risk_has_no_ratio():
    own, index, sigma, other = simulated(8)
    still = 0.0 * own
    assert realised_volatility(still, still).verdict == "no_risk"
    assert realised_volatility(still, sigma).verdict == "no_risk"
    assert realised_ratio(own, still, sigma, other, within=0.1).verdict == "no_risk"
    assert realised_ratio(own, index, still, other, within=0.1).verdict == "no_risk"


def test_scale_and_other_labels_of_time_change_no_ratio():
    own, index, sigma, other = simulated(9)
    found, scaled = (realised_ratio(k * own, k * index, k * sigma, k * other, within=0.1) for k in (1.0, 3.0))
    assert [scaled.ratio, scaled.high] == pytest.approx([found.ratio, found.high], rel=1e-12)
    arrays = [series.rename_axis("time").to_xarray() for series in (own, sigma)]
    assert realised_volatility(*arrays) == realised_volatility(own, sigma)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda own, sigma: (own.where(own.index != DAYS[3]), sigma), "returns: 1 missing or infinite value: 2024-03-06."),
        (lambda own, sigma: (own, -sigma), "volatility: 261 below 0. Give standard deviations of a day."),
        (lambda own, sigma: (own, sigma.iloc[1:]), "volatility: other days than returns. Give both on the same days"),
        (lambda own, sigma: (own[::-1], sigma[::-1]), "returns: 'time' is not sorted days."),
        (lambda own, sigma: (own.reset_index(drop=True), sigma), "returns: 'time' is not sorted days."),
        (lambda own, sigma: (own, sigma.replace(sigma.iloc[0], np.inf)), "infinite value"),
    ],
)
def test_what_cannot_be_judged_is_refused(change, message):
    own, _, sigma, _ = simulated(10)
    with pytest.raises(InputError) as error:
        realised_volatility(*change(own, sigma))
    assert message in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("freedom", [None, 6])
def test_a_right_forecast_is_called_wrong_five_times_in_a_hundred(freedom):
    """Standard error of a share of 500 near 5 %: 1 %. A year of fat tails shows too few of them: bands are a bit narrow."""
    of_volatility, of_ratio, flat = [], [], pd.Series(0.01, DAYS)
    for seed in range(500):
        own, index, sigma, other = simulated(seed, freedom=freedom)
        found = realised_volatility(own, sigma)
        of_volatility.append(not found.low <= found.ratio <= found.high)
        same = realised_ratio(own / sigma, index / other, flat, flat, within=0.1)
        of_ratio.append(not same.low <= same.ratio <= same.high)
    most = 0.075 if freedom is None else 0.1
    assert 0.02 < np.mean(of_volatility) < most
    assert 0.02 < np.mean(of_ratio) < most
