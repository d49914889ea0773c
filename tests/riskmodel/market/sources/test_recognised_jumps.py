"""Days and ratios of splits, and the basis of counts of shares, by what closes of the folder do on those days."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from riskmodel.market.sources.recognition.drafts import Draft
from tests.riskmodel.market.sources.odd_folders import TICKERS
from tests.riskmodel.market.sources.test_recognised_houses import draft, master
from tests.riskmodel.market.sources.test_recognised_takes import market

SPLIT = {TICKERS[2]: 2.0, TICKERS[5]: 3.0, TICKERS[7]: 0.2}  # new shares for one old
PLACES = {TICKERS[2]: 12, TICKERS[5]: 30, TICKERS[7]: 51}  # of the first session after


def folder_of(folder: Path, traded: bool, ratio: str = "Factor", inverse: bool = False) -> None:
    """Closes adjusted for three splits, the splits with four days each, and as traded where that is asked for."""
    master(folder)
    frame, level = market()
    frame.to_csv(folder / "prices.csv", index=False)
    days = level.index
    if traded:
        for name, times in SPLIT.items():
            before = (frame["ticker"] == name) & (frame["date"] < days[PLACES[name]])
            frame.loc[before, "close"] *= times
        wide = frame.pivot(index="date", columns="ticker", values="close")
        wide.to_csv(folder / "close_as_traded.csv")
    rows = [
        (name, days[PLACES[name] - 6], days[PLACES[name]], days[PLACES[name] - 1], 1 / times if inverse else times)
        for name, times in SPLIT.items()
    ]
    labels = ["Symbol", "Announce date", "Effective on", "Record date", ratio]
    pd.DataFrame(rows, columns=labels).to_csv(folder / "splits.csv", index=False)


def labels_asked(found: Draft, ours: str) -> tuple[str, ...]:
    assert found.stated["columns"][ours] == "?"
    return tuple(found.why["columns", ours][0].values["labels"])


def test_a_day_and_a_ratio_that_closes_as_traded_prove_are_taken(tmp_path):
    folder_of(tmp_path, traded=True, ratio="Split ratio")
    found = draft(tmp_path, "splits")
    assert (found.labels["ex_date"], found.labels["ratio"]) == ("Effective on", "Split ratio")
    assert found.why["columns", "ex_date"][0].values["count"] == 3


def test_old_shares_for_one_new_are_asked_and_the_direction_is_said(tmp_path):
    folder_of(tmp_path, traded=True, ratio="Split factor", inverse=True)
    found = draft(tmp_path, "splits")
    assert found.labels["ex_date"] == "Effective on"
    assert labels_asked(found, "ratio") == ("Split factor",)
    assert found.why["columns", "ratio"][0].key == "split_inverted"


def test_counts_of_shares_that_grow_by_the_ratio_do_not_turn_it(tmp_path):
    """They have a day where they change alone, and are no closes."""
    folder_of(tmp_path, traded=True, ratio="Split ratio")
    _, level = market()
    rows = [
        (name, level.index[day], 1e6 * (place + 1) * (1 + 0.001 * day) * (SPLIT.get(name, 1) if day >= split else 1))
        for place, name in enumerate(TICKERS)
        for split in [PLACES.get(name, 0)]
        for day in sorted({*range(2, 70, 5), max(split, 2)})
    ]
    pd.DataFrame(rows, columns=["Symbol", "Valid from", "Shares"]).to_csv(tmp_path / "capital.csv", index=False)
    found = draft(tmp_path, "splits")
    assert (found.labels["ex_date"], found.labels["ratio"]) == ("Effective on", "Split ratio")


@pytest.mark.parametrize("kinds", [("DESDOBRAMENTO", "JCP"), ("AAA", "BBB")])
def test_cash_events_among_splits_are_asked_and_do_not_hide_what_closes_prove(kinds, tmp_path):
    """By words of the kinds, or by the cells: one kind has ratios in all of its rows, the other in none."""
    folder_of(tmp_path, traded=True, ratio="Split ratio")
    splits = pd.read_csv(tmp_path / "splits.csv")
    cash = pd.DataFrame({label: splits[label] for label in splits.columns[:4]}).assign(Symbol=TICKERS[8:11])
    both = pd.concat([splits.assign(tp_evento=kinds[0]), cash.assign(tp_evento=kinds[1], Amount=[0.4, 0.5, 0.6])])
    both.to_csv(tmp_path / "splits.csv", index=False)
    found = draft(tmp_path, "splits")
    [question] = found.why["drop",]
    assert found.stated["drop"] == "?" and question.values["answer"] == f'{{ "tp_evento" = ["{kinds[1]}"] }}'
    assert (found.labels["ex_date"], found.labels["ratio"]) == ("Effective on", "Split ratio")


def test_days_and_ratios_without_closes_as_traded_are_asked(tmp_path):
    folder_of(tmp_path, traded=False, ratio="Split ratio")
    found = draft(tmp_path, "splits")
    assert {*labels_asked(found, "ex_date")} == {"Announce date", "Effective on", "Record date"}
    assert labels_asked(found, "ratio") == ("Split ratio",)
    folder_of(tmp_path, traded=False, ratio="Split ratio (new per old)")
    assert draft(tmp_path, "splits").labels["ratio"] == "Split ratio (new per old)"


@pytest.mark.parametrize("traded", [False, True])
def test_counts_on_the_other_basis_than_the_close_are_asked(traded, tmp_path):
    """Counts as traded beside adjusted closes, and the reverse; on the same basis they are taken."""
    folder_of(tmp_path, traded=False)
    (tmp_path / "splits.csv").unlink()
    frame, level = market()
    ends = level.index[[0, 20, 40, 60, 69]]
    rows = []
    for place, name in enumerate(TICKERS):
        split = level.index[PLACES[name]] if name in SPLIT else level.index[-1]
        for day in ends:
            times = SPLIT.get(name, 1) if day >= split else 1
            rows.append((name, day, 1_000_000 * (place + 1) * (1 + 0.001 * place) * times))
    counts = pd.DataFrame(rows, columns=["Symbol", "Known from", "Shares outstanding"])
    if traded:
        for name, times in SPLIT.items():
            frame.loc[(frame["ticker"] == name) & (frame["date"] < level.index[PLACES[name]]), "close"] *= times
        frame.drop(columns="total_return").to_csv(tmp_path / "prices.csv", index=False)
    counts.to_csv(tmp_path / "shares.csv", index=False)
    found = draft(tmp_path, "shares")
    if traded:
        assert found.labels["shares_out"] == "Shares outstanding"
    else:
        assert labels_asked(found, "shares_out") == ("Shares outstanding",)
        assert found.why["columns", "shares_out"][0].key == "counts_apart"
    flat = counts.groupby("Symbol")["Shares outstanding"].transform("first")
    counts.assign(**{"Shares outstanding": flat}).to_csv(tmp_path / "shares.csv", index=False)
    again = draft(tmp_path, "shares")
    assert ("shares_out" in again.labels) is not traded


@pytest.mark.parametrize("across", ["days", "names"])
def test_counts_of_a_grid_on_the_other_basis_than_the_close_are_asked(across, tmp_path):
    """The file is asked, and a market cap elsewhere is named; on the basis of the close the grid is taken."""
    folder_of(tmp_path, traded=False)
    (tmp_path / "splits.csv").unlink()
    _, level = market()
    ends = level.index[[0, 20, 40, 60, 69]]
    flat = pd.DataFrame({name: 1_000_000.0 * (place + 1) for place, name in enumerate(TICKERS)}, ends)
    for counts, asked in ((flat, False), (_as_traded(flat, level.index), True)):
        table = counts.set_axis(counts.index.strftime("%Y-%m-%d"))
        (table.T if across == "days" else table).rename_axis("Symbol" if across == "days" else "Date").to_csv(
            tmp_path / "shares outstanding.csv"
        )
        found = draft(tmp_path, "shares")
        path = ("fields", "shares_out", "file")
        assert (path in found.questions()) is asked
        assert ("counts_apart" in [fact.key for fact in found.why[path]]) is asked


def _as_traded(counts: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Counts that jump on the days of the splits."""
    out = counts.copy()
    for name, times in SPLIT.items():
        out.loc[out.index >= days[PLACES[name]], name] *= times
    return out
