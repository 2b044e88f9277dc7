"""What computes the metrics of ``program.py``: it has another ``__main__`` and cannot import that file."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import cast

from simple_metrics_manager import DatedCacheManager, Metric
from simple_metrics_manager.sweeping.recipe import Point, Recipe, key_at

sent: object = pickle.loads(Path("job").read_bytes())

if sys.argv[1] == "raw":
    for manager, key in cast("list[tuple[DatedCacheManager, Metric[object]]]", sent):
        manager.get(key)
else:
    for recipe, point in cast("list[tuple[Recipe, Point]]", sent):
        again = recipe.manager()
        again.__metrics__.get(again, key_at(again, point))
