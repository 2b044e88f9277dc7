"""``smm show`` and ``smm export``: values, as somebody wants to read them, or have them elsewhere."""

from __future__ import annotations

import csv
import io
import json
from typing import cast

import numpy as np
import pytest

from simple_metrics_manager.cli.values import lines, plain
from simple_metrics_manager.payload.arrow import from_parquet
from tests.cli.conftest import Project


def test_one(project: Project) -> None:
    """Its type, where it is declared, what it says of itself, where it lies, what it reads and what reads it."""
    project.smm("run", "-q")
    said = project.smm("show", "base").out.splitlines()

    assert said[0] == f"base  int  {project.module}.py:7"
    assert said[1] == "What everything begins with."
    assert said[2].startswith("pulled on  2")
    assert said[3:6] == ["state      fresh", "stored in  metrics/Lab.base.npz", "used by    twice, grid"]
    assert said[-1] == "  2"
    assert "needs      grid" in project.smm("show", "best").out


def test_a_sweep_of_two_parameters_is_a_grid(project: Project) -> None:
    """The first parameter from top to bottom, the second from left to right, a dash for what is missing."""
    project.smm("run", "grid", "-q")
    project.smm("clear", "grid", "-p", "x=2", "-p", "y=1.5", "--yes")

    assert [line.split() for line in project.smm("show", "grid").out.splitlines()[-4:]] == [
        ["x", "\\", "y", "0.5", "1.5"],
        ["1", "2.5", "3.5"],
        ["2", "3", "-"],
        ["3", "3.5", "6.5"],
    ]


def test_not_stored(project: Project) -> None:
    """Nothing is computed to be shown: exit code 1."""
    ran = project.smm("show", "base")

    assert ran.code == 1
    assert "never computed" in ran.out
    assert not list(project.folder.glob("metrics/*.npz"))


def test_path(project: Project) -> None:
    """``--path`` is the file, for other programs."""
    project.smm("run", "base", "-q")

    assert project.smm("show", "base", "--path").out == f"{project.folder / 'metrics/Lab.base.npz'}\n"
    assert project.smm("show", "twice", "--path").code == 1


def test_error(project: Project) -> None:
    """``--error`` is the last error with its traceback; it is none any more when there is a value."""
    project.edit("return 2", "return 2 // 0")
    project.smm("run", "base", "-q")
    said = project.smm("show", "base", "--error").out
    assert said.startswith("Lab.base: ZeroDivisionError: integer division")
    assert "return 2 // 0" in said

    project.edit("return 2 // 0", "return 2")
    project.smm("run", "base", "-q")
    assert project.smm("show", "base", "--error").out == "base has no error that is newer than its value.\n"


def test_json(project: Project) -> None:
    """The document has the value as plain data, and what is known of it."""
    project.smm("run", "grid", "-q")
    document = project.smm("show", "grid[x=3, y=0.5]", "--json").json
    value = cast("list[dict[str, object]]", document["values"])[0]

    assert (document["schema"], value["value"], value["parameters"]) == ("smm.show/1", 3.5, {"x": 3, "y": 0.5})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grid", "-p", "z=1"), "smm: Lab.grid takes x, y, not 'z'.\n"),
        (("grid", "-p", "x"), "smm: 'x' is no parameter: write -p NAME=VALUE\n"),
        (("base", "-p", "x=1"), "smm: Lab.base has no parameters, not 'x'.\n"),
        (
            ("grid", "-p", "x=9"),
            "smm: Lab.grid is not declared for x=9.\n  Declared: x in 1, 2, 3; y in 0.5, 1.5\n  Nearest: x=3.\n",
        ),
    ],
)
def test_parameters_that_mean_nothing(project: Project, arguments: tuple[str, ...], said: str) -> None:
    """What is wrong is said with what there is; exit code 2."""
    ran = project.smm("show", *arguments)

    assert (ran.code, ran.err) == (2, said)


def test_lines_of_an_array() -> None:
    """An array is its shape, its range with a histogram, and some of its items; ``full`` is all of them."""
    array = np.array([0.0, 1.0, np.nan, 3.0])

    said = list(lines(array))
    assert said[0] == "float64[4]"
    assert said[1].startswith("min 0   mean 1.33333   max 3   nan 1   ")
    assert said[2] == "[ 0.  1. nan  3.]"
    assert " ".join(lines(np.arange(2000), full=True)).count("1234") == 1


def test_plain() -> None:
    """What JSON has no word for becomes text."""
    value = {"a": np.array([[1, 2]]), "b": (np.float64(0.5), float("nan"), b"x"), 3: {4}}

    assert plain(value) == {"a": [[1, 2]], "b": [0.5, "nan", "b'x'"], "3": [4]}
    assert json.loads(json.dumps(plain(value))) == plain(value)


def test_export_of_a_sweep(project: Project) -> None:
    """A row for each stored point, with its parameters, its value and its date."""
    project.smm("run", "grid", "-q")
    rows = list(csv.DictReader(io.StringIO(project.smm("export", "grid").out)))

    assert list(rows[0]) == ["x", "y", "grid", "pulled_on"]
    assert [(row["x"], row["y"], row["grid"]) for row in rows[:2]] == [("1", "0.5", "2.5"), ("1", "1.5", "3.5")]
    document = project.smm("export", "grid", "-p", "x=3", "--json").json
    rows_of_3 = cast("list[dict[str, object]]", document["rows"])
    assert (document["schema"], [row["grid"] for row in rows_of_3]) == ("smm.export/1", [3.5, 6.5])


def test_export_to_a_file(project: Project) -> None:
    """The end of its name says which kind of file; what was written is said besides."""
    project.edit("-> int:\n        return self.base * 2", "-> dict[str, int]:\n        return {'one': 1, 'two': 2}")
    project.smm("run", "twice", "-q")
    ran = project.smm("export", "twice", "-o", "t.csv")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "Wrote 1 row, columns twice.one, twice.two, pulled_on to t.csv.\n"
    assert (project.folder / "t.csv").read_text(encoding="utf-8").startswith("twice.one,twice.two,pulled_on\n1,2,2")
    assert project.smm("export", "twice", "-o", "t.xls").code == 2
    assert project.smm("export", "best").code == 1


def test_export_as_npz(project: Project) -> None:
    """Of a sweep it has an array for each parameter, one of the values and one of the dates, point by point."""
    project.smm("run", "grid", "-q")
    ran = project.smm("export", "grid", "-o", "grid.npz")

    assert (ran.code, ran.err) == (0, "Wrote 4 arrays, x, y, grid, pulled_on, to grid.npz.\n")
    with np.load(project.folder / "grid.npz") as arrays:
        assert arrays["x"].tolist() == [1, 1, 2, 2, 3, 3]
        assert arrays["y"].tolist() == [0.5, 1.5] * 3
        assert arrays["grid"].tolist() == [2.5, 3.5, 3.0, 5.0, 3.5, 6.5]
        assert [date[:2] for date in arrays["pulled_on"].tolist()] == ["20"] * 6


def test_export_as_npy(project: Project) -> None:
    """It is one array as it was computed; of several points, and of what is no array, there is none."""
    _arrays(project)
    ran = project.smm("export", "twice", "-o", "twice.npy")

    assert (ran.code, ran.err) == (0, "Wrote float32[2×3] to twice.npy.\n")
    array = np.load(project.folder / "twice.npy")
    assert (array.dtype, array.tolist()) == (np.float32, [[0, 1, 2], [3, 4, 5]])
    assert project.smm("export", "grid[x=3, y=1.5]", "-o", "one.npy").code == 0
    assert np.load(project.folder / "one.npy").tolist() == 6.5
    several = project.smm("export", "grid", "-o", "grid.npy")
    assert (several.code, several.err) == (
        2,
        "smm: an .npy file holds one array, and grid has 6 points: use .npz\n",
    )
    refused = project.smm("export", "best", "-o", "best.npy")
    assert (refused.code, refused.err) == (
        2,
        "smm: best is no array of numbers, dates or text: .json and .csv can be written of it\n",
    )
    assert sorted(each.name for each in project.folder.glob("*.np*")) == ["one.npy", "twice.npy"]


def _arrays(project: Project) -> None:
    """``twice`` becomes an array, ``best`` a list that is none; everything is computed."""
    project.edit('"""A lab."""\n', '"""A lab."""\nimport numpy as np\nfrom numpy.typing import NDArray\n')
    project.edit("-> int:\n        return self.base * 2", f"-> NDArray[np.float32]:\n        return {_MATRIX}")
    project.edit(
        "-> float:\n        return max", "-> list[list[int]]:\n        return [[1], [2, 3]]\n        return max"
    )
    project.smm("run", "-q")


_MATRIX = "np.arange(6, dtype=np.float32).reshape(2, 3)"


def test_export_as_parquet(project: Project) -> None:
    """Columns have the types of the values, nan and dates among them."""
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra parquet")
    project.edit("x * y + self.base", "float('nan') if x == 1 else x * y + self.base")
    project.smm("run", "grid", "-q")
    ran = project.smm("export", "grid", "-o", "grid.parquet")

    assert (ran.code, ran.err) == (0, "Wrote 6 rows, columns x, y, grid, pulled_on to grid.parquet.\n")
    table = from_parquet(memoryview((project.folder / "grid.parquet").read_bytes()))
    types = [pyarrow.int64(), pyarrow.float64(), pyarrow.float64(), pyarrow.timestamp("us", "UTC")]
    assert table.schema.types == types
    assert table.column("x").to_pylist() == [1, 1, 2, 2, 3, 3]
    assert table.column("grid").to_pylist()[2:] == [3.0, 5.0, 3.5, 6.5]
    assert np.isnan(table.column("grid").to_pylist()[:2]).all()


def test_export_of_a_table(project: Project) -> None:
    """It is a parquet file with the rows and columns that the table has."""
    pytest.importorskip("pyarrow", reason="needs the extra parquet")
    pytest.importorskip("pandas", reason="the table is one of pandas")
    project.edit('"""A lab."""\n', '"""A lab."""\nimport pandas as pd\n')
    project.edit(
        "-> int:\n        return self.base * 2", "-> pd.DataFrame:\n        return pd.DataFrame({'a': [1, 2]})"
    )
    project.smm("run", "twice", "-q")
    ran = project.smm("export", "twice", "-o", "twice.parquet")

    assert (ran.code, ran.err) == (0, "Wrote the table twice to twice.parquet.\n")
    table = from_parquet(memoryview((project.folder / "twice.parquet").read_bytes()))
    assert table.to_pylist() == [{"a": 1}, {"a": 2}]


def test_parquet_needs_its_extra(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow it is said what to install, and no file is written."""

    def nothing(_: str) -> None:
        return None

    project.smm("run", "base", "-q")
    monkeypatch.setattr("importlib.util.find_spec", nothing)
    ran = project.smm("export", "base", "-o", "base.parquet")

    assert (ran.code, ran.err) == (
        2,
        "smm: storing a table needs pyarrow: pip install 'simple-metrics-manager[parquet]'\n",
    )
    assert not (project.folder / "base.parquet").exists()


def test_parquet_of_mixed_values(project: Project) -> None:
    """A column of several kinds of values is refused, by name."""
    pytest.importorskip("pyarrow", reason="needs the extra parquet")
    project.edit("-> int:\n        return self.base * 2", "-> list[int | str]:\n        return [1, 'two']")
    project.smm("run", "twice", "-q")
    ran = project.smm("export", "twice", "-o", "twice.parquet")

    assert ran.code == 2
    assert ran.err.startswith("smm: twice cannot become a parquet file: ")
