"""Brinson by family: what part of allocation, selection and interaction is market, sectors, styles and specific."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from attribution.brinson.effects import brinson_effects
from attribution.contributions.brinson_by_factor import SOURCE, source_sides
from attribution.contributions.cube import Cube
from attribution.contributions.cuts import factor_group
from attribution.contributions.groups import asset_groups
from attribution.contributions.sums import with_t
from attribution.rows import SPECIFIC

if TYPE_CHECKING:
    from attribution.contributions.groups import Groups


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
        As for `attribution.contributions.brinson_by_factor.factor_table`.

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
    sides = source_sides(cube, asset_groups(cube, grouping))
    arguments: dict[str, Any] = {str(name): sides[name] for name in sides.data_vars}
    split = brinson_effects(**arguments, method=method, interaction=interaction, missing=missing).effects.sum("segment")
    linked = split.transpose("time", "effect", SOURCE).to_numpy() * cube.coefficient.to_numpy()[:, None, None]
    sources, effects = split.get_index(SOURCE), split.get_index("effect")
    f = cube.factor_return.to_numpy()
    covariance = cube.covariance.to_numpy()
    families = pd.Index([factor_group(cube, str(source)) for source in sources])
    order = families.unique()
    factors = f.shape[1]
    earned = linked.copy()
    earned[..., :factors] *= f[:, None, :]
    rows = []
    for family in order:
        member = np.asarray(families == family)
        contribution = earned[..., member].sum(axis=(0, 2))
        exposed = linked[..., :factors] * (member[:factors] | (family == SPECIFIC))
        variance = (exposed * (exposed @ covariance)).sum(axis=(0, 2))
        rows.append((contribution, np.sqrt(variance.clip(min=0.0))))
    index = pd.MultiIndex.from_product([order, effects], names=["family", "effect"])
    table = with_t(*(pd.Series(np.concatenate([row[part] for row in rows]), index) for part in (0, 1))).reset_index()
    name = grouping if isinstance(grouping, str) else str(getattr(grouping, "name", None) or "group")
    table = table.assign(course=course, grouping=name).sort_values(
        "effect", key=split.get_index("effect").get_indexer, kind="stable"
    )
    return table[["course", "grouping", "effect", "family", "contribution", "standard_error", "t"]].reset_index(drop=True)
