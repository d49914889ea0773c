"""A folder that nobody has described: which table each file is taken for, why, and what must be asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from riskmodel.market.sources.recognition.decide.failing import without_failing
from riskmodel.market.sources.recognition.decide.tables import tables_among
from riskmodel.market.sources.recognition.drafts import UNREAD
from riskmodel.market.sources.recognition.found import Recognised, row_of_file
from riskmodel.market.sources.recognition.looking.files import Seen, Unread, look, not_understood
from riskmodel.market.sources.recognition.names import abstract
from riskmodel.progress import OF_STAGE, Step, silent


def recognise(
    folder: Path, progress: Step = silent, also: Callable[[Recognised], object] = lambda recognised: None
) -> Recognised:
    """Look at every file of a folder; nothing is written, and no unit is guessed.

    A file or sheet of which looking fails is named with what went wrong, and the others are taken without it.

    Parameters
    ----------
    folder
        Of the exports.
    progress
        Told of each file, and of each table.
    also
        What is made of the result and must not fail for one file either: a draft of a book.

    Examples
    --------
    >>> found = recognise(Path("fixtures/exports/vendor/files"))
    >>> found.draft("prices").stated["columns"]["close"], found.draft("prices").stated["identifiers"]
    ('Schlusskurs (USD)', 'code_1')
    """
    looked = []
    for each in look(folder):
        progress(f"files{OF_STAGE}{each.file}")
        looked.append(each)
    progress("cells")
    unread = [row_of_file(each, UNREAD, each.why) for each in looked if isinstance(each, Unread)]
    parts: dict[tuple[str, str | None], list[Seen]] = {}
    for each in looked:
        if isinstance(each, Seen):
            parts.setdefault((abstract(each.file), each.sheet), []).append(each)

    def tables(some: Sequence[tuple[str, str | None]]) -> Recognised:
        found = tables_among([each for part in some for each in parts[part]], progress)
        also(found)
        return found

    found, failed = without_failing([*parts], tables)
    if failed:
        left = [each for part in parts if part not in {one.part for one in failed} for each in parts[part]]
        found = tables_among(left, progress, [seen.file for one in failed for seen in parts[one.part]])
    for one in failed:
        left_out = [not_understood(seen.file, seen.sheet, one.error) for seen in parts[one.part]]
        unread += [row_of_file(each, UNREAD, each.why) for each in left_out]
    rows = sorted([*unread, *found.found], key=lambda row: (row.file == "", row.file, row.sheet))
    return replace(found, found=tuple(rows))
