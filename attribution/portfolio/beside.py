"""Rows beside stocks and factors, such as trading and fees, currency and its hedge; they keep every sum exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from attribution.rows import FUNDS


@dataclass(frozen=True)
class Beside:
    """What no stock and no factor earns, day by day before linking.

    Attributes
    ----------
    active, absolute
        (time, beside) contributions to R - B and to R, decimals; the labels of `beside` are the rows' names.
    """

    active: xr.DataArray
    absolute: xr.DataArray

    @property
    def names(self) -> list[str]:
        """The rows as a factor cut names them."""
        return [str(name) for name in self.active.get_index("beside")]

    @property
    def of_benchmark(self) -> xr.DataArray:
        """(time, beside) what of the benchmark's return is in each row: its funds'. Other rows are no part of that."""
        return (self.absolute - self.active).where(self.active["beside"] == FUNDS, 0.0)


def with_rows(earlier: Beside | None, active: Mapping[str, xr.DataArray], absolute: Mapping[str, xr.DataArray]) -> Beside:
    """Rows after those that there are: by name the daily contribution to R - B and to R, (time)."""

    def stacked(rows: Mapping[str, xr.DataArray]) -> xr.DataArray:
        time = next(iter(rows.values()))["time"]
        values = np.column_stack([row.to_numpy() for row in rows.values()])
        return xr.DataArray(values, {"time": time, "beside": np.array(list(rows), dtype=object)}, ("time", "beside"))

    own = Beside(stacked(active), stacked(absolute))
    if earlier is None:
        return own
    return Beside(*(xr.concat(pair, "beside") for pair in ((earlier.active, own.active), (earlier.absolute, own.absolute))))
