"""The mathematics of many accounts at once: sparse lists of weights times what each day did to every name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts.funds import require_known
from attribution.accounts.lists import AccountLists
from attribution.accounts.market_days import (
    ALL,
    NOT_INVESTED,
    MarketDays,
    benchmark_parts,
    benchmark_shares,
    group_names,
    measured_benchmark,
)
from attribution.accounts.rejects import UnfitAccountsError, UnreconciledAccountsError, rejects
from attribution.contributions.arrays import where_known
from attribution.contributions.modelled.exposure_errors import variances_of_rows
from attribution.identities import TOLERANCE, of_excess, of_return
from attribution.linking.linking import coefficients
from attribution.rows import SPECIFIC, VENDOR_RESIDUAL
from riskmodel.errors import counted, listed

IDENTITIES = (*map(of_excess, ("factors", "groups", "stocks", "days")), *map(of_return, ("factors", "stocks")))
# the dimension that each array of `explain` has after portfolio
FORM = {
    "portfolio_return_of_day": "time",
    "uncovered_weight": "time",
    "coefficient": "time",
    "absolute_coefficient": "time",
    "contribution": "factor",
    "absolute_contribution": "factor",
    "standard_error": "factor",
    "active_exposure": "factor",
    "group_standard_error": "group",
    "difference": "identity",
}
OWN = ("excess_share", "return_share", "at_benchmark")
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Run:
    """Lists that begin at one close: which they are, their days, what one of each name grew to, and the lists' values."""

    lists: np.ndarray
    days: slice
    counts: np.ndarray  # (list, time) before the list's end
    weight: np.ndarray  # (time, asset) growth to the start of the day
    live: np.ndarray  # the same, 0 once the name's life is over
    value: np.ndarray  # (list, time) at the close before the first day, then at each day's close


def explain(lists: AccountLists, market: MarketDays) -> tuple[Arrays, Arrays]:
    """Linked contributions of some accounts.

    Parameters
    ----------
    lists
        From `attribution.accounts.lists.list_rows`.
    market
        What they share.

    Returns
    -------
    dict of ndarray
        By portfolio first: `portfolio_return_of_day`, `uncovered_weight`, `coefficient`, `absolute_coefficient` (time);
        `contribution`, `absolute_contribution`, `standard_error`, `active_exposure` (mean over days, NaN for rows without)
        (factor); `group_standard_error` (group); `difference` (identity).
    dict of ndarray
        By (list, asset) that is not zero: `portfolio`, `asset` (positions), `excess_share` (linked, before the benchmark's
        part is taken off), `return_share`, and `at_benchmark`: what its weight would have earned in the benchmark.

    Raises
    ------
    InputError
        For accounts that lose all their value.
    ReconciliationError
        Where an identity fails for an account.

    Notes
    -----
    With w the list's weights at its close d, G_it = prod_{d<s<t} (1 + r_is), V_pt = sum_i w_pi G_it: any weighted sum over
    names, sum_i w_pit y_it, is (w @ (G_t y_t)) / V_pt; all days and all y (exposures, specific, cash, unmodelled) are the
    columns of one product of a sparse with a dense matrix.
    """
    require_known(lists, market.funds, market.days, market.first)
    runs = list(runs_of(lists, market))
    portfolio_return, uncovered = _daily(lists, market, runs)
    measured = measured_weights(lists, market, runs)
    lambdas = [_coefficients(portfolio_return, side, market, lists.portfolios) for side in (market.benchmark_return, None)]
    coefficient, absolute = lambdas
    own_rows = linked_rows(measured, absolute, market, moves=False)
    out = {"portfolio_return_of_day": portfolio_return, "uncovered_weight": uncovered}
    out |= {"coefficient": coefficient, "absolute_coefficient": absolute}
    out["absolute_contribution"] = np.pad(own_rows, ((0, 0), (0, 1)))
    measured -= measured_benchmark(market)
    proxy = coefficient @ (market.constituents_return - market.benchmark_return)
    out["contribution"] = np.column_stack([linked_rows(measured, coefficient, market), proxy])
    exposure = estimated_exposures(measured, market)[:, :, :-1].mean(axis=1)
    exposure[:, market.factors[: exposure.shape[1]] == VENDOR_RESIDUAL] = np.nan  # that is no factor: nobody has more of it
    beyond = len(market.factors) - exposure.shape[1]
    out["active_exposure"] = np.pad(exposure, ((0, 0), (0, beyond)), constant_values=np.nan)
    estimated = [-coefficient * share for share in market.benchmark_estimated]
    out |= _errors(measured * coefficient[:, :, None], market, estimated)
    own = _own(lists, market, runs, lambdas)
    out["difference"] = _differences(out, own, market)
    _require_reconciled(out["difference"], lists.portfolios)
    return out, own


def coordinates(market: MarketDays) -> dict[str, pd.Index]:
    """Labels of everything that is not by portfolio."""
    return {
        "time": market.days,
        "factor": market.factors,
        "group": pd.Index(group_names(market)),
        "asset": market.assets,
        "identity": pd.Index(IDENTITIES),
    }


def runs_of(lists: AccountLists, market: MarketDays) -> Iterator[Run]:
    """The lists by the close at which they begin.

    Raises
    ------
    InputError
        For accounts that lose all their value.
    """
    for start in np.unique(lists.start):
        rows = np.flatnonzero(lists.start == start)
        stop, begin = int(lists.stop[rows].max()), max(int(start), market.first)
        sessions, days = slice(start + 1, stop + 1), slice(begin - market.first, stop - market.first)
        goes_on = market.earning_life[sessions] == market.life[start]
        growth = np.ones((stop - start + 1, len(market.assets)))
        np.cumprod(1 + np.where(goes_on, market.earned[sessions], 0.0), axis=0, out=growth[1:])
        growth = growth[begin - start :]
        value = lists.weights[rows] @ growth.T
        _require_value(value, lists.portfolios[lists.portfolio[rows]], market.days[days])
        counts = np.arange(begin, stop) < lists.stop[rows][:, None]
        yield Run(rows, days, counts, growth[:-1], growth[:-1] * goes_on[begin - start :], value)


def measured_weights(
    lists: AccountLists, market: MarketDays, runs: Sequence[Run], names: slice | np.ndarray = ALL
) -> np.ndarray:
    """What the accounts' weights in some of the names have of each measure, (portfolio, time, measure)."""
    out = np.zeros((len(lists.portfolios), len(market.days), market.exposure.shape[1] + len(market.outside) + 1))
    for run in runs:
        flat = market.measures(run.weight, run.live, run.days, names)
        sums = (lists.weights[run.lists][:, names] @ flat.reshape(len(flat), -1)).reshape(*run.counts.shape, -1)
        sums /= run.value[:, :-1, None]
        row, day = np.nonzero(run.counts)
        out[lists.portfolio[run.lists][row], day + run.days.start] = sums[row, day]
    return out


def weights_in(lists: AccountLists, market: MarketDays, runs: Sequence[Run], names: np.ndarray) -> np.ndarray:
    """The accounts' weights in some of the names together, less the benchmark's, (portfolio, time)."""
    out = np.zeros((len(lists.portfolios), len(market.days)))
    for run in runs:
        together = (lists.weights[run.lists][:, names] @ run.weight[:, names].T) / run.value[:, :-1]
        row, day = np.nonzero(run.counts)
        out[lists.portfolio[run.lists][row], day + run.days.start] = together[row, day]
    return out - market.benchmark_weight[:, names].sum(axis=1)


def _daily(lists: AccountLists, market: MarketDays, runs: Sequence[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Returns of the accounts, and the weight that is not modelled, (portfolio, time)."""
    returns = np.empty((len(lists.portfolios), len(market.days)))
    uncovered = np.empty(returns.shape)
    for run in runs:
        row, day = np.nonzero(run.counts)
        place = lists.portfolio[run.lists][row], day + run.days.start
        lacking = abs(lists.weights[run.lists]) @ (run.live * market.left_out[run.days]).T
        returns[place] = (run.value[:, 1:] / run.value[:, :-1] - 1)[row, day]
        uncovered[place] = (lacking / run.value[:, :-1])[row, day]
    return returns, uncovered


def require_covered(uncovered: np.ndarray, lists: AccountLists, market: MarketDays) -> None:
    """Refuse accounts with more than `uncovered_max` in names that the model leaves out: a split would say nothing of them.

    `uncovered` is the weight (portfolio, time) of all accounts in `lists`, so that the message counts all.
    """
    solved, share = market.solved, uncovered_share(uncovered, market)
    much = np.flatnonzero(share > market.uncovered_max)
    if len(much):
        lacking = (market.left_out[solved] > 0).any(axis=0)
        held = np.unique(lists.weights[np.isin(lists.portfolio, much)].tocoo().col)
        shares = listed(f"{lists.portfolios[row]} {share[row]:.2%}" for row in much)
        raise UnfitAccountsError(
            f"accounts: {counted(len(much), 'account')} with more than {market.uncovered_max:.2%} of the weight in names "
            f"without exposures on some days: {shares}. The names: {listed(market.assets[held[lacking[held]]])}. Add their "
            f"data and fit again, or allow more by the argument uncovered_max: sums stay exact, the row 'unmodelled' has "
            f"what these names earned, and data['uncovered_weight'] tells the accounts apart.",
            rejects("uncovered", lists.portfolios[much], value=share[much]),
        )


def uncovered_share(uncovered: np.ndarray, market: MarketDays) -> np.ndarray:
    """(portfolio) mean of `uncovered` weights (portfolio, time); a day without a solution is the model's, flagged there."""
    share: np.ndarray = uncovered[:, market.solved].sum(axis=1) / max(int(market.solved.sum()), 1)
    return share


def _require_value(value: np.ndarray, portfolios: pd.Index, days: pd.DatetimeIndex) -> None:
    gone = ~(value > 0)
    if gone.any():
        row = np.flatnonzero(gone.any(axis=1))
        when = gone[row].argmax(axis=1) - 1
        places = (f"{portfolios[r]} {days[max(w, 0)]:%Y-%m-%d}" for r, w in zip(row, when, strict=True))
        raise UnfitAccountsError(
            f"accounts: {counted(len(row), 'account')} lose all their value: {listed(places)}. "
            f"Check the weights of names held short and the returns.",
            rejects("lost_all", portfolios[row], date=days[np.maximum(when, 0)]),
        )


def _coefficients(returns: np.ndarray, benchmark: np.ndarray | None, market: MarketDays, portfolios: pd.Index) -> np.ndarray:
    """(portfolio, time); without a benchmark those of the return itself, by Carino."""
    own = xr.DataArray(returns.T, {"time": market.days, "portfolio": portfolios}, ("time", "portfolio"))
    if benchmark is None:
        return coefficients(own, 0.0).to_numpy().T
    side = xr.DataArray(benchmark, {"time": market.days}, ("time",))
    return coefficients(own, side, method=market.link).transpose("portfolio", "time").to_numpy()


def linked_rows(measured: np.ndarray, coefficient: np.ndarray, market: MarketDays, *, moves: bool = True) -> np.ndarray:
    """sum_t lambda_pt y_ptk f_tk, with f = 1 for what is a return already: (portfolio, row of a cut by factor but proxy).

    Where it `moves`, the market's part of what is not invested stands in the row of that.
    """
    f, factors, place = market.factor_return, market.factor_return.shape[1], market.market
    model = np.einsum("pt,ptk,tk->pk", coefficient, measured[:, :, :factors], f)
    outside = np.einsum("pt,ptk->pk", coefficient, measured[:, :, factors:-1])
    if moves and place is not None:
        moved = np.einsum("pt,pt,t->p", coefficient, measured[:, :, -1], f[:, place])
        model[:, place] += moved
        outside[:, NOT_INVESTED] -= moved
    return np.column_stack([model, outside])


def estimated_exposures(measured: np.ndarray, market: MarketDays, *, moves: bool = True) -> np.ndarray:
    """Exposures to the factors, the market's without what is not invested, and to the market through that.

    (portfolio, time, factor + 1) from (portfolio, time, measure).
    """
    factors = market.factor_return.shape[1]
    out = np.concatenate([measured[:, :, :factors], -measured[:, :, -1:]], axis=2)
    if market.market is None or not moves:
        out[:, :, -1] = 0.0
    else:
        out[:, :, market.market] += measured[:, :, -1]
    return out


def _errors(linked: np.ndarray, market: MarketDays, estimated: Sequence[np.ndarray]) -> Arrays:
    """Standard errors by factor and by group from linked measures (portfolio, time, measure); as `factor_errors`."""
    error, factors = factor_errors(linked, market, estimated), market.factor_return.shape[1]
    exposed = estimated_exposures(linked, market)
    groups = np.zeros((len(linked), len(group_names(market))))
    for column, name in enumerate(group_names(market)):
        members = np.flatnonzero(market.groups[:factors] == name)
        member = (market.groups == name)[None, :factors].astype(float)
        unsure = _unsure(estimated, market, np.vstack([member, np.zeros_like(member)]))[:, 0]
        groups[:, column] = np.sqrt(_together(exposed, members, market) ** 2 + unsure)
        if name == SPECIFIC:
            groups[:, column] = error[:, factors]
        elif name == market.groups[factors + NOT_INVESTED]:
            groups[:, column] = error[:, factors + NOT_INVESTED]
    return {"standard_error": error, "group_standard_error": groups}


def factor_errors(
    linked: np.ndarray, market: MarketDays, estimated: Sequence[np.ndarray] = (), *, moves: bool = True
) -> np.ndarray:
    """Standard errors of every row of a cut by factor, from linked measures (portfolio, time, measure).

    `estimated` are the linked weights (portfolio, time) in each name whose exposures are estimated.
    """
    factors = market.factor_return.shape[1]
    by_day = estimated_exposures(linked, market, moves=moves).transpose(1, 0, 2)
    error = np.zeros((len(linked), len(market.groups)))
    variance = np.diagonal(market.covariance, axis1=1, axis2=2)[:, np.append(np.arange(factors), market.market or 0)]
    own = np.sqrt(where_known(lambda z, v: np.einsum("tpk,tpk,tk->pk", z, z, v), by_day, variance))
    error[:, :factors], error[:, factors + NOT_INVESTED] = own[:, :-1], own[:, -1]
    error[:, factors] = _together(linked, np.arange(factors), market)  # specific mirrors all factors together
    member = np.vstack([np.eye(factors), np.zeros(factors)])
    error[:, : factors + 1] = np.sqrt(error[:, : factors + 1] ** 2 + _unsure(estimated, market, member))
    return error


def _unsure(estimated: Sequence[np.ndarray], market: MarketDays, member: np.ndarray) -> np.ndarray:
    """Variances (portfolio, row) by the errors of estimated exposures; the last row of `member` is specific's."""
    if market.exposure_errors is None:
        return np.zeros((1, len(member)))
    held, day = [own.T for own in estimated], np.zeros(len(market.days), dtype=int)
    rows = variances_of_rows(market.exposure_errors, held, market.factor_return, day, member, len(member) - 1)
    return np.asarray(rows[0])


def _together(linked: np.ndarray, members: np.ndarray, market: MarketDays) -> np.ndarray:
    part = np.ascontiguousarray(linked.transpose(1, 0, 2)[:, :, members])
    among = market.covariance[:, members][:, :, members]
    return np.sqrt(where_known(lambda z, c: np.einsum("tpk,tpk->p", z @ c, z), part, among).clip(min=0.0))


def _own(lists: AccountLists, market: MarketDays, runs: Sequence[Run], lambdas: list[np.ndarray]) -> Arrays:
    """w_pi sum_t lambda_pt G_it r_it / V_pt of each held name, for each set of coefficients, and with B_t for r_it."""
    parts = []
    for run in runs:
        held = lists.weights[run.lists].tocoo()
        owner = lists.portfolio[run.lists]
        earned = np.ascontiguousarray((run.live * market.period[run.days]).T)[held.col]
        weight = np.ascontiguousarray((run.weight * market.benchmark_return[run.days, None]).T)[held.col]
        part = {"portfolio": owner[held.row], "asset": held.col.astype(np.int64)}
        excess, absolute = lambdas
        for name, coefficient, gains in zip(OWN, (excess, absolute, excess), (earned, earned, weight), strict=True):
            scale = np.where(run.counts, coefficient[owner, run.days] / run.value[:, :-1], 0.0)
            part[name] = held.data * np.einsum("et,et->e", scale[held.row], gains)
        parts.append(part)
    whole = {name: np.concatenate([part[name] for part in parts]) for name in ("portfolio", "asset", *OWN)}
    if len(parts) == 1:
        return whole
    key, place = np.unique(whole["portfolio"] * len(market.assets) + whole["asset"], return_inverse=True)
    summed = {name: np.bincount(place, whole[name], len(key)) for name in OWN}  # a name may be in several lists
    return {"portfolio": key // len(market.assets), "asset": key % len(market.assets)} | summed


def _differences(out: Arrays, own: Arrays, market: MarketDays) -> np.ndarray:
    """Left less right of each identity, (portfolio, identity): cuts against the returns of the accounts' values."""
    number = len(out["coefficient"])
    total = np.prod(1 + out["portfolio_return_of_day"], axis=1) - 1
    excess = total - (np.prod(1 + market.benchmark_return) - 1)
    rows, coefficient = out["contribution"], out["coefficient"]
    groups = sum(rows[:, market.groups == name].sum(axis=1) for name in group_names(market))
    stocks = np.bincount(own["portfolio"], own["excess_share"] - own["at_benchmark"], number)
    stocks = stocks - (coefficient @ (benchmark_shares(market) - benchmark_parts(market))).sum(axis=1) + rows[:, -1]
    days = (coefficient * (out["portfolio_return_of_day"] - market.benchmark_return)).sum(axis=1)
    absolute = np.bincount(own["portfolio"], own["return_share"], number)
    left = [rows.sum(axis=1), groups, stocks, days, out["absolute_contribution"].sum(axis=1), absolute]
    right = [excess, excess, excess, excess, total, total]
    return np.column_stack([a - b for a, b in zip(left, right, strict=True)])


def _require_reconciled(difference: np.ndarray, portfolios: pd.Index) -> None:
    failed = ~(np.abs(difference) <= TOLERANCE)
    if failed.any():
        places = (
            f"{portfolios[row]} ({IDENTITIES[column]}, by {difference[row, column]:.3g})"
            for row, column in np.argwhere(failed)
        )
        raise UnreconciledAccountsError(
            f"contributions of {counted(int(failed.any(axis=1).sum()), 'account')} do not add up: {listed(places)}.",
            rejects("unreconciled", portfolios[np.nonzero(failed)[0]], value=difference[failed]),
        )
