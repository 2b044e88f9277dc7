from collections.abc import Callable
from typing import TypeVar

_F = TypeVar("_F", bound=Callable[..., object])

class Memory:
    def __init__(self, location: str, *, verbose: int = ...) -> None: ...
    def cache(self, func: _F) -> _F: ...
