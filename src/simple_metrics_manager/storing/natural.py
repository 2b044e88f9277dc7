"""The formats that some types of value have by nature, whatever the storage keeps others in: tables, chunked arrays."""

from __future__ import annotations

from collections.abc import Mapping

from simple_metrics_manager.formats.base import Format

NATURAL: Mapping[str, Format] = {}
"""By ``TypedCodec.natural``."""
