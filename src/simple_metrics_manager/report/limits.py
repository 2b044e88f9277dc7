"""How much a report shows: a page that a browser cannot open tells nobody anything."""

from __future__ import annotations

ROWS = 500
"""Lines of the table of metrics."""

CELLS = 2_500
"""Cells of a heat map, and lines of the table below it."""

WRITTEN_CELLS = 400
"""Cells that have their number written into them, if it fits."""

BARS = 1_000
"""Bars of the timeline; neighbours of one metric become one."""

LANES = 40
"""Metrics of the timeline; what took least time shares the last one."""

SPARKS = 200
"""Points of a small curve in the table."""

CURVE = 600
"""Points of a curve; of more, the highest and the lowest of each stretch are drawn."""

NODES = 60
"""Metrics of the graph that is drawn first; of more, what is not fresh and its neighbours."""

FACETS = 12
"""Heat maps of one sweep."""

ERRORS = 50
"""Failures that are told in full."""

LARGE = 2_000_000
"""Bytes from which a report says that it is large."""


def more(left: int, what: str) -> str:
    """What stands in place of what is left out; empty if nothing is."""
    return f"… and {left:,} more {what}: smm export" if left > 0 else ""


def thinned(numbers: list[float], most: int) -> list[tuple[int, float]]:
    """The places and numbers to draw: all, or the lowest and the highest of each stretch, so that no peak is lost."""
    if len(numbers) <= most:
        return [*enumerate(numbers)]
    stretches = max(1, most // 2)
    kept: set[int] = {0, len(numbers) - 1}
    for each in range(stretches):
        inside = range(each * len(numbers) // stretches, (each + 1) * len(numbers) // stretches)
        kept.update((min(inside, key=numbers.__getitem__), max(inside, key=numbers.__getitem__)))
    return [(place, numbers[place]) for place in sorted(kept)]
