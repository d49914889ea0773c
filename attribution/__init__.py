"""A book of courses and a risk model -> contributions -> report."""

from attribution.book import Book, read_book
from attribution.reconcile import ReconciliationError
from attribution.result import AttributionResult, attribute
from riskmodel.errors import InputError

__all__ = ["AttributionResult", "Book", "InputError", "ReconciliationError", "attribute", "read_book"]
