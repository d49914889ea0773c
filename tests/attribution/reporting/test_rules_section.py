"""A report of a book with strategies: what each rule cost as a table, a section and a chart."""

from __future__ import annotations

import pytest

from attribution.house_style.words import LANGUAGES, read_messages
from attribution.reporting.charts import charts
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.content import build_content
from attribution.reporting.tables.rungs import rung_name
from riskmodel.optimisation.rules import RULES, ExposureBand, GroupBand, GroupLimit, NameCount, TrackingError, VolatilityBand
from tests.conftest import SMALL, SMALL_MONTH, of_few_draws


@pytest.fixture(scope="module")
def content(once, small_model, small_market):
    import attribution as at

    book = at.read_book(SMALL / "strategies.toml")
    sleeves = {"major": book.sleeves["major"]}
    courses = {"Major 100": book.courses["Major 100"]}
    benchmarks = {"Large Index": book.benchmarks["Large Index"]}
    strategies = {"major": book.strategies["major"]}
    update = {"sleeves": sleeves, "courses": courses, "benchmarks": benchmarks, "strategies": strategies}
    model = of_few_draws(small_model)
    return once("rules-content", lambda: build_content(book.model_copy(update=update), small_market, model, SMALL_MONTH))


def test_the_table_sums_to_the_excess_of_the_ranking(content):
    rules, ranking = content.tables["rules"], content.tables["performance"].set_index("course")
    assert rules["contribution"].sum() == pytest.approx(ranking.loc["Major 100", "excess"], abs=1e-12)
    assert list(rules.columns) == ["course", "rung", "contribution", "score", "tracking_error"]
    identities = content.tables["reconciliation"]
    assert identities["identity"].eq("rungs = excess return").sum() == 1
    assert identities["passed"].all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_a_section_with_the_rules_in_words(content, language):
    page = render_page(content, language)
    words = read_messages(language)
    assert words("rules_section.title") in page
    for text in {"en": ("20 to 25 names", "Sectors within 5%"), "ja": ("20～25銘柄", "±5%以内")}[language]:
        assert text in page


def test_a_chart_goes_from_the_benchmark_to_the_excess(content):
    assert "rules/Major 100" in charts(content)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_rule_has_words(language):
    words = read_messages(language)
    made = {
        "names": NameCount(least=20),
        "band": GroupBand("sector", 0.05),
        "group": GroupLimit("issuer", names=1),
        "exposure": ExposureBand("value", upper=0.5),
        "volatility": VolatilityBand(upper=1.1),
        "tracking_error": TrackingError(0.06),
    }
    for kind in RULES:
        rule = made.get(kind.key) or kind(
            **{"most": 0.2} if kind.key == "turnover" else {"names": ("A",)} if kind.key in ("held", "excluded") else {}
        )
        name = rung_name("x", {"x": rule}, words)
        assert name
        assert "{" not in name
        assert "None" not in name
