"""What defines functions and classes: their hashes, the names in them, and which decorators count.

Decorators of this library do not: declaring one more set of parameters in ``@metric(params_list=...)`` changes no
value that is stored.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import cast

from simple_metrics_manager.fingerprint import canonical
from simple_metrics_manager.fingerprint.names import Names, chain_of, names_in
from simple_metrics_manager.fingerprint.objects import MISSING, closure_of, innermost, plain_attribute
from simple_metrics_manager.fingerprint.origin import LIBRARY, is_own
from simple_metrics_manager.fingerprint.sources import Found, find_class

_OURS = frozenset({"metric", "collect"})

PICKLING = frozenset({"__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs_ex__"})
"""Methods of a class that count themselves, and not what they reach: that may be a registry of all that there is."""


def function_hash(function: FunctionType, found: Found | None, *, defaults: bool = True) -> str:
    """The canonical hash of a function; ``""`` where its source could not be had."""
    if found is None or isinstance(found.node, (ast.ClassDef, ast.Assign)):
        return ""
    node, counted = found.node, counted_decorators(function, found.node)
    key = ("hash", defaults, *map(id, counted))
    return found.once(key, lambda: canonical.function_hash(node, counted, defaults=defaults))


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
    return is_own(cast("type", type(value)))


def _resolved(name: str, function: FunctionType) -> object:
    cells = closure_of(function)
    namespace: Mapping[str, object] = function.__globals__
    if name in cells:
        try:
            return cells[name].cell_contents
        except ValueError:
            return MISSING
    return namespace.get(name, MISSING)


def names_of(function: FunctionType, found: Found | None) -> tuple[Names, Names]:
    """Names used where the function is defined (decorators, defaults), and names used in its body."""
    if found is None or isinstance(found.node, (ast.ClassDef, ast.Assign)):
        return names_in(()), names_in(())
    node, counted = found.node, counted_decorators(function, found.node)
    defaults = [default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None]
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    outside = found.once(("names", *map(id, counted)), lambda: names_in([*counted, *defaults]))
    return outside, found.once("names", lambda: names_in(body))


def class_source(cls: type) -> tuple[Found | None, Mapping[str, object]]:
    """Where a class is defined, and the namespace of its module; its methods know the file, in notebooks as well."""
    prefix = cls.__qualname__ + "."
    inner = (innermost(member)[0] for member in vars(cls).values())
    codes = [function.__code__ for function in inner if isinstance(function, FunctionType)]
    codes = [
        code for code in codes if code.co_qualname.startswith(prefix) and not code.co_filename.startswith("<attrs")
    ]
    module = sys.modules.get(cls.__module__)
    namespace = {} if module is None else vars(module)
    file = codes[0].co_filename if codes else str(namespace.get("__file__", ""))
    return find_class(
        cls, [code.co_firstlineno for code in codes if code.co_filename == file], namespace, file
    ), namespace
