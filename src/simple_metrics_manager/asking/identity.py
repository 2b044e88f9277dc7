"""Who a manager is: what it was made with, as it is now, and so the names of what it stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simple_metrics_manager.asking.inputs import Arguments, HasInputs, Inputs, inputs_of
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.keys import canonical_text, manager_name, stored_name


class Identified(HasInputs, Protocol):
    """A manager, as far as this module goes."""

    @property
    def storage_interface(self) -> object: ...


class Identity:
    """The inputs of one manager, looked up once where they cannot change unnoticed, and else at every question."""

    def __init__(self, arguments: Arguments, changed: Callable[[], None]) -> None:
        self.arguments = arguments
        """What the manager was constructed with."""
        self._changed = changed
        self._known: Inputs | None = None

    def inputs(self, host: Identified) -> Inputs:
        """The manager's inputs; if they are others than at the last question, ``changed`` is called.

        Raises:
            IdentityError: an input has no stable written form. Nothing is stored without a storage, so it may then.
        """
        known = self._known
        if known is not None and known.fixed:
            return known
        try:
            now = inputs_of(host)
        except TypeError:
            if host.storage_interface is not None:
                raise
            now = Inputs({}, {}, fixed=True)
        if known is not None and canonical_text(dict(known.all)) != canonical_text(dict(now.all)):
            self._changed()
        self._known = now
        return now

    def forget(self) -> None:
        """What was known may be wrong: an attribute that is an input was assigned, or there is a storage now."""
        if self._known is not None:
            self._known = None
            self._changed()

    def label(self, host: Identified, key: Metric[object]) -> str:
        """``Run,subject=s01``: whose the stored value is; nothing for collected functions, as in 0.5.0."""
        if not key.declaration.takes_manager:
            return ""
        return manager_name(type(host).__qualname__, self.inputs(host).named)

    def stored_name(self, host: Identified, key: Metric[object], name: str) -> str:
        """``Run,subject=s01.spectrum``: what the storage is asked for."""
        return stored_name(self.label(host, key), name)
