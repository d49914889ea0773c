"""What is said of files and markets that nothing can be said of, as a new user would hand them over."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.market.market import build_market
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.tables import TABLES, empty_table, read_table
from tests.riskmodel.market.found import Tables

SHORT = "2025-01-01"
HOLDINGS = pd.DataFrame({"portfolio": "m", "date": "2025-03-31", "ticker": ["A", "B"], "weight": ["0.4", "0.6"]})
BESIDE = " beside file in [tables.holdings] of the book"


@pytest.fixture(scope="module")
def short(clean: Tables) -> Tables:
    """The clean market of some months, its levels and rates too."""
    by_day = ("prices", "indices", "constituents", "rates", "fx")
    return {n: t[t["date"] >= SHORT].reset_index(drop=True) if n in by_day else t for n, t in clean.items()}


def refused(tables: Tables) -> str:
    with pytest.raises(InputError) as caught:
        build_market(dict(tables))
    return str(caught.value)


def test_levels_of_a_total_return_index_given_as_returns_are_named(short: Tables) -> None:
    prices = short["prices"]
    growth = prices.groupby("ticker")["total_return"].transform(lambda r: (1 + r.fillna(0.0)).cumprod())
    for first in (1.0, 100.0, 23_456.0):
        told = refused(short | {"prices": prices.assign(total_return=first * growth)})
        assert re.match(r"prices: [\d,]+ total_returns that grow as the close does: 2025-01-0\d \w+ \(", told)
        assert told.endswith(
            "They look like levels of a total-return index. Give returns, the level over the level before, less 1; or say "
            'so in [tables.prices] of the book: columns = { total_return_index = "total_return" }, derived = { total_return '
            '= "total_return_index" }.'
        )


def test_returns_in_percent_and_prices_keep_their_own_words(short: Tables) -> None:
    prices = short["prices"]
    assert refused(short | {"prices": prices.assign(total_return=100 * prices["total_return"])}).endswith(
        "They look like percent; divide by 100."
    )
    assert "They look like prices; give returns" in refused(short | {"prices": prices.assign(total_return=prices["close"])})


@pytest.mark.parametrize(
    ("every", "word", "apart"),
    [("ME", "monthly", 31), ("W-FRI", "weekly", 7), ("QS", "quarterly", 91), ("YE", "yearly", 365)],
)
def test_prices_that_are_not_daily_are_refused_by_what_they_are(every: str, word: str, apart: int) -> None:
    days = pd.date_range("2015-01-01", periods=10, freq=every)
    prices = pd.DataFrame({"date": days, "ticker": "A", "close": 10.0, "total_return": 0.0, "volume": 1.0})
    told = refused({"prices": prices})
    assert told == (
        f"prices: 10 dates from {days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}, {apart} days apart at the median: they are "
        f"{word}. The model is estimated from daily returns: give the prices of every session."
    )


def test_monthly_prices_and_levels_are_one_message(short: Tables) -> None:
    def of_month_ends(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["date"].isin(table.groupby(table["date"].dt.to_period("M"))["date"].max())]

    long = {name: read_table("fixtures/small", name) for name in ("prices", "indices")}
    monthly = short | {name: of_month_ends(table) for name, table in long.items() if table is not None}
    told = refused(monthly)
    assert "they are monthly, and the levels of the indices too. " in told
    assert told.endswith("give the prices of every session, and the levels.")


def test_a_market_of_which_no_name_has_a_sector_is_refused(short: Tables) -> None:
    securities = short["securities"]
    told = refused(short | {"securities": securities.assign(sector=securities["sector"].mask(securities["sector"].notna()))})
    assert told.startswith("securities: no name of the prices has a sector: 'sector' is empty for all 60 names, ")
    assert told.endswith("The model gives each sector a return: fill the column; one label for all is one sector.")
    strange = securities.assign(ticker=[f"US{place:010d}" for place in range(len(securities))])
    assert refused(short | {"securities": strange}).startswith(
        f"securities: none of its {len(strange)} tickers is one of the prices: US0000000000, US0000000001, US0000000002 and "
    )


def test_a_fit_without_a_sector_says_so_and_does_not_fall(short: Tables) -> None:
    market = build_market(dict(short))
    bare = market.assign(sector=xr.full_like(market["sector"], ""))
    with pytest.raises(InputError, match="no day can be estimated"):
        rm.RiskModel().fit(bare)


def test_share_counts_that_are_all_the_same_or_of_nobody_are_refused(short: Tables) -> None:
    shares = short["shares"]
    told = refused(short | {"shares": shares.assign(shares_out=1e6)})
    assert told.startswith(f"shares: all {len(shares)} values of 'shares_out' are 1e+06: ")
    assert "They stand for what is not known, and would make every capitalisation a price. " in told
    for table, why in (
        (shares.head(0), "the table has no rows"),
        (shares.assign(ticker="X" + shares["ticker"]), f"none of its {len(shares)} rows is of a ticker of the prices ("),
        (
            shares.drop_duplicates("ticker").assign(available_from=pd.Timestamp("2026-01-01")),
            "the first is available from 2026-01-01, after the last session, 2025-03-31",
        ),
    ):
        told = refused(short | {"shares": table})
        assert told.startswith(f"shares: no name of the prices has a share count: {why}"), told
        assert "a benchmark of the largest is empty" in told and 'shares_out = "market_cap / close"' in told


def test_what_is_not_needed_may_be_absent_or_a_header_alone(short: Tables) -> None:
    optional = ("fundamentals", "earnings", "indices", "splits", "constituents", "rates", "fx")
    bare = {name: table for name, table in short.items() if name not in optional}
    bare["prices"] = bare["prices"].drop(columns="volume")
    bare["securities"] = bare["securities"][["ticker", "sector"]]
    headers = bare | {name: empty_table(name) for name in optional}
    markets = [build_market(dict(tables)) for tables in (bare, headers)]
    assert markets[0].sizes["filing"] == markets[1].sizes["filing"] == 0
    xr.testing.assert_identical(markets[0], markets[1])
    found = set(rm.evidence_report(markets[0])["key"])
    assert {"no_filings", "no_announcements"} <= found
    assert markets[0]["name"].to_numpy().tolist() == markets[0].get_index("asset").tolist()


def test_only_prices_shares_and_securities_are_required_of_a_market() -> None:
    assert [name for name, spec in TABLES.items() if spec.required] == ["prices", "shares", "securities"]


def read(folder: Path, text: str | bytes, name: str = "holdings") -> str:
    (folder / f"{name}.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        read_table(folder, name)
    return str(caught.value)


@pytest.mark.parametrize(("delimiter", "written"), [(";", ";"), ("\t", "\\t"), ("|", "|")])
def test_the_delimiter_that_would_do_is_named(tmp_path: Path, delimiter: str, written: str) -> None:
    text = HOLDINGS.to_csv(index=False, sep=delimiter)
    told = read(tmp_path, text)
    assert told.startswith(f"holdings: 'holdings.csv' is split by '{written}', not by ',': its first line is 'portfolio")
    assert f'State delimiter = "{written}" (and decimal = "," where it has decimal commas)' in told
    stated = {"holdings": TableMap(file="holdings.csv")}
    with pytest.raises(InputError) as caught:
        Exports(tmp_path, stated).table("holdings")
    assert str(caught.value) == told
    stated = {"holdings": TableMap(file="holdings.csv", delimiter=delimiter)}
    table = Exports(tmp_path, stated).table("holdings")
    assert table is not None and table["weight"].tolist() == [0.4, 0.6]


def test_lines_above_a_header_are_told_from_another_delimiter(tmp_path: Path) -> None:
    lines = "! simulated, not a market\n\n" + HOLDINGS.to_csv(index=False, sep="|")
    (tmp_path / "holdings.csv").write_text(lines)
    with pytest.raises(InputError) as caught:
        Exports(tmp_path, {"holdings": TableMap(file="holdings.csv", delimiter="|")}).table("holdings")
    assert str(caught.value) == (
        "holdings: 'holdings.csv' has lines above its header, which are split by no '|': the first is '! simulated, not a "
        'market\'. State skip = 2 beside file = "holdings.csv" in [tables.holdings] of the book.'
    )
    table = Exports(tmp_path, {"holdings": TableMap(file="holdings.csv", delimiter="|", skip=2)}).table("holdings")
    assert table is not None and len(table) == 2
    (tmp_path / "holdings.csv").write_text(HOLDINGS.to_csv(index=False, sep=";", decimal=","))
    with pytest.raises(InputError, match='State delimiter = ";"'):
        Exports(tmp_path, {"holdings": TableMap(file="holdings.csv")}).table("holdings")


def test_a_comma_in_the_place_of_the_stated_delimiter_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "holdings.csv").write_text(HOLDINGS.to_csv(index=False))
    with pytest.raises(InputError, match=re.escape("is split by ',', not by ';'")):
        Exports(tmp_path, {"holdings": TableMap(file="holdings.csv", delimiter=";")}).table("holdings")


@pytest.mark.parametrize(
    ("weights", "stated"),
    [
        (["4.1%", "95.9 %"], 'units = { weight = "percent" }'),
        (["0,4", "0,6"], 'decimal = ","'),
        (["#N/A", "0.6"], 'missing = ["#N/A"]'),
        (["1,234,567.5", "0.6"], 'thousands = ","'),
        (["1.234,5", "0,6"], 'decimal = ",", thousands = "."'),
        (["four", "0.6"], ""),
        (["1,234", "0.6"], 'thousands = ",", or decimal = ","'),
        (["1,234", "1,234,567"], 'thousands = ","'),
        (["1,234", "3,77,715.99"], 'thousands = ","'),
    ],
)
def test_what_to_state_of_numbers_is_said(tmp_path: Path, weights: list[str], stated: str) -> None:
    told = read(tmp_path, HOLDINGS.assign(weight=weights).to_csv(index=False))
    cure = f", or state {stated}{BESIDE}" if stated else ""
    assert told.endswith(f"Write plain decimals with a point and a minus sign{cure}.")


@pytest.mark.parametrize(
    ("dates", "stated"),
    [
        (["20250331", "20250430"], '"YYYYMMDD"'),
        (["31/03/2025", "30/04/2025"], '"DD/MM/YYYY"'),
        (["03/31/2025", "04/30/2025"], '"MM/DD/YYYY"'),
        (["03/04/2025", "04/05/2025"], '"DD/MM/YYYY" or "MM/DD/YYYY"'),
        (["2025/3/31", "2025/4/30"], '"YYYY/MM/DD"'),
        (["2025年3月31日", "2025年4月30日"], '"YYYY年MM月DD日"'),
        (["31-Mar-25", "30-Apr-25"], '"DD-MMM-YY"'),
        (["45747", "45777"], '"excel"'),
    ],
)
def test_the_form_of_dates_that_would_do_is_named(tmp_path: Path, dates: list[str], stated: str) -> None:
    told = read(tmp_path, HOLDINGS.assign(date=dates).to_csv(index=False))
    assert told.endswith(f"Write dates as YYYY-MM-DD, or state dates = {stated}{BESIDE}.")
    if " or " not in stated:  # what is advised reads them
        mapped = {"holdings": TableMap(file="holdings.csv", dates=stated.strip('"'))}
        table = Exports(tmp_path, mapped).table("holdings")
        assert table is not None and table["date"].dt.month.tolist() == [3, 4]


def test_other_slips_of_a_file_have_their_cure(tmp_path: Path) -> None:
    assert read(tmp_path, HOLDINGS.assign(date="2025-02-31").to_csv(index=False)).endswith(
        "There is no such day. Write dates as YYYY-MM-DD."
    )
    assert read(tmp_path, HOLDINGS.rename(columns=str.title).to_csv(index=False)).endswith(
        'State columns = { portfolio = "Portfolio", date = "Date", ticker = "Ticker", weight = "Weight" }'
        + BESIDE
        + ", or rename."
    )
    assert read(tmp_path, "") == "holdings: 'holdings.csv' is empty. Give it at least its header, or take it away."
    assert "(it may be utf-16: then state encoding" in read(tmp_path, HOLDINGS.to_csv(index=False).encode("utf-16"))
    assert "(it may be cp932: then state encoding" in read(
        tmp_path, HOLDINGS.assign(portfolio="大型").to_csv(index=False).encode("cp932")
    )
    assert read(tmp_path, b"PK\x03\x04 and more").startswith(
        "holdings: 'holdings.csv' is a workbook or a zip, whatever its name says. Save the sheet as CSV; or name it .xlsx"
    )
    wide = pd.DataFrame([[1.0] * 30], columns=[f"T{place}" for place in range(30)]).assign(date="2025-03-31")
    assert 'state layout = "wide" in [tables.prices], and [tables.prices.fields.close] with its file.' in read(
        tmp_path, wide.to_csv(index=False), "prices"
    )
    securities = pd.DataFrame({"ticker": ["A"], "GICS Sector": ["Energy"]})
    assert 'State columns = { sector = "GICS Sector" }' in read(tmp_path, securities.to_csv(index=False), "securities")


def test_a_table_of_another_name_or_kind_is_found(tmp_path: Path) -> None:
    (tmp_path / "Prices.CSV").write_text("a")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path, "prices")
    assert str(caught.value).endswith(" There is 'Prices.CSV': rename it to 'prices.csv'.")
    shutil.move(tmp_path / "Prices.CSV", tmp_path / "prices.xlsx")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path, "prices")
    assert str(caught.value).endswith(
        " There is 'prices.xlsx': state file = \"prices.xlsx\" in [tables.prices] of the book."
    )
