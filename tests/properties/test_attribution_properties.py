"""Every way to explain an excess return, held to the same properties; a new one is a line of METHODS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.accounts.accounts import attribute_accounts
from attribution.accounts.result import CUTS as ACCOUNT_CUTS
from attribution.brinson.effects import brinson_effects, geometric_effects
from attribution.brinson.hierarchy import hierarchical_effects
from attribution.contributions.arrays import linked_contributions
from attribution.linking.linking import DAY_SCALING, coefficients, link
from attribution.linking.totals import davies_laker
from attribution.portfolio.book import Book
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.sections import Benchmark, General, Sleeve
from tests.properties.attribution_checks import CASH, Case, Method, check_attribution

JOINING = {"carino", "grap", "frongello"}
STYLES = ("fachler", "bhb")
INTERACTIONS = ("separate", "selection", "allocation")


def series(array: xr.DataArray, **names: str) -> pd.Series:
    """A cut's contributions under the names of its levels; a total has no labels of its own."""
    array = array.rename({dim: name for dim, name in names.items() if dim in array.dims})
    if not array.dims:
        return pd.Series([float(array)], pd.Index(["all"], name="whole"))
    return array.rename("contribution").to_series()


# ---------------------------------------------------------------- linking: daily active contributions of stock and source


def of_links(case: Case) -> dict:
    active = case.portfolio - case.benchmark
    factors = active[:, None] * case.exposures * case.factor_returns[..., None]
    cells = np.concatenate([factors, (active * case.specific)[:, None]], axis=1)
    labels = {"time": case.days, "factor": [*case.factors, "specific"], "asset": case.assets}
    sides = [case.array((side * case.returns).sum(axis=1), "time") for side in (case.portfolio, case.benchmark)]
    return {
        "effects": xr.DataArray(cells, labels, ("time", "factor", "asset")),
        "portfolio_returns": sides[0],
        "benchmark_returns": sides[1],
    }


def by_link(method: str):
    def explain(effects, **returns):
        cells = link(effects, **returns, method=method)
        names = {"asset": "stock"}
        return {
            "stock x factor": series(cells, **names),
            "stock": series(cells.sum("factor"), **names),
            "factor": series(cells.sum("asset"), **names),
            "whole": series(link(effects.sum(["asset", "factor"]), **returns, method=method)),
        }

    return explain


# ---------------------------------------------------------------- Brinson: groups of stocks


def sides_of(case: Case, groups: list[str]) -> dict:
    """Weights, contributions and returns by segment (time, segment); a group without net weight has no return."""
    names, code = np.unique(groups, return_inverse=True)
    member = np.eye(len(names))[code]
    labels = {"time": case.days, "segment": names}
    out = {}
    for side, weight in (("portfolio", case.portfolio), ("benchmark", case.benchmark)):
        whole, earned = weight @ member, (weight * case.returns) @ member
        telling = np.abs(whole) > 1e-3
        returned = np.divide(earned, whole, out=np.full_like(whole, np.nan), where=telling)
        columns = {"weight": whole, "contribution": earned, "return": returned}
        out |= {f"{side}_{name}": xr.DataArray(values, labels, ("time", "segment")) for name, values in columns.items()}
    return out


def of_groups(case: Case) -> dict:
    return sides_of(case, case.groups)


def by_brinson(method: str, interaction: str, linking: str):
    def explain(**sides):
        days = brinson_effects(**sides, method=method, interaction=interaction)
        linked = link(days.effects, days.portfolio_return, days.benchmark_return, method=linking)
        names = {"segment": "group"}
        return {"group x effect": series(linked, **names), "effect": series(linked.sum("segment"), **names)}

    return explain


def by_notional_funds(**sides):
    days = brinson_effects(**sides)
    returns = (days.portfolio_return, days.benchmark_return, days.allocation_return, days.selection_return)
    return {"effect": series(davies_laker(*returns))}


def compounded(days: xr.DataArray) -> xr.DataArray:
    return (1 + days).prod("time") - 1


def by_geometric(method: str, interaction: str):
    def explain(**sides):
        days = geometric_effects(**sides, method=method, interaction=interaction)
        return {"effect": series(compounded(days.effects.sum("segment")))}

    return explain


def of_levels(case: Case) -> dict:
    levels = [xr.Dataset(sides_of(case, groups)) for groups in (case.groups, case.assets)]
    return {"levels": levels, "parents": [dict(zip(case.assets, case.groups, strict=True))]}


def by_hierarchy(method: str, *, anchored: bool, geometric: bool):
    def explain(levels, parents):
        options = {"method": method, "anchored": anchored, "geometric": geometric}
        split = hierarchical_effects(levels, parents, **options)
        if geometric:
            totals = [compounded(days.effects.sum("segment")) for days in split]
            return {"level x effect": pd.concat(dict(enumerate(map(series, totals))), names=["level"])}
        linked = [(days.effects * coefficients(days.portfolio_return, days.benchmark_return)).sum("time") for days in split]
        return {"level x segment x effect": pd.concat(dict(enumerate(map(series, linked))), names=["level"])}

    return explain


# ---------------------------------------------------------------- the factor cube as arrays


def of_cube(case: Case) -> dict:
    returns = [case.array((side * case.returns).sum(axis=1), "time") for side in (case.portfolio, case.benchmark)]
    return {
        "weights": case.array(case.portfolio, "time", "asset").expand_dims(portfolio=["P"]).copy(),
        "returns": returns[0],
        "benchmark_returns": returns[1],
        "exposures": case.array(case.exposures, "time", "factor", "asset"),
        "factor_returns": case.array(case.factor_returns, "time", "factor"),
        "specific_returns": case.array(case.specific, "time", "asset"),
        "benchmark_weights": case.array(case.benchmark, "time", "asset"),
    }


def by_cube(method: str):
    def explain(weights, returns, benchmark_returns, **model):
        scale = coefficients(returns, benchmark_returns, method=method).expand_dims(portfolio=["P"])
        parts = linked_contributions(weights, scale, **model).sel(portfolio="P", drop=True)
        cells = parts["stock_contribution"]
        return {
            "stock x factor": series(cells, asset="stock"),
            "stock": series(cells.sum("factor"), asset="stock"),
            "factor": series(parts["contribution"]),
        }

    return explain


# ---------------------------------------------------------------- attribute and attribute_accounts, on a market of the case


def of_market(case: Case) -> dict:
    """The case as a market, a fit and lists of weights from the close before each day."""
    sessions = case.days.insert(0, case.days[0] - pd.offsets.BDay())
    stocks, styles = case.assets[:-1], case.factors[1:]
    grid, count = (len(sessions), len(stocks)), len(case.factors)

    def from_second(values: np.ndarray) -> np.ndarray:
        return np.concatenate([np.full_like(values[:1], np.nan), values])

    def lists(portfolio: str, weights: np.ndarray) -> pd.DataFrame:
        rows = pd.MultiIndex.from_product([sessions[:-1], case.assets], names=["date", "ticker"])
        return pd.DataFrame({"weight": weights.ravel()}, rows).reset_index().assign(portfolio=portfolio)

    own, index = lists("own", case.portfolio), lists("Index", case.benchmark)
    constituents = index[index["ticker"] != CASH]
    labels = {"time": sessions, "asset": stocks}
    market = xr.Dataset(
        {
            "total_return": (("time", "asset"), from_second(case.returns[:, :-1])),
            "bridged_return": (("time", "asset"), np.full(grid, np.nan)),
            "life": (("time", "asset"), np.zeros(grid, np.int16)),
            "name": ("asset", np.array(stocks, object)),
            "name_ja": ("asset", np.array(stocks, object)),
            "constituent_index": ("constituent", constituents["portfolio"].to_numpy(object)),
            "constituent_date": ("constituent", constituents["date"].to_numpy()),
            "constituent_ticker": ("constituent", constituents["ticker"].to_numpy(object)),
            "constituent_weight": ("constituent", constituents["weight"].to_numpy()),
            "index_level": (("time", "index"), np.empty((len(sessions), 0))),
        },
        labels | {"index": np.array([], object)},
    )
    left_out = ~case.exposures[..., :-1].any(axis=(0, 1))
    covariance = np.broadcast_to(np.eye(count) * 1e-6, (len(sessions), count, count))
    known = np.where(left_out, np.nan, case.exposures[:, 1:, :-1])  # at the close before each day; nobody asks for the last
    specific = np.where(left_out, np.nan, case.specific[:, :-1])
    fit = xr.Dataset(
        {
            "specific_returns": (("time", "asset"), from_second(specific)),
            "exposures": (("time", "style", "asset"), np.concatenate([known, np.full_like(known[:1], np.nan)])),
            "factor_returns": (("time", "factor"), from_second(case.factor_returns)),
            "estimation_error_covariance": (("time", "factor", "factor_other"), covariance.copy()),
            "factor_group": ("factor", np.array(["market", *["style"] * len(styles)], object)),
            "sector": ("asset", np.array(case.groups[:-1], object)),
            "industry_factor": ("asset", np.full(len(case.groups) - 1, "", object)),
        },
        labels | {"factor": case.factors, "factor_other": case.factors, "style": np.array(styles, object)},
    )
    return {"market": market, "model": rm.RiskModelResults(fit, {"texts": {}}), "own": own, "index": index}


def book_of(own: pd.DataFrame, inception: pd.Timestamp) -> Book:
    return Book(
        book=General(name="Drawn", data=".", inception=inception.date()),
        benchmarks={"Index": Benchmark(constituents="Index")},
        sleeves={"own": Sleeve(holdings="own", benchmark="Index")},
        courses={"Own": {"own": 1.0}},
        path=Path("drawn.toml"),
        holdings=own,
    )


def by_attribute(linking: str):
    def explain(market, model, own, index):
        book = book_of(own, market.get_index("time")[1])
        result = at.attribute(book, "Own", model, market, period="itd", link=linking, uncovered_max=1.0)
        cuts = {" x ".join(names): result.by(*names) for names in [("stock",), ("factor",), ("day",), ("stock", "factor")]}
        groups = model.data["sector"].to_series()
        cuts["group"] = result.by(groups).rename_axis("group")
        cuts["group x factor"] = result.by(groups, "factor").rename_axis(["group", "factor"])
        effects = result.brinson("sector").set_index("group")[["allocation", "selection", "interaction"]]
        cuts["Brinson"] = effects.rename_axis("effect", axis=1).rename_axis("segment").stack()
        split = result.brinson_by_factor("sector").rename(columns={"group": "segment"})
        cuts["Brinson by factor"] = split.set_index(["segment", "effect", "factor"])["contribution"]
        return cuts

    return explain


def by_accounts(linking: str):
    def explain(market, model, own, index):
        sessions = market.get_index("time")
        period = Period(label="drawn", base=sessions[0], days=sessions[1:])
        benchmark = index[["date", "ticker", "weight"]]
        result = attribute_accounts(own, benchmark, model, market, period=period, link=linking, uncovered_max=1.0)
        return {
            {"sector": "group", "group": "family"}.get(cut, cut): series(
                result.by(cut).sel(portfolio="own", drop=True), sector="group", group="family"
            )
            for cut in ACCOUNT_CUTS
        }

    return explain


METHODS = [
    *(Method(f"link {m}", of_links, by_link(m), joins=m if m in JOINING else None) for m in DAY_SCALING),
    Method("Davies-Laker", of_groups, by_notional_funds, others_stay=False),
    *(
        Method(
            f"Brinson {m} {i}",
            of_groups,
            by_brinson(m, i, "carino" if m == "fachler" else "grap"),
            joins="carino" if m == "fachler" else "grap",
        )
        for m in STYLES
        for i in INTERACTIONS
    ),
    *(
        Method(f"geometric {m} {i}", of_groups, by_geometric(m, i), geometric=True, others_stay=False)
        for m in STYLES
        for i in INTERACTIONS[1:]
    ),
    *(
        Method(
            f"hierarchy {m}{' anchored' * anchored}",
            of_levels,
            by_hierarchy(m, anchored=anchored, geometric=False),
            joins="carino",
            others_stay=False,
        )
        for m in STYLES
        for anchored in (False, True)
    ),
    *(
        Method(
            f"geometric hierarchy{' anchored' * anchored}",
            of_levels,
            by_hierarchy("fachler", anchored=anchored, geometric=True),
            geometric=True,
            others_stay=False,
        )
        for anchored in (False, True)
    ),
    *(Method(f"cube {m}", of_cube, by_cube(m), joins=m if m in JOINING else None) for m in DAY_SCALING),
    Method("attribute carino", of_market, by_attribute("carino"), joins="carino"),
    Method("attribute grap", of_market, by_attribute("grap"), joins="grap", examples=1),
    Method("accounts carino", of_market, by_accounts("carino"), joins="carino"),
    Method("accounts frongello", of_market, by_accounts("frongello"), joins="frongello", examples=1),
]


@pytest.mark.parametrize(
    "method",
    [pytest.param(method, marks=[pytest.mark.slow] * (method.examples < 2)) for method in METHODS],  # their links are above
    ids=lambda method: method.name,
)
def test_every_way_to_explain_keeps_every_property(method):
    check_attribution(method)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_way_to_explain_keeps_every_property_of_many_cases(method):
    check_attribution(method, times=10)
