"""The workbook: read back equal to the tables, charts inside their data, names that Excel accepts, the same bytes."""

import dataclasses
import io
import re
import zipfile
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution import InputError
from attribution.house_style.words import LANGUAGES, read_messages
from attribution.portfolio.settings.sections import Negative
from attribution.reporting.tables.frames import KEYS
from attribution.reporting.workbook.formats import sheet_names
from attribution.reporting.workbook.workbook import heading, render_workbook
from tests.conftest import SMALL_MONTH

SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CHARTS = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
LONG = ("factor_returns", "stock_contributions", "stock_factor", "brinson_by_factor")
HOSTILE = {
    "Major 100": "=cmd|' /C calc'!A0",
    "Major 70 : Next 30": "<b>Major</b> / \\ ? * [70] : 'Next' & \"30\" 成長 🙂",
    "Major 50 : Next 50": "A course whose name is longer than any sheet's: one",
    "Major 30 : Next 70": "a COURSE whose name is longer than any sheet's: two",
    "Next Major 100": "<r>History</r>",
}


@pytest.fixture(scope="module")
def whole(page_content):
    return page_content


def cut(whole):
    """The month with its longest tables cut short, so that reading it back takes no time."""
    short = {name: whole.tables[name][::40].reset_index(drop=True) for name in LONG}
    cumulative = whole.tables["cumulative"]
    short["cumulative"] = cumulative[cumulative["date"] >= "2025-02-20"].reset_index(drop=True)
    return dataclasses.replace(whole, tables=whole.tables | short)


@pytest.fixture(scope="module")
def content(whole):
    return cut(whole)


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture(scope="module")
def rendered(content, language):
    return render_workbook(content, language)


@pytest.fixture(scope="module")
def opened(rendered):
    return openpyxl.load_workbook(io.BytesIO(rendered))


@pytest.fixture(scope="module")
def hostile(content):
    """The same month under other names of courses."""
    tables = {
        name: frame.assign(course=frame["course"].replace(HOSTILE)) if "course" in frame else frame
        for name, frame in content.tables.items()
    }
    tables["cumulative"] = tables["cumulative"].assign(name=tables["cumulative"]["name"].replace(HOSTILE))
    results = {HOSTILE[course]: result for course, result in content.results.items()}
    book = content.book.model_copy(update={"courses": {HOSTILE[key]: part for key, part in content.book.courses.items()}})
    return dataclasses.replace(content, tables=tables, results=results, book=book)


def one_table(content, frame, name="extra", **options):
    """A workbook of a table and the least that charts want, read back."""
    least = {key: content.tables[key] for key in ("performance", "factor_contributions")}
    file = render_workbook(dataclasses.replace(content, tables=least | {name: frame}), "en")
    return openpyxl.load_workbook(io.BytesIO(file), **options)


def read_back(sheet, frame):
    """The table of a sheet with the frame's own kinds of values, from the cells that openpyxl reads."""
    rows = list(sheet.iter_rows(values_only=True))
    found = pd.DataFrame(rows[2:], columns=rows[0], dtype=object)
    for column in frame:
        kind = frame[column].dtype.kind
        if kind == "M":
            found[column] = pd.to_datetime(found[column]).astype(frame[column].dtype)
        elif kind in "fiub":
            found[column] = pd.array(found[column].tolist(), dtype="boolean" if kind == "b" else "Float64").astype(
                frame[column].dtype
            )
        else:
            found[column] = found[column].fillna("").astype(str)
    return found


def parts(file, folder):
    """XML of the files in a folder of the package, by name."""
    package = zipfile.ZipFile(io.BytesIO(file))
    return {name: ElementTree.fromstring(package.read(name)) for name in package.namelist() if name.startswith(folder)}


def linked(sheet):
    """The sheets that a sheet has links to."""
    return {named_range(cell.hyperlink.location)[0] for cell in sheet["A"] if cell.hyperlink}


def named_range(formula):
    """(sheet, first row, last row, first column, last column) of a chart's reference."""
    sheet, cells = formula.rsplit("!", 1)
    name = sheet[1:-1].replace("''", "'") if sheet.startswith("'") else sheet
    return name, *openpyxl.utils.range_boundaries(cells.replace("$", ""))


def test_every_table_is_read_back_equal_to_the_last_digit(content, opened):
    assert set(KEYS) - {"rules"} <= set(content.tables) <= set(opened.sheetnames)
    for name, frame in content.tables.items():
        expected = frame.copy()
        for column in frame.columns[[dtype.kind == "O" or dtype == "str" for dtype in frame.dtypes]]:
            expected[column] = frame[column].fillna("").astype(str)
        found = read_back(opened[name], frame)
        pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False, obj=name)


def test_the_longest_table_is_read_back_whole(whole):
    frame = whole.tables["stock_factor"]
    assert len(frame) > 20_000
    opened = one_table(whole, frame, "stock_factor", read_only=True)
    rows = list(opened["stock_factor"].iter_rows(min_row=3, values_only=True))
    assert rows == list(frame.itertuples(index=False, name=None))


def test_one_line_of_pandas_gives_a_table_back(content, rendered):
    frame = content.tables["factor_contributions"]
    found = pd.read_excel(io.BytesIO(rendered), sheet_name="factor_contributions", skiprows=[1])
    found = found.astype({"significant": "boolean", "robust": "boolean"})  # pandas reads truths with gaps as numbers
    pd.testing.assert_frame_equal(found, frame, check_exact=True, check_dtype=False)


def test_numbers_dates_truths_and_texts_are_cells_of_their_kind(content):
    frame = pd.DataFrame(
        {
            "number": [0.1 + 0.2, -0.0, 1e-300, np.nan],
            "whole": pd.array([1, 2, None, 4], dtype="Int64"),
            "date": pd.to_datetime(["2025-03-31", "2000-02-29", None, "1999-12-31"]),
            "truth": pd.array([True, False, None, True], dtype="boolean"),
            "text": ["=1+1", "", None, "+81"],
            "ticker": ["0130", "1E10", "TRUE", "@SUM(1)"],
            "mixed": [1.5, "n/a", None, True],
        }
    )
    sheet = one_table(content, frame)["extra"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
    assert [row[0] for row in rows] == [0.30000000000000004, 0, 1e-300, None]
    assert [row[1] for row in rows] == [1, 2, None, 4]
    assert [f"{row[2]:%Y-%m-%d}" if row[2] else None for row in rows] == ["2025-03-31", "2000-02-29", None, "1999-12-31"]
    assert [row[3] for row in rows] == [True, False, None, True]
    assert [row[4] for row in rows] == ["=1+1", None, None, "+81"]
    assert [row[5] for row in rows] == ["0130", "1E10", "TRUE", "@SUM(1)"]
    assert [row[6] for row in rows] == [1.5, "n/a", None, True]
    assert {cell.data_type for cell in sheet["E"][2:]} == {"s", "n"}  # no formula; an empty cell counts as a number


def test_a_missing_value_is_an_empty_grey_cell_and_a_zero_is_not(content):
    sheet = one_table(content, pd.DataFrame({"t": [np.nan, 0.0], "text": [None, ""]}))["extra"]
    assert [sheet[place].value for place in ("A3", "A4", "B3", "B4")] == [None, 0, None, None]
    grey = [sheet[place].fill.patternType for place in ("A3", "A4", "B3", "B4")]
    assert grey == ["solid", None, "solid", None]


@pytest.mark.parametrize(
    ("style", "percent", "ratio"),
    [
        ("△", '0.00%;"△"0.00%;0.00%', '0.00;"△"0.00;0.00'),
        ("▲", '0.00%;"▲"0.00%;0.00%', '0.00;"▲"0.00;0.00'),
        ("minus", '0.00%;"−"0.00%;0.00%', '0.00;"−"0.00;0.00'),
        ("parentheses", "0.00%_);(0.00%);0.00%_)", "0.00_);(0.00);0.00_)"),
    ],
)
def test_numbers_are_shown_in_the_house_style(lean_content, style, percent, ratio):
    content = cut(lean_content)
    report = content.book.report.model_copy(update={"negative": Negative(ja=style, en=style)})
    book = content.book.model_copy(update={"report": report})
    opened = openpyxl.load_workbook(io.BytesIO(render_workbook(dataclasses.replace(content, book=book), "en")))
    told = {name: [int(np.argmax(frame[column].notna())) for column in frame] for name, frame in content.tables.items()}
    shown = {
        name: {
            column: opened[name].cell(3 + told[name][place], 1 + place).number_format
            for place, column in enumerate(frame.columns)
        }
        for name, frame in content.tables.items()
    }  # of the first row of each column that has a value
    assert shown["performance"]["excess"] == shown["brinson"]["allocation"] == shown["index_weeks"]["Large Index"] == percent
    assert shown["factor_contributions"]["t"] == shown["exposures"]["change"] == ratio
    assert shown["cumulative"]["date"] == "yyyy-mm-dd"
    assert shown["stock_factor"]["contribution"] == percent.replace("0.00%", "0.0000%")
    values = dict(zip(content.tables["risk"]["measure"], [c.number_format for c in opened["risk"]["C"][2:]], strict=True))
    assert values["beta"] == ratio and values["tracking_error"] == percent and values["names"].startswith("#,##0")


def test_a_negative_number_that_shows_as_zero_loses_its_sign(content, opened):
    sheet = opened["performance"]
    column = "ABCDEF"[list(content.tables["performance"].columns).index("excess")]
    rules = [(str(place.sqref), rule) for place in sheet.conditional_formatting for rule in place.rules]
    rule = next(rule for cells, rule in rules if cells == f"{column}3:{column}8")
    assert (rule.operator, rule.formula) == ("between", ["-0.000049999", "0"])
    assert len(set(rule.dxf.numFmt.formatCode.split(";"))) == 1


def test_headings_are_frozen_filtered_and_in_the_readers_words(content, opened, language):
    messages = read_messages(language)
    for name, frame in content.tables.items():
        sheet = opened[name]
        assert int(re.sub(r"\D", "", sheet.freeze_panes)) == 3
        last = openpyxl.utils.get_column_letter(frame.shape[1])
        assert sheet.auto_filter.ref == f"A2:{last}{len(frame) + 2}"
        assert [cell.value for cell in sheet[1]] == list(frame.columns)
        assert [cell.value for cell in sheet[2]] == [heading(messages, name, column) for column in frame]
        assert sheet.print_title_rows == "$1:$2"
    assert opened["stock_contributions"].freeze_panes == "D3"  # course, ticker and name stay in sight


def test_every_table_and_column_has_words_of_its_own(content, language):
    known = read_messages(language).table
    assert set(content.tables) == set(known["tables"]) == set(known["table_notes"])
    columns = {column for name, frame in content.tables.items() if name != "index_weeks" for column in frame}
    assert columns <= set(known["columns"])
    assert all("." not in key or key.split(".")[1] in content.tables[key.split(".")[0]] for key in known["columns"])


def test_the_effects_of_brinson_bear_the_trades_words(content):
    messages = read_messages("ja")
    words = [
        heading(messages, "brinson", column)
        for column in ("group", "portfolio_weight", "allocation", "selection", "interaction")
    ]
    assert words == ["業種", "組入比率", "業種配分効果", "銘柄選択効果", "複合効果"]


def test_columns_are_as_wide_as_their_texts_and_full_width_counts_two(content):
    frame = pd.DataFrame({"text": ["超過収益への寄与度", "x"], "long": ["y" * 500, "z"], "t": [1.0, 2.0]})
    sheet = one_table(content, frame)["extra"]
    assert 19 <= sheet.column_dimensions["A"].width <= 21
    assert 60 <= sheet.column_dimensions["B"].width <= 61
    assert 6 <= sheet.column_dimensions["C"].width <= 11


def test_a_text_stands_clear_of_the_number_left_of_it(opened):
    sheet = opened["performance"]
    texts = [cell for row in sheet.iter_rows(min_row=1, max_col=4) for cell in row if isinstance(cell.value, str)]
    assert {(cell.alignment.horizontal, cell.alignment.indent) for cell in texts} == {("left", 1)}  # else no indent shows
    assert {cell.alignment.indent for cell in sheet["C"][2:]} == {0}


def test_the_contents_sheet_links_to_every_other_sheet(content, opened, language):
    messages = read_messages(language)
    sheet = opened.worksheets[0]
    assert sheet.title == messages("workbook.contents")
    links = linked(sheet)
    assert links == set(opened.sheetnames) - {sheet.title}
    rows = {row[0]: row for row in sheet.iter_rows(values_only=True)}
    for name, frame in content.tables.items():
        assert rows[name][1:3] == (messages.table["tables"][name], len(frame))
    texts = [value for row in sheet.iter_rows(values_only=True) for value in row if isinstance(value, str)]
    assert {getattr(content.book.book.name, language), SMALL_MONTH, "2025-03-31"} <= set(texts)


def test_charts_show_cells_that_hold_numbers(content, rendered, opened):
    charts = parts(rendered, "xl/charts/chart")
    assert len(charts) == 4 + 2 * len(content.results)
    for chart in charts.values():
        for kind in ("val", "cat", "tx", "plus", "minus", "title"):
            for place in chart.iter(f"{CHARTS}{kind}"):
                for formula in place.iter(f"{CHARTS}f"):
                    name, first, top, last, bottom = named_range(formula.text)
                    cells = [cell for row in opened[name].iter_rows(top, bottom, first, last) for cell in row]
                    assert cells and all(cell.value is not None for cell in cells), formula.text
                    if kind in ("val", "plus", "minus"):
                        assert {cell.data_type for cell in cells} <= {"n", "f"}, formula.text


def test_the_formulas_behind_charts_hold_the_values_of_the_tables(content, rendered):
    sheet = openpyxl.load_workbook(io.BytesIO(rendered), data_only=True)["Major 70 - Next 30"]
    rows = [row[14:] for row in sheet.iter_rows(values_only=True)]
    frame = content.tables["factor_contributions"].query("course == 'Major 70 : Next 30'").set_index("factor")
    shown = {row[0]: row for row in rows[4 : 4 + len(frame)]}
    assert {factor: row[2] for factor, row in shown.items()} == frame["contribution"].to_dict()
    assert {factor: row[3] for factor, row in shown.items()} == (2 * frame["standard_error"]).to_dict()
    result = content.results["Major 70 : Next 30"]
    steps = rows[7 + len(frame) :]
    steps = [row for row in steps if row[0] is not None]
    assert steps[0][2] == result.benchmark_return
    assert steps[-1][2] == pytest.approx(result.portfolio_return, abs=1e-12)  # the tolerance of every identity
    assert steps[-2][4] == pytest.approx(result.portfolio_return, abs=1e-12)  # the last step ends where the course is
    for step in steps:
        low, high = sorted(step[3:5])
        gap, total, up, up_below, down, down_below = step[5:11]
        seen = total or up + up_below + down + down_below
        assert (
            abs(seen) <= abs(step[2]) + 1e-15
            and abs(abs(up - up_below + down - down_below) + abs(total) - abs(step[2])) < 1e-15
        )
        assert gap == pytest.approx(0.0 if total or low < 0 < high else low if low >= 0 else high, abs=1e-15)


def test_lookups_name_the_course_by_its_cell_and_count_capitals(opened):
    formula = opened["Major 100"]["Q5"].value.replace("'", "")  # XlsxWriter before 3.2.1 quotes every name of a sheet
    assert formula.startswith("=1*SUMPRODUCT(1*EXACT(factor_contributions!$A$3:$A$") and ",$P$2)*EXACT(" in formula


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_names_give_right_sheets_and_stay_text(hostile, lang):
    file = render_workbook(hostile, lang)
    opened = openpyxl.load_workbook(io.BytesIO(file))
    for name, frame in hostile.tables.items():
        if "course" in frame:
            assert [
                cell.value for cell in opened[name][openpyxl.utils.get_column_letter(list(frame).index("course") + 1)][2:]
            ] == list(frame["course"])
    for course in HOSTILE.values():
        sheets = [sheet for sheet in opened.worksheets if sheet["P2"].value == course]
        assert len(sheets) == 1 and sheets[0]["P2"].data_type == "s"
    for name in opened.sheetnames:
        assert re.fullmatch(r"[^\[\]:*?/\\]{1,31}", name) and name.strip("' ") == name
    links = linked(opened.worksheets[0])
    assert links == set(opened.sheetnames[1:])
    for part in parts(file, "xl/charts/chart").values():
        for formula in part.iter(f"{CHARTS}f"):
            assert named_range(formula.text)[0] in opened.sheetnames


@given(st.lists(st.text(max_size=45), max_size=12))
def test_sheet_names_are_ones_that_excel_accepts(wanted):
    names = sheet_names(wanted)
    assert len(names) == len(wanted) == len({name.casefold() for name in names})
    for name in names:
        assert 1 <= len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f]", name) and name.casefold() != "history"
        assert name[0] != "'" != name[-1]


def test_names_that_differ_beyond_31_characters_or_by_case_have_numbers():
    long = "x" * 31
    assert sheet_names([long + "a", long + "b", "Growth", "GROWTH", "Ｇｒｏｗｔｈ"]) == [
        long, "x" * 27 + " (2)", "Growth", "GROWTH (2)", "Ｇｒｏｗｔｈ (3)",
    ]  # fmt: skip
    assert sheet_names(["", "'", "🙂" * 20, "history"]) == ["_", "_ (2)", "🙂" * 15, "history_"]


def test_control_characters_are_made_visible_and_counted(content):
    texts = ["a\x00b\x0bc", "tab\tand\nline stay", "\x7f\ud800"]
    opened = one_table(content, pd.DataFrame({"text": pd.Series(texts, dtype=object)}))
    assert [cell.value for cell in opened["extra"]["A"][2:]] == ["a␀b␋c", "tab\tand\nline stay", "␡\ufffd"]
    assert "Control characters that cannot be shown: 4, each" in " ".join(str(c.value) for c in opened.worksheets[0]["A"])


def test_markup_that_the_library_would_take_for_its_own_stays_text(content):
    texts = ["<r><t>x</t></r>", "<r>&</r>", "_x0041_", " spaces ", "<b>&amp;"]
    opened = one_table(content, pd.DataFrame({"text": texts}))
    assert [cell.value for cell in opened["extra"]["A"][2:]] == texts


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pd.DataFrame({"t": [1.0, np.inf, -np.inf]}),
            r"extra.*|2 infinite values in column 't' of the table 'extra' \(rows 2, 3\)",
        ),
        (pd.DataFrame({"name": ["x" * 32_768]}), r"a text of 32,768 characters \('xxxxx"),
        (
            pd.DataFrame({"t": np.zeros(1_048_575)}),
            r"the table 'extra' has 1,048,575 rows; a sheet of Excel holds 1,048,574",
        ),
    ],
)
def test_what_a_sheet_cannot_hold_is_refused(content, frame, message):
    with pytest.raises(InputError, match=message):
        one_table(content, frame)


def test_a_table_without_rows_has_its_headings(content):
    opened = one_table(content, content.tables["limits"].head(0), "limits")
    assert [cell.value for cell in opened["limits"][1]] == list(content.tables["limits"].columns)
    assert opened["limits"].max_row == 2


def test_two_runs_give_the_same_bytes_and_no_clock_or_name(content, rendered, language):
    assert render_workbook(content, language) == rendered
    core = next(iter(parts(rendered, "docProps/core.xml").values()))
    texts = [element.text for element in core.iter() if element.text]
    assert all(text.startswith("2025-03-31T") for text in texts if re.match(r"\d{4}-", text))
    assert not core.findtext("{http://purl.org/dc/elements/1.1/}creator")
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(rendered)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_missing_library_is_told_with_its_remedy(content, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xlsxwriter.workbook", None)
    with pytest.raises(
        InputError, match=r"'xlsxwriter.workbook' is not installed.*pip install 'factor-attribution\[report\]'"
    ):
        render_workbook(content, "en")
