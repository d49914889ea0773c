"""How far something is that takes long: nothing, a bar on a terminal, or a function of one's own; one convention for all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias
from unicodedata import east_asian_width

from riskmodel.errors import InputError
from riskmodel.texts import visible

Step: TypeAlias = Callable[[str], None]
Progress: TypeAlias = "Step | bool | None"
OF_STAGE = ": "  # between a stage and what it is at: the stage is counted once
WIDEST, USUAL, LEAST = 100, 80, 20  # columns of a bar; where a terminal does not say how many it has; and at least
ROWS = 24
NAME = 24  # columns of a stage's name


def silent(stage: str) -> None:
    """No progress is shown."""


def inside(step: Step, stage: str) -> Step:
    """What a part of a stage is given: its own stages are told with that of the whole, and not counted again.

    Examples
    --------
    >>> inside(print, "model")("value")
    model: value
    """
    return silent if step is silent else lambda part: step(f"{stage}{OF_STAGE}{part}")


@contextmanager
def stages(progress: Progress, total: int) -> Iterator[Step]:
    """What to call with the name of each stage as it begins.

    Parameters
    ----------
    progress
        None or False for nothing; True for a bar on standard error, where that is a terminal; or a function of the stage's
        name. "model: value" is the stage model, at value.
    total
        How many stages there are.

    Raises
    ------
    InputError
        Where `progress` is something else.

    Examples
    --------
    >>> seen = []
    >>> with stages(seen.append, 2) as step:
    ...     step("market")
    ...     step("model")
    >>> seen
    ['market', 'model']
    """
    if callable(progress):
        yield progress
        return
    if progress is not None and not isinstance(progress, bool):
        raise InputError(
            f"progress: is of type {type(progress).__name__}. Give True for a bar on a terminal, or a function of the "
            f"stage's name."
        )
    if not progress or sys.stderr is None or not sys.stderr.isatty():
        yield silent
        return
    from tqdm import tqdm

    width = columns()
    room = max(LEAST // 2, min(NAME, width // 3))
    form = "{desc} {bar} {n}/{total} {elapsed}"
    shape = {"ncols": width, "nrows": ROWS}  # tqdm hides itself where a terminal says that it has none
    with tqdm(total=total, leave=False, file=sys.stderr, bar_format=form, mininterval=0, **shape) as bar:
        begun: list[str] = []

        def step(stage: str) -> None:
            name = stage.split(OF_STAGE)[0]
            if begun and begun[-1] != name:
                bar.n = min(bar.n + 1, total)
            begun.append(name)
            bar.set_description_str(fitted(visible(stage, keep=""), room))

        yield step
        bar.n = total
        bar.refresh()


def columns() -> int:
    """Columns of the terminal of standard error; `USUAL` where neither it nor COLUMNS says any."""
    asked = os.environ.get("COLUMNS", "")
    width = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    try:
        width = width or os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        width = width or 0
    return max(LEAST, min(width or USUAL, WIDEST) - 1)  # a terminal may begin a new line after its last column


def fitted(text: str, width: int) -> str:
    """A text of just so many columns of a terminal, where a Chinese or Japanese character takes two.

    Examples
    --------
    >>> fitted("model", 8), fitted("大型60・中小型40", 8), fitted("a long name", 8)
    ('model   ', '大型60… ', 'a long …')
    """
    sizes = [2 if east_asian_width(letter) in "WF" else 1 for letter in text]
    if sum(sizes) > width:
        kept = 0
        while sum(sizes[: kept + 1]) <= width - 1:
            kept += 1
        text, sizes = text[:kept] + "…", [*sizes[:kept], 1]
    return text + " " * (width - sum(sizes))
