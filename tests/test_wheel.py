"""`make wheel` gives no wheel without the compiled part, which an installation goes on without."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"
BUILDS = """#!/bin/sh
test "$2" = pip || exec "{python}" "$@"
exec "{python}" -c "import zipfile; f = zipfile.ZipFile('build/wheel/a.whl', 'w'); [f.writestr(n, '') for n in {members!r}]"
"""


@pytest.mark.skipif(shutil.which("make") is None or sys.platform == "win32", reason="make is not here")
@pytest.mark.parametrize("compiled", [True, False])
def test_a_wheel_without_the_compiled_part_is_refused(tmp_path, compiled):
    kernel = "riskmodel/estimation/kernel"
    members = [f"{kernel}/_loops.pyi", f"{kernel}/loops.c", *[f"{kernel}/_loops.abi3.so"] * compiled]
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(BUILDS.format(python=sys.executable, members=members))
    python.chmod(0o755)
    stamp = tmp_path / "venv" / ".installed"
    call = ["make", "-f", str(MAKEFILE), "-o", str(stamp), f"VENV={tmp_path / 'venv'}", "wheel"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode == 0) == compiled
    assert (tmp_path / "dist" / "a.whl").exists() == compiled
    assert ("The wheel lacks the compiled part: GCC or Clang" in done.stdout) == (not compiled)
