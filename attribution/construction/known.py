"""A digest of everything that is known by a close, to tell whether the data are those of an earlier run."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import xarray as xr

from attribution.portfolio.book import Book
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
        digest.update(_of_rows(lists))
    return digest.hexdigest()


def strategy_known_by(book: Book, strategy: str, market: xr.Dataset, date: pd.Timestamp) -> str:
    """`known_by`, and what a strategy's lists take beside it: its own scores, the securities' columns that its rules
    group by, issuers, and what cash earned.
    """
    settings, past = book.strategies[strategy], market.sel(time=slice(None, date))
    digest = hashlib.sha256(known_by(market, date).encode())
    if isinstance(settings.score, str):
        table = book.source.table("scores")
        if table is not None:
            own = table[(table["score"] == settings.score) & (table["date"] <= date)]
            digest.update(_of_rows(own[["date", "ticker", "value"]]))
    groupings = {str(getattr(rule, "grouping", "")) for rule in settings.rules} | {"issuer"}
    priced = past["close"].notnull().any("time")
    for name in sorted(groupings & set(map(str, past.data_vars))):
        digest.update(_of_rows(past[name].where(priced, "").to_series().rename("value").reset_index()))
    if "risk_free" in past:
        digest.update(_of_rows(past["risk_free"].to_series().rename("value").reset_index()))
    return digest.hexdigest()


def _of_rows(table: pd.DataFrame) -> bytes:
    """A digest of each row, in an order of their own: that of the file is nothing."""
    return bytes(np.sort(pd.util.hash_pandas_object(table, index=False).to_numpy()).tobytes())
