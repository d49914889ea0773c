"""Bars of contributions by factor and of Brinson effects by group."""

from __future__ import annotations

from math import inf

import pandas as pd

from attribution.house_style.drawing.bars import Bar, multiples, sorted_bars
from attribution.house_style.drawing.canvas import WIDTH, Drawing
from attribution.house_style.numbers import NegativeStyle
from attribution.house_style.words import Messages
from attribution.rows import CASH, EFFECTS, FAMILIES

LARGEST = 10  # rows of small multiples before the others are one
LEAST = 0.05  # of the largest row: smaller ones are one


def contribution_bars(frame: pd.DataFrame, messages: Messages) -> list[list[list[Bar]]]:
    """The panels of a factor-contribution chart: the styles by size; the other groups in order; what is no factor last.

    Sectors that have an order of their own keep it. What is no factor stands in the panel of fewer rows.

    `frame` has factor, group, contribution, standard_error.
    """
    of = {name: factor_bars(frame[frame["group"] == name], messages) for name in FAMILIES}
    sectors = of["sector"] if messages.sectors else sorted_bars(of["sector"])
    rest = [of["market"], largest(of["country"], messages), sectors, largest(of["industry"], messages)]
    rest += [largest(of["currency"], messages)]
    panels = [[sorted_bars(of["style"])], rest]
    min(reversed(panels), key=lambda panel: sum(map(len, panel))).append(of["specific"] + of["other"])
    panels = [[part for part in panel if part] for panel in panels if any(panel)]
    least = LEAST * max((abs(bar.value) for panel in panels for part in panel for bar in part), default=0.0)
    return [gathered(panel, least, messages) for panel in panels]


def gathered(panel: list[list[Bar]], least: float, messages: Messages) -> list[list[Bar]]:
    """A panel whose rows smaller than `least` are one, the last, whose error is not known; a single one stays."""
    small = [bar for part in panel for bar in part if abs(bar.value) < least]
    if len(small) < 2:
        return panel
    shown = [[bar for bar in part if not abs(bar.value) < least] for part in panel]
    row = Bar(messages("charts.others", count=len(small)), sum(bar.value for bar in small), inf)
    return [*(part for part in shown if part), [row]]


def largest(bars: list[Bar], messages: Messages) -> list[Bar]:
    """The largest of many bars by size, and the sum of the others, whose error is not known from theirs."""
    ordered = sorted(bars, key=lambda bar: -abs(bar.value))
    shown, others = ordered[:LARGEST], ordered[LARGEST:]
    label = messages("charts.others", count=len(others))
    return sorted_bars(shown) + [Bar(label, sum(bar.value for bar in others), inf)] * bool(others)


def brinson_chart(
    frame: pd.DataFrame, messages: Messages, style: NegativeStyle, label: str, *, width: float = WIDTH
) -> Drawing:
    """Brinson effects, a panel each and one for their sum, rows by sum, the totals last; `frame` is a table `brinson`."""
    effects = [effect for effect in EFFECTS if effect in frame]
    values = frame.set_index("group")[effects]
    values = values[(values != 0).any(axis=1)]
    values = values.assign(total=values.sum(axis=1))
    if not messages.sectors:
        values = values.sort_values("total", ascending=False, kind="stable")
    values = values.loc[sorted(values.index, key=beside_groups)]
    sums = values.sum()
    panels = [
        (messages(f"charts.{name}"), [*(Bar("", x) for x in values[name]), Bar("", float(sums[name]), total=True)])
        for name in values.columns
    ]
    rows = [group_label(str(name), messages) for name in values.index]
    return multiples([*rows, messages("charts.total")], panels, style, label, width=width)


def factor_bars(frame: pd.DataFrame, messages: Messages, column: str = "contribution") -> list[Bar]:
    names = messages.factors_in_short(list(map(str, frame["factor"])))
    return [Bar(*row) for row in zip(names, frame[column], frame["standard_error"], strict=True)]


def beside_groups(label: str) -> bool:
    """Whether a row of a Brinson table is no group of stocks: cash, the proxy and their like."""
    return label == CASH or label.startswith("(")


def group_label(label: str, messages: Messages) -> str:
    """The name of a row of a Brinson table; what is no group of stocks is named like its factor row."""
    return messages.factor(label.strip("()").lower() if beside_groups(label) else label)
