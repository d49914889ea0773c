"""The part files of a stored model: immutable, named by their content, each with the large arrays of its sessions."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import mmap
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from xarray.backends import CachingFileManager

from riskmodel.arrays.segments import ROWS_A_CHUNK, Segment, moves_onto, segments_of
from riskmodel.errors import InputError
from riskmodel.files import put_in_place

if TYPE_CHECKING:
    import h5py

NAME = re.compile(r"\d{8}-\d{8}\.[0-9a-f]{16}\.nc")
PARTS, BEGUN = ".parts", ".part-"  # end of the folder's name; beginning of that of what is being written in it
SEAL = 64  # bytes at the end of a file, after the NetCDF: the SHA-256 of what is before them, in hexadecimal
OVERHEAD = 16_384  # bytes that HDF5 may take for an array beside its numbers
OF_HDF5 = ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties")
SETTLED = 256_000_000  # bytes of a part that is not written again: few files more cost less
LEFT_BEHIND = 3600.0  # seconds after which a file that is still being written has lost its writer


@dataclass(frozen=True)
class Part:
    """What the head says of a part.

    Attributes
    ----------
    file
        First and last session and the beginning of the digest: "20121001-20160930.0123456789abcdef.nc".
    sessions, size
        How many sessions, how many bytes.
    sha256
        Digest of the file before its seal, and the seal.
    form
        Digest of its labels, and of the shapes and types of its arrays.
    folder
        Where the part lies; not in the head, so that a store may be moved together with its parts.
    """

    file: str
    sessions: int
    size: int
    sha256: str
    form: str
    folder: Path = Path()

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.file


@dataclass(frozen=True)
class Stored:
    """A source of segments: one array of a part."""

    part: Part
    name: str
    shape: tuple[int, ...]
    file: Any  # the part's CachingFileManager: opened when needed, and may be sent to another process
    labels: tuple[pd.Index, ...]  # the part's own, of the dimensions after time

    def read(self, first: int, stop: int) -> np.ndarray:
        """The rows of the sessions from `first` to before `stop`."""
        try:
            return np.asarray(self.file.acquire()[self.name][first:stop])
        except (OSError, KeyError, RuntimeError) as error:
            raise InputError(
                f"model store: part '{self.part.path}' is damaged or gone ({_short(error)}). Remove the store and fit again."
            ) from None


def parts_folder(path: Path) -> Path:
    """Where the parts of the store at `path` lie."""
    return path.with_name(path.name + PARTS)


def open_part(part: Part, dims: dict[str, list[str]], labels: dict[str, pd.Index]) -> dict[str, Segment]:
    """The arrays of a part, given with their dimensions, as segments on `labels`; no array is read.

    Raises
    ------
    OSError, KeyError, ValueError, RuntimeError
        Where the file is not what the head says.
    """
    import h5py

    if part.path.stat().st_size != part.size:
        raise OSError(f"its part '{part.file}' is of another size")
    if seal_of(part.path) != part.sha256:
        raise OSError(f"its part '{part.file}' is of another model")
    file = CachingFileManager(h5py.File, str(part.path), mode="r")
    opened = file.acquire()
    if form_digest(opened) != part.form:
        raise OSError(f"its part '{part.file}' has other labels")
    further = {dim for own in dims.values() for dim in own[1:]}
    there = {dim: pd.Index(opened[dim].asstr()[:], dtype=object) for dim in further}
    moves = {dim: moves_onto(there[dim], labels[dim]) for dim in further}
    segments = {}
    for name, own in dims.items():
        array = opened[name]
        source = Stored(part, name, array.shape, file, tuple(there[dim] for dim in own[1:]))
        segments[name] = Segment(source, tuple(moves[dim] for dim in own[1:]))
    return segments


def close_parts(opened: Sequence[Mapping[str, Segment]]) -> None:
    """Close the files behind segments; they open again where they are read."""
    for segments in opened:
        for segment in segments.values():
            if isinstance(segment.source, Stored):
                segment.source.file.close()


def kept_parts(data: xr.Dataset, names: Sequence[str], sessions: int) -> list[Part]:
    """The parts that already hold the first sessions of the arrays `names`, less those that a new part should swallow.

    A new part swallows the last ones while they are less than twice as long, and below `SETTLED`. So parts below it are at
    least twice as long as what follows them, there are never more than 1 + log2(sessions) of them, and a session is written
    again at most as often.
    """
    behind: list[list[Part | None]] = []
    for name in names:
        labels = [pd.Index(data[dim].to_numpy().astype(object)) for dim in data[name].dims[1:]]
        whole = segments_of(data.variables[name])
        behind.append([] if whole is None else [_part_of(segment, labels) for segment in whole.segments])
    kept: list[Part] = []
    for part, *others in zip(*behind, strict=False):
        if part is None or any(other != part for other in others):
            break
        kept.append(part)
    new = sessions - sum(part.sessions for part in kept)
    while new and kept and kept[-1].sessions < 2 * new and kept[-1].size < SETTLED:
        new += kept.pop().sessions
    return kept


def _part_of(segment: Segment, labels: Sequence[pd.Index]) -> Part | None:
    """The part that a segment lies in, under these labels."""
    source = segment.source
    if not isinstance(source, Stored):
        return None
    for place, own, now in zip(segment.places, source.labels, labels, strict=True):
        known = np.ones(len(now), dtype=bool) if place is None else place >= 0
        if not now[known].equals(own if place is None else own[place[known]]):
            return None
    return source.part


def adopt(part: Part, folder: Path) -> Part | None:
    """Have a part in `folder`: it is there, or is linked or copied there; None where it is gone."""
    target = folder / part.file
    if not (target.is_file() and target.stat().st_size == part.size):
        try:
            os.link(part.path, target)
        except OSError:  # another file system, or one without links
            beside = beside_parts(folder)
            try:
                shutil.copyfile(part.path, beside)
                put_in_place(beside, target)
            except OSError:
                return None
            finally:
                beside.unlink(missing_ok=True)
    return replace(part, folder=folder)


def write_part(data: xr.Dataset, folder: Path) -> Part:
    """Write the arrays of some sessions, beside their place and then under their name."""
    import h5py

    beside = beside_parts(folder)
    days = data.get_index("time")
    try:
        write_netcdf(data, beside)
        with h5py.File(beside) as file:
            form = form_digest(file)
        digest = seal(beside)
        name = f"{days[0]:%Y%m%d}-{days[-1]:%Y%m%d}.{digest[:16]}.nc"
        part = Part(name, len(days), beside.stat().st_size, digest, form, folder)
        put_in_place(beside, part.path)
    finally:
        beside.unlink(missing_ok=True)
    return part


def write_netcdf(data: xr.Dataset, path: Path, sessions: int = ROWS_A_CHUNK) -> None:
    """Write a NetCDF file with a checksum of each chunk of `sessions`, once there is room for all of it.

    Raises
    ------
    OSError
        Where the disk, a quota or a limit has no room for it. HDF5 itself ends the process where a disk is full half-way.
    """
    encoding = checked(data, sessions)
    _reserve(path, sum(_stored_bytes(data.variables[name], encoding.get(str(name), {})) for name in data.variables))
    data.to_netcdf(path, engine="h5netcdf", encoding=encoding)


def read_netcdf(content: bytes) -> xr.Dataset:
    """All of a NetCDF file that `write_netcdf` wrote, in a fifth of the time of xarray's reader."""
    import h5py

    with h5py.File(io.BytesIO(content)) as file:
        names: list[str] = []
        file.id.links.iterate(lambda name: names.append(name.decode()), idx_type=h5py.h5.INDEX_CRT_ORDER)  # as written
        arrays = {name: file[name] for name in names if not _is_bare(file[name])}
        variables = {
            name: xr.Variable(
                _dims_of(file, name, array),
                array.asstr()[()].astype(str) if h5py.check_string_dtype(array.dtype) else array[()],
                {key: _plain_value(value) for key, value in array.attrs.items() if key not in OF_HDF5},
            )
            for name, array in arrays.items()
        }
        about = {key: value for key, value in file.attrs.items() if key not in OF_HDF5}
    return xr.decode_cf(xr.Dataset(variables, attrs=about), decode_timedelta=False).load()


def _is_bare(array: h5py.Dataset) -> bool:
    """Whether it is a dimension without labels."""
    return bool(array.attrs.get("NAME", b"").startswith(b"This is a netCDF dimension but not a netCDF variable"))


def _dims_of(file: h5py.File, name: str, array: h5py.Dataset) -> list[str]:
    if "DIMENSION_LIST" in array.attrs:
        return [file[scale[0]].name.removeprefix("/") for scale in array.attrs["DIMENSION_LIST"]]
    return [name] * array.ndim  # a scale is its own


def _plain_value(value: object) -> object:
    return value[0] if isinstance(value, np.ndarray) and value.size == 1 else value


def _stored_bytes(array: xr.Variable, encoding: Mapping[str, Any]) -> int:
    """At most what an array takes in a file: whole chunks, and what HDF5 says of it."""
    chunks = encoding.get("chunksizes", array.shape)
    whole = math.prod(-(-n // chunk) * chunk if chunk else n for n, chunk in zip(array.shape, chunks, strict=True))
    return int(1.1 * whole * array.dtype.itemsize) + OVERHEAD


def _reserve(path: Path, size: int) -> None:
    """Take so much room on the disk and give it back, where the system can."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):  # others: a file system that cannot reserve
            raise
    finally:
        path.unlink(missing_ok=True)


def checked(data: xr.Dataset, sessions: int = ROWS_A_CHUNK) -> dict[str, dict[str, object]]:
    """Encoding that keeps a checksum of each chunk of `sessions`, which is compared when the chunk is read."""
    return {
        str(name): {
            "fletcher32": True,
            "chunksizes": tuple(min(sessions, n) if dim == "time" else n for dim, n in array.sizes.items()),
        }
        for name, array in data.data_vars.items()
        if array.size and array.ndim and array.dtype.kind in "fiub"
    }


def remove_others(folder: Path, parts: Sequence[Part]) -> None:
    """Remove the parts of earlier saves, finished or not; other files are left alone."""
    named = {part.file for part in parts}
    remove_unfinished(folder)
    for path in folder.iterdir():
        with suppress(OSError):  # another process was first, or has it open where that forbids it
            if NAME.fullmatch(path.name) and path.name not in named:
                path.unlink()


def remove_unfinished(folder: Path) -> None:
    """Remove what was only begun beside the parts by a writer that was killed."""
    for path in folder.glob(f"{BEGUN}*"):
        with suppress(OSError):
            if _is_left(path):
                path.unlink()


def remove_left(path: Path) -> None:
    """Remove heads beside the one at `path` whose writers were killed."""
    name = re.compile(re.escape(f".{path.name}.") + r"\d+")
    for other in path.parent.iterdir():
        with suppress(OSError):
            if name.fullmatch(other.name) and _is_left(other):
                other.unlink()


def remove_new(folder: Path, before: set[Path]) -> None:
    """Remove what a save that failed has put into `folder`, and the folder where it is empty."""
    with suppress(OSError):
        for path in set(folder.iterdir()) - before:
            if NAME.fullmatch(path.name):
                path.unlink()
        folder.rmdir()


def seal(path: Path) -> str:
    """End a written file with the SHA-256 of its content; the digest."""
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0, os.SEEK_END)
        file.write(digest.encode())
    return digest


def seal_of(path: Path) -> str:
    """The seal at the end of a file; whether its content is as it was sealed is for `digest_of` to say."""
    with path.open("rb") as file:
        file.seek(-min(SEAL, path.stat().st_size), os.SEEK_END)
        return file.read().decode("ascii", "replace")


def digest_of(path: Path) -> str:
    """SHA-256 of a file before its seal; the file is read."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        memoryview(content)[:-SEAL] as whole,
    ):
        return hashlib.sha256(whole).hexdigest()


def form_digest(file: Any) -> str:
    """SHA-256 of the labels in an open part, and of the shapes and types of its arrays; no large array is read."""
    form = [[name, array.shape, array.dtype.str, _labels(array)] for name, array in sorted(file.items())]
    return hashlib.sha256(json.dumps(form).encode()).hexdigest()


def _labels(array: Any) -> list[object]:
    if not array.is_scale:
        return []
    return (array.asstr() if array.dtype.kind == "O" else array)[:].tolist()


def _is_left(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > LEFT_BEHIND


def beside_parts(folder: Path) -> Path:
    """Where a file among the parts is written until it is whole."""
    return folder / f"{BEGUN}{os.getpid()}-{time.monotonic_ns()}"


def _short(error: Exception) -> str:
    """What the operating system or HDF5 says, on one line."""
    return (getattr(error, "strerror", None) or str(error)).splitlines()[0]
