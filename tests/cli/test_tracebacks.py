"""A user's traceback without the library's frames."""

from __future__ import annotations

from pathlib import Path

import simple_metrics_manager
from simple_metrics_manager.cli.tracebacks import last_frame, of_user

OURS = str(Path(simple_metrics_manager.__file__).parent / "asking/cache.py")


def stack(*files: str) -> str:
    """A traceback with a frame in each of these files."""
    frames = "".join(
        f'  File "{file}", line {number}, in f\n    code()\n    ^^^^\n' for number, file in enumerate(files)
    )
    return f"Traceback (most recent call last):\n{frames}ValueError: two\n  lines"


def test_frames_of_the_library_are_left_out() -> None:
    """Before, between and around the user's frames, nothing of ours is shown."""
    assert of_user(stack(OURS, OURS, "/a.py", OURS, "/b.py")) == (
        "Traceback (most recent call last):\n"
        '  File "/a.py", line 2, in f\n    code()\n    ^^^^\n  File "/b.py", line 4, in f\n    code()\n    ^^^^\n'
        "ValueError: two\n  lines"
    )


def test_what_raised_is_shown() -> None:
    """If it was the library, its last frame stays; an installed one is known by where it lies."""
    installed = "/x/lib/python3.11/site-packages/simple_metrics_manager/asking/cache.py"

    assert of_user(stack("/a.py", OURS, installed)).count("File") == 2
    assert of_user(stack(installed, OURS)).count("File") == 1
    assert last_frame(of_user(stack("/a.py", OURS))) == f'  File "{OURS}", line 1, in f'


def test_chained_exceptions() -> None:
    """Each stack of a chain is treated alike, and what stands between them stays."""
    between = "\nDuring handling of the above exception, another exception occurred:\n"
    text = of_user(f"{stack(OURS, '/a.py')}\n{between}\n{stack('/b.py', OURS, '/c.py')}")

    assert [line.split('"')[1] for line in text.splitlines() if "File" in line] == ["/a.py", "/b.py", "/c.py"]
    assert "During handling" in text


def test_what_is_no_traceback() -> None:
    """Other text is left as it is."""
    assert of_user("ValueError: nothing more is known") == "ValueError: nothing more is known"
