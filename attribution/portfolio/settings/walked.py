"""[walk]: that a book's lists were made by a walk, and what is known of the trials behind its strategy."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from attribution.portfolio.settings.bound_types import Line, Part, within
from riskmodel.bounds import Bound, whole_number
from riskmodel.facts import Fact

FIGURE = Bound("a number from -1,000,000 to 1,000,000", least=-1e6, most=1e6)

Figure = Annotated[float, BeforeValidator(within(FIGURE))]
Walks = Annotated[int, BeforeValidator(within(whole_number("walks")))]
Searched = Annotated[int, BeforeValidator(within(whole_number("trials", least=0, most=10**9)))]


class Counterpart(Part):
    """[walk] counterpart: what the strategy's own score did in a search, on the months of the choice and after them.

    Attributes
    ----------
    figure
        Of `attribution.construction.search.choices.FIGURES`.
    in_sample, out_of_sample
        Simulated.
    months
        Those that were held out, "2025-04/2026-03".
    """

    figure: Line
    in_sample: Figure
    out_of_sample: Figure
    months: Line


class Walked(Part):
    """[walk], which `attribution walk` writes.

    Attributes
    ----------
    strategy
        Whose lists they are.
    walks
        Walks of it that are known, each under other settings; this one among them.
    searched
        Different trials of its searches, by their logs.
    counterpart
        None where no search tried the strategy's own score.
    """

    strategy: Line
    walks: Walks
    searched: Searched
    counterpart: Counterpart | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What every figure of such a book stands with."""
        found = self.counterpart
        told = [
            Fact("walk_of", {"strategy": self.strategy}),
            Fact("walk_trials", {"trials": self.walks + self.searched, "walks": self.walks, "searched": self.searched}),
        ]
        if found is None:
            return (*told, Fact("walk_without_counterpart"))
        return (*told, Fact("walk_counterpart", found.model_dump() | {"trials": self.walks + self.searched}))
