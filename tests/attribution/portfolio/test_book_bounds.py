"""Every number and date of a book has bounds: what is outside is refused with its unit, before anything is read."""

from __future__ import annotations

import datetime
import types
import typing

import pytest
from pydantic import BaseModel, BeforeValidator

import attribution as at
from attribution.portfolio.book import Book
from tests.attribution.portfolio.test_book import edited, message_of

WEIGHT = "give a decimal above 0 and up to 1 (0.10 is 10 %)."
PAIR = "the least and the most names, such as [20, 25]"
EVERYWHERE = ("nan", "inf", "-inf", "1e999999999", "true", '"0.1"', "[]", "2024-01-01", "99999999999999999")
PLACES = {  # key: section, what the shipped book has, or None where the key is to be added, and the unit that is told
    "weight_max": ("limits", "weight_max = 0.10", "decimal"),
    "sector_deviation_max": ("limits", "sector_deviation_max = 0.10", "decimal"),
    "within": ("limits.risk_band", "within = 0.10", "decimal"),
    "risk_free": ("book", 'risk_free = "rates"', "decimal a year"),
    "transaction_cost_bps": ("book", None, "basis points"),
    "material_bp": ("drivers", None, "basis points"),
    "material_share": ("drivers", None, "decimal"),
    "false_discovery_rate": ("drivers", None, "decimal"),
    "industry_digits": ("model", None, "digits"),
    "largest": ("benchmarks.Large Index", 'constituents = "Large Index"', "names"),
    "major": ("courses.Major 100", "major = 1.0", "decimal"),
    "log_price": ("model.styles.cheap.descriptors", None, "number from -1,000 to 1,000"),
}


def changed(folder, key, value):
    section, there, _ = PLACES[key]
    if there is not None:
        return edited(folder, (there, f"{key} = {value}"))
    if section == "book":
        return edited(folder, ('currency = "USD"', f'currency = "USD"\n{key} = {value}'))
    return edited(folder, ("[limits] ", f"[{section}]\n{key} = {value}\n[limits] "))


@pytest.mark.parametrize("value", EVERYWHERE)
@pytest.mark.parametrize("key", PLACES)
def test_no_number_of_a_book_is_nan_infinite_huge_or_something_that_stands_for_one(small_copy, key, value):
    section, _, unit = PLACES[key]
    message = message_of(changed(small_copy[0], key, value))
    assert message.startswith(f"book.toml: '{key}' in [{section}]: ")
    assert "; give " in message
    assert unit in message


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("weight_max", "10", f"book.toml: 'weight_max' in [limits]: 10; {WEIGHT}"),
        ("weight_max", "nan", f"book.toml: 'weight_max' in [limits]: nan; {WEIGHT}"),
        ("weight_max", "0", f"book.toml: 'weight_max' in [limits]: 0; {WEIGHT}"),
        ("weight_max", "-0.1", f"book.toml: 'weight_max' in [limits]: -0.1; {WEIGHT}"),
        ("within", "10", f"book.toml: 'within' in [limits.risk_band]: 10; {WEIGHT}"),
        ("major", "100", "book.toml: 'major' in [courses.Major 100]: 100; give a decimal from 0 to 1 (0.10 is 10 %)."),
        ("major", "-1", "book.toml: 'major' in [courses.Major 100]: -1; give a decimal from 0 to 1 (0.10 is 10 %)."),
        (
            "risk_free",
            "2.0",
            "book.toml: 'risk_free' in [book]: 2.0; give \"rates\", or a decimal a year above -0.05 and below 0.5 "
            "(0.02 is 2 %).",
        ),
        ("risk_free", '"rate"', "book.toml: 'risk_free' in [book]: 'rate'; give \"rates\", or a decimal a year"),
        ("transaction_cost_bps", "-1", "'transaction_cost_bps' in [book]: -1; give basis points from 0 to 1,000"),
        ("largest", "0", "'largest' in [benchmarks.Large Index]: 0; give a whole number of names from 1 to 1,000,000."),
        ("largest", "500.0", "'largest' in [benchmarks.Large Index]: 500.0; give a whole number of names"),
        ("industry_digits", "0", "'industry_digits' in [model]: 0; give a whole number of digits from 1 to 10."),
        ("log_price", "0", "'log_price' in [model.styles.cheap.descriptors]: 0; give a number from -1,000 to 1,000, not 0."),
    ],
)
def test_a_number_out_of_bounds_is_told_with_its_unit(small_copy, key, value, message):
    assert message in message_of(changed(small_copy[0], key, value))


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("[25, 20]", f"[25, 20]; the least is above the most. Give {PAIR}."),
        ("[0, 25]", f"0; give {PAIR}, each a whole number of names from 1 to 1,000,000."),
        ("[-5, 25]", f"-5; give {PAIR}, each a whole number of names from 1 to 1,000,000."),
        ("[20.5, 25]", f"20.5; give {PAIR}, each a whole number of names from 1 to 1,000,000."),
        ("[true, 25]", f"True; give {PAIR}, each a whole number of names from 1 to 1,000,000."),
        ("[20]", f"of type list; give {PAIR}."),
        ("20", f"20; give {PAIR}."),
    ],
)
def test_the_numbers_of_names_are_least_and_most(small_copy, pair, message):
    path = edited(small_copy[0], ("names = [20, 25]", f"names = {pair}"))
    assert message_of(path) == f"book.toml: 'names' in [limits]: {message}"


@pytest.mark.parametrize("key", ["inception", "track_record_start"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0", "0; give a day as YYYY-MM-DD, without quotes or time."),
        ("86400", "86400; give a day as YYYY-MM-DD, without quotes or time."),
        ("true", "True; give a day as YYYY-MM-DD, without quotes or time."),
        ('"²⁰²⁴-03-01"', "'²⁰²⁴-03-01'; give a day as YYYY-MM-DD, without quotes or time."),
        ("2024-03-01T09:30:00", "2024-03-01 09:30:00; give a day as YYYY-MM-DD, without quotes or time."),
        ("0001-01-01", "0001-01-01; give a day from 1700-01-01 on and before 2200-01-01."),
        ("9999-12-31", "9999-12-31; give a day from 1700-01-01 on and before 2200-01-01."),
    ],
)
def test_a_day_is_one_that_tables_may_have(small_copy, key, value, message):
    path = edited(small_copy[0], (f"\n{key} = 2024-03-01", f"\n{key} = {value}"))
    assert message_of(path) == f"book.toml: '{key}' in [book]: {message}"


@pytest.mark.parametrize("written", ['"2024-03-01"', "2024-03-01", "2024-03-01T00:00:00"])
def test_a_day_in_quotes_or_at_midnight_is_still_read(small_copy, written):
    path = edited(small_copy[0], ("\ninception = 2024-03-01", f"\ninception = {written}"))
    assert at.read_book(path).book.inception == datetime.date(2024, 3, 1)


def test_a_track_record_that_starts_after_the_inception_is_refused(small_copy):
    path = edited(small_copy[0], ("\ntrack_record_start = 2024-03-01", "\ntrack_record_start = 2024-06-03"))
    assert message_of(path) == (
        "book.toml: 'track_record_start' in [book]: 2024-06-03, after the inception, 2024-03-01: ratios would leave out the "
        "months between. Give a day up to the inception, or leave the key out."
    )


def bare_numbers(kind: object, place: str) -> list[str]:
    """Places of a type where a number or a day may stand without a validator of this project's."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        own = [(name, field.annotation, field.metadata) for name, field in kind.model_fields.items()]
        return [
            found
            for name, below, metadata in own
            if not any(isinstance(one, BeforeValidator) for one in metadata)
            for found in bare_numbers(below, f"{place}.{name}")
        ]
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        checked = any(isinstance(one, BeforeValidator) for one in parts[1:])
        return [] if checked else bare_numbers(parts[0], place)
    if origin in (typing.Union, types.UnionType, tuple, list, dict):
        return [found for part in parts for found in bare_numbers(part, place)]
    return [place] if kind in (int, float, datetime.date, datetime.datetime) else []


def test_no_key_of_a_book_takes_a_number_or_a_day_without_bounds():
    assert bare_numbers(Book, "book") == []
    assert bare_numbers(dict[str, float | None], "seen") == ["seen"]


LINE = "give a text of one line, not empty."
TEXTS = {  # key: its section, and what the shipped book has
    "data": ("book", 'data = "."'),
    "constituents": ("benchmarks.Large Index", 'constituents = "Large Index"'),
    "holdings": ("sleeves.major", 'holdings = "major"'),
    "benchmark": ("sleeves.major", 'benchmark = "Large Index"'),
    "index": ("limits.risk_band", 'index = "Large Index"'),
    "style": ("sleeves.major", 'style = { ja = "大型ハイクオリティ", en = "large-cap high quality" }'),
    "store": ("model", None),
    "style_table": ("model", None),
    "industry": ("model", None),
}


@pytest.mark.parametrize(("value", "found"), [('""', "''"), ('" "', "' '"), (r'"two\nlines"', r"'two\nlines'")])
@pytest.mark.parametrize("key", TEXTS)
def test_a_name_or_path_is_one_line_and_not_empty(small_copy, key, value, found):
    section, there = TEXTS[key]
    change = ("[limits] ", f"[{section}]\n{key} = {value}\n[limits] ") if there is None else (there, f"{key} = {value}")
    assert message_of(edited(small_copy[0], change)) == f"book.toml: '{key}' in [{section}]: {found}; {LINE}"


def test_a_disclaimer_may_have_lines(small_copy):
    path = edited(small_copy[0], ("[report]", '[report]\ndisclaimer = "two\\nlines"'))
    assert at.read_book(path).report.disclaimer.en == "two\nlines"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("[limits] ", "[model]\nindustry = 0\n[limits] "),
            "'industry' in [model]: 0; give a column of securities, or false for none.",
        ),
        (
            ("[limits] ", "[model]\nindustry = true\n[limits] "),
            "'industry' in [model]: True; give a column of securities, or false for none.",
        ),
        (
            ("[limits] ", "[model.styles]\nmomentum = 0\n[limits] "),
            "'momentum' in [model.styles]: 0; give false to leave the style out, or descriptors.",
        ),
        (("[limits] ", "[model.styles]\nmomentum = -0.0\n[limits] "), "'momentum' in [model.styles]: -0.0; give false to"),
        (
            ('languages = ["ja", "en"]', "languages = []"),
            "'languages' in [book]: an empty list; give at least one, each once.",
        ),
        (('languages = ["ja", "en"]', 'languages = ["ja", "ja"]'), "'languages' in [book]: ja, ja; give at least one, each"),
        (('data = "."', f'data = "{"x" * 300}"'), f"'data' in [book]: '{'x' * 160}...' is longer than any path. Name the"),
        (
            ("[limits] ", f'[model]\nstore = "{"x/" * 2500}"\n[limits] '),
            f"'store' in [model]: '{'x/' * 80}...' is longer than any path. Name a file.",
        ),
        (
            ("[sleeves.major]", '[sleeves.""]\nholdings = "a"\nbenchmark = "Large Index"\n[sleeves.major]'),
            "one of [sleeves] has",
        ),
    ],
)
def test_what_is_no_choice_no_path_and_no_name_is_refused_in_one_line(small_copy, change, message):
    assert message_of(edited(small_copy[0], change)).startswith(f"book.toml: {message}")
