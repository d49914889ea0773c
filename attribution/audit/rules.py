"""Rules of a report that are not sums: ranks, dates of weeks, windows that cannot be, weights and limits, ratios."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from attribution.audit.diagnosis import nearest_printed
from attribution.audit.figures import WEIGHTS_AT, Figure, Figures, Finding, Range, written
from attribution.audit.identities import WINDOW, Ranges, inception_base, middle, missing_sessions
from attribution.audit.slips import KINDS, STRONG, slips
from attribution.reporting.tables.addresses import WINDOWS
from riskmodel.errors import counted, listed
from riskmodel.market.calendar import last_session, months_before

RANK, WEEK_DATES, CONTRIBUTION, LIMIT, RATIO = "rank", "weeks", "contribution", "limit", "ratio"
RANKED_BY = ("excess", "return")
MONTHS_A_YEAR = 12
WHOLE = Decimal(100)  # percent
MONTH_START, MONTH_END = WEIGHTS_AT
MOST_GAINED = 100  # times its weight, in a month


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
    elsewhere = {(week.start.year, week.start.month) for week in figures.weeks} - {figures.month}
    if len(wrong) == len(figures.weeks) > 1 and len(elsewhere) == 1:
        (year, month), own = elsewhere.pop(), f"{figures.month[0]}-{figures.month[1]:02d}"
        weeks = tuple((f"weeks.{week.start}.from", str(week.start)) for week in figures.weeks)
        why = f"the report is of {own}, but its weeks are of {year}-{month:02d}"
        return [Finding(WEEK_DATES, (("month", own), *weeks), None, None, f"{year}-{month:02d}", (why,))]
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


def impossible_returns(figures: Figures, ranges: Ranges) -> list[Finding]:
    """No return is below -100 %, so that what is left of a longer window never is either."""
    found = []
    tables = [*figures.ranking.values(), figures.average, figures.index_returns, *figures.trailing.values()]
    tables += [week.returns for week in figures.weeks]
    for table in tables:
        for key, figure in table.items():
            if key not in ("rank", "excess", "sharpe", "sortino") and ranges[figure.path][1] < -WHOLE:
                gap = float(figure.value + WHOLE)
                why = f"{figure.path} = {figure.value}: nothing loses more than all of it"
                found.append(
                    Finding(WINDOW, shown(figure), gap, float(figure.half), _slipped(figure, (-WHOLE, WHOLE)), (why,))
                )
    return found


def early_windows(figures: Figures) -> list[Finding]:
    """A course has no window that is longer than the service has run: where more than one has, its start is the suspect."""
    start = inception_base(figures)
    if start is None:
        return []
    early, reasons = list[Figure](), list[str]()
    for name, row in figures.trailing.items():
        for label, count in WINDOWS.items():
            base = last_session(months_before(figures.month, count), figures.exchange)
            if name in figures.courses and label in row and base < start:
                early.append(row[label])
                reasons.append(f"{row[label].path} starts at the close of {base}, but the service's first base is {start}")
    if not early:
        return []
    began, named = ("service_start", str(figures.service_start)), tuple(figure.path for figure in early)
    window = f"the window since {start} is inception to date"
    if len(early) == 1:
        text = f"leave it out, or correct service_start; {window}"
        return [Finding(WINDOW, (*shown(*early), began), None, None, text, tuple(reasons), named)]
    text = f"an earlier day, or leave the {len(early)} windows out: {window}"
    return [Finding(WINDOW, (began, *shown(*early)), None, None, text, tuple(reasons), named)]


def start_weight(weight: Range, contribution: Range, sleeve_return: Range) -> Range:
    """Weight at the month's start, where the printed one is the month's end's: w_end (1 + R) - c, percent."""
    low, high = (1 + bound / 100 for bound in sleeve_return)
    return weight[0] * low - contribution[1], weight[1] * high - contribution[0]


def contribution_findings(figures: Figures, returns: Mapping[str, Range], ranges: Ranges) -> list[Finding]:
    """A contribution is a weight times a return: it implies one that can be, and the list runs from the largest down.

    Parameters
    ----------
    figures
        With [top_contributors].
    returns
        Sleeve -> its return of the month, percent.
    ranges
        What each figure may be, by address.
    """
    found = list[Finding]()
    for sleeve, rows in figures.contributors.items():
        for row in rows:
            if row.weight is not None and row.contribution is not None:
                found += _impossible(figures, row.ticker, row.weight, row.contribution, returns.get(sleeve), ranges)
        found += _out_of_order([row.contribution for row in rows if row.contribution is not None], ranges)
    return found


def _possible_contributions(figures: Figures, weight: Range, sleeve_return: Range | None) -> list[Range]:
    """What a weight leaves possible for a contribution: read as the month's start's, and as its end's."""
    found = list[Range]()
    if figures.weights_at != MONTH_END:
        # a name that at the start had its printed weight and more than doubled would at the end have weighed far more
        found.append((-weight[1], weight[1] * (1 if figures.weights_at is None else MOST_GAINED)))
    if figures.weights_at != MONTH_START and sleeve_return is not None:
        low, high = (1 + bound / 100 for bound in sleeve_return)
        found.append((weight[0] * low - _heaviest_start(figures), weight[1] * high))
    return found


def _possible_weights(figures: Figures, contribution: Range, sleeve_return: Range | None) -> list[Range]:
    """What a contribution leaves possible for a weight: read as the month's start's, and as its end's."""
    found, most = list[Range](), _heaviest_start(figures)
    if figures.weights_at != MONTH_END:
        gained = contribution[0] / (1 if figures.weights_at is None else MOST_GAINED)
        found.append((max(gained, -contribution[1], Fraction(0)), most))
    if figures.weights_at != MONTH_START and sleeve_return is not None:
        low, high = (1 + bound / 100 for bound in sleeve_return)
        found.append((max(contribution[0] / high, Fraction(0)), min((most + contribution[1]) / low, Fraction(WHOLE))))
    return found


def _heaviest_start(figures: Figures) -> Fraction:
    """The largest weight after a rebalance: the limit, of a strategy that rebalances monthly."""
    limit = figures.limits.get("weight_max")
    monthly = limit is not None and figures.limit_words.get("rebalance") == "monthly"
    return Fraction(limit.value) if limit is not None and monthly else Fraction(WHOLE)


def _impossible(
    figures: Figures, ticker: str, weight: Figure, contribution: Figure, sleeve_return: Range | None, ranges: Ranges
) -> Iterator[Finding]:
    """Neither reading of the weight makes sense of the contribution; the one that a telling slip explains is blamed."""
    w, c = ranges[weight.path], ranges[contribution.path]
    possible = _possible_contributions(figures, w, sleeve_return)
    if not possible or any(low <= c[1] and c[0] <= high for low, high in possible):
        return
    said = []
    if figures.weights_at != MONTH_END:
        implied = float(middle(c) / middle(w)) * 100 if middle(w) else math.inf
        said.append(f"as the weight at the month's start, {weight.value} % implies a return of {implied:+,.0f} %")
    if figures.weights_at != MONTH_START and sleeve_return is not None:
        start = written(middle(start_weight(w, c, sleeve_return)), 1)
        said.append(f"as that at its end, the name began the month at {start} % of the sleeve")
    weights = _possible_weights(figures, c, sleeve_return)
    slip, other = _likeliest_slip(contribution, possible), _likeliest_slip(weight, weights)
    no_weight = w[1] < 0 or w[0] > WHOLE
    blame_weight = no_weight or (other is not None and other[1] in STRONG and (slip is None or slip[1] not in STRONG))
    if blame_weight:
        blamed, beside, bounds, slip, other = weight, contribution, weights, other, slip
    else:
        blamed, beside, bounds = contribution, weight, possible
    gap, nearest = _beyond(middle(ranges[blamed.path]), bounds)
    text = f"{slip[0]} ({slip[1]})" if slip else f"a value from {written(nearest[0])} to {written(nearest[1])}"
    if not no_weight:
        text += f"; or the {'contribution' if blame_weight else 'weight'} is wrong"
        text += f", {other[0]} ({other[1]})" if other else ""
    rounding = float(weight.half + contribution.half)
    why = f"{ticker} contributed {contribution.value} with a weight of {weight.value}: " + "; ".join(said)
    yield Finding(CONTRIBUTION, shown(blamed, beside), round(float(gap), 10), rounding, text, (why,))


def _likeliest_slip(figure: Figure, possible: Iterable[Range]) -> tuple[Decimal, str] | None:
    """The most telling slip that leads into any of the ranges."""
    found = [slip for low, high in possible if low <= high for slip in slips(figure, (low, high))[:1]]
    return min(found, key=lambda slip: KINDS.index(slip[1]), default=None)


def _beyond(value: Fraction, possible: Iterable[Range]) -> tuple[Fraction, Range]:
    """How far a value lies beyond the nearest of the ranges, and that range; of nothing and a whole, where there is none."""
    gaps = [(value - (high if value > high else low), (low, high)) for low, high in possible if low <= high]
    return min(gaps, key=lambda gap: abs(gap[0]), default=(value, (Fraction(0), Fraction(WHOLE))))


def _out_of_order(printed: list[Figure], ranges: Ranges) -> Iterator[Finding]:
    """Contributions that keep the list from falling: all but the longest falling part of it."""
    chains: list[list[int]] = []
    for k, figure in enumerate(printed):
        before = [chain for chain in chains if _falls(printed[chain[-1]], figure, ranges)]
        chains.append([*max(before, key=len, default=[]), k])
    kept = max(chains, key=len, default=[])
    for k in sorted(set(range(len(printed))) - set(kept)):
        above = max((j for j in kept if j < k), default=None)
        below = min((j for j in kept if j > k), default=None)
        beside = above if above is not None and not _falls(printed[above], printed[k], ranges) else below
        if beside is None:
            continue
        blamed, other = printed[k], printed[beside]
        slip = _slip_into_place(printed, k, kept, ranges)
        swapped = sorted({*kept, k} - {beside})
        rival = None
        if all(_falls(printed[i], printed[j], ranges) for i, j in itertools.pairwise(swapped)):
            rival = _slip_into_place(printed, beside, swapped, ranges)
        if rival is not None and rival[1] in STRONG and (slip is None or slip[1] not in STRONG):
            blamed, other, slip, rival = other, blamed, rival, slip
        gap = middle(ranges[blamed.path]) - middle(ranges[other.path])
        why = (
            f"{blamed.path} = {blamed.value} breaks the order of the list, the largest first: {other.path} is {other.value}"
        )
        text = f"{slip[0]} ({slip[1]})" if slip else "move it"
        if rival is not None:
            text += f"; it would also do to correct {other.path} {rival[0]} ({rival[1]})"
        rounding = float(blamed.half + other.half)
        named = (blamed.path, other.path)
        yield Finding(CONTRIBUTION, shown(blamed, other), round(float(gap), 10), rounding, text, (why,), named)


def _falls(above: Figure, below: Figure, ranges: Ranges) -> bool:
    return ranges[above.path][1] >= ranges[below.path][0]


def _slip_into_place(printed: list[Figure], k: int, others: list[int], ranges: Ranges) -> tuple[Decimal, str] | None:
    """The slip that explains why one of a list that falls does not lie between its neighbours."""
    above = [ranges[printed[j].path][1] for j in others if j < k]
    below = [ranges[printed[j].path][0] for j in others if j > k]
    bounds = max(below, default=-Fraction(WHOLE)), min(above, default=Fraction(WHOLE))
    return _likeliest_slip(printed[k], [bounds])


def limit_findings(figures: Figures, returns: Mapping[str, Range], ranges: Ranges) -> list[Finding]:
    """No printed weight is beyond the strategy's limit; where drift can explain it, that is said."""
    limit, found = figures.limits.get("weight_max"), []
    for sleeve, rows in figures.contributors.items() if limit is not None else ():
        for row in rows:
            weight = row.weight
            if limit is None or weight is None or ranges[weight.path][0] <= limit.value:
                continue
            began = None
            if row.contribution is not None and sleeve in returns and figures.weights_at != MONTH_START:
                began = start_weight(ranges[weight.path], ranges[row.contribution.path], returns[sleeve])
            why = f"{row.ticker} has {weight.value} % of {sleeve}; the limit is {limit.value} % in one name"
            if began is not None and began[1] >= 0 and began[0] <= limit.value:
                start = written(sum(began) / 2, 1)
                text = (
                    f"drift can explain it: as a month-end weight, {row.ticker} began the month at about {start} %, within "
                    f"the limit; as the weight at its start, the limit is broken"
                )
                if figures.weights_at == MONTH_END:
                    text = f"drift explains it: {row.ticker} began the month at about {start} %, within the limit; say so"
            else:
                text = "the limit is broken, or the weight misprinted"
                slip = slips(weight, (Fraction(0), Fraction(limit.value)))
                text += f": {slip[0][0]} ({slip[0][1]})" if slip else ""
            gap = float(weight.value - limit.value)
            found.append(Finding(LIMIT, shown(weight, limit), gap, float(weight.half), text, (why,)))
    return found


def ratio_findings(figures: Figures, ranges: Ranges) -> list[Finding]:
    """Sharpe and Sortino share a numerator, so their signs; their sizes bound each other; see docs/methodology/audit.md."""
    found = []
    for row in figures.trailing.values():
        sharpe, sortino = row.get("sharpe"), row.get("sortino")
        months = months_of_record(figures)
        if sharpe is not None and sortino is not None:
            (s_low, s_high), (d_low, d_high) = ranges[sharpe.path], ranges[sortino.path]
            if (s_low > 0 and d_high < 0) or (s_high < 0 and d_low > 0):
                gap = float(sortino.value - sharpe.value)
                why = f"{sharpe.path} is {sharpe.value} and {sortino.path} {sortino.value}: of unlike sign"
                text = f"one sign is wrong: {-sortino.value}, or {sharpe.path} {-sharpe.value}"
                rounding, named = float(sharpe.half + sortino.half), (sharpe.path, sortino.path)
                found.append(Finding(RATIO, shown(sortino, sharpe), gap, rounding, text, (why,), named))
                continue
            if s_low > 0 and float(d_high) < _least_sortino(float(s_low)):
                found.append(_too_far_apart(sortino, sharpe, _least_sortino(float(s_low))))
                continue
        if sharpe is not None and months is not None and "1m" in row:
            most = largest_sharpe(months)
            month = row["1m"]
            if ranges[month.path][1] < 0 and float(ranges[sharpe.path][0]) > most:
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


def _too_far_apart(sortino: Figure, sharpe: Figure, least: float) -> Finding:
    """A Sortino ratio that is too small for its Sharpe ratio; the one that a telling slip explains is blamed."""
    bound, size = _least_sortino(float(sharpe.value)), float(sortino.value)
    own = _likeliest_slip(sortino, [(Fraction(bound), Fraction(bound) * 3)])
    most = size / math.sqrt(1 - size**2 / MONTHS_A_YEAR) if 0 < size < math.sqrt(MONTHS_A_YEAR) else 0.0
    other = _likeliest_slip(sharpe, [(Fraction(most) / 3, Fraction(most))]) if most else None
    rounding = float(sortino.half) + bound - least
    blamed, beside, gap = sortino, sharpe, size - bound
    if other is not None and other[1] in STRONG and (own is None or own[1] not in STRONG):
        blamed, beside, own, other = sharpe, sortino, other, own
        gap, rounding = float(sharpe.value) - most, float(sharpe.half) + float(sortino.half)
    text = f"{own[0]} ({own[1]})" if own else "reckon both again from one series of returns"
    if other is not None:
        text += f"; it would also do to correct {beside.path} {other[0]} ({other[1]})"
    why = f"{sortino.path} is {sortino.value}; with a Sharpe ratio of {sharpe.value} it is {least:.2f} or more"
    return Finding(RATIO, shown(blamed, beside), round(gap, 10), round(rounding, 10), text, (why,), (sortino.path,))


def _slipped(figure: Figure, bounds: tuple[Fraction | Decimal, Fraction | Decimal], otherwise: str = "") -> str:
    """The likeliest misprint that bounds allow."""
    found = slips(figure, (Fraction(bounds[0]), Fraction(bounds[1])))
    if found:
        return f"{found[0][0]} ({found[0][1]})"
    return otherwise or f"a value from {written(bounds[0])} to {written(bounds[1])}"


def printed_correction(figure: Figure, possible: Range, slip: tuple[Decimal, str] | None) -> str:
    """What to print in a figure's place, and the slip that explains it."""
    return f"{slip[0]} ({slip[1]})" if slip is not None else f"{nearest_printed(figure, possible)}"
