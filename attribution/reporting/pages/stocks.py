"""Stocks as the page shows them: those that helped and those that hurt, held and not held apart, and what drove each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from attribution.house_style.words import begins_with, beside_ticker
from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords
from attribution.rows import SPECIFIC, no_stocks

if TYPE_CHECKING:
    from markupsafe import Markup

    from attribution.reporting.tables.content import Content

SHOWN_STOCKS = 5
SHOWN_UNHELD = 3
SHOWN_FACTORS = 2
LEAST_PART = 0.1  # of the contribution: a smaller factor is not named
LEAST_SHOWN = 5e-5  # prints as 0.00
NO_BREAK = "\u00a0"  # a number stays on the line of its name
Row = dict[str, Any]


@dataclass(frozen=True)
class StocksView:
    """Rows of `stock_contributions`, each with `shown_name` and `why`, by holding: held, not_held."""

    best: dict[str, list[Row]]
    worst: dict[str, list[Row]]


def stocks_view(content: Content, words: PageWords, course: str) -> StocksView:
    """The stocks whose holding, or absence, helped a course's excess most, and those that hurt most."""
    frame = named_stocks(content, words, course)
    frame = frame[~no_stocks(frame["ticker"])]
    held = frame["held"]
    sides: list[dict[str, pd.DataFrame]] = []
    for sign in (1, -1):
        counted = frame[sign * frame["active_contribution"] >= LEAST_SHOWN]
        ordered = counted.sort_values("active_contribution", ascending=sign < 0, kind="stable")
        kept, lacking = ordered[held[ordered.index]], ordered[~held[ordered.index]]
        sides.append({"held": kept.head(SHOWN_STOCKS), "not_held": lacking.head(SHOWN_UNHELD)})
    shown = [ticker for side in sides for part in side.values() for ticker in part["ticker"]]
    drafted = driver_texts(content, words, course, shown)
    return StocksView(
        *(
            {
                key: [row | {"why": kept_together(drafted[row["ticker"]], words)} for row in records(part)]
                for key, part in side.items()
            }
            for side in sides
        )
    )


def named_stocks(content: Content, words: PageWords, course: str) -> pd.DataFrame:
    """A course's rows of `stock_contributions` with `shown_name`, the name in the page's language where there is one."""
    frame = content.tables["stock_contributions"]
    return with_shown_names(content, words, frame[frame["course"] == course])


def with_shown_names(content: Content, words: PageWords, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with `ticker` and `name`, and `shown_name`, the name in the page's language where there is one.

    `says_ticker` is whether that begins with the ticker, or is of no stock: no ticker is then printed beside it. `beside` is
    what is printed in a cell beside that of the ticker.
    """
    shown = frame["name"].astype(object)
    named = frame["ticker"].map(content.stock_names(words.messages.language))
    shown = shown.where(named.isna(), named)
    beside = no_stocks(frame["ticker"])
    shown = shown.where(~beside, frame["ticker"].map(words.row))
    pairs = [(str(name), str(ticker)) for ticker, name in zip(frame["ticker"], shown, strict=True)]
    said = [begins_with(*pair) or bool(alone) for pair, alone in zip(pairs, beside, strict=True)]
    named = shown.notna()
    names = [beside_ticker(*pair) if known else "" for pair, known in zip(pairs, named, strict=True)]
    return frame.assign(shown_name=shown, says_ticker=said, beside=names)


def kept_together(items: Sequence[str], words: PageWords) -> Markup:
    """Names with numbers as HTML in which a line breaks between two of them, and inside one only if it must."""
    from markupsafe import Markup

    comma = words.messages("words.comma")
    ends = [comma.rstrip()] * (len(items) - 1) + [""]
    gap = comma[len(comma.rstrip()) :]
    return Markup(gap).join(
        Markup('<span class="item">{}{}</span>').format(item, end) for item, end in zip(items, ends, strict=False)
    )


def driver_texts(content: Content, words: PageWords, course: str, tickers: list[str]) -> dict[str, list[str]]:
    """What drove each stock's contribution, as items: its largest factors, its specific part, and all else.

    A factor, or all else, of less than a tenth of the contribution says nothing of it.
    """
    frame = content.tables["stock_factor"]
    frame = frame[frame["course"] == course]
    frame = frame[frame["ticker"].isin(tickers)]
    if frame.empty:  # of cash alone
        return {ticker: [] for ticker in tickers}
    size = frame["contribution"].abs()
    frame = frame.assign(size=size, own=frame["factor"] == SPECIFIC).sort_values("size", ascending=False, kind="stable")
    whole = frame.groupby("ticker")["contribution"].sum()
    least = (LEAST_PART * frame["ticker"].map(whole).abs()).clip(lower=LEAST_SHOWN)
    factors = frame[~frame["own"] & (frame["size"] >= least)].groupby("ticker", sort=False).head(SHOWN_FACTORS)
    shown = pd.concat([factors, frame[frame["own"]]])
    texts: dict[str, list[str]] = {ticker: [] for ticker in tickers}
    for ticker, rows in shown.groupby("ticker", sort=False):
        parts = [(words.messages.factor(str(row.factor)), float(str(row.contribution))) for row in rows.itertuples()]
        rest = whole[ticker] - sum(value for _, value in parts)
        if abs(rest) >= max(LEAST_SHOWN, LEAST_PART * abs(whole[ticker])):
            parts.append((words.messages.name("groups", "other"), rest))
        texts[str(ticker)] = [f"{name}{NO_BREAK}{words.percent(value, signed=True)}" for name, value in parts]
    return texts
