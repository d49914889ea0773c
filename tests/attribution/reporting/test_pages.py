"""The pages as documents: nothing to load, accessible, safe, in the house's style, and the same on each run."""

import dataclasses
import io
import itertools
import re

import openpyxl
import pandas as pd
import pytest

from attribution import InputError
from attribution.house_style.words import LANGUAGES, read_messages
from attribution.portfolio.settings.bound_types import Words
from attribution.portfolio.settings.sections import Negative
from attribution.portfolio.settings.walked import Walked
from attribution.reporting.client.draft import client_draft
from attribution.reporting.client.page import render_client
from attribution.reporting.client.texts import client_texts
from attribution.reporting.pages.page import page_sections, render_page
from attribution.reporting.pages.words import page_words
from attribution.reporting.workbook.workbook import render_workbook
from riskmodel.factors import STYLE_TABLES
from riskmodel.model.given import DESCRIPTOR
from tests.attribution.reporting.page_reader import Reader, plain_text


def with_book(content, **changes):
    """The same month of a book with other settings of its report."""
    report = content.book.report.model_copy(update=changes)
    return dataclasses.replace(content, book=content.book.model_copy(update={"report": report}))


@pytest.fixture(scope="session")
def printed(page_content):
    return {language: render_page(page_content, language, medium="print") for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_loads_nothing(pages, printed, readers, language):
    for page in (pages[language], printed[language]):
        assert set(re.findall(r"https?://[^\"' <]*", page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert not re.search(r"<(link|img|iframe|object)\b|@import|url\((?!#)|<script [^>]|\son\w+=|fetch\(|XMLHttp", page)
    assert all(link.startswith("#") for link in readers[language].links)


@pytest.mark.parametrize("language", LANGUAGES)
def test_print_has_neither_scripts_nor_tables_to_explore_and_the_screen_has_both(pages, printed, language):
    assert pages[language].count("<script>") == 1
    assert 'id="explorer"' in pages[language]
    assert "<script" not in printed[language] and 'id="explorer"' not in printed[language]
    assert "data-v" not in printed[language] and "data-k" not in printed[language]
    screen = re.sub(r'<section class="explorer".*?</section>', "", pages[language], flags=re.DOTALL)
    shown = [[table.texts for table in Reader(page).tables] for page in (screen, printed[language])]
    assert shown[0] == shown[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_ids_are_unique_and_every_reference_is_found(pages, readers, language):
    ids = readers[language].ids
    assert len(ids) == len(set(ids))
    referred = re.findall(r"url\(#([^)]+)\)", pages[language]) + [link[1:] for link in readers[language].links]
    referred += [attrs["aria-labelledby"] for _, attrs in readers[language].tags if "aria-labelledby" in attrs]
    assert set(referred) <= set(ids)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_well_formed_accessible_and_its_headings_in_order(readers, language):
    reader = readers[language]
    assert reader.open == []
    levels = [level for level, _ in reader.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    names = [tag for tag, _ in reader.tags]
    assert names.count("caption") == names.count("table")
    assert all(table.caption.strip() for table in reader.tables)
    assert {"header", "nav", "main"} <= set(names)
    assert all("scope" in attrs for tag, attrs in reader.tags if tag == "th")
    svgs = [attrs for tag, attrs in reader.tags if tag == "svg"]
    assert all(
        svg["role"] == "img" and re.search(r"\d", svg["aria-label"]) for svg in svgs
    )  # a finding, not a kind of chart
    assert next(attrs for tag, attrs in reader.tags if tag == "html") == {"lang": language}


def test_every_section_stands_in_the_contents_in_the_order_of_the_page(page_content, pages, readers):
    words = page_words(page_content.book, "ja")
    sections = page_sections(page_content, words, commentary="<p>x</p>")
    assert [section.key for section in sections][:4] == ["ranking", "commentary", "weeks", "cumulative"]
    titles = [title for level, title in readers["ja"].headings if level == 2][1:]
    assert titles == [section.title for section in sections if section.key != "commentary"]
    links = re.findall(r'href="#([^"]+)"', pages["ja"][pages["ja"].index("<nav") : pages["ja"].index("</nav>")])
    assert links == [section.key for section in sections if section.key != "commentary"]


def test_commentary_and_fonts_are_put_in_as_they_are(page_content):
    page = render_page(
        page_content, "ja", medium="print", fonts="@font-face { font-family: X }", commentary="<p><b>本文</b></p>"
    )
    assert "@font-face { font-family: X }" in page.split("</style>")[0]
    assert "<p><b>本文</b></p>" in page
    assert "運用コメント" in page


def test_negative_numbers_are_in_the_house_style_of_each_language(lean_content, pages):
    assert "△" in pages["ja"] and "−0" not in plain_text(pages["ja"])
    assert "−" in pages["en"] and "△" not in pages["en"]
    other = with_book(lean_content, negative=Negative(ja="▲", en="parentheses"))
    japanese = render_page(other, "ja", medium="print")
    assert "▲" in japanese and "△" not in japanese
    assert re.search(r"\(\d+\.\d\d<span class=\"hang\">\)", render_page(other, "en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_is_a_negative_zero_and_no_key_or_missing_value_shows(pages, language):
    text = plain_text(pages[language])
    assert not re.search(r"[-−△▲(+]0\.0+(?!\d)", text)
    assert not re.search(r"\b(nan|NaN|None|NaT|<NA>|inf)\b", text)
    assert not re.search(r"\b[a-z]+_[a-z]+\b|[{}]", text)


def test_two_renders_are_identical(page_content, pages):
    assert render_page(page_content, "ja") == pages["ja"]


def flat(table, prefix=""):
    return {
        key: text
        for name, value in table.items()
        for key, text in (flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}).items()
    }


def test_the_languages_have_the_same_messages_with_the_same_places():
    japanese, english = (flat(read_messages(language).table) for language in LANGUAGES)
    assert list(japanese) == list(english)
    parts = ("month", "date", "short_date", "short_month")  # of which languages write dates, each from its own
    dates = {f"words.{part}" for part in parts}
    for key in japanese.keys() - dates:
        assert set(re.findall(r"{\w+}", japanese[key])) == set(re.findall(r"{\w+}", english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_are_written_in_one_form_alone(pages, language):
    shown = re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", pages[language], flags=re.DOTALL)
    assert re.findall(r"\d{4}-\d{2}-\d{2}|(?<![\d/.])\d{1,2}/\d{1,2}(?![\d/])", shown) == []
    assert {"en": "31 Mar", "ja": "3月31日"}[language] in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_factor_and_descriptor_of_the_model_has_a_name(language):
    messages = read_messages(language)
    styles = [style for table in STYLE_TABLES.values() for style in table]
    assert all({"en", "ja"} <= style.texts.keys() for style in styles)
    described = {descriptor for style in styles for descriptor in style.parts} | {DESCRIPTOR}
    assert described == messages.table["descriptors"].keys()


def test_house_words_stand_on_the_japanese_page(pages):
    for word in ("騰落率", "超過収益", "寄与度", "設定来", "組入比率", "ベンチマーク", "米国株感応度", "財務安全性"):
        assert word in pages["ja"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_counts_as_a_driver_is_said_below_the_drivers_and_before_anything_else(pages, language):
    after = [part.split("</dl>", 1)[1] for part in pages[language].split('<dl class="drivers">')[1:]]
    said = read_messages(language)("sleeve.drivers_note", bp="5", share="5%", rate="5%")
    note = f'<p class="note">{said}</p>'
    assert after and all(part.lstrip().startswith(note) for part in after)


def test_an_unknown_sector_keeps_its_label_and_an_unknown_language_is_refused(page_content):
    assert read_messages("ja").factor("Shipping") == "Shipping"
    with pytest.raises(InputError, match="language 'fr': the pages are written in ja, en"):
        page_words(page_content.book, "fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_disclaimer_and_a_plain_statement_of_hypothetical_performance_stand_on_the_cover(lean_content, pages, language):
    said = {"ja": "モデルポートフォリオを用いて計算した仮定の実績です。", "en": "The performance shown is hypothetical"}[
        language
    ]
    assert said in pages[language].split("<nav")[0]
    plain = with_book(lean_content, hypothetical=False, disclaimer=Words(ja="架空の<運用>です。", en="Not <advice>."))
    cover = render_page(plain, language, medium="print").split("<nav")[0]
    assert said not in cover
    assert {"ja": "架空の&lt;運用&gt;です。", "en": "Not &lt;advice&gt;."}[language] in cover
    own = with_book(lean_content, hypothetical=Words(ja="架空です。", en="Not real."))
    assert {"ja": "架空です。", "en": "Not real."}[language] in render_page(own, language, medium="print").split("<nav")[0]


WALK = Walked(
    strategy="major",
    walks=2,
    searched=363,
    counterpart={"figure": "sortino", "in_sample": 1.5, "out_of_sample": 0.25, "months": "2024-12/2025-03"},
)
SAID = {  # of a book whose lists a walk made
    "en": ("Simulated in hindsight", "behind these figures: 365 (", "a Sortino ratio of 1.50 on the months"),
    "ja": ("過去にさかのぼったシミュレーションです", "既知の試行回数：365回", "ソルティノ・レシオは選択に使った月で1.50"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_book_of_a_walk_says_of_how_many_trials_and_what_came_of_them_wherever_it_has_figures(lean_content, language):
    book = lean_content.book.model_copy(update={"walk": WALK})
    content = dataclasses.replace(lean_content, book=book)
    cover = render_page(content, language, medium="print").split("<nav")[0]
    sheet = openpyxl.load_workbook(io.BytesIO(render_workbook(content, language))).worksheets[0]
    cells = " ".join(str(value) for row in sheet.iter_rows(values_only=True) for value in row)
    for told in SAID[language]:
        assert told in cover and told in cells


@pytest.mark.parametrize(
    ("walk", "fee", "english", "japanese"),
    [
        (None, None, "before fees, taxes and trading costs", "売買コストを控除する前の値です"),
        (WALK, 0.0, "after the trading costs that its strategy states", "戦略の定める売買コストを控除した後"),
        (None, 0.0, "the data name no fees", "控除した報酬の記載はデータにありません"),
        (None, 0.001, "after trading costs and the fees", "売買コストとデータに記載の報酬を控除した後"),
    ],
)
def test_what_is_taken_off_returns_is_said_as_it_is(lean_content, walk, fee, english, japanese):
    table = None if fee is None else pd.DataFrame({"portfolio": ["major"], "return": [0.01], "fee": [fee]})
    book = lean_content.book.model_copy(update={"walk": walk, "actual_returns": table})
    content = dataclasses.replace(lean_content, book=book)
    for language, told in (("en", english), ("ja", japanese)):
        assert told in render_page(content, language, medium="print").split("<nav")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_tag_of_a_page_stands_in_it_as_text(pages, printed, lean_content, language):
    text = client_draft(
        lean_content.tables, book=lean_content.book, month=lean_content.month, language=language,
        names=lean_content.stock_names(language), limits=lean_content.limits, styles=lean_content.style_texts,
    )  # fmt: skip
    client = render_client(lean_content, client_texts(text, lean_content.book, language), language)
    for page in (pages[language], printed[language], client):
        assert '<span class="item">' in page  # made of a table's cells, through which no markup may go as plain text
        assert not re.search(r"&lt;/?[a-z]+", page)
