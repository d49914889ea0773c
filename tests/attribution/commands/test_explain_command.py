"""`attribution explain`: every table of a course as programs read it, in the investor's currency, and what is refused."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.cli import main
from attribution.contributions import attribute as attributing
from attribution.linking.methods import DEFAULT_LINK
from attribution.measures.figures import course_figures
from attribution.portfolio import inputs as fitting
from attribution.portfolio.evidence import judged as judging
from tests.conftest import SMALL, SMALL_MONTH, read_printed

BOOK = str(SMALL / "book.toml")
COURSE = "Major 70 : Next 30"


@pytest.fixture(scope="module")
def judged():
    """What was found of the shipped book, by course and month."""
    return {}


@pytest.fixture(autouse=True)
def shipped_market(monkeypatch, small_market, small_model, small_result, judged):
    """Of the shipped book market, fit, findings and the month are those of one run; a changed copy has its own."""
    read, fit, attribute, find = fitting.read_inputs, fitting.fitted_model, attributing.attribute, judging.book_evidence

    def shipped(book):
        return book.path == Path(BOOK)

    def attribute_once(book, course, model, market, **told):
        same = shipped(book) and model is small_model and market is small_market
        of_the_month = (course, told) == (COURSE, {"period": SMALL_MONTH, "link": DEFAULT_LINK})
        return small_result if same and of_the_month else attribute(book, course, model, market, **told)

    def find_once(tracks, course=None):
        if not shipped(tracks.book):
            return find(tracks, course)
        key = course, tracks.period.label
        if key not in judged:
            judged[key] = find(tracks, course)
        return judged[key]

    fitted = fitting.Fitted(model=small_model, store=Path("none"), how="fitted")
    monkeypatch.setattr(fitting, "read_inputs", lambda book, *_, **told: small_market if shipped(book) else read(book))
    monkeypatch.setattr(
        fitting, "fitted_model", lambda book, market, *_, **told: fitted if shipped(book) else fit(book, market)
    )
    monkeypatch.setattr(attributing, "attribute", attribute_once)
    monkeypatch.setattr(judging, "book_evidence", find_once)


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
        read_printed(printed),
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
    monkeypatch.setattr("attribution.portfolio.inputs.fitted_model", None)
    printed = explained(capsys, "--table", "figures", "--format", "csv")
    values = read_printed(printed).set_index("measure")["value"]
    expected = course_figures(small_book, COURSE, small_market, period=SMALL_MONTH).set_index("measure")["value"]
    pd.testing.assert_series_equal(values, expected, rtol=0, atol=0)
    assert f"hit_rate_days         {expected['hit_rate_days']:.2%} 21 days" in explained(capsys, "--table", "figures")


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
    pd.testing.assert_frame_equal(read_printed(printed), expected, rtol=0, atol=1e-18)
    assert "log returns" in explained(capsys, "--table", "karnosky-singer", "--currency", "JPY", *hedge)


def test_a_blend_is_printed_by_sleeve_and_by_any_column_of_securities(capsys, small_result):
    printed = explained(capsys, "--by", "sleeve", "factor", "--format", "csv")
    rows = read_printed(printed)
    np.testing.assert_array_equal(rows["contribution"], small_result.by("sleeve", "factor"))
    assert list(rows.columns) == ["sleeve", "factor", "contribution", "standard_error", "t"]
    by_name = explained(capsys, "--by", "name_ja", "--format", "csv").splitlines()
    assert by_name[0] == "name_ja,contribution"
    levels = explained(capsys, "--table", "brinson", "--by", "sector,name", "--format", "csv")
    assert set(read_printed(levels)["grouping"]) == {"sector", "sector > name"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--table", "figures", "--currency", "JPY"), "--currency has no meaning for --table figures. Leave it out."),
        (("--table", "figures", "--link", "grap"), "--link has no meaning for --table figures. Leave it out."),
        (("--table", "timing", "--by", "stock"), "--by has no meaning for --table timing. Leave it out."),
        (("--method", "bhb"), "--method has no meaning for --table contributions. Leave it out."),
        (
            ("--absolute", "--link", "grap"),
            "--link grap has no meaning with --absolute: parts of the return are linked by Carino.",
        ),
        (
            ("--table", "brinson", "--anchored"),
            "--anchored is of several levels. Name them from the coarsest to the finest: --by sector industry.",
        ),
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
            "'colour'. Found: ticker, name, name_ja, sector, industry.",
        ),
        (
            ("--table", "brinson", "--by", "stock"),
            "--by 'stock': not one of sector. securities: missing column 'stock'. Found: ticker, name, name_ja, sector, "
            "industry.",
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
@pytest.mark.parametrize("times", [100, 1.3], ids=["another unit", "another base"])
def test_a_level_in_another_unit_is_refused(capsys, small_copy, days, times):
    folder, read, write = small_copy
    table = read("indices")
    dates = pd.to_datetime(table["date"])
    later = (table["index"] == "Large Index") & (dates >= "2025-03-14")
    if days:
        later &= dates == "2025-03-14"
    table["level"] = table["level"].where(~later, table["level"] * times)
    write("indices", table)
    code, _, error = run(capsys, "explain", folder / "book.toml", COURSE, "--month", SMALL_MONTH)
    assert code == 2
    _, listed, refused = run(capsys, "check", folder / "book.toml", "--format", "csv")
    if times == 100:
        number = "2 sessions" if days else "1 session"
        what = f"{number} on which the level of 'Large Index' more than doubles or halves: 2025-03-14 "
        assert error.startswith(f"attribution explain: indices: {what}")
        cause = "A level is mistyped, or the index's unit or base changes."
        assert error.endswith(f"{cause} Put all levels on one base.\n")
        assert refused == error.replace("explain", "check")
    else:
        number = "2 findings" if days else "1 finding"
        assert error.startswith(
            f"attribution explain: book.toml: {number} in the tables that would make its figures wrong: "
        )
        assert (
            "indices: level that moves away from its constituents (by, or by at most): it, the level before, "
            "a constituent's price" in error
        )
        assert ": 2025-03-14 Large Index (+" in error
        assert "level_off_list,indices,Large Index,2025-03-14,1," in listed


@pytest.mark.parametrize("table", ["brinson", "brinson-by-factor"])
def test_the_choices_of_brinson_are_those_of_the_library(capsys, small_result, table):
    choices = {"method": "bhb", "interaction": "selection", "missing": "benchmark-total", "anchored": True}
    words = ["--method", "bhb", "--interaction", "selection", "--missing", "benchmark-total", "--anchored"]
    printed = explained(capsys, "--table", table, "--by", "sector,name", *words, "--format", "csv")
    by_name = at.read_grouping(SMALL, "name")
    tables = {"brinson": small_result.brinson, "brinson-by-factor": small_result.brinson_by_factor}
    expected = tables[table]("sector", by_name, **choices).drop(columns="course")
    pd.testing.assert_frame_equal(read_printed(printed), expected, check_dtype=False, rtol=0, atol=0)


def test_days_are_printed_as_dates_and_japanese_stands_in_columns(capsys):
    days = explained(capsys, "--by", "day").splitlines()
    assert days[2] == "day        contribution"
    assert all(len(line) == len(days[2]) and line[10] == " " for line in days[3:23])
    names = explained(capsys, "--by", "name_ja").splitlines()[2:10]
    ends = [sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line) for line in names]
    assert len(set(ends)) == 1
    assert len(set(map(len, names))) > 1


def test_the_reconciliation_shows_how_small_the_differences_are(capsys):
    rows = explained(capsys, "--table", "reconciliation").splitlines()[3:]
    assert all(re.search(r" -?\d\.\de[+-]\d+     1e-12 True$", row) for row in rows)


def test_the_effects_of_brinson_are_summed_below_and_months_stand_in_order(capsys, small_result):
    sums = small_result.brinson("sector")[["allocation", "selection", "interaction"]].sum()
    last = explained(capsys, "--table", "brinson").splitlines()[-1]
    assert last == "sum " + "   ".join(f"{effect} {value:+z.2%}" for effect, value in sums.items())
    code, printed, _ = run(capsys, "explain", BOOK, COURSE, "--month", "itd", "--by", "month")
    months = [line.split()[0] for line in printed.splitlines()[3:-1]]
    assert code == 0
    assert months == [str(month) for month in pd.period_range("2024-03", SMALL_MONTH, freq="M")]


@pytest.mark.parametrize(("value", "told"), [(None, True), (26.0, False)])
def test_what_is_carried_at_a_last_value_that_nobody_may_have_got_is_said(capsys, small_copy, value, told):
    folder, read, write = small_copy
    prices = read("prices")
    write("prices", prices[~((prices["ticker"] == "DKYC") & (prices["date"] > "2025-03-13"))])
    if value is not None:
        write("finals", pd.DataFrame({"ticker": ["DKYC"], "date": [pd.Timestamp("2025-03-14")], "value": [value]}))
    given = ["explain", str(folder / "book.toml"), "Major 70 : Next 30", "--month", SMALL_MONTH, "--table", "figures"]
    assert main(given) == 0
    said = capsys.readouterr().err
    line = (
        "Carried as cash at the last value, without a row in finals that says what holders got: DKYC (6.74% of major, "
        "last trade 2025-03-13).\n"
    )
    assert said == (line if told else "")
