"""The structures of a zip, as APPNOTE.TXT numbers them, and the seal that closes one of ours."""

from __future__ import annotations

import struct
from typing import NamedTuple

LOCAL = struct.Struct("<IHHHHHIIIHH")
CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
END = struct.Struct("<IHHHHIIH")
END64 = struct.Struct("<IQHHIIQQQQ")
LOCATOR64 = struct.Struct("<IIQI")

LOCAL_MAGIC = 0x04034B50
CENTRAL_MAGIC = 0x02014B50
END_MAGIC = 0x06054B50
END64_MAGIC = 0x06064B50
LOCATOR64_MAGIC = 0x07064B50

FULL16 = 0xFFFF
FULL32 = 0xFFFFFFFF
"""A field that holds this, its largest number, stands in a zip64 structure instead."""

STORED = 0
DEFLATED = 8

ENCRYPTED = 0x0001
SIZES_FOLLOW = 0x0008
UTF8 = 0x0800

ZIP64 = 0x0001
ALIGNED = 0xD935
"""Ids of extra fields: the wide numbers, and bytes that only move what follows."""

SEAL_MARK = b"smm1 "
WHOLE_MARK = b"smm1="
SEAL_SIZE = len(SEAL_MARK) + 8
"""The comment of our archives: a mark, and eight hexadecimal digits of a CRC-32.

Behind ``smm1 `` it goes over every byte that no member's own CRC covers: local headers, deflated data (a member's CRC
is that of what it inflates to), central directory, end records and the mark; and over the headers of arrays, so that
these are known to be sound where nobody wants to wait for the arrays. Together they cover the whole file.
Behind ``smm1=`` it goes over all bytes before the digits: small archives have that one, which is verified at once.
"""

WHOLE_BELOW = 64 * 1024
"""Bytes of an archive that is sealed as a whole: beyond, a second checksum over the members would cost too much."""


class Member(NamedTuple):
    """One file in the archive: ``size`` bytes, of which it keeps ``kept`` behind the local header at ``offset``."""

    name: str
    method: int
    flags: int
    crc: int
    kept: int
    size: int
    offset: int
