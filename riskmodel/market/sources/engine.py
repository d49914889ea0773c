"""What a database must do to give tables: list them, and read one, or what a query gives, without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from riskmodel.errors import InputError
from riskmodel.market.plain_text import one_line

if TYPE_CHECKING:
    import pandas as pd

Pick = Callable[[list[str]], list[str]]  # the columns that there are -> those that are read; refuses where one is missing


@dataclass(frozen=True)
class Asked:
    """A table or a view by its name, with its schema before it where it is not the usual one; or a query."""

    table: str = ""
    query: str = ""


class Session(Protocol):
    """A database that is open for reading: all of it as it was at one moment, where the engine can do that."""

    def tables(self) -> list[str]:
        """Names of tables and views, with their schema before them where it is not the usual one."""

    def read(self, asked: Asked, pick: Pick) -> pd.DataFrame:
        """The picked columns, in any order of rows; cells as the engine has them, see `riskmodel.market.sources.rows`."""

    def told(self) -> AbstractContextManager[None]:
        """What the engine refuses meanwhile as an `EngineError`, after which the session can be read on."""


class Engine(Protocol):
    """A database and how it is opened; its `repr` has no secrets."""

    @property
    def name(self) -> str:
        """As messages call it; without secrets."""

    def session(self) -> AbstractContextManager[Session]:
        """Open for reading alone.

        Raises
        ------
        InputError
            Where it cannot be opened, and for whatever else the engine refuses meanwhile.
        """


class EngineError(InputError):
    """What an engine itself says against reading.

    Attributes
    ----------
    said
        Its words, on one line and without secrets.
    fix
        What would do, where that is known.
    """

    def __init__(self, name: str, said: str, fix: str = "") -> None:
        super().__init__(f"{name}: cannot be read ({said}).{' ' * bool(fix)}{fix}")
        self.said, self.fix = said, fix


@contextmanager
def told(name: str, *errors: type[Exception]) -> Iterator[None]:
    """What an engine says, as a message of one line without its trace, which may show what nobody should see."""
    try:
        yield
    except errors as error:
        raise EngineError(name, one_line(error)) from None


def missing_extra(name: str, library: str) -> InputError:
    """That a library is not installed, and what to install."""
    return InputError(f"{name}: {library} is not installed. Install the extra: pip install 'factor-attribution[sources]'.")


def quoted(name: str) -> str:
    """A name as standard SQL has it, whatever is in it.

    Examples
    --------
    >>> quoted('clo"se')
    '"clo""se"'
    """
    return '"' + name.replace('"', '""') + '"'
