"""The files of ``smm export`` that are no text: arrays as numpy reads them, tables as parquet."""

from __future__ import annotations

import enum
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, cast

import numpy as np

from simple_metrics_manager.cli.values import brief, plain
from simple_metrics_manager.errors import ConfigError
from simple_metrics_manager.payload.arrow import from_columns, require_pyarrow, to_parquet
from simple_metrics_manager.payload.misfit import Misfit
from simple_metrics_manager.payload.tables import Table, TableShape, table_kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COMPRESSION = "zstd"


def npy(name: str, value: object) -> tuple[bytes, str]:
    """One array, and what it is.

    Raises:
        ConfigError: the value is no array and no number.
    """
    array = _array(name, value)
    return _npy(array), brief(array)


def npz(columns: Mapping[str, object]) -> tuple[bytes, str]:
    """Arrays by name, and which they are.

    Raises:
        ConfigError: one of the values is no array.
    """
    arrays = {name: _array(name, value) for name, value in columns.items()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:  # np.savez has arguments that a metric may be called like
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", _npy(array))
    return stream.getvalue(), f"{len(arrays)} arrays, {', '.join(arrays)},"


def _npy(array: NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _array(name: str, value: object) -> NDArray[np.generic]:
    try:
        array = np.asarray(value)
    except ValueError:  # arrays or lists of several lengths
        array = np.empty((), dtype=object)
    if array.dtype.hasobject:
        raise ConfigError((f"{name} is no array of numbers, dates or text: .json and .csv can be written of it",))
    return array


def is_table(value: object) -> bool:
    """Whether it is a table of pandas, polars or pyarrow."""
    return table_kind(type(value)) is not None


def parquet_of_table(name: str, value: object) -> memoryview:
    """A table as the library stores it.

    Raises:
        ConfigError: parquet has no form for one of its columns.
        MissingExtraError: pyarrow is not installed.
    """
    require_pyarrow()
    kind = str(table_kind(type(value)))
    try:
        return cast("Table", TableShape(kind, type(value)).dump(value)).to_parquet(_COMPRESSION)
    except Misfit as misfit:
        raise ConfigError((f"{name} cannot become a parquet file: {misfit}",)) from misfit


def parquet(name: str, columns: Mapping[str, Sequence[object]]) -> memoryview:
    """Columns as a table.

    Raises:
        ConfigError: the values of one column are of several kinds.
        MissingExtraError: pyarrow is not installed.
    """
    require_pyarrow()
    try:
        table = from_columns({column: [_typed(each) for each in values] for column, values in columns.items()})
    except Misfit as misfit:
        raise ConfigError((f"{name} cannot become a parquet file: {misfit}",)) from misfit
    return to_parquet(table, _COMPRESSION)


def _typed(value: object) -> object:
    """A cell: numbers and dates as what they are, anything else as it is in JSON."""
    if isinstance(value, np.generic | np.ndarray):
        value = cast("object", value.tolist())
    if isinstance(value, float | bytes | date) and not isinstance(value, enum.Enum):
        return value
    if isinstance(value, list | tuple):
        return [_typed(each) for each in cast("Sequence[object]", value)]
    if isinstance(value, Mapping):
        return {str(name): _typed(each) for name, each in cast("Mapping[object, object]", value).items()}
    return plain(value)
