"""What happens to metrics, as values, and who is told.

The core calls :func:`tell` and never prints. Two listeners come with the library: :func:`narrate` prints whole
lines in the words of 0.5.0 while ``verbose`` is on, and :func:`log` feeds the standard ``logging`` (logger
``simple_metrics_manager``; the facts are in ``extra``: ``record.metric``, ``record.seconds`` ...). Add your own
with :func:`listening`.
"""

from simple_metrics_manager.events.base import Event, estimated, format_seconds
from simple_metrics_manager.events.metrics import (
    Computed,
    ComputeFailed,
    ComputeStarted,
    Disregarded,
    Loaded,
    Moved,
    MovesEnded,
    NotClaimed,
    Saved,
    SetAside,
    Superseded,
    TookOver,
    Waiting,
)
from simple_metrics_manager.events.sweeps import (
    FailuresListed,
    MetricFailed,
    NoWorkerYet,
    Skipped,
    SweepAdvanced,
    SweepEnded,
    SweepProgressed,
    SweepStarted,
)
from simple_metrics_manager.events.telling import (
    Listener,
    listening,
    log,
    logger,
    narrate,
    narrate_by,
    silent,
    tell,
    write_line,
)

__all__ = [
    "ComputeFailed",
    "ComputeStarted",
    "Computed",
    "Disregarded",
    "Event",
    "FailuresListed",
    "Listener",
    "Loaded",
    "MetricFailed",
    "Moved",
    "MovesEnded",
    "NoWorkerYet",
    "NotClaimed",
    "Saved",
    "SetAside",
    "Skipped",
    "Superseded",
    "SweepAdvanced",
    "SweepEnded",
    "SweepProgressed",
    "SweepStarted",
    "TookOver",
    "Waiting",
    "estimated",
    "format_seconds",
    "listening",
    "log",
    "logger",
    "narrate",
    "narrate_by",
    "silent",
    "tell",
    "write_line",
]
