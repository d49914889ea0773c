"""The log of searches: nothing tried is forgotten, nothing is counted twice, and nothing damaged is taken."""

from __future__ import annotations

import pandas as pd
import pytest

from attribution.construction.search.judged import Earlier
from attribution.construction.search.log import FILE, KINDS, Log, search_key
from riskmodel.errors import InputError


def rows(scores: list[str], key: str = "a", figure: str = "sortino", held: str = "2016-01", to: str = "2016-12"):
    values = {"strategy": "major", "key": key, "figure": figure, "from": "2014-01", "held_out_from": held, "to": to}
    frame = pd.DataFrame({"score": scores}).assign(**values, trials=len(scores), trials_so_far=len(scores))
    return frame.assign(simulated_in_sample=[1 / 3 + k for k in range(len(scores))], simulated_out_of_sample=float("nan"))


def test_trials_are_counted_over_all_searches_and_those_tried_again_once(tmp_path):
    log = Log.read(tmp_path / "major", "major")
    assert log.earlier("a", "sortino", ["x"], "2016-01", "2016-12") == Earlier(0, 0)
    log.added(rows(["x", "y"])).added(rows(["y", "- z"])).added(rows(["y"], figure="sharpe", held="2015-01", to="2015-12"))
    again = Log.read(tmp_path / "major", "major")
    assert again.table["score"].tolist() == ["x", "y", "y", "- z", "y"]  # which a spreadsheet would take for a formula
    assert again.table["search"].tolist() == [1, 1, 2, 2, 3] and list(again.table) == list(KINDS)
    assert again.earlier("a", "sortino", ["x", "w"], "2016-01", "2016-12") == Earlier(trials=3, looks=2)
    assert again.earlier("b", "sortino", ["x", "w"], "2017-01", "2017-12") == Earlier(trials=4, looks=0)
    assert again.earlier("a", "sharpe", ["y"], "2015-12", "2016-11") == Earlier(trials=3, looks=3)
    pd.testing.assert_frame_equal(again.added(rows(["v"])).table, Log.read(tmp_path / "major", "major").table)
    assert again.table["simulated_in_sample"].tolist()[:2] == [1 / 3, 4 / 3]


def test_what_a_search_depends_on_makes_its_key():
    assert search_key({"a": 1, "b": "x"}) == search_key({"b": "x", "a": 1}) != search_key({"a": 2, "b": "x"})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text[:-9], "is damaged"),
        (lambda text: "\n".join([*text.splitlines()[:2], ""]), "is damaged: a search in it has not the rows that it says"),
        (lambda text: "\n".join([text.splitlines()[0], *text.splitlines()[3:], ""]), "is damaged"),
        (lambda text: text.replace("2016-12", "soon"), "is damaged"),
        (lambda text: text.replace(",2,", ",two,", 1), "is damaged: a number of it cannot be read"),
        (lambda text: text.replace("major", "minor", 1), "is damaged"),
        (lambda text: text.replace("major", "minor"), "is the log of the strategy minor, not of 'major'"),
        (lambda text: "ticker,weight\nA,1\n", "is no log of searches: its columns are ticker, weight"),
        (lambda text: text.replace("score", '"score', 1), "is no"),
    ],
)
def test_a_log_that_is_damaged_or_of_something_else_is_refused(tmp_path, spoil, message):
    Log.read(tmp_path, "major").added(rows(["x", "y"])).added(rows(["z"]))
    (tmp_path / FILE).write_text(spoil((tmp_path / FILE).read_text()))
    with pytest.raises(InputError) as caught:
        Log.read(tmp_path, "major")
    assert message in str(caught.value)


def test_bytes_that_are_no_text_and_two_searches_at_once_are_refused(tmp_path):
    log, other = Log.read(tmp_path, "major"), Log.read(tmp_path, "major")
    log.added(rows(["x"]))
    with pytest.raises(InputError, match="another search wrote to"):
        other.added(rows(["y"]))
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read as text"):
        Log.read(tmp_path, "major")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot write"):
        Log(tmp_path / "file" / FILE, pd.DataFrame(), "").added(rows(["y"]))
