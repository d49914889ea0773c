"""The sources of a package as a digest, by which what other code computed is told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

EVERY = ("**/*.py", "**/*.toml", "**/*.c", "**/*.h")


def sources_digest(folder: Path, patterns: Sequence[str] = EVERY) -> str:
    """SHA-256 of the sources of a package, the same wherever it lies; empty where they are not there, as in a zip.

    Parameters
    ----------
    folder
        Of the package.
    patterns
        Of the files in it that count.
    """
    names = sorted({path.relative_to(folder).as_posix() for pattern in patterns for path in folder.glob(pattern)})
    if not any(name.endswith(".py") for name in names):
        return ""
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name} ".encode() + hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()


@cache
def packages_digest(*packages: str) -> str:
    """SHA-256 of all sources of some packages; empty where those of one are not there.

    Examples
    --------
    >>> packages_digest("riskmodel") == packages_digest("riskmodel"), packages_digest("riskmodel.market") == ""
    (True, False)
    """
    digests = [sources_digest(Path(str(import_module(package).__file__)).parent) for package in packages]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest() if all(digests) else ""
