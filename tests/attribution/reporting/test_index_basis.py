"""Where the book says that an index is without dividends, the pages say so, and the figures to audit."""

from __future__ import annotations

import dataclasses
import tomllib

import pytest

from attribution.house_style.words import LANGUAGES, read_messages
from attribution.reporting.client.page import render_client
from attribution.reporting.client.texts import ClientTexts
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.figures_toml import figures_toml

INDEX = "Wide Index"  # of the tables of indices, no course's benchmark
TEXTS = ClientTexts("", {})


@pytest.fixture(scope="module")
def content(page_content):
    book = page_content.book.model_copy(update={"index_basis": {INDEX: "price", "Large Index": "total return"}})
    return dataclasses.replace(page_content, book=book)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_editions_say_which_indices_have_no_dividends(content, page_content, pages, language):
    said = read_messages(language)("index_basis.price", indices=INDEX)
    report, client = render_page(content, language), render_client(content, TEXTS, language)
    assert report.count(said) == 3  # with the basis of returns, below the weeks and below the windows
    assert client.count(said) == 2  # below the weeks and with the basis
    for page in (pages[language], render_client(page_content, TEXTS, language)):
        assert said not in page


@pytest.mark.parametrize("returns", ["holdings", "walked", "actual", "actual_after_fees"])
def test_no_text_says_that_all_returns_have_dividends(returns):
    words = {language: read_messages(language)(f"basis.{returns}") for language in LANGUAGES}
    assert "All returns" not in words["en"]
    assert "すべて" not in words["ja"]


def test_the_figures_to_audit_have_the_basis(content):
    basis = tomllib.loads(figures_toml(content))["index_basis"]
    assert basis[INDEX] == "price"
    assert set(basis.values()) == {"price", "total return"}
    assert basis["Small Index"] == "total return"
