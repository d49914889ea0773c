"""Are the forecasts right, is a factor missing; markets with known truth. Imports every room below."""

from riskmodel.public import public_names

__getattr__, __dir__ = public_names(
    __name__,
    {
        "Validation": "riskmodel.validation.result",
        "summarise": "riskmodel.validation.validation",
        "validate": "riskmodel.validation.validation",
    },
)
