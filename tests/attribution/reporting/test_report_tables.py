"""The tables of a report: their keys, what adds up across them, and what a month without a month before it shows."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future
from html import unescape

import numpy as np
import pandas as pd
import pytest

from attribution.house_style.words import read_messages
from attribution.measures.forecast import forecast_risk
from attribution.measures.limits import limits_table
from attribution.portfolio.settings.sections import UNCOVERED_MAX
from attribution.portfolio.tracks import Tracks
from attribution.reporting.charts import month_figures
from attribution.reporting.commentary.draft import draft
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.at_close import closing_risks, forecast_or_reason, risk_tables, sleeves_limits
from attribution.reporting.tables.content import build_content
from attribution.reporting.tables.figures_toml import figures_toml
from attribution.reporting.tables.frames import KEYS
from attribution.reporting.tables.notes import forecast_notes
from attribution.reporting.workbook.workbook import render_workbook
from attribution.rows import CASH
from riskmodel import Fact, ForecastUnavailableError, InputError
from tests.conftest import SMALL_MONTH, of_few_draws


@pytest.fixture(scope="module")
def content(page_content):
    return page_content


def test_every_table_has_keys_that_name_each_row_once(content):
    assert set(content.tables) == set(KEYS) - {"rules"}  # which is of books with strategies
    for name, table in content.tables.items():
        assert not table.duplicated(list(KEYS[name])).any(), name
        assert isinstance(table.index, pd.RangeIndex), name


def test_families_of_brinson_add_to_the_effects_and_to_the_groups_of_factors(content):
    families, brinson = content.tables["brinson_families"], content.tables["brinson"]
    effects = brinson.groupby("course")[["allocation", "selection", "interaction"]].sum().stack()
    split = families.groupby(["course", "effect"])["contribution"].sum()
    np.testing.assert_allclose(split.loc[effects.index], effects, atol=1e-12)
    groups = content.tables["group_contributions"].set_index(["course", "group"])["contribution"]
    of_families = families.groupby(["course", "family"])["contribution"].sum()
    np.testing.assert_allclose(of_families.loc[list(groups.index)], groups, atol=1e-12)


def test_a_family_of_one_factor_in_one_effect_has_the_error_of_that_factor(content):
    families = content.tables["brinson_families"].set_index(["course", "effect", "family"])["standard_error"]
    by_factor = content.tables["factor_contributions"].set_index(["course", "factor"])["standard_error"]
    for course in content.book.courses:  # the market's exposure is all allocation: without cash a group's selection has none
        assert families[course, "allocation", "market"] == pytest.approx(by_factor[course, "market"], rel=1e-10)


def test_cumulative_returns_end_where_the_trailing_table_says(content):
    trailing = content.tables["trailing"].set_index("name")
    last = content.tables["cumulative"].groupby("name").last()
    for course in content.book.courses:
        assert last.loc[course, "itd"] == pytest.approx(trailing.loc[course, "itd"], abs=1e-12)
        assert last.loc[course, "three_months"] == pytest.approx(trailing.loc[course, "3m"], abs=1e-12)


def test_exposures_at_the_close_are_weights_times_exposures(content, small_market, small_model):
    row = content.tables["exposures"].set_index(["course", "factor"]).loc[("Major 100", "size")]
    stocks = content.tables["stock_contributions"]
    held = stocks[stocks["course"] == "Major 100"].set_index("ticker")["weight_end"]
    exposure = small_model.data["exposures"].sel(time=content.period.end, style="size").to_series()
    by_hand = sum(weight * exposure[ticker] for ticker, weight in held.items() if weight and ticker in exposure)
    assert row["portfolio_exposure"] == pytest.approx(by_hand, abs=1e-12)
    assert row["change"] == row["active_exposure"] - row["active_before"]


def test_the_first_month_of_a_book_has_no_exposures_before_it(small_book_of_one, small_market, small_model):
    first = build_content(small_book_of_one, small_market, of_few_draws(small_model), "2024-03").tables
    assert first["exposures"]["active_before"].isna().all()
    assert first["exposures"]["active_exposure"].notna().all()
    assert first["cumulative"]["three_months"].isna().all()


def test_the_parts_of_the_tracking_error_add_up(content):
    risk = content.tables["risk"].set_index(["course", "measure"])["value"]
    parts = content.tables["risk_factors"].groupby("course")["contribution"].sum()
    for course in content.book.courses:
        assert parts[course] == pytest.approx(risk[course, "tracking_error"], abs=1e-12)


def test_the_month_of_an_index_compounds_its_weeks(content):
    weeks = content.tables["index_weeks"]
    months = content.tables["index_months"].set_index("index")["return"]
    assert set(months.index) >= set(content.book.report.indices)
    for name in content.book.report.indices:
        assert (1 + weeks[name]).prod() - 1 == pytest.approx(months[name], abs=1e-12)


def test_a_course_without_a_forecast_is_left_out_of_the_risk_and_the_page_says_why(content, small_market, small_model):
    courses = {name: result.followed for name, result in content.results.items()}
    forecast = forecast_risk(small_model, small_market, content.period.end)
    assert list(closing_risks(courses, forecast, UNCOVERED_MAX)) == list(courses)
    held = courses["Major 100"].data["closing_weight"].drop_sel(asset=CASH).to_series().nlargest(2)
    assert held.sum() > UNCOVERED_MAX
    lacking = forecast.specific_variance.where(~forecast.specific_variance["asset"].isin(held.index))
    partly = dataclasses.replace(forecast, specific_variance=lacking, left_out=["value"])
    risks = closing_risks(courses, partly, UNCOVERED_MAX)
    assert list(closing_risks(courses, partly, float(held.sum()) + 1e-9)) == list(courses)
    assert "Major 100" not in risks
    assert "Next Major 100" in risks
    tracks = Tracks(content.book, small_market, content.period)
    kept = sleeves_limits(dict.fromkeys(content.book.sleeves, tracks), courses, partly, risks)
    tables = risk_tables(risks) | {"limits": limits_table(kept)}
    assert set(tables["risk"]["course"]) == set(tables["risk_factors"]["course"]) == set(risks)
    limits = tables["limits"].set_index(["sleeve", "rule"])
    assert limits.loc[("major", "risk_band"), "detail"] == "n/a: no forecast risk of the sleeve"
    assert limits.loc[("major", "weight_max"), "value"] > 0
    notes = {note.key: note for note in forecast_notes(courses, partly, {"Next Major 100": None}, content.period)}
    assert set(notes) == {"no_forecast_of_course", "forecast_left_out"}
    shown = dataclasses.replace(content, tables=content.tables | tables, limits=kept, notes=[*notes.values()])
    page = render_page(shown, "en")
    assert "No risk is forecast for" in page
    assert "Value is not in the risk forecast" in page


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "No risk is forecast for the close of 31 March 2025: the model's history is too short (15 of the 60 returns "
            "that a factor needs).",
        ),
        (
            "ja",
            "2025年3月31日の予想リスクは、リスクモデルの計測期間が短い（ファクターに必要な60日に対して15日）ため計算していません。",
        ),
    ],
)
def test_where_the_history_is_too_short_for_a_forecast_the_rest_of_the_report_is_whole(
    lean_content, small_market, language, sentence
):
    content = lean_content
    courses = {name: result.followed for name, result in content.results.items()}
    tracks = Tracks(content.book, small_market, content.period)
    limits = sleeves_limits(dict.fromkeys(content.book.sleeves, tracks), courses, None, {})
    tables = risk_tables({}) | {"limits": limits_table(limits)}
    assert tables["risk"].empty
    assert list(tables["risk_factors"].columns) == list(content.tables["risk_factors"].columns)
    notes = forecast_notes(courses, Fact("short_history", {"returns": 15, "needed": 60}), {}, content.period)
    bare = dataclasses.replace(content, tables=content.tables | tables, limits=limits, notes=notes)
    assert sentence in unescape(render_page(bare, language))
    assert "risk" not in month_figures(bare, read_messages(language), "minus")
    assert draft(bare.tables, book=bare.book, month=SMALL_MONTH, language=language, limits=limits)
    assert render_workbook(bare, language)
    assert figures_toml(bare)


def test_only_a_forecast_that_cannot_be_made_becomes_a_note_and_any_other_refusal_ends_the_report():
    short, broken = Future(), Future()
    reason = Fact("short_history", {"returns": 15, "needed": 60})
    short.set_exception(ForecastUnavailableError("factor_returns: 15 returns up to 2025-03-31.", reason))
    assert forecast_or_reason(short) == reason
    broken.set_exception(InputError("market_cap: 1 negative value."))
    with pytest.raises(InputError, match=r"^market_cap: 1 negative value\.$"):
        forecast_or_reason(broken)


@pytest.mark.parametrize(("lost", "key"), [("factor_returns", "short_history"), ("specific_returns", "no_specific_risk")])
def test_a_history_that_is_too_short_says_what_it_lacks(small_market, small_model, lost, key):
    late = small_model.data["time"] >= small_model.data["time"][-2]
    model = dataclasses.replace(small_model, data=small_model.data.assign({lost: small_model.data[lost].where(late)}))
    with pytest.raises(ForecastUnavailableError) as caught:
        forecast_risk(model, small_market, small_market.get_index("time")[-1])
    assert caught.value.fact.key == key
    assert set(caught.value.fact.values.values()) >= {2}


def test_a_month_that_may_not_be_over_is_told_and_one_that_is_not(content, small_book_of_one, small_market, small_model):
    assert "unfinished" not in {note.key for note in content.notes}
    begun = small_market.sel(time=slice(None, "2025-03-14"))
    half = build_content(small_book_of_one, begun, of_few_draws(small_model), SMALL_MONTH)
    assert half.notes[0] == Fact("unfinished", {"date": "2025-03-14"})
    assert "The data end on 14 March 2025. Trading days of the month after it" in render_page(half, "en")


def test_drivers_and_everything_else_come_to_the_excess_return_of_every_course(content):
    figures = content.tables["figures"].pivot(index="course", columns="measure", values="value")
    factors = content.tables["factor_contributions"]
    for course, result in content.results.items():
        own, row = factors[factors["course"] == course].set_index("factor"), figures.loc[course]
        assert row["drivers"] + row["beside_drivers"] == pytest.approx(result.excess_return, abs=1e-15)
        assert row["drivers"] == pytest.approx(own.loc[own["driver"], "contribution"].sum(), abs=1e-15)
        assert own["second_contribution"].sum() == pytest.approx(result.excess_return, abs=1e-12)
        assert row["specific_part"] == own.loc["specific", "contribution"]
        assert row["specific_part_ratio"] == pytest.approx(row["specific_part"] / row["specific_part_risk"])
        assert 0.002 < row["specific_part_risk"] < 0.05
        assert own["driver"].any() and own.loc[own["driver"], "material"].all()
