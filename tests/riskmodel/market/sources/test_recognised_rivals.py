"""Files of one header that are no parts of one table: rivals are asked for, and old or preliminary ones stand last."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.riskmodel.market.sources.odd_folders import TICKERS
from tests.riskmodel.market.sources.test_recognised_houses import draft, looked, master
from tests.riskmodel.market.sources.test_recognised_takes import market


@pytest.mark.parametrize("old", ["_superseded/px_2024.csv", "_bkp/px.csv", "archive/px.csv", "px_backup.csv"])
def test_a_file_of_a_folder_named_as_old_stands_last_and_is_asked_beside_the_other(old, tmp_path):
    master(tmp_path)
    frame, _ = market()
    (tmp_path / old).parent.mkdir(exist_ok=True)
    frame.to_csv(tmp_path / old, index=False)
    (tmp_path / "vendor").mkdir()
    frame.to_csv(tmp_path / "vendor" / "zz.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.group is not None and found.group.first.file == "vendor/zz.csv"
    assert found.stated["file"] == "?" and found.why["file",][0].values["places"] == ("vendor/zz.csv", old)


def test_a_stock_that_only_an_old_file_of_prices_lacks_is_no_cash_and_is_not_left_out(tmp_path):
    """What has no price is held against all files that may be the prices."""
    master(tmp_path)
    frame, _ = market()
    frame[frame["ticker"] != TICKERS[0]].to_csv(tmp_path / "px_old.csv", index=False)
    frame.to_csv(tmp_path / "px.csv", index=False)
    rows = [(day, name, f"{name} Industries", 0.25) for day in ("2024-01-31", "2024-02-29") for name in TICKERS[:4]]
    held = pd.DataFrame(rows, columns=["date", "ticker", "Description", "weight"]).assign(portfolio="Core")
    held.to_csv(tmp_path / "holdings.csv", index=False)
    found = looked(tmp_path)
    securities, lists_of_funds = found.draft("securities"), found.draft("holdings")
    assert securities is not None and lists_of_funds is not None
    assert "drop" not in securities.stated and "cash" not in lists_of_funds.stated


@pytest.mark.parametrize("word", ["proforma", "pro-forma", "PRELIM", "previa", "速報"])
def test_a_preliminary_file_of_one_header_is_no_part_of_a_pattern(word, tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    weights = np.array([0.1] * 4 + [0.075] * 8)
    (tmp_path / "members").mkdir()
    for day, kind in (("20240131", "close"), ("20240229", "close"), ("20240329", word)):
        rows = pd.DataFrame({"Index": "LRG", "Date": day, "Symbol": TICKERS, "Weight": weights})
        rows.to_csv(tmp_path / "members" / f"LRG_{day}_{kind}.csv", index=False)
    found = draft(tmp_path, "constituents")
    assert found.stated["file"] == "?" and found.group is not None
    assert all(file.endswith("close.csv") for file in found.group.files)
    assert f"members/LRG_20240329_{word}.csv" in found.why["file",][0].values["places"]
