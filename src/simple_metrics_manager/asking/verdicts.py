"""What one manager has found out about inputs, until something is computed that makes it untrue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simple_metrics_manager.asking.memory import Memory
from simple_metrics_manager.freshness.upstream import Name, Verdict
from simple_metrics_manager.record import Read

_computed: int = 0
"""How often anything was computed in this process."""


class Verdicts:
    """Verdicts about metrics, each found once, and inputs against which nothing speaks.

    What is computed takes with it what is known of that metric and of all that reads it. Of what other managers
    compute only that they did is known here.
    """

    __slots__ = ("_clean", "_computed", "_readers", "despite", "epoch", "known")

    def __init__(self) -> None:
        self.known: dict[Name, Verdict] = {}
        self.despite: set[str] = set()
        """Names of what is used although something speaks against it, or against what it was computed from."""
        self.epoch: int = 0
        """How often something that was known ceased to hold."""
        self._clean: dict[Name, str] = {}
        """Contents of inputs against which nothing speaks."""
        self._readers: dict[Name, set[Name]] = {}
        self._computed: int = _computed

    def learn(self, found: Mapping[Name, Verdict], epoch: int) -> None:
        """Note what was found out since this ``epoch``, unless something was computed meanwhile by another thread."""
        if epoch != self.epoch:
            return
        for name, verdict in found.items():
            for read in verdict.reads:
                self._readers.setdefault((read.manager, read.metric), set()).add(name)
        self.known.update(found)

    def clean(self, reads: Iterable[Read]) -> None:
        """Nothing speaks against these."""
        self._clean.update(((read.manager, read.metric), read.content) for read in reads)

    def are_clean(self, reads: Iterable[Read], memory: Memory, label: str) -> bool:
        """Whether nothing speaks against any of these, and each has the content that was read, as far as is known."""
        for read in reads:
            if not read.content:
                return False
            ours = read.manager == label
            held = memory.held.get(read.metric) if ours else None
            if held is not None and held.record.content != read.content:
                known = self.known.get((label, read.metric))
                if known is not None and known.content != held.record.content:
                    self._drop((label, read.metric))  # what is held is what another process has computed
                return False
            if (not ours or not label) and self._computed != _computed:
                self.forget()
                return False
            if held is not None and read.metric not in self.despite:
                continue
            if self._clean.get((read.manager, read.metric)) != read.content:
                return False
        return True

    def replaced(self, name: Name) -> None:
        """This was computed: what was found out about it, and about all that was computed from it, holds no more."""
        global _computed
        others = self._computed != _computed
        _computed += 1
        if not others:
            self._computed = _computed
        self._drop(name)
        self.despite.discard(name[1])

    def _drop(self, name: Name) -> None:
        self.epoch += 1
        todo = [name]
        while todo:
            each = todo.pop()
            known = self.known.pop(each, None) is not None
            self._clean.pop(each, None)
            if known or each == name:
                todo += tuple(self._readers.get(each, ()))

    def forget(self) -> None:
        """Find everything out again that is asked for from now on."""
        self.epoch += 1
        self._computed = _computed
        self._clean.clear()
        self._readers.clear()
        self.known.clear()
