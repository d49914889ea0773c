"""Lists, levels and the book held against the market: what is doubtful, and what it may move of which course."""

from attribution.portfolio.evidence import levels, lists, sessions, slips
from attribution.portfolio.evidence.register import BOOK_RULES

__all__ = ["BOOK_RULES", "levels", "lists", "sessions", "slips"]
