"""Stocks as the page shows them: those that helped and those that hurt, held and not held apart, and what drove each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from attribution.house_style.words import begins_with
from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords
from attribution.rows import SPECIFIC, no_stocks

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

SHOWN_STOCKS = 5
SHOWN_UNHELD = 3
SHOWN_FACTORS = 2
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
    why = driver_texts(content, words, course, shown)
    return StocksView(
        *({key: records(part.assign(why=part["ticker"].map(why))) for key, part in side.items()} for side in sides)
    )


def named_stocks(content: Content, words: PageWords, course: str) -> pd.DataFrame:
    """A course's rows of `stock_contributions` with `shown_name`, the name in the page's language where there is one."""
    frame = content.tables["stock_contributions"]
    return with_shown_names(content, words, frame[frame["course"] == course])


def with_shown_names(content: Content, words: PageWords, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with `ticker` and `name`, and `shown_name`, the name in the page's language where there is one.

    `says_ticker` is whether that begins with the ticker, which is then not printed beside it.
    """
    shown = frame["name"].astype(object)
    named = frame["ticker"].map(content.stock_names(words.messages.language))
    shown = shown.where(named.isna(), named)
    beside = no_stocks(frame["ticker"])
    shown = shown.where(~beside, frame["ticker"].map(words.row))
    said = [begins_with(str(name), str(ticker)) for ticker, name in zip(frame["ticker"], shown, strict=True)]
    return frame.assign(shown_name=shown, says_ticker=said)


def driver_texts(content: Content, words: PageWords, course: str, tickers: list[str]) -> dict[str, str]:
    """What drove each stock's contribution: its largest factors, and its specific part."""
    frame = content.tables["stock_factor"]
    frame = frame[frame["course"] == course]
    frame = frame[frame["ticker"].isin(tickers)]
    size = frame["contribution"].abs()
    frame = frame.assign(size=size, own=frame["factor"] == SPECIFIC).sort_values("size", ascending=False, kind="stable")
    factors = frame[~frame["own"] & (frame["size"] >= LEAST_SHOWN)].groupby("ticker", sort=False).head(SHOWN_FACTORS)
    shown = pd.concat([factors, frame[frame["own"]]])
    texts: dict[str, list[str]] = {ticker: [] for ticker in tickers}
    for row in shown.itertuples():
        value = words.percent(float(str(row.contribution)), signed=True)
        texts[str(row.ticker)].append(f"{words.messages.factor(str(row.factor))}{NO_BREAK}{value}")
    return {ticker: words.listed(parts) for ticker, parts in texts.items()}
