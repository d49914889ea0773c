"""Rules of a report that are not sums: ranks, dates of weeks, windows that cannot be, weights and limits, ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from attribution.audit.calendar import last_session, months_before
from attribution.audit.diagnosis import nearest_printed
from attribution.audit.figures import WINDOWS, Contributor, Figure, Figures, Finding, Range, written
from attribution.audit.identities import WINDOW, Ranges, inception_base, missing_sessions
from attribution.audit.slips import slips
from riskmodel.errors import counted, listed

RANK, WEEK_DATES, CONTRIBUTION, LIMIT, RATIO = "rank", "weeks", "contribution", "limit", "ratio"
RANKED_BY = ("excess", "return")
MONTHS_A_YEAR = 12
WHOLE = Decimal(100)  # percent


def shown(*figures: Figure | None) -> tuple[tuple[str, Decimal | str], ...]:
    """Address and printed value of figures."""
    return tuple((figure.path, figure.value) for figure in figures if figure is not None)


def rank_findings(figures: Figures, ranges: Ranges) -> list[Finding]:
    """Ranks follow the excess, or the return: by whichever fewer of them are wrong.

    Among n courses a rank lies between 1 + the courses certainly above and n - those certainly below; certainly, that is,
    beyond what rounding could turn round. Equal ones share a rank.
    """
    ranked = {course: row for course, row in figures.ranking.items() if "rank" in row}
    number = max(len(figures.ranking), len(figures.courses))  # courses that are not printed may rank anywhere
    best: list[Finding] | None = None
    for kind in RANKED_BY:
        values = {course: ranges[row[kind].path] for course, row in figures.ranking.items() if kind in row}
        if not ranked or len(values) < len(figures.ranking):
            continue
        found = []
        for course, row in ranked.items():
            low, high = values[course]
            least = 1 + sum(other[0] > high for name, other in values.items() if name != course)
            most = number - sum(other[1] < low for name, other in values.items() if name != course)
            rank = row["rank"]
            if not least <= rank.value <= most:
                place = str(least) if least == most else f"{least} to {most}"
                gap = int(rank.value) - (least if rank.value < least else most)
                why = f"{course} is ranked {rank.value}, but its {kind} is number {place} of {number}"
                found.append(Finding(RANK, shown(rank, row[kind]), gap, most - least, f"rank {place}", (why,)))
        if best is None or len(found) < len(best):
            best = found
    return best or []


def week_findings(figures: Figures) -> list[Finding]:
    """The weeks tile the month: no session of the exchange is left out, none counted twice."""
    missing, wrong = missing_sessions(figures)
    found = []
    for week, why in wrong:
        printed = ((f"weeks.{week.start}.from", str(week.start)), (f"weeks.{week.start}.to", str(week.end)))
        found.append(Finding(WEEK_DATES, printed, None, None, "correct its dates", (f"the week of {week.start} {why}",)))
    if missing and not wrong:
        before = [week for week in figures.weeks if week.end < missing[0]][-1:]
        after = [week for week in figures.weeks if week.start > missing[0]][:1]
        edges = [(f"weeks.{week.start}.to", str(week.end)) for week in before]
        edges += [(f"weeks.{week.start}.from", str(week.start)) for week in after]
        why = f"{counted(len(missing), 'session')} of the month in no week: {listed(missing)}"
        found.append(
            Finding(WEEK_DATES, tuple(edges), len(missing), 0, "correct the dates, or add the week that is missing", (why,))
        )
    return found


def impossible_returns(figures: Figures) -> list[Finding]:
    """No return is below -100 %, so that what is left of a longer window never is either."""
    found = []
    tables = [*figures.ranking.values(), figures.average, figures.index_returns, *figures.trailing.values()]
    tables += [week.returns for week in figures.weeks]
    for table in tables:
        for key, figure in table.items():
            if key not in ("rank", "excess", "sharpe", "sortino") and figure.range[1] < -WHOLE:
                gap = float(figure.value + WHOLE)
                why = f"{figure.path} = {figure.value}: nothing loses more than all of it"
                found.append(
                    Finding(WINDOW, shown(figure), gap, float(figure.half), _slipped(figure, (-WHOLE, WHOLE)), (why,))
                )
    return found


def early_windows(figures: Figures) -> list[Finding]:
    """A course has no window that is longer than the service has run."""
    start, found = inception_base(figures), []
    if start is None:
        return []
    for name, row in figures.trailing.items():
        for label, count in WINDOWS.items():
            base = last_session(months_before(figures.month, count))
            if name in figures.courses and label in row and base < start:
                printed = (*shown(row[label]), ("service_start", str(figures.service_start)))
                why = f"{row[label].path} starts at the close of {base}, but the service's first base is {start}"
                text = f"leave it out, or correct service_start; the window since {start} is inception to date"
                found.append(Finding(WINDOW, printed, None, None, text, (why,)))
    return found


def start_weight(weight: Figure, contribution: Figure, sleeve_return: Range) -> Range:
    """Weight at the month's start, where the printed one is the month's end's: w_end (1 + R) - c, percent."""
    (w_low, w_high), (c_low, c_high) = weight.range, contribution.range
    low, high = (1 + bound / 100 for bound in sleeve_return)
    return w_low * low - c_high, w_high * high - c_low


def contribution_findings(figures: Figures, returns: Mapping[str, Range]) -> list[Finding]:
    """A contribution is a weight times a return: it implies one that can be, and the list runs from the largest down.

    Parameters
    ----------
    figures
        With [top_contributors].
    returns
        Sleeve -> its return of the month, percent.
    """
    found = []
    for sleeve, rows in figures.contributors.items():
        for row in rows:
            finding = _impossible(figures, row, returns.get(sleeve))
            if finding is not None:
                found.append(finding)
        found += _out_of_order(rows)
    return found


def _impossible(figures: Figures, row: Contributor, sleeve_return: Range | None) -> Finding | None:
    """Neither reading of the weight, at the month's start or at its end, makes sense of the contribution."""
    if row.weight is None or row.contribution is None:
        return None
    weight, contribution = row.weight, row.contribution
    (w_low, w_high), (c_low, c_high) = weight.range, contribution.range
    limit = figures.limits.get("weight_max")
    monthly = limit is not None and figures.limit_words.get("rebalance") == "monthly"
    most = Fraction(limit.value) if limit is not None and monthly else Fraction(WHOLE)
    lost = c_high < -w_high
    # a name that at the start had its printed weight and more than doubled would at the end have weighed far more than that
    as_start = lost or (c_low > w_high and figures.weights_at is None)
    began = None if sleeve_return is None else start_weight(weight, contribution, sleeve_return)
    as_end = began is None or began[1] < 0 or began[0] > most
    if figures.weights_at == "month start":
        as_start, as_end = lost, True
    elif figures.weights_at == "month end":
        as_start = began is not None
    if not (as_start and as_end):
        return None
    said = []
    if figures.weights_at != "month end":
        implied = float(contribution.value) / float(weight.value) * 100 if weight.value else math.inf
        said.append(f"as the weight at the month's start, {weight.value} % implies a return of {implied:+,.0f} %")
    if began is not None and figures.weights_at != "month start":
        start = written(sum(began) / 2, 1)
        said.append(f"as that at its end, the name began the month at {start} % of the sleeve")
    if lost:
        bounds, gap = (-w_high, w_high), c_high + w_high
    else:
        bounds = (-w_high, w_low if began is None else began[1] + c_low)
        gap = c_low - bounds[1]
    text = _slipped(contribution, bounds)
    other = slips(weight, (abs(c_low), Fraction(WHOLE)))
    text += f"; or the weight is wrong, {other[0][0]} ({other[0][1]})" if other else "; or the weight is wrong"
    rounding = float(weight.half + contribution.half)
    why = f"{row.ticker} contributed {contribution.value} with a weight of {weight.value}: " + "; ".join(said)
    return Finding(CONTRIBUTION, shown(contribution, weight), float(gap), rounding, text, (why,))


def _out_of_order(rows: tuple[Contributor, ...]) -> list[Finding]:
    """Contributions that keep the list from falling: all but the longest falling part of it."""
    printed = [row.contribution for row in rows if row.contribution is not None]
    chains: list[list[int]] = []
    for k, figure in enumerate(printed):
        before = [chain for chain in chains if printed[chain[-1]].range[1] >= figure.range[0]]
        chains.append([*max(before, key=len, default=[]), k])
    kept = max(chains, key=len, default=[])
    found = []
    for k, figure in enumerate(printed):
        if k not in kept:
            above = next((printed[j] for j in reversed(kept) if j < k), None)
            below = next((printed[j] for j in kept if j > k), None)
            other = above if above is not None and above.value < figure.value else below
            bounds = (
                Fraction(-WHOLE) if below is None else below.range[0],
                Fraction(WHOLE) if above is None else above.range[1],
            )
            gap = None if other is None else float(figure.value - other.value)
            rounding = None if other is None else float(figure.half + other.half)
            why = f"{figure.path} = {figure.value} breaks the order of the list, the largest first"
            if other is not None:
                why += f": {other.path} is {other.value}"
            found.append(
                Finding(CONTRIBUTION, shown(figure, other), gap, rounding, _slipped(figure, bounds, "move it"), (why,))
            )
    return found


def limit_findings(figures: Figures, returns: Mapping[str, Range]) -> list[Finding]:
    """No printed weight is beyond the strategy's limit; where drift can explain it, that is said."""
    limit, found = figures.limits.get("weight_max"), []
    for sleeve, rows in figures.contributors.items() if limit is not None else ():
        for row in rows:
            weight = row.weight
            if limit is None or weight is None or weight.range[0] <= limit.value:
                continue
            began = None
            if row.contribution is not None and sleeve in returns and figures.weights_at != "month start":
                began = start_weight(weight, row.contribution, returns[sleeve])
            why = f"{row.ticker} has {weight.value} % of {sleeve}; the limit is {limit.value} % in one name"
            if began is not None and began[1] >= 0 and began[0] <= limit.value:
                start = written(sum(began) / 2, 1)
                text = (
                    f"drift can explain it: as a month-end weight, {row.ticker} began the month at about {start} %, within "
                    f"the limit; as the weight at its start, the limit is broken"
                )
                if figures.weights_at == "month end":
                    text = f"drift explains it: {row.ticker} began the month at about {start} %, within the limit; say so"
            else:
                text = "the limit is broken, or the weight misprinted"
                slip = slips(weight, (Fraction(0), Fraction(limit.value)))
                text += f": {slip[0][0]} ({slip[0][1]})" if slip else ""
            gap = float(weight.value - limit.value)
            found.append(Finding(LIMIT, shown(weight, limit), gap, float(weight.half), text, (why,)))
    return found


def ratio_findings(figures: Figures) -> list[Finding]:
    """Sharpe and Sortino share a numerator, so their signs; their sizes bound each other; see docs/methodology/audit.md."""
    found = []
    for row in figures.trailing.values():
        sharpe, sortino = row.get("sharpe"), row.get("sortino")
        months = months_of_record(figures)
        if sharpe is not None and sortino is not None:
            (s_low, s_high), (d_low, d_high) = sharpe.range, sortino.range
            if (s_low > 0 and d_high < 0) or (s_high < 0 and d_low > 0):
                gap = float(sortino.value - sharpe.value)
                why = f"{sharpe.path} is {sharpe.value} and {sortino.path} {sortino.value}: of unlike sign"
                text = f"one sign is wrong: {-sortino.value}, or {sharpe.path} {-sharpe.value}"
                found.append(Finding(RATIO, shown(sortino, sharpe), gap, float(sharpe.half + sortino.half), text, (why,)))
                continue
            least = float(s_low) / math.sqrt(1 + float(s_low) ** 2 / MONTHS_A_YEAR)
            if s_low > 0 and float(d_high) < least:
                gap = float(sortino.value) - _least_sortino(float(sharpe.value))
                why = f"{sortino.path} is {sortino.value}; with a Sharpe ratio of {sharpe.value} it is {least:.2f} or more"
                rounding = float(sortino.half) + _least_sortino(float(sharpe.value)) - least
                found.append(Finding(RATIO, shown(sortino, sharpe), gap, rounding, _either(sortino, sharpe), (why,)))
                continue
        if sharpe is not None and months is not None and "1m" in row:
            most = largest_sharpe(months)
            month = row["1m"]
            if month.range[1] < 0 and float(sharpe.range[0]) > most:
                why = (
                    f"{sharpe.path} is {sharpe.value}, but {months} months of which one returned {month.value} % make at "
                    f"most {most:.1f}"
                )
                gap = float(sharpe.value) - most
                text = _slipped(sharpe, (Fraction(-most), Fraction(most)))
                found.append(Finding(RATIO, shown(sharpe, month), gap, float(sharpe.half), text, (why,)))
    return found


def largest_sharpe(months: int) -> float:
    """The largest annualised Sharpe ratio of monthly returns of which one has the other sign than their mean.

    Notes
    -----
    With mean m and one month beyond zero, s >= m sqrt(n) / (n - 1), so sqrt(12) m / s <= sqrt(12) (n - 1) / sqrt(n).

    Examples
    --------
    >>> round(largest_sharpe(22), 2)
    15.51
    """
    return math.sqrt(MONTHS_A_YEAR / months) * (months - 1)


def months_of_record(figures: Figures) -> int | None:
    """Calendar months of the track record, a partial one among them; None where its start is not printed."""
    start = figures.track_record_start or figures.service_start
    if start is None:
        return None
    months = (figures.month[0] - start.year) * MONTHS_A_YEAR + figures.month[1] - start.month + 1
    return months if months > 1 else None


def _least_sortino(sharpe: float) -> float:
    return sharpe / math.sqrt(1 + sharpe**2 / MONTHS_A_YEAR)


def _either(sortino: Figure, sharpe: Figure) -> str:
    """Which of the two ratios is a slip away from making sense."""
    least, size = _least_sortino(float(sharpe.value)), float(sortino.value)
    own = slips(sortino, (Fraction(least), Fraction(least) * 3))
    most = size / math.sqrt(1 - size**2 / MONTHS_A_YEAR) if 0 < size < math.sqrt(MONTHS_A_YEAR) else None
    other = slips(sharpe, (Fraction(0), Fraction(most))) if most else []
    texts = [f"{figure.path} {slip[0][0]} ({slip[0][1]})" for figure, slip in ((sortino, own), (sharpe, other)) if slip]
    return " or ".join(texts) or "reckon both again from one series of returns"


def _slipped(figure: Figure, bounds: tuple[Fraction | Decimal, Fraction | Decimal], otherwise: str = "") -> str:
    """The likeliest misprint that bounds allow."""
    found = slips(figure, (Fraction(bounds[0]), Fraction(bounds[1])))
    if found:
        return f"{found[0][0]} ({found[0][1]})"
    return otherwise or f"a value from {written(bounds[0])} to {written(bounds[1])}"


def printed_correction(figure: Figure, possible: Range, slip: tuple[Decimal, str] | None) -> str:
    """What to print in a figure's place, and the slip that explains it."""
    return f"{slip[0]} ({slip[1]})" if slip is not None else f"{nearest_printed(figure, possible)}"
