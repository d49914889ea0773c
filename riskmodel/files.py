"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def put_in_place(beside: Path, path: Path) -> None:
    """Have a file that was written beside its place on the disk, and then in its place.

    Without the first a power cut may leave the name, and nothing or half of the content behind it.

    Parameters
    ----------
    beside
        The written file, on the same file system.
    path
        Its place; what is there is replaced.

    Raises
    ------
    OSError
        Where there is no room or no right; what was there is there still.
    """
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.replace(path)
