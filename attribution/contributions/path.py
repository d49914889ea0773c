"""The period to date: what a cut had added up to at the end of each day, and the factors at the end of each month."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.cube import Cube, make_cube
from attribution.contributions.cuts import DAY_CUTS, Cut, require_cuts
from attribution.contributions.sums import daily
from attribution.linking.linking import coefficients
from attribution.linking.methods import DEFAULT_LINK
from attribution.portfolio.actual_returns import with_actual_returns
from attribution.portfolio.course import blend_tracks
from attribution.portfolio.tracks import Tracks
from attribution.rows import AGAINST
from riskmodel.errors import InputError
from riskmodel.model.results import RiskModelResults

AT_ONCE = 200  # sessions of which exposures are in memory together


def path(cube: Cube, cuts: Sequence[Cut], *, link: str, absolute: bool = False, against: str = AGAINST[0]) -> pd.DataFrame:
    """Linked contributions of the period to date, day by day.

    Parameters
    ----------
    cube
        A course's.
    cuts
        As for `attribution.contributions.sums.contributions`, without day and month, along which the path runs.
    link
        How days are linked, see `attribution.linking.coefficients`.
    absolute
        Of the course's return instead of its excess.
    against
        As for `attribution.contributions.sums.contributions`.

    Returns
    -------
    DataFrame
        (day, cut) decimals: row T is what the cut would be had the period ended with day T. It sums to the compounded R - B
        (or R) to date; the last row is the period's cut.

    Raises
    ------
    InputError
        For an unknown cut, a grouping that does not fit, a cut by day or month.

    Notes
    -----
    C_T = sum_{t<=T} lambda_t(T) c_t with the coefficients of the days up to T. From one row to the next Carino and Menchero
    scale the earlier days anew. By GRAP and Frongello the difference of two rows is Frongello's increment F_T, which no
    later day restates. docs/methodology/contributions.md.
    """
    require_cuts(cuts)
    along = [cut for cut in cuts if isinstance(cut, str) and cut in DAY_CUTS]
    if along:
        raise InputError(f"path by '{along[0]}': a path has a row a day; cut by what runs along it, such as factor.")
    rows, values = daily(cube, cuts, absolute=absolute, against=against)
    portfolio = cube.portfolio_return
    benchmark = xr.zeros_like(portfolio) if absolute else cube.benchmark_return
    running = running_coefficients(portfolio, benchmark, method=link)
    to_date = np.tensordot(running, values, axes=(1, 1))  # (day, sleeve, stock, factor)
    series = rows.series(to_date.swapaxes(0, 1), "contribution")
    width = len(series) // len(running)
    columns = series.index[:width].droplevel("day")
    return pd.DataFrame(series.to_numpy().reshape(-1, width), cube.days.rename("day"), columns)


def path_by_month(tracks: Tracks, course: str, model: RiskModelResults, *, link: str = DEFAULT_LINK) -> pd.DataFrame:
    """Linked contributions by factor to the end of each month of a period of any length.

    Parameters
    ----------
    tracks
        Of the book over the period. Its days are explained some hundred at a time and linked together, so that ten years
        need no more memory than one.
    course
        A course of the book, or the key of a sleeve.
    model
        A fit of the same market.
    link
        How days are linked.

    Returns
    -------
    DataFrame
        (day, factor) decimals, a row for the last session of each month: those rows of `path` by factor over the period.
        What the model leaves out is in the row unmodelled, however much it is.

    Raises
    ------
    InputError
        Where a part of the period cannot be followed, or the model is of other days.
    """
    daily_parts, sides = [], []
    for run in tracks.period.stretches(AT_ONCE):
        followed = with_actual_returns(blend_tracks(tracks.over(run), course), tracks.book)
        cube = make_cube(followed, model, tracks.market, link=link, uncovered_max=1.0)
        rows, values = daily(cube, ("factor",))
        names = rows.factor.labels[0].take(rows.factor.codes[:, 0])
        daily_parts.append(pd.DataFrame(values[0, :, 0], cube.days, names))
        sides.append(xr.Dataset({"portfolio": cube.portfolio_return, "benchmark": cube.benchmark_return}))
    each = pd.concat(daily_parts).fillna(0.0)  # a factor that the data feed in no day of a stretch earned nothing in it
    whole = xr.concat(sides, "time")
    month = each.index.to_period("M")
    ends = np.flatnonzero(np.append(month[1:] != month[:-1], True))
    running = running_coefficients(whole["portfolio"], whole["benchmark"], method=link, ends=ends)
    return pd.DataFrame(running @ each.to_numpy(), each.index[ends].rename("day"), each.columns)


def running_coefficients(
    portfolio: xr.DataArray, benchmark: xr.DataArray, *, method: str, ends: np.ndarray | None = None
) -> np.ndarray:
    """Coefficients of every run of days from the first on, (last day of the run, day); 0 after the run's end.

    `ends` are the places of the last days of the runs, by default of every one.

    Examples
    --------
    >>> portfolio, benchmark = xr.DataArray([0.2, 0.1], dims="time"), xr.DataArray([0.1, 0.05], dims="time")
    >>> running_coefficients(portfolio, benchmark, method="grap").round(4).tolist()
    [[1.0, 0.0], [1.05, 1.2]]
    >>> running_coefficients(portfolio, benchmark, method="grap", ends=np.array([1])).round(4).tolist()
    [[1.05, 1.2]]
    """
    days = portfolio.sizes["time"]
    ends = np.arange(days) if ends is None else ends
    if method == "menchero":  # it depends on the number of days, so that runs of different lengths are not one batch
        runs = [coefficients(portfolio[: end + 1], benchmark[: end + 1], method=method).to_numpy() for end in ends]
        return np.array([np.pad(run, (0, days - len(run))) for run in runs])
    past = np.arange(days)[:, None] <= ends  # (day, run): a run that has ended stands still, which changes none of its own
    batch = [
        xr.DataArray(side.to_numpy()[:, None] * past, {"portfolio": np.arange(len(ends))}, ("time", "portfolio"))
        for side in (portfolio, benchmark)
    ]
    return np.asarray(coefficients(*batch, method=method).transpose("portfolio", "time").to_numpy() * past.T)
