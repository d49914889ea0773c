"""Raw descriptors -> factor exposures: winsorise, standardise, combine, fill, standardise again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from riskmodel.descriptors import DESCRIPTORS, Unavailable, yearly_figures
from riskmodel.errors import InputError, listed
from riskmodel.factors import STYLES
from riskmodel.labels import require_numbers, require_whole_numbers

MAD_TO_DEVIATION = 1.482602218505602  # 1 / the normal distribution's 75 % quantile
MEAN_DEVIATION_TO_DEVIATION = 1.2533141373155003  # sqrt(pi / 2)


@dataclass(frozen=True)
class UniverseRule:
    """Which assets estimate factor returns: every covered asset that passes, on each day by what is known at its close."""

    least_price: float = 1.0  # price as traded, in the market's currency
    least_history: int = 60  # returns in the current life
    largest: int = 3000  # by market capitalisation

    def __post_init__(self) -> None:
        require_numbers("universe rule", self, ["least_price"], least=0)
        require_whole_numbers("universe rule", self, {"least_history": 0, "largest": 1})


@dataclass(frozen=True)
class ExposureSettings:
    """Choices of DESIGN's exposure step; the defaults are the model's."""

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


def estimation_universe(market: xr.Dataset, rule: UniverseRule) -> xr.DataArray:
    """Assets that estimate the factor returns, (time, asset) bool, by what is known at each close.

    Covered (see `covered`), a price as traded of at least `least_price`, at least `least_history` returns in the current
    life, and among the `largest` by market capitalisation.
    """
    inside = covered(market).to_numpy() & (market["traded_price"] >= rule.least_price).to_numpy()
    returned = market["total_return"].notnull().to_numpy()
    life = market["life"].to_numpy()
    history = np.cumsum(returned, axis=0)
    new_life = np.diff(np.maximum.accumulate(life, axis=0), axis=0, prepend=-1) > 0
    history = history - np.maximum.accumulate(np.where(new_life, history - returned, 0), axis=0)
    inside &= history >= rule.least_history
    if inside.sum(axis=1).max(initial=0) > rule.largest:
        cap = np.where(inside, market["market_cap"].to_numpy(), -np.inf)
        threshold = np.partition(cap, -rule.largest, axis=1)[:, -rule.largest]
        inside &= cap >= threshold[:, None]
    return market["close"].copy(data=inside)


def covered(market: xr.Dataset) -> xr.DataArray:
    """Assets that have exposures: a close and a market capitalisation on the day, and a sector; (time, asset) bool."""
    return (market["market_cap"] > 0) & (market["sector"] != "")


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


def winsorise(raw: np.ndarray, inside: np.ndarray, k: float) -> tuple[np.ndarray, np.ndarray]:
    """Clip to the universe's median +- k deviations, and count what was clipped a day.

    Parameters
    ----------
    raw, inside
        (time, asset) values and membership of the estimation universe.
    k
        Deviations; one is 1.4826 times the median absolute deviation, or, where more than half the values are equal, 1.2533
        times the mean absolute deviation.

    Returns
    -------
    values, clipped
        (time, asset) and (time).
    """
    median = row_median(np.where(inside, raw, np.nan))[:, None]
    distance = np.abs(np.where(inside, raw, np.nan) - median)
    deviation = MAD_TO_DEVIATION * row_median(distance)
    count = np.maximum((~np.isnan(distance)).sum(axis=1), 1)
    mean_deviation = MEAN_DEVIATION_TO_DEVIATION * np.nansum(distance, axis=1) / count
    bound = k * np.where(deviation > 0, deviation, mean_deviation)[:, None]
    values = np.clip(raw, median - bound, median + bound)
    return values, (np.abs(raw - median) > bound).sum(axis=1)


def row_median(values: np.ndarray) -> np.ndarray:
    """Median of the values present in each row; NaN for an empty row. Sorting puts NaN last."""
    ordered = np.sort(values, axis=1)
    count = (~np.isnan(values)).sum(axis=1)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, values.shape[1] - 1)
    row = np.arange(len(values))
    return np.asarray((ordered[row, low] + ordered[row, high]) / 2)


def standardise(values: np.ndarray, cap: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Cap-weighted mean 0 and equal-weighted standard deviation 1 over the universe; NaN where all values are equal."""
    member = inside & ~np.isnan(values)
    present = np.where(member, values, 0.0)
    weight = np.where(member, cap, 0.0)
    count = np.maximum(member.sum(axis=1), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        center = (weight * present).sum(axis=1) / weight.sum(axis=1)
        mean = present.sum(axis=1) / count
        spread = np.sqrt((np.where(member, values - mean[:, None], 0.0) ** 2).sum(axis=1) / count)
        spread = np.where(spread > 1e-12 * np.abs(mean), spread, np.nan)
        return np.asarray((values - center[:, None]) / spread[:, None])


def fed_days(exposures: np.ndarray, inside: np.ndarray, least_observed: float) -> np.ndarray:
    """Days on which enough of the universe is observed to use a factor, (time, factor)."""
    members = np.maximum(inside.sum(axis=1), 1)
    seen = np.stack([(inside & ~np.isnan(exposures[:, k])).sum(axis=1) for k in range(exposures.shape[1])], axis=1)
    return np.asarray((seen >= least_observed * members[:, None]) & (seen > 1))


def fill_missing(
    values: np.ndarray, size: np.ndarray, sector: np.ndarray, inside: np.ndarray, here: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fill missing exposures from an equal-weighted regression on sector and size over the universe.

    Parameters
    ----------
    values, size
        (time, asset) exposures.
    sector
        (asset) codes; -1 for none.
    inside, here
        (time, asset) membership of the universe; covered assets, the ones that are filled.

    Returns
    -------
    values, filled
        (time, asset), and the number filled a day, (time). A sector with nobody observed takes the universe's mean.
    """
    observed = inside & ~np.isnan(values)
    missing = here & np.isnan(values)
    y, z = np.where(observed, values, 0.0), np.where(observed, size, 0.0)
    indicator = (sector[:, None] == np.arange(sector.max(initial=0) + 1)).astype(float)
    count = observed.astype(float) @ indicator
    with np.errstate(invalid="ignore", divide="ignore"):
        sector_y, sector_z = (y @ indicator) / count, (z @ indicator) / count
        overall_y, overall_z = y.sum(1) / count.sum(1), z.sum(1) / count.sum(1)
        sector_y = np.where(count > 0, sector_y, overall_y[:, None])
        sector_z = np.where(count > 0, sector_z, overall_z[:, None])
        own_y, own_z = sector_y[:, sector], sector_z[:, sector]
        deviation = np.where(observed, size - own_z, 0.0)
        spread = (deviation**2).sum(axis=1)
        slope = (deviation * np.where(observed, values - own_y, 0.0)).sum(axis=1) / np.where(spread > 0, spread, np.inf)
        fitted = own_y + slope[:, None] * (size - own_z)
    return np.where(missing, fitted, values), missing.sum(axis=1)


def residual(values: np.ndarray, others: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """What is left of a style after an equal-weighted regression on other styles over the universe.

    Parameters
    ----------
    values, others
        (time, asset) and (time, other, asset).
    inside
        (time, asset) membership of the universe.
    """
    design = np.concatenate([np.ones_like(others[:, :1]), others], axis=1)
    member = inside[:, None, :] & ~np.isnan(design).any(axis=1, keepdims=True) & ~np.isnan(values)[:, None, :]
    used = np.where(member, design, 0.0)
    gram = used @ used.transpose(0, 2, 1)
    moment = (used @ np.where(member[:, 0], values, 0.0)[..., None])[..., 0]
    enough = member.sum(axis=2)[:, 0] > 2 * design.shape[1]
    gram[~enough] = np.eye(design.shape[1])
    slope = np.linalg.solve(gram, moment[..., None])
    return np.where(enough[:, None], values - (design * slope).sum(axis=1), values)


def sector_codes(market: xr.Dataset) -> np.ndarray:
    """Code of each asset's sector in sorted order of the names; -1 for an asset without a sector."""
    sector = market["sector"].to_numpy().astype(str)
    names = np.unique(sector[sector != ""])
    return np.where(sector == "", -1, np.searchsorted(names, sector))
