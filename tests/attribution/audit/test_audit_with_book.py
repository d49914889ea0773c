"""A report's figures against a book's data, and the figures that a report writes of itself."""

from __future__ import annotations

import copy
import datetime
import json
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

import attribution as at
from attribution.audit import audit_figures, audit_report
from attribution.audit.data import compare_with_content
from attribution.audit.reading import parse_figures
from attribution.cli import main
from attribution.reporting.tables.content import build_content
from attribution.reporting.tables.figures_toml import figures_toml
from riskmodel.errors import InputError
from tests.attribution.reporting.reports import PUBLISHED
from tests.conftest import REAL, SMALL_MONTH


@pytest.fixture(scope="module")
def content(page_content):
    return page_content


@pytest.fixture(scope="module")
def written(content):
    return tomllib.loads(figures_toml(content), parse_float=Decimal)


@pytest.fixture
def document(written):
    return copy.deepcopy(written)


@pytest.fixture
def audited(content, small_market):
    def run(document):
        figures = parse_figures(copy.deepcopy(document), Path("figures.toml"))
        tickers = [str(name) for name in small_market["asset"].to_numpy()]
        return audit_figures(figures, compare_with_content(figures, content, tickers))

    return run


def test_what_a_report_writes_agrees_with_itself_and_with_the_data(document, audited):
    audit = audited(document)
    assert audit.findings == ()
    assert audit.remarks == ()
    assert audit.ran["data"] > 100
    assert audit_figures(parse_figures(document, Path("figures.toml"))).findings == ()


def test_the_same_content_is_written_the_same_and_in_percent(content, document):
    text = figures_toml(content)
    assert text == figures_toml(content)
    assert text.startswith("# Written by the report, not typed from a publication.")
    performance = content.tables["performance"].set_index("course")
    for row in document["ranking"]:
        assert float(row["return"]) == pytest.approx(performance.loc[row["course"], "return"] * 100, abs=0.0050001)
        assert row["return"].as_tuple().exponent == -2
    assert document["index_basis"] == dict.fromkeys(document["index_returns"], "total return")
    assert [len(rows) for rows in document["top_contributors"].values()] == [5, 5]


def test_a_figure_that_the_data_deny_is_the_one_finding_and_the_others_are_held_against_the_data(document, audited):
    document["ranking"][0]["return"] += Decimal("0.10")
    (finding,) = audited(document).findings
    course = document["ranking"][0]["course"]
    assert (finding.rule, finding.figures[0][0]) == ("data", f'ranking."{course}".return')
    assert finding.difference == pytest.approx(0.10, abs=0.0051)
    assert finding.rounding == 0.005


def test_the_data_decide_which_week_is_wrong(document, audited):
    week = document["weeks"][2]
    true = week["Wide Index"]
    week["Wide Index"] += Decimal("1.00")
    (finding,) = audited(document).findings
    assert finding.figures == ((f'weeks.{week["from"]}."Wide Index"', week["Wide Index"]),)
    assert finding.correction.startswith(str(true))


def test_weights_contributions_limits_and_ranks_are_compared(document, audited):
    top = document["top_contributors"]["major"]
    top[4]["weight"] -= Decimal("0.02")
    top[4]["contribution"] -= Decimal("0.01")
    document["limits"]["names_max"] = 26
    document["ranking"][1]["rank"], document["ranking"][2]["rank"] = 3, 2
    paths = [finding.figures[0][0] for finding in audited(document).findings]
    rows = [row["course"] for row in document["ranking"]]
    ticker = top[4]["ticker"]
    assert paths == [
        f'ranking."{rows[1]}".rank', f'ranking."{rows[2]}".rank', f"top_contributors.major.{ticker}.contribution",
        f"top_contributors.major.{ticker}.weight", "limits.names_max",
    ]  # fmt: skip


def test_a_weight_without_a_date_may_be_that_of_either_end(document, audited, content):
    stocks = content.tables["stock_contributions"].set_index(["course", "ticker"])
    row = document["top_contributors"]["major"][0]
    start = stocks.loc[("Major 100", row["ticker"]), "weight_start"]
    row["weight"] = Decimal(f"{start * 100:.2f}")
    assert [finding.rule for finding in audited(document).findings] == ["data"]
    del document["weights_at"]
    assert audited(document).findings == ()


def test_a_contributor_that_is_not_held_or_not_among_the_largest_is_found(document, audited, content):
    stocks = content.tables["stock_contributions"]
    own = stocks[stocks["course"] == "Major 100"]
    least = own.nsmallest(1, "contribution").iloc[0]
    document["top_contributors"]["major"][4] = {
        "ticker": least["ticker"],
        "weight": Decimal(f"{least['weight_end'] * 100:.2f}"),
        "contribution": Decimal(f"{least['contribution'] * 100:.2f}"),
    }
    (finding,) = audited(document).findings
    assert finding.reasons == (f"{least['ticker']} is not among the 5 largest contributors of major",)
    absent = own[(own["weight_end"] == 0) & (own["weight_start"] == 0)]["ticker"].iloc[0]
    document["top_contributors"]["major"][4] = {"ticker": absent}
    (finding,) = audited(document).findings
    assert finding.reasons == (f"major did not hold {absent}",)


def test_a_ticker_that_the_book_does_not_have_is_found_with_its_neighbour(document, audited):
    row = document["top_contributors"]["major"][0]
    true = row["ticker"]
    row["ticker"] = true[1] + true[0] + true[2:]
    (finding,) = audited(document).findings
    assert (finding.rule, finding.correction.split(" or ")[0]) == ("ticker", true)
    assert finding.reasons[0].endswith("tickers of the book's securities")


@pytest.mark.parametrize(
    ("part", "name", "value", "own"),
    [
        (None, "service_start", datetime.date(2024, 3, 4), "2024-03-01"),
        (None, "track_record_start", datetime.date(2024, 4, 1), "2024-03-01"),
        ("benchmarks", "major", "Wide Index", "Large Index"),
        (
            "courses",
            "Major 70 : Next 30",
            {"major": Decimal("0.6"), "next_major": Decimal("0.4")},
            "major 0.7, next_major 0.3",
        ),
    ],
)
def test_dates_benchmarks_and_shares_are_the_books(document, audited, part, name, value, own):
    (document if part is None else document[part])[name] = value
    (finding,) = audited(document).findings
    assert (finding.rule, finding.correction) == ("data", own)
    assert finding.reasons[0].endswith(f"but the book has {own}")


@pytest.mark.parametrize(
    ("part", "key"),
    [("trailing", "sharpe"), ("trailing", "sortino"), ("weight", "weight"), ("contribution", "contribution")],
)
def test_what_the_data_deny_is_not_found_again_by_another_rule(document, audited, part, key):
    row = document["trailing"]["Major 100"] if part == "trailing" else document["top_contributors"]["major"][2]
    row[key] = -row[key]
    (finding,) = audited(document).findings
    assert (finding.rule, finding.figures[0][1]) == ("data", row[key])
    assert finding.correction.endswith("(the sign lost)")


def test_a_window_that_counts_from_another_month_end_says_which(document, audited, content):
    since = content.history.courses["Major 100"]["2024-08-01":"2025-03-31"]
    document["trailing"]["Major 100"]["6m"] = Decimal(f"{((1 + since).prod() - 1) * 100:.2f}")
    (finding,) = audited(document).findings
    assert "is the return since 2024-07-31, eight months back: the rest of the 6m column" in finding.correction


def test_a_contributor_that_is_there_twice_is_one_finding(document, audited):
    rows = document["top_contributors"]["major"]
    rows[1]["ticker"] = rows[0]["ticker"]
    (finding,) = audited(document).findings
    assert finding.reasons == (f"{rows[0]['ticker']} is among the largest contributors of major twice",)


def test_a_driver_on_both_sides_is_one_finding_of_the_wrong_side(document, audited):
    drivers = document["stated_drivers"]["major"]
    drivers["negative"].append(drivers["positive"][0])
    (finding,) = audited(document).findings
    assert finding.correction == f"{drivers['positive'][0]} under positive"


def test_a_driver_of_the_other_sign_is_found_where_it_is_sure(document, audited):
    drivers = document["stated_drivers"]["major"]
    factor = drivers["positive"].pop(0)
    drivers["negative"].append(factor)
    (finding,) = audited(document).findings
    assert (finding.rule, finding.correction) == ("driver", f"{factor} under positive")
    assert finding.difference > finding.rounding > 0  # a contribution of more than twice its error


def test_names_that_the_book_lacks_are_named_and_nothing_is_said_of_their_figures(document, audited):
    document["index_returns"]["Other Index"] = Decimal("1.00")
    document["trailing"]["Another"] = {"3m": Decimal("1.00")}
    document["stated_drivers"]["market"]["positive"].append("luck")
    document["factors"]["luck"] = []
    audit = audited(document)
    assert audit.findings == ()
    assert audit.remarks == (
        "2 indices that the book does not have: Other Index, Another",
        "1 factor that the book does not have: luck",
    )


def test_a_month_that_the_book_does_not_have_is_refused(small_book):
    with pytest.raises(InputError, match="month 2026-03 is outside the data"):
        audit_report(PUBLISHED, book=small_book)


def test_the_command_takes_a_book(capsys, tmp_path, whole_report, book_of_one):
    path = tmp_path / "figures.toml"
    text = whole_report.paths["figures.toml"].read_text(encoding="utf-8")
    first = whole_report.tables["performance"].iloc[0]
    printed = f"return = {first['return'] * 100:.2f}"
    assert printed in text
    path.write_text(text.replace(printed, "return = 99.00", 1), encoding="utf-8")
    assert main(["audit", str(path), "--book", str(book_of_one), "--format", "json"]) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["rule"], row["figures"][0]["value"]) == ("data", 99.0)
    assert f"{-row['difference'] + 99:.2f}" == f"{first['return'] * 100:.2f}"


@pytest.mark.slow
def test_the_first_month_of_a_book_that_starts_within_it_is_consistent(small_book, small_market, small_model, small_copy):
    late = small_book.book.model_copy(
        update={"inception": datetime.date(2025, 3, 12), "track_record_start": datetime.date(2025, 3, 12)}
    )
    book = small_book.model_copy(update={"book": late})
    text = figures_toml(build_content(book, small_market, small_model, SMALL_MONTH))
    figures = parse_figures(tomllib.loads(text, parse_float=Decimal), Path("figures.toml"))
    assert audit_figures(figures).findings == ()
    assert figures.weeks[0].start == datetime.date(2025, 3, 12)


@pytest.mark.real_market
@pytest.mark.slow
def test_reports_of_the_real_market_have_no_findings_but_broken_limits(real_market, real_model):
    market, model, book = real_market, real_model, at.read_book(REAL / "book.toml")
    tickers = [str(name) for name in market["asset"].to_numpy()]
    for month in ("2014-09", "2015-08", "2016-01", "2016-06"):
        content = build_content(book, market, model, month)
        figures = parse_figures(tomllib.loads(figures_toml(content), parse_float=Decimal), Path("figures.toml"))
        audit = audit_figures(figures, compare_with_content(figures, content, tickers))
        limits = content.tables["limits"]
        broken = limits[(limits["rule"] == "weight_max") & limits["ok"].eq(False)]["detail"].str.cat(sep="; ")
        for finding in audit.findings:
            assert finding.rule == "limit"
            assert finding.figures[0][0].split(".")[2] in broken
