"""Whether what is stored under a name is the answer to what is asked."""

from __future__ import annotations

from typing import Protocol

from simple_metrics_manager.asking.identity import Question, same_module
from simple_metrics_manager.errors import WrongIdentityError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.keys import canonical_text
from simple_metrics_manager.outcomes.reasons import Reason
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import DatedStorage, Found


class Deciding(Protocol):
    """Who says whether what is stored is used."""

    def passes(self, asked: Question, found: Found, /) -> bool: ...
    def allows(self, asked: Question, record: Record, /) -> bool: ...
    def refuses(self, asked: Question, reason: Reason, said: str, /) -> bool: ...


def check_identity(asked: Question, record: Record, storage: DatedStorage, form: Format | None) -> None:
    """Refuse what was stored as another metric, with other parameters, or by another class of the same name."""
    key, stored = asked.key, asked.stored
    ours = theirs = "{}"
    if key.params or record.params:
        ours, theirs = canonical_text(dict(key.params)), canonical_text(dict(record.params))
    if record.name != stored:
        ours, theirs = f"{stored} {ours}", f"{record.name} {theirs}"
    elif key.declaration.anonymous or not record.metric:
        return  # a bare name says no more than this
    elif record.metric != key.declaration.name:
        ours, theirs = f"{key.declaration.name} {ours}", f"{record.metric} {theirs}"
    elif record.params and key.params and ours != theirs:
        ours, theirs = f"{stored} {ours}", f"{stored} {theirs}"
    elif key.declaration.takes_manager and not same_module(record.module, asked.module):
        ours, theirs = f"{stored} of {asked.module}", f"{stored} of {record.module}"
    else:
        return
    raise WrongIdentityError(storage.place(stored, form), ours, theirs)


def unusable(asked: Question, codec: Codec, record: Record) -> tuple[Reason, str] | None:
    """Why what is stored is not the value that is asked for, and a sentence about it; or None."""
    key, inputs = asked.key, asked.inputs.all
    if record.version != key.declaration.version:
        return "version_changed", f"it is version {record.version}, now is {key.declaration.version}"
    if record.codec == "typed" and record.type != codec.declared:
        return "type_changed", f"it was declared -> {record.type}, now is -> {codec.declared or 'nothing'}"
    for name in record.inputs.keys() & inputs.keys() if key.declaration.takes_manager else ():
        if canonical_text(record.inputs[name]) != canonical_text(inputs[name]):
            return "signature_changed", f"the default of {name} was {record.inputs[name]!r}, now is {inputs[name]!r}"
    return None
