"""The folder of a run of accounts: what it is a run of, which parts are there, and how it is finished."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from attribution.accounts.dataset import Part
from attribution.accounts.tasks import TABLES, parquet_schema
from attribution.construction.files import write_text
from riskmodel.errors import InputError, counted, listed
from riskmodel.files import alone, put_in_place
from riskmodel.market.parquet_folder import has_footer
from riskmodel.market.tables import file_hash

MANIFEST, UNFINISHED, REJECTS = "manifest.json", "unfinished.json", "rejects.parquet"
OF_RUN = "run"  # of the manifest: what the files depend on


@dataclass(frozen=True)
class RunFolder:
    """A folder that holds one run, whole or as far as it came.

    Attributes
    ----------
    path
        The folder.
    run
        What its files depend on: two runs with the same have the same bytes.
    """

    path: Path
    run: Mapping[str, Any]

    def require_own(self) -> None:
        """Refuse a folder that holds something else, a run with other inputs or settings, or one that is damaged."""
        if not self.path.is_dir() or not any(self.path.iterdir()):
            return
        place = next((self.path / name for name in (MANIFEST, UNFINISHED) if (self.path / name).is_file()), None)
        if place is None:
            raise InputError(f"--out: '{self.path}' holds files, and no run of accounts. Name a new folder.")
        try:
            there = json.loads(place.read_text(encoding="utf-8"))
            finished = place.name == MANIFEST
            there, outputs = dict(there[OF_RUN] if finished else there), dict(there["outputs"] if finished else {})
        except (ValueError, KeyError, TypeError):
            raise InputError(f"--out: '{place}' is damaged, or of something else. Name a new folder.") from None
        own = json.loads(json.dumps(self.run))
        if there != own:
            other = ", ".join(name for name in own if there.get(name) != own[name])
            raise InputError(
                f"--out: '{self.path}' holds a run of other inputs or settings ({other}). Name a new folder, or remove it."
            )
        self._require_whole(outputs)

    def _require_whole(self, outputs: Mapping[str, str]) -> None:
        """Refuse a finished run whose files are not those that its manifest names."""
        lost = [name for name in outputs if not (self.path / name).is_file()]
        other = [name for name, digest in outputs.items() if name not in lost and file_hash(self.path / name) != digest]
        for names, what in ((lost, "missing"), (other, f"not as {MANIFEST} says")):
            if names:
                raise InputError(
                    f"--out: {counted(len(names), 'file')} of the finished run in '{self.path}' "
                    f"{'is' if len(names) == 1 else 'are'} {what}: {listed(names)}. Delete '{self.path}' and run again, or "
                    f"put back what was there."
                )

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder, where it is missing, and have it alone.

        Raises
        ------
        InputError
            Where it cannot be written, or another run writes into it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None
        with ExitStack() as stack:
            try:
                stack.enter_context(alone(self.path, wait=False))
            except BlockingIOError:
                raise InputError(
                    f"--out: another run writes into '{self.path}' just now. Wait until it ends, or name another folder."
                ) from None
            self.require_own()  # it may have begun since this was asked first
            if not self.finished:
                self._begin()
            yield

    def _begin(self) -> None:
        try:
            write_text(self.path / UNFINISHED, _plain(self.run))
            for name in TABLES:
                (self.path / name).mkdir(exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(f"--out: cannot write in '{self.path}' ({error.strerror}). Name another folder.")

    @property
    def finished(self) -> bool:
        """Whether all is there."""
        return (self.path / MANIFEST).is_file()

    def missing(self, parts: Sequence[Part]) -> list[Part]:
        """Parts of which a table is not there, or cut off."""
        return [part for part in parts if not all(has_footer(self.path / name / part.name) for name in TABLES)]

    def finish(self, parts: Sequence[Part]) -> None:
        """Gather the rejects into one table, and write the manifest, which says that all is there."""
        import pyarrow.parquet as pq

        reasons: Counter[str] = Counter()
        beside = self.path / f".{REJECTS}.new"
        with pq.ParquetWriter(beside, parquet_schema("rejects")) as writer:
            for part in parts:
                table = pq.read_table(self.path / "rejects" / part.name)
                reasons.update(table["reason"].to_pylist())
                writer.write_table(table)
        put_in_place(beside, self.path / REJECTS)
        explained = sum(pq.read_metadata(self.path / "returns" / part.name).num_rows for part in parts)
        outputs = [f"{name}/{part.name}" for name in TABLES if name != "rejects" for part in parts] + [REJECTS]
        told = {
            OF_RUN: self.run,
            "explained": explained,
            "rejected": {reason: reasons[reason] for reason in sorted(reasons)},
            "outputs": {name: file_hash(self.path / name) for name in outputs},
        }
        write_text(self.path / MANIFEST, _plain(told))
        self.clear()

    def clear(self) -> None:
        """Remove what a finished run no longer wants: its parts of the rejects, and what dead workers left."""
        for path in [*self.path.glob("*/.*"), *self.path.glob("rejects/*"), self.path / UNFINISHED]:
            path.unlink(missing_ok=True)
        if (self.path / "rejects").is_dir():
            (self.path / "rejects").rmdir()

    def told(self) -> dict[str, Any]:
        """The manifest of a finished run."""
        content: dict[str, Any] = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        return content

    def rejects(self, number: int) -> pd.DataFrame:
        """The first rejects of a finished run."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path / REJECTS) as file:
            first = next(file.iter_batches(number), None)
        return pd.DataFrame(columns=list(TABLES["rejects"])) if first is None else first.to_pandas()


def _plain(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
