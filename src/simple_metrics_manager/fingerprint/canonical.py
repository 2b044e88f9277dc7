"""What code says, without how it is written: the canonical text of a syntax tree, and its hash.

Positions, comments, formatting, docstrings, annotations and statements without effect do not count; everything
that can change a result does. The text is the same on every Python version that can parse the source: fields that
are empty are left out (newer versions only add such), and what versions parse differently (pieces of f-strings) is
brought to one form. This module needs the standard library only, so that any interpreter can run it by its path.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeAlias, cast

SCHEME = 1
"""Version of the canonical text. Hashes of different schemes say nothing about each other."""

FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"
Fields: TypeAlias = "Iterable[tuple[str, object]]"

_UNCOUNTED = frozenset({"annotation", "returns", "type_comment", "type_params", "kind", "ctx", "simple"})
_MARKING_ANNOTATIONS = frozenset({"ClassVar", "InitVar", "KW_ONLY"})


def function_hash(node: FunctionNode, decorators: Sequence[ast.expr] = (), *, defaults: bool = True) -> str:
    """Hash of a function whatever its name.

    ``decorators`` are those that count. Without ``defaults`` it still counts which parameters have one.
    """
    arguments = node.args
    if not defaults:
        optional = [ast.Constant(value=...) for _ in arguments.defaults]
        named = [None if default is None else ast.Constant(value=...) for default in arguments.kw_defaults]
        arguments = ast.arguments(
            posonlyargs=arguments.posonlyargs,
            args=arguments.args,
            vararg=arguments.vararg,
            kwonlyargs=arguments.kwonlyargs,
            kw_defaults=named,  # type: ignore[arg-type,unused-ignore]  # typeshed forgets that a default may be missing
            kwarg=arguments.kwarg,
            defaults=list[ast.expr](optional),
        )
    return _hash(type(node).__name__, (("args", arguments), ("body", node.body), ("decorator_list", list(decorators))))


def class_hash(node: ast.ClassDef, without: Collection[str] = ()) -> str:
    """Hash of a class whatever its name, without the methods of these names."""
    body = [part for part in node.body if not (isinstance(part, _DEFINITIONS) and part.name in without)]
    parts = (
        ("bases", node.bases),
        ("keywords", node.keywords),
        ("body", body),
        ("decorator_list", node.decorator_list),
    )
    return _hash("ClassDef", parts, in_class=True)


def expression_hash(node: ast.expr) -> str:
    """Hash of one expression."""
    return _hash("Expression", (("body", node),))


def default_expressions(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """The default of each parameter that has one."""
    positional = [*arguments.posonlyargs, *arguments.args]
    yield from zip(
        (part.arg for part in positional[len(positional) - len(arguments.defaults) :]), arguments.defaults, strict=True
    )
    for part, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            yield part.arg, default


def combined_hash(hashes: Iterable[str]) -> str:
    """One hash for several pieces of code that go by one name, a property's getter and setter; unknown if one is."""
    known = sorted(set(hashes))
    if len(known) == 1 or "" in known:
        return known[0]
    return _digest(",".join(known))


def _hash(kind: str, fields: Fields, *, in_class: bool = False) -> str:
    return _digest("".join(_canonical(kind, fields, in_class)))


def _digest(text: str) -> str:
    return f"{SCHEME}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _canonical(kind: str, fields: Fields, in_class: bool) -> Iterator[str]:
    """Pieces of the canonical text. The stack is a list, since an expression may be nested deeper than calls can be."""
    todo: list[tuple[object, bool]] = _spread(kind, fields, in_class)
    while todo:
        value, in_class = todo.pop()
        if isinstance(value, _Written):
            yield value
        elif isinstance(value, ast.AST):
            todo += _spread(*_normal(value, in_class))
        elif isinstance(value, list):
            yield "["
            todo.append((_END_OF_LIST, in_class))
            for part in reversed(cast("list[object]", value)):
                todo += ((_COMMA, in_class), (part, in_class))
        else:
            yield _literal(value)


def _spread(kind: str, fields: Fields, in_class: bool) -> list[tuple[object, bool]]:
    """What a node consists of, last first."""
    parts: list[tuple[object, bool]] = [(_Written(kind + "("), in_class)]
    for name, value in fields:
        if isinstance(value, list):
            value = [part for part in cast("list[object]", value) if not _has_no_effect(part, in_class)]
        if not (value is None or value == [] or name in _UNCOUNTED):
            parts += ((_Written(name + "="), in_class), (value, in_class), (_COMMA, in_class))
    parts.append((_END_OF_NODE, in_class))
    parts.reverse()
    return parts


class _Written(str):
    """A piece of the canonical text itself, not a string of the tree."""

    __slots__ = ()


_COMMA, _END_OF_LIST, _END_OF_NODE = _Written(","), _Written("]"), _Written(")")


def _normal(node: ast.AST, in_class: bool) -> tuple[str, Fields, bool]:
    """How the node is written: its kind, its fields, and whether statements in it stand in the body of a class."""
    kind = type(node).__name__
    if isinstance(node, ast.Constant):
        return kind, (("value", _Literal(node.value)),), in_class
    if isinstance(node, ast.JoinedStr):
        return kind, (("values", _joined(node.values)),), in_class
    if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
        spec = _joined(node.format_spec.values)
        return kind, (("value", node.value), ("conversion", node.conversion), ("format_spec", spec)), in_class
    if isinstance(node, ast.AnnAssign):
        if not in_class:
            return "Assign", (("targets", [node.target]), ("value", node.value)), in_class
        return kind, (("target", node.target), ("value", node.value), ("mark", _mark(node.annotation))), in_class
    fields = ((name, getattr(node, name, None)) for name in node._fields)
    return kind, fields, isinstance(node, ast.ClassDef) or (in_class and not isinstance(node, _SCOPES))


class _Literal:
    """The value of a constant, so that None and the empty list of fields stay apart from a constant's None."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def _literal(value: object) -> str:
    if isinstance(value, _Literal):
        value = value.value
    if type(value) is int:
        return f"int:{value:x}"
    # ascii, not repr: which characters repr escapes depends on the version's Unicode tables
    return f"{type(value).__name__}:{value!a}"


def _has_no_effect(statement: object, in_class: bool) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.AnnAssign):
        return statement.value is None and not in_class
    return isinstance(statement, ast.Pass)


def _joined(values: Sequence[ast.expr]) -> list[ast.expr]:
    """Pieces of an f-string, with neighbouring texts put together and empty ones left out."""
    pieces: list[ast.expr] = []
    for value in values:
        for piece in _joined(value.values) if isinstance(value, ast.JoinedStr) else [value]:
            text = _text(piece)
            if text == "":
                continue
            before = _text(pieces[-1]) if pieces else None
            if text is not None and before is not None:
                pieces[-1] = ast.Constant(value=before + text)
            else:
                pieces.append(piece)
    return pieces


def _text(piece: ast.expr) -> str | None:
    return piece.value if isinstance(piece, ast.Constant) and isinstance(piece.value, str) else None


def _mark(annotation: ast.expr) -> str | None:
    """The one thing that an annotation in a class decides: whether the name is a field at all."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        name = annotation.value.partition("[")[0].rpartition(".")[2]
    else:
        outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        name = outer.attr if isinstance(outer, ast.Attribute) else outer.id if isinstance(outer, ast.Name) else ""
    return name if name in _MARKING_ANNOTATIONS else None


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
