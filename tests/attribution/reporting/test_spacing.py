"""Pages of a document that may be spaced in several ways: which of them is taken."""

from __future__ import annotations

import pytest

from attribution.house_style.fonts import PLACE, with_fonts
from attribution.reporting.client.draft import client_draft
from attribution.reporting.client.page import render_client
from attribution.reporting.client.texts import client_texts, empty_page
from attribution.reporting.pdf import PangoMissingError, start_pdf
from attribution.reporting.spacing import spaced


@pytest.mark.parametrize(("ways", "height", "pages", "emptiest"), [
    ("close", 150, 1, (1, 13)),  # 2 x 107 of 247 mm: at first two pages, each 39 % empty
    ("close, closer", 175, 1, (1, 25)),  # neither will do: 29 % on each of two pages, 49 % with 2 x 125, 25 % with 2 x 92
    ("close", 120, 1, (1, 3)),  # as it is written
    ("", 150, 2, (1, 39)),
])  # fmt: skip
def test_pages_are_spaced_so_that_none_is_emptier_than_a_fifth(ways, height, pages, emptiest):
    style = (
        "@page { size: A4; margin: 25mm; } body { margin: 0; } svg { display: block; } div { break-inside: avoid; }"
        f"div {{ height: {height}mm; }} .close div {{ height: {height / 1.4}mm; }}"
        f".closer div {{ height: {height / 1.9}mm; }}"
    )
    block = '<div><svg width="100%" height="100%" aria-label="A"></svg></div>'
    spacing = f' data-spacing="{ways}"' if ways else ""
    with start_pdf() as job:
        job.send(f'<html lang="en"><style>{style}</style><title>A</title><body{spacing}>{block * 2}')
        try:
            job.result()
        except PangoMissingError as error:
            pytest.skip(str(error))
        assert (job.pages, job.emptiest) == (pages, emptiest)


def test_only_a_client_s_page_on_paper_may_be_spaced_and_says_how_beside_its_own(lean_content):
    told = {"book": lean_content.book, "month": lean_content.month, "language": "en"}
    draft = client_draft(lean_content.tables, **told, limits=lean_content.limits, styles=lean_content.style_texts)
    texts = client_texts(draft, lean_content.book, "en")
    screen, paper = (render_client(lean_content, texts, "en", medium=medium) for medium in ("screen", "print"))
    assert len(spaced(screen)) == 1 and "data-spacing" not in screen
    first, *others = spaced(paper)
    named = {name for html in others for name in html.partition('<body class="')[2].partition('"')[0].split()}
    assert "<body>" in first and len(others) >= 2
    assert all(f"  .{name} " in first for name in named)  # each is a rule of the sheet


def text_of(lines, head=""):
    """A document of as many lines, 20 points high each, of which a page of 800 points holds 40."""
    style = "@page { size: 400pt 800pt; margin: 0; } body, p { margin: 0; font: 12pt/20pt 'Noto Sans JP'; }"
    style += "p { orphans: 1; widows: 1; }"
    text = "<br>".join("A line" for _ in range(lines))
    with start_pdf() as job:
        job.send(
            with_fonts(f'<html lang="en"><style>{PLACE}{style}</style><title>A</title><body>{head}<p>{text}</p>', form="otf")
        )
        try:
            job.result()
        except PangoMissingError as error:
            pytest.skip(str(error))
        return job.pages, job.emptiest, job.lines_wanted


def test_a_last_page_says_how_many_lines_fill_it_and_how_many_fewer_spare_it_and_that_does():
    pages, (page, empty), (more, fewer) = text_of(47)
    assert (pages, page, empty, more, fewer) == (2, 2, 83, 26, 7)
    said = empty_page("client.ja.pdf", page, empty, more, fewer)
    assert said.endswith(
        "page 2 is 83% empty, however its lines are spaced. 26 more lines of text fill it, and 7 fewer spare it."
    )
    for lines in (47 + more, 47 - fewer):
        pages, at, wanted = text_of(lines)
        assert empty_page("client.ja.pdf", *at, *wanted) == ""
    assert text_of(47 + more - 2)[1][1] > 20 and text_of(47 - fewer + 1)[0] == 2


def test_a_page_before_the_last_that_stays_empty_is_filled_by_lines_of_its_own():
    block = '<div style="height: 560pt; break-after: page"><p>A</p><svg width="9" height="530pt" aria-label="A"></svg></div>'
    pages, (page, empty), (more, fewer) = text_of(40, block)
    assert (pages, page, empty, fewer) == (2, 1, 31, 0) and 4 <= more <= 6
    assert empty_page("client.ja.pdf", page, empty, more).endswith(f"{more} more lines of text fill it.")
