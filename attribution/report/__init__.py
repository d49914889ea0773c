"""Pages and files of a report: no mathematics in them.

The package bears the name of its one command, so it can be called: `attribution.report(book, month=..., out=...)` writes
everything. Its pieces can be had one by one:

    content = attribution.report.prepare(book, month="2025-03")
    attribution.report.tables(content)["performance"]
    attribution.report.charts(content, lang="ja")["cumulative"].savefig("cumulative.png")
    attribution.report.commentary(content, lang="en")
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

    from attribution.book import Book
    from attribution.report.content import Content
    from attribution.report.write import ReportFiles
    from riskmodel.model import RiskModelResults


def prepare(book: Book, *, month: str, market: xr.Dataset | None = None, model: RiskModelResults | None = None) -> Content:
    """Compute everything that a month's report shows, and write nothing; the arguments are those of the report.

    Raises
    ------
    InputError
        For bad input.
    """
    from attribution.report.write import prepared

    return prepared(book, month=month, market=market, model=model)[0]


def tables(content: Content) -> dict[str, pd.DataFrame]:
    """The tables of a report by name, numbers as decimals; see docs/reference/report.md."""
    return dict(content.tables)


def charts(content: Content, *, lang: str = "en") -> dict[str, Figure]:
    """The figures of a report by name, in a language; whoever asked draws or saves them."""
    from attribution.report import drawing

    return drawing.charts(content, lang=lang)


def commentary(content: Content, *, lang: str = "en") -> str:
    """The draft of the commentary in a language, as Markdown whose figures name their cells."""
    from attribution.commentary import draft

    return draft(content.tables, book=content.book, month=content.month, language=lang, names=content.stock_names(lang))


class _CallablePackage(ModuleType):
    def __call__(self, book: Book, *, month: str, out: str | Path, **options: Any) -> ReportFiles:
        """Write a month's report; the options are those of `attribution.report.write.report`."""
        from attribution.report.write import report

        return report(book, month=month, out=out, **options)


sys.modules[__name__].__class__ = _CallablePackage
