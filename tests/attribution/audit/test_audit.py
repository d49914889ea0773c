"""The audit of a published report: what it finds in a real one, and that it finds nothing in one that is consistent."""

from __future__ import annotations

import copy
import csv
import datetime
import json
import math
import random
import subprocess
import sys
import tomllib
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.audit import audit_figures, audit_report
from attribution.audit.figures import Figure
from attribution.audit.identities import blends, slack
from attribution.audit.names import CLOSES
from attribution.audit.rules import largest_sharpe
from attribution.audit.run import _identities, _Log
from attribution.audit.slips import edit_distance, nearest_names, slips
from attribution.cli import main
from attribution.reporting.tables.addresses import address
from riskmodel.errors import InputError
from riskmodel.market.calendar import is_session, last_session
from tests.attribution.reporting.reports import PUBLISHED, consistent_report, parsed
from tests.conftest import dear_examples

quick = settings(deadline=None, max_examples=dear_examples(), derandomize=True)
SEEDS = st.integers(0, 10**9)


@pytest.fixture(scope="module")
def published():
    return audit_report(PUBLISHED)


@pytest.fixture
def document():
    return tomllib.loads(PUBLISHED.read_text(encoding="utf-8"), parse_float=Decimal)


def found(document):
    return audit_figures(parsed(document)).findings


def added(document):
    """What an altered copy of the published report has beside the five findings of the published one."""
    known = {finding.figures[0] for finding in audit_report(PUBLISHED).findings}
    return [finding for finding in found(document) if finding.figures[0] not in known]


def test_the_published_report_has_five_contradicted_figures_and_no_more(published):
    assert [(finding.rule, finding.figures[0]) for finding in published.findings] == [
        ("weeks", ('weeks.2026-03-23."S&P 500"', Decimal("-2.21"))),
        ("windows", ('trailing."S&P 500".6m', Decimal("2.98"))),
        ("limit", ("top_contributors.next_major.FSLY.weight", Decimal("10.9"))),
        ("ticker", ("top_contributors.next_major.BTSB.ticker", "BTSB")),
        ("index basis", ("benchmarks.major", "S&P 500")),
    ]


def test_the_weeks_name_the_swapped_digits_and_the_other_weeks_that_would_do(published):
    weeks = published.findings[0]
    assert weeks.reasons == ('index_returns."S&P 500" is -5.09, but compounding the weeks of S&P 500 gives -5.19',)
    assert weeks.difference == pytest.approx(-0.10, abs=0.002)
    # five weeks and the month, each half a hundredth
    assert weeks.rounding == pytest.approx(6 * 0.005, rel=0.02)
    assert weeks.correction.startswith("-2.12 (two digits swapped); it would also do to correct weeks.2026-03-09")
    assert 'weeks.2026-03-30."S&P 500" 2.61 (one digit mistyped)' in weeks.correction


def test_the_six_months_are_found_to_be_eight(published):
    windows = published.findings[1]
    assert windows.difference == pytest.approx(2.98 - (6528.5 / 6688.46 - 1) * 100, abs=1e-6)
    assert windows.correction == (
        "-2.39; 2.98 is the return since 2025-07-31, eight months back: the rest of the 6m column may count from there too"
    )


def test_a_weight_that_drifted_over_the_limit_is_told_as_such(published):
    limit = published.findings[2]
    assert (limit.difference, limit.rounding) == (0.9, 0.05)
    # 10.9 x (1 - 0.0069) - 4.47
    assert limit.correction.startswith("drift can explain it: as a month-end weight, FSLY began the month at about 6.4 %")


def test_the_misprinted_ticker_has_its_neighbour_on_the_keyboard(published):
    assert published.findings[3].correction == "BTSG"


def test_the_price_index_is_known_from_the_size_of_its_levels(published):
    basis = published.findings[4]
    assert "at the end of 2025 the price index closed at 6,845.50, the total return index at 15,220.45" in basis.reasons[0]
    assert published.not_run["index basis"] == "nothing says what Russell 2000 is"


def test_the_closes_of_both_indices_make_the_returns_of_each_year():
    # slickcharts.com/sp500/returns/details: price return and total return of the S&P 500, percent
    returns = {
        2016: (9.54, 11.96), 2017: (19.42, 21.83), 2018: (-6.24, -4.38), 2019: (28.88, 31.49), 2020: (16.26, 18.40),
        2021: (26.89, 28.71), 2022: (-19.44, -18.11), 2023: (24.23, 26.29), 2024: (23.31, 25.02), 2025: (16.39, 17.88),
    }  # fmt: skip
    closes = CLOSES["S&P 500"]
    assert sorted(closes) == [2015, *returns]
    for year, printed in returns.items():
        for now, before, percent in zip(closes[year], closes[year - 1], printed, strict=True):
            assert (now / before - 1) * 100 == pytest.approx(percent, abs=0.0051)


def test_levels_of_other_times_say_nothing_of_what_the_index_is(document):
    # 1,800 was the total return index at the end of 2000; beside the closes of 2015 it would pass for the price index
    document["index_levels"]["S&P 500"] = {"2000-12-29": Decimal("1800.00"), "1999-12-31": Decimal("1980.00")}
    audit = audit_figures(parsed(document))
    assert "index basis" not in [finding.rule for finding in audit.findings]
    assert audit.not_run["index basis"] == "nothing says what S&P 500, Russell 2000 is"


@quick
@given(SEEDS)
def test_a_consistent_report_has_no_findings(seed):
    assert found(consistent_report(seed)) == ()


@quick
@given(SEEDS, st.sampled_from([1, 3]))
def test_nor_has_one_printed_to_other_decimals(seed, places):
    assert found(consistent_report(seed, places)) == ()


def alter(document, path, value):
    """Set a figure by its address."""
    parts = [part.strip('"') for part in _parts(path)]
    if parts[0] == "ranking":
        rows = [row for row in document["ranking"] if row["course"] == parts[1]]
    elif parts[0] == "weeks":
        rows = [row for row in document["weeks"] if str(row["from"]) == parts[1]]
    elif parts[0] == "top_contributors":
        rows = [row for row in document[parts[0]][parts[1]] if row["ticker"] == parts[2]]
    else:
        rows = [document]
        for part in parts[:-1]:
            rows = [rows[0][part]]
    rows[0][parts[-1]] = value


def _parts(path):
    return next(csv.reader([path], delimiter=".", quotechar='"'))


@quick
@given(SEEDS)
def test_one_figure_beyond_its_rounding_is_one_finding_that_names_it(seed):
    draw, document = random.Random(seed), consistent_report(seed)
    figures = parsed(document)
    printed, identities = figures.all(), _identities(figures, _Log())
    ranges = {path: figure.range for path, figure in printed.items()}
    path = draw.choice(sorted({path for identity in identities for path in identity.paths}))
    figure = printed[path]
    unit = Decimal(1).scaleb(-figure.places)
    explained = 2 * min(slack(identity, path, ranges) for identity in identities if path in identity.paths)
    steps = math.floor(explained / Fraction(unit)) + 1 + draw.choice([0, 1, 5, 40])
    alter(document, path, figure.value + draw.choice([-1, 1]) * steps * unit)
    findings = found(document)
    assert len(findings) == 1
    assert path in [other for other, _ in findings[0].figures]
    assert abs(findings[0].difference) > findings[0].rounding


@pytest.mark.parametrize(
    ("path", "value", "rule", "correction"),
    [
        ('ranking."Major 30 : Next 70".return', "-2.64", "excess", "-2.46 (two digits swapped)"),
        ('ranking."Next Major 100".return', "0.69", "printed twice", "-0.69 (the sign lost)"),
        ('ranking."Major 70 : Next 30".benchmark', "-51.2", "excess", "-5.12 (the point a place off)"),
        ("average.excess", "1.84", "average", "1.48 (two digits swapped)"),
        ('trailing."Russell 2000".1m', "-5.71", "printed twice", "-5.17 (two digits swapped)"),
        (
            'trailing."S&P 500".1y',
            "13.63",
            "windows",
            '16.33 (two digits swapped); it would also do to correct index_levels."S&P 500".2025-03-31',
        ),
        ('index_levels."S&P 500".2026-03-31', "6582.5", "windows", "6528.5 (two digits swapped)"),
        (
            'index_levels."S&P 500".2025-02-12',
            "6501.97",
            "windows",
            '6051.97 (two digits swapped); it would also do to correct trailing."S&P 500".itd',
        ),
        ('ranking."Next Major 100".return', "-1", "printed twice", "-0.69"),
        ("top_contributors.major.NFLX.weight", "-4.3", "contribution", "4.3 (the sign lost)"),
        (
            "top_contributors.major.PLTR.contribution",
            "-0.04",
            "contribution",
            "0.04 (the sign lost)",
        ),
        (
            'trailing."Next Major 100".sharpe',
            "0.82",
            "ratio",
            "0.28 (two digits swapped); it would also do to correct "
            'trailing."Next Major 100".sortino 1.42 (one digit mistyped)',
        ),
    ],
)
def test_a_slip_is_traced_to_the_one_figure_that_explains_every_contradiction(document, path, value, rule, correction):
    alter(document, path, int(value) if value == "-1" else Decimal(value))
    (finding,) = added(document)
    assert (finding.rule, finding.figures[0][0]) == (rule, path)
    assert finding.correction == correction


def test_a_week_is_traced_to_its_slip_whatever_else_is_wrong_in_the_report(document):
    document["weeks"][3]["NY Dow"] = Decimal("-9.00")
    (finding,) = added(document)
    assert finding.figures[0] == ('weeks.2026-03-23."NY Dow"', Decimal("-9.00"))
    assert finding.correction.startswith("-0.90 (two digits swapped)")


def test_a_blend_that_is_wrong_in_more_than_one_figure_may_have_wrong_shares(document):
    document["courses"]["Major 70 : Next 30"] = {"major": Decimal("0.6"), "next_major": Decimal("0.4")}
    assert {finding.correction.split("; ")[-1] for finding in added(document)} == {
        'or the shares in courses."Major 70 : Next 30" are wrong'
    }


def test_excess_must_be_return_less_benchmark_beyond_rounding_only(document):
    document["ranking"][0]["excess"] = Decimal("4.49")  # 4.48 from the rounded ones; rounding explains up to 0.015
    assert not [finding for finding in added(document) if finding.rule == "excess"]
    document["ranking"][0]["excess"] = Decimal("4.50")
    assert [finding.figures[0][0] for finding in added(document)] == ['ranking."Next Major 100".excess']


def test_two_mistakes_are_two_findings(document):
    document["ranking"][1]["return"] = Decimal("-2.64")
    document["average"]["return"] = Decimal("-3.46")
    assert [finding.figures[0][0] for finding in added(document)] == [
        'ranking."Major 30 : Next 70".return',
        "average.return",
    ]


def test_a_rank_must_follow_the_excess_or_the_return(document):
    document["ranking"][1]["rank"] = 3
    (finding,) = added(document)
    assert finding.reasons == ("Major 30 : Next 70 is ranked 3, but its excess is number 2 of 5",)
    document["ranking"][1]["rank"] = 2
    for row, excess in zip(document["ranking"], ("1.00", "2.00", "3.00", "4.00", "5.00"), strict=True):
        row["benchmark"] = row["return"] - Decimal(excess)  # ranked by return, then, and that is as good
        row["excess"] = Decimal(excess)
    assert "rank" not in [finding.rule for finding in found(document)]


def test_excesses_that_are_equal_within_rounding_rank_either_way(document):
    for row in document["ranking"]:
        row["excess"] = row["return"] = Decimal("1.00")
    assert "rank" not in [finding.rule for finding in found(document)]


def test_weeks_must_tile_the_month(document):
    document["weeks"][1]["from"] = document["weeks"][1]["from"].replace(day=10)
    (finding,) = added(document)
    assert finding.reasons == ("1 session of the month in no week: 2026-03-09",)
    document["weeks"][1]["from"] = document["weeks"][1]["from"].replace(day=6)
    (finding,) = added(document)
    assert finding.reasons == ("the week of 2026-03-06 overlaps the week before",)
    assert audit_figures(parsed(document)).not_run["weeks"] == "returns are not compounded before the dates are right"


def test_weeks_of_another_month_are_one_finding_of_the_month(document):
    document["month"] = "2026-05"
    del document["index_levels"]
    (finding,) = [finding for finding in found(document) if finding.rule == "weeks"]
    assert (finding.figures[0], finding.correction) == (("month", "2026-05"), "2026-03")


def test_windows_longer_than_the_service_are_one_finding_of_its_start(document):
    document["service_start"] = document["service_start"].replace(month=4, day=14)
    del document["index_levels"]
    early = [finding.figures for finding in found(document) if finding.rule == "windows"]
    assert [[path for path, _ in figures] for figures in early] == [
        ["service_start", 'trailing."Major 100".1y', 'trailing."Next Major 100".1y']  # the indices have longer lives
    ]
    del document["trailing"]["Next Major 100"]
    early = [finding.figures[0][0] for finding in found(document) if finding.rule == "windows"]
    assert early == ['trailing."Major 100".1y']


def test_inception_to_date_is_the_window_with_the_same_base(document):
    del document["index_levels"]
    document["service_start"] = document["service_start"].replace(day=3, month=3)
    document["trailing"] = {"Major 100": {"1y": Decimal("20.07"), "itd": Decimal("20.07")}}
    assert not [finding for finding in found(document) if finding.rule == "windows"]  # 2025-02-28 is not 2025-03-31
    document["service_start"] = document["service_start"].replace(day=1, month=4)
    document["trailing"]["Major 100"]["itd"] = Decimal("20.70")
    (finding,) = [finding for finding in found(document) if finding.rule == "windows"]
    assert finding.correction.startswith("20.07 (two digits swapped)")


def test_a_contribution_that_no_weight_explains_is_found(document):
    document["top_contributors"]["next_major"][0]["contribution"] = Decimal("44.70")
    (finding,) = added(document)
    assert (finding.rule, finding.correction.split(";")[0]) == ("contribution", "4.47 (the point a place off)")
    assert "as the weight at the month's start, 10.9 % implies a return of +410 %" in finding.reasons[0]
    assert "the name began the month at -33.9 % of the sleeve" in finding.reasons[0]


def test_the_date_of_the_weights_settles_which_reading_counts(document):
    document["top_contributors"]["next_major"] = [
        {"ticker": "SEI", "weight": Decimal("3.0"), "contribution": Decimal("4.00")}
    ]
    assert [finding.rule for finding in added(document)] == ["contribution"]
    document["weights_at"] = "month start"  # it gained 133 %
    assert added(document) == []
    document["weights_at"] = "month end"
    assert [finding.rule for finding in added(document)] == ["contribution"]


def test_the_largest_contributor_comes_first(document):
    rows = document["top_contributors"]["next_major"]
    rows[1]["contribution"], rows[2]["contribution"] = rows[2]["contribution"], rows[1]["contribution"]
    (finding,) = added(document)
    assert "breaks the order of the list, the largest first" in finding.reasons[0]


def test_a_weight_beyond_the_limit_that_drift_cannot_explain_is_a_breach(document):
    document["top_contributors"]["major"][1]["weight"] = Decimal("43.0")
    (finding,) = added(document)
    assert (finding.rule, finding.correction) == (
        "limit",
        "the limit is broken, or the weight misprinted: 4.3 (the point a place off)",
    )


def test_sharpe_and_sortino_have_one_sign_and_go_together(document):
    document["trailing"]["Major 100"]["sortino"] = Decimal("-1.78")
    (finding,) = added(document)
    assert "of unlike sign" in finding.reasons[0]
    document["trailing"]["Major 100"]["sortino"] = Decimal("0.95")  # 1.015 / sqrt(1 + 1.015^2 / 12) = 0.974 at least
    (finding,) = added(document)
    assert finding.reasons[0].endswith("with a Sharpe ratio of 1.02 it is 0.97 or more")
    document["trailing"]["Major 100"]["sortino"] = Decimal("0.97")
    assert added(document) == []


@given(st.lists(st.floats(-0.5, 0.5), min_size=12, max_size=40), st.sampled_from([0, 1]))
def test_the_bounds_of_the_ratios_hold_for_every_series(months, ddof):
    r = np.array(months)
    spread, down = r.std(ddof=ddof), np.sqrt((np.minimum(r, 0) ** 2).mean())
    if r.mean() <= 1e-6 or spread < 1e-6 or down < 1e-9:
        return
    sharpe, sortino = (np.sqrt(12) * r.mean() / size for size in (spread, down))
    assert sortino >= sharpe / np.sqrt(1 + sharpe**2 / 12) * (1 - 1e-9)
    if ddof == 1:
        assert sortino >= sharpe * (1 - 1e-9)
        assert r.min() >= 0 or sharpe <= largest_sharpe(len(r)) * (1 + 1e-9)


def test_drivers_are_known_factors_with_one_sign(document):
    document["stated_drivers"]["major"] = {"positive": ["surprise", "liqidity"], "negative": ["surprise"]}
    two = added(document)
    assert [finding.correction for finding in two] == ["liquidity", "strike it out on one side"]
    assert two[0].figures == (("stated_drivers.major.positive.liqidity", "liqidity"),)


def test_a_total_return_index_is_no_finding_and_a_stated_price_index_is(document):
    document["index_basis"] = {"S&P 500": "total return", "Russell 2000": "price"}
    basis = [finding.figures[0] for finding in found(document) if finding.rule == "index basis"]
    assert basis == [("benchmarks.next_major", "Russell 2000")]
    document["return_basis"] = "price return"
    assert "index basis" not in [finding.rule for finding in found(document)]


def test_levels_of_a_total_return_index_are_known_as_such(document):
    factor = Decimal("12911.82") / Decimal("5881.63")
    levels = document["index_levels"]["S&P 500"]
    document["index_levels"]["S&P 500"] = {day: (level * factor).quantize(Decimal("0.01")) for day, level in levels.items()}
    assert "index basis" not in [finding.rule for finding in found(document)]


@pytest.mark.parametrize("ticker", ["BRK.B", "ＦＳＬＲ", "fslr "])
def test_a_listed_ticker_is_known_however_it_is_written(document, ticker):
    document["top_contributors"]["major"][0]["ticker"] = ticker
    assert added(document) == []


def test_a_ticker_that_is_there_twice_is_found_without_a_list(document):
    del document["universe"]
    document["top_contributors"]["major"][1]["ticker"] = "PLTR"
    (finding,) = added(document)
    assert (finding.rule, finding.figures[0][0]) == ("ticker", 'top_contributors.major."PLTR (2)".ticker')


def test_what_nothing_can_contradict_is_said(document):
    document["weeks"][0]["NASDQ"] = document["weeks"][0].pop("NASDAQ")
    document["index_levels"]["S&P 500"]["2025-02-15"] = Decimal("6051.97")
    said = audit_figures(parsed(document)).not_run
    assert said["printed twice"] == "in one part of the file only, so held against nothing: NASDQ"
    assert said["weeks"] == "not in every week, so not compounded: NASDQ, NASDAQ"
    assert said["windows"] == "levels of days on which the exchange was shut: 2025-02-15"


def test_a_rule_without_its_parts_says_why_it_did_not_run(document):
    audit = audit_figures(parsed({"month": "2026-03", "universe": "absent.csv"}))
    assert audit.findings == ()
    assert set(audit.not_run) == {
        "data", "printed twice", "excess", "blend", "average", "rank", "weeks", "windows", "contribution", "limit", "ticker",
        "index basis", "ratio", "driver",
    }  # fmt: skip
    assert audit.not_run["ticker"] == "the list 'absent.csv' cannot be read beside the file, and no book was given"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"month": "2026-3"}, "month '2026-3': write it as YYYY-MM."),
        ({"monht": "2026-03"}, "unknown key 'monht' in the file. Known keys: average, benchmarks, blend_reset, calendar,"),
        (
            {"average": {"retrun": Decimal("1.00")}},
            "unknown key 'retrun' in [average]. Known keys: benchmark,",
        ),
        (
            {"average": {"return": "△3.64"}},
            "'average.return' is the text '△3.64', not a number. Write it as printed",
        ),
        ({"average": {"return": True}}, "'average.return' is true or false, not a number."),
        ({"service_start": "2025-02-13"}, "'service_start' is the text '2025-02-13', not a date. Write YYYY-MM-DD, without"),
        ({"courses": {"A": {"m": Decimal("70"), "n": Decimal("30")}}}, "They look like percent; divide by 100."),
        ({"courses": {"A": {"m": Decimal("0.7")}}}, "shares in courses.A sum to 0.7, not 1."),
        ({"limits": {"names_max": 25, "weight_max": Decimal("0.10")}}, "It looks like a decimal; write percent, 10."),
        ({"limits": {"names_max": 25, "weight_max": Decimal("1.0")}}, "do not make 100 %. Correct one of them."),
        ({"courses": {"A": {"m": Decimal("1.3"), "n": Decimal("-0.3")}}}, "courses.A: the share of n is below zero."),
        ({"average": {"return": Decimal("1e400")}}, "'average.return' is 1e+400. Write it as printed; no report prints"),
        ({"service_start": datetime.date(1, 1, 1)}, "'service_start' is 0001-01-01; its year is from 1900 to 2199."),
        (
            {"courses": {"A": {"m": 1}}, "top_contributors": {"m": [{"ticker": " "}]}},
            "an empty 'ticker' in [[top_contributors.m]].",
        ),
        ({"index_levels": {"S&P 500": {"2026-03-31": Decimal("-1.0")}}}, "a level is above zero"),
        ({"index_returns": {"S&P 500": Decimal("nan")}}, "is NaN. Leave out what is not printed."),
        (
            {"ranking": {"course": "A"}},
            "'ranking' is a table, not a list of tables. Write a heading [[ranking]]",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_and_its_cure(document, change, message):
    with pytest.raises(InputError) as caught:
        parsed({"month": "2026-03"} | change)
    assert message in str(caught.value)


def test_returns_written_as_decimals_are_refused(document):
    for row in document["ranking"]:
        for key in ("return", "benchmark", "excess"):
            row[key] = row[key].scaleb(-2)
    for part in ("average", "trailing", "index_returns", "weeks"):
        del document[part]
    with pytest.raises(InputError, match=r"the returns look like decimals: .* = -0\.0660. Write percent as printed, -6\.60"):
        parsed(document)


def test_one_table_of_decimals_among_percent_is_refused_and_one_figure_is_a_slip(document):
    document["index_returns"] = {name: value.scaleb(-2) for name, value in document["index_returns"].items()}
    with pytest.raises(InputError, match=r"the returns of \[index_returns\] look like decimals"):
        parsed(document)
    document["index_returns"] = {"S&P 500": Decimal("-5.09"), "Russell 2000": Decimal("-0.0517")}
    (finding,) = added(document)
    assert finding.correction == "-5.17 (a decimal for percent)"


def test_the_command_prints_blocks_csv_and_json(capsys):
    assert main(["audit", str(PUBLISHED)]) == 1
    text = capsys.readouterr().out
    assert text.startswith('1. weeks: weeks.2026-03-23."S&P 500" = -2.21\n')
    assert "Off by -0.1013; rounding could explain 0.02989." in text
    assert "Did not run, or not on everything:" in text
    assert main(["audit", str(PUBLISHED), "--format", "json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [list(row) for row in rows] == [["rule", "figures", "difference", "rounding", "correction"]] * 5
    assert rows[0]["figures"][0] == {"path": 'weeks.2026-03-23."S&P 500"', "value": -2.21}
    assert main(["audit", str(PUBLISHED), "--format", "csv"]) == 1
    lines = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [line["rule"] for line in lines] == [row["rule"] for row in rows]


def test_a_report_without_findings_ends_with_0_and_a_bad_file_with_2(capsys, tmp_path):
    path = tmp_path / "figures.toml"
    path.write_text('month = "2026-03"\n[average]\nreturn = 1.00\n', encoding="utf-8")
    assert main(["audit", str(path), "--format", "json"]) == 0
    assert capsys.readouterr().out == "[]\n"
    assert main(["audit", str(path)]) == 0
    assert capsys.readouterr().out.startswith("No figure is contradicted.")
    path.write_text("month = 2026", encoding="utf-8")
    assert main(["audit", str(path)]) == 2
    assert (
        capsys.readouterr().err
        == "attribution audit: figures.toml: 'month' is a whole number, not a text. Write it in quotes.\n"
    )
    assert main(["audit", str(tmp_path / "none.toml")]) == 2
    assert "Name the TOML file of the figures." in capsys.readouterr().err


@pytest.mark.parametrize("number", ["−0.69", "△0.69", "－０．６９"])
def test_a_number_that_is_not_plain_is_shown_with_its_line(capsys, tmp_path, number):
    path = tmp_path / "figures.toml"
    path.write_text(f'month = "2026-03"\n[average]\nreturn = {number}\n', encoding="utf-8")
    assert main(["audit", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("attribution audit: figures.toml: is not valid TOML (Invalid value (at line 3, column 10)).")
    assert said.endswith(f" The line is: return = {number} Write numbers with plain digits and a plain minus: -6.60.\n")
    path.write_text('month = "2026-03"\n', encoding="utf-16")
    assert main(["audit", str(path)]) == 2
    assert "is not text in UTF-8 (invalid start byte). Save it as UTF-8." in capsys.readouterr().err


def test_a_sleeve_that_lost_everything_is_found_and_its_positions_are_read_without_its_return(document):
    alter(document, 'ranking."Next Major 100".return', -100)
    alter(document, 'trailing."Next Major 100".1m', -100)
    alter(document, "top_contributors.next_major.SEI.contribution", Decimal("4.00"))  # of 3.0 %, whatever the sleeve made
    rules = [finding.rule for finding in added(document)]
    assert rules.count("contribution") == 1


def test_a_point_slips_only_over_digits_that_are_printed():
    assert slips(Figure("a", Decimal("-0.34")), (Fraction(-4, 100), Fraction(-2, 100))) == [
        (Decimal("-0.04"), "one digit mistyped")
    ]
    assert slips(Figure("a", Decimal("44.7")), (Fraction(447, 100), Fraction(447, 100)))[0][0] == Decimal("4.47")


def test_slips_are_ordered_by_how_telling_they_are():
    figure = Figure("a", Decimal("0.04"))
    assert slips(figure, (Fraction(40, 100), Fraction(40, 100)))[0] == (Decimal("0.40"), "two digits swapped")
    assert slips(figure, (Fraction(-4, 100), Fraction(-4, 100))) == [(Decimal("-0.04"), "the sign lost")]
    assert slips(figure, (Fraction(9, 100), Fraction(9, 100))) == [(Decimal("0.09"), "one digit mistyped")]
    assert slips(figure, (Fraction(123), Fraction(123))) == []


@given(st.text("ABC", max_size=6), st.text("ABC", max_size=6))
def test_the_edit_distance_is_symmetric_and_zero_only_of_the_same(one, other):
    assert edit_distance(one, other) == edit_distance(other, one) <= max(len(one), len(other))
    assert (edit_distance(one, other) == 0) == (one == other)


@given(st.text("ABC", max_size=6), st.lists(st.text("ABC", max_size=6), min_size=1, max_size=8, unique=True))
def test_the_nearest_names_are_those_with_the_fewest_edits_of_all(name, known):
    edits = {other: edit_distance(name, other) for other in known}
    least = min(edits.values())
    nearest = {other for other, number in edits.items() if number == least <= len(name) // 2}
    assert set(nearest_names(name, known, limit=8)) == nearest


def test_neighbours_on_the_keyboard_come_first():
    assert nearest_names("BTSB", ["BTSP", "BTSG", "BTSQ", "XYZ"]) == ["BTSG", "BTSP", "BTSQ"]
    assert nearest_names("ABCD", ["WXYZ"]) == []


def test_the_calendar_knows_holidays_that_end_months():
    assert last_session((2024, 3)).day == 28  # Good Friday
    assert last_session((2021, 5)).day == 28  # Memorial Day is the 31st
    assert last_session((2021, 12)).day == 31  # New Year's Day on a Saturday is not kept


def test_the_calendar_knows_days_for_which_the_exchange_closed_out_of_turn():
    closed = [(2001, 9, 11), (2012, 10, 30), (2018, 12, 5), (2025, 1, 9)]  # attacks, Sandy, mourning for two presidents
    assert not any(is_session(datetime.date(*day)) for day in closed)


def test_the_calendar_has_an_answer_for_days_that_it_does_not_know():
    assert last_session((2035, 3)).day == 30  # a Friday; by rule
    assert is_session(datetime.date(1, 1, 1)) and is_session(datetime.date(9000, 1, 1))  # weekdays
    assert not is_session(datetime.date(9000, 1, 4))  # a Saturday


def test_commands_begin_without_loading_the_calendar():
    asked = (
        "import sys, attribution.audit.run, attribution.cli, riskmodel.market, attribution.reporting.write; "
        "attribution.cli._parser(); print('exchange_calendars' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "False\n"


def test_addresses_are_toml_keys():
    assert tomllib.loads(f"{address('trailing', 'A|B 100%', '6m')} = 1")["trailing"] == {"A|B 100%": {"6m": 1}}


def test_a_figure_keeps_its_decimals_and_reports_do_not_change_what_they_are_read_from(document):
    before = copy.deepcopy(document)
    figures = parsed(document)
    assert document == before
    assert figures.ranking["Major 100"]["return"].range == (Fraction(-6605, 1000), Fraction(-6595, 1000))
    assert is_session(figures.service_start)


def test_a_month_of_a_blend_that_is_not_reset_monthly_is_not_held_against_its_sleeves():
    document = consistent_report(3)
    blend = next(name for name, shares in document["courses"].items() if sum(share > 0 for share in shares.values()) > 1)
    assert any(blend in str(entry) for entry in blends(parsed(document)))
    assert not any(blend in str(entry) for entry in blends(parsed(document | {"blend_reset": {blend: "never"}})))
    with pytest.raises(InputError, match=r"is 'weekly': the choices are monthly, quarterly, yearly, never\."):
        parsed(document | {"blend_reset": {blend: "weekly"}})
    with pytest.raises(InputError, match=r"unknown course 'Other' in \[blend_reset\]"):
        parsed(document | {"blend_reset": {"Other": "never"}})
