"""Which files a drafted table takes: those of its table and no others, though a file that was left out is named alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.evidence.likely import first
from riskmodel.market.sources.recognition.names import narrowed, pattern_alone, pattern_of, takes
from riskmodel.market.sources.recognition.words import OF_NAMES, has, tokens


def narrow_patterns(draft: Draft, files: Sequence[str]) -> None:
    """Make each pattern of a draft take the files of its table alone, of all files of the folder; ask where none does."""
    own: dict[tuple[str, ...], tuple[str, ...]] = {} if draft.group is None else {("file",): draft.group.files}
    for field, sheet in draft.stated.get("fields", {}).items():
        for group in draft.sheets:
            if sheet.get("file") == (pattern_of(list(group.files), []) or group.files[0]):
                own["fields", field, "file"] = group.files
    for path, kept in own.items():
        stated = draft.stated if len(path) == 1 else draft.stated["fields"][path[1]]
        pattern = stated.get("file", OPEN)
        if pattern == OPEN:
            _narrow_question(draft, path, kept, files)
        others = [file for file in files if file not in kept]
        if pattern == OPEN or not any(takes(pattern, other) for other in others):
            continue
        finer = narrowed(pattern, kept, others)
        if finer is None:
            draft.why.pop(path)
            places = first(other for other in others if takes(pattern, other))
            draft.state(path, OPEN, Fact("pattern_takes", {"pattern": pattern, "places": places}))
        else:
            stated["file"] = finer


def _narrow_question(draft: Draft, path: tuple[str, ...], kept: Sequence[str], files: Sequence[str]) -> None:
    """Offer in a question for a file, of those of the draft's own group, the pattern that takes no other."""
    why = []
    for fact in draft.why[path]:
        first_place, *places = fact.values.get("places", ("",))
        if draft.group is not None and takes(first_place, kept[0]):
            alone = pattern_alone(first_place, kept, [file for file in files if file not in kept])
            fact = Fact(fact.key, {**fact.values, "places": (alone or draft.group.place, *places)})
        why.append(fact)
    draft.why[path] = tuple(why)


def ask_named(draft: Draft, names: Mapping[str, Sequence[str]]) -> None:
    """Ask which file a table is where another one that nothing is taken of is named as such tables are.

    What could not be mapped may be the table all the same, and what was taken merely be like it: levels of bonds beside
    levels of indices by their keys.

    Parameters
    ----------
    names
        By the place of each file that is left, its own name, and those of its sheet and folder.
    """
    if draft.group is None or OPEN in (draft.stated.get("file"), draft.stated.get("sheet")):
        return
    phrases = OF_NAMES.get(draft.table, ())
    alike = (place for place, its in names.items() if any(has(tokens(name), each) for name in its for each in phrases))
    if places := first(alike):
        own = draft.group.place if draft.group.first.sheet else str(draft.stated["file"])
        draft.why.pop(("file",), None)
        draft.state(("file",), OPEN, Fact("which_place", {"places": (own, *places)}))
        draft.uncertain = True
