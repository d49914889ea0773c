"""A simulated market of any length, drawn and written year by year: no table of prices is ever whole in memory.

Nothing here is a real company or a real price. The returns are those that `simulate` begins with, of market, sectors,
industries and the company: they are not settled on the styles, which takes many times as long as a fit of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from pandas.tseries.holiday import USFederalHolidayCalendar
from pandas.tseries.offsets import CustomBusinessDay

from riskmodel.errors import InputError
from riskmodel.files import put_in_place
from riskmodel.market.findings import Findings
from riskmodel.market.market import shares_known
from riskmodel.progress import Progress, stages
from riskmodel.validation.simulated.companies import (
    SECTORS,
    Tables,
    companies,
    company_tables,
    dividends_paid,
    rates_and_fx,
    stored,
    traded_volume,
)
from riskmodel.validation.simulated.industries import INDUSTRY_VOLATILITY, with_industries
from riskmodel.validation.simulated.market import (
    LARGE,
    MARKET_MEAN,
    MARKET_VOLATILITY,
    SECTOR_VOLATILITY,
    SMALL,
    SPECIFIC_VOLATILITY,
    WEIGHT_MAX,
    constituent_lists,
    index_levels,
)

if TYPE_CHECKING:
    import pyarrow as pa

LISTED_LATER, ENDED = 0.3, 0.3  # of the companies are listed after the first session, and end before the last
LARGE_SHARE, SMALL_SHARE = 0.1, 0.2  # of all companies are in each index
HELD = {"major": (LARGE, 22, ("quality", "safety", "steadiness")), "next_major": (SMALL, 23, ("growth", "quality"))}
BY_YEAR = ("prices", "constituents", "indices", "holdings", "truth")  # tables with a file a year
LEAST_PRICE = 0.05


@dataclass(frozen=True)
class LongMarket:
    """What of a long market is drawn at once, and how a year of it is drawn.

    Attributes
    ----------
    company
        As `companies` draws them, with `first` and `last`, the places of the sessions of its life.
    sessions
        All of them.
    known
        The tables that do not depend on prices.
    seed
        Of the years: each draws from a stream of its own, so that it can be drawn again alone.
    """

    company: pd.DataFrame
    sessions: pd.DatetimeIndex
    known: Tables
    seed: int

    @classmethod
    def drawn(cls, *, assets: int, start: str, end: str, seed: int) -> LongMarket:
        """Companies with lives, filings, announcements, share counts and splits, rates and exchange rates."""
        sessions = pd.date_range(start, end, freq=CustomBusinessDay(calendar=USFederalHolidayCalendar()), unit="ns")
        streams = iter([np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(9)])
        company = with_industries(next(streams), companies(next(streams), assets))
        rng = next(streams)
        begin = np.where(rng.random(assets) < LISTED_LATER, rng.integers(1, len(sessions), assets), 0)
        ends = np.where(rng.random(assets) < ENDED, rng.integers(1, len(sessions), assets), len(sessions) - 1)
        company = company.assign(first=begin, last=np.where(ends > begin, ends, len(sessions) - 1), part="")
        known = company_tables(streams, company, sessions) | rates_and_fx(next(streams), sessions)
        return cls(company, sessions, known, seed)

    def years(self) -> Iterator[tuple[int, slice]]:
        """Each calendar year with the rows of its sessions."""
        of_day = self.sessions.year.to_numpy()
        for year in np.unique(of_day):
            first, stop = np.searchsorted(of_day, (year, year + 1))
            yield int(year), slice(int(first), int(stop))

    def year(self, year: int, rows: slice, before: Tables | None) -> Tables:
        """The tables of a year; `before` are those of the year before it, None for the first."""
        rng = np.random.default_rng([self.seed, year])
        company, sessions = self.company, self.sessions[rows]
        assets, days, count = company["ticker"].to_numpy(object), len(sessions), len(company)
        market = rng.normal(MARKET_MEAN, MARKET_VOLATILITY, days)
        sector = rng.normal(0, SECTOR_VOLATILITY, (days, len(SECTORS)))
        names = sorted(company["industry"].dropna().unique())
        industry = rng.normal(0, INDUSTRY_VOLATILITY, (days, len(names) + 1))
        industry[:, -1] = 0.0  # of companies without one
        moved = rng.normal(0, SPECIFIC_VOLATILITY, (days, count))
        moved += company["beta"].to_numpy() * market[:, None]
        moved += sector[:, np.searchsorted(SECTORS, company["sector"].to_numpy())]
        moved += industry[:, pd.Index(names).get_indexer(company["industry"])]
        place = np.arange(rows.start, rows.stop)[:, None]
        traded = (place >= company["first"].to_numpy()) & (place <= company["last"].to_numpy())
        last = company["price"].to_numpy()
        if before is not None:
            closing = before["prices"][before["prices"]["date"] == before["prices"]["date"].max()]
            last = closing.set_index("ticker")["close"].reindex(assets).fillna(company["price"].set_axis(assets)).to_numpy()
        begun = place[0] > company["first"].to_numpy()  # it has a close of the year before
        dividends = dividends_paid(rng, company, np.vstack([begun, traded]))[1:] / company["price"].to_numpy()
        moved[place == company["first"].to_numpy()] = 0.0  # its first close is its first price
        dividends[place <= company["first"].to_numpy()] = 0.0
        wealth = np.cumprod(1 + np.clip(moved, -0.9, None) - dividends, axis=0)
        close = stored(np.maximum(last * wealth, LEAST_PRICE), decimals=4)
        earlier = np.vstack([last, close[:-1]])
        total = stored(close / earlier - 1 + dividends, decimals=7)
        total[place == company["first"].to_numpy()] = np.nan
        panels = {"close": close, "total_return": total, "volume": traded_volume(rng, company, traded)}
        shares = shares_known(self.known["shares"], sessions.to_numpy(), assets, Findings())
        seen = xr.Dataset(
            {name: (("time", "asset"), np.where(traded, values, np.nan)) for name, values in panels.items()},
            {"time": sessions, "asset": assets},
        ).assign(market_cap=(("time", "asset"), np.where(traded, close * shares, np.nan)))
        seen = seen.assign(bridged_return=seen["total_return"].where(False))
        out = self._lists(rng, seen, before)
        truth = pd.DataFrame(np.column_stack([market, sector]), sessions, ["market", *SECTORS])
        return out | {"prices": self._prices(seen), "truth": truth.rename_axis("date").reset_index()}

    def _prices(self, seen: xr.Dataset) -> pd.DataFrame:
        day, asset = np.nonzero(seen["close"].notnull().to_numpy())
        cells = {name: seen[name].to_numpy()[day, asset] for name in ("close", "total_return", "volume")}
        ticker = pd.Categorical.from_codes(asset, categories=seen["asset"].to_numpy())
        return pd.DataFrame({"date": seen["time"].to_numpy()[day], "ticker": ticker} | cells)

    def _lists(self, rng: np.random.Generator, seen: xr.Dataset, before: Tables | None) -> Tables:
        """Lists of the indices and sleeves at the ends of months, and the levels of the indices."""
        sessions = seen.get_index("time")
        months = sessions.to_period("M")
        lists = constituent_lists(seen, np.flatnonzero(~months.duplicated(keep="last")), LARGE_SHARE, SMALL_SHARE)
        if before is None:
            own, levels = lists, index_levels(rng, seen, lists)
        else:
            own = lists[lists["date"] > sessions[0]]  # the year before has ended with a list
            last = before["constituents"]["date"].max()
            closing = before["prices"][before["prices"]["date"] == last].set_index("ticker")
            base = seen.isel(time=[0]).assign_coords(time=[last]) * np.nan
            base["market_cap"][:] = self._caps(closing["close"], last)
            both = xr.concat([base, seen], "time")
            known = before["constituents"][before["constituents"]["date"] == last]
            levels = index_levels(rng, both, pd.concat([known, own], ignore_index=True)).query("date > @last")
            reached = before["indices"][before["indices"]["date"] == last].set_index("index")["level"]
            levels = levels.assign(level=(levels["level"] * levels["index"].map(reached) / 1000).round(4))
        return {"constituents": own, "indices": levels.reset_index(drop=True), "holdings": self._holdings(own)}

    def _caps(self, close: pd.Series, day: pd.Timestamp) -> np.ndarray:
        assets = self.company["ticker"].to_numpy(object)
        shares = shares_known(self.known["shares"], np.array([day.to_datetime64()]), assets, Findings())
        return close.reindex(assets).to_numpy() * shares

    def _holdings(self, lists: pd.DataFrame) -> pd.DataFrame:
        """Each sleeve holds the names of its index with the largest sum of traits, by the root of their caps, and cash."""
        traits, parts = self.company.set_index("ticker"), []
        for portfolio, (index, count, wanted) in HELD.items():
            for date, own in lists[lists["index"] == index].groupby("date"):
                score = traits.loc[own["ticker"], list(wanted)].sum(axis=1)
                best = score.nlargest(count).index
                root = np.sqrt(own.set_index("ticker")["weight"][best])
                share = (0.985 * root / root.sum()).clip(upper=WEIGHT_MAX).round(4).sort_index()
                share["CASH"] = round(1 - share.sum(), 4)
                cells = {"ticker": share.index, "weight": share.to_numpy()}
                parts.append(pd.DataFrame({"portfolio": portfolio, "date": date} | cells))
        return pd.concat(parts, ignore_index=True)


def write_long_market(
    folder: Path, *, assets: int, start: str, end: str, seed: int = 3, progress: Progress = None
) -> LongMarket:
    """Write a long market as Parquet tables, those that grow with time as a folder with a file a year.

    Parameters
    ----------
    folder
        Made where it is missing. Years that are there are left as they are: what was interrupted goes on.
    assets, start, end, seed
        As of `simulate`; the same give the same files.
    progress
        As for `riskmodel.RiskModel.fit`; a stage is a year.

    Returns
    -------
    LongMarket
        What it was drawn from. The table `truth` has the drawn returns of market and sectors.

    Raises
    ------
    InputError
        Where the folder holds a market of other arguments.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _require_same(folder, {"assets": assets, "start": start, "end": end, "seed": seed})
    market = LongMarket.drawn(assets=assets, start=start, end=end, seed=seed)
    years = list(market.years())
    with stages(progress, len(years)) as step:
        for name, table in market.known.items():
            _write(table, folder / f"{name}.parquet")
        before: Tables | None = None
        for year, rows in years:
            step(str(year))
            files = {name: folder / name / f"{year}.parquet" for name in BY_YEAR}
            if not all(path.is_file() for path in files.values()):
                tables = market.year(year, rows, before)
                for name, path in files.items():
                    _write(tables[name], path)
            before = {name: _read(files[name]) for name in ("prices", "constituents", "indices")}
    return market


def _require_same(folder: Path, drawn: dict[str, object]) -> None:
    """Refuse to go on with a market that other arguments began."""
    path = folder / "drawn.json"
    if path.is_file() and json.loads(path.read_text()) != drawn:
        raise InputError(
            f"simulate: '{folder}' holds another market: {path.read_text()}. Name another folder, or remove it."
        )
    path.write_text(json.dumps(drawn))


def _write(table: pd.DataFrame, path: Path) -> None:
    """Dates as days, and the file in its place at once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.is_file():
        return
    path.parent.mkdir(exist_ok=True)
    data = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    beside = path.with_name(f".{path.name}")
    pq.write_table(_as_days(data), beside, compression="zstd", row_group_size=1 << 18)
    put_in_place(beside, path)


def _read(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    frame: pd.DataFrame = pq.read_table(path).to_pandas(date_as_object=False)
    return frame.astype({"date": "datetime64[ns]"})


def _as_days(data: pa.Table) -> pa.Table:
    import pyarrow as pa

    for place, field in enumerate(data.schema):
        if pa.types.is_timestamp(field.type):
            data = data.set_column(place, field.name, data.column(place).cast(pa.date32()))
    return data
