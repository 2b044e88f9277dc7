"""pyarrow's own tables, in the types that a parquet file brings back, and in their own again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simple_metrics_manager.payload.arrow import converted, kept_types, lasting, pack_schema, unpack_schema
from simple_metrics_manager.payload.arrow_content import column_hash
from simple_metrics_manager.payload.misfit import Misfit
from simple_metrics_manager.payload.plan import OUR_KEYS, Plan, text_in

if TYPE_CHECKING:
    from simple_metrics_manager.payload.arrow import ArrowTable


def table_to_arrow(table: ArrowTable) -> tuple[ArrowTable, Plan]:
    """The table as a file keeps it, and its schema.

    Raises:
        Misfit: parquet has no form for a column, or two have one name.
    """
    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Misfit(f"two columns have the name {twice[0]!r}, which a table file cannot tell apart; rename one")
    # One that was read from a file of ours says so, of that file.
    metadata = {key: text for key, text in (table.schema.metadata or {}).items() if not key.startswith(OUR_KEYS)}
    table = table.replace_schema_metadata(metadata or None)
    return lasting(table.unify_dictionaries()), {"schema": pack_schema(table.schema)}


def table_from_arrow(table: ArrowTable, plan: Plan) -> ArrowTable:
    """The table again."""
    schema = unpack_schema(text_in(plan, "schema"))
    for at, field in enumerate(schema):
        table = table.set_column(at, field, converted(table.column(at), field.type, field.name))
    return table.replace_schema_metadata(schema.metadata)


def tables_differ(one: ArrowTable, other: ArrowTable) -> str | None:
    """In what a table that came back is not what it was; chunks and the order of a dictionary are no part of it."""
    for at, kept in enumerate(kept_types(one.schema.remove_metadata())):
        field = one.schema.field(at)
        if field.type != kept and column_hash(one.column(at)) != column_hash(other.column(at)):
            return f"column {field.name!r} of type {field.type} would come back with other values"
    return None


def copied(table: ArrowTable) -> ArrowTable:
    """Itself: nobody can change it."""
    return table
