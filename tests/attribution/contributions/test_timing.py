"""Average exposure against timing: by hand, published, as identities, and on the shipped market."""

from __future__ import annotations

import tomllib
from math import fsum

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import attribution as at
from attribution.contributions.timing import timing_effects
from tests.conftest import ROOT, dear_examples

EXAMPLES = ROOT / "fixtures" / "worked_examples"
PUBLISHED = tomllib.loads((EXAMPLES / "empyrical_attribution.toml").read_text(encoding="utf-8"))
NUMBERS = st.floats(-3.0, 3.0, allow_subnormal=False)


def panel(values, factors=("value", "size")):
    values = np.asarray(values, dtype=float)
    days = pd.bdate_range("2025-03-03", periods=len(values))
    return xr.DataArray(values, {"time": days, "factor": list(factors)[: values.shape[1]]}, ("time", "factor"))


def test_average_and_timing_by_hand():
    """Exposure 0.4 then 0, factor +1 % then -1 %: the mean 0.2 earns nothing, being there at the right time 0.4 %."""
    effects = timing_effects(panel([[0.4], [0.0]]), panel([[0.01], [-0.01]]))
    assert effects["average_exposure"].item() == pytest.approx(0.2, abs=1e-15)
    assert effects["average_effect"].item() == pytest.approx(0.0, abs=1e-15)
    assert effects["timing_effect"].item() == pytest.approx(0.004, abs=1e-15)


@given(
    arrays(float, (6, 2), elements=NUMBERS),
    arrays(float, (6, 2), elements=st.floats(-0.1, 0.1)),
    arrays(float, 6, elements=st.floats(0.5, 2.0)),
)
def test_both_effects_add_to_the_linked_contribution(exposures, returns, scale):
    x, f = panel(exposures), panel(returns)
    effects = timing_effects(x, f, xr.DataArray(scale, {"time": x["time"]}, "time"))
    for k in range(2):
        whole = fsum(scale * exposures[:, k] * returns[:, k])
        parts = fsum([effects["average_effect"][k].item(), effects["timing_effect"][k].item()])
        assert parts == pytest.approx(whole, abs=1e-12)
        assert effects["contribution"][k].item() == pytest.approx(whole, abs=1e-12)


@given(arrays(float, (5, 2), elements=st.floats(-0.1, 0.1)), st.floats(-2.0, 2.0))
def test_a_constant_exposure_has_no_timing(returns, exposure):
    effects = timing_effects(panel(np.full((5, 2), exposure)), panel(returns))
    np.testing.assert_allclose(effects["timing_effect"], 0.0, atol=1e-15)


@settings(max_examples=dear_examples())
@given(arrays(float, (5, 2), elements=NUMBERS), arrays(float, (5, 2), elements=st.floats(-0.1, 0.1)))
def test_timing_without_linking_is_the_covariance_of_exposure_and_return(exposures, returns):
    effects = timing_effects(panel(exposures), panel(returns))
    expected = [5 * np.cov(exposures[:, k], returns[:, k], ddof=0)[0, 1] for k in range(2)]
    np.testing.assert_allclose(effects["timing_effect"], expected, atol=1e-14)


def test_the_order_of_labels_changes_nothing():
    x, f = panel([[0.4, 1.0], [0.0, 2.0]]), panel([[0.01, 0.02], [-0.01, 0.03]])
    xr.testing.assert_allclose(timing_effects(x, f), timing_effects(x, f.isel(factor=[1, 0], time=[1, 0])))


@pytest.mark.parametrize("example", ["simple", "long_short", "long_short_tilt"])
def test_published_tilt_and_timing(example):
    case, loading = PUBLISHED[example], pd.Series(PUBLISHED["loading"])
    factors = pd.Series(PUBLISHED["factor_return"])[loading.index]
    exposure = sum(case["weights"]) * loading
    effects = timing_effects(panel([exposure, exposure], loading.index), panel([factors, factors], loading.index))
    of_a_day = effects.sum("factor") / 2  # both days are alike
    got = {
        "common": float(of_a_day["contribution"]),
        "specific": PUBLISHED["portfolio_return"] - float(of_a_day["contribution"]),
        "tilt": float(of_a_day["average_effect"]),
        "timing": float(of_a_day["timing_effect"]),
        **(effects["contribution"] / 2).to_series().to_dict(),
    }
    for name, expected in case["expected"].items():
        assert got[name] == pytest.approx(expected, abs=PUBLISHED["tolerance"]), name


def test_the_published_regression_leaves_nothing_specific_and_cannot_be_linked():
    table = pd.read_csv(EXAMPLES / "empyrical_regression.csv", index_col="date", parse_dates=True)
    factors = table[["materials", "financials"]]
    f = xr.DataArray(factors.to_numpy(), {"time": factors.index.to_numpy(), "factor": list(factors)}, ("time", "factor"))
    effects = timing_effects(xr.ones_like(f), f)
    assert len(table) == 504
    assert (table["return"] - f.sum("factor")).abs().max() <= PUBLISHED["tolerance"]
    assert float(effects["contribution"].sum()) == pytest.approx(table["return"].sum(), abs=504 * PUBLISHED["tolerance"])
    assert np.abs(effects["timing_effect"]).max() < 1e-12
    with pytest.raises(at.InputError, match="below -1"):  # a day of -374 %
        at.link(table[["return"]], table["return"], 0.0)


def test_the_timing_of_a_course_adds_to_its_excess_return(small_book, small_model, small_market):
    result = at.attribute(small_book, "Major 70 : Next 30", small_model, small_market, period="2025-01/2025-03")
    table = result.timing()
    assert list(table.columns) == ["factor", "average_exposure", "average_effect", "timing_effect", "contribution"]
    assert fsum(table["contribution"]) == pytest.approx(result.excess_return, abs=1e-12)
    model = table[table["average_exposure"].notna()]
    assert list(model["factor"]) == list(result.data["factor"].to_numpy())
    np.testing.assert_allclose(model["average_effect"] + model["timing_effect"], model["contribution"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(model["average_exposure"], result.factors["active_exposure"].iloc[: len(model)], atol=1e-15)
    assert model["timing_effect"].abs().max() > 1e-4  # rebalances and drift change exposures
    assert list(table[table["average_exposure"].isna()]["factor"]) == ["specific", "cash_and_stopped", "unmodelled", "proxy"]


def test_labels_that_do_not_match_and_missing_numbers_are_refused():
    x = panel([[0.4, 1.0], [0.0, 2.0]])
    with pytest.raises(at.InputError, match="1 label of 'factor' not as in exposures"):
        timing_effects(x, panel([[0.01], [0.02]]))
    with pytest.raises(at.InputError, match="factor_returns: 1 missing or infinite"):
        timing_effects(x, panel([[0.01, np.nan], [0.02, 0.0]]))
