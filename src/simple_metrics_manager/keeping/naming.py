"""What the name of a stored metric is made of, taken apart again; and what it is called after a change of names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs

from simple_metrics_manager.asking.inputs import declared_inputs, named_inputs
from simple_metrics_manager.errors import CorruptMetricError, NotStoredError, StorageError
from simple_metrics_manager.keys import LONGEST, manager_name, metric_name, stored_name
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.entries import StoredEntries

_CLASSES = ("$record", "$manager", "$enum")
"""Written forms that begin with the name of a class."""


@attrs.frozen
class Name:
    """``Run,subject=s01.inertia,k=10`` in parts: whose it is, and ``inertia``, ``@`` with the base that has it."""

    label: str
    metric: str
    owner: str
    params: Mapping[str, Tree]

    @property
    def within(self) -> str:
        """The name in the manager."""
        return self.metric + (f"@{self.owner}" if self.owner else "") + metric_name("", self.params)

    @property
    def stored(self) -> str:
        """The name in a storage."""
        return stored_name(self.label, self.within)


def taken_apart(record: Record) -> Name | None:
    """The name in a record; None if it is not the name of what the record is of."""
    if not record.manager:  # of a function, whose names may be anything
        return Name("", record.name, "", {})
    metric = re.escape(record.metric)
    rest = record.name.removesuffix(metric_name("", record.params))
    found = re.fullmatch(rf"(.+)\.{metric}(?:@([^,~@]+))?", rest)
    if found is None:
        return None
    name = Name(found[1], record.metric, found[2] or "", record.params)
    whole = re.fullmatch(rf"{re.escape(manager_name(record.manager, {}))}([,~].*)?", found[1])
    return name if whole is not None and name.stored == record.name else None


@attrs.frozen
class NewNames:
    """What classes and the inputs of a manager are called now, each with the names that it had before."""

    classes: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    inputs: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])

    def of_class(self, name: str) -> str:
        """What a class is called now."""
        return next((new for new, olds in self.classes.items() if name in olds), name)

    def tree(self, tree: Tree) -> Tree:
        """A written form with the names that classes have now."""
        if not self.classes:
            return tree
        if isinstance(tree, list):
            return [self.tree(each) for each in tree]
        if not isinstance(tree, dict):
            return tree
        for mark in _CLASSES:
            inner = tree.get(mark)
            if len(tree) == 1 and isinstance(inner, list) and len(inner) == 2 and isinstance(inner[0], str):
                return {mark: [self.of_class(inner[0]), self.tree(inner[1])]}
        return {name: self.tree(each) for name, each in tree.items()}

    def trees(self, trees: Mapping[str, Tree]) -> Mapping[str, Tree]:
        """The same of several, by name."""
        return {name: self.tree(each) for name, each in trees.items()} if self.classes else trees

    def label(self, kind: type, record: Record, old: str) -> tuple[str, Mapping[str, Tree]]:
        """What the manager is called now that was called ``old``, and its inputs.

        Raises:
            TypeError: it has other inputs now.
        """
        inputs = called(self.inputs, self.trees(record.inputs))
        known = declared_inputs(kind)
        for name in [] if known is None else sorted(inputs.keys() - known):
            if f",{name}=" in old or len(old) > LONGEST:  # else it was at its default, and made no difference
                raise TypeError(f"{kind.__qualname__} has no input {name!r}")
            inputs = {each: tree for each, tree in inputs.items() if each != name}
        return manager_name(kind.__qualname__, named_inputs(kind, inputs)), inputs


def called(names: Mapping[str, tuple[str, ...]], values: Mapping[str, Tree]) -> Mapping[str, Tree]:
    """Values by the names that they have now.

    Raises:
        TypeError: more than one of them would have the same name.
    """
    found = dict(values)
    for new, olds in names.items():
        given = [old for old in olds if old in values]
        if len(given) + (new in values) > 1:
            both = " and ".join(map(repr, [*given, *([new] if new in values else [])]))
            raise TypeError(f"it was stored with {both}, and both would be {new!r}")
        for old in given:
            found[new] = found.pop(old)
    return found


def records(storage: StoredEntries) -> Iterator[tuple[str, int, Record | None]]:
    """Everything that a storage holds: names, sizes, and records; None for what has none, or cannot be read."""
    for name, size, _ in storage.listing():
        try:
            yield name, size, storage.read_record(name)
        except NotStoredError:  # somebody has removed it meanwhile
            continue
        except (StorageError, CorruptMetricError):
            yield name, size, None
