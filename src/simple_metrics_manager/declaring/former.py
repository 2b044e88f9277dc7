"""What a metric and its parameters were called before, as its declaration says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast

import attrs

from simple_metrics_manager.errors import MetricDeclarationError

OldNames: TypeAlias = "str | tuple[str, ...]"
"""One name that something had before, or several."""


@attrs.frozen
class Former:
    """Old names of a metric; and of its parameters, by the names that these have now."""

    names: tuple[str, ...] = ()
    parameters: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])

    @classmethod
    def said(cls, names: object, parameters: object = None) -> Former:
        """What was given to ``@metric``.

        Raises:
            MetricDeclarationError: these are no names, or two parameters have changed places.
        """
        old = _names(names)
        if old is None:
            raise MetricDeclarationError("@metric", f"renamed_from={names!r} is no name, and no tuple of names")
        given: object = {} if parameters is None else parameters
        pairs = cast("Mapping[object, object]", given).items() if isinstance(given, Mapping) else [(None, None)]
        found: dict[str, tuple[str, ...]] = {}
        for new, olds in pairs:
            each = _names(olds)
            if not isinstance(new, str) or each is None:
                problem = f"renamed_parameters={parameters!r} is no mapping of parameters to the names that they had"
                raise MetricDeclarationError("@metric", problem)
            found[new] = each
        both = sorted(found.keys() & {name for olds in found.values() for name in olds})
        if both:
            problem = f"renamed_parameters says that {both[0]!r} is new, and that it is old: values cannot tell which"
            raise MetricDeclarationError("@metric", f"{problem}; give it a name that no parameter had")
        return cls(old, found)

    def check(self, metric: str, parameters: Iterable[str] = ()) -> None:
        """See that the metric has the parameters that are said to have had other names.

        Raises:
            MetricDeclarationError: the function has no such parameter.
        """
        unknown = sorted(self.parameters.keys() - set(parameters))
        if unknown:
            problem = f"renamed_parameters names {unknown[0]!r}, which is no parameter of the function"
            raise MetricDeclarationError(metric, f"{problem}; give {{'new name': 'old name'}}")


def _names(given: object) -> tuple[str, ...] | None:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, tuple):
        return None
    every = cast("tuple[object, ...]", names)
    return cast("tuple[str, ...]", every) if all(isinstance(name, str) for name in every) else None
