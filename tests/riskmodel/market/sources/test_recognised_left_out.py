"""What a draft would leave out, take beside its own or choose of several, with nothing said of it: asked, or made exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.text import drafted_text
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import Draft
from tests.riskmodel.market.sources.odd_folders import ISINS, TICKERS
from tests.riskmodel.market.sources.test_recognised_houses import draft, looked, master
from tests.riskmodel.market.sources.test_recognised_one_kind import MONTHS, base, weights

QUARTERS = pd.date_range("2022-03-31", periods=9, freq="QE")


def three_columns(of_accounts: bool) -> pd.DataFrame:
    """Of each quarter a number, another, and the first less the second: of a company as a whole, or of a share."""
    random = np.random.default_rng(5)
    parts = []
    for place, ticker in enumerate(TICKERS):
        told = (1e4 * 4.0**place if of_accounts else 20.0 + place) * random.uniform(0.8, 1.2, len(QUARTERS)) / 10
        expected = told * random.uniform(0.9, 1.1, len(QUARTERS))
        parts.append(pd.DataFrame({"Kto": ticker, "Kiedy": QUARTERS + pd.Timedelta(days=30), "A": told, "B": expected}))
    rows = pd.concat(parts, ignore_index=True).round({"A": 3, "B": 3})
    return rows.assign(C=(rows["A"] - rows["B"]).round(3))


def test_a_number_less_another_is_no_surprise_by_arithmetic_alone(tmp_path: Path) -> None:
    base(tmp_path)
    three_columns(of_accounts=True).to_csv(tmp_path / "dane.csv", index=False)
    found = draft(tmp_path, "earnings")
    assert found.stated["file"] == OPEN
    assert {found.stated["columns"][ours] for ours in ("eps_estimate", "eps_actual")} == {OPEN}
    assert found.why["columns", "eps_actual"][0].values["labels"] == ("A", "B", "C")


def test_a_word_for_what_was_expected_is_the_second_kind_of_evidence(tmp_path: Path) -> None:
    base(tmp_path)
    three_columns(of_accounts=True).rename(columns={"C": "Surprise"}).to_csv(tmp_path / "dane.csv", index=False)
    found = draft(tmp_path, "earnings")
    assert (found.stated["file"], found.labels["eps_estimate"], found.labels["eps_actual"]) == ("dane.csv", "B", "A")


def test_accounts_with_other_sums_are_no_earnings(tmp_path: Path) -> None:
    base(tmp_path)
    rows = three_columns(of_accounts=True)
    rows = rows.assign(D=(rows["A"] * 3).round(3), E=(rows["A"] * 3).round(3) + rows["A"])
    rows.to_csv(tmp_path / "dane.csv", index=False)
    found = looked(tmp_path)
    assert found.draft("earnings") is None
    assert draft(tmp_path, "fundamentals").stated["file"] == OPEN  # the sum is that of a surprise too


def values(share: float) -> pd.DataFrame:
    """A portfolio's values of a day, and each as a part of all that it has, in percent."""
    parts = [
        pd.DataFrame({"Date": day, "Portfolio": "major", "ISIN": ISINS, "Market Value": (weights(place) * 1e6).round(2)})
        for place, day in enumerate(MONTHS)
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(**{"% of NAV": (rows["Market Value"] / 1e4 * share).round(4)})


@pytest.mark.parametrize("totals", [False, True])
def test_weights_out_of_values_are_asked_where_a_share_of_more_stands_beside(totals: bool, tmp_path: Path) -> None:
    base(tmp_path)
    rows = values(0.97).assign(Security="a share")
    sums = rows.groupby("Date", as_index=False)[["Market Value", "% of NAV"]].sum()
    below = [sums.assign(Portfolio="major", Security="Total equities")] if totals else []
    pd.concat([rows, *below], ignore_index=True).to_csv(tmp_path / "holdings.csv", index=False)
    found = draft(tmp_path, "holdings")
    assert found.stated["derived"]["weight"] == OPEN
    assert [fact.key for fact in found.why["derived", "weight"]] == ["weight_of_what", "weights_short"]
    assert found.why["derived", "weight"][1].values["high"] == pytest.approx(0.97, abs=1e-3)


@pytest.mark.parametrize(("header", "asked"), [("Balance", True), ("Trades", False)])
def test_weights_out_of_values_are_asked_where_another_file_has_cash_of_the_same_days(
    header: str, asked: bool, tmp_path: Path
) -> None:
    base(tmp_path)
    values(1.0).drop(columns="% of NAV").to_csv(tmp_path / "holdings.csv", index=False)
    cash = pd.DataFrame({"Date": MONTHS, "Portfolio": "major", header: [4e4, 3e4, 2e4, 1e4]})
    cash.to_csv(tmp_path / "other.csv", index=False)
    found = draft(tmp_path, "holdings")
    assert found.stated["derived"]["weight"] == (OPEN if asked else "market_value")
    if asked:
        assert found.why["derived", "weight"][-1].values["places"] == ("other.csv",)


def test_a_pattern_takes_no_file_that_is_left_out(tmp_path: Path) -> None:
    base(tmp_path)
    frame = pd.read_csv(tmp_path / "prices.csv")
    (tmp_path / "prices.csv").unlink()
    day = frame.columns[0]
    last = frame[frame[day] == frame[day].max()]
    for folder, rows in (("2024", frame.iloc[::2]), ("2025", frame.iloc[1::2]), ("superseded", last)):
        (tmp_path / "px" / folder).mkdir(parents=True)
        rows.to_csv(tmp_path / "px" / folder / "eod_1.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.stated["file"] == "px/????/eod_1.csv"


def asked_for(found: Draft, ours: str) -> set[str]:
    """The headers that a question for a column names."""
    assert found.stated["columns"][ours] == OPEN
    return {label for fact in found.why["columns", ours] for label in fact.values.get("labels", ())}


def test_names_that_are_codes_or_one_of_several_texts_are_asked(tmp_path: Path) -> None:
    base(tmp_path)
    frame = pd.read_csv(tmp_path / "master.csv").drop(columns="Company")
    frame["Skrot"] = [f"PL{ticker} Co." for ticker in TICKERS]
    frame["Nazwa wlasna"] = [f"{chr(65 + place) * 3} zaklad" for place in range(len(TICKERS))]
    frame.to_csv(tmp_path / "master.csv", index=False)
    assert {"Skrot", "Nazwa wlasna"} <= asked_for(draft(tmp_path, "securities"), "name")


@pytest.mark.parametrize("step", [3, 1.5])  # of few stocks the finest level has more groups than half of them
def test_of_three_levels_that_nest_the_industry_is_asked(step: float, tmp_path: Path) -> None:
    base(tmp_path)
    frame = pd.read_csv(tmp_path / "master.csv")
    frame["Sector"] = [("Energy", "Financials")[place // 6 % 2] for place in range(len(TICKERS))]
    frame["Poziom"] = [f"p{max(place // 3, 1)}" for place in range(len(TICKERS))]
    frame["Grupa"] = [f"g{place // step}" for place in range(len(TICKERS))]
    frame.to_csv(tmp_path / "master.csv", index=False)
    assert {"Poziom", "Grupa"} <= asked_for(draft(tmp_path, "securities"), "industry")


def test_the_rate_of_cash_is_none_only_where_no_file_says_rates(tmp_path: Path) -> None:
    master(tmp_path)
    base(tmp_path)
    days = [f"{113 + place}/0{month}/31" for place in range(2) for month in (1, 3, 5, 7)]
    frame = pd.DataFrame(
        {"日期": days, "隔夜": np.linspace(0.69, 0.8, 8).round(3), "一週": np.linspace(0.7, 0.9, 8).round(3)}
    )
    frame.to_csv(tmp_path / "一覽.csv", index=False)
    assert "risk_free = 0.0" in drafted_text(looked(tmp_path), tmp_path, tmp_path / "book")
    (tmp_path / "一覽.csv").rename(tmp_path / "拆款.csv")
    text = drafted_text(looked(tmp_path), tmp_path, tmp_path / "book")
    assert 'risk_free = "?"' in text and "risk_free = 0.0" not in text.replace("or 0.0", "")
