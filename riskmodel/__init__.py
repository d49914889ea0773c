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
    family_regression           the same on several families at once: country, industry, currency
    nested_industries           name industries that have returns of their own, each within one sector
    factor_covariance           forecast covariance of factor returns at any close
    CovarianceSettings          half-lives, lags and adjustments of that forecast
    eigenfactor_adjustment      scale eigenfactors by what simulation says their forecasts miss
    specific_risk               forecast volatility of each stock's specific return
    SpecificRiskSettings        half-lives, histories and shrinkage of that forecast

What to hold, with the extra `construct`::

    optimise                    the best list of weights under rules, by a score less risk and costs, with proof
    Optimum                     what that returns: names, weights, forecasts
    Certificate                 what is proved of it: value, bound, gap, binding rules
    Effort                      how near to the best a list is proved, and what that may take
    NameCount                   rule: how many names are held
    NameWeight                  rule: least and most weight of a name that is held
    CashWeight                  rule: least and most that is not invested
    GroupBand                   rule: each group's weight near the benchmark's
    GroupLimit                  rule: the most of a group, in weight or names
    ExposureBand                rule: exposure to a factor, less the benchmark's
    VolatilityBand              rule: forecast volatility over a reference's
    TrackingError               rule: the most forecast tracking error
    Turnover                    rule: the most that changes
    Held                        rule: names that must be in
    Excluded                    rule: names that may not
    FixedWeights                rule: weights that are given
    NoListError                 there is no list: one of the three below
    ContradictionError          no list keeps the rules, proved: the smallest set of them, and what each would have to give
    Way                         one bound of such a rule, and what would do
    NotFoundError               the effort ended without a list, and none is proved impossible
    UnsolvedError               the solver could not tell

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
    from riskmodel.estimation.families import family_regression
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
    from riskmodel.optimisation.errors import ContradictionError, NoListError, NotFoundError, UnsolvedError, Way
    from riskmodel.optimisation.optimise import optimise
    from riskmodel.optimisation.optimum import Certificate, Optimum
    from riskmodel.optimisation.rules import (
        CashWeight,
        Excluded,
        ExposureBand,
        FixedWeights,
        GroupBand,
        GroupLimit,
        Held,
        NameCount,
        NameWeight,
        TrackingError,
        Turnover,
        VolatilityBand,
    )
    from riskmodel.optimisation.search import Effort
    from riskmodel.validation.comparison import Comparison, compare
    from riskmodel.validation.diagnostics import diagnose, information_coefficient
    from riskmodel.validation.missing_factors import missing_factors
    from riskmodel.validation.result import Validation
    from riskmodel.validation.validation import validate

_HOMES = {
    "alignment_report": "riskmodel.market.findings",
    "build_market": "riskmodel.market.market",
    "CashWeight": "riskmodel.optimisation.rules",
    "Certificate": "riskmodel.optimisation.optimum",
    "compare": "riskmodel.validation.comparison",
    "Comparison": "riskmodel.validation.comparison",
    "ContradictionError": "riskmodel.optimisation.errors",
    "CovarianceSettings": "riskmodel.estimation.covariance_settings",
    "cross_sectional_regression": "riskmodel.estimation.regression",
    "Descriptor": "riskmodel.factors",
    "diagnose": "riskmodel.validation.diagnostics",
    "Effort": "riskmodel.optimisation.search",
    "eigenfactor_adjustment": "riskmodel.estimation.covariance",
    "estimate": "riskmodel.model.estimate",
    "evidence_report": "riskmodel.market.findings",
    "Excluded": "riskmodel.optimisation.rules",
    "ExposureBand": "riskmodel.optimisation.rules",
    "ExposureSettings": "riskmodel.exposures.styles",
    "Fact": "riskmodel.facts",
    "factor_covariance": "riskmodel.estimation.covariance",
    "FixedWeights": "riskmodel.optimisation.rules",
    "family_regression": "riskmodel.estimation.families",
    "ForecastUnavailableError": "riskmodel.facts",
    "given_model": "riskmodel.model.given",
    "GroupBand": "riskmodel.optimisation.rules",
    "GroupLimit": "riskmodel.optimisation.rules",
    "Held": "riskmodel.optimisation.rules",
    "information_coefficient": "riskmodel.validation.diagnostics",
    "InputError": "riskmodel.errors",
    "load": "riskmodel.model.store",
    "mean_return_tests": "riskmodel.estimation.factor_tests",
    "missing_factors": "riskmodel.validation.missing_factors",
    "NameCount": "riskmodel.optimisation.rules",
    "NameWeight": "riskmodel.optimisation.rules",
    "nested_industries": "riskmodel.arrays.industries",
    "NoListError": "riskmodel.optimisation.errors",
    "NotFoundError": "riskmodel.optimisation.errors",
    "optimise": "riskmodel.optimisation.optimise",
    "Optimum": "riskmodel.optimisation.optimum",
    "read_market": "riskmodel.market.market",
    "RegressionSettings": "riskmodel.estimation.lagged",
    "RESEARCH_STYLES": "riskmodel.factors",
    "RiskForecast": "riskmodel.model.forecast",
    "RiskModel": "riskmodel.model.model",
    "RiskModelResults": "riskmodel.model.results",
    "save": "riskmodel.model.store",
    "specific_risk": "riskmodel.estimation.specific",
    "SpecificRiskSettings": "riskmodel.estimation.specific",
    "StoreError": "riskmodel.model.store",
    "Style": "riskmodel.factors",
    "STYLES": "riskmodel.factors",
    "TrackingError": "riskmodel.optimisation.rules",
    "Turnover": "riskmodel.optimisation.rules",
    "UniverseRule": "riskmodel.exposures.universe",
    "UnsolvedError": "riskmodel.optimisation.errors",
    "validate": "riskmodel.validation.validation",
    "Validation": "riskmodel.validation.result",
    "VolatilityBand": "riskmodel.optimisation.rules",
    "Way": "riskmodel.optimisation.errors",
}

__all__ = [
    "RESEARCH_STYLES",
    "STYLES",
    "CashWeight",
    "Certificate",
    "Comparison",
    "ContradictionError",
    "CovarianceSettings",
    "Descriptor",
    "Effort",
    "Excluded",
    "ExposureBand",
    "ExposureSettings",
    "Fact",
    "FixedWeights",
    "ForecastUnavailableError",
    "GroupBand",
    "GroupLimit",
    "Held",
    "InputError",
    "NameCount",
    "NameWeight",
    "NoListError",
    "NotFoundError",
    "Optimum",
    "RegressionSettings",
    "RiskForecast",
    "RiskModel",
    "RiskModelResults",
    "SpecificRiskSettings",
    "StoreError",
    "Style",
    "TrackingError",
    "Turnover",
    "UniverseRule",
    "UnsolvedError",
    "Validation",
    "VolatilityBand",
    "Way",
    "alignment_report",
    "build_market",
    "compare",
    "cross_sectional_regression",
    "diagnose",
    "eigenfactor_adjustment",
    "estimate",
    "evidence_report",
    "factor_covariance",
    "family_regression",
    "given_model",
    "information_coefficient",
    "load",
    "mean_return_tests",
    "missing_factors",
    "nested_industries",
    "optimise",
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
