"""Whether what is stored is used, used with a warning, computed anew or refused, as ``on_stale`` says.

A value that no other metric went into is looked at once for all that the same code has computed: what a record says of
the code is then compared as bytes. Of the inputs of a value only records are read, and each once, until one of them is
computed anew. What is in memory is not looked at again, unless ``on_stale`` is another one by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast
from weakref import WeakValueDictionary

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.asking.policies import policies_of
from simple_metrics_manager.asking.settling import UNTOUCHED, settle
from simple_metrics_manager.asking.verdicts import Verdicts
from simple_metrics_manager.asking.warning import warn_once
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import StaleMetricError
from simple_metrics_manager.fingerprint import Fingerprint
from simple_metrics_manager.fingerprint.uses import Certainty
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.comparing import own_causes
from simple_metrics_manager.freshness.inquiry import Inquiry
from simple_metrics_manager.freshness.presents import present
from simple_metrics_manager.freshness.upstream import Name, Verdict
from simple_metrics_manager.freshness.wording import sentence
from simple_metrics_manager.keys import without_params
from simple_metrics_manager.outcomes.reasons import Policies, Policy, Reason
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.storing.dated import Found
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.reads import metric_called, reads_of

_REMEMBERED = 256

_judged: dict[bytes, tuple[Fingerprint, tuple[Cause, ...]]] = {}
"""What speaks against values, by what their records say of the code, and the code that this was compared with: the
same object for as long as it is the same code. A new manager need not parse a record to find that out again."""

_OTHERWISE: frozenset[Reason] = frozenset({"type_changed", "version_changed", "signature_changed"})
"""What says that a metric was declared otherwise: then it does not matter what else can be said against its value."""

_OF_INPUTS: frozenset[Reason] = frozenset({"upstream_changed", "upstream_stale", "upstream_missing", "unknown"})
"""What may be said of a value because of its inputs."""


def _host(asked: Question) -> Manager:
    return cast("Manager", asked.host)


def _says_nothing(cause: Cause) -> bool:
    """Whether nothing was known then and nothing is known now, as of code that is typed at a prompt: a warning in each
    session would teach people not to read them. ``cm.why`` and ``cm.status`` say it."""
    return cause.reason == "unknown" and not cause.old and not cause.new


class Decider:
    """The decisions of one manager. Methods take what is asked, and find the manager there."""

    __slots__ = ("_known", "_others", "trusting")

    def __init__(self) -> None:
        self.trusting: bool = False
        """Whether everything is used, as when values are compared with what is stored."""
        self._known: Verdicts | None = None
        self._others: WeakValueDictionary[str, Declaration] | None = None
        """Metrics of other managers that went into something, by the names of their values."""

    @property
    def _verdicts(self) -> Verdicts:
        """Made when something is found out: values without inputs need none."""
        known = self._known
        if known is None:
            known = self._known = Verdicts()
        return known

    def policies(self, asked: Question) -> Policies:
        """What to do for each reason."""
        return policies_of(asked.host.on_stale, type(asked.host), asked.key.declaration)

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
            reads = found.reads
            if reads is not None and (not reads or self._are_clean(asked, reads)):
                causes = self._own_of(asked, found, origin)
                return not causes or self._decide(asked, causes)
        return self.allows(asked, found.record, old=found.old)

    def allows(self, asked: Question, record: Record, *, old: bool = False) -> bool:
        """The same, by its record."""
        if self.trusting:
            return True
        if not record.reads or self._are_clean(asked, record.reads):
            causes = self._own(asked, record)
        else:
            causes = self._of_all(asked, record)
        if not causes:
            return True
        if old and self.policies(asked)["unknown"] == "warn":  # it was written before code was: that is no news
            causes = tuple(cause for cause in causes if cause.reason != "unknown" or cause.via)
        asked.unsettled = record
        return not causes or self._decide(asked, causes)

    def _are_clean(self, asked: Question, reads: Iterable[Read]) -> bool:
        return self._verdicts.are_clean(reads, _host(asked).__metrics__.memory, asked.label)

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

    def _of_all(self, asked: Question, record: Record) -> tuple[Cause, ...]:
        epoch = self._verdicts.epoch
        verdict = self.judged(asked, record).get((asked.label, asked.name))
        causes = () if verdict is None else verdict.causes
        if epoch == self._verdicts.epoch and not any(cause.via or cause.reason in _OF_INPUTS for cause in causes):
            self._verdicts.clean(record.reads)
        return causes

    def _decide(self, asked: Question, causes: Sequence[Cause]) -> bool:
        roots: list[tuple[Cause, Policy]] = [
            (cause, self.policy(asked, cause.via[-1], cause.reason))
            for cause in causes
            if cause.via and cause.reason not in UNTOUCHED
        ]
        acts: dict[Policy, list[Cause]] = {"use": [], "warn": [], "recompute": [], "error": []}
        policies = self.policies(asked)
        below: list[Policy] = [policy for _, policy in roots]
        for cause in causes:
            if not cause.via:
                acts[_softened(cause, policies[cause.reason], below)].append(cause)
        anew = {cause.via[-1] for cause, policy in roots if policy == "recompute" and cause.reason in _OTHERWISE}
        acts["error"] += [cause for cause, policy in roots if policy == "error" and cause.via[-1] not in anew]
        pending = any(policy == "recompute" for _, policy in roots) and not asked.settled and not asked.only_load
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
        self._verdicts.despite.add(asked.name)
        if acts["warn"] or acts["recompute"]:
            warn_once(asked, [*acts["warn"], *acts["recompute"]], [cause for cause, policy in roots if policy != "use"])
        return True

    # ---------------------------------------------------------------------------------------------------- its inputs
    def policy(self, asked: Question, name: str, reason: Reason) -> Policy:
        """What to do about an input of this name, as the manager and that metric have it."""
        declaration = None if self._others is None else self._others.get(name)
        if declaration is None:
            found = metric_called(type(asked.host), without_params(name))
            declaration = None if found is None else found.declaration
        return policies_of(asked.host.on_stale, type(asked.host), declaration)[reason]

    def judged(self, asked: Question, record: Record | None = None) -> Mapping[Name, Verdict]:
        """What is found out now about a value, by its record or that which is stored, and about all that went into it;
        without what was known."""
        epoch, inquiry = self._verdicts.epoch, Inquiry(_host(asked), known=self._verdicts.known)
        inquiry.judge(asked, record)
        found = inquiry.verdicts()
        self._verdicts.learn(found, epoch)
        if inquiry.others:
            self._others = WeakValueDictionary() if self._others is None else self._others
            self._others.update(inquiry.others)
        return found

    def verdicts(self) -> Mapping[Name, Verdict]:
        """What is known of inputs."""
        return self._verdicts.known

    def settle(self, asked: Question) -> None:
        """Compute anew what the value went through and has to be, what others need first; then each content tells."""
        if asked.unsettled is not None:
            settle(self, asked, asked.unsettled)
        asked.pending, asked.settled = False, True

    def replaced(self, asked: Question, record: Record) -> None:
        """It was computed: what was found out about all that was computed from a former value holds no more."""
        self._verdicts.replaced((asked.label, asked.name))
        despite = self._verdicts.despite
        if any(read.manager == asked.label and read.metric in despite for read in record.reads):
            despite.add(asked.name)

    def forget(self) -> None:
        """Look at everything again that is asked for from now on."""
        if self._known is not None:
            self._known.forget()

    def doubted(self) -> set[str]:
        """Names of what is used although something speaks against it, which another policy may say otherwise of."""
        if self._known is None:
            return set()
        doubted, self._known.despite = self._known.despite, set()
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
            for name, read in reads_of(kind, todo.pop()).items():
                found = metric_called(kind, name)
                if name in seen or read.certainty is Certainty.POSSIBLE or not isinstance(found, Metric):
                    continue
                seen.add(name)
                if name != found.name or name in source.memory.held:
                    continue
                asked_for = source.ask(_host(asked), found)
                record = source.shelf.record(asked_for)
                if record is None or not self.allows(asked_for, record):
                    todo.append(name)  # it will be computed as well


def _softened(cause: Cause, policy: Policy, roots: Sequence[Policy]) -> Policy:
    """What to do about something that can be said against the value itself. A stale input is no worse than what can be
    said against that, and to compute what reads it serves nothing where it is used as it is."""
    if policy == "warn" and _says_nothing(cause):
        return "use"
    if cause.reason != "upstream_stale" or not roots:
        return policy
    if all(root == "use" for root in roots):
        return "use"
    return "warn" if policy == "recompute" and "recompute" not in roots else policy
