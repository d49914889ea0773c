"""Parts of a period, each explained by itself, linked to the whole: the same as linking its days."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.result import AttributionResult
from attribution.contributions.sums import with_t
from attribution.identities import identities, of_excess, of_return, require_reconciled
from attribution.linking.linking import coefficients, compound

# Methods whose coefficient of a day is its part's in the whole times the day's in its part.
IN_TWO_STEPS = ("carino", "grap", "frongello")
CUTS = ("factor", "stock")
PORTFOLIO, BENCHMARK = "portfolio", "benchmark"
COLUMNS = ["course", "part", "cut", "name", "group", "contribution", "absolute", "variance"]


@dataclass(frozen=True)
class LinkedResult:
    """Linked contributions of one course over years.

    Attributes
    ----------
    course, benchmark, link
        As of `AttributionResult`.
    parts
        One row a part: part (its first and last month), portfolio_return, benchmark_return, excess_return.
    factors
        One row a factor: course, factor, group, contribution, standard_error, t.
    stocks
        One row a name: course, ticker, contribution (of the course's return), active_contribution (of its excess).
    reconciliation
        As of `AttributionResult`, of the whole; those of each part have held before.
    """

    course: str
    benchmark: str
    link: str
    parts: pd.DataFrame
    factors: pd.DataFrame = field(repr=False)
    stocks: pd.DataFrame = field(repr=False)
    reconciliation: pd.DataFrame = field(repr=False)

    @property
    def portfolio_return(self) -> float:
        """Compounded return of the course, decimal."""
        return compound(self.parts["portfolio_return"].to_numpy())

    @property
    def benchmark_return(self) -> float:
        """Compounded return of the benchmark, decimal."""
        return compound(self.parts["benchmark_return"].to_numpy())

    @property
    def excess_return(self) -> float:
        """Portfolio return less benchmark return: what the contributions add to."""
        return self.portfolio_return - self.benchmark_return


def rows_of_part(result: AttributionResult, part: str) -> pd.DataFrame:
    """What is kept of a part: `COLUMNS`, a row a factor and a name, and one of each side's return under no cut."""
    both = pd.Series({PORTFOLIO: result.portfolio_return, BENCHMARK: result.benchmark_return})
    tables = [pd.DataFrame({"cut": "", "name": both.index, "group": "", "contribution": both.to_numpy()})]
    for cut in CUTS:
        active, absolute = result.by(cut), result.by(cut, absolute=True)
        table = pd.DataFrame({"cut": cut, "name": active.index, "group": "", "contribution": active.to_numpy()})
        table["absolute"] = absolute.reindex(active.index).to_numpy()
        if cut == "factor":
            table["group"] = [result.group(str(name)) for name in active.index]
            table["variance"] = result.standard_errors(cut).reindex(active.index).to_numpy() ** 2
        tables.append(table)
    whole = pd.concat(tables, ignore_index=True).assign(course=result.course, part=part)
    return whole[COLUMNS].astype({"name": "str"})


def linked_result(rows: pd.DataFrame, course: str, benchmark: str, link: str) -> LinkedResult:
    """The parts of a course, one after the other, linked.

    Parameters
    ----------
    rows
        `rows_of_part` of its parts, which follow each other without a gap.
    course, benchmark, link
        Whose, against what, and by which of `IN_TWO_STEPS`.

    Raises
    ------
    ReconciliationError
        Where the linked parts do not add up to the compounded returns.

    Notes
    -----
    With k(R_t, B_t) / k(R, B) of Carino the coefficient of a day is that of the day in its part times that of the part in
    the whole, k(R_t, B_t) / k(R_p, B_p) x k(R_p, B_p) / k(R, B); of GRAP the products over earlier and later days split in
    the same way. Errors of days are independent, so that variances add with the squares.
    """
    returns = rows[rows["cut"] == ""].pivot(index="part", columns="name", values="contribution")
    parts = returns.index.to_numpy()
    sides = {name: xr.DataArray(returns[name].to_numpy(), {"time": np.arange(len(parts))}, ("time",)) for name in returns}
    scale = coefficients(sides[PORTFOLIO], sides[BENCHMARK], method=link).to_numpy()
    own = coefficients(sides[PORTFOLIO], 0.0).to_numpy()

    def summed(cut: str, column: str, by: np.ndarray) -> pd.Series:
        table = rows[rows["cut"] == cut]
        rows_there = table.set_index(["name", "part"])[column]
        wide = rows_there.unstack(fill_value=0.0)  # where there is no row: what is n/a stays so
        order = table["name"].drop_duplicates()
        return (wide.reindex(columns=parts, fill_value=0.0) * by).sum(axis=1, skipna=False).reindex(order)

    active = {cut: summed(cut, "contribution", scale) for cut in CUTS}
    absolute = {cut: summed(cut, "absolute", own) for cut in CUTS}
    group = rows[rows["cut"] == "factor"].drop_duplicates("name").set_index("name")["group"]
    tested = with_t(active["factor"].rename("contribution"), np.sqrt(summed("factor", "variance", scale**2)))
    factors = pd.DataFrame({"course": course, "factor": tested.index, "group": group[tested.index].to_numpy()})
    factors[list(tested.columns)] = tested.to_numpy()
    stocks = pd.DataFrame(
        {
            "course": course,
            "ticker": active["stock"].index,
            "contribution": absolute["stock"].to_numpy(),
            "active_contribution": active["stock"].to_numpy(),
        }
    )
    table = pd.DataFrame({"part": parts, "portfolio_return": returns[PORTFOLIO], "benchmark_return": returns[BENCHMARK]})
    table["excess_return"] = table["portfolio_return"] - table["benchmark_return"]
    portfolio, other = (compound(returns[name].to_numpy()) for name in (PORTFOLIO, BENCHMARK))
    pairs = {of_excess(f"{cut}s"): (of_cut.sum(), portfolio - other) for cut, of_cut in active.items()}
    pairs |= {of_return(f"{cut}s"): (of_cut.sum(), portfolio) for cut, of_cut in absolute.items()}
    reconciliation = identities(pairs)
    require_reconciled(reconciliation, f"{course}, {parts[0]} to {parts[-1]}")
    return LinkedResult(course, benchmark, link, table.reset_index(drop=True), factors, stocks, reconciliation)
