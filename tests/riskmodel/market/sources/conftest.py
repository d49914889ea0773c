"""An empty database of each engine."""

from __future__ import annotations

import pytest

from tests.riskmodel.market.sources.databases import make


@pytest.fixture
def make_database(tmp_path, request):
    """Makes an empty database of an engine."""
    return lambda engine: make(engine, tmp_path, request)


@pytest.fixture(params=["duckdb", "sqlite", "postgresql"])
def made(request, make_database):
    """An empty database of each engine."""
    return make_database(request.param)
