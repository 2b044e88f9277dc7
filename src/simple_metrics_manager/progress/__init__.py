"""How sweeps are shown while they run: as lines in a log, as a bar on a terminal, as a display in a notebook."""

from simple_metrics_manager.progress.choosing import How, show

__all__ = ["How", "show"]
