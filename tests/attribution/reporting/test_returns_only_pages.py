"""A benchmark that is only returns, and a fund, as a reader meets them: estimated exposures are called so wherever shown."""

from __future__ import annotations

import html
import io
import json
import re

import openpyxl
import pytest

from attribution.house_style.words import LANGUAGES
from attribution.portfolio.settings.sections import Benchmark, Fund
from attribution.reporting.commentary.check import check_commentary
from attribution.reporting.commentary.draft import draft
from attribution.reporting.files import manifest
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.content import build_content
from attribution.reporting.workbook.workbook import render_workbook
from tests.attribution.conftest import holding_fund
from tests.conftest import SMALL_MONTH, of_few_draws, of_one

ESTIMATED = {"en": "are estimated from the returns of up to 120 sessions and not observed", "ja": "騰落率から推定したもの"}
NOT_TOLD = {"en": "n/a: of Large Index only returns are known", "ja": "Large Indexは騰落率しか分から"}
DRAFTED = {"en": "are estimated from its returns; standard errors allow for this", "ja": "騰落率から推定したものです"}
FUND = {"en": "holds the fund NM, 9.", "ja": "はファンドNMを保有しています（平均9."}
ROW = {"en": "Large Index (returns only)", "ja": "Large Index（リターンのみ）"}


@pytest.fixture(scope="module")
def content(small_book, small_market, small_model):
    """Of one course, against returns alone, with a tenth in a fund whose list is the other portfolio of the holdings."""
    book = holding_fund(of_one(small_book), "NM", Fund(constituents="next_major"))
    book = book.model_copy(update={"benchmarks": {"Large Index": Benchmark(returns_only=True)}})
    return build_content(book, small_market, of_few_draws(small_model), SMALL_MONTH)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("medium", ["screen", "print"])
def test_pages_say_at_factors_exposures_and_risk_that_they_are_estimated_and_why_brinson_is_not_there(
    content, language, medium
):
    text = html.unescape(re.sub(r"<[^>]+>", "", render_page(content, language, medium=medium)))
    assert text.count(ESTIMATED[language]) == 3
    assert text.count(NOT_TOLD[language]) >= 2  # Brinson, and the limit of sectors
    assert FUND[language] in text
    assert (ROW[language] in text) == (medium == "screen")  # in the tables to explore


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_draft_says_so_and_its_figures_hold(content, language):
    text = draft(
        content.tables, book=content.book, month=SMALL_MONTH, language=language, limits=content.limits, notes=content.notes
    )
    assert DRAFTED[language] in text
    assert check_commentary(text, content.tables, book=content.book, month=SMALL_MONTH).empty


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_says_so_on_the_courses_sheet(content, language):
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(content, language)))
    texts = [str(cell.value) for row in book["Major 100"].iter_rows() for cell in row if cell.value is not None]
    assert sum(ESTIMATED[language] in text for text in texts) == 1


def test_the_manifest_says_so(content):
    told = json.loads(manifest(content.book, content, {}))
    assert told["estimated_benchmarks"] == {
        "Large Index": {"exposures": "estimated from returns", "sessions": 120, "label": "(benchmark)"}
    }


def test_the_tables_have_no_zero_in_the_place_of_what_cannot_be_told(content):
    assert content.tables["brinson"].empty and content.tables["brinson_by_factor"].empty
    figures = content.tables["figures"].set_index("measure")["value"]
    assert figures[["active_share_mean", "active_share_end"]].isna().all()
    exposures = content.tables["exposures"]
    assert (exposures["benchmark_exposure"] != 0).all() and exposures["benchmark_exposure"].notna().all()
    assert exposures["active_before"].notna().all()
