"""What a metric of a manager is today, for comparing what is stored with it."""

from __future__ import annotations

import attrs

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.asking.paths import paths_of
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.freshness.comparing import Present
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.sweeping.host import Manager


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
    return Present(
        label=declaration.label,
        code=declaration.fingerprint(type(asked.host)),
        type=None if declaration.anonymous else codec.declared,
        version=declaration.version,
        inputs=asked.inputs.all if declaration.takes_manager else {},
        max_age=declaration.options.max_age,
        files=_paths(asked),
    )


def _paths(asked: Question) -> tuple[str, ...]:
    """The files that are declared now. If they cannot be told, those of the record count: to compute it will show."""
    try:
        return paths_of(asked)
    except Exception:  # noqa: BLE001  # of a user's function, for which nobody has asked
        return ()
