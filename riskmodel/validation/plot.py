"""The picture of a validation: biases by kind with their bands, and each kind's rolling bias."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError, counted
from riskmodel.validation.bias import WINDOW, bias_band, rolling_bias

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


WIDTH, SIZE, ROW, PANEL = 540.0, 8.0, 18.0, 74.0  # points: width, size of text, pitch of the rows, height of a panel
COLUMNS, MARGIN, GAP, HEADING = 4, 24.0, 16.0, 36.0
INK, MUTED, RULE, POINT, BAND, RANGE = "#1c2733", "#66717d", "#d9dee3", "#1f5fa8", "#eceff2", "#b9cfe8"
LONGEST_WINDOW, SHORTEST_HISTORY = 63, 4  # outcomes of a rolling bias, and the windows that a history must hold for it
FEWEST = 3  # closes of a picture
HOUSE = {"font.family": ["DejaVu Sans"], "font.size": SIZE, "svg.hashsalt": "riskmodel", "svg.fonttype": "none"}


def validation_figure(table: pd.DataFrame, portfolios: pd.DataFrame, outcomes: xr.DataArray, *, overlap: int) -> Figure:
    """Draw a validation; see `Validation.plot`, and `Validation` for what the arguments hold.

    Notes
    -----
    Above, by kind: the pooled bias (dot), the range of nine in ten portfolios (blue), the kurtosis-aware band (grey).
    Below, by kind: sqrt(mean over portfolios of B^2) of the last 63 outcomes, or of a quarter of a shorter history, with the
    band of one portfolio over such a window.
    """
    from matplotlib import style

    from riskmodel.figures import ShownFigure

    if len(outcomes) < FEWEST:
        raise InputError(f"plot: {counted(len(outcomes), 'close')}; a rolling bias needs at least {FEWEST}.")
    window = max(WINDOW, min(LONGEST_WINDOW, len(outcomes) // SHORTEST_HISTORY)) * overlap
    window = min(window, len(outcomes) - 1)
    rows = -(-len(table) // COLUMNS)
    above = ROW * len(table)
    height = above + 2 * HEADING + 18 + rows * (PANEL + 30)
    with style.context(["default", HOUSE]):
        figure = ShownFigure(figsize=(WIDTH / 72, height / 72), facecolor="white")
        figure.set_label("Bias statistics of risk forecasts by kind of portfolio, and through time")

        def axes_at(left: float, top: float, width: float, tall: float) -> Axes:
            axes = figure.add_axes((left / WIDTH, 1 - (top + tall) / height, width / WIDTH, tall / height))
            axes.set(frame_on=False, axisbelow=True)
            axes.tick_params(length=0, pad=3, labelsize=SIZE - 1, labelcolor=MUTED)
            return axes

        text: dict[str, Any] = {"color": INK, "va": "top", "ha": "left"}
        figure.text(0.01, 1 - 8 / height, "Bias statistic by kind: 1 is right, above it risk was underforecast", **text)
        key = "dot: all portfolios of a kind; blue: nine in ten of them, one by one; grey: where one right forecast lies"
        figure.text(0.01, 1 - 19 / height, key, fontsize=SIZE - 1, **(text | {"color": MUTED}))
        _biases(axes_at(110, HEADING, WIDTH - 170, above), table, portfolios)
        top = HEADING + above + 26
        said = f"Rolling bias of the last {window:,} outcomes, all portfolios of a kind together"
        figure.text(0.01, 1 - top / height, said, **text)
        width = (WIDTH - MARGIN - 14 - (COLUMNS - 1) * GAP) / COLUMNS
        paths = {str(kind): _rolling(outcomes, str(kind), window) for kind in table["kind"]}
        found = np.concatenate([path.dropna().to_numpy() for path in paths.values()] + [np.array([0.8, 1.2])])
        limits = (float(found.min()) - 0.05, float(found.max()) + 0.05)
        for place, row in enumerate(table.itertuples()):
            line, column = divmod(place, COLUMNS)
            corner = top + 32 + line * (PANEL + 30)
            axes = axes_at(MARGIN + column * (width + GAP), corner, width, PANEL)
            lower, upper = bias_band(window / overlap, row.kurtosis)
            path = paths[str(row.kind)]
            axes.axhspan(float(lower), float(upper), color=BAND, linewidth=0)
            axes.axhline(1, color=INK, linewidth=0.7)
            axes.plot(np.arange(len(path)), path.to_numpy(), color=POINT, linewidth=1.1)
            axes.set(ylim=limits, xlim=(0, max(len(path) - 1, 1)))
            axes.set_title(_words(str(row.kind)), fontsize=SIZE, color=INK, loc="left", pad=3)
            axes.set_xticks(*_ticks(path.index))
            axes.grid(True, axis="y", color=RULE, linewidth=0.6)
            axes.locator_params(axis="y", nbins=4)
            if column:
                axes.set_yticklabels([])
    return figure


def _biases(axes: Axes, table: pd.DataFrame, portfolios: pd.DataFrame) -> None:
    """One row a kind: band, spread of its portfolios, pooled bias, and the figure at the right."""
    ends = [1.0]
    for place, row in enumerate(table.itertuples()):
        own = portfolios.loc[portfolios["kind"] == row.kind, "bias"].dropna()
        axes.barh(place, row.upper - row.lower, 0.72, left=row.lower, color=BAND, zorder=1)
        if len(own):
            low, high = np.quantile(own, [0.05, 0.95])
            axes.hlines(place, low, high, color=RANGE, linewidth=5, zorder=2)
            ends += [low, high]
        inside = row.lower <= row.bias <= row.upper
        axes.plot(row.bias, place, "o", color=POINT, markerfacecolor=POINT if inside else "white", markersize=4.5, zorder=4)
        axes.annotate(f"{row.bias:.2f}", (1, place), xycoords=("axes fraction", "data"), xytext=(34, 0),
                      textcoords="offset points", va="center", ha="right", color=INK)  # fmt: skip
        ends += [row.lower, row.upper, row.bias]
    finite = [end for end in ends if np.isfinite(end)]
    axes.set(ylim=(len(table) - 0.5, -0.5), xlim=(min(finite) - 0.02, max(finite) + 0.02))
    axes.set_yticks(range(len(table)), [_words(str(kind)) for kind in table["kind"]], fontsize=SIZE, color=INK)
    axes.grid(True, axis="x", color=RULE, linewidth=0.6)
    axes.axvline(1, color=INK, linewidth=0.7, zorder=3)


def _rolling(outcomes: xr.DataArray, kind: str, window: int) -> pd.Series:
    """Root of the mean over a kind's portfolios of their squared rolling bias."""
    own = outcomes.isel(portfolio=outcomes["kind"].to_numpy() == kind)
    squared = rolling_bias(own, window=window) ** 2
    path = squared.mean("portfolio") ** 0.5
    return pd.Series(path.to_numpy(), index=path.get_index("time"))


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _ticks(index: pd.Index) -> tuple[list[int], list[str]]:
    """The first session of each year, or of some of the months of a short history; of other labels the first and last."""
    if not isinstance(index, pd.DatetimeIndex):
        return [0, len(index) - 1], [str(index[0]), str(index[-1])]
    starts = np.flatnonzero(~pd.Index(index.year).duplicated())[1:]
    if len(starts) >= 2:
        return starts.tolist(), [f"{index[place]:%Y}" for place in starts]
    starts = np.flatnonzero(~index.to_period("M").duplicated())[1:]
    starts = starts[:: max(1, -(-len(starts) // 3))]
    return starts.tolist(), [f"{index[place]:%Y-%m}" for place in starts]
