"""Market and fitted model of a book: from its store where the inputs are the same, otherwise read, estimated and stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from attribution.portfolio.benchmarks import constituent_rows
from attribution.portfolio.book import Book
from attribution.portfolio.evidence.judged import require_sound_market
from attribution.portfolio.funds.lists import require_known_funds
from attribution.portfolio.holdings import require_known_tickers
from attribution.portfolio.securities import read_grouping
from riskmodel.errors import InputError, listed
from riskmodel.market.market import read_market
from riskmodel.market.sources import at_one_moment
from riskmodel.model.cache.folder import cache_folder, mark_used, read_cache, trim
from riskmodel.model.cache.market import DamagedMarketError, keep_market, kept_market, market_file, market_key
from riskmodel.model.cache.remembered import remembering
from riskmodel.model.given import given_model
from riskmodel.model.results import RiskModelResults
from riskmodel.model.store import StoreError, input_hashes, load, model_key, require_own_file, save
from riskmodel.progress import Progress

PACKAGES = ("riskmodel", "attribution")  # whose code decides what is explained


@dataclass(frozen=True)
class Fitted:
    """A model, the store it is in, and how it came about.

    Attributes
    ----------
    store
        None of a model that is given.
    how
        "found" in the store, "updated" with the new sessions, "fitted", or "given" in the tables model_*.
    remark
        Why the fit in the book's store was updated or made anew, or why the fit could not be stored; empty otherwise.
    """

    model: RiskModelResults
    store: Path | None
    how: str
    remark: str = ""


def read_inputs(book: Book, progress: Progress = None, remarks: list[str] | None = None) -> xr.Dataset:
    """Read a book's market and check the holdings against it, before any fit is looked for.

    Parameters
    ----------
    book
        Whose market it is. Where its tables are files, the market that passed all checks is kept in the store, and taken
        from there as long as every byte, what is stated of the tables and the code that reads them are the same.
    progress
        As for `riskmodel.read_market`.
    remarks
        Gets what is to be said of the store: a kept market that is damaged, or that cannot be written.

    Raises
    ------
    InputError
        As `riskmodel.read_market`, and for lists and names of the book that the market does not have.
    """
    column = book.model.industry
    with at_one_moment(book.source):
        market = _checked_market(book, progress, [] if remarks is None else remarks)
        beyond = isinstance(column, str) and column not in market
        labels = read_grouping(book.source, str(column)) if beyond else None
    if labels is not None:
        labels = labels.reindex(market.get_index("asset"), fill_value="")
        market = market.assign({column: ("asset", labels.to_numpy(dtype=object))})
    require_known_tickers(book, market)
    require_known_names(book, market)
    require_known_funds(book, market)
    return market


def _checked_market(book: Book, progress: Progress, remarks: list[str]) -> xr.Dataset:
    """The market of a book's tables, kept or read."""
    place = _market_place(book)
    if place is None:
        return read_market(book.source, progress=progress)
    (store, key), dropped = place, getattr(book.source, "dropped", {})
    try:
        kept = kept_market(store, key, dropped)
    except DamagedMarketError as error:
        remarks.append(str(error))
        kept = None
    if kept is not None:
        return kept
    market = read_market(book.source, progress=progress)
    if _market_place(book) == place:  # nothing was written into the tables while they were read
        try:
            keep_market(market, store, key, dropped)
        except OSError as error:
            remarks.append(
                f"market store: cannot write '{market_file(store)}' ({error.strerror}): the tables are read and checked "
                f"anew in each run. Set [model] store."
            )
        if book.model.store is None:
            trim(store)
    return market


def _market_place(book: Book) -> tuple[Path, str] | None:
    """The store that keeps a book's market, and the market's key; None where it is not kept.

    Databases and folders elsewhere have no digest that is cheaper than to read them, and a given model has no store. What
    is wrong with tables or store is told by who needs them.
    """
    if book.source.folder is None or book.model.source == "tables":
        return None
    try:
        inputs = input_hashes(book.source)
        store = store_path(book, model_key(inputs, book.model.risk_model()))
        require_own_file(store)
    except (InputError, OSError):
        return None
    key = market_key(inputs)
    return None if key is None else (store, key)


def require_known_names(book: Book, market: xr.Dataset) -> None:
    """The market has every index, list and rate that the book asks for.

    Raises
    ------
    InputError
        Names what is missing and what there is.
    """
    indices = [str(name) for name in market["index"].to_numpy()]
    unknown = [name for name in book.report.indices if name not in indices]
    if unknown:
        raise InputError(
            f"indices: no index {listed(map(repr, unknown))}, which [report] indices asks for. "
            f"Found: {', '.join(indices) or 'no levels at all'}. Add its levels to the table indices, or leave it out there."
        )
    for name, rule in book.benchmarks.items():
        if rule.constituents is not None:
            constituent_rows(f'[benchmarks."{name}"]', rule.constituents, market)
        if rule.returns_only and name not in indices:
            raise InputError(
                f"indices: no level of '{name}', which [benchmarks.\"{name}\"] says is all that there is of it "
                f"(returns_only). Found: {listed(indices) or 'no table'}. Add its levels, or give constituents or largest."
            )
    band = book.limits.risk_band
    if band is not None and band.index not in (*book.benchmarks, *indices):
        raise InputError(
            f"{book.path.name}: no index '{band.index}', which risk_band in [limits] asks for. "
            f"Name one of [benchmarks]: {', '.join(book.benchmarks)}."
        )
    if book.book.risk_free == "rates" and "risk_free" not in market:
        raise InputError(
            f'{book.path.name}: risk_free = "rates" in [book], but the data folder has no rates table. Add it, or set '
            f"risk_free to the rate as a number a year, 0.02 for 2 %; 0.0 takes nothing off the returns."
        )


def fitted_model(book: Book, market: xr.Dataset, until: pd.Timestamp | None = None, *, progress: Progress = None) -> Fitted:
    """Read a given model; or load a book's from its store, append the new sessions to an earlier fit, or fit, and store it.

    Parameters
    ----------
    book
        Whose model it is.
    market
        The book's market.
    until
        The last day whose numbers are asked for (tables that are wrong from a later day on are not refused); by default all.
    progress
        As for `riskmodel.RiskModel.fit`.

    Raises
    ------
    InputError
        For tables in which something is found that makes every number wrong, and that the book does not accept; where
        [model] store is another file or cannot be written. The user's cache folder is only a convenience: where it
        cannot be written the fit is returned all the same, with a remark.
    """
    require_sound_market(market, book.accepted, book.path.name, until)
    if book.model.source == "tables":
        return Fitted(read_given_model(book, market, progress=progress), None, "given")
    settings, inputs, own = book.model.risk_model(), input_hashes(book.source), book.model.store is not None
    path = store_path(book, model_key(inputs, settings))
    if own:
        require_own_file(path)
    model, how, past = None, "fitted", None
    try:
        found = Fitted(load(path, model=settings, inputs=inputs), path, "found")
        if not own:
            mark_used(path)
        return found
    except StoreError as error:
        remark = error.reason if own and path.is_file() else ""
    for earlier in [path] * path.is_file() if own else read_cache(path.parent).fits:
        try:
            past = load(earlier, model=settings)
            model, how = settings.update(past, market, progress=progress), "updated"
            break
        except InputError as error:
            if own:  # the cache holds fits of other markets too
                remark = error.reason if isinstance(error, StoreError) else str(error)
    if model is None:
        model, past = settings.fit(market, progress=progress), None
    model = remembering(model, past)
    try:
        save(model, path, inputs=inputs)
    except InputError as error:
        if own:
            raise
        return Fitted(model, path, how, remark=str(error))
    if not own:
        trim(path)
    return Fitted(model, path, how, remark)


def read_given_model(book: Book, market: xr.Dataset, *, progress: Progress = None) -> RiskModelResults:
    """The model that a book gives in its tables model_*; what is wrong in them is raised as `riskmodel.given_model` does."""
    return given_model(book.source, market, covariance=book.model.covariance, progress=progress)


def store_path(book: Book, key: str) -> Path:
    """[model] store, relative to the book; by default a file in the user's cache folder, named by the inputs' hash.

    Raises
    ------
    InputError
        Where it is a folder, or lies in the data folder: nothing is written beside the data.
    """
    if book.model.store is None:
        return cache_folder() / f"{key[:32]}.nc"
    path = book.path.parent / book.model.store
    if path.is_dir():
        raise InputError(f"{book.path.name}: store '{book.model.store}' in [model] is a folder; name a file, e.g. model.nc.")
    folder = book.source.folder
    if folder is not None and path.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"{book.path.name}: store '{book.model.store}' in [model] lies in the data folder, where nothing is written. "
            f"Name a file elsewhere."
        )
    return path
