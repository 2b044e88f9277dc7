"""What the command says before it knows any manager: at once, and without importing anything that takes time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import simple_metrics_manager
from simple_metrics_manager.cli.completing import script
from simple_metrics_manager.cli.main import main
from simple_metrics_manager.cli.shells import SHELLS
from simple_metrics_manager.cli.verbs import VERBS

COMMAND = [sys.executable, "-m", "simple_metrics_manager"]


def test_help_version_and_completion_import_nothing(tmp_path: Path) -> None:
    """None of them imports numpy, attrs, or the user's module, though one is configured."""
    (tmp_path / "slow.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.simple_metrics_manager]\nmanager = 'slow:X'\n", encoding="utf-8")
    program = (
        "import sys\n"
        "from simple_metrics_manager.cli.main import main\n"
        "codes = [main(line.split()) for line in ('--help', 'run --help', '--version', 'completion bash',"
        " 'completion zsh', 'completion fish')]\n"
        "heavy = {'numpy', 'attr', 'attrs', 'cattrs', 'slow', 'logging', 'concurrent', 'inspect'} & set(sys.modules)\n"
        "print(codes, sorted(heavy), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True, encoding="utf-8"
    )

    assert ran.stderr == "[0, 0, 0, 0, 0, 0] []\n"


def test_the_package_imports_what_it_exports_when_it_is_asked_for() -> None:
    """``import simple_metrics_manager`` is quick, and every exported name is there all the same."""
    program = (
        "import sys, simple_metrics_manager as smm\n"
        "before = 'numpy' in sys.modules\n"
        "names = {name for name in smm.__all__ if name in dir(smm)}\n"
        "from simple_metrics_manager import *\n"
        "print(before, names == set(smm.__all__), DatedCacheManager.__name__, smm.errors.__name__)\n"
        "print(hasattr(smm, 'no_such_name'))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == "False True DatedCacheManager simple_metrics_manager.errors\nFalse\n"


def test_as_a_module() -> None:
    """``python -m simple_metrics_manager`` is the command."""
    ran = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)

    assert ran.stdout == f"smm {simple_metrics_manager.__version__}\n"


def test_the_command_is_installed() -> None:
    """The distribution installs ``smm``."""
    found = entry_points(group="console_scripts", name="smm")
    if not found:
        pytest.skip("installed before there was a command, or not at all")

    assert [each.value for each in found] == ["simple_metrics_manager.cli.main:main"]


def test_every_verb_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Each verb says what it is for, in lines of at most 80 columns, and knows the common options."""
    for verb in VERBS:
        assert main([verb.name, "--help"]) == 0
        said = capsys.readouterr().out

        assert (verb.name, max(map(len, said.splitlines())) <= 80) == (verb.name, True)
        assert ("--manager" in said) == verb.of_a_manager


def test_a_typo_in_a_verb(capsys: pytest.CaptureFixture[str]) -> None:
    """It says which verb was probably meant, in every version of Python; exit code 2."""
    assert main(["stauts"]) == 2
    assert "no choice 'stauts'. Did you mean 'status'?" in capsys.readouterr().err


def test_no_verb(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a verb, nothing is done, and all verbs and the way to the help are shown, on half a screen."""
    assert main([]) == 2
    said = capsys.readouterr().err
    assert [line.split()[0] for line in said.splitlines()[1:-1]] == [verb.name for verb in VERBS]
    assert said.endswith("smm --help says what there is.\n")
    assert max(map(len, said.splitlines())) <= 80


def test_an_interrupt_while_it_starts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C while the library is imported has no traceback either; exit code 130."""

    class Interrupting:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "simple_metrics_manager.cli.doing":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "simple_metrics_manager.cli.doing", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])

    assert (main(["status"]), capsys.readouterr().err) == (130, "smm: interrupted\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_every_verb_and_option(shell: str) -> None:
    """Each script has all verbs and their options."""
    text = script(shell)

    assert [verb.name for verb in VERBS if not re.search(rf"\b{verb.name}\b", text)] == []
    assert "older-than" in text


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_reads_its_script(shell: str, tmp_path: Path) -> None:
    """The shell itself finds no mistake in it."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "completion"
    file.write_text(script(shell), encoding="utf-8")

    assert subprocess.run([program, "-n", str(file)], capture_output=True, check=False).returncode == 0


def test_bash_completes() -> None:
    """After ``smm st``, bash offers ``status``; after ``smm clear --o``, the options that begin so."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    program = (
        f"{script('bash')}\n"
        "COMP_WORDS=(smm st); COMP_CWORD=1; _smm; echo ${COMPREPLY[@]}\n"
        "COMP_WORDS=(smm -v clear --o); COMP_CWORD=3; _smm; echo ${COMPREPLY[@]}\n"
        "COMP_WORDS=(smm completion f); COMP_CWORD=2; _smm; echo ${COMPREPLY[@]}\n"
    )
    ran = subprocess.run([bash, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == "status\n--older-than --orphans\nfish\n"
