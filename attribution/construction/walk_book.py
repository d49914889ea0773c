"""The files of a walk: a book that every command reads, and the tables beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from attribution.construction.files import write_text
from attribution.construction.search.log import FILE, Log
from attribution.construction.walk_folder import ABOUT
from attribution.construction.walked import Walk
from attribution.house_style.csv_text import csv_text
from attribution.portfolio.book import Book, read_book
from attribution.portfolio.holdings import drift
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.strategies import Strategy
from attribution.portfolio.settings.toml_file import read_toml
from attribution.portfolio.settings.toml_text import toml_text
from attribution.portfolio.settings.walked import Counterpart, Walked
from attribution.portfolio.tracks import Tracks
from riskmodel.errors import InputError

BOOK = "book.toml"
TABLES = ("holdings", "rungs", "actual_returns")  # of the walk's own, that its book maps
KEPT = ("benchmarks", "funds", "report", "limits", "drivers", "model", "accepted")  # sections of the book that it takes over


def walk_content(walk: Walk, folder: Path, market: xr.Dataset, known: Walked) -> dict[str, Any]:
    """What the book of a walk says: the sections of the book it was walked for, with the walk as its one sleeve.

    Parameters
    ----------
    walk
        With one list at least.
    folder
        Where the book is to be.
    market
        Of the book.
    known
        The trials behind the strategy.
    """
    book, strategy = walk.book, walk.strategy
    data = book.source.folder
    assert data is not None  # WalkFolder.opened has refused it before a list was made
    content = read_toml(book.path, "Name the book's TOML file.")
    sessions = market.get_index("time")
    inception = sessions[sessions > walk.steps[0].date][0].date()
    general = dict(content["book"])
    general.pop("blend_reset", None)
    general |= {
        "data": Path(os.path.relpath(data.resolve(), folder.resolve())).as_posix(),
        "inception": inception,
        "track_record_start": inception,
        "returns": "actual" if walk.costly else "holdings",
        "delisted": "cash",
    }
    own: dict[str, Any] = next(
        (sleeve for key, sleeve in content["sleeves"].items() if book.strategy_of(key) == strategy), {}
    )
    name = own.get("name", strategy)
    sleeve = {"holdings": strategy, "benchmark": book.strategies[strategy].benchmark, "strategy": strategy, "name": name}
    if "style" in own:
        sleeve["style"] = own["style"]
    title = name if isinstance(name, str) else name["en"]
    kept = {section: content[section] for section in KEPT if section in content}
    kept["report"] = {"hypothetical": True, **{k: v for k, v in kept.get("report", {}).items() if k != "hypothetical"}}
    files = {
        table: {"file": Path(os.path.relpath((folder / f"{table}.csv").resolve(), data.resolve())).as_posix()}
        for table in TABLES
        if table != "actual_returns" or walk.costly
    }
    return {
        "book": general,
        **kept,
        "sleeves": {strategy: sleeve},
        "courses": {title if title not in (strategy, *content["sleeves"]) else f"{strategy} 100": {strategy: 1.0}},
        "strategies": {strategy: content["strategies"][strategy]},
        "tables": {**content.get("tables", {}), **files},
        "walk": known.model_dump(exclude_none=True),
    }


def trials_known(book: Book, strategy: str, folder: Path, searches: Path | None = None) -> Walked:
    """What is known of the trials behind a strategy: other walks of it beside this one's folder, and logs of its searches.

    Parameters
    ----------
    book, strategy
        Whose.
    folder
        Of the walk, whether it is there already or not.
    searches
        What `attribution search` took as --out; by default every folder beside that of the walk, and the one they are in.

    Raises
    ------
    InputError
        Where `searches` has no log of the strategy, and for a log that is damaged: what it forgets makes every figure look
        too good.
    """
    around = folder.resolve().parent
    beside = sorted(path for path in around.iterdir() if path.is_dir()) if around.is_dir() else []
    logs = [path / strategy for path in ([around, *beside] if searches is None else [searches])]
    logs = [path for path in logs if (path / FILE).is_file()]
    if searches is not None and not logs:
        raise InputError(
            f"--searches: '{searches}' has no log {strategy}/{FILE} of a search. Name what attribution search took as --out."
        )
    try:
        read = [Log.read(path, strategy) for path in logs]
    except InputError as error:
        raise InputError(
            f"a log of searches of '{strategy}' cannot be read: {error} Or name the right one: --searches."
        ) from None
    trials = {key for log in read for key in log.table[["key", "figure", "score"]].itertuples(index=False, name=None)}
    others = {text for path in beside if path != folder.resolve() and (text := _other_walk(path, strategy))}
    row = _own_score(read, book.strategies[strategy])
    return Walked(strategy=strategy, walks=1 + len(others), searched=len(trials), counterpart=row)


def _other_walk(folder: Path, strategy: str) -> str:
    """What a walk of the strategy in a folder depends on; empty where there is none."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return json.dumps(about, sort_keys=True) if isinstance(about, dict) and about.get("strategy") == strategy else ""


def _own_score(logs: list[Log], settings: Strategy) -> Counterpart | None:
    rows = [] if isinstance(settings.score, str) else [log.counterpart(settings.score) for log in logs]
    row = next((row for row in reversed(rows) if row is not None), None)
    if row is None:
        return None
    return Counterpart(
        figure=row["figure"],
        in_sample=row["simulated_in_sample"],
        out_of_sample=row["simulated_out_of_sample"],
        months=f"{row['held_out_from']}/{row['to']}",
    )


def write_walk(walk: Walk, market: xr.Dataset, *, searches: Path | None = None) -> Book:
    """Write the book and the tables of a walk into its folder, and read the book back.

    Files are holdings.csv, trades.csv, certificates.csv, kept.csv, rungs.csv, ladder.csv, where trades cost
    actual_returns.csv, and book.toml. `searches` is as for `trials_known`.
    """
    folder = walk.folder
    if folder is None:
        raise InputError("walk: was made without a folder. Name one: out=...")
    known = trials_known(walk.book, walk.strategy, folder, searches)
    write = {"holdings": walk.holdings, "trades": walk.trades, "certificates": walk.certificates, "kept": walk.kept}
    write |= {"rungs": walk.rungs, "ladder": walk.ladder}
    if walk.costly:
        write["actual_returns"] = net_returns(walk, market)
    for name, table in write.items():
        write_text(folder / f"{name}.csv", csv_text(table))
    header = "# Made by attribution walk: what it read, and the lists it made. Walking again writes it anew.\n"
    write_text(folder / BOOK, header + toml_text(walk_content(walk, folder, market, known)))
    return read_book(folder / BOOK)


def net_returns(walk: Walk, market: xr.Dataset) -> pd.DataFrame:
    """portfolio, date, return: of each session from the first list on, less what the trades of the close before it cost.

    Notes
    -----
    R_t = (1 - c)(1 + r_t) - 1 on the session after a list, whose trades cost the share c of the portfolio.
    """
    held = walk_returns(walk, market)
    costs = walk.trades.groupby("date")["cost"].sum().reindex([step.date for step in walk.steps], fill_value=0.0)
    sessions = market.get_index("time")
    after = sessions[sessions.get_indexer(costs.index) + 1]
    cost = pd.Series(costs.to_numpy(), after).reindex(held.index, fill_value=0.0)
    net = (1 - cost) * (1 + held) - 1
    return pd.DataFrame({"portfolio": walk.strategy, "date": held.index, "return": net.to_numpy()})


def walk_returns(walk: Walk, market: xr.Dataset) -> pd.Series:
    """Daily returns of what the walk held, before costs."""
    sessions = market.get_index("time")
    base = walk.steps[0].date
    days = sessions[sessions > base]
    tracks = Tracks(walk.book, market, Period(f"{days[0]:%Y-%m}/{days[-1]:%Y-%m}", base, days))
    lists = walk.holdings[["date", "ticker", "weight"]]
    return drift(lists, market, tracks.returns, base, days, f"holdings of '{walk.strategy}'").returns.to_series()
