"""Small folders of exports with the habits of a terminal, a Japanese vendor, a bank, a French house and a warehouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

NAMES, DAYS = 12, 9
TICKERS = [f"A{letter}C{letter}" for letter in "BCDEFGHIJKLM"]
ISINS = [f"ZZ000{number:06d}" for number in range(11, 11 + NAMES)]
DATES = pd.bdate_range("2025-01-27", periods=DAYS)
GROUPS = ("Energy", "Health", "Banks")


def check_digit(body: str) -> str:
    digits = [int(digit) for letter in body for digit in str("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter))]
    doubled = sum(sum(divmod(digit * (2 - place % 2), 10)) for place, digit in enumerate(reversed(digits)))
    return f"{body}{-doubled % 10}"


ISINS = [check_digit(body) for body in ISINS]


def prices() -> pd.DataFrame:
    """date, ticker, close, total_return (decimals), volume."""
    rng = np.random.default_rng(1)
    change = rng.normal(0, 0.02, (DAYS, NAMES)).round(4)
    close = (np.arange(20, 20 + NAMES) * np.cumprod(1 + change, axis=0)).round(4)
    frame = (
        pd.DataFrame(close, DATES, TICKERS)
        .rename_axis("date")
        .melt(var_name="ticker", value_name="close", ignore_index=False)
    )
    frame = frame.reset_index()
    frame["total_return"] = frame.groupby("ticker")["close"].pct_change().round(6)
    return frame.assign(volume=rng.integers(10_000, 2_000_000, len(frame)).astype(float))


def lists() -> pd.DataFrame:
    """portfolio, date, ticker, weight: two portfolios, two days."""
    rows = [
        (portfolio, date, ticker, weight)
        for portfolio, first in (("major", 0), ("next_major", 5))
        for date in DATES[[0, 4]]
        for ticker, weight in zip([*TICKERS[first : first + 4], "CASH"], (0.3, 0.25, 0.25, 0.15, 0.05), strict=True)
    ]
    return pd.DataFrame(rows, columns=["portfolio", "date", "ticker", "weight"])


def terminal(folder: Path) -> None:
    """Fields as sheets under four lines, tickers with an exchange, nothing of units."""
    table = prices()
    with pd.ExcelWriter(folder / "history.xlsx", engine="openpyxl") as book:
        for sheet, column, scale in (
            ("PX_LAST", "close", 1),
            ("DAY_TO_DAY_TOT_RETURN_GROSS_DVDS"[:31], "total_return", 100),
        ):
            wide = table.pivot(index="date", columns="ticker", values=column) * scale
            wide.columns = [f"{ticker} US Equity" for ticker in wide.columns]
            wide.rename_axis("Dates").reset_index().to_excel(book, sheet_name=sheet, index=False, startrow=4)
            book.sheets[sheet]["A1"], book.sheets[sheet]["B1"] = "Field", sheet
    names = {"Ticker": [f"{ticker} US Equity" for ticker in TICKERS], "NAME": TICKERS, "GICS_SECTOR_NAME": GROUPS * 4}
    pd.DataFrame(names).to_csv(folder / "master.csv", index=False)
    held = lists()
    out = {"Portfolio": held["portfolio"], "Date": held["date"].dt.strftime("%m/%d/%Y")}
    out |= {
        "Ticker": held["ticker"].map(lambda name: name if name == "CASH" else f"{name} US Equity"),
        "% Wgt": held["weight"] * 100,
    }
    pd.DataFrame(out).to_csv(folder / "PORT.csv", index=False)


def japanese(folder: Path) -> None:
    """Monthly files in cp932, △ for minus, units in the headers, a list a file, a yearly rate."""
    table = prices()
    code = {ticker: str(1301 + place) for place, ticker in enumerate(TICKERS)}
    out = pd.DataFrame(
        {
            "日付": table["date"].dt.strftime("%Y/%m/%d"),
            "証券コード": table["ticker"].map(code),
            "終値（円）": table["close"].map("{:,.1f}".format),
            "配当込み騰落率（％）": (table["total_return"] * 100).map(
                lambda x: "－" if x != x else f"{x:.4f}".replace("-", "△")
            ),
            "出来高（千株）": table["volume"] / 1000,
        }
    )
    for month, rows in out.groupby(table["date"].dt.strftime("%Y%m")):
        rows.to_csv(folder / f"株価_{month}.csv", index=False, encoding="cp932")
    names = {"証券コード": list(code.values()), "銘柄名": ["架空"] * NAMES, "英文名": TICKERS, "業種名": GROUPS * 4}
    pd.DataFrame(names).to_csv(folder / "銘柄.csv", index=False, encoding="cp932")
    for (portfolio, date), rows in lists().groupby(["portfolio", "date"]):
        body = pd.DataFrame(
            {"証券コード": rows["ticker"].map(code).fillna("現金"), "数量（株）": 100, "評価額（円）": rows["weight"] * 1e6}
        )
        text = f"保有明細,,\n基準日,{date:%Y/%m/%d},\n{body.to_csv(index=False)}"
        (folder / f"保有明細_{portfolio}_{date:%Y%m%d}.csv").write_bytes(text.encode("cp932"))
    rates = {"日付": DATES.strftime("%Y/%m/%d"), "金利（年率％）": [0.25] * DAYS}
    pd.DataFrame(rates).to_csv(folder / "コール.csv", index=False, encoding="cp932")


def swiss(folder: Path) -> None:
    """Bars and apostrophes in latin-1, a bank's own numbers of stocks, the return without a unit."""
    table = prices()
    valor = {ticker: str(900_000 + 37 * place) for place, ticker in enumerate(TICKERS)}
    out = pd.DataFrame(
        {
            "Handelstag": table["date"].dt.strftime("%d.%m.%y"),
            "Valor": table["ticker"].map(valor),
            "Schlusskurs": table["close"],
            "Performance": (table["total_return"] * 100).round(4),
            "Volumen": table["volume"].map(lambda number: f"{number:,.0f}".replace(",", "'")),
        }
    )
    out.to_csv(folder / "Kurse.txt", sep="|", index=False, encoding="latin-1")
    names = {
        "Valor": list(valor.values()),
        "ISIN": ISINS,
        "Symbol": TICKERS,
        "Bezeichnung": TICKERS,
        "Sektor": GROUPS * 4,
        "Währung": "CHF",
    }
    pd.DataFrame(names).to_csv(folder / "Stämme.txt", sep="|", index=False, encoding="latin-1")


def french(folder: Path) -> None:
    """Semicolons, decimal commas and narrow blanks in cp1252; lists by ISIN with values and rounded weights."""
    table, isin = prices(), dict(zip(TICKERS, ISINS, strict=True))
    comma = str.maketrans(",.", "\u00a0,")
    out = pd.DataFrame(
        {
            "Date de cotation": table["date"].dt.strftime("%d/%m/%Y"),
            "Code ISIN": table["ticker"].map(isin),
            "Cours de clôture (€)": table["close"].map(lambda number: f"{number:,.4f}".translate(comma)),
            "Rendement total (%)": (table["total_return"] * 100).map(
                lambda x: "" if x != x else f"{x:.4f}".translate(comma)
            ),
            "Volume (titres)": table["volume"].map(lambda number: f"{number:,.0f}".translate(comma)),
        }
    )
    out.to_csv(folder / "cours.csv", sep=";", index=False, encoding="cp1252")
    names = {"Code ISIN": ISINS, "Mnémonique": TICKERS, "Libellé": TICKERS, "Secteur": GROUPS * 4}
    pd.DataFrame(names).to_csv(folder / "référentiel.csv", sep=";", index=False, encoding="cp1252")
    for (portfolio, date), rows in lists().groupby(["portfolio", "date"]):
        value = (rows["weight"] * 1e7 + 0.37).map(lambda number: f"{number:,.2f}".translate(comma))
        weight = (rows["weight"] * 100 + 0.01).map(lambda number: f"{number:.2f}".translate(comma))
        body = {"Code ISIN": rows["ticker"].map(isin).fillna("LIQUIDITES"), "Valorisation (€)": value, "Poids (%)": weight}
        name = f"inventaire_{portfolio}_{date:%Y%m%d}.csv"
        pd.DataFrame(body).to_csv(folder / name, sep=";", index=False, encoding="cp1252")


def warehouse(folder: Path) -> None:
    """Parquet with more than anybody asked for: two closes, trades, users, a monthly series; a list with months across."""
    table = prices()
    out = {"trade_date": table["date"], "symbol": table["ticker"], "close": table["close"] * 2, "adj_close": table["close"]}
    pd.DataFrame(out | {"volume": table["volume"], "ret": table["total_return"]}).to_parquet(folder / "eod.parquet")
    names = {"security_id": range(NAMES), "symbol": TICKERS, "security_name": TICKERS, "gics_sector": GROUPS * 4}
    pd.DataFrame(names).to_parquet(folder / "dim.parquet")
    (folder / "users.csv").write_text("user_id,name\n1,a\n2,b\n")
    (folder / "trades.csv").write_text("trade_date,account_id,symbol,side,qty,price\n2025-01-28,1,ABCB,BUY,10,9.5\n")
    (folder / "returns.csv").write_text("date,benchmark,return\n2025-01-31,X,0.01\n2025-02-28,X,0.02\n")
    (folder / "README.txt").write_text("Nightly dump.\nAsk the desk.\n")
    (folder / "logo.png").write_bytes(b"\x89PNG")
    held = lists()
    days = {pd.Timestamp("2025-01-27"): "02/03/2025", pd.Timestamp("2025-01-31"): "03/03/2025"}  # a month or a day first
    held.assign(date=held["date"].map(days)).to_csv(folder / "portfolios.csv", index=False)
    held[held["portfolio"] == "major"].pivot(index="ticker", columns="date", values="weight").to_csv(folder / "across.csv")


ODD: dict[str, Callable[[Path], None]] = {write.__name__: write for write in (terminal, japanese, swiss, french, warehouse)}
