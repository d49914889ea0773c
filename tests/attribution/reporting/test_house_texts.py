"""A house's own texts: where they stand, that their figures hold, and that nothing in them does more than be read."""

import dataclasses
import io
import re

import pandas as pd
import pytest
from PIL import Image

from attribution import InputError, read_book
from attribution.house_style.drawing.canvas import NEGATIVE, POSITIVE
from attribution.house_style.words import LANGUAGES
from attribution.portfolio.settings.bound_types import Words
from attribution.portfolio.settings.sections import Report
from attribution.reporting.client.page import render_client
from attribution.reporting.client.sleeve import shown_stocks
from attribution.reporting.client.texts import ClientTexts
from attribution.reporting.formats import EDITIONS
from attribution.reporting.house import files
from attribution.reporting.house.own import Own, Section
from attribution.reporting.house.sections import own_of
from attribution.reporting.house.texts import check_house, read_house, shown_tags, unsaid
from attribution.reporting.pages.page import page_charts, render_page
from tests.conftest import ROOT, SMALL_MONTH

HOUSE = ROOT / "fixtures" / "twin" / "house.toml"
TITLE = {"ja": "市場", "en": "Market"}


def png(size=(8, 4)):
    data = io.BytesIO()
    Image.new("RGB", size, "white").save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def house_of(tmp_path, small_book):
    """What is read of a book with one text, in English; files are written beside the book first."""

    def read(text, *, files=None, **section):
        folder = tmp_path / "book"
        for name, data in {"texts/a.md": text, **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        report = Report.model_validate({"sections": [{"file": "texts/a.md", "title": TITLE, **section}]})
        book = small_book.model_copy(update={"path": folder / "book.toml", "report": report})
        return read_house(book, SMALL_MONTH, ("en",), EDITIONS), book

    return read


def test_legal_texts_stand_before_the_annexes_and_other_texts_behind_their_part():
    own = [Section(key, key, key, "") for key in ("ranking", "limits")] + [Section("notes", "notes", "", "", annex=True)]
    added = Own({place: [Section(place, "house", "", "")] for place in ("month", "limits", "end")})
    assert [section.key for section in added.among(own)] == ["ranking", "month", "limits", "limits", "end", "notes"]


@pytest.mark.parametrize(
    ("report", "name", "told"),
    [
        ({}, "US Model Portfolios", True),
        ({}, "Large caps", False),
        ({"hypothetical": True}, "US Model Portfolios", False),
        ({"hypothetical": False}, "US Model Portfolios", False),  # clients' money earned it, says the book
    ],
)
def test_a_book_named_after_model_portfolios_is_asked_whether_performance_is_hypothetical(small_book, report, name, told):
    general = small_book.book.model_copy(update={"name": Words(ja="米国株", en=name)})
    book = small_book.model_copy(update={"book": general, "report": Report.model_validate(report)})
    assert ("hypothetical = true" in unsaid(book)) == told


def html_of(house, messages, edition="client"):
    own = own_of(house, edition, messages)
    return "".join(section.view for sections in own.sections.values() for section in sections)


@pytest.fixture(scope="module")
def english(page_content):
    return page_content.messages("en")


@pytest.fixture(scope="module")
def twin_house():
    book = read_book(HOUSE)
    return read_house(book, "2026-03", LANGUAGES, EDITIONS), book


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_of_a_published_report_stand_in_their_places_in_both_editions(page_content, twin_house, language):
    house, _ = twin_house
    messages = page_content.messages(language)
    client = render_client(page_content, ClientTexts("", {}), language, own=own_of(house, "client", messages))
    analyst = render_page(page_content, language, own=own_of(house, "analyst", messages))
    titles = [text.title for text in house.of("client", language)]
    assert len(titles) == 7
    marks = {client: ("indices", "closing"), analyst: ("factor-returns", "limits")}
    for page, (market, last) in marks.items():
        places = [page.index(f">{title}</h2>") for title in titles]
        assert places == sorted(places)
        assert page.index(f'id="{market}"') < places[0] and page.index(f'id="{last}"') < places[3]
        assert page.count("data:image/png;base64,") == 2  # the logo and a drawing
    assert analyst.index(f">{titles[-1]}</h2>") < analyst.index('id="holdings"')  # the first annex
    assert all(f'<a href="#house-{number}">' in analyst for number in range(1, 8))  # the contents have them


def test_the_figures_of_the_shipped_texts_hold_or_have_a_source(twin_house):
    house, book = twin_house
    levels = pd.read_csv(HOUSE.parent / "indices.csv", dtype={"index": str}).pivot(
        index="date", columns="index", values="level"
    )
    month = levels.loc["2026-03-31"] / levels.loc["2026-02-27"] - 1
    fallen = pd.DataFrame({"course": ["Next Major 100"], "ticker": ["DDYR"], "name": [""], "return": [-0.275149]})
    tables = {"index_months": month.rename("return").reset_index(), "stock_contributions": fallen}
    assert check_house(house, tables, book).empty
    wrong = tables | {"index_months": tables["index_months"].assign(**{"return": 0.01})}
    found = check_house(house, wrong, book)
    assert list(found["kind"]) == ["differs"] * 4
    assert set(found["file"]) == {f"house/2026-03/market.{language}.md" for language in LANGUAGES}


@pytest.fixture
def stocks_of(tmp_path, small_book):
    """What is read of a book with texts on stocks, in English."""

    def read(text):
        (tmp_path / "stocks.toml").write_text(text, encoding="utf-8")
        report = Report.model_validate({"stock_texts": "stocks.toml"})
        book = small_book.model_copy(update={"path": tmp_path / "book.toml", "report": report})
        return read_house(book, SMALL_MONTH, ("en",), EDITIONS), book

    return read


@pytest.fixture(scope="module")
def best(page_content):
    """A stock that helped most."""
    return sorted(shown_stocks(page_content))[0]


def test_what_the_house_says_of_a_stock_stands_in_the_place_of_its_drivers(stocks_of, page_content, best, english):
    house, _ = stocks_of(f'["{best}"]\nja = "上"\nen = "Sold **well** <b>."\nsource = "Desk"')
    page = render_client(page_content, ClientTexts("", {}), "en", own=own_of(house, "client", english))
    plain = render_client(page_content, ClientTexts("", {}), "en")
    said = '<span class="said">Sold <strong>well</strong> &lt;b&gt;. <span class="source">Source: Desk</span></span></td>'
    assert said in page and said not in plain
    assert page.count('<td class="name">') == plain.count('<td class="name">')


@pytest.mark.parametrize(("of_stock", "of_sleeve"), [("Up {part}.", ""), ("Up.", "It brought {part}.")])
def test_where_a_text_tells_a_part_of_a_stock_the_parts_stay_below_what_the_house_says(
    stocks_of, page_content, best, english, of_stock, of_sleeve
):
    part = f"[+1.00%](<#stock_factor|Major 100|{best}|specific|contribution>)"
    house, _ = stocks_of(f'["{best}"]\nja = "上"\nen = "{of_stock.format(part=part)}"')
    texts = ClientTexts("", {"major": of_sleeve.format(part=part)})
    page = render_client(page_content, texts, "en", own=own_of(house, "client", english))
    assert re.search(r'<span class="said">Up[^\n]*</span> <span class="parts"><span class="item">[^\n]*Stock-specific', page)


def test_figures_in_texts_on_stocks_hold_or_have_a_source(stocks_of, page_content, best):
    house, book = stocks_of(f'\n["{best}"]\nja = "a"\nen = "Up 4.1%."')
    found = check_house(house, page_content.tables, book)
    assert found[["line", "kind", "file"]].to_numpy().tolist() == [[4, "no anchor", "stocks.toml"]]
    house, book = stocks_of(f'["{best}"]\nja = "a"\nen = "Up 4.1%."\nsource = "Desk"')
    assert check_house(house, page_content.tables, book).empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[NOTHING]\nja = "a"\nen = "b"',
            r"stocks\.toml: texts on 'NOTHING', which the book's holdings do not have\. Nearest: ",
        ),
        ('["{best}"]\nja = "a"', r"'en' in \[.*\] is missing\. Give a text of one line"),
        ('["{best}"]\nja = "a"\nen = 3', r"'en' in \[.*\] is no text of one line"),
        ('["{best}"]\nja = "a"\nen = "b"\nfr = "c"', r"unknown key 'fr' in \[.*\]\. Known keys: ja, en, source"),
        ('"{best}" = "a"', "is no section"),
        ("[", "is not valid TOML"),
        (
            '["{best}"]\nja = "a"\nen = "Up ![chart](https://a.org/x.png)."',
            r"stocks\.toml, line 3: 'en' in \[.*\]: holds an image, which .*: https://a\.org/x\.png\. Put it into a section",
        ),
        ('["{best}"]\nja = "a"\nen = "Up[^1]."', r"line 3: .*: holds a footnote, which .*: \[\^1\]\. Put it into a section"),
        (
            '["{best}"]\nja = "a"\nen = "[Up](other.md)."',
            r"line 3: .*: links that lead nowhere: other\.md\. Give an address",
        ),
    ],
)
def test_texts_on_stocks_that_cannot_be_shown_are_refused(stocks_of, best, text, message):
    with pytest.raises(InputError, match=message):
        stocks_of(text.replace("{best}", best))


def test_the_shipped_texts_on_stocks_are_of_stocks_that_the_book_held(twin_house):
    house, _ = twin_house
    assert len(house.stocks) == 4 * len(LANGUAGES)
    assert "house/2026-03/stocks.toml" in house.hashes


def looking(content, **report):
    """The month of a book with a look of its own."""
    own = Report.model_validate(content.book.report.model_dump() | report)
    return dataclasses.replace(content, book=content.book.model_copy(update={"report": own}))


@pytest.mark.parametrize("edition", EDITIONS)
def test_both_editions_are_in_the_colours_of_the_house(page_content, edition):
    colours = {"accent": "#333333", "gain": "#0B6B4F", "loss": "#a03a1e"}
    content = looking(page_content, colours=colours)
    house = read_house(content.book, SMALL_MONTH, ("en",), EDITIONS)
    own = own_of(house, edition, content.messages("en"))
    client = edition == "client"
    page = render_client(content, ClientTexts("", {}), "en", own=own) if client else render_page(content, "en", own=own)
    assert ":root { --accent: #333333; --gain: #0b6b4f; --loss: #a03a1e; }" in page
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    assert "#0b6b4f" in drawn and "#a03a1e" in drawn
    assert POSITIVE not in drawn and NEGATIVE not in drawn


def test_colours_of_one_book_are_not_those_of_the_next(page_content):
    course = next(iter(page_content.results))
    both = (looking(page_content, colours={"gain": "#0b6b4f", "loss": "#a03a1e"}), page_content)
    drawn = [page_charts(content, "en").draw("bridge", course) for content in both]
    assert "#0b6b4f" in drawn[0] and "#0b6b4f" not in drawn[1] and POSITIVE in drawn[1]


def test_the_day_and_the_logo_stand_on_the_cover_of_both_editions(page_content, tmp_path):
    content = looking(page_content, prepared="2025-04-07", logo="logo.png")
    (tmp_path / "logo.png").write_bytes(png())
    book = content.book.model_copy(update={"path": tmp_path / "book.toml"})
    house = read_house(book, SMALL_MONTH, ("en",), EDITIONS)
    own = own_of(house, "client", content.messages("en"))
    for page in (render_page(content, "en", own=own), render_client(content, ClientTexts("", {}), "en", own=own)):
        cover = page[page.index("<header>") : page.index("</header>")]
        assert '<img class="logo" src="data:image/png;base64,' in cover and 'alt="Logo"' in cover
        assert "7 April 2025" in cover
    (tmp_path / "logo.png").write_text("<svg/>")
    with pytest.raises(InputError, match=r"'logo' in \[report\]: 'logo\.png' is no PNG or JPEG"):
        read_house(book, SMALL_MONTH, ("en",), EDITIONS)


@pytest.mark.slow
def test_the_twin_is_reported_with_the_texts_of_its_house(tmp_path):
    from attribution import report

    made = report(read_book(HOUSE), month="2026-03", out=tmp_path / "out", formats=["html"])
    assert made.findings.empty
    assert [remark.split(" stands")[0] for remark in made.remarks] == [
        "client.ja.md: '（記入）'",
        "client.en.md: '(to be stated)'",
    ]
    assert "市場の動向" in (tmp_path / "out" / "client.ja.html").read_text(encoding="utf-8")


def test_a_section_of_one_edition_is_not_in_the_other(house_of, english):
    house, _ = house_of("Hello.", edition="analyst")
    assert "Hello" in html_of(house, english, "analyst")
    assert html_of(house, english, "client") == ""


def test_a_figure_is_linked_or_stands_under_a_source_up_to_the_next_heading(house_of, page_content):
    text = "4.1% now.\n<!-- source: Desk, 31 March -->\n4.2% here\n\n- 4.3%\n\n## Then\n\n4.4% there"
    house, book = house_of(text)
    found = check_house(house, page_content.tables, book)
    assert list(zip(found["line"], found["text"], strict=True)) == [(1, "4.1%"), (9, "4.4%")]
    assert set(found["kind"]) == {"no anchor"}


def test_a_source_of_the_section_stands_for_all_of_it_and_is_printed_once(house_of, page_content, english):
    house, book = house_of("4.1% now.\n\n## Then\n\n4.4%[^1]\n\n[^1]: 4.5%", source="Desk")
    assert check_house(house, page_content.tables, book).empty
    html = html_of(house, english)
    assert html.count('<p class="source">Source: Desk</p>') == 1
    assert html.index("4.5%") < html.index("Source: Desk")  # which is that of the footnotes too


def test_a_footnote_stands_in_its_part_above_its_source_under_the_mark_of_the_text(house_of, english):
    text = "<!-- source: A -->\nOne[^a] and two[^b].\n\n# Three\n\n<!-- source: B -->\nFour[^c], one[^a].\n\n"
    house, _ = house_of(text + "[^c]: Third.\n\n[^b]: Second[^d].\n\n[^a]: First.\n\n[^d]: Inner.")
    html = html_of(house, english)
    order = ("One", "First.", "Second", "Inner.", "Source: A", "<h3>Three", "Four", "Third.", "Source: B")
    places = [html.index(part) for part in order]
    assert places == sorted(places)
    marks = re.findall(r'<span class="mark">(\[\d\])</span>', html)
    assert sorted(marks) == ["[1]", "[2]", "[3]", "[4]"] and set(re.findall(r">(\[\d\])</a></sup>", html)) == set(marks)
    notes = dict(re.findall(r'id="fn-house-1-(\d)" class="footnote-item"><span class="mark">\[\d\]</span><p>(\w+)', html))
    assert notes["1"] == "First" and notes["2"] == "Second"
    assert len(re.findall(r'id="fn-', html)) == 4


@pytest.mark.parametrize(("text", "lines"), [
    ("<!-- source: Desk -->\nOne[^1].\n\n# Two\n\n[^1]: 4.5%", []),  # printed under the source, though its line is not
    ("One[^1].\n\n# Two\n\n<!-- source: Desk -->\n4.4%\n\n[^1]: 4.5%", [8]),
])  # fmt: skip
def test_a_figure_of_a_footnote_has_the_source_of_the_part_that_refers_to_it(house_of, page_content, text, lines):
    house, book = house_of(text)
    assert list(check_house(house, page_content.tables, book)["line"]) == lines


def test_a_source_is_printed_behind_the_part_that_it_is_stated_for(house_of, english):
    house, _ = house_of("One.\n<!-- source: A & B -->\nTwo.\n\n# Three\n\nFour.", source="Desk")
    html = html_of(house, english)
    places = [html.index(part) for part in ("One.", "Two.", "Source: A &amp; B", "<h3>Three", "Four.", "Source: Desk")]
    assert places == sorted(places)


def test_a_link_under_a_source_is_checked_all_the_same(house_of, page_content):
    name = page_content.tables["index_months"]["index"].iloc[0]
    text = f"<!-- source: Desk -->\n| a |\n|--|\n| [+99.99%](<#index_months|{name}|return>) |"
    house, book = house_of(text)
    assert list(check_house(house, page_content.tables, book)["kind"]) == ["differs"]


def test_a_link_in_a_table_stays_in_its_cell(house_of, english, page_content):
    name = page_content.tables["index_months"]["index"].iloc[0]
    house, _ = house_of(f"| a | b |\n|--|--:|\n| x | [+1.00%](<#index_months|{name}|return>) |")
    html = html_of(house, english)
    assert f'<td class="n"><span class="fact" title="index_months | {name} | return"' in html
    assert "style=" not in html and '<th scope="col">a</th>' in html


def test_footnotes_of_two_texts_are_told_apart(twin_house, page_content):
    house, _ = twin_house
    page = html_of(house, page_content.messages("en"))
    assert 'href="#fn-house-1-1"' in page and 'id="fn-house-1-1"' in page and "↩" not in page


def test_html_scripts_and_comments_are_shown_as_text(house_of, english):
    house, _ = house_of(
        "<script>alert(1)</script> <b onload='x'>b</b>\n\n<!-- note -->\n\n<svg/onload=x>\n\n- <!-- source: no -->"
    )
    html = html_of(house, english)
    assert not any(tag in html for tag in ("<script", "<b ", "<svg", "<!--"))
    assert "&lt;script&gt;" in html and "&lt;!-- source: no --&gt;" in html
    assert shown_tags(house) == [
        "texts/a.md: HTML in lines 1, 3, 5, 7 is on the page as it is written, tags and all. Write Markdown, or take it out."
    ]


@pytest.mark.parametrize("text", [
    "<!-- source: Desk -->\n4.1% < 5 > 2, a \\<b>, `<i>`", "![a view](<b x.png>) [x](<https://a.org>)", "<b.png> is a file",
])  # fmt: skip
def test_what_is_no_html_is_not_remarked(house_of, text):
    house, _ = house_of(text, files={"texts/b x.png": png()})
    assert shown_tags(house) == []


def test_html_in_a_text_on_a_stock_is_remarked_with_its_line(stocks_of, best):
    house, _ = stocks_of(f'["{best}"]\nja = "a"\nen = "Up <br> again."')
    assert [remark[:27] for remark in shown_tags(house)] == ["stocks.toml: HTML in line 3"]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JaVaScRiPt:x", "file:///etc/passwd", "data:text/html,x", "other.md"]
)
def test_links_lead_to_the_web_or_to_tables(house_of, address):
    with pytest.raises(InputError, match=r"texts/a\.md: links that lead nowhere: .*https"):
        house_of(f"[x](<{address}>)")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://a.org/x.png", "is no path in the book's folder"),
        ("file:///etc/x.png", "is no path in the book's folder"),
        ("data:image/png;base64,AAAA", "is no path in the book's folder"),
        ("/etc/x.png", "is no path in the book's folder"),
        ("../../x.png", "lies outside the book's folder"),
        ("gone.png", "no file 'gone.png' in the book's folder"),
        ("link.png", "lies outside the book's folder, links followed"),
        ("loop.png", "(cannot be found|no file 'loop.png')"),
        ("draw.svg", "'draw.svg' is no PNG or JPEG that can be read"),
        ("half.png", "'half.png' is no PNG or JPEG that can be read"),
        ("wide.png", r"'wide.png' has 6,000 x 1 pixels, more than 5,000 along a side"),
        ("huge.png", "'huge.png' has more than 2,000,000 bytes"),
    ],
)
def test_images_are_of_the_books_folder_and_nothing_else(house_of, tmp_path, address, message):
    texts = tmp_path / "book" / "texts"
    texts.mkdir(parents=True)
    (tmp_path / "x.png").write_bytes(png())
    (texts / "link.png").symlink_to(tmp_path / "x.png")
    (texts / "loop.png").symlink_to(texts / "loop.png")
    given = {"draw.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>", "half.png": png((300, 300))[:90],
             "wide.png": png((6000, 1)), "huge.png": b"0" * (files.MOST_IMAGE_BYTES + 1)}  # fmt: skip
    with pytest.raises(InputError, match=rf"texts/a\.md: .*{message}"):
        house_of(f"![a view](<{address}>)", files={f"texts/{name}": data for name, data in given.items()})


def test_an_image_is_held_by_the_page_with_its_description(house_of, english):
    house, _ = house_of('![A "view" <b>](b.png)', files={"texts/b.png": png()})
    assert '<img src="data:image/png;base64,' in (html := html_of(house, english))
    assert 'alt="A &quot;view&quot; &lt;b&gt;"' in html
    with pytest.raises(InputError, match=r"images without a description: b\.png"):
        house_of("![](b.png)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\x1b[2Jb", r"texts/a\.md: 1 line with a control character: 1"),
        (b"\xff\xfe", r"texts/a\.md: is not UTF-8"),
        ("x" * 1_000_001, r"texts/a\.md: 'a\.md' has more than 1,000,000 bytes"),
        ("<!-- source: -->\n4%", r"texts/a\.md: line 1 states no source"),
        ("a[^1]", r"footnotes without a text: \[\^1\]"),
        ("a\n\n[^1]: b", r"footnotes that nothing refers to: 1"),
    ],
)
def test_what_a_page_would_not_show_as_meant_is_refused(house_of, text, message):
    with pytest.raises(InputError, match=message):
        house_of(text)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"file": "texts/gone.md"}, r"book\.toml: 'sections' in \[report\]: no file 'texts/gone\.md' in the book's folder"),
        ({"file": "../a.md"}, "lies outside the book's folder"),
        ({"file": "/etc/passwd"}, "is no path in the book's folder"),
        ({"file": "texts/{month}/{language}.md"}, rf"no file 'texts/{SMALL_MONTH}/en\.md'"),
    ],
)
def test_a_text_that_is_not_in_the_books_folder_is_refused_by_name(house_of, section, message):
    with pytest.raises(InputError, match=message):
        house_of("Hello.", **section)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'sections = [{ file = "a.md", title = "A", after = "weeks" }]',
            '\'after\' in .*give "month", "market", "sleeves" or "limits"',
        ),
        ('sections = [{ file = "a.md", title = "A", edition = "all" }]', '\'edition\' in .*give "analyst" or "client"'),
        ('sections = [{ file = "{day}.md", title = "A" }]', r"with \{month\} and \{language\} as its only braces"),
        ('sections = [{ file = "a.md" }]', "missing key 'title' in"),
        (
            'legal = [{ file = "a.md", title = "A", after = "month" }]',
            r"unknown key 'after' in .*Known keys: edition, file, source, title",
        ),
        ('colours = { gain = "#d9741a" }', r"has a contrast of 3\.25:1 to paper, .*give one with 4\.5:1 or more"),
        ('colours = { gain = "green" }', 'give a colour as "#1f5fa8"'),
        ('colours = { gain = "#0b6b4f", loss = "#0B6B4F" }', "#0b6b4f for gain and loss; give two that differ"),
        ('colours = { paper = "#000000" }', r"unknown key 'paper' in .*Known keys: accent, gain, loss"),
        ("logo = 1", "'logo' in .*give a text in quotes"),
        ('legal = "a.md"', "'legal' in .*give a list of texts"),
    ],
)
def test_a_book_that_misplaces_a_text_is_told_what_may_stand_there(tmp_path, line, message):
    text = HOUSE.with_name("book.toml").read_text(encoding="utf-8").replace("[report]\n", f"[report]\n{line}\n")
    (tmp_path / "book.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_book(tmp_path / "book.toml")


def test_an_image_that_breaks_off_is_refused_whatever_other_libraries_allow(house_of, tmp_path, monkeypatch):
    from PIL import ImageFile

    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    test_images_are_of_the_books_folder_and_nothing_else(
        house_of, tmp_path, "half.png", "'half.png' is no PNG or JPEG that can be read"
    )
    assert ImageFile.LOAD_TRUNCATED_IMAGES
