"""What words of headers choose, held against the cells: taken where both agree or cells prove it, else asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.doubts import Settled, of_total_return, says
from riskmodel.market.sources.recognition.evidence.likely import Likely, first
from riskmodel.market.sources.recognition.groups import LISTED
from riskmodel.market.sources.recognition.words import WORDS, has, matched, tokens

DISPROVED = {  # columns of ours whose cells tell what they are: a word that says otherwise is asked
    "prices": ("close", "total_return", "total_return_index", "volume"),
    "earnings": ("eps_estimate", "eps_actual"),
    "fundamentals": ("total_liabilities", "equity"),
}
INSTEAD = {  # needless where the first is there
    "total_return": ("total_return_index", "dividend"),
    "shares_out": ("market_cap",),
    "weight": ("market_value", "quantity"),
    "risk_free": ("yearly_rate",),
}
AMONG_OTHERS = ("volume", "eps_estimate", "eps_actual")  # cells leave little that they may be
BY_PROOF = {  # of which a person is not asked where cells prove what they are
    "close", "total_return", "total_return_index", "date", "available_from", "period_end", "announced", "ex_date", "ticker",
    "weight", "index", "sector", "industry", "name", "name_ja", "eps_estimate", "eps_actual",
}  # fmt: skip


@dataclass(frozen=True)
class Held:
    """What is taken and asked of a file once its cells are looked at.

    Attributes
    ----------
    chosen, asked
        As `riskmodel.market.sources.recognition.doubts.Settled` has them.
    why
        Ours -> what speaks for what is taken.
    likely
        Ours -> what it may be, without headers that are taken.
    """

    chosen: Mapping[str, str]
    asked: Mapping[str, tuple[tuple[str, ...], Fact]]
    why: Mapping[str, tuple[Fact, ...]]
    likely: Mapping[str, Likely]


def held(table: str, settled: Settled, likely: Mapping[str, Likely]) -> Held:
    """What of a table is taken and what is asked, of words and cells together.

    A header with a word of a column is taken where cells leave it possible, and it is the only one of those.
    """
    chosen, asked, why = dict(settled.chosen), dict(settled.asked), dict[str, tuple[Fact, ...]]()
    if table == "securities" and "sector" not in chosen and (label := chosen.get("industry")) is not None:
        best = likely["sector"].labels[0] if "sector" in likely and likely["sector"].proved else None
        word = next((phrase for phrase in WORDS[table]["sector"] if has(tokens(label), phrase)), None)
        if label == best or (best is None and word is not None):  # Branche (GICS Sektor)
            chosen["sector"] = chosen.pop("industry")
            asked.pop("sector", None)
            why["sector"] = likely["sector"].why if word is None else (Fact("header_word", {"word": word}),)
    for ours, other in (("name", "name_ja"), ("name_ja", "name")):  # a name in the letters of the other one
        if other in likely and (label := chosen.get(ours)) is not None and label in likely[other].labels:
            del chosen[ours]
    if table == "prices":
        _leave_level(chosen, likely)
    if table == "constituents" and "weight" in chosen and "weight" in likely and likely["weight"].proved:
        best = likely["weight"].labels[0]
        if chosen["weight"] != best and not says(best, "of_others"):  # members sum to a whole, whatever their headers say
            chosen["weight"], why["weight"] = best, likely["weight"].why
    if table in LISTED and "weight" in likely and any(fact.key == "several_wholes" for fact in likely["weight"].why):
        offered = (chosen.pop("weight", None), *(asked["weight"][0] if "weight" in asked else ()), *likely["weight"].labels)
        labels = tuple(dict.fromkeys(label for label in offered if label is not None))
        asked["weight"] = labels, Fact("weights_in_force", {"labels": labels})
    if table == "indices" and "level" in likely and likely["level"].why:
        _ask_level(chosen, asked, likely["level"])
    for ours in DISPROVED.get(table, ()):
        if ours in chosen and ours in likely and (likely[ours].doubted or not _agree(chosen[ours], likely[ours])):
            labels = tuple(dict.fromkeys((chosen.pop(ours), *first(likely[ours].labels))))
            asked[ours] = labels, Fact("words_and_cells", {"column": ours, "label": labels[0], "labels": labels})
    for ours, each in likely.items():
        best = each.labels[0]
        if not each.proved or ours not in BY_PROOF or best in chosen.values():
            continue
        if _is_needless(ours, chosen):
            continue
        if ours not in chosen and (ours not in asked or best in asked[ours][0]):
            asked.pop(ours, None)
            chosen[ours], why[ours] = best, each.why
    for ours, each in likely.items():
        open_day = ours in asked and asked[ours][1].key == "which_day"
        if ours not in chosen and (ours not in asked or open_day) and not each.doubted and not _is_needless(ours, chosen):
            label = _said_alone(table, ours, [label for label in each.labels if label not in chosen.values()])
            if label is not None:
                asked.pop(ours, None)
                chosen[ours], why[ours] = label, (Fact("word_and_cells", {"label": label}), *each.why)
    if table == "securities" and "sector" not in chosen and (label := chosen.pop("industry", None)) is not None:
        others = asked["sector"][0] if "sector" in asked else likely["sector"].labels if "sector" in likely else ()
        labels = first(dict.fromkeys((label, *others)))  # a scheme alone may be the one of sectors
        asked["sector"] = labels, Fact("sector_unknown", {"labels": labels})
    used = {*chosen.values()}
    rest = {}
    for ours, each in likely.items():
        labels = tuple(label for label in each.labels if label not in used)
        if labels:
            rest[ours] = Likely(labels, False, each.why)
    return Held(chosen, asked, why, rest)


def _leave_level(chosen: dict[str, str], likely: Mapping[str, Likely]) -> None:
    """Leave out a dividend that is a level by its cells: 配当 stands in the name of a close adjusted for dividends too."""
    label = chosen.get("dividend")
    levels = {each for ours in ("close", "total_return_index") if ours in likely for each in likely[ours].labels}
    if label in levels and ("dividend" not in likely or label not in likely["dividend"].labels):
        del chosen["dividend"]


def _ask_level(chosen: dict[str, str], asked: dict[str, tuple[tuple[str, ...], Fact]], levels: Likely) -> None:
    """Ask which of several levels counts where one gains on another: after tax, before it, or without dividends.

    But for one that says total return before tax, and gains on all others.
    """
    taken = chosen.get("level")
    if taken == levels.labels[0] and levels.leads and of_total_return(taken) and not says(taken, "of_net"):
        return
    chosen.pop("level", None)
    offered = asked["level"][0] if "level" in asked else ()
    labels = first(dict.fromkeys((*levels.labels, *([taken] if taken else []), *offered)))
    asked["level"] = labels, Fact("which_total_return", {"labels": labels})


def _is_needless(ours: str, chosen: Mapping[str, str]) -> bool:
    """Whether a column is there, or what it is worked out from, under another name of ours."""
    return any(
        (ours in others and column in chosen) or (ours == column and any(other in chosen for other in others))
        for column, others in INSTEAD.items()
    )


def _said_alone(table: str, ours: str, labels: Sequence[str]) -> str | None:
    """The only one of some headers that has a word of a column of ours; for some columns a word among others is enough."""
    phrases = WORDS[table].get(ours, ())
    said = [label for label in labels if matched(label, phrases)[0]]
    if not said and ours in AMONG_OTHERS:
        said = [label for label in labels if any(has(tokens(label), phrase) for phrase in phrases)]
    return said[0] if len(said) == 1 else None


def _agree(label: str, likely: Likely) -> bool:
    """Whether cells leave a header possible."""
    return label in likely.labels and (not likely.proved or likely.labels[0] == label)
