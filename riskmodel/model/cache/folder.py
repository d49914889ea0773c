"""The user's cache of fitted models: where it is, how large, and what is removed from it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from riskmodel.model.parts import parts_folder, remove_store

MOST_FITS = 4  # a fit of the real market takes 200 MB
MOST_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Cache:
    """What a cache folder holds.

    Attributes
    ----------
    folder
        Where it is.
    fits
        Store -> its bytes, with its parts; the last used first.
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
    for path in folder.glob("*.nc"):
        with suppress(OSError):  # another process has removed it meanwhile
            used[path] = (path.stat().st_mtime, store_bytes(path))
    ordered = sorted(used, key=lambda path: used[path][0], reverse=True)
    return Cache(folder, {path: used[path][1] for path in ordered})


def store_bytes(path: Path) -> int:
    """Bytes of a store and its parts."""
    size = path.stat().st_size
    for part in parts_folder(path).glob("*"):
        with suppress(OSError):
            size += part.stat().st_size
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
