"""A fit in blocks of sessions is the fit of the whole market, and goes on where it was interrupted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.blocks import open_blocks
from riskmodel.market.fingerprint import fingerprints
from riskmodel.model import parts
from riskmodel.model.blocks import fit_in_blocks
from riskmodel.model.cache.remembered import remembering
from tests.riskmodel.builders import random_tables, write_tables
from tests.riskmodel.model.test_model import split_later

BLOCK = 60
SOME = tuple(style for style in rm.STYLES if style.name in ("profitability", "surprise", "size", "momentum"))
REMEMBERING = rm.RiskModel(styles=SOME)
MODEL = replace(REMEMBERING, specific=rm.SpecificRiskSettings(regime_half_life=None))  # in a third of the time


@pytest.fixture(scope="module")
def tables():
    found = random_tables(assets=40, sessions=160, seed=3, start="2020-01-01")
    codes = np.where(np.arange(40) % 2, "2834", "7372")
    return found | {"securities": found["securities"].assign(sic=codes).astype({"sic": "str"})}


@pytest.fixture(scope="module")
def market(tables, tmp_path_factory):
    return open_blocks(write_tables(tmp_path_factory.mktemp("market"), tables))


@pytest.fixture(scope="module")
def each_apart():
    """Parts are long enough at once, as those of a large market are, and are not written again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "SETTLED", 1)
        yield


@pytest.fixture(scope="module")
def stored(market, tmp_path_factory, each_apart):
    """A fit in blocks, and its store."""
    path = tmp_path_factory.mktemp("store") / "model.nc"
    return fit_in_blocks(market, path, model=MODEL, sessions=BLOCK), path


def bytes_of(path):
    files = [path, *sorted(parts.parts_folder(path).iterdir())]
    return {file.name: file.read_bytes() for file in files}


class StoppedError(Exception):
    """What interrupts."""


def stopping_at(block, stage):
    """A progress that ends the fit at a stage of one of its blocks, counted from 0."""
    begun = []

    def step(name):
        label, _, own = name.partition(": ")
        begun.extend([label] * (label not in begun))
        if len(begun) == block + 1 and own == stage:
            raise StoppedError

    return step


def test_a_fit_in_blocks_is_the_fit_of_the_whole(market, tables, tmp_path):
    got = fit_in_blocks(market, tmp_path / "model.nc", model=REMEMBERING, sessions=BLOCK).data
    whole = remembering(REMEMBERING.fit(rm.build_market(tables))).data
    assert set(got.variables) == set(whole.variables)
    assert got.attrs == whole.attrs
    assert got.attrs["industry_codes"] == "sic"
    for name, expected in whole.variables.items():
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(got[name].to_numpy(), expected.to_numpy(), rtol=1e-12, atol=1e-12, err_msg=str(name))
        else:
            np.testing.assert_array_equal(got[name].to_numpy(), expected.to_numpy(), err_msg=str(name))


def test_an_interrupted_fit_goes_on_to_the_same_bytes(market, stored, tmp_path, each_apart):
    path, told = tmp_path / "model.nc", []
    with pytest.raises(StoppedError):
        fit_in_blocks(market, path, model=MODEL, sessions=BLOCK, progress=stopping_at(2, "what forecasts look back on"))
    fit_in_blocks(market, path, model=MODEL, sessions=BLOCK, progress=told.append)
    assert len({name.partition(": ")[0] for name in told}) == 1  # what was stored is not fitted again
    assert bytes_of(path) == bytes_of(stored[1])
    assert len(list(parts.parts_folder(path).iterdir())) == 3


def test_a_store_that_has_all_is_opened(market, stored):
    told = []
    again = fit_in_blocks(market, stored[1], model=MODEL, progress=told.append)
    assert not told
    assert again.settings == stored[0].settings


def until(tables, session):
    """The tables as they stood after so many sessions, with the names that had a price by then."""
    days = np.unique(tables["prices"]["date"])
    known = {"prices": "date", "shares": "available_from", "fundamentals": "available_from", "earnings": "announced"}
    then = {
        name: table[table[known[name]] <= days[session - 1]] if name in known else table for name, table in tables.items()
    }
    listed = then["prices"]["ticker"].unique()
    return then | {"securities": then["securities"][then["securities"]["ticker"].isin(listed)]}


def grown(before, now, folder, progress):
    """A fit in blocks of all sessions, over the store of the first 100."""
    path = folder / "model.nc"
    fit_in_blocks(open_blocks(write_tables(folder / "then", until(before, 100))), path, model=REMEMBERING, sessions=BLOCK)
    market = open_blocks(write_tables(folder / "now", now))
    return fit_in_blocks(market, path, model=REMEMBERING, sessions=BLOCK, progress=progress)


def listed_late(tables):
    """The same, where one name has no price before session 80 and another none before session 120."""
    prices, days = tables["prices"], np.unique(tables["prices"]["date"])
    first = prices["ticker"].map({"T003": days[80], "T005": days[120]})
    return tables | {"prices": prices[~(prices["date"] < first)]}


def split_since(tables):
    """The same after a split at session 130, which a feed takes out of all that is before."""
    return split_later(tables, "T000", pd.Timestamp(np.unique(tables["prices"]["date"])[130]))


@pytest.mark.parametrize(("change", "tolerance"), [(listed_late, 1e-12), (split_since, 1e-10)])  # a third is rounded
def test_a_store_grows_by_the_sessions_that_are_new_and_is_the_fit_of_the_whole(change, tolerance, tables, tmp_path):
    now, told = change(tables), []
    got = grown(tables if change is split_since else now, now, tmp_path, told.append).data
    fitted = {name.partition(": ")[0] for name in told if not name.startswith("history")}
    assert len(fitted) == 1 and len(told) > len(fitted)  # the sixty sessions that are new
    whole = remembering(REMEMBERING.fit(rm.build_market(now))).data
    for name, expected in whole.variables.items():
        there = got[name].to_numpy()
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(there, expected.to_numpy(), rtol=tolerance, atol=tolerance, err_msg=str(name))
        else:
            np.testing.assert_array_equal(there, expected.to_numpy(), err_msg=str(name))


@pytest.mark.parametrize(
    ("table", "column"), [("prices", "volume"), ("fundamentals", "net_income"), ("securities", "sector")]
)
def test_a_store_whose_past_has_changed_is_fitted_anew(table, column, tables, tmp_path):
    cells = tables[table].copy()
    cells.loc[cells.index[0], column] = cells[column].iloc[1] if column == "sector" else cells[column].iloc[0] + 1
    assert not cells.equals(tables[table])
    first = f"{np.unique(tables['prices']['date'])[0]:.10}"

    def step(name):
        if not name.startswith("history"):
            assert name.startswith(first)
            raise StoppedError

    with pytest.raises(StoppedError):
        grown(tables, tables | {table: cells}, tmp_path, step)


@pytest.mark.slow
def test_a_store_of_another_model_is_replaced(market, stored, tmp_path, each_apart):
    path = tmp_path / "model.nc"
    fit_in_blocks(market, path, model=replace(MODEL, styles=SOME[:3]), sessions=BLOCK)
    fit_in_blocks(market, path, model=MODEL, sessions=BLOCK)
    assert bytes_of(path) == bytes_of(stored[1])


def test_a_fit_in_blocks_is_one_that_an_update_knows(stored, tables):
    """The history under it has the fingerprints of the whole market's."""
    whole = rm.build_market(tables)
    assert MODEL.update(stored[0], whole) is stored[0]
    own = fingerprints(whole, whole["time"].to_numpy()[-1])
    xr.testing.assert_equal(stored[0].data[[*own]].drop_attrs(), own)


@pytest.mark.parametrize("sessions", [0, 2.5, "252"])
def test_blocks_have_a_whole_number_of_sessions(market, tmp_path, sessions):
    with pytest.raises(rm.InputError, match=r"sessions: .*a whole number, 1 or more"):
        fit_in_blocks(market, tmp_path / "model.nc", sessions=sessions)
