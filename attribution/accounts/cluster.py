"""The cluster that accounts are explained on: processes of this machine, or one that is there already."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from riskmodel.arrays.labels import require_count
from riskmodel.errors import InputError
from riskmodel.market.plain_text import one_line

WANTED = "The accounts are explained by dask: pip install 'factor-attribution[scale]'."
WAITED = 30  # seconds for a scheduler to answer
LARGE = "distributed.admin.large-graph-warning-threshold"  # what the accounts share is meant to go with the graph


@contextmanager
def connected(workers: int | None = None, memory: str | None = None, scheduler: str | None = None) -> Iterator[Any]:
    """A `distributed.Client` of a cluster that exists, or of one made for the while, of processes with one thread.

    Parameters
    ----------
    workers
        How many processes; by default one for each core. One that dies is replaced.
    memory
        Of each of them, "2GB"; by default its share of the machine's.
    scheduler
        Address of a cluster that exists, "tcp://10.0.0.5:8786".

    Raises
    ------
    InputError
        Where dask is not installed, or nothing answers at the address.
    """
    distributed, dask = _distributed()
    with dask.config.set({LARGE: "10GiB"}):
        if scheduler is not None:
            try:
                client = distributed.Client(scheduler, timeout=WAITED)
            except (OSError, ValueError, TypeError) as error:
                raise InputError(f"--scheduler '{scheduler}': no cluster answers ({one_line(error)}).") from None
            with client:
                yield client
            return
        limit = {} if memory is None else {"memory_limit": memory}
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
            **limit,
        )
        try:
            with distributed.Client(cluster) as client:
                yield client
        finally:
            with suppress(TimeoutError):  # of a worker that gets no time to end: what it made is there
                cluster.close()


def require_cluster(workers: int | None, memory: str | None, scheduler: str | None) -> None:
    """Refuse what `connected` cannot be asked for, before any work is done."""
    _, dask = _distributed()
    if scheduler is not None and (workers is not None or memory is not None):
        raise InputError("--scheduler: the cluster there has its own workers. Leave --workers and --memory out.")
    if scheduler is not None and "://" not in scheduler:
        raise InputError(f"--scheduler '{scheduler}': write an address such as tcp://10.0.0.5:8786.")
    if workers is not None:
        require_count("--workers", workers)
    if memory is not None:
        try:
            size = dask.utils.parse_bytes(memory)
        except (ValueError, OverflowError, IndexError):
            size = 0
        if size < 1:
            raise InputError(f"--memory '{memory}': write a size such as 2GB, of each worker.")


def _distributed() -> tuple[Any, Any]:
    try:
        import dask
        import distributed
    except ImportError:
        raise InputError(WANTED) from None
    return distributed, dask
