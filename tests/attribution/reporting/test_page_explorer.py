"""The page in a browser: sorting, choosing, values in full, by mouse, finger and keyboard; and without scripts."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess

import pytest

from attribution.house_style.numbers import percent
from attribution.house_style.words import LANGUAGES
from attribution.portfolio.settings.sections import Negative
from attribution.reporting.pages.page import page_charts, render_page
from attribution.reporting.pages.words import page_words
from tests.attribution.reporting.page_reader import Reader

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")

one_language = pytest.mark.parametrize(  # what a browser does with a page is the same in each
    "language", [LANGUAGES[0], *(pytest.param(other, marks=pytest.mark.slow) for other in LANGUAGES[1:])]
)

HELPERS = """
const out = {}, section = document.querySelector("section.explorer"), form = section.querySelector("form");
const choose = (name, value) => {
  form.elements[name].value = value;
  form.elements[name].dispatchEvent(new Event("change", { bubbles: true }));
};
const visible = () => [...section.querySelectorAll("table")].filter(table => table.offsetParent !== null);
const table = () => visible()[0];
const heads = () => [...table().tHead.rows[0].cells];
const column = place => [...table().tBodies[0].rows].map(row => row.cells[place].textContent.trim());
const press = place => heads()[place].querySelector("button").click();
const key = name => document.activeElement.dispatchEvent(
  new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
const tip = () => document.getElementById("tip");
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs a script at the end of a copy of a page and returns what it put into `out`."""

    def inside(page, script, width=1100):
        folder = tmp_path_factory.mktemp("browser")
        hook = f"""<script>(function () {{ {HELPERS}
        try {{ {script} }} catch (error) {{ out.error = String(error); }}
        const result = document.createElement("pre");
        result.id = "result"; result.textContent = JSON.stringify(out); document.body.appendChild(result); }})();</script>"""
        path = folder / "page.html"
        path.write_text(page.replace("</body>", hook + "</body>"), encoding="utf-8")
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900", "--dump-dom"]
        done = subprocess.run(
            [*command, path.as_uri()], capture_output=True, text=True, timeout=60, check=True,
            env={**os.environ, "HOME": str(folder)},
        )  # fmt: skip
        result = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.DOTALL)
        assert result, done.stderr[-500:]
        import html

        out = json.loads(html.unescape(result[1]))
        assert "error" not in out, out["error"]
        return out

    return inside


@browser
@one_language
def test_a_click_on_a_heading_sorts_by_value_and_a_second_one_turns_it_round(run, pages, page_content, language):
    out = run(pages[language], """
      press(8); out.down = column(8); out.order = column(0); out.aria = heads().map(h => h.getAttribute("aria-sort"));
      press(8); out.up = column(8); out.turned = heads()[8].getAttribute("aria-sort");
      press(0); out.tickers = column(0); out.last = heads().map(h => h.getAttribute("aria-sort"));
      out.foot = table().tFoot.textContent.trim().length; out.status = section.querySelector(".status").textContent;
    """)  # fmt: skip
    words = page_words(page_content.book, language)
    frame = page_content.tables["stock_contributions"]
    values = frame[frame["course"] == "Major 100"].set_index("ticker")["active_contribution"]
    shown = values[out["order"]]
    assert shown.is_monotonic_decreasing and (shown < 0).any() and (shown > 0).any()
    assert out["down"] == [words.percent(value) for value in shown]
    assert out["up"] == [words.percent(value) for value in shown[::-1]]
    assert out["aria"] == [None] * 8 + ["descending"]
    assert out["turned"] == "ascending"
    assert out["tickers"] == sorted(out["tickers"])
    assert out["last"] == ["ascending"] + [None] * 8
    assert out["foot"] > 0
    assert "Major 100" in out["status"] and str(len(shown)) in out["status"]


@browser
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


@browser
@one_language
def test_one_table_at_a_time_is_chosen_by_course_and_cut(run, pages, page_content, language):
    out = run(pages[language], """
      out.first = visible().map(t => t.caption.textContent);
      out.captions = [];
      for (const course of form.elements.course.options) for (const cut of form.elements.cut.options) {
        choose("course", course.value); choose("cut", cut.value);
        out.captions.push(visible().map(t => t.caption.firstChild.textContent.trim()));
      }
      out.summary = [...section.querySelectorAll("summary")].filter(s => s.offsetParent !== null).length;
    """)  # fmt: skip
    t = page_words(page_content.book, language).messages
    cuts = ("factor", "group", "sector", "stock", "day")
    expected = [[t("explorer.caption", course=c, cut=t(f"explorer.{cut}"))] for c in page_content.results for cut in cuts]
    assert out["captions"] == expected
    assert len(out["first"]) == 1
    assert out["summary"] == 0


@browser
@one_language
def test_a_value_is_told_in_full_under_the_pointer_and_under_a_finger(run, pages, page_content, language):
    out = run(pages[language], """
      const cell = table().tBodies[0].rows[0].cells[8], other = table().tBodies[0].rows[1].cells[8];
      out.before = tip().hidden;
      cell.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
      out.ticker = table().tBodies[0].rows[0].cells[0].textContent; out.text = tip().textContent; out.shown = !tip().hidden;
      out.described = cell.getAttribute("aria-describedby"); out.role = tip().getAttribute("role");
      const box = tip().getBoundingClientRect(); out.inside = box.left >= 0 && box.right <= innerWidth;
      document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })); out.dismissed = tip().hidden;
      other.click(); out.touched = tip().textContent;
      document.querySelector("h1").dispatchEvent(new MouseEvent("mouseover", { bubbles: true })); out.left = tip().hidden;
    """, width=400)  # fmt: skip
    words = page_words(page_content.book, language)
    frame = page_content.tables["stock_contributions"]
    value = frame[(frame["course"] == "Major 100") & (frame["ticker"] == out["ticker"])]["active_contribution"].iloc[0]
    assert out["before"] and out["shown"] and out["dismissed"] and out["left"] and out["inside"]
    assert out["text"].startswith(out["ticker"]) and out["text"].endswith(words.percent(value, 4, unit="%"))
    assert words.messages("sleeve.active_contribution") in out["text"]
    assert (out["described"], out["role"]) == ("tip", "tooltip")
    assert out["touched"].endswith("%") and out["touched"] != out["text"]


@browser
def test_the_pointer_over_a_bar_finds_its_value_and_none_is_in_print(run, pages, page_content, lean_content):
    out = run(pages["en"], """
      const chart = document.querySelector("section.sleeve figure:not(.beside) svg");
      chart.scrollIntoView();
      out.told = [...chart.querySelectorAll(".tips path")].map(place => {
        const box = place.getBoundingClientRect();
        const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return found === place ? place.querySelector("title").textContent : "covered by " + found.tagName;
      });
    """)  # fmt: skip
    result = page_content.results["Major 100"]
    full = [percent(x, "minus", 4, unit="%") for x in (result.benchmark_return, result.portfolio_return)]
    assert out["told"][0] == f"{result.benchmark}\n{full[0]}"
    assert out["told"][-1] == f"Major 100\n{full[1]}"
    assert not any(text.startswith("covered") for text in out["told"])
    charts = page_charts(lean_content, "en")
    assert '<g class="tips"' in render_page(lean_content, "en", charts=charts)
    assert "tips" not in render_page(lean_content, "en", medium="print", charts=charts)


@browser
def test_a_table_is_one_stop_of_the_tab_key_and_arrows_lead_from_cell_to_cell(run, pages):
    out = run(pages["en"], """
      const stops = () => [...table().querySelectorAll("td")].filter(cell => cell.tabIndex === 0).length;
      out.stops = stops();
      const at = () => [document.activeElement.parentNode.rowIndex, document.activeElement.cellIndex];
      table().querySelector('td[tabindex="0"]').focus(); out.start = at(); out.tip = !tip().hidden;
      key("ArrowRight"); out.right = at(); key("ArrowDown"); out.down = at(); key("ArrowLeft"); out.left = at();
      key("ArrowUp"); out.up = at(); key("ArrowUp"); out.wall = at(); key("End"); out.end = at();
      out.rows = table().rows.length; out.after = stops();
      key("Escape"); out.escaped = tip().hidden;
      const button = heads()[3].querySelector("button"); button.focus(); out.button = document.activeElement === button;
      out.kind = button.type + " " + button.tabIndex; out.labels = heads().every(h => h.textContent.trim().length > 0);
    """)  # fmt: skip
    assert out["stops"] == out["after"] == 1
    assert out["tip"] and out["escaped"] and out["button"] and out["labels"]
    assert out["start"] == [1, 4]
    assert (out["right"], out["down"], out["left"], out["up"], out["wall"]) == ([1, 5], [2, 5], [2, 4], [1, 4], [1, 4])
    assert out["end"] == [out["rows"] - 3, 1]  # cash, whose name stretches over four columns; the rows below have no weight
    assert out["kind"] == "button 0"


@browser
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


@browser
def test_the_arrow_of_a_heading_never_stands_on_a_line_of_its_own(run, pages):
    out = run(pages["ja"], """
      choose("cut", "sector");
      out.room = heads().map(head => getComputedStyle(head.querySelector("button"), "::after").position);
      out.whole = [...section.querySelectorAll(".why")].map(e => getComputedStyle(e).wordBreak);
    """)  # fmt: skip
    assert set(out["room"]) == {"absolute"}
    assert set(out["whole"]) == {"keep-all"}


@browser
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
    assert all(len(page.encode()) < 1.2e6 for page in pages.values())
