"""Whole commands, killed at many instants, at once, on a full disk and in folders that cannot be written."""

from __future__ import annotations

import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

import riskmodel as rm
from attribution.reporting import files
from riskmodel.market.tables import read_table
from tests.conftest import ROOT, SMALL
from tests.killing import KILLED, content

pytestmark = pytest.mark.slow
BY_CHANGE, BY_CLOCK = 8, 8  # instants of each command: spread over its changes of the folder, drawn over its time
MONTHS = ("2025-02", "2025-03")
LONGEST_PAGE = 120  # seconds to lay one out where many processes share the machine
WATCHED = """
import sys
from tests.killing import before_change
seen = before_change(int(sys.argv[1]), sys.argv[2])
from attribution.cli import main
code = main(sys.argv[3:])
print(len(seen), file=sys.stderr)
sys.exit(code)
"""
OWN = {"notes.txt": b"mine", "commentary.ja.md": b"edited, in a language that is not written"}
MAKE_ROOM = "Make room, or set TMPDIR to another folder."
MARK = "KILLED_COMMANDS"  # in the environment of every process that is begun here


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a copy of the small market, its book with a store of its own, and the store."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(SMALL, folder / "small")
    text = (SMALL / "book.toml").read_text(encoding="utf-8")
    (folder / "small" / "book.toml").write_text(
        text.replace("[limits]", '[model]\nstore = "../store/model.nc"\n\n[limits]'), encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def command(place):
    """Begins a command on the book, or does it."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(place / "cache"),
        "OMP_NUM_THREADS": "1",
        MARK: str(place),
    }

    def begin(*arguments, step=None, watched=None, before=(), variables=None, **options):
        book = arguments[0], str(place / "small" / "book.toml"), *map(str, arguments[1:])
        program = ["-m", "attribution.cli"] if step is None else ["-c", WATCHED, str(step), str(watched)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        whole = [*before, sys.executable, *program, *book]
        return subprocess.Popen(whole, cwd=ROOT, env=environment | (variables or {}), **pipes, **options)

    return begin


def done(process):
    """What a command ends with, and what it says."""
    said = process.communicate()
    return process.returncode, said[0] + said[1]


def report(month, out):
    return "report", "--month", month, "--out", out, "--lang", "en"


def killed(command, arguments, watched, instant):
    """Do a command and kill it: before a change of the folder (a whole number), or after so many seconds; whether it was."""
    if isinstance(instant, int):
        return done(command(*arguments, step=instant, watched=watched))[0] == KILLED
    process = command(*arguments)
    try:
        process.wait(instant)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    return done(process)[0] == KILLED


def instants(command, arguments, watched):
    """Instants of a command that has not run yet, and runs once for that."""
    began = time.monotonic()
    code, said = done(command(*arguments, step=10**9, watched=watched))
    assert code == 0, said
    taken, changes = time.monotonic() - began, int(said.split()[-1])
    draw = random.Random(20250331)
    by_change = [changes * turn // BY_CHANGE for turn in range(BY_CHANGE)]
    return [*by_change, *(draw.uniform(0, taken) for _ in range(BY_CLOCK))]


def workers_left():
    """Processes begun here that live on, such as one that lays out a PDF; where the system tells."""
    left = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}=".encode() in (path / "environ").read_bytes() and int(path.name) != os.getpid():
                left.append((path / "cmdline").read_bytes())
        except OSError:
            continue
    return left


@pytest.fixture(scope="module")
def store(place, command):
    """The store of all sessions, as one fit leaves it."""
    code, said = done(command("fit"))
    assert code == 0, said
    return content(place / "store")


@pytest.fixture(scope="module")
def reports(store, place, command):
    """What the report of each month writes."""
    made = {}
    for month in MONTHS:
        code, said = done(command(*report(month, place / month)))
        assert code == 0, said
        made[month] = content(place / month)
    return made


def put(folder, made):
    """Have these files in a folder and no others."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def seen_in(out):
    """The files of a report in a folder, and whether the manifest says that they are one report, whole."""
    found = {name: data for name, data in content(out).items() if not name.startswith(files.BESIDE)}
    if files.MANIFEST not in found:
        return found, False
    listed = json.loads(found[files.MANIFEST])["outputs"]
    assert {name: sha256(found[name]).hexdigest() for name in listed} == listed
    return found, True


# ---------------------------------------------------------------- killed


def test_a_report_that_is_killed_leaves_the_folder_of_one_month_or_no_manifest(place, command, reports, tmp_path):
    old, new = reports[MONTHS[0]], reports[MONTHS[1]]
    out, ends = tmp_path / "out", []
    put(out, old)
    for instant in instants(command, report(MONTHS[1], out), out):
        put(out, old | OWN)
        was = killed(command, report(MONTHS[1], out), out, instant)
        found, whole = seen_in(out)
        assert {name: found.pop(name) for name in OWN} == OWN
        if whole:
            assert found in (old, new)
        else:
            assert all(data in (old.get(name), new.get(name)) for name, data in found.items())
        ends.append((was, "mixed" if not whole else "old" if found == old else "new"))
        files.require_unedited(out, ["commentary.en.md"], given=set())
        files.write_whole(out, new)  # as the next run does
        assert content(out) == new | OWN
    print({end: ends.count(end) for end in sorted(set(ends))})
    assert sum(was for was, _ in ends) >= BY_CHANGE
    until = time.monotonic() + LONGEST_PAGE
    while workers_left() and time.monotonic() < until:  # a page that was handed over is laid out to its end
        time.sleep(1)
    assert workers_left() == []


def test_a_report_into_a_new_folder_that_is_killed_leaves_none_or_a_whole_one(command, reports, tmp_path):
    out, new, ends = tmp_path / "house" / "out", reports[MONTHS[1]], []
    out.parent.mkdir()
    for instant in instants(command, report(MONTHS[1], out), out.parent):
        shutil.rmtree(out, ignore_errors=True)
        was = killed(command, report(MONTHS[1], out), out.parent, instant)
        ends.append((was, out.exists()))
        assert not out.exists() or content(out) == new
    print({end: ends.count(end) for end in sorted(set(ends))})
    shutil.rmtree(out, ignore_errors=True)
    files.write_whole(out, new)
    assert [path.name for path in out.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("sessions", [0, 400])
def test_a_fit_that_is_killed_leaves_the_store_as_it_was_or_whole(place, command, store, sessions):
    prices = read_table(SMALL, "prices")
    days = sorted(prices["date"].unique())
    path, earlier = place / "store" / "model.nc", {}
    if sessions:
        (place / "small" / "prices.parquet").unlink()
        prices[prices["date"] < days[sessions]].to_parquet(place / "small" / "prices.parquet", index=False)
        shutil.rmtree(path.parent)
        assert done(command("fit"))[0] == 0
        earlier = content(path.parent)
        shutil.copy(SMALL / "prices.parquet", place / "small")
    put(path.parent, earlier)
    ends = []
    for instant in instants(command, ("fit",), path.parent):
        put(path.parent, earlier)
        was = killed(command, ("fit",), path.parent, instant)
        there = path.exists() and rm.load(path, verify=True).factor_returns.sizes["time"]
        assert there in ({sessions, len(days)} if sessions else {False, len(days)})
        ends.append((was, int(there)))
    print({end: ends.count(end) for end in sorted(set(ends))})
    for left in path.parent.rglob(".*"):
        os.utime(left, (0, 0))
    assert done(command("fit"))[0] == 0
    assert rm.load(path, verify=True).factor_returns.sizes["time"] == len(days)
    assert not list(path.parent.rglob(".*"))


# ---------------------------------------------------------------- at once


@pytest.mark.parametrize("there", [False, True])
def test_two_reports_into_one_folder_at_once_both_succeed(place, command, store, reports, tmp_path, there):
    put(place / "store", store)  # an updated one gives the same to twelve digits, not the same bytes
    for turn in range(2):
        out = tmp_path / f"out{turn}"
        if there:
            put(out, reports[MONTHS[0]])
        both = [command(*report(month, out)) for month in MONTHS]
        assert [done(process)[0] for process in both] == [0, 0]
        assert content(out) in reports.values()
        assert [path.name for path in tmp_path.glob(f"{files.BESIDE}*")] == []


def test_fits_and_a_report_on_one_new_store_all_succeed(place, command, reports, tmp_path):
    for turn in range(2):
        shutil.rmtree(place / "store")
        started = [command("fit"), command("fit"), command(*report(MONTHS[1], tmp_path / f"out{turn}"))]
        assert [done(process)[0] for process in started] == [0, 0, 0]
        assert len(content(place / "store")) == 2
        rm.load(place / "store" / "model.nc", verify=True)
        assert content(tmp_path / f"out{turn}") == reports[MONTHS[1]]


# ---------------------------------------------------------------- no room, no right to write


DISK = """
mount -t tmpfs -o size="$1" tmpfs "$2" && cp -a "$3/." "$2" || exit 99
disk="$2" result="$4"; shift 4
"$@"; code=$?
cp -a "$disk/." "$result"; exit $code
"""


@pytest.fixture
def on_a_disk(command, tmp_path):
    """Does a command while a folder is a disk of so many bytes, with some files: its code, what it says, what it leaves."""
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*alone, "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a disk")

    def do(*arguments, folder, size, there, **variables):
        for path, files_there in ((folder, {}), (tmp_path / "there", there), (tmp_path / "after", {})):
            put(path, files_there)
        before = [*alone, DISK, "sh", str(size), folder, tmp_path / "there", tmp_path / "after"]
        return *done(command(*arguments, before=before, variables=variables)), content(tmp_path / "after")

    return do


@pytest.mark.parametrize("room", [0, 100_000, 600_000])
def test_a_report_on_a_full_disk_leaves_the_old_one_and_one_message(on_a_disk, reports, tmp_path, room):
    old, out = reports[MONTHS[0]] | OWN, tmp_path / "out"
    size = sum(len(data) + 4096 for data in old.values()) + room
    code, said, after = on_a_disk(*report(MONTHS[1], out), folder=out, size=size, there=old)
    assert (code, after) == (2, old)
    assert said.endswith(f"--out: cannot write in '{out}' (No space left on device). Make room, or name another folder.\n")


def test_a_report_on_a_disk_with_room_for_it_is_written(on_a_disk, reports, tmp_path):
    out = tmp_path / "out"
    code, said, after = on_a_disk(*report(MONTHS[1], out), folder=out, size=10**8, there=reports[MONTHS[0]] | OWN)
    assert (code, after) == (0, reports[MONTHS[1]] | OWN), said


@pytest.mark.parametrize("share", [0, 0.05, 0.5, 0.95])
def test_a_fit_on_a_full_disk_leaves_one_message_and_nothing(on_a_disk, place, store, share):
    size = int(sum(map(len, store.values())) * share) + 4096
    code, said, after = on_a_disk("fit", folder=place / "store", size=size, there={})
    assert (code, after) == (2, {})
    assert said.count("\n") == 1
    assert said.endswith("model.nc' (No space left on device). Set [model] store.\n")


def test_a_full_disk_for_temporary_files_is_one_message(on_a_disk, reports, tmp_path):
    temporary = tmp_path / "temporary"
    code, said, _ = on_a_disk(
        *report(MONTHS[1], tmp_path / "out"), folder=temporary, size=65_536, there={}, TMPDIR=temporary
    )
    assert code == 2
    assert said.endswith(f"report: no room for the PDF in the folder for temporary files, '{temporary}'. {MAKE_ROOM}\n")
    assert not (tmp_path / "out").exists()


def unprivileged():
    """Have the process that is about to begin obey the rights of folders though it is root's."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


@pytest.fixture
def read_only():
    """Takes the right to write into a folder until the test has ended."""
    taken = []

    def take(folder):
        folder.chmod(0o555)
        taken.append(folder)

    yield take
    for folder in taken:
        folder.chmod(0o755)


def test_a_report_into_a_folder_that_cannot_be_written_is_refused_before_the_work(command, reports, tmp_path, read_only):
    out = tmp_path / "out"
    put(out, reports[MONTHS[0]])
    read_only(out)
    code, said = done(command(*report(MONTHS[1], out), preexec_fn=unprivileged))
    assert (code, content(out)) == (2, reports[MONTHS[0]])
    assert said == f"attribution report: --out: cannot write in '{out}' (Permission denied). Name another folder.\n"


def test_a_report_of_which_one_part_cannot_be_written_leaves_the_old_one(command, reports, tmp_path, read_only):
    out = tmp_path / "out"
    put(out, reports[MONTHS[0]])
    read_only(out / "tables")
    code, said = done(command(*report(MONTHS[1], out), preexec_fn=unprivileged))
    assert (code, content(out)) == (2, reports[MONTHS[0]])
    assert said.endswith(f"--out: cannot write in '{out}' (Permission denied). Make room, or name another folder.\n")


def test_a_store_that_cannot_be_written_is_refused_and_a_store_that_is_there_is_read(
    command, place, reports, store, read_only
):
    put(place / "store", {})
    read_only(place / "store")
    code, said = done(command("fit", preexec_fn=unprivileged))
    assert (code, said.count("\n")) == (2, 1)
    assert said.endswith("(Permission denied). Set [model] store.\n")
    (place / "store").chmod(0o755)
    put(place / "store", store)
    read_only(place / "store")
    code, said = done(command("fit", preexec_fn=unprivileged))
    assert code == 0, said
    assert content(place / "store") == store


def test_data_that_cannot_be_written_are_all_that_a_report_needs(command, place, reports, tmp_path, read_only):
    read_only(place / "small")
    code, said = done(command(*report(MONTHS[1], tmp_path / "out"), preexec_fn=unprivileged))
    assert code == 0, said
    assert content(tmp_path / "out") == reports[MONTHS[1]]
