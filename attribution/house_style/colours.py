"""Colours of a house: how they stand out from paper, and charts drawn in them."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

PAPER = "#ffffff"
DARK_PAPER = "#14191e"  # for whoever has set dark colours; the style sheet of the screen has it too
DARK_CONTRAST = 7.0  # WCAG 2.2, 1.4.6: the colours that it has there by default are near it
ACCENT, LOSS = "#1f5fa8", "#a84f0a"  # of links and rules, and of figures that fell; the style sheets have them too
TEXT_CONTRAST = 4.5  # WCAG 2.2, 1.4.3; graphics need 3 (1.4.11), and every colour of a house writes figures too

_PALETTE: ContextVar[Mapping[str, str]] = ContextVar("palette", default=MappingProxyType({}))


def contrast(colour: str, other: str = PAPER) -> float:
    """The contrast ratio of two colours, from 1 to 21.

    Notes
    -----
    (L1 + 0.05) / (L2 + 0.05) with the relative luminance L = 0.2126 R + 0.7152 G + 0.0722 B of linear sRGB; WCAG 2.2.

    Examples
    --------
    >>> round(contrast("#000000"), 1), round(contrast("#1f5fa8"), 2), round(contrast("#767676"), 2)
    (21.0, 6.44, 4.54)
    """
    low, high = sorted((_luminance(colour), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def on_dark(colour: str) -> str:
    """A colour for dark paper: of the same hue and saturation, and as much lighter as reading it there takes.

    Examples
    --------
    >>> on_dark("#0b6b4f"), on_dark("#ffffff")
    ('#13ba89', '#ffffff')
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)))
    while contrast(colour, DARK_PAPER) < DARK_CONTRAST:
        lightness = min(lightness + 0.01, 1.0)
        parts = colorsys.hls_to_rgb(hue, lightness, saturation)
        colour = "#" + "".join(f"{round(255 * part):02x}" for part in parts)
    return colour


@contextmanager
def painted(palette: Mapping[str, str]) -> Iterator[None]:
    """Charts drawn inside have the colours of `palette`, by those of the house style."""
    token = _PALETTE.set(palette)
    try:
        yield
    finally:
        _PALETTE.reset(token)


def in_palette(colour: str) -> str:
    """A colour of the house style, or that which stands for it."""
    return _PALETTE.get().get(colour, colour)
