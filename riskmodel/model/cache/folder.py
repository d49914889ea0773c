"""The user's cache of fitted models and their markets: where it is, how large, and what is removed from it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from riskmodel.model.cache.market import market_file
from riskmodel.model.parts import PARTS, parts_folder, remove_left, remove_others

HEAD = ".nc"
MOST_FITS = 4  # a fit of the real market takes 200 MB, and the market 100
MOST_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Cache:
    """What a cache folder holds.

    Attributes
    ----------
    folder
        Where it is.
    fits
        Store -> its bytes, with its parts and the market; the last used first. Of a run that was refused the market is all.
    """

    folder: Path
    fits: dict[Path, int]

    @property
    def size(self) -> int:
        """Bytes of all fits."""
        return sum(self.fits.values())

    def __str__(self) -> str:
        count = f"{len(self.fits)} {'fit' if len(self.fits) == 1 else 'fits'}"
        return (
            f"{self.folder}: {count}, {self.size / 1e6:,.1f} MB; at most {MOST_FITS} fits and {MOST_BYTES / 1e6:,.0f} MB "
            f"are kept, the last used ones"
        )


def cache_folder() -> Path:
    """Where fits are kept that no book names a store for: $XDG_CACHE_HOME or ~/.cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "factor-attribution"


def read_cache(folder: Path | None = None) -> Cache:
    """What a cache folder holds; nothing where there is none."""
    folder = cache_folder() if folder is None else folder
    used: dict[Path, tuple[float, int]] = {}
    for found in [*folder.glob(f"*{HEAD}{PARTS}"), *folder.glob(f"*{HEAD}")]:  # of both, the head says when it was used
        with suppress(OSError):  # another process has removed it meanwhile
            path = found.with_name(found.name.removesuffix(PARTS))
            used[path] = (found.stat().st_mtime, store_bytes(path))
    ordered = sorted(used, key=lambda path: used[path][0], reverse=True)
    return Cache(folder, {path: used[path][1] for path in ordered})


def store_bytes(path: Path) -> int:
    """Bytes of a store, its parts and the market that is kept with them."""
    size = 0
    for file in (path, *parts_folder(path).glob("*")):
        with suppress(OSError):
            size += file.stat().st_size
    return size


def mark_used(path: Path) -> None:
    """Note that a store was used just now: others are removed before it."""
    with suppress(OSError):  # of another user's, say; then it counts from when it was written
        os.utime(path)


def trim(path: Path, most_fits: int = MOST_FITS, most_bytes: int = MOST_BYTES) -> list[Path]:
    """Remove the fits of a store's folder that were used longest ago, until what is left is few and small enough.

    Parameters
    ----------
    path
        The store in use, which is never removed, however large.
    most_fits, most_bytes
        What is left at most; the store in use counts.

    Returns
    -------
    list
        What was removed.
    """
    fits = read_cache(path.parent).fits
    left, room, removed = most_fits - 1, most_bytes - fits.pop(path, 0), list[Path]()
    for other, size in fits.items():
        if left < 1 or size > room:
            remove_store(other)
            removed.append(other)
            continue
        left, room = left - 1, room - size
    return removed


def remove_store(path: Path) -> None:
    """Remove a head, its parts and the market that is kept with them."""
    path.unlink(missing_ok=True)
    remove_left(path)
    folder = parts_folder(path)
    if folder.is_dir():
        remove_others(folder, [])
        with suppress(OSError):  # another process has it open where that forbids it, or something of another's is here
            market_file(path).unlink(missing_ok=True)
            folder.rmdir()
