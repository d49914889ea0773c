"""A long market is drawn year by year: the same whether or not it was interrupted, and fit to be read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import riskmodel as rm
from riskmodel.validation.simulated.long import write_long_market

GIVEN = {"assets": 150, "start": "2020-03-02", "end": "2021-12-30", "seed": 5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("long")
    write_long_market(path, **GIVEN)
    return path


def bytes_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_tables_are_a_market_in_which_nothing_is_refused(folder):
    market = rm.read_market(folder)
    assert market.sizes["time"] > 450
    assert not rm.evidence_report(market)["refused"].any()
    assert (market["close"].notnull().any("time")).all()
    traded = market["close"].notnull().to_numpy()
    assert not traded[0].all() and not traded[-1].all()  # some are listed later, some end
    changes = np.abs(np.diff(traded.astype(int), axis=0)).sum(axis=0)
    assert changes.max() <= 2  # each lives once


def test_levels_follow_their_lists(folder):
    """Over the turn of a year too, where the lists and levels of the year before are read again."""
    market = rm.read_market(folder)
    level = market["index_level"].sel(index="Large Index").to_series().pct_change(fill_method=None)
    lists = pd.read_parquet(folder / "constituents" / "2020.parquet").query("index == 'Large Index'")
    last = lists[lists["date"] == lists["date"].max()].set_index("ticker")["weight"]
    first_of_2021 = level.index[level.index.year == 2021][0]
    moved = (
        market["total_return"].sel(time=first_of_2021, asset=last.index.to_numpy()).fillna(0.0).to_numpy() @ last.to_numpy()
    )
    assert level[first_of_2021] == pytest.approx(moved, abs=1e-3)


def test_an_interrupted_market_goes_on_to_the_same_bytes(folder, tmp_path):
    def stop(year):
        if year == "2021":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_long_market(tmp_path, **GIVEN, progress=stop)
    assert not (tmp_path / "prices" / "2021.parquet").exists()
    write_long_market(tmp_path, **GIVEN)
    assert bytes_of(tmp_path) == bytes_of(folder)


def test_a_folder_of_another_market_is_refused(folder):
    with pytest.raises(rm.InputError, match=r"simulate: '.*' holds another market: .*\"seed\": 5"):
        write_long_market(folder, **GIVEN | {"seed": 6})
