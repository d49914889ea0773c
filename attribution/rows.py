"""Names of rows, columns and groups that more than one room uses, and the t from which a contribution is told from noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from riskmodel.factors import CASH as CASH
from riskmodel.factors import GROUPS as GROUPS

if TYPE_CHECKING:
    import pandas as pd

LEAST_T = 2.0
SMALLEST_ERROR = 1e-15  # a smaller standard error is rounding: a course without cash has no active exposure to the market
SPECIFIC = "specific"
MARKET = "market"  # the group of the factor to which every stock has an exposure of one
FAMILIES = (*GROUPS, SPECIFIC, "other")  # groups of the rows of a factor cut, in their order
WEIGHTED = tuple(group for group in GROUPS if group != "style")  # groups exposures to which are weights, if no more
LONG = ("country", "industry", "currency")  # groups that may have a hundred factors: a page shows the largest
EFFECTS = ("allocation", "selection", "interaction")  # of Brinson
CASH_STOCK = f"{CASH} (stock)"  # a company whose ticker is CASH
CASH_AND_STOPPED = "cash_and_stopped"  # what is not invested: cash, and names that no longer trade
OTHER = (CASH_AND_STOPPED, "unmodelled")  # rows of a factor cut that are not the model's, and that names earn
PROXY_FACTOR = "proxy"  # a benchmark's official return less that of its constituents: no name earns it
VENDOR_RESIDUAL = "vendor_residual"  # what exposures, factor and specific returns of a given model leave of the prices'
AGAINST = ("benchmark", "zero")  # what a name's part of an excess return is measured against; the first is the default
TRADING, FEES, CURRENCY, HEDGE = "trading", "fees", "currency", "hedge"  # nor these
SCORE = "score"  # the first rung of a ladder: nothing but the score, and the charge for risk and costs
NO_STRATEGY = "(no strategy)"  # what sleeves bring that no strategy makes
LIST = "(list)"  # what was held, less what the last rule gives: a person's hand, or costs of a day
FUNDS = "funds"  # nor what funds that are looked through returned beside their lists
NOT_FACTORS = (
    SPECIFIC,
    *OTHER,
    PROXY_FACTOR,
    FUNDS,
    TRADING,
    FEES,
    CURRENCY,
    HEDGE,
    VENDOR_RESIDUAL,
)  # rows of a factor cut beside the factors


def pseudo_name(benchmark: str, alone: bool) -> str:
    """What stands among the names for a benchmark of which only returns are known: the book's only one, or one of several.

    Examples
    --------
    >>> pseudo_name("Wide Index", True), pseudo_name("Wide Index", False)
    ('(benchmark)', '(benchmark Wide Index)')
    """
    return BENCHMARK if alone else f"{BENCHMARK[:-1]} {benchmark})"


def is_pseudo_name(label: object) -> bool:
    """Whether a label among the names is that of a benchmark of which only returns are known.

    Examples
    --------
    >>> is_pseudo_name("(benchmark)"), is_pseudo_name("(benchmark Wide Index)"), is_pseudo_name("(proxy)")
    (True, True, False)
    """
    return str(label) == BENCHMARK or str(label).startswith(f"{BENCHMARK[:-1]} ")


def among_stocks(row: str) -> str:
    """What a row that no name earns is called in a cut by stock.

    Examples
    --------
    >>> among_stocks("trading")
    '(trading)'
    """
    return f"({row})"


PROXY = among_stocks(PROXY_FACTOR)
# a row of a cut by name or sector that is no stock -> what messages call it
NOT_STOCKS = {CASH: "cash"} | {among_stocks(row): row for row in NOT_FACTORS[2:]}
BENCHMARK = "(benchmark)"  # the pseudo-name that a benchmark is of which only returns are known


def no_stocks(labels: pd.Series) -> pd.Series:
    """Which labels of a cut by name are no stocks: cash, what no name earns, benchmarks of which only returns are known."""
    return labels.isin(NOT_STOCKS) | labels.map(is_pseudo_name).astype(bool)


REST = "(rest)"  # what is not among the largest
SEPARATOR = " > "  # between the levels of a group within groups
UNCLASSIFIED = "(unclassified)"  # the group of a name without one


def in_order(labels: Iterable[object], order: Sequence[str]) -> list[int]:
    """Places of labels once those of `order` follow it among themselves, in the places that they hold; the others stay.

    A label of several levels, such as "銀行 > 地方銀行", goes by its first.

    Examples
    --------
    >>> in_order(["market", "銀行", "食品", "value"], ["食品", "銀行"])
    [0, 2, 1, 3]
    """
    rank = {label: place for place, label in enumerate(order)}
    first = [str(label).split(SEPARATOR)[0] for label in labels]
    held = [place for place, label in enumerate(first) if label in rank]
    out = list(range(len(first)))
    for place, source in zip(held, sorted(held, key=lambda place: rank[first[place]]), strict=True):
        out[place] = source
    return out
