"""The month's facts for other programs, each with a stable key, value, unit, error and words; texts held against them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from attribution.house_style.numbers import NegativeStyle, number, percent
from attribution.house_style.words import Messages
from attribution.reporting.commentary.check import COLUMNS, LineChecker, unified
from attribution.reporting.house.markdown import STATED, parsed, plain_addresses, sourced_lines
from attribution.reporting.tables.facts import EXPOSURES, Anchor, Facts, read_anchor, specific_names
from attribution.reporting.tables.frames import KEYS
from attribution.rows import LEAST_T, SPECIFIC, WEIGHTED, no_stocks
from riskmodel.arrays.labels import require_path
from riskmodel.errors import InputError, listed
from riskmodel.factors import LANGUAGES

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

FACTS = "facts.json"
FORM = "factor-attribution facts 1"
PUBLISHED = (
    "performance", "trailing", "periods", "record", "index_months", "index_weeks", "factor_month", "factor_contributions",
    "group_contributions", "stock_contributions", "holdings", "characteristics", "brinson", "exposures", "risk",
    "risk_factors", "rules", "limits", "realised", "figures", "stock_factor",
)  # fmt: skip
MAIN = ("return", "contribution")  # columns that a row's standard error is of
ASIDE = ("standard_error", "t")  # told beside them


class Told(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(extra="forbid")
    ja: str
    en: str


class PublishedFact(BaseModel):
    """A figure of the month.

    `key` is its address, as in the links of a commentary: table, key of the row, column. `value` is a decimal, null where
    there is none. `error` is its standard error, `significant` whether its table says that it is, which
    may test many rows together, or, of a table that does not say, whether the value is at least twice its error; both are
    null where it has none. `file` is the table where it stands with every digit.
    """

    model_config = ConfigDict(extra="forbid")
    key: str
    value: float | None
    unit: Literal["percent", "number", "count"]
    error: float | None
    significant: bool | None
    text: Told
    file: str


class FactsFile(BaseModel):
    """facts.json: what is known of a month, and what reading a text about it needs."""

    model_config = ConfigDict(extra="forbid")
    form: Literal["factor-attribution facts 1"]
    month: str
    data_date: str
    negative: dict[str, NegativeStyle]
    names: list[str]
    facts: list[PublishedFact]


@dataclass(frozen=True)
class ReadFacts:
    """A facts.json, as tables again.

    Attributes
    ----------
    month
        "YYYY-MM".
    tables
        Frames by name, with the columns that facts name.
    negative
        Language -> how negative numbers are written.
    names
        Names that hold digits, which are no figures.
    """

    month: str
    tables: Mapping[str, pd.DataFrame]
    negative: Mapping[str, NegativeStyle]
    names: list[str]


def facts_json(content: Content, names: list[str]) -> str:
    """Every figure of the month's tables as JSON, but those of single days and of names not held.

    Of stock by factor it has the specific part of what is held, and of what drafts name beside it.

    Parameters
    ----------
    content
        From `attribution.reporting.tables.content.build_content`.
    names
        Names that hold digits, from `attribution.reporting.commentary.check.line_checker`.

    Returns
    -------
    str
        After the schema of `facts_schema`, a fact a line; the same text for the same content.
    """
    messages = {language: content.messages(language) for language in LANGUAGES}
    negative: dict[str, NegativeStyle] = {
        language: getattr(content.book.report.negative, language) for language in LANGUAGES
    }
    described = {
        "form": FORM,
        "month": content.month,
        "data_date": f"{content.period.end:%Y-%m-%d}",
        "negative": negative,
        "names": names,
    }
    line = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode  # without an indent: it is written by C
    head = ",\n".join(f"{line(name)}: {line(value)}" for name, value in described.items())
    facts = ",\n".join(map(line, _facts(content.tables, messages, negative)))
    return f'{{{head},\n"facts": [\n{facts}\n]}}\n'


def facts_schema() -> dict[str, Any]:
    """The JSON schema of facts.json.

    Examples
    --------
    >>> sorted(facts_schema()["properties"])
    ['data_date', 'facts', 'form', 'month', 'names', 'negative']
    """
    return FactsFile.model_json_schema()


def read_facts(path: str | Path) -> ReadFacts:
    """A facts.json that a report wrote.

    Raises
    ------
    InputError
        Where it cannot be read, is no facts.json, or has two facts of one key.
    """
    path = require_path("--facts", path, "Name the facts.json of a report.")
    try:
        found = FactsFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"--facts: cannot read '{path}' ({error.strerror}).") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(
            f"--facts: '{path}' is no facts.json: {place}: {first['msg']}. Give the file that `attribution report` wrote."
        ) from None
    keys = [fact.key for fact in found.facts]
    if len(set(keys)) < len(keys):
        twice = pd.Series(keys)
        raise InputError(f"--facts: '{path}' has two facts of one key: {listed(twice[twice.duplicated()].unique())}.")
    rows: dict[str, dict[tuple[str | None, ...], dict[str, Any]]] = {}
    for fact in found.facts:
        anchor = read_anchor(f"#{fact.key}")
        if anchor.table not in KEYS or len(anchor.key) != len(KEYS[anchor.table]):
            raise InputError(f"--facts: '{path}': the key '{fact.key}' names no row of a table.")
        row = rows.setdefault(anchor.table, {}).setdefault(
            anchor.key, dict(zip(KEYS[anchor.table], anchor.key, strict=True))
        )
        row[anchor.column] = math.nan if fact.value is None else fact.value
        if anchor.column in EXPOSURES:  # of a style they are numbers, of other groups weights
            row["group"] = "style" if fact.unit == "number" else WEIGHTED[0]
    tables = {name: pd.DataFrame(list(own.values())) for name, own in rows.items()}
    return ReadFacts(found.month, tables, found.negative, found.names)


def check_text(text: str, facts: ReadFacts, *, language: str = "en") -> pd.DataFrame:
    """Hold every figure of a text against the facts that it cites.

    Parameters
    ----------
    text
        Markdown whose figures are links to keys, `[−6.60%](<#performance|Major 100|return>)`, or stand under a stated
        source, `<!-- source: Bloomberg, 31 March 2026 -->`, as in a house's texts.
    facts
        From `read_facts`.
    language
        How right values are written in messages.

    Returns
    -------
    DataFrame
        As `attribution.reporting.commentary.check.check_commentary`; none where all is well.

    Raises
    ------
    InputError
        For another language; for a text with stated sources that is none of a house's, as one with a link to a file.
    """
    if language not in LANGUAGES:
        raise InputError(f"language '{language}': texts are in {', '.join(LANGUAGES)}.")
    checker = LineChecker(Facts(facts.tables), facts.negative[language], facts.names, False)
    text = unified(text)
    lines = text.split("\n")
    stated = _under_sources(text, len(lines))
    found = [
        finding
        for place, line in enumerate(lines)
        for finding in checker.line(place + 1, plain_addresses(line), sourced=place in stated)
    ]
    return pd.DataFrame(found, columns=list(COLUMNS)).astype({"line": int})


def _under_sources(text: str, count: int) -> set[int]:
    """The lines, from 0, that stand under a stated source; a text without one needs no reader of Markdown."""
    if STATED.search(text) is None:
        return set()
    try:
        return sourced_lines(parsed(text, "the text")[1], count)
    except ImportError:
        raise InputError(
            "the text: what stands under a stated source is told by a reader of Markdown, which is not installed. Install "
            "the extra: pip install 'factor-attribution[report]', or name the source in each link: "
            "[4.2%](<#source|Bloomberg>)."
        ) from None


def _significant(judged: object, value: float, error: float) -> bool:
    """As the table judges it, which may test many rows together; of one that does not, whether it is twice its error."""
    return abs(value) >= LEAST_T * error if pd.isna(judged) else bool(judged)


def _facts(
    tables: Mapping[str, pd.DataFrame], messages: Mapping[str, Messages], negative: Mapping[str, NegativeStyle]
) -> Iterator[dict[str, Any]]:
    for name in (name for name in PUBLISHED if name in tables):
        frame = tables[name]
        frame = frame[frame["held"] | no_stocks(frame["ticker"])] if "held" in frame else frame
        frame = _specific_of_held(tables) if name == "stock_factor" else frame
        facts = Facts({name: frame})
        columns = [
            str(column)
            for column in frame.columns
            if column not in (*KEYS[name], *ASIDE)
            and pd.api.types.is_numeric_dtype(frame[column])
            and not pd.api.types.is_bool_dtype(frame[column])
        ]
        values = frame[columns].to_numpy(dtype=float, na_value=math.nan)
        errors = frame["standard_error"].to_numpy(dtype=float) if "standard_error" in frame else None
        judged = frame["significant"].astype("boolean") if "significant" in frame else pd.Series(pd.NA, frame.index)
        for key, place in facts.rows(name).items():
            row = {language: _row_names(key, words) for language, words in messages.items()}
            for column, value in zip(columns, values[place].tolist(), strict=True):
                anchor = Anchor(name, key, column)
                unit = facts.unit(anchor)
                error = None if errors is None or column not in MAIN or not errors[place] > 0 else float(errors[place])
                written, sign, decimals = (percent, "%", 2) if unit == "percent" else (number, "", 2 * (unit == "number"))
                yield {
                    "key": anchor.target[1:],
                    "value": value if math.isfinite(value) else None,
                    "unit": unit,
                    "error": error,
                    "significant": None if error is None else _significant(judged.iloc[place], value, error),
                    "text": {
                        language: words("words.comma").join((row[language], words.table["columns"].get(column, column)))
                        + f" {written(value, negative[language], decimals, unit=sign)}"
                        for language, words in messages.items()
                    },
                    "file": f"tables/{name}.csv",
                }


def _specific_of_held(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The rows of `stock_factor` of what was specific to the stocks that a course held, and to those that drafts name."""
    cells, stocks = tables["stock_factor"], tables["stock_contributions"]
    named = [specific_names(tables, course) for course in cells["course"].unique()]  # a large one may be held by the index
    kept = pd.concat([stocks[stocks["held"]], *named])[["course", "ticker"]].drop_duplicates()
    return cells[cells["factor"] == SPECIFIC].merge(kept, on=["course", "ticker"])


def _row_names(key: tuple[str | None, ...], words: Messages) -> str:
    """What a row is of."""
    return words("words.comma").join(words.factor(part) for part in key if part)
