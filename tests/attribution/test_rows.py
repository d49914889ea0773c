"""Rows that stand beside factors and stocks."""

from __future__ import annotations

import pytest

from attribution.rows import NOT_FACTORS, NOT_STOCKS
from riskmodel import InputError, Style
from riskmodel.factors import RESERVED


def test_no_factor_may_have_the_name_of_a_row_beside_factors_or_stocks():
    assert {*NOT_FACTORS, *NOT_STOCKS} <= RESERVED
    for name in NOT_STOCKS:
        with pytest.raises(InputError, match="is empty or taken"):
            Style(name, ["momentum"])
