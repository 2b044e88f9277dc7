"""What can be said against a stored value, and what a manager does about it when the value is asked for.

Each reason has a policy. Changed code is *told* by default: to compute anew at every edit throws nights of work away,
to say nothing serves wrong numbers. What was really computed from something else is computed anew by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias, cast, get_args

from simple_metrics_manager.errors import MetricDeclarationError

Reason: TypeAlias = Literal[
    "missing",
    "corrupt",
    "type_changed",
    "version_changed",
    "signature_changed",
    "code_changed",
    "helper_changed",
    "global_changed",
    "upstream_changed",
    "upstream_stale",
    "upstream_missing",
    "file_changed",
    "expired",
    "environment_changed",
    "unknown",
]
"""Everything that can be said against a stored value. The set is closed: each reason has a policy."""

REASONS: tuple[Reason, ...] = get_args(Reason)

NOTES: frozenset[Reason] = frozenset({"upstream_missing", "environment_changed"})
"""What is worth a note, and makes no value stale."""

Policy: TypeAlias = Literal["use", "warn", "recompute", "error"]
"""Take the value in silence; take it, and warn once; compute it anew; refuse before anything runs."""

POLICIES: tuple[Policy, ...] = get_args(Policy)

Preset: TypeAlias = Literal["careful", "strict", "fresh"]
"""``careful`` warns of changed code, ``strict`` refuses it, as for a paper, ``fresh`` computes anew what it touches."""

OnStale: TypeAlias = "Preset | Mapping[Reason, Policy]"
"""A preset, or policies for some of the reasons, where the others stay as they are."""

Policies: TypeAlias = Mapping[Reason, Policy]

_CODE: tuple[Reason, ...] = ("code_changed", "helper_changed", "global_changed")

CAREFUL: Policies = MappingProxyType(
    {
        "missing": "recompute",
        "corrupt": "recompute",
        "type_changed": "recompute",
        "version_changed": "recompute",
        "signature_changed": "recompute",
        "code_changed": "warn",
        "helper_changed": "warn",
        "global_changed": "warn",
        "upstream_changed": "recompute",
        "upstream_stale": "warn",
        "upstream_missing": "use",
        "file_changed": "recompute",
        "expired": "recompute",
        "environment_changed": "use",
        "unknown": "warn",
    }
)

PRESETS: Mapping[Preset, Policies] = {
    "careful": CAREFUL,
    "strict": MappingProxyType({**CAREFUL, **dict.fromkeys((*_CODE, "upstream_stale", "unknown"), "error")}),
    "fresh": MappingProxyType({**CAREFUL, **dict.fromkeys((*_CODE, "upstream_stale"), "recompute")}),
}

TRUST: Policies = MappingProxyType(dict.fromkeys(REASONS, "use"))
"""What was computed a moment ago is used, whatever can be said against it."""

_ONLY: Mapping[Reason, tuple[Policy, ...]] = {
    "missing": ("recompute", "error"),
    "corrupt": ("recompute", "error"),
    "type_changed": ("recompute", "error"),
}
"""There is no value, or none of the declared type: it cannot be used."""


def problem_of(on_stale: object) -> str:
    """Why this is no ``on_stale``; empty if it is one."""
    if isinstance(on_stale, str):
        names = ", ".join(map(repr, PRESETS))
        return "" if on_stale in PRESETS else f"on_stale={on_stale!r} is none of {names}"
    if not isinstance(on_stale, Mapping):
        return f"on_stale={on_stale!r} is neither a preset, as 'strict', nor a mapping, as {{'code_changed': 'error'}}"
    for reason, policy in cast("Mapping[object, object]", on_stale).items():
        if reason not in REASONS:
            return f"on_stale: {reason!r} is no reason; there are {', '.join(REASONS)}"
        allowed = _ONLY.get(reason, POLICIES)
        if policy not in allowed:
            return f"on_stale: {reason!r} cannot be {policy!r}, only {', '.join(map(repr, allowed))}"
    return ""


def check_on_stale(on_stale: object, where: str) -> None:
    """Refuse what is no ``on_stale`` of a class or an instance.

    Raises:
        MetricDeclarationError: it is neither a preset nor a mapping of reasons to policies that they can have.
    """
    problem = problem_of(on_stale)
    if problem:
        raise MetricDeclarationError(where, problem)


def layered(*layers: OnStale | None) -> Policies:
    """The policies that layers give, the last one on top: a preset replaces what is below, a mapping alters it."""
    found: Policies = CAREFUL
    for layer in layers:
        if layer is not None:
            found = PRESETS[layer] if isinstance(layer, str) else {**found, **layer}
    return found
