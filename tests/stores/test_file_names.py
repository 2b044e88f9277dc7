"""Every text is a file name, in one way only, and no text leads out of the directory."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simple_metrics_manager.stores.file_names import from_file_name, to_file_name

HOSTILE = (
    "",
    ".",
    "..",
    "../up",
    "/abs/olute",
    "a/b",
    "a\\b",
    "C:\\x",
    "C:x",
    "a:stream",
    "~",
    "-rf",
    "a\x00b",
    "a\nb",
    " ",
    "a ",
    "a.",
    "...",
    ".hidden",
    "con",
    "NUL.spectrum",
    "com1",
    "%",
    "%2E",
    "%%",
    "a*?<>|\"'",
    "\ud800",
    "\u202egpj",
    "é" * 200,
    "a" * 181,
)

names = st.text() | st.text(st.characters(categories=["Cs", "Cc", "Po", "Ll"])) | st.sampled_from(HOSTILE)
long_names = st.text(min_size=100, max_size=400)


@pytest.mark.parametrize("name", ["Digits.spectrum", "poly_X_1", "f(a=1,b=2)"[:1], "A.b-c~d@e=f+g,h", "a" * 180])
def test_plain_names(name: str) -> None:
    """A name that is safe everywhere is its own file name."""
    assert to_file_name(name) == name


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("", "%"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("../x", "%2E.%2Fx"),
        ("/x", "%2Fx"),
        ("a b", "a%20b"),
        ("a.", "a%2E"),
        ("nul.x", "%6Eul.x"),
        ("COM1", "%43OM1"),
        ("console", "console"),
        ("%41", "%2541"),
        ("é", "%C3%A9"),
        ("\ud800", "%ED%A0%80"),
        ("f(1)", "f%281%29"),
    ],
)
def test_other_names(name: str, file_name: str) -> None:
    """What is not safe is written as the numbers of its bytes, and only that."""
    assert to_file_name(name) == file_name
    assert from_file_name(file_name) == name


@given(name=names | long_names)
@example(name="con")
@example(name="a" * 146 + "%~" + "0" * 32)
# EVIDENCE-OF: P6
def test_stays_inside(name: str) -> None:
    """A file name has only characters that no system gives a meaning, in a place where they have none."""
    file_name = to_file_name(name)

    assert re.fullmatch(r"[A-Za-z0-9_,=+@~%-][A-Za-z0-9_.,=+@~%-]{0,179}(?<!\.)", file_name)
    assert os.path.basename(file_name) == file_name
    assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", file_name)


@given(name=names | long_names)
def test_there_and_back(name: str) -> None:
    """A file name says its name again; one that was cut stands for itself."""
    file_name = to_file_name(name)
    back = from_file_name(file_name)

    assert back == (file_name if "%~" in file_name else name)
    assert back is not None
    assert to_file_name(back) == file_name


@given(one=names | long_names, other=names | long_names, tail=st.text(max_size=3))
# EVIDENCE-OF: P5
def test_injective(one: str, other: str, tail: str) -> None:
    """Two names are two file names, also if they are long and differ at their ends only."""
    for name in (other, one + tail, one * 3):
        assert (to_file_name(one) == to_file_name(name)) == (one == name)


@pytest.mark.parametrize("file_name", ["a b", "%41", "%2e", "%", "%zz", "a%", ".a", "é", "a.", "%ff", "con", "\udc80"])
def test_files_of_others(file_name: str) -> None:
    """A file name that no name is written as, stands for none."""
    assert from_file_name(file_name) in (None, "" if file_name == "%" else None)
