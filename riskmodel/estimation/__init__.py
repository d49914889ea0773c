"""The mathematics: regression, factor covariance, specific risk. Knows no market; imports arrays."""

from riskmodel.public import public_names

__getattr__, __dir__ = public_names(
    __name__,
    {
        "RegressionSettings": "riskmodel.estimation.lagged",
        "lagged_regression": "riskmodel.estimation.lagged",
    },
)
