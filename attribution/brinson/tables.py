"""The answer to a file of segments: effects by period and segment, linked, with totals, one row a fact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attribution.brinson.effects import BrinsonEffects, brinson_effects, geometric_effects, require_choice
from attribution.brinson.segments_file import TOTAL, WEIGHT_TOLERANCE
from attribution.linking.linking import coefficients, compound, frongello_increments, link
from attribution.linking.methods import DAY_SCALING, DEFAULT_LINK, LINKS, TOTALS_ONLY
from attribution.linking.totals import davies_laker, geometric_link
from riskmodel.arrays.labels import label_text


def segment_effects(
    segments: xr.Dataset,
    *,
    method: str = "fachler",
    interaction: str = "separate",
    link: str = DEFAULT_LINK,
    missing: str = "other-side",
) -> pd.DataFrame:
    """Brinson effects of segments, period by period and linked.

    Parameters
    ----------
    segments
        From `attribution.brinson.segments_file.read_segments`, or of holdings from
        `attribution.contributions.brinson_of_holdings.group_sides`.
    method, interaction, missing
        As in `attribution.brinson.brinson_effects`. Geometric attribution has no interaction: "separate" is "selection".
    link
        "carino", "menchero", "grap", "frongello": rows of a period are scaled, so that they add to the rows of `Total`;
        Frongello's are his increments, which later periods leave as they are. "davies-laker" and "geometric" give totals
        only: rows of a period stand unscaled, and `Total` has the segment `Total` alone. "none": no `Total` period.

    Returns
    -------
    DataFrame
        period, segment, effect, value (decimals): for each period and for `Total`, each segment and `Total`. One period
        without a label is `Total`, whatever the link. `attrs["period_order"]`, where `segments` have it, says whether
        periods stand in the order of dates ("date") or of the file ("file").

    Raises
    ------
    InputError
        As `brinson_effects` and the linking method; for an unknown word.

    Examples
    --------
    >>> columns = {"portfolio_weight": [0.6, 0.4], "benchmark_weight": [0.5, 0.5], "portfolio_return": [0.05, 0.01],
    ...            "benchmark_return": [0.04, 0.02]}
    >>> table = segment_effects(pd.DataFrame(columns, pd.Index(["Growth", "Value"], name="segment")).to_xarray())
    >>> table[table["segment"] == "Total"].round(6)
      period segment       effect  value
    6  Total   Total   allocation  0.002
    7  Total   Total    selection  0.000
    8  Total   Total  interaction  0.002
    """
    days = period_effects(segments, method=method, interaction=interaction, link=link, missing=missing)
    single = "time" not in days.effects.dims
    parts = [_tidy(days.effects if single else _shown(days, link))]
    if not single and link in TOTALS_ONLY:
        totals = linked_totals(days, interaction=interaction, link=link).to_series()
        parts.append(totals.rename("value").reset_index().assign(period=TOTAL, segment=TOTAL)[list(parts[0].columns)])
    elif not single and link != "none":
        parts.append(_tidy(linked_effects(days, link)))
    table = pd.concat(parts, ignore_index=True)
    table.attrs |= {name: segments.attrs[name] for name in ("period_order",) if name in segments.attrs}
    return table


def period_effects(
    segments: xr.Dataset, *, method: str, interaction: str, link: str, missing: str = "other-side"
) -> BrinsonEffects:
    """Unlinked effects of each period: geometric where `link` is, else arithmetic."""
    require_choice("link", link, LINKS)
    arrays: dict[str, Any] = {str(name): segments[name] for name in segments.data_vars}
    options: dict[str, Any] = {"method": method, "interaction": interaction, "missing": missing}
    split = geometric_effects if link == "geometric" else brinson_effects
    return split(**arrays, **options, weight_tolerance=WEIGHT_TOLERANCE)


def linked_effects(days: BrinsonEffects, method: str) -> xr.DataArray:
    """Effects of the whole period by segment, for a method that scales days."""
    return link(days.effects, days.portfolio_return, days.benchmark_return, method=method)


def linked_totals(days: BrinsonEffects, *, interaction: str, link: str) -> xr.DataArray:
    """Total effects (effect) of the whole period, for a method that has no split by segment."""
    own, other = days.portfolio_return, days.benchmark_return
    if link == "geometric":
        if interaction != "allocation":
            return geometric_link(own, other, days.allocation_return)
        first = geometric_link(own, other, days.selection_return)  # the step from B to Q is selection there
        return first.assign_coords(effect=["selection", "allocation"]).sel(effect=["allocation", "selection"])
    parts = davies_laker(own, other, days.allocation_return, days.selection_return)
    if interaction == "separate":
        return parts
    folded = parts.sel(effect="interaction", drop=True) * xr.DataArray(
        [float(interaction == "allocation"), float(interaction == "selection")], {"effect": ["allocation", "selection"]}
    )
    return parts.sel(effect=["allocation", "selection"]) + folded


def segment_table(
    segments: xr.Dataset, *, method: str, interaction: str, link: str, missing: str = "other-side"
) -> pd.DataFrame | None:
    """The whole period for a reader: segment, mean weights, effects, contribution; last row `Total`. None where a method has
    totals only, or periods are not linked.
    """
    days = period_effects(segments, method=method, interaction=interaction, link=link, missing=missing)
    single = "time" not in days.effects.dims
    if not single and link in (*TOTALS_ONLY, "none"):
        return None
    effects = (days.effects if single else linked_effects(days, link)).to_pandas()
    weights = segments[["portfolio_weight", "benchmark_weight"]]
    means = (weights if single else weights.mean("time")).to_dataframe().reindex(effects.index, fill_value=0.0)
    table = means.join(effects).assign(contribution=effects.sum(axis=1))
    total = table.sum().to_frame(TOTAL).T
    if single and link == "geometric":
        table, total = table.drop(columns="contribution"), total.drop(columns="contribution")
    return pd.concat([table, total]).rename_axis("segment").reset_index()


def period_table(
    segments: xr.Dataset, *, method: str, interaction: str, link: str, missing: str = "other-side"
) -> pd.DataFrame:
    """Totals for a reader: period, return, benchmark, excess, effects; unlinked periods, then the linked `Total`.

    The excess is geometric where `link` is.
    """
    days = period_effects(segments, method=method, interaction=interaction, link=link, missing=missing)
    single = "time" not in days.effects.dims
    own, other = np.atleast_1d(days.portfolio_return), np.atleast_1d(days.benchmark_return)
    totals = np.atleast_2d(days.effects.sum("segment").to_numpy())
    labels = [TOTAL] if single else list(days.effects.get_index("time"))
    if not single and link != "none":
        totals_only = link in TOTALS_ONLY
        linked = (
            linked_totals(days, interaction=interaction, link=link)
            if totals_only
            else linked_effects(days, link).sum("segment")
        )
        totals, labels = np.vstack([totals, linked.to_numpy()]), [*labels, TOTAL]
        own, other = np.append(own, compound(own)), np.append(other, compound(other))
    excess = (own - other) / (1 + other) if link == "geometric" else own - other
    frame = pd.DataFrame({"period": labels, "return": own, "benchmark": other, "excess": excess})
    return frame.assign(**dict(zip(days.effects.get_index("effect"), totals.T, strict=True)))


def _shown(days: BrinsonEffects, method: str) -> xr.DataArray:
    """What the rows of a period hold: scaled where the method scales days."""
    if method not in DAY_SCALING:
        return days.effects
    if method == "frongello":
        return frongello_increments(days.effects, days.portfolio_return, days.benchmark_return)
    return days.effects * coefficients(days.portfolio_return, days.benchmark_return, method=method)


def _tidy(effects: xr.DataArray) -> pd.DataFrame:
    """(…, segment, effect) as rows, each period followed by its total."""
    whole = effects.expand_dims(time=[TOTAL]) if "time" not in effects.dims else effects
    whole = whole.transpose("time", "segment", "effect")
    total = whole.sum("segment")
    rows = np.concatenate([whole.to_numpy(), total.to_numpy()[:, None, :]], axis=1)
    labels = [
        [label_text(period) for period in whole.get_index("time")],
        [*whole.get_index("segment"), TOTAL],
        whole.get_index("effect"),
    ]
    # adding 0.0 below turns -0.0 into 0.0
    index = pd.MultiIndex.from_product(labels, names=["period", "segment", "effect"])
    return pd.Series(rows.ravel() + 0.0, index, name="value").reset_index()
