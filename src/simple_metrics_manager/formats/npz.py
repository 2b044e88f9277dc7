"""npz: an ordinary zip of npy files, which ``np.load`` reads, with the rest of the value and its record as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import attrs

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.foreign import SINGLE, from_npz, is_single
from simple_metrics_manager.formats.npy_array import array_from_npy, array_to_npy
from simple_metrics_manager.formats.npy_header import header_size
from simple_metrics_manager.formats.record_text import (
    DAMAGE,
    StoredEntry,
    name_of,
    read_json,
    read_record,
    tree_text,
    unreadable,
)
from simple_metrics_manager.formats.zip_end import last_member, read_end
from simple_metrics_manager.formats.zip_layout import STORED, Member
from simple_metrics_manager.formats.zip_pair import Pair
from simple_metrics_manager.formats.zip_reader import (
    check_seal,
    data_start,
    read_data,
    read_last,
    read_members,
    read_sealed,
)
from simple_metrics_manager.formats.zip_writer import ZipWriter
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Payload, Tree
from simple_metrics_manager.record import Record

_NPY = ".npy"
_SINGLE = SINGLE + _NPY
_TREE = "value.json"
_RECORD = "record.json"
_PAIR = Pair(_SINGLE, _RECORD, lead=128)
"""Its lead is the header of most arrays: only a dtype of many words takes more."""

_BARE: Tree = {ARRAY_MARK: SINGLE}


@attrs.frozen
class Npz:
    """Values of any shape; the default format.

    Each array is a member ``<name>.npy``, stored as it is and aligned to 64 bytes, so that it can be used from a
    memory map of the file; ``compress`` deflates it instead. ``value.json`` is the tree that the arrays hang in;
    it is left out when the value is one array, which is then ``np.load(path)["value"]``.

    ``record.json`` is the last member: the end of the file gives the record in one read. It is a member and not
    the comment of the archive, because a comment ends at 65,535 bytes, which the record of a metric that reads
    ten thousand others exceeds. The comment is the seal, a checksum over everything outside the members; the
    members have their own. No byte of the file can change unnoticed.
    """

    extension: ClassVar[str] = ".npz"

    compress: bool = False
    allow_pickle: bool = False
    verify: bool = True
    """Whether the bytes of arrays are verified when they are read. Everything else always is, and so are small files,
    compressed arrays and pickled objects."""

    def encode(self, entry: Entry) -> Sequence[Buffer]:
        """The archive; its larger pieces are the memory of the arrays."""
        payload, text = entry.payload.flat(), entry.text
        arrays = {key: self._npy(entry, key, array) for key, array in payload.arrays.items()}
        bare = is_single(payload)
        if bare and not self.compress:
            whole = _PAIR.pack(*arrays[SINGLE], text)
            if whole is not None:
                return [whole]
        writer = ZipWriter()
        for key, parts in arrays.items():
            crc = payload.sums[key][0] if key in payload.sums else None
            writer.add(key + _NPY, parts, deflate=self.compress, lead=len(parts[0]), crc=crc)
        if not bare:
            tree = tree_text(name_of(entry), payload.tree).encode("ascii")
            writer.add(_TREE, (tree,), deflate=self.compress)
        writer.add(_RECORD, (text,))
        return writer.finish()

    def _npy(self, entry: Entry, key: str, array: Array) -> tuple[bytes, Buffer]:
        """Header and data of an array that is called ``key``."""
        try:
            key.encode()
            return array_to_npy(array, self.allow_pickle)
        except (TypeError, UnicodeEncodeError) as error:
            remedy = "Return plain arrays, or say allow_pickle=True"
            raise CannotStoreError(name_of(entry), f"its array {key!r} cannot be kept: {error}", remedy) from None

    def decode(self, blob: memoryview, path: str) -> Entry:
        """The entry, every byte verified; arrays that are not compressed are read-only views of ``blob``."""
        try:
            pair = _PAIR.find(blob)
            if pair is not None:
                start, middle, at, stop = pair
                array = array_from_npy(blob, start, middle, self.allow_pickle)
                return StoredEntry(blob[at:stop].tobytes(), Payload(_BARE, {SINGLE: array}), path)
            trusts = not self.verify and not self.allow_pickle  # what is damaged must not run either
            own = read_sealed(blob, header_size, trusts=trusts)
            if own is not None:
                return self._own(own, path)
            end = read_end(blob)
            members = read_members(blob, end)
            if not end.sealed:
                return from_npz(self._foreign_arrays(blob, members))
            starts = check_seal(blob, end, members, header_size)
            return self._own(dict(zip((m.name for m in members), self._data(blob, members, starts), strict=True)), path)
        except DAMAGE as error:
            raise unreadable(path, error) from error

    def _data(self, blob: memoryview, members: list[Member], starts: list[int]) -> Iterator[memoryview]:
        for member, start in zip(members, starts, strict=True):
            yield read_data(blob, member, start)

    def _own(self, members: dict[str, memoryview], path: str) -> Entry:
        """The entry in the verified members of a file that we wrote."""
        *others, last = members
        tree = _BARE if _TREE not in members else read_json(str(members[_TREE], "ascii"))
        arrays = {
            name[: -len(_NPY)]: array_from_npy(data, 0, len(data), self.allow_pickle)
            for name, data in members.items()
            if name.endswith(_NPY)
        }
        bare = _TREE not in members
        if last != _RECORD or len(arrays) + (not bare) != len(others) or (bare and set(arrays) != {SINGLE}):
            raise ValueError("its members are not those of a metric")
        return StoredEntry(bytes(members[_RECORD]), Payload(tree, arrays), path)

    def _foreign_arrays(self, blob: memoryview, members: list[Member]) -> dict[str, Array]:
        arrays: dict[str, Array] = {}
        for member in members:
            if not member.name.endswith(_NPY):
                raise ValueError(f"its member {member.name} is no array, and there is no seal behind it")
            data = read_data(blob, member, data_start(blob, member))
            arrays[member.name[: -len(_NPY)]] = array_from_npy(data, 0, len(data), self.allow_pickle)
        return arrays

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        """The record, verified by its own checksum, from the end of the file alone."""
        try:
            end = read_end(blob)
            if end.whole:
                return read_record(_record_in(read_sealed(blob, header_size) or {}))
            member = last_member(blob, end, _RECORD)
            if member is None and not end.sealed:
                return None
            if member is None or member.method != STORED:
                raise ValueError("its last member is not the record")
            if not end.sealed:
                raise ValueError("there is no seal behind its record")
            return read_record(read_last(blob, end, member))
        except DAMAGE as error:
            raise unreadable(path, error) from error


def _record_in(members: dict[str, memoryview]) -> bytes:
    if tuple(members)[-1:] != (_RECORD,):
        raise ValueError("its last member is not the record")
    return bytes(members[_RECORD])
