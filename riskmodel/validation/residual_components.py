"""Is a factor missing? Principal components of specific returns, held against those of noise put through the same model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import PANEL, labelled, require_count, require_finite
from riskmodel.arrays.rounding import deviation
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.bounds import SEED_NUMBER, SHARE_INSIDE, require_bounded
from riskmodel.errors import InputError, counted
from riskmodel.validation.parallel_analysis import leading_components, noise_edges, noise_shares, standardised

LEAST_NAMES = 3
COMPONENTS, DRAWS, LEVEL, LEAST_OBSERVED, SEED = 10, 20, 0.95, 0.5, 0  # defaults


@dataclass(frozen=True)
class ResidualComponents:
    """What the leading components of specific returns are, and which of them noise does not explain.

    Attributes
    ----------
    table
        By component: share_of_variance (of all standardised specific returns), noise_share (what the first component of the
        noise that earlier ones leave stays below in `level` of the draws), excess = share_of_variance - noise_share,
        effective_names (1 over the sum of fourth powers of its loadings: 2 for a pair, the number of names for a market),
        missing: whether it and all before it lie above noise.
    loadings
        (asset, component), squares sum to one, the largest in size positive.
    returns
        (time, component) decimals: of the long-short portfolio of specific returns that holds each asset by its loading over
        its volatility, absolute weights summing to one.
    described
        What the loadings go with, for the exposures and sectors given: component, kind ("style" or "sector"), label,
        correlation (of loadings with the mean exposure, or with being in the sector), share_of_loading (of the squared
        loadings inside the sector).
    marchenko_pastur_share
        Largest share that independent noise without a model would have in large samples; for reference.
    names, names_left_out, days, days_left_out, missing_cells
        What was looked at; missing cells count as no move.
    draws, level
        Of the noise.
    """

    table: pd.DataFrame
    loadings: xr.DataArray
    returns: xr.DataArray
    described: pd.DataFrame
    marchenko_pastur_share: float
    names: int
    names_left_out: int
    days: int
    days_left_out: int
    missing_cells: int
    draws: int
    level: float

    @property
    def missing(self) -> int:
        """How many components lie above noise; where it is all of those looked at, there may be more."""
        return int(self.table["missing"].sum())

    def __repr__(self) -> str:
        first = self.table.iloc[0]
        found = (
            "nothing is missing"
            if not self.missing
            else f"{'at least ' if self.missing == len(self.table) else ''}{counted(self.missing, 'component')} above noise"
        )
        lines = [
            f"ResidualComponents: {found}; the first has {first['share_of_variance']:.2%} of the variance, "
            f"noise up to {first['noise_share']:.2%}",
            f"{counted(self.names, 'name')} ({self.names_left_out:,} left out), {counted(self.days, 'day')} "
            f"({self.days_left_out:,} left out), {counted(self.missing_cells, 'missing cell')}, "
            f"{counted(self.draws, 'draw')} of noise",
            self.table.to_string(float_format="{:.4f}".format),
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = self.__repr__().split("\n")[:2]
        return f"<p>{'<br>'.join(head)}</p>" + str(self.table.to_html(float_format="{:.4f}".format))


def residual_components(
    specific_returns: xr.DataArray,
    *,
    refit: Callable[[xr.DataArray], xr.DataArray] | None = None,
    exposures: xr.DataArray | None = None,
    sectors: xr.DataArray | None = None,
    components: int = COMPONENTS,
    draws: int = DRAWS,
    level: float = LEVEL,
    least_observed: float = LEAST_OBSERVED,
    seed: int = SEED,
) -> ResidualComponents:
    """Hold the principal components of specific returns against those of noise.

    Parameters
    ----------
    specific_returns
        (time, asset), decimals; NaN is not observed.
    refit
        Takes returns like `specific_returns` and gives what the model leaves of them, on the same labels. Without it
        `specific_returns` are taken as they are, not as residuals of an estimate: see Notes.
    exposures
        (time, asset, factor) or (asset, factor), for `described` only; averaged over time.
    sectors
        (asset) labels, for `described` only.
    components
        How many are looked at.
    draws, level, seed
        Of the noise: how many markets of it, the share of them that a component has to exceed, and their seed.
    least_observed
        Share of the days on which an asset must be observed; others are left out and counted.

    Returns
    -------
    ResidualComponents

    Raises
    ------
    InputError
        Where labels repeat, a value is infinite, an option is out of range, or there are too few names or days.

    Notes
    -----
    u_it is divided by the asset's root mean square and then by the day's over assets, so that neither a wild stock nor a
    wild week looks like a factor; then by the asset's again: with z the outcome, each asset has the same variance, and the
    shares are eigenvalues of Z'Z over its trace (of ZZ' where days are fewer).

    Noise has the size of every cell and a sign of its own: parallel analysis (Horn 1965, Psychometrika 30) with sign flips
    rather than permutations, so that missing cells, jumps and volatility that sectors share stay where they are. Residuals
    of an estimate are not independent even where all factors are in the model: the error of the day's factor returns is
    common to all names. Hence `refit`: noise goes through the model too, and its size, by asset, is changed until its
    residuals are as large as the real ones. What earlier components explain is no noise: it is taken out before the next is
    judged (`noise_edges`; Dobriban & Owen 2019, J. of the Royal Statistical Society B 81). Marchenko & Pastur (1967),
    Mathematics of the USSR-Sbornik 1: (1 + sqrt(N / T))^2 / N.

    The first component of a sound model is above noise with a probability of 1 - `level`. Two share classes of one company
    are a component of two names with a share of at most 2 / N, which noise covers unless days outnumber names.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> noise = xr.DataArray(rng.normal(size=(300, 60)), {"time": range(300), "asset": range(60)}, ("time", "asset"))
    >>> common = xr.DataArray(rng.normal(size=300), {"time": range(300)}, ("time",))
    >>> residual_components(noise).missing, residual_components(noise + 0.5 * common).missing
    (0, 1)
    """
    u = _checked(specific_returns, components, draws, level, least_observed, seed)
    values = u.to_numpy().astype(float)
    seen = ~np.isnan(values)
    days = seen.any(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = np.nansum(values**2, axis=0) > 0
        names = moved & (seen[days].mean(axis=0) >= least_observed)
    kept = values[np.ix_(days, names)]
    least = max(components + 1, LEAST_NAMES)
    if min(kept.shape) < least:
        raise InputError(
            f"specific_returns: {counted(kept.shape[1], 'name')} observed on {least_observed:.0%} of "
            f"{counted(kept.shape[0], 'day')}; {counted(components, 'component')} need {least} of each. "
            f"Ask for fewer components, or give more."
        )
    with one_blas_thread():  # the same bits whatever the number of cores
        z, scale = standardised(kept)
        shares, v = leading_components(z, components)
        noise = noise_shares(u, days, names, refit, draws, seed)
        edge = noise_edges(z, ~np.isnan(kept), shares, v, float(np.quantile(noise, level)))
    table = pd.DataFrame(
        {
            "share_of_variance": shares,
            "noise_share": edge,
            "excess": shares - edge,
            "effective_names": 1 / (v**4).sum(axis=0),
            "missing": np.logical_and.accumulate(shares > edge),
        },
        index=pd.RangeIndex(1, components + 1, name="component"),
    )
    number = table.index.to_numpy()
    loadings = xr.DataArray(v, {"asset": u["asset"].to_numpy()[names], "component": number}, ("asset", "component"))
    held = v / scale[:, None]
    moves = np.nan_to_num(kept) @ (held / np.abs(held).sum(axis=0))
    return ResidualComponents(
        table=table,
        loadings=loadings,
        returns=xr.DataArray(moves, {"time": u["time"].to_numpy()[days], "component": number}, ("time", "component")),
        described=described(loadings, exposures, sectors),
        marchenko_pastur_share=float((1 + np.sqrt(kept.shape[1] / kept.shape[0])) ** 2 / kept.shape[1]),
        names=int(names.sum()),
        names_left_out=int((~names).sum()),
        days=int(days.sum()),
        days_left_out=int((~days).sum()),
        missing_cells=int(np.isnan(kept).sum()),
        draws=draws,
        level=level,
    )


def described(loadings: xr.DataArray, exposures: xr.DataArray | None, sectors: xr.DataArray | None) -> pd.DataFrame:
    """What loadings (asset, component) go with, see `ResidualComponents`; the strongest of each component first."""
    v = loadings.to_pandas()
    rows: list[tuple[object, str, str, float, float]] = []
    if exposures is not None:
        known = exposures.mean("time") if "time" in exposures.dims else exposures
        for label, x in known.transpose("asset", "factor").to_pandas().reindex(v.index).items():
            together = _correlation(v, x)
            rows += [(k, "style", str(label), float(together[k]), np.nan) for k in v.columns]
    if sectors is not None:
        own = sectors.to_series().reindex(v.index).fillna("")
        for label in sorted(set(own) - {""}):
            inside = own == label
            together, share = _correlation(v, inside.astype(float)), (v[inside] ** 2).sum()
            rows += [(k, "sector", str(label), float(together[k]), float(share[k])) for k in v.columns]
    frame = pd.DataFrame(rows, columns=["component", "kind", "label", "correlation", "share_of_loading"])
    strongest = np.lexsort((-frame["correlation"].abs().fillna(0.0).to_numpy(float), frame["component"]))
    return frame.iloc[strongest].reset_index(drop=True)


def _correlation(v: pd.DataFrame, x: pd.Series) -> pd.Series:
    """Of each column with x, over the assets that have x; NaN where they are few or all the same."""
    there = x.notna()
    if there.sum() < LEAST_NAMES or deviation(x[there].to_numpy(), ddof=0, scale=float(x.abs().max())) == 0:
        return pd.Series(np.nan, v.columns)
    return v[there].corrwith(x[there])


def _checked(u: xr.DataArray, components: int, draws: int, level: float, least_observed: float, seed: int) -> xr.DataArray:
    """Specific returns as (time, asset), every option in its range, or what is wrong."""
    u = labelled("specific_returns", u, PANEL)
    require_finite("specific_returns", u, missing=True)
    require_count("components", components)
    require_count("draws", draws)
    require_bounded("seed", seed, SEED_NUMBER)
    for name, share in {"level": level, "least_observed": least_observed}.items():
        require_bounded(name, share, SHARE_INSIDE)
    least = int(np.ceil(1 / (1 - level) - 1e-9)) - 1
    if draws < least:
        raise InputError(f"draws: {draws} cannot tell what {level:g} of the draws stay below; give at least {least}.")
    return u.transpose("time", "asset")
