"""Linking against published tables and sixty-digit arithmetic; what it refuses, in which words.

Against other implementations: test_brinson_peers.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from math import fsum

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
from attribution.linking import linking
from attribution.linking.linking import DAY_SCALING, coefficients, compound, compounded_excess, frongello_increments, link
from attribution.linking.totals import davies_laker, geometric_days, geometric_excess, geometric_link
from riskmodel import InputError
from tests.attribution.brinson.inputs import example

EFFECTS = ["allocation", "selection"]


def series(values, days=None):
    return xr.DataArray(np.asarray(values, float), {} if days is None else {"time": days}, ("time",))


def brinson_fachler(w_p, w_b, r_p, r_b):
    """Daily totals R, B, N, Q and the top-down effects (time, segment, effect) of (time, segment) arrays."""
    w_p, w_b, r_p, r_b = (xr.DataArray(np.asarray(x, float), dims=("time", "segment")) for x in (w_p, w_b, r_p, r_b))
    totals = [(w * r).sum("segment") for w, r in ((w_p, r_p), (w_b, r_b), (w_p, r_b), (w_b, r_p))]
    effects = xr.concat([(w_p - w_b) * (r_b - totals[1]), w_p * (r_p - r_b)], pd.Index(EFFECTS, name="effect"))
    return *totals, effects.transpose("time", "segment", "effect")


def random_days(seed, days=21, segments=5, size=0.03):
    rng = np.random.default_rng(seed)
    w_p, w_b = rng.dirichlet(np.ones(segments), days), rng.dirichlet(np.ones(segments), days)
    r_b = rng.normal(0.0005, size, (days, segments))
    return w_p, w_b, r_b + rng.normal(0, size / 3, (days, segments)), r_b


# ---------------------------------------------------------------- published tables


def bacon():
    case = example("bacon2008_multi_period")
    return case, brinson_fachler(
        *(np.array([q[k] for q in case["quarters"].values()]) for k in ("w_p", "w_b", "r_p", "r_b"))
    )


@pytest.fixture(scope="module")
def bacon_effects():
    """Every method's rows of Bacon's example: (method, effect) -> frame of quarters and Total x segments and Total."""
    case, (portfolio, benchmark, notional, _, effects) = bacon()
    quarters = {
        method: effects * coefficients(portfolio, benchmark, method=method) for method in ("carino", "menchero", "grap")
    }
    quarters |= {"none": effects, "frongello": frongello_increments(effects, portfolio, benchmark)}
    w_p, w_b, r_p, r_b = (
        xr.DataArray([q[k] for q in case["quarters"].values()], dims=("time", "segment"))
        for k in ("w_p", "w_b", "r_p", "r_b")
    )
    allocation, selection = (w_p - w_b) * ((1 + r_b) / (1 + benchmark) - 1), w_p * (r_p - r_b) / (1 + notional)
    quarters["geometric"] = xr.concat([allocation, selection], pd.Index(EFFECTS, name="effect"))
    frames = {}
    for method, cells in quarters.items():
        for effect in EFFECTS:
            table = cells.sel(effect=effect, drop=True).transpose("time", "segment").to_pandas()
            table = table.set_axis(list(case["quarters"]), axis=0).set_axis(case["segments"], axis=1)
            table.loc["Total"] = table.sum()
            frames[method, effect] = table.assign(Total=table.sum(axis=1))
    return frames


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("method", ["none", "carino", "menchero", "grap", "frongello", "geometric"])
def test_every_method_reproduces_bacons_table(bacon_effects, method, effect):
    case, _ = bacon()
    for row, published in case["linked"][method][effect].items():
        np.testing.assert_allclose(bacon_effects[method, effect].loc[row], published, rtol=0, atol=case["tolerance"])


@pytest.mark.parametrize("method", ["carino", "menchero", "grap", "frongello"])
def test_link_gives_the_linked_totals_of_bacons_table(method):
    case, (portfolio, benchmark, _, _, effects) = bacon()
    linked = at.link(effects, portfolio, benchmark, method=method)
    assert linked.dims == ("segment", "effect")
    for effect in EFFECTS:
        published = case["linked"][method][effect]["Total"]
        np.testing.assert_allclose(linked.sel(effect=effect), published[:-1], rtol=0, atol=case["tolerance"])
        assert float(linked.sel(effect=effect).sum()) == pytest.approx(published[-1], abs=case["tolerance"])


def test_notional_funds_and_geometric_totals_reproduce_bacons():
    case, (portfolio, benchmark, notional, crossed, _) = bacon()
    ours = davies_laker(portfolio, benchmark, notional, crossed).to_series()
    published = pd.Series(case["davies_laker"])
    pd.testing.assert_series_equal(ours, published[ours.index], check_names=False, rtol=0, atol=case["tolerance"])
    assert ours.sum() == pytest.approx(published["excess"], abs=case["tolerance"])
    geometric = geometric_link(portfolio, benchmark, notional).to_series()
    published = pd.Series(case["geometric"])
    pd.testing.assert_series_equal(geometric, published[geometric.index], check_names=False, rtol=0, atol=case["tolerance"])
    assert float(geometric_excess(portfolio, benchmark)) == pytest.approx(published["excess"], abs=case["tolerance"])


def test_four_of_bacons_figures_are_not_what_his_data_round_to(bacon_effects):
    # 0.0165 - 0.0060 + 0.0015 adds up as printed; unrounded the quarters give 0.01645 - 0.00606 + 0.00155 = 0.01194
    case, (portfolio, benchmark, notional, crossed, _) = bacon()
    ours = {
        ("davies_laker", e, "Total"): v for e, v in davies_laker(portfolio, benchmark, notional, crossed).to_series().items()
    }
    printed = {key: case["davies_laker"][key[1]] for key in ours}
    for (method, effect), frame in bacon_effects.items():
        for row, figures in case["linked"][method][effect].items():
            for segment, figure in zip([*case["segments"], "Total"], figures, strict=True):
                place = (method, effect, segment) if row == "Total" else (method, effect, row, segment)
                ours[place], printed[place] = frame.loc[row, segment], figure
    off = sorted([*key, printed[key], round(ours[key], 4)] for key in ours if abs(ours[key] - printed[key]) > 0.5001e-4)
    assert off == sorted(case["misprinted"]["rows"])


def test_frongellos_two_periods_and_their_reversal():
    case = example("frongello2002")["two_periods"]
    for step, expected in ((1, case["expected"]), (-1, case["expected_in_reverse_order"])):
        portfolio, benchmark = series(case["portfolio_return"][::step]), series(case["benchmark_return"][::step])
        effects = pd.DataFrame({effect: case[effect][::step] for effect in EFFECTS})
        linked = link(effects, portfolio, benchmark, method="frongello").to_series()
        assert linked.to_dict() == pytest.approx(expected, abs=case["tolerance"])
        increments = frongello_increments(effects, portfolio, benchmark).sum("time").to_series()
        assert increments.to_dict() == pytest.approx(expected, abs=case["tolerance"])
        assert fsum(linked) == pytest.approx(case["expected_excess"], abs=case["tolerance"])


def test_over_identical_periods_all_linkers_agree_on_the_shares():
    case = example("frongello2002")["identical_periods"]
    portfolio, benchmark, _, _, effects = brinson_fachler(
        *([case[k]] * case["periods"] for k in ("w_p", "w_b", "r_p", "r_b"))
    )
    for method in DAY_SCALING:
        linked = link(effects, portfolio, benchmark, method=method).sum("segment")
        share = (linked / linked.sum()).to_series().to_dict()
        assert share == pytest.approx(case["expected_share"], abs=case["tolerance"])


def test_frongellos_three_periods_of_stocks_and_bonds():
    case = example("frongello2002")["three_periods"]
    portfolio, benchmark, _, _, effects = brinson_fachler(*(case[k] for k in ("w_p", "w_b", "r_p", "r_b")))
    np.testing.assert_allclose(portfolio, case["expected_portfolio_return"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(benchmark, case["expected_benchmark_return"], rtol=0, atol=1e-12)
    linked = link(effects, portfolio, benchmark, method="frongello").sum("segment")
    assert float(linked.sel(effect="allocation")) == pytest.approx(case["expected"]["allocation"], abs=case["tolerance"])
    assert float(linked.sum()) == pytest.approx(case["expected"]["excess"], abs=5e-7)  # printed to six decimals
    assert compound(portfolio.values) - compound(benchmark.values) == pytest.approx(case["expected"]["excess"], abs=5e-7)


# ---------------------------------------------------------------- limits


def test_carino_near_a_total_loss_after_a_month_without_excess():
    case = example("linking_boundaries")["near_total_loss"]
    cells_p, cells_b = np.array(case["portfolio_return"]), np.array(case["benchmark_return"])
    portfolio, benchmark = series(cells_p.mean(axis=1)), series(cells_b.mean(axis=1))
    ours = coefficients(portfolio, benchmark)
    np.testing.assert_allclose(ours, case["carino"], rtol=0, atol=case["tolerance"])
    effects = xr.DataArray(case["weight"] * (cells_p - cells_b), dims=("time", "segment"))
    first = (effects * ours)[0]
    np.testing.assert_allclose(
        first, case["linked_selection_of_first_month"], rtol=0, atol=case["linked_selection_tolerance"]
    )
    for side, returns in (("portfolio", portfolio), ("benchmark", benchmark)):
        expected = case["absolute_coefficient_of_first_month"][side]
        assert float(coefficients(returns, 0.0)[0]) == pytest.approx(expected, abs=case["tolerance"])
        assert compound(returns.values) == pytest.approx(case["compounded"][side], abs=1e-15)


def test_menchero_closes_where_unequal_paths_end_equal():
    case = example("linking_boundaries")["menchero_equal_compounded_returns"]
    portfolio, benchmark = series(case["portfolio_return"]), series(case["benchmark_return"])
    ours = coefficients(portfolio, benchmark, method="menchero")
    np.testing.assert_allclose(ours, case["coefficient"], rtol=0, atol=case["tolerance"])
    excess = portfolio - benchmark
    assert float((ours * excess).sum()) == pytest.approx(0.0, abs=1e-16)  # not so with M alone:
    assert float(excess.sum()) * 1.08**0.5 == pytest.approx(0.0208, abs=1e-4)


def test_menchero_without_excess_and_over_one_period():
    cases = example("linking_boundaries")
    same = series(cases["menchero_equal_paths"]["portfolio_return"])
    np.testing.assert_allclose(
        coefficients(same, same, method="menchero"), cases["menchero_equal_paths"]["coefficient"], rtol=0, atol=1e-12
    )
    one = cases["menchero_one_period"]
    assert coefficients(series(one["portfolio_return"]), series(one["benchmark_return"]), method="menchero").item() == 1.0


def test_frongellos_coefficients_are_graps():
    case = example("linking_boundaries")["frongello"]
    portfolio, benchmark = series(case["portfolio_return"]), series(case["benchmark_return"])
    ours = coefficients(portfolio, benchmark, method="frongello")
    np.testing.assert_allclose(ours, case["coefficient"], rtol=0, atol=case["tolerance"])
    np.testing.assert_array_equal(ours, coefficients(portfolio, benchmark, method="grap"))
    effects = pd.DataFrame({"stated": case["effects"]})
    effects["rest"] = portfolio.values - benchmark.values - effects["stated"]
    linked = link(effects, portfolio, benchmark, method="frongello")
    assert float(linked.sel(effect="stated")) == pytest.approx(case["linked"], abs=case["tolerance"])


def test_equal_returns_take_the_analytic_limit():
    # k(r, r) = 1 / (1 + r); with both sides equal throughout, lambda_t = (1 + R) / (1 + r_t)
    r = np.array([0.10, -0.20, 0.05])
    expected = (1 + compound(r)) / (1 + r)
    np.testing.assert_allclose(coefficients(series(r), series(r)), expected, rtol=1e-14)


def test_a_tiny_excess_is_near_its_limit_not_noise():
    r = np.array([0.01, 0.02])
    np.testing.assert_allclose(coefficients(series(r + 1e-15), series(r)), coefficients(series(r), series(r)), rtol=1e-12)


@pytest.mark.parametrize("method", ["menchero", "grap", "frongello"])
def test_without_logarithms_a_total_loss_links(method):
    portfolio, benchmark = series([0.1, -1.0, 0.3]), series([0.05, 0.02, -1.0])
    for b, expected in ((benchmark, 0.0), (0.0, -1.0), (series([0.05, 0.02, 0.01]), -1 - (1.05 * 1.02 * 1.01 - 1))):
        assert float(link(portfolio - b, portfolio, b, method=method)) == pytest.approx(expected, abs=1e-15)


def exact(method, portfolio, benchmark):
    """Coefficients in sixty digits, from the formulas as the papers print them."""
    with localcontext() as context:
        context.prec = 60
        one, r, b = Decimal(1), [Decimal(x) for x in portfolio], [Decimal(x) for x in benchmark]
        days, a = len(r), [x - y for x, y in zip(r, b, strict=True)]

        def product(values):
            result = one
            for value in values:
                result *= 1 + value
            return result

        growth_r, growth_b = product(r), product(b)
        if method == "grap":
            return [float(product(r[:t]) * product(b[t + 1 :])) for t in range(days)]
        if method == "carino":
            k = [((1 + x).ln() - (1 + y).ln()) / (x - y) if x != y else 1 / (1 + x) for x, y in zip(r, b, strict=True)]
            whole = (growth_r.ln() - growth_b.ln()) / (growth_r - growth_b)
            return [float(x / whole) for x in k]
        root = one / days
        m = (growth_r - growth_b) / days / (growth_r**root - growth_b**root)
        slope = (growth_r - growth_b - m * sum(a)) / sum(x * x for x in a)
        return [float(m + slope * x) for x in a]


@pytest.mark.parametrize("size", [0.05, 1e-6, 1e-10, 1e-14, 1e-18])
@pytest.mark.parametrize("method", ["carino", "menchero", "grap"])
def test_coefficients_and_totals_keep_twelve_digits_however_small_the_excess(method, size):
    rng = np.random.default_rng(3)
    base = rng.normal(0, 0.01, 30) if size > 1e-16 else np.zeros(30)  # on a zero base even 1e-18 is an excess
    portfolio, benchmark = base + rng.uniform(0.5, 1, 30) * size, base
    ours, theirs = coefficients(series(portfolio), series(benchmark), method=method), exact(method, portfolio, benchmark)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    linked = float(link(series(portfolio - benchmark), series(portfolio), series(benchmark), method=method))
    total = fsum(x * y for x, y in zip(theirs, portfolio - benchmark, strict=True))
    assert linked == pytest.approx(total, rel=1e-12, abs=0)
    assert float(compounded_excess(portfolio, benchmark)) == pytest.approx(total, rel=1e-12, abs=0)


# ---------------------------------------------------------------- labels and batches


def test_portfolios_link_each_by_their_own_days():
    rng = np.random.default_rng(5)
    days, names = pd.bdate_range("2024-01-01", periods=8), ["A", "B", "C"]
    benchmark = series(rng.normal(0, 0.02, 8), days)
    effects = xr.DataArray(
        rng.normal(0, 0.01, (8, 3, 4)), {"time": days, "portfolio": names}, ("time", "portfolio", "asset")
    )
    portfolio = benchmark + effects.sum("asset")
    for method in DAY_SCALING:
        together = link(effects, portfolio, benchmark, method=method)
        increments = frongello_increments(effects, portfolio, benchmark)
        assert together.dims == ("portfolio", "asset")
        for name in names:
            alone = link(effects.sel(portfolio=name), portfolio.sel(portfolio=name), benchmark, method=method)
            np.testing.assert_allclose(together.sel(portfolio=name), alone, rtol=1e-13)
            np.testing.assert_allclose(
                increments.sel(portfolio=name),
                frongello_increments(effects.sel(portfolio=name), portfolio.sel(portfolio=name), benchmark),
                rtol=1e-13,
            )


def test_accounts_in_chunks_link_to_the_same_numbers():
    pytest.importorskip("dask")
    rng = np.random.default_rng(6)
    effects = xr.DataArray(rng.normal(0, 0.01, (5, 6, 4)), {"portfolio": list("ABCDEF")}, ("time", "portfolio", "asset"))
    benchmark = series(rng.normal(0, 0.02, 5))
    portfolio = benchmark + effects.sum("asset")
    lazy = link(effects.chunk(portfolio=2), portfolio.chunk(portfolio=3), benchmark, method="menchero")
    xr.testing.assert_allclose(lazy.compute(), link(effects, portfolio, benchmark, method="menchero"), rtol=1e-14)


def test_frames_are_taken_with_days_in_their_rows():
    days = pd.DatetimeIndex(["2024-01-02", "2024-01-03"], name="date")
    effects = pd.DataFrame({"a": [0.01, -0.02], "b": [0.0, 0.01]}, days)
    benchmark = pd.Series([0.02, 0.01], days)
    linked = link(effects, benchmark + effects.sum(axis=1), benchmark)
    assert linked.dims == ("effect",)
    assert float(linked.sum()) == pytest.approx(1.03 * 1.0 - 1.02 * 1.01, abs=1e-16)


def test_labels_align_whatever_their_order():
    effects = xr.DataArray([[0.02, 0.01], [0.03, -0.01]], {"time": ["Q2", "Q1"], "effect": EFFECTS}, ("time", "effect"))
    portfolio, benchmark = series([0.05, 0.04], ["Q1", "Q2"]), series([0.01, 0.03], ["Q2", "Q1"])
    linked = link(effects, portfolio, benchmark, method="grap")
    # Q1 stands first in portfolio_returns: (0.03, -0.01) x 1.01 + (0.02, 0.01) x 1.05
    np.testing.assert_allclose(linked, [0.0513, 0.0004], atol=1e-15)
    increments = frongello_increments(effects, portfolio, benchmark)
    assert increments["time"].values.tolist() == ["Q1", "Q2"]
    np.testing.assert_allclose(increments.sum("time"), linked, atol=1e-15)


def test_geometric_days_compound_to_the_period():
    portfolio, benchmark, notional, _, _ = brinson_fachler(*random_days(9))
    days, period = geometric_days(portfolio, benchmark, notional), geometric_link(portfolio, benchmark, notional)
    np.testing.assert_allclose((1 + days).prod("time"), 1 + period, rtol=1e-14)
    expected = (1 + compound(portfolio.values)) / (1 + compound(benchmark.values))
    assert float((1 + period).prod()) == pytest.approx(expected, rel=1e-14)
    assert 1 + float(geometric_excess(portfolio, benchmark)) == pytest.approx(expected, rel=1e-14)


# ---------------------------------------------------------------- what is refused, in which words

DAYS = pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2024-01-04"])


def effects_of(values=((0.01, 0.0), (0.0, 0.01), (0.01, 0.01)), days=DAYS):
    return xr.DataArray(np.array(values), {"time": days, "effect": EFFECTS}, ("time", "effect"))


PORTFOLIO, BENCHMARK = series([0.03, 0.02, 0.01], DAYS), series([0.02, 0.01, -0.01], DAYS)
REFUSED = {
    "a day that does not sum": (
        lambda: link(effects_of(((0.01, 0.0), (0.0, 0.02), (0.01, 0.01))), PORTFOLIO, BENCHMARK),
        "effects: on 1 day of 3 they do not sum to the excess return: 2024-01-03 0.02, not 0.01. "
        "Add the effect that is missing; where effects were rounded, pass a larger tolerance.",
    ),
    "effects in percent": (
        lambda: link(100 * effects_of(), PORTFOLIO, BENCHMARK),
        "effects: on 3 days of 3 they do not sum to the excess return: 2024-01-02 1, not 0.01, 2024-01-03 1, not 0.01, "
        "2024-01-04 2, not 0.02. One side looks like percent; give decimals.",
    ),
    "increments of a day that does not sum": (
        lambda: frongello_increments(effects_of() + 0.001, PORTFOLIO, BENCHMARK),
        "effects: on 3 days of 3 they do not sum to the excess return: 2024-01-02 0.012, not 0.01, 2024-01-03 0.012, "
        "not 0.01, 2024-01-04 0.022, not 0.02. Add the effect that is missing; where effects were rounded, pass a larger "
        "tolerance.",
    ),
    "a missing effect": (
        lambda: link(effects_of(((0.01, 0.0), (np.nan, 0.01), (0.01, 0.01))), PORTFOLIO, BENCHMARK),
        "effects: 1 missing or infinite value: (2024-01-03, allocation).",
    ),
    "infinite effects": (
        lambda: link(effects_of(((np.inf, -np.inf), (0.0, 0.01), (0.01, 0.01))), PORTFOLIO, BENCHMARK),
        "effects: 2 missing or infinite values: (2024-01-02, allocation), (2024-01-02, selection).",
    ),
    "a missing return": (
        lambda: link(effects_of(), PORTFOLIO.where(PORTFOLIO > 0.01), BENCHMARK),
        "portfolio_returns: 1 missing or infinite value: 2024-01-04.",
    ),
    "a return below -100 %": (
        lambda: coefficients(PORTFOLIO, series([0.0, -1.5, 0.0], DAYS), method="grap"),
        "benchmark_returns: 1 return below -1 (a loss of more than 100 %): 2024-01-03. Returns are decimals: -0.05 is a "
        "loss of 5 %.",
    ),
    "a total loss under Carino": (
        lambda: coefficients(PORTFOLIO, series([0.0, -1.0, 0.0], DAYS)),
        "Carino linking: 1 day with a return of -100 % or less: 2024-01-03 in benchmark_returns; the logarithm has no value "
        "there. Methods menchero, grap and frongello need none.",
    ),
    "days of another month": (
        lambda: link(effects_of(), PORTFOLIO, BENCHMARK.assign_coords(time=DAYS + pd.Timedelta(days=1))),
        "benchmark_returns: 2 labels of 'time' not as in portfolio_returns; only in benchmark_returns: 2024-01-05; only in "
        "portfolio_returns: 2024-01-02. Give both the same labels, e.g. with xarray.align.",
    ),
    "dates against text": (
        lambda: link(effects_of(days=DAYS.astype(str).astype(object)), PORTFOLIO, BENCHMARK),
        "effects: 6 labels of 'time' not as in portfolio_returns (object here, "
        f"{PORTFOLIO.get_index('time').dtype} there); only in effects: "
        "2024-01-02, 2024-01-03, 2024-01-04; only in portfolio_returns: 2024-01-02, 2024-01-03, 2024-01-04. Give both "
        "the same labels, e.g. with xarray.align.",
    ),
    "a day twice": (
        lambda: link(effects_of(), PORTFOLIO.assign_coords(time=DAYS[[0, 1, 1]]), BENCHMARK),
        "portfolio_returns: 1 duplicate label of 'time': 2024-01-03. Keep one each, or add up what belongs together.",
    ),
    "days out of order": (
        lambda: link(effects_of(), PORTFOLIO[[0, 2, 1]], BENCHMARK),
        "portfolio_returns: 'time' is not sorted: 2024-01-03 follows 2024-01-04. Use portfolio_returns.sortby('time'), of "
        "pandas sort_index().",
    ),
    "no days": (
        lambda: link(effects_of()[:0], PORTFOLIO[:0], BENCHMARK[:0]),
        "portfolio_returns: dimension 'time' is empty. Check the period and the names.",
    ),
    "no time": (
        lambda: link(effects_of().rename(time="date"), PORTFOLIO, BENCHMARK),
        "effects: dimensions (date, effect); it takes (time, ...).",
    ),
    "portfolios on one side": (
        lambda: link(effects_of(), PORTFOLIO.expand_dims(portfolio=["A"]), BENCHMARK),
        "effects: no dimension 'portfolio', which the returns have; the effects' are time, effect.",
    ),
    "a list": (
        lambda: link(effects_of(), [0.1, 0.2, 0.3], BENCHMARK),
        "portfolio_returns: is of type list, without labels. Give a DataArray, a Series or a DataFrame by (time, ...).",
    ),
    "text": (
        lambda: link(effects_of(), PORTFOLIO.astype(str), BENCHMARK),
        "portfolio_returns: values are <U32, not numbers.",
    ),
    "rows of two levels": (
        lambda: link(effects_of().to_series(), PORTFOLIO, BENCHMARK),
        "effects: several levels of labels. Give one level of rows and one of columns.",
    ),
    "an unknown method": (
        lambda: link(effects_of(), PORTFOLIO, BENCHMARK, method="Menchero"),
        "method 'Menchero': the methods that scale days are carino, menchero, grap, frongello.",
    ),
    "a method of totals": (
        lambda: link(effects_of(), PORTFOLIO, BENCHMARK, method="davies-laker"),
        "method 'davies-laker': the methods that scale days are carino, menchero, grap, frongello. For its totals use "
        "attribution.linking.totals.davies_laker.",
    ),
    "a geometric total loss": (
        lambda: geometric_link(PORTFOLIO, BENCHMARK, series([0.0, 0.0, -1.0], DAYS)),
        "geometric linking: allocation_returns of -100 % on 1 day: 2024-01-04; 1 + r must be positive on every side. Method "
        "grap needs no ratio.",
    ),
    "a geometric excess over nothing": (
        lambda: geometric_excess(PORTFOLIO, series([-1.0, -1.0, 0.0], DAYS)),
        "geometric linking: benchmark_returns of -100 % on 2 days: 2024-01-02, 2024-01-03; 1 + r must be positive on every "
        "side. Method grap needs no ratio.",
    ),
    "a geometric portfolio of nothing": (
        lambda: geometric_days(series([-1.0, 0.0, 0.0], DAYS), BENCHMARK, BENCHMARK),
        "geometric linking: portfolio_returns of -100 % on 1 day: 2024-01-02; 1 + r must be positive on every side. Method "
        "grap needs no ratio.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_linked_is_refused_by_name(case):
    call, message = REFUSED[case]
    with pytest.raises(InputError) as refusal:
        call()
    assert str(refusal.value) == message


def test_rounded_effects_link_under_a_stated_tolerance():
    rounded = effects_of() + 3e-7
    with pytest.raises(InputError, match=r"on 3 days of 3 they do not sum"):
        link(rounded, PORTFOLIO, BENCHMARK)
    linked = link(rounded, PORTFOLIO, BENCHMARK, tolerance=1e-6)
    assert float(linked.sum()) == pytest.approx(compound(PORTFOLIO.values) - compound(BENCHMARK.values), abs=3 * 1.1 * 6e-7)


def test_rounding_of_large_offsetting_effects_is_no_mistake():
    large = effects_of(((1e6 / 3 + 0.01, -1e6 / 3), (0.01, 0.0), (0.02, 0.0)))
    assert 1e-12 < abs(float(large[0].sum()) - 0.01) < 1e-9
    assert link(large, PORTFOLIO, BENCHMARK).dims == ("effect",)
    with pytest.raises(InputError, match="2024-01-02"):
        link(large + xr.DataArray([1e-5, 0, 0], dims="time"), PORTFOLIO, BENCHMARK)


def test_coefficients_that_do_not_close_give_no_answer(monkeypatch):
    # unlinked days add to 0.04; 1.03 x 1.02 x 1.01 - 1.02 x 1.01 x 0.99 = 0.041208
    monkeypatch.setitem(linking._SCALES, "grap", lambda portfolio, benchmark: np.ones_like(portfolio))
    with pytest.raises(at.ReconciliationError, match=r"linked effects miss the excess return R - B by 0\.00121"):
        link(effects_of(), PORTFOLIO, BENCHMARK, method="grap")


def test_every_method_that_is_offered_has_its_scale():
    assert tuple(linking._SCALES) == DAY_SCALING


@pytest.mark.parametrize(
    "days",
    [
        ["2024-02", "2024-01"],
        ["Sept 2024", "Aug 2024"],
        ["Q1 2024", "Q4 2023"],
        pd.PeriodIndex(["2024-02", "2024-01"], freq="M"),
        [pd.Timestamp("2024-02-29").date(), pd.Timestamp("2024-01-31").date()],
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["carino", "grap"])
def test_dates_out_of_order_are_refused_whatever_they_are_written_as(days, method):
    own = pd.Series([0.02, 0.01], days)
    effects = pd.DataFrame({"all": own}, days)
    with pytest.raises(InputError) as caught:
        link(effects, own, 0.0, method=method)
    shown = ", ".join(map(str, days))
    assert str(caught.value) == (
        f"portfolio_returns: 'time' has dates out of order: {shown}. Sort them; labels that are no dates stand as they are."
    )
    assert float(link(effects[::-1], own[::-1], 0.0, method=method).sum()) == pytest.approx(1.02 * 1.01 - 1, abs=1e-15)


@pytest.mark.parametrize("days", [["Q2", "Q1"], ["11月", "1月"], ["01/02/2024", "02/01/2024"], [1, 0]], ids=str)
def test_labels_that_are_no_dates_or_could_be_two_stand_in_the_order_of_the_returns(days):
    own, other = pd.Series([0.5, 0.1], days), pd.Series([0.2, 0.0], days)
    by_hand = 0.3 * 1.0 + 1.5 * 0.1  # e_1 (1 + B_2) + (1 + R_1) e_2
    assert float(link((own - other).to_frame("all"), own, other, method="grap").sum()) == pytest.approx(by_hand, abs=1e-15)
