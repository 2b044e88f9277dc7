"""Any text as the name of a file, and back: readable, injective, and legal wherever files have names."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

LONGEST = 180
"""Characters of the longest file name, which leaves room for an extension and for what temporary files add."""

_SAFE = "_.,=+@~-"
_PLAIN = re.compile(r"(?!\.)[A-Za-z0-9_.,=+@~-]{1,180}(?<!\.)")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE | re.ASCII)
_SHORTENED = re.compile(r"(?!\.)[A-Za-z0-9_.,=+@~%-]{1,146}%~[0-9a-f]{32}")


@functools.lru_cache(maxsize=1 << 14)
def to_file_name(name: str) -> str:
    """The file name, without extension, for ``name``.

    What is safe everywhere stays, the rest becomes ``%XX``. A result that is too long is cut, and ``%~`` and a
    hash of the whole name take the place of its end. Such a file name stands for itself: it is what
    :func:`from_file_name` gives for it.
    """
    if (_PLAIN.fullmatch(name) or _SHORTENED.fullmatch(name)) and not _DEVICE.match(name):
        return name
    raw = name.encode("utf-8", "surrogatepass")
    text = quote_from_bytes(raw, safe=_SAFE)
    if text.startswith(".") or _DEVICE.match(text):
        text = f"%{raw[0]:02X}{text[1:]}"
    if text.endswith("."):
        text = f"{text[:-1]}%2E"
    if not text:
        return "%"
    if len(text) <= LONGEST:
        return text
    start = re.sub("%.?$", "", text[: LONGEST - 34])
    return f"{start}%~{hashlib.blake2b(raw, digest_size=16).hexdigest()}"


def is_component(name: str) -> bool:
    """Whether a name, taken as it is, stays in its directory, and is seen there."""
    return name == os.path.basename(name) and not name.startswith(".") and not set(name) & {"\0", "\\"}


def from_file_name(file_name: str) -> str | None:
    """The name that a file name stands for; ``None`` if it is not one that :func:`to_file_name` makes."""
    if _PLAIN.fullmatch(file_name) and not _DEVICE.match(file_name):
        return file_name
    if _SHORTENED.fullmatch(file_name) and not _DEVICE.match(file_name):
        return file_name
    try:
        name = "" if file_name == "%" else unquote_to_bytes(file_name).decode("utf-8", "surrogatepass")
    except UnicodeError:
        return None
    return name if to_file_name.__wrapped__(name) == file_name else None  # a listing would fill the cache
