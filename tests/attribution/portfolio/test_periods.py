"""Months, runs of months, years and inception to date; what lies inside them; months that add to the year."""

from __future__ import annotations

from math import fsum, prod

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.cli import main
from attribution.linking.linking import coefficients
from attribution.portfolio.periods import read_period
from tests.conftest import SMALL

COURSE = "Major 70 : Next 30"
BOOK = str(SMALL / "book.toml")


@pytest.fixture(scope="module")
def since_inception(small_book, small_model, small_market):
    return at.attribute(small_book, COURSE, small_model, small_market, period="itd")


@pytest.mark.parametrize(
    ("text", "base", "first", "last"),
    [
        ("2025-03", "2025-02-28", "2025-03-03", "2025-03-31"),
        ("2024-12/2025-02", "2024-11-29", "2024-12-02", "2025-02-28"),
        ("itd", "2024-02-29", "2024-03-01", "2025-03-31"),
        ("itd/2024-05", "2024-02-29", "2024-03-01", "2024-05-31"),
    ],
)
def test_a_period_is_the_sessions_of_its_months(small_book, small_market, text, base, first, last):
    period = read_period(text, small_book, small_market)
    shown = [f"{day:%Y-%m-%d}" for day in (period.base, period.days[0], period.end)]
    assert shown == [base, first, last]
    sessions = small_market.get_index("time")
    assert period.days.equals(sessions[(sessions >= first) & (sessions <= last)])


def test_a_calendar_year_is_its_twelve_months(small_book, small_market):
    book = small_book.model_copy(
        update={"book": small_book.book.model_copy(update={"inception": pd.Timestamp("2023-12-01").date()})}
    )
    year, months = (read_period(text, book, small_market) for text in ("2024", "2024-01/2024-12"))
    assert year.base == months.base
    assert year.days.equals(months.days)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "2024",
            "year 2024 is outside the data: the book runs from 2024-03 to 2025-03 "
            "(inception 2024-03-01, prices to 2025-03-31). "
            "Of 2024 there is 2024-03/2024-12; write that.",
        ),
        (
            "2025",
            "year 2025 is outside the data: the book runs from 2024-03 to 2025-03 "
            "(inception 2024-03-01, prices to 2025-03-31). "
            "Of 2025 there is 2025-01/2025-03; write that.",
        ),
        (
            "2019",
            "year 2019 is outside the data: the book runs from 2024-03 to 2025-03 "
            "(inception 2024-03-01, prices to 2025-03-31).",
        ),
        (
            "itd/2024-01",
            "month itd/2024-01 is outside the data: the book runs from 2024-03 to 2025-03 "
            "(inception 2024-03-01, prices to 2025-03-31).",
        ),
        (
            "2025-03/2025-01",
            "period '2025-03/2025-01' ends before it starts. Write the earlier month first: 2025-01/2025-03.",
        ),
        (
            "March",
            "period 'March': write a month as YYYY-MM, a run of months as YYYY-MM/YYYY-MM, a year as YYYY, or itd, "
            "from the inception on.",
        ),
    ],
)
def test_what_is_no_period_of_the_data_is_refused(small_book, small_market, text, message):
    with pytest.raises(at.InputError) as caught:
        read_period(text, small_book, small_market)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "2025-3",
        "2025-13",
        "itd/2025",
        "2024/2025",
        "20255",
        "2025-03/itd",
        "ITD",
        "",
        "２０２５",
        "0000",
        "0000-01",
        "2025-03\n",
    ],
)
def test_other_forms_are_refused(small_book, small_market, text):
    with pytest.raises(at.InputError, match="write a month as YYYY-MM"):
        read_period(text, small_book, small_market)


def test_inception_to_date_has_every_rebalance_and_reset_in_it(since_inception, small_book, small_market):
    """The course by hand: each month 70 : 30 of its sleeves, which run from list to list."""
    months = pd.period_range("2024-03", "2025-03", freq="M").astype(str)
    sleeves = since_inception.followed.sleeves.to_pandas().T
    monthly = (1 + sleeves).groupby(sleeves.index.to_period("M")).prod() - 1
    expected = prod(1 + 0.7 * row["major"] + 0.3 * row["next_major"] for _, row in monthly.iterrows()) - 1
    assert list(monthly.index.astype(str)) == list(months)
    assert since_inception.portfolio_return == pytest.approx(expected, abs=1e-12)
    assert since_inception.reconciliation["passed"].all()
    lists = small_book.holdings.query("portfolio == 'major'").groupby("date")["ticker"].agg(set)
    weight = since_inception.data["portfolio_weight"]
    for date, names in lists.items():
        after = weight["time"].to_index()[weight["time"].to_index() > date]
        if date >= pd.Timestamp("2024-02-29") and len(after):
            held = weight.sel(time=after[0])
            assert names <= set(held["asset"].to_numpy()[held.to_numpy() > 0])


def test_months_by_factor_add_to_the_period(since_inception):
    table = since_inception.by("month", "factor").unstack("factor")
    assert list(table.index) == list(pd.period_range("2024-03", "2025-03", freq="M").astype(str))
    np.testing.assert_allclose(table.sum(), since_inception.by("factor")[table.columns], rtol=0, atol=1e-14)
    assert fsum(table.to_numpy().ravel()) == pytest.approx(since_inception.excess_return, abs=1e-12)


def test_months_by_themselves_link_to_the_months_of_the_year_by_carino(
    since_inception, small_book, small_model, small_market
):
    """A month's row is the month's own report times Carino's coefficient of that month in the year."""
    table = since_inception.by("month", "factor").unstack("factor")
    alone = {month: at.attribute(small_book, COURSE, small_model, small_market, period=month) for month in table.index[-3:]}
    data = since_inception.data
    monthly = {
        side: (1 + data[side].to_series()).groupby(lambda day: f"{day:%Y-%m}").prod() - 1
        for side in ("portfolio_return", "benchmark_return")
    }
    by_month = [pd.Series(side.to_numpy(), pd.PeriodIndex(side.index, freq="M").to_timestamp()) for side in monthly.values()]
    scale = pd.Series(coefficients(*by_month).to_numpy(), table.index)
    for month, result in alone.items():
        np.testing.assert_allclose(table.loc[month], scale[month] * result.by("factor")[table.columns], rtol=0, atol=1e-13)


def test_a_run_of_months_may_end_before_the_data_do(small_book, small_model, small_market, since_inception):
    early = at.attribute(small_book, COURSE, small_model, small_market, period="itd/2024-06")
    daily = since_inception.data["portfolio_return"].sel(time=early.data["time"])
    assert early.portfolio_return == pytest.approx(float((1 + daily).prod() - 1), abs=1e-13)


def test_the_command_takes_every_form(capsys):
    assert main(["explain", BOOK, COURSE, "--month", "itd", "--by", "group"]) == 0
    assert capsys.readouterr().out.startswith(f"{COURSE} against 70% Large Index + 30% Small Index, itd, carino linking")
    assert main(["explain", BOOK, COURSE, "--month", "2024"]) == 2
    assert "Of 2024 there is 2024-03/2024-12; write that." in capsys.readouterr().err


@pytest.mark.parametrize("period", ["itd", "2024", "2024-12/2025-01"])
def test_a_report_is_of_one_month(capsys, tmp_path, period):
    assert main(["report", BOOK, "--month", period, "--out", str(tmp_path / "out")]) == 2
    assert f"month '{period}': a report is of one month, written YYYY-MM." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_period_that_is_no_text_is_refused(small_book, small_market):
    with pytest.raises(at.InputError, match=r'period: is of type int, not str\. Write a month as "YYYY-MM"'):
        read_period(2025, small_book, small_market)
