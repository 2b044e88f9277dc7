"""``smm export``: what is stored of a metric as a table of rows and columns, in CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import attrs
import numpy as np

from simple_metrics_manager.cli.command import Context
from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.naming import Target, target
from simple_metrics_manager.cli.places import shown_place
from simple_metrics_manager.cli.showing import loaded
from simple_metrics_manager.cli.survey import Point, survey
from simple_metrics_manager.cli.values import Plain, fields_of, plain
from simple_metrics_manager.errors import ConfigError, NotStoredError

PULLED_ON = "pulled_on"


@attrs.frozen(kw_only=True)
class Export:
    """The verb; ``output`` is a file, or ``-`` for standard output."""

    name: str
    params: tuple[str, ...] = ()
    output: str = "-"

    def run(self, context: Context) -> Exit:
        """Write it.

        Raises:
            ConfigError: the file is to be of another kind.
            NotStoredError: nothing of it is stored.
        """
        kind = self._kind(context)
        meant = target(context.manager, self.name, self.params)
        names = {key.name for key in meant.keys}
        every = survey(context.manager, [meant.points.name])[meant.points.name].values
        points = [each for each in every if each.found.date is not None and (meant.whole or each.key.name in names)]
        if not points:
            raise NotStoredError(self.name, shown_place(context.manager.storage_interface))
        rows = list(_rows(context, meant, points))
        columns = [*dict.fromkeys(name for row in rows for name in row)]
        text = _csv(rows, columns) if kind == "csv" else _json(meant, rows)
        if self.output == "-":
            context.out.say(text.rstrip("\n"))
            return Exit.DONE
        _write_whole(Path(self.output), text)
        missing = len(meant.keys if meant.whole else names) - len(points)
        lacks = f"; {missing} points are not stored" if missing > 0 else ""
        many = f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}"
        context.out.note(f"Wrote {many}, columns {', '.join(columns)} to {self.output}{lacks}.")
        return Exit.DONE

    def _kind(self, context: Context) -> str:
        if self.output == "-":
            return "json" if context.options.json else "csv"
        kind = Path(self.output).suffix.removeprefix(".").lower()
        if kind not in ("csv", "json"):
            raise ConfigError((f"{self.output} is no .csv and no .json file, which are what can be written",))
        return kind


def _rows(context: Context, meant: Target, points: Sequence[Point]) -> Iterator[Mapping[str, Plain]]:
    """One row for each value; for a plain metric that is an array or a list, one for each of its items."""
    name = meant.points.name
    if not meant.points.sweep:
        value = loaded(context, points[0].key)
        for cells in _items(name, value):
            yield {**cells, PULLED_ON: _date(points[0])}
        return
    for each in points:
        value = loaded(context, each.key)
        yield {**_params(each), **_cells(name, value), PULLED_ON: _date(each)}


def _items(name: str, value: object) -> Iterator[Mapping[str, Plain]]:
    if isinstance(value, np.ndarray):
        value = cast("object", value.tolist())
    if not isinstance(value, list | tuple):
        yield _cells(name, value)
        return
    for index, each in enumerate(cast("Sequence[object]", value)):
        if not isinstance(each, list):
            yield {"index": index, **_cells(name, each)}
        else:
            items = enumerate(cast("list[object]", each))
            yield {"index": index, **{f"{name}[{number}]": plain(item) for number, item in items}}


def _cells(name: str, value: object) -> Mapping[str, Plain]:
    """A value as one cell, or a class of fields as one for each of them."""
    fields = fields_of(value)
    return (
        {name: plain(value)} if fields is None else {f"{name}.{field}": plain(each) for field, each in fields.items()}
    )


def _params(point: Point) -> Mapping[str, Plain]:
    return {name: plain(value) for name, value in point.key.params.items()}


def _date(point: Point) -> str:
    return "" if point.found.date is None else point.found.date.isoformat()


def _csv(rows: Sequence[Mapping[str, Plain]], columns: Sequence[str]) -> str:
    """Text and numbers as they are; lists and tables within a cell as JSON."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return stream.getvalue()


def _cell(value: Plain) -> str | int | float | None:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else value


def _json(meant: Target, rows: Sequence[Mapping[str, Plain]]) -> str:
    content = {"schema": "smm.export/1", "name": meant.points.name, "rows": rows}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _write_whole(path: Path, text: str) -> None:
    """As a whole, so that nobody ever reads half of it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
