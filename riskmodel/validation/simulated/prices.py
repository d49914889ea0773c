"""From what chance decides to prices: a simulated market whose returns are its own exposures times the factor returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.threads import one_blas_thread
from riskmodel.exposures.styles import ExposureSettings, factor_exposures
from riskmodel.exposures.universe import UniverseRule, estimation_universe
from riskmodel.market.findings import Findings
from riskmodel.market.market import build_market, later_split_ratio
from riskmodel.market.timeline import last_known
from riskmodel.model.arrays import STYLE
from riskmodel.validation.simulated.companies import Tables, stored
from riskmodel.validation.simulated.families import Families
from riskmodel.validation.simulated.styles import SIMULATED_STYLES

CONVERGED, MOST_ROUNDS = 2e-5, 40
LOOK_BACK = 254  # sessions before a block that its exposures depend on: the year of dividends, and the close before it
DIVIDEND_MOST = 0.05  # of the price: a company whose price has collapsed cuts its dividend
DRAWN = ("factor_returns", "specific_returns", "latent")


@dataclass(frozen=True)
class Block:
    """Sessions that are settled together, in one round of their settling.

    Attributes
    ----------
    rows
        Their places among all sessions; what is before them is settled.
    market
        The market from `LOOK_BACK` sessions before the block to its end, with the prices of the round before.
    universe, exposures
        Of that market, (time, asset) and (time, factor, asset).
    drawn
        What chance decided for the block: `factor_returns` (time, factor), the sectors' and industries' not centred;
        `specific_returns` and `latent` (time, asset).
    wanted
        (time, asset) what the round before asked for where `market` has the returns of the rounded closes; None at first.
    """

    rows: slice
    market: xr.Dataset
    universe: xr.DataArray
    exposures: xr.DataArray
    drawn: xr.Dataset
    wanted: np.ndarray | None


Adjust = Callable[[Block], xr.Dataset]


def settle(
    drawn: xr.Dataset, known: Tables, *, blocks: np.ndarray | None = None, adjust: Adjust | None = None
) -> tuple[pd.DataFrame, xr.Dataset, xr.Dataset]:
    """The prices table whose returns are the model's own exposures times the factor returns, its market, and its truth.

    Parameters
    ----------
    drawn
        What chance decides before there are prices: on (time, factor) `factor_returns`, the sectors' and industries' not
        centred; on (time, asset) `specific_returns`; `latent`, the returns of the days without a universe, with which every
        block begins; `traded`; `dividends` a share; `volume`. On (asset) `price`, the first.
    known
        The tables that do not depend on prices.
    blocks
        Rows at which a block begins, the first 0. By default the whole history is one.
    adjust
        Called in every round of a block; returns its `drawn` with other values of the first three. It must lead to the same
        values from the same block, or the rounds do not end.

    Raises
    ------
    RuntimeError
        Where a block still moves after `MOST_ROUNDS` rounds.

    Notes
    -----
    Prices make exposures and exposures make the next day's prices: a fixed point. In each round all exposures of a block are
    computed from its prices and all returns from the exposures, until nothing moves by more than `CONVERGED`. A day depends
    on earlier days only, so that a block settles once the blocks before it have; over long histories the errors of early
    days grow before they vanish, which is why those are cut into blocks. What is left, and the rounding of the closes, goes
    to the specific returns.
    """
    sessions, assets = drawn["time"].to_index(), drawn["asset"].to_numpy()
    begins = np.array([0]) if blocks is None else np.asarray(blocks)
    drawn = drawn.copy(deep=True)
    returns = drawn["latent"].to_numpy().copy()
    close, total = price_panels(returns, drawn)
    no_index = pd.DataFrame({"date": sessions[:0], "index": pd.Series(dtype="str"), "level": np.zeros(0)})
    static = build_market(known | {"prices": price_table(close, total, drawn), "indices": no_index})
    ratio = later_split_ratio(known.get("splits"), sessions.to_numpy(), assets, Findings())
    for start, stop in pairwise([*begins, len(sessions)]):
        rows, window = slice(start, stop), slice(max(start - LOOK_BACK, 0), stop)
        here = slice(start - window.start, None)
        chance, wanted = drawn[list(DRAWN)].isel(time=rows).copy(deep=True), None
        for _ in range(MOST_ROUNDS):
            close[rows], total[rows] = price_panels(returns[rows], drawn.isel(time=rows), close=close[:start])
            market = with_prices(static.isel(time=window), close[window], total[window], ratio[window])
            universe, exposures = seen(market)
            now = chance
            if adjust is not None:
                now = adjust(Block(rows, market, universe, exposures, chance, wanted))
            factors = drawn["factor_returns"].to_numpy()
            factors[rows] = now["factor_returns"].to_numpy()
            truth = explained(market, drawn["factor_returns"].isel(time=window), universe, exposures)
            specific = truth["specific_returns"].to_numpy()[here]
            modelled = market["total_return"].to_numpy()[here] - specific + now["specific_returns"].to_numpy()
            wanted = np.where(np.isnan(modelled), now["latent"].to_numpy(), modelled)
            moved = np.abs(wanted - returns[rows]).max()
            if moved < CONVERGED:
                break
            returns[rows] = wanted
        else:
            raise RuntimeError(f"returns of the block from {sessions[start]:%Y-%m-%d} still move by {moved:.1e}")
    prices = price_table(close, total, drawn)
    market = build_market(known | {"prices": prices, "indices": no_index})
    return prices, market, explained(market, drawn["factor_returns"], *seen(market))


def seen(market: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """The estimation universe and the exposures that the model's default settings see."""
    universe = estimation_universe(market, UniverseRule())
    with one_blas_thread():  # as a fit of it, and in two thirds of the time: the products are thin
        return universe, factor_exposures(market, universe, ExposureSettings(), SIMULATED_STYLES)["exposures"]


def explained(market: xr.Dataset, drawn: xr.DataArray, universe: xr.DataArray, exposures: xr.DataArray) -> xr.Dataset:
    """Truth of a market: centred factor returns, the model's exposures, and what is left of each return.

    Parameters
    ----------
    market
        From `build_market`.
    drawn
        (time, factor), decimals; of the sectors' returns only the differences count, and of the industries' those within
        their sectors.
    universe, exposures
        From `seen`.
    """
    total = market["total_return"].to_numpy()
    families = Families.of(market, drawn.get_index("factor"))
    estimating = universe.to_numpy()[:-1] & ~np.isnan(total[1:])
    caps = families.caps(np.where(estimating, market["market_cap"].to_numpy()[:-1], 0.0))
    factor = np.full(drawn.shape, np.nan)
    factor[1:] = families.centred(drawn.to_numpy()[1:], caps)
    factor[1:][~estimating.any(axis=1)] = np.nan
    specific = total.copy()
    specific[0] = np.nan
    specific[1:] -= families.modelled(factor[1:], exposures.to_numpy()[:-1])
    return xr.Dataset(
        {
            "factor_returns": drawn.copy(data=factor),
            "exposures": exposures.rename({"factor": STYLE}),
            "specific_returns": market["total_return"].copy(data=specific),
        }
    )


def with_prices(market: xr.Dataset, close: np.ndarray, total: np.ndarray, later_splits: np.ndarray) -> xr.Dataset:
    """A market with other closes and total returns, (time, asset), of the same days; as `build_market` makes it of them."""
    panels = {
        "close": close,
        "total_return": np.where(market["total_return"].isnull(), np.nan, total),
        "bridged_return": np.where(market["bridged_return"].isnull(), np.nan, close / last_known(close) - 1),
        "traded_price": close * later_splits,
        "market_cap": close * market["shares_out"].to_numpy(),
    }
    return market.assign({name: market["close"].copy(data=values) for name, values in panels.items()})


def price_panels(
    returns: np.ndarray, drawn: xr.Dataset, *, close: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Closes that follow the returns less dividends, and the total returns of the rounded closes, (time, asset).

    Parameters
    ----------
    returns, drawn
        Of the days wanted.
    close
        Closes of all days before them; none where they are the first.
    """
    traded, dividends = drawn["traded"].to_numpy(), drawn["dividends"].to_numpy()
    out = np.full(returns.shape, np.nan)
    paid = np.zeros_like(out)
    if close is None or not len(close):  # the first day has its price, and no return
        earlier, moves = np.full_like(returns[:1], np.nan), np.vstack([np.zeros_like(returns[:1]), returns[1:]])
    else:
        earlier, moves = close, returns
    last = _last_close(earlier, drawn["price"].to_numpy())
    for day, move in enumerate(moves):
        full = last * (1 + move)
        paid[day] = np.minimum(dividends[day], DIVIDEND_MOST * full)
        last = np.where(traded[day], stored(full - paid[day], decimals=4), last)
        out[day] = np.where(traded[day], last, np.nan)
    before = np.vstack([earlier[-1:], out[:-1]])
    return out, stored((out + paid) / before - 1, decimals=7)


def _last_close(close: np.ndarray, price: np.ndarray) -> np.ndarray:
    """The last close of each asset, or its first price."""
    known = pd.DataFrame(close).ffill().iloc[-1].to_numpy()
    return np.where(np.isnan(known), price, known)


def price_table(close: np.ndarray, total: np.ndarray, drawn: xr.Dataset) -> pd.DataFrame:
    """The prices table of panels (time, asset): a row a traded day."""
    asset, session = np.nonzero(drawn["traded"].to_numpy().T)
    table = pd.DataFrame({"date": drawn["time"].to_numpy()[session], "ticker": drawn["asset"].to_numpy()[asset]})
    panels = {"close": close, "total_return": total, "volume": drawn["volume"].to_numpy()}
    return table.assign(**{name: values[session, asset] for name, values in panels.items()}).astype({"ticker": "str"})
