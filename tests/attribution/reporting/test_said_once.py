"""A stock whose name begins with its ticker has it once."""

from __future__ import annotations

import dataclasses
import re
from types import SimpleNamespace

import pandas as pd

from attribution.reporting.client.sleeve import shown_stocks
from attribution.reporting.pages.page import render_page
from attribution.reporting.pages.stocks import with_shown_names

CONTENT = SimpleNamespace(stock_names=lambda language: {"PLTR": "PLTR（架空）", "GE": "GEN（架空）"})
WORDS = SimpleNamespace(messages=SimpleNamespace(language="ja"), row={"CASH": "現金"}.get)


def test_a_name_that_begins_with_the_ticker_says_it():
    tickers, names = ["PLTR", "GE", "KO", "ODD", "CASH"], ["PLTR", "General", "Coca-Cola", "ODD", None]
    shown = with_shown_names(CONTENT, WORDS, pd.DataFrame({"ticker": tickers, "name": names}))
    assert shown["shown_name"].tolist() == ["PLTR（架空）", "GEN（架空）", "Coca-Cola", "ODD", "現金"]
    assert shown["says_ticker"].tolist() == [True, False, False, True, True]  # cash has none
    assert shown["beside"].tolist() == ["（架空）", "GEN（架空）", "Coca-Cola", "", "現金"]


def test_no_table_of_a_page_has_a_ticker_beside_a_name_that_begins_with_it(page_content):
    ticker, other = sorted(shown_stocks(page_content))[:2]
    frames = {name: page_content.tables[name].copy() for name in ("stock_contributions", "holdings")}
    for frame in frames.values():
        for own, name in ((ticker, f"{ticker} Inc"), (other, other)):
            frame["name"] = frame["name"].mask(frame["ticker"] == own, name)
    content = dataclasses.replace(page_content, tables=page_content.tables | frames)
    shown = re.sub(r"[\s|]+", "|", re.sub(r"<[^>]+>", "|", render_page(content, "en", medium="print")))
    assert f"|{ticker}|Inc|" in shown
    for twice in (f"|{ticker}|{ticker}|", f"{ticker}|{ticker} ", f"|{other}|{other}|", "|CASH|"):
        assert twice not in shown
