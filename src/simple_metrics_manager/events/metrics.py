"""What happens to one metric: it is computed, saved, loaded, waited for, moved."""

from __future__ import annotations

from datetime import datetime

import attrs

from simple_metrics_manager.events.base import Event, format_seconds


@attrs.frozen
class ComputeStarted(Event):
    """The function of the metric is about to run."""

    def line(self) -> str:
        return f"Compute {self.metric}"


@attrs.frozen
class Computed(Event):
    """The function has returned after ``seconds`` of wall time."""

    seconds: float

    def line(self) -> str:
        return f"Completed {self.metric} in {format_seconds(self.seconds)}"


@attrs.frozen
class ComputeFailed(Event):
    """The function has raised ``error`` after ``seconds``; the exception itself goes on to the caller."""

    seconds: float
    error: str

    def line(self) -> str:
        return f"Failed {self.metric} after {format_seconds(self.seconds)}: {self.error}"


@attrs.frozen
class Saved(Event):
    """The value lies in the storage; its file has ``bytes`` bytes (0 where the storage does not say)."""

    bytes: int

    def line(self) -> str:
        return f"Save {self.metric}"


@attrs.frozen
class Loaded(Event):
    """The value came from the storage, where it had been since ``date``."""

    date: datetime

    def line(self) -> str:
        return f"Load {self.metric} pulled on {self.date.astimezone().date().isoformat()}"


@attrs.frozen
class Disregarded(Event):
    """What the storage holds cannot be used, for ``reason``: it is computed anew."""

    reason: str

    def line(self) -> str:
        return f"Disregard what is stored of {self.metric}: {self.reason}"


@attrs.frozen
class SetAside(Event):
    """What was stored is damaged, as ``found`` says; it lies at ``place`` now, and the metric is computed anew."""

    found: str
    place: str

    def line(self) -> str:
        return f"Set aside what is stored of {self.metric}, it is damaged: {self.found}; it is {self.place} now"


@attrs.frozen
class Waiting(Event):
    """Somebody else computes it: ``owner``, which is a process or a thread, since ``since``."""

    owner: str
    since: datetime

    def line(self) -> str:
        return f"Wait for {self.metric}: {self.owner} computes it since {self.since.astimezone():%H:%M:%S}"


@attrs.frozen
class TookOver(Event):
    """Who was computing it, ``owner``, has given up, died or vanished: it is computed here."""

    owner: str

    def line(self) -> str:
        return f"Take over {self.metric} from {self.owner}"


@attrs.frozen
class NotClaimed(Event):
    """Nobody can be told that it is computed here, for ``reason``: others may do so, too. Told once for a place."""

    reason: str

    def line(self) -> str:
        return f"Compute {self.metric} unclaimed, others may do so, too: {self.reason}"


@attrs.frozen
class Superseded(Event):
    """While it was computed here, somebody else has stored it: what is stored stays, and is used."""

    def line(self) -> str:
        return f"Use what was stored of {self.metric} in the meantime"


@attrs.frozen
class Moved(Event):
    """What was stored as ``metric`` is stored as ``new`` now, or would be if this were no simulation."""

    new: str
    simulated: bool

    def line(self) -> str:
        return f"{'simulate move' if self.simulated else 'move'} {self.metric} to {self.new}"


@attrs.frozen
class MovesEnded(Event):
    """All moves from the metric ``metric`` to ``new`` have been made, or simulated."""

    new: str
    total: int
    simulated: bool

    def line(self) -> str:
        did = "Would move" if self.simulated else "Moved"
        return f"{did} a total of {self.total} stored metrics from {self.metric} to {self.new}"
