"""Parts of a folder of which looking fails: each is named and left out, so that one table never costs the others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Part = TypeVar("Part", bound=Hashable)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Failed(Generic[Part]):
    """A part that could not be looked at, and what was raised."""

    part: Part
    error: Exception


def without_failing(parts: Sequence[Part], look: Callable[[Sequence[Part]], Result]) -> tuple[Result, list[Failed[Part]]]:
    """What `look` makes of parts, without those with which it raises.

    Parameters
    ----------
    parts
        Looked at together, since each says something of the others.
    look
        Of some of them, in their order. What it raises of none of them is raised.

    Notes
    -----
    The part at fault is found by halves: some first parts are looked at without an error, and with the next one there is
    one. It takes as many looks as the count of parts has binary digits, for each part that fails.

    Examples
    --------
    >>> found, failed = without_failing([4, 1, 0, 2], lambda parts: [8 // part for part in parts])
    >>> found, [(each.part, str(each.error)) for each in failed]
    ([2, 8, 4], [(0, 'integer division or modulo by zero')])
    """
    left, failed = list(parts), list[Failed[Part]]()
    while True:
        try:
            return look(left), failed
        except MemoryError:  # no part's fault
            raise
        except Exception as error:
            place, error = _first_failing(left, look, error)
            failed.append(Failed(left.pop(place), error))


def _first_failing(
    parts: Sequence[Part], look: Callable[[Sequence[Part]], Result], error: Exception
) -> tuple[int, Exception]:
    """The place of a part with which looking at those up to it raises, and without which it does not."""
    if not parts:
        raise error
    look(parts[:0])
    good, bad = 0, len(parts)
    while bad - good > 1:
        middle = (good + bad) // 2
        try:
            look(parts[:middle])
        except MemoryError:
            raise
        except Exception as raised:
            bad, error = middle, raised
        else:
            good = middle
    return bad - 1, error
