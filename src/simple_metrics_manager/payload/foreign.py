"""Classes for which the user registered cattrs hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from simple_metrics_manager.payload.mappings import escape, unescape
from simple_metrics_manager.payload.misfit import Misfit, class_name, expected, of
from simple_metrics_manager.payload.shape import Raw, Shape, as_dict
from simple_metrics_manager.payload.spelling import class_of, type_name


class ForeignShape(Shape):
    """A type whose two hooks the user gave. They may use lists, dicts with text keys, JSON's scalars and arrays."""

    holds_arrays = True

    def __init__(
        self, declared: object, unstructure: Callable[[object], object], structure: Callable[[object, object], object]
    ) -> None:
        super().__init__(type_name(declared))
        self._declared = declared
        self._cls = class_of(declared)
        self._unstructure = unstructure
        self._structure = structure

    def dump(self, value: object) -> Raw:
        if self._cls is not None and not isinstance(value, self._cls):
            raise expected(self.name, value)
        try:
            plain = self._unstructure(value)
        except Exception as error:
            raise Misfit(f"the hook for {self.name} refuses it: {of(error)}") from error
        return _escaped(plain, self.name)

    def load(self, raw: Raw) -> object:
        try:
            return self._structure(_unescaped(raw), self._declared)
        except Exception as error:
            raise Misfit(f"the hook for {self.name} refuses it: {of(error)}") from error

    def fits(self, value: object, loose: bool) -> bool:
        return self._cls is None or type(value) is self._cls


def _escaped(plain: object, name: str) -> Raw:
    if plain is None or type(plain) in (bool, int, float, str, np.ndarray):
        return plain
    if isinstance(plain, list | tuple):
        return [_escaped(item, name) for item in cast("list[object]", plain)]
    items = as_dict(plain)
    if items is not None and all(type(key) is str for key in items):
        return {escape(cast("str", key)): _escaped(item, name) for key, item in items.items()}
    raise Misfit(
        f"the hook for {name} gave a {class_name(plain)}; give lists, dicts with text keys, numbers, text, arrays"
    )


def _unescaped(raw: Raw) -> object:
    if isinstance(raw, list):
        return [_unescaped(item) for item in cast("list[object]", raw)]
    if isinstance(raw, dict):
        return {unescape(key): _unescaped(item) for key, item in cast("dict[object, object]", raw).items()}
    return raw
