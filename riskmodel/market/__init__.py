"""Tables on disk -> one point-in-time Dataset. Imports arrays."""

from riskmodel.public import public_names

__getattr__, __dir__ = public_names(
    __name__,
    {
        "alignment_report": "riskmodel.market.findings",
        "evidence_report": "riskmodel.market.findings",
        "build_market": "riskmodel.market.market",
        "read_market": "riskmodel.market.market",
    },
)
