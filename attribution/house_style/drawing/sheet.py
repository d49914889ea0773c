"""A figure that knows what is to be told of its marks."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from attribution.house_style.drawing.tip import Tip


class Sheet(Figure):
    """A figure with the texts of its places; a picture of it does not show them."""

    tips: Sequence[Tip] = ()
