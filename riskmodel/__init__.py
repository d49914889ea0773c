"""Market data -> exposures -> factor returns -> covariance. Knows nothing of attribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.public import public_names

if TYPE_CHECKING:
    from riskmodel.errors import InputError
    from riskmodel.estimation.covariance import eigenfactor_adjustment, factor_covariance
    from riskmodel.estimation.covariance_settings import CovarianceSettings
    from riskmodel.estimation.factor_tests import mean_return_tests
    from riskmodel.estimation.lagged import RegressionSettings
    from riskmodel.estimation.regression import cross_sectional_regression
    from riskmodel.estimation.specific import SpecificRiskSettings, specific_risk
    from riskmodel.exposures.styles import ExposureSettings
    from riskmodel.exposures.universe import UniverseRule
    from riskmodel.factors import STYLES, Descriptor, Style
    from riskmodel.facts import Fact, ForecastUnavailableError
    from riskmodel.market.findings import alignment_report
    from riskmodel.market.market import build_market, read_market
    from riskmodel.model.estimate import estimate
    from riskmodel.model.forecast import RiskForecast
    from riskmodel.model.model import RiskModel
    from riskmodel.model.results import RiskModelResults
    from riskmodel.model.store import StoreError, load, save
    from riskmodel.validation.diagnostics import diagnose, information_coefficient
    from riskmodel.validation.missing_factors import missing_factors
    from riskmodel.validation.result import Validation
    from riskmodel.validation.validation import validate

_HOMES = {
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
    "STYLES": "riskmodel.factors",
    "Style": "riskmodel.factors",
    "SpecificRiskSettings": "riskmodel.estimation.specific",
    "StoreError": "riskmodel.model.store",
    "UniverseRule": "riskmodel.exposures.universe",
    "Validation": "riskmodel.validation.result",
    "alignment_report": "riskmodel.market.findings",
    "build_market": "riskmodel.market.market",
    "cross_sectional_regression": "riskmodel.estimation.regression",
    "diagnose": "riskmodel.validation.diagnostics",
    "eigenfactor_adjustment": "riskmodel.estimation.covariance",
    "estimate": "riskmodel.model.estimate",
    "factor_covariance": "riskmodel.estimation.covariance",
    "information_coefficient": "riskmodel.validation.diagnostics",
    "load": "riskmodel.model.store",
    "mean_return_tests": "riskmodel.estimation.factor_tests",
    "missing_factors": "riskmodel.validation.missing_factors",
    "read_market": "riskmodel.market.market",
    "save": "riskmodel.model.store",
    "specific_risk": "riskmodel.estimation.specific",
    "validate": "riskmodel.validation.validation",
}

__all__ = [
    "STYLES",
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
    "cross_sectional_regression",
    "diagnose",
    "eigenfactor_adjustment",
    "estimate",
    "factor_covariance",
    "information_coefficient",
    "load",
    "mean_return_tests",
    "missing_factors",
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
