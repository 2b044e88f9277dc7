"""Which model tells the carbon dioxide of next year? A night of time series models, as metrics.

Needs statsmodels, which brings the measurements. ``python co2.py`` computes for about half a minute, a second time it
loads; ``python co2.py FOLDER 1990`` does the same with the years from 1990 on, in seconds, beside what is there.
"""

from __future__ import annotations

import sys
import warnings

import attrs
import numpy as np
from numpy.typing import NDArray
from statsmodels.datasets import co2
from statsmodels.tsa.arima.model import ARIMA, ARIMAResults
from statsmodels.tsa.seasonal import STL

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric

ORDERS = range(5)
AHEAD = 12


@attrs.frozen
class Order:
    """How many past values and how many past errors a model looks at."""

    p: int
    q: int


@attrs.frozen
class CarbonDioxide(DatedCacheManager):
    """Carbon dioxide in the air of Mauna Loa, from ``since`` to 2001, in parts per million, and models of it."""

    since: int = 1959

    @metric
    def monthly(self) -> NDArray[np.float64]:
        """Means of the months from January of ``since`` to December 2001; gaps are bridged by straight lines."""
        weekly = co2.load_pandas().data["co2"]
        return weekly.resample("MS").mean().interpolate().loc[f"{self.since}" :].to_numpy()

    @metric
    def season(self) -> NDArray[np.float64]:
        """What the time of the year adds, month by month."""
        return STL(self.monthly, period=12, robust=True).fit().seasonal

    @metric
    def level(self) -> NDArray[np.float64]:
        """The monthly means without the season."""
        return self.monthly - self.season

    @metric(params_list=[(p, q) for p in ORDERS for q in ORDERS])
    def aic(self, p: int, q: int) -> float:
        """Akaike's criterion of the model with ``p`` past values and ``q`` past errors; less is better."""
        return float(fitted(self.level, p, q).aic)

    @metric
    def best(self) -> Order:
        """The order with the least criterion."""
        return min((Order(p, q) for p in ORDERS for q in ORDERS), key=lambda order: self.aic(order.p, order.q))

    @metric(params_list=[(years,) for years in range(1, 6)])
    def error(self, years: int) -> float:
        """Parts per million by which a year is missed, root mean square, if it is told ``years`` before the end."""
        end = self.level.size - AHEAD * years
        told = fitted(self.level[:end], self.best.p, self.best.q).forecast(AHEAD)
        return float(np.sqrt(np.mean((told - self.level[end : end + AHEAD]) ** 2)))


def fitted(level: NDArray[np.float64], p: int, q: int) -> ARIMAResults:
    """A model of the differences from month to month."""
    with warnings.catch_warnings():  # of starting values that it sets aside
        warnings.simplefilter("ignore")
        return ARIMA(level, order=(p, 1, q), trend="t").fit()


def main(metrics_dir: str = "co2_metrics", since: str = "1959") -> None:
    """Compute or load everything, then say what it comes to."""
    cm = CarbonDioxide(int(since)).use(NpzStorageInterface(metrics_dir))
    cm.get_all()
    print("\nAkaike's criterion: past values by row, past errors by column; less is better")
    print("  ", *(f"{q:8}" for q in ORDERS))
    for p, row in zip(ORDERS, cm.aic.to_array().values, strict=True):
        print(f"{p:2}", *(f"{value:8.1f}" for value in row))
    errors = cm.error.get_all()
    print(f"Best: {cm.best.p} past values and {cm.best.q} past errors.")
    print(f"The last five years, told a year ahead, are missed by {min(errors):.2f} to {max(errors):.2f} ppm;")
    print(f"the level rose by {cm.level[-1] - cm.level[0]:.0f} ppm. Computed on {cm.date(CarbonDioxide.best):%Y-%m-%d}")


if __name__ == "__main__":
    main(*sys.argv[1:])
