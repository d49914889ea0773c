"""RiskModel.fit(market) -> RiskModelResults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import xarray as xr
from threadpoolctl import threadpool_limits

from riskmodel.arrays.chunks import is_lazy
from riskmodel.arrays.labels import require_kind
from riskmodel.estimation.lagged import RegressionSettings, lagged_regression
from riskmodel.exposures.descriptors import ordinary_income_sources
from riskmodel.exposures.styles import ExposureSettings, factor_exposures
from riskmodel.exposures.universe import UniverseRule, estimation_universe
from riskmodel.market.contents import require_market, require_volumes
from riskmodel.market.fingerprint import history_fingerprint
from riskmodel.model.chunked import fit_by_blocks
from riskmodel.model.look_back import look_back
from riskmodel.model.results import RiskModelResults, require_a_sound_day
from riskmodel.model.update import updated


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
        require_market(market)
        if is_lazy(market):
            data = fit_by_blocks(self.estimates, market, look_back=self.look_back)
        else:
            with threadpool_limits(limits=1, user_api="blas"):  # the same bits whatever the number of cores
                data = self.estimates(market)
            require_a_sound_day(data)
            data = data.assign(fingerprint=history_fingerprint(market, market["time"].to_numpy()[-1]))
        return RiskModelResults(
            data=data.assign_attrs(ordinary_income=ordinary_income_sources(market)), settings=asdict(self)
        )

    @property
    def look_back(self) -> int:
        """Sessions before a day that its estimates depend on."""
        return look_back(self.universe, self.regression)

    def estimates(self, market: xr.Dataset) -> xr.Dataset:
        """What `fit` finds on the sessions of `market`, which may be some of a longer one."""
        require_volumes(market["volume"])
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
        require_kind("results", results, RiskModelResults, "Give what RiskModel.fit or riskmodel.load returns.")
        require_market(market)
        return updated(results, market, settings=asdict(self), fit=self.fit, look_back=self.look_back)
