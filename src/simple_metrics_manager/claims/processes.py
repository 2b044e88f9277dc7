"""What can be told, without its help, of another process of this host: whether it is gone, or stands still."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from contextlib import suppress


def where_numbers_mean_this() -> str:
    """A text that two processes share if, and only if, each number means the same process to both.

    On Linux: this start of this kernel, and this space of process numbers, of which containers have their own.
    Empty where there is nothing of the kind.
    """
    return _space(os.getpid())


@functools.lru_cache(maxsize=1)
def _space(process: int) -> str:  # a forked child may have a space of its own
    if sys.platform != "linux":
        return ""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return f"{file.read().strip()}:{os.stat('/proc/self/ns/pid').st_ino}"
    return ""


def is_gone(process: int) -> bool:
    """Whether no process of this host has this number; False where it cannot be told."""
    if sys.platform == "win32":
        return False  # where asking in this way ends the process
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return _state(process) in {"Z", "X"}


def stands_still(process: int) -> bool:
    """Whether the process has been stopped, as by Ctrl-Z, or is gone; False where it cannot be told."""
    return is_gone(process) or _state(process) == "T"


def _state(process: int) -> str:
    """The letter that ``ps`` shows; empty if it cannot be told."""
    if sys.platform == "win32":
        return ""
    with suppress(OSError), open(f"/proc/{process}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0].decode()
    return "" if sys.platform == "linux" else _asked(process)


def _asked(process: int) -> str:
    command = ["/bin/ps", "-o", "state=", "-p", str(process)]
    with suppress(OSError, subprocess.SubprocessError):
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603 # a number
        return answer.stdout.strip()[:1]
    return ""
