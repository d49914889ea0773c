"""Styles of one's own: what they are made of, what is refused, and that a fit has them as any other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.market import build_market
from tests.riskmodel.builders import random_tables


def week(market: xr.Dataset) -> xr.DataArray:
    """Minus the return of the last five sessions."""
    wealth = (1 + market["total_return"].fillna(0.0)).cumprod("time")
    return (1 - wealth / wealth.shift(time=5)).where(market["life"] >= 0)


def fortnight(market: xr.Dataset) -> xr.DataArray:
    wealth = (1 + market["total_return"].fillna(0.0)).cumprod("time")
    return (1 - wealth / wealth.shift(time=10)).where(market["life"] >= 0)


@pytest.fixture(scope="module")
def tables():
    return random_tables()


@pytest.fixture(scope="module")
def market(tables):
    return build_market(tables)


@pytest.fixture(scope="module")
def plain(market):
    return rm.RiskModel().fit(market)


def with_style(*descriptors, weights=(), **texts):
    return rm.RiskModel(styles=[*rm.STYLES, rm.Style("reversal", descriptors, weights, texts)])


def test_a_style_fed_by_a_function_is_a_factor_as_the_others_are(market, plain):
    fit = with_style(week, en="Reversal").fit(market)
    assert fit.styles == [*plain.styles, "reversal"] and fit.group("reversal") == "style"
    assert fit.factor_returns.sel(factor="reversal").notnull().any() and fit.style_texts["reversal"] == {"en": "Reversal"}
    assert fit.coverage().set_index("factor").loc["reversal", "descriptor"] == "week"
    xr.testing.assert_equal(fit.exposures.sel(factor=plain.styles), plain.exposures)
    raw, seen = week(market).to_numpy()[-1], fit.exposures.sel(factor="reversal").to_numpy()[-1]
    known = np.isfinite(raw) & np.isfinite(seen)
    assert pd.Series(raw[known]).corr(pd.Series(seen[known]), method="spearman") > 0.99


def test_a_style_that_is_dropped_leaves_the_exposures_of_the_others_as_they_were(market, plain):
    fit = rm.RiskModel(styles=[style for style in rm.STYLES if style.name not in ("size", "value")]).fit(market)
    assert "size" not in fit.styles and "value" not in fit.factor_returns.get_index("factor")
    others = [style.name for style in rm.STYLES if style.name in fit.styles and "size" not in style.orthogonal_to]
    xr.testing.assert_equal(fit.exposures.sel(factor=others), plain.exposures.sel(factor=others))  # the fill knows the size


def test_a_minus_turns_a_descriptor_round(market):
    one, other = (with_style(week, weights=[sign]).fit(market).exposures.sel(factor="reversal") for sign in (1, -1))
    np.testing.assert_allclose(one, -other, rtol=1e-12, atol=1e-12)


def test_a_descriptor_of_the_table_counts_until_the_next_value_and_no_longer_than_190_days(tables):
    sessions = pd.DatetimeIndex(sorted(tables["prices"]["date"].unique()))
    tickers = sorted(tables["prices"]["ticker"].unique())
    rows = [(sessions[0], ticker, "score", float(place)) for place, ticker in enumerate(tickers)]
    rows += [(sessions[40], tickers[0], "score", 99.0), (sessions[50], tickers[1], "score", np.nan)]
    table = pd.DataFrame(rows, columns=["date", "ticker", "descriptor", "value"])
    market = build_market(tables | {"descriptors": table})
    value = market["descriptor_value"].sel(descriptor="score")
    assert value.sel(asset=tickers[0])[[0, 39, 40]].values.tolist() == [0.0, 0.0, 99.0]
    assert value.sel(asset=tickers[1])[[49, 50]].fillna(-1).values.tolist() == [1.0, -1.0]
    late = sessions > sessions[0] + pd.Timedelta(days=190)
    known = value.sel(asset=tickers[2]).notnull()
    assert bool(known[~late].all()) and not bool(known[late].any())
    fit = with_style("score").fit(market)
    assert fit.coverage().set_index("factor").loc["reversal", "descriptor"] == "score"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rm.Style("market", [week]), "style: the name 'market' is empty or taken. Taken: "),
        (lambda: rm.Style("", [week]), "style: the name '' is empty or taken."),
        (lambda: rm.Style("a", []), "style 'a': descriptors is []; give a list with at least one."),
        (lambda: rm.Style("a", "momentum"), "style 'a': descriptors is 'momentum'; give a list with at least one."),
        (lambda: rm.Style("a", [3]), "style 'a': the descriptor 3. Give a name, a function made with def, or a Descriptor."),
        (lambda: rm.Style("a", [lambda market: market["close"]]), "style 'a': the descriptor <function"),
        (lambda: rm.Style("a", [week, week]), "style 'a': a descriptor stands twice among week, week. Name each once."),
        (
            lambda: rm.Style("a", [week, fortnight], [1.0]),
            "style 'a': the weights 1.0 for week, fortnight. Give each a number from -1,000 to 1,000, not 0.",
        ),
        (lambda: rm.Style("a", [week], [np.nan]), "style 'a': the weights nan for week."),
        (
            lambda: rm.Style("a", [week], texts={"en": "A", "jp": "あ"}),
            "style 'a': texts for 'jp'. Give names by language, such as {'en': 'Reversal'}; pages are written in ja, en.",
        ),
        (lambda: rm.Style("a", [week], texts="Reversal"), "style 'a': texts for ''. Give names by language"),
        (lambda: rm.Style("a", [week], texts={"en": " "}), "style 'a': the text ' ' is no name. Give one, or leave"),
        (
            lambda: rm.RiskModel(styles=[*rm.STYLES, rm.Style("value", [week])]),
            "styles: value more than once. Give each its own name, or drop the one it replaces.",
        ),
        (
            lambda: rm.RiskModel(styles=["value"]),
            "styles: give a list of riskmodel.Style, such as [*riskmodel.STYLES, my_style].",
        ),
    ],
)
def test_a_style_that_is_none_is_refused_by_name(make, message):
    with pytest.raises(rm.InputError) as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda market: market["total_return"].shift(time=-1), "styles: descriptor 'own' looks ahead: its value on "),
        (
            lambda market: market["close"].mean("time"),
            "styles: what descriptor 'own' gives: dimensions (asset); it takes",
        ),
        (
            lambda market: market["close"].to_numpy(),
            "styles: what descriptor 'own' gives: is of type ndarray",
        ),
        (
            lambda market: market["close"].isel(asset=slice(3)),
            "styles: what descriptor 'own' gives: without ",
        ),
        (lambda market: market["close"] / 0, "styles: what descriptor 'own' gives: "),
        (
            lambda market: market["close"].where(market["life"] >= 252),
            "styles: descriptor 'own' has no value on any day of the market. (life is the number of a name's current life",
        ),
    ],
)
def test_a_function_that_will_not_do_is_refused_by_name(market, function, message):
    with pytest.raises(rm.InputError) as caught:
        with_style(rm.Descriptor("own", function)).fit(market)
    assert str(caught.value).startswith(message)


def test_a_name_that_nobody_knows_is_refused_with_those_that_are_known(market):
    with pytest.raises(rm.InputError, match=r"styles: no descriptor 'momentun'. Built in: operating_margin.*no table"):
        with_style("momentun").fit(market)


def test_an_update_of_a_fit_with_a_function_equals_a_full_fit_or_says_that_it_looks_back_too_far(market, monkeypatch):
    def long(market):
        return market["total_return"].fillna(0.0).cumsum("time").where(market["life"] >= 0)

    short, model = market.isel(time=slice(0, -2)), with_style(week)
    xr.testing.assert_equal(model.update(model.fit(short), market).exposures, model.fit(market).exposures)
    quick = rm.RiskModel(
        universe=rm.UniverseRule(least_history=1), styles=[*rm.STYLES, rm.Style("sum", [rm.Descriptor("long", long, 1)])]
    )
    monkeypatch.setattr("riskmodel.model.look_back.LOOK_BACK", 1)
    with pytest.raises(rm.InputError, match=r"has other exposures to sum. A descriptor looks back further than"):
        quick.update(quick.fit(short), market)


def test_a_function_is_told_from_another_by_its_code_and_not_by_where_it_lies():
    def settings(function):
        return rm.RiskModel(styles=[rm.Style("a", [rm.Descriptor("own", function)])]).settings["styles"]

    namespace: dict[str, object] = {}
    exec("def again(market):\n    return market['close'] * 2\ndef other(market):\n    return market['close'] * 3", namespace)
    first = dict(namespace)
    exec("def again(market):\n    return market['close'] * 2", namespace)
    assert settings(first["again"]) == settings(namespace["again"]) != settings(first["other"])


def test_functions_that_differ_in_what_they_take_from_around_them_are_told_apart():
    def over(sessions, offset=0.0):
        return lambda market: market["close"].shift(time=sessions) + offset

    def digest(function):
        return rm.Descriptor("own", function).digest

    assert digest(over(5)) == digest(over(5)) != digest(over(10))
    assert digest(over(5)) != digest(over(5, offset=1.0))
    namespace = {"WINDOW": 5}
    exec("def helper(x):\n    return x * WINDOW\ndef own(market):\n    return helper(market['close'])", namespace)
    before = digest(namespace["own"])
    namespace["WINDOW"] = 6
    assert digest(namespace["own"]) != before


def test_two_descriptors_of_one_name_are_refused():
    with pytest.raises(rm.InputError, match="styles: two descriptors are called 'momentum', one of them in 'own'"):
        rm.RiskModel(styles=[*rm.STYLES, rm.Style("own", [rm.Descriptor("momentum", week)])])
    with pytest.raises(rm.InputError, match="styles: give a list of"):
        rm.RiskModel(styles=None)


def test_a_descriptor_of_the_table_may_not_bear_the_name_of_a_built_in_one(tables):
    table = pd.DataFrame(
        {"date": [tables["prices"]["date"].min()], "ticker": ["T000"], "descriptor": "momentum", "value": 1.0}
    )
    with pytest.raises(rm.InputError, match="styles: 'momentum' is built in and in the table descriptors"):
        rm.RiskModel().fit(build_market(tables | {"descriptors": table}))


def test_a_function_that_looks_ahead_is_refused_of_a_chunked_market_too(market):
    pytest.importorskip("dask", reason="the extra 'scale' is not installed")
    ahead = rm.Descriptor("own", lambda market: market["total_return"].shift(time=-1))
    with pytest.raises(rm.InputError, match="styles: descriptor 'own' looks ahead"):
        with_style(ahead).fit(market.chunk(time=65))


def test_an_update_without_a_new_session_has_the_issuers_of_now(market, plain):
    linked = market.assign(issuer=("asset", np.array(["Both"] * 2 + [""] * (market.sizes["asset"] - 2), dtype=object)))
    assert rm.RiskModel().update(plain, market) is plain
    assert rm.RiskModel().update(plain, linked).data["issuer"].to_numpy()[:2].tolist() == ["Both", "Both"]
