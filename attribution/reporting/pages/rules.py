"""The section on strategies: what each of their rules cost, by family of factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.reporting.pages.cells import PRINTED
from attribution.reporting.pages.rows import of_course, records
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.rungs import rung_name, rung_rules
from attribution.rows import FAMILIES, SCORE

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

Row = dict[str, Any]


@dataclass(frozen=True)
class RulesView:
    """The ladder of one course.

    Attributes
    ----------
    course, name
        As the tables and the page call it.
    rows
        Of the table `rules`, with `label` and `families`, family -> contribution; but for what earned nothing and is no
        rule, such as fees where there are none.
    families
        That any rung has something of.
    totals
        Family -> sum over the rungs.
    excess
        What the rungs add up to.
    """

    course: str
    name: str
    rows: list[Row]
    families: list[str]
    totals: dict[str, float]
    excess: float


def rules_section(content: Content, words: PageWords) -> list[RulesView]:
    """A ladder for each sleeve that a strategy makes."""
    alone = {result.course: key for key, result in content.sleeves.items()}
    return [_view(content, words, course, alone[course]) for course in content.rules if course in alone]


def _view(content: Content, words: PageWords, course: str, sleeve: str) -> RulesView:
    costs, rules = content.rules[course], rung_rules(content.book, course)
    families = costs.by("group").unstack("group")
    here = [family for family in FAMILIES if family in families and (families[family].abs() >= PRINTED).any()]
    frame = of_course(content.tables["rules"], course)
    frame = frame[(frame["contribution"] != 0) | frame["rung"].isin([SCORE, *rules])]
    rows = [
        {
            **row,
            "label": rung_name(row["rung"], rules, words.messages),
            "families": {family: float(families.loc[row["rung"], family]) for family in here},
        }
        for row in records(frame)
    ]
    totals = {family: float(families[family].sum()) for family in here}
    return RulesView(course, words.sleeve(sleeve), rows, here, totals, costs.excess_return)
