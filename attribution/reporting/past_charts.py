"""The figures of a sleeve through time, each from a table of its own, with what it says in words."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from attribution.house_style.drawing.canvas import NARROW, Drawing
from attribution.house_style.drawing.contributions import beside_groups, group_label
from attribution.house_style.drawing.exposures import dumbbells
from attribution.house_style.drawing.lines import drawdown_lines, paths
from attribution.house_style.drawing.months import forecast_dots, month_columns
from attribution.house_style.numbers import NegativeStyle, number, percent
from attribution.house_style.words import Messages
from attribution.reporting.chart_texts import TOLD, course_name, rows_of, totals

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

NAMED = 4  # factors of the paths that have a name; the others are one line


def past_figures(tables: Mapping[str, pd.DataFrame], course: str) -> dict[str, Callable[..., Drawing]]:
    """How to draw what a sleeve did since it began, by name; without what nobody knows.

    Returns
    -------
    dict
        "drawdowns/COURSE", "past_exposures/COURSE", "past_contributions/COURSE", "sector_weights/COURSE",
        "past_errors/COURSE".
    """
    makers: dict[str, Callable[..., Drawing]] = {
        "drawdowns": drawdowns,
        "past_exposures": past_exposures,
        "past_contributions": past_contributions,
        "sector_weights": sector_weights,
        "past_errors": past_errors,
    }
    return {
        f"{name}/{course}": functools.partial(draw, course=course)
        for name, draw in makers.items()
        if (tables[name]["course"] == course).any()
    }


def drawdowns(content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = NARROW) -> Drawing:
    """How far a sleeve and its benchmark were below their peaks."""
    frame = rows_of(content, "drawdowns", course).set_index("date")
    depths = frame[["portfolio_drawdown", "benchmark_drawdown"]].set_axis(["portfolio", "benchmark"], axis=1)
    start, end = totals(content, messages, course=course)
    told = {
        f"{side}_{what}": text
        for side in depths
        for what, text in {
            "value": percent(float(depths[side].min()), style, unit="%"),
            "date": messages.date(depths[side].idxmin()),
            "now": percent(float(depths[side].iloc[-1]), style, unit="%"),
        }.items()
    }
    label = messages("charts.drawdowns", name=end.label, benchmark=start.label, **told)
    return drawdown_lines(depths, (end.label, start.label), style, label, messages, width=width)


def past_exposures(
    content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = NARROW
) -> Drawing:
    """A sleeve's active exposures to the styles at its month ends, those that it leans on most first."""
    frame = rows_of(content, "past_exposures", course)
    values = frame.pivot(index="date", columns="factor", values="active_exposure")
    values = values[values.iloc[-1].abs().sort_values(ascending=False, kind="stable").index]
    values.index = pd.DatetimeIndex(values.index).to_period("M")
    values = values.rename(columns=messages.factor)
    label = messages("charts.past_exposures", name=course_name(content, course, messages), count=len(values))
    largest = values.iloc[-1].dropna().head(TOLD)
    told = [label, _items("charts.largest", [(str(k), number(v, style, signed=True)) for k, v in largest.items()], messages)]
    steps = values.diff()
    if steps.notna().any(axis=None):
        month, factor = steps.abs().stack().idxmax()
        place = values.index.get_loc(month)
        before, after = (number(float(values[factor].iloc[at]), style, signed=True) for at in (place - 1, place))
        moved = {"factor": factor, "month": messages.date(month.start_time, "month"), "before": before, "after": after}
        told.append(messages("charts.moved", **moved))
    return month_columns(values, style, _joined(told, messages), messages, width=width)


def past_contributions(
    content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = NARROW
) -> Drawing:
    """What the factors added up to since inception: the largest, all others as one line, and the excess return."""
    frame = rows_of(content, "past_contributions", course)
    values = frame.pivot(index="date", columns="factor", values="contribution")
    last = values.iloc[-1]
    largest = last.loc[last.abs().sort_values(ascending=False, kind="stable").index[:NAMED]]
    largest = largest[largest != 0].sort_values(ascending=False, kind="stable")
    begun = rows_of(content, "drawdowns", course)["date"].iloc[0]  # the lines start with the sleeve, not with a month's end
    levels = values[largest.index].rename(columns=messages.factor)
    rest, excess = messages("charts.rest"), messages("charts.excess")
    levels = levels.assign(**{rest: values.drop(columns=largest.index).sum(axis=1), excess: values.sum(axis=1)})
    start = pd.DataFrame(0.0, [begun], levels.columns) if begun < levels.index[0] else levels.iloc[:0]
    levels = pd.concat([start, levels])
    ends = [(str(name), percent(float(levels[name].iloc[-1]), style, signed=True, unit="%")) for name in levels]
    label = messages("charts.past_contributions", name=course_name(content, course, messages), excess=ends[-1][1])
    label = _joined([label, _items("charts.values", ends[:-1], messages)], messages)
    short = messages.factors_in_short(list(map(str, largest.index)))
    names = dict(zip(levels, [*short, rest, excess], strict=True))
    return paths(levels, names, style, label, messages, total=excess, width=width)


def sector_weights(
    content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = NARROW
) -> Drawing:
    """A sleeve's weights by sector at month end against its benchmark's."""
    frame = rows_of(content, "sector_weights", course).set_index("sector")
    if not messages.sectors:
        frame = frame.sort_values("active_weight", ascending=False, kind="stable")
    frame = frame.loc[sorted(frame.index, key=beside_groups)]
    start, end = totals(content, messages, course=course)
    label = messages("charts.sector_weights", name=end.label, benchmark=start.label)
    sectors = [label for label in frame.index if not beside_groups(str(label))]
    active = frame.loc[sectors, "active_weight"].rename(index=messages.factor).sort_values(ascending=False, kind="stable")
    told = {"over": active[active > 0].head(TOLD), "under": active[active < 0][::-1].head(TOLD)}
    texts = [
        _items(f"charts.{side}", [(str(k), percent(v, style, signed=True, unit="%")) for k, v in part.items()], messages)
        for side, part in told.items()
        if len(part)
    ]
    frame = frame.rename(index=lambda sector: group_label(str(sector), messages))
    pairs = frame.rename(columns={"benchmark_weight": "before", "portfolio_weight": "now"})[["before", "now"]]
    return dumbbells([(end.label, pairs)], style, _joined([label, *texts], messages), width=width, weights=True)


def past_errors(
    content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = NARROW
) -> Drawing:
    """A sleeve's tracking error by month, as forecast before it and as realised."""
    frame = rows_of(content, "past_errors", course)
    values = frame.set_index(pd.PeriodIndex(frame["month"], freq="M"))
    values = values[["forecast", "realised", "forecast_low", "forecast_high"]]
    known = values.dropna()
    inside = (known["realised"] >= known["forecast_low"]) & (known["realised"] <= known["forecast_high"])
    label = messages("charts.past_errors", name=course_name(content, course, messages))
    told = [label, messages("charts.inside", inside=int(inside.sum()), count=len(known))]
    if len(known) and np.isfinite(values["forecast"].iloc[-1]):
        last = {name: percent(float(values[name].iloc[-1]), style, unit="%") for name in ("forecast", "realised")}
        told.append(messages("charts.last_error", **last))
    return forecast_dots(values, style, _joined(told, messages), messages, width=width)


def _items(key: str, items: list[tuple[str, str]], messages: Messages) -> str:
    return messages(key, items=messages("words.comma").join(f"{name} {value}" for name, value in items))


def _joined(sentences: list[str], messages: Messages) -> str:
    return messages("words.sentence_gap").join(sentences)
