"""A warehouse's files, whose days and stocks are keys of other tables: named by init, and joined as the docs show."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import InputError
from riskmodel.market.market import read_market
from tests.conftest import ROOT, SMALL
from tests.riskmodel.market.sources.test_recognised_houses import looked

PAGE = ROOT / "docs" / "reference" / "databases.md"


def joined() -> str:
    """The Python of the docs under the title on joining."""
    [block] = re.findall(r"### Tables that must be joined.*?```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return block


def warehouse(folder: Path, names: int | None = None, sessions: int = 0) -> Path:
    """Prices of fixtures/small by keys in two files, a calendar of every day, a master with an older version of a row."""
    prices = pd.read_parquet(SMALL / "prices.parquet").astype({"date": "datetime64[ns]"})
    master = pd.read_csv(SMALL / "securities.csv", dtype=str, keep_default_na=False)[["ticker", "name", "sector"]]
    master = master.iloc[:names]
    days = prices["date"].drop_duplicates().sort_values().iloc[-sessions:]
    prices = prices[prices["ticker"].isin(master["ticker"]) & prices["date"].isin(days)]
    days = pd.date_range(prices["date"].min() - pd.Timedelta(days=40), prices["date"].max() + pd.Timedelta(days=40))
    day_keys = pd.Series(range(9_000, 9_000 + len(days)), days)
    keys = {ticker: str(10_000 + 3 * place) for place, ticker in enumerate(master["ticker"])}
    pd.DataFrame({"date_sk": day_keys.to_numpy(), "cal_date": days}).to_csv(folder / "dim_calendar.csv", index=False)
    rows = master.assign(security_sk=master["ticker"].map(keys), is_current="Y", eff_from_dt="2015-01-01")
    old = rows.iloc[[2]].assign(is_current="N", sector=rows["sector"].iloc[0], eff_from_dt="2010-01-01")
    names = {"ticker": "tkr", "name": "security_name", "sector": "sector_nm"}
    pd.concat([rows, old]).rename(columns=names).to_csv(folder / "dim_security.csv", index=False)
    facts = pd.DataFrame(
        {
            "date_sk": prices["date"].map(day_keys), "security_sk": prices["ticker"].map(keys), "px_last": prices["close"],
            "ret_tot_bp": prices["total_return"] * 1e4, "vol_ths": prices["volume"] / 1e3,
        }
    )  # fmt: skip
    half = prices["date"] <= prices["date"].median()
    for rows_of, year in ((half, 2024), (~half, 2025)):
        facts[rows_of].to_csv(folder / f"fact_price_{year}.csv", index=False)
    return folder


def test_init_says_that_days_are_keys_and_of_which_file(tmp_path):
    found = [
        (each.file, fact)
        for each in looked(warehouse(tmp_path, 12, 70)).found
        for fact in each.why
        if fact.key == "days_by_key"
    ]
    assert [file for file, _ in found] == ["fact_price_2024.csv and 1 more"]
    assert dict(found[0][1].values) == {
        "label": "date_sk", "code": "date_sk", "day": "cal_date", "place": "dim_calendar.csv",
    }  # fmt: skip


def test_a_small_number_beside_days_of_its_own_is_no_key_of_a_calendar(tmp_path):
    path = warehouse(tmp_path, 12, 70) / "fact_price_2024.csv"
    rows = pd.read_csv(path, dtype={"security_sk": str})
    days = pd.read_csv(tmp_path / "dim_calendar.csv").set_index("date_sk")["cal_date"]
    rows.assign(trade_dt=rows["date_sk"].map(days)).to_csv(path, index=False)
    (tmp_path / "fact_price_2025.csv").unlink()
    assert not [fact for each in looked(tmp_path).found for fact in each.why if fact.key == "days_by_key"]


def test_the_docs_join_them_to_the_tables_that_they_came_from(tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    warehouse(tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(joined(), {})
    add_shares(tmp_path)
    ours, plain = read_market(tmp_path / "market.duckdb"), read_market(SMALL)
    pd.testing.assert_series_equal(ours.sector.to_series(), plain.sector.to_series(), check_names=False)
    for name in ("close", "volume"):
        pd.testing.assert_frame_equal(ours[name].to_pandas(), plain[name].to_pandas(), rtol=1e-7)  # written as float32


def add_shares(folder: Path) -> None:
    import duckdb

    with duckdb.connect(str(folder / "market.duckdb")) as market:
        market.execute(f"create table shares as from read_csv('{SMALL}/shares.csv', types = {{'ticker': 'varchar'}})")


def test_a_key_that_the_calendar_lacks_is_refused_and_not_left_out(tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    warehouse(tmp_path)
    calendar = pd.read_csv(tmp_path / "dim_calendar.csv")
    gone = pd.read_csv(tmp_path / "fact_price_2025.csv")["date_sk"].iloc[0]
    calendar[calendar["date_sk"] != gone].to_csv(tmp_path / "dim_calendar.csv", index=False)
    monkeypatch.chdir(tmp_path)
    exec(joined(), {})
    add_shares(tmp_path)
    with pytest.raises(InputError, match=r"prices: .*'date'"):
        read_market(tmp_path / "market.duckdb")
