"""Many accounts at once. Imports contributions and below."""

from riskmodel.public import public_names

__getattr__, __dir__ = public_names(
    __name__,
    {
        "AccountsResult": "attribution.accounts.result",
        "attribute_accounts": "attribution.accounts.accounts",
    },
)
