"""The colours of heat maps: light grows evenly along them, so that they read without their hues, and in print."""

from __future__ import annotations

import functools
from collections.abc import Sequence

_STOPS = ((38, 28, 77), (54, 58, 130), (48, 98, 157), (43, 137, 166), (62, 176, 163), (128, 209, 160), (222, 242, 201))
"""From low to high: night, blue, sea, pale green."""

STEPS = 48
"""Different colours of one map."""

INKS = {"pale": "#ffffff", "deep": "#000000"}
"""What is written into cells, by the class of the text: a style sheet wins over the attribute ``fill``."""


@functools.cache
def ramp() -> tuple[str, ...]:
    """The colours from low to high."""
    return tuple(_hex(_mixed(step / (STEPS - 1))) for step in range(STEPS))


def ink_on(colour: str) -> str:
    """The class of the ink that can be read better on this colour."""
    return max(INKS, key=lambda ink: contrast(INKS[ink], colour))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG counts it, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def step_of(value: float, low: float, high: float) -> int:
    """Which of the colours a number has."""
    share = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
    return round(share * (STEPS - 1))


def bounds(numbers: Sequence[float]) -> tuple[float, float]:
    """Where the colours begin and end: a few outliers must not make all the rest look alike."""
    ordered = sorted(numbers)
    if len(ordered) < 10:
        return ordered[0], ordered[-1]
    margin = max(1, len(ordered) // 20)
    low, high = ordered[margin], ordered[-1 - margin]
    inner = high - low
    return (
        low if inner > 0 and low - ordered[0] > inner else ordered[0],
        high if inner > 0 and ordered[-1] - high > inner else ordered[-1],
    )


def _mixed(share: float) -> tuple[float, ...]:
    place = share * (len(_STOPS) - 1)
    first = min(int(place), len(_STOPS) - 2)
    rest = place - first
    return tuple(a + (b - a) * rest for a, b in zip(_STOPS[first], _STOPS[first + 1], strict=True))


def _hex(parts: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
