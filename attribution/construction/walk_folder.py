"""The folder of a walk: a file a list, written as it is made, and what tells whether a walk may go on from it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from attribution.construction.files import write_text
from attribution.construction.known import strategy_known_by
from attribution.construction.walked import Step
from attribution.portfolio.book import Book
from riskmodel.errors import InputError, counted, listed
from riskmodel.optimisation.search import Effort

LISTS = "lists"
ABOUT = "walk.json"


@dataclass(frozen=True)
class WalkFolder:
    """A folder that holds one walk.

    Attributes
    ----------
    path
        The folder.
    book, strategy
        Whose.
    market
        What the lists are made from.
    """

    path: Path
    book: Book
    strategy: str
    market: xr.Dataset

    @classmethod
    def opened(cls, path: Path, book: Book, strategy: str, market: xr.Dataset, effort: Effort) -> WalkFolder:
        """A folder for a walk, made where there is none.

        Raises
        ------
        InputError
            For a folder of another book or strategy, one that holds something else, and one that cannot be written.
        """
        about = cls.required(path, book, strategy, effort)
        try:
            (path / LISTS).mkdir(parents=True, exist_ok=True)
            write_text(path / ABOUT, json.dumps(about, indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            raise InputError(f"--out: cannot write in '{path}' ({error.strerror}). Name another folder.") from None
        return cls(path, book, strategy, market)

    @staticmethod
    def required(path: Path, book: Book, strategy: str, effort: Effort) -> dict[str, Any]:
        """What a walk in a folder would depend on, where the folder may hold it; refusals are those of `opened`."""
        about = described(book, strategy, effort)
        data = book.source.folder
        if data is None:
            raise InputError(
                f"{book.path.name}: data = '{book.book.data}' is no folder, and the book of a walk takes its lists from "
                f"files. Write the tables of the market into a folder, and name it as data; or call attribution.walk "
                f"without out."
            )
        if data.resolve() in (path.resolve(), *path.resolve().parents):
            raise InputError(f"--out: '{path}' lies in the data folder, where nothing is written. Name another folder.")
        try:
            if (path / ABOUT).is_file():
                _require_same(path, _about(path / ABOUT), about)
            elif path.is_dir() and any(path.iterdir()):
                raise InputError(f"--out: '{path}' holds files, and no walk. Name a new folder.")
        except OSError as error:
            raise InputError(f"--out: cannot read '{path}' ({error.strerror}). Name another folder.") from None
        return about

    def steps(self, closes: pd.DatetimeIndex) -> list[Step]:
        """The lists that are there of some closes, the earliest first, without a gap.

        Raises
        ------
        InputError
            Where the walk there begins on another day, or its data have changed since.
        """
        there = sorted(path.stem for path in (self.path / LISTS).glob("*.json"))
        wanted = [f"{close:%Y-%m-%d}" for close in closes]
        if there and there[0] != wanted[0]:
            raise InputError(
                f"--out: the walk in '{self.path}' begins at the close of {there[0]}, and --from asks for {wanted[0]}. "
                f"A list depends on those before it: ask for the same first month, or walk into a new folder."
            )
        both = [name for name, other in zip(there, wanted, strict=False) if name == other]
        read = [self._read(name) for name in both]
        if read:
            last, known = read[-1]
            if known != self._known(last.date):
                raise InputError(
                    f"--out: the data up to {last.date:%Y-%m-%d} are not those that the {counted(len(there), 'list')} in "
                    f"'{self.path}' were made from: prices, filings, constituents, scores, rates or securities changed. "
                    f"Walk into a new folder."
                )
        return [step for step, _ in read]

    def add(self, step: Step) -> None:
        """Write a list, whole or not at all."""
        content = {"known": self._known(step.date), **step.as_plain()}
        path = self.path / LISTS / f"{step.date:%Y-%m-%d}.json"
        write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def _known(self, date: pd.Timestamp) -> str:
        return strategy_known_by(self.book, self.strategy, self.market, date)

    def _read(self, name: str) -> tuple[Step, str]:
        path = self.path / LISTS / f"{name}.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return Step.from_plain({key: value for key, value in content.items() if key != "known"}), content["known"]
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(
                f"--out: '{path}' is damaged. Remove it and those after it, or walk into a new folder."
            ) from None


def described(book: Book, strategy: str, effort: Effort) -> dict[str, Any]:
    """What the lists of a walk depend on beside the data, as plain values; each rule with its kind, which is none of its
    fields.
    """
    settings = book.strategies[strategy]
    rules = [{"rule": rule.key, **asdict(rule)} for rule in settings.rules]
    names = {settings.benchmark, *(str(getattr(rule, "reference", "")) for rule in settings.rules)} & set(book.benchmarks)
    model = book.model.model_dump(mode="json", exclude={"store"})
    return {
        "strategy": strategy,
        "settings": settings.model_dump(mode="json") | {"rules": rules},
        "benchmarks": {name: book.benchmarks[name].model_dump(mode="json") for name in sorted(names)},
        "model": model,
        "uncovered_max": book.book.uncovered_max,
        "effort": asdict(effort),
    }


def _about(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(f"--out: '{path}' is damaged. Walk into a new folder.") from None


def _require_same(path: Path, there: Any, about: dict[str, Any]) -> None:
    plain = json.loads(json.dumps(about))
    if there == plain:
        return
    if not isinstance(there, dict) or there.get("strategy") != about["strategy"]:
        whose = there.get("strategy") if isinstance(there, dict) else None
        raise InputError(f"--out: '{path}' holds a walk of '{whose}', not of '{about['strategy']}'. Name another folder.")
    lacking = [name for name in plain if name not in there]
    if lacking:
        raise InputError(
            f"--out: the walk in '{path}' was made by an earlier version, which did not write down all that its lists "
            f"depend on ({listed(lacking)}), so that whether it is the same walk cannot be told. Walk into a new folder."
        )
    other = [name for name in plain if there.get(name) != plain[name]]
    settings = there.get("settings")
    keys = [key for key in plain["settings"] if isinstance(settings, dict) and settings.get(key) != plain["settings"][key]]
    told = {"effort": "effort (--nodes)"}
    what = (
        f"settings of the strategy ({', '.join(keys)})"
        if other == ["settings"]
        else " and ".join(told.get(name, name) for name in other)
    )
    raise InputError(
        f"--out: '{path}' holds a walk of '{about['strategy']}' with other {what}. Walk into a new folder, or "
        f"set the book back."
    )
