"""What a sweep needs of the manager whose metrics it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from simple_metrics_manager.asking.identity import Identified, Question
from simple_metrics_manager.asking.memory import Held, Memory
from simple_metrics_manager.asking.shelf import Shelf
from simple_metrics_manager.declaring.metric import Host, Metric, Reader
from simple_metrics_manager.outcomes.reasons import OnStale


class Source(Reader, Protocol):
    """The memory and the storage of a manager."""

    memory: Memory
    shelf: Shelf

    def ask(self, host: Manager, key: Metric[object], name: str | None = None, /) -> Question: ...

    def get(
        self,
        host: Manager,
        key: Metric[object],
        name: str | None = None,
        *,
        use_stored: bool = True,
        verbose: bool | None = None,
    ) -> Held: ...

    def renew(self, asked: Question, /) -> Held:
        """What is stored, if it will do, else computed."""
        ...

    def peek(self, host: Manager, key: Metric[object], /, *, verbose: bool) -> Held | None:
        """What is held or stored; None if it has to be computed."""
        ...

    def usable(self, host: Manager, key: Metric[object], /) -> bool:
        """The same without reading the value."""
        ...

    def ensure(self, host: Manager, key: Metric[object], *, use_stored: bool, verbose: bool | None) -> bool:
        """Have it stored; whether its function was called for that, here."""
        ...

    def before_computing(self, host: Manager, key: Metric[object], /) -> None:
        """See that nothing that is sure to be read for it is refused."""
        ...

    def as_told(self, on_stale: OnStale | None, /) -> AbstractContextManager[None]: ...
    def grouped(self, host: Manager, /) -> AbstractContextManager[None]: ...


class Manager(Host, Identified, Protocol):
    """A manager, as far as sweeps go."""

    @property
    def __metrics__(self) -> Source: ...
    @property
    def functions_dict(self) -> Mapping[str, Callable[[], object]]: ...
