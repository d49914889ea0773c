"""Write a month's report: pages, tables and manifest, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from attribution.book import Book
from attribution.fitting import fitted_model, read_inputs
from attribution.periods import read_period
from attribution.report.content import Content, build_content
from riskmodel.errors import InputError
from riskmodel.model import RiskModelResults
from riskmodel.store import input_hashes
from riskmodel.tables import file_hash

MANIFEST = "manifest.json"
OUTPUT = re.compile(r"report\.[a-z]+\.html|tables/\w+\.csv")
LIBRARIES = ("numpy", "pandas", "xarray", "matplotlib", "jinja2")


@dataclass(frozen=True)
class ReportFiles:
    """What a report wrote, and the frames behind it.

    Attributes
    ----------
    paths
        Every file, by its name relative to the output folder.
    tables
        The tables as frames.
    content
        Everything that was shown.
    remark
        What the user should know of the run itself, such as that the fit could not be stored; empty otherwise.
    """

    paths: dict[str, Path]
    tables: dict[str, pd.DataFrame]
    content: Content
    remark: str = ""


def report(
    book: Book,
    *,
    month: str,
    out: str | Path,
    languages: Sequence[str] | None = None,
    market: xr.Dataset | None = None,
    model: RiskModelResults | None = None,
    progress: Callable[[str], None] = lambda stage: None,
) -> ReportFiles:
    """Explain a month: pages in each language, tables as CSV, and a manifest.

    Parameters
    ----------
    book
        From `attribution.read_book`.
    month
        "YYYY-MM".
    out
        Folder to write; made where it is missing. Files of an earlier report there are replaced, others left alone.
    languages
        "ja", "en"; by default the book's.
    market, model
        Where they are at hand; otherwise read from the book's data folder, and fitted or loaded from the store.
    progress
        Called with the name of each stage as it begins.

    Returns
    -------
    ReportFiles

    Raises
    ------
    InputError
        For bad input; nothing is written then.
    """
    try:
        from attribution.report.page import render_page
    except ModuleNotFoundError as error:
        raise InputError(
            f"report: the library '{error.name}' is not installed. "
            f"Install the extra: pip install 'factor-attribution[report]'."
        ) from None
    out = Path(out)
    require_writable(out, book)
    languages = tuple(languages or book.book.languages)
    unknown = [language for language in languages if language not in ("ja", "en")]
    if unknown:
        raise InputError(f"language {', '.join(map(repr, unknown))}: the report is written in ja and en.")
    if "/" in month or month == "itd" or (month.isdigit() and len(month) == 4):
        raise InputError(f"month '{month}': a report is of one month, YYYY-MM.")
    remark = ""
    with threadpool_limits(limits=1, user_api="blas"):
        progress("market")
        market = read_inputs(book) if market is None else market
        read_period(month, book, market)
        progress("model")
        if model is None:
            fitted = fitted_model(book, market)
            model, remark = fitted.model, fitted.remark
        content = build_content(book, market, model, month, progress=progress)
        files: dict[str, str] = {}
        for language in languages:
            progress(f"page {language}")
            files[f"report.{language}.html"] = render_page(content, language)
    for name, table in content.tables.items():
        files[f"tables/{name}.csv"] = table.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
    progress("files")
    files[MANIFEST] = manifest(book, content, model, files)
    write_whole(out, files)
    return ReportFiles({name: out / name for name in files}, content.tables, content, remark)


def manifest(book: Book, content: Content, model: RiskModelResults, files: dict[str, str]) -> str:
    """Hashes of inputs and outputs, versions and settings, as JSON; no clock, host or path."""
    described = {
        "month": content.month,
        "data_date": f"{content.period.end:%Y-%m-%d}",
        "book": {"file": book.path.name, "sha256": file_hash(book.path)},
        "inputs": input_hashes(book.data_folder),
        "outputs": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())},
        "settings": {
            "book": book.model_dump(mode="json", exclude={"path", "holdings", "actual_returns"}),
            "model": model.settings,
            "link": "carino",
        },
        "versions": {"factor-attribution": version("factor-attribution")} | {name: version(name) for name in LIBRARIES},
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


def write_whole(out: Path, files: dict[str, str]) -> None:
    """Write every file beside its place, then swap them in; into a new folder all at once, the manifest last.

    Pages and tables of an earlier report that this one does not write are removed, if they are as that report left them.

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
        for name, text in files.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        if fresh:
            beside.rename(out)
            return
        for name in _earlier(out) - files.keys():
            (out / name).unlink(missing_ok=True)
        for name in files:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).replace(out / name)


def _earlier(out: Path) -> set[str]:
    """Pages and tables that the manifest of an earlier report lists and that still are what it wrote."""
    try:
        listed = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["outputs"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    ours = {(str(name), digest) for name, digest in listed if OUTPUT.fullmatch(str(name))}
    return {name for name, digest in ours if (out / name).is_file() and file_hash(out / name) == digest}
