"""Which classes of the project an attribute is declared to hold: ``self.config.alpha`` asks a ``config: Config``."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import cast, get_args

from simple_metrics_manager.fingerprint.names import names_in
from simple_metrics_manager.fingerprint.origin import is_project_class


def declared_classes(cls: type, name: str) -> Iterator[type]:
    """The project's classes that the annotation of a field names, wherever in it they stand."""
    annotation, module = _annotations(cls).get(name, (None, ""))
    if annotation is not None:
        found = _classes_in(annotation, vars(sys.modules[module]) if module in sys.modules else {})
        yield from (each for each in found if is_project_class(each))


@functools.lru_cache(maxsize=1024)
def _annotations(cls: type) -> Mapping[str, tuple[object, str]]:
    """Annotations in the bodies of a class and its bases, each with the name of the module that it stands in."""
    found: dict[str, tuple[object, str]] = {}
    for base in reversed(cls.__mro__):
        with contextlib.suppress(NameError):  # of something that is not there
            found.update((name, (each, base.__module__)) for name, each in inspect.get_annotations(base).items())
    return found


def _classes_in(annotation: object, namespace: Mapping[str, object]) -> Iterator[type]:
    if isinstance(annotation, str):
        try:
            tree = ast.parse(annotation, mode="eval")
        except SyntaxError:
            return
        for chain in names_in([tree.body]).chains:
            named = namespace.get(chain[0])
            for part in chain[1:]:
                named = vars(named).get(part) if isinstance(named, ModuleType) else None
            if isinstance(named, type):
                yield named
        return
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for argument in cast("tuple[object, ...]", get_args(annotation)):
        yield from _classes_in(argument, namespace)
