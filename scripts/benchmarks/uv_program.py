"""The uv that is compared with: the one on PATH, else one that is installed for this."""

import shutil
import subprocess
import sys

from benchmarks.timing import ROOT

KEPT = ROOT / "target/bench/uv"


def find():
    """The program, or why there is none."""
    found = shutil.which("uv") or shutil.which(KEPT / "bin/uv")
    if found:
        return found, ""
    made = subprocess.run([sys.executable, "-m", "venv", KEPT], check=False, capture_output=True, text=True)
    if made.returncode == 0:
        pip = [KEPT / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "uv"]
        made = subprocess.run(pip, check=False, capture_output=True, text=True)
    if made.returncode == 0:
        return str(KEPT / "bin/uv"), ""
    said = (made.stderr.strip() or made.stdout.strip()).splitlines()
    return None, f"no uv on PATH, and none can be installed: {said[-1] if said else 'pip failed'}"
