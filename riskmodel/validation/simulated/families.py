"""Which factors of a simulated market a company has: the market, its sector, its industry and all styles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.factors import MARKET
from riskmodel.validation.simulated.styles import STYLE_VOLATILITY


@dataclass(frozen=True)
class Families:
    """The factors in the order of their columns, and each company's.

    Attributes
    ----------
    market
        Column of the market.
    sectors, industries, styles
        Columns of each family.
    member
        (factor, asset) 1 where the factor is the asset's sector or its industry.
    nested
        (factor, factor) 1 where the first is an industry of the second, a sector.
    """

    market: int
    sectors: np.ndarray
    industries: np.ndarray
    styles: np.ndarray
    member: np.ndarray
    nested: np.ndarray

    @classmethod
    def of(cls, market: xr.Dataset, factors: pd.Index) -> Families:
        """Those of a market from `build_market`; industries among the factors are those of its variable `industry`."""
        names = factors.to_numpy()[:, None]
        in_sector = names == market["sector"].to_numpy()
        in_industry = names == market["industry"].to_numpy() if "industry" in market else np.zeros_like(in_sector)
        return cls(
            market=int(factors.get_loc(MARKET)),
            sectors=np.flatnonzero(in_sector.any(axis=1)),
            industries=np.flatnonzero(in_industry.any(axis=1)),
            styles=factors.get_indexer(list(STYLE_VOLATILITY)),
            member=(in_sector | in_industry).astype(float),
            nested=(in_industry[:, None] & in_sector).any(axis=2).astype(float),
        )

    def caps(self, cap: np.ndarray) -> np.ndarray:
        """Market capitalisation of sectors and industries, (time, factor), of that of assets, (time, asset)."""
        return cap @ self.member.T

    def centred(self, returns: np.ndarray, caps: np.ndarray) -> np.ndarray:
        """Returns (time, factor) whose mean by `caps` is zero over the sectors, and over the industries of each."""
        held = caps @ self.nested
        out = returns - _divided((caps * returns) @ self.nested, held) @ self.nested.T
        of_sectors = caps[:, self.sectors]
        total = (of_sectors * returns[:, self.sectors]).sum(axis=1, keepdims=True)
        out[:, self.sectors] -= _divided(total, of_sectors.sum(axis=1, keepdims=True))
        return out

    def modelled(self, returns: np.ndarray, exposures: np.ndarray) -> np.ndarray:
        """What factors explain of returns, (time, asset), with exposures (time, style, asset) of the close before."""
        styled = np.einsum("tk,tka->ta", returns[:, self.styles], exposures)
        return returns[:, [self.market]] + returns @ self.member + styled


def _divided(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.divide(values, by, out=np.zeros_like(values), where=by > 0)
