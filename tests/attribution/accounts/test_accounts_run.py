"""Accounts from Parquet to Parquet on a cluster: the numbers of `attribute`, rejects, restarts, workers that die."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import attribution as at
import riskmodel as rm
from attribution.accounts import dataset
from attribution.accounts.accounts import attribute_accounts
from attribution.accounts.arrays import _own
from attribution.accounts.cluster import require_cluster
from attribution.accounts.dataset import read_accounts, read_part
from attribution.accounts.folder import RunFolder
from attribution.accounts.rejects import COLUMNS, fact_of
from attribution.accounts.run import _shared, run_accounts
from attribution.accounts.tasks import TABLES, explained_tables, write_parquet
from attribution.cli import main
from attribution.house_style.words import LANGUAGES, read_messages
from attribution.portfolio.course import follow_course
from attribution.portfolio.periods import read_period
from riskmodel.files import alone
from tests.conftest import ROOT, SMALL, SMALL_MONTH
from tests.killing import content

distributed = pytest.importorskip("distributed", reason="the extra 'scale' is not installed")

COURSE, BASE = "Major 100", pd.Timestamp("2025-02-28")
NEAR = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(scope="module")
def client():
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def names(small_market):
    there = small_market["total_return"].sel(time=slice(BASE, None)).notnull().all("time").to_numpy()
    return small_market.get_index("asset")[there].to_numpy()


@pytest.fixture(scope="module")
def held(names, small_book):
    """Rows of 40 accounts of ten names and cash, and of the sleeve that is a course."""
    rng, rows = np.random.default_rng(5), []
    for number in range(40):
        tickers = [*rng.choice(names, 10, replace=False), "CASH"]
        rows.append(pd.DataFrame({"portfolio": f"C{number:02d}", "ticker": tickers, "weight": rng.dirichlet(np.ones(11))}))
    sleeve = small_book.holdings[(small_book.holdings["portfolio"] == "major") & (small_book.holdings["date"] == BASE)]
    return pd.concat([*rows, sleeve[["portfolio", "ticker", "weight"]]], ignore_index=True)


@pytest.fixture
def written(held, tmp_path):
    """A folder of two files, one account in both, with small groups of rows."""
    folder = tmp_path / "accounts"
    folder.mkdir()
    for name, rows in (("a", held[:204]), ("b", held[204:])):
        rows.to_parquet(folder / f"{name}.parquet", index=False, row_group_size=50)
    return folder


@pytest.fixture
def run(client, small_book, written, tmp_path):
    return partial(
        run_accounts, small_book, written, month=SMALL_MONTH, course=COURSE, out=tmp_path / "out",
        client=lambda: nullcontext(client),
    )  # fmt: skip


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(dataset, "ACCOUNTS_OF_A_PART", 7)


@pytest.fixture(scope="module")
def shared(small_book, small_model, small_market, names):
    """What the accounts of `held` share."""
    accounts = dataset.Accounts({}, [], 0, pd.Index([*names, "0130", "OTZA", "NOPE"]), None)
    return _shared(small_book, COURSE, SMALL_MONTH, accounts, small_model, small_market)


def read(out, name):
    return pd.concat([pd.read_parquet(path) for path in sorted((out / name).glob("*.parquet"))], ignore_index=True)


# ---------------------------------------------------------------- what is written


def test_the_tables_are_those_of_attribute_accounts_and_of_attribute(
    run, small_parts, held, small_book, small_model, small_market, tmp_path
):
    done = run()
    assert (done.explained, done.rejected) == (41, {})
    returns, contributions = read(tmp_path / "out", "returns"), read(tmp_path / "out", "contributions")
    versus = follow_course(small_book, COURSE, small_market, read_period(SMALL_MONTH, small_book, small_market))
    expected = attribute_accounts(held, versus, small_model, small_market, period=SMALL_MONTH, delisted="cash")
    pd.testing.assert_frame_equal(returns[list(expected.returns)], expected.returns, check_dtype=False, **NEAR)
    pd.testing.assert_frame_equal(contributions, expected.factors, check_dtype=False, **NEAR)
    sums = contributions.groupby("portfolio")["contribution"].sum()
    np.testing.assert_allclose(sums[returns["portfolio"]], returns["excess"], **NEAR)
    assert (returns["difference"].abs() <= 1e-12).all() and (returns["stopped"] == 0).all()
    course = at.attribute(small_book, COURSE, small_model, small_market, period=SMALL_MONTH).by("factor")
    sleeve = contributions[contributions["portfolio"] == "major"].set_index("factor")["contribution"]
    np.testing.assert_allclose(sleeve[course.index], course, **NEAR)


def test_the_manifest_says_what_the_files_are_of_and_no_clock_host_or_path(run, small_parts, written, tmp_path):
    run()
    text = (tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")
    told = json.loads(text)
    assert told["run"]["accounts"].keys() == {"a.parquet", "b.parquet"} and told["run"]["parts"] == 6
    assert told["run"]["benchmark"] == "Large Index" and told["explained"] == 41 and told["rejected"] == {}
    assert set(told["outputs"]) | {"manifest.json"} == set(content(tmp_path / "out"))
    assert str(tmp_path) not in text and os.uname().nodename not in text


def test_a_run_that_stopped_goes_on_and_ends_with_the_same_bytes(run, small_parts, tmp_path):
    run()
    whole, out = content(tmp_path / "out"), tmp_path / "out"
    run(out=tmp_path / "again")
    assert content(tmp_path / "again") == whole
    manifest = json.loads(whole["manifest.json"])
    (out / "manifest.json").unlink()
    (out / "unfinished.json").write_text(json.dumps(manifest["run"]))
    (out / "rejects").mkdir()
    for number in range(6):
        empty = pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
        write_parquet(empty, out / "rejects" / f"part-{number:05d}.parquet")
    (out / "returns" / "part-00003.parquet").unlink()
    (out / "contributions" / ".part-00003.parquet.dead").write_bytes(b"half")
    kept = (out / "returns" / "part-00002.parquet").stat().st_mtime_ns
    run()
    assert content(out) == whole
    assert (out / "returns" / "part-00002.parquet").stat().st_mtime_ns == kept
    run(client=None)  # all is there, and no cluster is wanted


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kept", [0, 40, None])
def test_a_part_of_which_a_table_is_cut_off_or_gone_is_made_anew(run, small_parts, tmp_path, table, kept):
    """As a power cut may leave it."""
    out = tmp_path / "out"
    finish, whole = RunFolder.finish, {}

    def cut(folder, parts):
        whole.update(content(out))
        path = out / table / "part-00003.parquet"
        half = path.read_bytes()[: kept or 0]
        path.unlink()
        if kept is not None:
            path.write_bytes(half)
        assert [part.name for part in folder.missing(parts)] == ["part-00003.parquet"]
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "finish", cut)
        with pytest.raises(KeyboardInterrupt):
            run()
    with pytest.MonkeyPatch.context() as patch:
        seen = {}
        patch.setattr(RunFolder, "finish", lambda folder, parts: (seen.update(content(out)), finish(folder, parts))[1])
        run()
    assert seen == whole


def test_a_finished_run_with_a_file_that_is_gone_or_changed_is_not_given_back(run, small_parts, tmp_path):
    run()
    out = tmp_path / "out"
    path = out / "returns" / "part-00003.parquet"
    whole = path.read_bytes()
    path.unlink()
    for content_, said in ((None, "is missing"), (b"", r"is not as manifest\.json says")):
        if content_ is not None:
            path.write_bytes(content_)
        with pytest.raises(
            rm.InputError, match=rf"1 file of the finished run in '.*' {said}: returns/part-00003\.parquet\. Delete"
        ):
            run()
    path.write_bytes(whole)
    assert run(client=None).explained == 41


def test_progress_counts_the_parts(run, small_parts):
    seen = []
    run(progress=seen.append)
    stages = [stage for stage in seen if stage.startswith("contributions: ")]
    assert stages[0] == "contributions: 0 of 6 parts" and stages[-1] == "contributions: 6 of 6 parts"


def test_a_cluster_without_workers_is_said_to_be_waited_for(run):
    options = {"processes": False, "n_workers": 0, "threads_per_worker": 1, "dashboard_address": ":0"}
    seen = []
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:

        def tell(stage):
            seen.append(stage)
            if "waiting" in stage:
                cluster.scale(1)

        assert run(client=lambda: nullcontext(client), progress=tell).explained == 41
    said = "contributions: 0 of 1 parts, waiting for a first worker: the cluster has none"
    assert [stage for stage in seen if "waiting" in stage] == [said]


@pytest.mark.parametrize("rows", [1, 12, 30, 10_000])
def test_parts_hold_whole_accounts_whatever_the_files_are_cut_into(written, held, monkeypatch, rows):
    monkeypatch.setattr(dataset, "ROWS_OF_A_PART", rows)
    found = read_accounts(written)
    assert found.number == 41 and set(found.tickers) == set(held["ticker"])
    parts = [read_part(part) for part in found.parts]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), held, check_dtype=False)
    owners = [set(part["portfolio"]) for part in parts]
    assert sum(map(len, owners)) == 41
    assert all(len(part) <= max(rows, 30) for part in parts)


@pytest.mark.parametrize("keys", [["date"], ["portfolio"], ["date", "portfolio"]], ids=str)
def test_the_name_of_a_folder_says_what_all_rows_below_have(held, tmp_path, keys):
    """As pandas and dask write with partition_cols; the folder above, that folder or a file in it may be named."""
    dated = held.assign(date=BASE).sort_values("portfolio", kind="stable", ignore_index=True)
    dated.to_parquet(tmp_path / "accounts", index=False, partition_cols=keys)
    found = read_accounts(tmp_path / "accounts")
    assert found.since == BASE and found.number == 41 and set(found.tickers) == set(held["ticker"])
    rows = pd.concat([read_part(part) for part in found.parts], ignore_index=True)
    pd.testing.assert_frame_equal(rows[dated.columns], dated, check_dtype=False)
    file = min((tmp_path / "accounts").rglob("*.parquet"))
    for place in (file, file.parent):
        below = read_accounts(place)
        assert below.since == BASE and below.hashes == {name: found.hashes[name] for name in below.hashes}


def test_a_list_that_its_folder_dates_is_held_from_that_day_and_not_from_the_base(held, shared, tmp_path):
    early = held[held["portfolio"] == "C00"].assign(date=pd.Timestamp("2024-12-31"))
    early.to_parquet(tmp_path / "accounts", index=False, partition_cols=["date"])
    (part,) = read_accounts(tmp_path / "accounts").parts
    told, expected = explained_tables(read_part(part), shared), explained_tables(early, shared)
    pd.testing.assert_frame_equal(told["returns"], expected["returns"])
    undated = explained_tables(early.drop(columns="date"), shared)
    assert abs(undated["returns"]["return"] - told["returns"]["return"]).item() > 1e-5


# ---------------------------------------------------------------- rejects

A = "AYCU"  # a ticker of the shipped market
ONE = pd.Timestamp("2025-02-28")


def bad(*rows):
    return pd.DataFrame([("BAD", *row) for row in rows], columns=["portfolio", "date", "ticker", "weight"])


UNFIT = {
    "control_character": (bad((ONE, "A\tB", 1.0)), "control character"),
    "empty_cell": (bad((ONE, A, 0.4), (ONE, None, 0.6)), "no date, ticker or weight in 1 of its rows"),
    "no_day": (bad((ONE + pd.Timedelta("16h"), A, 1.0)), "a date with a time of day"),
    "endless_weight": (bad((ONE, A, np.inf)), f"an infinite weight of {A}"),
    "duplicate_row": (bad((ONE, A, 0.5), (ONE, A, 0.5)), f"1 rows repeat a date and ticker, 2025-02-28 {A} first"),
    "no_holdings": (bad((ONE, A, 0.0)), "no holdings"),
    "weight_sum": (bad((ONE, A, 0.4), (ONE, "CASH", 0.5)), "the weights of 2025-02-28 sum to 0.9, not 1"),
    "unknown_ticker": (bad((ONE, "NOPE", 0.4), (ONE, "NEIN", 0.6)), "no prices of NOPE"),
    "before_first_price": (bad((pd.Timestamp("2024-10-01"), "OTZA", 1.0)), "OTZA has no price yet on 2024-10-01"),
    "no_list": (bad((pd.Timestamp("2025-03-05"), A, 1.0)), "no list of weights on or before 2025-02-28"),
    "lost_all": (None, "all value is lost by 2025-03-"),
}


@pytest.mark.parametrize("reason", UNFIT)
def test_an_unfit_account_is_a_row_with_its_reason_and_the_others_are_explained(reason, shared, held, small_market, names):
    rows, said = UNFIT[reason]
    if rows is None:
        returns = (1 + small_market["total_return"].sel(time=slice("2025-03-01", None), asset=names)).prod("time")
        rows = bad((ONE, str(returns.idxmax("asset").item()), -100.0), (ONE, "CASH", 101.0))
    good = held[held["portfolio"].isin(["C00", "C01"])].assign(date=BASE)
    tables = explained_tables(pd.concat([rows, good], ignore_index=True), shared)
    alone = explained_tables(good, shared)
    pd.testing.assert_frame_equal(tables["returns"], alone["returns"])
    pd.testing.assert_frame_equal(tables["contributions"], alone["contributions"])
    assert tables["rejects"][["portfolio", "reason"]].to_numpy().tolist() == [["BAD", reason]]
    row = next(tables["rejects"].itertuples())
    for language in LANGUAGES:
        assert "{" not in read_messages(language).fact("rejects", fact_of(row))
    assert said in read_messages("en").fact("rejects", fact_of(row))
    only = explained_tables(rows, shared)
    assert not len(only["returns"]) and len(only["rejects"]) == 1
    assert {name: list(table) for name, table in only.items()} == {name: list(kinds) for name, kinds in TABLES.items()}


@pytest.mark.parametrize(
    ("date", "ticker", "weight"),
    [
        ("2025-06-30", "NOPE", 1.0),  # after the period
        ("2025-03-31", "NOPE", 1.0),  # at its last close
        ("2024-12-31", "NOPE", 1.0),  # replaced by the base
        ("2024-12-31", A, 1.5),
    ],
)
def test_a_list_that_does_not_count_in_the_period_rejects_no_account(shared, held, date, ticker, weight):
    good = held[held["portfolio"] == "C00"].assign(date=BASE)
    odd = pd.DataFrame({"portfolio": ["C00"], "date": [pd.Timestamp(date)], "ticker": [ticker], "weight": [weight]})
    tables, alone = explained_tables(pd.concat([good, odd], ignore_index=True), shared), explained_tables(good, shared)
    assert tables["rejects"].empty
    pd.testing.assert_frame_equal(tables["returns"], alone["returns"])
    within = explained_tables(pd.concat([good, odd.assign(date=pd.Timestamp("2025-03-14"))], ignore_index=True), shared)
    assert len(within["rejects"]) == 1


def test_a_name_that_stops_trading_is_a_reason_or_is_counted(small_book, small_model, small_market):
    """Ticker 0130 trades last on 2024-12-13."""
    rows = pd.DataFrame({"portfolio": ["P", "P", "Q"], "ticker": ["0130", "CASH", "CASH"], "weight": [0.5, 0.5, 1.0]})
    accounts = dataset.Accounts({}, [], 2, pd.Index(["0130", "CASH"]), None)
    carried = explained_tables(rows, _shared(small_book, COURSE, "2024-12", accounts, small_model, small_market))
    assert carried["returns"]["stopped"].tolist() == [1, 0]
    strict = _shared(small_book, COURSE, "2025-03", accounts, small_model, small_market).read.keywords | {
        "delisted": "error"
    }
    shared = _shared(small_book, COURSE, "2024-12", accounts, small_model, small_market)
    strict = partial(shared.read.func, **shared.read.keywords | {"delisted": "error"})
    object.__setattr__(shared, "read", strict)
    tables = explained_tables(rows, shared)
    assert tables["returns"]["portfolio"].tolist() == ["Q"]
    told = [read_messages("en").fact("rejects", fact_of(row)) for row in tables["rejects"].itertuples()]
    assert told == ["0130 trades last on 2024-12-13, and no final says what its holder got"]


def test_an_account_that_does_not_add_up_is_rejected_and_no_other(shared, held, monkeypatch):
    def damaged(lists, *given):
        own = _own(lists, *given)
        at_fault = lists.portfolios.get_indexer(["C03"])[0]
        own["excess_share"][own["portfolio"] == at_fault] *= 1 + 1e-8
        return own

    monkeypatch.setattr("attribution.accounts.arrays._own", damaged)
    tables = explained_tables(held, shared)
    assert tables["rejects"][["portfolio", "reason"]].to_numpy().tolist() == [["C03", "unreconciled"]]
    assert len(tables["returns"]) == 40


def test_every_reason_has_words_in_both_languages_and_a_line_in_the_docs():
    page = (ROOT / "docs" / "reference" / "accounts.md").read_text(encoding="utf-8")
    every = set(read_messages("en").table["rejects"])
    assert every == set(read_messages("ja").table["rejects"]) and set(UNFIT) < every
    assert all(f"| `{reason}` |" in page for reason in every)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    damage=st.lists(
        st.tuples(
            st.integers(0, 439),
            st.sampled_from(
                [
                    ("portfolio", ""), ("ticker", None), ("ticker", ""),
                    ("ticker", "NOPE"), ("ticker", "\x1b[31m"), ("ticker", "OTZA"),
                    ("weight", np.nan), ("weight", np.inf), ("weight", -1e300), ("weight", 40.0), ("weight", 0.0),
                    ("date", pd.NaT), ("date", pd.Timestamp("2025-03-05")), ("date", pd.Timestamp("1492-10-12")),
                ]
            ),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_whatever_stands_in_the_rows_every_account_is_explained_or_rejected(damage, shared, held):
    rows = held.assign(date=BASE)
    for row, (column, value) in damage:
        rows.loc[row, column] = value
    tables = explained_tables(rows, shared)
    explained, rejected = set(tables["returns"]["portfolio"]), set(tables["rejects"]["portfolio"])
    assert explained.isdisjoint(rejected) and explained | rejected == set(rows["portfolio"])
    assert rejected <= {held["portfolio"][row] for row, _ in damage} | {""}
    assert not tables["rejects"]["portfolio"].duplicated().any()
    assert set(tables["contributions"]["portfolio"]) == explained


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="weight"), r"'a\.parquet' has no column 'weight'\. Found: portfolio, ticker"),
        (lambda rows: rows.assign(weight="0.1"), r"holds (large_)?string values in 'weight', not numbers"),
        (lambda rows: rows.assign(ticker=1), r"holds int64 values in 'ticker', not texts"),
        (lambda rows: rows.assign(date="2025-02-28"), r"holds (large_)?string values in 'date', not dates"),
        (
            lambda rows: rows.assign(portfolio=rows["portfolio"].where(rows.index > 1)),
            r"2 rows of 'a\.parquet' without a port",
        ),
        (lambda rows: rows[:0], "there are no rows in"),
        (lambda rows: rows.sample(frac=1, random_state=0), r"41 accounts whose rows do not stand together: C"),
    ],
)
def test_files_that_cannot_be_read_as_accounts_are_refused(held, tmp_path, change, message):
    change(held).to_parquet(tmp_path / "a.parquet", index=False)
    with pytest.raises(rm.InputError, match=message):
        read_accounts(tmp_path)


@pytest.mark.parametrize(
    ("place", "rows", "message"),
    [
        ("date=2025-02-28", {"date": BASE}, r"'date=2025-02-28/a\.parquet' has a column 'date', and so says its folder"),
        ("date=spring", {}, r"'date=spring/a\.parquet': 1 cell of 'date' are not dates: row 1 'spring'"),
        ("portfolio=__HIVE_DEFAULT_PARTITION__", {"portfolio": None}, "11 rows of 'portfolio=.*' without a portfolio"),
    ],
)
def test_a_folder_that_contradicts_its_files_or_says_no_date_is_refused(held, tmp_path, place, rows, message):
    own = held[:11].assign(**rows).dropna(axis=1)
    (tmp_path / place).mkdir()
    own.to_parquet(tmp_path / place / "a.parquet", index=False)
    with pytest.raises(rm.InputError, match=message):
        read_accounts(tmp_path)


def test_files_with_and_without_a_date_are_refused_wherever_the_parts_are_cut(held, tmp_path):
    held[:11].to_parquet(tmp_path / "a.parquet", index=False)
    held[11:22].assign(date=BASE).to_parquet(tmp_path / "b.parquet", index=False)
    with pytest.raises(rm.InputError, match=r"accounts: 'date' is in 'b\.parquet' and not in 'a\.parquet'"):
        read_accounts(tmp_path)


def test_an_account_in_two_files_with_others_between_is_refused(held, tmp_path):
    for name, rows in (("a", held[:22]), ("b", pd.concat([held[11:33], held[:11]]))):
        rows.to_parquet(tmp_path / f"{name}.parquet", index=False)
    with pytest.raises(rm.InputError, match="1 account whose rows do not stand together: C00\\."):
        read_accounts(tmp_path)


def test_what_is_no_parquet_is_refused(tmp_path):
    with pytest.raises(rm.InputError, match="is not there"):
        read_accounts(tmp_path / "nowhere")
    with pytest.raises(rm.InputError, match="has no Parquet file"):
        read_accounts(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(rm.InputError, match=r"'a\.parquet' cannot be read as Parquet"):
        read_accounts(tmp_path)


def test_texts_and_dates_may_be_of_any_kind_that_parquet_has(held, tmp_path):
    rows = held.assign(date=BASE)
    table = pa.Table.from_pandas(rows, preserve_index=False)
    kinds = {"portfolio": pa.dictionary(pa.int32(), pa.string()), "ticker": pa.large_string(), "date": pa.date32()}
    schema = pa.schema([(name, kinds.get(name, pa.float32())) for name in table.column_names])
    pq.write_table(table.cast(schema, safe=False), tmp_path / "a.parquet")
    found = read_accounts(tmp_path / "a.parquet")
    assert found.since == BASE and found.hashes.keys() == {"a.parquet"}
    part = read_part(found.parts[0])
    assert part["portfolio"].tolist() == rows["portfolio"].tolist() and (part["date"] == BASE).all()


def test_a_folder_of_something_else_or_of_another_run_is_refused(run, tmp_path, held, written):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(rm.InputError, match="holds files, and no run of accounts"):
        run()
    (out / "mine.txt").unlink()
    run()
    with pytest.raises(rm.InputError, match=r"holds a run of other inputs or settings \(month\)"):
        run(month="2025-02")
    held[:11].to_parquet(written / "a.parquet", index=False)
    with pytest.raises(rm.InputError, match=r"other inputs or settings \(accounts, number\)"):
        run()
    (out / "manifest.json").write_text("{}")
    with pytest.raises(rm.InputError, match="is damaged, or of something else"):
        run()


def test_a_folder_that_another_run_writes_into_is_refused_until_it_has_ended(run, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with alone(out), pytest.raises(rm.InputError, match=r"another run writes into '.*out' just now"):
        run()
    assert not any(out.iterdir())
    assert run().explained == 41


def _interrupted(folder, parts):
    raise KeyboardInterrupt


def test_a_run_does_not_go_on_across_changed_code(run, tmp_path, monkeypatch):
    monkeypatch.setattr(RunFolder, "finish", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.undo()
    monkeypatch.setattr("attribution.accounts.run.packages_digest", lambda *packages: "other")
    with pytest.raises(rm.InputError, match=r"holds a run of other inputs or settings \(code\)"):
        run()


def test_a_run_that_is_refused_leaves_no_folder(run, tmp_path):
    for options in ({"month": "2031-01"}, {"course": "Minor 100"}, {"course": None}):
        with pytest.raises(rm.InputError):
            run(**options)
    assert not (tmp_path / "out").exists()


def test_books_with_several_benchmarks_are_asked_which(run):
    with pytest.raises(
        rm.InputError, match=r"--course: the sleeves have 2 benchmarks \(Large Index, Small Index\)\. Say aga"
    ):
        run(course=None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((0, None, None), "--workers: is 0"),
        ((None, "much", None), "--memory 'much': write a size such as 2GB"),
        ((None, "-1GB", None), "--memory '-1GB': write a size such as 2GB"),
        ((2, None, "tcp://host:1"), "--scheduler: the cluster there has its own workers"),
        ((None, None, "host"), "--scheduler 'host': write an address such as"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(options, message):
    with pytest.raises(rm.InputError, match=message):
        require_cluster(*options)


# ---------------------------------------------------------------- the command, and processes


def test_the_command_prints_what_it_wrote_and_the_first_rejects(client, written, tmp_path, capsys):
    rows = pd.DataFrame({"portfolio": "D00", "ticker": ["NOPE", "CASH"], "weight": [0.5, 0.5]})
    rows.to_parquet(written / "c.parquet", index=False)
    given = ["accounts", str(SMALL / "book.toml"), str(written), "--month", SMALL_MONTH, "--out", str(tmp_path / "out")]
    given += ["--course", COURSE, "--scheduler", client.scheduler.address]
    assert main(given) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(f"41 accounts against Large Index, {SMALL_MONTH}: ")
    assert printed.err.splitlines() == [
        "D00: no prices of NOPE",
        f"1 account not explained, with the reason of each: {tmp_path / 'out'}/rejects.parquet",
    ]
    assert main([*given, "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"course": COURSE, "explained": 41, "rejected": {"unknown_ticker": 1}}
    assert main([*given, "--format", "csv"]) == 1
    assert capsys.readouterr().out == "outcome,accounts\nexplained,41\nunknown_ticker,1\n"


@pytest.mark.slow  # two processes that start and are killed
def test_a_worker_that_is_killed_is_replaced_and_the_bytes_are_the_same(run, small_parts, tmp_path):
    run()
    whole, killed = content(tmp_path / "out"), []

    @contextmanager
    def mortal():
        with (
            distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
            distributed.Client(cluster) as client,
        ):
            pids = client.run(os.getpid)

            def kill(stage):
                if stage.startswith("contributions: 1 of") and not killed:
                    killed.extend(pids.values())
                    for pid in killed:
                        os.kill(pid, signal.SIGKILL)

            mortal.kill = kill
            yield client

    run(out=tmp_path / "again", client=mortal, progress=lambda stage: getattr(mortal, "kill", lambda _: None)(stage))
    assert len(killed) == 2
    assert content(tmp_path / "again") == whole
