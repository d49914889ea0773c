"""A store is bound to a model version that a person raises; this reminds of it where a fit finds other numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.model.store import MODEL_VERSION

RECORDED = Path(__file__).with_name("model_version.json")


def summed(data: xr.Dataset) -> dict[str, list[float]]:
    """Of each numeric array how much there is, and its sum weighted by place, so that no order goes unseen."""
    sums = {}
    for name, array in sorted(data.data_vars.items()):
        if array.dtype.kind in "fib":
            values = array.to_numpy().astype(float).ravel()
            weight = np.cos(np.arange(values.size))
            sums[str(name)] = [float(np.nansum(np.abs(values) * (2 + weight))), float(np.isfinite(values).sum())]
    return sums


def test_a_fit_finds_what_was_recorded_for_this_model_version(small_model: rm.RiskModelResults):
    recorded = json.loads(RECORDED.read_text())
    found = summed(small_model.data.load())
    advice = (
        f"A fit finds other numbers than model version {recorded['version']} did: raise MODEL_VERSION in "
        f"riskmodel/model/store.py, so that stores are refitted, and write to {RECORDED.name}:\n"
        + json.dumps({"version": "the new one", "sums": found})
    )
    assert recorded["version"] == MODEL_VERSION and recorded["sums"].keys() == found.keys(), advice
    for name, sums in found.items():
        assert sums == pytest.approx(recorded["sums"][name], rel=1e-9, abs=1e-12), f"{name}. {advice}"
