"""A stock whose name begins with its ticker has it once."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from attribution.reporting.pages.stocks import with_shown_names

CONTENT = SimpleNamespace(stock_names=lambda language: {"PLTR": "PLTR（架空）", "GE": "GEN（架空）"})
WORDS = SimpleNamespace(messages=SimpleNamespace(language="ja"), row=str)


def test_a_name_that_begins_with_the_ticker_says_it():
    frame = pd.DataFrame({"ticker": ["PLTR", "GE", "KO", "ODD"], "name": ["PLTR", "General", "Coca-Cola", "ODD"]})
    shown = with_shown_names(CONTENT, WORDS, frame)
    assert shown["shown_name"].tolist() == ["PLTR（架空）", "GEN（架空）", "Coca-Cola", "ODD"]
    assert shown["says_ticker"].tolist() == [True, False, False, True]
