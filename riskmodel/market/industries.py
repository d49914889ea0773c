"""The industry of each name, from a column of the table securities."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.industries import coded
from riskmodel.bounds import CODE_DIGITS, shown
from riskmodel.errors import InputError, listed

SIC, SIC_DIGITS, GROUP_DIGITS = "sic", 4, 2  # the Standard Industrial Classification; its major groups have two digits
COLUMNS = ("industry", SIC)  # looked for in this order
Industry: TypeAlias = str | Literal[False] | None


def require_industry(industry: object, digits: object) -> None:
    """Refuse what names no column, and a number of digits that is none."""
    if industry is not None and industry is not False and (not isinstance(industry, str) or not industry):
        raise InputError(
            f"risk model: industry is {industry!r}; name a column of the table securities, or False for no industries."
        )
    if not CODE_DIGITS.admits(digits):
        raise InputError(f"risk model: industry_digits is {shown(digits)}; give {CODE_DIGITS.wanted}.")


def industry_column(market: xr.Dataset, industry: Industry) -> str:
    """The variable of a market that has its industries: the one asked for, or the first there is of `COLUMNS`; else empty.

    Raises
    ------
    InputError
        Where the one asked for is not there.
    """
    if industry is False:
        return ""
    if industry is None:
        return next((name for name in COLUMNS if name in market), "")
    if industry not in market or market[industry].dims != ("asset",):
        there = [str(name) for name in market.data_vars if market[name].dims == ("asset",)]
        raise InputError(
            f"risk model: industry '{industry}' is no column of securities in the market. Found: {listed(there, 20)}."
        )
    return industry


def industries(market: xr.Dataset, industry: Industry, digits: int) -> xr.DataArray:
    """The industry of each asset, (asset), empty where there is none.

    Parameters
    ----------
    market
        From `riskmodel.read_market`.
    industry, digits
        The column, and how many digits of codes are kept; see `riskmodel.RiskModel`.

    Notes
    -----
    Labels are codes where all of them are digits. Of `sic` a leading zero that was lost is put back: codes have four digits.
    A share class without one has that of its issuer's other classes, where these agree: vendors often give a company's code
    to one of them.
    """
    column = industry_column(market, industry)
    if not column:
        return market["sector"].copy(data=np.full(market.sizes["asset"], "", dtype=object))
    values = market[column].to_numpy()
    text = pd.Series(np.where(pd.isna(values), "", values), dtype=object).astype(str).str.strip()
    if coded(text.to_numpy()):
        padded = text.where(text == "", text.str.zfill(SIC_DIGITS)) if column == SIC else text
        text = padded.str[:digits]
    issuer = pd.Series(market["issuer"].to_numpy() if "issuer" in market else "", text.index, dtype=object).astype(str)
    lacking = (text == "") & (issuer != "")
    if lacking.any():
        of_issuer = text[text != ""].groupby(issuer[text != ""])
        alike = of_issuer.first()[of_issuer.min() == of_issuer.max()]
        text = text.where(~lacking, issuer.map(alike).fillna(""))
    return market["sector"].copy(data=text.to_numpy(dtype=object))


def industry_codes(market: xr.Dataset, industry: Industry, digits: int) -> str:
    """The classification that industries are major groups of, "sic"; empty where they are no codes, or codes of another."""
    column = industry_column(market, industry)
    values = market[column].to_numpy() if column == SIC and digits == GROUP_DIGITS else np.array([], dtype=object)
    return SIC if coded(np.where(pd.isna(values), "", values).astype(str)) else ""


@cache
def major_groups() -> dict[str, dict[str, str]]:
    """Language -> two digits -> name, of the Standard Industrial Classification of 1987."""
    text = resources.files(__package__).joinpath(f"{SIC}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
