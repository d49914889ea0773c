"""Forecasts of ten days' variance against rivals on the same closes of the real market: `make bench` prints the table."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.tables import read_table
from tests.benchmarks.forecast_rivals import (
    PLAIN,
    blended,
    closes,
    judged,
    ours,
    scored,
    shrunk_without_a_line,
    skfolio_on_the_same_regression,
)
from tests.conftest import REAL

SLEEVES = {"major": "S&P 500", "next_major": "Russell 2000"}
YEARS = {"to 2015": ("2014-09-15", "2015-12-31"), "2016": ("2016-01-04", "2016-09-30")}  # settings are chosen on the first


def drifted(lists: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """Weights (time, asset) at each close: the last list's, drifted with returns and scaled to one."""
    wide = lists.pivot(index="date", columns="ticker", values="weight").reindex(columns=returns.columns).fillna(0.0)
    weights = np.zeros(returns.shape)
    bounds = [*returns.index.searchsorted(wide.index, "right") - 1, len(returns)]
    for first, stop, own in zip(bounds[:-1], bounds[1:], wide.to_numpy(), strict=True):
        if 0 <= first < stop:
            growth = (1 + returns.iloc[first:stop].to_numpy()).cumprod(axis=0) / (1 + returns.iloc[first].to_numpy())
            weights[first:stop] = own * growth
    total = weights.sum(axis=1, keepdims=True)
    return pd.DataFrame(weights / np.where(total > 0, total, 1.0), returns.index, returns.columns)


# What was tried beside the default: settings of forecasts from the same fit.
TRIED = {
    "lags 5 and 2": {"covariance": rm.CovarianceSettings(volatility_lags=5, correlation_lags=2)},
    "half-life 84 days": {"covariance": rm.CovarianceSettings(volatility_half_life=84.0)},
    "regime 42 days": {"covariance": rm.CovarianceSettings(regime_half_life=42.0)},
    "regime 10 days": {"covariance": rm.CovarianceSettings(regime_half_life=10.0)},
    "industries apart": {"covariance": rm.CovarianceSettings(industry_correlation=0.0)},
    "industries joint": {"covariance": rm.CovarianceSettings(industry_correlation=1.0)},
    "shrunk correlations": {"covariance": rm.CovarianceSettings(shrinkage="ledoit_wolf", eigenfactor_simulations=0)},
    "names: half-life 84, lags, regime": {"specific": rm.SpecificRiskSettings(half_life=84, lags=5, regime_half_life=42)},
}
SLOW = rm.CovarianceSettings(volatility_half_life=252.0, regime_half_life=42.0)  # what the default is blended with
PLAIN_FACTORS = rm.CovarianceSettings(eigenfactor_simulations=0)  # what is shrunk without a line
COMPARED = ["random", "active", "industry", "style", "tracking"]  # the same portfolios for every rival


@pytest.mark.slow
@pytest.mark.real_market
@pytest.mark.filterwarnings(
    "ignore:The covariance matrix is not positive definite"
)  # skfolio's of many factors; it clips them
def test_forecasts_beside_those_of_rivals(real_market: xr.Dataset, real_model: rm.RiskModelResults) -> None:
    folder = Path(REAL)
    holdings, constituents, securities = (read_table(folder, name) for name in ("holdings", "constituents", "securities"))
    returns = real_market["total_return"].fillna(0.0).to_pandas()
    active = {
        sleeve: drifted(holdings.query("portfolio == @sleeve and ticker != 'CASH'"), returns)
        - drifted(constituents.query("index == @index"), returns)
        for sleeve, index in SLEEVES.items()
    }
    labels = securities.set_index("ticker")["sic"].astype("string").str[:2]
    models = {
        "this model": real_model,
        "no industries": rm.RiskModel(industry=False).fit(real_market),
        "industries of 5": rm.RiskModel(regression=rm.RegressionSettings(industry_names=5)).fit(real_market),
        "industries of 3 digits": rm.RiskModel(industry_digits=3).fit(real_market),
    }
    models |= {
        name: replace(real_model, settings=real_model.settings | {part: asdict(how) for part, how in chosen.items()})
        for name, chosen in TRIED.items()
    }
    slow, plain = (
        replace(real_model, settings=real_model.settings | {"covariance": asdict(how)}) for how in (SLOW, PLAIN_FACTORS)
    )
    equivalent = 2 * PLAIN_FACTORS.correlation_half_life / np.log(2)  # days of equal weight
    for years, (first, last) in YEARS.items():
        known = list(closes(real_model, real_market, labels, active, first, last))
        times = [close.time for close in known]
        forecasts = {name: model.forecast(times) for name, model in models.items()}
        forecasts["blended horizons"] = blended(forecasts["this model"], slow.forecast(times))
        forecasts["non-linear shrinkage"] = shrunk_without_a_line(plain.forecast(times), equivalent)
        fitted = {name: models.get(name, real_model) for name in forecasts}
        rivals = {
            name: lambda close, model=fitted[name], forecast=forecast: ours(model, forecast, close)
            for name, forecast in forecasts.items()
        }
        rivals["skfolio, our regression"] = lambda close, forecast=forecasts["this model"]: skfolio_on_the_same_regression(
            real_model, forecast, close
        )
        rows = pd.concat(
            judged(close, *rival(close)).assign(rival=name, time=close.time)
            for name, rival in {**rivals, **PLAIN}.items()
            for close in known
        )
        table = scored(rows)
        for column in ("bias", "qlike"):
            print(f"\n{column}, {years}, {len(known)} closes\n{table[column].unstack('kind').round(3).to_string()}")
        realised = table["realised"].unstack("kind")["minimum variance"].dropna()
        squared = rows[rows["kind"] == "minimum variance"].pivot(index="time", columns="rival", values="realised")
        more = squared.rsub(squared["this model"], axis=0)  # of a close, than the rival's
        lower = pd.DataFrame({"realised": realised, "t": more.mean() / more.sem()}).loc[realised.index]
        print(f"\nrealised volatility of minimum variance, and t of ours less it, {years}\n{lower.round(4).to_string()}")
        assert np.isfinite(table["bias"]).all()
        others = [*PLAIN, "skfolio, our regression"]
        losses = table["qlike"].unstack("kind")[COMPARED]
        least = losses.loc[others].min()
        if first < "2016":
            assert (losses.loc["this model"] < least).all()
            assert lower.reindex(others)["t"].max() < 2  # no rival's portfolio is calmer beyond chance
        else:
            held = [
                "industry",
                "style",
            ]  # what settings frozen before win; docs/methodology/validation.md has what they lose
            assert (losses.loc["this model", held] < least[held]).all()
