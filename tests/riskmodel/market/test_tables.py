"""Reading one table: kinds, keys, and the words a user sees when something is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import InputError
from riskmodel.market.fitness.hints import of_dates, of_numbers
from riskmodel.market.sources.recognition.evidence.values import shape_of
from riskmodel.market.spelling import spelt
from riskmodel.market.tables import TABLES, file_hash, read_table
from tests.riskmodel.builders import random_tables, write_tables

TRAPS = ["NA", "0130", "TRUE", "1E10", "nan", "None", "null", "1.0", "-", "BRK.B", "７２０３"]

PRICES = pd.DataFrame(
    {
        "date": pd.to_datetime(["2024-03-01", "2024-03-01", "2024-03-04", "2024-03-04"]),
        "ticker": ["A", "B", "A", "B"],
        "close": [10.0, 20.0, 11.0, 19.0],
        "total_return": [np.nan, np.nan, 0.1, -0.05],
        "volume": [100.0, 200.0, 300.0, np.nan],
    }
)


def given(folder: Path, text: str, name: str = "prices", encoding: str = "utf-8") -> Path:
    (folder / f"{name}.csv").write_bytes(text.encode(encoding))
    return folder


def given_parquet(folder: Path, frame: pd.DataFrame, name: str = "prices") -> Path:
    frame.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def message(folder: Path, name: str = "prices") -> str:
    with pytest.raises(InputError) as caught:
        read_table(folder, name)
    return str(caught.value)


def csv(*rows: str) -> str:
    return "\n".join(["date,ticker,close,total_return,volume", *rows]) + "\n"


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize("name", ["prices", "splits", "shares", "securities", "fundamentals", "earnings", "indices"])
def test_csv_and_parquet_give_the_same_frame(tmp_path: Path, name: str) -> None:
    tables = random_tables(assets=6, sessions=30)
    from_parquet = read_table(write_tables(tmp_path / "parquet", tables, "parquet"), name)
    from_csv = read_table(write_tables(tmp_path / "csv", tables, "csv"), name)
    pd.testing.assert_frame_equal(from_csv, from_parquet)
    pd.testing.assert_frame_equal(from_csv, tables[name][list(from_csv.columns)])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_codes_that_look_like_something_else_survive_as_text(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame({"ticker": TRAPS, "available_from": pd.Timestamp("2024-01-02"), "shares_out": 5.0})
    assert read_table(write_tables(tmp_path, {"shares": frame}, kind), "shares")["ticker"].tolist() == TRAPS


def test_tickers_in_a_parquet_dictionary_are_text(tmp_path: Path) -> None:
    plain = read_table(given_parquet(tmp_path, PRICES), "prices")
    coded = read_table(given_parquet(tmp_path, PRICES.astype({"ticker": "category"})), "prices")
    pd.testing.assert_frame_equal(coded, plain)


@pytest.mark.parametrize(
    "kind", [pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("us"), pa.timestamp("ns"), pa.string()], ids=str
)
def test_every_kind_of_parquet_date_is_the_same_day(tmp_path: Path, kind: pa.DataType) -> None:
    days = PRICES["date"].dt.strftime("%Y-%m-%d").tolist() if kind == pa.string() else PRICES["date"].dt.date.tolist()
    arrow = pa.Table.from_pandas(PRICES.drop(columns="date"), preserve_index=False)
    pq.write_table(arrow.append_column("date", pa.array(days).cast(kind)), tmp_path / "prices.parquet")
    read = read_table(tmp_path, "prices")
    assert read["date"].dtype == "datetime64[ns]"
    pd.testing.assert_frame_equal(read, read_table(given_parquet(tmp_path, PRICES), "prices"))


def test_integers_in_a_number_column_become_decimals(tmp_path: Path) -> None:
    read = read_table(given_parquet(tmp_path, PRICES.assign(close=[10, 20, 11, 19])), "prices")
    assert read["close"].dtype == "float64"
    assert read["close"].tolist() == [10, 20, 11, 19]


def test_a_table_in_both_forms_is_refused(tmp_path: Path) -> None:
    given(tmp_path, csv("2024-03-01,OTHER,1,,1"))
    assert message(given_parquet(tmp_path, PRICES)) == (
        "prices: there are both 'prices.parquet' and 'prices.csv'. Keep the one that counts."
    )


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    read = read_table(given(tmp_path, csv("2024-03-01,A,10,,100"), encoding="utf-8-sig"), "prices")
    assert list(read.columns) == ["date", "ticker", "close", "total_return", "volume"]


def test_columns_come_in_the_declared_order_and_unknown_ones_are_left(tmp_path: Path) -> None:
    frame = PRICES.assign(note="x")[["note", "volume", "ticker", "total_return", "close", "date"]]
    assert list(read_table(given_parquet(tmp_path, frame), "prices").columns) == list(TABLES["prices"].columns)


def test_empty_cells_are_missing_numbers(tmp_path: Path) -> None:
    read = read_table(given(tmp_path, csv("2024-03-01,A,10,,", "2024-03-01,B,10,nan,NaN")), "prices")
    assert read[["total_return", "volume"]].isna().all(axis=None)


def test_an_optional_table_that_is_absent_is_none(tmp_path: Path) -> None:
    assert read_table(tmp_path, "splits") is None


def test_an_optional_column_may_be_absent(tmp_path: Path) -> None:
    tables = random_tables(assets=2, sessions=12)
    frame = tables["fundamentals"].drop(columns=["operating_income", "dividends_per_share"])
    assert "operating_income" not in read_table(write_tables(tmp_path, {"fundamentals": frame}), "fundamentals")


def test_a_file_has_the_hash_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    # NIST FIPS 180-2, appendix B.1
    assert file_hash(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# ---------------------------------------------------------------- what is refused


def test_integer_tickers_in_parquet_are_refused(tmp_path: Path) -> None:
    said = message(given_parquet(tmp_path, PRICES.assign(ticker=[130, 7203, 130, 7203])))
    assert said == (
        "prices: column 'ticker' holds int64 values, not text, e.g. 130, 7203, 130. "
        "Codes such as '0130' or 'TRUE' are damaged once they are numbers; write the column as text."
    )


@pytest.mark.parametrize("damaged", [[1.5, 2.0, 1.5, 2.0], [True, False, True, False]])
def test_other_damaged_tickers_in_parquet_are_refused(tmp_path: Path, damaged: list[object]) -> None:
    assert "prices: column 'ticker' holds" in message(given_parquet(tmp_path, PRICES.assign(ticker=damaged)))


def test_a_missing_table_is_named_with_what_is_there(tmp_path: Path) -> None:
    given(tmp_path, "ticker\n", name="splits")
    (tmp_path / "notes.txt").write_text("not a table")
    assert message(tmp_path) == (
        "prices: no table 'prices.parquet' or 'prices.csv' in the data folder. Found there: splits.csv."
    )


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    assert message(tmp_path).endswith("Found there: no tables at all.")


def test_a_missing_column_is_named_with_what_is_there(tmp_path: Path) -> None:
    assert message(given_parquet(tmp_path, PRICES.rename(columns={"total_return": "return"}))) == (
        "prices: missing column 'total_return'. Found: date, ticker, close, return, volume."
    )


def test_several_missing_columns_are_all_named(tmp_path: Path) -> None:
    said = message(given_parquet(tmp_path, PRICES[["date", "ticker"]]))
    assert said.startswith("prices: missing columns 'close', 'total_return'.")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_empty_ticker_is_refused(tmp_path: Path, kind: str) -> None:
    frame = PRICES.assign(ticker=["A", None, "A", "B"])
    said = message(write_tables(tmp_path, {"prices": frame}, kind))
    assert said.startswith("prices: 1 empty cell in 'ticker' (rows 2024-03-01 ")
    assert said.endswith("). Fill it; remove a row only if it states nothing, as a footer does.")


def test_an_empty_weight_is_refused_because_an_absent_row_means_zero(tmp_path: Path) -> None:
    frame = pd.DataFrame({"portfolio": "major", "date": ["2024-03-01"] * 2, "ticker": ["A", "B"], "weight": [1.0, None]})
    assert message(given_parquet(tmp_path, frame, "holdings"), "holdings") == (
        "holdings: 1 empty cell in 'weight' (rows major 2024-03-01 B). "
        "Fill it; remove a row only if it states nothing, as a footer does."
    )


def test_an_empty_date_is_refused(tmp_path: Path) -> None:
    said = message(given(tmp_path, csv("2024-03-01,A,10,,1", ",B,10,,1")))
    assert said.startswith("prices: 1 empty cell in 'date'")


def test_duplicate_keys_are_refused_with_the_first_five_and_the_count(tmp_path: Path) -> None:
    tickers = list("ABCDEFG")
    frame = pd.DataFrame(
        {"date": pd.Timestamp("2014-03-03"), "ticker": tickers, "close": 1.0, "total_return": 0.0, "volume": 1.0}
    )
    assert message(given_parquet(tmp_path, pd.concat([frame, frame]))) == (
        "prices: 7 duplicate rows of (date, ticker): 2014-03-03 A, 2014-03-03 B, 2014-03-03 C, 2014-03-03 D, "
        "2014-03-03 E and 2 more. Keep one row each."
    )


def test_one_duplicate_of_a_single_key_is_refused(tmp_path: Path) -> None:
    said = message(given(tmp_path, "date,risk_free\n2024-03-01,0.0001\n2024-03-01,0.0002\n", "rates"), "rates")
    assert said == "rates: 1 duplicate row of date: 2024-03-01. Keep one row each."


@pytest.mark.parametrize("value", ["inf", "-inf", "Infinity"])
def test_infinite_numbers_are_refused(tmp_path: Path, value: str) -> None:
    assert message(given(tmp_path, csv("2024-03-01,A,10,,1", f"2024-03-04,A,10,{value},1"))) == (
        "prices: 1 infinite value in 'total_return': 2024-03-04 A. "
        "Usually a division by zero upstream; give the number, or leave the cell empty where nobody knows it."
    )


def test_infinite_numbers_in_parquet_are_refused(tmp_path: Path) -> None:
    said = message(given_parquet(tmp_path, PRICES.assign(close=[np.inf, 1, 1, -np.inf])))
    assert said.startswith("prices: 2 infinite values in 'close': 2024-03-01 A, 2024-03-04 B.")


@pytest.mark.parametrize("text", ["△1.5", "1,000", "(1.5)", "n/a", "1.5%", "¥100", "10 000", "TRUE"])
def test_text_in_a_number_column_is_refused_with_row_and_text(tmp_path: Path, text: str) -> None:
    assert message(given(tmp_path, csv("2024-03-01,A,10,,1", f'2024-03-04,A,"{text}",,1'))).startswith(
        f"prices: 1 cell of 'close' are not numbers: row 2 {text!r}. Write plain decimals with a point and a minus sign"
    )


def test_text_in_a_parquet_number_column_is_refused(tmp_path: Path) -> None:
    said = message(given_parquet(tmp_path, PRICES.assign(close=["10", "△1.5", "11", "1,000"])))
    assert said.startswith("prices: 2 cells of 'close' are not numbers: row 2 '△1.5', row 4 '1,000'.")


def test_booleans_are_not_numbers(tmp_path: Path) -> None:
    said = message(given_parquet(tmp_path, PRICES.assign(volume=[True, False, True, False])))
    assert "4 cells of 'volume' are not numbers: row 1 'True'" in said


def test_dates_with_hours_are_refused(tmp_path: Path) -> None:
    stamped = PRICES.assign(date=PRICES["date"] + pd.Timedelta(hours=15))
    assert message(given_parquet(tmp_path, stamped)) == (
        "prices: 4 cells of 'date' carry a time of day: 2024-03-01 15:00:00, 2024-03-01 15:00:00, 2024-03-04 15:00:00, "
        "2024-03-04 15:00:00. Give plain dates, YYYY-MM-DD."
    )


def test_dates_with_hours_in_csv_are_refused_and_midnight_is_not(tmp_path: Path) -> None:
    said = message(given(tmp_path, csv("2024-03-01 15:00,A,10,,1")))
    assert said.startswith("prices: 1 cell of 'date' carr")
    read = read_table(given(tmp_path, csv("2024-03-01 00:00:00,A,10,,1")), "prices")
    assert read["date"].tolist() == [pd.Timestamp("2024-03-01")]


def test_dates_with_a_time_zone_are_refused(tmp_path: Path) -> None:
    zoned = PRICES.assign(date=PRICES["date"].dt.tz_localize("America/New_York"))
    assert message(given_parquet(tmp_path, zoned)) == (
        "prices: column 'date' carries a time zone (America/New_York). Give plain dates, YYYY-MM-DD."
    )


def test_dates_with_a_time_zone_in_csv_are_refused(tmp_path: Path) -> None:
    assert "time zone" in message(given(tmp_path, csv("2024-03-01T00:00:00+09:00,A,10,,1")))


def test_dates_of_which_some_carry_a_time_zone_are_refused(tmp_path: Path) -> None:
    said = message(given(tmp_path, csv("2024-03-01T00:00:00+09:00,A,10,,1", "2024-03-04,A,10,,1")))
    assert said.startswith("prices: ")
    assert "Give plain dates, YYYY-MM-DD." in said or "Write dates as YYYY-MM-DD." in said


@pytest.mark.parametrize(
    "text", ["yesterday", "03/01/2024", "2024-13-01", "2024-02-30", "1 March 2024", "令和6年3月1日", "45352"]
)
def test_what_is_not_a_date_is_refused_with_row_and_text(tmp_path: Path, text: str) -> None:
    said = message(given(tmp_path, csv("2024-03-01,A,10,,1", f"{text},A,10,,1")))
    assert f"of 'date' are not dates: row 2 {text!r}. " in said and "Write dates as YYYY-MM-DD" in said


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01", "1600-01-01"])
def test_a_date_too_far_for_the_calendar_is_refused(tmp_path: Path, text: str) -> None:
    assert message(given(tmp_path, csv(f"{text},A,10,,1"))).startswith("prices: 1 cell of 'date'")


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01"])
def test_a_parquet_date_too_far_for_the_calendar_is_refused(tmp_path: Path, text: str) -> None:
    arrow = pa.Table.from_pandas(PRICES.drop(columns="date"), preserve_index=False)
    days = pa.array([text, *["2024-03-04"] * 3]).cast(pa.date32())
    pq.write_table(arrow.append_column("date", days), tmp_path / "prices.parquet")
    assert message(tmp_path).startswith("prices: 1 cell of 'date'")


@pytest.mark.parametrize("text", ["2024", "2024-03"])
def test_a_date_without_its_day_is_refused(tmp_path: Path, text: str) -> None:
    # the first of the month is a guess: a period that ends in 2024-03 ends on the 31st
    assert f"of 'date' are not dates: row 1 {text!r}." in message(given(tmp_path, csv(f"{text},A,10,,1")))


def test_numbers_are_not_dates(tmp_path: Path) -> None:
    assert message(given_parquet(tmp_path, PRICES.assign(date=[20240301, 20240301, 20240304, 20240304]))) == (
        "prices: column 'date' holds int64 values, not dates. Write dates as YYYY-MM-DD."
    )


def test_a_cp932_csv_is_refused(tmp_path: Path) -> None:
    given(tmp_path, "ticker,name,sector\n7203,トヨタ自動車,自動車\n", "securities", encoding="cp932")
    assert message(tmp_path, "securities") == (
        "securities: 'securities.csv' is not UTF-8. Save it as UTF-8 (it may be cp932: then state encoding = \"cp932\" "
        "beside file in [tables.securities] of the book)."
    )


def test_japanese_names_in_utf_8_are_read(tmp_path: Path) -> None:
    given(tmp_path, "ticker,name,sector\n7203,トヨタ自動車,自動車\n", "securities")
    assert read_table(tmp_path, "securities")["name"].tolist() == ["トヨタ自動車"]


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prices.parquet").write_text("date,ticker\n")
    assert message(tmp_path).startswith("prices: 'prices.parquet' cannot be read as Parquet (")


def test_an_empty_csv_is_refused(tmp_path: Path) -> None:
    assert message(given(tmp_path, "")) == "prices: 'prices.csv' is empty. Give it at least its header, or take it away."


def test_a_csv_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    said = message(given(tmp_path, csv("2024-03-01,A,10,,1", "2024-03-04,A,1,000,,1")))
    assert said.startswith("prices: 'prices.csv' cannot be read as CSV (")


def test_a_csv_row_with_a_cell_too_many_in_every_row_is_refused(tmp_path: Path) -> None:
    # pandas takes the first column for an index where every row is longer than the header, and shifts the rest
    given(tmp_path, csv("2024-03-01,A,1,000,,1"))
    message(tmp_path)


@pytest.mark.parametrize("text", ["#VALUE!", "n.a.", "***", "－", "#N/A N/A", "NaN"])
def test_a_text_that_stands_for_nothing_does_so_in_every_table_and_export(text):
    assert spelt(pd.Series([text, "IT"]), "sector").tolist()[1:] == ["IT"]
    assert spelt(pd.Series([text, "IT"]), "sector").isna().tolist() == [True, False]
    assert f'missing = ["{text}"]' in of_numbers([text], "close", "prices")
    assert shape_of(pd.Series(["1", text])).missing == (text,)


@pytest.mark.parametrize(
    "texts, stated",
    [
        (["31/03/2025"], '"DD/MM/YYYY"'),
        (["01/02/2025"], '"DD/MM/YYYY" or "MM/DD/YYYY"'),
        (["24/11/01"], '"DD/MM/YY" or "YY/MM/DD"'),
        (["2025年3月31日", "2025年4月1日 00:00"], '"YYYY年MM月DD日"'),
        (["Mar 31, 2025"], '"MMM DD, YYYY"'),
        (["45747"], '"excel"'),
    ],
)
def test_days_of_another_form_are_told_by_every_form_that_init_knows(texts, stated):
    assert f"state dates = {stated} beside" in of_dates(texts, "holdings")
