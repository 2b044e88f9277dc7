"""A long sweep on a bucket does not ask for each metric whether it is there."""

from __future__ import annotations

import threading

import pytest

from simple_metrics_manager import DatedCacheManager, ObjectStorageInterface, metric
from simple_metrics_manager.events import Event, listening
from tests.stores.object_server import CREDENTIALS, Proxy, Server, serving, weed

pytest.importorskip("obstore")
__all__ = ["weed"]

COUNT = 1000


class Cells(DatedCacheManager):
    """As many metrics as one likes."""

    verbose = False

    @metric(dynamic=True)
    def cell(self, n: int) -> int:
        return n


KEYS = [Cells.cell(n) for n in range(COUNT)]


def test_a_bucket_is_listed(weed: Server) -> None:
    """What is not there costs no request; what is there is looked at, and counted."""
    proxy = Proxy(weed)
    with serving(proxy.handler()) as port:
        url, options = "s3://metrics/listed", {"endpoint": f"http://127.0.0.1:{port}", "region": "us-east-1"}
        storage = ObjectStorageInterface(url, options=options, credentials=CREDENTIALS)
        Cells(storage).get_all(KEYS[::100])
        proxy.requests.clear()

        plan = Cells(storage).get_all(KEYS, dry_run=True)

    assert (plan.stored, plan.todo) == (10, COUNT - 10)
    assert len(proxy.requests) < 40


def test_many_are_read_together(weed: Server) -> None:
    """What is stored is read by several threads at once, each value once, and comes back in its place."""
    storage = weed.storage()
    Cells(storage).get_all(KEYS[:40])
    seen: list[tuple[str, str]] = []

    def note(event: Event) -> None:
        seen.append((event.metric, threading.current_thread().name))

    with listening(note, instead=True):
        values = Cells(storage).get_all(KEYS[:40])

    assert values == list(range(40))
    loaded = [metric for metric, thread in seen if thread.startswith("metrics")]
    assert sorted(loaded) == sorted(key.name for key in KEYS[:40])


def test_what_is_held_is_there(weed: Server) -> None:
    """A value that the manager was given counts, although the bucket does not hold it."""
    cm = Cells(weed.storage())
    cm.cache["cell,n=5"] = 5
    before = cm.get_all(KEYS[4:6], dry_run=True).todo

    assert COUNT - cm.get_all(KEYS, dry_run=True).todo == 2 - before
