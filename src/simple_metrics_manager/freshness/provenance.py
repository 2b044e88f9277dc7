"""``provenance``: everything that is recorded of a stored value and, in turn, of all that it was computed from.

It is read from records alone and can be had as plain data, so it travels: to a supplement, a log, another tool.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import CorruptMetricError, NewerFormatError, NotStoredError
from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.keys import stored_name
from simple_metrics_manager.markup import Shown
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import dated
from simple_metrics_manager.storing.storage import EntryStorage
from simple_metrics_manager.sweeping.host import Manager

_INDENT = "  "
_OF_THE_FILE = frozenset({"format", "chosen", "codec", "preview", "reads"})


@attrs.frozen
class Input:
    """Something that was read when a value was computed: its stored name, and the content that it had.

    ``matches`` says whether what is stored of this name now has that content; None if that cannot be told: it is not
    stored there any more, or was never, or without a hash of its content.
    """

    name: str
    content: str
    matches: bool | None

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return attrs.asdict(self)


@attrs.frozen
class Origin:
    """One stored value of the tree: its record, and what was read for it."""

    record: Record
    inputs: tuple[Input, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Every fact of the record as plain data, ready for JSON."""
        record = self.record
        plain = {name: value for name, value in attrs.asdict(record).items() if name not in _OF_THE_FILE}
        return {
            **plain,
            "date": record.date.isoformat(),
            "history": [change.to_dict() for change in record.history],
            "read": [each.to_dict() for each in self.inputs],
        }


@attrs.frozen
class Provenance(Shown):
    """A stored value and all that it was computed from, by their stored names; each is there once.

    ``root`` is the name of the value itself.
    """

    root: str
    origins: Mapping[str, Origin] = attrs.field(repr=False)

    @property
    def record(self) -> Record:
        """That of the value itself."""
        return self.origins[self.root].record

    @property
    def matches(self) -> bool:
        """Whether every input, however far away, is stored as it was when it was read."""
        return all(each.matches for origin in self.origins.values() for each in origin.inputs)

    def to_dict(self) -> dict[str, object]:
        """As plain data, ready for JSON."""
        return {
            "schema": "smm.provenance/1",
            "root": self.root,
            "values": {name: origin.to_dict() for name, origin in self.origins.items()},
        }

    def __str__(self) -> str:
        """The tree, what was read below what read it."""
        lines: list[str] = []
        shown: set[str] = set()
        todo: list[tuple[str, Input | None, int]] = [(self.root, None, 0)]
        while todo:
            name, read, depth = todo.pop()
            origin, again = self.origins.get(name), name in shown
            remark = _remark(read, origin is not None) + (", see above" if again and origin is not None else "")
            lines.append(_INDENT * depth + name + remark)
            if origin is None or again:
                continue
            shown.add(name)
            lines += [f"{_INDENT * depth}{_INDENT}| {fact}" for fact in _facts(origin.record)]
            todo += [(each.name, each, depth + 1) for each in reversed(origin.inputs)]
        return "\n".join(lines)


def provenance(manager: Manager, key: Metric[object]) -> Provenance:
    """Where a stored value comes from.

    Raises:
        NotStoredError: it is not stored; what would be used to compute it is not known before that is done.
    """
    source = manager.__metrics__
    asked = source.ask(manager, key)
    record, storage = source.shelf.record(asked), source.shelf.storage(manager)
    if record is None or storage is None:
        raise source.shelf.not_stored(asked)
    records: dict[str, Record | None] = {asked.stored: record}
    todo = [record]
    while todo:
        for read in todo.pop().reads:
            name = stored_name(read.manager, read.metric)
            if name not in records:
                found = records[name] = record_called(storage, name)
                if found is not None:
                    todo.append(found)
    known = {name: each for name, each in records.items() if each is not None}
    return Provenance(asked.stored, {name: Origin(each, _inputs(each, known)) for name, each in known.items()})


def record_called(storage: object, name: str) -> Record | None:
    """The record of what a storage has under this name, in whatever format; None if nothing can be read there."""
    try:
        if isinstance(storage, EntryStorage):
            return storage.read_record(name)
        return dated(storage).record(name)  # type: ignore[arg-type]  # it has the three methods of a storage
    except (NotStoredError, CorruptMetricError, NewerFormatError):
        return None


def _inputs(record: Record, records: Mapping[str, Record]) -> tuple[Input, ...]:
    found: list[Input] = []
    for read in record.reads:
        name = stored_name(read.manager, read.metric)
        now = records.get(name)
        known = now is not None and now.content and read.content
        found.append(Input(name, read.content, now.content == read.content if now is not None and known else None))
    return tuple(found)


def _remark(read: Input | None, stored: bool) -> str:
    if read is None or read.matches:
        return ""
    if not stored:
        return " (is not stored here now)"
    return " (is another one now)" if read.matches is False else " (whether it is the same now is not known)"


def _facts(record: Record) -> list[str]:
    """A few lines about one value."""
    took = f", took {format_seconds(record.seconds)}" if record.seconds else ""
    place = f" on {record.host}" if record.host else ""
    lines = [f"computed {record.date:%Y-%m-%d %H:%M:%S} UTC{place}{took}"]
    if record.type or record.summary:
        lines.append(", ".join(filter(None, (record.type, record.summary))))
    if record.code.hash:
        where = f" {record.code.file}:{record.code.line}" if record.code.file else ""
        version = "" if record.version is None else f", version {record.version}"
        lines.append(f"code {record.code.hash}{where}{version}")
    lines += [f"helper {name} {hash_}" for name, hash_ in record.helpers.items()]
    lines += [f"global {name} = {text}" for name, text in record.globals.items()]
    if record.python:
        packages = "".join(f", {name} {version}" for name, version in record.libraries.items())
        lines.append(f"python {record.python}{packages}")
    return [*lines, *map(str, record.history)]
