"""Where 0.5.0 had the storages; code that imports them from here goes on."""

from simple_metrics_manager.storing.file_based import FileBasedStorageInterface
from simple_metrics_manager.storing.file_storages import JsonStorageInterface, NpyStorageInterface, NpzStorageInterface
from simple_metrics_manager.storing.storage import StorageInterface

__all__ = [
    "FileBasedStorageInterface",
    "JsonStorageInterface",
    "NpyStorageInterface",
    "NpzStorageInterface",
    "StorageInterface",
]
