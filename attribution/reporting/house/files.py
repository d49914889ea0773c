"""Files of a house, from the book's folder and from nowhere else."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attribution.portfolio.settings.toml_file import MOST_BYTES
from attribution.reporting.commentary.check import decode_commentary
from riskmodel.errors import InputError
from riskmodel.market.plain_text import first_bytes

MOST_IMAGE_BYTES = 2_000_000
MOST_PIXELS = 5_000  # along a side: A4 at 400 dots an inch
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg"}


def inside(root: Path, written: str, what: str, *, beside: Path | None = None) -> Path:
    """The file that a house names, which lies in the book's folder, links followed.

    Parameters
    ----------
    root
        The book's folder.
    written
        The path as it was written, relative to `beside`, or else to the folder.
    what
        Names the place in a message.
    beside
        Folder of the file that names it.

    Raises
    ------
    InputError
        For an address, an absolute path, a file outside the folder, one that is missing or no file.
    """
    path = _resolved(root, written, what, beside)
    if not path.is_file():
        raise InputError(f"{what}: no file '{written}' in the book's folder. Write it, or take it out of the book.")
    return path


def folder_inside(root: Path, written: str, what: str) -> Path:
    """The folder that a house names, which lies in the book's folder, links followed.

    Raises
    ------
    InputError
        As `inside`.
    """
    path = _resolved(root, written, what, None)
    if not path.is_dir():
        raise InputError(f"{what}: no folder '{written}' in the book's folder. Make it, or take it out of the book.")
    return path


def _resolved(root: Path, written: str, what: str, beside: Path | None) -> Path:
    if ":" in written or "\\" in written or written.startswith(("/", "~")):
        raise InputError(f"{what}: '{written}' is no path in the book's folder. Put the file there, and name it with /.")
    try:
        path = ((beside or root) / written).resolve()
        outside = not path.is_relative_to(root.resolve())
        _ = outside or path.exists()  # which fails for what no name of a file can be
    except (OSError, ValueError, RuntimeError):  # too long, or links that lead back to themselves
        raise InputError(f"{what}: '{written}' cannot be found. Name a file in the book's folder.") from None
    if outside:
        raise InputError(f"{what}: '{written}' lies outside the book's folder, links followed. Put the file into it.")
    return path


def _bytes(path: Path, most: int, what: str) -> bytes:
    try:
        data = first_bytes(path, most + 1)
    except OSError as error:
        raise InputError(f"{what}: cannot read '{path.name}' ({error.strerror}).") from None
    if len(data) > most:
        raise InputError(f"{what}: '{path.name}' has more than {most:,} bytes. Make it smaller.")
    return data


def read_text(path: Path, what: str) -> str:
    """A text in UTF-8 with line feeds.

    Raises
    ------
    InputError
        For a large file, another encoding and control characters.
    """
    return decode_commentary(_bytes(path, MOST_BYTES, what), name=what)


@contextmanager
def whole_images() -> Iterator[None]:
    """An image that breaks off is refused, though another library, WeasyPrint say, has told Pillow to take it."""
    from PIL import ImageFile

    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def read_image(path: Path, what: str, formats: tuple[str, ...] = tuple(FORMATS)) -> str:
    """A PNG or JPEG as an address that holds it, so that a page loads nothing.

    Raises
    ------
    InputError
        For a file that is neither, is broken, has more than two million bytes, or more than 5,000 pixels along a side.
    """
    from PIL import Image, UnidentifiedImageError

    data = _bytes(path, MOST_IMAGE_BYTES, what)
    broken = InputError(f"{what}: '{path.name}' is no {' or '.join(formats)} that can be read. Save the image as one.")
    try:
        with whole_images(), Image.open(io.BytesIO(data), formats=formats) as image:
            kind, size = str(image.format), image.size
            if max(size) > MOST_PIXELS:
                raise InputError(
                    f"{what}: '{path.name}' has {size[0]:,} x {size[1]:,} pixels, more than {MOST_PIXELS:,} along a side. "
                    f"Make it smaller."
                )
            image.load()
    except InputError:
        raise
    except (
        *(Image.DecompressionBombError, Image.DecompressionBombWarning),
        *(UnidentifiedImageError, OSError, ValueError, SyntaxError),  # the last three of files that break off
    ):
        raise broken from None
    return f"data:{FORMATS[kind]};base64,{base64.b64encode(data).decode('ascii')}"
