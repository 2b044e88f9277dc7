"""The record of a value that was just computed: everything that can be asked about it later."""

from __future__ import annotations

import functools
import os
import secrets
import socket
from collections.abc import Iterable, Mapping

import attrs
import numpy as np

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.fingerprint.environment import PYTHON, library_versions
from simple_metrics_manager.formats.content import content_hash
from simple_metrics_manager.keys import canonical_text
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Payload, Tree
from simple_metrics_manager.record import File, Read, Record

RUN = secrets.token_hex(8)
"""One id for everything that this process computes."""

_PREVIEWED = 8


@attrs.frozen
class Timing:
    """Wall and CPU seconds of one computation."""

    seconds: float
    cpu_seconds: float


def make_record(
    asked: Question, codec: Codec, payload: Payload, timing: Timing, reads: Iterable[Read], files: Mapping[str, File]
) -> Record:
    """The record of ``payload``, which is the answer to what was asked, computed just now."""
    key = asked.key
    code = key.declaration.fingerprint(type(asked.host))
    return Record(
        name=asked.stored,
        metric=asked.metric,
        manager=asked.manager,
        module=asked.module,
        inputs=asked.inputs.all if asked.label else {},
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
        files=files,
        python=PYTHON,
        libraries=library_versions(("numpy", *code.libraries)),
        host=_host(os.getpid()),
        run=RUN,
        chosen=key.declaration.form is not None,
    )


def _summary(payload: Payload) -> str:
    """``float64[64]`` for an array; for anything else its arrays, or nothing."""
    parts = {name: _shape(array) for name, array in payload.arrays.items()}
    parts |= {name: native.summary() for name, native in payload.natives.items()}
    if payload.tree == {ARRAY_MARK: "value"}:
        return parts["value"]
    few = [f"{name} {text}" for name, text in list(parts.items())[:_PREVIEWED]]
    return ", ".join(few) + (", ..." if len(parts) > _PREVIEWED else "")


def _shape(array: Array) -> str:
    return f"{_dtype_name(array.dtype)}[{'×'.join(map(str, array.shape))}]"


@functools.lru_cache(maxsize=256)
def _dtype_name(dtype: np.dtype[np.generic]) -> str:
    return str(dtype)


def _preview(payload: Payload) -> Tree:
    """A glance at the value that a listing can show without reading it: a small tree, or the first numbers."""
    if payload.natives:
        return None
    if not payload.arrays:
        return payload.tree if len(canonical_text(payload.tree)) <= 200 else None
    first = next(iter(payload.arrays.values()))
    if first.dtype.kind not in "biuf" or first.size == 0:
        return None
    return [float(number) for number in first.reshape(-1)[:_PREVIEWED]] if first.flags.c_contiguous else None


@functools.lru_cache(maxsize=4)
def _host(_process: int) -> str:
    """The name of this machine; asked again in each process, since one may have been frozen and woken elsewhere."""
    return socket.gethostname()
