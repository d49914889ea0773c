"""Save and load a fitted model: a small head, swapped in whole, and beside it the parts with its large arrays."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import require_kind, require_path
from riskmodel.arrays.segments import lazy_variable
from riskmodel.code import packages_digest
from riskmodel.errors import InputError, counted, listed
from riskmodel.files import alone, put_in_place
from riskmodel.market.sources import Source, open_source
from riskmodel.model.model import RiskModel
from riskmodel.model.parts import (
    NAME,
    SEAL,
    Part,
    adopt,
    close_parts,
    digest_of,
    kept_parts,
    open_part,
    parts_folder,
    read_netcdf,
    remove_left,
    remove_new,
    remove_others,
    seal,
    write_netcdf,
    write_part,
)
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.model.update import NOT_ESTIMATED, setting_differences

SCHEMA = "7"  # of the file
MODEL_VERSION = "7"  # raised by whoever changes what a fit finds: tests/riskmodel/model/test_model_version.py reminds
SOFTWARE = "factor-attribution"
PACKAGE = "riskmodel"  # whose sources decide what a fit finds
SHOWN = 12  # letters of a digest in a message
MODEL_TABLES = ("prices", "splits", "shares", "securities", "fundamentals", "earnings", "descriptors", "finals")
ABOUT = ("schema", "software", "model", "code", "settings", "inputs", "parts", "arrays")  # what the head says of the store
FIT_AGAIN = "Fit again: attribution fit BOOK.toml."
TRIES = 10  # to open a store that others save meanwhile


class StoreError(InputError):
    """A file that cannot be loaded as this model.

    Attributes
    ----------
    reason
        The message without what to do about it.
    """

    def __init__(self, reason: str, fix: str = FIT_AGAIN) -> None:
        super().__init__(f"{reason} {fix}")
        self.reason = reason


def input_hashes(folder: str | Path | Source) -> dict[str, str]:
    """SHA-256 of each file of a table of a market folder, by file name; of a source, as it gives them."""
    return open_source(folder).hashes()


def model_inputs(hashes: Mapping[str, str]) -> dict[str, str]:
    """Those of `hashes` that a fit depends on."""
    return {name: digest for name, digest in hashes.items() if name.split(".")[0] in MODEL_TABLES}


def model_key(hashes: Mapping[str, str], model: RiskModel) -> str:
    """What a stored fit depends on: the model's tables, its settings, the software; a hexadecimal digest."""
    text = json.dumps(
        [
            SCHEMA,
            version(SOFTWARE),
            MODEL_VERSION,
            packages_digest(PACKAGE),
            model_inputs(hashes),
            model.estimation_settings,
        ],
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def save(results: RiskModelResults, path: str | Path, *, inputs: Mapping[str, str] | None = None) -> None:
    """Write a fitted model: what is new of its arrays as a part, then the head that names the parts, swapped in at once.

    Parameters
    ----------
    results
        From `RiskModel.fit`, `RiskModel.update` or `load`. Of arrays that lie in the parts of a store nothing is read or
        written again, but for a few short parts that are joined with the new one.
    path
        File of the head; its folder is made where it is missing. The parts lie in the folder `<path>.parts`.
    inputs
        `input_hashes` of the market's folder, for `load` to compare.

    Raises
    ------
    InputError
        Where `path` is another file, or cannot be written; for a given model, whose tables are its store. Whatever ends a
        save early leaves the old store whole.

    Notes
    -----
    Saves to one path wait for each other, where the file system has locks; the last one stays.
    """
    require_results(results)
    if results.settings.get("source") == "tables":
        raise InputError(
            "results: a given model is not stored: its tables are. Read them with riskmodel.given_model whenever it is used."
        )
    path = require_path("path", path, "Name the file to write.")
    require_own_file(path)
    folder = parts_folder(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"model store: cannot make the folder of '{path}' ({error.strerror}). Set [model] store.") from None
    with alone(folder):
        before: set[Path] | None = None
        try:
            before = set(folder.iterdir())
            for reuse in (True, False):
                parts = _write(results, path, folder, inputs or {}, reuse=reuse)
                if all(part.path.is_file() for part in parts):  # without locks another save may have removed some meanwhile
                    break
            remove_others(folder, parts)
            remove_left(path)
        except BaseException as error:
            if before is not None:
                remove_new(folder, before)
            if isinstance(error, OSError):
                said = error.strerror or error
                raise InputError(f"model store: cannot write '{path}' ({said}). Set [model] store.") from None
            raise


def load(
    path: str | Path,
    *,
    model: RiskModel | None = None,
    inputs: Mapping[str, str] | None = None,
    verify: bool = False,
) -> RiskModelResults:
    """Open a stored model lazily: its large arrays are read when and where they are used.

    Parameters
    ----------
    path
        File that `save` wrote.
    model
        Where given, the settings that the stored fit must have.
    inputs
        Where given, the `input_hashes` that the stored fit must have been made from.
    verify
        Whether to read every part now and compare its SHA-256.

    Returns
    -------
    RiskModelResults
        While another process saves to `path`, what was there before or after.

    Raises
    ------
    InputError
        Where there is no file, or it is not a store, is damaged, or is of another version, model
        or inputs. The message names what differs.

    Examples
    --------
    >>> import riskmodel as rm
    >>> rm.load("model.nc")
    Traceback (most recent call last):
    ...
    riskmodel.model.store.StoreError: model store: there is no file 'model.nc'. Make it: attribution fit BOOK.toml.
    """
    path, tries = require_path("path", path, "Name the file that riskmodel.save wrote."), 1
    if model is not None:
        require_kind("model", model, RiskModel, "Give the RiskModel whose settings the stored fit must have.")
    while True:
        stamp = _stamp(path)
        try:
            return _loaded(path, model, inputs, verify=verify)
        except StoreError:
            if tries == TRIES or _stamp(path) == stamp:
                raise
        tries += 1  # another head took its place, and its parts may have gone


def _loaded(path: Path, model: RiskModel | None, inputs: Mapping[str, str] | None, *, verify: bool) -> RiskModelResults:
    if not path.is_file():
        raise StoreError(f"model store: there is no file '{path}'.", "Make it: attribution fit BOOK.toml.")
    if not is_store(path):
        raise StoreError(f"model store: '{path}' is not a model store.", "Name a file that riskmodel.save wrote.")
    try:
        head = path.read_bytes()
        about = _read_about(head)
        _require_version(path, about)
        if hashlib.sha256(head[:-SEAL]).hexdigest().encode() != head[-SEAL:]:
            raise OSError("its head has changed since it was saved")
        settings = json.loads(about["settings"])
        stored_inputs = json.loads(about["inputs"])
    except (StoreError, MemoryError):
        raise
    except Exception as error:  # whatever HDF5 and its readers raise of a damaged file
        raise _damaged(path, error) from None
    if model is not None and (differences := setting_differences(settings, model.settings)):
        raise StoreError(f"model store: '{path}' holds another model: {listed(differences)}.")
    if inputs is not None and (names := _other_tables(stored_inputs, model_inputs(inputs))):
        differ = "differs" if len(names) == 1 else "differ"
        raise StoreError(
            f"model store: '{path}' was fitted from other inputs: {counted(len(names), 'table')} {differ}, {listed(names)}."
        )
    try:
        data = _with_arrays(path, about, _read_head(head), verify=verify)
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(path, error) from None
    if model is not None:  # what the fit does not depend on is as asked for
        settings |= {name: value for name, value in model.settings.items() if name in NOT_ESTIMATED}
    return RiskModelResults(data=data, settings=settings)


def is_store(path: Path) -> bool:
    """Whether a file was written by `save`, of any schema; or is empty, or damaged and beside the parts of a store."""
    import h5py

    with path.open("rb") as start:
        beginning = start.read(4)
    if beginning != b"\x89HDF":
        return beginning == b""
    try:
        with h5py.File(path) as file:
            return "schema" in file.attrs and "settings" in file.attrs
    except (OSError, RuntimeError, KeyError):
        return parts_folder(path).is_dir() and any(NAME.fullmatch(part.name) for part in parts_folder(path).iterdir())


def require_own_file(path: Path) -> None:
    """Refuse to write over a file that is not a store."""
    if path.exists() and not (path.is_file() and is_store(path)):
        raise InputError(f"model store: '{path}' is another file, and is not overwritten. Set [model] store to a new name.")
    if parts_folder(path).exists() and not parts_folder(path).is_dir():
        raise InputError(
            f"model store: '{parts_folder(path)}' is another file, in the place of the store's parts. Move it away."
        )


def _write(results: RiskModelResults, path: Path, folder: Path, inputs: Mapping[str, str], *, reuse: bool) -> list[Part]:
    """Write the new part and swap in the head that names it."""
    data = _plain(results.data)
    large = [str(name) for name, array in data.data_vars.items() if _is_large(array)]
    sessions = data.sizes["time"]
    parts: list[Part] = []
    for part in kept_parts(results.data, large, sessions) if reuse else []:
        here = adopt(part, folder)
        if here is None:
            break
        parts.append(here)
    there = sum(part.sessions for part in parts)
    pending = [str(n) for n, array in data.data_vars.items() if n not in large and "time" in array.dims and array.chunks]
    if there < sessions:
        parts.append(write_part(data[large + pending].isel(time=slice(there, None)), folder))
    about = {
        "schema": SCHEMA,
        "software": version(SOFTWARE),
        "model": MODEL_VERSION,
        "code": packages_digest(PACKAGE),
        "settings": json.dumps(results.settings),
        "inputs": json.dumps(model_inputs(inputs)),
        "parts": json.dumps([[part.file, part.sessions, part.size, part.sha256, part.form] for part in parts]),
        "arrays": json.dumps({name: [list(data[name].dims), data[name].dtype.str] for name in large}),
    }
    head = data.drop_vars(large)
    if pending and there < sessions:
        head = _with_computed(head, pending, parts[-1], there)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write_netcdf(head.assign_attrs(about), beside, sessions)
        seal(beside)
        put_in_place(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return parts


def _is_large(array: xr.DataArray) -> bool:
    """Whether an array grows with the sessions and with something else that is long."""
    return "time" in array.dims and ("asset" in array.dims or array.ndim > 2)


def _plain(data: xr.Dataset) -> xr.Dataset:
    """The same with text as text and time first, as a file has it."""
    own = data.assign_attrs()
    for name in list(own.variables):
        if own[name].dtype == object:
            own[name] = own[name].astype("U")
        elif "time" in own[name].dims[1:]:
            own[name] = own[name].transpose("time", ...)
    return own


def _with_computed(head: xr.Dataset, names: list[str], part: Part, before: int) -> xr.Dataset:
    """Small arrays that were computed while the part was written come from there, instead of being computed again."""
    with xr.open_dataset(part.path, engine="h5netcdf", decode_timedelta=False) as file:
        computed = file[names].drop_vars("time").load()
    if before:
        computed = xr.concat([head[names].isel(time=slice(0, before)).drop_vars("time").load(), computed], dim="time")
    return head.assign({name: computed[name] for name in names})


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells one head from the next under the same name."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _read_about(head: bytes) -> dict[str, Any]:
    """What a head says of the store; its arrays take sixty times as long, and are read of the store that is wanted alone."""
    import h5py

    with h5py.File(io.BytesIO(head)) as file:
        return {name: file.attrs.get(name, "") for name in ABOUT}


def _read_head(head: bytes) -> xr.Dataset:
    """The arrays of a head."""
    data = read_netcdf(head)
    data.attrs = {name: value for name, value in data.attrs.items() if name not in ABOUT}
    return data


def _with_arrays(path: Path, about: dict[str, Any], data: xr.Dataset, *, verify: bool) -> xr.Dataset:
    """The head with the large arrays of its parts, unread."""
    parts = [replace(Part(*entry), folder=parts_folder(path)) for entry in json.loads(about["parts"])]
    arrays = json.loads(about["arrays"])
    dims = {name: list(entry[0]) for name, entry in arrays.items()}
    labels = {str(name): pd.Index(data[name].to_numpy().astype(object)) for name in data.coords if name != "time"}
    if sum(part.sessions for part in parts) != data.sizes["time"]:
        raise OSError("its parts do not have its sessions")
    if verify and (changed := [part.file for part in parts if digest_of(part.path) != part.sha256]):
        raise OSError(f"changed since they were saved: {counted(len(changed), 'part')}, {listed(changed)}")
    opened = [open_part(part, dims, labels) for part in parts]
    variables = {
        name: lazy_variable(
            dims[name], [part[name] for part in opened], tuple(data.sizes[dim] for dim in dims[name]), np.dtype(entry[1])
        )
        for name, entry in arrays.items()
    }
    data = data.assign_coords(labels).assign(variables)
    data.set_close(partial(close_parts, opened))
    return data


def _require_version(path: Path, about: dict[str, Any]) -> None:
    there = {"schema": about["schema"], SOFTWARE: about["software"], "model": about["model"]}
    here = {"schema": SCHEMA, SOFTWARE: version(SOFTWARE), "model": MODEL_VERSION}
    differ = [name for name in here if there[name] != here[name]]
    said = [f"{name} {there[name] or 'of an earlier version'} there, {here[name]} here" for name in differ]
    if not said and about["code"] != (code := packages_digest(PACKAGE)):
        said = [f"code {about['code'][:SHOWN] or 'of an earlier version'} there, {code[:SHOWN] or 'not known'} here"]
    if said:
        raise StoreError(f"model store: '{path}' is of another version: {'; '.join(said)}.")


def _other_tables(stored: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    """Names of the table files that are not the same on both sides."""
    return sorted(name for name in {*stored, *given} if stored.get(name) != given.get(name))


def _damaged(path: Path, error: Exception) -> StoreError:
    said = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]
    if isinstance(error, FileNotFoundError):
        said = (
            f"its part '{Path(str(error.filename)).name}' is missing; move a store together with '{parts_folder(path).name}'"
        )
    return StoreError(f"model store: '{path}' is damaged ({said}).")
