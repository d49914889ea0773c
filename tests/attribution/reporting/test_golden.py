"""The tables of a month are the same to ten digits in every environment: `fixtures/golden`, by `make fixtures`."""

from __future__ import annotations

import importlib.util

import pandas as pd
import pytest

from tests.conftest import ROOT, SMALL_MONTH
from tests.golden import EVERYWHERE, Cell, beyond, compared, main, unequal

GENERATOR, GOLDEN = ROOT / "fixtures" / "make_golden.py", ROOT / "fixtures" / "golden"
AGAIN = (
    "If the new figures are right, say why in CHANGELOG.md and write them: python fixtures/make_golden.py fixtures/golden"
)


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("make_golden", GENERATOR)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def made(generator, page_content, tmp_path_factory):
    """The golden tables as this environment makes them."""
    assert generator.MONTH == SMALL_MONTH == page_content.month
    folder = tmp_path_factory.mktemp("golden")
    generator.write(folder, generator.golden(page_content.tables))
    return folder


def test_the_tables_are_the_golden_ones_to_ten_digits(made):
    different = beyond(compared(GOLDEN, made))
    named = "\n".join(map(str, different[:20]))
    assert not different, f"{len(different)} cells differ.\n{named}\n{AGAIN}"


def test_every_table_of_the_report_is_among_the_golden_ones(page_content):
    assert {path.name.split(".")[0] for path in GOLDEN.iterdir()} == page_content.tables.keys()


def test_golden_tables_are_small_enough_to_be_kept():
    assert sum(path.stat().st_size for path in GOLDEN.iterdir()) < 420_000


def test_a_large_table_is_kept_as_sums_by_each_column_of_labels(generator):
    table = pd.DataFrame({"course": ["A", "A", "B"], "factor": ["x", "y", "x"], "contribution": [1.0, -2.0, 4.0]})
    sums = generator.summed(table)
    assert sums["course"].to_dict("list") == {"course": ["A", "B"], "contribution": [3.0, 4.0], "rows": [2, 1]}
    assert sums["factor"].to_dict("list") == {"factor": ["x", "y"], "contribution": [5.0, 2.0], "rows": [2, 1]}


def test_what_is_rounding_of_zero_is_written_as_zero(generator):
    table = pd.DataFrame({"difference": [1e-17, -1e-15, 1 / 3, None], "passed": [True, True, False, True]})
    assert generator.written(table).splitlines()[1:] == ["0,True", "0,True", "0.333333333333,False", ",True"]


TEXT = "factor,contribution,day\nvalue,0.125,2025-03-31\nsize,,2025-03-31\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("0.125", "0.1250000001"), "t, line 2, contribution: '0.1250000001', expected '0.125'"),
        (("size,,", "size,0,"), "t, line 3, contribution: '0', expected ''"),
        (("value,0.125", "value,nan"), "t, line 2, contribution: 'nan', expected '0.125'"),
        (("size,", "Size,"), "t, line 3, factor: 'Size', expected 'size'"),
        (("day\n", "date\n"), "t, line 1, columns: "),
        (("size,,2025-03-31\n", ""), "t, line 1, lines: '2', expected '3'"),
    ],
)
def test_a_cell_that_differs_is_named(change, said):
    (cell,) = beyond(unequal("t", TEXT, TEXT.replace(*change)))
    assert str(cell).startswith(said)


@pytest.mark.parametrize("change", [("0.125", "0.12500000000001"), ("0.125", "1.25e-1"), ("0.125", "+0.125")])
def test_what_agrees_to_ten_digits_is_no_difference(change):
    assert beyond(unequal("t", TEXT, TEXT.replace(*change))) == []


def test_a_number_that_is_rounding_of_zero_may_be_any(made):
    assert beyond([Cell("t", 2, "difference", "0", "-9e-15")]) == []
    assert beyond([Cell("t", 2, "difference", "0", "-9e-14")]) != []


def test_environments_are_compared_to_the_twelfth_decimal(tmp_path, capsys):
    for name, value in (("first", "0.125"), ("second", "0.1250000000001"), ("third", "0.12500000001")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "risk.csv").write_text(f"measure,value\nvolatility,{value}\n")
    assert main([tmp_path / "first", tmp_path / "second"]) == 0
    assert main([tmp_path / "first", tmp_path / "second", tmp_path / "third"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"largest difference 1.0e-11, allowed {EVERYWHERE:.0e}"


def test_a_table_that_one_environment_lacks_is_a_difference(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    (tmp_path / "first" / "risk.csv").write_text("measure\n")
    assert [cell.table for cell in beyond(compared(tmp_path / "first", tmp_path / "second"))] == ["risk.csv"]
