"""Tables of pyarrow, through which every table goes: to parquet and back, and what parquet keeps of them.

pyarrow is imported here and nowhere else, when the first table comes.
"""

# ruff: noqa: PLC0415  # pyarrow is imported where it is called: it is large, and not always there

from __future__ import annotations

import base64
import functools
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from simple_metrics_manager.errors import MissingExtraError
from simple_metrics_manager.payload.misfit import Misfit

if TYPE_CHECKING:
    from pyarrow import Array as Chunk
    from pyarrow import ChunkedArray as Column
    from pyarrow import DataType, Schema
    from pyarrow import Table as ArrowTable

    __all__ = ["ArrowTable", "Chunk", "Column", "DataType", "Schema"]

T = TypeVar("T")
Layout: TypeAlias = Literal["null", "bool", "bytes", "list", "struct", "dictionary", "extension", "fixed"]
"""How the values of a type lie in memory."""


def require_pyarrow() -> None:
    """Told where a table is declared, so that nothing is computed in vain; nothing is imported yet.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError("storing a table", "pyarrow", "parquet")


def to_parquet(table: ArrowTable, compression: str, notes: Mapping[str, str] | None = None) -> memoryview:
    """A whole parquet file in memory; ``notes`` become the last of its key-value metadata."""
    import pyarrow as pa
    from pyarrow import parquet, types

    # Measured floats hardly ever repeat: a dictionary of them triples the time to write, and makes the file larger.
    repeating = [field.name for field in table.schema if not types.is_floating(field.type)]
    stream = pa.BufferOutputStream()
    writer = parquet.ParquetWriter(
        stream, table.schema, compression=compression, use_dictionary=repeating, use_compliant_nested_type=False
    )
    try:
        writer.write_table(table)
        if notes:
            writer.add_key_value_metadata(notes)
        writer.close()
    except BaseException:
        writer.is_open = False  # or it would try once more to close when it is destroyed, where nobody can be told
        raise
    return memoryview(stream.getvalue()).cast("B")


def from_parquet(blob: memoryview) -> ArrowTable:
    """The table in a parquet file.

    Raises:
        ValueError: it is none, or none that this version of pyarrow can read.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(pa.BufferReader(pa.py_buffer(blob))).read()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"pyarrow cannot read it: {error}") from error


def from_pandas(frame: object) -> ArrowTable:
    """pyarrow's own conversion of a data frame, with the metadata by which pandas knows it again.

    Raises:
        Misfit: it has no form for one of the columns.
    """
    import pyarrow as pa

    return explained(lambda: pa.Table.from_pandas(frame))


def from_columns(columns: Mapping[str, Sequence[object]]) -> ArrowTable:
    """A table of values of Python, whose types pyarrow infers.

    Raises:
        Misfit: the values of a column are of several kinds.
    """
    import pyarrow as pa

    return explained(lambda: pa.table(columns))


def explained(convert: Callable[[], T]) -> T:
    """What ``convert`` gives.

    Raises:
        Misfit: pyarrow or its guest raised one of their many errors; what is wrong comes last in them, so goes first.
    """
    import pyarrow as pa

    try:
        return convert()
    except (pa.ArrowException, TypeError, ValueError, OverflowError, NotImplementedError) as error:
        parts = error.args if not isinstance(error, UnicodeError) else (error,)
        raise Misfit(": ".join(str(part) for part in reversed(parts))) from error


def lasting(table: ArrowTable) -> ArrowTable:
    """The same table in types that a parquet file brings back: ``timestamp[s]``, say, becomes ``timestamp[ms]``.

    Raises:
        Misfit: a column has none.
    """
    for at, kept in enumerate(kept_types(table.schema.remove_metadata())):
        field = table.schema.field(at)
        if field.type != kept:
            table = table.set_column(at, field.with_type(kept), converted(table.column(at), kept, field.name))
    return table


def converted(column: Column, to: DataType, name: str) -> Column:
    """The column as another type, if nothing is lost.

    Raises:
        Misfit: it would be.
    """
    if column.type == to:
        return column
    try:
        encode = layout(to) == "dictionary" != layout(column.type)
        return explained(lambda: (column.dictionary_encode() if encode else column).cast(to))
    except Misfit as misfit:
        raise Misfit(f"column {name!r} of type {column.type} does not fit into {to}: {misfit}") from misfit.__cause__


@functools.lru_cache(maxsize=64)
def kept_types(schema: Schema) -> tuple[DataType, ...]:
    """The types in which a parquet file brings back columns of this schema.

    Raises:
        Misfit: there is none for one of them.
    """
    import pyarrow as pa

    try:
        return tuple(from_parquet(to_parquet(schema.empty_table(), "none")).schema.types)
    except (pa.ArrowException, ValueError, OSError) as error:
        if len(schema) > 1:
            for field in schema:
                kept_types(pa.schema([field]))
        names = ", ".join(f"{field.name!r} of type {field.type}" for field in schema)
        raise Misfit(f"a parquet file has no form for column {names}: {error}") from error


def pack_schema(schema: Schema) -> str:
    """The schema as text."""
    return base64.b64encode(schema.serialize().to_pybytes()).decode("ascii")


def unpack_schema(text: str) -> Schema:
    """The schema again."""
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))


def pack_type(kind: DataType) -> str:
    """A type as text."""
    import pyarrow as pa

    return pack_schema(pa.schema([("", kind)]))


def unpack_type(text: str) -> DataType:
    """The type again."""
    return unpack_schema(text).field(0).type


def layout(kind: DataType) -> Layout:
    """How the values of this type lie in memory."""
    import pyarrow as pa
    from pyarrow import types

    if isinstance(kind, pa.BaseExtensionType):
        return "extension"
    if types.is_null(kind):
        return "null"
    if types.is_dictionary(kind):
        return "dictionary"
    if types.is_boolean(kind):
        return "bool"
    if types.is_struct(kind):
        return "struct"
    if types.is_nested(kind):
        return "list"
    name = str(kind)
    return "bytes" if name.removeprefix("large_").removesuffix("_view") in ("string", "binary") else "fixed"


def as_bytes(chunk: Chunk) -> Chunk:
    """Text or bytes as a large binary array, whose buffers are offsets of 64 bits, and bytes."""
    import pyarrow as pa

    return chunk.cast(pa.large_binary())


def as_lists(chunk: Chunk) -> tuple[Chunk, Chunk]:
    """How long each of the lists or maps is, a null 0, and all their items, one after the other."""
    import pyarrow as pa
    from pyarrow import compute

    kind = chunk.type
    if isinstance(kind, pa.MapType):
        chunk = chunk.cast(pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)])))
    return compute.list_value_length(chunk).fill_null(0), chunk.flatten()


def as_column(chunk: Chunk) -> Column:
    """A column of one chunk."""
    import pyarrow as pa

    return pa.chunked_array([chunk])


def decoded(column: Column) -> Column:
    """The values of a column, without a dictionary."""
    import pyarrow as pa

    kind = column.type
    return column.cast(kind.value_type) if isinstance(kind, pa.DictionaryType) else column
