"""A manager whose names, texts, values and errors would all like to be markup."""

from __future__ import annotations

from simple_metrics_manager.declaring.decorator import metric
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.storing.memory_storage import MemoryStorageInterface

SCRIPT = "</title></script></style><script>document.title='taken';window.taken=1</script>"
IMAGE = "\"'><img src=x onerror=\"document.title='taken';window.taken=1\">"
TURNED = "a\u202eb\x00c\x1b[31m"


class Hostile(DatedCacheManager):
    """Asked for, it attacks whoever looks."""

    verbose = False

    @metric
    def value(self) -> str:
        return f"{IMAGE}{TURNED}"

    @metric(params_list=[(IMAGE, 1), (SCRIPT, 1), (IMAGE, 2), (SCRIPT, 2)])
    def swept(self, text: str, number: int) -> dict[str, int]:
        return {f"{text}{number}": number, IMAGE: 2}

    @metric
    def broken(self) -> int:
        raise ValueError(f"{SCRIPT}{IMAGE}{TURNED}")


def attack() -> Hostile:
    """The manager, with everything computed that can be."""
    manager = Hostile(MemoryStorageInterface())
    Hostile.value.declaration.function.__doc__ = f"Documented {SCRIPT}{IMAGE}"
    manager.functions_dict = {SCRIPT: lambda: 1.5, f"javascript:{IMAGE}": lambda: 2.5}
    manager.get_all(on_error="collect")
    return manager
