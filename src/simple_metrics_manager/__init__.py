"""Declare metrics with types; compute them once, keep them, date them, and get them back as declared."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simple_metrics_manager.collect import (
        Collected,
        CollectingDatedCacheManager,
        DataCacheManager,
        ParameterizedDataCacheManager,
        ParameterizedDatedCacheManager,
    )
    from simple_metrics_manager.collected import CachedFunction
    from simple_metrics_manager.declaring.bound_metric import BoundMetric
    from simple_metrics_manager.declaring.decorator import metric
    from simple_metrics_manager.declaring.labelled import LabelledArray
    from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
    from simple_metrics_manager.errors import (
        BrokenSweepError,
        CannotStoreError,
        CannotTravelError,
        ConfigError,
        CorruptDatabaseError,
        CorruptMetricError,
        ForkedError,
        ForkingPoolError,
        IdentityError,
        InTheWayError,
        MetricCycleError,
        MetricDeclarationError,
        MetricFailedError,
        MetricsError,
        MetricTypeError,
        MissingExtraError,
        NeedsParametersError,
        NetworkFileSystemError,
        NewerFormatError,
        NotExclusiveError,
        NotStoredError,
        OutdatedWorkerError,
        PickledObjectsError,
        ReportTooLargeError,
        ResultsNotFoundError,
        SaveError,
        StaleMetricError,
        StaleMetricWarning,
        StorageError,
        SweepArrayError,
        UncoveredParametersError,
        UndeclaredParametersError,
        UnknownMetricError,
        UnreachableError,
        UnreachableManagerError,
        UnreachableStorageError,
        WrongIdentityError,
    )
    from simple_metrics_manager.formats.json import Json
    from simple_metrics_manager.formats.npy import Npy
    from simple_metrics_manager.formats.npz import Npz
    from simple_metrics_manager.formats.parquet import Parquet
    from simple_metrics_manager.formats.zarr import Zarr
    from simple_metrics_manager.freshness.accepting import AcceptReport
    from simple_metrics_manager.freshness.differing import Difference
    from simple_metrics_manager.freshness.graph import MetricGraph
    from simple_metrics_manager.freshness.provenance import Provenance
    from simple_metrics_manager.freshness.verifying import VerifyReport
    from simple_metrics_manager.history import Change
    from simple_metrics_manager.keeping.checking import check_storage
    from simple_metrics_manager.keeping.copying import copy_storage
    from simple_metrics_manager.keeping.reports import CheckReport, ClearPlan, CopyReport, RenamePlan
    from simple_metrics_manager.manager import DatedCacheManager
    from simple_metrics_manager.outcomes.failure import Failure
    from simple_metrics_manager.outcomes.plan import Plan
    from simple_metrics_manager.outcomes.reasons import OnStale, Policy, Reason
    from simple_metrics_manager.rename import convert_metric_name, convert_metric_name_and_arguments, rename_stored
    from simple_metrics_manager.storing.config import (
        read_storage,
        storage_from_config,
        storage_to_config,
        write_storage,
    )
    from simple_metrics_manager.storing.file_based import FileBasedStorageInterface
    from simple_metrics_manager.storing.file_storages import (
        JsonStorageInterface,
        NpyStorageInterface,
        NpzStorageInterface,
    )
    from simple_metrics_manager.storing.memory_storage import MemoryStorageInterface
    from simple_metrics_manager.storing.object_storage import ObjectStorageInterface
    from simple_metrics_manager.storing.sqlite_storage import SqliteStorageInterface
    from simple_metrics_manager.storing.storage import Storage, StorageInterface
    from simple_metrics_manager.storing.tiered_storage import TieredStorageInterface

__version__ = "1.0.0.dev0"

__all__ = [
    "AcceptReport",
    "BoundMetric",
    "BrokenSweepError",
    "CachedFunction",
    "CannotStoreError",
    "CannotTravelError",
    "Change",
    "CheckReport",
    "ClearPlan",
    "Collected",
    "CollectingDatedCacheManager",
    "ConfigError",
    "CopyReport",
    "CorruptDatabaseError",
    "CorruptMetricError",
    "DataCacheManager",
    "DatedCacheManager",
    "Difference",
    "Failure",
    "FileBasedStorageInterface",
    "ForkedError",
    "ForkingPoolError",
    "IdentityError",
    "InTheWayError",
    "Json",
    "JsonStorageInterface",
    "LabelledArray",
    "MemoryStorageInterface",
    "Metric",
    "MetricCycleError",
    "MetricDeclarationError",
    "MetricFailedError",
    "MetricGraph",
    "MetricTypeError",
    "MetricsError",
    "MissingExtraError",
    "NeedsParametersError",
    "NetworkFileSystemError",
    "NewerFormatError",
    "NotExclusiveError",
    "NotStoredError",
    "Npy",
    "NpyStorageInterface",
    "Npz",
    "NpzStorageInterface",
    "ObjectStorageInterface",
    "OnStale",
    "OutdatedWorkerError",
    "ParameterizedDataCacheManager",
    "ParameterizedDatedCacheManager",
    "ParameterizedMetric",
    "Parquet",
    "PickledObjectsError",
    "Plan",
    "Policy",
    "Provenance",
    "Reason",
    "RenamePlan",
    "ReportTooLargeError",
    "ResultsNotFoundError",
    "SaveError",
    "SqliteStorageInterface",
    "StaleMetricError",
    "StaleMetricWarning",
    "Storage",
    "StorageError",
    "StorageInterface",
    "SweepArrayError",
    "TieredStorageInterface",
    "UncoveredParametersError",
    "UndeclaredParametersError",
    "UnknownMetricError",
    "UnreachableError",
    "UnreachableManagerError",
    "UnreachableStorageError",
    "VerifyReport",
    "WrongIdentityError",
    "Zarr",
    "check_storage",
    "convert_metric_name",
    "convert_metric_name_and_arguments",
    "copy_storage",
    "metric",
    "read_storage",
    "rename_stored",
    "storage_from_config",
    "storage_to_config",
    "write_storage",
]

_HOMES = (
    "collect",
    "collected",
    "declaring.bound_metric",
    "declaring.decorator",
    "declaring.labelled",
    "declaring.metric",
    "errors",
    "formats.json",
    "formats.npy",
    "formats.npz",
    "formats.parquet",
    "formats.zarr",
    "freshness.accepting",
    "freshness.differing",
    "freshness.graph",
    "freshness.provenance",
    "freshness.verifying",
    "history",
    "keeping.checking",
    "keeping.copying",
    "keeping.reports",
    "manager",
    "outcomes.failure",
    "outcomes.plan",
    "outcomes.reasons",
    "rename",
    "storing.config",
    "storing.file_based",
    "storing.file_storages",
    "storing.memory_storage",
    "storing.object_storage",
    "storing.sqlite_storage",
    "storing.storage",
    "storing.tiered_storage",
)
"""The modules that those names are imported from, all of them when the first name is asked for."""

if not TYPE_CHECKING:  # a checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        """Import what the package exports: its command says how it is called without that, and at once."""
        if not name.startswith("__"):
            _import_all()
            if name in globals():
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def _import_all() -> None:
        from importlib import import_module  # noqa: PLC0415 - nobody needs it here afterwards

        names = set(__all__).difference(globals())
        for home in _HOMES:
            found = vars(import_module(f"{__name__}.{home}"))
            globals().update((name, found[name]) for name in names & found.keys())
