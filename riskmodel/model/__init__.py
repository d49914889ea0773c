"""RiskModel and its results: fit, update, store. Imports exposures, estimation, market, arrays."""

from riskmodel.public import public_names

__getattr__, __dir__ = public_names(
    __name__,
    {
        "RiskModel": "riskmodel.model.model",
        "RiskModelResults": "riskmodel.model.results",
    },
)
