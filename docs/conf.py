"""The site that `make docs` builds from these pages and the docstrings of the public names."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import version as installed
from pprint import pformat

from docutils.nodes import Node
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.parsing import nested_parse_to_nodes

project = "Factor risk attribution"
version = release = installed("factor-attribution")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]

myst_heading_anchors = 3
default_role = "code"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 100
autosummary_generate = False
numpydoc_show_class_members = False  # autodoc shows them
nitpicky = True
nitpick_ignore_regex = [("py:class", ".*")]  # annotations name types of pandas, of xarray and of modules that are not public

html_theme = "alabaster"
html_theme_options = {
    "description": "Why did a portfolio beat its benchmark this month?",
    "page_width": "1200px",
    "sidebar_width": "260px",
}
html_copy_source = False
html_show_copyright = False


class PublicNames(SphinxDirective):
    """Every name in a package's `__all__`, so that a new one needs no edit here: a table, then each with its docstring."""

    required_arguments = 1

    def run(self) -> list[Node]:
        package = import_module(self.arguments[0])
        self.env.note_dependency(package.__file__)
        values = {name: getattr(package, name) for name in sorted(package.__all__, key=str.lower)}
        lines = [".. autosummary::", "", *(f"   ~{package.__name__}.{name}" for name in values), ""]
        for name, value in values.items():
            lines += [*_described(package.__name__, name, value), ""]
        return nested_parse_to_nodes(self.state, StringList(lines, source=f"{package.__name__}.__all__"))


def _described(package: str, name: str, value: object) -> list[str]:
    """A name's entry, in reStructuredText."""
    home = getattr(value, "__module__", package).partition(".")[0]
    if home != package:  # handed on: described once, where it is at home
        return [f".. py:data:: {package}.{name}", "", f"   The same as :py:obj:`{home}.{name}`."]
    if isinstance(value, type):
        return [f".. autoclass:: {package}.{name}", "   :members:"]
    if callable(value):
        return [f".. autofunction:: {package}.{name}"]
    listing = re.sub(r" at 0x[0-9a-f]+", "", pformat(value, width=120, sort_dicts=False))
    return [f".. py:data:: {package}.{name}", "", "   ::", "", *(f"      {line}" for line in listing.splitlines())]


def link_pages(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Make links of the pages that docstrings name by their path, so that a page which has moved fails the build."""
    lines[:] = [re.sub(r"\bdocs/([a-z_/]+)\.md\b", r":doc:`/\1`", line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-process-docstring", link_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
