"""The log of a strategy's searches: every trial that was ever tried, search by search, and which months were looked at."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from attribution.construction.files import write_text
from attribution.construction.search.judged import Earlier
from attribution.construction.search.trials import scaled_weights, trial_weights
from attribution.house_style.csv_text import csv_text
from riskmodel.errors import InputError, listed
from riskmodel.texts import with_formula

FILE = "trials.csv"
KINDS = {
    "search": "int64",
    "strategy": "str",
    "key": "str",
    "figure": "str",
    "from": "str",
    "held_out_from": "str",
    "to": "str",
    "trials": "int64",
    "trials_so_far": "int64",
    "score": "str",
    "simulated_in_sample": "float64",
    "simulated_out_of_sample": "float64",
}
SAME_WEIGHT = 1e-5  # of the largest; a name has six digits of each
MONTH = r"\d{4}-\d{2}"
CURE = "Give another --out, or put the log back as it was: what is left out of it makes every later figure look too good."


@dataclass(frozen=True)
class Log:
    """The file and what it holds.

    Attributes
    ----------
    path
        trials.csv.
    table
        Columns of `KINDS`, a row a trial of a search.
    text
        The file as it was read; "" where there is none.
    """

    path: Path
    table: pd.DataFrame
    text: str

    @classmethod
    def read(cls, folder: Path, strategy: str) -> Log:
        """The log in a folder of the strategy's name, or a new one.

        Raises
        ------
        InputError
            For a log that is damaged, of another strategy, or a file that is none.
        """
        path = folder / FILE
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
        except (OSError, UnicodeDecodeError):
            raise InputError(f"--out: '{path}' cannot be read as text. {CURE}") from None
        if not text:
            return cls(path, pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in KINDS.items()}), text)
        try:
            table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
        except (ValueError, pd.errors.ParserError):
            raise InputError(f"--out: '{path}' is no table. {CURE}") from None
        if list(table.columns) != list(KINDS):
            raise InputError(
                f"--out: '{path}' is no log of searches: its columns are {listed(map(str, table.columns))}. Name "
                f"another folder."
            )
        table = table.map(with_formula)
        return cls(path, _checked(table, path, strategy, ended=text.endswith("\n")), text)

    def earlier(self, key: str, figure: str, scores: Sequence[str], held_out_from: str, to: str) -> Earlier:
        """Different trials of the searches before, without those that are tried again now; and looks at the same months.

        Parameters
        ----------
        key
            From `search_key`, of the search that comes.
        figure, scores
            By which, and what it tries.
        held_out_from, to
            The months, as YYYY-MM, that it holds out.
        """
        different = self.table[["key", "figure", "score"]].drop_duplicates()
        again = (different["key"] == key) & (different["figure"] == figure) & different["score"].isin(list(scores))
        looked = self.table[(self.table["held_out_from"] <= to) & (self.table["to"] >= held_out_from)]
        return Earlier(trials=int((~again).sum()), looks=int(looked["search"].nunique()))

    def counterpart(self, score: Mapping[str, float]) -> Mapping[str, Any] | None:
        """The row of a score in the last search that tried it and found its figure on the months held out, if one did.

        Parameters
        ----------
        score
            Factor -> weight.
        """
        wanted = scaled_weights(score)
        known = self.table.dropna(subset=["simulated_in_sample", "simulated_out_of_sample"])
        for row in known.iloc[::-1].to_dict("records"):
            own = trial_weights(row["score"])
            if own.keys() == wanted.keys() and all(abs(own[name] - wanted[name]) < SAME_WEIGHT for name in own):
                return {str(name): value for name, value in row.items()}
        return None

    def added(self, rows: pd.DataFrame) -> Log:
        """The log with the trials of one more search, written whole or not at all.

        Parameters
        ----------
        rows
            The columns of `KINDS` but the number of the search.

        Raises
        ------
        InputError
            Where another search has written to it since it was read, and where it cannot be written.
        """
        number = 1 if self.table.empty else int(self.table["search"].max()) + 1
        new = rows.assign(search=number)[list(KINDS)]
        table = pd.concat([self.table, new], ignore_index=True) if len(self.table) else new.reset_index(drop=True)
        text = self.text + (csv_text(new) if not self.text else csv_text(new).split("\n", 1)[1])
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            there = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
            if there != self.text:
                raise InputError(f"--out: another search wrote to '{self.path}' meanwhile. Search again: its trials count.")
        except OSError as error:
            raise InputError(f"--out: cannot write '{self.path}' ({error.strerror}). Make room, or name another.") from None
        write_text(self.path, text)
        return Log(self.path, table, text)


def search_key(values: Mapping[str, Any]) -> str:
    """A digest of everything that a trial's figures depend on beside its score and the figure."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _checked(table: pd.DataFrame, path: Path, strategy: str, *, ended: bool) -> pd.DataFrame:
    """The table with its kinds, where every search has all of its rows and is of this strategy."""
    others = sorted(set(table["strategy"]) - {strategy})
    try:
        typed = table.astype({name: kind for name, kind in KINDS.items() if kind == "int64"})
        for name in ("simulated_in_sample", "simulated_out_of_sample"):
            typed[name] = table[name].replace("", "nan").astype(float)
    except (ValueError, TypeError):
        raise InputError(f"--out: '{path}' is damaged: a number of it cannot be read. {CURE}") from None
    rows = typed.groupby("search").size()
    said = typed.groupby("search")["trials"].agg(["min", "max"])
    whole = ended and list(rows.index) == list(range(1, len(rows) + 1)) and typed["search"].is_monotonic_increasing
    whole = whole and bool((said["min"] == rows).all() and (said["max"] == rows).all())
    months = all(typed[name].str.fullmatch(MONTH).all() for name in ("from", "held_out_from", "to"))
    if others and len(others) == len(set(table["strategy"])):
        raise InputError(
            f"--out: '{path}' is the log of the strategy {listed(others)}, not of '{strategy}'. Name another folder."
        )
    if others or not whole or not months:
        raise InputError(f"--out: '{path}' is damaged: a search in it has not the rows that it says. {CURE}")
    return typed
