"""Charts of pages, drawn once for all tests of a process: most pages of a month hold the same ones."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from attribution.house_style import colours
from attribution.house_style.drawing.canvas import Canvas
from attribution.reporting.pages import charts

PREFIX = "prefix-of-every-chart-"


class Drawings:
    """What pages have drawn, by all that a drawing is made of: its marks, texts, label and colours."""

    def __init__(self) -> None:
        self.kept: dict[bytes, str] = {}
        self.for_page = self.off = False
        self.own = {"figure": Canvas.figure, "to_svg": charts.to_svg, "_svg": charts.PageCharts._svg}

    @contextmanager
    def shared(self) -> Iterator[Drawings]:
        """Pages written inside share their drawings; a figure that no page asks for is drawn as ever."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Canvas, "figure", lambda canvas, label: self.figure(canvas, label))
            patch.setattr(charts, "to_svg", self.to_svg)
            patch.setattr(charts.PageCharts, "_svg", lambda page, key, draw: self.svg(page, key, draw))
            yield self

    @contextmanager
    def anew(self) -> Iterator[None]:
        """Pages written inside draw all of theirs."""
        self.off = True
        try:
            yield
        finally:
            self.off = False

    def svg(self, page: charts.PageCharts, key: str, draw: Callable[[], Any]) -> str:
        self.for_page = not self.off
        try:
            return self.own["_svg"](page, key, draw)
        finally:
            self.for_page = False

    def figure(self, canvas: Canvas, label: str) -> Any:
        if not self.for_page:
            return self.own["figure"](canvas, label)
        parts = (canvas.width, canvas.height, canvas.marks, canvas.texts, canvas.tips, label, dict(colours._PALETTE.get()))
        key = sha256(pickle.dumps(parts)).digest()
        made = SimpleNamespace(tips=tuple(canvas.tips)) if key in self.kept else self.own["figure"](canvas, label)
        made.kept_by = key
        return made

    def to_svg(self, made: Any, prefix: str) -> str:
        if not hasattr(made, "kept_by"):
            return self.own["to_svg"](made, prefix)
        if made.kept_by not in self.kept:
            self.kept[made.kept_by] = self.own["to_svg"](made, PREFIX)
        return self.kept[made.kept_by].replace(PREFIX, prefix)
