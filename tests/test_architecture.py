"""Which room may import which: every import is read, those inside functions and under TYPE_CHECKING too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEVELS = (  # from the top; a room imports rooms of the levels below its own, and nothing beside it
    ("attribution.__main__",),
    ("attribution.cli",),
    ("attribution.commands",),
    ("attribution.audit",),
    ("attribution.reporting", "attribution.accounts"),
    ("attribution.construction",),
    ("attribution.contributions", "attribution.measures"),
    ("attribution.brinson", "attribution.portfolio"),
    ("attribution.linking", "attribution.house_style"),
    ("attribution.identities", "attribution.rows"),
    ("riskmodel.validation",),
    ("riskmodel.model",),
    ("riskmodel.exposures",),
    ("riskmodel.market", "riskmodel.estimation", "riskmodel.optimisation"),
    ("riskmodel.arrays",),
    ("riskmodel.facts", "riskmodel.factors"),
    ("riskmodel.bounds", "riskmodel.progress"),
    ("riskmodel.code", "riskmodel.errors", "riskmodel.figures", "riskmodel.files", "riskmodel.public"),
    ("riskmodel.texts",),
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
LARGEST_ROOM = 16  # files; more are two rooms


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    module_name(path): path for package in ("attribution", "riskmodel") for path in sorted((ROOT / package).rglob("*.py"))
}


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def imports(module: str) -> Iterator[tuple[int, str]]:
    """Line and name of each module of the project that a module imports, wherever it does."""
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (
                (node.lineno, alias.name) for alias in node.names if alias.name.split(".")[0] in ("attribution", "riskmodel")
            )
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}:{node.lineno} imports relatively: name the module whole"
            name = node.module or ""
            if name.split(".")[0] in ("attribution", "riskmodel"):
                for alias in node.names:
                    yield node.lineno, f"{name}.{alias.name}" if f"{name}.{alias.name}" in FILES else name


def test_every_module_stands_in_a_room_that_is_known():
    strangers = [module for module in FILES if "." in module and room_of(module) not in LEVEL]
    assert not strangers, f"no level of LEVELS has {strangers}"


def test_nothing_private_of_another_library_is_imported():
    """Xarray says that all below xarray.core is its own."""
    wrong = []
    for module, path in FILES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            stem = node.module if isinstance(node, ast.ImportFrom) else ""
            for name in (f"{stem}.{name}".strip(".") for name in named):
                first, *rest = name.split(".")
                private = (first == "xarray" and "core" in rest) or any(part.startswith("_") for part in rest)
                if private and first not in ("attribution", "riskmodel", "__future__"):
                    wrong.append(f"{module}:{node.lineno} {name}")
    assert not wrong


def test_what_takes_a_second_to_load_is_imported_where_it_is_used():
    """Of scipy, special and linalg are quick."""
    slow = {"scipy.stats", "scipy.optimize", "statsmodels", "sklearn", "exchange_calendars", "weasyprint"}
    wrong = []
    for module, path in FILES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                stems = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
                wrong += [
                    f"{module}:{node.lineno} {stem}" for stem in stems if any(f"{stem}.".startswith(f"{s}.") for s in slow)
                ]
    assert not wrong


@pytest.mark.parametrize("module", [module for module in FILES if "." in module])
def test_a_module_imports_only_rooms_below_its_own(module: str):
    own = room_of(module)
    wrong = [
        f"line {line}: {name}"
        for line, name in imports(module)
        if room_of(name) != own and ("." not in name or LEVEL[room_of(name)] <= LEVEL[own])
    ]
    assert not wrong, f"{module} stands in {own} and imports what is not below it: {wrong}"


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: {name for _, name in imports(module) if name != module} for module in FILES if "." in module}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_no_room_is_so_large_that_it_is_two():
    counts: dict[Path, int] = {}
    for path in FILES.values():
        counts[path.parent] = counts.get(path.parent, 0) + (path.name != "__init__.py")
    large = {str(folder.relative_to(ROOT)): number for folder, number in counts.items() if number > LARGEST_ROOM}
    assert not large, f"more than {LARGEST_ROOM} files: {large}"
