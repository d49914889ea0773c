"""The tables that a reader explores on the screen: every course, cut by factor, group, sector, stock and day.

Rows carry what a script makes of them: `path`, a row's contribution to the excess return to date, and of a stock `cells`, by
factor. Both are whole numbers of a small unit in base 36, which a page holds in a third of the room of decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from attribution.house_style.numbers import NEGATIVE
from attribution.reporting.pages.cells import Column
from attribution.reporting.pages.rows import of_course, records
from attribution.reporting.pages.stocks import driver_texts, named_stocks
from attribution.reporting.pages.words import PageWords
from attribution.rows import EFFECTS, no_stocks

if TYPE_CHECKING:
    from attribution.contributions.result import AttributionResult
    from attribution.reporting.tables.content import Content

UNHELD = 20  # names of the benchmark alone that are listed one by one
PATH_UNIT, CELL_UNIT = 1e-7, 1e-12  # a path is printed to 1e-6, cells are copied
ALONE = ("market", "style", "specific")  # groups of which each factor has a column of its own beside the stocks
Row = dict[str, Any]


@dataclass(frozen=True)
class CutTable:
    """A course by one cut.

    Attributes
    ----------
    cut
        factor, group, sector, stock or day.
    heading
        Of the first column, which holds each row's `label`; `order` is what it is sorted by where that is not its text.
    rows, foot
        Rows to sort, and those that stay below them.
    factors
        Names of the columns of `cells`.
    """

    cut: str
    caption: str
    heading: str
    columns: list[Column]
    rows: list[Row]
    foot: list[Row]
    factors: Sequence[str] = ()

    @property
    def texts(self) -> int:
        """How many columns of text come before the numbers; the names of sums stretch over them."""
        return sum(column.kind == "text" for column in self.columns)


@dataclass(frozen=True)
class Explorer:
    """Courses, each with a table a cut, and how a negative number is written.

    Attributes
    ----------
    cuts
        Keys and names, `stock_factor` among them, which a script makes of the table of stocks.
    days
        Those of the paths.
    """

    cuts: list[tuple[str, str]]
    days: list[str]
    courses: list[tuple[str, list[CutTable]]]
    negative: str


def explorer_section(content: Content, words: PageWords) -> Explorer:
    """Every table to explore."""
    t = words.messages
    makers: dict[str, Callable[[Content, PageWords, str], tuple[list[Column], list[Row], list[Row]]]] = {
        "factor": by_factor, "group": by_group, "sector": by_sector, "stock": by_stock, "day": by_day,
    }  # fmt: skip
    courses = []
    for course in content.results:
        parts = []
        for cut, make in makers.items():
            heading = t(f"explorer.{cut}")
            caption = t("explorer.caption", course=course, cut=heading)
            columns, rows, foot = make(content, words, course)
            factors, cells = (
                stock_factors(content, words, course, [row["label"] for row in rows]) if cut == "stock" else ([], {})
            )
            rows = [row | {"cells": cells.get(row["label"])} for row in rows]
            parts.append(CutTable(cut, caption, t(f"explorer.{cut}_label"), columns, rows, foot, factors))
        courses.append((course, parts))
    cuts = [(cut, t(f"explorer.{cut}")) for cut in (*makers, "stock_factor")]
    days = [words.date(day, "short_date") for day in next(iter(content.results.values())).cube.days]
    return Explorer(cuts, days, courses, NEGATIVE[words.style])


def stock_factors(content: Content, words: PageWords, course: str, tickers: list[str]) -> tuple[list[str], dict[str, str]]:
    """Names of columns, and ticker -> its contributions in CELL_UNIT: each style, and sums of groups of many factors."""
    factors = of_course(content.tables["factor_contributions"], course)
    own = factors["group"].isin(ALONE)
    column = dict(zip(factors["factor"], factors["factor"].where(own, factors["group"]), strict=True))
    cells = of_course(content.tables["stock_factor"], course)
    cells = cells[cells["ticker"].isin(tickers)]
    places = cells["factor"].map(lambda factor: column.get(factor, "other"))
    table = cells.pivot_table("contribution", "ticker", places, "sum", fill_value=0.0, sort=False)
    table = table.reindex(columns=list(dict.fromkeys([*column.values(), *table.columns])), fill_value=0.0)
    t, single = words.messages, set(factors["factor"][own])
    names = [t.factor(name) if name in single else t.name("groups", name) for name in table.columns]
    counted = whole(table.to_numpy(), CELL_UNIT)
    return names, {str(ticker): packed(row) for ticker, row in zip(table.index, counted, strict=True)}


def whole(values: np.ndarray, unit: float) -> np.ndarray:
    """Values as whole numbers of a unit."""
    return np.rint(values / unit).astype(np.int64)


def packed(numbers: np.ndarray) -> str:
    """Whole numbers in base 36, which a script reads.

    Examples
    --------
    >>> packed(whole(np.array([0.010, 0.030, -0.020]), 1e-3))
    'a u -k'
    """
    return " ".join(np.base_repr(number, 36).lower() for number in numbers.tolist())


def with_path(frame: pd.DataFrame, column: str, result: AttributionResult, cut: str) -> pd.DataFrame:
    """Rows of a cut with its `path`, the contribution to the excess return to date, as steps from day to day in PATH_UNIT.

    None where the cut has no row of what `column` names.
    """
    path = result.path(cut)
    steps = np.diff(whole(path.to_numpy(), PATH_UNIT), axis=0, prepend=0)
    place = {label: number for number, label in enumerate(path.columns)}
    return frame.assign(path=[packed(steps[:, place[label]]) if label in place else None for label in frame[column]])


def estimated_columns(words: PageWords) -> list[Column]:
    """A contribution with its error."""
    t = words.messages
    return [
        Column("contribution", t("sleeve.contribution")),
        Column("standard_error", t("sleeve.error")),
        Column("t", t("sleeve.t"), "number"),
    ]


def total_row(words: PageWords, **values: float) -> Row:
    """The row of sums."""
    return {"label": words.messages("explorer.total"), **values}


def by_factor(content: Content, words: PageWords, course: str) -> tuple[list[Column], list[Row], list[Row]]:
    """Contributions of factors."""
    t = words.messages
    frame = of_course(content.tables["factor_contributions"], course)
    columns = [
        Column("group_name", t("explorer.group_label"), "text"),
        Column("active_exposure", t("sleeve.exposure"), "number", 3),
        Column("factor_return", t("sleeve.factor_return")),
        *estimated_columns(words),
    ]
    names = {"label": frame["factor"].map(t.factor), "group_name": frame["group"].map(lambda key: t.name("groups", key))}
    rows = records(with_path(frame.assign(**names), "factor", content.results[course], "factor"))
    return columns, rows, [total_row(words, contribution=content.results[course].excess_return)]


def by_group(content: Content, words: PageWords, course: str) -> tuple[list[Column], list[Row], list[Row]]:
    """Contributions of groups of factors."""
    frame = of_course(content.tables["group_contributions"], course)
    frame = with_path(frame, "group", content.results[course], "group")
    rows = records(frame.assign(label=frame["group"].map(lambda key: words.messages.name("groups", key))))
    return estimated_columns(words), rows, [total_row(words, contribution=content.results[course].excess_return)]


def by_sector(content: Content, words: PageWords, course: str) -> tuple[list[Column], list[Row], list[Row]]:
    """Brinson effects of sectors."""
    frame = of_course(content.tables["brinson"], course)
    if frame.empty:
        return by_sector_alone(content, words, course)
    frame = frame.assign(label=frame["group"].map(words.row), total=frame[list(EFFECTS)].sum(axis=1))
    keys = ("portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return", *EFFECTS, "total")
    columns = [Column(key, words.messages(f"brinson.{key}")) for key in keys]
    result, sums = content.results[course], frame[[*keys[:2], *keys[4:]]].sum().to_dict()
    returns = {"portfolio_return": result.portfolio_return, "benchmark_return": result.benchmark_return}
    return columns, records(with_path(frame, "group", result, "sector")), [total_row(words, **sums, **returns)]


def by_sector_alone(content: Content, words: PageWords, course: str) -> tuple[list[Column], list[Row], list[Row]]:
    """Contributions of sectors, where nobody knows what the benchmark holds of each."""
    result = content.results[course]
    frame = result.by("sector").rename("contribution").rename_axis("group").reset_index()
    columns = [Column("contribution", words.messages("sleeve.contribution"))]
    rows = records(with_path(frame, "group", result, "sector").assign(label=frame["group"].map(words.row)))
    return columns, rows, [total_row(words, contribution=result.excess_return)]


def by_stock(content: Content, words: PageWords, course: str) -> tuple[list[Column], list[Row], list[Row]]:
    """Every name held, those of the benchmark alone that count most, and the sum of the others."""
    t, result = words.messages, content.results[course]
    frame = named_stocks(content, words, course)
    beside = no_stocks(frame["ticker"])
    held = frame["held"]
    unheld = frame[~held & ~beside]
    size = unheld["active_contribution"].abs().sort_values(ascending=False, kind="stable")
    shown = pd.concat([frame[held & ~beside], unheld.loc[size.index[:UNHELD]]])
    shown = shown.sort_values("active_contribution", ascending=False, kind="stable")
    sector = result.cube.securities["sector"].to_series().reindex(shown["ticker"]).fillna("").to_numpy()
    why = driver_texts(content, words, course, list(shown["ticker"]))
    shown = shown.assign(label=shown["ticker"], why=[words.listed(why[ticker]) for ticker in shown["ticker"]], sector=sector)
    shown["sector"] = shown["sector"].map(t.factor)
    shown = with_path(shown, "ticker", result, "stock")
    shown["holding"] = shown["held"].map({True: t("explorer.held"), False: t("explorer.not_held")})
    keys = ("weight_start", "weight_end", "stock_return", "stock_contribution", "active_contribution")
    column_of = {"stock_return": "return", "stock_contribution": "contribution"}
    columns = [Column("beside", t("sleeve.stock"), "text"), Column("sector", t("explorer.sector_label"), "text")]
    columns.append(Column("holding", t("explorer.holding_label"), "text"))
    columns += [Column(column_of.get(key, key), t(f"sleeve.{key}")) for key in keys]
    foot = [dict(row, label=row["shown_name"]) for row in records(frame[beside])]
    rest = size.index[UNHELD:]
    if len(rest):
        label = t("explorer.rest", count=words.number(len(rest), 0, grouped=True))
        foot.insert(0, {"label": label, "active_contribution": float(unheld.loc[rest, "active_contribution"].sum())})
    total = total_row(words, contribution=result.portfolio_return, active_contribution=result.excess_return)
    return columns, records(shown), [*foot, total | {"return": result.portfolio_return}]


def by_day(content: Content, words: PageWords, course: str) -> tuple[list[Column], list[Row], list[Row]]:
    """Returns of the days, and their contributions linked over the month."""
    t, result = words.messages, content.results[course]
    linked = result.by("day", "group").unstack("group")
    groups = [str(group) for group in dict.fromkeys(of_course(content.tables["group_contributions"], course)["group"])]
    frame = linked.reindex(columns=groups).assign(total=linked.sum(axis=1))
    daily_returns = {"portfolio_return": result.cube.portfolio_return, "benchmark_return": result.cube.benchmark_return}
    for key, daily in daily_returns.items():
        frame[key] = daily.to_series().reindex(frame.index)
    columns = [
        Column("portfolio_return", t("explorer.day_return")),
        Column("benchmark_return", t("explorer.day_benchmark")),
        *(Column(group, t.name("groups", group)) for group in groups),
        Column("total", t("explorer.day_contribution")),
    ]
    rows = [
        {"label": words.date(day, "short_date"), "order": f"{day:%Y-%m-%d}", **row}
        for day, row in zip(frame.index, records(frame), strict=True)
    ]
    returns = {"portfolio_return": result.portfolio_return, "benchmark_return": result.benchmark_return}
    return columns, rows, [total_row(words, **frame[[*groups, "total"]].sum().to_dict(), **returns)]
