"""Which table of ours files of one header may be without any word: by its codes, its days, and how often each comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition import codes as by_code
from riskmodel.market.sources.recognition.evidence.columns import is_ratio
from riskmodel.market.sources.recognition.evidence.days import MONTHLY
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.evidence.rows import SEASON, gap_of_a_name, of_spans
from riskmodel.market.sources.recognition.evidence.series import AMOUNTS, LEVELS, is_small, kind_of_series
from riskmodel.market.sources.recognition.evidence.standing import expects
from riskmodel.market.sources.recognition.evidence.statements import FEW_NUMBERS, of_results, sums_in
from riskmodel.market.sources.recognition.evidence.values import DAY, EMPTY, NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import LISTED, MOST_LISTS, Group, is_whose, wholes_of
from riskmodel.market.sources.recognition.names import day_in, plain_index
from riskmodel.market.sources.recognition.wide import PAIR
from riskmodel.market.sources.recognition.words import OF_NAMES, WHOLE_WORD, WORDS, has, matched, of_currencies, tokens

DAILY = pd.Timedelta(days=5)  # between the days of prices, at their median
YEAR = pd.Timedelta(days=250)  # between two yearly reports
MANY_DAYS = 15
HELD = 60  # names of a portfolio at most; an index has more
ALL = 0.9  # of the names of a folder are in a table of share counts on each day, and in no portfolio
FEW_RATES = 4  # numbers a day of a file that nothing calls rates
FEW_SPLITS = 0.5  # of the names of a folder at most are in a table of splits
RATIOS = (0.001, 100.0)
ALIKE_NAMES = 0.8  # of a column's texts are codes that the table of securities has
SUPERSEDED = 0.005  # of the rows of a table at most have the key of another: which are left out is asked
OWN_CODES = 0.98  # of the most codes of a column has one of securities; one of companies, which have two at times, has fewer


@dataclass(frozen=True)
class Known:
    """What of a folder is known before its files without words are looked at.

    Attributes
    ----------
    codes
        The columns of the table of securities that tell its rows apart, with their texts.
    indices
        Names of indices.
    """

    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    indices: frozenset[str] = frozenset()


def structures(groups: Sequence[Group], known: Known) -> dict[Group, list[Candidate]]:
    """The table that each group is most like, with the columns that are certain; levels of indices tell whose lists are."""
    found = {group: structural(group, known) for group in groups}
    named = [(group, like.label("index")) for group, like in found.items() if like is not None and like.table == "indices"]
    names = frozenset(text for group, label in named if label is not None for text in group.texts(label))
    if names:
        more = Known(known.codes, known.indices | names)
        lists = [group for group, like in found.items() if like is not None and like.table in LISTED]
        found |= {group: structural(group, more) for group in lists}
    return {group: [] if like is None else [like] for group, like in found.items()}


def structural(group: Group, known: Known) -> Candidate | None:
    """The table that a group is most like, with the columns that are certain; None where it is like none."""
    days = {label: group.days(label) for label, shape in group.shapes.items() if shape.kind == DAY}
    ticker = names_of_stocks(group, known.codes)
    if ticker is None:
        return _without_stocks(group, days, known) if days else None
    names = group.texts(ticker)
    found = _reports(group, ticker, names, days) or _lists(group, ticker, days, known)
    if found is None and days:
        day = _key_day(names, days)
        if day is not None:
            found = _by_day(group, ticker, names, day, days)
        found = found or _now_and_then(group, ticker, names, days, known)
    return found


def names_of_stocks(group: Group, codes: Mapping[str, frozenset[str]]) -> str | None:
    """The column whose texts are codes of securities; of several, such as a code and a name, the plain one, the shortest.

    One of which all are known is before one of which some are not: symbols of the day beside a number that stays.

    The code of a company, which two securities share, is that of none where the file has one of a security too.
    """
    found, most = [], max(map(len, codes.values()), default=0)
    for label, shape in group.shapes.items():
        if shape.kind == TEXT or by_code.is_whole(shape):
            texts = frozenset(group.texts(label)) - {""}
            look = by_code.known_column if shape.kind == TEXT else by_code.best_column
            column, share = look(texts, codes)
            if share >= ALIKE_NAMES and len(texts) >= by_code.FEW_CODES:
                wordy = not all(map(str.isascii, texts))  # a name of two Chinese characters is shorter than its code
                shared = column is not None and len(codes[column]) < OWN_CODES * most
                found.append((wordy, shared, share < 1, sum(map(len, texts)) / len(texts), label))
    return min(found)[-1] if found else None


def _key_day(names: pd.Series, days: Mapping[str, pd.Series]) -> str | None:
    """The column of days with which each name is there once: the one with most different days."""
    once = [
        label
        for label, each in days.items()
        if each.notna().all() and pd.DataFrame({"n": names, "d": each}).duplicated().mean() <= SUPERSEDED
    ]
    return max(once, key=lambda label: days[label].nunique(), default=None)


def _gap(days: pd.Series) -> pd.Timedelta:
    different = days.dropna().drop_duplicates().sort_values()
    return different.diff().median() if len(different) > 1 else pd.Timedelta(0)


def _numbers(group: Group, *without: str) -> list[str]:
    return [label for label, shape in group.shapes.items() if shape.kind == NUMBER and label not in without]


def _of(table: str, why: Fact, **columns: str) -> Candidate:
    """A candidate whose columns stand by what the cells are; `why` speaks for the table."""
    return Candidate(table, {ours: ((label, ""),) for ours, label in columns.items()}, 0.0, why=(why,))


def _lists(group: Group, ticker: str, days: Mapping[str, pd.Series], known: Known) -> Candidate | None:
    """Lists of an index or of portfolios: weights that sum to a whole on each day, or few names a month apart."""
    dated = [label for label, each in days.items() if _gap(each) >= MONTHLY or each.min() == each.max()]
    day = max(dated, key=lambda label: days[label].notna().sum(), default=None)
    in_name = day is None and day_in(group.files) is not None
    if day is None and not in_name:
        return None
    keys = [day] if day is not None else []
    named = [label for label in group.first.labels if label != ticker and _are_indices(group, label, known.indices)]
    headed = [label for label in group.first.labels if label != ticker and _is_headed(group, label)]
    whose = named[0] if len(named) == 1 else _whose(group, ticker, keys) or (headed[0] if len(headed) == 1 else None)
    numbers = _numbers(group, ticker)
    wholes = wholes_of(group, keys + ([whose] if whose else []), {ticker, *keys})
    lists = [group.file_of_rows, *(group.texts(key).to_numpy() for key in keys + ([whose] if whose else []))]
    names = float(group.texts(ticker).groupby(lists).nunique().median())
    often = len(group.cells) / max(group.texts(ticker).nunique(), 1)
    if not numbers or (not wholes and (names > HELD or (whose is None and len(numbers) < 2))):
        return None
    if not wholes and often > MOST_LISTS:
        return None
    counts = any(has(tokens(group.stem), phrase) for phrase in WORDS["shares"]["shares_out"])  # Aktienanzahl.csv
    counts = counts or names >= ALL * max(map(len, known.codes.values()), default=1)
    order = days if day is not None else {"": pd.Series(group.file_of_rows)}  # files by the day in their names
    if not wholes and counts and any(_is_steady(group.texts(ticker), group.numbers(each), order) for each in numbers):
        return None  # a number that is steady for each stock, of nearly all there are: no portfolio
    of_index = names > HELD or bool(named) or bool(headed) or group.of_index
    table = "constituents" if of_index else "holdings"
    columns = (
        {"ticker": ticker} | ({"date": day} if day is not None else {}) | ({"weight": wholes[0]} if len(wholes) == 1 else {})
    )
    if len(named) == 1:
        return _of(table, Fact("like_members", {"label": named[0]}), **columns, **{LISTED[table]: named[0]})
    if headed == [whose]:
        columns["index"] = headed[0]
    return _of(table, Fact("like_lists", {"names": names}), **columns)  # of whom, is asked where no header says it


def _are_indices(group: Group, label: str, indices: frozenset[str]) -> bool:
    """Whether a column has names of indices alone, of which there are levels."""
    texts = frozenset(group.texts(label)) - {""} if group.shape(label).kind == TEXT else frozenset[str]()
    return bool(texts) and {plain_index(text) for text in texts} <= {plain_index(name) for name in indices}


def _is_headed(group: Group, label: str) -> bool:
    """Whether a header is a word for the index of lists."""
    words = WORDS["constituents"]["index"]
    return group.shape(label).kind == TEXT and is_whose(group, label) and matched(label, words)[0] >= WHOLE_WORD


def _whose(group: Group, ticker: str, keys: list[str]) -> str | None:
    """The only column of few texts without which names are twice in a list."""
    frame = group.cells[[ticker, *keys]].assign(file=group.file_of_rows)
    frame = frame[group.texts(ticker).to_numpy() != ""]
    if not frame.duplicated().any():
        return None
    found = []
    for label, shape in group.shapes.items():
        if label in (ticker, *keys) or shape.kind in (DAY, EMPTY) or not 1 < group.cells[label].nunique() <= MOST_LISTS:
            continue
        if not frame.assign(whose=group.cells[label]).duplicated().any():
            found.append(label)
    return found[0] if len(found) == 1 else None


def _by_day(group: Group, ticker: str, names: pd.Series, day: str, days: Mapping[str, pd.Series]) -> Candidate | None:
    """Prices: most names on most days, with a number that moves a little every day."""
    if (
        days[day].nunique() < MANY_DAYS
        or _gap(days[day]) > DAILY
        or len(names) < 0.3 * names.nunique() * days[day].nunique()
    ):
        return None
    numbers = _numbers(group, ticker)
    kinds = {kind_of_series(each) for each in group.panels(day, ticker, numbers).values()}
    if not kinds & {LEVELS, AMOUNTS}:
        return None
    return _of("prices", Fact("like_prices", {"days": int(days[day].nunique())}), date=day, ticker=ticker)


def prices_under_shares(group: Group, shares: Candidate) -> Candidate | None:
    """The table of prices in a file that words take for share counts: by day, with a level beside its counts and values."""
    ticker, day = shares.label("ticker"), shares.label("available_from")
    if ticker is None or day is None:
        return None
    found = _by_day(group, ticker, group.texts(ticker), day, {day: group.days(day)})
    counted = {label for ours in ("shares_out", "market_cap") for label, _ in shares.columns.get(ours, ())}
    others = [label for label in _numbers(group, ticker) if label not in counted]
    if found is None or LEVELS not in {kind_of_series(each) for each in group.panels(day, ticker, others).values()}:
        return None
    return found


def _reports(group: Group, ticker: str, names: pd.Series, days: Mapping[str, pd.Series]) -> Candidate | None:
    """Yearly reports: many numbers of a company about a year apart, some of which add up; or what was expected and told."""
    numbers = _numbers(group, ticker)
    values = pd.DataFrame({label: group.numbers(label) for label in numbers})
    for label, each in days.items():
        gap = gap_of_a_name(names, each)
        if pd.notna(gap) and gap >= YEAR and len(numbers) >= FEW_NUMBERS:
            why = Fact("like_reports", {"numbers": len(numbers), "sums": len(sums_in(values))})
            return _of("fundamentals", why, ticker=ticker)
        if pd.notna(gap) and SEASON <= gap < YEAR and len(numbers) >= 2:
            results = of_results(values)
            told = {
                label for each in results.values() if each.proved for fact in each.why for label in fact.values.values()
            }  # what was told is what was expected and a surprise, a sum too
            sums = sums_in(values)
            if len(numbers) >= FEW_NUMBERS and any({*each} != told for each in sums) and not expects(group):
                why = Fact("like_quarters", {"numbers": len(numbers), "sums": len(sums)})
                return _of("fundamentals", why, ticker=ticker)  # which rows are of a year, is asked
            labels = {other for likely in results.values() for other in likely.labels}
            if results and not all(_is_steady(names, values[other], {label: each}) for other in labels):  # as counts are
                return _of("earnings", Fact("like_results", {"label": label}), ticker=ticker)
    return None


def _now_and_then(
    group: Group, ticker: str, names: pd.Series, days: Mapping[str, pd.Series], known: Known
) -> Candidate | None:
    """Share counts, of most names and hardly another from day to day; or splits, of few."""
    numbers = {label: group.numbers(label) for label in _numbers(group, ticker)}
    texts = [label for label, shape in group.shapes.items() if shape.kind == TEXT and is_ratio(group.texts(label))]
    everybody = max(len(each) for each in known.codes.values())
    if names.nunique() <= FEW_SPLITS * everybody and names.value_counts().median() <= 2:
        if texts or any(each.between(*RATIOS).all() for each in numbers.values()):
            return _of("splits", Fact("like_splits", {"rows": len(names)}), ticker=ticker)
        return None
    if len(days) > 1 and of_spans(names, days) is None:  # an event has a day of its own, one of a record and one of payment
        return None
    steady = [label for label, each in numbers.items() if not _says_price(label) and _is_steady(names, each, days)]
    if names.nunique() >= FEW_SPLITS * everybody and steady:
        return _of("shares", Fact("like_counts", {"labels": tuple(steady)}), ticker=ticker)
    return None


def _says_price(label: str) -> bool:
    """Whether a header has a word for a close: of prices by the month, beside scores, no counts are made."""
    return matched(label, WORDS["prices"]["close"])[0] > 0


def _is_steady(names: pd.Series, numbers: pd.Series, days: Mapping[str, pd.Series]) -> bool:
    """Whether numbers are positive, of many sizes, and nearly the same for a name from day to day; of one day none is."""
    there = numbers.dropna()
    if not days or there.empty or (there <= 0).any() or there.quantile(0.9) < 3 * there.quantile(0.1):
        return False
    order = pd.DataFrame(
        {"name": names.to_numpy(), "day": next(iter(days.values())).to_numpy(), "value": numbers.to_numpy()}
    )
    order = order.sort_values(["name", "day"])
    moved = (order["value"] / order.groupby("name")["value"].shift(1) - 1).abs().dropna()
    return bool(len(moved) and moved.median() < 0.1)


def _without_stocks(group: Group, days: Mapping[str, pd.Series], known: Known) -> Candidate | None:
    """Levels of indices, pairs of currencies or a rate: a number a day, of few names or of none."""
    numbers = _numbers(group)
    for day, each in days.items():
        if not numbers or each.nunique() < MANY_DAYS or _gap(each) > 7 * DAILY:
            continue
        if each.is_unique:
            if len(days) > 1:  # a rate has one day; forwards and other deals have several
                continue
            small = [label for label in numbers if is_small(group.numbers(label)) and not of_currencies(label)]
            if small and (len(numbers) <= FEW_RATES or _are_named(group, "rates")):
                return _of("rates", Fact("like_a_rate", {"labels": tuple(small)}), date=day)
            continue
        for label, shape in group.shapes.items():
            few = shape.kind == TEXT and 1 < group.cells[label].nunique() <= MOST_LISTS
            if not few or pd.DataFrame({"d": each, "n": group.texts(label)}).duplicated().any():
                continue
            pairs = all(map(PAIR.fullmatch, {*group.texts(label)} - {""}))
            panels = group.panels(day, label, numbers)
            if pairs:
                return _of("fx", Fact("like_pairs", {"label": label}), date=day, pair=label)
            if any(kind_of_series(panel) == LEVELS for panel in panels.values()):
                return _of("indices", Fact("like_levels", {"label": label}), date=day, index=label)
    return None


def _are_named(group: Group, table: str) -> bool:
    """Whether the file, its sheet or its folder bears a word for a table."""
    names = group.around[len(group.first.titles) :]
    return any(has(tokens(name), phrase) for name in names for phrase in OF_NAMES[table])


def like_securities(group: Group) -> Candidate:
    """The table of securities by its codes, which other tables use: the shortest of them, until it is known which are."""
    codes = by_code.code_columns(group)
    label = min(codes, key=lambda each: (not all(map(str.isascii, codes[each])), sum(map(len, codes[each]))))
    return _of("securities", Fact("like_securities", {"labels": tuple(codes)}), ticker=label)
