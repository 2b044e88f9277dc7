"""What ``get_all`` would do."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.markup import Markup, Shown, joined, line, table


@attrs.frozen
class Plan(Shown):
    """What ``get_all`` would do: of ``total`` metrics so many are ``stored``, and ``todo`` would be computed.

    ``needed`` counts metrics that were not asked for, but are missing and would be computed first. ``seconds`` is the
    time that all of it would take one after the other, judged by what is recorded of values that were computed
    before; None if nothing is. ``workers`` is how many would be computed at once, as far as it is known.
    """

    total: int
    stored: int
    todo: int
    needed: int = 0
    seconds: float | None = None
    workers: int = 1
    metrics: Mapping[str, int] = attrs.field(factory=dict[str, int])
    """How many would be computed of each metric, in the order in which they would be."""

    @property
    def expected(self) -> float | None:
        """Seconds until all would be done, with that many workers."""
        return None if self.seconds is None else self.seconds / max(1, min(self.workers, self.todo + self.needed))

    def __str__(self) -> str:
        return "\n".join([self._sentence(), *(f"  {name}: {count}" for name, count in self.metrics.items())])

    def __html__(self) -> Markup:
        rows = [(name, str(count)) for name, count in self.metrics.items()]
        listing = [table(("metric", "to compute"), rows, ("to compute",))] if rows else []
        return joined(line(self._sentence()), *listing)

    def _sentence(self) -> str:
        said = f"{self.stored} of {self.total} stored, {self.todo} to compute"
        if self.needed:
            said += f", and {self.needed} that they need"
        if self.expected is not None and self.todo + self.needed:
            said += f", about {format_seconds(self.expected)} with {self.workers} at once"
        return said
