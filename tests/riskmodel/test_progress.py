"""Progress: nothing, a function, or a bar on a terminal of whatever width; the same way everywhere."""

from __future__ import annotations

import fcntl
import inspect
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable

import pytest

import attribution as at
import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.progress import inside, silent, stages
from tests.conftest import ROOT

TAKES_LONG = (
    rm.read_market,
    rm.RiskModel.fit,
    rm.RiskModel.update,
    rm.RiskModelResults.forecast,
    rm.validate,
    at.attribute,
    at.attribute_accounts,
    at.report,
    at.prepare_report,
    at.audit_report,
)
NAMES = ["market", "大型クオリティ（架空）の要因分析を計算", "model: value", "a course whose name is longer than any column"]
SCRIPT = f"""
from riskmodel.progress import stages
with stages(True, 3) as step:
    for name in {NAMES!r}:
        step(name)
print("done")
"""


def on_a_terminal(command: list[str], rows: int, columns: int, asked: str | None) -> tuple[int, str, str]:
    """Exit code, standard output and what a terminal of a size was shown on standard error."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment |= {"TERM": "dumb", "PYTHONIOENCODING": "utf-8"} | ({} if asked is None else {"COLUMNS": asked})
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, env=environment, cwd=ROOT, text=True) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                block = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not block:
                break
            shown += block
        printed = process.stdout.read() if process.stdout is not None else ""
    os.close(master)
    return process.returncode, printed, shown.decode()


@pytest.mark.parametrize(
    ("columns", "asked"), [(0, None), (0, "0"), (0, "wide"), (80, None), (25, None), (1, None), (400, None), (0, "40")]
)
def test_a_bar_is_drawn_on_a_terminal_of_any_width_known_or_not(columns: int, asked: str | None) -> None:
    code, printed, shown = on_a_terminal([sys.executable, "-c", SCRIPT], 24 * (columns > 0), columns, asked)
    assert (code, printed) == (0, "done\n") and "Traceback" not in shown
    lines = [line for line in re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9]*[A-Z]", "", shown)) if line.strip()]
    assert any("market" in line for line in lines) and any("3/3" in line or "2/3" in line for line in lines)
    width = int(asked) if asked == "40" else columns or 80
    room = max(20, min(width, 100) - 1)
    sizes = [sum(2 if ord(letter) > 0x2E7F and ord(letter) < 0xFFE0 else 1 for letter in line.rstrip()) for line in lines]
    assert max(sizes) <= room


def test_a_command_shows_its_progress_on_a_terminal_and_prints_the_same() -> None:
    command = [sys.executable, "-m", "attribution", "check", "fixtures/small/book.toml", "--format", "csv"]
    code, printed, shown = on_a_terminal(command, 0, 0, None)
    plain = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (code, printed) == (plain.returncode, plain.stdout) and plain.stderr == ""
    assert "market: prices" in shown and "evidence" in shown


def test_a_stage_and_what_it_is_at_are_counted_once() -> None:
    seen: list[str] = []
    with stages(seen.append, 2) as step:
        inside(step, "model")("value")
    assert seen == ["model: value"] and inside(silent, "model") is silent
    for nothing in (None, False, True):  # and True is silent where standard error is no terminal
        with stages(nothing, 2) as step:
            step("market")
            assert step is silent


@pytest.mark.parametrize("function", TAKES_LONG, ids=lambda function: function.__qualname__)
def test_what_takes_long_has_one_way_to_say_how_far_it_is(function: Callable[..., object]) -> None:
    parameter = inspect.signature(function).parameters["progress"]
    assert parameter.kind is parameter.KEYWORD_ONLY and parameter.default is None
    assert "progress" in (function.__doc__ or "")


def test_something_else_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        rm.read_market("fixtures/small", progress=5)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "progress: is of type int. Give True for a bar on a terminal, or a function of the stage's name."
    )


def test_a_fit_an_attribution_a_forecast_and_a_validation_name_their_stages(small_book, small_market, small_model) -> None:
    seen: list[str] = []
    short = small_market.isel(time=slice(0, 100))
    fit = rm.RiskModel().fit(short, progress=seen.append)
    assert seen == ["universe", *(style.name for style in rm.STYLES), "regression", "fingerprint"]
    seen.clear()
    rm.RiskModel().update(fit, small_market.isel(time=slice(0, 102)), progress=seen.append)
    assert seen[0] == "universe" and "regression" in seen
    seen.clear()
    at.attribute(small_book, "Major 100", small_model, small_market, period="2025-03", progress=seen.append)
    assert seen == ["holdings and prices", "what tables say of each other", "contributions"]
    seen.clear()
    small_model.forecast(progress=seen.append)
    assert seen == ["factor covariance", "specific risk"]
    seen.clear()
    plain = rm.CovarianceSettings(eigenfactor_simulations=0)
    cap = small_market["market_cap"]
    rm.validate(small_model, cap, every=60, random_portfolios=2, covariance=plain, progress=seen.append)
    assert seen == ["specific risk", "factor covariance", "portfolios"]
    seen.clear()
    held = small_book.holdings[small_book.holdings["date"] == "2025-02-28"]
    benchmark = held[held["portfolio"] == "major"][["ticker", "weight"]]
    of = {"period": "2025-03", "delisted": "cash"}
    at.attribute_accounts(held, benchmark, small_model, small_market, progress=seen.append, **of)
    assert seen == ["benchmark", "lists", "accounts: 1 of 1"]


def test_reading_a_market_names_each_table() -> None:
    seen: list[str] = []
    rm.read_market("fixtures/small", progress=seen.append)
    assert seen[0] == "prices" and "holdings" not in seen and seen[-1] == "what tables say of each other"
