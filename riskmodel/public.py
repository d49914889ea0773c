"""Public names of a package, imported when they are first used, so that `attribution --help` loads no numerics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def public_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """A package's `__getattr__` and `__dir__`.

    Parameters
    ----------
    package
        Its name.
    homes
        Public name -> the module that defines it.

    Examples
    --------
    >>> look_up, names = public_names("riskmodel", {"InputError": "riskmodel.errors"})
    >>> look_up("InputError").__name__, names()
    ('InputError', ['InputError'])
    """

    def look_up(name: str) -> object:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        raise AttributeError(f"module '{package}' has no attribute {name!r}; it has {', '.join(sorted(homes))}")

    return look_up, lambda: sorted(homes)
