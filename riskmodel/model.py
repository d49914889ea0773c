"""RiskModel.fit(market) -> RiskModelResults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from riskmodel.descriptors import ordinary_income_sources
from riskmodel.diagnostics import exposure_stability, mean_return_tests
from riskmodel.errors import InputError, counted, listed
from riskmodel.estimation import RegressionSettings, lagged_regression
from riskmodel.exposures import (
    ExposureSettings,
    UniverseRule,
    estimation_universe,
    factor_exposures,
)
from riskmodel.factors import MARKET, STYLES, group_of
from riskmodel.fingerprint import PANELS, history_fingerprint
from riskmodel.labels import label_text, require_increasing, require_kind
from riskmodel.lazy import fit_by_blocks, is_lazy

PANEL_VARIABLES = (*PANELS, "market_cap", "life")  # of a market, by (time, asset)
OTHER_VARIABLES = (
    "sector",
    *("filing_ticker", "filing_known", "filing_period_end"),
    *("announcement_ticker", "announcement_known", "eps_actual", "eps_estimate"),
)
READ = "Give what riskmodel.read_market returns."


@dataclass(frozen=True)
class RiskModel:
    """The daily cross-sectional model of fourteen styles, the sectors and the market; settings only, `fit` does the work."""

    universe: UniverseRule = field(default_factory=UniverseRule)
    exposures: ExposureSettings = field(default_factory=ExposureSettings)
    regression: RegressionSettings = field(default_factory=RegressionSettings)

    def __post_init__(self) -> None:
        require_kind("risk model: universe", self.universe, UniverseRule, "Use riskmodel.UniverseRule().")
        require_kind("risk model: exposures", self.exposures, ExposureSettings, "Use riskmodel.ExposureSettings().")
        require_kind("risk model: regression", self.regression, RegressionSettings, "Use riskmodel.RegressionSettings().")

    def fit(self, market: xr.Dataset) -> RiskModelResults:
        """Estimate exposures, factor returns and specific returns of every session of a market.

        Parameters
        ----------
        market
            From `riskmodel.read_market`. Chunked over time, `market.chunk(time=252)`, it is fitted lazily: each block of
            sessions by a task of its own, together with the sessions before that it depends on.

        Returns
        -------
        RiskModelResults
            Of a chunked market the arrays are held by dask, chunked by block; `compute` or `riskmodel.save` work them out.

        Raises
        ------
        InputError
            Where the market is no Dataset of `read_market`, its time is not sorted, a label repeats or a volume is negative;
            where not one day can be estimated: the message gives the first reasons. Of a chunked market it is `compute`
            that speaks of volumes and days.

        Notes
        -----
        The return of day t is regressed on exposures, weights and universe stamped t-1 (the session before).

        Examples
        --------
        >>> import riskmodel as rm
        >>> model = rm.RiskModel().fit(rm.read_market("fixtures/small"))
        >>> model.factor_returns.dims
        ('time', 'factor')
        """
        _require_market(market)
        if is_lazy(market):
            data = fit_by_blocks(self, market)
        else:
            with threadpool_limits(limits=1, user_api="blas"):  # the same bits whatever the number of cores
                data = self.estimates(market)
            _require_a_sound_day(data)
            data = data.assign(fingerprint=history_fingerprint(market, market["time"].to_numpy()[-1]))
        return RiskModelResults(
            data=data.assign_attrs(ordinary_income=ordinary_income_sources(market)), settings=asdict(self)
        )

    def estimates(self, market: xr.Dataset) -> xr.Dataset:
        """What `fit` finds on the sessions of `market`, which may be some of a longer one."""
        _require_volumes(market["volume"])
        universe = estimation_universe(market, self.universe)
        styled = factor_exposures(market, universe, self.exposures)
        regression = lagged_regression(
            returns=market["total_return"],
            exposures=styled["exposures"],
            sectors=market["sector"],
            market_cap=market["market_cap"],
            universe=universe,
            settings=self.regression,
        )
        counts = styled.drop_vars(["exposures", "reason"]).rename(
            {"factor": "style", "observed": "descriptor_observed", "clipped": "descriptor_clipped"}
        )
        return xr.Dataset(
            {
                "exposures": styled["exposures"].rename(factor="style"),
                "universe": universe,
                "factor_returns": regression["factor_returns"],
                "standard_errors": regression["robust_standard_errors"],
                "classical_standard_errors": regression["standard_errors"],
                "covariance": regression["covariance"],
                "specific_returns": regression["specific_returns"],
                "r_squared": regression["r_squared"],
                "condition_number": regression["condition_number"],
                "estimating_names": regression["names"],
                "weights_floored": regression["weights_floored"],
                "flag": regression["flag"],
                "variance_inflation": regression["variance_inflation"],
                "sector_shrinkage": regression["sector_shrinkage"].rename(sector="sector_name").fillna(0.0),
                "sector": market["sector"],
                "reason": styled["reason"],
            }
        ).assign({str(name): counts[name] for name in counts.data_vars})

    def update(self, results: RiskModelResults, market: xr.Dataset) -> RiskModelResults:
        """Append the sessions of a market that a fit has not seen; equal to fitting the whole market.

        Parameters
        ----------
        results
            An earlier fit of the same market with the same settings. Of one that `load` opened the large arrays are not
            read; they stay in the parts of its store, and `save` leaves them there.
        market
            The market with its new sessions; its history must be what the fit saw.

        Returns
        -------
        RiskModelResults
            `results` itself where there is no new session.

        Raises
        ------
        InputError
            Where `fit` refuses the market, the settings differ, or the history under the fit has changed (a split rescales
            it, a vendor restates it); the message names the assets. Fit again then.
        """
        from riskmodel.update import updated

        require_kind("results", results, RiskModelResults, "Give what RiskModel.fit or riskmodel.load returns.")
        _require_market(market)
        return updated(self, results, market)


@dataclass(frozen=True)
class RiskModelResults:
    """What a fit returns: labelled arrays under the field's names, and tables to read.

    Attributes
    ----------
    data
        Dataset with `exposures` (time, style, asset) stamped at the close at which they are known; and for the return of
        each day `factor_returns`, `standard_errors` (heteroskedasticity-consistent), `classical_standard_errors`
        (time, factor), `covariance` (time, factor, factor_other), `specific_returns` (time, asset), `r_squared`,
        `condition_number`, `estimating_names`, `flag` (time); counts behind the coverage table.
    settings
        The model's settings as a plain dictionary.
    """

    data: xr.Dataset
    settings: dict[str, object]

    def compute(self) -> RiskModelResults:
        """The same in memory, where the market of the fit was chunked.

        Raises
        ------
        InputError
            Where not one day can be estimated; the message gives the first reasons.
        """
        data = self.data.compute()
        _require_a_sound_day(data)
        return RiskModelResults(data=data, settings=self.settings)

    @property
    def factor_returns(self) -> xr.DataArray:
        """(time, factor), decimals."""
        return self.data["factor_returns"]

    @property
    def standard_errors(self) -> xr.DataArray:
        """(time, factor), heteroskedasticity-consistent."""
        return self.data["standard_errors"]

    @property
    def covariance(self) -> xr.DataArray:
        """Error covariance of the day's factor returns, (time, factor, factor_other)."""
        return self.data["covariance"]

    @property
    def specific_returns(self) -> xr.DataArray:
        """(time, asset), decimals."""
        return self.data["specific_returns"]

    @property
    def exposures(self) -> xr.DataArray:
        """(time, asset, factor) of the styles, stamped at the close at which they are known."""
        return self.data["exposures"].rename(style="factor").transpose("time", "asset", "factor")

    @property
    def sectors(self) -> list[str]:
        """The sectors, in the order of the factors."""
        return [str(f) for f in self.data["factor"].to_numpy() if f != "market" and f not in STYLES]

    def group(self, factor: str) -> str:
        """market, sector, style, specific or other."""
        return group_of(factor, frozenset(self.sectors))

    def flagged(self) -> pd.Series:
        """Days whose regression is not whole, with the reason."""
        flag = self.data["flag"].to_series()
        return flag[flag != ""]

    def thin_sectors(self, times: pd.DatetimeIndex | None = None) -> pd.DataFrame:
        """Sectors shrunk towards the market on some day of `times` (default: all): sector, days, largest_share_lent."""
        lent = self.data["sector_shrinkage"]
        lent = lent if times is None else lent.sel(time=lent["time"].isin(times))
        frame = lent.transpose("time", "sector_name").to_pandas()
        table = (
            pd.DataFrame({"days": (frame > 0).sum(), "largest_share_lent": frame.max()}).rename_axis("sector").reset_index()
        )
        return table[table["days"] > 0].reset_index(drop=True)

    def coverage(self, times: pd.DatetimeIndex | None = None) -> pd.DataFrame:
        """How far each factor was fed by data, averaged over the days of `times` (default: all).

        Returns
        -------
        DataFrame
            factor, descriptor, share_of_names (of covered assets with the descriptor), filled (share of covered assets whose
            factor was filled from sector and size), reason (where left out; empty otherwise), clipped (share of the
            descriptor's values that were winsorised).
        """
        data = self.data if times is None else self.data.sel(time=self.data["time"].isin(times))
        names = data["covered"].sum().item() or np.nan
        rows = []
        for style, parts in STYLES.items():
            fed = data["fed"].sel(style=style)
            days_out, days = int((~fed.astype(bool)).sum()), data.sizes["time"]
            for descriptor in parts:
                seen = int(data["descriptor_observed"].sel(descriptor=descriptor).sum())
                reason = str(data["reason"].sel(descriptor=descriptor).item())
                if not reason and not seen:
                    reason = "no name has it"
                elif not reason and days_out:
                    reason = f"too few names observed on {days_out} of {days} days"
                rows.append(
                    {
                        "factor": style,
                        "descriptor": descriptor,
                        "share_of_names": seen / names,
                        "filled": int(data["filled"].sel(style=style).sum()) / names,
                        "reason": reason,
                        "clipped": int(data["descriptor_clipped"].sel(descriptor=descriptor).sum()) / max(seen, 1),
                    }
                )
        return pd.DataFrame(rows)

    def summary(self) -> pd.DataFrame:
        """Factor by factor: annualised mean of its return, with the t that allows for serial correlation, and volatility;
        share of days with |t| > 2, mean error, mean variance inflation, and exposure stability: the correlation of
        exposures with those a month before.
        """
        returns, errors = self.factor_returns.to_pandas(), self.standard_errors.to_pandas()
        t = returns / errors
        return pd.DataFrame(
            {
                "group": [self.group(f) for f in returns.columns],
                "mean_a_year": returns.mean() * 252,
                "hac_t": mean_return_tests(self.factor_returns)["t"],
                "volatility_a_year": returns.std() * np.sqrt(252),
                "share_t_above_2": (t.abs() > 2).sum() / t.notna().sum(),
                "mean_standard_error": errors.mean(),
                "variance_inflation": self.data["variance_inflation"].mean("time").to_series(),
                "exposure_stability": exposure_stability(self.exposures).mean("time").to_series().reindex(returns.columns),
                "days": t.notna().sum(),
            }
        )

    def __repr__(self) -> str:
        times = self.factor_returns["time"].to_index()
        if is_lazy(self.data):
            return (
                f"RiskModelResults, not computed: {len(times)} days, {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}, "
                f"{self.data.sizes['asset']} assets, {self.data.sizes['factor']} factors. See compute() and riskmodel.save."
            )
        sound = self.data["r_squared"].notnull()
        lines = [
            f"RiskModelResults: {int(sound.sum())} of {len(times)} days estimated, "
            f"{times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}",
            f"{self.data.sizes['asset']} assets, {self.data.sizes['factor']} factors, "
            f"mean R-squared {float(self.data['r_squared'].mean()):.3f}, {len(self.flagged())} days flagged",
            self.summary().to_string(float_format="{:.4f}".format),
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = self.__repr__().split("\n")[:2]
        if is_lazy(self.data):
            return f"<p>{head[0]}</p>"
        return f"<p>{'<br>'.join(head)}</p>" + self.summary().to_html(float_format="{:.4f}".format)


def _require_market(market: xr.Dataset) -> None:
    """Refuse what is no market, and labels that cannot be lagged; no value is looked at."""
    require_kind("market", market, xr.Dataset, READ)
    if lost := [name for name in (*PANEL_VARIABLES, *OTHER_VARIABLES) if name not in market]:
        raise InputError(f"market: without {counted(len(lost), 'variable')} of a fit: {listed(lost)}. {READ}")
    if wrong := [f"{name} {market[name].dims}" for name in PANEL_VARIABLES if set(market[name].dims) != {"time", "asset"}]:
        raise InputError(f"market: {counted(len(wrong), 'variable')} not by ('time', 'asset'): {listed(wrong)}. {READ}")
    for dim in ("time", "asset"):
        index = market.get_index(dim)
        if dim not in market.coords or not len(index):
            raise InputError(f"market: '{dim}' is empty or has no labels. {READ}")
        if not index.is_unique:
            raise InputError(
                f"market: labels of '{dim}' repeat: {listed(map(label_text, index[index.duplicated()].unique()))}. Keep one "
                f"each, with market.drop_duplicates('{dim}')."
            )
    require_increasing("market", market.get_index("time"))


def _require_volumes(volume: xr.DataArray) -> None:
    cells = np.argwhere((volume < 0).transpose("time", "asset").to_numpy())
    if len(cells):
        sessions, assets = volume.get_index("time"), volume.get_index("asset")
        places = listed(f"{label_text(sessions[day])} {assets[column]}" for day, column in cells)
        raise InputError(
            f"market: {counted(len(cells), 'negative value')} in 'volume': {places}. Use NaN for what is missing."
        )


def _require_a_sound_day(data: xr.Dataset) -> None:
    if not bool(data["factor_returns"].sel(factor=MARKET).notnull().any()):
        reasons = list(dict.fromkeys(data["flag"].to_numpy().tolist()))
        raise InputError(f"model: no day can be estimated ({listed(reasons, 3)}). Give more names or a longer history.")
