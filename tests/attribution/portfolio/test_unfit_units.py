"""What `check` does not call fit for use, though numbers can be made of it: tables in another unit, reports of quarters."""

from __future__ import annotations

import pytest

from attribution.portfolio.check import MANY_REPORTS, unit_findings
from attribution.portfolio.evidence.judged import Judged
from riskmodel.market.evidence.finding import Finding


@pytest.mark.parametrize(
    ("findings", "keys"),
    [
        ([Finding("volume_unit", "prices", count=164_845)], ("volume_unit",)),
        ([Finding("volume_unit", "prices", "AA", "2024-03-01")], ()),
        ([Finding("filing_interval", "fundamentals", f"A{place}") for place in range(MANY_REPORTS)], ("filing_interval",)),
        ([Finding("filing_interval", "fundamentals", "AA")], ()),
        ([Finding("no_volume", "prices", count=10_000)], ()),
    ],
)
def test_a_table_in_another_unit_and_many_short_years_are_not_fit_and_a_slip_of_one_name_is_named(findings, keys):
    assert unit_findings([Judged(each) for each in findings]) == keys
