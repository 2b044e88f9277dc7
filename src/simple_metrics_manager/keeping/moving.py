"""Entries that get another name: each written under the new one, then removed under the old one, never over another.

Whoever dies between the two leaves the value under both names, and a note in the new record that says so: the next one
who is asked to move it has only to remove it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

import attrs

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import MetricsError, NotStoredError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.history import Change
from simple_metrics_manager.keeping.likeness import likeness
from simple_metrics_manager.keys import DATE
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.failures import move_failure
from simple_metrics_manager.storing.natural import NATURAL

RENAMED = "renamed"
"""What the history of a record calls it."""

_TRIES = 5

_TOGETHER = 256
"""How many are written before the first of them is removed under its old name: on disk, both are there meanwhile."""


@attrs.frozen
class Move:
    """One entry that gets another name, and what its record says from then on; None leaves that as it is.

    ``within`` is its new name in its manager. ``form`` is the format that is declared for the metric; ``keep_form``
    says that it stays in the format that it has. Where both names are one, only the record changes.
    """

    old: str
    new: str
    metric: str | None = None
    manager: str | None = None
    params: Mapping[str, Tree] | None = None
    inputs: Mapping[str, Tree] | None = None
    within: str = ""
    form: Format | None = None
    keep_form: bool = False
    reads: Mapping[Read, Read] = attrs.field(factory=dict[Read, Read])

    def renamed(self, record: Record) -> Record:
        """The record under the new name, with a note of the one that it had; date and all else are as they were."""
        return attrs.evolve(
            record,
            name=self.new,
            metric=record.metric if self.metric is None or not record.metric else self.metric,
            manager=record.manager if self.manager is None else self.manager,
            params=record.params if self.params is None else self.params,
            inputs=record.inputs if self.inputs is None else self.inputs,
            reads=linked(record.reads, self.reads),
            chosen=record.chosen if self.keep_form else self.form is not None,
            history=(*record.history, Change.now(RENAMED, old=record.name, new=self.new)),
        )


def linked(reads: tuple[Read, ...], names: Mapping[Read, Read]) -> tuple[Read, ...]:
    """What was read, as it is called now."""
    return tuple(names.get(read, read) for read in reads)


def move_entry(storage: StoredEntries, move: Move) -> str | None:
    """Do it, or finish what was begun; why not, or None. It is durable when it is done.

    Raises:
        NotStoredError: there is nothing under the old name.
        CorruptMetricError: it is damaged, and stays where it is.
        SaveError: it could not be written under the new name.
    """
    reason = _begin(storage, move)
    if reason is None:
        _end(storage, move)
    return reason


@attrs.frozen
class Moved:
    """What has become of moves: those that are done, and by their old names what is in the way, or went wrong."""

    done: tuple[Move, ...]
    conflicts: Mapping[str, str]
    failed: Mapping[str, str]


def move_all(storage: StoredEntries, moves: Sequence[Move]) -> Moved:
    """Do all of it, some at a time: nothing is removed before what takes its place is durable."""
    done: list[Move] = []
    conflicts, failed = dict[str, str](), dict[str, str]()
    for start in range(0, len(moves), _TOGETHER):
        begun: list[Move] = []
        try:
            with storage.grouped():
                for move in moves[start : start + _TOGETHER]:
                    begun += [move] if _tried(_begin, storage, move, conflicts, failed) else []
        except (MetricsError, OSError) as error:
            failed |= {move.old: str(error) for move in begun}
            continue
        with storage.grouped():
            for move in begun:
                done += [move] if _tried(_end, storage, move, conflicts, failed) else []
    return Moved(tuple(done), conflicts, failed)


def _tried(
    step: Callable[[StoredEntries, Move], str | None],
    storage: StoredEntries,
    move: Move,
    conflicts: dict[str, str],
    failed: dict[str, str],
) -> bool:
    """Whether this went well; why not, is noted."""
    try:
        reason = step(storage, move)
    except (MetricsError, OSError) as error:
        failed[move.old] = str(error)
        return False
    if reason is not None:
        conflicts[move.old] = reason
    return reason is None


def _begin(storage: StoredEntries, move: Move) -> str | None:
    """Write it under its new name, where nothing is; why that was not done, or None."""
    if move.new == move.old:
        return None if restamp(storage, move.old, move.renamed) else "somebody stores it just now"
    entry = storage.read(move.old)
    if entry.record is None:
        _move_undated(storage, move)
        return None
    record = move.renamed(entry.record)
    if storage.create(Entry(record, entry.payload), _form(storage, move)) is None:
        there = storage.read(move.new)
        if not was(there.record, entry.record.name) or likeness(there.payload) != likeness(entry.payload):
            return f"{move.new} is stored already"
    return None


def _end(storage: StoredEntries, move: Move) -> None:
    """Remove it under its old name, and let its last error follow."""
    if move.new != move.old:
        move_failure(storage, move.old, move.new, move.within or move.new)
        with suppress(NotStoredError):  # it was moved as it was, or somebody else moves it, too
            storage.delete(move.old)


def _form(storage: StoredEntries, move: Move) -> Format | None:
    """The format that it is to have; None for that of the storage."""
    kept = storage.form_of(move.old)
    if move.keep_form:
        return kept
    return kept if move.form is None and kept in NATURAL.values() else move.form


def _move_undated(storage: StoredEntries, move: Move) -> None:
    """What 0.5.0 stored is moved as it is; the date first, so what has lost its old name is never without one."""
    with suppress(NotStoredError):
        storage.move(move.old + DATE, move.new + DATE)
    storage.move(move.old, move.new)


def taken(move: Move, names: Collection[str], record: Record | None) -> str | None:
    """Which stored name is in the way of a move; ``record`` is that of what is to be moved.

    What somebody has begun who died is in nobody's way: see :func:`move_entry`.
    """
    if record is not None:
        return move.new if move.new in names and move.new != move.old else None
    if move.new in names:
        return move.new
    begun = move.old + DATE not in names
    return move.new + DATE if move.new + DATE in names and not begun else None


def was(record: Record | None, old: str) -> bool:
    """Whether this was moved here from there."""
    history = () if record is None else record.history
    return any((change.what, change.old) == (RENAMED, old) for change in history)


def restamp(storage: StoredEntries, name: str, change: Callable[[Record], Record]) -> bool:
    """Give an entry another record, unless somebody stores another value meanwhile; whether that was done.

    Where entries have no tags, whoever computes it is kept out, as we could replace what they store.

    Raises:
        NotStoredError: there is nothing of this name.
    """
    attempt = None if storage.claims is None else storage.claims.attempt(name)
    try:
        if attempt is not None and attempt.take() is None:
            return False
        return any(_restamped(storage, name, change) for _ in range(_TRIES))
    finally:
        if attempt is not None:
            attempt.end()


def _restamped(storage: StoredEntries, name: str, change: Callable[[Record], Record]) -> bool:
    form = storage.form_of(name)
    tag = storage.tag(name, form)
    entry = storage.read(name, form)
    if entry.record is None:
        return False
    new = Entry(change(entry.record), entry.payload)
    if tag is not None:
        return storage.replace(new, tag, form) is not None
    storage.write(new, form)  # nobody computes it, since we have its claim
    return True
