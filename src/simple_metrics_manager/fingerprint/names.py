"""Which names a piece of code uses, as dotted chains: ``helpers.basis(x)`` uses ``("helpers", "basis")``."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TypeAlias, cast

import attrs

Chain: TypeAlias = "tuple[str, ...]"

SUPER = "super()"
"""The chain of ``super().fit`` begins with this."""

ASSIGNED = "="
"""The chain of something that the code itself changes (``CACHE[k] = v``, ``global K``) ends with this."""

TESTED = "in"
"""The chain of something that the code only asks whether it holds a thing (``name in REGISTRY``) ends with this."""

ITSELF = frozenset({ASSIGNED, TESTED})
"""What is done to a thing without asking it for an attribute."""


@attrs.frozen
class Import:
    """``from ..module import name as alias`` inside a function; ``name`` is None for a plain import."""

    alias: str
    module: str
    name: str | None
    level: int


@attrs.frozen
class Names:
    """Chains that are loaded or changed, and what is imported on the way."""

    chains: frozenset[Chain]
    imports: tuple[Import, ...]


def names_in(nodes: Iterable[ast.AST]) -> Names:
    """The names used in these nodes, without their annotations."""
    chains: set[Chain] = set()
    imports: list[Import] = []
    todo = list(nodes)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Global):
            chains.update((name, ASSIGNED) for name in node.names)
        elif isinstance(node, ast.Import):
            imports += map(_plain_import, node.names)
        elif isinstance(node, ast.ImportFrom):
            imports += [
                Import(part.asname or part.name, node.module or "", part.name, node.level) for part in node.names
            ]
        elif isinstance(node, ast.Call) and (instance := _asked_for_type(node)):
            chains.add((instance, "__class__"))
        elif isinstance(node, (ast.Name, ast.Attribute)):
            todo += take_chain(node, () if isinstance(node.ctx, ast.Load) else (ASSIGNED,), chains)
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            todo += (*take_chain(node.value, (ASSIGNED,), chains), node.slice)
        elif isinstance(node, ast.Compare):
            todo += _compared(node, chains)
        else:
            for field, child in ast.iter_fields(node):
                if field not in ("annotation", "returns", "type_params"):
                    todo += _nodes(child)
    return Names(frozenset(chains), tuple(imports))


def _plain_import(part: ast.alias) -> Import:
    if part.asname is None:
        return Import(part.name.partition(".")[0], part.name.partition(".")[0], None, 0)
    return Import(part.asname, part.name, None, 0)


def _compared(node: ast.Compare, chains: set[Chain]) -> list[ast.AST]:
    todo: list[ast.AST] = [node.left]
    for operator, part in zip(node.ops, node.comparators, strict=True):
        tested = isinstance(operator, (ast.In, ast.NotIn)) and chain_of(part)
        todo += take_chain(part, (TESTED,), chains) if tested else [part]
    return todo


def take_chain(node: ast.expr, end: Chain, chains: set[Chain]) -> list[ast.AST]:
    """Note the chain that ends here; what it hangs on, if that is not a name, remains to be looked into."""
    while isinstance(node, ast.Attribute):
        end = (node.attr, *end)
        node = node.value
    if isinstance(node, ast.Name):
        chains.add((node.id, *end))
        return []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super":
        chains.add((SUPER, *end))
    if isinstance(node, ast.Call) and (instance := _asked_for_type(node)):
        chains.add((instance, "__class__", *end))
        return []
    return [node]


def _asked_for_type(call: ast.Call) -> str:
    """The name of what ``type(self)`` is asked about; empty for any other call."""
    asks = isinstance(call.func, ast.Name) and call.func.id == "type" and len(call.args) == 1
    return call.args[0].id if asks and isinstance(call.args[0], ast.Name) else ""


def _nodes(child: object) -> list[ast.AST]:
    if isinstance(child, ast.AST):
        return [child]
    return (
        [part for part in cast("list[object]", child) if isinstance(part, ast.AST)] if isinstance(child, list) else []
    )


def chain_of(node: ast.expr) -> Chain:
    """``a.b.c`` as a chain; empty for any other expression."""
    end: Chain = ()
    while isinstance(node, ast.Attribute):
        end = (node.attr, *end)
        node = node.value
    return (node.id, *end) if isinstance(node, ast.Name) else ()
