"""The report's font: packaged Noto Sans CJK JP, every character checked first, a subset embedded in each page."""

from __future__ import annotations

import base64
import io
import os
import re
import unicodedata
from functools import cache
from html import unescape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attribution.house_style.punctuation import FEATURE, close_punctuation
from riskmodel.errors import InputError, counted

if TYPE_CHECKING:
    import uharfbuzz

FAMILY = "Noto Sans JP"
WEIGHTS = {400: "Regular", 700: "Bold"}
FOLDER = "ATTRIBUTION_FONTS"  # environment variable: a folder with the two files, instead of the packages
KEPT = ("kern", "palt", "halt", "ccmp", "mark", "liga", "calt")
UNUSED_TABLES = ("DSIG", "VORG", "vhea", "vmtx", "BASE")  # of vertical text
INSTALL = "pip install 'factor-attribution[report]'"
PLACE = "/* fonts */"
AROUND = 20  # characters shown before and after one that the font lacks
GENERATED = frozenset("•◦▪ |/0123456789")  # marks of lists and feet of pages, which stand in no text
Form = Literal["woff", "otf"]


def font_path(weight: int) -> Path:
    """Where the font of a weight lies: the folder that ATTRIBUTION_FONTS names, otherwise the installed package.

    Parameters
    ----------
    weight
        400 or 700.

    Raises
    ------
    InputError
        Where it is in neither; the message says what to install. Fonts of the system are never taken: pages would differ
        from machine to machine.
    """
    name = f"NotoSansCJKjp-{WEIGHTS[weight]}.otf"
    if folder := os.environ.get(FOLDER):
        path = Path(folder) / name
        if not path.is_file():
            raise InputError(f"{FOLDER}: '{folder}' has no file {name}. Put it there, or unset {FOLDER}.")
        return path
    try:
        package = import_module(f"noto_cjk_sans_jp_{WEIGHTS[weight].lower()}")
    except ModuleNotFoundError as error:
        raise InputError(
            f"report: the font package '{error.name}' is not installed. Install the extra: {INSTALL}."
        ) from None
    return Path(str(package.__file__)).parent / name


def with_fonts(page: str, *, form: Form) -> str:
    """A page with the @font-face rules that it needs in the place that `PLACE` keeps for them."""
    return page.replace(PLACE, font_faces(page, form=form), 1)


def font_faces(html: str, *, form: Form) -> str:
    """@font-face rules that embed what a page needs of the two weights.

    Parameters
    ----------
    html
        The page; each of its characters must be in the font.
    form
        "woff", small, for a page on the screen; "otf" for one that becomes a PDF, where small is not needed and
        Japanese marks that meet are set close, see `attribution.house_style.punctuation`.

    Returns
    -------
    str
        CSS; the same for the same characters.

    Raises
    ------
    InputError
        For characters that the font lacks, with where they stand.
    """
    require_glyphs(html)
    composed = unicodedata.normalize("NFC", html)  # a letter and its mark are drawn as one
    characters = frozenset(html) | frozenset(composed) | GENERATED
    rules = []
    for weight in WEIGHTS:
        data = base64.b64encode(subset(characters, weight, form=form)).decode()
        source = f'url("data:font/{form};base64,{data}")'
        rules.append(f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; src: {source}; }}')
    if form == "otf":
        rules.append(f':lang(ja) body {{ font-feature-settings: "{FEATURE}"; }}')
    return "\n".join(rules)


def require_glyphs(html: str) -> None:
    """Refuse a page with a character that the font has no glyph for.

    Raises
    ------
    InputError
        Naming the characters and where they stand, the first five.
    """
    known = _face(400).unicodes
    lacking = [c for c in dict.fromkeys(html) if ord(c) not in known and not _invisible(c)]
    if not lacking:
        return
    shown = re.split(r"<(?:style|script)\b.*?</(?:style|script)>|<[^>]*>", html, flags=re.DOTALL)
    places = []
    for character in lacking[:5]:
        text = next((" ".join(unescape(part).split()) for part in shown if character in part), "")
        at = text.find(character)
        context = f" in '{text[max(0, at - AROUND) : at + AROUND].strip()}'" if at >= 0 else ""
        places.append(f"U+{ord(character):04X} {character}{context}")
    raise InputError(
        f"report: the font {FAMILY} has no glyph for {counted(len(lacking), 'character')}: {'; '.join(places)}. "
        "Write it with other characters where it comes from: the book and its texts, the securities table or the commentary."
    )


def subset(characters: frozenset[str], weight: int, *, form: Form) -> bytes:
    """The font with the glyphs of some characters only; the same bytes for the same characters.

    Examples
    --------
    >>> small = subset(frozenset("寄与度"), 400, form="otf")
    >>> len(small) < 20_000, small == subset(frozenset("度与寄"), 400, form="otf")
    (True, True)
    """
    import uharfbuzz

    wanted = uharfbuzz.SubsetInput()
    wanted.unicode_set.clear()
    wanted.unicode_set.update({ord(" "), *map(ord, characters)})
    wanted.layout_feature_tag_set.clear()
    wanted.layout_feature_tag_set.update(map(_tag, KEPT))
    wanted.drop_table_tag_set.update(map(_tag, UNUSED_TABLES))
    data = bytes(wanted.subset(_face(weight)).blob.data)
    if form == "otf":
        return close_punctuation(data)
    from fontTools.ttLib import TTFont

    packed = io.BytesIO()
    font = TTFont(io.BytesIO(data), recalcTimestamp=False)
    font.flavor = "woff"
    font.save(packed)
    return packed.getvalue()


@cache
def _face(weight: int) -> uharfbuzz.Face:
    import uharfbuzz

    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(font_path(weight))))
    if not len(face.unicodes):
        raise InputError(f"report: '{font_path(weight)}' is not a font. Put NotoSansCJKjp-{WEIGHTS[weight]}.otf there.")
    return face


def _invisible(character: str) -> bool:
    """Line ends, and what only steers the characters beside it: joiners, selectors of a variant, soft hyphens."""
    return unicodedata.category(character) in ("Cc", "Cf") or "VARIATION SELECTOR" in unicodedata.name(character, "")


def _tag(name: str) -> int:
    return int.from_bytes(name.encode(), "big")
