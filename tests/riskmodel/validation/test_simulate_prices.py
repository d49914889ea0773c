"""Settling of a simulated market's prices: in one go or block by block, and with values that are adjusted on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from riskmodel.validation.simulated import market as simulated
from riskmodel.validation.simulated.companies import companies, company_tables
from riskmodel.validation.simulated.prices import CONVERGED, Block, settle

STARTS = np.array([0, 60, 101, 140])


@pytest.fixture(scope="module")
def chance():
    sessions = pd.bdate_range("2024-01-02", "2024-10-31", unit="ns")
    streams = iter([np.random.default_rng(s) for s in np.random.SeedSequence(5).spawn(6)])
    company = companies(next(streams), 150)
    known = company_tables(streams, company, sessions)
    return simulated.drawn_days(next(streams), company, sessions, -0.25), known


def left_over(drawn: xr.Dataset, truth: xr.Dataset) -> float:
    return float(abs(truth["specific_returns"] - drawn["specific_returns"]).max())


@pytest.fixture(scope="module")
def settled(chance):
    drawn, known = chance
    return {name: settle(drawn, known, blocks=blocks) for name, blocks in (("at once", None), ("in blocks", STARTS))}


@pytest.mark.parametrize("way", ["at once", "in blocks"])
def test_the_specific_returns_are_the_drawn_ones_to_what_is_left_of_settling(chance, settled, way):
    prices, _, truth = settled[way]
    assert left_over(chance[0], truth) < 5 * CONVERGED  # and rounding of closes from one dollar up
    assert (prices["close"] > 0).all()


def test_blocks_give_the_market_that_settles_at_once(settled):
    whole, parts = (settled[way][1] for way in ("at once", "in blocks"))
    difference = abs(whole["total_return"] - parts["total_return"])
    assert float(difference.max()) < 1e-3  # what is left of settling, carried along
    assert float(difference.mean()) < 2 * CONVERGED


def test_adjusted_values_become_the_truth_and_what_was_drawn_is_kept(chance):
    drawn, known = chance
    before = drawn.copy(deep=True)
    seen: list[slice] = []

    def add_a_basis_point(block: Block) -> xr.Dataset:
        seen.append(block.rows)
        factor = block.drawn["factor_returns"]
        return block.drawn.assign(factor_returns=factor + 1e-4 * (factor["factor"] == "value"))

    truth = settle(drawn, known, blocks=STARTS, adjust=add_a_basis_point)[2]
    xr.testing.assert_identical(drawn, before)
    assert {(rows.start, rows.stop) for rows in seen} == set(zip(STARTS, [*STARTS[1:], drawn.sizes["time"]], strict=True))
    moved = (truth["factor_returns"] - drawn["factor_returns"]).sel(factor="value").dropna("time")
    np.testing.assert_allclose(moved, 1e-4, rtol=0, atol=1e-15)  # once, not once a round


def test_a_block_that_does_not_settle_is_named(chance, monkeypatch):
    monkeypatch.setattr("riskmodel.validation.simulated.prices.MOST_ROUNDS", 8)  # it never would: more rounds show no more
    drawn, known = chance
    sign = iter(np.resize([1, -1], 1000))

    def restless(block: Block) -> xr.Dataset:
        return block.drawn.assign(latent=block.drawn["latent"] + 1e-3 * next(sign))

    with pytest.raises(RuntimeError, match=r"returns of the block from 2024-01-02 still move by 2\.0e-03"):
        settle(drawn, known, blocks=STARTS, adjust=restless)


@pytest.mark.slow
@pytest.mark.parametrize(("assets", "start", "end"), [(1000, "2024-05-01", "2026-03-31"), (250, "2020-01-02", "2024-01-02")])
def test_long_and_large_markets_settle(assets, start, end):
    made = simulated.simulate(assets=assets, start=start, end=end)
    prices = made.tables["prices"]
    assert (prices["close"] > 0).all()
    assert float(prices["total_return"].abs().max()) < 0.5
