"""Fonts of figures that a user draws: the packaged one, or the machine's where it is not there."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from attribution.house_style.drawing.canvas import Drawing
from attribution.house_style.fonts import WEIGHTS, font_path
from riskmodel.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PACKAGED = "Noto Sans CJK JP"
MACHINE = ("Noto Sans JP", PACKAGED, "Hiragino Sans", "Yu Gothic", "Meiryo", "IPAexGothic")


@cache
def families() -> tuple[str, ...]:
    """Families that a figure's texts name, in this order; the last one every matplotlib has."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    there = {font.name for font in manager.ttflist}
    for weight in WEIGHTS:
        with suppress(InputError):  # it is not there
            manager.addfont(font_path(weight))
            there = {PACKAGED}
    return (*(name for name in MACHINE if name in there), "DejaVu Sans")


def legible(drawing: Drawing) -> Figure:
    """A drawing as a figure that a user will draw: its texts have a font with the characters of both languages."""
    from matplotlib.text import Text

    from attribution.house_style.drawing.sheet import to_figure

    figure = to_figure(drawing)
    for text in figure.findobj(Text):
        text.set_fontfamily(list(families()))
    return figure
