"""Rows of a list that have no code: cash where a column says so, and never lost in silence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from attribution.portfolio.drafting.draft import draft_book
from riskmodel.errors import InputError
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import OPEN, TableMap
from riskmodel.market.sources.recognition.recognise import recognise
from tests.riskmodel.market.sources.odd_folders import GROUPS, ISINS, TICKERS, lists

COLUMNS = {"portfolio": "Account", "date": "As Of", "ticker": "ISIN", "market_value": "Market Value"}
CLASS = {"column": "Asset Class", "words": "CASH AND EQUIVALENTS"}


def custody() -> pd.DataFrame:
    """Lists with an empty code for cash, which a class and a description say."""
    rows = lists()
    cash = rows["ticker"] == "CASH"
    codes = dict(zip(TICKERS, ISINS, strict=True))
    return pd.DataFrame(
        {
            "Account": rows["portfolio"],
            "As Of": rows["date"].dt.strftime("%Y-%m-%d"),
            "ISIN": rows["ticker"].map(codes).fillna(""),
            "Description": ("Name of " + rows["ticker"]).mask(cash, "US DOLLAR"),
            "Asset Class": pd.Series("EQUITY", rows.index).mask(cash, "CASH AND EQUIVALENTS"),
            "Market Value": (rows["weight"] * 1e6).round(2),
        }
    )


def read(folder: Path, frame: pd.DataFrame, **stated: object) -> pd.DataFrame:
    frame.to_csv(folder / "custody.csv", index=False)
    whole = TableMap(file="custody.csv", columns=COLUMNS, derived={"weight": "market_value"}, **stated)
    table = Exports(folder, {"holdings": whole}).table("holdings")
    assert table is not None
    return table


def test_rows_are_cash_by_the_words_of_another_column(tmp_path):
    table = read(tmp_path, custody(), cash=CLASS)
    assert table.loc[table["ticker"] == "CASH", "weight"].round(12).tolist() == [0.05] * 4
    assert table.groupby(["portfolio", "date"])["weight"].sum().round(12).tolist() == [1.0] * 4


def test_cash_in_several_accounts_is_the_sum_of_them(tmp_path):
    frame = custody()
    more = frame[frame["ISIN"] == ""].assign(Description="EURO", **{"Market Value": 2e4})
    table = read(tmp_path, pd.concat([frame, more]), cash=CLASS)
    assert table.loc[table["ticker"] == "CASH", "weight"].round(12).tolist() == [round(7e4 / 102e4, 12)] * 4


@pytest.mark.parametrize(
    ("cash", "message"),
    [
        ({}, "4 rows without a code that have a weight or a value: custody.csv row 6, custody.csv row 11"),
        ({"cash": "Bankguthaben"}, "cash: no row has 'Bankguthaben' in its column of names"),
        ({"cash": {"column": "Asset Class", "words": "LIQUIDITY"}}, "no row has 'LIQUIDITY' in its column 'Asset Class'"),
        ({"cash": {"column": "Class", "words": "CASH"}}, "has no column 'Class', which [tables.holdings] cash names"),
    ],
)
def test_a_row_with_a_value_is_never_lost_and_words_for_cash_that_are_nowhere_are_refused(cash, message, tmp_path):
    with pytest.raises(InputError) as refused:
        read(tmp_path, custody(), **cash)
    assert message in str(refused.value)
    assert "remove" not in str(refused.value)


def test_a_tidy_list_with_an_empty_ticker_beside_a_weight_is_not_told_to_lose_it(tmp_path):
    lists().assign(ticker=lists()["ticker"].replace("CASH", "")).to_csv(tmp_path / "holdings.csv", index=False)
    with pytest.raises(InputError, match=r"4 empty cells in 'ticker' beside a weight .* Of cash write CASH"):
        Exports(tmp_path).table("holdings")


def drafted(folder: Path, frame: pd.DataFrame, key: str = "cash") -> object:
    frame.to_csv(folder / "positions.csv", index=False)
    names = {"ISIN": ISINS, "Symbol": TICKERS, "Sector": [GROUPS[place % 3] for place in range(len(TICKERS))]}
    pd.DataFrame(names).to_csv(folder / "master.csv", index=False)
    draft = recognise(folder).draft("holdings")
    assert draft is not None
    return draft.stated.get(key)


def test_init_states_the_column_that_says_cash(tmp_path):
    assert drafted(tmp_path, custody()) == CLASS


@pytest.mark.parametrize("word", ["短期金融資産", "Bankguthaben", "Liquidität EUR"])
def test_init_knows_words_for_cash_of_other_countries(word, tmp_path):
    frame = custody().drop(columns="Asset Class").replace("US DOLLAR", word)
    assert drafted(tmp_path, frame) == {"column": "Description", "words": word}


def test_a_row_that_no_word_says_to_be_cash_is_asked_and_so_is_a_total(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert drafted(tmp_path / "a", custody().replace({"US DOLLAR": "SUNDRY", "CASH AND EQUIVALENTS": "OTHER"})) == OPEN
    frame = custody()
    total = frame["Market Value"].mask(frame["ISIN"] == "", 0.95e6)  # of the stocks of each list
    assert drafted(tmp_path / "b", frame.assign(**{"Market Value": total})) is None
    assert drafted(tmp_path / "b", frame.assign(**{"Market Value": total}), "drop") == OPEN


def with_totals(frame: pd.DataFrame, **cells: str) -> pd.DataFrame:
    """Lists with a row of the sum of each below it."""
    sums = frame.groupby(["Account", "As Of"], as_index=False)["Market Value"].sum()
    return pd.concat([frame, sums.assign(**cells)], ignore_index=True).fillna("")


TOTAL = {"ISIN": "", "Description": "Fund total", "Asset Class": "TOTAL"}


def test_a_code_of_no_security_beside_rows_without_a_code_is_asked_with_the_answer_for_both(tmp_path):
    frame = custody()
    master = {"ISIN": ISINS, "Symbol": TICKERS, "Company": [f"{ticker} Works" for ticker in TICKERS], "Sector": GROUPS * 4}
    pd.DataFrame(master).to_csv(tmp_path / "master.csv", index=False)
    swept = frame[frame["ISIN"] == ""].assign(ISIN="8AMMF1HS7", Description="SWEEP VEHICLE")
    swept = swept.assign(**{"Asset Class": "STIF", "Market Value": 10.0})
    pd.concat([frame, swept], ignore_index=True).to_csv(tmp_path / "custody.csv", index=False)
    found = recognise(tmp_path).draft("holdings")
    assert found is not None and found.stated["cash"] == OPEN
    asked = found.why["cash",][0].values
    assert asked["answer"] == '{ column = "Asset Class", words = ["CASH AND EQUIVALENTS", "STIF"] }'
    assert (asked["cells"], asked["rows"]) == (("8AMMF1HS7",), 4)


def test_a_code_of_no_security_beside_a_word_for_cash_is_asked_with_it(tmp_path):
    """A fund of the money market beside the bank's cash: one of them alone would be refused."""
    master = {"ISIN": ISINS, "Symbol": TICKERS, "Company": [f"{ticker} Works" for ticker in TICKERS], "Sector": GROUPS * 4}
    pd.DataFrame(master).to_csv(tmp_path / "master.csv", index=False)
    frame = custody()
    cash = frame["ISIN"] == ""
    more = frame[cash].assign(ISIN="8AMMF0ZZ7", Description="GOVT SHORT TERM INVESTMENT FD")
    frame.loc[cash, "ISIN"] = "CASHUSD00"
    pd.concat([frame, more]).to_csv(tmp_path / "custody.csv", index=False)
    found = recognise(tmp_path).draft("holdings")
    assert found is not None and found.stated["cash"] == OPEN
    assert set(found.why["cash",][0].values["cells"]) == {"CASHUSD00", "8AMMF0ZZ7"}


def test_a_row_of_the_sum_of_its_list_is_asked_and_never_offered_as_cash(tmp_path):
    frame = with_totals(custody(), **TOTAL)
    assert drafted(tmp_path, frame, "drop") == OPEN
    assert drafted(tmp_path, frame) == CLASS  # the cash beside it is still seen


@pytest.mark.parametrize("code", ["", "Total"])
def test_a_total_that_a_mapping_takes_for_cash_is_refused(code, tmp_path):
    frame = with_totals(custody(), **TOTAL | {"ISIN": code})
    cash = {"column": "Asset Class", "words": ["CASH AND EQUIVALENTS", "TOTAL"]}
    with pytest.raises(InputError, match=r"4 rows that .* takes for cash are the sum of the other rows .* custody.csv row"):
        read(tmp_path, frame, cash=cash)


def test_rows_that_drop_names_are_left_out_and_counted(tmp_path):
    frame = with_totals(custody(), **TOTAL)
    frame.to_csv(tmp_path / "custody.csv", index=False)
    stated = TableMap(
        file="custody.csv", columns=COLUMNS, derived={"weight": "market_value"}, cash=CLASS, drop={"Asset Class": "TOTAL"}
    )
    source = Exports(tmp_path, {"holdings": stated})
    table = source.table("holdings")
    assert table is not None
    assert table.groupby(["portfolio", "date"])["weight"].sum().round(12).tolist() == [1.0] * 4
    assert source.dropped == {"holdings": {("Asset Class", "TOTAL"): 4}}


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        ({"Asset Class": ["SUM"]}, "drop: no row has 'Asset Class': 'SUM'. Write what stands there"),
        ({"Class": "SUM"}, "has no column 'Class', which [tables.holdings] drop names"),
    ],
)
def test_drop_that_names_nothing_is_refused(drop, message, tmp_path):
    with pytest.raises(InputError) as refused:
        read(tmp_path, custody(), cash=CLASS, drop=drop)
    assert message in str(refused.value)


def test_the_question_on_totals_stands_in_the_drafted_book_with_its_answer(tmp_path):
    (tmp_path / "exports").mkdir()
    assert drafted(tmp_path / "exports", with_totals(custody(), **TOTAL), "drop") == OPEN
    draft_book(tmp_path / "exports", tmp_path / "book")
    text = (tmp_path / "book/book.toml").read_text(encoding="utf-8")
    assert 'Then write drop = { "Description" = ["Fund total"] }' in text
    assert '\ndrop = "?"\n' in text


def test_a_word_for_cash_is_no_answer_where_other_rows_have_no_isin_either(tmp_path):
    """What is not settled yet, and a sum a portfolio: as rows of stocks that nobody knows they would halve the weights."""
    rows = lists()
    codes = dict(zip(TICKERS, ISINS, strict=True))
    held = pd.DataFrame(
        {"Portf": rows["portfolio"], "Date": rows["date"], "Code": rows["ticker"], "Value": rows["weight"] * 1e6}
    )
    held["ISIN"] = rows["ticker"].map(codes).fillna("")
    held["Code"] = held["Code"].replace("CASH", "Cash at bank")
    more = [
        held.groupby(["Portf", "Date"], as_index=False)["Value"].sum().assign(Code="Unsettled trades", ISIN="", Value=-1e4)
    ]
    for number, (portfolio, own) in enumerate(held.groupby("Portf")):
        sums = own.groupby(["Portf", "Date"], as_index=False)["Value"].sum()
        more += [sums.assign(Code=f"TOTAL {portfolio} {part}", ISIN="") for part in ("long", "net", number)]
    pd.concat([held, *more]).to_csv(tmp_path / "positions.csv", index=False)
    master = pd.DataFrame({"Code": TICKERS, "ISIN": ISINS, "Sector": [GROUPS[place % 3] for place in range(len(TICKERS))]})
    master.to_csv(tmp_path / "master.csv", index=False)
    found = recognise(tmp_path).draft("holdings")
    assert found is not None and found.stated.get("cash") == OPEN


def in_lots(frame: pd.DataFrame) -> pd.DataFrame:
    """The first stock of each list in two rows, as where some of its shares are lent."""
    first = ~frame.duplicated(["Account", "As Of"])
    part = frame["Market Value"].where(~first, frame["Market Value"] * 0.4)
    return pd.concat(
        [frame.assign(**{"Market Value": part}), frame[first].assign(**{"Market Value": frame["Market Value"] * 0.6})]
    )


def test_lots_are_refused_unless_it_is_stated_that_they_add_up(tmp_path):
    whole = read(tmp_path, custody(), cash=CLASS)
    with pytest.raises(InputError, match="4 duplicate"):
        read(tmp_path, in_lots(custody()), cash=CLASS)
    added = read(tmp_path, in_lots(custody()), cash=CLASS, lots=True)
    keys = ["portfolio", "date", "ticker"]
    pd.testing.assert_frame_equal(
        added.sort_values(keys, ignore_index=True), whole.sort_values(keys, ignore_index=True), check_exact=False, rtol=1e-12
    )


def test_rows_that_were_added_to_others_are_counted(tmp_path):
    in_lots(custody()).to_csv(tmp_path / "custody.csv", index=False)
    exports = Exports(
        tmp_path,
        {
            "holdings": TableMap(
                file="custody.csv", columns=COLUMNS, derived={"weight": "market_value"}, cash=CLASS, lots=True
            )
        },
    )
    assert exports.table("holdings") is not None
    assert exports.dropped["holdings"] == {("lots", "added to another row of their stock"): 4}


def test_rows_of_prices_never_add_up(tmp_path):
    pd.DataFrame({"date": ["2024-01-31"], "ticker": ["A"], "close": [1.0]}).to_csv(tmp_path / "prices.csv", index=False)
    with pytest.raises(
        InputError, match=r"\[tables.prices\] lots: rows of one key add up in holdings and constituents alone"
    ):
        Exports(tmp_path, {"prices": TableMap(file="prices.csv", lots=True)}).table("prices")


def test_a_lot_without_a_weight_is_refused_and_not_taken_for_nothing(tmp_path):
    frame = pd.DataFrame({"portfolio": "F", "date": "2024-01-31", "ticker": ["A", "A", "B"], "weight": [0.3, None, 0.7]})
    frame.to_csv(tmp_path / "lots.csv", index=False)
    with pytest.raises(InputError, match="weight"):
        Exports(tmp_path, {"holdings": TableMap(file="lots.csv", lots=True)}).table("holdings")


def test_lists_without_lots_count_none(tmp_path):
    custody().to_csv(tmp_path / "custody.csv", index=False)
    stated = TableMap(file="custody.csv", columns=COLUMNS, derived={"weight": "market_value"}, cash=CLASS, lots=True)
    exports = Exports(tmp_path, {"holdings": stated})
    assert exports.table("holdings") is not None and (
        "lots",
        "added to another row of their stock",
    ) not in exports.dropped.get("holdings", {})


def test_one_of_several_rows_of_cash_without_a_value_is_refused_as_a_single_one_is(tmp_path):
    rows = pd.DataFrame(
        {"portfolio": "F", "date": "2024-01-31", "ticker": ["A", "Cash", "Cash"], "weight": [0.7, 0.3, None]}
    )
    for name, frame in (("one.csv", rows.iloc[[0, 2]]), ("two.csv", rows)):
        frame.to_csv(tmp_path / name, index=False)
        with pytest.raises(InputError, match="empty cell in 'weight'"):
            Exports(tmp_path, {"holdings": TableMap(file=name, cash="Cash")}).table("holdings")
