"""Tests that fork often, in a small process of their own, which says what came of them.

A fork copies the page tables of the process, and its child the pages that it touches. In a process that has imported
every optional package for other tests, that takes much longer than what is under test. So ``conftest.py`` hands the
tests that say ``pytest.mark.forks`` to another pytest, which has imported these and nothing else.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

import pytest

ROOT = Path(__file__).resolve().parents[2]
Asked: TypeAlias = tuple[str, str | None]
"""The names of a test and of the one after it, of which there may be none."""


class Apart:
    """The other process. It runs one test after the other, as it is told."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._pipe, theirs = Pipe()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno()), *map(str, paths)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        atexit.register(self.close)

    def run(self, item: pytest.Item, after: pytest.Item | None) -> list[pytest.TestReport]:
        """The reports of a test, of which the fixtures that ``after`` needs as well are kept."""
        try:
            self._pipe.send((item.nodeid, after and after.nodeid))
            data = self._pipe.recv()
        except (OSError, EOFError):
            self.end()
            self._said.seek(0)
            said = self._said.read().decode(errors="replace")[-4000:]
            text = f"the process of its own in which this test ran has ended:\n{said}"
            return [pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")]
        hook = item.config.hook
        return [hook.pytest_report_from_serializable(config=item.config, data=each) for each in data]

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it at once, if it has not ended."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """The same, and nobody asks what it said."""
        self.end()
        self._pipe.close()
        self._said.close()


class Told:
    """The plugin of the other process: tests are run as the one that has started it says."""

    def __init__(self, pipe: Connection[Any, Any]) -> None:
        self._pipe = pipe
        self._reports: list[pytest.TestReport] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """One test after the other, until nobody is there any more."""
        items, hook = {item.nodeid: item for item in session.items}, session.config.hook
        while True:
            try:
                asked: Asked = self._pipe.recv()
            except EOFError:
                return True
            name, after = asked
            hook.pytest_runtest_protocol(item=items[name], nextitem=items.get(after or ""))
            to_data = hook.pytest_report_to_serializable
            self._pipe.send([to_data(config=session.config, report=report) for report in self._reports])
            self._reports.clear()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what is to be told."""
        self._reports.append(report)


if __name__ == "__main__":
    told = Told(Connection(int(sys.argv[1])))
    pytest.main(["-q", "-p", "no:xdist", "-p", "no:cacheprovider", *sys.argv[2:]], plugins=[told])
