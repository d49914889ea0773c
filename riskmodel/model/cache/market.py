"""The checked market, kept beside its fit: where bytes and code are the same, nothing is read and checked anew."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel import errors
from riskmodel.code import sources_digest
from riskmodel.files import put_in_place
from riskmodel.market.market import MARKET_TABLES
from riskmodel.market.sources.cells import Dropped
from riskmodel.model.parts import beside_parts, parts_folder, remove_unfinished

FILE = "market.npz"  # in the folder of the parts
ABOUT = "about"  # the member that says what the others are
CODE = ("*.py", "arrays/**/*.py", "market/**/*.py", "market/**/*.toml", "model/cache/market.py")  # of riskmodel
LIBRARIES = ("numpy", "openpyxl", "pandas", "pyarrow", "xarray")  # that read cells, order and compare them


class DamagedMarketError(Exception):
    """A kept market that cannot be read; the text is a remark for whoever runs a command."""


def market_key(hashes: Mapping[str, str]) -> str | None:
    """What a checked market depends on: the bytes of its tables, what is stated of them, and the code that reads and checks.

    Parameters
    ----------
    hashes
        `riskmodel.model.store.input_hashes` of its source.

    Returns
    -------
    str or None
        A hexadecimal digest; None where the code cannot be told, its sources not being there.

    Examples
    --------
    >>> key = market_key({"prices.csv": "9f86d0", "holdings.csv": "60303a"})
    >>> key == market_key({"prices.csv": "9f86d0"}), key == market_key({"prices.csv": "9f86d1"})
    (True, False)
    """
    code = code_digest()
    inputs = {name: digest for name, digest in hashes.items() if name.split(".")[0] in MARKET_TABLES}
    text = json.dumps([code, [sys.version_info[:3], _versions()], inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest() if code else None


@cache
def code_digest() -> str:
    """SHA-256 of the sources that read, check and keep a market; empty where they are not there, as in a zip."""
    return sources_digest(Path(errors.__file__).parent, CODE)


@cache
def _versions() -> list[str]:
    found = []
    for library in LIBRARIES:
        try:
            found.append(version(library))
        except PackageNotFoundError:
            found.append("")
    return found


def market_file(store: Path) -> Path:
    """Where the market is kept beside the fit of a store."""
    return parts_folder(store) / FILE


def keep_market(market: xr.Dataset, store: Path, key: str, dropped: Mapping[str, Dropped] = {}) -> None:
    """Keep a checked market beside a fit, in place of the one that is there.

    Parameters
    ----------
    market
        From `riskmodel.read_market`.
    store
        Of the fit; the market lies in the folder of its parts, whether or not there is a fit yet.
    key
        `market_key`.
    dropped
        By table, how many rows each cell of `drop` left out when it was read: a market does not say it. What is of no table
        of the market's is not kept: the key is not of it.

    Raises
    ------
    OSError
        Where it cannot be written; what was there stays.

    Notes
    -----
    One that would not come back as it is, with attributes or with labels that are no texts, is not kept; `read_market`
    gives none.
    """
    if not _comes_back(market):
        return
    arrays, about = dict[str, Any](), list[list[Any]]()
    for name, variable in market.variables.items():
        values, labels = variable.to_numpy(), None
        if values.dtype == object:
            codes, labels = pd.factorize(values)
            values, labels = codes.astype(np.int32), list(labels)
        about.append([name, list(variable.dims), labels, name in market.coords])
        arrays[str(len(arrays))] = values
    rows = {
        table: [[*place, count] for place, count in counts.items()]
        for table, counts in dropped.items()
        if table in MARKET_TABLES
    }
    said = json.dumps({"key": key, "variables": about, "dropped": rows})
    arrays[ABOUT] = np.frombuffer(said.encode(), dtype=np.uint8)
    folder = parts_folder(store)
    folder.mkdir(parents=True, exist_ok=True)
    remove_unfinished(folder)
    beside = beside_parts(folder)
    try:
        with beside.open("wb") as file:
            np.savez(file, **arrays)
        put_in_place(beside, market_file(store))
    finally:
        beside.unlink(missing_ok=True)


def kept_market(store: Path, key: str, dropped: dict[str, Dropped] | None = None) -> xr.Dataset | None:
    """The market that `keep_market` kept beside a fit under this key, all of it in memory; None where there is none.

    Parameters
    ----------
    store, key
        As for `keep_market`.
    dropped
        Gets the rows that were left out, as `keep_market` was given them.

    Raises
    ------
    DamagedMarketError
        Where the file is cut or changed: each array is held against its checksum.
    """
    path = market_file(store)
    try:
        with path.open("rb") as opened, np.lib.npyio.NpzFile(opened) as file:  # which reads no pickle
            about = json.loads(file[ABOUT].tobytes())
            if about["key"] != key:
                return None
            variables, coords = dict[str, xr.Variable](), dict[str, xr.Variable]()
            for place, (name, dims, labels, is_coord) in enumerate(about["variables"]):
                values = file[str(place)]
                if labels is not None:
                    values = np.array(labels, dtype=object)[values]
                (coords if is_coord else variables)[name] = xr.Variable(dims, values)
        market = xr.Dataset(variables, coords)
        rows = {
            table: {(column, cell): count for column, cell, count in counts} for table, counts in about["dropped"].items()
        }
    except (FileNotFoundError, NotADirectoryError):
        return None
    except MemoryError:  # of a machine that is too small, not of the file
        raise
    except Exception as error:  # whatever zipfile, numpy and json raise of a damaged file
        said = (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]
        raise DamagedMarketError(
            f"market store: '{path}' is damaged ({said}). The tables were read and checked anew."
        ) from None
    if dropped is not None:
        dropped.update(rows)
    return market


def _comes_back(market: xr.Dataset) -> bool:
    """Whether numbers, days and texts are all that there is."""
    return not market.attrs and all(
        not variable.attrs
        and isinstance(variable.dtype, np.dtype)
        and (variable.dtype != object or pd.api.types.infer_dtype(variable.to_numpy(), skipna=False) in ("string", "empty"))
        for variable in market.variables.values()
    )
