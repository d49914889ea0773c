"""RiskModel.fit(market) -> RiskModelResults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import xarray as xr

from riskmodel.arrays.chunks import is_lazy
from riskmodel.arrays.labels import require_kind
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.estimation import specific as specific_presets
from riskmodel.estimation.covariance_settings import SHORT_HORIZON, CovarianceSettings
from riskmodel.estimation.lagged import RegressionSettings
from riskmodel.estimation.specific import SpecificRiskSettings
from riskmodel.exposures.from_filings import ordinary_income_sources
from riskmodel.exposures.own import require_no_look_ahead
from riskmodel.exposures.styles import ExposureSettings, factor_exposures, orthogonalisation
from riskmodel.exposures.universe import UniverseRule, estimation_universe, require_traded_prices
from riskmodel.factors import STYLES, Descriptor, Style, require_styles
from riskmodel.market.contents import require_market, require_volumes
from riskmodel.market.finals import ends_by_now, ends_of_lives
from riskmodel.market.fingerprint import fingerprints
from riskmodel.market.industries import Industry, industries, industry_codes, require_industry
from riskmodel.model.arrays import STYLE, fitted_arrays
from riskmodel.model.chunked import fit_by_blocks
from riskmodel.model.look_back import look_back
from riskmodel.model.results import RiskModelResults, require_a_sound_day, require_results
from riskmodel.model.update import NOT_ESTIMATED, updated
from riskmodel.progress import Progress, Step, silent, stages

PARTS: Mapping[str, type] = {
    "universe": UniverseRule,
    "exposures": ExposureSettings,
    "regression": RegressionSettings,
    "covariance": CovarianceSettings,
    "specific": SpecificRiskSettings,
}


@dataclass(frozen=True)
class RiskModel:
    """The daily cross-sectional model of the market, the sectors and the styles; settings only, `fit` does the work.

    Attributes
    ----------
    universe, exposures, regression
        Choices of the steps of a fit.
    styles
        The style factors, by default the fourteen of `riskmodel.STYLES`; `riskmodel.RESEARCH_STYLES` is another table, and
        docs/tutorial_styles.md adds a style and drops one.
    industry
        Column of securities with each name's industry, by which errors are clustered. By default `industry`, then `sic`,
        where there is one; False for none.
    industry_digits
        How many digits of an industry's code are kept, where industries are codes: 2 of SIC, by sector, tell ninety apart.
    covariance, specific
        Choices of `RiskModelResults.forecast`; a fit does not depend on them.
    """

    universe: UniverseRule = field(default_factory=UniverseRule)
    exposures: ExposureSettings = field(default_factory=ExposureSettings)
    regression: RegressionSettings = field(default_factory=RegressionSettings)
    styles: Sequence[Style] = STYLES
    industry: Industry = None
    industry_digits: int = 2
    covariance: CovarianceSettings = SHORT_HORIZON
    specific: SpecificRiskSettings = specific_presets.SHORT_HORIZON

    def __post_init__(self) -> None:
        for name, kind in PARTS.items():
            require_kind(f"risk model: {name}", getattr(self, name), kind, f"Use riskmodel.{kind.__name__}().")
        object.__setattr__(self, "styles", require_styles(self.styles))
        orthogonalisation(self.exposures, self.styles)
        require_industry(self.industry, self.industry_digits)

    @property
    def settings(self) -> dict[str, object]:
        """Every choice as plain values; of styles the descriptors with weights, digests of functions, what is taken out."""
        styles: dict[str, dict[str, object]] = {
            s.name: {**s.parts, **{f"{name} (code)": d.digest for name, d in s.functions.items()}} for s in self.styles
        }
        chosen: dict[str, Any] = {name: asdict(getattr(self, name)) for name in PARTS}
        taken_out = orthogonalisation(self.exposures, self.styles)
        chosen["exposures"]["orthogonalise"] = {style: list(others) for style, others in taken_out.items()}
        chosen["industry"] = {"column": self.industry, "digits": self.industry_digits}
        return {**chosen, "styles": styles, "texts": {s.name: dict(s.texts) for s in self.styles}}

    @property
    def estimation_settings(self) -> dict[str, object]:
        """Those of `settings` that a fit depends on."""
        return {name: value for name, value in self.settings.items() if name not in NOT_ESTIMATED}

    @property
    def own_descriptors(self) -> list[Descriptor]:
        """The descriptors that are functions of the user's."""
        return [descriptor for style in self.styles for descriptor in style.functions.values()]

    def fit(self, market: xr.Dataset, *, progress: Progress = None) -> RiskModelResults:
        """Estimate exposures, factor returns and specific returns of every session of a market.

        Parameters
        ----------
        market
            From `riskmodel.read_market`. Chunked over time, `market.chunk(time=252)`, it is fitted lazily: each block of
            sessions by a task of its own, together with the sessions before that it depends on.
        progress
            True for a bar on standard error, where that is a terminal; or a function, called with the name of each stage as
            it begins. Of a chunked market nothing is told: dask has bars of its own.

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
        require_no_look_ahead(self.own_descriptors, market)
        if is_lazy(market):
            data = fit_by_blocks(self.estimates, market, look_back=self.look_back)
        else:
            with stages(progress, len(self.styles) + 3) as step:
                with one_blas_thread():  # the same bits whatever the number of cores
                    data = self.estimates(market, step)
                require_a_sound_day(data)
                step("fingerprint")
                data = data.assign(fingerprints(market, market["time"].to_numpy()[-1]))
        return RiskModelResults(data=data.assign_attrs(origins(self, market)), settings=self.settings)

    @property
    def look_back(self) -> int:
        """Sessions before a day that its estimates depend on."""
        return look_back(self.universe, self.regression, self.own_descriptors)

    def estimates(self, market: xr.Dataset, step: Step = silent) -> xr.Dataset:
        """What `fit` finds on the sessions of `market`, which may be some of a longer one."""
        require_market(market)
        step("universe")
        require_volumes(market["volume"])
        require_traded_prices(market, self.universe)
        universe = estimation_universe(market, self.universe)
        styled = factor_exposures(market, universe, self.exposures, self.styles, step)
        ends = ends_by_now(market)
        ending = market["close"].copy(data=ends_of_lives(market)) if ends else None
        step("regression")
        data = fitted_arrays(
            returns=market["total_return"],
            exposures=styled["exposures"],
            sectors=market["sector"],
            market_cap=market["market_cap"],
            industries=industries(market, self.industry, self.industry_digits),
            issuers=market["issuer"],
            universe=universe,
            ending=ending,
            settings=self.regression,
        )
        counts = styled.drop_vars("exposures").rename(
            {"factor": STYLE, "observed": "descriptor_observed", "clipped": "descriptor_clipped"}
        )
        return data.assign({str(name): counts[name] for name in counts.data_vars} | ends)

    def update(self, results: RiskModelResults, market: xr.Dataset, *, progress: Progress = None) -> RiskModelResults:
        """Append the sessions of a market that a fit has not seen; equal to fitting the whole market.

        Parameters
        ----------
        results
            An earlier fit of the same market with the same settings. Of one that `load` opened the large arrays are not
            read; they stay in the parts of its store, and `save` leaves them there.
        market
            The market with its new sessions; its history must be what the fit saw.
        progress
            As for `fit`, of the sessions that are fitted.

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
        require_results(results)
        require_market(market)
        own = [style.name for style in self.styles if style.functions]
        return updated(
            results,
            market,
            settings=self.settings,
            fit=partial(self.fit, progress=progress),
            look_back=self.look_back,
            industries=industries(market, self.industry, self.industry_digits),
            origins=origins(self, market),
            own=own,
        )


def origins(model: RiskModel, market: xr.Dataset) -> dict[str, str]:
    """What pages say of the columns used: `ordinary_income`'s and, where it is known, what classifies industries."""
    codes = industry_codes(market, model.industry, model.industry_digits)
    return {"ordinary_income": str(ordinary_income_sources(market))} | ({"industry_codes": codes} if codes else {})
