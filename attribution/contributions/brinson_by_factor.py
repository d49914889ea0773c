"""Brinson by factor and by family: what part of each allocation and selection effect is which factor, or specific."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from attribution.brinson.effects import brinson_effects
from attribution.brinson.hierarchy import hierarchical_effects
from attribution.contributions.arrays import where_known
from attribution.contributions.brinson_of_holdings import group_sides, grouping_levels, parents_of, require_listed_benchmark
from attribution.contributions.cube import Cube, Side
from attribution.contributions.cuts import factor_group, factor_rows
from attribution.contributions.groups import asset_groups
from attribution.contributions.pieces import outside
from attribution.contributions.sums import NOT_INVESTED, estimated_covariance, estimated_returns, with_t
from attribution.rows import SPECIFIC
from riskmodel.arrays.threads import one_blas_thread

if TYPE_CHECKING:
    from attribution.contributions.groups import Groups

IDLE = "(not invested)"  # the last source
SOURCE = "portfolio"  # the dimension along which Brinson effects of several portfolios are worked out at once


def factor_table(
    cube: Cube,
    course: str,
    *groupings: str | Groups,
    method: str = "fachler",
    interaction: str = "separate",
    missing: str = "other-side",
    anchored: bool = False,
) -> pd.DataFrame:
    """Split each linked Brinson effect of a course's holdings by factor.

    Parameters
    ----------
    cube
        A course's.
    course
        For the column of that name.
    groupings
        One, or several from the coarsest to the finest; see `attribution.contributions.groups.asset_groups`.
    method, interaction, missing
        As in `attribution.brinson.brinson_effects`.
    anchored
        As in `attribution.brinson.hierarchy.hierarchical_effects`; for several groupings.

    Returns
    -------
    DataFrame
        course, grouping, group, effect, factor, contribution, standard_error, t. The factors are the model's, then specific,
        cash, unmodelled, proxy and their like. Over them the contributions sum to the effect of
        `attribution.contributions.brinson_of_holdings.brinson_table`, over groups and effects to the factor's linked
        contribution. t is NaN where nothing is estimated.

    Raises
    ------
    InputError
        For a grouping that does not fit, an unknown word.

    Notes
    -----
    For given weights every Brinson effect is linear in the returns of the groups, and a group's return is what its factors
    earn, r_g = sum_k x_gk f_k + u_g. So effect(r) = sum_k effect(x_k) f_k + effect(u): the effect is worked out on exposures
    in the place of returns, by the same function and with the same policies; that is its sensitivity e_k to the factor. The
    variance is sum_t lambda_t^2 e_kt^2 Cov(f_t)_kk, of specific sum_t lambda_t^2 e_t' Cov(f_t) e_t. What is not invested is
    one more source: its effect times the market's return moves from cash to the market.
    docs/methodology/brinson_by_factor.md.
    """
    require_listed_benchmark(cube, course)
    labels, paths = grouping_levels(cube, groupings)
    with one_blas_thread():  # threads cost more than they bring in products this thin
        levels = [source_sides(cube, path) for path in paths]
    split = hierarchical_effects(
        levels, parents_of(cube, paths), method=method, interaction=interaction, missing=missing, anchored=anchored
    )
    tables = [_linked(cube, effects.effects).assign(grouping=label) for label, effects in zip(labels, split, strict=True)]
    table = pd.concat(tables, ignore_index=True).assign(course=course)
    return table[["course", "grouping", "group", "effect", "factor", "contribution", "standard_error", "t"]]


def family_table(
    cube: Cube,
    course: str,
    grouping: str | Groups,
    *,
    method: str = "fachler",
    interaction: str = "separate",
    missing: str = "other-side",
) -> pd.DataFrame:
    """Split each linked Brinson effect, summed over its groups, by family of factors.

    Parameters
    ----------
    cube, course, grouping, method, interaction, missing
        As for `factor_table`.

    Returns
    -------
    DataFrame
        course, grouping, effect, family (market, sector, style, specific, other), contribution, standard_error, t. Over
        families the contributions sum to the effect over all groups; over effects to the family's linked contribution.

    Raises
    ------
    InputError
        As for `factor_table`.

    Notes
    -----
    With e_t the sensitivities of an effect, summed over groups, and e_t^F those to the factors of a family alone, the
    contribution is sum_t lambda_t e_t^F' f_t and its variance sum_t lambda_t^2 e_t^F' Cov(f_t) e_t^F.
    docs/methodology/brinson_by_factor.md.
    """
    require_listed_benchmark(cube, course)
    sides = source_sides(cube, asset_groups(cube, grouping))
    arguments: dict[str, Any] = {str(name): sides[name] for name in sides.data_vars}
    split = brinson_effects(**arguments, method=method, interaction=interaction, missing=missing).effects.sum("segment")
    linked = split.transpose("time", "effect", SOURCE).to_numpy() * cube.coefficient.to_numpy()[:, None, None]
    sources, effects = split.get_index(SOURCE)[:-1], split.get_index("effect")
    estimated, covariance = sensitivities(cube, linked), estimated_covariance(cube)
    families = pd.Index([factor_group(cube, str(source)) for source in sources])
    order = families.unique()
    factors = len(cube.factors)
    places = np.append(np.arange(factors), factors + NOT_INVESTED)
    earned = linked[..., :-1].copy()
    earned[..., :factors] = 0.0
    earned[..., places] += estimated * estimated_returns(cube)[:, None, :]
    rows = []
    for family in order:
        member = np.asarray(families == family)
        contribution = earned[..., member].sum(axis=(0, 2))
        exposed = estimated * (member[places] | (family == SPECIFIC))
        variance = where_known(lambda z, c: (z * (z @ c)).sum(axis=(0, 2)), exposed, covariance)
        rows.append((contribution, np.sqrt(variance.clip(min=0.0))))
    index = pd.MultiIndex.from_product([order, effects], names=["family", "effect"])
    table = with_t(*(pd.Series(np.concatenate([row[part] for row in rows]), index) for part in (0, 1))).reset_index()
    name = grouping if isinstance(grouping, str) else str(getattr(grouping, "name", None) or "group")
    table = table.assign(course=course, grouping=name).sort_values(
        "effect", key=split.get_index("effect").get_indexer, kind="stable"
    )
    return table[["course", "grouping", "effect", "family", "contribution", "standard_error", "t"]].reset_index(drop=True)


def source_sides(cube: Cube, groups: pd.Series) -> xr.Dataset:
    """Both sides of a course by group, with what each source adds instead of returns.

    Parameters
    ----------
    cube
        A course's.
    groups
        (asset) group names.

    Returns
    -------
    Dataset
        As `group_sides`, contributions and returns along a last dimension too: for a factor its exposures, that is what the
        side would earn were the factor's return 1 and nothing else; for specific, cash, unmodelled and proxy what they earn;
        last what is not invested. A return is missing where that of the whole group is.
    """
    whole = group_sides(cube, groups)
    segments, sources = whole.get_index("segment"), factor_rows(cube)
    exposure = cube.exposure.to_numpy()
    column = segments.get_indexer(groups.loc[cube.assets].astype(str))
    member = np.zeros((len(column), len(segments)))
    member[np.arange(len(column)), column] = 1.0
    parts: dict[str, np.ndarray] = {}
    both: tuple[Side, Side] = ("portfolio", "benchmark")
    for side in both:
        live = cube.live(side)
        earned = np.zeros((*whole["portfolio_weight"].shape, len(sources) + 1))
        earned[..., -1] = cube.idle(side) @ member
        held = np.flatnonzero((live != 0).any(axis=0))
        of_held, member_of_held = np.ascontiguousarray(live[:, held]), member[held]
        for factor in range(exposure.shape[1]):
            earned[..., factor] = (exposure[:, factor, held] * of_held) @ member_of_held
        for place, part in enumerate(outside(cube, live), start=exposure.shape[1]):
            earned[..., place] = part @ member
        for place, segment in enumerate(cube.beside_stocks, start=len(sources) - len(cube.beside_stocks)):
            earned[:, segments.get_loc(segment), place] = whole[f"{side}_contribution"].sel(segment=segment)
        weight = whole[f"{side}_weight"].to_numpy()[..., None]
        telling = whole[f"{side}_return"].notnull().to_numpy()[..., None]
        returns = np.divide(earned, weight, out=np.full_like(earned, np.nan), where=telling)
        parts |= {f"{side}_contribution": earned, f"{side}_return": returns}
    dims = ("time", "segment", SOURCE)
    labels = {SOURCE: [*sources, IDLE]}
    return whole.assign({name: (dims, values) for name, values in parts.items()}).assign_coords(labels)


def sensitivities(cube: Cube, linked: np.ndarray) -> np.ndarray:
    """What effects (time, ..., source) gain for a factor's return of 1, (time, ..., factor + 1).

    The market's is without what is not invested; the last is to the market's return through what is not.
    """
    factors, market = len(cube.factors), cube.market
    out = np.concatenate([linked[..., :factors], -linked[..., -1:]], axis=-1)
    if market is None:
        out[..., -1] = 0.0
    else:
        out[..., market] += linked[..., -1]
    return out


def _linked(cube: Cube, effects: xr.DataArray) -> pd.DataFrame:
    """Rows (group, effect, factor) of effects per unit of factor return (time, segment, source, effect)."""
    values = effects.transpose("time", "segment", "effect", SOURCE).to_numpy()
    linked = values * cube.coefficient.to_numpy()[:, None, None, None]
    estimated, factors = sensitivities(cube, linked), len(cube.factors)
    f, covariance = estimated_returns(cube), estimated_covariance(cube)
    contribution = linked[..., :-1].sum(axis=0)
    of_factors = np.einsum("tgek,tk->gek", estimated, f)
    contribution[..., :factors] = of_factors[..., :factors]
    contribution[..., factors + NOT_INVESTED] += of_factors[..., -1]
    variance = np.zeros_like(contribution)
    each = where_known(lambda z, c: np.einsum("tgek,tkk->gek", z**2, c), estimated, covariance)
    variance[..., :factors] = each[..., :factors]
    variance[..., factors + NOT_INVESTED] = each[..., -1]
    flat = linked[..., :factors].reshape(len(f), -1, factors)
    together = where_known(lambda z, c: (z * (z @ c)).sum(axis=(0, 2)), flat, cube.covariance.to_numpy())
    variance[..., factors] = together.reshape(variance.shape[:2])
    labels = [effects.get_index("segment"), effects.get_index("effect"), effects.get_index(SOURCE)[:-1]]
    index = pd.MultiIndex.from_product(labels, names=["group", "effect", "factor"])
    error = pd.Series(np.sqrt(variance.clip(min=0.0)).ravel(), index)
    return with_t(pd.Series(contribution.ravel(), index), error).reset_index()
