"""What a search of a strategy found: tables, a verdict in words, and the page that says both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from attribution.construction.files import write_text
from attribution.construction.search.choices import TABLES, TOP
from attribution.construction.search.judged import Judgement
from attribution.construction.search.overfitting import ranked
from attribution.construction.search.trials import require_top, trial_name
from attribution.house_style.words import Messages, read_messages
from attribution.portfolio.book import Book
from riskmodel.facts import Fact

SECTION = "search"
PERCENT = {"return", "benchmark_return", "turnover"}


@dataclass(frozen=True, repr=False)
class SearchResult:
    """A search of a strategy; every return in it is simulated.

    Attributes
    ----------
    book, strategy
        Whose.
    judgement
        The trials, and what is to be thought of the best.
    own
        Which trial is the strategy's own score; None where its factors were not searched.
    facts
        What was left aside.
    folder
        Where the log and the page are.
    style_texts
        Style -> language -> its name on the page.
    """

    book: Book
    strategy: str
    judgement: Judgement
    own: int | None
    facts: tuple[Fact, ...]
    folder: Path
    style_texts: Mapping[str, Mapping[str, str]]

    @property
    def windows(self) -> pd.DataFrame:
        """window, from, to, months, figure, lower, upper, benchmark_figure, return, benchmark_return, trials."""
        return self.judgement.windows

    @property
    def regimes(self) -> pd.DataFrame:
        """regime, sample, months, figure, return, benchmark_return, trials."""
        return self.judgement.regimes

    def trials(self, top: int | None = TOP) -> pd.DataFrame:
        """rank, score, in_sample, out_of_sample, turnover, trials: the best in sample, the strategy's own score among them.

        Parameters
        ----------
        top
            How many; None for all.
        """
        if top is not None:
            require_top(top)
        judgement = self.judgement
        order = np.argsort(-ranked(judgement.in_sample), kind="stable")
        shown = order[:top]
        if self.own is not None and self.own not in shown:
            shown = np.append(shown, self.own)
        rank = np.empty(len(order), dtype=int)
        rank[order] = np.arange(1, len(order) + 1)
        turnover = judgement.lists.turnover[shown, 1:].mean(axis=1) / 2
        return pd.DataFrame(
            {
                "rank": rank[shown],
                "score": [judgement.trials.names[row] for row in shown],
                "in_sample": judgement.in_sample[shown],
                "out_of_sample": judgement.out_of_sample[shown],
                "turnover": turnover,
                "trials": judgement.counted,
            }
        )

    def tables(self, top: int = TOP) -> dict[str, pd.DataFrame]:
        """All of them by name."""
        return dict(zip(TABLES, (self.windows, self.trials(top), self.regimes), strict=True))

    @property
    def said(self) -> tuple[Fact, ...]:
        """The verdict, and all that belongs to it, in the order in which it is told."""
        judgement, told = self.judgement, []
        if judgement.earlier.trials:
            told.append(Fact("search_earlier", {"trials": judgement.earlier.trials, "now": len(judgement.trials)}))
        looks = judgement.earlier.looks
        told.append(Fact("search_looked_again", {"looks": looks}) if looks else Fact("search_looked_once"))
        if self.own is not None:
            own = self.trials(None).set_index("score").loc[judgement.trials.names[self.own]]
            values = {"rank": int(own["rank"]), "of": len(judgement.trials), "trials": judgement.counted}
            told.append(Fact("search_own", values | {name: float(own[name]) for name in ("in_sample", "out_of_sample")}))
        none = int(np.isnan(judgement.in_sample).sum())
        told += [Fact("search_no_figure", {"trials": none})] if none else []
        return (judgement.verdict, *told, *self.facts, Fact("search_halves"), Fact("search_simulated"))

    def sentences(self, words: Messages) -> list[str]:
        """`said` in a language."""
        return [words.fact(SECTION, self._named(fact, words)) for fact in self.said]

    def page(self, words: Messages) -> str:
        """The verdict and its tables in Markdown."""
        first, *others = self.sentences(words)
        parts = [f"# {words(f'{SECTION}_page.title', strategy=self.strategy)}", first, *others]
        for name, table in self.tables().items():
            shown = table.drop(columns="trials")
            for column in set(shown) & PERCENT:
                shown[column] = shown[column].map(lambda value: "n/a" if np.isnan(value) else f"{value:.1%}")
            for column in set(shown) & {"score", "window", "sample", "regime"}:
                kind = f"{SECTION}_labels"
                labels = [
                    self._score(each, words) if column == "score" else words.name(kind, each) for each in shown[column]
                ]
                shown[column] = labels
            count = words(f"{SECTION}_page.of_trials", trials=f"{self.judgement.counted:,}")
            parts.append(f"## {words(f'{SECTION}_page.{name}')} ({count})")
            parts.append(_markdown(shown.rename(columns=lambda label: words.name(f"{SECTION}_labels", str(label)))))
        return "\n\n".join(parts) + "\n"

    def write(self) -> None:
        """verdict.LANGUAGE.md, in the book's languages."""
        for language in self.book.book.languages:
            write_text(
                self.folder / f"verdict.{language}.md",
                self.page(read_messages(language, self.style_texts, market=self.book.market_name)),
            )

    def _named(self, fact: Fact, words: Messages) -> Fact:
        """A fact whose scores have the names of a language."""
        values = dict(fact.values)
        if "score" in values:
            values["score"] = self._score(values["score"], words)
        return Fact(fact.key, values)

    def _score(self, name: str, words: Messages) -> str:
        row = self.judgement.trials.weights[self.judgement.trials.names.index(name)]
        factors = [words.factor(factor) for factor in self.judgement.trials.factors]
        return trial_name(dict(zip(factors, row.tolist(), strict=True)))

    def __repr__(self) -> str:
        windows = self.windows.set_index("window")["figure"]
        return (
            f"Search of {self.strategy}, simulated: {'found' if self.judgement.found else 'nothing found'} in "
            f"{self.judgement.counted:,} trials; best {self.judgement.terms.figure} {windows['in_sample']:.2f}, out of "
            f"sample {windows['out_of_sample']:.2f}"
        )


def _markdown(table: pd.DataFrame) -> str:
    """A table of Markdown; decimals as they are, two digits."""
    cells = [
        [("n/a" if np.isnan(value) else f"{value:.2f}") if isinstance(value, float) else str(value) for value in row]
        for row in table.to_numpy(object)
    ]
    lines = [list(map(str, table.columns)), ["---"] * table.shape[1], *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
