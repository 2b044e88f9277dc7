"""Who a manager is: what it was made with, as it is now, and so the names of what it stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal, Protocol

from simple_metrics_manager.asking.inputs import Arguments, HasInputs, Inputs, inputs_of, no_inputs
from simple_metrics_manager.asking.running import Flight
from simple_metrics_manager.declaring.carrying import MAIN, home_of
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.events import Waiting, tell
from simple_metrics_manager.keys import canonical_text, stored_name
from simple_metrics_manager.outcomes.reasons import OnStale
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Record, question, question_text


class Identified(HasInputs, Protocol):
    """A manager, as far as this module goes."""

    on_corrupt: Literal["recompute", "error"]
    on_stale: OnStale
    stored_module: str | None
    verbose: bool

    @property
    def storage_interface(self) -> object: ...
    def old_names(self, key: Metric[object], /) -> Iterable[str]: ...


class Question:
    """One metric of one manager, with the inputs that it has at this moment, whatever becomes of them later."""

    __slots__ = (
        *("computed", "epoch", "host", "inputs", "key", "label", "missing", "name", "only_load", "outdated"),
        *("pending", "settled", "stored", "tag", "unsettled", "verbose"),
    )

    def __init__(
        self, host: Identified, key: Metric[object], name: str, inputs: Inputs, verbose: bool, epoch: int
    ) -> None:
        self.host: Identified = host
        self.key: Metric[object] = key
        self.name: str = name
        self.inputs: Inputs = inputs
        self.verbose: bool = verbose
        self.epoch: int = epoch
        """That of the manager's memory, for which the answer is good."""
        self.label: str = inputs.label if key.declaration.takes_manager else ""
        """``Run,subject=s01``: whose the stored value is; nothing for collected functions, as in 0.5.0."""
        self.stored: str = stored_name(self.label, name)
        """``Run,subject=s01.spectrum``: what the storage is asked for."""
        self.missing: bool = False
        """Whether the storage was found not to have it, just now: to ask again may take a journey through a network."""
        self.computed: bool = False
        """Whether its function was called for the answer, here."""
        self.only_load: bool = False
        """Whether nothing is to be computed for the answer."""
        self.outdated: str = ""
        """Why what is stored is not the answer any more."""
        self.pending: bool = False
        """Whether something that went into what is stored has to be computed anew before that can be told."""
        self.settled: bool = False
        """Whether that was done."""
        self.unsettled: Record | None = None
        """The record of what is stored, for the purpose."""
        self.tag: str | None = None
        """What tells the entry that the answer is to replace from any other, where the storage has such tags."""

    def tell_late(self, flight: Flight) -> None:
        """Say that another thread computes it, and since when."""
        if hasattr(flight, "since"):
            since = datetime.fromtimestamp(flight.since, UTC)
            tell(Waiting(self.name, f"thread {flight.thread}", since, verbose=self.verbose))

    @property
    def metric(self) -> str:
        """The metric as a record names it; nothing where a bare name does not say which it is."""
        return "" if self.key.declaration.anonymous else self.key.declaration.name

    @property
    def manager(self) -> str:
        """The manager's class, as a record names it."""
        return type(self.host).__qualname__ if self.label else ""

    @property
    def module(self) -> str:
        """The module of the manager's class, or the one that the class says to have been in when values were stored;
        of a collected function its own."""
        if not self.label:
            return home_of(self.key.function)
        moved = self.host.stored_module
        return moved if moved is not None else home_of(type(self.host))

    def text(self, codec: Codec) -> bytes:
        """How the record of the answer begins, if it was stored by the same declaration of the same manager."""
        declaration, module = self.key.declaration, self.module
        # Inputs of a class that can have none are shared for ever, so they must not keep a function alive.
        texts, known = (self.inputs.questions, (declaration, module)) if self.inputs.all else (codec.questions, module)
        asked = texts.get(known)
        if asked is None:
            inputs: Mapping[str, Tree] = self.inputs.all if self.label else {}
            asked = question_text(
                codec.kind, codec.declared, declaration.version, self.manager, module, self.metric, inputs
            )
            texts[known] = asked
        return question(asked, self.stored, self.key.params_text)


class Identity:
    """The inputs of one manager, looked up once where they cannot change unnoticed, and else at every question."""

    __slots__ = ("_changed", "_known", "_version", "arguments")

    def __init__(self, arguments: Arguments, changed: Callable[[], None]) -> None:
        self.arguments: Arguments = arguments
        """What the manager was constructed with."""
        self._changed = changed
        self._known: Inputs | None = None
        self._version = 0

    def inputs(self, host: Identified) -> Inputs:
        """The manager's inputs: the same object until they are others, and then ``changed`` is called.

        Raises:
            IdentityError: an input has no stable written form. Nothing is stored without a storage, so it may then.
        """
        while True:
            known, version = self._known, self._version
            if known is not None and known.fixed:
                return known
            now = no_inputs(type(host)) or inputs_of(host, strict=host.storage_interface is not None)
            if known is not None:
                if canonical_text(dict(known.all)) == canonical_text(dict(now.all)):
                    return known
                self._changed()
            self._known = now
            if version == self._version:
                return now
            self._known = None  # another thread has assigned an input while they were looked at

    def forget(self) -> None:
        """What was known may be wrong: an attribute that is an input was assigned."""
        self._version += 1
        self._known = None
        self._changed()

    def look_again(self) -> None:
        """There is another storage now, which may ask more of the inputs."""
        self._known = None


def same_module(one: str, other: str) -> bool:
    """Whether these may name one module: a program is known by its file only, a notebook not at all."""
    if one == other or MAIN in (one, other):
        return True
    if one.startswith(MAIN) or other.startswith(MAIN):
        return one.rpartition(".")[2] == other.rpartition(".")[2]
    return False
