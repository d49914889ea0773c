"""What is answered to a book that says something which no section allows."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from attribution.portfolio.settings.bound_types import Words
from attribution.portfolio.settings.house import Colours, LegalText, TextSection
from attribution.portfolio.settings.sections import (
    Accepted,
    Benchmark,
    Drivers,
    Fund,
    General,
    Limits,
    Model,
    Negative,
    OwnStyle,
    Report,
    RiskBand,
    Sleeve,
)
from attribution.portfolio.settings.strategies import Strategy, Universe
from attribution.portfolio.settings.walked import Counterpart, Walked
from riskmodel.bounds import shown
from riskmodel.errors import InputError
from riskmodel.market.sources.mapping import Sheet, TableMap

KINDS = {"string_type": "a text in quotes", "bool_type": "true or false"}  # of pydantic's errors, and what to give
TEXTS = 'a text in quotes, or one for each language: { ja = "...", en = "..." }'
PARTS = {  # of classes that stand in the place of a value
    "Words": TEXTS,
    "Negative": '{ ja = "△", en = "minus" } or one of the two',
    "OwnStyle": "{ descriptors = { descriptor = weight, ... } }",
    "Colours": '{ accent = "#1f5fa8", gain = "#1f5fa8", loss = "#a84f0a" }',
    "LegalText": '{ file = "...", title = "..." }',
    "TextSection": '{ file = "...", title = "..." }',
    "RiskBand": '{ index = "...", within = 0.10 }',
    "Counterpart": '{ figure = "sortino", in_sample = 1.2, out_of_sample = 0.3, months = "2025-04/2026-03" }',
    "Universe": '{ constituents = "..." } or { largest = 500 }',
    "Sheet": '{ file = "...", sheet = "..." }',
}
TABLES = {  # of keys, and of sections whose keys a book chooses
    "courses": "the sleeves and their shares, such as { KEY = 1.0 }",
    "score": "factors and their weights, such as { profitability = 1 }",
    "descriptors": "descriptors and their weights, such as { book_to_price = 1.0 }",
    "columns": 'ours = theirs, such as { close = "Last" }',
    "units": 'ours = unit, such as { close = "cents" }; unit = "percent" is of every number',
    "constant": 'ours = what every row has, such as { session = "post" }',
    "items": 'of a table with a row an item, such as { column = "ITEM", value = "VALUE" }',
    "derived": 'ours = how, such as { weight = "market_value" }',
    "fields": "a section for each column: [tables.NAME.fields.close]",
}
LISTS = {
    "sections": 'a list of texts: [{ file = "...", title = "..." }]',
    "legal": 'a list of texts: [{ file = "...", title = "..." }]',
    "accepted": "a list: write [[accepted]], in two brackets, for each",
    "file": 'a path in quotes, or several in brackets: ["a.csv", "b.csv"]',
    "missing": 'a text in quotes, or several in brackets: ["-", "#N/A"]',
    "cash": 'a text in quotes, or several in brackets: ["Cash USD", "Cash JPY"]',
}
SECTIONS: dict[str, type[BaseModel]] = {
    "book": General,
    "benchmarks": Benchmark,
    "sleeves": Sleeve,
    "funds": Fund,
    "report": Report,
    "limits": Limits,
    "drivers": Drivers,
    "accepted": Accepted,
    "model": Model,
    "strategies": Strategy,
    "tables": TableMap,
    "walk": Walked,
}
NESTED: dict[str, type[BaseModel]] = {
    "name": Words,
    "market": Words,
    "style": Words,
    "negative": Negative,
    "risk_band": RiskBand,
    "universe": Universe,
    "counterpart": Counterpart,
    "colours": Colours,
    "sections": TextSection,
    "legal": LegalText,
    "title": Words,
    "source": Words,
}


def refusal(file: str, error: ValidationError, sections: list[str], content: dict[str, Any]) -> InputError:
    """The first thing that is wrong: its place, what is known there, what was found, and all that may stand there.

    Parameters
    ----------
    file
        The book's file name.
    error
        What pydantic says of the whole book.
    sections
        What a book may have at its top.
    content
        The book as its file has it.
    """
    # a misspelt key is also a missing one: the misspelling is what helps
    found = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    first = found[0]
    path = _path(first, content)
    keys = [part for part in path if isinstance(part, str)]
    *section, key = keys
    place = f"[{'.'.join(section)}]" if section else "the file"
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(_known_keys(section, sections)))
        return InputError(f"{file}: unknown key '{key}' in {place}. Known keys: {known}.")
    if first["type"] == "missing":
        return InputError(f"{file}: missing key '{key}' in {place}.")
    if first["type"] == "value_error":
        return InputError(f"{file}: '{key}' in {place}: {first['ctx']['error']}.")
    branches = [each for each in found if _path(each, content) == path and each["type"] not in ("missing", "value_error")]
    wanted = dict.fromkeys(_wanted(each, keys) for each in branches)
    return InputError(f"{file}: '{key}' in {place}: {_as_written(first['input'])}; give {', or '.join(wanted)}.")


def _path(error: ErrorDetails, content: Any) -> list[str | int]:
    """The keys of a book, and places in its lists, that lead to an error: pydantic's names of branches are left out."""
    path: list[str | int] = []
    for part in error["loc"]:
        known = part in content if isinstance(content, dict) else isinstance(content, list) and isinstance(part, int)
        if known:
            path.append(part)
            content = content[part]
    return [*path, error["loc"][-1]] if error["type"] == "missing" else path


def _wanted(error: ErrorDetails, keys: list[str]) -> str:
    """What may stand in the place of an error, as one branch of the key's type has it."""
    kind, key = error["type"], keys[-1]
    if (key, kind) == ("industry", "string_type"):
        return "a column of securities in quotes"
    if kind == "literal_error":
        return str(error["ctx"]["expected"]).replace("'", '"').replace("False", "false")
    if kind == "tuple_type":
        item = f'"{error["input"]}"' if isinstance(error["input"], str) else "..."
        return LISTS.get(key, f"a list in brackets, such as [{item}]")
    if kind == "dict_type":
        return TABLES.get(key) or TABLES.get(keys[0], "keys with their values in braces, such as { ... = ... }")
    if kind in ("model_type", "model_attributes_type"):
        return PARTS.get(str(error["ctx"]["class_name"]), f"a section: [{'.'.join(keys)}], and its keys below")
    return KINDS.get(kind, f"another value ({error['msg']})")


def _as_written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else shown(value)


def _known_keys(section: list[str], sections: list[str]) -> list[str]:
    if not section:
        return sections
    if section[:2] == ["model", "styles"] and len(section) == 3:
        return list(OwnStyle.model_fields)
    of_sheet = Sheet if section[0] == "tables" and section[2:3] == ["fields"] else None
    part = of_sheet or NESTED.get(section[-1], SECTIONS.get(section[0]))
    return sections if part is None else list(part.model_fields)
