"""What can become of the bytes of a file, and what may be read from it then: the value that it had, or an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator


def flips(blob: bytes, at_most: int | None = None) -> Iterator[bytes]:
    """The file with each of its bits changed, one at a time; with ``at_most``, so many of them, all over the file."""
    bits = 8 * len(blob)
    step = 1 if at_most is None else max(1, -(-bits // at_most))
    for bit in range(0, bits, step):
        at = bit // 8
        yield blob[:at] + bytes([blob[at] ^ 1 << bit % 8]) + blob[at + 1 :]


def cuts(blob: bytes, at_most: int | None = None) -> Iterator[bytes]:
    """The file without its end, be that one byte or all of them."""
    step = 1 if at_most is None else max(1, -(-len(blob) // at_most))
    return (blob[:length] for length in range(0, len(blob), step))


def outcome(read: Callable[[bytes], bool], blob: bytes) -> bool | str:
    """What ``read`` says of a file, or the name of the error that it raised."""
    try:
        return read(blob)
    except Exception as error:  # noqa: BLE001  # which one it is, is what is asked
        return type(error).__name__


def outcomes(read: Callable[[bytes], bool], blobs: Iterable[bytes]) -> set[bool | str]:
    """All that became of these."""
    return {outcome(read, blob) for blob in blobs}
