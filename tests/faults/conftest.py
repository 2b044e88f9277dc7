"""Where the tests of this folder run: those that fork often, in a small process if this one may be large."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.apart import Apart

_FORKS = "forks"
_forking = pytest.StashKey[list[Path]]()
"""The files with tests that fork often, of which there are others."""
_apart: list[Apart] = []


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line("markers", f"{_FORKS}: forks often, which takes long where much has been imported")


def pytest_collection_finish(session: pytest.Session) -> None:
    """See whether anything else was asked for, which may have imported much."""
    forking = [item.path for item in session.items if item.get_closest_marker(_FORKS)]
    alone = len(forking) == len(session.items) or session.config.getoption("usepdb") or os.name == "nt"
    session.stash[_forking] = [] if alone else list(dict.fromkeys(forking))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Hand on what forks often."""
    paths = item.session.stash[_forking]
    if item.path not in paths or not item.get_closest_marker(_FORKS):
        return None
    if not _apart or not _apart[0].alive:
        _apart[:] = [Apart(paths)]
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _apart[0].run(item, nextitem):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    # What the last test that ran here has left set up for this one, the next one may not need.
    item.session._setupstate.teardown_exact(nextitem)  # pyright: ignore[reportPrivateUsage]  # as pytest's own runner does
    return True
