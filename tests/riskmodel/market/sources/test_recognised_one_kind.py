"""What one kind of evidence alone speaks for, under headers of a language that no word is known of: asked, never taken."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.lists import lists_in
from attribution.portfolio.drafting.text import drafted_text
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import names_of_levels
from tests.riskmodel.market.sources.odd_folders import ISINS, TICKERS
from tests.riskmodel.market.sources.test_recognised_houses import IDS, draft, looked, master
from tests.riskmodel.market.sources.test_recognised_takes import market

MONTHS = pd.DatetimeIndex(["2024-01-31", "2024-02-29", "2024-03-29", "2024-04-30"])
FUNDS = ("BAP", "BDY", "BMS")


def base(folder: Path) -> pd.Series:
    """Securities and prices; a level of their mean."""
    master(folder)
    frame, level = market()
    frame.to_csv(folder / "prices.csv", index=False)
    return level


def weights(day: int, shift: float = 0.0) -> np.ndarray:
    """Of a dozen names on a day, a whole."""
    raw = 1 + np.arange(len(TICKERS)) + np.sin(np.arange(len(TICKERS)) * (day + 1)) + shift * (np.arange(len(TICKERS)) % 3)
    return raw / raw.sum()


def rows(shift: float = 0.0) -> pd.DataFrame:
    """Two weights of each name on each of four days: the second is the first but in the last two."""
    parts = [
        pd.DataFrame(
            {"When": day, "ISIN": ISINS, "one": weights(place) * 100, "two": weights(place, shift * (place > 1)) * 100}
        )
        for place, day in enumerate(MONTHS)
    ]
    return pd.concat(parts, ignore_index=True)


def reports(**per_share: float) -> pd.DataFrame:
    """Three yearly reports of each company, with figures of a share that grow by one a year."""
    assets = np.geomspace(2000, 90000, len(TICKERS)).round(1)
    parts = [
        pd.DataFrame(
            {
                **{"ISIN": ISINS, "Period end": f"{year}-12-31", "Announced": f"{year + 1}-02-20", "Revenue": assets * 0.4},
                **{"Net income": assets * 0.03, "Total assets": assets * (1 + place / 9), "Equity": assets * 0.5},
                **{label: first + place for label, first in per_share.items()},
            }
        )
        for place, year in enumerate((2021, 2022, 2023))
    ]
    return pd.concat(parts)


PAIRS = [("CLS_WGT", "OPN_WGT"), ("Capped Weight", "Uncapped Weight"), ("Weight", "Elo"), ("Ela", "Elo")]


@pytest.mark.parametrize("labels", PAIRS)
def test_of_two_columns_that_sum_to_a_whole_it_is_asked_which_is_in_force(labels, tmp_path):
    base(tmp_path)
    members = rows(0.4).rename(columns={"When": "Date", "one": labels[0], "two": labels[1]}).assign(Index="LRG")
    members.to_csv(tmp_path / "members.csv", index=False)
    found = draft(tmp_path, "constituents")
    assert found.stated["columns"]["weight"] == OPEN
    assert {*labels} <= {*found.why["columns", "weight"][0].values["labels"]}
    assert found.stated["units"]["weight"] == "percent"  # whichever it is


def test_of_a_share_of_net_and_of_all_assets_it_is_asked_which_and_not_of_two_roundings(tmp_path):
    base(tmp_path)
    held = rows().rename(columns={"When": "Date", "one": "Weight"}).assign(Portfolio="major")
    held.assign(two=held["two"] * 0.996).to_csv(tmp_path / "holdings.csv", index=False)
    assert draft(tmp_path, "holdings").why["columns", "weight"][0].values["labels"] == ("Weight", "two")
    held.assign(two=held["two"].round(3)).drop(columns="Weight").assign(Weight=held["Weight"]).to_csv(
        tmp_path / "holdings.csv", index=False
    )
    found = draft(tmp_path, "holdings")  # both are wholes: either may be it, and is asked
    assert found.stated["columns"]["weight"] == OPEN


@pytest.mark.parametrize("header", ["Sektor GPW", "Sector", "Grupa"])
def test_of_two_schemes_that_nest_the_coarser_may_be_the_sector_whatever_headers_say(header, tmp_path):
    base(tmp_path)
    frame = pd.read_csv(tmp_path / "master.csv").drop(columns="Sector")
    fine = [f"g{place // 2}" for place in range(len(TICKERS))]
    frame[header], frame["Makro"] = fine, [f"m{place // 4}" for place in range(len(TICKERS))]
    frame.to_csv(tmp_path / "master.csv", index=False)
    found = draft(tmp_path, "securities")
    for ours in ("sector", "industry"):
        assert found.stated["columns"][ours] == OPEN
        assert {header, "Makro"} <= {label for fact in found.why["columns", ours] for label in fact.values.get("labels", ())}


def by_fund(level: pd.Series, names=FUNDS) -> pd.DataFrame:
    """Unit values of funds that go with the stocks."""
    parts = [
        pd.DataFrame({"Kiedy": level.index, "Kod": name, "Ile": (level.to_numpy() * (1 + 0.1 * place) / 10).round(4)})
        for place, name in enumerate(names)
    ]
    return pd.concat(parts, ignore_index=True)


def lists_of_funds(cash: bool = True) -> pd.DataFrame:
    """Lists of three funds, with a row without a code where they have cash."""
    parts = []
    for fund in FUNDS:
        one = rows().drop(columns="two").rename(columns={"When": "Kiedy", "one": "Udzial (%)"}).assign(Kod=fund)
        if cash:
            one["Udzial (%)"] *= 0.97
            empty = pd.DataFrame({"Kiedy": MONTHS, "ISIN": None, "Udzial (%)": 3.0, "Kod": fund})
            one = pd.concat([one, empty], ignore_index=True)
        parts.append(one)
    return pd.concat(parts, ignore_index=True)


def test_values_by_the_names_that_lists_with_cash_have_are_of_funds(tmp_path):
    level = base(tmp_path)
    by_fund(level).to_csv(tmp_path / "wanju.csv", index=False)
    lists_of_funds().to_csv(tmp_path / "lokaty.csv", index=False)
    found = looked(tmp_path)
    assert found.draft("indices") is None and found.draft("constituents") is None
    assert "levels_of_funds" in {fact.key for each in found.found if each.file == "wanju.csv" for fact in each.why}


def test_values_and_lists_that_name_each_other_prove_nothing_of_each_other(tmp_path):
    """Without cash and without a word they may be funds or indices: both are asked, and no benchmark is made of them."""
    level = base(tmp_path)
    by_fund(level).to_csv(tmp_path / "wanju.csv", index=False)
    lists_of_funds(cash=False).to_csv(tmp_path / "lokaty.csv", index=False)
    found = looked(tmp_path)
    for table in ("indices", "constituents"):
        made = found.draft(table)
        assert made is None or made.stated["file"] == OPEN
    text = drafted_text(found, tmp_path, tmp_path / "book")
    assert not lists_in(found).lists and "[benchmarks.BAP]" not in text
    assert 'inception = "?"' in text or found.draft("holdings") is None


def test_what_was_traded_is_no_list_of_members_though_it_names_what_has_levels(tmp_path):
    level = base(tmp_path)
    by_fund(level).to_csv(tmp_path / "wanju.csv", index=False)
    random = np.random.default_rng(7)
    trades = [
        (fund, day, day + pd.Timedelta(days=2), side, ISINS[place], random.integers(100, 9000), 20.0 + place)
        for fund in FUNDS
        for day in MONTHS
        for place in random.choice(len(ISINS), 9, replace=False)
        for side in [("Kupno", "Zbycie")[place % 2]]
    ]
    columns = ["Kod", "Kiedy", "Rozliczenie", "Typ", "ISIN", "Sztuki", "Kurs"]
    pd.DataFrame(trades, columns=columns).to_csv(tmp_path / "transakcje.csv", index=False)
    found = looked(tmp_path)
    members = found.draft("constituents")
    assert members is None or members.stated["file"] == OPEN
    assert not lists_in(found).lists


def test_lists_that_no_word_and_no_cash_calls_a_portfolio_s_are_asked_and_so_is_the_first_day(tmp_path):
    base(tmp_path)
    rows().drop(columns="two").rename(columns={"When": "Date", "one": "Weight"}).to_csv(tmp_path / "lista.csv", index=False)
    found = looked(tmp_path)
    held = found.draft("holdings")
    assert held is not None and held.stated["file"] == OPEN
    assert lists_in(found).inception is None


def test_a_rate_beside_returns_of_factors_is_asked_with_all_files_that_have_rates(tmp_path):
    level = base(tmp_path)
    random = np.random.default_rng(3)
    factors = pd.DataFrame(random.normal(0, 0.8, (len(level) - 20, 3)).round(2), level.index[:-20], ["Mkt-RF", "SMB", "HML"])
    factors.assign(RF=0.02).rename_axis("date").to_csv(tmp_path / "factors.csv")
    found = draft(tmp_path, "rates")
    assert (found.stated["file"], found.why["file",][0].key) == (OPEN, "one_kind")
    curve = 5.3 + np.cumsum(random.normal(0, 0.01, (len(level), 5)), axis=0)
    series = pd.DataFrame(curve.round(2), level.index, ["EFFR", "TB4WK", "TB4WK_D", "TB3M", "DGS10"]).rename_axis("DATE")
    (tmp_path / "rates").mkdir()
    series = series.astype(str)
    series.iloc[7] = "ND"  # a holiday
    lines = ["Series,Federal funds,4-week bill,4-week discount,3-month bill,10-year", "Unit:" + ",Percent per year" * 5]
    (tmp_path / "rates" / "H15.csv").write_text("\n".join([*lines, series.to_csv()]), encoding="utf-8")
    found = draft(tmp_path, "rates")
    assert found.stated["file"] == OPEN
    assert {*found.why["file",][0].values["places"]} == {"rates/H15.csv", "factors.csv"}
    assert (found.stated["skip"], found.stated["missing"]) == (2, ["ND"])


def test_files_of_an_index_each_are_one_table_of_levels(tmp_path):
    level = base(tmp_path)
    (tmp_path / "indeksy").mkdir()
    for place, name in enumerate(("BAL", "BALTR", "MBAL")):
        values = level.to_numpy() * (1 + place) * np.exp(0.0004 * place * np.arange(len(level)))
        frame = pd.DataFrame({"Kiedy": level.index, "Nazwa": name, "Ile": values.round(3)})
        frame.to_csv(tmp_path / "indeksy" / f"{name}.csv", index=False)
    found = draft(tmp_path, "indices")
    assert (found.stated["file"], found.labels["index"]) == (OPEN, "Nazwa")  # no word says that they are indices
    assert found.group is not None and len(found.group.files) == 3
    (tmp_path / "indeksy").rename(tmp_path / "index levels")
    assert draft(tmp_path, "indices").stated["file"] == "index levels/*.csv"
    (tmp_path / "index levels" / "notes.csv").write_text("who,what\nA,B\nC,D\n", encoding="utf-8")
    found = looked(tmp_path).draft("indices")  # a pattern would read the notes too
    assert found is None or found.stated.get("file") != "index levels/*.csv"


@pytest.mark.parametrize(("name", "file"), [("vols.csv", OPEN), ("fx close.csv", "fx close.csv")])
def test_numbers_under_pairs_of_currencies_are_rates_of_exchange_where_a_word_says_so(name, file, tmp_path):
    level = base(tmp_path)
    frame = pd.DataFrame({pair: level / 1000 + place for place, pair in enumerate(("EURUSD", "USDJPY", "GBPUSD"))})
    frame.rename_axis("date").to_csv(tmp_path / name)
    assert draft(tmp_path, "fx").stated["fields"]["rate"]["file"] == file


@pytest.mark.parametrize("stocks", [5, len(TICKERS)])
def test_counts_of_few_stocks_are_asked_though_a_header_says_shares(stocks, tmp_path):
    base(tmp_path)
    days = [f"{day:%Y-%m-%d}" for day in MONTHS]
    rows = [(name, day, 1000 * 3**place) for place, name in enumerate(TICKERS[:stocks]) for day in days]
    pd.DataFrame(rows, columns=["Symbol", "Effective Date", "Shares Outstanding"]).to_csv(tmp_path / "s.csv", index=False)
    assert draft(tmp_path, "shares").stated["file"] == ("s.csv" if stocks > 5 else OPEN)


@pytest.mark.parametrize("same", [True, False])
def test_of_two_files_of_securities_whose_sectors_differ_it_is_asked_which(same, tmp_path):
    base(tmp_path)
    frame = pd.read_csv(tmp_path / "master.csv")[["Symbol", "Sector"]]
    frame["Sector"] = frame["Sector"] if same else frame["Sector"].iloc[::-1].to_numpy()
    frame.assign(Score=range(len(frame))).to_csv(tmp_path / "screen.csv", index=False)
    found = draft(tmp_path, "securities")
    assert found.stated["file"] == ("master.csv" if same else OPEN)
    assert same or found.why["file",][0].values["places"] == ("master.csv", "screen.csv")


def test_lists_with_market_caps_and_a_weight_that_no_word_says_are_members_of_an_index(tmp_path):
    base(tmp_path)
    members = rows(0.4).rename(columns={"When": "Date", "one": "Wt at close %", "two": "Wt next open %"})
    caps = members["Wt at close %"].map(lambda weight: round(weight * 973.1))
    members.assign(Index="L12", **{"Full mkt cap (£m)": caps}).to_csv(tmp_path / "L12_weights.csv", index=False)
    found = draft(tmp_path, "constituents")
    assert (found.stated["columns"]["ticker"], found.stated["columns"]["index"]) == ("ISIN", "Index")
    assert found.stated["columns"]["weight"] == OPEN and found.stated["units"]["weight"] == "percent"


def test_nearest_to_share_counts_is_the_file_with_words_of_what_they_are_worked_out_from(tmp_path):
    base(tmp_path)
    targets = pd.DataFrame({"ISIN": ISINS, "As of": "2024-04-30", "Target price": 10 + np.arange(len(TICKERS))})
    targets.to_csv(tmp_path / "a_consensus.csv", index=False)
    caps = {"Full mkt cap": 973, "Free mkt cap": 900}
    members = rows(0.4).rename(columns={"When": "Date", "one": "Wt close %", "two": "Wt open %"}).assign(**caps)
    for month, part in members.groupby(members["Date"].dt.strftime("%Y%m")):
        part.to_csv(tmp_path / f"weights_{month}.csv", index=False)
    members.tail(len(ISINS)).to_csv(tmp_path / "weights_202404_PRELIM.csv", index=False)  # which no pattern takes
    near = looked(tmp_path).nearest["shares"]
    assert (near[0].file, near[0].may_be["market_cap"]) == ("weights_??????.csv", ("Full mkt cap", "Free mkt cap"))
    text = drafted_text(looked(tmp_path), tmp_path, tmp_path / "book")
    assert '# market_cap = "?"  # "Full mkt cap" or "Free mkt cap"\n# [tables.shares.derived]\n' in text
    assert '# shares_out = "?"  # "market_cap / close"' in text


def test_a_file_whose_only_number_is_asked_for_is_asked_for_too(tmp_path):
    base(tmp_path)
    days = pd.bdate_range(MONTHS[0], MONTHS[-1])
    slow = 4 + np.sin(np.arange(len(days)) / 30).round(3)
    pd.DataFrame({"DATE": days, "R1": slow, "R2": slow + 0.25}).to_csv(tmp_path / "series.csv", index=False)
    found = draft(tmp_path, "rates")
    assert found.stated["columns"]["risk_free"] == OPEN and found.stated["file"] == OPEN
    assert "series.csv" in found.why["file",][0].values["places"]


@pytest.mark.parametrize(
    ("file", "reason", "day", "value"),
    [
        ("delistings.csv", "Plan of arrangement", "Effective date", "Consideration per share"),
        ("basic/下市櫃.csv", "合併", "確定日", "每股所得(元)"),
        ("ends.csv", "Cash merger", "Day", "Amount"),
    ],
)
def test_shares_whose_life_ends_are_named_and_never_taken(file, reason, day, value, tmp_path):
    base(tmp_path)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    last = {"Last close": [26.7, 0.3], "Reason": reason, "Last day": ["2024-03-05", "2024-03-20"]}
    known = {day: ["2024-03-06", "2024-03-22"], value: [27.0, 0.0]}
    pd.DataFrame({"ISIN": ISINS[:2], **last, **known}).to_csv(tmp_path / file, index=False)
    found = looked(tmp_path)
    assert found.draft("finals") is None
    near = found.nearest["finals"][0]
    assert near.file == file and {near.may_be["date"][0], near.may_be["value"][0]} <= {day, value, "Last day", "Last close"}
    assert file == "ends.csv" or (near.may_be["date"][0], near.may_be["value"][0]) == (day, value)
    assert any(each.file == file and fact.key == "may_be_finals" for each in found.found for fact in each.why)


def test_the_nearest_file_stands_as_a_mapping_writes_it(tmp_path):
    """Once the marks of comments are taken away it is TOML, and says how the file is written."""
    base(tmp_path)
    rows_of = [
        f"{isin};fusión;{day};{paid}"
        for isin, day, paid in zip(ISINS, ("06.03.2024", "22.03.2024"), ("27,5", "0,25"), strict=False)
    ]
    text = "\n".join(["Amortización", "", "ISIN;Motivo delisting;Effective date;Consideration per share", *rows_of])
    (tmp_path / "delistings.csv").write_text(text, encoding="cp1252")
    drafted = drafted_text(looked(tmp_path), tmp_path, tmp_path / "book").split("\n")
    begin = drafted.index("# [tables.finals]")
    stub = [line.removeprefix("# ") for line in drafted[begin : drafted.index("", begin)] if not line.startswith("# or ")]
    mapping = tomllib.loads("\n".join(stub))["tables"]["finals"]
    assert mapping["file"] == "delistings.csv" and mapping["columns"]["value"] == "Consideration per share"
    assert (mapping["delimiter"], mapping["skip"], mapping["dates"], mapping["decimal"]) == (";", 2, "DD.MM.YYYY", ",")


def test_a_table_of_all_stocks_with_a_word_in_a_header_is_of_no_ends(tmp_path):
    base(tmp_path)
    frame = pd.DataFrame({"ISIN": ISINS, "Delisted": "2024-03-29", "Rating": np.arange(len(ISINS)) % 5})
    frame.to_csv(tmp_path / "screen.csv", index=False)
    assert "finals" not in looked(tmp_path).nearest


def test_lists_of_an_index_a_folder_are_one_table(tmp_path):
    base(tmp_path)
    for index, shift in (("LRG", 0.0), ("SML", 0.3)):
        for month, part in rows(shift).groupby("When"):
            folder = tmp_path / "members" / index
            folder.mkdir(parents=True, exist_ok=True)
            frame = part[["When", "ISIN", "two"]].rename(columns={"When": "Date", "two": "Weight"}).assign(Index=index)
            frame.to_csv(folder / f"{month:%Y%m%d}_{index}_CLS.csv", index=False)
    found = draft(tmp_path, "constituents")
    assert (found.stated["file"], found.stated["columns"]["index"]) == ("members/*/*_*_CLS.csv", "Index")


def test_a_line_that_says_two_units_makes_a_question_of_amounts(tmp_path):
    base(tmp_path)
    text = reports(**{"DPS (cps)": 12.5}).to_csv(index=False)
    above = "Currency: AUD   Scale: millions unless stated   Per share: cents\n"
    (tmp_path / "annual.csv").write_text(above + text)
    found = draft(tmp_path, "fundamentals")
    assert found.stated["unit"] == OPEN and found.stated["units"]["dividends_per_share"] == "cents"
    (several,) = (fact for fact in found.why["unit",] if fact.key == "several_units")
    assert several.values["place"] == " ".join(above.split())


@pytest.mark.parametrize(
    ("file", "day", "old", "new"),
    [("FL_SPLITS.csv", "d", "a", "p_split_factor"), ("株式分割一覧.csv", "日", "旧", "新")],
)
def test_few_rows_that_a_name_calls_splits_are_named_and_never_taken(file, day, old, new, tmp_path):
    base(tmp_path)
    frame = pd.DataFrame({"ISIN": ISINS[:3], day: ["2024-02-05", "2024-02-20", "2024-03-11"], old: 1, new: [2, 3, 5]})
    frame.to_csv(tmp_path / file, index=False)
    found = looked(tmp_path)
    assert found.draft("splits") is None and found.nearest["splits"][0].file == file
    assert any(each.file == file and fact.key == "may_be_splits" for each in found.found for fact in each.why)


def test_a_dividend_a_share_beside_an_adjusted_one_is_asked(tmp_path):
    base(tmp_path)
    reports(**{"DPS": 12.5, "Adjusted DPS": 6.25}).to_csv(tmp_path / "annual.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert found.stated["columns"]["dividends_per_share"] == OPEN
    assert {*found.why["columns", "dividends_per_share"][0].values["labels"]} == {"DPS", "Adjusted DPS"}


def test_pairs_of_currencies_are_no_rates_of_cash(tmp_path):
    base(tmp_path)
    days = pd.bdate_range(MONTHS[0], MONTHS[-1])
    slow = 1 + np.sin(np.arange(len(days)) / 30).round(3) / 100
    pd.DataFrame({"Datum": days, "EURUSD 3M": slow, "EURGBP 3M": slow - 0.25}).to_csv(tmp_path / "3M.csv", index=False)
    assert looked(tmp_path).draft("rates") is None


def test_levels_that_others_gain_on_are_asked_beside_those_that_go_with_no_stock(tmp_path):
    level = base(tmp_path)
    paid = 1 + 0.0008 * (np.arange(len(level)) % 9 == 4)
    with_dividends = level * np.cumprod(paid)
    other = pd.Series(100 * np.exp(np.random.default_rng(5).normal(0, 0.02, len(level)).cumsum()), level.index)
    levels = pd.DataFrame({"PNX Index": level, "PNXR Index": with_dividends, "RHX Index": other}).rename_axis("Datum")
    levels.to_csv(tmp_path / "Index levels.csv")
    found = draft(tmp_path, "indices")
    questions = {fact.key: fact.values["labels"] for fact in found.why["fields", "level", "beside"]}
    assert questions == {"levels_mixed": ("RHX Index",), "total_beside": ("PNX Index",)}


def test_words_for_sessions_are_stated_and_a_column_with_some_of_them_is_before_times_of_day(tmp_path):
    base(tmp_path)
    days = pd.to_datetime(["2024-02-06", "2024-02-08", "2024-02-14"])
    told = pd.DataFrame({"ISIN": ISINS[:3], "EPS estimate": [0.11, 0.5, 0.2], "EPS actual": [0.12, 0.4, 0.3]})
    told = pd.concat([told.assign(Announced=days + pd.Timedelta(days=91 * place)) for place in range(3)])
    times = ["16:05", "07:30", "11:00"] * 3
    told.assign(Time=times, Slot=["引け後", "寄付前", "場中"] * 3).to_csv(tmp_path / "eps.csv", index=False)
    found = draft(tmp_path, "earnings")
    assert found.stated["columns"]["session"] == "Slot"
    assert found.stated["values"]["session"] == {"引け後": "post", "寄付前": "pre", "場中": OPEN}


def test_levels_of_an_index_a_sheet_are_one_table_and_a_return_is_none_of_its_levels(tmp_path):
    level = base(tmp_path)
    with pd.ExcelWriter(tmp_path / "Index values.xlsx") as book:
        for index, times in (("USLC", 1.0), ("USLCV", 3.0)):
            frame = pd.DataFrame({"Price Index": level * times, "Total Return Index": level * times * 2}).rename_axis("Date")
            frame["Net Total Return Index"] = frame["Total Return Index"] * np.linspace(1, 0.99, len(level))
            frame.assign(**{"Daily TR %": frame["Total Return Index"].pct_change() * 100}).to_excel(book, sheet_name=index)
    found = draft(tmp_path, "indices")
    assert found.stated["sheet"] == ["USLC", "USLCV"] and found.stated["constant"] == {"index": "{sheet}"}
    assert found.why["columns", "level"][0].values["labels"] == ("Total Return Index", "Net Total Return Index")
    assert names_of_levels(found) == ("USLC", "USLCV")


def test_titles_of_blocks_and_lines_below_a_table_are_no_sleeves(tmp_path):
    base(tmp_path)
    held = rows(0.4).rename(columns={"When": "Date", "one": "Weight %"}).drop(columns="two").assign(Fund="0071")
    title = pd.DataFrame({"Fund": ["Fund 0071 Smith"], "Date": MONTHS[:1], "Weight %": [50.0]})
    pd.concat([title, held])[["Fund", "Date", "ISIN", "Weight %"]].to_csv(tmp_path / "holdings.csv", index=False)
    assert list(lists_in(looked(tmp_path)).portfolios) == ["0071"]


def test_a_fund_of_bonds_alone_is_no_sleeve_where_codes_have_an_ending_of_their_own(tmp_path):
    base(tmp_path)
    held = rows(0.4).rename(columns={"When": "Date", "one": "Weight %"}).drop(columns="two").assign(Fund="0071")
    held["ISIN"] += ".ZZ"
    bonds = held.assign(Fund="0080", ISIN="")
    pd.concat([held, bonds])[["Fund", "Date", "ISIN", "Weight %"]].to_csv(tmp_path / "holdings.csv", index=False)
    found = looked(tmp_path)
    assert found.draft("holdings").stated["endings"] == {".ZZ": ""}
    assert list(lists_in(found).portfolios) == ["0071"]


def test_no_benchmark_is_drafted_out_of_levels_that_are_asked_for(tmp_path):
    master(tmp_path)
    _, level = market()
    frame = pd.DataFrame({"Date": level.index, "bond_10y_tr": 100 * (1 + np.arange(len(level)) / 9000)})
    frame.assign(bond_5y_tr=frame["bond_10y_tr"] ** 1.1).to_csv(tmp_path / "series.csv", index=False)
    found = looked(tmp_path)
    assert draft(tmp_path, "indices").stated["fields"]["level"]["file"] == OPEN
    assert lists_in(found).indices == ()


def test_numbers_of_rows_are_no_codes_of_securities(tmp_path):
    """A log has a text that rows share, and small numbers that columns of other files have too."""
    base(tmp_path)
    jobs = [(number, ("load", "export", "check")[number % 3], f"job {number}") for number in range(60)]
    pd.DataFrame(jobs, columns=["job_id", "kind", "job_nm"]).to_csv(tmp_path / "a_log.csv", index=False)
    for name in ("counts", "ranks", "scores"):
        rows_of = [
            (place % 50, f"{day:%Y-%m-%d}", place) for place, day in enumerate(pd.bdate_range("2024-01-01", periods=50))
        ]
        pd.DataFrame(rows_of, columns=["n", "day", "value"]).to_csv(tmp_path / f"{name}.csv", index=False)
    found = draft(tmp_path, "securities")
    assert found.stated["file"] == "master.csv"


def test_securities_that_one_file_alone_uses_and_no_sector_says_are_asked(tmp_path):
    """Factors and their returns prove each other."""
    names = ["MKT", *(f"IND_{letter}" for letter in "ABCDEFG")]
    pd.DataFrame({"fac_cd": names, "fac_nm": [f"{name} factor" for name in names], "kind": ["m", *"iiiiiii"]}).to_csv(
        tmp_path / "factor.csv", index=False
    )
    draws = np.random.default_rng(3).normal(0, 0.01, (90, len(names))).round(6)
    frame = pd.DataFrame(draws, pd.bdate_range("2024-01-01", periods=90), names)
    frame.rename_axis("date").to_csv(tmp_path / "factor_ret.csv")
    found = looked(tmp_path).draft("securities")
    assert found is None or found.stated["file"] == OPEN


@pytest.mark.parametrize(("title", "taken"), [("Sector indices (ohne Dividenden)", False), ("Sector indices", True)])
def test_levels_under_a_title_that_says_without_dividends_are_asked(title, taken, tmp_path):
    level = base(tmp_path)
    names = [f"{sector} Index" for sector in ("Food", "Energy", "Banks", "Autos", "Media", "Steel")]
    rng = np.random.default_rng(5)
    moves = level.pct_change().fillna(0.0).to_numpy()[:, None] + rng.normal(0, 0.002, (len(level), len(names)))
    frame = pd.DataFrame((100 * np.cumprod(1 + moves, axis=0)).round(4), level.index, names).rename_axis("Date")
    text = f"{title}\n" + frame.to_csv()
    (tmp_path / "levels.csv").write_text(text, encoding="utf-8")
    found = looked(tmp_path).draft("indices")
    stated = found is not None and found.stated["fields"]["level"]["file"] == "levels.csv"
    assert stated == taken


def test_reports_with_the_code_of_a_company_and_of_a_security_are_named_by_the_security(tmp_path):
    base(tmp_path)
    frame = pd.read_csv(tmp_path / "master.csv")
    companies = {isin: f"E{10 + max(place, 1)}" for place, isin in enumerate(ISINS)}  # the first two are one company's
    frame.assign(**{"Issuer no": frame["ISIN"].map(companies)}).to_csv(tmp_path / "master.csv", index=False)
    filed = reports(**{"Dividend adj": 1.0})
    keys = dict(zip(ISINS, IDS, strict=True))
    filed = filed.assign(**{"Issuer no": filed["ISIN"].map(companies), "Valor": filed["ISIN"].map(keys)}).drop(
        columns="ISIN"
    )
    filed.to_csv(tmp_path / "reports.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert (found.stated["columns"]["ticker"], found.stated["identifiers"]) == ("Valor", "house_key")


def test_a_table_of_days_is_none_of_securities_though_others_use_its_keys(tmp_path):
    days = pd.bdate_range("2024-01-01", periods=160)
    keys = range(20001, 20001 + len(days))
    calendar = pd.DataFrame(
        {"date_sk": keys, "cal_dt": days, "name": days.strftime("%A"), "qtr": [f"Q{day.quarter}" for day in days]}
    )
    calendar.to_csv(tmp_path / "dim_calendar.csv", index=False)
    for name in ("a", "b", "c"):
        pd.DataFrame({"date_sk": keys, "amount": np.arange(len(days)) * 1.5}).to_csv(
            tmp_path / f"fact_{name}.csv", index=False
        )
    found = looked(tmp_path).draft("securities")
    assert found is None


def test_a_column_of_years_is_no_amount_of_a_company(tmp_path):
    base(tmp_path)
    filed = reports(**{"Dividend adj": 1.0})
    small = {label: filed[label] / 1e5 for label in ("Revenue", "Net income", "Total assets", "Equity")}
    filed.assign(FY=filed["Period end"].str[:4], **small).to_csv(tmp_path / "reports.csv", index=False)
    stated = draft(tmp_path, "fundamentals")
    offered = [label for facts in stated.why.values() for fact in facts for label in fact.values.get("labels", ())]
    assert "FY" not in offered and stated.labels["total_assets"] == "Total assets"


@pytest.mark.parametrize("cash", [True, False])
def test_weights_that_sum_to_a_whole_without_cash_are_asked_where_cash_stands_on_another_sheet(cash, tmp_path):
    base(tmp_path)
    held = rows(0.4).rename(columns={"When": "Data", "one": "Peso %"}).drop(columns="two").assign(Rapporto="GPM-101")
    if cash:
        more = pd.DataFrame({"Data": MONTHS, "ISIN": "CASH", "Peso %": 0.0, "Rapporto": "GPM-101"})
        held = pd.concat([held, more])
    balances = pd.DataFrame(
        {"Rapporto": "GPM-101", "Data": MONTHS, "Tipo conto": "ordinario", "Saldo contabile": [9.5, 8.5, 7.5, 6.5]}
    )
    with pd.ExcelWriter(tmp_path / "Posizioni.xlsx") as book:
        held.to_excel(book, sheet_name="Titoli", index=False)
        balances.to_excel(book, sheet_name="Liquidità", index=False)
    found = draft(tmp_path, "holdings")
    assert (found.stated["columns"]["weight"] == OPEN) != cash


def test_the_issuer_is_the_name_of_no_security_where_another_text_is_its_own(tmp_path):
    base(tmp_path)
    frame = pd.read_csv(tmp_path / "master.csv")
    frame["Emittente"] = [f"Società {place // 2}" for place in range(len(frame))]
    frame["Emittente"] = frame["Emittente"].where(frame.index < 2, frame["Company"] + " SpA")  # two classes of one company
    frame = frame.assign(Descrizione=[f"{name} ord" for name in frame["Company"]]).drop(columns="Company")
    frame.to_csv(tmp_path / "master.csv", index=False)
    assert draft(tmp_path, "securities").stated["columns"]["name"] == OPEN


def test_levels_that_are_held_against_no_stock_are_asked(tmp_path):
    master(tmp_path)
    _, level = market()
    long = pd.DataFrame({"eff_dt": level.index, "index": "BOND TR", "lvl_tr": 100 * (1 + np.arange(len(level)) / 9000)})
    long.to_csv(tmp_path / "bond_index_level.csv", index=False)
    assert draft(tmp_path, "indices").stated["file"] == OPEN
    assert lists_in(looked(tmp_path)).indices == ()
