"""A book whose data are a database explains its month as the book over the tidy folder."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import attribution as at
from attribution.portfolio.inputs import read_inputs
from attribution.reporting.files import manifest
from attribution.reporting.tables.content import build_content
from riskmodel.market.tables import TABLES, read_table
from riskmodel.model.model import RiskModel
from riskmodel.model.store import input_hashes, model_key
from tests.conftest import SMALL, SMALL_MONTH, of_few_draws, of_one
from tests.riskmodel.market.sources.databases import make


@pytest.fixture
def written(tmp_path, request):
    """Writes the shipped book over a database of an engine with its tables: (book's path, database)."""

    def write(engine):
        made = make(engine, tmp_path, request)
        made.fill({name: table for name in TABLES if (table := read_table(SMALL, name)) is not None})
        data = "market.duckdb" if engine == "duckdb" else made.data.replace(made.server.password, "${HOUSE_PASSWORD}")
        text = (SMALL / "book.toml").read_text(encoding="utf-8").replace('data = "."', f'data = "{data}"')
        (tmp_path / "book.toml").write_text(text, encoding="utf-8")
        return tmp_path / "book.toml", made

    return write


def test_every_table_of_the_report_is_that_of_the_tidy_folder(written, small_model, lean_content):
    path, _ = written("duckdb")
    book = at.read_book(path)
    content = build_content(of_one(book), read_inputs(book), of_few_draws(small_model), SMALL_MONTH)
    assert content.tables.keys() == lean_content.tables.keys()
    for name, table in lean_content.tables.items():
        pd.testing.assert_frame_equal(content.tables[name], table, rtol=1e-12, atol=1e-12, obj=name)


def test_a_stored_fit_is_found_until_its_tables_change(written):
    path, made = written("duckdb")
    key = model_key(input_hashes(at.read_book(path).source), RiskModel())
    made.run("create table notes as select 1 as one", "update holdings set weight = weight", "checkpoint")
    assert model_key(input_hashes(at.read_book(path).source), RiskModel()) == key
    made.run("update shares set shares_out = shares_out + 1 where ticker = (select min(ticker) from shares)")
    assert model_key(input_hashes(at.read_book(path).source), RiskModel()) != key


def test_a_manifest_names_the_variable_and_never_the_password(written, monkeypatch, lean_content, postgresql):
    path, made = written("postgresql")
    monkeypatch.setenv("HOUSE_PASSWORD", made.server.password)
    book = at.read_book(path)
    described = manifest(book, lean_content, {})
    assert made.server.password not in described + repr(book) + repr(book.source)
    assert "reader:${HOUSE_PASSWORD}@" in json.loads(described)["settings"]["book"]["book"]["data"]
    assert {"prices.rows", "holdings.rows"} <= json.loads(described)["inputs"].keys()
