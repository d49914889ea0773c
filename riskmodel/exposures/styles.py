"""Raw descriptors -> factor exposures: winsorise, standardise, combine, fill, standardise again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

import numpy as np
import xarray as xr

from riskmodel.arrays.labels import require_numbers
from riskmodel.errors import InputError, listed
from riskmodel.exposures.descriptors import raw_descriptor
from riskmodel.exposures.events import Unavailable
from riskmodel.exposures.from_filings import yearly_figures
from riskmodel.exposures.standardise import fed_days, fill_missing, residual, standardise, winsorise
from riskmodel.exposures.universe import covered, sector_codes
from riskmodel.factors import STYLE_TABLES, STYLES, Style
from riskmodel.progress import Step, silent

SIZE = next(style for style in STYLES if style.name == "size")  # fills, with the sector, what is missing


@dataclass(frozen=True)
class ExposureSettings:
    """Choices of the exposure step; the defaults are the model's."""

    winsorise: float = 4.0  # k, in standard deviations estimated from the median absolute deviation
    least_observed: float = 0.1  # share of the universe below which a factor is left out on a day
    # style -> the styles taken out of it, in place of what its own `orthogonal_to` says
    orthogonalise: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_numbers("exposure settings", self, ["winsorise"])
        require_numbers("exposure settings", self, ["least_observed"], least=0, most=1)
        _require_orthogonalisation(self.orthogonalise)


def _require_orthogonalisation(orthogonalise: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse twice the same style, and a style taken out of itself, be it by way of others."""
    if not isinstance(orthogonalise, Mapping):
        raise InputError(
            f"orthogonalise: {orthogonalise!r}; it must be a dictionary of a style and the styles taken out of it."
        )
    for style, others in orthogonalise.items():
        if not isinstance(others, tuple | list):
            raise InputError(f"orthogonalise: of {style!r} is {others!r}; it must be a tuple of styles.")
        if len(set(others)) < len(others):
            twice = [name for name in dict.fromkeys(others) if others.count(name) > 1]
            raise InputError(
                f"orthogonalise: {style!r} names {listed(map(repr, twice))} more than once. Name each style once."
            )
    for style in orthogonalise:
        reached, todo = set(), list(orthogonalise[style])
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo.extend(orthogonalise.get(name, ()))
        if style in reached:
            raise InputError(
                f"orthogonalise: {style!r} is taken out of itself, directly or by way of others. Leave out one of "
                f"{listed(f'{a} -> {b}' for a in orthogonalise for b in orthogonalise[a] if a in reached)}."
            )


def orthogonalisation(settings: ExposureSettings, styles: Sequence[Style]) -> dict[str, tuple[str, ...]]:
    """Style -> the styles taken out of it, in an order in which each is finished before it is taken out of another.

    What the settings say of a style goes before what it says of itself; nothing taken out is an empty tuple.

    Raises
    ------
    InputError
        Where what is named is no style of the model (a default style that a model has left out is passed over where only
        another style's `orthogonal_to` names it), and where a style is taken out of itself, be it by way of others.
    """
    names = [style.name for style in styles]
    asked = dict.fromkeys(name for style, others in settings.orthogonalise.items() for name in (style, *others))
    passed = {style.name for table in STYLE_TABLES.values() for style in table} - set(names)
    asked |= dict.fromkeys(name for style in styles for name in style.orthogonal_to if name not in passed)
    if unknown := [name for name in asked if name not in names]:
        raise InputError(f"orthogonalise: unknown style {listed(map(repr, unknown))}. Known: {', '.join(names)}.")
    own = {style.name: tuple(name for name in style.orthogonal_to if name in names) for style in styles}
    wanted = {style: tuple(others) for style, others in {**own, **settings.orthogonalise}.items() if others}
    _require_orthogonalisation(wanted)
    return {style: wanted[style] for style in TopologicalSorter(wanted).static_order() if style in wanted}


def factor_exposures(
    market: xr.Dataset,
    universe: xr.DataArray,
    settings: ExposureSettings,
    styles: Sequence[Style] = STYLES,
    step: Step = silent,
) -> xr.Dataset:
    """Exposures of every covered asset to the styles that the market can feed.

    Parameters
    ----------
    market
        From `read_market`.
    universe
        (time, asset) bool, the estimation universe.
    settings
        Winsorising, thresholds and orthogonalisation.
    styles
        The styles wanted.
    step
        Called with the name of each style as its turn comes.

    Returns
    -------
    Dataset
        `exposures` (time, factor, asset), in standard deviations, stamped with the day at whose close they are known, NaN
        for assets not covered and on days on which a factor is left out; counts of assets by day: `covered` (time),
        `observed` (time, descriptor), `clipped` (time, descriptor), `filled` (time, factor), `fed` (time, factor) bool;
        `reason` (descriptor), empty unless the descriptor is left out, else the text of a `riskmodel.Fact`.

    Notes
    -----
    d = (clip(raw) - mu) / sigma with mu the cap-weighted mean and sigma the equal-weighted standard deviation (ddof 0)
    over the estimation universe; a style is the weighted mean of the descriptors present, standardised; where none is
    present it is filled from a regression on sector and size over the universe, and the whole standardised once more.
    Menchero, Orr & Wang (2011), section 2; the median rule for outliers is Iglewicz & Hoaglin (1993).
    """
    days, assets = universe.shape
    inside = universe.to_numpy()
    cap = np.where(inside, market["market_cap"].to_numpy(), 0.0)
    here = covered(market).to_numpy()
    names = list(dict.fromkeys(name for style in styles for name in style.parts))
    observed = np.zeros((days, len(names)), dtype=np.int32)
    clipped = np.zeros_like(observed)
    filled = np.zeros((days, len(styles)), dtype=np.int32)
    reasons = dict.fromkeys(names, "")
    exposures = np.full((days, len(styles), assets), np.nan)
    known = yearly_figures(market)

    def combined(style: Style) -> np.ndarray:
        """The weighted mean of the descriptors that are present, standardised; what was seen is counted."""
        total, weight = np.zeros((days, assets)), np.zeros((days, assets))
        for descriptor, (name, share) in zip(style.descriptors, style.parts.items(), strict=True):
            try:
                raw = np.where(here, raw_descriptor(descriptor, market, known), np.nan)
            except Unavailable as reason:
                if name in names:
                    reasons[name] = str(reason.fact)
                continue
            values, beyond = winsorise(raw, inside, settings.winsorise)
            if name in names:
                column = names.index(name)
                observed[:, column], clipped[:, column] = (~np.isnan(raw)).sum(axis=1), beyond
            values = standardise(values, cap, inside)
            present = ~np.isnan(values)
            total += np.where(present, share * values, 0.0)
            weight += abs(share) * present
        with np.errstate(invalid="ignore"):
            return standardise(np.where(weight > 0, total / weight, np.nan), cap, inside)

    labels = [style.name for style in styles]
    for k, style in enumerate(styles):
        step(style.name)
        exposures[:, k] = combined(style)
    fed = fed_days(exposures, inside, settings.least_observed)
    size = exposures[:, labels.index(SIZE.name)].copy() if SIZE.name in labels else combined(SIZE)
    sector = sector_codes(market)
    for k, label in enumerate(labels):
        if label != SIZE.name:
            exposures[:, k], filled[:, k] = fill_missing(exposures[:, k], size, sector, inside, here)
        exposures[~fed[:, k], k], filled[~fed[:, k], k] = np.nan, 0
    for label, others in orthogonalisation(settings, styles).items():
        k, given = labels.index(label), [labels.index(o) for o in others]
        exposures[:, k] = residual(exposures[:, k], exposures[:, given], inside)
    for k in range(len(labels)):
        exposures[:, k] = standardise(exposures[:, k], cap, inside)

    return xr.Dataset(
        {
            "exposures": (("time", "factor", "asset"), exposures),
            "covered": ("time", here.sum(axis=1)),
            "observed": (("time", "descriptor"), observed),
            "clipped": (("time", "descriptor"), clipped),
            "filled": (("time", "factor"), filled),
            "fed": (("time", "factor"), fed),
            "reason": ("descriptor", np.array(list(reasons.values()), dtype=object)),
        },
        coords={
            "time": market["time"],
            "asset": market["asset"],
            "factor": labels,
            "descriptor": names,
        },
    )
