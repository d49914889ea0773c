"""The official order of sectors, where the table securities has one: codes such as those of TOPIX-17 and TOPIX-33."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from riskmodel.errors import InputError, counted, listed

COLUMN = "sector_order"


def require_sector_order(sectors: pd.Series, order: pd.Series) -> None:
    """Refuse a sector with two places, and a place with two sectors; both by ticker, an empty place being none.

    Examples
    --------
    >>> require_sector_order(pd.Series({"1301": "食品", "8306": "銀行"}), pd.Series({"1301": 1.0, "8306": 15.0}))
    """
    known = pd.DataFrame({"sector": sectors, "place": order}).dropna()
    known = known[known["sector"] != ""]
    for of, one, other, asked in (
        ("sector", "place", "sector", "Give each sector one number"),
        ("place", "sector", "place", "Give each number to one sector"),
    ):
        several = known.drop_duplicates(["sector", "place"]).groupby(of, sort=True)[one].size()
        wrong = several[several > 1].index
        if len(wrong):
            told = (f"{label:g}" if of == "place" else f"'{label}'" for label in wrong)
            first = known[known[of] == wrong[0]].drop_duplicates(one)
            shown = listed(f"{row.Index} {row.sector} {row.place:g}" for row in first.itertuples())
            raise InputError(
                f"securities: {counted(len(wrong), other)} with more than one {one} in '{COLUMN}': {listed(told)} "
                f"({shown}). {asked}, such as its code in TOPIX-17."
            )


def sectors_in_order(market: xr.Dataset) -> tuple[str, ...]:
    """The sectors of a market in their official order; empty where it has none. Those without a place come last, by name.

    Examples
    --------
    >>> labels = {"sector": ("asset", ["銀行", "食品", "銀行"]), "sector_order": ("asset", [15.0, 1.0, 15.0])}
    >>> sectors_in_order(xr.Dataset(labels))
    ('食品', '銀行')
    """
    if COLUMN not in market:
        return ()
    places = pd.Series(market[COLUMN].to_numpy(), market["sector"].to_numpy().astype(str))
    places = places[places.index != ""].groupby(level=0, sort=True).first()
    return tuple(map(str, places.sort_values(kind="stable", na_position="last").index)) if places.notna().any() else ()
