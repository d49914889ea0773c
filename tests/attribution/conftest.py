"""The shipped month's content, pages and report, made once for all tests of what is in them."""

import pytest

import attribution as at
from attribution.house_style.words import LANGUAGES
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.content import build_content
from tests.attribution.reporting.page_reader import Reader
from tests.conftest import SMALL_MONTH


@pytest.fixture(scope="session")
def page_content(once, small_book, small_market, small_model):
    return once("content", lambda: build_content(small_book, small_market, small_model, SMALL_MONTH))


@pytest.fixture(scope="session")
def pages(once, page_content):
    return once("pages", lambda: {language: render_page(page_content, language) for language in LANGUAGES})


@pytest.fixture(scope="session")
def readers(pages):
    return {language: Reader(text) for language, text in pages.items()}


@pytest.fixture(scope="session")
def whole_report(once, tmp_path_factory, small_book):
    """Every file of the month in every language and format; read only."""

    def write():
        return at.report(small_book, month=SMALL_MONTH, out=tmp_path_factory.mktemp("whole") / "out")

    return once("report", write)
