"""The identities that every result must satisfy, as a table."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

if TYPE_CHECKING:
    from attribution.result import AttributionResult

TOLERANCE = 1e-12


class ReconciliationError(ArithmeticError):
    """A result whose contributions do not add up is not returned."""


def reconcile(result: AttributionResult) -> pd.DataFrame:
    """Compare both sides of every identity.

    Returns
    -------
    DataFrame
        course, identity, left, right, difference, tolerance, passed.

    Notes
    -----
    The two sides are computed apart: cuts by factor from exposures and factor returns, cuts by stock from observed returns,
    totals from the sleeves' and the indices' own returns.
    """
    from attribution.beside import beside_identities, holdings_return, official_return
    from attribution.brinson import EFFECTS
    from attribution.linking import compound

    data, followed = result.data, result.followed
    excess, total = result.excess_return, result.portfolio_return
    stock_factor = result.by("stock", "factor")
    stocks, factors, sectors, days = (result.by(cut) for cut in ("stock", "factor", "sector", "day"))
    brinson, by_factor = result.sector_brinson, result.sector_brinson_by_factor
    active = (data["portfolio_live"] - data["benchmark_live"]).to_numpy()
    explained = (data["exposure"] * data["factor_return"]).sum("factor") + data["specific_return"]
    gap = (explained - data["asset_return"]).where(data["modelled"], 0.0) * active
    left_right = {
        "factors = R - B": (fsum(factors), excess),
        "groups = R - B": (fsum(result.by("group")), excess),
        "stocks = R - B": (fsum(stocks), excess),
        "sectors = R - B": (fsum(sectors), excess),
        "days = R - B": (fsum(days), excess),
        "months = R - B": (fsum(result.by("month")), excess),
        "sleeves = R - B": (fsum(result.by("sleeve")), excess),
        "stock x factor = R - B": (fsum(stock_factor), excess),
        "stock x factor over factors = stocks": _furthest(stock_factor.groupby("stock").sum(), stocks),
        "stock x factor over stocks = factors": _furthest(stock_factor.groupby("factor").sum(), factors),
        "sector x factor over factors = sectors": _furthest(result.by("sector", "factor").groupby("sector").sum(), sectors),
        "day x factor over factors = days": _furthest(result.by("day", "factor").groupby("day").sum(), days),
        "Brinson effects by sector = R - B": (fsum(brinson[list(EFFECTS)].to_numpy().ravel()), excess),
        "Brinson by factor over factors = Brinson effects": _furthest(
            by_factor.groupby(["group", "effect"])["contribution"].sum(),
            brinson.set_index("group")[list(EFFECTS)].rename_axis("effect", axis=1).stack(),
        ),
        "Brinson by factor over groups = factors": _furthest(by_factor.groupby("factor")["contribution"].sum(), factors),
        "absolute stocks = R": (fsum(result.by("stock", absolute=True)), total),
        "absolute factors = R": (fsum(result.by("factor", absolute=True)), total),
        "factors + specific = active return of each stock and day": (float(np.abs(gap).max()), 0.0),
        "weights of each day = 1": (float(data["portfolio_weight"].sum("asset")[_worst(data["portfolio_weight"])]), 1.0),
        "benchmark weights of each day = 1": (
            float(data["benchmark_weight"].sum("asset")[_worst(data["benchmark_weight"])]),
            1.0,
        ),
        "weights x returns = portfolio return of each day": _furthest(
            (data["portfolio_live"] * data["asset_return"]).sum("asset").to_series(), holdings_return(data).to_series()
        ),
        "blend of sleeves, reset monthly = R": (
            _blend(followed.sleeves, followed.shares),
            compound(holdings_return(data).to_numpy()),
        ),
        "blend of benchmarks, reset monthly = B": (
            _blend(followed.benchmarks, followed.shares),
            compound(official_return(data).to_numpy()),
        ),
    } | beside_identities(data, result.currency)
    return pd.DataFrame([identity_row(result.course, identity, *sides) for identity, sides in left_right.items()])


def identity_row(course: str, identity: str, left: float, right: float) -> dict[str, object]:
    """One row of a reconciliation table."""
    return {
        "course": course,
        "identity": identity,
        "left": left,
        "right": right,
        "difference": left - right,
        "tolerance": TOLERANCE,
        "passed": bool(abs(left - right) <= TOLERANCE),
    }


def require_reconciled(table: pd.DataFrame, what: str) -> None:
    """Refuse a result with a failed identity.

    Raises
    ------
    ReconciliationError
        Names the identity and both sides.
    """
    failed = table[~table["passed"]]
    if len(failed):
        lines = [f"{row.identity}: {row.left!r} against {row.right!r}" for row in failed.itertuples()]
        raise ReconciliationError(f"{what}: contributions do not add up. " + "; ".join(lines) + ".")


def _furthest(left: pd.Series, right: pd.Series) -> tuple[float, float]:
    """Both sides where two series with the same labels differ most."""
    right = right.reindex(left.index)
    place = int((left - right).abs().to_numpy().argmax())
    return float(left.iloc[place]), float(right.iloc[place])


def _worst(weights: xr.DataArray) -> int:
    return int(np.abs(weights.sum("asset").to_numpy() - 1).argmax())


def _blend(returns: xr.DataArray, shares: dict[str, float]) -> float:
    """Compounded return of parts held at fixed shares, reset at each month's start: linear within a month."""
    frame = returns.to_pandas().T
    monthly = (1 + frame).groupby(frame.index.to_period("M")).prod() - 1
    return float((1 + monthly @ pd.Series(shares)).prod() - 1)
