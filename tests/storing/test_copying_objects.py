"""Copies to an object store and from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simple_metrics_manager import NpzStorageInterface
from simple_metrics_manager.keeping.checking import check_storage
from simple_metrics_manager.keeping.copying import copy_storage
from tests.stores.object_server import Server, weed
from tests.storing.test_copying import NAMES, Lab, copied

pytest.importorskip("obstore")
__all__ = ["weed"]


def test_a_bucket_and_back(weed: Server, tmp_path: Path) -> None:
    """To an object store and from there: small and large, a second time without being sent again."""
    source, bucket = NpzStorageInterface(tmp_path / "source"), weed.storage()
    Lab(source).get_all()
    source.save("large", np.arange(2_200_000.0))

    copied(source, bucket)
    again = copy_storage(source, bucket, verbose=False)
    copied(bucket, back := NpzStorageInterface(tmp_path / "back"))

    assert (again.copied, again.skipped) == ((), (*NAMES, "large"))
    assert check_storage(bucket).checked == 5
    for name in source.names():
        form = source.form_of(name)
        assert back.beside(form.extension).read(name) == source.beside(form.extension).read(name)
