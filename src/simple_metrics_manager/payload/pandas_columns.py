"""One array of pandas, be it a column, a level of an index or the categories of another, as what arrow has no word for.

An arrow column does not say all: whether it was ``Int64`` or ``int64``, of objects or of text, which categories there
were and in what order. That is a *kind* here: plain JSON, a list that begins with a word.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from simple_metrics_manager.payload.arrow import as_column, converted, decoded, explained, pack_type, unpack_type
from simple_metrics_manager.payload.misfit import Misfit
from simple_metrics_manager.payload.tree import Array, Tree

if TYPE_CHECKING:
    from simple_metrics_manager.payload.arrow import Column

Pandas: TypeAlias = Any  # pandas, its classes and their objects: not imported before the user did, so without types
Kind: TypeAlias = list[Tree]
PackIndex: TypeAlias = Callable[[Pandas], str]
UnpackIndex: TypeAlias = Callable[[str], Pandas]

_MASKED = frozenset(
    {"boolean", "Float32", "Float64", *(f"{sign}{bits}" for sign in ("Int", "UInt") for bits in (8, 16, 32, 64))}
)
_OBJECTS = frozenset({str, bytes, bool, int, float, date, time, Decimal})
"""Python's objects that come back from arrow as they were, if a column holds one type of them."""


def pandas() -> Pandas:
    """pandas itself."""
    return importlib.import_module("pandas")


def is_numpys(holder: Pandas) -> bool:
    """Whether a dtype of numpy's says what is in it."""
    return isinstance(holder.dtype, np.dtype)


def values_of(holder: Pandas) -> Pandas:
    """What a Series or an Index holds: an array of numpy's, or one of pandas' own."""
    return holder.values if is_numpys(holder) else holder.array


def kind_of_values(values: Pandas, pack: PackIndex) -> Kind:
    """What arrow would not say about these values. ``pack`` makes text of an index, such as the categories.

    Raises:
        Misfit: they could not come back.
    """
    dtype = values.dtype
    if is_numpys(values):
        return _objects(cast("Array", values)) if dtype.kind == "O" else _numbers(dtype)
    pd = pandas()
    name = str(dtype.name)
    if name in _MASKED:
        return ["named", name]
    if isinstance(dtype, pd.StringDtype):
        return ["string", str(dtype.storage), str(dtype.na_value)]
    if isinstance(dtype, pd.CategoricalDtype):
        return ["category", kind_of_values(values_of(dtype.categories), pack), pack(dtype.categories), dtype.ordered]
    if isinstance(dtype, pd.DatetimeTZDtype):
        return ["time zone", str(dtype.unit), str(dtype.tz)]
    if isinstance(dtype, pd.PeriodDtype):
        return ["named", str(dtype)]
    if isinstance(dtype, pd.IntervalDtype):
        return ["interval", str(dtype.subtype), str(dtype.closed)]
    if isinstance(dtype, pd.ArrowDtype):
        return ["arrow", pack_type(dtype.pyarrow_dtype)]
    remedy = "make it dense with .sparse.to_dense()" if isinstance(dtype, pd.SparseDtype) else "convert it with .astype"
    raise Misfit(f"a table file has no form for values of dtype {name}; {remedy}")


def _numbers(dtype: np.dtype[Any]) -> Kind:
    if dtype.kind == "c":
        raise Misfit(f"a table file has no complex numbers ({dtype}); make two columns of .real and .imag")
    if dtype.kind not in "biufmM" or not dtype.isnative or dtype.itemsize > 8:
        raise Misfit(f"a table file does not bring back dtype {dtype}; convert it with .astype")
    return ["numpy", dtype.str]


def _objects(values: Array) -> Kind:
    """One type of Python's objects, and one way of saying that there is none."""
    missing = np.asarray(pandas().isna(values), dtype=bool)
    kinds = set(map(type, values[~missing]))
    absent = {_absent(value) for value in values[missing]} if missing.any() else {"None"}
    if len(kinds) > 1:
        names = " and ".join(sorted(kind.__qualname__ for kind in kinds))
        raise Misfit(f"it holds objects of {names}, and a table file keeps one type a column; convert it with .astype")
    if not kinds <= _OBJECTS:
        name = next(iter(kinds)).__qualname__
        raise Misfit(f"it holds objects of {name}, which a table file does not bring back; convert it, say to text")
    if len(absent) > 1:
        raise Misfit(f"it says in {len(absent)} ways that a value is missing: {', '.join(sorted(absent))}; see .fillna")
    return ["object", next((kind.__qualname__ for kind in kinds), ""), next(iter(absent))]


def _absent(value: object) -> str:
    for name, known in _missing().items():
        if value is known or (type(value) is float and name == "nan"):
            return name
    raise Misfit(f"it says {value!r} of type {type(value).__qualname__} where a value is missing; say None or NaN")


def _missing() -> dict[str, object]:
    pd = pandas()
    return {"None": None, "nan": float("nan"), "NA": pd.NA, "NaT": pd.NaT}


def values_again(column: Column, kind: Kind, unpack: UnpackIndex) -> Pandas:
    """The values of this kind in an arrow column.

    Raises:
        Misfit: they are not of it, or this version of pandas does not know it.
    """
    again = _AGAIN.get(str(kind[0]))
    if again is None:
        raise Misfit(f"a column of the kind {kind[0]!r} is not known to this version")
    return again(column, kind, unpack)


def _numbers_again(column: Column, kind: Kind, _: UnpackIndex) -> Pandas:
    return column.to_numpy().astype(np.dtype(str(kind[1])), copy=False)


def _objects_again(column: Column, kind: Kind, _: UnpackIndex) -> Pandas:
    if kind[1] in ("str", "bytes"):
        values = column.to_numpy().astype(object)
    else:
        values = np.empty(len(column), dtype=object)
        values[:] = column.to_pylist()
    if column.null_count:
        values[column.is_null().to_numpy()] = _missing()[str(kind[2])]
    return values


def _extension(column: Column, dtype: Pandas) -> Pandas:
    return explained(lambda: dtype.__from_arrow__(column))


def text_dtype(kind: Kind) -> Pandas:
    """The dtype of text of this kind. pandas 2.2 keeps as objects what is ``str`` to later versions."""
    if kind[0] == "object":
        return np.dtype(object)
    if kind[2] == "<NA>":
        return pandas().StringDtype(str(kind[1]))
    try:
        return pandas().StringDtype(str(kind[1]), na_value=np.nan)
    except TypeError:
        return np.dtype(object)


def _text_again(column: Column, kind: Kind, unpack: UnpackIndex) -> Pandas:
    dtype = text_dtype(kind)
    objects: Kind = ["object", "str", "nan"]
    return _objects_again(column, objects, unpack) if isinstance(dtype, np.dtype) else _extension(column, dtype)


def _category_again(column: Column, kind: Kind, unpack: UnpackIndex) -> Pandas:
    pd = pandas()
    categories = unpack(str(kind[2]))
    of_categories = cast("Kind", kind[1])
    encoded = column.unify_dictionaries() if decoded(column) is not column else column.dictionary_encode()
    whole = encoded.combine_chunks()
    present = values_again(as_column(whole.dictionary), of_categories, unpack)
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    places = np.append(categories.get_indexer(pd.Index(present, dtype=present.dtype)), -1)  # of none: the last, by -1
    return pd.Categorical.from_codes(places[codes], dtype=pd.CategoricalDtype(categories, ordered=bool(kind[3])))


def _zoned_again(column: Column, kind: Kind, _: UnpackIndex) -> Pandas:
    utc = column.to_numpy().astype(f"M8[{kind[1]}]")
    return pandas().DatetimeIndex(utc).tz_localize("UTC").tz_convert(str(kind[2])).array


def _interval_again(column: Column, kind: Kind, _: UnpackIndex) -> Pandas:
    return _extension(column, pandas().IntervalDtype(str(kind[1]), str(kind[2])))


def _arrow_again(column: Column, kind: Kind, _: UnpackIndex) -> Pandas:
    own = unpack_type(str(kind[1]))
    return _extension(converted(column, own, "of arrow's"), pandas().ArrowDtype(own))


_AGAIN: dict[str, Callable[[Column, Kind, UnpackIndex], Pandas]] = {
    "numpy": _numbers_again,
    "object": _objects_again,
    "named": lambda column, kind, _: _extension(column, pandas().api.types.pandas_dtype(str(kind[1]))),
    "string": _text_again,
    "category": _category_again,
    "time zone": _zoned_again,
    "interval": _interval_again,
    "arrow": _arrow_again,
}
"""By the first word of a kind."""


def values_differ(one: Pandas, other: Pandas) -> str | None:
    """In what ``other``, which came back, is not what ``one`` was; None if in nothing."""
    if type(one) is not type(other) or one.dtype != other.dtype or len(one) != len(other):
        return f"{len(one)} of {one.dtype} would come back as {len(other)} of {other.dtype}"
    if not is_numpys(one):
        same = _same_own(one, other)
    elif one.dtype.kind == "O":
        same = _same_objects(one, other)
    else:
        same = np.array_equal(one, other, equal_nan=one.dtype.kind in "fmM")
    return None if same else f"values of {one.dtype} would change"


def _same_own(one: Pandas, other: Pandas) -> bool:
    if isinstance(one.dtype, pandas().CategoricalDtype):
        return bool(one.categories.equals(other.categories)) and np.array_equal(one.codes, other.codes)
    if one.dtype.name in ("Float32", "Float64"):  # a NaN there is a number that is not missing
        gone = np.asarray(one.isna())
        numbers = [each.to_numpy(one.dtype.numpy_dtype, na_value=0.0) for each in (one, other)]
        return np.array_equal(gone, np.asarray(other.isna())) and np.array_equal(numbers[0], numbers[1], equal_nan=True)
    return bool(one.equals(other))


def _same_objects(one: Array, other: Array) -> bool:
    if list(map(type, one)) != list(map(type, other)):
        return False
    there = ~np.asarray(pandas().isna(one), dtype=bool)
    if not bool(np.all(one[there] == other[there])):
        return False
    exact = [value for value in one[there] if isinstance(value, Decimal | float)]
    return [*map(str, exact)] == [str(value) for value in other[there] if isinstance(value, Decimal | float)]
