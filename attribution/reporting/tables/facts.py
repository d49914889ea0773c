"""Figures of a report by their address: table, row and column; and which factors are drivers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import unquote

import numpy as np
import pandas as pd

from attribution.measures.drivers import is_offset
from attribution.reporting.tables.frames import KEYS
from attribution.rows import LEAST_T, PROXY_FACTOR, SPECIFIC, WEIGHTED
from riskmodel.model.given import DESCRIPTOR

SHOWN_OFFSETS = SHOWN_NAMES = 3
LEAST_DRIVER = 5e-5  # what prints as 0.00 % is not named, however certain
ADDITIVE = (
    "contribution", "active_contribution", "allocation", "selection", "interaction", "portfolio_weight", "benchmark_weight",
    "weight_start", "weight_end",
)  # fmt: skip
EXPOSURES = ("active_exposure", "portfolio_exposure", "benchmark_exposure", "active_before", "change")
NUMBERS = ("t", "sharpe", "sortino", "ratio", "low", "high")
OF_MEASURES = (
    "risk",
    "figures",
    "realised",
    "record",
    "characteristics",
)  # tables in which a row's last key says what its value is
NUMBER_MEASURES = (
    "beta", "information_ratio", "appraisal_ratio", "portfolio_diversification_ratio", "benchmark_diversification_ratio",
    "specific_part_ratio", "risk_ratio", "up_capture", "down_capture", "price_to_earnings", "price_to_book",
    "market_cap_mean", "market_cap_median",
)  # fmt: skip
COUNT_MEASURES = ("names", "uncovered_names", "uncovered_benchmark_names", "periods_per_year")
ENCODED = re.compile(r"[%|<>\\&*\x00-\x1f\x7f-\x9f\u2028\u2029]")

Key = tuple[str | None, ...]
Unit = Literal["percent", "number", "count"]


@dataclass(frozen=True)
class Anchor:
    """The address of a figure.

    Attributes
    ----------
    table
        Name of a table of the report.
    key
        Values of its key columns, in the order of `attribution.reporting.tables.frames.KEYS`; None, written "*", stands for
        the sum over that column.
    column
        The column of the figure.
    """

    table: str
    key: Key
    column: str

    @property
    def target(self) -> str:
        """As a link's target, without the angle brackets.

        Examples
        --------
        >>> Anchor("performance", ("A|B 100%",), "return").target
        '#performance|A%7CB 100%25|return'
        """
        parts = (self.table, *("*" if part is None else encoded(part) for part in self.key), encoded(self.column))
        return "#" + "|".join(parts)


def read_anchor(target: str) -> Anchor:
    """The address in a link's target; it need not exist.

    Examples
    --------
    >>> read_anchor("#brinson|A%7CB|*|selection")
    Anchor(table='brinson', key=('A|B', None), column='selection')
    """
    table, *parts = target.removeprefix("#").split("|")
    key = tuple(None if part == "*" else unquote(part) for part in parts[:-1])
    return Anchor(table, key, unquote(parts[-1]) if parts else "")


def encoded(part: str) -> str:
    """A part of an address with "|", "<", ">", "%", "*", "&", a backslash and control characters percent-encoded."""
    return ENCODED.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), part)


@dataclass(frozen=True)
class Facts:
    """The tables of a report, cell by cell.

    Attributes
    ----------
    tables
        Frames by name, as `attribution.reporting.tables.content.Content.tables`; some may be missing.
    """

    tables: Mapping[str, pd.DataFrame]
    _rows: dict[str, dict[Key, int]] = field(default_factory=dict, repr=False, compare=False)

    def rows(self, table: str) -> dict[Key, int]:
        """Key of each row, as text, and its place; dates are YYYY-MM-DD. The first row of a key counts."""
        if table not in self._rows:
            columns = [_texts(self.tables[table][name]) for name in KEYS[table]]
            places: dict[Key, int] = {}
            for place, key in enumerate(zip(*columns, strict=True)):
                places.setdefault(key, place)
            self._rows[table] = places
        return self._rows[table]

    def has(self, table: str, *key: str | None) -> bool:
        """Whether there is such a row."""
        return table in KEYS and table in self.tables and key in self.rows(table)

    def row(self, table: str, *key: str | None) -> pd.Series | None:
        """A row, or None."""
        return self.tables[table].iloc[self.rows(table)[key]] if self.has(table, *key) else None

    def of(self, table: str, **chosen: str) -> pd.DataFrame:
        """The rows that bear all the given labels; an empty frame where the table is missing."""
        frame = self.tables.get(table)
        if frame is None:
            return pd.DataFrame(columns=[*KEYS[table]])
        keep = np.ones(len(frame), dtype=bool)
        for column, label in chosen.items():
            keep &= (frame[column] == label).to_numpy(dtype=bool, na_value=False)
        return frame[keep]

    def figure(self, course: str, measure: str) -> float:
        """The value of a measure in the table `figures`; NaN where there is none."""
        row = self.row("figures", course, measure)
        return math.nan if row is None else float(row["value"])

    def value(self, anchor: Anchor) -> float:
        """The figure, a decimal; NaN where the cell is empty.

        Raises
        ------
        KeyError
            Where the address does not exist or its column holds no numbers.
        """
        frame = self.tables[anchor.table]
        if anchor.column not in frame.columns or anchor.column in KEYS[anchor.table]:
            raise KeyError(anchor.column)
        if None in anchor.key:
            return self._total(frame, anchor)
        cell = frame[anchor.column].iloc[self.rows(anchor.table)[anchor.key]]
        if cell is None or cell is pd.NA:
            return math.nan
        if isinstance(cell, (bool, np.bool_, str, pd.Timestamp)):
            raise KeyError(anchor.column)
        return float(cell)

    def unit(self, anchor: Anchor) -> Unit:
        """How a figure is written: a percentage, a number with decimals or a count."""
        if anchor.column == "rank":
            return "count"
        if anchor.column in NUMBERS:
            return "number"
        if anchor.column in EXPOSURES:
            row = self.row(anchor.table, *anchor.key)
            return "percent" if row is not None and row["group"] in WEIGHTED else "number"
        if anchor.table in ("realised", "past_errors") and anchor.column in ("months", "days"):
            return "count"
        if anchor.table in OF_MEASURES and anchor.key[-1] in COUNT_MEASURES and anchor.column != "coverage":
            return "count"
        if (
            anchor.table in OF_MEASURES
            and anchor.key[-1] in NUMBER_MEASURES
            and anchor.column not in ("uncovered_weight", "coverage")
        ):
            return "number"
        return "count" if anchor.table == "limits" and str(anchor.key[1]).startswith("names_") else "percent"

    def _total(self, frame: pd.DataFrame, anchor: Anchor) -> float:
        if anchor.column not in ADDITIVE or len(anchor.key) != len(KEYS[anchor.table]):
            raise KeyError(anchor.column)
        chosen = {name: part for name, part in zip(KEYS[anchor.table], anchor.key, strict=True) if part is not None}
        rows = self.of(anchor.table, **chosen)
        if rows.empty:
            raise KeyError(anchor.key)
        return math.fsum(rows[anchor.column])


def _texts(column: pd.Series) -> list[str]:
    if pd.api.types.is_datetime64_any_dtype(column):
        return cast(list[str], column.dt.strftime("%Y-%m-%d").tolist())
    return [str(value) for value in column.tolist()]


def clear(frame: pd.DataFrame, column: str) -> pd.Series:
    """Which rows are at least twice their standard error, by their `t`, and do not print as 0.00 %.

    Examples
    --------
    >>> clear(pd.DataFrame({"return": [0.01, -0.01, 0.00004], "t": [2.0, -1.9, 9.0]}), "return").tolist()
    [True, False, False]
    """
    return (frame["t"].abs() >= LEAST_T) & (frame[column].abs() >= LEAST_DRIVER)


def is_given(tables: Mapping[str, pd.DataFrame]) -> bool:
    """Whether the tables are of a model that somebody else estimated: its exposures are made of nothing else.

    Examples
    --------
    >>> is_given({"coverage": pd.DataFrame({"descriptor": ["given"]})}), is_given({})
    (True, False)
    """
    descriptors = tables["coverage"]["descriptor"] if "coverage" in tables else ()
    return len(descriptors) > 0 and set(descriptors) == {DESCRIPTOR}


def explains_nothing(tables: Mapping[str, pd.DataFrame]) -> bool:
    """Whether the report is of a given model of which no factor explains anything in the month."""
    if not is_given(tables):
        return False
    every = tables["factor_contributions"]
    return bool(every.loc[every["factor"].isin(tables["factor_month"]["factor"]), "contribution"].isna().all())


def drivers(tables: Mapping[str, pd.DataFrame], course: str) -> pd.DataFrame:
    """The rows that drove a course's excess return.

    Parameters
    ----------
    tables
        Holds `factor_contributions`.
    course
        A course, or a sleeve, as the table names it.

    Returns
    -------
    DataFrame
        The rows of the table with `driver`, `sign` (1.0 or -1.0) beside them; largest size first, equal ones in the table's
        order. `attribution.measures.drivers.judge` has the rule.

    Examples
    --------
    >>> frame = pd.DataFrame({"course": "A", "factor": ["size", "value"], "contribution": [0.002, -0.003], "driver": True})
    >>> drivers({"factor_contributions": frame}, "A")["factor"].tolist()
    ['value', 'size']
    """
    frame = Facts(tables).of("factor_contributions", course=course)
    if frame.empty:
        return pd.DataFrame(columns=["factor", "contribution", "sign"])
    found = by_size(frame[frame["driver"].astype(bool)])
    return found.assign(sign=np.sign(found["contribution"]))


def stands_out(factors: pd.DataFrame) -> pd.Series:
    """Which rows of a factor cut are drivers, or at least twice their error: what is drawn as a whole bar."""
    return factors["driver"].astype(bool) | clear(factors, "contribution")


def named_rows(factors: pd.DataFrame) -> pd.DataFrame:
    """The rows of a course's factor cut that a client's text names, the largest in size first.

    The three largest of the drivers and of a specific part that stands out from its error; and the specific part beside
    them where it is smaller than these, or within its error, yet among the three largest rows: a client asks for it. The
    difference between an index and its constituents tells a client nothing of the portfolio.

    Examples
    --------
    >>> rows = pd.DataFrame({"factor": ["size", "specific", "value"], "contribution": [-0.03, 0.02, 0.01]})
    >>> named_rows(rows.assign(t=[-5.0, 2.2, 1.0], driver=[True, False, False]))["factor"].tolist()
    ['size', 'specific']
    """
    told = factors[factors["factor"] != PROXY_FACTOR]
    out, own = stands_out(told), told["factor"] == SPECIFIC
    first = by_size(told[told["driver"].astype(bool) | (own & out)]).head(SHOWN_NAMES)
    if SPECIFIC in set(first["factor"]):
        return first
    among = set(by_size(told).head(SHOWN_NAMES)["factor"])
    sized = told["contribution"].abs() >= LEAST_DRIVER
    return by_size(pd.concat([first, told[own & sized & (out | (SPECIFIC in among))]]))


def by_size(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of contributions, the largest in size first, equal ones in their order."""
    order = rows["contribution"].abs().sort_values(ascending=False, kind="stable").index
    return rows.loc[order].reset_index(drop=True)


def offsetting(tables: Mapping[str, pd.DataFrame], course: str) -> pd.DataFrame:
    """The largest rows beside the drivers that took back most of what these add up to; none where nothing did.

    Where the drivers and the excess return differ in sign there always are some.
    """
    frame = Facts(tables).of("factor_contributions", course=course)
    if frame.empty:
        return frame
    named = frame["driver"].astype(bool)
    others = frame[~named]
    back = math.fsum(others["contribution"])
    if not is_offset(math.fsum(frame.loc[named, "contribution"]), back):
        return frame.head(0)
    against = (np.sign(others["contribution"]) == np.sign(back)) & (others["contribution"].abs() >= LEAST_DRIVER)
    return by_size(others[against]).head(SHOWN_OFFSETS)


def specific_names(tables: Mapping[str, pd.DataFrame], course: str) -> pd.DataFrame:
    """The stocks whose specific parts went the way of the course's, the largest first, three at most.

    The rows of `stock_factor`: `ticker`, `contribution`.
    """
    facts = Facts(tables)
    cells, whole = facts.of("stock_factor", course=course), facts.row("factor_contributions", course, SPECIFIC)
    if cells.empty or whole is None:
        return pd.DataFrame(columns=["ticker", "contribution"])
    same = np.sign(cells["contribution"]) == np.sign(whole["contribution"])
    own = cells[same & (cells["factor"] == SPECIFIC) & (cells["contribution"].abs() >= LEAST_DRIVER)]
    return by_size(own).head(SHOWN_NAMES)
