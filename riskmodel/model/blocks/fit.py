"""The fit of a market that is larger than memory: block by block of sessions, each in the store before the next begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from riskmodel.arrays.labels import require_count
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.errors import InputError
from riskmodel.exposures.own import require_no_look_ahead
from riskmodel.market.blocks import MarketBlocks
from riskmodel.market.fingerprint import added, as_variables, panel_sums, with_events
from riskmodel.model.cache.remembered import remembering
from riskmodel.model.model import RiskModel, origins
from riskmodel.model.results import RiskModelResults, require_a_sound_day
from riskmodel.model.store import StoreError, load, save
from riskmodel.model.update import followed
from riskmodel.progress import Progress, Step, inside, stages

SESSIONS = 252  # of a block
SUMS = "history_sums"  # (sum, asset) of the raw facts so far, of which fingerprints are made; in a store that still grows


def fit_in_blocks(
    market: MarketBlocks,
    store: str | Path,
    *,
    model: RiskModel | None = None,
    sessions: int = SESSIONS,
    progress: Progress = None,
) -> RiskModelResults:
    """Fit a market some sessions at a time, into a store; what was interrupted goes on with the block that was not stored.

    Parameters
    ----------
    market
        From `riskmodel.market.blocks.open_blocks`.
    store
        As of `riskmodel.save`. A store of the same tables and settings is gone on with; any other store is replaced.
    model
        By default `RiskModel()`.
    sessions
        Of a block. With those that they look back on (`RiskModel.look_back`) they are in memory at once.
    progress
        As for `RiskModel.fit`; a stage is a block.

    Returns
    -------
    RiskModelResults
        From the store, with what its forecasts look back on (`riskmodel.model.cache.remembered`). Equal to a fit of the
        whole market to 1e-12.

    Raises
    ------
    InputError
        As `RiskModel.fit`, `RiskModel.update` and `riskmodel.save`.
    """
    model = RiskModel() if model is None else model
    require_count("sessions", sessions)
    inputs = market.prices.hashes()
    so_far = _begun(Path(store), market, model, inputs)
    seen = 0 if so_far is None else so_far.data.sizes["time"]
    left = list(market.blocks(sessions, begin=seen))
    with stages(progress, len(left)) as step:
        for block in left:
            first, last = (market.sessions[place] for place in (block.start, block.stop - 1))
            so_far = _grown(so_far, market, block, model, inside(step, f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"))
            save(so_far, store, inputs=inputs)
            so_far = load(store, model=model, inputs=inputs)
    if so_far is None:
        raise InputError("market: no session. Give the prices of every session.")
    require_a_sound_day(so_far.data)
    if SUMS in so_far.data:
        save(RiskModelResults(so_far.data.drop_vars(SUMS), so_far.settings), store, inputs=inputs)
        so_far = load(store, model=model, inputs=inputs)
    return so_far


def _begun(path: Path, market: MarketBlocks, model: RiskModel, inputs: Mapping[str, str]) -> RiskModelResults | None:
    """What a store has of this fit; None where there is none, or it is of something else."""
    try:
        stored = load(path, model=model, inputs=inputs)
    except StoreError:
        return None
    seen = stored.data.get_index("time")
    whole = len(seen) == len(market.sessions)
    return stored if seen.equals(market.sessions[: len(seen)]) and (whole or SUMS in stored.data) else None


def _grown(
    so_far: RiskModelResults | None, market: MarketBlocks, block: slice, model: RiskModel, step: Step
) -> RiskModelResults:
    """A fit with the sessions of one more block, in memory; the earlier ones stay where they are."""
    first = max(block.start - model.look_back, 0)
    step("market")
    window = market.window(first, block.stop)
    require_no_look_ahead(model.own_descriptors, window)
    with one_blas_thread():  # the same bits whatever the number of cores
        fresh = model.estimates(window, step)
    step("fingerprint")
    sums = panel_sums(window.isel(time=slice(block.start - first, None)))
    if so_far is None:
        data = fresh
    else:
        own = [style.name for style in model.styles if style.functions]
        data = followed(so_far.data, fresh, market.sessions[block], own)
        sums = added(so_far.data[SUMS].to_numpy(), sums)
    marks = with_events([sums], window, market.sessions[block.stop - 1])
    data = data.assign({**as_variables(marks, window["asset"].to_numpy()), SUMS: (("sum", "asset"), sums)})
    data = data.assign_attrs(origins(model, window))
    step("what forecasts look back on")
    return remembering(RiskModelResults(data=data, settings=model.settings), so_far)
