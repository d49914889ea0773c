"""The covariance of share classes as a block, against the product form and by hand; issuers of the securities table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel.estimation.share_classes import linked_correlation, linked_covariance, specific_covariance_times
from riskmodel.market.market import build_market
from riskmodel.market.tables import read_table
from tests.conftest import dear_examples
from tests.riskmodel.builders import flat_close, plain_tables, write_tables

some = settings(max_examples=dear_examples(), deadline=None, derandomize=True, database=None)


def volatilities(values, names=None):
    return xr.DataArray(np.asarray(values, float), {"asset": names or [f"S{i}" for i in range(len(values))]}, ("asset",))


@some
@given(st.integers(0, 2**32 - 1), st.integers(2, 25))
def test_the_block_and_the_product_give_the_same_variance(seed, assets):
    rng = np.random.default_rng(seed)
    sigma, weights = volatilities(rng.uniform(0.005, 0.05, assets)), volatilities(rng.normal(size=assets))
    issuer = xr.DataArray(rng.choice(["A", "B", "C", ""], assets).astype(object), {"asset": sigma["asset"]}, ("asset",))
    returns = xr.DataArray(rng.normal(size=(100, assets)), {"asset": sigma["asset"]}, ("time", "asset"))
    rho = linked_correlation(returns, issuer)
    block = linked_covariance(sigma, issuer, rho)
    whole = pd.DataFrame(np.diag(sigma.to_numpy() ** 2), sigma["asset"].to_numpy(), sigma["asset"].to_numpy())
    if block is not None:
        whole.loc[block["asset"].to_numpy(), block["asset_other"].to_numpy()] = block.to_numpy()
        assert np.linalg.eigvalsh(block.to_numpy())[0] > -1e-15
    a = weights.to_numpy()
    product = specific_covariance_times(weights, sigma, issuer, rho)
    np.testing.assert_allclose(product, whole.to_numpy() @ a, rtol=1e-12, atol=1e-15)


def test_two_companies_are_independent_and_one_rho_holds_in_each():
    sigma = volatilities([0.02, 0.03, 0.01, 0.04], ["a1", "a2", "b1", "b2"])
    issuer = pd.Series({"a1": "A", "a2": "A", "b1": "B", "b2": "B"})
    rho = xr.DataArray([0.5, 1.0], {"issuer": ["A", "B"]}, ("issuer",))
    block = linked_covariance(sigma, issuer, rho).to_pandas()
    assert block.loc["a1", "a2"] == pytest.approx(0.5 * 0.02 * 0.03, rel=1e-15)
    assert block.loc["b2", "b1"] == pytest.approx(0.01 * 0.04, rel=1e-15)
    assert (block.loc[["a1", "a2"], ["b1", "b2"]] == 0).all(axis=None)
    np.testing.assert_array_equal(np.diag(block), np.array([0.02, 0.03, 0.01, 0.04]) ** 2)


def test_a_class_without_a_forecast_leaves_its_sibling_alone():
    sigma = volatilities([0.02, np.nan, 0.01], ["a1", "a2", "c"])
    assert linked_covariance(sigma, pd.Series({"a1": "A", "a2": "A", "c": "C"})) is None


def test_labels_of_other_assets_link_nothing_and_are_refused():
    sigma = volatilities([0.02, 0.03], ["a1", "a2"])
    other = pd.Series("A", index=["A1", "A2"])
    message = (
        "linked: 2 labels, of which none is among the 2 assets: A1, A2. Nothing would be linked; label the issuers by "
        "asset, as in a1, a2."
    )
    returns = xr.DataArray(np.ones((3, 2)), {"asset": ["a1", "a2"]}, ("time", "asset"))
    for call in (
        lambda: linked_covariance(sigma, other),
        lambda: specific_covariance_times(sigma, sigma, other),
        lambda: linked_correlation(returns, other),
    ):
        with pytest.raises(rm.InputError) as caught:
            call()
        assert str(caught.value) == message


def test_a_portfolio_need_not_hold_what_is_linked():
    sigma = volatilities([0.02, 0.03, 0.01], ["a1", "a2", "b"])
    issuer = pd.Series("A", index=["a1", "a2"])
    held = volatilities([0.5], ["b"])
    assert specific_covariance_times(held, sigma, issuer).values.tolist() == [0.5 * 0.01**2]
    assert linked_covariance(sigma.where(sigma["asset"] == "b"), issuer) is None


def test_issuers_that_are_no_labels_by_asset_are_refused():
    sigma = volatilities([0.02, 0.03], ["a1", "a2"])
    with pytest.raises(
        rm.InputError,
        match=r"^linked: is of type dict, without labels\. Give a DataArray or a Series by \(asset\)\. Of a dict",
    ):
        linked_covariance(sigma, {"a1": "A", "a2": "A"})
    with pytest.raises(rm.InputError) as caught:
        linked_covariance(sigma, sigma.rename(asset="ticker"))
    assert str(caught.value) == "linked: dimensions (ticker); it takes (asset)."


# ---------------------------------------------------------------- the column of the securities table


def tables_with(issuers):
    tables = plain_tables(flat_close("ABC"))
    securities = tables["securities"].assign(issuer=pd.Series(issuers, dtype="str"))
    return tables | {"securities": securities}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_issuer_is_read_and_is_empty_where_the_table_names_none(tmp_path, kind):
    market = rm.read_market(write_tables(tmp_path / kind, tables_with(["0130", None, "0130"]), kind))
    assert market["issuer"].values.tolist() == ["0130", "", "0130"]


def test_without_the_column_no_asset_has_an_issuer():
    assert build_market(plain_tables(flat_close("ABC")))["issuer"].values.tolist() == ["", "", ""]


def test_issuers_in_another_spelling_are_one_company():
    market = build_market(tables_with(["X", "X ", "\uff38"]))
    assert market["issuer"].values.tolist() == ["X", "X", "X"]
    assert build_market(tables_with(["X", " ", None]))["issuer"].values.tolist() == ["X", "", ""]


def test_issuers_written_as_numbers_are_refused(tmp_path):
    folder = write_tables(tmp_path / "m", tables_with(["1", "1", "2"]))
    frame = pd.read_parquet(folder / "securities.parquet").astype({"issuer": "int64"})
    frame.to_parquet(folder / "securities.parquet")
    with pytest.raises(rm.InputError, match=r"securities: column 'issuer' holds int64 values, not text, e.g. 1, 1, 2"):
        read_table(folder, "securities")


def test_returns_are_not_read_where_no_company_has_two_classes():
    class Stored:
        """Specific returns of a fit that lie in its store."""

        def get_index(self, dim):
            return pd.Index(["A", "B", "C"])

        def transpose(self, *dims):
            pytest.fail("read")

    alone = pd.Series(["X", "", "Y"], ["A", "B", "C"])
    assert linked_correlation(Stored(), alone).sizes == {"issuer": 0}
