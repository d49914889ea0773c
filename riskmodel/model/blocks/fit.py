"""The fit of a market that is larger than memory: block by block of sessions, each in the store before the next begins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from riskmodel.arrays.labels import require_count
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.errors import InputError
from riskmodel.exposures.own import require_no_look_ahead
from riskmodel.market.blocks import MarketBlocks
from riskmodel.market.fingerprint import RATIO, added, as_variables, panel_sums, with_events
from riskmodel.market.industries import industries
from riskmodel.model.cache.remembered import remembering
from riskmodel.model.model import RiskModel, origins
from riskmodel.model.results import RiskModelResults, require_a_sound_day
from riskmodel.model.store import StoreError, load, save
from riskmodel.model.update import changed_histories, followed, moved_assets
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
        As of `riskmodel.save`. A store of the same tables and settings is gone on with. To one of the same settings and of
        the first sessions of these tables the others are appended, where no fact of those has changed; any other store is
        replaced.
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
    so_far, sums = _begun(Path(store), market, model, inputs), None
    if so_far is None:
        so_far, sums = _to_grow(Path(store), market, model, sessions, progress)
    elif SUMS in so_far.data:
        sums = so_far.data[SUMS].to_numpy()
    seen = 0 if so_far is None else so_far.data.sizes["time"]
    left = list(market.blocks(sessions, begin=seen))
    with stages(progress, len(left)) as step:
        for block in left:
            first, last = (market.sessions[place] for place in (block.start, block.stop - 1))
            now = inside(step, f"{first:%Y-%m-%d} to {last:%Y-%m-%d}")
            so_far, sums = _grown(so_far, sums, market, block, model, now)
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


def _to_grow(
    path: Path, market: MarketBlocks, model: RiskModel, sessions: int, progress: Progress
) -> tuple[RiskModelResults | None, np.ndarray | None]:
    """A whole fit of the sessions that were there before, and the sums of their facts; None where these have changed.

    All prices are read once, some sessions at a time: that is the only way to know that no past row is another.
    """
    try:
        stored = load(path, model=model)
    except StoreError:
        return None, None
    seen = stored.data.get_index("time")
    if SUMS in stored.data or len(seen) >= len(market.sessions) or not seen.equals(market.sessions[: len(seen)]):
        return None, None
    total, window = None, None
    past = [slice(block.start, min(block.stop, len(seen))) for block in market.blocks(sessions) if block.start < len(seen)]
    with stages(progress, len(past)) as step:
        for block in past:
            step(f"history: {market.sessions[block.start]:%Y-%m-%d} to {market.sessions[block.stop - 1]:%Y-%m-%d}")
            window = market.window(block.start, block.stop)
            sums = panel_sums(window)
            total = sums if total is None else added(total, sums)
    if total is None or window is None:
        return None, None
    now = as_variables(with_events([total], window, seen[-1]), window["asset"].to_numpy())
    moved = moved_assets(stored.data["industry"], industries(window, model.industry, model.industry_digits))
    other = {*np.unique(window["sector"])} ^ {*np.unique(stored.data["sector"])}  # each has a factor on every day
    changed = moved or other or changed_histories(stored.data, now, total[RATIO].view(np.float64))
    return (None, None) if changed else (stored, total)


def _grown(
    so_far: RiskModelResults | None,
    earlier: np.ndarray | None,
    market: MarketBlocks,
    block: slice,
    model: RiskModel,
    step: Step,
) -> tuple[RiskModelResults, np.ndarray]:
    """A fit with the sessions of one more block, in memory, and the sums of all facts; what is earlier stays where it is."""
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
        sums = sums if earlier is None else added(earlier, sums)
    marks = with_events([sums], window, market.sessions[block.stop - 1])
    data = data.assign({**as_variables(marks, window["asset"].to_numpy()), SUMS: (("sum", "asset"), sums)})
    data = data.assign_attrs(origins(model, window))
    step("what forecasts look back on")
    return remembering(RiskModelResults(data=data, settings=model.settings), so_far), sums
