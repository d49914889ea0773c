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
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from attribution.linking.methods import DEFAULT_LINK
from attribution.portfolio.book import READ, Book
from attribution.portfolio.evidence.judged import by_kind
from attribution.reporting.formats import PAGES, TEXTS
from attribution.reporting.tables.content import Content
from attribution.rows import AGAINST
from riskmodel.errors import InputError, listed
from riskmodel.estimation.returns_based import WINDOW
from riskmodel.files import alone
from riskmodel.market.tables import file_hash
from riskmodel.model.store import input_hashes

MANIFEST = "manifest.json"
UNREADABLE = (OSError, ValueError, RecursionError)  # what reading JSON raises; the last of brackets within brackets
BESIDE = ".report-"  # a folder that a run builds in; one that is left is of a run that was killed
NEW, KEPT = "out", "kept"  # in it: what is to be swapped in, what was there
LEFT = re.compile(re.escape(BESIDE) + r"[a-z0-9_]{8}")  # as `tempfile` names it
MEANINGS = {"active_contribution": AGAINST[0]}  # what a name's part of the excess is measured against
OUTPUT = re.compile(
    rf"({'|'.join(PAGES.values())})\.[a-z]+\.(html|pdf)|report\.xlsx|({'|'.join(TEXTS.values())})\.[a-z]+\.md|"
    r"figures\.toml|facts\.json|tables/\w+\.csv"
)
LIBRARIES = (
    *("numpy", "scipy", "pandas", "xarray", "matplotlib", "jinja2", "markdown-it-py", "mdit-py-plugins", "weasyprint"),
    *("pydyf", "xlsxwriter", "uharfbuzz", "fonttools", "noto-cjk-sans-jp-regular", "noto-cjk-sans-jp-bold"),
)


def measured_before(path: Path) -> bool:
    """Whether a commentary is of a report whose manifest does not say what names are measured against: against nothing."""
    try:
        described = json.loads((path.parent / MANIFEST).read_text(encoding="utf-8"))
    except UNREADABLE:
        return False
    return isinstance(described, dict) and "outputs" in described and "meanings" not in described


def manifest(
    book: Book,
    content: Content,
    files: dict[str, bytes],
    *,
    edited: Sequence[str] = (),
    failed: Collection[str] = (),
    house: Mapping[str, str] | None = None,
) -> str:
    """Hashes of inputs and outputs, versions, settings and what columns mean, as JSON; no clock, host or path.

    `edited` names the outputs that a person wrote, and has no other copy of: the next report may not write over them.
    `failed` names those that were asked for and could not be made; `house` has the hash of each file of the house's own.
    """
    described: dict[str, object] = {
        "month": content.month,
        "meanings": MEANINGS,
        "data_date": f"{content.period.end:%Y-%m-%d}",
        "book": {"file": book.path.name, "sha256": file_hash(book.path)},
        "inputs": input_hashes(book.source),
        "edited": list(edited),
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
        "estimated_benchmarks": {
            name: {"exposures": "estimated from returns", "sessions": WINDOW, "label": label}
            for name, label in book.pseudo_names.items()
        },
        "settings": {
            "book": book.model_dump(mode="json", exclude=set(READ)),
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
    if house:
        described["house"] = dict(house)
    if failed:
        described["failed"] = sorted(failed)
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def require_writable(out: Path, book: Book) -> None:
    """Refuse an output that is a file, would write into the data folder, or cannot be made, before any work is done."""
    data, place = book.source.folder, out
    written = Path(os.path.realpath(out))  # unlike `resolve` it leaves a link that leads back to itself as it is
    try:
        if written.is_symlink():
            raise InputError(f"--out: '{written}' is a link that leads back to itself. Name a folder.")
        place = next(path for path in (written, *written.parents) if path.exists())
        if not place.is_dir():
            raise InputError(f"--out: '{place}' is a file. Name a folder.")
        data = None if data is None else data.resolve()
        if data is not None and data in (written, *written.parents, written / "tables"):
            where = "is" if data == written else "lies in" if data in written.parents else "writes its tables into"
            raise InputError(f"--out: '{out}' {where} the data folder, where nothing is written. Name another folder.")
        with tempfile.TemporaryDirectory(prefix=".writable-", dir=place):
            pass
    except OSError as error:
        raise InputError(f"--out: cannot write in '{place}' ({error.strerror}). Name another folder.") from None


def write_whole(
    out: Path, files: dict[str, bytes], *, commentaries: Iterable[str] = (), given: Set[Path] = frozenset()
) -> None:
    """Make a folder that appears with every file in it, or swap the files into one that is there, the manifest last.

    Only files are swapped, never the folder: what somebody else has in it, or saves into it meanwhile, stays. Files of an
    earlier report that this one does not write are removed, if they are as that report left them, and so is what a killed
    run left. Runs into one folder wait for each other, where the file system has locks, and the last one stays.

    The old manifest goes before the first file is swapped, so a folder that has a manifest has one report, whole. A run that
    fails or is stopped puts back what was there. A run that is killed in these milliseconds leaves each file whole, some
    old, some new, and no manifest, until the next run.

    Parameters
    ----------
    out
        The output folder.
    files
        Content by name, "tables/risk.csv"; the manifest among them.
    commentaries, given
        As in `require_unedited`, which is asked again while no other run writes.

    Raises
    ------
    InputError
        Where a folder stands in the place of a file or the other way round, a commentary was edited meanwhile, the disk is
        full or something cannot be written; nothing is changed then.
    """
    for name in files:
        target = out / name
        wrong = target if target.is_dir() else next((p for p in target.parents if p.exists() and not p.is_dir()), None)
        if wrong is not None:
            raise InputError(f"--out: '{wrong}' is in the place of '{name}'. Move it away, or name another folder.")
    place = out.resolve()  # a link stays one, even where its folder is still to be made
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if not _made_new(place, files):
            _swap_in(place, files, commentaries, given)
    except OSError as error:
        raise InputError(f"--out: cannot write in '{out}' ({error.strerror}). Make room, or name another folder.") from None


def _made_new(out: Path, files: dict[str, bytes]) -> bool:
    """Make the folder with its files; False where there is one, perhaps of a run that was faster."""
    if out.exists():
        return False
    with alone(out.parent):
        if out.exists():
            return False
        with tempfile.TemporaryDirectory(prefix=BESIDE, dir=out.parent) as folder:
            try:
                _written(Path(folder) / NEW, files).rename(out)
            except OSError:
                if out.exists():  # made meanwhile, where there are no locks
                    return False
                raise
            _remove_left(out.parent, Path(folder))
    return True


def _swap_in(out: Path, files: dict[str, bytes], commentaries: Iterable[str], given: Set[Path]) -> None:
    with alone(out), tempfile.TemporaryDirectory(prefix=BESIDE, dir=out) as folder:
        _refuse_edited(out, commentaries, given)
        new, kept = _written(Path(folder) / NEW, files), Path(folder) / KEPT
        stale = _earlier(out) - files.keys()
        touched = [*sorted(stale), *sorted(files, key=lambda name: name == MANIFEST)]  # the manifest last
        for name in touched:
            _keep(out / name, kept / name)
        try:
            for name in (MANIFEST, *stale):
                (out / name).unlink(missing_ok=True)
            for name in touched[len(stale) :]:
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (new / name).replace(out / name)
        except BaseException:
            for name in touched:
                if os.path.lexists(kept / name):
                    (kept / name).replace(out / name)
                else:
                    (out / name).unlink(missing_ok=True)
            raise
        _remove_left(out, Path(folder))  # only now: until here its manifests told a killed run's files from an analyst's


def _written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _keep(path: Path, kept: Path) -> None:
    """Have a file under a second name, to put it back; where there is one."""
    if not os.path.lexists(path):
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, kept, follow_symlinks=False)
    except (OSError, NotImplementedError):  # a file system without links
        shutil.copy2(path, kept, follow_symlinks=False)


def _remove_left(place: Path, own: Path) -> None:
    """Remove what killed runs left."""
    for left in place.glob(f"{BESIDE}*"):
        if left != own and LEFT.fullmatch(left.name) and {path.name for path in left.iterdir()} <= {NEW, KEPT}:
            shutil.rmtree(left, ignore_errors=True)


def require_unedited(out: Path, names: Iterable[str], *, given: Set[Path]) -> None:
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
    with alone(out):
        _refuse_edited(out, names, given)


def _refuse_edited(out: Path, names: Iterable[str], given: Set[Path]) -> None:
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
    ours = {entry for path in (out / MANIFEST, *out.glob(f"{BESIDE}*/*/{MANIFEST}")) for entry in _listed(path)}
    return {name for name, digest in ours if (out / name).is_file() and file_hash(out / name) == digest}


def _listed(path: Path) -> set[tuple[str, str]]:
    """Names and hashes of the outputs in a manifest that no person wrote; none where it is not one."""
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        outputs, edited = described["outputs"].items(), set(described.get("edited", ()))
    except (*UNREADABLE, KeyError, TypeError, AttributeError):
        return set()
    return {(str(name), str(digest)) for name, digest in outputs if OUTPUT.fullmatch(str(name)) and name not in edited}
