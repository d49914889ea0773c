"""The identities that every result must satisfy, as a table."""

from __future__ import annotations

from math import fsum

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.cube import Cube
from attribution.contributions.pieces import yardstick
from attribution.contributions.sums import contributions
from attribution.identities import furthest, identities, of_excess, of_return
from attribution.linking.linking import compound
from attribution.portfolio.blends import blend_return
from attribution.portfolio.course import Course
from attribution.rows import CURRENCY, EFFECTS, FUNDS, HEDGE


def reconcile(
    cube: Cube, followed: Course, *, currency: str, brinson: pd.DataFrame | None, brinson_by_factor: pd.DataFrame | None
) -> pd.DataFrame:
    """Compare both sides of every identity.

    Parameters
    ----------
    cube
        A course's, with returns in `currency`.
    followed
        The course's own returns and those of its parts.
    brinson, brinson_by_factor
        Of the same cube, by sector; None where the benchmark's sectors are not known.

    Returns
    -------
    DataFrame
        course, identity, left, right, difference, tolerance, passed.

    Notes
    -----
    The two sides are computed apart: cuts by factor from exposures and factor returns, cuts by stock from observed returns,
    totals from the sleeves' and the indices' own returns.
    """

    def by(*cuts: str, absolute: bool = False) -> pd.Series:
        return contributions(cube, cuts, absolute=absolute)

    total = compound(cube.portfolio_return.to_numpy())
    excess = total - compound(cube.benchmark_return.to_numpy())
    stock_factor = by("stock", "factor")
    stocks, factors, sectors, days = (by(cut) for cut in ("stock", "factor", "sector", "day"))
    measure = yardstick(cube)
    active = (cube.portfolio_live - cube.benchmark_live).to_numpy()
    explained = (cube.exposure * cube.factor_return).sum("factor") + cube.specific_return
    gap = (explained - cube.asset_return).where(cube.modelled, 0.0) * active
    left_right = {
        of_excess("factors"): (fsum(factors), excess),
        of_excess("groups"): (fsum(by("group")), excess),
        of_excess("stocks"): (fsum(stocks), excess),
        of_excess("sectors"): (fsum(sectors), excess),
        of_excess("days"): (fsum(days), excess),
        of_excess("months"): (fsum(by("month")), excess),
        of_excess("sleeves"): (fsum(by("sleeve")), excess),
        of_excess("stock x factor"): (fsum(stock_factor), excess),
        "stock x factor over factors = stocks": furthest(stock_factor.groupby("stock").sum(), stocks),
        "stock x factor over stocks = factors": furthest(stock_factor.groupby("factor").sum(), factors),
        "stocks against zero = R - B": (fsum(contributions(cube, ["stock"], against="zero")), excess),
        "benchmark by factor = benchmark return of each day": furthest(measure.rows.sum(axis=1), measure.returns),
        **_sectors_beside(brinson, sectors),
        "sector x factor over factors = sectors": furthest(by("sector", "factor").groupby("sector").sum(), sectors),
        "day x factor over factors = days": furthest(by("day", "factor").groupby("day").sum(), days),
        **_brinson_sums(brinson, brinson_by_factor, factors, excess),
        of_return("stocks"): (fsum(by("stock", absolute=True)), total),
        of_return("factors"): (fsum(by("factor", absolute=True)), total),
        "factors + specific = active return of each stock and day": (float(np.abs(gap).max()), 0.0),
        "weights of each day = 1": (float(cube.portfolio_weight.sum("asset")[_worst(cube.portfolio_weight)]), 1.0),
        "benchmark weights of each day = 1": (
            float(cube.benchmark_weight.sum("asset")[_worst(cube.benchmark_weight)]),
            1.0,
        ),
        "weights x returns = portfolio return of each day": furthest(
            (cube.portfolio_live * cube.asset_return).sum("asset").to_series(), cube.holdings_return.to_series()
        ),
        f"blend of sleeves, reset {followed.reset} = R": (
            blend_return(followed.sleeves_since, followed.shares, followed.reset, followed.period.base),
            compound(_of_what_is_held(cube).to_numpy()),
        ),
        f"blend of benchmarks, reset {followed.reset} = B": (
            blend_return(followed.benchmarks_since, followed.shares, followed.reset, followed.period.base),
            compound(cube.official_return.to_numpy()),
        ),
    } | beside_identities(cube, currency)
    table = identities(left_right)
    table.insert(0, "course", followed.name)
    return table


def _of_what_is_held(cube: Cube) -> xr.DataArray:
    """(time) return of the holdings, funds that are looked through as they returned themselves."""
    if cube.beside is None or FUNDS not in cube.beside.names:
        return cube.holdings_return
    return cube.holdings_return + cube.beside.absolute.sel(beside=FUNDS, drop=True)


def _sectors_beside(brinson: pd.DataFrame | None, sectors: pd.Series) -> dict[str, tuple[float, float]]:
    if brinson is None:
        return {}
    effects = brinson.set_index("group")[list(EFFECTS)].sum(axis=1)
    return {"sectors = Brinson-Fachler effects": furthest(sectors, effects)}


def _brinson_sums(
    brinson: pd.DataFrame | None, by_factor: pd.DataFrame | None, factors: pd.Series, excess: float
) -> dict[str, tuple[float, float]]:
    if brinson is None or by_factor is None:
        return {}
    effects = brinson.set_index("group")[list(EFFECTS)]
    return {
        of_excess("Brinson effects by sector"): (fsum(effects.to_numpy().ravel()), excess),
        "Brinson by factor over factors = Brinson effects": furthest(
            by_factor.groupby(["group", "effect"])["contribution"].sum(), effects.rename_axis("effect", axis=1).stack()
        ),
        "Brinson by factor over groups = factors": furthest(by_factor.groupby("factor")["contribution"].sum(), factors),
    }


def beside_identities(cube: Cube, result: str) -> dict[str, tuple[float, float]]:
    """Identities of the rows beside stocks and factors with both sides, by name; none where there is only the proxy."""
    if cube.beside is None:
        return {}
    names, totals = cube.beside.names, cube.beside.absolute.sum("beside")
    rows = " + ".join(names)
    beside = cube.beside.active + cube.beside.of_benchmark  # whose funds are a part of its return
    excess = cube.holdings_return - cube.official_return + beside.sum("beside")
    pairs = {
        f"holdings + {rows} = R of each day": furthest(
            (cube.holdings_return + totals).to_series(), cube.portfolio_return.to_series()
        ),
        f"holdings + {rows} - benchmark = R - B of each day": furthest(
            excess.to_series(), (cube.portfolio_return - cube.benchmark_return).to_series()
        ),
    }
    if cube.currency is not None and HEDGE not in names:
        local = [name for name in names if name != CURRENCY]
        own = cube.holdings_return + cube.beside.absolute.sel(beside=local).sum("beside")
        grown = float(cube.currency.rate[-1]) / cube.currency.base_rate
        pairs |= {
            f"(1 + R before currency) x {result} at the end / at the start = 1 + R": (
                (1 + compound(own.to_numpy())) * grown,
                1 + compound(cube.portfolio_return.to_numpy()),
            ),
            f"(1 + B before currency) x {result} at the end / at the start = 1 + B": (
                (1 + compound(cube.official_return.to_numpy())) * grown,
                1 + compound(cube.benchmark_return.to_numpy()),
            ),
        }
    return pairs


def _worst(weights: xr.DataArray) -> int:
    return int(np.abs(weights.sum("asset").to_numpy() - 1).argmax())
