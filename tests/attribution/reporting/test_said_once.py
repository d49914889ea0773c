"""A stock whose name begins with its ticker has it once."""

from __future__ import annotations

import pandas as pd

from attribution.reporting.pages.stocks import with_shown_names


class Content:
    def stock_names(self, language):
        return {"PLTR": "PLTR（架空）", "GE": "GEN（架空）"} if language == "ja" else {}


class Words:
    class messages:
        language = "ja"

    row = staticmethod(str)


def test_a_name_that_begins_with_the_ticker_says_it():
    frame = pd.DataFrame({"ticker": ["PLTR", "GE", "KO", "ODD"], "name": ["PLTR", "General", "Coca-Cola", "ODD"]})
    shown = with_shown_names(Content(), Words(), frame)
    assert shown["shown_name"].tolist() == ["PLTR（架空）", "GEN（架空）", "Coca-Cola", "ODD"]
    assert shown["says_ticker"].tolist() == [True, False, False, True]
