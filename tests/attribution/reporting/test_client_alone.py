"""The client's pages alone: what they show and cite is made, and is what a whole report has; nothing else is."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

import attribution as at
from attribution.linking.linking import compound
from attribution.reporting import write
from attribution.reporting.tables import making
from attribution.reporting.tables.content import single_sleeves
from tests.conftest import SMALL_MONTH, of_few_draws

DOCS = Path(__file__).parents[3] / "docs/reference/client.md"
PAGES = ["client.en.html", "client.en.md", "figures.toml"]


@pytest.fixture(scope="module")
def book(small_book):
    courses = {name: small_book.courses[name] for name in ("Major 100", "Major 70 : Next 30")}
    return small_book.model_copy(update={"courses": courses})


@pytest.fixture(scope="module")
def reported(book, small_market, small_model, tmp_path_factory):
    """Reports of a month by their editions, and the courses that were explained for each."""
    explained = []
    explain = making.explain_course

    def explaining(followed, *given):
        explained.append(followed.name)
        return explain(followed, *given)

    def report(**options):
        explained.clear()
        stages = []
        given = {
            "month": SMALL_MONTH,
            "out": tmp_path_factory.mktemp("client") / "out",
            "languages": "en",
            "formats": "html",
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(making, "explain_course", explaining)
            kept = {"market": small_market, "model": of_few_draws(small_model), "progress": stages.append}
            written = at.report(book, **given, **kept, **options)
        editions = options.get("editions", ("analyst", "client"))
        written_stages = write.report_stages(book, ["en"], ["html"], editions)
        assert len(stages) == written_stages or len(written.findings)
        return written, list(explained)

    return report


@pytest.fixture(scope="module")
def both(reported):
    return reported()


@pytest.fixture(scope="module")
def alone(reported):
    return reported(editions=["client"])


def test_pages_texts_and_figures_are_those_of_a_whole_report(both, alone):
    for name in PAGES:
        assert alone[0].paths[name].read_bytes() == both[0].paths[name].read_bytes()


def test_blends_are_not_explained(book, both, alone):
    assert sorted(both[1]) == sorted({*book.courses, "next_major"})
    assert sorted(alone[1]) == sorted({*single_sleeves(book), "next_major"})


def test_the_tables_that_are_written_are_those_that_the_docs_name_and_their_rows_those_of_a_whole_report(both, alone):
    named = re.search(r"its tables are (.*?)\.\s", DOCS.read_text(encoding="utf-8"), re.DOTALL)[1]
    assert set(re.findall(r"`(\w+)`", named)) == set(alone[0].tables)
    assert {f"tables/{name}.csv" for name in alone[0].tables} == {
        name for name in alone[0].paths if name.startswith("tables/")
    }
    for name, table in alone[0].tables.items():
        whole = both[0].tables[name]
        if "course" in whole and name not in ("performance", "periods"):
            whole = whole[whole["course"].isin(alone[1])].reset_index(drop=True)
        pd.testing.assert_frame_equal(table, whole, rtol=1e-12)  # forecasts for other closes beside add in another order


def test_facts_are_those_of_the_tables_that_are_written(both, alone):
    whole, own = (
        {fact["key"]: fact for fact in json.loads(each[0].paths["facts.json"].read_text(encoding="utf-8"))["facts"]}
        for each in (both, alone)
    )
    assert 0 < len(own) < len(whole)
    for key, fact in own.items():
        value = whole[key]["value"]
        assert fact == whole[key] | {"value": value and pytest.approx(value, rel=1e-12)}
    assert {fact["file"] for fact in own.values()} <= set(alone[0].paths)


@pytest.mark.parametrize("wrong", [0.0, 0.01])
def test_a_text_may_cite_any_table_which_is_then_made_and_its_figure_checked(reported, both, alone, tmp_path, wrong):
    record = both[0].tables["record"].set_index(["course", "window", "measure"])["portfolio"]
    shown = f"{record['Major 100', 'itd', 'volatility'] + wrong:.2%}"
    line = f"Volatility was [{shown}](<#record|Major 100|itd|volatility|portfolio>)."
    text = alone[0].paths["client.en.md"].read_text(encoding="utf-8")
    (tmp_path / "client.en.md").write_text(text.replace("\n\n## ", f"\n\n{line}\n\n## ", 1), encoding="utf-8")
    written, _ = reported(editions=["client"], commentary=tmp_path / "client.en.md")
    assert len(written.findings) == bool(wrong)
    assert ("tables/record.csv" in written.paths) == (not wrong)


def test_a_blend_that_is_not_explained_is_held_against_its_days_too(book, small_market, small_model, monkeypatch, tmp_path):
    monkeypatch.setattr(making, "compound", lambda returns: compound(returns) + 1e-6)  # which blends alone go through here
    given = {"month": SMALL_MONTH, "languages": "en", "formats": "html", "market": small_market}
    with pytest.raises(at.ReconciliationError, match="Major 70 : Next 30"):
        at.report(book, out=tmp_path / "out", model=of_few_draws(small_model), editions="client", **given)
    assert not (tmp_path / "out").exists()
