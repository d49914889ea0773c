"""Which way a portfolio leaned: a row of the factor cut told as exposure above or below the benchmark's."""

from __future__ import annotations

import math
from typing import Any

from attribution.reporting.commentary.writer import Writer
from attribution.reporting.tables.facts import LEAST_DRIVER

LEAST_EXPOSURE = 0.005  # of a style: what prints as 0.00 leans nowhere
UNLIKE = 2.0  # a contribution this many times another size is not told as exposure times return


def has_lean(row: Any) -> bool:
    """Whether a row of `factor_contributions` can be told as exposure times return.

    Its contribution is summed by day, and may be far from mean exposure times the month's return.
    """
    if not (math.isfinite(row.active_exposure) and math.isfinite(row.factor_return)):
        return False
    least = LEAST_EXPOSURE if row.group == "style" else LEAST_DRIVER
    if abs(row.active_exposure) < least or abs(row.factor_return) < LEAST_DRIVER:
        return False
    return bool(1 / UNLIKE <= row.active_exposure * row.factor_return / row.contribution <= UNLIKE)


def lean(write: Writer, row: Any) -> str:
    """What is held more of than the benchmark has: of a style in words of its own, of what has weights over or under."""
    high = row.active_exposure > 0
    if row.group != "style":
        return write("driver.overweight" if high else "driver.underweight")
    side = "high" if high else "low"
    known = row.factor in write.messages.table["commentary"][side]
    return write(f"{side}.{row.factor}") if known else write(f"{side}.other", factor=write.factor(row.factor))
