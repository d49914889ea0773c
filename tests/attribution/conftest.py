"""The shipped month's content, computed once for all tests of what is made of it."""

import pytest

from attribution.house_style.words import LANGUAGES
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.content import build_content
from tests.attribution.reporting.page_reader import Reader
from tests.conftest import SMALL_MONTH


@pytest.fixture(scope="session")
def page_content(small_book, small_market, small_model):
    return build_content(small_book, small_market, small_model, SMALL_MONTH)


@pytest.fixture(scope="session")
def pages(page_content):
    return {language: render_page(page_content, language) for language in LANGUAGES}


@pytest.fixture(scope="session")
def readers(pages):
    return {language: Reader(text) for language, text in pages.items()}
