"""What accounts of one period are held against and read by, before it is known what they hold; and what they then share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts.funds import Funds
from attribution.accounts.lists import AccountLists, is_wide, list_rows, read_lists, read_run_of_months, tidy_lists
from attribution.accounts.market_days import OUTSIDE, WITH_FUNDS, MarketDays, benchmark_parts, benchmark_shares
from attribution.accounts.result import AccountsResult
from attribution.contributions.modelled.parts import model_parts
from attribution.linking.methods import DAY_SCALING
from attribution.portfolio.benchmarks import require_levels
from attribution.portfolio.book import Book
from attribution.portfolio.course import Course, require_explained
from attribution.portfolio.ended import earning_lives, padded_lives
from attribution.portfolio.evidence.judged import require_sound_market
from attribution.portfolio.holdings import Track, drift, level_returns
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.sections import Accepted, Delisted
from attribution.rows import CASH, PROXY_FACTOR, VENDOR_RESIDUAL
from riskmodel.arrays.labels import Labelled, labelled, require_kind
from riskmodel.bounds import SHARE, require_bounded
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.contents import require_dataset
from riskmodel.market.finals import ENDS
from riskmodel.model.results import RiskModelResults, require_results

Reader = Callable[[xr.DataArray | pd.DataFrame], tuple[AccountLists, pd.DataFrame]]


@dataclass(frozen=True)
class Shared:
    """What accounts of one period share, once it is known which names they hold: small, so that it can be sent.

    Attributes
    ----------
    benchmark, period, benchmark_stopped
        As of `attribution.AccountsResult`.
    base
        The close before the period.
    read
        What the accounts are given as -> their lists, and what stopped in them; raises where they are unfit.
    keep
        Positions of the assets of `days` among those of the market.
    days
        The period's days.
    common
        What of them belongs in the result.
    """

    benchmark: str
    period: str
    base: pd.Timestamp
    benchmark_stopped: pd.DataFrame
    read: Reader
    keep: np.ndarray
    days: MarketDays
    common: xr.Dataset

    def result(self, data: xr.Dataset, **own: Any) -> AccountsResult:
        """The result that has such `data`, and of its `shares`, `stopped` and `source` what is given."""
        return AccountsResult(
            benchmark=self.benchmark,
            period=self.period,
            link=self.days.link,
            data=data.assign(self.common.data_vars),
            benchmark_stopped=self.benchmark_stopped,
            **({"shares": None, "stopped": None} | own),
        )


@dataclass(frozen=True)
class Basis:
    """A benchmark's days, the funds, a model and its market over one period.

    Attributes
    ----------
    benchmark
        Its name.
    versus, benchmark_stopped
        From `benchmark_days`.
    funds
        What the book says of them.
    levels
        Labels of benchmarks of which only a level is known -> its index.
    model, market, period, delisted, link, uncovered_max
        As of `attribution.attribute_accounts`.
    """

    benchmark: str
    versus: xr.Dataset
    benchmark_stopped: pd.DataFrame
    funds: Funds
    levels: Mapping[str, str]
    model: RiskModelResults
    market: xr.Dataset
    period: Period
    delisted: Delisted
    link: str
    uncovered_max: float

    @classmethod
    def of(
        cls,
        benchmark: xr.DataArray | pd.Series | pd.DataFrame | Track | Course,
        model: RiskModelResults,
        market: xr.Dataset,
        *,
        period: str | Period,
        index: str | None,
        delisted: Delisted,
        link: str,
        uncovered_max: float,
        accepted: Sequence[Accepted],
        book: Book | None,
    ) -> Basis:
        """That of the arguments of `attribution.attribute_accounts`, which are refused where they are unfit."""
        if link not in DAY_SCALING:
            raise InputError(f"link '{link}': the known methods are {', '.join(DAY_SCALING)}.")
        if delisted not in get_args(Delisted):
            known = " or ".join(f'"{word}"' for word in get_args(Delisted))
            raise InputError(f"delisted '{delisted}': write {known}.")
        require_results(model, "model")
        require_dataset(market)
        if isinstance(period, str):
            period = read_run_of_months(period, market)
        require_bounded("uncovered_max", uncovered_max, SHARE)
        require_kind("period", period, Period, 'Write a month as "YYYY-MM", a run of months as "YYYY-MM/YYYY-MM".')
        if book is not None:
            require_kind("book", book, Book, "Give the book whose [funds] are looked through, from attribution.read_book.")
        require_sound_market(market, accepted, "market", period.end)
        levels = benchmark.levels if isinstance(benchmark, Course) else {}
        funds = Funds.of(book, market, period, levels)
        name, versus, stopped = benchmark_days(
            benchmark, index, market, funds.returns, period, funds=funds.held_as_such, look_through=funds.look_through
        )
        return cls(name, versus, stopped, funds, levels, model, market, period, delisted, link, uncovered_max)

    @property
    def assets(self) -> pd.Index:
        """Every name that an account may hold, CASH last."""
        return self.funds.returns.get_index("asset")

    @property
    def read(self) -> Reader:
        """The reader of accounts; see `attribution.accounts.lists.read_lists`."""
        lives = self.market[[name for name in ("life", *ENDS) if name in self.market]]
        return partial(
            read_lists,
            assets=self.assets,
            market=lives,
            period=self.period,
            delisted=self.delisted,
            funds=self.funds.held_as_such,
        )

    def shared(self, held: np.ndarray, since: pd.Timestamp) -> Shared:
        """What accounts share that hold only such names, (asset), in lists from such a day on.

        Raises
        ------
        InputError
            For levels that held funds follow and that are not fit to be followed.
        """
        counted_in = held | (self.versus["weight"] != 0).any("time").to_numpy() | (self.assets == CASH)
        self.funds.require_levels(self.market, counted_in, since, self.period.end)
        keep = np.flatnonzero(counted_in | self.funds.names(counted_in))
        days, common = self._days(keep)
        return Shared(
            benchmark=self.benchmark,
            period=self.period.label,
            base=self.period.base,
            benchmark_stopped=self.benchmark_stopped,
            read=self.read,
            keep=keep,
            days=days,
            common=common,
        )

    def _days(self, keep: np.ndarray) -> tuple[MarketDays, xr.Dataset]:
        """What all accounts share, as arrays for the mathematics, and what of it belongs in the result."""
        returns = self.funds.returns
        assets = returns.get_index("asset")[keep]
        parts, errors = model_parts(
            assets, self.period.days, self.model, self.market, self.levels, carried=self.funds.held_as_such
        )
        left_out = (~parts["modelled"].to_numpy() & (assets != CASH) & ~assets.isin(list(self.funds.carried))).astype(float)
        solved = parts["modelled"].any("asset").to_numpy()
        parts, looked_through = self.funds.inside(parts, self.period.days)
        for fund in looked_through:
            left_out[:, fund.column] = fund.left_out
        sessions = self.market.get_index("time")
        first, last = sessions.get_loc(self.period.base), sessions.get_loc(self.period.end)
        lived, ends = (
            values[: last + 1, keep]
            for values in padded_lives(self.market, returns.sizes["asset"] - self.market.sizes["asset"])
        )
        begun = np.maximum.accumulate(lived, axis=0)
        names = [str(f) for f in parts["factor"].to_numpy()]
        beyond = (*(WITH_FUNDS if looked_through else OUTSIDE), PROXY_FACTOR)
        groups = [self.model.group(name) for name in (*names, *beyond)]
        own, live = (self.versus[name].isel(asset=keep).transpose("time", "asset").to_numpy() for name in ("weight", "live"))
        days = MarketDays(
            assets=assets,
            days=self.period.days,
            first=first,
            earned=returns.isel(time=slice(last + 1), asset=keep).to_numpy(),
            life=begun,
            earning_life=earning_lives(lived, ends, begun),
            exposure=parts["exposure"].to_numpy(),
            modelled=parts["modelled"].to_numpy(),
            specific_return=parts["specific_return"].to_numpy(),
            factor_return=parts["factor_return"].transpose("time", "factor").to_numpy(),
            covariance=parts["covariance"].transpose("time", "factor", "factor_other").to_numpy(),
            factors=pd.Index([*names, *beyond]),
            groups=pd.Index(groups),
            benchmark_weight=own,
            benchmark_live=live,
            constituents_return=self.versus["constituents_return"].to_numpy(),
            benchmark_return=self.versus["benchmark_return"].to_numpy(),
            link=self.link,
            uncovered_max=self.uncovered_max,
            left_out=left_out,
            solved=solved,
            exposure_errors=errors,
            funds=looked_through,
        )
        common = xr.Dataset(
            {
                "benchmark_return_of_day": self.versus["benchmark_return"],
                "constituents_return_of_day": self.versus["constituents_return"],
                "benchmark_share": (("time", "asset"), benchmark_shares(days)),
                "benchmark_part": (("time", "asset"), benchmark_parts(days)),
                "factor_return": (
                    "factor",
                    np.pad(
                        np.where(np.array(names) == VENDOR_RESIDUAL, np.nan, np.prod(1 + days.factor_return, axis=0) - 1),
                        (0, len(beyond)),
                        constant_values=np.nan,
                    ),
                ),
                "factor_group": ("factor", np.array(groups, dtype=object)),
                "sector": parts["sector"],
                "name": parts["name"],
                "name_ja": parts["name_ja"],
            }
        )
        return days, common


def benchmark_days(
    benchmark: xr.DataArray | pd.Series | pd.DataFrame | Track | Course,
    index: str | None,
    market: xr.Dataset,
    returns: xr.DataArray,
    period: Period,
    *,
    funds: Collection[str] = (),
    look_through: Callable[[Track], Track] = lambda track: track,
) -> tuple[str, xr.Dataset, pd.DataFrame]:
    """A benchmark's name, its days, and its names that stopped.

    The days are `weight` and `live` weights (time, asset), and `constituents_return` and `benchmark_return` (time): what
    `funds` returned beside their lists, to which weights that are given are looked through, is in the latter alone.

    Raises
    ------
    InputError
        For weights that are unfit as accounts' would be, days that are not the period's, an unknown index, levels that the
        weights do not explain.
    """
    labels = returns.get_index("asset")
    name = index or "benchmark"
    if isinstance(benchmark, Course):
        if index is not None:
            raise InputError(f"index '{index}': a Course has the returns of its benchmark. Leave index out.")
        data, stopped = benchmark.data, pd.concat(benchmark.benchmark_stopped.values(), ignore_index=True)
        name = f"benchmark of {benchmark.name}"
        sides = {"benchmark_weight": "weight", "benchmark_live": "live"}
        parts = data[[*sides, "constituents_return", "benchmark_return"]].rename(sides)
        beside = 0.0 if benchmark.beside is None else benchmark.beside.of_benchmark.sum("beside")
    else:
        raw = benchmark if isinstance(benchmark, Track) else _track(benchmark, labels, market, returns, period, funds)
        track = look_through(raw)
        beside = track.beside
        parts = xr.Dataset({"weight": track.weights, "live": track.live, "constituents_return": track.returns})
        stopped = track.stopped
    days = parts.get_index("time")
    if not days.equals(period.days):
        raise InputError(
            f"benchmark: its days are {days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}, the period's {period.days[0]:%Y-%m-%d} to "
            f"{period.end:%Y-%m-%d}. Follow it over the same period."
        )
    if not isinstance(benchmark, Course):
        parts["benchmark_return"] = parts["constituents_return"]
        if index is not None:
            if index not in market["index"].to_numpy():
                known = listed(market["index"].to_numpy(), 20)
                raise InputError(f"index '{index}': the market has no levels of it. It has: {known}.")
            require_levels(market, index, period.days, period.base)
            parts["benchmark_return"] = level_returns(market, index).sel(time=period.days)
            require_explained(index, parts["benchmark_return"], parts["constituents_return"])
    parts["constituents_return"] = parts["constituents_return"] - beside
    strange = parts.get_index("asset").difference(labels)
    if len(strange):
        raise InputError(
            f"benchmark: {counted(len(strange), 'name')} that the market does not have: {listed(strange)}. "
            f"Follow it on the same market."
        )
    return name, parts.reindex(asset=labels, fill_value=0.0), stopped


def _track(
    given: xr.DataArray | pd.Series | pd.DataFrame,
    labels: pd.Index,
    market: xr.Dataset,
    returns: xr.DataArray,
    period: Period,
    funds: Collection[str],
) -> Track:
    if isinstance(given, pd.Series):
        given = labelled("benchmark", given, Labelled(("asset",)))
    if isinstance(given, xr.DataArray):
        given = given.expand_dims(portfolio=["benchmark"]) if "portfolio" not in given.dims else given
    elif isinstance(given, pd.DataFrame):
        given = given if "portfolio" in given or is_wide(given) else given.assign(portfolio="benchmark")
    portfolios, rows = tidy_lists(given, market, period, name="benchmark")
    if len(portfolios) > 1:
        raise InputError(f"benchmark: it is {counted(len(portfolios), 'portfolio')}: {listed(portfolios)}. Give one.")
    list_rows(portfolios, rows, labels, market, period, name="benchmark", funds=funds)  # checks the tickers
    return drift(rows, market, returns, period.base, period.days, "benchmark")
