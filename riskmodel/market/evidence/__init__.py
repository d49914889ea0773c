"""Tables held against each other: what is doubtful in a feed is found, named and counted."""

from riskmodel.market.evidence import capitalisation, filings, levels, prices
from riskmodel.market.evidence.feed import MARKET_RULES, Feed

__all__ = ["MARKET_RULES", "Feed", "capitalisation", "filings", "levels", "prices"]
