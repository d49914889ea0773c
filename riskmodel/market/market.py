"""Tables of a market folder -> one labelled, point-in-time Dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import require_kind
from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import CASH
from riskmodel.market import checks
from riskmodel.market.evidence import MARKET_RULES, Feed
from riskmodel.market.finals import final_events, without_total_losses
from riskmodel.market.findings import Findings, stored_findings
from riskmodel.market.fitness import needs
from riskmodel.market.industries import COLUMNS
from riskmodel.market.sector_order import COLUMN as SECTOR_ORDER
from riskmodel.market.sector_order import require_sector_order
from riskmodel.market.sources import Source, at_one_moment, open_source
from riskmodel.market.spelling import respelt
from riskmodel.market.tables import GIVEN_MODEL, TABLES, empty_table
from riskmodel.market.timeline import as_of, bridged_returns, lives, session_from
from riskmodel.progress import Progress, stages

DESCRIPTOR_LASTS = np.timedelta64(190, "D")  # two quarters, as an announcement
OTHERS = ("holdings", "actual_returns", "scores", "rungs", *GIVEN_MODEL)  # the book reads those, and riskmodel.given_model
MARKET_TABLES = tuple(name for name in TABLES if name not in OTHERS)
NOT_NEEDED = ("fundamentals", "earnings", "indices")  # without them a table is as one of a header alone
FILING_NUMBERS = tuple(c for c, kind in TABLES["fundamentals"].columns.items() if kind == "number")


def read_market(folder: str | Path | Source, *, progress: Progress = None) -> xr.Dataset:
    """Read and check the tables of a market.

    Parameters
    ----------
    folder
        Folder of Parquet or CSV tables (see `riskmodel.market.tables.TABLES` and docs/reference/tables.md), or a source of
        them.
    progress
        True for a bar on standard error, where that is a terminal; or a function, called with the name of each table as its
        turn comes.

    Returns
    -------
    Dataset
        See `build_market`.

    Raises
    ------
    InputError
        For anything that would make a number wrong: what, where (first five), how many, likely cause, fix.

    Examples
    --------
    >>> market = read_market("fixtures/small")
    >>> market["market_cap"].dims
    ('time', 'asset')
    """
    source = open_source(folder)
    with stages(progress, len(MARKET_TABLES) + 1) as step:
        with at_one_moment(source):
            tables = read_tables(source, MARKET_TABLES, step)
        step("what tables say of each other")
        return build_market(tables)


def read_tables(
    source: Source, names: Iterable[str], step: Callable[[str], None] = lambda name: None
) -> dict[str, pd.DataFrame]:
    """Tables of a source, those that are there; `step` is told the name of each before it is read.

    Raises
    ------
    InputError
        Where some cannot be used; all of them are named in one message.
    """
    tables, wrong = dict[str, pd.DataFrame](), list[str]()
    for name in names:
        step(name)
        try:
            table = source.table(name)
        except InputError as error:
            wrong.append(str(error))
        else:
            tables |= {} if table is None else {name: table}
    wrong = list(dict.fromkeys(wrong))  # what is worked out from a table that is wrong is told once
    if len(wrong) == 1:
        raise InputError(wrong[0])
    if wrong:
        told = " ".join(f"({number}) {message}" for number, message in enumerate(wrong, 1))
        raise InputError(f"{len(wrong)} tables cannot be used. {told}")
    return tables


def build_market(tables: dict[str, pd.DataFrame]) -> xr.Dataset:
    """Align checked tables on sessions and tickers, each fact stamped with the close at which it is known.

    Parameters
    ----------
    tables
        Frames as `riskmodel.market.tables.read_table` returns them, by table name.

    Returns
    -------
    Dataset
        On (time, asset): `close`, `total_return` (decimal, covers (t-1, t]; missing on the first day of a life and when
        trading resumes; where a final ends a life, its value over the last close less 1, on a day without a close),
        `bridged_return` (close to close over a gap of at most five sessions, on the day that trading resumes), `volume`,
        `traded_price` (close x the ratios of later splits), `shares_out` and `market_cap` as known at the close of t, and
        `life` (number of the current life, -1 outside). On (asset): `name`, `name_ja`, `sector`,
        `issuer` (the company, empty where the table names none) and, where the table has them, `industry`, `sic` and
        `sector_order`. On
        (time, index): `index_level`; on (time): `risk_free`; on (time, pair): `fx_rate`, the last one known, and
        `fx_carried`, whether it is of an earlier day; on (time, asset, descriptor): `descriptor_value` of the table
        descriptors, the last one known, for at most 190 days. As events:
        filings (dimension `filing`), announcements (`announcement`), constituent lists (`constituent`), finals (`final`,
        with the `final_close` before), each with its ticker and the session at whose close it became `known` (NaT: after
        the last session). On (finding): `unaligned`, what found no place, and on (doubt): `evidence`, what is doubtful in
        the tables, each as text; `alignment_report` and `evidence_report` show them.

    Notes
    -----
    A session is a date of the prices table. A fact dated on another day counts at the next session's close, an
    announcement of session `post` at the next session after its date.
    """
    require_kind("tables", tables, dict, "Give a dict of the market's tables by name, each a DataFrame.")
    for name, table in tables.items():
        require_kind(f"tables: {name}", table, pd.DataFrame, "Give each table as a DataFrame.")
    return market_of(tables)


def market_of(tables: dict[str, pd.DataFrame], of_all: tuple[np.ndarray, np.ndarray] | None = None) -> xr.Dataset:
    """`build_market`; of prices that are some sessions' of a longer market where all of its sessions and assets are given.

    Events are then those of the whole market, and lives are counted from the first of these sessions.
    """
    tables = {name: table.reset_index(drop=True) for name, table in tables.items()}  # whatever rows a person took out
    tables = {name: table for name, table in tables.items() if TABLES[name].required or not table.empty}
    needs.require_usable(tables)
    for name in NOT_NEEDED:
        tables.setdefault(name, empty_table(name))
    prices = tables["prices"] = tables["prices"].assign(**dict.fromkeys({"volume"} - set(tables["prices"]), np.nan))
    sessions, assets = np.sort(prices["date"].unique()), np.sort(prices["ticker"].unique()).astype(object)
    every, assets = of_all or (sessions, assets)
    checks.require_tickers(assets)
    prices, finals = without_total_losses(prices, tables.get("finals"), sessions)
    checks.require_sound_prices(prices)
    for name, column in (("shares", "shares_out"), ("splits", "ratio"), ("fx", "rate")):
        if name in tables:
            checks.require_positive(tables[name], name, column)
    rows = np.searchsorted(sessions, prices["date"].to_numpy())
    columns = places_among(prices["ticker"], assets)

    def panel(values: np.ndarray) -> np.ndarray:
        out = np.full((len(sessions), len(assets)), np.nan)
        out[rows, columns] = values
        return out

    close = panel(prices["close"].to_numpy())
    life, resumed = lives(np.isfinite(close))
    given_return = panel(prices["total_return"].to_numpy())
    checks.require_returns_present(given_return, life, resumed, sessions, assets)
    checks.require_returns_are_decimals(given_return, close, life, sessions, assets)
    first_of_life = np.diff(life, axis=0, prepend=-1) > 0
    first_of_life[0] = False  # the first day of the data need not be the first of a life: its return stands
    findings = Findings()
    unused = np.isfinite(given_return) & (resumed | first_of_life)
    findings.add("prices", "unused_return", assets[np.nonzero(unused)[1]])
    returns = np.where(resumed | first_of_life, np.nan, given_return)
    ends: dict[str, tuple[str, np.ndarray]] = {}
    if finals is not None:
        ends, of_ends = final_events(finals, close, life, sessions, assets, findings)
        returns = np.where(np.isnan(of_ends), returns, of_ends)
    shares = shares_known(tables["shares"], sessions, assets, findings)
    if of_all is None:
        needs.require_share_counts(shares, tables["shares"], sessions)
    later_splits = later_split_ratio(tables.get("splits"), sessions, assets, findings)

    day_asset = ("time", "asset")
    dataset = xr.Dataset(
        {
            "close": (day_asset, close),
            "total_return": (day_asset, returns),
            "bridged_return": (day_asset, bridged_returns(close, resumed)),
            "volume": (day_asset, panel(prices["volume"].to_numpy())),
            "traded_price": (day_asset, close * later_splits),
            "shares_out": (day_asset, shares),
            "market_cap": (day_asset, close * shares),
            "life": (day_asset, life),
        },
        coords={"time": sessions, "asset": assets},
    ).assign(ends)
    dataset = dataset.assign(security_labels(tables["securities"], assets, findings))
    dataset = dataset.assign(filing_events(tables["fundamentals"], every, assets, findings))
    dataset = dataset.assign(announcement_events(tables["earnings"], every, assets, findings))
    dataset = dataset.assign(daily_levels(tables, sessions, findings))
    if "constituents" in tables:
        dataset = dataset.assign(constituent_lists(tables["constituents"], every, assets, findings))
    if "descriptors" in tables:
        dataset = dataset.assign(descriptor_panels(tables["descriptors"], sessions, assets, findings))
    return dataset.assign(stored_findings(findings.found, MARKET_RULES.find(Feed(dataset, tables))))


def places_among(labels: pd.Series, known: np.ndarray) -> np.ndarray:
    """The place of each label among known ones, each of which is looked for once; -1 where it is none of them."""
    codes, found = pd.factorize(labels)
    return np.asarray(pd.Index(known).get_indexer(found)[codes])


def shares_known(table: pd.DataFrame, sessions: np.ndarray, assets: np.ndarray, findings: Findings) -> np.ndarray:
    """Shares outstanding as known at each close, (time, asset)."""
    asset = pd.Index(assets).get_indexer(table["ticker"])
    findings.add("shares", "no_prices", table["ticker"][asset < 0])
    table, asset = table[asset >= 0], asset[asset >= 0]
    order = np.argsort(table["available_from"].to_numpy(), kind="stable")
    known = session_from(table["available_from"], sessions)
    values = table["shares_out"].to_numpy()
    shares = as_of(known[order], asset[order], values[order], (len(sessions), len(assets)))
    findings.add("shares", "no_share_count", assets[np.isnan(shares).all(axis=0)])
    return shares


def later_split_ratio(
    table: pd.DataFrame | None, sessions: np.ndarray, assets: np.ndarray, findings: Findings
) -> np.ndarray:
    """Product of the ratios of splits after each day, (time, asset): close x this is the price as traded."""
    ratio = np.ones((len(sessions), len(assets)))
    if table is None:
        return ratio
    asset = pd.Index(assets).get_indexer(table["ticker"])
    findings.add("splits", "no_prices", table["ticker"][asset < 0])
    for column, ex_date, split in zip(asset, table["ex_date"].to_numpy(), table["ratio"], strict=True):
        if column >= 0:
            ratio[: np.searchsorted(sessions, ex_date), column] *= split
    return ratio


def security_labels(table: pd.DataFrame, assets: np.ndarray, findings: Findings) -> dict[str, tuple[str, np.ndarray]]:
    """Name, Japanese name, sector, issuer and, where the table has them, the industries of each asset."""
    findings.add("securities", "no_prices", table["ticker"][~table["ticker"].isin(assets)])
    table = respelt(table, findings)
    frame = table.set_index("ticker").reindex(assets)
    findings.add("prices", "not_in_securities", assets[~pd.Index(assets).isin(table["ticker"])])
    findings.add("securities", "no_sector", assets[frame["sector"].isna()])
    needs.require_sectors(frame["sector"], table["ticker"])
    checks.require_sector_names(frame["sector"].dropna())
    name = frame.reindex(columns=["name"]).astype(object)["name"].fillna(frame.index.to_series()).to_numpy(dtype=object)
    optional = frame.reindex(columns=["name_ja", "issuer"]).astype(object).fillna("")
    places = {}
    if SECTOR_ORDER in frame:
        require_sector_order(frame["sector"], frame[SECTOR_ORDER])
        places[SECTOR_ORDER] = ("asset", frame[SECTOR_ORDER].to_numpy(dtype=float))
    text = frame[[column for column in COLUMNS if column in frame]].astype(object).fillna("")
    return {
        "name": ("asset", name),
        "name_ja": ("asset", optional["name_ja"].to_numpy(dtype=object)),
        "sector": ("asset", frame["sector"].fillna("").to_numpy(dtype=object)),
        "issuer": ("asset", optional["issuer"].to_numpy(dtype=object)),
        **{column: ("asset", text[column].to_numpy(dtype=object)) for column in text},
        **places,
    }


def filing_events(
    table: pd.DataFrame, sessions: np.ndarray, assets: np.ndarray, findings: Findings
) -> dict[str, tuple[str, np.ndarray]]:
    """Annual filings in order of availability, with the session at whose close each is known."""
    early = (table["available_from"] < table["period_end"]).to_numpy()
    if early.any():
        first = table[early]
        raise InputError(
            f"fundamentals: {counted(int(early.sum()), 'filing')} available before the period ended: "
            f"{listed(first['ticker'] + ' ' + first['period_end'].dt.strftime('%Y-%m-%d'))}. "
            f"available_from is the day the filing was published, never the period's end."
        )
    findings.add("fundamentals", "no_prices", table["ticker"][~table["ticker"].isin(assets)])
    table = table[table["ticker"].isin(assets)].sort_values(["available_from", "period_end", "ticker"])
    numbers = {c: ("filing", table[c].to_numpy()) for c in FILING_NUMBERS if c in table}
    return {
        "filing_ticker": ("filing", table["ticker"].to_numpy(dtype=object)),
        "filing_period_end": ("filing", table["period_end"].to_numpy()),
        "filing_known": ("filing", _known_dates(session_from(table["available_from"], sessions), sessions)),
    } | numbers


def announcement_events(
    table: pd.DataFrame, sessions: np.ndarray, assets: np.ndarray, findings: Findings
) -> dict[str, tuple[str, np.ndarray]]:
    """Earnings announcements in order, with the session at whose close each is known."""
    wrong = ~table["session"].isin(["pre", "post"])
    if wrong.any():
        raise InputError(
            f"earnings: {counted(int(wrong.sum()), 'row')} with a session other than 'pre' or 'post': "
            f"{listed(table['ticker'][wrong] + ' ' + table['session'][wrong])}."
        )
    findings.add("earnings", "no_prices", table["ticker"][~table["ticker"].isin(assets)])
    table = table[table["ticker"].isin(assets)].sort_values(["announced", "ticker"])
    known = session_from(table["announced"], sessions, strictly_after=table["session"] == "post")
    inside = (table["announced"] >= sessions[0]) & (table["announced"] <= sessions[-1])
    closed = inside & ~table["announced"].isin(sessions)
    findings.add("earnings", "closed_day", table["ticker"][closed])
    return {
        "announcement_ticker": ("announcement", table["ticker"].to_numpy(dtype=object)),
        "announcement_known": ("announcement", _known_dates(known, sessions)),
        "eps_estimate": ("announcement", table["eps_estimate"].to_numpy()),
        "eps_actual": ("announcement", table["eps_actual"].to_numpy()),
    }


def constituent_lists(
    table: pd.DataFrame, sessions: np.ndarray, assets: np.ndarray, findings: Findings
) -> dict[str, tuple[str, np.ndarray]]:
    """Constituent weights of each index, each list effective from the close of its date; CASH needs no price."""
    rounded = checks.require_weights(table, "constituents", "index", printed=True)
    table = checks.rescaled_weights(table, "index", rounded)
    findings.add("constituents", "rounded_list", rounded.index.get_level_values("index").to_numpy())
    findings.add("constituents", "no_prices", table["ticker"][~table["ticker"].isin([*assets, CASH])])
    later = table["date"].to_numpy() > sessions[-1]
    findings.add("constituents", "later_list", table["index"][later])
    table = table.sort_values(["index", "date", "ticker"])
    return {
        "constituent_index": ("constituent", table["index"].to_numpy(dtype=object)),
        "constituent_date": ("constituent", table["date"].to_numpy()),
        "constituent_ticker": ("constituent", table["ticker"].to_numpy(dtype=object)),
        "constituent_weight": ("constituent", table["weight"].to_numpy()),
    }


def descriptor_panels(
    table: pd.DataFrame, sessions: np.ndarray, assets: np.ndarray, findings: Findings
) -> dict[str, tuple[object, np.ndarray]]:
    """Values of the user's descriptors, each known from the close of its date until the next one, an empty one ending it."""
    findings.add("descriptors", "no_prices", table["ticker"][~table["ticker"].isin(assets)])
    table = table[table["ticker"].isin(assets)].sort_values(["descriptor", "date", "ticker"])
    names = table["descriptor"].unique()
    values = np.full((len(sessions), len(assets), len(names)), np.nan)
    for place, name in enumerate(names):
        own = table[table["descriptor"] == name]
        known, asset = session_from(own["date"], sessions), pd.Index(assets).get_indexer(own["ticker"])
        event = as_of(known, asset, np.arange(len(own), dtype=float), values.shape[:2])
        row = np.where(np.isnan(event), len(own), event).astype(np.intp)
        until = np.append((own["date"] + DESCRIPTOR_LASTS).to_numpy(), np.datetime64("NaT", "ns"))[row]
        value = np.append(own["value"].to_numpy(dtype=float), np.nan)[row]
        values[:, :, place] = np.where(sessions[:, None] <= until, value, np.nan)
    return {
        "descriptor": ("descriptor", names.astype(object)),
        "descriptor_value": (("time", "asset", "descriptor"), values),
    }


def daily_levels(
    tables: dict[str, pd.DataFrame], sessions: np.ndarray, findings: Findings
) -> dict[str, tuple[object, np.ndarray]]:
    """Index levels, the risk-free return and exchange rates on the sessions."""
    indices = tables["indices"]
    checks.require_positive(indices, "indices", "level")
    level = indices.pivot(index="date", columns="index", values="level")
    findings.add_days("indices", "no_session", _between(level.index, sessions))
    level = level.reindex(sessions)
    for index in level.columns:
        gaps = level.index[level[index].isna()]
        findings.add_days("indices", "no_level", gaps.strftime("%Y-%m-%d"), str(index), index=str(index))
    variables: dict[str, tuple[object, np.ndarray]] = {
        "index": ("index", level.columns.to_numpy(dtype=object)),
        "index_level": (("time", "index"), level.to_numpy()),
    }
    if "rates" in tables:
        checks.require_daily_rates(tables["rates"], sessions)
        rates = tables["rates"].set_index("date")["risk_free"]
        findings.add_days("rates", "no_session", _between(rates.index, sessions))
        rates = rates.reindex(sessions)
        findings.add_days("rates", "no_rate", rates.index[rates.isna()].strftime("%Y-%m-%d"))
        variables["risk_free"] = ("time", rates.fillna(0.0).to_numpy())
    if "fx" in tables:
        fx = tables["fx"].pivot(index="date", columns="pair", values="rate").sort_index()
        carried = fx.reindex(sessions).isna()
        fx = fx.reindex(fx.index.union(sessions)).ffill().reindex(sessions)
        variables |= {
            "pair": ("pair", fx.columns.to_numpy(dtype=object)),
            "fx_rate": (("time", "pair"), fx.to_numpy()),
            "fx_carried": (("time", "pair"), carried.to_numpy()),
        }
        for pair in fx.columns:
            gaps = fx.index[carried[pair]]
            findings.add_days("fx", "no_fx_rate", gaps.strftime("%Y-%m-%d"), str(pair), pair=str(pair))
    return variables


def _between(dates: pd.Index, sessions: np.ndarray) -> pd.Index:
    inside = (dates >= sessions[0]) & (dates <= sessions[-1]) & ~dates.isin(sessions)
    return dates[inside].strftime("%Y-%m-%d")


def _known_dates(position: np.ndarray, sessions: np.ndarray) -> np.ndarray:
    return np.append(sessions, np.datetime64("NaT", "ns"))[position]
