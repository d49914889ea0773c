"""Why a sleeve was ahead of its benchmark or behind it, as sentences: its drivers, and the stocks that moved it most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from attribution.measures.selection import UNUSUAL
from attribution.reporting.commentary.lean import has_lean, lean
from attribution.reporting.commentary.writer import Writer, bullets, capital
from attribution.reporting.tables.facts import LEAST_DRIVER, by_size, drivers, named_rows, offsetting, specific_names
from attribution.rows import CASH_AND_STOPPED, LEAST_T, PROXY_FACTOR, SPECIFIC, no_stocks
from riskmodel.facts import Fact

SHOWN_DRIVERS = 4  # factors, beside what is specific; the table has the others
SHOWN_STOCKS = 2


@dataclass(frozen=True)
class SleeveCommentary:
    """The part of a commentary about one sleeve.

    Attributes
    ----------
    write
        The language and the facts.
    key
        The sleeve in the book.
    course
        What the tables call it: the course that is all of it, else its own key.
    stopped
        Notes on names that stopped trading, or were paid out, while the sleeve held them.
    """

    write: Writer
    key: str
    course: str
    stopped: tuple[Fact, ...] = ()

    @property
    def blocks(self) -> list[str]:
        """A heading, paragraphs and a list, in order."""
        write = self.write
        name, benchmark = write.sleeve(self.key), write.index(write.book.sleeves[self.key].benchmark)
        blocks = ["## " + write("headings.sleeve", name=name), self._result(benchmark)]
        found = drivers(write.facts.tables, self.course)
        if write.facts.of("factor_contributions", course=self.course).empty:
            return [block for block in blocks if block]
        offset = offsetting(write.facts.tables, self.course)
        offset = offset.assign(sign=np.sign(offset["contribution"]))
        of_stocks = found["factor"] == SPECIFIC
        told = found[of_stocks | ((~of_stocks).cumsum() <= SHOWN_DRIVERS)]
        own = self._own_against(found, offset)
        if len(offset) or len(own):
            told = by_size(pd.concat([told, offset, own], ignore_index=True))
        if len(found):
            more = len(found) > int(of_stocks.sum()) + SHOWN_DRIVERS
            kind = "drivers_and_offsets" if len(offset) or len(own) else "drivers_shown" if more else "drivers"
            lead = write(f"sleeve.{kind}", count=write.count(len(found)))
            blocks += [lead, bullets(self._driver(row) for row in told.itertuples())]
        selection = [] if (told["factor"] == SPECIFIC).any() else [self._selection("selection")]
        blocks.append(write.paragraph([*self._together(found, offset), *selection, *self._estimated()]))
        blocks.append(write.paragraph(self._stopped(note) for note in self.stopped))
        return [block for block in (*blocks, self._stocks()) if block]

    def _result(self, benchmark: str) -> str:
        write, course = self.write, self.course
        if write.facts.has("performance", course):
            return write(
                "sleeve.lead",
                benchmark=benchmark,
                benchmark_return=write.percent("performance", course, column="benchmark_return"),
                excess=write.short_points("performance", course, column="excess"),
                **{"return": write.percent("performance", course, column="return")},
            )
        if write.facts.has("figures", course, "excess_return"):
            excess = write.points("figures", course, "excess_return", column="value")
            return write("sleeve.excess", benchmark=benchmark, excess=excess)
        return ""

    def _own_against(self, found: pd.DataFrame, offset: pd.DataFrame) -> pd.DataFrame:
        """The specific part where it is no driver, yet a client's text names it as what went against the drivers."""
        frame = named_rows(self.write.facts.of("factor_contributions", course=self.course))
        against = np.sign(frame["contribution"]) == -np.sign(math.fsum(found["contribution"]))
        own = frame[(frame["factor"] == SPECIFIC) & against & ~frame["factor"].isin({*found["factor"], *offset["factor"]})]
        return own.assign(sign=np.sign(own["contribution"]))

    def _driver(self, row: Any) -> str:
        """A driver, and what a second specification makes of it where that is something else; or why it is none."""
        told, write = self._cause(row), self.write
        if row.factor == SPECIFIC:
            told = write.paragraph([told, self._selection("specific")])
        if not row.driver:
            reason = "small" if not row.material else "chance" if abs(row.t) >= LEAST_T else "uncertain"
            return write.paragraph([told, write(f"driver.{reason}")])
        if pd.isna(row.robust) or row.robust:
            return told
        second = write.percent("factor_contributions", self.course, row.factor, column="second_contribution")
        return write.paragraph([told, write("driver.not_robust", second=second)])

    def _cause(self, row: Any) -> str:
        """A driver, tied to the exposure and to what the month paid for it, or to the stocks behind it."""
        write, key = self.write, ("factor_contributions", self.course, row.factor)
        values = {
            "contribution": write.percent(*key, column="contribution"),
            "sense": write("driver.helped" if row.sign > 0 else "driver.hurt"),
        }
        factor = write.factor(row.factor)
        if row.factor == SPECIFIC:
            return write("driver.specific", stocks=self._specific_names(), **values)
        if not (math.isfinite(row.active_exposure) and math.isfinite(row.factor_return)):
            wording = row.factor if row.factor == PROXY_FACTOR else "bare" if row.standard_error > 0 else "observed"
            return write(f"driver.{wording}", factor=capital(factor), **values)
        style = row.group == "style"
        values["active"] = (
            write.number(*key, column="active_exposure", signed=True) if style
            else write.short_points(*key, column="active_exposure")
        )  # fmt: skip
        month = ("factor_month", row.factor)
        told = write.facts.has(*month)
        values["return"] = write.percent(*month, column="return") if told else write.percent(*key, column="factor_return")
        if not has_lean(row):
            return write("driver.summed", factor=capital(factor), **values)
        values["paid"] = write("driver.rewarded" if row.factor_return > 0 else "driver.cost")
        if row.group == "market":
            return capital(write("driver.market", **values))
        exposure = capital(lean(write, row))
        return write(f"driver.{self._kind(row.group)}", exposure=exposure, factor=factor, **values)

    def _kind(self, group: str) -> str:
        """How a factor is spoken of: a style, a sector, an industry beside its sector, or one that stands alone."""
        nested = (self.write.facts.of("factor_contributions", course=self.course)["group"] == "sector").any()
        return group if group in ("style", "sector") or (group == "industry" and nested) else "alone"

    def _specific_names(self) -> str:
        """The stocks that the specific part is mostly made of."""
        write = self.write
        items = [
            write(
                "item",
                name=write.stock(ticker, self.course),
                number=write.percent("stock_factor", self.course, ticker, SPECIFIC, column="contribution"),
            )
            for ticker in specific_names(write.facts.tables, self.course)["ticker"].head(SHOWN_STOCKS)
        ]
        return write("driver.specific_names", stocks=write.join(items)) if items else ""

    def _together(self, found: pd.DataFrame, offset: pd.DataFrame) -> list[str]:
        """How drivers were chosen where no error tells, that there is none, or that the others took back what they gave."""
        write, course = self.write, self.course
        frame = write.facts.of("factor_contributions", course=course)
        sentences = [] if (frame["standard_error"] > 0).any() else [write("sleeve.by_size")]
        if found.empty:
            return [*sentences, write("sleeve.no_drivers")]
        if offset.empty or not write.facts.has("figures", course, "drivers"):
            return sentences
        points = {
            name: write.short_points("figures", course, name, column="value") for name in ("drivers", "beside_drivers")
        }
        return [*sentences, write("sleeve.offset", **points)]

    def _selection(self, said: str) -> str:
        """Whether the specific part was unusual, realised against forecast; beside its contribution, or alone."""
        write, course = self.write, self.course
        ratio = write.facts.figure(course, "specific_part_ratio")
        if not math.isfinite(ratio):
            return ""
        wording = "unusual" if abs(ratio) >= UNUSUAL else "usual"
        part = write.percent("figures", course, "specific_part", column="value")
        risk = write.percent("figures", course, "specific_part_risk", column="value", signed=False)
        return write(f"sleeve.{said}_{wording}", part=part, risk=risk)

    def _estimated(self) -> list[str]:
        """That exposures of the benchmark, and so the active ones, are estimated; where they are."""
        write, known = self.write, self.write.book.benchmarks
        names = dict.fromkeys(write.book.sleeves[sleeve].benchmark for sleeve in write.book.shares(self.course))
        estimated = [write.called(name) for name in names if known[name].returns_only]
        return [write("sleeve.estimated", benchmark=write.join(estimated))] if estimated else []

    def _stopped(self, note: Fact) -> str:
        """A name that was carried as cash, and what the month's row of it contributed; of one that ended, what that did."""
        write, ticker = self.write, str(note.values["ticker"])
        key = ("stock_contributions", self.course, ticker)
        if note.key.startswith("ended") and write.facts.row(*key) is not None:
            return write(
                f"sleeve.{note.key}",
                stock=write.stock(ticker, self.course),
                weight=write.percent(*key, column="weight_start", signed=False),
                date=write.messages.date(note.values["date"]),
                contribution=write.percent(*key, column="active_contribution"),
            )
        row = ("factor_contributions", self.course, CASH_AND_STOPPED)
        if write.facts.row(*key) is None or not write.facts.has(*row):
            return ""
        return write(
            "sleeve.stopped",
            stock=write.stock(ticker, self.course),
            weight=write.percent(*key, column="weight_end", signed=False),
            date=write.messages.date(note.values["date"]),
            contribution=write.percent(*row, column="contribution"),
        )

    def _stocks(self) -> str:
        """The stocks that helped and hurt the excess most."""
        write = self.write
        frame = write.facts.of("stock_contributions", course=self.course)
        if frame.empty:
            return ""
        frame = frame[~no_stocks(frame["ticker"]) & (frame["active_contribution"].abs() >= LEAST_DRIVER)]
        frame = frame.sort_values("active_contribution", ascending=False, kind="stable")
        best = frame[frame["active_contribution"] > 0].head(SHOWN_STOCKS)
        worst = frame[frame["active_contribution"] < 0][::-1].head(SHOWN_STOCKS)
        sentences = [
            write(f"stocks.{side}", stocks=write.join(self._stock(row) for row in part.itertuples()))
            for side, part in (("best", best), ("worst", worst))
            if len(part)
        ]
        return write.paragraph(sentences)

    def _stock(self, row: Any) -> str:
        write, key = self.write, ("stock_contributions", self.course, row.ticker)
        number = write.percent(*key, column="active_contribution")
        return write(
            "stocks.held" if row.held else "stocks.not_held", name=write.stock(row.ticker, self.course), number=number
        )
