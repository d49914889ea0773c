"""Public names of a package, imported when they are first used, so that `attribution --help` loads no numerics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def public_names(
    package: str, homes: Mapping[str, str], *, renamed: Mapping[str, str] | None = None
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """A package's `__getattr__` and `__dir__`.

    Parameters
    ----------
    package
        Its name.
    homes
        Public name -> the module that defines it.
    renamed
        Name that was public -> what it is now; whoever asks for one is told.

    Examples
    --------
    >>> look_up, names = public_names("riskmodel", {"InputError": "riskmodel.errors"})
    >>> look_up("InputError").__name__, names()
    ('InputError', ['InputError'])
    """

    def look_up(name: str) -> object:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        if renamed and name in renamed:
            raise AttributeError(f"module '{package}' has no '{name}' any more: it is {renamed[name]}.")
        raise AttributeError(f"module '{package}' has no attribute {name!r}; it has {', '.join(sorted(homes))}")

    return look_up, lambda: sorted(homes)
