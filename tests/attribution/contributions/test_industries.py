"""Industries among the contributions: a group of their own, in every cut, on the pages and in forecasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.cli import main
from attribution.house_style.words import read_messages
from attribution.portfolio.inputs import read_inputs
from attribution.portfolio.periods import read_period
from attribution.reporting.tables.notes import collect_notes
from riskmodel.market.industries import major_groups
from tests.conftest import SMALL_MONTH, copy_of_small, text_of_one


@pytest.fixture
def coded_book(small_copy):
    """The book of `with_codes`."""
    return with_codes(*small_copy)


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    """The same book with its market and fit; read only."""
    book = at.read_book(with_codes(*copy_of_small(tmp_path_factory.mktemp("coded") / "small")))
    market = read_inputs(book)
    return book, market, rm.RiskModel().fit(market)


def with_codes(folder, read, write):
    """The small market with codes: three industries in each sector, one of them in all, some names without one."""
    securities = read("securities")
    place = np.arange(len(securities))
    sector = pd.factorize(securities["sector"])[0]
    code = np.where(place % 3 == 0, "7370", [f"{10 + 3 * s + p % 3}05" for s, p in zip(sector, place, strict=True)])
    write("securities", securities.drop(columns="industry").assign(sic=code, gics=np.where(place % 2 == 0, "One", "Two")))
    return folder / "book.toml"


def test_industries_are_a_group_of_the_contributions_and_of_the_forecast(coded, small_result):
    book, market, model = coded
    result = at.attribute(book, "Major 70 : Next 30", model, market, period=SMALL_MONTH)
    groups, errors = result.by("group"), result.standard_errors("group")
    assert groups.sum() == pytest.approx(result.excess_return, abs=1e-14) and result.reconciliation["passed"].all()
    assert result.excess_return == pytest.approx(small_result.excess_return, abs=1e-12)
    assert groups["industry"] != 0 and errors["industry"] > 0
    by_factor = result.factors.set_index("factor")
    own = by_factor[by_factor["group"] == "industry"]
    assert own["contribution"].sum() == pytest.approx(groups["industry"], abs=1e-15) and len(own) > 10
    by_name = result.by("stock", "group").unstack()["industry"]
    assert by_name.sum() == pytest.approx(groups["industry"], abs=1e-15)
    texts = {language: read_messages(language, result.style_texts) for language in ("en", "ja")}
    assert texts["en"].factor("industry 73 (Energy)") == "Business services and software (Energy)"
    energy = texts["ja"].name("sectors", "Energy")
    assert texts["ja"].factor("industry 73 (Energy)") == f"事業サービス・ソフトウェア（{energy}）"
    assert texts["en"].factor("industry 11") == "Industry 11", "no major group of the classification"


def test_the_pages_tell_of_industries(coded_book, tmp_path, capsys):
    coded_book.write_text(text_of_one(coded_book.read_text(encoding="utf-8")), encoding="utf-8")
    assert main(["report", str(coded_book), "--month", SMALL_MONTH, "--format", "html", "--out", str(tmp_path / "out")]) == 0
    english, japanese = (
        (tmp_path / "out" / f"report.{language}.html").read_text(encoding="utf-8") for language in ("en", "ja")
    )
    assert (
        "Industries relative to their sectors: the ten largest factor returns" in english
        and "on days when at least 3 of their names are estimated" in english
    )
    assert "Industries are the major groups of the Standard Industrial Classification (1987)" in english
    assert "列「sic」のコードの上2桁" in japanese
    assert "Within each sector the industries have returns relative to it" in english
    assert "業種のファクターリターン" in japanese and "事業サービス・ソフトウェア（" in japanese
    table = pd.read_csv(tmp_path / "out" / "tables" / "risk_factors.csv")
    assert "industry" in set(table["group"])


@pytest.mark.parametrize("chosen", [{"industry": "sic", "industry_digits": 3}, {"industry": "industry"}])
def test_codes_of_another_length_or_classification_stay_numbers(coded, chosen):
    _, market, _ = coded
    model = rm.RiskModel(**chosen).fit(market.assign(industry=market["sic"]))
    words = read_messages("en", model.style_texts)
    codes = [words.factor(name) for name, group in model.groups.items() if group == "industry"]
    assert len(codes) > 10 and all(name.startswith("Industry ") for name in codes)


def test_the_names_of_industries_survive_a_store_and_an_update(coded, tmp_path):
    _, market, whole = coded
    begun = rm.RiskModel().fit(market.isel(time=slice(None, -5)))
    rm.save(begun, tmp_path / "store.nc")
    updated = rm.RiskModel().update(rm.load(tmp_path / "store.nc"), market)
    assert updated.style_texts == whole.style_texts == begun.style_texts
    before = whole.data.copy()
    del before.attrs["industry_codes"]
    unnamed = replace(whole, data=before)
    assert unnamed.style_texts != whole.style_texts
    assert rm.RiskModel().update(unnamed, market).style_texts == whole.style_texts, "a store of before learns the names"


def test_the_classification_has_a_name_for_each_group_in_both_languages():
    english, japanese = major_groups()["en"], major_groups()["ja"]
    assert list(english) == list(japanese) == sorted(english) and len(english) == 83
    assert all(len(code) == 2 and code.isdigit() for code in english)
    for names in (english, japanese):
        assert len(set(names.values())) == len(names)


def test_the_notes_say_that_there_are_no_industries(small_book, small_market, small_model):
    period = read_period(SMALL_MONTH, small_book, small_market)

    def notes(model):
        found = collect_notes(small_book, small_market, model, period, model.coverage(period.days), {}, {}, {})
        return {note.key: note for note in found}

    note = notes(rm.RiskModel(industry=False).fit(small_market))["no_industries"]
    for language, words in (("en", "The model has no industries"), ("ja", "業種のリターンは推定していません")):
        assert words in read_messages(language).fact("notes", note)
    assert "no_industries" not in notes(small_model)


def test_a_book_names_the_column_of_its_industries(coded_book):
    text = coded_book.read_text(encoding="utf-8")
    coded_book.write_text(text.replace("[limits]", '[model]\nindustry = "gics"\n[limits]'), encoding="utf-8")
    book = at.read_book(coded_book)
    market, settings = read_inputs(book), book.model.risk_model()
    assert set(market["gics"].to_numpy()) == {"One", "Two"} and settings.settings["industry"]["column"] == "gics"
    coded_book.write_text(text.replace("[limits]", "[model]\nindustry = false\n[limits]"), encoding="utf-8")
    assert at.read_book(coded_book).model.risk_model().industry is False
