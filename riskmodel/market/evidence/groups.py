"""Names of sectors against each other: one sector under two vendors' names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations

import pandas as pd

from riskmodel.market.evidence.feed import MARKET_RULES, Feed
from riskmodel.market.evidence.finding import Finding

FEW = 0.2  # of the names of the other
STEM = 6  # letters by which two words are one: financial, financials
COMMON = frozenset(("and", "the", "of", "sector", "services", "service", "goods"))


@MARKET_RULES.rule("sectors_alike")
def sectors_of_two_vendors(feed: Feed) -> Iterator[Finding]:
    """A sector of few names beside a large one with a word of its name: another vendor's name for it."""
    names = feed.tables["securities"]["sector"].value_counts()
    words = {name: _words(str(name)) for name in names.index}
    used = pd.Series([word for name in names.index for word in words[name]], dtype=object).value_counts()
    sizes = names.to_dict()
    for small, large in permutations(sizes, 2):
        if sizes[small] >= FEW * sizes[large]:
            continue
        shared = {word for word in words[small] & words[large] if used[word] == 2}  # a word of three sectors tells nothing
        joined = "".join(sorted(words[small])) == "".join(sorted(words[large])) or _letters(small) == _letters(large)
        if shared or joined:
            tickers = feed.tables["securities"]["ticker"][feed.tables["securities"]["sector"] == small]
            yield Finding(
                "sectors_alike", "securities", str(small), count=int(sizes[small]),
                shown=f"{large}; {', '.join(sorted(tickers)[:5])}",
            )  # fmt: skip


@MARKET_RULES.rule("industry_astray")
def industries_in_two_sectors(feed: Feed) -> Iterator[Finding]:
    """An industry is of one sector: the few of its names that another one has are filed wrongly."""
    securities = feed.tables["securities"]
    if "industry" not in securities:
        return
    known = securities[securities["sector"].notna() & securities["industry"].notna()]
    names = known.groupby(["industry", "sector"])["ticker"].count()
    astray = names[names.groupby(level="industry").transform("size") > 1]  # few of hundreds
    for (industry, sector), count in astray.items():
        rest = names[industry].drop(sector)
        if count <= FEW * rest.max():
            tickers = known["ticker"][(known["industry"] == industry) & (known["sector"] == sector)]
            shown = f"{sector}, {rest.idxmax()}; {', '.join(sorted(tickers)[:5])}"
            yield Finding("industry_astray", "securities", str(industry), count=int(count), shown=shown)


def _words(name: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in re.findall(r"[^\W\d_]+", name.casefold()) if word not in COMMON)


def _letters(name: object) -> str:
    return re.sub(r"[\W\d_]", "", str(name).casefold())
