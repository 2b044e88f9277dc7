"""``smm run``: computes what is missing or stale, and says in the end what came of it."""

from __future__ import annotations

import multiprocessing
import pdb  # noqa: T100 - somebody asks for it
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import cast

import attrs

from simple_metrics_manager.cli.command import Context
from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.naming import Target, matching, target
from simple_metrics_manager.cli.reporting import kept_current
from simple_metrics_manager.cli.run_results import Results
from simple_metrics_manager.cli.scheduling import Batch, Schedule
from simple_metrics_manager.cli.survey import Point, Surveyed, selected, survey
from simple_metrics_manager.cli.tracebacks import told
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import ConfigError
from simple_metrics_manager.events import estimated, listening
from simple_metrics_manager.outcomes.reasons import Preset
from simple_metrics_manager.progress import show
from simple_metrics_manager.progress.choosing import follow
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.request import Request
from simple_metrics_manager.sweeping.sweep import Sweep


@attrs.frozen(kw_only=True)
class Run:
    """The verb."""

    names: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    older_than: timedelta | datetime | None = None
    force: bool = False
    jobs: int | None = None
    on_stale: Preset | None = None
    fail_fast: bool = False
    dry_run: bool = False
    pdb: bool = False
    report: str | None = None

    def run(self, context: Context) -> Exit:
        """Compute it.

        Raises:
            ConfigError: there is nowhere to keep what is computed, or options contradict each other.
            Exception: what a metric's function raised, with ``fail_fast``.
        """
        self._check(context)
        schedule = self._schedule(context)
        if self.dry_run:
            return self._would(context, schedule)
        try:
            return self._compute(context, schedule)
        except Exception as error:
            if not self.pdb:
                raise
            context.out.note(told(error))
            pdb.post_mortem(error.__traceback__)
            return Exit.NOT_RIGHT

    def _check(self, context: Context) -> None:
        if context.manager.storage_interface is None:
            kind = type(context.manager).__qualname__
            raise ConfigError(
                (f"{kind} has no storage, so what is computed would be gone at once: say --store FOLDER",)
            )
        if self.pdb and self.jobs:
            raise ConfigError(("--pdb debugs in this process: leave --jobs out",))
        if self.on_stale and self.force:
            raise ConfigError(("--force computes everything anew: leave --on-stale out",))
        if self.params and len(self.names) != 1:
            raise ConfigError(("-p says which points of one sweep are meant: name that sweep",))

    # ------------------------------------------------------------------------------------------------ what is meant
    def _schedule(self, context: Context) -> Schedule:
        wanted, also = self._wanted(context)
        graph = context.manager.graph()
        if self.state or self.older_than is not None:
            found = survey(context.manager, wanted, also)
            chosen = selected(found, self.state, self.older_than)
            wanted = {each.name: self._among(each, wanted[each.name]) for each in chosen}
        force = self.force or self.older_than is not None or "fresh" in self.state
        return Schedule(graph, wanted, force, "unknown" in self.state, also)

    def _wanted(self, context: Context) -> tuple[dict[str, frozenset[str] | None], tuple[Metric[object], ...]]:
        """The points that are meant, by metric, None for all; and their keys, where single ones are."""
        pattern = len(self.names) != 1 or any(sign in self.names[0] for sign in "*+")
        if pattern:
            return dict.fromkeys(matching(context.manager, self.names)), ()
        meant: Target = target(context.manager, self.names[0], self.params)
        names = None if meant.whole else frozenset(key.name for key in meant.keys)
        return {meant.points.name: names}, () if meant.whole else meant.keys

    def _among(self, each: Surveyed, meant: frozenset[str] | None) -> frozenset[str]:
        names = frozenset(point.key.name for point in each.values)
        return names if meant is None else names & meant

    # -------------------------------------------------------------------------------------------------- dry run
    def _would(self, context: Context, schedule: Schedule) -> Exit:
        found = survey(context.manager, schedule.scope, schedule.also)
        todo = schedule.todo(found)
        rows = [(name, points, _expected(found[name], points)) for name, points in todo.items()]
        if context.options.json:
            plain = [{"name": name, "values": len(points), "seconds": seconds} for name, points, seconds in rows]
            context.out.document("smm.plan/1", {"manager": type(context.manager).__qualname__, "metrics": plain})
            return Exit.DONE
        if not rows:
            context.out.say("Nothing to compute: everything is fresh.")
            return Exit.DONE
        count = sum(len(points) for _, points, _ in rows)
        known = [seconds for _, _, seconds in rows if seconds is not None]
        most = "up to " if any(_only_by_inputs(point) for _, points, _ in rows for point in points) else ""
        about = f", {estimated(sum(known))} judging by last time" if known else ""
        context.out.say(f"Would compute {most}{count} {'values' if count > 1 else 'value'}{about}:")
        context.out.table(
            [
                (
                    f"  {name}",
                    str(len(points)),
                    "?" if seconds is None else estimated(seconds),
                    found[name].why,
                )
                for name, points, seconds in rows
            ],
            frozenset({1, 2}),
        )
        return Exit.DONE

    # ------------------------------------------------------------------------------------------------------- for real
    def _compute(self, context: Context, schedule: Schedule) -> Exit:
        results = Results(type(context.manager).__qualname__, context.out, as_json=context.options.json)
        began, clock = datetime.now(UTC), time.monotonic()

        def look() -> Mapping[str, Surveyed]:
            return survey(context.manager, schedule.scope, schedule.also)

        with self._told(context), listening(results.hear, follow), self._executor() as executor, self._page(context):
            for batch in schedule.batches(look) if self.on_stale is None else [schedule.everything(look())]:
                self._together(context, batch, executor, results)
        found = look()
        results.seconds = time.monotonic() - clock
        results.slowest = _slowest(found, began)
        results.settle(schedule, found, keeps=self.on_stale is not None)
        results.write()
        return results.exit

    def _together(self, context: Context, batch: Batch, executor: Executor | None, results: Results) -> None:
        """As ``get_all``, but no value is read back, and none stays in memory."""
        request = Request(
            title=results.title,
            executor=executor,
            on_error="raise" if self.fail_fast or self.pdb else "collect",
            use_stored=not batch.anew,
            verbose=True,
        )
        manager = cast("Manager", context.manager)
        with manager.__metrics__.as_told(self.on_stale):
            Sweep(manager, batch.keys, request, load=False, hold=False).run()

    def _told(self, context: Context) -> AbstractContextManager[None]:
        return show("none" if context.options.quiet else context.options.progress, stream=sys.stderr)

    @contextmanager
    def _executor(self) -> Generator[Executor | None]:
        if self.jobs is None:
            yield None
            return
        how = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        with ProcessPoolExecutor(self.jobs, mp_context=multiprocessing.get_context(how)) as executor:
            yield executor

    def _page(self, context: Context) -> AbstractContextManager[object]:
        return nullcontext() if self.report is None else kept_current(context, self.report)


def _expected(each: Surveyed, points: list[Point]) -> float | None:
    """How long these points should take, judged by what is stored of the same metric; None if nothing is."""
    known = [point.found.seconds for point in each.values if point.found.date is not None]
    return len(points) * sum(known) / len(known) if known else None


def _only_by_inputs(point: Point) -> bool:
    """Whether it is fresh again if what it reads is computed to the same content."""
    causes = point.found.own_causes
    return point.state == "stale" and all(cause.reason == "upstream_stale" for cause in causes)


def _slowest(found: Mapping[str, Surveyed], began: datetime) -> list[Point]:
    new = [point for point in _stored(found) if point.found.date is not None and point.found.date >= began]
    return sorted(new, key=lambda point: -point.found.seconds)[:3]


def _stored(found: Mapping[str, Surveyed]) -> Iterator[Point]:
    for each in found.values():
        yield from each.values
