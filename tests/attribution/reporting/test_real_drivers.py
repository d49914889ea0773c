"""The drivers of every month of the real market: how many, how sure, and that no list of them leads away from the result."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.house_style.words import read_messages
from attribution.measures.selection import UNUSUAL, forecast_specific
from attribution.reporting.commentary.draft import draft
from attribution.reporting.tables.drivers import driver_figures, judged_factors_table
from attribution.reporting.tables.frames import stock_factor_table
from tests.attribution.reporting.commentary_inputs import bare
from tests.conftest import REAL

pytestmark = [pytest.mark.slow, pytest.mark.real_market]

OFFSET = read_messages("en")("commentary.sleeve.drivers_and_offsets")
MONTHS = [str(month) for month in pd.period_range("2014-09", "2016-09", freq="M")]


def old_list(factors):
    """Factors of the model beyond two standard errors that do not print as 0.00 %: what was named before the rule."""
    modelled = factors["group"].isin(["market", "sector", "industry", "style"])
    return factors[modelled & (factors["t"].abs() >= 2) & (factors["contribution"].abs() >= 5e-5)]


@pytest.fixture(scope="module")
def told(real_market, real_model):
    """A row a sleeve and month: what is named by the rule and before it, what it adds up to, and what the text says."""
    book, rows = at.read_book(REAL / "book.toml"), []
    for month in MONTHS:
        for sleeve in book.sleeves:
            result = at.attribute(book, sleeve, real_model, real_market, period=month)
            factors = judged_factors_table(result, book.drivers)
            forecast = forecast_specific(real_model, real_market, result.followed.period.base)
            figures = driver_figures(factors, result, forecast)
            tables = {"factor_contributions": factors, "figures": figures, "stock_factor": stock_factor_table(result)}
            alone = book.model_copy(update={"courses": {sleeve: {sleeve: 1.0}}, "sleeves": {sleeve: book.sleeves[sleeve]}})
            text = bare(draft(tables, book=alone, month=month, language="en"))
            value = figures.set_index("measure")["value"]
            named, before = factors[factors["driver"]], old_list(factors)
            rows.append(
                {
                    "month": month,
                    "sleeve": sleeve,
                    "rows": len(factors),
                    "named": len(named),
                    "named_before": len(before),
                    "small": (named["contribution"].abs() < 5e-4).sum(),
                    "small_before": (before["contribution"].abs() < 5e-4).sum(),
                    "robust": named["robust"].sum(),
                    "robust_before": before["robust"].sum(),
                    "specific": "specific" in set(named["factor"]),
                    "ratio": value["specific_part_ratio"],
                    "opposite": value["drivers"] * result.excess_return < 0,
                    "opposite_before": before["contribution"].sum() * result.excess_return < 0,
                    "offset_told": OFFSET in text,
                    "share": value["drivers_share"],
                    "t_of_specific": float(factors.set_index("factor").loc["specific", "t"]),
                }
            )
    return pd.DataFrame(rows)


def test_no_list_of_drivers_leads_away_from_the_result_without_what_offset_it(told):
    opposite = told["opposite"]
    print(f"\nopposite sign: {opposite.mean():.2f} of sleeve-months, before {told['opposite_before'].mean():.2f}")
    assert told.loc[opposite, "offset_told"].all()


def test_few_rows_are_named_none_of_them_small_and_most_of_them_robust(told):
    named, before = told["named"].sum(), told["named_before"].sum()
    print(
        f"\nrows {told['rows'].mean():.1f}; named {told['named'].mean():.2f}, before {told['named_before'].mean():.2f}; "
        f"under 5 bp {told['small'].sum() / named:.2f}, before {told['small_before'].sum() / before:.2f}; "
        f"robust {told['robust'].sum() / named:.2f}, before {told['robust_before'].sum() / before:.2f}; "
        f"specific named {told['specific'].mean():.2f}; share of the excess, median {told['share'].median():.2f}"
    )
    assert told["small"].sum() == 0
    assert 1 <= told["named"].mean() <= 5
    assert told["robust"].sum() / named > 0.8
    assert told["specific"].mean() > 0.25


def test_selection_is_unusual_about_as_often_as_a_forecast_allows(told):
    ratio = told["ratio"].dropna()
    unusual = (ratio.abs() >= UNUSUAL).mean()
    print(
        f"\nunusual {unusual:.2f} of {len(ratio)} sleeve-months; deviation of the ratio {ratio.std():.2f}; "
        f"t of the split beyond two in {(told['t_of_specific'].abs() >= 2).mean():.2f}"
    )
    assert len(ratio) == len(told) and 0.0 <= unusual <= 0.12
    assert math.isclose(np.sqrt((ratio**2).mean()), 1.0, abs_tol=0.25)
