"""AttributionResult: every cut of one set of linked contributions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions import sums as cells
from attribution.contributions.cube import Cube
from attribution.contributions.cuts import Cut, factor_group, factor_rows, splits_factors, top, untold
from attribution.contributions.modelled.exposure_errors import estimated_sentence
from attribution.contributions.reconciliation import reconcile
from attribution.house_style.words import Messages, read_messages
from attribution.identities import require_reconciled
from attribution.linking.linking import compound
from attribution.linking.methods import DEFAULT_LINK
from attribution.portfolio.course import Course
from attribution.rows import AGAINST, VENDOR_RESIDUAL
from riskmodel.arrays.labels import require_flag

if TYPE_CHECKING:
    from attribution.contributions.groups import Groups
    from attribution.contributions.plots import Plots


@dataclass(frozen=True)
class AttributionResult:
    """Linked contributions of one course over one period; it holds the cube and cuts it.

    Attributes
    ----------
    course, benchmark, period, link
        What was explained and how its days were linked.
    cube
        Weights, exposures, returns and linking coefficients, day by day; see `attribution.contributions.cube.Cube`.
    followed
        The course's daily weights and returns, and its parts.
    currency
        What the returns are in.
    style_texts
        Style -> language -> its name on figures.
    market_name
        Language -> what the book calls its market; None where it does not say.
    """

    course: str
    benchmark: str
    period: str
    link: str
    cube: Cube
    followed: Course
    currency: str = "USD"
    style_texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    market_name: Mapping[str, str] | None = None

    @cached_property
    def data(self) -> xr.Dataset:
        """The parts of `cube` as one Dataset."""
        return self.cube.dataset()

    @property
    def portfolio_return(self) -> float:
        """Compounded return of the course, decimal."""
        return compound(self.cube.portfolio_return.to_numpy())

    @property
    def benchmark_return(self) -> float:
        """Compounded return of the benchmark, decimal."""
        return compound(self.cube.benchmark_return.to_numpy())

    @property
    def excess_return(self) -> float:
        """Portfolio return less benchmark return: what the contributions add to."""
        return self.portfolio_return - self.benchmark_return

    @property
    def factor_names(self) -> list[str]:
        """Every row of a factor cut: the model's factors, then specific, cash and stopped names, unmodelled, proxy."""
        return factor_rows(self.cube)

    @cached_property
    def reconciliation(self) -> pd.DataFrame:
        """Every identity: course, identity, left, right, difference, tolerance, passed."""
        return reconcile(
            self.cube,
            self.followed,
            currency=self.currency,
            brinson=self.sector_brinson,
            brinson_by_factor=self.sector_brinson_by_factor,
        )

    def by(self, *cuts: Cut, absolute: bool = False, against: str = AGAINST[0]) -> pd.Series:
        """Cut the linked contributions.

        Parameters
        ----------
        cuts
            One or more of factor, group, stock, sector, day, month, sleeve, or ticker -> group, see
            `attribution.read_grouping`.
        absolute
            Contributions to the course's return (their sum is R) instead of to its excess (their sum is R - B).
        against
            What a name's part of the excess is measured against: the "benchmark", so that an active weight earns what the
            name returned more than the benchmark, or "zero": what it returned. Cuts by factor, group, day and month are the
            same, and absolute ones.

        Returns
        -------
        Series
            Named "contribution", decimals, indexed by the cuts in the order given. A cut by stock has the held and benchmark
            names, CASH and (proxy). Of a blend they are what it looks through to; by sleeve, each has its shares of both
            sides.

        Raises
        ------
        InputError
            For an unknown cut, a grouping that does not fit.

        Notes
        -----
        C = sum_t lambda_t (l_it X_ik,t-1 - a_it X_Bk,t-1) f_kt and its like; docs/methodology/contributions.md.
        """
        return cells.contributions(self.cube, cuts, absolute=absolute, against=against)

    def top(self, n: int, *cuts: Cut, absolute: bool = False, against: str = AGAINST[0]) -> pd.Series:
        """The n largest and n smallest rows of a cut (stock by default), and a row `(rest)`; see `cuts`."""
        return top(self.by(*(cuts or ("stock",)), absolute=absolute, against=against), n)

    def top_with_errors(self, n: int, *cuts: Cut, absolute: bool = False, against: str = AGAINST[0]) -> pd.DataFrame:
        """The rows of `top` with contribution, standard_error and t, `(rest)` among them; see `sums`."""
        return cells.top_with_errors(self.cube, n, cuts or ("stock",), absolute=absolute, against=against)

    def path(self, *cuts: Cut, absolute: bool = False, against: str = AGAINST[0]) -> pd.DataFrame:
        """Linked contributions of the period to date, (day, cut); the last row is `by`; see `path`."""
        from attribution.contributions.path import path

        link = DEFAULT_LINK if require_flag("absolute", absolute) else self.link
        return path(self.cube, cuts, link=link, absolute=absolute, against=against)

    def averages(self, *cuts: Cut, absolute: bool = False) -> pd.Series:
        """Time averages of active weights, or of active exposures where a cut is by factor; see `sums`."""
        return cells.averages(self.cube, cuts, absolute=absolute)

    def brinson(self, *groupings: str | Groups, **options: Any) -> pd.DataFrame:
        """Allocation, selection and interaction by group of the holdings, linked; see `brinson_of_holdings.brinson_table`.

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
        from attribution.contributions.brinson_of_holdings import brinson_table

        return brinson_table(self.cube, self.course, *groupings, **options)

    def brinson_by_factor(self, *groupings: str | Groups, **options: Any) -> pd.DataFrame:
        """Brinson effects split into factors and the rest, with errors; see `brinson_by_factor`.

        Parameters
        ----------
        groupings, options
            As for `brinson`.

        Returns
        -------
        DataFrame
            course, grouping, group, effect, factor, contribution, standard_error, t. Over factors the contributions sum to
            the effects of `brinson`, over groups and effects to `by("factor")`.
        """
        from attribution.contributions.brinson_by_factor import factor_table

        return factor_table(self.cube, self.course, *groupings, **options)

    @cached_property
    def sector_brinson(self) -> pd.DataFrame | None:
        """`brinson("sector")`, which the reconciliation makes and the report prints; None against a benchmark of which only
        returns are known.
        """
        return None if self.cube.returns_only else self.brinson("sector")

    @cached_property
    def sector_brinson_by_factor(self) -> pd.DataFrame | None:
        """`brinson_by_factor("sector")`, likewise."""
        return None if self.cube.returns_only else self.brinson_by_factor("sector")

    def group(self, factor: str) -> str:
        """market, sector, style, specific or other."""
        return factor_group(self.cube, factor)

    @property
    def active_exposures(self) -> xr.DataArray:
        """Start-of-day active exposure to each factor of the model, (time, factor): the market's without what is not
        invested, which has a row of its own.
        """
        return self.cube.factor_return.copy(data=cells.active_exposures(self.cube))

    def standard_errors(self, *cuts: Cut, absolute: bool = False, against: str = AGAINST[0]) -> pd.Series:
        """Standard errors of `by` with the same cuts (factor by default), from the daily covariance of factor returns.

        Returns
        -------
        Series
            Decimals, indexed like `by`. Observed rows have 0: a cut without factors, unmodelled, proxy. Specific has the
            error of all factors together, cash and stopped names that of the market's part which they lack.
        """
        return cells.standard_errors(self.cube, cuts or ("factor",), absolute=absolute, against=against)

    def with_errors(self, *cuts: Cut, absolute: bool = False, against: str = AGAINST[0]) -> pd.DataFrame:
        """A cut (factor by default) with its errors: contribution, standard_error, t (NaN where there is no error).

        Rows of the model on days of which it explains not one are NaN: what they earned is in the row unmodelled.
        """
        cuts = cuts or ("factor",)
        errors = self.standard_errors(*cuts, absolute=absolute, against=against)
        table = cells.with_t(self.by(*cuts, absolute=absolute, against=against), errors)
        if splits_factors(cuts):
            table[untold(self.cube, table.index)] = np.nan
        return table

    @cached_property
    def factors(self) -> pd.DataFrame:
        """One row a factor: course, factor, group, active_exposure (mean over the days that are explained), factor_return
        (compounded), contribution, standard_error, t.
        """
        tested = self.with_errors("factor")
        contribution = tested["contribution"]
        model = self.cube.factor_return.get_index("factor").drop(VENDOR_RESIDUAL, errors="ignore")  # that is of no factor
        solved = self.cube.modelled.any("asset").to_numpy()
        exposure = self.active_exposures.isel(time=solved).mean("time").to_series()[model]
        returned = ((1 + self.cube.factor_return).isel(time=solved).prod("time", min_count=1) - 1).to_series()[model]
        frame = pd.DataFrame({"course": self.course, "factor": contribution.index})
        frame["group"] = [self.group(str(f)) for f in contribution.index]
        frame["active_exposure"] = exposure.reindex(contribution.index).to_numpy()
        frame["factor_return"] = returned.reindex(contribution.index).to_numpy()
        frame[list(tested.columns)] = tested.to_numpy()
        return frame

    @cached_property
    def second_contributions(self) -> pd.Series | None:
        """`by("factor")` as the model's second specification has it; None where there is none."""
        second = self.cube.by_second_specification()
        return None if second is None else cells.contributions(second, ("factor",)).rename("second_contribution")

    def timing(self) -> pd.DataFrame:
        """Each factor's average-exposure and exposure-timing effect: factor, average_exposure, average_effect,
        timing_effect, contribution; see `timing`.
        """
        from attribution.contributions.timing import timing_table

        return timing_table(self.cube, self.active_exposures, self.by("factor"))

    def in_currency(self, currency: str, market: xr.Dataset, **options: Any) -> AttributionResult:
        """The same course as a foreign investor sees it, hedged or not; see `currency.in_currency`."""
        from attribution.contributions.currency import in_currency

        cube = in_currency(self.cube, self.currency, currency, market, link=self.link, **options)
        view = replace(self, cube=cube, currency=currency)
        require_reconciled(view.reconciliation, f"{self.course}, {self.period}, in {currency}")
        return view

    def karnosky_singer(self, currency: str, market: xr.Dataset, **options: Any) -> pd.DataFrame:
        """Market and currency effects in log returns: effect, name, value; see `karnosky_singer.course_effects`."""
        from attribution.contributions.karnosky_singer import course_effects

        return course_effects(self.cube, self.currency, currency, market, **options)

    @cached_property
    def stocks(self) -> pd.DataFrame:
        """One row a name: course, ticker, name, weight_start, weight_end, return, contribution (of the course's return),
        active_contribution (of its excess, against the benchmark).
        """
        absolute, active = self.by("stock", absolute=True), self.by("stock")
        returned = ((1 + self.cube.asset_return).prod("time") - 1).to_series()
        start = self.cube.portfolio_weight.isel(time=0).to_series()
        tickers = active.index
        return pd.DataFrame(
            {
                "course": self.course,
                "ticker": tickers,
                "name": self.cube.securities["name"].to_series().reindex(tickers).fillna("").to_numpy(),
                "weight_start": start.reindex(tickers).to_numpy(),
                "weight_end": self.cube.closing_weight.to_series().reindex(tickers).to_numpy(),
                "return": returned.reindex(tickers).to_numpy(),
                "contribution": absolute.loc[tickers].to_numpy(),
                "active_contribution": active.to_numpy(),
            }
        )

    def messages(self, language: str) -> Messages:
        """The words of a language, as the model calls its styles, the book its market, and sectors are ordered."""
        return read_messages(language, self.style_texts, market=self.market_name, sectors=self.cube.sectors)

    @property
    def plot(self) -> Plots:
        """Figures of this result: `plot.waterfall(lang="ja")`, `plot.factors()`; they are returned, not shown."""
        from attribution.contributions.plots import Plots

        return Plots(self)

    @property
    def _view(self) -> str:
        return f", in {self.currency}" if self.cube.currency is not None else ""

    def __repr__(self) -> str:
        shown = self.factors.assign(size=lambda x: x["contribution"].abs()).nlargest(8, "size")
        stocks = self.by("stock")
        lines = [
            f"{self.course} against {self.benchmark}, {self.period} ({len(self.cube.days)} days, {self.link} linking)"
            + self._view,
            f"return {self.portfolio_return:+z.2%}   benchmark {self.benchmark_return:+z.2%}   "
            f"excess {self.excess_return:+z.2%}",
            "",
            f"{'largest contributions':<24}{'exposure':>9}{'contribution':>14}{'error':>8}{'t':>7}",
        ]
        for row in shown.itertuples():
            exposure = f"{row.active_exposure:+z9.2f}" if np.isfinite(row.active_exposure) else " " * 9
            t = f"{row.t:7.1f}" if np.isfinite(row.t) else "    n/a"
            error = f"{row.standard_error:8.2%}" if np.isfinite(row.standard_error) else "     n/a"
            lines.append(f"{row.factor:<24}{exposure}{row.contribution:+z14.2%}{error}{t}")
        lines += ["", "best   " + _names(stocks.nlargest(5)), "worst  " + _names(stocks.nsmallest(5))]
        lines += [estimated_sentence(name) for name in self.followed.levels.values()]
        passed = int(self.reconciliation["passed"].sum())
        lines.append(f"{passed} of {len(self.reconciliation)} identities hold to 1e-12")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = (
            f"<p><b>{escape(self.course)}</b> against {escape(self.benchmark)}, {self.period}{self._view}: "
            f"return {self.portfolio_return:+z.2%}, benchmark {self.benchmark_return:+z.2%}, "
            f"excess {self.excess_return:+z.2%}</p>"
        )
        frame = self.factors.drop(columns="course").set_index("factor")
        percent = dict.fromkeys(("factor_return", "contribution", "standard_error"), "{:+z.2%}".format)
        return head + str(frame.to_html(formatters=percent, float_format="{:.2f}".format, na_rep="n/a"))


def _names(series: pd.Series) -> str:
    return ", ".join(f"{name} {value:+z.2%}" for name, value in series.items())
