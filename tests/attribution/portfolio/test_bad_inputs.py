"""Bad input at every door of the attribution: one matrix of what is refused, in which words, and what is rightly taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.accounts import blocks
from attribution.accounts.accounts import attribute_accounts
from attribution.cli import main
from attribution.contributions.arrays import linked_contributions
from attribution.contributions.cube import make_cube
from attribution.linking.linking import coefficients, link
from attribution.linking.totals import davies_laker
from attribution.measures.risk import ex_ante_risk
from attribution.portfolio.course import follow_course
from attribution.portfolio.periods import read_period
from tests.conftest import SMALL_MONTH

DAYS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04"])
HELD, BASE = "DKYC", pd.Timestamp("2025-02-28")  # a stock of 'major' at the close before the month
NOON = pd.Timestamp("2025-03-12")
STRINGS = pd.Index(["A"]).dtype  # "object" before pandas 3


def refusal(call):
    with pytest.raises(rm.InputError) as caught:
        call()
    return str(caught.value)


# ---------------------------------------------------------------- a book and its tables, through attribute


def of_the_list(frame):
    return (frame["portfolio"] == "major") & (frame["date"] == BASE)


def of_the_index(frame):
    return (frame["index"] == "Large Index") & (frame["date"] == BASE)


def of_the_day(frame):
    return (frame["ticker"] == HELD) & (frame["date"] == NOON)


def put(column, rows, value):
    """The table with other values of a column in some rows; `value` may be a function of the column."""

    def change(frame):
        where = rows(frame)
        own = frame[column]
        return frame.assign(**{column: own.where(~where, value(own) if callable(value) else value)})

    return change


def everywhere(frame):
    return np.ones(len(frame), bool)


def zoned(frame):
    return frame.assign(date=frame["date"].dt.tz_localize("Asia/Tokyo"))


def with_hours(frame):
    return frame.assign(date=frame["date"] + pd.Timedelta("16h"))


def twice(frame):
    return pd.concat([frame, frame.iloc[:1]])


def numbered(frame):
    return frame.assign(ticker=range(130, 130 + len(frame)))


TEXT = "column 'ticker' holds int64 values, not text, e.g. 130, 131, 132. Codes such as '0130' or 'TRUE' are damaged once"
ROUNDED = "sum to 0.9999, not 1. Add the names that are missing, or take out those of another list."
TABLES = {
    "codes of holdings that are numbers": ("holdings", numbered, f"holdings: {TEXT}"),
    "codes of constituents that are numbers": ("constituents", numbered, f"constituents: {TEXT}"),
    "duplicate holdings": (
        "holdings",
        twice,
        "holdings: 1 duplicate row of (portfolio, date, ticker): major 2024-02-29 0130",
    ),
    "duplicate constituents": (
        "constituents",
        twice,
        "constituents: 1 duplicate row of (index, date, ticker): Large Index 20",
    ),
    "a stock in two sectors": ("securities", twice, "securities: 1 duplicate row of ticker: 0130. Keep one row each."),
    "weights of holdings in percent": (
        "holdings",
        put("weight", of_the_list, lambda w: w * 100),
        "holdings: weights of 'major' on 2025-02-28 sum to 100, not 1. They look like percent; divide by 100.",
    ),
    "weights of constituents in percent": (
        "constituents",
        put("weight", of_the_index, lambda w: w * 100),
        "constituents: weights of 'Large Index' on 2025-02-28 sum to 100, not 1. They look like percent; divide by 100.",
    ),
    "weights that do not sum to one": (
        "holdings",
        put("weight", of_the_list, lambda w: w * 0.9),
        "holdings: weights of 'major' on 2025-02-28 sum to 0.9, not 1. Add what is missing, or take out what is",
    ),
    "a benchmark without a name that only rounding removed": (
        "constituents",
        put("weight", of_the_index, lambda w: w * 0.9999),
        f"constituents: weights of 'Large Index' on 2025-02-28 {ROUNDED}",
    ),
    "a missing weight": (
        "holdings",
        put("weight", lambda f: of_the_list(f) & (f["ticker"] == HELD), np.nan),
        "holdings: 1 empty cell in 'weight' (rows major 2025-02-28 DKYC). Fill it; remove a row only if",
    ),
    "an infinite weight": (
        "constituents",
        put("weight", lambda f: of_the_index(f) & (f["ticker"] == HELD), np.inf),
        "constituents: 1 infinite value in 'weight': Large Index 2025-02-28 DKYC. Usually a division by zero upstream;",
    ),
    "a ticker of the holdings that has no prices": (
        "holdings",
        put("ticker", lambda f: of_the_list(f) & (f["ticker"] == HELD), "DKYC.N"),
        "holdings: 1 row with a ticker that has no prices: major 2025-02-28 DKYC.N. Correct the ticker, or add its prices; "
        'cash is written CASH. A fund may be looked through by its list: constituents = "..." in [funds."DKYC.N"].',
    ),
    "a missing return of a held name": (
        "prices",
        put("total_return", of_the_day, np.nan),
        "prices: 1 missing total_return on days that follow a traded day: 2025-03-12 DKYC. It may be missing only on",
    ),
    "an infinite return": (
        "prices",
        put("total_return", of_the_day, np.inf),
        "prices: 1 infinite value in 'total_return': 2",
    ),
    "a return below -100 %": (
        "prices",
        put("total_return", of_the_day, -1.2),
        "prices: 1 total_return below -1 (a loss of more than 100 %): 2025-03-12 DKYC (-1.2). Returns are decimals: -0.05",
    ),
    "a return in percent": (
        "prices",
        put("total_return", of_the_day, lambda r: r * 100),
        "prices: 1 total_return a hundred times the move of the close: 2025-03-12 DKYC (-4.84814). They look like percent",
    ),
    "a price given as a return": (
        "prices",
        lambda f: f.assign(total_return=f["total_return"].where(~of_the_day(f), f["close"])),
        "prices: 1 total_return equal to the close or to its growth: 2025-03-12 DKYC (26.8098). They look like",
    ),
    "growth given as returns": (
        "prices",
        put("total_return", everywhere, lambda r: 1 + r),
        "They look like growth factors; subtract 1.",
    ),
    "a time zone in the holdings' dates": (
        "holdings",
        zoned,
        "holdings: column 'date' carries a time zone (Asia/Tokyo). Giv",
    ),
    "hours in the prices' dates": ("prices", with_hours, "cells of 'date' carry a time of day: 2023-08-01 16:00:00, "),
    "days of the index that do not match": (
        "indices",
        lambda f: f.assign(date=f["date"] + pd.Timedelta(days=1)),
        "indices: 5 sessions without a level of 'Large Index': 2025-03-03, 2025-03-10, 2025-03-17, 2025-03-24, 2025-03-31.",
    ),
    "no list by the start of the period": (
        "holdings",
        lambda f: f[f["date"] > BASE],
        "holdings of 'major': no list of weights on or before 2025-02-28, the close at which the period starts.",
    ),
    "prices that changed under the model": (
        "prices",
        put("total_return", of_the_day, lambda r: r + 0.01),
        "model: explains other returns than the market's: 1 return differ: (2025-03-12, DKYC). The prices have changed",
    ),
}


@pytest.mark.parametrize(("table", "change", "message"), TABLES.values(), ids=TABLES)
def test_a_table_that_is_unfit_is_refused_in_these_words(small_copy, small_model, table, change, message):
    folder, read, write = small_copy
    write(table, change(read(table)))

    def explain():
        book = at.read_book(folder / "book.toml")
        return at.attribute(book, "Major 100", small_model, rm.read_market(folder), period=SMALL_MONTH)

    assert message in refusal(explain)


@pytest.mark.parametrize("period", ["", "2025-13", "March 2025", "2025-03-01"])
def test_a_period_that_is_none_is_refused(period, small_book, small_model, small_market):
    said = refusal(lambda: at.attribute(small_book, "Major 100", small_model, small_market, period=period))
    assert said.startswith(f"period '{period}': write a month as YYYY-MM, a run of months as YYYY-MM/YYYY-MM")
    followed = follow_course(small_book, "Major 100", small_market, read_period(SMALL_MONTH, small_book, small_market))
    cash = pd.DataFrame({"portfolio": ["P"], "ticker": ["CASH"], "weight": [1.0]})
    said = refusal(lambda: attribute_accounts(cash, followed, small_model, small_market, period=period))
    assert said == f"period '{period}': write a month as YYYY-MM, a run of months as YYYY-MM/YYYY-MM, or a year as YYYY."


def without_exposures(model, names):
    """The fit as it would be had the names no sector."""
    data = model.data
    there = ~data["asset"].isin(names)
    changed = data.assign(specific_returns=data["specific_returns"].where(there), exposures=data["exposures"].where(there))
    return replace(model, data=changed)


def test_held_names_without_exposures_are_a_row_up_to_a_tolerance(small_book, small_model, small_market):
    held = small_book.holdings[of_the_list(small_book.holdings)].set_index("ticker")["weight"].drop("CASH").sort_values()
    small, large = str(held.index[0]), str(held.index[-1])
    explain = at.attribute(
        small_book, "Major 100", without_exposures(small_model, [small]), small_market, period=SMALL_MONTH
    )
    assert explain.by("factor")["unmodelled"] == pytest.approx(explain.by("stock", against="zero")[small], abs=1e-15)
    lacking = without_exposures(small_model, [large])
    followed = follow_course(small_book, "Major 100", small_market, read_period(SMALL_MONTH, small_book, small_market))
    weight = float(followed.data["portfolio_live"].sel(asset=large).mean())
    assert weight > 0.05
    assert refusal(lambda: make_cube(followed, lacking, small_market, link="carino")) == (
        f"contributions of 'Major 100': 1 held name without exposures on some days, {weight:.2%} of its weight, more than "
        f"5.00%: {large} {weight:.2%}. Add their data and fit again, or allow more: uncovered_max, in [book] or as an "
        "argument. "
        f'A fund is looked through by constituents in [funds."{large}"], or left whole by carried = "unmodelled" there.'
    )
    allowed = make_cube(followed, lacking, small_market, link="carino", uncovered_max=0.1)
    assert not allowed.modelled.sel(asset=large).any()
    general = small_book.book.model_copy(update={"uncovered_max": 0.1})
    stated = small_book.model_copy(update={"book": general})
    result = at.attribute(stated, "Major 100", lacking, small_market, period=SMALL_MONTH)
    assert result.by("factor")["unmodelled"] == pytest.approx(result.by("stock", against="zero")[large], abs=1e-15)
    assert refusal(
        lambda: at.attribute(stated, "Major 100", lacking, small_market, period=SMALL_MONTH, uncovered_max=0.05)
    ).startswith("contributions of 'Major 100': 1 held name")


def test_accounts_are_refused_a_model_of_other_returns(small_book, small_model, small_market):
    day = (small_market["asset"] == HELD) & (small_market["time"] == NOON)
    changed = small_market.assign(total_return=small_market["total_return"].where(~day, 0.5))
    followed = follow_course(small_book, "Major 100", small_market, read_period(SMALL_MONTH, small_book, small_market))
    account = pd.DataFrame({"portfolio": "P", "ticker": [HELD, "CASH"], "weight": [0.5, 0.5]})
    said = refusal(lambda: attribute_accounts(account, followed, small_model, changed, period=SMALL_MONTH))
    assert said.startswith("model: explains other returns than the market's: 1 return differ: (2025-03-12, DKYC). ")


# ---------------------------------------------------------------- arrays


PORTFOLIO, BENCHMARK = (
    xr.DataArray(values, {"time": DAYS}, ("time",)) for values in ([0.03, 0.02, 0.01], [0.02, 0.01, -0.01])
)
WEEK = pd.bdate_range("2024-01-01", periods=5)
PERCENT = xr.DataArray([1.2, 2.5, 3.0, 1.1, 1.4], {"time": WEEK}, ("time",))


def effects():
    cells = [[0.005, 0.005], [0.01, 0.0], [0.01, 0.01]]
    return xr.DataArray(cells, {"time": DAYS, "effect": ["allocation", "selection"]}, ("time", "effect"))


def at_noon(array):
    return array.assign_coords(time=DAYS + pd.Timedelta("12h"))


def in_tokyo(array):
    return array.assign_coords(time=list(DAYS.tz_localize("Asia/Tokyo")))


def of_arrays(**changes):
    """linked_contributions of two names and days, an argument changed by a function."""
    labels = {"portfolio": ["P"], "time": DAYS[:2], "asset": ["A", "B"], "factor": ["market"]}

    def array(value, *dims):
        return xr.DataArray(np.full([len(labels[d]) for d in dims], value), {d: labels[d] for d in dims}, dims)

    given = {
        "weights": array(0.5, "portfolio", "time", "asset"),
        "coefficients": array(1.0, "portfolio", "time"),
        "exposures": array(1.0, "time", "factor", "asset"),
        "factor_returns": array(0.01, "time", "factor"),
        "specific_returns": array(0.0, "time", "asset"),
        "benchmark_weights": array(0.5, "time", "asset"),
    }
    every = changes.pop("every", None)
    given = {name: every(value) for name, value in given.items()} if every else given
    given |= {name: change(given[name]) for name, change in changes.items()}
    return linked_contributions(given.pop("weights"), given.pop("coefficients"), **given)


def of_risk(weights=None, **changes):
    """ex_ante_risk of two names, the weights or an argument changed."""
    names, factors = ["A", "B"], ["market"]
    given = {
        "exposures": xr.DataArray([[1.0], [1.0]], {"asset": names, "factor": factors}, ("asset", "factor")),
        "factor_covariance": xr.DataArray(
            [[1e-4]], {"factor": factors, "factor_other": factors}, ("factor", "factor_other")
        ),
        "specific_variance": xr.DataArray([1e-4, 2e-4], {"asset": names}, ("asset",)),
    }
    given |= {name: change(given[name]) for name, change in changes.items()}
    own = {"asset": names, "portfolio_weight": [0.6, 0.4], "benchmark_weight": [0.5, 0.5]} | (weights or {})
    sides = xr.Dataset({n: ("asset", own[n]) for n in ("portfolio_weight", "benchmark_weight")}, {"asset": own["asset"]})
    return ex_ante_risk("Drawn", sides, **given, groups={"market": "market"})


ARRAYS = {
    "link: hours on both sides": (
        lambda: link(at_noon(effects()), at_noon(PORTFOLIO), at_noon(BENCHMARK)),
        "portfolio_returns: 3 dates with a time of day: 2024-01-02 12:00:00, 2024-01-03 12:00:00, 2024-01-04 12:00:00. "
        "Give plain dates, so that both sides' days match.",
    ),
    "link: hours in the effects alone": (
        lambda: link(at_noon(effects()), PORTFOLIO, BENCHMARK),
        "effects: 3 dates with a time of day: 2024-01-02 12:00:00, 2024-01-03 12:00:00, 2024-01-04 12:00:00. "
        "Give plain dates, so that both sides' days match.",
    ),
    "link: time zones": (
        lambda: link(in_tokyo(effects()), in_tokyo(PORTFOLIO), in_tokyo(BENCHMARK)),
        "portfolio_returns: 3 dates with a time zone: 2024-01-02 00:00:00+09:00, 2024-01-03 00:00:00+09:00, "
        "2024-01-04 00:00:00+09:00. Give plain dates.",
    ),
    "coefficients: a pandas index with a time zone": (
        lambda: coefficients(PORTFOLIO.to_series().tz_localize("UTC"), 0.0),
        "portfolio_returns: 3 dates with a time zone: 2024-01-02 00:00:00+00:00, 2024-01-03 00:00:00+00:00, "
        "2024-01-04 00:00:00+00:00. Give plain dates.",
    ),
    "coefficients: returns in percent": (
        lambda: coefficients(PERCENT, 0.0, method="grap"),
        "portfolio_returns: 5 values of 5 above 1 in size: 2024-01-01 1.2, 2024-01-02 2.5, 2024-01-03 3, 2024-01-04 1.1, "
        "2024-01-05 1.4. They look like percent (divide by 100) or prices (give returns).",
    ),
    "notional funds: returns in percent": (
        lambda: davies_laker(PERCENT / 100, PERCENT / 100, PERCENT, PERCENT / 100),
        "allocation_returns: 5 values of 5 above 1 in size: 2024-01-01 1.2, 2024-01-02 2.5, 2024-01-03 3, 2024-01-04 1.1, "
        "2024-01-05 1.4. They look like percent (divide by 100) or prices (give returns).",
    ),
    "coefficients: codes of portfolios": (
        lambda: coefficients(PORTFOLIO.expand_dims(portfolio=["0130"]), BENCHMARK.expand_dims(portfolio=[130])),
        f"benchmark_returns: 2 labels of 'portfolio' not as in portfolio_returns (int64 here, {STRINGS} there); only in "
        "benchmark_returns: 130; only in portfolio_returns: 0130. Give both the same labels, e.g. with xarray.align.",
    ),
    "coefficients: complex numbers": (
        lambda: coefficients(PORTFOLIO.astype(complex), 0.0),
        "portfolio_returns: values are complex128, not numbers.",
    ),
    "arrays: no labels at all": (
        lambda: of_arrays(weights=lambda a: a.values),
        "weights: is of type ndarray, without labels. Give a DataArray by (portfolio, time, asset).",
    ),
    "arrays: text": (
        lambda: of_arrays(weights=lambda a: a.astype(str)),
        "weights: values are <U32, not numbers.",
    ),
    "arrays: a dimension without labels": (
        lambda: of_arrays(every=lambda a: a.drop_vars("asset", errors="ignore")),
        "weights: dimension 'asset' has no labels. Give them; positions are never used.",
    ),
    "arrays: codes that are numbers": (
        lambda: of_arrays(weights=lambda a: a.assign_coords(asset=[1, 2])),
        f"exposures: 4 labels of 'asset' not as in weights ({STRINGS} here, int64 there); only in exposures: A, B; only in "
        "weights: 1, 2. Give both the same labels, e.g. with xarray.align.",
    ),
    "arrays: weights in percent": (
        lambda: of_arrays(weights=lambda a: a * 100),
        "weights: weights of P on 2024-01-02 sum to about a hundred. They look like percent; divide by 100.",
    ),
    "arrays: a benchmark in percent": (
        lambda: of_arrays(benchmark_weights=lambda a: a * 100),
        "benchmark_weights: weights of the benchmark on 2024-01-02 sum to about a hundred. They look like percent; divide "
        "by 100.",
    ),
    "arrays: an infinite weight": (
        lambda: of_arrays(weights=lambda a: a.where(a["asset"] != "A", np.inf)),
        "weights: 2 missing or infinite values: (P, 2024-01-02, A), (P, 2024-01-03, A). A name that is not modelled has "
        "exposures and specific returns of 0.",
    ),
    "arrays: hours": (
        lambda: of_arrays(every=lambda a: a.assign_coords(time=a["time"] + np.timedelta64(16, "h"))),
        "weights: 2 dates with a time of day: 2024-01-02 16:00:00, 2024-01-03 16:00:00. Give plain dates, so that both "
        "sides' days match.",
    ),
    "arrays: no days": (
        lambda: of_arrays(every=lambda a: a.isel(time=[])),
        "weights: dimension 'time' is empty. Check the period and the names.",
    ),
    "risk: codes of weights that are numbers": (
        lambda: of_risk({"asset": [130, 131]}),
        "asset: codes are numbers in weights (130, 131) and text in exposures ('A', 'B'). Write them as text on both sides; "
        "'0130' is damaged once it is a number.",
    ),
    "risk: duplicate names": (
        lambda: of_risk({"asset": ["A", "A"]}),
        "portfolio_weight of 'Drawn': 1 duplicate label of 'asset': A. Keep one each, or add up what belongs together.",
    ),
    "risk: a benchmark without a name that only rounding removed": (
        lambda: of_risk({"benchmark_weight": [0.5, 0.4999]}),
        "benchmark_weight of 'Drawn': weights sum to 0.9999, not 1. CASH is one of them.",
    ),
    "risk: an infinite weight": (
        lambda: of_risk({"portfolio_weight": [np.inf, 0.4]}),
        "portfolio_weight of 'Drawn': 1 missing or infinite value: A.",
    ),
    "risk: weights that are text": (
        lambda: of_risk({"portfolio_weight": ["0.6", "0.4"]}),
        "portfolio_weight of 'Drawn': values are <U3, not numbers.",
    ),
    "risk: exposures without labels": (
        lambda: of_risk(exposures=lambda a: a.drop_vars("asset")),
        "exposures: dimension 'asset' has no labels. Give them; positions are never used.",
    ),
    "risk: a bare array": (
        lambda: of_risk(exposures=lambda a: a.values),
        "exposures: is of type ndarray, without labels. Give a DataArray or a DataFrame by (asset, factor).",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "message"), ARRAYS.values(), ids=ARRAYS)
def test_an_array_that_is_unfit_is_refused_in_these_words(call, message):
    assert refusal(call) == message


def test_a_grouping_that_is_a_table_is_refused(small_result):
    frame = small_result.data["sector"].to_series().to_frame()
    assert refusal(lambda: small_result.brinson(frame)) == (
        "grouping: a DataFrame. Give a column's name, or a Series or dict ticker -> group."
    )


# ---------------------------------------------------------------- what looks odd and is right


def test_a_few_long_periods_may_earn_more_than_100_percent():
    doubled = xr.DataArray([1.5, 2.0, 1.2], {"time": ["2021", "2022", "2023"]}, ("time",))
    assert float((coefficients(doubled, 0.0) * doubled).sum()) == pytest.approx(2.5 * 3.0 * 2.2 - 1, abs=1e-13)


def test_active_weights_are_no_percent():
    none = of_arrays(weights=lambda a: a - 0.5, benchmark_weights=lambda a: a * 0)
    assert not none["contribution"].any()


def test_an_index_list_without_its_smallest_name_moves_the_proxy_row_alone(small_copy, small_model, small_market):
    """The official level still has the name: what the list lacks is told apart from what the course decided."""
    folder, read, write = small_copy
    lists = read("constituents")
    smallest = lists[of_the_index(lists)].nsmallest(1, "weight")["ticker"].item()
    rest = lists[~((lists["index"] == "Large Index") & (lists["ticker"] == smallest))]
    total = rest.groupby(["index", "date"])["weight"].transform("sum")
    write("constituents", rest.assign(weight=rest["weight"] / total))
    book = at.read_book(folder / "book.toml")
    whole, less = (
        at.attribute(book, "Major 100", small_model, market, period=SMALL_MONTH)
        for market in (small_market, rm.read_market(folder))
    )
    assert less.excess_return == whole.excess_return
    assert 1e-5 < abs(less.by("factor")["proxy"] - whole.by("factor")["proxy"]) < 1e-3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["2024-01-31,A,1,0,0.05,", "2024-02-29,A,0,1,,0.02"],
            "portfolio_weight: weights of 2024-02-29 sum to 0, not 1. Add what is missing",
        ),
        (["2024-01-31,A,1,,0.05,"], "segments.csv: 1 cell of 'benchmark_weight' empty or NaN: 2024-01-31 A. Write 0 where"),
    ],
)
def test_a_period_of_a_segment_file_that_only_one_side_has_is_named(tmp_path, capsys, rows, message):
    path = tmp_path / "segments.csv"
    header = "period,segment,portfolio_weight,benchmark_weight,portfolio_return,benchmark_return"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert main(["brinson", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"attribution brinson: {message}")


def test_accounts_that_hold_much_without_exposures_are_refused_and_named(small_book, small_model, small_market, monkeypatch):
    followed = follow_course(small_book, "Major 100", small_market, read_period(SMALL_MONTH, small_book, small_market))
    accounts = pd.DataFrame(
        [("P", HELD, 0.5), ("P", "CASH", 0.5), ("Q", HELD, 0.04), ("Q", "CASH", 0.96)],
        columns=["portfolio", "ticker", "weight"],
    )
    given = (accounts, followed, without_exposures(small_model, [HELD]), small_market)
    said = refusal(lambda: attribute_accounts(*given, period=SMALL_MONTH))
    share = said.split("P ")[1].split("%")[0]
    assert 45 < float(share) < 60
    assert said == (
        f"accounts: 1 account with more than 5.00% of the weight in names without exposures on some days: P {share}%. "
        f"The names: {HELD}. Add their data and fit again, or allow more by the argument uncovered_max: sums stay exact, "
        "the row 'unmodelled' has what these names earned, and data['uncovered_weight'] tells the accounts apart."
    )
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1.0)  # accounts one by one: the message still counts all
    more = pd.concat([accounts, accounts.iloc[:2].assign(portfolio="R")])
    said = refusal(lambda: attribute_accounts(more, *given[1:], period=SMALL_MONTH))
    assert said.startswith("accounts: 2 accounts with more than 5.00% of the weight in names without exposures")
    assert f"on some days: P {share}%, R {share}%. The names: {HELD}." in said
    allowed = attribute_accounts(*given, period=SMALL_MONTH, uncovered_max=0.6)
    assert float(allowed.data["uncovered_weight"].sel(portfolio="P").mean()) == pytest.approx(float(share) / 100, abs=5e-5)
    unmodelled = allowed.by("factor", absolute=True).sel(factor="unmodelled")
    held = allowed.by("stock", absolute=True).sel(stock=HELD)
    np.testing.assert_allclose(unmodelled, held, rtol=0, atol=1e-15)
