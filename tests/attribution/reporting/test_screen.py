"""Both editions on a desk and on a telephone, by keyboard, in the dark and in forced colours, in a real browser."""

from __future__ import annotations

import colorsys
import io
import re

import numpy as np
import pytest
from PIL import Image

from attribution.house_style.colours import DARK_PAPER, TEXT_CONTRAST, contrast, on_dark
from attribution.house_style.words import LANGUAGES
from attribution.reporting.client.draft import client_draft
from attribution.reporting.client.page import render_client
from attribution.reporting.client.texts import ClientTexts, client_texts
from attribution.reporting.house.own import Own
from attribution.reporting.house.sections import colour_sheet
from attribution.reporting.pages.page import asset, render_page
from attribution.reporting.policy import with_policy
from tests.attribution.reporting.browser import needs_browser

EDITIONS = ("report", "client")
GRAPHIC_CONTRAST = 3  # WCAG 2.2, 1.4.11
BROKEN_HEADINGS = r"""  // words that are on two lines, and headings whose parts, each kept whole, are wider than they
  const broken = [];
  for (const heading of document.querySelectorAll('thead th')) {
    if (!heading.offsetParent) continue;
    if (heading.querySelector('.keep') && heading.scrollWidth > heading.clientWidth + 1) broken.push(heading.textContent);
    const texts = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const word of texts.currentNode.textContent.matchAll(/[^\s-]+/g)) {
        const place = document.createRange();
        place.setStart(texts.currentNode, word.index);
        place.setEnd(texts.currentNode, word.index + word[0].length);
        const lines = [...place.getClientRects()].filter(box => box.width > 0.5).map(box => Math.round(box.top));
        if (new Set(lines).size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
"""
PHONE = {"width": 390, "height": 844, "phone": True}
SCROLLERS = """[...document.querySelectorAll("main *")].filter(element => element.scrollWidth > element.clientWidth + 1
  && ["auto", "scroll"].includes(getComputedStyle(element).overflowX) && element.offsetParent)"""


@pytest.fixture(scope="module")
def screens(lean_content):
    """Each edition in each language as it is written, under its policy."""
    made = {}
    for language in LANGUAGES:
        c = lean_content
        text = client_draft(
            c.tables, book=c.book, month=c.month, language=language, names=c.stock_names(language), limits=c.limits,
            styles=c.style_texts,
        )  # fmt: skip
        made["report", language] = with_policy(render_page(c, language, commentary="<p>So it was.</p>"))
        made["client", language] = with_policy(render_client(c, client_texts(text, c.book, language), language))
    return made


def colours(sheet, scheme=":root {"):
    """The variables of a style sheet's colours by name."""
    return dict(re.findall(r"--([\w-]+): (#\w+);", sheet.split(scheme)[1].split("}")[0].replace("#fff;", "#ffffff;")))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("edition", ["page.css", "client.css"])
def test_texts_and_signs_stand_out_from_what_is_behind_them_in_both_schemes(edition, scheme):
    own = colours(asset(edition))
    found = own if scheme == "light" else own | colours(asset("screen.css"), ":root:root {")
    assert set(own) <= set(found) and (scheme == "light" or own["paper"] != found["paper"])
    papers = [found["paper"], found["shade"]]
    for text in ("ink", "muted", "accent", "gain", "loss"):
        assert min(contrast(found[text], paper) for paper in papers) >= TEXT_CONTRAST, text
    if edition == "page.css":
        assert min(contrast(found[text], found["alarm-paper"]) for text in ("ink", "alarm")) >= TEXT_CONTRAST
        assert min(contrast(found["strong"], paper) for paper in papers) >= GRAPHIC_CONTRAST


@pytest.mark.parametrize("colour", ["#0b6b4f", "#a03a1e", "#1f5fa8", "#000000", "#5a0a5a"])
def test_a_house_s_colour_stands_out_from_dark_paper_in_its_own_hue(colour):
    dark = colours(asset("screen.css"), ":root:root {")
    assert dark["paper"] == DARK_PAPER
    assert min(contrast(on_dark(colour), dark[paper]) for paper in ("paper", "shade")) >= TEXT_CONTRAST
    hues = [colorsys.rgb_to_hls(*(int(one[n : n + 2], 16) for n in (1, 3, 5)))[0] for one in (colour, on_dark(colour))]
    assert hues[0] == pytest.approx(hues[1], abs=0.01)


@needs_browser
def test_a_house_has_its_colours_in_the_dark_too(chromium, page_content):
    own = Own(sheet=colour_sheet({"accent": "#0b6b4f", "loss": "#a03a1e"}))
    page = render_client(page_content, ClientTexts("", {}), "en", own=own)
    seen = 'getComputedStyle(document.documentElement).getPropertyValue("--{}").trim()'
    for scheme, shown in (("light", str), ("dark", on_dark)):
        chromium.open(page, prefers_color_scheme=scheme)
        assert [chromium.see(seen.format(use)) for use in ("accent", "loss")] == [shown("#0b6b4f"), shown("#a03a1e")]


@pytest.mark.parametrize("sheet", ["page.css", "client.css", "explorer.css", "house.css"])
def test_no_colour_stands_outside_the_variables_that_the_dark_scheme_changes(sheet):
    rest = re.sub(r":root \{.*?\}|@page \{.*?\n\}", "", asset(sheet), flags=re.DOTALL)
    assert not re.search(r"#[0-9a-f]{3,6}\b(?=[^{]*\})|: (rgb|white|black)", rest)


@needs_browser
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("edition", EDITIONS)
def test_no_page_is_wider_than_a_telephone_and_its_policy_forbids_nothing_of_it(chromium, screens, edition, language):
    chromium.open(screens[edition, language], **PHONE)
    for width in (390, 320):
        chromium.resize(width, 844, phone=True)
        assert chromium.see("document.scrollingElement.scrollWidth") == width
        assert chromium.see("window.innerWidth") == width
    assert chromium.complaints == []
    assert chromium.see("getComputedStyle(document.body).maxWidth") != "none"  # the styles were taken


@needs_browser
@pytest.mark.parametrize("edition", EDITIONS)
def test_the_first_key_offers_to_skip_to_the_report(chromium, screens, edition):
    chromium.open(screens[edition, "en"])
    assert chromium.see("document.querySelector('.skip').getBoundingClientRect().bottom") < 0
    chromium.press("Tab")
    assert chromium.see("document.activeElement.className") == "skip"
    assert chromium.see("document.activeElement.getBoundingClientRect().top") >= 0
    chromium.press("Enter")
    assert chromium.see("document.activeElement.id") == "main"
    chromium.press("Tab")
    assert chromium.see("document.querySelector('main').contains(document.activeElement)")


@needs_browser
def test_on_a_telephone_keys_reach_and_move_all_that_scrolls_and_on_a_desk_nothing_does(chromium, screens):
    chromium.open(screens["report", "en"], **PHONE)
    named = chromium.see(f"{SCROLLERS}.map(e => [e.tabIndex, e.getAttribute('role'), e.getAttribute('aria-label')])")
    assert len(named) > 5
    assert all(tab == 0 and role == "region" and name.strip() for tab, role, name in named)
    chromium.run(f"const first = {SCROLLERS}[0]; first.previousElementSibling?.scrollIntoView(); window.first = first;")
    chromium.run("document.querySelector('main').focus();")
    reached = []
    for _ in range(12):
        chromium.press("Tab")
        if chromium.see("document.activeElement === window.first"):
            outline = chromium.see(
                "getComputedStyle(window.first).outlineStyle + getComputedStyle(window.first).outlineWidth"
            )
            chromium.press("ArrowRight", "ArrowRight")
            chromium.run("return new Promise(done => setTimeout(done, 300));")
            reached = [outline, chromium.see("window.first.scrollLeft > 0")]
            break
    assert reached == ["solid3px", True]
    chromium.resize(1280)
    chromium.run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));")
    assert chromium.see(f"{SCROLLERS}.length") == 0
    assert chromium.see("document.querySelectorAll('.wide[tabindex], .pair[tabindex], figure[tabindex]').length") == 0


@needs_browser
def test_a_table_that_goes_on_beyond_a_telephone_has_a_shadow_there_until_it_is_at_its_end(chromium, screens):
    chromium.open(screens["report", "en"], **PHONE)
    chromium.run(
        f"window.first = {SCROLLERS}.find(e => e.className == 'wide'); first.scrollIntoView({{ block: 'center' }});"
    )
    box = chromium.see("(b => [b.right, b.top, b.height])(first.getBoundingClientRect())")
    seen = []
    for left in (0, 9999):
        chromium.run(
            f"first.scrollLeft = {left};"
            "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));"
        )
        image = Image.open(io.BytesIO(chromium.picture())).convert("L")
        scale, (right, top, height) = image.width / 390, box
        strip = image.crop(tuple(round(edge * scale) for edge in (right - 3, top + 2, right - 1, top + height - 2)))
        seen.append(np.median(np.asarray(strip)))
    assert seen[0] < 200 and seen[1] > 240


@needs_browser
def test_on_a_telephone_the_logo_stands_above_a_title_that_has_the_whole_width(chromium, page_content):
    own = Own(logo="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=")
    chromium.open(render_client(page_content, ClientTexts("", {}), "ja", own=own), **PHONE)
    chromium.run("document.querySelector('.logo').style.width = '12rem';")
    logo, title = (
        chromium.see(f"(b => [b.bottom, b.top, b.width])(document.querySelector('{e}').getBoundingClientRect())")
        for e in (".logo", "h1 .month")
    )
    book = chromium.see("document.querySelector('h1').getBoundingClientRect().top")
    assert logo[0] <= book and title[2] > 350


@needs_browser
def test_a_client_s_telephone_scrolls_nothing_and_reads_its_stocks_as_a_table(chromium, screens):
    for language in LANGUAGES:
        chromium.open(screens["client", language], **PHONE)
        assert chromium.see(f"{SCROLLERS}.map(e => e.outerHTML.slice(0, 80))") == []
    chromium.call("Accessibility.enable")
    nodes = chromium.call("Accessibility.getFullAXTree")["nodes"]
    chromium.call("Accessibility.disable")
    table = next(node for node in nodes if node["role"]["value"] == "table" and len(under(nodes, node, "rowheader")) == 6)
    assert chromium.see("[...document.querySelector('table.stocks').querySelectorAll('tr, th, td')].every(e => e.role)")
    assert len(under(nodes, table, "cell")) == 6 * 4 and len(under(nodes, table, "columnheader")) >= 4


def under(nodes, top, role):
    """The nodes of a role under one."""
    by_id = {node["nodeId"]: node for node in nodes}
    found, left = [], list(top.get("childIds", []))
    while left:
        node = by_id[left.pop()]
        left += node.get("childIds", [])
        if node["role"]["value"] == role:
            found.append(node)
    return found


@needs_browser
def test_the_contents_stay_in_sight_on_a_desk_and_open_from_one_line_on_a_telephone(chromium, screens):
    chromium.open(screens["report", "en"])
    top = "Math.round(document.querySelector('.contents').getBoundingClientRect().top)"
    chromium.click("document.querySelector('.contents a[href=\"#limits\"]')")
    assert chromium.see("location.hash") == "#limits" and chromium.see("scrollY") > 900
    assert chromium.see(top) == 16 and chromium.see("document.querySelector('.contents ol').offsetHeight") > 100
    marked = "document.querySelector('.contents [aria-current]')?.getAttribute('href')"
    chromium.run("return new Promise(done => setTimeout(done, 100));")
    assert chromium.see(marked) == "#limits"
    chromium.open(screens["report", "ja"], **PHONE)
    height = "document.querySelector('.contents').offsetHeight"
    line = chromium.see(height)
    assert line < 60
    chromium.run("window.scrollTo(0, 3000);")
    assert chromium.see(top) == 0
    chromium.click("document.querySelector('.contents summary')")
    assert chromium.see(height) > 300
    chromium.click("document.querySelector('.contents a[href=\"#risk\"]')")
    assert chromium.see(height) == line
    assert chromium.see("document.getElementById('risk').getBoundingClientRect().top") >= line
    chromium.run("document.querySelector('.contents summary').focus();")
    chromium.press("Enter")
    assert chromium.see(height) > 300
    chromium.press("Tab", "Escape")
    assert chromium.see(height) == line and chromium.see("document.activeElement.tagName") == "SUMMARY"


@needs_browser
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("edition", EDITIONS)
def test_no_heading_of_a_table_breaks_within_a_word_nor_is_wider_than_its_column(chromium, screens, edition, language):
    chromium.open(screens[edition, language])
    for width in (1280, 390, 320):
        chromium.resize(width, 900, phone=width < 600)
        assert chromium.run(BROKEN_HEADINGS) == []


@needs_browser
@pytest.mark.parametrize("edition", EDITIONS)
def test_in_the_dark_the_page_is_dark_and_a_chart_keeps_the_paper_that_it_was_drawn_for(chromium, screens, edition):
    chromium.open(screens[edition, "en"], prefers_color_scheme="dark")
    seen = "const paint = getComputedStyle({}); return [paint.backgroundColor, paint.color];"
    paper, ink = chromium.run(seen.format("document.body"))
    assert (paper, ink) == ("rgb(20, 25, 30)", "rgb(228, 233, 238)")
    assert chromium.run(seen.format("document.querySelector('figure svg')")) == ["rgb(255, 255, 255)", "rgb(28, 39, 51)"]
    assert chromium.see("getComputedStyle(document.documentElement).colorScheme") == "light dark"
    chromium.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert chromium.run(seen.format("document.body"))[0] == "rgb(255, 255, 255)"
    chromium.call("Emulation.setEmulatedMedia", media="", features=[])


@needs_browser
@pytest.mark.parametrize("edition", EDITIONS)
def test_in_forced_colours_charts_keep_theirs_and_nothing_else_does(chromium, screens, edition):
    chromium.open(screens[edition, "en"], forced_colors="active", prefers_color_scheme="dark")
    chart = chromium.run(
        "const p = getComputedStyle(document.querySelector('figure svg')); return [p.backgroundColor, p.forcedColorAdjust];"
    )
    assert chart == ["rgb(255, 255, 255)", "none"]
    assert chromium.run("""const probe = document.createElement("p"); probe.style.color = "CanvasText";
      document.body.append(probe);
      return getComputedStyle(document.querySelector("h1")).color === getComputedStyle(probe).color;""")
    assert chromium.see("matchMedia('(forced-colors: active)').matches")


@needs_browser
@pytest.mark.parametrize("edition", EDITIONS)
def test_nothing_moves_by_itself(chromium, screens, edition):
    """So there is nothing to stop for whoever has asked for less motion."""
    chromium.open(screens[edition, "en"])
    moving = """[...document.querySelectorAll("*")].map(element => getComputedStyle(element)).filter(style =>
      style.animationName !== "none" || parseFloat(style.transitionDuration) > 0 || style.scrollBehavior === "smooth")"""
    assert chromium.see(f"{moving}.length") == 0
