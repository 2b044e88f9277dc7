"""What is said beside the columns of a table about how it comes back: JSON among the metadata of its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from simple_metrics_manager.payload.misfit import Misfit
from simple_metrics_manager.payload.tree import Tree

if TYPE_CHECKING:
    from simple_metrics_manager.payload.arrow import ArrowTable

Plan: TypeAlias = dict[str, Tree]

OUR_KEYS = b"simple_metrics_manager"
"""What the keys of our metadata begin with."""

PLAN_KEY = OUR_KEYS + b".table"


def with_plan(table: ArrowTable, plan: Plan) -> ArrowTable:
    """The table with its plan."""
    text = json.dumps(plan, separators=(",", ":"))
    return table.replace_schema_metadata({**(table.schema.metadata or {}), PLAN_KEY: text.encode("ascii")})


def plan_text(table: ArrowTable) -> bytes:
    """The plan of a table as text, empty if it has none."""
    return (table.schema.metadata or {}).get(PLAN_KEY, b"")


def read_plan(table: ArrowTable) -> Plan:
    """The plan of a table.

    Raises:
        Misfit: it has none.
    """
    try:
        found = cast("object", json.loads(plan_text(table)))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Misfit("it is a table that does not say what it was")
    return cast("Plan", found)


def plan_in(plan: Mapping[str, Tree], key: str) -> Plan:
    """A plan within a plan."""
    found = plan.get(key)
    if not isinstance(found, dict):
        raise _incomplete(key)
    return found


def list_in(plan: Mapping[str, Tree], key: str) -> list[Tree]:
    """A list within a plan."""
    found = plan.get(key)
    if not isinstance(found, list):
        raise _incomplete(key)
    return found


def text_in(plan: Mapping[str, Tree], key: str) -> str:
    """A text within a plan."""
    found = plan.get(key)
    if not isinstance(found, str):
        raise _incomplete(key)
    return found


def _incomplete(key: str) -> Misfit:
    return Misfit(f"what it says of its {key} is not known to this version")
