"""Texts that would steer a terminal or run in a spreadsheet do neither, and are what they were when they are read back."""

from __future__ import annotations

import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import riskmodel as rm
from attribution.house_style.csv_text import csv_text
from riskmodel.market.tables import read_table
from riskmodel.texts import CONTROL, has_control, visible, with_formula, without_formula

CELLS = st.text(st.sampled_from("=+-@'\t\r\n,\"%1.5aé＝－ "), max_size=8) | st.text(max_size=8)
RUN = re.compile(r"[=+\-@＝＋－＠\t\r\n]")
FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-1-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"]


@given(CELLS)
def test_a_neutralised_text_is_what_it_was_when_it_is_read_back(text):
    assert with_formula(without_formula(text)) == text


@given(CELLS)
def test_no_neutralised_text_begins_as_a_formula_unless_it_is_a_plain_number(text):
    cell = without_formula(text)
    assert not RUN.match(cell) or re.fullmatch(r"[+-][0-9][0-9.,eE]*(?:[eE][+-]?[0-9]+)?\s?%?", cell)


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_has_an_apostrophe(text):
    assert without_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-6.60", "+3.1 %", "-0.5", "A=B", "", "'s", "1,234.5", "−5", "メジャー"])
def test_what_no_spreadsheet_runs_stays_as_it_is(text):
    assert without_formula(text) == text


@given(st.text(max_size=20))
def test_a_visible_text_has_no_control_character_and_others_are_left_alone(text):
    shown = visible(text, keep="")
    assert not CONTROL.search(shown)
    assert (shown == text) == (not has_control(text))


def test_tables_written_as_csv_are_read_back_equal(tmp_path):
    frame = pd.DataFrame(
        {
            "portfolio": ["=1+1", "'-x", "-1", "plain", "@a"],
            "date": pd.to_datetime(["2025-03-31"] * 5),
            "ticker": ["-A", "+B", "'s", "CASH", "=C"],
            "weight": [-0.25, 0.5, 0.25, 0.5, 0.0],
        }
    )
    text = csv_text(frame)
    (tmp_path / "holdings.csv").write_text(text, encoding="utf-8")
    pd.testing.assert_frame_equal(read_table(tmp_path, "holdings"), frame, check_dtype=False)
    cells = pd.read_csv(io.StringIO(text), dtype=str)
    assert cells["weight"].tolist() == ["-0.25", "0.5", "0.25", "0.5", "0.0"]  # numbers are numbers
    assert cells["ticker"].tolist() == ["'-A", "'+B", "'s", "CASH", "'=C"]
    assert cells["portfolio"].tolist() == ["'=1+1", "''-x", "-1", "plain", "'@a"]


def test_headings_and_kinds_of_texts_are_neutralised_too():
    frame = pd.DataFrame({"=x": pd.Categorical(["a"]), "b": pd.Series(["=1"], dtype="string"), "c": [None]})
    assert csv_text(frame).split("\n")[:2] == ["'=x,b,c", "a,'=1,"]


@given(st.lists(st.tuples(CELLS | st.none(), st.floats()), max_size=5))
def test_tables_of_texts_and_decimals_are_written_as_pandas_writes_them(rows):
    texts, values = [row[0] for row in rows], [float(row[1]) for row in rows]
    raw, plain = (
        pd.DataFrame({"text": pd.Series(cells, dtype="str"), "value": pd.Series(values, dtype=float)})
        for cells in (texts, [text and without_formula(text) for text in texts])
    )
    assert csv_text(raw) == plain.to_csv(index=False, lineterminator="\n")


def test_no_message_has_an_endless_word():
    assert str(rm.InputError(f"no sleeve '{'9' * 5000}'. Name one.")) == f"no sleeve '{'9' * 299}... Name one."
    assert str(rm.StoreError("x" * 400, "y")).startswith("x" * 300 + "...")


def refusal(folder, name):
    with pytest.raises(rm.InputError) as caught:
        read_table(folder, name)
    return str(caught.value)


RATES = "date,risk_free\n2025-03-31,0.0001\n"
NAMES = "ticker,name,sector\nA,Acme,Energy\n"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "rates",
            RATES.replace("0.0001", "0.00\x0001").encode(),
            "rates: 'rates.csv' has a NUL in line 2. Save it as UTF-8",
        ),
        (
            "rates",
            (RATES.replace("\n", "," * 20_000 + "\n")).encode(),
            "rates: 'rates.csv' has more than 20,000 columns in its first line. A table has a row for each observation",
        ),
        (
            "rates",
            RATES.replace("risk_free", "\x1b[31m\n").encode(),
            "rates: missing column 'risk_free'. Found: date, \\u001b[31m.",
        ),
        (
            "rates",
            RATES.encode("utf-16"),
            "rates: 'rates.csv' has a NUL in line 1. Save it as UTF-8 (it may be utf-16: then state",
        ),
        (
            "securities",
            NAMES.replace("Acme", "Ac\x1b[31mme").encode(),
            "securities: 1 cell of 'name' with a control character: row 1 'Ac\\u001b[31mme'. Remove what cannot be seen",
        ),
        (
            "securities",
            NAMES.replace("A,Acme", '"A\nB",Acme').encode(),
            "1 cell of 'ticker' with a control character: row 1",
        ),
        ("securities", NAMES.replace("Energy", "En\u202eergy").encode(), "1 cell of 'sector' with a control character"),
        ("rates", RATES.replace("0.0001", "²").encode(), "1 cell of 'risk_free' are not numbers: row 1 '²'"),
        ("rates", RATES.replace("2025", "²⁰²⁵").encode(), "1 cell of 'date' are not dates: row 1 '²⁰²⁵-03-31'"),
        ("rates", RATES.replace("0.0001", "1e999999999").encode(), "1 infinite value in 'risk_free'"),
        (
            "rates",
            RATES.replace("0.0001", "-1e300").encode(),
            "rates: 1 value above 1e+100 in size in 'risk_free': 2025-03-31",
        ),
        ("rates", RATES.replace("0.0001", "9" * 5000).encode(), "1 infinite value in 'risk_free'"),
    ],
)
def test_a_table_with_what_no_text_or_number_has_is_refused_by_row(tmp_path, name, data, message):
    (tmp_path / f"{name}.csv").write_bytes(data)
    assert message in refusal(tmp_path, name)


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("ticker", [b"A"], "securities: 1 cell of 'ticker' are no texts but bytes: row 1 b'A'. Write the column as text."),
        ("name", [["A"]], "securities: 1 cell of 'name' are no texts but ndarray: row 1 array(['A'], dtype=object)."),
    ],
)
def test_a_parquet_column_of_another_kind_is_refused_by_its_kind(tmp_path, column, cells, message):
    frame = pd.DataFrame({"ticker": ["A"], "name": ["Acme"], "sector": ["Energy"]})
    frame[column] = pd.Series(cells, dtype=object)
    frame.to_parquet(tmp_path / "securities.parquet")
    assert message in refusal(tmp_path, "securities")


def test_a_damaged_parquet_file_is_refused_in_one_line(tmp_path):
    pd.DataFrame({"date": pd.to_datetime(["2025-03-31"]), "risk_free": [0.0]}).to_parquet(tmp_path / "rates.parquet")
    data = bytearray((tmp_path / "rates.parquet").read_bytes())
    data[data.index(b"pandas") + 8] ^= 0xFF
    (tmp_path / "rates.parquet").write_bytes(bytes(data))
    assert refusal(tmp_path, "rates").startswith("rates: 'rates.parquet' cannot be read as Parquet (")


def test_a_long_row_beside_a_short_header_and_ends_of_lines_of_old_are_no_columns(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_bytes(RATES.replace("\n", "\r").encode() + b"2025-04-01,0.0001\r" * 20_000)
    with pytest.raises(rm.InputError, match=r"^rates: 19,999 duplicate rows"):
        read_table(tmp_path, "rates")


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\nb", "a\u202eb", "a\ud800b"])
def test_a_message_is_one_line_that_steers_nothing(text):
    said = str(rm.InputError(f"unknown course '{text}'."))
    assert said == f"unknown course '{visible(text, keep='')}'." and "\\u" in said
