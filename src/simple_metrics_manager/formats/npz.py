"""npz: an ordinary zip of npy files, which ``np.load`` reads, with the rest of the value and its record as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs

from simple_metrics_manager.errors import CannotStoreError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.foreign import SINGLE, from_npz, is_single
from simple_metrics_manager.formats.npy_array import array_from_npy, array_to_npy
from simple_metrics_manager.formats.record_text import (
    DAMAGE,
    name_of,
    read_json,
    read_record,
    record_text,
    tree_text,
    unreadable,
)
from simple_metrics_manager.formats.zip_layout import CENTRAL, STORED, Member
from simple_metrics_manager.formats.zip_reader import (
    End,
    check_seal,
    data_start,
    read_central,
    read_data,
    read_end,
    read_members,
    read_seal,
)
from simple_metrics_manager.formats.zip_writer import ZipWriter
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Payload, Tree
from simple_metrics_manager.record import Entry, Record

_NPY = ".npy"
_TREE = "value.json"
_RECORD = "record.json"
_ZIP64_OFFSET = 12
"""Bytes of the extra field that the last entry of the directory has when its member lies beyond 4 GiB."""


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

    def encode(self, entry: Entry) -> Sequence[Buffer]:
        """The archive; its larger pieces are the memory of the arrays."""
        payload, writer = entry.payload.flat(), ZipWriter()
        for key, array in payload.arrays.items():
            try:
                header, data = array_to_npy(array, self.allow_pickle)
                writer.add(key + _NPY, (header, data), deflate=self.compress, lead=len(header))
            except (TypeError, UnicodeEncodeError) as error:
                remedy = "Return plain arrays, or say allow_pickle=True"
                raise CannotStoreError(name_of(entry), f"its array {key!r} cannot be kept: {error}", remedy) from None
        if not is_single(payload):
            tree = tree_text(name_of(entry), payload.tree).encode("ascii")
            writer.add(_TREE, (tree,), deflate=self.compress)
        writer.add(_RECORD, (record_text(entry.record).encode("ascii"),))
        return writer.finish()

    def decode(self, blob: memoryview, path: str) -> Entry:
        """The entry, every byte verified; arrays that are not compressed are read-only views of ``blob``."""
        try:
            end = read_end(blob)
            members = read_members(blob, end)
            if end.sealed:
                return self._own(blob, members, check_seal(blob, end, members))
            return from_npz(self._foreign_arrays(blob, members))
        except DAMAGE as error:
            raise unreadable(path, error) from error

    def _own(self, blob: memoryview, members: list[Member], starts: list[int]) -> Entry:
        arrays: dict[str, Array] = {}
        texts: dict[str, str] = {}
        for member, start in zip(members, starts, strict=True):
            data = read_data(blob, member, start)
            if member.name.endswith(_NPY):
                arrays[member.name[: -len(_NPY)]] = array_from_npy(data, 0, len(data), self.allow_pickle)
            else:
                texts[member.name] = str(data, "ascii")
        if not members or members[-1].name != _RECORD or texts.keys() - {_TREE, _RECORD}:
            raise ValueError("its members are not those of a metric")
        record = read_record(texts[_RECORD])
        if _TREE in texts:
            return Entry(record, Payload(read_json(texts[_TREE]), arrays))
        if set(arrays) != {SINGLE}:
            raise ValueError("its members are not those of a metric")
        whole: Tree = {ARRAY_MARK: SINGLE}
        return Entry(record, Payload(whole, arrays))

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
            member = _last_member(blob, end)
            if member is None and not end.sealed:
                return None
            if member is None or member.method != STORED:
                raise ValueError("its last member is not the record")
            if not end.sealed:
                raise ValueError("there is no seal behind its record")
            read_seal(blob)
            start = data_start(blob, member)
            if start + member.kept != end.start:
                raise ValueError("its record is not where it should be")
            return read_record(bytes(read_data(blob, member, start)))
        except DAMAGE as error:
            raise unreadable(path, error) from error


def _last_member(blob: memoryview, end: End) -> Member | None:
    """The record's entry in the directory, if that is the last one there; found from the end, not from the start."""
    for extra in (0, _ZIP64_OFFSET):
        at = end.stop - extra - len(_RECORD) - CENTRAL.size
        name_at = end.stop - extra - len(_RECORD)
        if at >= end.start and bytes(blob[name_at : end.stop - extra]) == _RECORD.encode():
            member, after = read_central(blob, at, end.stop)
            if after == end.stop and member.name == _RECORD:
                return member
    return None
