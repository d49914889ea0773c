"""The list of a strategy at a close: what it is made from, what it keeps, what it says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.construction.kept import rule_table
from attribution.construction.ladder import ladder
from attribution.construction.scores import factor_scores, own_scores
from attribution.construction.task import strategy_task
from attribution.construction.words import WORDS
from riskmodel.optimisation.errors import ContradictionError
from riskmodel.optimisation.rules import Excluded, FixedWeights, GroupBand, Held, NameCount, Turnover

DATE = "2025-02-28"


@pytest.fixture(scope="module")
def made(strategies, small_model, small_market):
    return at.construct(strategies, "major", small_model, small_market, date=DATE)


def with_strategy(book, **changes):
    own = book.strategies["major"].model_copy(update=changes)
    return book.model_copy(update={"strategies": {"major": own}})


def test_the_list_keeps_every_rule_and_is_proved(made):
    rules = rule_table(made).set_index(["rule", "of"])
    assert rules["kept"].all()
    assert made.optimum.certificate.proved
    weights = made.weights
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert 20 <= (weights.drop("CASH", errors="ignore") > 0).sum() <= 25


def test_scores_are_standard_deviations_and_their_parts_add_up(made, small_model):
    score = made.task.score
    assert score.mean() == pytest.approx(0, abs=1e-12)
    assert score.std(ddof=0) == pytest.approx(1, abs=1e-12)
    own = small_model.exposures.sel(time=DATE, asset=score.index, factor=list(made.task.settings.score)).to_pandas()
    by_hand = (own.sum(axis=1) - own.sum(axis=1).mean()) / own.sum(axis=1).std(ddof=0)
    pd.testing.assert_series_equal(score, by_hand, rtol=1e-12, check_names=False)


def test_the_rules_hold_against_the_tables_themselves(made, small_market):
    weights = made.optimum.weights.drop("CASH")
    sector = small_market["sector"].to_series()
    active = weights.sub(made.task.benchmark, fill_value=0.0)
    assert active.groupby(sector.reindex(active.index)).sum().abs().max() <= 0.05 + 1e-7
    assert weights.max() <= 0.10 + 1e-7
    assert weights[weights > 0].min() >= 0.005 - 1e-7
    table = made.table.set_index("ticker")
    assert (table["weight"] - table["weight_before"]).abs().sum() / 2 <= 0.20 + 1e-7


def test_what_is_held_before_is_the_sleeves_own_list_as_it_drifted(made, strategies, small_model, small_market):
    result = at.attribute(strategies, "major", small_model, small_market, period="2025-02")
    closing = result.followed.invested()["portfolio_weight"].to_series()
    before = made.table.set_index("ticker")["weight_before"]
    pd.testing.assert_series_equal(
        before[before != 0].sort_index(), closing[closing != 0].sort_index(), check_names=False, rtol=1e-12
    )


def test_nothing_after_the_close_is_looked_at(strategies, small_model, small_market, made):
    later = small_market["time"] > np.datetime64(DATE)
    spoilt = small_market.assign(
        {
            name: small_market[name].where(~later, small_market[name] * 1.7)
            for name in ("total_return", "close", "market_cap")
        }
    )
    after = small_market["constituent_date"] > np.datetime64(DATE)
    spoilt["constituent_weight"] = spoilt["constituent_weight"].where(~after, 0.5)
    data = small_model.data
    of_model = type(small_model)(
        data=data.assign(
            exposures=data["exposures"].where(~later, 0.3), factor_returns=data["factor_returns"].where(~later, 0.01)
        ),
        settings=small_model.settings,
    )
    again = at.construct(strategies, "major", of_model, spoilt, date=DATE)
    pd.testing.assert_frame_equal(again.table, made.table)


def test_what_if_fixes_weights_and_costs_something(made, strategies, small_model, small_market):
    best = made.weights.drop("CASH", errors="ignore").index[0]
    other = made.with_fixed({best: 0.0})
    assert other.optimum.weights[best] == 0
    assert other.optimum.certificate.value <= made.optimum.certificate.value + 1e-9
    with pytest.raises(at.InputError, match=r"what-if: 1 name that the strategy may not hold .*: NOBODY"):
        at.construct(strategies, "major", small_model, small_market, date=DATE, what_if={"NOBODY": 0.1})


def test_the_ladder_of_a_what_if_ends_with_its_own_list(made):
    best = made.weights.drop("CASH", errors="ignore").index[0]
    other = made.with_fixed({best: 0.0})
    rungs = ladder(other.task, made=other.optimum)
    assert list(rungs.rungs)[-2:] == ["turnover", "fixed"]
    assert rungs.rungs["fixed"] is other.optimum
    fixed = rule_table(other).set_index("rule").loc["fixed"]
    assert (fixed["of"], fixed["value"], bool(fixed["kept"])) == (best, 0.0, True)


def test_names_without_an_issuer_are_each_a_group_of_their_own(strategies, small_model, small_market):
    from riskmodel.optimisation.rules import GroupLimit

    names = small_market.get_index("asset")
    issuer = pd.Series("", names)
    issuer[list(names[:2])] = "One"
    market = small_market.assign(issuer=("asset", issuer.to_numpy(object)))
    book = with_strategy(strategies, rules=(GroupLimit("issuer", most=0.06, names=1),))
    made = at.construct(book, "major", small_model, market, date=DATE)
    groups = made.task.groups["issuer"]
    assert groups[groups != "One"].is_unique and groups.notna().all()
    assert made.optimum.weights.drop("CASH").max() <= 0.06 + 1e-7


def test_a_ladder_begins_with_the_score_alone_and_ends_with_the_list(made):
    rungs = ladder(made.task, made=made.optimum)
    assert list(rungs.rungs) == ["score", "weight", "band of sector", "names", "volatility against Large Index", "turnover"]
    values = [optimum.certificate.value for optimum in rungs.rungs.values()]
    assert all(lower <= upper + 1e-4 * abs(upper) for upper, lower in pairwise(values))
    assert rungs.rungs["turnover"] is made.optimum
    assert rungs.weights.groupby("rung")["weight"].sum().to_numpy() == pytest.approx(1)


def test_rules_that_contradict_each_other_are_named(strategies, small_model, small_market):
    from attribution.portfolio.settings.strategies import Universe
    from riskmodel.optimisation.rules import NameCount, NameWeight

    few = Universe(largest=60)  # so that each of the problems tried is a small one
    book = with_strategy(strategies, rules=(NameWeight(most=0.02), NameCount(20, 25)), universe=few)
    with pytest.raises(ContradictionError) as caught:
        at.construct(book, "major", small_model, small_market, date=DATE)
    assert set(caught.value.rules) == {"weight", "names", "cash"}  # with more in cash, 25 names at 2 % would do


@pytest.mark.parametrize(
    ("changes", "date", "message"),
    [
        ({}, "2025-03-01", r"date 2025-03-01 is not a session .* The session before it is 2025-02-28\."),
        ({}, "tomorrow", r"date 'tomorrow': write a day as YYYY-MM-DD\."),
        ({"score": {"charm": 1.0}}, DATE, r"score: no factor 'charm' with a forecast at this close\. There are: "),
        ({"score": "mine"}, DATE, r"scores: no table of scores, and score = 'mine' asks for one\. Add it"),
        (
            {"held": "nobody"},
            DATE,
            r"holdings: no portfolio 'nobody', which held in \[strategies\.major\] asks for\. Found: ",
        ),
    ],
)
def test_what_a_strategy_cannot_be_solved_for_is_said(strategies, small_model, small_market, changes, date, message):
    with pytest.raises(at.InputError, match=message):
        at.construct(with_strategy(strategies, **changes), "major", small_model, small_market, date=date)


def test_an_unknown_strategy_is_told_with_those_there_are(strategies, small_book, small_model, small_market):
    with pytest.raises(at.InputError, match=r"unknown strategy 'minor'\. The book has: major, next_major\."):
        at.construct(strategies, "minor", small_model, small_market, date=DATE)
    with pytest.raises(at.InputError, match=r"The book has: none; docs/reference/strategies\.md"):
        at.construct(small_book, "major", small_model, small_market, date=DATE)


@pytest.mark.parametrize("universe", ["market", {"largest": 100}, {"constituents": "Small Index"}])
def test_a_universe_is_what_it_says_at_the_close(strategies, small_model, small_market, universe):
    from attribution.portfolio.settings.strategies import Universe

    known = Universe(**universe) if isinstance(universe, dict) else universe
    task = strategy_task(with_strategy(strategies, universe=known), "major", small_model, small_market, date=DATE)
    cap = small_market["market_cap"].sel(time=DATE).to_series().sort_values(ascending=False)
    if universe == {"largest": 100}:
        assert set(task.score.index) <= set(cap.index[:100])
    assert len(task.score) > 50


def test_scores_of_ones_own_are_the_last_known_ones():
    dates = pd.to_datetime(["2025-01-31", "2025-02-28", "2025-03-31"]).repeat(3)
    table = pd.DataFrame({"date": dates, "ticker": list("ABC") * 3, "score": "mine", "value": [1, 2, 3, 6, 5, 1, 9, 9, 0.0]})
    names = pd.Index(list("ABD"), name="asset")
    found, facts = own_scores(table, "mine", pd.Timestamp("2025-03-14"), names, names)
    assert found["mine"].to_dict() == {"A": 1.0, "B": -1.0}
    assert [(fact.key, fact.values["names"]) for fact in facts] == [("no_score_of", 1), ("scores_of_nobody", 1)]
    assert facts[1].values["tickers"] == ("C",)
    with pytest.raises(at.InputError, match=r"scores: no 'mine' of the 45 days up to 2025-06-30: the last is of 2025-03-31"):
        own_scores(table, "mine", pd.Timestamp("2025-06-30"), names, names)
    with pytest.raises(at.InputError, match=r"the first is of 2025-01-31"):
        own_scores(table, "mine", pd.Timestamp("2025-01-30"), names, names)
    with pytest.raises(at.InputError, match=r"scores: no score 'yours'\. The table has: mine\."):
        own_scores(table, "yours", pd.Timestamp("2025-03-31"), names, names)


def test_each_name_has_its_newest_score_and_what_is_old_or_far_is_said():
    """B alone is brought anew, C's is taken away, D's is too old; E is a million where the others are a few."""
    rows = [("2025-01-31", name, value) for name, value in zip("ABCEFGH", (1, 2, 3, 1e6, 2, 4, 5), strict=True)]
    rows += [("2025-02-28", "B", 8.0), ("2025-02-28", "C", np.nan), ("2024-12-31", "D", 4.0), ("2025-03-31", "A", 9.0)]
    table = pd.DataFrame(rows, columns=["date", "ticker", "value"]).assign(score="mine")
    table["date"] = pd.to_datetime(table["date"])
    names = pd.Index(list("ABCDEFGH"), name="asset")
    found, facts = own_scores(table, "mine", pd.Timestamp("2025-03-03"), names, names)
    raw = pd.Series({"A": 1, "B": 8, "E": 1e6, "F": 2, "G": 4, "H": 5.0})
    pd.testing.assert_series_equal(found["mine"], (raw - raw.mean()) / raw.std(ddof=0), check_names=False)
    told = {fact.key: fact for fact in facts}
    assert list(told) == ["no_score_of", "scores_older", "scores_far"]
    assert told["scores_older"].values == {"score": "mine", "names": 5, "of": 6, "date": "2025-02-28", "days": 31}
    assert told["scores_far"].words(WORDS).endswith("(1e+06 the furthest), and count as they are: E")


def test_names_that_score_the_same_are_refused():
    with pytest.raises(at.InputError, match="score: all 2 names score the same"):
        factor_scores(pd.DataFrame({"value": [1.0, 1.0]}, ["A", "B"]), {"value": 1.0})


def test_a_name_that_is_not_there_is_left_out_anyway(strategies, small_model, small_market, made):
    best = str(made.weights.index[0])
    absent = str(small_market.get_index("asset").difference(made.task.score.index.union(made.task.benchmark.index))[0])
    rules = (*strategies.strategies["major"].rules, Excluded((absent, best)))
    other = at.construct(with_strategy(strategies, rules=rules), "major", small_model, small_market, date=DATE)
    assert other.weights.get(best, 0.0) == 0
    told = {fact.key: fact.values for fact in other.facts}
    assert told["excluded_absent"] == {"names": 1, "of": 2, "tickers": (absent,)}


@pytest.mark.parametrize("rule", [Excluded(("VOWX",)), Held(("VOWX",)), FixedWeights({"VOWX": 0.0})])
def test_a_name_that_is_nowhere_is_misspelt(strategies, small_model, small_market, rule):
    book = with_strategy(strategies, rules=(rule,))
    with pytest.raises(
        at.InputError, match=rf"'{rule.key}' in \[strategies\.major\]: 1 name that neither .*: VOWX\. .*VOWZ"
    ):
        strategy_task(book, "major", small_model, small_market, date=DATE)


def test_rules_that_no_list_breaks_are_told(strategies, small_model, small_market):
    rules = (GroupBand("sector", 2.0), Turnover(1.0), NameCount(most=25))
    task = strategy_task(with_strategy(strategies, rules=rules), "major", small_model, small_market, date=DATE)
    told = {fact.key: fact.values for fact in task.facts}
    assert told["rules_without_effect"] == {"rules": ("band of sector", "turnover")}


def test_a_benchmark_that_is_a_reference_too_is_looked_at_once(strategies, small_model, small_market):
    task = strategy_task(strategies, "major", small_model, small_market, date=DATE)
    assert task.references["Large Index"] is task.benchmark  # so that what it lacks is one fact


@pytest.mark.parametrize("largest", [None, 100])
def test_the_benchmark_is_that_which_a_report_follows(strategies, small_model, small_market, largest):
    """In the middle of a month too, where lists have drifted since they began to count."""
    from attribution.construction.closing import Closing

    book = strategies
    if largest is not None:
        rule = type(book.benchmarks["Large Index"])(largest=largest)
        book = book.model_copy(update={"benchmarks": {**book.benchmarks, "Large Index": rule}})
    result = at.attribute(book, "major", small_model, small_market, period="2025-03")
    sessions = result.cube.days
    day, after = sessions[9], sessions[10]
    found = Closing.at(book, small_market, day).benchmark("Large Index")
    followed = result.cube.benchmark_live.sel(time=after).to_series()
    followed = followed[followed != 0]
    pd.testing.assert_series_equal(found.reindex(followed.index), followed, check_names=False, rtol=1e-9)
