"""Choices of the factor covariance, and the presets of three horizons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskmodel.errors import InputError

SHRINKAGES = ("ledoit_wolf", "oas")


@dataclass(frozen=True)
class CovarianceSettings:
    """Choices of the factor covariance; half-lives and lags in days, the defaults are the short horizon's."""

    volatility_half_life: float = 84.0
    volatility_lags: int = 5
    correlation_half_life: float = 504.0
    correlation_lags: int = 2
    shrinkage: str | None = None  # of the correlations: "ledoit_wolf" or "oas"; instead of the eigenfactor adjustment
    eigenfactor_simulations: int = 1000  # 0 switches the adjustment off
    eigenfactor_scale: float = 1.0  # a in v = 1 + a (v_simulated - 1)
    seed: int = 0
    regime_half_life: float | None = 42.0  # None switches the adjustment off
    minimum_history: int = 63  # returns that a factor needs for a volatility, and a pair for a correlation

    def __post_init__(self) -> None:
        for name in ("volatility_half_life", "correlation_half_life", "regime_half_life", "eigenfactor_scale"):
            value = getattr(self, name)
            optional = value is None and name == "regime_half_life"
            if not optional and not (isinstance(value, int | float | np.number) and 0 < value < np.inf):
                raise InputError(f"covariance settings: {name} is {value!r}; it must be a positive number.")
        for name in ("volatility_lags", "correlation_lags", "eigenfactor_simulations", "seed", "minimum_history"):
            number, least = getattr(self, name), 2 if name == "minimum_history" else 0
            if not isinstance(number, int | np.integer) or number < least:
                raise InputError(f"covariance settings: {name} is {number!r}; it must be a whole number, at least {least}.")
        if self.shrinkage not in (None, *SHRINKAGES):
            raise InputError(f"covariance settings: unknown shrinkage {self.shrinkage!r}. Known: {', '.join(SHRINKAGES)}.")
        if self.shrinkage is not None and self.eigenfactor_simulations:
            raise InputError(
                "covariance settings: shrinkage and the eigenfactor adjustment correct the same sampling error. "
                "Choose one: eigenfactor_simulations=0 switches the adjustment off."
            )


SHORT_HORIZON = CovarianceSettings()

LONG_HORIZON = CovarianceSettings(volatility_half_life=252.0, regime_half_life=168.0)

# One day's risk: what carries on into the days after does not add to it (measured in docs/methodology/validation.md).
DAILY_HORIZON = CovarianceSettings(volatility_lags=0, correlation_lags=0)
