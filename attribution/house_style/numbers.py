"""Numbers become text here, and nowhere before: decimals in, the house's way of writing percent out."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

NOT_AVAILABLE = "n/a"
FULL = 4  # decimals of a value in full, under the pointer; explorer.js has as many
NEGATIVE = {"△": "△{}", "▲": "▲{}", "minus": "−{}", "parentheses": "({})"}


def number(
    value: float, style: NegativeStyle, decimals: int = 2, *, signed: bool = False, unit: str = "", grouped: bool = False
) -> str:
    """Write a number with fixed decimals.

    Parameters
    ----------
    value
        Any number; NaN and missing values become "n/a".
    style
        How a negative one is written: "△", "▲", "minus" (U+2212) or "parentheses". One that rounds to zero has no sign.
    decimals
        Digits after the point; halves are rounded away from zero, as spreadsheets do.
    signed
        Write "+" before a positive one.
    unit
        Put behind the digits, inside any parentheses.
    grouped
        Separate thousands by commas.

    Examples
    --------
    >>> number(-1.005, "△"), number(-0.004, "△"), number(-3, "parentheses", 1), number(2, "minus", signed=True)
    ('△1.01', '0.00', '(3.0)', '+2.00')
    """
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    return _written(Decimal(repr(float(value))), style, decimals, signed, unit, grouped)


def percent(value: float, style: NegativeStyle, decimals: int = 2, *, signed: bool = False, unit: str = "") -> str:
    """Write a decimal as percent; the options are those of `number`. The sign "%" is written only where `unit` says so.

    Examples
    --------
    >>> percent(-0.066, "△"), percent(-0.00001, "minus"), percent(0.0447, "minus", signed=True, unit="%")
    ('△6.60', '0.00', '+4.47%')
    >>> percent(float("nan"), "△")
    'n/a'
    """
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    return _written(Decimal(repr(float(value))).scaleb(2), style, decimals, signed, unit, False)


def power_of_ten(value: float) -> str:
    """The smallest power of ten that is not below a positive number, as HTML: a bound that rounding noise does not move.

    Examples
    --------
    >>> power_of_ten(3.2e-16), power_of_ten(1e-3), power_of_ten(0.0)
    ('10<sup>−15</sup>', '10<sup>−3</sup>', '0')
    """
    if value == 0:
        return "0"
    return f"10<sup>{math.ceil(math.log10(value))}</sup>".replace("-", "−")


def _written(value: Decimal, style: NegativeStyle, decimals: int, signed: bool, unit: str, grouped: bool) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    digits = f"{abs(rounded):{',' if grouped else ''}f}{unit}"
    if rounded < 0:
        return NEGATIVE[style].format(digits)
    return f"+{digits}" if signed and rounded > 0 else digits


NegativeStyle = Literal["△", "▲", "minus", "parentheses"]
