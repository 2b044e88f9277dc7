"""How many metrics go into one task: as many as take half a second, judged by how long they have taken so far.

To hand over a task costs 0.02 ms (threads) to 5 ms (Dask); a task of half a second makes that 1 % at most, and still
lets a hundred workers finish within a second of each other. More workers than a hundred would ask for more tasks than
one scheduler hands over: theirs are longer.
"""

from __future__ import annotations

import attrs

TASK_SECONDS = 0.5
LEAST_SECONDS = 0.1
"""What a task has to do at least, as long as there is so much: twenty times what the slowest scheduler takes for it."""
_SECONDS_A_SLOT = 0.005
"""What a scheduler takes to hand over one task, while it keeps all others waiting."""
_UNTRIED_SECONDS = 0.01
"""What a point is taken to need at least before one was computed: a record does not say what storing it took."""
_WEIGHT = 0.3
"""How much the latest task counts at least in the average: enough to follow a sweep whose points become slower."""


@attrs.define
class Chunks:
    """Sizes of tasks, for each metric by what is known of it; ``slots`` tasks run at once, as far as is known."""

    slots: int
    seconds: dict[str, float] = attrs.field(factory=dict[str, float])
    """Seconds that one point takes, by metric."""
    _seen: dict[str, int] = attrs.field(factory=dict[str, int])
    """How many points that was learnt from, where it was not merely expected."""

    def size(self, metric: str, waiting: int) -> int:
        """How many of the ``waiting`` points of a metric go into the next task; one while nothing is known."""
        seconds = self.seconds.get(metric)
        if seconds is None:
            return 1
        if metric not in self._seen:
            seconds = max(seconds, _UNTRIED_SECONDS)
        fitting = int(max(TASK_SECONDS, self.slots * _SECONDS_A_SLOT) / max(seconds, 1e-7))
        fair = -(-waiting // (2 * self.slots))  # towards the end, tasks become small, lest one worker has them all
        least = min(waiting, int(LEAST_SECONDS / max(seconds, 1e-7)))
        return max(1, least, min(fitting, fair))

    def expect(self, metric: str, seconds: float) -> None:
        """A point of this metric has once taken so long to compute."""
        self.seconds[metric] = seconds

    def learn(self, metric: str, seconds: float, points: int) -> None:
        """A task of so many points of this metric has taken so long."""
        each, seen = seconds / points, self._seen.get(metric, 0)
        known = self.seconds[metric] if seen else each
        # A first point takes long, since everything is imported for it: tasks of many soon outweigh it.
        self.seconds[metric] = known + max(_WEIGHT, points / (points + seen)) * (each - known)
        self._seen[metric] = seen + points
