from __future__ import annotations

import pytest

import attribution as at
from attribution.portfolio.inputs import read_inputs


def edited(folder, *changes):
    path = folder / "book.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path


def message_of(path):
    with pytest.raises(at.InputError) as caught:
        at.read_book(path)
    return str(caught.value)


def test_a_misspelt_key_is_named_with_the_known_ones(small_copy):
    path = edited(small_copy[0], ('benchmark = "', 'benchmarck = "'))
    assert message_of(path) == (
        "book.toml: unknown key 'benchmarck' in [sleeves.major]. Known keys: benchmark, holdings, inception, "
        "name, strategy, style."
    )


def test_a_misspelt_section_is_named_with_the_known_ones(small_copy):
    path = edited(small_copy[0], ("[limits]", "[limit]"))
    assert message_of(path) == (
        "book.toml: unknown key 'limit' in the file. "
        "Known keys: accepted, benchmarks, book, courses, drivers, fees, funds, index_basis, limits, model, report, "
        "sleeves, strategies, tables, walk."
    )


def test_a_missing_key_is_named(small_copy):
    path = edited(small_copy[0], ("inception =", "# inception ="))
    assert message_of(path) == "book.toml: missing key 'inception' in [book]."


def test_a_value_of_the_wrong_kind_is_shown(small_copy):
    path = edited(small_copy[0], ('delisted = "cash"', 'delisted = "drop"'))
    assert message_of(path) == "book.toml: 'delisted' in [book]: 'drop'; give \"error\" or \"cash\"."


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("", "does not say what it is"),
        ("returns_only = false", "does not say what it is"),
        ('constituents = "Large Index"\nlargest = 500', "has constituents and largest"),
        ("largest = 500\nreturns_only = true", "has largest and returns_only"),
    ],
)
def test_a_benchmark_says_what_it_is_one_of_three(small_copy, said, found):
    path = edited(small_copy[0], ('constituents = "Large Index"', said))
    assert message_of(path) == (
        f'book.toml: [benchmarks."Large Index"] {found}. Give one of the three: constituents = "..." (an index of the table '
        f"constituents), largest = 500 (the largest companies by market cap), returns_only = true (nothing but the level "
        f"that the table indices has under its name)."
    )


def test_a_benchmark_that_is_only_returns_has_levels(small_copy):
    path = edited(
        small_copy[0], ('[benchmarks."Large Index"]', "[benchmarks.Other]"),
        ('constituents = "Large Index"', "returns_only = true"),
        ('benchmark = "Large Index"', 'benchmark = "Other"'),
        ('risk_band = { index = "Large Index", within = 0.10 }', ""),
    )  # fmt: skip
    with pytest.raises(at.InputError) as caught:
        read_inputs(at.read_book(path))
    assert str(caught.value) == (
        "indices: no level of 'Other', which [benchmarks.\"Other\"] says is all that there is of it (returns_only). "
        "Found: Large Index, Small Index, Wide Index. Add its levels, or give constituents or largest."
    )


def test_shares_of_a_course_sum_to_one(small_copy):
    path = edited(small_copy[0], ("major = 0.7", "major = 0.6"))
    assert message_of(path) == "book.toml: shares of course 'Major 70 : Next 30' sum to 0.9, not 1."


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert message_of(tmp_path / "none.toml").startswith("none.toml: cannot be read (No such file or directory).")


def test_a_blends_benchmark_is_named_by_its_shares(small_book):
    large, small = small_book.sleeves["major"].benchmark, small_book.sleeves["next_major"].benchmark
    assert small_book.benchmark_name("Major 100") == large
    assert small_book.benchmark_name("Major 70 : Next 30") == f"70% {large} + 30% {small}"


def test_an_unknown_course_lists_the_known_ones(small_book):
    with pytest.raises(at.InputError, match=r"unknown course 'Minor'. The book has: Major 100, .*, next_major\."):
        small_book.shares("Minor")


@pytest.mark.parametrize(
    ("fees", "said"),
    [
        (
            '"Major 100" = 0.55',
            "'Major 100' in [fees]: 0.55; give a decimal a year above 0 and up to 0.1 (0.0055 is 0.55 %).",
        ),
        ('"Major 200" = 0.0055', "[fees] names unknown 'Major 200'. Known: Major 100, "),
    ],
)
def test_fees_are_decimals_of_courses(small_copy, fees, said):
    path = edited(small_copy[0], ("[limits]", f"[fees]\n{fees}\n\n[limits]"))
    assert said in message_of(path)


@pytest.mark.parametrize(
    ("basis", "said"),
    [
        (
            '"Narrow Index" = "price"',
            "book.toml: [index_basis] names unknown 'Narrow Index'. Known: Large Index, Small Index, Wide Index.",
        ),
        ('"Wide Index" = "net"', "'Wide Index' in [index_basis]: 'net'; give \"price\" or \"total return\"."),
    ],
)
def test_the_basis_of_an_index_is_one_of_two_and_of_an_index_of_the_book(small_copy, basis, said):
    assert said in message_of(edited(small_copy[0], ("[limits]", f"[index_basis]\n{basis}\n\n[limits]")))


def test_price_indices_are_those_that_the_book_calls_so(small_copy):
    said = '[index_basis]\n"Wide Index" = "price"\n"Large Index" = "total return"\n\n[limits]'
    assert at.read_book(edited(small_copy[0], ("[limits]", said))).price_indices == ["Wide Index"]


def test_fees_are_not_taken_off_actual_returns(small_copy):
    path = edited(
        small_copy[0], ("[limits]", '[fees]\n"Major 100" = 0.0055\n\n[limits]'), ("[book]", '[book]\nreturns = "actual"')
    )
    assert "actual returns are after fees already" in message_of(path)
