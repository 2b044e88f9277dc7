"""The formats that some types of value have by nature, whatever the storage keeps others in: tables, chunked arrays."""

from __future__ import annotations

from collections.abc import Mapping

from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.json import Json
from simple_metrics_manager.formats.npy import Npy
from simple_metrics_manager.formats.npz import Npz
from simple_metrics_manager.formats.parquet import Parquet
from simple_metrics_manager.formats.zarr import Zarr

NATURAL: Mapping[str, Format] = {"chunked": Zarr(), "table": Parquet()}
"""By ``TypedCodec.natural``."""

OTHERS: tuple[Format, ...] = (*NATURAL.values(), Npz(), Npy(), Json())
"""In which a metric may lie beside those that have the format of the storage."""
