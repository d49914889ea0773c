"""What is said of a value of the wrong kind in a book: everything that may stand in its place."""

from __future__ import annotations

import pytest

import attribution as at
from attribution import InputError
from attribution.portfolio.settings.refusals import SECTIONS
from tests.conftest import SMALL

BOOK = (SMALL / "book.toml").read_text("utf-8")
NAME = next(line for line in BOOK.splitlines() if line.startswith("name = "))
TEXT = 'a text in quotes, or one for each language: { ja = "...", en = "..." }'
RATE = 'give "rates", or a decimal a year above -0.05 and below 0.5 (0.02 is 2 %)'
END = "[limits] "


def refused(folder, text):
    path = folder / "book.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        at.read_book(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('risk_free = "rates"', "risk_free = 4.5", f"'risk_free' in [book]: 4.5; {RATE}."),
        ('risk_free = "rates"', 'risk_free = "rate"', f"'risk_free' in [book]: 'rate'; {RATE}."),
        (NAME, "name = 3", f"'name' in [book]: 3; give {TEXT}."),
        (NAME, 'name = { ja = "本" }', "missing key 'en' in [book.name]."),
        ("currency =", "market = 5\ncurrency =", f"'market' in [book]: 5; give {TEXT}."),
        ("hypothetical = true", "hypothetical = 1", f"'hypothetical' in [report]: 1; give true or false, or {TEXT}."),
        ("languages = [", 'languages = "ja" #', "'languages' in [book]: 'ja'; give a list in brackets, such as [\"ja\"]."),
        ('languages = ["ja"', 'languages = ["jp"', "'languages' in [book]: 'jp'; give \"ja\" or \"en\"."),
        ('delisted = "cash"', "delisted = true", '\'delisted\' in [book]: true; give "error" or "cash".'),
        ('delisted = "cash"', 'long_short = "yes"', "'long_short' in [book]: 'yes'; give true or false."),
        ("[report]", '[report]\nnegative = "minus"', "'negative' in [report]: 'minus'; give { ja = \"△\", en = \"minus\" }"),
        ("within = 0.10 }", "within = 0.10 }\nnames2 = 1", "unknown key 'names2' in [limits]"),
        ("risk_band = {", "risk_band = 0.1 #", "'risk_band' in [limits]: 0.1; give { index = \"...\", within = 0.10 }."),
        (
            '"Major 100" = { major = 1.0 }',
            '"Major 100" = "major"',
            "'Major 100' in [courses]: 'major'; give the sleeves and their shares, such as { KEY = 1.0 }.",
        ),
        (
            'indices = ["Large Index", "Small Index", "Wide Index"]',
            'indices = "Large Index"',
            "'indices' in [report]: 'Large Index'; give a list in brackets, such as [\"Large Index\"].",
        ),
        (
            END,
            '[model]\nindustry = ["sic"]\n[limits] ',
            "'industry' in [model]: of type list; give a column of securities in quotes, or false.",
        ),
        (
            END,
            '[model.styles]\nvalue = "off"\n[limits] ',
            "'value' in [model.styles]: 'off'; give { descriptors = { descriptor = weight, ... } }, or false.",
        ),
        (
            END,
            "[accepted]\nkey = 'x'\n[limits] ",
            "'accepted' in the file: of type dict; give a list: write [[accepted]], in two brackets, for each.",
        ),
        (
            END,
            "[tables.prices]\nfile = 5\n[limits] ",
            '\'file\' in [tables.prices]: 5; give a path in quotes, or several in brackets: ["a.csv", "b.csv"].',
        ),
        (
            END,
            '[tables.prices]\nfile = "a"\nunits = "percent"\n[limits] ',
            "'units' in [tables.prices]: 'percent'; give ours = unit, such as { close = \"cents\" }; unit = \"percent\" is "
            "of every number.",
        ),
        (
            END,
            '[tables.prices]\nfile = "a"\nlayout = "tall"\n[limits] ',
            '\'layout\' in [tables.prices]: \'tall\'; give "long", "wide" or "across".',
        ),
    ],
)
def test_every_kind_that_may_stand_there_is_named(tmp_path, old, new, message):
    assert old in BOOK
    assert refused(tmp_path, BOOK.replace(old, new, 1)).startswith(f"book.toml: {message}")


FIELDS = [
    (f"[{section}]" if section != "accepted" else "[[accepted]]", key)
    for section, part in SECTIONS.items()
    if section not in ("benchmarks", "sleeves", "tables")
    for key in part.model_fields
]


@pytest.mark.parametrize("value", ["[[0.5]]", "{ odd = 1 }", "2025-03-03T10:00:00", '"?"', "0.5", "true"])
def test_no_refusal_speaks_of_the_library_that_found_it(tmp_path, value):
    for section, key in FIELDS:
        path = tmp_path / "book.toml"
        path.write_text(f"{section}\n{key} = {value}\n", encoding="utf-8")
        with pytest.raises(InputError) as caught:
            at.read_book(path)
        told = str(caught.value)
        assert "Input should" not in told and "another value" not in told and "instance of" not in told, (section, key, told)
        assert "pydantic" not in told and "function-" not in told


def test_a_section_that_is_a_number_is_asked_for_as_one(tmp_path):
    assert refused(tmp_path, "book = 3\n") == (
        "book.toml: 'book' in the file: 3; give a section: [book], and its keys below."
    )
