"""Where the bytes of stored metrics live: a module for each kind of place."""

from __future__ import annotations

from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.stores.directory import Directory
from simple_metrics_manager.stores.memory import Memory

__all__ = ["Directory", "Memory", "Store"]
