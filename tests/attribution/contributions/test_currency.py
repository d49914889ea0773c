"""The yen view of a dollar course, hedged and not; and Karnosky and Singer's four channels."""

from __future__ import annotations

import tomllib
from math import fsum, prod

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import attribution as at
import riskmodel as rm
from attribution.contributions.currency import covered_interest, currency_rates, daily_premium
from attribution.contributions.karnosky_singer import karnosky_singer
from attribution.linking.linking import DAY_SCALING
from riskmodel.market.tables import read_table
from tests.conftest import ROOT, SMALL, SMALL_MONTH, dear_examples

COURSE = "Major 70 : Next 30"
CASE = tomllib.loads((ROOT / "fixtures" / "worked_examples" / "karnosky_singer.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def dollars(small_book, small_model, small_market):
    return at.attribute(small_book, COURSE, small_model, small_market, period="2025-02/2025-03")


@pytest.fixture(scope="module")
def yen(dollars, small_market):
    return dollars.in_currency("JPY", small_market)


def yen_rates():
    fx = read_table(SMALL, "fx")
    return fx[fx["pair"] == "USDJPY"].set_index("date")["rate"]


CUTS = [("factor",), ("group",), ("stock",), ("sector",), ("day",), ("month", "factor"), ("stock", "factor")]


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("options", [{}, {"hedged": True, "forward_premium": -0.045}], ids=["unhedged", "hedged"])
def test_every_cut_adds_to_the_yen_excess_return(dollars, small_market, cuts, options):
    view = dollars.in_currency("JPY", small_market, **options)
    assert fsum(view.by(*cuts)) == pytest.approx(view.excess_return, abs=1e-12)
    assert fsum(view.by(*cuts, absolute=True)) == pytest.approx(view.portfolio_return, abs=1e-12)
    assert view.reconciliation["passed"].all()


def test_the_yen_returns_follow_from_the_raw_rates(dollars, yen, small_market):
    rate = yen_rates()
    days = dollars.data.get_index("time")
    base = small_market.get_index("time")[small_market.get_index("time") < days[0]][-1]
    grown = rate[: days[-1]].iloc[-1] / rate[:base].iloc[-1]
    assert 1 + yen.portfolio_return == pytest.approx((1 + dollars.portfolio_return) * grown, abs=1e-12)
    assert 1 + yen.benchmark_return == pytest.approx((1 + dollars.benchmark_return) * grown, abs=1e-12)


def test_the_currency_row_of_a_day_is_the_excess_times_the_currency(dollars, yen):
    data = dollars.data
    excess = (data["portfolio_return"] - data["benchmark_return"]).to_series()
    earned = yen.data["currency_return"].to_series()
    daily = yen.by("day", "factor").unstack("factor").div(yen.data["coefficient"].to_numpy(), axis=0)
    np.testing.assert_allclose(daily["currency"], excess * earned, rtol=0, atol=1e-15)
    np.testing.assert_allclose(daily.sum(axis=1), excess * (1 + earned), rtol=0, atol=1e-15)
    before = dollars.by("day", "factor").unstack("factor").div(data["coefficient"].to_numpy(), axis=0)
    np.testing.assert_allclose(daily.drop(columns="currency"), before, rtol=0, atol=1e-15)


@pytest.mark.parametrize("method", DAY_SCALING)
def test_every_way_to_link_days_adds_to_the_yen_excess(method, small_book, small_model, small_market):
    result = at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH, link=method)
    view = result.in_currency("JPY", small_market)
    assert fsum(view.by("factor")) == pytest.approx(view.excess_return, abs=1e-12)


def test_a_hedge_of_both_sides_earns_the_premium_and_leaves_what_the_day_earns(dollars, small_market):
    days = dollars.data.get_index("time")
    premium = pd.Series(-0.0002, days)
    view = dollars.in_currency("JPY", small_market, hedged=True, forward_premium=premium)
    daily, e = dollars.data["portfolio_return"].to_numpy(), view.data["currency_return"].to_numpy()
    np.testing.assert_allclose(view.data["portfolio_return"], daily * (1 + e) - 0.0002, rtol=0, atol=1e-15)
    factors = view.by("factor")
    assert factors["hedge"] == 0  # the same on both sides
    assert view.by("factor", absolute=True)["hedge"] != 0
    assert list(view.by("stock").index[-3:]) == ["(proxy)", "(currency)", "(hedge)"]


def test_a_hedged_course_against_an_unhedged_benchmark_has_the_hedge_as_a_row(dollars, small_market):
    view = dollars.in_currency("JPY", small_market, hedged=True, benchmark_hedged=False, forward_premium=-0.045)
    plain = dollars.in_currency("JPY", small_market)
    assert view.benchmark_return == plain.benchmark_return
    d = np.expm1(np.log1p(-0.045) / 252)
    daily = view.by("day", "factor").unstack("factor")["hedge"] / view.data["coefficient"].to_series()
    np.testing.assert_allclose(daily, d - view.data["currency_return"].to_series(), rtol=0, atol=1e-14)
    assert fsum(view.by("factor")) == pytest.approx(view.excess_return, abs=1e-12)


def test_a_currency_that_stands_still_changes_no_number(dollars, small_market):
    still = small_market.assign(fx_rate=xr.full_like(small_market["fx_rate"], 150.0))
    view = dollars.in_currency("JPY", still)
    assert view.by("factor")["currency"] == 0
    np.testing.assert_array_equal(view.by("factor").drop("currency"), dollars.by("factor"))


def test_the_reverse_pair_is_inverted(dollars, small_market, yen):
    reverse = small_market.assign(fx_rate=1 / small_market["fx_rate"]).assign_coords(pair=["JPYUSD"])
    view = dollars.in_currency("JPY", reverse)
    np.testing.assert_allclose(view.by("factor"), yen.by("factor"), rtol=0, atol=1e-14)


def test_trading_and_fees_are_seen_in_yen_too(small_book, small_model, small_market):
    held = at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH).data["portfolio_return"]
    days = held["time"].to_numpy()
    table = pd.DataFrame({"portfolio": "major", "date": days, "return": held.to_numpy() - 1e-4, "fee": 2e-5})
    actual = at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH, actual_returns=table)
    view = actual.in_currency("JPY", small_market)
    assert list(view.by("factor").index[-4:]) == ["proxy", "trading", "fees", "currency"]
    assert fsum(view.by("factor")) == pytest.approx(view.excess_return, abs=1e-12)
    assert view.reconciliation["passed"].all()


def test_the_view_says_its_currency(yen, dollars):
    assert repr(yen).splitlines()[0].endswith("carino linking), in JPY")
    assert "in JPY" in yen._repr_html_()
    assert repr(dollars).splitlines()[0].endswith("carino linking)")
    assert (yen.currency, dollars.currency) == ("JPY", "USD")
    assert yen.group("currency") == "other"


def test_a_carried_rate_is_counted(small_copy, small_book, small_model):
    folder, read, write = small_copy
    fx = read("fx")
    write("fx", fx[~fx["date"].isin(pd.DatetimeIndex(["2025-03-05", "2025-03-06"]))])
    market = rm.read_market(folder)
    view = at.attribute(small_book, "Major 100", small_model, market, period=SMALL_MONTH).in_currency("JPY", market)
    carried = view.data["rate_carried"].to_series()
    assert [f"{day:%m-%d}" for day in carried.index[carried]] == ["03-05", "03-06"]
    assert (view.data["currency_return"].to_series()[carried] == 0).all()
    findings = rm.alignment_report(market).set_index("finding")
    row = findings.loc["fx: session without a rate of USDJPY, the last one known is carried"]
    assert row["rows"] >= 2
    assert "2025-03-05" in row["examples"] or row["rows"] > 5


def test_sessions_before_the_first_rate_are_refused_by_name(small_copy, dollars):
    folder, read, write = small_copy
    fx = read("fx")
    write("fx", fx[fx["date"] >= "2025-02-05"])
    with pytest.raises(at.InputError) as caught:
        dollars.in_currency("JPY", rm.read_market(folder))
    assert str(caught.value).startswith(
        "fx: 3 sessions without a rate of USDJPY: 2025-01-31, 2025-02-03, 2025-02-04. The last one"
    )


@pytest.mark.parametrize(
    ("currency", "options", "message"),
    [
        (
            "EUR",
            {},
            "fx: no pair 'USDEUR' nor 'EURUSD', so there is no view in EUR. Found: USDJPY. "
            "Add its rates, USDEUR = EUR for one USD.",
        ),
        (
            "JPY",
            {"hedged": True},
            "currency: a hedge earns the forward premium, and the data have none. Give forward_premium, a decimal a year "
            "or a Series by day; attribution.contributions.currency.covered_interest makes it of two interest rates, "
            "and 0.0 leaves it out.",
        ),
        (
            "JPY",
            {"forward_premium": -0.04},
            "forward_premium: neither the course nor its benchmark is hedged. Set hedged=True.",
        ),
        (
            "JPY",
            {"hedged": True, "forward_premium": -4.5},
            "forward_premium: -4.5. A number is a year's decimal such as -0.04 (percent must be divided by 100), a Series "
            "has a decimal for each day.",
        ),
        (
            "JPY",
            {"hedged": True, "forward_premium": pd.Series(-0.04, pd.date_range("2025-02-01", "2025-03-31"))},
            "forward_premium: a Series with 0.04 on a day. A number is a year's decimal such as -0.04 (percent must be "
            "divided by 100), a Series has a decimal for each day.",
        ),
        (
            "JPY",
            {"hedged": True, "forward_premium": pd.Series({pd.Timestamp("2025-03-03"): 0.0})},
            "forward_premium: 39 sessions of the period without one: "
            "2025-02-03, 2025-02-04, 2025-02-05, 2025-02-06, 2025-02-07 and 34 more. Add them.",
        ),
    ],
)
def test_what_cannot_be_converted_is_refused(dollars, small_market, currency, options, message):
    with pytest.raises(at.InputError) as caught:
        dollars.in_currency(currency, small_market, **options)
    assert str(caught.value) == message


def test_a_view_is_not_converted_again(yen, small_market):
    with pytest.raises(at.InputError, match="the result is a view in JPY"):
        yen.in_currency("USD", small_market)
    with pytest.raises(at.InputError, match="the result is in JPY already"):
        yen.in_currency("JPY", small_market)


def test_a_market_without_rates_is_refused(dollars, small_market):
    bare = small_market.drop_vars(["fx_rate", "fx_carried", "pair"])
    with pytest.raises(at.InputError, match="Found: no table"):
        dollars.in_currency("JPY", bare)


def test_currency_returns_compound_to_the_ratio_of_the_rates(small_market):
    days = small_market.get_index("time")[5:40]
    rates = currency_rates(small_market, "USD", "JPY", days)
    raw = yen_rates()
    expected = raw[: days[-1]].iloc[-1] / raw[: small_market.get_index("time")[4]].iloc[-1]
    assert prod(1 + rates["currency_return"].to_numpy()) == pytest.approx(expected, rel=1e-13)


def test_covered_interest_and_its_daily_part_by_hand():
    """Yen at 0.5 %, dollars at 5 %: a dollar forward costs 1.005 / 1.05 of the spot, -4.29 % a year."""
    assert covered_interest(0.005, 0.05) == pytest.approx(1.005 / 1.05 - 1, abs=1e-16)
    days = pd.bdate_range("2025-01-01", periods=252)
    daily = daily_premium(covered_interest(0.005, 0.05), xr.DataArray(np.zeros(252), {"time": days}, "time"))
    assert float((1 + daily).prod()) == pytest.approx(1.005 / 1.05, rel=1e-13)
    by_day = covered_interest(pd.Series(0.00002, days), pd.Series(0.0002, days))
    assert by_day.iloc[0] == pytest.approx(1.00002 / 1.0002 - 1, abs=1e-16)


def given_case():
    arrays_of = {}
    for grid in ("market", "currency"):
        labels = CASE[grid][grid]
        arrays_of |= {
            name: xr.DataArray(values, {grid: labels}, grid) for name, values in CASE[grid].items() if name != grid
        }
    return arrays_of


def test_karnosky_and_singers_four_channels_to_the_last_digit():
    effects = karnosky_singer(**given_case())
    for name, expected in CASE["expected"].items():
        if isinstance(expected, dict):
            for label, value in expected.items():
                assert float(effects[name].sel(currency=label)) == pytest.approx(value, abs=CASE["tolerance"])
        else:
            assert float(effects[name]) == pytest.approx(expected, abs=CASE["tolerance"])


WEIGHTS = arrays(float, 3, elements=st.floats(-1.0, 2.0)).filter(lambda w: abs(w.sum()) > 0.1).map(lambda w: w / w.sum())
RETURNS = arrays(float, 3, elements=st.floats(-0.5, 1.0))


@settings(max_examples=dear_examples())
@given(WEIGHTS, WEIGHTS, RETURNS, RETURNS, RETURNS, WEIGHTS, WEIGHTS, RETURNS, RETURNS)
def test_the_channels_sum_to_the_active_log_return(w, b, r, s, c, x, y, q, t):
    values = (w, b, r, s, c, x, y, q, t)
    names = list(given_case())
    labels = [("market", ["A", "B", "C"])] * 5 + [("currency", ["EUR", "JPY", "USD"])] * 4
    given_arrays = {n: xr.DataArray(v, {d: own}, d) for n, v, (d, own) in zip(names, values, labels, strict=True)}
    effects = karnosky_singer(**given_arrays)
    channels = ("market_allocation", "security_selection", "currency_allocation", "hedge_selection")
    parts = fsum(float(part) for channel in channels for part in effects[channel])
    expected = fsum([*(w * (np.log1p(r) - np.log1p(c))), *(x * np.log1p(q))]) - fsum(
        [*(b * (np.log1p(s) - np.log1p(c))), *(y * np.log1p(t))]
    )
    size = max(1.0, *(float(np.abs(v).max()) for v in values))
    assert parts == pytest.approx(expected, abs=1e-12 * size)
    assert float(effects["active_total"]) == pytest.approx(expected, abs=1e-12 * size)


def test_a_yen_investor_in_dollars_on_both_sides_has_no_currency_effect():
    held = xr.DataArray([1.0, 0.0], {"currency": ["USD", "JPY"]}, "currency")
    cash = xr.DataArray([-0.03, 0.0], {"currency": ["USD", "JPY"]}, "currency")
    case = given_case() | dict.fromkeys(("portfolio_currency_weights", "benchmark_currency_weights"), held)
    case |= dict.fromkeys(("portfolio_currency_returns", "benchmark_currency_returns"), cash)
    assert float(karnosky_singer(**case)["active_currency"]) == 0


def test_periods_add_without_linking():
    case = {name: array.expand_dims(time=["Q1", "Q2"]) for name, array in given_case().items()}
    effects = karnosky_singer(**case)
    once = karnosky_singer(**given_case())
    np.testing.assert_allclose(effects["active_total"].sum("time"), 2 * once["active_total"], rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("benchmark_weights", lambda a: a * 100, "benchmark_weights: they sum to 100 over 'market', not 1."),
        (
            "portfolio_returns",
            lambda a: a - 2,
            "portfolio_returns: 2 returns of -100 % or less: A, B; the logarithm has no value there.",
        ),
        (
            "local_cash_returns",
            lambda a: a.assign_coords(market=["A", "C"]),
            "local_cash_returns: 2 labels of 'market' not as in portfolio_weights",
        ),
        (
            "portfolio_currency_weights",
            lambda a: a.where(a > 0),
            "portfolio_currency_weights: 2 missing or infinite values: GBP, JPY.",
        ),
        (
            "portfolio_weights",
            lambda a: a.rename(market="segment"),
            r"portfolio_weights: dimensions \(segment\); it takes \(market, \.\.\.\)\.",
        ),
    ],
)
def test_unfit_arrays_are_refused(name, change, message):
    case = given_case()
    with pytest.raises(at.InputError, match=message):
        karnosky_singer(**(case | {name: change(case[name])}))


def effects_of(result, market, **options):
    return result.karnosky_singer("JPY", market, **options).set_index(["effect", "name"])["value"]


def test_a_course_that_is_not_hedged_has_the_yen_excess_in_logs(dollars, yen, small_market):
    effects = effects_of(dollars, small_market)
    for side in ("portfolio", "benchmark"):
        whole = np.log1p(getattr(yen, f"{side}_return"))
        assert effects[f"{side}_total", "total"] == pytest.approx(whole, abs=1e-12)
    assert effects["active_currency", "total"] == 0
    assert effects["security_selection", "USD"] == pytest.approx(effects["active_total", "total"], abs=1e-15)
    assert effects["market_allocation", "USD"] == 0


def test_a_hedged_course_against_an_unhedged_index_has_the_currency_as_allocation(dollars, small_market):
    """Selling the dollars costs what they earned over the forward premium, the whole weight of 1."""
    options = {"hedged": True, "benchmark_hedged": False, "forward_premium": -0.04}
    effects = effects_of(dollars, small_market, **options)
    view = dollars.in_currency("JPY", small_market, **options)
    e = view.data["currency_return"].to_numpy()
    daily = np.expm1(np.log1p(-0.04) / 252)
    assert effects["active_currency", "total"] == pytest.approx(fsum(np.log1p(daily) - np.log1p(e)), abs=1e-12)
    assert effects["currency_allocation", "USD"] == 0  # the index holds nothing else, so that the dollar is its mean
    whole = np.log1p(view.portfolio_return) - np.log1p(view.benchmark_return)
    assert effects["active_total", "total"] == pytest.approx(whole, abs=5e-3)
    parts = [value for (effect, name), value in effects.items() if name != "total"]
    assert fsum(parts) == pytest.approx(effects["active_total", "total"], abs=1e-12)


def test_the_table_of_a_view_or_of_an_idle_premium_is_refused(dollars, yen, small_market):
    with pytest.raises(at.InputError, match=r"the result is a view in JPY\. Give the one that `attribute` returned\."):
        yen.karnosky_singer("USD", small_market)
    with pytest.raises(at.InputError, match=r"neither the course nor its benchmark is hedged\. Set hedged=True\."):
        dollars.karnosky_singer("JPY", small_market, forward_premium=-0.04)


def test_a_rate_in_another_unit_is_refused(dollars, small_market):
    later = small_market["time"] >= np.datetime64("2025-03-14")
    broken = small_market.assign(fx_rate=small_market["fx_rate"].where(~later, small_market["fx_rate"] / 100))
    with pytest.raises(at.InputError) as caught:
        dollars.in_currency("JPY", broken)
    rate = float(broken["fx_rate"].sel(pair="USDJPY", time="2025-03-14"))
    assert str(caught.value) == (
        "fx: 1 session on which USDJPY is more than 3 times, or less than a third of, the rate before: "
        f"2025-03-14 {rate:g}. A rate is mistyped, or the unit changes, as from 1 to 100. Quote all for one unit."
    )
