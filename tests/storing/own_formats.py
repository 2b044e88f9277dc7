"""Metrics that have formats by nature; imported only where pyarrow and zarr are installed."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import zarr

from simple_metrics_manager import DatedCacheManager, metric
from tests.payload.zarr_samples import grid


class Natural(DatedCacheManager):
    """A table and an array in chunks."""

    verbose = False

    @metric
    def table(self) -> pa.Table:
        return pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]})

    @metric
    def cube(self) -> zarr.Array[Any]:
        return grid(None)
