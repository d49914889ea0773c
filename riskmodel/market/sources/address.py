"""What a person names as data: a path or a URL, with names of environment variables where secrets stand."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, unquote_plus

from riskmodel.errors import InputError
from riskmodel.texts import SECRET

VARIABLE = re.compile(r"\$\{(\w+)\}")
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C:// is a drive


def is_url(text: str) -> bool:
    """Whether a text is a URL, and no path.

    Examples
    --------
    >>> is_url("postgresql://localhost/market"), is_url("C://market")
    (True, False)
    """
    return URL.match(text) is not None


def expanded(text: str, what: str = "data") -> str:
    """A text with the values of the environment's variables that it names as ${NAME}.

    Parameters
    ----------
    text
        A path or a URL; or one variable alone, which holds all of it.
    what
        That names it, for a message.

    Returns
    -------
    str
        May hold secrets: it is not kept and not shown. In a URL a value stands for itself, whatever signs it has.

    Raises
    ------
    InputError
        For a variable that is not set; names it.

    Examples
    --------
    >>> os.environ["WORD"] = "p@ss/word"
    >>> expanded("postgresql://reader:${WORD}@localhost/market")
    'postgresql://reader:p%40ss%2Fword@localhost/market'
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if not os.environ.get(name):
            raise InputError(f"{what}: the environment variable '{name}', which '{text}' names, is not set. Set it.")
        return quote(os.environ[name], safe="") if is_url(text) else os.environ[name]

    return VARIABLE.sub(value, text)


def secrets_of(url: str) -> list[str]:
    """Passwords and keys in an expanded URL, as they are written there and as they are, the longest first.

    Of a password with an @ that is not written as %40 its parts are secrets too: an engine takes one for the host.

    Examples
    --------
    >>> secrets_of("postgresql://reader:one@two@localhost/market")
    ['one@two', 'one', 'two']
    """
    written = [found["password"] or found["value"] for found in SECRET.finditer(url)]
    parts = {part for each in written for part in (each, *each.split("@")) if part}
    return sorted({text for part in parts for text in (part, unquote_plus(part))}, key=lambda text: (-len(text), text))


def require_no_secret(text: str, place: str) -> None:
    """Refuse a password or key that is written out where others read it.

    Raises
    ------
    InputError
        Says where, and never what.
    """
    for found in SECRET.finditer(text):
        written = found["password"] or found["value"] or ""
        if VARIABLE.sub("", written):
            raise InputError(
                f"{place} has a password or key written out. Write the name of an environment variable in its place, as in "
                f"postgresql://reader:${{PGPASSWORD}}@host/market."
            )
