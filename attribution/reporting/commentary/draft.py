"""A month's commentary as a draft to edit: facts as sentences, every figure a link to its table, row and column."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from attribution.measures.limits import Limit
from attribution.portfolio.book import Book
from attribution.reporting.commentary.risk import course_of, has_number, risk_blocks
from attribution.reporting.commentary.sleeve import SleeveCommentary
from attribution.reporting.commentary.writer import Writer, writer_of
from attribution.reporting.tables.facts import (  # fmt: skip
    LEAST_DRIVER,
    SHOWN_NAMES,
    SHOWN_OFFSETS,
    by_size,
    clear,
    drivers,
    is_given,
)
from attribution.rows import LEAST_T
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
    """Write what happened in a month, from its tables alone.

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
    Returns of the indices in March 2025: Large Index [+10.40%](<#index_months|Large Index|return>).
    <BLANKLINE>
    ## Factors
    <BLANKLINE>
    No factor returns are available.
    <BLANKLINE>
    """
    write = writer_of(tables, book, language, names, styles)
    when = write.month(month)
    title = write("title", book=write.words(book.book.name, ""), month=when)
    blocks = [f"<!-- commentary {month} {language} -->", "# " + title]
    for heading, parts in (
        ("results", _results(write, when)),
        ("market", _market(write, when)),
        ("factors", _factor_returns(write)),
    ):
        if any(parts):
            blocks += ["## " + write(f"headings.{heading}"), *(part for part in parts if part)]
    if "factor_contributions" in tables:
        for place, sleeve in enumerate(book.sleeves):
            stopped = tuple(note for note in notes if note.key in STOPPED and note.values["sleeve"] == sleeve)
            blocks += SleeveCommentary(write, sleeve, course_of(book, sleeve), place, stopped).blocks
    for heading, parts in (("blends", [_blends(write)]), ("risk", risk_blocks(write, limits))):
        if any(parts):
            blocks += ["## " + write(f"headings.{heading}"), *(part for part in parts if part)]
    return "\n\n".join(blocks) + "\n"


def _results(write: Writer, when: str) -> list[str]:
    """Average, who was ahead, the ranking, and returns since inception."""
    frame = write.facts.tables.get("performance")
    if frame is None or frame.empty:
        return []
    courses = frame[frame["course"] != AVERAGE]
    sentences = []
    if write.facts.has("performance", AVERAGE) and len(courses) > 1:
        average = {
            name: write.percent("performance", AVERAGE, column=column)
            for name, column in (("return", "return"), ("benchmark", "benchmark_return"))
        }
        excess = write.points("performance", AVERAGE, column="excess")
        sentences.append(write("results.average", month=when, excess=excess, **average))
    ahead = courses[courses["excess"] >= LEAST_DRIVER]["course"]
    kind = "none" if ahead.empty else "all" if len(ahead) == len(courses) else "some"
    sentences.append(write(f"results.{kind}_ahead", courses=write.join(write.called(course) for course in ahead)))
    places = [
        write(
            "results.place",
            course=write.called(course),
            rank=write.number("performance", course, column="rank", decimals=0),
            excess=write.gap("performance", course, column="excess"),
            **{"return": write.percent("performance", course, column="return")},
        )
        for course in courses["course"]
    ]
    since = [
        write("results.return", name=write.called(course), number=write.percent("trailing", course, column="itd"))
        for course in courses["course"]
        if has_number(write.facts.row("trailing", course), "itd")
    ]
    return [
        write.paragraph(sentences),
        write("results.ranking", courses=write.join(places)) if places else "",
        write("results.inception", courses=write.join(since)) if since else "",
    ]


def _market(write: Writer, when: str) -> list[str]:
    """Index returns of the month, week by week, extremes and turns."""
    facts = write.facts
    months = facts.tables.get("index_months", pd.DataFrame(columns=["index", "return"]))
    months = months[months["return"].notna()]
    sentences = []
    if len(months):
        items = [
            write("market.index", name=write.called(name), number=write.percent("index_months", name, column="return"))
            for name in months["index"]
        ]
        sentences.append(write("market.month", month=when, indices=write.join(items)))
    weeks = facts.tables.get("index_weeks", pd.DataFrame(columns=["week_from", "week_to"]))
    indices = [str(name) for name in weeks.columns if name not in ("week_from", "week_to")]
    shown = [name for name in indices if weeks[name].notna().all() and len(weeks) > 1]
    if not sentences and not shown:
        return [write("market.none")]
    lacking = [name for name in write.book.report.indices if name not in weeks.columns or weeks[name].isna().any()]
    if lacking and "index_weeks" in facts.tables:
        sentences.append(write("market.missing", indices=write.join(write.called(name) for name in lacking)))
    path = ""
    if shown:
        path = write.paragraph([*_weeks(write, weeks, shown[0]), _extremes(write, weeks, shown)])
    return [write.paragraph(sentences), path]


def _weeks(write: Writer, weeks: pd.DataFrame, index: str) -> list[str]:
    """The path of the first index, and where its direction changed most."""
    moves = list(weeks[index])
    spans = [write.week(row.week_from, row.week_to) for row in weeks.itertuples()]
    numbers = [write.percent("index_weeks", f"{day:%Y-%m-%d}", column=index) for day in weeks["week_from"]]
    items = [write("market.in_week", number=number, week=week) for number, week in zip(numbers, spans, strict=True)]
    sentences = [write("market.path", index=write.called(index), weeks=write.join(items))]
    signs = [0 if abs(move) < LEAST_DRIVER else math.copysign(1, move) for move in moves]
    turns = [place for place in range(1, len(moves)) if signs[place] * signs[place - 1] < 0]
    if turns:
        place = max(turns, key=lambda here: abs(moves[here] - moves[here - 1]))
        key = f"{'turn' if len(turns) == 1 else 'turns'}_{'up' if moves[place] > 0 else 'down'}"
        values = {"week": spans[place], "now": numbers[place], "before": numbers[place - 1]}
        sentences.append(write(f"market.{key}", index=write.called(index), **values))
    elif abs(sum(signs)) == len(signs):
        sentences.append(write("market.rose" if signs[0] > 0 else "market.fell", index=write.called(index)))
    return sentences


def _extremes(write: Writer, weeks: pd.DataFrame, indices: list[str]) -> str:
    """The highest and the lowest week of every index; indices that share one are named together."""
    sides = {}
    for side in ("best", "worst"):
        places = {name: int(weeks[name].argmax() if side == "best" else weeks[name].argmin()) for name in indices}
        items = []
        for place in dict.fromkeys(places.values()):
            row = weeks.iloc[place]
            day = f"{row['week_from']:%Y-%m-%d}"
            moves = [
                write("market.index", name=write.called(name), number=write.percent("index_weeks", day, column=name))
                for name in indices
                if places[name] == place
            ]
            listed = write.messages("words.comma").join(moves)
            items.append(write("market.weeks", week=write.week(row["week_from"], row["week_to"]), indices=listed))
        sides[side] = write.join(items)
    return write("market.extremes", **sides)


def _factor_returns(write: Writer) -> list[str]:
    """Which factors the month rewarded and which cost, beyond two standard errors."""
    frame = write.facts.tables.get("factor_month")
    if frame is None or frame.empty:
        return [write("factor_returns.none")]
    certain = frame[clear(frame, "return")]

    def items(part: pd.DataFrame) -> str:
        largest = part.reindex(part["return"].abs().sort_values(ascending=False, kind="stable").index)
        return write.join(
            write("item", name=write.factor(name), number=write.percent("factor_month", name, column="return"))
            for name in largest["factor"]
        )

    given, every = is_given(write.facts.tables), frame[frame["group"] == "style"]
    if given and not frame["t"].notna().any():
        return [write.paragraph([*_without_errors(write, every, items), write("factor_returns.given")])]
    styles = certain[certain["group"] == "style"]
    unit = write("factor_returns.given" if given else "factor_returns.unit") if len(certain) or given else ""
    up, down = styles[styles["return"] > 0], styles[styles["return"] < 0]
    sentences = [] if len(styles) or not len(every) else [write("factor_returns.no_style")]
    if len(up):
        sentences.append(write("factor_returns.rewarded", factors=items(up)))
    if len(down):
        sentences.append(write("factor_returns.cost_too" if len(up) else "factor_returns.cost", factors=items(down)))
    others = []
    market = frame[frame["group"] == "market"]
    if len(market):
        name, t = str(market["factor"].iloc[0]), abs(float(market["t"].iloc[0]))
        key = "market_within" if t < LEAST_T else "market"
        others.append(write(f"factor_returns.{key}", **{"return": write.percent("factor_month", name, column="return")}))
    sectors = certain[certain["group"] == "sector"]
    if len(sectors):
        others.append(write("factor_returns.sectors", factors=items(sectors)))
    elif (frame["group"] == "sector").any():
        others.append(write("factor_returns.no_sector"))
    return [write.paragraph(sentences), write.paragraph([*others, unit])]


def _without_errors(write: Writer, styles: pd.DataFrame, items: Callable[[pd.DataFrame], str]) -> list[str]:
    """The styles with the largest returns, where no error tells them from noise."""
    up, down = styles[styles["return"] >= LEAST_DRIVER], styles[styles["return"] <= -LEAST_DRIVER]
    sides = {"highest": up.nlargest(SHOWN_NAMES, "return"), "lowest": down.nsmallest(SHOWN_NAMES, "return")}
    return [write(f"factor_returns.{key}", factors=items(part)) for key, part in sides.items() if len(part)]


def _blends(write: Writer) -> str:
    """The courses that hold several sleeves."""
    book, facts = write.book, write.facts
    sentences: list[str] = []
    for course in book.courses:
        if len(book.shares(course)) < 2 or not facts.has("performance", course):
            continue
        driver = _blend_driver(write, course) if len(facts.of("factor_contributions", course=course)) else ""
        figures: dict[str, Any] = {"return": write.percent("performance", course, column="return")}
        figures["excess"] = write.points("performance", course, column="excess")
        sentences.append(
            write.varied("blends.course", len(sentences), course=write.called(course), driver=driver, **figures)
        )
    return write.paragraph(sentences)


def _blend_driver(write: Writer, course: str) -> str:
    """The largest driver of a blend, and what cancelled it where it is larger than the excess return or against it."""
    found = drivers(write.facts.tables, course)
    if found.empty:
        return write("blends.no_driver")

    def item(row: Any, wording: str = "item") -> str:
        number = write.percent("factor_contributions", course, row.factor, column="contribution")
        return write(wording, name=write.factor(row.factor), number=number)

    largest = next(found.itertuples())
    performed = write.facts.row("performance", course)
    excess = math.nan if performed is None else float(performed["excess"])
    if largest.sign * excess >= abs(largest.contribution):
        return write("blends.driver", driver=item(largest))
    frame = write.facts.of("factor_contributions", course=course)
    against = frame[frame["contribution"] * largest.sign <= -LEAST_DRIVER]
    cancelled = by_size(against).head(SHOWN_OFFSETS)
    doubtful = ~cancelled["significant"].astype("boolean").fillna(True).to_numpy(dtype=bool)
    rows = zip(cancelled.itertuples(), doubtful, strict=True)
    if len(doubtful) > 1 and doubtful.all():
        others = write("blends.all_uncertain", items=write.join(item(row) for row, _ in rows))
    else:
        others = write.join(item(row, "blends.uncertain" if unsure else "item") for row, unsure in rows)
    wording = "outweighed" if largest.sign * excess < 0 else "cancelled"
    return write(f"blends.{wording}", driver=item(largest), others=others)
