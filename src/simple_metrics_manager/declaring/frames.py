"""The one module that imports pandas: a sweep as a table in long form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from simple_metrics_manager.declaring.coordinates import column, own_dims, unused
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.declaring.stacking import alike
from simple_metrics_manager.errors import MissingExtraError
from simple_metrics_manager.payload.tree import Array

if TYPE_CHECKING:
    import pandas as pd

    DataFrame: TypeAlias = pd.DataFrame

_OF_PANDAS = frozenset({datetime, timedelta})
"""Python's objects that pandas has a type of its own for, if a column holds nothing else."""


def data_frame(name: str, names: Sequence[str], rows: Sequence[Row], values: Sequence[object]) -> DataFrame:
    """One column for each parameter and one for the metric; one row for each value, or for each element of an array.

    Elements are told apart by columns ``inertia_dim_0``, ``inertia_dim_1``, ... Values of several types, and what
    neither numpy nor pandas has a type for, make a column of objects.

    Raises:
        MissingExtraError: pandas is not installed.
        SweepArrayError: some values are arrays, and not all of them have the same dtype and shape.
    """
    try:
        import pandas as pd  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError("to_dataframe()", "pandas", "pandas") from None

    def series(column_of: Sequence[object]) -> pd.Series:
        if {*map(type, column_of)} <= _OF_PANDAS and len({*map(type, column_of)}) == 1:
            return pd.Series(list(column_of))
        made = column(column_of)
        return pd.Series(made, dtype=object if made.dtype.hasobject else None)  # None among text is not NaN

    parameters = {each: series([row[index] for row in rows]) for index, each in enumerate(names)}
    if not any(type(value) is np.ndarray for value in values):
        return pd.DataFrame({**parameters, unused(name, names): series(values)})
    dtype, shape = alike(name, names, rows, values)
    elements: Array = np.empty((len(values), *shape), dtype)
    for index, value in enumerate(values):
        elements[index] = cast("Array", value)
    dims = own_dims(name, len(shape), names)
    each_point = int(np.prod(shape))
    repeated = {each: values_of.repeat(each_point).reset_index(drop=True) for each, values_of in parameters.items()}
    within = np.indices(shape).reshape(len(shape), each_point)
    places = {dim: np.tile(within[axis], len(values)) for axis, dim in enumerate(dims)}
    return pd.DataFrame({**repeated, **places, unused(name, (*names, *dims)): elements.reshape(-1)})
