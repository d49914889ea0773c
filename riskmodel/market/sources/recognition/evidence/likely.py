"""What evidence makes of a column of ours: the headers that it may be, the likeliest first, and whether that is proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from riskmodel.facts import Fact

MOST = 5  # headers that a question names: a person reads no more


@dataclass(frozen=True)
class Likely:
    """The headers that a column of ours may be, by their cells.

    Attributes
    ----------
    labels
        The likeliest first; what is not among them cannot be it.
    proved
        Whether arithmetic over the cells leaves only the first; else a person is asked.
    why
        What speaks for the headers, and against others.
    doubted
        Whether cells speak against the only one that it may be: words do not take it then.
    leads
        Of levels, whether the first gains on all others.
    """

    labels: tuple[str, ...]
    proved: bool = False
    why: tuple[Fact, ...] = field(default_factory=tuple)
    doubted: bool = False
    leads: bool = False


def ranked(scores: Mapping[str, float], *why: Fact) -> Likely:
    """Headers by a score that is larger for what is likelier; those with the same stay in the order of the file.

    Examples
    --------
    >>> ranked({"a": 1.0, "b": 2.0}).labels
    ('b', 'a')
    """
    return Likely(tuple(sorted(scores, key=lambda label: -scores[label])), why=why)


def asked_of(likely: Mapping[str, Likely]) -> tuple[str, ...]:
    """Every header that a question of several columns of ours names."""
    return tuple(dict.fromkeys(label for each in likely.values() if not each.proved for label in each.labels))


def first(labels: Iterable[str]) -> tuple[str, ...]:
    """As many headers as a question names."""
    return tuple(labels)[:MOST]
