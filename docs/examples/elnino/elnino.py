"""Which years were El Niños? Sixty-one years of sea-surface temperatures off Peru, as metrics.

Run it twice: the first run computes and stores, the second one loads and says from when. The metrics are kept in
``elnino_metrics`` in the working directory, or in the directory that is given as the only argument.
"""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric

DATA = Path(__file__).with_name("nino12_sst.csv")
DRAWS = 20_000


@attrs.frozen
class Event:
    """A run of months that were warmer than usual; ``peak`` in degrees Celsius above the climatology."""

    start: str
    months: int
    peak: float


@attrs.frozen
class Summary:
    """What sixty-one years come down to."""

    years: tuple[int, int]
    el_ninos: list[Event]
    strongest: Event
    period_years: float
    trend_per_century: float
    trend_90_percent: tuple[float, float]


class ElNino(DatedCacheManager):
    """Monthly sea-surface temperatures of the region Niño 1+2 and what follows from them."""

    @metric
    def years(self) -> NDArray[np.int64]:
        """The years of the table; shape (61,)."""
        return np.loadtxt(DATA, delimiter=",", skiprows=1, usecols=0).astype(np.int64)

    @metric
    def sst(self) -> NDArray[np.float64]:
        """Temperatures in degrees Celsius; shape (61, 12), a row for each year."""
        return np.loadtxt(DATA, delimiter=",", skiprows=1)[:, 1:]

    @metric
    def climatology(self) -> NDArray[np.float64]:
        """The usual temperature of each month, in degrees Celsius; shape (12,)."""
        usual: NDArray[np.float64] = self.sst.mean(axis=0)
        return usual

    @metric
    def anomaly(self) -> NDArray[np.float64]:
        """How much warmer than usual each month was, in degrees Celsius, smoothed over three months; shape (732,)."""
        departure = (self.sst - self.climatology).ravel()
        padded = np.pad(departure, 1, mode="edge")
        return (padded[:-2] + padded[1:-1] + padded[2:]) / 3

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        """Two rows, frequency in cycles per year and power of the anomaly, without the mean; shape (2, 366)."""
        frequency = np.fft.rfftfreq(self.anomaly.size, d=1 / 12)
        power = np.abs(np.fft.rfft(self.anomaly)) ** 2
        return np.stack([frequency, power])[:, 1:].astype(np.float64)

    @metric(params_list=[(threshold, months) for threshold in (0.5, 1.0, 1.5, 2.0) for months in (3, 5, 7)])
    def events(self, threshold: float, months: int) -> list[Event]:
        """Runs of at least ``months`` months, each warmer than usual by more than ``threshold`` degrees."""
        warm = np.concatenate([[False], self.anomaly > threshold, [False]])
        starts, stops = np.flatnonzero(warm[1:] & ~warm[:-1]), np.flatnonzero(~warm[1:] & warm[:-1])
        return [
            Event(self._month(int(start)), int(stop - start), round(float(self.anomaly[start:stop].max()), 2))
            for start, stop in zip(starts, stops, strict=True)
            if stop - start >= months
        ]

    @metric
    def trend_draws(self) -> NDArray[np.float64]:
        """Slopes in degrees per century of the yearly means, of 20,000 samples of years with replacement."""
        years, means = self.years.astype(np.float64), self.sst.mean(axis=1)
        picks = np.random.default_rng(seed=0).integers(years.size, size=(DRAWS, years.size))
        x, y = years[picks], means[picks]
        x -= x.mean(axis=1, keepdims=True)
        y -= y.mean(axis=1, keepdims=True)
        slopes: NDArray[np.float64] = 100 * (x * y).sum(axis=1) / (x * x).sum(axis=1)
        return slopes

    @metric
    def summary(self) -> Summary:
        """All of it in one value."""
        el_ninos = self.events(1.0, months=5)
        frequency, power = self.spectrum
        low, middle, high = np.percentile(self.trend_draws, [5, 50, 95])
        return Summary(
            years=(int(self.years[0]), int(self.years[-1])),
            el_ninos=el_ninos,
            strongest=max(el_ninos, key=lambda event: event.peak),
            period_years=round(1 / float(frequency[power.argmax()]), 1),
            trend_per_century=round(float(middle), 2),
            trend_90_percent=(round(float(low), 2), round(float(high), 2)),
        )

    def _month(self, index: int) -> str:
        return f"{self.years[index // 12]}-{index % 12 + 1:02}"


def main(metrics_dir: str = "elnino_metrics") -> None:
    """Compute or load everything, then say what it comes to."""
    cm = ElNino(NpzStorageInterface(metrics_dir))
    cm.get_all()
    summary = cm.summary
    first, last = summary.years
    print(f"\nEl Niños off Peru, {first} to {last}: at least 5 months more than 1 degree warmer than usual")
    for event in summary.el_ninos:
        print(
            f"  {event.start}  {event.months:2} months, up to {event.peak:+.1f} degrees  {'#' * round(8 * event.peak)}"
        )
    print("How many there are depends on what one calls so:")
    for threshold in (0.5, 1.0, 1.5, 2.0):
        counts = "".join(f"{len(cm.events(threshold, months)):4} of {months}+ months" for months in (3, 5, 7))
        print(f"  above {threshold} degrees {counts}")
    low, high = summary.trend_90_percent
    print(f"They come about every {summary.period_years} years; the strongest began in {summary.strongest.start}.")
    print(f"Trend: {summary.trend_per_century:+.2f} degrees a century, with 90 % confidence {low:+.2f} to {high:+.2f}.")
    print(f"All of it was computed on {cm.date(ElNino.summary):%Y-%m-%d}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
