"""What a text may hold: signs that steer a terminal or turn writing round are no part of a name."""

from __future__ import annotations

import re

# C0, DEL and C1; separators of lines and paragraphs; signs that turn the direction of writing; halves of a character
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LAYOUT = "\n\t"  # what lays a text out, where it may have several lines
FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")  # full-width ones too, as a Japanese spreadsheet reads them
NUMBER = re.compile(r"'*[+\-]?[0-9][0-9.,]*(?:[eE][+\-]?[0-9]+)?\s?%?")

SECRET = re.compile(  # of a URL: what stands between the user's name and the host, and the value of a key that tells it
    r"(?P<user>://[^/?#:@\s]*:)(?P<password>\S+)(?=@)"
    r"|(?P<key>[?&][\w.-]*(?:pass|pwd|secret|token|key|sig)[\w.-]*=)(?P<value>[^&\s'\"]+)",
    re.IGNORECASE,
)
NAMED = re.compile(r"\$\{\w+\}")  # a variable of the environment that holds it
MASK = "***"


def without_secrets(text: str) -> str:
    """A text in which no URL shows a password or a key; the name of a variable in its place stays.

    Examples
    --------
    >>> without_secrets("postgresql://reader:word@host/market?sslpassword=other&x=1")
    'postgresql://reader:***@host/market?sslpassword=***&x=1'
    """

    def masked(found: re.Match[str]) -> str:
        secret = found["password"] or found["value"]
        return (found["user"] or found["key"]) + (secret if NAMED.fullmatch(secret) else MASK)

    return SECRET.sub(masked, text)


def has_control(text: str, *, keep: str = "") -> bool:
    r"""Whether a text holds a control character other than those of `keep`.

    Examples
    --------
    >>> has_control("ACME\x1b[2J"), has_control("two\nlines", keep=LAYOUT), has_control("メジャー")
    (True, False, False)
    """
    return any(found[0] not in keep for found in CONTROL.finditer(text))


def visible(text: str, *, keep: str = LAYOUT) -> str:
    r"""A text with its control characters written out, as JSON has them, so that they do nothing where it is shown.

    Examples
    --------
    >>> print(visible("ACME\x1b[31m red"))
    ACME\u001b[31m red
    """
    return CONTROL.sub(lambda found: found[0] if found[0] in keep else f"\\u{ord(found[0]):04x}", text)


def without_formula(text: str) -> str:
    """A text as a cell of CSV that no spreadsheet takes for a formula: an apostrophe before = + - @, a tab or a return.

    Numbers stay as they are; a text that begins with such apostrophes has one more, so that `with_formula` gives every
    text back.

    Examples
    --------
    >>> without_formula("=1+1"), without_formula("-0.5 %"), without_formula("A=B"), without_formula("'@x")
    ("'=1+1", '-0.5 %', 'A=B', "''@x")
    """
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def with_formula(cell: str) -> str:
    """What `without_formula` made a cell of, as it was.

    Examples
    --------
    >>> with_formula("'=1+1"), with_formula("'Twas"), with_formula("''@x")
    ('=1+1', "'Twas", "'@x")
    """
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) and not NUMBER.fullmatch(cell) else cell
