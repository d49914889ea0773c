"""The split basis of prices, volumes and figures of a share: asked where the folder has splits, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.draft import draft_book
from riskmodel.errors import InputError
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import OPEN, TableMap
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.tables import DATE, NUMBER, TABLES, TEXT
from tests.riskmodel.market.sources.odd_folders import ISINS, TICKERS
from tests.riskmodel.market.sources.test_recognised_houses import draft, looked, master
from tests.riskmodel.market.sources.test_recognised_jumps import PLACES, SPLIT, folder_of
from tests.riskmodel.market.sources.test_recognised_takes import market

CLOSES = replace(TABLES["prices"], columns={"date": DATE, "ticker": TEXT, "close": NUMBER}, sparse=frozenset({"close"}))


def basis(found: Draft) -> tuple[str, ...] | None:
    """Ours of which the basis is asked; None where it is not."""
    if found.stated.get("unadjusted") != OPEN:
        return None
    return tuple(found.why["unadjusted",][0].values["labels"])


def results(folder: Path, label: str) -> None:
    days = pd.to_datetime(["2024-02-01", "2024-05-02", "2024-08-01"])
    rows = [(isin, day, "BMO", 1 + place / 7, 1 + place / 6) for place, isin in enumerate(ISINS) for day in days]
    labels = ["ISIN", "Announced", "Session", "EPS estimate adj", label]
    pd.DataFrame(rows, columns=labels).to_csv(folder / "results.csv", index=False)


def test_without_splits_no_basis_is_asked(tmp_path):
    master(tmp_path)
    market()[0].to_csv(tmp_path / "prices.csv", index=False)
    results(tmp_path, "EPS actual")
    assert [basis(each) for each in looked(tmp_path).drafts if each.table in ("prices", "earnings")] == [None, None]


@pytest.mark.parametrize(("label", "asked"), [("EPS actual", ("EPS actual",)), ("EPS actual adjusted", None)])
def test_with_splits_it_is_asked_of_what_no_header_says_is_adjusted(tmp_path, label, asked):
    folder_of(tmp_path, traded=False)
    results(tmp_path, label)
    assert basis(draft(tmp_path, "earnings")) == asked
    assert basis(draft(tmp_path, "prices")) == ("close", "volume")  # the day of a split is asked too


@pytest.mark.parametrize("percent", [False, True])
def test_a_close_that_jumps_where_the_return_does_not_is_asked_without_a_file_of_splits(tmp_path, percent):
    master(tmp_path)
    frame, level = market()
    for name, times in SPLIT.items():
        frame.loc[(frame["ticker"] == name) & (frame["date"] < level.index[PLACES[name]]), "close"] *= times
    frame["total_return"] *= 100 if percent else 1
    frame.to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices")
    assert basis(found) is not None and "close" in basis(found)
    cells = found.why["unadjusted",][1].values["cells"]
    assert {cell.split(" ")[0] for cell in cells} == {*SPLIT}


def test_the_question_says_what_to_write_and_what_is_written_is_read(tmp_path):
    folder_of(tmp_path, traded=True, ratio="Split ratio")
    found = draft(tmp_path, "prices")
    assert found.why["unadjusted",][0].values["answer"] == '["volume"]'  # closes go on over the splits
    wide = TableMap(layout="wide", fields={"close": {"file": "close_as_traded.csv"}}, unadjusted=["close"])
    splits = TableMap(file="splits.csv", columns={"ticker": "Symbol", "ex_date": "Effective on", "ratio": "Split ratio"})
    table = Exports(tmp_path, {"splits": splits, "prices": wide}).table("prices", CLOSES)
    assert table is not None
    close = table.pivot(index="date", columns="ticker", values="close")
    tidy = market()[0].pivot(index="date", columns="ticker", values="close")
    np.testing.assert_allclose(close[TICKERS], tidy[TICKERS], rtol=1e-12)


@pytest.mark.parametrize(
    ("cells", "unit", "ratios"),
    [
        (["5 new for 1 old", "3:2", "2"], "new_for_old", [5.0, 1.5, 2.0]),
        (["1 → 3", "１ → ２", "10→1"], "old_for_new", [3.0, 2.0, 0.1]),
        (["1,5 : 1", "2 x 1", "0,5"], "new_for_old", [1.5, 2.0, 0.5]),
    ],
)
def test_ratios_of_two_numbers_are_read_in_the_stated_order(tmp_path, cells, unit, ratios):
    rows = pd.DataFrame({"ticker": TICKERS[:3], "ex_date": "2024-02-01", "ratio": cells})
    rows.to_csv(tmp_path / "s.csv", sep=";", index=False)
    point = "," if any("," in cell for cell in cells) else "."
    stated = TableMap(file="s.csv", delimiter=";", decimal=point, units={"ratio": unit})
    table = Exports(tmp_path, {"splits": stated}).table("splits")
    assert table is not None
    np.testing.assert_allclose(table.set_index("ticker").loc[TICKERS[:3], "ratio"], ratios, rtol=1e-15)


def test_what_is_no_ratio_is_told_by_its_place(tmp_path):
    rows = pd.DataFrame({"ticker": TICKERS[:3], "ex_date": "2024-02-01", "ratio": ["5 %", "two", "1:2:3"]})
    rows.to_csv(tmp_path / "s.csv", index=False)
    stated = TableMap(file="s.csv", units={"ratio": "old_for_new"})
    with pytest.raises(InputError, match=r"3 cells are no ratios .*: row 2 '5 %', row 3 'two', row 4 '1:2:3'"):
        Exports(tmp_path, {"splits": stated}).table("splits")


def test_a_file_of_splits_whose_ratios_are_texts_is_named(tmp_path):
    folder_of(tmp_path, traded=False)
    rows = pd.read_csv(tmp_path / "splits.csv")
    (tmp_path / "splits.csv").unlink()
    rows.assign(Factor="1 → 2").to_csv(tmp_path / "stock splits.csv", index=False)
    found = [each for each in looked(tmp_path).found if each.file == "stock splits.csv" and each.table == "splits"]
    assert [fact.key for each in found for fact in each.why] == ["may_be_splits"]
    assert basis(draft(tmp_path, "prices")) == ("close", "volume")  # the day of a split is asked too
    [near] = looked(tmp_path).nearest["splits"]
    assert (near.file, near.may_be["ratio"], near.pairs) == ("stock splits.csv", ("Factor",), ("ratio",))


def test_what_was_paid_for_shares_that_ended_is_named_before_the_last_close(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    folder_of(exports, traded=False)
    assert "# delisted" in draft_book(exports, tmp_path / "before").path.read_text()
    ended = pd.DataFrame({"Symbol": [TICKERS[3]], "Last trade": ["2024-08-15"], "Proceeds": [12.5]})
    ended.to_csv(exports / "terminations.csv", index=False)
    text = draft_book(exports, tmp_path / "after").path.read_text()
    assert "what was paid for them may stand in terminations.csv, see [tables.finals] below" in text
    assert "# [tables.finals]" in text and "# delisted" not in text


def test_sentences_above_the_cells_are_quoted_where_they_may_answer(tmp_path):
    folder_of(tmp_path, traded=False)
    results(tmp_path, "EPS actual adj")
    path = tmp_path / "results.csv"
    path.write_text("Figures of a share in cents as they were told then,,,,\n" + path.read_text())
    lines = {
        fact.values["cells"] for why in draft(tmp_path, "earnings").why.values() for fact in why if fact.key == "lines_say"
    }
    assert [line for cells in lines for line in cells if "in cents" in line]
