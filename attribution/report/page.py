"""The month's page: one HTML file a language, with nothing to load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from attribution.book import CASH, NegativeStyle, Words
from attribution.contributions import PROXY
from attribution.performance import month_factor_returns
from attribution.report import drawing
from attribution.report.format import number, percent, power_of_ten
from attribution.report.words import Messages, read_messages

if TYPE_CHECKING:
    from jinja2 import Template

    from attribution.report.content import Content
    from attribution.report.notes import Note
    from attribution.result import AttributionResult

NOT_STOCKS = (CASH, PROXY, "(trading)", "(fees)")
SHOWN_STOCKS = 5
SHOWN_DRIVERS = 5
LEAST_DRIVER = 5e-5  # what prints as 0.00 is no driver, however certain
MODELLED = ("market", "sector", "style")
COLLECTED = ("proxy",)  # notes of one kind that make one sentence


def render_page(content: Content, language: str) -> str:
    """Lay out a month as one HTML document, styles and charts inside it.

    Parameters
    ----------
    content
        From `attribution.report.content.build_content`.
    language
        "ja" or "en".

    Returns
    -------
    str
        The same text for the same content, whenever and wherever it is made.

    Raises
    ------
    InputError
        For another language.
    """
    messages = read_messages(language)
    style: NegativeStyle = getattr(content.book.report.negative, language)
    page = Page(content, messages, style)
    return _template().render(
        lang=language,
        t=messages,
        css=resources.files("attribution.report").joinpath("templates/page.css").read_text(encoding="utf-8"),
        book=content.book,
        page=page,
        tables=content.tables,
        pct=partial(percent, style=style),
        num=partial(number, style=style),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("attribution.report", ""),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("templates/page.html")


@dataclass(frozen=True)
class Page:
    """What the template asks for, in a language: names, rows and charts, numbers still as decimals."""

    content: Content
    messages: Messages
    style: NegativeStyle

    def words(self, words: Words | None, otherwise: str = "") -> str:
        """A text of the book in the page's language."""
        return otherwise if words is None else str(getattr(words, self.messages.language))

    def date(self, day: Any, form: str = "date") -> str:
        """A day or a month as the language writes it; `form` is a key of the message file's [words]."""
        day = pd.Timestamp(day)
        name = self.messages.name("months", str(day.month))
        values = {"year": day.year, "number": day.month, "day": day.day, "name": name, "short": name[:3]}
        return self.messages(f"words.{form}", **values)

    def sentences(self, *texts: str) -> str:
        """Sentences in a row, with the language's space between them."""
        return self.messages("words.sentence_gap").join(texts)

    @property
    def month(self) -> str:
        """The month as the language writes it."""
        return self.date(self.content.period.end, "month")

    @property
    def currency(self) -> str:
        """The book's currency."""
        return self.messages.name("currencies", self.content.book.book.currency)

    @property
    def ranking(self) -> list[Any]:
        """Rows of the ranking; the last is the average."""
        return list(self.content.tables["performance"].itertuples())

    @property
    def weeks(self) -> list[tuple[str, list[float]]]:
        """Weeks of the month and the month itself, each with its index returns."""
        frame = self.content.tables["index_weeks"]
        indices = list(self.content.book.report.indices)
        month = self.content.tables["trailing"].iloc[-len(indices) :]["1m"]
        rows = [
            (
                self.messages("words.span", first=self.date(a, "short_date"), last=self.date(b, "short_date")) if a != b
                else self.date(a, "short_date"),
                list(values),
            )
            for a, b, values in zip(frame["week_from"], frame["week_to"], frame[indices].to_numpy(), strict=True)
        ]  # fmt: skip
        return [*rows, (self.messages("weeks.month"), list(month))]

    @property
    def trailing(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Courses, then indices, each with its rows."""
        rows: list[dict[str, Any]] = self.content.tables["trailing"].to_dict("records")
        courses = len(self.content.book.courses)
        return [(key, part) for key, part in (("courses", rows[:courses]), ("indices", rows[courses:])) if part]

    @property
    def risk_free(self) -> str:
        """Where the risk-free return of the ratios comes from."""
        rate = self.content.book.book.risk_free
        if rate == "rates":
            return self.messages("trailing.rates")
        return (
            self.messages("trailing.rate", rate=percent(float(rate), self.style))
            if rate
            else self.messages("trailing.no_rate")
        )

    @property
    def record(self) -> str:
        """What the ratios are computed from."""
        history = self.content.history
        months = history.courses[history.track_record :].index.to_period("M").nunique()
        return self.messages("trailing.ratios", start=self.date(history.track_record), months=months)

    @property
    def cumulative(self) -> str:
        """The chart of cumulative returns."""
        book, history = self.content.book, self.content.history
        since = history.inception
        plain = {book.benchmark_name(c): history.benchmarks[c][since:] for c in book.courses if len(book.shares(c)) == 1}
        blends = {book.benchmark_name(c): history.benchmarks[c][since:] for c in book.courses}
        courses = {course: history.courses[course][since:] for course in book.courses}
        label = self.messages("cumulative.label")
        return drawing.to_svg(drawing.cumulative_lines(courses, plain or blends, self.style, label), "cumulative-")

    @property
    def factor_returns(self) -> dict[str, list[Any]]:
        """The month's factor returns: rows of the styles, and of market and sectors."""
        frame = month_factor_returns(self.content.tables["factor_returns"])
        style = frame["group"] == "style"
        return {"styles": list(frame[style].itertuples()), "market_and_sectors": list(frame[~style].itertuples())}

    @property
    def factor_chart(self) -> str:
        """The chart of the month's factor returns."""
        bars: dict[str, list[drawing.Bar]] = {"market": [], "sector": [], "style": []}
        for row in month_factor_returns(self.content.tables["factor_returns"]).itertuples():
            bars[str(row.group)].append(
                drawing.Bar(self.messages.factor(str(row.factor)), row.month_return, row.standard_error)
            )
        ordered = {group: drawing.sorted_bars(part) for group, part in bars.items()}
        panels = [[ordered["style"]], [ordered["market"], ordered["sector"]]]
        label = self.messages("factor_returns.label")
        return drawing.to_svg(drawing.bar_panels(panels, self.style, label, shared=False), "factors-")

    @property
    def sleeves(self) -> list[SleevePart]:
        """A part for each sleeve, in the book's order."""
        return [SleevePart(self, key, place) for place, key in enumerate(self.content.sleeves, 1)]

    @property
    def group_rows(self) -> list[tuple[str, list[float]]]:
        """Courses, each with its contributions by group and their sum."""
        names = self.messages.table["groups"]
        rows = []
        for course, result in self.content.results.items():
            groups = result.by("group")
            rows.append((course, [*(float(groups.get(name, 0.0)) for name in names), result.excess_return]))
        return rows

    @property
    def coverage(self) -> list[tuple[str, list[Any]]]:
        """Factors, each with the rows of its descriptors."""
        frame = self.content.tables["coverage"]
        return [(str(factor), list(rows.itertuples())) for factor, rows in frame.groupby("factor", sort=False)]

    @property
    def coverage_reasons(self) -> bool:
        """Whether any descriptor was left out, so that a column must say why."""
        return bool((self.content.tables["coverage"]["reason"] != "").any())

    @property
    def notes(self) -> list[str]:
        """The notes as sentences."""
        translate = {
            "universe": self._universe,
            "ordinary_income": self._ordinary_income,
            "left_out": self._left_out,
            "filled": self._filled,
            "flagged": self._flagged,
            "thin_sector": self._thin_sector,
            "stopped": self._stopped,
            "stopped_resumes": self._stopped,
            "unmodelled_benchmark": self._outside,
            "unaligned": self._unaligned,
        }
        sentences: dict[str, list[str]] = {}
        for note in self.content.notes:
            key = note.key if note.key in COLLECTED else f"{note.key} {note.values}"
            to_text: Callable[[Note], str] = translate.get(note.key, self._plain)
            sentences.setdefault(key, []).append(to_text(note))
        separator = self.messages("notes.separator")
        return [
            self.messages(f"notes.{key}", values=separator.join(parts)) if key in COLLECTED else parts[0]
            for key, parts in sentences.items()
        ]

    @property
    def reconciliation(self) -> str:
        """How many identities hold, and how well."""
        frame = self.content.tables["reconciliation"]
        largest = max(float(frame["difference"].abs().max()), 1e-15)  # below that it is the last bit of a float
        return self.messages(
            "reconciliation.passed",
            passed=int(frame["passed"].sum()),
            total=len(frame),
            tolerance=power_of_ten(float(frame["tolerance"].max())),
            largest=power_of_ten(largest),
        )

    @property
    def links(self) -> str:
        """How days became the month."""
        used = dict.fromkeys(result.link for result in self.content.results.values())
        return self.messages("words.comma").join(self.messages.name("links", link) for link in used)

    def _plain(self, note: Note) -> str:
        if note.key == "proxy":
            share = percent(float(str(note.values["contribution"])), self.style)
            return self.messages("notes.proxy_value", course=note.values["course"], contribution=share)
        return self.messages(f"notes.{note.key}", **note.values)

    def _universe(self, note: Note) -> str:
        return self.messages("notes.universe", names=number(float(str(note.values["names"])), self.style, 0, grouped=True))

    def _ordinary_income(self, note: Note) -> str:
        parts = [part.split(" for ") for part in str(note.values["sources"]).removesuffix(" of filings").split(", ")]
        sources = [" ".join([self.messages.name("filings", part[0]), *part[1:]]) for part in parts]
        return self.messages("notes.ordinary_income", sources=self.messages("words.comma").join(sources))

    def _left_out(self, note: Note) -> str:
        return self.messages(
            "notes.left_out",
            factor=self.messages.factor(str(note.values["factor"])),
            descriptor=self.messages.name("descriptors", str(note.values["descriptor"])),
            reason=self.messages.phrase("reasons", str(note.values["reason"])),
        )

    def _filled(self, note: Note) -> str:
        share = percent(float(str(note.values["share"])), self.style, 1)
        return self.messages("notes.filled", factor=self.messages.factor(str(note.values["factor"])), share=share)

    def _flagged(self, note: Note) -> str:
        reason = self.messages.phrase("reasons", str(note.values["reason"]))
        return self.messages("notes.flagged", date=self.date(note.values["date"]), reason=reason)

    def _stopped(self, note: Note) -> str:
        key = str(note.values["sleeve"])
        name = self.words(self.content.book.sleeves[key].name, key)
        days = {key: self.date(note.values[key]) for key in ("date", "resumes") if key in note.values}
        return self.messages(f"notes.{note.key}", sleeve=name, ticker=note.values["ticker"], **days)

    def _thin_sector(self, note: Note) -> str:
        share = percent(float(str(note.values["share"])), self.style, 0)
        return self.messages("notes.thin_sector", sector=self.messages.factor(str(note.values["sector"])), share=share)

    def _outside(self, note: Note) -> str:
        share = percent(float(str(note.values["weight"])), self.style)
        return self.messages("notes.unmodelled_benchmark", benchmark=note.values["benchmark"], weight=share)

    def _unaligned(self, note: Note) -> str:
        return self.messages(
            "notes.unaligned",
            finding=self.messages.phrase("findings", str(note.values["finding"])),
            rows=self.messages("notes.rows", count=number(float(str(note.values["rows"])), self.style, 0, grouped=True)),
            examples=self.messages.examples(str(note.values["examples"])),
        )


@dataclass(frozen=True)
class SleevePart:
    """The part of the page about one sleeve."""

    page: Page
    key: str
    place: int

    @property
    def result(self) -> AttributionResult:
        """The sleeve's attribution."""
        return self.page.content.sleeves[self.key]

    @property
    def name(self) -> str:
        """The sleeve's name."""
        return self.page.words(self.page.content.book.sleeves[self.key].name, self.key)

    @property
    def style(self) -> str:
        """The sleeve's style in the book's words, or nothing."""
        return self.page.words(self.page.content.book.sleeves[self.key].style)

    @property
    def chart(self) -> str:
        """The chart of factor contributions."""
        messages = self.page.messages
        label = messages("charts.contributions", name=self.name)
        figure = drawing.bar_panels(drawing.contribution_panels(self.result, messages), self.page.style, label, shared=True)
        return drawing.to_svg(figure, f"sleeve-{self.place}-")

    @property
    def drivers(self) -> dict[str, list[Any]]:
        """The factors that helped and hurt beyond doubt, largest first."""
        frame = self.result.factors
        certain = frame["group"].isin(MODELLED) & (frame["t"].abs() >= 2) & (frame["contribution"].abs() >= LEAST_DRIVER)
        frame = frame[certain].sort_values("contribution", kind="stable")
        return {
            "helped": list(frame[frame["contribution"] > 0][::-1].head(SHOWN_DRIVERS).itertuples()),
            "hurt": list(frame[frame["contribution"] < 0].head(SHOWN_DRIVERS).itertuples()),
        }

    @property
    def groups(self) -> list[tuple[str, list[Any], float, float]]:
        """Groups of factors: name, rows, contribution and standard error of the group; one row needs no sum of its own."""
        frame, total = self.result.factors, self.result.by("group")
        error = self.result.standard_errors("group")
        return [
            (str(group), list(rows.itertuples()), float(total[group]), float(error[group]))
            for group, rows in frame.groupby("group", sort=False)
        ]

    @property
    def stocks(self) -> dict[str, list[Any]]:
        """The five stocks that helped the excess most, and the five that hurt most."""
        frame = self.result.stocks
        frame = frame[~frame["ticker"].isin(NOT_STOCKS)].sort_values("active_contribution", ascending=False, kind="stable")
        if self.page.messages.language == "ja":
            japanese = self.result.data["name_ja"].to_series().reindex(frame["ticker"]).fillna("").to_numpy()
            frame = frame.assign(name=np.where(japanese == "", frame["name"], japanese))
        shown = min(SHOWN_STOCKS, len(frame) // 2)
        return {"best": list(frame.head(shown).itertuples()), "worst": list(frame.tail(shown)[::-1].itertuples())}
