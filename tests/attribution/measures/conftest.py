"""Commands that take the fit of a test, whatever is in the store."""

from __future__ import annotations

import pytest

from attribution.portfolio import inputs


@pytest.fixture
def found_in_the_store(monkeypatch, small_model):
    monkeypatch.setattr(inputs, "fitted_model", lambda *_, **told: inputs.Fitted(small_model, None, "found"))
