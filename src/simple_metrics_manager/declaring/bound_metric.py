"""``BoundMetric[P, T]``: what ``cm.inertia`` is, a parameterized metric of one manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ParamSpec, Protocol

from typing_extensions import TypeVar

from simple_metrics_manager.declaring.parameters import Row

T = TypeVar("T")
P = ParamSpec("P")


class BoundMetric(Protocol[P, T]):
    """A parameterized metric of one manager, ``cm.inertia``: called with the function's own parameters."""

    @property
    def original_function(self) -> Callable[..., T]:
        """The function as it was declared, with the manager as its first argument."""
        ...

    @property
    def base_name(self) -> str:
        """The name of the metric."""
        ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The value for these parameters: from memory, from the storage, or computed."""
        ...

    def fresh(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Computed anew, as ``use_stored=False`` does; what is stored is overwritten."""
        ...

    def exists(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Whether the value can be had without computing."""
        ...

    def get_all(self, *, use_stored: bool = True, verbose: bool = False) -> list[T]:
        """The values for all of ``params_list``, in its order."""
        ...

    def items(self, *, use_stored: bool = True) -> Iterator[tuple[Row, T]]:
        """Each row of ``params_list`` with its value."""
        ...

    @property
    def params_list(self) -> Sequence[Row]:
        """The declared parameter sets, defaults filled in."""
        ...
