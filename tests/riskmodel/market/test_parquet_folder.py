"""A table may be a folder of Parquet files, with what their folders' names say; what would be read wrongly is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import InputError
from riskmodel.market.sources import open_source
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.tables import read_table
from tests.conftest import SMALL

DAYS = pd.to_datetime(["2025-03-03", "2025-03-04"])
ROWS = pd.DataFrame({"date": DAYS, "ticker": ["0130", "A"], "close": [1.0, 2.0], "total_return": 0.01, "volume": 5.0})


def written(folder: Path, name: str, rows: pd.DataFrame = ROWS) -> Path:
    path = folder / "prices" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(path, index=False)
    return path


@pytest.mark.parametrize("keys", [[], ["date"], ["ticker"], ["date", "ticker"]], ids=str)
def test_files_by_any_key_give_the_table_that_they_were_made_from(tmp_path, keys):
    whole = read_table(SMALL, "prices").tail(500)
    table = pa.Table.from_pandas(whole, preserve_index=False)
    pq.write_to_dataset(table, tmp_path / "prices", partition_cols=keys or None, max_partitions=2000)
    (tmp_path / "prices" / "_SUCCESS").touch()
    (tmp_path / "prices" / "_draft.parquet").write_text("not yet", encoding="ascii")
    key = ["date", "ticker"]
    read = open_source(tmp_path).table("prices")
    pd.testing.assert_frame_equal(
        read.sort_values(key, ignore_index=True), whole.sort_values(key, ignore_index=True), check_like=True
    )


def test_a_code_in_the_name_of_a_folder_stays_a_text(tmp_path):
    written(tmp_path, "ticker=0130/a.parquet", ROWS.iloc[:1].drop(columns="ticker"))
    written(tmp_path, "ticker=1E10/a.parquet", ROWS.iloc[1:].drop(columns="ticker"))
    written(tmp_path, "ticker=A%2FB/a.parquet", ROWS.iloc[1:].drop(columns="ticker"))
    assert read_table(tmp_path, "prices")["ticker"].tolist() == ["0130", "1E10", "A/B"]


def test_files_may_count_in_whole_numbers_or_have_an_empty_column(tmp_path):
    written(tmp_path, "1.parquet", ROWS.iloc[:1].assign(volume=5))
    written(tmp_path, "2.parquet", ROWS.iloc[1:].assign(total_return=None))
    read = read_table(tmp_path, "prices")
    assert read["volume"].tolist() == [5.0, 5.0]
    assert read["total_return"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        ("2.parquet", ROWS.drop(columns="volume"), "'volume' is in 'prices/1.parquet' and not in 'prices/2.parquet'"),
        ("2.parquet", ROWS.assign(close="2"), "the files of 'prices/' do not go together .*close"),
        ("date=2025-03-05/2.parquet", ROWS, "has a column 'date', and so says its folder. Keep one of the two"),
        ("2.parquet", ROWS.iloc[:1], "1 duplicate row of \\(date, ticker\\): 2025-03-03 0130"),
    ],
)
def test_files_that_do_not_go_together_are_refused(tmp_path, name, rows, message):
    written(tmp_path, "1.parquet")
    written(tmp_path, name, rows)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path, "prices")


def test_a_file_and_a_folder_of_one_table_are_refused(tmp_path):
    written(tmp_path, "1.parquet")
    ROWS.to_parquet(tmp_path / "prices.parquet")
    with pytest.raises(InputError, match=r"there are both 'prices\.parquet' and 'prices/'\. Keep the one"):
        read_table(tmp_path, "prices")


def test_each_file_is_part_of_what_a_fit_depends_on(tmp_path):
    path = written(tmp_path, "year=2025/1.parquet")
    before = open_source(tmp_path).hashes()
    assert list(before) == ["prices.year=2025/1.parquet"]
    ROWS.assign(close=3.0).to_parquet(path, index=False)
    assert open_source(tmp_path).hashes() != before


def test_a_damaged_file_is_named(tmp_path):
    written(tmp_path, "1.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"prices: 'prices/1\.parquet' cannot be read as Parquet"):
        read_table(tmp_path, "prices")


@pytest.mark.parametrize("index", ["date", "risk_free"])
def test_a_file_reads_alike_wherever_it_lies_whatever_pandas_took_for_its_index(tmp_path, index):
    rates = pd.DataFrame({"date": pd.to_datetime(["2025-03-03", "2025-03-04"]), "risk_free": [1e-4, 2e-4]})
    (tmp_path / "parts" / "rates").mkdir(parents=True)
    for path in ("rates.parquet", "parts/rates/all.parquet"):
        rates.set_index(index).to_parquet(tmp_path / path)
    stated = Exports(tmp_path, {"rates": TableMap(file="rates.parquet")})
    for read in (read_table(tmp_path, "rates"), read_table(tmp_path / "parts", "rates"), stated.table("rates")):
        pd.testing.assert_frame_equal(read, rates, check_dtype=False)
