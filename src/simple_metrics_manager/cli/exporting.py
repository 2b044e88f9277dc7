"""``smm export``: what is stored of a metric, as a table of rows and columns or as arrays, for other programs."""

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
from simple_metrics_manager.cli.export_files import is_table, npy, npz, parquet, parquet_of_table
from simple_metrics_manager.cli.naming import Target, target
from simple_metrics_manager.cli.places import shown_place
from simple_metrics_manager.cli.showing import loaded
from simple_metrics_manager.cli.survey import Point, survey
from simple_metrics_manager.cli.values import Plain, fields_of, plain
from simple_metrics_manager.errors import ConfigError, NotStoredError

PULLED_ON = "pulled_on"
KINDS = ("csv", "json", "npy", "npz", "parquet")
"""What the name of a file may end with."""


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
        if self.output == "-":
            rows = _rows(context, meant, points)
            context.out.say((_csv(rows) if kind == "csv" else _json(meant, rows)).rstrip("\n"))
            return Exit.DONE
        content, told = _file(context, kind, meant, points)
        write_whole(Path(self.output), content)
        missing = len(meant.keys if meant.whole else names) - len(points)
        lacks = f"; {missing} points are not stored" if missing > 0 else ""
        context.out.note(f"Wrote {told} to {self.output}{lacks}.")
        return Exit.DONE

    def _kind(self, context: Context) -> str:
        if self.output == "-":
            return "json" if context.options.json else "csv"
        kind = Path(self.output).suffix.removeprefix(".").lower()
        if kind not in KINDS:
            raise ConfigError((f"{self.output} should end with one of .{', .'.join(KINDS)}",))
        return kind


def _file(context: Context, kind: str, meant: Target, points: Sequence[Point]) -> tuple[bytes | memoryview, str]:
    """The content of a file, and what it is in a few words."""
    name = meant.points.name
    if kind == "npz":
        return npz(_arrays(context, meant, points))
    if kind == "npy":
        if len(points) > 1:
            raise ConfigError((f"an .npy file holds one array, and {name} has {len(points)} points: use .npz",))
        return npy(name, loaded(context, points[0].key))
    if kind == "parquet" and not meant.points.sweep and is_table(value := loaded(context, points[0].key)):
        return parquet_of_table(name, value), f"the table {name}"
    rows = _rows(context, meant, points)
    columns = _columns(rows)
    told = f"{len(rows)} {'row' if len(rows) == 1 else 'rows'}, columns {', '.join(columns)}"
    if kind == "parquet":
        return parquet(name, columns), told
    return (_csv(rows) if kind == "csv" else _json(meant, rows)).encode(), told


def _columns(rows: Sequence[Mapping[str, object]]) -> Mapping[str, Sequence[object]]:
    names = [*dict.fromkeys(name for row in rows for name in row)]
    return {name: [row.get(name) for row in rows] for name in names}


def _arrays(context: Context, meant: Target, points: Sequence[Point]) -> Mapping[str, object]:
    """Of a sweep an array for each parameter and for the values, else the value or its fields; and the dates."""
    if meant.points.sweep:
        return {**_columns(_rows(context, meant, points)), PULLED_ON: [plain(each.found.date) for each in points]}
    cells = _cells(meant.points.name, loaded(context, points[0].key))
    return {**cells, PULLED_ON: plain(points[0].found.date)}


def _rows(context: Context, meant: Target, points: Sequence[Point]) -> Sequence[Mapping[str, object]]:
    """One row for each value; for a plain metric that is an array or a list, one for each of its items."""
    name = meant.points.name
    if not meant.points.sweep:
        date = points[0].found.date
        return [{**cells, PULLED_ON: date} for cells in _items(name, loaded(context, points[0].key))]
    return [
        {**each.key.params, **_cells(name, loaded(context, each.key)), PULLED_ON: each.found.date} for each in points
    ]


def _items(name: str, value: object) -> Iterator[Mapping[str, object]]:
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
            yield {"index": index, **{f"{name}[{number}]": item for number, item in items}}


def _cells(name: str, value: object) -> Mapping[str, object]:
    """A value as one cell, or a class of fields as one for each of them."""
    fields = fields_of(value)
    return {name: value} if fields is None else {f"{name}.{field}": each for field, each in fields.items()}


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    """Text and numbers as they are; lists and tables within a cell as JSON."""
    columns = _columns(rows)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(plain(each)) for each in row] for row in zip(*columns.values(), strict=True))
    return stream.getvalue()


def _cell(value: Plain) -> str | int | float | None:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else value


def _json(meant: Target, rows: Sequence[Mapping[str, object]]) -> str:
    plain_rows = [{name: plain(each) for name, each in row.items()} for row in rows]
    content = {"schema": "smm.export/1", "name": meant.points.name, "rows": plain_rows}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """As a whole, so that nobody ever reads half of it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
