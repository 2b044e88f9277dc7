"""Tables through a manager: computed once, kept in parquet files, and in another process exactly what they were."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from simple_metrics_manager import (
    CannotStoreError,
    DatedCacheManager,
    JsonStorageInterface,
    Metric,
    MetricTypeError,
    NpyStorageInterface,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    Storage,
    StorageInterface,
)
from simple_metrics_manager.events import SetAside, listening
from simple_metrics_manager.formats.npz import Npz
from simple_metrics_manager.formats.parquet import Parquet
from tests import folders
from tests.documents import blocks
from tests.payload.table_samples import TABLES, assert_same, pa, pd, pl

pq = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).resolve().parent.parent.parent
STORAGES: dict[str, Callable[[Path], StorageInterface]] = {
    "npz": NpzStorageInterface,
    "npy": NpyStorageInterface,
    "json": JsonStorageInterface,
}
each_storage = pytest.mark.parametrize("kind", STORAGES)


def manager(
    declared: object, value: object, storage: Storage, *, name: str = "Tables", form: Any = None
) -> DatedCacheManager:
    """A manager with one metric of this type; a value that is an exception is raised."""

    def table(self: DatedCacheManager) -> object:
        if isinstance(value, Exception):
            raise value
        return value

    table.__annotations__["return"] = declared
    members: dict[str, object] = {"verbose": False, "table": Metric(table, format=form), "__module__": "tables"}
    made: DatedCacheManager = type(name, (DatedCacheManager,), members)(storage)
    return made


def load_all(kind: str, folder: str) -> int:
    """In the other process: how many tables come back as what they were; any that does not is an error."""
    for index, (declared, _, value) in enumerate(TABLES):
        refusal = LookupError("this process was to load it")
        cm = manager(declared, refusal, STORAGES[kind](Path(folder)), name=f"Tables{index}")
        assert_same(value, cm["table"])
    return len(TABLES)


@each_storage
def test_tables_come_back_in_another_process(kind: str, tmp_path: Path) -> None:
    """Whatever the storage keeps others in, a table is a parquet file, and comes back from it elsewhere."""
    for index, (declared, _, value) in enumerate(TABLES):
        assert_same(value, manager(declared, value, STORAGES[kind](tmp_path), name=f"Tables{index}")["table"])
    program = f"from tests.manager.test_tables import load_all; print(load_all({kind!r}, {str(tmp_path)!r}))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == (f"{len(TABLES)}\n", "")
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {".parquet"}


def test_file_and_record(tmp_path: Path) -> None:
    """The file is the table, and the record says what it is."""
    value = pd.DataFrame({"a": [1, 2]})
    storage = NpzStorageInterface(tmp_path)
    cm = manager(pd.DataFrame, value, storage)

    assert_same(value, cm["table"])
    assert_same(value, pd.read_parquet(tmp_path / "Tables.table.parquet"))
    record = storage.read_record("Tables.table", Parquet())
    assert record is not None
    assert (record.type, record.codec, record.bytes) == ("pd.DataFrame", "typed", 16)
    assert cm.date("table") is not None


# EVIDENCE-OF: P4
def test_damage_is_set_aside(tmp_path: Path) -> None:
    """A damaged table is found, moved away and computed anew."""
    value = pd.DataFrame({"a": [1, 2]})
    path = tmp_path / "Tables.table.parquet"
    assert_same(value, manager(pd.DataFrame, value, NpzStorageInterface(tmp_path))["table"])
    path.write_bytes(path.read_bytes()[:-50] + b"x" + path.read_bytes()[-49:])
    told: list[object] = []
    with listening(told.append):
        assert_same(value, manager(pd.DataFrame, value, NpzStorageInterface(tmp_path))["table"])

    assert [event.found for event in told if isinstance(event, SetAside)] == ["the checksum of its footer is wrong"]
    assert_same(value, pd.read_parquet(path))


def test_another_library_computes_anew(tmp_path: Path) -> None:
    """A metric whose frames are of another library now does not take the old ones for its own."""
    assert len(manager(pd.DataFrame, pd.DataFrame({"a": [1]}), NpzStorageInterface(tmp_path))["table"]) == 1
    cm = manager(pl.DataFrame, pl.DataFrame({"a": [2]}), NpzStorageInterface(tmp_path))

    assert_same(cm["table"], pl.DataFrame({"a": [2]}))


def test_what_is_refused_is_not_lost(tmp_path: Path) -> None:
    """A frame that cannot come back is refused by column, and waits in memory; nothing is written."""
    value = pd.DataFrame({"a": [1, "x"]})
    cm = manager(pd.DataFrame, value, NpzStorageInterface(tmp_path))
    with pytest.raises(MetricTypeError, match="column 'a': it holds objects of int and str"):
        cm["table"]

    assert cm.cache["table"] is value
    assert folders.files(tmp_path) == []


def test_hits_are_independent(tmp_path: Path) -> None:
    """What is done to one frame is not seen in the next one, from memory or from the file."""
    value = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    cm = manager(pd.DataFrame, value, NpzStorageInterface(tmp_path))
    for _ in range(3):
        given = cm["table"]
        assert_same(given, pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
        given.loc[0, "a"] = 9
        given["c"] = 1
        given.index.name = "changed"
    value.loc[0, "a"] = 9

    loaded = manager(pd.DataFrame, LookupError(), NpzStorageInterface(tmp_path))["table"]
    assert_same(loaded, pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))


@each_storage
def test_within_a_value(kind: str, tmp_path: Path) -> None:
    """In an attrs class, a list or a dict a table lies among the arrays, in the storage's own format."""
    fit = attrs.make_class("Fit", {"table": attrs.field(type=pd.DataFrame), "error": attrs.field(type=float)})
    frame = pd.DataFrame({"c": pd.Categorical(["b", "a"], categories=["b", "a"])}, index=pd.Index([3, 4], name="i"))
    assert_same(manager(fit, fit(frame, 0.5), STORAGES[kind](tmp_path))["table"].table, frame)
    loaded = manager(fit, LookupError(), STORAGES[kind](tmp_path))["table"]

    assert_same(loaded.table, frame)
    assert [path.suffix for path in folders.files(tmp_path) if path.is_file()] == [f".{kind}"]


def test_many_within_a_value(tmp_path: Path) -> None:
    """Of several tables and arrays each comes back in its place."""
    declared = tuple[dict[str, pd.DataFrame], pl.Series, np.ndarray[Any, np.dtype[np.float64]], pa.Table | None]
    value = ({"a": pd.DataFrame({"x": [1]}), "b": pd.DataFrame()}, pl.Series([1]), np.arange(2.0), pa.table({"y": [1]}))
    stored = manager(declared, value, NpzStorageInterface(tmp_path))["table"]
    loaded = manager(declared, LookupError(), NpzStorageInterface(tmp_path))["table"]

    for found in (stored, loaded):
        assert_same(found[0]["a"], value[0]["a"])
        assert_same(found[0]["b"], value[0]["b"])
        assert_same(found[1], value[1])
        assert found[2].tolist() == [0, 1]
        assert_same(found[3], value[3])


def test_a_format_of_its_own(tmp_path: Path) -> None:
    """A table may be told to lie in an npz; an array cannot be told to lie in a parquet file."""
    value = pd.DataFrame({"a": [1]})
    cm = manager(pd.DataFrame, value, NpyStorageInterface(tmp_path), form=Npz())
    array = manager(np.ndarray, np.arange(3), NpyStorageInterface(tmp_path), name="Arrays", form=Parquet())

    assert_same(cm["table"], value)
    assert (tmp_path / "Tables.table.npz").exists()
    with pytest.raises(CannotStoreError, match="leave out format=Parquet"):
        array["table"]


def test_options_of_the_format(tmp_path: Path) -> None:
    """The codec of the file can be chosen for a metric."""
    cm = manager(pd.DataFrame, pd.DataFrame({"a": [1]}), NpzStorageInterface(tmp_path), form=Parquet("gzip"))

    assert len(cm["table"]) == 1
    column = pq.ParquetFile(tmp_path / "Tables.table.parquet").metadata.row_group(0).column(0)
    assert column.compression == "GZIP"


class ThreeMethods:
    """A storage of the user's own, which keeps the objects themselves."""

    def __init__(self) -> None:
        self.kept: dict[str, object] = {}

    def exists(self, name: str) -> bool:
        return name in self.kept

    def save(self, name: str, data: object) -> None:
        self.kept[name] = data

    def load(self, name: str) -> object:
        return self.kept[name]


def test_storage_of_three_methods() -> None:
    """A storage of the user's own is given the frame itself, and what it gives is checked to be one."""
    storage, value = ThreeMethods(), pd.DataFrame({"a": [1, 2]})
    assert_same(value, manager(pd.DataFrame, value, storage)["table"])
    name = next(name for name in storage.kept if not name.endswith("_date"))
    assert_same(value, storage.kept[name])
    storage.kept[name] = [1]

    with pytest.raises(MetricTypeError, match=r"expected pd\.DataFrame, got list"):
        manager(pd.DataFrame, LookupError(), storage)["table"]


def test_collected_functions(tmp_path: Path) -> None:
    """A function in the style of old is stored by its annotation; without one, the annotation to write is named."""
    cm = ParameterizedDatedCacheManager(NpzStorageInterface(tmp_path))

    def typed() -> object:
        return pd.DataFrame({"a": [1]})

    def untyped():  # type: ignore[no-untyped-def]  # that is the point
        return pd.DataFrame({"a": [1]})

    typed.__annotations__["return"] = pd.DataFrame
    cm.collect(typed)
    cm.collect(untyped)

    assert_same(cm["typed"], pd.DataFrame({"a": [1]}))
    assert (tmp_path / "typed.parquet").exists()
    with pytest.raises(MetricTypeError, match=r"def f\(\) -> pd.DataFrame"):
        cm["untyped"]


MISSING = """
import sys
import pandas as pd
for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
    del sys.modules[name]

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pyarrow":
            raise ModuleNotFoundError(name)
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "pyarrow" else found(name, package)
sys.meta_path.insert(0, Nowhere())
from simple_metrics_manager import DatedCacheManager, MissingExtraError, ParameterizedDatedCacheManager, metric
try:
    class Tables(DatedCacheManager):
        @metric
        def table(self) -> pd.DataFrame:
            print("computed")
            return pd.DataFrame()
    Tables().table
except MissingExtraError as error:
    print(error)
cm = ParameterizedDatedCacheManager()
try:
    @cm.collect
    def table() -> pd.DataFrame:
        print("computed")
        return pd.DataFrame()
    cm["table"]
except MissingExtraError as error:
    print(error)
"""


def test_without_pyarrow() -> None:
    """Without pyarrow the extra to install is named before anything is computed."""
    ran = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, check=False)
    told = "storing a table needs pyarrow: pip install 'simple-metrics-manager[parquet]'\n"

    assert (ran.stdout, ran.stderr) == (2 * told, "")


PAGE = [(line, text) for info, line, text in blocks(ROOT / "docs" / "tables.md") if info == "text"]


@pytest.mark.parametrize(("line", "text"), PAGE, ids=[f"line {line}" for line, _ in PAGE])
def test_page(line: int, text: str, tmp_path: Path) -> None:
    """What the page about tables shows is what happens, where the packages are there that it is about."""
    for package in re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE):
        pytest.importorskip(package)
    (tmp_path / "page.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-W", "error", "page.py"]
    for _ in range(2):
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")


def test_page_has_blocks() -> None:
    """There is something to be run on the page."""
    assert len(PAGE) == 2
