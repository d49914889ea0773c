"""Periods of a file of segments: their order, what is said of it, what is not guessed."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.brinson.segments_file import follow_one_another, ordered_periods, read_segments
from attribution.brinson.tables import segment_effects
from attribution.cli import main
from riskmodel import InputError
from tests.conftest import read_printed

HEADER = "period,segment,portfolio_weight,benchmark_weight,portfolio_return,benchmark_return"
# weight of equity and returns r, s of equity and r, s of bonds; the benchmark holds half of each
ROWS = [
    (0.6, 0.20, 0.10, 0.02, 0.01),
    (0.9, -0.15, 0.04, 0.01, 0.0),
    (0.5, 0.12, -0.08, -0.02, 0.01),
    (0.7, -0.06, 0.11, 0.03, 0.02),
]
# by hand: sum of prod_{s<t} (1 + R_s) e_t prod_{s>t} (1 + B_s), and F_t = e_t prod_{s<t} (1 + R_s) + B_t sum_{s<t} F_s
GRAP = {"allocation": 0.0464453235, "selection": -0.0403053363, "interaction": -0.1202322429}
FRONGELLO = {
    "allocation": [0.009, 0.018228, -0.00095298, 0.0201703035],
    "selection": [0.055, -0.10042, 0.08462178, -0.0795071163],
    "interaction": [0.009, -0.09006, 0.0028371, -0.0420093429],
}
NAMES = {
    "iso": ["2024-01", "2024-02", "2024-03", "2024-04"],
    "months without a year": ["Jan", "Feb", "Mar", "Apr"],
    "whole names of months": ["January", "February", "March", "April"],
    "sept": ["Jul 2024", "Aug 2024", "Sept 2024", "Oct 2024"],
    "half-years": ["H1 2022", "H2 2022", "H1 2023", "H2 2023"],
    "half-years, short": ["1H22", "2H22", "1H23", "2H23"],
    "German": ["Sep 2024", "Okt 2024", "Nov 2024", "Dez 2024"],
    "weeks": ["W51 2023", "W52 2023", "W1 2024", "W2 2024"],
    "fiscal quarters": ["Q3 FY24", "Q4 FY24", "Q1 FY25", "Q2 FY25"],
    "apostrophe": ["Nov '24", "Dec '24", "Jan '25", "Feb '25"],
    "the year first": ["2024 Nov", "2024 Dec", "2025 Jan", "2025 Feb"],
    "months with an M": ["2023M11", "2023-M12", "2024M1", "2024M2"],
    "the month first and whole": ["Nov-30-2023", "Dec-31-2023", "Jan-31-2024", "Feb-29-2024"],
    "quarters in words": ["Quarter 3 2023", "Qtr 4 2023", "Qtr. 1 2024", "Q2 2024"],
    "Japanese quarters": ["2023年3Q", "2023年4Q", "2024年1Q", "2024年2Q"],
    "Japanese half-years": ["2022下期", "2023上期", "2023年下期", "2024年度上期"],
    "calendar years": ["CY2021", "CY 2022", "2023", "2024年"],
    "American, two digits": ["11/30/24", "12/31/24", "1/31/25", "2/28/25"],
    "Japanese months without a year": ["11月", "12月", "1月", "2月"],
    "eras": ["平成31年4月", "令和元年5月", "令和元年6月", "令和元年7月"],
    "no dates at all": ["spring", "autumn", "crash", "after"],
}


@pytest.fixture
def file(tmp_path):
    def write(names, rows=ROWS):
        lines = [HEADER]
        for name, (weight, r, s, r_bonds, s_bonds) in zip(names, rows, strict=True):
            lines += [f"{name},Equity,{weight},0.5,{r},{s}", f"{name},Bonds,{round(1 - weight, 4)},0.5,{r_bonds},{s_bonds}"]
        path = tmp_path / "segments.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def totals(path, link):
    table = segment_effects(read_segments(path), link=link)
    return table[table["segment"] == "Total"].pivot(index="period", columns="effect", values="value"), table


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_links_that_depend_on_order_are_right_however_periods_are_named(file, names):
    path = file(names)
    total, _ = totals(path, "grap")
    assert total.loc["Total"].to_dict() == pytest.approx(GRAP, abs=1e-12)
    increments, table = totals(path, "frongello")
    assert list(table["period"].unique()) == [*names, "Total"]
    for effect, values in FRONGELLO.items():
        assert increments.loc[names, effect].tolist() == pytest.approx(values, abs=1e-12)


DATED = [names for names in NAMES.values() if ordered_periods(names[::-1]) == names]


@given(st.sampled_from(DATED), st.permutations(range(4)))
def test_dates_stand_in_the_order_of_time_whatever_the_order_of_the_file(names, places):
    assert ordered_periods([names[place] for place in places]) == names


def test_seventeen_of_the_ways_to_name_periods_are_dates():
    assert len(DATED) == 17


@given(st.sampled_from([names for names in NAMES.values() if names not in DATED]), st.permutations(range(4)))
def test_what_is_no_date_keeps_the_order_of_the_file(names, places):
    shuffled = [names[place] for place in places]
    assert ordered_periods(shuffled) == shuffled


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        (["2024-02-29", "2023-12-31", "2024-01-31"], ["2023-12-31", "2024-01-31", "2024-02-29"]),
        (["2024-2", "2023-11", "2024-1"], ["2023-11", "2024-1", "2024-2"]),
        (["2024/10/1", "2024/9/30"], ["2024/9/30", "2024/10/1"]),
        (["Feb 2024", "Jan 2024", "Dec 2023"], ["Dec 2023", "Jan 2024", "Feb 2024"]),
        (["Q1 2024", "Q4 2023"], ["Q4 2023", "Q1 2024"]),
        (["2024Q1", "2023Q4"], ["2023Q4", "2024Q1"]),
        (["Q1 2000", "Q4 1999"], ["Q4 1999", "Q1 2000"]),
        (["1Q00", "4Q99"], ["4Q99", "1Q00"]),
        (["2024年10月", "2024年9月"], ["2024年9月", "2024年10月"]),
        (["２０２４年１０月", "2024年9月"], ["2024年9月", "２０２４年１０月"]),
        (["2024年第1四半期", "2023年第4四半期"], ["2023年第4四半期", "2024年第1四半期"]),
        (["令和6年度上期", "令和5年度下期"], ["令和5年度下期", "令和6年度上期"]),
        (["令和元年5月1日", "平成31年4月30日"], ["平成31年4月30日", "令和元年5月1日"]),
        (["31/01/2025", "29/02/2024"], ["29/02/2024", "31/01/2025"]),
        (["01/2025", "12/2024"], ["12/2024", "01/2025"]),
        (["Jan-25", "Dec-24"], ["Dec-24", "Jan-25"]),
        (["Nov 24", "Dec 24", "Jan 25"], ["Nov 24", "Dec 24", "Jan 25"]),
        (["31.01.2025", "31.12.2024"], ["31.12.2024", "31.01.2025"]),
        (["20250131", "20241231"], ["20241231", "20250131"]),
        (["202501", "202412"], ["202412", "202501"]),
        (["2025", "2024"], ["2024", "2025"]),
        (["FY25", "FY2024"], ["FY2024", "FY25"]),
        (["January 31, 2025", "December 31, 2024"], ["December 31, 2024", "January 31, 2025"]),
        (["Sept. 2024", "AUG 2024", "juil. 2024"], ["juil. 2024", "AUG 2024", "Sept. 2024"]),
        (["1Q25", "4Q24", "Q1'24"], ["Q1'24", "4Q24", "1Q25"]),
        (["2024-W01", "KW 52 2023", "Week 51, 2023"], ["Week 51, 2023", "KW 52 2023", "2024-W01"]),
        (["2025/01/31", "2024-12-31"], ["2024-12-31", "2025/01/31"]),
    ],
)
def test_dates_of_one_unit_are_sorted(given, ordered):
    assert ordered_periods(given) == ordered


@pytest.mark.parametrize(
    "names",
    [
        ["Q10", "Q2", "Q1"],
        ["week 11", "week 9", "2024"],
        ["stub", "2025-01-31"],
        ["2024-13", "2024-12"],
        ["2024-02-30", "2024-01-31"],
        ["24年11月", "24年1月"],  # of Heisei or of this century
        ["平成32年1月", "平成31年1月"],  # Heisei ended in its 31st year
        ["W60 2024", "W1 2024"],
        ["2025", "Q4 2024"],  # a year and a quarter overlap
        ["²", "1"],
    ],
)
def test_what_is_no_date_or_of_several_units_is_not_sorted(names):
    assert ordered_periods(names) == names


DOUBTS = {
    ("01/02/2024", "02/01/2024"): "the day first or the month first",
    ("1-2-2024", "2-1-2024"): "the day first or the month first",
    ("01/02/03", "02/01/03"): "the day first, the month first or the year first",
    ("31.12.24", "31.01.25"): "the day first or the year first",
    ("Nov 25", "Nov 26", "Dec 10"): "months of a year or days of a month",
    ("2024.09", "2024.1", "2024.11"): "January or October",  # a spreadsheet takes 2024.10 for a number
}


@pytest.mark.parametrize(("names", "ways"), DOUBTS.items())
def test_a_form_that_could_be_two_dates_in_another_order_is_never_guessed(names, ways):
    with pytest.raises(InputError) as caught:
        ordered_periods(list(names), "segments.csv")
    assert str(caught.value) == (
        f"segments.csv: periods {', '.join(names)} could be read with {ways}, which gives another order. Write dates as "
        f"YYYY-MM-DD, months as YYYY-MM."
    )


def test_two_ways_to_read_that_give_one_order_are_no_doubt():
    assert ordered_periods(["02/02/2024", "01/01/2024"]) == ["01/01/2024", "02/02/2024"]


@pytest.mark.parametrize(
    "twice", [["2024-01-31", "2024-1-31"], ["Q1 2024", "1Q24"], ["平成31年5月", "令和元年5月"], ["Sep 2024", "2024-09"]]
)
def test_one_date_written_in_two_ways_is_no_two_periods(twice):
    with pytest.raises(InputError) as caught:
        ordered_periods(twice, "segments.csv")
    assert str(caught.value) == (
        f"segments.csv: periods '{twice[0]}' and '{twice[1]}' are the same date. Write a period in one way only."
    )


@given(st.lists(st.text(max_size=12), unique=True, max_size=6))
def test_any_names_at_all_come_back_each_once_or_are_refused(names):
    try:
        assert sorted(ordered_periods(names)) == sorted(names)
    except InputError as error:
        assert "same date" in str(error) or "another order" in str(error)


# ---------------------------------------------------------------- what is said


SAID = {
    "dates": (["Sept 2024", "Aug 2024"], "Periods by date: Aug 2024, Sept 2024."),
    "names": (["Nov", "Dec"], "Periods in the order of the file, as their names are no dates: Nov, Dec."),
    "names out of order": (
        ["Q3", "Q1", "Q4"],
        "Periods in the order of the file, as their names are no dates: Q3, Q1, Q4. They do not follow one another; sort "
        "the rows if that is not their order.",
    ),
}


@pytest.mark.parametrize("link", ["grap", "frongello"])
@pytest.mark.parametrize(("names", "said"), SAID.values(), ids=SAID)
def test_a_link_that_depends_on_order_says_what_order_it_took(capsys, file, link, names, said):
    path = file(names, ROWS[: len(names)])
    assert main(["brinson", str(path), "--link", link]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [f"Brinson-Fachler, interaction separate, {link} linking", said]
    for form in ("csv", "json"):
        assert main(["brinson", str(path), "--link", link, "--format", form]) == 0
        printed, beside = capsys.readouterr()
        assert beside == f"{said}\n"
        assert said not in printed


@pytest.mark.parametrize("link", ["none", "carino", "menchero", "davies-laker", "geometric"])
def test_other_links_say_nothing_of_order_as_their_totals_do_not_depend_on_it(capsys, file, link):
    printed = []
    for order in ([0, 1, 2, 3], [2, 0, 3, 1]):
        path = file([NAMES["no dates at all"][k] for k in order], [ROWS[k] for k in order])
        assert main(["brinson", str(path), "--link", link, "--format", "csv"]) == 0
        out, beside = capsys.readouterr()
        assert beside == ""
        rows = read_printed(out, dtype={"period": str, "segment": str}, keep_default_na=False)
        printed.append(rows.set_index(["period", "segment", "effect"])["value"].sort_index())
    pd.testing.assert_series_equal(*printed, rtol=0, atol=1e-14)


def test_tables_carry_the_order_that_they_are_in(file):
    for names, order in ((["2024-02", "2024-01"], "date"), (["Feb", "Jan"], "file")):
        segments = read_segments(file(names, ROWS[:2]))
        assert segments.attrs == {"period_order": order}
        assert segment_effects(segments, link="grap").attrs == {"period_order": order}


@pytest.mark.parametrize(
    ("names", "forward"),
    [
        (["Jan", "Feb", "Apr"], True),
        (["11月", "12月", "1月"], True),
        (["Q3", "Q4", "Q1", "Q2"], True),
        (["P11", "P12", "P1"], True),
        (["Mar", "Jan", "Apr"], False),
        (["Apr", "Feb", "Jan", "Mar"], False),
        (["Q10", "Q2", "Q1"], False),
        (["stub", "Q2", "Q1"], True),
        ([], True),
    ],
)
def test_names_without_a_year_follow_one_another_over_the_end_of_one_year_at_most(names, forward):
    assert follow_one_another(names) is forward
