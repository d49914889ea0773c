"""What a person meets at a prompt and in a notebook: names, help, figures that show themselves."""

from __future__ import annotations

import base64
import inspect
import pydoc
import re
import types

import pytest

import attribution as at
import riskmodel as rm
from tests.conftest import ROOT, SMALL_MONTH

PACKAGES = pytest.mark.parametrize("package", [rm, at], ids=["riskmodel", "attribution"])


@PACKAGES
def test_the_names_of_a_package_are_those_that_it_promises(package):
    assert dir(package) == sorted(package.__all__)


@PACKAGES
def test_every_public_name_gives_the_same_object_twice_and_is_no_module(package):
    for name in package.__all__:
        one = getattr(package, name)
        assert one is getattr(package, name) and not isinstance(one, types.ModuleType), name


@PACKAGES
def test_an_unknown_name_is_answered_with_those_that_there_are(package):
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'fti'; it has .*InputError"):
        _ = package.fti


@PACKAGES
def test_the_help_of_a_package_is_a_page_with_a_line_for_each_name(package):
    text = pydoc.plain(pydoc.render_doc(package))
    page = inspect.getdoc(package)
    for name in package.__all__:
        lines = [line for line in page.splitlines() if line.strip().startswith(f"{name} ")]
        assert len(lines) == 1 and len(lines[0].split(maxsplit=1)[1]) > 10 and lines[0].strip() in text, name
        assert inspect.getdoc(getattr(package, name)), f"{name} has no docstring"
    named = re.findall(r"(?m)^ {4}(\w+) {2,}\S", page)
    assert sorted(named) == sorted(package.__all__)


def completed(**namespace):
    """What IPython offers after the name and a dot."""
    completer = pytest.importorskip("IPython.core.completer")
    (name,) = namespace
    own = completer.IPCompleter(shell=None, namespace=namespace)
    own.use_jedi = False
    with completer.provisionalcompleter():
        return {found.text.rpartition(".")[2] for found in own.completions(f"{name}.", len(name) + 1)}


@PACKAGES
def test_ipython_completes_the_public_names(package):
    assert set(package.__all__) <= completed(package=package)


def test_ipython_completes_what_a_result_has(small_result):
    assert {"by", "plot", "reconciliation"} <= completed(result=small_result)


def test_the_report_has_a_signature_of_its_own():
    parameters = inspect.signature(at.report).parameters
    assert list(parameters) == [
        "book", "month", "out", "languages", "formats", "editions", "market", "model", "commentary", "progress",
    ]  # fmt: skip
    assert "lambda" not in pydoc.plain(pydoc.render_doc(at.report))


def test_a_figure_is_a_picture_that_says_its_size(small_result):
    picture, size = small_result.plot.waterfall()._repr_png_()
    assert picture.startswith(b"\x89PNG\r\n")
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert abs(width - 2 * size["width"]) <= 2 and abs(height - 2 * size["height"]) <= 2


def test_a_validation_draws_a_picture(small_model, small_market):
    plain = rm.CovarianceSettings(eigenfactor_simulations=0)
    checked = rm.validate(small_model, small_market["market_cap"], every=20, random_portfolios=2, covariance=plain)
    assert checked.plot()._repr_png_()[0].startswith(b"\x89PNG")


def test_results_say_in_a_line_or_a_table_what_they_are(small_book, small_result):
    assert repr(small_book).startswith(
        "Book book.toml: Model portfolios on a simulated market, in USD since 2024-03-01; courses"
    )
    assert repr(small_result.plot) == (
        "Figures of Major 70 : Next 30: factors(), waterfall(), exposures(), brinson(), path(), stocks()"
    )


@pytest.mark.slow  # what a figure and a result show of themselves is asked of them here and in their own tests
def test_a_notebook_shows_the_figures(tmp_path):
    """A real notebook, run by a real kernel: nothing is asked of it but to import, fit, explain and plot."""
    nbformat = pytest.importorskip("nbformat")
    preprocessors = pytest.importorskip("nbconvert.preprocessors")
    pytest.importorskip("ipykernel")
    lines = f"""
import riskmodel as rm, attribution as at
market = rm.read_market("fixtures/small")
model = rm.RiskModel().fit(market)
result = at.attribute(at.read_book("fixtures/small/book.toml"), "Major 100", model, market, period="{SMALL_MONTH}")
result.plot.waterfall()
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(lines), nbformat.v4.new_code_cell("result")])
    preprocessors.ExecutePreprocessor(timeout=60).preprocess(notebook, {"metadata": {"path": str(ROOT)}})
    figure, table = (cell["outputs"][0]["data"] for cell in notebook.cells)
    assert base64.b64decode(figure["image/png"]).startswith(b"\x89PNG")
    assert "largest contributions" in table["text/plain"] and "<table" in table["text/html"]
