"""facts.json: every figure by a key, the same again when read, and texts that cite it held against it."""

import json
import sys

import pandas as pd
import pytest

from attribution import InputError
from attribution.cli import main
from attribution.house_style.words import LANGUAGES
from attribution.reporting.client.draft import client_draft
from attribution.reporting.commentary.check import line_checker
from attribution.reporting.commentary.draft import draft
from attribution.reporting.facts_json import PUBLISHED, FactsFile, check_text, facts_json, facts_schema, read_facts
from attribution.reporting.tables.facts import Facts, read_anchor, specific_names
from tests.conftest import SMALL_MONTH


@pytest.fixture(scope="module")
def published(page_content):
    return facts_json(page_content, line_checker(page_content.tables, page_content.book, "en").names)


@pytest.fixture(scope="module")
def path(published, tmp_path_factory):
    file = tmp_path_factory.mktemp("facts") / "facts.json"
    file.write_text(published, encoding="utf-8")
    return file


def test_every_fact_is_the_table_s_and_read_again_is_the_same(page_content, published, path):
    told, read = json.loads(published)["facts"], Facts(read_facts(path).tables)
    tables = Facts(page_content.tables)
    assert len({fact["key"] for fact in told}) == len(told) > 1000
    assert {fact["key"].split("|")[0] for fact in told} == set(PUBLISHED) - {"rules"}  # of strategies
    for fact in told:
        anchor = read_anchor(f"#{fact['key']}")
        value = tables.value(anchor)
        assert fact["value"] == (value if value == value else None), fact
        assert read.unit(anchor) == fact["unit"] == tables.unit(anchor), fact
        again = read.value(anchor)
        assert again == value or (again != again and value != value), fact


def test_a_fact_has_its_error_its_significance_and_its_words(page_content, published):
    fact = next(x for x in json.loads(published)["facts"] if x["key"] == "factor_contributions|Major 100|size|contribution")
    row = Facts(page_content.tables).row("factor_contributions", "Major 100", "size")
    assert (fact["error"], fact["significant"]) == (row["standard_error"], row["significant"])
    assert fact["text"]["en"].startswith("Major 100, Size, Contribution ") and fact["text"]["en"].endswith("%")
    assert fact["text"]["ja"].startswith("Major 100、規模、") and fact["file"] == "tables/factor_contributions.csv"


def test_a_fact_is_as_significant_as_its_table_says_and_else_as_twice_its_error(page_content, published):
    told = {fact["key"]: fact["significant"] for fact in json.loads(published)["facts"] if fact["error"] is not None}
    frame = page_content.tables["factor_contributions"]
    frame = frame[(frame["standard_error"] > 0) & frame["significant"].notna()]
    judged = {
        f"factor_contributions|{row.course}|{row.factor}|contribution": bool(row.significant) for row in frame.itertuples()
    }
    shared = {key: told[key] for key in judged if key in told}
    assert len(shared) > 50 and shared == {key: judged[key] for key in shared}
    assert any(shared.values()) and not all(shared.values())
    month = page_content.tables["factor_month"].set_index("factor")
    assert told["factor_month|size|return"] == (abs(month.loc["size", "t"]) >= 2)


def test_the_schema_is_that_of_the_file(published):
    assert FactsFile.model_validate_json(published).month == SMALL_MONTH
    assert facts_schema()["required"] == list(FactsFile.model_fields)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("write", [draft, client_draft])
def test_the_drafts_hold_against_the_facts_alone(page_content, path, language, write):
    text = write(
        page_content.tables, book=page_content.book, month=SMALL_MONTH, language=language, limits=page_content.limits,
        names=page_content.stock_names(language), styles=page_content.style_texts,
    )  # fmt: skip
    found = check_text(text.split("\n", 1)[1], read_facts(path), language=language)
    if write is draft:  # an analyst's cites cells of stock by factor too, which the file does not have
        found = found[~found["anchor"].str.contains("stock_factor|brinson_families")]
    assert found.empty, found["message"].tolist()


def test_the_command_says_what_does_not_hold(page_content, path, tmp_path, capsys):
    value = Facts(page_content.tables).value(read_anchor("#performance|Major 100|return"))
    right = tmp_path / "right.md"
    right.write_text(f"Major 100: [{100 * value:+.2f}%](<#performance|Major 100|return>).\n", encoding="utf-8")
    assert main(["check-text", str(right), "--facts", str(path)]) == 0
    assert capsys.readouterr().out == "Every figure holds.\n"
    wrong = tmp_path / "wrong.md"
    wrong.write_text("Up [99.99%](<#performance|Major 100|return>) and 3.3% more.\n", encoding="utf-8")
    assert main(["check-text", str(wrong), "--facts", str(path)]) == 1
    said = capsys.readouterr().out
    assert f"the table has {100 * value:.2f}%" in said and "'3.3%' is not linked" in said and said.endswith("2 findings.\n")
    assert main(["check-text", str(wrong), "--facts", str(path), "--format", "csv"]) == 1
    assert len(pd.read_csv(pd.io.common.StringIO(capsys.readouterr().out))) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "is no facts.json: form: Field required"),
        ("[", "is no facts.json: the file: Invalid JSON"),
    ],
)
def test_another_file_is_refused(tmp_path, text, message):
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_facts(file)
    with pytest.raises(InputError, match="cannot read"):
        read_facts(tmp_path / "none.json")


def test_what_was_specific_to_a_stock_that_is_held_is_a_fact_and_no_other_part_of_it(page_content, published):
    keys = [
        read_anchor(f"#{fact['key']}").key
        for fact in json.loads(published)["facts"]
        if fact["file"].endswith("stock_factor.csv")
    ]
    stocks = page_content.tables["stock_contributions"]
    held = {*stocks.loc[stocks["held"], ["course", "ticker"]].itertuples(index=False, name=None)}
    assert {factor for _, _, factor in keys} == {"specific"}
    rows = [specific_names(page_content.tables, course) for course in stocks["course"].unique()]
    named = {*pd.concat(rows)[["course", "ticker"]].itertuples(index=False, name=None)}
    assert {(course, ticker) for course, ticker, _ in keys} <= held | named and len(keys) > 100
    assert named <= {(course, ticker) for course, ticker, _ in keys}


def test_a_figure_under_a_stated_source_is_that_source_s(path):
    facts = read_facts(path)
    assert check_text("<!-- source: Aoba Research -->\nYields rose to 4.21%.", facts).empty
    assert len(check_text("<!-- source: Aoba Research -->\nYields rose.\n\n## Own\n\nIt fell 4.21%.", facts)) == 1


def test_a_text_without_sources_is_checked_without_a_reader_of_markdown(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    facts = read_facts(path)
    assert len(check_text("It fell 4.21%.", facts)) == 1
    with pytest.raises(InputError, match=r"pip install 'factor-attribution\[report\]'"):
        check_text("<!-- source: Aoba Research -->\nYields rose to 4.21%.", facts)
