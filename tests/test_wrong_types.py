"""What every public function says of an argument of a wrong type: which one it is, and what to give."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
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
    ("read_book", "path"): {"a path"},
    ("read_grouping", "folder"): {"a path"},
    ("load", "path"): {"a path"},
    ("audit_report", "path"): {"a path"},
    ("save", "path"): {"a path"},
    ("report", "out"): {"a path"},
    ("link", "benchmark_returns"): {"a number"},
    ("mean_return_tests", "factor_returns"): {"a frame"},
    ("factor_covariance", "factor_returns"): {"a frame"},
}
PLAIN = {"covariance": rm.CovarianceSettings(), "specific": rm.SpecificRiskSettings()}
TOLD = (
    r"\b(Give|Name|Use|Write|Say|Check|give|takes|needed|has|choices|methods|of one month|of a dict|Its parts|They are|"
    r"Found|without a family)\b"
)


def calls(small_book, small_model, small_market):
    """Function -> (callable, arguments that it takes), one for each public function."""
    inputs = {"book": small_book, "model": small_model, "market": small_market}
    weights = small_book.holdings[lambda h: (h["portfolio"] == "major") & (h["date"] == "2025-02-28")].set_index("ticker")
    weights = weights["weight"]
    sectors = pd.Series("Tech", weights.index)
    fit = {"results": small_model, "market": small_market}
    month = {"month": SMALL_MONTH, "market": small_market, "model": small_model}
    made: dict = {
        "alignment_report": (rm, {"market": small_market}),
        "build_market": (rm, {"tables": {}}),
        "diagnose": (rm, fit),
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
