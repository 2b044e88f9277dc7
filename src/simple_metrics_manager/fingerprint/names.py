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
        elif isinstance(node, (ast.Name, ast.Attribute)):
            todo += take_chain(node, isinstance(node.ctx, ast.Load), chains)
        else:
            if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                take_chain(node.value, False, chains)
            for field, child in ast.iter_fields(node):
                if field not in ("annotation", "returns", "type_params"):
                    todo += _nodes(child)
    return Names(frozenset(chains), tuple(imports))


def _plain_import(part: ast.alias) -> Import:
    if part.asname is None:
        return Import(part.name.partition(".")[0], part.name.partition(".")[0], None, 0)
    return Import(part.asname, part.name, None, 0)


def take_chain(node: ast.expr, loaded: bool, chains: set[Chain]) -> list[ast.AST]:
    """Note the chain that ends here; what it hangs on, if that is not a name, remains to be looked into."""
    end: Chain = () if loaded else (ASSIGNED,)
    while isinstance(node, ast.Attribute):
        end = (node.attr, *end)
        node = node.value
    if isinstance(node, ast.Name):
        chains.add((node.id, *end))
        return []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super":
        chains.add((SUPER, *end))
    return [node]


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
