"""Are the forecasts right? Portfolios known beforehand, judged out of sample by what came after."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import PANEL, label_text, labelled, require_count, require_kind
from riskmodel.bounds import SEED_NUMBER, require_bounded
from riskmodel.errors import InputError, counted, listed
from riskmodel.estimation.covariance_settings import SHORT_HORIZON, CovarianceSettings
from riskmodel.estimation.specific import SHORT_HORIZON as SPECIFIC_SHORT_HORIZON
from riskmodel.estimation.specific import SpecificRiskSettings, specific_risk
from riskmodel.factors import MARKET
from riskmodel.model.forecast import factor_risk
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.progress import Progress, stages
from riskmodel.validation.bias import (
    WINDOW,
    bias_band,
    bias_statistic,
    kurtosis,
    mean_rolling_absolute_deviation,
    qlike,
    rolling_bias,
    share_outside,
    standardised,
)
from riskmodel.validation.outcomes import Draws, portfolio_outcomes, require_names_enough
from riskmodel.validation.result import Validation

__all__ = [
    "Validation",
    "bias_band",
    "bias_statistic",
    "kurtosis",
    "mean_rolling_absolute_deviation",
    "qlike",
    "rolling_bias",
    "share_outside",
    "standardised",
    "summarise",
    "validate",
]

BURN_IN = 252  # estimated days before the first close that is judged


def summarise(outcomes: xr.DataArray, *, overlap: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of `Validation` from outcomes labelled as there: by kind, and by portfolio.

    Examples
    --------
    >>> b = np.random.default_rng(0).normal(size=(500, 3))
    >>> labels = {"kind": ("portfolio", ["random"] * 3), "name": ("portfolio", ["1", "2", "3"])}
    >>> by_kind, _ = summarise(xr.DataArray(b, labels, ("time", "portfolio")))
    >>> by_kind[["kind", "portfolios", "days", "bias", "lower", "upper"]].round(2).values.tolist()
    [['random', 3, 500, 0.99, 0.93, 1.07]]
    """
    rows, parts = [], []
    for kind in dict.fromkeys(outcomes["kind"].to_numpy().tolist()):
        own = outcomes.isel(portfolio=outcomes["kind"].to_numpy() == kind)
        count, bias = own.notnull().sum("time").to_numpy(), bias_statistic(own).to_numpy()
        enough = count > 1
        tails = float(kurtosis(own - own.mean("time"), dim=("time", "portfolio")))
        lower, upper = bias_band(np.where(enough, count, np.nan) / overlap, tails)
        inside = (bias >= lower) & (bias <= upper)
        days = int(np.median(count[enough])) if enough.any() else 0
        band = bias_band(days / overlap if days else np.nan, tails)
        weight = count[enough] - 1
        rows.append(
            {
                "kind": kind,
                "portfolios": int(enough.sum()),
                "days": days,
                "bias": float(np.sqrt((weight * bias[enough] ** 2).sum() / weight.sum())) if days else np.nan,
                "median_bias": float(np.median(bias[enough])) if days else np.nan,
                "lower": float(band[0]),
                "upper": float(band[1]),
                "share_inside": float(inside[enough].mean()) if days else np.nan,
                "mrad": float(mean_rolling_absolute_deviation(own, window=WINDOW * overlap).mean()),
                "qlike": float(qlike(own.where(own != 0), dim=("time", "portfolio"))),
                "outside_1_96": float(share_outside(own, dim=("time", "portfolio"))),
                "kurtosis": tails,
                "zeros": int((own == 0).sum()),
            }
        )
        cells = {"kind": kind, "name": own["name"].to_numpy(), "days": count, "bias": bias}
        parts.append(pd.DataFrame(cells | {"lower": lower, "upper": upper, "inside": inside}))
    return pd.DataFrame(rows), pd.concat(parts, ignore_index=True)


def validate(
    results: RiskModelResults,
    market_cap: xr.DataArray | pd.DataFrame,
    *,
    start: object = None,
    every: int | None = None,
    times: Iterable[object] | None = None,
    covariance: CovarianceSettings = SHORT_HORIZON,
    specific: SpecificRiskSettings = SPECIFIC_SHORT_HORIZON,
    horizon: int = 1,
    random_portfolios: int = 100,
    names: int = 50,
    seed: int = 0,
    linked: xr.DataArray | pd.Series | None = None,
    progress: Progress = None,
) -> Validation:
    """Forecast at many closes, form portfolios there, and hold each forecast against the return that followed.

    Parameters
    ----------
    results
        From `RiskModel.fit`.
    market_cap
        (time, asset) of the same market, stamped with the close at which it is known.
    start
        The first close; by default the first with 252 estimated days behind it.
    every
        Sessions from one close to the next; by default the horizon, so that no two outcomes share a day.
    times
        The closes themselves, instead of `start` and `every`.
    covariance, specific
        Settings of the two forecasts.
    horizon
        h, sessions over which a portfolio is held. Weights are restored daily: the outcome is the sum of h daily returns,
        and its forecast sqrt(h) times a day's.
    random_portfolios, names
        How many random portfolios and random alphas, and the names of a random portfolio: all, at a close at which the
        universe has fewer.
    seed
        Of the draws; an asset's depend on its label and the seed alone.
    linked
        (asset) labels of issuers, e.g. `market["issuer"]`: for `riskmodel.specific_risk`, and for the risk of portfolios,
        with the correlation of an issuer's assets measured up to the close. By default every asset stands alone, and
        portfolios are always formed as if it did: only what is forecast for them changes.
    progress
        True for a bar on standard error, where that is a terminal; or a function, called with the name of each stage as it
        begins.

    Returns
    -------
    Validation
        Kinds: `random` (long-only, cap-weighted), `random_active` (the same less the cap-weighted universe), `factor` (each
        pure factor return), `sector` (cap-weighted), `eigenfactor` (of the factor covariance, unit norm), `minimum_variance`
        (fully invested, of the universe and of each sector), `optimised` (least risk for a random alpha, long and short),
        `specific` (each asset's specific return). Assets are those of the estimation universe of the close that have a
        forecast.

    Raises
    ------
    InputError
        Where labels do not match, a close is unknown or has no `horizon` sessions after it, a number is out of range,
        `names` are more than the universe ever has at the closes, or the history is too short for a forecast.

    Notes
    -----
    b = r / sigma with r = sum_s w' r_{t+s}, s = 1..h, and sigma^2 = h (w' X F X' w + w' D w), all but r known at the close
    of t: nothing later than t changes portfolio or forecast. D is diagonal but for assets that are `linked`.
    Kinds and statistics follow Menchero, Orr & Wang (2011), appendix A, and Menchero, Wang & Orr (2011) for eigenfactor and
    optimised portfolios.

    Examples
    --------
    >>> import riskmodel as rm
    >>> market = rm.read_market("fixtures/small")
    >>> plain = CovarianceSettings(eigenfactor_simulations=0)
    >>> model = rm.RiskModel().fit(market)
    >>> checked = validate(model, market["market_cap"], every=10, random_portfolios=10, covariance=plain)
    >>> checked.table["kind"].tolist()[:4], checked.counts["closes"]
    (['random', 'random_active', 'factor', 'sector'], 11)
    """
    require_results(results)
    require_kind("covariance", covariance, CovarianceSettings, "Use riskmodel.CovarianceSettings().")
    require_kind("specific", specific, SpecificRiskSettings, "Use riskmodel.SpecificRiskSettings().")
    market_cap = labelled("market_cap", market_cap, PANEL)
    for label, number in {"horizon": horizon, "random_portfolios": random_portfolios, "names": names}.items():
        require_count(label, number)
    require_bounded("seed", seed, SEED_NUMBER)
    rows = _closes(results, start, every, times, horizon)
    require_names_enough(results.data["universe"].transpose("time", "asset")[rows].to_numpy(), names)
    closes = results.data.get_index("time")[rows]
    with stages(progress, 3) as step:
        step("specific risk")
        specific_volatility = specific_risk(
            results.specific_returns,
            market_cap,
            results.exposures,
            results.data["sector"],
            specific,
            times=closes,
            linked=linked,
        )["volatility"]
        step("factor covariance")
        forecast = factor_risk(results.data, covariance, closes)["covariance"]
        step("portfolios")
        found, counts = portfolio_outcomes(
            results,
            market_cap,
            forecast,
            specific_volatility,
            horizon=horizon,
            draws=Draws(random_portfolios, names, seed),
            linked=linked,
        )
    outcomes = standardised(found["realised"], found["volatility"])
    gap = int(np.median(np.diff(rows))) if len(rows) > 1 else horizon
    overlap = max(1, -(-horizon // gap))
    table, portfolios = summarise(outcomes, overlap=overlap)
    return Validation(outcomes, found["volatility"], table, portfolios, horizon, overlap, counts)


def _closes(
    results: RiskModelResults, start: object, every: int | None, times: Iterable[object] | None, horizon: int
) -> np.ndarray:
    """Positions of the closes to forecast at."""
    index = results.data.get_index("time")
    last = len(index) - 1 - horizon
    if times is not None:
        if start is not None or every is not None:
            raise InputError("times: give either the closes themselves or `start` and `every`.")
        wanted = pd.Index(list(times)).sort_values()
        wanted = pd.DatetimeIndex(pd.to_datetime(wanted)) if isinstance(index, pd.DatetimeIndex) else wanted
        rows = index.get_indexer(wanted)
        if not len(wanted) or not wanted.is_unique or (rows < 0).any():
            raise InputError(
                f"times: empty, repeated or not sessions of the model: {listed(map(label_text, wanted[rows < 0]))}. "
                f"It runs from {label_text(index[0])} to {label_text(index[-1])}."
            )
        if (rows > last).any():
            raise InputError(
                f"times: {counted(int((rows > last).sum()), 'close')} without {counted(horizon, 'session')} after it: "
                f"{listed(map(label_text, wanted[rows > last]))}."
            )
        return np.asarray(rows)
    step = horizon if every is None else every
    require_count("every", step)
    if start is None:
        estimated = np.cumsum(results.factor_returns.sel(factor=MARKET).notnull().to_numpy())
        first = int(np.searchsorted(estimated, BURN_IN))
    else:
        wanted_start = pd.to_datetime(str(start), errors="coerce") if isinstance(index, pd.DatetimeIndex) else start
        if pd.isna(wanted_start):
            raise InputError(f"start: {start!r} is not a date.")
        first = int(index.searchsorted(wanted_start))
    if first > last:
        raise InputError(
            f"start: no close from {label_text(index[first]) if first < len(index) else 'there'} on has "
            f"{counted(horizon, 'session')} after it. By default the first close has {BURN_IN} estimated days behind it; "
            f"the model has {len(index)} sessions. Give an earlier start, or a longer history."
        )
    return np.arange(first, last + 1, step)
