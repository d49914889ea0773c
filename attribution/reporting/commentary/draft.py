"""A month's commentary as a draft to edit: facts as sentences, every figure a link to its table, row and column."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from attribution.measures.limits import Limit
from attribution.portfolio.book import Book
from attribution.reporting.commentary.risk import risk_blocks
from attribution.reporting.commentary.sleeve import SleeveCommentary
from attribution.reporting.commentary.writer import Writer, capital, writer_of
from attribution.reporting.tables.facts import LEAST_DRIVER, SHOWN_NAMES, clear, is_given
from attribution.reporting.tables.names import course_of
from riskmodel.facts import Fact

AVERAGE = "Average"
STOPPED = ("stopped", "stopped_resumes", "ended", "ended_worthless")  # notes


def draft(
    tables: Mapping[str, pd.DataFrame],
    *,
    book: Book,
    month: str,
    language: str,
    names: Mapping[str, str] | None = None,
    limits: Sequence[Limit] = (),
    notes: Sequence[Fact] = (),
    styles: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """Write what happened in a month, from its tables alone: what a reader must know before the first table.

    Parameters
    ----------
    tables
        Frames by name, as `attribution.reporting.tables.content.Content.tables`. What a missing table would tell is left
        out.
    book
        From `attribution.read_book`: names, benchmarks and the style of negative numbers.
    month
        "YYYY-MM".
    language
        "ja" or "en".
    names
        Ticker -> name of the stock in the language; by default, and for others, that of `stock_contributions`.
    limits
        The rows of the table `limits`, with their details as facts; without them the limits are left out.
    notes
        What a reader must know of the data, as facts: held names that stopped trading are told.
    styles
        Style -> language -> its name, where the model has others than the fourteen.

    Returns
    -------
    str
        Markdown. The first line names month and language. Every figure is a link `[-6.60%](<#performance|Major 100|return>)`
        to table, key and column, see `attribution.reporting.tables.facts`. The same text for the same tables.

    Raises
    ------
    InputError
        For another language.

    Notes
    -----
    A factor is named as a driver where `attribution.reporting.tables.facts.drivers` has it. Facts only: no causes, and no
    words of degree, that the tables do not hold.

    Examples
    --------
    >>> from attribution import read_book
    >>> book = read_book("fixtures/small/book.toml")
    >>> month = pd.DataFrame({"index": ["Large Index"], "return": [0.104]})
    >>> print(draft({"index_months": month}, book=book, month="2025-03", language="en"))
    <!-- commentary 2025-03 en -->
    <BLANKLINE>
    # Model portfolios on a simulated market: commentary, March 2025
    <BLANKLINE>
    ## Market
    <BLANKLINE>
    The Large Index returned [+10.40%](<#index_months|Large Index|return>).
    <BLANKLINE>
    ## Factors
    <BLANKLINE>
    No factor returns are available.
    <BLANKLINE>
    """
    write = writer_of(tables, book, language, names, styles)
    title = write("title", book=write.words(book.book.name, ""), month=write.month(month))
    blocks = [f"<!-- commentary {month} {language} -->", "# " + title]
    for heading, told in (
        ("results", [results(write), *_ends(write)]),
        ("market", _market(write)),
        ("factors", _factor_returns(write)),
    ):
        if paragraph := write.paragraph(told):
            blocks += ["## " + write(f"headings.{heading}"), paragraph]
    if "factor_contributions" in tables:
        for sleeve in book.sleeves:
            stopped = tuple(note for note in notes if note.key in STOPPED and note.values["sleeve"] == sleeve)
            blocks += SleeveCommentary(write, sleeve, course_of(book, sleeve), stopped).blocks
    if told := risk_blocks(write, limits):
        blocks += ["## " + write("headings.risk"), *told]
    return "\n\n".join(blocks) + "\n"


def results(write: Writer) -> str:
    """What the courses returned, and how many were ahead."""
    courses = _courses(write)
    if courses.empty:
        return ""
    alone = len(courses) == 1
    name = str(courses["course"].iloc[0]) if alone else AVERAGE
    if not write.facts.has("performance", name):
        return ""
    figures = {
        "return": write.percent("performance", name, column="return"),
        "benchmark": write.percent("performance", name, column="benchmark_return"),
        "excess": write.short_points("performance", name, column="excess"),
    }
    if alone:
        return write("results.course", course=write.called(name), **figures)
    ahead = int((courses["excess"] >= LEAST_DRIVER).sum())
    kind = "none" if not ahead else "all" if ahead == len(courses) else "some"
    counts = {key: write.count(number) for key, number in (("ahead", ahead), ("courses", len(courses)))}
    return write(f"results.{kind}_ahead", **counts, **figures)


def _courses(write: Writer) -> pd.DataFrame:
    """The ranking without its average."""
    frame = write.facts.tables.get("performance", pd.DataFrame(columns=["course", "excess"]))
    return frame[frame["course"] != AVERAGE]


def _ends(write: Writer) -> list[str]:
    """The highest and the lowest excess return; the table has those between."""
    courses = _courses(write)
    if len(courses) < 2:
        return []
    ends = {"best": courses["excess"].idxmax(), "worst": courses["excess"].idxmin()}
    told = {
        side: write(
            "results.end", course=write.called(course), excess=write.short_points("performance", course, column="excess")
        )
        for side, course in ((side, str(courses.loc[place, "course"])) for side, place in ends.items())
    }
    return [write("results.ends", **told)]


def indices_told(write: Writer, names: Iterable[str]) -> str:
    """The month's returns of those indices that have one, in a row; empty where none has."""
    months = write.facts.tables.get("index_months", pd.DataFrame(columns=["index", "return"]))
    known = set(months.loc[months["return"].notna(), "index"])
    items = [
        write(
            "market.index" if place else "market.first",
            name=write.index(name),
            number=write.percent("index_months", name, column="return"),
        )
        for place, name in enumerate(name for name in names if name in known)
    ]
    return write.join(items)


def _market(write: Writer) -> list[str]:
    """Index returns of the month, and where the first of them turned."""
    facts = write.facts
    months, weeks = (facts.tables.get(name, pd.DataFrame()) for name in ("index_months", "index_weeks"))
    told = indices_told(write, months.get("index", []))
    shown = [str(name) for name in weeks.columns if name not in ("week_from", "week_to") and weeks[name].notna().all()]
    sentences = [capital(write("market.month", indices=told))] if told else []
    if not sentences and not shown:
        return [write("market.none")]
    lacking = [name for name in write.book.report.indices if name not in weeks.columns or weeks[name].isna().any()]
    if lacking and "index_weeks" in facts.tables:
        sentences.append(write("market.missing", indices=write.join(write.called(name) for name in lacking)))
    if shown and len(weeks) > 1:
        sentences.append(_turn(write, weeks, shown[0]))
    return sentences


def _turn(write: Writer, weeks: pd.DataFrame, index: str) -> str:
    """Where an index changed direction most, or that it never did."""
    moves = list(weeks[index])
    signs = [0 if abs(move) < LEAST_DRIVER else math.copysign(1, move) for move in moves]
    turns = [place for place in range(1, len(moves)) if signs[place] * signs[place - 1] < 0]
    name = write.index(index)
    if turns:
        place = max(turns, key=lambda here: abs(moves[here] - moves[here - 1]))
        key = f"{'turn' if len(turns) == 1 else 'turns'}_{'up' if moves[place] > 0 else 'down'}"
        now, before = (write.percent("index_weeks", f"{day:%Y-%m-%d}", column=index) for day in _starts(weeks, place))
        week = write.week(weeks["week_from"].iloc[place], weeks["week_to"].iloc[place])
        return capital(write(f"market.{key}", index=name, week=week, now=now, before=before))
    if abs(sum(signs)) == len(signs):
        return capital(write("market.rose" if signs[0] > 0 else "market.fell", index=name))
    return ""


def _starts(weeks: pd.DataFrame, place: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first days of a week and of the one before it: their rows' keys."""
    return weeks["week_from"].iloc[place], weeks["week_from"].iloc[place - 1]


def _factor_returns(write: Writer) -> list[str]:
    """Which factors the month rewarded and which cost, beyond two standard errors."""
    frame = write.facts.tables.get("factor_month")
    if frame is None or frame.empty:
        return [write("factor_returns.none")]
    certain = frame[clear(frame, "return")]

    def items(part: pd.DataFrame) -> str:
        largest = part.reindex(part["return"].abs().sort_values(ascending=False, kind="stable").index)
        told = [
            write("client.item", name=write.factor(name), number=write.percent("factor_month", name, column="return"))
            for name in largest["factor"].head(SHOWN_NAMES)
        ]
        rest = len(part) - len(told)
        return write.join([*told, *([write("factor_returns.others", count=write.count(rest))] if rest else [])])

    given, every = is_given(write.facts.tables), frame[frame["group"] == "style"]
    if given and not frame["t"].notna().any():
        return [*_without_errors(write, every, items), write("factor_returns.given")]
    styles = certain[certain["group"] == "style"]
    up, down = styles[styles["return"] > 0], styles[styles["return"] < 0]
    sentences = [] if len(styles) or not len(every) else [write("factor_returns.no_style")]
    if len(up) and len(down):
        sentences.append(write("factor_returns.both", up=items(up), down=items(down)))
    elif len(styles):
        sentences.append(write("factor_returns.rewarded" if len(up) else "factor_returns.cost", factors=items(styles)))
    sectors = certain[certain["group"] == "sector"]
    if len(sectors):
        sentences.append(write("factor_returns.sectors", factors=items(sectors)))
    return [*sentences, *([write("factor_returns.given")] if given else [])]


def _without_errors(write: Writer, styles: pd.DataFrame, items: Callable[[pd.DataFrame], str]) -> list[str]:
    """The styles with the largest returns, where no error tells them from noise."""
    up, down = styles[styles["return"] >= LEAST_DRIVER], styles[styles["return"] <= -LEAST_DRIVER]
    sides = {"highest": up.nlargest(SHOWN_NAMES, "return"), "lowest": down.nsmallest(SHOWN_NAMES, "return")}
    return [write(f"factor_returns.{key}", factors=items(part)) for key, part in sides.items() if len(part)]
