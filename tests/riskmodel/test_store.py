"""Saving and loading a fit: whole or not at all, and only for the inputs it was made from."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.exposures import ExposureSettings, UniverseRule
from riskmodel.market import build_market
from riskmodel.store import input_hashes, model_key
from tests.riskmodel.builders import change, random_tables, write_tables

KEY = "0123abcd"


@pytest.fixture
def stored(tmp_path: Path, results: rm.RiskModelResults) -> Path:
    path = tmp_path / "store" / "model.nc"
    rm.save(results, path, key=KEY)
    return path


def there(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir())


# ---------------------------------------------------------------- round trip


def test_what_is_loaded_equals_what_was_saved(stored: Path, results: rm.RiskModelResults) -> None:
    loaded = rm.load(stored, key=KEY)
    assert loaded is not None
    with loaded.data:
        assert set(loaded.data.data_vars) == set(results.data.data_vars)
        for name in results.data.variables:
            np.testing.assert_array_equal(loaded.data[name].values, results.data[name].values, err_msg=str(name))
            assert loaded.data[name].dims == results.data[name].dims
        assert loaded.data.attrs == results.data.attrs
        assert loaded.settings == results.settings


def test_what_is_loaded_shows_the_same(stored: Path, results: rm.RiskModelResults) -> None:
    loaded = rm.load(stored)
    assert loaded is not None
    with loaded.data:
        assert repr(loaded) == repr(results)
        assert loaded.sectors == results.sectors
        assert loaded.flagged().to_dict() == results.flagged().to_dict()
        assert loaded.coverage().equals(results.coverage())
        assert loaded.summary().equals(results.summary())
        np.testing.assert_array_equal(loaded.exposures.values, results.exposures.values)


def test_traps_of_tickers_survive_a_round_trip(tmp_path: Path) -> None:
    tables = random_tables(assets=50, sessions=65)
    new = dict(zip(sorted(tables["securities"]["ticker"])[:5], ["NA", "0130", "TRUE", "1E10", "nan"], strict=True))
    renamed = {n: f.assign(ticker=f["ticker"].replace(new)) if "ticker" in f else f for n, f in tables.items()}
    results = rm.RiskModel().fit(build_market(renamed))
    rm.save(results, tmp_path / "m.nc")
    loaded = rm.load(tmp_path / "m.nc")
    assert loaded is not None
    with loaded.data:
        assert loaded.data["asset"].values.tolist() == results.data["asset"].values.tolist()
        assert all(isinstance(t, str) for t in loaded.data["asset"].values)


def test_a_loaded_fit_may_be_saved_again(stored: Path, tmp_path: Path, results: rm.RiskModelResults) -> None:
    once = rm.load(stored)
    assert once is not None
    with once.data:
        rm.save(once, tmp_path / "again.nc", key=KEY)
        rm.save(once, stored, key=KEY)  # over the file that is open
    for path in (tmp_path / "again.nc", stored):
        twice = rm.load(path, key=KEY)
        assert twice is not None
        with twice.data:
            np.testing.assert_array_equal(twice.exposures.values, results.exposures.values)


def test_saving_leaves_the_results_as_they_were(tmp_path: Path, results: rm.RiskModelResults) -> None:
    before = results.data.copy(deep=True)
    rm.save(results, tmp_path / "m.nc", key=KEY)
    xr.testing.assert_identical(results.data, before)


def test_saving_twice_leaves_one_file(stored: Path, results: rm.RiskModelResults) -> None:
    rm.save(results, stored, key="another")
    assert there(stored) == ["model.nc"]
    assert rm.load(stored, key=KEY) is None


def test_settings_with_orthogonalised_styles_survive(tmp_path: Path, market: xr.Dataset) -> None:
    model = rm.RiskModel(exposures=ExposureSettings(orthogonalise={"volatility": ("market_sensitivity", "size")}))
    rm.save(model.fit(market), tmp_path / "m.nc")
    loaded = rm.load(tmp_path / "m.nc")
    assert loaded is not None
    with loaded.data:
        assert list(loaded.settings["exposures"]["orthogonalise"]["volatility"]) == ["market_sensitivity", "size"]  # type: ignore[index]


# ---------------------------------------------------------------- not for these inputs, not readable


def test_no_file_is_none(tmp_path: Path) -> None:
    assert rm.load(tmp_path / "nothing.nc") is None


def test_another_key_is_none(stored: Path) -> None:
    assert rm.load(stored, key="another") is None


def test_without_a_key_any_fit_is_taken(stored: Path) -> None:
    loaded = rm.load(stored)
    assert loaded is not None
    loaded.data.close()


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x89HDF\r\n\x1a\n" + bytes(200), b"CDF\x01" + bytes(50)])
def test_a_file_that_is_no_model_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.nc").write_bytes(content)
    assert rm.load(tmp_path / "m.nc", key=KEY) is None


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_none(stored: Path, share: float) -> None:
    whole = stored.read_bytes()
    stored.write_bytes(whole[: int(share * len(whole))])
    assert rm.load(stored, key=KEY) is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # h5netcdf's, of a file it could not open
@pytest.mark.parametrize("at", [0, 8, 48, 96, 200, 500, 1000, 2000, 4000, 8000])
def test_a_file_with_a_damaged_header_is_none_or_readable(stored: Path, results: rm.RiskModelResults, at: int) -> None:
    content = bytearray(stored.read_bytes())
    content[at : at + 64] = np.random.default_rng(at).bytes(64)
    stored.write_bytes(content)
    raised = ""
    try:
        loaded = rm.load(stored, key=KEY)
        if loaded is not None:
            with loaded.data:
                assert dict(loaded.data.sizes) == dict(results.data.sizes)
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
    gc.collect()
    assert raised == ""


def test_a_netcdf_of_something_else_is_none(tmp_path: Path) -> None:
    xr.Dataset({"x": ("t", [1.0, 2.0])}).to_netcdf(tmp_path / "m.nc", engine="h5netcdf")
    assert rm.load(tmp_path / "m.nc") is None


def test_a_store_of_another_schema_is_none(stored: Path) -> None:
    with xr.open_dataset(stored, engine="h5netcdf") as data:
        other = data.load().assign_attrs(schema="0")
    stored.unlink()
    other.to_netcdf(stored, engine="h5netcdf")
    assert rm.load(stored, key=KEY) is None


# ---------------------------------------------------------------- interrupted saves


class Interrupted(BaseException):
    """As Ctrl-C would."""


def interrupt(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def half(self: xr.Dataset, path: Path, **options: object) -> None:
        Path(path).write_bytes(b"half a file")
        raise error

    monkeypatch.setattr(xr.Dataset, "to_netcdf", half)


@pytest.mark.parametrize("error", [Interrupted(), KeyboardInterrupt(), MemoryError(), RuntimeError("disk")])
def test_an_interrupted_save_leaves_the_old_file_whole_and_no_litter(
    stored: Path, results: rm.RiskModelResults, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    before = stored.read_bytes()
    interrupt(monkeypatch, error)
    with pytest.raises(type(error)):
        rm.save(results, stored, key="another")
    assert stored.read_bytes() == before
    assert there(stored) == ["model.nc"]


def test_a_full_disk_is_one_clear_message(
    stored: Path, results: rm.RiskModelResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored.read_bytes()
    interrupt(monkeypatch, OSError(28, "No space left on device"))
    with pytest.raises(InputError) as caught:
        rm.save(results, stored)
    assert str(caught.value) == f"model store: cannot write '{stored}' (No space left on device). Set [model] store."
    assert stored.read_bytes() == before
    assert there(stored) == ["model.nc"]


def test_a_folder_that_cannot_be_made_is_one_clear_message(tmp_path: Path, results: rm.RiskModelResults) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"^model store: cannot make the folder of '.*'.*Set \[model\] store\.$"):
        rm.save(results, tmp_path / "file" / "store" / "model.nc")


# ---------------------------------------------------------------- keys


@pytest.fixture
def hashes(tmp_path: Path) -> dict[str, str]:
    return input_hashes(write_tables(tmp_path / "market", random_tables(assets=4, sessions=20)))


def test_a_key_depends_on_the_tables_that_the_model_reads(tmp_path: Path, hashes: dict[str, str]) -> None:
    tables = random_tables(assets=4, sessions=20)
    key = model_key(hashes, rm.RiskModel())
    assert key == model_key(dict(reversed(hashes.items())), rm.RiskModel())
    numbers = {
        "prices": "close",
        "splits": "ratio",
        "shares": "shares_out",
        "fundamentals": "revenue",
        "earnings": "eps_actual",
    }
    for name, column in numbers.items():
        changed = change(tables, name, np.array([0]), column, 123.0)
        other = input_hashes(write_tables(tmp_path / name, changed))
        assert model_key(other, rm.RiskModel()) != key, name
    levels = input_hashes(write_tables(tmp_path / "levels", change(tables, "indices", np.array([0]), "level", 123.0)))
    assert model_key(levels, rm.RiskModel()) == key


def test_a_key_depends_on_the_settings(hashes: dict[str, str]) -> None:
    models = [
        rm.RiskModel(),
        rm.RiskModel(universe=UniverseRule(largest=50)),
        rm.RiskModel(exposures=ExposureSettings(winsorise=5.0)),
        rm.RiskModel(exposures=ExposureSettings(orthogonalise={"volatility": ("size",)})),
    ]
    assert len({model_key(hashes, m) for m in models}) == len(models)


def test_hashes_name_the_files_that_are_there(hashes: dict[str, str]) -> None:
    assert sorted(hashes) == sorted(
        f"{n}.parquet" for n in ("prices", "splits", "shares", "securities", "fundamentals", "earnings", "indices")
    )
