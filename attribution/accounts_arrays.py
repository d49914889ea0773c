"""The mathematics of many accounts at once: sparse lists of weights times what each day did to every name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts_inputs import AccountLists
from attribution.book import CASH
from attribution.linking import coefficients
from attribution.reconcile import TOLERANCE, ReconciliationError
from riskmodel.errors import InputError, counted, listed

OTHER = ("specific", "cash", "unmodelled", "proxy")
IDENTITIES = (
    "factors = R - B",
    "groups = R - B",
    "stocks = R - B",
    "days = R - B",
    "absolute factors = R",
    "absolute stocks = R",
)
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
OWN = ("excess_share", "return_share")
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class MarketDays:
    """What the accounts share: the days of a period on every name, by position.

    Attributes
    ----------
    assets, days
        Labels; CASH is the last asset.
    first
        Position of the base among the sessions.
    earned
        (session, asset) returns of holding a name, from `attribution.holdings.holding_returns`, to the last day.
    life
        (session, asset) the last life of each name so far.
    exposure, modelled, specific_return, factor_return, covariance
        As in `attribution.contributions.cube`, (time, factor, asset) and so on.
    factors, groups
        Rows of a cut by factor, `OTHER` last, and the group of each.
    benchmark_live, constituents_return, benchmark_return
        The benchmark's live weights (time, asset) and returns (time).
    link
        Method of linking.
    uncovered_max
        Largest weight of an account, as a mean over days with a solution, in names that the model leaves out.
    """

    assets: pd.Index
    days: pd.DatetimeIndex
    first: int
    earned: np.ndarray
    life: np.ndarray
    exposure: np.ndarray
    modelled: np.ndarray
    specific_return: np.ndarray
    factor_return: np.ndarray
    covariance: np.ndarray
    factors: pd.Index
    groups: pd.Index
    benchmark_live: np.ndarray
    constituents_return: np.ndarray
    benchmark_return: np.ndarray
    link: str
    uncovered_max: float

    @property
    def period(self) -> np.ndarray:
        """(time, asset) returns of the period's days."""
        return self.earned[self.first + 1 :]

    @property
    def bytes_of_account(self) -> int:
        """Size of the largest array that an account takes."""
        return 8 * len(self.days) * (self.exposure.shape[1] + 3)

    def measures(self, live: np.ndarray, days: slice) -> np.ndarray:
        """What a value of `live` (time, asset) has on some days, (asset, time, measure).

        The measures are exposures to the factors, then specific, cash and unmodelled return.
        """
        factors = self.exposure.shape[1]
        earned = live * self.period[days]
        outside = np.where(self.modelled[days], 0.0, earned)
        out = np.empty((len(self.assets), len(live), factors + 3))
        np.multiply(self.exposure[days].transpose(2, 0, 1), live.T[:, :, None], out=out[:, :, :factors])
        out[:, :, factors] = (live * self.specific_return[days]).T
        out[:, :, factors + 1] = 0.0
        out[-1, :, factors + 1] = outside[:, -1]
        out[:-1, :, factors + 2] = outside[:, :-1].T
        out[-1, :, factors + 2] = 0.0
        return out


@dataclass(frozen=True)
class _Run:
    """Lists that begin at one close: which they are, their days, what one of each name grew to, and the lists' values."""

    lists: np.ndarray
    days: slice
    counts: np.ndarray  # (list, time) before the list's end
    earned: np.ndarray  # (time, asset) growth so far times the return
    value: np.ndarray  # (list, time) at the start of the day


def explain(lists: AccountLists, market: MarketDays) -> tuple[Arrays, Arrays]:
    """Linked contributions of some accounts.

    Parameters
    ----------
    lists
        From `attribution.accounts_inputs.list_rows`.
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
        part is taken off) and `return_share`.

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
    portfolio_return, measured, uncovered, runs = _daily(lists, market)
    benchmark = market.measures(market.benchmark_live, slice(None)).sum(axis=0)
    lambdas = [_coefficients(portfolio_return, side, market, lists.portfolios) for side in (market.benchmark_return, None)]
    coefficient, absolute = lambdas
    factors = market.factor_return.shape[1]
    own_rows = _linked(measured, absolute, market)
    out = {"portfolio_return_of_day": portfolio_return, "uncovered_weight": uncovered}
    out |= {"coefficient": coefficient, "absolute_coefficient": absolute}
    out["absolute_contribution"] = np.pad(own_rows, ((0, 0), (0, 1)))
    measured -= benchmark
    proxy = coefficient @ (market.constituents_return - market.benchmark_return)
    out["contribution"] = np.column_stack([_linked(measured, coefficient, market), proxy])
    active = measured[:, :, :factors]
    exposure = active.mean(axis=1)
    out["active_exposure"] = np.pad(exposure, ((0, 0), (0, len(OTHER))), constant_values=np.nan)
    out |= _errors(active * coefficient[:, :, None], market)
    own = _own(lists, market, runs, lambdas)
    out["difference"] = _differences(out, own, market)
    _require_reconciled(out["difference"], lists.portfolios)
    return out, own


def group_names(market: MarketDays) -> list[str]:
    """Groups of a cut by group, in the order of the rows."""
    return [str(name) for name in market.groups.unique()]


def coordinates(market: MarketDays) -> dict[str, pd.Index]:
    """Labels of everything that is not by portfolio."""
    return {
        "time": market.days,
        "factor": market.factors,
        "group": pd.Index(group_names(market)),
        "asset": market.assets,
        "identity": pd.Index(IDENTITIES),
    }


def benchmark_shares(market: MarketDays) -> np.ndarray:
    """Contribution of each name to the constituents' return of each day, (time, asset)."""
    return market.benchmark_live * market.period


def _daily(lists: AccountLists, market: MarketDays) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[_Run]]:
    """Of the accounts' own weights: returns (portfolio, time), measures (portfolio, time, measure), weight not modelled."""
    width = market.exposure.shape[1] + 3
    returns = np.empty((len(lists.portfolios), len(market.days)))
    measured, uncovered = np.empty((*returns.shape, width)), np.empty(returns.shape)
    left_out = ~market.modelled & (market.assets != CASH)
    runs = []
    for start in np.unique(lists.start):
        rows = np.flatnonzero(lists.start == start)
        stop, begin = int(lists.stop[rows].max()), max(int(start), market.first)
        sessions, days = slice(start + 1, stop + 1), slice(begin - market.first, stop - market.first)
        same_life = market.life[sessions] == market.life[start]
        growth = np.ones((stop - start + 1, len(market.assets)))
        np.cumprod(1 + np.where(same_life, market.earned[sessions], 0.0), axis=0, out=growth[1:])
        growth = growth[begin - start :]
        live = growth[:-1] * same_life[begin - start :]
        weights = lists.weights[rows]
        value = (weights @ growth.T)[:, : len(growth)]
        _require_value(value, lists.portfolios[lists.portfolio[rows]], market.days[days])
        flat = market.measures(live, days).reshape(len(market.assets), -1)
        sums = (weights @ flat).reshape(len(rows), len(live), width)
        sums /= value[:, :-1, None]
        counts = np.arange(begin, stop) < lists.stop[rows][:, None]
        row, day = np.nonzero(counts)
        place = lists.portfolio[rows][row], day + days.start
        measured[place] = sums[row, day]
        returns[place] = (value[:, 1:] / value[:, :-1] - 1)[row, day]
        uncovered[place] = ((abs(weights) @ (live * left_out[days]).T) / value[:, :-1])[row, day]
        runs.append(_Run(rows, days, counts, live * market.period[days], value[:, :-1]))
    return returns, measured, uncovered, runs


def require_covered(uncovered: np.ndarray, lists: AccountLists, market: MarketDays) -> None:
    """Refuse accounts with more than `uncovered_max` in names that the model leaves out: a split would say nothing of them.

    `uncovered` is the weight (portfolio, time) of all accounts in `lists`, so that the message counts all.
    """
    solved = market.modelled.any(axis=1)  # a day without a solution is the model's, and flagged there
    share = uncovered[:, solved].sum(axis=1) / max(int(solved.sum()), 1)
    much = np.flatnonzero(share > market.uncovered_max)
    if len(much):
        lacking = ~market.modelled[solved].all(axis=0) & (market.assets != CASH)
        held = np.unique(lists.weights[np.isin(lists.portfolio, much)].tocoo().col)
        shares = listed(f"{lists.portfolios[row]} {share[row]:.2%}" for row in much)
        raise InputError(
            f"accounts: {counted(len(much), 'account')} with more than {market.uncovered_max:.2%} of the weight in names "
            f"without exposures on some days: {shares}. The names: {listed(market.assets[held[lacking[held]]])}. Add their "
            f"data and fit again, or allow more with uncovered_max."
        )


def _require_value(value: np.ndarray, portfolios: pd.Index, days: pd.DatetimeIndex) -> None:
    gone = ~(value > 0)
    if gone.any():
        row = np.flatnonzero(gone.any(axis=1))
        when = gone[row].argmax(axis=1) - 1
        places = (f"{portfolios[r]} {days[max(w, 0)]:%Y-%m-%d}" for r, w in zip(row, when, strict=True))
        raise InputError(
            f"accounts: {counted(len(row), 'account')} lose all their value: {listed(places)}. "
            f"Check the weights of names held short and the returns."
        )


def _coefficients(returns: np.ndarray, benchmark: np.ndarray | None, market: MarketDays, portfolios: pd.Index) -> np.ndarray:
    """(portfolio, time); without a benchmark those of the return itself, by Carino."""
    own = xr.DataArray(returns.T, {"time": market.days, "portfolio": portfolios}, ("time", "portfolio"))
    if benchmark is None:
        return coefficients(own, 0.0).to_numpy().T
    side = xr.DataArray(benchmark, {"time": market.days}, ("time",))
    return coefficients(own, side, method=market.link).transpose("portfolio", "time").to_numpy()


def _linked(measured: np.ndarray, coefficient: np.ndarray, market: MarketDays) -> np.ndarray:
    """sum_t lambda_pt y_ptk f_tk, with f = 1 for what is a return already: (portfolio, measure)."""
    factors = market.factor_return.shape[1]
    model = np.einsum("pt,ptk,tk->pk", coefficient, measured[:, :, :factors], market.factor_return)
    return np.column_stack([model, np.einsum("pt,ptk->pk", coefficient, measured[:, :, factors:])])


def _errors(linked: np.ndarray, market: MarketDays) -> Arrays:
    """Standard errors by factor and by group from linked exposures (portfolio, time, factor)."""
    covariance, factors = market.covariance, market.factor_return.shape[1]
    by_day = linked.transpose(1, 0, 2)
    error = np.zeros((len(linked), len(market.groups)))
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    error[:, :factors] = np.sqrt(np.einsum("tpk,tpk,tk->pk", by_day, by_day, variance))

    def together(members: np.ndarray) -> np.ndarray:
        part = np.ascontiguousarray(by_day[:, :, members])
        among = covariance[:, members][:, :, members]
        return np.sqrt(np.einsum("tpk,tpk->p", part @ among, part).clip(min=0.0))

    error[:, factors] = together(np.arange(factors))  # specific mirrors all factors together
    groups = np.zeros((len(linked), len(group_names(market))))
    for column, name in enumerate(group_names(market)):
        members = np.flatnonzero(market.groups[:factors] == name)
        groups[:, column] = error[:, factors] if name == "specific" else together(members) if len(members) else 0.0
    return {"standard_error": error, "group_standard_error": groups}


def _own(lists: AccountLists, market: MarketDays, runs: list[_Run], lambdas: list[np.ndarray]) -> Arrays:
    """w_pi sum_t lambda_pt G_it r_it / V_pt of each held name, for each set of coefficients."""
    parts = []
    for run in runs:
        held = lists.weights[run.lists].tocoo()
        owner = lists.portfolio[run.lists]
        earned = np.ascontiguousarray(run.earned.T)[held.col]
        part = {"portfolio": owner[held.row], "asset": held.col.astype(np.int64)}
        for name, coefficient in zip(OWN, lambdas, strict=True):
            scale = np.where(run.counts, coefficient[owner, run.days] / run.value, 0.0)
            part[name] = held.data * np.einsum("et,et->e", scale[held.row], earned)
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
    stocks = np.bincount(own["portfolio"], own["excess_share"], number)
    stocks = stocks - (coefficient @ benchmark_shares(market)).sum(axis=1) + rows[:, -1]
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
        raise ReconciliationError(
            f"contributions of {counted(int(failed.any(axis=1).sum()), 'account')} do not add up: {listed(places)}."
        )
