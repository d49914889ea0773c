"""`make scale` at a small size: every stage runs, is done once, and what it found is sound."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.benchmarks.measure import ROOT
from tests.benchmarks.scale_run import STAGES

pytestmark = pytest.mark.slow


def test_raw_tables_become_a_model_a_forecast_and_contributions(tmp_path):
    command = [sys.executable, "-m", "tests.benchmarks.scale_run", str(tmp_path), "200x2"]
    runs = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    found = {stage: json.loads((tmp_path / "200x2" / f"{stage}.json").read_text()) for stage in STAGES}
    assert all(own["done"] for own in found.values())
    assert found["fit"]["correlation with the drawn market"] > 0.9
    assert found["attribute"]["furthest identity"] < 1e-12
    assert found["attribute"]["courses"] == 5
    of_stages = [[line for line in run.splitlines() if "ns a day and name" in line] for run in runs]
    assert of_stages[0] == of_stages[1]  # the second run did nothing again
    assert len(of_stages[0]) == len(STAGES)
