"""Returns net of fees stand beside those before, named as such, for the courses whose fees the book has."""

from __future__ import annotations

import dataclasses

import pytest

from attribution.house_style.words import LANGUAGES, read_messages
from attribution.measures.track_record import periods_table, record_table
from attribution.reporting.client.page import render_client
from attribution.reporting.client.texts import ClientTexts
from attribution.reporting.pages.page import render_page

COURSE, FEE = "Major 100", 0.0055


@pytest.fixture(scope="module")
def content(page_content, small_market):
    book = page_content.book.model_copy(update={"fees": {COURSE: FEE}})
    courses = page_content.tables["periods"]["course"].unique()
    given = (page_content.history, courses, small_market, page_content.month, book.fees)
    tables = page_content.tables | {"periods": periods_table(*given), "record": record_table(*given)}
    return dataclasses.replace(page_content, book=book, tables=tables)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_editions_name_net_returns_and_the_fee(content, page_content, pages, language):
    t, texts = read_messages(language), ClientTexts("", {})
    report, client = render_page(content, language), render_client(content, texts, language)
    without = {report: pages[language], client: render_client(page_content, texts, language)}
    for page, plain in without.items():
        assert page.count(f">{t('net_of_fees.row')}</th>") == 1  # of the one course that has a fee
        assert t("net_of_fees.fee", fee="0.55", course=COURSE) in page
        assert t("net_of_fees.row") not in plain
    assert t("record_measures.net_annualised_return") in report
