"""Two models of one market side by side: what the factors earned, how much they explain, how good their forecasts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import require_count
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.bounds import DAYS_A_YEAR, SEED_NUMBER, require_bounded
from riskmodel.errors import InputError, counted
from riskmodel.facts import ForecastUnavailableError
from riskmodel.market.contents import require_dataset
from riskmodel.model.forecast import RiskForecast
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.validation.bias import standardised
from riskmodel.validation.portfolios import asset_draws, portfolio_volatility, random_weights, scaled_to_one
from riskmodel.validation.validation import BURN_IN, summarise

DAYS_AT_ONCE = 32  # keeps exposures and portfolios small in memory
FORECAST_COLUMNS = ("portfolios", "days", "bias", "lower", "upper", "share_inside", "mrad", "qlike")


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    names
        What the two models are called in the tables.
    factor_returns
        One row a factor of either: model, factor, group, days, mean_a_year, volatility_a_year; nearest, the factor of the
        other model that moved most like it, and correlation, how alike, over the days that both have.
    days
        (time) one row a day that both explain: names that both do, and the R-squared of each on these, with the roots of the
        caps as weights, in columns by the models' names.
    specific_correlation
        Of what the two models' factors leave of the same names' returns, over all days.
    forecasts
        One row a kind of portfolio and model: kind, model, portfolios, days, bias, lower, upper, share_inside, mrad, qlike,
        as in `Validation`; the same portfolios for both. Of a model without forecasts the numbers are NaN.
    closes
        At which portfolios were formed.
    reasons
        Model -> why it has no forecast at any close, in words; empty where both have.
    """

    names: tuple[str, str]
    factor_returns: pd.DataFrame
    days: pd.DataFrame
    specific_correlation: float
    forecasts: pd.DataFrame
    closes: pd.DatetimeIndex
    reasons: dict[str, str]

    def _head(self) -> list[str]:
        one, other = self.names
        mean = self.days[list(self.names)].mean()
        lines = [
            f"Comparison of {one} and {other}: {counted(len(self.days), 'day')} that both explain, on "
            f"{self.days['names'].mean():.0f} names of both a day",
            f"mean R-squared {mean[one]:.3f} and {mean[other]:.3f}; correlation of what factors leave "
            f"{self.specific_correlation:.3f}",
        ]
        lines += [f"no forecast of {model}: {reason}" for model, reason in self.reasons.items()]
        return lines

    def __repr__(self) -> str:
        frames = (self.factor_returns, self.forecasts)
        tables = [frame.to_string(index=False, float_format="{:.3f}".format, na_rep="n/a") for frame in frames]
        return "\n".join([*self._head(), *tables])

    def _repr_html_(self) -> str:
        frames = (self.factor_returns, self.forecasts)
        tables = [frame.to_html(index=False, float_format="{:.3f}".format, na_rep="n/a") for frame in frames]
        return f"<p>{'<br>'.join(self._head())}</p>" + "".join(map(str, tables))


def compare(
    model_a: RiskModelResults,
    model_b: RiskModelResults,
    market: xr.Dataset,
    *,
    names: tuple[str, str] = ("a", "b"),
    every: int = 1,
    random_portfolios: int = 100,
    size: int = 50,
    seed: int = 0,
) -> Comparison:
    """Hold two models of one market against each other: factor returns, R-squared and forecasts of the same portfolios.

    Parameters
    ----------
    model_a, model_b
        Fits, or given models, of the market.
    market
        From `riskmodel.read_market`.
    names
        What to call them.
    every
        Sessions from one close with forecasts to the next.
    random_portfolios, size
        How many random portfolios, and of how many names.
    seed
        Of the draws.

    Returns
    -------
    Comparison
        Portfolios of a close hold names that both models have exposures and specific risk of: `random` ones, the same less
        the cap-weighted universe (`random_active`), `sector` and the `universe`. A fit forecasts from 252 estimated days on,
        a given model where its risk is given.

    Raises
    ------
    InputError
        For two names that are one, models of other markets, and models without a day that both explain.

    Notes
    -----
    b = r / sigma with r the next session's return, at the market's prices, and sigma^2 = w' X F X' w + w' D w, known at the
    close; D is diagonal. R-squared is 1 - sum w e^2 / sum w (r - mean)^2 with e what X f leaves of r, whoever calls how much
    of it specific. `attribution.attribute` on both says what the difference makes of a course.

    Examples
    --------
    >>> import riskmodel as rm
    >>> market = rm.read_market("fixtures/small")
    >>> model = rm.RiskModel().fit(market)
    >>> few = rm.RiskModel(styles=rm.STYLES[:4]).fit(market)
    >>> both = rm.compare(model, few, market, names=("all", "few"), every=40, random_portfolios=20)
    >>> bool(both.days["all"].mean() > both.days["few"].mean())
    True
    """
    given = (require_results(model_a, "model_a"), require_results(model_b, "model_b"))
    models = {str(name): model for name, model in zip(names, given, strict=True)}
    if len(models) < 2:
        raise InputError(f"names: both models are called '{names[0]}'. Give two names.")
    require_dataset(market)
    for name, number in {"every": every, "random_portfolios": random_portfolios, "size": size}.items():
        require_count(name, number)
    require_bounded("seed", seed, SEED_NUMBER)
    for name, model in models.items():
        for dim in ("time", "asset"):
            if not model.data.get_index(dim).equals(market.get_index(dim)):
                raise InputError(f"{name}: has other labels of '{dim}' than the market. Give a model of this market.")
    days, correlation = _explained(models, market)
    if days.empty:
        raise InputError("compare: there is no day that both models explain. Give models of one time and of the same names.")
    closes, reasons = _closes(models, every)
    return Comparison(
        names=(str(names[0]), str(names[1])),
        factor_returns=_factor_returns(models),
        days=days,
        specific_correlation=correlation,
        forecasts=_forecasts(models, market, closes, reasons, random_portfolios, size, seed),
        closes=closes,
        reasons=reasons,
    )


def _factor_returns(models: dict[str, RiskModelResults]) -> pd.DataFrame:
    frames = {name: model.factor_returns.transpose("time", "factor").to_pandas() for name, model in models.items()}
    rows = []
    for name, other in zip(frames, reversed(frames), strict=True):
        alike = _correlations(frames[name], frames[other])
        for factor, returns in frames[name].items():
            row = alike.loc[factor].dropna()
            nearest = row.abs().idxmax() if len(row) else ""
            rows.append(
                {
                    "model": name,
                    "factor": str(factor),
                    "group": models[name].group(str(factor)),
                    "days": int(returns.notna().sum()),
                    "mean_a_year": returns.mean() * DAYS_A_YEAR,
                    "volatility_a_year": returns.std() * np.sqrt(DAYS_A_YEAR),
                    "nearest": str(nearest),
                    "correlation": row[nearest] if len(row) else np.nan,
                }
            )
    return pd.DataFrame(rows)


def _correlations(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Correlation of every factor of one model with every factor of the other, over the days that both have."""
    both = pd.concat([one, other], axis=1, keys=["one", "other"])
    return both.corr(min_periods=20).loc["one", "other"]


def _explained(models: dict[str, RiskModelResults], market: xr.Dataset) -> tuple[pd.DataFrame, float]:
    """R-squared of each day on the names of both, and the correlation of what the factors leave."""
    sessions = market.get_index("time")
    returns = market["total_return"].transpose("time", "asset").to_numpy()
    cap = np.nan_to_num(market["market_cap"].transpose("time", "asset").to_numpy())
    rows, left = [], []
    for first in range(1, len(sessions), DAYS_AT_ONCE):
        block = np.arange(first, min(first + DAYS_AT_ONCE, len(sessions)))
        parts = [_factor_part(model, sessions, block) for model in models.values()]
        both = np.isfinite(returns[block]) & np.logical_and.reduce([np.isfinite(part) for part in parts])
        weight = np.where(both, np.sqrt(cap[block - 1]), 0.0)
        y = np.where(both, returns[block], 0.0)
        total = weight.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (weight * y).sum(axis=1) / total
            spread = (weight * np.where(both, y - mean[:, None], 0.0) ** 2).sum(axis=1)
            fits = [1 - (weight * np.where(both, y - part, 0.0) ** 2).sum(axis=1) / spread for part in parts]
        left.append(np.stack([(y - part)[both] for part in parts]))
        own = dict(zip(models, fits, strict=True))
        rows.append(pd.DataFrame({"names": both.sum(axis=1), **own}, index=sessions[block]))
    table = pd.concat(rows).rename_axis("time")
    whole = np.concatenate(left, axis=1)
    correlation = float(np.corrcoef(whole)[0, 1]) if whole.shape[1] > 1 else np.nan
    return table[(table["names"] > 0) & table[list(models)].notna().all(axis=1)], correlation


def _factor_part(model: RiskModelResults, sessions: pd.Index, rows: np.ndarray) -> np.ndarray:
    """X_t-1 f_t of some days, (day, asset); NaN where the model does not explain a name."""
    returns = model.factor_returns.transpose("time", "factor").to_numpy()[rows]
    specific = model.specific_returns.transpose("time", "asset").to_numpy()[rows]
    design = model.design(sessions[rows - 1]).sel(factor=model.factor_returns["factor"]).to_numpy()
    part = (np.nan_to_num(returns)[:, None, :] @ np.nan_to_num(design))[:, 0]
    return np.where(np.isnan(specific), np.nan, part)


def _closes(models: dict[str, RiskModelResults], every: int) -> tuple[pd.DatetimeIndex, dict[str, str]]:
    """Closes at which each model that has forecasts has one, and why a model has none."""
    able: dict[str, pd.DatetimeIndex] = {}
    reasons = {}
    for name, model in models.items():
        able[name], reason = _forecast_closes(model)
        if reason:
            reasons[name] = reason
    some = [closes for closes in able.values() if len(closes)]
    common = pd.DatetimeIndex([])
    if some:
        common = some[0] if len(some) == 1 else some[0].intersection(some[1])
    return common[::every], reasons


def _forecast_closes(model: RiskModelResults) -> tuple[pd.DatetimeIndex, str]:
    """Closes with a session after them at which a model has a forecast, and why where there is none."""
    sessions = pd.DatetimeIndex(model.data.get_index("time"))[:-1]
    if not model.settings.get("source"):
        days = model.factor_returns.notnull().any("factor").to_numpy()
        closes = sessions[np.cumsum(days)[:-1] >= BURN_IN]
        return closes, "" if len(
            closes
        ) else f"it has {int(days.sum())} estimated days, of the {BURN_IN} that come before one"
    closes, reason = [], ""
    for close in sessions:
        try:
            model.forecast([close])
            closes.append(close)
        except ForecastUnavailableError as error:
            reason = error.fact.words()
    return pd.DatetimeIndex(closes), "" if closes else reason


def _forecasts(
    models: dict[str, RiskModelResults],
    market: xr.Dataset,
    closes: pd.DatetimeIndex,
    reasons: dict[str, str],
    portfolios: int,
    size: int,
    seed: int,
) -> pd.DataFrame:
    """`Comparison.forecasts`."""
    kinds = ("random", "random_active", "sector", "universe")
    judged = [name for name in models if name not in reasons]
    tables: dict[str, pd.DataFrame] = {}
    if len(closes) and judged:
        found, labels = _outcomes({name: models[name] for name in judged}, market, closes, portfolios, size, seed)
        times = market.get_index("time")[market.get_index("time").get_indexer(closes) + 1]
        of = {"kind": [kind for kind, _ in labels], "name": [name for _, name in labels]}
        coords = {"time": times, **{key: ("portfolio", values) for key, values in of.items()}}
        for name, (realised, volatility) in found.items():
            arrays = [xr.DataArray(values, coords, ("time", "portfolio")) for values in (realised, volatility)]
            tables[name], _ = summarise(standardised(*arrays))
    empty = pd.DataFrame({"kind": kinds}).reindex(columns=["kind", *FORECAST_COLUMNS])
    frames = [tables.get(name, empty).assign(model=name)[["kind", "model", *FORECAST_COLUMNS]] for name in models]
    both = pd.concat([frame.astype(dict.fromkeys(FORECAST_COLUMNS, float)) for frame in frames], ignore_index=True)
    return both.sort_values("kind", key=lambda kind: kind.map(kinds.index), kind="stable", ignore_index=True)


def _outcomes(
    models: dict[str, RiskModelResults],
    market: xr.Dataset,
    closes: pd.DatetimeIndex,
    portfolios: int,
    size: int,
    seed: int,
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], Sequence[tuple[str, str]]]:
    """Model -> what portfolios of the closes returned and the volatility it forecast, (close, portfolio); their labels."""
    assets = market.get_index("asset")
    returns = np.nan_to_num(market["total_return"].transpose("time", "asset").to_numpy())
    cap = np.nan_to_num(market["market_cap"].transpose("time", "asset").to_numpy())
    label = market["sector"].to_numpy().astype(str)
    sectors = sorted(set(label) - {""})
    member = label == np.array(sectors)[:, None]
    ranks, _ = asset_draws(assets, portfolios, seed)
    numbers = [f"{number + 1:03d}" for number in range(portfolios)]
    labels = [("random", n) for n in numbers] + [("random_active", n) for n in numbers]
    labels += [("sector", name) for name in sectors] + [("universe", "all")]
    made = {name: model.forecast(closes).compute() for name, model in models.items()}
    rows = market.get_index("time").get_indexer(closes)
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in models}
    with one_blas_thread():
        for first in range(0, len(rows), DAYS_AT_ONCE):
            at = np.arange(first, min(first + DAYS_AT_ONCE, len(rows)))
            arrays = {name: _risk_arrays(models[name], made[name], closes[at]) for name in models}
            held = np.logical_and.reduce([whole for *_, whole in arrays.values()]) & (cap[rows[at]] > 0)
            weight = np.where(held, cap[rows[at]], 0.0)
            drawn, universe = random_weights(weight, ranks, size), scaled_to_one(weight)[:, None, :]
            own = [drawn, drawn - universe, scaled_to_one(weight[:, None, :] * member), universe]
            weights = np.concatenate(own, axis=1)
            realised = (weights @ returns[rows[at] + 1][:, :, None])[..., 0]
            for name, (x, F, variance, _) in arrays.items():
                x = np.where(held[:, None, :], x, 0.0)
                volatility = portfolio_volatility(weights, x, F, np.where(held, variance, 1.0))
                parts[name].append((realised, volatility))
    return {
        name: (np.concatenate([one for one, _ in pairs]), np.concatenate([two for _, two in pairs]))
        for name, pairs in parts.items()
    }, labels


def _risk_arrays(model: RiskModelResults, made: RiskForecast, closes: pd.DatetimeIndex) -> tuple[np.ndarray, ...]:
    """Exposures, factor covariance, specific variance at some closes, and which names have all of them."""
    covariance = made.factor_covariance.sel(time=closes).transpose("time", "factor", "factor_other")
    factors = covariance.get_index("factor")
    F = covariance.sel(factor_other=factors).to_numpy()
    live = ~np.isnan(np.diagonal(F, axis1=1, axis2=2))
    x = model.design(closes).sel(factor=factors).transpose("time", "factor", "asset").to_numpy()
    fed = ~np.isnan(x).all(axis=2)
    whole = ~(np.isnan(x) & (live & fed)[:, :, None]).any(axis=1) & ~np.isnan(x).all(axis=1)
    specific = made.specific_volatility.sel(time=closes, asset=model.data["asset"])
    volatility = specific.transpose("time", "asset").to_numpy()
    whole &= ~np.isnan(volatility)
    known = (live & fed)[:, :, None]
    F = np.where(known & known.transpose(0, 2, 1), F, 0.0)
    return np.where(known, np.nan_to_num(x), 0.0), F, np.nan_to_num(volatility) ** 2, whole
