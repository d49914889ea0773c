"""`attribution explain`: every table of a course as programs read it, in the investor's currency, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from attribution.cli import main
from attribution.figures import course_figures
from tests.conftest import SMALL, SMALL_MONTH

BOOK = str(SMALL / "book.toml")
COURSE = "Major 70 : Next 30"


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


TABLES = {
    "brinson": lambda result: result.brinson("sector").drop(columns="course"),
    "brinson-by-factor": lambda result: result.brinson_by_factor("sector").drop(columns="course"),
    "timing": lambda result: result.timing(),
    "reconciliation": lambda result: result.reconciliation.drop(columns="course"),
}


def explained(capsys, *options):
    code, printed, message = run(capsys, "explain", BOOK, COURSE, "--month", SMALL_MONTH, *options)
    assert (code, message) == (0, "")
    return printed


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_a_course_can_be_printed(capsys, small_result, table):
    printed = explained(capsys, "--table", table, "--format", "csv")
    expected = TABLES[table](small_result)
    pd.testing.assert_frame_equal(
        pd.read_csv(pd.io.common.StringIO(printed)),
        expected,
        check_dtype=False,
        rtol=0,
        atol=0,
    )


def test_a_table_is_printed_for_people_under_what_it_is_of(capsys, small_result):
    text = explained(capsys, "--table", "timing")
    assert text.startswith(f"{COURSE} against 70% Large Index + 30% Small Index, {SMALL_MONTH}, carino linking\n")
    assert text.endswith(f"sum {small_result.excess_return:+z.2%}\n")


def test_figures_are_printed_without_a_model(capsys, small_book, small_market, monkeypatch):
    monkeypatch.setattr("attribution.fitting.fitted_model", None)
    printed = explained(capsys, "--table", "figures", "--format", "csv")
    values = pd.read_csv(pd.io.common.StringIO(printed)).set_index("measure")["value"]
    expected = course_figures(small_book, COURSE, small_market, period=SMALL_MONTH).set_index("measure")["value"]
    pd.testing.assert_series_equal(values, expected, rtol=0, atol=0)
    assert "hit_rate_days         0.5238 21 days" in explained(capsys, "--table", "figures")


HEDGED = ("--hedged", "--forward-premium", "-0.04")


@pytest.mark.parametrize("hedge", [(), HEDGED], ids=["unhedged", "hedged"])
def test_the_view_of_another_currency_is_printed(capsys, small_result, small_market, hedge):
    options = {"hedged": True, "forward_premium": -0.04} if hedge else {}
    view = small_result.in_currency("JPY", small_market, **options)
    printed = explained(capsys, "--currency", "JPY", *hedge, "--by", "factor", "--absolute", "--format", "json")
    rows = pd.DataFrame(json.loads(printed)).set_index("factor")["contribution"]
    pd.testing.assert_series_equal(rows, view.by("factor", absolute=True), check_index_type=False, rtol=0, atol=0)
    text = explained(capsys, "--currency", "JPY", *hedge)
    assert f", carino linking, {'hedged ' if hedge else ''}in JPY\n" in text
    assert text.endswith(f"sum {view.excess_return:+z.2%}\n")
    printed = explained(capsys, "--table", "karnosky-singer", "--currency", "JPY", *hedge, "--format", "csv")
    expected = small_result.karnosky_singer("JPY", small_market, **options)
    pd.testing.assert_frame_equal(pd.read_csv(pd.io.common.StringIO(printed)), expected, rtol=0, atol=1e-18)
    assert "log returns" in explained(capsys, "--table", "karnosky-singer", "--currency", "JPY", *hedge)


def test_a_blend_is_printed_by_sleeve_and_by_any_column_of_securities(capsys, small_result):
    printed = explained(capsys, "--by", "sleeve", "factor", "--format", "csv")
    rows = pd.read_csv(pd.io.common.StringIO(printed))
    np.testing.assert_array_equal(rows["contribution"], small_result.by("sleeve", "factor"))
    assert list(rows.columns) == ["sleeve", "factor", "contribution", "standard_error", "t"]
    by_name = explained(capsys, "--by", "name_ja", "--format", "csv").splitlines()
    assert by_name[0] == "name_ja,contribution"
    levels = explained(capsys, "--table", "brinson", "--by", "sector,name", "--format", "csv")
    assert set(pd.read_csv(pd.io.common.StringIO(levels))["grouping"]) == {"sector", "sector > name"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--table", "figures", "--currency", "JPY"), "--currency has no meaning for --table figures. Leave it out."),
        (("--table", "figures", "--link", "grap"), "--link has no meaning for --table figures. Leave it out."),
        (("--table", "timing", "--by", "stock"), "--by has no meaning for --table timing. Leave it out."),
        (("--table", "brinson", "--absolute"), "--absolute has no meaning for --table brinson. Leave it out."),
        (
            ("--table", "karnosky-singer"),
            "--table karnosky-singer is of an investor in another currency. Name it: --currency JPY.",
        ),
        (HEDGED, "--hedged is of a view in another currency. Name it: --currency JPY."),
        (
            ("--currency", "JPY", "--hedged"),
            "--hedged and --forward-premium go together: the data have no forward rates. Give the premium as a decimal a "
            "year, below zero where the hedge costs; 0 leaves it out.",
        ),
        (
            ("--by", "colour"),
            "--by 'colour': not one of factor, group, stock, sector, day, month, sleeve. securities: missing column "
            "'colour'. Found: ticker, name, name_ja, sector.",
        ),
        (
            ("--table", "brinson", "--by", "stock"),
            "--by 'stock': not one of sector. securities: missing column 'stock'. Found: ticker, name, name_ja, sector.",
        ),
        (
            ("--currency", "CHF"),
            "fx: no pair 'USDCHF' nor 'CHFUSD', so there is no view in CHF. Found: USDJPY. Add its rates, "
            "USDCHF = CHF for one USD.",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(capsys, options, message):
    code, printed, error = run(capsys, "explain", BOOK, COURSE, "--month", SMALL_MONTH, *options)
    assert (code, printed, error) == (2, "", f"attribution explain: {message}\n")


@pytest.mark.parametrize("days", [1, None], ids=["one level", "every level since"])
def test_a_level_in_another_unit_is_refused(capsys, small_copy, days):
    folder, read, write = small_copy
    table = read("indices")
    dates = pd.to_datetime(table["date"])
    later = (table["index"] == "Large Index") & (dates >= "2025-03-14")
    if days:
        later &= dates == "2025-03-14"
    table["level"] = table["level"].where(~later, table["level"] * 100)
    write("indices", table)
    code, _, error = run(capsys, "explain", folder / "book.toml", COURSE, "--month", SMALL_MONTH)
    assert code == 2
    assert error.startswith(
        f"attribution explain: indices: {'2 days' if days else '1 day'} on which the level of 'Large Index' moves more than "
        "10% away from its constituents: 2025-03-14 (level +"
    )
    assert error.endswith(
        "A level is mistyped, their unit or base changes, or the constituents are those of another index. "
        "Put all levels on one base.\n"
    )
    assert run(capsys, "check", folder / "book.toml")[2] == error.replace("explain", "check")
