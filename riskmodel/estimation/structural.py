"""The structural model of specific risk: a stock without a history moves as others of its sector and styles do."""

from __future__ import annotations

import numpy as np

from riskmodel.estimation import kernel
from riskmodel.estimation.least_squares import LARGEST_CONDITION, LEAST_NAMES_PER_COEFFICIENT

SMALLEST_VARYING_SHARE = 1e-10  # of a column's sum of squares, below which it does not vary inside the sectors


def structural_volatility(
    ts: np.ndarray,
    blend: np.ndarray,
    cap: np.ndarray,
    x: np.ndarray,
    sector: np.ndarray,
    history: np.ndarray,
    *,
    switched_on: bool = True,
    work: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """STR of `specific_risk` on some days, (day, asset), with `estimating_names` and `flag`, (day).

    `x` is (day, style, asset), `sector` (asset) codes from 0 on of which each is some asset's, -1 for none, the rest (day,
    asset). `work`, (day, style + 1, asset), is written over: memory that is used again costs no new pages.

    The sectors are taken out of both sides by their weighted means (Frisch & Waugh 1933); one without an estimating name
    takes the mean level of the others, and a column that does not vary inside the sectors gets coefficient 0.
    """
    order = np.argsort(sector, kind="stable")  # names of no sector come first, and have no weight
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    ts, blend, cap, history, sector = (np.take(values, order, axis=-1) for values in (ts, blend, cap, history, sector))
    days, k, assets = x.shape[0], x.shape[1] + 1, x.shape[2]
    design = np.empty((days, k, assets)) if work is None else work[:days]
    np.take(x, order, axis=2, out=design[:, :-1], mode="clip")
    long = np.log1p(history)
    middle = long.mean(axis=1)  # what equal histories share, without which their differences keep every digit
    design[:, -1] = long - middle[:, None]
    empty = np.isnan(design)
    covered = (cap > 0) & (sector >= 0)
    if empty.any():
        covered &= ~(empty & ~empty.all(axis=2, keepdims=True)).any(axis=1)
        np.copyto(design, 0.0, where=empty)
    used = covered & (blend > 0) & ~np.isnan(ts)
    w, y = np.where(used, blend * np.sqrt(cap), 0.0), np.log(np.where(used, ts, 1.0))

    starts = np.searchsorted(sector, np.arange(sector.max(initial=0) + 1))
    starts[0] = 0
    products, sums = kernel.products(design, w, y, starts)
    of_x, of_y, weight = sums[:, :k], sums[:, k], sums[:, k + 1]
    divisor = np.where(weight > 0, weight, 1.0)
    mean_y, mean_x = of_y / divisor, of_x / divisor[:, None, :]
    gram = products[:, :k] - of_x @ mean_x.transpose(0, 2, 1)
    moment = products[:, k] - (mean_x @ of_y[..., None])[..., 0]
    size, squares = (np.diagonal(part[:, :k], axis1=1, axis2=2) for part in (gram, products))
    varying = size > SMALLEST_VARYING_SHARE * (squares + np.eye(k)[-1] * (weight.sum(axis=1) * middle**2)[:, None])
    scale = np.where(varying, np.sqrt(np.where(varying, size, 1.0)), np.inf)
    scaled = gram / (scale[:, :, None] * scale[:, None, :]) + np.eye(k) * ~varying[:, None, :]
    eigenvalues = np.linalg.eigvalsh(scaled)
    names, coefficients = used.sum(axis=1), (weight > 0).sum(axis=1) + varying.sum(axis=1)
    thin = names < LEAST_NAMES_PER_COEFFICIENT * np.maximum(coefficients, 1)
    singular = eigenvalues[:, 0] * LARGEST_CONDITION**2 < eigenvalues[:, -1]
    unsound = thin | singular | (not switched_on)
    scaled[unsound] = np.eye(k)
    b = np.linalg.solve(scaled, (moment / scale)[..., None])[..., 0] / scale

    level = mean_y - (b[:, None, :] @ mean_x)[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        general = (weight * level).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        fitted = np.where(weight > 0, level, general)[:, sector] + (b[:, None, :] @ design)[:, 0]
        low, high = (
            np.where(used, y, np.inf).min(axis=1, keepdims=True),
            np.where(used, y, -np.inf).max(axis=1, keepdims=True),
        )
        predicted = np.exp(np.clip(fitted, low, high))
        share = np.where(used, blend * cap, 0.0)
        e0 = (share * np.where(used, ts / predicted, 0.0)).sum(axis=1) / share.sum(axis=1)
    return {
        "structural_volatility": np.take(
            np.where(covered & ~unsound[:, None], e0[:, None] * predicted, np.nan), back, axis=1
        ),
        "estimating_names": np.where(unsound, 0, names),
        "flag": np.select([np.full(len(ts), not switched_on), thin, singular], ["switched off", "thin", "singular"], ""),
    }
