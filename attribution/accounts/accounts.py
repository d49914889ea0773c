"""Many accounts against one benchmark: the contributions of each, at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts.arrays import require_covered
from attribution.accounts.basis import Basis
from attribution.accounts.blocks import explain_blocks
from attribution.accounts.pairs import Explained
from attribution.accounts.result import AccountsResult
from attribution.linking.methods import DEFAULT_LINK
from attribution.portfolio.book import Book
from attribution.portfolio.course import Course
from attribution.portfolio.holdings import Track
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.sections import UNCOVERED_MAX, Accepted, Delisted
from riskmodel.arrays.chunks import is_lazy
from riskmodel.model.results import RiskModelResults
from riskmodel.progress import Progress, inside, stages


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
    with stages(progress, 3) as step:
        step("benchmark")
        basis = Basis.of(
            benchmark,
            model,
            market,
            period=period,
            index=index,
            delisted=delisted,
            link=link,
            uncovered_max=uncovered_max,
            accepted=accepted,
            book=book,
        )
        if isinstance(accounts, xr.DataArray) and is_lazy(accounts):
            from attribution.accounts.chunks import explain_lazily

            shared = basis.shared(basis.assets.isin(accounts.get_index("asset")), basis.period.base)
            return shared.result(explain_lazily(accounts, basis.read, shared.keep, shared.days))
        step("lists")
        lists, stopped = basis.read(accounts)
        held = np.zeros(len(basis.assets), dtype=bool)
        held[lists.weights.indices] = True
        first = min(max(lists.start.min(), 0), market.get_index("time").get_loc(basis.period.base))
        shared = basis.shared(held, market.get_index("time")[first])
        source = Explained(lists.among(shared.keep), shared.days)
        data, shares = explain_blocks(source.lists, shared.days, inside(step, "accounts"))
        require_covered(data["uncovered_weight"].to_numpy(), source.lists, shared.days)
    return shared.result(data, shares=shares, stopped=stopped, source=source)
