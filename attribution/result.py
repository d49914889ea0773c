"""AttributionResult: every cut of one set of linked contributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from attribution.book import CASH, Book
from attribution.contributions import PROXY, Course, cube, follow_course
from attribution.linking import DAY_SCALING, coefficients, compound
from attribution.periods import read_period
from attribution.reconcile import reconcile, require_reconciled
from riskmodel.errors import InputError
from riskmodel.factors import MARKET, STYLES, group_of

if TYPE_CHECKING:
    from attribution.grouping import Groups
    from attribution.report.charts import Plots
    from riskmodel.model import RiskModelResults

CUTS = ("factor", "group", "stock", "sector", "day")
OTHER = ("cash", "unmodelled", "proxy")
SMALLEST_ERROR = 1e-15  # a course without cash has no active exposure to the market: what is left is rounding


def attribute(
    book: Book, course: str, model: RiskModelResults, market: xr.Dataset, *, period: str, link: str = "carino"
) -> AttributionResult:
    """Explain a course's excess return over its benchmark as contributions that add up exactly.

    Parameters
    ----------
    book
        From `attribution.read_book`.
    course
        A course of the book, or the key of a sleeve.
    model
        A fit of the same market, from `riskmodel.RiskModel.fit` or `riskmodel.load`.
    market
        From `riskmodel.read_market`.
    period
        A month "2016-06", or a run of months "2016-01/2016-06".
    link
        How days become the period: "carino", "menchero", "grap" or "frongello"; docs/methodology/linking.md. Contributions
        to the return itself are linked by Carino.

    Returns
    -------
    AttributionResult
        Only with every identity of `reconciliation` within its tolerance.

    Raises
    ------
    InputError
        For an unknown course, a period outside the data, a held name that stops trading under delisted = "error".
    ReconciliationError
        Where an identity fails; the message names it. This is a defect of the software, never of the inputs.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> market = rm.read_market("fixtures/small")
    >>> book = at.read_book("fixtures/small/book.toml")
    >>> result = at.attribute(book, "Major 100", rm.RiskModel().fit(market), market, period="2025-03")
    >>> bool(abs(result.by("factor").sum() - result.excess_return) < 1e-12)
    True
    """
    if link not in DAY_SCALING:
        raise InputError(f"link '{link}': the known methods are {', '.join(DAY_SCALING)}.")
    with threadpool_limits(limits=1, user_api="blas"):  # the same bits whatever the number of cores
        return _attribute(book, course, model, market, period, link)


def _attribute(
    book: Book, course: str, model: RiskModelResults, market: xr.Dataset, period: str, link: str
) -> AttributionResult:
    followed = follow_course(book, course, market, read_period(period, book, market))
    data = cube(followed, model, market)
    portfolio, benchmark = data["portfolio_return"], data["benchmark_return"]
    result = AttributionResult(
        course=course,
        benchmark=book.benchmark_name(course),
        period=period,
        link=link,
        data=data.assign(
            coefficient=coefficients(portfolio, benchmark, method=link),
            absolute_coefficient=coefficients(portfolio, 0.0),
        ),
        followed=followed,
    )
    require_reconciled(result.reconciliation, f"{course}, {period}")
    return result


def require_cuts(cuts: Sequence[str]) -> None:
    """Refuse cuts that are unknown, missing or named twice."""
    if not cuts or len(set(cuts)) < len(cuts) or not set(cuts) <= set(CUTS):
        raise InputError(f"cut {', '.join(map(repr, cuts)) or 'missing'}: name one or more, once, of {', '.join(CUTS)}.")


@dataclass(frozen=True)
class AttributionResult:
    """Linked contributions of one course over one period; it holds the cube and cuts it.

    Attributes
    ----------
    course, benchmark, period, link
        What was explained and how its days were linked.
    data
        The cube's parts (see `attribution.contributions.cube`) and the linking coefficients `coefficient` (of the excess
        return) and `absolute_coefficient` (of the return), (time).
    followed
        The course's daily weights and returns, and its parts.
    """

    course: str
    benchmark: str
    period: str
    link: str
    data: xr.Dataset
    followed: Course

    @property
    def portfolio_return(self) -> float:
        """Compounded return of the course, decimal."""
        return compound(self.data["portfolio_return"].to_numpy())

    @property
    def benchmark_return(self) -> float:
        """Compounded return of the benchmark, decimal."""
        return compound(self.data["benchmark_return"].to_numpy())

    @property
    def excess_return(self) -> float:
        """Portfolio return less benchmark return: what the contributions add to."""
        return self.portfolio_return - self.benchmark_return

    @property
    def factor_names(self) -> list[str]:
        """Every row of a factor cut: the model's factors, then specific, cash, unmodelled, proxy."""
        return [*map(str, self.data["factor"].to_numpy()), "specific", *OTHER]

    @cached_property
    def reconciliation(self) -> pd.DataFrame:
        """Every identity: course, identity, left, right, difference, tolerance, passed."""
        return reconcile(self)

    def by(self, *cuts: str, absolute: bool = False) -> pd.Series:
        """Cut the linked contributions.

        Parameters
        ----------
        cuts
            One or more of factor, group, stock, sector, day.
        absolute
            Contributions to the course's return (their sum is R) instead of to its excess (their sum is R - B).

        Returns
        -------
        Series
            Named "contribution", decimals, indexed by the cuts in the order given. A cut by stock has the held and benchmark
            names, CASH and (proxy).

        Raises
        ------
        InputError
            For an unknown cut.

        Notes
        -----
        C = sum_t lambda_t a_it X_ik,t-1 f_kt and its like; docs/methodology/contributions.md.
        """
        require_cuts(cuts)
        days, stocks = "day" in cuts, bool({"stock", "sector"} & set(cuts))
        cells = self._factor_cells(days, stocks, absolute) if {"factor", "group"} & set(cuts) else self._observed(absolute)
        if "sector" in cuts:
            sector = self.data["sector"].to_series()
            cells["sector"] = cells["stock"].map(sector).fillna(PROXY)
        if "group" in cuts:
            cells["group"] = cells["factor"].map({name: self.group(name) for name in self.factor_names})
        return cells.groupby(list(cuts), sort=False, observed=True)["contribution"].sum()

    def brinson(self, *groupings: str | Groups, **options: Any) -> pd.DataFrame:
        """Allocation, selection and interaction by group of the holdings, linked; see `attribution.grouping.brinson_table`.

        Parameters
        ----------
        groupings
            A column of `securities` such as "sector", or (ticker -> group); several from the coarsest to the finest.
        options
            `method`, `interaction`, `missing`, `anchored`.

        Returns
        -------
        DataFrame
            course, grouping, group, portfolio_weight, benchmark_weight, portfolio_return, benchmark_return, allocation,
            selection, interaction. The effects sum to R - B.
        """
        from attribution.grouping import brinson_table

        return brinson_table(self.data, self.course, *groupings, **options)

    def group(self, factor: str) -> str:
        """market, sector, style, specific or other."""
        return group_of(factor, frozenset(map(str, self.data["factor"].to_numpy())) - {MARKET, *STYLES})

    @property
    def active_exposures(self) -> xr.DataArray:
        """Start-of-day active exposure to each factor of the model, (time, factor)."""
        active = self._live(absolute=False)
        exposure = self.data["exposure"].transpose("time", "factor", "asset").to_numpy()
        return self.data["factor_return"].copy(data=(exposure @ active[..., None])[..., 0])

    def standard_errors(self, cut: str = "factor") -> pd.Series:
        """Standard errors of a factor or group cut, carried from the day's regressions through exposures and linking.

        Parameters
        ----------
        cut
            "factor" or "group".

        Returns
        -------
        Series
            Decimals. Cash, unmodelled and proxy are observed: 0. Specific mirrors the error of all factors together.

        Notes
        -----
        Var(C_g) = sum_t lambda_t^2 x_gt' Cov(f_t) x_gt with x_gt the active exposures to the factors of g; days are
        independent. docs/methodology/standard_errors.md.
        """
        if cut not in ("factor", "group"):
            raise InputError(f"standard errors by '{cut}': only factor and group are estimated; other cuts are observed.")
        linked = self.active_exposures.to_numpy() * self.data["coefficient"].to_numpy()[:, None]
        covariance = self.data["covariance"].to_numpy()
        factors = [str(f) for f in self.data["factor"].to_numpy()]
        rows = {"specific": linked}
        members = {name: [name] for name in factors} if cut == "factor" else {}
        if cut == "group":
            for name in factors:
                members.setdefault(self.group(name), []).append(name)
        for label, names in members.items():
            rows[label] = np.where(np.isin(factors, names), linked, 0.0)
        variance = {label: np.einsum("tk,tkl,tl->", x, covariance, x) for label, x in rows.items()}
        labels = self.by(cut).index
        return pd.Series([np.sqrt(max(variance.get(str(x), 0.0), 0.0)) for x in labels], labels, name="standard_error")

    @cached_property
    def factors(self) -> pd.DataFrame:
        """One row a factor: course, factor, group, active_exposure (mean over days), factor_return (compounded),
        contribution, standard_error, t.
        """
        contribution, error = self.by("factor"), self.standard_errors("factor")
        exposure = self.active_exposures.mean("time").to_series()
        returned = ((1 + self.data["factor_return"]).prod("time") - 1).to_series()
        frame = pd.DataFrame({"course": self.course, "factor": contribution.index})
        frame["group"] = [self.group(str(f)) for f in contribution.index]
        frame["active_exposure"] = exposure.reindex(contribution.index).to_numpy()
        frame["factor_return"] = returned.reindex(contribution.index).to_numpy()
        frame["contribution"] = contribution.to_numpy()
        frame["standard_error"] = error.to_numpy()
        frame["t"] = frame["contribution"] / frame["standard_error"].where(frame["standard_error"] > SMALLEST_ERROR)
        return frame

    @cached_property
    def stocks(self) -> pd.DataFrame:
        """One row a name: course, ticker, name, weight_start, weight_end, return, contribution (of the course's return),
        active_contribution.
        """
        absolute, active = self.by("stock", absolute=True), self.by("stock")
        returned = ((1 + self.data["asset_return"]).prod("time") - 1).to_series()
        start = self.data["portfolio_weight"].isel(time=0).to_series()
        tickers = active.index
        return pd.DataFrame(
            {
                "course": self.course,
                "ticker": tickers,
                "name": self.data["name"].to_series().reindex(tickers).fillna("").to_numpy(),
                "weight_start": start.reindex(tickers).to_numpy(),
                "weight_end": self.data["closing_weight"].to_series().reindex(tickers).to_numpy(),
                "return": returned.reindex(tickers).to_numpy(),
                "contribution": absolute.reindex(tickers).fillna(0.0).to_numpy(),
                "active_contribution": active.to_numpy(),
            }
        )

    @property
    def plot(self) -> Plots:
        """Figures of this result: `plot.waterfall(lang="ja")`, `plot.factors()`; they are returned, not shown."""
        from attribution.report.charts import Plots

        return Plots(self)

    def _live(self, *, absolute: bool) -> np.ndarray:
        own = self.data["portfolio_live"].to_numpy()
        return own if absolute else own - self.data["benchmark_live"].to_numpy()

    def _linked(self, absolute: bool) -> np.ndarray:
        """Weights times the day's coefficient, (time, asset)."""
        coefficient = self.data["absolute_coefficient" if absolute else "coefficient"].to_numpy()
        return self._live(absolute=absolute) * coefficient[:, None]

    def _proxy(self, absolute: bool) -> np.ndarray:
        """Linked return of the constituents less the official benchmark's, (time)."""
        gap = (self.data["constituents_return"] - self.data["benchmark_return"]).to_numpy()
        return np.zeros_like(gap) if absolute else gap * self.data["coefficient"].to_numpy()

    def _observed(self, absolute: bool) -> pd.DataFrame:
        """Contributions by day and stock from observed returns alone; no model in them."""
        values = self._linked(absolute) * self.data["asset_return"].to_numpy()
        values = np.column_stack([values, self._proxy(absolute)])
        return _tidy(values[..., None], self._days, self._stocks, [""]).drop(columns="factor")

    def _factor_cells(self, days: bool, stocks: bool, absolute: bool) -> pd.DataFrame:
        """Contributions by factor, and by day and stock where asked, from exposures and factor returns."""
        linked, modelled = self._linked(absolute), self.data["modelled"].to_numpy()
        exposure = self.data["exposure"].transpose("time", "factor", "asset").to_numpy()
        f = self.data["factor_return"].transpose("time", "factor").to_numpy()
        assets = self.data.get_index("asset")
        outside = linked * self.data["asset_return"].to_numpy() * ~modelled
        cash = np.where(assets == CASH, outside, 0.0)
        rest = [linked * self.data["specific_return"].to_numpy(), cash, outside - cash]
        proxy = self._proxy(absolute)
        if stocks:
            model = (exposure * f[:, :, None] * linked[:, None, :]).transpose(0, 2, 1)
            values = np.concatenate([model, np.stack([*rest, np.zeros_like(linked)], axis=2)], axis=2)
            last = np.zeros((len(values), 1, values.shape[2]))
            last[:, 0, -1] = proxy
            values = np.concatenate([values, last], axis=1)
        else:
            model = (exposure @ linked[..., None])[..., 0] * f
            values = np.column_stack([model, *(part.sum(axis=1) for part in rest), proxy])[:, None, :]
        if not days:
            values = values.sum(axis=0, keepdims=True)
        return _tidy(values, self._days if days else [""], self._stocks if stocks else [""], self.factor_names)

    @property
    def _days(self) -> pd.DatetimeIndex:
        return self.data.get_index("time")

    @property
    def _stocks(self) -> list[str]:
        return [*map(str, self.data["asset"].to_numpy()), PROXY]

    def __repr__(self) -> str:
        shown = self.factors.assign(size=lambda x: x["contribution"].abs()).nlargest(8, "size")
        stocks = self.by("stock")
        lines = [
            f"{self.course} against {self.benchmark}, {self.period} ({len(self._days)} days, {self.link} linking)",
            f"return {self.portfolio_return:+z.2%}   benchmark {self.benchmark_return:+z.2%}   "
            f"excess {self.excess_return:+z.2%}",
            "",
            f"{'largest contributions':<24}{'exposure':>9}{'contribution':>14}{'error':>8}{'t':>7}",
        ]
        for row in shown.itertuples():
            exposure = f"{row.active_exposure:+z9.2f}" if np.isfinite(row.active_exposure) else " " * 9
            t = f"{row.t:7.1f}" if np.isfinite(row.t) else "    n/a"
            lines.append(f"{row.factor:<24}{exposure}{row.contribution:+z14.2%}{row.standard_error:8.2%}{t}")
        lines += ["", "best   " + _names(stocks.nlargest(5)), "worst  " + _names(stocks.nsmallest(5))]
        passed = int(self.reconciliation["passed"].sum())
        lines.append(f"{passed} of {len(self.reconciliation)} identities hold to 1e-12")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = (
            f"<p><b>{escape(self.course)}</b> against {escape(self.benchmark)}, {self.period}: "
            f"return {self.portfolio_return:+z.2%}, benchmark {self.benchmark_return:+z.2%}, "
            f"excess {self.excess_return:+z.2%}</p>"
        )
        frame = self.factors.drop(columns="course").set_index("factor")
        percent = dict.fromkeys(("factor_return", "contribution", "standard_error"), "{:+z.2%}".format)
        return head + str(frame.to_html(formatters=percent, float_format="{:.2f}".format, na_rep="n/a"))


def _names(series: pd.Series) -> str:
    return ", ".join(f"{name} {value:+z.2%}" for name, value in series.items())


def _tidy(values: np.ndarray, days: object, stocks: object, factors: object) -> pd.DataFrame:
    """(day, stock, factor) values as rows."""
    index = pd.MultiIndex.from_product([days, stocks, factors], names=["day", "stock", "factor"])
    return pd.Series(values.ravel(), index, name="contribution").reset_index()
