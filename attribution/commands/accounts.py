"""`attribution accounts`: many accounts against one benchmark, from Parquet to Parquet."""

from __future__ import annotations

import argparse
import json

from attribution.commands.terminal import DONE, FINDINGS, print_table, progress, say, say_simulated

SHOWN = 5  # rejects


def accounts_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument("accounts", metavar="ACCOUNTS", help="Parquet, a file or a folder: portfolio, ticker, weight, date")
    parser.add_argument("--month", required=True, metavar="YYYY-MM", help="or another period, as of explain")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="a new one; a run that stopped there goes on")
    parser.add_argument("--course", metavar="COURSE", help="whose benchmark; not needed where the sleeves have one")
    parser.add_argument("--workers", type=int, metavar="N", help="processes, by default one for each core")
    parser.add_argument("--memory", metavar="SIZE", help="of each of them, such as 2GB; by default its share of all")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a dask cluster that exists, instead of these processes")
    parser.set_defaults(by_dask=True)


def explain_accounts(options: argparse.Namespace) -> int:
    """Explain the accounts and say what was written; 1 where some could not be explained."""
    from functools import partial

    import pandas as pd

    from attribution.accounts.cluster import connected, require_cluster
    from attribution.accounts.rejects import fact_of
    from attribution.accounts.run import STAGES, run_accounts
    from attribution.house_style.words import read_messages
    from attribution.portfolio.book import read_book
    from attribution.reporting.files import require_writable
    from riskmodel.arrays.labels import require_path
    from riskmodel.errors import counted

    book = read_book(options.book)
    cluster = {"workers": options.workers, "memory": options.memory, "scheduler": options.scheduler}
    require_cluster(**cluster)
    out = require_path("--out", options.out, "Name a folder.")
    require_writable(out, book)
    with progress(STAGES) as step:
        run = run_accounts(
            book,
            options.accounts,
            month=options.month,
            out=out,
            client=partial(connected, **cluster),
            course=options.course,
            progress=step,
        )
    if run.remark:
        say(run.remark, error=True)
    say_simulated(book, error=True)
    rejected = sum(run.rejected.values())
    counts = pd.DataFrame(
        [("explained", run.explained), *run.rejected.items()],
        columns=["outcome", "accounts"],
    )
    if options.format == "json":
        say(
            json.dumps(
                {"course": run.course, "explained": run.explained, "rejected": dict(run.rejected)}, ensure_ascii=False
            )
        )
    elif options.format == "csv":
        print_table(counts, "csv")
    else:
        benchmark = book.benchmark_name(run.course)
        say(f"{counted(run.explained, 'account')} against {benchmark}, {options.month}: {out}/contributions, {out}/returns")
    words = read_messages("en")
    for row in run.folder.rejects(SHOWN).itertuples():
        say(f"{row.portfolio}: {words.fact('rejects', fact_of(row))}", error=True)
    if rejected:
        say(f"{counted(rejected, 'account')} not explained, with the reason of each: {out}/rejects.parquet", error=True)
    return FINDINGS if rejected else DONE
