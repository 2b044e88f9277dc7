"""What is stored under the names that metrics, their parameters, or their manager had before, given today's names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import attrs

from simple_metrics_manager.asking.identity import same_module
from simple_metrics_manager.declaring.checks import AnyMetric, declared_metrics
from simple_metrics_manager.declaring.metric import ParameterizedMetric
from simple_metrics_manager.errors import MetricsError
from simple_metrics_manager.history import Change
from simple_metrics_manager.keeping.moving import RENAMED, Move, linked, move_all, restamp, taken, was
from simple_metrics_manager.keeping.naming import Name, NewNames, called, records, taken_apart
from simple_metrics_manager.keeping.reports import RenamePlan, Renaming
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.storing.entries import StoredEntries

RELINKED = "inputs renamed"
"""What the history of a record calls that metrics which it was computed from are called otherwise now."""


class _Elsewhere(Exception):
    """Why something stays under its old name."""


class Renamer:
    """What a class says to have been renamed, compared with what is stored: of one manager, or of all of the class.

    ``module`` is where the class is; ``label`` names the one manager, and is None for all.
    """

    def __init__(
        self, storage: StoredEntries, kind: type, module: str, label: str | None = None, names: NewNames | None = None
    ) -> None:
        self._storage = storage
        self._kind = kind
        self._module = module
        self._label = label
        self._names = NewNames() if names is None else names
        self._metrics: Mapping[str, AnyMetric] = declared_metrics(kind)
        self._sizes: dict[str, int] = {}
        self._records: dict[str, Record] = {}
        for name, size, record in records(storage):
            self._sizes[name] = size
            if record is not None:
                self._records[name] = record
        self._conflicts: dict[str, str] = {}
        moves = self._planned()
        self._links = dict(self._known_links(moves))
        self._moves = [self._linked(move) for move in moves]

    def plan(self) -> RenamePlan:
        """What would be moved; nothing is changed."""
        moving = {move.old for move in self._moves}
        return RenamePlan(tuple(map(self._told, self._moves)), self._conflicts, relinked=self._to_link(moving))

    def apply(self) -> RenamePlan:
        """Move it, one after the other, never over what is there. Called again, it goes on where it was interrupted."""
        moved = move_all(self._storage, self._moves)
        failed, relinked = dict(moved.failed), list[str]()
        self._links = dict(self._known_links(moved.done))
        with self._storage.grouped():
            for name in self._to_link({move.old for move in self._moves}):
                try:
                    relinked += [name] if restamp(self._storage, name, self._with_links) else []
                except (MetricsError, OSError) as error:
                    failed[name] = str(error)
        done = tuple(map(self._told, moved.done))
        return RenamePlan(done, {**self._conflicts, **moved.conflicts}, failed, tuple(relinked), dry_run=False)

    def _told(self, move: Move) -> Renaming:
        return Renaming(move.old, move.new, self._sizes[move.old], self._records[move.old].date)

    # ------------------------------------------------------------------------------------------ what gets which name
    def _planned(self) -> list[Move]:
        moves: dict[str, Move] = {}
        for name, record in self._records.items():
            try:
                move = self._move(name, record)
            except _Elsewhere as stays:
                self._conflicts[name] = str(stays)
                continue
            if move is None:
                continue
            in_the_way = taken(move, self._sizes.keys(), record)
            if in_the_way is not None and not was(self._records.get(move.new), record.name):
                self._conflicts[name] = f"{move.new} is stored already"
            elif move.new in moves:
                self._conflicts[name] = f"{moves[move.new].old} would be {move.new}, too"
            else:
                moves[move.new] = move
        return list(moves.values())

    def _move(self, name: str, record: Record) -> Move | None:
        """What is to become of it; None if it is nothing of ours, or stays as it is.

        Raises:
            _Elsewhere: it stays, and that is worth being said.
        """
        if self._names.of_class(record.manager) != self._kind.__qualname__:
            return None
        if not same_module(record.module, self._module):
            return None
        old = taken_apart(record)
        if old is None or (self._label is not None and old.label != self._label):
            return None
        label, inputs = self._label_now(record, old)
        metric = self._metric_now(record, moved=label != old.label)
        if metric is None:
            return None
        found = self._metrics[metric]
        params = self._params_now(found, metric, record, moved=label != old.label)
        new = Name(label, metric, self._names.of_class(old.owner), record.params if params is None else params)
        if new.stored == record.name and inputs == record.inputs:
            return None
        return Move(
            name,
            new.stored if new.stored != record.name else name,  # a listing may not know the whole name
            metric=metric,
            manager=self._kind.__qualname__,
            params=new.params,
            inputs=inputs,
            within=new.within,
            form=found.declaration.form,
            keep_form=new.stored == record.name,
        )

    def _label_now(self, record: Record, old: Name) -> tuple[str, Mapping[str, Tree]]:
        if not (self._names.classes or self._names.inputs):
            return old.label, record.inputs
        try:
            return self._names.label(self._kind, record, old.label)
        except TypeError as error:
            raise _Elsewhere(str(error)) from None

    def _metric_now(self, record: Record, *, moved: bool) -> str | None:
        """The metric that it is a value of; None if it is one of none, as the class is now."""
        others = [name for name, each in self._metrics.items() if record.metric in each.declaration.renamed_from]
        others = [name for name in others if name != record.metric]
        if record.metric in self._metrics:
            if others:
                raise _Elsewhere(f"{record.metric} is declared still, so it is not {others[0]}")
            return record.metric
        if len(others) > 1:
            raise _Elsewhere(f"{' and '.join(others)} say that they were {record.metric}")
        if not others and moved:
            raise _Elsewhere(f"{self._kind.__qualname__} declares no metric {record.metric}")
        return others[0] if others else None

    def _params_now(self, found: AnyMetric, metric: str, record: Record, *, moved: bool) -> Mapping[str, Tree] | None:
        """Its parameters by the names of today, completed with defaults; None if they stay as they are."""
        params = self._names.trees(record.params)
        try:
            if not isinstance(found, ParameterizedMetric):
                if params:
                    raise TypeError("it has none")
                return params
            parameters = found.parameters
            if record.metric != metric or set(params) != set(parameters.names):
                params = called(found.declaration.renamed_parameters, params)
            return parameters.completed(params)
        except TypeError as error:
            declared = metric in found.declaration.renamed_from or found.declaration.renamed_parameters
            if record.metric == metric and not moved and not declared:
                return None  # nobody has said that this was the same metric
            raise _Elsewhere(f"{metric} has other parameters: {error}") from None

    # -------------------------------------------------------------------------------------------------- who read it
    def _known_links(self, moves: Iterable[Move]) -> Iterator[tuple[str, tuple[Record | None, Read]]]:
        """What is called otherwise now, by the name that it had, with the record that it has if it has moved before."""
        for record in self._records.values():
            for change in record.history:
                name = taken_apart(record) if change.what == RENAMED and change.old != record.name else None
                if name is not None:
                    yield change.old, (record, Read(name.label, name.within, ""))
        for move in moves:
            if move.old != move.new:
                label = move.new.removesuffix(f".{move.within}")
                yield self._records[move.old].name, (None, Read(label, move.within, ""))

    def _with_links(self, record: Record) -> Record:
        """The record with the names that its inputs have now, and a note of it."""
        reads = linked(record.reads, self._reads_now(record))
        pairs = zip(record.reads, reads, strict=True)
        changed = tuple(f"{_spelled(old)} -> {_spelled(new)}" for old, new in pairs if old != new)
        history = (*record.history, Change.now(RELINKED, changed=changed)) if changed else record.history
        return attrs.evolve(record, reads=reads, history=history)

    def _reads_now(self, record: Record) -> dict[Read, Read]:
        """What it has read under names that these had before: not what was stored under one of them later."""
        found: dict[Read, Read] = {}
        for read in record.reads:
            known = self._links.get(_spelled(read))
            if known is None:
                continue
            moved, new = known
            if moved is None or (_spelled(read) not in self._sizes and _left(moved, _spelled(read)) > record.date):
                found[read] = attrs.evolve(new, content=read.content)
        return found

    def _linked(self, move: Move) -> Move:
        return attrs.evolve(move, reads=self._reads_now(self._records[move.old]))

    def _to_link(self, moving: set[str]) -> tuple[str, ...]:
        """The names of what stays where it is, and has read something under an old name."""
        return tuple(name for name, record in self._records.items() if name not in moving and self._reads_now(record))


def _left(record: Record, old: str) -> datetime:
    """When it lost this name."""
    return max(change.date for change in record.history if (change.what, change.old) == (RENAMED, old))


def _spelled(read: Read) -> str:
    return f"{read.manager}.{read.metric}" if read.manager else read.metric
