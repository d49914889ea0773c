"""Small cubes for attribution: drawn at random, with a result on top, and the long table that every cut must agree with."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.cube import DIMS, Cube, Sleeves
from attribution.contributions.result import AttributionResult
from attribution.linking.linking import coefficients

SECTORS = ["Energy", "Financials", "Utilities"]
STYLES = ["value", "momentum"]
FACTORS = ["market", *SECTORS, *STYLES]
SLEEVES = ["large", "small"]
KINDS = {"active": {}, "active against zero": {"against": "zero"}, "absolute": {"absolute": True}}
GROUPS = {"market": "market"} | dict.fromkeys(SECTORS, "sector") | dict.fromkeys(STYLES, "style")


def sides(rng, days, assets, *, shorts=False):
    """Weights of both sides that sum to one with cash (day, asset); the portfolio holds about half of the names."""
    benchmark = np.pad(rng.dirichlet(np.ones(assets), days), ((0, 0), (0, 1)))
    held = rng.random(assets) < 0.5
    held[0] = True
    own = rng.dirichlet(np.ones(assets), days) * held
    own *= rng.uniform(0.9, 1.0, (days, 1)) / own.sum(axis=1, keepdims=True)
    if shorts:
        own[:, held] -= rng.uniform(0, 0.2, (days, held.sum()))
    return np.column_stack([own, 1 - own.sum(axis=1)]), benchmark


def drawn_cube(seed, *, days=9, assets=10, shorts=False, start="2024-01-26", one_sided=True):
    """A cube whose days reach into a second month; a name is unmodelled on some days, one stops trading half way, and the
    official index has a gap.
    """
    rng = np.random.default_rng(seed)
    own, other = sides(rng, days, assets, shorts=shorts)
    sector = np.array(SECTORS)[rng.integers(0, 3, assets)]
    if one_sided:  # nobody but the portfolio holds a utility
        other[:, :-1] *= sector != "Utilities"
        other[:, -1] = 1 - other[:, :-1].sum(axis=1)
    exposure = np.zeros((days, len(FACTORS), assets + 1))
    exposure[:, 0, :-1] = 1.0
    exposure[:, 1:4, :-1] = sector == np.array(SECTORS)[:, None]
    exposure[:, 4:, :-1] = rng.normal(size=(days, 2, assets))
    modelled = np.pad(rng.random((days, assets)) < 0.9, ((0, 0), (0, 1)))
    living = np.ones(modelled.shape, bool)
    living[days // 2 :, 0] = False
    modelled &= living
    exposure *= modelled[:, None, :]
    f = rng.normal(0, 0.01, (days, len(FACTORS)))
    specific = rng.normal(0, 0.02, (days, assets + 1)) * modelled
    returns = np.einsum("tki,tk->ti", exposure, f) + specific + (rng.normal(0, 0.02, modelled.shape) * (~modelled & living))
    root = rng.normal(0, 0.002, (days, len(FACTORS), len(FACTORS)))
    data = cube_of(
        own, other, returns, exposure, modelled, specific, f, root @ root.transpose(0, 2, 1), sector,
        gap=rng.normal(0, 0.0005, days), start=start, living=living,
    )  # fmt: skip
    return in_sleeves(data, rng)


def in_sleeves(data, rng):
    """Two sleeves that hold a cube's names between them, some names both, and have parts of its benchmark."""
    split = np.array([rng.uniform(0, 1, data["asset_return"].shape), np.full(data["asset_return"].shape, 0.4)])
    split[0, :, ::3] = 1.0
    whole = {f"{side}_{kind}": data[f"{side}_{kind}"] for side in ("portfolio", "benchmark") for kind in ("weight", "live")}
    dims = ("sleeve", "time", "asset")
    parts = {}
    for name, weights in whole.items():
        first = weights.values * split[0 if name.startswith("portfolio") else 1]
        parts[f"sleeve_{name}"] = (dims, np.stack([first, weights.values - first]))
    gap = (data["constituents_return"] - data["benchmark_return"]).values
    parts["sleeve_proxy"] = (dims[:2], np.stack([0.3 * gap, 0.7 * gap]))
    return data.assign(parts).assign_coords(sleeve=SLEEVES)


def cube_of(
    own, other, returns, exposure, modelled, specific, f, covariance, sector, *, gap=0.0, start="2024-01-26", link="carino",
    living=True,
):  # fmt: skip
    """The parts of a cube under their labels, CASH last, linked."""
    days, assets = own.shape
    own_live, other_live = own * living, other * living
    labels = {
        "time": pd.bdate_range(start, periods=days),
        "asset": [*(f"A{i:03d}" for i in range(assets - 1)), "CASH"],
        "factor": FACTORS[: exposure.shape[1]],
    }
    grid = ("time", "asset")
    constituents = (other_live * returns).sum(axis=1)
    data = xr.Dataset(
        {
            "portfolio_weight": (grid, own),
            "benchmark_weight": (grid, other),
            "portfolio_live": (grid, own_live),
            "benchmark_live": (grid, other_live),
            "asset_return": (grid, returns),
            "modelled": (grid, modelled),
            "specific_return": (grid, specific),
            "exposure": (("time", "factor", "asset"), exposure),
            "factor_return": (("time", "factor"), f),
            "covariance": (("time", "factor", "factor_other"), covariance),
            "portfolio_return": ("time", (own_live * returns).sum(axis=1)),
            "constituents_return": ("time", constituents),
            "benchmark_return": ("time", constituents - gap),
            "closing_weight": ("asset", own[-1]),
            "benchmark_closing_weight": ("asset", other[-1]),
            "sector": ("asset", np.append(sector, "CASH").astype(object)),
        },
        labels,
    )
    return linked(data, link)


def linked(data, link="carino"):
    portfolio, benchmark = data["portfolio_return"], data["benchmark_return"]
    return data.assign(
        coefficient=coefficients(portfolio, benchmark, method=link), absolute_coefficient=coefficients(portfolio, 0.0)
    )


def as_cube(data):
    """The parts as the cube of a course without rows beside, in the book's currency."""
    data = data.assign(holdings_return=data["portfolio_return"], official_return=data["benchmark_return"])
    sleeves = None
    if "sleeve" in data.dims:
        sleeves = Sleeves(**{field.name: data[f"sleeve_{field.name}"] for field in fields(Sleeves)})
    arrays = {name: data[name].transpose(*dims) for name, dims in DIMS.items()}
    return Cube(**arrays, securities=data[["sector"]], groups=GROUPS, sleeves=sleeves)


def result_of(data, link="carino"):
    return AttributionResult(course="Drawn", benchmark="Index", period="2024", link=link, cube=as_cube(data), followed=None)


def earned(at, name, weight, live, *, moves):
    """What a weight of one name, of which a part is live, earned on a day by each row of a factor cut."""
    parts = dict.fromkeys([*map(str, at["factor"].values), "specific", "cash_and_stopped", "unmodelled", "proxy"], 0.0)
    cell = at.sel(asset=name)
    if bool(cell["modelled"]):
        for factor in at["factor"].values:
            parts[factor] = live * float(cell["exposure"].sel(factor=factor)) * float(at["factor_return"].sel(factor=factor))
        parts["specific"] = live * float(cell["specific_return"])
    else:
        parts["cash_and_stopped" if name == "CASH" else "unmodelled"] = live * float(cell["asset_return"])
    if moves:
        of_market = (weight if name == "CASH" else weight - live) * float(at["factor_return"].sel(factor="market"))
        parts["market"] += of_market
        parts["cash_and_stopped"] -= of_market
    return parts


def long_table(data, *, absolute=False, against="benchmark"):
    """Every cell as a row (sleeve, day, month, stock, sector, factor, group, contribution), by nothing but loops."""
    rows = []
    names = [str(a) for a in data["asset"].values]
    sector = data["sector"].to_series()
    for day in data["time"].values:
        at = data.sel(time=day)
        scale = float(at["absolute_coefficient" if absolute else "coefficient"])
        measure = None
        if against == "benchmark" and not absolute:
            measure = {"proxy": float(at["benchmark_return"] - at["constituents_return"])}
            for name in names:
                weight, live = (float(at[f"benchmark_{kind}"].sel(asset=name)) for kind in ("weight", "live"))
                for factor, value in earned(at, name, weight, live, moves=True).items():
                    measure[factor] = measure.get(factor, 0.0) + value
        for sleeve in SLEEVES:
            for name in names:
                cell = at.sel(asset=name, sleeve=sleeve)
                weight, live = (
                    float(cell[f"sleeve_portfolio_{kind}"]) - (0.0 if absolute else float(cell[f"sleeve_benchmark_{kind}"]))
                    for kind in ("weight", "live")
                )
                parts = earned(at, name, weight, live, moves=not absolute)
                if measure is not None:
                    parts = {factor: value - weight * measure[factor] for factor, value in parts.items()}
                rows += [
                    (sleeve, pd.Timestamp(day), name, sector[name], factor, scale * value) for factor, value in parts.items()
                ]
            gap = 0.0 if absolute else scale * float(at["sleeve_proxy"].sel(sleeve=sleeve))
            rows += [
                (sleeve, pd.Timestamp(day), "(proxy)", "(proxy)", factor, gap if factor == "proxy" else 0.0)
                for factor in parts
            ]
    table = pd.DataFrame(rows, columns=["sleeve", "day", "stock", "sector", "factor", "contribution"])
    group = {
        "market": "market",
        **dict.fromkeys(SECTORS, "sector"),
        **dict.fromkeys(STYLES, "style"),
        "specific": "specific",
    }
    return table.assign(month=table["day"].dt.strftime("%Y-%m"), group=table["factor"].map(group).fillna("other"))
