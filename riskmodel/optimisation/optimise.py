"""optimise: the list of weights that is best by a score, less risk and costs, under rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.threads import one_thread
from riskmodel.bounds import Bound, require_bounded
from riskmodel.errors import InputError
from riskmodel.optimisation.conic import solver
from riskmodel.optimisation.inputs import Inputs, read_inputs
from riskmodel.optimisation.no_list import no_list
from riskmodel.optimisation.optimum import Optimum, made
from riskmodel.optimisation.posing import pose
from riskmodel.optimisation.rules import Rule, Turnover, require_rules, with_defaults
from riskmodel.optimisation.search import Effort
from riskmodel.optimisation.volatility import best_list_above, least_variance

AVERSION = Bound("a number from 0 to 1,000,000", least=0, most=1e6)
EFFORT = Effort()


def optimise(
    score: xr.DataArray | pd.Series,
    *,
    benchmark: xr.DataArray | pd.Series,
    exposures: xr.DataArray | pd.DataFrame,
    factor_covariance: xr.DataArray | pd.DataFrame,
    specific_variance: xr.DataArray | pd.Series,
    rules: Sequence[Rule] = (),
    risk_aversion: float = 1.0,
    held: xr.DataArray | pd.Series | None = None,
    costs: xr.DataArray | pd.Series | float = 0.0,
    impact: xr.DataArray | pd.Series | float = 0.0,
    groups: pd.DataFrame | None = None,
    issuers: pd.Series | None = None,
    references: Mapping[str, pd.Series] | None = None,
    effort: Effort = EFFORT,
) -> Optimum:
    """The best list of weights under rules, and the proof of how near to the best it is.

    Parameters
    ----------
    score
        (asset,): expected return, or any score in its unit. Names without one are not in the universe: they
        are not held, and sold where they are.
    benchmark
        (asset,): weights that sum to 1; of names without a score too.
    exposures
        (factor, asset), of every name of score and benchmark.
    factor_covariance
        (factor, factor_other), and `specific_variance` (asset,), over the period that the score is of.
    rules
        See `riskmodel.optimisation.rules`. Without any, weights are from 0 to 1 and sum to 1.
    risk_aversion
        lambda, of tracking variance.
    held
        (asset,): weights before, "CASH" among them where there is cash. By default nothing is held, and all is bought.
    costs, impact
        Of a change c of a weight, ``costs |c| + impact |c|^(3/2)``; a number is that of every name.
    groups
        By asset, a column a grouping that a rule names.
    issuers
        By asset. Classes of one issuer share their specific return: the root of their specific variances, correlation 1.
    references
        Weights by name that a rule on volatility names.
    effort
        How near to the best a list is proved, and how many cone problems that may take.

    Returns
    -------
    Optimum
        Weights with "CASH", and the certificate.

    Raises
    ------
    ContradictionError
        Where it is proved that no list keeps the rules; the smallest set that contradict each other, and what each would
        have to give.
    NotFoundError
        Where the effort ended without a list, or none was found above a least volatility, and none is proved impossible.
    UnsolvedError
        Where cone problems that could not be solved stand between the rules and a list.
    InputError
        For labels that do not match, numbers that are none, a covariance that is none, and rules about what there is not.

    Notes
    -----
    maximise ``s'w - lambda (w - b)'V(w - b) - costs'|w - w0| - impact'|w - w0|^(3/2)``, V = X'FX + D, with z_i = 1
    where name i is held. docs/methodology/construction.md has the bound and the search.

    Examples
    --------
    >>> from riskmodel import NameCount, optimise
    >>> names = list("ABCD")
    >>> best = optimise(
    ...     pd.Series([0.05, 0.04, 0.0, 0.0], names),
    ...     benchmark=pd.Series(0.25, names),
    ...     exposures=pd.DataFrame([[1.0] * 4], ["market"], names),
    ...     factor_covariance=pd.DataFrame([[0.02]], ["market"], ["market"]),
    ...     specific_variance=pd.Series(0.04, names),
    ...     rules=[NameCount(most=2)],
    ... )
    >>> best.weights.round(4).to_dict()
    {'A': 0.5625, 'B': 0.4375, 'C': 0.0, 'D': 0.0, 'CASH': 0.0}
    """
    given = require_rules(rules)
    aversion = require_bounded("risk_aversion", risk_aversion, AVERSION)
    if not isinstance(effort, Effort):
        raise InputError(f"effort: is of type {type(effort).__name__}. Give an Effort, such as Effort(gap=0.001).")
    inputs = read_inputs(
        score, benchmark, exposures, factor_covariance, specific_variance, aversion, held, costs, impact, groups, issuers,
        {} if references is None else references,
    )  # fmt: skip
    solver()  # or what to install
    with one_thread():
        kept, raised = _with_forced_sales(inputs, with_defaults(given))
        programme = pose(inputs, kept)
        found, highest = best_list_above(programme, *least_variance(inputs, kept), effort)
        if found.weights is None:
            raise no_list(inputs, kept, given, found, highest, effort)
        return made(inputs, kept, given, programme, found, effort, raised)


def _with_forced_sales(inputs: Inputs, rules: tuple[Rule, ...]) -> tuple[tuple[Rule, ...], float | None]:
    """Rules whose limit of turnover leaves room for what must be sold; and that limit, where it was raised.

    Sold must be names that left the universe, those that a rule leaves out, and what is above the most of a name.
    """
    programme = pose(inputs, rules)
    sold = float(np.maximum(inputs.before - programme.most, 0.0).sum())
    least, most = programme.cash
    needed = max(sold + max(inputs.cash_before - most, 0.0), least - inputs.cash_before)
    limit = next((rule for rule in rules if isinstance(rule, Turnover)), None)
    if limit is None or needed <= limit.most:
        return rules, None
    return tuple(replace(rule, most=needed) if rule is limit else rule for rule in rules), needed
