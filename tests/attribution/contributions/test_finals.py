"""A held name that becomes worthless or is paid out: what its end was worth, in every cut, on the page, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import attribution as at
import riskmodel as rm
from attribution.accounts.accounts import attribute_accounts
from attribution.house_style.words import LANGUAGES
from attribution.measures.forecast import closing_course, course_risk, forecast_risk
from attribution.portfolio.check import whole_evidence
from attribution.portfolio.settings.sections import Accepted
from attribution.reporting.pages.notes import note_sentence
from attribution.reporting.pages.words import page_words
from attribution.reporting.tables.notes import ended_note
from attribution.rows import CASH, CASH_AND_STOPPED
from riskmodel.market.finals import ends_of_lives
from riskmodel.market.market import MARKET_TABLES, build_market
from riskmodel.market.tables import read_table
from tests.conftest import REAL, SMALL, SMALL_MONTH, dear_examples, of_few_draws

COURSE, NAME = "Major 100", "DKYC"
LAST, END = pd.Timestamp("2025-03-13"), pd.Timestamp("2025-03-14")


@pytest.fixture(scope="module")
def tables():
    """The shipped tables without the prices of a held name after `LAST`."""
    read = {name: read_table(SMALL, name) for name in MARKET_TABLES}
    prices = read["prices"]
    read["prices"] = prices[~((prices["ticker"] == NAME) & (prices["date"] > LAST))].reset_index(drop=True)
    return {name: table for name, table in read.items() if table is not None}


@pytest.fixture(scope="module")
def last_close(tables):
    own = tables["prices"][tables["prices"]["ticker"] == NAME]
    return float(own.set_index("date")["close"][LAST])


LOOKED_AT = ({"key": "far_final", "table": "finals", "ticker": NAME},)


@pytest.fixture(scope="module")
def book(small_book_of_sleeves):
    """The shipped book, in which the name is held by nobody after its end, and nothing that stops is carried as cash.

    A final far from the last close is a finding of its own: the book says that somebody looked at it.
    """
    held = small_book_of_sleeves.holdings
    after = (held["ticker"] == NAME) & (held["date"] > END)
    assert held[after].groupby("portfolio").size().to_dict() == {"major": 1}
    cash = (held["portfolio"] == "major") & (held["date"] == held.loc[after, "date"].iloc[0]) & (held["ticker"] == CASH)
    weight = held["weight"].where(~cash, held["weight"] + held.loc[after, "weight"].sum())
    general = small_book_of_sleeves.book.model_copy(update={"delisted": "error"})
    return small_book_of_sleeves.model_copy(
        update={
            "holdings": held.assign(weight=weight)[~after].reset_index(drop=True),
            "book": general,
            "accepted": tuple(Accepted(**entry, by="A. Analyst", why="an end of the test's own") for entry in LOOKED_AT),
        }
    )


@pytest.fixture(scope="module")
def market_with(tables):
    def make(*finals: tuple[pd.Timestamp, float], ticker: str = NAME) -> xr.Dataset:
        frame = pd.DataFrame([(ticker, *row) for row in finals], columns=["ticker", "date", "value"])
        return build_market(tables | ({"finals": frame.astype({"value": float})} if finals else {}))

    return make


@pytest.fixture(scope="module")
def lost(book, market_with):
    """market, model, result of March with a total loss."""
    market = market_with((END, 0.0))
    model = rm.RiskModel().fit(market)
    return market, model, at.attribute(book, COURSE, model, market, period=SMALL_MONTH)


@pytest.fixture(scope="module")
def paid(book, market_with, last_close):
    """The same with a payment of 30 % more than the last close."""
    market = market_with((END, 1.3 * last_close))
    model = rm.RiskModel().fit(market)
    return market, model, at.attribute(book, COURSE, model, market, period=SMALL_MONTH)


@pytest.fixture(scope="module")
def allowing(book):
    """The book with delisted = "cash"."""
    return book.model_copy(update={"book": book.book.model_copy(update={"delisted": "cash"})})


def by_hand(book, tables, value: float) -> tuple[pd.Series, float]:
    """Growth of each name of February's list over March, held without a trade, and the list's return.

    A name grows with its total returns, the one that ends with them and `value` over its last close.
    """
    held = book.holdings[(book.holdings["portfolio"] == "major") & (book.holdings["date"] == "2025-02-28")]
    weight = held.set_index("ticker")["weight"]
    rows = tables["prices"][tables["prices"]["date"].between("2025-03-01", "2025-03-31")]
    growth = (1 + rows["total_return"]).groupby(rows["ticker"]).prod().reindex(weight.index)
    close = tables["prices"][(tables["prices"]["ticker"] == NAME) & (tables["prices"]["date"] == LAST)]["close"].iloc[0]
    growth[NAME] *= value / close
    rates = tables["rates"].set_index("date")["risk_free"]["2025-03-01":"2025-03-31"]
    growth[CASH] = (1 + rates).prod()
    return growth, float((weight * growth).sum() - 1)


@pytest.mark.parametrize("share", [0.0, 1.3])
def test_the_return_of_a_month_is_that_of_buying_and_holding_by_hand(book, tables, lost, paid, last_close, share) -> None:
    result = (paid if share else lost)[2]
    growth, expected = by_hand(book, tables, share * last_close)
    assert growth.notna().all()
    assert result.portfolio_return == pytest.approx(expected, abs=1e-14)
    level = tables["indices"].pivot(index="date", columns="index", values="level")["Large Index"]
    assert result.benchmark_return == pytest.approx(level["2025-03-31"] / level["2025-02-28"] - 1, abs=1e-14)
    assert result.by("factor").sum() == pytest.approx(result.excess_return, abs=1e-12)


def test_a_close_of_0_gives_the_same_to_the_last_bit(book, tables, lost) -> None:
    row = {"date": END, "ticker": NAME, "close": 0.0, "total_return": -1.0, "volume": np.nan}
    prices = pd.concat([tables["prices"], pd.DataFrame([row])], ignore_index=True)
    market = build_market(tables | {"prices": prices})
    xr.testing.assert_identical(market, lost[0])


def test_an_ordinary_row_with_that_return_gives_the_same_excess_and_another_split(allowing, tables, lost) -> None:
    """Somebody invents a close above zero beside -1: the totals are right, and the day's factors take a part of the loss."""
    row = {"date": END, "ticker": NAME, "close": 1e-4, "total_return": -1.0, "volume": np.nan}
    market = build_market(tables | {"prices": pd.concat([tables["prices"], pd.DataFrame([row])], ignore_index=True)})
    other = at.attribute(allowing, COURSE, rm.RiskModel().fit(market), market, period=SMALL_MONTH)
    result = lost[2]
    for cut in ("stock", "day"):
        np.testing.assert_allclose(other.by(cut), result.by(cut), atol=1e-14)
    own, there = (float(r.by("stock", "factor")[NAME, "specific"]) for r in (result, other))
    whole = float(result.by("stock")[NAME])
    assert abs(own / whole - 1) < 0.02  # all of the loss is the name's own
    assert abs(there / whole - 1) > 0.15


def test_the_loss_is_the_names_own_and_what_is_left_is_cash(lost) -> None:
    _, _, result = lost
    cube = result.cube
    place, day = cube.assets.get_loc(NAME), cube.days.get_loc(END)
    assert cube.modelled.to_numpy()[day, place]
    assert cube.specific_return.to_numpy()[day, place] < -0.9
    assert (cube.weights("portfolio")[day + 1 :, place] == 0).all()
    assert result.followed.stopped["major"].empty
    assert result.followed.ended["major"][["ticker", "final"]].to_numpy().tolist() == [[NAME, END]]
    assert result.reconciliation["passed"].all()


def test_a_name_that_is_paid_out_counts_as_cash_from_then_on_in_contributions_and_risk(book, paid) -> None:
    market, model, result = paid
    cube = result.cube
    place, after = cube.assets.get_loc(NAME), cube.days > END
    idle = cube.idle("portfolio")[:, place]
    assert (idle[after] > 0.05).all() and (idle[~after] == 0).all()
    own = result.by("stock", "factor", against="zero")[NAME]
    in_benchmark = cube.idle("benchmark")[:, place]
    market_return = cube.factor_return.sel(factor="market").to_numpy()
    expected = -((idle - in_benchmark) * market_return * cube.coefficient.to_numpy()).sum()
    assert own[CASH_AND_STOPPED] == pytest.approx(expected, abs=1e-15)
    for close in (END, pd.Timestamp("2025-03-28")):
        followed = closing_course(book, COURSE, market, close)
        invested = followed.invested()["portfolio_weight"]
        assert float(invested.sel(asset=NAME)) == 0.0
        assert float(invested.sum()) == pytest.approx(1.0, abs=1e-12)
        risk = course_risk(book, COURSE, forecast_risk(of_few_draws(model), market, close), market, close)
        assert risk.cash_weight == pytest.approx(float(invested.sel(asset=CASH)), abs=1e-15)
        assert NAME not in set(risk.uncovered["ticker"])


@settings(max_examples=dear_examples() // 4)
@given(share=st.floats(0.0, 3.0), day=st.integers(0, 9))
def test_contributions_sum_to_the_excess_whatever_the_final(book, market_with, last_close, lost, share, day) -> None:
    """Fitted once: what a final returns is put into the name's specific return, as a fit does."""
    days = lost[0].get_index("time")
    date = days[days.get_loc(END) + day]
    market = market_with((date, share * last_close))
    model = lost[1]
    specific, returned = model.specific_returns.copy(deep=True), float(market["total_return"].sel(asset=NAME, time=date))
    if day == 0:
        specific.loc[{"time": END, "asset": NAME}] += returned + 1
    else:
        specific.loc[{"time": END, "asset": NAME}] = np.nan
    model = rm.RiskModelResults(data=model.data.assign(specific_returns=specific), settings=model.settings)
    result = at.attribute(book, COURSE, model, market, period=SMALL_MONTH)
    for cut in ("factor", "stock", "day", "sector"):
        assert abs(result.by(cut).sum() - result.excess_return) < 1e-12
    for side in ("portfolio_return", "constituents_return"):
        own, other = (each.data[side].sel(time=slice(None, LAST)) for each in (result, lost[2]))
        xr.testing.assert_identical(own, other)
    assert returned == pytest.approx(share - 1, abs=1e-12)


def test_accounts_see_the_same_end_as_a_course(book, lost) -> None:
    market, model, result = lost
    held = book.holdings[(book.holdings["portfolio"] == "major") & (book.holdings["date"] == "2025-02-28")]
    accounts = attribute_accounts(held, result.followed, model, market, period=SMALL_MONTH)
    assert float(accounts.portfolio_return[0]) == pytest.approx(result.portfolio_return, abs=1e-13)
    assert accounts.stopped.empty
    np.testing.assert_allclose(
        accounts.by("factor").isel(portfolio=0).to_series().reindex(result.by("factor").index),
        result.by("factor"),
        atol=1e-12,
    )


def test_who_stops_without_a_final_is_refused_and_told_how_to_say_what_became_of_it(book, market_with, lost) -> None:
    with pytest.raises(rm.InputError) as caught:
        at.attribute(book, COURSE, lost[1], market_with(), period=SMALL_MONTH)
    assert str(caught.value) == (
        "holdings: 1 held name of 'major' stop trading and do not go on trading by 2025-03-31: DKYC (last trade 2025-03-13, "
        "held since 2025-02-28). Add the missing prices; where a name's life is over, say in the table finals what a holder "
        'got for a share (0 for a total loss), and hold it no longer. As long as nobody knows, delisted = "cash" in [book] '
        "carries it at its last value, and the report says so."
    )


def test_a_final_after_the_end_is_no_refusal_and_changes_nothing_before_it(book, allowing, market_with, lost) -> None:
    """Somebody says what became of the name later: until then it is carried at its last value."""
    later, never = market_with((lost[0].get_index("time")[-1], 0.0)), market_with()
    before = closing_course(allowing, COURSE, never, pd.Timestamp("2025-03-28"))
    after = closing_course(book, COURSE, later, pd.Timestamp("2025-03-28"))
    xr.testing.assert_identical(before.data, after.data)


def test_check_names_who_stopped_without_a_final_with_the_weight_that_may_be_lost(allowing, market_with) -> None:
    none, lost = (
        [each.finding for each in whole_evidence(allowing, market) if each.finding.key.endswith("_stopped")]
        for market in (market_with(), market_with((END, 0.0)))
    )
    places = {(each.key, *each.values.values()): each.place for each in none if each.subject == NAME}
    assert places["held_stopped", "major"] == "2025-03-13 DKYC (6.74%)"
    assert places["constituent_stopped", "Large Index"] == "2025-03-13 DKYC (2.51%)"
    assert NAME not in {each.subject for each in lost}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_a_holder_got(allowing, lost, paid, last_close, language) -> None:
    said = {
        "ended_worthless": {
            "en": "Major (simulated): DKYC (6.77% of the strategy) became worthless on 14 March 2025; its last close, on 13",
            "ja": "メジャー（架空）：DKYC（組入比率6.77%）は2025年3月14日に無価値となりました。",
        },
        "ended": {
            "en": f"was paid out at {1.3 * last_close:.2f} a share on 14 March 2025, +30.00% against its last close of",
            "ja": f"の株主は、2025年3月14日に1株当たり{1.3 * last_close:.2f}を受け取りました。",
        },
    }
    for market, _, result in (lost, paid):
        (row,) = result.followed.ended["major"].itertuples()
        note = ended_note("major", row, result.cube, market)
        assert said[note.key][language] in note_sentence(note, page_words(allowing, language))


def test_notes_and_commentary_of_a_report_tell_who_ended(allowing, lost) -> None:
    market, model, _ = lost
    content = at.prepare_report(allowing, month=SMALL_MONTH, market=market, model=of_few_draws(model))
    notes = {note.key: note.values for note in content.notes}
    assert notes["ended_worthless"]["ticker"] == NAME and "ended" not in notes and "stopped" not in notes
    assert notes["ended_benchmark"]["names"] == (NAME,)
    for language, day in (("en", "14 March 2025"), ("ja", "2025年3月14日")):
        text = at.report_commentary(content, lang=language)
        (sentence,) = (line for line in text.split("\n") if f"|{NAME}|weight_start>" in line and day in line)
        assert f"<#stock_contributions|{COURSE}|{NAME}|active_contribution>" in sentence


@pytest.mark.slow
@pytest.mark.real_market
def test_a_name_of_the_real_market_that_ends_in_a_month_costs_what_it_was_worth(real_market) -> None:
    """The largest holding of May 2016 is made to end in the middle of June, at half its last close."""
    book = at.read_book(REAL / "book.toml")
    held = book.holdings
    begun = held.loc[held["date"] < "2016-06-01", "date"].max()
    own = held[(held["portfolio"] == "major") & (held["date"] == begun) & (held["ticker"] != CASH)]
    name = str(own.loc[own["weight"].idxmax(), "ticker"])
    tables = {n: t for n in MARKET_TABLES if (t := read_table(REAL, n)) is not None}
    tables = {n: t[t["date"] < "2016-07-01"].reset_index(drop=True) if n == "prices" else t for n, t in tables.items()}
    last = pd.Timestamp("2016-06-14")
    prices = tables["prices"]
    prices = prices[~((prices["ticker"] == name) & (prices["date"] > last))].reset_index(drop=True)
    close = float(prices[(prices["ticker"] == name) & (prices["date"] == last)]["close"].iloc[0])
    keep = held[~((held["ticker"] == name) & (held["date"] > last))]
    book = book.model_copy(update={"holdings": keep})
    finals = pd.DataFrame({"ticker": [name], "date": [last], "value": [close / 2]})
    market = build_market(tables | {"prices": prices, "finals": finals})
    carried = build_market(tables | {"prices": prices})
    model = rm.RiskModel().fit(market)
    result = at.attribute(book, COURSE, model, market, period="2016-06")
    carrying = book.model_copy(update={"book": book.book.model_copy(update={"delisted": "cash"})})
    other = closing_course(carrying, COURSE, carried, pd.Timestamp("2016-06-30"))
    day = market.get_index("time")[market.get_index("time").get_loc(last) + 1]
    assert np.argwhere(ends_of_lives(market)).shape == (1, 2)
    weight = float(result.data["portfolio_weight"].sel(asset=name, time=day))
    daily = (result.data["portfolio_return"] - other.data["portfolio_return"]).to_series()
    assert float(daily[day]) == pytest.approx(-weight / 2, abs=1e-14)
    assert (daily[: day - pd.Timedelta(days=1)] == 0).all()
    assert result.by("factor").sum() == pytest.approx(result.excess_return, abs=1e-12)
    specific = float(result.data["specific_return"].sel(asset=name, time=day))
    assert specific == pytest.approx(-0.5, abs=0.05)
    assert weight > 0.03
