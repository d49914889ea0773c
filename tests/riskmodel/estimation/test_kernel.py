"""The loops of the kernel: compiled and numpy's, beside products of whole designs, statsmodels and quantiles of windows."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.estimation import kernel
from riskmodel.estimation.kernel import plain

SOURCES = sorted(Path(kernel.__file__).parent.glob("*.c"))
WITHOUT = """
import sys
sys.modules["riskmodel.estimation.kernel._loops"] = None
from riskmodel.estimation import kernel
assert not kernel.COMPILED and kernel.products.__module__ == "riskmodel.estimation.kernel.plain"
"""


def drawn(days, styles, sizes, seed=0):
    """Exposures, weights, returns and where sectors of so many names begin."""
    rng, names = np.random.default_rng(seed), sum(sizes)
    x, y = rng.standard_normal((days, styles, names)), rng.standard_normal((days, names))
    w = rng.lognormal(size=(days, names)) * (rng.random((days, names)) > 0.2)
    return x, w, y, np.cumsum([0, *sizes[:-1]])


def designs(x, starts):
    """Sector dummies and styles, (day, name, column)."""
    sector = np.searchsorted(starts, np.arange(x.shape[2]), side="right") - 1
    dummies = np.broadcast_to(np.eye(len(starts))[sector], (len(x), x.shape[2], len(starts)))
    return np.concatenate([dummies, x.transpose(0, 2, 1)], axis=2)


@pytest.mark.parametrize("own", [kernel, plain], ids=["chosen", "numpy"])
@settings(deadline=None, max_examples=60)
@given(days=st.integers(1, 3), styles=st.integers(1, 9), sizes=st.lists(st.integers(1, 150), min_size=1, max_size=5))
def test_products_and_leverages_are_those_of_the_whole_design(own, days, styles, sizes):
    x, w, y, starts = drawn(days, styles, sizes)
    design = designs(x, starts)
    gram = design.transpose(0, 2, 1) @ (w[..., None] * design)
    moment = (design.transpose(0, 2, 1) @ (w * y)[..., None])[..., 0]
    of_styles, of_sectors = own.products(x, w, y, starts)
    s = len(starts)
    size = np.abs(gram).max() + np.abs(moment).max() + 1
    np.testing.assert_allclose(of_styles, np.concatenate([gram[:, s:, s:], moment[:, None, s:]], axis=1), atol=1e-13 * size)
    weights = np.diagonal(gram, axis1=1, axis2=2)[:, None, :s]
    sums = np.concatenate([gram[:, s:, :s], moment[:, None, :s], weights], axis=1)
    np.testing.assert_allclose(of_sectors, sums, atol=1e-13 * size)

    inverse = np.linalg.inv(gram + np.eye(gram.shape[1]))
    leverage = np.einsum("dnc,dce,dne->dn", design, inverse, design)
    np.testing.assert_allclose(own.leverages(x, inverse, starts), leverage, atol=1e-13 * (1 + np.abs(leverage).max()))


def test_leverages_are_those_of_statsmodels():
    x, _, y, starts = drawn(1, 3, [20, 30, 9])
    design = designs(x, starts)[0]
    inverse = np.linalg.inv(design.T @ design)
    expected = sm.OLS(y[0], design).fit().get_influence().hat_matrix_diag
    np.testing.assert_allclose(kernel.leverages(x, inverse[None], starts)[0], expected, atol=1e-10)


def test_views_and_other_types_are_read_by_their_labels_not_their_bytes():
    x, w, y, starts = drawn(4, 3, [40, 27])
    other = np.asfortranarray(x), w.astype(np.float32).astype(float)[:, ::1], y[::1], starts.astype(np.int32)
    for got, expected in zip(kernel.products(*other), plain.products(x, other[1], y, starts), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-11)
    every_other = tuple(values[::2] for values in (x, w, y))
    for got, expected in zip(kernel.products(*every_other, starts), plain.products(*every_other, starts), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-11)


def test_a_nan_is_seen_in_the_products():
    x, w, y, starts = drawn(2, 5, [70, 33])
    x[1, 2, 100], w[1, 100] = np.nan, 0.0
    of_styles, _ = kernel.products(x, w, y, starts)
    assert np.isfinite(of_styles[0]).all()
    assert np.isnan(of_styles[1]).any()


def test_the_same_whatever_is_solved_beside_it_and_in_threads():
    x, w, y, starts = drawn(6, 4, [64, 65, 1])
    together = kernel.products(x, w, y, starts)
    with ThreadPoolExecutor(3) as threads:
        alone = list(threads.map(lambda day: kernel.products(x[day, None], w[day, None], y[day, None], starts), range(6)))
    for place, whole in enumerate(together):
        assert np.array_equal(np.concatenate([part[place] for part in alone]), whole)


def window_by_window(returns, at, window, bound):
    """Distance between quartiles and bounded mean square of each window, by numpy's quantiles."""
    distance, square = np.full((len(returns), len(at)), np.nan), np.full((len(returns), len(at)), np.nan)
    for place, day in np.ndindex(distance.shape):
        own = returns[place, max(at[day] - window + 1, 0) : at[day] + 1]
        own = own[~np.isnan(own)]
        if own.size:
            low, high = np.quantile(own, [0.25, 0.75])
            distance[place, day] = high - low
            square[place, day] = np.mean(np.clip(own, -bound * (high - low), bound * (high - low)) ** 2)
    return distance, square


@pytest.mark.parametrize("own", [kernel, plain], ids=["chosen", "numpy"])
@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 10**6), names=st.integers(1, 4), times=st.integers(1, 60), window=st.integers(1, 40),
    missing=st.sampled_from([0.0, 0.2, 0.9]), decimals=st.sampled_from([0, 1, 15]), bound=st.sampled_from([0.4, 1.5, 7.4]),
    share=st.sampled_from([0.03, 0.3, 1.0]),
)  # fmt: skip
def test_spreads_are_those_of_each_window(own, seed, names, times, window, missing, decimals, bound, share):
    rng = np.random.default_rng(seed)
    returns = rng.standard_t(2, (names, times)).round(decimals)  # rounded: equal values, and zeros of both signs
    returns[rng.random(returns.shape) < missing] = np.nan
    at = np.unique(np.append(np.flatnonzero(rng.random(times) < share), rng.integers(times)))
    found, expected = own.spreads(returns, at, window, bound), window_by_window(returns, at, window, bound)
    for got, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-14)


def test_spreads_of_a_window_depend_on_nothing_else():
    returns = np.random.default_rng(0).standard_normal((5, 300))
    whole = kernel.spreads(returns, np.arange(300), 50, 7.0)
    other = np.concatenate([9 * np.ones((5, 7)), returns[:, 100:]], axis=1)
    for one, part in zip(whole, kernel.spreads(other[::-1], np.array([70, 71, 180, 206]), 50, 7.0), strict=True):
        assert np.array_equal(part[::-1], one[:, [163, 164, 273, 299]])


def test_nobody_on_no_day():
    x, w, y, starts = drawn(2, 3, [4, 2])
    assert [part.shape for part in kernel.products(x[:0], w[:0], y[:0], starts)] == [(0, 4, 3), (0, 5, 2)]


@pytest.mark.skipif(not kernel.COMPILED, reason="nothing was compiled here: pip found no GCC or Clang")
def test_arrays_that_do_not_fit_are_refused_before_they_are_read():
    from riskmodel.estimation.kernel import _loops

    x, w, y, starts = drawn(2, 3, [4, 2])
    with pytest.raises(ValueError, match=r"w holds 40 bytes, not 96"):
        _loops.products((2, 3, 6, 2), x, w[0, :5], y, starts, np.empty((2, 4, 3)), np.empty((2, 5, 2)))
    with pytest.raises(ValueError, match="inverse holds"):
        _loops.leverages((2, 3, 6, 2), x, w, starts, np.empty((2, 6)))
    returns, out = np.zeros((2, 5)), np.empty((2, 2))
    for at in ([1, 5], [-1, 2], [3, 3]):
        with pytest.raises(ValueError, match="at is not increasing, or beyond the days"):
            _loops.spreads((2, 5, 2, 3), returns, np.array(at), 10.0, out, out.copy())
    with pytest.raises(ValueError, match="square holds"):
        _loops.spreads((2, 5, 2, 3), returns, np.array([1, 2]), 10.0, out, np.empty((2, 1)))


def test_without_what_was_compiled_numpy_does_the_work():
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler here")
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_source_compiles_without_a_warning(tmp_path, source):
    include = Path(sysconfig.get_paths()["include"])
    if not (include / "Python.h").exists():
        pytest.skip("Python was installed without its headers")
    flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-psabi", "-fPIC", f"-I{include}", "-c"]
    done = subprocess.run(["cc", *flags, "-o", str(tmp_path / "loops.o"), str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
