"""The charts: they show what the tables hold, nothing is cut or covered, the SVG is small and the same each time."""

import html
import io
import re
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from attribution.house_style import drawing
from attribution.house_style.drawing import Bar, Drawing
from attribution.house_style.drawing.against import NARROW, against
from attribution.house_style.drawing.bars import bar_panels
from attribution.house_style.drawing.canvas import (
    FAINT,
    INK,
    MUTED,
    NEGATIVE,
    OUTLINE,
    PAPER,
    POSITIVE,
    SIZE,
    TOTAL,
    WIDTH,
    WIDTHS,
    Canvas,
    Scale,
    limits,
)
from attribution.house_style.drawing.contributions import brinson_chart, contribution_bars
from attribution.house_style.drawing.fonts import families, legible
from attribution.house_style.drawing.lines import date_ticks, drawdown_lines
from attribution.house_style.drawing.sheet import house, to_figure
from attribution.house_style.drawing.svg import simplified
from attribution.house_style.numbers import number, percent
from attribution.house_style.words import LANGUAGES, read_messages
from attribution.reporting.charts import NARROWED, charts, month_figures
from riskmodel.market.industries import major_groups

HOSTILE = [
    "Major 100",
    "<script>alert('x')</script> & \"y\" $a_b$ {z} $\\frac{1}{2}$",
    "W" * 40,
    "コミュニケーション・サービスと一般消費財の非常に長い名前のコース",
    "a\nb\tc",
    "",
    "=1+1",
    "très lång nämé",
    "/:*?[]'",
    "İstanbul Ж 株",
    "x",
    "ＷＩＤＥ",
]
ENGLISH = read_messages("en")
VALUES = [0.0123, -0.2, np.nan, 9.0, 0.0, -1e-9, 0.3, -0.99, np.inf, 12345.6, 1e-4, -0.05]


@pytest.fixture(scope="module")
def month_content(page_content):
    return page_content


def as_figure(drawn):
    return to_figure(drawn) if isinstance(drawn, Drawing) else drawn


def texts(drawn):
    return [text.get_text() for text in as_figure(drawn).axes[0].texts]


def patches(drawn):
    return as_figure(drawn).axes[0].patches


def boxes(figure):
    """Boxes of the texts in points, by an actual renderer; in the widest font that has the text."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(72)
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in as_figure(figure).axes[0].texts:
        text.set_fontfamily("DejaVu Sans" if text.get_text().isascii() else list(families()))
    with house():
        return [(t.get_text(), t.get_window_extent(renderer)) for t in figure.axes[0].texts if t.get_text()]


def require_clear(figure):
    """No text leaves the sheet, none lies on another, and no scale has shrunk to nothing."""
    figure = as_figure(figure)
    width, height = figure.get_size_inches() * 72
    found = boxes(figure)
    assert width in (WIDTH, NARROW)
    for text, box in found:
        assert box.x0 >= -0.5 and box.x1 <= width + 0.5, text
        assert box.y0 >= -0.5 and box.y1 <= height + 0.5, text
    sides = np.array([[box.x0 + 0.25, box.x1 - 0.25, box.y0 + 0.75, box.y1 - 0.75] for _, box in found])
    left, right, low, high = sides.T
    across = (left[:, None] < right) & (left < right[:, None])
    touching = np.argwhere(np.triu(across & (low[:, None] < high) & (low < high[:, None]), 1))
    assert not len(touching), [(found[one][0], found[other][0]) for one, other in touching[:5]]


def require_clean(figure):
    svg = drawing.to_svg(figure)
    assert not re.search(r"\bnan\b|\binf\b", re.sub(r">[^<]*<", "><", svg))
    assert not re.search(r"[-−△▲(]0\.0+(?![\d])", svg)
    assert " id=" not in svg and "url(" not in svg and "<use" not in svg
    return svg


def daily(count, days=60, scale=0.02, seed=1):
    index = pd.bdate_range("2015-06-01", periods=days)
    return [pd.Series(x, index) for x in np.random.default_rng(seed).normal(0, scale, (count, days))]


def luminance(colour):
    """Relative luminance, WCAG 2.1."""
    channels = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# Machado, Oliveira & Fernandes (2009), IEEE TVCG 15(6), severity 1.0; in linear RGB
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour, matrix=None):
    """CIELAB (D65) of a colour as someone sees it."""
    channels = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    if matrix is not None:
        linear = np.clip(np.array(matrix) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    t = xyz / [0.9505, 1.0, 1.089]
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_colours_stand_out_from_paper_and_from_each_other_in_grey():
    assert min(contrast(colour, PAPER) for colour in (INK, MUTED)) >= 4.5  # WCAG 2.1, 1.4.3: text
    assert min(contrast(colour, PAPER) for colour in (POSITIVE, NEGATIVE, TOTAL)) >= 3.0  # 1.4.11: graphics
    assert contrast(POSITIVE, NEGATIVE) >= 1.9
    assert contrast(FAINT, PAPER) >= 3.0


@pytest.mark.parametrize("kind", BLIND)
def test_up_and_down_differ_in_every_kind_of_colour_blindness(kind):
    one, other = (lab(colour, BLIND[kind]) for colour in (POSITIVE, NEGATIVE))
    assert np.linalg.norm(one - other) >= 15  # 2.3 is just noticeable side by side
    with_sight = np.linalg.norm(lab(POSITIVE) - lab(NEGATIVE))
    assert with_sight >= 80


def test_labels_are_spread_apart_in_order_and_inside():
    places = drawing.spread([5.0, 5.1, 5.05, 0.0, 10.0], 1.0, 0.0, 10.0)
    assert places == [4.05, 6.05, 5.05, 0.0, 10.0]
    crowded = drawing.spread([10.0, 10.0, 10.0], 1.0, 0.0, 10.0)
    assert crowded == [8.0, 9.0, 10.0]
    blocks = drawing.spread([9.9, 9.9, 9.9, 8.5], 1.0, 0.0, 10.0)  # what the edge pushes back pushes its neighbour
    assert sorted(blocks) == [7.0, 8.0, 9.0, 10.0]


def test_a_text_is_cut_where_it_does_not_fit():
    assert drawing.shortened("Market", 100) == "Market"
    cut = drawing.shortened("コミュニケーション・サービス", 60)
    assert cut.endswith("…")
    assert drawing.text_width(cut) <= 60
    assert drawing.shortened("a\nb\x00 c", 100) == "a b c"


@pytest.mark.parametrize("family", ["DejaVu Sans", "Noto Sans CJK JP"])
def test_the_estimate_of_a_width_is_not_below_the_real_one(family):
    from matplotlib.font_manager import FontProperties, findfont, get_font

    assert family in families()
    font = get_font(findfont(FontProperties(family=family)))
    font.set_size(100, 72)
    printed = [chr(code) for code in range(32, 127)]
    for character in [*printed, *WIDTHS, *("市…△" if family != "DejaVu Sans" else "…△")]:
        advance = font.load_char(ord(character)).linearHoriAdvance / 65536 / 100
        assert advance <= drawing.text_width(character, 1.0) + 0.01, (character, advance)


@pytest.mark.parametrize(("count", "scale"), [(1, 0.02), (2, 0.0), (5, 0.4), (12, 0.02)])
def test_lines_of_many_courses_are_named_without_touching(count, scale):
    series = daily(2 * count, scale=scale)
    courses = dict(zip(HOSTILE, series[:count], strict=False))
    benchmarks = {f"{name} benchmark": x for name, x in zip(HOSTILE, series[count:], strict=False)}
    figure = drawing.cumulative_lines(courses, benchmarks, "parentheses", "label", ENGLISH)
    require_clear(figure)
    require_clean(figure)
    shown = texts(figure)
    for daily_returns in [*courses.values(), *benchmarks.values()]:
        assert percent((1 + daily_returns).prod() - 1, "parentheses") in shown


@pytest.mark.parametrize("days", [1, 5, 22, 64, 252, 1300, 6000])
def test_any_window_has_a_few_dates_that_do_not_touch(days):
    figure = drawing.cumulative_lines({"A": daily(1, days)[0]}, {}, "minus", "label", ENGLISH)
    require_clear(figure)
    assert len(date_ticks(pd.bdate_range("2015-06-01", periods=days), ENGLISH)) <= 8
    assert len(drawing.to_svg(figure)) < 30_000


def test_a_line_without_values_is_named_and_not_available():
    first, second = daily(2)
    figure = drawing.cumulative_lines({"A": first, "gone": second * np.nan}, {}, "minus", "label", ENGLISH)
    require_clear(figure)
    assert "n/a" in texts(figure)
    require_clean(figure)


def test_paths_name_what_matters_and_leave_the_others_pale():
    levels = pd.DataFrame(dict(zip("abcd", daily(4), strict=True))).cumsum()
    figure = drawing.paths(levels, dict(zip("bcd", "bcd", strict=True)), "△", "label", ENGLISH, total="d")
    require_clear(figure)
    shown = texts(figure)
    assert {"b", "c", "d"} <= set(shown) and "a" not in shown
    assert [percent(levels[name].iloc[-1], "△") in shown for name in "bcd"] == [True] * 3


def test_what_bears_the_same_name_is_still_drawn_each_for_itself():
    levels = pd.DataFrame(dict(zip("ab", daily(2), strict=True))).cumsum()
    written = texts(drawing.paths(levels, {"a": "Value", "b": "Value"}, "minus", "label", ENGLISH))
    assert written.count("Value") == 2
    assert {percent(levels[line].iloc[-1], "minus") for line in "ab"} <= set(written)
    panels = [("Mix", [Bar("", 0.01)]), ("Mix", [Bar("", -0.02)])]
    written = texts(drawing.multiples(["Value"], panels, "minus", "label"))
    assert written.count("Mix") == 2 and {"1.00", "−2.00"} <= set(written)
    frames = [("Mix", pd.DataFrame({"before": [0.0], "now": [now]}, index=["Value"])) for now in (0.25, -0.5)]
    written = texts(drawing.dumbbells(frames, "minus", "label"))
    assert written.count("Mix") == 2 and {"0.25", "−0.50"} <= set(written)


@pytest.mark.parametrize("style", ["minus", "parentheses", "△"])
@pytest.mark.parametrize("shared", [True, False])
def test_bars_with_hostile_names_and_values_neither_touch_nor_leave_the_sheet(style, shared):
    bars = [Bar(name, value, 0.01) for name, value in zip(HOSTILE, VALUES, strict=True)]
    figure = drawing.bar_panels([[bars], [bars[:3], bars[3:]]], style, "label", shared=shared)
    require_clear(figure)
    require_clean(figure)
    assert set(texts(figure)) >= {percent(value, style) for value in VALUES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_of_an_industry_with_its_sector_is_cut(language):
    words = read_messages(language)
    sectors = [name for label, name in words.table["sectors"].items() if label.isascii()]
    names = [f"{industry} ({sector})" for industry in major_groups()[language].values() for sector in sectors]
    figure = drawing.bar_panels(
        [[[Bar("Size", 0.01)]], [[Bar(name, 0.01) for name in names]]], "minus", "label", shared=True
    )
    assert len(names) > 700 and [text for text in texts(figure) if "…" in text] == []


@pytest.mark.parametrize(
    ("count", "values"),
    [
        *((count, VALUES) for count in (1, 2, 5, 12)),
        (1, [0.0] * 12),
        (2, [np.nan] * 12),
        (5, [1e-7] * 12),
        (5, [0.01, -0.02] * 6),
    ],
)
def test_small_multiples_of_any_number_of_courses_are_clear(count, values):
    panels = [(name, [Bar("", x, 0.002) for x in np.roll(values, k)]) for k, name in enumerate(HOSTILE[:count])]
    figure = drawing.multiples(HOSTILE, panels, "parentheses", "label")
    require_clear(figure)
    require_clean(figure)
    frames = [
        (name, pd.DataFrame({"before": [b.value for b in bars], "now": values}, index=HOSTILE)) for name, bars in panels
    ]
    figure = drawing.dumbbells(frames, "parentheses", "label")
    require_clear(figure)
    require_clean(figure)


@pytest.mark.parametrize("start", [0.0, -0.06, 0.5, 9.0, np.nan])
def test_a_waterfall_is_clear_wherever_it_starts(start):
    steps = [Bar(name, value, 0.01) for name, value in zip(HOSTILE[:5], [0.01, -0.004, 0.0, np.nan, 0.002], strict=True)]
    end = Bar(HOSTILE[3], (0.0 if np.isnan(start) else start) + 0.008)
    figure = drawing.waterfall(steps, Bar(HOSTILE[2], start), end, "△", "label")
    require_clear(figure)
    require_clean(figure)
    assert "+1.00" in texts(figure)


def vertices(figure, colour):
    from matplotlib.colors import to_hex

    return [patch.get_path() for patch in patches(figure) if patch.get_fill() and to_hex(patch.get_facecolor()) == colour]


def test_a_scale_without_zero_is_drawn_only_where_zero_is_far_and_its_bars_are_broken():
    near = drawing.waterfall([Bar("a", 0.02)], Bar("b", 0.01), Bar("c", 0.03), "minus", "label")
    far = drawing.waterfall([Bar("a", 0.002)], Bar("b", 0.10), Bar("c", 0.102), "minus", "label")
    assert "0.0" in texts(near) and "0.0" not in texts(far)

    def breaks(figure):
        return [
            p for p in as_figure(figure).axes[0].patches if not p.get_fill() and p.get_edgecolor()[:3] == (1.0, 1.0, 1.0)
        ]

    assert not breaks(near) and breaks(far)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_result_plots_a_waterfall_from_the_benchmark_to_the_course(small_result, language):
    figure = small_result.plot.waterfall(lang=language)
    shown = texts(figure)
    style = "△" if language == "ja" else "minus"
    first = shown.index(small_result.benchmark)
    assert shown[first + 1] == percent(small_result.benchmark_return, style)
    assert shown[-4:-2] == [small_result.course, percent(small_result.portfolio_return, style)]
    assert shown[-1] == percent(small_result.excess_return, style, signed=True)
    boxes_of_totals = vertices(figure, TOTAL)[0].vertices.reshape(-1, 5, 2)
    hollow = [patch.get_path() for patch in patches(figure) if patch.get_linewidth() == OUTLINE]
    filled = [path for colour in (POSITIVE, NEGATIVE) for path in vertices(figure, colour)]
    steps = np.concatenate([path.vertices for path in (*filled, *hollow)])
    assert np.isclose(steps[:, 0], boxes_of_totals[0, :, 0, None]).any()  # the first step starts where the benchmark ends
    assert np.isclose(steps[:, 0], boxes_of_totals[1, :, 0, None]).any()  # the last step ends where the course ends


def test_a_bar_reaches_its_value_and_a_whisker_two_errors_either_way():
    canvas = Canvas(100, 20)
    scale = Scale(-1.0, 1.0, 0.0, 100.0)
    drawing.bars.draw_bar(canvas, scale, 10.0, Bar("a", 0.4, 0.1))
    fill = next(boxes for key, boxes in canvas.marks.items() if key[1] == "fill")
    whisker = [lines for key, lines in canvas.marks.items() if key[2] == INK]
    assert {x for x, _ in fill[0]} == {50.0, 70.0}
    assert whisker == [[[(pytest.approx(60.0), 10.0), (pytest.approx(80.0), 10.0)]]]


@pytest.mark.parametrize("low_high", [(-1e-9, 2e-9), (-0.03, 0.07), (0.0, 123456.0), (-9.0, 0.1), (0.99, 1.01)])
def test_the_round_values_of_a_scale_are_inside_it_and_evenly_apart(low_high):
    scale = Scale(*low_high, 50.0, 250.0)
    ticks = scale.ticks("minus")
    values = np.array([value for value, _ in ticks])
    assert len(ticks) >= 1
    assert (values >= low_high[0] - 1e-12).all() and (values <= low_high[1] + 1e-12).all()
    if len(values) > 2:
        np.testing.assert_allclose(np.diff(values), np.diff(values)[0], rtol=1e-9)
    assert len({text for _, text in ticks}) == len(ticks)


def test_limits_hold_zero_and_every_finite_value():
    assert limits([[0.2, np.nan], [-0.3, np.inf]]) == (pytest.approx(-0.32), pytest.approx(0.22))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_of_a_month_are_clear_small_and_the_same_each_time(month_content, language):
    messages = read_messages(language)
    made = month_figures(month_content, messages, getattr(month_content.book.report.negative, language))
    courses = list(month_content.results)
    assert {"cumulative", "three_months", "weeks", "factor_returns", "exposures", "risk", "blends"} < set(made)
    assert {f"{kind}/{course}" for kind in ("waterfall", "brinson", "brinson_families") for course in courses} < set(made)
    for name, draw in made.items():
        figure = draw()
        require_clear(figure)
        svg = require_clean(figure)
        assert len(svg) < 30_000, name
        assert figure.label and "{" not in figure.label
        assert language == "ja" or svg == drawing.to_svg(draw()), name
        if name.split("/")[0] in NARROWED:
            narrow = draw(width=NARROW)
            require_clear(narrow)
            assert narrow.width == pytest.approx(NARROW), name
            assert narrow.label == figure.label
            require_clean(narrow)


def test_the_values_on_the_figures_are_those_of_the_tables(month_content):
    made = month_figures(month_content, read_messages("en"), "minus")
    tables = month_content.tables
    course = next(iter(month_content.results))

    def rows(table, value):
        frame = tables[table]
        return [percent(x, "minus") for x in frame.loc[frame["course"] == course, value]]

    factors = tables["factor_contributions"]
    factors = factors[factors["course"] == course]
    nested = factors.loc[factors["group"] == "industry", "contribution"]
    largest = nested.abs().nlargest(10).index  # of many industries; the others are one bar
    drawn = [*factors["contribution"].drop(nested.index), *nested[largest], nested.drop(largest).sum()]
    told = [x for x in drawn if abs(x) >= 0.05 * max(map(abs, drawn))]  # the others are a row together
    assert {percent(x, "minus") for x in told} <= set(texts(made[f"contributions/{course}"]()))
    assert set(rows("brinson_families", "contribution")) <= set(texts(made[f"brinson_families/{course}"]()))
    brinson = tables["brinson"][tables["brinson"]["course"] == course]
    for effect in ("allocation", "selection", "interaction"):
        shown = texts(made[f"brinson/{course}"]())
        assert {percent(x, "minus") for x in brinson.loc[brinson[effect] != 0, effect]} <= set(shown)
        assert percent(brinson[effect].sum(), "minus") in shown
    exposures = tables["exposures"][tables["exposures"]["course"] == course]
    assert {number(x, "minus") for x in exposures["active_exposure"]} <= set(texts(made["exposures"]()))
    error = tables["risk"].set_index(["course", "measure"]).loc[(course, "tracking_error"), "value"]
    assert percent(error, "minus") in texts(made["risk"]())
    month = tables["factor_month"]
    plain = month[month["group"] != "industry"]  # which the page tells in a table
    assert {percent(x, "minus") for x in plain["return"]} <= set(texts(made["factor_returns"]()))
    last = tables["cumulative"].groupby("name").last()
    assert {percent(last.loc[name, "itd"], "minus") for name in month_content.results} <= set(texts(made["cumulative"]()))
    assert {percent(last.loc[name, "three_months"], "minus") for name in month_content.results} <= set(
        texts(made["three_months"]())
    )
    weekly = tables["index_weeks"].iloc[:, 2:].to_numpy().ravel()
    assert {percent(x, "minus") for x in [*weekly, *tables["index_months"]["return"]]} <= set(texts(made["weeks"]()))


def told(figure):
    return [tip.text.split("\n") for tip in figure.tips]


def test_the_marks_of_every_figure_of_a_month_tell_their_values_in_full(month_content):
    made = month_figures(month_content, read_messages("en"), "minus")
    tables = month_content.tables
    for name, draw in made.items():
        figure = draw()
        width, height = figure.width, figure.height
        assert figure.tips, name
        for tip in figure.tips:
            assert 0 <= tip.left < tip.right <= width and -1e-9 <= tip.top < tip.bottom <= height + 1e-9, (name, tip)
            assert len(tip.text.split("\n")) >= 2, tip
    course = next(iter(month_content.results))
    frame = tables["factor_contributions"]
    row = frame[(frame["course"] == course) & (frame["factor"] == "financial_safety")].iloc[0]
    value, error = (percent(x, "minus", 4, unit="%") for x in (row["contribution"], 2 * row["standard_error"]))
    assert ["Financial safety", f"{value} ± {error}"] in told(made[f"contributions/{course}"]())
    assert ["Financial safety", f"{value} ± {error}"] in told(made[f"waterfall/{course}"]())
    effect = tables["brinson"].query("course == @course and group == 'Energy'")["selection"].iloc[0]
    assert ["Selection", "Energy", percent(effect, "minus", 4, unit="%")] in told(made[f"brinson/{course}"]())
    style = tables["exposures"].query("course == @course and factor == 'financial_safety'").iloc[0]
    ends = " → ".join(number(style[column], "minus", 4) for column in ("active_before", "active_exposure"))
    assert ["Major (simulated)", "Financial safety", ends] in told(made["exposures"]())  # the sleeve that the course is
    day, *lines = told(made["three_months"]())[-1]
    paths = tables["cumulative"].query("name == @course")
    assert day == ENGLISH.date(paths["date"].iloc[-1])
    assert f"{course} {percent(paths['three_months'].iloc[-1], 'minus', unit='%')}" in lines


@pytest.mark.parametrize("days", [1, 5, 64, 1300])
def test_strips_of_days_tile_the_lines_and_the_last_day_is_one_of_them(days):
    series = daily(1, days)[0]
    tips = drawing.cumulative_lines({"A": series}, {}, "minus", "label", ENGLISH).tips
    assert [a.right for a in tips[:-1]] == [b.left for b in tips[1:]]
    assert min(tip.right - tip.left for tip in tips) >= 3.0
    assert len(tips) == days or len(tips) < 80
    levels = (1 + series).cumprod() - 1
    for tip in tips:
        day, line = tip.text.split("\n")
        assert line == f"A {percent(levels[pd.Timestamp(day)], 'minus', unit='%')}"
    assert tips[-1].text.startswith(ENGLISH.date(series.index[-1]))


def test_what_a_figure_tells_is_hidden_text_of_the_page_and_never_markup():
    figure = drawing.bar_panels([[[Bar("<b>\n&", -0.0123, 0.002), Bar("x", np.nan)]]], "△", "label", shared=True)
    places = drawing.told_places(figure)
    assert re.findall("<title>(.*?)</title>", places, re.DOTALL) == ["&lt;b&gt; &amp;\n△1.2300% ± 0.4000%", "x\nn/a"]
    assert places.startswith('<g class="tips" fill="none" pointer-events="all"><path d="M')
    assert "<title" not in drawing.to_svg(figure)

    assert drawing.told_places(Canvas(10, 10).drawing("")) == ""


def test_rows_of_small_multiples_add_to_the_total_they_show(month_content):
    frame = month_content.tables["factor_contributions"]
    blend = next(c for c, r in month_content.results.items() if c not in {s.course for s in month_content.sleeves.values()})
    shown = texts(month_figures(month_content, read_messages("en"), "minus")["blends"]())
    assert percent(frame.loc[frame["course"] == blend, "contribution"].sum(), "minus") in shown
    assert "Others" in " ".join(shown)


def test_a_brinson_table_without_interaction_or_with_one_stock_has_a_chart():
    table = pd.DataFrame({"group": ["Energy", "CASH"], "allocation": [0.01, 0.0], "selection": [-0.02, 0.0]})
    figure = brinson_chart(table, read_messages("en"), "minus", "label")
    require_clear(figure)
    assert "Interaction" not in texts(figure) and "−1.00" in texts(figure)
    none = brinson_chart(table.assign(allocation=0.0, selection=0.0), read_messages("ja"), "△", "label")
    require_clear(none)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["factors", "waterfall", "exposures", "brinson", "path", "stocks"])
def test_a_result_plots_every_kind_in_both_languages_without_a_missing_glyph(small_result, kind, language, tmp_path):
    figure = getattr(small_result.plot, kind)(lang=language)
    require_clear(figure)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(tmp_path / "a.png", facecolor="white")
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_a_path_ends_at_the_cut_and_its_total_at_the_excess_return(small_result):
    shown = texts(small_result.plot.path(largest=3))
    assert percent(small_result.excess_return, "minus") in shown
    largest = small_result.by("factor").abs().nlargest(3).index
    assert {percent(small_result.by("factor")[name], "minus") for name in largest} <= set(shown)


def test_stocks_that_helped_and_hurt_are_those_of_the_table(small_result):
    frame = small_result.stocks
    frame = frame[~frame["ticker"].isin(["CASH", "(proxy)"])]
    shown = texts(small_result.plot.stocks(largest=3))
    for part in (frame.nlargest(3, "active_contribution"), frame.nsmallest(3, "active_contribution")):
        assert {percent(x, "minus") for x in part["active_contribution"]} <= set(shown)
    assert "CASH" not in " ".join(shown)


def test_a_chart_in_japanese_is_drawn_without_a_warning_and_keeps_its_text(small_result):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = small_result.plot.factors(lang="ja")
        figure.savefig(io.BytesIO(), format="png")
    assert "米国株感応度" in texts(figure)


def test_a_name_that_looks_like_a_part_of_an_svg_stays_as_it_is():
    names = ["Pi 3.14159265", 'a id="b" d="M 1.2345 2"', "url(#x) font-family: y; z", "<g> </g> <g/>"]
    figure = drawing.multiples(names, [("A", [Bar("", 0.01)] * 4)], "minus", "label")
    svg = drawing.to_svg(figure)
    for name in names:
        assert f">{drawing.shortened(html.escape(name, quote=False), 1000)}</text>" in svg


def test_matplotlib_is_loaded_for_a_figure_alone():
    code = (
        "import sys; from attribution.house_style.drawing import *; import attribution.reporting.write, "
        "attribution.reporting.pages.page; bars = [Bar('a', 0.1, 0.01)]; "
        "to_svg(bar_panels([[bars]], 'minus', 'label', shared=True)); print('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_line_is_drawn_through_all_that_is_off_it_and_not_where_nothing_is_known():
    rng = np.random.default_rng(0)
    points = np.column_stack([np.linspace(0, 200, 900), np.cumsum(rng.normal(0, 0.4, 900))])
    kept = simplified(points)
    assert kept[0].tolist() == points[0].tolist() and kept[-1].tolist() == points[-1].tolist() and len(kept) < 700
    assert np.abs(np.interp(points[:, 0], *kept.T) - points[:, 1]).max() < 0.5
    assert (
        len(simplified(np.array([[0.0, 0.0], [5.0, 0.0], [2.0, 0.0], [9.0, 0.0]]))) == 4
    )  # there and back is no straight line
    canvas = Canvas(100, 20)
    canvas.line([(0, 1), (1, 9), (np.nan, 5), (3, np.nan), (4, 2), (5, 8)], INK, 1.0, dash=(4, 2))
    assert 'd="M0 1L1 9M4 2L5 8"' in drawing.to_svg(canvas.drawing("gap"))
    assert 'stroke-dasharray="4,2"' in drawing.to_svg(canvas.drawing("gap"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_drawing_and_its_figure_show_the_same(month_content, language):
    from matplotlib.colors import to_hex

    for name, draw in month_figures(month_content, read_messages(language), "minus").items():
        drawn = draw()
        axes = to_figure(drawn).axes[0]
        assert [(text.get_text(), *text.get_position()) for text in axes.texts] == [
            (text, x, y) for x, y, text, *_ in drawn.texts
        ], name
        for mark, patch in zip(drawn.marks, axes.patches, strict=True):
            assert patch.get_fill() == (mark.face is not None), name
            assert not patch.get_fill() or to_hex(patch.get_facecolor()) == mark.face, name
            assert mark.edge is None or to_hex(patch.get_edgecolor()) == mark.edge, name


def test_charts_are_figures_by_name_and_an_unknown_language_is_refused(month_content):
    from matplotlib.figure import Figure

    from attribution import InputError

    made = charts(month_content, lang="ja")
    assert all(isinstance(figure, Figure) for figure in made.values())
    assert made["cumulative"].axes[0].texts[0].get_fontfamily() == list(families())
    with pytest.raises(InputError, match="language 'fr'"):
        charts(month_content, lang="fr")


def test_weasyprint_draws_the_texts_of_a_chart_in_the_page_s_font():
    weasyprint = pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    pypdf = pytest.importorskip("pypdf")
    import io

    figure = drawing.bar_panels([[[Bar("Market $x$", -0.0123, 0.002)]]], "minus", "label", shared=True)
    svg = drawing.to_svg(figure).replace("'Noto Sans JP'", "'DejaVu Serif'", 1)  # any face but the default
    pdf = pypdf.PdfReader(io.BytesIO(weasyprint.HTML(string=f"<body>{svg}").write_pdf()))
    text = "".join(pdf.pages[0].extract_text().split())
    assert "Market$x$" in text and "−1.23" in text


def test_legible_leaves_the_texts_as_they_are():
    figure = drawing.bar_panels([[[Bar("市場", 0.01)]]], "△", "label", shared=True)
    before = texts(figure)
    assert texts(legible(figure)) == before
    assert all(text.get_fontsize() <= SIZE for text in as_figure(figure).axes[0].texts)


def test_a_style_without_a_value_does_not_hide_what_the_others_add_up_to():
    values, errors = [0.02, 0.003, np.nan], [0.001, 0.01, np.nan]
    factors = pd.DataFrame({"factor": list("abc"), "group": "style", "contribution": values, "standard_error": errors})
    groups = pd.DataFrame({"group": [], "contribution": [], "standard_error": []})
    steps = drawing.waterfall_steps(factors, groups, ENGLISH, styles=2)
    assert [(bar.label, bar.value) for bar in steps] == [("a", 0.02), ("Within estimation error", 0.003)]


@pytest.mark.parametrize(("styles", "rest"), [(1, "Everything else"), (2, "Within estimation error")])
def test_what_is_summed_in_a_waterfall_is_called_within_error_only_where_it_is(styles, rest):
    factors = pd.DataFrame(
        {
            "factor": list("abc"),
            "group": "style",
            "contribution": [0.02, 0.01, 0.003],
            "standard_error": [0.001, 0.001, 0.01],
        }
    )
    groups = pd.DataFrame({"group": ["other"], "contribution": [0.004], "standard_error": [0.0]})
    steps = drawing.waterfall_steps(factors, groups, ENGLISH, styles=styles)
    assert [bar.label for bar in steps] == [*"ab"[:styles], "Other", rest]
    assert sum(bar.value for bar in steps) == pytest.approx(0.037)


@pytest.mark.parametrize("name", ["Next Major (simulated)", "Benchmark replication difference", "ネクストメジャー（架空）"])
def test_a_long_name_at_the_end_of_a_narrow_chart_s_line_is_whole_on_two_lines_above_its_value(name):
    depths = pd.DataFrame({"a": [0.0, -0.1234], "b": [0.0, -0.05]}, index=pd.to_datetime(["2025-03-03", "2025-03-04"]))
    drawn = drawdown_lines(depths, (name, "S&P 500"), "minus", "", ENGLISH)
    high = {text: y for _, y, text, *_ in drawn.texts}
    first, second = (part for part in high if part and part in name)
    assert (first + second).replace(" ", "") == name.replace(" ", "")
    assert high[first] < high[second] < high["−12.34"] < drawn.height


@pytest.mark.parametrize(("factors", "label"), [
    ({"cash_and_stopped": 0.002, "proxy": 0.0, "unmodelled": 0.00004}, "Cash and stopped names"),
    ({"cash_and_stopped": 0.002, "proxy": 0.001}, "Cash and stopped names, Benchmark replication difference"),
    ({"cash_and_stopped": 0.002, "proxy": 0.001, "fees": -0.001}, "Other"),
])  # fmt: skip
def test_what_is_beside_the_model_has_the_names_of_its_rows_in_a_waterfall(factors, label):
    rows = pd.DataFrame({"factor": [*factors], "group": "other", "contribution": [*factors.values()], "standard_error": 0.0})
    groups = pd.DataFrame({"group": ["other"], "contribution": [sum(factors.values())], "standard_error": [0.0]})
    assert [bar.label for bar in drawing.waterfall_steps(rows, groups, ENGLISH)] == [label]


def test_a_short_waterfall_always_has_the_specific_part_hollow_within_its_error():
    names = ["a", "specific", "b", "c", "d", "e"]
    factors = pd.DataFrame({"factor": names, "contribution": [0.05, 0.017, -0.04, 0.03, 0.02, 0.001]})
    factors = factors.assign(standard_error=0.01, driver=[True, False, True, True, True, False])
    steps = drawing.bridge_steps(factors, ENGLISH, most=5)
    assert [bar.label for bar in steps] == ["a", "c", "Stock-specific", "b", "Everything else"]
    assert [bar.certain for bar in steps] == [True, True, False, True, False]
    assert sum(bar.value for bar in steps) == pytest.approx(factors["contribution"].sum())


def test_an_upright_scale_has_more_than_one_tick_and_two_charts_abreast_have_one_axis_of_time():
    days = pd.bdate_range("2025-02-13", "2026-03-31")
    daily = pd.DataFrame({"portfolio": 0.001, "benchmark": -0.0001}, index=days)
    excess = pd.Series([0.01, -0.045], pd.PeriodIndex(["2026-02", "2026-03"], freq="M"))
    dates = []
    for names in (("A", "B"), ("A portfolio with a long name", "B")):
        figure = against(daily, excess, names, ("Lines", "By month"), "minus", "label", ENGLISH)
        found = [(text.get_text(), text.get_position()) for text in as_figure(figure).axes[0].texts]
        dates.append([(text, place) for text, place in found if text[:3] in ("Apr", "Jul", "Oct", "Jan")])
        assert names[0] in " ".join(text for text, _ in found)  # on two lines where it is long, and never cut
    assert dates[0] == dates[1] != []
    low, high = limits(excess.to_numpy())
    assert [text for _, text in Scale(low, high, 62.0, 0.0).ticks("minus", upright=True)] == ["−4", "−2", "0"]


def test_panels_have_headings_over_them():
    panels = [[[Bar("a", 0.01)]], [[Bar("b", 0.02)]]]
    for width in (WIDTH, NARROW):
        figure = drawing.bar_panels(panels, "minus", "label", shared=False, headings=["Styles", "Sectors"], width=width)
        places = {text.get_text(): text.get_position()[1] for text in as_figure(figure).axes[0].texts}
        assert places["Styles"] < places["a"] and places["Sectors"] < places["b"]


def test_names_on_two_lines_leave_their_neighbours_room():
    long = [Bar(f"Securities and commodity brokers of the {place} kind", 0.01) for place in ("first", "second")]
    figure = drawing.bar_panels([[long], [[Bar("Size", 0.01)]]], "minus", "label", shared=True)
    lines = sorted(
        text.get_position()[1]
        for text in as_figure(figure).axes[0].texts
        if re.search("Securities|brokers", text.get_text())
    )
    assert len(lines) == 4
    assert lines[2] - lines[1] > SIZE > lines[1] - lines[0]  # from one name to the next more than within a name


def test_what_is_no_factor_stands_under_the_shorter_panel():
    def labels(styles, sectors):
        groups = [*[("style", f"style {k}") for k in range(styles)], *[("sector", f"sector {k}") for k in range(sectors)]]
        rows = [*groups, ("specific", "specific"), ("other", "proxy")]
        frame = pd.DataFrame(rows, columns=["group", "factor"]).assign(contribution=0.01, standard_error=0.001)
        panels = contribution_bars(frame, read_messages("en"))
        return [[bar.label for part in panel for bar in part] for panel in panels]

    few, many = labels(2, 9)
    assert few[-2:] == ["Stock-specific", "Benchmark replication difference"] and len(many) == 9
    many, few = labels(9, 2)
    assert few[-2:] == ["Stock-specific", "Benchmark replication difference"] and len(many) == 9
    assert [len(panel) for panel in labels(0, 3)] == [2, 3]


def test_a_row_whose_name_is_on_two_lines_makes_no_other_row_higher():
    def height(*names):
        return bar_panels([[[Bar(name, 0.01) for name in names]], [[Bar("b", 0.01)]]], "minus", "", shared=True).height

    long = "a name of an industry that is far too long for one line of the column"
    assert height("a", long) - height("a", "b") == height(long, long) - height("a", long) > 0


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [(-0.049, 0.049, ["−4", "0", "4"]), (-0.0149, 0.0131, ["−1", "0", "1"]), (-0.09, 0.04, ["−5", "0"])],
)
def test_a_low_panel_never_has_zero_alone_on_its_axis(low, high, texts):
    assert [text for _, text in Scale(low, high, 40.0, 0.0).ticks("minus", upright=True)] == texts
