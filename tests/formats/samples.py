"""The formats that every test of formats is for, and the samples of the public contract."""

from __future__ import annotations

from collections.abc import Mapping

from simple_metrics_manager.formats import Format, Json, Npy, Npz
from simple_metrics_manager.testing.damage import flips, outcome, outcomes
from simple_metrics_manager.testing.format_contract import decoded, encoded
from simple_metrics_manager.testing.sample_entries import (
    NESTED,
    OTHER_ARRAYS,
    PLAIN_ARRAYS,
    RECORD,
    SINGLE,
    TREES,
    entry_of,
    same_arrays,
    same_entry,
)

__all__ = [
    "FORMATS",
    "NESTED",
    "OTHER_ARRAYS",
    "PLAIN_ARRAYS",
    "RECORD",
    "SINGLE",
    "TREES",
    "decoded",
    "encoded",
    "entry_of",
    "flips",
    "outcome",
    "outcomes",
    "same_arrays",
    "same_entry",
]

FORMATS: Mapping[str, Format] = {"npz": Npz(), "npz-compressed": Npz(compress=True), "npy": Npy(), "json": Json()}
