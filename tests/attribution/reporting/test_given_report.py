"""A vendor's files, the page that says how to map them, and the report, the audit and the risk that come out of them."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.cli import main
from attribution.portfolio.inputs import fitted_model, read_inputs
from attribution.portfolio.periods import read_period
from attribution.reporting import write
from attribution.reporting.pages.page import render_page
from attribution.reporting.pdf import NO_PDF
from attribution.reporting.tables.content import build_content
from attribution.reporting.tables.notes import model_notes

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "methodology" / "given_model.md").read_text(encoding="utf-8")
VENDOR = ROOT / "fixtures" / "vendor_model"
MONTH = "2025-03"


def code(language):
    """The blocks of the page in a language, as they would be copied."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", PAGE, re.M | re.S)
    return ["\n".join(line.removeprefix(indent) for line in block.split("\n")) for indent, block in blocks]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the page has its reader type, typed: the folders of the book and of the report, and what was printed.

    But for the PDFs, of which `make slow` has one.
    """
    place = tmp_path_factory.mktemp("reader")
    printed = []
    for line in "\n".join(code("text")).splitlines():
        words = shlex.split(line.replace("mine", str(place / "mine")).replace("out/", f"{place / 'out'}/"))
        if words and words[0] == "attribution":
            without_pdf = ["--formats", "html,xlsx"] if words[1] == "report" else []
            with contextlib.redirect_stdout(io.StringIO()) as said:
                assert main([*words[1:], *without_pdf]) == 0, line
            printed.append(said.getvalue())
        elif words:
            subprocess.run(" ".join(words), shell=True, cwd=ROOT, check=True)
    return place / "mine", place / "out", printed


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """The shipped market with the vendor's files, for tests that change them."""
    folder = tmp_path_factory.mktemp("vendor") / "mine"
    shutil.copytree(ROOT / "fixtures" / "small", folder)
    shutil.copytree(VENDOR, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def market(mine):
    return read_inputs(at.read_book(mine / "book.toml"))


def text_of(page):
    """What a page says, without its tags, scripts and drawings."""
    return re.sub(r"\s+", " ", re.sub(r"<(style|script|svg).*?</\1>|<[^>]+>", " ", page, flags=re.S))


def copied(mine, tmp_path):
    return Path(shutil.copytree(mine, tmp_path / "mine"))


@pytest.fixture(scope="module")
def model(mine, market):
    return model_of(mine, market)


def model_of(folder, market):
    book = at.read_book(folder / "book.toml")
    return rm.given_model(book.source, market, covariance="triangle")


def test_the_page_says_of_the_mapping_what_the_shipped_book_says():
    shipped = tomllib.loads((VENDOR / "book.toml").read_text(encoding="utf-8"))
    shown = tomllib.loads("\n".join(code("toml")))
    assert shown["model"] == shipped["model"] and len(shown["tables"]) == 4
    same = {"date": "date", "ticker": "ticker", "factor": "factor", "exposure": "exposure", "return": "return",
            "covariance": "covariance"}  # fmt: skip
    for name, table in shown["tables"].items():
        other = shipped["tables"][name]
        assert {key: value for key, value in table.items() if key != "columns"} == {
            key: value for key, value in other.items() if key != "columns"
        }
        stated = same | table.get("columns", {})
        assert all(stated[ours] == theirs for ours, theirs in other["columns"].items()), name


def test_a_reader_of_the_page_gets_both_reports(told):
    _, out, printed = told
    names = {path.name for path in out.iterdir()}
    assert {"report.ja.html", "report.en.html", "report.xlsx", "figures.toml"} <= names
    pages = {language: text_of((out / f"report.{language}.html").read_text("utf-8")) for language in ("ja", "en")}
    words = {
        "ja": ("円建て売上", "純資産株価比率", "架空の国", "モデル提供値と価格の差", "外部のものを用いました"),
        "en": ("Yen revenues", "Book to price", "Simulated country", "Vendor against prices",
               "The risk model is a given one"),
    }  # fmt: skip
    for language, wanted in words.items():
        for word in wanted:
            assert word in pages[language], word
        for never in ("a regression weighted", "重みとする回帰", " nan ", "vendor_residual", "QUALTY", "米国株"):
            assert never not in pages[language], never
    assert "Countries: factor returns" in pages["en"] and "国のファクターリターン（" not in pages["ja"]
    factors = pd.read_csv(out / "tables" / "factor_contributions.csv")
    assert list(dict.fromkeys(factors["group"])) == ["country", "industry", "currency", "style", "other", "specific"]
    assert factors["contribution"].sum() == pytest.approx(factors_sum(out), abs=1e-12)
    groups = pd.read_csv(out / "tables" / "group_contributions.csv").set_index("group")
    assert groups.loc["country", "standard_error"] > 0 and groups.loc[["style", "specific"], "standard_error"].isna().all()
    assert pd.read_csv(out / "tables" / "reconciliation.csv")["passed"].all()
    risk = pd.read_csv(out / "tables" / "risk.csv").set_index("measure")["value"]
    parts = risk[[f"tracking_error_from_{name}" for name in ("country", "industry", "currency", "style", "specific")]]
    assert parts.sum() == pytest.approx(risk["tracking_error"], rel=1e-12)
    workbook = openpyxl.load_workbook(out / "report.xlsx", read_only=True)
    assert len(workbook.sheetnames) > 10 and "factor_contributions" in workbook.defined_names
    assert "vendor_residual" in printed[1] and "tracking_error_from_currency" in printed[2]


@pytest.mark.slow
def test_the_report_of_a_given_model_is_laid_out_as_pdf(mine, market, tmp_path):
    made = at.report(at.read_book(mine / "book.toml"), month=MONTH, out=tmp_path / "out", market=market, formats=["pdf"])
    if NO_PDF in made.remarks:
        pytest.skip(NO_PDF)
    assert {"report.ja.pdf", "report.en.pdf"} <= set(made.paths)


def factors_sum(out):
    return pd.read_csv(out / "tables" / "performance.csv").set_index("course").loc["Major 100", "excess"]


def test_the_report_of_a_given_model_stands_its_audit(told, capsys):
    folder, out, _ = told
    assert main(["audit", str(out / "figures.toml"), "--book", str(folder / "book.toml")]) == 0
    ran = capsys.readouterr().out.split("Did not run")[0]
    assert "stated drivers are known factors, and have one sign" in ran


def test_a_triangle_in_percent_squared_is_the_year_of_the_factors(mine, model):
    file = pd.read_csv(mine / "vendor" / "covariance_20250331.txt", sep="|", skiprows=1)
    made = model.forecast(pd.Timestamp("2025-03-31")).factor_covariance.isel(time=0).to_pandas()
    for row in file.sample(20, random_state=0).itertuples():
        assert made.loc[row.factor1, row.factor2] == made.loc[row.factor2, row.factor1]
        assert made.loc[row.factor1, row.factor2] == pytest.approx(row.covariance * 1e-4 / 252, rel=1e-12)


def test_the_future_of_an_export_does_not_reach_the_past(mine, market, model, tmp_path):
    folder, cut = copied(mine, tmp_path), "20250314"
    book = at.read_book(mine / "book.toml")
    before = at.attribute(book, "Major 100", model, market, period=MONTH)
    for path in (folder / "vendor").glob("*.txt"):
        head, header, *lines = path.read_text("utf-8").splitlines()
        day = re.search(r"\d{8}", path.name)
        if path.name == "factors.txt" or (day and day[0] <= cut):
            continue
        changed = [
            line if not day and line[:8] <= cut else re.sub(r"(?<=\d\.)\d+", lambda digits: digits[0][::-1], line)
            for line in lines
        ]
        path.write_text("\n".join([head, header, *changed, ""]), "utf-8")
    after = at.attribute(book, "Major 100", model_of(folder, market), market, period=MONTH)
    one, other = (x.cube for x in (before, after))
    past = one.days <= cut
    for name in ("exposure", "factor_return", "specific_return", "covariance", "modelled"):
        np.testing.assert_array_equal(getattr(one, name).to_numpy()[past], getattr(other, name).to_numpy()[past])
        assert name == "modelled" or not np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name


def test_a_month_before_the_model_begins_is_reported_with_its_factors_na(mine, market):
    book = at.read_book(mine / "book.toml")
    model = fitted_model(book, market).model
    content = build_content(book, market, model, "2025-02")
    factors = content.tables["factor_contributions"].set_index("factor")
    assert (
        factors.loc[model.data["factor"].to_numpy(), ["contribution", "factor_return", "active_exposure", "t"]]
        .isna()
        .all(axis=None)
    )
    assert factors.loc["unmodelled", "contribution"] > 0.01
    trailing = content.tables["trailing"].set_index("name")
    assert trailing.loc["Major 100", ["1m", "3m", "6m", "itd"]].notna().all()
    exposures = content.tables["exposures"]
    assert exposures["active_exposure"].notna().all() and exposures["active_before"].isna().all()
    assert [note.key for note in content.notes if note.key.startswith(("given", "computed", "unmodelled"))] == [
        "given_explains_nothing"
    ]
    for language, said, never in (
        ("en", "The given model explains no day of this month", ("gives no standard", "has no standard", "0 factors")),
        ("ja", "外部モデルで説明できる日が当月にない", ("標準誤差は提供されていません", "標準誤差がない", "0のファクター")),
    ):
        text = text_of(render_page(content, language))
        assert said in text and " nan " not in text
        assert not [words for words in never if words in text]


def test_without_errors_risk_and_names_they_are_na_and_nothing_else_is(mine, tmp_path):
    folder = copied(mine, tmp_path)
    text = (folder / "book.toml").read_text("utf-8")
    text = text.replace(', standard_error = "error"', "").replace(', standard_error = "percent"', "")
    for name in ("model_covariance", "model_specific_risk", "model_specific_returns", "model_factors"):
        text = re.sub(rf"\[tables\.{name}\].*?(?=\n\[tables|\Z)", "", text, flags=re.S)
    (folder / "book.toml").write_text(text, "utf-8")
    report = at.report(at.read_book(folder / "book.toml"), month=MONTH, out=tmp_path / "out", formats=["html"])
    assert report is not None
    tables = {path.stem: pd.read_csv(path) for path in (tmp_path / "out" / "tables").glob("*.csv")}
    model = tables["factor_contributions"]["group"].isin(["style", "specific"])
    assert tables["factor_contributions"].loc[model, ["standard_error", "t"]].isna().all(axis=None)
    assert tables["factor_contributions"]["contribution"].notna().all()
    assert "vendor_residual" not in set(tables["factor_contributions"]["factor"])
    assert len(tables["risk"]) == 0
    page = text_of((tmp_path / "out" / "report.en.html").read_text("utf-8"))
    assert (
        "No risk is forecast for the close of 31 March 2025: the given model has no factor covariances (model_covariance)."
        in page
    )
    assert "Styles with the highest returns: LANDA +9.67%" in page
    assert "The model gives no standard errors: drivers are chosen by size alone." in page
    holdings = page[page.index("Holdings on 31 March 2025") : page.index("Active share is half the sum")]
    assert re.search(r"Major 100 +\d\d +\d+\.\d\d +\d", holdings) and "n/a" not in holdings, holdings
    assert "Forecast tracking error" not in (tmp_path / "out" / "commentary.en.md").read_text("utf-8")


def test_the_page_says_of_which_day_a_covariance_is_that_is_not_the_months_last(mine, market, tmp_path):
    folder = copied(mine, tmp_path)
    (folder / "vendor" / "covariance_20250331.txt").unlink()
    book = at.read_book(folder / "book.toml")
    seen = []
    content = build_content(book, market, fitted_model(book, market, progress=seen.append).model, MONTH)
    assert [(note.key, note.values["date"]) for note in content.notes if note.key.startswith("earlier")] == [
        ("earlier_model_covariance", "2025-02-28")
    ]
    assert len(content.tables["risk"]) and seen == ["tables of the given model", "exposures and returns", "covariance"]
    for language, said in (
        ("en", "made from the factor covariances that the given model has for 28 February 2025: it has none of a later day"),
        ("ja", "外部モデルの2025年2月28日のファクター共分散を用いました"),
    ):
        assert said in text_of(render_page(content, language))


def test_a_model_that_begins_later_than_the_book_draws_no_line_since_inception_and_explain_counts_the_days(
    mine, market, capsys
):
    book = at.read_book(mine / "book.toml")
    model = fitted_model(book, market).model
    assert build_content(book, market, model, "2025-03").tables["past_contributions"].empty
    main(["explain", str(mine / "book.toml"), "Major 100", "--month", "itd", "--by", "group"])
    without = int((model.data["estimating_names"].sel(time=slice("2024-03-01", None)) == 0).sum())
    assert f"The given model explains no stock on {without:,} of " in capsys.readouterr().err


def test_dates_or_units_that_are_not_the_prices_are_said_by_how_little_is_explained(mine, market):
    book = at.read_book(mine / "book.toml")
    frames = {name: book.source.table(name) for name in ("model_exposures", "model_factor_returns")}
    shuffled = frames["model_factor_returns"].sample(frac=1, random_state=0)["return"].to_numpy()
    wrong = rm.given_model(
        frames | {"model_factor_returns": frames["model_factor_returns"].assign(**{"return": shuffled})}, market
    )
    period = read_period(MONTH, book, market)
    assert "explains_little" in [note.key for note in model_notes(wrong, period)]
    assert "explains_little" not in [note.key for note in model_notes(rm.given_model(frames, market), period)]


REFUSED = [
    ('covariance = "triangle"', 'covariance = "half"', "covariance"),
    (
        'covariance = "triangle"',
        'store = "m.nc"',
        "[model]: 'store' is a setting of a model that is fitted, and source = \"tables\"",
    ),
    (
        'source = "tables"',
        "",
        "[model]: 'covariance' says how the table model_covariance is given, and the model is fitted.",
    ),
    ('covariance = "triangle"', "", "model_covariance: 342 pairs of factors one way only"),
    (
        'units = { return = "percent", standard_error = "percent" }',
        "",
        "model_factor_returns: exposures times factor returns move",
    ),
    ('units = { covariance = "percent_squared" }', "", "model_covariance: volatilities are 112 times what"),
    ('units = { volatility = "percent" }', "", "model_specific_risk: volatilities are "),
    ('identifiers = "vendor_id"', "", "model_exposures: 151 tickers without prices in the market: V0100010"),
]


@pytest.mark.parametrize(("stated", "other", "said"), REFUSED, ids=[said[:40] for *_, said in REFUSED])
def test_what_the_book_leaves_unsaid_is_refused_before_anything_is_written(
    mine, market, tmp_path, monkeypatch, stated, other, said, capsys
):
    folder = copied(mine, tmp_path)
    monkeypatch.setattr(write, "read_inputs", lambda *_, **told: market)  # of all of them the prices are the same
    text = (folder / "book.toml").read_text("utf-8")
    assert stated in text
    (folder / "book.toml").write_text(text.replace(stated, other), "utf-8")
    code = main(["report", str(folder / "book.toml"), "--month", MONTH, "--out", str(tmp_path / "out")])
    told = capsys.readouterr().err
    assert code == 2 and said in told and "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_check_looks_at_the_given_model_too(mine, tmp_path, capsys):
    folder = copied(mine, tmp_path)
    assert main(["check", str(folder / "book.toml"), "--format", "csv"]) in (0, 1)
    path = sorted((folder / "vendor").glob("covariance_*.txt"))[0]
    head, names, first, *rest = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([head, names, first, first, *rest]), encoding="utf-8")
    capsys.readouterr()
    assert main(["check", str(folder / "book.toml")]) == 2
    assert "model_covariance: 1 duplicate row" in capsys.readouterr().err
