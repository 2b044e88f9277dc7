"""File calls of x86-64 Linux as a tracer sees them: their numbers, their arguments, and the registers of these."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from typing import Final, Literal, TypeAlias

import attrs

Shape: TypeAlias = Literal["fd", "path", "at", "two paths", "two at"]
"""Which arguments say what file it is: a descriptor, a path, a directory and a path, or two of these."""

CLOSE: Final = 3
FILE_CALLS: Final[dict[int, tuple[str, Shape]]] = {
    0: ("read", "fd"),
    1: ("write", "fd"),
    2: ("open", "path"),
    CLOSE: ("close", "fd"),
    17: ("pread64", "fd"),
    18: ("pwrite64", "fd"),
    20: ("writev", "fd"),
    73: ("flock", "fd"),
    74: ("fsync", "fd"),
    75: ("fdatasync", "fd"),
    77: ("ftruncate", "fd"),
    82: ("rename", "two paths"),
    83: ("mkdir", "path"),
    84: ("rmdir", "path"),
    86: ("link", "two paths"),
    87: ("unlink", "path"),
    90: ("chmod", "path"),
    91: ("fchmod", "fd"),
    217: ("getdents64", "fd"),
    257: ("openat", "at"),
    258: ("mkdirat", "at"),
    263: ("unlinkat", "at"),
    264: ("renameat", "two at"),
    265: ("linkat", "two at"),
    277: ("sync_file_range", "fd"),
    285: ("fallocate", "fd"),
    306: ("syncfs", "fd"),
    316: ("renameat2", "two at"),
}
NEEDS_SPACE: Final = frozenset(
    {"write", "pwrite64", "writev", "fsync", "fdatasync", "syncfs", "ftruncate", "fallocate", "mkdir", "mkdirat"}
    | {"link", "linkat", "rename", "renameat", "renameat2"}
)
"""What a disk that is full, or has failed, goes on refusing; besides making a file."""

_AT_CWD = -100
_REGISTERS = (
    *(
        "r15",
        "r14",
        "r13",
        "r12",
        "rbp",
        "rbx",
        "r11",
        "r10",
        "r9",
        "r8",
        "rax",
        "rcx",
        "rdx",
        "rsi",
        "rdi",
        "orig_rax",
    ),
    *("rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs"),
)
_VECTOR = struct.Struct("QQ")


class Registers(ctypes.Structure):
    """``user_regs_struct`` of the kernel: at the entry of a call ``orig_rax`` is its number, at its exit ``rax`` the
    answer; the arguments are ``rdi``, ``rsi``, ``rdx``, ``r10``."""

    _fields_ = [(name, ctypes.c_ulonglong) for name in _REGISTERS]  # as ctypes has it

    rax: int
    rdx: int
    rsi: int
    rdi: int
    r10: int
    orig_rax: int


@attrs.frozen
class Call:
    """One file call: its name, the files that it is about, and whether it makes a file."""

    name: str
    paths: tuple[str, ...]
    makes: bool = False

    @property
    def needs_space(self) -> bool:
        """Whether a full disk refuses it."""
        return self.makes or self.name in NEEDS_SPACE

    @property
    def writes(self) -> bool:
        """Whether it can do half of what it is asked."""
        return self.name in {"write", "pwrite64", "writev"}

    @property
    def renames(self) -> bool:
        """Whether it puts one file in the place of another."""
        return self.name in {"rename", "renameat", "renameat2"}

    @property
    def syncs(self) -> bool:
        """Whether it waits for the disk."""
        return self.name in {"fsync", "fdatasync", "syncfs"}


def call_at(process: int, registers: Registers) -> Call | None:
    """The file call that the process is about to make; None for any other."""
    number = ctypes.c_long(registers.orig_rax).value
    if number not in FILE_CALLS:
        return None
    name, shape = FILE_CALLS[number]
    paths = _paths(process, shape, registers)
    flags = registers.rdx if name == "openat" else registers.rsi if name == "open" else 0
    return Call(name, paths, bool(flags & os.O_CREAT) and not os.path.exists(paths[0]))


def _paths(process: int, shape: Shape, registers: Registers) -> tuple[str, ...]:
    here = ctypes.c_ulonglong(_AT_CWD).value
    if shape == "fd":
        return (_of_descriptor(process, registers.rdi),)
    pairs = {
        "path": [(here, registers.rdi)],
        "at": [(registers.rdi, registers.rsi)],
        "two paths": [(here, registers.rdi), (here, registers.rsi)],
        "two at": [(registers.rdi, registers.rsi), (registers.rdx, registers.r10)],
    }
    return tuple(_path(process, folder, address) for folder, address in pairs[shape])


def _path(process: int, folder: int, address: int) -> str:
    text = _text(process, address)
    return os.path.normpath(text if os.path.isabs(text) else os.path.join(_of_descriptor(process, folder), text))


def _of_descriptor(process: int, descriptor: int) -> str:
    number = ctypes.c_int(descriptor & 0xFFFFFFFF).value
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{process}/cwd" if number == _AT_CWD else f"/proc/{process}/fd/{number}")
    return ""


def _text(process: int, address: int) -> str:
    """The text at this address, which ends with a zero byte and may end with the last page that can be read."""
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        found = memory.read(4096 - address % 4096)
        if b"\0" not in found:
            found += memory.read(4096)
    return os.fsdecode(found.split(b"\0")[0])


def halve(process: int, call: Call, registers: Registers) -> None:
    """Have a write take half of its bytes."""
    if call.name != "writev":
        registers.rdx = max(1, registers.rdx // 2)
        return
    with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
        memory.seek(registers.rsi)
        vectors = list(_VECTOR.iter_unpack(memory.read(_VECTOR.size * registers.rdx)))
        room = sum(length for _, length in vectors) // 2
        for index, (address, length) in enumerate(vectors):
            if length >= room:
                memory.seek(registers.rsi + index * _VECTOR.size)
                memory.write(_VECTOR.pack(address, max(1, room)))
                registers.rdx = index + 1
                return
            room -= length
