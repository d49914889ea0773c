"""A store is what was there before or after, at every change that a save makes and whoever else saves."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.model.parts import parts_folder
from tests.killing import KILLED, begun, content, ended, every_instant, in_another_process


@pytest.fixture(scope="module")
def earlier(market: xr.Dataset) -> rm.RiskModelResults:
    """The fit of all sessions but the last five."""
    return rm.RiskModel().fit(market.isel(time=slice(0, -5)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "house" / "model.nc"


def sessions(path: Path, *fits: rm.RiskModelResults) -> int:
    """How many the store has, every byte of it compared; it is one of the fits."""
    loaded = rm.load(path, verify=True)
    with loaded.data:
        (same,) = (fit for fit in fits if fit.data.sizes["time"] == loaded.data.sizes["time"])
        np.testing.assert_array_equal(loaded.specific_returns.to_numpy(), same.specific_returns.to_numpy())
        np.testing.assert_array_equal(loaded.factor_returns.to_numpy(), same.factor_returns.to_numpy())
        return loaded.data.sizes["time"]


def aged(folder: Path) -> None:
    """What is half written is as old as what a killed process left."""
    for left in folder.rglob(".*"):
        os.utime(left, (0, 0))


@pytest.mark.parametrize("stride", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_an_update_that_is_killed_at_any_change_leaves_the_old_store_or_the_new_one(
    path: Path, earlier: rm.RiskModelResults, results: rm.RiskModelResults, stride: int
) -> None:
    def make() -> None:
        shutil.rmtree(path.parent, ignore_errors=True)
        rm.save(earlier, path)

    def update() -> None:
        before = rm.load(path)
        assert before.data.sizes["time"] == earlier.data.sizes["time"]
        rm.save(results, path)

    found = []
    for code in every_instant(make, update, path.parent, stride=stride):
        assert code in (KILLED, 0)
        found.append(sessions(path, earlier, results))
        aged(path.parent)
        rm.save(results, path)
        assert sessions(path, results) == 130
        assert len(content(path.parent)) == 2  # a head and its part: nothing is left of what was killed
    assert found == sorted(found)
    assert set(found) == {125, 130}


@pytest.mark.parametrize("stride", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_a_first_save_that_is_killed_leaves_no_store_or_a_whole_one(
    path: Path, results: rm.RiskModelResults, stride: int
) -> None:
    def nothing() -> None:
        shutil.rmtree(path.parent, ignore_errors=True)

    there = []
    for code in every_instant(nothing, lambda: rm.save(results, path), path.parent, stride=stride):
        assert code in (KILLED, 0)
        there.append(path.exists())
        if there[-1]:
            assert sessions(path, results) == 130
        else:
            with pytest.raises(InputError, match="there is no file"):
                rm.load(path)
        aged(path.parent)
        rm.save(results, path)
        assert len(content(path.parent)) == 2
    assert set(there) == {False, True}


@pytest.mark.parametrize("largest", [0, 1000, 20_000])
def test_a_disk_that_takes_no_more_leaves_the_old_store(
    path: Path, earlier: rm.RiskModelResults, results: rm.RiskModelResults, largest: int
) -> None:
    rm.save(earlier, path)
    before = content(path.parent)

    def save() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        with pytest.raises(InputError, match=r"model store: cannot write '.*model\.nc' \(.*\)\. Set \[model\] store\."):
            rm.save(results, path)

    assert in_another_process(save) == 0
    assert content(path.parent) == before


def test_as_much_room_is_asked_for_as_the_files_take_and_little_more(
    path: Path, results: rm.RiskModelResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(os, "posix_fallocate", lambda file, first, size: asked.append(size))
    rm.save(results, path)
    taken = [len(data) for name, data in sorted(content(path.parent).items(), reverse=True)]  # the part, then the head
    assert len(asked) == len(taken) == 2
    for size, room in zip(taken, asked, strict=True):
        assert size < room < 1.5 * size + 1_000_000


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_that_cannot_reserve_room_is_written_all_the_same(
    path: Path, results: rm.RiskModelResults, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    rm.save(results, path)
    assert sessions(path, results) == 130


def test_saves_and_loads_of_one_store_at_once_all_succeed(
    path: Path, earlier: rm.RiskModelResults, results: rm.RiskModelResults
) -> None:
    rm.save(earlier, path)
    start = time.monotonic() + 0.05

    def work(turn: int) -> None:
        time.sleep(max(0.0, start - time.monotonic()))
        for again in range(2):
            if turn < 2:
                rm.save((earlier, results)[(turn + again) % 2], path)
            else:
                sessions(path, earlier, results)

    children = [begun(lambda turn=turn: work(turn)) for turn in range(4)]  # type: ignore[misc]
    assert [ended(child) for child in children] == [0] * 4
    assert sessions(path, earlier, results) in (125, 130)
    assert len(list(parts_folder(path).iterdir())) == 1
