"""How many metrics are asked for together."""

from __future__ import annotations

from concurrent.futures import Executor

import attrs

from simple_metrics_manager.declaring.get_all import OnError
from simple_metrics_manager.outcomes.reasons import OnStale


@attrs.frozen(kw_only=True)
class Request:
    """``title`` is what the sweep is called; ``counted`` tells each metric in the words of 0.5.0, ``get_all 3/10``;
    ``on_stale`` overrides that of the manager."""

    title: str
    executor: Executor | None = None
    on_error: OnError = "raise"
    use_stored: bool = True
    verbose: bool | None = None
    counted: bool = False
    on_stale: OnStale | None = None

    def __attrs_post_init__(self) -> None:
        if self.on_error not in ("raise", "collect"):
            raise ValueError(f"on_error={self.on_error!r}: it is 'raise' or 'collect'")
        is_one = callable(getattr(self.executor, "submit", None)) and not isinstance(self.executor, type)
        if self.executor is not None and not is_one:
            raise TypeError(f"executor={self.executor!r} is no executor: give one, as in ThreadPoolExecutor(4)")
