"""The files of a report: written whole or not at all, an analyst's own work never lost, and a manifest of what they are."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from attribution.book import Book
from attribution.report.content import Content
from riskmodel.errors import InputError, listed
from riskmodel.store import input_hashes
from riskmodel.tables import file_hash

MANIFEST = "manifest.json"
OUTPUT = re.compile(r"report\.[a-z]+\.(html|pdf)|report\.xlsx|commentary\.[a-z]+\.md|figures\.toml|tables/\w+\.csv")
COMMENTARY = re.compile(r"commentary\.[a-z]+\.md")
LIBRARIES = (
    *("numpy", "pandas", "xarray", "matplotlib", "jinja2", "markdown-it-py", "weasyprint", "xlsxwriter", "uharfbuzz"),
    *("noto-cjk-sans-jp-regular", "noto-cjk-sans-jp-bold"),
)


def manifest(book: Book, content: Content, files: dict[str, bytes]) -> str:
    """Hashes of inputs and outputs, versions and settings, as JSON; no clock, host or path."""
    described = {
        "month": content.month,
        "data_date": f"{content.period.end:%Y-%m-%d}",
        "book": {"file": book.path.name, "sha256": file_hash(book.path)},
        "inputs": input_hashes(book.data_folder),
        "outputs": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
        "settings": {
            "book": book.model_dump(mode="json", exclude={"path", "holdings", "actual_returns"}),
            "model": content.model_settings,
            "link": "carino",
        },
        "versions": {"factor-attribution": version("factor-attribution")} | _versions(),
    }
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def require_writable(out: Path, book: Book) -> None:
    """Refuse an output that is a file, is the data folder, or cannot be made, before any work is done."""
    for path in (out, *out.resolve().parents):
        if path.exists():
            if not path.is_dir():
                raise InputError(f"--out: '{path}' is a file. Name a folder.")
            break
    if out.resolve() == book.data_folder.resolve():
        raise InputError(f"--out: '{out}' is the data folder, where nothing is written. Name another folder.")
    try:
        with tempfile.TemporaryDirectory(prefix=".report-", dir=path):
            pass
    except OSError as error:
        raise InputError(f"--out: cannot write in '{path}' ({error.strerror}). Name another folder.") from None


def write_whole(out: Path, files: dict[str, bytes]) -> None:
    """Write every file beside its place, then swap them in; into a new folder all at once, the manifest last.

    Files of an earlier report that this one does not write are removed, if they are as that report left them.

    Raises
    ------
    InputError
        Where a folder stands in the place of a file or the other way round; nothing is changed then.
    """
    for name in files:
        target = out / name
        wrong = target if target.is_dir() else next((p for p in target.parents if p.exists() and not p.is_dir()), None)
        if wrong is not None:
            raise InputError(f"--out: '{wrong}' is in the place of '{name}'. Move it away, or name another folder.")
    fresh = not out.exists()
    if fresh:
        out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".report-", dir=out.parent if fresh else out) as folder:
        beside = Path(folder) / "out"
        for name, data in files.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if fresh:
            beside.rename(out)
            return
        for name in _earlier(out) - files.keys():
            (out / name).unlink(missing_ok=True)
        for name in files:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).replace(out / name)


def require_unedited(out: Path, given: set[Path]) -> None:
    """Refuse to write over a commentary that somebody edited since the report that wrote it, unless it was handed in.

    Raises
    ------
    InputError
        Naming the files.
    """
    there = {path.name for path in out.glob("commentary.*.md") if COMMENTARY.fullmatch(path.name)} if out.is_dir() else set()
    edited = sorted(name for name in there - _earlier(out) if (out / name).resolve() not in given)
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
    """Files that the manifest of an earlier report lists and that still are what it wrote."""
    try:
        listed = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["outputs"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    ours = {(str(name), digest) for name, digest in listed if OUTPUT.fullmatch(str(name))}
    return {name for name, digest in ours if (out / name).is_file() and file_hash(out / name) == digest}
