"""Arithmetic that does not depend on which other libraries the machine has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

FASTER = ("use_bottleneck", "use_numbagg", "use_flox", "use_opt_einsum")  # what xarray takes where it finds it


@contextmanager
def plain_arithmetic() -> Iterator[None]:
    """Sums by pandas, xarray and numpy alone, though faster libraries are installed; also a decorator.

    Notes
    -----
    pandas takes Bottleneck and numexpr where it finds them, xarray Bottleneck, numbagg, flox and opt_einsum. They add in
    another order, so that the last digits of a mean depend on what somebody else has installed. The settings are the
    process's; on leaving they are as they were.

    Examples
    --------
    >>> import pandas as pd
    >>> with plain_arithmetic():
    ...     pd.get_option("compute.use_bottleneck")
    False
    """
    import pandas as pd
    import xarray as xr

    with (
        pd.option_context("compute.use_bottleneck", False, "compute.use_numexpr", False),
        xr.set_options(**dict.fromkeys(FASTER, False)),  # type: ignore[no-untyped-call]
    ):
        yield
