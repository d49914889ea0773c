"""`attribution fit`: estimate or update the model's store."""

from __future__ import annotations

import argparse

from attribution.commands.terminal import DONE, print_table, progress, say
from riskmodel.progress import inside


def print_fit(options: argparse.Namespace) -> int:
    """Estimate or find the model, and print its factors."""
    from attribution.portfolio.book import read_book
    from attribution.portfolio.inputs import fitted_model, read_inputs
    from riskmodel.model.cache.folder import read_cache, store_bytes

    book = read_book(options.book)
    remarks = list[str]()
    with progress(2) as step:
        step("market")
        market = read_inputs(book, inside(step, "market"), remarks)
        step("model")
        fitted = fitted_model(book, market, progress=inside(step, "model"))
    if options.format == "text":
        say(fitted.model)
        say(f"{fitted.how}; store: {fitted.store}" if fitted.store is not None else "given, by the tables model_*: no store")
        if fitted.store is not None:
            say(f"store: {store_bytes(fitted.store) / 1e6:,.1f} MB" if fitted.store.is_file() else "store: not written")
        say(f"cache: {read_cache()}")
        for remark in filter(None, [*remarks, fitted.remark]):
            say(remark)
    else:
        print_table(fitted.model.summary().rename_axis("factor").reset_index(), options.format)
    return DONE
