"""Are the numbers of a given model in decimals, and its risks a year's: held against what the prices did."""

from __future__ import annotations

import numpy as np

from riskmodel.errors import InputError

TOO_LARGE = 10.0  # times as large as what came, or as small a part of it: no forecast is so far off, and percent is
ENOUGH = 20  # returns to hold a forecast against
LEAST_SQUARE = 0.04  # of (return / error)^2 on average: with errors that are right it is 1 or more


def require_explained_decimals(explained: np.ndarray, returns: np.ndarray) -> None:
    """Refuse factor returns that move names ten times as far as they moved, both (time, asset), NaN where there is none.

    Examples
    --------
    >>> require_explained_decimals(np.array([[0.01, -0.02]]), np.array([[0.015, -0.01]]))
    """
    both = np.isfinite(explained) & np.isfinite(returns)
    ratio = _ratio(np.abs(explained[both]).sum(), np.abs(returns[both]).sum())
    if ratio > TOO_LARGE:
        raise InputError(
            f"model_factor_returns: exposures times factor returns move names {ratio:,.0f} times as far as the prices did. "
            f'They look like percent; state units = {{ return = "percent" }} in [tables.model_factor_returns], or divide by '
            f"100."
        )


def require_specific_decimals(specific: np.ndarray, residual: np.ndarray) -> None:
    """Refuse a vendor's specific returns that are ten times what factors leave of the prices, both (time, asset)."""
    both = np.isfinite(specific) & np.isfinite(residual)
    ratio = _ratio(np.abs(specific[both]).sum(), np.abs(residual[both]).sum())
    if ratio > TOO_LARGE:
        raise InputError(
            f"model_specific_returns: {ratio:,.0f} times as large as what factors leave of the prices. They look like "
            f'percent; state units = {{ return = "percent" }} in [tables.model_specific_returns], or divide by 100.'
        )


def require_error_decimals(returns: np.ndarray, errors: np.ndarray) -> None:
    """Refuse standard errors that no return comes near, both (time, factor), NaN where there is none.

    A return is what its factor earned and an error: where errors are right (return / error)^2 is 1 or more on average. What
    counts is the median over the factors, so that one with returns far beyond its errors, a market, hides nothing.

    Examples
    --------
    >>> require_error_decimals(np.full((30, 1), 0.01), np.full((30, 1), 0.004))
    """
    both = np.isfinite(returns) & (returns != 0) & (errors > 0)  # a return of 0 may be one that there is none of
    if both.sum() < ENOUGH:
        return
    there = both.any(axis=0)
    squares = np.square(np.divide(returns, errors, out=np.zeros(returns.shape), where=both))[:, there]
    square = float(np.median(squares.sum(axis=0) / both[:, there].sum(axis=0)))
    if square < LEAST_SQUARE:
        raise InputError(
            f"model_factor_returns: standard errors are {1 / np.sqrt(square):,.0f} times the returns that they are of. They "
            f'look like percent; state units = {{ standard_error = "percent" }} in [tables.model_factor_returns], or divide '
            f"by 100; errors of a year are divided by the root of 252."
        )


def require_yearly_risk(table: str, forecast: np.ndarray, realised: np.ndarray, unit: str) -> None:
    """Refuse volatilities of a day that are far from how a day's returns varied.

    Parameters
    ----------
    table
        Whose they are, for the message.
    forecast
        (k) of each factor or asset, the median over the dates.
    realised
        (time, k) its returns; those with fewer than 20 are not looked at.
    unit
        What the book states of a column in percent.
    """
    enough = (np.isfinite(realised).sum(axis=0) >= ENOUGH) & np.isfinite(forecast)
    if not enough.any():
        return
    ratio = _ratio(float(np.median(forecast[enough])), float(np.median(np.nanstd(realised[:, enough], axis=0))))
    if ratio > TOO_LARGE:
        raise InputError(
            f"{table}: volatilities are {ratio:,.0f} times what the returns of these days come to in a year. They look like "
            f"percent; state units = {{ {unit} }} in [tables.{table}], or divide."
        )
    if 0 < ratio < 1 / TOO_LARGE:
        raise InputError(
            f"{table}: volatilities are a {1 / ratio:,.0f}th of what the returns of these days come to in a year. They look "
            f"like those of a day or a month, or like decimals that are stated to be percent; give a year's, in decimals."
        )


def _ratio(one: float, other: float) -> float:
    return one / other if other > 0 else 0.0
