"""Ratios of a track record: drawdowns, downside, the shape of its distribution, what it earned for its risk."""

from __future__ import annotations

import numpy as np
import pandas as pd

from attribution.measures.figures import regression_figures
from attribution.measures.performance import annualised
from attribution.measures.record import require_record, require_returns, require_rows, require_same_rows
from riskmodel.arrays.labels import require_kind
from riskmodel.arrays.rounding import deviation, over, settled
from riskmodel.bounds import DEGREES, PERIOD_RETURN, PERIODS_A_YEAR, require_bounded
from riskmodel.errors import InputError, counted

LOSS_AVERSION = 2.25  # Tversky & Kahneman (1992): a loss weighs as much as so large a gain
RISK_AVERSION = 3.0  # Sortino, Miller & Messina (1997): of the omega excess return
SIDES = ("portfolio", "benchmark", "risk_free")


def ratio_table(returns: pd.DataFrame, *, a_year: float = 12, least_acceptable: float = 0.0, ddof: int = 1) -> pd.DataFrame:
    """Every ratio of this module for one track record.

    Parameters
    ----------
    returns
        portfolio, benchmark and risk_free, one row a month (or day), decimals. Labels that are dates of any kind, as text
        too, are in order, without repeats and gaps; others stand as they are, numbers increasing.
    a_year
        Rows a year; as many as the dates have.
    least_acceptable
        Return of a row below which it falls short.
    ddof
        Divisors of deviations are n - ddof; Bacon (2008) has 0.

    Returns
    -------
    DataFrame
        family (shape, downside, drawdown, benchmark), measure, value; a ratio over nothing is NaN.

    Raises
    ------
    InputError
        For missing columns, fewer than 12 rows, and returns that are missing, infinite or below -1; for dates out of order,
        twice, missing, or of another frequency than `a_year`.

    Notes
    -----
    A deviation, beta or drawdown that is rounding of the returns (`riskmodel.arrays.rounding`) is 0, a ratio over it NaN.
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd edition, 2008, pp. 62 to 103; formulas with the
    functions below, and in docs/methodology/performance.md.

    Examples
    --------
    >>> months = pd.period_range("2024-01", periods=12, freq="M")
    >>> returns = pd.DataFrame({"portfolio": [0.02, -0.01] * 6, "benchmark": [0.01, 0.0] * 6, "risk_free": 0.0}, months)
    >>> table = ratio_table(returns).set_index("measure")["value"]
    >>> table[["omega", "maximum_drawdown", "m_squared"]].round(4).to_dict()
    {'omega': 2.0, 'maximum_drawdown': -0.01, 'm_squared': 0.0201}
    """
    require_kind("returns", returns, pd.DataFrame, f"Give one with the columns {', '.join(SIDES)}.")
    require_bounded("a_year", a_year, PERIODS_A_YEAR)
    require_bounded("least_acceptable", least_acceptable, PERIOD_RETURN)
    require_bounded("ddof", ddof, DEGREES)
    lacking = [side for side in SIDES if side not in returns]
    if lacking:
        raise InputError(f"returns: no column {', '.join(map(repr, lacking))}. They are {', '.join(SIDES)}.")
    require_record(returns.index, a_year=a_year)
    if len(returns) < 12:
        raise InputError(f"returns: {counted(len(returns), 'row')}; ratios of fewer than 12 say nothing.")
    own, risk_free = returns["portfolio"], returns["risk_free"]
    families = {
        "shape": shape_figures(own, risk_free, a_year=a_year, ddof=ddof),
        "downside": downside_figures(own, least_acceptable=least_acceptable),
        "drawdown": drawdown_figures(own, risk_free, a_year=a_year),
        "benchmark": benchmark_figures(returns, a_year=a_year, least_acceptable=least_acceptable, ddof=ddof),
    }
    rows = [(family, measure, value) for family, figures in families.items() for measure, value in figures.items()]
    return pd.DataFrame(rows, columns=["family", "measure", "value"])


def shape_figures(returns: pd.Series, risk_free: pd.Series, *, a_year: float, ddof: int = 1) -> dict[str, float]:
    """How returns are spread about their mean and about zero.

    Parameters
    ----------
    returns, risk_free
        (month) decimals.
    a_year, ddof
        As for `ratio_table`.

    Returns
    -------
    dict
        mean_absolute_deviation, skewness, kurtosis and excess_kurtosis (divisor n); sample_skewness, sample_kurtosis and
        sample_excess_kurtosis (unbiased for a normal distribution); skewness_kurtosis_ratio; adjusted_sharpe_ratio;
        bernardo_ledoit_ratio; d_ratio.

    Raises
    ------
    InputError
        For returns that are missing, infinite or below -1, and for labels as `ratio_table`.

    Notes
    -----
    Bacon (2008): mean |r - m| (p. 62); S and K (pp. 83 to 85); SR [1 + S SR / 6 - (K - 3) SR^2 / 24] with SR the annual
    Sharpe ratio, Pezier & White (2006) (p. 99); S / K (p. 99); sum r+ / sum r-, Bernardo & Ledoit (2000) (p. 95);
    n- sum r- / (n+ sum r+), Lavinio (2000) (p. 95), r+ = max(r, 0) and r- = max(-r, 0).
    """
    from scipy.stats import kurtosis, skew

    _require_pair(returns, risk_free, a_year)
    r, signed = returns.to_numpy(float), _beyond(returns, 0.0)
    n, gains, losses = len(r), np.maximum(signed, 0.0), np.maximum(-signed, 0.0)
    spread = deviation(r, ddof=ddof)
    moves = spread > 0
    s, k = (float(moment(r)) if moves else float("nan") for moment in (skew, kurtosis))
    sharpe = over(_excess_a_year(returns, risk_free, a_year), spread * a_year**0.5)
    unbiased = float(returns.kurt()) if moves else float("nan")
    return {
        "mean_absolute_deviation": float(np.abs(r - r.mean()).mean()),
        "skewness": s,
        "kurtosis": k + 3,
        "excess_kurtosis": k,
        "sample_skewness": float(returns.skew()) if moves else float("nan"),
        "sample_kurtosis": unbiased + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)) if n > 3 else float("nan"),
        "sample_excess_kurtosis": unbiased,
        "skewness_kurtosis_ratio": s / (k + 3),
        "adjusted_sharpe_ratio": sharpe * (1 + s / 6 * sharpe - k / 24 * sharpe**2),
        "bernardo_ledoit_ratio": over(gains.sum(), losses.sum()),
        "d_ratio": over((losses > 0).sum() * losses.sum(), (gains > 0).sum() * gains.sum()),
    }


def downside_figures(returns: pd.Series, *, least_acceptable: float) -> dict[str, float]:
    """How far and how often returns fall short of a least acceptable one, and pass it; of a month, not annualised.

    Parameters
    ----------
    returns
        (month) decimals.
    least_acceptable
        Return of a month below which it falls short.

    Returns
    -------
    dict
        downside_ and upside_ deviation, variance, potential and frequency; omega, omega_sharpe_ratio, kappa_2 (Sortino's
        ratio of a month), kappa_3, upside_potential_ratio, volatility_skewness, variability_skewness, prospect_ratio.

    Raises
    ------
    InputError
        For returns that are missing, infinite or below -1, and for labels as `ratio_table`.

    Notes
    -----
    Bacon (2008), with T the least acceptable return, d = max(T - r, 0), u = max(r - T, 0) and means over all months:
    deviation sqrt(mean d^2), potential mean d (p. 92); frequency (p. 94); omega mean u / mean d, Shadwick & Keating
    (2002), and omega-Sharpe (mean r - T) / mean d (p. 95); kappa_l (mean r - T) / (mean d^l)^(1/l), Kaplan & Knowles
    (2004) (p. 96); upside potential ratio mean u / sqrt(mean d^2) (p. 97); volatility skewness mean u^2 / mean d^2 (p. 97)
    and its root, variability skewness (p. 98); prospect ratio (mean(max(r, 0) + 2.25 min(r, 0)) - T) / sqrt(mean d^2),
    Watanabe (2006) (p. 100).
    """
    require_rows(returns)
    require_record(returns.index)
    r, beyond = returns.to_numpy(float), _beyond(returns, least_acceptable)
    short, passed = np.maximum(-beyond, 0.0), np.maximum(beyond, 0.0)
    down, up = float((short**2).mean()), float((passed**2).mean())
    excess = float(r.mean()) - least_acceptable
    felt = float((np.maximum(r, 0.0) + LOSS_AVERSION * np.minimum(r, 0.0)).mean())
    return {
        "downside_deviation": down**0.5,
        "downside_variance": down,
        "downside_potential": float(short.mean()),
        "downside_frequency": float((short > 0).mean()),
        "upside_deviation": up**0.5,
        "upside_variance": up,
        "upside_potential": float(passed.mean()),
        "upside_frequency": float((passed > 0).mean()),
        "omega": over(passed.mean(), short.mean()),
        "omega_sharpe_ratio": over(excess, short.mean()),
        "kappa_2": over(excess, down**0.5),
        "kappa_3": over(excess, float((short**3).mean()) ** (1 / 3)),
        "upside_potential_ratio": over(passed.mean(), down**0.5),
        "volatility_skewness": over(up**0.5, down**0.5) ** 2,
        "variability_skewness": over(up**0.5, down**0.5),
        "prospect_ratio": over(felt - least_acceptable, down**0.5),
    }


def drawdown(returns: pd.Series) -> pd.Series:
    """Loss from the running peak of compounded wealth: 0 at a peak, negative below it.

    Raises
    ------
    InputError
        For returns that are missing, infinite or below -1, and for labels as `ratio_table`.

    Notes
    -----
    W_t / max(1, W_1, ..., W_t) - 1 with W_t = prod_{s<=t} (1 + r_s). Bacon (2008), p. 89.

    Examples
    --------
    >>> drawdown(pd.Series([0.10, -0.20, 0.30])).round(3).tolist()
    [0.0, -0.2, 0.0]
    """
    require_returns(returns)
    require_record(returns.index)
    wealth = (1 + returns).cumprod()
    depth = wealth / wealth.cummax().clip(lower=1.0) - 1
    return depth.where(settled(depth.to_numpy(), 1.0) != 0, 0.0)


def losing_runs(returns: pd.Series) -> pd.Series:
    """Compounded loss of each unbroken run of negative returns, by the label of its first; Burke's drawdowns.

    Raises
    ------
    InputError
        As `drawdown`.

    Notes
    -----
    prod (1 + r) - 1 over the run. Bacon (2008), p. 90.

    Examples
    --------
    >>> losing_runs(pd.Series([0.01, -0.10, -0.10, 0.02, -0.05])).round(3).to_dict()
    {1: -0.19, 4: -0.05}
    """
    require_returns(returns)
    require_record(returns.index)
    losing = pd.Series(_beyond(returns, 0.0) < 0, returns.index)
    run = (losing != losing.shift()).cumsum()[losing]
    first = run.index[~run.duplicated().to_numpy()]
    return ((1 + returns[losing]).groupby(run.to_numpy()).prod() - 1).set_axis(first)


def drawdown_figures(returns: pd.Series, risk_free: pd.Series, *, a_year: float) -> dict[str, float]:
    """How deep and how long a record was below its peak, and the annual excess over cash for it.

    Parameters
    ----------
    returns, risk_free
        (month) decimals.
    a_year
        Months a year.

    Returns
    -------
    dict
        maximum_drawdown, average_drawdown (of losing runs), pain_index, ulcer_index; and the ratios over them: calmar_ratio,
        sterling_ratio, pain_ratio, martin_ratio, burke_ratio, modified_burke_ratio. NaN where nothing was lost.

    Raises
    ------
    InputError
        For returns that are missing, infinite or below -1, and for labels as `ratio_table`.

    Notes
    -----
    Bacon (2008), with P - F the annual excess over cash, D_t the `drawdown` and L_j the `losing_runs`: pain index mean |D|,
    ulcer index sqrt(mean D^2) (p. 89); Calmar (P - F) / max |D| and Sterling (P - F) / mean |L| (p. 89); Burke
    (P - F) / sqrt(sum L^2) (p. 90), modified sqrt(n) times it; Martin (P - F) / ulcer and pain (P - F) / pain (p. 91).
    """
    _require_pair(returns, risk_free, a_year)
    depth, runs = drawdown(returns).to_numpy(), losing_runs(returns).to_numpy()
    excess = _excess_a_year(returns, risk_free, a_year)
    worst, pain, ulcer = float(-depth.min()), float(-depth.mean()), float((depth**2).mean()) ** 0.5
    average = float(-runs.mean()) if len(runs) else 0.0
    burke = over(excess, float((runs**2).sum()) ** 0.5)
    return {
        "maximum_drawdown": -worst,
        "average_drawdown": -average,
        "pain_index": pain,
        "ulcer_index": ulcer,
        "calmar_ratio": over(excess, worst),
        "sterling_ratio": over(excess, average),
        "pain_ratio": over(excess, pain),
        "martin_ratio": over(excess, ulcer),
        "burke_ratio": burke,
        "modified_burke_ratio": burke * len(returns) ** 0.5,
    }


def benchmark_figures(
    returns: pd.DataFrame, *, a_year: float, least_acceptable: float = 0.0, ddof: int = 1
) -> dict[str, float]:
    """What a record earned for its risk beside a benchmark.

    Parameters
    ----------
    returns
        portfolio, benchmark and risk_free, one row a month, decimals.
    a_year, least_acceptable, ddof
        As for `ratio_table`.

    Returns
    -------
    dict
        total_risk, fama_beta, regression_alpha (of a month), diversification, net_selectivity, treynor_ratio,
        modified_treynor, m_squared, m_squared_excess, m_squared_excess_geometric, m_squared_sortino,
        omega_excess_return. Beta, Jensen's alpha (also called selectivity), systematic and specific risk are in
        `attribution.measures.figures.regression_figures`.

    Raises
    ------
    InputError
        For returns that are missing, infinite or below -1, and for labels as `ratio_table`.

    Notes
    -----
    Bacon (2008), with P, B, F annual geometric returns, s deviations and d downside deviations a year: M squared
    (P - F) s_B / s_P + F, Modigliani & Modigliani (1997) (p. 67), less B or (1 + M^2) / (1 + B) - 1 (p. 68); alpha of a
    month mean(p - f) - beta mean(b - f) (p. 71); total risk sqrt(systematic^2 + specific^2) (p. 75); Treynor
    (P - F) / beta (p. 75), modified (P - F) / systematic risk (p. 77); Fama's beta s_P / s_B (p. 77); diversification
    (beta_F - beta)(B - F) and net selectivity, alpha less it (p. 78); M squared for Sortino P + (P - T) (d_B - d_P) / d_P
    with T the least acceptable return a year (p. 102); omega excess return P - 3 d_P d_B (p. 103).
    """
    require_rows(returns["portfolio"])
    line = regression_figures(returns, a_year=a_year, ddof=ddof)
    p, b, f = (annualised(returns[side], a_year) for side in SIDES)
    spread = [deviation(returns[side], ddof=ddof) * a_year**0.5 for side in ("portfolio", "benchmark")]
    target = (1 + least_acceptable) ** a_year - 1
    down, other = (
        downside_figures(returns[side], least_acceptable=least_acceptable)["downside_deviation"] * a_year**0.5
        for side in ("portfolio", "benchmark")
    )
    over_cash = returns[["portfolio", "benchmark"]].sub(returns["risk_free"], axis=0).mean()
    fama = over(*spread)
    diversification = (fama - line["beta"]) * (b - f)
    squared = over(p - f, spread[0]) * spread[1] + f
    return {
        "total_risk": float(np.hypot(line["systematic_risk"], line["specific_risk"])),
        "fama_beta": fama,
        "regression_alpha": float(over_cash["portfolio"] - line["beta"] * over_cash["benchmark"]),
        "diversification": diversification,
        "net_selectivity": line["jensen_alpha"] - diversification,
        "treynor_ratio": over(p - f, line["beta"]),
        "modified_treynor": over(p - f, line["systematic_risk"]),
        "m_squared": squared,
        "m_squared_excess": squared - b,
        "m_squared_excess_geometric": over(1 + squared, 1 + b) - 1,
        "m_squared_sortino": p + over(p - target, down) * (other - down),
        "omega_excess_return": p - RISK_AVERSION * down * other,
    }


def _excess_a_year(returns: pd.Series, risk_free: pd.Series, a_year: float) -> float:
    return annualised(returns, a_year) - annualised(risk_free, a_year)


def _beyond(returns: pd.Series, bound: float) -> np.ndarray:
    """Returns less a bound, 0 where the difference is rounding."""
    r = returns.to_numpy(float)
    return settled(r - bound, 1 + np.abs(r) + abs(bound))


def _require_pair(returns: pd.Series, risk_free: pd.Series, a_year: float) -> None:
    require_rows(returns)
    require_returns(risk_free, "returns of 'risk_free'")
    require_same_rows(returns, risk_free)
    require_record(returns.index, a_year=a_year)
