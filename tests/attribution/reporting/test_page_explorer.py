"""The tables to explore in a browser, by real keys and clicks; and what is there without scripts."""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import pytest

from attribution.house_style.numbers import percent
from attribution.house_style.words import LANGUAGES
from attribution.portfolio.settings.sections import Negative
from attribution.reporting.pages.page import page_charts, render_page
from attribution.reporting.pages.words import page_words
from attribution.reporting.policy import with_policy
from tests.attribution.reporting.browser import SHIFT, needs_browser
from tests.attribution.reporting.page_reader import Reader

one_language = pytest.mark.parametrize(  # what a browser does with a page is the same in each
    "language", [LANGUAGES[0], *(pytest.param(other, marks=pytest.mark.slow) for other in LANGUAGES[1:])]
)

CUTS = ("factor", "group", "sector", "stock", "day")
HELPERS = """
const out = {}, section = document.querySelector("section.explorer"), form = section.querySelector("form");
const choose = (name, value) => {
  form.elements[name].value = value;
  form.elements[name].dispatchEvent(new Event("change", { bubbles: true }));
};
const visible = () => [...section.querySelectorAll("table.sortable")].filter(table => table.offsetParent !== null);
const table = () => visible()[0];
const courses = section.querySelectorAll("details.course");
const heads = () => [...table().tHead.rows[0].cells];
const column = place => [...table().tBodies[0].rows].map(row => row.cells[place].textContent.trim());
const press = place => heads()[place].querySelector("button").click();
const tip = () => document.getElementById("tip");
"""


@pytest.fixture
def run(chromium):
    """Runs a script in a page and returns what it put into `out`."""

    def inside(page, script, width=1100):
        chromium.open(with_policy(page), width=width)
        assert chromium.complaints == []
        return chromium.run(f"{HELPERS} {script} return out;")

    return inside


@pytest.fixture
def explorer(chromium, pages):
    """The page in English, in front of a person; gives what expressions say of it."""
    chromium.open(with_policy(pages["en"]), width=1100)

    def see(script):
        return chromium.run(f"{HELPERS} return {script};")

    return see


@needs_browser
@one_language
def test_a_click_on_a_heading_sorts_by_value_and_a_second_one_turns_it_round(chromium, pages, page_content, language):
    chromium.open(with_policy(pages[language]))
    out = {}
    for place, name in ((8, "down"), (8, "up"), (0, "tickers")):
        chromium.click(
            f"document.querySelector('.explorer table.stock').tHead.rows[0].cells[{place}].querySelector('button')"
        )
        out |= chromium.run(f"""{HELPERS} out.{name} = column({place}); out.{name}_order = column(0);
          out.{name}_aria = heads().map(head => head.getAttribute("aria-sort"));
          out.foot = table().tFoot.textContent.trim().length; out.status = section.querySelector(".status").textContent;
          return out;""")
    words = page_words(page_content.book, language)
    frame = page_content.tables["stock_contributions"]
    values = frame[frame["course"] == "Major 100"].set_index("ticker")["active_contribution"]
    shown = values[out["down_order"]]
    assert shown.is_monotonic_decreasing and (shown < 0).any() and (shown > 0).any()
    assert out["down"] == [words.percent(value) for value in shown]
    assert out["up"] == [words.percent(value) for value in shown[::-1]]
    assert out["down_aria"] == [None] * 8 + ["descending"]
    assert out["up_aria"][8] == "ascending"
    assert out["tickers"] == sorted(out["tickers"])
    assert out["tickers_aria"] == ["ascending"] + [None] * 8
    assert out["foot"] > 0
    assert "Major 100" in out["status"] and str(len(shown)) in out["status"]


@needs_browser
def test_negatives_in_every_house_style_sort_as_numbers_and_what_is_missing_comes_last(run, lean_content):
    for style in ("▲", "parentheses"):
        report = lean_content.book.report.model_copy(update={"negative": Negative(ja=style, en=style)})
        content = dataclasses.replace(lean_content, book=lean_content.book.model_copy(update={"report": report}))
        out = run(render_page(content, "en"), """
          choose("cut", "factor"); press(4); out.down = column(4); press(4); out.up = column(4);
          press(6); out.t = column(6); press(6); out.back = column(6);
        """)  # fmt: skip
        sign = {"▲": "▲", "parentheses": "("}[style]
        frame = content.tables["factor_contributions"]
        values = frame.loc[frame["course"] == "Major 100", "contribution"].sort_values(ascending=False)
        words = page_words(content.book, "en")
        assert out["down"] == [words.percent(value) for value in values]
        assert out["up"][0].startswith(sign)
        assert out["t"][-3:] == out["back"][-3:] == ["n/a"] * 3
        assert not out["t"][0].startswith(sign) and out["back"][0].startswith(sign)


@needs_browser
@one_language
def test_one_table_at_a_time_is_chosen_by_course_and_cut(run, pages, page_content, language):
    out = run(pages[language], """
      out.first = visible().map(t => t.caption.textContent);
      out.captions = [];
      for (const course of form.elements.course.options) for (const cut of form.elements.cut.options) {
        choose("course", course.value); choose("cut", cut.value);
        out.captions.push(visible().map(t => t.caption.firstChild.textContent.trim()));
      }
      out.summary = [...section.querySelectorAll(".course > summary")].filter(s => s.offsetParent !== null).length;
    """)  # fmt: skip
    t = page_words(page_content.book, language).messages
    cuts = (*CUTS, "stock_factor")
    expected = [[t("explorer.caption", course=c, cut=t(f"explorer.{cut}"))] for c in page_content.results for cut in cuts]
    assert out["captions"] == expected
    assert len(out["first"]) == 1
    assert out["summary"] == 0


@needs_browser
@one_language
def test_a_value_is_told_in_full_under_the_pointer_and_under_a_finger(chromium, pages, page_content, language):
    chromium.open(with_policy(pages[language]), width=400, phone=True)
    cell = "document.querySelector('.explorer table.stock tbody').rows[{}].cells[8]"
    see = f"""const tip = document.getElementById("tip"), box = tip.getBoundingClientRect();
      const inside = box.left >= 0 && box.right <= innerWidth;
      return [tip.hidden, tip.textContent, inside, {cell.format(0)}.getAttribute("aria-describedby")];"""
    assert chromium.run(see)[0]
    chromium.point(cell.format(0))
    hidden, text, inside, described = chromium.run(see)
    assert not hidden and inside and described == "tip"
    words = page_words(page_content.book, language)
    frame = page_content.tables["stock_contributions"]
    ticker = chromium.see(cell.format(0) + ".parentNode.cells[0].textContent")
    value = frame[(frame["course"] == "Major 100") & (frame["ticker"] == ticker)]["active_contribution"].iloc[0]
    assert text.startswith(ticker) and text.endswith(words.percent(value, 4, unit="%"))
    assert words.messages("sleeve.active_contribution") in text
    chromium.press("Escape")
    assert chromium.run(see)[0]
    chromium.touch(cell.format(1))
    hidden, other, inside, _ = chromium.run(see)
    assert not hidden and inside and other.endswith("%") and other != text
    chromium.point("document.querySelector('.explorer h2')")
    assert chromium.run(see)[0]


@needs_browser
def test_the_pointer_over_a_bar_finds_its_value_and_none_is_in_print(run, pages, page_content, lean_content):
    out = run(pages["en"], """
      const seen = [...document.querySelectorAll("section.sleeve svg")].filter(chart => chart.getClientRects().length);
      const chart = seen.find(each => each.getAttribute("aria-label").includes(", step by step."));
      chart.scrollIntoView({ block: "center" });
      out.told = [...chart.querySelectorAll(".tips path")].map(place => {
        const box = place.getBoundingClientRect();
        const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return found === place ? place.querySelector("title").textContent : "covered by " + found.tagName;
      });
    """)  # fmt: skip
    result = page_content.results["Major 100"]
    full = [percent(x, "minus", 4, unit="%") for x in (result.benchmark_return, result.portfolio_return)]
    assert out["told"][0] == f"{result.benchmark}\n{full[0]}"
    assert out["told"][-1] == f"Major (simulated)\n{full[1]}"
    assert not any(text.startswith("covered") for text in out["told"])
    charts = page_charts(lean_content, "en")
    assert '<g class="tips"' in render_page(lean_content, "en", charts=charts)
    assert "tips" not in render_page(lean_content, "en", medium="print", charts=charts)


FOCUS = "[document.activeElement.parentNode.rowIndex, document.activeElement.cellIndex]"


@needs_browser
def test_a_table_is_one_stop_of_the_tab_key_and_arrows_lead_from_cell_to_cell(chromium, explorer):
    stops = "[...table().querySelectorAll('td')].filter(cell => cell.tabIndex === 0).length"
    assert explorer(stops) == 1
    chromium.run(f"{HELPERS} heads().at(-1).querySelector('button').focus();")
    chromium.press("Tab")
    assert explorer(FOCUS) == [1, 4] and not explorer("tip().hidden")
    ways = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowUp"]
    for key, place in zip(ways, [[1, 5], [2, 5], [2, 4], [1, 4], [1, 4]], strict=True):
        chromium.press(key)
        assert explorer(FOCUS) == place
    chromium.press("End")
    rows = explorer("table().rows.length")
    assert explorer(FOCUS) == [rows - 3, 1]  # cash, whose name stretches over four columns; the rows below have no weight
    assert explorer(stops) == 1
    chromium.press("Escape")
    assert explorer("tip().hidden")
    chromium.press("Tab", modifiers=SHIFT)
    assert explorer("document.activeElement.tagName") == "BUTTON"
    assert explorer("heads().every(h => h.textContent.trim().length > 0)")


@needs_browser
def test_a_heading_sorts_by_the_enter_key_says_which_way_and_keeps_the_keyboard_s_place(chromium, explorer):
    chromium.run(f"{HELPERS} heads()[7].querySelector('button').focus();")
    chromium.press("Tab", "Enter")
    status = "section.querySelector('.status').textContent"
    assert explorer("heads()[8].getAttribute('aria-sort')") == "descending" and explorer(status).endswith("descending")
    chromium.press("Enter")
    assert explorer("heads()[8].getAttribute('aria-sort')") == "ascending"
    assert explorer(status).endswith("sorted by Contribution to excess return, ascending")
    assert explorer("document.activeElement === heads()[8].querySelector('button')")
    chromium.press("Tab")
    cell = explorer("document.activeElement.parentNode.cells[0].textContent")  # the stop of before
    assert cell == explorer("[...table().tBodies[0].rows].find(r => r.dataset.at === '0').cells[0].textContent")


@needs_browser
def test_a_search_and_held_names_leave_rows_out_and_say_how_many(chromium, explorer, page_content):
    frame = page_content.tables["stock_contributions"]
    frame = frame[(frame["course"] == "Major 100") & (frame["weight_start"] + frame["weight_end"] > 0)]
    held = set(frame["ticker"]) - {"CASH"}
    shown = "[...table().tBodies[0].rows].filter(row => !row.hidden).map(row => row.cells[0].textContent)"
    status = "section.querySelector('.status').textContent"
    every = explorer(shown)
    chromium.click("document.querySelector('.explorer [name=held]')")
    assert set(explorer(shown)) == held and len(held) < len(every)
    assert f"{len(held)} of {len(every)} rows; totals are of all" in explorer(status)
    chromium.click("document.querySelector('.explorer [name=find]')")
    chromium.type("utilities")
    found = explorer(shown)
    assert 0 < len(found) < len(held) and found == [name for name in every if name in found]
    assert explorer("document.activeElement.name") == "find"
    explorer("table().querySelector('td[tabindex=\"0\"]').focus()")
    assert explorer("document.activeElement.parentNode.hidden") is False
    last = explorer(FOCUS)
    for _ in found:
        chromium.press("ArrowDown")
    assert explorer("document.activeElement.closest('tfoot') !== null") and last[0] < explorer(FOCUS)[0]
    assert explorer("[...form.elements.cut.options].map(o => o.value)") == [*CUTS, "stock_factor"]
    explorer("choose('cut', 'day')")
    assert explorer("form.elements.held.disabled") and explorer(shown) == []
    explorer("(form.elements.find.value = '', form.elements.find.dispatchEvent(new Event('input')))")
    assert len(explorer(shown)) == 21


@needs_browser
def test_what_is_seen_is_copied_as_csv_with_every_digit(chromium, explorer, page_content):
    frame = page_content.tables["stock_contributions"].set_index(["course", "ticker"]).loc["Major 100"]
    keep = "navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); };"
    chromium.run(keep)
    button = "document.querySelector('.explorer [name=copy]')"
    chromium.click(button)
    rows = list(csv.reader(io.StringIO(explorer("window.copied"))))
    assert len({len(row) for row in rows}) == 1 and rows[0][0] == "Ticker"
    shown = [row for row in rows[1:] if row[0] in frame.index]
    assert len(shown) == explorer("table().tBodies[0].rows.length")
    for row in shown:
        assert float(row[-1]) == frame.loc[row[0], "active_contribution"]
    assert float(rows[-1][-1]) == page_content.results["Major 100"].excess_return
    assert "rows copied as CSV" in explorer("section.querySelector('.status').textContent")
    assert explorer("document.activeElement.name") == "copy"
    chromium.click("document.querySelector('.explorer [name=held]')")
    chromium.click(button)
    held = list(csv.reader(io.StringIO(explorer("window.copied"))))
    assert len(held) - 1 == explorer("[...table().tBodies[0].rows].filter(row => !row.hidden).length")  # and no totals
    chromium.run("navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = () => false;")
    chromium.click(button)
    chromium.run("return new Promise(done => setTimeout(done, 50));")
    text = "document.querySelector('.explorer textarea')"
    assert explorer(f"{text}.value.replaceAll('\\r', '')") == explorer("window.copied.replaceAll('\\r', '')")
    assert explorer(f"{text}.selectionEnd - {text}.selectionStart") == explorer(f"{text}.value.length")
    assert "by hand" in explorer("section.querySelector('.status').textContent")


@needs_browser
def test_stocks_by_factor_are_the_table_s_and_sum_to_each_stock_s_contribution(chromium, explorer, page_content):
    explorer("choose('course', '1')")
    explorer("choose('cut', 'stock_factor')")
    course = list(page_content.results)[1]
    cells = page_content.tables["stock_factor"]
    cells = cells[cells["course"] == course].set_index(["ticker", "factor"])["contribution"]
    frame = page_content.tables["stock_contributions"].set_index(["course", "ticker"]).loc[course]
    names = explorer("heads().map(head => head.textContent)")
    rows = explorer("[...table().tBodies[0].rows].map(r => [...r.cells].map(cell => cell.dataset.v || cell.textContent))")
    t = page_words(page_content.book, "en").messages
    value, specific = names.index(t.factor("value")), names.index(t.factor("specific"))
    assert len(rows) == explorer("courses[1].querySelector('[data-cut=stock] tbody').rows.length")
    for row in rows:
        assert float(row[value]) == pytest.approx(cells.get((row[0], "value"), 0.0), abs=1e-12)
        assert float(row[specific]) == pytest.approx(cells.get((row[0], "specific"), 0.0), abs=1e-12)
        assert sum(map(float, row[2:-1])) == pytest.approx(float(row[-1]), abs=1e-10)
        assert float(row[-1]) == frame.loc[row[0], "active_contribution"]
    chromium.click("document.querySelector('table.stock_factor th:last-child button')")
    assert explorer("heads().at(-1).getAttribute('aria-sort')") == "descending"


@needs_browser
def test_a_row_is_drawn_through_the_month_by_a_click_and_by_the_enter_key(chromium, explorer, page_content):
    result = page_content.results["Major 100"]
    drawn = "[...section.querySelectorAll('figure.path tbody td')].map(cell => Number(cell.dataset.v))"
    label = "section.querySelector('figure.path svg').getAttribute('aria-label')"
    paths = {"stock": result.path("stock"), "factor": result.path("factor"), "sector": result.path("sector")}
    first = explorer("table().tBodies[0].rows[0].cells[0].textContent")
    assert explorer(drawn) == pytest.approx(paths["stock"][first].tolist(), abs=1e-7)  # there from the beginning
    chromium.click("document.querySelector('.explorer table.stock tbody').rows[3].cells[1]")
    name = explorer("table().tBodies[0].rows[3].cells[0].textContent")
    assert explorer(drawn) == pytest.approx(paths["stock"][name].tolist(), abs=1e-7)
    end = percent(paths["stock"][name].iloc[-1], "minus", 4, unit="%")
    assert explorer(label).startswith(f"{name}: contribution to the excess return to date. At the end {end}, highest")
    assert explorer("[...table().querySelectorAll('[aria-current]')].map(row => row.cells[0].textContent)") == [name]
    explorer("table().querySelector('td[tabindex=\"0\"]').focus()")
    chromium.press(*["ArrowDown"] * 5, "Enter")
    name = explorer("table().tBodies[0].rows[5].cells[0].textContent")
    assert explorer(label).startswith(f"{name}:")
    explorer("choose('cut', 'factor')")
    t = page_words(page_content.book, "en").messages
    explorer(f"[...table().tBodies[0].rows].find(row => row.cells[0].textContent === '{t.factor('value')}').click()")
    assert explorer(drawn) == pytest.approx(paths["factor"]["value"].tolist(), abs=1e-7)
    explorer("choose('cut', 'sector')")
    sector = explorer("table().tBodies[0].rows[1].cells[0].textContent")
    explorer("table().tBodies[0].rows[1].click()")
    key = next(key for key in paths["sector"] if page_words(page_content.book, "en").row(key) == sector)
    assert explorer(drawn) == pytest.approx(paths["sector"][key].tolist(), abs=1e-7)
    total = explorer("Number(table().tBodies[0].rows[1].cells[8].dataset.v)")
    assert explorer(drawn)[-1] == pytest.approx(total, abs=1e-7)
    explorer("choose('cut', 'day')")
    assert explorer("section.querySelector('figure.path').hidden")


@needs_browser
@one_language
def test_a_tip_is_as_wide_as_its_text_at_the_edge_of_a_narrow_window_too(run, pages, language):
    out = run(pages[language], """
      const cells = [...table().tBodies[0].rows[0].querySelectorAll("td[data-v]")];
      const size = cell => {
        cell.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
        const box = tip().getBoundingClientRect(); out.room = document.documentElement.clientWidth;
        return [box.width, box.height, box.right];
      };
      table().parentNode.scrollLeft = 0; out.far = size(cells.at(-1)); out.again = size(cells.at(-1));
      size(cells[1]); out.longer = size(cells.at(-1));
    """, width=400)  # fmt: skip
    assert out["far"] == out["again"] == out["longer"]
    assert out["far"][0] > out["far"][1]
    assert out["far"][2] <= out["room"]


@needs_browser
def test_the_arrow_of_a_heading_never_stands_on_a_line_of_its_own(run, pages):
    out = run(pages["ja"], """
      choose("cut", "sector");
      out.room = heads().map(head => getComputedStyle(head.querySelector("button"), "::after").position);
      out.whole = [...section.querySelectorAll(".why")].map(e => getComputedStyle(e).wordBreak);
    """)  # fmt: skip
    assert set(out["room"]) == {"absolute"}
    assert set(out["whole"]) == {"keep-all"}


@needs_browser
def test_a_page_needs_no_more_room_than_a_narrow_window_has(run, pages):
    out = run(pages["ja"], "out.width = document.documentElement.scrollWidth; out.room = innerWidth;", width=500)
    assert out["width"] <= out["room"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_scripts_every_table_is_there_one_after_another(pages, page_content, language):
    page = re.sub(r"<script>.*?</script>", "", pages[language], flags=re.DOTALL)
    section = page[page.index('<section class="explorer"') :]
    section = section[: section.index("</section>")]
    assert section.count("<details") == len(page_content.results)
    assert len(Reader(section).tables) == 5 * len(page_content.results)
    assert " hidden" not in section
    css = page.split("</style>")[0]
    assert ".explorer .live { display: none; }" in css  # what needs scripts is not shown before they run
    assert "live" not in re.sub(r'class="[^"]*\blive\b[^"]*"', "", section)


def test_the_page_stays_small(pages):
    assert all(len(page.encode()) < 1.3e6 for page in pages.values())
