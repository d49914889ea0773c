"""What a person names as data: a path, a pattern of files or a URL, names of environment variables where secrets stand."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote_plus

from riskmodel.errors import InputError, counted, listed
from riskmodel.market.day_forms import EXCEL_DATES, regex_of
from riskmodel.market.sources.mapping import PLACEHOLDER, How
from riskmodel.market.tables import DATE, TABLES
from riskmodel.texts import SECRET

VARIABLE = re.compile(r"\$\{(\w+)\}")
FOLDERS = "**"  # in a pattern, in the place of a folder's name: any folders, or none
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


def files_of(folder: Path, pattern: str, name: str, how: How) -> list[tuple[Path, dict[str, str]]]:
    """The files of a pattern in the order of their names, each with what its name says of columns of ours.

    Parameters
    ----------
    folder
        That the pattern is relative to.
    pattern
        `*` and `?` stand for any text, `**` in the place of a folder for any folders, {date} or another column of ours for
        what every row has.
    name
        The table that they are of.
    how
        How it is written: the form of a date in a name.

    Raises
    ------
    InputError
        Where there are none, and for a name that does not say what it should.
    """
    said = PLACEHOLDER.findall(pattern)
    unknown = [column for column in said if column not in TABLES[name].columns]
    if unknown:
        raise InputError(
            f"{name}: file '{pattern}' in [tables.{name}] has {{{unknown[0]}}}, which is no column of the table. "
            f"Its columns: {', '.join(TABLES[name].columns)}."
        )
    while pattern.startswith("../"):  # a table that lies beside the data folder, such as the lists of a walk
        folder, pattern = folder / "..", pattern.removeprefix("../")
    plain = _plain(pattern)
    if not plain or Path(plain).is_absolute() or ".." in Path(plain).parts:
        raise InputError(f"{name}: file '{pattern}' in [tables.{name}] is no path from the data folder. Write it as one.")
    try:
        paths = sorted(path for path in folder.glob(glob_of(pattern)) if path.is_file())
    except OSError:  # a name longer than the file system has
        paths = []
    if not paths:
        there = sorted(path.name for path in folder.iterdir() if path.is_file())
        raise InputError(
            f"{name}: no file '{pattern}', which [tables.{name}] names, in '{folder.resolve()}'. Found there: "
            f"{listed(there, 20)}."
        )
    form, parts = "", PLACEHOLDER.split(plain)
    for place, part in enumerate(parts):
        again = part in parts[1:place:2]
        form += form_of(part) if place % 2 == 0 else f"(?P={part})" if again else _named(part, name, how)
    found = [(path, re.fullmatch(form, path.relative_to(folder).as_posix())) for path in paths]
    odd = [path.name for path, match in found if match is None]
    if odd:
        raise InputError(
            f"{name}: {counted(len(odd), 'file')} of '{pattern}' in [tables.{name}] whose name does not say what it should: "
            f"{listed(odd)}. Rename, or narrow the pattern; a date in a name has the form of dates."
        )
    return [(path, match.groupdict()) for path, match in found if match is not None]


def glob_of(pattern: str) -> str:
    """A pattern of files with `*` for what is a column of ours, as pathlib and fsspec read one.

    Examples
    --------
    >>> glob_of("./lists/{portfolio}/members_{date}*.tsv"), glob_of("**/px***.csv"), glob_of("px [1]/**")
    ('lists/*/members_*.tsv', '**/px*.csv', 'px [[]1]/**/*')
    """
    parts = [part if part == FOLDERS else PLACEHOLDER.sub("*", part) for part in _plain(pattern).split("/")]
    return "/".join(part if part == FOLDERS else re.sub(r"\*+", "*", part) for part in parts).replace("[", "[[]")


def form_of(text: str) -> str:
    """A regular expression of a pattern, of files or sheets, without placeholders.

    Examples
    --------
    >>> [bool(re.fullmatch(form_of("**/px*.csv"), text)) for text in ("px.csv", "a/b/px_1.csv", "a/apx.csv", "px/a.csv")]
    [True, True, False, False]
    """
    return re.escape(text).replace(r"\*\*/", "(?:[^/]+/)*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")


def _plain(pattern: str) -> str:
    """A pattern without `.` and double slashes; of stars in a row one, but for those that stand for folders."""
    parts = PurePosixPath(pattern).parts
    plain = [part if part == FOLDERS else re.sub(r"\*+", "*", part) for part in parts]
    return "/".join([*plain, "*"] if plain[-1:] == [FOLDERS] else plain)


def _named(column: str, name: str, how: How) -> str:
    """A regular expression of a placeholder: of a date, its stated form."""
    form = regex_of(how.dates) if how.dates != EXCEL_DATES else "[0-9]+"
    return f"(?P<{column}>{form if TABLES[name].columns[column] == DATE else '.+'})"
