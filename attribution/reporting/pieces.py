"""The pieces of a report, one by one: what a month shows, its charts and its commentary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel.arrays.labels import require_kind
from riskmodel.progress import Progress, stages

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from attribution.portfolio.book import Book
    from attribution.reporting.tables.content import Content
    from riskmodel.model.results import RiskModelResults


def prepare_report(
    book: Book,
    *,
    month: str,
    market: xr.Dataset | None = None,
    model: RiskModelResults | None = None,
    progress: Progress = None,
) -> Content:
    """Compute everything that a month's report shows, and write nothing.

    The arguments are those of `attribution.report`, `progress` too; the answer's `tables` are those that it writes, by name.

    Raises
    ------
    InputError
        For bad input.
    """
    from attribution.portfolio.book import require_book
    from attribution.reporting.write import prepared

    with stages(progress, len(("market", "model", "risk")) + len(require_book(book).courses)) as step:
        return prepared(book, month=month, market=market, model=model, progress=step)[0]


def report_charts(content: Content, *, lang: str = "en") -> dict[str, Figure]:
    """The figures of a report by name, in a language; whoever asked draws or saves them."""
    from attribution.reporting.charts import charts

    return charts(require_content(content), lang=lang)


def require_content(value: object) -> Content:
    """What a report shows, or that it is something else, and what to give."""
    from attribution.reporting.tables.content import Content

    return require_kind("content", value, Content, "Give what attribution.prepare_report returns.")


def report_commentary(content: Content, *, lang: str = "en") -> str:
    """The draft of the commentary in a language, as Markdown whose figures name their cells."""
    from attribution.reporting.commentary.draft import draft

    require_content(content)
    return draft(
        content.tables,
        book=content.book,
        month=content.month,
        language=lang,
        names=content.stock_names(lang),
        limits=content.limits,
        notes=content.notes,
        styles=content.style_texts,
    )
