"""Weights that a custodian rounds: scaled to one where the book says so, and said; refused where it does not."""

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.measures.performance import tracks_to
from attribution.portfolio.check import check_inputs
from attribution.portfolio.evidence.judged import book_evidence
from attribution.reporting.tables.notes import evidence_notes
from riskmodel.errors import InputError
from tests.conftest import SMALL_MONTH

DATES = {"2025-01-31": 0.996, "2025-02-28": 1.001}


@pytest.fixture
def rounded(small_copy):
    """A book of which two lists sum to 0.996 and to 1.001, as rounding to 0.1 % leaves them."""
    folder, read, write = small_copy
    holdings = read("holdings")
    for date, total in DATES.items():
        own = (holdings["portfolio"] == "major") & (holdings["date"] == date)
        holdings.loc[own, "weight"] *= total
    write("holdings", holdings)
    path, text = folder / "book.toml", (folder / "book.toml").read_text()

    def stated(tolerance):
        path.write_text(text.replace('risk_free = "rates"', f'risk_free = "rates"\nweight_tolerance = {tolerance}'))
        return at.read_book(path)

    return path, stated


def test_without_the_statement_they_are_refused_and_the_key_is_named(rounded):
    with pytest.raises(InputError) as error:
        at.read_book(rounded[0])
    assert str(error.value) == (
        "holdings: weights of 'major' on 2025-01-31 sum to 0.996, 'major' on 2025-02-28 sum to 1.001, not 1. Add what is "
        "missing, or take out what is there twice; cash is a row of its own, with ticker CASH, below zero where it is "
        "borrowed. If nothing is missing and they are rounded, say so in the book: weight_tolerance = 0.005 in [book] "
        "scales them to one."
    )


def test_with_it_they_are_scaled_to_one_and_counted_by_check_and_page(rounded, small_book):
    book = rounded[1](0.005)
    pd.testing.assert_frame_equal(book.holdings, small_book.holdings, check_exact=False, rtol=1e-12)
    totals = book.holdings.groupby(["portfolio", "date"])["weight"].sum()
    np.testing.assert_allclose(totals, 1, rtol=0, atol=1e-6)
    market = rm.read_market(rounded[0].parent)
    found = check_inputs(book, market)
    found = found[found["key"] == "list_scaled"]
    assert found[["ticker", "date"]].values.tolist() == [["major", date] for date in DATES]
    assert (
        "list whose weights are rounded, divided by their sum (the sum): 2025-01-31 major (0.996)" in found["detail"].iloc[0]
    )
    notes = [str(note) for note in evidence_notes(book_evidence(tracks_to(book, market, SMALL_MONTH)))]
    own = [note for note in notes if "list_scaled" in note]
    assert len(own) == 1 and all(f"{total:g}" in own[0] for total in DATES.values())


def test_a_list_beyond_the_stated_tolerance_is_refused(rounded):
    with pytest.raises(
        InputError, match=r"'major' on 2025-01-31 sum to 0\.996, not 1 within weight_tolerance, 0\.002\. Add"
    ):
        rounded[1](0.002)
    with pytest.raises(InputError, match=r"'weight_tolerance' in \[book\]: 0\.05; give a decimal from 0 and up to 0\.02"):
        rounded[1](0.05)


def test_a_sum_that_no_rounding_leaves_is_not_advised_to_be_scaled(small_copy):
    folder, read, write = small_copy
    holdings = read("holdings")
    write("holdings", holdings.drop(index=holdings.index[holdings["weight"] > 0.04][0]))
    with pytest.raises(InputError) as error:
        at.read_book(folder / "book.toml")
    assert "weight_tolerance" not in str(error.value)
