"""What a fit returns: labelled arrays under the field's names, and tables to read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.chunks import is_lazy
from riskmodel.arrays.labels import require_kind
from riskmodel.arrays.requested import requested_columns, requested_rows
from riskmodel.errors import InputError, listed
from riskmodel.estimation.covariance_settings import CovarianceSettings
from riskmodel.estimation.factor_tests import exposure_stability, mean_return_tests
from riskmodel.estimation.regression import HETEROSKEDASTIC
from riskmodel.estimation.specific import SpecificRiskSettings
from riskmodel.factors import MARKET
from riskmodel.facts import Fact
from riskmodel.model.arrays import STYLE, design_into, industry_texts
from riskmodel.model.forecast import RiskForecast, risk_forecast, specific_forecast
from riskmodel.progress import Progress, stages


@dataclass(frozen=True)
class RiskModelResults:
    """What a fit returns: labelled arrays under the field's names, and tables to read.

    Attributes
    ----------
    data
        Dataset with `exposures` (time, style, asset) stamped at the close at which they are known; and for the return of
        each day `factor_returns`, `robust_standard_errors` (of the kind `errors`), `classical_standard_errors`
        (time, factor), `estimation_error_covariance` (time, factor, factor_other), `specific_returns` (time, asset),
        `second_factor_returns` (time, factor) where the model has a second specification,
        `r_squared`, `condition_number`, `estimating_names`, `flag` (time), read by `flags`; `factor_group` (factor);
        `industry_factor` (asset), the industry with a return of its own; what forecasts take; and, of a fit, the counts
        behind the coverage table. The properties have `factor` as the dimension of the styles too.
    settings
        The model's choices as plain values; see `RiskModel.settings`.
    """

    data: xr.Dataset
    settings: dict[str, Any]

    def compute(self) -> RiskModelResults:
        """The same in memory, where the market of the fit was chunked.

        Raises
        ------
        InputError
            Where not one day can be estimated; the message gives the first reasons.
        """
        data = self.data.compute()
        require_a_sound_day(data)
        return RiskModelResults(data=data, settings=self.settings)

    @property
    def factor_returns(self) -> xr.DataArray:
        """(time, factor), decimals."""
        return self.data["factor_returns"]

    @property
    def second_factor_returns(self) -> xr.DataArray | None:
        """(time, factor) of the second specification, the larger half of the universe; None where the model has none."""
        return self.data.get("second_factor_returns")

    @property
    def robust_standard_errors(self) -> xr.DataArray:
        """Errors of the factor returns, (time, factor), of the kind `errors`."""
        return self.data["robust_standard_errors"]

    @property
    def errors(self) -> str:
        """What the robust errors allow for: "CR3", that residuals of one industry move together, or "HC3", that names are
        independent; both, that some names are noisier than others.
        """
        return str(self.data.attrs.get("errors", HETEROSKEDASTIC))

    @property
    def classical_standard_errors(self) -> xr.DataArray:
        """Errors of the factor returns, (time, factor), where the specific variance is one over the weight."""
        return self.data["classical_standard_errors"]

    @property
    def estimation_error_covariance(self) -> xr.DataArray:
        """Covariance of the errors of a day's factor returns, (time, factor, factor_other), of the kind `errors`.

        It says how well the day was measured; what the factors may do is `forecast().factor_covariance`.
        """
        return self.data["estimation_error_covariance"]

    @cached_property
    def market_portfolios(self) -> dict[pd.Timestamp, tuple[np.ndarray, np.ndarray]]:
        """What `riskmodel.model.returns_based.market_portfolio` has worked out so far, by session."""
        return {}

    def __getattr__(self, name: str) -> Any:
        renamed = {
            "covariance": "estimation_error_covariance (the errors of a day's estimates), or forecast() for risk",
            "standard_errors": "robust_standard_errors, as before, or classical_standard_errors",
        }
        if name in renamed:
            raise AttributeError(f"RiskModelResults has no '{name}' any more: it is {renamed[name]}.")
        raise AttributeError(f"'RiskModelResults' has no attribute '{name}'")

    @property
    def specific_returns(self) -> xr.DataArray:
        """(time, asset), decimals."""
        return self.data["specific_returns"]

    @property
    def vendor_specific(self) -> bool:
        """Whether specific returns are a vendor's, and may disagree with prices; never of a fit. See `given_model`."""
        return False

    @property
    def exposures(self) -> xr.DataArray:
        """(time, asset, factor) of the styles, stamped at the close at which they are known."""
        return self.data["exposures"].rename({STYLE: "factor"}).transpose("time", "asset", "factor")

    @property
    def styles(self) -> list[str]:
        """The styles, in the order of the factors."""
        return [str(name) for name in self.data[STYLE].to_numpy()]

    @property
    def style_texts(self) -> dict[str, dict[str, str]]:
        """Style, or industry that is a code -> language -> its name on pages, where it has one.

        That of an industry has a place for its sector, which stands under "sector", where it has names in several.
        """
        return dict(self.settings.get("texts", {})) | industry_texts(self.data)

    def design(self, times: pd.Index | None = None, assets: pd.Index | None = None) -> xr.DataArray:
        """Exposures to every factor at some closes, of some assets (default: all): what the next day's return is made of.

        Returns
        -------
        DataArray
            (time, factor, asset): 1 to the market, 1 to the own sector and industry and 0 to the others, to the styles as in
            `exposures`, NaN where an asset has none. An asset without a sector is NaN throughout; one without an
            industry has 0 to all of them.

        Examples
        --------
        >>> import riskmodel as rm
        >>> results = rm.RiskModel().fit(rm.read_market("fixtures/small"))
        >>> last = results.design(results.data.get_index("time")[-1:], ["1E10"]).isel(time=0, asset=0)
        >>> [float(last.sel(factor=name)) for name in ("market", "Information Technology", "Energy")]
        [1.0, 1.0, 0.0]
        """
        styles = self.data["exposures"].transpose("time", STYLE, "asset")
        if times is not None:
            styles = styles[requested_rows(styles.get_index("time"), times, name="the fit")]
        if assets is not None:
            styles = styles[..., requested_columns(styles.get_index("asset"), "assets", assets, of="the fit")]
        factors = self.data.get_index("factor")
        exposures = np.zeros((styles.sizes["time"], len(factors), styles.sizes["asset"]))
        without = design_into(self.data, exposures, factors, styles)
        if without.any():
            exposures.transpose(0, 2, 1)[without] = np.nan
        labels = {"time": styles.get_index("time"), "factor": factors, "asset": styles.get_index("asset")}
        return xr.DataArray(exposures, labels, ("time", "factor", "asset"))

    @property
    def sectors(self) -> list[str]:
        """The sectors, in the order of the factors."""
        return [name for name, group in self.groups.items() if group == "sector"]

    @cached_property
    def groups(self) -> dict[str, str]:
        """Factor -> its group: market, sector, industry or style."""
        names, groups = self.data["factor"].to_numpy(), self.data["factor_group"].to_numpy()
        return {str(name): str(group) for name, group in zip(names, groups, strict=True)}

    def group(self, factor: str) -> str:
        """market, sector, industry, style; of rows that are no factor: specific or other."""
        require_kind("factor", factor, str, "Give the name of a factor, or of a row beside them.")
        return self.groups.get(factor, "specific" if factor == "specific" else "other")

    def forecast(self, times: object = None, *, progress: Progress = None) -> RiskForecast:
        """Factor covariance and specific risk as known at some closes, by the settings of the model.

        Parameters
        ----------
        times
            Sessions, one or several, all in one pass; by default the last.
        progress
            As for `RiskModel.fit`.

        Returns
        -------
        RiskForecast
            Nothing after each close is looked at. Held by dask where the fit is.

        Raises
        ------
        InputError
            For an unknown session, or one without history enough; the first possible is named.
        """
        sessions = self.data.get_index("time")
        closes = sessions[requested_rows(sessions, times, name="the fit")]
        with stages(progress, 2) as step:
            return risk_forecast(
                self.data,
                self.exposures,
                closes,
                CovarianceSettings(**self.settings["covariance"]),
                SpecificRiskSettings(**self.settings["specific"]),
                step,
            )

    def specific_forecast(self, times: object = None) -> xr.Dataset:
        """The specific risk of `forecast` alone, `volatility` (time, asset) and what it was made of; raises as it does."""
        sessions = self.data.get_index("time")
        closes = sessions[requested_rows(sessions, times, name="the fit")]
        return specific_forecast(self.data, self.exposures, closes, SpecificRiskSettings(**self.settings["specific"]))

    def flags(self, times: pd.DatetimeIndex | None = None) -> dict[pd.Timestamp, Fact]:
        """Why the regression of a day is not whole, for the days of `times` (default: all) of which that is so."""
        return {day: Fact.read(text) for day, text in self._on(times)["flag"].to_series().items() if text}

    def flagged(self) -> pd.Series:
        """Days whose regression is not whole, with the reason in words; `flags` has it for programs."""
        flags = self.flags()
        days = pd.DatetimeIndex(list(flags), name="time")
        return pd.Series([fact.words() for fact in flags.values()], days, name="flag", dtype=object)

    def thin_sectors(self, times: pd.DatetimeIndex | None = None) -> pd.DataFrame:
        """Sectors shrunk towards the market on some day of `times` (default: all): sector, days, largest_share_lent."""
        lent = self._on(times)["sector_shrinkage"]
        frame = lent.transpose("time", "sector_name").to_pandas()
        table = (
            pd.DataFrame({"days": (frame > 0).sum(), "largest_share_lent": frame.max()}).rename_axis("sector").reset_index()
        )
        return table[table["days"] > 0].reset_index(drop=True)

    def industries(self, times: pd.DatetimeIndex | None = None) -> pd.DataFrame:
        """Industries with a return of their own, and how far they were shrunk, on the days of `times` (default: all).

        Returns
        -------
        DataFrame
            Those with a return on one of the days: industry, sector, names (assets that have it), left_to_sector (mean over
            these days of the share of its names' mean residual that is not its own return). Without industries it is empty.
        """
        columns, data = ["industry", "sector", "names", "left_to_sector"], self._on(times)
        if "industry_sector" not in data:
            return pd.DataFrame(columns=columns)
        frame = data["industry_sector"].to_series().rename("sector").rename_axis("industry").reset_index()
        labels, alive = data["industry_factor"], data["factor_returns"].sel(factor=frame["industry"].to_numpy()).notnull()
        frame["names"] = [
            int((labels == name).any("time" if "time" in labels.dims else ()).sum()) for name in frame["industry"]
        ]
        shrunk = data["industry_shrinkage"].where(alive.rename(factor="industry_name").drop_vars("industry_name"))
        frame["left_to_sector"] = shrunk.mean("time").to_numpy()
        return frame.loc[alive.any("time").to_numpy(), columns].reset_index(drop=True)

    def coverage(self, times: pd.DatetimeIndex | None = None) -> pd.DataFrame:
        """How far each factor was fed by data, averaged over the days of `times` (default: all).

        Returns
        -------
        DataFrame
            factor, descriptor, share_of_names (of covered assets with the descriptor), filled (share of covered assets whose
            factor was filled from sector and size), reason (where left out, in words, `left_out` has it for programs; empty
            otherwise), clipped (share of the descriptor's values that were winsorised).
        """
        data, reasons = self._on(times), self.left_out(times)
        names = data["covered"].sum().item() or np.nan
        rows = []
        for style, parts in self._parts().items():
            for descriptor in parts:
                seen = int(data["descriptor_observed"].sel(descriptor=descriptor).sum())
                reason = reasons.get((style, descriptor))
                rows.append(
                    {
                        "factor": style,
                        "descriptor": descriptor,
                        "share_of_names": seen / names,
                        "filled": int(data["filled"].sel(style=style).sum()) / names,
                        "reason": "" if reason is None else reason.words(),
                        "clipped": int(data["descriptor_clipped"].sel(descriptor=descriptor).sum()) / max(seen, 1),
                    }
                )
        return pd.DataFrame(rows)

    def left_out(self, times: pd.DatetimeIndex | None = None) -> dict[tuple[str, str], Fact]:
        """Why a factor lacks a descriptor on some or all days of `times` (default: all), by (factor, descriptor)."""
        data, out = self._on(times), {}
        for style, parts in self._parts().items():
            days_out = int((~data["fed"].sel(style=style).astype(bool)).sum())
            for descriptor in parts:
                if reason := str(data["reason"].sel(descriptor=descriptor).item()):
                    out[style, descriptor] = Fact.read(reason)
                elif not int(data["descriptor_observed"].sel(descriptor=descriptor).sum()):
                    out[style, descriptor] = Fact("nobody")
                elif days_out:
                    out[style, descriptor] = Fact("few_observed", {"out": days_out, "days": data.sizes["time"]})
        return out

    def _parts(self) -> dict[str, list[str]]:
        """Style -> the descriptors that it is made of."""
        if "descriptor" not in self.data:
            raise InputError("coverage: the exposures of this fit were given, so nothing was fed by data.")
        known = set(self.data["descriptor"].to_numpy().tolist())
        return {style: [part for part in parts if part in known] for style, parts in self.settings["styles"].items()}

    def _on(self, times: pd.DatetimeIndex | None) -> xr.Dataset:
        if times is None:
            return self.data
        return self.data.isel(time=np.sort(requested_rows(self.data.get_index("time"), times, name="the fit")))

    def summary(self) -> pd.DataFrame:
        """Factor by factor: annualised mean of its return, with the t that allows for serial correlation, and volatility;
        share of days with `|t| > 2`, mean error, mean variance inflation, and exposure stability: the correlation of
        exposures with those a month before.
        """
        returns, errors = self.factor_returns.to_pandas(), self.robust_standard_errors.to_pandas()
        t = returns / errors
        return pd.DataFrame(
            {
                "group": [self.group(f) for f in returns.columns],
                "mean_a_year": returns.mean() * 252,
                "hac_t": mean_return_tests(self.factor_returns)["t"],
                "volatility_a_year": returns.std() * np.sqrt(252),
                "share_t_above_2": (t.abs() > 2).sum() / t.notna().sum(),
                "mean_standard_error": errors.mean(),
                "variance_inflation": self.data["variance_inflation"].mean("time").to_series(),
                "exposure_stability": exposure_stability(self.exposures).mean("time").to_series().reindex(returns.columns),
                "days": t.notna().sum(),
            }
        )

    def __repr__(self) -> str:
        times = self.factor_returns["time"].to_index()
        if is_lazy(self.data):
            return (
                f"RiskModelResults, not computed: {len(times)} days, {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}, "
                f"{self.data.sizes['asset']} assets, {self.data.sizes['factor']} factors. See compute() and riskmodel.save."
            )
        sound = self.data["r_squared"].notnull()
        lines = [
            f"RiskModelResults: {int(sound.sum())} of {len(times)} days estimated, "
            f"{times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}",
            f"{self.data.sizes['asset']} assets, {self.data.sizes['factor']} factors, "
            f"mean R-squared {float(self.data['r_squared'].mean()):.3f}, {len(self.flagged())} days flagged, "
            f"errors {self.errors}",
            self.summary().to_string(float_format="{:.4f}".format),
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = self.__repr__().split("\n")[:2]
        if is_lazy(self.data):
            return f"<p>{head[0]}</p>"
        return f"<p>{'<br>'.join(head)}</p>" + self.summary().to_html(float_format="{:.4f}".format)


def require_results(value: object, name: str = "results") -> RiskModelResults:
    """What a fit returns, or that it is something else, and what to give."""
    return require_kind(name, value, RiskModelResults, "Give what RiskModel.fit or riskmodel.load returns.")


def require_a_sound_day(data: xr.Dataset) -> None:
    if not bool(data["factor_returns"].sel(factor=MARKET).notnull().any()):
        reasons = dict.fromkeys(Fact.read(text).words() for text in data["flag"].to_numpy() if text)
        raise InputError(f"model: no day can be estimated ({listed(reasons, 3)}). Give more names or a longer history.")


def write_design(
    model: RiskModelResults, out: np.ndarray, factors: pd.Index, times: pd.DatetimeIndex, assets: pd.Index
) -> None:
    """Write a model's `design` of some factors into zeros (time, factor, asset) in place; 0 where an asset has none."""
    styles = model.data["exposures"].transpose("time", STYLE, "asset")
    styles = styles[requested_rows(styles.get_index("time"), times, name="the fit")]
    styles = styles[..., requested_columns(styles.get_index("asset"), "assets", assets, of="the fit")]
    without = design_into(model.data, out, factors, styles)
    for place in factors.get_indexer(styles.get_index(STYLE)):
        if place >= 0:
            np.copyto(out[:, place], 0.0, where=np.isnan(out[:, place]))
    out.transpose(0, 2, 1)[without] = 0.0
