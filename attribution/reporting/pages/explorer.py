"""The tables that a reader explores on the screen: every course, cut by factor, group, sector, stock and day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from attribution.house_style.numbers import NEGATIVE
from attribution.reporting.pages.cells import Column
from attribution.reporting.pages.rows import of_course, records
from attribution.reporting.pages.stocks import driver_texts, named_stocks
from attribution.reporting.pages.words import PageWords
from attribution.rows import EFFECTS, no_stocks

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

UNHELD = 20  # names of the benchmark alone that are listed one by one
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
    """

    cut: str
    caption: str
    heading: str
    columns: list[Column]
    rows: list[Row]
    foot: list[Row]

    @property
    def texts(self) -> int:
        """How many columns of text come before the numbers; the names of sums stretch over them."""
        return sum(column.kind == "text" for column in self.columns)


@dataclass(frozen=True)
class Explorer:
    """Courses, each with a table a cut, and how a negative number is written."""

    cuts: list[tuple[str, str]]
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
            parts.append(CutTable(cut, caption, t(f"explorer.{cut}_label"), *make(content, words, course)))
        courses.append((course, parts))
    return Explorer([(cut, t(f"explorer.{cut}")) for cut in makers], courses, NEGATIVE[words.style])


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
    rows = records(frame.assign(**names))
    return columns, rows, [total_row(words, contribution=content.results[course].excess_return)]


def by_group(content: Content, words: PageWords, course: str) -> tuple[list[Column], list[Row], list[Row]]:
    """Contributions of groups of factors."""
    frame = of_course(content.tables["group_contributions"], course)
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
    return columns, records(frame), [total_row(words, **sums, **returns)]


def by_sector_alone(content: Content, words: PageWords, course: str) -> tuple[list[Column], list[Row], list[Row]]:
    """Contributions of sectors, where nobody knows what the benchmark holds of each."""
    result = content.results[course]
    frame = result.by("sector").rename("contribution").rename_axis("group").reset_index()
    columns = [Column("contribution", words.messages("sleeve.contribution"))]
    rows = records(frame.assign(label=frame["group"].map(words.row)))
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
    shown = shown.assign(label=shown["ticker"], why=shown["ticker"].map(why), sector=sector)
    shown["sector"] = shown["sector"].map(t.factor)
    shown["holding"] = shown["held"].map({True: t("explorer.held"), False: t("explorer.not_held")})
    keys = ("weight_start", "weight_end", "stock_return", "stock_contribution", "active_contribution")
    column_of = {"stock_return": "return", "stock_contribution": "contribution"}
    columns = [Column("shown_name", t("sleeve.stock"), "text"), Column("sector", t("explorer.sector_label"), "text")]
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
