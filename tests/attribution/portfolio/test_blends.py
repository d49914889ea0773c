"""Blends that are reset each month, quarter or year, or never: shares, returns and contributions that are exact."""

import dataclasses
from typing import get_args

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import attribution as at
from attribution.house_style.words import LANGUAGES
from attribution.measures.figures import course_figures
from attribution.measures.performance import follow_book, performance_table
from attribution.portfolio.blends import blend_return, blend_shares, since_reset
from attribution.portfolio.course import follow_course
from attribution.portfolio.periods import read_period
from attribution.portfolio.settings.bound_types import Reset
from attribution.reporting.pages.notes import method_points
from attribution.reporting.pages.words import page_words
from riskmodel.errors import InputError
from tests.conftest import SMALL_MONTH

BLEND, SHARES = "Major 70 : Next 30", {"major": 0.7, "next_major": 0.3}
RESETS = get_args(Reset)


def with_reset(book, reset):
    return book.model_copy(update={"book": book.book.model_copy(update={"blend_reset": reset})})


@given(
    reset=st.sampled_from(RESETS),
    start=st.dates(pd.Timestamp("2019-01-01").date(), pd.Timestamp("2023-12-31").date()),
    count=st.integers(1, 300),
    seed=st.integers(0, 1000),
    place=st.floats(0, 1),
)
def test_the_path_of_the_shares_compounds_to_what_is_linear_between_resets(reset, start, count, seed, place):
    days = pd.bdate_range(start, periods=count)
    random = np.random.default_rng(seed)
    shares = dict(zip("abc", random.dirichlet([1, 1, 1]), strict=True))
    returns = xr.DataArray(random.normal(0, 0.03, (3, count)), {"part": list("abc"), "time": days}, ("part", "time"))
    own = blend_shares(returns, shares, reset)
    np.testing.assert_allclose(own.sum("part"), 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(own.isel(time=0), list(shares.values()), rtol=0, atol=1e-15)
    daily = (own * returns).sum("part").to_series()
    first = int(place * (count - 1))
    base = days[0] - pd.Timedelta(days=1) if first == 0 else days[first - 1]
    assert float((1 + daily.iloc[first:]).prod() - 1) == pytest.approx(blend_return(returns, shares, reset, base), abs=1e-12)


@pytest.mark.parametrize(
    ("reset", "back"),
    [
        ("monthly", ["2023-12-29", "2024-01-31", "2024-02-29", "2024-03-29"]),
        ("quarterly", ["2023-12-29", "2024-03-29"]),
        ("yearly", ["2023-12-29"]),
        ("never", []),
    ],
)
def test_shares_go_back_at_the_first_day_of_a_period_of_the_calendar(reset, back):
    days = pd.bdate_range("2023-12-01", "2024-04-30")
    returns = xr.DataArray(np.outer([0.01, 0.0], np.ones(len(days))), {"part": ["a", "b"], "time": days}, ("part", "time"))
    own = blend_shares(returns, {"a": 0.5, "b": 0.5}, reset).sel(part="a").to_series()
    fixed = own.index[np.isclose(own, 0.5, atol=1e-15)]
    assert [f"{days[days.get_loc(day) - 1]:%Y-%m-%d}" for day in fixed[1:]] == back


@pytest.mark.parametrize("reset", RESETS)
def test_a_month_of_a_blend_is_the_same_alone_and_in_its_history(small_book, small_market, reset):
    book = with_reset(small_book, reset)
    ranked = performance_table(follow_book(book, small_market, SMALL_MONTH), book, SMALL_MONTH).set_index("course")
    followed = follow_course(book, BLEND, small_market, read_period(SMALL_MONTH, book, small_market))
    month = float((1 + followed.data["portfolio_return"]).prod() - 1)
    assert month == pytest.approx(ranked.loc[BLEND, "return"], abs=1e-13)
    weights = followed.data["portfolio_weight"].sum("asset")
    np.testing.assert_allclose(weights, 1, rtol=0, atol=1e-12)
    begins = followed.sleeves_since.get_index("time")[0]
    expected = {"monthly": "2025-03-03", "quarterly": "2025-01-02", "yearly": "2025-01-02", "never": "2024-03-01"}
    assert f"{begins:%Y-%m-%d}" == expected[reset]


def test_every_identity_holds_and_names_the_reset(small_book, small_market, small_model):
    book = with_reset(small_book, {BLEND: "never"})
    result = at.attribute(book, BLEND, small_model, small_market, period="2025-02/2025-03")
    assert result.reconciliation["passed"].all()
    assert {"blend of sleeves, reset never = R", "blend of benchmarks, reset never = B"} <= set(
        result.reconciliation["identity"]
    )
    assert float(result.by("sleeve").sum()) == pytest.approx(result.excess_return, abs=1e-12)
    other = at.attribute(small_book, BLEND, small_model, small_market, period="2025-02/2025-03")
    assert abs(result.portfolio_return - other.portfolio_return) > 1e-6


def test_a_blend_that_is_never_reset_trades_less_at_the_start_of_a_month(small_book, small_market):
    def turnover(reset):
        table = course_figures(with_reset(small_book, reset), BLEND, small_market, period=SMALL_MONTH)
        return float(table.set_index("measure").loc["turnover", "value"])

    own = [
        float(
            course_figures(small_book, name, small_market, period=SMALL_MONTH).set_index("measure").loc["turnover", "value"]
        )
        for name in ("Major 100", "Next Major 100")
    ]
    shares = (
        follow_course(
            with_reset(small_book, "never"), BLEND, small_market, read_period(SMALL_MONTH, small_book, small_market)
        )
        .data["sleeve_portfolio_weight"]
        .sum("asset")
        .isel(time=0)
    )
    assert turnover("never") <= float(shares.to_numpy() @ own) + 1e-12  # what the sleeves trade, and no more
    assert turnover("never") != pytest.approx(turnover("monthly"), abs=1e-9)


def test_a_blend_of_actual_returns_is_reset_like_that_of_holdings(small_book, small_market, small_model):
    book = with_reset(small_book, "quarterly")
    period = read_period(SMALL_MONTH, book, small_market)
    days = since_reset(book, small_market, BLEND, period).days
    run = read_period("2025-01/2025-03", book, small_market)
    parts = {name: follow_course(book, name, small_market, run).data["portfolio_return"].to_series() for name in SHARES}
    table = pd.concat(
        pd.DataFrame({"portfolio": book.sleeves[name].holdings, "date": days, "return": daily.to_numpy()})
        for name, daily in parts.items()
    )
    result = at.attribute(book, BLEND, small_model, small_market, period=SMALL_MONTH, actual_returns=table)
    assert result.by("factor")["trading"] == pytest.approx(0, abs=1e-12)
    with pytest.raises(InputError, match=r"sessions of the period without a return of 'major': 2025-01-02"):
        late = table[table["date"] >= period.days[0]]
        at.attribute(book, BLEND, small_model, small_market, period=SMALL_MONTH, actual_returns=late)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_method_says_when_the_shares_are_reset(page_content, language):
    content = page_content
    words = page_words(content.book, language, content.messages(language))
    usual = {"en": "Blends return to their fixed shares at the start of each month.", "ja": "合成コースは毎月初めに"}
    assert usual[language] in "\n".join(method_points(content, words))
    other = dataclasses.replace(content, book=with_reset(content.book, {BLEND: "never"}))
    said = "\n".join(method_points(other, page_words(other.book, language, other.messages(language))))
    never = {
        "en": f"{BLEND}: fixed shares, from which it drifts since inception and to which it does not return.",
        "ja": f"{BLEND}の配分比率は設定来、定められた比率に戻さず、騰落率に応じて変動させています。",
    }
    assert never[language] in said
    assert usual[language] not in said


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            '"weekly"',
            'book.toml: \'blend_reset\' in [book]: \'weekly\'; give one of "monthly", "quarterly", "yearly", "never", or a '
            "table of courses with one of them each.",
        ),
        (
            '{ "Major 70" = "never" }',
            "book.toml: 'blend_reset' in [book] names unknown 'Major 70'. Known courses: Major 100, Major 70 : Next 30, "
            "Major 50 : Next 50, Major 30 : Next 70, Next Major 100.",
        ),
    ],
)
def test_another_reset_is_refused(small_copy, value, message):
    path = small_copy[0] / "book.toml"
    path.write_text(path.read_text().replace('risk_free = "rates"', f'risk_free = "rates"\nblend_reset = {value}'))
    with pytest.raises(InputError) as error:
        at.read_book(path)
    assert str(error.value) == message
