from __future__ import annotations

import pytest

import attribution as at


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
        "book.toml: unknown key 'benchmarck' in [sleeves.major]. Known keys: benchmark, holdings, inception, name, style."
    )


def test_a_misspelt_section_is_named_with_the_known_ones(small_copy):
    path = edited(small_copy[0], ("[limits]", "[limit]"))
    assert message_of(path) == (
        "book.toml: unknown key 'limit' in the file. "
        "Known keys: accepted, benchmarks, book, courses, drivers, limits, model, report, sleeves, tables."
    )


def test_a_missing_key_is_named(small_copy):
    path = edited(small_copy[0], ("inception =", "# inception ="))
    assert message_of(path) == "book.toml: missing key 'inception' in [book]."


def test_a_value_of_the_wrong_kind_is_shown(small_copy):
    path = edited(small_copy[0], ('delisted = "cash"', 'delisted = "drop"'))
    assert message_of(path) == "book.toml: 'delisted' in [book]: Input should be 'error' or 'cash'; found 'drop'."


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
