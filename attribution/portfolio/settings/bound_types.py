"""Types of what a book may hold: numbers within bounds, dates and names, never what could merely be turned into one."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from riskmodel import bounds
from riskmodel.bounds import Bound, shown
from riskmodel.errors import listed
from riskmodel.market.calendar import AN_EXCHANGE, is_calendar
from riskmodel.market.tables import FIRST_DATE, LAST_DATE
from riskmodel.texts import has_control

OLDEST, NEWEST = FIRST_DATE.date(), LAST_DATE.date()
FROM_HOLDINGS: Literal["holdings"] = "holdings"  # in the place of a sleeve's inception
Reset = Literal["monthly", "quarterly", "yearly", "never"]
IndexBasis = Literal["price", "total return"]  # what an index's level is of
NAMES_PAIR = "the least and the most names, such as [20, 25]"


class OutOfBoundsError(ValueError):
    """A value that may not stand where it does; the message is what is wrong, and what to give."""


def within(bound: Bound, *, words: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    """A validator of pydantic's: the value as it is where a bound admits it or it is one of `words`.

    Examples
    --------
    >>> within(bounds.YEARLY_RATE, words=("rates",))("rates")
    'rates'
    >>> within(bounds.SHARE_LIMIT)(10)
    Traceback (most recent call last):
    ...
    attribution.portfolio.settings.bound_types.OutOfBoundsError: 10; give a decimal above 0 and up to 1 (0.10 is 10 %)
    """

    def checked(value: Any) -> Any:
        if isinstance(value, str) and value in words:
            return value
        if not bound.admits(value):
            also = "".join(f'"{word}", or ' for word in words)
            raise OutOfBoundsError(f"{shown(value)}; give {also}{bound.wanted}")
        return value

    return checked


def _date(value: Any) -> Any:
    """A date, or text that is one: TOML has dates, and books that write them in quotes are read too."""
    day = value
    if isinstance(value, str):
        try:
            day = datetime.datetime.strptime(value, "%Y-%m-%d").date() if value.isascii() else None
        except ValueError:
            day = None
    if isinstance(day, datetime.datetime) and day.tzinfo is None and day.time() == datetime.time():
        day = day.date()
    if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
        what = str(value) if isinstance(value, datetime.datetime) else shown(value)
        raise OutOfBoundsError(f"{what}; give a day as YYYY-MM-DD, without quotes or time")
    if not OLDEST <= day < NEWEST:
        raise OutOfBoundsError(f"{day}; give a day from {OLDEST} on and before {NEWEST}")
    return day


def _date_or_holdings(value: Any) -> Any:
    """A date, or that the first list says it."""
    if value == FROM_HOLDINGS:
        return value
    try:
        return _date(value)
    except OutOfBoundsError as error:
        raise OutOfBoundsError(f'{error}, or "{FROM_HOLDINGS}" for the day after the first list') from None


def _resets(value: Any) -> Any:
    """When blends are reset: one word for all, or by course."""
    every = list(value.values()) if isinstance(value, dict) else [value]
    for word in every:
        if not isinstance(word, str) or word not in get_args(Reset):
            known = ", ".join(f'"{name}"' for name in get_args(Reset))
            raise OutOfBoundsError(f"{shown(word)}; give one of {known}, or a table of courses with one of them each")
    return value


def _least_and_most(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise OutOfBoundsError(f"{shown(value)}; give {NAMES_PAIR}")
    for number in value:
        if not bounds.NAMES.admits(number):
            raise OutOfBoundsError(f"{shown(number)}; give {NAMES_PAIR}, each {bounds.NAMES.wanted}")
    if value[0] > value[1]:
        raise OutOfBoundsError(f"[{value[0]}, {value[1]}]; the least is above the most. Give {NAMES_PAIR}")
    return tuple(value)


def one_line(value: Any) -> Any:
    """A text of one line that says something; what is no text is left to its type."""
    if isinstance(value, str) and (not value.strip() or has_control(value)):
        raise OutOfBoundsError(f"{shown(value)}; give a text of one line, not empty")
    return value


def _each_once(value: Any) -> Any:
    if isinstance(value, list) and (not value or len({str(one) for one in value}) < len(value)):
        raise OutOfBoundsError(f"{listed(map(str, value)) or 'an empty list'}; give at least one, each once")
    return value


def false_or(wanted: str) -> BeforeValidator:
    """A validator of pydantic's for what may be false: 0 is none, though Python takes one for the other."""

    def checked(value: Any) -> Any:
        if value is True or bounds.is_number(value):
            raise OutOfBoundsError(f"{shown(value)}; give {wanted}")
        return value

    return BeforeValidator(checked)


def _currency(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("[A-Z]{3}", value):
        raise OutOfBoundsError(f'{shown(value)}; give a code of three capitals, such as "USD" or "JPY"')
    return value


def _exchange(value: Any) -> Any:
    if isinstance(value, str) and not is_calendar(value):
        raise OutOfBoundsError(f"{shown(value)}; give {AN_EXCHANGE}")
    return value


Line = Annotated[str, BeforeValidator(one_line)]
EachOnce = BeforeValidator(_each_once)
Day = Annotated[datetime.date, BeforeValidator(_date)]
SleeveStart = Annotated[datetime.date | Literal["holdings"], BeforeValidator(_date_or_holdings)]
BlendReset = Annotated[Reset | dict[str, Reset], BeforeValidator(_resets)]
Rounding = Annotated[float, BeforeValidator(within(bounds.ROUNDING))]
Share = Annotated[float, BeforeValidator(within(bounds.SHARE))]
ShareLimit = Annotated[float, BeforeValidator(within(bounds.SHARE_LIMIT))]
ShareInside = Annotated[float, BeforeValidator(within(bounds.SHARE_INSIDE))]
YearlyRate = Annotated[float | Literal["rates"], BeforeValidator(within(bounds.YEARLY_RATE, words=("rates",)))]
Fee = Annotated[float, BeforeValidator(within(bounds.FEE))]
Cost = Annotated[float, BeforeValidator(within(bounds.COST))]
BasisPoints = Annotated[float, BeforeValidator(within(bounds.BASIS_POINTS))]
NameCount = Annotated[int, BeforeValidator(within(bounds.NAMES))]
NameRange = Annotated[tuple[int, int], BeforeValidator(_least_and_most)]
Digits = Annotated[int, BeforeValidator(within(bounds.CODE_DIGITS))]
Currency = Annotated[str, BeforeValidator(_currency)]
Exchange = Annotated[str, BeforeValidator(_exchange)]
StyleWeight = Annotated[float, BeforeValidator(within(bounds.STYLE_WEIGHT))]


class Part(BaseModel):
    """A section of a book: no unknown keys, nothing that changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _both_languages(value: Any) -> Any:
    return {"ja": value, "en": value} if isinstance(value, str) else value


class Words(Part):
    """A text in the two languages; a plain string stands for both, and may have lines where it is no name."""

    ja: str
    en: str


def _of_one_line(words: Words) -> Words:
    one_line(words.ja)
    one_line(words.en)
    return words


Said = Annotated[Words, BeforeValidator(_both_languages)]
Named = Annotated[Said, AfterValidator(_of_one_line)]
