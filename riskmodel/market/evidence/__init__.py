"""Tables held against each other: what is doubtful in a feed is found, named and counted."""

from riskmodel.market.evidence import (
    announcements,
    bases,
    capitalisation,
    filings,
    groups,
    levels,
    names,
    prices,
    rates,
    statements,
    units,
)
from riskmodel.market.evidence.feed import MARKET_RULES, Feed

__all__ = [
    "MARKET_RULES",
    "Feed",
    "announcements",
    "bases",
    "capitalisation",
    "filings",
    "groups",
    "levels",
    "names",
    "prices",
    "rates",
    "statements",
    "units",
]
