"""A sleeve that is younger than its book: the windows that it does not cover are n/a, and nothing else is another."""

import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.house_style.words import LANGUAGES
from attribution.measures.performance import follow_book
from attribution.portfolio.begun import begun_by, book_of, books_of, inception_of
from attribution.portfolio.check import check_inputs
from attribution.portfolio.course import follow_course
from attribution.portfolio.periods import read_period
from attribution.reporting.pages.page import page_sections
from attribution.reporting.pages.words import page_words
from attribution.reporting.tables.content import build_content
from attribution.reporting.tables.notes import begun_notes
from riskmodel.errors import InputError
from tests.conftest import of_few_draws

BEGINS = datetime.date(2024, 10, 1)
COURSES = ("Major 100", "Major 50 : Next 50", "Next Major 100")
YOUNG = COURSES[1:]


def with_inception(book, day, **sleeve):
    """A book whose second sleeve begins on a day: it has no lists of before."""
    holdings = book.holdings
    early = (holdings["portfolio"] == "next_major") & (holdings["date"] < pd.Timestamp(day) - pd.Timedelta(days=1))
    own = book.sleeves["next_major"].model_copy(update={"inception": day})
    return book.model_copy(
        update={
            "sleeves": book.sleeves | {"next_major": own},
            "holdings": holdings[~early],
            "courses": {name: book.courses[name] for name in COURSES},
        }
    )


@pytest.fixture(scope="module")
def young(small_book):
    return with_inception(small_book, BEGINS)


@pytest.fixture(scope="module")
def content(once, young, small_market, small_model):
    return once("young", lambda: build_content(young, small_market, small_model, "2025-03"))


def test_a_course_begins_with_the_youngest_of_its_sleeves(young):
    assert [f"{inception_of(young, name):%Y-%m-%d}" for name in COURSES] == ["2024-03-01", "2024-10-01", "2024-10-01"]
    assert book_of(young, "Major 100") is young
    assert book_of(young, "next_major").book.inception == BEGINS
    parts = books_of(young)
    assert [(part.book.inception, list(part.courses), list(part.sleeves)) for part in parts] == [
        (young.book.inception, ["Major 100"], ["major"]),
        (BEGINS, list(YOUNG), ["major", "next_major"]),
    ]


def test_the_month_is_what_it_is_of_a_book_that_has_the_whole_history(content, page_content):
    for name in ("performance", "stock_contributions", "factor_contributions", "brinson", "exposures", "figures", "risk"):
        key = "course"
        own, other = content.tables[name], page_content.tables[name]
        courses = [course for course in own[key].unique() if course != "Average"]
        assert courses == [course for course in other[key].unique() if course in courses]
        rank = [column for column in own.columns if column != "rank"]
        left, right = (frame[frame[key].isin(courses)][rank].reset_index(drop=True) for frame in (own, other))
        pd.testing.assert_frame_equal(left, right, rtol=1e-12, atol=1e-14)
    assert content.tables["reconciliation"]["passed"].all()


def test_windows_that_it_does_not_cover_and_ratios_are_missing_and_the_others_are_there(content, page_content):
    own, other = (one.tables["trailing"].set_index("name") for one in (content, page_content))
    missing = own.loc[list(YOUNG)].isna()
    assert missing.any().to_dict() == {"1m": False, "3m": False, "6m": False} | dict.fromkeys(
        ("1y", "itd", "sharpe", "sortino"), True
    )
    assert missing.all().equals(missing.any())
    covered = ["1m", "3m", "6m"]
    pd.testing.assert_frame_equal(own.loc[list(YOUNG), covered], other.loc[list(YOUNG), covered], rtol=1e-12)
    pd.testing.assert_series_equal(own.loc["Major 100"], other.loc["Major 100"])
    months = own.loc["Large Index"]
    pd.testing.assert_series_equal(months, other.loc["Large Index"])


def test_the_path_of_wealth_begins_with_the_course(content):
    frame = content.tables["cumulative"]
    first = frame[frame["return"].notna()].groupby("name")["date"].min().dt.strftime("%Y-%m-%d").to_dict()
    assert {first[name] for name in YOUNG} == {"2024-10-01"}
    assert first["Major 100"] == first["Large Index"] == "2024-03-01"
    assert first["Small Index"] == "2024-10-01"
    own = frame[frame["name"] == "Next Major 100"].dropna(subset=["return"])
    assert own["itd"].iloc[0] == pytest.approx(own["return"].iloc[0], abs=1e-15)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notes_say_when_it_begins(content, language):
    words = page_words(content.book, language, content.messages(language))
    notes = next(section.view for section in page_sections(content, words) if section.key == "notes")
    begins = {
        "en": "Next Major 100 begins on 1 October 2024: windows that start earlier, and ratios, are ",
        "ja": "Next Major 100は2024年10月1日に運用を開始したため、",
    }
    assert sum(note.startswith(begins[language]) for note in notes) == 1


def test_a_month_before_it_begins_is_reported_without_it_and_says_so(young, small_market, small_model):
    early = build_content(young, small_market, of_few_draws(small_model), "2024-08")
    assert list(early.results) == ["Major 100"] and list(early.sleeves) == ["major"]
    said = [(note.values["course"], note.values["date"]) for note in early.notes if note.key == "course_not_begun"]
    assert said == [(name, "2024-10-01") for name in YOUNG]


def test_a_part_of_its_first_month_counts_from_its_first_day(small_book, small_market):
    book = with_inception(small_book, datetime.date(2024, 10, 1))
    late = book.model_copy(
        update={
            "sleeves": book.sleeves
            | {"next_major": book.sleeves["next_major"].model_copy(update={"inception": datetime.date(2024, 10, 15)})}
        }
    )
    own = book_of(late, "Next Major 100")
    period = read_period("2024-10", own, small_market)
    assert f"{period.base:%Y-%m-%d} {period.days[0]:%Y-%m-%d}" == "2024-10-11 2024-10-15"  # Columbus Day between them
    history = SimpleNamespace(inception=pd.Timestamp("2024-10-01"))
    months = [read_period(month, book, small_market) for month in ("2024-10", "2024-11")]
    within, after = (begun_notes(late, late, history, month) for month in months)
    younger = tuple(name for name in late.courses if "next_major" in late.shares(name))
    assert [note.values["courses"] for note in within if note.key == "begun_within"] == [younger]
    assert not [note for note in after if note.key == "begun_within"]
    whole = follow_course(
        book_of(book, "Next Major 100"), "Next Major 100", small_market, read_period("2024-10", book, small_market)
    )
    part = follow_course(own, "Next Major 100", small_market, period)
    same = whole.data["portfolio_return"].sel(time=period.days)
    np.testing.assert_allclose(part.data["portfolio_return"], same, rtol=0, atol=1e-15)


def test_a_period_before_it_begins_is_refused_and_since_inception_is_since_its_own(young, small_market, small_model):
    result = at.attribute(young, "Next Major 100", small_model, small_market, period="itd/2024-11")
    assert f"{result.cube.days[0]:%Y-%m-%d}" == "2024-10-01"
    with pytest.raises(InputError) as error:
        at.attribute(young, "Major 50 : Next 50", small_model, small_market, period="2024-09/2024-11")
    assert str(error.value) == (
        "month 2024-09/2024-11 is outside the data: the book runs from 2024-10 to 2025-03 (inception 2024-10-01 of "
        "[sleeves.next_major], prices to 2025-03-31)."
    )
    with pytest.raises(InputError) as error:
        follow_course(young, "Major 50 : Next 50", small_market, read_period("2024-09", young, small_market))
    assert str(error.value) == (
        "book.toml: 'Major 50 : Next 50' holds [sleeves.next_major], which begins on 2024-10-01, and 2024-09 starts on "
        "2024-09-03: it has no return before. Ask for a period from 2024-10-01 on, or correct inception in [sleeves]."
    )


def test_a_month_before_any_course_begins_is_refused(young):
    only = young.model_copy(update={"courses": {"Next Major 100": {"next_major": 1.0}}})
    with pytest.raises(
        InputError, match=r"no course has begun by 2024-08-30: the first begins on 2024-10-01\. Ask for a month"
    ):
        begun_by(only, pd.Timestamp("2024-08-30"))


def test_check_finds_of_the_younger_what_it_finds_of_the_whole_book(young, small_book, small_market):
    keys = ["key", "table", "ticker"]
    own, other = (check_inputs(book, small_market) for book in (young, small_book))
    assert own[keys].value_counts().max() == 1 or own[[*keys, "date"]].duplicated().sum() == 0
    assert set(own["key"]) == set(other["key"])


def test_books_say_the_day_or_that_the_first_list_says_it(small_copy):
    folder, read, write = small_copy
    holdings = read("holdings")
    write("holdings", holdings[(holdings["portfolio"] != "next_major") | (holdings["date"] >= "2024-09-30")])
    path, text = folder / "book.toml", (folder / "book.toml").read_text()

    def with_key(value):
        path.write_text(text.replace("[sleeves.next_major]\n", f"[sleeves.next_major]\ninception = {value}\n"))
        return at.read_book(path)

    assert with_key('"holdings"').sleeves["next_major"].inception == BEGINS
    assert with_key("2024-10-01").sleeves["next_major"].inception == BEGINS
    refused = {
        "2024-09-30": (
            "book.toml: 'inception' in [sleeves.next_major]: 2024-09-30, but the first list of 'next_major' is of "
            '2024-09-30, and counts from the day after. Give 2024-10-01 or later, add a list, or say inception = "holdings".'
        ),
        "2024-02-01": (
            "book.toml: 'inception' in [sleeves.next_major]: 2024-02-01, before the book's, 2024-03-01. Give a day "
            "from then on, or leave the key out."
        ),
        '"later"': (
            "book.toml: 'inception' in [sleeves.next_major]: 'later'; give a day as YYYY-MM-DD, without quotes or time, or "
            '"holdings" for the day after the first list.'
        ),
    }
    for value, message in refused.items():
        with pytest.raises(InputError) as error:
            with_key(value)
        assert str(error.value) == message


def test_without_the_key_the_refusal_names_it(small_copy):
    folder, read, write = small_copy
    holdings = read("holdings")
    write("holdings", holdings[(holdings["portfolio"] != "next_major") | (holdings["date"] >= "2024-09-30")])
    with pytest.raises(
        InputError, match=r"set a later inception \(of the book, or of its sleeve alone: inception in \[sleeves\]\)"
    ):
        follow_book(at.read_book(folder / "book.toml"), rm.read_market(folder), "2025-03")
