"""Takes that were wrong, each by its kind: what cells disprove is a question, and nothing is taken beside it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.recognise import recognise
from tests.riskmodel.market.sources.odd_folders import ISINS, lists, prices
from tests.riskmodel.market.sources.test_recognised_houses import looked, master, workbook


def draft(folder: Path, table: str) -> Draft:
    found = looked(folder).draft(table)
    assert found is not None
    return found


def test_candidates_of_two_units_are_a_question_of_the_unit_and_never_an_error(tmp_path):
    """All totals say millions but for the number of people, which may be ordinary income as far as cells tell."""
    master(tmp_path)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    rows = [(isin, f"{year}-12-31", f"{year + 1}-02-1{year % 10}") for isin in ISINS for year in (2021, 2022, 2023)]
    frame = pd.DataFrame(rows, columns=["ISIN", "Geschäftsjahresende", "Veröffentlicht am"])
    ahead = pd.Series(range(len(frame))) * 1.37 + 40
    amounts = {"Umsatzerlöse": 9.0, "Umsatzerlöse Vorjahr": 8.7, "Rohertrag": 3.1, "Betriebsergebnis": 1.1}
    amounts |= {"Jahresüberschuss": 0.7, "Bilanzsumme": 20.0, "Verbindlichkeiten": 12.0, "Eigenkapital": 8.0}
    amounts |= {"Finanzschulden": 2.5, "Operativer Cashflow": 0.9}
    frame = frame.assign(**{f"{name} (Mio)": (ahead * times).round(2) for name, times in amounts.items()})
    frame.assign(Mitarbeiter=(ahead * 31).astype(int)).to_csv(tmp_path / "abschluss.csv", index=False)
    assert recognise(tmp_path).draft("fundamentals") is not None
    assert ("unit",) in draft(tmp_path, "fundamentals").questions()


@pytest.mark.parametrize("funds", [["成長株ファンド", "好配当株ファンド"], ["成長株ファンド"]])
def test_workbooks_of_two_funds_a_month_are_one_table_and_no_portfolio_has_a_day_in_its_name(funds, tmp_path):
    master(tmp_path)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    (tmp_path / "held").mkdir()
    for fund in funds:
        rows = lists().query("portfolio == 'major'")
        for day in rows["date"].unique():
            frame = rows[rows["date"] == day][["ticker", "weight"]]
            workbook(tmp_path / "held" / f"{fund}_{pd.Timestamp(day):%Y%m%d}.xlsx", {"Held": ([], frame, [])})
    found = draft(tmp_path, "holdings").stated
    if len(funds) > 1:
        assert (found["file"], found.get("constant")) == ("held/{portfolio}_{date}.xlsx", None)
    else:
        assert (found["file"], found["constant"]) == ("held/成長株ファンド_{date}.xlsx", {"portfolio": "成長株ファンド"})
