"""The same tables out of every database as out of the tidy folder, only what is needed of it, and known by what it says."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.market.sources import at_one_moment, open_source
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.tables import TABLES, read_table
from tests.conftest import SMALL

RATES = pd.DataFrame({"date": pd.to_datetime(["2025-03-03", "2025-03-04"]), "risk_free": [1e-4, 2e-4]})


@pytest.fixture(scope="module")
def small() -> dict[str, pd.DataFrame]:
    return {name: table for name in TABLES if (table := read_table(SMALL, name)) is not None}


def test_a_database_gives_the_market_and_the_lists_of_its_tidy_folder(made, small):
    made.fill(small)
    source = open_source(made.data)
    xr.testing.assert_identical(rm.read_market(source), rm.read_market(SMALL))
    lists = small["holdings"].sort_values(["portfolio", "date", "ticker"], ignore_index=True)
    pd.testing.assert_frame_equal(source.table("holdings"), lists)


def test_a_market_is_read_in_one_session_and_so_are_the_tables_of_a_hash(made, small, monkeypatch):
    made.fill(small)
    source, begun = open_source(made.data), []
    own = type(source.engine).session
    monkeypatch.setattr(type(source.engine), "session", lambda engine: begun.append(engine) or own(engine))
    rm.read_market(source)
    assert len(begun) == 1 and not source.opened
    source.hashes()
    assert len(begun) == 2 and not source.opened


def test_tables_are_those_of_one_moment_whatever_is_committed_meanwhile(make_database, small):
    made = make_database("postgresql")
    made.fill({"rates": RATES, "holdings": small["holdings"]})
    source = open_source(made.data)
    with at_one_moment(source):
        source.table("holdings")
        made.run("update rates set risk_free = 0")
        meanwhile = source.table("rates")
    assert meanwhile["risk_free"].tolist() == RATES["risk_free"].tolist() and not source.table("rates")["risk_free"].any()


def test_what_an_engine_refuses_leaves_the_session_to_other_tables(made):
    made.fill({"rates": RATES})
    source = open_source(made.data, maps={"shares": TableMap(query="select nothing from nowhere")})
    with at_one_moment(source):
        for _ in range(2):
            with pytest.raises(InputError, match=r"^shares: \[tables.shares\] query cannot be read from"):
                source.table("shares")
            assert len(source.table("rates")) == 2
    assert not source.opened


def test_what_is_stated_of_a_table_or_a_query_applies_to_its_columns(made):
    made.run(
        'create table "Kurse ""A"" x" ("Tag" varchar(8), "ISIN" varchar(9), "Schluss" numeric(9, 4), "TRI" int, "V %s" int)',
        """insert into "Kurse ""A"" x" values ('20250303', 'X1', 1000.5, 100, 7), ('20250304', 'X1', 1010.25, 101, 8)""",
        "create table stocks (ticker varchar(5), isin varchar(5), name varchar(5), sector varchar(5))",
        "insert into stocks values ('A', 'X1', 'Aye', 'Tech')",
    )
    columns = {"date": "Tag", "ticker": "ISIN", "close": "Schluss", "total_return_index": "TRI", "volume": "V %s"}
    stated = {
        "dates": "YYYYMMDD", "columns": columns, "units": {"close": "cents", "volume": "thousands"}, "identifiers": "isin",
        "derived": {"total_return": "total_return_index"},
    }  # fmt: skip
    expected = pd.DataFrame(
        {
            "date": pd.to_datetime(["2025-03-03", "2025-03-04"]).astype("datetime64[ns]"),
            "ticker": ["A", "A"],
            "close": [10.005, 10.1025],
            "total_return": [None, 0.01],
            "volume": [7000.0, 8000.0],
        }
    )
    query = """ select * from "Kurse ""A"" x" where "Tag" like '2025%' -- all of them, at 09:30 """
    for where in ({"table": 'Kurse "A" x'}, {"query": query}):
        maps = {"prices": TableMap(**stated, **where), "securities": TableMap(table="stocks")}
        read = open_source(made.data, maps=maps).table("prices")
        pd.testing.assert_frame_equal(read, expected, rtol=1e-12)


def test_of_another_engine_of_sqlalchemy_tables_are_read_and_no_queries(make_database):
    """SQLite by its dialect stands for one of which nobody has tried how it refuses a write."""
    made = make_database("sqlite")
    made.fill({"rates": RATES})
    url = f"sqlite+pysqlite:///{made.data}"
    assert open_source(url).table("rates")["risk_free"].tolist() == [1e-4, 2e-4]
    with pytest.raises(InputError, match=r"queries are for DuckDB, SQLite and PostgreSQL.*Make a view of it there"):
        open_source(url, maps={"rates": TableMap(query="select * from rates")}).table("rates")


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_a_file_may_be_named_by_a_url_and_lie_beside_the_book(make_database, tmp_path, engine):
    make_database(engine).fill({"rates": RATES})
    assert open_source(f"{engine}:///market.{engine}", base=tmp_path).hashes().keys() == {"rates.rows"}
    assert open_source(f"file://{tmp_path}/market.{engine}").table("rates") is not None


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "market.db").write_text("date,close", encoding="ascii")
    with pytest.raises(InputError, match=r"market\.db' is neither a folder nor a file of DuckDB or SQLite"):
        open_source(tmp_path / "market.db")
    with pytest.raises(InputError, match=r"there is no file or folder '.*nowhere\.duckdb'\. Name the folder"):
        open_source(tmp_path / "nowhere.duckdb")
    with pytest.raises(InputError, match=r"no file or folder '.*markt\.db'\. Beside it is: market\.db\. Name that, or"):
        open_source("markt.db", base=tmp_path)


@pytest.mark.parametrize(
    ("library", "engine"), [("duckdb", "duckdb"), ("sqlalchemy", "postgresql"), ("psycopg", "postgresql")]
)
def test_a_library_that_is_missing_is_named_with_what_to_install(tmp_path, monkeypatch, library, engine):
    with duckdb.connect(tmp_path / "market.duckdb"):
        pass
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    data = tmp_path / "market.duckdb" if engine == "duckdb" else "postgresql://reader@127.0.0.1:1/market"
    with pytest.raises(InputError, match=rf"{library} is not installed.*pip install 'factor-attribution\[sources\]'"):
        open_source(data).table("rates")


def test_nothing_slow_is_loaded_before_it_is_used():
    """By a process of its own: a market of files needs none of these."""
    script = (
        "import sys, riskmodel; riskmodel.read_market('fixtures/small'); print(sorted({*sys.modules} & {*sys.argv[1:]}))"
    )
    slow = ["duckdb", "sqlalchemy", "psycopg", "fsspec", "openpyxl"]
    done = subprocess.run(
        [sys.executable, "-c", script, *slow], cwd=SMALL.parents[1], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_only_the_columns_that_are_needed_are_read(made):
    made.run(
        "create table numbers (date date, risk_free float, zero int)", "insert into numbers values ('2025-03-03', 0, 0)"
    )
    poison = {"duckdb": "error('read')", "sqlite": "abs(-9223372036854775808)", "postgresql": "1 / zero"}[made.engine]
    made.run(f"create view rates as select date, risk_free, {poison} as poison from numbers")
    assert open_source(made.data).table("rates")["risk_free"].tolist() == [0.0]
    with pytest.raises(InputError, match="cannot be read"):
        open_source(made.data, maps={"rates": TableMap(columns={"risk_free": "poison"})}).table("rates")


def test_what_it_says_is_what_a_fit_depends_on_and_nothing_else(made):
    made.fill({"rates": RATES})
    before = open_source(made.data).hashes()
    assert list(before) == ["rates.rows"]

    made.run("delete from rates", "alter table rates add column note varchar(9)")
    made.run("insert into rates values ('2025-03-04', 0.0002, 'late'), ('2025-03-03', 0.0001, null)")
    made.run("create table other as select 1 as one", "create view renamed as select risk_free as r, date as d from rates")
    assert open_source(made.data).hashes() == before
    stated = {"rates": TableMap(query="select d as date, r from renamed", columns={"risk_free": "r"})}
    assert open_source(made.data, maps=stated).hashes() == before

    made.run("update rates set risk_free = 0.0003 where note = 'late'")
    assert open_source(made.data).hashes() != before


def test_the_hash_is_of_what_was_read_though_it_changes_meanwhile(made):
    made.fill({"rates": RATES})
    source = open_source(made.data)
    source.table("rates")
    made.run("update rates set risk_free = 0")
    assert source.hashes() != open_source(made.data).hashes()


def test_a_column_that_a_book_groups_by_is_part_of_the_hash(made):
    made.run(
        "create table securities (ticker varchar(5), name varchar(5), sector varchar(5), branch varchar(5))",
        "insert into securities values ('A', 'Aye', 'Tech', 'Chips')",
    )
    before = open_source(made.data, groupings=("branch",)).hashes()
    made.run("update securities set branch = 'Code'")
    after = open_source(made.data, groupings=("branch",)).hashes()
    assert {key for key in before if before[key] != after[key]} == {"securities.branch"}


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"table": "rate"}, r"rates: no table 'rate', which \[tables\.rates\] names, in .*Found there: rates\."),
        (
            {"columns": {"risk_free": "rf"}},
            r"rates: table 'rates' of .* has no column 'rf', which .*Found: date, risk_free\.",
        ),
        ({"query": "select date from rates"}, r"rates: missing column 'risk_free'.*It is of the query of "),
        ({"table": "rates", "query": "select 1"}, r"rates: \[tables\.rates\] has a table and a query\. Keep one\."),
        ({"file": "rates.csv"}, r"rates: \[tables\.rates\] file is of files, and data in \[book\] is a database\."),
        ({"query": "select date, risk_free, date from rates"}, "2 columns 'date'"),
        ({"query": "selec"}, "cannot be read"),
    ],
)
def test_what_is_stated_wrongly_is_told_with_what_there_is(made, stated, message):
    made.fill({"rates": RATES})
    with pytest.raises(InputError, match=message):
        open_source(made.data, maps={"rates": TableMap(**stated)}).table("rates")


def test_a_required_table_that_is_not_there_is_told_with_those_that_are(made):
    made.fill({"rates": RATES})
    source = open_source(made.data)
    assert source.table("finals") is None
    with pytest.raises(InputError, match=r"prices: no table 'prices' in .*Found there: rates\. Where it has another name"):
        source.table("prices")


def test_a_table_of_another_schema_has_it_before_its_name(made):
    if made.engine == "sqlite":
        pytest.skip("SQLite has no schemas")
    made.run(
        "create schema research", "create table research.rates as select date '2025-03-03' as date, 0.0001 as risk_free"
    )
    if made.engine == "postgresql":
        made.run("grant usage on schema research to reader", "grant select on research.rates to reader")
    assert open_source(made.data, maps={"rates": TableMap(table="research.rates")}).table("rates")["risk_free"].tolist() == [
        1e-4
    ]


KINDS = {
    "days with a time of nothing": ("timestamp '2025-03-03 00:00:00'", "0.1::numeric", None),
    "a time of day": ("timestamp '2025-03-03 16:00:00'", "0", "1 cell of 'date' carry a time of day: 2025-03-03 16:00:00"),
    "a time zone": ("timestamptz '2025-03-03 00:00:00+00'", "0", "'date' carries a time zone"),
    "whole numbers": ("date '2025-03-03'", "1", None),
    "a huge decimal": (
        "date '2025-03-03'",
        "0.1000000000000000055511151231257827021181583404541015625::numeric(38,30)",
        None,
    ),
    "true and false": (
        "date '2025-03-03'",
        "true",
        "1 cell of 'risk_free' in table 'rates' of .* is no numbers but bool: row 1 True",
    ),
    "bytes": (
        "date '2025-03-03'",
        "'x'::{bytes}",
        "in table 'rates' of .* is no numbers but bytes: row 1 b'x'. Make numbers",
    ),
    "an interval": ("date '2025-03-03'", "interval '1 day'", "are no numbers but"),
    "a text that is a number": ("'2025-03-03'::text", "'0.25'::text", None),
    "a text that is none": (
        "date '2025-03-03'",
        "'n/a'::text",
        "1 cell of 'risk_free' are not numbers: row 1 'n/a'.*It is of table",
    ),
    "an empty cell": (
        "date '2025-03-03'",
        "null::float",
        r"1 empty cell in 'risk_free' \(rows 2025-03-03\).*It is of table 'rates' of",
    ),
    "a day that is a number": ("20250303", "0", "column 'date' holds int.* values, not dates"),
    "an endless number": ("date '2025-03-03'", "'infinity'::float", "1 infinite value in 'risk_free'"),
}


@pytest.mark.parametrize("engine", ["duckdb", "postgresql"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_is_converted_as_it_is_stated_or_refused_with_its_place(make_database, engine, kind):
    made, (date, number, message) = make_database(engine), KINDS[kind]
    number = number.format(bytes={"duckdb": "blob", "postgresql": "bytea"}[engine])
    made.run(f"create table rates as select {date} as date, {number} as risk_free")
    if message is None:
        read = open_source(made.data).table("rates")
        assert read["date"].tolist() == [pd.Timestamp("2025-03-03")]
        assert read["risk_free"].tolist() == [float({"1": 1, "'0.25'::text": 0.25}.get(number, 0.1))]
    else:
        with pytest.raises(InputError, match=message):
            open_source(made.data).table("rates")


def test_padding_of_a_fixed_length_is_no_part_of_a_text(make_database):
    made = make_database("postgresql")
    made.run(
        "create table securities (ticker char(8), name text, sector text)", "insert into securities values ('A', 'B', 'C')"
    )
    assert open_source(made.data).table("securities")["ticker"].tolist() == ["A"]


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("risk_free", "(1), ('n/a'), ('-')", "2 cells of 'risk_free' are not numbers: row 2 'n/a', row 3 '-'"),
        (
            "risk_free",
            "(1), (x'00')",
            "1 cell of 'risk_free' in table 'rates' of market.sqlite is no numbers but bytes: row 2",
        ),
        ("date", "('2025-03-03'), (2460737.5)", "1 cell of 'date' are not dates: row 2 '2460737.5'"),
    ],
)
def test_cells_of_several_kinds_in_a_column_of_sqlite_are_told_by_their_rows(make_database, column, cells, message):
    made, other = make_database("sqlite"), {"date": "risk_free", "risk_free": "date"}[column]
    given = {"date": "'2025-03-03'", "risk_free": "0"}[other]
    made.run(f"create table rates ({column}, {other} default {given})", f"insert into rates ({column}) values {cells}")
    with pytest.raises(InputError, match=message):
        open_source(made.data).table("rates")


def test_numbers_among_tickers_of_sqlite_are_refused(make_database):
    made = make_database("sqlite")
    made.run(
        "create table securities (ticker, name, sector)", "insert into securities values (130, 'a', 'b'), ('A', 'a', 'b')"
    )
    with pytest.raises(
        InputError, match=r"1 cell of 'ticker' in table 'securities' of market\.sqlite is no texts but int: row 1 130"
    ):
        open_source(made.data).table("securities")
