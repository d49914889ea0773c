"""Many accounts against one benchmark: the contributions of each, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import get_args

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts.arrays import FORM, coordinates, explain, require_covered
from attribution.accounts.funds import Funds
from attribution.accounts.lists import AccountLists, benchmark_days, read_lists, read_run_of_months
from attribution.accounts.market_days import OUTSIDE, WITH_FUNDS, MarketDays, benchmark_parts, benchmark_shares
from attribution.accounts.pairs import Explained
from attribution.accounts.result import AccountsResult
from attribution.contributions.modelled.parts import model_parts
from attribution.linking.methods import DAY_SCALING, DEFAULT_LINK
from attribution.portfolio.book import Book
from attribution.portfolio.course import Course
from attribution.portfolio.ended import earning_lives, padded_lives
from attribution.portfolio.evidence.judged import require_sound_market
from attribution.portfolio.holdings import Track
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.sections import UNCOVERED_MAX, Accepted, Delisted
from attribution.rows import CASH, PROXY_FACTOR, VENDOR_RESIDUAL
from riskmodel.arrays.chunks import is_lazy
from riskmodel.arrays.labels import require_kind
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.bounds import SHARE, require_bounded
from riskmodel.errors import InputError
from riskmodel.market.contents import require_dataset
from riskmodel.market.finals import ENDS
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.progress import Progress, Step, inside, stages

BLOCK_BYTES = 32e6  # of the largest array of a block of accounts


def attribute_accounts(
    accounts: xr.DataArray | pd.DataFrame,
    benchmark: xr.DataArray | pd.Series | pd.DataFrame | Track | Course,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    period: str | Period,
    index: str | None = None,
    delisted: Delisted = "error",
    link: str = DEFAULT_LINK,
    uncovered_max: float = UNCOVERED_MAX,
    accepted: Sequence[Accepted] = (),
    book: Book | None = None,
    progress: Progress = None,
) -> AccountsResult:
    """Explain the excess return of every account over one benchmark as contributions that add up exactly.

    Parameters
    ----------
    accounts
        Weights at the close before the period, decimals that sum to one, cash as `CASH`: (portfolio, asset), as a DataArray,
        which dask may hold in chunks of portfolios, or as a DataFrame with tickers in its columns; or a frame of portfolio,
        ticker, weight, with a `date` where accounts have lists of other days or several (each counts from the close of its
        date).
    benchmark
        Its weights in the same forms (asset; ticker, weight), or its `Track`, or a `Course` that has the same benchmark.
    model
        A fit of the same market.
    market
        From `riskmodel.read_market`.
    period
        A month "2016-06", a run of months "2016-01/2016-06", a year "2016", or a `Period`.
    index
        The index of the market whose level is the benchmark's return; without it the return is that of the weights.
    delisted
        What becomes of a held name that stops trading: "error" refuses it, "cash" keeps its last value until the next list.
    link
        "carino", "menchero", "grap" or "frongello".
    uncovered_max
        Largest weight of an account, as a mean over days, in names that the model leaves out.
    accepted
        The book's entries of findings that were looked at, `Book.accepted`.
    book
        Whose [funds] accounts and a benchmark of weights may hold; without it a fund is a name like others.
    progress
        True for a bar on standard error, where that is a terminal; or a function, called with the name of each stage as it
        begins, "accounts: 2 of 5" being the second block of five. Of accounts that dask holds nothing is told.

    Returns
    -------
    AccountsResult
        Only with every identity within 1e-12 for every account. Of accounts that dask holds the numbers are lazy, and what
        would be refused is refused when they are computed.

    Raises
    ------
    InputError
        For accounts that are unfit (duplicates, weights that do not sum to one, tickers without prices, no holdings, a held
        name that stops trading, too much without exposures), a period outside the data, an unknown index or method; for a
        market in whose tables something is found that makes every number wrong, and that is not accepted.
    ReconciliationError
        Where an identity fails; the accounts are named. This is a defect of the software, never of the inputs.

    Notes
    -----
    What `attribute` does for one course, for all accounts in one product of a sparse with a dense matrix;
    docs/methodology/accounts.md.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> from attribution.portfolio.course import follow_course
    >>> from attribution.portfolio.periods import read_period
    >>> market, book = rm.read_market("fixtures/small"), at.read_book("fixtures/small/book.toml")
    >>> benchmark = follow_course(book, "Major 100", market, read_period("2025-03", book, market))
    >>> held = book.holdings[book.holdings["date"] == "2025-02-28"]
    >>> result = attribute_accounts(held, benchmark, rm.RiskModel().fit(market), market, period="2025-03")
    >>> bool((abs(result.by("factor").sum("factor") - result.excess_return) < 1e-12).all())
    True
    """
    if link not in DAY_SCALING:
        raise InputError(f"link '{link}': the known methods are {', '.join(DAY_SCALING)}.")
    if delisted not in get_args(Delisted):
        raise InputError(f"delisted '{delisted}': write " + " or ".join(f'"{word}"' for word in get_args(Delisted)) + ".")
    require_results(model, "model")
    require_dataset(market)
    if isinstance(period, str):
        period = read_run_of_months(period, market)
    require_bounded("uncovered_max", uncovered_max, SHARE)
    require_kind("period", period, Period, 'Write a month as "YYYY-MM", a run of months as "YYYY-MM/YYYY-MM".')
    if book is not None:
        require_kind("book", book, Book, "Give the book whose [funds] are looked through, from attribution.read_book.")
    require_sound_market(market, accepted, "market", period.end)
    with stages(progress, 3) as step:
        step("benchmark")
        levels = benchmark.levels if isinstance(benchmark, Course) else {}
        funds = Funds.of(book, market, period, levels)
        labels, held_as_such = funds.returns.get_index("asset"), funds.held_as_such
        name, versus, benchmark_stopped = benchmark_days(
            benchmark, index, market, funds.returns, period, funds=held_as_such, look_through=funds.look_through
        )
        lives = market[[name for name in ("life", *ENDS) if name in market]]
        read = partial(read_lists, assets=labels, market=lives, period=period, delisted=delisted, funds=held_as_such)
        shared = partial(_market_days, versus, funds, model, market, period)
        counted_in = (versus["weight"] != 0).any("time").to_numpy() | (labels == CASH)
        stopped, shares, source = None, None, None
        if isinstance(accounts, xr.DataArray) and is_lazy(accounts):
            from attribution.accounts.chunks import explain_lazily

            counted_in |= labels.isin(accounts.get_index("asset"))
            funds.require_levels(market, counted_in, period.base, period.end)
            keep = np.flatnonzero(counted_in | funds.names(counted_in))
            days, common = shared(keep, link, uncovered_max, levels)
            data = explain_lazily(accounts, read, keep, days)
        else:
            step("lists")
            lists, stopped = read(accounts)
            counted_in[lists.weights.indices] = True
            since = market.get_index("time")[min(max(lists.start.min(), 0), market.get_index("time").get_loc(period.base))]
            funds.require_levels(market, counted_in, since, period.end)
            keep = np.flatnonzero(counted_in | funds.names(counted_in))
            days, common = shared(keep, link, uncovered_max, levels)
            source = Explained(lists.among(keep), days)
            data, shares = _explain_blocks(source.lists, days, inside(step, "accounts"))
    return AccountsResult(
        benchmark=name,
        period=period.label,
        link=link,
        data=data.assign(common.data_vars),
        shares=shares,
        stopped=stopped,
        benchmark_stopped=benchmark_stopped,
        source=source,
    )


def _market_days(
    versus: xr.Dataset,
    funds: Funds,
    model: RiskModelResults,
    market: xr.Dataset,
    period: Period,
    keep: np.ndarray,
    link: str,
    uncovered_max: float,
    levels: Mapping[str, str],
) -> tuple[MarketDays, xr.Dataset]:
    """What all accounts share, as arrays for the mathematics, and what of it belongs in the result."""
    returns = funds.returns
    assets = returns.get_index("asset")[keep]
    parts, errors = model_parts(assets, period.days, model, market, levels, carried=funds.held_as_such)
    left_out = (~parts["modelled"].to_numpy() & (assets != CASH) & ~assets.isin(list(funds.carried))).astype(float)
    solved = parts["modelled"].any("asset").to_numpy()
    parts, looked_through = funds.inside(parts, period.days)
    for fund in looked_through:
        left_out[:, fund.column] = fund.left_out
    sessions = market.get_index("time")
    first, last = sessions.get_loc(period.base), sessions.get_loc(period.end)
    lived, ends = (
        values[: last + 1, keep] for values in padded_lives(market, returns.sizes["asset"] - market.sizes["asset"])
    )
    begun = np.maximum.accumulate(lived, axis=0)
    names = [str(f) for f in parts["factor"].to_numpy()]
    beyond = (*(WITH_FUNDS if looked_through else OUTSIDE), PROXY_FACTOR)
    groups = [model.group(name) for name in (*names, *beyond)]
    own, live = (versus[name].isel(asset=keep).transpose("time", "asset").to_numpy() for name in ("weight", "live"))
    days = MarketDays(
        assets=assets,
        days=period.days,
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
        constituents_return=versus["constituents_return"].to_numpy(),
        benchmark_return=versus["benchmark_return"].to_numpy(),
        link=link,
        uncovered_max=uncovered_max,
        left_out=left_out,
        solved=solved,
        exposure_errors=errors,
        funds=looked_through,
    )
    common = xr.Dataset(
        {
            "benchmark_return_of_day": versus["benchmark_return"],
            "constituents_return_of_day": versus["constituents_return"],
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


def _explain_blocks(lists: AccountLists, days: MarketDays, step: Step) -> tuple[xr.Dataset, pd.DataFrame]:
    """`explain` of blocks of accounts, which bound the memory, one after the other."""
    number = len(lists.portfolios)
    size = max(int(BLOCK_BYTES / days.bytes_of_account), 1)
    out: dict[str, np.ndarray] = {}
    shares = []
    for first in range(0, number, size):
        place = slice(first, min(first + size, number))
        step(f"{first // size + 1} of {-(-number // size)}")
        with one_blas_thread():  # the same bits whatever the number of cores
            arrays, own = explain(lists.of(place.start, place.stop), days)
        for name, values in arrays.items():
            out.setdefault(name, np.empty((number, *values.shape[1:])))[place] = values
        shares.append(own | {"portfolio": own["portfolio"] + first})
    require_covered(out["uncovered_weight"], lists, days)
    columns = {name: np.concatenate([own[name] for own in shares]) for name in shares[0]}
    columns |= {"portfolio": lists.portfolios[columns["portfolio"]], "asset": lists.assets[columns["asset"]]}
    frame = pd.DataFrame(columns).rename(columns={"asset": "ticker"})
    variables = {name: (("portfolio", FORM[name]), values) for name, values in out.items()}
    return xr.Dataset(variables, coords={"portfolio": lists.portfolios} | coordinates(days)), frame
