"""Market -> raw descriptors -> styles, and who is in the universe. Imports market, arrays."""

from riskmodel.public import public_names

__getattr__, __dir__ = public_names(
    __name__,
    {
        "DESCRIPTORS": "riskmodel.exposures.descriptors",
        "ExposureSettings": "riskmodel.exposures.styles",
        "UniverseRule": "riskmodel.exposures.universe",
        "covered": "riskmodel.exposures.universe",
        "estimation_universe": "riskmodel.exposures.universe",
        "factor_exposures": "riskmodel.exposures.styles",
        "fill_missing": "riskmodel.exposures.standardise",
        "winsorise": "riskmodel.exposures.standardise",
    },
)
