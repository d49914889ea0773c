"""The tables of a model that somebody else estimated, read, and refused where they cannot be meant."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import require_kind
from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import GROUPS, MARKET, NO_TICKERS, RESERVED
from riskmodel.market.sources import Source, at_one_moment, open_source
from riskmodel.market.tables import GIVEN_MODEL, TABLES, checked_table, places

Given: TypeAlias = str | Path | Source | Mapping[str, pd.DataFrame]
NEEDED = ("model_exposures", "model_factor_returns")
DEFAULT_GROUP = "style"
TAKEN = RESERVED - {MARKET}  # that its factor of the market is called so is no mistake


@dataclass(frozen=True)
class GivenTables:
    """Checked tables of a given model, by name; those that are not given are not there.

    Attributes
    ----------
    frames
        As `riskmodel.market.tables.checked_table` returns them.
    """

    frames: Mapping[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    def get(self, name: str) -> pd.DataFrame | None:
        """A table, or None."""
        return self.frames.get(name)

    @cached_property
    def factors(self) -> list[str]:
        """The factors, by group in the order of `riskmodel.factors.GROUPS`; in a group as the tables have them."""
        known = [*self["model_factor_returns"]["factor"].unique(), *self["model_exposures"]["factor"].unique()]
        stated = self.get("model_factors")
        order = sorted(set(known)) if stated is None else [f for f in stated["factor"] if f in set(known)]
        return sorted(order, key=lambda factor: GROUPS.index(self.groups[factor]))

    @cached_property
    def groups(self) -> dict[str, str]:
        """Factor -> its group; without a table model_factors every one is a style, and none the market."""
        stated = self.get("model_factors")
        if stated is None:
            names = pd.concat([self[name]["factor"] for name in NEEDED]).unique()
            return dict.fromkeys(map(str, names), DEFAULT_GROUP)
        return dict(zip(stated["factor"].astype(str), stated["group"].astype(str), strict=True))

    @cached_property
    def texts(self) -> dict[str, dict[str, str]]:
        """Factor -> language -> its name on pages: as stated; of a style without one its own label, in both languages."""
        texts = {factor: {"en": factor, "ja": factor} for factor in self.factors if self.groups[factor] == DEFAULT_GROUP}
        stated = self.get("model_factors")
        if stated is None:
            return texts
        for column, language in (("name", "en"), ("name_ja", "ja")):
            named = stated[["factor", column]].dropna() if column in stated else stated[:0]
            for factor, text in named.itertuples(index=False) if len(named) else ():
                texts.setdefault(factor, {})[language] = text
        return {factor: text for factor, text in texts.items() if factor in self.factors}


def given_tables(given: Given) -> GivenTables:
    """Read the tables of a given model from a folder, a source or frames, and refuse what needs no market to be wrong.

    Raises
    ------
    InputError
        All that is wrong with the tables one by one at once; then names that are taken, groups that there are none of,
        factors that `model_factors` lacks or that have no return on any day, and errors below zero.
    """
    read, wrong = dict[str, pd.DataFrame](), list[str]()
    if isinstance(given, Mapping):
        if unknown := [name for name in given if name not in GIVEN_MODEL]:
            raise InputError(f"given model: no table '{unknown[0]}'. They are: {', '.join(GIVEN_MODEL)}.")
        given = {name: frame for name, frame in given.items() if frame is not None}
    elif not isinstance(given, str | Path | Source):
        raise InputError(
            f"given: is of type {type(given).__name__}. Give a folder, a source, or a dict of DataFrames by table."
        )
    source = None if isinstance(given, Mapping) else open_source(given)
    with nullcontext() if source is None else at_one_moment(source):
        for name in GIVEN_MODEL:
            try:
                table = _table(given, source, name)
            except InputError as error:
                wrong.append(str(error))
                continue
            if table is not None:
                read[name] = table
            elif name in NEEDED:
                wrong.append(f"{name}: there is no such table. A given model needs {' and '.join(NEEDED)}.")
    if len(wrong) == 1:
        raise InputError(wrong[0])
    if wrong:
        told = " ".join(f"({number}) {message}" for number, message in enumerate(wrong, 1))
        raise InputError(f"{len(wrong)} tables of the given model cannot be used. {told}")
    tables = GivenTables(read)
    require_names(tables)
    require_no_negative(tables)
    return tables


def _table(given: Given, source: Source | None, name: str) -> pd.DataFrame | None:
    if source is not None:
        return source.table(name)
    frame = given.get(name) if isinstance(given, Mapping) else None
    if frame is None:
        return None
    frame = require_kind(f"given model: {name}", frame, pd.DataFrame, "Give each table as a DataFrame.")
    return checked_table(frame, name, TABLES[name])


def require_names(tables: GivenTables) -> None:
    """Refuse factors whose name is another row's, unknown groups, and factors that one table has and another lacks."""
    stated = tables.get("model_factors")
    for name in (*NEEDED, "model_factors"):
        frame = tables.get(name)
        taken = sorted(set() if frame is None else TAKEN & set(frame["factor"]))
        if taken:
            raise InputError(
                f"{name}: {counted(len(taken), 'factor')} with the name of another row of the tables: {listed(taken)}. "
                f"Rename {'it' if len(taken) == 1 else 'them'} in every table of the model. Taken: "
                f"{listed(sorted(TAKEN - NO_TICKERS), 99)}."
            )
    if stated is not None:
        unknown = ~stated["group"].isin(GROUPS)
        if unknown.any():
            raise InputError(
                f"model_factors: {counted(int(unknown.sum()), 'factor')} of a group that there is none of: "
                f"{listed(f'{row.factor} ({row.group})' for row in stated[unknown].itertuples())}. "
                f"Groups are {', '.join(GROUPS)}."
            )
        for name in NEEDED:
            lacking = sorted(set(tables[name]["factor"]) - set(stated["factor"]))
            if lacking:
                raise InputError(
                    f"model_factors: without {counted(len(lacking), 'factor')} that {name} has: {listed(lacking)}. "
                    f"Add a row each, or correct the names; without the table every factor is a style."
                )
    unpaid = sorted(set(tables["model_exposures"]["factor"]) - set(tables["model_factor_returns"]["factor"]))
    if unpaid:
        raise InputError(
            f"model_factor_returns: no return on any day of {counted(len(unpaid), 'factor')} that model_exposures has: "
            f"{listed(unpaid)}. Add the returns, or correct the names."
        )


def require_no_negative(tables: GivenTables) -> None:
    """Refuse volatilities and errors below zero."""
    for name, column, what, places_of in (
        ("model_specific_risk", "volatility", "negative volatilities", ("date", "ticker")),
        ("model_factor_returns", "standard_error", "negative standard errors", ("date", "factor")),
    ):
        frame = tables.get(name)
        negative = np.zeros(0, bool) if frame is None or column not in frame else (frame[column] < 0).to_numpy()
        if negative.any():
            raise InputError(
                f"{name}: {counted(int(negative.sum()), f'negative {column}', what)}: {places(frame, negative, places_of)}. "
                f"It is 0 or more; leave out what there is none of."
            )


def rows_of(tables: GivenTables, name: str, market: xr.Dataset) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows of a table inside the market's history, and the place of each one's session.

    Raises
    ------
    InputError
        For days inside the history that are no sessions, and for tickers that the market lacks.
    """
    frame, sessions = tables[name], market.get_index("time")
    inside = ((frame["date"] >= sessions[0]) & (frame["date"] <= sessions[-1])).to_numpy()
    frame = frame[inside]
    days, labels = pd.factorize(frame["date"])
    place = sessions.get_indexer(pd.DatetimeIndex(labels))
    if (place < 0).any():
        odd = pd.DatetimeIndex(labels)[place < 0].sort_values()
        raise InputError(
            f"{name}: {counted(len(odd), 'date')} without trading inside the price history: "
            f"{listed(odd.strftime('%Y-%m-%d'))}. Stamp a row with the session at whose close it is known, or whose return "
            f"it is of; leave out days on which the market was closed."
        )
    if "ticker" in frame:
        require_known(frame, name, market.get_index("asset"))
    return frame, place[days]


def left_out(tables: GivenTables, market: xr.Dataset) -> dict[str, int]:
    """Rows of each table that are of days before or after the market's history, and so are not used; none where none are.

    Risk of earlier days counts as known later, and is not among them.
    """
    first, last = market.get_index("time")[[0, -1]]
    counts = {}
    for name, frame in tables.frames.items():
        if "date" in frame:
            early = (frame["date"] < first) if name in (*NEEDED, "model_specific_returns") else False
            counts[name] = int((early | (frame["date"] > last)).sum())
    return {name: count for name, count in counts.items() if count}


def require_known(frame: pd.DataFrame, name: str, assets: pd.Index) -> None:
    """Refuse tickers that the market lacks."""
    unknown = sorted(set(frame["ticker"].unique()) - set(assets))
    if unknown:
        raise InputError(
            f"{name}: {counted(len(unknown), 'ticker')} without prices in the market: {listed(unknown)}. Correct the codes "
            f"(a mapping turns others into tickers: identifiers), or leave out names that are not in the market."
        )
