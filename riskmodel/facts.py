"""What a program found out, as a key and named values; it becomes words where somebody reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskmodel.errors import InputError, listed

FACT = "fact"  # the mark of a fact among the values of another

WORDS: Mapping[str, str] = {
    # why a day's regression is not whole
    "first_session": "first session: no exposures before it",
    "thin": "thin: {names} names for {coefficients} coefficients",
    "singular": "singular: condition number {condition:.1e}",
    "unsettled": "Huber weights still move after {rounds} rounds",
    "vacant": "no estimating name in {sectors}",
    # what a given model lacks on a day
    "no_given_exposures": "no exposures at the close before",
    "no_given_returns": "no factor returns",
    "unexposed": "a factor return, but no exposures at the close before, of {factors}",
    "unpaid": "exposures at the close before, but no factor return, of {factors}",
    "given_gaps": "a factor return without exposures of {unexposed}, exposures without a factor return of {unpaid}",
    # why a descriptor is left out
    "no_column": "fundamentals has no {column}",
    "no_announcements": "no announcements in earnings",
    "nobody": "no name has it",
    "few_observed": "too few names observed on {out} of {days} days",
    "said": "{text}",
    "ordinary_income": "ordinary income is taken from these items of the filings (share of filings): {sources}",
    # why there is no forecast
    "short_history": "the longest history of a factor has {returns} of the {needed} returns that are needed",
    "few_whole_days": "{days} days on which every factor has a return, of the {needed} that shrinkage needs",
    "no_specific_risk": "the longest history of an asset has {observations} of the {needed} returns that are needed",
    "not_given": "the given model has no table {table}",
    "not_yet_given": "the first date of {table} is later",
    "outdated": "the last date of {table} is {last}, more than a month before",
    # what found no place when the market was read
    "no_prices": "ticker without prices",
    "no_share_count": "asset without a share count",
    "not_in_securities": "ticker not in securities",
    "no_sector": "asset without a sector",
    "closed_day": "announced on a day without trading, counted at the next close",
    "later_list": "list dated after the last session",
    "no_session": "date without trading inside the price history",
    "no_level": "session without a level of {index}",
    "no_rate": "session without a rate, taken as 0",
    "no_fx_rate": "session without a rate of {pair}, the last one known is carried",
    "unused_return": "total_return on the first day after a gap, not used",
    "later_final": "final whose return falls after the last session, not used yet",
    "respelt": "{column} written in other letters, width, blanks or with invisible characters, read as its usual spelling",
    "placeholder": "{column} that stands for an empty cell (such as NaN), read as empty",
    # what exports that nobody has described are taken for
    "unreadable": "cannot be read: {reason_given}",
    "other_kind": "no kind of file that holds a table here ({suffix})",
    "no_table": "no table can be seen in it",
    "parquet": "a Parquet file, whose types are known",
    "text_file": "text in {encoding}, cells parted by {delimiter}",
    "lines_above": "{lines} lines above the header",
    "unit_said": "'{place}' says {unit}",
    "unit_of_sums": "each of {lists} lists sums to {whole:g}, which is {unit}",
    "unit_of_changes": "on {share:.0%} of the days it is the change of the close in {unit}",
    "percent_sign": "the cells have percent signs",
    "unit_unknown": "the unit of {columns}? Nothing in the export says it: percent, thousands, millions, ..., "
    "or ones where it is that of docs/reference/tables.md (decimals, currency, single shares, rates of a day)",
    "codes_known": "{share:.0%} of the names are in '{label}' of the table of securities",
    "header_word": "the header says '{word}'",
    "which_of": "which of {labels} is it?",
    "one_list": "no {column} is told apart: all files are one list",
    "not_in_file": "which {column} is it? Neither the cells nor the names of the files say it",
    "day_in_name": "the names of the files have the day, as {form}",
    "files": "{count} of one header",
    "differs": "{what} is not the same in all files: the first one's stands",
    "forms_differ": "which form have the dates? The columns are written in several: {forms}",
    "form_unclear": "which form have the dates? All of them can be {forms}",
    "form_seen": "all days are written {form}",
    "stands_for_none": "cells without a number have {cells}",
    "points_differ": "which is the decimal point? The columns differ",
    "point_unclear": "is '.' or ',' the decimal point? Every number can be read with either, such as {cells}",
    "point_seen": "no other point makes numbers of all cells",
    "worked_out": "from {columns}",
    "left_empty": "{column} was not found: left empty, and what it feeds is left out",
    "session_unknown": "are results announced before the open (pre) or after the close (post)? No column says it",
    "column_unknown": "which column is {column}? No header says it",
    "session_word": "'{word}' is a word for it",
    "session_unclear": "is '{word}' before the open (pre) or after the close (post)?",
    "cash_words": "{cells} is no code, but a word for cash",
    "table_absent": "no file can be taken for the table {table}: what it feeds is left out",
    "yearly_rate": "its header says a rate of a year, and the table rates has that of each day: "
    "give those, or write risk_free in [book] as a number a year",
    "which_close": "which of {labels} is adjusted for splits, and not for dividends? As traded, or adjusted for dividends "
    "too, it would be wrong",
    "adjusted_how": "is {labels} adjusted for splits alone? Then write it; adjusted for dividends too it is no close but "
    "total_return_index",
    "says_total_return": "the only one that says total return",
    "tells_lists_apart": "is it {labels}? Without it names are twice in a list",
    "kinds_mixed": "not all of its rows are splits, by '{label}': {cells}; a mapping takes all rows. Give a file of splits "
    "alone",
    "which_day": "which day is it: {labels}? No header says it",
    "which_total_return": "which of {labels} is of total return, dividends reinvested? Of prices alone it would be "
    "wrong: delete the table where none is",
    "which_place": "which of {places} is it? Each could be, and a mapping takes one: write its name, with its "
    "own header and sheet",
    "doubtful_name": "its name says '{word}': write the name of the file or sheet if it is to be used, or delete the table",
    "levels_mixed": "{labels} say nothing of total return, or say price; a wide mapping takes all columns. Give"
    " levels of total return alone",
    "sector_unknown": "which column is the sector, which every security must have: {labels}?",
    "sums_are": "the lists sum to {low:g} to {high:g}, neither 1 nor 100",
    "level_kind": "nothing says whether it is of total return, as it must be",
    "pairs_across": "pairs of currencies across: {labels}",
    "codes_across": "days down, and {share:.0%} of the names across are in '{label}' of the table of securities",
    "indices_across": "days down, indices across: {labels}; {share:.0%} are known",
    "sheet_word": "its name says '{word}'",
    "field_unknown": "which field is it? Neither the sheet's name nor the file's says it",
    "second_of_field": "another sheet has {field_of_ours}: {place}",
    "second_of_table": "another file was taken for {table}: {place}",
    "needless": "not needed: {column} is there",
    "days_down": "days down and names across",
    "days_across": "names down and days across: turn it round, or give a long file",
    "no_table_of_ours": "its headers are no table's: {labels}",
    "codes_by_tail": "it names stocks as '{cell}', and the table of securities as '{code}': "
    "give that table a column of codes written so",
    "codes_unknown": "no security has its codes, such as {cells}",
    "days_of_no_form": "the days of '{label}' have no form that is known, such as {cells}: give days as YYYY-MM-DD",
    "two_headers": "it has two header rows, {labels} under {names}: export it with one",
    "either_table": "which table is it: {tables}?",
    "chosen_ticker": "the codes of '{label}' are the tickers",
    "codes_of_others": "other tables name stocks by it",
    "not_needed": "no table needs it",
    "table_missing": "the table {table} is needed, and no file can be taken for it",
}


@dataclass(frozen=True)
class Fact:
    """Something found out: a reason, a flag, a finding. Programs ask for the key and the values, never for the words.

    Attributes
    ----------
    key
        Names what was found.
    values
        What fills it in, by name: numbers, texts, other facts, tuples of these, and shares of a whole by name.

    Examples
    --------
    >>> fact = Fact("thin", {"names": 13, "coefficients": 7})
    >>> print(fact.words())
    thin: 13 names for 7 coefficients
    >>> print(fact)
    thin {"names": 13, "coefficients": 7}
    >>> Fact.read(str(fact)) == fact
    True
    >>> print(Fact("said", {"text": fact}).words())
    thin: 13 names for 7 coefficients
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """As text that `read` takes back, for arrays of text and files: the key, and the values as JSON."""
        return f"{self.key} {json.dumps(self.values, ensure_ascii=False, default=_stored)}" if self.values else self.key

    @classmethod
    def read(cls, text: str) -> Fact:
        """The fact that was stored as `text`."""
        if not isinstance(text, str):
            raise InputError(f"text: is of type {type(text).__name__}, not str. Give what str(fact) is.")
        key, _, values = text.partition(" ")
        given = json.loads(values) if values else {}
        return cls(key, {name: _restored(value) for name, value in given.items()})

    def words(self, words: Mapping[str, str] = WORDS) -> str:
        """In English, for a person; `words` has a sentence for each key, with places for the values.

        A key of one's own, without a sentence there, is given with its values as they are.
        """
        if not isinstance(words, Mapping):
            raise InputError(f"words: is of type {type(words).__name__}, not a dict. Give a sentence for each key.")
        shown = {name: _shown(value, words) for name, value in self.values.items()}
        if self.key in words:
            return words[self.key].format(**shown)
        told = ", ".join(f"{name} {value}" for name, value in shown.items())
        return self.key.replace("_", " ") + (f": {told}" if told else "")


def _stored(value: object) -> object:
    """What JSON has no form for: a fact among the values, a number of numpy's."""
    if isinstance(value, Fact):
        return {FACT: str(value)}
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a Fact holds numbers, texts, facts and tuples of these, not {type(value).__name__}: {value!r}")


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_restored, value))
    if isinstance(value, dict) and isinstance(value.get(FACT), str):
        return Fact.read(value[FACT])
    return value


def _shown(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, Fact):
        return value.words(words if value.key in words else WORDS)
    if isinstance(value, tuple):
        return listed(_shown(part, words) for part in value)
    return listed(f"{name} {share:.0%}" for name, share in value.items()) if isinstance(value, Mapping) else value


class ForecastUnavailableError(InputError):
    """Nothing is wrong with an input, but it does not suffice for a forecast of risk.

    Attributes
    ----------
    fact
        Why there is no forecast.
    """

    def __init__(self, message: str, fact: Fact) -> None:
        super().__init__(message, fact)
        self.fact = fact

    def __str__(self) -> str:
        return str(self.args[0])
