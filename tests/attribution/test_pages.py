"""The pages: every number that of its table, nothing to load, safe and the same on each run."""

import dataclasses
import html
import inspect
import re
import warnings
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from attribution import InputError
from attribution.book import Negative, Words
from attribution.performance import month_factor_returns
from attribution.report import drawing
from attribution.report import notes as notes_module
from attribution.report.content import build_content
from attribution.report.notes import Note
from attribution.report.format import number, percent
from attribution.report.page import Page, render_page
from attribution.report.words import LANGUAGES, read_messages
from riskmodel.factors import STYLES
from tests.conftest import SMALL_MONTH

NASTY = '<script>x</script> & "y" $a_b$ {z}'
VOID = {"meta", "br", "use", "path"}


class Reader(HTMLParser):
    """Collects ids, attributes, headings and the text of every table's cells."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.tags, self.headings, self.tables, self.open, self.links = [], [], [], [], [], []
        self.cell = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self.links += [attrs[key] for key in ("href", "src", "xlink:href") if key in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.cell = []

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("td", "th"):
            self.tables[-1][-1].append("".join(self.cell).strip())
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell.append(data)


@pytest.fixture(scope="session")
def page_content(small_book, small_market, small_model):
    return build_content(small_book, small_market, small_model, SMALL_MONTH)


@pytest.fixture(scope="session")
def pages(page_content):
    return {language: render_page(page_content, language) for language in LANGUAGES}


@pytest.fixture(scope="session")
def readers(pages):
    return {language: Reader(text) for language, text in pages.items()}


def with_book(content, **changes):
    """The same month of a book with other settings, its tables as they are."""
    return dataclasses.replace(content, book=content.book.model_copy(update=changes))


def renamed(content, old, new):
    """The same month with a course of another name."""

    def name(x):
        return new if x == old else x

    def keyed(d):
        return {name(k): v for k, v in d.items()}

    history = dataclasses.replace(
        content.history,
        courses=content.history.courses.rename(columns=name),
        benchmarks=content.history.benchmarks.rename(columns=name),
    )
    results = {name(k): dataclasses.replace(v, course=name(k)) for k, v in content.results.items()}
    tables = {k: v.replace({old: new}) if k in ("performance", "trailing") else v for k, v in content.tables.items()}
    changed = with_book(content, courses=keyed(content.book.courses))
    return dataclasses.replace(changed, history=history, results=results, tables=tables)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ranking_on_the_page_is_the_table_rounded(page_content, readers, language):
    style = getattr(page_content.book.report.negative, language)
    shown = readers[language].tables[0][1:]
    table = page_content.tables["performance"]
    assert len(shown) == len(table)
    for cells, row in zip(shown, table.itertuples(), strict=True):
        numbers = [percent(x, style) for x in (row[3], row.benchmark_return, row.excess)]
        assert [cells[2], cells[4], cells[5]] == numbers
        if row.course != "Average":
            assert cells[:2] + cells[3:4] == [str(row.rank), row.course, row.benchmark]
    assert shown[-1][1] == {"ja": "平均", "en": "Average"}[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_weeks_and_trailing_returns_on_the_page_are_the_tables_rounded(page_content, readers, language):
    style = getattr(page_content.book.report.negative, language)
    indices = list(page_content.book.report.indices)
    weeks, trailing = page_content.tables["index_weeks"], page_content.tables["trailing"].set_index("name")
    shown = readers[language].tables[1]
    assert shown[0][1:] == indices
    assert [row[1:] for row in shown[1:-1]] == [[percent(x, style) for x in row] for row in weeks[indices].to_numpy()]
    assert shown[-1][1:] == [percent(trailing.loc[index, "1m"], style) for index in indices]
    rows = {row[0]: row[1:] for row in readers[language].tables[2] if len(row) == 8}
    for name, row in trailing.iterrows():
        assert rows[name][:5] == [percent(row[window], style) for window in ("1m", "3m", "6m", "1y", "itd")]
        assert rows[name][5:] == [number(row[ratio], style) for ratio in ("sharpe", "sortino")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_factor_contributions_on_the_page_are_the_sleeves_rounded_and_add_to_the_excess(page_content, readers, language):
    style, messages = getattr(page_content.book.report.negative, language), read_messages(language)
    shown = readers[language].tables[5::3][: len(page_content.sleeves)]
    for table, result in zip(shown, page_content.sleeves.values(), strict=True):
        rows = [row for row in table[1:-1] if row[1]]  # the sums of groups have no exposure
        assert [row[0] for row in rows] == [messages.factor(factor) for factor in result.factors["factor"]]
        for cells, row in zip(rows, result.factors.itertuples(), strict=True):
            assert cells[1] == number(row.active_exposure, style, 3)
            assert cells[2:5] == [percent(x, style) for x in (row.factor_return, row.contribution, row.standard_error)]
            assert cells[5] == number(row.t, style)
        assert table[-1][3] == percent(result.excess_return, style)


@pytest.mark.parametrize("language", LANGUAGES)
def test_five_best_and_worst_stocks_are_on_the_page_and_none_is_cash_or_a_proxy(page_content, readers, language):
    style = getattr(page_content.book.report.negative, language)
    for place, result in enumerate(page_content.sleeves.values()):
        stocks = result.stocks[~result.stocks["ticker"].isin(["CASH", "(proxy)"])].set_index("ticker")
        ordered = stocks["active_contribution"].sort_values(ascending=False, kind="stable")
        best, worst = readers[language].tables[6 + 3 * place : 8 + 3 * place]
        assert [row[0] for row in best[1:]] == list(ordered.index[:5])
        assert [row[0] for row in worst[1:]] == list(ordered.index[::-1][:5])
        for cells in best[1:] + worst[1:]:
            row = stocks.loc[cells[0]]
            assert cells[2:] == [percent(row[c], style) for c in stocks.columns[2:]]
            japanese = str(result.data["name_ja"].sel(asset=cells[0]).item())
            assert cells[1] == (japanese if language == "ja" and japanese else row["name"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_groups_of_factors_on_the_page_add_to_each_course_s_excess(page_content, readers, language):
    style = getattr(page_content.book.report.negative, language)
    shown = readers[language].tables[-2][1:]
    for cells, (course, result) in zip(shown, page_content.results.items(), strict=True):
        groups = result.by("group")
        assert cells == [course, *(percent(x, style) for x in groups), percent(result.excess_return, style)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_loads_nothing(pages, readers, language):
    addresses = set(re.findall(r"https?://[^\"' <]*", pages[language]))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert all(link.startswith("#") for link in readers[language].links)
    assert not re.search(r"<(script|link|img|iframe|object)\b|@import|url\((?!#)", pages[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_ids_are_unique_and_every_reference_is_found(pages, readers, language):
    ids = readers[language].ids
    assert len(ids) == len(set(ids))
    referred = re.findall(r"url\(#([^)]+)\)", pages[language]) + [link[1:] for link in readers[language].links]
    referred += [attrs["aria-labelledby"] for _, attrs in readers[language].tags if "aria-labelledby" in attrs]
    assert set(referred) <= set(ids)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_well_formed_and_its_headings_in_order(readers, language):
    reader = readers[language]
    assert reader.open == []
    assert reader.headings[0] == 1
    assert reader.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(reader.headings, reader.headings[1:], strict=False))
    names = [tag for tag, _ in reader.tags]
    assert names.count("caption") == names.count("table")
    assert all("scope" in attrs for tag, attrs in reader.tags if tag == "th")
    svgs = [attrs for tag, attrs in reader.tags if tag == "svg"]
    assert len(svgs) == 4
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in svgs)
    assert next(attrs for tag, attrs in reader.tags if tag == "html") == {"lang": language}


def test_negative_numbers_are_in_the_house_style_of_each_language(page_content, pages):
    assert "△" in pages["ja"] and "−0" not in pages["ja"]
    assert "−" in pages["en"] and "△" not in pages["en"]
    report = page_content.book.report.model_copy(update={"negative": Negative(ja="▲", en="parentheses")})
    other = with_book(page_content, report=report)
    assert "▲" in render_page(other, "ja") and "△" not in render_page(other, "ja")
    assert re.search(r"\(\d+\.\d\d<span class=\"hang\">\)", render_page(other, "en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_is_a_negative_zero_and_no_key_or_missing_value_shows(pages, language):
    text = html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", pages[language], flags=re.DOTALL))
    assert not re.search(r"[-−△▲(]0\.0+(?!\d)", text)
    assert not re.search(r"\b(nan|NaN|None|NaT|<NA>|inf)\b", text)
    assert not re.search(r"\b[a-z]+_[a-z]+\b|[{}]", text)


def test_names_from_users_are_escaped_and_reach_the_page_whole(page_content):
    course = next(iter(page_content.book.courses))
    for language in LANGUAGES:
        text = render_page(renamed(page_content, course, NASTY), language)
        reader = Reader(text)
        assert "<script" not in text
        assert NASTY in [row[1] for row in reader.tables[0][1:]]
        assert reader.open == []


def test_two_renders_are_identical(page_content, pages):
    assert all(render_page(page_content, language) == pages[language] for language in LANGUAGES)


def test_a_page_does_not_depend_on_the_user_s_matplotlib_settings(page_content, pages):
    import matplotlib

    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": True, "lines.linewidth": 9}):
        before = dict(matplotlib.rcParams)
        assert render_page(page_content, "ja") == pages["ja"]
        assert dict(matplotlib.rcParams) == before


def flat(table, prefix=""):
    return {
        key: text
        for name, value in table.items()
        for key, text in (flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}).items()
    }


def test_the_languages_have_the_same_messages_with_the_same_places():
    japanese, english = (flat(read_messages(language).table) for language in LANGUAGES)
    assert list(japanese) == list(english)
    dates = {"words.month", "words.date", "words.short_date"}  # languages write dates from different parts
    for key in japanese.keys() - dates:
        assert set(re.findall(r"{\w+}", japanese[key])) == set(re.findall(r"{\w+}", english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_factor_and_descriptor_of_the_model_has_a_name(language):
    messages = read_messages(language)
    assert set(STYLES) <= messages.table["factors"].keys()
    assert {descriptor for parts in STYLES.values() for descriptor in parts} == messages.table["descriptors"].keys()


def test_house_words_stand_on_the_japanese_page(pages):
    for word in ("騰落率", "超過収益", "寄与度", "設定来", "組入比率", "ベンチマーク", "米国株感応度", "財務安全性"):
        assert word in pages["ja"]


def test_an_unknown_sector_keeps_its_label_and_an_unknown_language_is_refused(page_content):
    assert read_messages("ja").factor("Shipping") == "Shipping"
    with pytest.raises(InputError, match="language 'fr': the pages are written in ja, en"):
        render_page(page_content, "fr")


NOTES = [
    (
        Note(
            "left_out", {"factor": "surprise", "descriptor": "earnings_surprise", "reason": "no announcements in earnings"}
        ),
        "サプライズ：指標「利益サプライズ」は使っていません（決算発表のデータがない）。",
        "Surprise: the indicator “Earnings surprise” is not used (there are no earnings announcements).",
    ),
    (
        Note("flagged", {"date": "2025-03-04", "reason": "no estimating name in Energy, Materials"}),
        "2025年3月4日の回帰は完全ではありません（推定に使える銘柄のないセクターがある：エネルギー、素材）。",
        "4 March 2025: the regression of this day is not whole (no name to estimate from in Energy, Materials).",
    ),
    (
        Note("ordinary_income", {"sources": "operating_income for 34%, net_income for 66% of filings"}),
        "経常利益には、届出にある次の項目を用いました（届出件数に占める割合）：営業利益 34%、当期純利益 66%。",
        "Ordinary income is taken from these items of the filings (share of filings): operating income 34%, net income 66%.",
    ),
    (
        Note("unaligned", {"finding": "shares: ticker without prices", "rows": 1200, "examples": "A, B and 99 more"}),
        "入力データの突き合わせ　価格データのないティッカー（発行済株式数）：1,200件（例：A、Bほか99件）。",
        "Input data, share counts, ticker without prices: 1,200 rows (such as A, B and 99 more).",
    ),
    (
        Note("unmodelled_held", {"course": "X", "names": "A", "days": 3}),
        "X：エクスポージャーのない保有銘柄（A、延べ3日・銘柄）の寄与度は「モデル対象外」に含めています。",
        "X: held names without exposures (A; 3 name-days) count as “Not modelled”.",
    ),
    (
        Note("filled", {"factor": "activity", "share": 0.0877}),
        "活動性：データのない銘柄（8.8%）の値をセクターと規模から補完しました。",
        "Activity: values of names without data (8.8% of names) are filled in from sector and size.",
    ),
    (
        Note("cash_stock", {"label": "CASH (stock)"}),
        "ティッカーが CASH の銘柄は、現金と区別するため CASH (stock) と表示しています。",
        "The stock with the ticker CASH is shown as CASH (stock), to keep it apart from cash.",
    ),
]


@pytest.mark.parametrize(("note", "japanese", "english"), NOTES, ids=[note.key for note, *_ in NOTES])
def test_a_note_is_a_sentence_in_both_languages(page_content, note, japanese, english):
    content = dataclasses.replace(page_content, notes=[note])
    shown = [Page(content, read_messages(language), "minus").notes for language in LANGUAGES]
    assert shown == [[japanese], [english]]


def test_a_stopped_position_is_told_by_its_sleeve(page_content):
    note = Note("stopped", {"sleeve": "major", "ticker": "0130", "date": "2024-12-13"})
    shown = Page(dataclasses.replace(page_content, notes=[note]), read_messages("en"), "minus").notes[0]
    name = page_content.book.sleeves["major"].name.en
    assert shown.startswith(f"{name}: 0130 last traded on 13 December 2024.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_note_that_the_content_can_hold_has_a_sentence(language):
    keys = set(re.findall(r'Note\(\s*"(\w+)"', inspect.getsource(notes_module)))
    assert {"universe", "proxy", "unaligned"} < keys <= read_messages(language).table["notes"].keys()


def test_notes_of_the_proxy_make_one_sentence(page_content):
    notes = [Note("proxy", {"course": course, "contribution": -0.001}) for course in ("A", "B")]
    shown = Page(dataclasses.replace(page_content, notes=notes), read_messages("en"), "minus").notes
    assert len(shown) == 1
    assert shown[0].endswith("(contributions: A −0.10%; B −0.10%).")


def test_a_disclaimer_is_shown_where_the_book_has_one(page_content, pages):
    report = page_content.book.report.model_copy(update={"disclaimer": Words(ja="架空の<運用>です。", en="Hypothetical.")})
    content = with_book(page_content, report=report)
    assert "架空の&lt;運用&gt;です。" in render_page(content, "ja")
    assert "Hypothetical." in render_page(content, "en")


def test_a_book_without_indices_has_no_weeks(page_content):
    trailing = page_content.tables["trailing"].head(len(page_content.book.courses))
    report = page_content.book.report.model_copy(update={"indices": ()})
    tables = page_content.tables | {"trailing": trailing, "index_weeks": page_content.tables["index_weeks"].iloc[:, :2]}
    text = render_page(dataclasses.replace(with_book(page_content, report=report), tables=tables), "en")
    assert 'id="weeks"' not in text
    assert "Indices" not in text


def test_a_month_of_factor_returns_is_compounded_with_its_error():
    daily = pd.DataFrame(
        {
            "factor": ["value", "size", "value", "size", "gone", "gone"],
            "group": "style",
            "return": [0.10, 0.02, -0.20, np.nan, np.nan, np.nan],
            "standard_error": [0.011, 0.01, 0.016, np.nan, np.nan, np.nan],
        }
    )
    month = month_factor_returns(daily).set_index("factor")
    assert month.loc["value", "month_return"] == pytest.approx(1.1 * 0.8 - 1)
    # 0.88 sqrt((0.011 / 1.1)^2 + (0.016 / 0.8)^2) = 0.88 sqrt(0.0005)
    assert month.loc["value", "standard_error"] == pytest.approx(0.88 * np.sqrt(0.0005))
    assert month.loc["size", "month_return"] == pytest.approx(0.02)
    assert month.loc["gone"].drop("group").isna().all()


def test_compounded_factor_returns_are_those_of_the_attribution(page_content):
    month = month_factor_returns(page_content.tables["factor_returns"]).set_index("factor")["month_return"]
    own = next(iter(page_content.sleeves.values())).factors.set_index("factor")["factor_return"].dropna()
    pd.testing.assert_series_equal(month[own.index], own, check_names=False, rtol=1e-12)


def test_labels_are_spread_apart_in_order_and_inside():
    places = drawing.spread([5.0, 5.1, 5.05, 0.0, 10.0], 1.0, 0.0, 10.0)
    assert places == [4.05, 6.05, 5.05, 0.0, 10.0]
    crowded = drawing.spread([10.0, 10.0, 10.0], 1.0, 0.0, 10.0)
    assert crowded == [8.0, 9.0, 10.0]


def test_a_text_is_cut_where_it_does_not_fit():
    assert drawing.shortened("Market", 100) == "Market"
    cut = drawing.shortened("コミュニケーション・サービス", 60)
    assert cut.endswith("…")
    assert drawing.text_width(cut) <= 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_result_plots_a_waterfall_from_the_benchmark_to_the_course(small_result, language):
    figure = small_result.plot.waterfall(lang=language)
    texts = [text.get_text() for text in figure.axes[0].texts]
    style = "△" if language == "ja" else "minus"
    assert texts[1] == percent(small_result.benchmark_return, style)
    assert texts[-2:] == [small_result.course, percent(small_result.portfolio_return, style)]
    bars = figure.axes[0].patches
    assert bars[-2].get_x() + bars[-2].get_width() == pytest.approx(bars[-1].get_width(), abs=1e-12)


def test_a_chart_in_japanese_is_drawn_without_a_warning_and_keeps_its_text(small_result):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = drawing.to_svg(small_result.plot.factors(lang="ja"), "a-")
    assert "米国株感応度" in text
    assert "font-family" not in text and "<style" not in text and "<metadata" not in text
    assert set(re.findall(r' id="(..)', text)) <= {"a-"}
