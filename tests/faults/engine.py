"""What becomes of a save when its n-th file call is its last, fails, or lies: a function in a child, under ``ptrace``.

The child calls :func:`begin` and :func:`end` around what is under test. Between them, every file call of its main
thread that touches ``root`` has a number, from 1 on, and a :class:`Plan` says what happens at which. Nothing else is
needed: no privileges, no other program, and no help from the code under test.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import pickle
import platform
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Generic, Literal, NoReturn, TypeAlias, TypeVar, cast

import attrs
import pytest

from tests.faults.syscalls import CLOSE, Call, Registers, call_at, halve

T = TypeVar("T")
Action: TypeAlias = Literal["nothing", "kill", "tear", "fail", "short", "lie"]

_TRACEME, _CONT, _SYSCALL, _GETREGS, _SETREGS, _SETOPTIONS = 0, 7, 24, 12, 13, 0x4200
_SYSGOOD, _EXITKILL = 1, 0x100000
_END = -1002
PATIENCE = 30 + int(float(os.environ.get("SMM_SOAK_SECONDS", "0")))
"""Seconds after which a child is said to hang, unless it has more to do than a few saves."""


@attrs.frozen
class Plan:
    """What happens at file call number ``at``.

    ``kill``: the process dies before it. ``tear``: a write does half of its work, then the process dies; any other
    call is done first. ``fail``: it is not done and gives ``error`` (a file is closed all the same); with ``lasting``,
    so does every later one that needs space. ``short``: a write does half of its work and says so. ``lie``: a flush
    says that it was done. ``bad_rename``: the first rename fails with EIO, whatever happens later.
    """

    at: int = 0
    action: Action = "nothing"
    error: int = errno.EIO
    lasting: bool = False
    bad_rename: bool = False


@attrs.frozen
class Outcome(Generic[T]):
    """How the child ended, what the function returned or how it failed, and the calls that were counted."""

    ending: Literal["returned", "raised", "killed", "hung", "crashed"]
    calls: tuple[Call, ...]
    value: T | None = None
    failure: str = ""

    def result(self) -> T:
        """What the function returned."""
        if self.ending != "returned":
            raise AssertionError(f"the child {self.ending}: {self.failure}")
        return cast("T", self.value)


def begin() -> None:
    """From here on, calls are counted. In a process that is not traced, nothing."""
    if _traced:
        os.kill(os.getpid(), signal.SIGSTOP)  # until then nobody looks at any call, which makes each of them cheaper


def end() -> None:
    """Calls are no longer counted, and nothing happens to them."""
    if _traced:
        with contextlib.suppress(OSError):
            os.close(_END)


@contextlib.contextmanager
def counted() -> Generator[None]:
    """Calls in this block are counted."""
    begin()
    try:
        yield
    finally:
        end()


_traced = False
"""Whether this process is traced."""


class Child(Generic[T]):
    """A process that calls ``act`` and then ends."""

    def __init__(self, act: Callable[[], T], *, traced: bool = False, patience: int = PATIENCE) -> None:
        self._pipe, into = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # numpy has threads; none of them holds a lock of ours
            self.process: int = os.fork()
        if self.process == 0:
            _be_child(act, into, traced=traced, patience=patience)
        os.close(into)

    def kill(self) -> None:
        """End it at once."""
        os.kill(self.process, signal.SIGKILL)

    def outcome(self, status: int | None = None, calls: tuple[Call, ...] = ()) -> Outcome[T]:
        """How it ended; it is waited for, unless somebody has done that and has its wait status."""
        if status is None:
            _, status = os.waitpid(self.process, 0)
        with open(self._pipe, "rb") as file:
            answer = file.read()
        if os.WIFSIGNALED(status):
            killer = os.WTERMSIG(status)
            known: dict[int, Literal["killed", "hung"]] = {signal.SIGKILL: "killed", signal.SIGALRM: "hung"}
            return Outcome(known.get(killer, "crashed"), calls, failure=signal.strsignal(killer) or "")
        if not answer:
            return Outcome("crashed", calls, failure="it said nothing")
        fine, value = pickle.loads(answer)
        return Outcome("returned", calls, value) if fine else Outcome("raised", calls, failure=value)


def run(act: Callable[[], T], root: Path, plan: Plan | None = None) -> Outcome[T]:
    """Call ``act`` in a child, with what the plan says happening to its file calls under ``root``."""
    child = Child(act, traced=True)
    tracer = _Tracer(child.process, os.path.realpath(root), plan or Plan())
    return child.outcome(tracer.follow(), tuple(tracer.calls))


def fresh(act: Callable[[], T], patience: int = PATIENCE) -> T:
    """What ``act`` returns in a process of its own, to which nothing happens."""
    return Child(act, patience=patience).outcome().result()


def _be_child(act: Callable[[], object], into: int, *, traced: bool, patience: int) -> NoReturn:
    global _traced
    _traced = traced
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(patience)
        if traced:
            _ptrace(_TRACEME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
        try:
            answer = pickle.dumps((True, act()))
        except Exception:  # noqa: BLE001  # whatever it is, the parent is told
            answer = pickle.dumps((False, traceback.format_exc()[-4000:]))
        os.write(into, answer)
    finally:
        os._exit(0)


def _tracing() -> Callable[[int, int, int, int], int]:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    return cast("Callable[[int, int, int, int], int]", libc.ptrace)


_call = _tracing() if sys.platform == "linux" else None


def _ptrace(request: int, process: int, data: int = 0) -> None:
    assert _call is not None
    if _call(request, process, 0, data) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class _Tracer:
    """Follows one child from call to call."""

    def __init__(self, process: int, root: str, plan: Plan) -> None:
        self.process = process
        self.root = root
        self.plan = plan
        self.calls: list[Call] = []
        self._registers = Registers()
        self._active = False
        self._renamed = False
        self._answer: int | None = None
        self._last = False

    def follow(self) -> int:
        """Until the child has ended; its wait status."""
        os.waitpid(self.process, 0)
        _ptrace(_SETOPTIONS, self.process, _SYSGOOD | _EXITKILL)
        entering, deliver = True, 0
        while True:
            with contextlib.suppress(ProcessLookupError):  # it was killed just now
                _ptrace(_SYSCALL if self._active else _CONT, self.process, deliver)
            _, status = os.waitpid(self.process, 0)
            if not os.WIFSTOPPED(status):
                return status
            deliver = os.WSTOPSIG(status)
            if deliver == signal.SIGSTOP:
                entering, deliver, self._active = True, 0, True
            elif deliver == signal.SIGTRAP | 0x80:
                deliver = 0
                with contextlib.suppress(ProcessLookupError):
                    self._enter() if entering else self._leave()
                entering = not entering

    def _enter(self) -> None:
        registers = self._registers
        _ptrace(_GETREGS, self.process, ctypes.addressof(registers))
        if registers.orig_rax == CLOSE and ctypes.c_int(registers.rdi & 0xFFFFFFFF).value == _END:
            self._active = False
            return
        call = call_at(self.process, registers)
        if call is not None and any(f"{path}/".startswith(f"{self.root}/") for path in call.paths):
            self.calls.append(call)
            self._meet(call)

    def _meet(self, call: Call) -> None:
        plan = self.plan
        if plan.bad_rename and call.renames and not self._renamed:
            self._renamed = True
            self._refuse(call, errno.EIO)
        if len(self.calls) == plan.at or (plan.lasting and 0 < plan.at < len(self.calls) and call.needs_space):
            self._strike(call)

    def _strike(self, call: Call) -> None:
        action = self.plan.action
        if action == "kill":
            os.kill(self.process, signal.SIGKILL)
        elif action == "fail":
            self._refuse(call, self.plan.error)
        elif action in ("tear", "short"):
            self._last = action == "tear"
            if call.writes:
                halve(self.process, call, self._registers)
                self._set()
        elif action == "lie" and call.syncs:
            self._refuse(call, 0)

    def _refuse(self, call: Call, error: int) -> None:
        self._answer = -error
        if call.name != "close":
            self._registers.orig_rax = ctypes.c_ulonglong(-1).value
            self._set()

    def _leave(self) -> None:
        if self._last:
            os.kill(self.process, signal.SIGKILL)
        elif self._answer is not None:
            _ptrace(_GETREGS, self.process, ctypes.addressof(self._registers))
            self._registers.rax = ctypes.c_ulonglong(self._answer).value
            self._set()
            self._answer = None

    def _set(self) -> None:
        _ptrace(_SETREGS, self.process, ctypes.addressof(self._registers))


def _missing() -> str:
    """Why nothing can be traced here; empty if it can."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "the tracer knows the calls of x86-64 Linux only"
    try:
        run(lambda: None, Path("/nowhere")).result()
    except (OSError, AssertionError) as error:
        return f"this system lets nobody trace a child: {error}"
    return ""


MISSING = _missing()
needs_tracer = pytest.mark.skipif(bool(MISSING), reason=MISSING)
