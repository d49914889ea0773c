"""The structural model of specific risk: a stock without a history moves as others of its sector and styles do."""

from __future__ import annotations

import numpy as np

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
) -> dict[str, np.ndarray]:
    """STR of `specific_risk` on some days, (day, asset), with `estimating_names` and `flag`, (day).

    `x` is (day, style, asset), `sector` (asset) codes, -1 for none, the rest (day, asset). The sectors are taken out of both
    sides by their weighted means (Frisch & Waugh 1933); one without an estimating name takes the mean level of the others,
    and a column that does not vary inside the sectors gets coefficient 0.
    """
    x = np.concatenate([x, np.log1p(history)[:, None, :]], axis=1)
    empty = np.isnan(x)
    covered = (cap > 0) & (sector >= 0) & ~(empty & ~empty.all(axis=2, keepdims=True)).any(axis=1)
    x = np.where(empty, 0.0, x)
    used = covered & (blend > 0) & ~np.isnan(ts)
    w, y = np.where(used, blend * np.sqrt(cap), 0.0), np.log(np.where(used, ts, 1.0))
    member = (sector[:, None] == np.arange(sector.max(initial=0) + 1)).astype(float)

    weight = w @ member
    divisor = np.where(weight > 0, weight, 1.0)
    mean_y, mean_x = (w * y) @ member / divisor, (w[:, None, :] * x) @ member / divisor[:, None, :]
    within = x - mean_x[:, :, sector]
    weighted = w[:, None, :] * within
    gram = weighted @ within.transpose(0, 2, 1)
    moment = (weighted @ (y - mean_y[:, sector])[..., None])[..., 0]
    size = np.diagonal(gram, axis1=1, axis2=2)
    varying = size > SMALLEST_VARYING_SHARE * (w[:, None, :] * x**2).sum(axis=2)
    scale = np.where(varying, np.sqrt(np.where(varying, size, 1.0)), np.inf)
    scaled = gram / (scale[:, :, None] * scale[:, None, :]) + np.eye(x.shape[1]) * ~varying[:, None, :]
    eigenvalues = np.linalg.eigvalsh(scaled)
    names, coefficients = used.sum(axis=1), (weight > 0).sum(axis=1) + varying.sum(axis=1)
    thin = names < LEAST_NAMES_PER_COEFFICIENT * np.maximum(coefficients, 1)
    singular = eigenvalues[:, 0] * LARGEST_CONDITION**2 < eigenvalues[:, -1]
    unsound = thin | singular | (not switched_on)
    scaled[unsound] = np.eye(x.shape[1])
    b = np.linalg.solve(scaled, (moment / scale)[..., None])[..., 0] / scale

    level = mean_y - (b[:, None, :] @ mean_x)[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        general = (weight * level).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        fitted = np.where(weight > 0, level, general)[:, sector] + (b[:, None, :] @ x)[:, 0]
        low, high = np.where(used, y, np.inf).min(axis=1), np.where(used, y, -np.inf).max(axis=1)
        predicted = np.exp(np.clip(fitted, low[:, None], high[:, None]))
        share = np.where(used, blend * cap, 0.0)
        e0 = (share * np.where(used, ts / predicted, 0.0)).sum(axis=1) / share.sum(axis=1)
    return {
        "structural_volatility": np.where(covered & ~unsound[:, None], e0[:, None] * predicted, np.nan),
        "estimating_names": np.where(unsound, 0, names),
        "flag": np.select([np.full(len(ts), not switched_on), thin, singular], ["switched off", "thin", "singular"], ""),
    }
