"""What tests and examples share: a cache of their own, the root as their folder, and work that is done once for all."""

from __future__ import annotations

import gc
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis.strategies import just

import attribution as at
import riskmodel as rm
from riskmodel.estimation.kernel import COMPILED
from riskmodel.files import alone

ROOT = Path(__file__).parent
collect_ignore = [] if COMPILED else ["riskmodel/estimation/kernel/compiled.py"]  # without a compiler nobody can import it
SMALL = ROOT / "fixtures" / "small"
SMALL_MONTH = "2025-03"


def pytest_collection_modifyitems(items):
    """Files that need `once` come first: the first process gets all of them, so that no other waits until it is made."""
    sharing = {item.path for item in items if "once" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in sharing)


def pytest_collection_finish():
    """What was imported, collected and shared stays to the end: the search for garbage need not go through it every time."""
    settings(database=None, max_examples=1)(given(just(None))(lambda nothing: None))()  # Hypothesis 6.110 begins before the
    gc.freeze()  # freeze, or it finds nobody who refers to its random numbers, and warns
    gc.set_threshold(50_000, 20, 50)  # nor through what the tests share, every few thousand objects


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """No test reads or fills the user's cache; one cache for all tests of a process spares them fitting again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def examples_run_at_the_root():
    """Examples in docstrings and pages read fixtures/small, relative to the project's root."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """`once(name, make)`: what `make` gives, made by the first process of a run that asks and read by the others."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return lambda name, make: make()

    def made_or_read(name, make):
        folder = tmp_path_factory.getbasetemp().parent / f"once-{name}"
        folder.mkdir(exist_ok=True)
        kept = folder / "kept.pickle"
        with alone(folder):
            if not kept.exists():
                made = make()
                kept.with_suffix(".half").write_bytes(pickle.dumps(made))
                kept.with_suffix(".half").replace(kept)
                return made
        return pickle.loads(kept.read_bytes())

    return made_or_read


@pytest.fixture(scope="session")
def small_market():
    return rm.read_market(SMALL)


@pytest.fixture(scope="session")
def small_model(small_market):
    return rm.RiskModel().fit(small_market)


@pytest.fixture(scope="session")
def small_book():
    return at.read_book(SMALL / "book.toml")


@pytest.fixture(scope="session")
def page_content(once, small_book, small_market, small_model):
    """Everything that the report of the month shows; read only."""
    from attribution.reporting.tables.content import build_content

    return once("content", lambda: build_content(small_book, small_market, small_model, SMALL_MONTH))


@pytest.fixture(autouse=True)
def examples_share_a_fit(request, monkeypatch):
    """Every example reads and fits fixtures/small, as its reader would: here all have the market and the fit of one."""
    if not isinstance(request.node, pytest.DoctestItem):
        return
    from attribution.reporting.tables import content as report_content

    market, fitted = request.getfixturevalue("small_market"), request.getfixturevalue("small_model")
    read, fit, build = rm.read_market, rm.RiskModel.fit, report_content.build_content

    def read_once(folder, **options):
        return market if Path(folder).resolve() == SMALL else read(folder, **options)

    def fit_once(model, given, **options):
        return fitted if given is market and model == rm.RiskModel() else fit(model, given, **options)

    def build_once(book, given, model, month):
        shared = given is market and model is fitted and month == SMALL_MONTH and book.path.resolve() == SMALL / "book.toml"
        monkeypatch.setattr(report_content, "build_content", build)  # which the fixture takes, if this example is its first
        return request.getfixturevalue("page_content") if shared else build(book, given, model, month)

    monkeypatch.setattr(rm, "read_market", read_once)
    monkeypatch.setattr(rm.RiskModel, "fit", fit_once)
    monkeypatch.setattr(report_content, "build_content", build_once)
