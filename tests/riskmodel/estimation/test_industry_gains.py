"""What industries explain that sectors do not, on the real market: `pytest -m slow -s` prints the table of docs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.industries import industries

pytestmark = [pytest.mark.slow, pytest.mark.real_market]

EVERY = 3  # days: a third of them tells enough


def explained(residual: xr.DataArray, returns: xr.DataArray, weight: xr.DataArray) -> float:
    """Mean over days of the weighted, centred R-squared of the names with a weight."""
    weight = weight.where(residual.notnull() & returns.notnull(), 0.0)
    about = returns - returns.weighted(weight).mean("asset")
    share = 1 - (weight * residual.fillna(0.0) ** 2).sum("asset") / (weight * about.fillna(0.0) ** 2).sum("asset")
    return float(share.where(weight.sum("asset") > 0).mean())


def test_shrunk_industries_explain_names_that_did_not_estimate_them(
    real_market: xr.Dataset, real_model: rm.RiskModelResults
) -> None:
    """Half of the names, drawn each day, estimate; the others are explained. Two of a half are three or four of all."""
    market, fitted_days = real_market, real_model.factor_returns.notnull().any("factor").to_numpy()
    rows = np.flatnonzero(fitted_days)[::EVERY]
    days = market["time"].to_numpy()[rows]
    returns = market["total_return"].isel(time=rows)
    before = {
        name: array.sel(time=market["time"]).isel(time=rows - 1).assign_coords(time=days)
        for name, array in (("exposures", real_model.exposures), ("market_cap", market["market_cap"]))
    }
    universe = real_model.data["universe"].isel(time=rows - 1).assign_coords(time=days)
    weight = np.sqrt(before["market_cap"]).where(universe, 0.0)
    half = weight.where(np.random.default_rng(0).random(weight.shape) < 0.5, 0.0)
    other = weight.where(half == 0, 0.0)
    sector = market["sector"].astype(str)

    def fitted(estimating: xr.DataArray, **labels: xr.DataArray | int) -> xr.Dataset:
        given = {"returns": returns, **before, "weights": estimating, "sectors": sector, "covariance": False} | labels
        return rm.cross_sectional_regression(**given)

    def row(whole: xr.Dataset, residual_of_half: xr.DataArray) -> dict[str, float]:
        return {
            "factors": int(whole["factor_returns"].notnull().any("time").sum()),
            "all names": explained(whole["specific_returns"], returns, weight),
            "other half": explained(residual_of_half, returns, other),
        }

    alone, alone_half = fitted(weight), fitted(half)["specific_returns"]
    found = {("", "none"): row(alone, alone_half)}
    for digits in (2, 3, 4):
        own = rm.nested_industries(industries(market, "sic", digits), sector, least_names=1).astype(str)
        apart = (sector + "/" + own).where(sector != "", "")
        found[f"{digits} digits", "dummies"] = row(
            fitted(weight, sectors=apart), fitted(half, sectors=apart)["specific_returns"].fillna(alone_half)
        )
        shrunk = fitted(half, industry_factors=own, industry_names=2)
        found[f"{digits} digits", "shrunk"] = row(
            fitted(weight, industry_factors=own, industry_names=3), shrunk["specific_returns"]
        )
    table = pd.DataFrame(found).T
    print(f"\nR-squared, {len(days)} days\n{table.round(3).to_string()}")
    unseen = table["other half"].unstack()
    assert (unseen["shrunk"].drop("") > unseen.loc["", "none"]).all()
    assert (unseen["shrunk"].drop("") > unseen["dummies"].drop("")).all()
