"""What more than one test needs: the shipped book, the real market where it is there, copies to damage."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

import attribution as at
import riskmodel as rm
from riskmodel.market.tables import read_table

ROOT = Path(__file__).parents[1]
SMALL = ROOT / "fixtures" / "small"
REAL = ROOT.parent / "shared" / "data" / "us_2012_2016"
SMALL_MONTH = "2025-03"
SHORT = "2024-09-03"
# An example may take long on a machine that is busy. Tests that say no number of examples try a few, under `make slow` many.
settings.register_profile("few", deadline=None, max_examples=25)
settings.register_profile("many", deadline=None, max_examples=200)
settings.load_profile("few")


def dear_examples() -> int:
    """How many examples a property is tried on where one takes long; where one fits a model, a quarter of them."""
    return settings.default.max_examples // 2


def pytest_collection_modifyitems(items):
    if REAL.is_dir():
        return
    absent = pytest.mark.skip(reason="the real market is not beside the project (shared/data/us_2012_2016)")
    for item in items:
        if "real_market" in item.keywords:
            item.add_marker(absent)


def read_printed(text, **options):
    """A table that a command printed as CSV, every digit of it: pandas before 3 loses last ones unless told."""
    exact = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}
    return pd.read_csv(io.StringIO(text), **exact, **options)


@pytest.fixture(scope="session")
def small_book_of_sleeves(small_book):
    """Its courses of one sleeve alone: less to compute where blends are not the point."""
    return small_book.model_copy(update={"courses": {k: v for k, v in small_book.courses.items() if len(v) == 1}})


def of_one(book):
    """The shipped book, or one like it, with one course of one sleeve: where neither others nor blends are the point."""
    own = book.sleeves["major"]
    update = {
        "courses": {"Major 100": book.courses["Major 100"]},
        "sleeves": {"major": own},
        "benchmarks": {own.benchmark: book.benchmarks[own.benchmark]},
    }
    return book.model_copy(update=update)


@pytest.fixture(scope="session")
def small_book_of_one(small_book):
    return of_one(small_book)


def of_few_draws(model):
    """A fit whose forecasts simulate few histories, which is most of their cost: where that noise is not the point."""
    few = dataclasses.replace(rm.RiskModel().covariance, eigenfactor_simulations=20)
    return dataclasses.replace(model, settings=model.settings | {"covariance": dataclasses.asdict(few)})


def text_of_one(text):
    """The text of a book, as `of_one` the book."""
    text = re.sub(r"^\[sleeves\.next_major\]\n(?:\w.*\n)+", "", text, flags=re.MULTILINE)
    return re.sub(r"^\".*\bnext_major = .*\n", "", text, flags=re.MULTILINE)


@pytest.fixture(scope="session")
def real_market():
    return rm.read_market(REAL)


@pytest.fixture(scope="session")
def real_model(once, real_market):
    return once("real-model", lambda: rm.RiskModel().fit(real_market))


@pytest.fixture(scope="session")
def small_result(small_book, small_model, small_market):
    return at.attribute(small_book, "Major 70 : Next 30", small_model, small_market, period=SMALL_MONTH)


@pytest.fixture
def short_copy(small_copy):
    """As `small_copy`, of seven months of prices and lists: quick to fit, where the length of history is not the point."""
    _, read, write = small_copy
    for name in ("prices", "holdings"):
        table = read(name)
        write(name, table[table["date"] >= SHORT])
    return small_copy


@pytest.fixture
def small_copy(tmp_path):
    """A copy of the shipped folder that a test may damage, with its tables as frames: (folder, read, write)."""
    return copy_of_small(tmp_path / "small")


def copy_of_small(folder):
    """`small_copy` in a folder that is not there yet."""
    shutil.copytree(SMALL, folder)

    def read(name):
        return read_table(folder, name)

    def write(name, frame):
        (folder / f"{name}.csv").unlink(missing_ok=True)
        frame.to_parquet(folder / f"{name}.parquet", index=False)

    return folder, read, write


@pytest.fixture(scope="session")
def postgresql():
    """A running server of PostgreSQL; where none is installed the test is skipped."""
    from tests.riskmodel.market.sources.postgresql import programs, server

    if programs() is None:
        pytest.skip("no server of PostgreSQL is installed, so what is read from one is not tested")
    with server() as running:
        yield running
