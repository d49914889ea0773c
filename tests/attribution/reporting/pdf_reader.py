"""Makes a PDF of a page and reads its tags back."""

from __future__ import annotations

import io

import pypdf
import pytest

from attribution.house_style.fonts import with_fonts
from attribution.reporting.pdf import PangoMissingError, start_pdf


def laid_out(page):
    """The PDF of a page; the test is skipped where the machine can make none."""
    with start_pdf() as job:
        job.send(with_fonts(page, form="otf"))
        try:
            return job.result()
        except PangoMissingError as error:
            pytest.skip(str(error))


def root_of(document):
    return pypdf.PdfReader(io.BytesIO(document)).trailer["/Root"]


def elements(parent):
    """The structure elements under one, in reading order."""
    kids = parent.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        kid = kid.get_object()
        if hasattr(kid, "get") and "/S" in kid:
            yield kid
            yield from elements(kid)
