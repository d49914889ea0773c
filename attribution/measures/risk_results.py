"""What a forecast of risk returns: the split of a volatility, and a course against its benchmark, with their identities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from attribution.identities import furthest, identities
from riskmodel.errors import InputError, counted

SIDES = ("portfolio", "benchmark", "active")


@dataclass(frozen=True)
class RiskDecomposition:
    """Volatility of one set of weights and what makes it up; decimals over `periods_per_year` periods.

    Attributes
    ----------
    volatility, factor_volatility, specific_volatility
        Of all, of the factors alone, of the specific returns alone; the squares of the last two add to that of the first.
    diversification_ratio
        sum_i |a_i| sigma_i / sigma: 1 for a single stock, more the better the stocks offset each other; NaN without risk.
    factors
        One row a factor and a last one `specific`: factor, family, exposure, volatility, correlation (with the weights'
        return), contribution = exposure x volatility x correlation, share_of_variance.
    families
        The same by family: family, volatility (of its factors together, at these exposures), correlation, contribution,
        share_of_variance.
    stocks
        One row an asset of the weights: ticker, weight, volatility, correlation, marginal (change of the volatility by unit
        of weight, = volatility x correlation), contribution = weight x marginal, factor_contribution,
        specific_contribution, share_of_variance.
    cells
        (asset, factor with `specific` last): the drill-down; it sums to `stocks` over factors and to `factors` over assets.
    periods_per_year
        By which the variances were multiplied.
    reconciliation
        identity, left, right, difference, tolerance, passed.
    """

    volatility: float
    factor_volatility: float
    specific_volatility: float
    diversification_ratio: float
    factors: pd.DataFrame
    families: pd.DataFrame
    stocks: pd.DataFrame
    cells: xr.DataArray
    periods_per_year: float
    reconciliation: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"RiskDecomposition: volatility {self.volatility:.2%} over {self.periods_per_year:g} periods, "
            f"factors {self.factor_volatility:.2%}, specific {self.specific_volatility:.2%}, {len(self.stocks)} assets\n"
            + self.factors.to_string(index=False, float_format="{:.4f}".format)
        )

    def _repr_html_(self) -> str:
        head = self.__repr__().split("\n", 1)[0]
        return f"<p>{head}</p>" + str(self.factors.to_html(index=False, float_format="{:.4f}".format))


@dataclass(frozen=True)
class CourseRisk:
    """Forecast risk of a course, of its benchmark, and of the one against the other.

    Attributes
    ----------
    portfolio, benchmark, active
        `RiskDecomposition` of each set of weights over the same assets; active = portfolio less benchmark.
    beta
        Of the portfolio to the benchmark; NaN where the benchmark has no risk.
    cash_weight
        Weight of CASH in the portfolio; it has no risk.
    uncovered
        ticker, portfolio_weight, benchmark_weight: names without exposures or specific risk, left out of every figure here.
    """

    course: str
    portfolio: RiskDecomposition
    benchmark: RiskDecomposition
    active: RiskDecomposition
    beta: float
    cash_weight: float
    uncovered: pd.DataFrame

    @property
    def tracking_error(self) -> float:
        """Volatility of the active return, decimal a year."""
        return self.active.volatility

    @cached_property
    def table(self) -> pd.DataFrame:
        """The table `risk`: course, measure, value; volatilities a year, weights as decimals, names as counts."""
        parts = {"portfolio": self.portfolio, "benchmark": self.benchmark, "active": self.active}
        measures: dict[str, float] = {
            "portfolio_volatility": self.portfolio.volatility,
            "benchmark_volatility": self.benchmark.volatility,
            "tracking_error": self.tracking_error,
            "beta": self.beta,
        }
        for side, part in parts.items():
            measures[f"{side}_factor_volatility"] = part.factor_volatility
            measures[f"{side}_specific_volatility"] = part.specific_volatility
        for side in ("portfolio", "benchmark"):
            measures[f"{side}_diversification_ratio"] = parts[side].diversification_ratio
        families = self.active.families.set_index("family")["contribution"]
        measures |= {f"tracking_error_from_{family}": value for family, value in families.items()}
        held, other = self.uncovered["portfolio_weight"], self.uncovered["benchmark_weight"]
        measures |= {
            "names": float((self.portfolio.stocks["weight"] != 0).sum() + (held != 0).sum()),
            "cash_weight": self.cash_weight,
            "uncovered_names": float((held != 0).sum()),
            "uncovered_weight": float(held.abs().sum()),
            "uncovered_benchmark_names": float((other != 0).sum()),
            "uncovered_benchmark_weight": float(other.abs().sum()),
            "periods_per_year": float(self.active.periods_per_year),
        }
        return pd.DataFrame({"course": self.course, "measure": list(measures), "value": list(measures.values())})

    def by(self, cut: str) -> pd.DataFrame:
        """The frames of the three sides below each other: course, side, then the columns of the cut.

        Parameters
        ----------
        cut
            "factor", "family" or "stock".
        """
        frames = {"factor": "factors", "family": "families", "stock": "stocks"}
        if cut not in frames:
            raise InputError(f"cut '{cut}': risk is cut by one of {', '.join(frames)}.")
        parts = {side: getattr(getattr(self, side), frames[cut]) for side in SIDES}
        whole = pd.concat(parts, names=["side"]).reset_index("side").reset_index(drop=True)
        whole.insert(0, "course", self.course)
        return whole

    @cached_property
    def reconciliation(self) -> pd.DataFrame:
        """Every identity: course, identity, left, right, difference, tolerance, passed."""
        parts = [
            getattr(self, side).reconciliation.assign(identity=lambda t, s=side: f"{s} risk: " + t["identity"])
            for side in SIDES
        ]
        own, other, active = self.portfolio, self.benchmark, self.active
        covariance = 0.0 if np.isnan(self.beta) else self.beta * other.volatility**2
        difference = own.factors["exposure"] - other.factors["exposure"]
        pairs = {
            "active variance = both variances less twice the covariance": (
                active.volatility**2,
                own.volatility**2 + other.volatility**2 - 2 * covariance,
            ),
            "active exposures = portfolio's less benchmark's": furthest(active.factors["exposure"][:-1], difference[:-1]),
        }
        parts.append(identities(pairs, max(float(part["tolerance"].max()) for part in parts)))
        table = pd.concat(parts, ignore_index=True)
        table.insert(0, "course", self.course)
        return table

    def __repr__(self) -> str:
        return (
            f"CourseRisk: {self.course}, volatility {self.portfolio.volatility:.2%} against "
            f"{self.benchmark.volatility:.2%}, tracking error {self.tracking_error:.2%}, beta {self.beta:.2f}, "
            f"{counted(len(self.uncovered), 'name')} not covered\nactive {self.active!r}"
        )

    def _repr_html_(self) -> str:
        head = self.__repr__().split("\n", 1)[0]
        return f"<p>{head}</p>" + self.active._repr_html_()
