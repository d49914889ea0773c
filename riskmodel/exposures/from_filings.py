"""Descriptors made of yearly filings: what is known of each company's figures at each filing, and what is made of them.

Per-share figures stand on the split basis of `close`, as in the tables.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.exposures.events import Unavailable
from riskmodel.facts import Fact

LEAST_YEARLY_CHANGES = 2
YEAR, YEAR_TOLERANCE = pd.Timedelta(days=365), pd.Timedelta(days=35)
FILING_LASTS = np.timedelta64(548, "D")  # eighteen months after the period's end a yearly figure is stale
ORDINARY_INCOME = ("ordinary_income", "operating_income", "net_income")  # the first that is filed


@dataclass(frozen=True)
class Known:
    """Yearly figures as known at each filing: the latest year's, the year's before it, and the history of changes."""

    latest: pd.DataFrame
    prior: pd.DataFrame
    income_change_deviation: pd.Series
    asset: np.ndarray
    session: np.ndarray
    expires: np.ndarray


def yearly_figures(market: xr.Dataset) -> Known:
    """What is known of each company's yearly figures at each of its filings.

    At each filing the known history is the latest version of every period filed until then; `latest` is the newest
    period, `prior` the one that ended 330 to 400 days before it. `best_income` is ordinary income, or operating, or net
    income, the first that is filed. `income_change_deviation` is the standard deviation (ddof 1) of the yearly changes of
    net income over assets in that history, at least two changes.
    """
    columns = [str(name) for name in market.data_vars if market[name].dims == ("filing",)]
    filings = market[columns].to_dataframe().reset_index(drop=True)
    ordinary = [filings[c] for c in ORDINARY_INCOME if c in filings]
    filings["best_income"] = pd.concat(ordinary, axis=1).bfill(axis=1).iloc[:, 0]
    filings["income_to_assets"] = _ratio(filings["net_income"], filings["total_assets"])
    filings["event"] = np.arange(len(filings))
    session = np.searchsorted(market["time"].to_numpy(), filings["filing_known"].to_numpy())
    session = np.where(filings["filing_known"].isna(), market.sizes["time"], session)
    filings["session"] = session

    keys = filings[["filing_ticker", "session", "event"]]
    history = keys.merge(filings, on="filing_ticker", suffixes=("_at", ""))
    seen = (history["session"] < history["session_at"]) | (
        (history["session"] == history["session_at"]) & (history["event"] <= history["event_at"])
    )
    history = history[seen].sort_values(["event_at", "filing_period_end", "event"])
    history = history.drop_duplicates(["event_at", "filing_period_end"], keep="last")
    before = _a_year_before(history)
    change = history["income_to_assets"] - before["income_to_assets"]
    deviation = change.groupby(history["event_at"]).agg(["std", "count"])
    newest = ~history.duplicated("event_at", keep="last")
    latest = history[newest].set_index("event_at")
    return Known(
        latest=latest,
        prior=before[newest].set_index(latest.index),
        income_change_deviation=deviation["std"].where(deviation["count"] >= LEAST_YEARLY_CHANGES),
        asset=pd.Index(market["asset"].to_numpy()).get_indexer(filings["filing_ticker"]),
        session=session,
        expires=(latest["filing_period_end"] + FILING_LASTS).to_numpy(),
    )


def latest_filings(market: xr.Dataset, day: pd.Timestamp) -> pd.DataFrame:
    """The yearly figures of each company that are known at a close and not stale, by ticker.

    Parameters
    ----------
    market
        As `riskmodel.read_market` gives it; without filings the answer is empty.
    day
        The close: what became available later is not seen.

    Returns
    -------
    DataFrame
        By ticker, a column an item of the filings: the latest version of the newest period, none that ended more than
        eighteen months before. What `yearly_figures` has as `latest` for the company's last filing.

    Examples
    --------
    >>> import riskmodel as rm
    >>> known = latest_filings(rm.read_market("fixtures/small"), pd.Timestamp("2025-03-31"))
    >>> bool((known["filing_known"] <= pd.Timestamp("2025-03-31")).all()), known.index.is_unique
    (True, True)
    """
    columns = [str(name) for name in market.data_vars if market[name].dims == ("filing",)]
    if not columns:
        return pd.DataFrame()
    filings = market[columns].to_dataframe().reset_index(drop=True)
    filings = filings[filings["filing_known"] <= day].sort_values("filing_period_end", kind="stable")
    filings = filings.drop_duplicates("filing_ticker", keep="last").set_index("filing_ticker")
    return filings[filings["filing_period_end"] + FILING_LASTS >= day]


def _a_year_before(history: pd.DataFrame) -> pd.DataFrame:
    """For each row the same history's period that ended 330 to 400 days before, the nearest to a year; on its index."""
    wanted = history[["event_at"]].assign(day=history["filing_period_end"] - YEAR, row=history.index)
    nearest = pd.merge_asof(
        wanted.sort_values("day"),
        history.assign(day=history["filing_period_end"]).sort_values("day"),
        on="day",
        by="event_at",
        tolerance=YEAR_TOLERANCE,
        direction="nearest",
    )
    return nearest.set_index("row").reindex(history.index)


def operating_margin(known: Known) -> pd.Series:
    """Operating income over revenue; revenue above zero. Soliman (2008)."""
    _require(known, "operating_income")
    return _ratio(known.latest["operating_income"], known.latest["revenue"])


def return_on_equity(known: Known) -> pd.Series:
    """Net income over book equity; equity above zero. Haugen & Baker (1996)."""
    return _ratio(known.latest["net_income"], known.latest["equity"])


def return_on_assets(known: Known) -> pd.Series:
    """Net income over total assets. Balakrishnan, Bartov & Faurel (2010)."""
    return known.latest["income_to_assets"]


def revenue_growth(known: Known) -> pd.Series:
    """Revenue over the prior year's, less one; both years known. Lakonishok, Shleifer & Vishny (1994)."""
    return _ratio(known.latest["revenue"], known.prior["revenue"]) - 1


def ordinary_income_growth(known: Known) -> pd.Series:
    """Change of ordinary income on the prior year over its absolute value then; both years from the same line of the filing.

    The absolute value keeps the sign of the change where the prior year was a loss. Lakonishok, Shleifer & Vishny (1994)
    use earnings growth in this sense.
    """
    growth = pd.Series(np.nan, known.latest.index)
    for source in (c for c in ORDINARY_INCOME if c in known.latest):
        now, before = known.latest[source], known.prior[source]
        growth = growth.fillna(_ratio(now - before, before.abs()))
    return growth


def capital_turnover(known: Known) -> pd.Series:
    """Revenue over total assets. Altman (1968), fifth ratio."""
    return _ratio(known.latest["revenue"], known.latest["total_assets"])


def equity_ratio(known: Known) -> pd.Series:
    """Book equity over total assets: the inverse of financial leverage, so that more is safer.

    Unlike assets over equity it stays in order where equity is negative. Bhandari (1988) for leverage as a risk factor.
    """
    return _ratio(known.latest["equity"], known.latest["total_assets"])


def cash_flow_to_liabilities(known: Known) -> pd.Series:
    """Operating cash flow over total liabilities; defined for companies without interest-bearing debt.

    Beaver (1966), whose total debt is all liabilities.
    """
    return _ratio(known.latest["operating_cash_flow"], known.latest["total_liabilities"])


def income_stability(known: Known) -> pd.Series:
    """Minus the standard deviation of yearly changes of net income over assets; two or more. Dichev & Tang (2009)."""
    return -known.income_change_deviation


def ordinary_income_known(known: Known) -> pd.Series:
    """Ordinary income of the latest year, to be set against the market's capitalisation. Basu (1977)."""
    return known.latest["best_income"]


def equity_known(known: Known) -> pd.Series:
    """Book equity of the latest year, to be set against the market's capitalisation. Rosenberg, Reid & Lanstein (1985)."""
    return known.latest["equity"]


def dividends_known(known: Known) -> pd.Series:
    """Dividends a share of the latest year, to be set against the close. Litzenberger & Ramaswamy (1979)."""
    _require(known, "dividends_per_share")
    return known.latest["dividends_per_share"]


def gross_profitability(known: Known) -> pd.Series:
    """Gross profit over total assets. Novy-Marx (2013)."""
    _require(known, "gross_profit")
    return _ratio(known.latest["gross_profit"], known.latest["total_assets"])


def asset_growth(known: Known) -> pd.Series:
    """Total assets over the prior year's, less one. Cooper, Gulen & Schill (2008)."""
    return _ratio(known.latest["total_assets"], known.prior["total_assets"]) - 1


def net_income_known(known: Known) -> pd.Series:
    """Net income of the latest year, to be set against the market's capitalisation. Basu (1977)."""
    return known.latest["net_income"]


def cash_flow_known(known: Known) -> pd.Series:
    """Operating cash flow of the latest year, to be set against the market's capitalisation.

    Lakonishok, Shleifer & Vishny (1994).
    """
    return known.latest["operating_cash_flow"]


def liabilities_known(known: Known) -> pd.Series:
    """Total liabilities of the latest year. Bhandari (1988)."""
    return known.latest["total_liabilities"]


def ordinary_income_sources(market: xr.Dataset) -> Fact:
    """Which items stand for ordinary income, each with its share of the filings that have any."""
    there = [c for c in ORDINARY_INCOME if c in market]
    filled = pd.DataFrame({c: market[c].notnull().to_numpy() for c in there})
    first = filled.idxmax(axis=1).where(filled.any(axis=1))
    shares = first.value_counts(normalize=True).reindex(there).dropna()
    return Fact("ordinary_income", {"sources": {str(name): float(share) for name, share in shares.items()}})


def _ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    return numerator / denominator.where(denominator > 0)


def _require(known: Known, column: str) -> None:
    if column not in known.latest or known.latest[column].isna().all():
        raise Unavailable(Fact("no_column", {"column": column}))
