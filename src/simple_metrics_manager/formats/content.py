"""The hash of a value alone, whenever, wherever and by whatever it was computed: equal values have equal ones.

It says whether something that was computed anew has changed. SHA-256 over everything takes longer than to write the
file, so large arrays take part with their CRC-32 and their Adler-32, 64 bits together, which a save needs anyway or
gets at the speed of memory: against accidents, which is all that a hash without a secret is good for here.
"""

from __future__ import annotations

import hashlib

from simple_metrics_manager.formats.checksum import sums
from simple_metrics_manager.formats.npy_array import array_to_npy
from simple_metrics_manager.keys import canonical_text
from simple_metrics_manager.payload.tree import Payload

_LARGE = 64 * 1024


def content_hash(payload: Payload) -> str:
    """128 bits of SHA-256 over the tree, and of each array the bytes of its npy file or, if it is large, their sums.

    It is empty for arrays of Python objects, which have no bytes of their own. The sums are left in the payload.
    """
    digest = hashlib.sha256(canonical_text(payload.tree).encode())
    for name in sorted(payload.arrays):
        try:
            parts = array_to_npy(payload.arrays[name], allow_pickle=False)
        except TypeError:
            return ""
        digest.update(b"\0%b\0" % name.encode("utf-8", "surrogatepass"))
        if len(parts[1]) > _LARGE:
            payload.sums[name] = sums(parts)
            digest.update(b"%08x%08x%d" % (*payload.sums[name], len(parts[1])))
        else:
            digest.update(parts[0])
            digest.update(parts[1])
    for name, native in sorted(payload.natives.items()):
        digest.update(f"\0{name}\0{native.content()}".encode("utf-8", "surrogatepass"))
    return f"v1:{digest.hexdigest()[:32]}"
