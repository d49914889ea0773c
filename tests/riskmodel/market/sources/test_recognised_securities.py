"""The table of securities: whole names before those cut short, schemes of sectors, and codes that several stocks share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.market.sources.recognition.drafts import Draft
from tests.riskmodel.market.sources.odd_folders import GROUPS, ISINS, TICKERS
from tests.riskmodel.market.sources.test_recognised_houses import draft
from tests.riskmodel.market.sources.test_recognised_takes import market


def securities(folder: Path, **columns: list[str]) -> Draft:
    """The table of securities with these columns beside codes, and prices of them."""
    frame, _ = market()
    frame.to_csv(folder / "prices.csv", index=False)
    pd.DataFrame({"Ticker": TICKERS, "ISIN": ISINS, **columns}).to_csv(folder / "securities.csv", index=False)
    return draft(folder, "securities")


def test_of_a_name_cut_short_and_the_whole_one_the_whole_is_taken(tmp_path):
    whole = [f"Harbour {word} Holdings" for word in (*GROUPS * 3, "Glass", "Paper", "Steel")]
    whole = [f"{name} {place}" for place, name in enumerate(whole)]
    short = [name.upper()[:14] for name in whole]
    sectors = [GROUPS[place % 3] for place in range(len(TICKERS))]
    found = securities(tmp_path, long_name=whole, short_name=short, sector=sectors)
    assert found.labels["name"] == "long_name"
    other = [name if place % 3 else f"Other {place}" for place, name in enumerate(whole)]
    found = securities(tmp_path, listed_as=other, short_name=short, sector=sectors)
    assert found.stated["columns"]["name"] == "?"
    assert {*found.why["columns", "name"][0].values["labels"]} == {"listed_as", "short_name"}


def test_a_second_scheme_that_is_hardly_finer_is_asked_and_an_industry_lies_in_its_sector(tmp_path):
    coarse = ["Energy", "Financials", "Health Care", "Materials"]
    sectors = [coarse[place % 4] for place in range(len(TICKERS))]
    swedish = ["Energi", "Bank", "Vård", "Material", "Fastighet"]
    near = [swedish[4] if place == 1 else swedish[place % 4] for place in range(len(TICKERS))]
    found = securities(tmp_path, Supersector=sectors, Bransch=near)
    assert found.stated["columns"]["sector"] == "?"
    assert {*found.why["columns", "sector"][0].values["labels"]} == {"Supersector", "Bransch"}
    fine = [f"{name} {place % 8 // 4}" for place, name in enumerate(sectors)]
    found = securities(tmp_path, Sector=sectors, Industry=[f"{name} x" for name in fine])
    assert (found.labels["sector"], found.labels["industry"]) == ("Sector", "Industry")
    found = securities(tmp_path, Sector=sectors, Industry=[name[:3] for name in sectors])
    assert found.labels["sector"] == "Sector" and "industry" not in found.labels


@pytest.mark.parametrize("shared", [False, True])
def test_codes_of_which_several_stocks_share_one_are_asked(shared, tmp_path):
    """A company's code stands for both of its classes of shares; what names none of these is taken."""
    codes = [f"{13000 + 7 * place}" for place in range(len(TICKERS))]
    codes[1] = codes[0] if shared else codes[1]
    sectors = [GROUPS[place % 3] for place in range(len(TICKERS))]
    rows = pd.DataFrame([(code, year) for code in dict.fromkeys(codes) for year in (2021, 2022)], columns=["gvk", "y"])
    size = pd.Series(np.geomspace(40, 900, len(rows))).round(3)
    reports = {"gvk": rows["gvk"], "period end": [f"{year}-12-31" for year in rows["y"]]}
    reports |= {"filed": [f"{year + 1}-03-1{place % 9}" for place, year in enumerate(rows["y"])], "revenue": size * 9}
    reports |= {"net income": size * 0.7, "total assets": size * 20, "total liabilities": size * 12, "equity": size * 8}
    pd.DataFrame(reports).to_csv(tmp_path / "annual.csv", index=False)
    securities(tmp_path, gvk=codes, sector=sectors)
    found = draft(tmp_path, "fundamentals")
    assert (found.stated["identifiers"] == "?") is shared
    if shared:
        assert found.why["identifiers",][0].values["cells"] == (codes[0],)


def test_a_short_name_beside_another_text_of_its_own_is_asked(tmp_path):
    short = [f"{name[:3]} A" for name in TICKERS]
    found = securities(tmp_path, short_name=short, long_name=[f"{name.title()}gruppen AB ser. A" for name in TICKERS])
    assert found.stated["columns"]["name"] == "?"
    assert {"short_name", "long_name"} <= {*found.why["columns", "name"][0].values["labels"]}
