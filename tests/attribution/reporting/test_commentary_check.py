"""An edited commentary against the tables: what is accepted, what is named, and with which right value."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.house_style.numbers import percent
from attribution.reporting.commentary.check import COLUMNS, check_commentary, commentary_identity, decode_commentary
from attribution.reporting.commentary.html import to_html
from riskmodel.errors import InputError
from tests.attribution.reporting.commentary_inputs import COURSE, MONTH, checked, factor_row
from tests.conftest import dear_examples

RETURN = "<#performance|Major 100|return>"  # -6.60 %, as published for March 2026
EXCESS = "<#performance|Next Major 100|excess>"  # +4.47 %


@pytest.fixture(scope="module")
def tables():
    performance = pd.DataFrame(
        {
            "rank": pd.array([1, 5, None], dtype="Int64"),
            "course": ["Next Major 100", "Major 100", "Average"],
            "return": [-0.0069, -0.0660, -0.0364],
            "benchmark": ["Small Index", "Large Index", ""],
            "benchmark_return": [-0.0517, -0.0509, -0.0513],
            "excess": [0.0447, -0.0150, 0.0148],
        }
    )
    rows = [
        factor_row("size", "style", -0.35, 0.0100, -0.00350, -4.0),
        factor_row("Energy", "sector", -0.0472, 0.0275, -0.00130, -3.0),
    ]
    trailing = pd.DataFrame({"name": [COURSE], "1y": [float("nan")], "sharpe": [1.02]})
    limits = pd.DataFrame(
        [("major", "names_min", 22.0, 20.0, True, "22 names, 20 to 25 allowed")],
        columns=["sleeve", "rule", "value", "bound", "ok", "detail"],
    )
    return {
        "performance": performance, "factor_contributions": pd.DataFrame(rows), "trailing": trailing, "limits": limits,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        f"[△6.60%]({RETURN})",
        f"[▲6.6%]({RETURN})",
        f"[−7%]({RETURN})",
        f"[-6.60%]({RETURN})",
        f"[–6.60]({RETURN}) percent",
        f"[(6.60%)]({RETURN})",
        f"[△６．６０％]({RETURN})",
        f"[－６．６０％]({RETURN})",
        f"[**−6.600%**]({RETURN})",
        f"it fell [6.60%]({RETURN}) in March",
        f"it lost about 100 names and was down by [6.60%]({RETURN})",
        f"missed S&P 500 by [6.60%]({RETURN})",
        f"[6.60%]({RETURN})の下落となりました",
        f"下落率は[6.60%]({RETURN})でした",
        f"[6.60%下落]({RETURN})しました",
        f"[▲6.60%]({RETURN})の下落",
        f"[+4.47%]({EXCESS})ポイント上回りました",
        f"[4.47]({EXCESS}) percentage points ahead",
        f"beat it by [4.47]({EXCESS}) percentage points",
        "[−0.35](<#factor_contributions|Major 100|size|active_exposure>)",
        "[−4.72](<#factor_contributions|Major 100|Energy|active_exposure>) percentage points",
        "[−0.48%](<#factor_contributions|Major 100|*|contribution>)",
        "rank [5](<#performance|Major 100|rank>)",
        "[n/a](<#trailing|Major 100|1y>) and [1.02](<#trailing|Major 100|sharpe>)",
        "[22](<#limits|major|names_min|22 names, 20 to 25 allowed|value>) names",
        "[0.50%](<#source|Federal Reserve, 14 June>)",
    ],
)  # fmt: skip
def test_a_figure_that_holds_is_accepted_however_it_is_written(tables, small_book, text):
    assert checked(text, tables, small_book).empty


@pytest.mark.parametrize(
    ("text", "kind", "right"),
    [
        (f"[−6.61%]({RETURN})", "differs", "−6.60%"),
        (f"[6.60%]({RETURN})", "differs", "−6.60%"),
        (f"[−6.5%]({RETURN})", "differs", "−6.6%"),
        (f"[−6]({RETURN})", "differs", "−7"),
        (f"it fell [6.50%]({RETURN})", "differs", "6.60%"),
        (f"[+4.40%]({EXCESS})", "differs", "+4.47%"),
        (f"rose by [−6.60%]({RETURN})", "direction", "−6.60%"),
        (f"rose [6.60%]({RETURN})", "direction", "−6.60%"),
        (f"[△6.60%]({RETURN})上昇しました", "direction", "−6.60%"),
        (f"[4.47%]({EXCESS})ポイント下回りました", "direction", "4.47%"),
        (f"fell [+4.47%]({EXCESS})", "direction", "+4.47%"),
        ("[0.50%](<#trailing|Major 100|1y>)", "differs", "n/a"),
        ("[n/a](<#performance|Major 100|return>)", "differs", "−6.60%"),
        ("[2](<#performance|Major 100|rank>)", "differs", "5"),
        ("[−0.35%](<#factor_contributions|Major 100|size|active_exposure>)", "differs", "−0.35"),
        ("[21](<#limits|major|names_min|22 names, 20 to 25 allowed|value>) names", "differs", "22"),
        (f"[Major]({RETURN})", "no number", ""),
        (f"[−6.60% and 4%]({RETURN})", "no number", ""),
        ("[6%](<#perfomance|Major 100|return>)", "unknown anchor", "performance"),
        ("[6%](<#performance|Majr 100|return>)", "unknown anchor", "Major 100, Next Major 100"),
        ("[6%](<#performance|Major 100|retrun>)", "unknown anchor", "return"),
        ("[6%](<#performance|Major 100|benchmark>)", "unknown anchor", "benchmark_return"),
        ("[6%](<#performance|return>)", "unknown anchor", ""),
        ("[6%](<#performance|*|return>)", "unknown anchor", ""),
        ("[0.50%](<#source|>)", "unknown anchor", ""),
        ("[−6.60%](#performance|Major 100|return)", "broken anchor", ""),
        ("［△6.60%］（＜#performance|Major 100|return＞）", "broken anchor", ""),
        ("and the Fed's 0.50% too", "no anchor", ""),
        ("a loss of 6.60 percent", "no anchor", f"{RETURN}"),
        ("６．６０％の下落", "no anchor", f"{RETURN}"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_named_with_what_does(tables, small_book, text, kind, right):
    found = checked(text, tables, small_book)
    assert list(found.columns) == list(COLUMNS)
    assert found[["line", "kind", "right"]].to_numpy().tolist() == [[2, kind, right]]


def test_a_finding_says_where_what_and_the_right_value(tables, small_book):
    found = checked(f"Well.\n\nIt returned [−6.61%]({RETURN}).", tables, small_book).iloc[0]
    assert found["message"] == "'−6.61%' (performance|Major 100|return): the table has −6.60%."
    assert found[["table", "row", "column"]].tolist() == ["performance", "Major 100", "return"]
    found = checked(f"The index lost some, the strategy [6.60%]({RETURN}).", tables, small_book).iloc[0]
    assert found["message"].endswith(
        "the table has −6.60%. A word such as 'lost' is the sign of a figure directly beside its link alone."
    )
    found = checked("[6%](<#performance|Majr 100|return>)", tables, small_book).iloc[0]
    assert found["message"].endswith("there is no course 'Majr 100'. Nearest: Major 100, Next Major 100.")
    found = checked("a loss of 6.60%", tables, small_book).iloc[0]
    assert found["message"] == (
        f"'6.60%' is not linked to a figure of the tables. It may be {RETURN}. If it is none of these, name its source: "
        "[0.50%](<#source|Federal Reserve>)."
    )


@pytest.mark.parametrize(
    "text",
    [
        "In 2016, on 30 June (2016-06-30, 2016/6/30, 2016.6.30), 3 of 5 courses fell for the 2nd month.",
        "標準誤差の2倍を超えた要因は3つ、6月1日～3日でした。",
        "Major 70 : Next 30 has 70% Large Index + 30% Small Index as its benchmark.",
        "See [the minutes](https://example.com/2016).",
        "",
    ],
)
def test_dates_counts_and_names_are_no_figures(tables, small_book, text):
    assert checked(text, tables, small_book).empty


def test_the_right_value_is_in_the_house_style_of_the_file(tables, small_book):
    found = checked(f"[▲6.61%]({RETURN})", tables, small_book, language="ja")
    assert found["right"].tolist() == ["△6.60%"]


def test_a_wrapped_address_is_found_on_its_line(tables, small_book):
    found = checked("A [−6.60%](<#performance|Major\n100|return>) b", tables, small_book)
    assert found[["line", "kind"]].to_numpy().tolist() == [[2, "broken anchor"]]


def test_an_editor_may_leave_a_mark_and_its_own_line_ends(tables, small_book):
    text = f"<!-- commentary {MONTH} ja -->\r\n\r\n[△6.61%]({RETURN})\r\n"
    raw = b"\xef\xbb\xbf" + text.encode()
    assert decode_commentary(raw, name="edited.md") == text.replace("\r\n", "\n")
    found = check_commentary("\ufeff" + text, tables, book=small_book, month=MONTH)
    assert found[["line", "right"]].to_numpy().tolist() == [[3, "△6.60%"]]


def test_a_file_of_another_month_or_kind_is_refused(tables, small_book):
    with pytest.raises(
        InputError, match=r"commentary: is for 2016-05, and the report for 2025-03\. Give the file of 2025-03"
    ):
        check_commentary("<!-- commentary 2016-05 en -->\n", tables, book=small_book, month=MONTH)
    for text in ("# Commentary", "", "<!-- commentary 2025-03 fr -->"):
        with pytest.raises(InputError, match=r"the first line is .* Keep the first line of the draft"):
            commentary_identity(text)
    with pytest.raises(InputError, match=r"edited\.md: is not UTF-8 \(byte 0\)\. Save it again as UTF-8\."):
        decode_commentary("騰落率".encode("cp932"), name="edited.md")
    assert commentary_identity("\ufeff\n<!--commentary 2025-03 ja-->\r\n") == ("2025-03", "ja", "analyst")


@settings(max_examples=dear_examples())
@given(
    st.floats(-0.9, 0.9), st.integers(0, 4), st.sampled_from(["△", "▲", "minus", "parentheses"]), st.booleans(),
    st.sampled_from([-1, 0, 1]),
)  # fmt: skip
def test_a_figure_holds_as_printed_and_fails_one_unit_of_its_last_digit_off(value, decimals, style, signed, off):
    from attribution import read_book

    book = read_book("fixtures/small/book.toml")
    tables = {"index_months": pd.DataFrame({"index": ["A"], "return": [value]})}
    exact = float(percent(value, "minus", decimals).replace("−", "-")) + off * 10.0**-decimals
    shown = percent(exact / 100, style, decimals, signed=signed, unit="%")
    kinds = checked(f"[{shown}](<#index_months|A|return>)", tables, book)["kind"].tolist()
    assert kinds == (["differs"] if off else [])


def test_html_holds_headings_lists_and_figures_and_nothing_of_the_file_s_own():
    text = (
        "<!-- commentary 2025-03 en -->\n# Title\n\n## Part\n\n- <script>x</script> **bold** "
        f"[−6.60%]({RETURN})\n\n[a](javascript:alert(1)) ![i](https://example.com/i.png) [b](https://example.com/?a=1&b=2)\n\n"
        '[0.5%](<#source|"The" <Fed>>) [1%](<#trailing|A"B|1y>)\n'
    )
    page = to_html(text, level=3, places={"performance": "ranking"})
    assert page.startswith("<h3>Title</h3>\n<h4>Part</h4>\n<ul>\n<li>&lt;script&gt;x&lt;/script&gt; <strong>bold</strong> ")
    assert (
        '<a class="fact" href="#ranking" title="performance | Major 100 | return" data-table="performance" '
        'data-key="Major 100" data-column="return">−6.60%</a>' in page
    )
    assert "[a](javascript:alert(1))" in page
    assert "<img" not in page
    assert '<a href="https://example.com/?a=1&amp;b=2" rel="noopener">b</a>' in page
    assert 'data-key="A&quot;B"' in page
    assert "commentary 2025-03" not in page


def test_a_source_is_shown_with_what_it_is():
    assert to_html("[0.5%](<#source|Fed & co>)") == '<p><span class="fact source" title="Fed &amp; co">0.5%</span></p>\n'
