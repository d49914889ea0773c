"""Exports whose headers say nothing: cells alone take nothing for something wrong, and each column is taken or asked for."""

from __future__ import annotations

import fnmatch
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution.portfolio.drafting.draft import draft_book
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.found import Recognised
from riskmodel.market.sources.recognition.recognise import recognise
from riskmodel.market.tables import TABLES
from tests.riskmodel.market.sources.meaningless import Meaningless, meaningless

RIGHT, ASKED_WITH, ASKED_WITHOUT, PASSED_OVER, WRONG = "right", "asked with", "asked without", "passed over", "wrong"
LEAST_RIGHT = 11  # of some 47 columns: lists, levels and rates that no word speaks for are asked, and so are their files
MOST_CANDIDATES = 5


def named(draft: Draft, path: tuple[str, ...]) -> tuple[str, ...]:
    """What a question names."""
    values = [value for fact in draft.why[path] for value in fact.values.values()]
    return tuple(str(each) for value in values for each in (value if isinstance(value, tuple) else (value,)))


def verdict(draft: Draft | None, ours: str, file: str, header: str) -> str:
    """How a column of ours is found that is under a header of a file, or is a file of its own."""
    if draft is None:
        return PASSED_OVER
    if not header:
        stated = draft.stated.get("fields", {}).get(ours)
        path, value, right = ("fields", ours, "file"), None if stated is None else stated["file"], file
    elif draft.stated["file"] == OPEN:
        path, value, right = ("file",), OPEN, file
    else:
        path, value, right = ("columns", ours), draft.stated.get("columns", {}).get(ours), header
        if draft.stated["file"] != file:
            return WRONG
    if value is None:
        return PASSED_OVER
    if value == OPEN:
        return ASKED_WITH if right in named(draft, path) else ASKED_WITHOUT
    return RIGHT if value == right else WRONG


def verdicts(made: Meaningless, recognised: Recognised) -> Iterator[tuple[str, str]]:
    """Each column of ours that a folder has, and how it is found; what leads astray is wrong where it is taken."""
    for table, columns in made.truth.items():
        draft = recognised.draft(table)
        for ours, (file, header) in columns.items():
            if ours in TABLES[table].columns and (table, ours) != ("securities", "ticker"):
                yield f"{table}.{ours}", verdict(draft, ours, file, header)
        if draft is not None:
            astray = [label for label in draft.labels.values() if (draft.stated["file"], label) in made.noise]
            yield from ((f"{table}: {label}", WRONG) for label in astray)
    securities, draft = made.truth["securities"], recognised.draft("securities")
    codes = {header for ours, (_, header) in securities.items() if ours in ("ticker", "other")}  # each tells stocks apart
    yield "securities.ticker", RIGHT if draft is not None and draft.labels["ticker"] in codes else WRONG


@pytest.mark.parametrize(
    "seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 12))]
)  # long and wide, codes of another column, units, forms of days and points by the seed
def test_of_headers_that_say_nothing_none_is_taken_for_a_wrong_one_and_none_is_passed_over(seed, tmp_path):
    made = meaningless(tmp_path, seed)
    found = list(verdicts(made, recognise(tmp_path)))
    count = Counter(what for _, what in found)
    others = [each for each in found if each[1] in (WRONG, PASSED_OVER, ASKED_WITHOUT)]
    assert not others
    assert count[RIGHT] >= LEAST_RIGHT and count[RIGHT] + count[ASKED_WITH] == len(found)


@pytest.fixture(scope="module")
def drafted(tmp_path_factory) -> tuple[Path, str, Recognised]:
    folder = tmp_path_factory.mktemp("exports")
    meaningless(folder, 0)
    (folder / "notes.txt").write_text("Ask Ken.\n")
    (folder / "scores.csv").write_text("who,points\nKen,1\nBo,2\n")
    book = draft_book(folder, tmp_path_factory.mktemp("book"))
    return folder, book.path.read_text(encoding="utf-8"), book.recognised


def test_every_file_is_named_on_the_screen_and_in_the_draft(drafted):
    folder, text, recognised = drafted
    said = {each.file for each in recognised.found}
    for path in folder.iterdir():
        assert any(fnmatch.fnmatch(path.name, file) for file in said), path.name
        assert path.name in text, path.name


def test_questions_name_few_headers_and_stand_in_the_draft(drafted):
    _, text, recognised = drafted
    lines = text.splitlines()
    for draft in recognised.drafts:
        for path in draft.questions():
            labels = [label for fact in draft.why[path][:1] for label in fact.values.get("labels", ())]
            assert len(labels) <= MOST_CANDIDATES
            mark = "# " if draft.uncertain and path not in (("file",), ("sheet",)) else ""  # of a file that is asked for
            head = f"[{'.'.join(('tables', draft.table, *path[:-1]))}]"
            place = lines.index(head if len(path) == 1 else mark + head)
            assert any(line.startswith(f'{mark}{path[-1]} = "?"') for line in lines[place:])
    assert tomllib.loads(text)


def test_a_table_that_no_file_is_taken_for_stands_in_the_draft_with_the_nearest_files(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    names = [f"K{place:03d}" for place in range(30)]
    sectors = [("Energy", "Financials", "Utilities")[place % 3] for place in range(30)]
    rows = "".join(f"{name},{sector}\n" for name, sector in zip(names, sectors, strict=True))
    (exports / "a.csv").write_text("c1,c2\n" + rows)
    (exports / "b.csv").write_text("c3,c4\n" + "".join(f"{name},{place * 3}\n" for place, name in enumerate(names)))
    text = draft_book(exports, tmp_path / "book").path.read_text(encoding="utf-8")
    assert (
        "# The table shares is needed, and no file is certain. Take the marks away before what holds, and correct it:"
        in text
    )
    assert '# file = "b.csv"  # ticker: "c3"; shares_out: "c4"; nothing in it can be available_from' in text
    assert '# ticker = "c3"  # "c3"\n# available_from = "?"  # no column of that file can be it\n' in text
