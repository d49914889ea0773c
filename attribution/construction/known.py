"""A digest of everything that is known by a close, to tell whether the data are those of an earlier run."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.market.fingerprint import history_fingerprint


def known_by(market: xr.Dataset, date: pd.Timestamp) -> str:
    """A digest of everything that a list takes from the market by a close, whatever else the market holds."""
    marks = history_fingerprint(market, date).to_series()
    marks = marks[marks != 0].sort_index()
    digest = hashlib.sha256(pd.util.hash_pandas_object(marks).to_numpy().tobytes())
    if "constituent_date" in market:
        columns = ["constituent_index", "constituent_date", "constituent_ticker", "constituent_weight"]
        lists = pd.DataFrame({name: market[name].to_numpy() for name in columns})
        lists = lists[lists["constituent_date"] <= date]
        digest.update(np.sort(pd.util.hash_pandas_object(lists, index=False).to_numpy()).tobytes())
    return digest.hexdigest()
