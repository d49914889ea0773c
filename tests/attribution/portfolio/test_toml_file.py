"""TOML that is meant to hurt, or was damaged: one line, at once, whatever its size and depth."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest

import attribution as at
from attribution.portfolio.settings.toml_file import MOST_BYTES, read_toml
from riskmodel.errors import InputError

DEEP = "line 1 has more than 32 brackets within brackets. No such file needs them; correct it."
PARTS = "line 1 has more than 32 parts of a dotted key. No such file needs them; correct it."
HOSTILE = {
    "forty kilobytes of a dotted key": (".".join(["a"] * 20_000) + " = 1", PARTS),
    "a heading as long": ("[" + ".".join(['"a"'] * 20_000) + "]", PARTS),
    "deep lists": ("a = " + "[" * 50_000, DEEP),
    "deep tables": ("a = " + "{a = " * 50_000, DEEP),
    "a megabyte": ("a = 1\n" * 200_000, f"has more than {MOST_BYTES:,} bytes, which no such file needs. Fix it."),
    "five thousand digits": ("a = " + "1" * 5000, "a number cannot be read, likely 111111111111111111111111111111..."),
    "thirty digits": ("a = " + "1" * 30, "1 key or value with a control character, or far too long: 'a' 1111111111"),
    "a NUL": (
        'a = "x\0"',
        "is not valid TOML (Illegal character '\\x00' (at line 1, column 7)). The line is: a = \"x\\u0000\"",
    ),
    "an escape": ('a = "x\\u001b[31m"', "1 key or value with a control character, or far too long: 'a' 'x\\x1b[31m'."),
    "an escape in a key": (
        '"a\\u001b" = 1',
        "with a control character, or far too long: the key 'a\\u001b'.",
    ),
    "a writing turned round": ('[t]\na = ["x", "\\u202ey"]', "far too long: 't.a' '\\u202ey'."),
    "a key without end": ("x" * 3000 + " = 1", "the key 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' of 3,000 characters"),
    "half a character": ('a = "\\ud800"', "is not valid TOML (Escaped character is not a Unicode scalar value"),
    "another encoding": (None, "is not text in UTF-8 (invalid start byte). Save it as UTF-8."),
}


def written(folder, text):
    path = folder / "book.toml"
    path.write_bytes(b"\xff\xfea\0" if text is None else text.encode())
    return path


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("number", [float, Decimal])
def test_hostile_toml_is_refused_in_one_line(tmp_path, case, number):
    text, message = HOSTILE[case]
    with pytest.raises(InputError) as caught:
        read_toml(written(tmp_path, text), "Fix it.", parse_float=number)
    assert message in str(caught.value)
    assert str(caught.value).startswith("book.toml: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("reader", [at.read_book, at.audit_report])
@pytest.mark.parametrize("case", HOSTILE)
def test_books_and_figures_are_read_by_it(tmp_path, reader, case):
    with pytest.raises(InputError, match=r"^book\.toml: "):
        reader(written(tmp_path, HOSTILE[case][0]))


def test_what_is_deep_is_told_before_it_is_parsed(tmp_path, monkeypatch):
    """The parser takes the square of a key's parts, 20 seconds of CPU for 40 KB of them: it never sees them."""
    monkeypatch.setattr(tomllib, "loads", lambda *_, **__: pytest.fail("parsed"))
    for text in (".".join(["a"] * 20_000) + " = 1", "a = " + "[" * 20_000, "a = 1\n" * 200_000):
        with pytest.raises(InputError, match=r"parts of a dotted key|brackets within brackets|bytes"):
            read_toml(written(tmp_path, text), "Fix it.")


def test_what_looks_deep_but_is_text_is_read(tmp_path):
    text = 'a = "' + "x." * 100 + "[" * 100 + '"\nb = """\n' + "{" * 100 + '\ntwo lines\t"quoted" \\\\ """\n# ' + "[." * 100
    text += "\nc = '" + "[" * 50 + "'\nd = '''" + "[\n" * 50 + "'''\ne = 1.5\nf = [1.5, 2.5]\n"
    content = read_toml(written(tmp_path, text), "Fix it.")
    assert content["f"] == [1.5, 2.5]
    assert content["c"] == "[" * 50
    assert "two lines" in content["b"]


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "book.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    assert read_toml(path, "Fix it.") == {"a": 1, "b": 2}
