"""`attribution fit`: estimate or update the model's store."""

from __future__ import annotations

import argparse

from attribution.commands.terminal import DONE, print_table, progress, say


def print_fit(options: argparse.Namespace) -> int:
    """Estimate or find the model, and print its factors."""
    from attribution.portfolio.book import read_book
    from attribution.portfolio.inputs import fitted_model, read_inputs

    book = read_book(options.book)
    with progress(2) as step:
        step("market")
        market = read_inputs(book)
        step("model")
        fitted = fitted_model(book, market)
    if options.format == "text":
        say(fitted.model)
        say(f"{fitted.how}; store: {fitted.store}" if fitted.store is not None else "given, by the tables model_*: no store")
        if fitted.remark:
            say(fitted.remark)
    else:
        print_table(fitted.model.summary().rename_axis("factor").reset_index(), options.format)
    return DONE
