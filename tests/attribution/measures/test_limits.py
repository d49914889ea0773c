"""The book's rules on weights small enough to see; every breach is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from attribution.measures.limits import check_limits
from attribution.portfolio.settings.sections import Limits
from riskmodel import InputError

SECTORS = pd.Series({"A": "Energy", "B": "Energy", "C": "Health", "D": "Health", "E": ""})
BENCHMARK = pd.Series({"A": 0.2, "B": 0.2, "C": 0.3, "D": 0.3})
EVEN = pd.Series({"A": 0.25, "B": 0.25, "C": 0.25, "D": 0.25})


def book_with(book, **limits):
    return book.model_copy(update={"limits": Limits.model_validate(limits)})


@pytest.fixture
def check(small_book):
    def run(limits, weights=EVEN, **given):
        options = {"sectors": SECTORS, "benchmark_weights": BENCHMARK} | given
        return check_limits(book_with(small_book, **limits), "major", weights=weights, **options)

    return run


def row_of(table, rule):
    (row,) = table[table["rule"] == rule].to_dict("records")
    return row


def test_only_rules_that_the_book_states_are_checked(check):
    every = {"names": [2, 4], "weight_max": 0.3, "sector_deviation_max": 0.2}
    every["risk_band"] = {"index": "Large Index", "within": 0.1}
    rules = {
        "names": ["names_min", "names_max"],
        "weight_max": ["weight_max"],
        "sector_deviation_max": ["sector_deviation_max"],
        "risk_band": ["risk_band"],
    }
    for key, expected in rules.items():
        assert check({key: every[key]})["rule"].tolist() == expected
    assert check(every)["rule"].tolist() == [rule for expected in rules.values() for rule in expected]


def test_a_book_without_limits_gives_an_empty_table_with_its_columns(check):
    table = check({})
    assert table.empty
    assert table.columns.tolist() == ["sleeve", "rule", "value", "bound", "ok", "detail"]
    assert table["value"].dtype == float and table["ok"].dtype == "boolean"


def test_values_and_bounds_are_decimals_with_full_precision(check):
    row = row_of(check({"weight_max": 0.3}, pd.Series({"A": 1 / 3, "B": 2 / 3})), "weight_max")
    assert (row["value"], row["bound"], row["sleeve"]) == (2 / 3, 0.3, "major")


@pytest.mark.parametrize(("names", "least", "most"), [([2, 3], True, False), ([4, 4], True, True), ([5, 9], False, True)])
def test_names_are_counted_against_both_bounds(check, names, least, most):
    table = check({"names": names})
    assert (row_of(table, "names_min")["ok"], row_of(table, "names_max")["ok"]) == (least, most)
    assert row_of(table, "names_max")["value"] == 4
    assert row_of(table, "names_min")["detail"] == f"4 names, {names[0]} to {names[1]} allowed"


def test_cash_and_names_without_weight_are_not_names(check):
    weights = pd.Series({"A": 0.5, "B": 0.2, "C": 0.0, "CASH": 0.3})
    table = check({"names": [1, 25], "weight_max": 0.55}, weights)
    assert row_of(table, "names_min")["value"] == 2
    cash = pd.Series({"A": 0.05, "CASH": 0.95})
    assert row_of(check({"weight_max": 0.1}, cash), "weight_max")["ok"]


def test_every_weight_beyond_the_bound_is_named_largest_first(check):
    row = row_of(check({"weight_max": 0.2}, pd.Series({"A": 0.25, "B": 0.15, "C": 0.60})), "weight_max")
    assert (row["ok"], row["value"], row["detail"]) == (False, 0.60, "C 60 %; A 25 %")


def test_a_weight_at_its_bound_is_within_it(check):
    assert row_of(check({"weight_max": 0.3}, pd.Series({"A": 0.1 + 0.2, "B": 0.2})), "weight_max")["ok"]
    row = row_of(check({"weight_max": 0.1}, pd.Series({"A": 0.1004, "B": 0.05})), "weight_max")
    assert (row["ok"], row["detail"]) == (False, "A 10.04 %")


def test_a_breach_by_drift_is_told_as_such(check):
    now = pd.Series({"A": 0.101, "B": 0.05})
    table = check({"weight_max": 0.1}, now, rebalance_weights=pd.Series({"A": 0.094, "B": 0.05}))
    row = row_of(table, "weight_max")
    assert (row["ok"], row["detail"]) == (False, "A 9.4 % at the rebalance, drifted to 10.1 %")
    then = row_of(table, "weight_max_at_rebalance")
    assert (then["ok"], then["value"], then["detail"]) == (True, 0.094, "A 9.4 %")


def test_a_breach_that_was_bought_is_told_from_one_that_drifted(check):
    now = pd.Series({"A": 0.11, "B": 0.105})
    table = check({"weight_max": 0.1}, now, rebalance_weights=pd.Series({"A": 0.12, "B": 0.09}))
    assert row_of(table, "weight_max")["detail"] == (
        "A 12 % at the rebalance, now 11 %; B 9 % at the rebalance, drifted to 10.5 %"
    )
    assert not row_of(table, "weight_max_at_rebalance")["ok"]


def test_a_breach_that_was_bought_stays_told_after_it_drifted_back(check):
    table = check({"weight_max": 0.1}, pd.Series({"A": 0.09}), rebalance_weights=pd.Series({"A": 0.11}))
    assert row_of(table, "weight_max")["ok"]
    row = row_of(table, "weight_max_at_rebalance")
    assert (row["ok"], row["detail"]) == (False, "A 11 %")


def test_the_worst_sector_is_named_with_its_sign(check):
    # Energy 0.5 against 0.4, Health 0.5 against 0.6; of two equal ones the first by name
    row = row_of(check({"sector_deviation_max": 0.15}), "sector_deviation_max")
    assert (row["ok"], row["detail"]) == (True, "Energy +10 %")
    assert row["value"] == pytest.approx(0.10)


def test_a_missing_sector_is_a_breach_as_much_as_a_heavy_one(check):
    table = check({"sector_deviation_max": 0.15}, pd.Series({"A": 0.9, "C": 0.1}))
    row = row_of(table, "sector_deviation_max")
    assert (row["ok"], row["detail"]) == (False, "Energy +50 %; Health -50 %")
    row = row_of(check({"sector_deviation_max": 0.5}, pd.Series({"A": 1.0})), "sector_deviation_max")
    assert (row["ok"], row["detail"]) == (False, "Energy +60 %; Health -60 %")


def test_names_without_a_sector_are_a_group_and_cash_is_in_none(check):
    weights = pd.Series({"A": 0.4, "C": 0.3, "E": 0.1, "NEW": 0.1, "CASH": 0.1})
    row = row_of(check({"sector_deviation_max": 0.15}, weights), "sector_deviation_max")
    assert row["detail"] == "Health -30 %; (no sector) +20 %"


def test_a_sector_that_drifted_over_its_bound_is_told_as_such(check):
    table = check(
        {"sector_deviation_max": 0.15},
        pd.Series({"A": 0.56, "C": 0.44}),
        rebalance_weights=pd.Series({"A": 0.5, "C": 0.5}),
        rebalance_benchmark_weights=BENCHMARK,
    )
    assert row_of(table, "sector_deviation_max")["detail"] == (
        "Energy +10 % at the rebalance, drifted to +16 %; Health -10 % at the rebalance, drifted to -16 %"
    )
    assert row_of(table, "sector_deviation_max_at_rebalance")["ok"]


BAND = {"risk_band": {"index": "Large Index", "within": 0.1}}


@pytest.mark.parametrize(
    ("risk", "ok", "detail"),
    [
        (0.21, True, "21 % against 20 % of Large Index: 5 % above"),
        (0.18, True, "18 % against 20 % of Large Index: 10 % below"),
        (0.25, False, "25 % against 20 % of Large Index: 25 % above"),
        (0.17, False, "17 % against 20 % of Large Index: 15 % below"),
    ],
)
def test_risk_lies_within_a_share_of_the_indexs_on_either_side(check, risk, ok, detail):
    row = row_of(check(BAND, risk=risk, index_risk=0.20), "risk_band")
    assert (row["ok"], row["detail"], row["bound"]) == (ok, detail, 0.1)
    assert row["value"] == pytest.approx(abs(risk / 0.20 - 1))


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"risk": 0.2}, "n/a: no forecast risk of 'Large Index'"),
        ({"index_risk": 0.2}, "n/a: no forecast risk of the sleeve"),
        ({"risk": 0.2, "index_risk": 0.0}, "n/a: no forecast risk of 'Large Index'"),
        ({"risk": np.nan, "index_risk": 0.2}, "n/a: no forecast risk of the sleeve"),
        ({"risk": 0.2, "risk_missing": "no list of constituents"}, "n/a: no list of constituents"),
    ],
)
def test_a_rule_that_cannot_be_tested_is_missing_with_the_reason(check, given, detail):
    table = check(BAND, **given)
    row = row_of(table, "risk_band")
    assert pd.isna(row["ok"]) and np.isnan(row["value"])
    assert row["detail"] == detail
    assert bool(table["ok"].all())  # neither kept nor broken: it is no breach


def test_the_shipped_book_is_checked_as_it_stands(small_book, small_result):
    data = small_result.data.isel(time=-1)
    lists = small_book.holdings[small_book.holdings["portfolio"] == "major"]
    last = lists[lists["date"] == lists["date"][lists["date"] <= pd.Timestamp("2025-02-28")].max()]
    table = check_limits(
        small_book,
        "major",
        weights=last.set_index("ticker")["weight"],
        sectors=data["sector"].to_series(),
        benchmark_weights=data["benchmark_weight"].to_series(),
        risk=0.2,
        index_risk=0.19,
    )
    assert table["rule"].tolist() == ["names_min", "names_max", "weight_max", "sector_deviation_max", "risk_band"]
    assert table.notna().all(axis=None)
    number = row_of(table, "names_min")["value"]
    assert number == (last["ticker"] != "CASH").sum()


def test_an_unknown_sleeve_is_refused_with_the_known_ones(small_book):
    with pytest.raises(InputError, match=r"^unknown sleeve 'mayor'\. The book has: major, next_major\.$"):
        check_limits(small_book, "mayor", weights=EVEN, sectors=SECTORS, benchmark_weights=BENCHMARK)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (pd.Series({"A": np.nan, "B": 1.0}), "limits of 'major': weights: 1 missing or infinite weight: A."),
        (pd.Series({"A": np.inf, "B": -np.inf}), "limits of 'major': weights: 2 missing or infinite weights: A, B."),
        (pd.Series([0.5, 0.5], ["A", "A"]), "limits of 'major': weights: 1 ticker listed twice: A."),
    ],
)
def test_weights_that_are_no_weights_are_refused(check, weights, message):
    with pytest.raises(InputError) as caught:
        check({"weight_max": 0.1}, weights)
    assert str(caught.value) == message


def test_a_portfolio_of_cash_holds_no_names(check):
    table = check({"names": [20, 25], "weight_max": 0.1}, pd.Series({"CASH": 1.0}))
    assert table["ok"].tolist() == [False, True, True]
    assert row_of(table, "weight_max")["detail"] == "no names"
