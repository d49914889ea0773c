"""What a worker does: explain a part of the accounts, and write its tables, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts.arrays import uncovered_share
from attribution.accounts.basis import Shared
from attribution.accounts.blocks import explain_blocks
from attribution.accounts.dataset import Part, read_part
from attribution.accounts.rejects import COLUMNS, UnfitAccountsError, UnreconciledAccountsError, rejects, unfit_cells
from riskmodel.arrays.arithmetic import plain_arithmetic
from riskmodel.errors import InputError
from riskmodel.files import put_in_place

RETURNS = {
    "portfolio": "str",
    "return": "float64",
    "benchmark_return": "float64",
    "excess": "float64",
    "uncovered_weight": "float64",
    "stopped": "int64",
    "identity": "str",
    "difference": "float64",
}
CONTRIBUTIONS = {"portfolio": "str", "factor": "str", "group": "str"} | dict.fromkeys(
    ("active_exposure", "factor_return", "contribution", "standard_error", "t"), "float64"
)
TABLES = {"contributions": CONTRIBUTIONS, "rejects": COLUMNS, "returns": RETURNS}


@plain_arithmetic()
def explain_part(part: Part, shared: Shared, out: str) -> None:
    """Explain the accounts of a part, and write a file of its name into the folder of each of `TABLES`.

    Done twice, by a worker that died and by the one in its place, it writes the same bytes.
    """
    for name, table in explained_tables(read_part(part), shared).items():
        write_parquet(table, Path(out) / name / part.name)


def explained_tables(rows: pd.DataFrame, shared: Shared) -> dict[str, pd.DataFrame]:
    """The tables of some accounts, by name as in `TABLES`: of those that can be explained, and the others with the reason.

    Parameters
    ----------
    rows
        portfolio, ticker, weight and perhaps date.
    shared
        What they share.
    """
    order = pd.Index(rows["portfolio"].unique())
    rows = rows if "date" in rows else rows.assign(date=shared.base)
    found, data, stopped = [unfit_cells(rows)], None, None
    while data is None and len(rows := rows[~rows["portfolio"].isin(found[-1]["portfolio"])]):
        try:
            lists, stopped = shared.read(rows)
            data, _ = explain_blocks(lists.among(shared.keep), shared.days)
        except (UnfitAccountsError, UnreconciledAccountsError) as error:
            found.append(error.rejects)
    tables = {name: pd.DataFrame(columns=list(kinds)).astype(kinds) for name, kinds in TABLES.items()}
    if data is not None and stopped is not None:
        share = uncovered_share(data["uncovered_weight"].transpose("portfolio", "time").to_numpy(), shared.days)
        much = share > shared.days.uncovered_max
        found.append(rejects("uncovered", data.get_index("portfolio")[much], value=share[much]))
        if not much.all():
            tables |= _tables_of(data.isel(portfolio=~much), share[~much], stopped, shared)
    unfit = pd.concat(found, ignore_index=True)
    place = np.argsort(order.get_indexer(pd.Index(unfit["portfolio"])), kind="stable")
    return tables | {"rejects": unfit.iloc[place].reset_index(drop=True)}


def _tables_of(data: xr.Dataset, uncovered: np.ndarray, stopped: pd.DataFrame, shared: Shared) -> dict[str, pd.DataFrame]:
    result = shared.result(data)
    difference = data["difference"].transpose("portfolio", "identity").to_numpy()
    furthest = np.abs(difference).argmax(axis=1)
    place = data.get_index("portfolio").get_indexer(pd.Index(stopped["portfolio"]))
    returns = result.returns.assign(
        uncovered_weight=uncovered,
        stopped=np.bincount(place[place >= 0], minlength=len(difference)),
        identity=data.get_index("identity")[furthest],
        difference=difference[np.arange(len(difference)), furthest],
    )
    return {"returns": returns[list(RETURNS)], "contributions": result.factors[list(CONTRIBUTIONS)]}


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table of `TABLES` beside its place, and move it there.

    Raises
    ------
    InputError
        Where it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = parquet_schema(path.parent.name)
    beside = path.with_name(f".{path.name}.{uuid4().hex}")  # two workers may write it at once
    try:
        pq.write_table(pa.Table.from_pandas(table, schema, preserve_index=False).replace_schema_metadata(None), beside)
        put_in_place(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(
            f"--out: cannot write '{path}' ({error.strerror or error}). Make room; the run goes on where it stopped."
        ) from None


def parquet_schema(name: str) -> Any:
    """The Arrow schema of one of `TABLES`."""
    import pyarrow as pa

    kinds = {"str": pa.string(), "float64": pa.float64(), "int64": pa.int64(), "datetime64[ns]": pa.timestamp("ns")}
    return pa.schema([(column, kinds[kind]) for column, kind in TABLES[name].items()])
