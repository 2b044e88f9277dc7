"""Every error that the library raises, grouped by what a caller would do about it.

::

    MetricsError
    |-- MetricDeclarationError  (TypeError)              mend the class
    |-- MetricTypeError         (TypeError)              mend the annotation or the function
    |-- MetricCycleError        (RuntimeError)           mend the dependencies
    |-- UnknownMetricError      (KeyError, ValueError)   mend the name
    |   `-- NeedsParametersError                         give parameters, or the name of one set
    |-- StaleMetricError        (RuntimeError)           accept what changed, or compute anew
    |-- UndeclaredParametersError (ValueError)           declare the parameters
    |-- SweepArrayError         (TypeError)              take the values one by one, or as a table
    |-- UncoveredParametersError (KeyError)              complete the list
    |-- IdentityError           (TypeError)              give the manager or the call plain inputs
    |-- MetricFailedError       (RuntimeError)           mend the function
    |-- CannotTravelError       (PicklingError)          move it into a module, or leave it out
    |-- UnreachableManagerError (RuntimeError)           let workers import the manager's module
    |-- OutdatedWorkerError     (RuntimeError)           start the workers anew
    |-- ForkingPoolError        (RuntimeError)           start processes by spawn or forkserver
    |-- BrokenSweepError        (BrokenExecutor)         call again, with a new executor
    |-- ConfigError             (ValueError)             mend the configuration
    |-- MissingExtraError       (ImportError)            install the extra
    |-- ReportTooLargeError     (ValueError)             allow more, or show less
    `-- StorageError
        |-- NotStoredError      (KeyError)               compute it first
        |-- CannotStoreError    (TypeError)              choose another storage or another type
        |-- SaveError           (OSError)                make room, then save again
        |-- CorruptMetricError  (ValueError)             inspect the file, then recompute
        |   |-- InTheWayError                            move away what lies there
        |   `-- CorruptDatabaseError                     move the database away
        |-- NewerFormatError    (ValueError)             upgrade this library
        |-- UnreachableError    (OSError)                restore the connection, then ask again
        |-- NotExclusiveError   (NotImplementedError)    use a server that enforces conditions
        |-- ResultsNotFoundError (LookupError)           give workers a storage that they share
        |-- UnreachableStorageError (ValueError)         give a storage that workers reach as well
        |-- ForkedError         (RuntimeError)           start processes by spawn or forkserver
        |-- NetworkFileSystemError (OSError)             keep the database on a local disk
        |-- PickledObjectsError (ValueError)             say allow_pickle=True, if you trust the file
        `-- WrongIdentityError  (ValueError)             give each manager its own name or place

``StaleMetricWarning`` (a ``UserWarning``) is no error: the value is used, and the warning says what may be out of date.

Each one also is the builtin exception that a caller would already catch. The facts are attributes, the
sentence is made from them in ``__str__``; ``args`` are the constructor's arguments, so every error pickles.
"""

from simple_metrics_manager.errors.asking import (
    BrokenSweepError,
    ConfigError,
    IdentityError,
    MetricCycleError,
    MetricDeclarationError,
    MetricFailedError,
    MetricTypeError,
    MissingExtraError,
    NeedsParametersError,
    ReportTooLargeError,
    StaleMetricError,
    StaleMetricWarning,
    SweepArrayError,
    UncoveredParametersError,
    UndeclaredParametersError,
    UnknownMetricError,
)
from simple_metrics_manager.errors.base import MetricsError
from simple_metrics_manager.errors.storing import (
    CannotStoreError,
    CorruptDatabaseError,
    CorruptMetricError,
    ForkedError,
    InTheWayError,
    NetworkFileSystemError,
    NewerFormatError,
    NotExclusiveError,
    NotStoredError,
    PickledObjectsError,
    ResultsNotFoundError,
    SaveError,
    StorageError,
    UnreachableError,
    WrongIdentityError,
)
from simple_metrics_manager.errors.travelling import (
    CannotTravelError,
    ForkingPoolError,
    OutdatedWorkerError,
    UnreachableManagerError,
    UnreachableStorageError,
)

__all__ = [
    "BrokenSweepError",
    "CannotStoreError",
    "CannotTravelError",
    "ConfigError",
    "CorruptDatabaseError",
    "CorruptMetricError",
    "ForkedError",
    "ForkingPoolError",
    "IdentityError",
    "InTheWayError",
    "MetricCycleError",
    "MetricDeclarationError",
    "MetricFailedError",
    "MetricTypeError",
    "MetricsError",
    "MissingExtraError",
    "NeedsParametersError",
    "NetworkFileSystemError",
    "NewerFormatError",
    "NotExclusiveError",
    "NotStoredError",
    "OutdatedWorkerError",
    "PickledObjectsError",
    "ReportTooLargeError",
    "ResultsNotFoundError",
    "SaveError",
    "StaleMetricError",
    "StaleMetricWarning",
    "StorageError",
    "SweepArrayError",
    "UncoveredParametersError",
    "UndeclaredParametersError",
    "UnknownMetricError",
    "UnreachableError",
    "UnreachableManagerError",
    "UnreachableStorageError",
    "WrongIdentityError",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # what users read in a traceback, and can import
