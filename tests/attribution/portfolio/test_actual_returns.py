"""Actual returns beside those of holdings: trading, fees, exact sums, and what is refused."""

from __future__ import annotations

import json
from math import fsum

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.measures.performance import follow_book
from attribution.reporting.files import manifest
from attribution.reporting.tables.content import build_content
from tests.conftest import SMALL_MONTH, of_few_draws, of_one

COURSE = "Major 70 : Next 30"
FEE = 2e-5


@pytest.fixture(scope="module")
def table(small_book, small_model, small_market):
    """Actual returns of both sleeves: those of the holdings, a trading effect of a basis point or so, less the fee."""
    rng = np.random.default_rng(7)
    frames = []
    for sleeve in ("major", "next_major"):
        result = at.attribute(small_book, sleeve, small_model, small_market, period="2025-02/2025-03")
        held = result.data["portfolio_return"].to_series()
        actual = held.to_numpy() + rng.normal(0, 1e-4, len(held)) - FEE
        frames.append(pd.DataFrame({"portfolio": sleeve, "date": held.index, "return": actual, "fee": FEE}))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def result(small_book, small_model, small_market, table):
    return at.attribute(
        small_book, COURSE, small_model, small_market, period="2025-02/2025-03", actual_returns=table.sample(frac=1.0)
    )


def explain(small_book, small_model, small_market, course, table, period=SMALL_MONTH):
    return at.attribute(small_book, course, small_model, small_market, period=period, actual_returns=table)


@pytest.mark.parametrize(
    "cuts", [("factor",), ("group",), ("stock",), ("sector",), ("day",), ("month", "factor"), ("stock", "factor")]
)
def test_every_cut_adds_to_the_actual_excess_return(result, cuts):
    assert fsum(result.by(*cuts)) == pytest.approx(result.excess_return, abs=1e-12)
    assert fsum(result.by(*cuts, absolute=True)) == pytest.approx(result.portfolio_return, abs=1e-12)


@pytest.mark.parametrize("cut", ["factor", "stock"])
def test_the_path_to_date_ends_at_the_actual_excess_return(result, cut):
    assert fsum(result.path(cut).iloc[-1]) == pytest.approx(result.excess_return, abs=1e-12)


def test_the_actual_return_of_a_sleeve_is_that_of_the_table(small_book, small_model, small_market, table):
    result = explain(small_book, small_model, small_market, "Major 100", table)
    own = table[(table["portfolio"] == "major") & (table["date"] >= "2025-03-01")]
    assert result.portfolio_return == pytest.approx((1 + own["return"]).prod() - 1, abs=1e-15)


def test_trading_and_fees_of_one_day_by_hand(small_book, small_model, small_market, table):
    held = at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH)
    result = explain(small_book, small_model, small_market, "Major 100", table)
    daily = result.by("day", "factor").unstack("factor").div(result.data["coefficient"].to_numpy(), axis=0)
    own = table[(table["portfolio"] == "major") & (table["date"] >= "2025-03-01")].set_index("date")
    expected = own["return"] + own["fee"] - held.data["portfolio_return"].to_series()
    np.testing.assert_allclose(daily["trading"], expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(daily["fees"], -own["fee"], rtol=0, atol=1e-15)


def test_trading_and_fees_are_rows_of_the_group_other_and_names_in_brackets(result):
    assert list(result.by("factor").index[-5:]) == ["cash_and_stopped", "unmodelled", "proxy", "trading", "fees"]
    assert [result.group(row) for row in ("trading", "fees")] == ["other", "other"]
    assert list(result.by("stock").index[-3:]) == ["(proxy)", "(trading)", "(fees)"]
    factors, stocks, sectors = result.by("factor"), result.by("stock"), result.by("sector")
    for row in ("trading", "fees"):
        assert stocks[f"({row})"] == sectors[f"({row})"] == pytest.approx(factors[row], abs=1e-16)
        assert result.by("stock", "factor")[f"({row})", row] == pytest.approx(factors[row], abs=1e-16)
    assert (result.standard_errors("factor")[["trading", "fees"]] == 0).all()
    assert factors["fees"] == pytest.approx(-FEE * result.data["coefficient"].sum().item(), abs=1e-12)


def test_brinson_has_them_as_selection_without_a_weight(result):
    table = result.brinson("sector").set_index("group")
    assert fsum(table[["allocation", "selection", "interaction"]].to_numpy().ravel()) == pytest.approx(
        result.excess_return, abs=1e-12
    )
    assert table.loc["(fees)", "selection"] == pytest.approx(result.by("factor")["fees"], abs=1e-15)
    assert (table.loc[["(trading)", "(fees)"], ["portfolio_weight", "benchmark_weight"]] == 0).all(axis=None)
    split = result.brinson_by_factor("sector")
    assert split.groupby("factor")["contribution"].sum()["trading"] == pytest.approx(
        result.by("factor")["trading"], abs=1e-12
    )


def test_the_reconciliation_has_identities_of_the_actual_return(result):
    table = result.reconciliation.set_index("identity")
    assert table["passed"].all()
    assert "holdings + trading + fees = R of each day" in table.index
    assert "holdings + trading + fees - benchmark = R - B of each day" in table.index


def test_without_actual_returns_nothing_changes(small_book, small_model, small_market, result):
    plain = at.attribute(small_book, COURSE, small_model, small_market, period="2025-02/2025-03")
    assert "trading" not in plain.by("factor").index
    assert "beside" not in plain.data.dims
    daily = result.by("day").div(result.data["coefficient"].to_numpy()) - (
        result.data["beside_active"].sum("beside").to_series()
    )
    np.testing.assert_allclose(daily, plain.by("day").div(plain.data["coefficient"].to_numpy()), rtol=0, atol=1e-15)


def test_actual_returns_of_the_holdings_themselves_leave_no_trading(small_book, small_model, small_market):
    plain = at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH)
    held = plain.data["portfolio_return"].to_series()
    table = pd.DataFrame({"portfolio": "major", "date": held.index, "return": held.to_numpy()})
    result = explain(small_book, small_model, small_market, "Major 100", table)
    assert result.portfolio_return == plain.portfolio_return
    assert (result.by("factor")[["trading", "fees"]] == 0).all()
    pd.testing.assert_series_equal(result.by("factor")[:-2], plain.by("factor"), check_exact=True)


def test_a_course_may_have_returns_of_its_own(small_book, small_model, small_market):
    days = small_market.get_index("time")
    days = days[days >= "2025-03-01"]
    table = pd.DataFrame({"portfolio": COURSE, "date": days, "return": 0.001, "fee": 0.0})
    result = explain(small_book, small_model, small_market, COURSE, table)
    assert result.portfolio_return == pytest.approx(1.001 ** len(days) - 1, abs=1e-12)


def test_a_month_of_a_blend_is_linear_in_the_actual_returns_of_its_sleeves(small_book, small_model, small_market, table):
    blend, major, next_major = (
        explain(small_book, small_model, small_market, course, table).portfolio_return
        for course in (COURSE, "major", "next_major")
    )
    assert blend == pytest.approx(0.7 * major + 0.3 * next_major, abs=1e-14)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t[t["date"] != "2025-03-04"],
            "actual_returns: 1 session of the period without a return of 'major': 2025-03-04. "
            "Add them; a day on which nothing moved has return 0.",
        ),
        (
            lambda t: pd.concat([t, t.tail(1).assign(date=pd.Timestamp("2025-03-15"), portfolio="major")]),
            "actual_returns: 1 row of 'major' on days without trading: 2025-03-15. "
            "Compound them with the next session's return, or correct the dates.",
        ),
        (
            lambda t: t.assign(fee=-FEE)[t["portfolio"] == "major"].tail(2),
            "actual_returns: 2 fees below zero: major 2025-03-28, major 2025-03-31. "
            "A fee is a positive decimal, and `return` is what is left after it.",
        ),
        (
            lambda t: t[t["portfolio"] == "next_major"],
            "actual_returns: no returns of 'major', which 'Major 100' holds. Found: next_major. "
            "Add them, or returns of 'Major 100' itself.",
        ),
        (
            lambda t: pd.concat([t, t.tail(1)]),
            "actual_returns: 1 duplicate row of (portfolio, date): next_major 2025-03-31. Keep one row each.",
        ),
        (
            lambda t: t.drop(columns="return"),
            "actual_returns: missing column 'return'. Found: portfolio, date, fee.",
        ),
        (
            lambda t: t.assign(**{"return": -1.5}).tail(1),
            "actual_returns: 1 return below -1 (a loss of more than 100 %): next_major 2025-03-31. "
            "Are they percent? Divide by 100.",
        ),
    ],
)
def test_an_unfit_table_is_refused_by_name(small_book, small_model, small_market, table, change, message):
    with pytest.raises(at.InputError) as caught:
        explain(small_book, small_model, small_market, "Major 100", change(table))
    assert str(caught.value) == message


def test_returns_in_percent_are_told_by_their_size(small_book, small_model, small_market):
    held = at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH).data["portfolio_return"]
    frame = pd.DataFrame({"portfolio": "major", "date": held["time"].to_numpy(), "return": held.to_numpy() * 100})
    frame["return"] = frame["return"].clip(lower=-0.9)
    with pytest.raises(
        at.InputError, match=r"returns of 'Major 100' are \d+ times as large as those of its holdings. They look"
    ):
        explain(small_book, small_model, small_market, "Major 100", frame)


def written(small_copy, small_market, *, setting='returns = "actual"'):
    """A copy of the shipped book whose sleeves have actual returns of 0.05 % a day since the inception."""
    folder, _, write = small_copy
    days = small_market.get_index("time")
    days = days[days >= "2024-03-01"]
    frames = [pd.DataFrame({"portfolio": p, "date": days, "return": 0.0005, "fee": 1e-5}) for p in ("major", "next_major")]
    write("actual_returns", pd.concat(frames, ignore_index=True))
    path = folder / "book.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[book]", f"[book]\n{setting}", 1), encoding="utf-8")
    return path


def test_a_book_that_says_so_reads_them_and_ranks_by_them(small_copy, small_model, small_market):
    book = at.read_book(written(small_copy, small_market))
    result = at.attribute(book, COURSE, small_model, small_market, period=SMALL_MONTH)
    days = result.data.sizes["time"]
    assert result.portfolio_return == pytest.approx(1.0005**days - 1, abs=1e-12)
    history = follow_book(book, small_market, SMALL_MONTH)
    np.testing.assert_allclose(history.courses.to_numpy(), 0.0005, rtol=0, atol=1e-15)


def test_a_book_that_does_not_say_so_leaves_the_table_alone(small_copy, small_model, small_market, small_result):
    book = at.read_book(written(small_copy, small_market, setting='returns = "holdings"'))
    result = at.attribute(book, COURSE, small_model, small_market, period=SMALL_MONTH)
    pd.testing.assert_series_equal(result.by("factor"), small_result.by("factor"), check_exact=True)


def test_a_book_that_asks_for_a_table_that_is_not_there_is_refused(small_copy, small_market):
    path = written(small_copy, small_market)
    (path.parent / "actual_returns.parquet").unlink()
    with pytest.raises(at.InputError) as caught:
        at.read_book(path)
    assert str(caught.value) == (
        'book.toml: returns = "actual" in [book], but the data folder has no table actual_returns.parquet or '
        'actual_returns.csv. Add it (portfolio, date, return, fee), or set returns = "holdings".'
    )


def test_inputs_are_not_changed(small_book, small_model, small_market, table):
    before = table.copy()
    explain(small_book, small_model, small_market, "Major 100", table)
    pd.testing.assert_frame_equal(table, before)


def test_a_report_of_actual_returns_adds_up_and_its_settings_can_be_written(small_copy, small_model, small_market):
    book = of_one(at.read_book(written(small_copy, small_market)))
    content = build_content(book, small_market, of_few_draws(small_model), SMALL_MONTH)
    assert content.tables["reconciliation"]["passed"].all()
    rows = content.tables["factor_contributions"].query("factor in ('trading', 'fees')")
    assert set(rows["group"]) == {"other"}
    assert len(rows) == 2 * len(book.courses)
    assert json.loads(manifest(book, content, {}))["settings"]["book"]["book"]["returns"] == "actual"
