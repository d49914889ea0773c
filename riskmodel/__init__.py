"""Market data -> exposures -> factor returns -> covariance: a daily factor risk model of stocks.

It estimates each day's returns of the market, the sectors and the styles from prices and filings, forecasts risk with them,
and says how good the forecasts were. `attribution`, beside it, explains portfolios with such a model. To start::

    import riskmodel as rm
    market = rm.read_market("fixtures/small")    # a folder of tables, checked
    model = rm.RiskModel().fit(market)
    print(model)                                 # factor by factor: return, t, volatility, exposures
    rm.save(model, "model.nc")

Wherever an array by (time, asset) is taken, a DataFrame with days in its rows will do.

The market::

    read_market                 a folder of tables -> one market, or what is wrong with them
    build_market                the same from DataFrames
    alignment_report            rows that found no place when the market was read
    evidence_report             what is doubtful in the market's tables

The model::

    RiskModel                   settings of the daily model; its fit and update do the work
    RiskModelResults            what a fit returns: factor returns, errors, exposures, specific returns, summary
    RiskForecast                factor covariance and specific risk at some closes, from a fit's forecast
    ForecastUnavailableError    why a close has no forecast
    STYLES                      the styles of the model, unless others are given
    RESEARCH_STYLES             a second table, after the literature
    Style                       a style: its name, descriptors, weights and texts
    Descriptor                  a function of the market that a style is made of
    UniverseRule                which stocks estimate the factor returns
    ExposureSettings            how descriptors become exposures
    RegressionSettings          how a day is regressed: weights, thin sectors, outliers
    save                        write a fit, or add the new days of an updated one
    load                        open a stored fit; large arrays are read when they are used
    StoreError                  why a store cannot be used

With a model, or exposures, of your own::

    given_model                 what a fit returns, of a model that somebody else estimated
    estimate                    what a fit returns, from exposures that are given
    cross_sectional_regression  factor returns and specific returns of each day, with errors
    nested_industries           name industries that have returns of their own, each within one sector
    factor_covariance           forecast covariance of factor returns at any close
    CovarianceSettings          half-lives, lags and adjustments of that forecast
    eigenfactor_adjustment      scale eigenfactors by what simulation says their forecasts miss
    specific_risk               forecast volatility of each stock's specific return
    SpecificRiskSettings        half-lives, histories and shrinkage of that forecast

Is it any good::

    compare                     two models side by side: factor returns, R-squared, forecasts
    Comparison                  what that returns
    validate                    forecasts against what came, for many kinds of portfolio
    Validation                  what that returns: biases with their bands, and a plot
    diagnose                    every diagnostic of a fit in one go
    mean_return_tests           is a factor's mean return other than zero?
    information_coefficient     do exposures tell the returns that follow?
    missing_factors             do residuals hide a factor?

    Fact                        a finding or reason as a key and values, with its words in either language
    InputError                  an input that is not fit for use: what, where, how many, how to repair it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.public import public_names

if TYPE_CHECKING:
    from riskmodel.arrays.industries import nested_industries
    from riskmodel.errors import InputError
    from riskmodel.estimation.covariance import eigenfactor_adjustment, factor_covariance
    from riskmodel.estimation.covariance_settings import CovarianceSettings
    from riskmodel.estimation.factor_tests import mean_return_tests
    from riskmodel.estimation.lagged import RegressionSettings
    from riskmodel.estimation.regression import cross_sectional_regression
    from riskmodel.estimation.specific import SpecificRiskSettings, specific_risk
    from riskmodel.exposures.styles import ExposureSettings
    from riskmodel.exposures.universe import UniverseRule
    from riskmodel.factors import RESEARCH_STYLES, STYLES, Descriptor, Style
    from riskmodel.facts import Fact, ForecastUnavailableError
    from riskmodel.market.findings import alignment_report, evidence_report
    from riskmodel.market.market import build_market, read_market
    from riskmodel.model.estimate import estimate
    from riskmodel.model.forecast import RiskForecast
    from riskmodel.model.given import given_model
    from riskmodel.model.model import RiskModel
    from riskmodel.model.results import RiskModelResults
    from riskmodel.model.store import StoreError, load, save
    from riskmodel.validation.comparison import Comparison, compare
    from riskmodel.validation.diagnostics import diagnose, information_coefficient
    from riskmodel.validation.missing_factors import missing_factors
    from riskmodel.validation.result import Validation
    from riskmodel.validation.validation import validate

_HOMES = {
    "Comparison": "riskmodel.validation.comparison",
    "CovarianceSettings": "riskmodel.estimation.covariance_settings",
    "Descriptor": "riskmodel.factors",
    "ExposureSettings": "riskmodel.exposures.styles",
    "Fact": "riskmodel.facts",
    "ForecastUnavailableError": "riskmodel.facts",
    "InputError": "riskmodel.errors",
    "RegressionSettings": "riskmodel.estimation.lagged",
    "RiskForecast": "riskmodel.model.forecast",
    "RiskModel": "riskmodel.model.model",
    "RiskModelResults": "riskmodel.model.results",
    "RESEARCH_STYLES": "riskmodel.factors",
    "STYLES": "riskmodel.factors",
    "Style": "riskmodel.factors",
    "SpecificRiskSettings": "riskmodel.estimation.specific",
    "StoreError": "riskmodel.model.store",
    "UniverseRule": "riskmodel.exposures.universe",
    "Validation": "riskmodel.validation.result",
    "alignment_report": "riskmodel.market.findings",
    "evidence_report": "riskmodel.market.findings",
    "build_market": "riskmodel.market.market",
    "compare": "riskmodel.validation.comparison",
    "cross_sectional_regression": "riskmodel.estimation.regression",
    "diagnose": "riskmodel.validation.diagnostics",
    "eigenfactor_adjustment": "riskmodel.estimation.covariance",
    "estimate": "riskmodel.model.estimate",
    "factor_covariance": "riskmodel.estimation.covariance",
    "given_model": "riskmodel.model.given",
    "information_coefficient": "riskmodel.validation.diagnostics",
    "load": "riskmodel.model.store",
    "mean_return_tests": "riskmodel.estimation.factor_tests",
    "missing_factors": "riskmodel.validation.missing_factors",
    "nested_industries": "riskmodel.arrays.industries",
    "read_market": "riskmodel.market.market",
    "save": "riskmodel.model.store",
    "specific_risk": "riskmodel.estimation.specific",
    "validate": "riskmodel.validation.validation",
}

__all__ = [
    "RESEARCH_STYLES",
    "STYLES",
    "Comparison",
    "CovarianceSettings",
    "Descriptor",
    "ExposureSettings",
    "Fact",
    "ForecastUnavailableError",
    "InputError",
    "RegressionSettings",
    "RiskForecast",
    "RiskModel",
    "RiskModelResults",
    "SpecificRiskSettings",
    "StoreError",
    "Style",
    "UniverseRule",
    "Validation",
    "alignment_report",
    "build_market",
    "compare",
    "cross_sectional_regression",
    "diagnose",
    "eigenfactor_adjustment",
    "estimate",
    "evidence_report",
    "factor_covariance",
    "given_model",
    "information_coefficient",
    "load",
    "mean_return_tests",
    "missing_factors",
    "nested_industries",
    "read_market",
    "save",
    "specific_risk",
    "validate",
]

_RENAMED = {
    "Estimate": "RiskModelResults, which estimate and fit both give",
    "EstimateSettings": "RiskModel: riskmodel.estimate(model=RiskModel(regression=, covariance=, specific=))",
}

__getattr__, __dir__ = public_names(__name__, _HOMES, renamed=_RENAMED)
