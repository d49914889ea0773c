"""Sheets with days down and names across: which field of which table each is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as default

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.day_forms import looks_like_day
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.absent import why_of
from riskmodel.market.sources.recognition.codes import known_column
from riskmodel.market.sources.recognition.doubts import of_price_return, of_prices_around, of_total_return, says
from riskmodel.market.sources.recognition.drafts import Draft, state_how, state_points
from riskmodel.market.sources.recognition.evidence.days import by_month
from riskmodel.market.sources.recognition.evidence.likely import Likely, first
from riskmodel.market.sources.recognition.evidence.market import without_dividends
from riskmodel.market.sources.recognition.evidence.series import LEVELS, kind_of_series, of_prices
from riskmodel.market.sources.recognition.evidence.units import WITH_UNIT, agreed, of_changes, of_header, said_around
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, shape_of
from riskmodel.market.sources.recognition.groups import MOST_LISTS, MOST_NAMES, Group, derived_from, kind_of
from riskmodel.market.sources.recognition.names import pattern_of
from riskmodel.market.sources.recognition.words import OF_NAMES, WHOLE_WORD, WORDS, has, matched, tokens
from riskmodel.market.tables import DATE, TABLES, TEXT
from riskmodel.market.tables import NUMBER as NUMBERS

PAIR = re.compile(r"[A-Z]{3}/?[A-Z]{3}(?: Curncy)?")
RETURNS = ("total_return", "total_return_index")
SPARSE = 0.2  # of the days of prices at most has a grid of counts by the month
PART = 0.01  # of a whole that the weights of a day may miss
MOST_AGAIN = 0.5  # of the rows of a grid
FEW = 2  # names across, at least, of what is no pair


@dataclass(frozen=True)
class Wide:
    """A wide group: its table and field, None where the field is not said; which codes it names; and what stands across.

    `likely` is what each column of ours may be among all sheets, by their places; `beside` are columns that are no part of
    the grid; `plain` are levels without dividends, each with that which gains on it; `left_out` are columns that may be
    no levels of total return.
    """

    group: Group
    table: str
    field: str | None
    why: tuple[Fact, ...]
    codes: str | None = None
    layout: str = "wide"
    likely: Mapping[str, Likely] = default(default_factory=dict)
    beside: tuple[str, ...] = ()
    plain: Mapping[str, str] = default(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The codes of its stocks, or its indices."""
        labels = self.group.first.labels
        return frozenset(labels[1:] if self.layout == "wide" else self.group.texts(labels[0]))


def as_wide(group: Group, codes: Mapping[str, frozenset[str]], indices: frozenset[str]) -> Wide | None:
    """A group as a wide sheet, or None where it is none."""
    first, *across = group.first.labels
    if (names_down := is_across(group, codes)) is not None:
        return _across(group, names_down, codes)
    if not across or group.shape(first).kind != DAY or _several_a_day(group, first):
        return None
    if group.stacked.kind != NUMBER:
        return None
    names = frozenset(across)
    if all(PAIR.fullmatch(label) for label in across):
        return Wide(group, "fx", "rate", (Fact("pairs_across", {"labels": tuple(across)}),))
    column, share = known_column(names, codes)
    if column is not None and len(across) > FEW:
        table, field, why = _field(group)
        return Wide(group, table, field, (Fact("codes_across", {"label": column, "share": share}), *why), column)
    called = [tokens(text) for text in (*group.around[:-1], *across)]
    known = len(names & indices) / len(names)
    if known >= 0.5 or (len(across) >= FEW and any(has(words, word) for words in called for word in OF_NAMES["indices"])):
        if any(matched(label, WORDS["indices"]["level"])[0] >= 3 for label in across):
            return None  # a long table
        field = None if of_prices_around(group) and not any(map(of_total_return, across)) else "level"
        return Wide(group, "indices", field, (Fact("indices_across", {"labels": tuple(across), "share": known}),))
    if column is None and len(across) <= MOST_LISTS and kind_of_series(_panel(group)) == LEVELS:
        return Wide(group, "indices", None, (Fact("like_levels", {"label": ", ".join(across)}),))
    return None


def _several_a_day(group: Group, label: str) -> bool:
    """Whether most rows have the day of another, as in a table with a row a stock and day; a grid has a row a day."""
    return bool(group.first.cells[label].duplicated().mean() > MOST_AGAIN)


def is_lists(sheet: Wide) -> bool:
    """Whether the numbers of each day are the parts of a whole: the weights of a portfolio, with its names across."""
    if sheet.field is not None or sheet.layout != "wide" or sheet.table not in ("prices", "shares"):
        return False
    sums = _panel(sheet.group).sum(axis=1, min_count=2).dropna()
    return len(sums) > 1 and any(bool(((sums / whole - 1).abs() < PART).all()) for whole in (1.0, 100.0))


def levels_mixed(sheet: Wide) -> tuple[str, ...]:
    """The indices across that are of prices, or say nothing beside others that say total return."""
    if sheet.table != "indices":
        return ()
    across = sheet.group.first.labels[1:]
    some = any(of_total_return(label) for label in across)
    return tuple(label for label in across if says(label, "of_prices") or (some and not of_total_return(label)))


def no_levels(sheet: Wide) -> tuple[str, ...]:
    """Of levels across, the columns that are none: returns, which are below zero too, and what is named as a rate."""
    if sheet.table != "indices" or sheet.layout != "wide":
        return ()
    panel = _panel(sheet.group)
    return tuple(
        label
        for label in sheet.group.first.labels[1:]
        if (panel[label] <= 0).any() or matched(label, WORDS["rates"]["risk_free"])[0] >= WHOLE_WORD
    )


def paired(sheet: Wide) -> Wide:
    """A sheet of levels with those of its columns that another one gains on and never falls behind: prices alone."""
    if sheet.table != "indices" or sheet.layout != "wide":
        return sheet
    return replace(sheet, plain=without_dividends(panel_of(sheet)))


def is_across(group: Group, codes: Mapping[str, frozenset[str]]) -> str | None:
    """The column of names where these stand down and days across, some perhaps beside a company's name; else None."""
    labels = group.first.labels
    others = [label for label in labels if not looks_like_day(label)]
    if len(labels) - len(others) < 2 or len(others) > 0.5 * len(labels):
        return None
    shares = {label: known_column(frozenset(group.texts(label)), codes)[1] for label in others}
    best = max(shares, key=lambda label: (shares[label], -group.texts(label).str.len().mean()), default=None)  # no names
    return best if best is not None and shares[best] else None


def _across(group: Group, names: str, codes: Mapping[str, frozenset[str]]) -> Wide | None:
    """A group with names down and days across, without texts beside them; None where these are numbers, perhaps of a day."""
    beside = tuple(label for label in group.first.labels if label != names and not looks_like_day(label))
    if any(group.shape(label).kind == NUMBER for label in beside):
        return None
    keep = [names, *(label for label in group.first.labels if looks_like_day(label))]
    plain = group if not beside else Group(tuple(replace(each, cells=each.cells[keep]) for each in group.seen))
    if plain.stacked.kind != NUMBER:
        return None
    column, share = known_column(frozenset(plain.texts(names)), codes)
    table, field, why = _field(plain)
    if field is None and by_month(plain.first.labels[1:]):  # scores, target prices: no prices by day
        return None
    why = (Fact("codes_down", {"label": column, "share": share}), *why)
    return Wide(plain, table, field, why, column, "across", beside=beside)


def _field(group: Group) -> tuple[str, str | None, tuple[Fact, ...]]:
    """What a sheet's name, its file's, or the lines above it say of the table and the field."""
    fields = {
        (table, ours): phrases
        for table in ("prices", "shares")
        for ours, phrases in WORDS[table].items()
        if kind_of(table, ours) == NUMBERS
    }
    names = [name for name in (group.first.said, group.first.sheet, group.stem, *group.first.titles) if name]
    for name in names:
        scores = {ours: matched(name, phrases) for ours, phrases in fields.items()}
        scores = {ours: score for ours, score in scores.items() if score[0] > 0}
        scores = scores or {
            ours: (float(len(phrase)), phrase)
            for ours, phrases in fields.items()
            for phrase in sorted(phrases, key=len)
            if len(phrase) > 2 and has(tokens(name), phrase)
        }
        if scores:
            (table, field), (_, word) = max(scores.items(), key=lambda each: each[1])
            field = "total_return" if field == "dividend" and any(map(of_total_return, names)) else field  # 配当込み
            if field in RETURNS and (plain := next(filter(of_price_return, names), None)) is not None:
                return table, None, (Fact("price_return", {"label": plain}),)
            return table, field, (Fact("sheet_word", {"word": word}),)
    return "prices", None, (Fact("field_unknown"),)


def settled_by_cells(sheets: Sequence[Wide]) -> list[Wide]:
    """Sheets whose field cells prove, though no name says it; without that which a name says and cells disprove."""
    of_stocks = [sheet for sheet in sheets if sheet.table in ("prices", "shares") and sheet.layout == "wide"]
    current = [sheet for sheet in of_stocks if sheet.group.doubtful is None]  # what is superseded disproves nothing
    grids = {sheet.group.place: sheet for sheet in current or of_stocks}
    if len(grids) < 2 and all(sheet.field for sheet in grids.values()):
        return list(sheets)
    panels = {place: _panel(sheet.group, some=MOST_NAMES) for place, sheet in grids.items()}
    most = max((len(panel) for panel in panels.values()), default=0)
    sparse = {place for place, panel in panels.items() if len(panel) < SPARSE * most}  # by the month, beside prices by day
    likely = of_prices({place: panel for place, panel in panels.items() if place not in sparse})
    said = {sheet.field for sheet in grids.values()}
    out = {place: replace(sheet, likely=likely) for place, sheet in grids.items()}
    for ours, each in likely.items():
        for place, sheet in grids.items():
            wrong = place not in each.labels or each.doubted or (each.proved and place != each.labels[0])
            if sheet.field == ours and wrong and place not in sparse:
                why = Fact("words_and_cells", {"column": ours, "label": place, "labels": (place, *first(each.labels))})
                out[place] = replace(out[place], field=None, why=(*sheet.why, why))
        best = each.labels[0]
        if each.proved and grids[best].field is None and ours not in said:
            out[best] = replace(out[best], table="prices", field=ours, why=(*_said_alone(grids[best]), *each.why))
    for place in sparse:
        if out[place].field is None:
            out[place] = replace(out[place], table="shares")
    for place in (label for ours in ("shares_out", "market_cap") if ours in likely for label in likely[ours].labels):
        only = not any(place in likely[ours].labels for ours in ("close", "volume") if ours in likely)
        if out[place].field is None and only:
            out[place] = replace(out[place], table="shares")
    return [out.get(sheet.group.place, sheet) for sheet in sheets]


def _said_alone(sheet: Wide) -> tuple[Fact, ...]:
    """What was seen of a sheet, without that its field is not known."""
    return tuple(fact for fact in sheet.why if fact.key != "field_unknown")


def wide_drafts(sheets: Sequence[Wide]) -> tuple[list[Draft], list[tuple[Wide, Fact]]]:
    """A draft for each table, and the sheets that found no place in one."""
    drafts: dict[str, Draft] = {}
    panels: dict[str, dict[str, Wide]] = {}
    others: dict[tuple[str, str], list[Wide]] = {}
    left: list[tuple[Wide, Fact]] = []
    for sheet in sheets:
        if sheet.field is None:
            left.append((sheet, Fact("field_unknown")))
        elif sheet.field in panels.setdefault(sheet.table, {}):
            other = panels[sheet.table][sheet.field]
            others.setdefault((sheet.table, sheet.field), []).append(sheet)
            left.append((sheet, Fact("second_of_field", {"field_of_ours": sheet.field, "place": other.group.place})))
        else:
            panels[sheet.table][sheet.field] = sheet
    unknown = [sheet for sheet in sheets if sheet.field is None]
    for table in dict.fromkeys(sheet.table for sheet in unknown):
        panels.setdefault(table, {})
    for table, fields in panels.items():
        ours_of = derived_from(table)
        for ours, ways in ours_of.items():
            inputs = {column for columns in ways.values() for column in columns if column not in TABLES[table].columns}
            if ours in fields:
                for column in inputs & set(fields):
                    left.append((fields.pop(column), Fact("needless", {"column": ours})))
        draft = drafts[table] = Draft(table)
        maybe = [sheet for sheet in unknown if sheet.table == table]
        layouts = {sheet.layout for sheet in fields.values() or maybe}
        layout = layouts.pop() if len(layouts) == 1 else OPEN
        draft.state(("layout",), layout, Fact("names_down" if layout == "across" else "days_down"))
        for field, sheet in fields.items():
            draft.sheets.append(sheet.group)
            _state_field(draft, field, sheet, fields)
            if (table, field) in others:
                _ask_which(draft, field, [sheet, *others[table, field]])
        if maybe:
            _ask_fields(draft, fields, maybe)
        for ours, ways in ours_of.items():
            way = next((way for way, columns in ways.items() if all(column in fields for column in columns)), None)
            if ours not in fields and way is not None:
                draft.state(("derived", ours), way, Fact("worked_out", {"columns": ways[way]}))
            elif ours not in draft.stated["fields"] and table == "prices":
                draft.state(("derived", ours), OPEN, Fact("column_unknown", {"column": ours}))
    return list(drafts.values()), left


def _ask_which(draft: Draft, field: str, sheets: Sequence[Wide]) -> None:
    """Ask which of several sheets is a field: closes and unadjusted closes bear one name."""
    one_file = len({sheet.group.first.file for sheet in sheets}) == 1
    labels = tuple((sheet.group.first.sheet or "") if one_file else sheet.group.place for sheet in sheets)
    if not one_file:  # the sheet is that of the first, whose file is asked for
        draft.stated["fields"][field].pop("sheet", None)
        draft.why.pop(("fields", field, "sheet"), None)
    draft.state(("fields", field, "sheet" if one_file else "file"), OPEN, Fact("which_of", {"labels": labels}))


def _ask_fields(draft: Draft, fields: Mapping[str, Wide], sheets: Sequence[Wide]) -> None:
    """Ask which of the sheets whose field nothing says is each number of prices that is not there, or known by another."""
    known = {ours for ours, ways in derived_from(draft.table).items() for needed in ways.values() if {*needed} <= {*fields}}
    together = Group(tuple(seen for sheet in sheets for seen in sheet.group.seen))
    labels = list(dict.fromkeys(sheet.group.first.labels[0] for sheet in sheets))
    places = [sheet.group.place for sheet in sheets]
    numbers = [ours for ours, kind in TABLES[draft.table].columns.items() if kind == NUMBERS]
    wanted = [ours for ours in numbers if ours not in fields and ours not in known]
    likely = next((sheet.likely for sheet in sheets if sheet.likely), {})  # the same for all grids with days down
    if not wanted and len(numbers) == 1:  # each may be the only one there is
        _ask_which(draft, numbers[0], [fields[numbers[0]], *sheets])
    elif not wanted:
        draft.why["layout",] += (Fact("fields_beside", {"places": tuple(sheet.group.place for sheet in sheets)}),)
    for ours in wanted:
        path = ("fields", ours)
        ways = [column for columns in derived_from(draft.table).get(ours, {}).values() for column in columns]
        columns = sorted((each for each in (ours, *ways) if each in likely), key=lambda each: likely[each].doubted)
        able = [label for column in columns for label in likely[column].labels]
        able = [place for place in dict.fromkeys(able) if place in places] or places
        why = why_of(likely.get(ours), able)
        draft.sheets.append(sheets[0].group)
        if len(labels) == 1 and {sheet.layout for sheet in sheets} == {"wide"}:
            state_how(draft, path, together, labels, {labels[0]: DATE})  # of one sheet its name too, which is asked
        draft.state((*path, "file"), OPEN, Fact("field_which", {"column": ours, "labels": tuple(able)}), *why)
        state_points(draft, path, [(each.points, each.texts) for s in sheets if (each := s.group.stacked).points])
        _ask_plain(draft, path, sheets)
        if ours in WITH_UNIT.get(draft.table, ()):
            draft.state((*path, "unit"), OPEN, Fact("unit_unknown", {"columns": (ours,)}))


def _state_field(draft: Draft, field: str, sheet: Wide, fields: Mapping[str, Wide]) -> None:
    group, path = sheet.group, ("fields", field)
    first = group.first.labels[0]
    draft.state((*path, "file"), pattern_of(list(group.files), []) or group.files[0], *sheet.why, *group.first.why)
    if draft.table == "fx" and not any(has(tokens(text), word) for text in group.around for word in OF_NAMES["fx"]):
        draft.why.pop((*path, "file"))  # what options on them cost has the same pairs across
        draft.state((*path, "file"), OPEN, Fact("one_kind", {"places": (group.place,), "table": draft.table}))
    if group.doubtful is not None:
        draft.why.pop((*path, "file"), None)
        draft.state((*path, "file"), OPEN, Fact("doubtful_name", {"word": group.doubtful}))
    stacked = group.stacked
    state_how(draft, path, group, [first], {first: DATE if sheet.layout == "wide" else TEXT})
    if sheet.layout == "across":
        _state_days_across(draft, path, group)
    if sheet.beside:
        draft.state((*path, "beside"), list(sheet.beside), Fact("beside_grid"))
    _ask_plain(draft, path, [sheet])
    state_points(draft, path, [(stacked.points, stacked.texts)] if stacked.points else [])
    _ask_of_headers(draft, (*path, "file"), group)
    if stacked.missing:
        cells = [*dict.fromkeys((*group.first.how.get("missing", ()), *stacked.missing))]
        draft.state((*path, "missing"), cells, Fact("stands_for_none", {"cells": stacked.missing}))
    if field not in WITH_UNIT.get(draft.table, ()):
        return
    found = of_header(group.first.said, group.first.said) or said_around(group)
    if found is None and stacked.percent:
        found = "percent", Fact("percent_sign")
    if field == "total_return" and "close" in fields and {sheet.layout, fields["close"].layout} == {"wide"}:
        closes = fields["close"].group
        found = agreed(found, of_changes(_panel(group), _panel(closes)))
    if found is None:
        draft.state((*path, "unit"), OPEN, Fact("unit_unknown", {"columns": (field,)}))
    elif found[0] != "ones":
        draft.state((*path, "unit"), *found)
    else:
        draft.why[(*path, "file")] = (*draft.why[(*path, "file")], found[1])


def _state_days_across(draft: Draft, path: tuple[str, ...], group: Group) -> None:
    """State the form of the days of a header."""
    forms = shape_of(pd.Series(group.first.labels[1:], dtype=object)).forms
    if len(forms) > 1:
        draft.state((*path, "dates"), OPEN, Fact("form_unclear", {"forms": forms}))
    elif forms and forms[0] != "YYYY-MM-DD":
        draft.state((*path, "dates"), forms[0], Fact("form_seen", {"form": forms[0]}))


def _ask_plain(draft: Draft, path: tuple[str, ...], sheets: Sequence[Wide]) -> None:
    """Ask for the columns of levels that are left out, being those of prices beside others of total return."""
    plain = {label: total for sheet in sheets for label, total in sheet.plain.items()}
    left_out = tuple(label for sheet in sheets for label in sheet.left_out)
    gains = tuple(f"{total} > {label}" for label, total in plain.items())
    questions = [Fact("levels_mixed", {"labels": left_out})] if left_out else []
    questions += [Fact("total_beside", {"labels": tuple(plain), "gains": gains})] if plain else []
    if questions:
        draft.state((*path, "beside"), OPEN, *questions)


def _ask_of_headers(draft: Draft, path: tuple[str, ...], group: Group) -> None:
    """Ask for a file whose names across are told apart: nothing could read the others."""
    if group.twice:
        draft.why.pop(path)
        draft.state(path, OPEN, Fact("header_twice", {"labels": group.twice}))


def panel_of(sheet: Wide) -> pd.DataFrame:
    """The numbers of a sheet with days down, (time, name), in their order."""
    return _panel(sheet.group, some=MOST_NAMES)


def _panel(group: Group, some: int | None = None) -> pd.DataFrame:
    """The numbers of a sheet with its days in their order, (time, asset), as they are written.

    Of `some` names at most, evenly from their order, where that is given.
    """
    days, *across = group.first.labels
    across = sorted(across)[:: -(-len(across) // some) or 1] if some else across
    panel = pd.DataFrame({label: group.numbers_across(label) for label in across}).set_axis(
        pd.DatetimeIndex(group.days(days))
    )
    return panel[panel.index.notna() & ~panel.index.duplicated()].sort_index()
