"""The figures beside an attribution: active share, turnover, tracking error, beta, hit rates, what trading would cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from attribution.linking.linking import compound
from attribution.measures.performance import LEAST_MONTHS, MONTHS_A_YEAR, annualised, monthly_returns, risk_free_returns
from attribution.measures.record import require_days, require_record, require_returns, require_rows, require_same_rows
from attribution.portfolio.actual_returns import with_actual_returns
from attribution.portfolio.begun import book_of
from attribution.portfolio.blends import blend_shares, since_reset
from attribution.portfolio.book import Book, require_book
from attribution.portfolio.course import Course, blend_tracks
from attribution.portfolio.ended import paid_out_as_cash
from attribution.portfolio.evidence.judged import course_evidence, require_sound
from attribution.portfolio.holdings import sleeve_lists
from attribution.portfolio.periods import Period, read_period, sessions_from
from attribution.portfolio.tracks import Tracks
from attribution.rows import CASH
from riskmodel.arrays.rounding import active, deviation, growth, over, settled
from riskmodel.errors import InputError, counted
from riskmodel.market.contents import require_dataset

A_YEAR = {"monthly": MONTHS_A_YEAR, "daily": 252}
LEAST = {"monthly": LEAST_MONTHS, "daily": 20}
ONLY_RETURNS = "n/a: of the benchmark, or a part of it, only returns are known"
MEANS = ("information_ratio", "jensen_alpha", "appraisal_ratio")  # an annualised mean of less than a year says nothing


def course_figures(
    book: Book,
    course: str,
    market: xr.Dataset,
    *,
    period: str,
    frequency: str = "monthly",
    actual_returns: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What an analyst looks for beside the contributions of a period.

    Parameters
    ----------
    book, course, market, period, actual_returns
        As for `attribution.attribute`; no model is needed.
    frequency
        "monthly" or "daily": the returns of tracking error, information ratio, beta and alpha.

    Returns
    -------
    DataFrame
        measure, value, basis; decimals. `basis` says what the value was made of. What too few returns cannot tell is NaN,
        see `relative_figures`, and so is the cost where the book states none.

    Raises
    ------
    InputError
        As for `attribution.attribute`, and for an unknown frequency.

    Notes
    -----
    Formulas in docs/methodology/figures.md.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> market = rm.read_market("fixtures/small")
    >>> book = at.read_book("fixtures/small/book.toml")
    >>> figures = course_figures(book, "Major 100", market, period="2025-03").set_index("measure")["value"]
    >>> figures[["active_share_end", "turnover", "hit_rate_days"]].round(3).to_dict()
    {'active_share_end': 0.835, 'turnover': 0.215, 'hit_rate_days': 0.571}
    """
    require_book(book)
    require_dataset(market)
    book = book_of(book, course)
    tracks = Tracks(book, market, read_period(period, book, market))
    require_sound(course_evidence(tracks, course, actual_returns), book.path.name)
    followed = with_actual_returns(blend_tracks(tracks, course), book, actual_returns)
    return followed_figures(tracks, followed, frequency=frequency)


def followed_figures(tracks: Tracks, followed: Course, *, frequency: str = "monthly") -> pd.DataFrame:
    """`course_figures` of a course that was followed over the period, by these tracks."""
    book, market, run, data = tracks.book, tracks.market, followed.period, followed.data
    portfolio, benchmark = data["portfolio_return"].to_series(), data["benchmark_return"].to_series()
    risk_free = risk_free_returns(book, market, run.days)
    share = active_share(data["portfolio_weight"], data["benchmark_weight"])
    closing = active_share(data["closing_weight"], data["benchmark_closing_weight"])
    if followed.levels:  # nobody knows what the benchmark holds
        share, closing = share * np.nan, closing * np.nan
    traded = trades(tracks, followed.name)
    turnover = float(traded["turnover"].sum())
    months = int(run.days.to_period("M").nunique())
    cost = book.book.transaction_cost_bps
    days = counted(len(run.days), "day")
    rows = [
        ("active_share_mean", float(share.mean()), ONLY_RETURNS if followed.levels else f"starts of {days}"),
        ("active_share_end", float(closing), ONLY_RETURNS if followed.levels else f"close of {run.end:%Y-%m-%d}"),
        ("turnover", turnover, f"{counted(int((traded['turnover'] > 0).sum()), 'trade')}, one-way"),
        (
            "turnover_a_year",
            turnover * MONTHS_A_YEAR / months,
            f"{counted(months, 'month')}, one-way",
        ),
        ("transaction_costs", transaction_costs(data["holdings_return"], traded["volume"], cost), _stated(cost)),
        *relative_figures(portfolio, benchmark, risk_free, frequency=frequency).itertuples(index=False, name=None),
    ]
    return pd.DataFrame(rows, columns=["measure", "value", "basis"])


def relative_figures(
    portfolio: pd.Series, benchmark: pd.Series, risk_free: pd.Series, *, frequency: str = "monthly"
) -> pd.DataFrame:
    """Tracking error, information ratio, beta, alpha and hit rates of daily returns.

    Parameters
    ----------
    portfolio, benchmark, risk_free
        (day) decimals with the same dates.
    frequency
        "monthly" (compounded by calendar month; a partial month counts as one) or "daily".

    Returns
    -------
    DataFrame
        measure, value, basis. Ratios of fewer than 12 monthly or 20 daily returns are NaN, and those of a mean (information
        ratio, alpha, appraisal ratio) of fewer than 12 months.

    Raises
    ------
    InputError
        For an unknown frequency; for returns that are missing, infinite or below -1; for labels that are no days, differ,
        are out of order or twice, or lack a month, or, if daily, sessions.

    Notes
    -----
    A day is a hit where the portfolio passes the benchmark by more than rounding (`riskmodel.arrays.rounding`), and a
    deviation that is rounding is 0, its ratio NaN.

    With n returns p, b, f, m of them a year, and annualised geometric means P, B, F: tracking error sqrt(m) s(p - b) with
    divisor n - 1; information ratio (P - B) over it; beta cov(p - f, b - f) / var(b - f); Jensen's alpha
    P - F - beta (B - F); beta-adjusted excess the same with the period's compounded returns. Jensen (1968), Journal of
    Finance 23(2).
    """
    if frequency not in A_YEAR:
        raise InputError(f"frequency '{frequency}': the choices are {', '.join(A_YEAR)}.")
    require_rows(portfolio)
    daily = {"portfolio": portfolio, "benchmark": benchmark, "risk_free": risk_free}
    for name, side in daily.items():
        require_returns(side, f"returns of '{name}'")
    require_same_rows(portfolio.rename("portfolio"), benchmark.rename("benchmark"), risk_free.rename("risk_free"))
    days = require_days(portfolio.index)
    daily = {name: side.set_axis(days) for name, side in daily.items()}
    portfolio, benchmark = daily["portfolio"], daily["benchmark"]
    months = pd.DataFrame({name: monthly_returns(side) for name, side in daily.items()})
    returns = months if frequency == "monthly" else pd.DataFrame(daily)
    whole = {name: compound(side.to_numpy()) for name, side in daily.items()}
    ratios = regression_figures(returns, a_year=A_YEAR[frequency])
    short = dict.fromkeys(ratios if len(returns) < LEAST[frequency] else MEANS if len(months) < LEAST_MONTHS else [], np.nan)
    ratios |= short
    ratios["beta_adjusted_excess"] = (
        whole["portfolio"] - whole["risk_free"] - ratios["beta"] * (whole["benchmark"] - whole["risk_free"])
    )
    basis = counted(len(returns), "month" if frequency == "monthly" else "day")
    rows = [
        ("excess_return", whole["portfolio"] - whole["benchmark"], f"{counted(len(portfolio), 'day')}, compounded"),
        *((name, value, basis) for name, value in ratios.items()),
        ("hit_rate_days", _hit_rate(portfolio, benchmark), counted(len(portfolio), "day")),
        ("hit_rate_months", _hit_rate(months["portfolio"], months["benchmark"]), counted(len(months), "month")),
    ]
    return pd.DataFrame(rows, columns=["measure", "value", "basis"])


def regression_figures(returns: pd.DataFrame, *, a_year: float, ddof: int = 1) -> dict[str, float]:
    """Tracking error, information ratio, beta, Jensen's alpha, systematic and specific risk and appraisal ratio.

    Parameters
    ----------
    returns
        portfolio, benchmark and risk_free, one row a month or day, decimals.
    a_year
        Rows a year. With fewer than two rows every figure is NaN.
    ddof
        Divisors are n - ddof; Bacon (2008) has 0.

    Raises
    ------
    InputError
        For returns that are missing, infinite or below -1; for dates out of order, twice, with gaps, or of another frequency
        than `a_year`.

    Notes
    -----
    Deviations and the part of the benchmark in the portfolio are 0 where they are rounding of the returns; over a benchmark
    that moves with the risk-free return beta is NaN, and what hangs on it.

    As `relative_figures`; systematic risk is |beta| s(b) and specific risk s(p - f - beta (b - f)), both annualised with
    divisor n - ddof; the appraisal ratio is Jensen's alpha over specific risk. Treynor & Black (1973), Journal of Business
    46(1).

    Examples
    --------
    >>> returns = pd.DataFrame({"portfolio": [0.03, -0.01, 0.02], "benchmark": [0.02, 0.0, 0.01], "risk_free": 0.0})
    >>> round(regression_figures(returns, a_year=12)["beta"], 4)
    2.0
    """
    names = (
        "tracking_error",
        "information_ratio",
        "beta",
        "jensen_alpha",
        "systematic_risk",
        "specific_risk",
        "appraisal_ratio",
    )
    for side in returns.columns:
        require_returns(returns[side])
    require_record(returns.index, a_year=a_year)
    if len(returns) < 2:
        return dict.fromkeys(names, float("nan"))
    p, b = (returns[side] - returns["risk_free"] for side in ("portfolio", "benchmark"))
    scale = float(np.sqrt(a_year))
    mean = {name: annualised(returns[name], a_year) for name in returns.columns}
    own, other, rate = (growth(returns[side]) for side in ("portfolio", "benchmark", "risk_free"))
    tracking = deviation(returns["portfolio"] - returns["benchmark"], ddof=ddof, scale=own + other) * scale
    spread = deviation(b, scale=other + rate)
    beta = over(float(np.cov(p, b, ddof=1)[0, 1]), spread**2)
    beta = beta if settled(beta * spread, own + rate) else 0.0  # NaN is not 0
    alpha = mean["portfolio"] - mean["risk_free"] - beta * (mean["benchmark"] - mean["risk_free"])
    specific = deviation(p - beta * b, ddof=ddof, scale=own + rate + abs(beta) * (other + rate)) * scale
    systematic = abs(beta) * deviation(returns["benchmark"], ddof=ddof) * scale
    ratio = over(mean["portfolio"] - mean["benchmark"], tracking)
    return dict(zip(names, (tracking, ratio, beta, alpha, systematic, specific, over(alpha, specific)), strict=True))


def active_share(portfolio: xr.DataArray, benchmark: xr.DataArray) -> xr.DataArray:
    """Half the sum of absolute active weights over assets, cash among them.

    Notes
    -----
    1/2 sum_i |w_i - b_i|. Cremers & Petajisto (2009), Review of Financial Studies 22(9).

    Examples
    --------
    >>> weights = xr.DataArray([0.5, 0.5, 0.0], {"asset": ["A", "B", "C"]}, "asset")
    >>> float(active_share(weights, weights.copy(data=[0.25, 0.25, 0.5])))
    0.5
    """
    return 0.5 * abs(portfolio - benchmark).sum("asset")


def trades(tracks: Tracks, course: str) -> pd.DataFrame:
    """What a course traded before each day of a period, from lists of holdings against drifted weights.

    Parameters
    ----------
    tracks
        The sleeves over the period. The trade at its base, which makes the weights it starts with, is in it; that at its
        last close belongs to the next. The first purchase, at the inception, is not a trade.
    course
        As for `course_figures`.

    Returns
    -------
    DataFrame
        (time): `close`, the one before the day, at which was traded; `turnover`, one-way, half the sum of absolute changes,
        cash among them; `volume`, the sum of absolute changes of stocks, which pay costs. Shares of the course's value. The
        reset of a blend is a trade, and what its sleeves sell each other nets. Who was paid out
        is cash, which nobody had to sell.

    Notes
    -----
    1/2 sum_i |w_i,t+1 - w_i,t (1 + r_i,t) / (1 + R_t)| at the close of t: weights of the next start less those that have
    drifted there.
    """
    shares = tracks.book.shares(course)
    longer = tracks.over(_from_the_month_before(tracks, shares))
    run, held = longer.period, [longer.carried(sleeve) for sleeve in shares]
    daily = xr.concat([t.returns for t in held], pd.Index(list(shares), name="part"), coords="minimal", compat="override")
    since = tracks.over(since_reset(tracks.book, tracks.market, course, run))
    of_run = xr.concat(
        [since.carried(sleeve).returns for sleeve in shares], daily.get_index("part"), coords="minimal", compat="override"
    )
    own = blend_shares(of_run, shares, tracks.book.reset_of(course)).sel(time=run.days).transpose("part", "time").to_numpy()
    grown = own * (1 + daily.transpose("part", "time").to_numpy())
    after = grown / grown.sum(axis=0)
    start, end = np.zeros(held[0].weights.shape), np.zeros(held[0].weights.shape)
    for track, before, then in zip(held, own, after, strict=True):
        start += before[:, None] * paid_out_as_cash(track.weights, track.gone, closes=False)
        end += then[:, None] * paid_out_as_cash(track.closes, track.gone, closes=True)
    change = np.vstack([np.zeros_like(start[:1]), active(start[1:], end[:-1])])
    stocks = (held[0].weights.get_index("asset") != CASH).astype(float)
    frame = pd.DataFrame(
        {
            "close": run.days.insert(0, run.base)[:-1],
            "turnover": 0.5 * np.abs(change).sum(axis=1),
            "volume": np.abs(change) @ stocks,
        },
        run.days.rename("time"),
    )
    return frame.loc[tracks.period.days]


def transaction_costs(returns: xr.DataArray, volume: pd.Series, bps: float | None) -> float:
    """What one-way costs in basis points would have taken from a compounded return; NaN where none are stated.

    Parameters
    ----------
    returns
        (time) daily returns before costs.
    volume
        (time) bought and sold at the close before each day, as a share of the value then.
    bps
        Cost of a trade, basis points of what is bought or sold.

    Notes
    -----
    prod (1 + R_t) - prod (1 - c V_t) (1 + R_t), V_t the volume at the close before day t.

    Examples
    --------
    >>> days = pd.DatetimeIndex(["2025-03-03", "2025-03-04"])
    >>> returns = xr.DataArray([0.0, 0.0], {"time": days}, ("time",))
    >>> round(transaction_costs(returns, pd.Series([0.5, 0.0], days), 20.0), 6)
    0.001
    """
    if bps is None:
        return float("nan")
    cost = bps / 10_000 * volume.reindex(returns.get_index("time")).to_numpy()
    own = returns.to_numpy()
    return compound(own) - float(np.prod((1 + own) * (1 - cost)) - 1)


def _from_the_month_before(tracks: Tracks, shares: dict[str, float]) -> Period:
    """A period that begins with the month of its base, so that the trade at the base is between two days of it."""
    period = tracks.period
    before, since = sessions_from(tracks.book, tracks.market)
    days = since[(since.to_period("M") >= period.base.to_period("M")) & (since <= period.end)]
    base = since[since < days[0]][-1] if (since < days[0]).any() else before
    listed_by = max(sleeve_lists(tracks.book, sleeve)["date"].min() for sleeve in shares)
    return Period(period.label, base, days) if listed_by <= base else period


def _stated(bps: float | None) -> str:
    return "no transaction_cost_bps in [book]" if bps is None else f"{bps:g} basis points one-way"


def _hit_rate(portfolio: pd.Series, benchmark: pd.Series) -> float:
    """Share of the rows in which the portfolio passes the benchmark, by more than rounding."""
    own, other = portfolio.to_numpy(float), benchmark.to_numpy(float)
    return float((settled(own - other, 2 + np.abs(own) + np.abs(other)) > 0).mean())
