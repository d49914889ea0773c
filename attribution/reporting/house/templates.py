"""A house's own templates in the place of sections of the analyst edition: read from one folder, and run in a sandbox."""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

from attribution.reporting.house.files import folder_inside, inside, read_text
from riskmodel.errors import InputError

if TYPE_CHECKING:
    from jinja2 import Environment

SECTIONS = "templates/sections"
SUFFIX = ".html"
CALLED = ("builtins.", "jinja2.", "markupsafe.", "attribution.reporting.", "attribution.house_style.")  # what may be called


@dataclass(frozen=True)
class OwnTemplate:
    """A template in the place of a section's: the file as a message names it, and what it says."""

    file: str
    source: str = field(repr=False)


def section_names() -> list[str]:
    """The sections that a template can stand for."""
    files = resources.files("attribution.reporting").joinpath(SECTIONS).iterdir()
    return sorted(file.name.removesuffix(SUFFIX) for file in files)


def read_templates(root: Path, written: str, what: str) -> tuple[dict[str, OwnTemplate], list[Path]]:
    """The templates of a folder by the section that they stand for, and the files that were read.

    Parameters
    ----------
    root
        The book's folder.
    written
        The folder as the book names it.
    what
        Names the key in a message.

    Raises
    ------
    InputError
        For a folder that is missing, or lies outside the book's; for a file in it that is named after no section, lies
        outside, or is no template.
    """
    folder = folder_inside(root, written, what)
    names, known = sorted(file.name for file in folder.iterdir()), section_names()
    templates, paths = {}, []
    for name in names:
        section, file = name.removesuffix(SUFFIX), f"{written.rstrip('/')}/{name}"
        if section == name or section not in known:
            near = difflib.get_close_matches(section, known, n=1, cutoff=0)[0]
            raise InputError(
                f"{what}: '{file}' is named after no section. Nearest: '{near}{SUFFIX}'. Sections: {', '.join(known)}."
            )
        path = inside(root, file, what)
        templates[section] = OwnTemplate(file, read_text(path, file))
        paths.append(path)
    if not templates:
        raise InputError(f"{what}: no template in '{written}'. Put a file there such as '{known[0]}{SUFFIX}'.")
    environment = own_environment(templates)
    for section in templates:
        with named(templates):
            environment.get_template(f"{SECTIONS}/{section}{SUFFIX}")
    return templates, paths


def own_environment(templates: Mapping[str, OwnTemplate]) -> Environment:
    """What lays out a page with a house's templates: in a sandbox, escaped, with the package's files and no others.

    A template reads whatever it is given, but calls only what belongs to pages: a path or a table among it would read and
    write files for it.
    """
    from jinja2 import ChoiceLoader, FunctionLoader, PackageLoader, StrictUndefined, select_autoescape
    from jinja2.sandbox import SandboxedEnvironment

    own = {f"{SECTIONS}/{section}{SUFFIX}": template for section, template in templates.items()}

    def load(name: str) -> tuple[str, str, None] | None:
        template = own.get(name)
        return None if template is None else (template.source, template.file, None)

    class Sandbox(SandboxedEnvironment):
        def is_safe_callable(self, obj: Any) -> bool:
            if isinstance(obj, FunctionType | type):
                return obj in self.globals.values()
            owner = getattr(obj, "__self__", obj)
            safe = isinstance(owner, date) or f"{type(owner).__module__}.".startswith(CALLED)
            return safe and super().is_safe_callable(obj)

    return Sandbox(
        loader=ChoiceLoader([FunctionLoader(load), PackageLoader("attribution.reporting", "")]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@contextmanager
def named(templates: Mapping[str, OwnTemplate]) -> Iterator[None]:
    """Say of what goes wrong in a house's template in which file and line it does.

    Raises
    ------
    InputError
        For what a template cannot do: its syntax, a name that there is not, what the sandbox forbids, any other failure.
    """
    from jinja2 import TemplateSyntaxError

    files = {template.file for template in templates.values()}
    try:
        yield
    except TemplateSyntaxError as error:
        if error.filename not in files:
            raise
        raise InputError(f"{error.filename}, line {error.lineno}: {error.message}. Correct the template.") from None
    except Exception as error:
        places = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
        if not places:
            raise
        last = places[-1]
        raise InputError(
            f"{last.filename}, line {last.lineno}: {error}. Correct the template; what it is given is in "
            f"docs/reference/house_texts.md."
        ) from None
