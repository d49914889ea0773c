"""How many threads a kernel takes, and one BLAS thread for small products."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from threadpoolctl import OpenBLASController, ThreadpoolController

_inside = ContextVar("inside", default=False)

_lock = threading.Lock()

_running: list[Any] = []


def kernel_threads() -> int:
    """Threads that a kernel may use: every core's, but one in a task of dask, which decides how many run at once."""
    return 1 if _inside.get() else os.cpu_count() or 1


def one_blas_thread() -> AbstractContextManager[Any]:
    """One thread for the linear algebra of a block: the same bits whatever the number of cores.

    Thin products want no more. The limit is the process's.
    """
    return _libraries(len(sys.modules)).limit(limits=1, user_api="blas")


@lru_cache(maxsize=1)
def _libraries(imported: int) -> ThreadpoolController:
    """The libraries with threads, searched for again only after imports: it takes longer than many a product."""
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for the kernels and for the linear algebra.

    The limit of the linear algebra is the process's. It stands until the last of the blocks that run at once has ended: were
    each to put back what it found, the first to end would free the others.
    """
    token = _inside.set(True)
    with _lock:
        _heed_every_thread()
        _running.append(one_blas_thread() if not _running else _running[0])
    try:
        yield
    finally:
        with _lock:
            limit = _running.pop()
            _heed_every_thread()
            if not _running:
                limit.restore_original_limits()
                _heed_every_thread()
        _inside.reset(token)


def _heed_every_thread() -> None:
    """Let any thread set a limit: threadpoolctl 3.8 heeds none but the first that did, and those of dask come and go."""
    forget = getattr(OpenBLASController, "clear_controlling_thread", None)
    if forget is not None:
        forget(force=True)
