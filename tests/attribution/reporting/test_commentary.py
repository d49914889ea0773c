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
from attribution.reporting.commentary.sleeve import SHOWN_DRIVERS
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
    "performance", "index_weeks", "index_months", "factor_month", "factor_contributions", "stock_contributions",
    "stock_factor", "risk", "limits", "realised", "figures",
)  # fmt: skip
OBSERVED_NEVER = Drivers(material_bp=1000)  # no row is as large
NUMBERS = re.compile(r"[−+]?\d+\.\d+")
LONGEST = 2500  # characters of a draft of two sleeves as a reader sees it


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
    assert len(found) > 50
    for text, anchor in found:
        value = looked_up(tables, anchor)
        signed = text.startswith("+")
        forms = [percent(value, style, decimals, signed=signed, unit="%") for decimals in (1, 2)]
        forms.append(percent(value, style, signed=signed))
        forms += [number(value, style, decimals, signed=signed) for decimals in (0, 2)]
        assert text in forms, (text, anchor, value)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_draft_of_two_sleeves_is_read_before_the_first_table(tables, small_book, language, limits):
    text = bare(drafted(tables, small_book, language, limits=limits)).partition("\n")[2]
    assert len(text) <= LONGEST


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
    every = drivers(tables, COURSE)["factor"].tolist()
    expected = every[:SHOWN_DRIVERS]
    assert named[: len(expected)] == expected and len(every) > 3
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
            "High market sensitivity (+0.35) detracted (−0.42%) as the factor fell (−1.20%).",
            "米国株感応度の高い銘柄を多めに保有していたところ（+0.35）、同ファクターが下落し（△1.20%）、マイナスに寄与しました（△0.42%）。",
        ),
        (
            0.35, 0.0120, 0.0042,
            "High market sensitivity (+0.35) contributed (+0.42%) as the factor rose (+1.20%).",
            "米国株感応度の高い銘柄を多めに保有していたところ（+0.35）、同ファクターが上昇し（+1.20%）、プラスに寄与しました（+0.42%）。",
        ),
        (
            -0.35, 0.0120, -0.0042,
            "Low market sensitivity (−0.35) detracted (−0.42%) as the factor rose (+1.20%).",
            "米国株感応度の低い銘柄を多めに保有していたところ（△0.35）、同ファクターが上昇し（+1.20%）、マイナスに寄与しました（△0.42%）。",
        ),
        (
            -0.35, -0.0120, 0.0042,
            "Low market sensitivity (−0.35) contributed (+0.42%) as the factor fell (−1.20%).",
            "米国株感応度の低い銘柄を多めに保有していたところ（△0.35）、同ファクターが下落し（△1.20%）、プラスに寄与しました（+0.42%）。",
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
        (0.05, 0.0120, -0.0042, "detracted (−0.42%, the sum of daily contributions; mean active exposure +0.05"),
        (0.02, 0.0299, 0.0032, "contributed (+0.32%, the sum of daily contributions; mean active exposure +0.02"),
        (0.90, 0.0100, 0.0032, "contributed (+0.32%, the sum of daily contributions; mean active exposure +0.90"),
        (0.001, 0.0120, 0.0042, "mean active exposure 0.00, factor return +1.20%)"),
        (0.35, 0.00001, 0.0042, "mean active exposure +0.35, factor return 0.00%)"),
        (np.nan, 0.01, 0.0042, "Value contributed (+0.42%)."),
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
    assert "- An underweight in Energy (−4.72 points) detracted (−0.13%) as the sector's factor rose (+2.75%)." in sector
    market = bare(drafted(one_driver("market", "market", -0.0191, 0.0913, -0.0018), small_book, "ja"))
    assert (
        "市場へのエクスポージャー（△1.91%）は、市場ファクターが上昇し（+9.13%）、マイナスに寄与しました（△0.18%）。"
        in market
    )


def test_a_factor_the_files_do_not_know_stands_under_its_own_name(small_book):
    text = bare(drafted(one_driver("crowding", "style", 0.35, 0.012, 0.0042), small_book))
    assert "High exposure to crowding (+0.35) contributed (+0.42%) as the factor rose" in text


def test_a_month_without_a_driver_says_so(small_book, tables):
    weak = copied(tables)
    frame = weak["factor_contributions"]
    weak["factor_contributions"] = judged(frame.assign(standard_error=frame["contribution"].abs()), OBSERVED_NEVER)
    text = drafted(weak, small_book)
    assert text.count("No single item drove the excess return") == 2
    assert "exposure, contribution, factor return" not in text


def test_a_model_without_errors_has_drivers_by_size_alone_and_says_so(small_book):
    row = one_driver("value", "style", 0.35, 0.012, 0.0042)["factor_contributions"]
    tables = {"factor_contributions": judged(row.assign(standard_error=np.nan, t=np.nan))}
    assert "so drivers are chosen by size alone." in drafted(tables, small_book)
    assert "寄与度の大きさだけで選んでいます。" in drafted(tables, small_book, "ja")


@pytest.mark.parametrize(("size", "named"), [(0.0004, False), (-0.0006, True)])
def test_the_benchmark_proxy_is_a_driver_by_its_size_and_explained(small_book, size, named):
    rows = [*one_driver("value", "style", 0.35, 0.012, 0.0042)["factor_contributions"].to_dict("records")]
    rows.append(factor_row("proxy", "other", np.nan, np.nan, size, np.nan))
    tables = {"factor_contributions": judged(rows)}
    assert ("between the benchmark's constituents and its published index" in drafted(tables, small_book)) is named
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
    told = "- Stock-specific returns detracted (−2.00%; above all A −1.50%)."
    assert f"{told} Unusually large against its forecast risk of 0.90%.\n" in text
    tables["figures"]["value"] = [-0.02, 0.011, -1.8]
    said = bare(drafted(tables, small_book, "ja"))
    told = "- ファクターでは説明されない銘柄固有の要因は、マイナスに寄与しました（△2.00%、主にA（△1.50%））。"
    assert f"{told}予想リスク1.10%に対し、通常の範囲内でした。" in said


def test_drivers_that_lead_away_from_the_result_are_told_with_what_offset_them(small_book):
    rows = [
        factor_row("value", "style", 0.2, 0.05, 0.010, 9.0), factor_row("size", "style", 0.2, 0.01, -0.009, -1.0),
        factor_row("growth", "style", 0.2, 0.01, -0.005, -1.0), factor_row("activity", "style", 0.2, 0.01, 0.001, 1.0),
    ]  # fmt: skip
    tables = {"factor_contributions": judged(rows)}
    figures = {"drivers": 0.010, "beside_drivers": -0.013, "drivers_share": -10 / 3}
    tables["figures"] = pd.DataFrame({"course": COURSE, "measure": [*figures], "value": [*figures.values()]})
    text = bare(drafted(tables, small_book))
    assert "Drivers and what offset them (exposure, contribution, factor return):" in text
    told = [line for line in text.splitlines() if line.startswith("- ")]
    assert [re.search("(?:contribut|detract)ed .(.*?)%", line)[1] for line in told] == ["+1.00", "−0.90", "−0.50"]
    assert [line.endswith("This is within estimation error.") for line in told] == [False, True, True]
    assert "Drivers total +1.00 points, and all other items, which offset them, −1.30 points." in text
    said = bare(drafted(tables, small_book, "ja"))
    assert said.count("推定誤差の範囲内です。") == 2 and "それを相殺した要因は、次のとおりです" in said


def test_what_many_rows_may_have_by_chance_is_not_called_within_its_error(small_book):
    rows = [factor_row("value", "style", 0.2, 0.05, 0.010, 9.0), factor_row("size", "style", 0.2, 0.01, -0.009, -2.1)]
    frame = judged(rows).assign(driver=[True, False])
    figures = {"drivers": 0.010, "beside_drivers": -0.013, "drivers_share": -10 / 3}
    tables = {
        "factor_contributions": frame,
        "figures": pd.DataFrame({"course": COURSE, "measure": [*figures], "value": [*figures.values()]}),
    }
    assert "It is not significant once the number of rows is allowed for." in bare(drafted(tables, small_book))
    assert "多数の要因を同時に検定していることを考慮すると、統計的に有意ではありません。" in bare(
        drafted(tables, small_book, "ja")
    )


def test_a_style_has_its_own_name_in_sentences_too(small_book, tables):
    """Momentum of 60 days and of a year are two styles of one key: neither is told under the other's name."""
    rows = [factor_row("momentum", "style", 0.35, 0.012, 0.0042, 9.0)]
    for styles, english, japanese in (
        (rm.STYLES, "High exposure to 60-day momentum", "モメンタム"),
        (rm.RESEARCH_STYLES, "High exposure to 12-1-month momentum", "12-1カ月モメンタム"),
        ((rm.Style("momentum", ("momentum",), texts={"en": "House Trend", "ja": "順張り"}),), "to House Trend (", "順張り"),
    ):
        styled = {"styles": {style.name: dict(style.texts) for style in styles}}
        assert english in bare(drafted({"factor_contributions": judged(rows)}, small_book, **styled))
        assert japanese in bare(drafted({"factor_contributions": judged(rows)}, small_book, "ja", **styled))


def test_a_driver_that_a_second_specification_sees_otherwise_is_told_with_its_figure(small_book):
    tables = one_driver("value", "style", 0.35, 0.012, 0.0042)
    tables["factor_contributions"] = judged(tables["factor_contributions"].assign(second_contribution=-0.0001))
    assert "Larger half of companies alone: −0.01%." in bare(drafted(tables, small_book))


def told(limits, book, tables=None, language="en"):
    """A commentary on nothing but these limits, and what they were measured from."""
    return draft({"limits": limits_table(limits)} | (tables or {}), book=book, month=MONTH, language=language, limits=limits)


def test_limits_are_told_as_kept_broken_or_not_tested(small_book, limits):
    gap = next(limit for limit in limits if limit.rule == "risk_band").details[0].values["gap"]
    broken = f"In breach: forecast volatility {gap:.1%} above the Large Index's (limit ±"
    assert broken in bare(told(limits, small_book))
    kept = [dataclasses.replace(limit, ok=True) for limit in limits]
    assert "Major (simulated): In compliance with all limits." in told(kept, small_book)
    untested = [dataclasses.replace(limit, ok=None) if limit.rule == "risk_band" else limit for limit in kept]
    text = told(untested, small_book, language="ja")
    assert "判定できた運用制限はすべて遵守しています。" in text
    assert "判定できなかった運用制限は、Large Indexとのボラティリティの差（比率）です。" in text
    assert "The book states no limits." in told([], small_book)


def past(small_book, verdict, measure="risk_ratio", language="en"):
    """A commentary on nothing but what followed one forecast."""
    numbers = (1.075, 1.144, 1.0642, 0.97, 1.03) if measure == "risk_ratio" else (0.07, 0.09, 1.2857, 0.91, 1.09)
    rows = [SleeveRealised("major", measure, Realised(12, 252, *numbers, verdict=verdict, bound=1.1), 0.0)]
    return bare(draft({"realised": realised_table(rows)}, book=small_book, month=MONTH, language=language))


def test_a_limit_that_was_kept_in_forecast_and_broken_in_fact_is_told(small_book):
    assert (
        "Major (simulated): The limit on risk was complied with in forecast and breached in fact: over 12 months "
        "volatility, forecast at 1.08 times that of the Large Index, was 1.14 times (limit 1.10)."
    ) in past(small_book, "broken_in_fact")
    assert "was 1.14 times (limit 1.10), which chance may explain." in past(small_book, "may_be_chance")
    japanese = past(small_book, "broken_in_fact", language="ja")
    assert "リスクの制限は、予想では遵守していましたが、実績では超過しました。" in japanese
    assert "予想ではLarge Indexの1.08倍、実績では1.14倍でした（制限は1.10倍）。" in japanese
    assert "偶然の可能性があります。" in past(small_book, "may_be_chance", language="ja")
    for verdict in ("kept", "kept_in_fact", "broken_as_forecast", "too_short", "no_risk", "not_followed"):
        assert "Large Index" not in past(small_book, verdict)


@pytest.mark.parametrize(("measure", "name"), [("volatility", "volatility"), ("tracking_error", "tracking error")])
@pytest.mark.parametrize(("verdict", "said"), [("too_low", "above"), ("too_high", "below")])
def test_a_forecast_that_was_wrong_by_more_than_chance_is_told(small_book, measure, name, verdict, said):
    assert (
        f"Major (simulated): Over 12 months {name} was 9.00% a year, significantly {said} the forecast of 7.00%."
    ) in past(small_book, verdict, measure)
    assert "a year" not in past(small_book, "as_forecast", measure)


def test_a_weight_that_drifted_over_its_limit_is_told_with_the_stock_and_the_weight_bought(small_book):
    drifted = Fact("drifted", {"label": "MO", "then": 0.094, "value": 0.10096})
    limits = [
        Limit("major", "weight_max", 0.10096, 0.10, False, (drifted,)),
        Limit("major", "weight_max_at_rebalance", 0.094, 0.10, True, (Fact("at", {"label": "MO", "value": 0.094}),)),
    ]
    row = {"course": COURSE, "ticker": "MO", "name": "Altria", "weight_start": 0.094, "weight_end": 0.10096}
    tables = {"stock_contributions": pd.DataFrame([row])}
    text = bare(told(limits, small_book, tables))
    assert "weight of MO 10.10% (limit 10.00%; 9.40% at the last rebalance)" in text
    tables["stock_contributions"]["weight_start"] = 0.08  # begun by another list than the last
    text = bare(told(limits, small_book, tables))
    assert "weight of MO 10.10% (limit 10.00%; within it at the last rebalance)" in text


def test_the_weight_at_the_rebalance_is_that_of_the_stock_named_and_not_the_largest_then(small_book):
    drifted = Fact("drifted", {"label": "FSLY", "then": 0.0618, "value": 0.1089})
    limits = [
        Limit("major", "weight_max", 0.1089, 0.10, False, (drifted,)),
        Limit("major", "weight_max_at_rebalance", 0.072, 0.10, True, (Fact("at", {"label": "JYFE", "value": 0.072}),)),
    ]
    rows = pd.DataFrame({"course": COURSE, "ticker": ["FSLY", "JYFE"], "name": None, "weight_start": [0.0618, 0.072]})
    text = bare(told(limits, small_book, {"stock_contributions": rows}))
    assert "weight of FSLY 10.89% (limit 10.00%; 6.18% at the last rebalance)" in text and "7.20%" not in text
    both = (drifted, Fact("drifted", {"label": "JYFE", "then": 0.072, "value": 0.101}))
    limits[0] = Limit("major", "weight_max", 0.1089, 0.10, False, both)
    text = bare(told(limits, small_book, {"stock_contributions": rows}))
    assert "weight of FSLY and JYFE (largest) 10.89% (limit 10.00%; within it at the last rebalance)" in text


@pytest.mark.parametrize(("language", "said"), [
    ("en", "Energy deviates from its weight in the benchmark by 12.00% (limit ±10.00%; within it at the last rebalance)"),
    ("ja", "エネルギーの比率のベンチマークとの差は12.00%（許容幅±10.00%、前回リバランス時は許容幅以内）"),
])  # fmt: skip
def test_a_sector_that_drifted_is_told_without_the_weight_of_another_sector(small_book, language, said):
    drifted = Fact("drifted", {"label": "Energy", "then": 0.05, "value": 0.12})
    then = Fact("at", {"label": "Health Care", "value": 0.08})
    limits = [
        Limit("major", "sector_deviation_max", 0.12, 0.10, False, (drifted,)),
        Limit("major", "sector_deviation_max_at_rebalance", 0.08, 0.10, True, (then,)),
    ]
    text = bare(told(limits, small_book, language=language))
    assert said in text and "8.00" not in text


def test_a_volatility_under_the_index_s_by_more_than_is_allowed_is_told(small_book):
    gap = Fact("below", {"risk": 0.15, "other": 0.2, "index": "Large Index", "gap": 0.25})
    limits = [Limit("major", "risk_band", 0.25, 0.1, False, (gap,))]
    text = bare(told(limits, small_book))
    assert "forecast volatility 25.0% below the Large Index's (limit ±10.0%)" in text
    risk = {"portfolio_volatility": 0.15, "benchmark_volatility": 0.2}
    tables = {"risk": pd.DataFrame({"course": COURSE, "measure": [*risk], "value": [*risk.values()]})}
    text = bare(told(limits, small_book, tables))
    assert "forecast volatility 15.0%, 25.0% below the Large Index's 20.0% (limit ±10.0%)" in text
    tables["risk"]["value"] = [0.15, 0.21]  # of another making
    assert "forecast volatility 25.0% below" in bare(told(limits, small_book, tables))


def test_a_volatility_that_is_hardly_out_of_its_band_does_not_print_as_the_bound(small_book):
    gap = Fact("above", {"risk": 0.22008, "other": 0.2, "index": "Large Index", "gap": 0.1004})
    limits = [Limit("major", "risk_band", 0.1004, 0.1, False, (gap,))]
    assert "forecast volatility 10.04% above the Large Index's (limit ±10.00%)" in bare(told(limits, small_book))


@pytest.mark.parametrize(("excess", "said"), [
    ([0.01, -0.01, -0.01], "one of the three outperformed."), ([0.01, 0.01, -0.01], "two of the three outperformed."),
])  # fmt: skip
def test_one_course_and_more_are_told_in_one_grammar(small_book, excess, said):
    courses = [*list(small_book.courses)[:3], "Average"]
    frame = pd.DataFrame({"course": courses, "return": 0.01, "benchmark_return": 0.01, "excess": [*excess, 0.0]})
    assert said in bare(drafted({"performance": frame}, small_book))


def test_a_month_in_which_all_lose_and_one_in_which_all_win(small_book, tables):
    lost = copied(tables)
    lost["performance"] = lost["performance"].assign(excess=-0.01)
    assert "points; none outperformed." in bare(drafted(lost, small_book))
    lost["performance"]["excess"] = 0.01
    assert "全コースがベンチマークを上回りました。" in drafted(lost, small_book, "ja")


def test_the_best_and_the_worst_course_are_named_and_a_course_alone_is_told_alone(small_book, tables):
    ranked = tables["performance"]
    best, worst = (ranked.loc[place, "course"] for place in (ranked["excess"].idxmax(), ranked["excess"].idxmin()))
    assert re.search(rf"The best was {best} \(.* points\), the worst {worst} \(", bare(drafted(tables, small_book)))
    text = bare(drafted({"performance": ranked[ranked["course"] == COURSE]}, small_book))
    assert f"{COURSE} returned " in text and "The best was" not in text


def test_a_stock_that_only_the_benchmark_holds_is_said_not_to_be_held(small_book, tables):
    """Measured against the benchmark few of them count so much: one of them is made to."""
    stocks = tables["stock_contributions"]
    row = stocks.query("course == @COURSE and weight_end == 0 and weight_start == 0")
    place = row["active_contribution"].idxmin()
    grown = stocks.assign(active_contribution=stocks["active_contribution"].where(stocks.index != place, -0.05))
    text = bare(drafted(tables | {"stock_contributions": grown}, small_book))
    assert f"Detractors: {grown.loc[place, 'ticker']} −5.00% (not held)" in text


def test_a_stock_is_called_by_its_ticker_and_where_that_is_a_number_by_its_name(small_book, tables):
    stocks = tables["stock_contributions"]
    best = stocks[stocks["course"] == COURSE].nlargest(1, "active_contribution")
    ticker, name = best["ticker"].iloc[0], best["name"].iloc[0]
    assert f"Largest contributors: {ticker} [" in drafted(tables, small_book)
    coded = tables | {"stock_contributions": stocks.assign(ticker=stocks["ticker"].replace(ticker, "7203"))}
    assert f"Largest contributors: {name} [" in drafted(coded, small_book)
    text = draft(coded, book=small_book, month=MONTH, language="ja", names={"7203": "株式会社|A"})
    assert "上位銘柄は、株式会社\\|A（[" in text and name not in text


def test_a_sleeve_with_one_stock_and_no_name_is_told(small_book, tables):
    alone = copied(tables)
    stocks = alone["stock_contributions"]
    held = stocks[(stocks["course"] == COURSE) & (stocks["weight_end"] > 0) & (stocks["active_contribution"] > 0)]
    alone["stock_contributions"] = held.head(1).assign(name=None)
    text = drafted(alone, small_book)
    assert f"Largest contributors: {held['ticker'].iloc[0]} [" in text
    assert "Detractors" not in text


@pytest.fixture(scope="module")
def of_all_tables(small_book, tables, limits):
    return drafted(tables, small_book, limits=limits)


@pytest.mark.parametrize("missing", sorted(READ))
def test_without_a_table_the_rest_is_told(small_book, tables, missing, limits, of_all_tables):
    rest = {name: frame for name, frame in tables.items() if name != missing}
    text = drafted(rest, small_book, limits=limits)
    assert check_commentary(text, rest, book=small_book, month=MONTH).empty
    assert f"<#{missing}|" not in text
    assert missing == "stock_factor" or f"<#{missing}|" in of_all_tables  # no sleeve of the month has a specific driver


def test_an_index_without_a_return_is_named_as_lacking(small_book, tables):
    lacking = copied(tables)
    lacking["index_weeks"] = lacking["index_weeks"].assign(**{"Large Index": np.nan})
    lacking["index_months"] = lacking["index_months"].iloc[1:]
    text = bare(drafted(lacking, small_book))
    assert "Returns for every week of the month are not available for Large Index." in text
    assert re.search("The Small Index (rose|fell|rebounded|turned|changed)", text)
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
        assert page.count('class="fact"') == len(anchors(text)) > 50
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
        assert len(NUMBERS.findall(bare(text))) > 40


def test_what_is_specific_and_offsets_the_drivers_is_listed_as_a_client_reads_it(small_book):
    """A client's text names it where it stands out from its error and is as large as the drivers, significant or not."""
    nan = float("nan")
    rows = [
        factor_row("market_sensitivity", "style", 0.3, -0.1, -0.0309, -6.4),
        factor_row("specific", "specific", nan, nan, 0.0173, 2.05),
    ]
    frame = judged(rows)
    frame[["driver", "significant"]] = frame[["driver", "significant"]].mask(frame["factor"] == "specific", False)
    text = bare(drafted({"factor_contributions": frame}, small_book))
    assert "Drivers and what offset them" in text
    assert "- Stock-specific returns contributed (+1.73%). It is not significant once the number of rows is allowed" in text
