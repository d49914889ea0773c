"""Headers that call prices and returns what their cells are not: hundredths of a currency, returns without dividends."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.riskmodel.market.sources.test_recognised_houses import draft, master, workbook
from tests.riskmodel.market.sources.test_recognised_takes import market

QUARTER = 21  # sessions between dividends, of which each is two per cent


def paying(sessions: int = 70) -> pd.DataFrame:
    """date, ticker, close, total_return with dividends, price_return and volume of `market`."""
    frame, _ = market(sessions)
    frame["price_return"] = frame["total_return"]
    place = frame.groupby("ticker").cumcount()
    frame.loc[place % QUARTER == QUARTER - 1, "total_return"] += 0.02
    return frame


def grid(frame: pd.DataFrame, column: str, times: float = 1.0) -> pd.DataFrame:
    wide = frame.pivot(index="date", columns="ticker", values=column) * times
    return wide.rename_axis("Date").reset_index()


@pytest.mark.parametrize("word", ["GBp", "GBX", "ZAc", "ILA"])
def test_a_title_that_names_the_hundredth_of_a_currency_says_hundredths(word, tmp_path):
    """By its letters, large and small: GBP are pounds."""
    master(tmp_path)
    frame = paying()
    total = grid(frame, "total_return", 100)
    workbook(
        tmp_path / "market.xlsx",
        {"Px": ([f"Ccy: {word}"], grid(frame, "close"), []), "Total return %": (["Daily"], total, [])},
    )
    assert draft(tmp_path, "prices").stated["fields"]["close"]["unit"] == "cents"


@pytest.mark.parametrize("cells", ["GBX", "GBp"])
def test_currencies_of_which_some_are_hundredths_leave_the_unit_of_a_close_open(cells, tmp_path):
    master(tmp_path)
    frame = paying().rename(columns={"close": "Close (GBP)"}).drop(columns="price_return")
    frame["Ccy"] = ["GBP" if ticker < "AFC" else cells for ticker in frame["ticker"]]
    frame.to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.labels["close"] == "Close (GBP)" and ("units", "close") in found.questions()


def test_a_sheet_of_price_returns_is_no_total_return_and_that_with_dividends_is_named_first(tmp_path):
    master(tmp_path)
    frame = paying()
    level = frame.assign(level=(1 + frame["total_return"].fillna(0)).groupby(frame["ticker"]).cumprod() * 100)
    sheets = {
        "Px": ([], grid(frame, "close"), []),
        "Rtn 1D": (["Daily price return, %"], grid(frame, "price_return", 100), []),
        "Acc": ([], grid(level, "level"), []),
    }
    workbook(tmp_path / "market.xlsx", sheets)
    stated = draft(tmp_path, "prices").stated
    assert "total_return" not in stated["fields"] or stated["fields"]["total_return"]["sheet"] != "Rtn 1D"
    assert stated["fields"].get("total_return_index", {}).get("sheet") == "Acc"


@pytest.mark.parametrize("header", ["Total return", "Return", "配当込み騰落率"])
@pytest.mark.parametrize("known", ["another level", "many days"])
def test_a_return_that_is_the_change_of_the_close_on_every_day_is_none_of_total_return(header, known, tmp_path):
    """Whatever its header: where dividends are known, or in days of stocks enough that some paid one."""
    master(tmp_path)
    frame = paying(70 if known == "another level" else 250)
    frame["Acc"] = ((1 + frame["total_return"].fillna(0)).groupby(frame["ticker"]).cumprod() * 100).round(4)
    frame = frame.drop(columns="total_return" if known == "another level" else ["total_return", "Acc"])
    frame.rename(columns={"price_return": header}).to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.labels.get("total_return") is None and found.labels.get("total_return_index") in (None, "Acc")
    assert "total_return" not in found.stated.get("derived", {}) or found.labels["total_return_index"] == "Acc"
