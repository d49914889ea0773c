"""The draft of a month's commentary: what it names, how it words it, and that every figure leads to its cell."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import riskmodel as rm
from attribution.house_style.numbers import number, percent
from attribution.house_style.words import read_messages
from attribution.measures.limits import Limit, limits_table
from attribution.measures.past_forecasts import SleeveRealised, realised_table
from attribution.measures.realised import Realised
from attribution.portfolio.settings.sections import Drivers
from attribution.reporting.commentary.check import LINK, check_commentary
from attribution.reporting.commentary.draft import draft
from attribution.reporting.commentary.html import to_html
from attribution.reporting.tables.content import build_content
from attribution.reporting.tables.facts import Anchor, Facts, drivers, encoded, offsetting, read_anchor
from attribution.reporting.tables.frames import KEYS
from riskmodel import Fact, InputError
from tests.attribution.reporting.commentary_inputs import (
    COURSE,
    MONTH,
    bare,
    copied,
    drafted,
    factor_row,
    judged,
    one_driver,
    renamed,
)
from tests.conftest import REAL, dear_examples

READ = (
    "performance", "trailing", "index_weeks", "index_months", "factor_month", "factor_contributions", "group_contributions",
    "stock_contributions", "stock_factor", "brinson", "brinson_families", "risk", "limits", "realised",
    "figures",
)  # fmt: skip
OBSERVED_NEVER = Drivers(material_bp=1000)  # no row is as large
NUMBERS = re.compile(r"[−+]?\d+\.\d+")


@pytest.fixture(scope="module")
def tables(page_content):
    return page_content.tables


@pytest.fixture(scope="module")
def limits(page_content):
    return page_content.limits


def anchors(text):
    return [(match["text"], read_anchor(match["angle"])) for match in LINK.finditer(text)]


def looked_up(tables, anchor):
    """The cell an address names, by masks on the frame alone."""
    rows = tables[anchor.table]
    for name, part in zip(KEYS[anchor.table], anchor.key, strict=True):
        if part is not None:
            rows = rows[rows[name].map(lambda cell: f"{cell:%Y-%m-%d}" if isinstance(cell, pd.Timestamp) else cell) == part]
    assert len(rows) == 1 or None in anchor.key
    return rows[anchor.column].astype(float).sum()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_figure_of_a_draft_is_that_of_the_cell_its_link_names(tables, small_book, language, limits):
    style = getattr(small_book.report.negative, language)
    found = anchors(drafted(tables, small_book, language, limits=limits))
    assert len(found) > 150
    for text, anchor in found:
        value = looked_up(tables, anchor)
        signed = text.startswith("+")
        forms = [percent(value, style, signed=signed, unit="%"), percent(value, style, signed=signed)]
        forms += [number(value, style, decimals, signed=signed) for decimals in (0, 2)]
        assert text in forms, (text, anchor, value)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_draft_passes_its_own_check(tables, small_book, language, limits):
    text = drafted(tables, small_book, language, limits=limits)
    assert text.splitlines()[0] == f"<!-- commentary {MONTH} {language} -->"
    assert check_commentary(text, tables, book=small_book, month=MONTH).empty
    assert not text.startswith("\ufeff") and "\r" not in text


def test_both_languages_tell_the_same_figures_and_the_same_twice(tables, small_book, limits):
    japanese, english = (
        sorted(a.target for _, a in anchors(drafted(tables, small_book, lang, limits=limits))) for lang in ("ja", "en")
    )
    assert japanese == english
    assert drafted(tables, small_book, limits=limits) == drafted(copied(tables), small_book, limits=limits)


def test_the_anchors_of_a_draft_name_the_drivers_of_each_sleeve_and_no_other_factor(tables, small_book, limits):
    text = drafted(tables, small_book, limits=limits)
    part = text[text.index("## Major (simulated)") : text.index("## Next Major (simulated)")]
    named = [
        anchor.key[1]
        for _, anchor in anchors(part)
        if anchor.table == "factor_contributions" and anchor.column == "contribution"
    ]
    expected = drivers(tables, COURSE)["factor"].tolist()
    assert named[: len(expected)] == expected and len(expected) > 3
    assert set(named[len(expected) :]) <= {*offsetting(tables, COURSE)["factor"], "specific"}


def test_drivers_come_by_size_with_the_specific_part_and_observed_rows_among_them():
    rows = [
        factor_row("value", "style", 0.2, 0.01, 0.0200, 9.0),
        factor_row("size", "style", 0.2, 0.01, -0.0300, -1.5),
        factor_row("growth", "style", 0.2, 0.01, 0.00049, 9.0),
        factor_row("market", "market", -0.02, 0.1, -0.0400, -8.0),
        factor_row("specific", "specific", np.nan, np.nan, 0.0900, 5.0),
        factor_row("proxy", "other", np.nan, np.nan, -0.0300, np.nan),
        factor_row("momentum", "style", 0.2, 0.01, 0.0900, 9.0, course="Next Major 100"),
    ]
    tables = {"factor_contributions": judged(rows)}
    found = drivers(tables, COURSE)
    assert found["factor"].tolist() == ["specific", "market", "proxy", "value"]
    assert found["sign"].tolist() == [1.0, -1.0, -1.0, 1.0]
    assert drivers(tables, "nobody").empty and offsetting(tables, "nobody").empty
    assert drivers({}, COURSE).empty


@pytest.mark.parametrize(
    ("exposure", "returned", "contribution", "english", "japanese"),
    [
        (
            0.35, -0.0120, -0.0042,
            "High market sensitivity (active exposure +0.35) in a month when market sensitivity cost (−1.20%): "
            "contribution −0.42%.",
            "米国株感応度の高い銘柄を多めに保有していたところ（アクティブ・エクスポージャー+0.35）、米国株感応度が△1.20%と下落し、"
            "△0.42%の寄与となりました。",
        ),
        (
            0.35, 0.0120, 0.0042,
            "High market sensitivity (active exposure +0.35) in a month when market sensitivity was rewarded (+1.20%): "
            "contribution +0.42%.",
            "米国株感応度の高い銘柄を多めに保有していたところ（アクティブ・エクスポージャー+0.35）、米国株感応度が+1.20%と上昇し、"
            "+0.42%の寄与となりました。",
        ),
        (
            -0.35, 0.0120, -0.0042,
            "Low market sensitivity (active exposure −0.35) in a month when market sensitivity was rewarded (+1.20%): "
            "contribution −0.42%.",
            "米国株感応度の低い銘柄を多めに保有していたところ（アクティブ・エクスポージャー△0.35）、米国株感応度が+1.20%と上昇し、"
            "△0.42%の寄与となりました。",
        ),
        (
            -0.35, -0.0120, 0.0042,
            "Low market sensitivity (active exposure −0.35) in a month when market sensitivity cost (−1.20%): "
            "contribution +0.42%.",
            "米国株感応度の低い銘柄を多めに保有していたところ（アクティブ・エクスポージャー△0.35）、米国株感応度が△1.20%と下落し、"
            "+0.42%の寄与となりました。",
        ),
    ],
)  # fmt: skip
def test_a_driver_is_told_by_its_exposure_and_what_the_month_paid(
    small_book, exposure, returned, contribution, english, japanese
):
    tables = one_driver("market_sensitivity", "style", exposure, returned, contribution)
    assert f"- {english}\n" in bare(drafted(tables, small_book))
    assert f"- {japanese}\n" in bare(drafted(tables, small_book, "ja"))


@pytest.mark.parametrize(
    ("exposure", "returned", "contribution", "told"),
    [
        (0.05, 0.0120, -0.0042, "its sign differs from that of the mean active exposure (+0.05) times"),
        (0.02, 0.0299, 0.0032, "more than twice the mean active exposure (+0.02) times the month's factor return (+2.99%)"),
        (0.90, 0.0100, 0.0032, "less than half the mean active exposure (+0.90) times the month's factor return (+1.00%)"),
        (0.001, 0.0120, 0.0042, "summed day by day over a mean active exposure of 0.00 and a factor return of +1.20%"),
        (0.35, 0.00001, 0.0042, "over a mean active exposure of +0.35 and a factor return of 0.00%"),
        (np.nan, 0.01, 0.0042, "Value: contribution +0.42%."),
    ],
)  # fmt: skip
def test_where_days_differ_from_the_mean_the_figures_are_told_without_a_reason(
    small_book, exposure, returned, contribution, told
):
    text = bare(drafted(one_driver("value", "style", exposure, returned, contribution), small_book))
    assert told in text
    assert "tilt" not in text


def test_sectors_and_the_market_are_told_in_weights(small_book):
    sector = bare(drafted(one_driver("Energy", "sector", -0.0472, 0.0275, -0.0013), small_book))
    assert (
        "- An underweight in Energy (active weight −4.72 percentage points), whose sector factor returned +2.75%: "
        "contribution −0.13%." in sector
    )
    market = bare(drafted(one_driver("market", "market", -0.0191, 0.0913, -0.0018), small_book, "ja"))
    assert (
        "市場へのアクティブ・エクスポージャーは△1.91%ポイント、市場ファクターのリターンは+9.13%で、寄与度は△0.18%" in market
    )


def test_a_factor_the_files_do_not_know_stands_under_its_own_name(small_book):
    text = bare(drafted(one_driver("crowding", "style", 0.35, 0.012, 0.0042), small_book))
    assert "High exposure to crowding (active exposure +0.35) in a month when crowding was rewarded" in text


def test_a_month_without_a_driver_says_so(small_book, tables):
    weak = copied(tables)
    frame = weak["factor_contributions"]
    weak["factor_contributions"] = judged(frame.assign(standard_error=frame["contribution"].abs()), OBSERVED_NEVER)
    text = drafted(weak, small_book)
    assert text.count("No single part of the excess return is a driver") == 2
    assert "Drivers of the excess return" not in text and "no single part of it was a driver" in text


def test_a_model_without_errors_has_drivers_by_size_alone_and_says_so(small_book):
    row = one_driver("value", "style", 0.35, 0.012, 0.0042)["factor_contributions"]
    tables = {"factor_contributions": judged(row.assign(standard_error=np.nan, t=np.nan))}
    assert "so drivers are chosen by their size alone." in drafted(tables, small_book)
    assert "寄与度の大きさだけで選んでいます。" in drafted(tables, small_book, "ja")


@pytest.mark.parametrize(("size", "named"), [(0.0004, False), (-0.0006, True)])
def test_the_benchmark_proxy_is_a_driver_by_its_size_and_explained(small_book, size, named):
    rows = [*one_driver("value", "style", 0.35, 0.012, 0.0042)["factor_contributions"].to_dict("records")]
    rows.append(factor_row("proxy", "other", np.nan, np.nan, size, np.nan))
    tables = {"factor_contributions": judged(rows)}
    assert ("difference between the benchmark's constituents" in drafted(tables, small_book)) is named
    assert ("構成銘柄と指数の差" in drafted(tables, small_book, "ja")) is named


def test_the_specific_part_is_a_driver_with_its_stocks_and_is_held_against_its_forecast(small_book):
    rows = [
        factor_row("value", "style", 0.2, 0.01, 0.002, 9.0),
        factor_row("specific", "specific", np.nan, np.nan, -0.02, -7.0),
    ]
    cells = pd.DataFrame({"course": COURSE, "ticker": ["A", "B"], "factor": "specific", "contribution": [-0.015, 0.004]})
    figures = {"specific_part": -0.02, "specific_part_risk": 0.009, "specific_part_ratio": -2.2}
    tables = {"factor_contributions": judged(rows), "stock_factor": cells}
    tables["figures"] = pd.DataFrame({"course": COURSE, "measure": [*figures], "value": [*figures.values()]})
    text = bare(drafted(tables, small_book))
    assert (
        "- Stock-specific returns, which no factor explains: contribution −2.00% (largest in this direction: A −1.50%).\n"
        in text
    )
    assert "Stock selection was unusual: the stock-specific part of −2.00% is at least twice the risk of 0.90%" in text
    tables["figures"]["value"] = [-0.02, 0.011, -1.8]
    said = bare(drafted(tables, small_book, "ja"))
    assert "銘柄選択は通常の範囲内でした。銘柄固有の寄与度△2.00%は、事前に予想した月間のリスク1.10%の2倍未満です。" in said
    assert "- ファクターでは説明されない銘柄固有の寄与度は△2.00%でした（同じ方向に大きかった銘柄はA（△1.50%））。" in said


def test_drivers_that_lead_away_from_the_result_are_told_with_what_offset_them(small_book):
    rows = [
        factor_row("value", "style", 0.2, 0.05, 0.010, 9.0), factor_row("size", "style", 0.2, 0.01, -0.009, -1.0),
        factor_row("growth", "style", 0.2, 0.01, -0.005, -1.0), factor_row("activity", "style", 0.2, 0.01, 0.001, 1.0),
    ]  # fmt: skip
    tables = {"factor_contributions": judged(rows)}
    figures = {"drivers": 0.010, "beside_drivers": -0.013, "drivers_share": -10 / 3}
    tables["figures"] = pd.DataFrame({"course": COURSE, "measure": [*figures], "value": [*figures.values()]})
    text = bare(drafted(tables, small_book))
    assert "What drove the excess return, and what offset that, largest first:" in text
    told = [line for line in text.splitlines() if line.startswith("- ")]
    assert [line.split("contribut")[1].split("%")[0][-5:] for line in told] == ["+1.00", "−0.90", "−0.50"]
    assert [line.endswith("It is not told from estimation noise.") for line in told] == [False, True, True]
    assert "Of these the drivers come to +1.00 percentage points; everything else comes to −1.30 percentage points" in text
    said = bare(drafted(tables, small_book, "ja"))
    assert said.count("推定誤差と区別できません。") == 2 and "それを相殺したものを、寄与度の大きい順に挙げます。" in said


def test_a_style_has_its_own_name_in_sentences_too(small_book, tables):
    """Momentum of 60 days and of a year are two styles of one key: neither is told under the other's name."""
    rows = [factor_row("momentum", "style", 0.35, 0.012, 0.0042, 9.0)]
    for styles, english, japanese in (
        (rm.STYLES, "High exposure to 60-day momentum", "モメンタム（60日騰落率）"),
        (rm.RESEARCH_STYLES, "High exposure to 12-1-month momentum", "12-1カ月モメンタム"),
        ((rm.Style("momentum", ("momentum",), texts={"en": "House Trend", "ja": "順張り"}),), "to House Trend (", "順張り"),
    ):
        styled = {"styles": {style.name: dict(style.texts) for style in styles}}
        assert english in bare(drafted({"factor_contributions": judged(rows)}, small_book, **styled))
        assert japanese in bare(drafted({"factor_contributions": judged(rows)}, small_book, "ja", **styled))


def test_a_driver_that_a_second_specification_sees_otherwise_is_told_with_its_figure(small_book):
    tables = one_driver("value", "style", 0.35, 0.012, 0.0042)
    tables["factor_contributions"] = judged(tables["factor_contributions"].assign(second_contribution=-0.0001))
    assert "Estimated from the larger half of the companies alone, it would be −0.01%." in bare(drafted(tables, small_book))


BLEND = "Major 50 : Next 50"


def blend(book, excess, t_of_specific, specific, language="en"):
    """The commentary on a blend that value drove."""
    rows = [
        factor_row("value", "style", 0.2, 0.05, 0.010, 9.0, BLEND),
        factor_row("size", "style", 0.2, 0.01, -0.001, -1, BLEND),
        factor_row("specific", "specific", np.nan, np.nan, specific, t_of_specific, BLEND),
    ]  # fmt: skip
    performance = pd.DataFrame({"course": [BLEND], "rank": 1, "return": 0.01, "benchmark_return": 0.006, "excess": excess})
    return bare(drafted({"factor_contributions": judged(rows), "performance": performance}, book, language=language))


@pytest.mark.parametrize(("excess", "told"), [(0.02, "its largest driver was value +1.00%."), (
    0.004, "its largest driver was value +1.00%, against which stood the stock-specific part −0.50% and size −0.10% "
    "(not told from estimation noise)."
)])  # fmt: skip
def test_a_blend_names_no_driver_larger_than_its_excess_without_what_cancelled_it(small_book, excess, told):
    assert told in blend(small_book, excess, -2.2, -0.005)
    japanese = blend(small_book, 0.004, -2.2, -0.005, "ja")
    assert "これを相殺した主なものは銘柄固有（△0.50%）、規模（△0.10%、推定誤差とは区別できません）でした" in japanese


def test_a_blend_that_something_uncertain_led_away_says_so_and_calls_no_smaller_row_the_most_influential(small_book):
    """The specific part is larger than the largest driver and is none itself: it is not told from noise."""
    english, japanese = (blend(small_book, -0.004, -1.5, -0.013, language) for language in ("en", "ja"))
    assert (
        "its largest driver, value +1.00%, was outweighed by the stock-specific part −1.30% and size −0.10%, none of which "
        "is told from estimation noise." in english
    )
    assert (
        "主な要因のうち最大の割安性（+1.00%）を、いずれも推定誤差と区別できない銘柄固有（△1.30%）、規模（△0.10%）が上回りました"
        in japanese
    )


def told(limits, book, language="en"):
    """A commentary on nothing but these limits."""
    return draft({"limits": limits_table(limits)}, book=book, month=MONTH, language=language, limits=limits)


def test_limits_are_told_as_kept_broken_or_not_tested(small_book, limits):
    gap = next(limit for limit in limits if limit.rule == "risk_band").details[0].values["gap"]
    broken = f"Limits that Major (simulated) broke: forecast volatility {gap:.2%} above that of Large Index"
    assert broken in bare(told(limits, small_book))
    kept = [dataclasses.replace(limit, ok=True) for limit in limits]
    assert "Major (simulated) kept all its limits." in told(kept, small_book)
    untested = [dataclasses.replace(limit, ok=None) if limit.rule == "risk_band" else limit for limit in kept]
    text = told(untested, small_book, "ja")
    assert "判定できた運用制限をすべて満たしています。" in text
    assert "判定できなかった運用制限は、予想ボラティリティです。" in text
    assert "The book states no limits." in told([], small_book)


def past(small_book, verdict, measure="risk_ratio", language="en"):
    """A commentary on nothing but what followed one forecast."""
    numbers = (1.075, 1.144, 1.0642, 0.97, 1.03) if measure == "risk_ratio" else (0.07, 0.09, 1.2857, 0.91, 1.09)
    rows = [SleeveRealised("major", measure, Realised(12, 252, *numbers, verdict=verdict, bound=1.1), 0.0)]
    return bare(draft({"realised": realised_table(rows)}, book=small_book, month=MONTH, language=language))


def test_a_limit_that_was_kept_in_forecast_and_broken_in_fact_is_told(small_book):
    assert (
        "Major (simulated) kept its limit on risk in forecast and broke it in fact: over the last 12 months its volatility "
        "was forecast at 1.08 times that of Large Index and was 1.14 times it, where the bound is 1.10."
    ) in past(small_book, "broken_in_fact")
    assert "beyond the bound of 1.10 by no more than chance may explain." in past(small_book, "may_be_chance")
    japanese = past(small_book, "broken_in_fact", language="ja")
    assert "リスクの制限を予想では守っていましたが、実績では超過しました。" in japanese
    assert "予想ではLarge Indexの1.08倍、実績では1.14倍でした（制限は1.10倍）。" in japanese
    assert "偶然の可能性があります。" in past(small_book, "may_be_chance", language="ja")
    for verdict in ("kept", "kept_in_fact", "broken_as_forecast", "too_short", "no_risk", "not_followed"):
        assert "Large Index" not in past(small_book, verdict)


@pytest.mark.parametrize(("measure", "name"), [("volatility", "volatility"), ("tracking_error", "tracking error")])
@pytest.mark.parametrize(("verdict", "said"), [("too_low", "low"), ("too_high", "high")])
def test_a_forecast_that_was_wrong_by_more_than_chance_is_told(small_book, measure, name, verdict, said):
    assert (
        f"Over the last 12 months the {name} of Major (simulated) was 9.00% a year; the forecast of 7.00% was too {said} by "
        f"more than chance explains."
    ) in past(small_book, verdict, measure)
    assert "a year" not in past(small_book, "as_forecast", measure)


def test_a_weight_that_drifted_over_its_limit_is_told_with_the_stock_and_the_weight_bought(small_book):
    drifted = Fact("drifted", {"label": "MO", "then": 0.094, "value": 0.10096})
    limits = [
        Limit("major", "weight_max", 0.10096, 0.10, False, (drifted,)),
        Limit("major", "weight_max_at_rebalance", 0.094, 0.10, True, (Fact("at", {"label": "MO", "value": 0.094}),)),
    ]
    text = bare(told(limits, small_book))
    assert "weight of MO 10.10%, where at most 10.00% is allowed (largest weight at the last rebalance 9.40%)" in text


def test_a_volatility_under_the_index_s_by_more_than_is_allowed_is_told(small_book):
    gap = Fact("below", {"risk": 0.15, "other": 0.2, "index": "Large Index", "gap": 0.25})
    limits = [Limit("major", "risk_band", 0.25, 0.1, False, (gap,))]
    text = bare(told(limits, small_book))
    assert "forecast volatility 25.00% under that of Large Index, where at most 10.00% is allowed" in text


def test_a_month_in_which_all_lose_and_one_in_which_all_win(small_book, tables):
    lost = copied(tables)
    lost["performance"] = lost["performance"].assign(excess=-0.01)
    assert "No course was ahead of its benchmark." in drafted(lost, small_book)
    lost["performance"]["excess"] = 0.01
    assert "すべてのコースがベンチマークを上回りました。" in drafted(lost, small_book, "ja")


def test_a_stock_that_only_the_benchmark_holds_is_said_not_to_be_held(small_book, tables):
    """Measured against the benchmark few of them count so much: one of them is made to."""
    stocks = tables["stock_contributions"]
    row = stocks.query("course == @COURSE and weight_end == 0 and weight_start == 0")
    place = row["active_contribution"].idxmin()
    grown = stocks.assign(active_contribution=stocks["active_contribution"].where(stocks.index != place, -0.05))
    text = bare(drafted(tables | {"stock_contributions": grown}, small_book))
    worst = grown.loc[place]
    assert (
        f"- {worst['ticker']} ({worst['name']}): not held, return {percent(worst['return'], 'minus', signed=True)}%" in text
    )


def test_stocks_bear_their_names_of_the_language_and_their_own_where_there_is_none(small_book, tables):
    stocks = tables["stock_contributions"]
    best = stocks[stocks["course"] == COURSE].nlargest(1, "active_contribution")
    ticker, name = best["ticker"].iloc[0], best["name"].iloc[0]
    text = draft(tables, book=small_book, month=MONTH, language="ja", names={ticker: "株式会社|A"})
    assert f"- {ticker}（株式会社\\|A）：組入比率[" in text
    assert name not in text
    assert f"- {ticker}（{name}）：組入比率[" in drafted(tables, small_book, "ja")


def test_a_sleeve_with_one_stock_and_no_name_is_told(small_book, tables):
    alone = copied(tables)
    stocks = alone["stock_contributions"]
    held = stocks[(stocks["course"] == COURSE) & (stocks["weight_end"] > 0) & (stocks["active_contribution"] > 0)]
    alone["stock_contributions"] = held.head(1).assign(name=None)
    text = drafted(alone, small_book)
    assert "Highest contributions to excess return (weights" in text
    assert "Lowest contributions" not in text
    assert f"\n- {held['ticker'].iloc[0]}: weight [" in text


@pytest.fixture(scope="module")
def of_all_tables(small_book, tables, limits):
    return drafted(tables, small_book, limits=limits)


@pytest.mark.parametrize("missing", sorted(READ))
def test_without_a_table_the_rest_is_told(small_book, tables, missing, limits, of_all_tables):
    rest = {name: frame for name, frame in tables.items() if name != missing}
    text = drafted(rest, small_book, limits=limits)
    assert check_commentary(text, rest, book=small_book, month=MONTH).empty
    assert f"<#{missing}|" not in text
    assert f"<#{missing}|" in of_all_tables


def test_an_index_without_a_return_is_named_as_lacking(small_book, tables):
    lacking = copied(tables)
    lacking["index_weeks"] = lacking["index_weeks"].assign(**{"Large Index": np.nan})
    lacking["index_months"] = lacking["index_months"].iloc[1:]
    text = bare(drafted(lacking, small_book))
    assert "Returns over every week of the month are not available for Large Index." in text
    assert "Week by week, Small Index returned" in text
    assert "No index returns are available." in drafted({}, small_book)


def test_names_with_markup_bars_and_percent_signs_stay_names(small_book, tables, limits):
    names = {
        "Major 100": "A|B <b>100%</b>/:* [x](y) #1 _q_ \\ & &amp; %2A",
        "Next Major 100": "コ" * 40,
        "Major 70 : Next 30": "*",
        "Large Index": "L|<i>&*50.5%",
    }
    hostile = small_book.model_copy(
        update={
            "courses": {names.get(course, course): shares for course, shares in small_book.courses.items()},
            "benchmarks": {names.get(name, name): value for name, value in small_book.benchmarks.items()},
            "sleeves": {
                key: sleeve.model_copy(update={"benchmark": names.get(sleeve.benchmark, sleeve.benchmark), "name": None})
                for key, sleeve in small_book.sleeves.items()
            },
            "report": small_book.report.model_copy(
                update={"indices": tuple(names.get(name, name) for name in small_book.report.indices)}
            ),
        }
    )
    blends = {small_book.benchmark_name(c): hostile.benchmark_name(names.get(c, c)) for c in small_book.courses}
    other = renamed(tables, blends | names)
    for language in ("ja", "en"):
        text = drafted(other, hostile, language, limits=limits)
        assert check_commentary(text, other, book=hostile, month=MONTH).empty
        page = to_html(text)
        assert page.count('class="fact"') == len(anchors(text)) > 150
        assert "<b>" not in page and "<i>" not in page and "<a " not in page
        assert "A|B &lt;b&gt;100%&lt;/b&gt;/:* [x](y) #1 _q_ \\ &amp; &amp;amp; %2A" in page


@settings(max_examples=dear_examples())
@given(st.text(), st.text(min_size=1))
def test_an_address_survives_whatever_a_name_is(name, column):
    anchor = Anchor("stock_factor", (name, None, "*"), column)
    assert read_anchor(anchor.target) == anchor
    assert not set(encoded(name)) & set("|<>\\&*\n\r")


@pytest.mark.parametrize("style", ["△", "▲", "minus", "parentheses"])
def test_every_way_of_writing_negative_numbers_passes_the_check(small_book, tables, style, limits):
    negative = small_book.report.negative.model_copy(update={"en": style, "ja": style})
    book = small_book.model_copy(update={"report": small_book.report.model_copy(update={"negative": negative})})
    assert check_commentary(drafted(tables, book, limits=limits), tables, book=book, month=MONTH).empty


def test_an_unknown_language_is_refused(small_book):
    with pytest.raises(InputError, match="language 'fr': the pages are written in ja, en"):
        draft({}, book=small_book, month=MONTH, language="fr")


def test_the_messages_of_both_languages_have_the_same_keys_and_places():
    def flat(table, above=""):
        for key, value in table.items():
            yield from flat(value, f"{above}{key}.") if isinstance(value, dict) else [(above + key, value)]

    japanese, english = (dict(flat(read_messages(lang).table["commentary"])) for lang in ("ja", "en"))
    assert japanese.keys() == english.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"{(\w+)}", text)) == sorted(re.findall(r"{(\w+)}", japanese[key])), key


def test_sums_are_asked_only_of_what_adds_up(tables):
    facts = Facts(tables)
    total = facts.value(Anchor("brinson", (COURSE, None), "selection"))
    assert total == pytest.approx(tables["brinson"].query("course == @COURSE")["selection"].sum(), abs=1e-15)
    with pytest.raises(KeyError):
        facts.value(Anchor("brinson", (COURSE, None), "portfolio_return"))


@pytest.mark.slow
@pytest.mark.real_market
@pytest.mark.parametrize("month", ["2015-08", "2016-06"])
def test_real_months_are_told_and_pass(month, real_market, real_model):
    from attribution import read_book

    book = read_book(REAL / "book.toml")
    content = build_content(book, real_market, real_model, month)
    tables = content.tables
    for language in ("ja", "en"):
        text = drafted(tables, book, language, month, limits=content.limits)
        assert check_commentary(text, tables, book=book, month=month).empty
        assert len(NUMBERS.findall(bare(text))) > 100
