"""Notes on data and policies as sentences, the table of coverage, reconciliation, method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.house_style.numbers import power_of_ten
from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords

if TYPE_CHECKING:
    from markupsafe import Markup

    from attribution.reporting.tables.content import Content
    from attribution.reporting.tables.notes import Note

COLLECTED = ("proxy",)  # notes of one kind that make one sentence
LAST_BIT = 1e-15  # differences below it are rounding of floats


@dataclass(frozen=True)
class Coverage:
    """Factors with the rows of their descriptors; `reasons` where any was left out, so that a column must say why."""

    factors: list[tuple[str, list[dict[str, Any]]]]
    reasons: bool


def coverage_section(content: Content) -> Coverage:
    """How well the data feed the factors."""
    frame = content.tables["coverage"]
    factors = [(str(factor), records(rows)) for factor, rows in frame.groupby("factor", sort=False)]
    return Coverage(factors, bool((frame["reason"] != "").any()))


def notes_section(content: Content, words: PageWords) -> list[str]:
    """The notes as sentences."""
    sentences: dict[str, list[str]] = {}
    for note in content.notes:
        key = note.key if note.key in COLLECTED else f"{note.key} {note.values}"
        sentences.setdefault(key, []).append(note_sentence(note, words))
    separator = words.messages("notes.separator")
    return [
        words.messages(f"notes.{key}", values=separator.join(parts)) if key in COLLECTED else parts[0]
        for key, parts in sentences.items()
    ]


def note_sentence(note: Note, words: PageWords) -> str:
    """A note in words."""
    return SENTENCES.get(note.key, _plain)(note, words)


def reconciliation_sentence(content: Content, words: PageWords) -> Markup:
    """How many identities hold, and how well."""
    from markupsafe import Markup

    frame = content.tables["reconciliation"]
    sentence = words.messages(
        "reconciliation.passed",
        passed=int(frame["passed"].sum()),
        total=len(frame),
        tolerance=power_of_ten(float(frame["tolerance"].max())),
        largest=power_of_ten(max(float(frame["difference"].abs().max()), LAST_BIT)),
    )
    return Markup(sentence)


def method_paragraph(content: Content, words: PageWords) -> str:
    """How the numbers were computed."""
    t = words.messages
    used = dict.fromkeys(result.link for result in content.results.values())
    links = words.listed(t.name("links", link) for link in used)
    keys = ("brinson", "weights", "errors", "risk")
    return words.sentences(t("methodology.model"), t("methodology.contributions", link=links),
                           *(t(f"methodology.{key}") for key in keys))  # fmt: skip


def _plain(note: Note, words: PageWords) -> str:
    listed = {key: words.messages.examples(str(value)) for key, value in note.values.items() if key == "names"}
    return words.messages(f"notes.{note.key}", **(note.values | listed))


def _proxy(note: Note, words: PageWords) -> str:
    share = words.percent(float(str(note.values["contribution"])), signed=True)
    return words.messages("notes.proxy_value", course=note.values["course"], contribution=share)


def _universe(note: Note, words: PageWords) -> str:
    return words.messages("notes.universe", names=words.number(float(str(note.values["names"])), 0, grouped=True))


def _ordinary_income(note: Note, words: PageWords) -> str:
    parts = [part.split(" for ") for part in str(note.values["sources"]).removesuffix(" of filings").split(", ")]
    sources = [" ".join([words.messages.name("filings", part[0]), *part[1:]]) for part in parts]
    return words.messages("notes.ordinary_income", sources=words.listed(sources))


def _left_out(note: Note, words: PageWords) -> str:
    return words.messages(
        "notes.left_out",
        factor=words.messages.factor(str(note.values["factor"])),
        descriptor=words.messages.name("descriptors", str(note.values["descriptor"])),
        reason=words.messages.phrase("reasons", str(note.values["reason"])),
    )


def _filled(note: Note, words: PageWords) -> str:
    share = words.percent(float(str(note.values["share"])), 1)
    return words.messages("notes.filled", factor=words.messages.factor(str(note.values["factor"])), share=share)


def _flagged(note: Note, words: PageWords) -> str:
    reason = words.messages.phrase("reasons", str(note.values["reason"]))
    return words.messages("notes.flagged", date=words.date(note.values["date"]), reason=reason)


def _stopped(note: Note, words: PageWords) -> str:
    days = {key: words.date(note.values[key]) for key in ("date", "resumes") if key in note.values}
    name = words.sleeve(str(note.values["sleeve"]))
    return words.messages(f"notes.{note.key}", sleeve=name, ticker=note.values["ticker"], **days)


def _thin_sector(note: Note, words: PageWords) -> str:
    share = words.percent(float(str(note.values["share"])), 0)
    return words.messages("notes.thin_sector", sector=words.messages.factor(str(note.values["sector"])), share=share)


def _outside(note: Note, words: PageWords) -> str:
    share = words.percent(float(str(note.values["weight"])))
    return words.messages("notes.unmodelled_benchmark", benchmark=note.values["benchmark"], weight=share)


def _dated(note: Note, words: PageWords) -> str:
    return words.messages(f"notes.{note.key}", date=words.date(note.values["date"]))


def _no_forecast_of_course(note: Note, words: PageWords) -> str:
    share = words.percent(float(str(note.values["weight"])))
    values = {"course": note.values["course"], "names": words.messages.examples(str(note.values["names"]))}
    return words.messages("notes.no_forecast_of_course", weight=share, **values)


def _forecast_left_out(note: Note, words: PageWords) -> str:
    return words.messages("notes.forecast_left_out", factor=words.messages.factor(str(note.values["factor"])))


def _unaligned(note: Note, words: PageWords) -> str:
    count = words.number(float(str(note.values["rows"])), 0, grouped=True)
    return words.messages(
        "notes.unaligned",
        finding=words.messages.phrase("findings", str(note.values["finding"])),
        rows=words.messages("notes.rows", count=count),
        examples=words.messages.examples(str(note.values["examples"])),
    )


SENTENCES: dict[str, Callable[[Note, PageWords], str]] = {
    "proxy": _proxy,
    "universe": _universe,
    "ordinary_income": _ordinary_income,
    "left_out": _left_out,
    "filled": _filled,
    "flagged": _flagged,
    "thin_sector": _thin_sector,
    "stopped": _stopped,
    "stopped_resumes": _stopped,
    "unmodelled_benchmark": _outside,
    "unaligned": _unaligned,
    "no_forecast": _dated,
    "unfinished": _dated,
    "no_forecast_of_course": _no_forecast_of_course,
    "forecast_left_out": _forecast_left_out,
}
