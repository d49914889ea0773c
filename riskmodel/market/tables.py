"""The tidy tables of a market folder: their columns, and reading them from Parquet or CSV."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed
from riskmodel.market.fitness import hints
from riskmodel.market.parquet_folder import as_frame, parquet_parts, read_parquet, read_parts
from riskmodel.market.plain_text import FIRST_DATE as FIRST_DATE
from riskmodel.market.plain_text import LAST_DATE as LAST_DATE
from riskmodel.market.plain_text import (
    as_date,
    as_number,
    as_text,
    first_line,
    from_csv,
    one_line,
    require_delimiter,
    require_plain_csv,
)
from riskmodel.market.plain_text import parsed_numbers as parsed_numbers
from riskmodel.market.plain_text import places as places

TEXT, DATE, NUMBER = "text", "date", "number"
SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class Table:
    """What a table must look like; `columns` maps a name to its kind, `optional` names those that may be absent."""

    key: tuple[str, ...]
    columns: dict[str, str]
    optional: frozenset[str] = field(default_factory=frozenset)
    required: bool = False
    sparse: frozenset[str] = field(default_factory=frozenset)  # columns whose cells may be empty


def _numbers(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, NUMBER)


YEARLY = (
    "revenue",
    "gross_profit",
    "operating_income",
    "ordinary_income",
    "net_income",
    "total_assets",
    "total_liabilities",
    "equity",
    "total_debt",
    "operating_cash_flow",
    "dividends_per_share",
)

TABLES: dict[str, Table] = {
    "prices": Table(
        key=("date", "ticker"),
        columns={"date": DATE, "ticker": TEXT} | _numbers("close", "total_return", "volume"),
        optional=frozenset({"volume"}),
        required=True,
        sparse=frozenset({"close", "total_return", "volume"}),
    ),
    "splits": Table(key=("ticker", "ex_date"), columns={"ticker": TEXT, "ex_date": DATE, "ratio": NUMBER}),
    "shares": Table(
        key=("ticker", "available_from"),
        columns={"ticker": TEXT, "available_from": DATE, "shares_out": NUMBER},
        required=True,
    ),
    "securities": Table(
        key=("ticker",),
        columns=dict.fromkeys(("ticker", "name", "name_ja", "sector", "industry", "sic", "issuer"), TEXT)
        | {"sector_order": NUMBER},
        optional=frozenset({"name", "name_ja", "industry", "sic", "issuer", "sector_order"}),
        required=True,
        sparse=frozenset({"name", "name_ja", "sector", "industry", "sic", "issuer", "sector_order"}),
    ),
    "fundamentals": Table(
        key=("ticker", "period_end", "available_from"),
        columns={"ticker": TEXT, "period_end": DATE, "available_from": DATE} | _numbers(*YEARLY),
        optional=frozenset({"gross_profit", "operating_income", "ordinary_income", "total_debt", "dividends_per_share"}),
        sparse=frozenset(YEARLY),
    ),
    "earnings": Table(
        key=("ticker", "announced"),
        columns={"ticker": TEXT, "announced": DATE, "session": TEXT} | _numbers("eps_estimate", "eps_actual"),
        sparse=frozenset({"eps_estimate", "eps_actual"}),
    ),
    "indices": Table(key=("date", "index"), columns={"date": DATE, "index": TEXT, "level": NUMBER}),
    "constituents": Table(
        key=("index", "date", "ticker"), columns={"index": TEXT, "date": DATE, "ticker": TEXT, "weight": NUMBER}
    ),
    "holdings": Table(
        key=("portfolio", "date", "ticker"),
        columns={"portfolio": TEXT, "date": DATE, "ticker": TEXT, "weight": NUMBER},
    ),
    "finals": Table(key=("ticker", "date"), columns={"ticker": TEXT, "date": DATE, "value": NUMBER}),
    "actual_returns": Table(
        key=("portfolio", "date"),
        columns={"portfolio": TEXT, "date": DATE, "return": NUMBER, "fee": NUMBER},
        optional=frozenset({"fee"}),
    ),
    "descriptors": Table(
        key=("date", "ticker", "descriptor"),
        columns={"date": DATE, "ticker": TEXT, "descriptor": TEXT, "value": NUMBER},
        sparse=frozenset({"value"}),
    ),
    "scores": Table(
        key=("date", "ticker", "score"),
        columns={"date": DATE, "ticker": TEXT, "score": TEXT, "value": NUMBER},
        sparse=frozenset({"value"}),
    ),
    "rungs": Table(
        key=("strategy", "date", "rung", "ticker"),
        columns={"strategy": TEXT, "date": DATE, "rung": TEXT, "ticker": TEXT} | _numbers("weight"),
    ),
    "model_exposures": Table(
        key=("date", "ticker", "factor"), columns={"date": DATE, "ticker": TEXT, "factor": TEXT, "exposure": NUMBER}
    ),
    "model_factor_returns": Table(
        key=("date", "factor"),
        columns={"date": DATE, "factor": TEXT} | _numbers("return", "standard_error"),
        optional=frozenset({"standard_error"}),
        sparse=frozenset({"standard_error"}),
    ),
    "model_specific_returns": Table(key=("date", "ticker"), columns={"date": DATE, "ticker": TEXT, "return": NUMBER}),
    "model_covariance": Table(
        key=("date", "factor", "factor_other"),
        columns={"date": DATE, "factor": TEXT, "factor_other": TEXT, "covariance": NUMBER},
    ),
    "model_specific_risk": Table(key=("date", "ticker"), columns={"date": DATE, "ticker": TEXT, "volatility": NUMBER}),
    "model_factors": Table(
        key=("factor",),
        columns=dict.fromkeys(("factor", "group", "name", "name_ja"), TEXT),
        optional=frozenset({"name", "name_ja"}),
        sparse=frozenset({"name", "name_ja"}),
    ),
    "rates": Table(key=("date",), columns={"date": DATE, "risk_free": NUMBER}),
    "fx": Table(key=("date", "pair"), columns={"date": DATE, "pair": TEXT, "rate": NUMBER}),
}

GIVEN_MODEL = tuple(name for name in TABLES if name.startswith("model_"))  # a model that somebody else estimated


def empty_table(name: str) -> pd.DataFrame:
    """A table without rows, as one of a header alone is read.

    Examples
    --------
    >>> empty_table("indices").dtypes.astype(str).to_dict()
    {'date': 'datetime64[ns]', 'index': 'str', 'level': 'float64'}
    """
    kinds = {TEXT: "str", DATE: "datetime64[ns]", NUMBER: "float64"}
    columns = {c: kind for c, kind in TABLES[name].columns.items() if c not in TABLES[name].optional}
    return pd.DataFrame({c: pd.Series(dtype=kinds[kind]) for c, kind in columns.items()})


def table_path(folder: Path, name: str) -> Path | None:
    """The file that holds a table, Parquet before CSV; None where neither is there."""
    return next((folder / (name + suffix) for suffix in SUFFIXES if (folder / (name + suffix)).is_file()), None)


def table_files(folder: Path, name: str) -> list[Path]:
    """The files that hold a table: one, or the Parquet files of the folder of its name; none where it is not there."""
    path = table_path(folder, name)
    return parquet_parts(folder / name) if path is None else [path]


def every_file(folder: Path, name: str) -> list[Path]:
    """All files that a table could be read from; where they are of several kinds, `read_table` refuses it."""
    single = [folder / (name + suffix) for suffix in SUFFIXES]
    return [path for path in single if path.is_file()] + parquet_parts(folder / name)


def require_one_kind(folder: Path, name: str) -> None:
    """Refuse a table that is there twice: as Parquet, as CSV or as a folder of files."""
    single = [name + suffix for suffix in SUFFIXES if (folder / (name + suffix)).is_file()]
    both = single + [f"{name}/"] * bool(parquet_parts(folder / name))
    if len(both) > 1:
        raise InputError(f"{name}: there are both '{both[0]}' and '{both[1]}'. Keep the one that counts.")


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_table(folder: str | Path, name: str, spec: Table | None = None) -> pd.DataFrame | None:
    """Read one table of a market folder and check its columns, types, key and cells.

    Parameters
    ----------
    folder
        Folder with `<name>.parquet`, `<name>.csv` (UTF-8, ISO dates, decimal points) or a folder `<name>` of Parquet files.
    name
        A name in `TABLES`.
    spec
        What is wanted of the table; by default what `TABLES` has.

    Returns
    -------
    DataFrame or None
        The declared columns, text as `str`, dates as midnight `datetime64`, numbers as float64; None where an optional
        table is absent. Tickers are text always: "NA", "0130" and "TRUE" survive.

    Raises
    ------
    InputError
        For a missing table or column, a cell of the wrong kind, an empty cell where none may be, a duplicate key or an
        infinite number.
    """
    folder, spec = Path(folder), TABLES[name] if spec is None else spec
    require_one_kind(folder, name)
    path = table_path(folder, name)
    if path is None and parquet_parts(folder / name):
        return checked_table(read_parts(folder / name, list(spec.columns)), name, spec)
    if path is None:
        if not spec.required:
            return None
        there = sorted(p.name for p in folder.glob("*") if p.suffix in SUFFIXES)
        raise InputError(
            f"{name}: no table '{name}.parquet' or '{name}.csv' in the data folder. "
            f"Found there: {listed(there, 20) or 'no tables at all'}.{hints.of_files(folder, name)}"
        )
    parquet = path.suffix == ".parquet"
    frame = as_frame(read_parquet(path, path.name, name)[0]) if parquet else _read_csv(path, spec)
    return checked_table(frame, name, spec)


def checked_table(frame: pd.DataFrame, name: str, spec: Table) -> pd.DataFrame:
    """A frame with the declared columns and kinds, or what is wrong with it; returns and raises as `read_table` does."""
    require_columns(name, spec, frame.columns)
    frame = frame[[c for c in spec.columns if c in frame.columns]].reset_index(drop=True)
    for column in frame.columns:
        convert = {TEXT: as_text, DATE: as_date, NUMBER: as_number}[spec.columns[column]]
        frame[column] = convert(frame, column, name, spec.key, spec.sparse)
    _require_filled(frame, name, spec)
    _require_unique(frame, name, spec)
    return frame


def require_columns(name: str, spec: Table, found: Iterable[str]) -> None:
    """Refuse a table without a column that it must have."""
    found = list(found)
    missing = [c for c in spec.columns if c not in found and c not in spec.optional]
    if missing:
        raise InputError(
            f"{name}: missing {'column' if len(missing) == 1 else 'columns'} {listed(map(repr, missing))}. "
            f"Found: {listed(found, 20)}.{hints.of_columns(missing, found, name)}"
        )


def _read_csv(path: Path, spec: Table) -> pd.DataFrame:
    # every cell as written, so that "NA", "0130" and "TRUE" stay text; the kinds are applied afterwards
    try:
        require_plain_csv(path, path.stem)
        require_delimiter(first_line(path, "utf-8-sig"), ",", path, path.stem)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows with more fields than the header
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", header=None, index_col=False)
    except UnicodeDecodeError:
        raise InputError(f"{path.stem}: '{path.name}' is not UTF-8. {hints.of_encoding(path.stem, 'cp932')}") from None
    except pd.errors.EmptyDataError:
        raise InputError(f"{path.stem}: '{path.name}' is empty. Give it at least its header, or take it away.") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, OSError) as error:
        raise InputError(f"{path.stem}: '{path.name}' cannot be read as CSV ({one_line(error)}).") from None
    header = frame.iloc[0]
    repeated = header[header.duplicated() & header.isin(spec.columns)]
    if len(repeated):
        raise InputError(f"{path.stem}: column {listed(map(repr, repeated.unique()))} is there twice. Keep one.")
    frame = frame.iloc[1:].set_axis(header.to_numpy(), axis=1).reset_index(drop=True)
    for column in frame.columns:
        if spec.columns.get(column) == TEXT:
            frame[column] = from_csv(frame[column])
    return frame


def _require_filled(frame: pd.DataFrame, name: str, spec: Table) -> None:
    for column in frame.columns.difference(list(spec.sparse | spec.optional), sort=False):
        empty = frame[column].isna().to_numpy()
        if empty.any():
            where = places(frame, empty, spec.key)
            if column == "ticker" and "weight" in frame and frame.loc[empty, "weight"].fillna(0.0).ne(0.0).any():
                raise InputError(
                    f"{name}: {counted(int(empty.sum()), 'empty cell')} in 'ticker' beside a weight (rows {where}). Of cash "
                    f"write CASH; else give the code. Without the row the weights of all others would be too large."
                )
            raise InputError(
                f"{name}: {counted(int(empty.sum()), 'empty cell')} in '{column}' (rows {where}). "
                f"Fill {'it' if empty.sum() == 1 else 'them'}; remove a row only if it states nothing, as a footer does."
            )


def in_key_order(frame: pd.DataFrame, spec: Table) -> pd.DataFrame:
    """A checked table with its rows in the order of their keys: a database gives them in any."""
    number = _key_numbers(frame, spec, ordered=True)
    if (np.diff(number) > 0).all():
        return frame
    return frame.take(np.argsort(number, kind="stable")).reset_index(drop=True)


def _key_numbers(frame: pd.DataFrame, spec: Table, *, ordered: bool = False) -> np.ndarray:
    """A number for each row, the same for the same key; larger for a later one where it is asked for."""
    number = np.zeros(len(frame), dtype=np.int64)
    for column in spec.key:
        codes, labels = pd.factorize(frame[column], sort=ordered)
        number = number * max(len(labels), 1) + codes
    return number


def _require_unique(frame: pd.DataFrame, name: str, spec: Table) -> None:
    number = _key_numbers(frame, spec)
    if (np.diff(number) > 0).all():  # as a file in order has them
        return
    order = np.argsort(number, kind="stable")
    repeats = order[1:][np.diff(number[order]) == 0]
    if len(repeats):
        key = f"({', '.join(spec.key)})" if len(spec.key) > 1 else spec.key[0]
        raise InputError(
            f"{name}: {counted(len(repeats), 'duplicate row')} of {key}: {places(frame, repeats, spec.key)}. "
            f"Keep one row each{', with the sum of the weights of lots of one holding' * ('weight' in spec.columns)}."
        )
