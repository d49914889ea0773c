"""A file of segments: how it is read, what `attribution brinson` answers, and what it refuses."""

from __future__ import annotations

import json
from math import fsum

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attribution.brinson.effects import brinson_effects
from attribution.brinson.segments_file import read_segments
from attribution.brinson.tables import segment_effects
from attribution.cli import main
from attribution.contributions.brinson_of_holdings import group_sides
from attribution.contributions.groups import asset_groups
from tests.attribution.brinson.inputs import SIDES, example, one_period
from tests.conftest import ROOT, read_printed

BACON = example("bacon2008_multi_period")
HEADER = "period,segment,portfolio_weight,benchmark_weight,portfolio_return,benchmark_return"
TWO = "Q1,A,0.6,0.5,0.05,0.04\nQ1,B,0.4,0.5,0.01,0.02\n"
LINKS = ("none", "carino", "menchero", "grap", "frongello", "davies-laker", "geometric")


@pytest.fixture
def file(tmp_path):
    def write(text, name="segments.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def bacon(file):
    rows = [HEADER]
    for quarter in ("Q1", "Q2", "Q3", "Q4"):
        values = [BACON["quarters"][quarter][k] for k in ("w_p", "w_b", "r_p", "r_b")]
        rows += [",".join(map(str, [quarter, *row])) for row in zip(BACON["segments"], *values, strict=True)]
    return file("\n".join(rows) + "\n")


def run(capsys, *arguments):
    code = main(["brinson", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_shipped_file_is_bacons_example(bacon):
    shipped = read_segments(ROOT / "fixtures" / "worked_examples" / "bacon2008_segments.csv")
    xr.testing.assert_identical(shipped, read_segments(bacon))


def answer(capsys, *arguments):
    code, printed, _ = run(capsys, *arguments, "--format", "csv")
    assert code == 0
    return read_printed(printed, dtype={"period": str, "segment": str}, keep_default_na=False)


# ---------------------------------------------------------------- Bacon's chapter 8 through the command


@pytest.mark.parametrize("method", list(BACON["linked"]))
def test_the_command_reproduces_bacons_tables(capsys, bacon, method):
    table = answer(capsys, bacon, "--interaction", "selection", "--link", method)
    cells = table.pivot(index=["period", "effect"], columns="segment", values="value")
    compared = 0
    for effect, periods in BACON["linked"][method].items():
        for period, printed in periods.items():
            values = cells.loc[(period, effect), [*BACON["segments"], "Total"]]
            np.testing.assert_allclose(values, printed, atol=BACON["tolerance"])
            compared += 4
    assert compared >= 32
    assert set(table["effect"]) == {"allocation", "selection"}


@pytest.mark.parametrize(("link", "key"), [("davies-laker", "davies_laker"), ("geometric", "geometric")])
def test_the_command_reproduces_bacons_totals(capsys, bacon, link, key):
    table = answer(capsys, bacon, "--method", "bhb", "--link", link)
    total = table[table["period"] == "Total"]
    assert set(total["segment"]) == {"Total"}
    printed = {name: value for name, value in BACON[key].items() if name != "excess"}
    assert total.set_index("effect")["value"].to_dict() == pytest.approx(printed, abs=BACON["tolerance"])
    closed = (1 + total["value"]).prod() - 1 if link == "geometric" else total["value"].sum()
    assert closed == pytest.approx(BACON[key]["excess"], abs=BACON["tolerance"])


# ---------------------------------------------------------------- the shape of the answer


def expected_excess(path):
    frame = pd.read_csv(path)
    own = (frame["portfolio_weight"] * frame["portfolio_return"]).groupby(frame["period"]).sum()
    other = (frame["benchmark_weight"] * frame["benchmark_return"]).groupby(frame["period"]).sum()
    return (1 + own).prod(), (1 + other).prod()


@pytest.mark.parametrize("interaction", ["separate", "selection", "allocation"])
@pytest.mark.parametrize("method", ["fachler", "bhb"])
@pytest.mark.parametrize("link", LINKS)
def test_parts_add_to_totals_and_totals_to_the_excess(capsys, bacon, link, method, interaction):
    table = answer(capsys, bacon, "--method", method, "--interaction", interaction, "--link", link)
    effects = ["allocation", "selection"] + ["interaction"] * (interaction == "separate" and link != "geometric")
    assert list(table.columns) == ["period", "segment", "effect", "value"]
    assert list(table["effect"].unique()) == effects
    assert list(table["period"].unique()) == ["Q1", "Q2", "Q3", "Q4"] + ["Total"] * (link != "none")
    assert list(table["segment"].unique()) == [*BACON["segments"], "Total"]
    wide = table.pivot(index=["period", "effect"], columns="segment", values="value")
    both = wide.dropna()
    np.testing.assert_allclose(both[BACON["segments"]].sum(axis=1), both["Total"], atol=1e-15)
    own, other = expected_excess(bacon)
    if link == "none":
        return
    total = wide["Total"]["Total"]
    if link == "geometric":
        assert (1 + total).prod() == pytest.approx(own / other, abs=1e-14)
        return
    assert fsum(total) == pytest.approx(own - other, abs=1e-14)
    if link != "davies-laker":
        days = wide["Total"].drop("Total").groupby("effect").sum()
        np.testing.assert_allclose(days, total.reindex(days.index), atol=1e-15)


def test_one_period_without_a_label_is_the_total(capsys, file):
    path = file(HEADER.removeprefix("period,") + "\n" + TWO.replace("Q1,", ""))
    for link in LINKS:
        table = answer(capsys, path, "--link", link)
        assert set(table["period"]) == {"Total"}
        assert set(table["segment"]) == {"A", "B", "Total"}
    # (0.6 - 0.5)(4 % - 3 %) - 0.1 (2 % - 3 %); 0.5 (1 % - 1 %); 0.1 x 1 % + 0.1 x 1 %
    total = answer(capsys, path).query("segment == 'Total'").set_index("effect")["value"]
    assert total.to_dict() == pytest.approx({"allocation": 0.002, "selection": 0.0, "interaction": 0.002}, abs=1e-15)


def test_codes_stay_text(file):
    segments = read_segments(file(f"{HEADER}\nQ1,0130,0.6,0.5,0.05,0.04\nQ1,NA,0.4,0.5,0.01,0.02\n"))
    assert segments["segment"].values.tolist() == ["0130", "NA"]


def test_byte_order_marks_blanks_and_other_columns_do_no_harm(file):
    text = "﻿" + HEADER.replace(",", " , ") + ",note\r\n" + TWO.replace("\n", ",x\r\n")
    assert read_segments(file(text))["portfolio_weight"].values.tolist() == [[0.6, 0.4]]


def test_an_empty_return_is_missing_and_a_segment_without_a_row_is_not_held(file):
    segments = read_segments(file(f"{HEADER}\nQ1,A,1,1,0.1,0.1\nQ2,A,0.5,1,0.1,0.1\nQ2,B,0.5,0,0.2,\n"))
    assert segments["portfolio_weight"].values.tolist() == [[1, 0], [0.5, 0.5]]
    assert np.isnan(segments["benchmark_return"].values[:, 1]).all()


@pytest.mark.parametrize(("missing", "value"), [("other-side", 0.05), ("benchmark-total", 0.0), ("zero", -0.05)])
def test_the_command_takes_the_policy(capsys, file, missing, value):
    path = file(f"{HEADER}\nQ1,A,0.5,1,0.1,0.1\nQ1,B,0.5,0,0.2,\n")
    table = answer(capsys, path, "--missing", missing).set_index(["period", "segment", "effect"])["value"].sort_index()
    assert table["Q1", "B", "allocation"] == pytest.approx(value, abs=1e-15)
    assert fsum(table["Total", "Total"]) == pytest.approx(0.05, abs=1e-15)


def test_weights_may_miss_one_by_a_basis_point_and_no_more(capsys, file):
    rounded = answer(capsys, file(f"{HEADER}\nQ1,A,0.6,0.5,0.05,0.04\nQ1,B,0.4,0.4999,0.01,0.02\n"))
    assert list(rounded["segment"].unique()) == ["A", "B", "(remainder)", "Total"]
    total = rounded.query("period == 'Total' and segment == 'Total'")["value"]
    assert fsum(total) == pytest.approx(0.034 - 0.029998, abs=1e-16)
    code, _, message = run(capsys, file(f"{HEADER}\nQ1,A,0.6,0.5,0.05,0.04\nQ1,B,0.4,0.4998,0.01,0.02\n"))
    assert code == 2
    assert "benchmark_weight: weights of Q1 sum to 0.9998, not 1." in message


@pytest.mark.parametrize("total", [0.9999, 1.0001])
def test_a_miss_of_exactly_a_basis_point_is_allowed_whatever_the_rounding_of_the_sum(total):
    rng = np.random.default_rng(0)
    over = 0
    for _ in range(200):
        weight = np.round(rng.dirichlet(np.ones(7)), 4)
        weight[-1] = round(total - weight[:-1].sum(), 4)
        over += abs(weight.sum() - 1) > 1e-4
        sides = one_period("ABCDEFG", weight, np.full(7, 1 / 7), np.zeros(7), np.zeros(7))
        brinson_effects(**sides, weight_tolerance=1e-4)
    assert over > 5  # sums that floating point puts beyond the tolerance


def test_rows_of_commas_that_spreadsheets_leave_are_no_rows(file):
    segments = read_segments(file(f"{HEADER}\n{TWO}\n,,,,,\n , ,,,,\n"))
    assert segments["segment"].values.tolist() == ["A", "B"]


def test_dates_of_holdings_are_printed_as_days(small_result):
    """From holdings to geometric effects: groups of a cube are segments like those of a file."""
    cube = small_result.cube
    table = segment_effects(group_sides(cube, asset_groups(cube, "sector")), link="geometric")
    assert table["period"].iloc[0] == f"{cube.days[0]:%Y-%m-%d}"
    closed = (1 + table[table["period"] == "Total"]["value"]).prod()
    assert closed == pytest.approx((1 + small_result.portfolio_return) / (1 + small_result.benchmark_return), abs=1e-12)


def test_json_has_the_same_rows_as_csv(capsys, bacon):
    code, printed, _ = run(capsys, bacon, "--format", "json")
    assert code == 0
    pd.testing.assert_frame_equal(pd.DataFrame(json.loads(printed)), answer(capsys, bacon), check_dtype=False)


def test_the_text_reads_well(capsys, bacon):
    code, printed, _ = run(capsys, bacon, "--interaction", "selection")
    assert code == 0
    assert printed.splitlines() == [
        "Brinson-Fachler, top-down, carino linking",
        "segment           portfolio_weight benchmark_weight allocation selection contribution",
        "UK equities                 42.50%           42.50%     +1.65%    +8.04%       +9.69%",
        "Japanese equities           37.50%           32.50%     -0.61%    +0.18%       -0.42%",
        "US equities                 20.00%           25.00%     +0.15%    +3.85%       +4.00%",
        "Total                      100.00%          100.00%     +1.19%   +12.07%      +13.27%",
        "",
        "period return benchmark  excess allocation selection",
        "Q1     +8.30%    +6.40%  +1.90%     -1.20%    +3.10%",
        "Q2     -3.40%    -4.60%  +1.20%     -0.50%    +1.70%",
        "Q3     -5.00%   -12.50%  +7.50%     +3.50%    +4.00%",
        "Q4     +4.50%    +2.00%  +2.50%     -1.00%    +3.50%",
        "Total  +3.86%    -9.41% +13.27%     +1.19%   +12.07%",
    ]


@pytest.mark.parametrize("link", LINKS)
def test_the_text_of_a_long_file_is_short(capsys, file, link):
    rows = [
        f"{day:%Y-%m-%d},S{i},0.02,0.02,0.0{i:02d},0.01"
        for day in pd.bdate_range("2024-01-01", periods=40)
        for i in range(50)
    ]
    code, printed, _ = run(capsys, file(HEADER + "\n" + "\n".join(rows)), "--link", link)
    assert code == 0
    assert len(printed.splitlines()) < 40
    assert "The last of 40 periods; --format csv has all." in printed


# ---------------------------------------------------------------- what is refused


BAD = {
    "empty file": ("", "segments.csv: the file is empty."),
    "header alone": (HEADER + "\n", "segments.csv: the file has a header but no rows."),
    "missing column": (
        "segment,portfolio_weight\nA,1\n",
        "segments.csv: missing columns 'benchmark_weight', 'portfolio_return', 'benchmark_return'. "
        "Found: segment, portfolio_weight.",
    ),
    "column twice": (HEADER + ",period\n", "segments.csv: column 'period' is there twice. Keep one."),
    "duplicate rows": (
        f"{HEADER}\n{TWO}Q1,A,0,0,0,0\n",
        "segments.csv: 1 duplicate row of (period, segment): Q1 A. Keep one each; add up what belongs together.",
    ),
    "weights in percent": (
        f"{HEADER}\nQ1,A,60,50,0.05,0.04\nQ1,B,40,50,0.01,0.02\n",
        "portfolio_weight: weights of Q1 sum to 100, not 1. They look like percent; divide by 100.",
    ),
    "returns in percent": (
        f"{HEADER}\nQ1,A,0.6,0.5,5,0.04\nQ1,B,0.4,0.5,1.2,0.02\n",
        "portfolio_return: 2 values of 2 above 1 in size: (Q1, A) 5, (Q1, B) 1.2. "
        "They look like percent (divide by 100) or prices (give returns).",
    ),
    "percent signs": (
        f"{HEADER}\nQ1,A,0.6,0.5,5%,0.04\nQ1,B,0.4,0.5,0.01,0.02\n",
        "segments.csv: 1 cell of 'portfolio_return' is not a number: row 1 '5%'. "
        "Write decimals with a point, 0.25 for 25 %. A percent sign is not read: divide by 100.",
    ),
    "return below -100 %": (
        f"{HEADER}\n{TWO}Q2,A,1,1,-1.5,0.1\n",
        "portfolio_return: 1 return below -1 (a loss of more than 100 %): (Q2, A) -1.5. "
        "Returns are decimals: -0.05 is a loss of 5 %.",
    ),
    "NaN": (
        f"{HEADER}\nQ1,A,0.6,0.5,nan,0.04\nQ1,B,0.4,0.5,0.01,0.02\n",
        "segments.csv: 1 cell of 'portfolio_return' NaN: Q1 A. Leave the cell empty where the segment is not held.",
    ),
    "infinite": (
        f"{HEADER}\nQ1,A,0.6,0.5,inf,0.04\nQ1,B,0.4,0.5,0.01,0.02\n",
        "portfolio_return: 1 infinite value: (Q1, A) inf. "
        "Usually a division by zero upstream; leave the return of a segment that is not held empty.",
    ),
    "empty weight": (
        f"{HEADER}\nQ1,A,,0.5,0.05,0.04\nQ1,B,0.4,0.5,0.01,0.02\n",
        "segments.csv: 1 cell of 'portfolio_weight' empty or NaN: Q1 A. Write 0 where the segment is not held.",
    ),
    "empty return of a held segment": (
        f"{HEADER}\nQ1,A,0.6,0.5,,0.04\nQ1,B,0.4,0.5,0.01,0.02\n",
        "portfolio_return: 1 return missing where the weight (shown) is not zero: (Q1, A) 0.6. "
        "It is never taken as 0; give the return.",
    ),
    "empty label": (
        f"{HEADER}\nQ1,,1,1,0.05,0.04\n",
        "segments.csv: 1 empty cell in 'segment': row 1. Fill it; remove a row only if it states nothing, as a footer does.",
    ),
    "totals in the file": (
        f"{HEADER}\n{TWO}Q1,Total,1,1,0.1,0.1\n",
        "segments.csv: segment 'Total' is a reserved name. Leave totals out (they are computed), or rename it.",
    ),
    "a period named Total": (
        f"{HEADER}\n{TWO.replace('Q1', 'Total')}",
        "segments.csv: period 'Total' is a reserved name. Leave totals out (they are computed), or rename it.",
    ),
    "totals under another name": (
        f"{HEADER}\n{TWO}Q1,TOTAL,1,1,0.1,0.1\n",
        "portfolio_weight: weights of Q1 sum to 2, not 1. A row of totals seems to be among them; leave it out.",
    ),
    "nothing but commas": (",,,\n,,,\n", "segments.csv: the file is empty."),
    "hours after a day": (
        f"{HEADER}\n31/01/2024 16:00,A,1,1,0.1,0.1\n",
        "segments.csv: 1 period with a time of day: 31/01/2024 16:00. Give plain dates, YYYY-MM-DD.",
    ),
    "hours": (
        f"{HEADER}\n2024-01-31 16:00,A,1,1,0.1,0.1\n",
        "segments.csv: 1 period with a time of day: 2024-01-31 16:00. Give plain dates, YYYY-MM-DD.",
    ),
    "time zone": (
        f"{HEADER}\n2024-01-31T16:00+09:00,A,1,1,0.1,0.1\n",
        "segments.csv: 1 period with a time zone: 2024-01-31T16:00+09:00. Give plain dates, YYYY-MM-DD.",
    ),
    "more cells than columns": (
        f"{HEADER}\n{TWO.replace('0.04', '0.04,7')}",
        "segments.csv: cannot be read as CSV (Error tokenizing data. C error: Expected 6 fields in line 2, saw 7). "
        "Separate cells with commas; decimals have a point.",
    ),
    "another encoding": (
        f"{HEADER}\nQ1,電力,1,1,0.1,0.1\n".encode("cp932"),
        "segments.csv: not UTF-8. Save it as UTF-8 (it may be cp932).",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_bad_files_are_refused_with_one_message(capsys, file, text, message):
    code, printed, said = run(capsys, file(text))
    assert (code, printed) == (2, "")
    assert said == f"attribution brinson: {message}\n"


def test_log_linkers_refuse_a_total_loss_by_name_and_grap_does_not(capsys, file):
    path = file(f"{HEADER}\n{TWO}Q2,A,1,1,-1,0.1\n")
    code, _, said = run(capsys, path, "--link", "carino")
    assert (code, said.split(":")[1]) == (2, " Carino linking")
    assert answer(capsys, path, "--link", "grap").query("period == 'Total' and segment == 'Total'")["value"].sum() < -1


def test_no_such_file_and_unknown_words_exit_with_2(capsys, tmp_path, bacon):
    code, _, said = run(capsys, tmp_path / "none.csv")
    assert (code, said.endswith("none.csv: no such file.\n")) == (2, True)
    with pytest.raises(SystemExit) as caught:
        main(["brinson", str(bacon), "--link", "geo"])
    assert caught.value.code == 2


def test_reading_does_not_change_what_was_given(bacon):
    segments = read_segments(bacon)
    assert tuple(segments.data_vars) == SIDES
    assert list(segments["time"].values) == ["Q1", "Q2", "Q3", "Q4"]
