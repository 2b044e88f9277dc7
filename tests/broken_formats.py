"""Formats and storages that break one promise each: what their contracts have to notice."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from collections.abc import Iterable
from typing import Any, ClassVar, cast

import attrs
import numpy as np

from simple_metrics_manager import JsonStorageInterface, NpzStorageInterface
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CorruptMetricError, NewerFormatError
from simple_metrics_manager.formats import Buffer, Format, Npz
from simple_metrics_manager.payload.tree import Array, Payload
from simple_metrics_manager.record import Record
from tests.broken_stores import pause


class Sound:
    """A format that is npz under another name."""

    extension: ClassVar[str] = ".sound"

    def encode(self, entry: Entry) -> Iterable[Buffer]:
        return Npz().encode(entry)

    def decode(self, blob: memoryview, path: str) -> Entry:
        return Npz().decode(blob, path)

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        return Npz().decode_record(blob, path)


class OddExtension(Sound):
    """Has files without a dot before their extension."""

    extension: ClassVar[str] = "sound"


class Rounds(Sound):
    """Keeps single precision."""

    def encode(self, entry: Entry) -> Iterable[Buffer]:
        arrays: dict[str, Array] = {
            name: array.astype(np.float32) if array.dtype == np.float64 else array
            for name, array in entry.payload.arrays.items()
        }
        return Npz().encode(Entry(entry.record, Payload(entry.payload.tree, arrays)))


class OneOrder(Sound):
    """Keeps arrays in C order."""

    def encode(self, entry: Entry) -> Iterable[Buffer]:
        arrays: dict[str, Array] = {name: array.copy("C") for name, array in entry.payload.arrays.items()}
        return Npz().encode(Entry(entry.record, Payload(entry.payload.tree, arrays)))


class ShortRecords(Sound):
    """Leaves the source out of a record that is read alone."""

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        record = super().decode_record(blob, path)
        return None if record is None else attrs.evolve(record, code=type(record.code)())


class Writable(Sound):
    """Gives arrays that can be written to."""

    def decode(self, blob: memoryview, path: str) -> Entry:
        entry = super().decode(blob, path)
        arrays = {name: array.copy() for name, array in entry.payload.arrays.items()}
        return Entry(entry.record, Payload(entry.payload.tree, arrays))


class Pickles(Sound):
    """Pickles without having been told to."""

    def encode(self, entry: Entry) -> Iterable[Buffer]:
        return Npz(allow_pickle=True).encode(entry)


class DropsParts(Sound):
    """Leaves out what it does not know."""

    def encode(self, entry: Entry) -> Iterable[Buffer]:
        return Npz().encode(Entry(entry.record, Payload(entry.payload.tree, entry.payload.arrays)))


class Forgiving(Sound):
    """Reads what it can of a damaged file."""

    def decode(self, blob: memoryview, path: str) -> Entry:
        try:
            return super().decode(blob, path)
        except CorruptMetricError:
            return Entry(None, Payload(None, {}))


class ForgivingRecords(Sound):
    """Gives an empty record for a damaged one."""

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        try:
            return super().decode_record(blob, path)
        except CorruptMetricError:
            return None


class Leaks(Sound):
    """Lets through what its parser raises."""

    def decode(self, blob: memoryview, path: str) -> Entry:
        try:
            return super().decode(blob, path)
        except CorruptMetricError as error:
            raise IndexError("out of range") from error


class NamesNothing(Sound):
    """Does not say which file is damaged."""

    def decode(self, blob: memoryview, path: str) -> Entry:
        return super().decode(blob, "")


class Behind(Sound):
    """Takes a later format for damage."""

    def decode(self, blob: memoryview, path: str) -> Entry:
        try:
            entry = super().decode(blob, path)
            assert entry.record is None or entry.record.name
            return entry
        except NewerFormatError as error:
            raise CorruptMetricError(path, str(error)) from error

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        try:
            return super().decode_record(blob, path)
        except NewerFormatError as error:
            raise CorruptMetricError(path, str(error)) from error


# --------------------------------------------------------------------------------------------------------- storages
class Duck:
    """A sound storage of three methods."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def exists(self, name: str) -> bool:
        return name in self.kept

    def save(self, name: str, data: object) -> None:
        self.kept[name] = pickle.dumps(data)

    def load(self, name: str) -> object:
        return pickle.loads(self.kept[name])


class HasEverything(Duck):
    """Says that all is there."""

    def exists(self, name: str) -> bool:
        return True


class ForgetsIt(Duck):
    """Says that nothing is there."""

    def exists(self, name: str) -> bool:
        return False


class Uncallable(Duck):
    """Lacks a method."""

    load: Any = None  # what is no method is what is tried


class ToJson(Duck):
    """Makes lists of arrays and tuples."""

    def save(self, name: str, data: object) -> None:
        super().save(name, json.loads(json.dumps(data, default=lambda array: cast("Array", array).tolist())))


class CaseBlind(Duck):
    """Takes names that differ in case for one."""

    def exists(self, name: str) -> bool:
        return super().exists(name.lower())

    def save(self, name: str, data: object) -> None:
        super().save(name.lower(), data)

    def load(self, name: str) -> object:
        return super().load(name.lower())


class OneDate(Duck):
    """Keeps dates with their values, and so the values with their dates."""

    def save(self, name: str, data: object) -> None:
        super().save(name.removesuffix("_date"), data)

    def load(self, name: str) -> object:
        return super().load(name.removesuffix("_date"))


class KeepsObjects(Duck):
    """Keeps what it is given as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, object] = {}

    def exists(self, name: str) -> bool:
        return name in self.objects

    def save(self, name: str, data: object) -> None:
        self.objects[name] = data

    def load(self, name: str) -> object:
        return self.objects[name]


class GivesObjects(KeepsObjects):
    """Keeps a copy, and gives it away."""

    def save(self, name: str, data: object) -> None:
        super().save(name, copy.deepcopy(data))


class Clears(Duck):
    """Removes the old value before it knows whether it can save the new one."""

    def save(self, name: str, data: object) -> None:
        self.kept.pop(name, None)
        super().save(name, data)


class Torn(Duck):
    """Shows a value while it is written."""

    def save(self, name: str, data: object) -> None:
        self.kept[name] = b""
        pause()
        super().save(name, data)


@attrs.frozen
class Private(NpzStorageInterface):
    """Sees only what it saved itself."""

    kind: ClassVar[str] = "private"

    def _mine(self, name: str) -> str:
        return f"{name} {id(self)}"

    def exists(self, name: str) -> bool:
        return super().exists(self._mine(name))

    def save(self, name: str, data: object) -> None:
        super().save(self._mine(name), data)

    def load(self, name: str) -> object:
        return super().load(self._mine(name))


@attrs.frozen
class LosesRecords(NpzStorageInterface):
    """Keeps the date alone of a record."""

    kind: ClassVar[str] = "loses-records"

    def write(self, entry: Entry, /, form: Format | None = None) -> int:
        assert entry.record is not None
        return super().write(Entry(Record(name=entry.record.name, date=entry.record.date), entry.payload), form)


@attrs.frozen
class HoldsAll(NpzStorageInterface):
    """Says that all entries are there."""

    kind: ClassVar[str] = "holds-all"

    def holds(self, name: str, /, form: Format | None = None) -> bool:
        return True


@attrs.frozen
class OneFormat(NpzStorageInterface):
    """Looks in its own format for everything."""

    kind: ClassVar[str] = "one-format"

    def read(self, name: str, /, form: Format | None = None) -> Entry:
        return super().read(name)


_made = itertools.count()


@attrs.frozen
class ForgetsSettings(JsonStorageInterface):
    """Is made again as something else."""

    kind: ClassVar[str] = "forgets-settings"

    made: int = attrs.field(factory=lambda: next(_made))

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "made", next(_made))


@attrs.frozen
class WritesOnce(NpzStorageInterface):
    """Writes no entry of a name that is there."""

    kind: ClassVar[str] = "writes-once"

    def write(self, entry: Entry, /, form: Format | None = None) -> int:
        assert entry.record is not None
        return 1 if self.holds(entry.record.name) else super().write(entry, form)
