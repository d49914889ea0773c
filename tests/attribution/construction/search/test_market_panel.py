"""Months of a book's market against lists that are followed one by one, and what they may not see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from attribution.construction.search.backtest import backtest
from attribution.construction.search.market_panel import held_names, market_panel, searchable
from attribution.construction.walk import month_closes
from attribution.measures.performance import risk_free_returns
from attribution.portfolio.holdings import drift, holding_returns
from riskmodel.errors import InputError
from riskmodel.optimisation.rules import NameCount

FACTORS = ["profitability", "value", "momentum"]


def panel_of(book, strategy, model, market, start="2024-06", end="2025-03"):
    closes = month_closes(market, start, end)
    days = market.get_index("time")
    last = days[days.to_period("M") <= pd.Period(end, "M")][-1]
    return market_panel(book, strategy, model, market, factors=FACTORS, closes=closes, end=last)[0]


@pytest.mark.parametrize("strategy", ["major", "next_major"])
def test_a_trial_earns_what_its_lists_earn_when_they_are_followed(strategies, small_model, small_market, strategy):
    panel = panel_of(strategies, strategy, small_model, small_market)
    weights = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, -1.0]])
    made = backtest(panel, weights, names=12)
    for row, own in enumerate(weights):
        lists = []
        for place, close in enumerate(panel.closes):
            score = pd.DataFrame(panel.exposures[place], panel.assets).dropna() @ own
            names = score.sort_values(ascending=False, kind="stable").index[:12]
            lists.append(pd.DataFrame({"date": close, "ticker": names, "weight": 1 / 12}))
        returns = holding_returns(small_market)
        track = drift(pd.concat(lists), small_market, returns, panel.closes[0], panel.days, "lists")
        np.testing.assert_allclose(made.returns[row], track.returns.to_numpy(), atol=1e-12)


def test_a_name_that_stops_keeps_its_value_and_is_not_sold(strategies, small_model, small_market):
    panel = panel_of(strategies, "major", small_model, small_market)
    close, stops = small_market["close"].to_pandas(), {}
    for place, span in enumerate(panel.spans):
        prices = close.loc[panel.days[span], panel.assets[panel.members[place] & panel.stopped[place]]]
        stops |= {name: prices[name].notna().to_numpy() for name in prices}
        gone = ~close.loc[panel.days[span.stop - 1], panel.assets[panel.members[place]]].notna()
        assert panel.stopped[place][panel.members[place]][gone.to_numpy()].all()
    assert list(stops) == ["HEYX", "XPJQ", "0130"]
    assert not stops["0130"][-1]
    begins = int(np.flatnonzero(~stops["XPJQ"])[-1]) + 1  # priced again after three weeks: a new life, not this holder's
    assert begins > 10 and stops["XPJQ"][begins:].all()
    held = panel.growth[panel.spans[4], panel.assets.get_loc("XPJQ")]
    assert held[begins:] == pytest.approx(held[3], rel=0) and held[3] != held[0]


def test_who_may_be_held_is_the_list_of_the_benchmark_and_the_benchmark_is_its_level(strategies, small_model, small_market):
    panel = panel_of(strategies, "major", small_model, small_market)
    lists = small_market[["constituent_index", "constituent_date", "constituent_ticker"]].to_dataframe()
    own = lists[lists["constituent_index"] == "Large Index"]
    exposures = small_model.design(panel.closes).sel(factor=FACTORS)
    for place, date in enumerate(panel.closes):
        known = own[own["constituent_date"] <= date]
        newest = known[known["constituent_date"] == known["constituent_date"].max()]["constituent_ticker"]
        priced = small_market["close"].sel(time=date).to_series().dropna().index
        held = set(panel.assets[panel.members[place]])
        allowed = set(newest) & set(priced)
        whole = exposures[place].notnull().all("factor").to_series()
        assert held == {name for name in allowed if whole[name]}
    level = small_market["index_level"].sel(index="Large Index").to_series()
    expected = level.pct_change(fill_method=None).loc[panel.days]
    np.testing.assert_allclose(panel.benchmark, expected, rtol=1e-12)
    np.testing.assert_allclose(panel.risk_free, risk_free_returns(strategies, small_market, panel.days), rtol=1e-15)
    factor_returns = small_model.data["factor_returns"].sel(factor="value").to_series()
    quarter = (1 + factor_returns[: panel.closes[5]].iloc[-63:]).prod() - 1
    assert panel.trends[5, 1] == pytest.approx(quarter, rel=1e-12)


def test_nothing_that_is_known_at_a_close_depends_on_later_days(strategies, small_model, small_market):
    panel = panel_of(strategies, "major", small_model, small_market)
    after = small_market["time"] > panel.closes[5]
    spoilt = small_market.assign(
        total_return=small_market["total_return"].where(~after, -0.5),
        close=small_market["close"].where(~after, small_market["close"] * 0.1),
    )
    model = rm.RiskModel().fit(spoilt)
    other = panel_of(strategies, "major", model, spoilt)
    shared = panel.assets.intersection(other.assets)
    mine, theirs = (
        xr.DataArray(each.exposures, {"asset": each.assets}, ("month", "asset", "factor")).sel(asset=shared)[:6]
        for each in (panel, other)
    )
    np.testing.assert_allclose(mine, theirs, rtol=1e-10)
    known = panel.month < 5
    assert (panel.growth[known][:, panel.assets.isin(shared)] == other.growth[known][:, other.assets.isin(shared)]).all()
    np.testing.assert_allclose(panel.trends[:6], other.trends[:6], rtol=1e-8)


def test_factors_that_nobody_is_exposed_to_are_left_out_or_refused(small_model, small_market):
    closes = month_closes(small_market, "2024-03", "2024-06")
    styles = [factor for factor, group in small_model.groups.items() if group == "style"]
    early = pd.DatetimeIndex([small_market.get_index("time")[5], *closes])  # too early for sixty days
    found, unfed = searchable(small_model, early, None)
    assert "momentum" in unfed and set(found) | set(unfed) == set(styles)
    with pytest.raises(InputError, match="factors: no name has an exposure to momentum, value at 1 close: 2023-"):
        searchable(small_model, early, ["momentum", "value"])
    with pytest.raises(InputError, match=r"factors: no factor 'charm'\. There are: market"):
        searchable(small_model, closes, ["charm"])
    assert searchable(small_model, closes, ["Energy", "value"]) == (["Energy", "value"], [])


def test_a_trial_holds_as_many_names_as_the_rule_allows(strategies):
    major = strategies.strategies["major"]
    assert held_names(major) == 25
    assert held_names(major.model_copy(update={"rules": (NameCount(least=30),)})) == 30
    assert held_names(major.model_copy(update={"rules": ()})) == 25
