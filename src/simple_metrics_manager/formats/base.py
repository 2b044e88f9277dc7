"""What a format promises: an entry becomes bytes, and those bytes the same entry again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Protocol, TypeAlias, runtime_checkable

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.record import Record

Buffer: TypeAlias = "bytes | bytearray | memoryview"


class Shared(bytes):
    """A piece of a blob that many others have in common. A store may keep it once; any other writes it as it is."""

    __slots__ = ()


@runtime_checkable
class Format(Protocol):
    """How an entry becomes the bytes of one file, and the file an entry. One module of this folder each."""

    extension: ClassVar[str]
    """Of its files, with the dot."""

    def encode(self, entry: Entry) -> Iterable[Buffer]:
        """The file, in pieces to be written one after the other; what is too large for memory makes them as it goes.

        Raises:
            CannotStoreError: the format cannot hold this value so that it comes back as it is.
        """
        ...

    def decode(self, blob: memoryview, path: str) -> Entry:
        """The entry in a whole file; arrays may be read-only views of ``blob``. ``path`` is for messages.

        A file that 0.5.0 or the format's usual tools wrote has no record: its payload is the plain form of the
        value that 0.5.0 would have returned.

        Raises:
            CorruptMetricError: the file is not what its checksum or its format says.
            PickledObjectsError: it holds pickled objects, and the format was not told to read them.
        """
        ...

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        """Only the record: the arrays are neither read nor verified."""
        ...
