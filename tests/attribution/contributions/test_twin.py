"""The simulated market of fixtures/twin gives the tables of the published month, whichever seed it was drawn from."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.audit import audit_figures
from attribution.audit.data import compare_with_content
from attribution.audit.reading import parse_figures
from attribution.house_style.numbers import number
from attribution.reporting.client.page import render_client
from attribution.reporting.client.texts import client_texts
from attribution.reporting.formats import ANALYST, CLIENT, EDITIONS, Document
from attribution.reporting.house.sections import own_of
from attribution.reporting.house.texts import read_house
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.facts import Facts, drivers, read_anchor
from attribution.reporting.tables.figures_toml import figures_toml
from attribution.reporting.write import drafted
from riskmodel.market.tables import TABLES, read_table
from tests.attribution.reporting.page_reader import Reader, keys_of, plain_text
from tests.attribution.reporting.reports import PUBLISHED
from tests.conftest import ROOT

TWIN = ROOT / "fixtures" / "twin"
MONTH = "2026-03"
ANOTHER_SEED = 11
SLEEVES = {"major": "Major 100", "next_major": "Next Major 100"}
FOURTH_WEEK = ("2026-03-23", "S&P 500", -2.12)  # the one that compounds to the month; -2.21 is printed
MISPRINT = {"BTSB": "BTSG"}
ROUNDING = 0.005 + 1e-9  # percent, of two decimals
NOT_STOCKS = ("CASH", "(proxy)", "(unmodelled)")
CONTRIBUTION = re.compile(r"\[[^]]*\]\(<(?P<target>#factor_contributions\|[^>]*\|contribution)>\)")


def generator():
    sys.path.insert(0, str(ROOT / "fixtures"))
    try:
        return importlib.import_module("make_twin")
    finally:
        sys.path.remove(str(ROOT / "fixtures"))


@pytest.fixture(scope="module")
def published():
    return tomllib.loads(Path(PUBLISHED).read_text("utf-8"))


@pytest.fixture(scope="module", params=["shipped", pytest.param("another seed", marks=pytest.mark.slow)])
def folder(request, tmp_path_factory):
    if request.param == "shipped":
        return TWIN
    make_twin = generator()
    there = tmp_path_factory.mktemp("twin")
    make_twin.write(make_twin.make(ANOTHER_SEED), there)
    return there


@pytest.fixture(scope="module")
def market(folder):
    return rm.read_market(folder)


@pytest.fixture(scope="module")
def model(market):
    return rm.RiskModel().fit(market)


@pytest.fixture(scope="module")
def content(folder, market, model):
    book = "house.toml" if folder == TWIN else "book.toml"  # the same month, with the texts of an invented house
    return at.prepare_report(at.read_book(folder / book), month=MONTH, market=market, model=model)


@pytest.fixture(scope="module")
def pages(content):
    """The Japanese pages of both editions, as text and read back."""
    house = read_house(content.book, MONTH, ["ja"], EDITIONS)
    own = {edition: own_of(house, edition, content.messages("ja")) for edition in EDITIONS}
    told = client_texts(drafted(content, Document(CLIENT, "ja")), content.book, "ja")
    client = render_client(content, told, "ja", own=own[CLIENT])
    return {CLIENT: client, ANALYST: render_page(content, "ja", own=own[ANALYST])}


def percent(value):
    return 100 * float(value)


# ---------------------------------------------------------------- the published tables


def test_the_ranking_is_the_published_one_to_the_second_decimal(content, published):
    table = content.tables["performance"].set_index("course")
    columns = {"return": "return", "benchmark": "benchmark_return", "excess": "excess"}
    for row in published["ranking"]:
        own = table.loc[row["course"]]
        assert own["rank"] == row["rank"]
        for printed, column in columns.items():
            assert percent(own[column]) == pytest.approx(row[printed], abs=ROUNDING), (row["course"], printed)
    for printed, value in published["average"].items():
        assert percent(table.loc["Average", columns[printed]]) == pytest.approx(value, abs=ROUNDING)


def test_trailing_returns_are_the_published_ones_without_the_six_month_column(content, published):
    # "6m" is left out: its figures fit a base eight months back, 2025-07-31, and not the close of 2025-09-30
    table = content.tables["trailing"].set_index("name")
    for name, row in published["trailing"].items():
        for window in ("1m", "3m", "1y", "itd"):
            assert percent(table.loc[name, window]) == pytest.approx(row[window], abs=ROUNDING), (name, window)
        for ratio in ("sharpe", "sortino"):
            assert table.loc[name, ratio] == pytest.approx(row[ratio], abs=0.05), (name, ratio)


def test_the_published_six_month_figures_come_out_from_the_end_of_july(content, market, published):
    since = slice("2025-08-01", "2026-03-31")
    level = market["index_level"].to_pandas()
    for name, row in published["trailing"].items():
        if name in content.history.courses:
            value = (1 + content.history.courses[name][since]).prod() - 1
        else:
            value = level[name]["2026-03-31"] / level[name]["2025-07-31"] - 1
        assert percent(value) == pytest.approx(row["6m"], abs=ROUNDING), name
    six_months = content.tables["trailing"].set_index("name")["6m"]
    assert percent(six_months["S&P 500"]) == pytest.approx(100 * (6528.5 / 6688.46 - 1), abs=ROUNDING)  # -2.39, not 2.98


def test_the_indices_and_their_weeks_are_the_published_ones(content, published):
    month = content.tables["index_months"].set_index("index")["return"]
    for name, value in published["index_returns"].items():
        assert percent(month[name]) == pytest.approx(value, abs=ROUNDING), name
    weeks = content.tables["index_weeks"]
    assert len(weeks) == len(published["weeks"])
    for row, (_, own) in zip(published["weeks"], weeks.iterrows(), strict=True):
        assert (str(own["week_from"].date()), str(own["week_to"].date())) == (str(row["from"]), str(row["to"]))
        for name in ("NY Dow", "S&P 500", "NASDAQ"):
            value = FOURTH_WEEK[2] if (str(row["from"]), name) == FOURTH_WEEK[:2] else row[name]
            assert percent(own[name]) == pytest.approx(value, abs=ROUNDING), (row["from"], name)


def test_known_levels_of_the_index_are_its_levels(market, published):
    level = market["index_level"].sel(index="S&P 500").to_pandas()
    for day, value in published["index_levels"]["S&P 500"].items():
        assert level[str(day)] == pytest.approx(value, abs=0.005), day


@pytest.mark.parametrize("sleeve", SLEEVES)
def test_the_top_five_are_the_published_ones_in_their_order(content, published, sleeve):
    table = content.tables["stock_contributions"]
    own = table[(table["course"] == SLEEVES[sleeve]) & ~table["ticker"].isin(NOT_STOCKS) & (table["weight_end"] != 0)]
    assert 20 <= len(own) <= 25
    assert own["weight_start"].max() <= 0.10
    top = own.sort_values("contribution", ascending=False).head(5)
    printed = published["top_contributors"][sleeve]
    assert list(top["ticker"]) == [MISPRINT.get(row["ticker"], row["ticker"]) for row in printed]
    for row, (_, stock) in zip(printed, top.iterrows(), strict=True):
        assert percent(stock["contribution"]) == pytest.approx(row["contribution"], abs=ROUNDING), row["ticker"]
        assert percent(stock["weight_end"]) == pytest.approx(row["weight"], abs=0.05), row["ticker"]  # one decimal printed


# ---------------------------------------------------------------- its pages


def test_every_figure_of_the_published_report_stands_on_the_pages(pages, published):
    shown = {}
    for edition, page in pages.items():
        for cell in Reader(page).traced:
            shown.setdefault((edition, cell.table, *keys_of(cell), cell.column), cell.text)
    wanted = {}
    for row in published["ranking"]:
        for printed, column in {"return": "return", "benchmark": "benchmark_return", "excess": "excess"}.items():
            wanted[ANALYST, "performance", row["course"], column] = row[printed]
            wanted[CLIENT, "periods", row["course"], "1m", column] = row[printed]
    for name, row in published["trailing"].items():
        wanted |= {
            (ANALYST, "trailing", name, window): row[window] for window in ("1m", "3m", "1y", "itd", "sharpe", "sortino")
        }
    for row in published["weeks"]:
        for name in published["index_returns"].keys() & row.keys():
            value = FOURTH_WEEK[2] if (str(row["from"]), name) == FOURTH_WEEK[:2] else row[name]
            wanted |= {(edition, "index_weeks", str(row["from"]), name): value for edition in pages}
    wanted |= {(CLIENT, "index_months", name, "return"): value for name, value in published["index_returns"].items()}
    for sleeve, course in SLEEVES.items():
        for row in published["top_contributors"][sleeve]:
            ticker = MISPRINT.get(row["ticker"], row["ticker"])
            wanted[ANALYST, "stock_contributions", course, ticker, "contribution"] = row["contribution"]
    assert len(wanted) > 90
    # a ratio published to two decimals was found within 0.05: see docs/methodology/twin.md
    differs = {key: (shown.get(key), value) for key, value in wanted.items() if shown.get(key) != number(value, "△")}
    assert {place[-1] for place in differs} <= {"sharpe", "sortino"}
    assert all(text is not None for text, _ in differs.values())


def test_every_section_of_the_published_report_has_its_place(pages, content, published, folder):
    if folder != TWIN:
        pytest.skip("another market has no house")
    headings = [text for _, text in Reader(pages[CLIENT]).headings]
    of_the_month = [
        "当月のポイント",
        "メジャー（架空）",
        "ネクストメジャー（架空）",
        "指数とファクターの騰落率",
        "市場の動向",
    ]
    in_order = [*of_the_month, "運用戦略", "本資料について", "リスク管理", "費用", "投資リスク", "ご留意事項", "関係者"]
    places = [next(place for place, text in enumerate(headings) if text.startswith(name)) for name in in_order]
    assert places == sorted(places)
    words = content.messages("ja")
    client, analyst = (plain_text(pages[edition]) for edition in (CLIENT, ANALYST))
    for factor, name in published["factor_names_ja"].items():
        assert words.factor(factor).startswith((name, "モメンタム"))  # 騰落率 is also what a return is called
        assert words.factor(factor) in client and words.factor(factor) in analyst
    for rule in ("銘柄数の下限", "銘柄数の上限", "1銘柄の組入比率", "セクター比率", "ボラティリティの差"):
        assert rule in client
    assert "2026年3月31日" in client and "2026年4月6日" in client


# ---------------------------------------------------------------- why


def stated_signs(published, place):
    stated = published["stated_drivers"][place]
    return dict.fromkeys(stated.get("positive", ()), 1.0) | dict.fromkeys(stated.get("negative", ()), -1.0)


@pytest.mark.parametrize("sleeve", SLEEVES)
def test_the_leading_drivers_are_the_stated_ones(content, published, sleeve):
    wanted = stated_signs(published, sleeve)
    every = drivers(content.tables, SLEEVES[sleeve])
    found = every[every["group"] == "style"]
    leading = found.head(len(wanted))
    assert dict(zip(leading["factor"], leading["sign"], strict=True)) == wanted
    assert leading["t"].abs().min() > 2
    rest = found["contribution"].abs().iloc[len(wanted) :]
    assert rest.max() < leading["contribution"].abs().min() or rest.empty
    assert "proxy" not in set(every["factor"])


def test_the_factors_that_the_publication_calls_rewarded_were(content, published):
    month = content.tables["factor_month"].set_index("factor")
    styles = month[month["group"] == "style"]
    positive = published["stated_drivers"]["market"]["positive"]
    assert (styles.loc[positive, "return"] > 0).all()
    others = styles.drop(index=positive)
    assert not ((others["return"] > 0) & (others["t"] >= 2)).any()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_commentary_names_the_stated_drivers_in_their_direction(content, published, language):
    facts = Facts(content.tables)
    text = at.report_commentary(content, lang=language)
    found = [read_anchor(match["target"]) for match in CONTRIBUTION.finditer(text)]
    for sleeve, course in SLEEVES.items():
        wanted = stated_signs(published, sleeve)
        own = [
            anchor
            for anchor in found
            if anchor.key[0] == course and facts.row(anchor.table, *anchor.key)["group"] == "style"
        ]
        leading = own[: len(wanted)]
        assert {str(anchor.key[1]): float(np.sign(facts.value(anchor))) for anchor in leading} == wanted


def test_the_audit_of_the_written_figures_finds_only_the_drifted_weight(content, market):
    document = tomllib.loads(figures_toml(content), parse_float=Decimal)
    figures = parse_figures(document, Path("figures.toml"))
    tickers = [str(name) for name in market["asset"].to_numpy()]
    audit = audit_figures(figures, compare_with_content(figures, content, tickers))
    assert [(finding.rule, finding.figures[0][0]) for finding in audit.findings] == [
        ("limit", "top_contributors.next_major.FSLY.weight")
    ]
    assert "drift" in audit.findings[0].correction
    assert audit.ran["data"] > 80


def test_the_published_file_beside_the_twin_is_denied_its_known_mistakes_only(content, market):
    document = tomllib.loads(Path(PUBLISHED).read_text("utf-8"), parse_float=Decimal)
    figures = parse_figures(document, Path(PUBLISHED))
    tickers = [str(name) for name in market["asset"].to_numpy()]
    audit = audit_figures(figures, compare_with_content(figures, content, tickers))
    six_months = [f"trailing.{name}.6m" for name in ('"Major 100"', '"Next Major 100"', '"S&P 500"', '"Russell 2000"')]
    others = [
        'weeks.2026-03-23."S&P 500"',
        "top_contributors.next_major.FSLY.weight",
        "top_contributors.next_major.BTSB.ticker",
        "benchmarks.major",
    ]
    assert [finding.figures[0][0] for finding in audit.findings] == six_months + others
    corrections = {finding.figures[0][0]: finding.correction for finding in audit.findings}
    assert all("is the return since 2025-07-31, eight months back" in corrections[path] for path in six_months)
    assert corrections[others[0]] == "-2.12 (two digits swapped)"
    assert corrections[others[2]] == "BTSG"


def test_the_model_finds_the_factor_returns_that_the_market_was_made_with(folder, model):
    frame = pd.read_csv(folder / "truth_factor_returns.csv", parse_dates=["date"])
    truth = xr.DataArray(frame.set_index("date").rename_axis(index="time", columns="factor"))
    z = ((model.factor_returns - truth) / model.robust_standard_errors).dropna("time", how="all")
    inside = abs(z) < 2
    assert z.sizes["time"] > 400
    assert 0.94 < float(inside.mean()) < 0.97  # of some 10,900 values: 95.4 % and a standard error of 0.2 %
    assert float(inside.mean("time").min()) > 0.91
    march = z.sel(time=MONTH)
    assert float((abs(march) < 2).mean()) > 0.90  # the tied month is no exception: 570 values


# ---------------------------------------------------------------- what it is


def test_it_is_about_a_thousand_stocks_on_the_exchanges_days(market):
    sessions = market["time"].to_index()
    assert market.sizes["asset"] == 1000
    assert (str(sessions[0].date()), str(sessions[-1].date()), len(sessions)) == ("2024-05-01", "2026-03-31", 480)
    assert pd.Timestamp("2025-01-09") not in sessions  # a day of mourning, which no rule of holidays knows
    assert pd.Timestamp("2024-10-14") in sessions  # a federal holiday on which the exchange is open


def test_it_says_that_it_is_simulated(folder):
    securities = read_table(folder, "securities")
    assert securities["name"].str.endswith("(simulated)").all()
    assert securities["name_ja"].dropna().str.endswith("（架空）").all()
    book = tomllib.loads((folder / "book.toml").read_text("utf-8"))
    assert book["report"]["hypothetical"] is True
    assert "simulated" in book["book"]["name"]["en"]


def test_published_tickers_are_the_only_listed_ones(folder, published):
    listed = set(pd.read_csv(Path(PUBLISHED).with_name("listed_2026_08.csv"), keep_default_na=False)["ticker"])
    printed = {MISPRINT.get(row["ticker"], row["ticker"]) for rows in published["top_contributors"].values() for row in rows}
    awkward = {"NA", "TRUE", "1E10", "0130"}
    assert listed & set(read_table(folder, "securities")["ticker"]) - awkward == printed


def test_things_happen_in_it(folder, market):
    here = market["close"].notnull()
    assert int((~here[0]).sum()) == 4  # late listings
    assert int((~here[-1]).sum()) == 2  # one delisted, one bought
    assert int((market["life"].max("time") > 0).sum()) == 1  # a long gap
    assert float(market["bridged_return"].notnull().sum()) == 1  # a short one
    prices, filed = read_table(folder, "prices"), read_table(folder, "fundamentals")
    assert 0 < prices["volume"].isna().mean() < 0.01
    assert (filed["available_from"] - filed["period_end"]).dt.days.between(30, 120).all()
    assert len(read_table(folder, "splits")) > 20
    assert read_table(folder, "earnings")["session"].nunique() == 2


def test_a_company_is_bought_and_its_buyer_issues_shares(folder, market):
    last = market["close"].notnull().cumsum("time").argmax("time")
    ended = last.where(~market["close"].isel(time=-1).notnull(), drop=True)
    shares = read_table(folder, "shares")
    issued = set(shares["available_from"]) - set(shares["available_from"].value_counts().head(5).index)
    assert len(issued) == 1
    effective = market.get_index("time").get_loc(issued.pop())
    target = str(ended["asset"][(ended == effective - 1).to_numpy()].item())
    returns = market["total_return"].sel(asset=target)
    offer = returns.argmax("time").item()
    assert float(returns[offer]) > 0.15  # a premium
    assert 20 <= effective - offer <= 30


def test_the_shipped_market_is_at_most_six_megabytes():
    assert sum(path.stat().st_size for path in TWIN.iterdir()) <= 6_000_000


@pytest.mark.slow
def test_the_generator_makes_the_shipped_tables():
    make_twin = generator()
    made = make_twin.make()
    for name in TABLES:
        shipped = read_table(TWIN, name)
        assert (shipped is None) == (name not in made.tables)
        if shipped is not None:
            # stored as floats of single precision (2^-24 = 6e-8 of the value) or as decimals
            pd.testing.assert_frame_equal(shipped, made.tables[name], rtol=1e-7, atol=1e-9, obj=name)
