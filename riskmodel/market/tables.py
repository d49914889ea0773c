"""The tidy tables of a market folder: their columns, and reading them from Parquet or CSV."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed, shortened
from riskmodel.market import hints
from riskmodel.market.parquet_folder import parquet_parts, read_parts
from riskmodel.market.plain_text import (
    first_line,
    from_csv,
    one_line,
    require_delimiter,
    require_plain_csv,
    require_plain_kinds,
    require_texts,
)

TEXT, DATE, NUMBER = "text", "date", "number"
SUFFIXES = (".parquet", ".csv")
LARGEST_NUMBER = 1e100  # of a cell: no price, count or amount comes near, and products of three stay finite
ZONE = r"\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$"
FIRST_DATE, LAST_DATE = pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")
WHOLE_DATE = r"^(?:17|18|19|20|21)\d{2}-\d{2}-\d{2}(?:[T ]|$)"  # a month or a year alone is not a day


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
    path = table_path(folder, name)
    parts = parquet_parts(folder / name)
    both = [name + suffix for suffix in SUFFIXES if (folder / (name + suffix)).is_file()] + [f"{name}/"] * bool(parts)
    if len(both) > 1:
        raise InputError(f"{name}: there are both '{both[0]}' and '{both[1]}'. Keep the one that counts.")
    if path is None and parts:
        return checked_table(read_parts(folder / name, list(spec.columns)), name, spec)
    if path is None:
        if not spec.required:
            return None
        there = sorted(p.name for p in folder.glob("*") if p.suffix in SUFFIXES)
        raise InputError(
            f"{name}: no table '{name}.parquet' or '{name}.csv' in the data folder. "
            f"Found there: {listed(there, 20) or 'no tables at all'}.{hints.of_files(folder, name)}"
        )
    frame = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, spec)
    return checked_table(frame, name, spec)


def checked_table(frame: pd.DataFrame, name: str, spec: Table) -> pd.DataFrame:
    """A frame with the declared columns and kinds, or what is wrong with it; returns and raises as `read_table` does."""
    require_columns(name, spec, frame.columns)
    frame = frame[[c for c in spec.columns if c in frame.columns]].reset_index(drop=True)
    for column in frame.columns:
        convert = {TEXT: _as_text, DATE: _as_date, NUMBER: _as_number}[spec.columns[column]]
        frame[column] = convert(frame, column, name, spec)
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


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
        table.validate(full=True)  # texts are UTF-8
        return table.to_pandas(date_as_object=False, split_blocks=True, self_destruct=True)
    except Exception as error:  # of a damaged file Arrow, and pandas of its notes in it, raise what they please
        raise InputError(f"{path.stem}: '{path.name}' cannot be read as Parquet ({one_line(error)}).") from None


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


def places(frame: pd.DataFrame, rows: np.ndarray, key: tuple[str, ...]) -> str:
    """The first five of `rows` by their keys, then how many more."""
    shown = frame.iloc[np.flatnonzero(rows)[:5] if rows.dtype == bool else rows[:5]]
    dated = {k: shown[k].dt.strftime("%Y-%m-%d") if shown[k].dtype.kind == "M" else shown[k] for k in key}
    cells = [dated[k].astype(object).where(shown[k].notna(), "(empty)").astype(str) for k in key]
    texts = [shortened(" ".join(parts)) for parts in zip(*cells, strict=True)]
    total = int(rows.sum()) if rows.dtype == bool else len(rows)
    return ", ".join(texts) + (f" and {total - 5:,} more" if total > 5 else "")


def _as_text(frame: pd.DataFrame, column: str, name: str, spec: Table) -> pd.Series:
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype.kind in "iufbM":
        raise InputError(
            f"{name}: column '{column}' holds {values.dtype} values, not text, e.g. {listed(values.head(3))}. "
            f"Codes such as '0130' or 'TRUE' are damaged once they are numbers; write the column as text."
        )
    require_texts(values, column, name)
    return values.astype("str").where(values.notna() & (values != ""))


def _as_date(frame: pd.DataFrame, column: str, name: str, spec: Table) -> pd.Series:
    values = frame[column]
    if values.dtype.kind in "iufb":
        raise InputError(f"{name}: column '{column}' holds {values.dtype} values, not dates. Write dates as YYYY-MM-DD.")
    if values.dtype.kind != "M" and not isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.where(values != "")
        require_plain_kinds(values, column, name, "dates", "Write dates as YYYY-MM-DD.")
        text = values.dropna().astype(str)
        zoned = text[text.str.contains(ZONE)]
        if len(zoned):
            raise InputError(
                f"{name}: {counted(len(zoned), 'cell')} of '{column}' carry a time zone: {listed(zoned)}. "
                f"Give plain dates, YYYY-MM-DD."
            )
        whole = text.where(text.str.contains(WHOLE_DATE))
        dates = pd.to_datetime(whole, format="ISO8601", errors="coerce").reindex(values.index)
        _require_dates((dates.isna() & values.notna()).to_numpy(), values, column, name)
        values = dates
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        raise InputError(f"{name}: column '{column}' carries a time zone ({values.dt.tz}). Give plain dates, YYYY-MM-DD.")
    _require_dates(((values < FIRST_DATE) | (values > LAST_DATE)).to_numpy(), values, column, name)
    hours = (values.notna() & (values != values.dt.normalize())).to_numpy()
    if hours.any():
        raise InputError(
            f"{name}: {counted(int(hours.sum()), 'cell')} of '{column}' carry a time of day: "
            f"{listed(values[hours])}. Give plain dates, YYYY-MM-DD."
        )
    return values.astype("datetime64[ns]")


def _require_dates(wrong: np.ndarray, values: pd.Series, column: str, name: str) -> None:
    if wrong.any():
        cells = (f"row {i + 1} {str(values.iloc[i])!r}" for i in np.flatnonzero(wrong))
        raise InputError(
            f"{name}: {counted(int(wrong.sum()), 'cell')} of '{column}' are not dates: {listed(cells)}. "
            f"{hints.of_dates(values[wrong].astype(str), name)}"
        )


def _as_number(frame: pd.DataFrame, column: str, name: str, spec: Table) -> pd.Series:
    values = frame[column]
    if values.dtype.kind not in "iuf":
        require_plain_kinds(values, column, name, "numbers", "Write plain decimals with a point and a minus sign.")
        values = values.where(values != "") if values.dtype.kind != "b" else values.astype(str)
        numbers = parsed_numbers(values)
        wrong = (numbers.isna() & values.notna() & (values.astype(str).str.lower() != "nan")).to_numpy()
        if wrong.any():
            raise InputError(
                f"{name}: {counted(int(wrong.sum()), 'cell')} of '{column}' are not numbers: "
                f"{listed(f'row {i + 1} {values.iloc[i]!r}' for i in np.flatnonzero(wrong))}. "
                f"{hints.of_numbers(values[wrong].astype(str), column, name)}"
            )
        values = numbers
    values = values.astype("float64")
    sizes = np.abs(values.to_numpy())
    infinite = sizes > LARGEST_NUMBER
    if infinite.any():
        keyed = frame.assign(**{column: values})
        what = "infinite value" if np.isinf(sizes).any() else f"value above {LARGEST_NUMBER:g} in size"
        plural = None if np.isinf(sizes).any() else f"values above {LARGEST_NUMBER:g} in size"
        raise InputError(
            f"{name}: {counted(int(infinite.sum()), what, plural)} in '{column}': "
            f"{places(keyed, infinite, spec.key)}. Usually a division by zero upstream; give the number"
            f"{', or leave the cell empty where nobody knows it' if column in spec.sparse else ''}."
        )
    return values


def parsed_numbers(cells: pd.Series) -> pd.Series:
    """Cells as floats, each the nearest to what is written; NaN where one is missing or no number.

    Notes
    -----
    pandas before 3 is a last digit off in every sixth cell (`to_numeric`), so that a table would be another one as CSV than
    as Parquet. It decides what is a number only where Arrow, which is exact and stricter, refuses a cell.

    Examples
    --------
    >>> parsed_numbers(pd.Series(["0.017946266677531658", " 1e3", None, "1_000", "4 %"])).tolist()
    [0.017946266677531658, 1000.0, nan, nan, nan]
    """
    import pyarrow as pa

    try:
        exact = pa.array(cells, pa.string(), from_pandas=True).cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return cells.where(pd.to_numeric(cells, errors="coerce").notna()).astype("float64")
    return pd.Series(exact, index=cells.index)


def _require_filled(frame: pd.DataFrame, name: str, spec: Table) -> None:
    for column in frame.columns.difference(list(spec.sparse | spec.optional), sort=False):
        empty = frame[column].isna().to_numpy()
        if empty.any():
            where = places(frame, empty, spec.key)
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
