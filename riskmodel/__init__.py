"""Market data -> exposures -> factor returns -> covariance. Knows nothing of attribution."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskmodel.covariance import CovarianceSettings, eigenfactor_adjustment, factor_covariance
    from riskmodel.diagnostics import diagnose, information_coefficient, mean_return_tests
    from riskmodel.errors import InputError
    from riskmodel.estimation import Estimate, EstimateSettings, RegressionSettings, estimate
    from riskmodel.exposures import ExposureSettings, UniverseRule
    from riskmodel.factors import STYLES
    from riskmodel.market import alignment_report, build_market, read_market
    from riskmodel.model import RiskModel, RiskModelResults
    from riskmodel.regression import cross_sectional_regression
    from riskmodel.residual_components import missing_factors
    from riskmodel.specific import SpecificRiskSettings, specific_risk
    from riskmodel.store import StoreError, load, save
    from riskmodel.validation import Validation, validate

_HOMES = {
    "covariance": ["CovarianceSettings", "eigenfactor_adjustment", "factor_covariance"],
    "diagnostics": ["diagnose", "information_coefficient", "mean_return_tests"],
    "errors": ["InputError"],
    "estimation": ["Estimate", "EstimateSettings", "RegressionSettings", "estimate"],
    "exposures": ["ExposureSettings", "UniverseRule"],
    "factors": ["STYLES"],
    "market": ["alignment_report", "build_market", "read_market"],
    "model": ["RiskModel", "RiskModelResults"],
    "regression": ["cross_sectional_regression"],
    "residual_components": ["missing_factors"],
    "specific": ["SpecificRiskSettings", "specific_risk"],
    "store": ["StoreError", "load", "save"],
    "validation": ["Validation", "validate"],
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "STYLES",
    "CovarianceSettings",
    "Estimate",
    "EstimateSettings",
    "ExposureSettings",
    "InputError",
    "RegressionSettings",
    "RiskModel",
    "RiskModelResults",
    "SpecificRiskSettings",
    "StoreError",
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


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `attribution --help` loads no numerics."""
    if name not in _HOME:
        raise AttributeError(f"module 'riskmodel' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"riskmodel.{_HOME[name]}"), name)
