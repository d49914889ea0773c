"""A figure that knows what is to be told of its marks."""

from __future__ import annotations

from collections.abc import Sequence

from attribution.house_style.drawing.tip import Tip
from riskmodel.figures import ShownFigure


class Sheet(ShownFigure):
    """A figure with the texts of its places; a picture of it does not show them."""

    tips: Sequence[Tip] = ()
