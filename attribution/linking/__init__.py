"""Days -> period. Imports identities and rows."""

from riskmodel.public import public_names

__getattr__, __dir__ = public_names(
    __name__,
    {
        "coefficients": "attribution.linking.linking",
        "compound": "attribution.linking.linking",
        "frongello_increments": "attribution.linking.linking",
        "link": "attribution.linking.linking",
    },
)
