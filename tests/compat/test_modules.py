"""Where 0.5.0 had its names, they still are."""

from __future__ import annotations

import importlib

import pytest

import simple_metrics_manager

OLD = {
    "dated_cache_manager": ["CollectingDatedCacheManager", "DatedCacheManager", "ParameterizedDatedCacheManager"],
    "storage_interface": [
        "FileBasedStorageInterface",
        "JsonStorageInterface",
        "NpyStorageInterface",
        "NpzStorageInterface",
        "StorageInterface",
    ],
    "saved_metric_name_converter": ["convert_metric_name", "convert_metric_name_and_arguments"],
}


@pytest.mark.parametrize("module", OLD)
def test_names_are_in_the_modules_of_old(module: str) -> None:
    """Each name of 0.5.0 can be imported from the package and from its module of old, and is the same."""
    found = importlib.import_module(f"simple_metrics_manager.{module}")

    assert found.__all__ == OLD[module]
    assert all(getattr(found, name) is getattr(simple_metrics_manager, name) for name in OLD[module])


@pytest.mark.parametrize("name", ["date", "status", "graph"])
def test_names_that_are_new_may_be_collected(name: str) -> None:
    """A function may be called like a method that 0.5.0 did not have, and is then what the attribute gives."""
    cm = simple_metrics_manager.ParameterizedDatedCacheManager()
    cm.verbose = False
    cm.collect(name)(lambda: 7)

    assert (getattr(cm, name)(), cm[name]) == (7, 7)
