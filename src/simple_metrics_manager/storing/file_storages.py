"""Metrics in files of their own in one directory, with 0.5.0's names: npz, npy and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, get_args

import attrs

from simple_metrics_manager.claims.base import Claims
from simple_metrics_manager.claims.beside_files import claims_in
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.json import Json
from simple_metrics_manager.formats.npy import Npy
from simple_metrics_manager.formats.npz import Npz
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.stores.directory import Directory
from simple_metrics_manager.stores.durability import Durability
from simple_metrics_manager.storing.entries import StoredEntries

_LEASE = 60.0
"""Seconds."""

_known_durability = attrs.validators.in_(get_args(Durability))


@attrs.frozen
class NpzStorageInterface(StoredEntries):
    """Metrics in npz files, one each, readable by ``np.load``: the default, which keeps every type of value.

    ``compress`` deflates arrays, which is of little use for measured floats, and slow without the extra ``fast``.
    ``allow_pickle`` lets arrays of Python objects in, and lets them run code when they are loaded. ``list_limit``
    refuses longer lists (``TypeError``), which are meant to be arrays. ``durability`` says what a power cut may take:
    see :data:`.Durability`. ``sharded`` spreads new files over 256 folders, for hundreds of thousands of metrics;
    files that are there are found as before.
    ``verify=False`` opens large arrays at once, however large: their bytes are then not compared with their checksum.

    Processes of one host that ask for a missing metric at the same time wait for the one that computes it. Say
    ``shared=True`` where other hosts use the directory, too. ``lease`` is how many seconds a process that is stopped,
    or whose host is gone, is waited for in vain.
    """

    kind: ClassVar[str] = "npz"
    file_ext: ClassVar[str] = ".npz"

    metrics_dir: Path = attrs.field(converter=Path)
    compress: bool = False
    allow_pickle: bool = False
    list_limit: int | None = None
    durability: Durability = attrs.field(default="full", kw_only=True, validator=_known_durability)
    sharded: bool = attrs.field(default=False, kw_only=True)
    verify: bool = attrs.field(default=True, kw_only=True)
    shared: bool = attrs.field(default=False, kw_only=True)
    lease: float = attrs.field(default=_LEASE, kw_only=True, validator=attrs.validators.gt(0))

    @property
    def old_files(self) -> bool:
        return True

    def _open(self, extension: str) -> Store:
        return Directory(self.metrics_dir, extension, self.durability, sharded=self.sharded)

    def _claims(self) -> Claims | None:
        return claims_in(self.metrics_dir, self.file_ext, shared=self.shared, ttl=self.lease)

    def _format(self) -> Format:
        return Npz(self.compress, self.allow_pickle, self.verify)

    def _check(self, entry: Entry) -> None:
        if self.list_limit is None:
            return
        tree = entry.payload.tree
        if isinstance(tree, dict) and isinstance(tree.get("$tuple"), list):
            tree = tree["$tuple"]
        if isinstance(tree, list) and len(tree) > self.list_limit:
            raise CannotStoreError(
                entry.record.name if entry.record is not None else "",
                f"a list of {len(tree)} is longer than list_limit={self.list_limit}",
                "Use an array instead, or adjust the limit.",
            )


@attrs.frozen
class NpyStorageInterface(StoredEntries):
    """Metrics in npy files, one each: for values that hold at most one array; ``np.load`` maps them into memory.

    ``verify=False`` opens large arrays at once, without comparing their bytes with their checksum. The other fields
    are as in :class:`NpzStorageInterface`.
    """

    kind: ClassVar[str] = "npy"
    file_ext: ClassVar[str] = ".npy"

    metrics_dir: Path = attrs.field(converter=Path)
    durability: Durability = attrs.field(default="full", kw_only=True, validator=_known_durability)
    sharded: bool = attrs.field(default=False, kw_only=True)
    verify: bool = attrs.field(default=True, kw_only=True)
    shared: bool = attrs.field(default=False, kw_only=True)
    lease: float = attrs.field(default=_LEASE, kw_only=True, validator=attrs.validators.gt(0))

    @property
    def old_files(self) -> bool:
        return True

    def _open(self, extension: str) -> Store:
        return Directory(self.metrics_dir, extension, self.durability, sharded=self.sharded)

    def _claims(self) -> Claims | None:
        return claims_in(self.metrics_dir, self.file_ext, shared=self.shared, ttl=self.lease)

    def _format(self) -> Format:
        return Npy(verify=self.verify)


@attrs.frozen
class JsonStorageInterface(StoredEntries):
    """Metrics in JSON files, one each, for small values; arrays are lists there, and come back as arrays.

    The fields are as in :class:`NpzStorageInterface`.
    """

    kind: ClassVar[str] = "json"
    file_ext: ClassVar[str] = ".json"

    metrics_dir: Path = attrs.field(converter=Path)
    durability: Durability = attrs.field(default="full", kw_only=True, validator=_known_durability)
    sharded: bool = attrs.field(default=False, kw_only=True)
    shared: bool = attrs.field(default=False, kw_only=True)
    lease: float = attrs.field(default=_LEASE, kw_only=True, validator=attrs.validators.gt(0))

    @property
    def old_files(self) -> bool:
        return True

    def _open(self, extension: str) -> Store:
        return Directory(self.metrics_dir, extension, self.durability, sharded=self.sharded)

    def _claims(self) -> Claims | None:
        return claims_in(self.metrics_dir, self.file_ext, shared=self.shared, ttl=self.lease)

    def _format(self) -> Format:
        return Json()
