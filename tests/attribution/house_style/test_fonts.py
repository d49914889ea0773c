"""The report's font: found in one place, checked before anything is laid out, the same bytes for the same characters."""

from __future__ import annotations

import base64
import io
import re

import pytest
import uharfbuzz
from fontTools.ttLib import TTFont

from attribution.house_style import fonts
from riskmodel.errors import InputError


@pytest.mark.parametrize("weight", fonts.WEIGHTS)
@pytest.mark.parametrize("form", ["otf", "woff"])
def test_a_subset_has_the_characters_asked_for_and_little_else(weight, form):
    data = fonts.subset(frozenset("寄与度 −0.35%"), weight, form=form)
    known = TTFont(io.BytesIO(data)).getBestCmap()
    assert set(map(ord, "寄与度 −0.35%")) <= set(known)
    assert len(known) < 20


def test_a_page_carries_both_weights_and_the_marks_that_its_text_does_not_hold():
    rules = fonts.font_faces("<ul><li>超過収益</li></ul>", form="otf")
    assert re.findall(r"font-weight: (\d+)", rules) == ["400", "700"]
    data = base64.b64decode(re.search(r"base64,([^\"]+)", rules)[1])
    assert set(map(ord, "超過収益•0123456789/")) <= set(TTFont(io.BytesIO(data)).getBestCmap())
    assert rules == fonts.font_faces("<ul><li>収益超過</li></ul>", form="otf")


def test_a_character_without_a_glyph_is_named_with_its_place():
    page = "<style>b { content: '\U0001f680' }</style><td>Rank</td><td>Rocket \U0001f680\n100 &lt;b&gt;</td>"
    with pytest.raises(InputError) as error:
        fonts.font_faces(page, form="woff")
    assert "no glyph for 1 character: U+1F680 \U0001f680 in 'Rocket \U0001f680 100 <b>'." in str(error.value)
    assert "with other characters" in str(error.value)


def test_rare_kanji_and_invisible_characters_pass():
    fonts.require_glyphs("𠮷野家 髙島屋 﨑陽軒\u200b\u00ad\n")


def test_a_folder_of_fonts_can_be_named_and_one_without_them_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(fonts.FOLDER, str(tmp_path))
    with pytest.raises(InputError, match=r"ATTRIBUTION_FONTS: '.*' has no file NotoSansCJKjp-Regular\.otf\. Put it there"):
        fonts.font_path(400)
    (tmp_path / "NotoSansCJKjp-Regular.otf").write_bytes(b"")
    assert fonts.font_path(400) == tmp_path / "NotoSansCJKjp-Regular.otf"


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(fonts, "import_module", lambda name: (_ for _ in ()).throw(ModuleNotFoundError(name=name)))
    with pytest.raises(InputError, match=r"font package 'noto_cjk_sans_jp_bold' is not installed.*pip install"):
        fonts.font_path(700)


def advance(data, text, features):
    """Width of a text in thousandths of an em."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(uharfbuzz.Font(uharfbuzz.Face(data)), buffer, features)
    return sum(glyph.x_advance for glyph in buffer.glyph_positions)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("）、", 1500),
        ("。」（", 2000),
        ("「『値", 2500),
        ("）：値", 2500),
        ("値、値", 3000),
        ("値（値", 3000),
        ("％）", 2000),
    ],
)
def test_marks_that_meet_share_the_blank_between_them(text, width):
    data = fonts.subset(frozenset(text), 400, form="otf")
    assert advance(data, text, {"chws": True}) == width
    assert advance(data, text, {"chws": False}) == 1000 * len(text)


def test_browsers_which_close_marks_themselves_get_the_font_as_it_is():
    page = "<p>（期末）、「寄与度」</p>"
    assert "chws" in fonts.font_faces(page, form="otf")
    assert "chws" not in fonts.font_faces(page, form="woff")
    packed = TTFont(io.BytesIO(fonts.subset(frozenset(page), 400, form="woff")))
    assert "chws" not in {record.FeatureTag for record in packed["GPOS"].table.FeatureList.FeatureRecord}


def test_a_letter_written_in_two_parts_has_its_whole_glyph():
    data = base64.b64decode(re.search(r"base64,([^\"]+)", fonts.font_faces("か\u3099", form="otf"))[1])
    assert ord("が") in TTFont(io.BytesIO(data)).getBestCmap()


def test_a_file_that_is_no_font_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(fonts.FOLDER, str(tmp_path))
    (tmp_path / "NotoSansCJKjp-Regular.otf").write_bytes(b"not a font")
    fonts._face.cache_clear()
    with pytest.raises(InputError, match=r"NotoSansCJKjp-Regular\.otf' is not a font\. Put"):
        fonts.require_glyphs("寄与度")
    fonts._face.cache_clear()
