"""A figure as an SVG element that stands inside a page: its text stays text and takes the page's font."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from attribution.house_style.drawing.canvas import house

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# An attribute, since a style sheet of the page may outdo it and WeasyPrint reads no other; the page's own face comes first.
FAMILIES = "'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', Meiryo, sans-serif"


STYLE = re.compile(r' style="([^"]*)"')


def to_svg(figure: Figure, prefix: str) -> str:
    """Write a figure as an SVG element for a page: the same text on each run, its fonts left to the page.

    Parameters
    ----------
    figure
        From one of the functions of this package; its label becomes the element's accessible name.
    prefix
        Put before every id, so that several figures can stand in one page.
    """
    out = io.StringIO()
    with house():
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = out.getvalue()
    text = re.sub(r">\s+<", "><", text[text.index("<svg") :].strip())
    text = re.sub(r"<defs><style.*?</style></defs>", "", text, count=1, flags=re.DOTALL)
    tags = re.findall(r"<[^>]*>", text)
    used = {name for tag in tags for name in re.findall(r"#([\w.-]+)[\")]", tag)}
    text = re.sub(r"<[^>]*>", lambda tag: _tag(tag[0], prefix, used), text)  # a name may hold what looks like an attribute
    text = re.sub(r'<path d="[^"]*" fill="none"/>', "", text, count=1)  # the sheet
    if "<g " not in text:
        text = re.sub(r"</?g/?>", "", text)
    name = quoteattr(str(figure.get_label()))
    size = figure.get_size_inches() * 72
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" aria-label={name} '
        f'font-family="{FAMILIES}" viewBox="0 0 {size[0]:g} {size[1]:g}" stroke-linejoin="round" stroke-linecap="butt">'
    )
    return head + text[text.index(">") + 1 :]


def told_places(figure: Figure) -> str:
    """An SVG group that is not seen and tells the values of a figure's marks under the pointer, without a script.

    It goes behind everything else of the element that `to_svg` makes; nothing for a figure that has none to tell.
    """
    places = [
        f'<path d="M{_place(tip.left)} {_place(tip.top)}H{_place(tip.right)}V{_place(tip.bottom)}H{_place(tip.left)}z">'
        f"<title>{escape(tip.text)}</title></path>"
        for tip in getattr(figure, "tips", ())
    ]
    return f'<g class="tips" fill="none" pointer-events="all">{"".join(places)}</g>' if places else ""


def _place(points: float) -> str:
    return f"{points:.1f}".removesuffix(".0")


def _tag(tag: str, prefix: str, used: set[str]) -> str:
    """A tag with ids of the page's own and no fonts, places to a hundredth of a point, nothing without effect."""
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    tag = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", tag)
    tag = re.sub(r"(href=\"#|url\(#)", rf"\g<1>{prefix}", tag)
    tag = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", tag)
    tag = re.sub(r"(?<![#\w.])-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), tag)
    tag = re.sub(r'(?<= d=")[^"]*', lambda m: re.sub(r"\s*([MLCQz])\s*", r"\1", " ".join(m[0].split())), tag)
    tag = re.sub(r"; (stroke-linejoin: round|stroke-linecap: butt|stroke-miterlimit: [\d.]+)(?=[;\"])", "", tag)
    return STYLE.sub(lambda match: "".join(f' {name}="{value}"' for name, value in _properties(match[1])), tag)


def _properties(style: str) -> Iterator[tuple[str, str]]:
    """The properties of a style attribute, which a page's security policy may forbid, as attributes of their own."""
    for part in filter(None, map(str.strip, style.split(";"))):
        name, _, value = part.partition(":")
        yield name.strip(), value.strip()
