"""Fonts of figures that a user draws: the packaged one, or the machine's where it is not there."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PACKAGED = "Noto Sans CJK JP"
PACKAGES = {"noto_cjk_sans_jp_regular": "NotoSansCJKjp-Regular.otf", "noto_cjk_sans_jp_bold": "NotoSansCJKjp-Bold.otf"}
MACHINE = ("Noto Sans JP", PACKAGED, "Hiragino Sans", "Yu Gothic", "Meiryo", "IPAexGothic")


@cache
def families() -> tuple[str, ...]:
    """Families that a figure's texts name, in this order; the last one every matplotlib has."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    there = {font.name for font in manager.ttflist}
    for package, file in PACKAGES.items():
        spec = find_spec(package)
        if spec is not None and spec.origin is not None and (Path(spec.origin).parent / file).is_file():
            manager.addfont(Path(spec.origin).parent / file)
            there = {PACKAGED}
    return (*(name for name in MACHINE if name in there), "DejaVu Sans")


def legible(figure: Figure) -> Figure:
    """Give the texts of a figure that a user will draw a font with the characters of both languages."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_fontfamily(list(families()))
    return figure
