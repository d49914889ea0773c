"""A folder in fsspec's memory is read as the one here that it was copied from."""

from __future__ import annotations

import fsspec
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.market.sources import open_source
from riskmodel.market.sources.mapping import TableMap
from tests.conftest import SMALL

URL = "memory://house/market"


@pytest.fixture
def memory():
    """The shipped folder in memory, its prices in two files of a folder."""
    system = fsspec.filesystem("memory")
    system.put(f"{SMALL}/", "/house/market/", recursive=True)
    yield system
    system.rm("/house", recursive=True)


def test_a_folder_elsewhere_gives_the_same_market_and_hashes(memory):
    source = open_source(URL)
    xr.testing.assert_identical(rm.read_market(source), rm.read_market(SMALL))
    assert source.hashes() == open_source(SMALL).hashes()
    assert source.folder is None


def test_parts_and_exports_elsewhere_are_read_as_those_here(memory):
    memory.mv("/house/market/prices.parquet", "/house/market/prices/year=2024/all.parquet")
    memory.mv("/house/market/rates.csv", "/house/market/feed/rates [1].csv")
    source = open_source(URL, maps={"rates": TableMap(file="feed/rates [1].csv")})
    xr.testing.assert_identical(rm.read_market(source), rm.read_market(SMALL))
    assert {"prices.year=2024/all.parquet", "rates.feed/rates [1].csv"} <= set(source.hashes())


def test_rows_that_a_mapping_leaves_out_are_counted_elsewhere_too(memory):
    rates = memory.cat_file("/house/market/rates.csv")
    memory.pipe_file("/house/market/rates.csv", rates + b"total,1\n")
    source = open_source(URL, maps={"rates": TableMap(file="rates.csv", drop={"date": "total"})})
    xr.testing.assert_identical(rm.read_market(source), rm.read_market(SMALL))
    assert source.dropped == {"rates": {("date", "total"): 1}}


def test_splits_that_a_mapping_takes_into_account_are_read_elsewhere_too(memory):
    maps = {"shares": TableMap(file="shares.csv", unadjusted="shares_out")}
    here, there = (open_source(place, maps=maps).table("shares") for place in (SMALL, URL))
    assert here is not None and here.equals(there)


def test_what_is_read_is_what_the_hashes_are_of(memory):
    source = open_source(URL)
    source.table("rates")
    memory.pipe_file("/house/market/rates.csv", b"date,risk_free\n2025-03-03,0.0001\n")
    assert source.hashes()["rates.csv"] == open_source(SMALL).hashes()["rates.csv"] != open_source(URL).hashes()["rates.csv"]


def test_what_is_not_there_is_told_with_what_is(memory):
    memory.rm("/house/market/shares.csv")
    with pytest.raises(
        InputError, match=r"shares: no file 'shares\.parquet' or 'shares\.csv' in 'memory://house/market'. Found"
    ):
        open_source(URL).table("shares")
    with pytest.raises(InputError, match=r"rates: no file 'r_\*\.csv' in .*Found there: book\.toml, constituents"):
        open_source(URL, maps={"rates": TableMap(file="r_*.csv")}).table("rates")
    with pytest.raises(InputError, match="'memory://house/nowhere' is no folder"):
        open_source("memory://house/nowhere").table("rates")
    assert open_source(URL).table("finals") is None


@pytest.mark.parametrize("before", [0, 100, 150, 158])
def test_a_password_is_masked_before_what_a_file_system_says_is_cut(memory, monkeypatch, before):
    def refuses(system, path):
        raise OSError("x " * (before // 2) + "no such key unique-word-4711 and unique-word-4711, unique-word-4711")

    with monkeypatch.context() as patch, pytest.raises(InputError, match=r"cannot be read \(.*") as told:
        patch.setattr(type(memory), "isdir", refuses)
        open_source("memory://key:unique-word-4711@house/market").table("rates")
    assert not any("unique-word-4711"[:length] in str(told.value) for length in range(4, 17))


def test_what_is_not_installed_is_named_whatever_the_words_of_the_refusal():
    fsspec.register_implementation("house", "house_storage.System", errtxt="Bitte nachinstallieren", clobber=True)
    with pytest.raises(InputError, match=r"house://market: house_storage is not installed\. Install the extra"):
        open_source("house://market").table("rates")


def test_a_mistake_of_ours_is_not_taken_for_a_file_system_s(memory, monkeypatch):
    monkeypatch.setattr(type(memory), "glob", lambda *_, **__: ["/elsewhere/rates.csv"])
    with pytest.raises(ValueError, match="is not in the subpath") as raised:
        open_source(URL).table("rates")
    assert not isinstance(raised.value, InputError)
