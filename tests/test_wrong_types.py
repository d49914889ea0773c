"""What every public function says of an argument of a wrong type: which one it is, and what to give."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.contributions.plots import Plots
from tests.conftest import SMALL, SMALL_MONTH
from tests.test_pandas_in import CASES

WRONG = {
    "a path": Path("book.toml"),
    "a number": 3.5,
    "a frame": pd.DataFrame({"a": [1.0]}),
    "bare numbers": np.zeros((2, 2)),
    "a list": [1, 2],
    "an object": object(),
}
FITS = {  # what is not wrong where it stands: a path for a path, a number for a number
    ("read_market", "folder"): {"a path"},
    ("given_model", "given"): {"a path"},
    ("read_book", "path"): {"a path"},
    ("read_grouping", "folder"): {"a path"},
    ("load", "path"): {"a path"},
    ("audit_report", "path"): {"a path"},
    ("save", "path"): {"a path"},
    ("report", "out"): {"a path"},
    ("search", "out"): {"a path"},
    ("link", "benchmark_returns"): {"a number"},
    ("mean_return_tests", "factor_returns"): {"a frame"},
    ("factor_covariance", "factor_returns"): {"a frame"},
    ("optimise", "costs"): {"a number"},
    ("optimise", "impact"): {"a number"},
}
PLAIN = {"covariance": rm.CovarianceSettings(), "specific": rm.SpecificRiskSettings()}
TOLD = (
    r"\b(Give|Name|Use|Write|Say|Check|give|takes|needed|has|choices|methods|of one month|of a dict|Its parts|They are|"
    r"Correct|Found|without a family|name one or more|It runs from|written in)\b"
)


@cache
def book_of_strategies():
    return at.read_book(SMALL / "strategies.toml")


def calls(small_book, small_model, small_market):
    """Function -> (callable, arguments that it takes), one for each public function."""
    inputs = {"book": small_book, "model": small_model, "market": small_market}
    weights = small_book.holdings[lambda h: (h["portfolio"] == "major") & (h["date"] == "2025-02-28")].set_index("ticker")
    weights = weights["weight"]
    walked = inputs | {"book": book_of_strategies(), "effort": rm.Effort()}
    sectors = pd.Series("Tech", weights.index)
    fit = {"results": small_model, "market": small_market}
    month = {"month": SMALL_MONTH, "market": small_market, "model": small_model}
    made: dict = {
        "alignment_report": (rm, {"market": small_market}),
        "evidence_report": (rm, {"market": small_market}),
        "build_market": (rm, {"tables": {}}),
        "compare": (rm, {"model_a": small_model, "model_b": small_model, "market": small_market}),
        "diagnose": (rm, fit),
        "given_model": (rm, {"given": {}, "market": small_market}),
        "load": (rm, {"path": "model.nc", "model": None}),
        "missing_factors": (rm, fit),
        "read_market": (rm, {"folder": SMALL}),
        "save": (rm, {"results": small_model, "path": "model.nc"}),
        "validate": (
            rm,
            {"results": small_model, "market_cap": small_market["market_cap"]} | PLAIN,
        ),
        "attribute": (at, inputs | {"course": "Major 100", "period": SMALL_MONTH}),
        "attribute_accounts": (at, inputs | {"accounts": small_book.holdings, "benchmark": weights, "period": SMALL_MONTH}),
        "audit_report": (at, {"path": "figures.toml"}),
        "check_limits": (
            at,
            {"book": small_book, "sleeve": "major", "weights": weights, "sectors": sectors, "benchmark_weights": weights},
        ),
        "attribute_rules": (at, walked | {"course": "Major 100", "period": SMALL_MONTH}),
        "construct": (at, walked | {"strategy": "major", "date": "2025-02-28", "held": weights, "what_if": {}}),
        "search": (
            at,
            inputs
            | {"book": book_of_strategies(), "strategy": "major", "out": "searched", "least": 2, "most": 2, "held_out": 1}
            | {"factors": ["value", "momentum"], "weights": [1.0], "draws": 19, "start": "2024-03", "end": "2025-03"},
        ),
        "walk": (at, walked | {"strategy": "major", "start": "2025-02", "end": "2025-02"}),
        "course_figures": (at, {"book": small_book, "course": "Major 100", "market": small_market, "period": SMALL_MONTH}),
        "hierarchical_effects": (at, {"levels": [], "parents": []}),
        "prepare_report": (at, {"book": small_book} | month),
        "ratio_table": (at, {"returns": None}),
        "read_book": (at, {"path": "book.toml"}),
        "read_grouping": (at, {"folder": SMALL, "column": "sector"}),
        "report": (at, {"book": small_book, "out": "out"} | month),
        "report_charts": (at, {"content": None}),
        "report_commentary": (at, {"content": None}),
    }
    made["attribute_accounts"][1].pop("book")
    return made | CASES


NAMES = sorted(name for package in (rm, at) for name in package.__all__ if inspect.isfunction(getattr(package, name)))


@pytest.mark.parametrize("function", NAMES)
def test_an_argument_of_a_wrong_type_is_named_and_told_what_it_should_be(function, small_book, small_model, small_market):
    package, given = calls(small_book, small_model, small_market)[function]
    wrong = WRONG | {"a book": small_book, "a model": small_model, "a market": small_market}
    unclear = []
    for name, value in given.items():
        for kind, other in wrong.items():
            if type(other) is type(value) or kind in FITS.get((function, name), ()):
                continue
            if kind == "a number" and isinstance(value, int):
                continue
            try:
                getattr(package, function)(**(given | {name: other}))
            except (rm.InputError, TypeError) as error:
                if name not in str(error) or not re.search(TOLD, str(error)):
                    unclear.append(f"{name}, {kind}: {str(error)[:150]}")
            except Exception as error:
                unclear.append(f"{name}, {kind}: {type(error).__name__}: {str(error)[:150]}")
            else:
                unclear.append(f"{name}, {kind}: taken")
    assert not unclear, "\n".join(unclear)


def methods(small_book, small_model, small_market, small_result):
    """Class and method -> (callable, arguments that it takes); those that are given without a name come first."""
    held = small_book.holdings[lambda h: (h["portfolio"] == "major") & (h["date"] == "2025-02-28")]
    accounts = at.attribute_accounts(
        accounts=small_book.holdings,
        benchmark=held.set_index("ticker")["weight"],
        model=small_model,
        market=small_market,
        period=SMALL_MONTH,
    )
    model, fact, plot = rm.RiskModel(), rm.Fact("nobody"), small_result.plot
    days, cut = small_model.data.get_index("time")[-1:], {"*cuts": "factor", "absolute": False}
    abroad = {"currency": "JPY", "market": small_market, "hedged": True, "benchmark_hedged": True, "forward_premium": 0.0}
    taken = [
        (model, "estimates", {"market": small_market}),
        (model, "fit", {"market": small_market}),
        (model, "update", {"results": small_model, "market": small_market}),
        (small_model, "design", {"times": days, "assets": [str(small_model.data["asset"].values[0])]}),
        (small_model, "group", {"factor": "value"}),
        (small_result, "group", {"factor": "value"}),
        (small_result, "messages", {"language": "en"}),
        (accounts, "by", cut),
        (accounts, "standard_errors", {"*cuts": "factor"}),
        (small_book, "reset_of", {"course": "Major 100"}),
        (small_book, "strategy_of", {"sleeve": "major"}),
        (small_book, "benchmark_name", {"course": "Major 100"}),
        (small_book, "names", {"language": "en"}),
        (small_book, "shares", {"course": "Major 100"}),
        (fact, "read", {"text": "nobody"}),
        (fact, "words", {"words": {}}),
        (plot, "factors", {"lang": "en"}),
        (plot, "exposures", {"lang": "en"}),
        (plot, "waterfall", {"lang": "en", "styles": 3}),
        (plot, "brinson", {"lang": "en", "grouping": "sector"}),
        (plot, "path", {"lang": "en", "largest": 3}),
        (plot, "stocks", {"lang": "en", "largest": 3}),
    ]
    by_times = ("coverage", "flags", "forecast", "industries", "left_out", "specific_forecast", "thin_sectors")
    taken += [(small_model, name, {"times": days}) for name in by_times]
    taken += [(small_result, name, cut) for name in ("averages", "by", "path", "standard_errors", "with_errors")]
    taken += [(small_result, name, {"n": 3} | cut) for name in ("top", "top_with_errors")]
    taken += [(small_result, name, {"*groupings": "sector"}) for name in ("brinson", "brinson_by_factor")]
    taken += [(small_result, name, abroad) for name in ("in_currency", "karnosky_singer")]
    return {(type(owner).__name__, name): (getattr(owner, name), given) for owner, name, given in taken}


def methods_of(kind: type) -> Iterator[str]:
    """Its own public methods that take something."""
    for name, function in vars(kind).items():
        plain = function.__func__ if isinstance(function, classmethod | staticmethod) else function
        if not name.startswith("_") and inspect.isfunction(plain) and len(inspect.signature(plain).parameters) > 1:
            yield name


METHODS = [
    (kind.__name__, name)
    for kind in [*(getattr(package, name) for package in (rm, at) for name in package.__all__), Plots]
    if inspect.isclass(kind)
    for name in methods_of(kind)
]


@pytest.fixture(scope="module")
def taken_by(small_book, small_model, small_market, small_result):
    return methods(small_book, small_model, small_market, small_result)


@pytest.mark.parametrize(("kind", "method"), METHODS)
def test_an_argument_of_a_method_of_a_wrong_type_is_named_too(kind, method, taken_by, small_book, small_model, small_market):
    function, given = taken_by[kind, method]
    wrong = WRONG | {"a book": small_book, "a model": small_model, "a market": small_market, "text": "hello"}
    unclear = []
    for name, value in given.items():
        for what, other in wrong.items():
            if isinstance(other, Mapping if isinstance(value, dict) else type(value)):
                continue
            if (name, what) == ("forward_premium", "a number"):
                continue
            changed = given | {name: other}
            leading = [changed.pop(key) for key in list(changed) if key in ("n", "*cuts", "*groupings")]
            try:
                function(*leading, **changed)
            except (rm.InputError, TypeError) as error:
                told = name in str(error) or (name.startswith("*") and re.match("cuts?|grouping", str(error)))
                if not told or not re.search(TOLD, str(error)):
                    unclear.append(f"{name}, {what}: {str(error)[:150]}")
            except Exception as error:
                unclear.append(f"{name}, {what}: {type(error).__name__}: {str(error)[:150]}")
            else:
                unclear.append(f"{name}, {what}: taken")
    assert not unclear, "\n".join(unclear)


@pytest.mark.parametrize(
    ("swapped", "message"),
    [
        (
            lambda book, model, market: at.attribute(book, "Major 100", market, model, period=SMALL_MONTH),
            "model: is of type Dataset, not RiskModelResults. Give what RiskModel.fit or riskmodel.load returns.",
        ),
        (
            lambda book, model, market: at.attribute(
                str(SMALL / "book.toml"), "Major 100", model, market, period=SMALL_MONTH
            ),
            "book: is of type str, not Book. Give what attribution.read_book returns.",
        ),
        (
            lambda book, model, market: at.report(book, month=SMALL_MONTH, out="out", market=SMALL),
            "market: is of type PosixPath, not Dataset. Give what riskmodel.read_market returns.",
        ),
        (
            lambda book, model, market: rm.RiskModel().fit(market["close"].to_pandas()),
            "market: is of type DataFrame, not Dataset. Give what riskmodel.read_market returns.",
        ),
        (
            lambda book, model, market: rm.RiskModel(universe="large"),
            "risk model: universe: is of type str, not UniverseRule. Use riskmodel.UniverseRule().",
        ),
        (
            lambda book, model, market: rm.validate(market, model),
            "results: is of type Dataset, not RiskModelResults. Give what RiskModel.fit or riskmodel.load returns.",
        ),
        (
            lambda book, model, market: rm.read_market(pd.DataFrame()),
            "folder: is of type DataFrame, not a path. Name the folder that holds prices.parquet or prices.csv.",
        ),
        (
            lambda book, model, market: at.attribute(book, "Major 100", model, model.data, period=SMALL_MONTH),
            "market: a Dataset without total_return by (time, asset). Give what riskmodel.read_market returns.",
        ),
        (
            lambda book, model, market: at.report_charts(book),
            "content: is of type Book, not Content. Give what attribution.prepare_report returns.",
        ),
    ],
)
def test_the_usual_mistakes_are_answered_in_these_words(swapped, message, small_book, small_model, small_market):
    with pytest.raises(rm.InputError) as caught:
        swapped(small_book, small_model, small_market)
    assert str(caught.value) == message
