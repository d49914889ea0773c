"""The workbook: read back equal to the tables, charts inside their data, names that Excel accepts, the same bytes."""

import dataclasses
import io
import re
import shutil
import subprocess
import zipfile
from importlib import resources
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution import InputError
from attribution.house_style.colours import ACCENT, LOSS, TEXT_CONTRAST, contrast
from attribution.house_style.csv_text import csv_text
from attribution.house_style.drawing.canvas import INK, NEGATIVE, POSITIVE, SCALE, TOTAL
from attribution.house_style.words import LANGUAGES, read_messages
from attribution.portfolio.settings.house import Colours
from attribution.portfolio.settings.sections import Negative
from attribution.reporting.pages.limits import detail_text
from attribution.reporting.pages.words import page_words
from attribution.reporting.tables.frames import KEYS
from attribution.reporting.tables.names import rule_name
from attribution.reporting.workbook.formats import sheet_names
from attribution.reporting.workbook.summary import LINE
from attribution.reporting.workbook.workbook import LEFT_OUT, heading, render_workbook
from tests.attribution.reporting.reports import table_sheet
from tests.conftest import SMALL_MONTH

SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CHARTS = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWN = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CSS = resources.files("attribution.reporting").joinpath("templates/client.css").read_text(encoding="utf-8")
LONG = ("factor_returns", "stock_contributions", "brinson_by_factor")
SUMMARY, CONTENTS = 0, 1  # places of the first sheets
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


def shown(content):
    """The tables that the workbook has."""
    return {name: frame for name, frame in content.tables.items() if name not in LEFT_OUT}


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
    assert set(KEYS) - {"rules"} <= set(content.tables) == (set(opened.defined_names) - {"labels"}) | set(LEFT_OUT)
    for name, frame in shown(content).items():
        expected = frame.copy()
        for column in frame.columns[[dtype.kind == "O" or dtype == "str" for dtype in frame.dtypes]]:
            expected[column] = frame[column].fillna("").astype(str)
        found = read_back(table_sheet(opened, name), frame)
        pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False, obj=name)


def test_the_longest_table_is_read_back_whole(whole):
    frame = whole.tables["brinson_by_factor"]
    assert len(frame) > 5_000
    opened = one_table(whole, frame, "brinson_by_factor", read_only=True)
    found = read_back(table_sheet(opened, "brinson_by_factor"), frame)
    pd.testing.assert_frame_equal(found, frame, check_exact=True, check_dtype=False)


def test_pandas_gives_a_table_back_by_its_name_whatever_the_language(content, rendered, opened):
    frame = content.tables["factor_contributions"]
    sheet, _ = next(opened.defined_names["factor_contributions"].destinations)
    found = pd.read_excel(io.BytesIO(rendered), sheet_name=sheet, skiprows=[1])
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
    sheet = table_sheet(one_table(content, frame), "extra")
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
    sheet = table_sheet(one_table(content, pd.DataFrame({"t": [np.nan, 0.0], "text": [None, ""]})), "extra")
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
    told = {name: [int(np.argmax(frame[column].notna())) for column in frame] for name, frame in shown(content).items()}
    looks = {
        name: {
            column: table_sheet(opened, name).cell(3 + told[name][place], 1 + place).number_format
            for place, column in enumerate(frame.columns)
        }
        for name, frame in shown(content).items()
    }  # of the first row of each column that has a value
    assert looks["performance"]["excess"] == looks["brinson"]["allocation"] == looks["index_weeks"]["Large Index"] == percent
    assert looks["factor_contributions"]["t"] == looks["exposures"]["change"] == ratio
    assert looks["cumulative"]["date"] == "yyyy-mm-dd"
    assert looks["brinson_by_factor"]["contribution"] == percent.replace("0.00%", "0.0000%")
    of_risk = [cell.number_format for cell in table_sheet(opened, "risk")["C"][2:]]
    values = dict(zip(content.tables["risk"]["measure"], of_risk, strict=True))
    assert values["beta"] == ratio and values["tracking_error"] == percent and values["names"].startswith("#,##0")


def test_a_negative_number_that_shows_as_zero_loses_its_sign(content, opened):
    sheet = table_sheet(opened, "performance")
    column = "ABCDEF"[list(content.tables["performance"].columns).index("excess")]
    rules = [(str(place.sqref), rule) for place in sheet.conditional_formatting for rule in place.rules]
    rule = next(rule for cells, rule in rules if cells == f"{column}3:{column}8")
    assert (rule.operator, rule.formula) == ("between", ["-0.000049999", "0"])
    assert len(set(rule.dxf.numFmt.formatCode.split(";"))) == 1


def test_headings_are_frozen_filtered_and_in_the_readers_words(content, opened, language):
    messages = read_messages(language)
    for name, frame in shown(content).items():
        sheet = table_sheet(opened, name)
        assert int(re.sub(r"\D", "", sheet.freeze_panes)) == 3
        last = openpyxl.utils.get_column_letter(frame.shape[1])
        assert sheet.auto_filter.ref == f"A2:{last}{len(frame) + 2}"
        assert [cell.value for cell in sheet[1]] == list(frame.columns)
        assert [cell.value for cell in sheet[2]] == [heading(messages, name, column) for column in frame]
        assert sheet.print_title_rows == "$1:$2"
    assert table_sheet(opened, "stock_contributions").freeze_panes == "D3"  # course, ticker and name stay in sight


def test_every_table_and_column_has_words_of_its_own(content, language):
    known = read_messages(language).table
    assert set(content.tables) | {"rules"} == set(known["tables"]) == set(known["table_notes"])
    assert set(known["sheets"]) == set(known["tables"]) - set(LEFT_OUT)
    names = [*known["sheets"].values(), *(known["workbook"][key] for key in ("summary", "contents", "charts", "labels"))]
    assert sheet_names(names) == names  # none is cut, changed or there twice
    columns = {column for name, frame in content.tables.items() if name != "index_weeks" for column in frame}
    assert columns <= set(known["columns"])
    assert all("." not in key or key.split(".")[1] in content.tables[key.split(".")[0]] for key in known["columns"])


def test_the_effects_of_brinson_bear_the_trades_words(content):
    messages = read_messages("ja")
    words = [
        heading(messages, "brinson", column)
        for column in ("group", "portfolio_weight", "allocation", "selection", "interaction")
    ]
    assert words == ["セクター", "組入比率", "セクター配分効果", "銘柄選択効果", "複合効果"]


def test_columns_are_as_wide_as_their_texts_and_full_width_counts_two(content):
    frame = pd.DataFrame({"text": ["超過収益への寄与度", "x"], "long": ["y" * 500, "z"], "t": [1.0, 2.0]})
    sheet = table_sheet(one_table(content, frame), "extra")
    assert 19 <= sheet.column_dimensions["A"].width <= 21
    assert 60 <= sheet.column_dimensions["B"].width <= 61
    assert 6 <= sheet.column_dimensions["C"].width <= 11


def test_a_text_stands_clear_of_the_number_left_of_it(opened):
    sheet = table_sheet(opened, "performance")
    texts = [cell for row in sheet.iter_rows(min_row=1, max_col=4) for cell in row if isinstance(cell.value, str)]
    assert {(cell.alignment.horizontal, cell.alignment.indent) for cell in texts} == {("left", 1)}  # else no indent shows
    assert {cell.alignment.indent for cell in sheet["C"][2:]} == {0}


def test_the_contents_sheet_links_to_every_other_sheet(content, opened, language):
    messages = read_messages(language)
    sheet = opened.worksheets[CONTENTS]
    assert sheet.title == messages("workbook.contents")
    links = linked(sheet)
    assert links == set(opened.sheetnames) - {sheet.title, messages("workbook.summary")}
    rows = {row[2]: row for row in sheet.iter_rows(values_only=True) if row[2]}
    for name, frame in content.tables.items():
        assert rows[name][1:4] == (messages.table["tables"][name], name, len(frame))
        assert rows[name][0] == messages.table["sheets"].get(name)
    assert "tables/stock_factor.csv" in rows["stock_factor"][4]
    texts = [value for row in sheet.iter_rows(values_only=True) for value in row if isinstance(value, str)]
    assert {getattr(content.book.book.name, language), SMALL_MONTH, "2025-03-31"} <= set(texts)


def test_the_workbook_opens_on_a_page_that_sums_up_the_month(content, opened, language):
    messages, words = content.messages(language), page_words(content.book, language)
    sheet = opened.worksheets[SUMMARY]
    assert (sheet.title, opened.active.title) == (messages("workbook.summary"),) * 2
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight in (None, 1)
    assert len(sheet._charts) == 2
    rows = list(sheet.iter_rows(values_only=True))
    written = [number for number, row in enumerate(rows, 1) if any(value is not None for value in row)]
    above = written[:-1]  # below the last, the titles of the charts
    assert all(sheet.row_dimensions[number].height % LINE == 0 for number in above)
    names = sheet._charts[0].series[0].cat.strRef.f if sheet._charts[0].series[0].cat.strRef else ""
    places = re.fullmatch(r"'?([^'!]+)'?!\$A\$(\d+):\$A\$(\d+)", names)
    assert places[1] == sheet.title
    shown = [sheet.cell(number, 1).value for number in range(int(places[2]), int(places[3]) + 1)]
    called = [messages.called(course) for course in content.tables["performance"]["course"].iloc[:-1]]
    assert shown == [*called, messages("words.average")]
    texts = " ".join(str(value) for row in rows for value in row if value is not None)
    month = pd.Timestamp(SMALL_MONTH)
    assert words.date(month, "month") in texts and words.date(content.period.end) in texts
    told = {row[0]: row for row in rows if isinstance(row[2], float)}
    risks = ["portfolio_volatility", "benchmark_volatility", "tracking_error", "beta"]
    risk = content.tables["risk"].pivot(index="course", columns="measure", values="value")[risks]
    *ranked, average = content.tables["performance"].to_dict("records")
    for row in ranked:
        returns = (row["return"], row["benchmark_return"], row["excess"])
        assert told[row["course"]][1] == row["benchmark"]
        assert told[row["course"]][2:9] == pytest.approx([*returns, *risk.loc[row["course"]]], rel=1e-15)
    returns = (average["return"], average["benchmark_return"], average["excess"])
    assert told[messages("words.average")][2:5] == pytest.approx(returns, rel=1e-15)
    factors = content.tables["factor_contributions"].query("driver")
    for row in factors.to_dict("records"):
        said = f"{messages.factor(row['factor'])} {words.percent(row['contribution'], signed=True, unit='%')}"
        side = 1 if row["contribution"] > 0 else 4
        named = [line[side] for line in rows if line[0] == row["course"] and not isinstance(line[2], float)]
        assert len(named) == 1 and said in named[0]
    broken = [limit for limit in content.limits if limit.ok is False]
    for limit in broken:
        assert rule_name(limit.rule, content.book, messages) in texts and detail_text(limit, words) in texts
    assert broken or messages("limits.kept") in texts
    links = {named_range(cell.hyperlink.location)[0] for row in sheet.iter_rows() for cell in row if cell.hyperlink}
    assert links == {opened.sheetnames[CONTENTS], messages.table["sheets"]["limits"], *sheet_names(content.results)}


def test_of_many_courses_the_summary_has_both_ends_and_says_how_many_are_between(content):
    performance = content.tables["performance"]
    first = performance.iloc[0]
    many = pd.DataFrame([first.to_dict() | {"rank": n, "course": f"C{n}"} for n in range(1, 26)])
    one = content.tables["factor_contributions"].query(f"course == '{first.course}'")
    rows = [one.head(3).assign(course=name) for name in many["course"]]
    tables = {"performance": pd.concat([many, performance.tail(1)]), "factor_contributions": pd.concat(rows)}
    results = dict.fromkeys(many["course"], content.results[first.course])
    book = content.book.model_copy(update={"courses": dict.fromkeys(results, content.book.courses[first.course])})
    file = render_workbook(dataclasses.replace(content, book=book, tables=tables, results=results, limits=[]), "en")
    sheet = openpyxl.load_workbook(io.BytesIO(file)).worksheets[SUMMARY]
    named = [cell.value for cell in sheet["A"] if str(cell.value).startswith("C") and cell.hyperlink]
    assert named == 2 * [f"C{n}" for n in (*range(1, 11), *range(16, 26))]
    assert [str(cell.value)[:43] for cell in sheet["A"]].count("Between these two halves stand 5 more; the ") == 2


def test_what_is_not_known_is_said_on_the_summary(content):
    tables = {name: content.tables[name] for name in ("performance", "factor_contributions")}
    file = render_workbook(dataclasses.replace(content, tables=tables), "en")
    sheet = openpyxl.load_workbook(io.BytesIO(file)).worksheets[SUMMARY]
    rows = [row for row in sheet.iter_rows(values_only=True) if isinstance(row[2], float)]
    assert {value for row in rows[:-1] for value in row[5:9]} == {"n/a"} and len(rows) == len(tables["performance"])


def test_charts_and_figures_have_the_colours_of_the_book(lean_content):
    content = cut(lean_content)
    own = Colours(accent="#0b6b4f", gain="#0b6b4f", loss="#a03a1e")
    book = content.book.model_copy(update={"report": content.book.report.model_copy(update={"colours": own})})
    seen = {}
    for name, one in {"pages": content, "book": dataclasses.replace(content, book=book)}.items():
        file = render_workbook(one, "en")
        charts = parts(file, "xl/charts/chart").values()
        colours = {place.get("val").lower() for chart in charts for place in chart.iter(f"{DRAWN}srgbClr")}
        opened = openpyxl.load_workbook(io.BytesIO(file))
        rules = [rule for place in table_sheet(opened, "performance").conditional_formatting for rule in place.rules]
        negative = {rule.dxf.font.color.rgb[2:].lower() for rule in rules if rule.operator == "lessThan"}
        link = next(cell for cell in opened.worksheets[CONTENTS]["A"] if cell.hyperlink).font.color.rgb[2:].lower()
        seen[name] = (colours, negative, link)
    assert {POSITIVE[1:], NEGATIVE[1:], TOTAL[1:], INK[1:], SCALE[0][1:]} <= seen["pages"][0]
    assert {"0b6b4f", "a03a1e"} <= seen["book"][0] and not {POSITIVE[1:], NEGATIVE[1:]} & seen["book"][0]
    assert [part[1:] for part in seen.values()] == [({LOSS[1:]}, ACCENT[1:]), ({"a03a1e"}, "0b6b4f")]
    assert contrast(LOSS) >= TEXT_CONTRAST and f"--accent: {ACCENT};" in CSS and f"--loss: {LOSS};" in CSS


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_opens_the_workbook_and_the_tables_and_takes_no_text_for_a_formula(whole, hostile, tmp_path):
    texts = ["=1+1", "+81 3", "-1+1", "@SUM(1)", '=HYPERLINK("http://x")', "\t=1", "＝1+1", "0.5", "'Twas", "a,=1"]
    (tmp_path / "whole.xlsx").write_bytes(render_workbook(whole, "en"))
    (tmp_path / "hostile.xlsx").write_bytes(render_workbook(hostile, "ja"))
    (tmp_path / "texts.csv").write_text(csv_text(pd.DataFrame({"=name": texts, "value": 1.5})), encoding="utf-8")
    (tmp_path / "courses.csv").write_text(csv_text(hostile.tables["performance"]), encoding="utf-8")
    files = sorted(map(str, tmp_path.iterdir()))
    home, out = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}", tmp_path / "opened"
    command = ["soffice", home, "--headless", "--convert-to", "xlsx", "--outdir", str(out), *files]
    subprocess.run(command, check=True, capture_output=True, timeout=300)

    def opened(folder, name):
        return openpyxl.load_workbook(folder / f"{name}.xlsx", data_only=True, read_only=True)

    given, found = opened(tmp_path, "whole"), opened(out, "whole")
    assert given.sheetnames == found.sheetnames
    for name in given.sheetnames:
        cells = [[row[:25] for row in book[name].iter_rows(max_row=60, values_only=True)] for book in (given, found)]
        numbers = [[float(value) for row in rows for value in row if type(value) in (int, float)] for rows in cells]
        assert numbers[1] == pytest.approx(numbers[0], rel=1e-14, abs=1e-17), name
        assert not [value for row in cells[1] for value in row if isinstance(value, str) and value.startswith("#")], name
    for name in ("texts", "courses"):
        read = openpyxl.load_workbook(out / f"{name}.xlsx").active
        assert "f" not in {cell.data_type for row in read.iter_rows() for cell in row}
    assert set(HOSTILE.values()) <= {row[1].value for row in table_sheet(opened(out, "hostile"), "performance").rows}


def test_charts_show_cells_that_hold_numbers(content, rendered, opened):
    charts = parts(rendered, "xl/charts/chart")
    assert len(charts) == 6 + 2 * len(content.results)
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
    bars = {row[0]: row for row in rows[4 : 4 + len(frame)]}
    assert {factor: row[2] for factor, row in bars.items()} == frame["contribution"].to_dict()
    assert {factor: row[3] for factor, row in bars.items()} == (2 * frame["standard_error"]).to_dict()
    assert all(row[6] + row[7] == row[2] and row[7] <= 0 <= row[6] for row in bars.values())
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
    assert formula.startswith("=1*SUMPRODUCT(1*EXACT(") and "!$A$3:$A$" in formula and ",$P$2)*EXACT(" in formula


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_names_give_right_sheets_and_stay_text(hostile, lang):
    file = render_workbook(hostile, lang)
    opened = openpyxl.load_workbook(io.BytesIO(file))
    for name, frame in shown(hostile).items():
        if "course" in frame:
            letter = openpyxl.utils.get_column_letter(list(frame).index("course") + 1)
            assert [cell.value for cell in table_sheet(opened, name)[letter][2:]] == list(frame["course"])
    told = [cell for sheet in opened.worksheets[: CONTENTS + 1] for row in sheet.iter_rows() for cell in row if cell.value]
    assert "f" not in {cell.data_type for cell in told} and set(HOSTILE.values()) <= {cell.value for cell in told}
    for course in HOSTILE.values():
        sheets = [sheet for sheet in opened.worksheets if sheet["P2"].value == course]
        assert len(sheets) == 1 and sheets[0]["P2"].data_type == "s"
    for name in opened.sheetnames:
        assert re.fullmatch(r"[^\[\]:*?/\\]{1,31}", name) and name.strip("' ") == name
    assert linked(opened.worksheets[CONTENTS]) == set(opened.sheetnames[2:])
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
    assert [cell.value for cell in table_sheet(opened, "extra")["A"][2:]] == ["a␀b␋c", "tab\tand\nline stay", "␡\ufffd"]
    told = " ".join(str(cell.value) for cell in opened.worksheets[CONTENTS]["A"])
    assert "Control characters that cannot be shown: 4, each" in told


def test_markup_that_the_library_would_take_for_its_own_stays_text(content):
    texts = ["<r><t>x</t></r>", "<r>&</r>", "_x0041_", " spaces ", "<b>&amp;"]
    opened = one_table(content, pd.DataFrame({"text": texts}))
    assert [cell.value for cell in table_sheet(opened, "extra")["A"][2:]] == texts


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
    assert [cell.value for cell in table_sheet(opened, "limits")[1]] == list(content.tables["limits"].columns)
    assert table_sheet(opened, "limits").max_row == 2


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
