"""A course's charts in the workbook: contributions by factor, and the way from its benchmark's return to its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from attribution.house_style.drawing.canvas import TOTAL
from attribution.reporting.workbook.cells import HEADING_HEIGHT
from attribution.reporting.workbook.charts import (  # fmt: skip
    COURSE,
    FIRST,
    NUMBERS,
    Drawing,
    bar_chart,
    cell,
    chart_sheet,
    insert,
    number,
    ordered,
)
from attribution.rows import WEIGHTED

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart
    from xlsxwriter.worksheet import Worksheet

FloatArray = npt.NDArray[np.float64]


def add_course(drawing: Drawing, sheet_name: str, course: str, benchmark_return: float, note: str = "") -> None:
    """Add a course's sheet of charts: contributions by factor, and the way from the benchmark's return to the course's.

    Parameters
    ----------
    drawing
        Where and how; its tables hold the course.
    sheet_name
        Name of the sheet.
    course
        Name of the course in the tables.
    benchmark_return
        Used where the ranking does not have the course.
    note
        What is to be said of the sheet's numbers, such as that exposures are estimated.
    """
    sheet = chart_sheet(drawing, sheet_name, drawing.words("course_title", course=course))
    placed = drawing.placed["factor_contributions"]
    frame = placed.frame[placed.frame["course"] == course]
    sheet.write_string(1, NUMBERS, drawing.messages.table["columns"]["course"], drawing.styles("column"))
    sheet.write_string(1, NUMBERS + 1, drawing.styles.text(course))
    bars = ordered(frame, "contribution", drawing.messages.sectors)
    title = drawing.words("contribution_chart", course=course)
    if note:
        sheet.write_string(0, NUMBERS, drawing.styles.text(note))
    row = insert(sheet, 1, title, *bar_chart(drawing, sheet, title, placed, bars, "contribution", {"course": COURSE}))
    insert(sheet, row, *_waterfall(drawing, sheet, FIRST + len(bars) + 3, course, frame, benchmark_return), 460)


@dataclass(frozen=True)
class Step:
    """A step of a waterfall: the label of its rows, the column that holds it (none for a total) and its value."""

    label: str
    name: str
    key: str
    value: float


def _waterfall(
    drawing: Drawing, sheet: Worksheet, top: int, course: str, frame: pd.DataFrame, benchmark_return: float
) -> tuple[str, Chart]:
    """Write the steps from the benchmark's return to the course's, and draw them as stacked columns.

    A step from one level to the next is an unseen column up to whichever is nearer to zero, and beyond it the part that is
    seen; a step that crosses zero has a part on either side. All of it is formulas.
    """
    styles, columns = drawing.styles, drawing.messages.table["columns"]
    steps = _steps(drawing, frame, benchmark_return)
    levels = np.cumsum([step.value for step in steps[:-1]])
    bounds = _bounds(levels)
    title = drawing.words("waterfall_chart", course=course) + (drawing.words("from_above_zero") if bounds else "")
    sheet.write_string(top - 2, NUMBERS, title, styles("column"))
    sheet.set_row(top - 1, HEADING_HEIGHT)
    below = drawing.words("below")
    headings = [columns["label"], drawing.words("name"), columns["contribution"]]
    headings += [
        drawing.words(key) for key in ("start", "end", "gap", "total", "positive", "positive", "negative", "negative")
    ]
    headings[8] += below
    headings[10] += below
    for place, text in enumerate(headings):
        sheet.write_string(top - 1, NUMBERS + place, text, styles("heading"))
    level = 0.0
    for row, step in enumerate(steps, top):
        level = _write_step(drawing, sheet, row, course, step, level)
    return title, _stacked(drawing, sheet, top, top + len(steps) - 1, bounds)


def _bounds(levels: FloatArray) -> dict[str, float]:
    """Ends of the axis where steps would be lost beside totals drawn from zero; otherwise none."""
    low, high = float(levels.min()), float(levels.max())
    air = (high - low) / 4 or 0.001
    if low - air <= 0 <= high + air or high - low > max(abs(low), abs(high)) / 3:
        return {}
    return {"min": math.floor((low - air) * 200) / 200, "max": math.ceil((high + air) * 200) / 200}


def _write_step(drawing: Drawing, sheet: Worksheet, row: int, course: str, step: Step, before: float) -> float:
    """Write a row of a waterfall; tells the level it ends at."""
    styles, total = drawing.styles, not step.key
    start, end = (0.0, step.value) if total else (before, before + step.value)
    size, begins, ends = (cell(row, place) for place in (2, 3, 4))
    lower, upper = f"MIN({begins},{ends})", f"MAX({begins},{ends})"
    low, high = min(start, end), max(start, end)
    above, beneath = f"MAX(0,{upper})-MAX(0,{lower})", f"MIN(0,{lower})-MIN(0,{upper})"
    up, down = max(0.0, high) - max(0.0, low), min(0.0, low) - min(0.0, high)
    cells: list[tuple[str, float]] = [
        (_source(drawing, course, step, row), step.value),
        ("0" if total else cell(row - 1, 4), start),
        (f"{begins}+{size}", end),
    ]
    if total:
        cells += [("0", 0.0), (size, step.value), *[("0", 0.0)] * 4]
    else:
        cells += [(f"MAX(0,{lower})+MIN(0,{upper})", max(0.0, low) + min(0.0, high)), ("0", 0.0)]
        for sign, seen in ((">=", step.value >= 0), ("<", step.value < 0)):
            for formula, part in ((above, up), (beneath, down)):
                cells.append((f"IF({size}{sign}0,{formula},0)", part if seen else 0.0))
    sheet.write_string(row, NUMBERS, styles.text(step.label), styles("column"))
    sheet.write_string(row, NUMBERS + 1, styles.text(step.name))
    for place, (formula, value) in enumerate(cells, NUMBERS + 2):
        sheet.write_formula(row, place, f"={formula}", styles("percent"), value)
    return end


def _source(drawing: Drawing, course: str, step: Step, row: int) -> str:
    """The formula that finds a step's value in the tables; a number where the ranking lacks the course."""
    if step.key:
        return drawing.placed["factor_contributions"].lookup("contribution", course=COURSE, **{step.key: cell(row, 0)})
    if drawing.has("performance") and course in set(drawing.placed["performance"].frame["course"]):
        return drawing.placed["performance"].lookup(step.label, course=COURSE)
    return repr(step.value)


def _steps(drawing: Drawing, frame: pd.DataFrame, benchmark_return: float) -> list[Step]:
    """Benchmark, market, sectors, styles from the largest, specific, others, course."""
    messages = drawing.messages
    groups = frame.groupby("group")["contribution"].sum()
    styles = frame[frame["group"] == "style"].sort_values("contribution", ascending=False, kind="stable")

    def parts(*names: str) -> list[Step]:
        return [Step(g, messages.name("groups", g), "group", float(groups[g])) for g in names if g in groups.index]

    return [
        Step("benchmark_return", messages("columns.benchmark_return"), "", benchmark_return),
        *parts(*WEIGHTED),
        *(
            Step(str(r.factor), messages.factor(str(r.factor)), "factor", number(r.contribution))
            for r in styles.itertuples()
        ),
        *parts("specific", "other"),
        Step("return", messages("workbook.course_return"), "", float(groups.sum()) + benchmark_return),
    ]


def _stacked(drawing: Drawing, sheet: Worksheet, top: int, bottom: int, bounds: dict[str, float]) -> Chart:
    chart = drawing.chart("column", sheet, (top - 2, NUMBERS), subtype="stacked")
    here = sheet.get_name()
    gain, loss = drawing.styles.palette.gain, drawing.styles.palette.loss
    colours = {5: None, 6: TOTAL, 7: gain, 8: gain, 9: loss, 10: loss}
    for place, colour in colours.items():
        chart.add_series(
            {
                "name": [here, top - 1, NUMBERS + place],
                "categories": [here, top, NUMBERS + 1, bottom, NUMBERS + 1],
                "values": [here, top, NUMBERS + place, bottom, NUMBERS + place],
                "fill": {"color": colour} if colour else {"none": True},
                "border": {"none": True},
                "gap": 35,
            }
        )
    chart.set_legend({"position": "bottom", "delete_series": [0, 3, 5]})
    chart.set_x_axis({"label_position": "low", "num_font": {"size": 9, "rotation": -45}})
    chart.set_y_axis(drawing.percent_axis() | bounds)
    return chart
