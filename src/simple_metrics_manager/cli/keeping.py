"""``smm clear``, ``smm rename``, ``smm check``: looking after what is stored. Nothing goes without ``--yes``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

import attrs

from simple_metrics_manager.cli.command import Context
from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.naming import matching, metrics_of, target, unknown
from simple_metrics_manager.cli.survey import survey
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import ConfigError, MetricsError, UnknownMetricError
from simple_metrics_manager.events import listening
from simple_metrics_manager.freshness.sweeps import Points
from simple_metrics_manager.keeping.printing import few
from simple_metrics_manager.keeping.reports import ClearPlan, RenamePlan
from simple_metrics_manager.keys import stored_name
from simple_metrics_manager.rename import convert_metric_name, rename_stored
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.sweeping.host import Manager

_DRY = "Nothing was {}: this was a dry run. Add --yes to do it."


@attrs.frozen(kw_only=True)
class Clear:
    """The verb; ``all`` is everything of this manager."""

    names: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    older_than: timedelta | datetime | None = None
    orphans: bool = False
    all: bool = False
    yes: bool = False

    def run(self, context: Context) -> Exit:
        """Delete it, or say what would go.

        Raises:
            ConfigError: nothing says what is meant.
        """
        if not (self.names or self.state or self.older_than or self.orphans or self.all):
            raise ConfigError(("what is to be deleted? Give names, --state, --older-than, --orphans or --all",))
        keys = self._keys(context)
        plan = ClearPlan(dry_run=not self.yes)
        if keys is None or keys:
            plan = context.manager.clear(keys, older_than=self.older_than, orphans=self.orphans, dry_run=not self.yes)
        if context.options.json:
            context.out.document("smm.clear/1", plan.to_dict())
        else:
            self._write(context, plan)
        return Exit.STORAGE if plan.failed else Exit.DONE

    def _keys(self, context: Context) -> Sequence[Metric[object] | str] | None:
        """What is named; None for everything."""
        manager = context.manager
        if self.state:
            found = survey(manager, matching(manager, self.names))
            return [point.key for each in found.values() for point in each.values if point.state in self.state]
        if not self.names:
            return None
        keys: list[Metric[object] | str] = []
        for name in self.names:
            if any(sign in name for sign in "*+"):
                keys += matching(manager, [name])
                continue
            try:
                keys += target(manager, name, self.params).asked
            except UnknownMetricError:
                keys.append(name)  # it may be stored, and declared no more; else the manager says so
        return keys

    def _write(self, context: Context, plan: ClearPlan) -> None:
        text = str(plan)
        context.out.say(text[0].upper() + text[1:])
        if plan.entries and plan.dry_run:
            context.out.note(_DRY.format("deleted"))


@attrs.frozen(kw_only=True)
class Rename:
    """The verb; without names it does what ``@metric(renamed_from=...)`` says.

    ``classes`` and ``inputs`` are written ``NEW=OLD``, as :func:`.rename_stored` takes them.
    """

    old: str | None = None
    new: str | None = None
    classes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    yes: bool = False

    def run(self, context: Context) -> Exit:
        """Move it, or say what would be moved.

        Raises:
            ConfigError: there is only one name, too much is said at once, ``NEW=OLD`` says nothing, or there is no
                storage that could be asked what it holds.
            UnknownMetricError: no metric has the new name.
        """
        if self.old is not None:
            if self.classes or self.inputs:
                raise ConfigError(("a metric is renamed, or classes and inputs are: not both at once",))
            return self._move(context, self.old)
        plan = self._plan(context)
        if context.options.json:
            context.out.document("smm.rename/1", plan.to_dict())
        else:
            context.out.say(str(plan))
            self._dry(context, something=bool(plan.moves))
        return Exit.DONE if plan.ok else Exit.NOT_RIGHT

    def _plan(self, context: Context) -> RenamePlan:
        if not self.classes and not self.inputs:
            return context.manager.adopt_renamed(dry_run=not self.yes)
        classes, inputs = _old_names("--class", self.classes), _old_names("--input", self.inputs)
        storage = _listable(context)
        try:
            return rename_stored(storage, type(context.manager), classes=classes, inputs=inputs, dry_run=not self.yes)
        except ValueError as error:  # a name is said to be new and old
            if isinstance(error, MetricsError):
                raise
            raise ConfigError((str(error),)) from error

    def _move(self, context: Context, old: str) -> Exit:
        known = metrics_of(context.manager)
        if self.new is None:
            raise ConfigError((f"what is {old} called now? smm rename {old} NEW",))
        if self.new not in known:
            raise unknown(context.manager, self.new, known)
        storage = _listable(context)
        before, after = (self._stored(context, known[self.new], name) for name in (old, self.new))
        with listening(instead=True):
            moves = convert_metric_name(storage, before, after, simulate=not self.yes)
        pairs = [(move.old, move.new) for move in moves]
        if context.options.json:
            moved = [{"old": one, "new": two} for one, two in pairs]
            context.out.document("smm.rename/1", {"moves": moved, "dry_run": not self.yes})
            return Exit.DONE
        if not pairs:
            context.out.say(f"Nothing is stored as {before}.")
            return Exit.NOT_RIGHT
        did = "Moved" if self.yes else "Would move"
        context.out.say(f"{did} {len(pairs)} {'value' if len(pairs) == 1 else 'values'}:")
        for line in few(f"{one} {context.out.sign('→', '->')} {two}" for one, two in pairs):
            context.out.say(line)
        self._dry(context, something=True)
        return Exit.DONE

    def _stored(self, context: Context, points: Points, name: str) -> str:
        """How a metric of this manager is called in its storage; one of a function by its name alone."""
        key = points.keys[0] if points.keys else None
        if key is None or not key.declaration.takes_manager:
            return name
        manager = cast("Manager", context.manager)
        return stored_name(manager.__metrics__.ask(manager, key).label, name)

    def _dry(self, context: Context, *, something: bool) -> None:
        if something and not self.yes:
            context.out.note(_DRY.format("moved"))


def _listable(context: Context) -> StoredEntries:
    storage: object = context.manager.storage_interface
    if not isinstance(storage, StoredEntries):
        raise ConfigError((f"{storage!r} cannot say what it holds",))
    return storage


def _old_names(option: str, texts: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """New names with the old ones, of which there may be several."""
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        new, _, old = (part.strip() for part in text.partition("="))
        if not new or not old:
            raise ConfigError((f"{text!r} is no pair of names: write {option} NEW=OLD",))
        found[new] = (*found.get(new, ()), old)
    return found


@attrs.frozen(kw_only=True)
class Check:
    """The verb."""

    def run(self, context: Context) -> Exit:
        """Read everything in the storage, and verify it."""
        report = context.manager.check()
        if context.options.json:
            context.out.document("smm.check/1", {"ok": report.ok, **report.to_dict()})
        else:
            context.out.say(str(report))
        return Exit.DONE if report.ok else Exit.NOT_RIGHT
