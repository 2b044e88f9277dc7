"""Whether what is stored is used, used with a warning, computed anew or refused, as ``on_stale`` says.

A value that no other metric went into is looked at once for all that the same code has computed: what a record says of
the code is then compared as bytes. Of the inputs of a value only records are read, and each once, until one of them is
computed anew with another content. What is in memory is not looked at again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import cast

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.asking.warning import warn_once
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import StaleMetricError
from simple_metrics_manager.fingerprint import Fingerprint
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.comparing import own_causes
from simple_metrics_manager.freshness.inquiry import Inquiry
from simple_metrics_manager.freshness.presents import present
from simple_metrics_manager.freshness.upstream import Name, Verdict
from simple_metrics_manager.freshness.wording import sentence
from simple_metrics_manager.outcomes.reasons import CAREFUL, OnStale, Policies, Policy, Reason, layered
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.storing.dated import Found
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.reads import metric_called, reads_of

_REMEMBERED = 256

_judged: dict[bytes, tuple[Fingerprint, tuple[Cause, ...]]] = {}
"""What speaks against values, by what their records say of the code, and the code that this was compared with: the
same object for as long as it is the same code. A new manager need not parse a record to find that out again."""

_told: ContextVar[OnStale | None] = ContextVar("_told", default=None)
"""What a call says, for all that it asks for."""

_UNTOUCHED: frozenset[Reason] = frozenset({"missing", "corrupt"})
"""What of an input does not concern the value that was computed from it."""


@contextmanager
def as_told(on_stale: OnStale | None) -> Generator[None]:
    """A block in which this comes before what managers and metrics say."""
    token = _told.set(on_stale if on_stale is not None else _told.get())
    try:
        yield
    finally:
        _told.reset(token)


def told() -> OnStale | None:
    """What the call that is current says."""
    return _told.get()


def _host(asked: Question) -> Manager:
    return cast("Manager", asked.host)


def _says_nothing(cause: Cause) -> bool:
    """Whether nothing was known then and nothing is known now, as of code that is typed at a prompt: a warning in each
    session would teach people not to read them. ``cm.why`` and ``cm.status`` say it."""
    return cause.reason == "unknown" and not cause.old and not cause.new


class Decider:
    """The decisions of one manager. Methods take what is asked, and find the manager there."""

    __slots__ = ("_clean", "_despite", "_epoch", "_verdicts", "trusting")

    def __init__(self) -> None:
        self.trusting: bool = False
        """Whether everything is used, as when values are compared with what is stored."""
        self._clean: dict[tuple[str, str], str] = {}
        """Contents of inputs against which nothing speaks, by manager and metric."""
        self._verdicts: dict[Name, Verdict] = {}
        self._epoch = 0
        self._despite: set[str] = set()
        """Names of what is used although something speaks against it."""

    def policies(self, asked: Question) -> Policies:
        """What to do for each reason."""
        return self._policies(asked, asked.key.declaration)

    def _policies(self, asked: Question, declaration: Declaration | None) -> Policies:
        manager = asked.host.on_stale
        own = None if declaration is None else declaration.options.on_stale
        if manager == "careful" and own is None and _told.get() is None:
            return CAREFUL
        return layered(manager, own, _told.get())

    # ------------------------------------------------------------------------------------------------ the decision
    def passes(self, asked: Question, found: Found) -> bool:
        """Whether what is stored is used. If it is not, ``asked`` says why, or that inputs are to be settled first.

        Raises:
            StaleMetricError: a policy is ``"error"``.
        """
        if self.trusting:
            return True
        options, origin = asked.key.declaration.options, found.origin
        if origin is not None and found.exact and options.max_age is None and options.files is None:
            causes = self._own_of(asked, found, origin)
            return not causes or self._decide(asked, causes)
        return self.allows(asked, found.record, old=found.old)

    def allows(self, asked: Question, record: Record, *, old: bool = False) -> bool:
        """The same, by its record."""
        if self.trusting:
            return True
        causes = self._own(asked, record)
        if not self._are_clean(asked, record.reads):
            causes = self._inquire(asked, record)
            if not causes:
                self._clean.update(((read.manager, read.metric), read.content) for read in record.reads)
        if not causes:
            return True
        if old:  # it was written before code was, and says nothing about any other value
            causes = tuple(cause for cause in causes if cause.reason != "unknown" or cause.via)
        asked.unsettled = record
        return not causes or self._decide(asked, causes)

    def refuses(self, asked: Question, reason: Reason, said: str) -> bool:
        """Whether a value that answers to another declaration is not used.

        Raises:
            StaleMetricError: the policy is ``"error"``.
        """
        policy = self.policies(asked)[reason]
        if policy == "error" and not self.trusting:
            raise StaleMetricError(asked.key.label, (reason,), (said,))
        return policy == "recompute" or reason == "type_changed"

    def _own(self, asked: Question, record: Record) -> tuple[Cause, ...]:
        return own_causes(record, present(asked, _host(asked).__metrics__.shelf.codec(asked.host, asked.key)))

    def _own_of(self, asked: Question, found: Found, origin: bytes) -> tuple[Cause, ...]:
        """The same for what answers exactly: but for the code, what is asked is what was stored then."""
        code = asked.key.declaration.fingerprint(type(asked.host))
        known = _judged.get(origin)
        if known is not None and known[0] is code:
            return known[1]
        causes = self._own(asked, found.record)
        if len(_judged) >= _REMEMBERED:
            _judged.clear()
        _judged[origin] = code, causes
        return causes

    def _inquire(self, asked: Question, record: Record) -> tuple[Cause, ...]:
        epoch, inquiry = self._epoch, Inquiry(_host(asked), known=self._verdicts)
        causes = inquiry.causes(asked, record)
        if epoch == self._epoch:  # else something was computed anew meanwhile, by another thread
            self._verdicts.update(inquiry.verdicts())
        return causes

    def _are_clean(self, asked: Question, reads: Iterable[Read]) -> bool:
        memory = _host(asked).__metrics__.memory
        for read in reads:
            if not read.content:
                return False
            held = memory.held.get(read.metric) if read.manager == asked.label else None
            if held is not None and held.record.content != read.content:
                self.forget()  # what is known may be older than what is held
                return False
            if held is not None and read.metric not in self._despite:
                continue
            if self._clean.get((read.manager, read.metric)) != read.content:
                return False
        return True

    def _decide(self, asked: Question, causes: Iterable[Cause]) -> bool:
        acts: dict[Policy, list[Cause]] = {"use": [], "warn": [], "recompute": [], "error": []}
        pending = False
        for cause in causes:
            if not cause.via:
                policy = self.policies(asked)[cause.reason]
                acts["use" if policy == "warn" and _says_nothing(cause) else policy].append(cause)
            elif cause.reason not in _UNTOUCHED:
                declaration = self._declaration(asked, cause)
                policy = self._policies(asked, declaration)[cause.reason]
                pending = pending or policy == "recompute"
                if policy == "error":
                    acts[policy].append(cause)
        pending = pending and not asked.settled and not asked.only_load
        if pending:  # an input that is going to be computed anew will not be stale
            acts["error"] = [cause for cause in acts["error"] if cause.reason != "upstream_stale"]
        if acts["error"]:
            reasons = tuple({cause.reason: None for cause in acts["error"]})
            raise StaleMetricError(asked.key.label, reasons, tuple(map(sentence, acts["error"])))
        if pending:
            asked.pending = True
            return False
        if acts["recompute"] and not asked.only_load:
            asked.outdated = sentence(acts["recompute"][0])
            return False
        if acts["warn"] or acts["recompute"]:
            self._despite.add(asked.name)
            warn_once(asked, [*acts["warn"], *acts["recompute"]])
        return True

    def _declaration(self, asked: Question, cause: Cause) -> Declaration | None:
        """That of the metric of this manager whose own the cause is."""
        found = metric_called(type(asked.host), cause.via[-1].partition(",")[0].partition("~")[0])
        return None if found is None else found.declaration

    # ---------------------------------------------------------------------------------------------------- its inputs
    def settle(self, asked: Question) -> None:
        """Compute anew what the value went through and has to be, what others need first; then each content tells.

        What cannot be asked for by its name alone, as a parameter set that is not declared or what another manager
        computes, is left to the function of whatever needs it.
        """
        record, source, tried = asked.unsettled, _host(asked).__metrics__, set[str]()
        while record is not None:
            causes = self._inquire(asked, record)
            todo = [cause for cause in causes if self._is_pending(asked, cause) and cause.via[-1] not in tried]
            if not todo:
                break
            name = max(todo, key=lambda cause: len(cause.via)).via[-1]
            tried.add(name)
            key = Inquiry(_host(asked)).key_named(name)
            if key is not None:
                source.get(_host(asked), key, name, verbose=asked.verbose)
        asked.pending, asked.settled = False, True

    def _is_pending(self, asked: Question, cause: Cause) -> bool:
        if not cause.via or cause.reason in _UNTOUCHED:
            return False
        return self._policies(asked, self._declaration(asked, cause))[cause.reason] == "recompute"

    def replaced(self, asked: Question, content: str) -> None:
        """Something was computed: what was found out about all that was computed from a former value holds no more."""
        name = asked.label, asked.name
        self._despite.discard(asked.name)
        if name in self._verdicts or name in self._clean:
            if self._clean.get(name) != content:
                self.forget()
            else:
                self._verdicts.pop(name, None)
                self._epoch += 1

    def forget(self) -> None:
        """Look at everything again that is asked for from now on."""
        self._epoch += 1
        self._clean.clear()
        self._verdicts.clear()

    def doubted(self) -> set[str]:
        """Names of what is used although something speaks against it, which another policy may say otherwise of."""
        doubted, self._despite = self._despite, set()
        return doubted

    # ------------------------------------------------------------------------------------------------------- before
    def before_computing(self, asked: Question, *, stored: bool) -> None:
        """See that nothing that is sure to be read is refused, before the function runs for a night.

        Raises:
            StaleMetricError: a policy is ``"error"``.
        """
        policies = self.policies(asked)
        if self.trusting or "error" not in policies.values():
            return
        if policies["missing"] == "error" and not stored:
            raise StaleMetricError(asked.key.label, ("missing",), ("it is not stored",))
        kind, source, seen = type(asked.host), _host(asked).__metrics__, set[str]()
        todo = [asked.key.declaration.name]
        while todo:
            for name in reads_of(kind, todo.pop()):
                found = metric_called(kind, name)
                if name not in seen and isinstance(found, Metric) and name == found.name:
                    read = source.ask(_host(asked), found)
                    record = None if name in source.memory.held else source.shelf.record(read)
                    if record is not None:
                        self.allows(read, record)
                    todo.append(name)
                seen.add(name)
