"""How many threads a kernel takes, and one BLAS thread for small products."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from threadpoolctl import threadpool_limits

_inside = ContextVar("inside", default=False)

_lock = threading.Lock()

_running: list[threadpool_limits] = []


def kernel_threads() -> int:
    """Threads that a kernel may use: every core's, but one in a task of dask, which decides how many run at once."""
    return 1 if _inside.get() else os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for the kernels and for the linear algebra.

    The limit of the linear algebra is the process's. It stands until the last of the blocks that run at once has ended: were
    each to put back what it found, the first to end would free the others.
    """
    token = _inside.set(True)
    with _lock:
        _running.append(threadpool_limits(limits=1, user_api="blas") if not _running else _running[0])
    try:
        yield
    finally:
        with _lock:
            limit = _running.pop()
            if not _running:
                limit.restore_original_limits()
        _inside.reset(token)
