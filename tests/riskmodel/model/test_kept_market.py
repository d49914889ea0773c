"""A kept market is the one that was read, or none: the key, the file, and what a changed byte of either does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel import errors
from riskmodel.market.market import MARKET_TABLES
from riskmodel.market.sources import Folder
from riskmodel.model.cache import market as kept
from riskmodel.model.cache.folder import read_cache, remove_store, store_bytes
from riskmodel.model.cache.market import DamagedMarketError, keep_market, kept_market, market_file, market_key
from riskmodel.model.parts import parts_folder
from tests.conftest import REAL, ROOT

KEY = "0123abcd"
FOLDERS = [ROOT / "fixtures" / name for name in ("small", "twin")]


def require_same(found: xr.Dataset | None, market: xr.Dataset) -> None:
    """Values, labels, attributes, types, order, and how numbers lie in memory, on which the last digit of a sum depends."""
    assert found is not None
    xr.testing.assert_identical(found, market)
    assert list(found.data_vars) == list(market.data_vars) and list(found.coords) == list(market.coords)
    assert found.attrs == market.attrs and found.encoding == market.encoding
    for name, variable in market.variables.items():
        own = found.variables[name]
        assert own.dtype == variable.dtype and own.attrs == variable.attrs, name
        values, others = own.to_numpy(), variable.to_numpy()
        for order in ("C_CONTIGUOUS", "F_CONTIGUOUS"):
            assert values.flags[order] == others.flags[order], name
        if values.dtype == object:
            assert [type(value) for value in values.ravel()] == [type(value) for value in others.ravel()]
        else:  # the sign of a zero and what a missing number is made of too
            assert values.tobytes() == others.tobytes(), name
    for name, index in market.indexes.items():
        assert type(found.indexes[name]) is type(index) and found.indexes[name].equals(index)
        assert found.indexes[name].dtype == index.dtype and found.indexes[name].name == index.name
    assert rm.market.evidence_report(found).equals(rm.market.evidence_report(market))
    assert rm.market.alignment_report(found).equals(rm.market.alignment_report(market))


@pytest.fixture
def tiny(small_market: xr.Dataset) -> xr.Dataset:
    """Few numbers of every kind that a market has."""
    return small_market.isel({dim: slice(0, 3) for dim in small_market.dims}).copy(deep=True)


@pytest.mark.parametrize("folder", [*FOLDERS, pytest.param(REAL, marks=pytest.mark.real_market)], ids=lambda path: path.name)
def test_a_kept_market_is_the_one_that_was_read(folder: Path, tmp_path: Path) -> None:
    market = rm.read_market(folder)
    keep_market(market, tmp_path / "model.nc", KEY)
    require_same(kept_market(tmp_path / "model.nc", KEY), market)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))  # pandas with Arrow holds no half character


@given(labels=st.lists(TEXTS, min_size=3, max_size=3), number=st.floats(width=64))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_and_any_number_come_back(tiny: xr.Dataset, tmp_path: Path, labels: list[str], number: float) -> None:
    volume = np.full((3, 3), -0.0)
    volume[1, 1] = number
    market = tiny.assign(
        name=("asset", np.array(labels, dtype=object)),
        volume=(("time", "asset"), volume),
        descriptor=("descriptor", np.array([], dtype=object)),
        descriptor_value=(("time", "asset", "descriptor"), np.empty((3, 3, 0))),
    )
    keep_market(market, tmp_path / "model.nc", KEY)
    require_same(kept_market(tmp_path / "model.nc", KEY), market)


def test_rows_that_were_left_out_come_back_of_the_tables_that_the_key_is_of(tiny: xr.Dataset, tmp_path: Path) -> None:
    dropped, back = {"shares": {("Class", "Total"): 3, ("Class", '"'): 1}}, {"shares": {}, "holdings": {("A", "B"): 2}}
    keep_market(tiny, tmp_path / "model.nc", KEY, dropped | {"holdings": {("A", "Total"): 1}})
    assert kept_market(tmp_path / "model.nc", KEY + "0", back) is None and back["shares"] == {}
    require_same(kept_market(tmp_path / "model.nc", KEY, back), tiny)
    assert back == dropped | {"holdings": {("A", "B"): 2}}


def test_under_another_key_or_without_a_file_there_is_none(tiny: xr.Dataset, tmp_path: Path) -> None:
    store = tmp_path / "model.nc"
    assert kept_market(store, KEY) is None
    keep_market(tiny, store, KEY)
    assert kept_market(store, KEY + "0") is None


def test_a_file_that_is_cut_or_has_another_byte_is_damaged_or_gives_the_same(tiny: xr.Dataset, tmp_path: Path) -> None:
    store, draws = tmp_path / "model.nc", np.random.default_rng(5)
    keep_market(tiny, store, KEY)
    path, named = market_file(store), 0
    whole = path.read_bytes()
    changed = [whole[:length] for length in (0, 1, 100, len(whole) // 2, len(whole) - 1)]
    for place in draws.integers(0, len(whole), 400):
        changed.append(whole[:place] + bytes([whole[place] ^ (1 << int(draws.integers(8)))]) + whole[place + 1 :])
    for content in changed:
        path.write_bytes(content)
        try:
            found = kept_market(store, KEY)
        except DamagedMarketError as error:
            named += 1
            assert str(error).startswith(f"market store: '{path}' is damaged (") and "\n" not in str(error)
        else:  # a byte of a time or of padding, which no array is made of
            require_same(found, tiny)
    assert named > 200


@pytest.mark.parametrize(
    "changed",
    [
        lambda market: market.assign_attrs(source="mine"),
        lambda market: market.assign(close=market["close"].assign_attrs(unit="dollars")),
        lambda market: market.assign(name=("asset", np.array(["A", None, "C"], dtype=object))),
    ],
    ids=["attributes", "a variable's", "no text"],
)
def test_what_would_not_come_back_is_not_kept(tiny: xr.Dataset, tmp_path: Path, changed) -> None:
    keep_market(changed(tiny), tmp_path / "model.nc", KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_is_stopped_leaves_what_was_there(
    tiny: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "model.nc"
    keep_market(tiny, store, KEY)
    before = market_file(store).read_bytes()

    def stopped(file, **_):
        file.write(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", stopped)
        with pytest.raises(KeyboardInterrupt):
            keep_market(tiny, store, "other")
    assert [path.name for path in parts_folder(store).iterdir()] == ["market.npz"]
    assert market_file(store).read_bytes() == before
    for name, age in ((".part-1-1", 0.0), (".part-2-2", None)):  # of writers that were killed, long ago and just now
        (parts_folder(store) / name).write_bytes(b"half")
        if age is not None:
            os.utime(parts_folder(store) / name, (age, age))
    keep_market(tiny, store, "other")
    assert sorted(path.name for path in parts_folder(store).iterdir()) == [".part-2-2", "market.npz"]


def test_the_market_counts_as_bytes_of_its_store_and_goes_with_it(tiny: xr.Dataset, tmp_path: Path) -> None:
    store = tmp_path / "model.nc"
    keep_market(tiny, store, KEY)
    size = market_file(store).stat().st_size
    assert store_bytes(store) == size and read_cache(tmp_path).fits == {store: size}
    store.write_bytes(b"head")
    assert store_bytes(store) == size + 4 and read_cache(tmp_path).fits == {store: size + 4}
    remove_store(store)
    assert list(tmp_path.iterdir()) == []


def test_the_key_is_of_every_table_of_the_market_and_of_what_is_stated() -> None:
    hashes = {f"{name}.csv": "1" for name in (*MARKET_TABLES, "holdings")} | {"prices.mapping": "1"}
    keys = {name: market_key(hashes | {name: "2"}) for name in hashes}
    own = market_key(hashes)
    assert [name for name, key in keys.items() if key == own] == ["holdings.csv"]
    assert len(set(keys.values())) == len(hashes)


@pytest.mark.parametrize("library", ["pandas", "numpy", "openpyxl"])
def test_the_key_is_of_the_libraries_that_read(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    own, version = market_key({}), kept.version
    monkeypatch.setattr(kept, "version", lambda name: "0.0" if name == library else version(name))
    kept._versions.cache_clear()
    try:
        assert market_key({}) != own
    finally:
        monkeypatch.undo()
        kept._versions.cache_clear()


@pytest.mark.parametrize(
    "changed", ["market/checks.py", "market/evidence/prices.py", "arrays/labels.py", "facts.py", "model/cache/market.py"]
)
def test_the_key_is_of_the_code_that_reads_and_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    ignored = shutil.ignore_patterns("*.so", "__pycache__", "estimation", "validation", "optimisation")
    copied = Path(shutil.copytree(Path(errors.__file__).parent, tmp_path / "riskmodel", ignore=ignored))
    own = kept.code_digest()
    monkeypatch.setattr(errors, "__file__", str(copied / "errors.py"))
    assert kept.code_digest.__wrapped__() == own
    with (copied / changed).open("a", encoding="utf-8") as file:
        file.write("# a rule more\n")
    assert kept.code_digest.__wrapped__() not in ("", own)


def test_without_its_sources_no_code_is_told_from_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "__file__", str(tmp_path / "errors.py"))
    monkeypatch.setattr(kept, "code_digest", kept.code_digest.__wrapped__)
    assert market_key({}) is None


def test_a_second_file_of_a_table_is_in_the_hashes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": ["2025-03-03"], "risk_free": [0.0001]})
    frame.to_csv(tmp_path / "rates.csv", index=False)
    frame.to_parquet(tmp_path / "rates.parquet", index=False)
    (tmp_path / "rates").mkdir()
    frame.to_parquet(tmp_path / "rates" / "more.parquet", index=False)
    assert sorted(Folder(tmp_path).hashes()) == ["rates.csv", "rates.more.parquet", "rates.parquet"]
