"""Appending sessions to a fit equals fitting everything; a history that changed is named."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.fingerprint import fingerprints, history_fingerprint
from riskmodel.market.market import build_market
from riskmodel.model.parts import Stored, parts_folder
from tests.conftest import REAL
from tests.riskmodel.builders import random_tables

HELD_BACK = 21


@pytest.fixture(scope="module")
def earlier(market):
    return rm.RiskModel().fit(market.isel(time=slice(0, -HELD_BACK)))


def changed(market: xr.Dataset, name: str, where: tuple[int, int], factor: float) -> xr.Dataset:
    values = market[name].to_numpy().copy()
    values[where] *= factor
    return market.assign({name: (market[name].dims, values)})


def assert_same(updated: rm.RiskModelResults, full: rm.RiskModelResults) -> None:
    """Every array, to 1e-12; labels in the same order."""
    assert set(updated.data.variables) == set(full.data.variables)
    assert updated.data.attrs == full.data.attrs
    for name, whole in full.data.variables.items():
        own = updated.data[name].transpose(*whole.dims)
        assert own.dtype.kind == whole.dtype.kind or {own.dtype.kind, whole.dtype.kind} == {"U", "O"}, name
        if whole.dtype.kind == "f":
            np.testing.assert_allclose(own, whole, rtol=1e-12, atol=1e-12, err_msg=str(name))
        else:
            np.testing.assert_array_equal(own, whole, err_msg=str(name))


def sessions_of_parts(path) -> list[int]:
    lengths = []
    for part in sorted(parts_folder(path).iterdir()):
        with xr.open_dataset(part, engine="h5netcdf") as data:
            lengths.append(data.sizes["time"])
    return lengths


def test_an_update_equals_a_full_fit(small_model, small_market):
    earlier = rm.RiskModel().fit(small_market.isel(time=slice(0, -HELD_BACK)))
    assert_same(rm.RiskModel().update(earlier, small_market), small_model)


@pytest.fixture
def stored(earlier, tmp_path):
    rm.save(earlier, tmp_path / "model.nc")
    return tmp_path / "model.nc"


def test_an_update_of_a_stored_fit_equals_a_full_fit(stored, results, market):
    updated = rm.RiskModel().update(rm.load(stored), market)
    assert_same(updated, results)
    rm.save(updated, stored)
    assert sessions_of_parts(stored) == [market.sizes["time"] - HELD_BACK, HELD_BACK]
    assert_same(rm.load(stored), results)
    assert rm.load(stored).summary().equals(updated.summary())


def test_an_update_neither_reads_nor_writes_the_arrays_of_the_history(stored, market, monkeypatch):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in parts_folder(stored).iterdir()}

    def read(self, first, stop):
        raise AssertionError(f"{self.name} was read")

    monkeypatch.setattr(Stored, "read", read)
    rm.save(rm.RiskModel().update(rm.load(stored), market), stored)
    assert len(list(parts_folder(stored).iterdir())) == 2
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before


@pytest.mark.parametrize(("days", "parts"), [(3, [2, 1]), pytest.param(7, [4, 2, 1], marks=pytest.mark.slow)])
def test_a_store_updated_day_by_day_has_few_parts_and_equals_a_full_fit(market, results, tmp_path, days, parts):
    path = tmp_path / "model.nc"
    rm.save(rm.RiskModel().fit(market.isel(time=slice(0, -days))), path)
    for last in (*range(1 - days, 0), None):
        rm.save(rm.RiskModel().update(rm.load(path), market.isel(time=slice(0, last))), path)
    assert sessions_of_parts(path) == [market.sizes["time"] - days, *parts]
    assert_same(rm.load(path), results)


def test_an_update_that_is_saved_elsewhere_leaves_the_earlier_store_as_it_was(stored, earlier, results, market):
    other = stored.parent / "other" / "model.nc"
    rm.save(rm.RiskModel().update(rm.load(stored), market), other)
    assert_same(rm.load(stored), earlier)
    stored.unlink()
    shutil.rmtree(parts_folder(stored))
    assert_same(rm.load(other), results)


LISTED = ["T003", "T017", "T044"]


def with_listings(sector: str | None) -> tuple[xr.Dataset, xr.Dataset]:
    """A market before and after three names are listed, in a sector of their own or not."""
    tables = random_tables(assets=60, sessions=130)
    first = np.sort(tables["prices"]["date"].unique())[-10]
    for name, when in {"prices": "date", "shares": "available_from", "fundamentals": "available_from"}.items():
        frame = tables[name]
        tables[name] = frame[~frame["ticker"].isin(LISTED) | (frame[when] >= first)]
    tables["earnings"] = tables["earnings"][~tables["earnings"]["ticker"].isin(LISTED)]
    shares = pd.DataFrame({"ticker": LISTED, "available_from": pd.Timestamp(first), "shares_out": 1e6})
    tables["shares"] = pd.concat([tables["shares"], shares]).drop_duplicates(["ticker", "available_from"])
    if sector is not None:
        names = tables["securities"]
        tables["securities"] = names.assign(sector=names["sector"].where(~names["ticker"].isin(LISTED), sector))
    before = {n: f[~f["ticker"].isin(LISTED)] if "ticker" in f else f for n, f in tables.items()}
    before["prices"] = before["prices"][before["prices"]["date"] < first]
    return build_market(before), build_market(tables)


@pytest.mark.parametrize("lazily", [False, True])
def test_listings_give_what_a_full_fit_gives(tmp_path, lazily):
    before, market = with_listings(None)
    earlier, full, path = rm.RiskModel().fit(before), rm.RiskModel().fit(market), tmp_path / "model.nc"
    if lazily:
        rm.save(earlier, path)
        earlier = rm.load(path)
    updated = rm.RiskModel().update(earlier, market)
    assert_same(updated, full)
    rm.save(updated, path)
    assert sessions_of_parts(path) == ([120, 10] if lazily else [130])
    loaded = rm.load(path)
    assert_same(loaded, full)
    days = slice(115, 125)
    for name in ("exposures", "universe", "specific_returns"):
        own, whole = (data[name].isel(time=days).sel(asset=["T044", "T000", "T017"]) for data in (loaded.data, full.data))
        np.testing.assert_allclose(own.astype(float), whole.astype(float), rtol=1e-12, atol=1e-12)


def test_a_sector_that_is_new_is_named():
    before, market = with_listings("Fishing")
    with pytest.raises(
        rm.InputError, match=r"^model: the sectors or industries have changed under the earlier fit: Fishing\. Fit again\.$"
    ):
        rm.RiskModel().update(rm.RiskModel().fit(before), market)


def test_an_update_day_by_day_equals_a_full_fit(results, market):
    updated = rm.RiskModel().fit(market.isel(time=slice(0, -3)))
    for last in (-2, -1, None):
        updated = rm.RiskModel().update(updated, market.isel(time=slice(0, last)))
    assert_same(updated, results)


def test_without_new_sessions_the_fit_itself_comes_back(results, market):
    assert rm.RiskModel().update(results, market) is results


@pytest.mark.parametrize("name", ["close", "total_return", "volume", "traded_price", "shares_out"])
def test_a_changed_fact_is_named(earlier, market, name):
    traded = np.argwhere(np.isfinite(market[name].to_numpy()[:100]))[-1]
    ticker = market["asset"].to_numpy()[traded[1]]
    message = f"model: the history of 1 asset has changed under the earlier fit: {ticker}. Usually a restatement, or a split"
    with pytest.raises(rm.InputError, match=message):
        rm.RiskModel().update(earlier, changed(market, name, tuple(traded), 1.0000001))


def test_a_restated_filing_is_named(earlier, market):
    place = int(np.flatnonzero(np.isfinite(market["revenue"].to_numpy()))[0])
    ticker = market["filing_ticker"].to_numpy()[place]
    with pytest.raises(rm.InputError, match=f"the history of 1 asset has changed under the earlier fit: {ticker}"):
        rm.RiskModel().update(earlier, changed(market, "revenue", (place,), 1.01))


def test_a_session_that_vanished_is_named(earlier, market):
    day = market.get_index("time")[50]
    with pytest.raises(rm.InputError, match=f"the sessions under the earlier fit have changed: .*{day:%Y-%m-%d}"):
        rm.RiskModel().update(earlier, market.drop_sel(time=day))


def rescaled(market: xr.Dataset, ticker: str, ratio: float) -> xr.Dataset:
    """A market after a split of one name on its last session: of all sessions before, as feeds rescale them."""
    before = (market["time"] < market["time"][-1]) & (market["asset"] == ticker)
    scale = xr.where(before, ratio, 1.0).transpose("time", "asset")
    panels = {
        "close": market["close"] / scale,
        "volume": market["volume"] * scale,
        "shares_out": market["shares_out"] * scale,
    }
    events = {
        name: market[name] / xr.where(market[f"{dim}_ticker"] == ticker, ratio, 1.0)
        for dim, names in (("announcement", ("eps_actual", "eps_estimate")), ("filing", ("dividends_per_share",)))
        for name in names
    }
    return market.assign(panels | events)


@pytest.mark.parametrize("ratio", [2.0, 3.0, 0.1])
def test_a_split_since_the_fit_that_rescales_its_history_leaves_it_as_it_is(stored, market, ratio):
    split = rescaled(market, "T003", ratio)
    assert_same(rm.RiskModel().update(rm.load(stored), split), rm.RiskModel().fit(split))


@pytest.mark.parametrize("name", ["total_return", "volume", "shares_out", "traded_price"])
def test_what_is_restated_beside_a_split_is_named(stored, market, name):
    split = rescaled(market, "T003", 3.0)
    column = int(market.get_index("asset").get_loc("T003"))
    row = int(np.flatnonzero(np.isfinite(split[name].to_numpy()[:100, column]))[-1])
    with pytest.raises(rm.InputError) as caught:
        rm.RiskModel().update(
            rm.load(stored), changed(split, name, (row, column), 1.0000001 if name != "total_return" else 1.001)
        )
    assert str(caught.value) == (
        "model: the history of 1 asset has changed under the earlier fit: T003. Usually a restatement, or a split whose "
        "rescaled figures are rounded; fit again."
    )


def test_a_split_of_which_the_feed_rescales_prices_alone_is_named(stored, market):
    split = rescaled(market, "T003", 2.0)
    for names in (("shares_out", "volume"), ("eps_actual", "eps_estimate"), ("dividends_per_share",)):
        with pytest.raises(rm.InputError, match="the history of 1 asset has changed under the earlier fit: T003"):
            rm.RiskModel().update(rm.load(stored), split.assign({name: market[name] for name in names}))


def test_other_settings_are_not_updated(earlier, market):
    other = rm.RiskModel(universe=rm.UniverseRule(largest=300))
    message = r"the earlier fit has other settings: universe\.largest is 3000 there, 300 here\. Fit again\."
    with pytest.raises(rm.InputError, match=message):
        other.update(earlier, market)


def test_a_fingerprint_knows_nothing_of_the_days_after(market):
    until = market["time"].to_numpy()[-HELD_BACK - 1]
    whole = fingerprints(market, until)
    xr.testing.assert_equal(whole, fingerprints(market.sel(time=slice(None, until)), until))
    order = np.random.default_rng(0).permutation(market.sizes["asset"])
    xr.testing.assert_equal(fingerprints(market.isel(asset=order), until).sel(asset=whole["asset"]), whole)


def listed_later() -> tuple[dict[str, pd.DataFrame], pd.Timestamp]:
    """Tables with T003, whose shares, statements and earnings are known long before its first price; and that day."""
    tables = random_tables(assets=60, sessions=130)
    first = np.sort(tables["prices"]["date"].unique())[-10]
    prices = tables["prices"]
    tables["prices"] = prices[(prices["ticker"] != "T003") | (prices["date"] >= first)]
    return tables, pd.Timestamp(first)


def test_what_was_filed_of_a_name_before_it_is_listed_does_not_change_the_history():
    tables, first = listed_later()
    market = build_market(tables)
    earlier = market.sel(time=market["time"] < first)
    alone = market.sel(asset="T003")
    assert (alone["filing_known"] < first).where(market["filing_ticker"] == "T003").any()
    assert history_fingerprint(market, earlier["time"].to_numpy()[-1]).sel(asset="T003") == 0
    without = {**tables, "prices": tables["prices"][tables["prices"]["date"] < first]}
    for fitted in (earlier, build_market(without)):
        assert_same(rm.RiskModel().update(rm.RiskModel().fit(fitted), market), rm.RiskModel().fit(market))


@pytest.mark.parametrize("dim", ["filing", "announcement"])
def test_an_event_of_a_name_outside_the_market_counts_for_no_asset(market, dim):
    until = market["time"].to_numpy()[-1]
    tickers = market[f"{dim}_ticker"].to_numpy().astype(object)
    last = market["asset"].to_numpy()[-1]
    place = int(np.flatnonzero((tickers != last) & (market[f"{dim}_known"].to_numpy() <= until))[0])
    owner, tickers[place] = tickers[place], "NOT THERE"
    foreign = market.assign({f"{dim}_ticker": ((dim,), tickers.astype("U"))})
    before, now = history_fingerprint(market, until), history_fingerprint(foreign, until)
    assert before["asset"].to_numpy()[(before != now).to_numpy()].tolist() == [owner]


@pytest.mark.slow
@pytest.mark.real_market
@pytest.mark.parametrize("weights", ["root_cap", "inverse_specific_variance"])
def test_a_store_of_the_real_market_updated_with_two_days_equals_a_full_fit(tmp_path, weights):
    market, path = rm.read_market(REAL), tmp_path / "model.nc"
    model = rm.RiskModel(regression=rm.RegressionSettings(weights=weights))
    rm.save(model.fit(market.isel(time=slice(0, -2))), path)
    for last in (-1, None):
        rm.save(model.update(rm.load(path), market.isel(time=slice(0, last))), path)
    assert sessions_of_parts(path) == [market.sizes["time"] - 2, 2]
    assert_same(rm.load(path), model.fit(market))
