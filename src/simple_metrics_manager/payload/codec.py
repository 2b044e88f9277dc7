"""The two codecs under one name: by the declared type, or by what a value is."""

from __future__ import annotations

from typing import TypeAlias

from simple_metrics_manager.payload.plain import PlainCodec
from simple_metrics_manager.payload.typed import TypedCodec

Codec: TypeAlias = TypedCodec[object] | PlainCodec
