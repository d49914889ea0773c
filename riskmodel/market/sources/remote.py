"""A folder elsewhere, by fsspec: what a table needs is copied once, and read as from a folder here."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from riskmodel.errors import InputError, listed
from riskmodel.market.plain_text import one_line
from riskmodel.market.sources.address import expanded, glob_of, secrets_of
from riskmodel.market.sources.cells import Dropped
from riskmodel.market.sources.derive import DERIVED
from riskmodel.market.sources.engine import missing_extra
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.tables import SUFFIXES, TABLES, Table
from riskmodel.texts import without_secrets


@dataclass(frozen=True, repr=False)
class Remote:
    """A folder behind a URL that fsspec knows, with tidy tables or exports.

    Attributes
    ----------
    url
        As it was written: names of the environment's variables stand for their values until the moment of connecting.
    maps
        What is stated, by table.

    Notes
    -----
    Every file is copied once for a source, when a table needs it, into a temporary folder that goes with the source: what
    is read is what the hashes are of.
    """

    url: str
    maps: Mapping[str, TableMap] = field(default_factory=dict)

    folder = None  # nothing is written there in any case

    @property
    def name(self) -> str:
        """The URL without what is secret."""
        return without_secrets(self.url)

    def __repr__(self) -> str:
        return f"Remote('{self.name}')"

    def table(self, name: str, spec: Table | None = None) -> pd.DataFrame | None:
        """One table; see `riskmodel.market.sources.exports.Exports`."""
        spec = TABLES[name] if spec is None else spec
        self._copy(name, needed=spec.required)
        return self._here.table(name, spec)

    @property
    def dropped(self) -> dict[str, Dropped]:
        """By table that was read, how many rows each cell of `drop` left out."""
        return self._here.dropped

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file of a table, and of what is stated, as of a folder here."""
        for name in TABLES:
            self._copy(name, needed=False)
        return self._here.hashes()

    @cached_property
    def _copies(self) -> Path:
        folder = tempfile.mkdtemp(prefix="market-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    @cached_property
    def _here(self) -> Exports:
        return Exports(self._copies, self.maps)

    @cached_property
    def _there(self) -> tuple[Any, str]:
        """The file system, and the path of the folder in it."""
        try:
            import fsspec
        except ImportError:
            raise missing_extra(self.name, "fsspec") from None
        url = expanded(self.url)
        with self._told():
            system, path = fsspec.core.url_to_fs(url)
            is_folder = system.isdir(path)
        if not is_folder:
            raise InputError(f"data: '{self.name}' is no folder. Name the one that holds prices.parquet or prices.csv.")
        return system, path.rstrip("/")

    def _copy(self, name: str, *, needed: bool) -> None:
        """Copy what a table is read from, and what it is worked out from."""
        stated = self.maps.get(name)
        if stated is None:
            self._fetch(
                name, *(name + suffix for suffix in SUFFIXES), f"{name}/*.parquet", f"{name}/**/*.parquet", needed=needed
            )
            return
        for pattern in stated.file or [file for sheet in stated.fields.values() for file in sheet.file]:
            self._fetch(name, glob_of(pattern), needed=True)
        if stated.identifiers is not None and name != "securities":
            self._copy("securities", needed=True)
        if stated.unadjusted:
            self._copy("splits", needed=False)
        if name != "prices" and any(
            DERIVED[name, ours][way].of_prices
            for ours, way in stated.derived.items()
            if way in DERIVED.get((name, ours), {})
        ):
            self._copy("prices", needed=True)

    def _fetch(self, name: str, *patterns: str, needed: bool) -> None:
        system, root = self._there
        with self._told():
            found = {path for pattern in patterns for path in system.glob(f"{root}/{pattern}")}
            there = [] if found or not needed else sorted(Path(path).name for path in system.ls(root, detail=False))
        for path in sorted(found):
            here = self._copies / Path(path).relative_to(root)
            if not here.exists():
                with self._told():
                    self._take(system, path, here)
        if needed and not found:
            raise InputError(
                f"{name}: no file {' or '.join(map(repr, patterns[:2]))} in '{self.name}'. Found there: "
                f"{listed(there, 20) or 'nothing'}."
            )

    @staticmethod
    def _take(system: Any, path: str, here: Path) -> None:
        if system.isfile(path):
            here.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(path, str(here))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What a file system says, without secrets; nothing of ours is done inside."""
        try:
            yield
        except ImportError as error:  # fsspec has words of its own for what is not installed, and the cause names it
            library = getattr(error.__cause__, "name", None) or error.name
            raise missing_extra(self.name, library or "its file system") from None
        except Exception as error:  # file systems raise what they please
            said = one_line(error, secrets_of(expanded(self.url)))
            raise InputError(f"{self.name}: cannot be read ({said}).") from None
