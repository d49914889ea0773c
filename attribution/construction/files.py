"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

from riskmodel.errors import InputError
from riskmodel.files import put_in_place


def write_text(path: Path, text: str) -> None:
    """Write a file beside its place, and move it there.

    Raises
    ------
    InputError
        Where it cannot be written; what was there is there still.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        put_in_place(beside, path)
    except OSError as error:
        raise InputError(
            f"--out: cannot write '{path}' ({error.strerror}). Make room, or name another folder; what is there stays."
        ) from None
