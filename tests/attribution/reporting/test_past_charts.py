"""Charts of a sleeve through time: their numbers are the tables', their texts say what is to be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from attribution.house_style.colours import contrast
from attribution.house_style.drawing import canvas
from attribution.house_style.drawing.canvas import NARROW
from attribution.house_style.numbers import number, percent
from attribution.house_style.words import LANGUAGES, read_messages
from attribution.reporting.charts import month_figures
from attribution.reporting.pages.page import page_charts

FIGURES = ("drawdowns", "past_exposures", "past_contributions", "sector_weights", "past_errors")


@pytest.fixture(scope="module")
def course(page_content):
    return next(iter(page_content.sleeves.values())).course


def drawn(content, name, course, language="en"):
    return month_figures(content, content.messages(language), "minus")[f"{name}/{course}"]()


def told(content, course, language="en", **tables):
    """The alt text of the figure of one table, with that table in the place of the content's."""
    ((name, frame),) = tables.items()
    return drawn(replace(content, tables=content.tables | {name: frame}), name, course, language).label


def written(figure):
    return [text for _, _, text, *_ in figure.texts]


def of(table, course):
    return table[table["course"] == course]


def test_the_numbers_on_the_charts_are_those_of_the_tables(page_content, course):
    tables = {name: of(page_content.tables[name], course) for name in FIGURES}
    drawdowns = tables["drawdowns"].set_index("date")[["portfolio_drawdown", "benchmark_drawdown"]]
    shown = [*drawdowns.iloc[-1], drawdowns["portfolio_drawdown"].min()]
    assert {percent(x, "minus") for x in shown} <= set(written(drawn(page_content, "drawdowns", course)))
    exposures = tables["past_exposures"].pivot(index="date", columns="factor", values="active_exposure")
    rows = written(drawn(page_content, "past_exposures", course))
    assert {number(x, "minus") for x in exposures.iloc[-1]} <= set(rows)
    tips = [tip.text for tip in drawn(page_content, "past_exposures", course).tips]
    assert len(tips) == exposures.notna().sum().sum()
    contributions = tables["past_contributions"].pivot(index="date", columns="factor", values="contribution").iloc[-1]
    largest = contributions[contributions.abs().nlargest(4).index]
    ends = [*largest, contributions.drop(largest.index).sum(), contributions.sum()]
    assert {percent(x, "minus") for x in ends} <= set(written(drawn(page_content, "past_contributions", course)))
    weights = tables["sector_weights"]["active_weight"]
    assert {percent(x, "minus", signed=True) for x in weights} <= set(written(drawn(page_content, "sector_weights", course)))
    last = tables["past_errors"].iloc[-1]
    assert {percent(last[x], "minus") for x in ("forecast", "realised")} <= set(
        written(drawn(page_content, "past_errors", course))
    )


def test_a_drawdown_is_told_with_its_depth_its_day_and_where_it_stands(page_content, course):
    days = pd.DatetimeIndex(["2025-03-03", "2025-03-04", "2025-03-05"])
    frame = pd.DataFrame({"course": course, "date": days})
    frame = frame.assign(portfolio_drawdown=[-0.05, -0.1234, -0.02], benchmark_drawdown=[-0.08, -0.01, 0.0])
    english = told(page_content, course, drawdowns=frame)
    assert "Major (simulated) was deepest at −12.34% on 4 March 2025" in english
    assert "at −8.00% on 3 March 2025; at month end −2.00% and 0.00%." in english
    assert "−12.34%（2025年3月4日）" in told(page_content, course, "ja", drawdowns=frame)


def test_exposures_are_told_with_the_largest_now_and_the_largest_step(page_content, course):
    days = pd.DatetimeIndex(["2025-01-31", "2025-02-28", "2025-03-31"])
    values = {"value": [0.1, 0.2, 0.3], "momentum": [-0.5, 0.4, 0.35], "size": [0.0, 0.0, np.nan]}
    rows = [(course, day, name, "style", each[k]) for name, each in values.items() for k, day in enumerate(days)]
    frame = pd.DataFrame(rows, columns=["course", "date", "factor", "group", "active_exposure"])
    english = told(page_content, course, past_exposures=frame)
    assert "Largest: 60-day momentum +0.35, Value +0.30." in english
    assert "The largest step: 60-day momentum in February 2025, from −0.50 to +0.40." in english
    assert "最大の変化は2025年2月の" in told(page_content, course, "ja", past_exposures=frame)


def test_contributions_since_inception_are_told_with_their_sum(page_content, course):
    days = pd.DatetimeIndex(["2025-02-28", "2025-03-31"])
    ends = {"value": 0.05, "momentum": -0.03, "size": 0.02, "growth": 0.01, "specific": -0.04, "liquidity": 0.002}
    rows = [(course, day, name, "style", end * (k + 1) / 2) for name, end in ends.items() for k, day in enumerate(days)]
    frame = pd.DataFrame(rows, columns=["course", "date", "factor", "group", "contribution"])
    english = told(page_content, course, past_contributions=frame)
    assert (
        "since inception, +1.20% in all. Value +5.00%, Size +2.00%, 60-day momentum −3.00%, Stock-specific −4.00%,"
        in english
    )
    assert english.endswith("Everything else +1.20%.")


def test_sector_weights_are_told_with_what_is_over_and_under(page_content, course):
    frame = pd.DataFrame({"sector": ["Energy", "Utilities", "CASH"], "portfolio_weight": [0.5, 0.3, 0.2]})
    frame = frame.assign(course=course, benchmark_weight=[0.3, 0.7, 0.0])
    frame["active_weight"] = frame["portfolio_weight"] - frame["benchmark_weight"]
    english = told(page_content, course, sector_weights=frame)
    assert english.endswith("Most overweight: Energy +20.00%. Most underweight: Utilities −40.00%.")


def test_tracking_errors_are_told_with_how_many_came_as_forecast(page_content, course):
    frame = pd.DataFrame({"month": ["2025-01", "2025-02", "2025-03"], "forecast": [0.05, np.nan, 0.06]})
    frame = frame.assign(course=course, realised=[0.09, 0.05, 0.055], forecast_low=[0.03, np.nan, 0.04])
    frame = frame.assign(forecast_high=[0.07, np.nan, 0.08])
    english = told(page_content, course, past_errors=frame)
    assert "In 1 of 2 months it came within the range of the forecast." in english
    assert english.endswith("In the last month the forecast was 6.00%, and 5.50% was realised.")
    figure = drawn(replace(page_content, tables=page_content.tables | {"past_errors": frame}), "past_errors", course)
    assert "January 2025\nforecast 5.00% (3.00% to 7.00%), realised 9.00%" in [tip.text for tip in figure.tips]


@pytest.mark.parametrize("name", FIGURES)
def test_a_table_without_rows_of_a_sleeve_has_no_chart_of_it(page_content, course, name):
    frame = page_content.tables[name]
    without = replace(page_content, tables=page_content.tables | {name: frame[frame["course"] != course]})
    assert f"{name}/{course}" not in month_figures(without, read_messages("en"), "minus")


def test_what_is_drawn_and_written_stands_out_from_paper():
    for colour in (canvas.INK, canvas.MUTED, canvas.POSITIVE, canvas.NEGATIVE, canvas.TOTAL, canvas.FAINT):
        assert contrast(colour) >= 3.0, colour


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wide_chart_has_a_narrow_form_on_the_screen_alone(page_content, course, language):
    charts = page_charts(page_content, language)
    both = charts.draw("waterfall", course)
    assert both.count("<svg ") == 2 and both.count('class="narrow"') == 1
    assert f'viewBox="0 0 {NARROW:g} ' in both.split('class="narrow"')[1]
    assert charts.draw("drawdowns", course).count("<svg ") == 1
    assert replace(charts, pointed=False).draw("waterfall", course).count("<svg ") == 1
