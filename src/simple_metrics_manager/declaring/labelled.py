"""``LabelledArray``: the values of a sweep as one N-dimensional array that knows the parameters along its axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Generic, cast, overload

import attrs
import numpy as np
from numpy.typing import DTypeLike, NDArray
from typing_extensions import TypeVar

from simple_metrics_manager.declaring.coordinates import column, key, own_dims, places, point, unused
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.declaring.stacking import alike
from simple_metrics_manager.errors import UndeclaredParametersError
from simple_metrics_manager.errors.nearest import did_you_mean
from simple_metrics_manager.markup import Markup, Shown, joined, line, preformatted, table, tag
from simple_metrics_manager.payload.tree import Array

if TYPE_CHECKING:
    from simple_metrics_manager.declaring.xarrays import DataArray

S_co = TypeVar("S_co", bound=np.generic, default=np.generic, covariant=True)

_SHOWN = 6

_SHOWN_AT_ONCE = 60
"""Rows or columns that a page can have; of more there is only the text."""


@attrs.frozen(eq=False, repr=False)
class LabelledArray(Shown, Generic[S_co]):
    """The values of a sweep, read-only, with the parameters along its axes.

    There is one axis for each parameter that varies, in the order of the parameters, and then those that each value
    has itself. If the parameter sets are no complete grid there is one axis ``point`` in place of the first: nothing is
    ever filled in.
    """

    values: NDArray[S_co]
    """Shape: the sizes of ``dims``. The dtype is that of each value; Python's numbers are ``int64``, ``float64`` ..."""
    dims: tuple[str, ...]
    """The names of its axes: parameters (or ``point``), then ``inertia_dim_0``, ``inertia_dim_1``, ..."""
    coords: Mapping[str, Array]
    """The values of each parameter, in order of first appearance: along its own axis or along ``point``, and of no
    dimension if it does not vary. What numpy has no type for are objects."""
    name: str
    """That of the metric."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[S_co]:
        """The type of its values."""
        return self.values.dtype

    @property
    def size(self) -> int:
        """The number of its values."""
        return self.values.size

    def select(self, **parameters: object) -> LabelledArray[S_co]:
        """The part of the sweep where these parameters have these values; they vary no more.

        Raises:
            TypeError: there is no such parameter.
            UndeclaredParametersError: the parameter never has that value, or not together with the others.
        """
        unknown = next((name for name in parameters if name not in self.coords), None)
        if unknown is not None:
            meant = did_you_mean(unknown, self.coords)
            raise TypeError(f"{self.name} has no parameter {unknown!r}; it has {', '.join(self.coords)}{meant}")
        wanted = {name: key(_python(value), f"{self.name}({name}=...)") for name, value in parameters.items()}
        found = [
            (row, index)
            for row, index in self._points()
            if all(key(value, "") == wanted[name] for name, value in row.items() if name in wanted)
        ]
        if not found:
            raise self._undeclared(parameters)
        rows = [tuple(row.values()) for row, _ in found]
        made = labelled(self.name, [*self.coords], rows, [self.values[index] for _, index in found])
        return cast("LabelledArray[S_co]", made)

    def _points(self) -> list[tuple[dict[str, object], tuple[int, ...]]]:
        """Each parameter set, and where it stands."""
        axes = [axis for axis in self.dims if axis in self.coords or axis == self._point]
        plain = {name: _objects(array) for name, array in self.coords.items() if array.ndim}
        fixed = {name: _python(array[()]) for name, array in self.coords.items() if not array.ndim}

        def row(index: tuple[int, ...]) -> dict[str, object]:
            at = dict(zip(axes, index, strict=True))
            place = at.get(self._point or "", 0)
            return {name: fixed[name] if name in fixed else plain[name][at.get(name, place)] for name in self.coords}

        return [(row(index), index) for index in np.ndindex(self.values.shape[: len(axes)])]

    @property
    def _point(self) -> str | None:
        """The axis that stands for all parameters, if there is one."""
        along = any(array.ndim and name not in self.dims for name, array in self.coords.items())
        return self.dims[0] if along else None

    def _undeclared(self, parameters: Mapping[str, object]) -> UndeclaredParametersError:
        asked = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        known = "; ".join(_line(name, self.coords[name]) for name in parameters)
        return UndeclaredParametersError(self.name, asked, known, "Select what was swept over.")

    def to_xarray(self) -> DataArray:
        """The same as ``xarray.DataArray``, a copy.

        Raises:
            MissingExtraError: xarray is not installed.
        """
        from simple_metrics_manager.declaring.xarrays import data_array  # noqa: PLC0415  # imports xarray

        return data_array(self.values, self.dims, self.coords, self._point, self.name)

    @overload
    def __array__(self, dtype: None = None, copy: bool | None = None) -> NDArray[S_co]: ...
    @overload
    def __array__(self, dtype: DTypeLike, copy: bool | None = None) -> NDArray[np.generic]: ...
    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[np.generic]:
        if copy:
            return np.array(self.values, dtype)
        made = np.asarray(self.values, dtype)
        if copy is False and made is not self.values:
            raise ValueError(f"{self.values.dtype} as {made.dtype} needs a copy")
        return made

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        axes = ", ".join(f"{name}: {size}" for name, size in zip(self.dims, self.values.shape, strict=True))
        lines = [f"<LabelledArray {self.name} {self.values.dtype}" + (f"[{axes}]" if axes else "")]
        lines.extend(f"  {_line(name, array)}" for name, array in self.coords.items())
        return "\n".join(lines) + ">"

    def __html__(self) -> Markup:
        head, grid = line(tag("b", self.name), f" {self.values.dtype}"), self._grid()
        if grid is None or max(self.values.shape) > _SHOWN_AT_ONCE:
            return joined(head, preformatted(repr(self)))
        fixed = [line(_line(name, array)) for name, array in self.coords.items() if not array.ndim]
        titles, rows = grid
        return joined(head, *fixed, table(titles, rows, titles))

    def _grid(self) -> tuple[list[str], list[list[str]]] | None:
        """The titles and the rows of a table; None for what is no line and no plane of numbers."""
        along = {name: [*map(_text, _objects(array))] for name, array in self.coords.items() if array.ndim}
        plain = [name for name in self.dims if name in along]
        if self.values.ndim == 1 and (plain or self._point):  # a row for each parameter set
            columns = [*along.values(), [*map(_text, _objects(self.values))]]
            return [*along, self.name], [list(row) for row in zip(*columns, strict=True)]
        if len(plain) == 2 and self.values.ndim == 2:
            down, across = plain
            cells = [[*map(_text, _objects(row))] for row in self.values]
            rows = [[label, *row] for label, row in zip(along[down], cells, strict=True)]
            return [f"{down} \\ {across}", *along[across]], rows
        return None


def _line(name: str, array: Array) -> str:
    if not array.ndim:
        return f"{name} = {_python(array[()])!r}"
    few = ", ".join(map(repr, _objects(array[:_SHOWN])))
    return f"{name}: {few}" + (f", ... {_python(array[-1])!r}" if len(array) > _SHOWN else "")


def _objects(array: Array) -> list[object]:
    return [_python(value) for value in array]


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float | complex) else str(value)


def _python(value: object) -> object:
    """numpy's scalars count as the numbers of Python's that they hold, as in a call."""
    if not isinstance(value, np.generic):
        return value
    scalar = cast("np.generic[object]", value)
    return scalar.item() if scalar.dtype.kind in "biufcUS" else scalar


def labelled(name: str, names: Sequence[str], rows: Sequence[Row], values: Sequence[object]) -> LabelledArray:
    """The values of these rows of parameters as one array; of a row that is there twice, the first one counts.

    Raises:
        SweepArrayError: they are not numbers, dates or arrays of them, all of one dtype and shape.
        IdentityError: a parameter has no stable written form.
    """
    dtype, inner = alike(name, names, rows, values)
    points = [point(names, row, name) for row in rows]
    kept, _ = places(points)
    # By parameter: in which of the kept rows each of its values first appears, and which of them each row has
    axes = [places(points[index][parameter] for index in kept) for parameter in range(len(names))]
    varying = [parameter for parameter, (first, _) in enumerate(axes) if len(first) > 1]
    shape = tuple(len(axes[parameter][0]) for parameter in varying)
    complete = math.prod(shape) == len(kept)  # no row is there twice, so as many as the grid has fill it
    dims = tuple(names[parameter] for parameter in varying)
    if not complete:
        dims, shape = (unused("point", names),), (len(kept),)
    made = np.empty((*shape, *inner), dtype)
    for number, index in enumerate(kept):
        place = tuple(axes[parameter][1][number] for parameter in varying) if complete else (number,)
        made[place] = cast("Array", values[index])
    made.setflags(write=False)
    coords: dict[str, Array] = {}
    for parameter, each in enumerate(names):
        first = axes[parameter][0]
        shown = first if complete or len(first) == 1 else range(len(kept))
        array = column([rows[kept[number]][parameter] for number in shown])
        coords[each] = array if parameter in varying else array.reshape(())
        coords[each].setflags(write=False)
    return LabelledArray(made, (*dims, *own_dims(name, len(inner), (*names, *dims))), coords, name)
