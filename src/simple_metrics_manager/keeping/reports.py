"""What became of a copy, what a check has found, what may go: values that print well, and travel as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import attrs

from simple_metrics_manager.events.base import format_seconds

_SHOWN = 20
"""How many lines of one kind are printed; all are there in the value itself."""


@attrs.frozen
class CopyReport:
    """What was copied, or would be: everything by name.

    ``skipped`` was there already, sound and equal. ``conflicts`` are names under which the target has something else,
    which was left alone; ``failed`` what could not be read, kept or verified; each with the reason. ``set_aside`` was
    damaged in the target, and lies where the text says; what took its place is among ``copied``. ``bytes`` counts
    what was written.
    """

    copied: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    conflicts: Mapping[str, str] = attrs.field(factory=dict[str, str])
    failed: Mapping[str, str] = attrs.field(factory=dict[str, str])
    set_aside: Mapping[str, str] = attrs.field(factory=dict[str, str])
    bytes: int = 0
    seconds: float = 0.0
    dry_run: bool = False

    @property
    def ok(self) -> bool:
        """Whether the target has everything now, or would have."""
        return not self.conflicts and not self.failed

    def __str__(self) -> str:
        did = "would be copied" if self.dry_run else "copied"
        counts = [f"{len(self.copied)} {did} ({format_bytes(self.bytes)})", f"{len(self.skipped)} there already"]
        counts += [f"{len(self.conflicts)} in conflict"] if self.conflicts else []
        counts += [f"{len(self.failed)} failed"] if self.failed else []
        text = f"{', '.join(counts)}, in {format_seconds(self.seconds)}"
        texts = [f"conflict: {name}: {reason}" for name, reason in self.conflicts.items()]
        texts += [f"failed: {name}: {reason}" for name, reason in self.failed.items()]
        texts += [f"set aside: {name} is {place} now" for name, place in self.set_aside.items()]
        return "\n".join([text, *few(texts)])

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "copied": list(self.copied),
            "skipped": list(self.skipped),
            "conflicts": dict(self.conflicts),
            "failed": dict(self.failed),
            "set_aside": dict(self.set_aside),
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
class CheckReport:
    """What a check of a whole storage has found. ``checked`` entries were read, of ``bytes`` together.

    ``damaged`` is not what was written. ``unreadable`` may be sound, but not for this program: a later version
    wrote it, it holds pickled objects that nobody allowed, or the disk fails. ``misplaced`` is sound and
    lies in another one's place. ``leftovers`` do no harm: what dead writers left, what was set aside, what nothing
    finds any more.
    """

    checked: int = 0
    bytes: int = 0
    damaged: tuple[Finding, ...] = ()
    unreadable: tuple[Finding, ...] = ()
    misplaced: tuple[Finding, ...] = ()
    leftovers: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything that is stored can be read and is what its name says."""
        return not (self.damaged or self.unreadable or self.misplaced)

    def __str__(self) -> str:
        kinds = self._kinds()
        counts = [f"{len(found)} {name}" for name, found in kinds.items() if found] or ["all sound"]
        size, time = format_bytes(self.bytes), format_seconds(self.seconds)
        lines = [f"{self.checked} checked ({size}) in {time}: {', '.join(counts)}"]
        for name, found in kinds.items():
            lines += few([f"{name}: {each}" for each in found])
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        kinds = {name: list(map(attrs.asdict, found)) for name, found in self._kinds().items()}
        return {"checked": self.checked, "bytes": self.bytes, **kinds, "seconds": self.seconds}

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
class ClearPlan:
    """What would be deleted, or has been, if it is no ``dry_run``; then ``failed`` has what could not be, and why."""

    entries: tuple[Clearing, ...] = ()
    dry_run: bool = True
    failed: Mapping[str, str] = attrs.field(factory=dict[str, str])

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the storage."""
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
        if not self.entries:
            return "nothing to delete"
        did = "would delete" if self.dry_run else "deleted"
        total = f"{len(self.entries) - len(self.failed)} stored metrics ({format_bytes(self.bytes)})"
        lines = [f"{did} {total}, which took {format_seconds(self.seconds)} to compute", *few(map(str, self.entries))]
        return "\n".join([*lines, *few(f"not deleted: {name}: {reason}" for name, reason in self.failed.items())])

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        entries = [each.to_dict() for each in self.entries]
        return {"entries": entries, "dry_run": self.dry_run, "failed": dict(self.failed)}


@attrs.frozen
class Renaming:
    """One stored value that gets another name: the two names in the storage, its size, and its date, which stays."""

    old: str
    new: str
    bytes: int
    date: datetime

    def __str__(self) -> str:
        return f"{self.old} -> {self.new}"


@attrs.frozen
class RenamePlan:
    """What would get another name, or has got it, if it is no ``dry_run``.

    ``conflicts`` are old names that stay, and why: the new one is taken, or the metric has other parameters. ``failed``
    has what could not be moved.
    """

    moves: tuple[Renaming, ...] = ()
    conflicts: Mapping[str, str] = attrs.field(factory=dict[str, str])
    failed: Mapping[str, str] = attrs.field(factory=dict[str, str])
    dry_run: bool = True

    @property
    def ok(self) -> bool:
        """Whether nothing stays under an old name."""
        return not self.conflicts and not self.failed

    def __str__(self) -> str:
        did = "would be renamed" if self.dry_run else "renamed"
        lines = [f"{len(self.moves)} stored metrics {did}", *few(map(str, self.moves))]
        lines += few(f"conflict: {name}: {reason}" for name, reason in self.conflicts.items())
        return "\n".join([*lines, *few(f"failed: {name}: {reason}" for name, reason in self.failed.items())])

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        moves = [{**attrs.asdict(each), "date": each.date.isoformat()} for each in self.moves]
        return {
            "moves": moves,
            "conflicts": dict(self.conflicts),
            "failed": dict(self.failed),
            "dry_run": self.dry_run,
        }


def few(texts: Iterable[str]) -> list[str]:
    """The first of these texts as lines, indented, and how many more there are."""
    every = list(texts)
    more = len(every) - _SHOWN
    return [f"  {text}" for text in every[:_SHOWN]] + ([f"  and {more} more"] if more > 0 else [])


def format_bytes(count: float) -> str:
    """A size as people say it: ``812 bytes``, ``3.1 MB``."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB", "TB"):
        count /= 1000
        if count < 999.5 or unit == "TB":
            return f"{count:.3g} {unit}"
    raise AssertionError("unreachable")
