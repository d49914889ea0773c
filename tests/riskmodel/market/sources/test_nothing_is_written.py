"""Whatever a query says, a database and the files beside it stay as they are: its engine refuses, not a search for words."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd
import psycopg
import pytest

from riskmodel.errors import InputError
from riskmodel.market.sources import open_source
from riskmodel.market.sources.duckdb_file import DuckDBFile
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.sources.sql_server import SQLServer
from riskmodel.market.sources.sqlite_file import SQLiteFile

RATES = pd.DataFrame({"date": pd.to_datetime(["2025-03-03", "2025-03-04"]), "risk_free": [1e-4, 2e-4]})
EVERYWHERE = [
    "insert into rates select * from rates",
    "insert into rates select * from rates returning *",
    "delete from rates",
    "update rates set risk_free = 0",
    "create table mine as select * from rates",
    "create temporary table mine as select * from rates",
    "drop table rates",
    "select * from rates; drop table rates",
    "select date, risk_free from rates) as given; drop table rates; select * from (select 1",
    "drop table rates; select date, risk_free from rates",
]
OWN = {
    "duckdb": [
        "with gone as (delete from rates returning *) select * from gone",
        "select nextval('counter') as risk_free, date from rates",
        "copy rates to '{folder}/out.csv'",
        "copy (select * from rates) to '{folder}/out.csv'",
        "export database '{folder}/out'",
        "attach '{folder}/out.duckdb'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "pragma enable_profiling",
        "checkpoint",
        "call pragma_version()",
        "select date, risk_free from rates, read_text('/etc/hostname')",
        "select date, risk_free from rates, glob('/etc/*')",
    ],
    "sqlite": [
        "with gone as (select 1) delete from rates",
        "replace into rates values ('2025-03-05', 1)",
        "attach '{folder}/out.sqlite' as out",
        "vacuum into '{folder}/out.sqlite'",
        "pragma user_version = 7",
        "pragma journal_mode = wal",
        "select * from pragma_table_info('rates')",
        "select load_extension('x') as risk_free, date from rates",
        "begin",
        "reindex",
    ],
    "postgresql": [
        "with gone as (delete from rates returning *) select * from gone",
        "select * into mine from rates",
        "select nextval('counter') as risk_free, date from rates",
        "select date, risk_free from rates for update",
        "select date, adds() as risk_free from rates",
        "copy rates to '{folder}/out.csv'",
        "copy rates to program 'touch {folder}/out.csv'",
        "copy rates to stdout",
        "select date, length(pg_read_file('PG_VERSION')) as risk_free from rates",
        "select date, set_config('transaction_read_only', 'off', false) as risk_free from rates",
        "set transaction read write",
        "commit",
        "call adds()",
        "notify mine",
        "lock rates",
        "explain analyze delete from rates",
    ],
}
PREPARED = {
    "duckdb": ["create sequence counter"],
    "sqlite": [],
    "postgresql": [
        "create sequence counter",
        "grant all on counter to reader",
        "create function adds() returns float language sql volatile as 'insert into rates values (null, 1) returning 1.0'",
    ],
}


@pytest.fixture
def filled(made):
    """A database with rates, and a reader who may write: it is not the rights that refuse."""
    made.fill({"rates": RATES})
    made.run(*PREPARED[made.engine])
    return made


def beside(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def state_of(made) -> object:
    """All that a query could have changed, by a connection of its own."""
    if made.engine != "postgresql":
        return beside(Path(made.data).parent)
    with psycopg.connect(made.data) as connection:
        rows = connection.execute("select * from rates order by date").fetchall()
        objects = connection.execute("select count(*) from pg_largeobject_metadata").fetchall()
        return rows, objects, connection.execute("select relname from pg_class order by 1").fetchall()


def test_a_query_that_is_more_than_reading_is_refused_and_changes_nothing(filled, tmp_path):
    folder, before, answered = Path(tmp_path), state_of(filled), []
    for query in EVERYWHERE + OWN[filled.engine]:
        stated = {"rates": TableMap(query=query.format(folder=folder))}
        try:
            answered.append((query, open_source(filled.data, maps=stated).table("rates")))
        except InputError as error:
            assert "\n" not in str(error)
    assert not answered
    assert state_of(filled) == before
    assert {path.name for path in folder.iterdir()} <= {"market.duckdb", "market.sqlite"}
    stated = {
        "rates": TableMap(query="select date, risk_free from rates where risk_free > 0 -- delete; insert, 'drop table'")
    }
    assert len(open_source(filled.data, maps=stated).table("rates")) == 2


@pytest.mark.parametrize("query", ["delete from rates", "selec * from rates", "select * from rates; drop table rates"])
def test_a_query_that_is_refused_is_named_with_what_is_allowed(made, query):
    made.fill({"rates": RATES})
    named = (
        r"^rates: \[tables\.rates\] query cannot be read from .* \(.+\)\. Correct the query, in the engine's own SQL\. "
        r"Only one SELECT is allowed, which changes nothing\.$"
    )
    with pytest.raises(InputError, match=named) as refused:
        open_source(made.data, maps={"rates": TableMap(query=query)}).table("rates")
    if made.engine == "postgresql":
        assert "reader:***@" in str(refused.value)


@pytest.mark.parametrize("query", ["select * from nowhere", "\n  SELECT nothing FROM rates;\n"])
def test_a_misspelt_name_in_a_query_is_told_as_the_engine_says_it_and_no_rule_is_recited(made, query):
    made.fill({"rates": RATES})
    with pytest.raises(InputError, match=r"\(.*(nowhere|nothing).*\)\. Correct the query, in the engine's own SQL\.$"):
        open_source(made.data, maps={"rates": TableMap(query=query)}).table("rates")


def test_a_table_that_the_login_may_not_read_is_named_with_its_grant(make_database):
    made = make_database("postgresql")
    made.fill({"rates": RATES})
    with psycopg.connect(made.data.replace("reader", "maker", 1)) as owner:
        owner.execute("revoke select on rates from reader")
    with pytest.raises(InputError, match=r"rates\)\. Have its owner run: grant select on rates to reader\.$"):
        open_source(made.data).table("rates")
    with pytest.raises(InputError, match=r"rates\)\. Have its owner grant select on it to reader if it is a table; take"):
        open_source(made.data, maps={"rates": TableMap(query="select * from rates")}).table("rates")
    made.run('create schema "Own"', 'create table "Own".rates as select * from rates')
    with pytest.raises(
        InputError, match=r'run: grant usage on schema "Own" to reader; grant select on "Own"\.rates to reader\.$'
    ):
        open_source(made.data, maps={"rates": TableMap(table="Own.rates")}).table("rates")


def test_what_a_server_does_all_the_same_is_taken_back(make_database):
    """Before its version 16 PostgreSQL lets a read-only transaction make large objects; the transaction is rolled back."""
    made = make_database("postgresql")
    made.fill({"rates": RATES})
    before = state_of(made)
    stated = {"rates": TableMap(query="select date, lo_creat(-1) as risk_free from rates")}
    with contextlib.suppress(InputError):
        open_source(made.data, maps=stated).table("rates")
    assert state_of(made) == before


def test_it_is_the_engine_that_refuses_to_write(filled):
    """Past what looks at a query: the open connection itself."""
    engine = {"duckdb": DuckDBFile, "sqlite": SQLiteFile, "postgresql": SQLServer}[filled.engine]
    place = filled.data if filled.engine == "postgresql" else Path(filled.data)
    refused = {
        "duckdb": (duckdb.Error, "read-only"),
        "sqlite": (sqlite3.DatabaseError, "not authorized|readonly"),
        "postgresql": (Exception, "read-only transaction"),
    }
    with engine(place).session() as session:
        if filled.engine == "sqlite":
            session.connection.set_authorizer(None)
        write = session.connection.exec_driver_sql if filled.engine == "postgresql" else session.connection.execute
        with pytest.raises(refused[filled.engine][0], match=refused[filled.engine][1]):
            write("delete from rates")
        if filled.engine == "postgresql":
            session.connection.rollback()


def test_a_superuser_reads_tables_and_asks_nothing(make_database):
    """No transaction keeps one from the server's files."""
    made = make_database("postgresql")
    made.fill({"rates": RATES})
    url = made.data.replace("reader", "maker", 1)
    assert len(open_source(url).table("rates")) == 2
    with pytest.raises(InputError, match=r"the login may do more .*pg_write_server_files.* a view of it and state table"):
        open_source(url, maps={"rates": TableMap(query="select * from rates")}).table("rates")


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_no_file_is_made_beside_one_of_sqlite(make_database, tmp_path, mode):
    made = make_database("sqlite")
    made.fill({"rates": RATES})
    made.run(f"pragma journal_mode = {mode}")
    before = beside(tmp_path)
    assert list(before) == ["market.sqlite"]
    with SQLiteFile(tmp_path / "market.sqlite").session() as session:
        assert session.tables() == ["rates"]
        assert beside(tmp_path) == before
    assert beside(tmp_path) == before


def test_a_file_that_changes_while_it_is_read_is_refused(make_database, tmp_path):
    made = make_database("sqlite")
    made.fill({"rates": RATES})
    made.run("pragma journal_mode = wal")
    refused = pytest.raises(InputError, match=r"market\.sqlite: has changed while it was read\. Read it again")
    with refused, SQLiteFile(tmp_path / "market.sqlite").session() as session:
        session.tables()
        made.run("delete from rates")


def test_what_others_write_into_the_log_is_read_too(make_database, tmp_path):
    made = make_database("sqlite")
    made.fill({"rates": RATES})
    made.run("pragma journal_mode = wal")
    with closing(sqlite3.connect(made.data)) as other:
        other.execute("delete from rates where risk_free > 0.00015")
        other.commit()
        assert len(open_source(made.data).table("rates")) == 1


def test_a_view_may_read_files_beside_its_database_and_no_others(make_database, tmp_path):
    made = make_database("duckdb")
    (tmp_path / "rates.csv").write_text("date,risk_free\n2025-03-03,0.0001\n", encoding="ascii")
    made.run(f"create view rates as select * from read_csv('{tmp_path}/rates.csv')")
    assert open_source(made.data).table("rates")["risk_free"].tolist() == [1e-4]
    made.run("create or replace view rates as select content as date, 0 as risk_free from read_text('/etc/hostname')")
    with pytest.raises(InputError, match="disabled by configuration"):
        open_source(made.data).table("rates")
