"""The fitted model of a book: found, updated or fitted, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.cli import main
from attribution.portfolio.inputs import Fitted, fitted_model, read_inputs
from riskmodel.market.tables import TABLES, read_table
from riskmodel.model.parts import parts_folder
from riskmodel.model.store import SCHEMA
from tests.conftest import SHORT, SMALL


@pytest.fixture
def book(short_copy, tmp_path):
    path = short_copy[0] / "book.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[limits]", '[model]\nstore = "../model.nc"\n[limits]'), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def fits() -> dict[str, rm.RiskModelResults]:
    """Of the short market: one of some other model, one of all sessions but the last five, and the whole."""
    tables = {name: table for name in TABLES if (table := read_table(SMALL, name)) is not None}
    market = rm.build_market(tables | {"prices": tables["prices"][tables["prices"]["date"] >= SHORT]})
    return {
        "other": rm.RiskModel(universe=rm.UniverseRule(largest=100)).fit(market),
        "earlier": rm.RiskModel().fit(market.isel(time=slice(0, -5))),
        "whole": rm.RiskModel().fit(market),
    }


def fitted(path: Path) -> Fitted:
    book = at.read_book(path)
    return fitted_model(book, read_inputs(book))


def test_a_store_of_another_model_is_fitted_again_and_named(book, tmp_path, fits):
    store = tmp_path / "model.nc"
    rm.save(fits["other"], store)
    now = fitted(book)
    assert now.how == "fitted"
    assert now.remark.endswith("model.nc' holds another model: universe.largest is 100 there, 3000 here.")
    again = fitted(book)
    assert (again.how, again.remark) == ("found", "")
    assert [path.suffix for path in sorted(parts_folder(store).iterdir())] == [".nc", ".npz"]  # a part, and the market


def test_a_store_of_another_schema_is_fitted_again_and_named(book, tmp_path, fits):
    store = tmp_path / "model.nc"
    old = fits["earlier"].data[["factor_returns"]].assign_attrs(schema="4", settings="{}", key="")
    old.to_netcdf(store, engine="h5netcdf")
    now = fitted(book)
    assert now.how == "fitted"
    assert (
        f"is of another version: schema 4 there, {SCHEMA} here; factor-attribution of an earlier version there" in now.remark
    )
    assert fitted(book).how == "found"


def test_a_damaged_store_is_fitted_again_and_named(book, tmp_path, fits):
    store = tmp_path / "model.nc"
    rm.save(fits["earlier"], store)
    next(parts_folder(store).iterdir()).unlink()
    now = fitted(book)
    assert now.how == "fitted"
    assert "model.nc' is damaged (its part '" in now.remark


def test_a_store_of_other_inputs_is_updated_and_they_are_named(book, tmp_path, fits, capsys):
    store = tmp_path / "model.nc"
    rm.save(fits["earlier"], store, inputs={"prices.parquet": "of last week"})
    assert main(["fit", str(book)]) == 0
    printed = capsys.readouterr().out
    assert "updated; store: " in printed
    assert "model.nc' was fitted from other inputs: 6 tables differ, earnings.parquet, fundamentals.parquet, " in printed
    now = fitted(book)
    assert now.how == "found"
    xr.testing.assert_allclose(now.model.factor_returns, fits["whole"].factor_returns, rtol=1e-12, atol=1e-15)


def test_another_file_is_refused_before_anything_is_fitted(book, tmp_path, monkeypatch):
    (tmp_path / "model.nc").write_bytes(b"mine")
    monkeypatch.setattr(rm.RiskModel, "fit", lambda *_: pytest.fail("fitted"))
    with pytest.raises(at.InputError, match="is another file, and is not overwritten"):
        fitted(book)
    assert (tmp_path / "model.nc").read_bytes() == b"mine"


def test_the_cache_keeps_four_fits_with_their_parts(short_copy, fits, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "factor-attribution"
    for name in "abcde":
        rm.save(fits["other"], folder / f"{name}.nc")
    assert fitted(short_copy[0] / "book.toml").how == "fitted"
    heads = sorted(folder.glob("*.nc"))
    assert len(heads) == 4
    assert sorted(folder.iterdir()) == sorted([*heads, *map(parts_folder, heads)])


def test_a_fit_in_the_cache_is_updated_into_a_store_of_its_own(short_copy, fits, tmp_path, monkeypatch):
    folder, read, write = short_copy
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    prices = read("prices")
    write("prices", prices[prices["date"] <= "2025-03-21"])
    first = fitted(folder / "book.toml")
    write("prices", prices)
    now = fitted(folder / "book.toml")
    assert (first.how, now.how, now.remark) == ("fitted", "updated", "")
    assert first.store != now.store
    shared = {path.name for path in parts_folder(first.store).iterdir()}
    assert shared < {path.name for path in parts_folder(now.store).iterdir()}
    xr.testing.assert_allclose(now.model.factor_returns, fits["whole"].factor_returns, rtol=1e-12, atol=1e-15)
