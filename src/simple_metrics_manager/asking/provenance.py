"""The record of a value that was just computed: everything that can be asked about it later."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
import secrets
import socket
from collections.abc import Iterable, Mapping

import attrs
import numpy as np

from simple_metrics_manager.asking.identity import Question, module_name
from simple_metrics_manager.keys import canonical_text
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Payload, Tree
from simple_metrics_manager.record import Read, Record

RUN = secrets.token_hex(8)
"""One id for everything that this process computes."""

_PREVIEWED = 8


@attrs.frozen
class Timing:
    """Wall and CPU seconds of one computation."""

    seconds: float
    cpu_seconds: float


def make_record(asked: Question, codec: Codec, payload: Payload, timing: Timing, reads: Iterable[Read]) -> Record:
    """The record of ``payload``, which is the answer to what was asked, computed just now."""
    key, manager, label = asked.key, type(asked.host), asked.label
    code = key.declaration.fingerprint(manager)
    return Record(
        name=asked.stored,
        metric="" if key.declaration.anonymous else key.declaration.name,
        manager=manager.__qualname__ if label else "",
        module=asked.module if label else module_name(getattr(key.function, "__module__", None) or ""),
        inputs=asked.inputs.all if label else {},
        params=key.params,
        seconds=timing.seconds,
        cpu_seconds=timing.cpu_seconds,
        bytes=payload.nbytes,
        type=codec.declared,
        codec=codec.kind,
        summary=_summary(payload),
        preview=_preview(payload),
        content=content_hash(payload),
        version=key.declaration.version,
        code=code.code,
        helpers=code.helpers,
        globals=code.globals,
        reads=tuple(reads),
        python=platform.python_version(),
        libraries=_versions(("numpy", *code.libraries)),
        host=socket.gethostname(),
        run=RUN,
    )


def content_hash(payload: Payload) -> str:
    """A hash of the value alone: its tree, and of each array dtype, shape and bytes in C order."""
    digest = hashlib.sha256(canonical_text(payload.tree).encode())
    for name, array in sorted(payload.arrays.items()):
        digest.update(f"\0{name}\0{array.dtype.descr!r}\0{array.shape}\0".encode())
        if array.dtype.hasobject:
            return ""  # Python objects have no bytes of their own
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data if array.size else b"")
    return f"sha256:{digest.hexdigest()}"


def _summary(payload: Payload) -> str:
    """``float64[64]`` for an array; for anything else its arrays, or nothing."""
    if payload.tree == {ARRAY_MARK: "value"}:
        return _shape(payload.arrays["value"])
    few = [f"{name} {_shape(array)}" for name, array in list(payload.arrays.items())[:_PREVIEWED]]
    return ", ".join(few) + (", ..." if len(payload.arrays) > _PREVIEWED else "")


def _shape(array: Array) -> str:
    return f"{array.dtype}[{'×'.join(map(str, array.shape))}]"


def _preview(payload: Payload) -> Tree:
    """A glance at the value that a listing can show without reading it: a small tree, or the first numbers."""
    if not payload.arrays:
        return payload.tree if len(canonical_text(payload.tree)) <= 200 else None
    first = next(iter(payload.arrays.values()))
    if first.dtype.kind not in "biuf" or first.size == 0:
        return None
    return [float(number) for number in first.reshape(-1)[:_PREVIEWED]] if first.flags.c_contiguous else None


@functools.lru_cache(maxsize=64)
def _versions(packages: tuple[str, ...]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
