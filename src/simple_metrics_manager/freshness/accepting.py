"""``accept``: somebody vouches that stored values are what today's code would compute, and says why.

What a record says of the code is made to say what it would say now, and the history of the value grows by who did
so, when and for what reason. Value, content and date stay as they are, so nothing downstream is touched; and the next
change of the code is noticed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

import attrs

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.asking.judging import check_identity, unusable
from simple_metrics_manager.asking.memory import Held
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CorruptMetricError, NewerFormatError, NotStoredError, WrongIdentityError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.comparing import own_causes
from simple_metrics_manager.freshness.named import Named
from simple_metrics_manager.freshness.presents import Presents
from simple_metrics_manager.freshness.wording import sentence
from simple_metrics_manager.history import Change
from simple_metrics_manager.markup import Shown
from simple_metrics_manager.outcomes.reasons import Reason
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import dated
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.sources import keep_sources
from simple_metrics_manager.storing.storage import EntryStorage, Storage
from simple_metrics_manager.sweeping.host import Manager

_Outcome: TypeAlias = str
"""What became of a value, ``accepted``, ``unchanged`` or ``missing``, or a sentence that says why it was left alone."""

ACCEPTABLE: frozenset[Reason] = frozenset(
    {"code_changed", "helper_changed", "global_changed", "signature_changed", "environment_changed", "unknown"}
)
"""What is settled by saying that it does not matter."""

_KINDS = ("accepted", "unchanged", "missing")
_TRIES = 16
"""So often somebody else may store a value of this name between our look at it and our writing."""


@attrs.frozen
class AcceptReport(Shown):
    """What ``accept`` has done; names are those of values within the manager.

    ``accepted`` are now of today's code, ``unchanged`` were already, ``missing`` are declared and not stored. ``left``
    could not be accepted, and says why: another declared version or type, say.
    """

    label: str
    reason: str
    accepted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    missing: tuple[str, ...] = attrs.field(default=(), repr=False)
    left: Mapping[str, str] = attrs.field(factory=dict[str, str])

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        names = {name: list(getattr(self, name)) for name in ("accepted", "unchanged", "missing")}
        return {"label": self.label, "reason": self.reason, **names, "left": dict(self.left)}

    def __str__(self) -> str:
        told = [f"{len(self.accepted)} accepted ({self.reason})"]
        counts = (self.unchanged, "of today's code already"), (self.missing, "not stored"), (self.left, "left alone")
        told += [f"{len(names)} {what}" for names, what in counts if names]
        return "\n".join([f"{self.label}: {', '.join(told)}", *(f"  {name}: {why}" for name, why in self.left.items())])


def accept(manager: Manager, named: Named, reason: str) -> AcceptReport:
    """Vouch for everything that is stored of what is named.

    Entries are written one by one, each whole or not at all: what was interrupted goes on when it is called again.

    Raises:
        ValueError: there is no reason.
        SaveError: the storage failed; those before are accepted.
    """
    if not reason.strip():
        raise ValueError(
            "accept needs a reason, which is kept with the values: accept(..., reason='renamed a variable')"
        )
    acceptance = _Acceptance(manager, reason.strip())
    outcomes: dict[str, _Outcome] = {}
    with manager.__metrics__.grouped(manager):
        for key in named.declared:
            outcomes[key.name] = acceptance.settle(key) if named.may_be_stored(key) else "missing"
        for key in named.further:
            outcomes[key.name] = acceptance.settle(key)
    accepted, unchanged, missing = (
        tuple(name for name, outcome in outcomes.items() if outcome == kind) for kind in _KINDS
    )
    left = {name: outcome for name, outcome in outcomes.items() if outcome not in _KINDS}
    return AcceptReport(named.label, reason.strip(), accepted, unchanged, missing, left)


class _Acceptance:
    """One reason, and what is stored that it is to settle."""

    def __init__(self, manager: Manager, reason: str) -> None:
        self._manager = manager
        self._source = manager.__metrics__
        self._reason = reason
        self._presents = Presents(manager)

    def settle(self, key: Metric[object]) -> _Outcome:
        """Accept one value; what became of it, or why it was left alone."""
        asked = self._source.ask(self._manager, key)
        storage: object = self._source.shelf.storage(self._manager)
        if not isinstance(storage, EntryStorage):
            stored = storage is not None and self._source.shelf.holds(asked)
            return f"{storage!r} keeps no records of code" if stored else "missing"
        form = self._source.shelf.form(self._manager, key)
        form = storage.form if form is None and isinstance(storage, StoredEntries) else form
        try:
            record = storage.read_record(asked.stored, form)
            if record is None:
                return _OLD
            check_identity(asked, record, dated(cast("Storage", storage)), form)
            outcome = self._stamped(asked, record)[0]
            return self._claim_and_write(asked, storage, form) if outcome == "accepted" else outcome
        except NotStoredError:
            return "missing" if self._source.shelf.record(asked) is None else _OLD
        except (CorruptMetricError, NewerFormatError, WrongIdentityError) as error:
            return str(error).partition("\n")[0]

    def _claim_and_write(self, asked: Question, storage: EntryStorage, form: Format | None) -> _Outcome:
        """Keep those out who would compute it: where entries have no tags, we could replace what they store."""
        if not isinstance(storage, StoredEntries):
            return self._write(asked, storage, form) or _BUSY
        attempt = None if storage.claims is None else storage.claims.attempt(asked.stored)
        try:
            if attempt is not None and attempt.take() is None:
                return _BUSY
            tries = (self._replace(asked, storage, form) for _ in range(_TRIES))
            return next((outcome for outcome in tries if outcome is not None), _BUSY)
        finally:
            if attempt is not None:
                attempt.end()

    def _replace(self, asked: Question, storage: StoredEntries, form: Format | None) -> _Outcome | None:
        """Write it, unless somebody else has meanwhile: then None."""
        return self._write(asked, storage, form, storage.tag(asked.stored, form))

    def _write(
        self, asked: Question, storage: EntryStorage, form: Format | None, tag: str | None = None
    ) -> _Outcome | None:
        entry = storage.read(asked.stored, form)
        before = entry.record
        outcome, stamped = ("missing", None) if before is None else self._stamped(asked, before)
        if before is None or stamped is None:
            return outcome
        new = Entry(stamped, entry.payload)
        if tag is None or not isinstance(storage, StoredEntries):
            storage.write(new, form)
        elif storage.replace(new, tag, form) is None:
            return None
        keep_sources(storage, stamped.helpers)
        self._remember(asked, before, stamped)
        return outcome

    def _stamped(self, asked: Question, record: Record) -> tuple[_Outcome, Record | None]:
        """What is to be stored in place of this record, if anything is."""
        now = self._presents.of(asked)
        codec = self._source.shelf.codec(self._manager, asked.key)
        problem = None if asked.key.declaration.anonymous else unusable(asked, codec, record)
        if problem is not None:  # it has been declared to be another value
            return f"{problem[1]}: it is computed anew when it is asked for", None
        settled = _acceptable(own_causes(record, now))
        if not settled:
            return "unchanged", None
        code = now.code
        stamped = attrs.evolve(
            record,
            code=code.code,
            helpers=code.helpers,
            globals=code.globals,
            python=now.python,
            libraries=now.libraries,
        )
        remaining = set(_acceptable(own_causes(stamped, now)))
        if remaining.issuperset(settled):
            return sentence(settled[0]), None
        changed = tuple(sentence(cause) for cause in settled)
        change = Change.now("accepted", self._reason, record.code.hash, code.code.hash, changed)
        return "accepted", attrs.evolve(stamped, history=(*record.history, change))

    def _remember(self, asked: Question, before: Record, now: Record) -> None:
        """Let the memory know: the value that it holds is the one whose record was written."""
        held = self._source.memory.held.get(asked.name)
        if held is not None and held.state == "stored" and held.record.date == before.date:
            self._source.memory.put(asked.name, Held(held.value, held.immutable, now, "stored"), asked.epoch)


def _acceptable(causes: tuple[Cause, ...]) -> list[Cause]:
    return [cause for cause in causes if cause.reason in ACCEPTABLE]


_BUSY = "somebody computes it just now: accept it once more when that is done"
_OLD = "it was stored by 0.5.0, or by hand, without a record of its code: compute it anew, or convert it first"
