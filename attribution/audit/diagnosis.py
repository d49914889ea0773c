"""Which figure is wrong: the fewest corrections that make every broken identity hold, and break none that held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from attribution.audit.figures import Figure, Range
from attribution.audit.identities import Identity, holds
from attribution.audit.slips import STRONG, USUAL_PLACES, slips


@dataclass(frozen=True)
class Blame:
    """A figure that cannot be right as long as the others are.

    Attributes
    ----------
    figure
        The figure.
    broken
        The identities that it breaks, and that hold once it is corrected.
    possible
        What they leave possible for it.
    slip
        What was likely meant, and the slip; None where no single slip explains it.
    rivals
        Other figures of which one correction would do as well, each with its slip.
    """

    figure: Figure
    broken: tuple[Identity, ...]
    possible: Range
    slip: tuple[Decimal, str] | None
    rivals: tuple[tuple[Figure, tuple[Decimal, str] | None], ...]


def diagnose(figures: Mapping[str, Figure], identities: Sequence[Identity], ranges: dict[str, Range]) -> list[Blame]:
    """Blame figures until every identity holds.

    Parameters
    ----------
    figures
        By address.
    identities
        Which must hold.
    ranges
        What each figure may be; a blamed figure's becomes what the others leave possible for it.

    Returns
    -------
    list of Blame
        One a wrong figure, in the order of the identities.

    Notes
    -----
    For each figure x of a broken identity, each identity that has x leaves an interval possible for it. The correction of x
    lies where most of these meet; its gain is how many more identities hold then. The figure with the largest gain is
    blamed. Among equals in one identity: one that a telling slip explains where only one has such, then its left side.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from attribution.audit.identities import Sum
    >>> a, b, c = (Figure(name, Decimal(value)) for name, value in (("a", "1.00"), ("b", "2.00"), ("c", "2.00")))
    >>> same = [Sum("printed twice", "a", {"b": Fraction(1)}, ""), Sum("printed twice", "a", {"c": Fraction(1)}, "")]
    >>> figures = {"a": a, "b": b, "c": c}
    >>> diagnose(figures, same, {name: figure.range for name, figure in figures.items()})[0].figure.path
    'a'
    """
    found = []
    broken = [identity for identity in identities if not holds(identity, ranges)]
    settled: set[str] = set()
    left_broken: list[Identity] = []
    while broken:
        suspects = [path for path in dict.fromkeys(path for each in broken for path in each.paths) if path not in settled]
        if not suspects:  # every figure is corrected already, and still they disagree
            break
        scored = {path: _correction(path, identities, broken, ranges) for path in suspects}
        gain = max(score for score, _ in scored.values())
        if gain > 0:
            equals = [path for path in suspects if scored[path][0] == gain]
            chosen = _likeliest(equals, figures, scored, broken)
            possible = scored[chosen][1]
            ranges[chosen] = possible
            explained = [each for each in broken if chosen in each.paths and holds(each, ranges)]
            settled.add(chosen)
        else:  # other identities confirm every figure of these: a left side is reported, and taken as printed
            chosen = next((each.left for each in broken if each.left in suspects), suspects[0])
            equals, explained = [chosen], [each for each in broken if chosen in each.paths][:1]
            possible = explained[0].implied(chosen, ranges)
            left_broken += explained
        rivals = tuple(
            (figures[path], _slip(figures[path], scored[path][1]))
            for path in equals
            if path != chosen and all(path in each.paths for each in explained)
        )
        found.append(Blame(figures[chosen], tuple(explained), possible, _slip(figures[chosen], possible), rivals))
        broken = [each for each in identities if not holds(each, ranges) and each not in left_broken]
    order = {identity.left: k for k, identity in reversed(list(enumerate(identities)))}
    return sorted(found, key=lambda blame: order.get(blame.broken[0].left, 0))


def _correction(
    path: str, identities: Iterable[Identity], broken: Sequence[Identity], ranges: Mapping[str, Range]
) -> tuple[int, Range]:
    """How many more identities would hold, and where the correction lies."""
    own = [identity for identity in identities if path in identity.paths]
    intervals = [identity.implied(path, ranges) for identity in own]
    held = sum(identity not in broken for identity in own)
    best: tuple[int, Range] = (-1, ranges[path])
    for edge in sorted({low for low, _ in intervals}):  # intervals meet most often where one of them begins
        meeting = [bounds for bounds in intervals if bounds[0] <= edge <= bounds[1]]
        if len(meeting) > best[0]:
            best = len(meeting), (max(low for low, _ in meeting), min(high for _, high in meeting))
    return best[0] - held, best[1]


def _likeliest(
    equals: Sequence[str],
    figures: Mapping[str, Figure],
    scored: Mapping[str, tuple[int, Range]],
    broken: Sequence[Identity],
) -> str:
    first = next(each for each in broken if set(each.paths) & set(equals))
    rivals = [path for path in equals if path in first.paths]
    slipped = {path: _slip(figures[path], scored[path][1]) for path in rivals}
    telling = [path for path, slip in slipped.items() if slip is not None and slip[1] in STRONG]
    if len(telling) == 1:
        return telling[0]
    return first.left if first.left in rivals else rivals[0]


def _slip(figure: Figure, possible: Range) -> tuple[Decimal, str] | None:
    found = slips(figure, possible)
    return found[0] if found else None


def nearest_printed(figure: Figure, possible: Range) -> Decimal:
    """The middle of what is possible, with the figure's printed decimals; of an exact one with what it takes."""
    centre = (possible[0] + possible[1]) / 2
    whole = centre.denominator == 1 or not figure.exact
    places = figure.places if whole else max(figure.places, USUAL_PLACES)
    return Decimal(round(centre * 10**places)).scaleb(-places)
