"""A manager whose results depend on a file, for sweeps that compute anew in workers that live on."""

from __future__ import annotations

import os
from pathlib import Path

from simple_metrics_manager import DatedCacheManager, metric

FACTOR = "SMM_TEST_FACTOR"
"""The variable that names the file with the factor."""


def factor() -> float:
    """What the file says now."""
    return float(Path(os.environ[FACTOR]).read_text(encoding="utf-8"))


class Scale(DatedCacheManager):
    """A factor, and what follows from it."""

    verbose = False

    @metric
    def unit(self) -> float:
        return factor()

    @metric(params_list=[(n,) for n in range(4)])
    def length(self, n: int) -> float:
        if factor() < 0:
            raise ValueError(f"no length {n}")
        return self.unit * n
