"""The tables of a market out of a database: tables, views and queries, as they are or as it is stated of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pandas as pd

from riskmodel.errors import InputError, listed
from riskmodel.market.sources.cells import Dropped
from riskmodel.market.sources.digest import content_digest
from riskmodel.market.sources.engine import Asked, Engine, EngineError, Session
from riskmodel.market.sources.mapped import converted, finished, known_columns, require_known, their_columns
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.sources.rows import CODE, require_kinds
from riskmodel.market.tables import TABLES, TEXT, Table, checked_table, in_key_order, require_columns

OF_DATABASE = {"table", "query", "columns", "constant", "unit", "units", "cash", "identifiers", "unadjusted", "derived"} | {
    *("beginnings", "endings", "digits", "dates", "zone", "decimal", "thousands", "missing"),
}
ONE_SELECT = re.compile(r"\s*select\b[^;]*;?\s*", re.IGNORECASE)  # of which the engine's own words are all that is wrong


@dataclass(frozen=True)
class Database:
    """A database with a market's tables, under their names or as it is stated.

    Attributes
    ----------
    engine
        What reads it.
    maps
        What is stated, by table.
    groupings
        Columns of securities beyond the table's own that a fit depends on.
    """

    engine: Engine
    maps: Mapping[str, TableMap] = field(default_factory=dict)
    groupings: tuple[str, ...] = ()
    digests: dict[str, str] = field(default_factory=dict, repr=False, compare=False)  # of what was read last
    dropped: dict[str, Dropped] = field(default_factory=dict, repr=False, compare=False)  # rows, by the cells of `drop`
    opened: list[Session] = field(default_factory=list, repr=False, compare=False)  # while all is read at one moment

    folder = None  # a file of a database may lie beside the book, where reports are written

    def table(self, name: str, spec: Table | None = None) -> pd.DataFrame | None:
        """One table, its rows in the order of their keys; only the columns that are needed are read.

        Raises
        ------
        InputError
            As `riskmodel.market.tables.read_table`, with the table or query and the database.
        """
        spec = TABLES[name] if spec is None else spec
        stated = self.maps.get(name)
        found = self._tidy(name, spec) if stated is None else self._mapped(name, spec, stated)
        if found is None:
            return None
        frame, place = found
        try:
            frame = in_key_order(checked_table(frame, name, spec), spec)
        except InputError as error:
            raise InputError(f"{error} It is of {place}.") from None
        if spec.columns == TABLES[name].columns:
            self.digests[f"{name}.rows"] = content_digest(frame)
        return frame

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Read everything meanwhile in one session, so that tables agree with each other; closed at the end.

        Raises
        ------
        InputError
            Where the database cannot be opened.
        """
        if self.opened:
            yield
            return
        with self.engine.session() as session:
            self.opened.append(session)
            try:
                yield
            finally:
                self.opened.clear()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with self.at_one_moment(), self.opened[0].told():
            yield self.opened[0]

    def hashes(self) -> dict[str, str]:
        """A digest of what each table says, as it was read last; of those that were not, as it is now.

        The same rows in another order, in another engine or under another name have the same digest.
        """
        with self.at_one_moment():
            return self._hashes()

    def _hashes(self) -> dict[str, str]:
        for name, spec in TABLES.items():
            if f"{name}.rows" not in self.digests:
                self.table(name, replace(spec, required=False))
        for column in self.groupings:
            spec = replace(TABLES["securities"], columns=dict.fromkeys(("ticker", column), TEXT), sparse=frozenset({column}))
            frame = self.table("securities", replace(spec, optional=frozenset({column}), required=False))
            if frame is not None:
                self.digests[f"securities.{column}"] = content_digest(frame)
        return dict(sorted(self.digests.items()))

    def _tidy(self, name: str, spec: Table) -> tuple[pd.DataFrame, str] | None:
        with self._session() as session:
            there = session.tables()
            if name not in there:
                if not spec.required:
                    return None
                raise InputError(
                    f"{name}: no table '{name}' in {self.engine.name}. Found there: "
                    f"{listed(there, 20) or 'no tables at all'}. Where it has another name, or is a query, "
                    f"state it in [tables.{name}]."
                )
            place = f"table '{name}' of {self.engine.name}"

            def pick(found: list[str]) -> list[str]:
                require_columns(name, spec, found)
                return _once([column for column in spec.columns if column in found], found, place, name)

            frame = session.read(Asked(table=name), pick)
        require_kinds(frame, {column: spec.columns[column] for column in frame.columns}, place, name)
        return frame, place

    def _mapped(self, name: str, spec: Table, stated: TableMap) -> tuple[pd.DataFrame, str]:
        require_of_database(name, stated)
        kinds, problems = known_columns(name, spec, stated), list[str]()
        require_known(name, stated, kinds)
        asked = Asked(table=stated.table or name * (not stated.query), query=stated.query)
        place = f"{'the query' if asked.query else f'table {asked.table!r}'} of {self.engine.name}"
        theirs = dict[str, str]()

        def pick(found: list[str]) -> list[str]:
            own = [ours for ours in kinds if ours not in stated.constant]
            theirs.update(their_columns(name, stated, own, found, place))
            others = [column for column in (stated.cash.column, *stated.drop) if column in found]
            return _once(list(dict.fromkeys((*theirs.values(), *others))), found, place, name)

        opened = False
        try:
            with self._session() as session:
                opened = True
                if asked.table:
                    self._require_there(name, asked.table, session)
                frame = session.read(asked, pick)
        except EngineError as error:
            if not (opened and asked.query) or error.fix:
                raise
            rule = "" if ONE_SELECT.fullmatch(asked.query) else " Only one SELECT is allowed, which changes nothing."
            raise InputError(
                f"{name}: [tables.{name}] query cannot be read from {self.engine.name} ({error.said}). Correct the query, "
                f"in the engine's own SQL.{rule}"
            ) from None
        require_kinds(
            frame, {column: CODE if kinds[ours] == TEXT else kinds[ours] for ours, column in theirs.items()}, place, name
        )
        frame.index = range(1, len(frame) + 1)
        dropped = self.dropped[name] = {}
        piece = converted(frame, place, name, stated, kinds, problems, dropped=dropped)
        return finished(piece.reset_index(drop=True), name, stated, self.table, problems, dropped=dropped), place

    def _require_there(self, name: str, table: str, session: Session) -> None:
        there = session.tables()
        if table not in there:
            raise InputError(
                f"{name}: no table '{table}', which [tables.{name}] names, in {self.engine.name}. Found there: "
                f"{listed(there, 20) or 'no tables at all'}."
            )


def _once(picked: list[str], found: list[str], place: str, name: str) -> list[str]:
    """The picked columns, or that one of them is there several times."""
    for column in picked:
        if found.count(column) > 1:
            raise InputError(f"{name}: {place} has {found.count(column)} columns '{column}'. Give each a name of its own.")
    return picked


def require_of_database(name: str, stated: TableMap) -> None:
    """Refuse what is stated of a database's table and is of files; and a table and a query at once."""
    unused = sorted(stated.model_fields_set - OF_DATABASE)
    if unused:
        raise InputError(
            f"{name}: [tables.{name}] {unused[0]} is of files, and data in [book] is a database. State table or query."
        )
    if stated.table and stated.query:
        raise InputError(f"{name}: [tables.{name}] has a table and a query. Keep one.")
