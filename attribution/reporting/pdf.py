"""PDF of a page by WeasyPrint: the embedded font alone, nothing from the network, tagged, the same bytes on each run.

Each document is made in a process of its own (`python -m attribution.reporting.pdf`, HTML in, PDF out): fontconfig reads its
settings once in the life of a process, and two languages are laid out beside each other and beside what comes after them.
"""

from __future__ import annotations

import gc
import logging
import os
import re
import subprocess
import sys
import tempfile
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from typing import IO, Any, Self, cast

CHART = re.compile(r'(<svg\b[^>]*\baria-label="([^"]*)"[^>]*>)')  # in a PDF only its title becomes its alternative text
PAGES = re.compile(
    rb"pages (\d+), (\d+) empty by (\d+)%, lines (\d+) (\d+)\n\Z"
)  # what a process that made a document says last
NO_PANGO = 3  # exit code of a process that cannot load Pango
NO_ROOM = 4  # of one that cannot write the document
NO_PDF = (
    "No PDF: the Pango libraries that WeasyPrint needs are missing. Debian and Ubuntu: apt install libpango-1.0-0 "
    "libpangoft2-1.0-0 libharfbuzz-subset0. macOS: brew install pango. Windows: see weasyprint.org."
)


class PdfError(Exception):
    """There is no PDF; the message, one line, says why and what to do. Nothing else of a report depends on it."""


class PangoMissingError(PdfError):
    """The machine cannot make a PDF; the message says what to install."""


@dataclass(frozen=True)
class PdfJob:
    """A document to be made; a context manager, which stops it when it is left."""

    process: subprocess.Popen[bytes]
    output: IO[bytes]
    errors: IO[bytes]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Stop what nobody will read."""
        with self.output, self.errors:
            self.process.kill()
            self.process.communicate()

    def send(self, html: str) -> None:
        """Give the page to be laid out.

        Parameters
        ----------
        html
            A page for medium "print" with its @font-face rules, see `attribution.house_style.fonts.font_faces`.
        """
        page = cast("IO[bytes]", self.process.stdin)
        with suppress(BrokenPipeError), page:  # a process that has ended says why in `result`
            page.write(html.encode())

    def result(self) -> bytes:
        """Wait for the PDF.

        Raises
        ------
        PangoMissingError
            Where Pango cannot be loaded.
        PdfError
            Where the folder for temporary files has no room for it, something has ended the process, or the layout fails,
            with what it said last.
        """
        code = self.process.wait()
        self.output.seek(0)
        self.errors.seek(0)
        if code == NO_PANGO:
            raise PangoMissingError(NO_PDF)
        if code == NO_ROOM:
            raise PdfError(
                f"no room for it in the folder for temporary files, '{tempfile.gettempdir()}'. Make room, or set TMPDIR to "
                f"another folder."
            )
        if code < 0:
            raise PdfError(
                f"the process that lays it out was ended by signal {-code}: out of memory, or no room for fonts in the "
                f"folder for temporary files, '{tempfile.gettempdir()}'. Make room, or leave it out: --formats html,xlsx."
            )
        if code:
            said = self.errors.read().decode(errors="replace").split("\n")
            last = next((line for line in reversed(said) if line.strip()), f"exit code {code}")
            raise PdfError(
                f"WeasyPrint cannot lay out the page ({last}). Print the HTML from a browser in its place, or leave it out: "
                f"--formats html,xlsx."
            )
        return self.output.read()

    @property
    def pages(self) -> int:
        """How many pages it has, once there is a `result`."""
        return self._said[0]

    @property
    def emptiest(self) -> tuple[int, int]:
        """Which page is the emptiest, and by how many percent of its height, once there is a `result`."""
        return self._said[1], self._said[2]

    @property
    def lines_wanted(self) -> tuple[int, int]:
        """How many lines more fill that page, and how many fewer spare it, once there is a `result`, or 0."""
        return self._said[3], self._said[4]

    @property
    def _said(self) -> tuple[int, int, int, int, int]:
        self.errors.seek(0)
        found = PAGES.search(self.errors.read())
        pages, page, empty, more, fewer = map(int, found.groups() if found else (0,) * 5)
        return pages, page, empty, more, fewer


def start_pdf() -> PdfJob:
    """Begin a process that loads what it needs, waits for a page and makes its PDF."""
    output, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
    process = subprocess.Popen(
        [sys.executable, "-m", "attribution.reporting.pdf"],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=errors,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return PdfJob(process, output, errors)


def main() -> int:
    """Lay out the HTML on standard input as a tagged PDF (PDF/UA-1) with bookmarks, on standard output.

    A page that refers to anything it does not carry itself is refused: no network, no file, no font of the system.
    """
    gc.disable()  # a process of one document: looking for cycles in its boxes takes a fifth of the time and frees nothing
    with resources.as_file(resources.files("attribution.reporting").joinpath("templates/no_fonts.conf")) as settings:
        os.environ["FONTCONFIG_FILE"] = str(settings)
        os.environ["SOURCE_DATE_EPOCH"] = "0"  # fontTools, which subsets where HarfBuzz cannot, writes a clock into the font
        warnings.simplefilter("ignore")  # that there is no font of the system, whatever PYTHONWARNINGS says
        try:
            import weasyprint
            from weasyprint.text.fonts import FontConfiguration
            from weasyprint.urls import URLFetcher

            from attribution.reporting.pdf_tags import complete_tags
            from attribution.reporting.spacing import emptiest, fullest, spaced
        except OSError:
            return NO_PANGO
        for name in ("weasyprint", "fontTools"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        fonts = FontConfiguration()
        options: dict[str, Any] = {"pdf_variant": "pdf/ua-1", "pdf_tags": True}

        def lay_out(html: str) -> weasyprint.Document:
            fetcher = URLFetcher(allowed_protocols=["data"], fail_on_errors=True)
            return weasyprint.HTML(string=html, url_fetcher=fetcher).render(font_config=fonts, **options)

        laid, lines = fullest(spaced(CHART.sub(r"\1<title>\2</title>", sys.stdin.buffer.read().decode())), lay_out)
        document = laid.write_pdf(finisher=complete_tags, **options)
        page, share = emptiest(laid)
    rest = memoryview(document)
    try:
        while rest:  # a buffered file says nothing of the end that a full disk does not take
            rest = rest[os.write(sys.stdout.fileno(), rest) :]
    except OSError:
        return NO_ROOM
    os.write(
        sys.stderr.fileno(),
        f"pages {len(laid.pages)}, {page} empty by {100 * share:.0f}%, lines {lines[0]} {lines[1]}\n".encode(),
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
