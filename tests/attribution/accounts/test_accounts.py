"""Many accounts at once: the numbers of `attribute`, of a plain loop, of dask; what is refused, in which words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from threadpoolctl import threadpool_info, threadpool_limits

import attribution as at
import riskmodel as rm
from attribution.accounts import arrays as accounts_arrays
from attribution.accounts import blocks as module
from attribution.accounts import chunks as accounts_lazy
from attribution.accounts.accounts import attribute_accounts
from attribution.accounts.result import CUTS
from attribution.contributions.modelled.parts import model_parts
from attribution.linking.linking import coefficients
from attribution.portfolio.benchmarks import benchmark_track
from attribution.portfolio.course import follow_course
from attribution.portfolio.holdings import drift, holding_returns, level_returns
from attribution.portfolio.periods import read_period
from tests.conftest import REAL, SMALL_MONTH

NEAR = {"rtol": 0, "atol": 1e-12}
QUARTER = "2025-01/2025-03"


@pytest.fixture(scope="module")
def followed(small_book, small_market):
    return follow_course(small_book, "Major 100", small_market, read_period(SMALL_MONTH, small_book, small_market))


@pytest.fixture(scope="module")
def explained(followed, small_model, small_market):
    """`attribute_accounts` of a month against the benchmark of Major 100, unless told otherwise."""

    def explain(accounts, benchmark=followed, market=small_market, **options):
        return attribute_accounts(accounts, benchmark, small_model, market, **({"period": SMALL_MONTH} | options))

    return explain


@pytest.fixture(scope="module")
def names(followed, small_market):
    """Names with a return on every day of the month."""
    there = small_market["total_return"].sel(time=followed.period.days).notnull().all("time")
    return small_market.get_index("asset")[there.to_numpy()]


@pytest.fixture(scope="module")
def many(names):
    """(portfolio, asset) weights of 60 accounts with 25 names and some cash."""
    rng = np.random.default_rng(3)
    labels = {"portfolio": [f"C{i:02d}" for i in range(60)], "asset": [*names, "CASH"]}
    weights = np.zeros((60, len(names) + 1))
    for row in weights:
        row[[*rng.choice(len(names), 25, replace=False), -1]] = rng.dirichlet(np.ones(26))
    return xr.DataArray(weights, labels, ("portfolio", "asset"))


def tidy(array):
    frame = array.rename("weight").to_dataframe().reset_index().rename(columns={"asset": "ticker"})
    return frame[frame["weight"] != 0].reset_index(drop=True)


def of_book(book, portfolio):
    return book.holdings[book.holdings["portfolio"] == portfolio]


def require_equal(one, other):
    for cut in CUTS:
        for absolute in (False, True):
            left, right = xr.align(
                one.by(cut, absolute=absolute), other.by(cut, absolute=absolute), join="outer", fill_value=0
            )
            np.testing.assert_allclose(left, right, **NEAR)
    for cut in ("factor", "group"):
        np.testing.assert_allclose(one.standard_errors(cut), other.standard_errors(cut), **NEAR)
    np.testing.assert_allclose(one.portfolio_return, other.portfolio_return, **NEAR)


def require_the_numbers_of_attribute(result, expected):
    for cut in CUTS:
        for absolute in (False, True):
            theirs = expected.by(cut, absolute=absolute)
            ours = result.by(cut, absolute=absolute).isel(portfolio=0).to_series()
            assert ours.drop(theirs.index).abs().sum() == 0
            np.testing.assert_allclose(ours[theirs.index], theirs, **NEAR)
    for cut in ("factor", "group"):
        theirs = expected.standard_errors(cut)
        np.testing.assert_allclose(result.standard_errors(cut).isel(portfolio=0).to_series()[theirs.index], theirs, **NEAR)
    assert result.portfolio_return.item() == pytest.approx(expected.portfolio_return, abs=1e-12)
    assert result.benchmark_return == pytest.approx(expected.benchmark_return, abs=1e-12)
    columns = ["factor", "group", "active_exposure", "factor_return", "contribution", "standard_error"]
    pd.testing.assert_frame_equal(
        result.factors[columns], expected.factors[columns], check_dtype=False, check_index_type=False, **NEAR
    )


# ---------------------------------------------------------------- the same numbers


@pytest.mark.parametrize(
    ("course", "portfolio", "period"),
    [
        ("Major 100", "major", "2024-12"),
        ("Next Major 100", "next_major", QUARTER),
        *(
            pytest.param(course, portfolio, period, marks=pytest.mark.slow)
            for course, portfolio, period in [
                ("Major 100", "major", SMALL_MONTH),
                ("Major 100", "major", QUARTER),
                ("Next Major 100", "next_major", "2024-12"),
                ("Next Major 100", "next_major", SMALL_MONTH),
            ]
        ),
    ],
)
def test_an_account_that_is_a_course_has_the_numbers_of_attribute(
    small_book, small_model, small_market, course, portfolio, period
):
    """In December 2024 a held name stops trading; the quarter has three lists."""
    benchmark = follow_course(small_book, course, small_market, read_period(period, small_book, small_market))
    account = of_book(small_book, portfolio)
    result = attribute_accounts(account, benchmark, small_model, small_market, period=period, delisted="cash")
    require_the_numbers_of_attribute(result, at.attribute(small_book, course, small_model, small_market, period=period))
    columns = list(benchmark.stopped[portfolio].columns)
    pd.testing.assert_frame_equal(result.stopped[columns], benchmark.stopped[portfolio], check_dtype=False)


def test_a_position_does_not_wake_up_in_a_new_life_of_its_ticker(small_copy):
    """A held name without prices for nine sessions comes back: the old position keeps its last value."""
    folder, read, write = small_copy
    prices, holdings = read("prices"), read("holdings")
    held = holdings[(holdings["portfolio"] == "major") & (holdings["date"] == "2025-02-28") & (holdings["ticker"] != "CASH")]
    gap = prices["ticker"].eq(held["ticker"].iloc[0]) & prices["date"].between("2025-03-05", "2025-03-17")
    write("prices", prices[~gap])
    market, book = rm.read_market(folder), at.read_book(folder / "book.toml")
    model = rm.RiskModel().fit(market)
    benchmark = follow_course(book, "Major 100", market, read_period(SMALL_MONTH, book, market))
    result = attribute_accounts(of_book(book, "major"), benchmark, model, market, period=SMALL_MONTH, delisted="cash")
    assert result.stopped["resumes"].dt.strftime("%Y-%m-%d").tolist() == ["2025-03-18"]
    require_the_numbers_of_attribute(result, at.attribute(book, "Major 100", model, market, period=SMALL_MONTH))


def test_within_a_month_an_account_that_holds_a_blend_has_the_blends_numbers(small_book, small_model, small_market):
    course = "Major 70 : Next 30"
    benchmark = follow_course(small_book, course, small_market, read_period(SMALL_MONTH, small_book, small_market))
    held = small_book.holdings[small_book.holdings["date"] == benchmark.period.base]
    share = held["portfolio"].map({"major": 0.7, "next_major": 0.3})
    blend = (held["weight"] * share).groupby(held["ticker"]).sum().rename_axis("ticker").reset_index(name="weight")
    result = attribute_accounts(blend.assign(portfolio="blend"), benchmark, small_model, small_market, period=SMALL_MONTH)
    require_the_numbers_of_attribute(result, at.attribute(small_book, course, small_model, small_market, period=SMALL_MONTH))


@pytest.mark.slow
@pytest.mark.real_market
@pytest.mark.parametrize("period", ["2014-09", "2016-06", "2015-01/2015-12"])
def test_courses_of_the_real_market_have_the_numbers_of_attribute(period, real_market, real_model):
    market, model, book = real_market, real_model, at.read_book(REAL / "book.toml")
    for course, portfolio in [("Major 100", "major"), ("Next Major 100", "next_major")]:
        benchmark = follow_course(book, course, market, read_period(period, book, market))
        result = attribute_accounts(of_book(book, portfolio), benchmark, model, market, period=period, delisted="cash")
        require_the_numbers_of_attribute(result, at.attribute(book, course, model, market, period=period))


def by_a_loop(accounts, followed, model, market):
    """Linked contributions by factor and their errors, account by account and day by day, from drifted weights."""
    period, returns = followed.period, holding_returns(market)
    labels = returns.get_index("asset")
    parts, _ = model_parts(labels, period.days, model, market)
    exposure, covariance = parts["exposure"].transpose("time", "asset", "factor").to_numpy(), parts["covariance"].to_numpy()
    other = followed.data["benchmark_live"].reindex(asset=labels, fill_value=0.0).to_numpy()
    earned = returns.sel(time=period.days).to_numpy()
    rows, errors = {}, {}
    for portfolio, lists in accounts.groupby("portfolio"):
        track = drift(lists, market, returns, period.base, period.days, portfolio)
        scale = coefficients(track.returns, followed.data["benchmark_return"]).to_numpy()
        total, variance = np.zeros(len(parts["factor"]) + 4), np.zeros(len(parts["factor"]) + 4)
        for day in range(len(period.days)):
            active = track.live.to_numpy()[day] - other[day]
            outside = active * earned[day] * ~parts["modelled"].to_numpy()[day]
            x = active @ exposure[day]
            gap = (followed.data["constituents_return"] - followed.data["benchmark_return"]).to_numpy()[day]
            rest = [active @ parts["specific_return"].to_numpy()[day], outside[-1], outside[:-1].sum(), gap]
            total += scale[day] * np.append(x * parts["factor_return"].to_numpy()[day], rest)
            variance += scale[day] ** 2 * np.append(x**2 * np.diag(covariance[day]), [x @ covariance[day] @ x, 0, 0, 0])
        rows[portfolio], errors[portfolio] = total, np.sqrt(variance)
    return pd.DataFrame(rows).T, pd.DataFrame(errors).T


def test_accounts_that_rebalance_on_different_days_have_the_numbers_of_a_plain_loop(
    names, followed, explained, small_model, small_market
):
    """Lists of before the base, at it, within the month, on a Saturday and twice at one close."""
    rng = np.random.default_rng(8)
    dates = {
        "old": ["2025-01-15"],
        "two": ["2025-02-28", "2025-03-12"],
        "three": ["2025-02-03", "2025-03-03", "2025-03-28"],
        "weekend": ["2025-02-28", "2025-03-14", "2025-03-15"],
        "last": ["2025-02-28", "2025-03-31"],
    }
    lists = [
        pd.DataFrame({"portfolio": p, "date": pd.Timestamp(d), "ticker": rng.choice(names, 8, False), "weight": w})
        for p, days in dates.items()
        for d in days
        for w in [rng.dirichlet(np.ones(8))]
    ]
    accounts = pd.concat(lists, ignore_index=True)
    rows, errors = by_a_loop(accounts, followed, small_model, small_market)
    result = explained(accounts.sample(frac=1, random_state=0))
    np.testing.assert_allclose(result.by("factor").sel(portfolio=rows.index), rows, **NEAR)
    np.testing.assert_allclose(result.standard_errors().sel(portfolio=rows.index), errors, **NEAR)
    assert not result.shares.duplicated(["portfolio", "ticker"]).any()
    three = result.shares[result.shares["portfolio"] == "three"]
    counted = accounts.loc[(accounts["portfolio"] == "three") & (accounts["date"] < "2025-03-31"), "ticker"]
    assert set(three["ticker"]) == set(counted)


def test_a_benchmark_of_another_market_is_refused(followed, explained, many):
    other = followed.data.assign_coords(asset=["OTHER", *followed.data["asset"].to_numpy()[1:]])
    with pytest.raises(rm.InputError, match=r"benchmark: 1 name that the market does not have: OTHER\. Follow it on"):
        explained(many, replace(followed, data=other))


def test_a_frame_and_an_array_of_the_same_weights_give_the_same_numbers(many, explained):
    require_equal(explained(many), explained(tidy(many)))


def test_blocks_of_accounts_change_nothing(many, explained, monkeypatch):
    whole = explained(many)
    monkeypatch.setattr(module, "BLOCK_BYTES", 1e5)
    require_equal(explained(many), whole)
    pd.testing.assert_frame_equal(explained(many).shares, whole.shares)


def test_the_order_of_days_matters_to_no_total_and_every_method_closes(many, explained):
    for link in ("carino", "menchero", "grap", "frongello"):
        result = explained(many, link=link)
        np.testing.assert_allclose(result.by("factor").sum("factor"), result.excess_return, **NEAR)
        np.testing.assert_allclose(result.by("stock").sum("stock"), result.excess_return, **NEAR)
        assert result.link == link


def test_inputs_are_not_mutated(many, explained, followed):
    frame = tidy(many)
    given = frame.copy(deep=True), many.copy(deep=True), followed.data.copy(deep=True)
    explained(frame), explained(many)
    pd.testing.assert_frame_equal(frame, given[0])
    xr.testing.assert_identical(many, given[1])
    xr.testing.assert_identical(followed.data, given[2])


# ---------------------------------------------------------------- dask


def test_accounts_that_dask_holds_give_the_same_numbers_lazily(many, explained):
    pytest.importorskip("dask")
    lazy = explained(many.chunk(portfolio=17, asset=100))
    assert lazy.by("stock").chunks is not None
    assert lazy.data["contribution"].chunksizes["portfolio"] == (17, 17, 17, 9)
    assert "not computed yet" in repr(lazy)
    require_equal(lazy, explained(many))
    assert lazy.reconciliation["passed"].all()
    assert int(lazy.data["stopped"].sum()) == 0


def test_chunks_that_run_at_once_keep_to_one_thread_each_and_give_back_the_rest(many, explained, monkeypatch):
    pytest.importorskip("dask")
    seen, explain = [], accounts_lazy.explain

    def watched(*arguments):
        seen.append(blas_threads())
        return explain(*arguments)

    def blas_threads():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    monkeypatch.setattr(accounts_lazy, "explain", watched)
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        lazy = explained(many.chunk(portfolio=7))
        lazy.data["contribution"].compute(scheduler="threads", num_workers=2)
        assert blas_threads() == before
    assert len(seen) == 9
    assert set().union(*seen) == {1}


def test_a_chunk_that_is_unfit_is_refused_when_it_is_computed(many, explained):
    pytest.importorskip("dask")
    wrong = many.copy()
    wrong[40] *= 100
    lazy = explained(wrong.chunk(portfolio=20))
    assert lazy.data["contribution"][:20].compute().notnull().all()
    with pytest.raises(
        rm.InputError, match=r"weights of 1 list do not sum to 1: 'C40' on 2025-02-28 sum to 100\. They look li"
    ):
        lazy.data["contribution"].compute()


def test_labels_that_repeat_in_two_chunks_are_refused_at_once(many, explained):
    pytest.importorskip("dask")
    twice = xr.concat([many, many[:1]], "portfolio").chunk(portfolio=20)
    with pytest.raises(rm.InputError, match=r"accounts: 1 duplicate label of 'portfolio': C00\. Keep one each"):
        explained(twice)


# ---------------------------------------------------------------- benchmarks


def test_a_benchmark_may_be_weights_in_any_form(many, explained, names):
    """Against a buy-and-hold of 40 names, itself an account with no excess."""
    weights = pd.Series(np.random.default_rng(1).dirichlet(np.ones(40)), pd.Index(names[:40], name="ticker"), name="weight")
    forms = [weights, weights.rename_axis("asset").to_xarray(), weights.reset_index()]
    first, *others = (explained(many, form) for form in forms)
    for other in others:
        require_equal(first, other)
    itself = explained(weights.reset_index().assign(portfolio="it"), weights)
    for cut in CUTS:
        assert abs(itself.by(cut)).max() < 1e-14
    assert itself.benchmark_return == pytest.approx(itself.portfolio_return.item(), abs=1e-15)


def test_the_level_of_an_index_is_the_benchmarks_return_and_the_gap_a_row(
    many, explained, followed, small_book, small_market
):
    period = followed.period
    track = benchmark_track(small_book, "Large Index", small_market, holding_returns(small_market), period)
    result = explained(many, track, index="Large Index")
    require_equal(result, explained(many))  # which has the level from the course
    level = level_returns(small_market, "Large Index").sel(time=period.days)
    assert result.benchmark_return == pytest.approx(float((1 + level).prod() - 1), abs=1e-14)
    without = explained(many, track)
    assert (without.by("factor").sel(factor="proxy") == 0).all()
    assert (result.by("factor").sel(factor="proxy") != 0).all()


# ---------------------------------------------------------------- the result


def test_tables_are_numbers_with_labels(many, explained):
    result = explained(many)
    assert list(result.returns.columns) == ["portfolio", "return", "benchmark_return", "excess"]
    assert len(result.factors) == 60 * len(result.by("factor")["factor"])
    assert list(result.factors.columns) == [
        "portfolio", "factor", "group", "active_exposure", "factor_return", "contribution", "standard_error", "t",
    ]  # fmt: skip
    held = result.shares.set_index(["portfolio", "ticker"])
    assert len(held) == 60 * 26
    absolute = result.by("stock", absolute=True).sel(portfolio="C07").to_series()
    np.testing.assert_array_equal(
        absolute[absolute != 0], held["return_share"]["C07"].reindex(absolute[absolute != 0].index)
    )
    assert repr(result).startswith(f"60 accounts against benchmark of Major 100, {SMALL_MONTH} (21 days, carino linking)")
    assert "6 of 6 identities hold to 1e-12 for every account" in repr(result)


def test_an_account_without_cash_has_no_t_value_of_the_market(many, explained):
    """Its active exposure to the market is the rounding of 1 - 1, less what the benchmark's dead names hold."""
    full = many.drop_sel(asset="CASH") / many.drop_sel(asset="CASH").sum("asset")
    factors = explained(full).factors
    assert factors.loc[factors["factor"] == "market", "t"].isna().all()
    assert factors.loc[factors["factor"] == "momentum", "t"].notna().all()


def test_the_reconciliation_names_the_worst_account(many, explained):
    table = explained(many).reconciliation
    assert list(table["identity"]) == list(accounts_arrays.IDENTITIES)
    assert table["passed"].all()
    assert table["portfolio"].isin(many["portfolio"].to_numpy()).all()
    assert (table["accounts"] == 60).all()


def test_accounts_that_do_not_add_up_are_named(many, explained, monkeypatch):
    def damaged(*given, plain=accounts_arrays._own):
        own = plain(*given)
        own["excess_share"][own["portfolio"] == 3] *= 1 + 1e-8
        return own

    monkeypatch.setattr(accounts_arrays, "_own", damaged)
    with pytest.raises(at.ReconciliationError, match=r"contributions of 1 account do not add up: C03 \(stocks = R - B, by "):
        explained(many)


def test_a_cut_that_is_unknown_lists_the_known_ones(many, explained):
    result = explained(many)
    with pytest.raises(rm.InputError, match="cut 'colour': name one of factor, group, stock, sector, day"):
        result.by("colour")
    with pytest.raises(rm.InputError, match="standard errors by 'stock': only factor, group, and sector and factor"):
        result.standard_errors("stock")


# ---------------------------------------------------------------- refusals


def frame_of(*rows):
    return pd.DataFrame(rows, columns=["portfolio", "ticker", "weight"])


def changed(frame, **columns):
    return frame.assign(**columns)


A = "AYCU"  # a ticker of the shipped market
GOOD = frame_of(("P", A, 0.4), ("P", "CASH", 0.6))
CASES = {
    "duplicates": (frame_of(("P", A, 0.5), ("P", A, 0.5)), r"accounts: 1 duplicate row of \(portfolio, date, ticker\): P"),
    "percent": (frame_of(("P", A, 40.0), ("P", "CASH", 60.0)), r"'P' on 2025-02-28 sum to 100\. They look like percent; "),
    "sum": (frame_of(("P", A, 0.4), ("P", "CASH", 0.5)), r"do not sum to 1: 'P' on 2025-02-28 sum to 0.9\. Add what is"),
    "unknown": (frame_of(("P", "NOPE", 0.4), ("P", A, 0.6)), r"1 row with a ticker that has no prices: NOPE\. Correct the"),
    "numbers": (changed(GOOD, ticker=[130, 131]), r"'ticker' holds int64 values, not text.*Codes such as '0130'"),
    "missing": (frame_of(("P", A, np.nan), ("P", "CASH", 1.0)), r"1 empty cell in 'weight' \(rows P 2025-02-28 AYCU\)"),
    "infinite": (frame_of(("P", A, np.inf), ("P", "CASH", 1.0)), r"accounts: 1 infinite value in 'weight': P 2025-02-28 A"),
    "empty": (pd.concat([GOOD, frame_of(("Q", A, 0.0))]), r"1 account without holdings: Q\. Add its holdings or leave"),
    "none": (GOOD[:0], "accounts: there are none at all"),
    "column": (GOOD.drop(columns="weight"), "accounts: missing column 'weight'"),
    "late": (changed(GOOD, date=pd.Timestamp("2025-03-05")), "1 account without a list of weights on or before 2025-02-28"),
    "hours": (changed(GOOD, date=pd.Timestamp("2025-02-28 16:00")), "2 cells of 'date' carry a time of day: 2025-02-28 16"),
    "zone": (changed(GOOD, date=pd.Timestamp("2025-02-28", tz="Asia/Tokyo")), r"'date' carries a time zone \(Asia/Tokyo\)"),
    "early": (
        frame_of(("P", "OTZA", 0.4), ("P", "CASH", 0.6)).assign(date=pd.Timestamp("2024-10-01")),
        r"accounts: 1 row dated before the ticker's first price: P 2024-10-01 OTZA",
    ),
    "kind": ({"P": GOOD}, "accounts: a dict. Give a DataArray or a frame"),
    "neither": (pd.DataFrame({A: [0.4], "weight": [0.6]}), r"'ticker'\. Found: AYCU, weight\. Give a row a holding"),
    "gap": (pd.DataFrame({A: [np.nan], "CASH": [1.0]}, ["P"]), r"accounts: 1 missing or infinite value: .*has weight 0\."),
}  # fmt: skip


def test_a_wide_frame_of_accounts_is_the_array_and_a_list_of_the_same_holdings(explained, many):
    wide = many[:3].to_pandas()
    expected = explained(many[:3])
    for given in (wide, wide.T, tidy(many[:3])):
        xr.testing.assert_identical(explained(given).by("factor"), expected.by("factor"))
    benchmark = many[3:4].to_pandas()
    against = [explained(many[:3], versus).by("stock") for versus in (benchmark, many[3])]
    xr.testing.assert_identical(*against)


@pytest.mark.parametrize("case", CASES)
def test_accounts_that_are_unfit_are_refused_with_the_place(explained, case):
    accounts, message = CASES[case]
    with pytest.raises(rm.InputError, match=message):
        explained(accounts)


def test_every_refusal_of_an_array_names_the_place(many, explained):
    def refused(array, message):
        with pytest.raises(rm.InputError, match=message):
            explained(array)

    odd = many.copy()
    odd[2, 5] = np.nan
    refused(
        odd,
        rf"1 missing or infinite value: \(C02, {many['asset'].to_numpy()[5]}\)\. A name that an account does not hold has",
    )
    refused(many.where(many["portfolio"] != "C11", 0.0), "1 account without holdings: C11. Add its holdings or leave")
    refused(xr.concat([many, many[:2]], "portfolio"), "2 duplicate labels of 'portfolio': C00, C01. Keep one each")
    refused(many.drop_vars("portfolio"), "'portfolio' has no labels")
    refused(many.rename(portfolio="account"), r"dimensions \(account, asset\); it takes \(portfolio, asset\)")
    numbers = many.assign_coords(asset=range(many.sizes["asset"]))
    refused(numbers, r"with a ticker that has no prices: .* They are integers, the prices' are text\.")


def test_a_held_name_that_stops_trading_is_refused_or_carried(small_book, small_model, small_market):
    """Ticker 0130 trades last on 2024-12-13."""
    period = read_period("2024-12", small_book, small_market)
    followed = follow_course(small_book, "Major 100", small_market, period)
    accounts = frame_of(("P", "0130", 0.5), ("P", "CASH", 0.5), ("Q", "CASH", 1.0))
    given = accounts, followed, small_model, small_market
    message = (
        r"1 held name of 1 account stop trading and do not go on trading by 2024-12-31: P 0130 \(last trade 2024-12-13\)"
    )
    with pytest.raises(rm.InputError, match=message):
        attribute_accounts(*given, period="2024-12")
    result = attribute_accounts(*given, period="2024-12", delisted="cash")
    assert (result.data["uncovered_weight"] == 0).all()  # what no longer trades is cash, and needs no exposures
    assert result.stopped[["portfolio", "ticker", "weight"]].to_numpy().tolist() == [["P", "0130", 0.5]]
    after = result.by("day", absolute=True).sel(portfolio="P", day=slice("2024-12-16", None))
    cash = result.by("day", absolute=True).sel(portfolio="Q", day=slice("2024-12-16", None))
    assert (abs(after) < abs(cash)).all()  # only its half in cash earns anything


def test_a_year_is_the_run_of_its_months(small_model, small_market):
    account = frame_of(("P", A, 0.4), ("P", "CASH", 0.6)).assign(date=pd.Timestamp("2023-12-29"))
    benchmark = GOOD[["ticker", "weight"]].assign(date=pd.Timestamp("2023-12-29"))
    year, run = (
        attribute_accounts(account, benchmark, small_model, small_market, period=period)
        for period in ("2024", "2024-01/2024-12")
    )
    pd.testing.assert_frame_equal(year.returns, run.returns)
    assert year.period == "2024"


def test_an_account_that_loses_everything_is_named(names, explained, small_market):
    returns = (1 + small_market["total_return"].sel(time=slice("2025-03-01", None), asset=names)).prod("time")
    best = str(returns.idxmax("asset").item())
    accounts = frame_of(("P", best, -100.0), ("P", "CASH", 101.0), ("Q", "CASH", 1.0))
    with pytest.raises(
        rm.InputError, match=r"accounts: 1 account lose all their value: P 2025-03-\d\d\. Check the weights of"
    ):
        explained(accounts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"link": "davies-laker"}, "link 'davies-laker': the known methods are carino, menchero, grap, frongello"),
        ({"delisted": "drop"}, "delisted 'drop': write \"error\" or \"cash\""),
        ({"period": "March 2025"}, "period 'March 2025': write a month as YYYY-MM"),
        ({"period": "2025-03/2025-06"}, "2025-03/2025-06 is outside the data: prices run from 2023-08-01 to 2025-03-31"),
        ({"period": "2023-08"}, "is outside the data: prices run from"),
        ({"period": "2025-3"}, "period '2025-3': write a month as YYYY-MM, a run of months as YYYY-MM/YYYY-MM, or a year"),
        ({"period": "2025-03/2025-01"}, "'2025-03/2025-01' ends before it starts. Write the earlier month first: 2025-01/2"),
        ({"period": 202503}, 'period: is of type int, not Period. Write a month as "YYYY-MM", a run of months as'),
        ({"period": "2025-02"}, "benchmark: its days are 2025-03-03 to 2025-03-31, the period's 2025-02-03 to 2025-02-28"),
        ({"index": "Large Index"}, "index 'Large Index': a Course has the returns of its benchmark. Leave index out"),
        ({"benchmark": GOOD, "index": "Nikkei"}, "index 'Nikkei': the market has no levels of it. It has: Large Index"),
        ({"benchmark": pd.concat([GOOD, GOOD.assign(portfolio="Q")])}, "benchmark: it is 2 portfolios: P, Q. Give one"),
        ({"benchmark": pd.Series({A: 0.5})}, "benchmark: weights of 1 list do not sum to 1: 'benchmark' on 2025-02-28"),
    ],
)  # fmt: skip
def test_other_inputs_that_are_unfit_are_refused(explained, options, message):
    with pytest.raises(rm.InputError, match=message):
        explained(GOOD, **options)


def test_levels_that_the_benchmarks_weights_do_not_explain_are_refused(explained, followed, small_market):
    level = small_market["index_level"]
    later = (level["index"] == "Large Index") & (level["time"] >= np.datetime64("2025-03-14"))
    other_base = small_market.assign(index_level=level.where(~later, level * 1.3))
    given = followed.data["benchmark_weight"].isel(time=0, drop=True)
    with pytest.raises(rm.InputError, match="1 day on which the level of 'Large Index' moves more than 10% away from its"):
        explained(GOOD, given, index="Large Index", market=other_base)


@pytest.fixture(scope="module")
def sleeves(small_book, small_model, small_market):
    """Both sleeves as accounts over a quarter with rebalances, and the course that is one of them."""
    versus = follow_course(small_book, "Major 100", small_market, read_period(QUARTER, small_book, small_market))
    accounts = attribute_accounts(small_book.holdings, versus, small_model, small_market, period=QUARTER, delisted="cash")
    return accounts, at.attribute(small_book, "Major 100", small_model, small_market, period=QUARTER)


@pytest.mark.parametrize("absolute", [False, True], ids=["active", "absolute"])
def test_sectors_by_factors_are_those_of_attribution_and_add_to_both_cuts(sleeves, absolute):
    accounts, course = sleeves
    cells = accounts.by("sector", "factor", absolute=absolute)
    own = course.by("sector", "factor", absolute=absolute).to_xarray()
    left, right = xr.align(cells.sel(portfolio="major", drop=True), own, join="right")
    np.testing.assert_allclose(left.transpose(*right.dims), right, **NEAR)
    for cut, other in (("factor", "sector"), ("sector", "factor")):
        one = accounts.by(cut, absolute=absolute)
        np.testing.assert_allclose(cells.sum(other).sel({cut: one[cut]}).transpose(*one.dims), one, **NEAR)


def test_errors_of_sectors_by_factors_are_those_of_attribution(sleeves):
    accounts, course = sleeves
    errors = accounts.standard_errors("factor", "sector")
    assert errors.dims == ("portfolio", "factor", "sector")
    own = course.standard_errors("sector", "factor").to_xarray()
    np.testing.assert_allclose(errors.sel(portfolio="major").reindex_like(own).transpose(*own.dims), own, **NEAR)


def test_blocks_of_accounts_change_no_sector_by_factor(sleeves, monkeypatch):
    accounts, _ = sleeves
    whole = accounts.by("sector", "factor")
    monkeypatch.setattr("attribution.accounts.pairs.PAIR_BYTES", 1.0)
    xr.testing.assert_allclose(accounts.by("sector", "factor"), whole, rtol=0, atol=1e-15)


def test_pairs_of_cuts_that_accounts_do_not_have_are_refused(many, explained):
    accounts = explained(many[:2])
    with pytest.raises(rm.InputError, match="cut 'stock', 'factor': name one of factor, group, stock, sector, day, or sec"):
        accounts.by("stock", "factor")
    with pytest.raises(rm.InputError, match="standard errors by 'sector': only factor, group, and sector and factor"):
        accounts.standard_errors("sector")
    with pytest.raises(rm.InputError, match="'sector', 'factor': accounts that dask holds have one cut at a time"):
        explained(many[:2].chunk(portfolio=1)).by("sector", "factor")
