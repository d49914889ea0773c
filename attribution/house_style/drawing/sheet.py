"""A chart as a figure of matplotlib, for who wants to go on drawing, or a picture of it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text

from attribution.house_style.drawing.canvas import SIZE, Drawing, Mark
from riskmodel.figures import ShownFigure

HOUSE: dict[str, Any] = {"font.family": ["DejaVu Sans"], "font.size": SIZE}


@contextmanager
def house() -> Iterator[None]:
    """Matplotlib's defaults and the house's, whatever the user's settings; glyphs that its own font lacks are no matter."""
    with style.context(["default", HOUSE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def to_figure(drawing: Drawing) -> ShownFigure:
    """The drawing as a figure with one pair of axes in points.

    Examples
    --------
    >>> from attribution.house_style.drawing import Bar, bar_panels
    >>> to_figure(bar_panels([[[Bar("Size", 0.01)]]], "minus", "One bar", shared=True)).get_label()
    'One bar'
    """
    with house():
        figure = ShownFigure(figsize=(drawing.width / 72, drawing.height / 72), facecolor="none")
        figure.set_label(drawing.label)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
        for place, mark in enumerate(drawing.marks):
            axes.add_artist(PathPatch(_joined(mark), clip_on=False, zorder=place, **_look(mark)))
        for x, y, text, align, colour, size in drawing.texts:
            font = FontProperties(family=HOUSE["font.family"], size=size)
            look: dict[str, Any] = {"color": colour, "fontproperties": font, "ha": align, "va": "baseline"}
            axes.add_artist(Text(x, y, text, parse_math=False, clip_on=False, zorder=len(drawing.marks), **look))
    return figure


def _look(mark: Mark) -> dict[str, Any]:
    if mark.edge is None:
        return {"facecolor": mark.face, "linewidth": 0}
    if mark.face is not None:
        return {"facecolor": mark.face, "edgecolor": mark.edge, "linewidth": mark.thick}
    dash = (0, tuple(length / mark.thick for length in mark.dash)) if mark.dash else "solid"
    return {
        "fill": False, "edgecolor": mark.edge, "linewidth": mark.thick, "capstyle": "butt", "joinstyle": "round",
        "linestyle": dash,
    }  # fmt: skip


def _joined(mark: Mark) -> Path:
    """One path of several lines, closed boxes or rings."""
    codes = []
    for line in mark.paths:
        codes += [Path.MOVETO] + [Path.CURVE4 if mark.curved else Path.LINETO] * (len(line) - 1)
        if mark.edge is None:
            codes[-1] = Path.CLOSEPOLY
    return Path(np.concatenate([np.asarray(line, dtype=float) for line in mark.paths]), codes)
