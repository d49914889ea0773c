"""Tables held cell by cell against the same tables of another environment: which differ, and by how much.

python -m tests.golden FOLDER FOLDER ...        the largest difference of each folder from the first; 1 beyond 1e-12
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

RELATIVE, FLOOR = 1e-10, 1e-14  # of the golden tables: ten digits, and what is rounding of something that is 0
EVERYWHERE = 1e-12  # of tables of decimals, between environments
SHOWN = 3


@dataclass(frozen=True)
class Cell:
    """A cell that is not the same on both sides."""

    table: str
    row: int
    column: str
    expected: str
    found: str

    @property
    def difference(self) -> float:
        """Absolute; infinite where it is not between two numbers."""
        try:
            difference = abs(float(self.found) - float(self.expected))
        except ValueError:
            return float("inf")
        return difference if difference == difference else float("inf")

    @property
    def relative(self) -> float:
        """Relative to what was expected."""
        expected = abs(float(self.expected or "nan")) if self.difference < float("inf") else 0.0
        return self.difference / expected if expected else float("inf")

    def __str__(self) -> str:
        return f"{self.table}, line {self.row}, {self.column}: {self.found!r}, expected {self.expected!r}"


def unequal(table: str, expected: str, found: str) -> Iterator[Cell]:
    """The cells of two CSV texts that are not the same text or the same number; a missing line or column is one of them."""
    first, second = (list(csv.reader(io.StringIO(text))) for text in (expected, found))
    if first[:1] != second[:1] or len(first) != len(second):
        for what, left, right in (("columns", first[0], second[0]), ("lines", len(first), len(second))):
            if left != right:
                yield Cell(table, 1, what, str(left), str(right))
        return
    for row, (one, other) in enumerate(zip(first, second, strict=True), start=1):
        for column, left, right in zip(first[0], one, other, strict=True):
            cell = Cell(table, row, column, left, right)
            if left != right and cell.difference > 0:
                yield cell


def beyond(cells: Iterable[Cell], *, relative: float = RELATIVE, floor: float = FLOOR) -> list[Cell]:
    """Those that differ by more than rounding does."""
    return [cell for cell in cells if not (cell.difference <= floor or cell.relative <= relative)]


def compared(first: Path, other: Path) -> list[Cell]:
    """The unequal cells of two folders of tables."""
    left, right = (
        {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.csv")} for folder in (first, other)
    )
    if left.keys() != right.keys():
        return [Cell(name, 0, "file", str(name in left), str(name in right)) for name in sorted(left.keys() ^ right.keys())]
    return [cell for name in sorted(left) for cell in unequal(name, left[name], right[name])]


def main(folders: list[Path]) -> int:
    """Print where each folder differs most from the first."""
    first, *others = folders
    tables = [list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")))) for path in first.glob("*.csv")]
    print(f"{first.name}: {len(tables)} tables, {sum(len(row) for table in tables for row in table[1:])} cells")
    worst = 0.0
    for other in others:
        found = sorted(compared(first, other), key=lambda cell: -cell.difference)
        worst = max(worst, *(cell.difference for cell in found[:1]), 0.0)
        print(f"{other.name}: {len(found)} cells differ" + "".join(f"\n  by {c.difference:.1e}: {c}" for c in found[:SHOWN]))
    print(f"largest difference {worst:.1e}, allowed {EVERYWHERE:.0e}")
    return int(worst > EVERYWHERE)


if __name__ == "__main__":
    sys.exit(main([Path(folder) for folder in sys.argv[1:]]))
