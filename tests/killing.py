"""Processes that end at a chosen change of a folder: killed, or by an error, as often as it is changed."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR
KILLED = -signal.SIGKILL


def kill() -> None:
    """As kill -9: nothing is tidied."""
    os.kill(os.getpid(), signal.SIGKILL)


def before_change(step: int, folder: str | Path, act: Callable[[], None] = kill) -> list[str]:
    """Have this process `act` before it changes `folder` for the time `step`, from 0; a list that its changes are added to.

    Python announces each change of a file system that it makes itself (PEP 578), but not the writing of bytes, and not what
    HDF5 writes. An announcement cannot be stopped: only for a process of its own.
    """
    seen: list[str] = []

    def look(event: str, arguments: tuple[object, ...]) -> None:
        opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if (opened or event in CHANGES) and (
            any(str(folder) in os.path.normpath(str(path)) for path in arguments[:2]) or _in_open_folder(event, arguments)
        ):
            seen.append(event)
            if len(seen) == step + 1:
                act()

    sys.addaudithook(look)
    return seen


def _in_open_folder(event: str, arguments: tuple[object, ...]) -> bool:
    """Whether something is removed by its name in an open folder, as `shutil.rmtree` does."""
    return event in {"os.remove", "os.rmdir"} and isinstance(arguments[1], int) and arguments[1] >= 0


def in_another_process(work: Callable[[], object]) -> int:
    """What a fork of this process ends with that does `work`: 0, 1 after an error, -9 where it was killed."""
    return ended(begun(work))


def begun(work: Callable[[], object]) -> int:
    """Begin a fork; its number."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # pytest's processes have a second thread, which holds no lock here
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def ended(child: int) -> int:
    """Wait for a fork."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def every_instant(
    prepare: Callable[[], object], work: Callable[[], object], folder: Path, act: Callable[[], None] = kill, stride: int = 1
) -> Iterator[int]:
    """Do `work` in forks, `act` `stride` changes of `folder` later in each, until one runs through; how each ended."""
    step, code = 0, KILLED
    while code:
        prepare()

        def cut(step: int = step) -> None:
            seen = before_change(step, folder, act)
            work()
            if len(seen) > step:
                os._exit(1)  # it acted, and the work went on

        code = in_another_process(cut)
        step += stride
        yield code


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
