"""Saving and loading a fit: whole or not at all, and only for the inputs it was made from."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.arrays.segments import Segments, segments_of
from riskmodel.code import packages_digest
from riskmodel.errors import InputError
from riskmodel.exposures.styles import ExposureSettings
from riskmodel.exposures.universe import UniverseRule
from riskmodel.files import alone
from riskmodel.market.market import build_market
from riskmodel.model import store as store_module
from riskmodel.model.cache.folder import remove_store
from riskmodel.model.parts import SEAL, digest_of, parts_folder, seal, seal_of
from riskmodel.model.store import MODEL_VERSION, SCHEMA, input_hashes, model_key
from tests.riskmodel.builders import change, random_tables, write_tables

INPUTS = {"prices.parquet": "0123abcd", "shares.csv": "4567cdef"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, results: rm.RiskModelResults) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    rm.save(results, folder / "model.nc", inputs=INPUTS)
    return folder


@pytest.fixture
def stored(tmp_path: Path, saved: Path) -> Path:
    """A store that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "store")) / "model.nc"


@pytest.fixture(scope="module")
def other(market: xr.Dataset) -> rm.RiskModelResults:
    """Another model's fit."""
    return rm.RiskModel(universe=UniverseRule(largest=50)).fit(market)


def there(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir())


def parts(path: Path) -> list[Path]:
    return sorted(parts_folder(path).iterdir())


def content(path: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (path, *parts(path))}


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        rm.load(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


def assert_equal(loaded: rm.RiskModelResults, results: rm.RiskModelResults) -> None:
    assert set(loaded.data.variables) == set(results.data.variables)
    for name in results.data.variables:
        np.testing.assert_array_equal(loaded.data[name].values, results.data[name].values, err_msg=str(name))
        assert loaded.data[name].dims == results.data[name].dims
    assert loaded.data.attrs == results.data.attrs
    assert loaded.settings == results.settings


# ---------------------------------------------------------------- round trip


def test_what_is_loaded_equals_what_was_saved(stored: Path, results: rm.RiskModelResults) -> None:
    loaded = rm.load(stored, inputs=INPUTS)
    with loaded.data:
        assert_equal(loaded, results)


def test_what_is_loaded_shows_the_same(stored: Path, results: rm.RiskModelResults) -> None:
    loaded = rm.load(stored)
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
    with loaded.data:
        assert loaded.data["asset"].values.tolist() == results.data["asset"].values.tolist()
        assert all(isinstance(t, str) for t in loaded.data["asset"].values)


def test_a_loaded_fit_may_be_saved_again(stored: Path, tmp_path: Path, results: rm.RiskModelResults) -> None:
    once = rm.load(stored)
    with once.data:
        rm.save(once, tmp_path / "again.nc", inputs=INPUTS)
        rm.save(once, stored, inputs=INPUTS)  # over the file that is open
    for path in (tmp_path / "again.nc", stored):
        twice = rm.load(path, inputs=INPUTS)
        with twice.data:
            np.testing.assert_array_equal(twice.exposures.values, results.exposures.values)


def test_saving_leaves_the_results_as_they_were(tmp_path: Path, results: rm.RiskModelResults) -> None:
    before = results.data.copy(deep=True)
    rm.save(results, tmp_path / "m.nc", inputs=INPUTS)
    xr.testing.assert_identical(results.data, before)


def test_saving_twice_leaves_one_head_and_one_part(stored: Path, results: rm.RiskModelResults) -> None:
    rm.save(results, stored, inputs=INPUTS | {"prices.parquet": "another"})
    assert there(stored) == ["model.nc", "model.nc.parts"]
    assert len(parts(stored)) == 1
    with pytest.raises(InputError, match=r"was fitted from other inputs: 1 table differs, prices\.parquet\. Fit again"):
        rm.load(stored, inputs=INPUTS)


def test_settings_with_orthogonalised_styles_survive(tmp_path: Path, market: xr.Dataset) -> None:
    model = rm.RiskModel(exposures=ExposureSettings(orthogonalise={"volatility": ("market_sensitivity", "size")}))
    rm.save(model.fit(market), tmp_path / "m.nc")
    loaded = rm.load(tmp_path / "m.nc")
    with loaded.data:
        assert list(loaded.settings["exposures"]["orthogonalise"]["volatility"]) == ["market_sensitivity", "size"]  # type: ignore[index]


# ---------------------------------------------------------------- lazy


def test_large_arrays_are_read_when_they_are_used(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(self: Segments, key: object) -> np.ndarray:
        raise AssertionError("read")

    monkeypatch.setattr(Segments, "read", read)
    loaded = rm.load(stored)
    month = loaded.exposures.isel(time=slice(100, 120)).sel(factor="value")
    assert month.shape == (20, 60)
    with pytest.raises(AssertionError, match="read"):
        month.load()


@pytest.mark.parametrize("name", ["exposures", "universe", "estimation_error_covariance", "specific_returns"])
def test_any_cut_of_a_lazy_array_is_the_cut_of_the_whole(stored: Path, results: rm.RiskModelResults, name: str) -> None:
    loaded, held = rm.load(stored).data[name], results.data[name]
    dims, sizes = held.dims, held.shape
    rng = np.random.default_rng(3)
    cuts: list[dict[str, object]] = [
        {"time": slice(5, 77, 3)},
        {"time": slice(None, None, -1)},
        {"time": 7},
        {dims[-1]: 2},
        {"time": [60, 3, 3, 129], dims[1]: [1, 0]},
        {dims[-1]: rng.permutation(sizes[-1])[:9], "time": rng.permutation(sizes[0])},
        {"time": []},
        {"time": xr.DataArray([4, 5, 6], dims="p"), dims[-1]: xr.DataArray([1, 0, 2], dims="p")},
    ]
    for cut in cuts:
        expected, turned = held.isel(cut), held.transpose(*dims[::-1]).isel(cut)
        np.testing.assert_array_equal(loaded.isel(cut).values, expected.values, err_msg=str(cut))
        np.testing.assert_array_equal(loaded.transpose(*dims[::-1]).isel(cut).values, turned.values, err_msg=str(cut))
        np.testing.assert_array_equal(
            loaded.isel(cut).transpose(*expected.dims[::-1]).values, expected.values.T, err_msg=str(cut)
        )
    np.testing.assert_array_equal(
        loaded.transpose(*dims[::-1]).transpose(*dims[1:], dims[0]).values, held.transpose(*dims[1:], dims[0]).values
    )


def test_a_lazy_array_cannot_be_written_to(stored: Path) -> None:
    with pytest.raises(TypeError):
        rm.load(stored).data["exposures"][0, 0, 0] = 1.0


def test_a_loaded_model_may_be_sent_to_another_process(stored: Path, results: rm.RiskModelResults) -> None:
    assert_equal(pickle.loads(pickle.dumps(rm.load(stored))), results)


def test_a_model_that_was_closed_opens_its_files_again(stored: Path, results: rm.RiskModelResults) -> None:
    loaded = rm.load(stored)
    loaded.data.close()
    assert_equal(loaded, results)


def test_a_store_moved_with_its_parts_still_opens(stored: Path, tmp_path: Path, results: rm.RiskModelResults) -> None:
    shutil.move(stored.parent, tmp_path / "elsewhere")
    assert_equal(rm.load(tmp_path / "elsewhere" / "model.nc", inputs=INPUTS), results)


def test_parts_are_plain_netcdf(stored: Path, results: rm.RiskModelResults) -> None:
    with xr.open_dataset(parts(stored)[0], engine="h5netcdf") as part:
        np.testing.assert_array_equal(part["exposures"].values, results.data["exposures"].values)
        assert part["asset"].values.tolist() == results.data["asset"].values.tolist()


# ---------------------------------------------------------------- refused by name


def test_no_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nothing.nc"
    assert refusal(path) == f"model store: there is no file '{path}'. Make it: attribution fit BOOK.toml."


def test_without_inputs_and_model_any_fit_of_this_version_is_taken(stored: Path, results: rm.RiskModelResults) -> None:
    assert_equal(rm.load(stored), results)


@pytest.mark.parametrize("name", ["m.txt", "m.nc"])
@pytest.mark.parametrize("file", [b"not a model", b"CDF\x01" + bytes(50)])
def test_another_file_is_refused(tmp_path: Path, results: rm.RiskModelResults, name: str, file: bytes) -> None:
    (tmp_path / name).write_bytes(file)
    assert refusal(tmp_path / name) == (
        f"model store: '{tmp_path / name}' is not a model store. Name a file that riskmodel.save wrote."
    )
    with pytest.raises(InputError, match=r"is another file, and is not overwritten\."):
        rm.save(results, tmp_path / name)
    assert (tmp_path / name).read_bytes() == file


def test_a_netcdf_of_something_else_is_refused(tmp_path: Path) -> None:
    xr.Dataset({"x": ("t", [1.0, 2.0])}).to_netcdf(tmp_path / "m.nc", engine="h5netcdf")
    assert "is not a model store" in refusal(tmp_path / "m.nc")


def test_other_inputs_are_named(stored: Path) -> None:
    other = {"prices.parquet": "another", "fundamentals.csv": "0", "indices.csv": "no input of the model"}
    assert refusal(stored, inputs=other) == (
        f"model store: '{stored}' was fitted from other inputs: 3 tables differ, fundamentals.csv, prices.parquet, "
        f"shares.csv. Fit again: attribution fit BOOK.toml."
    )


def test_another_model_is_named_with_both_settings(stored: Path) -> None:
    other = rm.RiskModel(
        universe=UniverseRule(largest=50), exposures=ExposureSettings(orthogonalise={"volatility": ("size",)})
    )
    assert refusal(stored, model=other) == (
        f"model store: '{stored}' holds another model: universe.largest is 3000 there, 50 here, "
        f"exposures.orthogonalise.volatility is ['market_sensitivity', 'size'] there, ['size'] here. "
        f"Fit again: attribution fit BOOK.toml."
    )
    rm.load(stored, model=rm.RiskModel()).data.close()


def changed_head(path: Path, **attributes: str) -> None:
    with xr.open_dataset(path, engine="h5netcdf", decode_timedelta=False) as data:
        other = data.load().assign_attrs(attributes)
    path.unlink()
    other.to_netcdf(path, engine="h5netcdf")
    seal(path)


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"schema": "0"}, f"schema 0 there, {SCHEMA} here"),
        ({"software": "0.0.9"}, "factor-attribution 0.0.9 there, 0.1.0 here"),
        ({"model": "0"}, f"model 0 there, {MODEL_VERSION} here"),
        ({"code": "0" * 64}, f"code 000000000000 there, {packages_digest('riskmodel')[:12]} here"),
        ({"code": ""}, f"code of an earlier version there, {packages_digest('riskmodel')[:12]} here"),
        (
            {"schema": "4", "software": "", "model": ""},
            f"schema 4 there, {SCHEMA} here; factor-attribution of an earlier version there, 0.1.0 here; "
            f"model of an earlier version there, {MODEL_VERSION} here",
        ),
    ],
)
def test_another_version_is_named_beside_this_one(stored: Path, attributes: dict[str, str], named: str) -> None:
    changed_head(stored, **attributes)
    assert refusal(stored) == (
        f"model store: '{stored}' is of another version: {named}. Fit again: attribution fit BOOK.toml."
    )


def test_a_missing_part_is_named(stored: Path) -> None:
    part = parts(stored)[0]
    part.unlink()
    assert refusal(stored) == (
        f"model store: '{stored}' is damaged (its part '{part.name}' is missing; move a store together with "
        f"'model.nc.parts'). Fit again: attribution fit BOOK.toml."
    )


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_part_cut_short_is_named(stored: Path, share: float) -> None:
    part = parts(stored)[0]
    whole = part.read_bytes()
    part.write_bytes(whole[: int(share * len(whole))])
    assert f"is damaged (its part '{part.name}' is of another size)" in refusal(stored)


def changed_byte(path: Path, at: int, bit: int = 0) -> None:
    file = bytearray(path.read_bytes())
    file[at] ^= 1 << bit
    path.write_bytes(file)


def padded(path: Path, size: int) -> None:
    """As long as another file, and sealed."""
    path.write_bytes(path.read_bytes()[:-SEAL].ljust(size - SEAL, b"\0"))
    seal(path)
    assert path.stat().st_size == size


def test_a_part_of_another_model_in_the_place_of_ours_is_refused(stored: Path, results: rm.RiskModelResults) -> None:
    loaded = rm.load(stored)
    doubled = rm.RiskModelResults(loaded.data.assign(exposures=loaded.data["exposures"] * 2), loaded.settings)
    rm.save(doubled, stored.with_name("doubled.nc"))
    part, others = parts(stored)[0], parts(stored.with_name("doubled.nc"))[0]
    padded(others, part.stat().st_size)
    shutil.copy(others, part)
    assert f"is damaged (its part '{part.name}' is of another model)" in refusal(stored)


def test_a_changed_letter_of_a_label_in_a_part_is_refused(stored: Path, results: rm.RiskModelResults) -> None:
    part, ticker = parts(stored)[0], str(results.data["asset"].values[7]).encode()
    file = part.read_bytes()
    assert ticker in file
    changed_byte(part, file.index(ticker), 1)
    assert f"is damaged (its part '{part.name}' has other labels)" in refusal(stored)


def test_a_changed_byte_anywhere_in_a_part_is_found_where_that_is_asked_for(stored: Path) -> None:
    rm.load(stored, verify=True)
    part = parts(stored)[0]
    whole = part.read_bytes()
    for at in np.random.default_rng(5).integers(0, len(whole) - SEAL, 20):
        changed_byte(part, at)
        assert "is damaged (" in refusal(stored, verify=True)
        part.write_bytes(whole)
    changed_byte(part, len(whole) // 2)
    assert f"is damaged (changed since they were saved: 1 part, {part.name})" in refusal(stored, verify=True)


def test_a_changed_bit_anywhere_in_a_head_is_refused(stored: Path) -> None:
    whole = stored.read_bytes()
    for at in np.random.default_rng(6).integers(0, len(whole), 25):
        changed_byte(stored, at, int(at) % 8)
        assert refusal(stored).startswith(f"model store: '{stored}' ")
        stored.write_bytes(whole)


def test_a_changed_letter_of_a_label_in_a_head_is_refused(stored: Path, results: rm.RiskModelResults) -> None:
    changed_byte(stored, stored.read_bytes().index(str(results.data["asset"].values[7]).encode()), 1)
    assert "is damaged (its head has changed since it was saved)" in refusal(stored)


def test_a_file_ends_in_the_digest_of_its_content(stored: Path) -> None:
    for path in (stored, *parts(stored)):
        assert seal_of(path) == digest_of(path)
    assert parts(stored)[0].name.split(".")[1] == seal_of(parts(stored)[0])[:16]


def test_a_damaged_netcdf_of_another_is_not_overwritten(tmp_path: Path, results: rm.RiskModelResults) -> None:
    path = tmp_path / "mine.nc"
    xr.Dataset({"x": ("t", np.arange(5000.0))}).to_netcdf(path, engine="h5netcdf")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"is another file, and is not overwritten\."):
        rm.save(results, path)
    assert path.stat().st_size == 3000
    path.write_bytes(b"")
    rm.save(results, path)
    assert_equal(rm.load(path), results)


def test_a_changed_byte_of_a_large_array_is_found_when_it_is_read(stored: Path) -> None:
    part = parts(stored)[0]
    changed_byte(part, part.stat().st_size // 2)
    with pytest.raises(InputError, match=rf"part '{part}' is damaged or gone \(.*\)\. Remove the store and fit again\."):
        rm.load(stored).data.load()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_head_cut_short_is_named(stored: Path, results: rm.RiskModelResults, share: float) -> None:
    whole = stored.read_bytes()
    stored.write_bytes(whole[: int(share * len(whole))])
    assert refusal(stored).startswith(f"model store: '{stored}' is ")
    rm.save(results, stored)
    assert_equal(rm.load(stored), results)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # h5netcdf's, of a file it could not open
@pytest.mark.parametrize("at", [0, 8, 48, 96, 200, 500, 1000, 2000, 4000, 8000])
def test_a_damaged_head_is_refused_or_readable(stored: Path, results: rm.RiskModelResults, at: int) -> None:
    file = bytearray(stored.read_bytes())
    file[at : at + 64] = np.random.default_rng(at).bytes(64)
    stored.write_bytes(file)
    raised = ""
    try:
        assert_equal(rm.load(stored), results)
    except InputError:
        pass
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
    gc.collect()
    assert raised == ""


# ---------------------------------------------------------------- interrupted saves


class Interrupted(BaseException):
    """As Ctrl-C would."""


POINTS = ("a part half written", "a part written", "a part in place", "a head half written", "a head written")


def interrupt(monkeypatch: pytest.MonkeyPatch, point: str, error: BaseException) -> None:
    """Raise at one point of the next save."""
    write, replace, fsync = xr.Dataset.to_netcdf, Path.replace, os.fsync
    done: list[str] = []

    def to_netcdf(self: xr.Dataset, path: Path, **options: object) -> None:
        kind = "a head" if "schema" in self.attrs else "a part"
        if point == f"{kind} half written":
            Path(path).write_bytes(b"half a file")
            raise error
        done.append(f"{kind} written")
        write(self, path, **options)  # type: ignore[arg-type]

    def flushed(number: int) -> None:
        if point == done[-1]:
            raise error
        fsync(number)

    def replaced(self: Path, target: Path) -> Path:
        answer = replace(self, target)
        if point == "a part in place" and done[-1] == "a part written":
            raise error
        return answer

    monkeypatch.setattr(xr.Dataset, "to_netcdf", to_netcdf)
    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", replaced)


@pytest.mark.parametrize("point", POINTS)
def test_an_interrupted_save_leaves_the_old_store_whole_and_no_litter(
    stored: Path, other: rm.RiskModelResults, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    before = content(stored)
    with monkeypatch.context() as patch:
        interrupt(patch, point, Interrupted())
        with pytest.raises(Interrupted):
            rm.save(other, stored)
    assert content(stored) == before
    assert there(stored) == ["model.nc", "model.nc.parts"]


@pytest.mark.parametrize("point", POINTS)
def test_a_first_save_that_is_interrupted_leaves_nothing(
    tmp_path: Path, results: rm.RiskModelResults, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    with monkeypatch.context() as patch:
        interrupt(patch, point, Interrupted())
        with pytest.raises(Interrupted):
            rm.save(results, tmp_path / "model.nc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("point", POINTS)
def test_a_save_that_is_killed_leaves_the_old_store_whole_and_the_next_one_cleans_up(
    stored: Path,
    other: rm.RiskModelResults,
    results: rm.RiskModelResults,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    before = content(stored)
    child = os.fork()
    if child == 0:  # the process ends at that point, as by kill -9: nothing is tidied
        interrupt(monkeypatch, point, Interrupted())
        monkeypatch.setattr(Path, "unlink", lambda *_, **__: os._exit(9))
        try:
            rm.save(other, stored)
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert {name: file for name, file in content(stored).items() if name in before} == before
    assert_equal(rm.load(stored, inputs=INPUTS), results)
    for path in (*parts_folder(stored).glob(".part-*"), *stored.parent.glob(".model.nc.*")):
        os.utime(path, (0, 0))
    rm.save(other, stored)
    assert there(stored) == ["model.nc", "model.nc.parts"]
    assert len(parts(stored)) == 1
    assert rm.load(stored).settings == other.settings


def test_only_old_heads_of_this_store_are_removed(stored: Path, results: rm.RiskModelResults) -> None:
    names = [".model.nc.1", ".model.nc.2", ".model.nc.mine", ".modelxnc.3"]
    for name in names:
        (stored.parent / name).write_bytes(b"half a head")
        if name != ".model.nc.2":
            os.utime(stored.parent / name, (0, 0))
    rm.save(results, stored)
    assert there(stored) == [*names[1:], "model.nc", "model.nc.parts"]
    remove_store(stored)
    assert there(stored) == names[1:]


def test_a_full_disk_is_one_clear_message(
    stored: Path, results: rm.RiskModelResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(stored)
    with monkeypatch.context() as patch:
        interrupt(patch, "a part half written", OSError(28, "No space left on device"))
        with pytest.raises(InputError) as caught:
            rm.save(results, stored)
    assert str(caught.value) == f"model store: cannot write '{stored}' (No space left on device). Set [model] store."
    assert content(stored) == before


def test_a_folder_that_cannot_be_made_is_one_clear_message(tmp_path: Path, results: rm.RiskModelResults) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"^model store: cannot make the folder of '.*'.*Set \[model\] store\.$"):
        rm.save(results, tmp_path / "file" / "store" / "model.nc")


def test_a_file_in_the_place_of_the_parts_is_left_alone(tmp_path: Path, results: rm.RiskModelResults) -> None:
    (tmp_path / "model.nc.parts").write_text("mine")
    with pytest.raises(InputError, match=r"model\.nc\.parts' is another file, in the place of the store's parts"):
        rm.save(results, tmp_path / "model.nc")
    assert (tmp_path / "model.nc.parts").read_text() == "mine"


def test_other_files_among_the_parts_are_left_alone(stored: Path, results: rm.RiskModelResults) -> None:
    (parts_folder(stored) / "notes.txt").write_text("mine")
    rm.save(results, stored)
    assert (parts_folder(stored) / "notes.txt").read_text() == "mine"


def test_parts_that_another_save_removes_meanwhile_are_written_again(
    stored: Path, tmp_path: Path, results: rm.RiskModelResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, write, removed = rm.load(stored), xr.Dataset.to_netcdf, []

    def to_netcdf(self: xr.Dataset, path: Path, **options: object) -> None:
        if not removed:
            removed.extend(parts(stored))
            removed[0].unlink()
        write(self, path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(xr.Dataset, "to_netcdf", to_netcdf)
    rm.save(loaded, stored)
    assert_equal(rm.load(stored), results)


def test_a_store_that_is_saved_while_it_is_opened_opens(
    stored: Path, results: rm.RiskModelResults, other: rm.RiskModelResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, saves = store_module._read_head, [other, results, other, results]

    def interleaved(path: Path) -> object:
        head = read(path)
        if saves:
            rm.save(saves.pop(0), stored, inputs=INPUTS)
        return head

    monkeypatch.setattr(store_module, "_read_head", interleaved)
    assert_equal(rm.load(stored, inputs=INPUTS), results)
    assert not saves


def test_a_store_that_is_damaged_is_not_read_again(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts(stored)[0].unlink()
    read, reads = store_module._read_head, []
    monkeypatch.setattr(store_module, "_read_head", lambda path: reads.append(path) or read(path))
    refusal(stored)
    assert len(reads) == 1


def save_often(path: Path, results: rm.RiskModelResults, times: int) -> None:
    for _ in range(times):
        rm.save(results, path, inputs=INPUTS)


def test_readers_and_writers_at_once_see_whole_stores(
    stored: Path, results: rm.RiskModelResults, other: rm.RiskModelResults
) -> None:
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=save_often, args=(stored, model, 5)) for model in (results, other)]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        loaded = rm.load(stored)
        model = results if loaded.settings == results.settings else other
        np.testing.assert_array_equal(loaded.exposures[-1].values, model.exposures[-1].values)
        loaded.data.close()
        seen += 1
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert seen > 3
    rm.load(stored, verify=True)
    assert len(parts(stored)) == 1


def test_saves_to_one_path_wait_for_each_other(stored: Path, results: rm.RiskModelResults) -> None:
    save = threading.Thread(target=rm.save, args=(results, stored))
    with alone(parts_folder(stored)):
        before = stored.stat().st_mtime_ns
        save.start()
        time.sleep(0.3)
        assert save.is_alive()
        assert stored.stat().st_mtime_ns == before
    save.join()
    assert stored.stat().st_mtime_ns > before


def test_a_computed_array_is_written_as_it_is_now(stored: Path, results: rm.RiskModelResults) -> None:
    loaded = rm.load(stored)
    doubled = rm.RiskModelResults(loaded.data.assign(exposures=loaded.data["exposures"] * 2), loaded.settings)
    assert segments_of(doubled.data["exposures"].variable) is None
    rm.save(doubled, stored)
    np.testing.assert_array_equal(rm.load(stored).data["exposures"].values, 2 * results.data["exposures"].values)


def test_arrays_of_dask_are_written_block_by_block_each_computed_once(tmp_path: Path, results: rm.RiskModelResults) -> None:
    dask = pytest.importorskip("dask", reason="dask is not installed (extra: scale)")
    timed = [name for name, array in results.data.data_vars.items() if "time" in array.dims]
    chunked, computed = results.data[timed].chunk(time=30), []

    def counted(block: xr.DataArray) -> xr.DataArray:
        computed.append(block.name)
        return block

    lazy = {name: chunked[name].map_blocks(counted, template=chunked[name]) for name in timed}
    with dask.config.set(scheduler="synchronous"):
        rm.save(rm.RiskModelResults(results.data.assign(lazy), results.settings), tmp_path / "model.nc")
    assert sorted(computed) == sorted(timed * len(range(0, results.data.sizes["time"], 30)))
    assert_equal(rm.load(tmp_path / "model.nc"), results)


def test_labels_that_were_renamed_are_written_as_they_are_now(stored: Path, results: rm.RiskModelResults) -> None:
    names = {"asset": [f"X{name}" for name in results.data["asset"].values]}
    loaded = rm.load(stored)
    rm.save(rm.RiskModelResults(loaded.data.assign_coords(names), loaded.settings), stored)
    assert_equal(rm.load(stored), rm.RiskModelResults(results.data.assign_coords(names), results.settings))


def test_a_cut_of_a_loaded_fit_is_written_as_it_is(stored: Path, tmp_path: Path, results: rm.RiskModelResults) -> None:
    loaded = rm.load(stored)
    cut = {"time": slice(20, 90), "asset": slice(None, None, -1)}
    rm.save(rm.RiskModelResults(loaded.data.isel(cut), loaded.settings), tmp_path / "cut.nc")
    assert_equal(rm.load(tmp_path / "cut.nc"), rm.RiskModelResults(results.data.isel(cut), results.settings))


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


@pytest.mark.parametrize(("what", "other"), [("MODEL_VERSION", "another"), ("packages_digest", lambda package: "another")])
def test_a_key_depends_on_the_model_version_and_the_code(
    hashes: dict[str, str], monkeypatch: pytest.MonkeyPatch, what: str, other: object
) -> None:
    key = model_key(hashes, rm.RiskModel())
    monkeypatch.setattr(store_module, what, other)
    assert model_key(hashes, rm.RiskModel()) != key


def test_a_key_depends_on_what_a_fit_depends_on_and_on_nothing_else(hashes: dict[str, str]) -> None:
    key = model_key(hashes, rm.RiskModel())
    forecast = rm.RiskModel(covariance=rm.CovarianceSettings(42.0))
    assert model_key(hashes, forecast) == key
    assert model_key(hashes, rm.RiskModel(styles=rm.STYLES[1:])) != key
    texts = [rm.Style("profitability", rm.STYLES[0].descriptors, texts={"en": "Quality"}), *rm.STYLES[1:]]
    assert model_key(hashes, rm.RiskModel(styles=texts)) == key


def test_a_forecast_follows_the_settings_asked_for_when_a_store_is_opened(stored: Path) -> None:
    asked = rm.RiskModel(covariance=rm.CovarianceSettings(42.0))
    opened = rm.load(stored, model=asked)
    assert opened.settings["covariance"] == asked.settings["covariance"]
    plain = rm.load(stored).forecast().factor_covariance
    assert not np.allclose(opened.forecast().factor_covariance, plain, rtol=1e-3, equal_nan=True)


def test_hashes_name_the_files_that_are_there(hashes: dict[str, str]) -> None:
    assert sorted(hashes) == sorted(
        f"{n}.parquet" for n in ("prices", "splits", "shares", "securities", "fundamentals", "earnings", "indices")
    )
