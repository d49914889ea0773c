"""What a book calls its courses, benchmarks and indices in a language, wherever a report prints them."""

import dataclasses
import io
import re

import openpyxl
import pytest

from attribution import InputError, read_book
from attribution.house_style.words import LANGUAGES
from attribution.portfolio.settings.sections import Report
from attribution.reporting.client.draft import client_draft
from attribution.reporting.client.page import render_client
from attribution.reporting.client.texts import client_texts
from attribution.reporting.commentary.check import check_commentary
from attribution.reporting.commentary.draft import draft
from attribution.reporting.commentary.html import to_html
from attribution.reporting.pages.page import render_page
from attribution.reporting.workbook.workbook import render_workbook
from tests.attribution.reporting.page_reader import plain_text
from tests.attribution.reporting.reports import table_sheet
from tests.conftest import SMALL, SMALL_MONTH

NAMES = {  # none holds a label of the book, so that what is left of one is found
    "Major 100": {"ja": "メジャー百", "en": "Large pure 1.5"},
    "Major 70 : Next 30": {"ja": "七対三", "en": "Seven to three"},
    "Major 50 : Next 50": {"ja": "五対五", "en": "Five to five"},
    "Major 30 : Next 70": {"ja": "三対七", "en": "Three to seven"},
    "Next Major 100": {"ja": "ネクスト百", "en": "Small pure"},
    "Large Index": {"ja": "大型株指数", "en": "Big List"},
    "Small Index": {"ja": "小型株指数", "en": "Little List"},
    "Wide Index": {"ja": "広域指数", "en": "Whole List"},
}


@pytest.fixture(scope="module")
def named(page_content):
    report = Report.model_validate(page_content.book.report.model_dump() | {"names": NAMES})
    return dataclasses.replace(page_content, book=page_content.book.model_copy(update={"report": report}))


def told(content, language):
    own = {"book": content.book, "month": SMALL_MONTH, "language": language, "limits": content.limits}
    own |= {"names": content.stock_names(language), "styles": content.style_texts}
    return draft(content.tables, notes=content.notes, **own), client_draft(content.tables, **own)


def left_of(text):
    return [label for label in NAMES if label in text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_of_a_sleeve_is_said_under_its_name_and_its_heading_has_the_course_once(named, language):
    commentary, client = told(named, language)
    laid = render_client(named, client_texts(client, named.book, language), language)
    whole = render_page(named, language, commentary=to_html(commentary, title=False), medium="print")
    for page in (laid, whole):
        sections = re.findall(r'<section class="sleeve".*?</section>', page, re.DOTALL)
        assert len(sections) == 2
        for section, course in zip(sections, ("Major 100", "Next Major 100"), strict=True):
            assert section.count(NAMES[course][language]) == 1
            assert section.count("(simulated)" if language == "en" else "（架空）") > 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_charts_and_drafts_print_the_names_of_the_language(named, language):
    commentary, client = told(named, language)
    pages = [
        render_page(named, language, commentary=to_html(commentary, title=False)),
        render_client(named, client_texts(client, named.book, language), language),
    ]
    for page in pages:
        shown = plain_text(page)
        assert left_of(shown) == []
        assert left_of(" ".join(re.findall(r'(?:aria-label|alt)="([^"]*)"', page))) == []
        assert all(name[language] in shown for label, name in NAMES.items() if label in named.results)
    for text in (commentary, client):
        assert left_of(re.sub(r"\(<#[^>]*>\)", "", text)) == []
        assert check_commentary(text, named.tables, book=named.book, month=SMALL_MONTH).empty


def test_the_workbook_prints_them_beside_its_tables_which_keep_the_keys(named):
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(named, "ja")))
    cells = {str(cell.value) for sheet in book.worksheets[:2] for row in sheet.iter_rows() for cell in row if cell.value}
    assert not [cell for cell in cells if left_of(cell)]
    assert {name["ja"] for label, name in NAMES.items() if label in named.results} <= set(book.sheetnames)
    assert {row[0].value for row in table_sheet(book, "performance").iter_rows(min_row=3, min_col=2)} & set(NAMES)
    labels = {tuple(cell.value for cell in row) for row in table_sheet(book, "labels").iter_rows(min_row=3)}
    assert ("course", "Major 100", "メジャー百") in labels


def test_the_ranking_of_the_sheet_of_charts_has_the_names_in_the_order_of_its_table(named):
    data = render_workbook(named, "ja")
    formulas, values = (openpyxl.load_workbook(io.BytesIO(data), data_only=cached) for cached in (False, True))
    sheet = next(sheet for sheet in formulas.worksheets[1:] if sheet._charts)
    place = sheet._charts[0].series[0].cat.strRef.f.split("!")[1].replace("$", "")
    cells = [row[0].coordinate for row in sheet[place]]
    table = list(named.tables["performance"]["course"])
    assert [values[sheet.title][cell].value for cell in cells] == [*(NAMES[course]["ja"] for course in table[:-1]), "平均"]
    assert all(f"!$B${row}" in sheet[cell].value for row, cell in enumerate(cells, 3))  # follow a table that is sorted anew


def test_a_blended_benchmark_is_composed_of_the_names(named):
    assert named.book.names("ja")["70% Large Index + 30% Small Index"] == "70% 大型株指数 + 30% 小型株指数"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '"Mayor 100" = "M"',
            r"\[report\.names\] names unknown 'Mayor 100'\. Nearest: 'Major 100'\. Known courses, .*Wide Index",
        ),
        ('"Major 100" = "A"\n"Next Major 100" = "A"', r"calls 'Major 100' 'A' in ja, and that is 'Next Major 100'"),
        ('"Major 100" = { ja = "Wide Index", en = "B" }', r"calls 'Major 100' 'Wide Index' in ja, and that is 'Wide Index'"),
        ('"Major 100" = 1', r"'Major 100' in \[report\.names\]: 1; give a text in quotes, or one for each language"),
    ],
)
def test_names_are_of_what_the_book_has_and_told_apart(tmp_path, line, message):
    text = (SMALL / "book.toml").read_text(encoding="utf-8") + f"\n[report.names]\n{line}\n"
    (tmp_path / "book.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_book(tmp_path / "book.toml")
