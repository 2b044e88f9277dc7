"""``BoundMetric[P, T]``: what ``cm.inertia`` is, a parameterized metric of one manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ParamSpec, Protocol, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

from simple_metrics_manager.declaring.get_all import GetAll
from simple_metrics_manager.declaring.labelled import LabelledArray
from simple_metrics_manager.declaring.parameters import Row

if TYPE_CHECKING:
    from simple_metrics_manager.declaring.frames import DataFrame
    from simple_metrics_manager.declaring.xarrays import DataArray

S = TypeVar("S", bound=np.generic)
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

    @property
    def get_all(self) -> GetAll[T]:
        """The values for all of ``params_list``, in its order: ``cm.inertia.get_all(executor=...)``."""
        ...

    def items(self, *, use_stored: bool = True) -> Iterator[tuple[Row, T]]:
        """Each row of ``params_list`` with its value."""
        ...

    @overload
    def to_array(  # type: ignore[overload-overlap]  # a bool is an int, but no array of the one is one of the other
        self: BoundMetric[P, bool], *, use_stored: bool = True
    ) -> LabelledArray[np.bool_]: ...
    @overload
    def to_array(self: BoundMetric[P, int], *, use_stored: bool = True) -> LabelledArray[np.int64]: ...
    @overload
    def to_array(self: BoundMetric[P, float], *, use_stored: bool = True) -> LabelledArray[np.float64]: ...
    @overload
    def to_array(self: BoundMetric[P, complex], *, use_stored: bool = True) -> LabelledArray[np.complex128]: ...
    @overload
    def to_array(self: BoundMetric[P, NDArray[S]], *, use_stored: bool = True) -> LabelledArray[S]: ...
    @overload
    def to_array(self: BoundMetric[P, S], *, use_stored: bool = True) -> LabelledArray[S]: ...
    @overload
    def to_array(self, *, use_stored: bool = True) -> LabelledArray: ...
    def to_array(self, *, use_stored: bool = True) -> LabelledArray:
        """The values for all of ``params_list`` as one array with an axis for each parameter that varies.

        Raises:
            SweepArrayError: they are not numbers, dates or arrays of them, all of one dtype and shape.
        """
        ...

    def to_xarray(self, *, use_stored: bool = True) -> DataArray:
        """The same as ``xarray.DataArray``.

        Raises:
            SweepArrayError: as ``to_array``.
            MissingExtraError: xarray is not installed.
        """
        ...

    def to_dataframe(self, *, use_stored: bool = True) -> DataFrame:
        """The same as ``pandas.DataFrame`` in long form: a column for each parameter, and one called as the metric.

        There is a row for each parameter set. Arrays of one dtype and shape have one for each of their elements, with
        the places of those in further columns, ``inertia_dim_0``, ... Anything else stands in the column as it is.

        Raises:
            SweepArrayError: there are arrays of several dtypes or shapes.
            MissingExtraError: pandas is not installed.
        """
        ...

    @property
    def params_list(self) -> Sequence[Row]:
        """The declared parameter sets, defaults filled in."""
        ...
