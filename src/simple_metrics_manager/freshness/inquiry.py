"""Asking about what a manager has stored: records are read, never values, and each thing is found out once."""

from __future__ import annotations

from collections.abc import Container, Mapping

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.asking.judging import check_identity
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.lookup import named_key
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import CorruptMetricError, NewerFormatError, NotStoredError, WrongIdentityError
from simple_metrics_manager.freshness.causes import Cause, status_of
from simple_metrics_manager.freshness.elsewhere import Elsewhere
from simple_metrics_manager.freshness.helper_diffs import HelperDiffs
from simple_metrics_manager.freshness.presents import Presents
from simple_metrics_manager.freshness.staleness import Staleness
from simple_metrics_manager.freshness.upstream import Judge, Name, Stored, Verdict
from simple_metrics_manager.keys import stored_name, without_params
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.storing.dated import dated
from simple_metrics_manager.storing.storage import EntryStorage
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.reads import metric_called


class Inquiry:
    """What is fresh of one manager, at this moment.

    ``names`` are all that the storage has, if that is known: then nothing else is looked for. ``known`` are verdicts
    from before.
    """

    def __init__(
        self, manager: Manager, names: Container[str] | None = None, known: Mapping[Name, Verdict] | None = None
    ) -> None:
        self._manager = manager
        self._source = manager.__metrics__
        self._names = names
        self._judge = Judge(self._look, HelperDiffs(self._source.shelf.storage(manager)), known)
        self._presents = Presents(manager)
        self._others = Elsewhere(manager)
        self.label: str = self._source.ask(manager, _ANY).label
        """That of the manager, with its inputs."""

    def about(self, key: Metric[object], failure: Failure | None = None) -> Staleness:
        """What there is to say about the value of this key."""
        asked = self._source.ask(self._manager, key)
        stored = self._stored(asked)
        verdict = self._judge.judge(Read(asked.label, asked.name, ""), stored)
        causes = () if verdict is None else verdict.causes
        unchanged = () if verdict is None else verdict.unchanged
        record, status = stored.record, status_of(causes)
        if record is None:
            return Staleness(key.name, key.label, status, causes, failure=failure)
        failure = failure if failure is None or failure.date > record.date else None
        facts = record.date, record.seconds, record.bytes, record.code.hash
        return Staleness(key.name, key.label, status, causes, *facts, unchanged, failure)

    def judge(self, asked: Question, record: Record | None = None) -> Verdict | None:
        """All that speaks against a value that has this record, or that which is stored."""
        stored = self._stored(asked) if record is None else Stored(asked.name, record, self._presents.of(asked))
        return self._judge.judge(Read(asked.label, asked.name, ""), stored)

    @property
    def others(self) -> Mapping[str, Declaration]:
        """The metrics of other managers that went into something, by the names of their values."""
        return self._others.declarations

    def verdicts(self) -> dict[Name, Verdict]:
        """What was found out about this and about all that it was computed from."""
        return self._judge.verdicts

    def declared_type(self, key: Metric[object]) -> str:
        """The declared type of a metric as it is spelled; empty if there is none."""
        return self._presents.of(self._source.ask(self._manager, key)).type or ""

    # ------------------------------------------------------------------------------------------------ what is stored
    def _look(self, read: Read) -> Stored | None:
        """What is stored of something that was read."""
        key = self._key(read)
        if key is not None:
            return self._stored(self._source.ask(self._manager, key, read.metric))
        name = stored_name(read.manager, read.metric)
        record = self._elsewhere(name)
        if read.manager and read.manager == self.label:
            return Stored(read.metric, record, gone="not declared any more")
        return self._others.stored(read, record, name)

    def _key(self, read: Read) -> Metric[object] | None:
        """The metric of this manager that was read; None if it is none of it."""
        kind, functions = type(self._manager), self._manager.functions_dict
        if not read.manager:
            return named_key(kind, functions, read.metric) if read.metric in functions else None
        found = metric_called(kind, without_params(read.metric))
        if found is None or read.manager != self.label:
            return None
        if isinstance(found, Metric) and found.name == read.metric:
            return found
        return Metric[object].made_from(found.declaration, read.metric)

    def _stored(self, asked: Question) -> Stored:
        record = self._record(asked)
        present = self._presents.of(asked)
        if isinstance(record, Cause):
            return Stored(asked.name, None, present, trouble=record)
        return Stored(asked.name, record, present, "" if record is not None else "not stored")

    def _record(self, asked: Question) -> Record | Cause | None:
        held = self._source.memory.held.get(asked.name)
        if held is not None:
            return held.record
        if self._names is not None and asked.stored not in self._names and not self._is_old(asked):
            return None
        shelf, host = self._source.shelf, asked.host
        try:
            record = shelf.record(asked)
            storage = shelf.storage(host)
            if record is not None and record.content and storage is not None:
                check_identity(asked, record, dated(storage), shelf.form(host, asked.key))
        except CorruptMetricError as error:
            return Cause("corrupt", error.path, error.found)
        except (WrongIdentityError, NewerFormatError) as error:
            return Cause("corrupt", asked.stored, str(error))
        return record

    def _is_old(self, asked: Question) -> bool:
        if not asked.key.declaration.takes_manager or self._names is None:
            return False
        return any(name in self._names for name in asked.host.old_names(asked.key))

    def _elsewhere(self, name: str) -> Record | None:
        """The record of what another manager has stored in the same storage."""
        storage: object = self._source.shelf.storage(self._manager)
        if not isinstance(storage, EntryStorage):
            return None
        try:
            return storage.read_record(name)
        except (NotStoredError, CorruptMetricError, NewerFormatError):
            return None


def _nothing(_manager: object) -> None:
    """The function of no metric."""


_ANY: Metric[object] = Metric[object].made_from(Declaration(_nothing), "")
"""A key that stands for any metric of a manager, whose label is asked for."""
