"""The colours of the workbook: those of the pages, with the house's own in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from attribution.house_style.colours import ACCENT, LOSS
from attribution.house_style.drawing.canvas import NEGATIVE, POSITIVE


@dataclass(frozen=True)
class Palette:
    """Colours by their use: links, what rose or helped, what fell or hurt, and the figures of the latter."""

    accent: str = ACCENT
    gain: str = POSITIVE
    loss: str = NEGATIVE
    negative: str = LOSS  # darker than in charts, or it cannot be read


def palette_of(stated: Mapping[str, str]) -> Palette:
    """The palette of a book that states some of its colours.

    Examples
    --------
    >>> palette_of({"loss": "#a03a1e"})
    Palette(accent='#1f5fa8', gain='#1f5fa8', loss='#a03a1e', negative='#a03a1e')
    """
    return Palette(**stated, **({"negative": stated["loss"]} if "loss" in stated else {}))
