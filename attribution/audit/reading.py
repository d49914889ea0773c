"""Read a published report's figures from TOML: every key known, every number as it was printed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

from attribution.audit.figures import WEIGHTS_AT, Contributor, Figure, Figures, Signed, Week
from attribution.portfolio.settings.bound_types import IndexBasis, Reset
from attribution.portfolio.settings.toml_file import read_toml
from attribution.reporting.tables.addresses import WINDOWS, address
from riskmodel.arrays.labels import require_path
from riskmodel.errors import InputError, listed
from riskmodel.market.calendar import AN_EXCHANGE, is_calendar

TEXTS = ("month", "currency", "calendar", "return_basis", "universe", "weights_at")
DATES = ("service_start", "track_record_start")
TABLES = (
    "courses", "blend_reset", "benchmarks", "index_returns", "index_levels", "index_basis", "ranking", "average", "trailing",
    "weeks", "top_contributors", "limits", "stated_drivers", "factors", "factor_names_ja", "factor_names_en",
)  # fmt: skip
RANKED = ("return", "benchmark", "excess")
TRAILING = (*WINDOWS, "itd", "sharpe", "sortino")
BASES = get_args(IndexBasis)
LIMITS = ("names_min", "names_max", "weight_max", "sector_deviation_max", "risk_band", "risk_band_vs_sp500")
LIMIT_WORDS = ("risk_band_index", "rebalance", "sectors")
SHARES_ROUNDING = Fraction(1, 10**9)
MOST_PLACES = 40
WHOLE = 100  # percent
LARGEST = Decimal(10) ** 12
YEARS = range(1900, 2200)
DECIMALS_OF_A_DECIMAL = 4  # a return printed as a decimal to the hundredth of a percent, -0.0660


def read_figures(path: str | Path) -> Figures:
    """Read the figures of a published report.

    Parameters
    ----------
    path
        A TOML file; its parts are in docs/reference/audit.md. All but `month` may be missing.

    Returns
    -------
    Figures
        Numbers keep their printed decimals; TOML integers are exact.

    Raises
    ------
    InputError
        For a file that is not TOML, unknown keys, values of the wrong kind, and decimals in the place of percent or the
        other way round. The message names the place and the fix.

    Examples
    --------
    >>> figures = read_figures("fixtures/published/wealth_growth_2026_03.toml")
    >>> figures.trailing["S&P 500"]["6m"]
    Figure(path='trailing."S&P 500".6m', value=Decimal('2.98'), exact=False)
    """
    path = require_path("path", path, "Name the TOML file of the figures.")
    return parse_figures(read_toml(path, "Name the TOML file of the figures.", parse_float=Decimal), path)


def parse_figures(content: dict[str, Any], path: Path) -> Figures:
    """The figures of a TOML document that is read already, with its numbers as `Decimal`; raises as `read_figures`."""
    figures = _Reader(path).read(content)
    _require_percent(figures)
    return figures


class _Reader:
    """The parts of one file; it knows the file's name, for messages."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, content: dict[str, Any]) -> Figures:
        self.known(content, (*TEXTS, *DATES, *TABLES), "the file")
        if "month" not in content:
            raise self.wrong("missing key 'month'. Write month = \"YYYY-MM\", the month of the report.")
        texts = {key: self.text(content[key], key) for key in TEXTS if key in content}
        if re.fullmatch(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])", texts["month"]) is None:
            raise self.wrong(f"month '{texts['month']}': write it as YYYY-MM.")
        if texts.get("weights_at", WEIGHTS_AT[0]) not in WEIGHTS_AT:
            raise self.wrong(f"weights_at '{texts['weights_at']}': the choices are {', '.join(WEIGHTS_AT)}.")
        if "calendar" in texts and not is_calendar(texts["calendar"]):
            raise self.wrong(f"calendar '{texts['calendar']}': give {AN_EXCHANGE}.")
        tables = {key: self.table(content.get(key, {}), key) for key in TABLES if key not in ("ranking", "weeks")}
        courses = {name: self.shares(name, shares) for name, shares in tables["courses"].items()}
        sleeves = list(dict.fromkeys(sleeve for shares in courses.values() for sleeve in shares))
        self.among(tables["benchmarks"], sleeves, "benchmarks", "sleeve")
        self.among(tables["top_contributors"], sleeves, "top_contributors", "sleeve")
        self.among(tables["stated_drivers"], ["market", *sleeves] if sleeves else [], "stated_drivers", "sleeve")
        basis = {name: self.text(value, address("index_basis", name)) for name, value in tables["index_basis"].items()}
        for name, value in basis.items():
            if value not in BASES:
                raise self.wrong(f"{address('index_basis', name)} is '{value}': the choices are {', '.join(BASES)}.")
        resets = {name: self.text(value, address("blend_reset", name)) for name, value in tables["blend_reset"].items()}
        self.among(resets, list(courses), "blend_reset", "course")
        for name, value in resets.items():
            if value not in get_args(Reset):
                raise self.wrong(
                    f"{address('blend_reset', name)} is '{value}': the choices are {', '.join(get_args(Reset))}."
                )
        limits = tables["limits"]
        self.known(limits, (*LIMITS, *LIMIT_WORDS), "[limits]")
        bounds = {key: self.figure(limits[key], "limits", key, exact=True) for key in LIMITS if key in limits}
        for bound in bounds.values():
            if bound.value <= 0:
                raise self.wrong(f"'{bound.path}' is {bound.value}; a limit is above zero.")
        year, month = texts["month"].split("-")
        return Figures(
            path=self.path,
            month=(int(year), int(month)),
            currency=texts.get("currency", ""),
            calendar=texts.get("calendar", ""),
            return_basis=texts.get("return_basis", ""),
            universe=texts.get("universe"),
            weights_at=texts.get("weights_at"),
            **{key: self.date(content[key], key) for key in DATES if key in content},
            courses=courses,
            blend_reset=resets,
            benchmarks={sleeve: self.text(v, address("benchmarks", sleeve)) for sleeve, v in tables["benchmarks"].items()},
            index_returns=self.figures(tables["index_returns"], "index_returns"),
            index_basis=basis,
            levels={name: self.levels(name, value) for name, value in tables["index_levels"].items()},
            ranking=self.ranking(content.get("ranking", []), list(courses)),
            average=self.figures(tables["average"], "average", keys=RANKED),
            trailing={
                name: self.figures(self.table(v, address("trailing", name)), "trailing", name, keys=TRAILING)
                for name, v in tables["trailing"].items()
            },
            weeks=self.weeks(content.get("weeks", [])),
            contributors={sleeve: self.contributors(sleeve, rows) for sleeve, rows in tables["top_contributors"].items()},
            limits=bounds,
            limit_words={key: self.text(limits[key], f"limits.{key}") for key in LIMIT_WORDS if key in limits},
            drivers={name: self.signed(name, value) for name, value in tables["stated_drivers"].items()},
            factors=tuple(tables["factors"]) or None,
        )

    def wrong(self, what: str) -> InputError:
        return InputError(f"{self.path.name}: {what}")

    def known(self, table: Mapping[str, Any], keys: Iterable[str], place: str) -> None:
        for key in table:
            if key not in keys:
                raise self.wrong(f"unknown key '{key}' in {place}. Known keys: {', '.join(sorted(keys))}.")

    def among(self, names: Iterable[str], known: Iterable[str], place: str, kind: str) -> None:
        unknown = [name for name in names if name not in known] if known else []
        if unknown:
            found = f"unknown {kind} {listed(map(repr, unknown))} in [{place}]"
            raise self.wrong(f"{found}. [courses] has: {', '.join(known)}.")

    def table(self, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.wrong(f"'{place}' is {_kind(value)}, not a table. Write it under a heading [{place}].")
        return value

    def rows(self, value: Any, place: str) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise self.wrong(f"'{place}' is {_kind(value)}, not a list of tables. Write a heading [[{place}]] for each row.")
        return value

    def text(self, value: Any, place: str) -> str:
        if not isinstance(value, str):
            raise self.wrong(f"'{place}' is {_kind(value)}, not a text. Write it in quotes.")
        return value

    def date(self, value: Any, place: str) -> datetime.date:
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            raise self.wrong(f"'{place}' is {_kind(value)}, not a date. Write YYYY-MM-DD, without quotes or time.")
        if value.year not in YEARS:
            raise self.wrong(f"'{place}' is {value}; its year is from {YEARS[0]} to {YEARS[-1]}.")
        return value

    def figure(self, value: Any, *parts: str, exact: bool = False) -> Figure:
        place = address(*parts)
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise self.wrong(f"'{place}' is {_kind(value)}, not a number. Write it as printed, with a plain minus: -6.60.")
        number = Decimal(value)
        if not number.is_finite():
            raise self.wrong(f"'{place}' is {value}. Leave out what is not printed.")
        if abs(number) > LARGEST or -int(number.as_tuple().exponent) > MOST_PLACES:
            raise self.wrong(f"'{place}' is {number:.3g}. Write it as printed; no report prints such a number.")
        return Figure(place, number, exact or isinstance(value, int))

    def figures(self, table: dict[str, Any], *parts: str, keys: tuple[str, ...] | None = None) -> dict[str, Figure]:
        if keys is not None:
            self.known(table, keys, f"[{address(*parts)}]")
        return {key: self.figure(value, *parts, key) for key, value in table.items()}

    def shares(self, course: str, value: Any) -> dict[str, Fraction]:
        place = address("courses", course)
        shares = {
            sleeve: Fraction(self.figure(share, "courses", course, sleeve).value)
            for sleeve, share in self.table(value, place).items()
        }
        below = [sleeve for sleeve, share in shares.items() if share < 0]
        if below:
            raise self.wrong(f"{place}: the share of {listed(below)} is below zero.")
        total = sum(shares.values(), Fraction(0))
        if abs(total - 100) <= 100 * SHARES_ROUNDING:
            raise self.wrong(f"shares in {place} sum to {float(total):g}, not 1. They look like percent; divide by 100.")
        if abs(total - 1) > SHARES_ROUNDING:
            raise self.wrong(f"shares in {place} sum to {float(total):g}, not 1.")
        return shares

    def levels(self, index: str, value: Any) -> dict[datetime.date, Figure]:
        out = {}
        for day, level in self.table(value, address("index_levels", index)).items():
            figure = self.figure(level, "index_levels", index, day)
            try:
                date = datetime.datetime.strptime(day, "%Y-%m-%d").date()
            except ValueError:
                raise self.wrong(f"'{figure.path}': the key is a day, YYYY-MM-DD = level.") from None
            if date in out:
                raise self.wrong(f"'{figure.path}': the day is there twice. Keep one level each.")
            if figure.range[0] <= 0:
                raise self.wrong(f"'{figure.path}' is {figure.value}; a level is above zero.")
            out[date] = figure
        return dict(sorted(out.items()))

    def ranking(self, value: Any, courses: list[str]) -> dict[str, dict[str, Figure]]:
        out: dict[str, dict[str, Figure]] = {}
        for row in self.rows(value, "ranking"):
            self.known(row, ("rank", "course", *RANKED), "[[ranking]]")
            if "course" not in row:
                raise self.wrong("missing key 'course' in [[ranking]].")
            course = self.text(row["course"], "ranking.course")
            self.among([course], courses, "[ranking]", "course")
            if course in out:
                raise self.wrong(f"course '{course}' is in [[ranking]] twice. Keep one row each.")
            out[course] = {key: self.figure(row[key], "ranking", course, key) for key in ("rank", *RANKED) if key in row}
            rank = out[course].get("rank")
            if rank is not None and (not rank.exact or rank.value < 1):
                raise self.wrong(f"'{rank.path}' is {rank.value}. A rank is a whole number from 1.")
        return out

    def weeks(self, value: Any) -> tuple[Week, ...]:
        out: list[Week] = []
        for row in self.rows(value, "weeks"):
            if "from" not in row or "to" not in row:
                raise self.wrong(f"missing key '{'to' if 'from' in row else 'from'}' in [[weeks]].")
            start, end = (self.date(row[key], f"weeks.{key}") for key in ("from", "to"))
            returns = {
                name: self.figure(number, "weeks", f"{start:%Y-%m-%d}", name)
                for name, number in row.items()
                if name not in ("from", "to")
            }
            if start in [week.start for week in out]:
                raise self.wrong(f"two rows of [[weeks]] are from {start:%Y-%m-%d}. Keep one row each.")
            out.append(Week(start, end, returns))
        return tuple(sorted(out, key=lambda week: week.start))

    def contributors(self, sleeve: str, value: Any) -> tuple[Contributor, ...]:
        place, out, seen = address("top_contributors", sleeve), list[Contributor](), dict[str, int]()
        for row in self.rows(value, place):
            self.known(row, ("ticker", "weight", "contribution"), f"[[{place}]]")
            if "ticker" not in row:
                raise self.wrong(f"missing key 'ticker' in [[{place}]].")
            ticker = self.text(row["ticker"], f"{place}.ticker").strip()
            if not ticker:
                raise self.wrong(f"an empty 'ticker' in [[{place}]].")
            seen[ticker] = seen.get(ticker, 0) + 1
            name = ticker if seen[ticker] == 1 else f"{ticker} ({seen[ticker]})"
            numbers = {
                key: self.figure(row[key], "top_contributors", sleeve, name, key) if key in row else None
                for key in ("weight", "contribution")
            }
            out.append(Contributor(address("top_contributors", sleeve, name), ticker, **numbers))
        return tuple(out)

    def signed(self, name: str, value: Any) -> Signed:
        place = address("stated_drivers", name)
        table = self.table(value, place)
        self.known(table, ("positive", "negative"), f"[{place}]")
        for sign, factors in table.items():
            if not isinstance(factors, list) or not all(isinstance(factor, str) for factor in factors):
                raise self.wrong(f"'{place}.{sign}' is {_kind(factors)}, not a list of factors' names.")
        return {sign: tuple(factors) for sign, factors in table.items()}


def _require_percent(figures: Figures) -> None:
    """Refuse a file whose numbers can only be decimals: percent is what a report prints, and what the rules reckon in.

    Raises
    ------
    InputError
        Names the place and the fix.
    """
    name = figures.path.name
    most, names = figures.limits.get("weight_max"), figures.limits.get("names_max")
    if most is not None and names is not None and most.value * names.value < WHOLE:
        cure = "Correct one of them."
        if most.value < 1:
            cure = f"It looks like a decimal; write percent, {float(most.value * 100):g}."
        found = f"limits.weight_max is {most.value}: {names.value} names of {most.value} % each do not make 100 %."
        raise InputError(f"{name}: {found} {cure}")
    groups = {
        "returns of [[ranking]]": [row[key] for row in figures.ranking.values() for key in RANKED if key in row],
        "returns of [index_returns]": list(figures.index_returns.values()),
        "returns of [[weeks]]": [number for week in figures.weeks for number in week.returns.values()],
    }
    for place, row in [
        ("average", figures.average),
        *((address("trailing", key), v) for key, v in figures.trailing.items()),
    ]:
        groups[f"returns of [{place}]"] = [figure for key, figure in row.items() if key not in ("sharpe", "sortino")]
    every = [figure for group in groups.values() for figure in group]
    _refuse_decimals(name, "returns", every)
    for what, group in groups.items():  # a table with four decimals beside one with fewer
        if any(figure.places < DECIMALS_OF_A_DECIMAL and not figure.exact for figure in every):
            _refuse_decimals(name, what, group)
    for sleeve, rows in figures.contributors.items():
        weights = [row.weight for row in rows if row.weight is not None]
        _refuse_decimals(name, f"weights of {address('top_contributors', sleeve)}", weights, places=3)


def _refuse_decimals(file: str, what: str, printed: list[Figure], places: int = DECIMALS_OF_A_DECIMAL) -> None:
    rounded = [figure for figure in printed if not figure.exact]
    if rounded and all(abs(figure.value) < 1 and figure.places >= places for figure in rounded):
        largest = max(rounded, key=lambda figure: abs(figure.value))
        raise InputError(
            f"{file}: the {what} look like decimals: the largest of {len(rounded)} is {largest.path} = {largest.value}. "
            f"Write percent as printed, {float(largest.value * 100):.2f}."
        )


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", str: f"the text '{value}'", list: "a list", dict: "a table", int: "a whole number"}
    times = {Decimal: "a number", datetime.date: "a date", datetime.datetime: "a date with a time"}
    return (kinds | times).get(type(value), "something else")
