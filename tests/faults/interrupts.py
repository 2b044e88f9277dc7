"""An interrupt at the n-th place where one may come: where CPython looks for signals, as far as they can be counted.

It looks when a function is entered, and after each call. Backward jumps, where it looks as well, are not counted.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

_SUSPENDS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
"""Functions that suspend themselves do not return when they do so."""


class Interrupter:
    """Interrupts this thread once, at place number ``at`` in the code of these folders or files."""

    def __init__(self, at: int, *parts: str) -> None:
        self.places = 0
        self.where = ""
        self.error: KeyboardInterrupt | None = None
        """What was raised, which keeps alive what its traceback does, as in a notebook."""
        self._at = at
        self._parts = parts
        self._known: dict[CodeType, bool] = {}

    def _counts(self, code: CodeType) -> bool:
        known = self._known.get(code)
        if known is None:
            known = self._known[code] = any(part in code.co_filename for part in self._parts)
        return known

    def _see(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "return":
            caller = frame.f_back
            if caller is None or code.co_flags & _SUSPENDS:
                return
            code = caller.f_code
        if event in {"call", "c_return", "return"} and self._counts(code):
            self.places += 1
            if self.places == self._at:
                self.where = f"{event} {code.co_filename.rpartition('/')[2]}:{frame.f_lineno} {frame.f_code.co_name}"
                sys.setprofile(None)
                raise KeyboardInterrupt

    def run(self, act: Callable[[], object]) -> bool:
        """Do this; whether it was interrupted."""
        sys.setprofile(self._see)
        try:
            act()
        except KeyboardInterrupt as error:
            self.error = error
            return True
        finally:
            sys.setprofile(None)
        return False
