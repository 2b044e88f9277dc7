"""``smm show``: what a value is, when it was computed, where it lies, what it was computed from."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import cast

import attrs

from simple_metrics_manager.cli.asking import history
from simple_metrics_manager.cli.command import Context
from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.grids import grid
from simple_metrics_manager.cli.naming import target
from simple_metrics_manager.cli.places import shown_place
from simple_metrics_manager.cli.survey import Surveyed, survey
from simple_metrics_manager.cli.tracebacks import of_user
from simple_metrics_manager.cli.values import brief, lines, plain
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import MetricsError, NotStoredError
from simple_metrics_manager.events import format_seconds
from simple_metrics_manager.freshness.wording import age, short_place, size
from simple_metrics_manager.outcomes.reasons import REASONS, Policy, Reason
from simple_metrics_manager.storing.storage import EntryStorage
from simple_metrics_manager.sweeping.host import Manager

_LOADED = 50_000_000
"""Bytes of a sweep that are read for its table; more than that is not looked at."""

_ROWS = 200

_AS_STORED: Mapping[Reason, Policy] = {
    reason: "use" for reason in REASONS if reason not in ("missing", "corrupt", "type_changed")
}


@attrs.frozen(kw_only=True)
class Show:
    """The verb."""

    name: str
    params: tuple[str, ...] = ()
    error: bool = False
    full: bool = False
    path: bool = False

    def run(self, context: Context) -> Exit:
        """Show it.

        Raises:
            UnknownMetricError: there is no such metric.
            NotStoredError: its value is asked for, and is not stored.
        """
        meant = target(context.manager, self.name, self.params)
        found = survey(context.manager, [meant.points.name]).get(meant.points.name)
        names = {key.name for key in meant.keys}
        values = () if found is None else tuple(each for each in found.values if meant.whole or each.key.name in names)
        if found is None or not values:  # a point that is neither declared nor stored
            raise NotStoredError(
                meant.keys[0].name if meant.keys else self.name, shown_place(context.manager.storage_interface)
            )
        found = found.only(values)
        if self.error:
            return self._errors(context, found)
        if self.path:
            return self._paths(context, found)
        if context.options.json:
            return self._document(context, found)
        return self._one(context, found) if len(values) == 1 else self._sweep(context, found)

    def _errors(self, context: Context, found: Surveyed) -> Exit:
        failures = [each.found.failure for each in found.values if each.found.failure is not None]
        if context.options.json:
            context.out.document("smm.errors/1", {"errors": [each.to_dict() for each in failures]})
        elif not failures:
            context.out.say(f"{found.name} has no error that is newer than its value.")
        for failure in () if context.options.json else failures:
            context.out.say(f"{failure}\n  {age(failure.date)} ago{f', on {failure.host}' if failure.host else ''}\n")
            context.out.say(of_user(failure.traceback.rstrip()))
        return Exit.DONE

    def _paths(self, context: Context, found: Surveyed) -> Exit:
        places = [place_of(context, each.key) for each in found.values if each.found.date is not None]
        if context.options.json:
            context.out.document("smm.paths/1", {"paths": places})
        else:
            context.out.say("\n".join(places) if places else f"{found.name} is not stored.")
        return Exit.DONE if places else Exit.NOT_RIGHT

    def _document(self, context: Context, found: Surveyed) -> Exit:
        values = [
            {
                **each.found.to_dict(),
                "state": each.state,
                "parameters": plain(dict(each.key.params)),
                "place": place_of(context, each.key) if each.found.date is not None else None,
                "value": plain(loaded(context, each.key)) if each.found.date is not None else None,
            }
            for each in found.values
        ]
        context.out.document("smm.show/1", {"name": found.name, "type": found.type, "values": values})
        return Exit.DONE

    def _one(self, context: Context, found: Surveyed) -> Exit:
        point = found.values[0]
        stored = point.found.date is not None
        context.out.say("\n".join(_head(found, point.key.name)))
        context.out.say("\n".join(_facts(context, found)))
        if stored:
            shown = list(lines(loaded(context, point.key), full=self.full))
            context.out.say("\n" + "\n".join(f"  {line}" if not self.full else line for line in shown))
        return Exit.DONE if stored else Exit.NOT_RIGHT

    def _sweep(self, context: Context, found: Surveyed) -> Exit:
        context.out.say("\n".join(_head(found, found.name)))
        context.out.say("\n".join(_facts(context, found)))
        context.out.say("")
        weight = sum(each.found.bytes for each in found.values)
        heavy = weight > _LOADED and not self.full
        values: dict[str, object] = {}
        for each in found.values[: None if self.full else _ROWS]:
            if each.found.date is not None and not heavy:
                values[each.key.name] = loaded(context, each.key)
        table = grid(found.values, values, context.out.width)
        if table is not None:
            context.out.table(table, frozenset(range(len(table[0]))))
        else:
            context.out.table(list(self._rows(found, values, heavy=heavy)))
        return Exit.DONE

    def _rows(self, found: Surveyed, values: Mapping[str, object], *, heavy: bool) -> Iterator[tuple[str, str, str]]:
        for each in found.values[: None if self.full else _ROWS]:
            facts = f"{size(each.found.bytes)}" if heavy else ""
            shown = brief(values[each.key.name]) if each.key.name in values else facts
            yield f"  {each.key.name}", each.state, shown
        rest = 0 if self.full else len(found.values) - _ROWS
        if rest > 0:
            yield f"  and {rest} more", "", "--full shows them, smm export writes them to a file"


def loaded(context: Context, key: Metric[object]) -> object:
    """A stored value, be it stale or not; nothing is computed."""
    with cast("Manager", context.manager).__metrics__.as_told(_AS_STORED):
        return context.manager.load(key, verbose=False)


def place_of(context: Context, key: Metric[object]) -> str:
    """Where the value of a key is stored."""
    manager = cast("Manager", context.manager)
    source = manager.__metrics__
    storage: object = context.manager.storage_interface
    if not isinstance(storage, EntryStorage):
        return repr(storage)
    return storage.place(source.ask(manager, key).stored, source.shelf.form(manager, key))


def _head(found: Surveyed, name: str) -> Iterator[str]:
    """Its name and type, where it is declared, and what it says of itself."""
    function = found.points.keys[0].declaration.function if found.points.keys else None
    yield "  ".join(each for each in (name, found.type, _declared_at(function)) if each)
    text = inspect.getdoc(function) if function is not None else None
    if text:
        yield text.partition("\n\n")[0].replace("``", "")


def _declared_at(function: object) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return "" if code is None else short_place(f"{code.co_filename}:{code.co_firstlineno}")


def _facts(context: Context, found: Surveyed) -> Iterator[str]:
    row = found.row
    stored = [each for each in found.values if each.found.date is not None]
    points = f"; {len(stored)} of {len(found.values)} points" if found.points.sweep and len(found.values) > 1 else ""
    if row.date is None:
        yield _fact("pulled on", "never computed, or not stored")
    else:
        weight = f", {size(row.bytes)}" if row.bytes else ""
        when = f"{row.date.astimezone():%Y-%m-%d %H:%M}, {age(row.date)} ago"
        yield _fact("pulled on", f"{when}{points}; took {format_seconds(row.seconds)}{weight}")
    why = f": {found.why}" if found.why else ""
    yield _fact("state", f"{row.state}{why}")
    if len(stored) == 1:
        yield from (_fact("since then", each) for each in history(context, stored[0].key))
        yield _fact("stored in", short_place(place_of(context, stored[0].key)))
    try:
        graph = context.manager.graph()
    except MetricsError:
        return
    yield from (
        _fact(what, ", ".join(names))
        for what, names in (("needs", graph.inputs(found.name)), ("used by", graph.readers(found.name)))
        if names
    )


def _fact(name: str, text: str) -> str:
    return f"{name:<10} {text}"
