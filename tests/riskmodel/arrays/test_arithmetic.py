"""What is only there by chance is not asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from riskmodel.arrays.arithmetic import plain_arithmetic

STRANGER = """
__version__ = "99.0"
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    def answer(*arguments, **options):
        raise RuntimeError(f"{name} of a library that is there by chance")
    return answer
"""
ASKED = """
import pandas as pd, xarray as xr
from riskmodel.arrays.arithmetic import plain_arithmetic

for deviation in (pd.Series([1.0, 3.0]).std, xr.DataArray([1.0, 3.0]).std):
    try:
        deviation()
    except RuntimeError as error:
        print(error)
    with plain_arithmetic():
        print(f"{deviation():.4f}")
"""


def test_libraries_that_add_in_another_order_are_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("bottleneck", "numbagg", "numexpr"):
        (tmp_path / f"{name}.py").write_text(STRANGER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    answer = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True).stdout
    by_chance = "nanstd of a library that is there by chance"
    assert answer.splitlines() == [by_chance, "1.4142", by_chance, "1.0000"]


def test_the_settings_are_put_back_whatever_happens() -> None:
    before = (pd.get_option("compute.use_bottleneck"), pd.get_option("compute.use_numexpr"), xr.get_options())
    with pytest.raises(ZeroDivisionError), plain_arithmetic():
        assert not pd.get_option("compute.use_numexpr")
        assert not xr.get_options()["use_flox"]
        raise ZeroDivisionError
    assert (pd.get_option("compute.use_bottleneck"), pd.get_option("compute.use_numexpr"), xr.get_options()) == before
