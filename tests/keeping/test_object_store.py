"""New names in a bucket."""

from __future__ import annotations

import pytest

from simple_metrics_manager import check_storage
from simple_metrics_manager.rename import rename_stored
from tests.keeping.editions import CLASSES, INPUTS, VALUES, Run, fill, values
from tests.stores.object_server import Server, weed

pytest.importorskip("obstore")
__all__ = ["weed"]


def test_new_names_in_a_bucket(weed: Server) -> None:
    """Managers are renamed there as anywhere."""
    bucket = weed.storage()
    fill(bucket)

    done = rename_stored(bucket, Run, classes=CLASSES, inputs=INPUTS, dry_run=False)

    assert (done.ok, len(done.moves)) == (True, 8)
    assert values(bucket) == VALUES
    assert (check_storage(bucket).ok, len(list(bucket.names()))) == (True, 8)
