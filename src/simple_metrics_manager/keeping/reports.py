"""What became of a copy, what a check has found, what may go: values that print well, and travel as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.keeping.printing import counted, few, format_bytes, headline
from simple_metrics_manager.markup import Shown


@attrs.frozen
class CopyReport(Shown):
    """What was copied, or would be: everything by name.

    ``skipped`` was there already, sound and equal. ``conflicts`` are names under which the target has something else,
    which was left alone; ``failed`` what could not be read, kept or verified; each with the reason. ``set_aside`` was
    damaged in the target, and lies where the text says; what took its place is among ``copied``. ``bytes`` counts
    what was written of values. ``failures`` are names whose last errors were copied.
    """

    copied: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    conflicts: Mapping[str, str] = attrs.field(factory=dict[str, str])
    failed: Mapping[str, str] = attrs.field(factory=dict[str, str])
    set_aside: Mapping[str, str] = attrs.field(factory=dict[str, str])
    bytes: int = 0
    seconds: float = 0.0
    dry_run: bool = False
    failures: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the target has everything now, or would have."""
        return not self.conflicts and not self.failed

    def __str__(self) -> str:
        did = "would be copied" if self.dry_run else "copied"
        counts = [f"{len(self.copied)} {did} ({format_bytes(self.bytes)})", f"{len(self.skipped)} there already"]
        counts += [f"{len(self.conflicts)} in conflict"] if self.conflicts else []
        counts += [f"{len(self.failed)} failed"] if self.failed else []
        counts += [f"{counted(len(self.failures), 'kept error')} as well"] if self.failures else []
        text = f"{', '.join(counts)}, in {format_seconds(self.seconds)}"
        texts = [f"conflict: {name}: {reason}" for name, reason in self.conflicts.items()]
        texts += [f"failed: {name}: {reason}" for name, reason in self.failed.items()]
        texts += [f"set aside: {name} is {place} now" for name, place in self.set_aside.items()]
        return "\n".join([headline(text), *few(texts)])

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "schema": "smm.copy/1",
            "copied": list(self.copied),
            "skipped": list(self.skipped),
            "conflicts": dict(self.conflicts),
            "failed": dict(self.failed),
            "set_aside": dict(self.set_aside),
            "failures": list(self.failures),
            "bytes": self.bytes,
            "seconds": self.seconds,
            "dry_run": self.dry_run,
        }


@attrs.frozen
class Finding:
    """One thing that a check has found: under which name, where it lies, and what is wrong with it."""

    name: str
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name or self.place}: {self.reason}"


@attrs.frozen
class CheckReport(Shown):
    """What a check of a whole storage has found. ``checked`` entries were read, of ``bytes`` together.

    ``damaged`` is not what was written. ``unreadable`` may be sound, but not for this program: a later version
    wrote it, it holds pickled objects that nobody allowed, or the disk fails. ``misplaced`` is sound and
    lies in another one's place. ``leftovers`` do no harm: what dead writers left, what was set aside, what nothing
    finds any more. ``failures`` counts the kept errors that were read as well; ``damaged`` and ``misplaced`` have those
    that are.
    """

    checked: int = 0
    bytes: int = 0
    damaged: tuple[Finding, ...] = ()
    unreadable: tuple[Finding, ...] = ()
    misplaced: tuple[Finding, ...] = ()
    leftovers: tuple[Finding, ...] = ()
    seconds: float = 0.0
    failures: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything that is stored can be read and is what its name says."""
        return not (self.damaged or self.unreadable or self.misplaced)

    def __str__(self) -> str:
        kinds = self._kinds()
        counts = [f"{len(found)} {name}" for name, found in kinds.items() if found] or ["all sound"]
        size, time = format_bytes(self.bytes), format_seconds(self.seconds)
        errors = f", {counted(self.failures, 'kept error')}" if self.failures else ""
        lines = [headline(f"{self.checked} checked ({size}){errors} in {time}: {', '.join(counts)}")]
        for name, found in kinds.items():
            lines += few([f"{name}: {each}" for each in found])
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        kinds = {name: list(map(attrs.asdict, found)) for name, found in self._kinds().items()}
        counts = {"checked": self.checked, "bytes": self.bytes, "failures": self.failures}
        return {"schema": "smm.check/1", **counts, **kinds, "seconds": self.seconds}

    def _kinds(self) -> dict[str, tuple[Finding, ...]]:
        return {
            "damaged": self.damaged,
            "unreadable": self.unreadable,
            "misplaced": self.misplaced,
            "leftovers": self.leftovers,
        }


@attrs.frozen
class Clearing:
    """One stored value that would go: its name in the storage, and in the manager (``metric``).

    ``seconds`` is how long it took to compute, and ``date`` when that was, as far as it is known. ``orphan`` says that
    the class does not declare it any more. ``read_by`` are stored values that were computed from it, and stay.
    """

    name: str
    metric: str
    bytes: int
    seconds: float
    date: datetime | None
    orphan: bool = False
    read_by: tuple[str, ...] = ()

    def __str__(self) -> str:
        day = "damaged or undated" if self.date is None else self.date.astimezone().date().isoformat()
        text = f"{self.name}: {day}, {format_bytes(self.bytes)}, took {format_seconds(self.seconds)}"
        others = ", ".join(self.read_by[:3]) + (f" and {len(self.read_by) - 3} more" if len(self.read_by) > 3 else "")
        return f"{text}{', declared no more' if self.orphan else ''}{f', read by {others}' if others else ''}"

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        date = None if self.date is None else self.date.isoformat()
        return {**attrs.asdict(self), "date": date, "read_by": list(self.read_by)}


@attrs.frozen
class ClearedFailure:
    """The last error of a metric, kept in the storage, that would go: its name there, and in the manager (``metric``).

    ``date`` is when that was, and ``message`` what was raised; None and a note if it is damaged.
    """

    name: str
    metric: str
    date: datetime | None
    message: str
    orphan: bool = False

    def __str__(self) -> str:
        day = "undated" if self.date is None else self.date.astimezone().date().isoformat()
        return f"{self.name}: {day}, {self.message}{', declared no more' if self.orphan else ''}"

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {**attrs.asdict(self), "date": None if self.date is None else self.date.isoformat()}


@attrs.frozen
class ClearPlan(Shown):
    """What would be deleted, or has been, if it is no ``dry_run``; then ``failed`` has what could not be, and why.

    ``failures`` are last errors that go: those of the values that do, and of metrics that have no value.
    """

    entries: tuple[Clearing, ...] = ()
    dry_run: bool = True
    failed: Mapping[str, str] = attrs.field(factory=dict[str, str])
    failures: tuple[ClearedFailure, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is left that was to go."""
        return not self.failed

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the storage of the values."""
        return tuple(each.name for each in self.entries)

    @property
    def bytes(self) -> int:
        """What they take there, together."""
        return sum(each.bytes for each in self.entries)

    @property
    def seconds(self) -> float:
        """How long it took to compute them, one after the other."""
        return sum(each.seconds for each in self.entries)

    def __str__(self) -> str:
        if not self.entries and not self.failures:
            return "nothing to delete"
        did = "would delete" if self.dry_run else "deleted"
        lines = list[str]()
        if self.entries:
            gone = [each for each in self.entries if each.name not in self.failed]
            total = f"{counted(len(gone), 'stored metric')} ({format_bytes(sum(each.bytes for each in gone))})"
            lines = [f"{did} {total}, which took {format_seconds(sum(each.seconds for each in gone))} to compute"]
            lines += few(map(str, self.entries))
        if self.failures:
            lines += [f"{did} {counted(len(self.failures), 'kept error')}", *few(map(str, self.failures))]
        return "\n".join([*lines, *few(f"not deleted: {name}: {reason}" for name, reason in self.failed.items())])

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "schema": "smm.clear/1",
            "entries": [each.to_dict() for each in self.entries],
            "failures": [each.to_dict() for each in self.failures],
            "dry_run": self.dry_run,
            "failed": dict(self.failed),
        }


@attrs.frozen
class Renaming:
    """One stored value that gets another name: the two names in the storage, its size, and its date, which stays.

    The two are one where only the record calls something otherwise: an input that is at its default.
    """

    old: str
    new: str
    bytes: int
    date: datetime

    def __str__(self) -> str:
        return f"{self.old} -> {self.new}" if self.new != self.old else f"{self.old}: names in its record"


@attrs.frozen
class RenamePlan(Shown):
    """What would get another name, or has got it, if it is no ``dry_run``.

    ``conflicts`` are old names that stay, and why: the new one is taken, or the metric has other parameters. ``failed``
    has what could not be moved. ``relinked`` stay where they are, and call what they were computed from by its new
    name from then on.
    """

    moves: tuple[Renaming, ...] = ()
    conflicts: Mapping[str, str] = attrs.field(factory=dict[str, str])
    failed: Mapping[str, str] = attrs.field(factory=dict[str, str])
    relinked: tuple[str, ...] = ()
    dry_run: bool = True

    @property
    def ok(self) -> bool:
        """Whether nothing stays under an old name."""
        return not self.conflicts and not self.failed

    def __str__(self) -> str:
        did = "would be renamed" if self.dry_run else "renamed"
        lines = [f"{counted(len(self.moves), 'stored metric')} {did}", *few(map(str, self.moves))]
        if self.relinked:
            who = "would call" if self.dry_run else "call"
            lines += [f"{len(self.relinked)} {who} what they were computed from by its new name", *few(self.relinked)]
        lines += few(f"conflict: {name}: {reason}" for name, reason in self.conflicts.items())
        return "\n".join([*lines, *few(f"failed: {name}: {reason}" for name, reason in self.failed.items())])

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        moves = [{**attrs.asdict(each), "date": each.date.isoformat()} for each in self.moves]
        return {
            "schema": "smm.rename/1",
            "moves": moves,
            "conflicts": dict(self.conflicts),
            "failed": dict(self.failed),
            "relinked": list(self.relinked),
            "dry_run": self.dry_run,
        }
