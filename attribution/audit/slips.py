"""How a figure or a ticker comes to be misprinted: digits swapped, one mistyped, a sign, a point; neighbouring keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from attribution.audit.figures import Figure, Range

SWAPPED, SIGN, POINT, DIGIT = "two digits swapped", "the sign lost", "the point a place off", "one digit mistyped"
DECIMAL = "a decimal for percent"
USUAL_PLACES = 2  # of a report's returns, weights and ratios
STRONG = (SWAPPED, SIGN, POINT, DECIMAL)  # few figures are one such slip away from a given one, so a match is telling
KINDS = (*STRONG, DIGIT)
KEYBOARD = ("1234567890", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")


def slips(printed: Figure, implied: Range) -> list[tuple[Decimal, str]]:
    """The slips that lead from what should have been printed to what was.

    Parameters
    ----------
    printed
        The figure as printed.
    implied
        What the other figures leave possible.

    Returns
    -------
    list
        What should have been printed, and the slip; likelier kinds first, within a kind nearest to the middle of `implied`.

    Examples
    --------
    >>> week = Figure("week", Decimal("-2.21"))
    >>> slips(week, (Fraction(-2135, 1000), Fraction(-2085, 1000)))[0]
    (Decimal('-2.12'), 'two digits swapped')
    """
    low, high = implied
    middle, half = (low + high) / 2, Fraction(printed.half)
    found: dict[Decimal, str] = {}
    for value, kind in _variants(printed.value):
        if low - half <= Fraction(value) <= high + half and value != printed.value:
            found.setdefault(value, kind)
    return sorted(found.items(), key=lambda item: (KINDS.index(item[1]), abs(Fraction(item[0]) - middle)))


def _variants(value: Decimal) -> Iterator[tuple[Decimal, str]]:
    sign, digits, exponent = value.as_tuple()
    places = int(exponent)
    padded = (0,) * max(0, 1 - places - len(digits)) + digits  # 0.04 has a digit before its point
    for k in range(len(padded) - 1):
        swapped = (*padded[:k], padded[k + 1], padded[k], *padded[k + 2 :])
        yield Decimal((sign, swapped, places)), SWAPPED
    yield -value, SIGN
    unit = Decimal(1).scaleb(places)
    yield value.scaleb(1).quantize(unit), POINT
    smaller = value.scaleb(-1)
    if smaller == smaller.quantize(unit):
        yield smaller.quantize(unit), POINT
    elif places > -USUAL_PLACES:  # else it would have had more places than are printed
        yield smaller, POINT
    if -places > USUAL_PLACES:
        yield value.scaleb(2), DECIMAL
    for k, digit in enumerate(padded):
        for other in range(10):
            if other != digit:
                yield Decimal((sign, (*padded[:k], other, *padded[k + 1 :]), places)), DIGIT


def nearest_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known names that one slip of the keyboard makes into another, the likeliest first.

    Parameters
    ----------
    name
        As printed.
    known
        Names that exist.
    limit
        How many to return at most.

    Returns
    -------
    list
        Those with the fewest edits (letters changed, left out, put in, neighbours swapped); among them first those whose
        changed letter is a neighbour on the keyboard. None where more than half of the letters would change.

    Notes
    -----
    Edit distance of Damerau (1964), Communications of the ACM 7(3).

    Examples
    --------
    >>> nearest_names("BTSB", ["BTSG", "BTSC", "AAPL"])
    ['BTSG', 'BTSC']
    """
    best, found = len(name) // 2, list[tuple[str, int]]()
    for least, other in sorted((_least_edits(name, other), other) for other in known):
        if least > best:
            break
        distance = edit_distance(name, other)
        if distance < best:
            best, found = distance, []
        if distance <= best:
            found.append((other, _keys_apart(name, other)))
    return [other for other, _ in sorted(found, key=lambda item: (item[1], item[0]))[:limit]]


def edit_distance(one: str, other: str) -> int:
    """Letters changed, left out or put in, and neighbours swapped, between two words.

    Examples
    --------
    >>> edit_distance("BTSB", "BTSG"), edit_distance("BTGS", "BTSG"), edit_distance("BTS", "BTSG")
    (1, 1, 1)
    """
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def _least_edits(one: str, other: str) -> int:
    """No more than the edit distance, and quick: an edit makes a word one letter longer, or brings one letter it lacks."""
    letters, others = set(one), set(other)
    return max(abs(len(one) - len(other)), len(letters - others), len(others - letters))


def _keys_apart(one: str, other: str) -> int:
    """How many changed letters are not neighbours on the keyboard; words of unlike length have all letters apart."""
    if len(one) != len(other):
        return len(one)
    return sum(not _neighbours(a, b) for a, b in zip(one.upper(), other.upper(), strict=True) if a != b)


def _neighbours(a: str, b: str) -> bool:
    places = {key: (row, column) for row, keys in enumerate(KEYBOARD) for column, key in enumerate(keys)}
    if a not in places or b not in places:
        return False
    (row, column), (other_row, other_column) = places[a], places[b]
    # a row stands half a key to the right of the one above it
    sideways = abs(2 * column + row - 2 * other_column - other_row)
    return abs(row - other_row) <= 1 and sideways <= 2
