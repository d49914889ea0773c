"""A text of a chart that an SVG takes as it stands, without measuring it first."""

from __future__ import annotations

from typing import Any

from matplotlib import rcParams
from matplotlib.colors import to_rgba
from matplotlib.text import Text


class Label(Text):
    """One line of text on its baseline.

    Where text stays text the reader's font is not known, so that there is nothing to measure: the SVG aligns it by its
    anchor. That saves most of the time that a chart takes.
    """

    def draw(self, renderer: Any) -> None:
        """Write the text; measure it only where a picture needs its glyphs."""
        if getattr(renderer, "writer", None) is None or rcParams["svg.fonttype"] != "none":
            super().draw(renderer)
            return
        if not self.get_text() or not self.get_visible():
            return
        x, y = self.get_transform().transform(self.get_unitless_position())
        gc = renderer.new_gc()
        gc.set_foreground(to_rgba(self.get_color()), isRGBA=True)
        _, height = renderer.get_canvas_width_height()
        renderer.draw_text(gc, x, height - y, self.get_text(), self.get_fontproperties(), 0.0, mtext=self)
        gc.restore()
        self.stale = False
