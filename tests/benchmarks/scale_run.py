"""Raw tables to model, forecast and attribution at sizes up to 5,000 names x 20 years, none of them whole in memory.

    python -m tests.benchmarks.scale_run FOLDER [NAMESxYEARS ...]

Of each size FOLDER gets a simulated market, the store of its fit and the parts of its attribution. Each stage is a process
of its own, on every core; what was interrupted goes on where it was, and what it had spent is counted. Peak memory is of
the stage's process and of this one, together.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from riskmodel.code import packages_digest
from tests.benchmarks.measure import ONE_THREAD, ROOT, lines_of, peak_memory

SIZES = ("500x2", "1000x5", "2000x10", "5000x20")
STAGES = ("simulate", "fit", "forecast", "attribute")
END_YEAR, FIRST_HALF = 2025, "-07-01"  # the market ends before this year begins; its courses begin half a year after it
MOST = 4000.0  # MB
PACKAGES = ("riskmodel", "attribution")  # typed in: the module that has them would count in the memory of stages without it
Step = Callable[[str], None]


def simulate(folder: Path, names: int, years: int, step: Step) -> dict[str, float]:
    from riskmodel.validation.simulated.long import write_long_market
    from tests.conftest import SMALL

    start = END_YEAR - years
    write_long_market(folder / "market", assets=names, start=f"{start}-01-01", end=f"{END_YEAR - 1}-12-31", progress=step)
    book = (SMALL / "book.toml").read_text(encoding="utf-8")
    begun = re.sub(r"(?m)^(inception|track_record_start) = \S+", rf"\1 = {start}{FIRST_HALF}", book)
    (folder / "market" / "book.toml").write_text(begun, encoding="utf-8")
    return {"MB": sum(path.stat().st_size for path in (folder / "market").rglob("*.parquet")) / 1e6}


def fit(folder: Path, names: int, years: int, step: Step) -> dict[str, float]:
    import pandas as pd

    from riskmodel.market.blocks import open_blocks
    from riskmodel.model.blocks import fit_in_blocks

    market = open_blocks(folder / "market", step)
    model = fit_in_blocks(market, folder / "model.nc", progress=step)
    drawn = pd.concat(map(pd.read_parquet, sorted((folder / "market" / "truth").glob("*.parquet"))))
    true = drawn.set_index(pd.DatetimeIndex(drawn["date"]))["market"]
    found = model.factor_returns.sel(factor="market").to_series()
    store = sum(path.stat().st_size for path in (folder / "model.nc.parts").iterdir()) / 1e6
    like = found.corr(true.reindex(found.index))
    return {"days": len(market.sessions), "MB": store, "correlation with the drawn market": like}


def forecast(folder: Path, names: int, years: int, step: Step) -> dict[str, float]:
    import riskmodel as rm

    risk = rm.load(folder / "model.nc").forecast(progress=step)
    known = risk.specific_volatility.notnull()
    volatility = float(np.sqrt(252 * risk.factor_covariance.sel(factor="market", factor_other="market").item()))
    return {"names": int(known.sum()), "volatility of the market": volatility}


def attribute(folder: Path, names: int, years: int, step: Step) -> dict[str, float]:
    import attribution as at
    import riskmodel as rm
    from attribution.contributions.blocks.attribute import attribute_in_blocks
    from riskmodel.market.blocks import open_blocks

    book, market = at.read_book(folder / "market" / "book.toml"), open_blocks(folder / "market", step)
    model = rm.load(folder / "model.nc")
    found = attribute_in_blocks(book, model, market, folder=folder / "parts", progress=step)
    furthest = max(result.reconciliation["difference"].abs().max() for result in found.values())
    months = sum(len(result.parts) for result in found.values())
    return {"courses": len(found), "parts": months, "furthest identity": furthest}


def run_stage(stage: str, folder: Path, names: int, years: int) -> None:
    """One stage in this process; what it takes stands in a file beside what it makes, brought up to date as it goes."""
    note, code = folder / f"{stage}.json", packages_digest(*PACKAGES)
    before = json.loads(note.read_text()) if note.is_file() else {"cpu": 0.0, "wall": 0.0, "peak": 0.0}
    start = time.perf_counter()

    def spent(**found: float) -> None:
        taken = {"cpu": before["cpu"] + time.process_time(), "wall": before["wall"] + time.perf_counter() - start}
        text = json.dumps(taken | {"peak": max(before["peak"], peak_memory()), "code": code} | found)
        beside = note.with_suffix(".new")
        beside.write_text(text)
        beside.replace(note)

    with bar(f"{names} x {years} {stage}") as show:

        def step(name: str) -> None:
            show(name)
            spent()

        spent(**{"simulate": simulate, "fit": fit, "forecast": forecast, "attribute": attribute}[stage](
            folder, names, years, step
        ), done=1)  # fmt: skip


@contextmanager
def bar(label: str) -> Iterator[Step]:
    """A bar on a terminal, which knows no end; elsewhere a line a stage that takes long."""
    from tqdm import tqdm

    with tqdm(desc=label, bar_format="{desc} {elapsed}  {postfix}", mininterval=0.5, maxinterval=30) as shown:

        def step(name: str) -> None:
            shown.set_postfix_str(name, refresh=False)
            shown.update()

        yield step


def taken_by(stage: str, folder: Path, names: int, years: int) -> dict[str, float]:
    """What a stage took, now or before; not where other code began it, of which files are there that nobody makes anew."""
    note = folder / f"{stage}.json"
    taken = json.loads(note.read_text()) if note.is_file() else {}
    if taken and taken.get("code") != packages_digest(*PACKAGES):
        sys.exit(f"{folder}: the stage {stage} was begun by other code. Remove the folder, or name a new one.")
    if not taken.get("done"):
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.benchmarks.scale_run", "--stage", stage, folder, names, years]
        place = os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT)}
        subprocess.run(list(map(str, command)), env=place, cwd=ROOT, check=True)
        taken = json.loads(note.read_text())
    return taken


def rows_of(size: str, taken: dict[str, dict[str, float]], cells: float) -> Iterator[tuple[str, str]]:
    for stage, own in taken.items():
        said = "  ".join(
            f"{name} {value:,.4g}" for name, value in own.items() if name not in ("cpu", "wall", "peak", "done", "code")
        )
        yield (
            f"{size} {stage}",
            f"{own['cpu']:8.1f} s of CPU  {own['wall']:8.1f} of wall  {1e9 * own['cpu'] / cells:7.0f} ns a day and name  "
            f"peak {own['peak']:6,.0f} MB  {said}",
        )


def main(folder: Path, sizes: list[str]) -> None:
    every, cells = {}, {}
    for size in sizes:
        names, years = map(int, size.split("x"))
        every[size] = {stage: taken_by(stage, folder.resolve() / size, names, years) for stage in STAGES}
        cells[size] = every[size]["fit"]["days"] * names
        print(lines_of(f"{size}: names x years", list(rows_of(size, every[size], cells[size]))), flush=True)
    size = np.log([cells[name] for name in sizes])
    rows = []
    for stage in (*STAGES, "all"):
        cpu = [sum(own["cpu"] for name, own in every[s].items() if stage in (name, "all")) for s in sizes]
        each = "  ".join(f"{1e9 * spent / cells[s]:7.0f}" for spent, s in zip(cpu, sizes, strict=True))
        slope = f"exponent {np.polyfit(size, np.log(cpu), 1)[0]:.2f}" if len(sizes) > 1 else ""
        rows.append((f"{stage}, ns of CPU a day and name", f"{each}  {slope}"))
    peak = max(own["peak"] for taken in every.values() for own in taken.values()) + peak_memory()
    rows.append(("peak memory", f"{peak:,.0f} MB, this process with it; {'below' if peak < MOST else 'ABOVE'} {MOST:,.0f}"))
    print(lines_of("cost of a day and a name at " + ", ".join(sizes), rows))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stage"]:
        run_stage(sys.argv[2], Path(sys.argv[3]), *map(int, sys.argv[4:]))
    elif len(sys.argv) < 2:
        sys.exit("usage: python -m tests.benchmarks.scale_run FOLDER [NAMESxYEARS ...]")
    else:
        main(Path(sys.argv[1]), sys.argv[2:] or list(SIZES))
