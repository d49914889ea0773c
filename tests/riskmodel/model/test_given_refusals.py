"""What is refused of the tables of a given model, and in which words."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import riskmodel as rm
from riskmodel import InputError

FACTORS = ("world", "value")


@pytest.fixture(scope="module")
def given(market):
    """Sixty days of two factors that explain a part of the market's returns, with errors and risk at one close."""
    days, names = market.get_index("time")[:60], market.get_index("asset")[:20]
    returns = market["total_return"].sel(time=days, asset=names).to_pandas()
    random = np.random.default_rng(1)
    value = pd.Series(random.normal(size=len(names)), names)
    exposures = [
        (day, name, factor, 1.0 if factor == "world" else value[name])
        for day in days for name in names for factor in FACTORS
    ]  # fmt: skip
    paid = [(day, "world", returns.loc[day].mean(), 0.001) for day in days[1:]]
    paid += [(day, "value", float(random.normal(0, 0.002)), 0.001) for day in days[1:]]
    rest = [(day, name, float(random.normal(0, 0.01))) for day in days[1:] for name in names]
    spread = returns.mean(axis=1).std() * np.sqrt(252)
    matrix = {("world", "world"): spread**2, ("value", "value"): (0.002 * np.sqrt(252)) ** 2}
    matrix |= {pair: 0.1 * spread * 0.002 * np.sqrt(252) for pair in (("world", "value"), ("value", "world"))}
    return {
        "model_exposures": pd.DataFrame(exposures, columns=["date", "ticker", "factor", "exposure"]),
        "model_factor_returns": pd.DataFrame(paid, columns=["date", "factor", "return", "standard_error"]),
        "model_specific_returns": pd.DataFrame(rest, columns=["date", "ticker", "return"]),
        "model_covariance": pd.DataFrame(
            [(days[-1], *pair, value) for pair, value in matrix.items()],
            columns=["date", "factor", "factor_other", "covariance"],
        ),
        "model_specific_risk": pd.DataFrame(
            [(days[-1], name, 0.3) for name in names], columns=["date", "ticker", "volatility"]
        ),
        "model_factors": pd.DataFrame({"factor": FACTORS, "group": ["market", "style"]}),
    }


def changed(frame, rows, **cells):
    frame = frame.copy()
    for column, value in cells.items():
        frame.loc[frame.index[rows], column] = value
    return frame


def times(column, factor):
    return lambda frame: frame.assign(**{column: frame[column] * factor})


def renamed(one, other):
    return lambda frame: frame.replace({"factor": {one: other}})


REFUSED = [
    (
        {"model_exposures": lambda f: pd.concat([f, f[:2]])},
        "model_exposures: 2 duplicate rows of (date, ticker, factor): 2024-01-01 T000 world, 2024-01-01 T000 value. "
        "Keep one row each.",
    ),
    (
        {"model_exposures": lambda f: changed(f, slice(0, 2), ticker="GONE")},
        "model_exposures: 1 ticker without prices in the market: GONE. Correct the codes (a mapping turns others into "
        "tickers: "
        "identifiers), or leave out names that are not in the market.",
    ),
    (
        {"model_specific_risk": lambda f: changed(f, [3], ticker="GONE")},
        "model_specific_risk: 1 ticker without prices in the market: GONE.",
    ),
    (
        {"model_exposures": lambda f: changed(f, slice(0, 40), date=pd.Timestamp("2024-01-06"))},
        "model_exposures: 1 date without trading inside the price history: 2024-01-06. Stamp a row with the session at "
        "whose "
        "close it is known, or whose return it is of; leave out days on which the market was closed.",
    ),
    (
        {"model_factor_returns": lambda f: changed(f, [0], date=pd.Timestamp("2024-01-06"))},
        "model_factor_returns: 1 date without trading inside the price history: 2024-01-06.",
    ),
    (
        {name: renamed("value", "specific") for name in ("model_exposures", "model_factor_returns", "model_factors")},
        "model_exposures: 1 factor with the name of another row of the tables: specific. Rename it in every table of "
        "the model. "
        "Taken: CASH, cash, cash_and_stopped, currency, ",
    ),
    (
        {"model_factors": lambda f: changed(f, [1], group="macro")},
        "model_factors: 1 factor of a group that there is none of: value (macro). Groups are market, country, sector, "
        "industry, "
        "currency, style.",
    ),
    (
        {"model_factors": lambda f: f[:1]},
        "model_factors: without 1 factor that model_exposures has: value. Add a row each, or correct the names; "
        "without the table "
        "every factor is a style.",
    ),
    (
        {"model_factor_returns": lambda f: f[f["factor"] != "value"]},
        "model_factor_returns: no return on any day of 1 factor that model_exposures has: value. Add the returns, or "
        "correct the "
        "names.",
    ),
    (
        {"model_exposures": None},
        "model_exposures: there is no such table. A given model needs model_exposures and model_factor_returns.",
    ),
    (
        {"model_exposures": None, "model_factor_returns": None},
        "2 tables of the given model cannot be used. (1) model_exposures: there is no such table.",
    ),
    ({"model_other": lambda f: f}, "given model: no table 'model_other'. They are: model_exposures, "),
    (
        {"model_covariance": lambda f: changed(f, [2], covariance=0.5)},
        "model_covariance: not symmetric: 1 pair of factors with two values: 2024-03-22 (world, value); the first has "
        "0.5 and ",
    ),
    (
        {"model_covariance": lambda f: f[:3]},
        "model_covariance: 1 pair of factors one way only: 2024-03-22 (world, value). If the file has one half of each "
        "matrix, a "
        'triangle, state covariance = "triangle" in [model], and the other half is filled with it; otherwise add the rows.',
    ),
    (
        {"model_covariance": lambda f: f[f["factor"].eq("world") & f["factor_other"].eq("world")]},
        "model_covariance: on 2024-03-22 without 1 factor that names have exposures to: value. Add its rows, the "
        "variance among them.",
    ),
    (
        {"model_covariance": lambda f: f[:2]},
        "model_covariance: on 2024-03-22 without 1 pair of factors: (world, value). Add the rows; 0 where two are "
        "independent.",
    ),
    (
        {"model_covariance": lambda f: changed(f, [2, 3], covariance=0.02)},
        "model_covariance on 2024-03-22: not positive semi-definite: the smallest eigenvalue of its correlations is ",
    ),
    (
        {"model_factor_returns": times("return", 100)},
        "model_factor_returns: exposures times factor returns move names ",
    ),
    (
        {"model_factor_returns": times("standard_error", 100)},
        "model_factor_returns: standard errors are ",
    ),
    (
        {"model_specific_returns": times("return", 100)},
        "model_specific_returns: ",
    ),
    ({"model_covariance": times("covariance", 1e4)}, "model_covariance: volatilities are "),
    ({"model_covariance": times("covariance", 1 / 252)}, "model_covariance: volatilities are a "),
    ({"model_specific_risk": times("volatility", 100)}, "model_specific_risk: volatilities are "),
    (
        {"model_specific_risk": lambda f: changed(f, [0], volatility=-0.3)},
        "model_specific_risk: 1 negative volatility: 2024-03-22 T000. It is 0 or more; leave out what there is none of.",
    ),
    (
        {"model_factor_returns": lambda f: changed(f, [0], standard_error=-0.3)},
        "model_factor_returns: 1 negative standard_error: 2024-01-02 world. It is 0 or more; leave out what there is "
        "none of.",
    ),
    (
        {"model_exposures": lambda f: f.assign(date=f["date"] - pd.Timedelta(days=700))},
        "given model: not one return of the market can be explained: no name has exposures at a close before a day "
        "with factor "
        "returns and a price. Check the dates of the tables, and that exposures are stamped by the session.",
    ),
]


@pytest.mark.parametrize(("changes", "said"), REFUSED, ids=[said[:60] for _, said in REFUSED])
def test_what_cannot_be_meant_is_refused_with_its_place_and_repair(given, market, changes, said):
    tables = dict(given)
    for name, change in changes.items():
        tables[name] = None if change is None else change(given.get(name, given["model_exposures"]))
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        rm.given_model(tables, market)
    assert "\n" not in str(caught.value)


def test_what_is_not_refused_here_is_a_model(given, market):
    assert int((rm.given_model(given, market).data["estimating_names"] > 0).sum()) == 59


def test_a_triangle_that_is_stated_of_whole_matrices_is_refused(given, market):
    said = 'model_covariance: covariance = "triangle" is stated, and 1 pair of factors stand both ways: 2024-03-22 (world'
    with pytest.raises(InputError, match=re.escape(said)):
        rm.given_model(given, market, covariance="triangle")
    with pytest.raises(InputError, match=re.escape("covariance 'half': write 'full' or 'triangle'.")):
        rm.given_model(given, market, covariance="half")


def test_frames_want_a_market(given):
    with pytest.raises(InputError, match="market: not given, and tables as frames have none beside them"):
        rm.given_model(given)


def test_what_looks_like_percent_is_told_with_what_to_state(given, market):
    with pytest.raises(InputError) as caught:
        rm.given_model(given | {"model_factor_returns": times("return", 100)(given["model_factor_returns"])}, market)
    assert re.fullmatch(
        r"model_factor_returns: exposures times factor returns move names \d\d times as far as the prices did\. They "
        r"look like "
        r'percent; state units = \{ return = "percent" \} in \[tables\.model_factor_returns\], or divide by 100\.',
        str(caught.value),
    )


def test_errors_in_percent_are_told_by_the_returns_they_are_of_where_one_factor_earns_far_more_than_its_error(given, market):
    frame = given["model_factor_returns"].copy()
    world = frame["factor"].eq("world")
    frame["standard_error"] = np.where(world, 0.0001, 0.002)
    frame = pd.concat([frame, frame[~world].assign(factor="size")])
    exposures = given["model_exposures"]
    tables = {
        "model_exposures": pd.concat([exposures, exposures[exposures["factor"] == "value"].assign(factor="size")]),
        "model_factor_returns": frame,
    }
    assert rm.given_model(tables, market).errors == "given"
    with pytest.raises(InputError) as caught:
        rm.given_model(tables | {"model_factor_returns": times("standard_error", 100)(frame)}, market)
    assert re.fullmatch(
        r"model_factor_returns: standard errors are \d+ times the returns that they are of\. They look like percent; state "
        r'units = \{ standard_error = "percent" \} in \[tables\.model_factor_returns\], or divide by 100; errors of a year '
        r"are divided by the root of 252\.",
        str(caught.value),
    )
