"""A figure that shows itself in a notebook, without pyplot and without a magic."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

DOTS = 144  # to an inch of the picture; a screen shows it at half of that


class ShownFigure(Figure):
    """A matplotlib figure that a notebook shows as the picture it is, on white whatever the notebook's colours."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """The picture, and the size at which it is shown."""
        out = io.BytesIO()
        self.savefig(out, format="png", dpi=DOTS, facecolor="white", bbox_inches=None)
        width, height = (round(inches * DOTS / 2) for inches in self.get_size_inches())
        return out.getvalue(), {"width": width, "height": height}
