"""``smm report``, and ``smm run --report``: the page with everything, written once or kept current during a run."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import attrs

from simple_metrics_manager.cli.command import Context
from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.errors import MetricsError
from simple_metrics_manager.manager import DatedCacheManager

SECONDS = 30
"""Between two versions of a page that is kept current, and so after which a browser looks again."""

_MEGABYTE = 1_000_000


@attrs.frozen(kw_only=True)
class Report:
    """The verb; ``max_size`` is in megabytes."""

    output: str = "report.html"
    title: str | None = None
    max_size: int | None = None
    no_values: bool = False
    open: bool = False

    def run(self, context: Context) -> Exit:
        """Write the page."""
        path = Path(self.output)
        limit = None if self.max_size is None else self.max_size * _MEGABYTE
        text = write(context.manager, path, title=self.title, limit=limit, values=not self.no_values)
        if context.options.json:
            content = {"path": str(path), "bytes": path.stat().st_size}
            context.out.document("smm.report/1", content)
        else:
            context.out.say(f"Wrote {text}")
        if self.open:
            webbrowser.open(path.resolve().as_uri())
        return Exit.DONE


def write(
    manager: DatedCacheManager,
    path: Path,
    *,
    title: str | None = None,
    limit: int | None = None,
    values: bool = True,
    refresh: int | None = None,
) -> str:
    """Write the page as a whole; what was written, in a line."""
    from simple_metrics_manager.report import write_report  # noqa: PLC0415 - it needs an extra

    if limit is None:
        return str(write_report(manager, path, title=title, values=values, refresh=refresh))
    return str(write_report(manager, path, max_size=limit, title=title, values=values, refresh=refresh))


@contextmanager
def kept_current(context: Context, file: str, seconds: float = SECONDS) -> Generator[None]:
    """Write the page now, again and again while the block runs, and a last time at its end, however that comes.

    The last one does not look again. A page that cannot be written stops no run: it is said once.
    """
    path = Path(file)
    over = threading.Event()
    write(context.manager, path, refresh=SECONDS)  # what is missing for it is said before the run begins

    def rewrite() -> None:
        while not over.wait(seconds):
            try:
                write(context.manager, path, refresh=SECONDS)
            except Exception as error:  # noqa: BLE001 - a night of work does not end for a page
                context.out.note(f"smm: {path} is not kept current any more: {error}")
                return

    thread = threading.Thread(target=rewrite, name="smm-report", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        try:
            write(context.manager, path)
        except (MetricsError, OSError) as error:
            context.out.note(f"smm: {path} was not written: {error}")
