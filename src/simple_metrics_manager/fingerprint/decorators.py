"""Hash of a function with its decorators, except those of this library.

Declaring one more set of parameters in ``@metric(params_list=...)`` changes no value that is stored.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import FunctionType, ModuleType

from simple_metrics_manager.fingerprint import canonical
from simple_metrics_manager.fingerprint.names import chain_of
from simple_metrics_manager.fingerprint.objects import MISSING, closure_of, plain_attribute
from simple_metrics_manager.fingerprint.origin import LIBRARY, is_own
from simple_metrics_manager.fingerprint.sources import Found

_OURS = frozenset({"metric", "collect"})


def function_hash(function: FunctionType, found: Found | None, *, defaults: bool = True) -> str:
    """The canonical hash of a function; ``""`` where its source could not be had."""
    if found is None or isinstance(found.node, ast.ClassDef):
        return ""
    return canonical.function_hash(found.node, counted_decorators(function, found.node), defaults=defaults)


def counted_decorators(function: FunctionType, node: canonical.FunctionNode) -> list[ast.expr]:
    """The decorators that are not this library's."""
    if isinstance(node, ast.Lambda):
        return []
    return [decorator for decorator in node.decorator_list if not _is_ours(decorator, function)]


def _is_ours(decorator: ast.expr, function: FunctionType) -> bool:
    chain = chain_of(decorator.func if isinstance(decorator, ast.Call) else decorator)
    if not chain:
        return False
    value = _resolved(chain[0], function)
    for name in chain[1:]:
        value = vars(value).get(name, MISSING) if isinstance(value, ModuleType) else plain_attribute(value, name)
    if value is MISSING:
        # the decorator was a local name where the function was made, and is gone
        return chain[-1] in _OURS
    if isinstance(value, (FunctionType, type)):
        return value.__module__.partition(".")[0] == LIBRARY
    return is_own(type(value))


def _resolved(name: str, function: FunctionType) -> object:
    cells = closure_of(function)
    namespace: Mapping[str, object] = function.__globals__
    if name in cells:
        try:
            return cells[name].cell_contents
        except ValueError:
            return MISSING
    return namespace.get(name, MISSING)
