"""The one module that knows xarray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from simple_metrics_manager.errors import MissingExtraError
from simple_metrics_manager.payload.tree import Array

if TYPE_CHECKING:
    import xarray

    DataArray: TypeAlias = xarray.DataArray


def data_array(
    values: Array, dims: Sequence[str], coords: Mapping[str, Array], point: str | None, name: str
) -> DataArray:
    """``values`` with axes ``dims``; each of ``coords`` lies along the axis of its name, or along ``point``.

    Raises:
        MissingExtraError: xarray is not installed.
    """
    try:
        import xarray  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError("to_xarray()", "xarray", "xarray") from None
    along = {
        each: ((each if each in dims else point,) if array.ndim else (), array.copy()) for each, array in coords.items()
    }
    return xarray.DataArray(values.copy(), coords=along, dims=dims, name=name)
