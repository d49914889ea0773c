"""What a number may be, with its unit in words: one home for the bounds of books, settings and arguments."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from riskmodel.errors import InputError

SHOWN = 60  # characters of a value in a message
MOST = sys.float_info.max
MOST_COUNTED = 10**9  # of what a setting counts
DIGITS = 30  # of a whole number in a message; Python itself refuses to write some thousands


@dataclass(frozen=True)
class Bound:
    """What a number may be: finite always, and never true, false or a text that stands for a number.

    Attributes
    ----------
    wanted
        The same in words, with the unit, as a message ends: "a decimal above 0 and up to 1 (0.10 is 10 %)".
    least, most
        The smallest and the largest that will do.
    above, below
        What it must be more and less than.
    whole
        Whether it must be an integer.
    zero
        Whether it may be 0.

    Examples
    --------
    >>> SHARE_LIMIT.admits(0.1), SHARE_LIMIT.admits(10), SHARE_LIMIT.admits(float("nan")), SHARE_LIMIT.admits(True)
    (True, False, False, False)
    """

    wanted: str
    least: float = -MOST
    most: float = MOST
    above: float = -MOST
    below: float = float("inf")
    whole: bool = False
    zero: bool = True

    def admits(self, value: object) -> bool:
        """Whether a value is such a number."""
        return is_number(value, whole=self.whole) and self.holds(value)

    def holds(self, number: Any) -> bool:
        """Whether a number lies within; NaN and infinity do not."""
        inside = self.least <= number <= self.most and number < self.below
        return bool(inside and (number > self.above or self.above == -MOST) and (self.zero or number != 0))


def is_number(value: object, *, whole: bool = False) -> bool:
    """Whether a value is a number: numpy's are, true and false are not.

    Examples
    --------
    >>> is_number(0.5), is_number(True), is_number("0.5"), is_number(0.5, whole=True)
    (True, False, False, False)
    """
    return isinstance(value, Integral if whole else Real) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A value as a message shows it: numbers and texts as they are written, of anything else the type; never long.

    Examples
    --------
    >>> shown(float("nan")), shown("0.1"), shown(10**5000), shown([1])
    ('nan', "'0.1'", 'a whole number of more than 30 digits', 'of type list')
    """
    if hasattr(value, "dtype") and getattr(value, "shape", None) == ():
        value = value.item()  # type: ignore[attr-defined]
    if is_number(value, whole=True) and abs(value) >= 10**DIGITS:  # type: ignore[arg-type]
        return f"a whole number of more than {DIGITS} digits"
    if not (value is None or isinstance(value, str | bool | Real)):
        return f"of type {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def require_bounded(name: str, value: object, bound: Bound) -> float:
    """The value, where it is a number within its bound, or what it is and what to give.

    Raises
    ------
    InputError
        For what is no number, NaN, infinity, and what lies outside.

    Examples
    --------
    >>> require_bounded("uncovered_max", 5, SHARE)
    Traceback (most recent call last):
    ...
    riskmodel.errors.InputError: uncovered_max: is 5. Give a decimal from 0 to 1 (0.10 is 10 %).
    """
    if not bound.admits(value):
        raise InputError(f"{name}: is {shown(value)}. Give {bound.wanted}.")
    return value  # type: ignore[return-value]


def require_settings(owner: str, settings: object, bound: Bound, names: Iterable[str]) -> None:
    """Refuse settings of `owner` that are no number within a bound."""
    for name in names:
        value = getattr(settings, name)
        if not bound.admits(value):
            raise InputError(f"{owner}: {name} is {shown(value)}; it must be {bound.wanted}.")


def whole_number(of: str, least: int = 1, most: int = 1_000_000) -> Bound:
    """Bound of a count.

    Examples
    --------
    >>> whole_number("names").wanted
    'a whole number of names from 1 to 1,000,000'
    """
    return Bound(f"a whole number of {of} from {least:,} to {most:,}", least=least, most=most, whole=True)


SHARE = Bound("a decimal from 0 to 1 (0.10 is 10 %)", least=0, most=1)
SHARE_LIMIT = Bound("a decimal above 0 and up to 1 (0.10 is 10 %)", above=0, most=1)
ROUNDING = Bound("a decimal from 0 and up to 0.02 (0.005 is 0.5 %): more is no rounding", least=0, most=0.02)
SHARE_INSIDE = Bound("a decimal above 0 and below 1 (0.05 is 5 %)", above=0, below=1)
MISFIT = Bound("a decimal from 0 up to 1, such as 1e-6", least=0, most=1)
POSITIVE = Bound("a positive number", above=0)
YEARLY_RATE = Bound("a decimal a year above -0.05 and below 0.5 (0.02 is 2 %)", above=-0.05, below=0.5)
FEE = Bound("a decimal a year above 0 and up to 0.1 (0.0055 is 0.55 %)", above=0, most=0.1)
COST = Bound("basis points from 0 to 1,000 (10 is 0.10 %)", least=0, most=1000)
BASIS_POINTS = Bound("basis points from 0 to 1,000 (5 is 0.05 %)", least=0, most=1000)
DAYS_A_YEAR = 252  # sessions of a year, by which what is daily is annualised
PERIODS_A_YEAR = Bound(
    f"a number of returns a year above 0 and up to 366, {DAYS_A_YEAR} of days and 12 of months", above=0, most=366
)
PERIOD_RETURN = Bound("the decimal return of a row from -1 to 1 (0.001 is 0.1 %)", least=-1, most=1)
PREMIUM = Bound("a decimal a year, such as -0.04 (-4 %), or a Series by day")
DEGREES = Bound("0 or 1", least=0, most=1, whole=True)
HUBER = Bound("a number above 0, usually 1.345, or None", above=0)
THIN_SECTOR = Bound("a number of names from 0, which is no shrinkage", least=0)
NAMES = whole_number("names")
DAYS = whole_number("days", 0)
LAGS = Bound("a whole number from 0, or nothing for 4 (T / 100)^(2/9)", least=0, most=MOST_COUNTED, whole=True)
VOLATILITY = Bound("a volatility a year as a decimal from 0 to 10 (0.15 is 15 %), or None", least=0, most=10)
CODE_DIGITS = whole_number("digits", most=10)
SEED_NUMBER = Bound("a whole number from 0", least=0, whole=True)
STYLE_WEIGHT = Bound("a number from -1,000 to 1,000, not 0", least=-1000, most=1000, zero=False)
