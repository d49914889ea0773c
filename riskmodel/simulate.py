"""Simulated markets whose factor returns, exposures and specific returns are known, seen through the usual raw tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from pandas.tseries.holiday import USFederalHolidayCalendar
from pandas.tseries.offsets import CustomBusinessDay

from riskmodel.errors import InputError, listed
from riskmodel.exposures import ExposureSettings, UniverseRule, estimation_universe, factor_exposures, sector_codes
from riskmodel.factors import MARKET, STYLES
from riskmodel.market import build_market
from riskmodel.simulated_tables import (
    cap_weighted_lists,
    companies,
    dividends_paid,
    filings,
    fx_and_rates,
    announcements,
    index_levels,
    share_counts,
    sleeves,
    split_events,
    traded_volume,
    trading_days,
)
