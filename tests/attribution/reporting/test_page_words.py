"""What the pages say in words: notes, limits, drivers, and what was rewarded."""

import dataclasses
import re
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from attribution.house_style.words import LANGUAGES, read_messages
from attribution.measures.limits import WORDS, Limit, held_limits, limits_table
from attribution.measures.realised import Verdict
from attribution.portfolio.settings.sections import Drivers
from attribution.reporting.commentary.risk import TOLD
from attribution.reporting.pages.cells import Cells
from attribution.reporting.pages.drivers import drivers_view
from attribution.reporting.pages.factors import by_chance, rewarded, rewarded_title
from attribution.reporting.pages.limits import detail_text, limits_section
from attribution.reporting.pages.notes import method_points, notes_section
from attribution.reporting.pages.stocks import driver_texts, kept_together
from attribution.reporting.pages.words import page_words
from attribution.reporting.tables.names import rule_name
from riskmodel import Fact
from tests.attribution.reporting.commentary_inputs import COURSE, factor_row, judged


def in_english(content, *notes):
    return notes_section(dataclasses.replace(content, notes=list(notes)), page_words(content.book, "en"))


NOTES = [
    (
        Fact(
            "left_out",
            {"factor": "surprise", "descriptor": "earnings_surprise", "reason": Fact("no_announcements")},
        ),
        "サプライズ：指標「実績利益と市場予想の差（株価比）」は使っていません（決算発表のデータがない）。",
        "Surprise: the indicator “Reported earnings less consensus, to price” is not used "
        "(there are no earnings announcements).",
    ),
    (
        Fact("flagged", {"date": "2025-03-04", "reason": Fact("vacant", {"sectors": ("Energy", "Materials")})}),
        "2025年3月4日の回帰は完全ではありません（推定に使える銘柄のないセクターがある：エネルギー、素材）。",
        "4 March 2025: the regression of this day is not whole (no name to estimate from in Energy, Materials).",
    ),
    (
        Fact("ordinary_income", {"sources": {"operating_income": 0.34, "net_income": 0.66}}),
        "利益（経常利益、開示がなければ営業利益または当期純利益）には、開示書類にある次の項目を用いました（件数に占める割合）："
        "営業利益 34%、当期純利益 66%。",
        "Earnings (pre-tax, else operating or net) are these items of the filings (share of filings): "
        "operating income 34%, net income 66%.",
    ),
    (
        Fact("found", {"finding": Fact("no_prices", {"table": "shares", "rows": 1200, "examples": ("A", "B")})}),
        "発行済株式数：価格データのないティッカーの1,200件は用いていません（例：A、B）。",
        "Share counts: rows of tickers without prices, not used (1,200) (e.g. A, B).",
    ),
    (
        Fact(
            "found",
            {
                "finding": Fact("stale_price", {"table": "prices", "rows": 7, "examples": ("2025-03-03 A (12.5)",)}),
                "harm": 12.34,
                "course": "Major 100",
                "month": "2025-03",
            },
        ),
        "価格：同じ終値が異例に長く続いたものが7件あります（例：2025年3月3日 A (12.5)）。"
        "Major 100の2025-03の超過収益に最大12.3bp影響する可能性があります。",
        "Prices: closes that repeat for unusually long (7) (e.g. 3 March 2025 A (12.5)). "
        "It may move the excess of Major 100 in 2025-03 by up to 12.3 bp.",
    ),
    (
        Fact(
            "found",
            {
                "finding": Fact(
                    "close_there_and_back",
                    {"table": "prices", "rows": 9, "examples": ("2025-01-02 A-B (-1.5%, +2.0%)", *"CDEFGH")},
                )
            },
        ),
        "価格：売買が平常並みのまま1日だけ大きく離れて戻った終値が9件あり、誤記の疑いがあります"
        "（例：2025年1月2日 A-B (△1.5%、+2.0%)、C、D、E、F）。",
        "Prices: closes that jump for one day and come back without unusual volume, perhaps mistyped (9) "
        "(e.g. 2 January 2025 A-B (−1.5%, +2.0%), C, D, E, F).",
    ),
    (
        Fact("found", {"finding": Fact("fx_jump", {"table": "fx", "rows": 1, "examples": ("2025-01-02 USDJPY",)})}),
        "為替：1日に5%を超えて動く為替レート、1件（例：2025年1月2日 USDJPY）。",
        "Exchange rates: exchange rate that moves by more than 5% in a day; 1 row (e.g. 2 January 2025 USDJPY).",
    ),
    (
        Fact(
            "found",
            {"finding": Fact("no_fx_rate", {"table": "fx", "rows": 4, "examples": ("2025-03-03",), "pair": "USDJPY"})},
        ),
        "為替：USDJPYの値がない営業日が4日あり、直近の値を用いました（例：2025年3月3日）。",
        "Exchange rates: no USDJPY rate on some business days (4); the last known rate was used (e.g. 3 March 2025).",
    ),
    (
        Fact("industries", {"number": 40, "names": 900, "least": 4, "thin": 0, "without": 12, "share": 0.3}),
        "40の業種には、推定対象が4銘柄以上ある日に、セクター内で独自のリターンを推定しています（該当900銘柄）。"
        "業種の区分がない12銘柄は、セクターのリターンのみを用います。業種のリターンは、その日のデータが裏付ける度合いに応じて"
        "セクターに近づけており、同じ業種の銘柄に共通する動きのうち平均30%は銘柄固有に残しています。",
        "40 industries have a return of their own within their sector on days when at least 4 of their names are estimated "
        "(900 names). 12 without an industry take the return of their sector alone. An industry's return is shrunk towards "
        "the sector's as the data require: on average 30% of what its names have in common stays in their specific returns.",
    ),
    (
        Fact(
            "accepted",
            {
                "finding": Fact("stale_price", {"table": "prices", "rows": 7, "examples": ("2025-03-03 A (12.5)",)}),
                "by": "A. Analyst",
                "why": "a bid that stood",
            },
        ),
        "価格：「同じ終値が異例に長く続く（終値）」に該当するデータがあります（2025年3月3日 A (12.5)）。"
        "確認済み（A. Analyst）：a bid that stood",
        "Prices: close that repeats for longer than the name's other days allow (the close) (3 March 2025 A (12.5)). "
        "Looked at and accepted by A. Analyst: a bid that stood",
    ),
    (
        Fact("unmodelled_held", {"course": "X", "names": ("A",), "days": 3}),
        "X：エクスポージャーのない保有銘柄（A、延べ3日・銘柄）の寄与度は「モデル対象外」に含めています。",
        "X: held names without exposures (A; 3 name-days) count as “Not modelled”.",
    ),
    (
        Fact("stopped_benchmark", {"benchmark": "X", "names": tuple("ABCDEFGH")}),
        "Xの構成銘柄のうち取引がなくなったものは、次の構成銘柄の更新まで最終値で据え置いています（A、B、C、D、Eほか3件）。",
        "Names of X that stopped trading keep their last value until the next list: A, B, C, D, E and 3 more.",
    ),
    (
        Fact("filled", {"factor": "activity", "share": 0.0877}),
        "活動性：データのない銘柄（8.8%）の値をセクターと規模から補完しました。",
        "Activity: values of names without data (8.8% of names) are filled in from sector and size.",
    ),
    (
        Fact("cash_stock", {"label": "CASH (stock)"}),
        "ティッカーが CASH の銘柄は、現金と区別するため CASH (stock) と表示しています。保有明細の CASH は現金です。",
        "The stock with the ticker CASH is shown as CASH (stock), to keep it apart from cash: CASH in the holdings is cash.",
    ),
    (
        Fact("benchmark_fund_looked_through", {"benchmark": "X", "fund": "VTI", "weight": 0.4, "list": "Wide"}),
        "ベンチマークXはファンドVTIを含みます（平均40.00%）。構成銘柄一覧「Wide」を、それぞれの日付から用いて構成銘柄に分解しています。"
        "ファンドの騰落率と構成銘柄の騰落率との差は「ファンドとその構成銘柄の差」から差し引いています。",
        "The benchmark X holds the fund VTI, 40.00% of it on average: it is looked through to the names of the list “Wide”, "
        "each list from its date on. What the fund returned beside the list is taken off “Funds beside their lists”.",
    ),
    (
        Fact("earlier_model_covariance", {"date": "2025-02-28"}),
        "予想リスクには、外部モデルの2025年2月28日のファクター共分散を用いました。月末までに、それより新しいものはありません。",
        "The forecast is made from the factor covariances that the given model has for 28 February 2025: it has none of a "
        "later day by this close.",
    ),
    (
        Fact("begun_within", {"courses": ("A", "B")}),
        "当月の平均には、月中に運用を開始したA、Bを、開始以降の騰落率で含めています。",
        "The average of the month counts A, B, begun within it, with what each returned since then.",
    ),
]


@pytest.mark.parametrize(("note", "japanese", "english"), NOTES, ids=[note.key for note, *_ in NOTES])
def test_a_note_is_a_sentence_in_both_languages(page_content, note, japanese, english):
    content = dataclasses.replace(page_content, notes=[note])
    shown = [notes_section(content, page_words(content.book, language)) for language in LANGUAGES]
    assert shown == [[japanese], [english]]


def test_a_stopped_position_is_told_by_its_sleeve(page_content):
    note = Fact("stopped", {"sleeve": "major", "ticker": "0130", "date": "2024-12-13", "weight": 0.039})
    shown = in_english(page_content, note)[0]
    name = page_content.book.sleeves["major"].name.en
    assert shown.startswith(f"{name}: 0130 (3.90% of the strategy) last traded on 13 December 2024.")


def test_notes_of_the_proxy_make_one_sentence(page_content):
    notes = [Fact("proxy", {"course": course, "contribution": -0.001}) for course in ("A", "B")]
    shown = in_english(page_content, *notes)
    assert len(shown) == 1
    assert shown[0].endswith("(contributions: A −0.10%; B −0.10%).")
    assert in_english(page_content, Fact("proxy", {"course": "A", "contribution": 0.001}))[0].endswith("A +0.10%).")


def driver_tables(*rows, **figures):
    """Tables of Major 100, whose rows are judged by the default rule: (factor, group, contribution, t)."""
    factors = judged([factor_row(name, group, 0.1, 0.01, value, t) for name, group, value, t in rows])
    measures = pd.DataFrame({"course": COURSE, "measure": [*figures], "value": [*figures.values()]})
    return {"factor_contributions": factors, "figures": measures}


def test_drivers_stand_by_size_on_their_side_specific_and_observed_rows_among_them(page_content):
    tables = driver_tables(
        ("value", "style", 0.01, 9.0), ("size", "style", -0.02, -9.0), ("growth", "style", 0.03, 1.0),
        ("specific", "specific", 0.012, 5.0), ("proxy", "other", -0.004, np.nan), ("activity", "style", 0.0004, 9.0),
    )  # fmt: skip
    tables["stock_factor"] = pd.DataFrame(
        {"course": COURSE, "ticker": ["A", "B", "C"], "factor": "specific", "contribution": [0.002, -0.003, 0.011]}
    )
    view = drivers_view(tables, COURSE, Drivers(), page_words(page_content.book, "en"))
    assert [row["factor"] for row in view.sides["helped"]] == ["specific", "value"]
    assert [row["factor"] for row in view.sides["hurt"]] == ["size", "proxy"]
    assert view.sides["helped"][0]["stocks"] == "C +1.10%, A +0.20%"
    assert "“Benchmark replication difference” is the difference" in " ".join(view.sentences)
    assert "of 5 estimated rows about 0.2 pass that by chance alone" in view.factors_note


def test_a_page_says_what_offset_the_drivers_and_how_unusual_selection_was(page_content):
    tables = driver_tables(
        ("value", "style", 0.01, 9.0), ("size", "style", -0.011, -1.0), ("growth", "style", -0.002, -1.0),
        drivers=0.01, beside_drivers=-0.013, drivers_share=-10 / 3, specific_part=0.02, specific_part_risk=0.009,
        specific_part_ratio=2.2,
    )  # fmt: skip
    words = page_words(page_content.book, "en")
    assert drivers_view(tables, COURSE, Drivers(), words).sentences == [
        "The drivers total +1.00%; all other items total −1.30%.",
        "The largest offsetting items: Size −1.10%, Growth −0.20%.",
        "Stock selection was unusual: the stock-specific part of +2.00% is 2.2 times its forecast risk of 0.90% for the "
        "month (usual: below 2).",
    ]


def test_a_driver_that_a_second_specification_does_not_keep_is_marked_and_a_model_without_one_says_so(page_content):
    words, rule = page_words(page_content.book, "ja"), Drivers()
    tables = driver_tables(("value", "style", 0.01, 9.0), ("size", "style", -0.02, -9.0))
    tables["factor_contributions"].loc[0, "second_contribution"] = 0.004
    tables["factor_contributions"] = judged(tables["factor_contributions"])
    view = drivers_view(tables, COURSE, rule, words)
    assert (view.sides["helped"][0]["mark"], view.sides["hurt"][0]["mark"]) == ("*", "")
    given = judged(tables["factor_contributions"].assign(second_contribution=np.nan, standard_error=np.nan, t=np.nan))
    note = drivers_view(tables | {"factor_contributions": given}, COURSE, rule, words).note
    assert "標準誤差がないため" in note and "別の推計がありません" in note


@pytest.mark.parametrize(("rows", "chance"), [(5, "0.2"), (22, "1"), (62, "3")])
def test_how_many_rows_chance_explains_is_a_whole_number_from_one_on(page_content, rows, chance):
    assert by_chance(pd.Series(1.0, range(rows)), page_words(page_content.book, "en"))["chance"] == chance


def test_beside_an_error_that_prints_as_nothing_there_is_no_t(page_content):
    cells = Cells(page_words(page_content.book, "en"), traced=False)
    shown = {error: str(cells.t({"t": 22.0, "standard_error": error})) for error in (0.0, 4.9e-5, 5.1e-5)}
    assert ["n/a" in text for text in shown.values()] == [True, True, False]
    assert "22.00" in str(cells.t({"t": 22.0, "standard_error": 1e-3}, of_table=False))


def test_the_method_is_told_point_by_point(page_content):
    points = method_points(page_content, page_words(page_content.book, "en"))
    starts = ("Each day, a regression", "A contribution is", "Brinson", "Weights drift", "Standard errors", "Forecast risk")
    assert len(points) == len(starts) and all(map(str.startswith, points, starts))
    taken_out = {"exposures": {"orthogonalise": {"volatility": ["market_sensitivity", "size"]}}}
    other = dataclasses.replace(page_content, model_settings=page_content.model_settings | taken_out)
    first = method_points(other, page_words(page_content.book, "en"))[0]
    assert "Volatility is measured net of market sensitivity and size, by a daily regression" in first


def month_rows(**returns):
    rows = [(name, "style", value, t) for name, (value, t) in returns.items()]
    return pd.DataFrame(rows, columns=["factor", "group", "return", "t"])


def test_the_title_names_what_was_rewarded_and_no_more_than_four(page_content):
    frame = month_rows(
        a=(0.01, 2.0), b=(0.05, 9.0), c=(0.03, 1.99), d=(0.02, 4.0), e=(-0.03, -3.0), f=(0.04, 3.0), g=(0.005, 2.2)
    )
    assert rewarded(frame) == (["b", "f", "d", "a", "g"], ["e"])
    content = dataclasses.replace(page_content, tables=page_content.tables | {"factor_month": frame})
    assert rewarded_title(content, page_words(content.book, "en")) == "Best-performing styles: b, f, d, a"
    nothing = dataclasses.replace(content, tables={"factor_month": frame.assign(t=0.0)})
    assert (
        rewarded_title(nothing, page_words(content.book, "en"))
        == "Factor returns of the month: no style gained significantly"
    )


BAND = {"risk": 0.1673, "other": 0.1683, "index": "S&P 500", "gap": 0.006}
DETAILS = [
    ([Fact("names", {"names": 22, "least": 20, "most": 25})],
     "22 names, 20 to 25 allowed", "22銘柄（20～25銘柄）", "22 held, 20 to 25 allowed"),
    ([Fact("names", {"names": 1, "least": 20, "most": 25})],
     "1 name, 20 to 25 allowed", "1銘柄（20～25銘柄）", "1 held, 20 to 25 allowed"),
    ([Fact("no_names")], "no names", "組み入れ銘柄なし", "no names"),
    ([Fact("at", {"label": "DKYC", "value": 0.0694})], "DKYC 6.94 %", "DKYC 6.94%", "DKYC 6.94%"),
    ([Fact("drifted", {"label": "A", "then": 0.094, "value": 0.1004}), Fact("at", {"label": "B", "value": 0.11})],
     "A 9.4 % at the rebalance, drifted to 10.04 %; B 11 %",
     "A：リバランス時9.40%、その後の値動きで10.04%；B 11.00%",
     "A: 9.40% at the rebalance, drifted to 10.04%; B 11.00%"),
    ([Fact("now", {"label": "A", "then": 0.0, "value": 0.125})], "A 0 % at the rebalance, now 12.5 %",
     "A：リバランス時0.00%、現在12.50%", "A: 0.00% at the rebalance, now 12.50%"),
    ([Fact("above", {"risk": 0.2033, "other": 0.179, "index": "Large Index", "gap": 0.1353})],
     "20.33 % against 17.9 % of Large Index: 13.53 % above",
     "20.33%（Large Indexは17.90%）、比率で13.53%上回る", "20.33% against 17.90% of Large Index: 13.53% above"),
    ([Fact("below", BAND), Fact("left_out", {"names": 1, "weight": 0.0008})],
     "16.73 % against 16.83 % of S&P 500: 0.6 % below; 1 name of it without a forecast left out (0.08% of its weight)",
     "16.73%（S&P 500は16.83%）、比率で0.60%下回る；予想リスクのない1銘柄（比率0.08%）を除く",
     "16.73% against 16.83% of S&P 500: 0.60% below; 1 of its names without a forecast left out (0.08% of its weight)"),
    ([Fact("no_sleeve_forecast")],
     "n/a: no forecast risk of the sleeve", "－（予想リスクがない）", "n/a: no forecast risk of the strategy"),
    ([Fact("no_forecast", {"index": "X"})],
     "n/a: no forecast risk of 'X'", "－（Xの予想リスクがない）", "n/a: no forecast risk of X"),
    ([Fact("no_constituents", {"index": "X"})],
     "n/a: the book has no constituents of 'X'", "－（Xの構成銘柄がない）", "n/a: no constituents of X"),
    ([Fact("no_sectors", {"benchmark": "X"})],
     "n/a: of 'X' only returns are known", "－（Xは騰落率しか分からない）", "n/a: of X only returns are known"),
    ([Fact("above", {"risk": 0.2033, "other": 0.179, "index": "X", "gap": 0.1353}), Fact("estimated", {"index": "X"})],
     "20.33 % against 17.9 % of X: 13.53 % above; that of X by estimated exposures",
     "20.33%（Xは17.90%）、比率で13.53%上回る；Xのリスクは推定したエクスポージャーによる",
     "20.33% against 17.90% of X: 13.53% above; that of X by estimated exposures"),
    ([Fact("below", BAND), Fact("carried", {"names": 2, "weight": 0.031})],
     "16.73 % against 16.83 % of S&P 500: 0.6 % below; 2 names of the sleeve carried without exposures left out (3.10% of "
     "its weight)",
     "16.73%（S&P 500は16.83%）、比率で0.60%下回る；エクスポージャーのない保有2銘柄（比率3.10%）を除く",
     "16.73% against 16.83% of S&P 500: 0.60% below; 2 held without exposures left out (3.10% of its weight)"),
    ([Fact("funds_as_held"), Fact("looked_through")],
     "a fund is one name; funds looked through", "ファンドは1銘柄と数える；ファンドは構成銘柄に分解",
     "a fund is one name; funds looked through"),
    ([Fact("said", {"text": "something else"})], "n/a: something else", "－（something else）", "n/a: something else"),
]  # fmt: skip


def limit(details, rule="weight_max"):
    return Limit("major", rule, 0.1, 0.1, False, tuple(details))


@pytest.mark.parametrize(("details", "table", "japanese", "english"), DETAILS)
def test_a_limit_s_detail_is_told_in_the_table_and_in_both_languages(page_content, details, table, japanese, english):
    assert limits_table([limit(details)])["detail"].item() == table
    shown = [detail_text(limit(details), page_words(page_content.book, language)) for language in LANGUAGES]
    assert shown == [japanese, english]


def test_every_detail_of_a_limit_is_told():
    assert {fact.key for details, *_ in DETAILS for fact in details} == WORDS.keys()


def test_a_sector_s_deviation_is_signed_in_the_house_style(page_content):
    details = [Fact("at", {"label": "Energy", "value": -0.0205}), Fact("at", {"label": "Materials", "value": 0.03})]
    deviation = limit(details, "sector_deviation_max")
    assert limits_table([deviation])["detail"].item() == "Energy -2.05 %; Materials +3 %"
    shown = [detail_text(deviation, page_words(page_content.book, x)) for x in LANGUAGES]
    assert shown == ["エネルギー △2.05%；素材 +3.00%", "Energy −2.05%; Materials +3.00%"]


@pytest.mark.parametrize(("language", "key", "sign"), [
    ("ja", "below", "△"), ("en", "below", "−"), ("ja", "above", "+"), ("en", "above", "+"),
])  # fmt: skip
def test_values_of_limits_that_bound_both_sides_have_their_sign(page_content, language, key, sign):
    gap = Fact(key, {"risk": 0.15, "other": 0.2, "index": "Large Index", "gap": 0.1004})
    limits = [Limit("major", "risk_band", 0.1004, 0.1, False, (gap,)), limit([Fact("at", {"label": "A", "value": 0.2})])]
    tables = page_content.tables | {"limits": limits_table(limits)}
    content = dataclasses.replace(page_content, limits=limits, tables=tables)
    rows = limits_section(content, page_words(page_content.book, language)).sleeves[0][1]
    assert [row.sign for row in rows] == [sign, ""]


def test_a_stock_whose_ticker_is_the_name_of_a_sector_or_factor_keeps_it(page_content):
    shown = detail_text(limit([Fact("at", {"label": "Energy", "value": 0.1})]), page_words(page_content.book, "ja"))
    assert shown == "Energy 10.00%"


def test_every_detail_that_the_limits_write_is_translated(page_content, small_book):
    own = pd.Series({"A": 0.5, "B": 0.3, "C": 0.2})
    other = pd.Series({"A": 0.1, "B": 0.05, "C": 0.85})
    sectors = pd.Series({"A": "Energy", "B": "Energy", "C": "Materials"})
    limits = [
        limit
        for risk, index in ((0.2, 0.1), (0.1, 0.2), (None, 0.1), (0.1, None))
        for limit in held_limits(
            small_book, "major", weights=own, benchmark_weights=other, rebalance_weights=other, sectors=sectors,
            rebalance_benchmark_weights=other, risk=risk, index_risk=index)
    ]  # fmt: skip
    words = page_words(page_content.book, "ja")
    for limit in [*limits, *page_content.limits]:
        assert not re.search(r" %|\b(at|of|names?|against|allowed|drifted|now|above|below)\b", detail_text(limit, words))


@pytest.mark.parametrize("language", LANGUAGES)
def test_breaches_are_named_and_marked_in_words(page_content, readers, language):
    table = page_content.tables["limits"]
    broken = table[~table["ok"].astype(bool)]
    assert len(broken) >= 1
    marks = [row[3].text for shown in readers[language].of("limits") for row in shown.rows[1:]]
    ok, breach = {"ja": ("✓ 遵守", "× 超過"), "en": ("✓ compliant", "× breach")}[language]
    assert marks == [ok if kept else breach for kept in table["ok"]]
    view = limits_section(page_content, page_words(page_content.book, language))
    name = page_words(page_content.book, language).sleeve(broken["sleeve"].iloc[0])
    assert name in view.summary and str(len(broken)) in view.summary
    rule = rule_name(broken["rule"].iloc[0], page_content.book, read_messages(language))
    assert {"ja": f"{name}の", "en": f"{name}: "}[language] + rule in view.summary


def test_every_rule_of_the_limits_has_a_name(page_content):
    rules = set(page_content.tables["limits"]["rule"]) | {"sector_deviation_max_at_rebalance"}
    assert all(rules <= read_messages(language).table["limit_rules"].keys() for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_verdict_on_a_forecast_has_words_and_no_words_are_left_over(language):
    table = read_messages(language).table
    assert table["realised_verdicts"].keys() == set(get_args(Verdict))
    assert table["realised_measures"].keys() == {"volatility", "tracking_error", "index_volatility", "risk_ratio"}
    assert table["commentary"]["realised"].keys() == set(TOLD)


@pytest.mark.parametrize("language", LANGUAGES)
def test_risk_as_forecast_and_as_realised_stands_under_the_limits_of_each_sleeve(page_content, readers, language):
    words, shown = page_words(page_content.book, language), readers[language].of("realised")
    assert len(shown) == len(page_content.sleeves)
    verdicts = [row[-1].text for table in shown for row in table.rows[1:]]
    texts = {key: words.messages(f"realised_verdicts.{key}", bound="1.10", least=6) for key in get_args(Verdict)}
    assert verdicts == [texts[key] for key in page_content.tables["realised"]["verdict"]]
    view = limits_section(page_content, words)
    assert "%" not in view.note
    left_out = page_content.tables["realised"].assign(uncovered_weight=0.0123)
    other = dataclasses.replace(page_content, tables=page_content.tables | {"realised": left_out})
    assert "1.23%" in limits_section(other, words).note


def test_without_limits_a_sleeve_still_has_its_risk_in_fact(page_content):
    tables = page_content.tables | {"limits": page_content.tables["limits"].iloc[:0]}
    view = limits_section(dataclasses.replace(page_content, tables=tables, limits=[]), page_words(page_content.book, "en"))
    assert view.summary == "The book sets no limits."
    assert [len(realised) for _, rows, realised in view.sleeves if not rows] == [4, 4]


def test_what_drove_a_stock_are_its_two_largest_factors_and_its_specific_part(page_content):
    words = page_words(page_content.book, "en")
    frame = page_content.tables["stock_factor"]
    own = frame[(frame["course"] == "Major 100") & (frame["ticker"] == "DKYC")].set_index("factor")["contribution"]
    specific = own.pop("specific")
    largest = own.loc[own.abs().nlargest(2).index]
    rest = own.sum() - largest.sum()
    assert abs(rest) > abs(own.sum() + specific) / 10  # all else is told
    parts = [*largest.items(), ("specific", specific)]
    expected = [f"{words.messages.factor(name)}\u00a0{words.percent(value, signed=True)}" for name, value in parts]
    expected.append(f"Other\u00a0{words.percent(rest, signed=True)}")
    assert driver_texts(page_content, words, "Major 100", ["DKYC"]) == {"DKYC": expected}


def test_a_factor_of_less_than_a_tenth_of_a_contribution_is_not_named_and_items_are_kept_together(page_content):
    cells = pd.DataFrame({"course": "C", "ticker": "T", "factor": ["size", "value", "specific"], "contribution": 0.006})
    cells["contribution"] = [0.0003, 0.0002, 0.006]
    content = dataclasses.replace(page_content, tables={"stock_factor": cells})
    words = page_words(page_content.book, "en")
    assert driver_texts(content, words, "C", ["T"]) == {"T": ["Stock-specific\u00a0+0.60"]}
    assert driver_texts(content, words, "cash alone", []) == {}
    cells.loc[0, "contribution"] = -0.002
    items = driver_texts(content, words, "C", ["T"])["T"]
    assert items == ["Size\u00a0−0.20", "Stock-specific\u00a0+0.60"]
    assert kept_together(items, words) == (
        '<span class="item">Size\u00a0−0.20,</span> <span class="item">Stock-specific\u00a0+0.60</span>'
    )
    assert kept_together(["A & B、C 1", "D 2"], page_words(page_content.book, "ja")) == (
        '<span class="item">A &amp; B、C 1、</span><span class="item">D 2</span>'
    )
    assert kept_together([], words) == ""
