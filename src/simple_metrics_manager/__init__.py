"""Declare metrics with types; compute them once, keep them, date them, and get them back as declared."""

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
    PickledObjectsError,
    ResultsNotFoundError,
    SaveError,
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
from simple_metrics_manager.rename import convert_metric_name, convert_metric_name_and_arguments
from simple_metrics_manager.storing.config import read_storage, storage_from_config, storage_to_config, write_storage
from simple_metrics_manager.storing.file_based import FileBasedStorageInterface
from simple_metrics_manager.storing.file_storages import JsonStorageInterface, NpyStorageInterface, NpzStorageInterface
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
    "ParameterizedDataCacheManager",
    "ParameterizedDatedCacheManager",
    "ParameterizedMetric",
    "Parquet",
    "PickledObjectsError",
    "Plan",
    "Provenance",
    "RenamePlan",
    "ResultsNotFoundError",
    "SaveError",
    "SqliteStorageInterface",
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
    "storage_from_config",
    "storage_to_config",
    "write_storage",
]
