"""What a report works out, it works out once."""

import sys
from collections import Counter

import pytest

from attribution.measures.realised import MONTHS
from attribution.measures.risk_inputs import require_covariance
from attribution.portfolio.holdings import drift, holding_returns, level_returns
from attribution.reporting.tables.content import build_content
from tests.conftest import SMALL_MONTH, of_few_draws


@pytest.fixture
def calls(monkeypatch):
    """How often each of some functions was called, with what it was told of its subject."""
    counted = Counter()

    def count(function, subject):
        def counting(*given, **named):
            counted[function.__name__, subject(*given)] += 1
            return function(*given, **named)

        for module in list(sys.modules.values()):
            if getattr(module, function.__name__, None) is function:
                monkeypatch.setattr(module, function.__name__, counting)

    count(drift, lambda *given: given[-1])
    count(level_returns, lambda market, index: index)
    count(holding_returns, lambda market, *_: "market")
    count(require_covariance, lambda name, array: name)
    return counted


def test_a_report_follows_every_list_and_index_and_checks_every_forecast_once(calls, small_book, small_market, small_model):
    courses = {name: small_book.courses[name] for name in ("Major 100", "Major 70 : Next 30")}
    book = small_book.model_copy(update={"courses": courses})
    content = build_content(book, small_market, of_few_draws(small_model), SMALL_MONTH)
    assert len(content.results) == len(content.sleeves) == 2
    holdings = {sleeve.holdings for sleeve in small_book.sleeves.values()}
    benchmarks = {sleeve.benchmark for sleeve in small_book.sleeves.values()}
    assert calls == {
        ("holding_returns", "market"): 1,
        **{("drift", f"holdings of '{name}'"): 1 for name in holdings},
        **{("drift", f"constituents of '{name}'"): 1 for name in benchmarks},
        **{("level_returns", name): 1 for name in {*benchmarks, *small_book.report.indices}},
        ("require_covariance", "factor_covariance"): 1 + MONTHS,
    }
