"""The commands as a user runs them on the real market: a new process each, from the files to the pages, in yardsticks."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.benchmarks.commands import copied_until, cost_of, median_cost, yardstick
from tests.benchmarks.measure import lines_of
from tests.conftest import REAL

pytestmark = [pytest.mark.slow, pytest.mark.real_market]
MONTH, DATE, COURSE = "2016-06", "2016-06-30", "Major 100"
LAST, BEFORE = "2016-09", pd.Timestamp("2016-08-31")  # the last month of the tables
ATTRIBUTION = ("-m", "attribution")
RUNS = 3


def test_reports_and_risk_of_the_real_market(capsys, tmp_path):
    book, cache, out = str(REAL / "book.toml"), tmp_path / "cache", str(tmp_path / "out")
    report = (*ATTRIBUTION, "report", book, "--month", MONTH, "--out", out)
    risk = (*ATTRIBUTION, "risk", book, COURSE, "--date", DATE)
    commands = {
        "report, all editions, languages and formats, empty cache": (report, 1),
        "the same, model in its store": (report, 1),
        "client edition alone, pages": ((*report, "--edition", "client", "--format", "html"), RUNS),
        "risk of one course, on the terminal": (risk, RUNS),
        "the same without earlier closes, as CSV": ((*risk, "--format", "csv"), RUNS),
        "attribution --help": ((*ATTRIBUTION, "--help"), RUNS),
    }
    rows, taken = [], {}
    for label, (command, runs) in commands.items():
        cost, loop = median_cost(command, cache, runs)
        taken[label] = cost.cpu
        rows.append(
            (label, f"{cost.cpu / loop:6.2f} yardsticks: {cost.cpu:6.2f} of {loop:.2f} s, peak {cost.peak:,.0f} MiB")
        )
    with capsys.disabled():
        print(lines_of(f"commands on the real market, {MONTH}, CPU, medians of {RUNS}; reports of one run", rows))


def test_a_month_more_in_the_tables(capsys, tmp_path):
    cache, folder = tmp_path / "cache", tmp_path / "book"
    fit = (*ATTRIBUTION, "fit", str(folder / "book.toml"))
    client = (*ATTRIBUTION, "report", str(folder / "book.toml"), "--edition", "client", "--format", "html")
    client += ("--month", LAST, "--out", str(tmp_path / "out"))
    copied_until(REAL, folder, BEFORE)
    loop, first = yardstick(), cost_of(fit, cache)
    copied_until(REAL, folder, pd.Timestamp.max)
    steps = {
        "fit of all sessions until the month before": first,
        "fit of the month more": cost_of(fit, cache),
        "the client edition after it": cost_of(client, cache),
        "the same again": cost_of(client, cache),
    }
    rows = [(label, f"{cost.cpu / loop:6.2f} yardsticks: {cost.cpu:6.2f} s") for label, cost in steps.items()]
    with capsys.disabled():
        print(lines_of(f"a month more, the yardstick {loop:.2f} s", rows))
