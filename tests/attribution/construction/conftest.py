"""Strategies on the shipped market, and a walk of one that many tests look at."""

from __future__ import annotations

import pytest

import attribution as at
from tests.conftest import SMALL, of_few_draws


@pytest.fixture(scope="package")  # so that nothing of a session can be made of it
def small_model(small_model):
    return of_few_draws(small_model)


@pytest.fixture(scope="session")
def strategies():
    return at.read_book(SMALL / "strategies.toml")


@pytest.fixture(scope="package")
def walked(once, strategies, small_model, small_market):
    return once("walk", lambda: at.walk(strategies, "major", small_model, small_market, start="2024-12", end="2025-03"))
