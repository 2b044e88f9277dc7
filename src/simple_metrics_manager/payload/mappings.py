"""dict: a JSON object where the keys are text; JSON has no other keys, so that others become a list of pairs."""

from __future__ import annotations

import json
from typing import cast

from simple_metrics_manager.payload.choices import LiteralShape
from simple_metrics_manager.payload.misfit import Misfit, by_key, each, expected
from simple_metrics_manager.payload.scalars import StrShape
from simple_metrics_manager.payload.shape import Raw, Shape, as_dict, as_list, hashable, unwrapped


class DictShape(Shape):
    """dict[K, V]: a JSON object where the keys are text, else a list of pairs. The order is kept."""

    kinds: frozenset[str] = frozenset({"dict", "list"})

    def __init__(self, name: str, key: Shape, item: Shape) -> None:
        super().__init__(name)
        self._key = key
        self._item = item
        self._texts = isinstance(key, StrShape) or (isinstance(key, LiteralShape) and key.texts_only)

    @property
    def holds_arrays(self) -> bool:  # type: ignore[override]  # a recursive class knows it only when it is complete
        return self._key.holds_arrays or self._item.holds_arrays

    def dump(self, value: object) -> Raw:
        items = as_dict(value)
        if items is None:
            raise expected(self.name, value)
        dumped = each(lambda pair: [self._key.dump(pair[0]), self._item.dump(pair[1])], items.items(), by_key)
        if self._texts and all(type(key) is str for key, _ in dumped):
            return {escape(cast("str", key)): item for key, item in dumped}
        return dumped

    def load(self, raw: Raw) -> object:
        plain = as_dict(raw)
        pairs = list(map(_pair, as_list(raw) or ())) if plain is None else [(unescape(k), v) for k, v in plain.items()]
        if plain is None and as_list(raw) is None:
            raise expected(self.name, raw)
        loaded = each(lambda pair: (self._key.load(pair[0]), self._item.load(pair[1])), pairs, by_key)
        try:
            made = dict(loaded)
        except TypeError as error:
            raise Misfit(str(error)) from None
        return made

    def fits(self, value: object, loose: bool) -> bool:
        items = as_dict(value)
        return items is not None and all(
            self._key.fits(k, loose) and self._item.fits(v, loose) for k, v in items.items()
        )

    def adopt(self, value: object) -> object:
        items = as_dict(unwrapped(value))
        if items is None:
            return value
        adopted = {hashable(self._adopt_key(key)): self._item.adopt(item) for key, item in items.items()}
        return adopted if len(adopted) == len(items) else value

    def _adopt_key(self, key: object) -> object:
        """A key that went through JSON is text; an int, float or bool is recognised in it."""
        adopted = self._key.adopt(key)
        if self._key.fits(adopted, True) or type(adopted) is not str:
            return adopted
        try:
            read = cast("object", json.loads(adopted))
        except ValueError:
            return adopted
        return read if json.dumps(read) == adopted and self._key.fits(read, False) else adopted


def escape(key: str) -> str:
    """A key of the user's as the tree has it."""
    return "$" + key if key.startswith("$") else key


def unescape(key: object) -> object:
    """A key of the tree as the user gave it."""
    return key[1:] if isinstance(key, str) and key.startswith("$") else key


def _pair(raw: object) -> tuple[object, object]:
    pair = as_list(raw)
    if pair is None or len(pair) != 2:
        raise expected("a pair of key and value", raw)
    return pair[0], pair[1]
