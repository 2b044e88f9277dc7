"""One flight at a time for each value: whoever asks while it is under way waits for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from simple_metrics_manager.asking import running

A = TypeVar("A")
T = TypeVar("T")


class Flights:
    """The flights of one manager, by the name of the value that they are after."""

    __slots__ = ("_generation", "_under_way")

    def __init__(self) -> None:
        self._generation = running.generation
        self._under_way: dict[str, running.Flight] = {}

    def once(
        self,
        name: str,
        label: str,
        look: Callable[[], T | None],
        obtain: Callable[[running.Flight], T],
        late: Callable[[running.Flight], None],
    ) -> T:
        """What ``look`` finds or else ``obtain`` gets, while nobody else obtains the same.

        ``look`` runs under a lock and must be quick. Of an error everybody hears who waited; it is not kept. ``late``
        is told of a flight that has been waited for for a while.

        Raises:
            MetricCycleError: this context is obtaining it already, or waits for somebody who waits for it.
        """
        what = (id(self), name)
        running.refuse_cycle(what, label)
        if self._generation != running.generation:
            self._generation, self._under_way = running.generation, {}  # in a forked child
        own = running.Flight(what, label)
        own.begin()
        try:  # before anybody can see our flight: an interrupt must not leave one that never lands
            while True:
                with running.switch:
                    found = look()
                    if found is not None:
                        return found
                    flight = self._under_way.setdefault(name, own)
                    if flight.landed:  # and an interrupt kept it from being removed
                        flight = self._under_way[name] = own
                if flight is own:
                    return obtain(own)
                running.wait(flight, name, functools.partial(late, flight))
                # An interrupt concerns the thread that it struck; the others go on and ask once more.
                if isinstance(flight.error, Exception):
                    raise flight.error
        except BaseException as error:
            own.error = error
            raise
        finally:
            own.landed = True
            with running.switch:
                if self._under_way.get(name) is own:
                    del self._under_way[name]
            own.land()

    def glance(self, name: str, label: str, look: Callable[[A], T | None], asked: A) -> T | None:
        """What ``look`` finds, unless somebody is after the same: a flight without a lock, for what is quickly had.

        None says to ask :meth:`once`.
        """
        if self._generation != running.generation:
            return None
        flight = running.Flight((id(self), name), label)
        try:
            return look(asked) if self._under_way.setdefault(name, flight) is flight else None
        finally:
            flight.landed = True
            if self._under_way.get(name) is flight:
                del self._under_way[name]
            flight.land()
