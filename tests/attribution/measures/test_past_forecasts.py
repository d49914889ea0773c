"""What was forecast of the shipped sleeves over the last months, and what followed: by hand, without the future, n/a."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.cli import main
from attribution.measures.forecast import forecast_risk, forecasts_at, month_to
from attribution.measures.past_forecasts import (
    COLUMNS,
    last_months,
    past_of,
    realised_of_sleeves,
    realised_table,
    run_of,
)
from attribution.measures.realised import realised_ratio, realised_volatility
from attribution.portfolio.settings.sections import RiskBand
from attribution.portfolio.tracks import Tracks
from riskmodel.facts import Fact, ForecastUnavailableError
from tests.conftest import REAL, SMALL, of_few_draws, read_printed

DATE = pd.Timestamp("2025-03-14")
BOOK = str(SMALL / "book.toml")


def realised(book, market, model, date=DATE, forecasts=None):
    months = last_months(book, market, date)
    tracks = Tracks(book, market, run_of(months)).over(month_to(book, market, date))
    closes = {month.base for month in months} | {date}
    made = forecasts_at(model, market, closes) if forecasts is None else forecasts
    return realised_table(realised_of_sleeves(past_of(tracks, made), book.sleeves)).set_index(["sleeve", "measure"])


@pytest.fixture(scope="module")
def small_model(small_model):
    return of_few_draws(small_model)


@pytest.fixture(scope="module")
def forecasts(small_book, small_market, small_model):
    closes = {month.base for month in last_months(small_book, small_market, DATE)} | {DATE}
    return forecasts_at(small_model, small_market, closes)


@pytest.fixture(scope="module")
def table(small_book, small_market, small_model, forecasts):
    return realised(small_book, small_market, small_model, forecasts=forecasts)


def test_the_last_months_begin_with_the_inception_and_end_with_the_day(small_book, small_market):
    months = last_months(small_book, small_market, DATE)
    assert [month.label for month in months] == [f"{month}" for month in pd.period_range("2024-04", "2025-03", freq="M")]
    assert months[-1].days[-1] == DATE and months[0].base == pd.Timestamp("2024-03-29")
    assert [month.base for month in months[1:]] == [month.days[-1] for month in months[:-1]]
    early = last_months(small_book, small_market, pd.Timestamp("2024-05-31"))
    assert (len(early), early[0].base) == (3, pd.Timestamp("2024-02-29"))


def drifted(weights, returns, date, days):
    """Daily start-of-day weights from a list, a row a day, by a loop."""
    rows, held = {}, weights
    for day in days[days > date]:
        rows[day] = held
        held = held * (1 + returns.loc[day].reindex(held.index).fillna(0.0))
        held = held / held.sum()
    return rows


def test_forecasts_and_returns_are_those_of_a_slow_computation(small_book, small_market, forecasts, table):
    """Lists of the files drifted name by name, dense covariances, no function of what is tested."""
    returns = small_market["total_return"].fillna(small_market["bridged_return"]).fillna(0.0).to_pandas()
    last_trade = small_market["close"].sel(time=slice(None, DATE)).to_pandas().apply(pd.Series.last_valid_index)
    returns["CASH"], last_trade["CASH"] = small_market["risk_free"].to_series(), pd.NaT
    constituents = small_market[["constituent_index", "constituent_date", "constituent_ticker", "constituent_weight"]]
    constituents = constituents.to_dataframe().set_axis(["portfolio", "date", "ticker", "weight"], axis=1)
    lists = {"major": small_book.holdings.query("portfolio == 'major'")}
    lists["index"] = constituents[constituents["portfolio"] == "Large Index"]
    months = last_months(small_book, small_market, DATE)
    days = returns.index[(returns.index > months[0].base) & (returns.index <= DATE)]
    sigma, daily = {}, {}
    for name, rows in lists.items():
        rows = rows[rows["weight"] != 0]
        every, own = {}, dict(iter(rows.groupby("date")))
        for (date, part), last in zip(own.items(), [*list(own)[1:], DATE], strict=True):
            weights = part.set_index("ticker")["weight"]
            every |= drifted(weights / weights.sum(), returns, date, returns.index[returns.index <= min(last, DATE)])
        held = {day: every[day] for day in days}
        daily[name] = pd.Series({day: float(w @ returns.loc[day].reindex(w.index).fillna(0)) for day, w in held.items()})
        from_base = {month.base: held[month.days[0]] for month in months}
        sigma[name] = {base: w[(last_trade[w.index] >= base).to_numpy()] for base, w in from_base.items()}
    level = small_market["index_level"].sel(index="Large Index").to_series()
    daily["index"] = level.pct_change()[days]
    sigma["active"] = {base: sigma["major"][base].sub(sigma["index"][base], fill_value=0.0) for base in sigma["major"]}
    made = {}
    for name, held in sigma.items():
        values = []
        for month in months:
            at_base, w = forecasts[month.base], held[month.base]
            x = at_base.exposures.to_pandas().loc[w.index].to_numpy()
            d = np.diag(at_base.specific_variance.to_series()[w.index])
            if at_base.linked_covariance is not None:
                linked = at_base.linked_covariance.to_pandas()
                both = [ticker for ticker in linked.index if ticker in w.index]
                d[np.ix_(*[w.index.get_indexer(both)] * 2)] = linked.loc[both, both]
            v = x @ at_base.factor_covariance.to_numpy() @ x.T + d
            values.append(pd.Series(float(np.sqrt(w.to_numpy() @ v @ w.to_numpy())), month.days))
        made[name] = pd.concat(values)
    expected = {
        "volatility": realised_volatility(daily["major"], made["major"]),
        "tracking_error": realised_volatility(daily["major"] - daily["index"], made["active"]),
        "index_volatility": realised_volatility(daily["index"], made["index"]),
        "risk_ratio": realised_ratio(daily["major"], daily["index"], made["major"], made["index"], within=0.1),
    }
    for measure, found in expected.items():
        for column in ("forecast", "realised", "ratio", "low", "high"):
            assert table.loc[("major", measure), column] == pytest.approx(getattr(found, column), rel=1e-10), measure
        assert table.loc[("major", measure), "verdict"] == found.verdict
    assert (table["months"] == 12).all() and (table["days"] == len(days)).all()


def test_what_comes_after_the_day_changes_nothing(small_book, small_market, small_model, table):
    later = small_market["time"] > DATE
    market = small_market.copy()
    for name in ("total_return", "close"):
        market[name] = market[name].where(~later, market[name] * 1.5 + 0.01)
    market["index_level"] = market["index_level"].where(~later, market["index_level"] * 2)
    found = realised(small_book, market, of_few_draws(rm.RiskModel().fit(market)))
    numbers = ["forecast", "realised", "ratio", "low", "high"]
    pd.testing.assert_frame_equal(found[numbers], table[numbers], rtol=1e-9)
    assert found["verdict"].equals(table["verdict"])


def test_a_forecast_knows_nothing_of_the_days_that_it_is_held_against(small_market, small_model, forecasts):
    base = pd.Timestamp("2024-09-30")
    short = small_market.sel(time=slice(None, base))
    alone = forecast_risk(of_few_draws(rm.RiskModel().fit(short)), short, base)
    np.testing.assert_allclose(alone.factor_covariance, forecasts[base].factor_covariance, rtol=1e-9, atol=1e-18)
    np.testing.assert_allclose(alone.specific_variance, forecasts[base].specific_variance, rtol=1e-9)


def test_months_without_a_forecast_are_left_out_and_counted(small_book, small_market, small_model, forecasts):
    late = {close: made for close, made in forecasts.items() if close > pd.Timestamp("2024-06-15")}
    found = realised(small_book, small_market, small_model, forecasts=late)
    assert (found["months"] == 9).all() and found["ratio"].notna().all()
    few = realised(small_book, small_market, small_model, forecasts={close: late[close] for close in sorted(late)[-5:]})
    assert (few["verdict"] == "too_short").all() and few["ratio"].isna().all() and (few["months"] == 4).all()
    assert (realised(small_book, small_market, small_model, forecasts={})["months"] == 0).all()


def test_names_without_a_forecast_are_counted_and_too_many_leave_the_month_out(
    small_book, small_market, small_model, forecasts, table
):
    base = pd.Timestamp("2024-09-30")
    tracks = Tracks(small_book, small_market, month_to(small_book, small_market, pd.Timestamp("2024-10-31")))
    held = tracks.sleeve("major").weights.isel(time=0).drop_sel(asset="CASH").to_series()
    held = held[held > 0].sort_values()
    assert held.iloc[0] < small_book.book.uncovered_max < held.iloc[-2:].sum()

    def lacking(names):
        made = forecasts[base]
        gone = made.specific_variance.where(~made.specific_variance["asset"].isin(list(names)))
        return realised(
            small_book, small_market, small_model,
            forecasts=forecasts | {base: dataclasses.replace(made, specific_variance=gone)},
        )  # fmt: skip

    one, two = lacking(held.index[:1]), lacking(held.index[-2:])
    assert one.loc[("major", "volatility"), "uncovered_weight"] == pytest.approx(held.iloc[0], abs=1e-12)
    assert one.loc[("major", "volatility"), "months"] == 12
    assert one.loc[("major", "volatility"), "forecast"] < table.loc[("major", "volatility"), "forecast"]
    assert two.loc["major"].loc[["volatility", "tracking_error", "risk_ratio"], "months"].tolist() == [11] * 3
    assert two.loc[("next_major", "volatility")].equals(table.loc[("next_major", "volatility")])


def test_an_index_that_cannot_be_followed_leaves_the_rest_whole(small_book, small_market, small_model, forecasts, table):
    rule = small_book.benchmarks["Large Index"].model_copy(update={"constituents": "Unknown"})
    book = small_book.model_copy(
        update={
            "benchmarks": small_book.benchmarks | {"Other": rule},
            "limits": small_book.limits.model_copy(update={"risk_band": RiskBand(index="Other", within=0.1)}),
        }
    )
    found = realised(book, small_market, small_model, forecasts=forecasts)
    assert found.loc["major"].loc[["index_volatility", "risk_ratio"], "verdict"].tolist() == ["not_followed"] * 2
    assert found.loc[("major", "volatility")].equals(table.loc[("major", "volatility")])


def test_a_book_without_a_band_has_no_ratio(small_book, small_market, small_model, forecasts):
    book = small_book.model_copy(update={"limits": small_book.limits.model_copy(update={"risk_band": None})})
    found = realised(book, small_market, small_model, forecasts=forecasts)
    assert found.index.get_level_values("measure").unique().tolist() == ["volatility", "tracking_error"]


def test_a_model_that_begins_late_forecasts_the_closes_that_it_can(small_market, small_model, monkeypatch):
    closes = list(pd.DatetimeIndex(small_market["time"].to_numpy())[[100, 200, 300]])
    whole = type(small_model).forecast

    def late(self, times=None, **options):
        if min(times) == closes[0]:
            raise ForecastUnavailableError("too short", Fact("short_history", {"returns": 3, "needed": 60}))
        return whole(self, times, **options)

    monkeypatch.setattr(type(small_model), "forecast", late)
    assert list(forecasts_at(small_model, small_market, closes)) == closes[1:]
    with pytest.raises(ForecastUnavailableError, match="too short"):
        forecasts_at(small_model, small_market, closes[:1])


@pytest.mark.usefixtures("found_in_the_store")
def test_the_command_prints_it_beside_the_limits(capsys, table):
    main(["risk", BOOK, "Major 100", "--date", "2025-03-14", "--table", "realised", "--format", "csv"])
    printed = read_printed(capsys.readouterr().out)
    assert list(printed.columns) == list(COLUMNS)
    own = table.loc[["major"]].reset_index()
    assert printed[["measure", "verdict"]].to_numpy().tolist() == own[["measure", "verdict"]].to_numpy().tolist()
    np.testing.assert_allclose(printed["ratio"], own["ratio"], rtol=1e-9)
    main(["risk", BOOK, "Major 100", "--date", "2025-03-14"])
    text = capsys.readouterr().out
    assert text.index("Major 100, limits at") < text.index("Major 100, realised at") < text.index("broken_as_forecast")
    main(["risk", BOOK, "Major 100", "--date", "2025-03-14", "--format", "csv"])
    printed = capsys.readouterr()
    assert "realised" not in printed.out
    assert "There are more: --table limits and --table realised, or --format json for all." in printed.err


@pytest.mark.slow
@pytest.mark.real_market
def test_on_the_real_market_forecasts_of_risk_are_of_the_size_of_what_followed(real_market, real_model):
    book = at.read_book(REAL / "book.toml")
    found = realised(book, real_market, real_model, date=pd.Timestamp("2016-09-30"))
    sessions = real_market.get_index("time").to_period("M")
    assert (found["months"] == 12).all()
    assert (found["days"] == ((sessions >= "2015-10") & (sessions <= "2016-09")).sum()).all()
    assert found["ratio"].between(0.75, 1.35).all()
    major = found.loc[("major", "risk_ratio")]
    assert major["forecast"] < major["bound"] == 1.1 < major["realised"] and major["verdict"] == "may_be_chance"
