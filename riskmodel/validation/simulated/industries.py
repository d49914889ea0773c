"""The industries of a simulated market, nested in its sectors: which company is in which, and what each earns a day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.validation.simulated.companies import SECTORS

LEAST_NAMES = 3  # of an industry with a return of its own
INDUSTRY_VOLATILITY = 0.005  # of an industry beside its sector, a day, before the industries of a sector are centred
WITHOUT_A_CODE = 0.01  # of all companies
INDUSTRIES = {  # sector: industries, and their shares of its companies
    "Communication Services": {"Media": 0.50, "Entertainment": 0.42, "Wireless Telecommunication Services": 0.08},
    "Consumer Discretionary": {
        "Specialty Retail": 0.40,
        "Household Durables": 0.30,
        "Automobile Components": 0.22,
        "Distributors": 0.08,
    },
    "Consumer Staples": {"Food Products": 0.60, "Beverages": 0.32, "Tobacco": 0.08},
    "Energy": {"Oil, Gas & Consumable Fuels": 0.65, "Energy Equipment & Services": 0.35},
    "Financials": {"Banks": 0.50, "Insurance": 0.28, "Capital Markets": 0.22},
    "Health Care": {
        "Biotechnology": 0.40,
        "Health Care Equipment & Supplies": 0.32,
        "Pharmaceuticals": 0.20,
        "Health Care Technology": 0.08,
    },
    "Industrials": {
        "Machinery": 0.35,
        "Aerospace & Defense": 0.20,
        "Professional Services": 0.20,
        "Ground Transportation": 0.20,
        "Passenger Airlines": 0.05,
    },
    "Information Technology": {"Software": 0.50, "Semiconductors & Semiconductor Equipment": 0.30, "IT Services": 0.20},
    "Materials": {"Chemicals": 0.50, "Metals & Mining": 0.42, "Construction Materials": 0.08},
    "Real Estate": {"Office REITs": 0.40, "Residential REITs": 0.30, "Retail REITs": 0.30},
    "Utilities": {"Electric Utilities": 0.60, "Gas Utilities": 0.32, "Water Utilities": 0.08},
}


def with_industries(rng: np.random.Generator, company: pd.DataFrame) -> pd.DataFrame:
    """The companies with a column `industry`: the sizes are the shares of `INDUSTRIES`, and some companies have none."""
    industry = pd.Series(np.nan, index=company.index, dtype=object)
    for sector, shares in INDUSTRIES.items():
        inside = rng.permutation(np.flatnonzero(company["sector"] == sector))
        ends = np.round(np.cumsum(list(shares.values())) * len(inside)).astype(int)
        for name, rows in zip(shares, np.split(inside, ends[:-1]), strict=True):
            industry.iloc[rows] = name
    industry.iloc[rng.permutation(len(company))[: round(WITHOUT_A_CODE * len(company))]] = np.nan
    known = industry.notna()
    return company.assign(industry=industry.astype("str").where(known))  # pandas before 3 writes "nan" for what is missing


def with_industry_returns(rng: np.random.Generator, drawn: xr.Dataset, company: pd.DataFrame) -> xr.Dataset:
    """What `drawn_days` drew with the returns of industries that are not too thin, among the factors and in `latent`.

    Companies of thinner industries, or without one, have their sector's return and no more.
    """
    size = company["industry"].value_counts()
    names = [name for sector in SECTORS for name in sorted(INDUSTRIES[sector]) if size.get(name, 0) >= LEAST_NAMES]
    every = rng.normal(0, INDUSTRY_VOLATILITY, (drawn.sizes["time"], sum(map(len, INDUSTRIES.values()))))
    returns = xr.DataArray(every[:, : len(names)], {"time": drawn["time"], "factor": names}, ("time", "factor"))
    own = company["industry"].isin(names).to_numpy()
    place = pd.Index(names).get_indexer(company["industry"])
    earned = np.where(own, returns.to_numpy()[:, place], 0.0)
    first_style = 1 + len(SECTORS)
    factors = [drawn["factor_returns"][:, :first_style], returns, drawn["factor_returns"][:, first_style:]]
    return drawn.drop_dims("factor").assign(factor_returns=xr.concat(factors, "factor"), latent=drawn["latent"] + earned)
