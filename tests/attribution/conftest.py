"""The shipped month's pages and report, made once for all tests of what is in them."""

import pytest

import attribution as at
from attribution.house_style.words import LANGUAGES
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.content import build_content
from tests.attribution.reporting.page_reader import Reader
from tests.conftest import SMALL_MONTH, of_one


@pytest.fixture(scope="session")
def lean_content(once, small_book, small_market, small_model):
    """Of one course: where what is shown is the same for each; read only."""
    return once("lean", lambda: build_content(of_one(small_book), small_market, small_model, SMALL_MONTH))


@pytest.fixture(scope="session")
def pages(once, page_content):
    return once("pages", lambda: {language: render_page(page_content, language) for language in LANGUAGES})


@pytest.fixture(scope="session")
def readers(pages):
    return {language: Reader(text) for language, text in pages.items()}


@pytest.fixture(scope="session")
def whole_report(once, tmp_path_factory, small_book):
    """Every file of the month in every language and format, by a fit that no store had; read only."""

    def write():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cold")))
            return at.report(small_book, month=SMALL_MONTH, out=tmp_path_factory.mktemp("whole") / "out")

    return once("report", write)
