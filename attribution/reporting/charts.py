"""The figures of a month, each from the report's tables."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from attribution.house_style.colours import painted
from attribution.house_style.drawing.against import against
from attribution.house_style.drawing.bars import Bar, bar_panels, draw_dot, multiples, sorted_bars
from attribution.house_style.drawing.canvas import NARROW, NEGATIVE, POSITIVE, WIDTH, Drawing, limits
from attribution.house_style.drawing.contributions import (
    LARGEST,
    brinson_chart,
    contribution_bars,
    factor_bars,
)
from attribution.house_style.drawing.exposures import dumbbells
from attribution.house_style.drawing.fonts import legible
from attribution.house_style.drawing.lines import cumulative_lines
from attribution.house_style.drawing.small import in_lines
from attribution.house_style.drawing.waterfall import bridge_steps, ends_told, waterfall, waterfall_steps
from attribution.house_style.numbers import NegativeStyle
from attribution.house_style.words import Messages
from attribution.reporting.chart_texts import (
    against_label,
    course_name,
    exposures_label,
    rows_of,
    totals,
    with_ends,
    with_largest,
    with_values,
)
from attribution.reporting.past_charts import past_figures
from attribution.reporting.tables.rungs import rung_name, rung_rules
from attribution.rows import EFFECTS, FAMILIES, GROUPS, LONG

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from attribution.reporting.tables.content import Content

MOST_LINES = 12  # of courses in one figure that are told apart
LINES_NAMED = 5  # at either end, of more
BRIDGE = 6  # steps of the short waterfall
NARROWED = (
    "cumulative", "three_months", "weeks", "factor_returns", "risk", "blends", "contributions", "waterfall", "rules",
    "brinson", "brinson_families",
)  # fmt: skip
PANELS = 15  # small multiples of one figure: three lines of five, which a page of A4 holds


def charts(content: Content, *, lang: str = "en") -> dict[str, Figure]:
    """All figures of a month by name, to be shown or saved by whoever asked.

    Parameters
    ----------
    content
        From `attribution.reporting.tables.content.build_content`.
    lang
        "en" or "ja".

    Returns
    -------
    dict
        The names of `month_figures`.

    Raises
    ------
    InputError
        For another language.
    """
    messages = content.messages(lang)
    style: NegativeStyle = getattr(content.book.report.negative, messages.language)
    made = month_figures(content, messages, style)
    return {name: legible(draw()) for name, draw in made.items()}


def month_figures(content: Content, messages: Messages, style: NegativeStyle) -> dict[str, Callable[..., Drawing]]:
    """How to draw each figure of a month, by name: each is drawn when it is called, one of `NARROWED` in any `width`.

    Returns
    -------
    dict
        cumulative, three_months (where the history is long enough), weeks (where the report has indices), factor_returns,
        exposures, risk (where it is forecast), blends (where there are any), and for each course, or sleeve
        without one, "against/COURSE", "bridge/COURSE", "waterfall/COURSE", "brinson/COURSE", "brinson_families/COURSE",
        where a strategy makes it "rules/COURSE", for each sleeve "contributions/COURSE" and the
        names of `attribution.reporting.past_charts.past_figures`.
        Of risk and blends with more courses than a page has room for, "risk/2" and so on go on with the next ones.
    """
    tables = content.tables
    alone = [result.course for result in content.sleeves.values()]
    blends = [course for course in content.results if course not in alone]
    always = _always(content)
    makers: dict[str, Callable[..., Drawing]] = {"cumulative": functools.partial(cumulative, window="itd")}
    if bool(tables["cumulative"]["three_months"].notna().any()):
        makers["three_months"] = functools.partial(cumulative, window="three_months")
    if len(tables["index_weeks"].columns) > 2:
        makers["weeks"] = weeks
    makers["factor_returns"] = always["factor_returns"]
    makers["exposures"] = functools.partial(exposures, courses=alone)
    forecast = set(tables["risk_factors"]["course"])
    if forecast:
        every = dict.fromkeys([*content.results, *alone])
        makers |= _in_parts("risk", risk, [course for course in every if course in forecast])
    if blends:
        makers |= _in_parts("blends", contribution_multiples, blends)
    for course in dict.fromkeys([*content.results, *alone]):
        if course in alone:
            makers[f"contributions/{course}"] = functools.partial(contributions, course=course)
            makers |= past_figures(content.tables, course)
        makers |= {name: always[name] for name in (f"against/{course}", f"bridge/{course}")}
        makers[f"waterfall/{course}"] = functools.partial(course_waterfall, course=course)
        if course in content.rules:
            makers[f"rules/{course}"] = functools.partial(rules, course=course)
        if not (tables["brinson"]["course"] == course).any():  # of its benchmark only returns are known
            continue
        makers[f"brinson/{course}"] = functools.partial(brinson, course=course)
        makers[f"brinson_families/{course}"] = functools.partial(brinson_families, course=course)
    return _housed(makers, content, messages, style)


def client_figures(content: Content, messages: Messages, style: NegativeStyle) -> dict[str, Callable[..., Drawing]]:
    """Those of `month_figures` that every month has, and a client is shown: no table is asked whether it has them."""
    return _housed(_always(content), content, messages, style)


def _always(content: Content) -> dict[str, Callable[..., Drawing]]:
    every = dict.fromkeys([*content.results, *(result.course for result in content.sleeves.values())])
    of_courses = {"against": course_against, "bridge": bridge}
    made = {
        f"{name}/{course}": functools.partial(draw, course=course) for name, draw in of_courses.items() for course in every
    }
    return {"factor_returns": factor_returns, **made}


def _housed(
    makers: dict[str, Callable[..., Drawing]], content: Content, messages: Messages, style: NegativeStyle
) -> dict[str, Callable[..., Drawing]]:
    return {name: functools.partial(in_house, draw, content, messages, style) for name, draw in makers.items()}


def in_house(draw: Callable[..., Drawing], content: Content, *given: Any, **named: Any) -> Drawing:
    """A figure in the colours of the book."""
    stated = content.book.report.colours.stated
    uses = {POSITIVE: stated.get("gain"), NEGATIVE: stated.get("loss")}
    with painted({own: colour for own, colour in uses.items() if colour is not None}):
        return draw(content, *given, **named)


def cumulative(
    content: Content, messages: Messages, style: NegativeStyle, *, window: str = "itd", width: float = WIDTH
) -> Drawing:
    """Compounded returns of courses and of the sleeves' benchmarks; `window` is "itd" or "three_months"."""
    frame = content.tables["cumulative"]
    frame = frame[frame[window].notna()]
    days = pd.Index(frame["date"].unique()).sort_values()
    own = {content.book.sleeves[key].benchmark for key in content.sleeves}
    courses, benchmarks = (
        {
            str(name): part.set_index("date")["return"].reindex(days)  # one that begins later has no line before
            for name, part in frame[frame["kind"] == kind].groupby("name", sort=False)
        }
        for kind in ("course", "benchmark")
    )
    plain = {name: part for name, part in benchmarks.items() if name in own}
    courses, lines = (
        {str(messages.called(name)): part for name, part in each.items()} for each in (courses, plain or benchmarks)
    )
    named = None
    if len(courses) > MOST_LINES:
        ends = pd.Series({name: float((1 + part).prod()) for name, part in courses.items()}).sort_values(kind="stable").index
        named = {*ends[:LINES_NAMED], *ends[-LINES_NAMED:]}
    shown = courses | lines
    ends_of = [(name, float((1 + part).prod() - 1)) for name, part in shown.items()]
    label = with_values(messages(f"charts.cumulative_{window}"), ends_of, messages, style)
    return cumulative_lines(courses, lines, style, label, messages, named=named, width=width)


def week_name(first: pd.Timestamp, last: pd.Timestamp, messages: Messages) -> str:
    """The days of a week, one where it has one."""
    days = [messages.date(day, "short_date") for day in (first, last)]
    return days[0] if first == last else messages("words.span", first=days[0], last=days[1])


def weeks(content: Content, messages: Messages, style: NegativeStyle, *, width: float = WIDTH) -> Drawing:
    """Returns of the indices by week, and of the month."""
    frame, whole = content.tables["index_weeks"], content.tables["index_months"].set_index("index")["return"]
    names = [*(week_name(a, b, messages) for a, b in zip(frame["week_from"], frame["week_to"], strict=True))]
    panels = [
        (
            str(messages.called(index)),
            [*(Bar("", value) for value in frame[index]), Bar("", float(whole.get(index, np.nan)), total=True)],
        )
        for index in frame.columns[2:]
    ]
    ends = [(name, bars[-1].value) for name, bars in panels]
    label = with_values(messages("charts.weeks"), ends, messages, style)
    return multiples([*names, messages("charts.month")], panels, style, label, width=width)


def factor_returns(content: Content, messages: Messages, style: NegativeStyle, *, width: float = WIDTH) -> Drawing:
    """The month's factor returns: styles on the left, market, sectors and the like on the right, each on its own scale."""
    frame = content.tables["factor_month"]
    bars = {group: factor_bars(_furthest(frame[frame["group"] == group], group), messages, "return") for group in GROUPS}
    bars |= {group: sorted_bars(rows) for group, rows in bars.items() if group != "sector" or not messages.sectors}
    beside = [group for group in GROUPS if group not in ("industry", "style") and bars[group]]
    groups = [own for own in (["style"] * bool(bars["style"]), beside) if own]
    shown = [[bars[group] for group in own] for own in groups]
    headings = [messages.listed(messages.name("groups", group) for group in own) for own in groups]
    told = bars["style"] or [bar for group in beside for bar in bars[group]]
    label = with_ends(messages("charts.factor_returns"), told, messages, style)
    return bar_panels(shown, style, label, shared=False, headings=headings, mark=draw_dot, width=width)


def _furthest(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """All of a few factors, the ten with the largest returns of the groups that may have a hundred."""
    if group not in LONG:
        return frame
    return frame.loc[frame["return"].abs().sort_values(ascending=False, kind="stable").index[:LARGEST]]


def contributions(
    content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = WIDTH
) -> Drawing:
    """Contributions of factors to a course's excess return."""
    panels = contribution_bars(rows_of(content, "factor_contributions", course), messages)
    every = [bar for panel in panels for part in panel for bar in part]
    label = messages("charts.contributions", name=course_name(content, course, messages))
    label = with_largest(label, every, messages, style)
    return bar_panels(panels, style, label, shared=True, width=width)


def contribution_multiples(
    content: Content,
    messages: Messages,
    style: NegativeStyle,
    *,
    courses: Sequence[str],
    shown: Sequence[str],
    width: float = WIDTH,
) -> Drawing:
    """Contributions of the largest factors of `courses` to each shown course's excess return, side by side on one scale."""
    frames = {course: rows_of(content, "factor_contributions", course) for course in courses}
    return _largest(content, messages, style, frames, shown, "charts.excess", messages("charts.blends"), width)


def risk(
    content: Content,
    messages: Messages,
    style: NegativeStyle,
    *,
    courses: Sequence[str],
    shown: Sequence[str],
    width: float = WIDTH,
) -> Drawing:
    """Contributions of the largest factors of `courses` to each shown course's tracking error, on one scale."""
    frames = {course: rows_of(content, "risk_factors", course).assign(standard_error=0.0) for course in courses}
    return _largest(content, messages, style, frames, shown, "charts.tracking_error", messages("charts.risk"), width)


def course_waterfall(
    content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = WIDTH
) -> Drawing:
    """From the benchmark's return to the course's."""
    steps, start, end = waterfall_bars(content, messages, course=course)
    label = with_largest(ends_told(start, end, messages, style), steps, messages, style)
    return waterfall(steps, start, end, style, label, difference=messages("charts.excess"), width=width)


def bridge(content: Content, messages: Messages, style: NegativeStyle, *, course: str) -> Drawing:
    """From the benchmark's return to the course's in a few steps: the drivers, and all else."""
    steps, start, end = bridge_bars(content, messages, course=course)
    label = with_largest(ends_told(start, end, messages, style), steps, messages, style)
    return waterfall(steps, start, end, style, label, difference=messages("charts.excess"), width=NARROW)


def course_against(content: Content, messages: Messages, style: NegativeStyle, *, course: str) -> Drawing:
    """A course beside its benchmark since it began, and its excess return month by month."""
    portfolio, benchmark = content.history.sides(course)
    frame = rows_of(content, "periods", course)
    months = frame[frame["kind"] == "month"]
    excess = pd.Series(months["excess"].to_numpy(float), pd.PeriodIndex(months["period"], freq="M"))
    start, end = totals(content, messages, course=course)
    headings = (messages("charts.cumulative"), messages("charts.monthly_excess"))
    ends = [(end.label, float((1 + portfolio).prod() - 1)), (start.label, float((1 + benchmark).prod() - 1))]
    label = against_label(ends, excess, messages, style)
    daily = pd.DataFrame({"portfolio": portfolio, "benchmark": benchmark})
    return against(daily, excess, (end.label, start.label), headings, style, label, messages)


def waterfall_bars(content: Content, messages: Messages, *, course: str) -> tuple[list[Bar], Bar, Bar]:
    """The steps of a course's waterfall, its start and its end."""
    factors, groups = (rows_of(content, table, course) for table in ("factor_contributions", "group_contributions"))
    steps = waterfall_steps(factors, groups, messages, styles=len(factors))
    return steps, *totals(content, messages, course=course)


def bridge_bars(content: Content, messages: Messages, *, course: str) -> tuple[list[Bar], Bar, Bar]:
    """The steps of a course's short waterfall, its start and its end."""
    steps = bridge_steps(rows_of(content, "factor_contributions", course), messages, most=BRIDGE)
    return steps, *totals(content, messages, course=course)


def rules(content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = WIDTH) -> Drawing:
    """From nothing to the course's excess return, a rung of its strategies' ladder at a time."""
    frame, known = rows_of(content, "rules", course), rung_rules(content.book, course)
    steps = [Bar(rung_name(row.rung, known, messages), row.contribution) for row in frame.itertuples() if row.contribution]
    end = Bar(messages("rules_section.total"), content.rules[course].excess_return)
    label = messages("charts.rules", name=course_name(content, course, messages))
    label = with_largest(label, steps, messages, style)
    return waterfall(steps, Bar(messages("rules_section.start"), 0.0), end, style, label, width=width)


def exposures(
    content: Content, messages: Messages, style: NegativeStyle, *, courses: Sequence[str], width: float = WIDTH
) -> Drawing:
    """Active exposures to the styles at month end against the month before."""
    panels = []
    for course in courses:
        frame = rows_of(content, "exposures", course).set_index("factor")
        frame = frame.rename(columns={"active_before": "before", "active_exposure": "now"}, index=messages.factor)
        panels.append((course_name(content, course, messages), frame[["before", "now"]]))
    return dumbbells(panels, style, exposures_label(panels, messages, style), width=width)


def brinson(content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = WIDTH) -> Drawing:
    """Allocation, selection and interaction by sector, with their totals."""
    frame = rows_of(content, "brinson", course)
    sums = [(messages(f"charts.{effect}"), float(frame[effect].sum())) for effect in EFFECTS if effect in frame]
    label = messages("charts.brinson", name=course_name(content, course, messages))
    return brinson_chart(frame, messages, style, with_values(label, sums, messages, style), width=width)


def brinson_families(
    content: Content, messages: Messages, style: NegativeStyle, *, course: str, width: float = WIDTH
) -> Drawing:
    """What part of each Brinson effect is market, sectors, styles, specific and other, with whiskers."""
    frame = rows_of(content, "brinson_families", course)
    families = [name for name in FAMILIES if (frame["family"] == name).any()]
    rows = [*(messages.name("groups", name) for name in families), messages("charts.total")]
    panels, told = [], list[Bar]()
    for effect in (name for name in EFFECTS if (frame["effect"] == name).any()):
        part = frame[frame["effect"] == effect].set_index("family").reindex(families)
        bars = [Bar("", row.contribution, row.standard_error) for row in part.itertuples()]
        name = messages(f"charts.{effect}")
        told += [Bar(f"{name} ({family})", bar.value) for family, bar in zip(rows, bars, strict=False)]
        panels.append((name, [*bars, Bar("", float(part["contribution"].sum()), total=True)]))
    label = messages("charts.brinson_families", name=course_name(content, course, messages))
    return multiples(rows, panels, style, with_largest(label, told, messages, style), width=width)


def _in_parts(name: str, draw: Callable[..., Drawing], courses: Sequence[str]) -> dict[str, Callable[..., Drawing]]:
    """A figure of all courses as figures of some of them each, which have rows and scale in common."""
    return {
        name if place == 1 else f"{name}/{place}": functools.partial(draw, courses=courses, shown=shown)
        for place, shown in enumerate(in_lines(courses, PANELS), 1)
    }


def _largest(
    content: Content,
    messages: Messages,
    style: NegativeStyle,
    frames: dict[str, pd.DataFrame],
    shown: Sequence[str],
    total: str,
    label: str,
    width: float,
) -> Drawing:
    """Small multiples of contributions of shown courses: the largest factors of any, the others in one row, the sum."""
    values = pd.DataFrame({name: frame.set_index("factor")["contribution"] for name, frame in frames.items()})
    errors = pd.DataFrame({name: frame.set_index("factor")["standard_error"] for name, frame in frames.items()})
    order = values.abs().max(axis=1).sort_values(ascending=False, kind="stable").index
    first, rest = order[:LARGEST], order[LARGEST:]
    rows = messages.factors_in_short(list(map(str, first)))
    rows += [messages("charts.others", count=len(rest))] * bool(len(rest)) + [messages(total)]
    unknown = np.inf if (errors > 0).any(axis=None) else 0.0  # the error of the sum of the others
    panels = []
    for course in frames:
        bars = [Bar("", values.loc[name, course], errors.loc[name, course]) for name in first]
        bars += [Bar("", float(values.loc[rest, course].sum()), unknown)] * bool(len(rest))
        panels.append((str(messages.called(course)), [*bars, Bar("", float(values[course].sum()), total=True)]))
    scale = limits([bar.ends for _, bars in panels for bar in bars])
    drawn = [panel for course, panel in zip(frames, panels, strict=True) if course in shown]
    label = with_values(label, [(name, bars[-1].value) for name, bars in drawn], messages, style)
    return multiples(rows, drawn, style, label, scale=scale, width=width)
