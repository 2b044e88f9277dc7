"""What a sweep is drawn as: which parameters vary, which values they take, and which numbers came out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import cast

import attrs

from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.report.facts import Point
from simple_metrics_manager.report.wording import as_number, plain

_PARTS = 3
"""Numbers of one value that are drawn: of a dict, say, or of a record."""


@attrs.frozen
class Axis:
    """A parameter that varies, and its values in order: of numbers from low to high, else as they are declared."""

    name: str
    levels: tuple[Tree, ...]
    numbers: tuple[float, ...] | None
    """The same as numbers, if all of them are."""
    places: dict[str, int] = attrs.field(factory=dict[str, int], repr=False)

    @classmethod
    def of(cls, name: str, values: Iterable[Tree]) -> Axis:
        """The axis of all these values of one parameter."""
        levels = {_token(value): value for value in values}
        numbers = {token: as_number(value) for token, value in levels.items()}
        finite = all(each is not None and math.isfinite(each) for each in numbers.values())
        order = sorted(levels, key=lambda token: cast("float", numbers[token])) if finite else [*levels]
        return cls(
            name,
            tuple(levels[token] for token in order),
            tuple(cast("float", numbers[token]) for token in order) if finite else None,
            {token: place for place, token in enumerate(order)},
        )

    def place(self, point: Point) -> int:
        """Where a point lies on it; -1 if it lacks the parameter."""
        return self.places.get(_token(point.params[self.name]), -1) if self.name in point.params else -1

    @property
    def labels(self) -> list[str]:
        """Its values as text."""
        return [plain(level) for level in self.levels]


def axes_of(points: Sequence[Point]) -> tuple[list[Axis], dict[str, Tree]]:
    """The parameters that vary, in their order, and those that do not, with their value."""
    values: dict[str, list[Tree]] = {}
    for point in points:
        for name, value in point.params.items():
            values.setdefault(name, []).append(value)
    axes = [Axis.of(name, each) for name, each in values.items()]
    constant = {axis.name: axis.levels[0] for axis in axes if len(axis.levels) == 1}
    return [axis for axis in axes if len(axis.levels) > 1], constant


def numbers_of(points: Sequence[Point]) -> dict[str, list[float | None]]:
    """The numbers that came out, point by point: under ``""`` if values are numbers, else by the names of their parts.

    What is not stored, or is not finite, is None. Of what is no number, nothing is there.
    """
    previews = [point.record.preview for point in points if point.record is not None and not point.record.bytes]
    if not previews:
        return {}
    if any(as_number(preview) is not None for preview in previews):
        return {"": [_finite(as_number(_preview(point))) for point in points]}
    names: dict[str, None] = {}
    for preview in previews:
        for name, value in _parts(preview).items():
            if as_number(value) is not None:
                names[name] = None
    return {
        name: [_finite(as_number(_parts(_preview(point)).get(name))) for point in points] for name in [*names][:_PARTS]
    }


def _preview(point: Point) -> Tree:
    return None if point.record is None or point.record.bytes else point.record.preview


def _parts(preview: Tree) -> dict[str, Tree]:
    if isinstance(preview, dict):
        return preview
    return {f"[{place}]": each for place, each in enumerate(preview)} if isinstance(preview, list) else {}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _token(value: Tree) -> str:
    return json.dumps(value, sort_keys=True)
