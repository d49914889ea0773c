"""What a walk made: its lists, trades, certificates and rungs as tables, each a row a fact."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from attribution.construction.construct import Construction, trade_costs
from attribution.construction.kept import COLUMNS, rule_table
from attribution.construction.ladder import Ladder
from attribution.construction.words import WORDS
from attribution.portfolio.book import Book
from attribution.rows import CASH
from riskmodel.facts import Fact
from riskmodel.optimisation.optimum import Certificate

HOLDINGS = ["portfolio", "date", "ticker", "weight"]
TRADES = ["date", "ticker", "weight_before", "weight", "change", "cost", "reason"]


@dataclass(frozen=True)
class Step:
    """One list of a walk, plain values that a file holds to the last bit.

    Attributes
    ----------
    date
        The close at which it was made.
    weights
        ticker -> weight, CASH among them where there is some; they sum to one.
    trades
        A row of `TRADES` each, but for the date: what was bought and sold, cash apart.
    certificate
        Of `riskmodel.optimisation.optimum.Certificate`.
    figures
        score, tracking_error, volatility, turnover, cost, names: of the list, forecasts of a year.
    rungs
        Rung -> its weights, score and tracking error.
    rules
        A row of `attribution.construction.kept.rule_table` for each number that a rule bounds.
    facts
        What was left aside, as text that `riskmodel.facts.Fact.read` takes.
    """

    date: pd.Timestamp
    weights: dict[str, float]
    trades: list[dict[str, Any]]
    certificate: Certificate
    figures: dict[str, float]
    rungs: dict[str, dict[str, Any]]
    rules: list[dict[str, Any]]
    facts: tuple[str, ...]

    @classmethod
    def of(cls, made: Construction, rungs: Ladder) -> Step:
        """The list and its ladder as plain values."""
        settings, weights = made.task.settings, made.weights
        names = made.table[made.table["ticker"] != CASH]
        change = names["weight"] - names["weight_before"]
        cost = trade_costs(change.abs(), settings)
        traded = names.assign(change=change, cost=cost)[change != 0]
        optimum, ex_ante = made.optimum, rungs.ex_ante.set_index("rung")
        held = weights.drop(CASH, errors="ignore")
        return cls(
            date=made.task.date,
            weights=_plain(weights),
            trades=traded[TRADES[1:]].to_dict("records"),
            certificate=optimum.certificate,
            figures={
                "score": made.score,
                "tracking_error": optimum.tracking_error,
                "volatility": optimum.volatility,
                "turnover": optimum.turnover,
                "cost": float(cost.sum()),
                "names": int((held > 0).sum()),
            },
            rungs={
                name: {
                    "weights": _plain(rung.weights[rung.weights != 0]),
                    "score": float(ex_ante.loc[name, "score"]),
                    "tracking_error": float(ex_ante.loc[name, "tracking_error"]),
                }
                for name, rung in rungs.rungs.items()
            },
            rules=_records(rule_table(made)),
            facts=tuple(str(fact) for fact in made.facts),
        )

    def weights_from(self) -> pd.DataFrame:
        """date, ticker, weight."""
        return _listed(self.date, self.weights)

    def as_plain(self) -> dict[str, Any]:
        """What JSON holds."""
        return asdict(self) | {"date": f"{self.date:%Y-%m-%d}", "certificate": asdict(self.certificate)}

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Step:
        """What `as_plain` was made of."""
        certificate = values["certificate"] | {"binding": tuple(values["certificate"]["binding"])}
        return cls(
            **{
                **values,
                "date": pd.Timestamp(values["date"]),
                "certificate": Certificate(**certificate),
                "facts": tuple(values["facts"]),
            }
        )


@dataclass(frozen=True, repr=False)
class Walk:
    """A strategy walked over some months.

    Attributes
    ----------
    book, strategy
        Whose.
    steps
        Its lists, in their order.
    folder
        Where it is written; None where it is not.
    """

    book: Book
    strategy: str
    steps: tuple[Step, ...]
    folder: Path | None = None

    @cached_property
    def holdings(self) -> pd.DataFrame:
        """portfolio, date, ticker, weight: a table of holdings that a report reads."""
        return self._tables(lambda step: step.weights_from())[HOLDINGS]

    @cached_property
    def trades(self) -> pd.DataFrame:
        """date, ticker, weight_before, weight, change, cost, reason; cost as a share of what the portfolio is worth."""
        return self._tables(lambda step: pd.DataFrame(step.trades, columns=TRADES[1:]).assign(date=step.date))[TRADES]

    @cached_property
    def certificates(self) -> pd.DataFrame:
        """date, value, bound, gap, iterations, binding, and the list's figures; a row a list."""
        rows = []
        for step in self.steps:
            proof = asdict(step.certificate)
            rows.append(
                {
                    "date": step.date,
                    **{name: proof.pop(name) for name in ("value", "bound", "gap")},
                    "iterations": proof.pop("nodes"),
                    "binding": ", ".join(proof.pop("binding")),
                    **proof,
                    **step.figures,
                }
            )
        return pd.DataFrame(rows)

    @cached_property
    def kept(self) -> pd.DataFrame:
        """date, rule, of, value, least, most, kept, binding: what each list makes of each rule."""
        found = self._tables(lambda step: pd.DataFrame(step.rules, columns=COLUMNS).assign(date=step.date))
        return found[["date", *COLUMNS]].astype(dict.fromkeys(("value", "least", "most"), float))

    @cached_property
    def rungs(self) -> pd.DataFrame:
        """strategy, date, rung, ticker, weight: the lists of the ladder."""
        frames = [
            _listed(step.date, rung["weights"]).assign(strategy=self.strategy, rung=name)
            for step in self.steps
            for name, rung in step.rungs.items()
        ]
        return pd.concat(frames, ignore_index=True)[["strategy", "date", "rung", "ticker", "weight"]]

    @property
    def costly(self) -> bool:
        """Whether its trades cost anything."""
        settings = self.book.strategies[self.strategy]
        return bool(settings.cost_bps or settings.impact_bps)

    @cached_property
    def ladder(self) -> pd.DataFrame:
        """strategy, date, rung, score, tracking_error."""
        rows = [
            {"strategy": self.strategy, "date": step.date, "rung": name}
            | {figure: rung[figure] for figure in ("score", "tracking_error")}
            for step in self.steps
            for name, rung in step.rungs.items()
        ]
        return pd.DataFrame(rows)

    @property
    def remarks(self) -> list[str]:
        """What was left aside or could not be kept, a line a kind: of how many lists, and of the last of them."""
        last: dict[str, tuple[int, Step, Fact]] = {}
        for step in self.steps:
            found = map(Fact.read, step.facts)
            for kind, fact in {f"{fact.key} {fact.values.get('index', '')}": fact for fact in found}.items():
                last[kind] = last.get(kind, (0,))[0] + 1, step, fact
        return [
            f"{count} of {len(self.steps)} lists, that of {step.date:%Y-%m-%d}: {fact.words(WORDS)}."
            for count, step, fact in last.values()
        ]

    def __repr__(self) -> str:
        first, last = self.steps[0].date, self.steps[-1].date
        gaps = self.certificates["gap"]
        turnover = self.certificates["turnover"].iloc[1:]
        return (
            f"Walk of {self.strategy}: {len(self.steps)} lists from {first:%Y-%m-%d} to {last:%Y-%m-%d}; gap at most "
            f"{gaps.max():.3%}, turnover {turnover.mean() if len(turnover) else math.nan:.1%} a month after the first"
        )

    def _tables(self, of: Callable[[Step], pd.DataFrame]) -> pd.DataFrame:
        return pd.concat([of(step).assign(portfolio=self.strategy) for step in self.steps], ignore_index=True)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): value for name, value in row.items()}
        for row in table.astype(object).where(table.notna(), None).to_dict("records")
    ]


def _plain(weights: pd.Series) -> dict[str, float]:
    return {str(name): float(weight) for name, weight in weights.items()}


def _listed(date: pd.Timestamp, weights: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"date": date, "ticker": list(weights), "weight": list(weights.values())})
