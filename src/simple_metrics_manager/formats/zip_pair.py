"""The archive that most small values are, an array and its record: written, and found in it again, all at once.

It is half of the time of a load and a third of that of a save. The bytes are those that :mod:`.zip_writer` writes; what
is not just such an archive is left to :mod:`.zip_reader`, which reads every one and says what is wrong with it.
"""

from __future__ import annotations

import struct

from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.formats.zip_layout import END, STORED, WHOLE_BELOW, WHOLE_MARK, Member
from simple_metrics_manager.formats.zip_writer import central_header, end_records, local_header

_END = struct.Struct("<10xH4xI2x5s8s")
"""The end of an archive: the number of its members, where they end, the mark of the seal and its digits."""


_end = _END.unpack_from


class Pair:
    """Archives of ours with two members of these names, neither compressed, sealed as a whole.

    The first member is aligned behind its header of ``lead`` bytes, as by :meth:`.ZipWriter.add`.
    """

    def __init__(self, first: str, second: str, lead: int) -> None:
        self._lead = lead
        members = [Member(name, STORED, 0, 0, 0, 0, 0) for name in (first, second)]
        headers = [local_header(members[0], lead), local_header(members[1], None)]
        forms = [struct.Struct(f"<14s4xI4x{len(header) - 26}s").unpack_from for header in headers]
        frames = [(header[:14], header[26:]) for header in headers]
        self._sizes = len(headers[0]), len(headers[1])
        self._unpack = forms[0], forms[1]
        self._frames = *frames[0], *frames[1]
        entries = [central_header(member) for member in members]
        end = end_records(2, sum(map(len, entries)), 0)
        split = END.size - 6
        listed = entries[0][:16], entries[0][28:] + entries[1][:16], entries[1][28:42]
        tail = entries[1][46:] + end[:split], end[split + 4 :] + WHOLE_MARK
        written = [struct.Struct(f"<14sIII{len(header) - 26}s").pack for header in headers]
        lengths = [len(part) for part in (*listed, *tail)]
        behind = struct.Struct("<{}sIII{}sIII{}sI{}sI{}s".format(*lengths)).pack
        self._pack = written[0], written[1], behind
        self._listed = *listed, *tail
        self._room = WHOLE_BELOW - sum(self._sizes) - sum(map(len, entries)) - len(end)

    def pack(self, header: bytes, data: Buffer, text: bytes) -> bytes | None:
        """The archive of ``header`` and ``data``, and of ``text``; None if it is no small one or has another lead."""
        size, size2 = len(header) + len(data), len(text)
        if size + size2 >= self._room or len(header) != self._lead:
            return None
        crc, crc2 = crc32(data, crc32(header)), crc32(text)
        before, behind, before2, behind2 = self._frames
        listed, listed2, listed3, end, mark = self._listed
        first, second, third = self._pack
        begin, middle = first(before, crc, size, size, behind), second(before2, crc2, size2, size2, behind2)
        offset = len(begin) + size
        stop = offset + len(middle) + size2
        sums, sums2 = (crc, size, size), (crc2, size2, size2)
        rest = third(listed, *sums, listed2, *sums2, listed3, offset, end, stop, mark)
        whole = b"".join((begin, header, data, middle, text, rest))
        return whole + b"%08x" % crc32(whole)

    def find(self, blob: memoryview) -> tuple[int, int, int, int] | None:
        """Start and end of the one and of the other, every byte of the file verified; None if it is none of these."""
        at = len(blob) - _END.size
        size, size2 = self._sizes
        if at < size + size2:
            return None
        count, stop, mark, digits = _end(blob, at)
        if count != 2 or mark != WHOLE_MARK or digits != b"%08x" % crc32(blob[:-8]):
            return None
        before1, behind1, before2, behind2 = self._frames
        first, second = self._unpack
        before, kept, behind = first(blob)
        middle = size + kept
        start = middle + size2
        if before != before1 or behind != behind1 or not start <= stop <= at:
            return None
        before, kept, behind = second(blob, middle)
        if before != before2 or behind != behind2 or start + kept != stop:
            return None
        return size, middle, start, stop
