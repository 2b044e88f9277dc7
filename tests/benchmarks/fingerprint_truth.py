"""What the source of a package says, read in a way of its own: the text of each definition, and what it could reach.

Text is that of ``ast.dump`` after docstrings and annotations are gone. What a definition could reach is everything in
the package that goes by any name which occurs in it, even in a string: far more than it reaches, and never less, but
for names that are put together while it runs.
"""

from __future__ import annotations

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias, TypedDict

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Definition(TypedDict):
    """One function, method, rest of a class, or statement of a module."""

    text: str
    names: list[str]


Definitions: TypeAlias = "Mapping[str, Definition]"


class _Stripped(ast.NodeTransformer):
    """Takes away docstrings and annotations."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("annotation", "returns", "type_comment"):
            if hasattr(node, field) and not isinstance(node, ast.AnnAssign):
                setattr(node, field, None)
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Name("_", ast.Load())
        return ast.Assign([node.target], node.value, lineno=0) if node.value is not None else node


def outermost(qualname: str) -> str:
    """The function at the top of a module or class in which a function or comprehension stands."""
    return qualname.partition(".<locals>")[0]


def definitions(root: Path, package: str) -> Definitions:
    """All definitions of the package by ``file:qualname``."""
    texts: dict[str, list[str]] = defaultdict(list)
    names: dict[str, set[str]] = defaultdict(set)
    for file in sorted((root / package).rglob("*.py")):
        tree = ast.parse(file.read_bytes())
        for qualname, nodes in _parts(_Stripped().visit(tree).body, ""):
            key = f"{file.relative_to(root)}:{qualname}"
            texts[key] += map(ast.dump, nodes)
            names[key].update(name for node in nodes for name in _names(node))
            if not names[key].isdisjoint(("cls", "type", "__class__")):  # which make objects of the method's class
                names[key].update(qualname.split(".")[-2:-1])
    return {
        key: {"text": hashlib.sha256("\n".join(texts[key]).encode()).hexdigest()[:16], "names": sorted(names[key])}
        for key in texts
    }


def _parts(body: Iterable[ast.stmt], prefix: str) -> Iterator[tuple[str, list[ast.AST]]]:
    """Each thing that is defined, with its nodes; a method is told apart from its class."""
    for part in body:
        if isinstance(part, FUNCTIONS):
            yield prefix + part.name, [part]
        elif isinstance(part, ast.ClassDef):
            inner = [each for each in part.body if isinstance(each, (*FUNCTIONS, ast.ClassDef))]
            rest = [each for each in part.body if each not in inner]
            yield prefix + part.name, [*part.bases, *part.keywords, *part.decorator_list, *rest]
            yield from _parts(inner, f"{prefix}{part.name}.")
        elif isinstance(part, (ast.If, ast.Try)):
            yield from _parts(_inner(part), prefix)
        else:
            for name in _assigned(part):
                yield prefix + name, [part]
            for node in ast.walk(part):
                if isinstance(node, ast.Lambda):
                    yield f"{prefix}<lambda>@{node.lineno}", [node]


def _inner(part: ast.If | ast.Try) -> Iterator[ast.stmt]:
    yield from (*part.body, *part.orelse)
    if isinstance(part, ast.Try):
        yield from part.finalbody
        for handler in part.handlers:
            yield from handler.body


def _assigned(part: ast.stmt) -> Iterator[str]:
    for node in ast.walk(part):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.alias):
            yield from part.name.split(".")
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
            yield part.value


def reachable(start: str, known: Definitions, by_name: Mapping[str, list[str]]) -> set[str]:
    """Every definition that this one could reach."""
    found, todo = {start}, [start]
    while todo:
        for name in known.get(todo.pop(), Definition(text="", names=[]))["names"]:
            fresh = [key for key in by_name.get(name, ()) if key not in found]
            found.update(fresh)
            todo += fresh
    return found


def by_simple_name(known: Definitions) -> dict[str, list[str]]:
    """Definitions by the last part of their names; special methods, which nobody names, by that of their class."""
    found: dict[str, list[str]] = defaultdict(list)
    for key in known:
        *classes, name = key.partition(":")[2].split(".")
        found[classes[-1] if classes and name.startswith("__") else name].append(key)
    return found
