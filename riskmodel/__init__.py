"""Market data -> exposures -> factor returns -> covariance. Knows nothing of attribution."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskmodel.errors import InputError
    from riskmodel.exposures import ExposureSettings, UniverseRule
    from riskmodel.factors import STYLES
    from riskmodel.market import alignment_report, build_market, read_market
    from riskmodel.model import RegressionSettings, RiskModel, RiskModelResults
    from riskmodel.regression import cross_sectional_regression
    from riskmodel.store import load, save

_HOMES = {
    "errors": ["InputError"],
    "exposures": ["ExposureSettings", "UniverseRule"],
    "factors": ["STYLES"],
    "market": ["alignment_report", "build_market", "read_market"],
    "model": ["RegressionSettings", "RiskModel", "RiskModelResults"],
    "regression": ["cross_sectional_regression"],
    "store": ["load", "save"],
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "STYLES",
    "ExposureSettings",
    "InputError",
    "RegressionSettings",
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


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `attribution --help` loads no numerics."""
    if name not in _HOME:
        raise AttributeError(f"module 'riskmodel' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"riskmodel.{_HOME[name]}"), name)
