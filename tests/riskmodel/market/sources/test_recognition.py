"""Exports that nobody has described: what each is taken for, and what is asked; nothing is taken for something else."""

from __future__ import annotations

import pytest

from riskmodel.market.sources.mapping import OPEN, TableMap
from riskmodel.market.sources.recognition.drafts import ASKED, MISSING, TAKEN, UNREAD, UNUSED
from riskmodel.market.sources.recognition.found import Recognised
from riskmodel.market.sources.recognition.recognise import recognise
from tests.riskmodel.market.sources.odd_folders import ODD

pytest.importorskip("openpyxl")

# folder -> table -> header or sheet -> ours: all that may be understood
RIGHT: dict[str, dict[str, dict[str, str]]] = {
    "terminal": {
        "securities": {"Ticker": "ticker", "NAME": "name", "GICS_SECTOR_NAME": "sector"},
        "prices": {"PX_LAST": "close", "DAY_TO_DAY_TOT_RETURN_GROSS_DVD": "total_return"},
        "holdings": {"Portfolio": "portfolio", "Date": "date", "Ticker": "ticker", "% Wgt": "weight"},
    },
    "japanese": {
        "prices": {"日付": "date", "証券コード": "ticker", "終値（円）": "close", "配当込み騰落率（％）": "total_return"}
        | {"出来高（千株）": "volume"},
        "securities": {"証券コード": "ticker", "銘柄名": "name_ja", "英文名": "name", "業種名": "sector"},
        "holdings": {"証券コード": "ticker", "評価額（円）": "market_value"},
        "rates": {"日付": "date", "金利（年率％）": "yearly_rate"},
    },
    "swiss": {
        "prices": {"Handelstag": "date", "Valor": "ticker", "Schlusskurs": "close", "Performance": "total_return"}
        | {"Volumen": "volume"},
        "securities": {"Valor": "valor", "Symbol": "ticker", "Bezeichnung": "name", "Sektor": "sector"},
    },
    "french": {
        "prices": {"Date de cotation": "date", "Code ISIN": "ticker", "Cours de clôture (€)": "close"}
        | {"Rendement total (%)": "total_return", "Volume (titres)": "volume"},
        "securities": {"Code ISIN": "isin", "Mnémonique": "ticker", "Libellé": "name", "Secteur": "sector"},
        "holdings": {"Code ISIN": "ticker", "Valorisation (€)": "market_value"},
    },
    "warehouse": {
        "prices": {"trade_date": "date", "symbol": "ticker", "volume": "volume", "ret": "total_return"},
        "securities": {"symbol": "ticker", "security_name": "name", "gics_sector": "sector"},
        "holdings": {"portfolio": "portfolio", "date": "date", "ticker": "ticker", "weight": "weight"},
    },
}
QUESTIONS: dict[str, set[tuple[str, ...]]] = {  # folder -> what a person is asked of its tables
    "terminal": {("prices", "fields", "close", "unit")},
    "japanese": {("rates", "derived", "risk_free")},
    "swiss": {("prices", "units", "close"), ("prices", "units", "volume"), ("prices", "dates")},
    "french": set(),
    "warehouse": {
        ("prices", "columns", "close"),
        ("prices", "units", "close"),
        ("prices", "units", "volume"),
        ("holdings", "dates"),
    },
}


@pytest.fixture(scope="module", params=ODD)
def odd(request, tmp_path_factory) -> tuple[str, Recognised]:
    folder = tmp_path_factory.mktemp(request.param)
    ODD[request.param](folder)
    return request.param, recognise(folder)


def test_nothing_is_taken_for_something_else_and_all_that_is_known_is_understood_or_asked(odd):
    name, recognised = odd
    found = {
        (each.table, each.sheet if each.column == "*" else each.column): each.ours
        for each in recognised.found
        if each.verdict in (TAKEN, ASKED) and each.column and each.ours and "." not in each.column
    }
    right = {(table, label): ours for table, columns in RIGHT[name].items() for label, ours in columns.items()}
    assert {place: ours for place, ours in found.items() if place[1] not in ("unit", "dates")} == right


def test_what_the_cells_do_not_say_is_asked_and_nothing_else(odd):
    name, recognised = odd
    asked = {(draft.table, *path) for draft in recognised.drafts for path in draft.questions()}
    assert asked == QUESTIONS[name]


def test_what_is_stated_is_what_a_book_may_state(odd):
    _, recognised = odd
    for draft in recognised.drafts:
        if not draft.questions():
            TableMap.model_validate(draft.stated)


def test_units_come_from_words_or_from_arithmetic_over_the_cells(tmp_path):
    units = {}
    for name in ODD:
        (tmp_path / name).mkdir()
        ODD[name](tmp_path / name)
        drafts = {draft.table: draft for draft in recognise(tmp_path / name).drafts}
        prices = drafts["prices"].stated
        units[name] = {
            **prices.get("units", {}),
            **{k: v["unit"] for k, v in prices.get("fields", {}).items() if "unit" in v},
        }
    assert units == {
        "terminal": {"close": "?", "total_return": "percent"},  # by the changes of the closes
        "japanese": {"total_return": "percent", "volume": "thousands"},
        "swiss": {"close": "?", "total_return": "percent", "volume": "?"},
        "french": {"total_return": "percent"},
        "warehouse": {"close": "?", "volume": "?"},
    }


def test_other_files_are_left_alone_and_said(tmp_path):
    ODD["warehouse"](tmp_path)
    found = {
        each.file: (each.verdict, each.why[0].key) for each in recognise(tmp_path).found if not each.column and each.file
    }
    assert found == {
        "README.txt": (UNREAD, "no_table"),
        "across.csv": (ASKED, "field_unknown"),
        "logo.png": (UNREAD, "other_kind"),
        "returns.csv": (UNUSED, "no_table_of_ours"),
        "trades.csv": (UNUSED, "no_table_of_ours"),
        "users.csv": (UNUSED, "no_table_of_ours"),
    }
    prices = recognise(tmp_path).draft("prices")
    assert prices is not None
    assert [fact.values["places"] for fact in prices.why["file",] if fact.key == "fields_beside"] == [("across.csv",)]


def test_what_is_needed_and_was_not_found_is_named(tmp_path):
    ODD["swiss"](tmp_path)
    missing = {each.table: each.why[0].key for each in recognise(tmp_path).found if each.verdict == MISSING}
    assert missing == dict.fromkeys(("holdings", "shares"), "table_missing") | dict.fromkeys(
        ("fundamentals", "earnings", "indices", "constituents", "rates"), "table_absent"
    )


def test_a_rate_of_a_year_is_one_of_a_day_only_by_a_count_that_a_person_states(tmp_path):
    ODD["japanese"](tmp_path)
    stated = recognise(tmp_path).draft("rates").stated
    assert (stated["units"], stated["derived"]) == ({"yearly_rate": "percent"}, {"risk_free": OPEN})


def test_lists_of_a_custodian_say_cash_and_portfolio_as_they_are(tmp_path):
    ODD["french"](tmp_path)
    stated = recognise(tmp_path).draft("holdings").stated
    assert stated["file"] == "inventaire_{portfolio}_{date}.csv"
    assert (stated["cash"], stated["identifiers"], stated["derived"]) == ("LIQUIDITES", "isin", {"weight": "market_value"})


def test_a_damaged_file_is_said_and_the_others_are_looked_at(tmp_path):
    ODD["swiss"](tmp_path)
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    recognised = recognise(tmp_path)
    unread = {each.file: each.why[0].key for each in recognised.found if each.verdict == UNREAD}
    assert unread == {"broken.xlsx": "unreadable", "broken.parquet": "unreadable"}
    assert recognised.draft("prices") is not None


def test_a_header_and_the_cells_that_contradict_each_other_are_a_question(tmp_path):
    """Returns headed as basis points that are the changes of the closes in percent: either may be wrong."""
    ODD["swiss"](tmp_path)
    path = tmp_path / "Kurse.txt"
    text = path.read_text(encoding="latin-1").replace("Performance", "Performance (bp)")
    path.write_text(text, encoding="latin-1")
    assert recognise(tmp_path).draft("prices").stated["units"]["total_return"] == "?"
