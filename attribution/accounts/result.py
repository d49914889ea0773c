"""AccountsResult: the linked contributions of many accounts, and their cuts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.pieces import require_against
from attribution.identities import TOLERANCE
from attribution.rows import AGAINST, PROXY, SMALLEST_ERROR
from riskmodel.arrays.labels import require_flag, require_kind
from riskmodel.errors import InputError

if TYPE_CHECKING:
    from attribution.accounts.pairs import Explained

CUTS = ("factor", "group", "stock", "sector", "day")
PAIR = {"sector", "factor"}
SHARES = ("excess_share", "return_share")


@dataclass(frozen=True)
class AccountsResult:
    """Linked contributions of many accounts over one period; it holds them and cuts them.

    Attributes
    ----------
    benchmark, period, link
        What the accounts were held against, when, and how days were linked.
    data
        By portfolio: `portfolio_return_of_day`, `uncovered_weight` (of names that the model leaves out), `coefficient`,
        `absolute_coefficient` (time); `contribution`, `absolute_contribution`, `standard_error`, `active_exposure` (factor);
        `group_standard_error` (group); `difference` (identity). Shared: `benchmark_return_of_day`,
        `constituents_return_of_day` (time), `benchmark_share`, `benchmark_part` (time, asset; what the benchmark's names
        earned, and what their weights would have earned in the whole of it), `factor_return`, `factor_group` (factor),
        `sector`, `name`, `name_ja` (asset).
    shares
        portfolio, ticker, excess_share, return_share, at_benchmark: linked contribution of each held name to the excess
        return, before the benchmark's holding of the name is taken off, to the return, and what its weight would have earned
        in the benchmark. None where dask holds the accounts: `data` then has them by (portfolio, asset).
    stopped
        portfolio, ticker, last_trade, resumes, weight, list_date, final: held names that stopped trading and were not paid
        out while they were held; see `attribution.portfolio.holdings.Track`. None where dask holds the accounts: `data` then
        has their number, `stopped`.
    benchmark_stopped
        The same of the benchmark.
    source
        What the accounts were explained with, for two cuts at once. None where dask holds the accounts.
    """

    benchmark: str
    period: str
    link: str
    data: xr.Dataset
    shares: pd.DataFrame | None
    stopped: pd.DataFrame | None
    benchmark_stopped: pd.DataFrame
    source: Explained | None = None

    @property
    def portfolio_return(self) -> xr.DataArray:
        """Compounded return of each account, (portfolio)."""
        return _compounded(self.data["portfolio_return_of_day"])

    @property
    def benchmark_return(self) -> float:
        """Compounded return of the benchmark."""
        return float(_compounded(self.data["benchmark_return_of_day"]))

    @property
    def excess_return(self) -> xr.DataArray:
        """Return of each account less the benchmark's: what its contributions add to, (portfolio)."""
        return self.portfolio_return - self.benchmark_return

    def by(self, *cuts: str, absolute: bool = False, against: str = AGAINST[0]) -> xr.DataArray:
        """Cut the linked contributions of every account.

        Parameters
        ----------
        cuts
            factor, group, stock, sector or day; or sector and factor together.
        absolute
            Contributions to the account's return (their sum is R) instead of to its excess (their sum is R - B).
        against
            What the part of a name or sector is measured against: "benchmark" or "zero"; no other cut knows a difference.

        Returns
        -------
        DataArray
            (portfolio, cut), decimals; lazy where the accounts are. By sector and factor it is made when asked for, in
            blocks of accounts: see `attribution.accounts.pairs`. By stock it is dense, 8 bytes a cell, on the names that
            an account or the benchmark holds, CASH and (proxy); `shares` has the held names only.

        Raises
        ------
        InputError
            For an unknown cut; for two of accounts that dask holds.
        """
        require_flag("absolute", absolute)
        require_against(against)
        if _is_pair(cuts):
            return self._pair(cuts, absolute=absolute, against=against, errors=False)
        if len(cuts) != 1 or cuts[0] not in CUTS:
            raise InputError(
                f"cut {', '.join(map(repr, cuts)) or 'missing'}: name one of {', '.join(CUTS)}, or sector and factor "
                f"together."
            )
        cut = cuts[0]
        if cut in ("factor", "group"):
            values = self.data["absolute_contribution" if absolute else "contribution"]
            return values if cut == "factor" else _summed(values, self.data["factor_group"], cut)
        if cut == "day":
            return self._by_day(absolute).rename(time=cut)
        stocks = self._by_stock(absolute, against)
        return stocks if cut == "stock" else _summed(stocks, self._sector_of_stock, cut)

    def standard_errors(self, *cuts: str, against: str = AGAINST[0]) -> xr.DataArray:
        """Standard errors of a cut of the excess by factor (the default), group, or sector and factor; observed rows have 0.

        Raises
        ------
        InputError
            For another cut; for two of accounts that dask holds.

        Notes
        -----
        Var(C_g) = sum_t lambda_t^2 x_gt' Cov(f_t) x_gt for each account; docs/methodology/standard_errors.md.
        """
        require_against(against)
        if _is_pair(cuts):
            return self._pair(cuts, absolute=False, against=against, errors=True)
        if cuts not in ((), ("factor",), ("group",)):
            raise InputError(
                f"standard errors by {', '.join(map(repr, cuts))}: only factor, group, and sector and factor together are "
                f"estimated; other cuts are observed."
            )
        return self.data["group_standard_error" if cuts == ("group",) else "standard_error"]

    @cached_property
    def returns(self) -> pd.DataFrame:
        """One row an account: portfolio, return, benchmark_return, excess."""
        total = self.portfolio_return.to_numpy()
        return pd.DataFrame(
            {
                "portfolio": self.data.get_index("portfolio"),
                "return": total,
                "benchmark_return": self.benchmark_return,
                "excess": total - self.benchmark_return,
            }
        )

    @cached_property
    def factors(self) -> pd.DataFrame:
        """One row an account and factor: portfolio, factor, group, active_exposure (mean over days), factor_return
        (compounded), contribution, standard_error, t (NaN where the error is only rounding).
        """
        columns = ["active_exposure", "factor_return", "contribution", "standard_error"]
        table = xr.broadcast(self.data[[*columns, "factor_group"]].drop_dims([]))[0].transpose("portfolio", "factor")
        frame = table.to_dataframe().reset_index().rename(columns={"factor_group": "group"})
        frame["t"] = frame["contribution"] / frame["standard_error"].where(frame["standard_error"] > SMALLEST_ERROR)
        return frame[["portfolio", "factor", "group", *columns, "t"]]

    @cached_property
    def reconciliation(self) -> pd.DataFrame:
        """Every identity where it is furthest from holding: portfolio, identity, difference, tolerance, passed, accounts."""
        differences = self.data["difference"].transpose("portfolio", "identity").to_numpy()
        worst = np.abs(differences).argmax(axis=0)
        furthest = differences[worst, np.arange(differences.shape[1])]
        return pd.DataFrame(
            {
                "portfolio": self.data.get_index("portfolio")[worst],
                "identity": self.data.get_index("identity"),
                "difference": furthest,
                "tolerance": TOLERANCE,
                "passed": np.abs(furthest) <= TOLERANCE,
                "accounts": len(differences),
            }
        )

    @property
    def _sector_of_stock(self) -> xr.DataArray:
        sector = self.data["sector"].rename(asset="stock")
        return xr.DataArray([*sector.to_numpy(), PROXY], {"stock": [*sector["stock"].to_numpy(), PROXY]}, ("stock",))

    def _pair(self, cuts: tuple[str, ...], *, absolute: bool, against: str, errors: bool) -> xr.DataArray:
        from attribution.accounts.pairs import sector_by_factor

        if self.source is None:
            raise InputError(
                f"cut {', '.join(map(repr, cuts))}: accounts that dask holds have one cut at a time. Compute them "
                f"first, and explain those."
            )
        coefficient = self.data["absolute_coefficient" if absolute else "coefficient"].transpose("portfolio", "time")
        sectors = pd.Index(self.data["sector"].sel(asset=self.source.market.assets).to_numpy())
        of = coefficient.to_numpy()
        cells = sector_by_factor(self.source, sectors, of, absolute=absolute, against=against, errors=errors)
        return cells.transpose("portfolio", *cuts)

    def _by_day(self, absolute: bool) -> xr.DataArray:
        own = self.data["portfolio_return_of_day"]
        if absolute:
            return self.data["absolute_coefficient"] * own
        return self.data["coefficient"] * (own - self.data["benchmark_return_of_day"])

    def _by_stock(self, absolute: bool, against: str) -> xr.DataArray:
        own, coefficient = self._own(SHARES[absolute]), self.data["coefficient"]
        gap = self.data["constituents_return_of_day"] - self.data["benchmark_return_of_day"]
        if absolute:
            proxy = xr.zeros_like(coefficient.isel(time=0, drop=True))
        else:
            official = self.data["benchmark_share"]
            if against == AGAINST[0]:
                own, official = own - self._own("at_benchmark"), official - self.data["benchmark_part"]
            own = own - xr.dot(coefficient, official, dim="time")
            proxy = xr.dot(coefficient, gap, dim="time")
        proxy = proxy.expand_dims(asset=[PROXY], axis=1)
        return xr.concat([own.transpose("portfolio", "asset"), proxy], "asset").rename(asset="stock")

    def _own(self, share: str) -> xr.DataArray:
        if self.shares is None:
            return self.data[share]
        portfolios, assets = self.data.get_index("portfolio"), self.data.get_index("asset")
        place = portfolios.get_indexer(self.shares["portfolio"]), assets.get_indexer(self.shares["ticker"])
        values = np.zeros((len(portfolios), len(assets)))
        values[place] = self.shares[share].to_numpy()
        return xr.DataArray(values, {"portfolio": portfolios, "asset": assets}, ("portfolio", "asset"))

    def __repr__(self) -> str:
        lines = [
            f"{self.data.sizes['portfolio']:,} accounts against {self.benchmark}, {self.period} "
            f"({self.data.sizes['time']} days, {self.link} linking)"
        ]
        if self.shares is None:
            return lines[0] + ", not computed yet"
        excess = self.returns["excess"]
        lines.append(
            f"benchmark {self.benchmark_return:+z.2%}   excess: median {excess.median():+z.2%}, "
            f"from {excess.min():+z.2%} ({self.returns['portfolio'][excess.idxmin()]}) "
            f"to {excess.max():+z.2%} ({self.returns['portfolio'][excess.idxmax()]})"
        )
        lines += ["", f"{'contributions':<24}{'median':>9}{'least':>9}{'most':>9}"]
        rows = self.by("factor")
        middle = abs(rows).mean("portfolio").to_series().nlargest(8).index
        for factor in middle:
            values = rows.sel(factor=factor).to_numpy()
            lines.append(f"{factor:<24}{np.median(values):+z9.2%}{values.min():+z9.2%}{values.max():+z9.2%}")
        passed = int(self.reconciliation["passed"].sum())
        lines.append(f"{passed} of {len(self.reconciliation)} identities hold to 1e-12 for every account")
        return "\n".join(lines)


def _is_pair(cuts: tuple[str, ...]) -> bool:
    """Whether a cut is by sector and factor together; refused where one is no name of a cut."""
    for cut in cuts:
        require_kind("cuts", cut, str, f"Name one of {', '.join(CUTS)}, or sector and factor together.")
    return len(cuts) == len(PAIR) and set(cuts) == PAIR


def _compounded(returns: xr.DataArray) -> xr.DataArray:
    return (1 + returns).prod("time") - 1


def _summed(values: xr.DataArray, labels: xr.DataArray, cut: str) -> xr.DataArray:
    """Sums of the columns that share a label, in the order in which labels appear."""
    dim = str(labels.dims[0])
    names = pd.Index(labels.to_numpy()).unique()
    member = xr.DataArray(labels.to_numpy()[:, None] == names.to_numpy(), {dim: labels[dim], cut: names}, (dim, cut))
    return xr.dot(values, member.astype(float), dim=dim)
