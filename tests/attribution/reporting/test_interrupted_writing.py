"""What a folder holds when runs are killed, stopped, or write at once: at every change that a run makes in it."""

from __future__ import annotations

import errno
import hashlib
import json
import resource
import shutil
import time
from pathlib import Path

import pytest

from attribution.reporting import files
from riskmodel.errors import InputError
from tests.killing import KILLED, begun, content, ended, every_instant, in_another_process

OWN = {"notes.txt": b"mine", "commentary.ja.md": b"edited, in a language that is not written", "tables/own.csv": b"mine too"}
NAMES = ("report.en.html", "commentary.en.md", "tables/risk.csv")
GONE, ADDED = "report.ja.html", "tables/figures.csv"  # of the old report alone, of the new one alone


def report(text, *names):
    """Files of one text, with the manifest that lists them."""
    made = {name: f"{text} {name}".encode() for name in (*NAMES, *names)}
    outputs = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    return made | {files.MANIFEST: json.dumps({"outputs": outputs}).encode()}


OLD, NEW, NEXT = report("old", GONE), report("new", ADDED), report("next")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "house" / "out"


@pytest.fixture
def old_report(out):
    """Makes the folder as an earlier report and an analyst left it."""

    def make():
        shutil.rmtree(out, ignore_errors=True)
        files.write_whole(out, OLD)
        for name, data in OWN.items():
            (out / name).write_bytes(data)

    return make


def written(out):
    """What is in the folder without the analyst's own, which is as it was; and without what a killed run left."""
    found = content(out)
    assert {name: found.pop(name, b"") for name in OWN} == OWN
    return {name: data for name, data in found.items() if not name.startswith(files.BESIDE)}


def litter(out):
    return [path.name for folder in (out, out.parent) for path in folder.glob(f"{files.BESIDE}*")]


# ---------------------------------------------------------------- killed


def test_a_run_that_is_killed_at_any_change_leaves_one_report_or_no_manifest_and_the_next_run_heals(out, old_report):
    states = []
    for code in every_instant(old_report, lambda: files.write_whole(out, NEW), out):
        found = written(out)
        if files.MANIFEST in found:
            assert found in (OLD, NEW)
            states.append("old" if found == OLD else "new")
        else:
            assert all(data in (OLD.get(name), NEW.get(name)) for name, data in found.items())
            states.append("mixed")
        assert code in (KILLED, 0)
        files.require_unedited(out, ["commentary.en.md"], given=set())
        files.write_whole(out, NEXT)
        assert written(out) == NEXT
        assert litter(out) == []
    assert list(dict.fromkeys(states)) == ["old", "mixed", "new"]
    assert min(states.count(state) for state in states) >= 5


def test_a_new_folder_is_there_whole_or_not_at_all_whenever_the_run_is_killed(out):
    def nothing():
        shutil.rmtree(out.parent, ignore_errors=True)

    states = []
    for code in every_instant(nothing, lambda: files.write_whole(out, NEW), out.parent):
        states.append(content(out) if out.exists() else None)
        assert states[-1] in (None, NEW)
        assert code in (KILLED, 0)
        files.write_whole(out, NEXT)
        assert content(out) == NEXT
    assert states.count(None) > 10
    assert states.count(NEW) >= 2


def test_what_a_killed_run_left_beside_a_new_folder_goes_with_the_next_run_and_nothing_else_does(out):
    own = (".report-notes", ".report-abcdefgh", ".reports")
    for name in own:
        (out.parent / name).mkdir(parents=True)
        (out.parent / name / "mine.txt").write_text("mine")
    left = out.parent / ".report-a1b2c3d4"
    (left / "out").mkdir(parents=True)
    files.write_whole(out, NEW)
    assert sorted(path.name for path in out.parent.iterdir()) == sorted((*own, "out"))


# ---------------------------------------------------------------- stopped, and failed


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_run_that_fails_or_is_stopped_at_any_change_puts_back_what_was_there(out, old_report, error):
    def fail():
        raise error

    def work():
        try:
            files.write_whole(out, NEW)
        except (InputError, KeyboardInterrupt):
            return

    states = []
    for _ in every_instant(old_report, work, out, fail):
        assert written(out) in (OLD, NEW)
        states.append("old" if written(out) == OLD else "new")
        files.write_whole(out, NEXT)
        assert litter(out) == []
    assert set(states) == {"old", "new"}  # new where it went another way, or had only to tidy


def test_a_disk_that_takes_no_more_leaves_the_old_report(out, old_report):
    old_report()
    large = NEW | {"report.en.html": b"x" * 100_000}

    def work():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        with pytest.raises(InputError, match=r"--out: cannot write in '.*out' \(File too large\)\. Make room"):
            files.write_whole(out, large)

    assert in_another_process(work) == 0
    assert written(out) == OLD
    assert litter(out) == []


def test_a_commentary_that_is_edited_while_the_report_is_made_is_refused_and_stays(out, old_report):
    old_report()
    (out / "commentary.en.md").write_text("An evening's work.")
    with pytest.raises(InputError, match=r"commentary\.en\.md in '.*' was edited after the report that wrote it"):
        files.write_whole(out, NEW, commentaries=["commentary.en.md"])
    assert (out / "commentary.en.md").read_text() == "An evening's work."
    assert (out / "report.en.html").read_bytes() == OLD["report.en.html"]
    assert litter(out) == []


def test_a_file_system_without_links_is_written_too(out, old_report, monkeypatch):
    def no_links(*arguments, **options):
        raise OSError(errno.EPERM, "Operation not permitted")

    old_report()
    monkeypatch.setattr(files.os, "link", no_links)
    files.write_whole(out, NEW)
    assert written(out) == NEW
    assert litter(out) == []


# ---------------------------------------------------------------- at once


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("turn", range(2))
def test_runs_into_one_folder_at_once_all_succeed_and_leave_the_report_of_one(out, old_report, there, turn):
    made = [report(f"run {run} {'x' * 10_000}", f"tables/of_{run}.csv") for run in range(3)]
    if there:
        old_report()
    start = time.monotonic() + 0.05

    def write(run):
        time.sleep(max(0.0, start - time.monotonic()))
        files.write_whole(out, made[run], commentaries=["commentary.en.md"])

    assert [ended(child) for child in [begun(lambda run=run: write(run)) for run in range(3)]] == [0, 0, 0]
    assert (written(out) if there else content(out)) in made
    assert litter(out) == []


@pytest.mark.parametrize("locks", [True, False])
def test_a_run_that_finds_its_new_folder_made_meanwhile_writes_into_it(out, monkeypatch, locks):
    if not locks:
        monkeypatch.setattr(files, "alone", lambda folder: files.tempfile.TemporaryDirectory())
    write, others = files._written, []

    def another_was_faster(folder, made):
        if not others:
            others.append(folder)
            (out.parent / "other").mkdir()
            write(out.parent / "other", OLD).rename(out)
        return write(folder, made)

    monkeypatch.setattr(files, "_written", another_was_faster)
    files.write_whole(out, NEW)
    assert content(out) == NEW
    assert litter(out) == []
    assert Path(others[0]).name == files.NEW
