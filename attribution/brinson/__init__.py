"""Two sides by segment -> effects; knows no cube. Imports linking."""

from riskmodel.public import public_names

__getattr__, __dir__ = public_names(
    __name__,
    {
        "BrinsonEffects": "attribution.brinson.effects",
        "brinson_effects": "attribution.brinson.effects",
        "geometric_effects": "attribution.brinson.effects",
    },
)
