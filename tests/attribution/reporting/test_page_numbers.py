"""Every number on the pages is that of its table, rounded once, in the house style."""

import pandas as pd
import pytest

from attribution.house_style.words import LANGUAGES
from attribution.reporting.pages.limits import BOTH_WAYS
from attribution.reporting.pages.positions import composition_section, risk_section
from attribution.reporting.pages.words import page_words
from attribution.reporting.tables.frames import KEYS
from tests.attribution.reporting.page_reader import keys_of

PERCENT, NUMBER, EXPOSURE, SHARE = ("p", 2), ("n", 2), ("n", 3), ("p", 1)
SHOWN = {  # how the column of a table is written; the rest is percent with two decimals
    ("trailing", "sharpe"): NUMBER, ("trailing", "sortino"): NUMBER, ("factor_month", "t"): NUMBER,
    ("factor_contributions", "t"): NUMBER, ("factor_contributions", "active_exposure"): EXPOSURE,
    ("risk_factors", "active_exposure"): EXPOSURE, ("risk_factors", "share_of_variance"): SHARE,
    ("coverage", "share_of_names"): SHARE, ("coverage", "clipped"): SHARE, ("coverage", "filled"): SHARE,
    ("figures", "value"): SHARE,
    **{("exposures", f"{side}_exposure"): NUMBER for side in ("portfolio", "benchmark", "active")},
    ("exposures", "active_before"): NUMBER, ("exposures", "change"): NUMBER,
}  # fmt: skip
LARGEST_INDUSTRIES = {"factor_month": 10, "factor_contributions": 8}
WHOLE = ("performance", "trailing", "index_weeks", "factor_month", "factor_contributions", "exposures", "limits",
         "realised")  # fmt: skip


def expected(words, cell, value):
    """The text of a cell that shows a value of its table."""
    if cell.table == "realised":
        kind, decimals = cell.attrs["class"].split()[:2], 0 if cell.column == "months" else 2
        return words.percent(value, unit="%") if "p" in kind else words.number(value, decimals)
    if cell.table == "limits":
        counted = "p" not in cell.attrs["class"].split()
        return words.number(value, 0) if counted else words.percent(value, unit="%")
    if cell.table == "characteristics":
        return of_characteristics(words, cell, value)
    plain = {"risk": ("beta",), "record": ("information_ratio", "up_capture", "down_capture")}
    if cell.table in plain and cell.key.rpartition("|")[2] in plain[cell.table]:
        return words.number(value)
    kind, decimals = SHOWN.get((cell.table, cell.column), PERCENT)
    return words.percent(value, decimals) if kind == "p" else words.number(value, decimals)


def of_characteristics(words, cell, value):
    """A count or millions with thousands apart, a multiple with one decimal, a percentage."""
    measure = cell.key.rpartition("|")[2]
    if cell.column == "coverage":
        return words.percent(value, 0)
    if measure == "names" or measure.startswith("market_cap"):
        return words.number(value, 0, grouped=True)
    return words.number(value, 1) if measure.startswith("price_to") else words.percent(value, 1, unit="%")


def found(tables, cell):
    """The value of the table that a cell says it shows."""
    frame, keys = tables[cell.table], KEYS[cell.table]
    chosen = pd.Series(True, index=frame.index)
    for column, key in zip(keys, keys_of(cell), strict=True):
        values = frame[column].dt.strftime("%Y-%m-%d") if frame[column].dtype.kind == "M" else frame[column].astype(str)
        chosen &= values == key
    assert chosen.sum() == 1, (cell.table, cell.key)
    return frame.loc[chosen, cell.column].iloc[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cell_shows_the_value_of_the_table_row_and_column_that_it_names(page_content, readers, language):
    words, reader = page_words(page_content.book, language), readers[language]
    assert len(reader.traced) > 700
    for cell in reader.traced:
        value = found(page_content.tables, cell)
        both_ways = cell.table == "limits" and cell.key.split("|")[1] in BOTH_WAYS  # whose values are sizes in the table
        shown = cell.text.lstrip("±+−△") if both_ways else cell.text
        assert shown == expected(words, cell, value), (cell.table, cell.key, cell.column)
        if pd.notna(value):
            assert float(cell.attrs["data-v"]) == value


def test_cells_of_every_table_of_the_report_that_a_page_shows_are_traced(page_content, readers):
    shown = {cell.table for cell in readers["ja"].traced}
    assert shown == {
        "performance", "index_weeks", "trailing", "factor_month", "factor_contributions", "brinson", "brinson_families",
        "stock_contributions", "exposures", "group_contributions", "risk", "risk_factors", "figures", "limits", "realised",
        "coverage", "periods", "record", "characteristics", "holdings",
    }  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_no_row_of_these_tables_is_left_out(page_content, readers, name):
    frame = page_content.tables[name]
    if "course" in frame and name != "performance":
        frame = frame[frame["course"].isin([result.course for result in page_content.sleeves.values()])]
    keys = {cell.key for cell in readers["en"].traced if cell.table == name}
    if name in LARGEST_INDUSTRIES:  # of the industries the largest, for the others see the tables to explore
        of = frame.groupby("course") if "course" in frame else [("", frame)]
        frame = pd.concat([without_small_industries(rows, LARGEST_INDUSTRIES[name]) for _, rows in of])
    assert len(keys) == len(frame)


def without_small_industries(rows, shown):
    value = rows["return" if "return" in rows else "contribution"].abs()
    industries = value[rows["group"] == "industry"].sort_values(ascending=False, kind="stable")
    assert len(industries) > shown
    return rows.drop(index=industries.index[shown:])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_the_tables_to_explore_is_its_value_rounded(readers, page_content, language):
    words, count = page_words(page_content.book, language), 0
    for table in readers[language].tables:
        for row in table.rows:
            for cell in row:
                if "data-v" in cell.attrs and not cell.column:
                    value, kinds = float(cell.attrs["data-v"]), cell.attrs["class"].split()
                    text = words.percent(value) if "p" in kinds else words.number(value)
                    others = [words.number(value, 3), words.number(value, 0), words.percent(value, 1)]
                    assert cell.text in (text, *others)
                    count += 1
    assert count > 2000


def to_explore(reader, cut):
    return [table for table in reader.tables if (table.attrs.get("class") or "") == f"compact sortable {cut}"]


@pytest.mark.parametrize(("cut", "back"), [("factor", 3), ("group", 3), ("sector", 1), ("stock", 1), ("day", 1)])
def test_every_table_to_explore_adds_up_to_the_course_s_excess(page_content, readers, cut, back):
    """`back` is the place of the contribution, counted from the end of a row."""
    tables = to_explore(readers["en"], cut)
    assert len(tables) == len(page_content.results)
    for table, result in zip(tables, page_content.results.values(), strict=True):
        *rows, total = [float(row[-back].attrs.get("data-v", 0.0)) for row in table.rows[1:]]
        assert sum(rows) == pytest.approx(result.excess_return, abs=1e-12)
        assert total == pytest.approx(result.excess_return, abs=1e-12)


def test_every_name_held_is_in_the_stock_table_and_the_largest_of_the_others(page_content, readers):
    for table, course in zip(to_explore(readers["ja"], "stock"), page_content.results, strict=True):
        frame = page_content.tables["stock_contributions"]
        frame = frame[(frame["course"] == course) & ~frame["ticker"].isin(["CASH", "(proxy)"])].set_index("ticker")
        held = frame[frame["held"]]
        others = frame.drop(held.index)["active_contribution"].abs().nlargest(20)
        shown = [row[0].text for row in table.rows if len(row) == 9][1:]
        assert set(shown) == {*held.index, *others.index}
        values = frame.loc[shown, "active_contribution"]
        assert values.is_monotonic_decreasing


@pytest.mark.parametrize("language", LANGUAGES)
def test_stocks_that_helped_and_hurt_are_on_the_page_held_and_not_held_apart(page_content, readers, language):
    """Five held and three not held at most, each beyond what prints as 0.00; none is cash or a proxy."""
    words = page_words(page_content.book, language)
    for place, result in enumerate(page_content.sleeves.values()):
        stocks = result.stocks[~result.stocks["ticker"].isin(["CASH", "(proxy)"])].set_index("ticker")
        held = (stocks[["weight_start", "weight_end", "contribution"]] != 0).any(axis=1)
        tables = readers[language].of("stock_contributions")[2 * place : 2 * place + 2]
        found = []
        for side, sign, table in zip(("best", "worst"), (1, -1), tables, strict=True):
            expected = []
            for key, part, most in (("held", stocks[held], 5), ("not_held", stocks[~held], 3)):
                size = sign * part["active_contribution"]
                shown = size[size >= 5e-5].nlargest(most)
                expected += [words.messages(f"stocks.{side}_{key}"), *shown.index] if len(shown) else []
            assert [row[0].text for row in table.rows[1:]] == expected
            found += [row for row in table.rows[1:] if len(row) > 1]
        assert len(found) > 10
        for row in found:
            japanese = str(result.data["name_ja"].sel(asset=row[0].text).item())
            name = japanese if language == "ja" and japanese else stocks.loc[row[0].text, "name"]
            assert row[1].text.startswith(f"{name} ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_sums_on_the_page_are_those_of_their_rows(page_content, readers, language):
    words = page_words(page_content.book, language)
    for place, result in enumerate(page_content.sleeves.values()):
        factors, brinson = readers[language].of("factor_contributions")[place], readers[language].of("brinson")[place]
        assert factors.texts[-1][3] == words.percent(result.excess_return)
        effects = result.brinson("sector")[["allocation", "selection", "interaction"]].sum()
        assert brinson.texts[-1][5:] == [words.percent(x) for x in (*effects, result.excess_return)]
        assert brinson.texts[-1][3:5] == [words.percent(x) for x in (result.portfolio_return, result.benchmark_return)]
        families = readers[language].of("brinson_families")[place].texts
        assert [row[-1] for row in families[1:-1]] == [words.percent(x) for x in effects]
        groups = result.by("group")
        assert families[-1][1:-1] == [words.percent(groups[name]) for name in groups.index]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sources_of_risk_add_up_to_the_tracking_error_with_those_that_are_not_shown(page_content, language):
    risk = page_content.tables["risk"].set_index(["course", "measure"])["value"]
    for _, course, rows, rest, _ in risk_section(page_content, page_words(page_content.book, language)).sources:
        shown = {column: sum(row[column] for row in rows) + rest[column] for column in rest}
        assert shown == pytest.approx({"contribution": risk[course, "tracking_error"], "share_of_variance": 1.0})


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_holdings_that_earned_most_are_the_held_stocks_of_the_table(page_content, language):
    stocks = page_content.tables["stock_contributions"]
    for _, course, rows in composition_section(page_content, page_words(page_content.book, language)).leaders:
        own = stocks[(stocks["course"] == course) & (stocks["ticker"] != "CASH")]
        held = own[own[["weight_start", "weight_end"]].gt(0).any(axis=1)]
        assert [row["ticker"] for row in rows] == held.nlargest(5, "contribution")["ticker"].tolist()
        assert all(row["contribution"] * (row["weight_start"] + row["weight_end"]) != 0 for row in rows)
