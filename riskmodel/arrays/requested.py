"""What somebody asks for by its labels: sessions, assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import label_text
from riskmodel.errors import InputError, counted, listed
from riskmodel.facts import Fact, ForecastUnavailableError

LABELS = str | int | float | date | np.generic  # what a label may be


def requested_rows(
    index: pd.Index, times: object, history: np.ndarray | None = None, least: int = 0, *, name: str = "factor_returns"
) -> np.ndarray:
    """Positions of the requested times among those of `name`, one or several, by default the last.

    With `history`, the returns up to each day, on all of them some factor has `least` returns.
    """
    asked = index[-1:] if times is None else asked_labels("times", times, index[-1])
    wanted = asked
    if isinstance(index, pd.DatetimeIndex):
        wanted = pd.DatetimeIndex(pd.to_datetime(asked, errors="coerce", format="mixed"))
        if len(wanted) and (wanted.tz is None) != (index.tz is None) and not wanted.hasnans:
            zones = [f"in the time zone {zone}" if zone else "without a time zone" for zone in (wanted.tz, index.tz)]
            raise InputError(f"times: {zones[0]}, those of {name} are {zones[1]}. Use tz_localize, here or there.")
    if not len(wanted) or not asked.is_unique or not wanted.dropna().is_unique:
        raise InputError("times: empty, or a label repeats. Give each day once.")
    rows = index.get_indexer(wanted)
    if (rows < 0).any():
        unknown = asked[rows < 0]
        raise InputError(
            f"times: {counted(len(unknown), 'label')} not in {name}: {listed(map(label_text, unknown))}. "
            f"It runs from {label_text(index[0])} to {label_text(index[-1])}."
        )
    if history is not None and (history[rows] < least).any():
        row, enough = rows[history[rows].argmin()], index[history >= least]
        advice = f"The first possible day is {label_text(enough[0])}." if len(enough) else "Give a longer history."
        raise ForecastUnavailableError(
            f"factor_returns: {counted(int(history[row]), 'return')} up to {label_text(index[row])}, {least} are needed "
            f"(minimum_history). {advice}",
            Fact("short_history", {"returns": int(history[row]), "needed": least}),
        )
    return np.asarray(rows)


def requested_columns(index: pd.Index, name: str, labels: object, *, of: str) -> np.ndarray:
    """Positions of the labels asked for, one or several, among those of `of`."""
    asked = asked_labels(name, labels, index[0])
    columns = index.get_indexer(asked)
    for wrong, what in ((asked[columns < 0], f"not in {of}"), (asked[asked.duplicated()], "more than once")):
        if len(wrong):
            shown = listed(map(label_text, wrong))
            raise InputError(f"{name}: {counted(len(wrong), 'label')} {what}: {shown}. Give each once, as {index[0]!r}.")
    return np.asarray(columns)


def asked_labels(name: str, given: object, example: object) -> pd.Index:
    """One label or several as an index, or that it is something else."""
    if isinstance(given, np.ndarray | xr.DataArray):
        labels = list(np.atleast_1d(given))
    else:
        several = isinstance(given, Iterable) and not isinstance(given, str | Mapping | pd.DataFrame)
        labels = list(given) if several else [given]  # type: ignore[call-overload]
    if not all(isinstance(label, LABELS) for label in labels):
        said = f"Give one label or several, such as {label_text(example)}."
        raise InputError(f"{name}: is of type {type(given).__name__}. {said}")
    return pd.Index(labels)
