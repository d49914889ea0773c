"""The client edition: its draft, what an analyst gives back, and the page."""

import dataclasses
import io
import re
from types import SimpleNamespace

import pandas as pd
import pypdf
import pytest

from attribution import InputError
from attribution.house_style.drawing.waterfall import leaves_out_zero
from attribution.house_style.fonts import PLACE, with_fonts
from attribution.house_style.words import LANGUAGES, read_messages
from attribution.measures.limits import Limit
from attribution.portfolio.settings.walked import Walked
from attribution.reporting.charts import bridge_bars
from attribution.reporting.client.closing import glossary, limit_lines
from attribution.reporting.client.cover import returns_view
from attribution.reporting.client.draft import called, client_draft
from attribution.reporting.client.page import render_client
from attribution.reporting.client.texts import MOST_PAGES, MOST_TEXT, ClientTexts, client_texts, left_open, more_pages
from attribution.reporting.commentary.check import LINK, check_commentary
from attribution.reporting.commentary.writer import writer_of
from attribution.reporting.pages.page import page_charts
from attribution.reporting.pages.words import page_words
from attribution.reporting.pdf import PangoMissingError, start_pdf
from attribution.reporting.tables.facts import named_rows
from riskmodel.facts import Fact
from tests.attribution.reporting.commentary_inputs import COURSE, bare, factor_row, judged
from tests.attribution.reporting.page_reader import Reader
from tests.conftest import SMALL_MONTH


def drafted(content, language):
    return client_draft(
        content.tables,
        book=content.book,
        month=content.month,
        language=language,
        names=content.stock_names(language),
        limits=content.limits,
        styles=content.style_texts,
    )


@pytest.fixture(scope="module")
def drafts(page_content):
    return {language: drafted(page_content, language) for language in LANGUAGES}


@pytest.fixture(scope="module")
def client_pages(page_content, drafts):
    return {
        (language, medium): render_client(
            page_content, client_texts(text, page_content.book, language), language, medium=medium
        )
        for language, text in drafts.items()
        for medium in ("screen", "print")
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_is_short_and_its_figures_hold(page_content, drafts, language):
    text = LINK.sub(r"\g<text>", drafts[language])
    told = [line for line in text.split("\n") if line and not line.startswith(("#", "<!--", "- "))]
    assert sum(map(len, told)) <= MOST_TEXT
    assert len(told) == 3  # the verdict, and why of each sleeve
    assert check_commentary(drafts[language], page_content.tables, book=page_content.book, month=SMALL_MONTH).empty


@pytest.mark.parametrize(("language", "stop"), [("en", r"\.(?= |$)"), ("ja", "。")])
def test_the_verdict_has_three_sentences(drafts, language, stop):
    verdict = LINK.sub(r"\g<text>", drafts[language]).split("\n\n")[2]
    assert len(re.findall(stop, verdict)) == 3


@pytest.mark.parametrize(("language", "told"), [
    ("en", "Limits exceeded: Major (simulated): 1 limit."),
    ("ja", "月末の運用制限の超過： メジャー（架空）1件。"),
])  # fmt: skip
def test_the_cover_says_which_sleeve_exceeds_limits_whether_actions_are_stated_or_not(page_content, language, told):
    limits = [
        dataclasses.replace(limit, ok=limit.sleeve != "major" or limit.rule != "risk_band") for limit in page_content.limits
    ]
    content = dataclasses.replace(page_content, limits=limits)
    page = render_client(content, ClientTexts("", {}), language)
    cover = page[page.index('<section class="cover"') : page.index('<section class="sleeve"')]
    assert told in re.sub(r"<[^>]+>", "", cover) and '<a href="#sleeve-1">' in cover and 'id="sleeve-1"' in page
    kept = dataclasses.replace(content, limits=[dataclasses.replace(limit, ok=True) for limit in limits])
    assert 'class="exceeded"' not in render_client(kept, ClientTexts("", {}), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_of_steps_is_titled_with_what_its_first_and_last_bars_are_called(page_content, client_pages, language):
    for result in page_content.sleeves.values():
        _, start, end = bridge_bars(page_content, read_messages(language), course=result.course)
        title = {
            "en": f"From the return of {start.label} to that of {end.label} (%)",
            "ja": f"{start.label}の騰落率から{end.label}の騰落率まで（%）",
        }
        assert f"<figcaption>{title[language]}</figcaption>" in client_pages[language, "print"]


@pytest.mark.parametrize(("language", "table"), [("en", "table"), ("ja", "表")])
def test_a_chart_says_what_it_shows_and_names_no_table_that_its_page_lacks(page_content, client_pages, language, table):
    labels = dict.fromkeys(re.findall(r'<svg[^>]*aria-label="([^"]*)"', client_pages[language, "screen"]))
    assert len(labels) == 1 + 2 * len(page_content.sleeves)
    assert all(re.search(r"\d\.\d\d%", label) and table not in label for label in labels)
    months = page_content.tables["periods"]
    for result in page_content.sleeves.values():
        own = months[(months["course"] == result.course) & (months["kind"] == "month")]["excess"].dropna()
        ahead, count = int((own > 0).sum()), len(own)
        told = {"en": f"positive in {ahead} of {count} months", "ja": f"{count}カ月のうち{ahead}カ月でプラス"}[language]
        assert any(told in label for label in labels)


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_that_only_the_house_can_fill_are_remarked_until_they_are(drafts, language):
    breaches = drafts[language].count("\n- ")
    assert breaches
    said = left_open("client.md", drafts[language], language)
    assert said.startswith("client.md: ") and ("once" if breaches == 1 else f"{breaches} times") in said
    filled = drafts[language].replace(read_messages(language)("commentary.client.open"), "...")
    assert left_open("client.md", filled, language) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_reads_what_is_taken_off_returns_and_of_how_many_trials_a_walk_is(page_content, drafts, language):
    table = pd.DataFrame({"portfolio": ["major"], "return": [0.01], "fee": [0.0]})
    walk = Walked(strategy="major", walks=2, searched=3)
    book = page_content.book.model_copy(update={"walk": walk, "actual_returns": table})
    texts = client_texts(drafts[language], page_content.book, language)
    page = render_client(dataclasses.replace(page_content, book=book), texts, language)
    messages = read_messages(language)
    for told in (
        messages("basis.walked"),
        messages("basis_in_short.walked"),
        *(messages.fact("simulated", fact) for fact in walk.facts),
    ):
        assert told in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_breach_is_told_with_a_place_for_what_is_done(page_content, drafts, language):
    broken = [limit for limit in page_content.limits if limit.ok is False]
    assert drafts[language].count("\n- ") == len(broken) > 0


def test_a_figure_that_was_changed_is_found(page_content, drafts):
    first = LINK.search(drafts["en"])
    wrong = drafts["en"].replace(first[0], first[0].replace(first["text"], "+99.99%"), 1)
    found = check_commentary(wrong, page_content.tables, book=page_content.book, month=SMALL_MONTH)
    assert list(found["kind"]) == ["differs"]


def test_texts_stand_under_their_sleeves_by_name_or_key_and_no_text_is_lost(small_book):
    text = "<!-- client 2025-03 en -->\n\n# Title\n\nVerdict.\n\n## Major (simulated)\n\nOne.\n\n### More\n"
    text += "\n## next_major\nTwo."
    found = client_texts(text, small_book, "en")
    assert found.verdict == "Verdict."
    assert found.sleeves == {"major": "One.\n\n### More", "next_major": "Two."}
    with pytest.raises(InputError, match=r"headings that name no sleeve: Outlook\. .*'Major \(simulated\)'"):
        client_texts(text + "\n## Outlook\nFine.", small_book, "en")
    with pytest.raises(InputError, match="headings that stand twice: major"):
        client_texts(text + "\n## major\nAgain.", small_book, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_loads_nothing_runs_nothing_and_is_whole(client_pages, language):
    for medium in ("screen", "print"):
        page = client_pages[language, medium]
        assert set(re.findall(r"https?://[^\"' <]*", page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert not re.search(r"<(link|img|iframe|object|script)\b|@import|url\((?!#)|\son\w+=", page)
    reader = Reader(client_pages[language, "screen"])
    assert len(reader.ids) == len(set(reader.ids))
    assert "data-v" not in client_pages[language, "print"]


@pytest.mark.parametrize(("language", "hollow", "broken"), [
    ("en", "Hollow bars are within twice their standard error", "Grey bars with a double stroke leave out"),
    ("ja", "白抜きの棒は、標準誤差の2倍に満たないもの", "二重の斜線のある灰色の棒は"),
])  # fmt: skip
def test_the_waterfall_has_a_key_where_bars_are_hollow_or_broken(page_content, client_pages, language, hollow, broken):
    courses = [result.course for result in page_content.sleeves.values()]
    charts = page_charts(page_content, language)
    cut = [leaves_out_zero(*bridge_bars(page_content, charts.words.messages, course=course)) for course in courses]
    assert client_pages[language, "print"].count(hollow) == len(courses)
    assert client_pages[language, "print"].count(broken) == sum(cut)
    keys = [charts.bridge_key(course) for course in courses]
    assert [broken in key for key in keys] == cut
    alone = factor_row("value", "style", 0.2, 0.01, 0.03, 9.0, course=courses[0]) | {"driver": True}
    bare_month = page_content.tables | {"factor_contributions": pd.DataFrame([alone])}
    assert hollow not in page_charts(dataclasses.replace(page_content, tables=bare_month), language).bridge_key(courses[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_return_of_the_first_page_is_the_tables(page_content, client_pages, language):
    periods = page_content.tables["periods"].set_index(["course", "period"])
    cells = re.findall(
        r'data-c="(return|benchmark_return|excess)" data-k="([^"|]*)\|([^"]*)" data-v="([^"]*)"',
        client_pages[language, "screen"],
    )
    assert len(cells) == 3 * 5 * len(page_content.results)
    for column, course, window, value in cells:
        assert float(value) == periods.loc[(course, window), column]


def test_only_held_names_are_shown_three_a_side(page_content, client_pages):
    table = page_content.tables["stock_contributions"].set_index(["course", "ticker"])
    shown = re.findall(r'<tr role="row" data-k="(Major 100|Next Major 100)\|([^"]*)">', client_pages["en", "screen"])
    assert 4 < len(shown) <= 12
    assert all(table.loc[place, "held"] for place in shown)


def test_a_sleeve_that_is_no_course_is_told_like_one_that_is(page_content):
    """Its excess stands in the figures; the ranking has courses alone."""
    blended = {name: shares for name, shares in page_content.book.courses.items() if len(shares) > 1}
    figures = page_content.tables["figures"].assign(
        course=page_content.tables["figures"]["course"].replace({"Major 100": "major", "Next Major 100": "next_major"})
    )
    ranked = page_content.tables["performance"]
    tables = page_content.tables | {"figures": figures, "performance": ranked[ranked["course"].isin([*blended, "Average"])]}
    book = page_content.book.model_copy(update={"courses": blended})
    text = client_draft(tables, book=book, month=page_content.month, language="en")
    assert "(<#figures|major|excess_return|value>)" in text and "(<#figures|next_major|excess_return|value>)" in text
    assert re.search(r"Major \(simulated\) (out|under)performed by \[", text)


def reasons(book, *rows, excess, language="en", leans=None, own=(("A", 0.015, 0.01),)):
    """What a client reads of the first sleeve, whose factor cut has the rows (factor, contribution, t).

    `leans` has a factor's active exposure and return where a mean of both makes its contribution; `own` by stock what is
    specific, and all that it contributed.
    """
    leans = leans or {}
    group = {"specific": "specific", "proxy": "other"}
    whole = {name: leans.get(name, (0.2, 0.01)) for name, _, _ in rows} | {"specific": (float("nan"), float("nan"))}
    frame = judged([factor_row(name, group.get(name, "style"), *whole[name], size, t) for name, size, t in rows])
    named = named_rows(frame)["contribution"].sum()
    figures = pd.DataFrame(
        {"course": COURSE, "measure": ["excess_return", "beside_named"], "value": [excess, excess - named]}
    )
    stocks = pd.DataFrame(own, columns=["ticker", "contribution", "active_contribution"]).assign(course=COURSE)
    cells = stocks[["course", "ticker", "contribution"]].assign(factor="specific")
    table = stocks[["course", "ticker", "active_contribution"]].assign(name=None, held=True)
    tables = {"factor_contributions": frame, "figures": figures, "stock_factor": cells, "stock_contributions": table}
    text = client_draft(tables, book=book, month=SMALL_MONTH, language=language)
    assert check_commentary(text, tables, book=book, month=SMALL_MONTH).empty
    return bare(text).split("\n\n")[3].strip()


def test_the_specific_part_is_told_where_it_is_as_large_as_the_drivers(small_book):
    rows = [("market_sensitivity", -0.0309, -6.4), ("specific", 0.0173, 2.25), ("liquidity", -0.0062, -5.0)]
    said = reasons(small_book, *rows, excess=-0.0203)
    assert said == (
        "Against the Large Index: −2.03 points. The main detractors were market sensitivity (−3.09%) and "
        "liquidity (−0.62%); stock-specific returns (+1.73%, including A +1.50%) contributed."
    )
    said = reasons(small_book, *rows, excess=-0.0203, language="ja")
    assert (
        "主なマイナス要因は米国株感応度（△3.09%）、流動性（△0.62%）です。一方、銘柄固有の要因（+1.73%、うちAが+1.50%）は"
        in said
    )


def test_a_driver_is_told_by_which_way_the_portfolio_leaned(small_book):
    rows = [("market_sensitivity", -0.012, -6.4), ("shareholder_return", -0.008, -5.0), ("crowding", 0.006, 4.0)]
    leans = {"market_sensitivity": (0.3, -0.04), "shareholder_return": (-0.4, 0.02), "crowding": (0.2, 0.03)}
    said = reasons(small_book, *rows, ("specific", 0.0, 0.0), excess=-0.014, leans=leans)
    assert "were high market sensitivity (−1.20%) and low shareholder return (−0.80%); high exposure to crowding" in said
    said = reasons(small_book, *rows, ("specific", 0.0, 0.0), excess=-0.014, leans=leans, language="ja")
    assert "米国株感応度の高い銘柄への傾斜（△1.20%）、株主還元性の低い銘柄への傾斜（△0.80%）です。一方、" in said


def test_a_driver_whose_days_differ_from_its_mean_leans_no_way(small_book):
    rows = [("value", -0.012, -6.4), ("specific", 0.0, 0.0)]
    said = reasons(small_book, *rows, excess=-0.012, leans={"value": (0.3, 0.04)})
    assert "The main detractor was value (−1.20%)." in said


def test_a_weight_above_the_benchmarks_is_an_overweight(page_content):
    write = writer_of({}, page_content.book, "en")
    row = SimpleNamespace(factor="Energy", group="sector", active_exposure=0.05, factor_return=0.1, contribution=0.005)
    assert called(write, row) == "an overweight in Energy"
    assert called(writer_of({}, page_content.book, "ja"), row) == "エネルギーのオーバーウエート"
    row.group, row.factor = "market", "market"
    assert called(write, row) == "market"


def test_stocks_are_named_of_the_table_below_alone(small_book):
    """What is specific of a stock may be all taken back by its factors: the reader would look for it in vain."""
    rows = [("value", -0.03, -6.4), ("specific", 0.02, 2.3)]
    own = [("A", 0.015, 0.0), ("B", 0.006, 0.007), ("C", 0.004, 0.005)]
    said = reasons(small_book, *rows, excess=-0.01, own=own)
    assert "stock-specific returns (+2.00%, including B +0.60% and C +0.40%) contributed." in said


def test_stocks_of_no_table_are_named_where_no_other_made_the_specific_part(small_book):
    rows = [("value", -0.03, -6.4), ("specific", 0.02, 2.3)]
    said = reasons(small_book, *rows, excess=-0.01, own=[("A", 0.015, 0.0), ("B", 0.006, 0.0), ("C", 0.004, 0.0)])
    assert "stock-specific returns (+2.00%, including A +1.50% and B +0.60%) contributed." in said


LARGER = [("market_sensitivity", -0.013, -6.4), ("liquidity", -0.012, -5.0), ("surprise", 0.0096, 5.0)]


@pytest.mark.parametrize(("language", "told"), [
    ("en", "liquidity (−1.20%) and stock-specific returns (−0.77%, including A −0.50%)"),
    ("ja", "銘柄固有の要因（△0.77%、うちAが△0.50%）です。一方、"),
])  # fmt: skip
def test_the_specific_part_is_told_beside_three_larger_drivers_where_it_is_drawn_as_a_whole_bar(small_book, language, told):
    rows = [*LARGER, ("specific", -0.0077, -4.0)]
    assert told in reasons(small_book, *rows, excess=-0.0231, own=[("A", -0.005, -0.004)], language=language)


@pytest.mark.parametrize(("language", "told"), [
    ("en", "contributed. Stock-specific returns were −1.10%, within estimation error (including A −0.50%)."),
    ("ja", "寄与しました。銘柄固有の要因は△1.10%（うちAが△0.50%）で、推定誤差の範囲内でした。"),
])  # fmt: skip
def test_a_specific_part_within_its_error_is_told_so_where_it_is_among_the_largest(small_book, language, told):
    own = [("A", -0.005, -0.004)]
    said = reasons(small_book, *LARGER, ("specific", -0.011, -1.5), excess=-0.0264, own=own, language=language)
    assert told in said and {"en": "with stock-specific", "ja": "銘柄固有の要因を含め"}[language] not in said
    said = reasons(small_book, *LARGER, ("specific", -0.0077, -1.5), excess=-0.0231, own=own, language=language)
    assert {"en": "tock-specific returns were", "ja": "推定誤差の範囲内"}[language] not in said


def test_a_specific_part_that_stands_out_alone_is_told_where_nothing_else_does(small_book):
    said = reasons(small_book, ("value", -0.002, -1.0), ("specific", 0.02, 2.3), excess=0.018)
    assert "The main contributor was stock-specific returns (+2.00%, including A +1.50%)." in said


def test_a_specific_part_within_its_error_is_never_what_a_month_is_mainly_put_down_to(page_content):
    frame = page_content.tables["factor_contributions"]
    own = frame["factor"] == "specific"
    doubtful = frame.assign(
        t=frame["t"].mask(own, 1.0),
        driver=frame["driver"].astype(bool) & ~own,
        contribution=frame["contribution"].mask(own, 0.2),
    )
    told = dataclasses.replace(page_content, tables=page_content.tables | {"factor_contributions": doubtful})
    assert "led by stock-specific" not in drafted(told, "en")


def test_a_gain_whose_only_driver_is_a_loss_is_told_with_all_else(small_book):
    rows = [("market_sensitivity", -0.003, -4.9), ("shareholder_return", 0.0036, 1.2), ("specific", -0.0017, -0.3)]
    rows += [("value", 0.0020, 1.0), ("growth", -0.0020, -1.0)]
    said = reasons(small_book, *rows, excess=0.0006)
    assert "The main detractor was market sensitivity (−0.30%). All else, +0.36% with stock-specific returns, more" in said
    said = reasons(small_book, *rows, excess=0.0006, language="ja")
    assert said.endswith("です。上記以外の要因は、銘柄固有の要因を含め合計で+0.36%と、これを上回りました。")


def test_what_is_named_is_the_main_of_its_side_or_said_to_be_beyond_its_error(small_book):
    rows = [("market_sensitivity", -0.003, -4.9), ("value", -0.004, -0.9), ("specific", 0.0, 0.0)]
    said = reasons(small_book, *rows, excess=-0.007)
    assert "Beyond estimation error, the main detractor was market sensitivity (−0.30%). All else" in said


def test_the_gap_between_an_index_and_its_constituents_is_no_reason_that_a_client_reads(small_book):
    said = reasons(small_book, ("value", 0.005, 9.0), ("proxy", 0.004, 0.0), ("specific", 0.0, 0.0), excess=0.009)
    assert "replication" not in said and "All else, with stock-specific returns, came to +0.40%." in said


def test_pages_beyond_four_are_named_with_what_adds_them(drafts):
    assert more_pages("client.en.pdf", MOST_PAGES, drafts["en"], 2) == ""
    said = more_pages("client.en.pdf", MOST_PAGES + 1, drafts["en"] + "\n" + "word " * 200, 3)
    assert said.startswith("client.en.pdf: 5 pages, more than 4") and "there are 3 sleeves, and 1," in said
    assert "Nothing was shrunk or cut" in said


def test_a_document_says_how_many_pages_it_has(page_content, drafts):
    texts = client_texts(drafts["en"], page_content.book, "en")
    page = render_client(page_content, texts, "en", medium="print", fonts=PLACE)
    with start_pdf() as job:
        job.send(with_fonts(page, form="otf"))
        try:
            document = job.result()
        except PangoMissingError as error:
            pytest.skip(str(error))
        assert 2 <= job.pages == len(pypdf.PdfReader(io.BytesIO(document)).pages) <= MOST_PAGES


@pytest.mark.parametrize(("language", "one", "two"), [
    ("en", "DRAFT: 1 action not yet stated", "DRAFT: 2 actions not yet stated"),
    ("ja", "下書き：対応が未記入です（1件）", "下書き：対応が未記入です（2件）"),
])  # fmt: skip
@pytest.mark.parametrize("medium", ["screen", "print"])
def test_a_page_is_marked_as_a_draft_until_what_was_done_is_stated(page_content, drafts, language, one, two, medium):
    place = read_messages(language)("commentary.client.open")
    stated = client_texts(drafts[language].replace(place, "-"), page_content.book, language)

    def page(count):
        verdict = stated.verdict + place * count
        return render_client(page_content, dataclasses.replace(stated, verdict=verdict), language, medium=medium)

    assert 'class="draft"' not in page(0)
    assert one in page(1).partition("<main")[0] and two in page(2).partition("<main")[0]


@pytest.mark.parametrize(("language", "names"), [
    ("en", ("Volatility versus Large Index", "Largest sector deviation from benchmark")),
    ("ja", ("Large Indexとのボラティリティの差（比率）", "セクター比率のベンチマークとの差")),
])  # fmt: skip
def test_limits_that_bound_both_sides_are_shown_with_the_side(page_content, language, names):
    band = Fact("below", {"risk": 0.15, "other": 0.2, "index": "Large Index", "gap": 0.1004})
    sector = Fact("at", {"label": "Health Care", "value": -0.021})
    limits = [
        Limit("major", "sector_deviation_max", 0.021, 0.1, True, (sector,)),
        Limit("major", "risk_band", 0.1004, 0.1, False, (band,)),
        Limit("major", "weight_max", 0.09, 0.1, True, (Fact("at", {"label": "A", "value": 0.09}),)),
    ]
    words = page_words(page_content.book, language)
    lines = {line.rule: line for line in limit_lines(dataclasses.replace(page_content, limits=limits), words)}
    risk, active = lines[names[0]], lines[names[1]]
    less = {"en": "−", "ja": "△"}[language]
    assert (active.bound, active.sleeves["major"]) == ("±10.0%", ("kept", f"{less}2.1%"))
    assert (risk.bound, risk.sleeves["major"]) == ("±10.00%", ("broken", f"{less}10.04%"))
    assert [line.sleeves["major"][1] for rule, line in lines.items() if rule not in names] == ["9.0%"]


def test_a_window_that_begins_with_the_inception_is_left_out_as_that_is_shown(page_content):
    periods = page_content.tables["periods"].copy()
    for column in ("return", "benchmark_return"):
        whole = periods[periods["period"] == "itd"].set_index("course")[column]
        year = periods["period"] == "1y"
        periods.loc[year, column] = periods.loc[year, "course"].map(whole)
    words = page_words(page_content.book, "en")
    assert returns_view(page_content, words).windows == ["1m", "3m", "6m", "1y", "itd"]
    same = dataclasses.replace(page_content, tables=page_content.tables | {"periods": periods})
    assert returns_view(same, words).windows == ["1m", "3m", "6m", "itd"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_definition_of_a_factor_repeats_its_name_and_earnings_are_those_that_were_used(page_content, language):
    words = page_words(page_content.book, language)
    told = dict(glossary(page_content, words))
    assert all(name != what and f"利益{name}" != what for name, what in told.items())
    assert {"en": "pre-tax, else operating or net", "ja": "開示がなければ営業利益または当期純利益"}[language] in told[
        words.messages.factor("value")
    ]


def test_hypothetical_performance_is_said_before_the_first_figure(lean_content):
    book = lean_content.book
    told = book.model_copy(update={"report": book.report.model_copy(update={"hypothetical": True})})
    page = render_client(dataclasses.replace(lean_content, book=told), ClientTexts("", {}), "en")
    assert 0 < page.index("The performance shown is hypothetical") < page.index('<section class="cover"')
    assert page.count("The performance shown is hypothetical") == 1


@pytest.mark.parametrize("driver", [True, False])
def test_a_step_that_is_the_benchmark_s_own_is_explained_where_it_is_shown(lean_content, driver):
    frame = lean_content.tables["factor_contributions"]
    told = frame.assign(
        driver=frame["driver"].astype(bool) & (frame["factor"] != "proxy") | (frame["factor"] == "proxy") & driver
    )
    content = dataclasses.replace(lean_content, tables=lean_content.tables | {"factor_contributions": told})
    page = render_client(content, ClientTexts("", {}), "en")
    assert ("is the difference between the return of the benchmark" in page) == driver
