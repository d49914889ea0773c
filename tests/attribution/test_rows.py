"""Rows that stand beside factors and stocks."""

from __future__ import annotations

import numpy as np
import pytest

from attribution.rows import BENCHMARK, CASH, CASH_STOCK, NOT_FACTORS, NOT_STOCKS, REST, is_pseudo_name
from riskmodel import InputError, Style
from riskmodel.factors import NO_TICKERS, RESERVED
from riskmodel.market.checks import require_tickers


def test_no_factor_may_have_the_name_of_a_row_beside_factors_or_stocks():
    assert {*NOT_FACTORS, *NOT_STOCKS, BENCHMARK, CASH_STOCK, REST} <= RESERVED
    for name in (*NOT_STOCKS, BENCHMARK, REST):
        with pytest.raises(InputError, match="is empty or taken"):
            Style(name, ["momentum"])


def test_no_stock_may_have_the_name_of_a_row_beside_stocks_and_one_called_cash_is_kept_apart():
    assert {*NOT_STOCKS, BENCHMARK, CASH_STOCK, REST} - {CASH} == NO_TICKERS
    require_tickers(np.array(["A", CASH, "other"], dtype=object))
    for name in (*NO_TICKERS, "(benchmark Wide Index)"):
        with pytest.raises(InputError, match=r"^prices: 1 ticker that tables of contributions give to rows beside stocks: "):
            require_tickers(np.array(["A", name], dtype=object))
    assert is_pseudo_name("(benchmark Wide Index)")
