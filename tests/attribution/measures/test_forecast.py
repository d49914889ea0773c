"""Forecast risk and limits from the shipped market, end to end."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.cli import main
from attribution.measures.forecast import closing_course, course_risk, forecast_risk, sleeve_limits
from riskmodel.estimation.share_classes import specific_covariance_times
from riskmodel.model.results import RiskModelResults
from tests.conftest import SMALL, of_few_draws, read_printed

DATE = pd.Timestamp("2025-03-31")
BOOK = str(SMALL / "book.toml")


@pytest.fixture(scope="module")
def small_model(small_model):
    return of_few_draws(small_model)


@pytest.fixture(scope="module")
def forecast(small_model, small_market):
    return forecast_risk(small_model, small_market, DATE)


def test_the_volatility_of_a_course_is_that_of_its_weights_under_the_whole_covariance(forecast, small_book, small_market):
    risk = course_risk(small_book, "Major 70 : Next 30", forecast, small_market, DATE)
    weights = (
        closing_course(small_book, "Major 70 : Next 30", small_market, DATE).data["closing_weight"].drop_sel(asset="CASH")
    )
    weights = weights.isel(asset=(weights != 0).to_numpy())
    x = forecast.exposures.sel(asset=weights["asset"]).to_numpy()
    specific = forecast.specific_variance.sel(asset=weights["asset"])
    own = float((weights * specific_covariance_times(weights, specific**0.5, None)).sum())
    b = x.T @ weights.to_numpy()
    expected = np.sqrt(252 * (b @ forecast.factor_covariance.to_numpy() @ b + own))
    assert risk.portfolio.volatility == pytest.approx(expected, rel=1e-12)


def test_a_forecast_knows_nothing_of_the_days_after(small_model, small_market):
    early = pd.Timestamp("2025-01-31")
    whole = forecast_risk(small_model, small_market, early)
    short = small_market.sel(time=slice(None, early))
    alone = forecast_risk(of_few_draws(rm.RiskModel().fit(short)), short, early)
    np.testing.assert_allclose(alone.factor_covariance, whole.factor_covariance, rtol=1e-10, atol=1e-18)
    np.testing.assert_allclose(alone.specific_variance, whole.specific_variance, rtol=1e-10)
    np.testing.assert_allclose(alone.exposures, whole.exposures, rtol=1e-10, atol=1e-12)


def test_a_style_that_nobody_has_at_the_close_is_left_out_and_named(small_model, small_market, small_book):
    data = small_model.data.copy()
    unfed = (data["time"] == DATE) & (data["style"] == "surprise")
    data["exposures"] = data["exposures"].where(~unfed)
    forecast = forecast_risk(RiskModelResults(data, small_model.settings), small_market, DATE)
    assert forecast.left_out == ["surprise"]
    risk = course_risk(small_book, "Major 100", forecast, small_market, DATE)
    assert "surprise" not in set(risk.active.factors["factor"])
    assert risk.reconciliation["passed"].all()


def test_the_drifted_weights_of_a_course_are_those_of_its_month(small_book, small_market, small_model):
    data = closing_course(small_book, "Major 100", small_market, DATE).data
    stocks = at.attribute(small_book, "Major 100", small_model, small_market, period="2025-03").stocks.set_index("ticker")
    held = stocks["weight_end"].dropna()
    np.testing.assert_allclose(data["closing_weight"].to_series()[held.index], held, atol=1e-15)
    assert float(data["benchmark_closing_weight"].sum()) == pytest.approx(1, abs=1e-12)


def test_limits_name_every_rule_of_the_book(forecast, small_book, small_market):
    limits = sleeve_limits(small_book, "major", forecast, small_market, DATE)
    assert {"names_min", "names_max", "weight_max", "sector_deviation_max", "risk_band"} <= set(limits["rule"])
    assert limits["detail"].str.len().gt(0).all()


@pytest.mark.usefixtures("found_in_the_store")
def test_the_command_exits_with_1_where_a_limit_is_broken(capsys):
    code = main(["risk", BOOK, "Major 100", "--date", "2025-03-31", "--format", "json"])
    tables = json.loads(capsys.readouterr().out)
    assert set(tables) == {"risk", "limits", "realised"}
    broken = [row for row in tables["limits"] if row["ok"] is False]
    assert code == (1 if broken else 0)
    measures = {row["measure"]: row["value"] for row in tables["risk"]}
    assert 0.02 < measures["tracking_error"] < measures["portfolio_volatility"] + measures["benchmark_volatility"]


@pytest.mark.usefixtures("found_in_the_store")
def test_a_list_of_the_day_itself_is_named_as_not_yet_held(capsys):
    main(["risk", BOOK, "Major 100", "--date", "2025-02-28"])
    assert capsys.readouterr().err.endswith(
        "The list of 2025-02-28 of major counts from this close on; the figures are of what was held until then.\n"
    )


@pytest.mark.usefixtures("found_in_the_store")
def test_contributions_by_factor_add_to_the_volatility(capsys):
    main(["risk", BOOK, "Major 100", "--date", "2025-03-31", "--table", "factor", "--format", "csv"])
    frame = read_printed(capsys.readouterr().out)
    main(["risk", BOOK, "Major 100", "--date", "2025-03-31", "--table", "risk", "--format", "csv"])
    measures = read_printed(capsys.readouterr().out).set_index("measure")["value"]
    by_side = frame.groupby("side")["contribution"].sum()
    assert by_side["portfolio"] == pytest.approx(measures["portfolio_volatility"], abs=1e-12)
    assert by_side["active"] == pytest.approx(measures["tracking_error"], abs=1e-12)


@pytest.mark.parametrize(("date", "message"), [("2025-03-30", "is not a session of the book"), ("March", "write a day as")])
def test_a_date_that_is_no_session_is_refused(capsys, date, message):
    assert main(["risk", BOOK, "Major 100", "--date", date]) == 2
    assert message in capsys.readouterr().err
