"""How much of what is held the model must cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from riskmodel.bounds import SHARE, require_bounded
from riskmodel.errors import InputError, counted, listed

if TYPE_CHECKING:
    from attribution.portfolio.periods import Period
    from riskmodel.model.results import RiskModelResults


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


def unexplained_remark(model: RiskModelResults, period: Period) -> str:
    """On how many days of a period a given model explains no stock, as it does before it begins; empty where on none."""
    names = model.data["estimating_names"].sel(time=period.days)
    without = names.get_index("time")[(names == 0).to_numpy()]
    if model.settings.get("source") != "tables" or not len(without):
        return ""
    return (
        f"The given model explains no stock on {len(without):,} of {counted(names.size, 'day')} ({without[0]:%Y-%m-%d} to "
        f"{without[-1]:%Y-%m-%d}): what its factors would explain then stands in the row unmodelled, of group other."
    )
