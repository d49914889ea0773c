"""Rules about names: tickers that are listed nowhere, indices that leave out dividends, drivers named both ways."""

from __future__ import annotations

import csv
import datetime
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from decimal import Decimal

from attribution.audit.figures import Figures, Finding
from attribution.audit.identities import window_figures
from attribution.audit.slips import nearest_names
from attribution.reporting.tables.addresses import address
from riskmodel.errors import InputError
from riskmodel.texts import with_formula

TICKER, BASIS, DRIVER = "ticker", "index basis", "driver"
TOTAL_RETURN, PRICE = "total return", "price"
CLOSES = {  # last close of a year: the S&P 500 (FRED: SP500) and its total return index (Yahoo Finance: ^SP500TR)
    "S&P 500": {
        2015: (2043.94, 3821.60),
        2016: (2238.83, 4278.66),
        2017: (2673.61, 5212.76),
        2018: (2506.85, 4984.22),
        2019: (3230.78, 6553.57),
        2020: (3756.07, 7759.35),
        2021: (4766.18, 9986.70),
        2022: (3839.50, 8178.02),
        2023: (4769.83, 10327.83),
        2024: (5881.63, 12911.82),
        2025: (6845.50, 15220.45),
    }
}
FURTHEST = datetime.timedelta(days=366)  # from the nearest of these closes; beyond it an index may have gone anywhere


def read_universe(figures: Figures) -> tuple[list[str] | None, str]:
    """The tickers of the list that `universe` names beside the file; None, and why, where there is none.

    Raises
    ------
    InputError
        Where the list has no column `ticker`.
    """
    if figures.universe is None:
        return None, "the file names no universe"
    path = figures.path.parent / figures.universe
    try:
        if not path.is_file():
            raise FileNotFoundError
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            if "ticker" not in (rows.fieldnames or []):
                raise InputError(f"{path.name}: no column 'ticker'. It is a CSV file with one ticker a row.")
            return [with_formula(row["ticker"]) for row in rows if row["ticker"]], ""
    except (OSError, UnicodeDecodeError, csv.Error):
        return None, f"the list '{figures.universe}' cannot be read beside the file"


def repeated_tickers(figures: Figures) -> list[Finding]:
    """No name is twice among a sleeve's contributors."""
    found = []
    for sleeve, rows in figures.contributors.items():
        seen: set[str] = set()
        for row in rows:
            if row.ticker in seen:
                why = f"{row.ticker} is among the largest contributors of {sleeve} twice"
                found.append(Finding(TICKER, ((f"{row.path}.ticker", row.ticker),), None, None, "one of the two", (why,)))
            seen.add(row.ticker)
    return found


def ticker_findings(figures: Figures, known: Iterable[str], where: str) -> list[Finding]:
    """Every ticker is listed; a share class may be set apart by any mark, as in BRK.B and BRK-B."""
    listed_names = list(known)
    marks = {_unmarked(name) for name in listed_names}
    found = []
    for sleeve, rows in figures.contributors.items():
        for row in {row.ticker: row for row in rows}.values():
            if _unmarked(row.ticker) not in marks:
                printed = ((address("top_contributors", sleeve, row.ticker, "ticker"), row.ticker),)
                near = nearest_names(_unmarked(row.ticker), listed_names)
                text = " or ".join(near) if near else "no listed ticker is near it"
                why = f"{row.ticker} is not among the {len(listed_names):,} tickers of {where}"
                found.append(Finding(TICKER, printed, None, None, text, (why,)))
    return found


def basis_of(figures: Figures, index: str) -> tuple[str | None, str]:
    """Whether an index is a price or a total return index, and how that is known; None where it is not.

    The file's [index_basis] says it; else its levels do, each nearer in log to the one of the two closes of the nearest year
    end, at most a year away, than half of what lies between them; most of the levels decide.
    """
    if index in figures.index_basis:
        return figures.index_basis[index], "[index_basis]"
    closes, levels = CLOSES.get(index), figures.levels.get(index)
    if closes is None or not levels:
        return None, ""
    votes = Counter[str | None]()
    for day, level in levels.items():
        year = _nearest_year(day, closes)
        price, total = closes[year]
        near = {PRICE: abs(math.log(float(level.value) / price)), TOTAL_RETURN: abs(math.log(float(level.value) / total))}
        nearer = min(near, key=lambda name: near[name])
        known = near[nearer] < math.log(total / price) / 2 and abs(_year_end(year) - day) <= FURTHEST
        votes[nearer if known else None] += 1
    basis, number = votes.most_common(1)[0]
    if 2 * number <= len(levels):
        return None, ""
    year = _nearest_year(max(levels), closes)
    return basis, (
        f"its levels: at the end of {year} the price index closed at {closes[year][0]:,.2f}, "
        f"the total return index at {closes[year][1]:,.2f}"
    )


def basis_findings(figures: Figures) -> list[Finding]:
    """Courses with their dividends are compared with indices that have theirs: one finding a benchmark."""
    if TOTAL_RETURN not in figures.return_basis.lower():
        return []
    found = []
    for index in benchmark_names(figures):
        basis, how = basis_of(figures, index)
        if basis == PRICE:
            sleeve = next(sleeve for sleeve, name in figures.benchmarks.items() if name == index)
            printed: list[tuple[str, Decimal | str]] = [(address("benchmarks", sleeve), index)]
            printed.append(("return_basis", figures.return_basis))
            if index in figures.index_basis:
                printed.append((address("index_basis", index), PRICE))
            else:
                levels = figures.levels[index]
                printed.append((levels[max(levels)].path, levels[max(levels)].value))
            printed += [(figure.path, figure.value) for _, figure in window_figures(figures, index)]
            why = f"the courses' returns are total returns, but {index} is a price index ({how})"
            text = (
                f"compare with the total return index of {index}: without its dividends every excess over it is too large "
                f"by about their yield"
            )
            found.append(Finding(BASIS, tuple(printed), None, None, text, (why,)))
    return found


def unknown_basis(figures: Figures) -> list[str]:
    """Benchmarks of which nothing says what they are."""
    return [index for index in benchmark_names(figures) if basis_of(figures, index)[0] is None]


def benchmark_names(figures: Figures) -> list[str]:
    """The benchmarks of the sleeves, each once."""
    return list(dict.fromkeys(figures.benchmarks.values()))


def driver_findings(figures: Figures, denied: Container[str] = ()) -> list[Finding]:
    """A driver is a known factor, and is not said to have helped and hurt, unless the data deny one of the two already."""
    found = []
    for place, sign, factor in stated(figures):
        path = address("stated_drivers", place, sign, factor)
        if figures.factors is not None and factor not in figures.factors:
            near = nearest_names(factor, figures.factors)
            why = f"{factor} is not one of the {len(figures.factors)} factors of the file"
            text = " or ".join(near) if near else f"one of {', '.join(figures.factors)}"
            found.append(Finding(DRIVER, ((path, factor),), None, None, text, (why,)))
        elif sign == "negative" and factor in figures.drivers[place].get("positive", ()):
            other = address("stated_drivers", place, "positive", factor)
            if path in denied or other in denied:
                continue
            printed = ((path, factor), (other, factor))
            why = f"{factor} is said to have been positive and negative for {place}"
            found.append(Finding(DRIVER, printed, None, None, "strike it out on one side", (why,)))
    return found


def stated(figures: Figures) -> Iterator[tuple[str, str, str]]:
    """Place, sign and factor of every stated driver, once each."""
    for place, signs in figures.drivers.items():
        for sign, factors in signs.items():
            yield from ((place, sign, factor) for factor in dict.fromkeys(factors))


def _nearest_year(day: datetime.date, closes: dict[int, tuple[float, float]]) -> int:
    return min(closes, key=lambda year: abs(_year_end(year) - day))


def _year_end(year: int) -> datetime.date:
    return datetime.date(year, 12, 31)


def _unmarked(ticker: str) -> str:
    """A ticker without the mark of its share class, in capitals of half width."""
    return re.sub(r"[.\-/ ]", "", unicodedata.normalize("NFKC", ticker)).upper()
