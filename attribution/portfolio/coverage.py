"""How much of what is held the model must cover."""

from __future__ import annotations

import pandas as pd

from riskmodel.bounds import SHARE, require_bounded
from riskmodel.errors import InputError, counted, listed


def require_covered(of: str, uncovered: pd.Series, largest: float, *, what: str) -> None:
    """Refuse weights (ticker) that the model leaves out, where they are more than `largest`, uncovered_max, together."""
    require_bounded("uncovered_max", largest, SHARE)
    held = uncovered[uncovered != 0].sort_values(ascending=False, kind="stable")
    weight = float(held.abs().sum())
    if weight > largest:
        names = listed(f"{ticker} {own:.2%}" for ticker, own in held.items())
        raise InputError(
            f"{of}: {counted(len(held), 'held name')} without {what}, {weight:.2%} of its "
            f"weight, more than {largest:.2%}: {names}. Add their data and fit again, or allow more: "
            f"uncovered_max, in [book] or as an argument. A fund is looked through by constituents in "
            f'[funds."{held.index[0]}"], or left whole by carried = "unmodelled" there.'
        )
