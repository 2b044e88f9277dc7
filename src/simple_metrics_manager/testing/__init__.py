"""Contracts as test classes: what the library relies on in a store, a format or a storage, for anybody's own one.

Subclass one in a test suite and say what is under test; pytest runs every promise::

    class TestMyStore(StoreContract):
        def make_store(self) -> MyStore:
            return MyStore(self.scratch())

They need no test library. With ``unittest`` the class derives from ``unittest.TestCase`` besides.
"""

from __future__ import annotations

from simple_metrics_manager.testing.conditional_contract import ConditionalStoreContract
from simple_metrics_manager.testing.format_contract import FormatContract
from simple_metrics_manager.testing.storage_contract import StorageContract
from simple_metrics_manager.testing.store_contract import StoreContract

__all__ = ["ConditionalStoreContract", "FormatContract", "StorageContract", "StoreContract"]
