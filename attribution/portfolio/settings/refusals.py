"""What is answered to a book that says something which no section allows."""

from __future__ import annotations

import re

from pydantic import BaseModel, ValidationError

from attribution.portfolio.settings.bound_types import Words
from attribution.portfolio.settings.sections import (
    Accepted,
    Benchmark,
    Drivers,
    General,
    Limits,
    Model,
    Negative,
    OwnStyle,
    Report,
    RiskBand,
    Sleeve,
)
from riskmodel.bounds import shown
from riskmodel.errors import InputError
from riskmodel.market.sources.mapping import TableMap

KINDS = ("float", "OwnStyle")  # that stand in the place of an error where one of several kinds is allowed
SECTIONS: dict[str, type[BaseModel]] = {
    "book": General,
    "benchmarks": Benchmark,
    "sleeves": Sleeve,
    "report": Report,
    "limits": Limits,
    "drivers": Drivers,
    "accepted": Accepted,
    "model": Model,
    "tables": TableMap,
}
NESTED: dict[str, type[BaseModel]] = {
    "name": Words,
    "market": Words,
    "style": Words,
    "negative": Negative,
    "risk_band": RiskBand,
}


def refusal(file: str, error: ValidationError, sections: list[str]) -> InputError:
    """The first thing that is wrong: its place, what is known there, and what was found.

    Parameters
    ----------
    file
        The book's file name.
    error
        What pydantic says of the whole book.
    sections
        What a book may have at its top.
    """
    # a misspelt key is also a missing one: the misspelling is what helps
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    *section, key = [str(part) for part in first["loc"] if not re.search(r"[\[(]", str(part)) and part not in KINDS]
    place = f"[{'.'.join(section)}]" if section else "the file"
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(_known_keys(section, sections)))
        return InputError(f"{file}: unknown key '{key}' in {place}. Known keys: {known}.")
    if first["type"] == "missing":
        return InputError(f"{file}: missing key '{key}' in {place}.")
    if first["type"] == "value_error":
        return InputError(f"{file}: '{key}' in {place}: {first['ctx']['error']}.")
    return InputError(f"{file}: '{key}' in {place}: {first['msg']}; found {shown(first['input'])}.")


def _known_keys(section: list[str], sections: list[str]) -> list[str]:
    if not section:
        return sections
    if section[:2] == ["model", "styles"] and len(section) == 3:
        return list(OwnStyle.model_fields)
    part = NESTED.get(section[-1], SECTIONS.get(section[0]))
    return sections if part is None else list(part.model_fields)
