"""What a metric of a manager is today, for comparing what is stored with it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.asking.paths import paths_of
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.freshness.comparing import Present
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.sweeping.host import Manager

_NO_INPUTS: Mapping[str, Tree] = {}


class Presents:
    """The metrics of one manager as they are now; each is found out once for all points of a sweep."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._known: dict[Declaration, Present] = {}

    def of(self, asked: Question) -> Present:
        """That of what is asked."""
        declaration = asked.key.declaration
        found = self._known.get(declaration)
        if found is None:
            codec = self._manager.__metrics__.shelf.codec(asked.host, asked.key)
            found = self._known[declaration] = present(asked, codec)
        elif callable(declaration.options.files):
            return attrs.evolve(found, files=_paths(asked))  # each point may read others
        return found


def present(asked: Question, codec: Codec) -> Present:
    """What would compute it now."""
    declaration = asked.key.declaration
    inputs = asked.inputs.all if declaration.takes_manager else _NO_INPUTS
    return present_of(declaration, type(asked.host), codec, _paths(asked), inputs)


def present_of(
    declaration: Declaration,
    kind: type,
    codec: Codec | None,
    files: tuple[str, ...],
    inputs: Mapping[str, Tree] = _NO_INPUTS,
) -> Present:
    """What would compute a metric for a manager of this class; without ``inputs``, whichever that is."""
    return Present(
        label=declaration.label,
        code=declaration.fingerprint(kind),
        type=None if codec is None or declaration.anonymous else codec.declared,
        version=declaration.version,
        inputs=inputs,
        max_age=declaration.options.max_age,
        files=files,
    )


def _paths(asked: Question) -> tuple[str, ...]:
    """The files that are declared now. If they cannot be told, those of the record count: to compute it will show."""
    try:
        return paths_of(asked)
    except Exception:  # noqa: BLE001  # of a user's function, for which nobody has asked
        return ()
