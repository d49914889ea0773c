"""Write a month's report: pages, PDF, workbook, tables, commentary and manifest, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from attribution.house_style.csv_text import csv_text
from attribution.house_style.fonts import INSTALL, PLACE, WEIGHTS, Form, font_path, with_fonts
from attribution.portfolio.book import Book, require_book
from attribution.portfolio.inputs import fitted_model, read_inputs
from attribution.portfolio.periods import read_period
from attribution.reporting.client.draft import client_draft
from attribution.reporting.client.sleeve import shown_stocks
from attribution.reporting.client.texts import client_texts, empty_page, left_open, more_pages
from attribution.reporting.commentary.check import COLUMNS as FINDING_COLUMNS
from attribution.reporting.commentary.check import check_commentary, line_checker
from attribution.reporting.commentary.draft import draft
from attribution.reporting.commentary.html import tagged_lines, tags_shown
from attribution.reporting.edited import read_commentaries
from attribution.reporting.facts_json import FACTS, facts_json
from attribution.reporting.files import MANIFEST, manifest, measured_before, require_unedited, require_writable, write_whole
from attribution.reporting.formats import ANALYST, CLIENT, EDITIONS, FORMATS, Document, pages_alone
from attribution.reporting.house.stocks import unshown
from attribution.reporting.house.texts import House, check_house, read_house, shown_tags, unsaid
from attribution.reporting.pdf import PangoMissingError, PdfError, PdfJob, start_pdf
from attribution.reporting.policy import with_policy
from attribution.reporting.tables.content import Content, build_content, single_sleeves
from attribution.reporting.tables.figures_toml import figures_toml
from attribution.reporting.tables.later import Later
from riskmodel.arrays.arithmetic import plain_arithmetic
from riskmodel.arrays.labels import require_kind, require_path
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import LANGUAGES
from riskmodel.market.contents import require_dataset
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.progress import Progress, Step, inside, silent, stages

if TYPE_CHECKING:
    from attribution.reporting.pages.page import Medium, Shared


@dataclass(frozen=True)
class ReportFiles:
    """What a report wrote, and the frames behind it.

    Attributes
    ----------
    paths
        Every file, by its name relative to the output folder; empty where there are `findings`.
    tables
        The tables that were written, as frames.
    content
        Everything that was shown.
    remarks
        What the user should know of the run itself: that the fit could not be stored, that a PDF could not be made.
    findings
        Figures of an edited commentary, or of a text of the house's, that do not hold: file, then the columns of
        `attribution.reporting.commentary.check.check_commentary`.
    """

    paths: dict[str, Path]
    tables: dict[str, pd.DataFrame]
    content: Content
    remarks: tuple[str, ...] = ()
    findings: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["file", *FINDING_COLUMNS]))

    def __repr__(self) -> str:
        made = ", ".join(name for name in self.paths if not name.startswith("tables/")) or "nothing written"
        found = f"; {counted(len(self.findings), 'finding')} in the commentary" if len(self.findings) else ""
        return f"ReportFiles: {self.content.month}, {len(self.tables)} tables, {made}{found}"


@plain_arithmetic()
def report(
    book: Book,
    *,
    month: str,
    out: str | Path,
    languages: Sequence[str] | None = None,
    formats: Sequence[str] = FORMATS,
    editions: Sequence[str] = EDITIONS,
    market: xr.Dataset | None = None,
    model: RiskModelResults | None = None,
    commentary: str | Path | Iterable[str | Path] = (),
    progress: Progress = None,
) -> ReportFiles:
    """Explain a month: pages for analysts and for clients in each language, PDF, workbook, tables as CSV, texts to edit,
    figures to audit, and a manifest.

    Parameters
    ----------
    book
        From `attribution.read_book`.
    month
        "YYYY-MM".
    out
        Folder to write; made where it is missing. Files of an earlier report there are replaced, others left alone.
    languages
        "ja", "en", one or several; by default the book's. The workbook is in the first of them.
    formats
        One or several of "html", "pdf", "xlsx"; tables, texts and manifest are written with each.
    editions
        "analyst" (`report.*`, all there is), "client" (`client.*`, what a client asks), or both. Of "client" alone, and
        without a workbook, only the tables are made and written that its pages, its texts and `figures.toml` are from.
    market, model
        Where they are at hand; otherwise read from the book's data folder, and fitted or loaded from the store.
    commentary
        Edited texts, one or several, made from the `commentary.LANGUAGE.md` and `client.LANGUAGE.md` of an earlier report;
        what has none has the draft.
    progress
        True for a bar on standard error, where that is a terminal; or a function, called with the name of each stage as it
        begins, "model: value" being the stage model at value; `report_stages` counts them.

    Returns
    -------
    ReportFiles
        With `findings`, nothing is written: no page shows a figure that its tables contradict.

    Raises
    ------
    InputError
        For bad input, and for a commentary in `out` that was edited and not given; nothing is written then.
    """
    require_book(book)
    languages = book.book.languages if languages is None else languages
    languages = (languages,) if isinstance(languages, str) else tuple(dict.fromkeys(languages))
    formats = (formats,) if isinstance(formats, str) else formats
    editions = (editions,) if isinstance(editions, str) else tuple(dict.fromkeys(editions))
    commentary = (commentary,) if isinstance(commentary, str | Path) else commentary
    require_known("language", languages, LANGUAGES)
    require_known("format", formats, FORMATS)
    require_known("edition", editions, EDITIONS)
    require_libraries(formats)
    require_month(month)
    if isinstance(out, str) and not out.strip():
        raise InputError("--out: is empty. Name a folder.")
    out = require_path("out", out, "Name a folder.")
    require_writable(out, book)
    edited = read_commentaries(commentary, month, languages, editions)
    documents = [Document(edition, language) for edition in editions for language in languages]
    commentaries = [document.text for document in documents]
    given = {one.path.resolve() for one in edited}
    require_unedited(out, commentaries, given=given)
    for one in edited:
        if one.document.edition == CLIENT:
            client_texts(one.text, book, one.document.language, name=f"--commentary: '{one.path}'")
    house = read_house(book, month, languages, editions)
    with ExitStack() as running:
        step = running.enter_context(stages(progress, report_stages(book, languages, formats, editions)))
        jobs = {document: running.enter_context(start_pdf()) for document in documents if "pdf" in formats}
        whole = not pages_alone(editions, formats)
        content, remarks = prepared(book, month=month, market=market, model=model, whole=whole, progress=step)
        step("commentary")
        findings = [
            check_commentary(
                one.text, content.tables, book=book, month=month, measured_before=measured_before(one.path)
            ).assign(file=str(one.path))
            for one in edited
        ]
        findings.append(check_house(house, content.tables, book))
        if any(len(frame) for frame in findings):
            found = pd.concat(findings, ignore_index=True)[["file", *FINDING_COLUMNS]]
            return ReportFiles({}, made_tables(content), content, remarks, found)
        if nowhere := unshown(house.stocks, shown_stocks(content)):
            remarks = (
                *remarks,
                f"{house.stocks[0].file}: texts on {listed(nowhere)} are on no page: not among the best or worst.",
            )
        texts = {document: drafted(content, document) for document in documents}
        texts |= {one.document: one.text for one in edited}
        unfilled = [left_open(one.text, texts[one], one.language) for one in documents if one.edition == CLIENT]
        tagged = [tags_shown(str(one.path), tagged_lines(one.text)) for one in edited]
        remarks = (*remarks, *filter(None, [*unfilled, unsaid(book), *tagged, *shown_tags(house)]))
        files = laid_out(content, texts, formats, jobs, step, house)
        step("files")
        made, failed = finished(jobs)
        files |= made
        remarks = (*remarks, *dict.fromkeys(failed.values()))
        clients = [document for document in jobs if document.edition == CLIENT and document.page("pdf") in made]
        added = [more_pages(one.page("pdf"), jobs[one].pages, texts[one], len(content.sleeves)) for one in clients]
        empty = [empty_page(one.page("pdf"), *jobs[one].emptiest, *jobs[one].lines_wanted) for one in clients]
        remarks = (*remarks, *filter(None, [*added, *empty]))
        own = {one.document.text for one in edited}
        kept = sorted(name for name in own if (out / name).resolve() in given)  # a person's only copy
        files[MANIFEST] = manifest(book, content, files, edited=kept, failed=failed, house=house.hashes).encode()
        write_whole(out, files, commentaries=commentaries, given=given)
        return ReportFiles({name: out / name for name in files}, made_tables(content), content, remarks)


def report_stages(book: Book, languages: Sequence[str], formats: Sequence[str], editions: Sequence[str] = EDITIONS) -> int:
    """How many stages `report` names to its `progress`."""
    pages = len(languages) * len(editions) * (("html" in formats) + ("pdf" in formats))
    courses = single_sleeves(book) if pages_alone(editions, formats) else book.courses
    return len(("market", "model", "risk", "commentary", "files")) + len(courses) + pages + ("xlsx" in formats)


def prepared(
    book: Book,
    *,
    month: str,
    market: xr.Dataset | None = None,
    model: RiskModelResults | None = None,
    whole: bool = True,
    progress: Step = silent,
) -> tuple[Content, tuple[str, ...]]:
    """Everything that a month's report shows, and what is to be said of the fit; `whole` as for `build_content`.

    Raises
    ------
    InputError
        For bad input, and for a period that is not one month.
    """
    require_book(book)
    require_month(month)
    if market is not None:
        require_dataset(market)
    if model is not None:
        require_results(model, "model")
    remarks = list[str]()
    with one_blas_thread():
        progress("market")
        market = read_inputs(book, inside(progress, "market"), remarks) if market is None else market
        period = read_period(month, book, market)
        progress("model")
        if model is None:
            fitted = fitted_model(book, market, period.end, progress=inside(progress, "model"))
            model, remarks = fitted.model, [*remarks, *filter(None, [fitted.remark])]
        content = build_content(book, market, model, month, whole=whole, progress=progress)
    return content, tuple(remarks)


def drafted(content: Content, document: Document) -> str:
    """The text of an edition in a language, to be edited."""
    language = document.language
    told: dict[str, Any] = {
        "book": content.book,
        "month": content.month,
        "language": language,
        "names": content.stock_names(language),
        "limits": content.limits,
        "styles": content.style_texts,
    }
    if document.edition == CLIENT:
        return client_draft(content.tables, **told)
    return draft(content.tables, notes=content.notes, **told)


def laid_out(
    content: Content,
    texts: dict[Document, str],
    formats: Sequence[str],
    jobs: dict[Document, PdfJob],
    progress: Step,
    house: House,
) -> dict[str, bytes]:
    """Every file but the PDFs, which are begun first and made in their own processes meanwhile."""
    from attribution.reporting.client.page import render_client
    from attribution.reporting.commentary.html import to_html
    from attribution.reporting.house.sections import own_of
    from attribution.reporting.pages.page import page_charts, render_page, shared_sections
    from attribution.reporting.workbook.workbook import render_workbook

    files = {document.text: text.encode() for document, text in texts.items()}
    charts = {language: page_charts(content, language) for language in dict.fromkeys(one.language for one in texts)}

    @cache
    def shared(language: str) -> Shared:
        return shared_sections(content, charts[language].words)

    def page(document: Document, medium: Medium, form: Form) -> str:
        language, text = document.language, texts[document]
        own = own_of(house, document.edition, content.messages(language), traced=medium == "screen")
        look: dict[str, Any] = {"medium": medium, "fonts": PLACE, "charts": charts[language], "own": own}
        if document.edition == ANALYST:
            commentary = to_html(text, title=False, traced=medium == "screen")
            laid = render_page(content, language, commentary=commentary, shared=shared(language), **look)
        else:
            laid = render_client(content, client_texts(text, content.book, language), language, **look)
        whole = with_fonts(laid, form=form)
        return with_policy(whole) if medium == "screen" else whole

    for document, job in jobs.items():
        progress(f"PDF {document.page('')[:-1]}")
        job.send(page(document, "print", "otf"))
    for document in texts if "html" in formats else ():
        progress(f"page {document.page('')[:-1]}")
        files[document.page("html")] = page(document, "screen", "woff").encode()
    if "xlsx" in formats:
        progress("workbook")
        files["report.xlsx"] = render_workbook(content, next(iter(charts)))
    figures = figures_toml(content)
    made = made_tables(content)
    for name, table in made.items():
        files[f"tables/{name}.csv"] = csv_text(table).encode()
    files["figures.toml"] = figures.encode()
    names = line_checker(made, content.book, LANGUAGES[0]).names
    files[FACTS] = facts_json(replace(content, tables=made), names).encode()
    return files


def made_tables(content: Content) -> dict[str, pd.DataFrame]:
    """The tables of a whole month; otherwise those that something asked for."""
    return content.tables.made() if isinstance(content.tables, Later) else dict(content.tables)


def finished(jobs: dict[Document, PdfJob]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The PDFs, and by their names what to say of those that could not be made: the rest of the report stands without."""
    files: dict[str, bytes] = {}
    failed: dict[str, str] = {}
    for document, job in jobs.items():
        name = document.page("pdf")
        try:
            files[name] = job.result()
        except PangoMissingError as error:
            failed[name] = str(error)
        except PdfError as error:
            failed[name] = f"No {name}: {error} All else is written."
    return files, failed


def require_known(what: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Refuse a language or format that the report does not have, and none at all."""
    unknown = [one for one in given if one not in known]
    if unknown or not given:
        wrong = ", ".join(map(repr, unknown)) or "none"
        raise InputError(f"{what} {wrong}: a report can be had in {', '.join(known)}.")


def require_month(month: str) -> None:
    """Refuse a period that is not one month."""
    require_kind("month", month, str, "A report is of one month, written YYYY-MM.")
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise InputError(f"month '{month}': a report is of one month, written YYYY-MM.")


def require_libraries(formats: Sequence[str]) -> None:
    """Refuse to begin without the libraries of the extra `report` and its font."""
    needed = ("jinja2", "matplotlib", "markdown_it", "mdit_py_plugins", "uharfbuzz", "fontTools", "xlsxwriter")
    for name in (*needed, "weasyprint") if "pdf" in formats else needed:
        if find_spec(name) is None:
            raise InputError(f"report: the library '{name}' is not installed. Install the extra: {INSTALL}.")
    if {"html", "pdf"} & set(formats):
        for weight in WEIGHTS:
            font_path(weight)
