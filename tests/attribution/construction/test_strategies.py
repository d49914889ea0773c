"""[strategies.NAME]: what a book may say of one, and what is answered where it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

import attribution as at
from riskmodel.optimisation.rules import GroupBand, NameCount, NameWeight, Turnover

BENCHMARK = 'benchmark = "Large Index"\n'
STRATEGY = f"[strategies.quality]\n{BENCHMARK}score = {{ profitability = 1, value = -0.5 }}\n"


def with_text(book: Path, text: str) -> Path:
    path = book / "book.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    return path


def test_a_strategy_is_read_with_its_rules_in_their_order(small_copy):
    rules = (
        'rules = [{ rule = "turnover", most = 0.2 }, { rule = "weight", most = 0.1 }, '
        '{ rule = "band", grouping = "sector", within = 0.05 }, { rule = "names", least = 20, most = 25 }]\n'
    )
    strategy = at.read_book(with_text(small_copy[0], STRATEGY + rules)).strategies["quality"]
    assert strategy.score == {"profitability": 1.0, "value": -0.5}
    assert strategy.rules == (Turnover(0.2), NameWeight(most=0.1), GroupBand("sector", 0.05), NameCount(20, 25))
    assert strategy.aversion == 1.0
    assert strategy.universe == "benchmark"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[strategies.quality]\nbenchmark = "Nikkei"\nscore = { value = 1 }\n',
            "book.toml: [strategies.quality] names the benchmark 'Nikkei', which is not in [benchmarks]. Known: "
            "Large Index, Small Index.",
        ),
        (
            STRATEGY + "risk_aversion = 1\ntracking_error = 0.05\n",
            "book.toml: [strategies.quality] has risk_aversion and tracking_error. Keep one: a charge for risk, or the most "
            "of it.",
        ),
        (
            STRATEGY + 'tracking_error = 0.05\nrules = [{ rule = "tracking_error", most = 0.04 }]\n',
            "book.toml: [strategies.quality] has tracking_error as a key and as a rule. Keep one: under the key the score "
            "alone decides, under the rule the charge for risk stays.",
        ),
        (
            STRATEGY + 'rules = [{ rule = "volatility", upper = 1.1, reference = "Nikkei" }]\n',
            "book.toml: a rule 'volatility' of [strategies.quality] has reference = 'Nikkei', which is not in [benchmarks]. "
            "Known: Large Index, Small Index.",
        ),
        (
            STRATEGY + 'rules = [{ rule = "weights", most = 0.1 }]\n',
            "book.toml: 'rules' in [strategies.quality]: rules: no rule 'weights'. Known: names, weight, cash, band, group, "
            "exposure, volatility, tracking_error, turnover, held, excluded, fixed.",
        ),
        (
            STRATEGY + 'rules = [{ rule = "weight", most = 10 }]\n',
            "book.toml: 'rules' in [strategies.quality]: weight: most is 10; it must be a decimal above 0 and up to 1 "
            "(0.10 is 10 %).",
        ),
        (
            STRATEGY + 'rules = [{ rule = "band", grouping = "sector" }]\n',
            "book.toml: 'rules' in [strategies.quality]: rules: 'band' needs 'within'.",
        ),
        (
            STRATEGY + 'rules = [{ rule = "band", grouping = "sector", width = 0.1 }]\n',
            "book.toml: 'rules' in [strategies.quality]: rules: 'band' has no setting 'width'. It has: grouping, within.",
        ),
        (
            STRATEGY + 'rules = [{ rule = "excluded", names = ["A"] }, { rule = "fixed", weights = { A = 0.1 } }]\n',
            "book.toml: 'rules' in [strategies.quality]: fixed: a weight of 0.1 is given to A, which 'excluded' leaves out. "
            "Take the name out of one of the two.",
        ),
        (
            STRATEGY + 'rules = [{ rule = "fixed", weights = { A = 0 } }, { rule = "held", names = ["A"] }]\n',
            "book.toml: 'rules' in [strategies.quality]: fixed: a weight of 0 is given to A, which 'held' wants in the "
            "list. Take the name out of one of the two.",
        ),
        (
            STRATEGY + 'rules = [{ rule = "held", names = "A" }]\n',
            "book.toml: 'rules' in [strategies.quality]: held: names is 'A'; give a list of names, such as [\"A\", \"B\"].",
        ),
        (
            STRATEGY + "rules = { weight = 0.1 }\n",
            "book.toml: 'rules' in [strategies.quality]: of type dict; give a list: [{ rule = \"weight\", "
            "most = 0.10 }, ...].",
        ),
        (
            f"[strategies.quality]\n{BENCHMARK}score = {{}}\n",
            "book.toml: 'score' in [strategies.quality]: an empty table; give factors and their weights, such as "
            "{ profitability = 1 }.",
        ),
        (
            STRATEGY + "universe = {}\n",
            "book.toml: 'universe' in [strategies.quality] needs one of the two: constituents = \"...\" (an index of the "
            'table constituents), largest = 500 (the largest companies); or write "benchmark" or "market".',
        ),
        (
            STRATEGY + "cost_bps = -1\n",
            "book.toml: 'cost_bps' in [strategies.quality]: -1; give basis points from 0 to 1,000 (10 is 0.10 %).",
        ),
    ],
)
def test_what_a_strategy_may_not_say_is_refused_with_what_it_may(small_copy, text, message):
    with pytest.raises(at.InputError) as caught:
        at.read_book(with_text(small_copy[0], text))
    assert str(caught.value) == message


def test_a_sleeve_has_the_strategy_of_its_key_or_the_one_that_it_names(small_copy):
    book = at.read_book(with_text(small_copy[0], STRATEGY.replace("quality", "major")))
    assert book.strategy_of("major") == "major"
    assert [book.strategy_of(sleeve) for sleeve in book.sleeves if sleeve != "major"] == [None] * (len(book.sleeves) - 1)
