"""One whole model in a process of its own: python whole_model.py here|skfolio DAYS NAMES RUNS; prints seconds and memory.

Returns, caps, sectors and exposures are given, the exposures stamped the day before the returns they explain. Out come the
factor returns, the specific returns, and the forecasts of factor covariance and specific risk at the last close. Both run at
their defaults: here these add the HC3 covariance of each day, Newey-West, the eigenfactor and the structural model.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import xarray as xr

import riskmodel as rm
from tests.benchmarks.measure import best_of, panel, peak_memory


def skfolio_panel(data: dict[str, xr.DataArray]) -> object:
    """The same market as skfolio takes it, a field an exposure; `data` is emptied, so that nothing is held twice."""
    from skfolio.containers import AssetPanel

    exposures = data.pop("exposures")
    names = [str(name) for name in exposures["factor"].to_numpy()]
    fields = {"returns": data["returns"].to_numpy(), "market_cap": data["market_cap"].to_numpy()}
    fields |= {name: exposures[:, k].to_numpy() for k, name in enumerate(names)}
    levels, codes = np.unique(data["sectors"].to_numpy(), return_inverse=True)
    panel_ = AssetPanel(
        fields=fields,
        observations=data["returns"]["time"].to_numpy(),
        asset_names=data["returns"]["asset"].to_numpy(),
    )
    panel_.add_categorical_field(name="sector", values=np.tile(codes, (len(fields["returns"]), 1)), levels=list(levels))
    return panel_


def skfolio_model(styles: list[str]) -> object:
    from skfolio.descriptor import Passthrough
    from skfolio.factor_exposure import FixedWeightedFactor, GlobalFactor, OneHotCategoricalFactors
    from skfolio.prior import CharacteristicsFactorModel

    plain = {"outlier_transformer": "passthrough", "scoring_transformer": "passthrough", "family": "style"}
    return CharacteristicsFactorModel(
        factors=[
            ("market", GlobalFactor()),
            ("sector", OneHotCategoricalFactors(category="sector", family="sector")),
            *((name, FixedWeightedFactor(descriptors=[("d", Passthrough(name))], **plain)) for name in styles),
        ],
        constrained_families=[("sector", None)],
    )


def main(whose: str, days: int, names: int, runs: int) -> None:
    data = panel(days, names)
    size = sum(array.nbytes for name, array in data.items() if name != "sectors") / 1e6
    estimate = rm.estimate  # imported before the clock starts
    styles = [str(name) for name in data["exposures"]["factor"].to_numpy()]
    if whose == "here":
        taken = best_of(runs, lambda: estimate(**data).forecast())
    else:
        given, model = skfolio_panel(data), skfolio_model(styles)
        taken = best_of(runs, lambda: model.fit(characteristics=given))
    print(json.dumps({**taken._asdict(), "input": size, "peak": peak_memory()}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
