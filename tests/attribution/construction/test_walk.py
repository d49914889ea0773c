"""A walk: lists that see nothing of their future, a folder that goes on where it stopped, a book that reports read."""

from __future__ import annotations

import dataclasses
import json
import shutil
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import attribution as at
import attribution.construction.walk as walking
import riskmodel as rm
from attribution.construction.known import strategy_known_by
from attribution.construction.months import walked_months
from attribution.construction.search.log import Log
from attribution.construction.walk_book import trials_known, write_walk
from attribution.construction.walk_folder import WalkFolder
from attribution.construction.walked import Step
from riskmodel.optimisation.errors import ContradictionError, NotFoundError
from riskmodel.optimisation.rules import CashWeight, Excluded, Held, NameWeight, TrackingError, Turnover
from riskmodel.optimisation.search import Effort
from tests.conftest import SMALL, of_few_draws


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_list_sums_to_one_and_is_made_from_what_the_one_before_became(walked, small_market):
    """In pandas, without a function of ours: weights grow with total returns, and cash with the risk-free rate."""
    returns = small_market["total_return"].to_pandas().fillna(small_market["bridged_return"].to_pandas()).fillna(0.0)
    cash = small_market["risk_free"].to_series()
    lists = {date: own.set_index("ticker")["weight"] for date, own in walked.holdings.groupby("date")}
    trades = {date: own.set_index("ticker") for date, own in walked.trades.groupby("date")}
    dates = sorted(lists)
    priced, stopped = small_market["close"].to_pandas().notna(), set()
    assert [len(dates), *(round(own.sum(), 12) for own in lists.values())] == [4, 1, 1, 1, 1]
    for before, date in pairwise(dates):
        own = lists[before]
        days = returns.loc[(returns.index > before) & (returns.index <= date)]
        growth = (1 + days[own.index.drop("CASH", errors="ignore")]).prod()
        growth["CASH"] = (1 + cash.loc[days.index]).prod()
        grown = own * growth.reindex(own.index)
        drifted = grown / grown.sum()
        gone = drifted.index[priced.loc[date].reindex(drifted.index, fill_value=True) == 0]
        stopped |= set(gone)
        drifted = drifted.drop(gone)  # what cannot be traded any more is cash, which costs nothing to spend
        now = lists[date]
        change = now.sub(drifted, fill_value=0.0).drop("CASH", errors="ignore")
        told = trades[date]
        pd.testing.assert_series_equal(
            told["weight_before"].sort_index(),
            drifted.reindex(told.index).fillna(0.0).sort_index(),
            check_names=False, rtol=1e-9, atol=1e-12,
        )  # fmt: skip
        assert change.abs().sum() / 2 <= 0.20 + 1e-6
        assert told["cost"].sum() == pytest.approx(0.001 * change.abs().sum(), rel=1e-6)
    assert stopped == {"0130"}


def test_a_walk_goes_on_where_it_stopped_to_the_same_bytes(tmp_path, strategies, small_model, small_market):
    def walk(end):
        made = at.walk(strategies, "major", small_model, small_market, start="2025-01", end=end, out=tmp_path / "out")
        write_walk(made, small_market)
        return files(tmp_path / "out")

    walk("2025-01")
    (tmp_path / "out" / "lists" / ".2025-01-31.json.new").write_text("{")  # of a walk that was killed as it wrote
    in_parts = walk("2025-02")
    shutil.rmtree(tmp_path / "out")
    at_once = walk("2025-02")
    in_parts.pop("lists/.2025-01-31.json.new", None)
    assert in_parts == at_once


def test_a_folder_of_another_walk_is_refused(tmp_path, strategies, small_model, small_market):
    def walk(book=strategies, strategy="major", start="2025-02", market=small_market):
        return at.walk(book, strategy, small_model, market, start=start, end="2025-02", out=tmp_path / "out")

    walk()
    with pytest.raises(at.InputError, match=r"holds a walk of 'major', not of 'next_major'\. Name another folder\."):
        walk(strategy="next_major")
    other = strategies.strategies["major"].model_copy(update={"cost_bps": 20.0})
    with pytest.raises(at.InputError, match=r"with other settings of the strategy \(cost_bps\)\. Walk into a new folder"):
        walk(strategies.model_copy(update={"strategies": {"major": other}}))
    with pytest.raises(at.InputError, match=r"begins at the close of 2025-01-31, and --from asks for 2024-12-31"):
        walk(start="2025-01")
    spoilt = small_market.assign(close=small_market["close"].where(small_market["time"] > np.datetime64("2024-06-03"), 2.0))
    with pytest.raises(at.InputError, match=r"the data up to 2025-01-31 are not those .* filings, constituents, scores"):
        walk(market=spoilt)
    (tmp_path / "out" / "lists" / "2025-01-31.json").write_text("{}")
    with pytest.raises(at.InputError, match=r"2025-01-31\.json' is damaged\. Remove it and those after it"):
        walk()


ALIKE = [(Held, Excluded, (("VOWZ",),)), (Turnover, TrackingError, (0.2,)), (CashWeight, NameWeight, (0.01, 0.1))]


@pytest.mark.parametrize(("kind", "other", "settings"), ALIKE)
def test_a_rule_of_another_kind_with_the_same_settings_is_another_walk(
    tmp_path, strategies, small_market, kind, other, settings
):
    def opened(rule):
        own = strategies.strategies["major"].model_copy(update={"rules": (rule,)})
        book = strategies.model_copy(update={"strategies": {"major": own}})
        return WalkFolder.opened(tmp_path / "out", book, "major", small_market, Effort())

    opened(kind(*settings))
    opened(kind(*settings))
    with pytest.raises(at.InputError, match=r"other settings of the strategy \(rules\)\. Walk into a new folder"):
        opened(other(*settings))


def test_a_walk_of_another_effort_and_one_that_does_not_say_its_own_are_refused(tmp_path, strategies, small_market):
    def opened(effort):
        return WalkFolder.opened(tmp_path / "out", strategies, "major", small_market, effort)

    opened(Effort(nodes=50))
    with pytest.raises(at.InputError, match=r"a walk of 'major' with other effort \(--nodes\)\. Walk into a new folder"):
        opened(Effort(nodes=60))
    about = json.loads((tmp_path / "out" / "walk.json").read_text(encoding="utf-8"))
    (tmp_path / "out" / "walk.json").write_text(json.dumps({k: v for k, v in about.items() if k != "effort"}))
    with pytest.raises(at.InputError, match=r"made by an earlier version, .* depend on \(effort\), .* a new folder"):
        opened(Effort(nodes=50))


def test_what_a_list_was_made_from_are_scores_sectors_and_rates_too(small_copy, small_market):
    folder, _, _ = small_copy
    close, later = pd.Timestamp("2025-01-31"), pd.Timestamp("2025-02-28")

    def known(value=1.0, market=small_market, at_close=close):
        rows = [(at_close, "VOWZ", "mine", value), (at_close, "VOWZ", "other", 7 * value), (later, "VOWZ", "mine", 3.0)]
        pd.DataFrame(rows, columns=["date", "ticker", "score", "value"]).to_csv(folder / "scores.csv", index=False)
        book = at.read_book(folder / "strategies.toml")
        own = book.strategies["major"].model_copy(update={"score": "mine"})
        return strategy_known_by(book.model_copy(update={"strategies": {"major": own}}), "major", market, close)

    first = known()
    assert known() == first
    assert known(2.0) != first
    assert known(at_close=pd.Timestamp("2025-01-30")) != first
    assert known(market=small_market.assign(sector=small_market["sector"].str.upper())) != first
    assert known(market=small_market.assign(risk_free=small_market["risk_free"] + 1e-5)) != first
    after = small_market["time"] > np.datetime64(close)
    assert known(market=small_market.assign(risk_free=small_market["risk_free"].where(~after, 0.1))) == first


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NotFoundError("rules: no list was found", 0.5, 7), r"rules: no list was found"),
        (ContradictionError("rules: no list keeps names", ("names",), ()), r"rules: no list keeps names"),
        (at.InputError("scores: no score 'mine'"), r"scores: no score 'mine'"),
    ],
)
def test_what_ends_a_walk_is_said_with_the_strategy_and_the_close(
    monkeypatch, strategies, small_model, small_market, error, message
):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(f"{walking.__name__}.strategy_task", fails)
    with pytest.raises(type(error), match=rf"^\[strategies\.major\] at the close of 2025-01-31: {message}$"):
        at.walk(strategies, "major", small_model, small_market, start="2025-02", end="2025-02")


def test_each_rule_at_each_list_is_a_row(walked):
    kept = walked.kept.set_index(["date", "rule"])
    assert kept["kept"].all() and set(kept.index.get_level_values("date")) == set(walked.holdings["date"])
    names = kept.xs("names", level="rule")
    held = walked.holdings[walked.holdings["ticker"] != "CASH"].groupby("date")["ticker"].nunique()
    assert names["value"].tolist() == held.tolist() and names["most"].tolist() == [25.0] * 4
    assert "turnover" not in kept.loc[kept.index[0][0]].index  # the first list is bought from nothing


def logged(folder, *scores, key="a", out=0.25):
    """A search of some scores in the log of a folder."""
    rows = {"strategy": "major", "key": key, "figure": "sortino", "from": "2024-03", "held_out_from": "2024-12"}
    frame = pd.DataFrame({"score": scores}).assign(**rows, to="2025-03", trials=len(scores), trials_so_far=len(scores))
    Log.read(folder / "major", "major").added(frame.assign(simulated_in_sample=1.5, simulated_out_of_sample=out))


def test_what_was_tried_beside_a_walk_is_counted_once_and_its_own_score_is_the_counterpart(tmp_path, strategies):
    own = " + ".join(sorted(strategies.strategies["major"].score))
    folder = tmp_path / "walk"
    known = trials_known(strategies, "major", folder)
    assert (known.walks, known.searched, known.counterpart) == (1, 0, None)
    logged(tmp_path / "searches", "value", "size", own)
    logged(tmp_path / "searches", own, "value", out=float("nan"))
    logged(tmp_path / "more", "value", key="b")
    for name, content in {"walk": 1, "one": 2, "two": 3, "again": 3}.items():  # two of them of the same settings
        (tmp_path / name).mkdir()
        (tmp_path / name / "walk.json").write_text(json.dumps({"strategy": "major", "settings": content}))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "walk.json").write_text(json.dumps({"strategy": "next_major"}))
    known = trials_known(strategies, "major", folder)
    assert (known.walks, known.searched) == (3, 4)
    found = known.counterpart
    assert (found.figure, found.in_sample, found.out_of_sample, found.months) == ("sortino", 1.5, 0.25, "2024-12/2025-03")
    assert trials_known(strategies, "major", folder, tmp_path / "more").searched == 1
    assert [fact.key for fact in known.facts] == ["walk_of", "walk_trials", "walk_counterpart"]
    with pytest.raises(at.InputError, match=r"--searches: '.*nowhere' has no log major/trials\.csv"):
        trials_known(strategies, "major", folder, tmp_path / "nowhere")
    (tmp_path / "more" / "major" / "trials.csv").write_text("spoilt")
    with pytest.raises(at.InputError, match=r"a log of searches of 'major' cannot be read: .* the right one: --searches"):
        trials_known(strategies, "major", folder)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path, strategies, small_model, small_market):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(at.InputError, match=r"holds files, and no walk\. Name a new folder\."):
        at.walk(strategies, "major", small_model, small_market, start="2025-02", end="2025-02", out=tmp_path)
    assert files(tmp_path) == {"notes.txt": b"mine"}
    with pytest.raises(at.InputError, match="lies in the data folder"):
        at.walk(strategies, "major", small_model, small_market, start="2025-02", end="2025-02", out=SMALL / "walk")
    assert not (SMALL / "walk").exists()


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("2025-03", "2025-01", r"--to 2025-01 is before --from 2025-03\. Write the earlier month first\."),
        ("2020-01", "2025-01", r"months 2020-01 to 2025-01 are outside the prices, which run from "),
        ("March", "2025-01", r"start \(--from\) 'March': write a month as YYYY-MM\."),
    ],
)
def test_months_that_cannot_be_walked_are_refused(strategies, small_model, small_market, start, end, message):
    with pytest.raises(at.InputError, match=message):
        at.walk(strategies, "major", small_model, small_market, start=start, end=end)


def test_a_list_is_held_by_a_file_to_the_last_bit(walked):
    for step in walked.steps:
        assert Step.from_plain(json.loads(json.dumps(step.as_plain()))) == step


def test_a_remark_counts_lists_and_no_list_twice(walked):
    first, *others = walked.steps
    twice = dataclasses.replace(first, facts=('no_score_of {"names": 1, "of": 9}',) * 2)
    made = dataclasses.replace(walked, steps=(twice, *(dataclasses.replace(step, facts=()) for step in others)))
    assert [remark.split(",")[0] for remark in made.remarks] == ["1 of 4 lists"]


def test_the_book_of_a_walk_is_explained_with_its_rules_as_rows(tmp_path, strategies, small_model, small_market):
    made = at.walk(strategies, "major", small_model, small_market, start="2025-02", end="2025-03", out=tmp_path / "w")
    book = write_walk(made, small_market)
    months = walked_months(book, made, small_model, small_market)
    assert months.table["month"].tolist() == ["2025-02", "2025-03"]
    assert months.table["identities"].max() < 1e-12
    assert "Number of trials known behind these figures: 1 (" in " ".join(months.sentences)
    summed = months.rules.groupby("month")["contribution"].sum()
    np.testing.assert_allclose(summed, months.table["excess"], atol=1e-12)
    result = at.attribute(book, "major", small_model, small_market, period="2025-03")
    assert result.excess_return == pytest.approx(months.table["excess"].iloc[-1], abs=1e-12)
    assert result.by("factor")["trading"] == pytest.approx(months.table["trading"].iloc[-1], abs=1e-12)
    cost = made.trades.groupby("date")["cost"].sum().iloc[-1]
    assert months.table["trading"].iloc[-1] == pytest.approx(-cost, rel=0.1)  # linked, and of a portfolio that earns


@pytest.mark.slow
def test_nothing_of_the_future_moves_a_list(small_copy, strategies, small_model, small_market):
    """Prices, filings, estimates, share counts and lists of later days are others, from the raw tables on."""
    known = pd.Timestamp("2025-01-31")
    folder, read, write = small_copy
    changed = {
        "prices": ("date", ["total_return", "volume"]),
        "fundamentals": ("available_from", ["net_income", "equity"]),
        "earnings": ("announced", ["eps_actual"]),
        "shares": ("available_from", ["shares_out"]),
        "constituents": ("date", []),
    }
    for table, (day, columns) in changed.items():
        frame = read(table)
        later = frame[day] > known
        for column in columns:
            frame[column] = frame[column].where(~later, frame[column] * 0.5)
        write(table, frame[~later] if table == "constituents" else frame)
    market = rm.read_market(folder)
    model = of_few_draws(rm.RiskModel().fit(market))
    asked = {"start": "2025-01", "end": "2025-02"}
    before = at.walk(strategies, "major", small_model, small_market, **asked)
    after = at.walk(strategies, "major", model, market, **asked)
    pd.testing.assert_frame_equal(after.holdings, before.holdings, rtol=1e-6)
    pd.testing.assert_frame_equal(after.rungs, before.rungs, rtol=1e-6)
