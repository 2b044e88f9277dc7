"""Where a name of a fingerprint is defined, for messages: ``fit.K`` stands in ``fit.py:3``."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

from simple_metrics_manager.fingerprint.origin import module_label
from simple_metrics_manager.fingerprint.sources import newest

_DEEPEST = 10


def location(label: str, depth: int = 0) -> str:
    """``file:line`` of the assignment or definition of a dotted name; ``""`` if it cannot be found.

    What a module imports by name from another one is found there. It is looked up in the file as it is now.
    """
    parts = label.split(".")
    for end in range(len(parts) - 1, 0, -1):
        module = _module(".".join(parts[:end]))
        if module is not None:
            return _in_module(module, parts[end:], depth)
    return ""


def _module(name: str) -> ModuleType | None:
    found = sys.modules.get(name)
    if found is None and module_label("__main__") == name:
        found = sys.modules.get("__main__")
    return found


def _in_module(module: ModuleType, names: Sequence[str], depth: int) -> str:
    file: object = getattr(module, "__file__", None)
    source = newest(file, vars(module)) if isinstance(file, str) else None
    if source is None:
        return ""
    found, body = "", source.body
    for name in names:
        node = next((node for node in reversed([*statements(body)]) if name in defined(node)), None)
        if node is None:
            break
        found = f"{file}:{node.lineno}"
        if isinstance(node, ast.ImportFrom):
            return (location(_origin(module, node, name), depth + 1) if depth < _DEEPEST else "") or found
        body = node.body if isinstance(node, ast.ClassDef) else []
    return found


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that define names where the body stands, in branches as well."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for field in ("body", "handlers", "orelse", "finalbody"):
                for inner in getattr(node, field, ()):
                    yield from statements(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


def defined(node: ast.stmt) -> set[str]:
    """The names that one statement defines."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {part.asname or part.name.partition(".")[0] for part in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    nodes = [part for target in targets if target is not None for part in ast.walk(target)]
    return {part.id for part in nodes if isinstance(part, ast.Name)}


def _origin(module: ModuleType, node: ast.ImportFrom, name: str) -> str:
    """The dotted name of what ``from ..package import thing as name`` imports."""
    inner = next(part.name for part in node.names if (part.asname or part.name) == name)
    package: object = vars(module).get("__package__")
    try:
        whole = importlib.util.resolve_name("." * node.level + (node.module or ""), str(package or ""))
    except ImportError:
        return ""
    return f"{whole}.{inner}"
