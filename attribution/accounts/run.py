"""Many accounts from Parquet to Parquet, on a cluster of dask's."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xarray as xr

from attribution.accounts.basis import Basis, Shared
from attribution.accounts.dataset import Accounts, read_accounts
from attribution.accounts.folder import RunFolder
from attribution.accounts.tasks import explain_part
from attribution.linking.methods import DEFAULT_LINK
from attribution.portfolio.book import READ, Book
from attribution.portfolio.course import follow_course
from attribution.portfolio.coverage import unexplained_remark
from attribution.portfolio.inputs import PACKAGES, fitted_model, read_inputs
from attribution.portfolio.periods import read_period
from riskmodel.code import packages_digest
from riskmodel.errors import InputError, counted
from riskmodel.market.tables import file_hash
from riskmodel.model.results import RiskModelResults
from riskmodel.model.store import input_hashes
from riskmodel.progress import Progress, Step, inside, stages

STAGES = 4
SOFTWARE = ("factor-attribution", "numpy", "pandas", "pyarrow", "scipy", "xarray")


@dataclass(frozen=True)
class AccountsRun:
    """What a run wrote.

    Attributes
    ----------
    folder
        Where it is.
    course
        Against whose benchmark.
    explained
        Number of accounts in the tables.
    rejected
        Reason -> number of accounts that are not, and are in `rejects.parquet`.
    remark
        What is to be said of the store of market and model.
    """

    folder: RunFolder
    course: str
    explained: int
    rejected: Mapping[str, int]
    remark: str


def run_accounts(
    book: Book,
    accounts: str | Path,
    *,
    month: str,
    out: Path,
    client: Callable[[], AbstractContextManager[Any]],
    course: str | None = None,
    progress: Progress = None,
) -> AccountsRun:
    """Explain every account of a Parquet file or folder over a month, and write what `attribution accounts` writes.

    Parameters
    ----------
    book
        Whose market, model, benchmark and rules (delisted, uncovered_max, funds) count.
    accounts
        See `attribution.accounts.dataset.read_accounts`.
    month
        "2026-03"; or any period of `attribution.attribute`.
    out
        A folder: a new one, or one in which the same run stopped.
    client
        Opens a `distributed.Client`; asked once all inputs are fit.
    course
        Whose benchmark the accounts are held against; it may be left out where the sleeves have one benchmark.
    progress
        As of `attribution.attribute_accounts`.

    Raises
    ------
    InputError
        For inputs that make every number wrong, before anything is written. What is wrong with one account is a row of
        `rejects.parquet`.
    """
    course = _course(book, course)
    remarks = list[str]()
    with stages(progress, STAGES) as step:
        step("accounts")
        given = read_accounts(accounts)
        folder = RunFolder(out, _run(book, course, month, given))
        folder.require_own()  # before the work
        step("market")
        market = read_inputs(book, inside(step, "market"), remarks)
        period = read_period(month, book, market)
        step("model")
        fitted = fitted_model(book, market, period.end, progress=inside(step, "model"))
        shared = _shared(book, course, month, given, fitted.model, market)
        with folder.opened():
            step("contributions")
            if not folder.finished:
                _explain(given, shared, folder, client, inside(step, "contributions"))
                folder.finish(given.parts)
            folder.clear()
    told, remark = folder.told(), " ".join(filter(None, [*remarks, fitted.remark, unexplained_remark(fitted.model, period)]))
    return AccountsRun(folder, course, told["explained"], told["rejected"], remark)


def _course(book: Book, course: str | None) -> str:
    if course is not None:
        book.shares(course)
        return course
    benchmarks = {sleeve.benchmark: key for key, sleeve in reversed(book.sleeves.items())}
    if len(benchmarks) > 1:
        raise InputError(
            f"--course: the sleeves have {counted(len(benchmarks), 'benchmark')} ({', '.join(reversed(benchmarks))}). "
            f"Say against whose the accounts are held: {', '.join([*book.courses, *book.sleeves])}."
        )
    return next(iter(benchmarks.values()))


def _shared(book: Book, course: str, month: str, given: Accounts, model: RiskModelResults, market: xr.Dataset) -> Shared:
    period = read_period(month, book, market)
    basis = Basis.of(
        follow_course(book, course, market, period),
        model,
        market,
        period=period,
        index=None,
        delisted=book.book.delisted,
        link=DEFAULT_LINK,
        uncovered_max=book.book.uncovered_max,
        accepted=book.accepted,
        book=book,
    )
    sessions = market.get_index("time")
    since = period.base if given.since is None else min(period.base, max(given.since, sessions[0]))
    first = sessions[max(sessions.searchsorted(since, side="right") - 1, 0)]
    return basis.shared(basis.assets.isin(given.tickers), first)


def _run(book: Book, course: str, month: str, given: Accounts) -> dict[str, Any]:
    """What the files of a run depend on; no clock, host or path, and not on how many workers there are."""
    return {
        "month": month,
        "course": course,
        "benchmark": book.benchmark_name(course),
        "link": DEFAULT_LINK,
        "book": {"file": book.path.name, "sha256": file_hash(book.path)},
        "inputs": input_hashes(book.source),
        "accounts": given.hashes,
        "number": given.number,
        "parts": len(given.parts),
        "settings": book.model_dump(mode="json", exclude=set(READ)),
        "code": packages_digest(*PACKAGES),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in SOFTWARE},
    }


def _explain(
    given: Accounts, shared: Shared, folder: RunFolder, client: Callable[[], AbstractContextManager[Any]], step: Step
) -> None:
    """A task for each missing part; what they share is a task too, so that it is made again where its worker dies."""
    missing = folder.missing(given.parts)
    if not missing:
        return
    with client() as cluster:
        from distributed import KilledWorker, as_completed

        common = cluster.submit(_same, shared, pure=False)
        out = str(folder.path.resolve())
        tasks = [cluster.submit(explain_part, part, common, out, pure=False) for part in missing]
        done = len(given.parts) - len(missing)
        try:
            waits = "" if cluster.nthreads() else ", waiting for a first worker: the cluster has none"
            step(f"{done} of {len(given.parts)} parts{waits}")
            for task in as_completed(tasks):
                task.result()
                done += 1
                step(f"{done} of {len(given.parts)} parts")
        except KilledWorker as error:
            raise InputError(
                f"accounts: {counted(error.allowed_failures + 1, 'worker')} died one after the other at the same part. They "
                f"may want more memory: give --memory or fewer --workers. What is done is in '{folder.path}', and the same "
                f"command goes on from there."
            ) from None
        finally:
            cluster.cancel(tasks)


def _same(shared: Shared) -> Shared:
    return shared
