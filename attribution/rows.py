"""Names of rows and columns that more than one room uses."""

from __future__ import annotations

CASH = "CASH"  # the ticker of cash
CASH_STOCK = f"{CASH} (stock)"  # a company whose ticker is CASH
PROXY = "(proxy)"  # a benchmark's official return less that of its constituents
PROXY_FACTOR = "proxy"  # the same as a row of factors
SPECIFIC = "specific"
OTHER = ("cash", "unmodelled")  # rows of a factor cut that are not the model's
