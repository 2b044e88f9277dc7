"""Whether a worker runs the code that this process has: each keeps what it has imported, as long as it lives.

A module that was edited, and imported anew here, is the old one in workers that had imported it: what they computed
would be the values of the old code, under the name of the new. So a recipe says in four bytes which code it is about,
and a worker that has other code computes nothing, and says which code it has. Here both are compared, name by name.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType
from typing import NamedTuple, Protocol, cast

from simple_metrics_manager.declaring.checks import declared_metrics
from simple_metrics_manager.declaring.lookup import CollectedCall
from simple_metrics_manager.declaring.references import code_of
from simple_metrics_manager.fingerprint import Fingerprint
from simple_metrics_manager.fingerprint.objects import innermost
from simple_metrics_manager.fingerprint.origin import module_label
from simple_metrics_manager.fingerprint.sources import newest
from simple_metrics_manager.sweeping.host import Manager

_DEFAULT = "<default> "
_EDITED = "edited"


class Code(NamedTuple):
    """What computes the metrics of a manager, as hashes: its functions, and what of the project these reach.

    A hash is empty where there is no source, and ``edited`` where what is there now is not what was imported.
    """

    functions: Mapping[str, str]
    reached: Mapping[str, str]

    @property
    def mark(self) -> bytes:
        """Four bytes that tell it from other code."""
        return _hash(repr((sorted(self.functions.items()), sorted(self.reached.items()))))


class OtherCodeError(Exception):
    """Raised in a worker whose code is not that of the recipe. It does not leave the worker."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


def code_here(manager: Manager) -> Code:
    """The code of this manager in this process."""
    functions: dict[str, str] = {}
    reached: dict[str, str] = {}
    for name, function, found in _fingerprints(manager):
        defaults = sorted((key, text) for key, text in found.globals.items() if key.startswith(_DEFAULT))
        known = found.code.hash and _hash(repr((found.code.hash, defaults))).hex()
        functions[name] = known or (_EDITED if _has_source(function) else "")
        reached.update(found.helpers)
        reached.update((key, text) for key, text in found.globals.items() if key not in reached and _is_written(key))
    return Code(functions, {name: text and _hash(text).hex() for name, text in reached.items()})


def differing(here: Code, there: Code) -> tuple[str, ...]:
    """The names of what is other code there; what one of the two can say nothing about is not among them."""
    names = here.functions.keys() ^ there.functions.keys()
    for ours, theirs in zip(here, there, strict=True):
        known = {name for name in ours.keys() & theirs.keys() if ours[name] not in ("", _EDITED) and theirs[name]}
        names |= {name for name in known if ours[name] != theirs[name]}
    return tuple(sorted(names))


class _Collected(Protocol):
    base_name: str
    original_function: Callable[..., object]


def _fingerprints(manager: Manager) -> Iterator[tuple[str, object, Fingerprint]]:
    """Each function that computes metrics, with what it is called."""
    kind = type(manager)
    for metric in declared_metrics(kind).values():
        declared = metric.declaration
        yield f"{kind.__qualname__}.{declared.name}", declared.function, declared.fingerprint(kind)
    for collected in cast("Iterable[_Collected]", getattr(manager, "parameterized_metrics", ())):
        yield collected.base_name, collected.original_function, code_of(collected.original_function)
    seen: set[int] = set()
    for name, function in manager.functions_dict.items():
        inner = id(innermost(function)[0])  # thousands may be one function with other arguments
        if not isinstance(function, CollectedCall) and inner not in seen:
            seen.add(inner)
            yield name, function, code_of(function)


def _has_source(function: object) -> bool:
    code = getattr(innermost(function)[0], "__code__", None)
    return isinstance(code, CodeType) and os.path.isfile(code.co_filename)


def _is_written(label: str) -> bool:
    """Whether a global is written down in its module, as ``K = 3`` is: others may differ from process to process."""
    name, _, variable = label.rpartition(".")
    module = sys.modules.get(name)
    if module is None and module_label("__main__") == name:
        module = sys.modules.get("__main__")
    file: object = getattr(module, "__file__", None)
    tree = newest(file, vars(module)) if module is not None and isinstance(file, str) else None
    values = [value for node in tree.body for value in _assigned(node, variable)] if tree is not None else []
    return bool(values) and all(map(_is_literal, values))


def _assigned(node: ast.stmt, variable: str) -> Iterator[ast.expr]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    value: object = getattr(node, "value", None)
    if isinstance(value, ast.expr) and any(isinstance(each, ast.Name) and each.id == variable for each in targets):
        yield value


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        return False
    return True


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest()
