"""`result.plot`: figures of one attribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.cube import Cube
from attribution.house_style.drawing.bars import Bar, bar_panels
from attribution.house_style.drawing.contributions import brinson_chart, contribution_bars
from attribution.house_style.drawing.exposures import dumbbells
from attribution.house_style.drawing.fonts import legible
from attribution.house_style.drawing.lines import paths
from attribution.house_style.drawing.waterfall import ends_told, waterfall, waterfall_steps
from attribution.house_style.numbers import NegativeStyle
from attribution.house_style.words import Messages
from attribution.portfolio.settings.sections import Negative
from attribution.rows import CASH
from riskmodel.arrays.labels import require_count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOTAL = "(total)"  # the sum of the lines, which is no factor


class Drawn(Protocol):
    """What is drawn of a result: `attribution.AttributionResult`, which hands itself over and is above this."""

    @property
    def course(self) -> str: ...
    @property
    def benchmark(self) -> str: ...
    @property
    def portfolio_return(self) -> float: ...
    @property
    def benchmark_return(self) -> float: ...
    @property
    def factors(self) -> pd.DataFrame: ...
    @property
    def stocks(self) -> pd.DataFrame: ...
    @property
    def active_exposures(self) -> xr.DataArray: ...
    @property
    def cube(self) -> Cube: ...
    def messages(self, language: str) -> Messages: ...
    def group(self, factor: str) -> str: ...
    def with_errors(self, *cuts: str) -> pd.DataFrame: ...
    def path(self, *cuts: str) -> pd.DataFrame: ...
    def brinson(self, *groupings: str) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Plots:
    """Figures of one attribution. They are returned, and drawn by whoever asked; `lang` is "en" or "ja"."""

    result: Drawn

    def __repr__(self) -> str:
        names = ", ".join(f"{name}()" for name in vars(type(self)) if not name.startswith("_") and name != "result")
        return f"Figures of {self.result.course}: {names}"

    def factors(self, lang: str = "en") -> Figure:
        """Contributions by factor, with whiskers of two standard errors."""
        messages = self.result.messages(lang)
        label = messages("charts.contributions", name=self.result.course)
        return legible(bar_panels(contribution_bars(self.result.factors, messages), _style(lang), label, shared=True))

    def waterfall(self, lang: str = "en", *, styles: int = 8) -> Figure:
        """From the benchmark's return to the course's: market, sectors, the largest styles one by one, specific, the others.

        Parameters
        ----------
        lang
            "en" or "ja".
        styles
            How many of the largest styles stand alone; the others are one step.
        """
        messages, result = self.result.messages(lang), self.result
        require_count("styles", styles, 0)
        groups = result.with_errors("group").reset_index()
        steps = waterfall_steps(result.factors, groups, messages, styles=styles)
        start, end = Bar(result.benchmark, result.benchmark_return), Bar(result.course, result.portfolio_return)
        label = ends_told(start, end, messages, _style(lang))
        return legible(waterfall(steps, start, end, _style(lang), label, difference=messages("charts.excess")))

    def exposures(self, lang: str = "en") -> Figure:
        """Active exposures to the styles on the last day of the period (filled) against the first (hollow)."""
        messages, result = self.result.messages(lang), self.result
        ends = result.active_exposures.isel(time=[0, -1]).transpose("factor", "time").to_pandas()
        ends = ends.set_axis(["before", "now"], axis=1).loc[[f for f in ends.index if result.group(str(f)) == "style"]]
        panels = [(result.course, ends.rename(index=lambda f: messages.factor(str(f))))]
        return legible(dumbbells(panels, _style(lang), messages("charts.exposures_of_period", name=result.course)))

    def brinson(self, lang: str = "en", *, grouping: str = "sector") -> Figure:
        """Allocation, selection and interaction by group.

        Parameters
        ----------
        lang
            "en" or "ja".
        grouping
            A column of `securities`, as for `AttributionResult.brinson`.
        """
        messages, result = self.result.messages(lang), self.result
        label = messages("charts.brinson", name=result.course)
        return legible(brinson_chart(result.brinson(grouping), messages, _style(lang), label))

    def path(self, lang: str = "en", *, largest: int = 6) -> Figure:
        """Contributions to date by factor, day by day, and the excess return that they add to.

        Parameters
        ----------
        lang
            "en" or "ja".
        largest
            How many factors are named, those that end furthest from zero.
        """
        messages, result = self.result.messages(lang), self.result
        require_count("largest", largest)
        frame = result.path("factor")
        named = frame.iloc[-1].abs().sort_values(ascending=False, kind="stable").index[:largest]
        names = {str(factor): messages.factor(str(factor)) for factor in named} | {TOTAL: messages("charts.excess")}
        frame = pd.concat([frame, frame.sum(axis=1).rename(TOTAL)], axis=1)
        label = messages("charts.path", name=result.course)
        return legible(paths(frame, names, _style(lang), label, messages, total=TOTAL))

    def stocks(self, lang: str = "en", *, largest: int = 10) -> Figure:
        """Contributions to the excess return of the stocks that helped most and of those that hurt most.

        Parameters
        ----------
        lang
            "en" or "ja".
        largest
            How many on either side; fewer where there are not as many.
        """
        messages, result = self.result.messages(lang), self.result
        require_count("largest", largest)
        frame = result.stocks
        frame = frame[(frame["ticker"] != CASH) & ~frame["ticker"].str.match(r"\(.*\)$")]
        frame = frame.sort_values("active_contribution", ascending=False, kind="stable")
        if lang == "ja":
            japanese = result.cube.securities["name_ja"].to_series().reindex(frame["ticker"]).fillna("").to_numpy()
            frame = frame.assign(name=np.where(japanese == "", frame["name"], japanese))
        bars = [
            Bar(f"{ticker} – {name}" if name else str(ticker), value)
            for ticker, name, value in zip(frame["ticker"], frame["name"], frame["active_contribution"], strict=True)
        ]
        helped = [bar for bar in bars if bar.value > 0][:largest]
        hurt = [bar for bar in bars if bar.value < 0][-largest:]
        panels = [[side for side in (helped, hurt) if side] or [bars[:largest]]]
        label = messages("charts.stocks", name=result.course)
        return legible(bar_panels(panels, _style(lang), label, shared=True))


def _style(language: str) -> NegativeStyle:
    return Negative().ja if language == "ja" else Negative().en
