"""`python -m attribution`, and the `attribution` script."""

from __future__ import annotations

import sys

from attribution.cli import main


def program() -> int:
    """`main` in a process of its own, which holds no array by dask: xarray would import it, where it is installed, to ask.

    That takes a second of many a command. A library's user has dask as ever: only this process goes without.
    """
    sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # how Python says that a module is not to be had
    return main()


if __name__ == "__main__":
    raise SystemExit(program())
