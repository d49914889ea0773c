"""Raw descriptors -> factor exposures: winsorise, standardise, combine, fill, standardise again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from riskmodel.arrays.labels import require_numbers
from riskmodel.errors import InputError, listed
from riskmodel.exposures.descriptors import DESCRIPTORS, Unavailable, yearly_figures
from riskmodel.exposures.standardise import fed_days, fill_missing, residual, standardise, winsorise
from riskmodel.exposures.universe import covered, sector_codes
from riskmodel.factors import STYLES


@dataclass(frozen=True)
class ExposureSettings:
    """Choices of the exposure step; the defaults are the model's."""

    winsorise: float = 3.0  # k, in standard deviations estimated from the median absolute deviation
    least_observed: float = 0.1  # share of the universe below which a factor is left out on a day
    orthogonalise: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # style -> the styles taken out of it

    def __post_init__(self) -> None:
        require_numbers("exposure settings", self, ["winsorise"])
        require_numbers("exposure settings", self, ["least_observed"], least=0, most=1)
        _require_orthogonalisation(self.orthogonalise)


def _require_orthogonalisation(orthogonalise: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse what is no style, twice the same one, and a style taken out of itself, be it by way of others."""
    if not isinstance(orthogonalise, Mapping):
        raise InputError(
            f"orthogonalise: {orthogonalise!r}; it must be a dictionary of a style and the styles taken out of it."
        )
    for style, others in orthogonalise.items():
        if not isinstance(others, tuple | list):
            raise InputError(f"orthogonalise: of {style!r} is {others!r}; it must be a tuple of styles.")
        unknown = [name for name in (style, *others) if name not in STYLES]
        if unknown:
            raise InputError(f"orthogonalise: unknown style {listed(map(repr, unknown))}. Known: {', '.join(STYLES)}.")
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


def factor_exposures(market: xr.Dataset, universe: xr.DataArray, settings: ExposureSettings) -> xr.Dataset:
    """Exposures of every covered asset to the styles that the market can feed.

    Parameters
    ----------
    market
        From `read_market`.
    universe
        (time, asset) bool, the estimation universe.
    settings
        Winsorising, thresholds and orthogonalisation.

    Returns
    -------
    Dataset
        `exposures` (time, factor, asset), in standard deviations, stamped with the day at whose close they are known, NaN
        for assets not covered and on days on which a factor is left out; counts of assets by day: `covered` (time),
        `observed` (time, descriptor), `clipped` (time, descriptor), `filled` (time, factor), `fed` (time, factor) bool;
        `reason` (descriptor), empty unless the descriptor is left out.

    Notes
    -----
    d = (clip(raw) - mu) / sigma with mu the cap-weighted mean and sigma the equal-weighted standard deviation (ddof 0)
    over the estimation universe; a style is the weighted mean of the descriptors present, standardised; where none is
    present it is filled from a regression on sector and size over the universe, and the whole standardised once more.
    Menchero, Orr & Wang (2011), section 2; the median rule for outliers is Iglewicz & Hoaglin (1993).
    """
    day_asset = universe.shape
    inside = universe.to_numpy()
    cap = np.where(inside, market["market_cap"].to_numpy(), 0.0)
    here = covered(market).to_numpy()
    names = [d for parts in STYLES.values() for d in parts]
    observed = np.zeros((day_asset[0], len(names)), dtype=np.int32)
    clipped = np.zeros_like(observed)
    filled = np.zeros((day_asset[0], len(STYLES)), dtype=np.int32)
    reasons = dict.fromkeys(names, "")
    exposures = np.full((day_asset[0], len(STYLES), day_asset[1]), np.nan)
    known = yearly_figures(market)
    for k, parts in enumerate(STYLES.values()):
        total, weight = np.zeros(day_asset), np.zeros(day_asset)
        for name, share in parts.items():
            try:
                raw = np.where(here, DESCRIPTORS[name](market, known).to_numpy(), np.nan)
            except Unavailable as reason:
                reasons[name] = str(reason)
                continue
            column = names.index(name)
            values, clipped[:, column] = winsorise(raw, inside, settings.winsorise)
            observed[:, column] = (~np.isnan(raw)).sum(axis=1)
            values = standardise(values, cap, inside)
            present = ~np.isnan(values)
            total += np.where(present, share * values, 0.0)
            weight += share * present
        with np.errstate(invalid="ignore"):
            exposures[:, k] = standardise(np.where(weight > 0, total / weight, np.nan), cap, inside)

    fed = fed_days(exposures, inside, settings.least_observed)
    size = exposures[:, list(STYLES).index("size")].copy()
    sector = sector_codes(market)
    for k, style in enumerate(STYLES):
        if style != "size":
            exposures[:, k], filled[:, k] = fill_missing(exposures[:, k], size, sector, inside, here)
        exposures[~fed[:, k], k], filled[~fed[:, k], k] = np.nan, 0
    for style, others in settings.orthogonalise.items():
        k, given = list(STYLES).index(style), [list(STYLES).index(o) for o in others]
        exposures[:, k] = residual(exposures[:, k], exposures[:, given], inside)
    for k in range(len(STYLES)):
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
            "factor": list(STYLES),
            "descriptor": names,
        },
    )
