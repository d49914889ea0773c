"""Notes on data and policies as sentences, the table of coverage, reconciliation, method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.house_style.numbers import power_of_ten
from attribution.house_style.words import SHOWN
from attribution.reporting.commentary.writer import capital, in_sentence, joined
from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import explains_nothing, is_given
from attribution.rows import GROUPS, MARKET
from riskmodel.facts import Fact

if TYPE_CHECKING:
    from markupsafe import Markup

    from attribution.reporting.tables.content import Content

COLLECTED = ("proxy",)  # notes of one kind that make one sentence
WITHOUT_CENTS, LEAST_WHOLE = ("JPY", "KRW"), 100  # currencies whose prices are whole, and from which price on
LAST_BIT = 1e-15  # differences below it are rounding of floats


@dataclass(frozen=True)
class Coverage:
    """Factors with the rows of their descriptors; `reasons` why some are left out, by factor and descriptor; and words."""

    factors: list[tuple[str, list[dict[str, Any]]]]
    reasons: dict[tuple[str, str], str]
    caption: str
    note: str


def coverage_section(content: Content, words: PageWords) -> Coverage:
    """How well the data feed the factors."""
    frame = content.tables["coverage"]
    factors = [(str(factor), records(rows)) for factor, rows in frame.groupby("factor", sort=False)]
    reasons = {place: words.messages.fact("reasons", fact) for place, fact in content.left_out.items()}
    which = "given_" if is_given(content.tables) else ""
    said = [words.messages(f"coverage.{which}{key}") for key in ("caption", "note")]
    return Coverage(factors, reasons, *said)


def notes_section(content: Content, words: PageWords) -> list[str]:
    """The notes as sentences."""
    sentences: dict[str, list[str]] = {}
    for note in content.notes:
        key = note.key if note.key in COLLECTED else f"{note.key} {note.values}"
        sentences.setdefault(key, []).append(note_sentence(note, words))
    separator = words.messages("notes_section.separator")
    return [
        words.messages(f"notes.{key}", values=separator.join(parts)) if key in COLLECTED else parts[0]
        for key, parts in sentences.items()
    ]


def note_sentence(note: Fact, words: PageWords) -> str:
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


def method_points(content: Content, words: PageWords) -> list[str]:
    """How the numbers were computed: the model, contributions, Brinson effects, holdings, errors, risk, a point each."""
    t = words.messages
    used = dict.fromkeys(result.link for result in content.results.values())
    links = words.listed(t.name("links", link) for link in used)
    if is_given(content.tables):
        return given_method_points(content, words, links)
    count = content.tables["exposures"].dropna(subset=["portfolio_exposure"]).groupby("course")["factor"].nunique().max()
    styles = t.name("counts", str(count))
    taken_out = content.model_settings.get("exposures", {}).get("orthogonalise", {})
    orthogonal = [
        t("methodology.orthogonal", style=t.factor(style), others=joined(t, (in_sentence(t, other) for other in others)))
        for style, others in taken_out.items()
    ]
    nested = [t("methodology.industries")] if any(note.key == "industries" for note in content.notes) else []
    return [
        words.sentences(t("methodology.model", styles=styles), *nested, *orthogonal),
        t("methodology.contributions", link=links),
        t("methodology.brinson"),
        words.sentences(t("methodology.weights"), *_resets(content, words)),
        t("methodology.errors"),
        t("methodology.risk"),
    ]


def given_method_points(content: Content, words: PageWords, links: str) -> list[str]:
    """How the numbers come from a given model, in which nothing is estimated here."""
    t, tables = words.messages, content.tables
    month = tables["factor_month"]
    counts = month.groupby("group", sort=False)["factor"].count()
    groups = words.listed(
        t("methodology.given_group", name=t.name("groups", name), count=counts[name]) for name in GROUPS if name in counts
    )
    moves = "contributions" if (month["group"] == MARKET).sum() == 1 else "given_contributions"
    errors = ["given_errors" if month["standard_error"].notna().any() else "no_errors"]
    if explains_nothing(tables):
        errors = []  # whether it has any is not known of this month
    return [
        t("methodology.given", groups=groups),
        t(f"methodology.{moves}", link=links),
        *(t(f"methodology.{key}") for key in ("brinson", "weights", *errors)),
        *([t("methodology.given_risk")] if len(tables["risk"]) else []),
    ]


def _resets(content: Content, words: PageWords) -> list[str]:
    """When the shares of blends are reset: in one sentence where it is each month, else by course."""
    t, blends = words.messages, [name for name in content.results if len(content.book.shares(name)) > 1]
    resets = {name: content.book.reset_of(name) for name in blends}
    if set(resets.values()) <= {"monthly"}:
        return [t("methodology.blends")]
    return [
        t(
            "methodology.reset",
            courses=t.listed([t.called(name) for name in blends if resets[name] == reset]),
            when=t.name("resets", reset),
        )
        for reset in dict.fromkeys(resets.values())
    ]


def _plain(note: Fact, words: PageWords) -> str:
    return words.messages.fact("notes", note)


def _proxy(note: Fact, words: PageWords) -> str:
    share = words.percent(float(str(note.values["contribution"])), signed=True)
    return words.messages("notes_section.proxy_value", course=note.values["course"], contribution=share)


def _universe(note: Fact, words: PageWords) -> str:
    return words.messages("notes.universe", names=words.number(float(str(note.values["names"])), 0, grouped=True))


def _given_flagged(note: Fact, words: PageWords) -> str:
    days = {name: words.date(note.values[name]) for name in ("first", "last")}
    reason = words.messages.fact("reasons", note.values["reason"])
    return words.messages("notes.given_flagged", days=note.values["days"], reason=reason, **days)


def _left_out(note: Fact, words: PageWords) -> str:
    return words.messages(
        "notes.left_out",
        factor=words.messages.factor(str(note.values["factor"])),
        descriptor=words.messages.name("descriptors", str(note.values["descriptor"])),
        reason=words.messages.fact("reasons", note.values["reason"]),
    )


def _filled(note: Fact, words: PageWords) -> str:
    share = words.percent(float(str(note.values["share"])), 1)
    return words.messages("notes.filled", factor=words.messages.factor(str(note.values["factor"])), share=share)


def _dated_reason(note: Fact, words: PageWords) -> str:
    reason = words.messages.fact("reasons", note.values["reason"])
    return words.messages(f"notes.{note.key}", date=words.date(note.values["date"]), reason=reason)


def _stopped(note: Fact, words: PageWords) -> str:
    days = {key: words.date(note.values[key]) for key in ("date", "resumes") if key in note.values}
    name = words.sleeve(str(note.values["sleeve"]))
    weight = words.percent(float(str(note.values["weight"])))
    return words.messages(f"notes.{note.key}", sleeve=name, ticker=note.values["ticker"], weight=weight, **days)


def _fund(note: Fact, words: PageWords) -> str:
    own = {"weight": words.percent(float(str(note.values["weight"])))}
    own |= {"sleeve": words.sleeve(str(note.values["sleeve"]))} if "sleeve" in note.values else {}
    return words.messages(f"notes.{note.key}", **(dict(note.values) | own))


def _ended(note: Fact, words: PageWords) -> str:
    values = note.values
    shown = {name: words.date(values[name]) for name in ("date", "last_trade")}
    shown |= {name: _price(float(values[name]), words) for name in ("close", "value") if name in values}
    if "value" in values:
        shown["change"] = words.percent(values["value"] / values["close"] - 1, signed=True)
    name, weight = words.sleeve(str(values["sleeve"])), words.percent(float(values["weight"]))
    return words.messages(f"notes.{note.key}", sleeve=name, ticker=values["ticker"], weight=weight, **shown)


def _price(value: float, words: PageWords) -> str:
    """A price to the cent, of a share that is worth less than one to a hundredth of it."""
    currency = words.book.book.currency
    whole = currency in WITHOUT_CENTS and value >= LEAST_WHOLE
    text = words.number(value, 0 if whole else 2 if value >= 1 else 4, grouped=True)
    return str(words.messages.table["prices"].get(currency, "{price}")).format(price=text)


def _thin_sector(note: Fact, words: PageWords) -> str:
    share = words.percent(float(str(note.values["share"])), 0)
    return words.messages("notes.thin_sector", sector=words.messages.factor(str(note.values["sector"])), share=share)


def _industries(note: Fact, words: PageWords) -> str:
    t, counts = words.messages, ("number", "names", "least", "thin", "without")
    values = {name: words.number(float(str(note.values[name])), 0, grouped=True) for name in counts}
    alone = [t(f"notes_section.industries_{key}", count=values[key]) for key in ("thin", "without") if note.values[key]]
    return words.sentences(
        t("notes.industries", **values),
        t("notes_section.industries_alone", groups=t("notes_section.and").join(alone)) if alone else "",
        t("notes_section.industries_shrunk", share=words.percent(float(str(note.values["share"])), 0)),
    )


def _outside(note: Fact, words: PageWords) -> str:
    share = words.percent(float(str(note.values["weight"])))
    return words.messages("notes.unmodelled_benchmark", benchmark=note.values["benchmark"], weight=share)


def _begun_within(note: Fact, words: PageWords) -> str:
    return words.messages(
        "notes.begun_within", courses=words.messages.listed(map(words.messages.called, note.values["courses"]))
    )


def _dated(note: Fact, words: PageWords) -> str:
    return words.messages(f"notes.{note.key}", date=words.date(note.values["date"]))


def _no_forecast_of_course(note: Fact, words: PageWords) -> str:
    share = words.percent(float(str(note.values["weight"])))
    values = {"course": note.values["course"], "names": words.messages.listed(note.values["names"])}
    return words.messages("notes.no_forecast_of_course", weight=share, **values)


def _forecast_left_out(note: Fact, words: PageWords) -> str:
    return words.messages("notes.forecast_left_out", factor=words.messages.factor(str(note.values["factor"])))


def _found(note: Fact, words: PageWords) -> str:
    finding, t = note.values["finding"], words.messages
    where, rows = finding.values["examples"][:SHOWN], finding.values["rows"]
    count = words.number(rows, 0, grouped=True)
    # how many more there are is not said: places and rows are counted differently, and the rows are told in all
    shown = words.listed(words.signed(text).replace(", ", words.messages("words.comma")) for text in where)
    examples = t("notes_section.examples", examples=shown) if where else ""
    table = capital(t.name("market_tables", finding.values["table"]))
    if finding.key in t.table["found"]:
        values = dict(finding.values) | {"table": table, "count": count, "examples": examples}
        said = t.fact("found", Fact(finding.key, values))
    else:
        said = t(
            "notes.found",
            finding=t.fact("findings", finding),
            table=table,
            rows=t("notes_section.row" if rows == 1 else "notes_section.rows", count=count),
            examples=examples,
        )
    return words.sentences(said, _moved(note, words))


def _moved(note: Fact, words: PageWords) -> str:
    """What a finding may move of which course's excess; nothing where it moves none."""
    if "harm" not in note.values:
        return ""
    harm = words.number(float(str(note.values["harm"])), 1)
    return words.messages("notes_section.moved", harm=harm, course=note.values["course"], month=note.values["month"])


def _accepted(note: Fact, words: PageWords) -> str:
    finding, t = note.values["finding"], words.messages
    return t(
        "notes.accepted",
        finding=t.fact("findings", finding),
        table=capital(t.name("market_tables", finding.values["table"])),
        examples=t.listed(map(words.signed, finding.values["examples"])),
        moved=words.sentences(_moved(note, words), t("words.sentence_gap")) if "harm" in note.values else "",
        by=note.values["by"],
        why=note.values["why"],
    )


def _begun(note: Fact, words: PageWords) -> str:
    return words.messages(f"notes.{note.key}", course=note.values["course"], date=words.date(note.values["date"]))


SENTENCES: dict[str, Callable[[Fact, PageWords], str]] = {
    "course_begun": _begun,
    "course_not_begun": _begun,
    "proxy": _proxy,
    "universe": _universe,
    "given_flagged": _given_flagged,
    "given_flagged_day": _dated_reason,
    "left_out": _left_out,
    "filled": _filled,
    "flagged": _dated_reason,
    "thin_sector": _thin_sector,
    "industries": _industries,
    "stopped": _stopped,
    "stopped_resumes": _stopped,
    "fund_looked_through": _fund,
    "fund_without_returns": _fund,
    "fund_carried": _fund,
    "benchmark_fund_looked_through": _fund,
    "benchmark_fund_without_returns": _fund,
    "benchmark_fund_carried": _fund,
    "ended": _ended,
    "ended_worthless": _ended,
    "unmodelled_benchmark": _outside,
    "found": _found,
    "accepted": _accepted,
    "no_forecast": _dated_reason,
    "unfinished": _dated,
    "begun_within": _begun_within,
    "earlier_model_covariance": _dated,
    "earlier_model_specific_risk": _dated,
    "no_forecast_of_course": _no_forecast_of_course,
    "forecast_left_out": _forecast_left_out,
}
