"""What a person states of a table, applied to the columns of a file or of a database: renamed, converted, derived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import CASH
from riskmodel.market.sources.cells import (
    Cells,
    Dropped,
    days,
    numbers,
    only_column,
    require_dropped,
    stated_texts,
    texts,
    without_dropped,
)
from riskmodel.market.sources.derive import DERIVED, Where, respelt, tickers_of, with_later_splits
from riskmodel.market.sources.mapping import How, TableMap
from riskmodel.market.tables import DATE, NUMBER, TABLES, TEXT, Table

HELD = ("weight", "quantity", "market_value")  # what a row of a list has of a name
GiveTable = Callable[[str, Table | None], pd.DataFrame | None]  # `Source.table`
LISTS = ("holdings", "constituents")
NEAR_HEADER = 20  # rows below a header among which another may be it
NEAR = 1e-3  # of the sum of a list: a row so near to it is the total of it


def known_columns(name: str, spec: Table, stated: TableMap) -> dict[str, str]:
    """Columns of ours that an export of a table may have, and their kinds: the table's, and what others are derived from.

    Of securities any: codes of stocks and groupings are columns of texts that a house names.
    """
    needed = [
        column for (table, _), ways in DERIVED.items() if table == name for of in ways.values() for column in of.columns
    ]
    own = dict.fromkeys(stated.columns, TEXT) if name == "securities" else {}
    known = {**TABLES[name].columns, **spec.columns}
    return known | {column: kind for column, kind in {**own, **dict.fromkeys(needed, NUMBER)}.items() if column not in known}


def their_columns(
    name: str, stated: TableMap, ours: Iterable[str], there: Iterable[str], place: str, below: pd.DataFrame | None = None
) -> dict[str, str]:
    """Ours = theirs, of those that a file or a table of a database has.

    Raises
    ------
    InputError
        For a column that is stated and not there.
    """
    found, there = dict[str, str](), list(there)
    for column in ours:
        theirs = stated.columns.get(column, column)
        if not theirs:
            continue
        if theirs in there:
            found[column] = theirs
        elif column in stated.columns:
            raise InputError(
                f"{name}: {place} has no column '{theirs}', which [tables.{name}] columns names for "
                f"'{column}'. Found: {listed(map(str, there), 20)}.{_header_below(theirs, below, name)}"
            )
    return found


def _header_below(label: str, below: pd.DataFrame | None, name: str) -> str:
    """What would do where a header that is looked for stands in one of the first rows below the one that is read."""
    rows = [] if below is None else [row for row, has in below.head(NEAR_HEADER).eq(label).any(axis=1).items() if has]
    return (
        f" Row {rows[0]} has it: where that is the header, state skip = {int(rows[0]) - 1} in [tables.{name}]."
        if rows
        else ""
    )


def spread(frame: pd.DataFrame, keys: Sequence[str], items: str, values: str, place: str, name: str) -> pd.DataFrame:
    """A table with a row an item as one with a column an item; the index is that of the first row of each key.

    Parameters
    ----------
    keys
        Theirs, that tell reports apart.
    items, values
        Theirs, that say which item a row is, and its number.

    Raises
    ------
    InputError
        Where a report has an item twice: which of the two is meant, nobody can say.

    Examples
    --------
    >>> rows = pd.DataFrame({"id": ["A", "A", "B"], "item": ["NI", "AT", "NI"], "value": ["1", "9", "2"]})
    >>> spread(rows, ["id"], "item", "value", "x.csv", "fundamentals").fillna("").to_numpy().tolist()
    [['A', '1', '9'], ['B', '2', '']]
    """
    for label in (*keys, items, values):
        if label not in frame.columns:
            found = listed(map(str, frame.columns), 20)
            raise InputError(f"{name}: {place} has no column '{label}', which is stated of its items. Found: {found}.")
    number = frame.groupby(list(keys), sort=False, dropna=False).ngroup().to_numpy()
    item = frame[items].astype(str).str.strip()
    again = pd.DataFrame({"number": number, "item": item.to_numpy()}).duplicated().to_numpy()
    if again.any():
        rows = [f"row {row} {what}" for row, what in item[again].items()]
        raise InputError(
            f"{name}: {place} has an item twice in one report, {counted(len(rows), 'row')}: {listed(rows)}. Give one of "
            f"each: yearly reports alone, say, each as it was filed."
        )
    out = frame.loc[~pd.Series(number).duplicated().to_numpy(), list(keys)].copy()
    for label in item.unique():
        one = (item == label).to_numpy()
        cells = pd.Series(frame.loc[one, values].to_numpy(), index=number[one])
        out[label] = cells.reindex(range(len(out))).to_numpy()
    return out


def converted(
    frame: pd.DataFrame,
    place: str,
    name: str,
    stated: TableMap,
    kinds: Mapping[str, str],
    problems: list[str],
    said: Mapping[str, str] = {},
    said_by: str = "",
    dropped: Dropped | None = None,
) -> pd.DataFrame:
    """Columns of ours out of those of one file, or of a table of a database.

    Parameters
    ----------
    frame
        With their columns; the index is the number of each row, as messages have it.
    place
        File and sheet, or table and database, as messages name them.
    name
        The table of ours.
    stated
        What is stated of it.
    kinds
        Ours, and what they hold; of `known_columns`.
    problems
        Gets what is wrong with cells.
    said, said_by
        What every row has for a column of ours, as written; and what says so.
    dropped
        Gets how many rows each word of `drop` left out.
    """
    frame = without_dropped(frame, place, name, stated, {} if dropped is None else dropped)
    none = {ours: "" for ours, label in stated.columns.items() if not label}
    constant = {column: cell for column, cell in {**none, **stated.constant, **said}.items() if column in kinds}
    theirs = their_columns(
        name, stated, [ours for ours in kinds if ours not in constant], map(str, frame.columns), place, frame
    )
    require_own_columns(name, stated, theirs, kinds)
    piece = pd.DataFrame(index=frame.index)
    for ours, kind in kinds.items():
        if ours in constant:
            cells = Cells(pd.Series(constant[ours], frame.index, dtype=object), said_by or f"[tables.{name}] constant")
            piece[ours] = _of_kind(cells, kind, stated, None, problems)
        elif ours in theirs:
            label = theirs[ours]
            cells = Cells(only_column(frame, label, place, name), f"{place} '{label}'")
            piece[ours] = _of_kind(cells, kind, stated, stated.units.get(ours, stated.unit), problems)
        if ours in piece and ours in stated.values:
            piece[ours] = piece[ours].replace(stated.values[ours])
    if stated.cash.column and "ticker" in piece:
        piece["ticker"] = piece["ticker"].mask(_says_cash(frame, place, name, stated), CASH)
    return piece


def _says_cash(frame: pd.DataFrame, place: str, name: str, stated: TableMap) -> pd.Series:
    """Whether the column that tells cash says so, by row.

    Raises
    ------
    InputError
        Where there is no such column.
    """
    said = stated_texts(frame, stated.cash.column, "cash", place, name, stated)
    return said.isin([word.strip() for word in stated.cash.words])


def finished(
    frame: pd.DataFrame,
    name: str,
    stated: TableMap,
    table: GiveTable,
    problems: list[str],
    where: Where | None = None,
    dropped: Dropped | None = None,
) -> pd.DataFrame:
    """A table with the tickers of its codes and with what is derived, or all that is wrong with its cells.

    Parameters
    ----------
    table
        Gives the tables that these are worked out from.
    problems
        Of the cells, from `converted`.
    where
        The place of a row in its files, for messages.
    dropped
        Of the rows that are left out, from `converted`.
    """
    require_dropped(name, {} if dropped is None else dropped)
    if problems:
        raise InputError(f"{name}: {'; '.join(problems)} in [tables.{name}].")
    require_derivable(name, stated, frame)
    _state_cash(frame, name, stated, where)
    if (stated.beginnings or stated.endings or stated.digits) and "ticker" in frame:
        frame["ticker"] = respelt(frame["ticker"], stated.beginnings, stated.endings, stated.digits)
    if stated.identifiers is not None and name != "securities":
        column = stated.identifiers
        wanted = replace(TABLES["securities"], columns=dict.fromkeys(("ticker", column), TEXT), sparse=frozenset({column}))
        securities = table("securities", replace(wanted, optional=frozenset()))
        assert securities is not None  # the table is one that must be there
        frame["ticker"] = tickers_of(frame["ticker"], securities, column, name, where)
    if stated.unadjusted:
        frame = with_later_splits(frame, name, stated.unadjusted, table("splits", None))
    for ours, way in stated.derived.items():
        derivation = DERIVED[name, ours][way]
        prices = table("prices", None) if derivation.of_prices else frame
        if derivation.of_sessions:
            frame = derivation.work_out(frame, prices)
        else:
            frame[ours] = derivation.work_out(frame, prices)
    if stated.cash.words:
        frame = _as_one(frame, name, frame["ticker"] == CASH)
    if stated.lots:
        before = len(frame)
        frame = _as_one(frame, name, frame["ticker"].notna())
        if dropped is not None and len(frame) < before:
            dropped["lots", "added to another row of their stock"] = before - len(frame)
    return frame


def _state_cash(frame: pd.DataFrame, name: str, stated: TableMap, where: Where | None) -> None:
    """Write CASH for the words that stand for it; refuse words that are nowhere, and weights of nothing that has a code."""
    if stated.cash.words:
        if not stated.cash.column:
            frame["ticker"] = frame["ticker"].replace(dict.fromkeys(stated.cash.words, CASH))
        if not (frame["ticker"] == CASH).any():
            column = f"column '{stated.cash.column}'" if stated.cash.column else "column of names"
            raise InputError(
                f"{name}: [tables.{name}] cash: no row has {listed(map(repr, stated.cash.words))} in its {column}. Write "
                f'what stands there, or name the column that says cash: cash = {{ column = "...", words = "..." }}.'
            )
        _require_no_total(frame, name, where)
    amounts = [column for column in HELD if column in frame]
    if "ticker" not in frame or not amounts:
        return
    lost = frame["ticker"].isna() & frame[amounts].fillna(0.0).ne(0.0).any(axis=1)
    if lost.any():
        rows = [str(row) if where is None else where(row) for row in frame.index[lost]]
        raise InputError(
            f"{name}: {counted(len(rows), 'row')} without a code that {'has' if len(rows) == 1 else 'have'} a weight or a "
            f"value: {listed(rows)}. Where they are cash, state what says so in [tables.{name}]: "
            f'cash = {{ column = "...", words = "..." }}; else give their codes. Without them the weights of all others '
            f"would be too large."
        )


def _require_no_total(frame: pd.DataFrame, name: str, where: Where | None) -> None:
    """Refuse cash that is the sum of the other rows of its list: a total, which would halve the return of the list.

    Weights that sum to a whole with it are half in cash.
    """
    keys = [column for column in TABLES[name].key if column != "ticker" and column in frame]
    amount = next((column for column in ("market_value", "weight") if column in frame), None)
    if amount is None:
        return
    lists = frame.groupby(keys, dropna=False).ngroup() if keys else pd.Series(0, frame.index)
    cash, values = frame["ticker"] == CASH, frame[amount]
    total = cash & totals(values, ~cash, lists)
    if amount == "weight":
        total &= (values.groupby(lists).transform("sum") - 1).abs() > NEAR
    if not total.any() or lists[total].nunique() < lists[cash].nunique() / 2:
        return
    rows = [str(row) if where is None else where(row) for row in frame.index[total]]
    raise InputError(
        f"{name}: {counted(len(rows), 'row')} that [tables.{name}] cash takes for cash {'is' if len(rows) == 1 else 'are'} "
        f"the sum of the other rows of the list, a total: {listed(rows)}. As cash it would halve the return. Take the word "
        f'out of cash, and leave totals out: drop = {{ "..." = ["..."] }}, a column and what it says there.'
    )


def totals(values: pd.Series, held: pd.Series, lists: pd.Series) -> pd.Series:
    """Which rows, that are none of a security, have the sum of the securities of their list, or of all other rows of it.

    Parameters
    ----------
    values
        Weights or market values.
    held
        Which rows are of securities.
    lists
        The list of each row.

    Examples
    --------
    >>> values = pd.Series([60.0, 35.0, 5.0, 95.0, 100.0])  # two stocks, cash, their sum, the whole
    >>> totals(values, pd.Series([True, True, False, False, False]), pd.Series(0, values.index)).tolist()
    [False, False, False, True, True]
    """
    stocks = values.where(held).groupby(lists.to_numpy()).transform("sum")
    partial = ~held & ((values - stocks).abs() <= NEAR * stocks.abs())
    others = stocks + values.where(~held & ~partial).groupby(lists.to_numpy()).transform("sum") - values
    whole = ~held & ~partial & ((values - others).abs() <= NEAR * others.abs())
    return (partial | whole) & (stocks != 0)


def _as_one(frame: pd.DataFrame, name: str, rows: pd.Series) -> pd.DataFrame:
    """A list with several of some rows, cash of several accounts or lots of a stock, as one row of their sum.

    A row without a number leaves the sum without one, and what must have one is refused: it is not nothing.
    """
    keys = list(TABLES[name].key)
    some = frame[rows]
    if not some.duplicated(keys).any():
        return frame
    numeric = [column for column in some.columns.difference(keys) if some[column].dtype.kind in "iuf"]
    of_key = some.groupby(keys, dropna=False)[numeric]
    whole = of_key.transform("count").eq(of_key.transform("size"), axis=0)
    frame.loc[some.index, numeric] = of_key.transform("sum").where(whole)
    return frame.drop(index=some.index[some.duplicated(keys)]).reset_index(drop=True)


def require_known(name: str, stated: TableMap, kinds: Mapping[str, str]) -> None:
    """Refuse what is stated of a column that there is none of, and a derivation of nothing."""
    place = f"[tables.{name}]"
    for what in ("columns", "constant", "units", "values", "fields"):
        unknown = [column for column in getattr(stated, what) if column not in kinds]
        if unknown:
            raise InputError(f"{name}: {place} {what}: no column '{unknown[0]}' of ours. They are: {', '.join(kinds)}.")
    if stated.lots and name not in LISTS:
        raise InputError(f"{name}: {place} lots: rows of one key add up in {' and '.join(LISTS)} alone. Leave it out.")
    for ours, way in stated.derived.items():
        if way not in DERIVED.get((name, ours), {}):
            can = [f'{column} = "{way}"' for (table, column), of in DERIVED.items() if table == name for way in of]
            raise InputError(
                f"{name}: {place} derived: '{ours}' cannot be worked out as '{way}'. What can: "
                f"{', '.join(can) or 'nothing'}."
            )


def require_own_columns(name: str, stated: TableMap, theirs: Mapping[str, str], kinds: Mapping[str, str]) -> None:
    """Refuse two columns of numbers of ours that are read from one of theirs; what is derived is not read.

    Examples
    --------
    >>> columns = {"close": "TRI", "total_return_index": "TRI"}
    >>> require_own_columns("prices", TableMap(columns=columns), columns, dict.fromkeys(columns, NUMBER))
    Traceback (most recent call last):
    ...
    riskmodel.errors.InputError: prices: [tables.prices] columns: close and total_return_index name the same column 'TRI', \
whose numbers cannot be both. Name the column of each, or leave out the one that you have not.
    """
    first = dict[str, str]()
    for ours, label in theirs.items():
        if kinds[ours] != NUMBER or ours in stated.derived:
            continue
        if label in first:
            raise InputError(
                f"{name}: [tables.{name}] columns: {first[label]} and {ours} name the same column '{label}', whose numbers "
                f"cannot be both. Name the column of each, or leave out the one that you have not."
            )
        first[label] = ours


def require_derivable(name: str, stated: TableMap, frame: pd.DataFrame) -> None:
    """Refuse a derivation, or codes for stocks, without the columns that they are worked out from."""
    wanted = [column for ours, way in stated.derived.items() for column in DERIVED[name, ours][way].columns]
    keys = [column for column in TABLES[name].key if stated.derived or (stated.identifiers and column == "ticker")]
    missing = [column for column in dict.fromkeys((*keys, *wanted)) if column not in frame]
    if missing:
        raise InputError(
            f"{name}: [tables.{name}] has no column '{missing[0]}', from which others are worked out. State columns = "
            f'{{ {missing[0]} = "..." }}.'
        )


def _of_kind(cells: Cells, kind: str, how: How, unit: str | None, problems: list[str]) -> pd.Series:
    if kind == NUMBER:
        values, wrong = numbers(cells, how, unit)
    elif kind == DATE:
        values, wrong = days(cells, how)
    else:
        return texts(cells, how)
    problems.extend(wrong)
    return values
