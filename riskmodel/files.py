"""Files that are there whole or not at all, and folders that one process at a time writes into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def alone(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Wait for the other processes that write into `folder`, and have them wait; where the system has such locks.

    Of a process that ends, however it does, the lock ends too.

    Raises
    ------
    BlockingIOError
        Where another one writes there and `wait` is False.
    """
    try:
        import fcntl

        number = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_UN)  # closing does not, where another thread has forked meanwhile
        os.close(number)
