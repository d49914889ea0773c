"""Save and load a fitted model: one NetCDF file, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
import xarray as xr

from riskmodel.errors import InputError
from riskmodel.model import RiskModel, RiskModelResults
from riskmodel.tables import TABLES, file_hash, table_path

SCHEMA = "4"
MODEL_TABLES = ("prices", "splits", "shares", "securities", "fundamentals", "earnings")
DAYS_A_CHUNK = 21


def input_hashes(folder: str | Path) -> dict[str, str]:
    """SHA-256 of each table file of a market folder, by file name."""
    paths = [table_path(Path(folder), name) for name in TABLES]
    return {path.name: file_hash(path) for path in paths if path is not None}


def model_key(hashes: dict[str, str], model: RiskModel) -> str:
    """What a stored fit depends on: the model's tables, its settings, the software's version; a hexadecimal digest."""
    used = {name: digest for name, digest in hashes.items() if name.split(".")[0] in MODEL_TABLES}
    text = json.dumps([SCHEMA, version("factor-attribution"), used, asdict(model)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def save(results: RiskModelResults, path: str | Path, *, key: str = "") -> None:
    """Write a fitted model beside `path`, then swap it in: an interrupted save leaves the old file whole.

    Parameters
    ----------
    results
        From `RiskModel.fit`.
    path
        File to write; its folder is made where it is missing.
    key
        `model_key` of the inputs, checked by `load`.
    """
    path = Path(path)
    if path.exists() and not _is_store(path):
        raise InputError(f"model store: '{path}' is another file, and is not overwritten. Set [model] store to a new name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"model store: cannot make the folder of '{path}' ({error.strerror}). Set [model] store.") from None
    data = results.data.assign_attrs(
        results.data.attrs | {"schema": SCHEMA, "key": key, "settings": json.dumps(results.settings)}
    )
    for name in list(data.variables):
        if data[name].dtype == object:
            data[name] = data[name].astype("U")
        elif data[name].dtype == bool:
            data[name] = data[name].astype(np.int8)
    chunked = {
        str(name): {"chunksizes": (min(DAYS_A_CHUNK, data.sizes["time"]), *array.shape[1:]), "fletcher32": True}
        for name, array in data.data_vars.items()
        if array.ndim == 3
    }
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        data.to_netcdf(beside, engine="h5netcdf", encoding=chunked)
        beside.replace(path)
    except OSError as error:
        raise InputError(f"model store: cannot write '{path}' ({error.strerror}). Set [model] store.") from None
    finally:
        beside.unlink(missing_ok=True)


def load(path: str | Path, *, key: str | None = None) -> RiskModelResults | None:
    """Open a stored model lazily: arrays are read when they are used.

    Parameters
    ----------
    path
        File that `save` wrote.
    key
        Where given, the stored fit must have been made from the same inputs and settings.

    Returns
    -------
    RiskModelResults or None
        None where there is no file, or one of another schema or other inputs.
    """
    path = Path(path)
    try:
        return _open(path, key) if path.is_file() else None
    except (OSError, ValueError, KeyError, RuntimeError):  # what HDF5 raises of a damaged file
        return None


def _is_store(path: Path) -> bool:
    """Whether a file was written by `save`, of any schema, or is what is left of one."""
    import h5py

    try:
        with h5py.File(path) as file:
            return "schema" in file.attrs and "settings" in file.attrs
    except OSError:
        return path.suffix == ".nc" and path.read_bytes()[:4] in (b"", b"\x89HDF")


def _open(path: Path, key: str | None) -> RiskModelResults | None:
    data = xr.open_dataset(path, engine="h5netcdf", decode_timedelta=False)
    if data.attrs.get("schema") != SCHEMA or (key is not None and data.attrs.get("key") != key):
        data.close()
        return None
    small = {name: data[name].load() for name in data.data_vars if data[name].ndim < 3}
    small |= {name: small[name].astype(bool) for name in ("universe", "fed")}
    labels = {name: data[name].to_numpy().astype(object) for name in data.coords if name != "time"}
    settings = json.loads(data.attrs["settings"])
    own = {name: value for name, value in data.attrs.items() if name not in ("schema", "key", "settings")}
    data = data.assign_coords(labels).assign(small)
    data.attrs = own
    return RiskModelResults(data=data, settings=settings)
