"""The cache of fits: where it is, how large, and what is removed from it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from riskmodel.model.cache.folder import cache_folder, mark_used, read_cache, store_bytes, trim
from riskmodel.model.parts import parts_folder


def fit(folder: Path, name: str, size: int, used: float) -> Path:
    """A store of so many bytes, half of them in its parts."""
    path = folder / f"{name}.nc"
    path.write_bytes(b"x" * (size - size // 2))
    parts_folder(path).mkdir()
    (parts_folder(path) / "20240101-20241231.0123456789abcdef.nc").write_bytes(b"x" * (size // 2))
    os.utime(path, (used, used))
    return path


def names(folder: Path) -> list[str]:
    return [path.stem for path in read_cache(folder).fits]


def test_the_fits_used_longest_ago_go_first_by_number(tmp_path: Path) -> None:
    fits = [fit(tmp_path, name, 100, used) for used, name in enumerate("abcdef", 1)]
    assert names(tmp_path) == ["f", "e", "d", "c", "b", "a"]
    assert [path.stem for path in trim(fits[-1], most_fits=4)] == ["b", "a"]
    assert names(tmp_path) == ["f", "e", "d", "c"] and not parts_folder(fits[0]).exists()


def test_bytes_are_bounded_too_and_the_store_in_use_is_never_removed(tmp_path: Path) -> None:
    old, *_, new = [fit(tmp_path, name, 100, used) for used, name in enumerate("abcd", 1)]
    assert [path.stem for path in trim(new, most_fits=9, most_bytes=250)] == ["b", "a"]
    assert names(tmp_path) == ["d", "c"]
    large = fit(tmp_path, "large", 1000, 0.0)  # used longest ago of all, and in use now
    assert [path.stem for path in trim(large, most_fits=9, most_bytes=250)] == ["d", "c"]
    assert names(tmp_path) == ["large"] and not old.exists()


def test_a_fit_that_was_used_again_outlives_later_ones(tmp_path: Path) -> None:
    first, second, third = [fit(tmp_path, name, 10, used) for used, name in enumerate("abc", 1)]
    mark_used(first)
    assert [path.stem for path in trim(first, most_fits=2)] == ["b"]
    assert names(tmp_path) == ["a", "c"] and third.exists() and not second.exists()


def test_a_cache_says_where_it_is_and_how_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "factor-attribution"
    assert cache_folder() == folder
    assert str(read_cache()) == (f"{folder}: 0 fits, 0.0 MB; at most 4 fits and 2,000 MB are kept, the last used ones")
    folder.mkdir()
    path = fit(folder, "a", 1_500_000, 1.0)
    assert store_bytes(path) == read_cache().size == 1_500_000
    assert str(read_cache()).startswith(f"{folder}: 1 fit, 1.5 MB; ")
