"""Which table each group of a folder's files is, held against all others, and the mappings that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from riskmodel.facts import Fact
from riskmodel.market.sources.mapped import LISTS
from riskmodel.market.sources.recognition import codes as by_code
from riskmodel.market.sources.recognition.decide.bases import ask_bases
from riskmodel.market.sources.recognition.decide.candidates import (
    are_reports,
    has_levels,
    of_known_codes,
    of_named_lists,
    other_masters,
    shares_of_prices,
)
from riskmodel.market.sources.recognition.decide.cash import ask_beside, state_cash
from riskmodel.market.sources.recognition.decide.days import ask_days
from riskmodel.market.sources.recognition.decide.equals import ask_equals, ask_results
from riskmodel.market.sources.recognition.decide.joined import days_by_key
from riskmodel.market.sources.recognition.decide.jumps import keys_of
from riskmodel.market.sources.recognition.decide.keys import ask_rows_of, files_overlap
from riskmodel.market.sources.recognition.decide.places import ask_named, narrow_patterns
from riskmodel.market.sources.recognition.decide.reported import doubted_portfolios
from riskmodel.market.sources.recognition.decide.splits import ask_splits
from riskmodel.market.sources.recognition.decide.together import groups_of, merged
from riskmodel.market.sources.recognition.decide.versions import ask_versions, without_older
from riskmodel.market.sources.recognition.doubts import is_half
from riskmodel.market.sources.recognition.drafts import (
    ASKED,
    MISSING,
    UNUSED,
    Draft,
    Found,
    ask_whose,
    quote_lines,
    state_dividends,
    state_place,
    state_sessions,
    without_taken,
)
from riskmodel.market.sources.recognition.evidence.days import settle_days
from riskmodel.market.sources.recognition.evidence.events import events_of, said_events
from riskmodel.market.sources.recognition.evidence.headers import Candidate, are_levels, candidates, of_another_kind
from riskmodel.market.sources.recognition.evidence.items import by_items
from riskmodel.market.sources.recognition.evidence.near import nearest
from riskmodel.market.sources.recognition.evidence.priced import (
    are_held,
    ask_levels,
    ask_unheld,
    leave_out,
    levels_apart,
    levels_to_leave,
    priced_in,
    rates_across,
    roughness,
    strangers,
    unpriced,
)
from riskmodel.market.sources.recognition.evidence.standing import (
    Folder,
    covers_all,
    index_names,
    portfolio_names,
    said_indices,
    standing_across,
    standing_of,
)
from riskmodel.market.sources.recognition.found import (
    Recognised,
    row_of_group,
    rows_not_found,
    rows_of_columns,
    rows_of_headers,
    told_elsewhere,
)
from riskmodel.market.sources.recognition.groups import Group, kind_of
from riskmodel.market.sources.recognition.long import long_draft
from riskmodel.market.sources.recognition.looking.files import Seen
from riskmodel.market.sources.recognition.naming import state_codes, state_indices
from riskmodel.market.sources.recognition.reasons import named_rates, why_left
from riskmodel.market.sources.recognition.structure import (
    Known,
    like_securities,
    names_of_stocks,
    prices_under_shares,
    structures,
)
from riskmodel.market.sources.recognition.wide import (
    Wide,
    as_wide,
    is_across,
    is_lists,
    no_levels,
    paired,
    settled_by_cells,
    wide_drafts,
)
from riskmodel.market.tables import NUMBER as OF_NUMBERS
from riskmodel.market.tables import TABLES
from riskmodel.progress import OF_STAGE, Step, silent

CLOSE = 0.5  # of a score: two tables that a file may be are asked for
OF_ONE_NUMBER = ("splits", "rates", "fx")
SERIES = ("rates", "indices")  # of a few numbers a day words and cells say little: all files that may be it are named
KNOWN_ITEMS = 3  # words for columns of reports among items, before a header such as Value makes another table of them


def tables_among(seen: Sequence[Seen], progress: Step = silent, failed: Sequence[str] = ()) -> Recognised:
    """What files and sheets are taken for, each held against the others.

    Parameters
    ----------
    seen
        In the order of their names.
    progress
        Told of each table.
    failed
        Files that looking fails at: what is named as a table may be it.
    """
    found: list[Found] = []
    groups = without_older(merged_lists(groups_of(seen)))
    settle_days(groups)
    narrow = [group for group in groups if group.is_long]
    choices = {group: candidates(group) if group in narrow else [] for group in groups}
    securities = by_code.securities_among(choices)
    if securities is None and (securities := by_code.securities_without_words(narrow)) is not None:
        choices[securities] = [like_securities(securities)]
    codes = by_code.code_columns(securities) if securities is not None else {}
    codes |= by_code.permanent_codes(securities) if securities is not None else {}
    for group in narrow:
        if group is not securities and codes and not any(each.label("ticker") for each in choices[group]):
            choices[group] = candidates(group, joined=by_code.joined_columns(group, codes))
    tickers = {group: names_of_stocks(group, codes) if codes else None for group in narrow}
    for group in [group for group in narrow if group is not securities]:
        ticker, least = tickers[group], KNOWN_ITEMS if choices[group] else 0
        if ticker is not None and (spread := by_items(group, ticker, least)) is not None:
            groups[groups.index(group)] = narrow[narrow.index(group)] = spread
            tickers[spread] = ticker
            del choices[group]
            choices[spread] = candidates(spread, joined=frozenset({ticker}))
    masters = other_masters(securities, choices, codes) if securities is not None else []
    choices = {group: of_known_codes(group, choices[group], codes, securities) for group in groups}
    choices = {g: [each for each in likely if not covers_all(g, each, codes)] for g, likely in choices.items()}
    indices = index_names(choices)
    across = {group: as_wide(group, codes, indices) for group in groups}
    known = Known(codes, indices.union(*(sheet.names for sheet in across.values() if sheet and sheet.table == "indices")))
    strange = [group for group in narrow if not choices[group] and across[group] is None and group is not securities]
    choices |= structures([group for group in strange if not of_another_kind(group)], known)
    if not any(each and each[0].table == "prices" for each in choices.values()):
        for group in narrow:
            counts = choices.get(group) or ()
            if counts and counts[0].table == "shares" and (daily := prices_under_shares(group, counts[0])) is not None:
                choices[group] = [daily]  # the counts are taken out of it as a second table
    priced = priced_in(choices, across)
    no_tables = strangers(choices, across, priced)
    choices = {g: [each for each in likely if (g, each.table) not in no_tables] for g, likely in choices.items()}
    whole = [group for (group, _), why in no_tables.items() if why.key == "counts_of_lists" and not choices[group]]
    choices |= structures(whole, known)
    for group, wide in across.items():
        if wide is not None and (rates := rates_across(wide, priced)) is not None:
            across[group], choices[group] = None, [rates]
    named = (wide.names for wide in across.values() if wide is not None and wide.table == "indices" and wide.field)
    across_levels = frozenset[str]().union(*named)
    folder = Folder(codes, priced, portfolio_names(choices, codes), said_indices(choices, "constituents"))
    valued = list[tuple[Group, str]]()
    for group, likely in choices.items():
        if likely and (disproved := standing_of(group, likely[0], folder).against) is not None:
            no_tables[group, likely[0].table] = disproved
            if disproved.key == "levels_of_funds" and (label := likely[0].label("index")) is not None:
                valued.append((group, label))
            choices[group] = likely[1:]
    levels = known.indices | index_names(choices, ("indices",))
    choices = {group: of_named_lists(group, choices[group], levels) for group in groups}
    choices = {group: [each for each in likely if has_levels(group, each, levels)] for group, likely in choices.items()}
    said = across_levels | said_indices(choices, "indices")
    folder = replace(folder, lists=said_indices(choices, "constituents"), levels=said)
    standings = {group: standing_of(group, likely[0], folder) for group, likely in choices.items() if likely}
    stands = {group: standing.holds for group, standing in standings.items()}
    if securities is not None and not by_code.is_used(securities, groups):
        has_sector = any(each.label("sector") for each in choices[securities] if each.table == "securities")
        stands[securities] = stands.get(securities, False) and has_sector
    by_key = days_by_key(groups)
    sheets: list[Wide] = []
    taken: dict[str, tuple[Group, Candidate]] = {}
    rivals: dict[str, list[Group]] = {"securities": masters}
    for group in sorted(groups, key=lambda group: _rank(group, choices[group], stands)):
        wide = across[group]
        likely = choices[group]
        if wide is not None and (disproved := standing_across(wide, folder).against) is not None:
            if wide.table == "shares":
                found.append(row_of_group(group, ASKED, disproved, Fact("lists_across"), table="holdings"))
            else:
                found.append(row_of_group(group, UNUSED, disproved, table=wide.table))
        elif wide is not None and (left_out := levels_to_leave(wide, priced)):
            sheets.append(replace(paired(wide), left_out=left_out))
        elif wide is not None and (others := no_levels(wide)):
            found.append(row_of_group(group, ASKED, Fact("no_levels", {"labels": others}), table="indices"))
        elif wide is not None and (apart := levels_apart(wide, priced)):
            no_index = Fact("levels_apart", {"labels": tuple(apart), "most": max(apart.values())})
            found.append(row_of_group(group, ASKED, no_index, table="indices"))
        elif wide is not None and is_lists(wide):
            found.append(row_of_group(group, ASKED, Fact("lists_across"), table="holdings"))
        elif wide is not None:
            sheets.append(paired(wide))
        elif is_across(group, codes) is not None:
            found.append(row_of_group(group, ASKED, Fact("days_across")))
        elif not likely and (why_not := [fact for (other, _), fact in no_tables.items() if other is group]):
            found.append(row_of_group(group, UNUSED, *why_not))
        elif not likely and group in by_key:
            found.append(row_of_group(group, ASKED, by_key[group]))
        elif not likely:
            verdict, reason, table = why_left(group, codes)
            found.append(row_of_group(group, verdict, reason, table=table))
        elif len(likely) > 1 and likely[0].score - likely[1].score < CLOSE:
            either = tuple(sorted((likely[0].table, likely[1].table)))
            found.append(row_of_group(group, ASKED, Fact("either_table", {"tables": either})))
        elif (
            likely[0].table in taken
            and likely[0].table not in LISTS  # either may be the portfolio's
            and (
                stands[taken[likely[0].table][0]]
                and not stands[group]
                and not is_half(taken[likely[0].table][1])
                and (likely[0].table not in SERIES or not standings[group].kinds)
            )
        ):
            other = taken[likely[0].table][0]
            second = Fact("second_of_table", {"table": likely[0].table, "place": other.place})
            found.append(row_of_group(group, UNUSED, second, *likely[0].why, table=likely[0].table))
        elif likely[0].table in taken:
            other = taken[likely[0].table][0]
            rivals.setdefault(likely[0].table, []).append(group)
            found.append(
                row_of_group(group, ASKED, Fact("second_of_table", {"table": likely[0].table, "place": other.place}))
            )
        else:
            taken[likely[0].table] = (group, likely[0])
    beside = shares_of_prices(taken)
    if beside is not None:
        ask_equals(beside)
    if beside is not None and "shares" in taken and taken["shares"][1].why:  # by no word: a count beside prices says more
        other, like = taken.pop("shares")
        second = Fact("second_of_table", {"table": "shares", "place": taken["prices"][0].place})
        found.append(row_of_group(other, UNUSED, second, *like.why, table="shares"))
    of_levels = [sheet for sheet in sheets if sheet.table == "indices" and standing_across(sheet, folder).holds]
    if of_levels and "indices" in taken:
        other, like = taken["indices"]
        if stands[other]:
            rivals.setdefault("indices", []).extend(sheet.group for sheet in of_levels)
        else:
            second = Fact("second_of_table", {"table": "indices", "place": of_levels[0].group.place})
            found.append(row_of_group(other, UNUSED, second, *like.why, table="indices"))
            del taken["indices"]
    drafts = []
    for group, candidate in taken.values():
        progress(f"tables{OF_STAGE}{candidate.table}")
        drafts.append(long_draft(group, candidate))
        ask_levels(drafts[-1], priced)
        ask_equals(drafts[-1])
        ask_days(drafts[-1])
    for draft in drafts:
        certain = (draft.group is None or stands.get(draft.group, True)) and not _is_open(draft)
        unheld = (draft.table == "indices" and not are_held(draft, priced)) or (
            draft.table == "shares" and are_reports(draft)
        )
        state_place(draft, rivals.get(draft.table, []), certain and not unheld, files_overlap(draft))
        if not certain or unheld:
            ask_results(draft)
        ask_rows_of(draft, rivals.get(draft.table, []))
        ask_versions(draft)
    sheets = settled_by_cells(sheets)
    for draft in drafts:
        if any(fact.key == "like_lists" for fact in taken[draft.table][1].why):
            ask_whose(draft)
    of_sheets, left = wide_drafts(sheets)
    ask_unheld(of_sheets, sheets, priced)
    for draft in of_sheets:
        if draft.table in taken:
            may_be = tuple(s.group.place for s in sheets if s.table == draft.table)
            first = next(each for each in drafts if each.table == draft.table)
            if draft.table in SERIES and first.group is not None:
                state_place(first, [s.group for s in sheets if s.table == draft.table])
            first.why[("file",)] = (*first.why.get(("file",), ()), Fact("fields_beside", {"places": may_be}))
            place = taken[draft.table][0].place
            left += [
                (s, Fact("second_of_table", {"table": s.table, "place": place}))
                for s in sheets
                if s.table == draft.table and s.field is not None
            ]
        else:
            drafts.append(draft)
    if beside is not None and not any(draft.table == "shares" for draft in drafts):
        drafts.append(beside)
    found += [
        row_of_group(sheet.group, UNUSED if why.key == "needless" else ASKED, why, table=sheet.table) for sheet, why in left
    ]
    state_codes(drafts, sheets, codes, securities)
    state_indices(drafts)
    keys = keys_of(securities, codes)
    ask_splits(drafts, groups, across, tickers, keys)
    without_price = unpriced(drafts, rivals.get("prices", ()), securities, codes)
    for draft in drafts:
        without_taken(draft, drafts)
        state_sessions(draft)
        state_cash(draft, frozenset().union(*codes.values()), without_price)
    for master in (each for each in drafts if each.table == "securities"):
        for lists in (each for each in drafts if each.table == "holdings"):
            leave_out(master, lists, without_price)
    every = tuple(dict.fromkeys(each.file for each in seen))
    for draft in drafts:
        narrow_patterns(draft, every)
        ask_beside(draft, [group for group in groups if group is not draft.group])
    used = {draft.group for draft in drafts}
    of_stocks = {group for group, wide in across.items() if wide is not None and wide.codes}  # grids, which no long table is
    spare = [group for group in narrow if group not in used | of_stocks and not of_another_kind(group)]
    sure = [group for group in spare if not group.doubtful]
    for draft in drafts:
        of_none = {group.place: group.names for group in sure if (group, draft.table) not in no_tables}
        ask_named(draft, of_none | {file: (file,) for file in failed})
    events = [event for group in sure if (event := events_of(group, tickers[group])) is not None]
    state_dividends(drafts, events)
    of_tables = [group for group in narrow if group in used and not group.doubtful]
    said_of = partial(_said, [*sure, *of_tables], tickers, codes)
    few = said_of("of_splits")
    ask_bases(drafts, groups, across, tickers, keys, [group.place for group in few])
    order = list(TABLES)
    drafts.sort(key=lambda draft: order.index(draft.table))
    for draft in drafts:
        quote_lines(draft)
        found += rows_of_columns(draft, told_elsewhere(draft, drafts))
    for group in groups:
        found += rows_of_headers(group)
    found += rows_not_found(drafts)
    missing = [each.table for each in found if each.verdict == MISSING and not each.ours]
    near = {table: nearest(table, [*sure, *of_tables], tickers, of_tables, every) for table in missing}
    of_splits = [each for each in events if each.may_be_splits]
    if of_splits and not any(draft.table == "splits" for draft in drafts):
        near["splits"] = nearest("splits", [each.group for each in of_splits], tickers, files=every)
        found += [row_of_group(each.group, ASKED, each.splits(), table="splits") for each in of_splits]
    if not any(draft.table == "splits" for draft in drafts) and few:
        near["splits"] = nearest("splits", [*few], few, files=every)
        found += [row_of_group(group, ASKED, Fact("may_be_splits"), table="splits") for group in few if group not in used]
    if ends := said_of("ends"):
        near["finals"] = nearest("finals", [*ends], ends, files=every)
        found += [row_of_group(group, ASKED, Fact("may_be_finals"), table="finals") for group in ends if group not in used]
    if not any(draft.table == "rates" for draft in drafts):
        found += [
            row_of_group(group, ASKED, Fact("may_be_rates", {"label": ", ".join(labels)}), table="rates")
            for group in groups
            if group not in used | of_stocks and tickers.get(group) is None and (labels := named_rates(group))
        ]
    return Recognised(tuple(drafts), tuple(found), near, doubted_portfolios(drafts, groups, valued))


def _rank(group: Group, likely: Sequence[Candidate], stands: Mapping[Group, bool]) -> tuple[bool, bool, float]:
    """The likeliest first, and what its name says should not be used last; of rates the smoothest."""
    last = group.doubtful is not None, not stands.get(group, False)
    if likely and likely[0].table == "rates":
        return *last, roughness(group)
    return *last, -max((each.score for each in likely), default=0)


def _said(
    groups: Sequence[Group], tickers: Mapping[Group, str | None], codes: Mapping[str, frozenset[str]], kind: str
) -> dict[Group, str]:
    """The files that words say a kind of events of, each with its column of names of stocks."""
    named = {group: said_events(group, tickers[group], codes, kind) for group in groups}
    return {group: name for group, name in named.items() if name is not None}


def _is_open(draft: Draft) -> bool:
    """Whether the number of a table of one number is asked for: what it is would tell what the file is."""
    return draft.table in OF_ONE_NUMBER and not any(kind_of(draft.table, ours) == OF_NUMBERS for ours in draft.labels)


def merged_lists(groups: Sequence[Group]) -> list[Group]:
    """Groups with the lists of several portfolios, or with the levels of an index a sheet, as one; others as they are."""
    lists = [g for g in groups if g.is_long and (any(c.table in LISTS for c in candidates(g)) or are_levels(g))]
    return [group for group in groups if group not in lists] + merged(lists)
