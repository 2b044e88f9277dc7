"""Where 0.5.0 had the managers; code that imports them from here goes on."""

from simple_metrics_manager.collect import CollectingDatedCacheManager, ParameterizedDatedCacheManager
from simple_metrics_manager.manager import DatedCacheManager

__all__ = [
    "CollectingDatedCacheManager",
    "DatedCacheManager",
    "ParameterizedDatedCacheManager",
]
