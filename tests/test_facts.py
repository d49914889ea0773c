"""Facts are keys and values until they are printed: whatever the code can find out has words in every language."""

from __future__ import annotations

import ast
import pickle
import re
import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from attribution.house_style.words import LANGUAGES, read_messages
from attribution.measures.limits import WORDS as DETAILS
from attribution.portfolio.evidence.judged import UNKNOWN, UNUSED, known_keys
from riskmodel.facts import WORDS, Fact, ForecastUnavailableError

ROOT = Path(__file__).parents[1]
MAKERS = {  # what makes a fact -> place of its key among the arguments
    "Fact": 0,
    "add": 1,
    "add_days": 1,
    "rejects": 0,
    "rejects_of_rows": 0,
}
NOTES_OF_THE_MODEL = {"ordinary_income"}  # facts of riskmodel that are notes as they stand
SECTIONS = {  # of the message files -> the code whose facts it words
    "findings": ("riskmodel/market",),
    "limit_details": ("attribution/measures",),
    "notes": ("attribution/reporting",),
    "recognition": ("riskmodel/market/sources/recognition",),
    "reasons": ("riskmodel/arrays", "riskmodel/estimation", "riskmodel/exposures", "riskmodel/model"),
    "rejects": ("attribution/accounts",),
    "search": ("attribution/construction/search",),
    "simulated": ("attribution/portfolio/settings/walked.py",),
}
PLACED = {  # what places of sentences hold, where it is no number
    "sources": {"net_income": 0.75, "operating_income": 0.25},
    "reason": Fact("no_column", {"column": "equity"}),
    "finding": Fact("no_level", {"index": "SP500"}),
    "sectors": ("Energy", "Utilities"),
}
VALUES = st.one_of(st.text(), st.integers(), st.floats(allow_nan=False), st.lists(st.text()).map(tuple))


def keys_in(*places: str) -> Iterator[str]:
    """The keys of the facts that the code of files and folders can make."""
    files = (
        file for place in places for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    )
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            function = node.func if isinstance(node, ast.Call) else None
            place = MAKERS.get(getattr(function, "id", getattr(function, "attr", "")))
            if place is not None and len(node.args) > place:
                given_key = node.args[place]
                either = [given_key.body, given_key.orelse] if isinstance(given_key, ast.IfExp) else [given_key]
                yield from (key.value for key in either if isinstance(key, ast.Constant) and isinstance(key.value, str))


def made(section: str) -> set[str]:
    """The keys that a section of the message files must have."""
    keys = set(keys_in(*SECTIONS[section])) - NOTES_OF_THE_MODEL
    if section == "findings":
        return keys - set(keys_in(*SECTIONS["recognition"])) | known_keys() | {UNKNOWN, UNUSED}
    return keys | NOTES_OF_THE_MODEL if section == "notes" else keys


def places(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("section", SECTIONS)
def test_every_fact_that_the_code_can_make_has_words_and_no_words_are_left_over(section, language):
    assert made(section) == read_messages(language).table[section].keys()
    assert len(made(section)) > 3


def test_every_fact_has_words_in_the_library_that_makes_it_but_those_that_init_alone_prints():
    assert not made("recognition") & WORDS.keys()
    assert set(keys_in("riskmodel")) - made("recognition") == WORDS.keys()
    assert made("limit_details") == DETAILS.keys()


@pytest.mark.parametrize("section", SECTIONS)
def test_the_words_of_a_fact_have_the_same_places_wherever_they_stand(section):
    tables = [read_messages(language).table[section] for language in LANGUAGES]
    tables += [DETAILS] * (section == "limit_details") + [WORDS] * (section in ("findings", "notes", "reasons"))
    for key in made(section):
        assert len({places(table[key]) for table in tables if key in table}) == 1, key


@pytest.mark.parametrize("section", SECTIONS)
def test_every_fact_can_be_said_and_stored_by_whoever_holds_it(section):
    for key in made(section):
        told = [WORDS[key]] if key in WORDS else []
        told += [DETAILS[key]] if section == "limit_details" else []
        told += [read_messages(language).table[section][key] for language in LANGUAGES]
        fact = Fact(key, {name: PLACED.get(name, 3) for text in told for name in places(text)})
        own = DETAILS if section == "limit_details" else WORDS
        said = [fact.words(own), *(read_messages(lang).fact(section, fact) for lang in LANGUAGES)]
        assert all(text.strip() and not re.search(r"{\w*}", text) for text in said), said
        assert Fact.read(str(fact)) == fact


@given(st.from_regex(r"[a-z_]+", fullmatch=True), st.dictionaries(st.text(min_size=1), VALUES))
def test_a_fact_survives_its_text(key, values):
    assert Fact.read(str(Fact(key, values))) == Fact(key, values)


def test_a_fact_survives_a_file_of_netcdf(tmp_path):
    fact = Fact("vacant", {"sectors": ("Energy", "生活必需品", 'a "b" {c}')})
    xr.Dataset({"flag": ("time", np.array([str(fact), ""], dtype=object))}).to_netcdf(tmp_path / "f.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "f.nc", engine="h5netcdf") as stored:
        text, nothing = stored["flag"].to_numpy()
    assert Fact.read(text) == fact and nothing == ""
    assert fact.words() == 'no estimating name in Energy, 生活必需品, a "b" {c}'


def test_a_fact_among_the_values_of_another_is_stored_and_said():
    reason = Fact("vacant", {"sectors": ("Energy", "Utilities")})
    several = Fact("said", {"text": (reason, Fact("nobody"))})
    for fact in (Fact("no_forecast", {"date": "2025-03-31", "reason": reason}), several):
        assert Fact.read(str(fact)) == fact
    assert several.words() == "no estimating name in Energy, Utilities, no name has it"
    assert Fact("no_forecast", {"reason": reason}).words() == "no forecast: reason no estimating name in Energy, Utilities"
    assert Fact("no_forecast", {"index": "X"}).words(DETAILS) == "n/a: no forecast risk of 'X'"
    income = Fact("ordinary_income", {"sources": {"net_income": 0.75, "operating_income": 0.25}})
    assert Fact.read(str(income)) == income
    assert income.words().endswith("(share of filings): net_income 75%, operating_income 25%")


def test_a_fact_takes_numbers_of_numpy_and_refuses_what_no_text_can_hold():
    assert Fact.read(str(Fact("thin", {"names": np.int64(13), "coefficients": np.float64(7.5)}))).values["names"] == 13
    with pytest.raises(TypeError, match="a Fact holds numbers, texts, facts and tuples of these, not DataArray"):
        str(Fact("thin", {"names": xr.DataArray(1)}))


def test_why_there_is_no_forecast_is_said_in_words_and_as_a_fact_after_a_journey_too():
    error = ForecastUnavailableError("factor_returns: 3 returns.", Fact("short_history", {"returns": 3, "needed": 60}))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.fact) == ("factor_returns: 3 returns.", error.fact)
