"""The months of a walk explained: returns, what each rung of the ladder brought, and figures over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from attribution.construction.files import write_text
from attribution.construction.rungs import RuleCosts, follow_rungs, rule_costs
from attribution.construction.walked import Walk
from attribution.house_style.csv_text import csv_text
from attribution.house_style.words import read_messages
from attribution.linking.linking import link
from attribution.measures.performance import risk_free_returns, sharpe_ratio, sortino_ratio
from attribution.portfolio.book import Book
from attribution.portfolio.periods import read_period
from attribution.portfolio.tracks import Tracks
from attribution.rows import PROXY, TRADING, among_stocks
from riskmodel.errors import InputError, counted
from riskmodel.facts import Fact
from riskmodel.model.results import RiskModelResults
from riskmodel.progress import Progress, stages

LEAST_MONTHS = 12  # for a ratio, a tracking error and a return a year
A_YEAR = "_a_year"


@dataclass(frozen=True)
class WalkedMonths:
    """What became of a walk's lists.

    Attributes
    ----------
    strategy
        Its key.
    table
        month, return (after costs), benchmark_return, excess, trading (what trades cost), turnover, names, score,
        tracking_error (both forecast), identities (the largest difference of those that must be 0).
    rules
        month, rung, contribution: they sum to the excess of the month.
    risk_free
        Monthly, of the book.
    daily
        return (after costs) and benchmark_return, by session.
    simulated
        What stands with every figure: by which walk, of how many trials, what out of sample.
    """

    strategy: str
    table: pd.DataFrame
    rules: pd.DataFrame
    risk_free: pd.Series
    daily: pd.DataFrame
    simulated: tuple[Fact, ...]

    @cached_property
    def figures(self) -> dict[str, float]:
        """Over all months: returns, ratios, tracking error of portfolio and benchmark, decimals; returns a year,
        ratios and tracking error are missing of less than a year, which says nothing of one.
        """
        months, table = len(self.table), self.table
        returns = {"portfolio": table["return"], "benchmark": table["benchmark_return"]}
        found: dict[str, float] = {"months": float(months)}
        for side, own in returns.items():
            enough = months >= LEAST_MONTHS
            found[f"{side}_return"] = float(np.prod(1 + own) - 1)
            found[f"{side}_return_a_year"] = float(np.prod(1 + own) ** (12 / months) - 1) if enough else np.nan
            monthly = own.set_axis(self.risk_free.index)
            found[f"{side}_sharpe"] = sharpe_ratio(monthly, self.risk_free) if enough else np.nan
            found[f"{side}_sortino"] = sortino_ratio(monthly, self.risk_free) if enough else np.nan
        found["excess"] = found["portfolio_return"] - found["benchmark_return"]
        found["excess_a_year"] = found["portfolio_return_a_year"] - found["benchmark_return_a_year"]
        active = returns["portfolio"] - returns["benchmark"]
        found["tracking_error"] = float(active.std() * np.sqrt(12)) if months >= LEAST_MONTHS else np.nan
        found["tracking_error_forecast"] = float(np.sqrt((table["tracking_error"] ** 2).mean()))
        return found

    @cached_property
    def linked(self) -> pd.Series:
        """What each rung brought over all months, linked by Carino: they sum to the compounded excess return."""
        by_month = self.rules.pivot_table(index="month", columns="rung", values="contribution", sort=False).fillna(0.0)
        by_month = by_month.reset_index(drop=True).rename_axis(index="time")
        returns = (pd.Series(self.table[side].to_numpy(), by_month.index) for side in ("return", "benchmark_return"))
        return link(by_month, *returns).to_series()

    @property
    def returns_over(self) -> str:
        """Which returns of `figures` are told: those with this behind their names, "_a_year" or none for all months."""
        return A_YEAR if len(self.table) >= LEAST_MONTHS else ""

    @property
    def sentences(self) -> list[str]:
        """The figures in words, for a terminal."""
        f, of = self.figures, self.returns_over

        def shown(name: str, form: str = "{:.2f}") -> str:
            return "n/a" if np.isnan(f[name]) else form.format(f[name])

        span = "a year" if of == A_YEAR else "in all, not annualised,"
        told = ", ".join(f"{rung} {value:+.2%}" for rung, value in self.linked.items() if value)
        return [
            f"{counted(len(self.table), 'month')}: {f[f'portfolio_return{of}']:+.2%} {span} after costs, the benchmark "
            f"{f[f'benchmark_return{of}']:+.2%}; Sharpe {shown('portfolio_sharpe')} and "
            f"{shown('benchmark_sharpe')}, Sortino {shown('portfolio_sortino')} and {shown('benchmark_sortino')}",
            f"tracking error {shown('tracking_error', '{:.2%}')}, {shown('tracking_error_forecast', '{:.2%}')} forecast; "
            f"excess {f[f'excess{of}']:+.2%} {span.rstrip(',')}",
            f"what the rules brought, months linked: {told}",
            *(read_messages("en").fact("simulated", fact) for fact in self.simulated),
        ]

    def write(self, folder: Path | None) -> None:
        """months.csv and rules.csv in the folder of the walk."""
        if folder is None:
            raise InputError("walk: was made without a folder. Name one: out=...")
        write_text(folder / "months.csv", csv_text(self.table))
        write_text(folder / "rules.csv", csv_text(self.rules))


def walked_months(
    book: Book, walk: Walk, model: RiskModelResults, market: xr.Dataset, *, progress: Progress = None
) -> WalkedMonths:
    """Explain every month of a walk with its rules as rows.

    Parameters
    ----------
    book
        The walk's own, from `attribution.construction.walk_book.write_walk`.
    walk, model, market
        As `attribution.walk` took and gave them.
    progress
        A stage a month.
    """
    strategy, sessions = walk.strategy, market.get_index("time")
    last = sessions[-1].to_period("M")
    closes = [step.date for step in walk.steps]
    months = [sessions[sessions > close][0].to_period("M") for close in closes if close < sessions[-1]]
    months = [month for month in months if month <= last]
    rows, rules, daily = [], [], []
    whole = Tracks(book, market, read_period(f"{months[0]}/{months[-1]}", book, market))
    rungs, ex_ante = walk.rungs, walk.ladder
    with stages(progress, len(months)) as step:
        for month, made in zip(months, walk.steps, strict=False):
            step(str(month))
            tracks = whole.over(read_period(str(month), book, market))
            here = rungs[rungs["date"] == made.date]
            of_list = ex_ante[ex_ante["date"] == made.date]
            costs = rule_costs(tracks, strategy, model, {strategy: follow_rungs(tracks, strategy, here)}, of_list)
            rows.append(_row(str(month), made.figures, costs))
            sides = {"return": costs.cube.portfolio_return, "benchmark_return": costs.cube.benchmark_return}
            daily.append(pd.DataFrame({side: own.to_series() for side, own in sides.items()}))
            rules.append(costs.table.drop(columns="course").assign(month=str(month)))
    days = whole.period.days
    risk_free = risk_free_returns(book, market, days)
    monthly = (1 + risk_free).groupby(days.to_period("M")).prod() - 1
    table = pd.concat(rules, ignore_index=True)
    return WalkedMonths(
        strategy=strategy,
        table=pd.DataFrame(rows),
        rules=table[["month", *(name for name in table.columns if name != "month")]],
        risk_free=monthly,
        daily=pd.concat(daily),
        simulated=book.simulated,
    )


def _row(month: str, figures: dict[str, float], costs: RuleCosts) -> dict[str, object]:
    cube, by_rung = costs.cube, costs.by()
    return {
        "month": month,
        "return": float(np.prod(1 + cube.portfolio_return.to_numpy()) - 1),
        "benchmark_return": float(np.prod(1 + cube.benchmark_return.to_numpy()) - 1),
        "excess": costs.excess_return,
        "trading": float(by_rung.get(among_stocks(TRADING), 0.0)),
        "proxy": float(by_rung.get(PROXY, 0.0)),
        **{name: figures[name] for name in ("turnover", "names", "score", "tracking_error", "volatility")},
        "identities": float(np.abs(costs.reconciliation["difference"]).max()),
    }
