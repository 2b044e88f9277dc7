"""Every format keeps the contract of formats, and nothing but what it cannot keep is refused."""

from __future__ import annotations

from typing import ClassVar

from simple_metrics_manager.formats import Format, Json, Npy, Npz
from simple_metrics_manager.testing import FormatContract
from simple_metrics_manager.testing.sample_entries import OTHER_ARRAYS


class TestNpz(FormatContract):
    """npz keeps all samples."""

    def make_format(self) -> Format:
        return Npz()


class TestCompressedNpz(FormatContract):
    """So does npz that is deflated."""

    def make_format(self) -> Format:
        return Npz(compress=True)


class TestNpy(FormatContract):
    """npy keeps values with one array."""

    refuses: ClassVar = frozenset({"many arrays"})

    def make_format(self) -> Format:
        return Npy()


class TestJson(FormatContract):
    """JSON keeps whatever has a spelling there that says all."""

    refuses: ClassVar = frozenset(OTHER_ARRAYS)

    def make_format(self) -> Format:
        return Json()
