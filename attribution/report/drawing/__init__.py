"""Charts of the report as matplotlib figures, and as SVG that stands inside a page.

Everything here takes frames, series or bars and returns a figure; nothing is shown, printed or changed. Sizes are in points.
"""

from attribution.report.drawing.bars import Bar, bar_panels, multiples, sorted_bars
from attribution.report.drawing.canvas import house, shortened, spread, text_width
from attribution.report.drawing.exposures import dumbbells
from attribution.report.drawing.lines import cumulative_lines, paths
from attribution.report.drawing.month import charts, contribution_bars, month_figures
from attribution.report.drawing.plots import Plots, contribution_panels
from attribution.report.drawing.svg import to_svg, told_places
from attribution.report.drawing.waterfall import waterfall, waterfall_steps

__all__ = [
    "Bar",
    "Plots",
    "bar_panels",
    "charts",
    "contribution_bars",
    "contribution_panels",
    "cumulative_lines",
    "dumbbells",
    "house",
    "month_figures",
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
