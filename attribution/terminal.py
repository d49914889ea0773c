"""What the commands print: tables for people and for programs, and a progress bar."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

DONE, FINDINGS, REFUSED = 0, 1, 2
ROWS_AT_EACH_END = 10
FORMS = dict.fromkeys(("standard_error", "portfolio_weight", "benchmark_weight"), "{:z.2%}")  # no sign, unless negative


def print_table(
    frame: pd.DataFrame, form: str, percent: Sequence[str] = (), *, shorten: bool = False, decimals: int = 2
) -> None:
    """Print a table: for people with percent and two decimals, for programs with every digit."""
    if form == "csv":
        print(frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d"), end="")
        return
    if form == "json":
        print(json.dumps(records(frame), ensure_ascii=False))
        return
    left_out = 0
    if shorten and len(frame) > 2 * ROWS_AT_EACH_END:
        left_out = len(frame) - 2 * ROWS_AT_EACH_END
        frame = frame.sort_values("contribution", ascending=False, kind="stable")
        frame = frame.iloc[[*range(ROWS_AT_EACH_END), *range(len(frame) - ROWS_AT_EACH_END, len(frame))]]
    if len(frame):
        print(as_text(frame, percent, decimals).to_string(index=False, justify="left"))
    if left_out:
        print(f"The {ROWS_AT_EACH_END} largest and smallest; {left_out:,} rows between them are left out.", end=" ")
        print("--format csv has all.")


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Rows as plain values: dates as text, what is missing as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    rows = plain.to_dict("records")
    return [{k: v.strftime("%Y-%m-%d") if hasattr(v, "strftime") else v for k, v in row.items()} for row in rows]


def as_text(frame: pd.DataFrame, percent: Sequence[str], decimals: int) -> pd.DataFrame:
    """Cells as a person reads them: numbers right, words left, few decimals, no negative zero, n/a where missing."""
    columns = {}
    for name in frame.columns:
        values = frame[name]
        if values.dtype.kind == "f":
            form = FORMS.get(str(name), "{:+z.2%}") if name in percent else f"{{:z.{decimals}f}}"
            cells = ["n/a" if value != value else form.format(value) for value in values]
        else:
            cells = list(values.astype(object).where(values.notna(), "").astype(str))
        width = max(len(str(name)), *map(len, cells))
        number = values.dtype.kind in "fiu"
        columns[str(name).rjust(width) if number else str(name)] = [
            cell.rjust(width) if number else cell.ljust(width) for cell in cells
        ]
    return type(frame)(columns)


@contextmanager
def progress(steps: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal; silent where the output is read by a program."""
    if not sys.stderr.isatty():
        yield lambda stage: None
        return
    from tqdm import tqdm

    with tqdm(total=steps, leave=False, file=sys.stderr, bar_format="{desc:<24}{bar:30} {n}/{total} {elapsed}") as bar:
        started = [False]

        def step(stage: str) -> None:
            bar.update(1 if started[0] else 0)
            started[0] = True
            bar.set_description_str(stage)

        yield step
        bar.update(1)
