"""On which split basis figures are: asked of what no header says is adjusted, in a folder that has splits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.derive import ADJUSTABLE
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.decide.jumps import Source, jumps_of, rows_of, sources_of
from riskmodel.market.sources.recognition.decide.splits import closes_of, counts_of
from riskmodel.market.sources.recognition.doubts import says
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.evidence.values import NUMBER
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.wide import Wide

SMALL = 0.3  # of a logarithm, or a return: a day of no split is nearer to zero
PERCENT = 0.1  # the median of returns of a day is below it in decimals, and above it in percent
SHOWN = 3  # jumps that a question names


def ask_bases(
    drafts: Sequence[Draft],
    groups: Sequence[Group],
    across: Mapping[Group, Wide | None],
    tickers: Mapping[Group, str | None],
    keys: Mapping[str, int],
    said: Sequence[str],
) -> None:
    """Ask which prices, volumes, counts and figures of a share have later splits in them, where the folder has splits.

    Parameters
    ----------
    keys
        From `riskmodel.market.sources.recognition.decide.jumps.keys_of`.
    said
        The places of files of splits, by their words.
    """
    may_be = {draft.table: _without_a_word(draft) for draft in drafts}
    if not any(may_be.values()):
        return
    sure = [group for group in groups if not group.doubtful]
    sources = list(sources_of(sure, across, tickers, keys, frozenset(keys.values())))
    names = {row: code for code, row in reversed([*keys.items()])}
    moves = _jumps(sources, _returns(drafts, keys))
    jumps = tuple(f"{names[row]} {day:%Y-%m-%d} x {np.exp(step):.4g}" for (day, row), step in moves.items())
    of_splits = [draft.group.place for draft in drafts if draft.table == "splits" and draft.group is not None]
    places = dict.fromkeys((*said, *of_splits))
    if not jumps and not places:
        return
    splits = [*moves.index, *_stated_splits(drafts, keys)]
    for draft in drafts:
        if draft.table == "prices" and any(_is_adjusted(each, splits) for each in closes_of(draft, keys)[:1]):
            may_be["prices"].pop("close", None)
        if draft.table == "shares" and _is_adjusted(counts_of(draft, keys)[0], splits):
            may_be["shares"].pop("shares_out", None)
    evidence = Fact("splits_seen", {"cells": jumps[:SHOWN]}) if jumps else Fact("splits_named", {"places": tuple(places)})
    for draft in drafts:
        if labels := may_be[draft.table]:
            values = {"labels": tuple(labels.values()), "answer": json.dumps([*labels])}
            draft.state(("unadjusted",), OPEN, Fact("which_basis", values), evidence)


def _stated_splits(drafts: Sequence[Draft], keys: Mapping[str, int]) -> Iterator[tuple[pd.Timestamp, int]]:
    """The day and stock of each row of a table of splits whose day is taken."""
    for draft in drafts:
        group, ticker, day = draft.group, draft.labels.get("ticker"), draft.labels.get("ex_date")
        if draft.table == "splits" and group is not None and ticker is not None and day is not None:
            rows = rows_of(group.texts(ticker).tolist(), keys)
            yield from ((date, row) for date, row in zip(group.days(day), rows, strict=True) if row is not None)


def _is_adjusted(panel: pd.DataFrame, splits: Sequence[tuple[pd.Timestamp, int]]) -> bool:
    """Whether closes, or counts of shares, go on as they were over every split that they are there before and after."""
    steps = []
    for day, row in splits:
        if row not in panel:
            continue
        there = panel[row].dropna()
        before, after = there[there.index < day], there[there.index >= day]
        if len(before) and len(after) and before.iloc[-1] > 0 and after.iloc[0] > 0:
            steps.append(abs(np.log(after.iloc[0] / before.iloc[-1])))
    return bool(steps) and max(steps) < SMALL


def _without_a_word(draft: Draft) -> dict[str, str]:
    """Ours with a split basis -> their header or sheet, taken or asked for, of those that do not say adjusted."""
    _, columns = ADJUSTABLE.get(draft.table, ("", ()))
    found = dict[str, str]()
    derived = draft.stated.get("derived", {})
    for ours in columns:
        label = draft.labels.get(ours)
        if label is None and draft.stated.get("columns", {}).get(ours) == OPEN:
            label = ours
        if label is not None and ours not in derived and not says(label, "adjusted"):
            found[ours] = label
    for ours, sheet in zip(draft.stated.get("fields", ()), draft.sheets, strict=True):
        if ours in columns and not any(says(text, "adjusted") for text in sheet.around):
            found[ours] = sheet.place
    return found


def _jumps(sources: Sequence[Source], returns: pd.Series) -> pd.Series:
    """Moves of a column of prices that are those of splits, where another one, or the return of the day, moves by less."""
    found = [pd.Series(dtype=float)]
    for source in sources:
        jumps = jumps_of(source.panel)
        calm = [
            any(abs(_step(each.panel, day, row)) < SMALL for each in sources if each is not source)
            or abs(returns.get((day, row), np.inf)) < SMALL
            for day, row in jumps.index
        ]
        found.append(jumps[calm])
    together = pd.concat(found)
    return together[~together.index.duplicated()]


def _step(panel: pd.DataFrame, day: pd.Timestamp, row: int) -> float:
    """The logarithmic move of a stock on a day; infinite where it has none."""
    there = panel[row].dropna() if row in panel else pd.Series(dtype=float)
    place = int(there.index.get_indexer([day])[0]) if len(there) else -1
    if place < 1 or not (there.iloc[place - 1 : place + 1] > 0).all():
        return float("inf")
    return float(np.log(there.iloc[place] / there.iloc[place - 1]))


def _returns(drafts: Sequence[Draft], keys: Mapping[str, int]) -> pd.Series:
    """What is taken, or asked for, as the total return of prices, by day and row of the table of securities, in decimals."""
    for draft in drafts:
        group = draft.group
        if draft.table != "prices" or group is None or not {"ticker", "date"} <= draft.labels.keys():
            continue
        asked = [label for fact in draft.why.get(("columns", "total_return"), ()) for label in fact.values.get("labels", ())]
        for label in (draft.labels.get("total_return", ""), *asked):
            if label in group.shapes and group.shape(label).kind == NUMBER:
                rows = rows_of(group.texts(draft.labels["ticker"]).tolist(), keys)
                index = pd.MultiIndex.from_arrays([group.days(draft.labels["date"]), rows])
                values = pd.Series(group.numbers(label).to_numpy(), index)
                values = values[~index.duplicated()].dropna()
                return values / 100 if values.abs().median() > PERCENT else values
    return pd.Series(dtype=float)
