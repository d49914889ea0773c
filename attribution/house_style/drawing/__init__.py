"""Charts of the report: drawings, which become SVG that stands inside a page, or figures of matplotlib.

Everything here takes frames, series or bars and returns a drawing; nothing is shown, printed or changed. Sizes are in
points. matplotlib is loaded for who asks for a figure, and for nothing else.
"""

from attribution.house_style.drawing.bars import Bar, bar_panels, multiples, sorted_bars
from attribution.house_style.drawing.canvas import Drawing, shortened, spread, text_width
from attribution.house_style.drawing.contributions import contribution_bars
from attribution.house_style.drawing.exposures import dumbbells
from attribution.house_style.drawing.lines import cumulative_lines, paths
from attribution.house_style.drawing.svg import to_svg, told_places
from attribution.house_style.drawing.waterfall import bridge_steps, waterfall, waterfall_steps

__all__ = [
    "Bar",
    "Drawing",
    "bar_panels",
    "bridge_steps",
    "contribution_bars",
    "cumulative_lines",
    "dumbbells",
    "multiples",
    "paths",
    "shortened",
    "sorted_bars",
    "spread",
    "text_width",
    "to_svg",
    "told_places",
    "waterfall",
    "waterfall_steps",
]
