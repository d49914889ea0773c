"""What numbers of a company's reports are, by what adds up in each row and by their size beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.evidence.likely import Likely, ranked

ROWS = 400  # that are looked at
LEAST = 10  # rows with all numbers of a sum, before it proves anything
ADDS_UP = 1e-3  # of a sum
MOSTLY = 0.9  # of the rows
USUAL = {  # beside total assets: the median of many companies, and whether it may be negative; of no use but to rank
    "total_assets": (1.0, False),
    "total_liabilities": (0.55, False),
    "equity": (0.4, True),
    "revenue": (0.6, False),
    "gross_profit": (0.25, False),
    "operating_income": (0.08, True),
    "ordinary_income": (0.07, True),
    "net_income": (0.055, True),
    "total_debt": (0.25, False),
    "operating_cash_flow": (0.09, True),
}
YEARS = (1900, 2100)  # whole numbers between them alone are of years, and no amounts
OF_A_SHARE = 0.5  # of the correlation of ranks with total assets: figures of a share have none
FEW_NUMBERS = 5  # columns of numbers of a table of reports, at least
ALIKE = 0.8  # correlation of ranks of what was expected and what was told
BAD = 0.05  # of surprises are below zero, at least, and above it
ALWAYS, SAME = 0.005, 0.5  # of what was told, in half of the rows, is no surprise: one is always the same part of the other
PROFIT = (0.5, 2.0)  # what was told over what was expected, at its median


def sums_in(numbers: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Three columns of which the first is the sum of the others in nearly every row, the largest sum first.

    Examples
    --------
    >>> rows = np.arange(1.0, 31.0)
    >>> sums_in(pd.DataFrame({"a": rows, "b": 3 * rows + 1, "c": 4 * rows + 1}))
    [('c', 'b', 'a')]
    """
    values = numbers.iloc[:: max(1, len(numbers) // ROWS)].to_numpy(dtype=float)
    labels = list(numbers.columns)
    sizes = np.nanmedian(np.abs(values), axis=0)
    found = []
    for one, two in combinations(range(len(labels)), 2):
        both = values[:, one] + values[:, two]
        for total in range(len(labels)):
            if total in (one, two) or sizes[total] < max(sizes[one], sizes[two]):
                continue
            known = np.isfinite(both) & np.isfinite(values[:, total]) & (values[:, one] != 0) & (values[:, two] != 0)
            if known.sum() < LEAST:
                continue
            off = np.abs(both - values[:, total])[known] > ADDS_UP * np.abs(values[:, total])[known]
            if off.mean() <= 1 - MOSTLY:
                parts = sorted((one, two), key=lambda place: -sizes[place])
                found.append((float(sizes[total]), (labels[total], labels[parts[0]], labels[parts[1]])))
    return [triple for _, triple in sorted(found, key=lambda each: -each[0])]


def of_reports(numbers: pd.DataFrame) -> dict[str, Likely]:
    """What each column of a table of companies' reports may be: ranked, never proved, since other things add up too.

    Parameters
    ----------
    numbers
        Of each report (a row) all numbers, as they are written.
    """
    years = (numbers.isna() | ((numbers >= YEARS[0]) & (numbers <= YEARS[1]) & (numbers % 1 == 0))).all()
    numbers = numbers.loc[:, numbers.notna().any() & ~years]
    if numbers.shape[1] < FEW_NUMBERS:
        return {}
    sums = sums_in(numbers)
    sizes = numbers.abs().median()
    largest = sums[0][0] if sums else str(sizes.idxmax())
    scale = numbers[largest].abs().where(lambda each: each > 0)
    ranks = numbers.rank().corrwith(scale.rank()).fillna(0.0)
    shares = [
        label for label in numbers if label != largest and ranks[label] < OF_A_SHARE and (numbers[label] < 0).mean() < 0.05
    ]
    over = numbers.div(scale, axis=0).median()
    negative = (numbers < 0).mean()
    parts = {"total_assets": {t for t, _, _ in sums}, "total_liabilities": set(), "equity": set()}
    for _, one, two in sums:
        parts["total_liabilities"] |= {one, two}
        parts["equity"] |= {one, two}
    both = _balance(numbers)
    out = {}
    for ours, (usual, may_be_negative) in USUAL.items():
        scores = {}
        for label in numbers:
            if label in shares or (not may_be_negative and negative[label] > 0.02):
                continue
            if label in both and ours in ("total_liabilities", "equity"):
                continue
            off = abs(np.log(max(abs(over[label]), 1e-6) / usual))
            scores[label] = 3.0 * (label in parts.get(ours, ())) - off
        why = [Fact("adds_up", {"label": t, "parts": (a, b)}) for t, a, b in sums[:2]] if ours in parts else []
        if scores:
            out[ours] = ranked(scores, *why)
    if shares:
        out["dividends_per_share"] = ranked(
            {label: float((numbers[label] == 0).mean() + numbers[label].isna().mean()) for label in shares},
            Fact("not_of_size", {"labels": tuple(shares)}),
        )
    return out


def _balance(numbers: pd.DataFrame) -> set[str]:
    """The two largest columns where they are alike in nearly every row: assets, and liabilities with equity."""
    sizes = numbers.abs().median().sort_values(ascending=False)
    one, two = numbers[sizes.index[0]], numbers[sizes.index[1]]
    known = one.notna() & two.notna()
    alike = known.sum() >= LEAST and ((one - two).abs()[known] <= ADDS_UP * one.abs()[known]).mean() >= MOSTLY
    return {str(sizes.index[0]), str(sizes.index[1])} if alike else set()


def of_results(numbers: pd.DataFrame) -> dict[str, Likely]:
    """What was expected and what was told, a share: numbers of one size that go together; which is which a surprise proves.

    Parameters
    ----------
    numbers
        Of each announcement (a row) all numbers, as they are written.
    """
    pairs = [
        (one, two)
        for one, two in combinations(numbers.columns, 2)
        if _alike(numbers[one], numbers[two])
    ]  # fmt: skip
    if not pairs:
        return {}
    for one, two in pairs:
        for other in numbers.columns:
            if other in (one, two):
                continue
            for told, expected in ((one, two), (two, one)):
                if _is_surprise(numbers[other], numbers[told], numbers[expected]):
                    why = Fact("is_surprise", {"label": other, "told": told, "expected": expected})
                    return {"eps_estimate": Likely((expected,), True, (why,)), "eps_actual": Likely((told,), True, (why,))}
    labels = tuple(dict.fromkeys(label for pair in pairs for label in pair))
    why = Fact("go_together", {"labels": labels})
    return {ours: Likely(labels, why=(why,)) for ours in ("eps_estimate", "eps_actual")}


def _alike(one: pd.Series, two: pd.Series) -> bool:
    known = one.notna() & two.notna()
    if known.sum() < LEAST or one[known].nunique() < LEAST or two[known].nunique() < LEAST:
        return False
    over = two[known] / one[known].where(one[known] != 0)
    times = over.median()
    if ((over / times - 1).abs() < ALWAYS).mean() > SAME:  # gross and net of one tax
        return False
    return bool(one[known].rank().corr(two[known].rank()) >= ALIKE and PROFIT[0] <= times <= PROFIT[1])


def _is_surprise(other: pd.Series, told: pd.Series, expected: pd.Series) -> bool:
    """Whether a column is the surprise: told less expected, or that over what was expected, as a share or in percent.

    Some are good and some are bad; what is left of assets without equity, a sum as exact, is never below zero.
    """
    more = told - expected
    known = other.notna() & more.notna() & (expected != 0) & (more != 0)
    if known.sum() < LEAST or not BAD <= (more[known] < 0).mean() <= 1 - BAD:
        return False
    over = more / expected.abs()
    tries: Mapping[str, pd.Series] = {"less": more, "share": over, "percent": 100 * over}
    for each in tries.values():
        near = (other - each)[known].abs() <= 0.02 * each[known].abs() + 0.006
        if near.mean() >= MOSTLY and other[known].abs().median() > 0.05:
            return True
    return False
