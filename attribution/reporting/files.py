"""The files of a report: written whole or not at all, an analyst's own work never lost, and a manifest of what they are."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from attribution.linking.methods import DEFAULT_LINK
from attribution.portfolio.book import Book
from attribution.portfolio.evidence.judged import by_kind
from attribution.reporting.tables.content import Content
from attribution.rows import AGAINST
from riskmodel.errors import InputError, listed
from riskmodel.market.tables import file_hash
from riskmodel.model.parts import alone
from riskmodel.model.store import input_hashes

MANIFEST = "manifest.json"
BESIDE = ".report-"  # a folder that a run builds in; one that is left is of a run that was killed
MEANINGS = {"active_contribution": AGAINST[0]}  # what a name's part of the excess is measured against
OUTPUT = re.compile(r"report\.[a-z]+\.(html|pdf)|report\.xlsx|commentary\.[a-z]+\.md|figures\.toml|tables/\w+\.csv")
LIBRARIES = (
    *("numpy", "scipy", "pandas", "xarray", "matplotlib", "jinja2", "markdown-it-py", "weasyprint", "pydyf", "xlsxwriter"),
    *("uharfbuzz", "fonttools", "noto-cjk-sans-jp-regular", "noto-cjk-sans-jp-bold"),
)


def measured_before(path: Path) -> bool:
    """Whether a commentary is of a report whose manifest does not say what names are measured against: against nothing."""
    try:
        described = json.loads((path.parent / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(described, dict) and "outputs" in described and "meanings" not in described


def manifest(book: Book, content: Content, files: dict[str, bytes]) -> str:
    """Hashes of inputs and outputs, versions, settings and what columns mean, as JSON; no clock, host or path."""
    described = {
        "month": content.month,
        "meanings": MEANINGS,
        "data_date": f"{content.period.end:%Y-%m-%d}",
        "book": {"file": book.path.name, "sha256": file_hash(book.path)},
        "inputs": input_hashes(book.data_folder),
        "outputs": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
        "findings": [
            {
                "key": kind.fact.key,
                **kind.fact.values,
                "harm_bp": kind.worst.harm if kind.worst.harm == kind.worst.harm else None,
                "course": kind.worst.course or None,
            }
            for kind in by_kind(content.evidence)
        ],
        "settings": {
            "book": book.model_dump(mode="json", exclude={"path", "holdings", "actual_returns"}),
            "model": content.model_settings,
            "link": DEFAULT_LINK,
        },
        "versions": {
            "factor-attribution": version("factor-attribution"),
            "python": platform.python_version(),
            "zlib": zlib.ZLIB_RUNTIME_VERSION,  # packs fonts, PDFs and workbooks
            **_versions(),
        },
    }
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def require_writable(out: Path, book: Book) -> None:
    """Refuse an output that is a file, would write into the data folder, or cannot be made, before any work is done."""
    data, place = book.data_folder.resolve(), out
    written = Path(os.path.realpath(out))  # unlike `resolve` it leaves a link that leads back to itself as it is
    try:
        if written.is_symlink():
            raise InputError(f"--out: '{written}' is a link that leads back to itself. Name a folder.")
        place = next(path for path in (written, *written.parents) if path.exists())
        if not place.is_dir():
            raise InputError(f"--out: '{place}' is a file. Name a folder.")
        if data in (written, *written.parents, written / "tables"):
            where = "is" if data == written else "lies in" if data in written.parents else "writes its tables into"
            raise InputError(f"--out: '{out}' {where} the data folder, where nothing is written. Name another folder.")
        with tempfile.TemporaryDirectory(prefix=".writable-", dir=place):
            pass
    except OSError as error:
        raise InputError(f"--out: cannot write in '{place}' ({error.strerror}). Name another folder.") from None


def write_whole(out: Path, files: dict[str, bytes]) -> None:
    """Write every file beside its place, then swap them in; into a new folder all at once, the manifest last.

    Files of an earlier report that this one does not write are removed, if they are as that report left them, and so is what
    a killed run left. Runs into one folder wait for each other, where the file system has locks.

    Raises
    ------
    InputError
        Where a folder stands in the place of a file or the other way round, or the disk is full; nothing is changed then.
    """
    for name in files:
        target = out / name
        wrong = target if target.is_dir() else next((p for p in target.parents if p.exists() and not p.is_dir()), None)
        if wrong is not None:
            raise InputError(f"--out: '{wrong}' is in the place of '{name}'. Move it away, or name another folder.")
    place = out.resolve()  # a link stays one, even where its folder is still to be made
    fresh = not place.exists()
    if fresh:
        place.parent.mkdir(parents=True, exist_ok=True)
    try:
        _swap_in(place, files, fresh=fresh)
    except OSError as error:
        raise InputError(f"--out: cannot write in '{out}' ({error.strerror}). Make room, or name another folder.") from None


def _swap_in(out: Path, files: dict[str, bytes], *, fresh: bool) -> None:
    place = out.parent if fresh else out
    with alone(place), tempfile.TemporaryDirectory(prefix=BESIDE, dir=place) as folder:
        beside = Path(folder) / "out"
        for name, data in files.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if fresh:
            beside.rename(out)
            _remove_left(place, Path(folder))
            return
        for name in _earlier(out) - files.keys():
            (out / name).unlink(missing_ok=True)
        for name in files:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).replace(out / name)
        _remove_left(place, Path(folder))  # only now: until here its manifest told a killed run's files from an analyst's


def _remove_left(place: Path, own: Path) -> None:
    """Remove what killed runs left."""
    for left in place.glob(f"{BESIDE}*"):
        if left != own:
            shutil.rmtree(left, ignore_errors=True)


def require_unedited(out: Path, names: Iterable[str], *, given: set[Path]) -> None:
    """Refuse to write over a commentary that somebody edited since the report that wrote it, unless it was handed in.

    Parameters
    ----------
    out
        The output folder.
    names
        The commentaries that are to be written.
    given
        Those that were handed in, as resolved paths.

    Raises
    ------
    InputError
        Naming the files.
    """
    earlier = _earlier(out)
    edited = [n for n in names if (out / n).is_file() and n not in earlier and (out / n).resolve() not in given]
    if edited:
        raise InputError(
            f"--out: {listed(edited)} in '{out}' was edited after the report that wrote it, and would be lost. "
            f"Put it in the report with --commentary {out / edited[0]}, or move it away."
        )


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # the formats asked for may need only some of them
            continue
    return found


def _earlier(out: Path) -> set[str]:
    """Files that the manifest of an earlier report lists, or that of a killed run, and that still are what it wrote."""
    ours = {entry for path in (out / MANIFEST, *out.glob(f"{BESIDE}*/out/{MANIFEST}")) for entry in _listed(path)}
    return {name for name, digest in ours if (out / name).is_file() and file_hash(out / name) == digest}


def _listed(path: Path) -> set[tuple[str, str]]:
    """Names and hashes of the outputs in a manifest; none where it is not one."""
    try:
        outputs = json.loads(path.read_text(encoding="utf-8"))["outputs"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    return {(str(name), str(digest)) for name, digest in outputs if OUTPUT.fullmatch(str(name))}
