"""Books that a page must survive: hostile names, what is missing, very little and very much."""

from __future__ import annotations

import dataclasses
import math
import re
import shutil

import pandas as pd
import pytest

import attribution as at
from attribution.house_style.words import LANGUAGES
from attribution.measures.limits import limits_table
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.content import build_content
from riskmodel import Fact
from riskmodel.market.tables import read_table
from tests.attribution.reporting.page_reader import Reader, plain_text
from tests.conftest import SMALL, SMALL_MONTH, of_few_draws, text_of_one

NASTY = "<script>x</script> & 'y' $a_b$ {z} | / : * %"
LONG = "あ" * 40
MAJOR = 'name = { ja = "メジャー（架空）", en = "Major (simulated)" }\n'


BLENDS = [f'"Major {share} : Next {100 - share}" = {{ major = 0.{share // 10}, next_major = 0.{10 - share // 10} }}\n'
          for share in (70, 50, 30)]  # fmt: skip

TRIED = [pytest.param(each, marks=[pytest.mark.slow] if each != "ja" else []) for each in LANGUAGES]  # odd books, not words


def remade(folder, market, model, *changes, month=SMALL_MONTH, holdings=None, blends=False, alone=False):
    """Content of a copy of the small book after changes to its text and its holdings; without blends unless asked, or with
    one course `alone`.
    """
    shutil.copytree(SMALL, folder, dirs_exist_ok=True)
    path = folder / "book.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in (*changes, *((blend, "") for blend in BLENDS if not blends)):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text_of_one(text) if alone else text, encoding="utf-8")
    if holdings is not None:
        holdings(read_table(folder, "holdings")).to_csv(folder / "holdings.csv", index=False)
    return build_content(at.read_book(path), market, of_few_draws(model), month)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, small_market, small_model):
    """A course, a sleeve, a style, a benchmark's index and the book's texts of the same nasty name."""
    name = NASTY.replace("'", "\\u0027")
    market = small_market.assign_coords(
        index=[f"I {NASTY}" if x == "Wide Index" else str(x) for x in small_market["index"].values]
    )
    return remade(
        tmp_path_factory.mktemp("hostile"), market, small_model,
        ('"Major 100" =', f'"{name}" ='), (MAJOR, f'name = {{ ja = "{name}", en = "{name}" }}\n'),
        ('style = { ja = "大型ハイクオリティ", en = "large-cap high quality" }', f'style = "{name}"'),
        ("hypothetical = true", f'hypothetical = "{name}"\ndisclaimer = "{name}"'), ('"Wide Index"', f'"I {name}"'),
        alone=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def bare(tmp_path_factory, small_market, small_model):
    """No limits, no indices, no constituents, a sleeve of one stock and of no name, a course of forty characters."""

    def one(holdings):
        major = holdings["portfolio"] == "major"
        first = holdings[major].groupby("date", sort=False).head(1).assign(weight=1.0)
        return pd.concat([first, holdings[~major]], ignore_index=True)

    return remade(
        tmp_path_factory.mktemp("bare"), small_market, small_model,
        ('indices = ["Large Index", "Small Index", "Wide Index"]\n', ""), ('"Next Major 100"', f'"{LONG}"'), (MAJOR, ""),
        ('constituents = "Large Index"', "largest = 60"), ('constituents = "Small Index"', "largest = 90"),
        ("names = [20, 25]\n", ""), ("weight_max = 0.10\n", ""),
        ("sector_deviation_max = 0.10      # active weight of one sector\n", ""),
        ('risk_band = { index = "Large Index", within = 0.10 }\n', ""), holdings=one,
    )  # fmt: skip


@pytest.fixture(scope="module")
def first_month(tmp_path_factory, small_market, small_model):
    """The month of inception."""
    return remade(tmp_path_factory.mktemp("first"), small_market, small_model, month="2024-03", alone=True)


def checked(content, language="en", **options):
    """A page that is well formed, has unique ids and shows neither a key nor a missing value."""
    page = render_page(content, language, **options)
    reader = Reader(page)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert not re.search(r"\b(nan|NaN|None|NaT|<NA>|inf)\b", plain_text(page))
    return page, reader


@pytest.mark.parametrize("language", TRIED)
def test_names_from_users_are_escaped_and_reach_the_page_whole(hostile, language):
    page, reader = checked(hostile, language)
    assert page.count("<script") == 1
    assert NASTY in [row[1].text for row in reader.of("performance")[0].rows[1:]]
    assert reader.of("index_weeks")[0].rows[0][3].text == f"I {NASTY}"
    assert sum(NASTY in heading for _, heading in reader.headings) == 1
    assert plain_text(page).count(NASTY) > 10
    assert "<script" not in render_page(hostile, language, medium="print")


@pytest.mark.parametrize("language", TRIED)
def test_a_book_without_limits_indices_and_constituents_has_a_page(bare, language):
    page, reader = checked(bare, language)
    assert 'id="weeks"' not in page
    assert reader.of("limits") == []
    assert {"ja": "運用制限は設定されていません。", "en": "The book sets no limits."}[language] in page


def test_a_sleeve_of_one_stock_and_no_name_and_a_course_of_forty_characters(bare):
    page, reader = checked(bare, "ja")
    assert LONG in page
    assert "Major 100の要因分析" in [heading for _, heading in reader.headings]
    rows = [row for table in reader.of("stock_contributions")[:2] for row in table.rows[1:]]
    held = [row for row in rows if len(row) > 2 and row[2].text == "100.00"]
    assert len(held) == 1


@pytest.mark.slow
def test_twelve_courses_stay_below_the_size_of_a_page(tmp_path, small_market, small_model):
    more = "".join(f'"Mix {share}" = {{ major = 0.{share}, next_major = {1 - share / 100:g} }}\n' for share in range(11, 18))
    content = remade(tmp_path, small_market, small_model, ('"Next Major 100"', f'{more}"Next Major 100"'), blends=True)
    page, reader = checked(content)
    assert len(reader.of("performance")[0].rows) == 14
    assert len(page.encode()) < 2.4e6  # half of it the tables to explore: each row has its days and its cells by factor


@pytest.mark.parametrize("language", TRIED)
def test_the_month_of_inception_has_no_month_before(first_month, language):
    page, reader = checked(first_month, language)
    assert {row[4].text for row in reader.of("exposures")[0].rows[1:]} == {{"ja": "－", "en": "n/a"}[language]}
    assert {"ja": "設定月のため、前月末の値はありません。", "en": "This is the month of inception"}[language] in page
    assert {"ja": "過去3カ月のグラフはありません", "en": "no chart of three months"}[language] in page


@pytest.mark.parametrize("language", TRIED)
def test_risk_that_cannot_be_told_is_said_and_not_drawn(page_content, language):
    tables = dict(page_content.tables)
    tables["risk"], tables["risk_factors"] = tables["risk"].iloc[:0], tables["risk_factors"].iloc[:0]
    limits = [
        dataclasses.replace(limit, ok=None, value=math.nan, details=(Fact("no_sleeve_forecast"),))
        if limit.rule == "risk_band"
        else limit
        for limit in page_content.limits
    ]
    tables["limits"] = limits_table(limits)
    reason = Fact("no_specific_risk", {"observations": 3, "needed": 20})
    notes = [*page_content.notes, Fact("no_forecast", {"date": "2025-03-31", "reason": reason})]
    untested = dataclasses.replace(page_content, tables=tables, limits=limits, notes=notes)
    page, reader = checked(untested, language)
    said = {"ja": "2025年3月31日の予想リスクは、", "en": "No risk is forecast for the close of 31 March 2025"}
    assert said[language] in page
    assert {"ja": "－ 判定不能", "en": "– not tested"}[language] in page
    assert reader.of("risk_factors") == []


@pytest.mark.slow
def test_a_book_whose_courses_are_all_blends_explains_each_sleeve_under_its_key(tmp_path, small_market, small_model):
    alone = [('"Major 100" = { major = 1.0 }\n', ""), ('"Next Major 100" = { next_major = 1.0 }\n', "")]
    alone += [(blend, "") for blend in BLENDS[1:]]
    page, reader = checked(remade(tmp_path, small_market, small_model, *alone, blends=True))
    assert {cell.key.split("|")[0] for cell in reader.traced if cell.table == "exposures"} == {"major", "next_major"}
    assert "course: major" not in page
