"""A chart as an SVG element that stands inside a page: its text stays text and takes the page's font."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import numpy as np

from attribution.house_style.drawing.canvas import Drawing, Mark

# An attribute, since a style sheet of the page may outdo it and WeasyPrint reads no other; the page's own face comes first.
FAMILIES = "'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', Meiryo, sans-serif"
NEARNESS = 0.1  # points


def to_svg(drawing: Drawing) -> str:
    """Write a chart as an SVG element for a page: the same text on each run, its fonts left to the page.

    Its label becomes the element's accessible name.
    """
    marks = "".join(f'<path d="{_path(mark)}"{_look(mark)}/>' for mark in drawing.marks)
    return f"{_head(drawing.label, drawing.width, drawing.height)}{marks}{''.join(map(_text, drawing.texts))}</svg>"


def _head(label: str, width: float, height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label={quoteattr(label)} font-family="{FAMILIES}" viewBox="0 0 {width:g} {height:g}" '
        f'stroke-linejoin="round" stroke-linecap="butt">'
    )


def _look(mark: Mark) -> str:
    face = f' fill="{mark.face or "none"}"'
    if mark.edge is None:
        return face
    dash = f' stroke-dasharray="{",".join(map(_place, mark.dash))}"' if mark.dash else ""
    return f'{face} stroke="{mark.edge}" stroke-width="{_place(mark.thick)}"{dash}'


def _path(mark: Mark) -> str:
    return "".join(_line(mark, np.asarray(line, dtype=float)) for line in mark.paths)


def _line(mark: Mark, points: np.ndarray) -> str:
    """A line, a closed box or a ring; parts of a line that are not finite are not drawn."""
    if mark.curved or mark.edge is None:
        command, closing = ("C", "") if mark.curved else ("L", "z")
        first, *others = map(_point, points if mark.curved else points[:-1])
        return f"M{first}{command}{' '.join(others) if mark.curved else 'L'.join(others)}{closing}"
    known = np.isfinite(points).all(axis=1)
    runs = np.split(points, np.flatnonzero(known[1:] != known[:-1]) + 1)
    return "".join("M" + "L".join(map(_point, simplified(run))) for run in runs if np.isfinite(run[0]).all())


def simplified(points: np.ndarray) -> np.ndarray:
    """A line without the points that lie on it to a tenth of a point, (point, 2).

    Passes leave out points nearer to the line through their neighbours than that, never two that are neighbours, until none
    is left.

    Examples
    --------
    >>> simplified(np.array([[0.0, 0.0], [1.0, 0.02], [2.0, 0.0], [3.0, 5.0]])).tolist()
    [[0.0, 0.0], [2.0, 0.0], [3.0, 5.0]]
    """
    while len(points) > 2:
        before, own, after = points[:-2], points[1:-1], points[2:]
        along, off = after - before, own - before
        length = np.hypot(*along.T)
        distance = np.abs(along[:, 0] * off[:, 1] - along[:, 1] * off[:, 0]) / np.where(length > 0, length, np.inf)
        inside = ((along * off).sum(axis=1) >= 0) & ((along * off).sum(axis=1) <= length**2)
        needless = (distance < NEARNESS) & inside & (length > 0)
        rank = np.cumsum(needless) - np.maximum.accumulate(np.where(needless, 0, np.cumsum(needless)))  # within its run
        gone = needless & (rank % 2 == 1)
        if not gone.any():
            break
        points = points[np.concatenate([[True], ~gone, [True]])]
    return points


def _point(point: np.ndarray) -> str:
    return f"{_place(point[0])} {_place(point[1])}"


def _text(written: tuple[float, float, str, str, str, float]) -> str:
    x, y, text, align, colour, size = written
    anchor = {"center": ' text-anchor="middle"', "right": ' text-anchor="end"'}.get(align, "")
    return (
        f'<text font-size="{_place(size)}px"{anchor} fill="{colour}" x="{_place(x)}" y="{_place(y)}">{escape(text)}</text>'
    )


def told_places(drawing: Drawing) -> str:
    """An SVG group that is not seen and tells the values of a chart's marks under the pointer, without a script.

    It goes behind everything else of the element that `to_svg` makes; nothing for a chart that has none to tell.
    """
    places = [
        f'<path d="M{tip.left:.1f} {tip.top:.1f}H{tip.right:.1f}V{tip.bottom:.1f}H{tip.left:.1f}z">'
        f"<title>{escape(tip.text)}</title></path>"
        for tip in drawing.tips
    ]
    return f'<g class="tips" fill="none" pointer-events="all">{"".join(places)}</g>' if places else ""


def _place(points: float) -> str:
    """Points to a hundredth, without what says nothing."""
    text = f"{points:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
