"""`python -m attribution`, and the `attribution` script."""

from __future__ import annotations

from attribution.cli import main


def program() -> int:
    """`main` in a process of its own."""
    return main(own_process=True)


if __name__ == "__main__":
    raise SystemExit(program())
