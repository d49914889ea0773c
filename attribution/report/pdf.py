"""PDF of a page by WeasyPrint: the embedded font alone, nothing from the network, tagged, the same bytes on each run.

Each document is made in a process of its own (`python -m attribution.report.pdf`, HTML in, PDF out): fontconfig reads its
settings once in the life of a process, two languages are laid out at the same time, and what a library prints is not seen.
"""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import resources
from typing import IO, Self

NO_PANGO = 3  # exit code of a process that cannot load Pango
NO_PDF = (
    "No PDF: the Pango libraries that WeasyPrint needs are missing. Debian and Ubuntu: apt install libpango-1.0-0 "
    "libpangoft2-1.0-0 libharfbuzz-subset0. macOS: brew install pango. Windows: see weasyprint.org."
)


class PangoMissingError(Exception):
    """The machine cannot make a PDF; the message says what to install."""


@dataclass(frozen=True)
class PdfJob:
    """A document in the making; a context manager, which stops it when it is left."""

    process: subprocess.Popen[bytes]
    output: IO[bytes]
    errors: IO[bytes]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Stop what nobody will read."""
        with self.output, self.errors:
            self.process.kill()
            self.process.wait()

    def result(self) -> bytes:
        """Wait for the PDF.

        Raises
        ------
        PangoMissingError
            Where Pango cannot be loaded.
        RuntimeError
            Where the layout fails for another reason, with what it said.
        """
        code = self.process.wait()
        self.output.seek(0)
        self.errors.seek(0)
        if code == NO_PANGO:
            raise PangoMissingError(NO_PDF)
        if code:
            raise RuntimeError(f"report: the PDF could not be made.\n{self.errors.read().decode(errors='replace')}")
        return self.output.read()


def start_pdf(html: str) -> PdfJob:
    """Begin to make the PDF of a page in another process.

    Parameters
    ----------
    html
        A page for medium "print" with its @font-face rules, see `attribution.report.fonts.font_faces`.
    """
    with tempfile.TemporaryFile() as page:
        page.write(html.encode())
        page.seek(0)
        output, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
        process = subprocess.Popen(
            [sys.executable, "-m", "attribution.report.pdf"],
            stdin=page,
            stdout=output,
            stderr=errors,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    return PdfJob(process, output, errors)


def render_pdf(html: str) -> bytes:
    """Lay out a page as a tagged PDF (PDF/UA-1) with bookmarks, in this process.

    Raises
    ------
    PangoMissingError
        Where Pango cannot be loaded.

    Notes
    -----
    A page that refers to anything it does not carry itself is refused: no network, no file, no font of the system.
    """
    no_fonts = resources.files("attribution.report").joinpath("templates/no_fonts.conf")
    with resources.as_file(no_fonts) as settings:
        os.environ["FONTCONFIG_FILE"] = str(settings)
        try:
            import weasyprint
            from weasyprint.text.fonts import FontConfiguration
            from weasyprint.urls import URLFetcher
        except OSError:
            raise PangoMissingError(NO_PDF) from None
        logging.getLogger("weasyprint").setLevel(logging.CRITICAL + 1)
        logging.getLogger("fontTools").setLevel(logging.CRITICAL + 1)
        within = URLFetcher(allowed_protocols=["data"], fail_on_errors=True)
        document = weasyprint.HTML(string=html, url_fetcher=within)
        return bytes(document.write_pdf(font_config=FontConfiguration(), pdf_variant="pdf/ua-1", pdf_tags=True))


def main() -> int:
    """HTML on standard input, PDF on standard output."""
    gc.disable()  # a process of one document: looking for cycles in its boxes takes a fifth of the time and frees nothing
    try:
        sys.stdout.buffer.write(render_pdf(sys.stdin.buffer.read().decode()))
    except PangoMissingError:
        return NO_PANGO
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
