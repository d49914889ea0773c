"""What is doubtful in a feed, as keys and values: one type for every table, and one register of what may be found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import repeat
from typing import Any, Generic, TypeVar

from riskmodel.facts import Fact

T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """One thing that a reader of numbers must know of the tables they come from.

    Attributes
    ----------
    key
        Names what was found; its sentence is in the message files under [findings].
    table
        The table of the feed that it was found in.
    subject
        Ticker, index, portfolio, pair or sector; empty where it is the table as a whole.
    date
        The first day, YYYY-MM-DD; empty where it is of no day.
    count
        Rows of the table, or days.
    values
        What fills in the sentence: the same for each instance of one kind.
    shown
        What is this instance's own, as a reader sees it in any language: "x 0.502".
    doubt
        By day, the part of the subject's return that may not be its own: what a user asks of it is what it moves.
    refused
        Whether numbers made of it would be wrong, rather than may be: nothing is computed until it is mended, or a person
        states in the book that it was looked at.
    lenient
        Whether it is named only, however much its doubt moves: a house may mean it so.

    Examples
    --------
    >>> finding = Finding("stale_price", "prices", "AAA", "2025-03-14", count=7, doubt={"2025-03-14": 0.02})
    >>> Finding.read(str(finding)) == finding
    True
    >>> Finding.read(str(Finding("no_filings", "fundamentals", count=0))).count
    0
    """

    key: str
    table: str
    subject: str = ""
    date: str = ""
    count: int = 1
    values: Mapping[str, Any] = field(default_factory=dict)
    shown: str = ""
    doubt: Mapping[str, float] = field(default_factory=dict)
    refused: bool = False
    lenient: bool = False

    def __str__(self) -> str:
        """As text that `read` takes back."""
        plain = Finding(self.key, self.table)
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "key"}
        return str(Fact(self.key, {n: v for n, v in own.items() if n == "table" or v != getattr(plain, n)}))

    @classmethod
    def read(cls, text: str) -> Finding:
        """The finding that was stored as `text`."""
        fact = Fact.read(text)
        return cls(fact.key, **fact.values)

    @property
    def kind(self) -> tuple[str, str, str]:
        """What one sentence says of several: the key, the table and what fills the sentence in."""
        return self.key, self.table, str(self.values)

    @property
    def place(self) -> str:
        """Where it is: the day, the subject, and what is its own."""
        where = " ".join(part for part in (self.date, self.subject) if part)
        return f"{where} ({self.shown})" if where and self.shown else where or self.shown


def found_at(
    key: str, table: str, cells: Iterable[tuple[str, str]], doubts: Iterable[float | None] | None = None, **values: object
) -> list[Finding]:
    """One finding for each subject of (day, subject) cells: its first day, and how many days.

    Examples
    --------
    >>> found_at("no_volume", "prices", [("2025-03-14", "B"), ("2025-03-17", "A"), ("2025-03-18", "B")])[0].count
    2
    """
    days: dict[str, list[str]] = {}
    by_day: dict[str, dict[str, float]] = {}
    doubted = repeat(None) if doubts is None else doubts
    for (day, subject), doubt in zip(cells, doubted, strict=False):
        days.setdefault(subject, []).append(day)
        if doubt is not None:
            by_day.setdefault(subject, {})[day] = float(doubt)
    return [
        Finding(key, table, subject, min(of), count=len(of), values=values, doubt=by_day.get(subject, {}))
        for subject, of in days.items()
    ]


def summed_up(findings: Iterable[Finding]) -> list[Fact]:
    """One fact for all findings of a kind, in the order of their first: its `table`, how many `rows`, and `examples`.

    Examples
    --------
    >>> days = [Finding("stale_session", "prices", date=date) for date in ("2025-03-13", "2025-03-14")]
    >>> summed_up(days)[0].values
    {'table': 'prices', 'rows': 2, 'examples': ('2025-03-13', '2025-03-14')}
    """
    kinds: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    return [
        Fact(
            each[0].key,
            {
                "table": each[0].table,
                **each[0].values,
                "rows": sum(finding.count for finding in each),
                "examples": tuple(finding.place for finding in each if finding.place),
            },
        )
        for each in kinds.values()
    ]


@dataclass(frozen=True)
class Rule(Generic[T]):
    """What one function may find.

    Attributes
    ----------
    keys
        The keys of its findings.
    find
        What it holds against what -> the findings.
    """

    keys: tuple[str, ...]
    find: Callable[[T], Iterable[Finding]]


class Register(Generic[T]):
    """The rules of one room, in the order in which they are asked.

    Examples
    --------
    >>> register = Register()
    >>> @register.rule("odd")
    ... def odd(numbers):
    ...     return [Finding("odd", "numbers", str(number)) for number in numbers if number % 2]
    >>> [finding.subject for finding in register.find([1, 2, 3])], register.keys
    (['1', '3'], ('odd',))
    """

    def __init__(self) -> None:
        self.rules: list[Rule[T]] = []

    def rule(self, *keys: str) -> Callable[[Callable[[T], Iterable[Finding]]], Callable[[T], Iterable[Finding]]]:
        """Enter a function with the keys of what it may find."""

        def enter(find: Callable[[T], Iterable[Finding]]) -> Callable[[T], Iterable[Finding]]:
            self.rules.append(Rule(keys, find))
            return find

        return enter

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that may be found, once."""
        return tuple(dict.fromkeys(key for rule in self.rules for key in rule.keys))

    def find(self, held: T) -> list[Finding]:
        """What every rule finds."""
        return [finding for rule in self.rules for finding in rule.find(held)]
