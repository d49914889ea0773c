"""[report] of a book, what a house adds of its own: texts, and where they stand; docs/reference/house_texts.md."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from attribution.house_style.colours import TEXT_CONTRAST, contrast
from attribution.house_style.editions import Edition
from attribution.portfolio.settings.bound_types import Named, OutOfBoundsError, Part, Words, one_line
from riskmodel.bounds import shown
from riskmodel.errors import InputError, listed
from riskmodel.factors import LANGUAGES

After = Literal["month", "market", "sleeves", "limits"]
PLACES = ("month", "language")  # of a path, in braces


def _path(value: Any) -> Any:
    """A path with places for month and language; what is no text is left to its type."""
    value = one_line(value)
    if isinstance(value, str) and re.search("[{}]", value.replace("{month}", "").replace("{language}", "")):
        places = " and ".join(f"{{{name}}}" for name in PLACES)
        raise OutOfBoundsError(f"{shown(value)}; give a path in the book's folder, with {places} as its only braces")
    return value


TextPath = Annotated[str, BeforeValidator(_path)]


def _colour(value: Any) -> Any:
    """A colour that figures can be read in on paper; what is no text is left to its type."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise OutOfBoundsError(f'{shown(value)}; give a colour as "#1f5fa8"')
    if (ratio := contrast(value)) < TEXT_CONTRAST:
        raise OutOfBoundsError(
            f"{shown(value)} has a contrast of {ratio:.2f}:1 to paper, and text is written in it: give one with "
            f"{TEXT_CONTRAST:g}:1 or more (graphics alone would need 3:1)"
        )
    return value.lower()


Colour = Annotated[str, BeforeValidator(_colour)]


class Colours(Part):
    """[report] colours: of rules and links, of what rose or helped, and of what fell or hurt."""

    accent: Colour | None = None
    gain: Colour | None = None
    loss: Colour | None = None

    @model_validator(mode="after")
    def _told_apart(self) -> Colours:
        if self.gain is not None and self.gain == self.loss:
            raise OutOfBoundsError(f'{self.gain} for gain and loss; give two that differ, such as "#1f5fa8" and "#a84f0a"')
        return self

    @property
    def stated(self) -> dict[str, str]:
        """Use of a colour -> the colour, of those that the book states."""
        return {use: colour for use, colour in self.model_dump().items() if colour is not None}


def filled_path(path: str, month: str, language: str = "") -> str:
    """A path of the book for a month and a language.

    Examples
    --------
    >>> filled_path("texts/{month}/market.{language}.md", "2026-03", "ja")
    'texts/2026-03/market.ja.md'
    """
    return path.replace("{month}", month).replace("{language}", language)


def require_names(file: str, names: Mapping[str, Words], known: Sequence[str]) -> None:
    """Refuse names of what the book does not have, and names that two things would share.

    Raises
    ------
    InputError
        Naming the nearest that there is.
    """
    unknown = [label for label in names if label not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1, cutoff=0)
        raise InputError(
            f"{file}: [report.names] names unknown {listed(map(repr, unknown))}. Nearest: '{near[0]}'. Known courses, "
            f"benchmarks and indices: {', '.join(known)}."
        )
    for language in LANGUAGES:
        shown = {label: str(getattr(names[label], language)) if label in names else label for label in known}
        for label, name in shown.items():
            other = next((each for each in known if each != label and name in (each, shown[each])), None)
            if other is not None:
                raise InputError(
                    f"{file}: [report.names] calls '{label}' '{name}' in {language}, and that is '{other}'. "
                    f"Give each a name of its own."
                )


class LegalText(Part):
    """[report] legal: a text at the end of both editions, or of one."""

    file: TextPath
    title: Named
    edition: Edition | None = None
    source: Named | None = None


class TextSection(LegalText):
    """[report] sections: a text of the house's after a part of the report."""

    after: After = "market"
