"""A book of Japanese stocks: its market's name, the order of its sectors, its calendar and its prices in yen."""

from __future__ import annotations

import dataclasses
import importlib
import io
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution import InputError
from attribution.audit import audit_figures
from attribution.audit.identities import WEEKS
from attribution.audit.reading import parse_figures
from attribution.house_style.words import LANGUAGES, read_messages
from attribution.reporting.commentary.draft import draft
from attribution.reporting.pages.notes import _ended
from attribution.reporting.pages.page import render_page
from attribution.reporting.pages.words import page_words
from attribution.reporting.tables.content import build_content
from attribution.reporting.tables.figures_toml import figures_toml
from attribution.reporting.workbook.workbook import render_workbook
from riskmodel.facts import Fact
from riskmodel.market.calendar import is_session
from riskmodel.market.sector_order import require_sector_order, sectors_in_order
from tests.attribution.reporting.page_reader import Reader
from tests.attribution.reporting.reports import table_sheet
from tests.conftest import ROOT, of_few_draws

MONTH = "2025-03"
COURSE = "大型100"
COUNTRIES = ("米国", "日本株", "US ", "U.S.", "Japanese", "American")


def generator():
    sys.path.insert(0, str(ROOT / "fixtures"))
    try:
        return importlib.import_module("make_japan")
    finally:
        sys.path.remove(str(ROOT / "fixtures"))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """With one course, from February on: a month and the one before."""
    whole = at.read_book(generator().write(tmp_path_factory.mktemp("japan")))
    own = whole.sleeves["major"]
    general = whole.book.model_copy(update={"inception": pd.Timestamp("2025-02-03").date()})
    update = {
        "book": general,
        "courses": {COURSE: whole.courses[COURSE]},
        "sleeves": {"major": own},
        "benchmarks": {own.benchmark: whole.benchmarks[own.benchmark]},
    }
    return whole.model_copy(update=update)


@pytest.fixture(scope="module")
def market(book):
    return rm.read_market(book.source)


@pytest.fixture(scope="module")
def content(once, book, market):
    return once("japan", lambda: build_content(book, market, of_few_draws(rm.RiskModel().fit(market)), MONTH))


@pytest.fixture(scope="module")
def pages(content):
    return {language: render_page(content, language) for language in LANGUAGES}


def said_of(content, language):
    return draft(
        content.tables, book=content.book, month=MONTH, language=language, notes=content.notes, styles=content.style_texts
    )


def test_every_text_calls_the_market_what_the_book_calls_it(pages, content):
    workbook = openpyxl.load_workbook(io.BytesIO(render_workbook(content, "ja")))
    cells = {str(cell.value) for sheet in workbook for row in sheet.iter_rows() for cell in row if cell.value}
    told = " ".join([pages["ja"], said_of(content, "ja"), *cells])
    assert "日本株感応度" in pages["ja"] and "日本株感応度" in cells and "60日ベータ（対日本市場）" in pages["ja"]
    assert "日本株感応度" in said_of(content, "ja")
    assert "米国" not in told and "{market}" not in told and "{whole_market}" not in told
    english = pages["en"] + said_of(content, "en")
    assert "60-day beta to the Japanese market" in english and "Market sensitivity" in english
    assert not any(word in english for word in ("US market", "米国", "{market}", "{whole_market}"))
    figure = content.results[COURSE].plot.factors(lang="ja")
    assert "日本株感応度" in {text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_book_that_does_not_name_its_market_names_no_country_unless_it_is_in_dollars(book, content, language):
    nameless = book.model_copy(update={"book": book.book.model_copy(update={"market": None})})
    texts = content.style_texts
    bare = read_messages(language, texts, market=nameless.market_name)
    told = {
        bare.factor("market_sensitivity"),
        bare.name("descriptors", "market_sensitivity"),
        bare.name("descriptors", "market_sensitivity_252"),
        *bare.table["commentary"]["high"].values(),
        *bare.table["commentary"]["low"].values(),
    }
    assert not [text for text in told if any(country in text for country in COUNTRIES) or "{market" in text]
    wanted = {"ja": "市場感応度", "en": "Market sensitivity"}[language]
    assert wanted in told and {"ja": "60日ベータ（対市場）", "en": "60-day beta to the market"}[language] in told
    dollars = nameless.model_copy(update={"book": nameless.book.model_copy(update={"currency": "USD"})})
    of_dollars = read_messages(language, texts, market=dollars.market_name)
    today = {
        "ja": ["米国株感応度", "60日ベータ（対米国市場）", "米国株感応度の高い銘柄"],
        "en": ["Market sensitivity", "60-day beta to the US market", "high market sensitivity"],
    }[language]
    assert [
        of_dollars.factor("market_sensitivity"),
        of_dollars.name("descriptors", "market_sensitivity"),
        of_dollars.table["commentary"]["high"]["market_sensitivity"],
    ] == today


@pytest.mark.parametrize(
    ("name", "japanese", "english"),
    [
        ({"ja": "日本株式", "en": "Japanese equities"}, "60日ベータ（対日本市場）", "60-day beta to the Japanese market"),
        ({"ja": "欧州市場", "en": "European stocks"}, "60日ベータ（対欧州市場）", "60-day beta to the European market"),
        ({"ja": "TOPIX", "en": "TOPIX"}, "60日ベータ（対TOPIX市場）", "60-day beta to the TOPIX market"),
        ({"ja": "株", "en": "equity"}, "60日ベータ（対市場）", "60-day beta to the equity market"),
    ],
)
def test_the_whole_market_is_named_after_its_stocks(name, japanese, english):
    assert read_messages("ja", market=name).name("descriptors", "market_sensitivity") == japanese
    assert read_messages("en", market=name).name("descriptors", "market_sensitivity") == english


def test_sectors_keep_their_official_order_in_every_table(content, market):
    official = list(sectors_in_order(market))
    assert len(official) == 17 and official[0] == "食品" and official[-1] == "不動産" and official != sorted(official)
    tables = content.tables
    sector = tables["factor_month"]["group"] == "sector"
    assert tables["factor_month"]["factor"][sector].tolist() == official
    of_day = tables["factor_returns"].groupby("date", sort=False)["factor"].apply(list)
    assert all([f for f in day if f in official] == official for day in of_day)
    for name in ("factor_contributions", "risk_factors"):
        assert tables[name]["factor"][tables[name]["factor"].isin(official)].tolist() == official
    assert tables["brinson"]["group"].tolist() == [*official, "CASH", "(proxy)"]
    split = tables["brinson_by_factor"]
    assert list(dict.fromkeys(split["group"])) == [*official, "CASH", "(proxy)"]
    result = content.results[COURSE]
    assert result.by("sector").index.tolist() == [*official, "CASH", "(proxy)"]
    assert [f for f in result.by("factor").index if f in official] == official
    pairs = result.by("sector", "factor")
    assert list(dict.fromkeys(pairs.index.get_level_values("sector"))) == [*official, "CASH", "(proxy)"]
    assert abs(result.by("sector").sum() - result.excess_return) < 1e-12
    assert [g for g in result.brinson("sector")["group"] if g in official] == official


@pytest.mark.parametrize("language", LANGUAGES)
def test_sectors_keep_their_official_order_on_every_page_and_chart(pages, content, market, language):
    messages = content.messages(language)
    official = [messages.factor(sector) for sector in sectors_in_order(market)]
    seen = 0
    for table in Reader(pages[language]).tables:
        first = [row[0] for row in table.texts if row]
        shown = [text for text in first if text in official]
        if len(shown) == len(official):
            seen += 1
            assert shown == official
    assert seen >= 5
    result = content.results[COURSE]
    for figure, least in ((result.plot.factors(lang=language), 0), (result.plot.brinson(lang=language), 10)):
        drawn = [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
        whole = [text for text in drawn if text in official]
        assert len(whole) >= least and whole == [text for text in official if text in whole]  # long names are shortened


def test_the_workbook_keeps_the_order_and_the_zeros_of_codes(content, market):
    workbook = openpyxl.load_workbook(io.BytesIO(render_workbook(content, "ja")))
    official = list(sectors_in_order(market))
    rows = list(table_sheet(workbook, "stock_contributions").iter_rows(min_row=3, values_only=True))
    assert set(content.tables["stock_contributions"]["ticker"]) == {row[1] for row in rows} and len(rows) > 100
    assert "0130" in market.get_index("asset") and all(isinstance(row[1], str) for row in rows)
    seen = 0
    for sheet in workbook:
        for column in sheet.iter_cols(values_only=True):
            shown = [value for value in column if value in official]
            if len(shown) == len(official):
                seen += 1
                assert shown == official
    assert seen >= 3


def test_sectors_in_japanese_have_english_names_on_the_english_page(pages):
    text = pages["en"]
    for name in ("Foods", "Electric Appliances &amp; Precision Instruments", "Financials (Ex Banks)"):
        assert name in text
    assert "金融（除く銀行）" in pages["ja"]


def test_one_spelling_in_full_width_is_no_finding(content):
    assert not [each for each in content.evidence if each.finding.key == "respelt"]


def test_the_audit_of_a_japanese_report_goes_by_tokyo(content):
    text = figures_toml(content)
    assert 'currency = "JPY"\ncalendar = "XTKS"\n' in text
    figures = parse_figures(tomllib.loads(text, parse_float=Decimal), Path("figures.toml"))
    audit = audit_figures(figures)
    assert not audit.findings and audit.ran[WEEKS] and not audit.not_run.get(WEEKS)
    without = audit_figures(dataclasses.replace(figures, calendar=""))
    assert 'no calendar for JPY (calendar = "XTKS", say, names one)' in without.not_run[WEEKS]
    weeks = [
        dataclasses.replace(week, end=pd.Timestamp("2025-03-19").date()) if week.end.day == 21 else week
        for week in figures.weeks
    ]
    told = {
        exchange: str(audit_figures(dataclasses.replace(figures, calendar=exchange, weeks=tuple(weeks))).findings)
        for exchange in ("XTKS", "XNYS")
    }
    assert "2025-03-21" in told["XTKS"] and "2025-03-20" not in told["XTKS"]  # a holiday in Tokyo
    assert "2025-03-20" in told["XNYS"]


def test_days_are_tokyos(market):
    days = market.get_index("time")
    assert all(is_session(day.date(), "XTKS") for day in days)
    assert pd.Timestamp("2024-12-31") not in days and pd.Timestamp("2024-11-28") in days  # Thanksgiving


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("ja", "1株当たり2,535円を受け取りました。2024年12月13日の最後の終値2,437円"),
        ("en", "paid out at 2,535 yen a share"),
    ],
)
def test_prices_in_yen_are_whole_and_say_so(book, language, told):
    values = {"sleeve": "major", "ticker": "0130", "date": "2024-12-18", "last_trade": "2024-12-13"}
    note = Fact("ended", values | {"close": 2437.4, "weight": 0.04, "value": 2535.0})
    assert told in _ended(note, page_words(book, language))
    dollars = book.model_copy(update={"book": book.book.model_copy(update={"currency": "USD"})})
    assert "2,437.40" in _ended(note, page_words(dollars, language))


def test_a_calendar_that_no_exchange_has_is_refused(small_copy):
    folder, _, _ = small_copy
    path = folder / "book.toml"
    path.write_text(path.read_text().replace('currency = "USD"', 'currency = "JPY"\ncalendar = "Tokyo"'))
    with pytest.raises(InputError) as caught:
        at.read_book(path)
    assert str(caught.value) == (
        "book.toml: 'calendar' in [book]: 'Tokyo'; give an exchange's code, such as XTKS for Tokyo or XNYS for New York."
    )


@pytest.mark.parametrize(
    ("sectors", "places", "message"),
    [
        (
            {"1301": "食品", "2002": "食品", "8306": "銀行"},
            {"1301": 1.0, "2002": 2.0, "8306": 15.0},
            "securities: 1 sector with more than one place in 'sector_order': '食品' (1301 食品 1, 2002 食品 2). "
            "Give each sector one number, such as its code in TOPIX-17.",
        ),
        (
            {"1301": "食品", "8306": "銀行"},
            {"1301": 1.0, "8306": 1.0},
            "securities: 1 place with more than one sector in 'sector_order': 1 (1301 食品 1, 8306 銀行 1). "
            "Give each number to one sector, such as its code in TOPIX-17.",
        ),
    ],
)
def test_an_order_that_is_none_is_refused(sectors, places, message):
    with pytest.raises(InputError) as caught:
        require_sector_order(pd.Series(sectors), pd.Series(places))
    assert str(caught.value) == message


def test_sectors_without_a_place_come_last_by_name():
    labels = {"sector": ("asset", ["b", "c", "a", ""]), "sector_order": ("asset", [float("nan"), 2.0, float("nan"), 1.0])}
    assert sectors_in_order(xr.Dataset(labels)) == ("c", "a", "b")
    assert sectors_in_order(xr.Dataset(labels).assign(sector_order=("asset", [float("nan")] * 4))) == ()
    assert sectors_in_order(xr.Dataset(labels).drop_vars("sector_order")) == ()
