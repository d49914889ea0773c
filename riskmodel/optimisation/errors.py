"""Why there is no list: none is possible, none was found, or the solver could not say."""

from __future__ import annotations

from dataclasses import dataclass

from riskmodel.errors import InputError


@dataclass(frozen=True)
class Way:
    """One bound of a rule, and the nearest one with which the others of a contradiction can be kept.

    Attributes
    ----------
    rule, bound
        Which.
    given, enough
        What it is, and what would do, as it is printed; `enough` is None where giving this one way up does not do.
    stated
        Whether the rule was given; else it is the default of its kind.
    """

    rule: str
    bound: str
    given: float
    enough: float | None
    stated: bool = True


class NotInstalledError(InputError):
    """The solver of the extra `construct` is not installed."""


class NoListError(InputError):
    """There is no list to give."""


class ContradictionError(NoListError):
    """It is proved that no list keeps these rules together.

    Attributes
    ----------
    rules
        The smallest set of them that contradict each other, by name.
    ways
        What each bound of them would have to give.
    """

    def __init__(self, message: str, rules: tuple[str, ...], ways: tuple[Way, ...]) -> None:
        super().__init__(message)
        self.rules, self.ways = rules, ways


class NotFoundError(NoListError):
    """The effort ended without a list, and none is proved impossible.

    Attributes
    ----------
    bound
        That no list is above.
    nodes
        Cone problems solved.
    """

    def __init__(self, message: str, bound: float, nodes: int) -> None:
        super().__init__(message)
        self.bound, self.nodes = bound, nodes


class UnsolvedError(NoListError):
    """Cone problems that the solver could neither solve nor prove empty stand between the rules and a list.

    Attributes
    ----------
    unsolved, nodes
        How many, of how many.
    """

    def __init__(self, message: str, unsolved: int, nodes: int) -> None:
        super().__init__(message)
        self.unsolved, self.nodes = unsolved, nodes
