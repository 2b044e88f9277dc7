"""What is stored under the names that metrics had before, given the names that they have now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import attrs

from simple_metrics_manager.declaring.checks import declared_metrics
from simple_metrics_manager.declaring.metric import ParameterizedMetric
from simple_metrics_manager.errors import MetricsError, NotStoredError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.history import Change
from simple_metrics_manager.keeping.clearing import Belongings, Owned
from simple_metrics_manager.keeping.likeness import likeness
from simple_metrics_manager.keeping.reports import RenamePlan, Renaming
from simple_metrics_manager.keys import metric_name
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Entry, Record
from simple_metrics_manager.storing.natural import NATURAL

RENAMED = "renamed"
"""What the history of a record calls it."""


def renamed(
    record: Record,
    name: str,
    metric: str,
    params: Mapping[str, Tree] | None = None,
    manager: str | None = None,
) -> Record:
    """The record under another name, with a note of the one that it had; date and all else are as they were."""
    return attrs.evolve(
        record,
        name=name,
        metric=metric,
        params=record.params if params is None else params,
        manager=record.manager if manager is None else manager,
        history=(*record.history, Change.now(RENAMED, old=record.name, new=name)),
    )


@attrs.frozen
class _Move:
    """One entry that is to get another name."""

    entry: Owned
    record: Record
    new: str
    metric: str
    params: Mapping[str, Tree]
    form: Format | None


class Renamer:
    """What a manager's class says to have been renamed, compared with what is stored."""

    def __init__(self, belongings: Belongings) -> None:
        self._belongings = belongings
        self._storage = belongings.storage
        self._metrics = declared_metrics(belongings.kind)
        self._conflicts: dict[str, str] = {}
        self._moves = list(self._planned())

    def plan(self) -> RenamePlan:
        """What would be moved; nothing is changed."""
        return RenamePlan(tuple(map(_told, self._moves)), self._conflicts)

    def apply(self) -> RenamePlan:
        """Move it, one after the other, never over what is there. Called again, it goes on where it was interrupted."""
        done: list[Renaming] = []
        conflicts, failed = dict(self._conflicts), dict[str, str]()
        with self._storage.grouped():
            for move in self._moves:
                try:
                    reason = self._move(move)
                except (MetricsError, OSError) as error:
                    failed[move.entry.name] = str(error)
                    continue
                if reason is None:
                    done.append(_told(move))
                else:
                    conflicts[move.entry.name] = reason
        return RenamePlan(tuple(done), conflicts, failed, dry_run=False)

    def _planned(self) -> Iterator[_Move]:
        for metric, found in self._metrics.items():
            olds = found.declaration.renamed_from
            for entry in self._belongings.entries.values():
                if entry.record is None or not entry.record.manager or entry.metric not in olds:
                    continue
                if entry.metric != metric and entry.metric in self._metrics:
                    self._conflicts[entry.name] = f"{entry.metric} is declared still, so it is not {metric}"
                    continue
                try:
                    params = _params(found, entry.record.params)
                except TypeError as error:
                    self._conflicts[entry.name] = f"{metric} has other parameters: {error}"
                    continue
                move = self._to(entry, entry.record, metric, params, found.declaration.form)
                if move is not None:
                    yield move

    def _to(
        self, entry: Owned, record: Record, metric: str, params: Mapping[str, Tree], form: Format | None
    ) -> _Move | None:
        base, at, rest = entry.metric_name.partition("@")
        owner = f"@{rest.partition(',')[0].partition('~')[0]}" if at and base == entry.metric else ""
        new = self._belongings.stored(metric + owner + metric_name("", params))
        if new == entry.name:
            return None  # of the same metric, and complete
        there = self._belongings.entries.get(new)
        if there is not None and not _was(there.record, entry.name):
            self._conflicts[entry.name] = f"{new} is stored already"
            return None
        return _Move(entry, record, new, metric, params, form)

    def _move(self, move: _Move) -> str | None:
        """Write it under the new name, then remove it under the old one; why not, or None."""
        old = move.entry.name
        form = move.form
        if form is None and (kept := self._storage.form_of(old)) in NATURAL.values():
            form = kept
        entry = self._storage.read(old)
        if entry.record is None:
            raise AssertionError("what is planned to be moved has a record")
        record = attrs.evolve(renamed(entry.record, move.new, move.metric, move.params), chosen=move.form is not None)
        if self._storage.create(Entry(record, entry.payload), form) is None:
            there = self._storage.read(move.new, form)
            if not _was(there.record, old) or likeness(there.payload) != likeness(entry.payload):
                return f"{move.new} is stored already"
        try:
            self._storage.delete(old)
        except NotStoredError:  # somebody else moves it, too
            return None
        return None


def _params(found: object, params: Mapping[str, Tree]) -> Mapping[str, Tree]:
    if isinstance(found, ParameterizedMetric):
        return cast("ParameterizedMetric[..., object]", found).parameters.completed(params)
    if params:
        raise TypeError("it has none")
    return params


def _was(record: Record | None, old: str) -> bool:
    """Whether this was moved here from there, by a process that died before it could remove what was there."""
    last = record.history[-1] if record is not None and record.history else None
    return last is not None and (last.what, last.old) == (RENAMED, old)


def _told(move: _Move) -> Renaming:
    return Renaming(move.entry.name, move.new, move.entry.bytes, move.record.date)
