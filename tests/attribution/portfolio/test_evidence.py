"""Lists, levels and the book against the market: what is found, what it may move of which course, what is accepted."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.house_style.words import read_messages
from attribution.measures.figures import course_figures
from attribution.portfolio.check import check_inputs, whole_evidence
from attribution.portfolio.course import blend_tracks
from attribution.portfolio.evidence import BOOK_RULES
from attribution.portfolio.evidence.judged import (
    book_evidence,
    by_kind,
    course_evidence,
    judged,
    known_keys,
    require_sound,
    require_sound_market,
)
from attribution.portfolio.evidence.register import Evidence
from attribution.portfolio.periods import read_period
from attribution.portfolio.settings.sections import Accepted
from attribution.portfolio.tracks import Tracks
from riskmodel.errors import InputError
from riskmodel.market.evidence import MARKET_RULES
from riskmodel.market.evidence.finding import Finding
from riskmodel.market.market import build_market
from riskmodel.market.tables import TABLES, read_table
from tests.conftest import SMALL

CLEAN = {"closed_day", "no_fx_rate", "empty_field", "no_volume", "bridged_gap", "held_stopped", "constituent_stopped"}
DAY = "2025-03-14"


def keys_of(book, market):
    return {each.finding.key for each in whole_evidence(book, market)} - CLEAN


def one(book, market, key):
    findings = [each for each in whole_evidence(book, market) if each.finding.key == key]
    assert findings, keys_of(book, market)
    return findings


def with_level(market, index, change):
    """The market with other levels of an index: `change` of its series by day."""
    levels = market["index_level"].to_pandas()
    levels[index] = change(levels[index].copy())
    return market.assign(index_level=(("time", "index"), levels.to_numpy()))


def with_holdings(book, change):
    return book.model_copy(update={"holdings": change(book.holdings.copy())})


def listed(holdings, date, portfolio="major"):
    return (holdings["portfolio"] == portfolio) & (holdings["date"] == date)


def with_constituents(market, change):
    names = ("index", "date", "ticker", "weight")
    frame = change(pd.DataFrame({name: market[f"constituent_{name}"].to_numpy() for name in names}))
    market = market.drop_dims("constituent")
    return market.assign({f"constituent_{name}": ("constituent", frame[name].to_numpy()) for name in names})


def test_the_shipped_book_has_no_finding_beyond_what_is_true_of_it(small_book, small_market):
    assert keys_of(small_book, small_market) == set()


# ---------------------------------------------------------------- levels


def test_a_mistyped_level_is_named_on_both_its_days_and_refused(small_book, small_market):
    def mistyped(level):
        level[DAY] *= 0.98
        return level

    findings = one(small_book, with_level(small_market, "Large Index", mistyped), "level_off_list")
    assert {each.finding.date for each in findings} == {DAY, "2025-03-17"}
    assert all(each.refused and each.finding.subject == "Large Index" for each in findings)
    assert findings[0].harm == pytest.approx(200, rel=0.05)


def test_a_mistyped_base_is_refused_in_the_month_that_stands_on_it(small_book, small_market, small_model):
    def mistyped(level):
        level["2025-02-28"] *= 0.98
        return level

    market = with_level(small_market, "Large Index", mistyped)
    with pytest.raises(InputError, match=r"2025-03-03 Large Index \(\+2\.0.%\); up to 2.* bp of the excess of Major 100"):
        at.attribute(small_book, "Major 100", small_model, market, period="2025-03")
    assert at.attribute(small_book, "Major 100", small_model, market, period="2025-01")  # the other months stand


@pytest.mark.parametrize(("day", "size"), [("2025-02-28", 1.004), ("2025-03-31", 1.003)])
def test_a_level_a_third_of_a_percent_off_is_refused_in_the_month_alone(small_book, small_market, small_model, day, size):
    """On the other days of that month the level is within 0.06 % of its constituents."""

    def mistyped(level):
        level[day] *= size
        return level

    market = with_level(small_market, "Large Index", mistyped)
    with pytest.raises(InputError, match=r"1 finding .*2025-03-(03|31) Large Index \(.0\.[34]"):
        at.attribute(small_book, "Major 100", small_model, market, period="2025-03")
    with pytest.raises(InputError, match="level that moves away"):
        course_figures(small_book, "Major 100", market, period="2025-03")


def test_swapped_levels_are_named_with_the_index_whose_they_are(small_book, small_market):
    levels = small_market["index_level"].to_pandas()
    swapped = levels.rename(columns={"Large Index": "Small Index", "Small Index": "Large Index"})[levels.columns]
    market = small_market.assign(index_level=(("time", "index"), swapped.to_numpy()))
    shown = {each.finding.subject: each.finding.shown for each in one(small_book, market, "level_of_another")}
    assert shown == {"Large Index": "Small Index", "Small Index": "Large Index"}


def test_levels_without_dividends_are_named_but_not_refused(small_book, small_market):
    tracks = Tracks(small_book, small_market, read_period("itd/2025-03", small_book, small_market))
    live = tracks.benchmark("Large Index").live
    paid = small_market["total_return"] - (small_market["close"] / small_market["close"].shift(time=1) - 1)
    paid = paid.fillna(0.0).reindex(asset=live["asset"].to_numpy(), fill_value=0.0)
    dividends = (live * paid).sum("asset").to_series()

    def of_prices(level):
        growth = (level / level.shift(1)).fillna(1.0) - dividends.reindex(level.index, fill_value=0.0)
        return level.iloc[0] * growth.cumprod()

    [finding] = one(small_book, with_level(small_market, "Large Index", of_prices), "level_without_dividends")
    assert finding.finding.subject == "Large Index"
    assert finding.harm > 0
    assert not finding.refused


# ---------------------------------------------------------------- lists


def test_a_list_of_holdings_that_repeats_is_named(small_book, small_market):
    def again(holdings):
        before = holdings[listed(holdings, "2025-01-31")].assign(date=pd.Timestamp("2025-02-28"))
        return pd.concat([holdings[~listed(holdings, "2025-02-28")], before], ignore_index=True)

    [finding] = one(with_holdings(small_book, again), small_market, "list_repeats")
    assert (finding.finding.subject, finding.finding.date, finding.finding.shown) == ("major", "2025-02-28", "2025-01-31")


def test_equal_weights_that_are_set_anew_each_month_are_no_finding(small_book, small_market):
    def equal(holdings):
        names = holdings[listed(holdings, "2025-02-28") & (holdings["ticker"] != "CASH")]["ticker"].unique()[:20]
        every = [
            pd.DataFrame({"portfolio": "major", "date": date, "ticker": names, "weight": 1 / len(names)})
            for date in holdings.loc[holdings["portfolio"] == "major", "date"].unique()
        ]
        return pd.concat([holdings[holdings["portfolio"] != "major"], *every], ignore_index=True)

    assert "list_repeats" not in keys_of(with_holdings(small_book, equal), small_market)


@pytest.mark.parametrize("gross", [1.2, 20.0])
def test_leverage_is_named_unless_the_book_means_it(small_book, small_market, gross):
    def levered(holdings):
        rows = listed(holdings, "2025-02-28")
        stocks = rows & (holdings["ticker"] != "CASH")
        total = holdings.loc[stocks, "weight"].sum()
        holdings.loc[stocks, "weight"] *= (1 + gross) / 2 / total
        holdings.loc[rows & (holdings["ticker"] == "CASH"), "weight"] = (1 - gross) / 2
        return holdings

    book = with_holdings(small_book, levered)
    [finding] = one(book, small_market, "weight_out_of_range")
    assert (finding.finding.subject, finding.finding.date, finding.refused) == ("major", "2025-02-28", gross > 1.5)
    meant = book.model_copy(update={"book": book.book.model_copy(update={"long_short": True})})
    assert "weight_out_of_range" not in keys_of(meant, small_market)


def of_february(small_book, change):
    """The book with another list of February: `change` of its weights by ticker."""

    def changed(holdings):
        own = listed(holdings, "2025-02-28")
        weights = change(holdings[own].set_index("ticker")["weight"].copy())
        rows = weights.rename_axis("ticker").reset_index(name="weight")
        rows = rows.assign(portfolio="major", date=pd.Timestamp("2025-02-28"))
        return pd.concat([holdings[~own], rows], ignore_index=True)

    return with_holdings(small_book, changed)


def test_a_weight_of_a_tenth_is_refused_with_what_it_moves(small_book, small_market, small_model):
    def slipped(weights):
        missing = 0.9 * weights["GHTN"]
        return weights - missing * (weights.index == "GHTN") + missing * (weights.index == "CASH")

    book = of_february(small_book, slipped)
    [finding] = one(book, small_market, "weight_slipped")
    assert (finding.finding.subject, finding.finding.date) == ("major", "2025-02-28")
    assert finding.finding.shown == "GHTN, 0.65%, 6.32%"
    clean, spoilt = (
        course_figures(each, "Major 100", small_market, period="2025-03").set_index("measure")["value"]["excess_return"]
        for each in (small_book, book.model_copy(update={"accepted": accepted_of(finding.finding)}))
    )
    assert finding.harm == pytest.approx(abs(spoilt - clean) * 1e4, rel=0.1)
    with pytest.raises(InputError, match=r"a tenth of, or ten times"):
        at.attribute(book, "Major 100", small_model, small_market, period="2025-03")
    assert at.attribute(book, "Major 100", small_model, small_market, period="2025-02")


def accepted_of(finding):
    return (Accepted(key=finding.key, table=finding.table, ticker=finding.subject, by="A. Analyst", why="meant"),)


def test_a_list_without_its_cash_is_named_and_not_refused(small_book, small_market):
    book = of_february(small_book, lambda weights: weights.drop("CASH") / weights.drop("CASH").sum())
    [finding] = one(book, small_market, "cash_gone_once")
    assert (finding.finding.date, finding.refused) == ("2025-02-28", False)
    assert finding.harm == pytest.approx(20, abs=5)


def test_one_list_in_whole_percent_is_named(small_book, small_market):
    def rounded(weights):
        stocks = weights.drop("CASH").round(2)
        return pd.concat([stocks, pd.Series({"CASH": 1 - stocks.sum()})])

    [finding] = one(of_february(small_book, rounded), small_market, "list_rounded")
    assert (finding.finding.subject, finding.finding.date) == ("major", "2025-02-28")


def test_exchanged_weights_are_named_with_what_they_move(small_book, small_market):
    date = pd.Timestamp("2025-01-31")
    track = Tracks(small_book, small_market, read_period("itd/2025-03", small_book, small_market)).carried("major")
    drifted = track.closes.sel(time=date).to_series()
    drifted = drifted[drifted > 0].sort_values()
    first, last = drifted.drop("CASH").index[[0, -1]]

    def exchanged(holdings):
        held = drifted.rename({first: last, last: first})
        new = pd.DataFrame({"portfolio": "major", "date": date, "ticker": held.index, "weight": held.to_numpy()})
        return pd.concat([holdings[~listed(holdings, date)], new], ignore_index=True)

    [finding] = one(with_holdings(small_book, exchanged), small_market, "weights_exchanged")
    assert set(finding.finding.shown.split(", ")) == {first, last}
    returns = small_market["total_return"].sel(time="2025-02").to_pandas()
    moved = (drifted[last] - drifted[first]) * (returns[first] - returns[last])
    assert finding.harm == pytest.approx(abs(moved.sum()) * 1e4, rel=1e-9)
    book = with_holdings(small_book, exchanged)  # the month alone knows it too, though the list counts from its base on
    month = Tracks(book, small_market, read_period("2025-02", book, small_market))
    [alone] = [each for each in course_evidence(month, "Major 100") if each.finding.key == "weights_exchanged"]
    assert (alone.finding, alone.harm) == (finding.finding, pytest.approx(finding.harm, rel=1e-12))


def test_lists_beside_the_calendar_are_named(small_book, small_market):
    def one_late(holdings):
        rows = listed(holdings, "2025-01-31")
        holdings.loc[rows, "date"] = pd.Timestamp("2025-02-03")
        return holdings

    assert one(with_holdings(small_book, one_late), small_market, "list_off_calendar")[0].finding.date == "2025-02-03"

    def all_late(holdings):
        sessions = small_market.get_index("time")
        dates = pd.DatetimeIndex(holdings["date"])
        at_end = dates.is_month_end | (dates.to_period("M") != (dates + pd.offsets.BDay()).to_period("M"))
        following = sessions[np.minimum(sessions.searchsorted(dates, side="right"), len(sessions) - 1)]
        return holdings.assign(date=np.where(at_end & (dates > "2024-03-15"), following, dates))

    assert one(with_holdings(small_book, all_late), small_market, "lists_after_month_end")[0].finding.subject == "major"


def test_constituents_cut_in_half_are_named(small_book, small_market):
    def halved(frame):
        rows = (frame["index"] == "Large Index") & (frame["date"] == pd.Timestamp("2025-01-31"))
        part = frame[rows].iloc[::2]
        part = part.assign(weight=part["weight"] / part["weight"].sum())
        return pd.concat([frame[~rows], part], ignore_index=True)

    [finding] = one(small_book, with_constituents(small_market, halved), "list_short")
    assert (finding.finding.subject, finding.finding.date) == ("Large Index", "2025-01-31")


def test_constituents_that_repeat_are_named(small_book, small_market):
    def again(frame):
        rows = (frame["index"] == "Large Index") & (frame["date"] == pd.Timestamp("2025-01-31"))
        before = frame[(frame["index"] == "Large Index") & (frame["date"] == pd.Timestamp("2024-12-31"))]
        return pd.concat([frame[~rows], before.assign(date=pd.Timestamp("2025-01-31"))], ignore_index=True)

    [finding] = one(small_book, with_constituents(small_market, again), "list_repeats")
    assert (finding.finding.table, finding.finding.subject) == ("constituents", "Large Index")


# ---------------------------------------------------------------- harm and acceptance


@pytest.fixture(scope="module")
def split(small_market):
    """A split of the largest holding that nobody lists, in the middle of March."""
    from riskmodel.market.market import MARKET_TABLES, build_market
    from riskmodel.market.tables import read_table
    from tests.conftest import SMALL

    tables = {name: read_table(SMALL, name) for name in MARKET_TABLES}
    prices = tables["prices"]
    before = (prices["ticker"] == "DKYC") & (prices["date"] < DAY)
    on = (prices["ticker"] == "DKYC") & (prices["date"] == DAY)
    prices.loc[before, "close"] *= 2
    prices.loc[on, "total_return"] = (1 + prices.loc[on, "total_return"]) / 2 - 1
    return build_market({name: table for name, table in tables.items() if table is not None})


@pytest.fixture(scope="module")
def split_model(split):
    return rm.RiskModel().fit(split)


def test_harm_is_the_weight_that_is_held_times_what_is_doubted(small_book, split):
    [finding] = one(small_book, split, "split_unlisted")
    tracks = Tracks(small_book, split, read_period("2025-03", small_book, split))
    weight = float(tracks.sleeve("major").weights.sel(asset="DKYC", time=DAY))
    doubted = float(split["total_return"].sel(asset="DKYC", time=DAY))
    assert finding.harm == pytest.approx(abs(weight * doubted) * 1e4, rel=1e-12)
    assert (finding.course, finding.month) == ("Major 100", "2025-03")


def accepted(book, *entries):
    return book.model_copy(update={"accepted": tuple(Accepted(**entry) for entry in entries)})


LOOKED_AT = {"key": "split_unlisted", "table": "prices", "ticker": "DKYC", "by": "A. Analyst", "why": "a spin-off"}


def test_what_is_accepted_is_not_refused_and_what_is_not_says_how(small_book, split, split_model):
    with pytest.raises(InputError) as caught:
        at.attribute(small_book, "Major 100", split_model, split, period="2025-03")
    message = str(caught.value)
    assert message.startswith("book.toml: 2 findings in the tables that would make its figures wrong: prices: a move near")
    assert '[[accepted]] with key = "split_unlisted", table = "prices", ticker = "DKYC", date = 2025-03-14' in message
    level = {"key": "level_off_list", "table": "indices", "index": "Large Index", "by": "A", "why": "its price"}
    book = accepted(small_book, LOOKED_AT | {"date": datetime.date(2025, 3, 14)}, level)
    assert at.attribute(book, "Major 100", split_model, split, period="2025-03")
    assert "acceptance_unused" not in keys_of(book, split)
    other_day = accepted(small_book, LOOKED_AT | {"date": datetime.date(2025, 3, 13)}, level)
    with pytest.raises(InputError, match="1 finding in the tables"):
        at.attribute(other_day, "Major 100", split_model, split, period="2025-03")


def test_an_entry_that_nothing_uses_or_that_is_unknown_is_a_finding(small_book, small_market):
    book = accepted(small_book, LOOKED_AT, LOOKED_AT | {"key": "split_unlsted"})
    found = check_inputs(book, small_market).set_index("key")
    assert found.loc["acceptance_unused", "ticker"] == "split_unlisted prices DKYC"
    assert found.loc["acceptance_unknown", "ticker"] == "split_unlsted prices DKYC"


def test_a_finding_of_a_later_day_does_not_touch_an_earlier_month(small_book, split, split_model):
    period = read_period("2025-02", small_book, split)
    assert not [each for each in book_evidence(Tracks(small_book, split, period)) if each.finding.date > "2025-02-28"]
    assert at.attribute(small_book, "Major 100", split_model, split, period="2025-02")


def test_check_has_one_row_a_finding_with_the_worst_first(small_book, split):
    found = check_inputs(small_book, split)
    assert list(found.columns) == ["key", "table", "ticker", "date", "count", "harm", "detail"]
    assert found.loc[0, ["key", "ticker", "date"]].tolist() == ["split_unlisted", "DKYC", DAY]
    assert "up to 333.1 bp of the excess of Major 100 in 2025-03" in found.loc[0, "detail"]
    assert found["harm"].dropna().is_monotonic_decreasing


def test_every_finding_has_words_in_both_languages():
    for language in ("en", "ja"):
        words = read_messages(language).table["findings"]
        missing = {*known_keys(), "acceptance_unused", "acceptance_unknown"} - set(words)
        assert not missing, language


def test_no_key_is_found_by_both_registers():
    assert not set(MARKET_RULES.keys) & set(BOOK_RULES.keys)


def test_kinds_keep_the_order_of_their_worst(small_book, split):
    kinds = by_kind(whole_evidence(small_book, split))
    assert kinds[0].fact.key == "split_unlisted"
    require_sound([], "book.toml")


def test_the_report_tells_its_readers(small_book_of_one, split, split_model, tmp_path):
    level = {"key": "level_off_list", "table": "indices", "index": "Large Index", "by": "A. Analyst", "why": "its price"}
    book = accepted(small_book_of_one, LOOKED_AT, level)
    at.report(book, month="2025-03", out=tmp_path, market=split, model=split_model, formats="html", languages="en")
    page = (tmp_path / "report.en.html").read_text()
    assert "Looked at and accepted by A. Analyst: a spin-off" in page
    assert "some closes have no volume" in page
    manifest = pd.read_json(tmp_path / "manifest.json", typ="series")
    assert {each["key"] for each in manifest["findings"]} >= {"split_unlisted", "no_volume"}


def test_a_name_whose_weight_is_in_cash_for_one_list_is_refused(small_book, small_market):
    date = "2025-02-28"
    held = small_book.holdings[listed(small_book.holdings, date)].set_index("ticker")["weight"]
    around = small_book.holdings[listed(small_book.holdings, "2025-01-31")]["ticker"]
    after = small_book.holdings[listed(small_book.holdings, "2025-03-31")]["ticker"]
    ticker = held.drop("CASH")[lambda weights: weights.index.isin(around) & weights.index.isin(after)].idxmax()

    def late(holdings):
        own = listed(holdings, date)
        holdings.loc[own & (holdings["ticker"] == "CASH"), "weight"] += held[ticker]
        return holdings[~(own & (holdings["ticker"] == ticker))]

    [each] = one(with_holdings(small_book, late), small_market, "name_in_cash")
    assert (each.finding.date, each.refused) == (date, True)
    assert each.finding.shown.startswith(f"{ticker}, ")
    earned = (1 + small_market["total_return"].sel(asset=ticker, time="2025-03").to_series()).prod() - 1
    assert each.harm == pytest.approx(abs(earned * held[ticker]) * 1e4, rel=0.25)


def test_actual_returns_are_held_against_the_holdings(small_book, small_market):
    period = read_period("itd/2025-03", small_book, small_market)
    tracks = Tracks(small_book, small_market, period)
    returns, others = (tracks.carried(sleeve).returns.to_series() for sleeve in ("major", "next_major"))

    def with_actual(values, fee=0.0):
        table = pd.DataFrame({"portfolio": "major", "date": values.index, "return": values.to_numpy(), "fee": fee})
        return small_book.model_copy(update={"actual_returns": table})

    assert not {key for key in keys_of(with_actual(returns + 1e-4, 4e-5), small_market) if "actual" in key or "fee" in key}
    for values, key, shown in (
        (returns.shift(1).dropna(), "actual_returns_late", ""),
        (others, "actual_returns_of_another", "next_major"),
    ):
        [finding] = one(with_actual(values), small_market, key)
        assert (finding.finding.subject, finding.finding.shown, finding.refused) == ("major", shown, True)
    subscribed = returns.where(returns.index != pd.Timestamp(DAY), returns + 0.02)
    [finding] = one(with_actual(subscribed), small_market, "actual_off_holdings")
    assert (finding.finding.date, round(finding.harm, 6), finding.refused) == (DAY, 200.0, False)
    assert one(with_actual(returns, 0.004), small_market, "fee_too_large")[0].finding.subject == "major"


def test_lists_of_two_portfolios_that_are_exchanged_or_the_same_are_named(small_book, small_market):
    def exchanged(holdings):
        rows = holdings["date"] == pd.Timestamp("2025-02-28")
        names = {"major": "next_major", "next_major": "major"}
        return holdings.assign(portfolio=holdings["portfolio"].where(~rows, holdings["portfolio"].map(names)))

    findings = one(with_holdings(small_book, exchanged), small_market, "list_of_another")
    assert ("major", "2025-02-28") in {(each.finding.subject, each.finding.date) for each in findings}
    both = small_book.sleeves | {"next_major": small_book.sleeves["next_major"].model_copy(update={"holdings": "major"})}
    [finding] = one(small_book.model_copy(update={"sleeves": both}), small_market, "same_lists")
    assert finding.finding.shown == "major, major"


def test_levels_a_day_late_in_one_month_are_refused_in_that_month(small_book, small_market, small_model):
    """Levels that are wrong every day are far by themselves: that does not let them through."""

    def late(level):
        march = level.index >= "2025-03-03"
        return level.where(~march, level.shift(1))

    market = with_level(small_market, "Large Index", late)
    with pytest.raises(InputError, match="Large Index"):
        at.attribute(small_book, "Major 100", small_model, market, period="2025-03")


def test_a_constituent_that_is_listed_before_it_trades_is_a_finding_without_a_day(small_book, small_market):
    first = small_market["life"].to_pandas().ge(0).idxmax()
    late = str(first[first > "2024-06-03"].index[0])

    def early(frame):
        date = frame.loc[(frame["index"] == "Large Index") & (frame["date"] < first[late]), "date"].max()
        rows = (frame["index"] == "Large Index") & (frame["date"] == date)
        new = pd.DataFrame({"index": ["Large Index"], "date": [date], "ticker": [late], "weight": [0.01]})
        return pd.concat([frame.assign(weight=frame["weight"].where(~rows, frame["weight"] * 0.99)), new], ignore_index=True)

    found = check_inputs(small_book, with_constituents(small_market, early))
    assert late in set(found.loc[found["key"] == "constituent_stopped", "ticker"])


def test_what_touches_the_month_is_told_by_explain(small_book, small_market):
    from attribution.portfolio.evidence.judged import telling

    def again(holdings):
        before = holdings[listed(holdings, "2025-01-31")].assign(date=pd.Timestamp("2025-02-28"))
        return pd.concat([holdings[~listed(holdings, "2025-02-28")], before], ignore_index=True)

    period = read_period("2025-03", small_book, small_market)
    told = telling(book_evidence(Tracks(with_holdings(small_book, again), small_market, period)), period)
    assert [each.finding.key for each in told] == ["list_repeats"]
    assert telling(book_evidence(Tracks(small_book, small_market, period)), period) == []


def test_accounts_and_figures_are_refused_as_the_book_is(small_book, split, split_model):
    with pytest.raises(InputError, match="split_unlisted"):
        course_figures(small_book, "Major 100", split, period="2025-03")
    refused = Finding("split_in_close", "prices", "DKYC", DAY, refused=True)
    market = split.assign(evidence=("doubt", np.array([str(refused)], dtype=object)))
    held = small_book.holdings[listed(small_book.holdings, "2025-02-28")]
    benchmark = small_book.holdings[listed(small_book.holdings, "2025-02-28", "next_major")]
    run = {"period": "2025-03"}
    with pytest.raises(InputError, match="market: 1 finding in the tables"):
        at.attribute_accounts(held, benchmark[["ticker", "weight"]], split_model, market, **run)
    entry = Accepted(key="split_in_close", table="prices", ticker="DKYC", by="A. Analyst", why="a spin-off")
    assert at.attribute_accounts(held, benchmark[["ticker", "weight"]], split_model, market, accepted=[entry], **run)


def test_a_course_is_not_refused_for_what_another_holds(small_book, split, split_model):
    """The split is of a name that the other sleeve does not hold, beside a level that it is not measured against."""
    assert at.attribute(small_book, "Next Major 100", split_model, split, period="2025-03")
    assert (
        course_evidence(Tracks(small_book, split, read_period("2025-03", small_book, split)), "Next Major 100")[0].harm == 0
    )


def test_of_an_account_with_returns_of_its_own_prices_move_the_parts_alone(small_book, split):
    period = read_period("2025-03", small_book, split)
    returns = Tracks(small_book, split, period).carried("major").returns.to_series()
    rows = [
        pd.DataFrame({"portfolio": sleeve, "date": returns.index, "return": returns.to_numpy(), "fee": 0.0})
        for sleeve in ("major", "next_major")
    ]
    book = small_book.model_copy(update={"actual_returns": pd.concat(rows, ignore_index=True)})
    [finding] = [
        each for each in course_evidence(Tracks(book, split, period), "Major 100") if each.finding.key == "split_unlisted"
    ]
    assert np.isnan(finding.harm)
    assert not finding.refused


def test_actual_returns_that_are_handed_in_are_held_against_the_holdings_too(small_book, small_market, small_model):
    period = read_period("2025-03", small_book, small_market)
    tracks = Tracks(small_book, small_market, period)
    returns = tracks.carried("major").returns.to_series()

    def handed(values, name="major"):
        return pd.DataFrame({"portfolio": name, "date": values.index, "return": values.to_numpy(), "fee": 0.0})

    run = {"period": "2025-03"}
    late = handed(returns.shift(1).fillna(0.001))
    for refuse in (
        lambda: at.attribute(small_book, "Major 100", small_model, small_market, actual_returns=late, **run),
        lambda: course_figures(small_book, "Major 100", small_market, actual_returns=late, **run),
    ):
        with pytest.raises(
            InputError, match="actual returns that follow the holdings of the day before: stamped a day late"
        ):
            refuse()
    assert at.attribute(small_book, "Major 100", small_model, small_market, actual_returns=handed(returns), **run)
    blend = next(course for course in small_book.courses if course not in small_book.sleeves)
    blended = blend_tracks(tracks, blend).data["portfolio_return"].to_series()
    late = handed(blended.shift(1).fillna(0.001), blend)
    assert [each.finding.key for each in course_evidence(tracks, blend, late) if each.refused] == ["actual_returns_late"]
    assert not [each for each in course_evidence(tracks, blend, handed(blended, blend)) if each.refused]


def test_what_is_wrong_from_a_later_day_on_refuses_no_earlier_month(small_book, split):
    refused = Finding("split_in_close", "prices", "DKYC", DAY, refused=True)
    market = split.assign(evidence=("doubt", np.array([str(refused)], dtype=object)))
    with pytest.raises(InputError, match="split of the table of splits"):
        require_sound_market(market, (), "market", pd.Timestamp(DAY))
    require_sound_market(market, (), "market", pd.Timestamp("2025-02-28"))


def test_a_large_constituent_that_one_list_lacks_is_named(small_book, small_market):
    def without(lists):
        last = lists[(lists["index"] == "Large Index") & (lists["date"] == lists["date"].max())]
        ticker = str(last.loc[last["weight"].idxmax(), "ticker"])
        dates = sorted(lists["date"][(lists["index"] == "Large Index") & (lists["ticker"] == ticker)].unique())
        gone.extend((ticker, f"{pd.Timestamp(dates[-2]):%Y-%m-%d}"))
        rest = lists[~((lists["index"] == "Large Index") & (lists["ticker"] == ticker) & (lists["date"] == dates[-2]))]
        total = rest.groupby(["index", "date"])["weight"].transform("sum")
        return rest.assign(weight=rest["weight"] / total)

    gone: list[str] = []
    [each] = one(small_book, with_constituents(small_market, without), "name_gone_once")
    assert [each.finding.subject, each.finding.date] == gone
    assert each.finding.shown.startswith("Large Index, ")


def test_a_stock_called_cash_is_not_the_cash_of_a_portfolio(small_book, small_market):
    period = read_period("2025-03", small_book, small_market)
    tracks = Tracks(small_book, small_market, period)
    [each] = judged([Finding("split_unlisted", "prices", "CASH", DAY, doubt={DAY: -0.5})], Evidence(tracks))
    assert each.harm == 0


def test_an_unknown_entry_is_named_whatever_its_day(small_book, small_market):
    long_ago = {"date": datetime.date(2001, 3, 14)}
    book = accepted(small_book, LOOKED_AT | {"key": "split_unlsted"} | long_ago, LOOKED_AT | long_ago)
    assert {"acceptance_unknown", "acceptance_unused"} <= keys_of(book, small_market)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('ticker = "A"\nindex = "B"\nby = "me"\nwhy = "true"', "has a ticker and an index. Keep one."),
        ('ticker = "A"\nby = " "\nwhy = "true"', "lacks who looked at it (by), or why it stands."),
        ('ticker = "A"\nby = "me"', "missing key 'why'"),
    ],
)
def test_an_entry_says_what_it_is_about_who_and_why(small_copy, entry, message):
    path = small_copy[0] / "book.toml"
    path.write_text(f'{path.read_text()}\n[[accepted]]\nkey = "stale_price"\ntable = "prices"\n{entry}\n')
    with pytest.raises(InputError, match=r"book\.toml: ") as caught:
        at.read_book(path)
    assert message in str(caught.value)


@pytest.fixture(scope="module")
def without_days():
    """Small's market without the prices of some days, with or without the other tables' rows of them."""
    tables = {name: table for name in TABLES if (table := read_table(SMALL, name)) is not None}

    def cut(first: str, last: str, *, others: bool = True):
        between = {n: t["date"].between(first, last) for n, t in tables.items() if n in ("prices", "indices", "rates", "fx")}
        gone = {n: tables[n][~rows] for n, rows in between.items() if n == "prices" or not others}
        return build_market(tables | gone)

    return cut


@pytest.mark.parametrize("others", [True, False])
def test_a_month_of_prices_that_is_missing_is_named_and_refused_in_the_period(small_book, without_days, others):
    market = without_days("2025-02-01", "2025-02-28", others=others)
    (found,) = one(small_book, market, "sessions_missing")
    shown = "2025-02-28, 19" if others else "2025-02-28, 20"  # without the others Presidents' Day is a weekday
    assert (found.finding.date, found.finding.shown) == ("2025-02-03", shown)
    assert found.refused
    told = {}
    for month in ("2025-01", "2025-03"):  # March begins at the last close before it, of January
        tracks = Tracks(small_book, market, read_period(month, small_book, market))
        told[month] = [each.refused for each in book_evidence(tracks) if each.finding.key == "sessions_missing"]
    assert told == {"2025-01": [], "2025-03": [True]}


def test_part_of_a_month_that_is_missing_is_refused_where_it_is_explained(small_book, without_days):
    market = without_days("2025-03-10", "2025-03-18")
    period = read_period("2025-03", small_book, market)
    with pytest.raises(InputError, match=r"no price of anybody .* a file of prices, .*2025-03-10 \(2025-03-18, 7\)"):
        require_sound(book_evidence(Tracks(small_book, market, period)), "small")


@pytest.mark.parametrize("first, last", [("2025-03-10", "2025-03-12"), ("2025-03-10", "2025-03-14")])
def test_a_week_without_prices_is_named_by_a_calendar_alone(small_book, without_days, first, last):
    market = without_days(first, last)
    assert "sessions_missing" not in keys_of(small_book, market)
    book = small_book.model_copy(update={"book": small_book.book.model_copy(update={"calendar": "XNYS"})})
    (found,) = [each for each in one(book, market, "sessions_missing") if each.finding.date >= "2025-03"]
    assert found.finding.date == first and not found.refused


def test_days_on_which_the_exchange_of_the_book_is_closed_are_named(small_book, small_market):
    book = small_book.model_copy(update={"book": small_book.book.model_copy(update={"calendar": "XTKS"})})
    found = [each for each in whole_evidence(book, small_market) if each.finding.key == "closed_exchange"]
    assert {each.finding.date for each in found} >= {"2025-02-11", "2025-03-20"}  # the foundation of Japan, the equinox
    (kind,) = by_kind(found)
    assert "on which XTKS, the calendar of the book, is closed" in read_messages("en").fact("findings", kind.fact)
