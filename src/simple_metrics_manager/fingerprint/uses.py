"""Which names a function uses, and how certainly: whatever happens, or only in some branch of it.

It tells less than it could: what is called certain is certain, and everything else is possible.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable, Iterator, Sequence

import attrs

from simple_metrics_manager.fingerprint.canonical import FunctionNode
from simple_metrics_manager.fingerprint.names import ASSIGNED, Chain, chain_of, take_chain


class Certainty(enum.IntEnum):
    """How certainly a function does something."""

    POSSIBLE = 0
    """It may, or not: in a branch, a loop, a handler, a function that it only hands on."""

    EXPECTED = 1
    """It does, unless it fails before; an error there may be dealt with (``with suppress(...)``)."""

    REQUIRED = 2
    """It does, unless it fails before, and an error there is its own error."""


@attrs.frozen
class Use:
    """One use of a dotted name; ``passed`` are the bare names that a call is given, by position or keyword."""

    chain: Chain
    certainty: Certainty
    called: bool = False
    passed: tuple[tuple[int | str, str], ...] = ()


def uses_in(node: FunctionNode) -> list[Use]:
    """What the body of a function uses, in no order."""
    walk = _Walk()
    if isinstance(node, ast.Lambda):
        walk.expressions([node.body], Certainty.REQUIRED)
    else:
        walk.block(node.body, Certainty.REQUIRED)
    return walk.found


@attrs.define
class _Walk:
    found: list[Use] = attrs.field(factory=list[Use])

    def block(self, body: Iterable[ast.stmt], certainty: Certainty) -> Certainty:
        """Go through statements; how certain what follows them is. After a ``return`` in a branch nothing is."""
        for statement in body:
            certainty = self._statement(statement, certainty)
        return certainty

    def _statement(self, statement: ast.stmt, certainty: Certainty) -> Certainty:
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            return self._with(statement, certainty)
        nested = isinstance(statement, _COMPOUND)
        certain = _always_evaluated(statement) if nested else list(ast.iter_child_nodes(statement))
        if isinstance(statement, ast.AnnAssign):
            certain = [part for part in (statement.target, statement.value) if part is not None]
        self.expressions(certain, certainty)
        if nested:
            self.expressions(_others(statement, certain), Certainty.POSSIBLE)
        return Certainty.POSSIBLE if nested and _may_leave(statement) else certainty

    def _with(self, statement: ast.With | ast.AsyncWith, certainty: Certainty) -> Certainty:
        """What is entered second, and the body, run under a context manager, which may swallow their errors."""
        inside = min(certainty, Certainty.EXPECTED)
        first, *others = statement.items
        self.expressions([first.context_expr], certainty)
        self.expressions([*others, *filter(None, [first.optional_vars])], inside)
        left = self.block(statement.body, inside)
        return Certainty.POSSIBLE if left is Certainty.POSSIBLE or _may_leave(statement) else certainty

    def expressions(self, nodes: Iterable[ast.AST], certainty: Certainty) -> None:
        """Go through nodes and all that is in them. The stack is a list, since expressions may be deep."""
        todo = [(node, certainty) for node in nodes]
        while todo:
            node, certainty = todo.pop()
            if isinstance(node, ast.Call) and (chain := chain_of(node.func) or _super_chain(node.func)):
                self.found.append(Use(chain, certainty, called=True, passed=tuple(_passed(node))))
                todo += [(part, certainty) for part in (*node.args, *node.keywords)]
            elif isinstance(node, (ast.Name, ast.Attribute)):
                chains: set[Chain] = set()
                rest = take_chain(node, () if isinstance(node.ctx, ast.Load) else (ASSIGNED,), chains)
                self.found += [Use(chain, certainty) for chain in chains if chain[-1] != ASSIGNED]
                todo += [(part, certainty) for part in rest]
            elif isinstance(node, _CONDITIONAL):
                certain = _always_evaluated(node)
                todo += [(part, certainty) for part in certain]
                todo += [(part, Certainty.POSSIBLE) for part in _others(node, certain)]
            else:
                todo += [(part, certainty) for part in ast.iter_child_nodes(node)]


def _always_evaluated(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that run whenever it does."""
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        return [node.test]
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return [node.iter]
    if isinstance(node, ast.Match):
        return [node.subject]
    if isinstance(node, ast.BoolOp):
        return [node.values[0]]
    if isinstance(node, ast.Compare):
        return [node.left, node.comparators[0]]
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return [node.generators[0].iter]
    return []


def _others(node: ast.AST, certain: Sequence[ast.AST]) -> Iterator[ast.AST]:
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.comprehension):
            yield from _others(part, certain)
        elif not any(part is known for known in certain):
            yield part


def _may_leave(node: ast.AST) -> bool:
    """Whether a ``return`` of the function itself stands in there."""
    if isinstance(node, ast.Return):
        return True
    inner = () if isinstance(node, _DEFINITIONS) else ast.iter_child_nodes(node)
    return any(_may_leave(part) for part in inner if isinstance(part, _HOLD_STATEMENTS))


def _super_chain(node: ast.expr) -> Chain:
    """``super().fit`` as a chain; empty for what is none, and ``super()`` itself."""
    chains: set[Chain] = set()
    if isinstance(node, ast.Attribute):
        take_chain(node, (), chains)
    return next(iter(chains), ())


def _passed(call: ast.Call) -> Iterator[tuple[int | str, str]]:
    for position, argument in enumerate(call.args):
        if isinstance(argument, ast.Starred):
            break
        if isinstance(argument, ast.Name):
            yield position, argument.id
    for keyword in call.keywords:
        if keyword.arg is not None and isinstance(keyword.value, ast.Name):
            yield keyword.arg, keyword.value.id


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.Match, ast.Assert, *_DEFINITIONS)
"""Statements that may leave a part of themselves out; an ``assert`` is left out by ``python -O``."""

_CONDITIONAL = (
    ast.IfExp,
    ast.BoolOp,
    ast.Compare,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    *_COMPOUND,
    ast.With,
    ast.AsyncWith,
)
_HOLD_STATEMENTS = (ast.stmt, ast.ExceptHandler, ast.match_case)
