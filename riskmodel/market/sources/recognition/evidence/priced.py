"""What the prices of a folder say of its other files: which are no prices, counts or levels; which names have none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.evidence.market import apart_from, are_like_prices, is_judged, markets_of
from riskmodel.market.sources.recognition.evidence.series import caps_among, is_small
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER
from riskmodel.market.sources.recognition.groups import Group, wholes_of
from riskmodel.market.sources.recognition.wide import Wide, levels_mixed, no_levels, panel_of
from riskmodel.market.sources.recognition.words import of_currencies

KNOWN = 0.5  # of the securities have a price, before those that have none are looked at
DENSE = 0.5  # of the days of a table of prices have a row for each of its names, at least
Choices = Mapping[Group, Sequence[Candidate]]


@dataclass(frozen=True)
class Priced:
    """The daily prices of a folder.

    Attributes
    ----------
    markets
        The median change of its stocks by day, by each level that may be their price.
    closes
        Of each such level the median of each name, by the names in its file; without values of companies.
    """

    markets: Sequence[pd.Series] = ()
    closes: Sequence[Mapping[str, float]] = ()


def priced_in(choices: Choices, across: Mapping[Group, Wide | None]) -> Priced:
    """All levels of the files that may be the table of prices: which of them is the close is decided later, or asked."""
    levels: list[tuple[pd.Series, pd.DataFrame]] = []
    for panels in _panels_of_prices(choices, across):
        several = {str(place): panel for place, panel in enumerate(panels) if markets_of([panel])}
        worth = caps_among(several)
        levels += [(markets_of([panel])[0], panel) for place, panel in several.items() if place not in worth]
    closes = []
    for market, panel in levels:
        others = [other for other, _ in levels if other is not market]
        if not others or not apart_from(others, np.exp(market.cumsum()).to_frame("level")):  # an average volume is slow too
            closes.append({str(name): float(value) for name, value in panel.median().items()})
    return Priced([market for market, _ in levels], closes)


def _panels_of_prices(choices: Choices, across: Mapping[Group, Wide | None]) -> Iterator[list[pd.DataFrame]]:
    """The numbers by day and name of each file that may be prices; of grids together, which are a field each.

    A file whose name says that it should perhaps not be used says nothing, where there is another.
    """
    grids = [w for w in across.values() if w is not None and w.codes and w.layout == "wide" and w.table == "prices"]
    narrow = [g for g, likely in choices.items() if likely and likely[0].table == "prices" and across.get(g) is None]
    if any(not group.doubtful for group in (*narrow, *(wide.group for wide in grids))):
        grids = [wide for wide in grids if not wide.group.doubtful]
        narrow = [group for group in narrow if not group.doubtful]
    yield [panel_of(wide) for wide in grids if wide.field in (None, "close", "total_return_index")]
    for group, likely in choices.items():
        if group in narrow:
            day, name = likely[0].label("date"), likely[0].label("ticker")
            if day is not None and name is not None:
                labels = [label for label, shape in group.shapes.items() if shape.kind == NUMBER and label != name]
                yield [*group.panels(day, name, labels).values()]


def strangers(choices: Choices, across: Mapping[Group, Wide | None], priced: Priced) -> dict[tuple[Group, str], Fact]:
    """The tables that groups are not, by group and table, and why.

    Prices with a row now and then are none where another file has all days; a table whose column sums to a whole on each
    day is lists, and no counts; numbers under no word that are about a stock's close are none either.
    """
    found: dict[tuple[Group, str], Fact] = {}
    grids = any(wide is not None and wide.codes and wide.table == "prices" for wide in across.values())
    shares = {
        group: _density(group, likely[0]) for group, likely in choices.items() if likely and likely[0].table == "prices"
    }
    dense = grids or any(share >= DENSE for share in shares.values())
    for group, share in shares.items():
        if dense and share < DENSE:
            found[group, "prices"] = Fact("prices_now_and_then", {"share": share})
    for group, likely in choices.items():
        each = next((one for one in likely if one.table == "shares"), None)
        day, name = (None, None) if each is None else (each.label("available_from"), each.label("ticker"))
        if each is None or name is None:
            continue
        used = {label for several in each.columns.values() for label, _ in several} - {
            label for ours in ("shares_out", "market_cap") for label, _ in each.columns.get(ours, ())
        }
        if day is not None and (wholes := wholes_of(group, [day], used)):
            found[group, "shares"] = Fact("counts_of_lists", {"label": wholes[0]})
        elif each.why and priced.closes:
            labels = [label for fact in each.why for label in fact.values.get("labels", ())]  # what may be counts
            near = [
                label
                for label in labels
                if any(are_like_prices(group.numbers(label), group.texts(name), closes) for closes in priced.closes)
            ]
            if near and len(near) == len(labels):
                found[group, "shares"] = Fact("like_closes", {"labels": tuple(near)})
    return found


def _density(group: Group, prices: Candidate) -> float:
    """The share of all days and names of a table of prices that have a row; 1 where that cannot be said."""
    day, name = prices.label("date"), prices.label("ticker")
    if day is None or name is None:
        return 1.0
    keys = pd.DataFrame({"day": group.days(day), "name": group.texts(name)}).dropna().drop_duplicates()
    return len(keys) / max(keys["day"].nunique() * keys["name"].nunique(), 1)


def rates_across(sheet: Wide, priced: Priced) -> Candidate | None:
    """Levels across that are small, slow and do not go with the market: perhaps rates, a column each."""
    labels = sheet.group.first.labels
    if sheet.table != "indices" or sheet.layout != "wide" or sheet.group.shape(labels[0]).kind != DAY:
        return None
    apart = apart_from(priced.markets, panel_of(sheet))
    small = tuple(each for each in labels[1:] if is_small(sheet.group.numbers(each)) and not of_currencies(each))
    if not small or {*apart} != {*labels[1:]}:
        return None
    return Candidate("rates", {"date": ((labels[0], ""),)}, 0.0, why=(Fact("like_a_rate", {"labels": small}),))


def levels_apart(sheet: Wide, priced: Priced) -> dict[str, float]:
    """Of levels across, the columns that do not go with the market of the folder, each with how much it does."""
    if sheet.table != "indices" or sheet.layout != "wide":
        return {}
    return apart_from(priced.markets, panel_of(sheet))


def levels_to_leave(sheet: Wide, priced: Priced) -> tuple[str, ...]:
    """The columns of levels across that are none of total return, beside others that may be: prices, returns, yields."""
    across = sheet.group.first.labels[1:]
    if sheet.table != "indices" or sheet.layout != "wide":
        return ()
    none = {*no_levels(sheet), *levels_apart(sheet, priced)}
    left = {*levels_mixed(sheet)} if len(none) == len(across) - 1 or {*levels_mixed(sheet)} | none != {*across} else set()
    return tuple(label for label in across if label in none | left) if none != {*across} else ()


def ask_levels(draft: Draft, priced: Priced) -> None:
    """Ask of a long table whether its level is one where some index does not go with the market of the folder."""
    panel = _levels(draft)
    if panel is not None and (apart := apart_from(priced.markets, panel)):
        draft.why.pop(("columns", "level"), None)
        label = draft.labels.pop("level")
        question = Fact("level_apart", {"labels": (label,), "apart": tuple(apart), "most": max(apart.values())})
        draft.state(("columns", "level"), OPEN, question)


def are_held(draft: Draft, priced: Priced) -> bool:
    """Whether the folder has prices of the days of a long table's levels; where the level is asked, any prices."""
    panel = _levels(draft)
    return bool(priced.markets) if panel is None else is_judged(priced.markets, panel)


def _levels(draft: Draft) -> pd.DataFrame | None:
    """The levels of a long table of indices (time, index); None where it is none, or one of them is asked."""
    group, label, day = draft.group, draft.labels.get("level"), draft.labels.get("date")
    if draft.table != "indices" or group is None or label is None or day is None:
        return None
    if (index := draft.labels.get("index")) is not None:
        return group.panels(day, index, [label])[label]
    panel = pd.DataFrame({label: group.numbers(label)}).set_axis(pd.DatetimeIndex(group.days(day)))
    return panel[panel.index.notna() & ~panel.index.duplicated()].sort_index()


def ask_unheld(drafts: Sequence[Draft], sheets: Sequence[Wide], priced: Priced) -> None:
    """Ask which sheet has the levels of indices, where the folder has no prices of their days to hold them against."""
    for draft in drafts:
        level = draft.stated.get("fields", {}).get("level", {})
        if any(is_judged(priced.markets, panel_of(each)) for each in sheets if each.group in draft.sheets):
            continue
        if draft.table == "indices" and level.get("file", OPEN) != OPEN and level.get("sheet") != OPEN:
            place = next(iter(draft.sheets)).place
            level.pop("sheet", None)
            draft.why.pop(("fields", "level", "sheet"), None)
            draft.state(("fields", "level", "file"), OPEN, Fact("one_kind", {"places": (place,), "table": "indices"}))


def roughness(group: Group) -> float:
    """How much a number a day changes beside its size, at the least of its columns: a rate is the smoothest of several."""
    found = []
    for label, shape in group.shapes.items():
        if shape.kind == NUMBER and is_small(group.numbers(label)):
            there = group.numbers(label).dropna()
            found.append(float((there.diff().abs().median() + there.diff().abs().mean()) / max(there.abs().median(), 1e-9)))
    return min(found, default=float("inf"))


def unpriced(
    drafts: Sequence[Draft], rivals: Sequence[Group], securities: Group | None, codes: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """The codes of securities, in any column, that have no price; none where prices know less than half of them.

    Parameters
    ----------
    rivals
        Files that may be the table of prices too, where it is asked which is.
    """
    draft = next((each for each in drafts if each.table == "prices"), None)
    if draft is None or securities is None or not codes:
        return frozenset()
    if draft.group is not None:
        label = draft.labels.get("ticker")
        names = {text for each in (draft.group, *rivals) if label in each.first.labels for text in each.texts(str(label))}
    else:
        names = {label for sheet in draft.sheets for label in sheet.first.labels[1:]}
    texts = {label: securities.texts(label) for label in codes}
    there = pd.DataFrame({label: each.isin(names) for label, each in texts.items()}).any(axis=1)
    if there.mean() < KNOWN:
        return frozenset()
    without = frozenset(text for each in texts.values() for text in each[~there])
    return without - {text for each in texts.values() for text in each[there]} - {""}


def leave_out(master: Draft, lists: Draft, members: frozenset[str]) -> None:
    """Ask whether a member of the securities that a list asks for as cash is none: then its row is left out."""
    group = master.group
    asked = [fact for fact in lists.why.get(("cash",), ()) if fact.key == "cash_apart"]
    held = [text for fact in asked for text in fact.values["cells"] if text in members]
    if group is None or not held:
        return
    for label in group.first.labels:
        if {*held} <= {*group.texts(label)} and group.texts(label)[group.texts(label).isin(held)].is_unique:
            answer = f"{{ {json.dumps(label, ensure_ascii=False)} = {json.dumps(held, ensure_ascii=False)} }}"
            master.state(("drop",), OPEN, Fact("no_security", {"cells": tuple(held), "answer": answer}))
            return
