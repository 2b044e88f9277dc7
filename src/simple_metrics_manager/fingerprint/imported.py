"""What a module takes from libraries by name: told by the words of the import, which no library and no Python changes.

``from os.path import normpath`` is a function of another name and module on each version of Python, and
``from sys import hexversion`` another number. Which library it is, and in which version, is told elsewhere.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import cast

import attrs
import numpy as np

from simple_metrics_manager.fingerprint.locating import defined, statements
from simple_metrics_manager.fingerprint.origin import is_project_file, is_project_name
from simple_metrics_manager.fingerprint.sources import newest


@attrs.frozen
class Imported:
    """Stands for the value of a name that was imported from a library."""

    package: str
    name: str

    def __str__(self) -> str:
        return f"<{self.package} {self.name}>"


def as_imported(value: object, namespace: Mapping[str, object], name: str) -> object:
    """What stands for the value of a module's name, if the module imports it from a library; else the value itself.

    Functions and classes are told so, and anything of the standard library. Constants of other libraries count by
    their values.
    """
    file = namespace.get("__file__")
    if isinstance(value, ModuleType) or not isinstance(file, str) or not is_project_file(file):
        return value
    found = _imports(file, namespace).get(name)
    if found is None or is_project_name(found.package) or is_project_name(getattr(value, "__module__", None)):
        return value
    return found if isinstance(value, _NAMED) or found.package in sys.stdlib_module_names else value


def _imports(file: str, namespace: Mapping[str, object]) -> Mapping[str, Imported]:
    """What is imported by name at the top of a module; without names that are bound in another way as well."""
    tree = newest(file, namespace)
    if tree is None:
        return {}
    known = _known.get(file)
    if known is None or known[0] is not tree:
        known = _known[file] = tree, _imports_in(tree)
    return known[1]


def _imports_in(tree: ast.Module) -> dict[str, Imported]:
    found: dict[str, set[Imported | None]] = defaultdict(set)
    for node in statements(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for part in node.names:
                found[part.asname or part.name].add(Imported(node.module.partition(".")[0], part.name))
        else:
            for name in defined(node):
                found[name].add(None)
    only = {name: next(iter(origins)) for name, origins in found.items() if len(origins) == 1}
    return {name: origin for name, origin in only.items() if origin is not None}


_known: dict[str, tuple[ast.Module, Mapping[str, Imported]]] = {}
_NAMED = (FunctionType, BuiltinFunctionType, type, np.ufunc, cast("type[object]", type(np.linalg.solve)))
