"""Splits, and the basis of counts of shares: taken where jumps of closes prove them, else asked in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.cells import Cells, days
from riskmodel.market.sources.mapping import OPEN, How
from riskmodel.market.sources.recognition.decide.jumps import (
    NEW_FOR_OLD,
    Source,
    on_other_basis,
    rows_of,
    sources_of,
    way_of,
)
from riskmodel.market.sources.recognition.doubts import other_kinds, says
from riskmodel.market.sources.recognition.drafts import Draft, ask_column
from riskmodel.market.sources.recognition.evidence.likely import first
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, shape_of
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.wide import Wide
from riskmodel.market.sources.recognition.words import WORDS, matched

SHOWN = 3  # stocks that a question names


def ask_splits(
    drafts: Sequence[Draft],
    groups: Sequence[Group],
    across: Mapping[Group, Wide | None],
    tickers: Mapping[Group, str | None],
    keys: Mapping[str, int],
) -> None:
    """Hold splits and counts of shares against the closes of the folder."""
    by_table = {draft.table: draft for draft in drafts}
    splits, shares, prices = (by_table.get(table) for table in ("splits", "shares", "prices"))
    if splits is not None and splits.group is not None and (ticker := splits.labels.get("ticker")) is not None:
        rows = rows_of(splits.group.texts(ticker).tolist(), keys)
        keep = _ask_kinds(splits, splits.group)
        others = [group for group in groups if group is not splits.group and not group.doubtful]
        wanted = frozenset(row for row in rows if row is not None)
        _settle_splits(splits, splits.group, keep, rows, list(sources_of(others, across, tickers, keys, wanted)))
    if shares is not None and prices is not None:
        _ask_basis(shares, prices, keys, groups, tickers)


def _ask_kinds(draft: Draft, group: Group) -> pd.Series:
    """Ask which rows are no splits where they are of several kinds, such as dividends; which rows may be splits."""
    mixed = other_kinds(group, draft.labels)
    if mixed is None:
        return pd.Series(True, group.cells.index)
    label, cells = mixed
    answer = f"{{ {json.dumps(label, ensure_ascii=False)} = {json.dumps(cells, ensure_ascii=False)} }}"
    draft.state(("drop",), OPEN, Fact("kinds_mixed", {"label": label, "cells": first(cells), "answer": answer}))
    splits = ~group.texts(label).isin(cells)
    return splits if splits.any() else ~splits


def _settle_splits(
    draft: Draft, group: Group, keep: pd.Series, rows: Sequence[int | None], sources: Sequence[Source]
) -> None:
    """State the day and the ratio that closes as traded prove; else ask, and say in which direction a ratio is meant."""
    days = [label for label, shape in group.shapes.items() if shape.kind == DAY]
    taken = draft.labels.get("ratio")
    numbers = [label for label, shape in group.shapes.items() if shape.kind == NUMBER and label != draft.labels["ticker"]]
    ratios = [taken] if taken in numbers else numbers
    proofs = [
        (day, ratio, way, count, source)
        for day in days
        for ratio in ratios
        for source in sources
        if (found := way_of(source.panel, rows, group.days(day), group.numbers(ratio).where(keep))) is not None
        for way, count in [found]
    ]
    proved = {day for day, *_ in proofs}
    if len(proved) == 1:
        [day] = proved
        _, _, _, count, source = max((each for each in proofs if each[0] == day), key=lambda each: each[3])
        draft.why.pop(("columns", "ex_date"), None)
        jump = Fact("split_jumps", {"label": day, "place": source.place, "count": count})
        draft.state(("columns", "ex_date"), day, jump)
        draft.labels["ex_date"] = day
    elif len(days) > 1 or not _says_day(days):
        ordered = dict.fromkeys((*(day for day in days if _says_day([day])), *days))
        ask_column(draft, "ex_date", Fact("split_day", {"labels": first(ordered)}))
    right = {ratio for _, ratio, way, _, _ in proofs if way == NEW_FOR_OLD}
    wrong = {ratio for _, ratio, way, _, _ in proofs if way != NEW_FOR_OLD}
    if len(right) == 1 and not wrong & right:
        [ratio] = right
        draft.why.pop(("columns", "ratio"), None)
        draft.state(("columns", "ratio"), ratio, Fact("split_proved", {"label": ratio}))
        draft.labels["ratio"] = ratio
    elif wrong:
        others = tuple(label for label in numbers if label not in wrong)
        inverted = Fact("split_inverted", {"label": sorted(wrong)[0], "labels": first((*others, *sorted(wrong)))})
        ask_column(draft, "ratio", inverted)
    elif taken is not None and not says(taken, "new_for_old"):
        others = tuple(label for label in numbers if label != taken)
        ask_column(draft, "ratio", Fact("split_direction", {"labels": first((taken, *others))}))


def _says_day(days: Sequence[str]) -> bool:
    """Whether the only day says by more than a word for days that it is the first one on which prices are split."""
    phrases = tuple(phrase for phrase in WORDS["splits"]["ex_date"] if phrase not in WORDS["prices"]["date"])
    return bool(days) and matched(days[0], phrases)[0] > 0


def _ask_basis(
    draft: Draft,
    prices: Draft,
    keys: Mapping[str, int],
    groups: Sequence[Group],
    tickers: Mapping[Group, str | None],
) -> None:
    """Ask for counts that jump on days on which closes do not, or do not where closes do: they are on another basis."""
    counts, names, path, labels = counts_of(draft, keys)
    apart = next((jumping for close in closes_of(prices, keys) if (jumping := on_other_basis(counts, close))), ())
    if not apart:
        return
    beside = {draft.group, *draft.sheets}
    elsewhere = tuple(
        f"{each.place}: {', '.join(found)}"
        for each in groups
        if each not in beside
        and tickers.get(each) is not None
        and (found := [other for other, shape in each.shapes.items() if shape.kind == NUMBER and _is_count(other)])
    )
    more = [Fact("counts_elsewhere", {"places": elsewhere})] if elsewhere else []
    named = tuple(names[row] for row in apart[:SHOWN])
    question = Fact("counts_apart", {"labels": labels, "cells": named})
    if path[0] == "columns":
        ask_column(draft, "shares_out", question, *more)
    else:
        draft.why.pop(path, None)
        draft.state(path, OPEN, question, *more)


def counts_of(
    draft: Draft, keys: Mapping[str, int]
) -> tuple[pd.DataFrame, dict[int, str], tuple[str, ...], tuple[str, ...]]:
    """The counts of a draft by day and row, the name of each row, the key that takes them, and what else may be it.

    Of every layout; none where they are asked anyway.
    """
    group = draft.group
    label, ticker, day = (draft.labels.get(ours, "") for ours in ("shares_out", "ticker", "available_from"))
    if group is not None and label and ticker and day:
        names = group.texts(ticker).tolist()
        others = (
            other
            for other, shape in group.shapes.items()
            if other != label and shape.kind == NUMBER and says(other, "counted")
        )
        own = {row: name for name, row in zip(names, rows_of(names, keys), strict=True) if row is not None}
        return _by_row(group, day, ticker, label, keys), own, ("columns", "shares_out"), (label, *others)
    for ours, sheet in zip(draft.stated.get("fields", ()), draft.sheets, strict=True):
        path = ("fields", ours, "file")
        if ours == "shares_out" and not {path, ("fields", ours, "sheet")} & {*draft.questions()}:
            return *_across(sheet, keys), path, (sheet.place,)
    return pd.DataFrame(), {}, (), ()


def _is_count(label: str) -> bool:
    """Whether a header counts shares, or says what a company is worth, out of which closes make a count on their basis."""
    return matched(label, WORDS["shares"]["market_cap"])[0] > 0 or _counts_shares(label)


def _counts_shares(label: str) -> bool:
    return says(label, "counted") and not says(label, "of_float") and not matched(label, WORDS["prices"]["volume"])[0]


def closes_of(prices: Draft, keys: Mapping[str, int]) -> list[pd.DataFrame]:
    """The closes of a draft, or all that it asks for."""
    group = prices.group
    if group is not None and "ticker" in prices.labels and "date" in prices.labels:
        asked = [fact for fact in prices.why.get(("columns", "close"), ()) if ("columns", "close") in prices.questions()]
        labels = [prices.labels["close"]] if "close" in prices.labels else []
        labels += [label for fact in asked for label in fact.values.get("labels", ())]
        return [
            _by_row(group, prices.labels["date"], prices.labels["ticker"], label, keys) for label in dict.fromkeys(labels)
        ]
    found = []
    for field, sheet in zip(prices.stated.get("fields", ()), prices.sheets, strict=True):
        if field == "close" and ("fields", "close", "file") not in prices.questions():
            found.append(_across(sheet, keys)[0])
    return found


def _across(sheet: Group, keys: Mapping[str, int]) -> tuple[pd.DataFrame, dict[int, str]]:
    """The numbers of a sheet with its days down and the rows of the table of securities across, and the name of each row."""
    panel = _panel_of(sheet)
    names = {row: str(name) for name, row in zip(panel, rows_of(list(panel), keys), strict=True) if row is not None}
    return panel[list(names.values())].set_axis(list(names), axis=1), names


def _panel_of(sheet: Group) -> pd.DataFrame:
    """All numbers of a sheet with its days in their order and its names across, whichever of them stand down."""
    first, *across = sheet.first.labels
    panel = pd.DataFrame({label: sheet.numbers_across(label) for label in across})
    if sheet.shape(first).kind == DAY:
        panel = panel.set_axis(pd.DatetimeIndex(sheet.days(first)))
    else:
        texts = pd.Series(across, dtype=object)
        form = next(iter(shape_of(texts).forms), "YYYY-MM-DD")
        panel = panel.set_axis(sheet.texts(first).tolist()).T.set_axis(
            pd.DatetimeIndex(days(Cells(texts, first), How(dates=form))[0])
        )
    panel = panel.loc[:, ~panel.columns.duplicated()]
    return panel[panel.index.notna() & ~panel.index.duplicated()].sort_index()


def _by_row(group: Group, day: str, ticker: str, label: str, keys: Mapping[str, int]) -> pd.DataFrame:
    """A column with its days down and the rows of the table of securities across."""
    rows = pd.Series(rows_of(group.texts(ticker).tolist(), keys), dtype=float)
    frame = pd.DataFrame({"day": group.days(day), "row": rows, "value": group.numbers(label)})
    frame = frame.dropna().drop_duplicates(["day", "row"])
    return frame.pivot(index="day", columns="row", values="value").sort_index()
