"""Choices of the factor covariance, and the presets of three horizons."""

from __future__ import annotations

from dataclasses import dataclass

from riskmodel.arrays.labels import require_numbers, require_whole_numbers
from riskmodel.bounds import SEED_NUMBER, SHARE, require_settings
from riskmodel.errors import InputError

SHRINKAGES = ("ledoit_wolf", "oas")


@dataclass(frozen=True)
class CovarianceSettings:
    """Choices of the factor covariance; half-lives and lags in days, the defaults are the short horizon's."""

    volatility_half_life: float = 126.0
    volatility_lags: int = 0
    correlation_half_life: float = 504.0
    correlation_lags: int = 0
    shrinkage: str | None = None  # of the correlations: "ledoit_wolf" or "oas"; instead of the eigenfactor adjustment
    eigenfactor_simulations: int = 1000  # 0 switches the adjustment off
    eigenfactor_scale: float = 1.0  # a in v = 1 + a (v_simulated - 1)
    seed: int = 0
    regime_half_life: float | None = 5.0  # None switches the adjustment off
    industry_correlation: float = 0.5  # share kept of an industry's correlations with all but those of its sector
    minimum_history: int = 63  # returns that a factor needs for a volatility, and a pair for a correlation

    def __post_init__(self) -> None:
        owner = "covariance settings"
        optional = [] if self.regime_half_life is None else ["regime_half_life"]
        require_numbers(owner, self, ["volatility_half_life", "correlation_half_life", *optional, "eigenfactor_scale"])
        require_settings(owner, self, SHARE, ["industry_correlation"])
        whole = dict.fromkeys(("volatility_lags", "correlation_lags", "eigenfactor_simulations"), 0)
        require_whole_numbers(owner, self, whole | {"minimum_history": 2})
        require_settings(owner, self, SEED_NUMBER, ["seed"])
        if self.shrinkage not in (None, *SHRINKAGES):
            raise InputError(f"covariance settings: unknown shrinkage {self.shrinkage!r}. Known: {', '.join(SHRINKAGES)}.")
        if self.shrinkage is not None and self.eigenfactor_simulations:
            raise InputError(
                "covariance settings: shrinkage and the eigenfactor adjustment correct the same sampling error. "
                "Choose one: eigenfactor_simulations=0 switches the adjustment off."
            )


SHORT_HORIZON = CovarianceSettings()

LONG_HORIZON = CovarianceSettings(
    volatility_half_life=252.0, volatility_lags=5, correlation_lags=2, regime_half_life=168.0
)  # what carries on into the days after adds to the risk of months
