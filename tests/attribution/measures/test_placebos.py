"""Exposures that can explain nothing, beside the real ones in the real market's model: how often they are drivers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.measures.drivers import judge
from attribution.portfolio.settings.sections import Drivers
from tests.conftest import REAL

pytestmark = [pytest.mark.slow, pytest.mark.real_market]

MONTHS = [str(month) for month in pd.period_range("2014-09", "2016-09", freq="M")]
INDUSTRY_SHARE = 0.3  # of the variance of an industry-like placebo
NOMINAL = 0.05
SHIFTS = {"momentum": (250, 375), "surprise": (250,)}  # sessions back: long past what the indicators look at


def placebos(model, market):
    """(time, asset, factor): three of each kind, on the names that the model covers."""
    rng = np.random.default_rng(20161)
    exposures, assets = model.exposures.compute(), model.exposures.get_index("asset")
    covered, made = exposures.notnull().all("factor"), {}
    for style in ("value", "growth", "shareholder_return"):
        own = exposures.sel(factor=style, drop=True)
        made[f"permuted {style}"] = own.copy(data=own.transpose("time", "asset").to_numpy()[:, rng.permutation(len(assets))])
    for style, shifts in SHIFTS.items():
        for shift in shifts:
            made[f"shifted {style} {shift}"] = exposures.sel(factor=style, drop=True).shift(time=shift)
    codes = (
        pd.read_parquet(REAL / "securities.parquet")
        .set_index("ticker")["sic"]
        .astype(str)
        .str[:3]
        .reindex(assets)
        .fillna("")
    )
    groups, members = np.unique(codes, return_inverse=True)
    for draw in range(3):
        common, own = rng.normal(size=len(groups))[members], rng.normal(size=len(assets))
        value = np.sqrt(INDUSTRY_SHARE) * common + np.sqrt(1 - INDUSTRY_SHARE) * own
        made[f"drawn {draw}"] = covered.copy(data=np.broadcast_to(value, covered.shape).astype(float))
    whole = xr.concat(made.values(), pd.Index([*made], dtype=object, name="factor"), coords="minimal", compat="override")
    return whole.fillna(0.0).where(covered).transpose("time", "asset", "factor")


@pytest.fixture(scope="module")
def judged(real_market, real_model):
    """The rows of the placebos in every month of both sleeves, held against the rule among all rows of the month."""
    exposures = xr.concat([real_model.exposures.compute(), placebos(real_model, real_market)], "factor")
    with_them = rm.estimate(
        returns=real_market["total_return"],
        exposures=exposures.transpose("time", "asset", "factor"),
        sectors=real_market["sector"],
        market_cap=real_market["market_cap"],
        universe=real_model.data["universe"],
        industries=real_model.data["industry"],
    )
    assert with_them.errors == "CR3" and len(with_them.industries()) > 50
    book, rows = at.read_book(REAL / "book.toml"), []
    for month in MONTHS:
        for sleeve in book.sleeves:
            factors = at.attribute(book, sleeve, with_them, real_market, period=month).factors
            rows.append(pd.concat([factors, judge(factors, Drivers())], axis=1).assign(month=month, sleeve=sleeve))
    every = pd.concat(rows, ignore_index=True)
    return every.assign(kind=every["factor"].str.extract(r"^(permuted|shifted|drawn) ", expand=False))


def test_placebos_are_named_at_most_at_the_nominal_rate(judged):
    table = judged.assign(beyond_two_errors=judged["t"].abs() >= 2)
    table = table[table["kind"].notna()].groupby("kind")
    shares = table[["beyond_two_errors", "significant", "driver"]].mean().assign(rows=table.size())
    print("\n" + shares.to_string(float_format="{:.3f}".format))
    assert (shares["rows"] == 3 * 2 * len(MONTHS)).all()
    assert (shares["driver"] <= NOMINAL).all()
