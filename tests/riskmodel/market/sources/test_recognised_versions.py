"""What is left beside a take: older versions of rows, and files named as the table that nothing could be made of."""

from __future__ import annotations

import pandas as pd
import pytest

from attribution.portfolio.drafting.text import drafted_text
from riskmodel.market.sources.recognition.decide import tables
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.long import long_draft
from tests.riskmodel.market.sources.odd_folders import GROUPS, TICKERS, lists, prices
from tests.riskmodel.market.sources.test_recognised_houses import draft, looked, master
from tests.riskmodel.market.sources.test_recognised_takes import market

KEYS = dict(zip(TICKERS, (str(10_101 + 7 * place) for place in range(len(TICKERS))), strict=True))
OPEN_END = "9999-12-31"


def warehouse(folder, **renamed):
    """A dimension of securities with two older versions, and facts that name stocks by its keys."""
    rows = [
        (KEYS[name], name, f"{name} Inc.", GROUPS[place % 3], "2010-01-01", OPEN_END, "Y")
        for place, name in enumerate(TICKERS)
    ]
    for place in (3, 7):
        old = (*rows[place][:3], GROUPS[(place + 1) % 3], "2010-01-01", "2022-09-30", "N")
        rows[place] = (*rows[place][:4], "2022-10-01", OPEN_END, "Y")
        rows.insert(place, old)
    columns = ["security_sk", "tkr", "security_name", "sector_nm", "eff_from_dt", "eff_to_dt", "is_current"]
    pd.DataFrame(rows, columns=columns).rename(columns=renamed).to_csv(folder / "dim_security.csv", index=False)
    daily, _ = market()
    daily.assign(ticker=daily["ticker"].map(KEYS)).rename(columns={"ticker": "security_sk"}).to_csv(
        folder / "fact_price.csv", index=False
    )
    held = lists().assign(ticker=lambda frame: frame["ticker"].map(KEYS | {"CASH": "CASH"}))
    held.rename(columns={"ticker": "security_sk"}).to_csv(folder / "fact_position.csv", index=False)


@pytest.mark.parametrize("flag", ["is_current", "x7"])
def test_a_master_with_older_versions_is_asked_which_rows_are_in_force(flag, tmp_path):
    warehouse(tmp_path, is_current=flag)
    found = draft(tmp_path, "securities")
    [question] = [fact for fact in found.why["drop",] if fact.key == "several_versions"]
    assert found.stated["drop"] == "?" and question.values["rows"] == 2
    assert question.values["answer"] in (f'{{ "{flag}" = ["N"] }}', '{ "eff_to_dt" = ["2022-09-30"] }')
    assert draft(tmp_path, "prices").stated["identifiers"] == "security_sk"
    text = drafted_text(looked(tmp_path), tmp_path, tmp_path / "book")
    assert f"drop = {question.values['answer']}" in text


def test_without_a_column_that_tells_versions_apart_no_row_is_left_out(tmp_path):
    warehouse(tmp_path)
    path = tmp_path / "dim_security.csv"
    pd.read_csv(path)[["security_sk", "tkr", "security_name", "sector_nm"]].to_csv(path, index=False)
    facts = [fact for each in looked(tmp_path).drafts for why in each.why.values() for fact in why]
    assert not any(fact.key == "several_versions" for fact in facts)


def test_levels_are_asked_beside_a_file_named_as_them_that_no_mapping_reads(tmp_path):
    """The levels of a house's indices have keys of a calendar, and a file of other levels has days."""
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    days = level.index.strftime("%Y-%m-%d")
    other = pd.DataFrame({"Date": days, "Index": "LRG", "Total return level": level.to_numpy().round(4)})
    other.to_csv(tmp_path / "bmk.csv", index=False)
    assert draft(tmp_path, "indices").stated["file"] == "bmk.csv"
    keyed = pd.DataFrame({"k1": range(8_000, 8_000 + len(level)), "k2": 501, "v": level.to_numpy().round(4)})
    keyed.to_csv(tmp_path / "index_levels.csv", index=False)
    found = draft(tmp_path, "indices")
    assert found.stated["file"] == "?" and found.why["file",][0].values["places"] == ("bmk.csv", "index_levels.csv")


def test_a_file_named_as_a_table_that_looking_fails_at_makes_a_question_of_the_one_that_is_taken(tmp_path, monkeypatch):
    master(tmp_path)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    prices().to_csv(tmp_path / "zz.csv", index=False)

    def failing(group: Group, candidate: Candidate):
        if group.first.file == "prices.csv":
            raise KeyError("c4")
        return long_draft(group, candidate)

    monkeypatch.setattr(tables, "long_draft", failing)
    found = draft(tmp_path, "prices")
    assert found.stated["file"] == "?" and found.why["file",][0].values["places"] == ("zz.csv", "prices.csv")
