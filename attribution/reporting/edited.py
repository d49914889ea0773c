"""Texts that an analyst gives back: the commentary, and the client edition's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from attribution.portfolio.settings.toml_file import MOST_BYTES
from attribution.reporting.commentary.check import commentary_identity, decode_commentary
from attribution.reporting.formats import Document
from riskmodel.arrays.labels import require_path
from riskmodel.errors import InputError, listed
from riskmodel.market.plain_text import first_bytes


@dataclass(frozen=True)
class Edited:
    """A text that an analyst gave back, and the document that it is of."""

    path: Path
    text: str
    document: Document


def read_commentaries(
    paths: Iterable[str | Path], month: str, languages: Sequence[str], editions: Sequence[str]
) -> list[Edited]:
    """The edited texts, one a document.

    Raises
    ------
    InputError
        As `read_commentary`; where two are of one edition and language.
    """
    named = [require_path("--commentary", path, "Name the edited file.") for path in paths]
    edited = [read_commentary(path, month, languages, editions) for path in named]
    for document in dict.fromkeys(one.document for one in edited):
        same = [str(one.path) for one in edited if one.document == document]
        if len(same) > 1:
            raise InputError(
                f"--commentary: {len(same)} texts of the {document.edition} edition in '{document.language}': "
                f"{listed(same)}. Give one."
            )
    return edited


def read_commentary(path: Path, month: str, languages: Sequence[str], editions: Sequence[str]) -> Edited:
    """An edited text, if it is one of this month, in a language and an edition of the report.

    Raises
    ------
    InputError
        Where it cannot be read, or is not.
    """
    try:
        data = first_bytes(path, MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"--commentary: cannot read '{path}' ({error.strerror}).") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"--commentary: '{path}' has more than {MOST_BYTES:,} bytes, which no commentary has.")
    text = decode_commentary(data, name=f"--commentary: '{path}'")
    found = commentary_identity(text, name=f"--commentary: '{path}'")
    if found.month != month:
        raise InputError(f"--commentary: '{path}' is of {found.month}, the report of {month}. Give the file of {month}.")
    if found.language not in languages:
        raise InputError(
            f"--commentary: '{path}' is in '{found.language}', the report in {', '.join(languages)}. "
            f"Add it: --lang {found.language}."
        )
    if found.edition not in editions:
        raise InputError(
            f"--commentary: '{path}' is of the {found.edition} edition, the report is the {', '.join(editions)} edition. "
            f"Add it: --edition {found.edition}."
        )
    return Edited(path, text, Document(found.edition, found.language))
