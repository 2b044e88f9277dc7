"""Unions: the member is chosen by the exact type of the value, and written down where its JSON would not tell it."""

from __future__ import annotations

from typing import cast

from simple_metrics_manager.payload.arrays import ArrayShape
from simple_metrics_manager.payload.misfit import Misfit, Unstorable, expected
from simple_metrics_manager.payload.scalars import NoneShape
from simple_metrics_manager.payload.shape import Build, Raw, Shape, kind_of, marked, unwrapped
from simple_metrics_manager.payload.spelling import is_union, members, type_name

TAG = "$is"


class UnionShape(Shape):
    """One of several types. ``{"$is": "datetime", "value": ...}`` where another member writes the same kind of JSON."""

    def __init__(self, name: str, shapes: list[Shape]) -> None:
        super().__init__(name)
        self._members = shapes
        others = [frozenset[str]().union(*(other.kinds for other in shapes if other is not shape)) for shape in shapes]
        self._plain = [
            not shape.kinds & kinds and TAG not in shape.kinds for shape, kinds in zip(shapes, others, strict=True)
        ]
        self._by_kind = {k: s for s, plain in zip(shapes, self._plain, strict=True) if plain for k in s.kinds}
        self._by_tag = {s.name: s for s, plain in zip(shapes, self._plain, strict=True) if not plain}
        plain_kinds = frozenset(self._by_kind)
        self.kinds: frozenset[str] = plain_kinds if not self._by_tag else plain_kinds | {TAG}

    @property
    def holds_arrays(self) -> bool:  # type: ignore[override]  # a recursive class knows it only when it is complete
        return any(shape.holds_arrays for shape in self._members)

    def dump(self, value: object) -> Raw:
        at = self._choose(value)
        raw = self._members[at].dump(value)
        return raw if self._plain[at] else {TAG: self._members[at].name, "value": raw}

    def load(self, raw: Raw) -> object:
        kind = kind_of(raw)
        if kind == TAG and self._by_tag:
            shape = self._by_tag.get(cast("str", marked(raw, TAG)))
            if shape is None:
                raise Misfit(f"expected {self.name}, found one stored as {marked(raw, TAG)!r}")
            return shape.load(marked(raw, "value"))
        shape = self._by_kind.get(kind)
        if shape is None:
            raise expected(self.name, raw)
        return shape.load(raw)

    def fits(self, value: object, loose: bool) -> bool:
        return any(shape.fits(value, loose) for shape in self._members)

    def adopt(self, value: object) -> object:
        value = unwrapped(value)
        if self.fits(value, False) or self.fits(value, True):
            return value
        for shape in self._members:
            try:
                adopted = shape.adopt(value)
                shape.dump(adopted)
            except Misfit:
                continue
            return adopted
        return value

    def _choose(self, value: object) -> int:
        """The member that fits exactly; else as numpy's scalar of a Python one; else the first that takes the value."""
        for loose in (False, True):
            for at, shape in enumerate(self._members):
                if shape.fits(value, loose):
                    return at
        problems: list[Misfit] = []
        for at, shape in enumerate(self._members):
            try:
                shape.dump(value)
            except Misfit as misfit:
                problems.append(misfit)
            else:
                return at
        deep = [misfit for misfit in problems if any(path for path, _ in misfit.problems)]
        if len(deep) == 1:
            raise deep[0]
        if len(self._members) == 2 and isinstance(self._members[1], NoneShape) and value is not None:
            raise problems[0]
        raise expected(self.name, value)


def union(declared: object, build: Build) -> Shape | None:
    """The family of this module."""
    if not is_union(declared):
        return None
    parts = members(declared)
    shapes = [build(part) for part in parts]
    if len(shapes) == 1:
        return shapes[0]
    if any(isinstance(s, ArrayShape) for s in shapes) and sum(not isinstance(s, NoneShape) for s in shapes) > 1:
        raise Unstorable("a union of an array with something else cannot be told apart; wrap it in an attrs class")
    names = [shape.name for shape in shapes]
    for name in names:
        if names.count(name) > 1:
            raise Unstorable(f"two members of the union are called {name} and cannot be told apart; rename one")
    return UnionShape(type_name(declared), shapes)
