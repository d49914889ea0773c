"""A drafted book as TOML: every line with its reason beside it, and a "?" where a person must say something."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attribution.house_style.words import read_messages
from attribution.portfolio.book import US_MARKET
from attribution.portfolio.drafting.lists import SESSIONS_BEFORE, Lists, lists_in
from attribution.portfolio.drafting.stubs import other_files, stubs
from attribution.portfolio.drafting.toml import key_of, quoted
from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import UNREAD, Draft
from riskmodel.market.sources.recognition.found import Recognised
from riskmodel.market.sources.recognition.names import plain_index
from riskmodel.market.sources.recognition.reasons import says_rates
from riskmodel.texts import visible

US_DOLLAR = "USD"
MEMBERS = 0.9  # of a portfolio's names are in the lists of its benchmark
FIRST = (
    "layout",
    "file",
    "sheet",
    "skip",
    "under",
    "until",
    "encoding",
    "delimiter",
    "decimal",
    "thousands",
    "dates",
    "zone",
    "missing",
    "unit",
)
AFTER = ("items", "beginnings", "endings", "digits", "identifiers", "unadjusted", "drop", "cash")
WITHIN = ("columns", "constant", "units", "values", "derived", "fields")
RISK_FREE = (
    'risk_free = 0.0             # taken off returns in ratios: "rates" for the table, or a number a year, 0.02 for 2 %'
)


def drafted_text(recognised: Recognised, exports: Path, out: Path) -> str:
    """The text of a book over exports, in `out`.

    Parameters
    ----------
    recognised
        What the exports are taken for.
    exports
        Their folder, to which the book refers by a path from `out`.
    out
        The folder of the book.
    """
    lists = lists_in(recognised)
    data = Path(os.path.relpath(exports.resolve(), out.resolve())).as_posix()
    tables = [_table(draft) for draft in recognised.drafts]
    head = _head(lists, exports, data, recognised)
    return "\n".join([*head, *tables, *stubs(recognised), *other_files(recognised)]) + "\n"


def said(facts: Sequence[Fact]) -> str:
    """Facts as a comment of one line."""
    words = read_messages("en")
    return visible("; ".join(dict.fromkeys(words.fact("recognition", fact) for fact in facts)), keep="")


def line(key: str, value: Any, why: Sequence[Fact]) -> str:
    """A key, its value and why it stands; a question stands above."""
    text = f"{key_of(key)} = {quoted(value)}"
    if value == OPEN:
        return f"# question: {said(why)}\n{text}"
    return f"{text}  # {said(why)}" if why else text


def _head(lists: Lists, exports: Path, data: str, recognised: Recognised) -> list[str]:
    name = quoted(exports.resolve().name)
    out = [
        f"# Drafted by attribution init from what {name[1:-1]} looks like. Read each line; its reason stands beside it.",
        '# Where "?" stands the exports do not say enough: write the answer in its place. Until then the book is refused.',
        "[book]",
        f"name = {{ ja = {name}, en = {name} }}  # on the pages; say what it is in each language",
        f"data = {quoted(data)}",
    ]
    if len(lists.currencies) == 1:
        out.append(f"currency = {quoted(lists.currencies[0])}  # as headers, names of files and cells say")
    else:
        seen = f"; seen: {', '.join(lists.currencies)}" if lists.currencies else ""
        out += [f"# question: in which currency are prices and values? Three letters, as in USD{seen}", 'currency = "?"']
    if set(lists.currencies) in (set(), {US_DOLLAR}):  # a book in dollars that says nothing is one of US stocks
        us = quoted(dict(US_MARKET))
        out += [
            f"# question: what do texts call the market? Of US stocks {us}; the currency alone does not say it",
            'market = "?"',
        ]
    if lists.inception is None:
        out += ["# question: which is the first day that counts? A date without quotes, as in 2024-03-01", 'inception = "?"']
    else:
        few = "" if lists.sessions_before >= SESSIONS_BEFORE else f", and the model wants {SESSIONS_BEFORE}"
        out.append(
            f"inception = {lists.inception:%Y-%m-%d}  # the first session after every portfolio has a list; "
            f"{lists.sessions_before} sessions of prices lie before{few}"
        )
    out += _risk_free(recognised)
    out += [
        _delisted(recognised),
        "",
    ]
    return [
        *out,
        *_benchmarks(lists, recognised),
        *_sleeves(lists, recognised.doubted),
        "[report]",
        f"indices = {quoted(list(lists.indices))}",
        "",
    ]


def _delisted(recognised: Recognised) -> str:
    """The line on held names that stop trading: no last close stands in for what a file says that was paid."""
    if near := recognised.nearest.get("finals"):
        paid = f"what was paid for them may stand in {near[0].file}, see [tables.finals] below"
        return visible(
            f'# of held names that stop trading, {paid}; of those without a row delisted = "cash" is the last close', keep=""
        )
    return '# delisted = "cash"  # of held names that stop trading: cash at the last close; without this they are refused'


def _risk_free(recognised: Recognised) -> list[str]:
    """The line of the rate that is taken off returns: the table, a question where some file may be one, else 0."""
    rates = recognised.draft("rates")
    certain = rates is not None and not rates.uncertain
    if rates is not None and certain and "risk_free" in (*rates.stated.get("columns", {}), *rates.stated.get("derived", {})):
        return ['risk_free = "rates"  # the table of rates, below']
    may_be = [
        each.file
        for each in recognised.found
        if any(fact.key == "may_be_rates" for fact in each.why) or (each.verdict == UNREAD and says_rates(each.file))
    ]
    may_be += [rates.group.place] if rates is not None and rates.group is not None and not certain else []
    if may_be:
        return [
            f"# question: is {', '.join(may_be)} a rate of cash? Then map it in [tables.rates], and write",
            '# "rates" here; else a number a year without quotes, 0.02 for 2 %, or 0.0',
            'risk_free = "?"',
        ]
    return [RISK_FREE]


def _benchmarks(lists: Lists, recognised: Recognised) -> list[str]:
    """A benchmark for each index with lists; one with levels alone is asked for, or stands as a comment beside others."""
    out = []
    for name in lists.lists:
        out += [f"[benchmarks.{key_of(name)}]", f"constituents = {quoted(name)}  # the lists of the table constituents", ""]
    if lists.lists:
        for name in _levels_alone(lists):
            out += [
                "# No lists of it were found; take the marks away where a sleeve is held against it:",
                f"# [benchmarks.{key_of(name)}]",
                "# returns_only = true  # nothing but its level is known",
                "",
            ]
        return out
    found = "No lists of constituents were found."
    if recognised.draft("constituents") is not None:
        found = 'The lists of [tables.constituents] are asked for: of theirs write constituents = "..." with their name.'
    for name in lists.indices or (OPEN,):
        out += [
            f"# question: what is it made of? {found} So many largest companies, as in 500;",
            "# or write returns_only = true in the place of the line, where nothing but its level is known",
            f"[benchmarks.{key_of(name)}]",
            'largest = "?"',
            "",
        ]
    return out


def _levels_alone(lists: Lists) -> tuple[str, ...]:
    """The indices with levels and without lists, under whatever name."""
    listed = {*map(plain_index, lists.lists)}
    return tuple(name for name in lists.indices if plain_index(name) not in listed)


def _sleeves(lists: Lists, doubted: Mapping[str, Fact]) -> list[str]:
    """A sleeve and a course for each portfolio; its benchmark is asked where not the only index there is has its names."""
    out, names = list[str](), tuple(name for name in (*lists.lists, *_levels_alone(lists)) if name not in lists.portfolios)
    for portfolio in lists.portfolios or (OPEN,):
        out.append(f"[sleeves.{key_of(portfolio)}]")
        if portfolio == OPEN:
            out.append("# question: what are the portfolios called? A sleeve for each, and a course; see the table holdings")
        if (why := doubted.get(portfolio)) is not None:
            out.append(
                f"# question: is {visible(portfolio)} reported? {said([why])}. Then write {quoted(portfolio)}; else delete"
            )
            out.append("# this sleeve and its course")
        out.append(f"holdings = {quoted(OPEN if why else portfolio)}")
        shares = lists.overlap.get(portfolio, {})
        if len(names) == 1 and shares.get(names[0], 0.0) >= MEMBERS:
            out.append(
                f"benchmark = {quoted(names[0])}  # the only index there is, with {shares[names[0]]:.0%} of its names"
            )
        else:
            held = (
                "; of its names " + ", ".join(f"{share:.0%} are in {index}" for index, share in shares.items())
                if shares
                else ""
            )
            question = f"# question: which is its benchmark: {', '.join(names) or 'none was found'}?{held}"
            other = "Where it is another, give its levels in [tables.indices] and a section [benchmarks.NAME]; write NAME"
            out += [f"{question}{'.' if held else ''} {other}", 'benchmark = "?"']
        out.append("")
    out.append("[courses]  # fixed shares of sleeves; blends of several may be added")
    out += [f"{key_of(name)} = {{ {key_of(name)} = 1.0 }}" for name in lists.portfolios or (OPEN,)]
    return [*out, ""]


def _table(draft: Draft) -> str:
    """A table; of an uncertain one the file alone is asked for, and all else is a comment."""
    place, stated, why = f"tables.{draft.table}", draft.stated, draft.why
    keys = [key for key in (*FIRST, *AFTER) if key in stated]
    asked = [key for key in ("file", "sheet") if stated.get(key) == OPEN] if draft.uncertain else []
    rest = [line(key, stated[key], why.get((key,), ())) for key in keys if key not in asked]
    rest += _parts(draft, place)
    head = [f"[{place}]", *(line(key, stated[key], why.get((key,), ())) for key in asked)]
    if not draft.uncertain:
        return "\n".join([*head, *rest, ""])
    own = draft.group.place if draft.group is not None else ""
    note = f"# So {visible(own, keep='')} would be read: where it is this one take the marks away, and correct it"
    return "\n".join([*head, note, *(f"# {text}".replace("\n", "\n# ") for text in rest), ""])


def _parts(draft: Draft, place: str) -> list[str]:
    stated, why, out = draft.stated, draft.why, list[str]()
    for part in WITHIN:
        if part not in stated:
            continue
        flat = {key: value for key, value in stated[part].items() if not isinstance(value, Mapping)}
        if flat:
            out.append(f"[{place}.{part}]")
            out += [line(key, value, why.get((part, key), ())) for key, value in flat.items()]
        for key, value in stated[part].items():
            if isinstance(value, Mapping):
                lines = {inner: line(inner, item, why.get((part, key, inner), ())) for inner, item in value.items()}
                of_one = (
                    [inner for inner in lines if value[inner] != OPEN] if part == "fields" and draft.is_unnamed(key) else []
                )
                out.append(f"[{place}.{part}.{key_of(key)}]")
                out += [text for inner, text in lines.items() if inner not in of_one]
                out += [f"# {lines[inner]}".replace("\n", "\n# ") for inner in of_one]
    return out
