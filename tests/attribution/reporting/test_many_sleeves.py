"""A month of a book of many sleeves: what all of them share breaks over pages, and its charts stay readable."""

import dataclasses
import io
import re

import pandas as pd
import pypdf
import pytest

from attribution.house_style.fonts import PLACE, with_fonts
from attribution.house_style.words import read_messages
from attribution.reporting import pdf
from attribution.reporting.charts import LINES_NAMED, month_figures
from attribution.reporting.client.page import render_client
from attribution.reporting.client.texts import ClientTexts
from attribution.reporting.pages import page
from attribution.reporting.pages.charts import PageCharts
from tests.attribution.reporting.browser import needs_browser
from tests.attribution.reporting.page_reader import Reader

COUNT = 16
OF_ALL = ("ranking", "cumulative", "trailing", "groups", "risk", "composition", "limits")
A4 = 297 - 13 - 15, 210 - 14 - 14  # mm: height and width within the margins of print.css
CAPTION = 20  # mm below a chart


@pytest.fixture(scope="module")
def many(lean_content):
    """The month of one course as the month of many, each with the numbers of the one."""
    (course, result), (key, sleeve) = (next(iter(part.items())) for part in (lean_content.results, lean_content.sleeves))
    names = {f"s{place}": f"Course {place}" for place in range(1, COUNT + 1)}

    def copied(frame):
        own = next((name for name in ("course", "name") if name in frame and frame[name].eq(course).any()), None)
        own, of, copies = ("sleeve", key, names) if "sleeve" in frame else (own, course, names.values())
        if own is None:
            return frame
        rows = frame[frame[own] == of]
        return pd.concat([*(rows.assign(**{own: name}) for name in copies), frame[frame[own] != of]], ignore_index=True)

    return dataclasses.replace(
        lean_content,
        book=lean_content.book.model_copy(
            update={
                "sleeves": dict.fromkeys(names, lean_content.book.sleeves[key]),
                "courses": {name: {own: 1.0} for own, name in names.items()},
            }
        ),
        tables={name: copied(frame) for name, frame in lean_content.tables.items()},
        results={name: dataclasses.replace(result, course=name) for name in names.values()},
        sleeves={own: dataclasses.replace(sleeve, course=name) for own, name in names.items()},
        limits=[dataclasses.replace(limit, sleeve=own) for own in names for limit in lean_content.limits],
    )


@pytest.fixture(scope="module")
def printed(many):
    """The sections on all courses, as they are printed: those on one sleeve are the same however many there are."""
    sections = page.page_sections
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "page_sections", lambda *a, **k: [one for one in sections(*a, **k) if one.key in OF_ALL])
        return page.render_page(many, "en", medium="print", fonts=PLACE)


@pytest.mark.slow
def test_every_row_of_tables_side_by_side_stands_in_the_pdf(printed):
    printed = re.sub(r'<section class="(?!risk|composition).*?</section>', "", printed, flags=re.DOTALL)
    with pdf.start_pdf() as job:
        job.send(with_fonts(printed, form="otf"))
        try:
            document = job.result()
        except pdf.PangoMissingError as error:
            pytest.skip(str(error))
    text = "".join("".join(each.extract_text().split()) for each in pypdf.PdfReader(io.BytesIO(document)).pages)
    rows = ["".join("".join(cell.text for cell in row).split()) for table in Reader(printed).tables for row in table.rows]
    assert len(rows) > 17 * COUNT
    assert [row for row in rows if row not in text] == []


def test_tables_side_by_side_are_two_so_that_they_break_over_pages(printed):
    pairs = printed.split('<div class="pair')[1:]
    tables = [part.split("</div>")[0].count("<table") for part in pairs]
    assert len(tables) == 4 * COUNT / 2  # sources of risk, leaders, characteristics, largest holdings
    assert set(tables) == {2}


def test_no_chart_of_all_courses_is_higher_than_a_page(many):
    figures = month_figures(many, read_messages("en"), "minus")
    parts = [name for name in figures if name.split("/")[0] == "risk"]
    assert parts == ["risk", "risk/2"]
    drawn = [figures[name]() for name in [*parts, "cumulative"]]
    for figure in drawn:
        assert figure.height / figure.width * 0.96 * A4[1] <= A4[0] - CAPTION
    headings = [text for figure in drawn[:2] for _, _, text, *_ in figure.texts]
    assert [text for text in headings if text.startswith("Course ")] == list(many.results)


def test_of_many_courses_the_best_and_the_worst_are_named_and_the_caption_says_so(many, printed):
    frame = many.tables["cumulative"]
    place = frame["name"].str.extract(r"^Course (\d+)$")[0].astype(float).fillna(0)
    apart = frame.assign(**{"return": frame["return"] + place / 1e6})  # a higher number earned more
    content = dataclasses.replace(many, tables=many.tables | {"cumulative": apart})
    figure = month_figures(content, read_messages("en"), "minus")["cumulative"]()
    texts = [text for _, _, text, *_ in figure.texts]
    named = {int(text.split()[1]) for text in texts if text.startswith("Course ")}
    assert named == {*range(1, LINES_NAMED + 1), *range(COUNT - LINES_NAMED + 1, COUNT + 1)}
    assert "Of 16 courses the 5 with the highest and the 5 with the lowest value at the end are named" in printed


def test_of_many_breaches_ten_are_named_and_the_others_counted(many):
    broken = [dataclasses.replace(limit, ok=False) for limit in many.limits]
    words = page.page_words(many.book, "en", many.messages("en"))
    summary = page.limits_section(dataclasses.replace(many, limits=broken), words).summary
    assert summary.startswith(f"Limits in breach: {len(broken)} (")
    assert f", {len(broken) - 10} more)" in summary or f" and {len(broken) - 10} more)" in summary


@needs_browser
def test_the_limits_of_many_sleeves_stand_in_tables_that_fit_a_telephone(chromium, many, monkeypatch):
    monkeypatch.setattr(PageCharts, "draw", lambda *_: "")
    page = render_client(many, ClientTexts("", {}), "en")
    chromium.open(page, width=390, height=844, phone=True)
    assert chromium.see("document.querySelectorAll('.limits').length") == COUNT / 4
    assert chromium.see("document.scrollingElement.scrollWidth") == 390
    tables = [table.texts for table in Reader(page).tables if table.attrs.get("class") == "limits"]
    assert {len(row) for table in tables for row in table} == {2 + 4}
