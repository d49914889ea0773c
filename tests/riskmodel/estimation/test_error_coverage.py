"""What the errors of a day cover on the real market's structure, where residuals of one industry move together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attribution.portfolio.book import read_book
from riskmodel.estimation.lagged import lagged_regression
from tests.conftest import REAL

DRAWS, FIRST_DAY = 6, 400  # every style is fed by then
INDUSTRY_SHARE = 0.3  # of a residual's variance
pytestmark = [pytest.mark.real_market, pytest.mark.slow]


@pytest.fixture(scope="module")
def structure(real_model):
    """Exposures, caps, sectors, universe and industries of the real market, and each name's specific volatility."""
    data = real_model.data.isel(time=slice(FIRST_DAY, None)).load()
    volatility = data["specific_returns"].std("time").fillna(0.02)
    arrays = {
        "exposures": data["exposures"].rename(style="factor"),
        "sectors": data["sector"],
        "market_cap": data["market_cap"],
        "universe": data["universe"],
    }
    return arrays, data["industry"], volatility.transpose("asset")


def drawn(structure, seed):
    """Residuals with heavy tails, a part of them common to the industry; no factor earns."""
    arrays, industry, volatility = structure
    rng, days = np.random.default_rng(seed), arrays["market_cap"].sizes["time"]
    _, code = np.unique(np.where(industry == "", industry["asset"], industry).astype(str), return_inverse=True)
    common = rng.normal(size=(days, code.max() + 1))[:, code]
    own = rng.standard_t(4, (days, len(code))) / np.sqrt(2)
    u = volatility.values * (np.sqrt(1 - INDUSTRY_SHARE) * own + np.sqrt(INDUSTRY_SHARE) * common)
    coords = {"time": arrays["market_cap"]["time"], "asset": industry["asset"]}
    return xr.DataArray(u, coords, ("time", "asset"))


def fits(structure, **options):
    arrays, _, _ = structure
    return [lagged_regression(returns=drawn(structure, seed), **arrays, **options) for seed in range(DRAWS)]


def test_errors_by_industry_cover_each_style_and_those_of_names_do_not(structure):
    table = {}
    for kind, options in (("HC3", {}), ("CR3", {"industries": structure[1]})):
        both = fits(structure, **options)
        assert {fit.attrs["errors"] for fit in both} == {kind}
        t = xr.concat([fit["factor_returns"] / fit["robust_standard_errors"] for fit in both], dim="draw")
        t = t.sel(factor=structure[0]["exposures"]["factor"])
        table[kind] = 100 * (abs(t) < 1.96).where(t.notnull()).mean(["draw", "time"]).to_series()
    table = pd.DataFrame(table)
    print(table.round(1).to_string())
    assert table["CR3"].between(93, 97).all(), table["CR3"].round(1).to_dict()
    assert table["HC3"].min() < 90, table["HC3"].round(1).to_dict()


def test_what_all_factors_gave_a_sleeve_in_a_month_is_covered_too(structure):
    """Active weights of the two sleeves, held for a month from each list; the error of the split, which specific mirrors."""
    arrays, industry, _ = structure
    sessions = arrays["market_cap"].get_index("time")
    assets = industry.get_index("asset")
    both, inside = fits(structure, industries=industry), []
    cap = arrays["market_cap"].where(arrays["universe"]).fillna(0.0)
    for _, days, active in months(cap, assets):
        z = _exposures(arrays, days, sessions, both[0]["factor"], active)
        for fit in both:
            earned = (z * fit["factor_returns"].sel(time=days)).sum().item()
            covariance = fit["estimation_error_covariance"].sel(time=days)
            variance = (z * covariance * z.rename(factor="factor_other")).sum().item()
            inside.append(abs(earned) < 1.96 * np.sqrt(variance))
    print(f"{len(inside)} months of sleeves: {100 * np.mean(inside):.1f} %")
    assert 0.92 < np.mean(inside) <= 0.98


def months(cap, assets):
    """Of each list of the real book: the place of its day, the 21 sessions after it, and its active weights."""
    sessions = cap.get_index("time")
    for _, own in read_book(REAL / "book.toml").holdings.groupby("portfolio"):
        for date, held in own.groupby("date"):
            start = sessions.searchsorted(date)
            days = sessions[start + 1 : start + 22]
            if start < 1 or len(days) < 21:
                continue
            weights = held.set_index("ticker")["weight"].reindex(assets).fillna(0.0).to_numpy()
            yield start, days, weights - (cap.sel(time=date) / cap.sel(time=date).sum()).to_numpy()


def _exposures(arrays, days, sessions, factors, active, industries=None):
    """Active exposures of each day, (time, factor), from what was known at the close before."""
    before = sessions[sessions.get_indexer(days) - 1]
    sector = (arrays["sectors"].values[None, :] == factors.values[:, None]).astype(float)
    if industries is not None:
        sector += industries.values[None, :] == factors.values[:, None]
    sector[factors.values == "market"] = 1.0
    styles = arrays["exposures"].sel(time=before).transpose("time", "factor", "asset").fillna(0.0).values @ active
    z = np.broadcast_to(sector @ active, (len(days), len(factors))).copy()
    z[:, -styles.shape[1] :] = styles
    return xr.DataArray(z, {"time": days, "factor": factors.values}, ("time", "factor"))


SECOND_WAYS = ("size", "momentum", "volatility", "value", "liquidity", "market_sensitivity", "price_level")


def test_a_second_way_of_clustering_raises_no_styles_error(real_model):
    """By industry and by deciles of a style, V_industry + V_decile - V_both (Cameron, Gelbach & Miller 2011).

    Of the fit's own residuals, without a correction for leverage on either side.
    """
    data = real_model.data.isel(time=slice(FIRST_DAY, None)).load()
    residual = data["specific_returns"].transpose("time", "asset").to_numpy()
    universe = data["universe"].transpose("time", "asset").to_numpy()
    exposures = data["exposures"].transpose("time", "asset", "style").to_numpy()
    weight = np.sqrt(data["market_cap"].transpose("time", "asset").to_numpy())
    styles = [str(name) for name in data["style"].to_numpy()]
    member = (data["sector"].to_numpy()[:, None] == np.unique(data["sector"])).astype(float)
    label = np.where(data["industry"] == "", data["asset"], data["industry"]).astype(str)
    variances: dict[str, list[np.ndarray]] = {}
    for day in range(1, len(residual), 4):
        x, w = exposures[day - 1], weight[day - 1]
        own = universe[day - 1].astype(bool) & np.isfinite(x).all(axis=1) & (w > 0) & np.isfinite(residual[day])
        design = np.hstack([member[own][:, member[own].any(axis=0)], x[own]])
        portfolios = np.linalg.solve((design.T * w[own]) @ design, design.T * w[own])[-len(styles) :]
        moved = portfolios * residual[day, own]

        def clustered(labels, moved=moved):
            code = np.unique(labels, return_inverse=True)[1]
            sums = np.zeros((code.max() + 1, len(moved)))
            np.add.at(sums, code, moved.T)
            return (sums**2).sum(axis=0)

        one = clustered(label[own])
        variances.setdefault("industry", []).append(one)
        for name in SECOND_WAYS:
            decile = pd.qcut(x[own, styles.index(name)], 10, labels=False, duplicates="drop").astype(int).astype(str)
            both = np.char.add(np.char.add(label[own], "/"), decile)
            variances.setdefault(name, []).append(one + clustered(decile) - clustered(both))
    mean = {name: np.mean(each, axis=0) for name, each in variances.items()}
    ratio = pd.DataFrame({name: np.sqrt(mean[name] / mean["industry"]) for name in SECOND_WAYS}, styles)
    print(ratio.round(2).to_string())
    assert ratio.max().max() < 1.05


def test_in_the_default_model_what_all_factors_gave_a_sleeve_in_a_month_is_covered(structure, real_model):
    """Industries have returns of their own, the same for all of their names; the rest of a residual is a name's own.

    A name without one has its sector's return, which is the mean of the industries in it by cap.
    """
    arrays, industry, volatility = structure
    named = real_model.data["industry_factor"].load()
    label = np.where(named == "", "", named.astype(str)).astype(str)
    names, code = np.unique(label, return_inverse=True)
    sessions, assets = arrays["market_cap"].get_index("time"), industry.get_index("asset")
    cap = arrays["market_cap"].where(arrays["universe"]).fillna(0.0)
    _, sector = np.unique(arrays["sectors"].to_numpy().astype(str), return_inverse=True)
    member = np.eye(sector.max() + 1)[sector]
    lagged = np.where(names[code] == "", 0.0, cap.shift(time=1).fillna(0.0).transpose("time", "asset").to_numpy())
    with np.errstate(invalid="ignore"):
        share = np.nan_to_num(lagged / (lagged @ member)[:, sector])
    shared, inside, ratio = float(np.sqrt(INDUSTRY_SHARE) * volatility.median()), [], []
    for seed in range(DRAWS // 2):
        rng = np.random.default_rng(100 + seed)
        effect = shared * rng.normal(size=(len(sessions), len(names))) * (names != "")
        common = effect[:, code]
        common = np.where(names[code] == "", ((share * common) @ member)[:, sector], common)
        own = rng.standard_t(4, (len(sessions), len(code))) / np.sqrt(2) * np.sqrt(1 - INDUSTRY_SHARE) * volatility.values
        returns = xr.DataArray(common + own, {"time": sessions, "asset": assets}, ("time", "asset"))
        fit = lagged_regression(returns=returns, **arrays, industries=industry, industry_factors=named)
        for start, days, active in months(cap, assets):
            z = _exposures(arrays, days, sessions, fit["factor"], active, named)
            earned = (z * fit["factor_returns"].sel(time=days)).sum().item()
            truth = float((common[start + 1 : start + 22] @ active).sum())
            covariance = fit["estimation_error_covariance"].sel(time=days)
            error = np.sqrt((z * covariance * z.rename(factor="factor_other")).sum().item())
            inside.append(abs(earned - truth) < 1.96 * error)
            ratio.append((earned - truth) / error)
    print(
        f"default model, {len(inside)} months of sleeves: {100 * np.mean(inside):.1f} %, deviation of t {np.std(ratio):.2f}"
    )
    assert 0.92 < np.mean(inside) <= 0.98
