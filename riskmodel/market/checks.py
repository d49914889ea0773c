"""Checks of values that a table's schema cannot express: signs, units, sums, presence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import NO_TICKERS, RESERVED, STYLE_TABLES
from riskmodel.market.tables import places
from riskmodel.market.timeline import blocks_of

WEIGHT_SUM_TOLERANCE = 1e-6
MOST_DECIMALS = 9  # of weights that somebody rounded: percent to seven decimals
ROUNDED = (0.001, 0.002, 0.005, 0.01, 0.02)  # sums that rounding leaves apart from one
SUMS_OF_HOLDINGS = (
    "Add what is missing, or take out what is there twice; cash is a row of its own, with ticker CASH, below zero where it "
    "is borrowed."
)
RESERVED_NAMES = RESERVED | {style.name for table in STYLE_TABLES.values() for style in table}
LARGEST_DAILY_RATE = 0.001  # a quarter a year
SAME_MOVE, MOST_OF_LEVELS = 1e-3, 0.5  # of a level and a close over those before; the share of cells that makes levels
SMALLEST_TELLING_MOVE = 5e-4  # a close-to-close move large enough to compare a return with


REPAIRS = {  # what a wrong value costs, so that nobody takes its row away and has another wrong number
    "close": "Give the price that was traded. A total loss is written once, on the last row of a name's life: close 0 with "
    "total_return -1, and no close after it. What a holder got otherwise at the end of a life is a row of the table finals.",
    "shares_out": "Give the number of shares; without the row the one before it goes on to count.",
    "ratio": "Give the new shares for one old; without the row the price as traded would be wrong before it.",
    "rate": "Give the rate; without the row the one before it goes on to count.",
    "level": "Give the index's level of that day.",
}


def require_positive(table: pd.DataFrame, name: str, column: str) -> None:
    """Refuse zero and negative values; empty cells are another check's business."""
    wrong = (table[column] <= 0).to_numpy()
    if wrong.any():
        from riskmodel.market.tables import TABLES

        raise InputError(
            f"{name}: {counted(int(wrong.sum()), 'value')} of '{column}' not above zero: "
            f"{places(table, wrong, TABLES[name].key)}. {REPAIRS[column]}"
        )


def require_sound_prices(prices: pd.DataFrame) -> None:
    """Closes above zero, no negative volume, no return without a close."""
    key = ("date", "ticker")
    if prices.empty:
        raise InputError("prices: the table has no rows.")
    require_positive(prices, "prices", "close")
    negative = (prices["volume"] < 0).to_numpy()
    if negative.any():
        raise InputError(
            f"prices: {counted(int(negative.sum()), 'negative value')} in 'volume': {places(prices, negative, key)}."
        )
    orphan = (prices["close"].isna() & prices["total_return"].notna()).to_numpy()
    if orphan.any():
        raise InputError(
            f"prices: {counted(int(orphan.sum()), 'row')} with a total_return but no close: "
            f"{places(prices, orphan, key)}. Give the close. Where nobody trades any more and holders were paid out, that "
            f"is a row of the table finals; left out, the return would be lost."
        )


def require_returns_present(
    given: np.ndarray, life: np.ndarray, resumed: np.ndarray, sessions: np.ndarray, assets: np.ndarray
) -> None:
    """A return may be missing only on the first day of a life or when trading resumes after a gap."""
    before = np.vstack([np.full((1, life.shape[1]), -1, life.dtype), life[:-1]])
    missing = np.isnan(given) & (life >= 0) & (before >= 0) & ~resumed
    if missing.any():
        raise InputError(
            f"prices: {counted(int(missing.sum()), 'missing total_return', 'missing total_returns')} on days that follow "
            f"a traded day: {_cells(missing, sessions, assets)}. It may be missing only on the first day of a listing or "
            f"after a gap; it is never taken as 0."
        )


def require_returns_are_decimals(
    given: np.ndarray, close: np.ndarray, life: np.ndarray, sessions: np.ndarray, assets: np.ndarray
) -> None:
    """Refuse returns in percent, told by comparing total_return with close to close, then returns below -1.

    A row is in percent where its return is a hundred times the move of the close to a part in a thousand; an asset or a day
    is where the median ratio of its returns to its moves lies nearer to 100 than to 1 (dividends disturb single rows).
    """
    telling, rows, suspect, above = np.zeros((4, max(len(life) - 1, 0), life.shape[1]), dtype=bool)
    for names in blocks_of(life.shape[1]):
        traded, own, returned = life[:, names] >= 0, close[:, names], given[1:, names]
        with np.errstate(invalid="ignore", divide="ignore"):
            move = np.where(traded[1:] & traded[:-1], own[1:] / own[:-1] - 1, np.nan)
            telling[:, names] = np.abs(move) >= SMALLEST_TELLING_MOVE
            ratio = np.where(telling[:, names], returned / move, np.nan)
            rows[:, names] = telling[:, names] & (np.abs(ratio - 100) <= 0.1)
            suspect[:, names] = np.abs(ratio) > 30  # most rows are near 1; only what is suspect is worth a median
            above[:, names] = returned - move > 0.5
    for axis, label in ((0, "asset"), (1, "day")):
        share = suspect.sum(axis=axis) / np.maximum(telling.sum(axis=axis), 1)
        lines = (share > 0.5) & (telling.sum(axis=axis) >= 3)
        rows |= (lines[None, :] if label == "asset" else lines[:, None]) & suspect
    if rows.any():
        percent = np.vstack([np.zeros((1, rows.shape[1]), bool), rows])
        _refuse_prices(percent, given, close, sessions, assets, share=0.5)
        raise InputError(
            f"prices: {counted(int(rows.sum()), 'total_return')} a hundred times the move of the close: "
            f"{_cells(percent, sessions, assets, given)}. They look like percent; divide by 100."
        )
    far = np.vstack([np.zeros((1, life.shape[1]), bool), above])
    _refuse_prices(far, given, close, sessions, assets, share=0.0)
    below = given < -1
    if below.any():
        raise InputError(
            f"prices: {counted(int(below.sum()), 'total_return')} below -1 (a loss of more than 100 %): "
            f"{_cells(below, sessions, assets, given)}. Returns are decimals: -0.05 is a loss of 5 %."
        )


def _refuse_prices(
    suspect: np.ndarray,
    given: np.ndarray,
    close: np.ndarray,
    sessions: np.ndarray,
    assets: np.ndarray,
    *,
    share: float,
) -> None:
    """Refuse suspect returns of which more than a share are closes, or closes over the closes before, to a thousandth."""
    rows, columns = np.nonzero(suspect)
    for cause, values in {
        "prices; give returns": close[rows, columns],
        "growth factors; subtract 1": close[rows, columns] / close[rows - 1, columns],
    }.items():
        alike = np.isclose(given[rows, columns], values, rtol=1e-3, atol=0)
        if alike.sum() > share * len(alike):
            wrong = np.zeros_like(suspect)
            wrong[rows[alike], columns[alike]] = True
            raise InputError(
                f"prices: {counted(int(wrong.sum()), 'total_return')} equal to the close or to its growth: "
                f"{_cells(wrong, sessions, assets, given)}. They look like {cause}."
            )
    with np.errstate(invalid="ignore", divide="ignore"):
        own, move = (panel[rows, columns] / panel[rows - 1, columns] for panel in (given, close))
        levels = (np.abs(own - move) < SAME_MOVE) & (rows > 0)
    if levels.sum() > max(share, MOST_OF_LEVELS) * len(levels):
        wrong = np.zeros_like(suspect)
        wrong[rows[levels], columns[levels]] = True
        raise InputError(
            f"prices: {counted(int(wrong.sum()), 'total_return')} that grow as the close does: "
            f"{_cells(wrong, sessions, assets, given)}. They look like levels of a total-return index. Give returns, the "
            f"level over the level before, less 1; or say so in [tables.prices] of the book: columns = {{ "
            f'total_return_index = "total_return" }}, derived = {{ total_return = "total_return_index" }}.'
        )


def require_daily_rates(rates: pd.DataFrame, sessions: np.ndarray) -> None:
    """Refuse risk-free returns that cannot be those of the days since the session, or the rate, before: three on a Monday.

    Before the first of both lies a weekday.
    """
    days = rates["date"].to_numpy()
    known = np.unique(np.concatenate([days, sessions]).astype("datetime64[D]"))
    before = np.concatenate([np.busday_offset(known[:1], -1, roll="forward"), known[:-1]])
    apart = (known - before).astype(int)[np.searchsorted(known, days.astype("datetime64[D]"))]
    wrong = (rates["risk_free"].abs() > LARGEST_DAILY_RATE * apart).to_numpy()
    if wrong.any():
        raise InputError(
            f"rates: {counted(int(wrong.sum()), 'risk_free')} above {LARGEST_DAILY_RATE:.1%} a day: "
            f"{places(rates, wrong, ('date',))}. They look like yearly rates or percent; give the decimal return of the day."
        )


def require_sector_names(sectors: pd.Series) -> None:
    """Refuse sectors that cannot stand beside the other rows of a contribution table."""
    wrong = sectors[sectors.isin(RESERVED_NAMES)]
    if len(wrong):
        raise InputError(
            f"securities: {counted(len(wrong), 'sector')} with a reserved name: "
            f"{listed(f'{ticker} {sector!r}' for ticker, sector in wrong.items())}. "
            f"Rename it; reserved are {', '.join(sorted(RESERVED_NAMES))}."
        )


def require_tickers(assets: np.ndarray) -> None:
    """Refuse tickers that tables give to rows beside stocks: the two would be one row.

    Raises
    ------
    InputError
        Names them. A stock whose ticker is CASH is none: it is kept apart from cash.
    """
    wrong = [ticker for ticker in assets if ticker in NO_TICKERS or str(ticker).startswith("(benchmark ")]
    if wrong:
        raise InputError(
            f"prices: {counted(len(wrong), 'ticker')} that tables of contributions give to rows beside stocks: "
            f"{listed(map(repr, wrong))}. Rename it; reserved are {', '.join(sorted(NO_TICKERS))}."
        )


def require_weights(
    table: pd.DataFrame, name: str, owner: str, tolerance: float = 0.0, *, printed: bool = False
) -> pd.Series:
    """Weights of every (owner, date) sum to one, or to within a tolerance of it; told apart from percent.

    Parameters
    ----------
    tolerance
        What is stated to be rounding.
    printed
        Whether also what rounding of the decimals that a list's weights have explains is within it; see `of_rounding`.

    Returns
    -------
    Series
        The sums that are not one but within the tolerance, by (owner, date).
    """
    lists = table.groupby([owner, "date"], sort=True)["weight"]
    sums = lists.sum()
    off = (sums - 1).abs()
    allowed = pd.Series(max(WEIGHT_SUM_TOLERANCE, tolerance + 1e-9), sums.index)
    if printed:
        for key in sums.index[off > allowed]:
            allowed[key] = max(allowed[key], of_rounding(lists.get_group(key)) + 1e-9)
    wrong = sums[off > allowed]
    if wrong.empty:
        return sums[off > WEIGHT_SUM_TOLERANCE]
    percent = wrong[(wrong > 50) & (wrong < 150)]
    shown = percent if len(percent) else wrong
    lines = listed(f"'{label}' on {date:%Y-%m-%d} sum to {_unlike_one(total)}" for (label, date), total in shown.items())
    advice = (
        "They look like percent; divide by 100."
        if len(percent)
        else SUMS_OF_HOLDINGS
        if name == "holdings"
        else "Add the names that are missing, or take out those of another list. Scale to one what differs by rounding "
        "alone."
    )
    within = f" within weight_tolerance, {tolerance:g}" if tolerance else ""
    enough = next((each for each in ROUNDED if off[wrong.index].max() <= each), None)
    if name == "holdings" and enough is not None:
        advice += (
            f" If nothing is missing and they are rounded, say so in the book: weight_tolerance = {enough:g} in [book] "
            f"scales them to one."
        )
    raise InputError(f"{name}: weights of {lines}, not 1{within}. {advice}")


def of_rounding(weights: pd.Series) -> float:
    """How far from one the weights of a list may sum because each is rounded to the decimals that it has; at most 0.001.

    Half a unit of the last decimal for each name. More than a thousandth is never taken for rounding, as a name may be
    missing; weights of more decimals than `MOST_DECIMALS` are not rounded.

    Examples
    --------
    >>> round(of_rounding(pd.Series([0.33333, 0.33333, 0.33333])), 8), of_rounding(pd.Series([1 / 3, 1 / 3, 1 / 3]))
    (1.5e-05, 0.0)
    """
    given = weights.to_numpy(dtype=float)
    for decimals in range(MOST_DECIMALS + 1):
        if np.allclose(given, np.round(given, decimals), rtol=0, atol=1e-12):
            return min(0.5 * 10.0**-decimals * len(given), ROUNDED[0])
    return 0.0


def _unlike_one(total: float) -> str:
    """A sum with as many digits as show how far it is from one."""
    shown = (f"{total:.{digits}g}" for digits in range(6, 16))
    return next((text for text in shown if abs(float(text) - total) < 0.1 * abs(total - 1)), f"{total:.16g}")


def rescaled_weights(table: pd.DataFrame, owner: str, sums: pd.Series) -> pd.DataFrame:
    """The table with the weights of the lists of some sums, by (owner, date), divided by them."""
    if sums.empty:
        return table
    total = pd.MultiIndex.from_frame(table[[owner, "date"]]).map(sums).fillna(1.0)
    return table.assign(weight=table["weight"] / np.asarray(total, dtype=float))


def _cells(mask: np.ndarray, sessions: np.ndarray, assets: np.ndarray, values: np.ndarray | None = None) -> str:
    days, columns = np.nonzero(mask)
    dates = pd.DatetimeIndex(sessions[days[:5]]).strftime("%Y-%m-%d")
    shown = [f"{date} {assets[column]}" for date, column in zip(dates, columns[:5], strict=True)]
    if values is not None:
        shown = [f"{s} ({values[d, c]:g})" for s, d, c in zip(shown, days[:5], columns[:5], strict=True)]
    return ", ".join(shown) + (f" and {len(days) - 5:,} more" if len(days) > 5 else "")
