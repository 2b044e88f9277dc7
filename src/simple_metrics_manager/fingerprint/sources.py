"""Finding the syntax tree of code that runs: each file is parsed once, and never believed when it was edited since.

A file that was written before this process began is what was imported. One that was written later may have been
edited after its import: what is found in it counts only if it compiles to the very code that runs.
"""

from __future__ import annotations

import ast
import functools
import linecache
import os
import textwrap
import time
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType
from typing import TypeAlias, TypeVar, cast

import attrs

from simple_metrics_manager.fingerprint.canonical import FunctionNode

T = TypeVar("T")

_BEGAN = time.time()
_CLOCKS_DIFFER = 2.0
"""Seconds by which a file system's clock may be behind."""


@attrs.frozen(eq=False)
class Found:
    """A piece of source: its node, its dedented text, the file as the code names it, and its first line."""

    node: FunctionNode | ast.ClassDef | ast.Assign
    text: str
    file: str
    line: int
    _told: dict[object, object] = attrs.field(factory=dict[object, object], init=False, repr=False)

    def once(self, key: object, find_out: Callable[[], T]) -> T:
        """What is found out about this piece for the first time: many functions reach the same helpers."""
        if key not in self._told:
            self._told[key] = find_out()
        return cast("T", self._told[key])


def find_function(code: CodeType, namespace: Mapping[str, object]) -> Found | None:
    """The source of a function; None where it cannot be had, was edited since, or cannot be told from another."""
    parsed = _parsed(code.co_filename, namespace)
    for source in reversed(parsed):
        believed = code if source.settled and len(parsed) == 1 else source.twin(code)
        node = None if believed is None else source.function(believed)
        if node is not None:
            return source.found(node)
    return None


def newest(file: str, namespace: Mapping[str, object]) -> ast.Module | None:
    """The syntax tree of a file as it is now; None if it cannot be read."""
    parsed = _parsed(file, namespace)
    return parsed[-1].tree if parsed else None


def find_class(cls: type, lines: Sequence[int], namespace: Mapping[str, object], file: str) -> Found | None:
    """The source of a class, told from others of the same name by the ``lines`` where its methods begin."""
    parsed = _parsed(file, namespace)
    for source in reversed(parsed):
        nodes = source.classes.get(cls.__qualname__, [])
        if len(nodes) > 1 and lines:
            nodes = [
                node for node in nodes if all(_first_line(node) <= line <= (node.end_lineno or 0) for line in lines)
            ]
        believed = source.settled and len(parsed) == 1
        if not nodes:
            # made by a call: Point = namedtuple("Point", "x y")
            made = [part for part in _assignments(source.tree.body) if _assigns(part, cls.__qualname__)]
            if len(made) == 1 and (believed or _has_fields(made[0], vars(cls))):
                return source.found(made[0])
        if len(nodes) == 1 and (believed or _agrees(nodes[0], vars(cls))):
            return source.found(nodes[0])
    return None


def _agrees(node: ast.ClassDef, members: Mapping[str, object]) -> bool:
    """Whether a class can have been made by this node: the code of its body is not kept, so its constants must tell."""
    for part in node.body:
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)) and part.name not in members:
            return False
        target = part.targets[0] if isinstance(part, ast.Assign) else getattr(part, "target", None)
        value = getattr(part, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
            member = members.get(target.id, value.value)
            if isinstance(member, (bool, int, float, complex, str, bytes)) and member != value.value:
                return False
    return True


def _has_fields(statement: ast.Assign, members: Mapping[str, object]) -> bool:
    """Whether a named tuple can have been made by this statement: its fields must tell, and it has no defaults."""
    call = statement.value
    if not isinstance(call, ast.Call) or len(call.args) < 2 or members.get("_field_defaults"):
        return False
    try:
        fields: object = ast.literal_eval(call.args[1])
    except ValueError:
        return False
    named = fields.replace(",", " ").split() if isinstance(fields, str) else fields
    return isinstance(named, (list, tuple)) and tuple(cast("list[object]", named)) == members.get("_fields")


@attrs.define(eq=False)
class _Source:
    """One version of a file. ``settled`` says that it is older than the process."""

    file: str
    lines: list[str]
    tree: ast.Module
    stamp: tuple[int, ...]
    settled: bool
    functions: dict[tuple[str, int], list[FunctionNode]] = attrs.field(init=False)
    _found: dict[int, Found] = attrs.field(factory=dict[int, Found], init=False)
    classes: dict[str, list[ast.ClassDef]] = attrs.field(init=False)
    _codes: dict[str, list[CodeType]] | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.functions = defaultdict(list)
        self.classes = defaultdict(list)
        for qualname, node in _definitions(self.tree.body, ""):
            if isinstance(node, ast.ClassDef):
                self.classes[qualname].append(node)
            else:
                self.functions[node.name, _first_line(node)].append(node)

    def function(self, code: CodeType) -> FunctionNode | None:
        """The node that this code was compiled from."""
        if code.co_name == "<lambda>":
            return self._lambda(code)
        nodes = self.functions.get((code.co_name, code.co_firstlineno), [])
        return nodes[0] if len(nodes) == 1 else None

    def twin(self, code: CodeType) -> CodeType | None:
        """Code of this version that does the same under the same name, wherever it stands."""
        if self._codes is None:
            self._codes = defaultdict(list)
            for inner in _nested(compile(self.tree, self.file, "exec", dont_inherit=True)):
                self._codes[inner.co_qualname].append(inner)
        unplaced = _unplaced(code)
        twins = [other for other in self._codes.get(code.co_qualname, ()) if _unplaced(other) == unplaced]
        same_line = [other for other in twins if other.co_firstlineno == code.co_firstlineno]
        return same_line[0] if same_line else twins[0] if len(twins) == 1 else None

    def found(self, node: FunctionNode | ast.ClassDef | ast.Assign) -> Found:
        """The node with its text; the tree lives as long as this, so that no other node can have its id."""
        known = self._found.get(id(node))
        if known is None:
            line = _first_line(node)
            text = "\n".join(self.lines[line - 1 : node.end_lineno])
            known = self._found[id(node)] = Found(node, textwrap.dedent(text).rstrip() + "\n", self.file, line)
        return known

    def _lambda(self, code: CodeType) -> ast.Lambda | None:
        """Candidates begin on the code's line; where there are several, columns tell them apart."""
        line = code.co_firstlineno
        statements = [part for part in self.tree.body if _first_line(part) <= line <= (part.end_lineno or 0)]
        nodes = [
            node
            for statement in statements
            for node in ast.walk(statement)
            if isinstance(node, ast.Lambda) and node.lineno == line
        ]
        if len(nodes) > 1:
            spans = [place for place in _places(code) if place[0] != place[1]]
            nodes = [node for node in nodes if spans and all(_span(node.body, *span) for span in spans)]
            nodes = [node for node in nodes if not any(other is not node and _holds(node, other) for other in nodes)]
        return nodes[0] if len(nodes) == 1 else None


_versions: dict[str, list[_Source]] = {}


def _parsed(file: str, namespace: Mapping[str, object]) -> Sequence[_Source]:
    """The versions of a file that this process has seen, the newest last."""
    versions = _versions.setdefault(file, [])
    stamp, written = _stamp(file)
    if versions and versions[-1].stamp == stamp:
        return versions
    try:
        text = _read(file, namespace)
        source = _Source(file, text.split("\n"), ast.parse(text), stamp, written < _BEGAN - _CLOCKS_DIFFER)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return versions
    versions.append(source)
    return versions


def _stamp(file: str) -> tuple[tuple[int, ...], float]:
    """What tells versions of a file apart, and when it was last written. Cells never change under their name."""
    try:
        status = os.stat(file)
    except OSError:
        return (hash(tuple(linecache.getlines(file))),), 0.0
    return (status.st_mtime_ns, status.st_size, status.st_ino), max(status.st_mtime, status.st_ctime)


def _read(file: str, namespace: Mapping[str, object]) -> str:
    if os.path.isfile(file):
        with tokenize.open(file) as stream:
            return stream.read()
    text = "".join(linecache.getlines(file, dict(namespace)))
    if not text:
        raise OSError(f"no source called {file}")
    return text


def _definitions(body: Sequence[ast.AST], prefix: str) -> Iterator[tuple[str, _Definition]]:
    """Functions and classes in statements, by qualified name; expressions hold none."""
    for part in body:
        inside = prefix
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield prefix + part.name, part
            inside = prefix + part.name + ("." if isinstance(part, ast.ClassDef) else ".<locals>.")
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            block = getattr(part, field, None)
            if isinstance(block, list):
                yield from _definitions(cast("list[ast.AST]", block), inside)


_Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _first_line(node: ast.stmt | ast.Lambda) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _assignments(body: Sequence[ast.stmt]) -> Iterator[ast.Assign]:
    """Those of a module and of the classes in it."""
    for part in body:
        if isinstance(part, ast.Assign):
            yield part
        elif isinstance(part, ast.ClassDef):
            yield from _assignments(part.body)


def _assigns(statement: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in statement.targets)


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)


@functools.lru_cache(maxsize=1024)
def _unplaced(code: CodeType) -> CodeType:
    """The code without the lines where it stands."""
    constants = tuple(_unplaced(part) if isinstance(part, CodeType) else part for part in code.co_consts)
    return code.replace(co_firstlineno=1, co_linetable=b"", co_filename="", co_consts=constants)


def _places(code: CodeType) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for line, end_line, column, end_column in code.co_positions():
        if line is not None and end_line is not None and column is not None and end_column is not None:
            yield (line, column), (end_line, end_column)


def _span(node: ast.expr, start: tuple[int, int], end: tuple[int, int]) -> bool:
    return (node.lineno, node.col_offset) <= start and end <= (node.end_lineno or 0, node.end_col_offset or 0)


def _holds(outer: ast.Lambda, inner: ast.Lambda) -> bool:
    return _span(outer, (inner.lineno, inner.col_offset), (inner.end_lineno or 0, inner.end_col_offset or 0))
