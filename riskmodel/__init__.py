"""Market data -> exposures -> factor returns -> covariance. Knows nothing of attribution."""

from riskmodel.errors import InputError
from riskmodel.exposures import ExposureSettings, UniverseRule
from riskmodel.factors import STYLES
from riskmodel.market import alignment_report, build_market, read_market
from riskmodel.model import RiskModel, RiskModelResults
from riskmodel.regression import cross_sectional_regression
from riskmodel.store import load, save

__all__ = [
    "STYLES",
    "ExposureSettings",
    "InputError",
    "RiskModel",
    "RiskModelResults",
    "UniverseRule",
    "alignment_report",
    "build_market",
    "cross_sectional_regression",
    "load",
    "read_market",
    "save",
]
