"""What a place on a chart says under the pointer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tip:
    """What a page tells of a place under the pointer: a box in points from the upper left corner, and lines of text."""

    left: float
    right: float
    top: float
    bottom: float
    text: str
