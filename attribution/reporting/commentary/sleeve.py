"""Why a sleeve was ahead of its benchmark or behind it, as sentences: drivers, sectors and stocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from attribution.construction.ladder import SCORE
from attribution.construction.rungs import LIST
from attribution.measures.selection import UNUSUAL
from attribution.reporting.commentary.writer import Writer, bullets, capital, plain
from attribution.reporting.tables.facts import LEAST_DRIVER, by_size, clear, drivers, offsetting, specific_names
from attribution.reporting.tables.rungs import rung_name, rung_rules
from attribution.rows import (
    CASH,
    CASH_AND_STOPPED,
    EFFECTS,
    FAMILIES,
    NOT_FACTORS,
    NOT_STOCKS,
    PROXY,
    PROXY_FACTOR,
    SPECIFIC,
    no_stocks,
)
from riskmodel.facts import Fact

SHOWN_STOCKS = 3
MATERIAL_RULE = 0.0005  # that a rule brought or cost, to be told
UNLIKE = 2.0  # a contribution this many times another size is not told as exposure times return


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
    place
        Which of the sleeves it is, from 0; wordings vary by it.
    stopped
        Notes on names that stopped trading, or were paid out, while the sleeve held them.
    """

    write: Writer
    key: str
    course: str
    place: int
    stopped: tuple[Fact, ...] = ()

    @property
    def blocks(self) -> list[str]:
        """Headings, paragraphs and lists, in order."""
        write = self.write
        name, benchmark = write.sleeve(self.key), write.called(write.book.sleeves[self.key].benchmark)
        blocks = ["## " + write("headings.sleeve", name=name, benchmark=benchmark), self._result(benchmark)]
        found = drivers(write.facts.tables, self.course)
        if write.facts.of("factor_contributions", course=self.course).empty:
            return blocks
        offset = offsetting(write.facts.tables, self.course)
        offset = offset.assign(sign=np.sign(offset["contribution"]))
        told = by_size(pd.concat([found, offset], ignore_index=True)) if len(offset) else found
        if len(found):
            bulleted = [self._driver(row, place) for place, row in enumerate(told.itertuples())]
            blocks += [write("sleeve.drivers_and_offsets" if len(offset) else "sleeve.drivers"), bullets(bulleted)]
        blocks.append(write.paragraph([*self._together(found, offset), *self._selection(told), *self._estimated()]))
        blocks.append(write.paragraph(self._stopped(note) for note in self.stopped))
        for heading, parts in (("sectors", [self._sectors()]), ("stocks", self._stocks()), ("ladder", [self._rules()])):
            if any(parts):
                blocks += ["### " + write(f"headings.{heading}"), *(part for part in parts if part)]
        return [block for block in blocks if block]

    def _result(self, benchmark: str) -> str:
        write, course = self.write, self.course
        sentences = []
        if write.facts.has("performance", course):
            sentences.append(
                write(
                    "sleeve.lead",
                    course=write.called(course),
                    benchmark=benchmark,
                    benchmark_return=write.percent("performance", course, column="benchmark_return"),
                    excess=write.points("performance", course, column="excess"),
                    **{"return": write.percent("performance", course, column="return")},
                )
            )
        elif write.facts.has("figures", course, "excess_return"):
            excess = write.points("figures", course, "excess_return", column="value")
            sentences.append(write("sleeve.excess", course=write.called(course), benchmark=benchmark, excess=excess))
        groups = write.facts.of("group_contributions", course=course)
        items = [
            write(
                "sleeve.group",
                name=write(f"groups.{group}"),
                number=write.percent("group_contributions", course, group, column="contribution"),
            )
            for group in groups.get("group", [])
        ]
        return write.paragraph([*sentences, write("sleeve.groups", groups=write.join(items)) if items else ""])

    def _driver(self, row: Any, place: int) -> str:
        """A driver, and what a second specification makes of it where that is something else; or why it is none."""
        told, write = self._cause(row, place), self.write
        if not row.driver:
            return write.paragraph([told, write("driver.uncertain" if row.material else "driver.small")])
        if pd.isna(row.robust) or row.robust:
            return told
        second = write.percent("factor_contributions", self.course, row.factor, column="second_contribution")
        return write.paragraph([told, write("driver.not_robust", second=second)])

    def _cause(self, row: Any, place: int) -> str:
        """A driver, tied to the exposure and to what the month paid for it, or to the stocks behind it."""
        write, key = self.write, ("factor_contributions", self.course, row.factor)
        contribution = write.percent(*key, column="contribution")
        factor = write.factor(row.factor)
        if row.factor == SPECIFIC:
            return write("driver.specific", contribution=contribution, stocks=self._specific_names())
        if not (math.isfinite(row.active_exposure) and math.isfinite(row.factor_return)):
            wording = row.factor if row.factor == PROXY_FACTOR else "bare" if row.standard_error > 0 else "observed"
            return write(f"driver.{wording}", factor=capital(factor), contribution=contribution)
        style = row.group == "style"
        active = (
            write.number(*key, column="active_exposure", signed=True) if style
            else write.points(*key, column="active_exposure")
        )  # fmt: skip
        month = ("factor_month", row.factor)
        told = write.facts.has(*month)
        paid = write.percent(*month, column="return") if told else write.percent(*key, column="factor_return")
        values = {"factor": factor, "active": active, "return": paid, "contribution": contribution}
        shown = abs(row.active_exposure) >= (0.005 if style else LEAST_DRIVER) and abs(row.factor_return) >= LEAST_DRIVER
        wording = self._at_odds(row, shown)
        if wording:
            return write(f"driver.{wording}", **(values | {"factor": capital(factor)}))
        if row.group == "market":
            return write("driver.market", **values)
        exposure = self._exposure(row.factor, factor, row.active_exposure > 0, style)
        values["paid"] = write("driver.rewarded" if row.factor_return > 0 else "driver.cost")
        kind = ("helped" if row.sign > 0 else "hurt") if style else self._kind(row.group)
        return capital(write.varied(f"driver.{kind}", place + self.place, exposure=capital(exposure), **values))

    def _kind(self, group: str) -> str:
        """How a factor that is no style is spoken of: a sector, an industry beside its sector, or one that stands alone."""
        nested = (self.write.facts.of("factor_contributions", course=self.course)["group"] == "sector").any()
        return group if group == "sector" or (group == "industry" and nested) else "alone"

    def _at_odds(self, row: Any, shown: bool) -> str:
        """How a contribution, summed by day, departs from mean exposure times the month's return; or nothing."""
        product = row.active_exposure * row.factor_return
        if not shown:
            return "summed"
        if np.sign(product) != row.sign:
            return "differs"
        ratio = product / row.contribution
        return "more" if ratio < 1 / UNLIKE else "less" if ratio > UNLIKE else ""

    def _exposure(self, label: str, factor: str, high: bool, style: bool) -> str:
        write = self.write
        if not style:
            return write("driver.overweight" if high else "driver.underweight")
        side = "high" if high else "low"
        known = label in write.messages.table["commentary"][side]
        return write(f"{side}.{label}") if known else write(f"{side}.other", factor=factor)

    def _specific_names(self) -> str:
        """The stocks that the specific part is mostly made of."""
        write = self.write
        items = [
            write(
                "item",
                name=self._stock_name(ticker),
                number=write.percent("stock_factor", self.course, ticker, SPECIFIC, column="contribution"),
            )
            for ticker in specific_names(write.facts.tables, self.course)["ticker"]
        ]
        return write("driver.specific_names", stocks=write.join(items)) if items else ""

    def _together(self, found: pd.DataFrame, offset: pd.DataFrame) -> list[str]:
        """What the drivers add up to, of how much, and that the others took it back where they did."""
        write, course = self.write, self.course
        frame = write.facts.of("factor_contributions", course=course)
        sentences = [] if (frame["standard_error"] > 0).any() else [write("sleeve.by_size")]
        if found.empty:
            sentences.append(write("sleeve.no_drivers"))
        if found.empty or not write.facts.has("figures", course, "drivers"):
            return sentences
        share = write.facts.figure(course, "drivers_share")
        points = {name: write.points("figures", course, name, column="value") for name in ("drivers", "beside_drivers")}
        if len(offset):
            return [*sentences, write("sleeve.offset", **points)]
        if 0 < share <= 1:
            points["share"] = write.percent("figures", course, "drivers_share", column="value", signed=False)
        return [*sentences, write("sleeve.share" if "share" in points else "sleeve.together", **points)]

    def _selection(self, told: pd.DataFrame) -> list[str]:
        """The specific part where it was not told yet, and whether it was unusual: realised against forecast."""
        write, course, sentences = self.write, self.course, []
        row = write.facts.row("factor_contributions", course, SPECIFIC)
        if row is None or not math.isfinite(row["contribution"]):
            return []
        if SPECIFIC not in set(told["factor"]):
            contribution = write.percent("factor_contributions", course, SPECIFIC, column="contribution")
            sentences.append(
                write("sleeve.specific" if row["material"] else "sleeve.specific_small", contribution=contribution)
            )
        ratio = write.facts.figure(course, "specific_part_ratio")
        if math.isfinite(ratio):
            wording = "unusual" if abs(ratio) >= UNUSUAL else "usual"
            figures = {
                name: write.percent("figures", course, measure, column="value", signed=measure == "specific_part")
                for name, measure in (("part", "specific_part"), ("risk", "specific_part_risk"))
            }
            sentences.append(write(f"sleeve.selection_{wording}", **figures))
        return sentences

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
                stock=self._stock_name(ticker),
                weight=write.percent(*key, column="weight_start", signed=False),
                date=write.messages.date(note.values["date"]),
                contribution=write.percent(*key, column="active_contribution"),
            )
        row = ("factor_contributions", self.course, CASH_AND_STOPPED)
        if write.facts.row(*key) is None or not write.facts.has(*row):
            return ""
        return write(
            "sleeve.stopped",
            stock=self._stock_name(ticker),
            weight=write.percent(*key, column="weight_end", signed=False),
            date=write.messages.date(note.values["date"]),
            contribution=write.percent(*row, column="contribution"),
        )

    def _sectors(self) -> str:
        """Allocation, selection and interaction: totals, extremes, and what of the largest is beyond doubt."""
        write, course = self.write, self.course
        frame = write.facts.of("brinson", course=course)
        if frame.empty:
            return ""
        totals = {effect: write.points("brinson", course, None, column=effect) for effect in EFFECTS}
        sentences = [write("sectors.effects", **totals)]
        proxy = frame[frame["group"] == PROXY]
        if len(proxy) and abs(float(proxy["selection"].iloc[0])) >= LEAST_DRIVER:
            contribution = write.points("brinson", course, PROXY, column="selection")
            sentences.append(write("sectors.proxy", contribution=contribution))
        groups = frame[~frame["group"].isin(NOT_STOCKS.keys() - {CASH})]
        for effect in ("allocation", "selection"):
            ranked = groups[groups[effect].abs() >= LEAST_DRIVER].sort_values(effect, ascending=False, kind="stable")
            if len(ranked) > 1:
                best, worst = (self._effect(ranked.iloc[place], effect) for place in (0, -1))
                sentences.append(write(f"sectors.{effect}", best=best, worst=worst))
        largest = max(EFFECTS, key=lambda effect: abs(float(frame[effect].sum())))
        families = write.facts.of("brinson_families", course=course, effect=largest)
        if len(families):
            certain = families[clear(families, "contribution") & (families["family"] != FAMILIES[-1])]  # nearly all observed
            items = [
                write(
                    "sectors.family",
                    name=write(f"groups.{family}"),
                    number=write.points("brinson_families", course, largest, family, column="contribution"),
                )
                for family in certain["family"]
            ]
            if items:
                sentences.append(write(f"sectors.families_{largest}", families=write.join(items)))
        return write.paragraph(sentences)

    def _effect(self, row: pd.Series, effect: str) -> str:
        write, key = self.write, ("brinson", self.course, str(row["group"]))
        values = {"group": write.factor(str(row["group"])), "effect": write.points(*key, column=effect)}
        kind = "weight" if effect == "allocation" else "return"
        sides = [f"portfolio_{kind}", f"benchmark_{kind}"]
        if row[sides].isna().any():
            return write("sectors.bare", **values)
        own, other = (write.percent(*key, column=side, signed=kind == "return") for side in sides)
        return write(f"sectors.{effect}_of", own=own, other=other, **values)

    def _stocks(self) -> list[str]:
        """The stocks that helped and hurt the excess most."""
        write = self.write
        frame = write.facts.of("stock_contributions", course=self.course)
        if frame.empty:
            return []
        frame = frame[~no_stocks(frame["ticker"]) & (frame["active_contribution"].abs() >= LEAST_DRIVER)]
        frame = frame.sort_values("active_contribution", ascending=False, kind="stable")
        best = frame[frame["active_contribution"] > 0].head(SHOWN_STOCKS)
        worst = frame[frame["active_contribution"] < 0][::-1].head(SHOWN_STOCKS)
        cells = write.facts.of("stock_factor", course=self.course)
        blocks: list[str] = []
        for side, part in (("best", best), ("worst", worst)):
            if len(part):
                blocks += [write(f"stocks.{side}"), bullets(self._stock(row, cells) for _, row in part.iterrows())]
        return blocks

    def _stock(self, row: pd.Series, cells: pd.DataFrame) -> str:
        write, ticker = self.write, str(row["ticker"])
        key = ("stock_contributions", self.course, ticker)
        values = {
            "stock": self._stock_name(ticker),
            "return": write.percent(*key, column="return"),
            "contribution": write.percent(*key, column="active_contribution"),
            "behind": self._behind(ticker, cells),
        }
        weights = {"start": "weight_start", "end": "weight_end"}
        if not row["held"]:
            return write("stocks.not_held", **values)
        return write(
            "stocks.held",
            **values,
            **{name: write.percent(*key, column=column, signed=False) for name, column in weights.items()},
        )

    def _rules(self) -> str:
        """What the rules of the strategy brought: the score alone, then those that mattered, the largest first."""
        write, frame = self.write, self.write.facts.of("rules", course=self.course)
        if frame.empty:
            return ""
        known = rung_rules(write.book, self.course)

        def told(rung: str, wording: str) -> str:
            number = write.points("rules", self.course, rung, column="contribution")
            return write(f"ladder.{wording}", rule=rung_name(rung, known, write.messages), number=number)

        by_rung = frame.set_index("rung")["contribution"]
        sentences = [told(SCORE, "score")] if SCORE in by_rung.index else []
        of_rules = by_rung[by_rung.index.isin(list(known))]
        matter = of_rules[of_rules.abs() >= MATERIAL_RULE].sort_values(key=abs, ascending=False, kind="stable")
        sentences += [told(str(rung), "cost" if value < 0 else "brought") for rung, value in matter.items()]
        if matter.empty:
            sentences.append(write("ladder.none"))
        if LIST in by_rung.index and abs(by_rung[LIST]) >= MATERIAL_RULE:
            sentences.append(told(LIST, "list"))
        return write.paragraph(sentences)

    def _stock_name(self, ticker: str) -> str:
        """A stock's ticker with its name, where it has one."""
        write, row = self.write, self.write.facts.row("stock_contributions", self.course, ticker)
        known = "" if row is None or not isinstance(row["name"], str) else row["name"]
        name = write.names.get(ticker) or known
        return write("stocks.name", ticker=plain(ticker), name=plain(name)) if name not in ("", ticker) else plain(ticker)

    def _behind(self, ticker: str, cells: pd.DataFrame) -> str:
        """What a stock's contribution consists of: the specific part and the largest factor."""
        write = self.write
        if cells.empty:
            return ""
        own = cells[(cells["ticker"] == ticker) & (cells["contribution"].abs() >= LEAST_DRIVER)]
        factors = own[~own["factor"].isin(NOT_FACTORS)]
        specific = (own["factor"] == "specific").any()
        values = {}
        if specific:
            values["specific"] = write.percent("stock_factor", self.course, ticker, "specific", column="contribution")
        if len(factors):
            largest = str(factors.loc[factors["contribution"].abs().idxmax(), "factor"])
            values["factor"] = write.factor(largest)
            values["number"] = write.percent("stock_factor", self.course, ticker, largest, column="contribution")
        if not values:
            return ""
        wording = "" if len(values) == 3 else "_specific" if specific else "_factor"
        return write(f"stocks.behind{wording}", **values)
