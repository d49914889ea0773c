"""What may be chosen of a search, and what is chosen where nobody says: light, for help and commands."""

from __future__ import annotations

FIGURES = ("sortino", "sharpe", "information_ratio", "return", "excess")
FREQUENCIES = ("day", "month")  # of the returns that figures are made of
TABLES = ("windows", "trials", "regimes")
LEAST, MOST = 3, 6  # factors of a combination
HELD_OUT = 12  # months
DRAWS = 99  # of the placebo
TOP = 10  # trials shown
